/*
 * remote.c - How does an SQL function reach a server or a table's collection?
 */
#include "remote.h"

#include "access/xact.h"
#include "catalog/pg_class.h"
#include "catalog/pg_foreign_server.h"
#include "catalog/pg_type.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "utils/acl.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/jsonb.h"
#include "utils/lsyscache.h"

static void
check_usage(Oid serverid, const char *name)
{
	AclResult	result = mf_server_aclcheck(serverid, GetUserId(), ACL_USAGE);

	if (result != ACLCHECK_OK)
		aclcheck_error(result, OBJECT_FOREIGN_SERVER, name);
}

MfRemote *
mf_sql_server(Name server)
{
	Oid			serverid = get_foreign_server_oid(NameStr(*server), false);

	MfRemote   *remote;

	check_usage(serverid, NameStr(*server));
	remote = mf_connect(serverid, GetUserId(), CurrentMemoryContext);
	if (remote->connector->capabilities & MF_IS_FILES)
		mf_check_files_role(GetUserId(), false);
	return remote;
}

MfTable *
mf_sql_table(Oid relid, bool must_own)
{
	ForeignServer *server;

	if (get_rel_name(relid) == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_TABLE), errmsg("relation with OID %u does not exist", relid)));
	if (get_rel_relkind(relid) != RELKIND_FOREIGN_TABLE)
		ereport(ERROR,
				(errcode(ERRCODE_WRONG_OBJECT_TYPE),
				 errmsg("\"%s\" is not a foreign table", get_rel_name(relid))));
	server = GetForeignServer(GetForeignTable(relid)->serverid);
	(void) mf_connector_of_server(server->serverid);
	check_usage(server->serverid, server->servername);
	if (must_own && !mf_table_ownercheck(relid, GetUserId()))
		aclcheck_error(ACLCHECK_NOT_OWNER, OBJECT_FOREIGN_TABLE, get_rel_name(relid));
	return mf_table_open(relid, GetUserId(), CurrentMemoryContext);
}

void
mf_sql_prevent_read_only(const char *function)
{
	PreventCommandIfReadOnly(function);
	PreventCommandDuringRecovery(function);
}

char *
mf_sql_text_arg(FunctionCallInfo fcinfo, int n)
{
	return PG_ARGISNULL(n) ? NULL : mf_to_utf8(text_to_cstring(PG_GETARG_TEXT_PP(n)));
}

char *
mf_sql_json_arg(FunctionCallInfo fcinfo, int n)
{
	Jsonb	   *object;

	if (PG_ARGISNULL(n))
		return NULL;
	object = PG_GETARG_JSONB_P(n);
	if (!JB_ROOT_IS_OBJECT(object))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("parameters must be a JSON object")));
	return mf_to_utf8(JsonbToCString(NULL, &object->root, VARSIZE(object)));
}

const char *const *
mf_sql_names_arg(FunctionCallInfo fcinfo, int n, int *count)
{
	Datum	   *datums;
	bool	   *nulls;
	const char **names;

	*count = 0;
	if (PG_ARGISNULL(n))
		return NULL;
	deconstruct_array(PG_GETARG_ARRAYTYPE_P(n), TEXTOID, -1, false, TYPALIGN_INT, &datums, &nulls, count);
	names = palloc(sizeof(char *) * (*count + 1));
	for (int i = 0; i < *count; i++)
	{
		if (nulls[i])
			ereport(ERROR,
					(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED), errmsg("names must not be null")));
		names[i] = mf_to_utf8(TextDatumGetCString(datums[i]));
	}
	return names;
}

const MfOptions *
mf_sql_database_arg(FunctionCallInfo fcinfo, int n)
{
	MfOptions  *options;
	MfOption   *item;

	if (PG_ARGISNULL(n))
		return NULL;
	item = palloc(sizeof(MfOption));
	*item = (MfOption) {"database", mf_sql_text_arg(fcinfo, n)};
	options = palloc(sizeof(MfOptions));
	*options = (MfOptions) {1, item};
	return options;
}

bool
mf_sql_null_arg(FunctionCallInfo fcinfo, int count)
{
	for (int i = 0; i < count; i++)
	{
		if (PG_ARGISNULL(i))
			return true;
	}
	return false;
}

void
mf_sql_return_cells(FunctionCallInfo fcinfo, const MfReply *reply)
{
	ReturnSetInfo *result = (ReturnSetInfo *) fcinfo->resultinfo;
	AttInMetadata *attributes;

	InitMaterializedSRF(fcinfo, MAT_SRF_BLESS);
	attributes = TupleDescGetAttInMetadata(result->setDesc);
	for (int row = 0; reply != NULL && row < reply->nrows; row++)
	{
		char	  **texts = palloc0(sizeof(char *) * result->setDesc->natts);

		for (int i = 0; i < Min(reply->ncolumns, result->setDesc->natts); i++)
		{
			const char *cell = reply->cells[row * reply->ncolumns + i];

			texts[i] = cell != NULL ? mf_safe_text(cell) : NULL;
		}
		tuplestore_puttuple(result->setResult, BuildTupleFromCStrings(attributes, texts));
	}
}

static void
show_progress(void *arg, int percent)
{
	if (percent >= 0)
		ereport(NOTICE, (errmsg("%s: %d %%", (const char *) arg, percent)));
	else
		ereport(NOTICE, (errmsg("%s", (const char *) arg)));
}

const MfReply *
mf_sql_request(MfRemote *remote, MfRequest *request, const char *doing)
{
	return mf_request(remote, request, CurrentMemoryContext, show_progress, (void *) doing);
}
