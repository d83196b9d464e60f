/*
 * scalar.c - How does a scalar quantizer's code become a vector again?
 *
 * libfaiss as Debian builds it has no fused multiply and add, so its last bits
 * are not those of faiss-cpu.  Must be compiled with -ffp-contract=off.
 */
#include <math.h>
#include <string.h>

#include "scalar.h"

enum
{
	SQ_8BIT, SQ_4BIT, SQ_8BIT_UNIFORM, SQ_4BIT_UNIFORM, SQ_FP16, SQ_8BIT_DIRECT, SQ_6BIT, SQ_BF16,
	SQ_8BIT_DIRECT_SIGNED
};

int
mf_faiss_scalar_known(int type)
{
	return type >= SQ_8BIT && type <= SQ_8BIT_DIRECT_SIGNED;
}

static float
from_bits(uint32_t bits)
{
	float		f;

	memcpy(&f, &bits, sizeof(f));
	return f;
}

/* Subnormals by a subtraction that is exact. */
static float
half(uint16_t h)
{
	uint32_t	sign = (uint32_t) (h & 0x8000) << 16;
	uint32_t	rest = (uint32_t) (h & 0x7fff) << 13;

	if ((h & 0x7c00) == 0x7c00)
		return from_bits(sign | rest | 0x7f800000);
	if ((h & 0x7c00) == 0)
		return from_bits(sign | 0x3f800000) * (from_bits(rest + 0x38800000) - from_bits(0x38800000));
	return from_bits(sign | (rest + 0x38000000));
}

/* What stands for dimension i in a code of `bits` bits each, between 0 and 1. */
static float
fraction(const uint8_t *code, size_t i, int bits)
{
	size_t		at = i * (size_t) bits;
	unsigned	value = code[at / 8] >> at % 8;

	if (at % 8 + (size_t) bits > 8)
		value |= (unsigned) code[at / 8 + 1] << (8 - at % 8);
	value &= (1u << bits) - 1;
	return ((float) value + 0.5f) / (float) ((1u << bits) - 1);
}

static void
decode_ranges(const MfFaissScalar *sq, const uint8_t *code, int bits, float *x)
{
	size_t		uniform = sq->type == SQ_8BIT_UNIFORM || sq->type == SQ_4BIT_UNIFORM;

	for (size_t i = 0; i < sq->dim; i++)
	{
		float		value = fraction(code, i, bits);
		float		low = sq->trained[uniform ? 0 : i];
		float		range = sq->trained[uniform ? 1 : sq->dim + i];

		x[i] = sq->dim % 8 == 0 ? fmaf(value, range, low) : low + value * range;
	}
}

static void
decode_plain(const MfFaissScalar *sq, const uint8_t *code, float *x)
{
	for (size_t i = 0; i < sq->dim; i++)
	{
		uint16_t	two = 0;

		if (sq->type == SQ_FP16 || sq->type == SQ_BF16)
			memcpy(&two, code + 2 * i, 2);
		x[i] = sq->type == SQ_FP16 ? half(two) :
			sq->type == SQ_BF16 ? from_bits((uint32_t) two << 16) :
			sq->type == SQ_8BIT_DIRECT ? (float) code[i] : (float) ((int) code[i] - 128);
	}
}

void
mf_faiss_scalar_decode(const MfFaissScalar *sq, const uint8_t *codes, size_t n, float *x)
{
	for (size_t row = 0; row < n; row++, codes += sq->code_size, x += sq->dim)
	{
		switch (sq->type)
		{
			case SQ_8BIT:
			case SQ_8BIT_UNIFORM:
				decode_ranges(sq, codes, 8, x);
				break;
			case SQ_6BIT:
				decode_ranges(sq, codes, 6, x);
				break;
			case SQ_4BIT:
			case SQ_4BIT_UNIFORM:
				decode_ranges(sq, codes, 4, x);
				break;
			default:
				decode_plain(sq, codes, x);
		}
	}
}
