/*
 * scan.c - How are rows handed out?
 *
 * Always as the kind that they are stored as: whether that can become the
 * column's type is then for the core to say.  Two batches take turns, so that
 * whoever looks at one too long sees it change.
 */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "test.h"

static const MfField counter_field[] = {
	{.name = "name",.kind = MF_KIND_TEXT}, {.name = "value",.kind = MF_KIND_I64}
};

static void
count(MfScan *scan)
{
	Counter		now[NCOUNTERS] = {
		{"connections", counters.connections}, {"opened", counters.opened},
		{"requests", counters.requests}, {"scans", counters.scans},
		{"writers", counters.writers},
		{"memory", (int64_t) (scan->conn->mem->used - scan->conn->mem_at_start - sizeof(MfScan) - sizeof(int) * (size_t) (scan->spec->ncolumns + 1))}
	};

	memcpy(scan->counter, now, sizeof(now));
	scan->total = NCOUNTERS;
}

/* Which field is this column, and of what kind? */
static MfStatus
bind_column(MfScan *scan, const MfCollection *desc, int i, MfError *err)
{
	const MfScanColumn *column = &scan->spec->columns[i];
	const MfField *f = NULL;

	for (int n = 0; n < desc->nfields; n++)
	{
		if (strcmp(desc->fields[n].name, column->field) != 0)
			continue;
		f = &desc->fields[n];
		scan->fields[i] = n;
	}
	if (f == NULL)
	{
		mf_error(err, MF_FDW_COLUMN_NAME_NOT_FOUND, "field \"%s\" does not exist", column->field);
		snprintf(err->column, sizeof(err->column), "%s", column->column);
		return MF_ERROR;
	}
	for (int b = 0; b < 2; b++)
	{
		if (!mf_column_init(scan->batches[b], i, f->kind, f->elem, f->dim, column->headroom))
			return mf_error_oom(err, column->headroom);
	}
	return MF_OK;
}

static MfStatus
open_source(MfScan *scan, MfError *err)
{
	const MfOptions *options = scan->spec->options;
	const char *name = mf_option(options, "collection");
	int64_t		rows = setting_int(scan->conn, options, "rows", -1);
	MfCollection desc;
	MfField		fields[MAX_FIELDS];

	if (name == NULL)
		name = mf_option(options, "file");
	scan->counting = name != NULL && strcmp(name, "counters") == 0;
	if (scan->counting)
	{
		count(scan);
		desc.nfields = 2;
		desc.fields = memcpy(fields, counter_field, sizeof(counter_field));
	}
	else if (rows >= 0 && (name == NULL || strcmp(name, generated_name) == 0 || mf_option(options, "rows") != NULL))
	{
		generated_describe(&desc, fields, rows, (int) setting_int(scan->conn, options, "dimensions", 4));
		scan->total = rows;
	}
	else
	{
		if (remote_collection(scan->conn, options, name ? name : "", &scan->collection, err) != MF_OK)
			return MF_ERROR;
		scan->collection->users++;
		desc = scan->collection->desc;
		scan->total = scan->collection->rows->nrows;
		if (mf_option_bool(scan->conn->options, "must_load", false) && strcmp(desc.state, "loaded") != 0)
			return mf_error(err, MF_OBJECT_NOT_IN_STATE, "collection \"%s\" is not loaded", name);
	}
	for (int b = 0; b < 2; b++)
	{
		scan->batches[b] = mf_batch_new(scan->spec->mem, scan->spec->ncolumns);
		if (scan->batches[b] == NULL)
			return mf_error_oom(err, sizeof(MfBatch));
	}
	for (int i = 0; i < scan->spec->ncolumns; i++)
	{
		if (bind_column(scan, &desc, i, err) != MF_OK)
			return MF_ERROR;
	}
	scan->last = scan->total;
	if (split_scan(scan, err) != MF_OK)
		return MF_ERROR;
	return select_rows(scan, err);
}

MfStatus
scan_begin(MfConn *conn, const MfScanSpec *spec, MfScan **out, MfError *err)
{
	MfScan	   *scan = mf_calloc(spec->mem, sizeof(MfScan));

	if (scan == NULL)
		return mf_error_oom(err, sizeof(MfScan));
	scan->fields = mf_calloc(spec->mem, sizeof(int) * (size_t) (spec->ncolumns + 1));
	if (scan->fields == NULL)
	{
		mf_free(spec->mem, scan);
		return mf_error_oom(err, sizeof(int));
	}
	scan->conn = conn;
	scan->spec = spec;
	scan->retries = setting_int(conn, spec->options, "retries", 1);
	counters.scans++;
	if (open_source(scan, err) != MF_OK)
	{
		scan_end(scan);
		return MF_ERROR;
	}
	*out = scan;
	return MF_OK;
}

/* Is it left out by the table's option "above"? */
static bool
is_below(const MfScan *scan, int32_t row)
{
	const MfColumn *keys = &scan->collection->rows->columns[0];
	int64_t		key;

	if (mf_option(scan->spec->options, "above") == NULL)
		return false;
	memcpy(&key, mf_fixed_at(keys, row), sizeof(key));
	return key <= mf_option_int(scan->spec->options, "above", 0);
}

/* Removed rows keep their place, so that a scan under way stays in step. */
static bool
passes_over(const MfScan *scan, int64_t place)
{
	int32_t		row = (int32_t) (scan->rows != NULL ? scan->rows[place] : place);

	return scan->collection != NULL && (store_is_dead(scan->collection, row) || is_below(scan, row));
}

bool
scan_value(MfScan *scan, MfColumn *col, int i, int64_t row)
{
	MfMem	   *mem = scan->spec->mem;

	if (scan->collection != NULL)
		return copy_value(mem, col, &scan->collection->rows->columns[scan->fields[i]], (int32_t) row);
	if (!scan->counting)
		return generated_append(mem, col, scan->spec->columns[i].field, row + 1);
	if (col->kind == MF_KIND_I64)
		return mf_append_fixed(mem, col, &scan->counter[row].value);
	return mf_append_bytes(mem, col, scan->counter[row].name, strlen(scan->counter[row].name));
}

static MfStatus
fail_at_row(MfScan *scan, int64_t row, MfError *err)
{
	const char *state = setting(scan->conn, scan->spec->options, "fail_state");

	mf_error(err, state ? state : MF_FDW_ERROR, "row %lld cannot be read", (long long) row);
	mf_error_detail(err, "It is the row that was chosen to fail.");
	snprintf(err->column, sizeof(err->column), "txt");
	snprintf(err->key, sizeof(err->key), "key %lld", (long long) row);
	err->row = row;
	return MF_ERROR;
}

/* Rows of the next batch. */
static int64_t
batch_rows(MfScan *scan)
{
	int64_t		rows = setting_int(scan->conn, scan->spec->options, "batch_rows", 100);

	if (scan->spec->fetch_size > 0 && scan->spec->fetch_size < rows)
		rows = scan->spec->fetch_size;
	if (mf_option_bool(scan->spec->options, "short_batches", false))
		rows = 1 + scan->stats.requests % 3;
	return rows < scan->total - scan->row ? rows : scan->total - scan->row;
}

MfStatus
scan_next(MfScan *scan, MfBatch **out, MfWaitFor *wait, MfError *err)
{
	const MfOptions *options = scan->spec->options;
	int64_t		fail_at = setting_int(scan->conn, options, "fail_at", 0);
	int64_t		retry_at = setting_int(scan->conn, options, "retry_at", 0);
	int64_t		delay = setting_int(scan->conn, options, "delay_ms", 0);
	MfBatch    *batch = scan->batches[scan->turn];
	int64_t		rows;

	if (hangs(scan->conn, options, "scan", wait))
		return MF_WAIT;
	if (split_is_late(scan, delay, wait))
		return MF_WAIT;
	/* no snapshot: rows that came meanwhile are there too */
	if (scan->collection != NULL && scan->rows == NULL)
		scan->total = scan->spec->split != NULL ? scan->last : scan->collection->rows->nrows;
	while (scan->row < scan->total && passes_over(scan, scan->row))
		scan->row++;
	rows = batch_rows(scan);
	if (rows == 0)
		return MF_END;
	if (retry_at > scan->row && retry_at <= scan->row + rows && scan->retries > 0)
	{
		scan->retries--;
		scan->stats.retries++;
		mf_error(err, MF_SQL_CONNECTION_FAILURE, "the remote is busy");
		err->retry = MF_RETRY_YES;
		err->retry_after_ms = 1;
		return MF_ERROR;
	}
	mf_batch_reset(batch);
	batch->ncolumns = scan->only_number ? 0 : scan->spec->ncolumns;
	batch->first_row = scan->row + 1;
	for (int64_t row = scan->row; row < scan->row + rows; row++)
	{
		if (row + 1 == fail_at)
		{
			/* what came before it is still good */
			rows = row - scan->row;
			if (batch->nrows > 0)
				break;
			return fail_at_row(scan, fail_at, err);
		}
		if (passes_over(scan, row))
			continue;
		for (int i = 0; i < scan->spec->ncolumns; i++)
		{
			if (!scan->only_number &&
				!scan_value(scan, &batch->columns[i], i, scan->rows != NULL ? scan->rows[row] : row))
				return mf_error_oom(err, mf_batch_bytes(batch));
		}
		batch->nrows++;
	}
	scan->row += rows;
	scan->stats.requests++;
	scan->stats.rows += batch->nrows;
	scan->stats.bytes += (int64_t) mf_batch_bytes(batch);
	scan->turn = !scan->turn;
	scan->until = 0;
	*out = batch;
	return MF_OK;
}

void
scan_stats(MfScan *scan, MfScanStats *stats)
{
	*stats = scan->stats;
	stats->remote_rows = scan->collection != NULL ? store_nrows(scan->collection) : scan->total;
}

void
scan_end(MfScan *scan)
{
	counters.scans--;
	if (scan->timer > 0)
		close(scan->timer);
	for (int b = 0; b < 2 && scan->batches[b] != NULL; b++)
		scan->batches[b]->ncolumns = scan->spec->ncolumns;
	mf_free(scan->spec->mem, scan->rows);
	mf_batch_free(scan->batches[0]);
	mf_batch_free(scan->batches[1]);
	if (scan->collection != NULL)
		store_release(scan->collection);
	mf_free(scan->conn->mem, scan->fields);
	mf_free(scan->conn->mem, scan);
}

void
scan_explain(const MfOptions *server, const MfScanSpec *spec, char *buf, size_t size)
{
	size_t		n = (size_t) snprintf(buf, size, "read");

	for (int i = 0; i < spec->ncolumns && n < size; i++)
		n += (size_t) snprintf(buf + n, size - n, "%s %s:%s", i ? "," : "", spec->columns[i].field,
							   mf_kind_name(spec->columns[i].kind));
	if (spec->fetch_size > 0 && n < size)
		n += (size_t) snprintf(buf + n, size - n, " by %d", spec->fetch_size);
	for (int i = 0; i < spec->nsorts && n < size; i++)
		n += (size_t) snprintf(buf + n, size - n, "%s %s %s", i ? "," : " in order of", spec->sorts[i].field,
							   spec->sorts[i].descending ? "downwards" : "upwards");
}
