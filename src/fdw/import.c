/*
 * import.c - Which foreign tables describe a server's collections?
 *
 * IMPORT FOREIGN SCHEMA: a CREATE FOREIGN TABLE for each collection, every
 * identifier quoted, with the remote's own name in an option wherever it
 * differs.  What cannot be a column is named in a NOTICE.
 */
#include "milvus_fdw.h"

#include "lib/stringinfo.h"
#include "mb/pg_wchar.h"
#include "miscadmin.h"
#include "sqltype.h"
#include "utils/builtins.h"

typedef struct Import
{
	ImportForeignSchemaStmt *stmt;
	MfRemote   *remote;
	const char *database;		/* NULL: the remote has none, or the default */
} Import;

/* As short as PostgreSQL would make it. */
static char *
clip(char *name)
{
	int			len = (int) strlen(name);

	if (len >= NAMEDATALEN)
		name[pg_mbcliplen(name, len, NAMEDATALEN - 1)] = '\0';
	return name;
}

static char *
table_name(const MfCollection *collection)
{
	return clip(mf_from_utf8(collection->table ? collection->table : collection->name));
}

static void
append_option(StringInfo buf, int *count, const char *name, const char *value)
{
	appendStringInfo(buf, "%s%s %s", (*count)++ ? ", " : "OPTIONS (", name,
					 quote_literal_cstr(mf_from_utf8(value)));
}

static void
append_column(StringInfo buf, const MfConnector *connector, const MfField *field, const char *name, const char *type)
{
	int			options = 0;

	appendStringInfo(buf, "\n\t%s %s ", quote_identifier(name), type);
	if (strcmp(name, field->name) != 0)
		append_option(buf, &options, mf_field_option(connector), field->name);
	if (field->key)
		append_option(buf, &options, "key", "true");
	if (mf_kind_is_vector(field->kind) && field->kind != MF_KIND_VEC_BIT && field->dim > 0)
		append_option(buf, &options, "dim", psprintf("%d", field->dim));
	if (options > 0)
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

static char *
create_statement(Import *import, const char *table, const MfCollection *collection)
{
	const MfConnector *connector = import->remote->connector;
	char	  **names = palloc0(sizeof(char *) * Max(collection->nfields, 1));
	StringInfoData buf;
	StringInfoData skipped;
	int			columns = 0;
	int			options = 0;

	initStringInfo(&buf);
	initStringInfo(&skipped);
	appendStringInfo(&buf, "CREATE FOREIGN TABLE %s (", quote_identifier(table));
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
			appendStringInfoChar(&buf, ',');
		append_column(&buf, connector, field, names[i], type);
	}
	appendStringInfo(&buf, "\n) SERVER %s\n", quote_identifier(import->remote->server));
	append_option(&buf, &options, connector->collection_option, collection->name);
	if (import->database != NULL)
		append_option(&buf, &options, "database", import->database);
	appendStringInfoChar(&buf, ')');

	if (skipped.len > 0)
		ereport(NOTICE,
				(errmsg("collection \"%s\": skipped fields that cannot be columns",
						mf_safe_text(collection->name)),
				 errdetail("%s", mf_safe_text(skipped.data))));
	return buf.data;
}

/* Do LIMIT TO and EXCEPT let this collection in? */
static bool
is_wanted(const ImportForeignSchemaStmt *stmt, const MfCollection *collection)
{
	char	   *name;
	ListCell   *lc;
	bool		listed = false;

	if (stmt->list_type == FDW_IMPORT_SCHEMA_ALL)
		return true;
	name = table_name(collection);
	foreach(lc, stmt->table_list)
		listed |= strcmp(((RangeVar *) lfirst(lc))->relname, name) == 0;
	return listed == (stmt->list_type == FDW_IMPORT_SCHEMA_LIMIT_TO);
}

/* LIMIT TO names that are not there: say so instead of importing nothing. */
static void
warn_missing(Import *import, const MfReply *list)
{
	ListCell   *lc;

	if (import->stmt->list_type != FDW_IMPORT_SCHEMA_LIMIT_TO)
		return;
	foreach(lc, import->stmt->table_list)
	{
		const char *name = ((RangeVar *) lfirst(lc))->relname;
		bool		found = false;

		for (int i = 0; i < list->ncollections; i++)
			found |= strcmp(table_name(&list->collections[i]), name) == 0;
		if (!found)
			ereport(WARNING,
					(errcode(ERRCODE_FDW_TABLE_NOT_FOUND),
					 errmsg("collection \"%s\" does not exist on server \"%s\"", name, import->remote->server)));
	}
}

static void
check_statement(Import *import)
{
	const char *schema = import->stmt->remote_schema;
	ListCell   *lc;

	foreach(lc, import->stmt->options)
		ereport(ERROR,
				(errcode(ERRCODE_FDW_INVALID_OPTION_NAME),
				 errmsg("invalid option \"%s\" for IMPORT FOREIGN SCHEMA", ((DefElem *) lfirst(lc))->defname),
				 errhint("There are no valid options in this context.")));
	/* a server that names a database itself would be taken at its word */
	if (import->remote->connector->capabilities & MF_HAS_DATABASES)
		import->database = strcmp(schema, "default") == 0 && mf_option(import->remote->options, "database") == NULL ?
			NULL : mf_to_utf8(schema);
	else if (import->remote->connector->capabilities & MF_IS_FILES)
		mf_check_files_role(GetUserId(), false);
	else if (strcmp(schema, "default") != 0)
		ereport(ERROR,
				(errcode(ERRCODE_FDW_SCHEMA_NOT_FOUND),
				 errmsg("remote schema \"%s\" does not exist on server \"%s\"", schema, import->remote->server),
				 errhint("%s has one schema, called \"default\".", import->remote->connector->remote)));
}

List *
mf_import_schema(ImportForeignSchemaStmt *stmt, Oid serverid)
{
	Import		import = {.stmt = stmt};
	MfRequest	request = {.verb = MF_VERB_LIST,.schema_name = mf_to_utf8(stmt->remote_schema)};
	MfOption	database = {.name = "database"};
	MfOptions	options = {.n = 0,.items = &database};
	const MfReply *list;
	List	   *statements = NIL;

	import.remote = mf_connect(serverid, GetUserId(), CurrentMemoryContext);
	check_statement(&import);
	if (import.database != NULL)
	{
		database.value = import.database;
		options.n = 1;
	}
	list = mf_request(import.remote, &request, CurrentMemoryContext, NULL, NULL);
	warn_missing(&import, list);
	for (int i = 0; i < list->ncollections; i++)
	{
		const MfCollection *collection = &list->collections[i];

		CHECK_FOR_INTERRUPTS();
		if (is_wanted(stmt, collection))
		{
			char	   *table = table_name(collection);

			if (collection->nfields == 0)
				collection = mf_describe(import.remote, collection->name, &options, CurrentMemoryContext);
			statements = lappend(statements, create_statement(&import, table, collection));
		}
	}
	return statements;
}
