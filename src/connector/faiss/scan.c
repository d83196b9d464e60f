/*
 * scan.c - How do the rows of index files become batches?
 *
 * One file after the other.  What lies in a file bit by bit is read directly
 * (rows.c); the rest comes from the helper program, which has libfaiss.
 */
#include <stdio.h>
#include <string.h>

#include "faiss.h"

/* A batch is closed by rows, by bytes and by time. */
#define BATCH_ROWS 8192
#define PIECE_MS 4

typedef enum Source
{
	SOURCE_ID,
	SOURCE_VECTOR,
	SOURCE_FILE,
	SOURCE_ROW
} Source;

struct MfScan
{
	MfConn	   *conn;
	const MfScanSpec *spec;
	Source	   *sources;		/* of each column */
	int			id_column;		/* first of its kind, or -1 */
	int			vector_column;
	bool		allow_lossy;

	MfFileList	files;
	MfFileSplit split;			/* if the spec says one */
	int			next_file;
	int			end_file;
	bool		is_open;
	MfFaissFile file;
	int64_t		file_row;		/* of the file: the next one */
	int64_t		end_row;
	bool		direct;
	MfFaissRows rows;
	MfHelper	helper;

	int			turn;
	MfBatch    *batches[2];
	MfBatch    *helped;			/* as the helper sends them: id, vector */
	MfScanStats stats;
};

/* ------------------------------------------------------------------------ set up */

static MfStatus
bind_columns(MfScan *scan, MfError *err)
{
	const MfScanSpec *spec = scan->spec;
	const char *id = mf_faiss_id_field(spec->options);
	const char *vector = mf_faiss_vector_field(spec->options);

	scan->id_column = scan->vector_column = -1;
	for (int i = 0; i < spec->ncolumns; i++)
	{
		const char *field = spec->columns[i].field;

		if (strcmp(field, id) == 0)
			scan->sources[i] = SOURCE_ID;
		else if (strcmp(field, vector) == 0)
			scan->sources[i] = SOURCE_VECTOR;
		else if (strcmp(field, "_file") == 0)
			scan->sources[i] = SOURCE_FILE;
		else if (strcmp(field, "_row") == 0)
			scan->sources[i] = SOURCE_ROW;
		else
		{
			mf_error(err, MF_FDW_COLUMN_NAME_NOT_FOUND, "a Faiss index has no field \"%s\"", field);
			snprintf(err->column, sizeof(err->column), "%s", spec->columns[i].column);
			mf_error_hint(err, "The fields are: %s, %s, _file, _row. Set the column's option \"field\" to one of them.",
						  id, vector);
			return MF_ERROR;
		}
		if (scan->sources[i] == SOURCE_ID && scan->id_column < 0)
			scan->id_column = i;
		if (scan->sources[i] == SOURCE_VECTOR && scan->vector_column < 0)
			scan->vector_column = i;
	}
	return MF_OK;
}

static MfStatus
set_up(MfScan *scan, MfError *err)
{
	const MfScanSpec *spec = scan->spec;
	const char *name = mf_option(spec->options, "filename");

	scan->sources = mf_calloc(spec->mem, sizeof(Source) * (size_t) (spec->ncolumns + 1));
	if (scan->sources == NULL)
		return mf_error_oom(err, sizeof(Source));
	scan->allow_lossy = mf_option_bool(spec->options, "allow_lossy", false);
	if (bind_columns(scan, err) != MF_OK ||
		mf_file_expand(spec->mem, name ? name : "", &scan->files, err) != MF_OK)
		return MF_ERROR;
	scan->end_file = scan->files.n;
	if (spec->split != NULL)
	{
		if (mf_file_split_parse(spec->split, &scan->files, &scan->split, err) != MF_OK)
			return MF_ERROR;
		scan->next_file = scan->split.file;
		scan->end_file = scan->split.file + 1;
	}
	for (int b = 0; b < 2; b++)
	{
		scan->batches[b] = mf_batch_new(spec->mem, spec->ncolumns);
		if (scan->batches[b] == NULL)
			return mf_error_oom(err, sizeof(MfBatch));
		for (int i = 0; i < spec->ncolumns; i++)
		{
			MfKind		kind = scan->sources[i] == SOURCE_FILE ? MF_KIND_TEXT : MF_KIND_I64;

			if (scan->sources[i] != SOURCE_VECTOR &&
				!mf_column_init(scan->batches[b], i, kind, MF_KIND_NONE, 0, 0))
				return mf_error_oom(err, 0);
		}
	}
	return MF_OK;
}

MfStatus
mf_faiss_scan_begin(MfConn *conn, const MfScanSpec *spec, MfScan **out, MfError *err)
{
	MfScan	   *scan = mf_calloc(spec->mem, sizeof(MfScan));

	if (scan == NULL)
		return mf_error_oom(err, sizeof(MfScan));
	scan->conn = conn;
	scan->spec = spec;
	scan->stats.remote_rows = -1;
	if (set_up(scan, err) != MF_OK)
	{
		mf_faiss_scan_end(scan);
		return MF_ERROR;
	}
	*out = scan;
	return MF_OK;
}

/* -------------------------------------------------------------------- a file */

static MfStatus
refuse_lossy(const MfFaissFile *file, MfError *err)
{
	mf_error(err, MF_FEATURE_NOT_SUPPORTED, "file \"%s\" holds approximate vectors only", file->path);
	mf_error_detail(err, "Its index (%s) keeps codes; what can be decoded from them is not what was added.", file->kinds);
	mf_error_hint(err, "Set the foreign table's option allow_lossy to 'true' to read the decoded vectors.");
	return MF_ERROR;
}

static MfStatus
refuse_new(const MfFaissFile *file, MfError *err)
{
	mf_error(err, MF_FEATURE_NOT_SUPPORTED, "file \"%s\" was written by a newer Faiss", file->path);
	mf_error_detail(err, "Its index (%s) can be decoded by later versions of libfaiss than 1.7.3 only.", file->kinds);
	return MF_ERROR;
}

static MfStatus
start_helper(MfScan *scan, MfError *err)
{
	const MfFaissFile *file = &scan->file;
	const char *argv[] = {"read", file->binary ? "binary" : "float", scan->vector_column >= 0 ? "vectors" : "ids"};
	MfHelperStart start = {
		.program = MF_FAISS_PROGRAM,.what = "read",.path = file->path,.argc = 3,.argv = argv,
			.file = file->fd,.scratch = -1,.memory = file->size * 8 + (INT64_C(1) << 30),.threads = 1
	};

	if (scan->helped == NULL)
		scan->helped = mf_batch_new(scan->spec->mem, 2);
	if (scan->helped == NULL)
		return mf_error_oom(err, sizeof(MfBatch));
	return mf_helper_start(scan->spec->mem, &scan->helper, &start, err);
}

/* Which of the file's rows are wanted? */
static MfStatus
choose_rows(MfScan *scan, MfError *err)
{
	MfFileWhole whole = mf_faiss_whole(&scan->file);

	scan->file_row = 0;
	scan->end_row = scan->file.ntotal;
	if (scan->spec->split == NULL)
		return MF_OK;
	scan->file_row = scan->split.first;
	scan->end_row = scan->split.first + scan->split.count;
	return mf_file_split_check(&scan->split, &whole, scan->file.path, err);
}

static MfStatus
open_file(MfScan *scan, MfError *err)
{
	const MfScanSpec *spec = scan->spec;
	MfFaissFile *file = &scan->file;

	if (mf_faiss_open(spec->mem, scan->files.paths[scan->next_file], file, err) != MF_OK)
		return MF_ERROR;
	scan->is_open = true;
	scan->next_file++;
	scan->stats.requests++;
	if (choose_rows(scan, err) != MF_OK)
		return MF_ERROR;
	if (!file->exact && scan->vector_column >= 0 && !scan->allow_lossy)
		return refuse_lossy(file, err);
	for (int i = 0; i < spec->ncolumns; i++)
	{
		if (scan->sources[i] != SOURCE_VECTOR)
			continue;
		if (spec->columns[i].dim > 0 && spec->columns[i].dim != file->dim)
		{
			mf_error(err, MF_DATATYPE_MISMATCH, "column \"%s\" has %d dimensions, file \"%s\" has %d",
					 spec->columns[i].column, spec->columns[i].dim, file->path, file->dim);
			return MF_ERROR;
		}
	}
	scan->direct = file->direct || spec->ncolumns == 0 || file->ntotal == 0 ||
		(scan->id_column < 0 && scan->vector_column < 0);
	if (scan->direct)
		return mf_faiss_rows_begin(spec->mem, file, scan->file_row, scan->end_row - scan->file_row, &scan->rows, err);
	return file->known ? start_helper(scan, err) : refuse_new(file, err);
}

static void
close_file(MfScan *scan)
{
	if (!scan->is_open)
		return;
	mf_faiss_rows_end(scan->spec->mem, &scan->rows);
	mf_helper_stop(&scan->helper);
	mf_faiss_close(&scan->file);
	scan->is_open = false;
}

/* ---------------------------------------------------------------------- rows */

/* A vector column of this file's kind; the one before may have been of another. */
static MfStatus
prepare_vectors(MfScan *scan, MfBatch *batch, MfError *err)
{
	MfKind		kind = scan->file.binary ? MF_KIND_VEC_BIT : MF_KIND_VEC_F32;

	for (int i = 0; i < batch->ncolumns; i++)
	{
		MfColumn   *col = &batch->columns[i];

		if (scan->sources[i] != SOURCE_VECTOR || (col->kind == kind && col->dim == scan->file.dim))
			continue;
		if (!mf_column_init(batch, i, kind, MF_KIND_NONE, scan->file.dim, scan->spec->columns[i].headroom))
			return mf_error_oom(err, (size_t) scan->file.dim);
	}
	return MF_OK;
}

/* What was not read: file and row, and fields that are asked for twice. */
static MfStatus
fill_others(MfScan *scan, MfBatch *batch, int32_t from, int32_t n, MfError *err)
{
	MfMem	   *mem = scan->spec->mem;

	for (int i = 0; i < batch->ncolumns; i++)
	{
		MfColumn   *col = &batch->columns[i];
		const char *path = scan->file.path;
		int			first = scan->sources[i] == SOURCE_ID ? scan->id_column : scan->vector_column;
		bool		fits = true;

		for (int32_t r = 0; r < n && fits; r++)
		{
			int64_t		row = scan->file_row + r;

			if (scan->sources[i] == SOURCE_FILE)
				fits = mf_append_bytes(mem, col, path, strlen(path));
			else if (scan->sources[i] == SOURCE_ROW)
				fits = mf_append_fixed(mem, col, &row);
			else if (i != first)
				fits = mf_append_fixed(mem, col, mf_fixed_at(&batch->columns[first], from + r));
		}
		if (!fits)
			return mf_error_oom(err, 0);
	}
	return MF_OK;
}

/* Rows are there, nothing of them has to be read. */
static int32_t
count_rows(MfScan *scan, int32_t most)
{
	int64_t		left = scan->end_row - scan->file_row;

	if (scan->spec->ncolumns == 0)
		most = INT32_MAX / 2;
	return left < most ? (int32_t) left : most;
}

static MfStatus
next_direct(MfScan *scan, MfBatch *batch, int32_t most, int32_t *n, MfError *err)
{
	MfColumn   *ids = scan->id_column >= 0 ? &batch->columns[scan->id_column] : NULL;
	MfColumn   *vectors = scan->vector_column >= 0 ? &batch->columns[scan->vector_column] : NULL;

	if (ids == NULL && vectors == NULL)
	{
		*n = count_rows(scan, most);
		return MF_OK;
	}
	return mf_faiss_rows_next(scan->spec->mem, &scan->rows, ids, vectors, most, n, err);
}

static MfStatus
next_helped(MfScan *scan, MfBatch *batch, int32_t *n, MfWaitFor *wait, MfError *err)
{
	MfMem	   *mem = scan->spec->mem;
	MfBatch    *helped = scan->helped;
	int			columns[2] = {scan->id_column, scan->vector_column};
	MfStatus	status = mf_helper_receive(&scan->helper, wait, err);

	*n = 0;
	if (status != MF_OK)
		return status;
	mf_batch_reset(helped);
	if (mf_helper_take_rows(&scan->helper, helped, (size_t[]) {0, 0}, err) != MF_OK)
		return MF_ERROR;
	for (int c = 0; c < 2; c++)
	{
		MfColumn   *to = columns[c] >= 0 ? &batch->columns[columns[c]] : NULL;

		if (to != NULL && (to->kind != helped->columns[c].kind || to->dim != helped->columns[c].dim))
			return mf_error(err, MF_FDW_REPLY_HANDLE, "file \"%s\" changed while it was read", scan->file.path);
		for (int32_t r = 0; to != NULL && r < helped->nrows; r++)
		{
			if (!mf_append_fixed(mem, to, mf_fixed_at(&helped->columns[c], r)))
				return mf_error_oom(err, to->width);
		}
	}
	*n = helped->nrows;
	return MF_OK;
}

/* More rows of this file, MF_END when there are none. */
static MfStatus
more_rows(MfScan *scan, MfBatch *batch, MfWaitFor *wait, MfError *err)
{
	int32_t		from = batch->nrows;
	int32_t		n;
	MfStatus	status;

	if (prepare_vectors(scan, batch, err) != MF_OK)
		return MF_ERROR;
	status = scan->direct ? next_direct(scan, batch, BATCH_ROWS - from, &n, err) :
		next_helped(scan, batch, &n, wait, err);
	if (status != MF_OK)
		return status;
	if (n == 0)
		return scan->direct ? MF_END : MF_OK;
	if (fill_others(scan, batch, from, n, err) != MF_OK)
		return MF_ERROR;
	batch->nrows += n;
	scan->file_row += n;
	return MF_OK;
}

static bool
is_full(const MfBatch *batch, int64_t until)
{
	return batch->nrows >= BATCH_ROWS || mf_batch_bytes(batch) >= MF_FAISS_READ || mf_file_clock() >= until;
}

/* Fill a batch, file after file; the vectors of one batch are of one kind. */
static MfStatus
fill(MfScan *scan, MfBatch *batch, MfWaitFor *wait, MfError *err)
{
	int64_t		until = mf_file_clock() + PIECE_MS;

	for (;;)
	{
		MfStatus	status = MF_OK;

		if (!scan->is_open)
		{
			if (scan->next_file >= scan->end_file)
				return MF_END;
			if (open_file(scan, err) != MF_OK)
				return MF_ERROR;
		}
		while (status == MF_OK && !is_full(batch, until))
			status = more_rows(scan, batch, wait, err);
		if (status == MF_ERROR || (status == MF_WAIT && batch->nrows == 0))
			return status;
		if (status == MF_END)
			close_file(scan);
		if (batch->nrows > 0)
			return MF_OK;
		if (mf_file_clock() >= until)
		{
			wait->timeout_ms = 0;
			return MF_WAIT;
		}
	}
}

MfStatus
mf_faiss_scan_next(MfScan *scan, MfBatch **out, MfWaitFor *wait, MfError *err)
{
	MfBatch    *batch = scan->batches[scan->turn];
	MfStatus	status;

	mf_batch_reset(batch);
	batch->first_row = scan->stats.rows + 1;
	status = fill(scan, batch, wait, err);
	if (status != MF_OK)
		return status;
	scan->stats.rows += batch->nrows;
	scan->stats.bytes += (int64_t) mf_batch_bytes(batch);
	scan->turn = !scan->turn;
	*out = batch;
	return MF_OK;
}

void
mf_faiss_scan_stats(MfScan *scan, MfScanStats *stats)
{
	*stats = scan->stats;
}

void
mf_faiss_scan_end(MfScan *scan)
{
	MfMem	   *mem = scan->spec->mem;

	close_file(scan);
	mf_file_list_free(mem, &scan->files);
	mf_batch_free(scan->batches[0]);
	mf_batch_free(scan->batches[1]);
	mf_batch_free(scan->helped);
	mf_free(mem, scan->sources);
	mf_free(mem, scan);
}

void
mf_faiss_scan_explain(const MfOptions *server, const MfScanSpec *spec, char *buf, size_t size)
{
	const char *name = mf_option(spec->options, "filename");

	snprintf(buf, size, "read %s%s%s", name ? name : "", spec->split ? ", " : "", spec->split ? spec->split : "");
}
