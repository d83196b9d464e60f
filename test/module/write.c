/*
 * write.c - How are rows taken?
 *
 * As a remote far away would: a batch is only noted when it is submitted, and
 * copied when its turn comes, so that a core that reuses it too early is seen.
 */
#include <stdio.h>
#include <string.h>

#include "test.h"

#define MAX_IN_FLIGHT 64

typedef struct Sent
{
	MfBatch    *batch;
	int64_t		until;			/* when it is answered */
} Sent;

struct MfWrite
{
	MfConn	   *conn;
	const MfWriteSpec *spec;
	Collection *collection;		/* NULL: rows are counted and forgotten */
	int			fields[MAX_FIELDS]; /* of each batch column: which field */
	int			key;			/* batch column of the key, or -1 */
	int			nsent;
	Sent		sent[MAX_IN_FLIGHT];	/* oldest first */
	bool		failed;
	int64_t		retries;
	MfWriteCounts counts;
};

MfStatus
write_begin(MfConn *conn, const MfWriteSpec *spec, MfWrite **out, MfError *err)
{
	MfWrite    *write = mf_calloc(spec->mem, sizeof(MfWrite));

	if (write == NULL)
		return mf_error_oom(err, sizeof(MfWrite));
	write->conn = conn;
	write->spec = spec;
	write->key = -1;
	write->retries = setting_int(conn, spec->options, "retries", 1);
	write->collection = store_find(spec->collection->name);
	if (write->collection != NULL)
		write->collection->users++;
	counters.writers++;
	for (int i = 0; i < spec->ncolumns; i++)
	{
		const MfField *f = spec->columns[i].field;

		if (f->key)
			write->key = i;
		if (write->collection == NULL)
			continue;
		if (store_field(write->collection, f->name) < 0 && !store_add_field(write->collection, f))
		{
			write_end(write);
			return mf_error_oom(err, sizeof(MfField));
		}
		write->fields[i] = store_field(write->collection, f->name);
	}
	*out = write;
	return MF_OK;
}

/* The key of a row as text, as far as keys are numbers or texts. */
static void
key_text(MfWrite *write, const MfBatch *batch, int32_t row, char *buf, size_t size)
{
	const MfColumn *col = write->key < 0 ? NULL : &batch->columns[write->key];

	buf[0] = '\0';
	if (col == NULL)
		return;
	if (col->kind == MF_KIND_I64)
		snprintf(buf, size, "%lld", (long long) *(int64_t *) mf_fixed_at(col, row));
	else if (col->kind == MF_KIND_TEXT)
	{
		size_t		len;
		const char *bytes = mf_varying_at(col, row, &len);

		snprintf(buf, size, "%.*s", (int) len, bytes);
	}
}

static bool
holds_row(const MfBatch *batch, int64_t row)
{
	return row >= batch->first_row && row < batch->first_row + batch->nrows;
}

static MfStatus
reject(MfWrite *write, const MfBatch *batch, int64_t row, MfError *err)
{
	const char *state = setting(write->conn, write->spec->options, "fail_state");

	write->counts.rejected += batch->nrows;
	write->failed = true;
	mf_error(err, state ? state : MF_FDW_ERROR, "the remote rejected a batch");
	mf_error_detail(err, "It does not like row %lld.", (long long) row);
	key_text(write, batch, (int32_t) (row - batch->first_row), err->key, sizeof(err->key));
	err->row = row;
	return MF_ERROR;
}

static MfStatus
never_answer(MfWrite *write, const MfBatch *batch, MfError *err)
{
	write->counts.unknown += batch->nrows;
	write->failed = true;
	key_text(write, batch, 0, write->counts.unknown_first, sizeof(write->counts.unknown_first));
	key_text(write, batch, batch->nrows - 1, write->counts.unknown_last, sizeof(write->counts.unknown_last));
	mf_error(err, MF_SQL_CONNECTION_FAILURE, "the connection broke");
	err->retry = MF_RETRY_UNKNOWN;
	return MF_ERROR;
}

/* Copy a batch column by column; fields that it lacks are absent. */
static MfStatus
store(MfWrite *write, const MfBatch *batch, MfError *err)
{
	Collection *c = write->collection;
	int			from[MAX_FIELDS];

	write->counts.acknowledged += batch->nrows;
	if (c == NULL)
		return MF_OK;
	memset(from, -1, sizeof(from));
	for (int i = 0; i < write->spec->ncolumns; i++)
		from[write->fields[i]] = i;
	for (int f = 0; f < c->desc.nfields; f++)
	{
		MfColumn   *to = &c->rows->columns[f];

		for (int32_t row = 0; row < batch->nrows; row++)
		{
			int64_t		number = c->rows->nrows + row + 1;
			bool		done;

			if (from[f] >= 0)
				done = copy_value(store_mem(), to, &batch->columns[from[f]], row);
			else if (c->desc.fields[f].auto_id && to->kind == MF_KIND_I64)
				done = mf_append_fixed(store_mem(), to, &number);
			else
				done = mf_append_state(store_mem(), to, MF_VALUE_ABSENT);
			if (!done)
				return mf_error_oom(err, mf_batch_bytes(batch));
		}
	}
	c->rows->nrows += batch->nrows;
	return MF_OK;
}

/* The answer to the oldest batch in flight. */
static MfStatus
settle(MfWrite *write, MfWaitFor *wait, MfError *err)
{
	const MfOptions *options = write->spec->options;
	MfBatch    *batch = write->sent[0].batch;
	int64_t		left = write->sent[0].until - now_ms();
	int64_t		fail_at = setting_int(write->conn, options, "fail_at", 0);
	int64_t		unknown_at = setting_int(write->conn, options, "unknown_at", 0);

	if (left > 0)
	{
		wait->timeout_ms = (int) left;
		return MF_WAIT;
	}
	write->nsent--;
	memmove(write->sent, write->sent + 1, sizeof(Sent) * (size_t) write->nsent);
	batch->busy = false;
	if (holds_row(batch, fail_at))
		return reject(write, batch, fail_at, err);
	if (holds_row(batch, unknown_at))
		return never_answer(write, batch, err);
	return store(write, batch, err);
}

MfStatus
write_submit(MfWrite *write, MfBatch *batch, MfWaitFor *wait, MfError *err)
{
	const MfOptions *options = write->spec->options;
	int64_t		retry_at = setting_int(write->conn, options, "retry_at", 0);

	if (write->failed)
		return mf_error(err, MF_INTERNAL, "a writer that failed takes no more");
	if (hangs(write->conn, options, "write", wait))
		return MF_WAIT;
	if (holds_row(batch, retry_at) && write->retries > 0)
	{
		write->retries--;
		write->counts.retries++;
		mf_error(err, MF_INSUFFICIENT_RESOURCES, "the remote is busy");
		err->retry = MF_RETRY_YES;
		err->retry_after_ms = 1;
		return MF_ERROR;
	}
	if (write->nsent >= write->spec->max_in_flight || write->nsent >= MAX_IN_FLIGHT)
	{
		MfStatus	status = settle(write, wait, err);

		if (status != MF_OK)
			return status;
	}
	batch->busy = true;
	write->sent[write->nsent].batch = batch;
	write->sent[write->nsent++].until = now_ms() + setting_int(write->conn, options, "delay_ms", 0);
	write->counts.requests++;
	write->counts.bytes += (int64_t) mf_batch_bytes(batch);
	return MF_OK;
}

MfStatus
write_poll(MfWrite *write, MfWaitFor *wait, MfError *err)
{
	return write->nsent == 0 ? MF_OK : settle(write, wait, err);
}

MfStatus
write_flush(MfWrite *write, MfWaitFor *wait, MfError *err)
{
	if (hangs(write->conn, write->spec->options, "flush", wait))
		return MF_WAIT;
	while (write->nsent > 0)
	{
		MfStatus	status = settle(write, wait, err);

		if (status != MF_OK)
			return status;
	}
	return MF_OK;
}

/* What is in flight may be stored or not. */
void
write_counts(MfWrite *write, MfWriteCounts *counts)
{
	*counts = write->counts;
	for (int i = 0; i < write->nsent; i++)
	{
		const MfBatch *batch = write->sent[i].batch;

		counts->unknown += batch->nrows;
		if (counts->unknown_first[0] == '\0')
			key_text(write, batch, 0, counts->unknown_first, sizeof(counts->unknown_first));
		key_text(write, batch, batch->nrows - 1, counts->unknown_last, sizeof(counts->unknown_last));
	}
}

void
write_end(MfWrite *write)
{
	counters.writers--;
	if (write->collection != NULL)
		store_release(write->collection);
	mf_free(write->conn->mem, write);
}
