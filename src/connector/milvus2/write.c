/*
 * write.c - Which rows are on their way?
 *
 * A batch is sent as one piece, as several where its rows go to several
 * partitions or the server is to be given less at once, and in halves where the
 * server says that it is too large.  Several pieces are in flight.  A piece of
 * an Insert is sent again only if it provably did not arrive; of an Upsert or a
 * Delete always, because doing it twice is doing it once.
 */
#include <stdlib.h>

#include "write.h"

MfStatus
m2_write_begin(MfConn *conn, const MfWriteSpec *spec, MfWrite **out, MfError *err)
{
	MfWrite    *write = mf_calloc(spec->mem, sizeof(MfWrite));
	const char *partition = mf_option(spec->options, "partition");
	MfStatus	status;

	*out = NULL;
	if (write == NULL)
		return mf_error_oom(err, sizeof(MfWrite));
	write->conn = conn;
	write->mem = spec->mem;
	write->spec = spec;
	write->database = m2_database(conn, spec->options);
	write->collection = spec->collection->name;
	write->where = (M2Where) {conn->server, write->collection};
	write->partition = partition != NULL ? partition : "";
	status = m2_write_check(write, err);
	if (status != MF_OK)
		m2_write_end(write);
	else
		*out = write;
	return status;
}

void
m2_write_end(MfWrite *write)
{
	if (write == NULL)
		return;
	while (write->pieces != NULL)
		m2_piece_settle(write, write->pieces);
	m2_keys_forget(write);
	m2_task_free(write->listing);
	m2_task_free(write->creating);
	m2_partitions_release(write->partitions);
	m2_plan_free(&write->plan);
	mf_free(write->mem, write);
}

/* ---------------------------------------------------------------------- sending */

static MfStatus
encode(MfWrite *write, M2Piece *piece, uint8_t **body, size_t *len, MfError *err)
{
	MfStatus	status;

	write->plan.to = piece->partition;
	if (write->spec->op == MF_WRITE_DELETE)
		return m2_encode_delete(write->database, write->collection, &write->plan, m2_piece_batch(piece),
								piece->first, piece->count, body, len, err);
	status = m2_encode_insert(write->database, write->collection, &write->plan, m2_piece_batch(piece),
							  piece->first, piece->count, body, len, err);
	if (status != MF_OK)
		m2_piece_fix_row(piece, err);
	return status;
}

static MfStatus
send_piece(MfWrite *write, M2Piece *piece, MfError *err)
{
	MfGrpc	   *grpc = m2_channel(write->conn, write->database, err);
	int32_t		rows = m2_pace_rows(&write->pace, piece);
	uint8_t    *body = NULL;
	size_t		len;
	MfStatus	status = grpc != NULL ? MF_OK : MF_ERROR;

	if (status == MF_OK && rows < piece->count)
		status = m2_piece_cut(write, piece, rows, err);
	if (status == MF_OK)
		status = encode(write, piece, &body, &len, err);
	if (status == MF_OK && len > write->pace.ceiling + write->pace.ceiling / 16 && piece->count > 1)
	{
		free(body);
		return m2_piece_too_large(write, piece, len, err);
	}
	if (status == MF_OK)
		status = mf_grpc_begin(grpc, write->method, body, len, 0, write->repeatable, &piece->call, err);
	if (status != MF_OK)
	{
		piece->call = NULL;
		if (err->retry != MF_RETRY_YES)
		{
			write->failed = true;
			write->counts.unsent += piece->count;
			m2_piece_settle(write, piece);
		}
		return status;
	}
	piece->bytes = len;
	write->in_flight++;
	write->counts.requests++;
	write->counts.bytes += (int64_t) len;
	return MF_OK;
}

/* Has an answer come?  MF_WAIT: no. */
static MfStatus
look(MfWrite *write, M2Piece *piece, MfWaitFor *wait, MfError *err)
{
	MfWaitFor	mine = {.fd = -1,.timeout_ms = -1};
	MfStatus	status = mf_grpc_step(piece->call, &mine, err);

	if (status == MF_OK)
		return m2_piece_answered(write, piece, err);
	if (status == MF_ERROR)
		return m2_piece_failed(write, piece, err);
	mf_call_wait_merge(wait, &mine);
	return MF_WAIT;
}

/*
 * All answers that are there.  What may be tried again does not keep us from
 * the others: they may say that rows were stored, and that is worth patience.
 */
static MfStatus
look_at_all(MfWrite *write, MfWaitFor *wait, MfError *err)
{
	M2Piece    *piece = write->pieces;
	MfStatus	result = MF_OK;
	MfError		mine;

	while (piece != NULL)
	{
		M2Piece    *next = piece->next;

		mf_error_reset(&mine);
		if (piece->call != NULL && look(write, piece, wait, &mine) == MF_ERROR)
		{
			result = MF_ERROR;
			*err = mine;
			if (mine.retry != MF_RETRY_YES)
				break;
		}
		piece = next;
	}
	return result;
}

static M2Piece *
first_unsent(const MfWrite *write)
{
	M2Piece    *piece = write->pieces;

	while (piece != NULL && piece->call != NULL)
		piece = piece->next;
	return piece;
}

/* Look at what is there, then send what may be sent. */
static MfStatus
advance(MfWrite *write, MfWaitFor *wait, MfError *err)
{
	MfStatus	status;

	*wait = (MfWaitFor) {.fd = -1,.timeout_ms = -1,.what = write->what};
	status = look_at_all(write, wait, err);
	while (status == MF_OK && !write->failed && write->in_flight < write->pace.window)
	{
		M2Piece    *piece = first_unsent(write);

		if (piece == NULL)
			break;
		status = send_piece(write, piece, err);
		if (status == MF_OK && piece->call != NULL)
		{
			MfWaitFor	mine = {.fd = -1,.timeout_ms = -1};

			/* tells what to wait for; an answer this early is seen next time */
			status = mf_grpc_step(piece->call, &mine, err);
			if (status == MF_ERROR)
				return m2_piece_failed(write, piece, err);
			if (status == MF_WAIT)
				mf_call_wait_merge(wait, &mine);
			else
				wait->timeout_ms = 0;
			status = MF_OK;
		}
	}
	return status;
}

/* ------------------------------------------------------------------ submissions */

/* At the head of a list. */
static bool
add_piece(MfWrite *write, M2Submission *sub, M2Piece **pieces, const char *partition, int32_t first, int32_t count)
{
	M2Piece    *piece = mf_calloc(write->mem, sizeof(M2Piece));

	if (piece == NULL)
		return false;
	*piece = (M2Piece) {.next = *pieces,.of = sub,.partition = partition,.first = first,.count = count};
	*pieces = piece;
	sub->pieces++;
	return true;
}

static MfStatus
take(MfWrite *write, MfBatch *batch, M2Route *route, MfError *err)
{
	M2Submission *sub = mf_calloc(write->mem, sizeof(M2Submission));
	M2Piece    *pieces = NULL;
	M2Piece   **end;
	bool		fits = sub != NULL;

	if (fits && route->n == 0)
		fits = add_piece(write, sub, &pieces, write->partition, 0, batch->nrows);
	for (int i = route->n - 1; fits && i >= 0; i--)
		fits = add_piece(write, sub, &pieces, route->runs[i].partition, route->runs[i].first, route->runs[i].count);
	if (!fits)
	{
		while (pieces != NULL)
		{
			M2Piece    *piece = pieces;

			pieces = piece->next;
			mf_free(write->mem, piece);
		}
		m2_route_free(route, write->mem);
		mf_free(write->mem, sub);
		return mf_error_oom(err, sizeof(M2Piece));
	}

	sub->batch = batch;
	sub->route = *route;
	if (route->n > 0)
	{
		sub->list = write->partitions;
		sub->list->refs++;
	}
	sub->next = write->submissions;
	write->submissions = sub;
	write->nsubmissions++;
	for (end = &write->pieces; *end != NULL; end = &(*end)->next)
		;
	*end = pieces;
	batch->busy = true;
	return MF_OK;
}

MfStatus
m2_write_submit(MfWrite *write, MfBatch *batch, MfWaitFor *wait, MfError *err)
{
	M2Route		route = {0};
	MfStatus	status;

	if (write->failed)
		return mf_error(err, MF_OBJECT_NOT_IN_STATE, "writing has failed before");
	if (batch->nrows == 0)
		return MF_OK;
	status = advance(write, wait, err);
	/* busy: taken before an error that was to be retried */
	if (status != MF_OK || batch->busy)
		return status;
	if (write->nsubmissions >= write->pace.most_in_flight && write->nsubmissions > 0)
		return MF_WAIT;
	m2_keys_forget(write);
	status = m2_write_prepare(write, wait, err);
	if (status == MF_OK && write->plan.partition >= 0)
		status = m2_write_route(write, batch, &route, wait, err);
	if (status == MF_OK)
		status = take(write, batch, &route, err);
	if (status == MF_OK)
		return advance(write, wait, err);
	write->failed |= status == MF_ERROR && err->retry != MF_RETRY_YES;
	return status;
}

MfStatus
m2_write_poll(MfWrite *write, MfWaitFor *wait, MfError *err)
{
	MfStatus	status = advance(write, wait, err);

	if (status != MF_OK)
		return status;
	if (!write->freed && write->nsubmissions > 0)
		return MF_WAIT;
	write->freed = false;
	return MF_OK;
}

/* Nothing more is sent after a failure: what waits for its turn never left. */
static void
drop_unsent(MfWrite *write)
{
	M2Piece    *piece = write->pieces;

	while (piece != NULL)
	{
		M2Piece    *next = piece->next;

		if (piece->call == NULL)
		{
			write->counts.unsent += piece->count;
			m2_piece_settle(write, piece);
		}
		piece = next;
	}
}

MfStatus
m2_write_flush(MfWrite *write, MfWaitFor *wait, MfError *err)
{
	MfStatus	status = MF_OK;

	if (!write->failed)
	{
		status = advance(write, wait, err);
		if (status == MF_OK && write->nsubmissions > 0)
			status = MF_WAIT;
		return status;
	}
	for (;;)
	{
		drop_unsent(write);
		if (write->in_flight == 0)
			return MF_OK;
		status = advance(write, wait, err);
		if (status == MF_OK && write->in_flight > 0)
			return MF_WAIT;
	}
}

void
m2_write_stop(MfWrite *write)
{
	write->failed = true;
}

void
m2_write_counts(MfWrite *write, MfWriteCounts *counts)
{
	int64_t		first_row = write->unknown_first_row;
	int64_t		last_row = write->unknown_last_row;

	*counts = write->counts;
	for (const M2Piece *piece = write->pieces; piece != NULL; piece = piece->next)
	{
		if (piece->call != NULL)
			m2_piece_note_unknown(write, piece, counts, &first_row, &last_row);
		else
			counts->unsent += piece->count;
	}
}
