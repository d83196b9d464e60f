/*
 * expr.c - How is "the rows after this key" said in Milvus's language?
 */
#include <stdio.h>

#include "internal.h"

/* Worst case: each byte becomes \u00XX. */
#define ESCAPED 6

/*
 * A string literal.  Backslash and quote are escaped; a bare line end is an
 * error of Milvus's lexer and other control characters are not worth trying.
 */
static char *
put_literal(char *p, const char *text, size_t len)
{
	*p++ = '"';
	for (size_t i = 0; i < len; i++)
	{
		unsigned char c = (unsigned char) text[i];

		if (c == '"' || c == '\\')
		{
			*p++ = '\\';
			*p++ = (char) c;
		}
		else if (c < 0x20)
			p += sprintf(p, "\\u%04x", c);
		else
			*p++ = (char) c;
	}
	*p++ = '"';
	*p = '\0';
	return p;
}

/*
 * The lexer has no negative literals: -9223372036854775808 is a minus and a
 * number that does not fit.  So "all" is what is not above the largest, and
 * what follows the smallest begins one further.
 */
char *
m2_key_expr(MfMem *mem, const char *field, const M2Key *after)
{
	size_t		room = strlen(field) + 64 + (after->is_text ? after->len * ESCAPED : 0);
	char	   *expr = mf_alloc(mem, room);
	char	   *p;

	if (expr == NULL)
		return NULL;
	if (after->is_text)
	{
		p = expr + sprintf(expr, "%s %s ", field, after->set ? ">" : ">=");
		put_literal(p, after->set ? after->text : "", after->set ? after->len : 0);
	}
	else if (!after->set)
		snprintf(expr, room, "%s <= %lld", field, (long long) INT64_MAX);
	else if (after->number == INT64_MIN)
		snprintf(expr, room, "%s >= %lld", field, (long long) INT64_MIN + 1);
	else
		snprintf(expr, room, "%s > %lld", field, (long long) after->number);
	return expr;
}

bool
m2_key_is_last(const M2Key *key)
{
	return key->set && !key->is_text && key->number == INT64_MAX;
}
