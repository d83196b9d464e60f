/*
 * split.c - Which parts can a foreign table be read in?
 */
#include "remote.h"

#include "access/table.h"
#include "catalog/pg_class.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "src/fdw/plan.h"
#include "src/fdw/scan.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/tuplestore.h"

PG_FUNCTION_INFO_V1(milvus_fdw_splits);

static void
put_split(ReturnSetInfo *result, const MfSplit *split)
{
	Datum		values[3] = {
		CStringGetTextDatum(mf_from_utf8(split->token)), Int64GetDatum(split->rows), BoolGetDatum(split->durable)
	};
	bool		nulls[3] = {false, split->rows < 0, false};

	tuplestore_putvalues(result->setResult, result->setDesc, values, nulls);
}

/*
 * splits(foreign_table regclass, wanted integer) returns setof (token text,
 * rows bigint, durable boolean).  Raises INSUFFICIENT_PRIVILEGE (no SELECT),
 * FEATURE_NOT_SUPPORTED, INVALID_PARAMETER_VALUE.  Tokens that are not durable
 * mean nothing any more when it returns.
 */
Datum
milvus_fdw_splits(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *result = (ReturnSetInfo *) fcinfo->resultinfo;
	Oid			relid = PG_GETARG_OID(0);
	int			wanted = PG_GETARG_INT32(1);
	MfTable    *table;
	MfScanState *state;
	Relation	rel;
	TupleDesc	desc;
	const MfReply *reply;

	InitMaterializedSRF(fcinfo, 0);
	table = mf_sql_table(relid, false);
	if (pg_class_aclcheck(relid, GetUserId(), ACL_SELECT) != ACLCHECK_OK)
		aclcheck_error(ACLCHECK_NO_PRIV, OBJECT_FOREIGN_TABLE, get_rel_name(relid));
	if (wanted < 0 || wanted > 1024)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("the number of parts must be from 0 to 1024")));
	mf_require_verb(table->remote, MF_VERB_SPLIT);
	rel = table_open(relid, AccessShareLock);
	desc = RelationGetDescr(rel);
	state = mf_scan_setup(table, desc, mf_plan_whole_table(relid, desc));
	if (state->spec.split != NULL)
		put_split(result, &(MfSplit) {state->spec.split, -1, true});
	else
	{
		reply = mf_split(state, wanted, CurrentMemoryContext);
		for (int i = 0; i < reply->nsplits; i++)
			put_split(result, &reply->splits[i]);
	}
	table_close(rel, NoLock);
	return (Datum) 0;
}
