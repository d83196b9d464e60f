/*
 * create_schema.c - Which message describes a new collection?
 */
#include <stdlib.h>

#include "internal.h"

static M2__Pair *
new_pair(MfArena *arena, const char *key, const char *value)
{
	M2__Pair   *pair = mf_arena_alloc(arena, sizeof(M2__Pair));

	if (pair == NULL)
		return NULL;
	m2__pair__init(pair);
	pair->key = (char *) key;
	pair->value = (char *) value;
	return pair;
}

static void
add_number(MfArena *arena, M2__FieldSchema *to, const char *key, int64_t value)
{
	if (value > 0)
		to->type_params[to->n_type_params++] = new_pair(arena, key, mf_arena_text(arena, "%lld", (long long) value));
}

static bool
add_params(MfArena *arena, const MfField *field, const M2FieldType *type, M2__FieldSchema *to)
{
	int			more = field->properties != NULL ? field->properties->n : 0;

	to->type_params = mf_arena_alloc(arena, sizeof(void *) * (size_t) (3 + more));
	if (to->type_params == NULL)
		return false;
	add_number(arena, to, "max_length", type->max_length);
	add_number(arena, to, "max_capacity", type->max_capacity);
	add_number(arena, to, "dim", type->dim);
	for (int i = 0; i < more; i++)
		to->type_params[to->n_type_params++] =
			new_pair(arena, field->properties->items[i].name, field->properties->items[i].value);
	return !arena->failed;
}

/* The text was checked by the field's type when it was made a text. */
static bool
add_default(MfArena *arena, const MfField *field, M2Type type, M2__FieldSchema *to)
{
	const char *text = field->default_value;
	M2__Value  *value = mf_arena_alloc(arena, sizeof(M2__Value));

	if (value == NULL)
		return false;
	m2__value__init(value);
	to->default_value = value;
	switch (type)
	{
		case M2_BOOL:
			value->data_case = M2__VALUE__DATA_BOOL_DATA;
			value->bool_data = text[0] == 't' || text[0] == 'T' || text[0] == '1';
			return true;
		case M2_INT8:
		case M2_INT16:
		case M2_INT32:
			value->data_case = M2__VALUE__DATA_INT_DATA;
			value->int_data = (int32_t) strtol(text, NULL, 10);
			return true;
		case M2_INT64:
			value->data_case = M2__VALUE__DATA_LONG_DATA;
			value->long_data = strtoll(text, NULL, 10);
			return true;
		case M2_FLOAT:
			value->data_case = M2__VALUE__DATA_FLOAT_DATA;
			value->float_data = strtof(text, NULL);
			return true;
		case M2_DOUBLE:
			value->data_case = M2__VALUE__DATA_DOUBLE_DATA;
			value->double_data = strtod(text, NULL);
			return true;
		case M2_JSON:
			value->data_case = M2__VALUE__DATA_BYTES_DATA;
			value->bytes_data.data = (uint8_t *) text;
			value->bytes_data.len = strlen(text);
			return true;
		default:
			value->data_case = M2__VALUE__DATA_STRING_DATA;
			value->string_data = (char *) text;
			return true;
	}
}

static bool
may_be_null(const MfTask *task, const MfField *field, M2Type type)
{
	return field->nullable && !field->key && !field->partition_key &&
		m2_version_can(task->conn->version, m2_type_is_vector(type) ? M2_CAN_NULL_VECTOR : M2_CAN_NULL);
}

static M2__FieldSchema *
build_field(MfTask *task, const MfField *field, const M2FieldType *type)
{
	MfArena    *arena = &task->arena;
	M2__FieldSchema *to = mf_arena_alloc(arena, sizeof(M2__FieldSchema));

	if (to == NULL)
		return NULL;
	m2__field_schema__init(to);
	to->name = (char *) field->name;
	to->data_type = type->type;
	to->element_type = type->elem;
	to->is_primary_key = field->key;
	to->auto_id = field->key && field->auto_id;
	to->is_partition_key = field->partition_key;
	to->is_clustering_key = field->clustering_key;
	to->nullable = may_be_null(task, field, type->type);
	if (field->description != NULL)
		to->description = (char *) field->description;
	if (!add_params(arena, field, type, to))
		return NULL;
	if (field->default_value != NULL && !add_default(arena, field, type->type, to))
		return NULL;
	return to;
}

bool
m2_create_schema(MfTask *task, M2__CollectionSchema *schema)
{
	const MfCollection *from = task->create;

	schema->name = (char *) task->collection;
	schema->enable_dynamic_field = from->dynamic;
	if (from->description != NULL)
		schema->description = (char *) from->description;
	schema->fields = mf_arena_alloc(&task->arena, sizeof(void *) * (size_t) from->nfields);
	if (schema->fields == NULL)
		return false;
	for (int i = 0; i < from->nfields; i++)
	{
		const MfField *field = &from->fields[i];
		M2FieldType type;
		const char *why;
		M2__FieldSchema *to;

		if (field->dynamic || !m2_type_for(field, task->conn->version, &type, &why))
			continue;
		to = build_field(task, field, &type);
		if (to == NULL)
			return false;
		schema->fields[schema->n_fields++] = to;
	}
	return !task->arena.failed;
}
