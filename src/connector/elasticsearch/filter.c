/*
 * filter.c - Which query lets through the rows that a filter wants?
 *
 * A query in filter context for each node that the index can check, and how
 * well: see MfShip.  NOT is carried to the leaves, where SQL's NULL is in mind:
 * a field that is not there is not unequal to anything.
 *
 * Judged are the values as a scan reads them from _source.  A document whose
 * value could not be read at all (several values for a column of one) may be left out.
 */
#include <stdlib.h>
#include <string.h>

#include "es_calls.h"
#include "filter_es.h"

static MfShip write_filter(const EsFilterContext *c, const MfFilter *filter, bool negated);

MfShip
es_undo(MfJsonBuf *out, size_t mark)
{
	if (out->data != NULL && !out->failed)
	{
		out->len = mark;
		out->data[mark] = '\0';
	}
	return MF_SHIP_NO;
}

/* A JSON string of a text that may hold anything. */
void
es_write_text(MfJsonBuf *out, const char *text, size_t len)
{
	size_t		done = 0;

	mf_json_buf_add(out, "\"");
	for (size_t i = 0; i < len; i++)
	{
		static const char hex[] = "0123456789abcdef";
		unsigned char ch = (unsigned char) text[i];
		char		escape[] = "\\u0000";

		if (ch >= 0x20 && ch != '"' && ch != '\\')
			continue;
		mf_json_buf_raw(out, text + done, i - done);
		escape[4] = hex[ch >> 4];
		escape[5] = hex[ch & 15];
		mf_json_buf_raw(out, escape, 6);
		done = i + 1;
	}
	mf_json_buf_raw(out, text + done, len - done);
	mf_json_buf_add(out, "\"");
}

static MfShip
weaker(MfShip a, MfShip b)
{
	return a < b ? a : b;
}

/* ------------------------------------------------------------ AND, OR, NOT */

/* What is left out of an AND lets more rows through; an OR needs all its parts. */
static MfShip
write_list(const EsFilterContext *c, const MfFilter *filter, bool negated)
{
	bool		all = (filter->op == MF_FILTER_AND) != negated;
	size_t		mark = c->out->len;
	MfShip		ship = MF_SHIP_EXACT;
	int			n = 0;

	if (filter->nargs == 0)
	{
		mf_json_buf_add(c->out, all ? "{\"match_all\":{}}" : "{\"match_none\":{}}");
		return MF_SHIP_EXACT;
	}
	if (filter->nargs == 1)
		return write_filter(c, filter->args[0], negated);
	mf_json_buf_add(c->out, all ? "{\"bool\":{\"filter\":[" : "{\"bool\":{\"should\":[");
	for (int i = 0; i < filter->nargs; i++)
	{
		size_t		before = c->out->len;
		MfShip		one;

		if (n > 0)
			mf_json_buf_add(c->out, ",");
		one = write_filter(c, filter->args[i], negated);
		if (one == MF_SHIP_NO && !all)
			return es_undo(c->out, mark);
		if (one == MF_SHIP_NO)
		{
			es_undo(c->out, before);
			ship = MF_SHIP_SUPERSET;
			continue;
		}
		ship = weaker(ship, one);
		n++;
	}
	if (n == 0)
		return es_undo(c->out, mark);
	mf_json_buf_add(c->out, all ? "]}}" : "],\"minimum_should_match\":1}}");
	return ship;
}

/* ------------------------------------------------------------------ leaves */

/* _id is always there, has one value, and is found as it is. */
static MfShip
write_id(const EsFilterContext *c, const MfFilter *filter, bool negated)
{
	int			n = 0;

	switch (filter->op)
	{
		case MF_FILTER_IS_NULL:
		case MF_FILTER_IS_NOT_NULL:
			negated = negated != (filter->op == MF_FILTER_IS_NOT_NULL);
			mf_json_buf_add(c->out, negated ? "{\"match_all\":{}}" : "{\"match_none\":{}}");
			return MF_SHIP_EXACT;
		case MF_FILTER_NE:
			negated = !negated;
			break;
		case MF_FILTER_EQ:
		case MF_FILTER_IN:
			break;
		default:
			return MF_SHIP_NO;
	}
	if (filter->kind != MF_KIND_TEXT)
		return MF_SHIP_NO;
	if (negated)
		mf_json_buf_add(c->out, "{\"bool\":{\"must_not\":");
	mf_json_buf_add(c->out, "{\"ids\":{\"values\":[");
	for (int i = 0; i < filter->nvalues; i++)
	{
		/* no document has such an id, and the server does not like the question */
		if (filter->values[i].len == 0 || filter->values[i].len > 512)
			continue;
		if (n++ > 0)
			mf_json_buf_add(c->out, ",");
		es_write_text(c->out, filter->values[i].bytes, filter->values[i].len);
	}
	mf_json_buf_add(c->out, negated ? "]}}}}" : "]}}");
	return MF_SHIP_EXACT;
}

static MfShip
write_null_test(const EsFilterContext *c, const MfFilter *filter, bool null)
{
	EsTarget	t;

	if (!es_target(c, filter->field, filter->kind, &t) || !es_target_exists(&t))
		return MF_SHIP_NO;

	/* an empty array is a value where arrays are read, but not for the index */
	if (strcmp(t.field->type, "dense_vector") == 0)
		t.list = false;
	if (null)
	{
		if (t.extra || t.field->null_value)
			return MF_SHIP_NO;
		mf_json_buf_add(c->out, "{\"bool\":{\"must_not\":");
		es_write_exists(c->out, &t);
		mf_json_buf_add(c->out, "}}");
		return t.loose || t.list ? MF_SHIP_SUPERSET : MF_SHIP_EXACT;
	}
	if (t.loose || t.list)
		return MF_SHIP_NO;
	es_write_exists(c->out, &t);
	return t.extra || t.field->null_value ? MF_SHIP_SUPERSET : MF_SHIP_EXACT;
}

/* Without the field's values in the index, all documents that lack them there may be wanted. */
static MfShip
write_wanted(const EsTarget *t, MfFilterOp op, MfKind kind, const MfValue *values, int n, MfJsonBuf *out)
{
	size_t		mark = out->len;
	MfShip		ship;

	if (t->loose)
	{
		if (!es_target_exists(t))
			return MF_SHIP_NO;
		mf_json_buf_add(out, "{\"bool\":{\"should\":[");
	}
	ship = es_write_values(t, op, kind, values, n, out);
	if (ship == MF_SHIP_NO)
		return es_undo(out, mark);
	if (!t->loose)
		return t->extra || t->field->null_value ? MF_SHIP_SUPERSET : ship;
	mf_json_buf_add(out, ",{\"bool\":{\"must_not\":");
	es_write_exists(out, t);
	mf_json_buf_add(out, "}}],\"minimum_should_match\":1}}");
	return MF_SHIP_SUPERSET;
}

/*
 * Not what the index finds, which must be nothing but what is meant.  And
 * neither what has no value, where the index knows that.
 */
static MfShip
write_unwanted(const EsTarget *t, MfFilterOp op, MfKind kind, const MfValue *values, int n, MfJsonBuf *out)
{
	size_t		mark = out->len;
	bool		exists = !t->loose && !t->list && es_target_exists(t);

	if (t->extra)
		return MF_SHIP_NO;
	mf_json_buf_add(out, "{\"bool\":{");
	if (exists)
	{
		mf_json_buf_add(out, "\"filter\":");
		es_write_exists(out, t);
		mf_json_buf_add(out, ",");
	}
	mf_json_buf_add(out, "\"must_not\":");
	if (es_write_values(t, op, kind, values, n, out) != MF_SHIP_EXACT)
		return es_undo(out, mark);
	mf_json_buf_add(out, "}}");
	return exists && !t->field->null_value ? MF_SHIP_EXACT : MF_SHIP_SUPERSET;
}

MfShip
es_write_condition(const EsFilterContext *c, const EsTarget *target, MfFilterOp op, MfKind kind,
				   const MfValue *values, int nvalues, bool negated)
{
	return negated ? write_unwanted(target, op, kind, values, nvalues, c->out) :
		write_wanted(target, op, kind, values, nvalues, c->out);
}

static MfShip
write_list_condition(const EsFilterContext *c, const MfFilter *filter, bool negated)
{
	MfShip		ship = MF_SHIP_EXACT;
	size_t		mark = c->out->len;
	EsTarget	t;

	if (!es_target_value(c, filter->field, filter->elem, &t))
		return MF_SHIP_NO;
	t.list = true;
	switch (filter->op)
	{
		case MF_FILTER_CONTAINS:
			return es_write_condition(c, &t, MF_FILTER_EQ, filter->elem, filter->values, 1, negated);
		case MF_FILTER_OVERLAPS:
			return es_write_condition(c, &t, MF_FILTER_IN, filter->elem, filter->values, filter->nvalues, negated);
		case MF_FILTER_CONTAINS_ALL:
			break;
		default:
			return MF_SHIP_NO;
	}
	if (negated || filter->nvalues == 0 || filter->nvalues > ES_MAX_RANGES)
		return MF_SHIP_NO;
	mf_json_buf_add(c->out, "{\"bool\":{\"filter\":[");
	for (int i = 0; i < filter->nvalues; i++)
	{
		MfShip		one;

		if (i > 0)
			mf_json_buf_add(c->out, ",");
		one = es_write_condition(c, &t, MF_FILTER_EQ, filter->elem, &filter->values[i], 1, false);
		if (one == MF_SHIP_NO)
			return es_undo(c->out, mark);
		ship = weaker(ship, one);
	}
	mf_json_buf_add(c->out, "]}}");
	return ship;
}

static MfFilterOp
opposite(MfFilterOp op)
{
	switch (op)
	{
		case MF_FILTER_LT:
			return MF_FILTER_GE;
		case MF_FILTER_LE:
			return MF_FILTER_GT;
		case MF_FILTER_GT:
			return MF_FILTER_LE;
		case MF_FILTER_GE:
			return MF_FILTER_LT;
		default:
			return op;
	}
}

static MfShip
write_leaf(const EsFilterContext *c, const MfFilter *filter, bool negated)
{
	MfFilterOp	op = filter->op;
	EsTarget	t;

	if (strcmp(filter->field, "_id") == 0)
		return write_id(c, filter, negated);
	if (filter->field[0] == '_' && (strcmp(filter->field, "_source") != 0 || filter->kind != MF_KIND_JSON))
		return MF_SHIP_NO;
	if (op == MF_FILTER_IS_NULL || op == MF_FILTER_IS_NOT_NULL)
		return filter->npath > 0 ? MF_SHIP_NO : write_null_test(c, filter, (op == MF_FILTER_IS_NULL) != negated);
	if (filter->kind == MF_KIND_JSON || filter->npath > 0)
		return negated ? MF_SHIP_NO : es_write_json(c, filter);
	if (filter->kind == MF_KIND_LIST)
		return write_list_condition(c, filter, negated);
	if (op == MF_FILTER_CONTAINS || op == MF_FILTER_CONTAINS_ALL || op == MF_FILTER_OVERLAPS ||
		!es_target_value(c, filter->field, filter->kind, &t))
		return MF_SHIP_NO;
	if (op == MF_FILTER_NE)
	{
		op = MF_FILTER_EQ;
		negated = !negated;
	}
	else if (negated && opposite(op) != op)
	{
		op = opposite(op);
		negated = false;
	}
	return es_write_condition(c, &t, op, filter->kind, filter->values, filter->nvalues, negated);
}

static MfShip
write_filter(const EsFilterContext *c, const MfFilter *filter, bool negated)
{
	size_t		mark = c->out->len;
	MfShip		ship;

	switch (filter->op)
	{
		case MF_FILTER_AND:
		case MF_FILTER_OR:
			return write_list(c, filter, negated);
		case MF_FILTER_NOT:
			return write_filter(c, filter->args[0], !negated);
		case MF_FILTER_TRUE:
		case MF_FILTER_FALSE:
			mf_json_buf_add(c->out, (filter->op == MF_FILTER_TRUE) != negated ?
							"{\"match_all\":{}}" : "{\"match_none\":{}}");
			return MF_SHIP_EXACT;
		default:
			ship = write_leaf(c, filter, negated);
			return ship == MF_SHIP_NO ? es_undo(c->out, mark) : ship;
	}
}

/* ----------------------------------------------------------------- entries */

MfShip
es_filter(const EsMapping *mapping, const MfFilter *filter, MfJsonBuf *out)
{
	EsFilterContext c = {.mapping = mapping,.out = out};

	return write_filter(&c, filter, false);
}

/* Texts that are only weighed. */
static void *
weigh_alloc(MfMem *mem, size_t bytes)
{
	return malloc(bytes);
}

static void *
weigh_realloc(MfMem *mem, void *p, size_t bytes)
{
	return realloc(p, bytes);
}

static void
weigh_free(MfMem *mem, void *p)
{
	free(p);
}

MfShip
es_filter_guess(const MfCollection *collection, const MfFilter *filter, MfJsonBuf *out)
{
	MfMem		mem = {.size = sizeof(MfMem),.alloc = weigh_alloc,.realloc = weigh_realloc,.free = weigh_free};
	MfJsonBuf	scratch = {.mem = &mem};
	bool		guessed = false;
	EsFilterContext c = {.collection = collection,.guess = true,.guessed = &guessed,
	.out = out != NULL ? out : &scratch};
	MfShip		ship = write_filter(&c, filter, false);

	if (scratch.failed)
		ship = MF_SHIP_NO;
	free(scratch.data);
	return guessed ? weaker(ship, MF_SHIP_SUPERSET) : ship;
}

MfShip
es_filter_check(const MfCollection *collection, const MfFilter *filter)
{
	return es_filter_guess(collection, filter, NULL);
}
