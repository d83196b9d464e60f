/*
 * table.c - What does a query or a message need to know of a foreign table?
 */
#include "table.h"

#include "utils/builtins.h"
#include "utils/lsyscache.h"

/* Connectors find the collection's name among the options, given or not. */
static MfOptions *
with_collection(MfOptions *options, const MfConnector *connector, const char *collection)
{
	MfOptions  *more;

	if (mf_option(options, connector->collection_option) != NULL)
		return options;
	more = palloc(sizeof(MfOptions));
	more->n = options->n + 1;
	more->items = memcpy(palloc(sizeof(MfOption) * more->n), options->items, sizeof(MfOption) * options->n);
	((MfOption *) more->items)[options->n] = (MfOption) {connector->collection_option, collection};
	return more;
}

MfTable *
mf_table_open(Oid relid, Oid userid, MemoryContext context)
{
	MemoryContext before = MemoryContextSwitchTo(context);
	MfTable    *table = palloc0(sizeof(MfTable));

	table->relid = relid;
	table->userid = userid;
	table->options = mf_table_options(relid);
	table->remote = mf_connect_table(relid, userid, context);
	table->collection = mf_collection_name(table->remote->connector, table->options, relid);
	table->options = with_collection(table->options, table->remote->connector, table->collection);
	table->name = mf_table_display_name(relid);
	table->part = mf_is_part(table->remote->connector, table->options);
	MemoryContextSwitchTo(before);
	return table;
}

char *
mf_table_display_name(Oid relid)
{
	return quote_qualified_identifier(get_namespace_name(get_rel_namespace(relid)),
									  get_rel_name(relid));
}

MfWhere
mf_table_where(const MfTable *table)
{
	return (MfWhere) {
		.remote = table->remote,.collection = table->collection,.table = table->name
	};
}

int64
mf_table_int(const MfTable *table, const char *name, int64 otherwise)
{
	return mf_setting_int(table->options, table->remote->options, name, otherwise);
}

bool
mf_table_bool(const MfTable *table, const char *name, bool otherwise)
{
	return mf_setting_bool(table->options, table->remote->options, name, otherwise);
}

const char *
mf_table_text(const MfTable *table, const char *name, const char *otherwise)
{
	return mf_setting_text(table->options, table->remote->options, name, otherwise);
}

void
mf_table_raise(const MfTable *table, MfError *err)
{
	MfWhere		where = mf_table_where(table);

	/* only here is it known which table was asked for: name the exact call */
	if (strcmp(err->sqlstate, MF_OBJECT_NOT_IN_STATE) == 0 &&
		(table->remote->connector->verbs & MF_VERB_BIT(MF_VERB_LOAD)))
		mf_error_hint(err, "Run SELECT milvus_fdw.load(%s); or set the table's option auto_load to 'true'.",
					  quote_literal_cstr(table->name));
	mf_raise(err, &where);
}
