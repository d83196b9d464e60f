/*
 * load.c - How does a collection get into Milvus's memory, and out of it?
 *
 * The whole of it, or the partitions that are named.
 */
#include "internal.h"

static const MfMethod load_collection = M2_METHOD(LoadCollection, status, true);
static const MfMethod release_collection = M2_METHOD(ReleaseCollection, status, true);
static const MfMethod load_partitions = M2_METHOD(LoadPartitions, status, true);
static const MfMethod release_partitions = M2_METHOD(ReleasePartitions, status, true);
static const MfMethod get_load_state = M2_METHOD(GetLoadState, get_load_state_response, true);
static const MfMethod get_loading_progress =
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

const char *
m2_load_state_name(int state)
{
	return state == M2_STATE_LOADED ? "loaded" : state == M2_STATE_LOADING ? "loading" :
		state == M2_STATE_NOT_LOADED ? "not loaded" : NULL;
}

static M2__LoadStateRequest
state_request(const MfTask *task)
{
	M2__LoadStateRequest request = M2__LOAD_STATE_REQUEST__INIT;

	request.db_name = (char *) task->database;
	request.collection_name = (char *) task->collection;
	request.partition_names = (char **) task->names;
	request.n_partition_names = (size_t) task->nnames;
	return request;
}

/* Of the partitions named, or of all: into task->load_state. */
static MfStatus
need_state(MfTask *task, MfWaitFor *wait, MfError *err)
{
	M2__LoadStateRequest request = state_request(task);
	MfStatus	status = m2_task_call(task, SLOT_STATE, &get_load_state, &request, wait, err);

	if (status == MF_OK)
	{
		task->load_state = ((M2__GetLoadStateResponse *) task->calls[SLOT_STATE].reply)->state;
		m2_task_forget(task, SLOT_STATE);
	}
	return status;
}

/* Only a picture for the user: its failure is none. */
static void
note_progress(MfTask *task, MfWaitFor *wait)
{
	M2__LoadStateRequest request = state_request(task);
	MfError		ignored;
	MfStatus	status;

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

/*
 * One that is loaded is to look for what was imported, which it else does
 * every ten seconds.
 */
static bool
is_refresh(const MfTask *task)
{
	return mf_option_bool(task->args, "refresh", false);
}

static MfStatus
send_load(MfTask *task, MfWaitFor *wait, MfError *err)
{
	M2__LoadCollectionRequest whole = M2__LOAD_COLLECTION_REQUEST__INIT;
	M2__LoadPartitionsRequest parts = M2__LOAD_PARTITIONS_REQUEST__INIT;
	int32_t		replicas = (int32_t) mf_option_int(task->args, "replica_number", 1);

	if (task->nnames == 0)
	{
		whole.db_name = (char *) task->database;
		whole.collection_name = (char *) task->collection;
		whole.replica_number = replicas;
		whole.refresh = is_refresh(task);
		return m2_task_call(task, SLOT_ACT, &load_collection, &whole, wait, err);
	}
	parts.db_name = (char *) task->database;
	parts.collection_name = (char *) task->collection;
	parts.partition_names = (char **) task->names;
	parts.n_partition_names = (size_t) task->nnames;
	parts.replica_number = replicas;
	return m2_task_call(task, SLOT_ACT, &load_partitions, &parts, wait, err);
}

/* Has the progress stood still for longer than the caller waits? */
static MfStatus
check_patience(MfTask *task, int progress, MfError *err)
{
	int64_t		patience = mf_option_int(task->args, "patience", 0);
	int64_t		now = mf_now_ms();

	if (progress != task->reply.progress || task->moved_at == 0)
		task->moved_at = now;
	task->reply.progress = progress;
	if (patience == 0 || now - task->moved_at < patience * 1000)
		return MF_OK;
	mf_error(err, MF_FDW_ERROR, "collection \"%s\" has stood at %d %% of what was imported for %lld s", task->collection,
			 progress, (long long) patience);
	return MF_ERROR;
}

static MfStatus
wait_for_refresh(MfTask *task, MfWaitFor *wait, MfError *err)
{
	M2__LoadStateRequest request = state_request(task);

	for (;;)
	{
		MfStatus	status;
		int			progress;

		if (task->poll_at != 0 && !m2_task_pause(task, wait))
			return MF_WAIT;
		status = m2_task_call(task, SLOT_PROGRESS, &get_loading_progress, &request, wait, err);
		if (status != MF_OK)
			return status;
		progress = (int) ((M2__GetLoadingProgressResponse *) task->calls[SLOT_PROGRESS].reply)->refresh_progress;
		m2_task_forget(task, SLOT_PROGRESS);
		if (progress >= 100)
			return MF_OK;
		if (check_patience(task, progress, err) != MF_OK)
			return MF_ERROR;
		if (!m2_task_pause(task, wait))
			return MF_WAIT;
	}
}

MfStatus
m2_step_load(MfTask *task, MfWaitFor *wait, MfError *err)
{
	MfStatus	status;

	if (task->phase == PHASE_LOOK)
	{
		status = m2_need_schema(task, SLOT_SCHEMA, wait, err);
		if (status == MF_OK)
			status = need_state(task, wait, err);
		if (status != MF_OK)
			return status;
		/* before 2.3 nobody tells how far it has got */
		if (is_refresh(task) &&
			(task->load_state != M2_STATE_LOADED || (task->conn->version != 0 && task->conn->version < M2_VERSION(2, 3, 0))))
			return MF_OK;
		task->phase = !is_refresh(task) && (task->load_state == M2_STATE_LOADED || task->load_state == M2_STATE_LOADING) ?
			PHASE_WAIT : PHASE_ACT;
	}
	if (task->phase == PHASE_ACT)
	{
		status = send_load(task, wait, err);
		if (status != MF_OK)
			return status;
		task->phase = PHASE_WAIT;
	}
	if (is_refresh(task))
		return wait_for_refresh(task, wait, err);
	for (;;)
	{
		if (task->poll_at != 0 && !m2_task_pause(task, wait))
			return MF_WAIT;
		status = need_state(task, wait, err);
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
	M2__CollectionRequest whole = m2_collection_request(task);
	M2__LoadPartitionsRequest parts = M2__LOAD_PARTITIONS_REQUEST__INIT;
	MfStatus	status = m2_need_schema(task, SLOT_SCHEMA, wait, err);

	if (status != MF_OK)
		return status;
	if (task->nnames == 0)
		return m2_task_call(task, SLOT_ACT, &release_collection, &whole, wait, err);
	parts.db_name = (char *) task->database;
	parts.collection_name = (char *) task->collection;
	parts.partition_names = (char **) task->names;
	parts.n_partition_names = (size_t) task->nnames;
	return m2_task_call(task, SLOT_ACT, &release_partitions, &parts, wait, err);
}

/* How far it is is asked only where there is something to be told. */
MfStatus
m2_step_load_state(MfTask *task, MfWaitFor *wait, MfError *err)
{
	M2__LoadStateRequest request = state_request(task);
	const char *cells[2] = {NULL};
	MfStatus	status = m2_need_schema(task, SLOT_SCHEMA, wait, err);

	if (status == MF_OK && task->load_state == 0)
		status = need_state(task, wait, err);
	if (status == MF_OK && task->load_state == M2_STATE_LOADING)
		status = m2_task_call(task, SLOT_PROGRESS, &get_loading_progress, &request, wait, err);
	if (status != MF_OK)
		return status;
	cells[0] = m2_load_state_name(task->load_state);
	if (task->load_state == M2_STATE_LOADING)
		cells[1] = m2_cell_int(task, ((M2__GetLoadingProgressResponse *) task->calls[SLOT_PROGRESS].reply)->progress);
	else
		cells[1] = task->load_state == M2_STATE_LOADED ? "100" : "0";
	m2_cells_add(task, 2, cells);
	return m2_cells_done(task, 2, err);
}
