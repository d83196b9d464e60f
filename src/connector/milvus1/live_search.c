/*
 * live_search.c - Which rows of a Milvus 1.x server are nearest to a vector?
 *
 * What this session wrote is flushed first; metric and index are asked, so that
 * what does not fit is told in words and what the index needs is not forgotten.
 */
#include "live_task.h"
#include "mf_hits.h"

static const MfMethod describe_collection = M1_METHOD(DescribeCollection, collection_schema, true);
static const MfMethod describe_index = M1_METHOD(DescribeIndex, index_param, true);
static const MfMethod search = M1_METHOD(Search, top_kquery_result, true);

#define SLOT_FLUSH 0
#define SLOT_SCHEMA 1
#define SLOT_INDEX 2
#define SLOT_SEARCH 3

static MfStatus
check(const M1LiveTask *task, const M1__CollectionSchema *schema, MfError *err)
{
	const MfSearch *s = task->request->search;
	const char *field = task->request->field;
	bool		binary = m1_metric_is_binary(schema->metric_type);
	const char *metric = m1_metric_name(schema->metric_type);

	if (field != NULL && strcmp(field, M1_FIELD_VECTOR) != 0)
	{
		mf_error(err, MF_FDW_COLUMN_NAME_NOT_FOUND, "collection \"%s\" has no vector field \"%s\"", task->collection, field);
		mf_error_hint(err, "The one of Milvus 1.x is called vector.");
		return MF_ERROR;
	}
	if (s->filter != NULL)
		return mf_error(err, MF_FEATURE_NOT_SUPPORTED, "Milvus 1.x has no filters in a search");
	if (s->metric != NULL && m1_metric_of(s->metric) != schema->metric_type)
	{
		mf_error(err, MF_INVALID_PARAMETER_VALUE, "collection \"%s\" compares by %s, not by %s", task->collection,
				 metric != NULL ? metric : "an unknown metric", s->metric);
		mf_error_hint(err, "Milvus 1.x fixes the metric when a collection is created: leave metric_type out.");
		return MF_ERROR;
	}
	if (s->queries->kind != (binary ? MF_KIND_VEC_BIT : MF_KIND_VEC_F32) || s->queries->dim != schema->dimension)
	{
		mf_error(err, MF_DATATYPE_MISMATCH, "the query vectors do not fit collection \"%s\"", task->collection);
		mf_error_detail(err, "Its vectors are %s of %lld dimensions.", binary ? "binary ones" : "floats", (long long) schema->dimension);
		return MF_ERROR;
	}
	return MF_OK;
}

/* Tags are regular expressions to the server (its DBImpl::GetPartitionsByTags). */
static char *
exact_tag(MfArena *arena, const char *tag)
{
	char	   *text = mf_arena_alloc(arena, 2 * strlen(tag) + 1);
	char	   *to = text;

	for (; text != NULL && *tag != '\0'; tag++)
	{
		if (strchr("^$\\.*+?()[]{}|/", *tag) != NULL)
			*to++ = '\\';
		*to++ = *tag;
	}
	return text;
}

static MfStatus
put_partitions(M1LiveTask *task, MfError *err)
{
	const MfRequest *req = task->request;
	const char *only = mf_option(req->options, "partition");
	int			n = req->nnames > 0 ? req->nnames : only != NULL;

	for (int i = 0; i < req->nnames; i++)
	{
		if (only != NULL && strcmp(only, req->names[i]) != 0)
			return mf_error(err, MF_INVALID_PARAMETER_VALUE, "the table holds partition \"%s\" only, not \"%s\"", only, req->names[i]);
	}
	task->search->partition_tag_array = mf_arena_alloc(&task->arena, sizeof(char *) * (size_t) (n + 1));
	for (int i = 0; task->search->partition_tag_array != NULL && i < n; i++)
		task->search->partition_tag_array[i] = exact_tag(&task->arena, req->nnames > 0 ? req->names[i] : only);
	task->search->n_partition_tag_array = (size_t) n;
	return task->arena.failed ? mf_error_oom(err, sizeof(char *) * (size_t) n) : MF_OK;
}

/* What the user gave, or what the index needs. */
static char *
params_text(M1LiveTask *task)
{
	const MfSearch *s = task->request->search;
	const M1__IndexParam *index = (M1__IndexParam *) task->calls[SLOT_INDEX].reply;
	char		buf[64];

	m1_search_params(index->index_type, s->k, buf, sizeof(buf));
	return mf_arena_strdup(&task->arena, s->params != NULL ? s->params : buf);
}

static MfStatus
make_request(M1LiveTask *task, MfError *err)
{
	const MfSearch *s = task->request->search;
	M1__SearchParam *request = mf_arena_alloc(&task->arena, sizeof(M1__SearchParam));
	M1__RowRecord *records = mf_arena_alloc(&task->arena, sizeof(M1__RowRecord) * (size_t) s->nqueries);
	M1__RowRecord **list = mf_arena_alloc(&task->arena, sizeof(M1__RowRecord *) * (size_t) s->nqueries);
	M1__KeyValuePair *pair = mf_arena_alloc(&task->arena, sizeof(M1__KeyValuePair));
	M1__KeyValuePair **pairs = mf_arena_alloc(&task->arena, sizeof(M1__KeyValuePair *));

	if (task->arena.failed)
		return mf_error_oom(err, sizeof(M1__RowRecord) * (size_t) s->nqueries);
	m1__search_param__init(request);
	m1__key_value_pair__init(pair);
	for (int32_t i = 0; i < s->nqueries; i++)
	{
		m1__row_record__init(&records[i]);
		list[i] = &records[i];
		if (s->queries->kind == MF_KIND_VEC_BIT)
			records[i].binary_data = (ProtobufCBinaryData) {s->queries->width, mf_fixed_at(s->queries, i)};
		else
		{
			records[i].n_float_data = (size_t) s->queries->dim;
			records[i].float_data = mf_fixed_at(s->queries, i);
		}
	}
	pair->key = "params";
	pair->value = params_text(task);
	pairs[0] = pair;
	request->collection_name = (char *) task->collection;
	request->query_record_array = list;
	request->n_query_record_array = (size_t) s->nqueries;
	request->topk = s->k;
	request->extra_params = pairs;
	request->n_extra_params = 1;
	task->search = request;
	return put_partitions(task, err);
}

static MfStatus
take_hits(M1LiveTask *task, MfError *err)
{
	const M1__TopKQueryResult *reply = (M1__TopKQueryResult *) task->calls[SLOT_SEARCH].reply;
	size_t		n = (size_t) task->request->search->nqueries;
	size_t		each = reply->n_ids / n;

	/* an empty collection answers nothing at all */
	if (reply->n_ids != reply->n_distances || reply->n_ids != each * n || each > (size_t) task->request->search->k)
	{
		mf_error(err, MF_FDW_REPLY_HANDLE, "the answer to Milvus 1.x Search cannot be used");
		mf_error_detail(err, "%zu queries have %zu ids and %zu distances.", n, reply->n_ids, reply->n_distances);
		return MF_ERROR;
	}
	if (!mf_hits_begin(&task->reply, &task->arena, reply->n_ids))
		return mf_error_oom(err, sizeof(char *) * 3 * reply->n_ids);
	for (size_t i = 0; i < reply->n_ids; i++)
	{
		if (reply->ids[i] != -1)
			mf_hits_add_id(&task->reply, &task->arena, (int64_t) (i / each) + 1, reply->ids[i], reply->distances[i]);
	}
	return task->arena.failed ? mf_error_oom(err, 24 * reply->n_ids) : MF_OK;
}

MfStatus
m1_step_search(M1LiveTask *task, MfWaitFor *wait, MfError *err)
{
	M1__CollectionName name = m1_task_name(task);
	MfStatus	status = m1_flush_if_dirty(task->conn, &task->calls[SLOT_FLUSH], task->collection, wait, err);

	if (status == MF_OK)
		status = m1_task_call(task, SLOT_SCHEMA, &describe_collection, &name.base, wait, err);
	if (status == MF_OK)
		status = check(task, (M1__CollectionSchema *) task->calls[SLOT_SCHEMA].reply, err);
	if (status == MF_OK)
		status = m1_task_call(task, SLOT_INDEX, &describe_index, &name.base, wait, err);
	if (status == MF_OK && task->search == NULL)
		status = make_request(task, err);
	if (status == MF_OK)
		status = m1_task_call(task, SLOT_SEARCH, &search, &task->search->base, wait, err);
	return status == MF_OK ? take_hits(task, err) : status;
}
