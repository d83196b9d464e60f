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

void
mf_require_verb(const MfRemote *remote, MfVerb verb)
{
	const MfConnector *connector = remote->connector;

	if (!(connector->verbs & MF_VERB_BIT(verb)))
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("server \"%s\" cannot do this", remote->server),
				 errdetail("%s is read through %s, which has no such request.",
						   connector->remote, connector->name)));
}

/* NULL: *err says why. */
static const MfReply *
try_request(MfRemote *remote, MfRequest *req, MemoryContext owner,
			void (*progress) (void *arg, int percent), void *arg, int timeout_ms, MfError *err)
{
	const MfConnector *connector = remote->connector;
	Request    *request;
	MfStatus	status;

	mf_require_verb(remote, req->verb);
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
	if (connector->request_begin(remote->conn, req, &request->task, err) != MF_OK)
		return NULL;
	status = timeout_ms < 0 ? mf_drive(remote, step_request, request, err) :
		mf_drive_for(remote, step_request, request, err, timeout_ms);
	if (status == MF_WAIT)
		mf_error(err, MF_SQL_CONNECTION_FAILURE, "no answer within %d ms", timeout_ms);
	return status == MF_OK || status == MF_END ? connector->request_reply(request->task) : NULL;
}

const MfReply *
mf_request(MfRemote *remote, MfRequest *req, MemoryContext owner,
		   void (*progress) (void *arg, int percent), void *arg)
{
	MfError		err;
	const MfReply *reply = try_request(remote, req, owner, progress, arg, -1, &err);

	if (reply == NULL)
		mf_raise(&err, &(MfWhere) {.remote = remote,.collection = req->collection});
	return reply;
}

const MfReply *
mf_try_request(MfRemote *remote, MfRequest *req, MemoryContext owner, MfError *err)
{
	return try_request(remote, req, owner, NULL, NULL, -1, err);
}

const MfReply *
mf_try_request_for(MfRemote *remote, MfRequest *req, MemoryContext owner, int timeout_ms, MfError *err)
{
	return try_request(remote, req, owner, NULL, NULL, timeout_ms, err);
}

static const MfCollection *
described(MfRemote *remote, const MfRequest *request, const MfReply *reply)
{
	if (reply->ncollections < 1)
		ereport(ERROR,
				(errcode(ERRCODE_FDW_TABLE_NOT_FOUND),
				 errmsg("collection \"%s\" does not exist on server \"%s\"",
						mf_safe_text(request->collection), remote->server)));
	if (!mf_is_part(remote->connector, request->options))
		mf_estimate_note(remote->serverid, request->collection, (double) reply->collections[0].rows);
	return &reply->collections[0];
}

const MfCollection *
mf_describe(MfRemote *remote, const char *collection, const MfOptions *table, MemoryContext owner)
{
	MfRequest	request = {.verb = MF_VERB_DESCRIBE,.collection = collection,.options = table};

	return described(remote, &request, mf_request(remote, &request, owner, NULL, NULL));
}

const MfCollection *
mf_describe_whole(MfRemote *remote, const char *collection, const MfOptions *table, MemoryContext owner,
				  bool missing_ok)
{
	MfRequest	request = {.verb = MF_VERB_DESCRIBE,.collection = collection,.options = table,.whole = true};
	MfError		err;
	const MfReply *reply = try_request(remote, &request, owner, NULL, NULL, -1, &err);

	if (reply == NULL)
	{
		if (missing_ok && strcmp(err.sqlstate, MF_FDW_TABLE_NOT_FOUND) == 0)
			return NULL;
		mf_raise(&err, &(MfWhere) {.remote = remote,.collection = collection});
	}
	return described(remote, &request, reply);
}
