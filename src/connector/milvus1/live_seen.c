/*
 * live_seen.c - Which ids has a scan of a Milvus 1.x server met?
 *
 * A hash table that grows: a server tells of an id nothing but where it is, and
 * that one segment at a time.
 */
#include "live_seen.h"

#define FIRST_SIZE 1024

static size_t
place(const M1Seen *seen, int64_t id)
{
	uint64_t	x = (uint64_t) id * UINT64_C(0x9e3779b97f4a7c15);
	size_t		at = (size_t) (x ^ (x >> 32)) & (seen->size - 1);

	while (seen->slots[at].used && seen->slots[at].id != id)
		at = (at + 1) & (seen->size - 1);
	return at;
}

M1Seen *
m1_seen_new(MfMem *mem)
{
	M1Seen	   *seen = mf_calloc(mem, sizeof(M1Seen));

	if (seen == NULL)
		return NULL;
	seen->mem = mem;
	seen->size = FIRST_SIZE;
	seen->slots = mf_calloc(mem, seen->size * sizeof(M1SeenId));
	if (seen->slots != NULL)
		return seen;
	m1_seen_free(seen);
	return NULL;
}

void
m1_seen_free(M1Seen *seen)
{
	if (seen == NULL)
		return;
	mf_free(seen->mem, seen->slots);
	mf_free(seen->mem, seen);
}

static bool
grow(M1Seen *seen)
{
	M1Seen		bigger = {.mem = seen->mem,.size = seen->size * 2,.n = seen->n};

	bigger.slots = mf_calloc(seen->mem, bigger.size * sizeof(M1SeenId));
	if (bigger.slots == NULL)
		return false;
	for (size_t i = 0; i < seen->size; i++)
	{
		if (seen->slots[i].used)
			bigger.slots[place(&bigger, seen->slots[i].id)] = seen->slots[i];
	}
	mf_free(seen->mem, seen->slots);
	*seen = bigger;
	return true;
}

M1SeenId *
m1_seen_find(const M1Seen *seen, int64_t id)
{
	M1SeenId   *slot = &seen->slots[place(seen, id)];

	return slot->used ? slot : NULL;
}

M1SeenId *
m1_seen_put(M1Seen *seen, int64_t id, int32_t segment, bool *fresh)
{
	M1SeenId   *slot;

	if (seen->n * 10 >= seen->size * 7 && !grow(seen))
		return NULL;
	slot = &seen->slots[place(seen, id)];
	*fresh = !slot->used;
	if (*fresh)
	{
		*slot = (M1SeenId) {.id = id,.segment = segment,.used = true};
		seen->n++;
	}
	return slot;
}
