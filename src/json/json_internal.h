/*
 * json_internal.h - What do the hot loops of the JSON reader share?
 *
 * Inlined into them: a page of vectors is little else than numbers.
 */
#ifndef MF_JSON_INTERNAL_H
#define MF_JSON_INTERNAL_H

#include <string.h>

#include "json.h"

/* May this byte follow a number?  The zero byte stands for the end. */
static inline bool
json_after_value(const char *p)
{
	return *p == ',' || *p == ']' || *p == '}' || *p == ' ' || *p == '\n' ||
		*p == '\r' || *p == '\t' || *p == '\0';
}

static inline bool
json_is_digit(char c)
{
	return (unsigned char) (c - '0') < 10;
}

/* How many of eight bytes, from the first, are digits? */
static inline int
json_digit_count(uint64_t v)
{
	uint64_t	t = v ^ 0x3030303030303030;

	/* A byte of 10 or more gets its top bit; carries reach only later bytes. */
	t = ((t + 0x7676767676767676) | t) & 0x8080808080808080;
	return t == 0 ? 8 : __builtin_ctzll(t) >> 3;
}

/* Their value: pairs, then fours, then all, each with one multiplication. */
static inline uint64_t
json_eight_value(uint64_t v)
{
	v = (v & 0x0F0F0F0F0F0F0F0F) * 2561 >> 8;
	v = (v & 0x00FF00FF00FF00FF) * 6553601 >> 16;
	return (v & 0x0000FFFF0000FFFF) * 42949672960001 >> 32;
}

/*
 * Read a number by the grammar.  NULL = malformed; what follows the number is
 * for the caller to check.  Looks at most 8 bytes past the end of the text.
 */
static inline const char *
json_read_number(const char *p, MfJsonNumber *n)
{
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
	static const uint32_t power[8] = {1, 10, 100, 1000, 10000, 100000, 1000000, 10000000};
#endif
	const char *first;
	uint64_t	mantissa = 0;
	int64_t		digits;
	int64_t		exp10 = 0;

	n->at = p;
	n->negative = *p == '-';
	p += n->negative;
	first = p;
	if (*p == '0')
	{
		p++;
		if (json_is_digit(*p))
			return NULL;
	}
	else if (json_is_digit(*p))
	{
		do
			mantissa = mantissa * 10 + (uint64_t) (*p++ - '0');
		while (json_is_digit(*p));
	}
	else
		return NULL;
	digits = p - first;
	if (*p == '.')
	{
		const char *fraction = ++p;

		if (!json_is_digit(*p))
			return NULL;
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
		for (;;)
		{
			uint64_t	eight;
			int			n8;

			memcpy(&eight, p, 8);
			n8 = json_digit_count(eight);
			p += n8;
			if (n8 == 8)
			{
				mantissa = mantissa * 100000000 + json_eight_value(eight);
				continue;
			}
			/* zeros come in front of fewer digits */
			if (n8 > 0)
				mantissa = mantissa * power[n8] + json_eight_value(eight << (64 - 8 * n8));
			break;
		}
#else
		while (json_is_digit(*p))
			mantissa = mantissa * 10 + (uint64_t) (*p++ - '0');
#endif
		exp10 = -(int64_t) (p - fraction);
		digits -= exp10;
	}
	n->exact = true;
	if (digits > 19)
	{
		/* zeros in front do not count */
		const char *q = first;

		while (q < p && (*q == '0' || *q == '.'))
		{
			digits -= *q == '0';
			q++;
		}
		n->exact = digits <= 19;
	}
	if (*p == 'e' || *p == 'E')
	{
		int64_t		e = 0;
		bool		below;

		p++;
		below = *p == '-';
		if (*p == '-' || *p == '+')
			p++;
		if (!json_is_digit(*p))
			return NULL;
		do
		{
			if (e < 100000000)
				e = e * 10 + (*p - '0');
			p++;
		}
		while (json_is_digit(*p));
		exp10 += below ? -e : e;
	}
	if (exp10 > 100000 || exp10 < -100000)
		n->exact = false;
	n->mantissa = mantissa;
	n->exp10 = n->exact ? (int32_t) exp10 : 0;
	n->end = p;
	return p;
}

extern float json_f32_slow(const MfJsonNumber *n);
extern const double json_pow10[23];

/*
 * The nearest float.  Digits and power of ten are exact in a double (or off
 * by half a unit, beyond 2^53), the division adds half a unit: the double is at
 * most two units off.  So the float rounded from it is right unless the double lies within
 * that distance of the middle between two floats; there, and among
 * the smallest and largest floats, the slow way decides.
 */
static inline float
json_to_f32(const MfJsonNumber *n)
{
	if (n->exact && n->exp10 >= -22 && n->exp10 <= 22)
	{
		double		d = n->mantissa >> 63 ? (double) n->mantissa : (double) (int64_t) n->mantissa;
		uint64_t	bits;

		if (n->exp10 < 0)
			d /= json_pow10[-n->exp10];
		else
			d *= json_pow10[n->exp10];
		memcpy(&bits, &d, 8);
		if (d >= 0x1p-126 && d <= 0x1.fffffep127 &&
			(uint32_t) (bits & 0x1FFFFFFF) - (0x10000000 - 4) > 8)
			return n->negative ? -(float) d : (float) d;
		if (n->mantissa == 0)
			return n->negative ? -0.0f : 0.0f;
	}
	return json_f32_slow(n);
}

#endif							/* MF_JSON_INTERNAL_H */
