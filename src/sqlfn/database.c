/*
 * database.c - How does SQL create and drop a server's databases, and list them?
 */
#include "remote.h"

#include "src/fdw/properties.h"

PG_FUNCTION_INFO_V1(milvus_fdw_create_database);
PG_FUNCTION_INFO_V1(milvus_fdw_drop_database);
PG_FUNCTION_INFO_V1(milvus_fdw_databases);

/* create_database(server name, name text, properties jsonb) */
Datum
milvus_fdw_create_database(PG_FUNCTION_ARGS)
{
	MfRequest	request = {.verb = MF_VERB_CREATE_DATABASE};

	if (mf_sql_null_arg(fcinfo, 2))
		PG_RETURN_NULL();
	mf_sql_prevent_read_only("create_database()");
	request.name = mf_sql_text_arg(fcinfo, 1);
	if (!PG_ARGISNULL(2))
		request.args = mf_properties_from_jsonb(PG_GETARG_JSONB_P(2), "properties", NULL);
	mf_sql_request(mf_sql_server(PG_GETARG_NAME(0)), &request, "creating the database");
	PG_RETURN_VOID();
}

/* drop_database(server name, name text) */
Datum
milvus_fdw_drop_database(PG_FUNCTION_ARGS)
{
	MfRequest	request = {.verb = MF_VERB_DROP_DATABASE,.name = mf_sql_text_arg(fcinfo, 1)};

	mf_sql_prevent_read_only("drop_database()");
	mf_sql_request(mf_sql_server(PG_GETARG_NAME(0)), &request, "dropping the database");
	PG_RETURN_VOID();
}

/* databases(server name) returns setof (name, created) */
Datum
milvus_fdw_databases(PG_FUNCTION_ARGS)
{
	MfRequest	request = {.verb = MF_VERB_LIST_DATABASES};

	mf_sql_return_cells(fcinfo, mf_request(mf_sql_server(PG_GETARG_NAME(0)), &request, CurrentMemoryContext, NULL, NULL));
	return (Datum) 0;
}
