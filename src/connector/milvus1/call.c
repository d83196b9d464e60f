/*
 * call.c - How is a Milvus 1.x server asked, and what do its errors mean?
 */
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
check_status(const M1__Status *status, const MfMethod *method, const char *collection, MfError *err)
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

/* ---------------------------------------------------------------------- calls */

MfStatus
m1_call(MfConn *conn, MfCall *call, const MfMethod *method, const ProtobufCMessage *request,
		const char *collection, MfWaitFor *wait, MfError *err)
{
	MfStatus	status;

	if (call->reply != NULL)
		return MF_OK;
	status = mf_call_step(conn->live->grpc, call, method, request, &conn->live->alloc, wait, err);
	if (status == MF_OK)
	{
		status = check_status(mf_message_part(call->reply, &m1__status__descriptor), method, collection, err);
		if (status != MF_OK)
			m1_call_end(conn, call);
	}
	/* only what may be sent anew is kept */
	else if (status == MF_ERROR && err->retry != MF_RETRY_YES)
		m1_call_end(conn, call);
	return status;
}

void
m1_call_end(MfConn *conn, MfCall *call)
{
	mf_call_end(call, &conn->live->alloc);
}

MfStatus
m1_flush_if_dirty(MfConn *conn, MfCall *call, const char *collection, MfWaitFor *wait, MfError *err)
{
	static const MfMethod flush = M1_METHOD(Flush, status, true);
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
