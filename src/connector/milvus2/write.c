/*
 * write.c - Which rows are on their way, and what became of them?
 *
 * A batch is sent as one piece, or in halves where the server says that it is
 * too large.  Several are in flight.  When the server asks for less, fewer are,
 * and the same rows go again; how many there are then grows back slowly.  A
 * piece is sent again only if it provably did not arrive.
 */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "internal.h"

#define MOST_BODY (60 * 1000 * 1000)	/* the server's limit is 64 MiB by default */

static const char *const what = "Milvus Insert";

typedef struct Submission
{
	struct Submission *next;
	MfBatch    *batch;
	int			pieces;			/* not settled */
} Submission;

typedef struct Piece
{
	struct Piece *next;			/* in the order of rows */
	Submission *of;
	int32_t		first;
	int32_t		count;
	MfGrpcCall *call;			/* NULL = to be sent */
} Piece;

struct MfWrite
{
	MfConn	   *conn;
	MfMem	   *mem;
	const MfWriteSpec *spec;
	M2WritePlan plan;
	const char *database;
	const char *collection;
	Submission *submissions;
	Piece	   *pieces;
	int			nsubmissions;
	int			in_flight;		/* pieces with a call */
	int			window;			/* at most so many */
	int			credit;			/* successes since it grew */
	bool		freed;			/* a batch got free since the last poll */
	bool		failed;
	MfWriteCounts counts;		/* of what is settled */
	int64_t		unknown_first_row;
	int64_t		unknown_last_row;
};

MfStatus
m2_write_begin(MfConn *conn, const MfWriteSpec *spec, MfWrite **out, MfError *err)
{
	MfWrite    *write = mf_calloc(spec->mem, sizeof(MfWrite));
	MfStatus	status;

	*out = NULL;
	if (write == NULL)
		return mf_error_oom(err, sizeof(MfWrite));
	write->conn = conn;
	write->mem = spec->mem;
	write->spec = spec;
	write->database = m2_database(conn, spec->options);
	write->collection = spec->collection->name;
	write->window = spec->max_in_flight > 0 ? spec->max_in_flight : 1;
	status = m2_plan_init(&write->plan, spec, spec->mem, err);
	write->plan.version = conn->version;
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
	{
		Piece	   *piece = write->pieces;

		write->pieces = piece->next;
		if (piece->call != NULL)
			mf_grpc_end(piece->call);
		mf_free(write->mem, piece);
	}
	while (write->submissions != NULL)
	{
		Submission *sub = write->submissions;

		write->submissions = sub->next;
		sub->batch->busy = false;
		mf_free(write->mem, sub);
	}
	m2_plan_free(&write->plan);
	mf_free(write->mem, write);
}

/* -------------------------------------------------------------------- settling */

static void
release(MfWrite *write, Submission *sub)
{
	Submission **at = &write->submissions;

	if (--sub->pieces > 0)
		return;
	while (*at != sub)
		at = &(*at)->next;
	*at = sub->next;
	sub->batch->busy = false;
	write->nsubmissions--;
	write->freed = true;
	mf_free(write->mem, sub);
}

static void
end_call(MfWrite *write, Piece *piece)
{
	if (piece->call == NULL)
		return;
	mf_grpc_end(piece->call);
	piece->call = NULL;
	write->in_flight--;
}

/* The fate of its rows is known (or will never be): forget the piece. */
static void
settle(MfWrite *write, Piece *piece)
{
	Piece	  **at = &write->pieces;

	end_call(write, piece);
	while (*at != piece)
		at = &(*at)->next;
	*at = piece->next;
	release(write, piece->of);
	mf_free(write->mem, piece);
}

/* Widen the range of unknown rows by a piece's, in any counts. */
static void
note_unknown(const MfWrite *write, const Piece *piece, MfWriteCounts *counts,
			 int64_t *first_row, int64_t *last_row)
{
	const MfBatch *batch = piece->of->batch;
	int64_t		first = batch->first_row + piece->first;
	int64_t		last = first + piece->count - 1;

	counts->unknown += piece->count;
	if (*first_row == 0 || first < *first_row)
	{
		*first_row = first;
		m2_row_key(&write->plan, batch, piece->first, counts->unknown_first, sizeof(counts->unknown_first));
	}
	if (last > *last_row)
	{
		*last_row = last;
		m2_row_key(&write->plan, batch, piece->first + piece->count - 1,
				   counts->unknown_last, sizeof(counts->unknown_last));
	}
}

static void
settle_unknown(MfWrite *write, Piece *piece)
{
	note_unknown(write, piece, &write->counts, &write->unknown_first_row, &write->unknown_last_row);
	settle(write, piece);
}

static void
slow_down(MfWrite *write)
{
	write->window = write->window > 1 ? write->window / 2 : 1;
	write->credit = 0;
	write->counts.retries++;
}

static void
speed_up(MfWrite *write)
{
	if (write->window < write->spec->max_in_flight && ++write->credit >= write->window)
	{
		write->window++;
		write->credit = 0;
	}
}

static MfStatus
too_large(MfWrite *write, Piece *piece, size_t bytes, MfError *err)
{
	const MfBatch *batch = piece->of->batch;
	char		answer[sizeof(err->detail)];

	memcpy(answer, err->detail, sizeof(answer));
	mf_error(err, MF_PROGRAM_LIMIT, "a row is too large for Milvus");
	if (bytes > 0)
		mf_error_detail(err, "It takes %zu bytes; a request to Milvus has at most 64 MB.", bytes);
	else
		mf_error_detail(err, "%s", answer);
	mf_error_hint(err, "proxy.grpc.serverMaxRecvSize in the server's configuration is the limit.");
	m2_error_row(&write->plan, batch, piece->first, -1, err);
	return MF_ERROR;
}

/* Two halves, to be sent where the whole was too large. */
static MfStatus
split(MfWrite *write, Piece *piece, size_t bytes, MfError *err)
{
	Piece	   *half;

	end_call(write, piece);
	if (piece->count == 1)
	{
		write->failed = true;
		write->counts.rejected++;
		too_large(write, piece, bytes, err);
		settle(write, piece);
		return MF_ERROR;
	}
	half = mf_calloc(write->mem, sizeof(Piece));
	if (half == NULL)
		return mf_error_oom(err, sizeof(Piece));
	half->of = piece->of;
	half->first = piece->first + piece->count / 2;
	half->count = piece->count - piece->count / 2;
	half->next = piece->next;
	piece->count /= 2;
	piece->next = half;
	piece->of->pieces++;
	write->counts.retries++;
	return MF_OK;
}

/* --------------------------------------------------------------------- answers */

static uint64_t
now_timestamp(void)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return ((uint64_t) now.tv_sec * 1000 + (uint64_t) now.tv_nsec / 1000000) << 18;
}

/* The server's no.  Rows that it may have kept in part are unknown. */
static MfStatus
refused(MfWrite *write, Piece *piece, MfError *err)
{
	const MfBatch *batch = piece->of->batch;

	if (err->retry == MF_RETRY_YES)
	{
		end_call(write, piece);
		slow_down(write);
		return MF_ERROR;
	}
	if (m2_error_too_large(err))
		return split(write, piece, 0, err);
	write->failed = true;
	if (piece->count == 1)
		m2_error_row(&write->plan, batch, piece->first, -1, err);
	if (err->retry == MF_RETRY_UNKNOWN || m2_error_may_be_applied(err))
	{
		err->retry = MF_RETRY_UNKNOWN;
		settle_unknown(write, piece);
	}
	else
	{
		write->counts.rejected += piece->count;
		settle(write, piece);
	}
	return MF_ERROR;
}

/* Stored, says the Status; but were all? */
static MfStatus
count_stored(MfWrite *write, Piece *piece, const M2__MutationResult *result, MfError *err)
{
	const MfBatch *batch = piece->of->batch;
	int64_t		stored = result->insert_cnt;
	int64_t		first = batch->first_row + piece->first;

	m2_mark_put(write->conn, write->database, write->collection,
				result->timestamp > 0 ? result->timestamp : now_timestamp());
	if (stored == piece->count && result->n_err_index == 0)
	{
		write->counts.acknowledged += piece->count;
		speed_up(write);
		settle(write, piece);
		return MF_OK;
	}
	write->failed = true;
	if (stored < 0 || stored > piece->count)
		stored = 0;
	mf_error(err, MF_FDW_ERROR, "Milvus stored %lld of %d rows", (long long) stored, (int) piece->count);
	mf_error_detail(err, "They are rows %lld to %lld.", (long long) first, (long long) (first + piece->count - 1));
	if (result->n_err_index > 0 && result->err_index[0] < (uint32_t) piece->count)
		m2_error_row(&write->plan, batch, piece->first + (int32_t) result->err_index[0], -1, err);
	if ((int64_t) result->n_err_index == piece->count - stored)
	{
		write->counts.acknowledged += stored;
		write->counts.rejected += piece->count - stored;
		settle(write, piece);
	}
	else
		settle_unknown(write, piece);	/* which ones is not said */
	return MF_ERROR;
}

static MfStatus
answered(MfWrite *write, Piece *piece, MfError *err)
{
	M2Where		where = {write->conn->server, write->collection};
	M2__MutationResult *result = (M2__MutationResult *)
		m2_unpack(write->conn, &m2__mutation_result__descriptor, what, piece->call, err);
	MfStatus	status = MF_OK;

	if (result == NULL)
	{
		write->failed = true;
		err->retry = MF_RETRY_UNKNOWN;
		settle_unknown(write, piece);
		return MF_ERROR;
	}
	if (result->status != NULL)
		status = m2_status(result->status->code, result->status->error_code, result->status->reason, &where, err);
	status = status == MF_OK ? count_stored(write, piece, result, err) : refused(write, piece, err);
	protobuf_c_message_free_unpacked(&result->base, &write->conn->alloc);
	return status;
}

/* What gRPC said.  It keeps the call for sending anew where that is allowed. */
static MfStatus
call_failed(MfWrite *write, Piece *piece, MfError *err)
{
	M2Where		where = {write->conn->server, write->collection};
	MfRetry		retry = err->retry;

	m2_grpc_error(&where, err);
	if (retry == MF_RETRY_YES)
	{
		write->counts.retries++;
		if (write->failed)
			end_call(write, piece);		/* it never left, and shall not */
		return MF_ERROR;
	}
	return refused(write, piece, err);
}

/* ---------------------------------------------------------------------- sending */

static MfStatus
send_piece(MfWrite *write, Piece *piece, MfError *err)
{
	MfGrpc	   *grpc = m2_channel(write->conn, write->database, err);
	uint8_t    *body;
	size_t		len;
	MfStatus	status = MF_ERROR;

	if (grpc != NULL)
		status = m2_encode_insert(write->database, write->collection, &write->plan, piece->of->batch,
								  piece->first, piece->count, &body, &len, err);
	if (status == MF_OK && len > MOST_BODY)
	{
		free(body);
		return split(write, piece, len, err);
	}
	if (status == MF_OK)
		status = mf_grpc_begin(grpc, M2_SERVICE "Insert", body, len, 0, false, &piece->call, err);
	if (status != MF_OK)
	{
		piece->call = NULL;
		if (err->retry != MF_RETRY_YES)
		{
			write->failed = true;
			write->counts.unsent += piece->count;
			settle(write, piece);
		}
		return status;
	}
	write->in_flight++;
	write->counts.requests++;
	write->counts.bytes += (int64_t) len;
	return MF_OK;
}

/* Look at all answers that are there, then send what may be sent. */
static MfStatus
advance(MfWrite *write, MfWaitFor *wait, MfError *err)
{
	Piece	   *piece = write->pieces;

	*wait = (MfWaitFor) {.fd = -1,.timeout_ms = -1,.what = what};
	while (piece != NULL)
	{
		Piece	   *next = piece->next;
		MfWaitFor	mine = {.fd = -1,.timeout_ms = -1};
		MfStatus	status = MF_WAIT;

		if (piece->call != NULL)
		{
			status = mf_grpc_step(piece->call, &mine, err);
			if (status == MF_OK)
				status = answered(write, piece, err);
			else if (status == MF_ERROR)
				status = call_failed(write, piece, err);
			else
				m2_wait_merge(wait, &mine);
		}
		if (status == MF_ERROR)
			return MF_ERROR;
		piece = next;
	}
	while (!write->failed && write->in_flight < write->window)
	{
		MfWaitFor	mine = {.fd = -1,.timeout_ms = -1};
		MfStatus	status;

		for (piece = write->pieces; piece != NULL && piece->call != NULL; piece = piece->next)
			;
		if (piece == NULL)
			break;
		status = send_piece(write, piece, err);
		if (status != MF_OK)
			return status;
		if (piece->call != NULL)
		{
			/* tells what to wait for; an answer this early is seen next time */
			status = mf_grpc_step(piece->call, &mine, err);
			if (status == MF_ERROR)
				return call_failed(write, piece, err);
			if (status == MF_WAIT)
				m2_wait_merge(wait, &mine);
			else
				wait->timeout_ms = 0;
		}
	}
	return MF_OK;
}

MfStatus
m2_write_submit(MfWrite *write, MfBatch *batch, MfWaitFor *wait, MfError *err)
{
	MfStatus	status;

	if (write->failed)
		return mf_error(err, MF_OBJECT_NOT_IN_STATE, "writing has failed before");
	if (batch->nrows == 0)
		return MF_OK;
	status = advance(write, wait, err);
	if (status != MF_OK)
		return status;
	/* busy: taken before an error that was to be retried */
	if (!batch->busy)
	{
		Submission *sub;
		Piece	   *piece;
		Piece	  **end;

		if (write->nsubmissions >= write->spec->max_in_flight && write->nsubmissions > 0)
			return MF_WAIT;
		sub = mf_calloc(write->mem, sizeof(Submission));
		piece = mf_calloc(write->mem, sizeof(Piece));
		if (sub == NULL || piece == NULL)
		{
			mf_free(write->mem, sub);
			mf_free(write->mem, piece);
			return mf_error_oom(err, sizeof(Piece));
		}
		sub->batch = batch;
		sub->pieces = 1;
		sub->next = write->submissions;
		write->submissions = sub;
		write->nsubmissions++;
		piece->of = sub;
		piece->count = batch->nrows;
		for (end = &write->pieces; *end != NULL; end = &(*end)->next)
			;
		*end = piece;
		batch->busy = true;
		return advance(write, wait, err);
	}
	return MF_OK;
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
	Piece	   *piece = write->pieces;

	while (piece != NULL)
	{
		Piece	   *next = piece->next;

		if (piece->call == NULL)
		{
			write->counts.unsent += piece->count;
			settle(write, piece);
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
m2_write_counts(MfWrite *write, MfWriteCounts *counts)
{
	int64_t		first_row = write->unknown_first_row;
	int64_t		last_row = write->unknown_last_row;

	*counts = write->counts;
	for (const Piece *piece = write->pieces; piece != NULL; piece = piece->next)
	{
		if (piece->call != NULL)
			note_unknown(write, piece, counts, &first_row, &last_row);
		else
			counts->unsent += piece->count;
	}
}
