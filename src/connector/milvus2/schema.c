/*
 * schema.c - How does a collection's schema become our description?
 */
#include <stdio.h>
#include <stdlib.h>

#include <inttypes.h>

#include "internal.h"

static int64_t
param(size_t n, M2__Pair *const *params, const char *name)
{
	for (size_t i = 0; i < n; i++)
	{
		if (strcmp(params[i]->key, name) == 0)
			return strtoll(params[i]->value, NULL, 10);
	}
	return 0;
}

static int64_t
field_param(const M2__FieldSchema *field, const char *name)
{
	return param(field->n_type_params, field->type_params, name);
}

/* An empty text is none. */
static const char *
keep(MfArena *arena, const char *text)
{
	return text == NULL || text[0] == '\0' ? NULL : mf_arena_text(arena, "%s", text);
}

static const char *
name_of(MfArena *arena, int32_t type)
{
	const char *name = m2_type_name(type);

	return name != NULL ? name : mf_arena_text(arena, "type %d", type);
}

/* A number of elements that cannot be true is none. */
static int32_t
sane(int64_t count, int64_t most)
{
	return count > 0 && count <= most ? (int32_t) count : 0;
}

/* Kind and limits of one value of a type, which is not Array. */
static void
set_value(MfArena *arena, const M2__FieldSchema *from, int32_t type, MfField *to)
{
	int64_t		dim = field_param(from, "dim");

	to->kind = m2_type_kind(type);
	to->native = name_of(arena, type);
	if (type == M2_VARCHAR)
	{
		to->max_bytes = field_param(from, "max_length");
		to->native = mf_arena_text(arena, "VarChar(%lld)", (long long) to->max_bytes);
	}
	else if (type == M2_JSON)
		to->max_bytes = M2_MAX_JSON;
	else if (mf_kind_is_vector(to->kind))
	{
		to->dim = sane(dim, 1000000);
		to->native = mf_arena_text(arena, "%s(%lld)", to->native, (long long) dim);
		if (to->dim == 0 || (type == M2_BINARY_VECTOR && to->dim % 8 != 0))
			to->kind = MF_KIND_NONE;
	}
}

static void
set_array(MfArena *arena, const M2__FieldSchema *from, MfField *to)
{
	MfField		one = {0};

	set_value(arena, from, from->element_type, &one);
	to->native = mf_arena_text(arena, "Array of %s", one.native);
	to->max_items = sane(field_param(from, "max_capacity"), INT32_MAX);
	to->max_bytes = one.max_bytes;
	to->elem = one.kind;
	if (m2_type_member(from->element_type) > 0 && m2_type_member(from->element_type) <= 6 &&
		!m2_type_is_vector(from->element_type))
		to->kind = MF_KIND_LIST;
}

static void
build_field(MfArena *arena, const M2__FieldSchema *from, bool schema_auto_id, MfField *to)
{
	to->name = mf_arena_text(arena, "%s", from->name);
	to->key = from->is_primary_key;
	to->auto_id = from->is_primary_key && (from->auto_id || schema_auto_id);
	to->nullable = from->nullable;
	to->has_default = from->default_value != NULL;
	to->partition_key = from->is_partition_key;
	to->description = keep(arena, from->description);
	to->remote_type = from->data_type;
	if (from->data_type == M2_ARRAY)
		set_array(arena, from, to);
	else
		set_value(arena, from, from->data_type, to);
	if (from->is_function_output)
	{
		to->kind = MF_KIND_NONE;
		to->skip = M2_BY_FUNCTION;
	}
	else if (to->kind == MF_KIND_NONE)
		to->skip = mf_arena_text(arena, "fields of type %s cannot be read or written", to->native);
}

/* "structs[part]", as some servers say, is part. */
static const char *
member_name(MfArena *arena, const char *name)
{
	const char *open = strchr(name, '[');
	size_t		len = strlen(name);

	if (open == NULL || open == name || name[len - 1] != ']')
		return mf_arena_text(arena, "%s", name);
	return mf_arena_text(arena, "%.*s", (int) (len - (size_t) (open - name) - 2), open + 1);
}

/* Each member is an Array, or an ArrayOfVector, of as many elements as there are structs. */
static void
build_struct(MfArena *arena, const M2__StructField *from, MfField *to)
{
	to->name = mf_arena_text(arena, "%s", from->name);
	to->description = keep(arena, from->description);
	to->native = m2_type_name(M2_ARRAY_OF_STRUCT);
	to->remote_type = M2_ARRAY_OF_STRUCT;
	to->kind = MF_KIND_JSON;
	to->nullable = from->nullable;
	to->max_items = sane(param(from->n_type_params, from->type_params, "max_capacity"), INT32_MAX);
	to->members = mf_arena_alloc(arena, sizeof(MfField) * (from->n_fields > 0 ? from->n_fields : 1));
	if (to->members == NULL)
		return;
	for (size_t i = 0; i < from->n_fields; i++)
	{
		const M2__FieldSchema *f = from->fields[i];
		MfField    *member = &to->members[to->nmembers++];

		member->name = member_name(arena, f->name);
		set_value(arena, f, f->element_type, member);
		member->remote_type = f->element_type;
		if (to->max_items == 0)
			to->max_items = sane(field_param(f, "max_capacity"), INT32_MAX);
		if (member->kind != MF_KIND_NONE && f->element_type != M2_JSON &&
			(f->data_type == M2_ARRAY || f->data_type == M2_ARRAY_OF_VECTOR))
			continue;
		to->kind = MF_KIND_NONE;
		to->skip = mf_arena_text(arena, "its part \"%s\" is %s of %s, which cannot be read or written", member->name,
								 name_of(arena, f->data_type), member->native);
	}
}

/* Does a server show a field of its own?  0 and 1 are RowID and Timestamp. */
static bool
is_hidden(const M2__FieldSchema *f)
{
	return f->is_dynamic || ((f->field_id == 0 || f->field_id == 1) &&
							 (strcmp(f->name, "RowID") == 0 || strcmp(f->name, "Timestamp") == 0));
}

bool
m2_schema_build(MfArena *arena, const M2__DescribeCollectionResponse *reply, M2Schema *schema)
{
	const M2__CollectionSchema *from = reply->schema;
	MfCollection *to = &schema->collection;
	size_t		n = from->n_fields + from->n_struct_array_fields + (from->enable_dynamic_field ? 1 : 0);

	memset(schema, 0, sizeof(*schema));
	/* asked for by an alias, 2.3 repeats that outside the schema */
	to->name = mf_arena_text(arena, "%s", from->name[0] != '\0' ? from->name : reply->collection_name);
	to->description = keep(arena, from->description);
	to->rows = -1;
	to->fields = mf_arena_alloc(arena, n * sizeof(MfField));
	schema->types = mf_arena_alloc(arena, n * sizeof(int32_t));
	schema->key = -1;
	schema->id = reply->collection_id;
	schema->created_ms = (int64_t) reply->created_utc_timestamp;
	to->id = reply->collection_id > 0 ? mf_arena_text(arena, "%" PRId64, reply->collection_id) : NULL;
	if (arena->failed)
		return false;

	for (size_t i = 0; i < from->n_fields; i++)
	{
		if (is_hidden(from->fields[i]))
			continue;
		if (from->fields[i]->is_primary_key)
			schema->key = to->nfields;
		schema->types[to->nfields] = from->fields[i]->data_type;
		build_field(arena, from->fields[i], from->auto_id, &to->fields[to->nfields++]);
	}
	for (size_t i = 0; i < from->n_struct_array_fields; i++)
	{
		schema->types[to->nfields] = M2_ARRAY_OF_STRUCT;
		build_struct(arena, from->struct_array_fields[i], &to->fields[to->nfields++]);
	}
	if (from->enable_dynamic_field)
	{
		MfField    *field = &to->fields[to->nfields];

		to->dynamic = true;
		schema->types[to->nfields++] = M2_JSON;
		field->name = M2_META;
		field->native = M2_DYNAMIC_TYPE;
		field->kind = MF_KIND_JSON;
		field->dynamic = true;
		field->nullable = true;
		field->max_bytes = M2_MAX_JSON;
	}
	return !arena->failed;
}
