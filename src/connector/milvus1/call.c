/*
 * call.c - How is a Milvus 1.x server asked, and what do its errors mean?
 */
#include <stdlib.h>

#include "live.h"

/* ------------------------------------------------------------- written, unseen */

void
m1_dirty_put(MfConn *conn, const char *collection)
{
	size_t		len = strlen(collection) + 1;
	M1Dirty    *dirty;

	if (m1_dirty(conn, collection))
		return;
	/* without memory for it a later scan merely sees what other sessions see */
	dirty = mf_alloc(conn->mem, sizeof(M1Dirty) + len);
	if (dirty == NULL)
		return;
	memcpy(dirty->name, collection, len);
	dirty->next = conn->live->dirty;
	conn->live->dirty = dirty;
}

bool
m1_dirty(const MfConn *conn, const char *collection)
{
	for (const M1Dirty *d = conn->live->dirty; d != NULL; d = d->next)
	{
		if (strcmp(d->name, collection) == 0)
			return true;
	}
	return false;
}

void
m1_dirty_forget(MfConn *conn, const char *collection)
{
	for (M1Dirty **at = &conn->live->dirty; *at != NULL; at = &(*at)->next)
	{
		M1Dirty    *dirty = *at;

		if (strcmp(dirty->name, collection) == 0)
		{
			*at = dirty->next;
			mf_free(conn->mem, dirty);
			return;
		}
	}
}

/* --------------------------------------------------------------------- errors */

/* ErrorCode of the protocol */
static const char *
sqlstate_of(int code)
{
	switch (code)
	{
		case 2:					/* CONNECT_FAILED */
			return MF_SQL_CLIENT_UNABLE;
		case 3:					/* PERMISSION_DENIED */
			return MF_INSUFFICIENT_PRIVILEGE;
		case 4:					/* COLLECTION_NOT_EXISTS */
			return MF_FDW_TABLE_NOT_FOUND;
		case 5:					/* ILLEGAL_ARGUMENT */
		case 7:					/* ILLEGAL_DIMENSION ... */
		case 8:
		case 9:
		case 10:
		case 11:
		case 12:
		case 22:
		case 23:
			return MF_INVALID_PARAMETER_VALUE;
		case 24:				/* OUT_OF_MEMORY */
			return MF_INSUFFICIENT_RESOURCES;
		default:
			return MF_FDW_ERROR;
	}
}

static MfStatus
check_status(const M1__Status *status, const M1Method *method, const char *collection, MfError *err)
{
	if (status == NULL || status->error_code == 0)
		return MF_OK;
	if (status->error_code == 4 && collection != NULL)
		mf_error(err, MF_FDW_TABLE_NOT_FOUND, "collection \"%s\" does not exist", collection);
	else
		mf_error(err, sqlstate_of(status->error_code), "%s was refused", method->what);
	mf_error_detail(err, "%s (code %d).", status->reason, status->error_code);
	err->remote_code = status->error_code;
	return MF_ERROR;
}

/* Every reply has its status as first field, or is one. */
static const M1__Status *
status_of(const ProtobufCMessage *reply)
{
	const ProtobufCFieldDescriptor *field = &reply->descriptor->fields[0];

	if (reply->descriptor == &m1__status__descriptor)
		return (const M1__Status *) reply;
	return *(M1__Status *const *) ((const char *) reply + field->offset);
}

/* ---------------------------------------------------------------------- calls */

static MfStatus
begin(MfConn *conn, M1Call *call, const M1Method *method, const ProtobufCMessage *request, MfError *err)
{
	size_t		len = protobuf_c_message_get_packed_size(request);
	uint8_t    *bytes = malloc(len > 0 ? len : 1);

	if (bytes == NULL)
		return mf_error_oom(err, len);
	protobuf_c_message_pack(request, bytes);
	return mf_grpc_begin(conn->live->grpc, method->path, bytes, len, 0, method->idempotent, &call->call, err);
}

MfStatus
m1_call(MfConn *conn, M1Call *call, const M1Method *method, const ProtobufCMessage *request,
		const char *collection, MfWaitFor *wait, MfError *err)
{
	MfWaitFor	mine = {.fd = -1,.timeout_ms = -1};
	const uint8_t *bytes;
	size_t		len;
	MfStatus	status;

	if (call->reply != NULL)
		return MF_OK;
	if (call->call == NULL && begin(conn, call, method, request, err) != MF_OK)
		return MF_ERROR;
	status = mf_grpc_step(call->call, &mine, err);
	if (status == MF_WAIT)
	{
		wait->fd = mine.fd >= 0 ? mine.fd : wait->fd;
		wait->events |= mine.events;
		if (mine.timeout_ms >= 0 && (wait->timeout_ms < 0 || mine.timeout_ms < wait->timeout_ms))
			wait->timeout_ms = mine.timeout_ms;
		wait->what = method->what;
		return MF_WAIT;
	}
	if (status != MF_OK)
	{
		/* only what may be sent anew is kept */
		if (err->retry != MF_RETRY_YES)
			m1_call_end(conn, call);
		return status;
	}
	bytes = mf_grpc_reply(call->call, &len);
	call->reply = protobuf_c_message_unpack(method->reply, &conn->live->alloc, len, bytes);
	mf_grpc_end(call->call);
	call->call = NULL;
	if (call->reply == NULL)
	{
		mf_error(err, MF_FDW_REPLY_HANDLE, "the answer to %s cannot be used", method->what);
		mf_error_detail(err, "%zu bytes are not a whole %s message.", len, method->reply->short_name);
		return MF_ERROR;
	}
	status = check_status(status_of(call->reply), method, collection, err);
	if (status != MF_OK)
		m1_call_end(conn, call);
	return status;
}

void
m1_call_end(MfConn *conn, M1Call *call)
{
	if (call->call != NULL)
		mf_grpc_end(call->call);
	if (call->reply != NULL)
		protobuf_c_message_free_unpacked(call->reply, &conn->live->alloc);
	call->call = NULL;
	call->reply = NULL;
}

MfStatus
m1_flush_if_dirty(MfConn *conn, M1Call *call, const char *collection, MfWaitFor *wait, MfError *err)
{
	static const M1Method flush = M1_METHOD(Flush, status, true);
	M1__FlushParam request = M1__FLUSH_PARAM__INIT;
	char	   *names[] = {(char *) collection};
	MfStatus	status;

	if (!m1_dirty(conn, collection))
		return MF_OK;
	request.n_collection_name_array = 1;
	request.collection_name_array = names;
	status = m1_call(conn, call, &flush, &request.base, collection, wait, err);
	if (status == MF_OK)
	{
		m1_call_end(conn, call);
		m1_dirty_forget(conn, collection);
	}
	return status;
}
