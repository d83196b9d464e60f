/*
 * type.c - What is a Milvus type in our kinds, and the other way round?
 *
 * One table for both, and for where values of a type are in a message.
 */
#include "internal.h"

static const struct
{
	int32_t		type;
	const char *name;
	MfKind		kind;			/* MF_KIND_NONE: cannot be read or written */
	int			member;			/* of ScalarField, or of VectorField */
}			types[] = {
	{M2_BOOL, "Bool", MF_KIND_BOOL, 1},
	{M2_INT8, "Int8", MF_KIND_I8, 2},
	{M2_INT16, "Int16", MF_KIND_I16, 2},
	{M2_INT32, "Int32", MF_KIND_I32, 2},
	{M2_INT64, "Int64", MF_KIND_I64, 3},
	{M2_FLOAT, "Float", MF_KIND_F32, 4},
	{M2_DOUBLE, "Double", MF_KIND_F64, 5},
	{M2_STRING, "String", MF_KIND_TEXT, 6},
	{M2_VARCHAR, "VarChar", MF_KIND_TEXT, 6},
	{M2_ARRAY, "Array", MF_KIND_LIST, 8},
	{M2_JSON, "JSON", MF_KIND_JSON, 9},
	{M2_GEOMETRY, "Geometry", MF_KIND_TEXT, 12},
	{M2_TEXT, "Text", MF_KIND_TEXT, 6},
	{M2_TIMESTAMPTZ, "Timestamptz", MF_KIND_TIMESTAMP, 6},
	{M2_BINARY_VECTOR, "BinaryVector", MF_KIND_VEC_BIT, 3},
	{M2_FLOAT_VECTOR, "FloatVector", MF_KIND_VEC_F32, 2},
	{M2_FLOAT16_VECTOR, "Float16Vector", MF_KIND_VEC_F16, 4},
	{M2_BFLOAT16_VECTOR, "BFloat16Vector", MF_KIND_VEC_BF16, 5},
	{M2_SPARSE_VECTOR, "SparseFloatVector", MF_KIND_SPARSE, 6},
	{M2_INT8_VECTOR, "Int8Vector", MF_KIND_VEC_I8, 7},
	{M2_ARRAY_OF_VECTOR, "ArrayOfVector", MF_KIND_NONE, 8},
	{M2_ARRAY_OF_STRUCT, "ArrayOfStruct", MF_KIND_JSON, 0},
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

MfKind
m2_type_kind(int32_t type)
{
	for (size_t i = 0; i < NTYPES; i++)
	{
		if (types[i].type == type)
			return types[i].kind;
	}
	return MF_KIND_NONE;
}

int
m2_type_member(int32_t type)
{
	for (size_t i = 0; i < NTYPES; i++)
	{
		if (types[i].type == type)
			return types[i].member;
	}
	return 0;
}

bool
m2_type_is_vector(int32_t type)
{
	return type >= M2_BINARY_VECTOR && type <= M2_ARRAY_OF_VECTOR;
}

static bool
refuse(const char **why, const char *text)
{
	*why = text;
	return false;
}

static bool
set_dim(M2FieldType *out, int32_t dim, const char **why)
{
	if (out->type == M2_BINARY_VECTOR)
	{
		if (dim < 8 || dim > 262144 || dim % 8 != 0)
			return refuse(why, "a BinaryVector has 8 to 262144 dimensions, a multiple of 8");
	}
	else if (dim < 1 || dim > 32768)
		return refuse(why, out->type == M2_FLOAT_VECTOR ? "a FloatVector has 1 to 32768 dimensions" :
					  "such a vector has 1 to 32768 dimensions");
	out->dim = dim;
	return true;
}

static bool
set_length(M2FieldType *out, int64_t most, const char **why)
{
	if (most > M2_MAX_TEXT)
		return refuse(why, "VarChar holds at most 65535 bytes");
	out->max_length = most > 0 ? most : M2_MAX_TEXT;
	return true;
}

/*
 * Kinds that Milvus lacks become text, which any value can be assigned to in
 * SQL.
 */
static M2Type
scalar_for(MfKind kind, int64_t *length)
{
	switch (kind)
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
			return M2_VARCHAR;
		case MF_KIND_UUID:
			*length = 36;
			return M2_VARCHAR;
		case MF_KIND_U64:
			*length = 20;
			return M2_VARCHAR;
		case MF_KIND_INET:
		case MF_KIND_TIMESTAMP:
			*length = 64;
			return M2_VARCHAR;
		case MF_KIND_DECIMAL:
			*length = 1024;
			return M2_VARCHAR;
		default:
			return M2_NONE;
	}
}

static M2Type
vector_for(MfKind kind)
{
	switch (kind)
	{
		case MF_KIND_VEC_F32:
			return M2_FLOAT_VECTOR;
		case MF_KIND_VEC_F16:
			return M2_FLOAT16_VECTOR;
		case MF_KIND_VEC_BF16:
			return M2_BFLOAT16_VECTOR;
		case MF_KIND_VEC_I8:
			return M2_INT8_VECTOR;
		case MF_KIND_VEC_BIT:
			return M2_BINARY_VECTOR;
		default:
			return M2_NONE;
	}
}

static bool
set_capacity(M2FieldType *out, int32_t most, const char **why)
{
	if (most > M2_MAX_ITEMS)
		return refuse(why, "an Array holds at most 4096 elements");
	out->max_capacity = most > 0 ? most : M2_MAX_ITEMS;
	return true;
}

static bool
list_for(const MfField *field, M2FieldType *out, const char **why)
{
	int64_t		length = field->max_bytes;

	out->type = M2_ARRAY;
	out->elem = scalar_for(field->elem, &length);
	/* lists of lists, of JSON: as the text of each */
	if (out->elem == M2_NONE)
	{
		if (field->elem != MF_KIND_JSON)
			return refuse(why, "an Array holds no such elements");
		out->elem = M2_VARCHAR;
	}
	return set_capacity(out, field->max_items, why) &&
		(out->elem != M2_VARCHAR || set_length(out, length, why));
}

bool
m2_type_for(const MfField *field, int version, M2FieldType *out, const char **why)
{
	int64_t		length = field->max_bytes;

	memset(out, 0, sizeof(*out));
	if (field->kind == MF_KIND_LIST)
		return list_for(field, out, why);
	out->type = vector_for(field->kind);
	if (out->type != M2_NONE)
		return set_dim(out, field->dim, why);
	if (field->kind == MF_KIND_SPARSE)
		out->type = M2_SPARSE_VECTOR;
	else if (field->kind == MF_KIND_JSON)
		out->type = M2_JSON;
	else if (field->kind == MF_KIND_TIMESTAMP && m2_version_has(version, M2_TIMESTAMPTZ, true))
		out->type = M2_TIMESTAMPTZ;
	else
		out->type = scalar_for(field->kind, &length);
	if (out->type == M2_NONE)
		return refuse(why, "no type of Milvus holds such values");
	/* what it was to Milvus itself, if that is of the same kind */
	if (field->remote_type != 0 && m2_type_kind(field->remote_type) == field->kind && field->remote_type != M2_STRING)
		out->type = (M2Type) field->remote_type;
	if (out->type == M2_ARRAY_OF_STRUCT)
		return set_capacity(out, field->max_items, why);
	return out->type != M2_VARCHAR || set_length(out, length, why);
}

M2Type
m2_type_of(const MfField *field)
{
	M2FieldType type;
	const char *why;

	if (field->kind == MF_KIND_NONE)
		return M2_NONE;
	if (field->remote_type != 0)
		return (M2Type) field->remote_type;
	return m2_type_for(field, INT32_MAX, &type, &why) ? type.type : M2_NONE;
}

M2Type
m2_type_of_elements(const MfField *field)
{
	int64_t		length = 0;

	return field->kind == MF_KIND_LIST ? scalar_for(field->elem, &length) : M2_NONE;
}
