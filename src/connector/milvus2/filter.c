/*
 * filter.c - Which of a query's conditions can the server check, and in which words?
 *
 * NOT is pushed down to the single conditions, so that each is asked only what
 * makes it true: what it is for NULL does not matter there.  A part that cannot
 * be said counts as true for every row: AND goes on without it, OR is lost.
 */
#include "filter.h"

#define MOST_CONDITION (4 * 1024 * 1024)	/* bytes of one, for the server's parser */
#define MOST_TOTAL (8 * 1024 * 1024)

MfFilterOp
m2_opposite(MfFilterOp op)
{
	switch (op)
	{
		case MF_FILTER_EQ:
			return MF_FILTER_NE;
		case MF_FILTER_NE:
			return MF_FILTER_EQ;
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

const char *
m2_operator(MfFilterOp op)
{
	switch (op)
	{
		case MF_FILTER_EQ:
			return "==";
		case MF_FILTER_NE:
			return "!=";
		case MF_FILTER_LT:
			return "<";
		case MF_FILTER_LE:
			return "<=";
		case MF_FILTER_GT:
			return ">";
		default:
			return ">=";
	}
}

/* -------------------------------------------------------------------- leaves */

/* Without a description a column's own kind is the best guess. */
static MfField
guessed_field(const MfFilter *f)
{
	MfField		field = {.name = f->field,.kind = f->kind,.nullable = true};

	if (f->kind >= MF_KIND_I8 && f->kind <= MF_KIND_I64)
		field.kind = MF_KIND_I64;
	return field;
}

/* Kinds that Milvus compares as another type than the kind says. */
static bool
is_opaque(const MfField *field)
{
	return field->nmembers > 0 || field->remote_type == M2_GEOMETRY || field->remote_type == M2_TEXT;
}

static M2Term
put_leaf(MfJsonBuf *expr, const MfCollection *c, const MfFilter *f, bool negate)
{
	int			n = c != NULL ? m2_field_index(c, f->field) : -1;
	MfField		guess = guessed_field(f);
	const MfField *field = n >= 0 ? &c->fields[n] : c == NULL ? &guess : NULL;
	size_t		start = expr->len;
	M2Term		term;

	if (strcmp(f->field, M2_PARTITION) == 0)
		return M2_NOTHING;		/* expressions know nothing of it */
	if (field == NULL && !c->dynamic)
		return M2_NOTHING;
	if (field != NULL && is_opaque(field))
		return M2_NOTHING;
	if (field != NULL && !field->dynamic && (!m2_is_identifier(field->name) || m2_is_keyword(field->name)))
		return M2_NOTHING;
	if (field == NULL || field->kind == MF_KIND_JSON)
		term = m2_filter_json(expr, field, f, negate);
	else
		term = m2_filter_field(expr, field, f, negate);

	if (expr->len - start > MOST_CONDITION)
		term = M2_NOTHING;
	/* servers whose fields can be NULL were not tried: none of it is taken as exact */
	if (field != NULL && field->nullable && term.is != M2_TERM_FALSE)
		term.exact = false;
	return term;
}

/* ---------------------------------------------------------------------- tree */

static M2Term
put_tree(MfJsonBuf *expr, const MfCollection *c, const MfFilter *f, bool negate)
{
	size_t		start = expr->len;
	bool		is_and = (f->op == MF_FILTER_AND) != negate;
	bool		exact = true;
	int			parts = 0;

	switch (f->op)
	{
		case MF_FILTER_NOT:
			return put_tree(expr, c, f->args[0], !negate);
		case MF_FILTER_TRUE:
			return negate ? M2_FALSE : M2_TRUE;
		case MF_FILTER_FALSE:
			return negate ? M2_TRUE : M2_FALSE;
		case MF_FILTER_AND:
		case MF_FILTER_OR:
			break;
		default:
			{
				M2Term		term = put_leaf(expr, c, f, negate);

				if (term.is != M2_TERM_TEXT)
					m2_expr_cut(expr, start);
				return term;
			}
	}

	mf_json_buf_add(expr, "(");
	for (int i = 0; i < f->nargs; i++)
	{
		size_t		before = expr->len;
		M2Term		term;

		if (parts > 0)
			mf_json_buf_add(expr, is_and ? " and " : " or ");
		term = put_tree(expr, c, f->args[i], negate);
		if (term.is == (is_and ? M2_TERM_FALSE : M2_TERM_TRUE))
		{
			m2_expr_cut(expr, start);
			return term;
		}
		exact = exact && term.exact;
		if (term.is == M2_TERM_TEXT)
			parts++;
		else
			m2_expr_cut(expr, before);
	}
	if (parts == 0)
	{
		m2_expr_cut(expr, start);
		return is_and ? (M2Term) {M2_TERM_TRUE, exact} : M2_FALSE;
	}
	if (parts == 1 && !expr->failed)
	{
		memmove(expr->data + start, expr->data + start + 1, expr->len - start - 1);
		m2_expr_cut(expr, expr->len - 1);
	}
	else
		mf_json_buf_add(expr, ")");
	return (M2Term) {M2_TERM_TEXT, exact};
}

bool
m2_filter_put(MfJsonBuf *expr, const MfCollection *c, int n, const MfFilter *const *filters,
			  const MfFilter *skip, bool *exact)
{
	*exact = true;
	for (int i = 0; i < n; i++)
	{
		size_t		before = expr->len;
		M2Term		term;

		/* decided by names, not by an expression */
		if (filters[i] == skip || m2_is_partition_filter(filters[i]))
			continue;
		if (before > 0)
			mf_json_buf_add(expr, " and ");
		term = put_tree(expr, c, filters[i], false);
		if (expr->len > MOST_TOTAL)
			term = M2_NOTHING;
		if (term.is != M2_TERM_TEXT)
			m2_expr_cut(expr, before);
		if (term.is == M2_TERM_FALSE)
			return false;
		*exact = *exact && term.exact;
	}
	return true;
}

MfShip
m2_filter_check(const MfCollection *collection, const MfFilter *filter)
{
	MfMem		mem;
	MfJsonBuf	expr = {.mem = &mem};
	MfShip		ship = MF_SHIP_NO;
	M2Term		term;

	if (m2_is_partition_filter(filter))
		return MF_SHIP_EXACT;
	mf_mem_init(&mem, (size_t) 4 * MOST_TOTAL);
	term = put_tree(&expr, collection, filter, false);
	if (!expr.failed && expr.len <= MOST_TOTAL)
	{
		if (term.exact && (collection != NULL || term.is == M2_TERM_FALSE))
			ship = MF_SHIP_EXACT;
		else if (term.is != M2_TERM_TRUE)
			ship = MF_SHIP_SUPERSET;
	}
	mf_free(&mem, expr.data);
	return ship;
}

/* ------------------------------------------------------------------- lookups */

static const MfFilter *
better_lookup(const MfFilter *f, const MfField *key, const MfFilter *best)
{
	bool		text = key->kind == MF_KIND_TEXT;

	if ((f->op != MF_FILTER_EQ && f->op != MF_FILTER_IN) || f->npath > 0 || f->as_text ||
		strcmp(f->field, key->name) != 0 ||
		(text ? f->kind != MF_KIND_TEXT : f->kind < MF_KIND_I8 || f->kind > MF_KIND_I64))
		return best;
	for (int i = 0; i < f->nvalues; i++)
	{
		if (f->values[i].kind != (text ? MF_KIND_TEXT : MF_KIND_I64))
			return best;
	}
	return best == NULL || f->nvalues < best->nvalues ? f : best;
}

const MfFilter *
m2_filter_lookup(const MfField *key, int n, const MfFilter *const *filters)
{
	const MfFilter *best = NULL;

	for (int i = 0; i < n; i++)
		best = better_lookup(filters[i], key, best);
	return best;
}
