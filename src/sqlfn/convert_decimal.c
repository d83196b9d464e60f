/*
 * convert_decimal.c - How are decimal numbers read that are not JSON's?
 *
 * More freely than JSON has it (a plus sign, zeros in front, a point without
 * digits on one side), and from text with nothing but a NUL behind it.  Which
 * float32 they mean is for src/json/number.c to say.
 */
#include "convert.h"

#include "json.h"

#define MAX_DIGITS 19			/* 10^19 - 1 fits in 64 bits */
#define MAX_EXPONENT 10000000	/* and one digit more, with room for exp10 */

/* The digits and the point; false = there is no digit. */
static bool
read_digits(const char **text, MfJsonNumber *n)
{
	const char *p = *text;
	int			digits = 0;		/* without zeros in front */
	bool		any = false;
	bool		point = false;

	for (;; p++)
	{
		if (*p == '.' && !point)
		{
			point = true;
			continue;
		}
		if (*p < '0' || *p > '9')
			break;
		any = true;
		if (point)
			n->exp10--;
		if (digits == 0 && *p == '0')
			continue;
		if (digits < MAX_DIGITS)
			n->mantissa = n->mantissa * 10 + (uint64_t) (*p - '0');
		else
			n->exact = false;
		digits++;
	}
	*text = p;
	return any;
}

/* What follows the "e"; false = no digit does. */
static bool
read_exponent(const char **text, MfJsonNumber *n)
{
	const char *p = *text;
	bool		negative = (*p == '-');
	int			e = 0;

	if (*p == '+' || *p == '-')
		p++;
	if (*p < '0' || *p > '9')
		return false;
	for (; *p >= '0' && *p <= '9'; p++)
	{
		if (e < MAX_EXPONENT)
			e = e * 10 + (*p - '0');
		else
			n->exact = false;
	}
	n->exp10 += negative ? -e : e;
	*text = p;
	return true;
}

const char *
mf_decimal_read(const char *start, float4 *f)
{
	MfJsonNumber n = {.at = start, .exact = true};
	const char *p = start;

	n.negative = (*p == '-');
	if (*p == '+' || *p == '-')
		p++;
	if (!read_digits(&p, &n))
		return NULL;
	if (*p == 'e' || *p == 'E')
	{
		p++;
		if (!read_exponent(&p, &n))
			return NULL;
	}
	n.end = p;
	*f = mf_json_f32(&n);
	return p;
}
