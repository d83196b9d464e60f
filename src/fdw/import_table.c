/*
 * import_table.c - Which foreign table describes a collection?
 *
 * Every identifier is quoted, and the remote's own name stands in an option
 * wherever it differs.  What names and types do not say stands in options too,
 * so that the collection can be made again from the table (option_create.c).
 * What cannot be a column is named in a NOTICE.
 */
#include "import.h"

#include "lib/stringinfo.h"
#include "mb/pg_wchar.h"
#include "miscadmin.h"
#include "properties.h"
#include "sqltype.h"
#include "utils/builtins.h"

static char *
clip(char *name)
{
	int			len = (int) strlen(name);

	if (len >= NAMEDATALEN)
		name[pg_mbcliplen(name, len, NAMEDATALEN - 1)] = '\0';
	return name;
}

char *
mf_import_name(const MfCollection *collection)
{
	return clip(mf_from_utf8(collection->table ? collection->table : collection->name));
}

/* An OPTIONS list that grows; NULL values are left out. */
typedef struct Options
{
	StringInfo	buf;
	int			count;
} Options;

static void
add(Options *options, const char *name, const char *value)
{
	if (value == NULL)
		return;
	appendStringInfo(options->buf, "%s%s %s", options->count++ ? ", " : "OPTIONS (", name,
					 quote_literal_cstr(mf_from_utf8(value)));
}

static void
add_int(Options *options, const char *name, int64 value)
{
	if (value > 0)
		add(options, name, psprintf(INT64_FORMAT, value));
}

static void
add_true(Options *options, const char *name, bool value)
{
	if (value)
		add(options, name, "true");
}

static void
add_json(Options *options, const char *name, const MfOptions *properties)
{
	if (properties != NULL && properties->n > 0)
		add(options, name, mf_to_utf8(mf_properties_to_json(properties)));
}

/* Empty texts can be no options, and say nothing. */
static const char *
said(const char *text)
{
	return text != NULL && text[0] != '\0' ? text : NULL;
}

/* What create_collection() needs to know of a field beyond its column. */
static void
add_creation(Options *options, const MfField *field)
{
	add(options, "data_type", field->dynamic ? field->native : field->data_type);
	if (field->dynamic)
		return;
	if (field->kind == MF_KIND_TEXT || field->elem == MF_KIND_TEXT)
		add_int(options, "max_length", field->max_bytes);
	if (field->kind == MF_KIND_LIST)
		add_int(options, "max_capacity", field->max_items);
	add_true(options, "auto_id", field->auto_id);
	if (field->has_default && !field->nullable)
		add(options, "nullable", "false");
	add_true(options, "partition_key", field->partition_key);
	add_true(options, "clustering_key", field->clustering_key);
	add(options, "default_value", said(field->default_value));
	add(options, "description", said(field->description));
	add_json(options, "properties", field->properties);
	if (field->nindexes == 0)
	{
		if (field->index == NULL && (mf_kind_is_vector(field->kind) || field->kind == MF_KIND_SPARSE))
			add(options, "index_type", "none");
		return;
	}
	add(options, "index_type", said(field->index) ? field->index : "auto");
	add(options, "metric_type", said(field->metric));
	add(options, "index_name", said(field->index_name));
	add(options, "index_params", said(field->index_params));
	add_json(options, "index_properties", field->index_settings);
}

static void
append_column(StringInfo buf, const MfRemote *remote, const MfField *field, const char *name, const char *type)
{
	Options		options = {buf, 0};

	appendStringInfo(buf, "\n\t%s %s ", quote_identifier(name), type);
	if (strcmp(name, field->name) != 0)
		add(&options, mf_field_option(remote->connector), field->name);
	if (mf_kind_is_vector(field->kind) && field->kind != MF_KIND_VEC_BIT)
		add_int(&options, "dim", field->dim);
	add_true(&options, "key", field->key);
	if (remote->connector->verbs & MF_VERB_BIT(MF_VERB_CREATE_COLLECTION))
		add_creation(&options, field);
	if (options.count > 0)
		appendStringInfoString(buf, ") ");
	/* where there is a default, an INSERT may leave the column out */
	if (!field->nullable && !field->auto_id && !field->has_default)
		appendStringInfoString(buf, "NOT NULL");
}

/* Two fields that would be one column: the user must choose. */
static void
refuse_collision(const MfCollection *collection, char **names, int n)
{
	for (int i = 0; i < n; i++)
	{
		if (names[i] != NULL && strcmp(names[i], names[n]) == 0)
			ereport(ERROR,
					(errcode(ERRCODE_DUPLICATE_COLUMN),
					 errmsg("fields \"%s\" and \"%s\" of collection \"%s\" would both be column \"%s\"",
							mf_safe_text(collection->fields[i].name),
							mf_safe_text(collection->fields[n].name),
							mf_safe_text(collection->name), names[n]),
					 errhint("Leave the collection out with EXCEPT, and create its foreign table by hand "
							 "with column option \"field\".")));
	}
}

static void
append_columns(StringInfo buf, const MfRemote *remote, const MfCollection *collection)
{
	char	  **names = palloc0(sizeof(char *) * Max(collection->nfields, 1));
	StringInfoData skipped;
	int			columns = 0;

	initStringInfo(&skipped);
	for (int i = 0; i < collection->nfields; i++)
	{
		const MfField *field = &collection->fields[i];
		const char *type = mf_sql_type(field);

		if (field->pseudo && !field->key)
			continue;
		if (type == NULL)
		{
			appendStringInfo(&skipped, "%s\"%s\" (%s%s%s)", skipped.len ? ", " : "", field->name,
							 field->native, field->skip ? ": " : "", field->skip ? field->skip : "");
			continue;
		}
		names[i] = clip(mf_portable_name(field->name));
		refuse_collision(collection, names, i);
		if (columns++ > 0)
			appendStringInfoChar(buf, ',');
		append_column(buf, remote, field, names[i], type);
	}
	if (skipped.len > 0)
		ereport(NOTICE,
				(errmsg("collection \"%s\": skipped fields that cannot be columns",
						mf_safe_text(collection->name)),
				 errdetail("%s", mf_safe_text(skipped.data))));
}

/* Names of partitions hold no commas. */
static void
add_partitions(Options *options, const MfCollection *collection)
{
	StringInfoData list;

	initStringInfo(&list);
	for (int i = 0; i < collection->npartitions; i++)
		appendStringInfo(&list, "%s%s", i > 0 ? "," : "", collection->partitions[i]);
	add(options, "partitions", said(list.data));
}

char *
mf_import_statement(const MfRemote *remote, const char *database, const char *table,
					const MfCollection *collection)
{
	StringInfoData buf;
	Options		options = {&buf, 0};

	initStringInfo(&buf);
	appendStringInfo(&buf, "CREATE FOREIGN TABLE %s (", quote_identifier(table));
	append_columns(&buf, remote, collection);
	appendStringInfo(&buf, "\n) SERVER %s\n", quote_identifier(remote->server));
	add(&options, remote->connector->collection_option, collection->name);
	add(&options, "database", database);
	if (remote->connector->verbs & MF_VERB_BIT(MF_VERB_CREATE_COLLECTION))
	{
		add(&options, "description", said(collection->description));
		add_int(&options, "shards", collection->shards);
		add_int(&options, "num_partitions", collection->num_partitions);
		add_partitions(&options, collection);
		add(&options, "default_consistency_level", collection->consistency_level);
		add_true(&options, "dynamic", collection->dynamic);
		add_json(&options, "properties", collection->properties);
	}
	appendStringInfoChar(&buf, ')');
	return buf.data;
}
