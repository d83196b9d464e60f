/*
 * dir_scan.c - How are the rows of a data directory read?
 *
 * Once it is known which (dir_plan.c), segment by segment in pieces of about a
 * megabyte.
 */
#include <unistd.h>

#include "scan.h"

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
	m1_wal_end(scan->wal);
	m1_duplicates_end(scan->duplicates);
	m1_file_close(&scan->file);
	if (scan->directory >= 0)
		close(scan->directory);
	for (int i = 0; scan->drop != NULL && i < scan->collection->nsegments; i++)
		mf_free(mem, scan->drop[i]);
	mf_free(mem, scan->drop);
	mf_free(mem, scan->skip);
	mf_free(mem, scan->mine);
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
		while (!scan->open && scan->segment < scan->collection->nsegments &&
			   (scan->skip[scan->segment] || (scan->mine != NULL && !scan->mine[scan->segment])))
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
		return m1_dir_prepare(scan, wait, err);
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
