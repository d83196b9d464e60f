/*
 * target_table.c - Which collection do a table's columns and options make?
 */
#include "target.h"

#include "src/fdw/properties.h"

#include "access/table.h"
#include "lib/stringinfo.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/varlena.h"

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
	field->nullable = false;
	if (field->kind == MF_KIND_I16 || field->kind == MF_KIND_I32 || field->kind == MF_KIND_I8)
		field->kind = MF_KIND_I64;
	if (field->kind != MF_KIND_I64 && field->kind != MF_KIND_TEXT)
		refuse_key(att);
}

/* Is this column the key that was asked for, or else the source's own? */
static bool
is_key(const MfSource *source, const char *primary_key, Form_pg_attribute att)
{
	const MfField *remote = mf_source_field(source, att);

	if (primary_key != NULL)
		return strcmp(primary_key, mf_to_utf8(NameStr(att->attname))) == 0;
	if (get_rel_relkind(source->relid) == RELKIND_FOREIGN_TABLE &&
		mf_option_bool(mf_column_options(source->relid, att->attnum), "key", false))
		return true;
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

/* true = a field was added at the end */
static bool
add_column(const MfSource *source, Form_pg_attribute att, const char *primary_key,
		   MfCollection *target, StringInfo skipped)
{
	MfField    *field = &target->fields[target->nfields];
	const MfField *remote = mf_source_field(source, att);
	bool		key = is_key(source, primary_key, att);

	if (remote != NULL && remote->pseudo && !key)
		return false;
	if (!mf_source_column(source, att, false, field))
	{
		if (key)
			refuse_key(att);
		appendStringInfo(skipped, "%s%s (%s)", skipped->len ? ", " : "",
						 quote_identifier(NameStr(att->attname)), format_type_be(att->atttypid));
		return false;
	}
	if (field->dynamic)
	{
		target->dynamic = true;
		return false;
	}
	refuse_duplicate(target, field, NameStr(att->attname));
	field->key = false;
	if (key)
		set_key(field, att);
	target->nfields++;
	return true;
}

/* The texts of a list split by commas. */
static void
set_partitions(MfCollection *target, const char *list)
{
	List	   *names;
	ListCell   *lc;
	const char **partitions;

	if (list == NULL)
		return;
	if (!SplitGUCList(pstrdup(list), ',', &names))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("invalid value for option \"%s\": \"%s\"", "partitions", mf_safe_text(list))));
	partitions = palloc(sizeof(char *) * (list_length(names) + 1));
	foreach(lc, names)
		partitions[target->npartitions++] = lfirst(lc);
	target->partitions = partitions;
}

/* What the options of a foreign table say. */
static void
add_table_options(const MfSource *source, MfCollection *target)
{
	const MfOptions *options;

	if (source->table == NULL)
		return;
	options = source->table->options;
	if (mf_option(options, "description") != NULL)
		target->description = mf_option(options, "description");
	target->shards = (int32) mf_option_int(options, "shards", 0);
	target->num_partitions = mf_option_int(options, "num_partitions", 0);
	target->consistency_level = mf_option(options, "default_consistency_level");
	target->dynamic |= mf_option_bool(options, "dynamic", false);
	target->properties = mf_properties_from_option(options, "properties");
	set_partitions(target, mf_option(options, "partitions"));
}

void
mf_target_from_columns(const MfSource *source, const char *primary_key, MfCollection *target)
{
	Relation	rel = table_open(source->relid, AccessShareLock);
	TupleDesc	desc = RelationGetDescr(rel);
	StringInfoData skipped;

	initStringInfo(&skipped);
	target->fields = palloc0(sizeof(MfField) * Max(desc->natts, 1));
	add_table_options(source, target);
	for (int i = 0; i < desc->natts; i++)
	{
		Form_pg_attribute att = TupleDescAttr(desc, i);

		if (!att->attisdropped)
			add_column(source, att, primary_key, target, &skipped);
	}
	table_close(rel, NoLock);
	if (skipped.len > 0)
		ereport(NOTICE,
				(errmsg("columns left out, because no field can hold them: %s", skipped.data),
				 errhint("Convert them in a view, for example with to_jsonb(), and create the collection like that.")));
}
