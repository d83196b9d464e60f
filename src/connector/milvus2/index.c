/*
 * index.c - How does a field get its index, and lose it?
 */
#include "internal.h"

static const MfMethod create_index = M2_METHOD(CreateIndex, status, true);
static const MfMethod drop_index = M2_METHOD(DropIndex, status, true);
static const MfMethod describe_index = M2_METHOD(DescribeIndex, describe_index_response, true);

#define SLOT_SCHEMA 0
#define SLOT_BEFORE 1
#define SLOT_ACT 2
#define SLOT_STATE 3
#define SLOT_VERSION 4

#define INDEX_FINISHED 3
#define INDEX_FAILED 4

enum
{
	PHASE_PREPARE,
	PHASE_ACT,
	PHASE_BUILD
};

static MfStatus
need_field(MfTask *task, MfWaitFor *wait, const MfField **field, MfError *err)
{
	MfStatus	status = m2_need_schema(task, SLOT_SCHEMA, wait, err);
	const MfCollection *c = &task->schema.collection;
	const char *near;
	int			n;

	if (status != MF_OK)
		return status;
	n = task->field != NULL ? m2_field_index(c, task->field) : -1;
	if (n >= 0)
	{
		*field = &c->fields[n];
		return MF_OK;
	}
	mf_error(err, MF_FDW_COLUMN_NAME_NOT_FOUND, "collection \"%s\" has no field \"%s\"",
			 task->collection, task->field != NULL ? task->field : "");
	near = task->field != NULL ? m2_nearest_field(c, task->field) : NULL;
	if (near != NULL)
		mf_error_hint(err, "Perhaps you meant field \"%s\".", near);
	return MF_ERROR;
}

MfStatus
m2_describe_index(MfTask *task, int slot, MfWaitFor *wait, MfError *err, const M2__IndexDescription **index)
{
	M2__IndexRequest request = M2__INDEX_REQUEST__INIT;
	const M2__DescribeIndexResponse *reply;
	MfStatus	status;

	*index = NULL;
	request.db_name = (char *) task->database;
	request.collection_name = (char *) task->collection;
	request.field_name = (char *) task->field;
	status = m2_task_call(task, slot, &describe_index, &request, wait, err);
	if (status == MF_ERROR && strcmp(err->sqlstate, MF_OBJECT_NOT_IN_STATE) == 0)
		return MF_OK;			/* none */
	if (status != MF_OK)
		return status;
	reply = (M2__DescribeIndexResponse *) task->calls[slot].reply;
	for (size_t i = 0; i < reply->n_index_descriptions; i++)
	{
		if (strcmp(reply->index_descriptions[i]->field_name, task->field) == 0)
			*index = reply->index_descriptions[i];
	}
	return MF_OK;
}

static MfStatus
send_create(MfTask *task, const MfField *field, MfWaitFor *wait, MfError *err)
{
	M2__CreateIndexRequest request = M2__CREATE_INDEX_REQUEST__INIT;
	const char *name = mf_option(task->args, "index_name");

	if (!m2_index_params(task, field, &request))
		return mf_error_oom(err, 0);
	request.db_name = (char *) task->database;
	request.collection_name = (char *) task->collection;
	request.field_name = (char *) task->field;
	if (name != NULL)
		request.index_name = (char *) name;
	return m2_task_call(task, SLOT_ACT, &create_index, &request, wait, err);
}

static MfStatus
built(MfTask *task, const M2__IndexDescription *index, MfError *err)
{
	if (index == NULL)
		return MF_WAIT;
	if (index->total_rows > 0 && index->indexed_rows <= index->total_rows)
		task->reply.progress = (int) (index->indexed_rows * 100 / index->total_rows);
	if (index->state == INDEX_FAILED)
	{
		mf_error(err, MF_FDW_ERROR, "the index of field \"%s\" of collection \"%s\" could not be built",
				 task->field, task->collection);
		mf_error_detail(err, "Milvus says: %.900s", index->fail_reason);
		return MF_ERROR;
	}
	if (index->state == INDEX_FINISHED)
	{
		task->reply.progress = 100;
		return MF_OK;
	}
	return MF_WAIT;
}

MfStatus
m2_step_create_index(MfTask *task, MfWaitFor *wait, MfError *err)
{
	const MfField *field;
	const M2__IndexDescription *index;
	MfStatus	status;

	if (task->phase == PHASE_PREPARE)
	{
		status = need_field(task, wait, &field, err);
		if (status == MF_OK)
			status = m2_need_version(task, SLOT_VERSION, wait, err);
		if (status == MF_OK)
			status = m2_describe_index(task, SLOT_BEFORE, wait, err, &index);
		if (status != MF_OK)
			return status;
		if (index != NULL)
		{
			mf_error(err, MF_OBJECT_NOT_IN_STATE, "field \"%s\" of collection \"%s\" has an index already",
					 task->field, task->collection);
			mf_error_hint(err, "Drop it first with milvus_fdw.drop_index(...).");
			return MF_ERROR;
		}
		task->phase = PHASE_ACT;
	}
	if (task->phase == PHASE_ACT)
	{
		status = need_field(task, wait, &field, err);
		if (status == MF_OK)
			status = send_create(task, field, wait, err);
		if (status != MF_OK)
			return status;
		task->phase = PHASE_BUILD;
	}
	for (;;)
	{
		if (task->poll_at != 0 && !m2_task_pause(task, wait))
			return MF_WAIT;
		status = m2_describe_index(task, SLOT_STATE, wait, err, &index);
		if (status != MF_OK)
			return status;
		status = built(task, index, err);
		m2_task_forget(task, SLOT_STATE);
		if (status != MF_WAIT)
			return status;
		if (!m2_task_pause(task, wait))
			return MF_WAIT;
	}
}

/* A loaded collection keeps its indexes: the server would refuse, or worse. */
MfStatus
m2_step_drop_index(MfTask *task, MfWaitFor *wait, MfError *err)
{
	M2__IndexRequest request = M2__INDEX_REQUEST__INIT;
	const MfField *field;
	const M2__IndexDescription *index;
	MfStatus	status = need_field(task, wait, &field, err);

	if (status == MF_OK)
		status = m2_describe_index(task, SLOT_BEFORE, wait, err, &index);
	if (status != MF_OK)
		return status;
	if (index == NULL)
		return mf_error(err, MF_OBJECT_NOT_IN_STATE, "field \"%s\" of collection \"%s\" has no index",
						task->field, task->collection);
	if (task->load_state == 0)
	{
		status = m2_ask_load_state(task, SLOT_STATE, wait, err);
		if (status != MF_OK)
			return status;
	}
	if (task->load_state == M2_STATE_LOADED || task->load_state == M2_STATE_LOADING)
	{
		mf_error(err, MF_OBJECT_NOT_IN_STATE, "collection \"%s\" is loaded", task->collection);
		mf_error_hint(err, "Release it first with milvus_fdw.release(...).");
		return MF_ERROR;
	}
	request.db_name = (char *) task->database;
	request.collection_name = (char *) task->collection;
	request.field_name = (char *) task->field;
	request.index_name = index->index_name;
	return m2_task_call(task, SLOT_ACT, &drop_index, &request, wait, err);
}
