/*
 * state.c - How does SQL load, release, flush and compact a collection?
 */
#include "remote.h"

#include "utils/builtins.h"

PG_FUNCTION_INFO_V1(milvus_fdw_load);
PG_FUNCTION_INFO_V1(milvus_fdw_release);
PG_FUNCTION_INFO_V1(milvus_fdw_flush);
PG_FUNCTION_INFO_V1(milvus_fdw_compact);

static const MfReply *
act(Oid relid, MfRequest *request, const char *function, const char *doing)
{
	MfTable    *table = mf_sql_table(relid, true);

	mf_sql_prevent_read_only(function);
	request->collection = table->collection;
	request->options = table->options;
	return mf_sql_request(table->remote, request,
						  psprintf("%s collection \"%s\"", doing, mf_safe_text(table->collection)));
}

/* load("table" regclass, partitions text[], replica_number integer): returns when queries can be answered */
Datum
milvus_fdw_load(PG_FUNCTION_ARGS)
{
	MfRequest	request = {.verb = MF_VERB_LOAD};
	MfOption	item = {.name = "replica_number"};
	MfOptions	args = {1, &item};

	if (mf_sql_null_arg(fcinfo, 1))
		PG_RETURN_NULL();
	request.names = mf_sql_names_arg(fcinfo, 1, &request.nnames);
	if (!PG_ARGISNULL(2))
	{
		item.value = psprintf("%d", PG_GETARG_INT32(2));
		request.args = &args;
	}
	act(PG_GETARG_OID(0), &request, "load()", "loading");
	PG_RETURN_VOID();
}

/* release("table" regclass, partitions text[]) */
Datum
milvus_fdw_release(PG_FUNCTION_ARGS)
{
	MfRequest	request = {.verb = MF_VERB_RELEASE};

	if (mf_sql_null_arg(fcinfo, 1))
		PG_RETURN_NULL();
	request.names = mf_sql_names_arg(fcinfo, 1, &request.nnames);
	act(PG_GETARG_OID(0), &request, "release()", "releasing");
	PG_RETURN_VOID();
}

/* flush("table" regclass): returns when all rows written so far are stored */
Datum
milvus_fdw_flush(PG_FUNCTION_ARGS)
{
	MfRequest	request = {.verb = MF_VERB_FLUSH};

	act(PG_GETARG_OID(0), &request, "flush()", "flushing");
	PG_RETURN_VOID();
}

/* compact("table" regclass, wait boolean) returns bigint: the compaction's id */
Datum
milvus_fdw_compact(PG_FUNCTION_ARGS)
{
	MfOption	item = {"wait", PG_GETARG_BOOL(1) ? "true" : "false"};
	MfOptions	args = {1, &item};
	MfRequest	request = {.verb = MF_VERB_COMPACT,.args = &args};
	const MfReply *reply = act(PG_GETARG_OID(0), &request, "compact()", "compacting");

	if (reply->text == NULL)
		PG_RETURN_NULL();
	PG_RETURN_INT64(strtoll(reply->text, NULL, 10));
}
