/*
 * explain.c - What would be asked of the remote?
 *
 * Nothing here touches the network: EXPLAIN without ANALYZE must not.
 */
#include "milvus_fdw.h"

#include "commands/explain.h"
#include "miscadmin.h"
#include "lib/stringinfo.h"
#include "nodes/makefuncs.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/ruleutils.h"
#include "direct_modify.h"
#include "modify.h"
#include "plan.h"
#include "scan.h"
#include "src/bulk/bulk_write.h"
#include "writer.h"

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

/* The options that let through only some of the collection's rows. */
static void
explain_narrowing(const MfConnector *connector, Oid relid, ExplainState *es)
{
	const MfOptions *table = mf_table_options(relid);
	const char *name;
	int			at = 0;

	while ((name = mf_narrowing(connector, table, &at)) != NULL)
		ExplainPropertyText(psprintf("Table %c%s", pg_toupper((unsigned char) name[0]), name + 1),
							mf_safe_text(mf_option(table, name)), es);
}

/* The connector's own words for the request, from the plan alone. */
static char *
request_text(ForeignScanState *node)
{
	ForeignScan *plan = (ForeignScan *) node->ss.ps.plan;
	char	   *text = palloc0(REQUEST_TEXT_SIZE);
	MfTable    *table = mf_table_open(scan_relid(node), mf_scan_user(node), CurrentMemoryContext);
	MfScanState *scan = mf_scan_setup(table, mf_scan_desc(table->relid, node->ss.ss_currentRelation),
									  plan->fdw_private);

	scan->exprs = plan->fdw_exprs;
	mf_scan_set_filters(scan, NULL);
	table->remote->connector->scan_explain(table->remote->options, &scan->spec, text, REQUEST_TEXT_SIZE);
	return mf_safe_text(text);
}

/* The order asked for, as ORDER BY would say it. */
static void
explain_order(ForeignScanState *node, ExplainState *es)
{
	List	   *sorts = list_nth(((ForeignScan *) node->ss.ps.plan)->fdw_private, MF_SCAN_SORTS);
	StringInfoData text;
	ListCell   *lc;

	if (sorts == NIL)
		return;
	initStringInfo(&text);
	foreach(lc, sorts)
	{
		List	   *sort = lfirst(lc);
		bool		descending = list_nth_int(sort, MF_SORT_DESCENDING) != 0;
		bool		nulls_first = list_nth_int(sort, MF_SORT_NULLS_FIRST) != 0;

		appendStringInfo(&text, "%s%s%s%s", text.len > 0 ? ", " : "",
						 quote_identifier(get_attname(scan_relid(node), (AttrNumber) list_nth_int(sort, MF_SORT_ATTNUM), false)),
						 descending ? " DESC" : "",
						 nulls_first == descending ? "" : nulls_first ? " NULLS FIRST" : " NULLS LAST");
	}
	ExplainPropertyText("Remote Order", text.data, es);
}

static char *
number_text(ForeignScanState *node, Node *number, ExplainState *es)
{
	Const	   *c = (Const *) number;

	if (IsA(c, Const))
		return c->constisnull ? pstrdup("NULL") : psprintf(INT64_FORMAT, DatumGetInt64(c->constvalue));
	return deparse_expression(number, set_deparse_context_plan(es->deparse_cxt, node->ss.ps.plan, NIL), false, false);
}

static void
explain_limit(ForeignScanState *node, ExplainState *es)
{
	ForeignScan *plan = (ForeignScan *) node->ss.ps.plan;
	List	   *limit = list_nth(plan->fdw_private, MF_SCAN_LIMIT);
	char	   *text;

	if (limit == NIL)
		return;
	text = number_text(node, list_nth(plan->fdw_exprs, linitial_int(limit)), es);
	if (lsecond_int(limit) >= 0)
		text = psprintf("%s + %s", text, number_text(node, list_nth(plan->fdw_exprs, lsecond_int(limit)), es));
	ExplainPropertyText("Remote Limit", text, es);
}

/* Time spent waiting, where times are asked for at all. */
static void
explain_wait(uint64 waited_us, ExplainState *es)
{
	if (es->timing)
		ExplainPropertyFloat("Remote Wait", "ms", (double) waited_us / 1000, 3, es);
}

/* What happened. */
static void
explain_run(MfScanState *state, ExplainState *es)
{
	MfScanStats stats;

	mf_scan_totals(state, &stats);
	if (state->count && state->spec.nfilters > 0)
		ExplainPropertyText("Counted", state->counted_here ? "locally" : "remotely", es);
	if (state->sorts != NIL)
		ExplainPropertyText("Sorted", state->in_order ? "remotely" : "locally", es);
	if (state->splits > 0)
		ExplainPropertyInteger("Remote Splits", NULL, state->splits, es);
	ExplainPropertyInteger("Remote Requests", NULL, stats.requests, es);
	if (stats.retries > 0)
		ExplainPropertyInteger("Remote Retries", NULL, stats.retries, es);
	ExplainPropertyInteger("Remote Rows", NULL, stats.rows, es);
	ExplainPropertyInteger("Remote Bytes", NULL, stats.bytes, es);
	explain_wait(state->waited_us, es);
	if (es->verbose)
		ExplainPropertyText("Snapshot", (state->parallel ? state->claims_bound : stats.snapshot) ? "yes" : "no", es);
}

void
mf_explain_scan(ForeignScanState *node, ExplainState *es)
{
	ForeignScan *plan = (ForeignScan *) node->ss.ps.plan;
	MfScanState *state = node->fdw_state;
	Oid			relid = scan_relid(node);
	const MfConnector *connector = mf_connector_of_server(GetForeignTable(relid)->serverid);

	ExplainPropertyText("Remote Collection",
						mf_safe_text(mf_collection_name(connector, mf_table_options(relid), relid)), es);
	explain_narrowing(connector, relid, es);
	explain_filter(node, es);
	if (intVal(list_nth(plan->fdw_private, MF_SCAN_COUNT)) != 0)
		ExplainPropertyText("Remote Aggregate", "count(*)", es);
	explain_order(node, es);
	explain_limit(node, es);
	if (es->verbose && connector->scan_explain != NULL)
		ExplainPropertyText("Remote Request", request_text(node), es);
	if (es->analyze && state != NULL && (state->started || state->parallel))
		explain_run(state, es);
}

/* What is still on its way is settled first: else nobody would know of it. */
static void
explain_writer(MfRowWriter *writer, ExplainState *es)
{
	MfWriteCounts counts;
	uint64		waited_us;
	int64		batches;

	mf_writer_finish(writer);
	mf_writer_stats(writer, &counts, &batches, &waited_us);
	ExplainPropertyInteger("Remote Requests", NULL, counts.requests, es);
	if (counts.retries > 0)
		ExplainPropertyInteger("Remote Retries", NULL, counts.retries, es);
	ExplainPropertyInteger("Remote Rows", NULL, counts.acknowledged, es);
	ExplainPropertyInteger("Remote Batches", NULL, batches, es);
	ExplainPropertyInteger("Remote Bytes", NULL, counts.bytes, es);
	explain_wait(waited_us, es);
}

/* What is staged where, from the options alone; what came of it only once it ran. */
static void
explain_bulk(Oid relid, const MfBulkStats *stats, ExplainState *es)
{
	const MfOptions *server = mf_options_from_list(GetForeignServer(GetForeignTable(relid)->serverid)->options, NIL);
	const MfOptions *table = mf_table_options(relid);
	const char *format = mf_setting_text(table, server, "bulk_format", "auto");
	int64		file_bytes = mf_setting_int(table, server, "stage_file_bytes", 0);

	ExplainPropertyText("Write Mode", "bulk", es);
	ExplainPropertyText("Store", mf_safe_text(mf_setting_text(table, server, "stage", "none")), es);
	if (stats == NULL)
	{
		ExplainPropertyText("Format", strcmp(format, "auto") == 0 ? "chosen by the server's version and the collection" : format, es);
		if (file_bytes > 0)
			ExplainPropertyInteger("File Bytes", NULL, file_bytes, es);
		return;
	}
	ExplainPropertyText("Format", psprintf("%s: %s", stats->format, mf_safe_text(stats->why)), es);
	ExplainPropertyInteger("File Bytes", NULL, stats->file_bytes, es);
	ExplainPropertyInteger("Imports", NULL, stats->imports, es);
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
	if (mf_is_bulk(relid))
		explain_bulk(relid, rri->ri_FdwState != NULL ? mf_writer_bulk_stats(((MfModify *) rri->ri_FdwState)->writer) : NULL, es);
	if (es->analyze && rri->ri_FdwState != NULL)
		explain_writer(((MfModify *) rri->ri_FdwState)->writer, es);
}

void
mf_explain_direct(ForeignScanState *node, ExplainState *es)
{
	MfScanState *state = node->fdw_state;
	Oid			relid = scan_relid(node);
	const MfConnector *connector = mf_connector_of_server(GetForeignTable(relid)->serverid);

	ExplainPropertyText("Remote Collection",
						mf_safe_text(mf_collection_name(connector, mf_table_options(relid), relid)), es);
	explain_narrowing(connector, relid, es);
	explain_filter(node, es);
	if (es->analyze && state != NULL)
		ExplainPropertyText("Remote Deletion", state->direct->by_condition ? "by condition" : "by key", es);
}
