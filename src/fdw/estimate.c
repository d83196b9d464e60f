/*
 * estimate.c - How many rows did the remote last say a collection holds?
 *
 * A small cache for the planner, so that planning does not need the network.
 * It is filled by whatever learns a count anyway: describing, importing,
 * whole scans.
 */
#include "milvus_fdw.h"

#include "common/hashfn.h"
#include "utils/hsearch.h"
#include "utils/timestamp.h"

#define MAX_ENTRIES 10000

typedef struct EstimateKey
{
	Oid			serverid;
	uint64		collection;		/* hash of its name; a clash costs a poor plan */
} EstimateKey;

typedef struct EstimateEntry
{
	EstimateKey key;
	double		rows;
} EstimateEntry;

static HTAB *estimates = NULL;

static EstimateEntry *
lookup(Oid serverid, const char *collection, HASHACTION action)
{
	EstimateKey key;
	bool		found;

	if (estimates == NULL)
	{
		HASHCTL		ctl = {.keysize = sizeof(EstimateKey),.entrysize = sizeof(EstimateEntry)};

		estimates = hash_create("milvus_fdw estimates", 64, &ctl, HASH_ELEM | HASH_BLOBS);
	}
	if (action == HASH_ENTER && hash_get_num_entries(estimates) >= MAX_ENTRIES)
		action = HASH_FIND;
	memset(&key, 0, sizeof(key));
	key.serverid = serverid;
	key.collection = hash_bytes_extended((const unsigned char *) collection, strlen(collection), 0);
	return hash_search(estimates, &key, action, &found);
}

double
mf_estimate_rows(Oid serverid, const char *collection)
{
	EstimateEntry *entry = lookup(serverid, collection, HASH_FIND);

	return entry ? entry->rows : -1;
}

void
mf_estimate_note(Oid serverid, const char *collection, double rows)
{
	EstimateEntry *entry;

	if (rows < 0)
		return;
	entry = lookup(serverid, collection, HASH_ENTER);
	if (entry != NULL)
		entry->rows = rows;
}
