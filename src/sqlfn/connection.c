/*
 * connection.c - Which connections does this session hold?
 */
#include "milvus_fdw.h"

#include "catalog/pg_user_mapping.h"
#include "access/htup_details.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/syscache.h"
#include "utils/tuplestore.h"

PG_FUNCTION_INFO_V1(milvus_fdw_connections);
PG_FUNCTION_INFO_V1(milvus_fdw_disconnect);
PG_FUNCTION_INFO_V1(milvus_fdw_disconnect_all);

/* The role of a user mapping, "public" for everybody's, or NULL without one. */
static char *
mapped_role(Oid umid)
{
	HeapTuple	tuple;
	Oid			role;

	if (!OidIsValid(umid))
		return NULL;
	tuple = SearchSysCache1(USERMAPPINGOID, ObjectIdGetDatum(umid));
	if (!HeapTupleIsValid(tuple))
		return NULL;
	role = ((Form_pg_user_mapping) GETSTRUCT(tuple))->umuser;
	ReleaseSysCache(tuple);
	return OidIsValid(role) ? GetUserNameFromId(role, true) : pstrdup("public");
}

/* connections() returns setof (server name, user_name text, valid boolean, in_use boolean) */
Datum
milvus_fdw_connections(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *result = (ReturnSetInfo *) fcinfo->resultinfo;
	ListCell   *lc;

	InitMaterializedSRF(fcinfo, 0);
	foreach(lc, mf_connection_list())
	{
		MfConnectionInfo *info = lfirst(lc);
		char	   *role = mapped_role(info->umid);
		NameData	server;
		Datum		values[4];
		bool		nulls[4] = {false};

		namestrcpy(&server, info->server);
		values[0] = NameGetDatum(&server);
		nulls[1] = role == NULL;
		values[1] = role ? CStringGetTextDatum(role) : (Datum) 0;
		values[2] = BoolGetDatum(info->valid);
		values[3] = BoolGetDatum(info->in_use);
		tuplestore_putvalues(result->setResult, result->setDesc, values, nulls);
	}
	return (Datum) 0;
}

/* disconnect(server name) returns boolean: was one closed? */
Datum
milvus_fdw_disconnect(PG_FUNCTION_ARGS)
{
	PG_RETURN_BOOL(mf_connection_close(get_foreign_server_oid(NameStr(*PG_GETARG_NAME(0)), false)) > 0);
}

/* disconnect_all() returns boolean: was any closed? */
Datum
milvus_fdw_disconnect_all(PG_FUNCTION_ARGS)
{
	PG_RETURN_BOOL(mf_connection_close(InvalidOid) > 0);
}
