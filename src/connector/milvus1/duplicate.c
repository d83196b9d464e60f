/*
 * duplicate.c - Which rows have an id that another row has too?
 *
 * Milvus 1.x lets ids repeat, its successors' primary keys must not.  First
 * the cheap question: do the ids of each segment rise, in ranges of their own?
 * (So the server's own ids do.)  If not, a sieve finds those that may repeat,
 * and a hash table of bounded size tells which do, in as many passes over the
 * ids as it takes.  Where only a part of the segments is read, sieve and table
 * hold its ids alone and those of the other segments are looked up in them: all
 * parts together then say what one scan would.
 */
#include <stdlib.h>

#include "sieve.h"

#define IDS_AT_ONCE 32768
#define LEAST_SLOTS ((size_t) 1 << 16)
#define EXAMPLES 3

typedef struct Slot
{
	int64_t		id;
	int32_t		segment;		/* from 1; 0 = empty */
	int32_t		row;
} Slot;

typedef enum Stage
{
	STAGE_LOOK,					/* only at ranges */
	STAGE_SIEVE,
	STAGE_TABLE
} Stage;

struct M1Duplicates
{
	MfMem	   *mem;
	M1OnDuplicate what;
	int			directory;
	const M1Collection *collection;
	const bool *skip;
	const bool *mine;			/* NULL = all */
	uint8_t   **drop;

	/* where reading is */
	M1File		file;
	bool		open;
	bool		others;			/* of this pass: segments that are not mine */
	int			segment;
	int64_t		row;
	int64_t    *ids;			/* IDS_AT_ONCE of them */

	Stage		stage;
	bool		rising;			/* in each segment that is mine */
	M1Range    *ranges;
	int64_t    *seg_rows;		/* of each segment's files */
	int64_t		rows;			/* live ones of those that are mine */

	M1Sieve    *sieve;
	Slot	   *slots;
	size_t		nslots;			/* a power of two */
	uint64_t	pass;
	uint64_t	passes;

	int64_t		repeated;		/* rows whose id was met before */
	int			nexamples;
	char		examples[EXAMPLES][160];
};

MfStatus
m1_duplicates_begin(MfMem *mem, M1OnDuplicate what, int directory, const M1Collection *collection,
					const bool *skip, const bool *mine, uint8_t **drop, M1Duplicates **out, MfError *err)
{
	M1Duplicates *dup = mf_calloc(mem, sizeof(M1Duplicates));

	*out = NULL;
	if (dup == NULL)
		return mf_error_oom(err, sizeof(M1Duplicates));
	dup->mem = mem;
	dup->what = what;
	dup->directory = directory;
	dup->collection = collection;
	dup->skip = skip;
	dup->mine = mine;
	dup->drop = drop;
	dup->rising = true;
	dup->ids = mf_alloc(mem, sizeof(int64_t) * IDS_AT_ONCE);
	dup->ranges = mf_calloc(mem, sizeof(M1Range) * (size_t) (collection->nsegments + 1));
	dup->seg_rows = mf_calloc(mem, sizeof(int64_t) * (size_t) (collection->nsegments + 1));
	if (dup->ids == NULL || dup->ranges == NULL || dup->seg_rows == NULL)
	{
		m1_duplicates_end(dup);
		return mf_error_oom(err, sizeof(int64_t) * IDS_AT_ONCE);
	}
	*out = dup;
	return MF_OK;
}

void
m1_duplicates_end(M1Duplicates *dup)
{
	if (dup == NULL)
		return;
	if (dup->open)
		m1_file_close(&dup->file);
	mf_free(dup->mem, dup->ids);
	mf_free(dup->mem, dup->ranges);
	mf_free(dup->mem, dup->seg_rows);
	m1_sieve_free(dup->sieve);
	mf_free(dup->mem, dup->slots);
	mf_free(dup->mem, dup);
}

int64_t
m1_duplicates_dropped(const M1Duplicates *dup)
{
	return dup->repeated;
}

/* ------------------------------------------------------------------ first pass */

static bool
is_mine(const M1Duplicates *dup, int segment)
{
	return dup->mine == NULL || dup->mine[segment];
}

static void
look(M1Duplicates *dup, int64_t n)
{
	M1Range    *range = &dup->ranges[dup->segment];

	range->mine = is_mine(dup, dup->segment);
	for (int64_t i = 0; i < n; i++)
	{
		if (m1_bit(dup->file.deleted, dup->row + i))
			continue;
		dup->rows += range->mine;
		dup->rising &= m1_range_add(range, dup->ids[i]) || !range->mine;
	}
}

static MfStatus
make_sieve(M1Duplicates *dup, MfError *err)
{
	int64_t		low = INT64_MAX;
	int64_t		high = INT64_MIN;

	for (int i = 0; i < dup->collection->nsegments; i++)
	{
		const M1Range *range = &dup->ranges[i];

		if (range->any && range->mine)
		{
			low = range->low < low ? range->low : low;
			high = range->high > high ? range->high : high;
		}
	}
	dup->sieve = m1_sieve_new(dup->mem, dup->rows, low, high);
	return dup->sieve != NULL ? MF_OK : mf_error_oom(err, (size_t) dup->rows);
}

static void
sieve(M1Duplicates *dup, int64_t n)
{
	for (int64_t i = 0; i < n; i++)
	{
		if (!m1_bit(dup->file.deleted, dup->row + i))
			m1_sieve_put(dup->sieve, dup->ids[i], dup->others);
	}
}

/* As large as the suspected ids need, and an eighth of the budget allows. */
static MfStatus
make_slots(M1Duplicates *dup, MfError *err)
{
	size_t		most = dup->mem->limit / 8 / sizeof(Slot);
	double		suspects = 2 * (double) m1_sieve_hits(dup->sieve);
	uint64_t	each;

	if (suspects > (double) dup->rows)
		suspects = (double) dup->rows;
	dup->nslots = LEAST_SLOTS;
	while (dup->nslots * 2 <= most && (double) dup->nslots * 0.7 < suspects)
		dup->nslots *= 2;
	dup->slots = mf_calloc(dup->mem, dup->nslots * sizeof(Slot));
	if (dup->slots == NULL)
		return mf_error_oom(err, dup->nslots * sizeof(Slot));
	/* 60 %: passes are parted by a hash, not evenly to the row */
	each = (uint64_t) ((double) dup->nslots * (dup->nslots * 0.7 < suspects ? 0.6 : 0.7));
	dup->passes = ((uint64_t) suspects + each - 1) / each;
	return MF_OK;
}

/* ------------------------------------------------------------------ the others */

static MfStatus
drop_row(M1Duplicates *dup, int segment, int64_t row, MfError *err)
{
	size_t		bytes = (size_t) (dup->seg_rows[segment] / 8 + 1);

	if (dup->drop[segment] == NULL)
		dup->drop[segment] = mf_calloc(dup->mem, bytes);
	if (dup->drop[segment] == NULL)
		return mf_error_oom(err, bytes);
	dup->drop[segment][row >> 3] |= (uint8_t) (1 << (row & 7));
	return MF_OK;
}

/* The row of a slot, which is mine, and another one have an id in common. */
static MfStatus
repeated(M1Duplicates *dup, Slot *slot, int64_t row, MfError *err)
{
	int			before = slot->segment - 1;
	bool		later = dup->segment > before || (dup->segment == before && row > slot->row);

	dup->repeated++;
	if (dup->nexamples < EXAMPLES && dup->what == M1_DUPLICATE_ERROR)
		snprintf(dup->examples[dup->nexamples++], sizeof(dup->examples[0]), "id %lld in segment %.40s offset %d and segment %.40s offset %lld",
				 (long long) slot->id, dup->collection->segments[before].segment_id, slot->row,
				 dup->collection->segments[dup->segment].segment_id, (long long) row);
	if (dup->what == M1_DUPLICATE_ERROR)
		return MF_OK;
	if (later == (dup->what == M1_DUPLICATE_FIRST))
		return dup->others ? MF_OK : drop_row(dup, dup->segment, row, err);
	if (drop_row(dup, before, slot->row, err) != MF_OK)
		return MF_ERROR;
	if (!dup->others)
	{
		slot->segment = dup->segment + 1;
		slot->row = (int32_t) row;
	}
	return MF_OK;
}

static MfStatus
remember(M1Duplicates *dup, int64_t n, MfError *err)
{
	size_t		mask = dup->nslots - 1;

	for (int64_t i = 0; i < n; i++)
	{
		int64_t		id = dup->ids[i];
		size_t		tried = 0;
		uint64_t	h;
		size_t		at;

		if (!m1_sieve_has(dup->sieve, id) || m1_bit(dup->file.deleted, dup->row + i) ||
			(dup->passes > 1 && (m1_hash(id) >> 32) % dup->passes != dup->pass))
			continue;
		h = m1_hash(id);
		at = (size_t) h & mask;
		while (dup->slots[at].segment != 0 && dup->slots[at].id != id)
		{
			at = (at + 1) & mask;
			if (++tried > mask)
				return mf_error(err, MF_INTERNAL, "the ids of collection \"%s\" do not fit their table", dup->collection->name);
		}
		if (dup->slots[at].segment != 0)
		{
			if (repeated(dup, &dup->slots[at], dup->row + i, err) != MF_OK)
				return MF_ERROR;
		}
		else if (!dup->others)
			dup->slots[at] = (Slot) {id, dup->segment + 1, (int32_t) (dup->row + i)};
	}
	return MF_OK;
}

static MfStatus
refuse(const M1Duplicates *dup, MfError *err)
{
	mf_error(err, MF_UNIQUE_VIOLATION, "ids repeat in collection \"%s\"", dup->collection->name);
	mf_error_detail(err, "%lld rows have the id of another: %s%s%s%s%s%s.", (long long) dup->repeated, dup->examples[0],
					dup->nexamples > 1 ? "; " : "", dup->nexamples > 1 ? dup->examples[1] : "",
					dup->nexamples > 2 ? "; " : "", dup->nexamples > 2 ? dup->examples[2] : "",
					dup->repeated > dup->nexamples ? "; ..." : "");
	mf_error_hint(err, "Set option on_duplicate of the foreign table to first, last or keep.");
	snprintf(err->collection, sizeof(err->collection), "%s", dup->collection->name);
	return MF_ERROR;
}

/* --------------------------------------------------------------------- reading */

/* All segments have been gone through: those that are mine, or (at first) all, or the others. */
static MfStatus
next_pass(M1Duplicates *dup, MfError *err)
{
	dup->segment = 0;
	if (dup->stage == STAGE_LOOK)
	{
		dup->stage = STAGE_SIEVE;
		if (dup->rows == 0 || (dup->rising && m1_ranges_are_apart(dup->ranges, dup->collection->nsegments)))
			return MF_OK;
		return make_sieve(dup, err) == MF_OK ? MF_WAIT : MF_ERROR;
	}
	if (dup->mine != NULL && !dup->others)
	{
		dup->others = true;
		return MF_WAIT;
	}
	dup->others = false;
	if (dup->stage == STAGE_SIEVE)
	{
		dup->stage = STAGE_TABLE;
		if (m1_sieve_hits(dup->sieve) == 0)
			return MF_OK;
		return make_slots(dup, err) == MF_OK ? MF_WAIT : MF_ERROR;
	}
	if (++dup->pass >= dup->passes)
		return dup->repeated > 0 && dup->what == M1_DUPLICATE_ERROR ? refuse(dup, err) : MF_OK;
	memset(dup->slots, 0, dup->nslots * sizeof(Slot));
	return MF_WAIT;
}

static bool
is_passed_over(const M1Duplicates *dup)
{
	return dup->skip[dup->segment] || (dup->stage != STAGE_LOOK && is_mine(dup, dup->segment) == dup->others);
}

MfStatus
m1_duplicates_step(M1Duplicates *dup, MfWaitFor *wait, MfError *err)
{
	int64_t		n;

	*wait = (MfWaitFor) {.fd = -1,.timeout_ms = 0,.what = "Milvus 1.x ids"};
	if (dup->what == M1_DUPLICATE_KEEP)
		return MF_OK;
	while (dup->segment < dup->collection->nsegments && is_passed_over(dup))
		dup->segment++;
	if (dup->segment >= dup->collection->nsegments)
		return next_pass(dup, err);
	if (!dup->open)
	{
		if (m1_file_open(&dup->file, dup->mem, dup->directory, dup->collection,
						 &dup->collection->segments[dup->segment], err) != MF_OK)
			return MF_ERROR;
		dup->open = true;
		dup->row = 0;
		dup->seg_rows[dup->segment] = dup->file.rows;
	}
	n = dup->file.rows - dup->row < IDS_AT_ONCE ? dup->file.rows - dup->row : IDS_AT_ONCE;
	if (n > 0 && m1_file_ids(&dup->file, dup->row, n, dup->ids, err) != MF_OK)
		return MF_ERROR;
	if (dup->stage == STAGE_LOOK)
		look(dup, n);
	else if (dup->stage == STAGE_SIEVE)
		sieve(dup, n);
	else if (remember(dup, n, err) != MF_OK)
		return MF_ERROR;
	dup->row += n;
	if (dup->row >= dup->file.rows)
	{
		m1_file_close(&dup->file);
		dup->open = false;
		dup->segment++;
	}
	return MF_WAIT;
}
