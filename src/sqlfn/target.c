/*
 * target.c - Which collection would hold a table's rows?
 *
 * The column types decide the fields; where the table is foreign and one of
 * ours, its remote is asked for what SQL types do not say: dimensions, metric,
 * length, key.
 */
#include "target.h"

#include "src/value/value.h"

#include "access/table.h"
#include "catalog/pg_type.h"
#include "executor/spi.h"
#include "lib/stringinfo.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"

/* Milvus's longest VarChar; the longest _id of Elasticsearch. */
#define LONGEST_TEXT 65535
#define LONGEST_ES_ID 512

/* More digits than any number has that a program made. */
#define LONGEST_NUMBER 1024

typedef struct Source
{
	Oid			relid;
	const MfCollection *described;	/* NULL: not a remote of ours */
	MfTable    *table;
} Source;

/* The remote field behind a column of the source, or NULL. */
static const MfField *
source_field(const Source *source, Form_pg_attribute att)
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

static void
open_source(Source *source, Oid relid)
{
	memset(source, 0, sizeof(*source));
	source->relid = relid;
	if (get_rel_relkind(relid) != RELKIND_FOREIGN_TABLE)
		return;
	if (!mf_is_ours(GetForeignTable(relid)->serverid))
		return;
	source->table = mf_sql_table(relid, false);
	if (source->table->remote->connector->verbs & MF_VERB_BIT(MF_VERB_DESCRIBE))
		source->described = mf_describe(source->table->remote, source->table->collection,
										source->table->options, CurrentMemoryContext);
}

/* The dimensions of the first vector there is; 0 if there is none. */
static int
sample_dim(Oid relid, const char *column)
{
	char	   *query = psprintf("SELECT pg_catalog.array_length(%s, 1) FROM %s WHERE %s IS NOT NULL LIMIT 1",
								 quote_identifier(column), mf_table_display_name(relid), quote_identifier(column));
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

static int
vector_dim(const Source *source, Form_pg_attribute att, const MfField *remote)
{
	int			dim = 0;

	if (get_rel_relkind(source->relid) == RELKIND_FOREIGN_TABLE)
		dim = (int) mf_option_int(mf_column_options(source->relid, att->attnum), "dim", 0);
	if (dim == 0 && remote != NULL && mf_kind_is_vector(remote->kind))
		dim = remote->dim;
	if (dim == 0)
		dim = sample_dim(source->relid, NameStr(att->attname));
	if (dim == 0)
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

/* Fill kind and limits; false = no field can hold this type. */
static bool
set_kind(MfField *field, const Source *source, Form_pg_attribute att, const MfField *remote)
{
	int32		typmod = att->atttypmod;
	Oid			type = getBaseTypeAndTypmod(att->atttypid, &typmod);

	if (is_vector_type(type))
	{
		field->kind = MF_KIND_VEC_F32;
		field->dim = vector_dim(source, att, remote);
		field->metric = remote ? remote->metric : NULL;
		return true;
	}
	if (OidIsValid(get_element_type(type)) || type == BYTEAOID || type == BITOID)
		return false;
	field->kind = mf_natural_kind(type, typmod, 0).kind;
	switch (field->kind)
	{
		case MF_KIND_TIMESTAMP:
			field->kind = MF_KIND_I64;
			ereport(NOTICE,
					(errmsg("field \"%s\" will hold milliseconds since 1970", field->name),
					 errhint("Insert milvus_fdw.timestamptz_to_epoch_ms(%s).",
							 quote_identifier(NameStr(att->attname)))));
			break;
		case MF_KIND_I16:
			if (remote != NULL && remote->kind == MF_KIND_I8)
				field->kind = MF_KIND_I8;
			break;
		case MF_KIND_TEXT:
		case MF_KIND_DECIMAL:
		case MF_KIND_UUID:
		case MF_KIND_INET:
			field->kind = MF_KIND_TEXT;
			field->max_bytes = text_bytes(type, typmod, remote);
			break;
		default:
			break;
	}
	return true;
}

static void
refuse_key(Form_pg_attribute att)
{
	ereport(ERROR,
			(errcode(ERRCODE_DATATYPE_MISMATCH),
			 errmsg("column \"%s\" of type %s cannot be the primary key",
					NameStr(att->attname), format_type_be(att->atttypid)),
			 errhint("A primary key is an integer or a text.")));
}

static void
set_key(MfField *field, Form_pg_attribute att)
{
	field->key = true;
	if (field->kind == MF_KIND_I16 || field->kind == MF_KIND_I32 || field->kind == MF_KIND_I8)
		field->kind = MF_KIND_I64;
	if (field->kind != MF_KIND_I64 && field->kind != MF_KIND_TEXT)
		refuse_key(att);
}

/* Is this column the key that was asked for, or else the source's own? */
static bool
is_key(const char *primary_key, Form_pg_attribute att, const MfField *remote)
{
	if (primary_key != NULL)
		return strcmp(primary_key, mf_to_utf8(NameStr(att->attname))) == 0;
	return remote != NULL && remote->key;
}

static void
refuse_duplicate(const MfCollection *target, const MfField *field, const char *column)
{
	for (int i = 0; i < target->nfields; i++)
	{
		if (strcmp(target->fields[i].name, field->name) == 0)
			ereport(ERROR,
					(errcode(ERRCODE_DUPLICATE_COLUMN),
					 errmsg("column \"%s\" would become field \"%s\", which another column is already",
							column, field->name),
					 errhint("Names become fields by turning every character but letters, digits and _ into _. "
							 "Rename a column, or use a view.")));
	}
}

MfCollection *
mf_target_like(const char *name, Oid relid, const char *primary_key)
{
	Relation	rel = table_open(relid, AccessShareLock);
	TupleDesc	desc = RelationGetDescr(rel);
	MfCollection *target = palloc0(sizeof(MfCollection));
	StringInfoData skipped;
	bool		have_key = false;
	Source		source;

	initStringInfo(&skipped);
	open_source(&source, relid);
	target->name = name;
	target->rows = -1;
	target->fields = palloc0(sizeof(MfField) * Max(desc->natts, 1));
	for (int i = 0; i < desc->natts; i++)
	{
		Form_pg_attribute att = TupleDescAttr(desc, i);
		MfField    *field = &target->fields[target->nfields];
		const MfField *remote;
		bool		key;

		if (att->attisdropped)
			continue;
		remote = source_field(&source, att);
		key = is_key(primary_key, att, remote);
		if (remote != NULL && remote->pseudo && !key)
			continue;
		memset(field, 0, sizeof(*field));
		field->name = mf_portable_name(mf_to_utf8(NameStr(att->attname)));
		field->description = remote ? remote->description : NULL;
		refuse_duplicate(target, field, NameStr(att->attname));
		if (!set_kind(field, &source, att, remote))
		{
			if (key)
				refuse_key(att);
			appendStringInfo(&skipped, "%s%s (%s)", skipped.len ? ", " : "",
							 quote_identifier(NameStr(att->attname)), format_type_be(att->atttypid));
			continue;
		}
		if (key)
			set_key(field, att);
		have_key |= key;
		target->nfields++;
	}
	table_close(rel, NoLock);

	if (!have_key && primary_key != NULL)
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_COLUMN),
				 errmsg("column \"%s\" of relation \"%s\" does not exist", mf_safe_text(primary_key), get_rel_name(relid))));
	if (!have_key)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("a primary key is needed"),
				 errhint("Name one of the columns in primary_key => '...'.")));
	if (skipped.len > 0)
		ereport(NOTICE,
				(errmsg("columns left out, because no field can hold them: %s", skipped.data),
				 errhint("Convert them in a view, for example with to_jsonb(), and create the collection like that.")));
	return target;
}
