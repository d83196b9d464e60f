/*
 * scan.c - How are the rows of a data directory read?
 *
 * Metadata first, then whether it is at rest, then which rows go because their
 * id repeats, then segment by segment in pieces of about a megabyte.
 */
#include <stdlib.h>
#include <unistd.h>

#include "scan.h"

#define PIECE_BYTES ((size_t) 1 << 20)
#define MOST_ROWS 8192

MfStatus
m1_dir_scan_begin(MfConn *conn, const MfScanSpec *spec, M1DirScan **out, MfError *err)
{
	M1DirScan	   *scan = mf_calloc(spec->mem, sizeof(M1DirScan));

	*out = NULL;
	if (scan == NULL)
		return mf_error_oom(err, sizeof(M1DirScan));
	scan->conn = conn;
	scan->spec = spec;
	scan->mem = spec->mem;
	scan->meta.arena.mem = spec->mem;
	scan->directory = -1;
	scan->file.rv = scan->file.uid = -1;
	scan->stats.remote_rows = -1;
	scan->name = mf_option(spec->options, "collection");
	scan->skip_damaged = m1_setting_bool(conn, spec->options, "skip_damaged");
	if (scan->name == NULL)
	{
		m1_dir_scan_end(scan);
		return mf_error(err, MF_INVALID_PARAMETER_VALUE, "no collection is named");
	}
	*out = scan;
	return MF_OK;
}

void
m1_dir_scan_end(M1DirScan *scan)
{
	MfMem	   *mem;

	if (scan == NULL)
		return;
	mem = scan->mem;
	m1_load_end(scan->load);
	m1_duplicates_end(scan->duplicates);
	m1_file_close(&scan->file);
	if (scan->directory >= 0)
		close(scan->directory);
	for (int i = 0; scan->drop != NULL && i < scan->collection->nsegments; i++)
		mf_free(mem, scan->drop[i]);
	mf_free(mem, scan->drop);
	mf_free(mem, scan->skip);
	mf_free(mem, scan->from);
	mf_free(mem, scan->wanted);
	mf_free(mem, scan->ids);
	mf_free(mem, scan->vectors);
	mf_batch_free(scan->batches[0]);
	mf_batch_free(scan->batches[1]);
	mf_arena_free(&scan->meta.arena);
	mf_free(mem, scan);
}

void
m1_dir_scan_stats(M1DirScan *scan, MfScanStats *stats)
{
	*stats = scan->stats;
}

bool
m1_dir_scan_warning(M1DirScan *scan, MfError *warning)
{
	if (!scan->warned)
		return false;
	*warning = scan->warning;
	scan->warned = false;
	return true;
}

/* ---------------------------------------------------------------- preparation */

/* Segments that option `partition` or a condition leaves out. */
static MfStatus
choose_segments(M1DirScan *scan, MfError *err)
{
	const M1Collection *c = scan->collection;
	const char *partition = mf_option(scan->spec->options, "partition");
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
		scan->skip[i] = (partition != NULL && strcmp(c->segments[i].tag, partition) != 0) ||
			!m1_filter_takes(scan->spec, M1_FIELD_PARTITION, c->segments[i].tag) ||
			!m1_filter_takes(scan->spec, M1_FIELD_SEGMENT, c->segments[i].segment_id);
	return MF_OK;
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

	if (scan->skip[i])
		return MF_OK;
	if (m1_file_open(&file, scan->mem, scan->directory, scan->collection, &scan->collection->segments[i], err) != MF_OK)
		return leave_out(scan, i, err);
	if (file.out_of_range > 0)
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
	if (!m1_setting_bool(scan->conn, scan->spec->options, "allow_unflushed") &&
		m1_directory_is_quiet(path, &scan->meta, scan->collection, err) != MF_OK)
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
	if (choose_segments(scan, err) != MF_OK ||
		m1_bind_columns(scan->spec, scan->collection, scan->from, scan->batches, err) != MF_OK ||
		m1_filter_ids(scan->spec, scan->mem, &scan->wanted, &scan->nwanted, err) != MF_OK)
		return MF_ERROR;
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

/* One step towards the first row; MF_WAIT or MF_ERROR. */
static MfStatus
prepare(M1DirScan *scan, MfWaitFor *wait, MfError *err)
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
		case M1_PHASE_CHECK:
			while (status == MF_OK && scan->segment < scan->collection->nsegments && !scan->warned)
				status = check_segment(scan, err);
			if (status == MF_OK && scan->segment < scan->collection->nsegments)
				return MF_WAIT;
			if (status == MF_OK)
				status = m1_duplicates_begin(scan->mem, m1_on_duplicate(scan->conn, scan->spec->options), scan->directory, scan->collection,
											 scan->skip, scan->drop, &scan->duplicates, err);
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

/* ------------------------------------------------------------------------ rows */

static bool
is_gone(const M1DirScan *scan, int64_t row)
{
	return m1_bit(scan->file.deleted, row) || m1_bit(scan->drop[scan->segment], row);
}

static bool
append_value(M1DirScan *scan, MfColumn *col, M1From from, int64_t row, int64_t i)
{
	const M1Segment *segment = &scan->collection->segments[scan->segment];
	MfMem	   *mem = scan->mem;
	void	   *to;

	switch (from)
	{
		case M1_FROM_ID:
			return mf_append_fixed(mem, col, &scan->ids[i]);
		case M1_FROM_VECTOR:
			to = mf_append_vector(mem, col);
			if (to != NULL)
				memcpy(to, scan->vectors + (size_t) i * scan->file.row_bytes, scan->file.row_bytes);
			return to != NULL;
		case M1_FROM_PARTITION:
			return mf_append_bytes(mem, col, segment->tag, strlen(segment->tag));
		case M1_FROM_SEGMENT:
			return mf_append_bytes(mem, col, segment->segment_id, strlen(segment->segment_id));
		default:
			return mf_append_fixed(mem, col, &row);
	}
}

/* Is a row of this piece wanted by its id? */
static bool
any_wanted(const M1DirScan *scan, int64_t n)
{
	for (int64_t i = 0; i < n; i++)
	{
		if (m1_filter_wants(scan->wanted, scan->nwanted, scan->ids[i]))
			return true;
	}
	return false;
}

static MfStatus
append_piece(M1DirScan *scan, MfBatch *batch, int64_t n, MfError *err)
{
	for (int64_t i = 0; i < n; i++)
	{
		int64_t		row = scan->row + i;

		if (is_gone(scan, row) ||
			(scan->wanted != NULL && !m1_filter_wants(scan->wanted, scan->nwanted, scan->ids[i])))
			continue;
		for (int c = 0; c < scan->spec->ncolumns; c++)
		{
			if (!append_value(scan, &batch->columns[c], scan->from[c], row, i))
				return mf_error_oom(err, scan->file.row_bytes);
		}
		batch->nrows++;
	}
	return MF_OK;
}

static MfStatus
read_piece(M1DirScan *scan, MfBatch *batch, MfError *err)
{
	int64_t		n = scan->file.rows - scan->row;

	if (n > (int64_t) scan->piece_rows)
		n = (int64_t) scan->piece_rows;
	if (n > 0 && scan->want_ids && m1_file_ids(&scan->file, scan->row, n, scan->ids, err) != MF_OK)
		return MF_ERROR;
	scan->stats.bytes += scan->want_ids ? n * 8 : 0;
	if (n > 0 && (scan->wanted == NULL || any_wanted(scan, n)))
	{
		if (scan->want_vectors && m1_file_vectors(&scan->file, scan->row, n, scan->vectors, err) != MF_OK)
			return MF_ERROR;
		scan->stats.bytes += scan->want_vectors ? n * (int64_t) scan->file.row_bytes : 0;
		if (append_piece(scan, batch, n, err) != MF_OK)
			return MF_ERROR;
	}
	scan->row += n;
	return MF_OK;
}

/* The next piece with rows in it, or MF_END; MF_WAIT when it takes long to find one. */
static MfStatus
next_piece(M1DirScan *scan, MfBatch *batch, MfError *err)
{
	for (int tries = 0; batch->nrows == 0; tries++)
	{
		if (tries == 4)
			return MF_WAIT;
		while (!scan->open && scan->segment < scan->collection->nsegments && scan->skip[scan->segment])
			scan->segment++;
		if (scan->segment >= scan->collection->nsegments)
			return MF_END;
		if (!scan->open)
		{
			if (m1_file_open(&scan->file, scan->mem, scan->directory, scan->collection,
							 &scan->collection->segments[scan->segment], err) != MF_OK)
				return MF_ERROR;
			scan->open = true;
			scan->row = 0;
			scan->stats.requests++;
		}
		if (read_piece(scan, batch, err) != MF_OK)
			return MF_ERROR;
		if (scan->row >= scan->file.rows)
		{
			m1_file_close(&scan->file);
			scan->open = false;
			scan->segment++;
		}
	}
	return MF_OK;
}

MfStatus
m1_dir_scan_next(M1DirScan *scan, MfBatch **out, MfWaitFor *wait, MfError *err)
{
	MfBatch    *batch;
	MfStatus	status;

	if (scan->phase < M1_PHASE_ROWS)
		return prepare(scan, wait, err);
	*wait = (MfWaitFor) {.fd = -1,.timeout_ms = 0,.what = "Milvus 1.x files"};
	batch = scan->batches[scan->turn];
	mf_batch_reset(batch);
	status = next_piece(scan, batch, err);
	if (status != MF_OK)
		return status;
	batch->first_row = scan->stats.rows + 1;
	scan->stats.rows += batch->nrows;
	scan->turn = 1 - scan->turn;
	*out = batch;
	return MF_OK;
}
