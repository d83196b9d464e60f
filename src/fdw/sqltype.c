/*
 * sqltype.c - Which SQL column suits a remote field?
 *
 * The table of types in the README, as code.
 */
#include "sqltype.h"

/* PostgreSQL's varchar(n) goes no further; what is longer is text. */
#define LONGEST_VARCHAR 10485760

static const char *
scalar_type(MfKind kind)
{
	switch (kind)
	{
		case MF_KIND_BOOL:
			return "boolean";
		case MF_KIND_I8:
		case MF_KIND_I16:
			return "smallint";
		case MF_KIND_I32:
			return "integer";
		case MF_KIND_I64:
			return "bigint";
		case MF_KIND_U64:
		case MF_KIND_DECIMAL:
			return "numeric";
		case MF_KIND_F32:
			return "real";
		case MF_KIND_F64:
			return "double precision";
		case MF_KIND_TEXT:
			return "text";
		case MF_KIND_BYTES:
			return "bytea";
		case MF_KIND_JSON:
			return "jsonb";
		case MF_KIND_TIMESTAMP:
			return "timestamp with time zone";
		case MF_KIND_UUID:
			return "uuid";
		case MF_KIND_INET:
			return "inet";
		default:
			return NULL;
	}
}

/* PostgreSQL's varchar(n) counts characters, so none that fits is refused. */
static const char *
text_type(const MfField *field)
{
	if (field->max_bytes > 0 && field->max_bytes <= LONGEST_VARCHAR)
		return psprintf("varchar(" INT64_FORMAT ")", field->max_bytes);
	return "text";
}

const char *
mf_sql_type(const MfField *field)
{
	const char *type = scalar_type(field->kind);

	if (field->skip != NULL)
		return NULL;
	switch (field->kind)
	{
		case MF_KIND_TEXT:
			return text_type(field);
		case MF_KIND_LIST:
			type = field->elem == MF_KIND_TEXT ? text_type(field) : scalar_type(field->elem);
			return type ? psprintf("%s[]", type) : NULL;
		case MF_KIND_SPARSE:
			return "jsonb";
		case MF_KIND_VEC_F32:
		case MF_KIND_VEC_F16:
		case MF_KIND_VEC_BF16:
			return "real[]";
		case MF_KIND_VEC_I8:
			return "smallint[]";
		case MF_KIND_VEC_BIT:
			return psprintf("bit(%d)", field->dim);
		default:
			return type;
	}
}
