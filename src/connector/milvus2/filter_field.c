/*
 * filter_field.c - How is a condition on a field of a scalar type said?
 *
 * As tried with Milvus 2.3.5.  Constants of the expression language are int64
 * or double, without NaN, infinity and the smallest int64; what lies outside a
 * field's range is decided here.  A Float field is compared with the constant
 * made a float, where SQL widens the field: so only floats are sent.  Rows may
 * hold NaN, for which each comparison but != is false and NOT true; in SQL it
 * is the largest number, so "greater" is said as "not less or equal".
 */
#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "filter.h"

/* What is exact as a double, whatever integers are around it. */
#define WHOLE_DOUBLES 9007199254740992.0

static M2Term
put_bool(MfJsonBuf *expr, const MfField *field, const MfFilter *f, bool negate)
{
	bool		wanted[2] = {false, false};

	if (f->kind != MF_KIND_BOOL || (f->op != MF_FILTER_EQ && f->op != MF_FILTER_NE && f->op != MF_FILTER_IN))
		return M2_NOTHING;
	for (int i = 0; i < f->nvalues; i++)
	{
		if (f->values[i].kind != MF_KIND_BOOL)
			return M2_NOTHING;
		wanted[f->values[i].boolean] = true;
	}
	if ((f->op == MF_FILTER_NE) != negate)
	{
		wanted[0] = !wanted[0];
		wanted[1] = !wanted[1];
	}
	if (wanted[0] == wanted[1])
		return wanted[0] ? M2_TRUE : M2_FALSE;
	mf_json_buf_add(expr, field->name);
	mf_json_buf_add(expr, wanted[1] ? " == true" : " == false");
	return M2_EXACT;
}

/* ------------------------------------------------------------------- integers */

static void
int_range(MfKind kind, int64_t *min, int64_t *max)
{
	int			bits = kind == MF_KIND_I8 ? 7 : kind == MF_KIND_I16 ? 15 : kind == MF_KIND_I32 ? 31 : 63;

	*max = bits == 63 ? INT64_MAX : ((int64_t) 1 << bits) - 1;
	*min = -*max - 1;
}

/*
 * A constant as an integer: the value itself, or the next below it (*whole =
 * false).  false = no int64 stands for it.
 */
static bool
int_constant(const MfFilter *f, const MfValue *value, int64_t *out, bool *whole)
{
	double		floored = floor(value->real);
	char	   *end;

	*whole = true;
	switch (value->kind)
	{
		case MF_KIND_I64:
			*out = value->integer;
			return f->kind >= MF_KIND_I8 && f->kind <= MF_KIND_I64;
		case MF_KIND_F32:
		case MF_KIND_F64:
			/* the column is the field as a double */
			if (f->kind != MF_KIND_F64 || !(fabs(floored) < WHOLE_DOUBLES - 1))
				return false;
			*out = (int64_t) floored;
			*whole = floored == value->real;
			return true;
		case MF_KIND_DECIMAL:
			if (f->kind != MF_KIND_DECIMAL || value->len == 0 || value->len > 18)
				return false;
			*out = strtoll(value->bytes, &end, 10);
			return *end == '\0';
		default:
			return false;
	}
}

/* The smallest int64 cannot be written: say it by its neighbour. */
static M2Term
put_int_compare(MfJsonBuf *expr, const MfField *field, MfFilterOp op, int64_t c)
{
	int64_t		min;
	int64_t		max;

	int_range(field->kind, &min, &max);
	if (c > max)
		return op == MF_FILTER_EQ || op == MF_FILTER_GT || op == MF_FILTER_GE ? M2_FALSE : M2_TRUE;
	if (c < min)
		return op == MF_FILTER_EQ || op == MF_FILTER_LT || op == MF_FILTER_LE ? M2_FALSE : M2_TRUE;
	if (c == min && (op == MF_FILTER_LT || op == MF_FILTER_GE))
		return op == MF_FILTER_LT ? M2_FALSE : M2_TRUE;
	if (c == max && (op == MF_FILTER_GT || op == MF_FILTER_LE))
		return op == MF_FILTER_GT ? M2_FALSE : M2_TRUE;
	if (c == INT64_MIN)
	{
		op = op == MF_FILTER_EQ || op == MF_FILTER_LE ? MF_FILTER_LT : MF_FILTER_GE;
		c++;
	}
	mf_json_buf_add(expr, field->name);
	mf_json_buf_add(expr, " ");
	mf_json_buf_add(expr, m2_operator(op));
	mf_json_buf_add(expr, " ");
	mf_json_buf_int(expr, c);
	return M2_EXACT;
}

static M2Term
put_int_list(MfJsonBuf *expr, const MfField *field, const MfFilter *f, bool negate)
{
	size_t		start = expr->len;
	bool		smallest = false;
	int64_t		min;
	int64_t		max;
	int			n = 0;

	int_range(field->kind, &min, &max);
	mf_json_buf_add(expr, "(");
	mf_json_buf_add(expr, field->name);
	mf_json_buf_add(expr, negate ? " not in [" : " in [");
	for (int i = 0; i < f->nvalues; i++)
	{
		int64_t		c;
		bool		whole;

		if (!int_constant(f, &f->values[i], &c, &whole))
			return M2_NOTHING;
		if (!whole || c < min || c > max)
			continue;
		if (c == INT64_MIN)
		{
			smallest = true;
			continue;
		}
		if (n++ > 0)
			mf_json_buf_add(expr, ", ");
		mf_json_buf_int(expr, c);
	}
	mf_json_buf_add(expr, "]");
	if (smallest && n > 0)
		mf_json_buf_add(expr, negate ? " and " : " or ");
	else if (n == 0)
		m2_expr_cut(expr, start);
	if (smallest)
		put_int_compare(expr, field, negate ? MF_FILTER_NE : MF_FILTER_EQ, INT64_MIN);
	if (smallest && n == 0)
		return M2_EXACT;
	if (n == 0)
		return negate ? M2_TRUE : M2_FALSE;
	mf_json_buf_add(expr, ")");
	return M2_EXACT;
}

static M2Term
put_int(MfJsonBuf *expr, const MfField *field, const MfFilter *f, bool negate)
{
	MfFilterOp	op = negate ? m2_opposite(f->op) : f->op;
	int64_t		c;
	bool		whole;

	if (f->op == MF_FILTER_IN)
		return put_int_list(expr, field, f, negate);
	if (f->op > MF_FILTER_GE || !int_constant(f, &f->values[0], &c, &whole))
		return M2_NOTHING;
	if (!whole)
	{
		if (op == MF_FILTER_EQ || op == MF_FILTER_NE)
			return op == MF_FILTER_EQ ? M2_FALSE : M2_TRUE;
		op = op == MF_FILTER_LT || op == MF_FILTER_LE ? MF_FILTER_LE : MF_FILTER_GT;
	}
	return put_int_compare(expr, field, op, c);
}

/* ---------------------------------------------------------------------- reals */

void
m2_expr_real(MfJsonBuf *expr, double value)
{
	char		text[40];

	if (value == 0)
		value = 0;				/* no sign */
	for (int digits = 15; digits <= 17; digits++)
	{
		snprintf(text, sizeof(text), "%.*g", digits, value);
		if (strtod(text, NULL) == value)
			break;
	}
	mf_json_buf_add(expr, text);
	if (strpbrk(text, ".e") == NULL)
		mf_json_buf_add(expr, ".0");
}

/* A finite constant; I64 only where it is one exactly. */
static bool
real_constant(const MfValue *value, double *out)
{
	switch (value->kind)
	{
		case MF_KIND_I64:
			*out = (double) value->integer;
			return fabs(*out) < WHOLE_DOUBLES;
		case MF_KIND_F32:
		case MF_KIND_F64:
			*out = value->real;
			return isfinite(value->real);
		default:
			return false;
	}
}

/* The largest value of the field that is not above the constant; -Inf where none is. */
static double
not_above(const MfField *field, double c)
{
	float		f;

	if (field->kind == MF_KIND_F64)
		return c;
	if (c > FLT_MAX)
		return FLT_MAX;
	if (c < -FLT_MAX)
		return -INFINITY;
	f = (float) c;
	return (double) f > c ? nextafterf(f, -INFINITY) : f;
}

static M2Term
put_real_compare(MfJsonBuf *expr, const MfField *field, MfFilterOp op, double c)
{
	double		below = not_above(field, c);
	bool		strict = below == c && (op == MF_FILTER_LT || op == MF_FILTER_GE);
	bool		greater = op == MF_FILTER_GT || op == MF_FILTER_GE;

	if (op == MF_FILTER_EQ || op == MF_FILTER_NE)
	{
		if (below != c)
			return op == MF_FILTER_EQ ? M2_FALSE : M2_TRUE;
		mf_json_buf_add(expr, field->name);
		mf_json_buf_add(expr, op == MF_FILTER_EQ ? " == " : " != ");
		m2_expr_real(expr, c);
		return M2_EXACT;
	}
	if (isinf(below))
	{
		below = -FLT_MAX;
		strict = true;
	}
	if (greater)
		mf_json_buf_add(expr, "not (");
	mf_json_buf_add(expr, field->name);
	mf_json_buf_add(expr, strict ? " < " : " <= ");
	m2_expr_real(expr, below);
	if (greater)
		mf_json_buf_add(expr, ")");
	return M2_EXACT;
}

static M2Term
put_real(MfJsonBuf *expr, const MfField *field, const MfFilter *f, bool negate)
{
	double		c;
	int			n = 0;

	/* a real column of a Double field is narrowed before it is compared */
	if (f->kind != MF_KIND_F64 && f->kind != field->kind)
		return M2_NOTHING;
	if (f->op <= MF_FILTER_GE)
		return real_constant(&f->values[0], &c) ?
			put_real_compare(expr, field, negate ? m2_opposite(f->op) : f->op, c) : M2_NOTHING;
	if (f->op != MF_FILTER_IN)
		return M2_NOTHING;

	mf_json_buf_add(expr, field->name);
	mf_json_buf_add(expr, negate ? " not in [" : " in [");
	for (int i = 0; i < f->nvalues; i++)
	{
		if (!real_constant(&f->values[i], &c))
			return M2_NOTHING;
		if (not_above(field, c) != c)
			continue;
		if (n++ > 0)
			mf_json_buf_add(expr, ", ");
		m2_expr_real(expr, c);
	}
	mf_json_buf_add(expr, "]");
	return n > 0 ? M2_EXACT : negate ? M2_TRUE : M2_FALSE;
}

/* ----------------------------------------------------------------------- text */

bool
m2_like_prefix(MfMem *mem, const MfValue *pattern, char **prefix, size_t *len, const char **rest)
{
	const char *p = pattern->bytes;
	const char *end = p + pattern->len;
	char	   *out = mf_alloc(mem, pattern->len + 2);

	*prefix = out;
	*len = 0;
	if (out == NULL)
		return false;
	for (; p < end && *p != '%' && *p != '_'; p++)
	{
		if (*p == '\\' && ++p == end)
			return false;
		out[(*len)++] = *p;
	}
	*rest = p;
	for (const char *q = p; q < end; q++)
	{
		if (*q != '%')
			return true;
	}
	if (p < end)
		*rest = "%";
	return true;
}

/* The next character, as UTF-8 is ordered like code points. */
bool
m2_after_prefix(char *prefix, size_t *len)
{
	while (*len > 0)
	{
		size_t		at = *len - 1;
		unsigned char *s = (unsigned char *) prefix;
		uint32_t	c;
		int			bytes;

		while (at > 0 && (s[at] & 0xC0) == 0x80)
			at--;
		bytes = (int) (*len - at);
		c = bytes == 1 ? s[at] : s[at] & (0x7F >> bytes);
		for (int i = 1; i < bytes; i++)
			c = c << 6 | (s[at + (size_t) i] & 0x3F);
		*len = at;
		if (c >= 0x10FFFF)
			continue;
		c = c == 0xD7FF ? 0xE000 : c + 1;
		if (c < 0x80)
			s[(*len)++] = (unsigned char) c;
		else
		{
			bytes = c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
			s[(*len)++] = (unsigned char) ((0xF00 >> bytes) | (c >> (6 * (bytes - 1))));
			for (int i = bytes - 2; i >= 0; i--)
				s[(*len)++] = (unsigned char) (0x80 | ((c >> (6 * i)) & 0x3F));
		}
		return true;
	}
	return false;
}

static void
put_text_compare(MfJsonBuf *expr, const char *name, const char *op, const char *text, size_t len)
{
	mf_json_buf_add(expr, name);
	mf_json_buf_add(expr, " ");
	mf_json_buf_add(expr, op);
	mf_json_buf_add(expr, " ");
	m2_expr_text(expr, text, len);
}

/*
 * "Begins with" is what 2.3 can be asked; its % and _ cannot be escaped, so a
 * prefix with those becomes a range.
 */
static M2Term
put_like(MfJsonBuf *expr, const MfField *field, const MfFilter *f, bool negate)
{
	char	   *prefix;
	const char *rest;
	size_t		len;
	M2Term		term = M2_EXACT;

	if (!m2_like_prefix(expr->mem, &f->values[0], &prefix, &len, &rest))
		term = M2_NOTHING;
	else if (rest[0] == '\0')
		put_text_compare(expr, field->name, negate ? "!=" : "==", prefix, len);
	else
	{
		term.exact = strcmp(rest, "%") == 0;
		if ((negate && !term.exact) || (len == 0 && !term.exact))
			term = M2_NOTHING;
		else if (len == 0)
			term = negate ? M2_FALSE : M2_TRUE;
		else if (memchr(prefix, '%', len) == NULL && memchr(prefix, '_', len) == NULL &&
				 memchr(prefix, '\\', len) == NULL)
		{
			prefix[len] = '%';
			mf_json_buf_add(expr, negate ? "not (" : "");
			put_text_compare(expr, field->name, "like", prefix, len + 1);
			mf_json_buf_add(expr, negate ? ")" : "");
		}
		else
		{
			mf_json_buf_add(expr, "(");
			put_text_compare(expr, field->name, negate ? "<" : ">=", prefix, len);
			if (m2_after_prefix(prefix, &len))
			{
				mf_json_buf_add(expr, negate ? " or " : " and ");
				put_text_compare(expr, field->name, negate ? ">=" : "<", prefix, len);
			}
			mf_json_buf_add(expr, ")");
		}
	}
	mf_free(expr->mem, prefix);
	return term;
}

static M2Term
put_text(MfJsonBuf *expr, const MfField *field, const MfFilter *f, bool negate)
{
	if (f->kind != MF_KIND_TEXT)
		return M2_NOTHING;
	for (int i = 0; i < f->nvalues; i++)
	{
		if (f->values[i].kind != MF_KIND_TEXT)
			return M2_NOTHING;
	}
	if (f->op == MF_FILTER_LIKE)
		return put_like(expr, field, f, negate);
	if (f->op <= MF_FILTER_GE)
	{
		put_text_compare(expr, field->name, m2_operator(negate ? m2_opposite(f->op) : f->op),
						 f->values[0].bytes, f->values[0].len);
		return M2_EXACT;
	}
	if (f->op != MF_FILTER_IN)
		return M2_NOTHING;
	if (f->nvalues == 0)
		return negate ? M2_TRUE : M2_FALSE;
	mf_json_buf_add(expr, field->name);
	mf_json_buf_add(expr, negate ? " not in [" : " in [");
	for (int i = 0; i < f->nvalues; i++)
	{
		if (i > 0)
			mf_json_buf_add(expr, ", ");
		m2_expr_text(expr, f->values[i].bytes, f->values[i].len);
	}
	mf_json_buf_add(expr, "]");
	return M2_EXACT;
}

M2Term
m2_filter_field(MfJsonBuf *expr, const MfField *field, const MfFilter *f, bool negate)
{
	if (f->npath > 0 || f->as_text)
		return M2_NOTHING;
	if (f->op == MF_FILTER_IS_NULL || f->op == MF_FILTER_IS_NOT_NULL)
	{
		if (field->nullable || field->kind == MF_KIND_NONE)
			return M2_NOTHING;
		return (f->op == MF_FILTER_IS_NULL) != negate ? M2_FALSE : M2_TRUE;
	}
	switch (field->kind)
	{
		case MF_KIND_BOOL:
			return put_bool(expr, field, f, negate);
		case MF_KIND_I8:
		case MF_KIND_I16:
		case MF_KIND_I32:
		case MF_KIND_I64:
			return put_int(expr, field, f, negate);
		case MF_KIND_F32:
		case MF_KIND_F64:
			return put_real(expr, field, f, negate);
		case MF_KIND_TEXT:
			return put_text(expr, field, f, negate);
		default:
			return M2_NOTHING;
	}
}
