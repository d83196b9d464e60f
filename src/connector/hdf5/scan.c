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
	char		range[3][24];	/* texts of rows within argv */
	size_t	   *headrooms;

	MfFileList	files;
	MfFileSplit split;			/* if the spec says one */
	int			next_file;
	int			end_file;
	bool		is_open;
	MfHdf5File	file;
	int64_t		file_row;		/* of the file: the next one */
	int64_t		end_row;		/* counting only; -1 = not known yet */

	int			turn;
	MfBatch    *batches[2];
	MfScanStats stats;
};

const char *
mf_hdf5_counting(const MfScanSpec *spec, MfError *err)
{
	for (int i = 0; i < spec->ncolumns + spec->nfields; i++)
	{
		const char *field = i < spec->ncolumns ? spec->columns[i].field : spec->fields[i - spec->ncolumns];

		if (strcmp(field, "_file") != 0 && strcmp(field, "_row") != 0)
			return field;
	}
	mf_error(err, MF_FDW_COLUMN_NAME_NOT_FOUND, "the foreign table has no column of a dataset");
	mf_error_hint(err, "How many rows it has is how many its datasets have.");
	return NULL;
}

/* No dataset is read: the rows are those of the first that the table has. */
static MfStatus
count_by(MfScan *scan, MfError *err)
{
	scan->argv[0] = "count";
	scan->argv[1] = (char *) mf_hdf5_counting(scan->spec, err);
	return scan->argv[1] ? MF_OK : MF_ERROR;
}

/* Which rows, of how many: -1 = all, of any number. */
static void
set_range(MfScan *scan)
{
	bool		all = scan->spec->split == NULL;
	int64_t		numbers[3] = {all ? 0 : scan->split.first, all ? -1 : scan->split.count, all ? -1 : scan->split.rows};

	for (int i = 0; i < 3; i++)
	{
		snprintf(scan->range[i], sizeof(scan->range[i]), "%lld", (long long) numbers[i]);
		scan->argv[1 + i] = scan->range[i];
	}
}

/* "read" and which rows, then for each column what it is wanted as, and its path. */
static MfStatus
bind_columns(MfScan *scan, MfError *err)
{
	const MfScanSpec *spec = scan->spec;
	size_t		n = (size_t) spec->ncolumns;
	int			argc = 4;

	scan->sources = mf_calloc(spec->mem, sizeof(Source) * (n + 1));
	scan->argv = mf_calloc(spec->mem, sizeof(char *) * (3 * n + 5));
	scan->numbers = mf_calloc(spec->mem, 16 * (n + 1));
	scan->headrooms = mf_calloc(spec->mem, sizeof(size_t) * (n + 1));
	if (scan->sources == NULL || scan->argv == NULL || scan->numbers == NULL || scan->headrooms == NULL)
		return mf_error_oom(err, sizeof(char *) * n);
	scan->argv[0] = "read";
	set_range(scan);
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

	if (mf_file_expand(spec->mem, name ? name : "", &scan->files, err) != MF_OK)
		return MF_ERROR;
	scan->end_file = scan->files.n;
	if (spec->split != NULL)
	{
		if (mf_file_split_parse(spec->split, &scan->files, &scan->split, err) != MF_OK)
			return MF_ERROR;
		scan->next_file = scan->split.file;
		scan->end_file = scan->split.file + 1;
	}
	if (bind_columns(scan, err) != MF_OK)
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
					 scan->nsent > 0 ? 4 + 3 * scan->nsent : 2,
					 (const char *const *) scan->argv,
					 &scan->file, err) != MF_OK)
		return MF_ERROR;
	scan->is_open = true;
	scan->next_file++;
	scan->file_row = scan->spec->split ? scan->split.first : 0;
	scan->end_row = -1;
	scan->stats.requests++;
	if (scan->spec->split != NULL && scan->split.bytes != scan->file.size)
		return mf_file_split_check(&scan->split, &(MfFileWhole) {.rows = scan->split.rows,.bytes = scan->file.size},
								   scan->files.paths[scan->next_file - 1], err);
	return MF_OK;
}

static void
close_file(MfScan *scan)
{
	if (scan->is_open)
		mf_hdf5_close(&scan->file);
	scan->is_open = false;
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

/* No dataset is asked for: the helper says how many rows there are. */
static MfStatus
count_rows(MfScan *scan, MfBatch *batch, MfWaitFor *wait, MfError *err)
{
	MfFileWhole whole = {.bytes = scan->file.size,.ranges = true};
	int64_t		left;
	MfStatus	status;

	if (scan->end_row < 0)
	{
		status = mf_hdf5_counted(&scan->file, &whole.rows, wait, err);
		if (status == MF_OK && scan->spec->split != NULL)
			status = mf_file_split_check(&scan->split, &whole, scan->files.paths[scan->next_file - 1], err);
		if (status != MF_OK)
			return status;
		scan->end_row = scan->spec->split ? scan->split.first + scan->split.count : whole.rows;
	}
	left = scan->end_row - scan->file_row;
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
	return status == MF_ERROR ? mf_hdf5_failed(scan->files.paths[scan->next_file - 1], err) : status;
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
			if (scan->next_file >= scan->end_file)
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
		snprintf(buf + n, size - n, "%s%s%s%s", spec->ncolumns ? " of " : " ", name ? name : "",
				 spec->split ? ", " : "", spec->split ? spec->split : "");
}
