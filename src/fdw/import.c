/*
 * import.c - Which foreign tables describe a server's collections?
 *
 * IMPORT FOREIGN SCHEMA: a CREATE FOREIGN TABLE for each collection that is
 * wanted, made by import_table.c.
 */
#include "milvus_fdw.h"

#include "import.h"
#include "miscadmin.h"

typedef struct Import
{
	ImportForeignSchemaStmt *stmt;
	MfRemote   *remote;
	const char *database;		/* NULL: the remote has none, or the default */
} Import;

/* Do LIMIT TO and EXCEPT let this collection in? */
static bool
is_wanted(const ImportForeignSchemaStmt *stmt, const MfCollection *collection)
{
	char	   *name;
	ListCell   *lc;
	bool		listed = false;

	if (stmt->list_type == FDW_IMPORT_SCHEMA_ALL)
		return true;
	name = mf_import_name(collection);
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
			found |= strcmp(mf_import_name(&list->collections[i]), name) == 0;
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
			char	   *table = mf_import_name(collection);

			/* where describing costs nothing, the listing has the fields */
			if (collection->nfields == 0)
				collection = mf_describe_whole(import.remote, collection->name, &options, CurrentMemoryContext, false);
			statements = lappend(statements, mf_import_statement(import.remote, import.database, table, collection));
		}
	}
	return statements;
}
