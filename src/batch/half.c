/*
 * half.c - Which float of two bytes is nearest to a number?
 */
#include "half.h"

/*
 * To `digits` bits behind the point and an exponent of at least `lowest`,
 * where the subnormals begin.  A double has 52 and goes far lower, so the one
 * rounding here is the only one.
 */
static bool
narrow(double value, int digits, int lowest, uint16_t infinity, uint16_t *out)
{
	uint64_t	bits;
	uint64_t	mantissa;
	uint64_t	kept;
	uint64_t	rest;
	uint64_t	tie;
	uint16_t	sign;
	int			exponent;
	int			shift;

	memcpy(&bits, &value, sizeof(bits));
	sign = (uint16_t) (bits >> 63 << 15);
	exponent = (int) (bits >> 52 & 0x7FF) - 1023;
	mantissa = bits & ((UINT64_C(1) << 52) - 1);
	if (exponent == 1024)
	{
		/* of a NaN what fits of its payload, and quiet */
		*out = sign | infinity;
		if (mantissa != 0)
			*out |= (uint16_t) (1 << (digits - 1) | mantissa >> (52 - digits));
		return true;
	}
	mantissa |= UINT64_C(1) << 52;
	shift = 52 - digits + (exponent < lowest ? lowest - exponent : 0);
	*out = sign;
	if (shift > 53)				/* less than half of the smallest, also 0 */
		return true;
	kept = mantissa >> shift;
	rest = mantissa & ((UINT64_C(1) << shift) - 1);
	tie = UINT64_C(1) << (shift - 1);
	if (rest > tie || (rest == tie && (kept & 1)))
		kept++;
	/* of normal numbers the leading bit counts as one of the exponent */
	if (exponent > lowest)
		kept += (uint64_t) (exponent - lowest) << digits;
	if (kept >= infinity)
		return false;
	*out = (uint16_t) (sign | kept);
	return true;
}

bool
mf_half_of(double value, uint16_t *half)
{
	return narrow(value, 10, -14, 0x7C00, half);
}

bool
mf_bfloat_of(double value, uint16_t *bfloat)
{
	return narrow(value, 7, -126, 0x7F80, bfloat);
}
