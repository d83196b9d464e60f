/*
 * live_seen.h - Which ids has a scan of a Milvus 1.x server met?
 */
#ifndef MILVUS1_LIVE_SEEN_H
#define MILVUS1_LIVE_SEEN_H

#include "internal.h"

typedef struct M1SeenId
{
	int64_t		id;
	int32_t		segment;		/* where it was met first */
	bool		used;			/* the slot is taken */
	bool		delivered;		/* its row was, or is under way */
	bool		elsewhere;		/* its row is another split's */
} M1SeenId;

typedef struct M1Seen
{
	MfMem	   *mem;
	M1SeenId   *slots;
	size_t		size;			/* a power of two */
	size_t		n;
} M1Seen;

/* NULL = no memory. */
extern M1Seen *m1_seen_new(MfMem *mem);
extern void m1_seen_free(M1Seen *seen);

/* NULL = it was not met. */
extern M1SeenId *m1_seen_find(const M1Seen *seen, int64_t id);

/* The same, and it is put there if need be; NULL = no memory. */
extern M1SeenId *m1_seen_put(M1Seen *seen, int64_t id, int32_t segment, bool *fresh);

#endif							/* MILVUS1_LIVE_SEEN_H */
