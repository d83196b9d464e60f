/*
 * index.c - How does SQL create and drop the index of a field?
 */
#include "remote.h"

#include "utils/builtins.h"

PG_FUNCTION_INFO_V1(milvus_fdw_create_index);
PG_FUNCTION_INFO_V1(milvus_fdw_drop_index);

/* create_index("table" regclass, field text, index_type text, metric_type text, params jsonb, index_name text) */
Datum
milvus_fdw_create_index(PG_FUNCTION_ARGS)
{
	MfOption	items[4];
	MfOptions	args = {.n = 0,.items = items};
	MfRequest	request = {.verb = MF_VERB_CREATE_INDEX,.args = &args};
	static const char *const names[] = {"index_type", "metric_type"};
	const MfReply *reply;
	MfTable    *table;

	if (PG_ARGISNULL(0) || PG_ARGISNULL(1))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED), errmsg("table and field must not be null")));
	mf_sql_prevent_read_only("create_index()");
	for (int i = 0; i < 2; i++)
	{
		if (!PG_ARGISNULL(2 + i))
			items[args.n++] = (MfOption) {names[i], mf_sql_text_arg(fcinfo, 2 + i)};
	}
	if (!PG_ARGISNULL(4))
		items[args.n++] = (MfOption) {"params", mf_sql_json_arg(fcinfo, 4)};
	if (!PG_ARGISNULL(5))
		items[args.n++] = (MfOption) {"index_name", mf_sql_text_arg(fcinfo, 5)};
	table = mf_sql_table(PG_GETARG_OID(0), true);
	request.collection = table->collection;
	request.options = table->options;
	request.field = mf_sql_text_arg(fcinfo, 1);
	reply = mf_sql_request(table->remote, &request,
						   psprintf("creating the index of field \"%s\"", mf_safe_text(request.field)));
	if (reply->note != NULL)
		ereport(NOTICE, (errmsg("%s", mf_safe_text(reply->note))));
	PG_RETURN_VOID();
}

/* drop_index("table" regclass, field text) */
Datum
milvus_fdw_drop_index(PG_FUNCTION_ARGS)
{
	MfTable    *table = mf_sql_table(PG_GETARG_OID(0), true);
	MfRequest	request = {.verb = MF_VERB_DROP_INDEX};

	mf_sql_prevent_read_only("drop_index()");
	request.collection = table->collection;
	request.options = table->options;
	request.field = mf_sql_text_arg(fcinfo, 1);
	mf_sql_request(table->remote, &request, "dropping the index");
	PG_RETURN_VOID();
}
