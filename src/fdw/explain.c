/*
 * explain.c - What would be asked of the remote?
 *
 * Nothing here touches the network: EXPLAIN without ANALYZE must not.
 */
#include "milvus_fdw.h"

#include "commands/explain.h"
#include "compat.h"
#include "plan.h"
#include "scan.h"

#define REQUEST_TEXT_SIZE 8192

/* The connector's own words for the request, from the plan alone. */
static char *
request_text(ForeignScanState *node)
{
	ForeignScan *plan = (ForeignScan *) node->ss.ps.plan;
	Relation	rel = node->ss.ss_currentRelation;
	char	   *text = palloc0(REQUEST_TEXT_SIZE);
	MfTable    *table = mf_table_open(RelationGetRelid(rel), mf_scan_user(node), CurrentMemoryContext);
	MfScanState *scan = mf_scan_setup(table, RelationGetDescr(rel),
									  list_nth(plan->fdw_private, MF_SCAN_COLUMNS));

	table->remote->connector->scan_explain(table->remote->options, &scan->spec, text, REQUEST_TEXT_SIZE);
	return mf_safe_text(text);
}

void
mf_explain_scan(ForeignScanState *node, ExplainState *es)
{
	MfScanState *state = node->fdw_state;
	Oid			relid = RelationGetRelid(node->ss.ss_currentRelation);
	const MfConnector *connector = mf_connector_of_server(GetForeignTable(relid)->serverid);

	ExplainPropertyText("Remote Collection",
						mf_safe_text(mf_collection_name(connector, mf_table_options(relid), relid)), es);
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
