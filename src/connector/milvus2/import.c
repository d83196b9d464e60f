/*
 * import.c - How is Milvus asked to read files, and how far has it got?
 *
 * One call, one group of files that belong together: a JSON, Parquet or CSV
 * file by itself, or the .npy files of one set.  That is the rule which all
 * versions share: before 2.4 a list of JSON files becomes a job each, from 2.4
 * on it is refused.
 */
#include <stdlib.h>

#include "internal.h"

static const MfMethod import = M2_METHOD(Import, import_response, false);
static const MfMethod get_import_state = M2_METHOD(GetImportState, import_state, true);
static const MfMethod list_import_tasks = M2_METHOD(ListImportTasks, list_import_tasks_response, true);

#define SLOT_VERSION 0
#define SLOT_ACT 1

#define NCOLUMNS M2_IMPORT_CELLS

#define NO_PARTITION 200		/* Milvus's code */

/*
 * Seconds, by default: dataCoord.import.taskRetention from 2.4 on, before that
 * rootCoord.importTaskRetention.
 */
#define M2_IMPORT_REMEMBERED 10800
#define M2_TASK_REMEMBERED 86400

/* Numbers of the protocol, ImportState */
#define IMPORT_PENDING 0
#define IMPORT_FAILED 1
#define IMPORT_STARTED 2
#define IMPORT_PERSISTED 5
#define IMPORT_COMPLETED 6
#define IMPORT_FAILED_AND_CLEANED 7
#define IMPORT_FLUSHED 8

/* ------------------------------------------------------------------- starting */

static bool
ends_with(const char *name, const char *suffix)
{
	size_t		len = strlen(name);
	size_t		n = strlen(suffix);

	return len > n && strcmp(name + len - n, suffix) == 0;
}

static MfStatus
check_group(const MfTask *task, MfError *err)
{
	bool		set = task->nnames > 0 && ends_with(task->names[0], ".npy");

	if (task->nnames == 0)
		return mf_error(err, MF_INVALID_PARAMETER_VALUE, "no file is named");
	for (int i = 0; i < task->nnames; i++)
	{
		const char *name = task->names[i];

		if (!ends_with(name, ".npy") && !ends_with(name, ".json") && !ends_with(name, ".parquet") && !ends_with(name, ".csv"))
		{
			mf_error(err, MF_INVALID_PARAMETER_VALUE, "file \"%s\" cannot be imported", name);
			mf_error_detail(err, "Milvus knows what a file is by the end of its name: .parquet, .npy, .json or .csv.");
			return MF_ERROR;
		}
		if (ends_with(name, ".npy") != set || (!set && task->nnames > 1))
		{
			mf_error(err, MF_INVALID_PARAMETER_VALUE, "files \"%s\" and \"%s\" cannot be imported together", task->names[0],
					 task->names[i > 0 ? i : 1]);
			mf_error_detail(err, "Milvus takes one file at a time, or the .npy files of all columns.");
			return MF_ERROR;
		}
		if (ends_with(name, ".parquet") && m2_require(task->conn, M2_CAN_IMPORT_PARQUET, err) != MF_OK)
			return MF_ERROR;
	}
	return m2_require(task->conn, M2_CAN_IMPORT, err);
}

MfStatus
m2_step_import(MfTask *task, MfWaitFor *wait, MfError *err)
{
	M2__ImportRequest request = M2__IMPORT_REQUEST__INIT;
	const M2__ImportResponse *reply;
	MfStatus	status = m2_need_version(task, SLOT_VERSION, wait, err);

	if (status == MF_OK && task->calls[SLOT_ACT].call == NULL && task->http == NULL)
		status = check_group(task, err);
	if (status != MF_OK)
		return status;
	if (m2_import_by_rest(task->conn))
		return m2_rest_import(task, wait, err);
	request.db_name = (char *) task->database;
	request.collection_name = (char *) task->collection;
	if (task->name != NULL)
		request.partition_name = (char *) task->name;
	request.files = (char **) task->names;
	request.n_files = (size_t) task->nnames;
	status = m2_task_call(task, SLOT_ACT, &import, &request, wait, err);
	/* a proxy that says so may have handed it on */
	if (status == MF_ERROR && err->retry == MF_RETRY_NO && m2_error_may_be_applied(err))
		err->retry = MF_RETRY_UNKNOWN;
	if (status == MF_ERROR && task->name != NULL && err->remote_code == NO_PARTITION)
		return m2_error_no_partition(&task->where, task->name, true, err);
	if (status != MF_OK)
		return status;
	reply = (M2__ImportResponse *) task->calls[SLOT_ACT].reply;
	if (reply->n_tasks != 1)
	{
		m2_error_reply(err, "Milvus Import", "%zu jobs for one group of files", reply->n_tasks);
		err->retry = MF_RETRY_UNKNOWN;
		return MF_ERROR;
	}
	/* when its rows come nobody tells */
	m2_mark_put(task->conn, task->database, task->collection, 0);
	task->reply.text = m2_cell_int(task, reply->tasks[0]);
	return MF_OK;
}

/* -------------------------------------------------------------------- looking */

static const char *
state_name(int32_t state)
{
	switch (state)
	{
		case IMPORT_PENDING:
			return "pending";
		case IMPORT_STARTED:
			return "running";
		case IMPORT_PERSISTED:
		case IMPORT_FLUSHED:
			return "persisted";
		case IMPORT_COMPLETED:
			return "completed";
		case IMPORT_FAILED:
		case IMPORT_FAILED_AND_CLEANED:
			return "failed";
		default:
			return NULL;
	}
}

static const char *
info_of(const M2__ImportState *state, const char *key)
{
	for (size_t i = 0; i < state->n_infos; i++)
	{
		if (strcmp(state->infos[i]->key, key) == 0 && state->infos[i]->value[0] != '\0')
			return state->infos[i]->value;
	}
	return NULL;
}

/* "a,b" as ["a","b"]; names that we make hold no commas. */
static const char *
file_list(MfTask *task, const char *files)
{
	MfJsonBuf	buf = {.mem = task->mem};
	const char *list;

	if (files == NULL)
		return NULL;
	mf_json_buf_add(&buf, "[");
	for (const char *p = files; *p != '\0';)
	{
		size_t		len = strcspn(p, ",");

		if (p != files)
			mf_json_buf_add(&buf, ",");
		mf_json_buf_quote_bytes(&buf, p, len);
		p += len + (p[len] == ',');
	}
	mf_json_buf_add(&buf, "]");
	list = mf_arena_text(&task->arena, "%s", buf.failed ? "" : buf.data);
	if (buf.failed)
		task->arena.failed = true;
	mf_free(task->mem, buf.data);
	return list;
}

/* Jobs of the data coordinator, as from 2.4 on, or tasks of the root coordinator? */
static bool
is_v2(const MfTask *task)
{
	return task->conn->version >= M2_VERSION(2, 4, 0);
}

static void
add_import(MfTask *task, const M2__ImportState *state)
{
	const char *cells[NCOLUMNS];
	const char *percent = info_of(state, "progress_percent");
	const char *name = state_name(state->state);

	cells[0] = task->name != NULL ? task->name : m2_cell_int(task, state->id);
	cells[1] = info_of(state, "collection");
	cells[2] = info_of(state, "partition");
	cells[3] = name != NULL ? name : mf_arena_text(&task->arena, "state %d", state->state);
	cells[4] = m2_cell_int(task, percent != NULL ? strtoll(percent, NULL, 10) : state->state == IMPORT_COMPLETED ? 100 : 0);
	/* 2.4 lists jobs without their rows */
	cells[5] = is_v2(task) && task->name == NULL && state->row_count == 0 ? NULL : m2_cell_int(task, state->row_count);
	cells[6] = file_list(task, info_of(state, "files"));
	cells[7] = info_of(state, "failed_reason");
	cells[8] = state->create_ts > 0 ? m2_cell_time(task, state->create_ts * 1000) : NULL;
	m2_cells_add(task, NCOLUMNS, cells);
}

static MfStatus
need_one(MfTask *task, MfWaitFor *wait, MfError *err)
{
	M2__GetImportStateRequest request = M2__GET_IMPORT_STATE_REQUEST__INIT;
	MfStatus	status;

	request.task = strtoll(task->name, NULL, 10);
	status = m2_task_call(task, SLOT_ACT, &get_import_state, &request, wait, err);
	if (status == MF_OK)
		add_import(task, (M2__ImportState *) task->calls[SLOT_ACT].reply);
	return status;
}

static MfStatus
need_all(MfTask *task, MfWaitFor *wait, MfError *err)
{
	M2__ListImportTasksRequest request = M2__LIST_IMPORT_TASKS_REQUEST__INIT;
	const M2__ListImportTasksResponse *reply;
	MfStatus	status;

	request.db_name = (char *) task->database;
	request.collection_name = (char *) task->collection;
	status = m2_task_call(task, SLOT_ACT, &list_import_tasks, &request, wait, err);
	if (status != MF_OK)
		return status;
	reply = (M2__ListImportTasksResponse *) task->calls[SLOT_ACT].reply;
	for (size_t i = 0; i < reply->n_tasks; i++)
	{
		const char *id = m2_cell_int(task, reply->tasks[i]->id);

		if (task->name == NULL || (id != NULL && strcmp(id, task->name) == 0))
			add_import(task, reply->tasks[i]);
	}
	return MF_OK;
}

MfStatus
m2_step_list_imports(MfTask *task, MfWaitFor *wait, MfError *err)
{
	MfStatus	status;

	task->reply.remembers_s = M2_IMPORT_REMEMBERED;
	if (m2_import_by_rest(task->conn))
		return m2_rest_list_imports(task, wait, err);
	status = m2_need_version(task, SLOT_VERSION, wait, err);
	if (status != MF_OK)
		return status;
	if (!is_v2(task))
		task->reply.remembers_s = M2_TASK_REMEMBERED;
	status = task->name != NULL && is_v2(task) ? need_one(task, wait, err) : need_all(task, wait, err);
	return status != MF_OK ? status : m2_cells_done(task, NCOLUMNS, err);
}
