/*
 * sieve.c - Which ids may be there twice?
 *
 * Two bits for each place of a bitmap: met, and met again.  Ids that lie close
 * together have a place each; others share 16 places an id by a hash, so that
 * one in 16 is suspected wrongly and all others need no table.
 */
#include "sieve.h"

#define PLACES_AN_ID 16
#define LEAST_PLACES ((uint64_t) 1 << 16)

struct M1Sieve
{
	MfMem	   *mem;
	uint64_t	mask;			/* places - 1 */
	int64_t		low;
	bool		direct;			/* the place is id - low */
	uint64_t   *met;
	uint64_t   *again;
	int64_t		hits;
};

M1Sieve *
m1_sieve_new(MfMem *mem, int64_t rows, int64_t low, int64_t high)
{
	M1Sieve    *sieve = mf_calloc(mem, sizeof(M1Sieve));
	uint64_t	most = mem->limit / 8 * 4;	/* bits of each of the two */
	uint64_t	places = LEAST_PLACES;
	uint64_t	range = (uint64_t) high - (uint64_t) low;

	if (sieve == NULL)
		return NULL;
	while (places * 2 <= most && places < (uint64_t) rows * PLACES_AN_ID)
		places *= 2;
	while (places > LEAST_PLACES && places / 2 > range)
		places /= 2;
	sieve->mem = mem;
	sieve->mask = places - 1;
	sieve->low = low;
	sieve->direct = range < places;
	sieve->met = mf_calloc(mem, places / 8);
	sieve->again = mf_calloc(mem, places / 8);
	if (sieve->met != NULL && sieve->again != NULL)
		return sieve;
	m1_sieve_free(sieve);
	return NULL;
}

void
m1_sieve_free(M1Sieve *sieve)
{
	if (sieve == NULL)
		return;
	mf_free(sieve->mem, sieve->met);
	mf_free(sieve->mem, sieve->again);
	mf_free(sieve->mem, sieve);
}

static uint64_t
place_of(const M1Sieve *sieve, int64_t id)
{
	return sieve->direct ? (uint64_t) id - (uint64_t) sieve->low : m1_hash(id) & sieve->mask;
}

void
m1_sieve_put(M1Sieve *sieve, int64_t id, bool other)
{
	uint64_t	place = place_of(sieve, id);
	uint64_t	bit = UINT64_C(1) << (place & 63);

	/* files may have changed since their range was looked at */
	if (place > sieve->mask)
		return;
	if (sieve->met[place >> 6] & bit)
	{
		sieve->again[place >> 6] |= bit;
		sieve->hits++;
	}
	else if (!other)
		sieve->met[place >> 6] |= bit;
}

int64_t
m1_sieve_hits(const M1Sieve *sieve)
{
	return sieve->hits;
}

bool
m1_sieve_has(const M1Sieve *sieve, int64_t id)
{
	uint64_t	place = place_of(sieve, id);

	return place <= sieve->mask && (sieve->again[place >> 6] >> (place & 63)) & 1;
}
