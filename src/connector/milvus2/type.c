/*
 * type.c - What is a Milvus field in our kinds, and the other way round?
 */
#include <stdio.h>
#include <stdlib.h>

#include "internal.h"

static const struct
{
	int32_t		type;
	const char *name;
	MfKind		kind;			/* MF_KIND_NONE: cannot be read or written yet */
}			types[] = {
	{M2_BOOL, "Bool", MF_KIND_BOOL},
	{M2_INT8, "Int8", MF_KIND_I8},
	{M2_INT16, "Int16", MF_KIND_I16},
	{M2_INT32, "Int32", MF_KIND_I32},
	{M2_INT64, "Int64", MF_KIND_I64},
	{M2_FLOAT, "Float", MF_KIND_F32},
	{M2_DOUBLE, "Double", MF_KIND_F64},
	{20, "String", MF_KIND_NONE},
	{M2_VARCHAR, "VarChar", MF_KIND_TEXT},
	{M2_ARRAY, "Array", MF_KIND_NONE},
	{M2_JSON, "JSON", MF_KIND_JSON},
	{24, "Geometry", MF_KIND_NONE},
	{25, "Text", MF_KIND_NONE},
	{26, "Timestamptz", MF_KIND_NONE},
	{100, "BinaryVector", MF_KIND_NONE},
	{M2_FLOAT_VECTOR, "FloatVector", MF_KIND_VEC_F32},
	{102, "Float16Vector", MF_KIND_NONE},
	{103, "BFloat16Vector", MF_KIND_NONE},
	{104, "SparseFloatVector", MF_KIND_NONE},
	{105, "Int8Vector", MF_KIND_NONE},
	{106, "ArrayOfVector", MF_KIND_NONE},
	{200, "ArrayOfStruct", MF_KIND_NONE},
};

#define NTYPES (sizeof(types) / sizeof(types[0]))

const char *
m2_type_name(int32_t type)
{
	for (size_t i = 0; i < NTYPES; i++)
	{
		if (types[i].type == type)
			return types[i].name;
	}
	return NULL;
}

static MfKind
kind_of(int32_t type)
{
	for (size_t i = 0; i < NTYPES; i++)
	{
		if (types[i].type == type)
			return types[i].kind;
	}
	return MF_KIND_NONE;
}

static int64_t
param(const M2__FieldSchema *field, const char *name)
{
	for (size_t i = 0; i < field->n_type_params; i++)
	{
		if (strcmp(field->type_params[i]->key, name) == 0)
			return strtoll(field->type_params[i]->value, NULL, 10);
	}
	return 0;
}

/* An empty text is none. */
static const char *
keep(M2Arena *arena, const char *text)
{
	return text == NULL || text[0] == '\0' ? NULL : m2_arena_text(arena, "%s", text);
}

static void
build_field(M2Arena *arena, const M2__FieldSchema *from, bool schema_auto_id, MfField *to)
{
	const char *name = m2_type_name(from->data_type);
	int64_t		dim = param(from, "dim");

	if (name == NULL)
		name = m2_arena_text(arena, "type %d", from->data_type);
	to->name = m2_arena_text(arena, "%s", from->name);
	to->kind = kind_of(from->data_type);
	to->key = from->is_primary_key;
	to->auto_id = from->is_primary_key && (from->auto_id || schema_auto_id);
	to->nullable = from->nullable;
	to->has_default = from->default_value != NULL;
	to->partition_key = from->is_partition_key;
	to->description = keep(arena, from->description);
	to->native = name;
	switch (from->data_type)
	{
		case M2_VARCHAR:
			to->max_bytes = param(from, "max_length");
			to->native = m2_arena_text(arena, "VarChar(%lld)", (long long) to->max_bytes);
			break;
		case M2_ARRAY:
			to->native = m2_arena_text(arena, "Array of %s", m2_type_name(from->element_type) ?
									   m2_type_name(from->element_type) : "unknown type");
			break;
		case M2_JSON:
			to->max_bytes = 65536;
			break;
		default:
			if (dim > 0)
				to->native = m2_arena_text(arena, "%s(%lld)", name, (long long) dim);
			break;
	}
	if (to->kind == MF_KIND_VEC_F32)
	{
		if (dim > 0 && dim <= 1000000)
			to->dim = (int32_t) dim;
		else
			to->kind = MF_KIND_NONE;
	}
	if (from->is_function_output)
	{
		to->kind = MF_KIND_NONE;
		to->skip = "Milvus makes its values by a function";
	}
	else if (to->kind == MF_KIND_NONE)
		to->skip = m2_arena_text(arena, "fields of type %s cannot be read or written yet", name);
}

bool
m2_schema_build(M2Arena *arena, const M2__DescribeCollectionResponse *reply, M2Schema *schema)
{
	const M2__CollectionSchema *from = reply->schema;
	MfCollection *to = &schema->collection;
	size_t		n = from->n_fields + from->n_struct_array_fields + (from->enable_dynamic_field ? 1 : 0);
	MfField    *field;

	memset(schema, 0, sizeof(*schema));
	to->name = m2_arena_text(arena, "%s", reply->collection_name[0] != '\0' ? reply->collection_name : from->name);
	to->description = keep(arena, from->description);
	to->rows = -1;
	to->fields = m2_arena_alloc(arena, n * sizeof(MfField));
	schema->types = m2_arena_alloc(arena, n * sizeof(int32_t));
	schema->key = -1;
	schema->id = reply->collection_id;
	if (arena->failed)
		return false;

	for (size_t i = 0; i < from->n_fields; i++)
	{
		const M2__FieldSchema *f = from->fields[i];

		if (f->is_dynamic || f->field_id == 0 || f->field_id == 1)
		{
			/* a server that shows its own fields: 0 and 1 are RowID and Timestamp */
			if (f->is_dynamic || strcmp(f->name, "RowID") == 0 || strcmp(f->name, "Timestamp") == 0)
				continue;
		}
		if (f->is_primary_key)
			schema->key = to->nfields;
		schema->types[to->nfields] = f->data_type;
		build_field(arena, f, from->auto_id, &to->fields[to->nfields++]);
	}
	for (size_t i = 0; i < from->n_struct_array_fields; i++)
	{
		field = &to->fields[to->nfields];
		schema->types[to->nfields++] = 200;
		field->name = m2_arena_text(arena, "%s", from->struct_array_fields[i]->name);
		field->native = "ArrayOfStruct";
		field->skip = "fields of type ArrayOfStruct cannot be read or written yet";
	}
	if (from->enable_dynamic_field)
	{
		to->dynamic = true;
		field = &to->fields[to->nfields];
		schema->types[to->nfields++] = M2_JSON;
		field->name = M2_META;
		field->native = "dynamic field";
		field->kind = MF_KIND_JSON;
		field->dynamic = true;
		field->nullable = true;
		field->max_bytes = 65536;
	}
	return !arena->failed;
}

/*
 * Kinds that Milvus lacks become text, which any value can be assigned to in
 * SQL; lists become JSON.
 */
M2Type
m2_type_for(const MfField *field, int64_t *max_bytes, const char **why)
{
	*max_bytes = 0;
	switch (field->kind)
	{
		case MF_KIND_BOOL:
			return M2_BOOL;
		case MF_KIND_I8:
			return M2_INT8;
		case MF_KIND_I16:
			return M2_INT16;
		case MF_KIND_I32:
			return M2_INT32;
		case MF_KIND_I64:
			return M2_INT64;
		case MF_KIND_F32:
			return M2_FLOAT;
		case MF_KIND_F64:
			return M2_DOUBLE;
		case MF_KIND_TEXT:
			if (field->max_bytes > M2_MAX_TEXT)
			{
				*why = "VarChar holds at most 65535 bytes";
				return M2_NONE;
			}
			*max_bytes = field->max_bytes > 0 ? field->max_bytes : M2_MAX_TEXT;
			return M2_VARCHAR;
		case MF_KIND_UUID:
			*max_bytes = 36;
			return M2_VARCHAR;
		case MF_KIND_U64:
			*max_bytes = 20;
			return M2_VARCHAR;
		case MF_KIND_INET:
		case MF_KIND_TIMESTAMP:
			*max_bytes = 64;
			return M2_VARCHAR;
		case MF_KIND_DECIMAL:
			*max_bytes = 1024;
			return M2_VARCHAR;
		case MF_KIND_JSON:
		case MF_KIND_LIST:
			return M2_JSON;
		case MF_KIND_VEC_F32:
			if (field->dim < 1 || field->dim > 32768)
			{
				*why = "a FloatVector has 1 to 32768 dimensions";
				return M2_NONE;
			}
			return M2_FLOAT_VECTOR;
		default:
			*why = "no type of Milvus that is supported yet holds such values";
			return M2_NONE;
	}
}

int
m2_field_index(const MfCollection *collection, const char *name)
{
	for (int i = 0; i < collection->nfields; i++)
	{
		if (strcmp(collection->fields[i].name, name) == 0)
			return i;
	}
	return -1;
}

/* Levenshtein's distance, letters compared without case; names are short. */
static int
unlikeness(const char *a, const char *b)
{
	int			row[M2_MAX_NAME + 2];
	int			n = (int) strlen(b);

	if (n > M2_MAX_NAME)
		return INT32_MAX;
	for (int j = 0; j <= n; j++)
		row[j] = j;
	for (int i = 1; a[i - 1] != '\0'; i++)
	{
		int			diagonal = row[0];

		row[0] = i;
		for (int j = 1; j <= n; j++)
		{
			int			cost = diagonal + ((a[i - 1] | 0x20) != (b[j - 1] | 0x20));

			diagonal = row[j];
			if (row[j] + 1 < cost)
				cost = row[j] + 1;
			if (row[j - 1] + 1 < cost)
				cost = row[j - 1] + 1;
			row[j] = cost;
		}
	}
	return row[n];
}

const char *
m2_nearest_field(const MfCollection *collection, const char *name)
{
	const char *best = NULL;
	int			least = 4;

	for (int i = 0; i < collection->nfields; i++)
	{
		int			d = unlikeness(name, collection->fields[i].name);

		if (d < least)
		{
			least = d;
			best = collection->fields[i].name;
		}
	}
	return best;
}
