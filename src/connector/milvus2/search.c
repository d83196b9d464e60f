/*
 * search.c - Which rows are nearest to a vector?
 *
 * Of the table's partition and filter, and as fresh as a SELECT of this session
 * would see them.
 */
#include "internal.h"
#include "mf_hits.h"

static const MfMethod search = M2_METHOD(Search, search_results, true);

#define SLOT_INDEX 3			/* m2_step_prepare has those before */
#define SLOT_SEARCH 4

#define BOOLEAN_EXPRESSION 1	/* DslType */

enum
{
	PHASE_PREPARE,
	PHASE_LOAD,
	PHASE_INDEX,
	PHASE_SEARCH
};

/* --------------------------------------------------------------- preparation */

/* PlaceholderType, which is the vector field's own number. */
static int32_t
placeholder_type(MfKind kind)
{
	switch (kind)
	{
		case MF_KIND_VEC_BIT:
			return M2_BINARY_VECTOR;
		case MF_KIND_VEC_F32:
			return M2_FLOAT_VECTOR;
		case MF_KIND_VEC_F16:
			return M2_FLOAT16_VECTOR;
		case MF_KIND_VEC_BF16:
			return M2_BFLOAT16_VECTOR;
		case MF_KIND_SPARSE:
			return M2_SPARSE_VECTOR;
		default:
			return M2_INT8_VECTOR;
	}
}

static MfStatus
check(const MfTask *task, MfError *err)
{
	const MfCollection *c = &task->schema.collection;
	const MfColumn *queries = task->search->queries;
	int			n = task->field != NULL ? m2_field_index(c, task->field) : -1;
	const char *why;

	if (n < 0 || !m2_type_is_vector(task->schema.types[n]))
		return mf_error(err, MF_FDW_COLUMN_NAME_NOT_FOUND, "collection \"%s\" has no vector field \"%s\"",
						task->collection, task->field != NULL ? task->field : "");
	if (queries->kind != c->fields[n].kind || (queries->kind != MF_KIND_SPARSE && queries->dim != c->fields[n].dim))
	{
		mf_error(err, MF_DATATYPE_MISMATCH, "the query vectors do not fit field \"%s\" of collection \"%s\"",
				 task->field, task->collection);
		mf_error_detail(err, "It is of type %s.", c->fields[n].native);
		return MF_ERROR;
	}
	if (task->search->filter != NULL && !m2_table_filter_check(task->search->filter, &why))
	{
		mf_error(err, MF_INVALID_PARAMETER_VALUE, "the filter is not a whole expression");
		mf_error_detail(err, "%s", why);
		return MF_ERROR;
	}
	return MF_OK;
}

static MfStatus
start_load(MfTask *task, MfError *err)
{
	const char *text = m2_setting(task->table, &task->conn->options, "auto_load");
	MfOption	option = {"auto_load", text};
	MfOptions	one = {1, &option};

	if (task->load_state == M2_STATE_LOADED || task->load_state == M2_STATE_HIDDEN)
		return MF_OK;
	if (text == NULL || !mf_option_bool(&one, "auto_load", false))
		return m2_error_not_loaded(&task->where, task->load_state, err);
	task->load = m2_task_new(task->conn, task->mem, task->database, task->collection, m2_step_load);
	return task->load != NULL ? MF_OK : mf_error_oom(err, sizeof(MfTask));
}

/* ------------------------------------------------------------------ the request */

static MfStatus
pack_queries(MfTask *task, MfError *err)
{
	const MfColumn *queries = task->search->queries;
	size_t		n = (size_t) task->search->nqueries;
	M2__PlaceholderValue value = M2__PLACEHOLDER_VALUE__INIT;
	M2__PlaceholderGroup group = M2__PLACEHOLDER_GROUP__INIT;
	M2__PlaceholderValue *list[1] = {&value};

	value.tag = "$0";
	value.type = placeholder_type(queries->kind);
	value.values = mf_arena_alloc(&task->arena, sizeof(ProtobufCBinaryData) * n);
	if (value.values == NULL)
		return mf_error_oom(err, sizeof(ProtobufCBinaryData) * n);
	for (size_t i = 0; i < n; i++)
	{
		size_t		len = queries->width;
		void	   *bytes = queries->kind == MF_KIND_SPARSE ? (void *) mf_varying_at(queries, (int32_t) i, &len) :
			mf_fixed_at(queries, (int32_t) i);

		value.values[i] = (ProtobufCBinaryData) {len, bytes};
	}
	value.n_values = n;
	group.placeholders = list;
	group.n_placeholders = 1;
	task->placeholders = mf_message_pack(&group.base, &task->placeholders_len);
	return task->placeholders != NULL ? MF_OK : mf_error_oom(err, task->placeholders_len);
}

/* The conditions of the table and of the caller. */
static MfStatus
put_filter(MfTask *task, M2__SearchRequest *request, MfError *err)
{
	MfJsonBuf	expr = {.mem = task->mem};

	m2_table_filter(&expr, task->table);
	if (task->search->filter != NULL)
	{
		mf_json_buf_add(&expr, expr.len > 0 ? " and (" : "(");
		mf_json_buf_add(&expr, task->search->filter);
		mf_json_buf_add(&expr, ")");
	}
	request->dsl = mf_arena_strndup(&task->arena, expr.data != NULL ? expr.data : "", expr.len);
	mf_free(task->mem, expr.data);
	return expr.failed || request->dsl == NULL ? mf_error_oom(err, expr.len) : MF_OK;
}

static MfStatus
put_partitions(MfTask *task, M2__SearchRequest *request, MfError *err)
{
	const char *only = mf_option(task->table, "partition");
	const char **one = mf_arena_alloc(&task->arena, sizeof(char *));

	for (int i = 0; i < task->nnames; i++)
	{
		if (only != NULL && strcmp(only, task->names[i]) != 0)
			return mf_error(err, MF_INVALID_PARAMETER_VALUE, "the table holds partition \"%s\" only, not \"%s\"", only, task->names[i]);
	}
	if (one == NULL)
		return mf_error_oom(err, sizeof(char *));
	*one = only;
	request->partition_names = (char **) (task->nnames > 0 ? task->names : one);
	request->n_partition_names = (size_t) (task->nnames > 0 ? task->nnames : only != NULL);
	return MF_OK;
}

static const char *
metric_of(const MfTask *task)
{
	const M2__DescribeIndexResponse *reply = (M2__DescribeIndexResponse *) task->calls[SLOT_INDEX].reply;

	if (task->search->metric != NULL)
		return task->search->metric;
	for (size_t i = 0; reply != NULL && i < reply->n_index_descriptions; i++)
	{
		const M2__IndexDescription *index = reply->index_descriptions[i];

		for (size_t p = 0; strcmp(index->field_name, task->field) == 0 && p < index->n_params; p++)
		{
			if (strcmp(index->params[p]->key, "metric_type") == 0)
				return index->params[p]->value;
		}
	}
	return NULL;
}

static void
put_params(MfTask *task, M2__Pair *pairs, M2__Pair **list, M2__SearchRequest *request)
{
	const MfSearch *s = task->search;
	const char *metric = metric_of(task);
	const MfOption values[] = {
		{"anns_field", task->field}, {"topk", mf_arena_text(&task->arena, "%d", (int) s->k)},
		{"params", s->params != NULL ? s->params : "{}"}, {"round_decimal", "-1"}, {"metric_type", metric},
	};
	int			n = metric != NULL ? 5 : 4;

	for (int i = 0; i < n; i++)
	{
		pairs[i] = (M2__Pair) M2__PAIR__INIT;
		pairs[i].key = (char *) values[i].name;
		pairs[i].value = (char *) values[i].value;
		list[i] = &pairs[i];
	}
	request->search_params = list;
	request->n_search_params = (size_t) n;
}

static MfStatus
send(MfTask *task, MfWaitFor *wait, MfError *err)
{
	M2__SearchRequest request = M2__SEARCH_REQUEST__INIT;
	M2__Pair	pairs[5];
	M2__Pair   *list[5];
	bool		later;
	uint64_t	mark = m2_mark_get(task->conn, task->database, task->schema.collection.name, &later);
	int32_t		level = m2_consistency_of(task->table, &task->conn->options);
	MfStatus	status = MF_OK;

	/* once it is on its way nothing of this is looked at */
	if (task->calls[SLOT_SEARCH].call == NULL)
	{
		if (task->placeholders == NULL)
			status = pack_queries(task, err);
		if (status == MF_OK)
			status = put_filter(task, &request, err);
		if (status == MF_OK)
			status = put_partitions(task, &request, err);
		if (status != MF_OK)
			return status;
		put_params(task, pairs, list, &request);
		request.db_name = (char *) task->database;
		request.collection_name = (char *) task->collection;
		request.placeholder_group = (ProtobufCBinaryData) {task->placeholders_len, task->placeholders};
		request.dsl_type = BOOLEAN_EXPRESSION;
		request.nq = task->search->nqueries;
		request.guarantee_timestamp = m2_guarantee(level, mark, &later);
		request.consistency_level = level;
		if (later)
		{
			request.guarantee_timestamp = 0;
			request.consistency_level = M2_STRONG;
		}
	}
	status = m2_task_call(task, SLOT_SEARCH, &search, &request, wait, err);
	if (status == MF_ERROR)
		m2_table_filter_error(task->table, err);
	return status;
}

/* -------------------------------------------------------------------- the answer */

static MfStatus
take_hits(MfTask *task, MfError *err)
{
	const M2__SearchResults *reply = (M2__SearchResults *) task->calls[SLOT_SEARCH].reply;
	const M2__SearchResultData *data = reply->results;
	bool		text = data != NULL && data->ids != NULL && data->ids->id_field_case == M2__IDS__ID_FIELD_STR_ID;
	size_t		n = data == NULL || data->ids == NULL ? 0 : text ? data->ids->str_id->n_data :
		data->ids->id_field_case == M2__IDS__ID_FIELD_INT_ID ? data->ids->int_id->n_data : 0;
	size_t		at = 0;

	if (!mf_hits_begin(&task->reply, &task->arena, n))
		return mf_error_oom(err, sizeof(char *) * 3 * n);
	if (n > 0 && (data->n_scores != n || data->n_topks > (size_t) task->search->nqueries))
		return m2_error_reply(err, search.what, "%zu keys have %zu scores", n, data->n_scores);
	for (size_t query = 0; n > 0 && query < data->n_topks; query++)
	{
		if (data->topks[query] < 0 || (uint64_t) data->topks[query] > n - at)
			return m2_error_reply(err, search.what, "the keys are fewer than their numbers say");
		for (int64_t i = 0; i < data->topks[query]; i++, at++)
		{
			if (text)
				mf_hits_add(&task->reply, &task->arena, (int64_t) query + 1, (const char *) data->ids->str_id->data[at].data,
							data->ids->str_id->data[at].len, data->scores[at]);
			else
				mf_hits_add_id(&task->reply, &task->arena, (int64_t) query + 1, data->ids->int_id->data[at], data->scores[at]);
		}
	}
	return task->arena.failed ? mf_error_oom(err, 24 * n) : MF_OK;
}

MfStatus
m2_step_search(MfTask *task, MfWaitFor *wait, MfError *err)
{
	const M2__IndexDescription *index;
	MfStatus	status = MF_OK;

	if (task->phase == PHASE_PREPARE)
	{
		status = m2_step_prepare(task, wait, err);
		if (status == MF_OK)
			status = check(task, err);
		if (status == MF_OK)
			status = start_load(task, err);
		if (status != MF_OK)
			return status;
		task->phase = PHASE_LOAD;
	}
	if (task->phase == PHASE_LOAD)
	{
		status = task->load != NULL ? m2_request_step(task->load, wait, err) : MF_OK;
		if (status != MF_OK)
			return status;
		task->phase = PHASE_INDEX;
	}
	if (task->phase == PHASE_INDEX)
	{
		/* who may not ask for the metric need not name it */
		status = task->search->metric != NULL ? MF_OK : m2_describe_index(task, SLOT_INDEX, wait, err, &index);
		if (status != MF_OK && !m2_is_denied(status, err))
			return status;
		task->phase = PHASE_SEARCH;
	}
	status = send(task, wait, err);
	return status == MF_OK ? take_hits(task, err) : status;
}
