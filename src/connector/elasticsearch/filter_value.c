/*
 * filter_value.c - Which query finds texts, booleans and addresses?
 *
 * As the index has them; what it may lack is for filter.c.
 */
#include <string.h>

#include "filter_es.h"

static void
open_query(MfJsonBuf *out, const char *word, const EsTarget *t)
{
	mf_json_buf_add(out, "{\"");
	mf_json_buf_add(out, word);
	mf_json_buf_add(out, "\":{");
	mf_json_buf_quote(out, t->field->path);
	mf_json_buf_add(out, ":");
}

static MfShip
write_none(MfJsonBuf *out)
{
	mf_json_buf_add(out, "{\"match_none\":{}}");
	return MF_SHIP_EXACT;
}

/*
 * One of the texts.  Of an array only the long elements may be missing from
 * the index, so the constants must not be among those that it does not take.
 */
static MfShip
write_texts(const EsTarget *t, const MfValue *values, int nvalues, MfJsonBuf *out)
{
	int			n = 0;

	if (nvalues > ES_MAX_TERMS)
		return MF_SHIP_NO;
	for (int i = 0; i < nvalues; i++)
	{
		if (values[i].kind != MF_KIND_TEXT && values[i].kind != MF_KIND_INET)
			return MF_SHIP_NO;
		if (t->list && t->field->cut && values[i].len > (size_t) t->field->ignore_above)
			return MF_SHIP_NO;
		n += values[i].len <= ES_MAX_TERM_BYTES;
	}
	if (n == 0)
		return write_none(out);
	open_query(out, n == 1 ? "term" : "terms", t);
	mf_json_buf_add(out, n == 1 ? "" : "[");
	for (int i = 0, k = 0; i < nvalues; i++)
	{
		if (values[i].len > ES_MAX_TERM_BYTES)
			continue;
		if (k++ > 0)
			mf_json_buf_add(out, ",");
		es_write_text(out, values[i].bytes, values[i].len);
	}
	mf_json_buf_add(out, n == 1 ? "}}" : "]}}");
	return MF_SHIP_EXACT;
}

/* Texts are in the order of their UTF-8 bytes, as under collation "C". */
static MfShip
write_text_range(const EsTarget *t, MfFilterOp op, const MfValue *value, MfJsonBuf *out)
{
	if (value->kind != MF_KIND_TEXT || value->len > ES_MAX_TERM_BYTES || t->list)
		return MF_SHIP_NO;
	open_query(out, "range", t);
	mf_json_buf_add(out, op == MF_FILTER_LT ? "{\"lt\":" : op == MF_FILTER_LE ? "{\"lte\":" :
					op == MF_FILTER_GT ? "{\"gt\":" : "{\"gte\":");
	es_write_text(out, value->bytes, value->len);
	mf_json_buf_add(out, "}}}");
	return MF_SHIP_EXACT;
}

static MfShip
keyword(const EsTarget *t, MfFilterOp op, const MfValue *values, int nvalues, MfJsonBuf *out)
{
	MfShip		ship;

	switch (op)
	{
		case MF_FILTER_EQ:
		case MF_FILTER_IN:
			ship = write_texts(t, values, nvalues, out);

			/* the server normalizes the constants too, so equal texts stay equal */
			return ship == MF_SHIP_EXACT && t->field->normalized ? MF_SHIP_SUPERSET : ship;
		case MF_FILTER_LIKE:
			return t->field->normalized || t->list ? MF_SHIP_NO : es_write_like(t, &values[0], out);
		case MF_FILTER_LT:
		case MF_FILTER_LE:
		case MF_FILTER_GT:
		case MF_FILTER_GE:
			return t->field->normalized ? MF_SHIP_NO : write_text_range(t, op, &values[0], out);
		default:
			return MF_SHIP_NO;
	}
}

/* Which of false and true are wanted? */
static MfShip
boolean(const EsTarget *t, MfFilterOp op, const MfValue *values, int nvalues, MfJsonBuf *out)
{
	bool		wanted[2] = {false, false};

	for (int i = 0; i < nvalues; i++)
	{
		if (values[i].kind != MF_KIND_BOOL)
			return MF_SHIP_NO;
		for (int v = 0; v < 2; v++)
		{
			int			cmp = v - values[i].boolean;

			wanted[v] |= op == MF_FILTER_LT ? cmp < 0 : op == MF_FILTER_LE ? cmp <= 0 :
				op == MF_FILTER_GT ? cmp > 0 : op == MF_FILTER_GE ? cmp >= 0 : cmp == 0;
		}
	}
	if (op == MF_FILTER_LIKE)
		return MF_SHIP_NO;
	if (!wanted[0] && !wanted[1])
		return write_none(out);
	if (wanted[0] && wanted[1])
	{
		open_query(out, "terms", t);
		mf_json_buf_add(out, "[false,true]}}");
		return MF_SHIP_EXACT;
	}
	open_query(out, "term", t);
	mf_json_buf_add(out, wanted[1] ? "true}}" : "false}}");
	return MF_SHIP_EXACT;
}

/* Plain addresses only: with a mask, equal texts and equal addresses differ. */
static MfShip
address(const EsTarget *t, MfFilterOp op, const MfValue *values, int nvalues, MfJsonBuf *out)
{
	if (op != MF_FILTER_EQ && op != MF_FILTER_IN)
		return MF_SHIP_NO;
	for (int i = 0; i < nvalues; i++)
	{
		if (values[i].len == 0 || values[i].len > 45 ||
			strspn(values[i].bytes, "0123456789abcdefABCDEF.:") != values[i].len)
			return MF_SHIP_NO;
	}
	return write_texts(t, values, nvalues, out) == MF_SHIP_NO ? MF_SHIP_NO : MF_SHIP_SUPERSET;
}

MfShip
es_write_values(const EsTarget *t, MfFilterOp op, MfKind kind, const MfValue *values, int nvalues, MfJsonBuf *out)
{
	const char *type = t->field->type;

	if (op == MF_FILTER_IN && nvalues == 0)
		return write_none(out);
	if (strcmp(type, "keyword") == 0)
		return kind == MF_KIND_TEXT ? keyword(t, op, values, nvalues, out) : MF_SHIP_NO;
	if (t->list && t->field->ignores)
		return MF_SHIP_NO;
	if (strcmp(type, "boolean") == 0)
		return kind == MF_KIND_BOOL ? boolean(t, op, values, nvalues, out) : MF_SHIP_NO;
	if (strcmp(type, "ip") == 0)
		return kind == MF_KIND_INET ? address(t, op, values, nvalues, out) : MF_SHIP_NO;
	return es_write_numbers(t, op, kind, values, nvalues, out);
}
