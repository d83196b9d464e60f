/*
 * target_column.c - Which field would hold a column's values?
 *
 * Its type says most; where the table is foreign and one of ours, its remote
 * is asked for what SQL types do not say (dimensions, metric, length, key), and
 * the column's options say what the remote said once, or what the user wants.
 */
#include "target.h"

#include "src/fdw/properties.h"
#include "src/value/pgvector.h"

#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"

/* Milvus's longest VarChar; the longest _id of Elasticsearch. */
#define LONGEST_TEXT 65535
#define LONGEST_ES_ID 512

/* More digits than any number has that a program made. */
#define LONGEST_NUMBER 1024

const MfField *
mf_source_field(const MfSource *source, Form_pg_attribute att)
{
	const char *name;

	if (source->described == NULL)
		return NULL;
	name = mf_field_name(mf_column_options(source->relid, att->attnum), att);
	for (int i = 0; i < source->described->nfields; i++)
	{
		if (strcmp(source->described->fields[i].name, name) == 0)
			return &source->described->fields[i];
	}
	return NULL;
}

/* The dimensions of the first vector there is; 0 if there is none. */
static int
sample_dim(Oid relid, Form_pg_attribute att)
{
	const char *column = quote_identifier(NameStr(att->attname));
	const char *cast = OidIsValid(get_element_type(getBaseType(att->atttypid))) ? "" : "::pg_catalog.float4[]";
	char	   *query = psprintf("SELECT pg_catalog.array_length(%s%s, 1) FROM %s WHERE %s IS NOT NULL LIMIT 1",
								 column, cast, mf_table_display_name(relid), column);
	bool		isnull = true;
	int			dim = 0;

	if (SPI_connect() != SPI_OK_CONNECT)
		elog(ERROR, "SPI_connect failed");
	if (SPI_execute(query, true, 1) == SPI_OK_SELECT && SPI_processed == 1)
	{
		Datum		value = SPI_getbinval(SPI_tuptable->vals[0], SPI_tuptable->tupdesc, 1, &isnull);

		if (!isnull)
			dim = DatumGetInt32(value);
	}
	SPI_finish();
	return dim;
}

/* Of a vector without a length of its own. */
static int
vector_dim(const MfSource *source, Form_pg_attribute att, const MfField *remote, bool quiet)
{
	int			dim = 0;

	if (get_rel_relkind(source->relid) == RELKIND_FOREIGN_TABLE)
		dim = (int) mf_option_int(mf_column_options(source->relid, att->attnum), "dim", 0);
	if (dim == 0 && remote != NULL && mf_kind_is_vector(remote->kind))
		dim = remote->dim;
	if (dim == 0 && !quiet && (source->table == NULL || source->described != NULL))
		dim = sample_dim(source->relid, att);
	if (dim == 0 && !quiet)
		ereport(ERROR,
				(errcode(ERRCODE_FDW_INVALID_ATTRIBUTE_VALUE),
				 errmsg("the dimensions of vector column \"%s\" are not known", NameStr(att->attname)),
				 errdetail("Neither its options nor its remote say them, and there is no row to look at.")));
	return dim;
}

static bool
is_vector_type(Oid type)
{
	return type == FLOAT4ARRAYOID || type == FLOAT8ARRAYOID || type == NUMERICARRAYOID;
}

/* Longest text in UTF-8 bytes that a column can hold, as far as one can tell. */
static int64
text_bytes(Oid type, int32 typmod, const MfField *remote)
{
	if (remote != NULL && remote->pseudo && remote->key)
		return LONGEST_ES_ID;
	if (remote != NULL && remote->max_bytes > 0)
		return Min(remote->max_bytes, LONGEST_TEXT);
	if (type == NUMERICOID)
		return LONGEST_NUMBER;
	if (type == UUIDOID)
		return 36;
	if ((type == VARCHAROID || type == BPCHAROID) && typmod >= VARHDRSZ)
		return Min((int64) (typmod - VARHDRSZ) * 4, LONGEST_TEXT);
	return LONGEST_TEXT;
}

static bool
set_scalar(MfField *field, Oid type, int32 typmod, const MfField *remote, const char *column, bool quiet)
{
	switch (field->kind)
	{
		case MF_KIND_TIMESTAMP:
			field->kind = MF_KIND_I64;
			if (!quiet)
				ereport(NOTICE,
						(errmsg("field \"%s\" will hold milliseconds since 1970", field->name),
						 errhint("Insert milvus_fdw.timestamptz_to_epoch_ms(%s).", quote_identifier(column))));
			return true;
		case MF_KIND_I16:
			if (remote != NULL && remote->kind == MF_KIND_I8)
				field->kind = MF_KIND_I8;
			return true;
		case MF_KIND_TEXT:
		case MF_KIND_DECIMAL:
		case MF_KIND_UUID:
		case MF_KIND_INET:
			field->kind = MF_KIND_TEXT;
			field->max_bytes = text_bytes(type, typmod, remote);
			return true;
		case MF_KIND_BYTES:
			return false;
		default:
			return true;
	}
}

static bool
set_list(MfField *field, Oid elem, int32 typmod, const MfField *remote)
{
	int64		bytes = text_bytes(elem, typmod, remote);

	if (field->elem == MF_KIND_BYTES || field->elem == MF_KIND_JSON || field->elem == MF_KIND_VEC_BIT)
		return false;
	if (field->elem == MF_KIND_TIMESTAMP || field->elem == MF_KIND_UUID || field->elem == MF_KIND_INET ||
		field->elem == MF_KIND_DECIMAL)
		field->elem = MF_KIND_TEXT;
	if (field->elem == MF_KIND_I16 && remote != NULL && remote->elem == MF_KIND_I8)
		field->elem = MF_KIND_I8;
	if (field->elem == MF_KIND_TEXT)
		field->max_bytes = bytes;
	if (remote != NULL)
		field->max_items = remote->max_items;
	return true;
}

/* Fill kind and limits; false = no field can hold this type. */
static bool
set_kind(MfField *field, const MfSource *source, Form_pg_attribute att, const MfField *remote, bool quiet)
{
	int32		typmod = att->atttypmod;
	Oid			type = getBaseTypeAndTypmod(att->atttypid, &typmod);
	MfWanted	natural = mf_natural_kind(type, typmod, 0);

	if (mf_pgvector_type(type) != MF_PGVECTOR_NONE)
	{
		if (field->kind == MF_KIND_NONE)
			field->kind = natural.kind;
		if (mf_kind_is_vector(field->kind))
			field->dim = natural.dim > 0 ? natural.dim : vector_dim(source, att, remote, quiet);
		return true;
	}
	if (is_vector_type(type) && field->kind != MF_KIND_LIST)
	{
		if (!mf_kind_is_vector(field->kind))
			field->kind = MF_KIND_VEC_F32;
		field->dim = vector_dim(source, att, remote, quiet);
		return true;
	}
	if (mf_kind_is_vector(field->kind) && natural.kind == MF_KIND_LIST)
	{
		field->dim = vector_dim(source, att, remote, quiet);
		return true;
	}
	/* an option has said it */
	if (field->kind != MF_KIND_NONE)
	{
		if (field->kind == MF_KIND_TEXT || field->elem == MF_KIND_TEXT)
			field->max_bytes = text_bytes(type, typmod, remote);
		return true;
	}
	field->kind = natural.kind;
	field->elem = natural.elem;
	field->dim = natural.kind == MF_KIND_VEC_BIT ? natural.dim : 0;
	if (natural.kind == MF_KIND_LIST)
		return set_list(field, getBaseType(get_element_type(type)), typmod, remote);
	return set_scalar(field, type, typmod, remote, NameStr(att->attname), quiet);
}

/* Text that the column's type takes, in the form that the type gives it. */
static char *
checked_default(Form_pg_attribute att, const char *text)
{
	Oid			input;
	Oid			output;
	Oid			param;
	bool		varlena;

	getTypeInputInfo(att->atttypid, &input, &param);
	getTypeOutputInfo(att->atttypid, &output, &varlena);
	return mf_to_utf8(OidOutputFunctionCall(output, OidInputFunctionCall(input, mf_from_utf8(text), param, att->atttypmod)));
}

/* What the options of a foreign column say on top of its type. */
static void
add_options(MfField *field, const MfOptions *options, Form_pg_attribute att)
{
	const char *metric = mf_option(options, "metric_type");

	field->key = mf_option_bool(options, "key", field->key);
	field->auto_id = mf_option_bool(options, "auto_id", field->auto_id);
	field->nullable = mf_option_bool(options, "nullable", field->nullable);
	field->has_default = mf_option(options, "default_value") != NULL;
	field->partition_key = mf_option_bool(options, "partition_key", field->partition_key);
	field->clustering_key = mf_option_bool(options, "clustering_key", field->clustering_key);
	field->max_bytes = mf_option_int(options, "max_length", field->max_bytes);
	field->max_items = (int32) mf_option_int(options, "max_capacity", field->max_items);
	if (mf_option(options, "description") != NULL)
		field->description = mf_option(options, "description");
	if (metric != NULL)
		field->metric = metric;
	if (mf_option(options, "default_value") != NULL)
		field->default_value = checked_default(att, mf_option(options, "default_value"));
	field->properties = mf_properties_from_option(options, "properties");
	if (mf_option(options, "index_type") == NULL)
		return;
	field->nindexes = 1;
	field->index = mf_option(options, "index_type");
	field->index_name = mf_option(options, "index_name");
	field->index_params = mf_option(options, "index_params");
	field->index_settings = mf_properties_from_option(options, "index_properties");
}

/* The same kind of remote has the field under its own name; others take any. */
static const char *
field_name(const MfSource *source, const MfOptions *options, Form_pg_attribute att)
{
	if (source->same)
		return mf_field_name(options, att);
	return mf_portable_name(mf_to_utf8(NameStr(att->attname)));
}

bool
mf_source_column(const MfSource *source, Form_pg_attribute att, bool quiet, MfField *field)
{
	const MfField *remote = mf_source_field(source, att);
	bool		foreign = get_rel_relkind(source->relid) == RELKIND_FOREIGN_TABLE;
	const MfOptions *options = foreign ? mf_column_options(source->relid, att->attnum) : NULL;
	const char *data_type = mf_option(options, "data_type");

	memset(field, 0, sizeof(*field));
	field->name = field_name(source, options, att);
	field->description = remote ? remote->description : NULL;
	field->metric = remote ? remote->metric : NULL;
	field->nullable = !att->attnotnull;
	if (data_type != NULL && source->target != NULL && MF_HAS(source->target, data_type) &&
		!source->target->data_type(data_type, field))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("column \"%s\" cannot become a field of type \"%s\"", NameStr(att->attname), mf_safe_text(data_type)),
				 errdetail("%s has no such type that a column can hold.", source->target->remote)));
	if (field->dynamic)
		return true;
	if (!set_kind(field, source, att, remote, quiet))
		return false;
	if (foreign)
		add_options(field, options, att);
	return true;
}
