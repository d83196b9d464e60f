/*
 * milvus_fdw.c - What does the extension offer PostgreSQL?
 *
 * The table of contents: module magic, start-up, and the handler and validator
 * that all wrappers share.  Nothing threaded starts here: gRPC and curl start
 * at their first use.
 */
#include "milvus_fdw.h"

#include "access/reloptions.h"
#include "catalog/pg_foreign_data_wrapper.h"

#include "src/fdw/option.h"

PG_MODULE_MAGIC;

void		_PG_init(void);

/* One handler and one validator for each wrapper, so that its name tells. */
#define WRAPPER(name) \
	PG_FUNCTION_INFO_V1(name##_handler); \
	PG_FUNCTION_INFO_V1(name##_validator); \
	Datum name##_handler(PG_FUNCTION_ARGS) { return mf_handler(fcinfo); } \
	Datum name##_validator(PG_FUNCTION_ARGS) { return mf_validator(fcinfo); }

Datum
mf_handler(PG_FUNCTION_ARGS)
{
	FdwRoutine *routine = makeNode(FdwRoutine);

	routine->GetForeignRelSize = mf_get_rel_size;	/* src/fdw/rel.c */
	routine->GetForeignPaths = mf_get_paths;
	routine->GetForeignPlan = mf_get_plan;	/* src/fdw/plan.c */
	routine->GetForeignUpperPaths = mf_get_upper_paths;	/* src/fdw/upper.c */

	routine->BeginForeignScan = mf_begin_scan;	/* src/fdw/scan.c */
	routine->IterateForeignScan = mf_iterate_scan;
	routine->ReScanForeignScan = mf_rescan;
	routine->EndForeignScan = mf_end_scan;

	routine->IsForeignScanParallelSafe = mf_is_parallel_safe;	/* src/fdw/parallel.c */
	routine->EstimateDSMForeignScan = mf_estimate_dsm;
	routine->InitializeDSMForeignScan = mf_initialize_dsm;
	routine->ReInitializeDSMForeignScan = mf_reinitialize_dsm;
	routine->InitializeWorkerForeignScan = mf_initialize_worker;
	routine->ShutdownForeignScan = mf_shutdown_scan;

	routine->AddForeignUpdateTargets = mf_add_update_targets;	/* src/fdw/row_identity.c */
	routine->PlanForeignModify = mf_plan_modify;	/* src/fdw/modify_plan.c */
	routine->IsForeignRelUpdatable = mf_is_updatable;
	routine->BeginForeignModify = mf_begin_modify;	/* src/fdw/modify.c */
	routine->ExecForeignInsert = mf_exec_insert;
	routine->ExecForeignUpdate = mf_exec_update;
	routine->ExecForeignDelete = mf_exec_delete;
	routine->EndForeignModify = mf_end_modify;
	routine->BeginForeignInsert = mf_begin_insert;
	routine->EndForeignInsert = mf_end_insert;

	routine->PlanDirectModify = mf_plan_direct; /* src/fdw/direct_modify.c */
	routine->BeginDirectModify = mf_begin_direct;
	routine->IterateDirectModify = mf_iterate_direct;
	routine->EndDirectModify = mf_end_direct;
	routine->ExecForeignTruncate = mf_exec_truncate;	/* src/fdw/truncate.c */

	routine->ExplainForeignScan = mf_explain_scan;	/* src/fdw/explain.c */
	routine->ExplainForeignModify = mf_explain_modify;
	routine->ExplainDirectModify = mf_explain_direct;

	routine->AnalyzeForeignTable = mf_analyze;	/* src/fdw/analyze.c */
	routine->ImportForeignSchema = mf_import_schema;	/* src/fdw/import.c */

	PG_RETURN_POINTER(routine);
}

Datum
mf_validator(PG_FUNCTION_ARGS)
{
	/* a wrapper without options needs no module that may not be installed */
	if (PG_GETARG_OID(1) == ForeignDataWrapperRelationId && untransformRelOptions(PG_GETARG_DATUM(0)) == NIL)
		PG_RETURN_VOID();
	mf_validate_options(mf_connector_of_validator(fcinfo->flinfo->fn_oid),
						PG_GETARG_DATUM(0), PG_GETARG_OID(1));
	PG_RETURN_VOID();
}

WRAPPER(milvus_fdw)
WRAPPER(elasticsearch_fdw)
WRAPPER(faiss_fdw)
WRAPPER(hdf5_fdw)
WRAPPER(milvus1_fdw)
WRAPPER(object_store_fdw)

void
_PG_init(void)
{
	mf_registry_init();
	mf_finish_init();
}
