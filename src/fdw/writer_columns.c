/*
 * writer_columns.c - Which column goes into which field?
 */
#include "writer_internal.h"

#include "lib/stringinfo.h"
#include "utils/lsyscache.h"

static const MfField *
find_field(const MfCollection *collection, const char *name)
{
	for (int i = 0; i < collection->nfields; i++)
	{
		if (strcmp(collection->fields[i].name, name) == 0)
			return &collection->fields[i];
	}
	return NULL;
}

static const MfField *
key_field(const MfCollection *collection)
{
	for (int i = 0; i < collection->nfields; i++)
	{
		if (collection->fields[i].key)
			return &collection->fields[i];
	}
	return NULL;
}

static void
no_such_field(const MfTable *table, const MfCollection *collection, const char *column, const char *field)
{
	StringInfoData names;

	initStringInfo(&names);
	for (int i = 0; i < collection->nfields; i++)
		appendStringInfo(&names, "%s%s", i ? ", " : "", collection->fields[i].name);
	ereport(ERROR,
			(errcode(ERRCODE_FDW_COLUMN_NAME_NOT_FOUND),
			 errmsg("column \"%s\" of foreign table \"%s\" has no field \"%s\" in collection \"%s\"",
					column, table->name, mf_safe_text(field), mf_safe_text(collection->name)),
			 errhint("The fields are: %s. Set the column's option \"field\" to one of them.", mf_safe_text(names.data))));
}

/* A key of the dynamic field: what its column's type would naturally be. */
static void
dynamic_field(MfField *field, const char *name, Form_pg_attribute att, int dim, bool file)
{
	MfWanted	wanted = mf_natural_kind(att->atttypid, att->atttypmod, dim);
	bool		vector = file && (wanted.kind == MF_KIND_VEC_F32 || (wanted.kind == MF_KIND_LIST && wanted.elem == MF_KIND_F32));

	memset(field, 0, sizeof(*field));
	field->name = name;
	field->native = "dynamic field";
	field->kind = wanted.kind == MF_KIND_VEC_F16 ? MF_KIND_VEC_F32 : wanted.kind;
	field->elem = wanted.elem;
	field->dim = wanted.dim;
	if (field->kind == MF_KIND_VEC_F32 && field->dim <= 0)
	{
		field->kind = MF_KIND_LIST;
		field->elem = MF_KIND_F32;
	}
	/* all rows of a file are as wide as the first */
	if (vector)
	{
		field->native = "new field";
		field->kind = MF_KIND_VEC_F32;
		field->elem = MF_KIND_NONE;
		field->dim = dim;
	}
	field->nullable = true;
}

/* The table's owner marked a column as the key: is it? */
static void
check_mark(MfRowWriter *w, const MfWriterColumn *column, const MfOptions *options)
{
	const MfField *key = key_field(w->spec.collection);

	if (column->field.key || !mf_option_bool(options, "key", false))
		return;
	ereport(ERROR,
			(errcode(ERRCODE_FDW_INVALID_ATTRIBUTE_VALUE),
			 errmsg("column \"%s\" of foreign table \"%s\" is marked as the key, but field \"%s\" is not the key of collection \"%s\"",
					column->name, w->table->name, mf_safe_text(column->field.name), mf_safe_text(w->spec.collection->name)),
			 key ? errdetail("Its key is field \"%s\".", mf_safe_text(key->name)) :
			 errdetail("It has no key."),
			 errhint("Drop the column's option \"key\".")));
}

/* What is written to which row must be told by its key. */
static void
require_key(MfRowWriter *w)
{
	const MfCollection *collection = w->spec.collection;
	const MfField *key = key_field(collection);

	if (w->key != NULL)
		return;
	if (key == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("collection \"%s\" has no primary key", mf_safe_text(collection->name)),
				 errdetail("Without one it cannot be said which row to change.")));
	ereport(ERROR,
			(errcode(ERRCODE_FDW_COLUMN_NAME_NOT_FOUND),
			 errmsg("foreign table \"%s\" has no column for the key \"%s\" of collection \"%s\"",
					w->table->name, mf_safe_text(key->name), mf_safe_text(collection->name)),
			 errhint("Add a column with option field '%s'.", mf_safe_text(key->name))));
}

/* May it differ from what was read? */
static bool
is_changed(const MfWriterJob *job, Form_pg_attribute att)
{
	return job->op == MF_WRITE_UPDATE &&
		(job->all_changed || att->attgenerated ||
		 bms_is_member(att->attnum - FirstLowInvalidHeapAttributeNumber, job->changed));
}

/* The column goes into the batches. */
static void
add_batch_column(MfRowWriter *w, MfWriterColumn *column, MfWriteColumn *out, Form_pg_attribute att,
				 const MfWriterJob *job)
{
	mf_writer_init(&column->writer, att->atttypid, att->atttypmod, &column->field,
				   column->name, CurrentMemoryContext);
	column->batch_column = w->spec.ncolumns++;
	out->column = mf_to_utf8(column->name);
	out->field = &column->field;
	out->changed = is_changed(job, att);
}

/* The place is w->columns[w->ncolumns]; field NULL = the collection does not know it. */
static MfWriterColumn *
bind_column(MfRowWriter *w, Form_pg_attribute att, const char *name, const MfField *field, int dim)
{
	MfWriterColumn *column = &w->columns[w->ncolumns];

	column->attnum = att->attnum;
	column->name = pstrdup(NameStr(att->attname));
	column->batch_column = -1;
	if (field != NULL)
		column->field = *field;
	else if (w->spec.collection->dynamic)
		dynamic_field(&column->field, name, att, dim,
					  (w->table->remote->connector->capabilities & MF_IS_FILES) != 0);
	else
		no_such_field(w->table, w->spec.collection, column->name, name);
	if (column->field.dim == 0 && mf_kind_is_vector(column->field.kind))
		column->field.dim = dim;
	return column;
}

static void
note_key(MfRowWriter *w, MfWriterColumn *column, Form_pg_attribute att)
{
	bool		varlena;

	w->key = column;
	w->key_type = att->atttypid;
	getTypeOutputInfo(att->atttypid, &w->key_output, &varlena);
	if (column->field.auto_id)
		mf_reader_init(&w->key_reader, att->atttypid, att->atttypmod, CurrentMemoryContext);
}

void
mf_writer_bind(MfRowWriter *w, const MfWriterJob *job)
{
	TupleDesc	desc = job->desc;
	MfWriteColumn *out = palloc0(sizeof(MfWriteColumn) * Max(desc->natts, 1));

	w->columns = palloc0(sizeof(MfWriterColumn) * Max(desc->natts, 1));
	for (int i = 0; i < desc->natts; i++)
	{
		Form_pg_attribute att = TupleDescAttr(desc, i);
		const MfField *field;
		MfOptions  *options;
		MfWriterColumn *column;
		const char *name;

		if (att->attisdropped)
			continue;
		options = mf_column_options(w->table->relid, att->attnum);
		name = mf_field_name(options, att);
		field = find_field(w->spec.collection, name);
		if (job->op == MF_WRITE_DELETE && (w->key != NULL || field == NULL || !field->key) &&
			!mf_option_bool(options, "key", false))
			continue;
		column = bind_column(w, att, name, field, (int) mf_option_int(options, "dim", 0));
		if (job->op != MF_WRITE_INSERT)
			check_mark(w, column, options);
		if (job->op == MF_WRITE_DELETE && w->key != NULL)
			continue;
		w->ncolumns++;
		if (column->field.key)
			note_key(w, column, att);
		/* who replaces or removes a row says which, whoever made its key */
		if (!column->field.auto_id || job->op != MF_WRITE_INSERT)
			add_batch_column(w, column, &out[w->spec.ncolumns], att, job);
	}
	w->spec.columns = out;
	if (job->op != MF_WRITE_INSERT)
		require_key(w);
}
