/*
 * request.c - How does a single request come to its end?
 *
 * A verb is a function that is called again and again from its beginning.  What
 * it has asked already is answered at once from a slot, so that it reads like
 * plain code although it never blocks.
 */
#include <stdlib.h>

#include "internal.h"

#define POLL_FIRST_MS 20
#define POLL_LAST_MS 200

static const struct
{
	M2Step		step;
	bool		needs_collection;
}			verbs[] = {
	[MF_VERB_VERSION] = {m2_step_version, false},
	[MF_VERB_LIST] = {m2_step_list, false},
	[MF_VERB_DESCRIBE] = {m2_step_describe_whole, true},
	[MF_VERB_CREATE_COLLECTION] = {m2_step_create, true},
	[MF_VERB_DROP_COLLECTION] = {m2_step_drop, true},
	[MF_VERB_CREATE_INDEX] = {m2_step_create_index, true},
	[MF_VERB_DROP_INDEX] = {m2_step_drop_index, true},
	[MF_VERB_LOAD] = {m2_step_load, true},
	[MF_VERB_RELEASE] = {m2_step_release, true},
	[MF_VERB_FLUSH] = {m2_step_flush, true},
	[MF_VERB_DELETE] = {m2_step_delete, true},
	[MF_VERB_TRUNCATE] = {m2_step_truncate, true},
	[MF_VERB_CREATE_PARTITION] = {m2_step_create_partition, true},
	[MF_VERB_DROP_PARTITION] = {m2_step_drop_partition, true},
	[MF_VERB_LIST_PARTITIONS] = {m2_step_list_partitions, true},
	[MF_VERB_CREATE_DATABASE] = {m2_step_create_database, false},
	[MF_VERB_DROP_DATABASE] = {m2_step_drop_database, false},
	[MF_VERB_LIST_DATABASES] = {m2_step_list_databases, false},
	[MF_VERB_CREATE_ALIAS] = {m2_step_set_alias, true},
	[MF_VERB_ALTER_ALIAS] = {m2_step_set_alias, true},
	[MF_VERB_DROP_ALIAS] = {m2_step_drop_alias, true},
	[MF_VERB_LIST_ALIASES] = {m2_step_list_aliases, false},
	[MF_VERB_RENAME_COLLECTION] = {m2_step_rename, true},
	[MF_VERB_ALTER_COLLECTION] = {m2_step_alter, true},
	[MF_VERB_STATISTICS] = {m2_step_statistics, true},
	[MF_VERB_SEGMENTS] = {m2_step_segments, true},
	[MF_VERB_COMPACT] = {m2_step_compact, true},
	[MF_VERB_COMPACTION_STATE] = {m2_step_compaction_state, true},
	[MF_VERB_LOAD_STATE] = {m2_step_load_state, true},
	[MF_VERB_IMPORT] = {m2_step_import, true},
	[MF_VERB_LIST_IMPORTS] = {m2_step_list_imports, true},
	[MF_VERB_CHECK_WRITE] = {m2_step_check_write, true},
	[MF_VERB_SEARCH] = {m2_step_search, true},
	[MF_VERB_SPLIT] = {m2_step_split, true},
};

MfTask *
m2_task_new(MfConn *conn, MfMem *mem, const char *database, const char *collection, M2Step step)
{
	MfTask	   *task = mf_calloc(mem, sizeof(MfTask));

	if (task == NULL)
		return NULL;
	task->conn = conn;
	task->mem = mem;
	task->arena.mem = mem;
	task->step = step;
	task->database = mf_arena_text(&task->arena, "%s", database);
	task->collection = mf_arena_text(&task->arena, "%s", collection);
	task->where.server = conn->server;
	task->where.collection = task->collection[0] != '\0' ? task->collection : NULL;
	task->reply.progress = -1;
	if (task->arena.failed)
	{
		m2_task_free(task);
		return NULL;
	}
	return task;
}

void
m2_task_free(MfTask *task)
{
	if (task == NULL)
		return;
	for (int i = 0; i < M2_SLOTS; i++)
		m2_call_end(task->conn, &task->calls[i]);
	m2_task_free(task->load);
	free(task->placeholders);
	m2_cut_free(task);
	mf_http_end(task->http);
	json_decref(task->answer);
	mf_arena_free(&task->arena);
	mf_free(task->mem, task);
}

MfStatus
m2_task_call(MfTask *task, int slot, const MfMethod *method, const void *request,
			 MfWaitFor *wait, MfError *err)
{
	return m2_call(task->conn, &task->calls[slot], method, task->database, request,
				   &task->where, wait, err);
}

void
m2_task_forget(MfTask *task, int slot)
{
	m2_call_end(task->conn, &task->calls[slot]);
}

bool
m2_task_pause(MfTask *task, MfWaitFor *wait)
{
	int64_t		now = mf_now_ms();
	MfWaitFor	mine = {.fd = -1,.what = "Milvus polling"};

	if (task->poll_at == 0)
	{
		task->poll_ms = task->poll_ms == 0 ? POLL_FIRST_MS : task->poll_ms * 2;
		if (task->poll_ms > POLL_LAST_MS)
			task->poll_ms = POLL_LAST_MS;
		task->poll_at = now + task->poll_ms;
	}
	if (now >= task->poll_at)
	{
		task->poll_at = 0;
		return true;
	}
	mine.timeout_ms = (int) (task->poll_at - now);
	mf_call_wait_merge(wait, &mine);
	return false;
}

M2__CollectionRequest
m2_collection_request(const MfTask *task)
{
	M2__CollectionRequest request = M2__COLLECTION_REQUEST__INIT;

	request.db_name = (char *) task->database;
	request.collection_name = (char *) task->collection;
	return request;
}

MfStatus
m2_request_begin(MfConn *conn, const MfRequest *req, MfTask **out, MfError *err)
{
	const char *database = req->verb == MF_VERB_LIST && req->schema_name != NULL ?
		req->schema_name : mf_option(req->args, "database");
	MfTask	   *task;
	MfStatus	status = MF_OK;

	*out = NULL;
	if ((size_t) req->verb >= sizeof(verbs) / sizeof(verbs[0]) || verbs[req->verb].step == NULL)
		return mf_error(err, MF_FEATURE_NOT_SUPPORTED, "Milvus has no such request");
	if (verbs[req->verb].needs_collection && (req->collection == NULL || req->collection[0] == '\0'))
		return mf_error(err, MF_INVALID_PARAMETER_VALUE, "no collection is named");
	if (database == NULL)
		database = m2_database(conn, req->options);
	else if (strcmp(database, "default") == 0)
		database = "";
	task = m2_task_new(conn, conn->mem, database, req->collection != NULL ? req->collection : "",
					   verbs[req->verb].step);
	if (task == NULL)
		return mf_error_oom(err, sizeof(MfTask));
	task->verb = req->verb;
	if (req->verb != MF_VERB_VERSION && req->verb != MF_VERB_LIST && req->verb != MF_VERB_DESCRIBE &&
		req->verb != MF_VERB_DELETE && req->verb != MF_VERB_SEARCH && req->verb != MF_VERB_SPLIT)
		m2_recent_forget(conn);
	task->args = req->args;
	task->table = req->options;
	task->nfilters = req->nfilters;
	task->filters = req->filters;
	task->create = req->schema;
	task->name = req->name;
	task->nnames = req->nnames;
	task->names = req->names;
	task->whole = req->whole;
	task->search = req->search;
	task->scan = req->scan;
	task->wanted = req->wanted;
	if (req->field != NULL)
		task->field = mf_arena_text(&task->arena, "%s", req->field);
	if (req->verb == MF_VERB_CREATE_COLLECTION)
		status = m2_check_create(task, err);
	if (task->arena.failed)
		status = mf_error_oom(err, 0);
	if (status != MF_OK)
		m2_task_free(task);
	else
		*out = task;
	return status;
}

MfStatus
m2_request_step(MfTask *task, MfWaitFor *wait, MfError *err)
{
	MfStatus	status;

	wait->fd = -1;
	wait->events = 0;
	wait->timeout_ms = -1;
	wait->what = NULL;
	status = task->step(task, wait, err);
	if (status == MF_OK && task->arena.failed)
		return mf_error_oom(err, 0);
	return status;
}

const MfReply *
m2_request_reply(MfTask *task)
{
	return &task->reply;
}
