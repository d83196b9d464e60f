/*
 * expr.c - How are texts and "the rows after this key" said in Milvus's language?
 */
#include <stdio.h>

#include "internal.h"

/*
 * As JSON writes it: backslash and quote are escaped; a bare line end is an error of Milvus's
 * lexer and other control characters are not worth trying.
 */
void
m2_expr_text(MfJsonBuf *expr, const char *text, size_t len)
{
	mf_json_buf_quote_bytes(expr, text, len);
}

static void
put_compare(MfJsonBuf *expr, const char *field, const char *op, int64_t number)
{
	mf_json_buf_add(expr, field);
	mf_json_buf_add(expr, op);
	mf_json_buf_int(expr, number);
}

/*
 * The lexer has no negative literals: -9223372036854775808 is a minus and a
 * number that does not fit.  So "all" is what is not above the largest, and
 * what follows the smallest begins one further.
 */
void
m2_expr_after(MfJsonBuf *expr, const char *field, const M2Key *after)
{
	if (after->is_text)
	{
		mf_json_buf_add(expr, field);
		mf_json_buf_add(expr, after->set ? " > " : " >= ");
		m2_expr_text(expr, after->set ? after->text : "", after->set ? after->len : 0);
	}
	else if (!after->set)
		put_compare(expr, field, " <= ", INT64_MAX);
	else if (after->number == INT64_MIN)
		put_compare(expr, field, " >= ", INT64_MIN + 1);
	else
		put_compare(expr, field, " > ", after->number);
}

char *
m2_key_expr(MfMem *mem, const char *field, const M2Key *after)
{
	MfJsonBuf	expr = {.mem = mem};

	m2_expr_after(&expr, field, after);
	if (!expr.failed)
		return expr.data;
	mf_free(mem, expr.data);
	return NULL;
}

bool
m2_key_is_last(const M2Key *key)
{
	return key->set && !key->is_text && key->number == INT64_MAX;
}
