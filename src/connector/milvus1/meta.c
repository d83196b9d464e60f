/*
 * meta.c - Which collections, partitions and segments does the metadata name?
 *
 * Milvus 1.x keeps a collection and each of its partitions as a row of the
 * table Tables, and the files of both in TableFiles.  Rows live in exactly one
 * file of a segment: the raw one, before or after an index was built on it.
 */
#include <stdlib.h>

#include "internal.h"

/* TableFiles.file_type */
enum
{
	FILE_NEW = 0,
	FILE_RAW = 1,
	FILE_TO_INDEX = 2,
	FILE_INDEX = 3,
	FILE_TO_DELETE = 4,
	FILE_NEW_MERGE = 5,
	FILE_NEW_INDEX = 6,
	FILE_BACKUP = 7
};

static void *
grow(MfMem *mem, void *array, int n, int *cap, size_t size)
{
	int			more = *cap > 0 ? *cap * 2 : 64;
	void	   *bigger;

	if (n < *cap)
		return array;
	bigger = mf_realloc(mem, array, size * (size_t) more);
	if (bigger != NULL)
		*cap = more;
	return bigger;
}

M1TableRow *
m1_rows_table(M1Rows *rows)
{
	M1TableRow *bigger = grow(rows->arena->mem, rows->tables, rows->ntables, &rows->tables_cap, sizeof(M1TableRow));

	if (bigger == NULL)
		return NULL;
	rows->tables = bigger;
	return memset(&bigger[rows->ntables++], 0, sizeof(M1TableRow));
}

M1FileRow *
m1_rows_file(M1Rows *rows)
{
	M1FileRow  *bigger = grow(rows->arena->mem, rows->files, rows->nfiles, &rows->files_cap, sizeof(M1FileRow));

	if (bigger == NULL)
		return NULL;
	rows->files = bigger;
	return memset(&bigger[rows->nfiles++], 0, sizeof(M1FileRow));
}

void
m1_rows_free(M1Rows *rows)
{
	mf_free(rows->arena->mem, rows->tables);
	mf_free(rows->arena->mem, rows->files);
	rows->tables = NULL;
	rows->files = NULL;
	rows->ntables = rows->nfiles = 0;
}

/* ------------------------------------------------------------------ building */

/* A name that becomes part of a path must be one name. */
static bool
is_one_name(const char *name)
{
	return name != NULL && name[0] != '\0' && strcmp(name, ".") != 0 && strcmp(name, "..") != 0 &&
		strchr(name, '/') == NULL && strlen(name) < 256;
}

static bool
holds_rows(int64_t file_type)
{
	return file_type == FILE_RAW || file_type == FILE_TO_INDEX || file_type == FILE_BACKUP;
}

static bool
is_unfinished(int64_t file_type)
{
	return file_type == FILE_NEW || file_type == FILE_NEW_MERGE || file_type == FILE_NEW_INDEX;
}

static int
compare_collections(const void *a, const void *b)
{
	return strcmp(((const M1Collection *) a)->name, ((const M1Collection *) b)->name);
}

static int
compare_files(const void *a, const void *b)
{
	const M1FileRow *x = a;
	const M1FileRow *y = b;
	int			order = strcmp(x->table_id, y->table_id);

	if (order == 0 && x->created_on != y->created_on)
		order = x->created_on < y->created_on ? -1 : 1;
	if (order == 0)
		order = strcmp(x->segment_id, y->segment_id);
	if (order == 0 && x->id != y->id)
		order = x->id < y->id ? -1 : 1;
	return order;
}

static MfStatus
check_collection(const M1TableRow *row, MfError *err)
{
	if (!is_one_name(row->table_id))
		return mf_error(err, MF_FDW_ERROR, "the metadata has a collection without a usable name: \"%s\"",
						row->table_id != NULL ? row->table_id : "");
	if (m1_metric_name((int) row->metric_type) == NULL)
		return mf_error(err, MF_FDW_ERROR, "collection \"%s\" has metric type %lld, which Milvus 1.x does not know",
						row->table_id, (long long) row->metric_type);
	if (row->dimension < 1 || row->dimension > 1 << 24 ||
		(m1_metric_is_binary((int) row->metric_type) && row->dimension % 8 != 0))
		return mf_error(err, MF_FDW_ERROR, "collection \"%s\" has %lld dimensions in the metadata",
						row->table_id, (long long) row->dimension);
	return MF_OK;
}

/* The partitions of a collection, itself as the first. */
static bool
find_partitions(M1Meta *meta, const M1Rows *rows, M1Collection *c)
{
	int			n = 1;

	for (int i = 0; i < rows->ntables; i++)
		n += rows->tables[i].state == 0 && strcmp(rows->tables[i].owner_table, c->name) == 0;
	c->partitions = mf_arena_alloc(&meta->arena, sizeof(M1Partition) * (size_t) n);
	if (c->partitions == NULL)
		return false;
	c->partitions[c->npartitions++] = (M1Partition) {c->name, "_default", 0};
	for (int i = 0; i < rows->ntables; i++)
	{
		const M1TableRow *row = &rows->tables[i];

		if (row->state == 0 && strcmp(row->owner_table, c->name) == 0)
			c->partitions[c->npartitions++] = (M1Partition) {row->table_id, row->partition_tag, row->flush_lsn};
	}
	return true;
}

/* The first file of a table in the sorted rows. */
static int
first_file(const M1Rows *rows, const char *table_id)
{
	int			low = 0;
	int			high = rows->nfiles;

	while (low < high)
	{
		int			middle = low + (high - low) / 2;

		if (strcmp(rows->files[middle].table_id, table_id) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static MfStatus
add_segment(M1Collection *c, const M1Partition *partition, const M1FileRow *row, MfError *err)
{
	M1Segment  *before = c->nsegments > 0 ? &c->segments[c->nsegments - 1] : NULL;

	if (!is_one_name(row->segment_id) || !is_one_name(partition->table_id))
		return mf_error(err, MF_FDW_ERROR, "collection \"%s\" has a segment without a usable name: \"%s\"",
						c->name, row->segment_id);
	/* two data files of one segment: the same rows */
	if (before != NULL && before->table_id == partition->table_id &&
		strcmp(before->segment_id, row->segment_id) == 0)
		return MF_OK;
	c->segments[c->nsegments++] = (M1Segment) {
		.table_id = partition->table_id,.segment_id = row->segment_id,.tag = partition->tag,
		.live_rows = row->row_count,.engine = (int) row->engine_type,.file_type = (int) row->file_type
	};
	return MF_OK;
}

static MfStatus
find_segments(M1Meta *meta, const M1Rows *rows, M1Collection *c, MfError *err)
{
	size_t		most = 0;

	for (int p = 0; p < c->npartitions; p++)
	{
		for (int i = first_file(rows, c->partitions[p].table_id);
			 i < rows->nfiles && strcmp(rows->files[i].table_id, c->partitions[p].table_id) == 0; i++)
		{
			most += holds_rows(rows->files[i].file_type);
			c->unfinished += is_unfinished(rows->files[i].file_type);
		}
	}
	c->segments = mf_arena_alloc(&meta->arena, sizeof(M1Segment) * (most + 1));
	if (c->segments == NULL)
		return mf_error_oom(err, sizeof(M1Segment) * most);
	for (int p = 0; p < c->npartitions; p++)
	{
		for (int i = first_file(rows, c->partitions[p].table_id);
			 i < rows->nfiles && strcmp(rows->files[i].table_id, c->partitions[p].table_id) == 0; i++)
		{
			if (holds_rows(rows->files[i].file_type) &&
				add_segment(c, &c->partitions[p], &rows->files[i], err) != MF_OK)
				return MF_ERROR;
		}
	}
	return MF_OK;
}

static MfStatus
build_collection(M1Meta *meta, const M1Rows *rows, const M1TableRow *row, MfError *err)
{
	M1Collection *c = &meta->collections[meta->ncollections++];

	if (check_collection(row, err) != MF_OK)
		return MF_ERROR;
	*c = (M1Collection) {
		.name = row->table_id,.dim = row->dimension,.metric = (int) row->metric_type,
		.engine = (int) row->engine_type,.index_file_size = row->index_file_size,
		.flag = (int) row->flag,.index_params = row->index_params
	};
	if (!find_partitions(meta, rows, c))
		return mf_error_oom(err, sizeof(M1Partition));
	c->partitions[0].flush_lsn = row->flush_lsn;
	return find_segments(meta, rows, c, err);
}

MfStatus
m1_meta_build(M1Meta *meta, M1Rows *rows, MfError *err)
{
	int			n = 0;

	for (int i = 0; i < rows->ntables; i++)
		n += rows->tables[i].state == 0 && rows->tables[i].owner_table[0] == '\0';
	meta->global_lsn = rows->global_lsn;
	meta->collections = mf_arena_alloc(&meta->arena, sizeof(M1Collection) * (size_t) (n + 1));
	if (meta->collections == NULL)
		return mf_error_oom(err, sizeof(M1Collection) * (size_t) n);
	if (rows->nfiles > 0)
		qsort(rows->files, (size_t) rows->nfiles, sizeof(M1FileRow), compare_files);
	for (int i = 0; i < rows->ntables; i++)
	{
		const M1TableRow *row = &rows->tables[i];

		if (row->state == 0 && row->owner_table[0] == '\0' &&
			build_collection(meta, rows, row, err) != MF_OK)
			return MF_ERROR;
	}
	if (meta->ncollections > 0)
		qsort(meta->collections, (size_t) meta->ncollections, sizeof(M1Collection), compare_collections);
	return meta->arena.failed ? mf_error_oom(err, 0) : MF_OK;
}

const M1Collection *
m1_meta_find(const M1Meta *meta, const char *name)
{
	for (int i = 0; i < meta->ncollections; i++)
	{
		if (strcmp(meta->collections[i].name, name) == 0)
			return &meta->collections[i];
	}
	return NULL;
}
