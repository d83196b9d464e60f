/*
 * flush.c - When is everything that was written in Milvus's storage?
 */
#include "internal.h"

static const MfMethod flush = M2_METHOD(Flush, flush_response, true);
static const MfMethod get_flush_state = M2_METHOD(GetFlushState, get_flush_state_response, true);

#define SLOT_SCHEMA 0
#define SLOT_FLUSH 1
#define SLOT_STATE 2

/* What the server was asked to flush, as its answer lists it. */
static void
fill_state_request(MfTask *task, M2__GetFlushStateRequest *request)
{
	const M2__FlushResponse *reply = (M2__FlushResponse *) task->calls[SLOT_FLUSH].reply;
	const char *name = task->schema.collection.name;

	request->db_name = (char *) task->database;
	request->collection_name = (char *) name;
	for (size_t i = 0; i < reply->n_segments; i++)
	{
		if (strcmp(reply->segments[i]->key, name) == 0 && reply->segments[i]->value != NULL)
		{
			request->segment_ids = reply->segments[i]->value->data;
			request->n_segment_ids = reply->segments[i]->value->n_data;
		}
	}
	for (size_t i = 0; i < reply->n_flush_ts; i++)
	{
		if (strcmp(reply->flush_ts[i]->key, name) == 0)
			request->flush_ts = reply->flush_ts[i]->value;
	}
}

MfStatus
m2_step_flush(MfTask *task, MfWaitFor *wait, MfError *err)
{
	M2__FlushRequest request = M2__FLUSH_REQUEST__INIT;
	char	   *names[1];
	MfStatus	status = m2_need_schema(task, SLOT_SCHEMA, wait, err);

	if (status != MF_OK)
		return status;
	names[0] = (char *) task->schema.collection.name;
	request.db_name = (char *) task->database;
	request.collection_names = names;
	request.n_collection_names = 1;
	status = m2_task_call(task, SLOT_FLUSH, &flush, &request, wait, err);
	if (status != MF_OK)
		return status;

	for (;;)
	{
		M2__GetFlushStateRequest state = M2__GET_FLUSH_STATE_REQUEST__INIT;
		bool		flushed;

		if (task->poll_at != 0 && !m2_task_pause(task, wait))
			return MF_WAIT;
		fill_state_request(task, &state);
		status = m2_task_call(task, SLOT_STATE, &get_flush_state, &state, wait, err);
		if (status != MF_OK)
			return status;
		flushed = ((M2__GetFlushStateResponse *) task->calls[SLOT_STATE].reply)->flushed;
		m2_task_forget(task, SLOT_STATE);
		if (flushed)
			return MF_OK;
		if (!m2_task_pause(task, wait))
			return MF_WAIT;
	}
}
