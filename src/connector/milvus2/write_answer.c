/*
 * write_answer.c - What does the server's answer say of the rows it was sent?
 */
#include <stdio.h>

#include "write.h"

static MfStatus
row_too_large(MfWrite *write, M2Piece *piece, size_t bytes, MfError *err)
{
	char		answer[sizeof(err->detail)];

	memcpy(answer, err->detail, sizeof(answer));
	mf_error(err, MF_PROGRAM_LIMIT, "a row is too large for Milvus");
	if (bytes > 0)
		mf_error_detail(err, "It takes %zu bytes; a request to Milvus has at most 64 MB.", bytes);
	else
		mf_error_detail(err, "%s", answer);
	mf_error_hint(err, "proxy.grpc.serverMaxRecvSize in the server's configuration is the limit.");
	m2_piece_error_row(write, piece, piece->first, err);
	return MF_ERROR;
}

MfStatus
m2_piece_too_large(MfWrite *write, M2Piece *piece, size_t bytes, MfError *err)
{
	m2_piece_end_call(write, piece);
	if (piece->count == 1)
	{
		write->failed = true;
		write->counts.rejected++;
		row_too_large(write, piece, bytes, err);
		m2_piece_settle(write, piece);
		return MF_ERROR;
	}
	if (bytes == 0)
		m2_pace_ceiling(&write->pace, piece->bytes / 2);
	write->counts.retries++;
	return m2_piece_cut(write, piece, piece->count / 2, err);
}

/* The same piece goes again when the core calls again. */
static MfStatus
again(MfWrite *write, M2Piece *piece, MfError *err)
{
	m2_piece_end_call(write, piece);
	write->counts.retries++;
	err->retry = MF_RETRY_YES;
	return MF_ERROR;
}

/* The server's no.  Rows that it may have kept in part are unknown. */
static MfStatus
refused(MfWrite *write, M2Piece *piece, MfError *err)
{
	bool		maybe = err->retry == MF_RETRY_UNKNOWN || (err->retry != MF_RETRY_YES && m2_error_may_be_applied(err));

	if (err->retry == MF_RETRY_YES)
	{
		m2_pace_slower(&write->pace, piece->bytes);
		return again(write, piece, err);
	}
	if (m2_error_too_large(err))
		return m2_piece_too_large(write, piece, 0, err);
	if (maybe && write->repeatable)
		return again(write, piece, err);
	write->failed = true;
	if (err->remote_code == 200)
		m2_partitions_forget(write->conn);
	if (piece->count == 1)
		m2_piece_error_row(write, piece, piece->first, err);
	if (maybe)
	{
		err->retry = MF_RETRY_UNKNOWN;
		m2_piece_settle_unknown(write, piece);
	}
	else
	{
		write->counts.rejected += piece->count;
		m2_piece_settle(write, piece);
	}
	return MF_ERROR;
}

/* How many rows does the server say that it stored?  Of a Delete nothing that could be counted. */
static int64_t
stored_rows(const MfWrite *write, const M2Piece *piece, const M2__MutationResult *result)
{
	if (write->spec->op == MF_WRITE_DELETE)
		return piece->count;
	/* milvus-lite tells of an Upsert in neither */
	if (write->spec->op != MF_WRITE_INSERT && result->insert_cnt == 0)
		return result->upsert_cnt > 0 ? result->upsert_cnt : piece->count;
	return result->insert_cnt;
}

/* Done, says the Status; but were all? */
static MfStatus
count_stored(MfWrite *write, M2Piece *piece, const M2__MutationResult *result, MfError *err)
{
	int64_t		stored = stored_rows(write, piece, result);
	int64_t		first = piece->of->batch->first_row + piece->first;

	m2_mark_put(write->conn, write->database, write->collection, result->timestamp);
	if (stored == piece->count && result->n_err_index == 0)
	{
		MfStatus	status = m2_keys_note(write, piece, result->ids, err);

		write->counts.acknowledged += piece->count;
		write->failed |= status != MF_OK;
		m2_pace_success(&write->pace);
		m2_piece_settle(write, piece);
		return status;
	}
	write->failed = true;
	if (stored < 0 || stored > piece->count)
		stored = 0;
	mf_error(err, MF_FDW_ERROR, "Milvus stored %lld of %d rows", (long long) stored, (int) piece->count);
	mf_error_detail(err, "They are rows %lld to %lld.", (long long) first, (long long) (first + piece->count - 1));
	if (result->n_err_index > 0 && result->err_index[0] < (uint32_t) piece->count)
		m2_piece_error_row(write, piece, piece->first + (int32_t) result->err_index[0], err);
	if ((int64_t) result->n_err_index == piece->count - stored)
	{
		write->counts.acknowledged += stored;
		write->counts.rejected += piece->count - stored;
		m2_piece_settle(write, piece);
	}
	else
		m2_piece_settle_unknown(write, piece);	/* which ones is not said */
	return MF_ERROR;
}

MfStatus
m2_piece_answered(MfWrite *write, M2Piece *piece, MfError *err)
{
	M2__MutationResult *result = (M2__MutationResult *)
		mf_message_unpack(&m2__mutation_result__descriptor, write->what, piece->call, &write->conn->alloc, err);
	MfStatus	status = MF_OK;

	if (result == NULL)
	{
		write->failed = true;
		err->retry = MF_RETRY_UNKNOWN;
		m2_piece_settle_unknown(write, piece);
		return MF_ERROR;
	}
	if (result->status != NULL)
		status = m2_status(result->status->code, result->status->error_code, result->status->reason, &write->where, err);
	status = status == MF_OK ? count_stored(write, piece, result, err) : refused(write, piece, err);
	protobuf_c_message_free_unpacked(&result->base, &write->conn->alloc);
	return status;
}

/* What gRPC said.  It keeps the call for sending anew where that is allowed. */
MfStatus
m2_piece_failed(MfWrite *write, M2Piece *piece, MfError *err)
{
	MfRetry		retry = err->retry;

	m2_grpc_error(&write->where, err);
	if (retry == MF_RETRY_YES)
	{
		write->counts.retries++;
		if (write->failed)
			m2_piece_end_call(write, piece);	/* it never left, and shall not */
		return MF_ERROR;
	}
	return refused(write, piece, err);
}
