/*
 * call.c - What does the answer to a call say: done, or which error?
 */
#include "internal.h"

MfStatus
m2_call(MfConn *conn, MfCall *call, const MfMethod *method, const char *database,
		const ProtobufCMessage *request, const M2Where *where, MfWaitFor *wait, MfError *err)
{
	MfGrpc	   *grpc = NULL;
	const M2__Status *status;
	MfStatus	result;

	if (call->reply != NULL)
		return MF_OK;
	if (call->call == NULL && (grpc = m2_channel(conn, database, err)) == NULL)
		return MF_ERROR;
	result = mf_call_step(grpc, call, method, request, &conn->alloc, wait, err);
	if (result == MF_ERROR && call->call != NULL)
	{
		MfRetry		retry = err->retry;

		m2_grpc_error(where, err);
		m2_instead(conn, method->path, err);

		/*
		 * Only what gRPC itself would send anew is kept.  Who waits for
		 * another call first comes back and asks again.
		 */
		if (retry != MF_RETRY_YES || err->retry != MF_RETRY_YES)
			m2_call_end(conn, call);
	}
	if (result != MF_OK)
		return result;

	status = mf_message_part(call->reply, &m2__status__descriptor);
	if (status == NULL)
		return MF_OK;			/* all defaults: success */
	result = m2_status(status->code, status->error_code, status->reason, where, err);
	if (result != MF_OK)
	{
		m2_call_end(conn, call);
		m2_instead(conn, method->path, err);
		if (method->idempotent && err->retry == MF_RETRY_UNKNOWN)
			err->retry = MF_RETRY_YES;
	}
	return result;
}

void
m2_call_end(MfConn *conn, MfCall *call)
{
	mf_call_end(call, &conn->alloc);
}
