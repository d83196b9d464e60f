/*
 * sieve.h - Which ids may be there twice?
 */
#ifndef MILVUS1_SIEVE_H
#define MILVUS1_SIEVE_H

#include "internal.h"

/* -------------------------------------------------------------------- range.c */

/* From which id to which one does a segment reach? */
typedef struct M1Range
{
	bool		any;
	bool		mine;
	int64_t		low;
	int64_t		high;
} M1Range;

/* One id more; false = it is not larger than all before it. */
extern bool m1_range_add(M1Range *range, int64_t id);

/* Does no segment of mine reach into another's range?  Puts them in order. */
extern bool m1_ranges_are_apart(M1Range *ranges, int n);

/* -------------------------------------------------------------------- sieve.c */

typedef struct M1Sieve M1Sieve;

/* For so many ids, all between low and high; NULL = no memory. */
extern M1Sieve *m1_sieve_new(MfMem *mem, int64_t rows, int64_t low, int64_t high);
extern void m1_sieve_free(M1Sieve *sieve);

/* An id is there; or (other) it is to be found only if it is there already. */
extern void m1_sieve_put(M1Sieve *sieve, int64_t id, bool other);

/* How often was an id, or one that looks like it, there already? */
extern int64_t m1_sieve_hits(const M1Sieve *sieve);

/* Is this one, or one that looks like it, there twice?  false is certain. */
extern bool m1_sieve_has(const M1Sieve *sieve, int64_t id);

/* Every bit of the id moves every bit. */
static inline uint64_t
m1_hash(int64_t id)
{
	uint64_t	x = (uint64_t) id;

	/* the finalizer of splitmix64 (Vigna) */
	x = (x ^ (x >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	x = (x ^ (x >> 27)) * UINT64_C(0x94d049bb133111eb);
	return x ^ (x >> 31);
}

#endif							/* MILVUS1_SIEVE_H */
