/*
 * describe.c - What does the server hold, and what is it?
 */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>

#include "internal.h"

static const MfMethod describe_collection =
M2_METHOD(DescribeCollection, describe_collection_response, true);
static const MfMethod describe_index =
M2_METHOD(DescribeIndex, describe_index_response, true);
static const MfMethod get_load_state =
M2_METHOD(GetLoadState, get_load_state_response, true);
static const MfMethod get_statistics =
M2_METHOD(GetCollectionStatistics, get_collection_statistics_response, true);
static const MfMethod show_collections =
M2_METHOD(ShowCollections, show_collections_response, true);
static const MfMethod get_version = M2_METHOD(GetVersion, get_version_response, true);

/* "v2.3.5-lite" is 2.3.5; what has no number is taken for newer than all we know. */
static int
parse_version(const char *text)
{
	int			a = 0;
	int			b = 0;
	int			c = 0;

	while (*text != '\0' && !isdigit((unsigned char) *text))
		text++;
	if (sscanf(text, "%4d.%4d.%4d", &a, &b, &c) < 2 || a < 2)
		return M2_VERSION(999, 0, 0);
	return M2_VERSION(a, b % 1000, c % 1000);
}

MfStatus
m2_need_version(MfTask *task, int slot, MfWaitFor *wait, MfError *err)
{
	MfConn	   *conn = task->conn;
	M2__Empty	request = M2__EMPTY__INIT;
	MfStatus	status;

	if (conn->version != 0)
		return MF_OK;
	status = m2_task_call(task, slot, &get_version, &request, wait, err);
	if (status == MF_OK)
	{
		const char *text = ((M2__GetVersionResponse *) task->calls[slot].reply)->version;

		if (text[0] == 'v')
			text++;
		snprintf(conn->version_text, sizeof(conn->version_text), "%s", text);
		conn->version = parse_version(text);
		m2_task_forget(task, slot);
	}
	return status;
}

MfStatus
m2_step_version(MfTask *task, MfWaitFor *wait, MfError *err)
{
	MfStatus	status = m2_need_version(task, 0, wait, err);

	if (status == MF_OK)
		task->reply.text = mf_arena_text(&task->arena, "Milvus %s", task->conn->version_text);
	return status;
}

MfStatus
m2_need_schema(MfTask *task, int slot, MfWaitFor *wait, MfError *err)
{
	M2__CollectionRequest request = m2_collection_request(task);
	const M2__DescribeCollectionResponse *reply;
	MfStatus	status;

	if (task->schema.types != NULL)
		return MF_OK;
	status = m2_task_call(task, slot, &describe_collection, &request, wait, err);
	if (status != MF_OK)
		return status;
	reply = (M2__DescribeCollectionResponse *) task->calls[slot].reply;
	if (reply->schema == NULL || reply->schema->n_fields == 0)
		return m2_error_reply(err, describe_collection.what, "no field is described");
	if (!m2_schema_build(&task->arena, reply, &task->schema) ||
		(task->whole && !m2_schema_details(&task->arena, reply, &task->schema)))
		return mf_error_oom(err, 0);
	m2_task_forget(task, slot);
	return MF_OK;
}

MfStatus
m2_need_load_state(MfTask *task, int slot, MfWaitFor *wait, MfError *err)
{
	M2__LoadStateRequest request = M2__LOAD_STATE_REQUEST__INIT;
	MfStatus	status;

	request.db_name = (char *) task->database;
	request.collection_name = (char *) task->collection;
	status = m2_task_call(task, slot, &get_load_state, &request, wait, err);
	if (status == MF_OK)
	{
		task->load_state = ((M2__GetLoadStateResponse *) task->calls[slot].reply)->state;
		m2_task_forget(task, slot);
	}
	return status;
}

bool
m2_is_denied(MfStatus status, const MfError *err)
{
	return status == MF_ERROR && strcmp(err->sqlstate, MF_INSUFFICIENT_PRIVILEGE) == 0;
}

MfStatus
m2_ask_load_state(MfTask *task, int slot, MfWaitFor *wait, MfError *err)
{
	MfStatus	status = m2_need_load_state(task, slot, wait, err);

	if (!m2_is_denied(status, err))
		return status;
	task->load_state = M2_STATE_HIDDEN;
	return MF_OK;
}

MfStatus
m2_step_prepare(MfTask *task, MfWaitFor *wait, MfError *err)
{
	MfError		other;
	MfStatus	schema = m2_need_schema(task, 0, wait, err);
	MfStatus	version;
	MfStatus	state = MF_OK;

	if (schema == MF_ERROR)
		return schema;
	version = m2_need_version(task, 1, wait, &other);
	if (version != MF_ERROR && task->load_state == 0)
		state = m2_ask_load_state(task, 2, wait, &other);
	if (schema == MF_WAIT)
		return schema;
	if (version == MF_ERROR || state == MF_ERROR)
	{
		*err = other;
		return MF_ERROR;
	}
	if (version == MF_WAIT || state == MF_WAIT)
		return MF_WAIT;
	m2_schema_limit(&task->arena, &task->schema, task->conn);
	return task->arena.failed ? mf_error_oom(err, 0) : MF_OK;
}

MfStatus
m2_step_list(MfTask *task, MfWaitFor *wait, MfError *err)
{
	M2__ShowCollectionsRequest request = M2__SHOW_COLLECTIONS_REQUEST__INIT;
	const M2__ShowCollectionsResponse *reply;
	MfStatus	status;

	request.db_name = (char *) task->database;
	status = m2_task_call(task, 0, &show_collections, &request, wait, err);
	if (status != MF_OK)
		return status;
	reply = (M2__ShowCollectionsResponse *) task->calls[0].reply;
	task->reply.collections = mf_arena_alloc(&task->arena, reply->n_collection_names * sizeof(MfCollection));
	if (task->arena.failed)
		return mf_error_oom(err, reply->n_collection_names * sizeof(MfCollection));
	for (size_t i = 0; i < reply->n_collection_names; i++)
	{
		task->reply.collections[i].name = reply->collection_names[i];
		task->reply.collections[i].rows = -1;
	}
	task->reply.ncollections = (int) reply->n_collection_names;
	return MF_OK;
}

static const char *
pair(M2__Pair **pairs, size_t n, const char *key)
{
	for (size_t i = 0; i < n; i++)
	{
		if (strcmp(pairs[i]->key, key) == 0)
			return pairs[i]->value;
	}
	return NULL;
}

static void
note_indexes(MfTask *task, const M2__DescribeIndexResponse *reply)
{
	for (size_t i = 0; i < reply->n_index_descriptions; i++)
	{
		const M2__IndexDescription *index = reply->index_descriptions[i];
		int			n = m2_field_index(&task->schema.collection, index->field_name);

		if (n >= 0)
		{
			MfField    *field = &task->schema.collection.fields[n];
			const char *type = pair(index->params, index->n_params, "index_type");
			const char *metric = pair(index->params, index->n_params, "metric_type");

			field->index = type != NULL ? mf_arena_text(&task->arena, "%s", type) : NULL;
			field->metric = metric != NULL ? mf_arena_text(&task->arena, "%s", metric) : NULL;
		}
	}
}

/* A collection without an index is one of Milvus's errors. */
static MfStatus
ask_indexes(MfTask *task, int slot, MfWaitFor *wait, MfError *err)
{
	M2__IndexRequest request = M2__INDEX_REQUEST__INIT;
	MfStatus	status;

	request.db_name = (char *) task->database;
	request.collection_name = (char *) task->collection;
	status = m2_task_call(task, slot, &describe_index, &request, wait, err);
	if (m2_is_denied(status, err) || (status == MF_ERROR && strcmp(err->sqlstate, MF_OBJECT_NOT_IN_STATE) == 0))
		return MF_OK;
	return status;
}

/* A table may have a column for the partition; that is no field, so only a table is told of it. */
static bool
add_pseudo(MfTask *task)
{
	MfCollection *c = &task->schema.collection;
	MfField    *fields = mf_arena_alloc(&task->arena, sizeof(MfField) * (size_t) (c->nfields + 1));
	int32_t    *types = mf_arena_alloc(&task->arena, sizeof(int32_t) * (size_t) (c->nfields + 1));

	if (task->table == NULL || fields == NULL || types == NULL)
		return task->table == NULL;
	memcpy(fields, c->fields, sizeof(MfField) * (size_t) c->nfields);
	memcpy(types, task->schema.types, sizeof(int32_t) * (size_t) c->nfields);
	fields[c->nfields] = (MfField)
	{
		.name = M2_PARTITION,.native = "partition",.kind = MF_KIND_TEXT,.max_bytes = M2_MAX_NAME,
		.nullable = true,.pseudo = true,
	};
	types[c->nfields++] = M2_VARCHAR;
	c->fields = fields;
	task->schema.types = types;
	return true;
}

static MfStatus
ask_statistics(MfTask *task, int slot, MfWaitFor *wait, MfError *err)
{
	M2__CollectionRequest request = m2_collection_request(task);
	MfStatus	status = m2_task_call(task, slot, &get_statistics, &request, wait, err);

	return m2_is_denied(status, err) ? MF_OK : status;
}

static MfStatus
ask_version(MfTask *task, int slot, MfWaitFor *wait, MfError *err)
{
	MfStatus	status = m2_need_version(task, slot, wait, err);

	return m2_is_denied(status, err) ? MF_OK : status;
}

static void
note_rows(MfCollection *c, const M2__GetCollectionStatisticsResponse *reply)
{
	const char *rows = reply == NULL ? NULL : pair(reply->stats, reply->n_stats, "row_count");

	c->rows = rows != NULL ? strtoll(rows, NULL, 10) : -1;
}

/*
 * Questions side by side; the collection's own error is the one to tell.
 * What the user may not ask besides remains unknown: a user who may only insert
 * has to be able to.
 */
MfStatus
m2_step_describe(MfTask *task, MfWaitFor *wait, MfError *err)
{
	static MfStatus (*const ask[]) (MfTask *, int, MfWaitFor *, MfError *) =
	{NULL, ask_indexes, m2_ask_load_state, ask_statistics, ask_version};
	MfCollection *c = &task->schema.collection;
	MfStatus	schema = m2_need_schema(task, 0, wait, err);
	MfError		other;
	bool		failed = false;
	bool		waiting = false;

	if (schema == MF_ERROR)
		return schema;
	mf_error_reset(&other);
	for (int slot = 1; slot < 5; slot++)
	{
		MfError		mine;
		MfStatus	status;

		if (task->phase & 1 << slot)
			continue;
		mf_error_reset(&mine);
		status = ask[slot] (task, slot, wait, &mine);
		if (status == MF_OK)
			task->phase |= 1 << slot;
		if (status == MF_ERROR)
			other = mine;
		failed |= status == MF_ERROR;
		waiting |= status == MF_WAIT;
	}
	if (failed && schema != MF_WAIT)
	{
		*err = other;
		return MF_ERROR;
	}
	if (waiting || schema == MF_WAIT)
		return MF_WAIT;

	m2_schema_limit(&task->arena, &task->schema, task->conn);
	if (task->calls[1].reply != NULL)
		note_indexes(task, (M2__DescribeIndexResponse *) task->calls[1].reply);
	c->state = task->load_state == M2_STATE_LOADED ? "loaded" :
		task->load_state == M2_STATE_LOADING ? "loading" :
		task->load_state == M2_STATE_HIDDEN ? NULL : "not loaded";
	note_rows(c, (M2__GetCollectionStatisticsResponse *) task->calls[3].reply);
	if (!add_pseudo(task))
		return mf_error_oom(err, 0);
	task->reply.collections = c;
	task->reply.ncollections = 1;
	return MF_OK;
}
