/*
 * scan.c - How do the datasets of files become batches?
 *
 * The helper sends rows, some at a time; where they are from, and how many
 * there are if nothing of them is asked for, is known here.
 */
#include <stdio.h>
#include <string.h>

#include "hdf5_connector.h"

typedef enum Source
{
	SOURCE_DATASET,
	SOURCE_FILE,
	SOURCE_ROW
} Source;

struct MfScan
{
	MfConn	   *conn;
	const MfScanSpec *spec;
	Source	   *sources;		/* of each column */
	int			nsent;			/* columns that the helper sends */
	char	  **argv;			/* what it is told */
	char	   *numbers;		/* texts of kinds within argv */
	size_t	   *headrooms;

	MfFileList	files;
	int			next_file;
	bool		is_open;
	MfHdf5File	file;
	int64_t		file_row;
	int64_t		file_rows;		/* counting only: still to be told; -1 = not known */

	int			turn;
	MfBatch    *batches[2];
	MfScanStats stats;
};

/* No dataset is read: the rows are those of the first that the table has. */
static MfStatus
count_by(MfScan *scan, MfError *err)
{
	const MfScanSpec *spec = scan->spec;

	for (int i = 0; i < spec->nfields; i++)
	{
		if (strcmp(spec->fields[i], "_file") == 0 || strcmp(spec->fields[i], "_row") == 0)
			continue;
		scan->argv[0] = "count";
		scan->argv[1] = (char *) spec->fields[i];
		return MF_OK;
	}
	mf_error(err, MF_FDW_COLUMN_NAME_NOT_FOUND, "the foreign table has no column of a dataset");
	mf_error_hint(err, "How many rows it has is how many its datasets have.");
	return MF_ERROR;
}

/* "read", then for each column what it is wanted as, and its path. */
static MfStatus
bind_columns(MfScan *scan, MfError *err)
{
	const MfScanSpec *spec = scan->spec;
	size_t		n = (size_t) spec->ncolumns;
	int			argc = 1;

	scan->sources = mf_calloc(spec->mem, sizeof(Source) * (n + 1));
	scan->argv = mf_calloc(spec->mem, sizeof(char *) * (3 * n + 2));
	scan->numbers = mf_calloc(spec->mem, 16 * (n + 1));
	scan->headrooms = mf_calloc(spec->mem, sizeof(size_t) * (n + 1));
	if (scan->sources == NULL || scan->argv == NULL || scan->numbers == NULL || scan->headrooms == NULL)
		return mf_error_oom(err, sizeof(char *) * n);
	scan->argv[0] = "read";
	for (int i = 0; i < spec->ncolumns; i++)
	{
		const MfScanColumn *column = &spec->columns[i];
		char	   *numbers = scan->numbers + 16 * i;

		scan->sources[i] = strcmp(column->field, "_file") == 0 ? SOURCE_FILE :
			strcmp(column->field, "_row") == 0 ? SOURCE_ROW : SOURCE_DATASET;
		if (scan->sources[i] != SOURCE_DATASET)
			continue;
		snprintf(numbers, 8, "%d", (int) column->kind);
		snprintf(numbers + 8, 8, "%d", (int) column->elem);
		scan->argv[argc++] = numbers;
		scan->argv[argc++] = numbers + 8;
		scan->argv[argc++] = (char *) column->field;
		scan->headrooms[scan->nsent++] = column->headroom;
	}
	return scan->nsent == 0 ? count_by(scan, err) : MF_OK;
}

static MfStatus
set_up(MfScan *scan, MfError *err)
{
	const MfScanSpec *spec = scan->spec;
	const char *name = mf_option(spec->options, "filename");

	if (bind_columns(scan, err) != MF_OK ||
		mf_file_expand(spec->mem, name ? name : "", &scan->files, err) != MF_OK)
		return MF_ERROR;
	for (int b = 0; b < 2; b++)
	{
		scan->batches[b] = mf_batch_new(spec->mem, spec->ncolumns);
		if (scan->batches[b] == NULL)
			return mf_error_oom(err, sizeof(MfBatch));
		for (int i = 0; i < spec->ncolumns; i++)
		{
			if (scan->sources[i] != SOURCE_DATASET &&
				!mf_column_init(scan->batches[b], i, scan->sources[i] == SOURCE_FILE ? MF_KIND_TEXT : MF_KIND_I64,
								MF_KIND_NONE, 0, 0))
				return mf_error_oom(err, 0);
		}
	}
	return MF_OK;
}

MfStatus
mf_hdf5_scan_begin(MfConn *conn, const MfScanSpec *spec, MfScan **out, MfError *err)
{
	MfScan	   *scan = mf_calloc(spec->mem, sizeof(MfScan));

	if (scan == NULL)
		return mf_error_oom(err, sizeof(MfScan));
	scan->conn = conn;
	scan->spec = spec;
	scan->stats.remote_rows = -1;
	if (set_up(scan, err) != MF_OK)
	{
		mf_hdf5_scan_end(scan);
		return MF_ERROR;
	}
	*out = scan;
	return MF_OK;
}

static MfStatus
open_file(MfScan *scan, MfError *err)
{
	if (mf_hdf5_open(scan->spec->mem, scan->files.paths[scan->next_file],
					 scan->nsent > 0 ? 1 + 3 * scan->nsent : 2,
					 (const char *const *) scan->argv,
					 &scan->file, err) != MF_OK)
		return MF_ERROR;
	scan->is_open = true;
	scan->next_file++;
	scan->file_row = 0;
	scan->file_rows = -1;
	scan->stats.requests++;
	return MF_OK;
}

static void
close_file(MfScan *scan)
{
	if (scan->is_open)
		mf_hdf5_close(&scan->file);
	scan->is_open = false;
}

/* The error names the dataset; here it is known of which column and file. */
static MfStatus
failed(MfScan *scan, MfError *err)
{
	const char *path = scan->files.paths[scan->next_file - 1];
	char		message[sizeof(err->message)];

	if (strstr(err->message, path) != NULL)
		return MF_ERROR;
	snprintf(message, sizeof(message), "%.300s in file \"%.180s\"", err->message, path);
	strcpy(err->message, message);
	return MF_ERROR;
}

/* ---------------------------------------------------------------------- rows */

static MfStatus
fill_others(MfScan *scan, MfBatch *batch, MfError *err)
{
	const char *path = scan->files.paths[scan->next_file - 1];

	for (int i = 0; i < batch->ncolumns; i++)
	{
		bool		fits = true;

		for (int32_t r = 0; r < batch->nrows && fits && scan->sources[i] != SOURCE_DATASET; r++)
		{
			int64_t		row = scan->file_row + r;

			fits = scan->sources[i] == SOURCE_FILE ?
				mf_append_bytes(batch->mem, &batch->columns[i], path, strlen(path)) :
				mf_append_fixed(batch->mem, &batch->columns[i], &row);
		}
		if (!fits)
			return mf_error_oom(err, 0);
	}
	return MF_OK;
}

/*
 * The helper's columns are those of datasets in their order: for the time of
 * taking them the batch shows only these.
 */
static MfStatus
take_rows(MfScan *scan, MfBatch *batch, MfError *err)
{
	MfColumn   *all = batch->columns;
	int32_t		ncolumns = batch->ncolumns;
	MfColumn   *some = mf_alloc(batch->mem, sizeof(MfColumn) * (size_t) (scan->nsent + 1));
	MfStatus	status;

	if (some == NULL)
		return mf_error_oom(err, sizeof(MfColumn));
	for (int i = 0, n = 0; i < ncolumns; i++)
	{
		if (scan->sources[i] == SOURCE_DATASET)
			some[n++] = all[i];
	}
	batch->columns = some;
	batch->ncolumns = scan->nsent;
	status = mf_helper_take_rows(&scan->file.helper, batch, scan->headrooms, err);
	batch->columns = all;
	batch->ncolumns = ncolumns;
	for (int i = 0, n = 0; i < ncolumns; i++)
	{
		if (scan->sources[i] == SOURCE_DATASET)
			all[i] = some[n++];
	}
	mf_free(batch->mem, some);
	return status;
}

/* No dataset is asked for: the helper said how many rows there are. */
static MfStatus
count_rows(MfScan *scan, MfBatch *batch, MfWaitFor *wait, MfError *err)
{
	MfHdf5Field field;
	int64_t		left;
	MfStatus	status;

	if (scan->file_rows < 0)
	{
		status = mf_helper_receive(&scan->file.helper, wait, err);
		if (status != MF_OK)
			return status;
		if (scan->file.helper.head.type != MF_FRAME_FIELDS || scan->file.helper.head.bytes != sizeof(field))
			return mf_error(err, MF_FDW_REPLY_HANDLE, "the program that should read it answered garbage");
		memcpy(&field, scan->file.helper.payload, sizeof(field));
		scan->file_rows = field.rows;
	}
	left = scan->file_rows - scan->file_row;
	if (left == 0)
		return MF_END;
	batch->nrows = left < 16384 ? (int32_t) left : scan->spec->ncolumns > 0 ? 16384 :
		left < INT32_MAX / 2 ? (int32_t) left : INT32_MAX / 2;
	return MF_OK;
}

static MfStatus
next_rows(MfScan *scan, MfBatch *batch, MfWaitFor *wait, MfError *err)
{
	MfStatus	status;

	if (scan->nsent == 0)
		status = count_rows(scan, batch, wait, err);
	else
	{
		status = mf_helper_receive(&scan->file.helper, wait, err);
		if (status == MF_OK)
			status = take_rows(scan, batch, err);
	}
	if (status == MF_OK)
		status = fill_others(scan, batch, err);
	return status == MF_ERROR ? failed(scan, err) : status;
}

MfStatus
mf_hdf5_scan_next(MfScan *scan, MfBatch **out, MfWaitFor *wait, MfError *err)
{
	MfBatch    *batch = scan->batches[scan->turn];
	MfStatus	status = MF_END;

	mf_batch_reset(batch);
	batch->first_row = scan->stats.rows + 1;
	while (status == MF_END)
	{
		if (!scan->is_open)
		{
			if (scan->next_file >= scan->files.n)
				return MF_END;
			if (open_file(scan, err) != MF_OK)
				return MF_ERROR;
		}
		status = next_rows(scan, batch, wait, err);
		if (status == MF_END)
			close_file(scan);
		else if (status == MF_OK && batch->nrows == 0)
			status = MF_END;
	}
	if (status != MF_OK)
		return status;
	scan->file_row += batch->nrows;
	scan->stats.rows += batch->nrows;
	scan->stats.bytes += (int64_t) mf_batch_bytes(batch);
	scan->turn = !scan->turn;
	*out = batch;
	return MF_OK;
}

void
mf_hdf5_scan_stats(MfScan *scan, MfScanStats *stats)
{
	*stats = scan->stats;
}

void
mf_hdf5_scan_end(MfScan *scan)
{
	MfMem	   *mem = scan->spec->mem;

	close_file(scan);
	mf_file_list_free(mem, &scan->files);
	mf_batch_free(scan->batches[0]);
	mf_batch_free(scan->batches[1]);
	mf_free(mem, scan->sources);
	mf_free(mem, scan->argv);
	mf_free(mem, scan->numbers);
	mf_free(mem, scan->headrooms);
	mf_free(mem, scan);
}

void
mf_hdf5_scan_explain(const MfOptions *server, const MfScanSpec *spec, char *buf, size_t size)
{
	const char *name = mf_option(spec->options, "filename");
	size_t		n = (size_t) snprintf(buf, size, "read");

	for (int i = 0; i < spec->ncolumns && n < size; i++)
		n += (size_t) snprintf(buf + n, size - n, "%s %s", i ? "," : "", spec->columns[i].field);
	if (n < size)
		snprintf(buf + n, size - n, "%s%s", spec->ncolumns ? " of " : " ", name ? name : "");
}
