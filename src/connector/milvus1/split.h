/*
 * split.h - Into which parts can the rows of a collection be cut?
 */
#ifndef MILVUS1_SPLIT_H
#define MILVUS1_SPLIT_H

#include "internal.h"

/* A segment that can be in a part; its name is looked at, not kept. */
typedef struct M1SplitSegment
{
	const char *name;
	int64_t		rows;			/* -1 = not known */
} M1SplitSegment;

/*
 * About `wanted` parts of the segments (0 = one each), at most `most`, into the
 * reply.  There is always one.
 */
extern MfStatus m1_split_make(const M1SplitSegment *segments, int n, int wanted, int most,
							  MfArena *arena, MfReply *reply, MfError *err);

/*
 * Is this segment in the part?  The token has been checked:  every segment that
 * it names is one of the n, and it is written as we write it.
 */
extern bool m1_split_has(const char *token, const char *name);
extern MfStatus m1_split_check(const char *token, const M1SplitSegment *segments, int n,
							   const char *collection, MfError *err);

#endif							/* MILVUS1_SPLIT_H */
