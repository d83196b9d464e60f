/*
 * partition.c - How does SQL create and drop partitions and aliases of a collection?
 */
#include "remote.h"

#include "utils/builtins.h"

PG_FUNCTION_INFO_V1(milvus_fdw_create_partition);
PG_FUNCTION_INFO_V1(milvus_fdw_drop_partition);
PG_FUNCTION_INFO_V1(milvus_fdw_create_alias);
PG_FUNCTION_INFO_V1(milvus_fdw_alter_alias);
PG_FUNCTION_INFO_V1(milvus_fdw_drop_alias);
PG_FUNCTION_INFO_V1(milvus_fdw_aliases);

/* f("table" regclass, name text): the name is the second argument */
static Datum
act(FunctionCallInfo fcinfo, MfVerb verb, const char *function, const char *doing)
{
	MfTable    *table = mf_sql_table(PG_GETARG_OID(0), true);
	MfRequest	request = {
		.verb = verb,.collection = table->collection,.options = table->options,.name = mf_sql_text_arg(fcinfo, 1)
	};

	mf_sql_prevent_read_only(function);
	mf_sql_request(table->remote, &request, psprintf("%s \"%s\"", doing, mf_safe_text(request.name)));
	PG_RETURN_VOID();
}

/* create_partition("table" regclass, partition text) */
Datum
milvus_fdw_create_partition(PG_FUNCTION_ARGS)
{
	return act(fcinfo, MF_VERB_CREATE_PARTITION, "create_partition()", "creating partition");
}

/* drop_partition("table" regclass, partition text) */
Datum
milvus_fdw_drop_partition(PG_FUNCTION_ARGS)
{
	return act(fcinfo, MF_VERB_DROP_PARTITION, "drop_partition()", "dropping partition");
}

/* create_alias("table" regclass, alias text) */
Datum
milvus_fdw_create_alias(PG_FUNCTION_ARGS)
{
	return act(fcinfo, MF_VERB_CREATE_ALIAS, "create_alias()", "creating alias");
}

/* alter_alias("table" regclass, alias text) */
Datum
milvus_fdw_alter_alias(PG_FUNCTION_ARGS)
{
	return act(fcinfo, MF_VERB_ALTER_ALIAS, "alter_alias()", "changing alias");
}

/* drop_alias("table" regclass, alias text) */
Datum
milvus_fdw_drop_alias(PG_FUNCTION_ARGS)
{
	return act(fcinfo, MF_VERB_DROP_ALIAS, "drop_alias()", "dropping alias");
}

/* aliases(server name, collection text, database text) returns setof (alias, collection) */
Datum
milvus_fdw_aliases(PG_FUNCTION_ARGS)
{
	MfRequest	request = {.verb = MF_VERB_LIST_ALIASES};

	const MfReply *reply = NULL;

	request.collection = mf_sql_text_arg(fcinfo, 1);
	request.args = mf_sql_database_arg(fcinfo, 2);
	if (!mf_sql_null_arg(fcinfo, 1))
		reply = mf_request(mf_sql_server(PG_GETARG_NAME(0)), &request, CurrentMemoryContext, NULL, NULL);
	mf_sql_return_cells(fcinfo, reply);
	return (Datum) 0;
}
