/*
 * segment.c - In which pieces does Milvus keep a collection, and how many rows?
 */
#include "internal.h"

static const MfMethod get_statistics =
M2_METHOD(GetCollectionStatistics, get_collection_statistics_response, true);
static const MfMethod stored_segments =
M2_METHOD(GetPersistentSegmentInfo, persistent_segments_response, true);
static const MfMethod loaded_segments =
M2_METHOD(GetQuerySegmentInfo, query_segments_response, true);
static const MfMethod show_partitions = M2_METHOD(ShowPartitions, show_partitions_response, true);

#define SLOT_STATE 0
#define SLOT_STORED 1
#define SLOT_LOADED 2
#define SLOT_PARTITIONS 3

#define NCOLUMNS 9

MfStatus
m2_step_statistics(MfTask *task, MfWaitFor *wait, MfError *err)
{
	M2__CollectionRequest request = m2_collection_request(task);
	const M2__GetCollectionStatisticsResponse *reply;
	MfStatus	status = m2_task_call(task, SLOT_STORED, &get_statistics, &request, wait, err);

	if (status != MF_OK)
		return status;
	reply = (M2__GetCollectionStatisticsResponse *) task->calls[SLOT_STORED].reply;
	for (size_t i = 0; i < reply->n_stats; i++)
		m2_cells_add(task, 2, (const char *[]) {reply->stats[i]->key, reply->stats[i]->value});
	return m2_cells_done(task, 2, err);
}

static const char *
state_name(int32_t state)
{
	static const char *const names[] = {
		NULL, "not exist", "growing", "sealed", "flushed", "flushing", "dropped", "importing"
	};

	return state > 0 && state < (int32_t) (sizeof(names) / sizeof(names[0])) ? names[state] : NULL;
}

static const char *
partition_name(const MfTask *task, int64_t id)
{
	const M2__ShowPartitionsResponse *reply =
		(M2__ShowPartitionsResponse *) task->calls[SLOT_PARTITIONS].reply;

	for (size_t i = 0; i < reply->n_partition_ids && i < reply->n_partition_names; i++)
	{
		if (reply->partition_ids[i] == id)
			return reply->partition_names[i];
	}
	return NULL;
}

static const char *
node_list(MfTask *task, const M2__QuerySegment *segment)
{
	const char *list = "";

	for (size_t i = 0; i < segment->n_node_ids && list != NULL; i++)
		list = mf_arena_text(&task->arena, "%s%s%lld", list, i > 0 ? "," : "", (long long) segment->node_ids[i]);
	return list != NULL ? mf_arena_text(&task->arena, "{%s}", list) : NULL;
}

static void
add_loaded(MfTask *task, const char **cells, const M2__QuerySegment *segment)
{
	cells[5] = m2_cell_int(task, segment->num_rows);
	cells[6] = m2_cell_int(task, segment->mem_size);
	cells[7] = segment->index_name[0] != '\0' ? segment->index_name : NULL;
	cells[8] = node_list(task, segment);
}

static void
add_stored(MfTask *task, const M2__PersistentSegment *segment, const M2__QuerySegmentsResponse *loaded)
{
	const char *cells[NCOLUMNS] = {NULL};

	cells[0] = m2_cell_int(task, segment->segment_id);
	cells[1] = partition_name(task, segment->partition_id);
	cells[2] = m2_cell_int(task, segment->num_rows);
	cells[3] = state_name(segment->state);
	if (segment->level > 0)
		cells[4] = mf_arena_text(&task->arena, "L%d", segment->level - 1);
	for (size_t i = 0; loaded != NULL && i < loaded->n_infos; i++)
	{
		if (loaded->infos[i]->segment_id == segment->segment_id)
			add_loaded(task, cells, loaded->infos[i]);
	}
	m2_cells_add(task, NCOLUMNS, cells);
}

/* One that is in memory but not in storage, because it still grows. */
static void
add_growing(MfTask *task, const M2__QuerySegment *segment, const M2__PersistentSegmentsResponse *stored)
{
	const char *cells[NCOLUMNS] = {NULL};

	for (size_t i = 0; i < stored->n_infos; i++)
	{
		if (stored->infos[i]->segment_id == segment->segment_id)
			return;
	}
	cells[0] = m2_cell_int(task, segment->segment_id);
	cells[1] = partition_name(task, segment->partition_id);
	cells[3] = state_name(segment->state);
	add_loaded(task, cells, segment);
	m2_cells_add(task, NCOLUMNS, cells);
}

/* Only a collection that is loaded has segments in memory to be asked for. */
static MfStatus
need_answers(MfTask *task, MfWaitFor *wait, MfError *err)
{
	M2__CollectionRequest request = m2_collection_request(task);
	MfStatus	status = m2_task_call(task, SLOT_PARTITIONS, &show_partitions, &request, wait, err);

	if (status == MF_OK && task->load_state == 0)
		status = m2_need_load_state(task, SLOT_STATE, wait, err);
	if (status == MF_OK)
		status = m2_task_call(task, SLOT_STORED, &stored_segments, &request, wait, err);
	if (status == MF_OK && task->load_state == M2_STATE_LOADED)
		status = m2_task_call(task, SLOT_LOADED, &loaded_segments, &request, wait, err);
	return status;
}

MfStatus
m2_step_segments(MfTask *task, MfWaitFor *wait, MfError *err)
{
	MfStatus	status = need_answers(task, wait, err);
	const M2__PersistentSegmentsResponse *stored;
	const M2__QuerySegmentsResponse *loaded;

	if (status != MF_OK)
		return status;
	stored = (M2__PersistentSegmentsResponse *) task->calls[SLOT_STORED].reply;
	loaded = (M2__QuerySegmentsResponse *) task->calls[SLOT_LOADED].reply;
	for (size_t i = 0; i < stored->n_infos; i++)
		add_stored(task, stored->infos[i], loaded);
	for (size_t i = 0; loaded != NULL && i < loaded->n_infos; i++)
		add_growing(task, loaded->infos[i], stored);
	return m2_cells_done(task, NCOLUMNS, err);
}
