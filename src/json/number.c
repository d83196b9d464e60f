/*
 * number.c - Which number does a decimal text mean, to the last bit?
 *
 * Quick ways for nearly all, the C library's strtof and strtod (in the "C"
 * locale, whatever LC_NUMERIC says) for the few that lie too close to call.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <float.h>
#include <locale.h>
#include <stdlib.h>

#include "json_internal.h"

const double json_pow10[23] = {
	1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13,
	1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22
};

static locale_t
c_locale(void)
{
	static locale_t made;

	/* glibc and musl answer a constant for "C": nothing is allocated */
	if (made == (locale_t) 0)
		made = newlocale(LC_ALL_MASK, "C", (locale_t) 0);
	return made;
}

/*
 * The text was checked against the grammar and the byte after it is none that
 * a number could go on with, so that reading in place stops where it must.
 */
float
json_f32_slow(const MfJsonNumber *n)
{
	return strtof_l(n->at, NULL, c_locale());
}

float
mf_json_f32(const MfJsonNumber *n)
{
	return json_to_f32(n);
}

double
mf_json_f64(const MfJsonNumber *n)
{
	if (n->exact && n->mantissa <= (uint64_t) 1 << 53 && n->exp10 >= -22 && n->exp10 <= 22)
	{
		double		d = (double) (int64_t) n->mantissa;

		d = n->exp10 < 0 ? d / json_pow10[-n->exp10] : d * json_pow10[n->exp10];
		return n->negative ? -d : d;
	}
#if LDBL_MANT_DIG == 64
	/* The same thought as for floats, one size up: 17 digits fit in 64 bits. */
	if (n->exact && n->mantissa != 0 && n->exp10 >= -22 && n->exp10 <= 22)
	{
		long double d = (long double) n->mantissa;
		uint64_t	bits;

		d = n->exp10 < 0 ? d / json_pow10[-n->exp10] : d * json_pow10[n->exp10];
		memcpy(&bits, &d, 8);
		if ((uint32_t) (bits & 0x7FF) - (0x400 - 2) > 4)
			return n->negative ? -(double) d : (double) d;
	}
#endif
	return strtod_l(n->at, NULL, c_locale());
}

/* The magnitude as a whole number. */
static MfJsonInt
whole(const MfJsonNumber *n, uint64_t *out)
{
	uint64_t	m = n->mantissa;
	int32_t		e = n->exp10;

	if (!n->exact)
	{
		/* More than 19 digits: zeros after the point may be all that is too much. */
		const char *p;
		bool		fraction = false;

		m = 0;
		for (p = n->at + n->negative; p < n->end && *p != 'e' && *p != 'E'; p++)
		{
			if (*p == '.')
				fraction = true;
			else if (fraction)
			{
				if (*p != '0')
					return MF_JSON_INT_FRACTION;
			}
			else if (__builtin_mul_overflow(m, 10, &m) ||
					 __builtin_add_overflow(m, (uint64_t) (*p - '0'), &m))
				return MF_JSON_INT_RANGE;
		}
		if (p < n->end && m != 0)
			return MF_JSON_INT_RANGE;
		*out = m;
		return MF_JSON_INT_OK;
	}
	while (e < 0 && m != 0)
	{
		if (m % 10 != 0)
			return MF_JSON_INT_FRACTION;
		m /= 10;
		e++;
	}
	while (e > 0 && m != 0)
	{
		if (__builtin_mul_overflow(m, 10, &m))
			return MF_JSON_INT_RANGE;
		e--;
	}
	*out = m;
	return MF_JSON_INT_OK;
}

MfJsonInt
mf_json_u64(const MfJsonNumber *n, uint64_t *out)
{
	MfJsonInt	answer = whole(n, out);

	if (answer == MF_JSON_INT_OK && n->negative && *out != 0)
		return MF_JSON_INT_RANGE;
	return answer;
}

MfJsonInt
mf_json_i64(const MfJsonNumber *n, int64_t *out)
{
	uint64_t	m = 0;
	MfJsonInt	answer = whole(n, &m);

	if (answer != MF_JSON_INT_OK)
		return answer;
	if (m > (uint64_t) INT64_MAX + n->negative)
		return MF_JSON_INT_RANGE;
	*out = n->negative ? (int64_t) (0 - m) : (int64_t) m;
	return MF_JSON_INT_OK;
}

bool
mf_json_number_text(const char *text, size_t len, MfJsonNumber *out)
{
	return len > 0 && json_read_number(text, out) == text + len;
}

bool
mf_json_f32_array(MfJson *j, float *out, int32_t room, int64_t *count)
{
	const char *p = j->p;
	int64_t		n = 0;
	MfJsonNumber number;

	for (;;)
	{
		const char *end;

		while ((unsigned char) *p <= ' ')
		{
			if (*p != ' ' && *p != '\n' && *p != '\r' && *p != '\t')
				break;
			p++;
		}
		if (*p == ']' && n == 0)
			break;
		end = json_read_number(p, &number);
		if (end == NULL || !json_after_value(end))
		{
			j->p = end == NULL ? p : end;
			return mf_json_fail(j, "a vector holds something that is not a number");
		}
		if (n < room)
			out[n] = json_to_f32(&number);
		n++;
		p = end;
		if (*p == ',')
		{
			p++;
			continue;
		}
		while (*p == ' ' || *p == '\n' || *p == '\r' || *p == '\t')
			p++;
		if (*p == ',')
		{
			p++;
			continue;
		}
		if (*p == ']')
			break;
		j->p = p;
		return mf_json_fail(j, "a comma or the end of an array was expected");
	}
	j->p = p + 1;
	*count = n;
	return true;
}
