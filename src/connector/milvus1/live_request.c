/*
 * live_request.c - What can a Milvus 1.x server be asked and told?
 *
 * A verb is a function that is called from its beginning until all its calls
 * are answered; each call has a slot of its own.
 */
#include <limits.h>

#include "live_task.h"

static const MfMethod cmd = M1_METHOD(Cmd, string_reply, true);
static const MfMethod show_collections = M1_METHOD(ShowCollections, collection_name_list, true);
static const MfMethod describe_collection = M1_METHOD(DescribeCollection, collection_schema, true);
static const MfMethod describe_index = M1_METHOD(DescribeIndex, index_param, true);
static const MfMethod show_partitions = M1_METHOD(ShowPartitions, partition_list, true);
static const MfMethod count_collection = M1_METHOD(CountCollection, collection_row_count, true);
static const MfMethod drop_collection = M1_METHOD(DropCollection, status, false);
static const MfMethod drop_index = M1_METHOD(DropIndex, status, true);
static const MfMethod preload = M1_METHOD(PreloadCollection, status, true);
static const MfMethod release = M1_METHOD(ReleaseCollection, status, true);
static const MfMethod flush = M1_METHOD(Flush, status, true);
static const MfMethod show_info = M1_METHOD(ShowCollectionInfo, collection_info, true);

#define MOST_SPLITS 16			/* where each of them asks for all ids */

MfStatus
m1_task_call(M1LiveTask *task, int slot, const MfMethod *method, const ProtobufCMessage *request, MfWaitFor *wait, MfError *err)
{
	MfStatus	status = m1_call(task->conn, &task->calls[slot], method, request, task->collection, wait, err);

	/* gRPC's UNIMPLEMENTED */
	if (status == MF_ERROR && err->remote_code == 12)
		mf_error_hint(err, "Milvus 2.x servers are reached by milvus_fdw; Milvus 1.0 lacks some calls of 1.1.");
	return status;
}

M1__CollectionName
m1_task_name(M1LiveTask *task)
{
	M1__CollectionName name = M1__COLLECTION_NAME__INIT;

	name.collection_name = (char *) task->collection;
	return name;
}

/* -------------------------------------------------------------------- asking */

static MfStatus
step_version(M1LiveTask *task, MfWaitFor *wait, MfError *err)
{
	M1__Command request = M1__COMMAND__INIT;
	MfStatus	status;

	request.cmd = "version";
	status = m1_task_call(task, 0, &cmd, &request.base, wait, err);
	if (status == MF_OK)
		task->reply.text = mf_arena_text(&task->arena, "Milvus %s", ((M1__StringReply *) task->calls[0].reply)->string_reply);
	return status;
}

static MfStatus
step_list(M1LiveTask *task, MfWaitFor *wait, MfError *err)
{
	M1__Command request = M1__COMMAND__INIT;
	MfStatus	status = m1_task_call(task, 0, &show_collections, &request.base, wait, err);
	M1__CollectionNameList *list;

	if (status != MF_OK)
		return status;
	list = (M1__CollectionNameList *) task->calls[0].reply;
	task->reply.collections = mf_arena_alloc(&task->arena, sizeof(MfCollection) * (list->n_collection_names + 1));
	if (task->reply.collections == NULL)
		return mf_error_oom(err, sizeof(MfCollection) * list->n_collection_names);
	for (size_t i = 0; i < list->n_collection_names; i++)
		task->reply.collections[task->reply.ncollections++] = (MfCollection) {.name = list->collection_names[i],.rows = -1};
	return MF_OK;
}

static MfStatus
step_describe(M1LiveTask *task, MfWaitFor *wait, MfError *err)
{
	M1__CollectionName name = m1_task_name(task);
	const M1__CollectionSchema *schema;
	M1Collection c = {.name = task->collection};
	MfStatus	status = m1_task_call(task, 0, &describe_collection, &name.base, wait, err);

	if (status == MF_OK)
		status = m1_task_call(task, 1, &describe_index, &name.base, wait, err);
	if (status == MF_OK)
		status = m1_task_call(task, 2, &show_partitions, &name.base, wait, err);
	if (status == MF_OK)
		status = m1_task_call(task, 3, &count_collection, &name.base, wait, err);
	if (status != MF_OK)
		return status;
	schema = (M1__CollectionSchema *) task->calls[0].reply;
	if (m1_metric_name(schema->metric_type) == NULL || schema->dimension < 1 || schema->dimension > 1 << 24)
	{
		mf_error(err, MF_FDW_REPLY_HANDLE, "the answer to Milvus 1.x DescribeCollection cannot be used");
		mf_error_detail(err, "It has metric %d and %lld dimensions.", schema->metric_type, (long long) schema->dimension);
		return MF_ERROR;
	}
	c.dim = schema->dimension;
	c.metric = schema->metric_type;
	c.npartitions = (int) ((M1__PartitionList *) task->calls[2].reply)->n_partition_tag_array;
	m1_describe(&c, task->fields, &task->described);
	/* the server makes ids where none are given */
	task->fields[0].has_default = true;
	task->fields[0].nullable = true;
	task->fields[1].index = m1_index_name(((M1__IndexParam *) task->calls[1].reply)->index_type, m1_metric_is_binary(c.metric));
	task->fields[2].has_default = true;
	task->fields[2].nullable = true;
	task->described.rows = ((M1__CollectionRowCount *) task->calls[3].reply)->collection_row_count;
	task->reply.ncollections = 1;
	task->reply.collections = &task->described;
	return MF_OK;
}

/*
 * Segments as they are once what this session wrote is flushed.  Unless ids may
 * repeat, each part has to get the ids of all.
 */
static MfStatus
step_split(M1LiveTask *task, MfWaitFor *wait, MfError *err)
{
	const MfRequest *req = task->request;
	M1__CollectionName name = m1_task_name(task);
	bool		keep = m1_on_duplicate(task->conn, req->scan->options) == M1_DUPLICATE_KEEP;
	M1LiveSegment *segments = NULL;
	M1SplitSegment *parts;
	int			n = 0;
	MfStatus	status = m1_flush_if_dirty(task->conn, &task->calls[0], task->collection, wait, err);

	if (status == MF_OK)
		status = m1_task_call(task, 1, &show_info, &name.base, wait, err);
	if (status == MF_OK)
		status = m1_info_parse(((M1__CollectionInfo *) task->calls[1].reply)->json_info, &task->arena, &segments, &n, err);
	if (status == MF_OK)
		status = m1_live_split_segments(segments, n, req->scan, &task->arena, &parts, &n, err);
	return status == MF_OK ?
		m1_split_make(parts, n, req->wanted, keep ? INT_MAX : MOST_SPLITS, &task->arena, &task->reply, err) : status;
}

/* -------------------------------------------------------------------- telling */

static MfStatus
step_flush(M1LiveTask *task, MfWaitFor *wait, MfError *err)
{
	M1__FlushParam request = M1__FLUSH_PARAM__INIT;
	char	   *names[] = {(char *) task->collection};
	MfStatus	status;

	request.n_collection_name_array = 1;
	request.collection_name_array = names;
	status = m1_task_call(task, 0, &flush, &request.base, wait, err);
	if (status == MF_OK)
		m1_dirty_forget(task->conn, task->collection);
	return status;
}

static MfStatus
step_preload(M1LiveTask *task, const MfMethod *method, MfWaitFor *wait, MfError *err)
{
	M1__PreloadCollectionParam request = M1__PRELOAD_COLLECTION_PARAM__INIT;

	request.collection_name = (char *) task->collection;
	return m1_task_call(task, 0, method, &request.base, wait, err);
}

/* ------------------------------------------------------------------ interface */

MfStatus
m1_live_request_begin(MfConn *conn, const MfRequest *req, M1LiveTask **out, MfError *err)
{
	M1LiveTask *task = mf_calloc(conn->mem, sizeof(M1LiveTask));

	*out = task;
	if (task == NULL)
		return mf_error_oom(err, sizeof(M1LiveTask));
	task->conn = conn;
	task->request = req;
	task->arena.mem = conn->mem;
	task->collection = req->collection;
	task->reply.progress = -1;
	task->reply.rows = -1;
	return MF_OK;
}

MfStatus
m1_live_request_step(M1LiveTask *task, MfWaitFor *wait, MfError *err)
{
	M1__CollectionName name = m1_task_name(task);

	*wait = (MfWaitFor) {.fd = -1,.timeout_ms = -1};
	switch (task->request->verb)
	{
		case MF_VERB_VERSION:
			return step_version(task, wait, err);
		case MF_VERB_LIST:
			return step_list(task, wait, err);
		case MF_VERB_DESCRIBE:
			return step_describe(task, wait, err);
		case MF_VERB_CREATE_COLLECTION:
			return m1_step_create(task, wait, err);
		case MF_VERB_DROP_COLLECTION:
			return m1_task_call(task, 0, &drop_collection, &name.base, wait, err);
		case MF_VERB_CREATE_INDEX:
			return m1_step_create_index(task, wait, err);
		case MF_VERB_DROP_INDEX:
			return m1_task_call(task, 0, &drop_index, &name.base, wait, err);
		case MF_VERB_LOAD:
			return step_preload(task, &preload, wait, err);
		case MF_VERB_RELEASE:
			return step_preload(task, &release, wait, err);
		case MF_VERB_FLUSH:
			return step_flush(task, wait, err);
		case MF_VERB_SPLIT:
			return step_split(task, wait, err);
		case MF_VERB_SEARCH:
			return m1_step_search(task, wait, err);
		default:
			return mf_error(err, MF_FEATURE_NOT_SUPPORTED, "a server of Milvus 1.x has no metadata to export: that is for a data directory");
	}
}

const MfReply *
m1_live_request_reply(M1LiveTask *task)
{
	return &task->reply;
}

void
m1_live_request_end(M1LiveTask *task)
{
	if (task == NULL)
		return;
	for (int i = 0; i < M1_SLOTS; i++)
		m1_call_end(task->conn, &task->calls[i]);
	mf_arena_free(&task->arena);
	mf_free(task->conn->mem, task);
}
