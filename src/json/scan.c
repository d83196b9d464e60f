/*
 * scan.c - Is this JSON, and where does each value end?
 *
 * The zero bytes behind the text are no part of any token, so each loop stops
 * there; a fault at that place is told as a text cut off.
 */
#include <string.h>
#ifdef __SSE2__
#include <emmintrin.h>
#endif

#include "json_internal.h"

void
mf_json_start(MfJson *j, const char *text, size_t len)
{
	j->p = text;
	j->end = text + len;
	j->fault = NULL;
}

/* The first fault is the one to tell. */
bool
mf_json_fail(MfJson *j, const char *fault)
{
	if (j->fault == NULL)
		j->fault = j->p >= j->end ? "it ends too early" : fault;
	return false;
}

/* First byte at or after p that is a quote, a backslash or a control character. */
static inline const char *
plain_end(const char *p)
{
#ifdef __SSE2__
	const __m128i quote = _mm_set1_epi8('"');
	const __m128i backslash = _mm_set1_epi8('\\');
	const __m128i control = _mm_set1_epi8(0x1f);

	/* Never beyond the slack: the first zero byte there stops it. */
	for (;;)
	{
		__m128i		bytes = _mm_loadu_si128((const __m128i *) p);
		__m128i		hit = _mm_or_si128(_mm_or_si128(_mm_cmpeq_epi8(bytes, quote),
													_mm_cmpeq_epi8(bytes, backslash)),
									   _mm_cmpeq_epi8(_mm_min_epu8(bytes, control), bytes));
		int			mask = _mm_movemask_epi8(hit);

		if (mask != 0)
			return p + __builtin_ctz((unsigned int) mask);
		p += 16;
	}
#else
	while (*p != '"' && *p != '\\' && (unsigned char) *p >= 0x20)
		p++;
	return p;
#endif
}

static inline bool
is_hex(char c)
{
	return (c >= '0' && c <= '9') || ((c | 0x20) >= 'a' && (c | 0x20) <= 'f');
}

bool
mf_json_string(MfJson *j, MfJsonText *out)
{
	const char *p = j->p;

	if (*p != '"')
		return mf_json_fail(j, "a string was expected");
	out->at = ++p;
	out->escaped = false;
	for (;;)
	{
		p = plain_end(p);
		if (*p == '"')
			break;
		if (*p != '\\')
		{
			j->p = p;
			return mf_json_fail(j, "a string holds a control character");
		}
		out->escaped = true;
		switch (p[1])
		{
			case '"':
			case '\\':
			case '/':
			case 'b':
			case 'f':
			case 'n':
			case 'r':
			case 't':
				p += 2;
				break;
			case 'u':
				if (is_hex(p[2]) && is_hex(p[3]) && is_hex(p[4]) && is_hex(p[5]))
				{
					p += 6;
					break;
				}
				/* FALLTHROUGH */
			default:
				j->p = p + 1;
				return mf_json_fail(j, "a string holds an unknown escape");
		}
	}
	out->len = (size_t) (p - out->at);
	j->p = p + 1;
	return true;
}

bool
mf_json_number(MfJson *j, MfJsonNumber *out)
{
	const char *end = json_read_number(j->p, out);

	if (end == NULL)
		return mf_json_fail(j, "a value is malformed");
	j->p = end;
	if (json_after_value(end))
		return true;
	return mf_json_fail(j, "a number is malformed");
}

static bool
word(MfJson *j, const char *w, size_t len)
{
	/* Bytes past the end are zero and differ. */
	if (strncmp(j->p, w, len) != 0)
	{
		while (len > 0 && *j->p != '\0' && *j->p == *w)
		{
			j->p++;
			w++;
			len--;
		}
		return mf_json_fail(j, "a value is malformed");
	}
	j->p += len;
	return true;
}

bool
mf_json_bool(MfJson *j, bool *out)
{
	*out = *j->p == 't';
	return *out ? word(j, "true", 4) : word(j, "false", 5);
}

bool
mf_json_null(MfJson *j)
{
	return word(j, "null", 4);
}

int
mf_json_member(MfJson *j, bool *first, MfJsonText *key)
{
	mf_json_ws(j);
	if (*j->p == '}')
	{
		j->p++;
		return 0;
	}
	if (!*first)
	{
		if (*j->p != ',')
		{
			mf_json_fail(j, "a comma or the end of an object was expected");
			return -1;
		}
		j->p++;
		mf_json_ws(j);
	}
	*first = false;
	if (!mf_json_string(j, key))
		return -1;
	mf_json_ws(j);
	if (*j->p != ':')
	{
		mf_json_fail(j, "a colon was expected");
		return -1;
	}
	j->p++;
	mf_json_ws(j);
	return 1;
}

int
mf_json_element(MfJson *j, bool *first)
{
	mf_json_ws(j);
	if (*j->p == ']')
	{
		j->p++;
		return 0;
	}
	if (!*first)
	{
		if (*j->p != ',')
		{
			mf_json_fail(j, "a comma or the end of an array was expected");
			return -1;
		}
		j->p++;
		mf_json_ws(j);
		if (*j->p == ']')
		{
			mf_json_fail(j, "a value was expected");
			return -1;
		}
	}
	*first = false;
	return 1;
}

static bool
scalar(MfJson *j)
{
	MfJsonText	text;
	MfJsonNumber number;
	bool		flag;

	switch (*j->p)
	{
		case '"':
			return mf_json_string(j, &text);
		case 't':
		case 'f':
			return mf_json_bool(j, &flag);
		case 'n':
			return mf_json_null(j);
		default:
			return mf_json_number(j, &number);
	}
}

/* Pass over one value of any shape.  A loop, not recursion: the text is hostile. */
bool
mf_json_skip(MfJson *j)
{
	bool		object[MF_JSON_DEPTH];
	int			depth = 0;
	bool		first = true;

	for (;;)
	{
		/* at a value */
		mf_json_ws(j);
		if (*j->p == '{' || *j->p == '[')
		{
			if (depth == MF_JSON_DEPTH)
				return mf_json_fail(j, "it is nested too deeply");
			object[depth++] = *j->p == '{';
			j->p++;
			first = true;
		}
		else
		{
			if (!scalar(j))
				return false;
			if (depth == 0)
				return true;
			first = false;
		}
		/* to the next value */
		for (;;)
		{
			MfJsonText	key;
			int			more = object[depth - 1] ?
				mf_json_member(j, &first, &key) : mf_json_element(j, &first);

			if (more < 0)
				return false;
			if (more > 0)
				break;
			if (--depth == 0)
				return true;
			first = false;
		}
	}
}

bool
mf_json_finish(MfJson *j)
{
	mf_json_ws(j);
	if (j->p < j->end)
		return mf_json_fail(j, "something follows its end");
	return true;
}
