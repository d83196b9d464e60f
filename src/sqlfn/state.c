/*
 * state.c - How does SQL load, release and flush a collection?
 */
#include "remote.h"

PG_FUNCTION_INFO_V1(milvus_fdw_load);
PG_FUNCTION_INFO_V1(milvus_fdw_release);
PG_FUNCTION_INFO_V1(milvus_fdw_flush);

static void
act(Oid relid, MfVerb verb, const char *function, const char *doing)
{
	MfTable    *table = mf_sql_table(relid, true);
	MfRequest	request = {.verb = verb,.collection = table->collection,.options = table->options};

	mf_sql_prevent_read_only(function);
	mf_sql_request(table->remote, &request, psprintf("%s collection \"%s\"", doing, mf_safe_text(table->collection)));
}

/* load("table" regclass): returns when queries can be answered */
Datum
milvus_fdw_load(PG_FUNCTION_ARGS)
{
	act(PG_GETARG_OID(0), MF_VERB_LOAD, "load()", "loading");
	PG_RETURN_VOID();
}

/* release("table" regclass) */
Datum
milvus_fdw_release(PG_FUNCTION_ARGS)
{
	act(PG_GETARG_OID(0), MF_VERB_RELEASE, "release()", "releasing");
	PG_RETURN_VOID();
}

/* flush("table" regclass): returns when all rows written so far are stored */
Datum
milvus_fdw_flush(PG_FUNCTION_ARGS)
{
	act(PG_GETARG_OID(0), MF_VERB_FLUSH, "flush()", "flushing");
	PG_RETURN_VOID();
}
