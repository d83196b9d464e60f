/*
 * explain.c - What would be asked of the remote?
 *
 * Nothing here touches the network: EXPLAIN without ANALYZE must not.
 */
#include "milvus_fdw.h"

#include "commands/explain.h"
#include "nodes/makefuncs.h"
#include "utils/ruleutils.h"
#include "compat.h"
#include "plan.h"
#include "scan.h"

#define REQUEST_TEXT_SIZE 8192

/* The foreign table, also where the whole query is the remote's. */
static Oid
scan_relid(ForeignScanState *node)
{
	return linitial_oid(list_nth(((ForeignScan *) node->ss.ps.plan)->fdw_private, MF_SCAN_RELID));
}

/* Conditions that go to the remote, as SQL; all are checked here again. */
static void
explain_filter(ForeignScanState *node, ExplainState *es)
{
	List	   *clauses = ((ForeignScan *) node->ss.ps.plan)->fdw_recheck_quals;
	List	   *context;

	if (clauses == NIL)
		return;
	context = set_deparse_context_plan(es->deparse_cxt, node->ss.ps.plan, NIL);
	ExplainPropertyText("Remote Filter",
						deparse_expression((Node *) make_ands_explicit(clauses), context,
										   es->verbose || list_length(es->rtable) > 1, false), es);
}

/* The connector's own words for the request, from the plan alone. */
static char *
request_text(ForeignScanState *node)
{
	ForeignScan *plan = (ForeignScan *) node->ss.ps.plan;
	Relation	rel = node->ss.ss_currentRelation;
	char	   *text = palloc0(REQUEST_TEXT_SIZE);
	MfTable    *table = mf_table_open(scan_relid(node), mf_scan_user(node), CurrentMemoryContext);
	MfScanState *scan = mf_scan_setup(table, rel ? RelationGetDescr(rel) : NULL, plan->fdw_private);

	scan->exprs = plan->fdw_exprs;
	mf_scan_set_filters(scan, NULL);
	table->remote->connector->scan_explain(table->remote->options, &scan->spec, text, REQUEST_TEXT_SIZE);
	return mf_safe_text(text);
}

void
mf_explain_scan(ForeignScanState *node, ExplainState *es)
{
	MfScanState *state = node->fdw_state;
	Oid			relid = scan_relid(node);
	const MfConnector *connector = mf_connector_of_server(GetForeignTable(relid)->serverid);

	ExplainPropertyText("Remote Collection",
						mf_safe_text(mf_collection_name(connector, mf_table_options(relid), relid)), es);
	explain_filter(node, es);
	if (intVal(list_nth(((ForeignScan *) node->ss.ps.plan)->fdw_private, MF_SCAN_COUNT)) != 0)
		ExplainPropertyText("Remote Aggregate", "count(*)", es);
	if (es->verbose && connector->scan_explain != NULL)
		ExplainPropertyText("Remote Request", request_text(node), es);
	if (es->analyze && state != NULL && state->scan != NULL)
	{
		MfScanStats stats;

		memset(&stats, 0, sizeof(stats));
		connector->scan_stats(state->scan, &stats);
		ExplainPropertyInteger("Remote Requests", NULL, stats.requests, es);
		if (stats.retries > 0)
			ExplainPropertyInteger("Remote Retries", NULL, stats.retries, es);
		ExplainPropertyInteger("Remote Rows", NULL, stats.rows, es);
		ExplainPropertyInteger("Remote Bytes", NULL, stats.bytes, es);
	}
}

void
mf_explain_modify(ModifyTableState *mtstate, ResultRelInfo *rri, List *fdw_private,
				  int subplan, ExplainState *es)
{
	Oid			relid = RelationGetRelid(rri->ri_RelationDesc);
	const MfConnector *connector = mf_connector_of_server(GetForeignTable(relid)->serverid);

	if (es->verbose)
		ExplainPropertyText("Remote Collection",
							mf_safe_text(mf_collection_name(connector, mf_table_options(relid), relid)), es);
}
