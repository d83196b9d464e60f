/*
 * live_settle.c - What became of the rows that were sent to a Milvus 1.x server?
 *
 * An Insert is sent again only if it provably never left, because the server
 * stores an id as often as it comes.
 */
#include <stdlib.h>

#include "live_write.h"

const MfMethod m1_insert = M1_METHOD(Insert, vector_ids, false);
const MfMethod m1_delete_by_id = M1_METHOD(DeleteByID, status, true);

static bool
batch_is_done(const MfWrite *write, const MfBatch *batch)
{
	for (const M1Piece *p = write->pieces; p != NULL; p = p->next)
	{
		if (p->batch == batch)
			return false;
	}
	return true;
}

void
m1_settle(MfWrite *write, M1Piece *piece)
{
	M1Piece   **at = &write->pieces;
	MfBatch    *batch = piece->batch;

	while (*at != piece)
		at = &(*at)->next;
	*at = piece->next;
	write->in_flight -= piece->call != NULL;
	m1_piece_free(write, piece);
	if (batch_is_done(write, batch))
	{
		batch->busy = false;
		write->freed = true;
	}
}

void
m1_note_unknown(const MfWrite *write, const M1Piece *piece, MfWriteCounts *counts)
{
	if (m1_piece_has_id(write, piece, 0))
	{
		if (counts->unknown == 0)
			snprintf(counts->unknown_first, sizeof(counts->unknown_first), "%lld", (long long) m1_piece_id(write, piece, 0));
		snprintf(counts->unknown_last, sizeof(counts->unknown_last), "%lld", (long long) m1_piece_id(write, piece, piece->nrows - 1));
	}
	counts->unknown += piece->nrows;
}

/* The answer's status; ids that the server made are kept for RETURNING. */
static MfStatus
take_answer(MfWrite *write, M1Piece *piece, MfError *err)
{
	size_t		len;
	const uint8_t *bytes = mf_grpc_reply(piece->call, &len);
	bool		inserted = write->spec->op == MF_WRITE_INSERT;
	const MfMethod *method = inserted ? &m1_insert : &m1_delete_by_id;
	ProtobufCMessage *reply = protobuf_c_message_unpack(method->reply,
														&write->conn->live->alloc, len, bytes);
	const M1__VectorIds *ids = (M1__VectorIds *) reply;
	const M1__Status *status;
	MfStatus	result = MF_OK;

	if (reply == NULL)
	{
		mf_error(err, MF_FDW_REPLY_HANDLE, "the answer to %s cannot be used", method->what);
		err->retry = MF_RETRY_UNKNOWN;
		return MF_ERROR;
	}
	status = inserted ? ids->status : (M1__Status *) reply;
	if (status != NULL && status->error_code != 0)
	{
		result = mf_error(err, MF_FDW_ERROR, "%s was refused", method->what);
		mf_error_detail(err, "%s (code %d).", status->reason, status->error_code);
		err->remote_code = status->error_code;
	}
	mf_batch_reset(write->ids);
	for (size_t i = 0; result == MF_OK && inserted && !m1_piece_has_id(write, piece, 0) && i < ids->n_vector_id_array; i++)
	{
		if (!mf_append_fixed(write->mem, &write->ids->columns[0], &ids->vector_id_array[i]))
			result = mf_error_oom(err, sizeof(int64_t));
		write->ids->nrows++;
	}
	protobuf_c_message_free_unpacked(reply, &write->conn->live->alloc);
	return result;
}

MfStatus
m1_answered(MfWrite *write, M1Piece *piece, MfStatus status, MfError *err)
{
	if (status == MF_OK)
		status = take_answer(write, piece, err);
	if (status == MF_OK)
	{
		write->counts.acknowledged += piece->nrows;
		m1_dirty_put(write->conn, write->collection);
		m1_settle(write, piece);
		return MF_OK;
	}
	if (err->retry == MF_RETRY_YES)
	{
		write->counts.retries++;
		return MF_ERROR;
	}
	write->failed = true;
	if (err->retry == MF_RETRY_UNKNOWN)
		m1_note_unknown(write, piece, &write->counts);
	else
		write->counts.rejected += piece->nrows;
	m1_settle(write, piece);
	return MF_ERROR;
}
