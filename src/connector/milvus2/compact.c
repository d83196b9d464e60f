/*
 * compact.c - How are a collection's segments merged, and is it done?
 */
#include <stdlib.h>

#include "internal.h"

static const MfMethod manual_compaction = M2_METHOD(ManualCompaction, manual_compaction_response, false);
static const MfMethod get_state = M2_METHOD(GetCompactionState, get_compaction_state_response, true);

#define SLOT_SCHEMA 0
#define SLOT_ACT 1
#define SLOT_STATE 2

#define COMPACTION_EXECUTING 1
#define COMPACTION_COMPLETED 2

static MfStatus
ask_state(MfTask *task, int64_t id, const M2__GetCompactionStateResponse **reply, MfWaitFor *wait, MfError *err)
{
	M2__GetCompactionStateRequest request = M2__GET_COMPACTION_STATE_REQUEST__INIT;
	MfStatus	status;

	request.compaction_id = id;
	status = m2_task_call(task, SLOT_STATE, &get_state, &request, wait, err);
	*reply = (M2__GetCompactionStateResponse *) task->calls[SLOT_STATE].reply;
	return status;
}

static void
note_progress(MfTask *task, const M2__GetCompactionStateResponse *state)
{
	int64_t		done = state->completed + state->failed + state->timed_out;
	int64_t		all = done + state->executing;

	if (done >= 0 && state->executing >= 0 && all > 0)
		task->reply.progress = (int) (done * 100 / all);
}

/* MF_WAIT: look again */
static MfStatus
is_done(MfTask *task, const M2__GetCompactionStateResponse *state, MfError *err)
{
	note_progress(task, state);
	if (state->state == COMPACTION_EXECUTING)
		return MF_WAIT;
	if (state->failed + state->timed_out > 0)
		return mf_error(err, MF_FDW_ERROR, "%lld of %lld compactions of collection \"%s\" failed",
						(long long) (state->failed + state->timed_out),
						(long long) (state->failed + state->timed_out + state->completed), task->collection);
	return MF_OK;
}

MfStatus
m2_step_compact(MfTask *task, MfWaitFor *wait, MfError *err)
{
	M2__ManualCompactionRequest request = M2__MANUAL_COMPACTION_REQUEST__INIT;
	const M2__ManualCompactionResponse *started;
	MfStatus	status = m2_need_schema(task, SLOT_SCHEMA, wait, err);

	if (status != MF_OK)
		return status;
	request.collection_id = task->schema.id;
	request.collection_name = (char *) task->schema.collection.name;
	request.db_name = (char *) task->database;
	status = m2_task_call(task, SLOT_ACT, &manual_compaction, &request, wait, err);
	if (status != MF_OK)
		return status;
	started = (M2__ManualCompactionResponse *) task->calls[SLOT_ACT].reply;
	task->reply.text = m2_cell_int(task, started->compaction_id);
	if (!mf_option_bool(task->args, "wait", true))
		return MF_OK;
	for (;;)
	{
		const M2__GetCompactionStateResponse *state;

		if (task->poll_at != 0 && !m2_task_pause(task, wait))
			return MF_WAIT;
		status = ask_state(task, started->compaction_id, &state, wait, err);
		if (status != MF_OK)
			return status;
		status = is_done(task, state, err);
		m2_task_forget(task, SLOT_STATE);
		if (status != MF_WAIT)
			return status;
		if (!m2_task_pause(task, wait))
			return MF_WAIT;
	}
}

MfStatus
m2_step_compaction_state(MfTask *task, MfWaitFor *wait, MfError *err)
{
	const M2__GetCompactionStateResponse *state;
	MfStatus	status = ask_state(task, strtoll(task->name, NULL, 10), &state, wait, err);

	if (status != MF_OK)
		return status;
	m2_cells_add(task, 5, (const char *[]) {
		state->state == COMPACTION_EXECUTING ? "executing" : state->state == COMPACTION_COMPLETED ? "completed" : "unknown",
		m2_cell_int(task, state->executing), m2_cell_int(task, state->completed),
		m2_cell_int(task, state->timed_out), m2_cell_int(task, state->failed)});
	return m2_cells_done(task, 5, err);
}
