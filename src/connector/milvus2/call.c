/*
 * call.c - How is a small message sent and its answer taken apart?
 *
 * protobuf-c does both here; only rows are read and written by hand.
 */
#include <stdlib.h>

#include "internal.h"

uint8_t *
m2_pack(const ProtobufCMessage *message, size_t *len)
{
	uint8_t    *bytes;

	*len = protobuf_c_message_get_packed_size(message);
	bytes = malloc(*len > 0 ? *len : 1);
	if (bytes != NULL)
		protobuf_c_message_pack(message, bytes);
	return bytes;
}

ProtobufCMessage *
m2_unpack(MfConn *conn, const ProtobufCMessageDescriptor *type, const char *what,
		  MfGrpcCall *call, MfError *err)
{
	size_t		len;
	const uint8_t *bytes = mf_grpc_reply(call, &len);
	ProtobufCMessage *message = protobuf_c_message_unpack(type, &conn->alloc, len, bytes);

	if (message == NULL)
		m2_error_reply(err, what, "%zu bytes are not a whole %s message", len, type->short_name);
	return message;
}

/* Every reply that we unpack but a bare Status has its Status as first field. */
static const M2__Status *
status_of(const ProtobufCMessage *reply)
{
	if (reply->descriptor == &m2__status__descriptor)
		return (const M2__Status *) reply;
	for (unsigned i = 0; i < reply->descriptor->n_fields; i++)
	{
		const ProtobufCFieldDescriptor *field = &reply->descriptor->fields[i];

		if (field->type == PROTOBUF_C_TYPE_MESSAGE && field->label != PROTOBUF_C_LABEL_REPEATED &&
			field->descriptor == &m2__status__descriptor)
			return *(M2__Status *const *) ((const char *) reply + field->offset);
	}
	return NULL;
}

MfStatus
m2_call(MfConn *conn, M2Call *call, const M2Method *method, const char *database,
		const ProtobufCMessage *request, const M2Where *where, MfWaitFor *wait, MfError *err)
{
	MfWaitFor	mine = {.fd = -1,.timeout_ms = -1};
	const M2__Status *status;
	MfStatus	result;

	if (call->reply != NULL)
		return MF_OK;
	if (call->call == NULL)
	{
		MfGrpc	   *grpc = m2_channel(conn, database, err);
		size_t		len;
		uint8_t    *bytes;

		if (grpc == NULL)
			return MF_ERROR;
		bytes = m2_pack(request, &len);
		if (bytes == NULL)
			return mf_error_oom(err, len);
		result = mf_grpc_begin(grpc, method->path, bytes, len, 0, method->idempotent, &call->call, err);
		if (result != MF_OK)
			return result;
	}

	result = mf_grpc_step(call->call, &mine, err);
	if (result == MF_WAIT)
	{
		mine.what = method->what;
		m2_wait_merge(wait, &mine);
		return MF_WAIT;
	}
	if (result != MF_OK)
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
		return result;
	}

	call->reply = m2_unpack(conn, method->reply, method->what, call->call, err);
	mf_grpc_end(call->call);
	call->call = NULL;
	if (call->reply == NULL)
		return MF_ERROR;
	status = status_of(call->reply);
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
m2_call_end(MfConn *conn, M2Call *call)
{
	if (call->call != NULL)
		mf_grpc_end(call->call);
	if (call->reply != NULL)
		protobuf_c_message_free_unpacked(call->reply, &conn->alloc);
	call->call = NULL;
	call->reply = NULL;
}

/* All our calls share one descriptor, so only the time differs. */
void
m2_wait_merge(MfWaitFor *wait, const MfWaitFor *other)
{
	if (other->fd >= 0)
	{
		wait->fd = other->fd;
		wait->events |= other->events;
	}
	if (other->timeout_ms >= 0 && (wait->timeout_ms < 0 || other->timeout_ms < wait->timeout_ms))
		wait->timeout_ms = other->timeout_ms;
	if (wait->what == NULL)
		wait->what = other->what;
}
