/*
 * dir_request.c - What can be asked of a data directory?
 *
 * Its collections, what one of them is like, into which parts its rows can be
 * cut, and its metadata as JSON.
 */
#include <limits.h>

#include "request.h"
#include "scan.h"

MfStatus
m1_dir_request_begin(MfConn *conn, const MfRequest *req, M1DirTask **out, MfError *err)
{
	M1DirTask	   *task = mf_calloc(conn->mem, sizeof(M1DirTask));

	*out = task;
	if (task == NULL)
		return mf_error_oom(err, sizeof(M1DirTask));
	task->conn = conn;
	task->verb = req->verb;
	task->request = req;
	task->collection = req->collection;
	task->meta.arena.mem = conn->mem;
	task->reply.progress = -1;
	task->reply.rows = -1;
	return m1_load_begin(conn, &task->load, err);
}

static MfStatus
list(M1DirTask *task, MfError *err)
{
	int			n = task->meta.ncollections;

	task->collections = mf_calloc(task->conn->mem, sizeof(MfCollection) * (size_t) (n + 1));
	if (task->collections == NULL)
		return mf_error_oom(err, sizeof(MfCollection) * (size_t) n);
	for (int i = 0; i < n; i++)
	{
		MfField		fields[M1_NFIELDS];

		m1_describe(&task->meta.collections[i], fields, &task->collections[i]);
		task->collections[i].fields = NULL;
		task->collections[i].nfields = 0;
	}
	task->reply.ncollections = n;
	task->reply.collections = task->collections;
	return MF_OK;
}

static MfStatus
describe(M1DirTask *task, MfError *err)
{
	const M1Collection *c = m1_meta_find(&task->meta, task->collection);

	if (c == NULL)
		return mf_error(err, MF_FDW_TABLE_NOT_FOUND, "collection \"%s\" does not exist", task->collection);
	m1_describe(c, task->fields, &task->described);
	task->reply.ncollections = 1;
	task->reply.collections = &task->described;
	return MF_OK;
}

static MfStatus
split(M1DirTask *task, MfError *err)
{
	const MfRequest *req = task->request;
	const M1Collection *c = m1_meta_find(&task->meta, task->collection);
	M1SplitSegment *segments;
	bool	   *skip;
	int			n;

	if (c == NULL)
		return mf_error(err, MF_FDW_TABLE_NOT_FOUND, "collection \"%s\" does not exist", task->collection);
	skip = mf_arena_alloc(&task->meta.arena, (size_t) c->nsegments + 1);
	if (skip == NULL)
		return mf_error_oom(err, (size_t) c->nsegments);
	if (m1_choose_segments(req->scan, c, skip, err) != MF_OK)
		return MF_ERROR;
	segments = m1_split_segments(c, skip, &n, &task->meta.arena);
	if (segments == NULL)
		return mf_error_oom(err, sizeof(M1SplitSegment) * (size_t) c->nsegments);
	return m1_split_make(segments, n, req->wanted, INT_MAX, &task->meta.arena, &task->reply, err);
}

/* What a directory cannot do, in words. */
static MfStatus
refuse(MfVerb verb, MfError *err)
{
	if (verb == MF_VERB_SEARCH)
	{
		mf_error(err, MF_FEATURE_NOT_SUPPORTED, "a data directory of Milvus 1.x cannot be searched");
		mf_error_hint(err, "Copy its collection to a server first.");
		return MF_ERROR;
	}
	return mf_error(err, MF_FEATURE_NOT_SUPPORTED, "a data directory of Milvus 1.x is only read");
}

MfStatus
m1_dir_request_step(M1DirTask *task, MfWaitFor *wait, MfError *err)
{
	MfStatus	status;

	*wait = (MfWaitFor) {.fd = -1,.timeout_ms = 0,.what = "Milvus 1.x metadata"};
	if (task->verb == MF_VERB_VERSION)
	{
		task->reply.text = "Milvus 1.x data directory";
		return MF_OK;
	}
	if (task->verb != MF_VERB_LIST && task->verb != MF_VERB_DESCRIBE && task->verb != MF_VERB_METADATA &&
		task->verb != MF_VERB_SPLIT)
		return refuse(task->verb, err);
	status = m1_load_step(task->load, &task->meta, wait, err);
	if (status != MF_OK)
		return status;
	if (task->verb == MF_VERB_LIST)
		return list(task, err);
	if (task->verb == MF_VERB_DESCRIBE)
		return describe(task, err);
	if (task->verb == MF_VERB_SPLIT)
		return split(task, err);
	task->text = m1_json_write(&task->meta, task->conn->mem, err);
	task->reply.text = task->text;
	return task->text != NULL ? MF_OK : MF_ERROR;
}

const MfReply *
m1_dir_request_reply(M1DirTask *task)
{
	return &task->reply;
}

void
m1_dir_request_end(M1DirTask *task)
{
	if (task == NULL)
		return;
	m1_load_end(task->load);
	mf_free(task->conn->mem, task->collections);
	mf_free(task->conn->mem, task->text);
	mf_arena_free(&task->meta.arena);
	mf_free(task->conn->mem, task);
}
