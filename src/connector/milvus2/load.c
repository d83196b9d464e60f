/*
 * load.c - How does a collection get into Milvus's memory, and out of it?
 */
#include "internal.h"

static const M2Method load_collection = M2_METHOD(LoadCollection, status, true);
static const M2Method release_collection = M2_METHOD(ReleaseCollection, status, true);
static const M2Method get_loading_progress =
M2_METHOD(GetLoadingProgress, get_loading_progress_response, true);

#define SLOT_SCHEMA 0
#define SLOT_ACT 1
#define SLOT_STATE 2
#define SLOT_PROGRESS 3

enum
{
	PHASE_LOOK,
	PHASE_ACT,
	PHASE_WAIT
};

/* Only a picture for the user: its failure is none. */
static void
note_progress(MfTask *task, MfWaitFor *wait)
{
	M2__LoadStateRequest request = M2__LOAD_STATE_REQUEST__INIT;
	MfError		ignored;
	MfStatus	status;

	request.db_name = (char *) task->database;
	request.collection_name = (char *) task->collection;
	status = m2_task_call(task, SLOT_PROGRESS, &get_loading_progress, &request, wait, &ignored);
	if (status == MF_OK)
	{
		int64_t		progress = ((M2__GetLoadingProgressResponse *) task->calls[SLOT_PROGRESS].reply)->progress;

		if (progress >= 0 && progress <= 100)
			task->reply.progress = (int) progress;
	}
	if (status != MF_WAIT)
		m2_task_forget(task, SLOT_PROGRESS);
}

MfStatus
m2_step_load(MfTask *task, MfWaitFor *wait, MfError *err)
{
	M2__LoadCollectionRequest request = M2__LOAD_COLLECTION_REQUEST__INIT;
	MfStatus	status;

	if (task->phase == PHASE_LOOK)
	{
		status = m2_need_schema(task, SLOT_SCHEMA, wait, err);
		if (status == MF_OK)
			status = m2_need_load_state(task, SLOT_STATE, wait, err);
		if (status != MF_OK)
			return status;
		task->phase = task->load_state == M2_STATE_LOADED || task->load_state == M2_STATE_LOADING ?
			PHASE_WAIT : PHASE_ACT;
	}
	if (task->phase == PHASE_ACT)
	{
		request.db_name = (char *) task->database;
		request.collection_name = (char *) task->collection;
		request.replica_number = 1;
		status = m2_task_call(task, SLOT_ACT, &load_collection, &request, wait, err);
		if (status != MF_OK)
			return status;
		task->phase = PHASE_WAIT;
	}
	for (;;)
	{
		if (task->poll_at != 0 && !m2_task_pause(task, wait))
			return MF_WAIT;
		status = m2_need_load_state(task, SLOT_STATE, wait, err);
		if (status != MF_OK)
			return status;
		if (task->load_state == M2_STATE_LOADED)
		{
			task->reply.progress = 100;
			return MF_OK;
		}
		/* loading was given up, or somebody released it */
		if (task->load_state == M2_STATE_NOT_LOADED && task->poll_ms >= 200)
		{
			mf_error(err, MF_OBJECT_NOT_IN_STATE, "collection \"%s\" was not loaded", task->collection);
			mf_error_detail(err, "Milvus took the request to load it, but says that it is not being loaded.");
			return MF_ERROR;
		}
		note_progress(task, wait);
		if (!m2_task_pause(task, wait))
			return MF_WAIT;
	}
}

MfStatus
m2_step_release(MfTask *task, MfWaitFor *wait, MfError *err)
{
	M2__CollectionRequest request = m2_collection_request(task);
	MfStatus	status = m2_need_schema(task, SLOT_SCHEMA, wait, err);

	if (status != MF_OK)
		return status;
	return m2_task_call(task, SLOT_ACT, &release_collection, &request, wait, err);
}
