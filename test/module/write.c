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
	MfBatch    *made;			/* keys made for the last batch stored */
	MfWriteCounts counts;
};

/* Which columns changed, into a collection "changed" if there is one. */
static bool
note_changed(const MfWriteSpec *spec)
{
	Collection *c = store_find("changed");
	char		text[1000] = "";

	if (c == NULL || spec->op != MF_WRITE_UPDATE)
		return true;
	for (int i = 0; i < spec->ncolumns; i++)
	{
		if (spec->columns[i].changed && strlen(text) + strlen(spec->columns[i].column) < sizeof(text) - 2)
			strcat(strcat(text, text[0] ? " " : ""), spec->columns[i].column);
	}
	c->rows->nrows++;
	return mf_append_bytes(store_mem(), &c->rows->columns[0], text, strlen(text));
}

/* A row is replaced as a whole, so all of it must be there. */
static MfStatus
check_complete(const MfWriteSpec *spec, MfError *err)
{
	for (int f = 0; f < spec->collection->nfields; f++)
	{
		const MfField *field = &spec->collection->fields[f];
		bool		found = field->pseudo;

		for (int i = 0; i < spec->ncolumns; i++)
			found |= strcmp(spec->columns[i].field->name, field->name) == 0;
		if (found)
			continue;
		mf_error(err, MF_FEATURE_NOT_SUPPORTED, "field \"%s\" would be lost", field->name);
		mf_error_hint(err, "Add a column for it.");
		return MF_ERROR;
	}
	return MF_OK;
}

MfStatus
write_begin(MfConn *conn, const MfWriteSpec *spec, MfWrite **out, MfError *err)
{
	MfWrite    *write;

	if (spec->op == MF_WRITE_UPDATE && check_complete(spec, err) != MF_OK)
		return MF_ERROR;
	write = mf_calloc(spec->mem, sizeof(MfWrite));
	if (write == NULL || !note_changed(spec))
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

/* ------------------------------------------------------------------ storing */

/* Have two rows, of any columns of the same kind, the same value? */
static bool
same_key(const MfColumn *a, int32_t i, const MfColumn *b, int32_t j)
{
	const char *left;
	const char *right;
	size_t		nleft;
	size_t		nright;

	if (a->width > 0)
		return memcmp(mf_fixed_at(a, i), mf_fixed_at(b, j), a->width) == 0;
	left = mf_varying_at(a, i, &nleft);
	right = mf_varying_at(b, j, &nright);
	return nleft == nright && memcmp(left, right, nleft) == 0;
}

/* Rows with the key of this one go. */
static bool
remove_key(Collection *c, int field, const MfColumn *keys, int32_t row)
{
	for (int32_t i = 0; i < c->rows->nrows; i++)
	{
		if (!store_is_dead(c, i) && same_key(&c->rows->columns[field], i, keys, row) && !store_kill(c, i))
			return false;
	}
	return true;
}

static bool
make_key(MfWrite *write, MfColumn *to, int64_t number)
{
	if (write->made == NULL)
	{
		write->made = mf_batch_new(write->spec->mem, 1);
		if (write->made == NULL || !mf_column_init(write->made, 0, MF_KIND_I64, MF_KIND_NONE, 0, 0))
			return false;
	}
	return mf_append_fixed(store_mem(), to, &number) &&
		mf_append_fixed(write->spec->mem, &write->made->columns[0], &number);
}

/* Copy a batch column by column; fields that it lacks are absent. */
static MfStatus
append_batch(MfWrite *write, const MfBatch *batch, MfError *err)
{
	Collection *c = write->collection;
	int			from[MAX_FIELDS];

	memset(from, -1, sizeof(from));
	for (int i = 0; i < write->spec->ncolumns; i++)
		from[write->fields[i]] = i;
	if (write->made != NULL)
		mf_batch_reset(write->made);
	for (int f = 0; f < c->desc.nfields; f++)
	{
		MfColumn   *to = &c->rows->columns[f];

		for (int32_t row = 0; row < batch->nrows; row++)
		{
			bool		done;

			if (from[f] >= 0)
				done = copy_value(store_mem(), to, &batch->columns[from[f]], row);
			else if (c->desc.fields[f].auto_id && to->kind == MF_KIND_I64)
				done = make_key(write, to, c->rows->nrows + row + 1);
			else
				done = mf_append_state(store_mem(), to, MF_VALUE_ABSENT);
			if (!done)
				return mf_error_oom(err, mf_batch_bytes(batch));
		}
	}
	c->rows->nrows += batch->nrows;
	return MF_OK;
}

static MfStatus
store(MfWrite *write, const MfBatch *batch, MfError *err)
{
	Collection *c = write->collection;

	write->counts.acknowledged += batch->nrows;
	if (c == NULL)
		return MF_OK;
	for (int32_t row = 0; row < batch->nrows && write->spec->op != MF_WRITE_INSERT; row++)
	{
		if (!remove_key(c, write->fields[write->key], &batch->columns[write->key], row))
			return mf_error_oom(err, (size_t) c->rows->nrows);
	}
	return write->spec->op == MF_WRITE_DELETE ? MF_OK : append_batch(write, batch, err);
}

/* A remote that may take batches in any order: no key may be on its way twice. */
static MfStatus
check_keys(MfWrite *write, const MfBatch *batch, MfError *err)
{
	const MfColumn *keys = &batch->columns[write->key];

	for (int s = -1; s < write->nsent; s++)
	{
		const MfBatch *other = s < 0 ? batch : write->sent[s].batch;

		for (int32_t i = 0; i < batch->nrows; i++)
		{
			for (int32_t j = 0; j < (s < 0 ? i : other->nrows); j++)
			{
				if (same_key(keys, i, &other->columns[write->key], j))
					return mf_error(err, MF_UNIQUE_VIOLATION, "a key is in flight twice");
			}
		}
	}
	return MF_OK;
}

const MfColumn *
write_keys(MfWrite *write)
{
	return write->made != NULL ? &write->made->columns[0] : NULL;
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
	if (write->spec->op != MF_WRITE_INSERT && mf_option_bool(options, "check_keys", false) &&
		check_keys(write, batch, err) != MF_OK)
		return MF_ERROR;
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
	mf_batch_free(write->made);
	mf_free(write->conn->mem, write);
}
