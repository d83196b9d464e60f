/*
 * state_of.c - In which state is a collection, as rows?
 */
#include "remote.h"

#include "utils/builtins.h"

PG_FUNCTION_INFO_V1(milvus_fdw_partitions);
PG_FUNCTION_INFO_V1(milvus_fdw_load_state);
PG_FUNCTION_INFO_V1(milvus_fdw_collection_statistics);
PG_FUNCTION_INFO_V1(milvus_fdw_segments);
PG_FUNCTION_INFO_V1(milvus_fdw_compaction_state);

static Datum
ask(FunctionCallInfo fcinfo, MfRequest *request)
{
	MfTable    *table;

	if (mf_sql_null_arg(fcinfo, 1))
	{
		mf_sql_return_cells(fcinfo, NULL);
		return (Datum) 0;
	}
	table = mf_sql_table(PG_GETARG_OID(0), false);
	request->collection = table->collection;
	request->options = table->options;
	mf_sql_return_cells(fcinfo, mf_request(table->remote, request, CurrentMemoryContext, NULL, NULL));
	return (Datum) 0;
}

/* partitions("table" regclass) returns setof (name, id, created, rows, state) */
Datum
milvus_fdw_partitions(PG_FUNCTION_ARGS)
{
	return ask(fcinfo, &(MfRequest) {.verb = MF_VERB_LIST_PARTITIONS});
}

/* load_state("table" regclass, partitions text[]) returns (state, progress) */
Datum
milvus_fdw_load_state(PG_FUNCTION_ARGS)
{
	MfRequest	request = {.verb = MF_VERB_LOAD_STATE};

	request.names = mf_sql_names_arg(fcinfo, 1, &request.nnames);
	return ask(fcinfo, &request);
}

/* collection_statistics("table" regclass) returns setof (name, value) */
Datum
milvus_fdw_collection_statistics(PG_FUNCTION_ARGS)
{
	return ask(fcinfo, &(MfRequest) {.verb = MF_VERB_STATISTICS});
}

/* segments("table" regclass) returns setof (id, partition, rows, state, level, loaded_rows, ...) */
Datum
milvus_fdw_segments(PG_FUNCTION_ARGS)
{
	return ask(fcinfo, &(MfRequest) {.verb = MF_VERB_SEGMENTS});
}

/* compaction_state("table" regclass, compaction bigint) returns (state, executing, ...) */
Datum
milvus_fdw_compaction_state(PG_FUNCTION_ARGS)
{
	return ask(fcinfo, &(MfRequest) {
		.verb = MF_VERB_COMPACTION_STATE,.name = psprintf(INT64_FORMAT, PG_GETARG_INT64(1))
	});
}
