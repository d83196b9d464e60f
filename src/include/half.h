/*
 * half.h - How do floats of two bytes and others become each other?
 *
 * IEEE 754 binary16 ("half") and bfloat16, as bits.  Plain C, no PostgreSQL
 * header.
 */
#ifndef MF_HALF_H
#define MF_HALF_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

/* Exact; NaNs keep their bits. */
static inline float
mf_half_value(uint16_t half)
{
	uint32_t	sign = (uint32_t) (half & 0x8000) << 16;
	uint32_t	exponent = (half >> 10) & 0x1F;
	uint32_t	fraction = half & 0x3FF;
	uint32_t	bits;
	float		value;

	if (exponent == 0)
	{
		value = (float) fraction * 0x1p-24f;
		return sign ? -value : value;
	}
	bits = sign | (exponent == 0x1F ? UINT32_C(0x7F800000) : (exponent + 112) << 23) | fraction << 13;
	memcpy(&value, &bits, sizeof(value));
	return value;
}

static inline float
mf_bfloat_value(uint16_t bfloat)
{
	uint32_t	bits = (uint32_t) bfloat << 16;
	float		value;

	memcpy(&value, &bits, sizeof(value));
	return value;
}

/*
 * Rounded once, to the nearest, a tie to the even one.  false = a finite value
 * beyond the largest; infinity and NaN stay what they are.
 */
extern bool mf_half_of(double value, uint16_t *half);
extern bool mf_bfloat_of(double value, uint16_t *bfloat);

#endif							/* MF_HALF_H */
