/*
 * lists.c - Are inverted lists, maps and graphs what they say?
 *
 * Letters: L inverted lists, g k those of old IVFs (bytes, floats), E the
 * duplicates of IVFFlatDedup, M a map of ids, H G the graphs of HNSW and NSG,
 * B m the buckets of binary hashes.
 */
#include <string.h>

#include "faiss.h"

#define TRY(call) do { if ((call) != MF_OK) return MF_ERROR; } while (0)

/* Bytes of a row in a list: the vector itself, or its code. */
static int64_t
row_bytes(const MfFaissNode *node)
{
	if (node->kind->flags & MF_FAISS_BINARY)
		return node->dim / 8;
	return node->kind->flags & MF_FAISS_EXACT ? (int64_t) node->dim * 4 : node->code;
}

/* Every row that the lists hold must be one that the header counts. */
static MfStatus
check_sum(MfFaissWalk *w, const MfFaissNode *node, int64_t rows)
{
	bool		dedup = memcmp(node->kind->fourcc, "IwFd", 4) == 0;

	if (rows > node->ntotal || (rows < node->ntotal && !dedup))
		return mf_faiss_damaged(&w->cursor, "inverted lists of %lld rows, %lld in the header",
								(long long) rows, (long long) node->ntotal);
	return MF_OK;
}

/* The sizes of array lists: of each, or pairs of list and size. */
typedef struct Sizes
{
	bool		sparse;
	int64_t		count;			/* values */
	int64_t		at;
} Sizes;

static MfStatus
list_sizes(MfFaissWalk *w, MfFaissNode *node, Sizes *sizes)
{
	MfFaissCursor *c = &w->cursor;
	uint32_t	type;

	TRY(mf_faiss_get(c, &type, 4));
	if (memcmp(&type, "full", 4) != 0 && memcmp(&type, "sprs", 4) != 0)
		return mf_faiss_damaged(c, "no table of list sizes begins with 0x%08x", type);
	sizes->sparse = memcmp(&type, "sprs", 4) == 0;
	TRY(mf_faiss_count(c, 8, &sizes->count));
	if (sizes->sparse ? sizes->count % 2 != 0 : sizes->count != node->nlist)
		return mf_faiss_damaged(c, "%lld list sizes for %lld lists", (long long) sizes->count, (long long) node->nlist);
	sizes->at = c->at;
	return mf_faiss_skip(c, sizes->count, 8);
}

/*
 * The lists follow the table, so two cursors run side by side; the one of the
 * table has its own window, which is why it is allocated.
 */
static MfStatus
array_lists(MfFaissWalk *w, MfFaissNode *node)
{
	MfFaissCursor *c = &w->cursor;
	MfFaissCursor *table;
	int64_t		nlist,
				code,
				rows = 0,
				last = -1;
	int64_t		width = row_bytes(node);
	Sizes		sizes;
	MfStatus	status = MF_OK;

	TRY(mf_faiss_get(c, &nlist, 8));
	TRY(mf_faiss_get(c, &code, 8));
	if (nlist != node->nlist || code != width || width < 1)
		return mf_faiss_damaged(c, "%lld lists of %lld bytes a row, %lld and %lld expected",
								(long long) nlist, (long long) code, (long long) node->nlist, (long long) width);
	TRY(list_sizes(w, node, &sizes));
	table = mf_alloc(w->file->mem, sizeof(MfFaissCursor));
	if (table == NULL)
		return mf_error_oom(c->err, sizeof(MfFaissCursor));
	*table = *c;
	table->at = sizes.at;
	table->window_len = 0;
	for (int64_t i = 0; i < sizes.count && status == MF_OK; i++)
	{
		int64_t		list = i,
					n = 0;

		if (sizes.sparse)
		{
			status = mf_faiss_get(table, &list, 8);
			i++;
			if (status == MF_OK && (list <= last || list >= nlist))
				status = mf_faiss_damaged(table, "list %lld of %lld", (long long) list, (long long) nlist);
			last = list;
		}
		if (status == MF_OK)
			status = mf_faiss_get(table, &n, 8);
		if (status != MF_OK || n == 0)
			continue;
		if (n < 0 || n > (c->size - c->at) / (width + 8))
			status = mf_faiss_damaged(c, "a list of %lld rows", (long long) n);
		else if (node->rows_wanted)
			status = mf_faiss_add_segment(w, c->at, c->at + n * width, n);
		if (status == MF_OK)
			c->at += n * (width + 8);
		rows += n;
	}
	mf_free(w->file->mem, table);
	return status == MF_OK ? check_sum(w, node, rows) : status;
}

/* Lists of fast scan: blocks of 32 rows. */
static MfStatus
block_lists(MfFaissWalk *w, MfFaissNode *node)
{
	MfFaissCursor *c = &w->cursor;
	int64_t		head[4];		/* nlist, code_size, rows and bytes of a block */
	int64_t		rows = 0;

	TRY(mf_faiss_get(c, head, sizeof(head)));
	if (head[0] != node->nlist || node->bbs == 0 || head[2] != node->bbs || head[3] != node->bbs * node->m2 / 2 ||
		node->code * 2 > node->m2)
		return mf_faiss_damaged(c, "%lld lists of blocks of %lld rows and %lld bytes",
								(long long) head[0], (long long) head[2], (long long) head[3]);
	for (int64_t i = 0; i < head[0]; i++)
	{
		int64_t		n,
					bytes;

		TRY(mf_faiss_count(c, 8, &n));
		TRY(mf_faiss_skip(c, n, 8));
		TRY(mf_faiss_count(c, 1, &bytes));
		TRY(mf_faiss_skip(c, bytes, 1));
		if (bytes % head[3] != 0 || bytes / head[3] != (n + head[2] - 1) / head[2])
			return mf_faiss_damaged(c, "%lld bytes in a list of %lld rows", (long long) bytes, (long long) n);
		rows += n;
	}
	return check_sum(w, node, rows);
}

static MfStatus
inverted_lists(MfFaissWalk *w, MfFaissNode *node)
{
	uint32_t	type;

	TRY(mf_faiss_get(&w->cursor, &type, 4));
	if (memcmp(&type, "ilar", 4) == 0)
		return array_lists(w, node);
	if (memcmp(&type, "ilbl", 4) == 0)
		return block_lists(w, node);
	if (memcmp(&type, "ilod", 4) == 0)
	{
		mf_error(w->cursor.err, MF_FEATURE_NOT_SUPPORTED,
				 "file \"%s\" keeps its inverted lists in another file", w->cursor.path);
		mf_error_detail(w->cursor.err, "Only the file that is named is read, not one that it names.");
		mf_error_hint(w->cursor.err, "Write it again with ArrayInvertedLists.");
		return MF_ERROR;
	}
	if (memcmp(&type, "il00", 4) == 0 && node->ntotal == 0)
		return MF_OK;
	return mf_faiss_damaged(&w->cursor, "inverted lists that begin with 0x%08x", type);
}

/* An old IVF: first the ids of all lists, which the header has passed, then their rows. */
static MfStatus
legacy_lists(MfFaissWalk *w, MfFaissNode *node, int64_t element)
{
	MfFaissCursor *c = &w->cursor;
	MfFaissCursor *ids = mf_alloc(w->file->mem, sizeof(MfFaissCursor));
	int64_t		width = row_bytes(node),
				rows = 0;
	MfStatus	status = MF_OK;

	if (ids == NULL)
		return mf_error_oom(c->err, sizeof(MfFaissCursor));
	*ids = *c;
	ids->at = node->legacy_ids;
	ids->window_len = 0;
	for (int64_t i = 0; i < node->nlist && status == MF_OK; i++)
	{
		int64_t		n = 0,
					count = 0;

		status = mf_faiss_count(ids, 8, &n);
		if (status == MF_OK)
			status = mf_faiss_count(c, element, &count);
		if (status == MF_OK && (width < 1 || count * element % width != 0 || count * element / width != n))
			status = mf_faiss_damaged(c, "a list of %lld values for %lld ids", (long long) count, (long long) n);
		if (status == MF_OK && n > 0 && node->rows_wanted)
			status = mf_faiss_add_segment(w, c->at, ids->at, n);
		if (status == MF_OK)
		{
			status = mf_faiss_skip(c, count, element);
			ids->at += n * 8;
			rows += n;
		}
	}
	mf_free(w->file->mem, ids);
	return status == MF_OK ? check_sum(w, node, rows) : status;
}

/* ----------------------------------------------------------------------- maps */

static MfStatus
id_map(MfFaissWalk *w, MfFaissNode *node)
{
	int64_t		count;

	TRY(mf_faiss_count(&w->cursor, 8, &count));
	if (count != node->ntotal)
		return mf_faiss_damaged(&w->cursor, "%lld ids for %lld rows", (long long) count, (long long) node->ntotal);
	if (node->rows_wanted)
	{
		/* one within another: the outer names positions that the inner no longer has */
		if (w->file->id_map >= 0)
			return mf_faiss_damaged(&w->cursor, "a map of ids within another");
		w->file->id_map = w->cursor.at;
	}
	return mf_faiss_skip(&w->cursor, count, 8);
}

/* --------------------------------------------------------------------- graphs */

static MfStatus
hnsw(MfFaissWalk *w, MfFaissNode *node)
{
	static const int widths[] = {8, 4, 4, 8, 4};
	int64_t		count;

	for (int i = 0; i < 5; i++)
	{
		TRY(mf_faiss_count(&w->cursor, widths[i], &count));
		TRY(mf_faiss_skip(&w->cursor, count, widths[i]));
		if ((i == 2 && count != node->ntotal) || (i == 3 && count != node->ntotal + 1 && count != 0))
			return mf_faiss_damaged(&w->cursor, "a graph of %lld nodes for %lld rows",
									(long long) count, (long long) node->ntotal);
	}
	return mf_faiss_skip(&w->cursor, 5, 4);
}

/* Of each node at most R neighbours, ended by -1. */
static MfStatus
nsg(MfFaissWalk *w, MfFaissNode *node)
{
	MfFaissCursor *c = &w->cursor;
	int32_t		head[6];		/* ntotal, R, L, C, search_L, entry point */
	uint8_t		built;

	TRY(mf_faiss_get(c, head, sizeof(head)));
	TRY(mf_faiss_get(c, &built, 1));
	if (built > 1 || (built && head[0] != node->ntotal) || head[1] < 0 || head[1] > 1 << 20)
		return mf_faiss_damaged(c, "a graph of %d nodes of %d neighbours", head[0], head[1]);
	for (int32_t i = 0; built && i < head[0]; i++)
	{
		int32_t		neighbour = 0;

		for (int32_t j = 0; j <= head[1] && neighbour != -1; j++)
			TRY(mf_faiss_get(c, &neighbour, 4));
		if (neighbour != -1)
			return mf_faiss_damaged(c, "more than %d neighbours", head[1]);
	}
	return MF_OK;
}

/* --------------------------------------------------------------------- hashes */

static MfStatus
buckets(MfFaissWalk *w, MfFaissNode *node)
{
	MfFaissCursor *c = &w->cursor;
	int32_t		bits,
				size_bits;
	int64_t		sz,
				count,
				rows = 0;

	TRY(mf_faiss_get(c, &bits, 4));
	TRY(mf_faiss_skip(c, 1, 4));
	TRY(mf_faiss_get(c, &sz, 8));
	TRY(mf_faiss_get(c, &size_bits, 4));
	TRY(mf_faiss_count(c, 1, &count));
	if (bits < 1 || bits > node->dim || size_bits < 0 || size_bits > 64 || sz < 0 ||
		sz > count * 8 / (bits + size_bits))
		return mf_faiss_damaged(c, "%lld buckets in %lld bytes", (long long) sz, (long long) count);
	TRY(mf_faiss_skip(c, count, 1));
	for (int64_t i = 0; i < sz; i++)
	{
		int64_t		n,
					bytes,
					ids;

		TRY(mf_faiss_count(c, 8, &n));
		ids = c->at;
		TRY(mf_faiss_skip(c, n, 8));
		TRY(mf_faiss_count(c, 1, &bytes));
		if (bytes % (node->dim / 8) != 0 || bytes / (node->dim / 8) != n)
			return mf_faiss_damaged(c, "a bucket of %lld bytes for %lld ids", (long long) bytes, (long long) n);
		if (n > 0 && node->rows_wanted)
			TRY(mf_faiss_add_segment(w, c->at, ids, n));
		TRY(mf_faiss_skip(c, bytes, 1));
		rows += n;
	}
	return check_sum(w, node, rows);
}

/* Several hashes over vectors that are stored before them. */
static MfStatus
multi_hash(MfFaissWalk *w, MfFaissNode *node)
{
	MfFaissCursor *c = &w->cursor;
	int32_t		head[3];		/* b, nhash, nflip */

	TRY(mf_faiss_get(c, head, sizeof(head)));
	if (head[0] < 1 || head[1] < 1 || (int64_t) head[0] * head[1] > node->dim)
		return mf_faiss_damaged(c, "%d hashes of %d bits", head[1], head[0]);
	for (int32_t i = 0; i < head[1]; i++)
	{
		int64_t		count;

		TRY(mf_faiss_skip(c, 4 + 8, 1));
		TRY(mf_faiss_count(c, 1, &count));
		TRY(mf_faiss_skip(c, count, 1));
	}
	return MF_OK;
}

/* Pairs of ids: the second has the vector of the first. */
static MfStatus
duplicates(MfFaissWalk *w)
{
	int64_t		count;

	TRY(mf_faiss_count(&w->cursor, 8, &count));
	if (count % 2 != 0)
		return mf_faiss_damaged(&w->cursor, "%lld ids in pairs", (long long) count);
	return mf_faiss_skip(&w->cursor, count, 8);
}

bool
mf_faiss_walk_lists(MfFaissWalk *w, MfFaissNode *node, char letter, MfStatus *status)
{
	switch (letter)
	{
		case 'L':
			*status = inverted_lists(w, node);
			return true;
		case 'g':
			*status = legacy_lists(w, node, 1);
			return true;
		case 'k':
			*status = legacy_lists(w, node, 4);
			return true;
		case 'E':
			*status = duplicates(w);
			return true;
		case 'M':
			*status = id_map(w, node);
			return true;
		case 'H':
			*status = hnsw(w, node);
			return true;
		case 'G':
			*status = nsg(w, node);
			return true;
		case 'B':
			*status = buckets(w, node);
			return true;
		case 'm':
			*status = multi_hash(w, node);
			return true;
		default:
			return false;
	}
}
