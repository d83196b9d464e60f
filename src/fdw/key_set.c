/*
 * key_set.c - Which keys has a statement written already?
 *
 * Integers are kept as they are.  Of other keys 128 bits of hash are kept: that
 * two of 10^9 keys share them has a chance of 1 in 10^20.
 */
#include "key_set.h"

#include "compat.h"

#include "catalog/pg_type.h"
#include "common/hashfn.h"
#include "fmgr.h"
#include "utils/lsyscache.h"

typedef struct Key
{
	uint64		low;
	uint64		high;
} Key;

typedef struct KeyEntry
{
	Key			key;
	int64		number;
	char		status;
} KeyEntry;

/* Neighbouring integers must not be neighbours in the table (the end of MurmurHash3). */
static inline uint32
spread(Key key)
{
	uint64		h = key.low ^ key.high;

	h ^= h >> 33;
	h *= UINT64CONST(0xff51afd7ed558ccd);
	h ^= h >> 33;
	h *= UINT64CONST(0xc4ceb9fe1a85ec53);
	return (uint32) (h ^ (h >> 33));
}

#define SH_PREFIX keys
#define SH_ELEMENT_TYPE KeyEntry
#define SH_KEY_TYPE Key
#define SH_KEY key
#define SH_HASH_KEY(tb, k) spread(k)
#define SH_EQUAL(tb, a, b) ((a).low == (b).low && (a).high == (b).high)
#define SH_SCOPE static inline
#define SH_DECLARE
#define SH_DEFINE
#include "lib/simplehash.h"

/* Keys to begin with, and that are never worth trimming. */
#define FEW_KEYS 1024

struct MfKeySet
{
	keys_hash  *table;
	MemoryContext context;
	Oid			type;			/* domains resolved */
	int16		len;
	bool		byval;
};

MfKeySet *
mf_key_set_new(Oid type)
{
	MfKeySet   *set = palloc0(sizeof(MfKeySet));

	set->context = CurrentMemoryContext;
	set->type = getBaseType(type);
	get_typlenbyval(set->type, &set->len, &set->byval);
	set->table = keys_create(set->context, FEW_KEYS, NULL);
	return set;
}

static Key
key_of(const MfKeySet *set, Datum datum)
{
	const unsigned char *bytes;
	int			len;
	Key			key = {0};

	if (set->byval)
	{
		key.low = (uint64) datum;
		return key;
	}
	if (set->len == -1)
	{
		struct varlena *value = PG_DETOAST_DATUM_PACKED(datum);

		bytes = (const unsigned char *) VARDATA_ANY(value);
		len = (int) VARSIZE_ANY_EXHDR(value);
	}
	else
	{
		bytes = (const unsigned char *) DatumGetPointer(datum);
		len = set->len > 0 ? set->len : (int) strlen((const char *) bytes);
	}
	key.low = hash_bytes_extended(bytes, len, 0);
	key.high = hash_bytes_extended(bytes, len, UINT64CONST(0x9e3779b97f4a7c15));
	return key;
}

bool
mf_key_set_add(MfKeySet *set, Datum datum, int64 number, int64 since)
{
	bool		found;
	KeyEntry   *entry = keys_insert(set->table, key_of(set, datum), &found);

	if (found && entry->number >= since)
		return false;
	entry->number = number;
	return true;
}

void
mf_key_set_trim(MfKeySet *set, int64 since, uint32 expected)
{
	keys_hash  *kept;
	keys_iterator iter;
	KeyEntry   *entry;

	if (set->table->members <= FEW_KEYS + 2 * expected)
		return;
	kept = keys_create(set->context, FEW_KEYS + 2 * expected, NULL);
	keys_start_iterate(set->table, &iter);
	while ((entry = keys_iterate(set->table, &iter)) != NULL)
	{
		bool		found;

		if (entry->number >= since)
			keys_insert(kept, entry->key, &found)->number = entry->number;
	}
	keys_destroy(set->table);
	set->table = kept;
}
