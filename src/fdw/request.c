/*
 * request.c - How is one request made and its answer kept?
 *
 * Describe, list, create, load: a task of the connector, driven to its end
 * here.  The task, and with it the reply, lives as long as the context given.
 */
#include "milvus_fdw.h"

#include "utils/timestamp.h"

#define PROGRESS_EVERY_MS 1000

typedef struct Request
{
	MfRemote   *remote;
	MfTask	   *task;
	void		(*progress) (void *arg, int percent);
	void	   *arg;
	TimestampTz last_told;
	int			last_percent;
	MemoryContextCallback callback;
} Request;

static void
end_request(void *arg)
{
	Request    *request = arg;

	if (request->task != NULL)
		request->remote->connector->request_end(request->task);
	request->task = NULL;
}

/* Tell how far it is, once a second and only when it moved. */
static void
tell_progress(Request *request)
{
	TimestampTz now = GetCurrentTimestamp();
	int			percent;

	if (!TimestampDifferenceExceeds(request->last_told, now, PROGRESS_EVERY_MS))
		return;
	percent = request->remote->connector->request_reply(request->task)->progress;
	if (percent == request->last_percent)
		return;
	request->last_told = now;
	request->last_percent = percent;
	request->progress(request->arg, percent);
}

static MfStatus
step_request(void *arg, MfWaitFor *wait, MfError *err)
{
	Request    *request = arg;
	MfStatus	status = request->remote->connector->request_step(request->task, wait, err);

	if (status == MF_WAIT && request->progress != NULL)
	{
		tell_progress(request);
		if (wait->timeout_ms < 0 || wait->timeout_ms > PROGRESS_EVERY_MS)
			wait->timeout_ms = PROGRESS_EVERY_MS;
	}
	return status;
}

static const MfReply *
try_request(MfRemote *remote, MfRequest *req, MemoryContext owner,
			void (*progress) (void *arg, int percent), void *arg, MfError *err)
{
	const MfConnector *connector = remote->connector;
	Request    *request;

	if (!(connector->verbs & MF_VERB_BIT(req->verb)))
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("server \"%s\" cannot do this", remote->server),
				 errdetail("%s is read through %s, which has no such request.",
						   connector->remote, connector->name)));

	request = MemoryContextAllocZero(owner, sizeof(Request));
	request->remote = remote;
	request->progress = progress;
	request->arg = arg;
	request->last_told = GetCurrentTimestamp();
	request->last_percent = -2;	/* so that "unknown" too is told, once */
	request->callback.func = end_request;
	request->callback.arg = request;
	MemoryContextRegisterResetCallback(owner, &request->callback);

	mf_error_reset(err);
	req->size = sizeof(MfRequest);
	if (connector->request_begin(remote->conn, req, &request->task, err) != MF_OK ||
		mf_drive(remote, step_request, request, err) == MF_ERROR)
		return NULL;
	return connector->request_reply(request->task);
}

const MfReply *
mf_request(MfRemote *remote, MfRequest *req, MemoryContext owner,
		   void (*progress) (void *arg, int percent), void *arg)
{
	MfError		err;
	const MfReply *reply = try_request(remote, req, owner, progress, arg, &err);

	if (reply == NULL)
		mf_raise(&err, &(MfWhere) {.remote = remote,.collection = req->collection});
	return reply;
}

const MfReply *
mf_try_request(MfRemote *remote, MfRequest *req, MemoryContext owner, MfError *err)
{
	return try_request(remote, req, owner, NULL, NULL, err);
}

const MfCollection *
mf_describe(MfRemote *remote, const char *collection, const MfOptions *table, MemoryContext owner)
{
	MfRequest	request = {.verb = MF_VERB_DESCRIBE,.collection = collection,.options = table};
	const MfReply *reply = mf_request(remote, &request, owner, NULL, NULL);

	if (reply->ncollections < 1)
		ereport(ERROR,
				(errcode(ERRCODE_FDW_TABLE_NOT_FOUND),
				 errmsg("collection \"%s\" does not exist on server \"%s\"",
						mf_safe_text(collection), remote->server)));
	if (!mf_is_part(remote->connector, table))
		mf_estimate_note(remote->serverid, collection, (double) reply->collections[0].rows);
	return &reply->collections[0];
}
