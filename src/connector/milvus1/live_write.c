/*
 * live_write.c - How do rows reach a Milvus 1.x server, and how do they go?
 *
 * A batch becomes one Insert for each partition that its rows name, or one
 * DeleteByID.  Several requests are under way.
 */
#include "live_write.h"

/* ------------------------------------------------------------------ begin, end */

static MfStatus
bind(MfWrite *write, MfError *err)
{
	const MfWriteSpec *spec = write->spec;

	write->id = write->vector = write->tag = -1;
	for (int i = 0; i < spec->ncolumns; i++)
	{
		const char *name = spec->columns[i].field->name;

		if (strcmp(name, M1_FIELD_ID) == 0)
			write->id = i;
		else if (strcmp(name, M1_FIELD_VECTOR) == 0)
			write->vector = i;
		else if (strcmp(name, M1_FIELD_PARTITION) == 0)
			write->tag = i;
		else
		{
			mf_error(err, MF_FEATURE_NOT_SUPPORTED, "column \"%s\" cannot be written", spec->columns[i].column);
			mf_error_detail(err, "Where a row is stored is for the server to say.");
			mf_error_hint(err, "Write to a foreign table without it.");
			return MF_ERROR;
		}
	}
	if (spec->op == MF_WRITE_DELETE ? write->id < 0 : write->vector < 0)
		return mf_error(err, MF_NOT_NULL_VIOLATION, "field \"%s\" of collection \"%s\" is not written",
						spec->op == MF_WRITE_DELETE ? M1_FIELD_ID : M1_FIELD_VECTOR, write->collection);
	if (write->tag >= 0 && write->partition != NULL)
		return mf_error(err, MF_INVALID_PARAMETER_VALUE, "the partition is named by option \"partition\" and by column \"%s\"",
						spec->columns[write->tag].column);
	return MF_OK;
}

MfStatus
m1_write_begin(MfConn *conn, const MfWriteSpec *spec, MfWrite **out, MfError *err)
{
	MfWrite    *write;
	MfStatus	status;

	*out = NULL;
	if (conn->live == NULL)
		return mf_error(err, MF_FEATURE_NOT_SUPPORTED, "a data directory of Milvus 1.x cannot be written");
	if (spec->op != MF_WRITE_INSERT && spec->op != MF_WRITE_DELETE)
		return mf_error(err, MF_FEATURE_NOT_SUPPORTED, "rows of Milvus 1.x cannot be replaced");
	write = mf_calloc(spec->mem, sizeof(MfWrite));
	if (write == NULL)
		return mf_error_oom(err, sizeof(MfWrite));
	write->conn = conn;
	write->mem = spec->mem;
	write->spec = spec;
	write->collection = spec->collection->name;
	write->partition = mf_option(spec->options, "partition");
	write->create_partitions = m1_setting_bool(conn, spec->options, "create_partitions");
	status = bind(write, err);
	if (status == MF_OK)
	{
		write->ids = mf_batch_new(spec->mem, 1);
		if (write->ids == NULL || !mf_column_init(write->ids, 0, MF_KIND_I64, MF_KIND_NONE, 0, 0))
			status = mf_error_oom(err, sizeof(MfBatch));
	}
	if (status != MF_OK)
		m1_write_end(write);
	else
		*out = write;
	return status;
}

void
m1_piece_free(MfWrite *write, M1Piece *piece)
{
	if (piece->call != NULL)
		mf_grpc_end(piece->call);
	mf_free(write->mem, piece->rows);
	mf_free(write->mem, piece);
}

void
m1_write_end(MfWrite *write)
{
	if (write == NULL)
		return;
	m1_call_end(write->conn, &write->ask);
	while (write->pieces != NULL)
	{
		M1Piece    *piece = write->pieces;

		write->pieces = piece->next;
		piece->batch->busy = false;
		m1_piece_free(write, piece);
	}
	while (write->known != NULL)
	{
		M1Tag	   *tag = write->known;

		write->known = tag->next;
		mf_free(write->mem, tag);
	}
	mf_batch_free(write->ids);
	mf_free(write->mem, write);
}

/* ---------------------------------------------------------------------- sending */

static MfStatus
send_piece(MfWrite *write, M1Piece *piece, MfWaitFor *wait, MfError *err)
{
	bool		inserting = write->spec->op == MF_WRITE_INSERT;
	const MfMethod *method = inserting ? &m1_insert : &m1_delete_by_id;
	uint8_t    *body = NULL;
	size_t		len = 0;
	MfStatus	status = MF_OK;

	if (!m1_partition_known(write, piece))
		status = m1_partition_need(write, piece, wait, err);
	if (status != MF_OK)
		return status;
	status = inserting ? m1_encode_insert(write, piece, &body, &len, err) : m1_encode_delete(write, piece, &body, &len, err);
	if (status == MF_OK)
		status = mf_grpc_begin(write->conn->live->grpc, method->path, body, len, 0, method->idempotent, &piece->call, err);
	if (status != MF_OK)
	{
		write->failed = write->failed || err->retry != MF_RETRY_YES;
		return status;
	}
	write->in_flight++;
	write->counts.requests++;
	write->counts.bytes += (int64_t) len;
	return MF_OK;
}

static MfStatus
advance(MfWrite *write, MfWaitFor *wait, MfError *err)
{
	M1Piece    *next;

	*wait = (MfWaitFor) {.fd = -1,.timeout_ms = -1,.what = "Milvus 1.x Insert"};
	for (M1Piece *piece = write->pieces; piece != NULL && !write->failed; piece = piece->next)
	{
		MfStatus	status;

		if (piece->call != NULL || write->in_flight >= write->spec->max_in_flight)
			continue;
		status = send_piece(write, piece, wait, err);
		if (status == MF_WAIT)
			break;
		if (status != MF_OK)
			return status;
	}
	for (M1Piece *piece = write->pieces; piece != NULL; piece = next)
	{
		MfWaitFor	mine = {.fd = -1,.timeout_ms = -1};
		MfStatus	status;

		next = piece->next;
		if (piece->call == NULL)
			continue;
		status = mf_grpc_step(piece->call, &mine, err);
		if (status == MF_WAIT)
			mf_call_wait_merge(wait, &mine);
		else if (m1_answered(write, piece, status, err) != MF_OK)
			return MF_ERROR;
		else
			wait->timeout_ms = 0;
	}
	return MF_OK;
}

/* The piece for the partition of a row, made if need be; NULL = no memory. */
static M1Piece *
piece_for(MfWrite *write, MfBatch *batch, int32_t row, M1Piece **first)
{
	const MfColumn *column = write->tag >= 0 ? &batch->columns[write->tag] : NULL;
	const char *tag = write->partition != NULL ? write->partition : "";
	size_t		len = strlen(tag);
	M1Piece   **at;

	if (column != NULL && mf_column_state(column, row) == MF_VALUE_PRESENT)
		tag = mf_varying_at(column, row, &len);
	for (at = first; *at != NULL; at = &(*at)->next)
	{
		if ((*at)->tag_len == len && memcmp((*at)->tag, tag, len) == 0)
			return *at;
	}
	*at = mf_calloc(write->mem, sizeof(M1Piece));
	if (*at == NULL)
		return NULL;
	(*at)->rows = mf_alloc(write->mem, sizeof(int32_t) * (size_t) batch->nrows);
	(*at)->batch = batch;
	(*at)->tag = tag;
	(*at)->tag_len = len;
	return (*at)->rows != NULL ? *at : NULL;
}

static MfStatus
take_batch(MfWrite *write, MfBatch *batch, MfError *err)
{
	M1Piece    *first = NULL;
	M1Piece   **end;

	for (int32_t row = 0; row < batch->nrows; row++)
	{
		M1Piece    *piece = piece_for(write, batch, row, &first);

		if (piece == NULL)
		{
			while (first != NULL)
			{
				M1Piece    *next = first->next;

				m1_piece_free(write, first);
				first = next;
			}
			return mf_error_oom(err, sizeof(M1Piece));
		}
		piece->rows[piece->nrows++] = row;
	}
	for (end = &write->pieces; *end != NULL; end = &(*end)->next)
		;
	*end = first;
	batch->busy = true;
	return MF_OK;
}

static int
batches_held(const MfWrite *write)
{
	const MfBatch *last = NULL;
	int			n = 0;

	for (const M1Piece *p = write->pieces; p != NULL; p = p->next)
	{
		n += p->batch != last;
		last = p->batch;
	}
	return n;
}

MfStatus
m1_write_submit(MfWrite *write, MfBatch *batch, MfWaitFor *wait, MfError *err)
{
	MfStatus	status;

	if (write->failed)
		return mf_error(err, MF_OBJECT_NOT_IN_STATE, "writing has failed before");
	status = advance(write, wait, err);
	/* busy: taken before an error that was to be retried */
	if (status != MF_OK || batch->nrows == 0 || batch->busy)
		return status;
	if (batches_held(write) >= write->spec->max_in_flight)
		return MF_WAIT;
	status = take_batch(write, batch, err);
	return status == MF_OK ? advance(write, wait, err) : status;
}

MfStatus
m1_write_poll(MfWrite *write, MfWaitFor *wait, MfError *err)
{
	MfStatus	status = advance(write, wait, err);

	if (status != MF_OK)
		return status;
	if (!write->freed && write->pieces != NULL)
		return MF_WAIT;
	write->freed = false;
	return MF_OK;
}

/* Nothing more is sent after a failure. */
static void
drop_unsent(MfWrite *write)
{
	M1Piece    *next;

	for (M1Piece *piece = write->pieces; piece != NULL; piece = next)
	{
		next = piece->next;
		if (piece->call == NULL)
		{
			write->counts.unsent += piece->nrows;
			m1_settle(write, piece);
		}
	}
}

MfStatus
m1_write_flush(MfWrite *write, MfWaitFor *wait, MfError *err)
{
	MfStatus	status;

	if (write->failed)
		drop_unsent(write);
	status = advance(write, wait, err);
	if (status == MF_OK && write->pieces != NULL)
		return MF_WAIT;
	return status;
}

void
m1_write_stop(MfWrite *write)
{
	write->failed = true;
}

void
m1_write_counts(MfWrite *write, MfWriteCounts *counts)
{
	*counts = write->counts;
	for (const M1Piece *piece = write->pieces; piece != NULL; piece = piece->next)
	{
		if (piece->call != NULL)
			m1_note_unknown(write, piece, counts);
		else
			counts->unsent += piece->nrows;
	}
}

const MfColumn *
m1_write_keys(MfWrite *write)
{
	return write->ids->nrows > 0 ? &write->ids->columns[0] : NULL;
}
