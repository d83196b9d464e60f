/*
 * dir_plan.c - What has to be known of a data directory before its first row?
 *
 * The metadata, whether the directory is at rest, which segments are read and
 * that they are sound, and which rows go because their id repeats.
 */
#include "scan.h"

#define PIECE_BYTES ((size_t) 1 << 20)
#define MOST_ROWS 8192

MfStatus
m1_choose_segments(const MfScanSpec *spec, const M1Collection *c, bool *skip, MfError *err)
{
	const char *partition = mf_option(spec->options, "partition");
	bool		known = partition == NULL;

	for (int i = 0; i < c->npartitions; i++)
		known = known || strcmp(c->partitions[i].tag, partition) == 0;
	if (!known)
	{
		mf_error(err, MF_FDW_TABLE_NOT_FOUND, "collection \"%s\" has no partition \"%s\"", c->name, partition);
		mf_error_hint(err, "It is what option \"partition\" of the foreign table says.");
		return MF_ERROR;
	}
	for (int i = 0; i < c->nsegments; i++)
		skip[i] = (partition != NULL && strcmp(c->segments[i].tag, partition) != 0) ||
			!m1_filter_takes(spec, M1_FIELD_PARTITION, c->segments[i].tag) ||
			!m1_filter_takes(spec, M1_FIELD_SEGMENT, c->segments[i].segment_id);
	return MF_OK;
}

M1SplitSegment *
m1_split_segments(const M1Collection *c, const bool *skip, int *n, MfArena *arena)
{
	M1SplitSegment *list = mf_arena_alloc(arena, sizeof(M1SplitSegment) * (size_t) (c->nsegments + 1));

	*n = 0;
	for (int i = 0; list != NULL && i < c->nsegments; i++)
	{
		if (!skip[i])
			list[(*n)++] = (M1SplitSegment) {c->segments[i].segment_id, c->segments[i].live_rows};
	}
	return list;
}

/*
 * The segments that this part of the scan reads.  Any that the collection has
 * may be named, whatever the conditions leave out.
 */
static MfStatus
choose_mine(M1DirScan *scan, MfError *err)
{
	const M1Collection *c = scan->collection;
	const char *token = scan->spec->split;
	M1SplitSegment *all;
	int			n;

	if (token == NULL)
		return MF_OK;
	scan->mine = mf_calloc(scan->mem, sizeof(bool) * ((size_t) c->nsegments + 1));
	if (scan->mine == NULL)
		return mf_error_oom(err, (size_t) c->nsegments);
	all = m1_split_segments(c, scan->mine, &n, &scan->meta.arena);
	if (all == NULL)
		return mf_error_oom(err, sizeof(M1SplitSegment) * (size_t) c->nsegments);
	if (m1_split_check(token, all, n, c->name, err) != MF_OK)
		return MF_ERROR;
	for (int i = 0; i < c->nsegments; i++)
		scan->mine[i] = m1_split_has(token, c->segments[i].segment_id);
	return MF_OK;
}

static bool
is_mine(const M1DirScan *scan, int segment)
{
	return scan->mine == NULL || scan->mine[segment];
}

/* A segment that cannot be read: an error, or a warning and it is left out. */
static MfStatus
leave_out(M1DirScan *scan, int segment, MfError *err)
{
	if (!scan->skip_damaged || strcmp(err->sqlstate, MF_FDW_OUT_OF_MEMORY) == 0)
		return MF_ERROR;
	scan->warning = *err;
	snprintf(scan->warning.message, sizeof(scan->warning.message), "segment \"%.80s/%.80s\" of collection \"%.80s\" is left out",
			 scan->collection->segments[segment].table_id, scan->collection->segments[segment].segment_id, scan->name);
	scan->warning.hint[0] = '\0';
	scan->warned = true;
	scan->skip[segment] = true;
	mf_error_reset(err);
	return MF_OK;
}

/* Open every segment once, so that what is damaged is known before the first row. */
static MfStatus
check_segment(M1DirScan *scan, MfError *err)
{
	M1File		file;
	int			i = scan->segment++;

	if (scan->skip[i] || (!is_mine(scan, i) && m1_on_duplicate(scan->conn, scan->spec->options) == M1_DUPLICATE_KEEP))
		return MF_OK;
	if (m1_file_open(&file, scan->mem, scan->directory, scan->collection, &scan->collection->segments[i], err) != MF_OK)
		return leave_out(scan, i, err);
	if (file.out_of_range > 0 && is_mine(scan, i))
	{
		mf_error(&scan->warning, MF_DATA_EXCEPTION, "segment \"%s\" of collection \"%s\" has deletes of rows that it does not have",
				 file.name, scan->name);
		mf_error_detail(&scan->warning, "%lld of its offsets are beyond its %lld rows; they are ignored.",
						(long long) file.out_of_range, (long long) file.rows);
		scan->warned = true;
	}
	m1_file_close(&file);
	return MF_OK;
}

/* Is it at rest?  The log takes time to read. */
static MfStatus
look_around(M1DirScan *scan, const char *path, MfError *err)
{
	int			log;

	if (m1_setting_bool(scan->conn, scan->spec->options, "allow_unflushed"))
		return MF_OK;
	if (m1_directory_is_quiet(path, scan->collection, err) != MF_OK)
		return MF_ERROR;
	log = m1_directory_log(path);
	return log < 0 ? MF_OK : m1_wal_begin(scan->mem, log, &scan->meta, scan->collection, &scan->wal, err);
}

static MfStatus
read_log(M1DirScan *scan, MfError *err)
{
	char		detail[300];
	MfStatus	status = scan->wal != NULL ? m1_wal_step(scan->wal, err) : MF_OK;

	if (status == MF_OK && scan->wal != NULL && !m1_wal_is_flushed(scan->wal, detail, sizeof(detail)))
		return m1_not_at_rest(err, mf_option(&scan->conn->options, "directory"), detail);
	return status;
}

/* Room for what is read at once. */
static MfStatus
make_room(M1DirScan *scan, MfError *err)
{
	for (int i = 0; i < scan->spec->ncolumns; i++)
	{
		scan->want_ids |= scan->from[i] == M1_FROM_ID;
		scan->want_vectors |= scan->from[i] == M1_FROM_VECTOR;
	}
	scan->want_ids |= scan->wanted != NULL;
	scan->piece_rows = PIECE_BYTES / (scan->want_vectors ? (size_t) scan->collection->dim * 4 + 8 : 8) + 1;
	if (scan->piece_rows > MOST_ROWS)
		scan->piece_rows = MOST_ROWS;
	if (scan->spec->fetch_size > 0 && scan->piece_rows > (size_t) scan->spec->fetch_size)
		scan->piece_rows = (size_t) scan->spec->fetch_size;
	scan->ids = mf_alloc(scan->mem, sizeof(int64_t) * scan->piece_rows);
	scan->vectors = mf_alloc(scan->mem, scan->want_vectors ? scan->piece_rows * (size_t) scan->collection->dim * 4 : 1);
	return scan->ids != NULL && scan->vectors != NULL ? MF_OK : mf_error_oom(err, PIECE_BYTES);
}

static MfStatus
plan_scan(M1DirScan *scan, MfError *err)
{
	const char *path = mf_option(&scan->conn->options, "directory");
	size_t		n;

	scan->collection = m1_meta_find(&scan->meta, scan->name);
	if (scan->collection == NULL)
		return mf_error(err, MF_FDW_TABLE_NOT_FOUND, "collection \"%s\" does not exist", scan->name);
	n = (size_t) scan->collection->nsegments + 1;
	scan->directory = m1_directory_open(path, err);
	if (scan->directory < 0)
		return MF_ERROR;
	if (look_around(scan, path, err) != MF_OK)
		return MF_ERROR;
	scan->skip = mf_calloc(scan->mem, sizeof(bool) * n);
	scan->drop = mf_calloc(scan->mem, sizeof(uint8_t *) * n);
	for (int b = 0; b < 2; b++)
		scan->batches[b] = mf_batch_new(scan->mem, scan->spec->ncolumns);
	if (scan->skip == NULL || scan->drop == NULL || scan->batches[0] == NULL || scan->batches[1] == NULL)
		return mf_error_oom(err, n * sizeof(uint8_t *));
	scan->from = mf_calloc(scan->mem, sizeof(M1From) * (size_t) (scan->spec->ncolumns + 1));
	if (scan->from == NULL)
		return mf_error_oom(err, sizeof(M1From));
	if (m1_choose_segments(scan->spec, scan->collection, scan->skip, err) != MF_OK || choose_mine(scan, err) != MF_OK ||
		m1_bind_columns(scan->spec, scan->collection, scan->from, scan->batches, err) != MF_OK ||
		m1_filter_ids(scan->spec, scan->mem, &scan->wanted, &scan->nwanted, err) != MF_OK)
		return MF_ERROR;
	return make_room(scan, err);
}

MfStatus
m1_dir_prepare(M1DirScan *scan, MfWaitFor *wait, MfError *err)
{
	MfStatus	status = MF_OK;

	*wait = (MfWaitFor) {.fd = -1,.timeout_ms = 0,.what = "Milvus 1.x files"};
	switch (scan->phase)
	{
		case M1_PHASE_LOAD:
			if (scan->load == NULL)
				status = m1_load_begin(scan->conn, &scan->load, err);
			if (status == MF_OK)
				status = m1_load_step(scan->load, &scan->meta, wait, err);
			if (status == MF_OK)
				status = plan_scan(scan, err);
			break;
		case M1_PHASE_LOG:
			status = read_log(scan, err);
			break;
		case M1_PHASE_CHECK:
			while (status == MF_OK && scan->segment < scan->collection->nsegments && !scan->warned)
				status = check_segment(scan, err);
			if (status == MF_OK && scan->segment < scan->collection->nsegments)
				return MF_WAIT;
			if (status == MF_OK)
				status = m1_duplicates_begin(scan->mem, m1_on_duplicate(scan->conn, scan->spec->options), scan->directory, scan->collection,
											 scan->skip, scan->mine, scan->drop, &scan->duplicates, err);
			scan->segment = 0;
			break;
		default:
			status = m1_duplicates_step(scan->duplicates, wait, err);
			break;
	}
	if (status != MF_OK)
		return status;
	scan->phase++;
	return MF_WAIT;
}
