/*
 * partition_verb.c - How do a collection's partitions come and go, and which are there?
 */
#include "internal.h"

static const MfMethod create_partition = M2_METHOD(CreatePartition, status, false);
static const MfMethod drop_partition = M2_METHOD(DropPartition, status, false);
static const MfMethod show_partitions = M2_METHOD(ShowPartitions, show_partitions_response, true);
static const MfMethod get_rows = M2_METHOD(GetPartitionStatistics, get_collection_statistics_response, true);
static const MfMethod get_state = M2_METHOD(GetLoadState, get_load_state_response, true);

#define SLOT_SCHEMA 0
#define SLOT_LIST 1
#define SLOT_ACT 2
#define SLOT_ROWS 3
#define SLOT_STATE 4

static M2__PartitionRequest
partition_request(const MfTask *task, const char *name)
{
	M2__PartitionRequest request = M2__PARTITION_REQUEST__INIT;

	request.db_name = (char *) task->database;
	request.collection_name = (char *) task->collection;
	request.partition_name = (char *) name;
	return request;
}

/* Milvus takes what is there, or not there, without a word: we look first. */
static MfStatus
look(MfTask *task, bool *found, MfWaitFor *wait, MfError *err)
{
	M2__CollectionRequest request = m2_collection_request(task);
	const M2__ShowPartitionsResponse *reply;
	MfStatus	status = m2_need_schema(task, SLOT_SCHEMA, wait, err);

	if (status == MF_OK)
		status = m2_task_call(task, SLOT_LIST, &show_partitions, &request, wait, err);
	if (status != MF_OK)
		return status;
	reply = (M2__ShowPartitionsResponse *) task->calls[SLOT_LIST].reply;
	*found = false;
	for (size_t i = 0; i < reply->n_partition_names; i++)
		*found |= strcmp(reply->partition_names[i], task->name) == 0;
	return MF_OK;
}

static MfStatus
refuse_key(const MfTask *task, MfError *err)
{
	for (int i = 0; i < task->schema.collection.nfields; i++)
	{
		if (!task->schema.collection.fields[i].partition_key)
			continue;
		mf_error(err, MF_OBJECT_NOT_IN_STATE, "the partitions of collection \"%s\" cannot be changed", task->collection);
		mf_error_detail(err, "Its partition key \"%s\" chooses the partition of each row.",
						task->schema.collection.fields[i].name);
		return MF_ERROR;
	}
	return MF_OK;
}

MfStatus
m2_step_create_partition(MfTask *task, MfWaitFor *wait, MfError *err)
{
	M2__PartitionRequest request = partition_request(task, task->name);
	bool		found;
	MfStatus	status = look(task, &found, wait, err);

	if (status == MF_OK)
		status = refuse_key(task, err);
	if (status != MF_OK)
		return status;
	if (found)
		return mf_error(err, MF_DUPLICATE_OBJECT, "partition \"%s\" of collection \"%s\" already exists",
						task->name, task->collection);
	return m2_task_call(task, SLOT_ACT, &create_partition, &request, wait, err);
}

MfStatus
m2_step_drop_partition(MfTask *task, MfWaitFor *wait, MfError *err)
{
	M2__PartitionRequest request = partition_request(task, task->name);
	bool		found;
	MfStatus	status = look(task, &found, wait, err);

	if (status == MF_OK)
		status = refuse_key(task, err);
	if (status != MF_OK)
		return status;
	if (!found)
		return mf_error(err, MF_UNDEFINED_OBJECT, "partition \"%s\" of collection \"%s\" does not exist",
						task->name, task->collection);
	status = m2_task_call(task, SLOT_ACT, &drop_partition, &request, wait, err);
	if (status == MF_ERROR && strstr(err->detail, "loaded") != NULL)
		mf_error_hint(err, "Release it first with milvus_fdw.release(..., partitions => '{%s}').", task->name);
	return status;
}

static const char *
row_count(const M2__GetCollectionStatisticsResponse *reply)
{
	for (size_t i = 0; i < reply->n_stats; i++)
	{
		if (strcmp(reply->stats[i]->key, "row_count") == 0)
			return reply->stats[i]->value;
	}
	return NULL;
}

/* One partition: how many rows, and is it loaded? */
static MfStatus
add_partition(MfTask *task, const M2__ShowPartitionsResponse *list, MfWaitFor *wait, MfError *err)
{
	char	   *name = list->partition_names[task->at];
	M2__PartitionRequest rows = partition_request(task, name);
	M2__LoadStateRequest state = M2__LOAD_STATE_REQUEST__INIT;
	const char *cells[5] = {name};
	MfStatus	rows_status = m2_task_call(task, SLOT_ROWS, &get_rows, &rows, wait, err);
	MfStatus	status;

	if (rows_status == MF_ERROR)
		return MF_ERROR;
	state.db_name = (char *) task->database;
	state.collection_name = (char *) task->collection;
	state.partition_names = &name;
	state.n_partition_names = 1;
	status = m2_task_call(task, SLOT_STATE, &get_state, &state, wait, err);
	if (status != MF_OK || rows_status != MF_OK)
		return status == MF_ERROR ? MF_ERROR : MF_WAIT;
	if (task->at < list->n_partition_ids)
		cells[1] = m2_cell_int(task, list->partition_ids[task->at]);
	if (task->at < list->n_created_utc)
		cells[2] = m2_cell_time(task, (int64_t) list->created_utc[task->at]);
	cells[3] = row_count((M2__GetCollectionStatisticsResponse *) task->calls[SLOT_ROWS].reply);
	cells[4] = m2_load_state_name(((M2__GetLoadStateResponse *) task->calls[SLOT_STATE].reply)->state);
	m2_cells_add(task, 5, cells);
	m2_task_forget(task, SLOT_ROWS);
	m2_task_forget(task, SLOT_STATE);
	return MF_OK;
}

MfStatus
m2_step_list_partitions(MfTask *task, MfWaitFor *wait, MfError *err)
{
	M2__CollectionRequest request = m2_collection_request(task);
	const M2__ShowPartitionsResponse *list;
	MfStatus	status = m2_task_call(task, SLOT_LIST, &show_partitions, &request, wait, err);

	if (status != MF_OK)
		return status;
	list = (M2__ShowPartitionsResponse *) task->calls[SLOT_LIST].reply;
	for (; task->at < list->n_partition_names; task->at++)
	{
		status = add_partition(task, list, wait, err);
		if (status != MF_OK)
			return status;
	}
	return m2_cells_done(task, 5, err);
}
