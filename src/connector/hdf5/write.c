/*
 * write.c - How do rows become a new HDF5 file?
 *
 * Rows of fixed width are written here (plain.c).  Texts, groups and what is
 * to be compressed are sent to the helper as they come, which writes them chunk
 * by chunk.  The file has no name before it is whole.
 */
#include <stdio.h>
#include <string.h>

#include "hdf5_connector.h"
#include "plain.h"

#define PIECE_MS 5

struct MfWrite
{
	const MfWriteSpec *spec;
	MfNewFile	file;
	bool		is_plain;
	MfHdf5Plain plain;
	MfHelper	helper;
	bool		started;
	int32_t		in_batch;		/* plain: rows of the batch that are written */
	bool		sending;		/* to the helper */
	bool		sent_end;
	int64_t		rows;
	MfWriteCounts counts;
};

MfStatus
mf_hdf5_write_begin(MfConn *conn, const MfWriteSpec *spec, MfWrite **out, MfError *err)
{
	MfWrite    *write = mf_calloc(spec->mem, sizeof(MfWrite));
	const char *path = mf_option(spec->options, "filename");

	if (write == NULL)
		return mf_error_oom(err, sizeof(MfWrite));
	write->spec = spec;
	write->file.fd = -1;
	write->helper.to = write->helper.from = -1;
	if (mf_new_file_open(&write->file, path ? path : "", err) == MF_OK)
	{
		*out = write;
		return MF_OK;
	}
	mf_hdf5_write_end(write);
	return MF_ERROR;
}

static MfStatus
start_helper(MfWrite *write, MfError *err)
{
	const MfWriteSpec *spec = write->spec;
	const char **argv = mf_calloc(spec->mem, sizeof(char *) * (size_t) (spec->ncolumns + 3));
	MfHelperStart how = {
		.program = MF_HDF5_PROGRAM,.what = "write",.path = write->file.path,.argc = spec->ncolumns + 3,.argv = argv,
			.file = write->file.fd,.scratch = -1,.threads = 1
	};
	MfStatus	status;

	if (argv == NULL)
		return mf_error_oom(err, sizeof(char *) * (size_t) spec->ncolumns);
	argv[0] = "write";
	argv[1] = mf_option(spec->options, "compression") ? mf_option(spec->options, "compression") : "0";
	argv[2] = mf_option_bool(spec->options, "shuffle", true) ? "1" : "0";
	for (int i = 0; i < spec->ncolumns; i++)
		argv[i + 3] = spec->columns[i].field->name;
	status = mf_helper_start(spec->mem, &write->helper, &how, err);
	mf_free(spec->mem, argv);
	return status;
}

/* A dataset has a value in every place. */
static MfStatus
check_nulls(MfWrite *write, const MfBatch *batch, MfError *err)
{
	for (int i = 0; i < batch->ncolumns; i++)
	{
		const MfColumn *col = &batch->columns[i];

		for (int32_t r = 0; col->nnull > 0 && r < batch->nrows; r++)
		{
			if (mf_column_state(col, r) == MF_VALUE_PRESENT)
				continue;
			mf_error(err, MF_NOT_NULL_VIOLATION, "null value in dataset \"%s\", which cannot hold it",
					 write->spec->columns[i].field->name);
			snprintf(err->column, sizeof(err->column), "%s", write->spec->columns[i].column);
			err->row = batch->first_row + r;
			return MF_ERROR;
		}
	}
	return MF_OK;
}

static MfStatus
start(MfWrite *write, const MfBatch *batch, MfError *err)
{
	write->started = true;
	write->is_plain = mf_hdf5_plain_fits(write->spec, batch);
	return write->is_plain ? mf_hdf5_plain_begin(&write->plain, write->spec, batch, &write->file, err) :
		start_helper(write, err);
}

static MfStatus
write_plain(MfWrite *write, const MfBatch *batch, MfWaitFor *wait, MfError *err)
{
	int64_t		until = mf_file_clock() + PIECE_MS;

	while (write->in_batch < batch->nrows)
	{
		int32_t		n;

		if (write->in_batch > 0 && mf_file_clock() >= until)
		{
			wait->timeout_ms = 0;
			return MF_WAIT;
		}
		if (mf_hdf5_plain_append(&write->plain, batch, write->in_batch, &n, err) != MF_OK)
			return MF_ERROR;
		write->in_batch += n;
	}
	return MF_OK;
}

static MfStatus
send(MfWrite *write, const MfBatch *batch, MfWaitFor *wait, MfError *err)
{
	if (!write->sending && mf_helper_send_begin(&write->helper, batch, err) != MF_OK)
		return MF_ERROR;
	write->sending = true;
	return mf_helper_send_step(&write->helper, wait, err);
}

/* The batch is written or sent before this answers MF_OK, so none is ever in flight. */
MfStatus
mf_hdf5_write_submit(MfWrite *write, MfBatch *batch, MfWaitFor *wait, MfError *err)
{
	MfStatus	status;

	if (write->in_batch == 0 && !write->sending &&
		(check_nulls(write, batch, err) != MF_OK || (!write->started && start(write, batch, err) != MF_OK)))
		return MF_ERROR;
	status = write->is_plain ? write_plain(write, batch, wait, err) : send(write, batch, wait, err);
	if (status != MF_OK)
		return status;
	write->sending = false;
	write->in_batch = 0;
	write->rows += batch->nrows;
	write->counts.requests++;
	write->counts.bytes += (int64_t) mf_batch_bytes(batch);
	return MF_OK;
}

MfStatus
mf_hdf5_write_poll(MfWrite *write, MfWaitFor *wait, MfError *err)
{
	return MF_OK;
}

MfStatus
mf_hdf5_write_flush(MfWrite *write, MfWaitFor *wait, MfError *err)
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

/* Without a row nothing says what the datasets would be: no file appears. */
MfStatus
mf_hdf5_write_finish(MfWrite *write, MfWaitFor *wait, MfError *err)
{
	MfStatus	status;

	if (!write->started)
		return MF_OK;
	status = write->is_plain ? mf_hdf5_plain_finish(&write->plain, wait, err) : finish_helper(write, wait, err);
	if (status == MF_OK)
		status = mf_new_file_commit(&write->file, err);
	if (status == MF_OK)
		write->counts.acknowledged = write->rows;
	return status;
}

void
mf_hdf5_write_counts(MfWrite *write, MfWriteCounts *counts)
{
	*counts = write->counts;
	counts->unsent = write->rows - write->counts.acknowledged;
}

void
mf_hdf5_write_end(MfWrite *write)
{
	mf_helper_stop(&write->helper);
	mf_hdf5_plain_end(&write->plain);
	mf_new_file_abandon(&write->file);
	mf_free(write->spec->mem, write);
}
