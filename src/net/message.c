/*
 * message.c - How is a small message sent over gRPC and its answer unpacked?
 */
#include "message.h"

#include <stdlib.h>

uint8_t *
mf_message_pack(const ProtobufCMessage *message, size_t *len)
{
	uint8_t    *bytes;

	*len = protobuf_c_message_get_packed_size(message);
	bytes = malloc(*len > 0 ? *len : 1);
	if (bytes != NULL)
		protobuf_c_message_pack(message, bytes);
	return bytes;
}

ProtobufCMessage *
mf_message_unpack(const ProtobufCMessageDescriptor *type, const char *what, MfGrpcCall *call,
				  ProtobufCAllocator *alloc, MfError *err)
{
	size_t		len;
	const uint8_t *bytes = mf_grpc_reply(call, &len);
	ProtobufCMessage *message = protobuf_c_message_unpack(type, alloc, len, bytes);

	if (message == NULL)
	{
		mf_error(err, MF_FDW_REPLY_HANDLE, "the answer to %s is not usable", what);
		mf_error_detail(err, "The answer is broken: %zu bytes are not a whole %s message.", len, type->short_name);
	}
	return message;
}

const void *
mf_message_part(const ProtobufCMessage *reply, const ProtobufCMessageDescriptor *type)
{
	if (reply->descriptor == type)
		return reply;
	for (unsigned i = 0; i < reply->descriptor->n_fields; i++)
	{
		const ProtobufCFieldDescriptor *field = &reply->descriptor->fields[i];

		if (field->type == PROTOBUF_C_TYPE_MESSAGE && field->label != PROTOBUF_C_LABEL_REPEATED &&
			field->descriptor == type)
			return *(const void *const *) ((const char *) reply + field->offset);
	}
	return NULL;
}

void
mf_call_wait_merge(MfWaitFor *wait, const MfWaitFor *other)
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

static MfStatus
begin(MfGrpc *grpc, MfCall *call, const MfMethod *method, const ProtobufCMessage *request, MfError *err)
{
	size_t		len;
	uint8_t    *bytes = mf_message_pack(request, &len);

	if (bytes == NULL)
		return mf_error_oom(err, len);
	return mf_grpc_begin(grpc, method->path, bytes, len, 0, method->idempotent, &call->call, err);
}

MfStatus
mf_call_step(MfGrpc *grpc, MfCall *call, const MfMethod *method, const ProtobufCMessage *request,
			 ProtobufCAllocator *alloc, MfWaitFor *wait, MfError *err)
{
	MfWaitFor	mine = {.fd = -1,.timeout_ms = -1};
	MfStatus	status;

	if (call->reply != NULL)
		return MF_OK;
	if (call->call == NULL && begin(grpc, call, method, request, err) != MF_OK)
		return MF_ERROR;
	status = mf_grpc_step(call->call, &mine, err);
	if (status == MF_WAIT)
	{
		mine.what = method->what;
		mf_call_wait_merge(wait, &mine);
	}
	if (status != MF_OK)
		return status;
	call->reply = mf_message_unpack(method->reply, method->what, call->call, alloc, err);
	mf_grpc_end(call->call);
	call->call = NULL;
	return call->reply != NULL ? MF_OK : MF_ERROR;
}

void
mf_call_end(MfCall *call, ProtobufCAllocator *alloc)
{
	if (call->call != NULL)
		mf_grpc_end(call->call);
	if (call->reply != NULL)
		protobuf_c_message_free_unpacked(call->reply, alloc);
	call->call = NULL;
	call->reply = NULL;
}
