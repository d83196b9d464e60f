/*
 * detail.c - What must a new collection be told to be like this one?
 *
 * Beyond names and types: defaults, keys, indexes with all their parameters,
 * settings, partitions.  All of it can stand in options of a foreign table.
 */
#include <stdio.h>

#include "internal.h"

static const MfMethod show_partitions = M2_METHOD(ShowPartitions, show_partitions_response, true);

#define SLOT_INDEXES 1			/* where m2_step_describe has it */
#define SLOT_PARTITIONS 6

static const char *const levels[] = {"strong", "session", "bounded", "eventually"};

#define NLEVELS ((int32_t) (sizeof(levels) / sizeof(levels[0])))

const char *
m2_consistency_name(int32_t level)
{
	return level >= 0 && level < NLEVELS ? levels[level] : NULL;
}

int32_t
m2_consistency_level(const char *name)
{
	for (int32_t i = 0; i < NLEVELS; i++)
	{
		if (strcmp(levels[i], name) == 0)
			return i;
	}
	return -1;
}

/* Those pairs whose key is none of `known` (NULL at the end), or NULL if there is none. */
static const MfOptions *
keep_pairs(MfArena *arena, size_t n, M2__Pair *const *pairs, const char *const *known)
{
	MfOptions  *options = mf_arena_alloc(arena, sizeof(MfOptions));
	MfOption   *items = mf_arena_alloc(arena, sizeof(MfOption) * (n > 0 ? n : 1));

	if (arena->failed)
		return NULL;
	for (size_t i = 0; i < n; i++)
	{
		bool		is_known = false;

		for (const char *const *k = known; *k != NULL; k++)
			is_known |= strcmp(*k, pairs[i]->key) == 0;
		if (is_known)
			continue;
		items[options->n].name = mf_arena_text(arena, "%s", pairs[i]->key);
		items[options->n++].value = mf_arena_text(arena, "%s", pairs[i]->value);
	}
	options->items = items;
	return options->n > 0 ? options : NULL;
}

static const char *
value_text(MfArena *arena, const M2__Value *value)
{
	switch (value->data_case)
	{
		case M2__VALUE__DATA_BOOL_DATA:
			return value->bool_data ? "true" : "false";
		case M2__VALUE__DATA_INT_DATA:
			return mf_arena_text(arena, "%d", value->int_data);
		case M2__VALUE__DATA_LONG_DATA:
			return mf_arena_text(arena, "%lld", (long long) value->long_data);
		case M2__VALUE__DATA_FLOAT_DATA:
			return mf_arena_text(arena, "%.9g", value->float_data);
		case M2__VALUE__DATA_DOUBLE_DATA:
			return mf_arena_text(arena, "%.17g", value->double_data);
		case M2__VALUE__DATA_STRING_DATA:
			return mf_arena_text(arena, "%s", value->string_data);
		case M2__VALUE__DATA_BYTES_DATA:
			return mf_arena_text(arena, "%.*s", (int) value->bytes_data.len, (const char *) value->bytes_data.data);
		case M2__VALUE__DATA_TIMESTAMPTZ_DATA:
			return mf_arena_text(arena, "%lld", (long long) value->timestamptz_data);
		default:
			return NULL;
	}
}

/* Does the SQL type that a column gets leave no choice of a Milvus type? */
static bool
is_plain(int32_t type)
{
	switch (type)
	{
		case M2_BOOL:
		case M2_INT16:
		case M2_INT32:
		case M2_INT64:
		case M2_FLOAT:
		case M2_DOUBLE:
		case M2_VARCHAR:
		case M2_JSON:
		case M2_FLOAT_VECTOR:
		case M2_BINARY_VECTOR:
			return true;
		default:
			return false;
	}
}

static void
add_details(MfArena *arena, const M2__FieldSchema *from, MfField *to)
{
	static const char *const known[] = {"dim", "max_length", "max_capacity", NULL};
	const char *elem = m2_type_name(from->element_type);

	if (from->data_type == M2_ARRAY)
		to->data_type = elem != NULL ? mf_arena_text(arena, "Array of %s", elem) : NULL;
	else if (!is_plain(from->data_type))
		to->data_type = m2_type_name(from->data_type);
	if (from->default_value != NULL)
		to->default_value = value_text(arena, from->default_value);
	to->clustering_key = from->is_clustering_key;
	to->properties = keep_pairs(arena, from->n_type_params, from->type_params, known);
}

bool
m2_schema_details(MfArena *arena, const M2__DescribeCollectionResponse *reply, M2Schema *schema)
{
	static const char *const none[] = {NULL};
	MfCollection *c = &schema->collection;
	bool		by_key = false;

	for (size_t i = 0; i < reply->schema->n_fields; i++)
	{
		const M2__FieldSchema *from = reply->schema->fields[i];
		int			n = m2_field_index(c, from->name);

		if (n >= 0)
			add_details(arena, from, &c->fields[n]);
		by_key |= from->is_partition_key;
	}
	c->shards = reply->shards_num;
	c->num_partitions = by_key ? reply->num_partitions : 0;
	c->consistency_level = m2_consistency_name(reply->consistency_level);
	c->properties = keep_pairs(arena, reply->n_properties, reply->properties, none);
	return !arena->failed;
}

/* A field may have several indexes (on paths of JSON): the first is told. */
static void
note_index(MfArena *arena, const M2__IndexDescription *index, MfField *field)
{
	static const char *const known[] = {"index_type", "metric_type", "params", NULL};

	if (field->nindexes++ > 0)
		return;
	field->index_name = mf_arena_text(arena, "%s", index->index_name);
	for (size_t i = 0; i < index->n_params; i++)
	{
		const char *value = index->params[i]->value;

		if (strcmp(index->params[i]->key, "params") == 0 && value[0] != '\0')
			field->index_params = mf_arena_text(arena, "%s", value);
	}
	field->index_settings = keep_pairs(arena, index->n_params, index->params, known);
}

/* The first partition is there by itself; where a key chooses, all are. */
static void
note_partitions(MfTask *task, const M2__ShowPartitionsResponse *reply)
{
	MfCollection *c = &task->schema.collection;
	const char **names = mf_arena_alloc(&task->arena, sizeof(char *) * (reply->n_partition_names + 1));

	if (names == NULL)
		return;
	for (size_t i = 0; i < reply->n_partition_names; i++)
	{
		if (strcmp(reply->partition_names[i], M2_FIRST_PARTITION) != 0)
			names[c->npartitions++] = mf_arena_text(&task->arena, "%s", reply->partition_names[i]);
	}
	c->partitions = names;
}

static MfStatus
need_partitions(MfTask *task, MfWaitFor *wait, MfError *err)
{
	M2__CollectionRequest request = m2_collection_request(task);
	MfStatus	status;

	if (task->schema.collection.partitions != NULL || task->schema.collection.num_partitions > 0)
		return MF_OK;
	status = m2_task_call(task, SLOT_PARTITIONS, &show_partitions, &request, wait, err);
	if (status == MF_OK)
		note_partitions(task, (M2__ShowPartitionsResponse *) task->calls[SLOT_PARTITIONS].reply);
	if (status == MF_ERROR && strcmp(err->sqlstate, MF_INSUFFICIENT_PRIVILEGE) == 0)
		return MF_OK;			/* the user may not see them */
	return status;
}

MfStatus
m2_step_describe_whole(MfTask *task, MfWaitFor *wait, MfError *err)
{
	MfCollection *c = &task->schema.collection;
	const M2__DescribeIndexResponse *indexes;
	MfStatus	status = m2_step_describe(task, wait, err);

	if (status == MF_OK && task->whole)
		status = need_partitions(task, wait, err);
	if (status != MF_OK || !task->whole || task->calls[SLOT_INDEXES].reply == NULL)
		return status;
	indexes = (M2__DescribeIndexResponse *) task->calls[SLOT_INDEXES].reply;
	for (size_t i = 0; i < indexes->n_index_descriptions; i++)
	{
		int			n = m2_field_index(c, indexes->index_descriptions[i]->field_name);

		if (n >= 0)
			note_index(&task->arena, indexes->index_descriptions[i], &c->fields[n]);
	}
	return MF_OK;
}

bool
m2_data_type(const char *name, MfField *field)
{
	static const char array[] = "Array of ";
	bool		is_array = strncmp(name, array, sizeof(array) - 1) == 0;
	const char *one = is_array ? name + sizeof(array) - 1 : name;

	if (strcmp(name, M2_DYNAMIC_TYPE) == 0)
	{
		field->kind = MF_KIND_JSON;
		field->dynamic = true;
		return true;
	}
	for (int32_t type = M2_BOOL; type <= M2_ARRAY_OF_STRUCT; type++)
	{
		MfKind		kind = m2_type_kind(type);

		if (kind == MF_KIND_NONE || m2_type_name(type) == NULL || strcmp(m2_type_name(type), one) != 0)
			continue;
		if (type == M2_ARRAY || type == M2_ARRAY_OF_STRUCT || (is_array && (m2_type_is_vector(type) || type == M2_JSON)))
			return false;
		field->kind = is_array ? MF_KIND_LIST : kind;
		field->elem = is_array ? kind : MF_KIND_NONE;
		field->remote_type = is_array ? M2_ARRAY : type;
		field->data_type = name;
		return true;
	}
	return false;
}
