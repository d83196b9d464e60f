/*
 * write.c - How do rows become a new index file?
 *
 * Flat indexes are written here as rows come; any other factory string goes to
 * the helper program, which trains, adds and writes when the last row is in.
 * The file has no name before it is whole.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "faiss.h"

#define PIECE_BYTES (1024 * 1024)
#define PIECE_MS 5

struct MfWrite
{
	MfConn	   *conn;
	const MfWriteSpec *spec;
	int			ids;			/* batch columns; -1 = none */
	int			vectors;
	const char *index;
	MfNewFile	file;
	bool		flat_kind;
	MfFaissFlat flat;
	bool		begun;			/* the number of dimensions is known */
	int32_t		dim;
	int32_t		in_batch;		/* rows of the batch that are written */
	bool		sending;
	bool		sent_end;
	int			scratch;
	MfHelper	helper;
	int64_t		rows;
	MfWriteCounts counts;
};

/* Does an index of this kind keep ids? */
static bool
keeps_ids(const char *index)
{
	return strncmp(index, "IDMap", 5) == 0 || strstr(index, "IVF") != NULL || strstr(index, "IMI") != NULL ||
		strncmp(index, "BHash", 5) == 0;
}

static MfStatus
bind_columns(MfWrite *write, MfError *err)
{
	const MfWriteSpec *spec = write->spec;

	write->ids = write->vectors = -1;
	for (int i = 0; i < spec->ncolumns; i++)
	{
		const MfField *field = spec->columns[i].field;
		int		   *at = mf_kind_is_vector(field->kind) ? &write->vectors : &write->ids;

		if (*at >= 0)
			return mf_error(err, MF_FDW_INVALID_ATTRIBUTE_VALUE, "two columns would be written to field \"%s\"", field->name);
		*at = i;
	}
	if (write->vectors < 0)
		return mf_error(err, MF_FDW_COLUMN_NAME_NOT_FOUND, "no column is written to field \"%s\"",
						mf_faiss_vector_field(spec->options));
	return MF_OK;
}

static MfStatus
begin(MfWrite *write, MfError *err)
{
	const MfOptions *options = write->spec->options;
	const char *metric = mf_option(options, "metric");
	const char *path = mf_option(options, "filename");

	if (bind_columns(write, err) != MF_OK)
		return MF_ERROR;
	write->index = mf_option(options, "index");
	if (mf_new_file_open(&write->file, path ? path : "", err) != MF_OK)
		return MF_ERROR;
	if (write->index == NULL)
	{
		mf_error(err, "HV00B", "option \"index\" is required to write file \"%s\"", path);
		mf_error_hint(err, "Set the foreign table's option index to a factory string such as 'IDMap2,Flat'.");
		return MF_ERROR;
	}
	write->flat_kind = mf_faiss_flat_factory(write->index, &write->flat);
	write->flat.file = &write->file;
	write->flat.metric = metric != NULL && strcmp(metric, "IP") == 0 ? 0 : 1;
	write->flat.ids = -1;
	return MF_OK;
}

MfStatus
mf_faiss_write_begin(MfConn *conn, const MfWriteSpec *spec, MfWrite **out, MfError *err)
{
	MfWrite    *write = mf_calloc(spec->mem, sizeof(MfWrite));

	if (write == NULL)
		return mf_error_oom(err, sizeof(MfWrite));
	write->conn = conn;
	write->spec = spec;
	write->file.fd = -1;
	write->flat.ids = -1;
	write->scratch = -1;
	write->helper.to = write->helper.from = -1;
	if (begin(write, err) != MF_OK)
	{
		mf_faiss_write_end(write);
		return MF_ERROR;
	}
	*out = write;
	return MF_OK;
}

/* The helper is told what to make; it keeps vectors in the scratch file until the last is in. */
static MfStatus
start_helper(MfWrite *write, bool binary, MfError *err)
{
	char		dim[16];
	const char *argv[] = {
		"write", binary ? "binary" : "float", write->index, write->flat.metric == 0 ? "IP" : "L2", dim,
		write->ids < 0 ? "v" : write->ids < write->vectors ? "iv" : "vi",
		write->ids >= 0 && keeps_ids(write->index) ? "ids" : "rows"
	};
	MfHelperStart start = {
		.program = MF_FAISS_PROGRAM,.what = "write",.path = write->file.path,.argc = 7,.argv = argv,
			.file = write->file.fd,.threads = (int) mf_option_int(write->spec->options, "threads", 1)
	};

	snprintf(dim, sizeof(dim), "%d", write->dim);
	write->scratch = start.scratch = mf_new_file_scratch(&write->file);
	if (write->scratch < 0)
		return mf_file_error(err, "create a scratch file beside", write->file.path, errno);
	return mf_helper_start(write->spec->mem, &write->helper, &start, err);
}

static MfStatus
begin_rows(MfWrite *write, const MfField *field, int32_t dim, MfError *err)
{
	bool		binary = field->kind == MF_KIND_VEC_BIT;

	if (dim < 1 || dim > MF_FAISS_MAX_DIM || (binary && dim % 8 != 0))
		return mf_error(err, MF_DATA_EXCEPTION, "a Faiss index cannot have vectors of %d %s", dim,
						binary ? "bits" : "dimensions");
	write->dim = dim;
	write->begun = true;
	if (!write->flat_kind)
		return start_helper(write, binary, err);
	if (write->flat.binary != binary)
		return mf_error(err, MF_FDW_INVALID_ATTRIBUTE_VALUE, "index \"%s\" does not hold %s vectors", write->index,
						binary ? "binary" : "float");
	write->flat.dim = dim;
	return mf_faiss_flat_begin(&write->flat, err);
}

/* An index that keeps no ids numbers its rows from 0: other ids would be lost. */
static MfStatus
check_ids(MfWrite *write, const MfBatch *batch, MfError *err)
{
	const int64_t *ids;

	if (write->ids < 0 || keeps_ids(write->index))
		return MF_OK;
	ids = mf_fixed_at(&batch->columns[write->ids], 0);
	for (int32_t i = 0; i < batch->nrows; i++)
	{
		if (ids[i] == write->rows + i)
			continue;
		mf_error(err, MF_DATA_EXCEPTION, "index \"%s\" cannot keep the id %lld", write->index, (long long) ids[i]);
		mf_error_detail(err, "It numbers its rows from 0, and this would be %lld.", (long long) (write->rows + i));
		mf_error_hint(err, "Use index 'IDMap2,%s'.", write->index);
		err->row = batch->first_row + i;
		return MF_ERROR;
	}
	return MF_OK;
}

static MfStatus
write_flat(MfWrite *write, MfBatch *batch, MfWaitFor *wait, MfError *err)
{
	int64_t		until = mf_file_clock() + PIECE_MS;
	const MfColumn *vectors = &batch->columns[write->vectors];
	int32_t		at_once = PIECE_BYTES / (int32_t) vectors->width + 1;

	while (write->in_batch < batch->nrows)
	{
		int32_t		n = batch->nrows - write->in_batch;

		if (write->in_batch > 0 && mf_file_clock() >= until)
		{
			wait->timeout_ms = 0;
			return MF_WAIT;
		}
		if (n > at_once)
			n = at_once;
		if (mf_faiss_flat_append(&write->flat, mf_fixed_at(vectors, write->in_batch),
								 write->ids < 0 ? NULL : mf_fixed_at(&batch->columns[write->ids], write->in_batch),
								 n, err) != MF_OK)
			return MF_ERROR;
		write->in_batch += n;
	}
	return MF_OK;
}

static MfStatus
send(MfWrite *write, MfBatch *batch, MfWaitFor *wait, MfError *err)
{
	MfStatus	status = MF_OK;

	if (!write->sending)
		status = mf_helper_send_begin(&write->helper, batch, err);
	write->sending = status == MF_OK;
	return status == MF_OK ? mf_helper_send_step(&write->helper, wait, err) : status;
}

/* A batch is written before this answers MF_OK, so none is ever in flight. */
MfStatus
mf_faiss_write_submit(MfWrite *write, MfBatch *batch, MfWaitFor *wait, MfError *err)
{
	const MfColumn *vectors = &batch->columns[write->vectors];
	MfStatus	status;

	if (!write->begun &&
		begin_rows(write, write->spec->columns[write->vectors].field, vectors->dim, err) != MF_OK)
		return MF_ERROR;
	if (write->in_batch == 0 && !write->sending && check_ids(write, batch, err) != MF_OK)
		return MF_ERROR;
	status = write->flat_kind ? write_flat(write, batch, wait, err) : send(write, batch, wait, err);
	if (status != MF_OK)
		return status;
	write->in_batch = 0;
	write->sending = false;
	write->rows += batch->nrows;
	write->counts.bytes += (int64_t) mf_batch_bytes(batch);
	write->counts.requests++;
	return MF_OK;
}

MfStatus
mf_faiss_write_poll(MfWrite *write, MfWaitFor *wait, MfError *err)
{
	return MF_OK;
}

MfStatus
mf_faiss_write_flush(MfWrite *write, MfWaitFor *wait, MfError *err)
{
	return MF_OK;
}

static MfStatus
finish_helper(MfWrite *write, MfWaitFor *wait, MfError *err)
{
	MfStatus	status;

	if (!write->sent_end)
		mf_helper_send_end(&write->helper);
	write->sent_end = true;
	status = mf_helper_receive(&write->helper, wait, err);
	if (status == MF_OK)
		return mf_error(err, MF_FDW_REPLY_HANDLE, "the program that should write file \"%s\" answered garbage",
						write->file.path);
	return status == MF_END ? MF_OK : status;
}

/* Without a row and without a number of dimensions there is nothing to be written. */
MfStatus
mf_faiss_write_finish(MfWrite *write, MfWaitFor *wait, MfError *err)
{
	const MfField *field = write->spec->columns[write->vectors].field;
	MfStatus	status;

	if (!write->begun && field->dim == 0)
		return MF_OK;
	if (!write->begun && begin_rows(write, field, field->dim, err) != MF_OK)
		return MF_ERROR;
	status = write->flat_kind ? mf_faiss_flat_finish(&write->flat, wait, err) : finish_helper(write, wait, err);
	if (status == MF_OK)
		status = mf_new_file_commit(&write->file, err);
	if (status == MF_OK)
		write->counts.acknowledged = write->rows;
	return status;
}

void
mf_faiss_write_counts(MfWrite *write, MfWriteCounts *counts)
{
	*counts = write->counts;
	counts->unsent = write->rows - write->counts.acknowledged;
}

void
mf_faiss_write_end(MfWrite *write)
{
	mf_helper_stop(&write->helper);
	mf_faiss_flat_end(&write->flat);
	if (write->scratch >= 0)
		close(write->scratch);
	mf_new_file_abandon(&write->file);
	mf_free(write->spec->mem, write);
}
