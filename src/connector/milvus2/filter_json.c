/*
 * filter_json.c - How is a condition on a JSON path or a dynamic key said?
 *
 * Never exactly, as tried with Milvus 2.3.5: != holds for rows without the
 * path, and numbers that differ beyond a double's precision are equal.  So
 * every number is sent as a double and ranges include their end, which only
 * lets more rows through.  What a column makes of another type of value (a
 * number in quotes, for one) is let through as well, for the core to see.
 *
 * Only keys that nobody writes with escapes are asked for: the server compares
 * keys as they are written.  Of a key met twice in one object it sees the
 * first, PostgreSQL the last: to JSON such an object means nothing.
 */
#include <ctype.h>
#include <math.h>
#include <stdio.h>

#include "filter.h"

static bool
plain_key(const char *key, size_t len, bool dots)
{
	for (size_t i = 0; i < len; i++)
	{
		if (!isalnum((unsigned char) key[i]) && key[i] != '_' && key[i] != '-' && key[i] != ' ' &&
			!(dots && key[i] == '.'))
			return false;
	}
	return len > 0;
}

static void
add_key(MfJsonBuf *path, const char *key, size_t len)
{
	mf_json_buf_add(path, "[");
	m2_expr_text(path, key, len);
	mf_json_buf_add(path, "]");
}

/* The path without its last `drop` steps; false = it cannot be said. */
static bool
put_path(MfJsonBuf *path, const MfField *field, const MfFilter *f, int drop)
{
	path->len = 0;
	if (field != NULL)
		mf_json_buf_add(path, field->name);
	else
	{
		if (!plain_key(f->field, strlen(f->field), false))
			return false;
		mf_json_buf_add(path, M2_META);
		add_key(path, f->field, strlen(f->field));
	}
	for (int i = 0; i < f->npath - drop; i++)
	{
		const char *key = f->path[i].key;
		char		index[24];

		if (key != NULL && !plain_key(key, strlen(key), true))
			return false;
		if (key != NULL)
			add_key(path, key, strlen(key));
		else
		{
			snprintf(index, sizeof(index), "[%d]", (int) f->path[i].index);
			mf_json_buf_add(path, index);
		}
	}
	return true;
}

/* What a row may hold at the path. */
typedef struct Wanted
{
	MfJsonBuf	strings;		/* literals with commas between them */
	MfJsonBuf	reals;
	int			nstrings;
	int			nreals;
	bool		is[2];			/* false, true */
	bool		any_string;
} Wanted;

static void
forget(Wanted *want)
{
	mf_free(want->strings.mem, want->strings.data);
	mf_free(want->reals.mem, want->reals.data);
}

static void
want_string(Wanted *want, const char *text, size_t len)
{
	if (want->nstrings++ > 0)
		mf_json_buf_add(&want->strings, ", ");
	m2_expr_text(&want->strings, text, len);
}

/* false = as a double it is none, or not near enough. */
static bool
want_real(Wanted *want, double value)
{
	if (!isfinite(value) || (value != 0 && fabs(value) < 1e-290))
		return false;
	if (want->nreals++ > 0)
		mf_json_buf_add(&want->reals, ", ");
	m2_expr_real(&want->reals, value);
	return true;
}

static bool
want_number(Wanted *want, const MfJsonNumber *n)
{
	double		value = mf_json_f64(n);
	bool		zero = true;

	for (const char *p = n->at; p < n->end && *p != 'e' && *p != 'E'; p++)
		zero = zero && (*p < '1' || *p > '9');
	return (zero || value != 0) && want_real(want, value);
}

/* A cursor over a constant; mf_free *copy. */
static bool
open_constant(MfMem *mem, const MfValue *value, MfJson *j, char **copy)
{
	*copy = mf_alloc(mem, value->len + MF_JSON_SLACK);
	if (*copy == NULL)
		return false;
	memcpy(*copy, value->bytes, value->len);
	memset(*copy + value->len, 0, MF_JSON_SLACK);
	mf_json_start(j, *copy, value->len);
	mf_json_ws(j);
	return true;
}

/* A text that the row may hold as a string, or as what prints like it. */
static bool
want_text(Wanted *want, const MfValue *value)
{
	MfJsonNumber n;
	MfJson		j;
	char	   *copy;
	bool		good;

	if (value->len > 0 && (value->bytes[0] == '{' || value->bytes[0] == '['))
		return false;
	want_string(want, value->bytes, value->len);
	want->is[1] |= value->len == 4 && memcmp(value->bytes, "true", 4) == 0;
	want->is[0] |= value->len == 5 && memcmp(value->bytes, "false", 5) == 0;
	good = open_constant(want->strings.mem, value, &j, &copy) &&
		(!mf_json_number_text(copy, value->len, &n) || want_number(want, &n));
	mf_free(want->strings.mem, copy);
	return good;
}

/* The scalar at the cursor.  false = it cannot be asked for, or is none. */
static bool
want_scalar(Wanted *want, MfJson *j)
{
	MfJsonNumber n;
	MfJsonText	text;
	char	   *plain;
	size_t		len;
	bool		good;

	switch (*j->p)
	{
		case '{':
		case '[':
		case 'n':
			mf_json_skip(j);
			return false;
		case 't':
		case 'f':
			return mf_json_bool(j, &good) && (want->is[good] = true);
		case '"':
			if (!mf_json_string(j, &text) || (plain = mf_alloc(want->strings.mem, text.len + MF_JSON_SLACK)) == NULL)
				return false;
			good = mf_json_decode(&text, plain, &len) == MF_JSON_TEXT_OK;
			if (good)
				want_string(want, plain, len);
			mf_free(want->strings.mem, plain);
			return good;
		default:
			return mf_json_number(j, &n) && want_number(want, &n);
	}
}

/* false = a row may hold something that cannot be asked for. */
static bool
want_value(Wanted *want, const MfFilter *f, const MfValue *value)
{
	MfJson		j;
	char	   *copy;
	bool		good;

	if (f->as_text || f->kind == MF_KIND_TEXT)
		return value->kind == MF_KIND_TEXT && want_text(want, value);
	switch (f->kind)
	{
		case MF_KIND_JSON:
			if (value->kind != MF_KIND_JSON || f->npath == 0)
				return false;
			good = open_constant(want->strings.mem, value, &j, &copy) && want_scalar(want, &j);
			mf_free(want->strings.mem, copy);
			return good;
		case MF_KIND_BOOL:
			want->is[value->boolean] = true;
			want_string(want, value->boolean ? "true" : "false", value->boolean ? 4 : 5);
			if (!value->boolean)
				want_string(want, "", 0);
			return value->kind == MF_KIND_BOOL;
		case MF_KIND_I8:
		case MF_KIND_I16:
		case MF_KIND_I32:
		case MF_KIND_I64:
		case MF_KIND_F64:
			want->any_string = true;
			if (value->kind == MF_KIND_I64)
				return f->kind != MF_KIND_F64 && want_real(want, (double) value->integer);
			return f->kind == MF_KIND_F64 && (value->kind == MF_KIND_F64 || value->kind == MF_KIND_F32) &&
				want_real(want, value->real);
		default:
			return false;
	}
}

static void
put_part(MfJsonBuf *expr, const MfJsonBuf *path, const char *op, const char *value)
{
	mf_json_buf_raw(expr, path->data, path->len);
	mf_json_buf_add(expr, op);
	mf_json_buf_add(expr, value);
}

/* One more of the parts that may hold. */
static void
put_or(MfJsonBuf *expr, const MfJsonBuf *path, int *n, const char *op, const char *value)
{
	mf_json_buf_add(expr, (*n)++ > 0 ? " or " : "(");
	put_part(expr, path, op, value);
}

static void
put_list(MfJsonBuf *expr, const MfJsonBuf *path, const MfJsonBuf *list, int count, bool negate)
{
	if (count == 1)
		put_part(expr, path, negate ? " != " : " == ", list->data);
	else
	{
		put_part(expr, path, negate ? " not in [" : " in [", list->data);
		mf_json_buf_add(expr, "]");
	}
}

static void
put_wanted(MfJsonBuf *expr, const MfJsonBuf *path, const Wanted *want, int *n)
{
	if (want->nstrings > 0 && !want->any_string)
	{
		mf_json_buf_add(expr, (*n)++ > 0 ? " or " : "(");
		put_list(expr, path, &want->strings, want->nstrings, false);
	}
	if (want->nreals > 0)
	{
		mf_json_buf_add(expr, (*n)++ > 0 ? " or " : "(");
		put_list(expr, path, &want->reals, want->nreals, false);
	}
	for (int i = 0; i < 2; i++)
	{
		if (want->is[i])
		{
			put_or(expr, path, n, " == ", i ? "true" : "false");
		}
	}
	if (want->any_string)
	{
		put_or(expr, path, n, " >= ", "\"\"");
	}
}

/* --------------------------------------------------------------- conditions */

/* x -> 0 of a value that is no array is that value. */
static int
zeros_at_end(const MfFilter *f)
{
	int			n = 0;

	while (n < f->npath && f->path[f->npath - 1 - n].key == NULL && f->path[f->npath - 1 - n].index == 0)
		n++;
	return n;
}

static M2Term
put_equal(MfJsonBuf *expr, MfJsonBuf *path, const MfField *field, const MfFilter *f, bool negate)
{
	Wanted		want = {.strings.mem = expr->mem,.reals.mem = expr->mem};
	bool		not = (f->op == MF_FILTER_NE) != negate;
	bool		good = true;
	int			n = 0;

	for (int i = 0; i < f->nvalues && good; i++)
		good = want_value(&want, f, &f->values[i]);
	if (not && (f->as_text || f->kind == MF_KIND_TEXT))
	{
		good = want.nstrings > 0 && put_path(path, field, f, 0);
		if (good)
			put_list(expr, path, &want.strings, want.nstrings, true);
	}
	else if ((good = good && !not))
	{
		for (int drop = 0; drop <= zeros_at_end(f) && good; drop++)
		{
			good = (field == NULL || f->npath > drop) && put_path(path, field, f, drop);
			if (good)
				put_wanted(expr, path, &want, &n);
		}
		if (n > 0)
			mf_json_buf_add(expr, ")");
	}
	if (want.strings.failed || want.reals.failed)
		good = false;
	forget(&want);
	if (good && n == 0 && !not)
		return M2_FALSE;		/* in an empty list */
	return good ? M2_SUPERSET : M2_NOTHING;
}

/* Ranges of dynamic keys only: as text, a path also holds objects. */
static M2Term
put_range(MfJsonBuf *expr, const MfJsonBuf *path, const MfFilter *f, MfFilterOp op)
{
	Wanted		want = {.strings.mem = expr->mem,.reals.mem = expr->mem};
	bool		less = op == MF_FILTER_LT || op == MF_FILTER_LE;
	bool		good = want_value(&want, f, &f->values[0]) && !want.strings.failed && !want.reals.failed;
	int			n = 0;

	if (good && f->kind == MF_KIND_TEXT)
	{
		put_or(expr, path, &n, less ? " <= " : " >= ", want.strings.data);
		put_or(expr, path, &n, " >= ", "-1.7976931348623157e+308");
		put_or(expr, path, &n, " in ", "[true, false]");
	}
	else if (good && want.any_string)
	{
		put_or(expr, path, &n, less ? " <= " : " >= ", want.reals.data);
		put_or(expr, path, &n, " >= ", "\"\"");
	}
	if (n > 0)
		mf_json_buf_add(expr, ")");
	forget(&want);
	return n > 0 ? M2_SUPERSET : M2_NOTHING;
}

static M2Term
put_like(MfJsonBuf *expr, const MfJsonBuf *path, const MfFilter *f)
{
	char	   *prefix;
	const char *rest;
	size_t		len;
	M2Term		term = M2_NOTHING;

	if (m2_like_prefix(expr->mem, &f->values[0], &prefix, &len, &rest) && len > 0)
	{
		/* what is not a string, and may yet be written like that */
		bool		number = prefix[0] == '-' || isdigit((unsigned char) prefix[0]);
		bool		boolean = prefix[0] == 't' || prefix[0] == 'f';

		term = M2_SUPERSET;
		mf_json_buf_add(expr, number || boolean ? "((" : "(");
		put_part(expr, path, " >= ", "");
		m2_expr_text(expr, prefix, len);
		if (m2_after_prefix(prefix, &len))
		{
			mf_json_buf_add(expr, " and ");
			put_part(expr, path, " < ", "");
			m2_expr_text(expr, prefix, len);
		}
		mf_json_buf_add(expr, ")");
		if (number)
		{
			mf_json_buf_add(expr, " or ");
			put_part(expr, path, " >= ", "-1.7976931348623157e+308)");
		}
		if (boolean)
		{
			mf_json_buf_add(expr, " or ");
			put_part(expr, path, " in ", "[true, false])");
		}
	}
	mf_free(expr->mem, prefix);
	return term;
}

/* ------------------------------------------------------------------------- @> */

static void
put_element(MfJsonBuf *expr, const MfJsonBuf *path, MfJson *j, int *n)
{
	Wanted		want = {.strings.mem = expr->mem,.reals.mem = expr->mem};

	if (want_scalar(&want, j) && !want.strings.failed && !want.reals.failed)
	{
		mf_json_buf_add(expr, (*n)++ > 0 ? " and " : "(");
		mf_json_buf_add(expr, "json_contains(");
		put_part(expr, path, ", ", want.nstrings > 0 ? want.strings.data : want.nreals > 0 ? want.reals.data :
				 want.is[1] ? "true" : "false");
		mf_json_buf_add(expr, ")");
	}
	forget(&want);
}

/* What of the constant at the cursor can be asked for, the rest is left out. */
static void
put_contained(MfJsonBuf *expr, MfJsonBuf *path, MfJson *j, bool top, bool bare, int depth, int *n)
{
	Wanted		want = {.strings.mem = expr->mem,.reals.mem = expr->mem};
	MfJsonText	key;
	bool		first = true;
	size_t		len = path->len;
	int			inner = 0;

	if (*j->p == '{' && depth < 32)
	{
		j->p++;
		while (mf_json_member(j, &first, &key) > 0)
		{
			if (key.escaped || !plain_key(key.at, key.len, true))
			{
				mf_json_skip(j);
				continue;
			}
			add_key(path, key.at, key.len);
			put_contained(expr, path, j, false, false, depth + 1, n);
			m2_expr_cut(path, len);
		}
	}
	else if (*j->p == '[' && !bare)
	{
		j->p++;
		while (mf_json_element(j, &first) > 0)
			put_element(expr, path, j, n);
	}
	else if (top || depth >= 32)
		mf_json_skip(j);		/* an array may hold it, too */
	else if (want_scalar(&want, j) && !want.strings.failed && !want.reals.failed)
	{
		mf_json_buf_add(expr, (*n)++ > 0 ? " and " : "(");
		put_wanted(expr, path, &want, &inner);
		mf_json_buf_add(expr, ")");
	}
	forget(&want);
}

static M2Term
put_contains(MfJsonBuf *expr, MfJsonBuf *path, bool bare, const MfFilter *f)
{
	MfJson		j;
	char	   *copy;
	int			n = 0;

	if (f->kind != MF_KIND_JSON || f->as_text || zeros_at_end(f) > 0 || f->values[0].kind != MF_KIND_JSON)
		return M2_NOTHING;
	if (open_constant(expr->mem, &f->values[0], &j, &copy))
		put_contained(expr, path, &j, true, bare, 0, &n);
	mf_free(expr->mem, copy);
	if (n > 0)
		mf_json_buf_add(expr, ")");
	return n > 0 && j.fault == NULL ? M2_SUPERSET : M2_NOTHING;
}

M2Term
m2_filter_json(MfJsonBuf *expr, const MfField *field, const MfFilter *f, bool negate)
{
	MfJsonBuf	path = {.mem = expr->mem};
	bool		null = (f->op == MF_FILTER_IS_NULL) != negate;
	M2Term		term = M2_NOTHING;

	/* as an object, a dynamic key may also be put together from dotted keys */
	if ((field != NULL) != (f->kind == MF_KIND_JSON) || !put_path(&path, field, f, 0))
		term = M2_NOTHING;
	else if (f->op == MF_FILTER_IS_NULL || f->op == MF_FILTER_IS_NOT_NULL)
	{
		/* 2.3 knows "exists", but not within "and" */
		if (field != NULL && !field->nullable && f->npath == 0)
			term = null ? M2_FALSE : M2_TRUE;
	}
	else if (f->op == MF_FILTER_EQ || f->op == MF_FILTER_NE || f->op == MF_FILTER_IN)
		term = field != NULL && f->npath == 0 ? M2_NOTHING : put_equal(expr, &path, field, f, negate);
	else if (f->op >= MF_FILTER_LT && f->op <= MF_FILTER_GE)
		term = field != NULL || f->npath > 0 ? M2_NOTHING :
			put_range(expr, &path, f, negate ? m2_opposite(f->op) : f->op);
	else if (f->op == MF_FILTER_LIKE && !negate && field == NULL && f->kind == MF_KIND_TEXT)
		term = put_like(expr, &path, f);
	else if (f->op == MF_FILTER_CONTAINS && !negate)
		term = put_contains(expr, &path, field != NULL && f->npath == 0, f);
	mf_free(expr->mem, path.data);
	return term;
}
