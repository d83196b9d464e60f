/*
 * convert_from_text.c - How is a vector read from text?
 *
 *		vector = "[" list "]" | "{" list "}"
 *		list   = nothing | number { "," number }
 *		number = [ "+" | "-" ] ( decimal | "NaN" | "Infinity" | "inf" )
 *
 * The first bracket is JSON's and pgvector's, the second PostgreSQL's.  Blanks
 * (space, tab, line ends, form feed, vertical tab) may stand around every
 * sign above; the words are read in any case.  Nothing here asks the locale.
 */
#include "convert.h"

#include <math.h>

#include "fmgr.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/float.h"

PG_FUNCTION_INFO_V1(milvus_fdw_to_vector_text);

static const char *
skip_blanks(const char *p)
{
	while (*p == ' ' || (*p >= '\t' && *p <= '\r'))
		p++;
	return p;
}

/* Does p start with the (lower-case) word, in any case? */
static bool
starts_with(const char *p, const char *word)
{
	while (*word != '\0' && pg_ascii_tolower((unsigned char) *p) == *word)
	{
		p++;
		word++;
	}
	return *word == '\0';
}

/* Read the word at p, as mf_decimal_read does a number. */
static const char *
read_word(const char *p, float4 *f)
{
	bool		negative = (*p == '-');

	if (*p == '+' || *p == '-')
		p++;
	if (starts_with(p, "nan"))
	{
		*f = get_float4_nan();
		return p + strlen("nan");
	}
	if (!starts_with(p, "inf"))
		return NULL;
	*f = negative ? -get_float4_infinity() : get_float4_infinity();
	return p + strlen(starts_with(p, "infinity") ? "infinity" : "inf");
}

/* Raise the error for text that is not a vector; `at` is where that shows. */
static void
invalid(const char *text, const char *at, const char *expected)
{
	bool		hex = strncmp(skip_blanks(text), "\\x", 2) == 0;
	size_t		len = strcspn(at, ",[]{} \t\n\v\f\r");

	/* What was found: up to the next sign, or that sign.  All before is ASCII. */
	if (len == 0 && *at != '\0')
		len = 1;

	ereport(ERROR,
			(errcode(ERRCODE_INVALID_TEXT_REPRESENTATION),
			 errmsg("invalid text for a vector: \"%s\"", mf_clip(text, strlen(text))),
			 len > 0 ?
			 errdetail("Expected %s at character %d, found \"%s\".",
					   expected, (int) (at - text) + 1, mf_clip(at, len)) :
			 errdetail("Expected %s at character %d, found the end.",
					   expected, (int) (at - text) + 1),
			 hex ? errhint("Cast a bytea literal to type bytea.") : 0));
}

/* to_vector(text, dim) */
Datum
milvus_fdw_to_vector_text(PG_FUNCTION_ARGS)
{
	char	   *string = text_to_cstring(PG_GETARG_TEXT_PP(0));
	int			dim = PG_GETARG_INT32(1);
	const char *p = skip_blanks(string);
	int64		room = 1;
	char		close;
	ArrayType  *result;
	float4	   *out;
	int			n = 0;

	if (*p != '[' && *p != '{')
		invalid(string, p, "\"[\" or \"{\"");
	close = (*p == '[') ? ']' : '}';
	p = skip_blanks(p + 1);

	/* In a text that is right the commas tell how many elements there are. */
	if (*p == close)
		room = 0;
	for (const char *comma = p; (comma = strchr(comma, ',')) != NULL; comma++)
		room++;
	result = mf_vector_new(room, &out);

	while (n > 0 || *p != close)
	{
		const char *end = mf_decimal_read(p, &out[n]);

		CHECK_FOR_INTERRUPTS();
		if (end != NULL && isinf(out[n]))
			mf_float4_overflow(pnstrdup(p, end - p), n + 1);
		if (end == NULL)
			end = read_word(p, &out[n]);
		if (end == NULL && starts_with(p, "null"))
			ereport(ERROR,
					(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
					 errmsg("element %d of the vector is null", n + 1)));
		if (end == NULL)
			invalid(string, p, "a number");
		n++;
		p = skip_blanks(end);
		if (*p != ',')
			break;
		p = skip_blanks(p + 1);
	}
	if (*p != close)
		invalid(string, p, psprintf("\",\" or \"%c\"", close));
	p = skip_blanks(p + 1);
	if (*p != '\0')
		invalid(string, p, "the end");
	Assert(n == room);

	mf_vector_check_dim(n, dim);
	PG_RETURN_ARRAYTYPE_P(result);
}
