/*
 * crc.c - How are checksums computed, as gzip, Parquet's pages and object stores have them?
 *
 * CRC-32: zlib's own makes 2.3 GB/s here, as much as a disk's cache; so, where the
 * processor multiplies without carry, by folding 64 bytes at a time: Gopal et
 * al., "Fast CRC Computation for Generic Polynomials Using PCLMULQDQ
 * Instruction", Intel 2009, for the reflected polynomial 0xEDB88320 (20 GB/s).
 * CRC-64 in the same way; what is left of it, and other processors, by a table.
 */
#include "crc.h"

#include <zlib.h>

#if defined(__x86_64__) && defined(__GNUC__)
#include <immintrin.h>

#define FOLDING __attribute__((target("pclmul,sse4.1")))

/* x^n mod P for the distances folded over, and P with its reciprocal (the paper's table for gzip). */
static const uint64_t by_64[2] = {0x0154442bd4, 0x01c6e41596};
static const uint64_t by_16[2] = {0x01751997d0, 0x00ccaa009e};
static const uint64_t to_32[2] = {0x0163cd6124, 0};
static const uint64_t poly[2] = {0x01db710641, 0x01f7011641};

/* The same of CRC-64: x^(n + 63) and x^(n - 1), because a product of reflected numbers is shifted by one. */
static const uint64_t by_64_of_64[2] = {0x0c32cdb31e18a84a, 0x62242240ace5045a};
static const uint64_t by_16_of_64[2] = {0xeadc41fd2ba3d420, 0x21e9761e252621ac};

FOLDING static inline __m128i
load(const void *p)
{
	return _mm_loadu_si128((const __m128i *) p);
}

FOLDING static inline __m128i
fold(__m128i x, __m128i k, __m128i next)
{
	__m128i		low = _mm_clmulepi64_si128(x, k, 0x00);
	__m128i		high = _mm_clmulepi64_si128(x, k, 0x11);

	return _mm_xor_si128(_mm_xor_si128(low, high), next);
}

/* 128 bits to 32, by Barrett. */
FOLDING static uint32_t
reduce(__m128i x)
{
	const __m128i low_words = _mm_setr_epi32(~0, 0, ~0, 0);
	__m128i		k = load(poly);
	__m128i		t;

	x = _mm_xor_si128(_mm_srli_si128(x, 8), _mm_clmulepi64_si128(x, load(by_16), 0x10));
	t = _mm_srli_si128(x, 4);
	x = _mm_xor_si128(_mm_clmulepi64_si128(_mm_and_si128(x, low_words), load(to_32), 0x00), t);
	t = _mm_clmulepi64_si128(_mm_and_si128(x, low_words), k, 0x10);
	t = _mm_clmulepi64_si128(_mm_and_si128(t, low_words), k, 0x00);
	return (uint32_t) _mm_extract_epi32(_mm_xor_si128(x, t), 1);
}

/* len: at least 64, a multiple of 16.  crc: inverted, before and after. */
FOLDING static uint32_t
folded(uint32_t crc, const unsigned char *p, size_t len)
{
	__m128i		k = load(by_64);
	__m128i		x[4];

	for (int i = 0; i < 4; i++)
		x[i] = load(p + 16 * i);
	x[0] = _mm_xor_si128(x[0], _mm_cvtsi32_si128((int) crc));
	for (p += 64, len -= 64; len >= 64; p += 64, len -= 64)
	{
		x[0] = fold(x[0], k, load(p));
		x[1] = fold(x[1], k, load(p + 16));
		x[2] = fold(x[2], k, load(p + 32));
		x[3] = fold(x[3], k, load(p + 48));
	}
	k = load(by_16);
	for (int i = 1; i < 4; i++)
		x[0] = fold(x[0], k, x[i]);
	for (; len >= 16; p += 16, len -= 16)
		x[0] = fold(x[0], k, load(p));
	return reduce(x[0]);
}

/* The same; what is left has to be taken as 16 bytes of data, after a CRC of nothing. */
FOLDING static void
folded_64(uint64_t crc, const unsigned char *p, size_t len, unsigned char left[16])
{
	__m128i		k = load(by_64_of_64);
	__m128i		x[4];

	for (int i = 0; i < 4; i++)
		x[i] = load(p + 16 * i);
	x[0] = _mm_xor_si128(x[0], _mm_cvtsi64_si128((long long) crc));
	for (p += 64, len -= 64; len >= 64; p += 64, len -= 64)
	{
		for (int i = 0; i < 4; i++)
			x[i] = fold(x[i], k, load(p + 16 * i));
	}
	k = load(by_16_of_64);
	for (int i = 1; i < 4; i++)
		x[0] = fold(x[0], k, x[i]);
	for (; len >= 16; p += 16, len -= 16)
		x[0] = fold(x[0], k, load(p));
	_mm_storeu_si128((__m128i *) left, x[0]);
}

static int
can_fold(void)
{
	return __builtin_cpu_supports("pclmul") && __builtin_cpu_supports("sse4.1");
}
#else
static uint32_t
folded(uint32_t crc, const unsigned char *p, size_t len)
{
	return crc;
}

static void
folded_64(uint64_t crc, const unsigned char *p, size_t len, unsigned char left[16])
{
}

static int
can_fold(void)
{
	return 0;
}
#endif

uint32_t
mf_crc32(uint32_t crc, const void *data, size_t len)
{
	const unsigned char *p = data;
	size_t		whole = len & ~(size_t) 15;

	if (whole >= 64 && can_fold())
	{
		crc = ~folded(~crc, p, whole);
		p += whole;
		len -= whole;
	}
	return len > 0 ? (uint32_t) crc32_z(crc, p, len) : crc;
}

/* A checksum is linear: what changes is that of the difference, moved to its place. */
uint32_t
mf_crc32_patch(uint32_t crc, uint64_t total, const void *before, const void *after, size_t len)
{
	uint32_t	change = mf_crc32(0, before, len) ^ mf_crc32(0, after, len);

	/* combine(a, 0, n) moves a over n bytes, whatever they are */
	return crc ^ (uint32_t) crc32_combine(change, 0, (z_off_t) (total - len));
}

/* ------------------------------------------------------------------------ 64 */

#define POLY_64 UINT64_C(0x9A6C9329AC4BC9B5)

/* Byte by byte; crc: inverted. */
static uint64_t
by_table(uint64_t crc, const unsigned char *p, size_t len)
{
	static uint64_t table[256];

	if (table[1] == 0)
	{
		for (int i = 255; i >= 0; i--)
		{
			uint64_t	c = (uint64_t) i;

			for (int bit = 0; bit < 8; bit++)
				c = (c >> 1) ^ ((c & 1) != 0 ? POLY_64 : 0);
			table[i] = c;
		}
	}
	for (size_t i = 0; i < len; i++)
		crc = table[(crc ^ p[i]) & 0xFF] ^ (crc >> 8);
	return crc;
}

uint64_t
mf_crc64(const void *data, size_t len)
{
	const unsigned char *p = data;
	size_t		whole = len & ~(size_t) 15;
	uint64_t	crc = ~UINT64_C(0);

	if (whole >= 64 && can_fold())
	{
		unsigned char left[16];

		folded_64(crc, p, whole, left);
		crc = by_table(0, left, sizeof(left));
		p += whole;
		len -= whole;
	}
	return ~by_table(crc, p, len);
}
