/*
 * direct_modify.c - Can the remote delete by the WHERE clause itself?
 *
 * Planned where all of WHERE can be said to a remote.  Whether it means there
 * exactly what it means here depends on the collection's types, so that is
 * asked when the statement runs: then it is one request.  Else the keys are
 * read with the same conditions, each row is checked here, and what is left is
 * deleted by key.
 */
#include "direct_modify.h"

#include "executor/executor.h"
#include "miscadmin.h"
#include "nodes/makefuncs.h"
#include "optimizer/pathnode.h"
#include "parser/parsetree.h"
#include "plan.h"
#include "row_identity.h"
#include "writer.h"

/* ---------------------------------------------------------------- planning */

/* The scan of the table, if nothing but that is below the DELETE. */
static ForeignScan *
scan_below(ModifyTable *plan, Index rti, int subplan)
{
	Plan	   *below = outerPlan(plan);

	if (IsA(below, Result) && outerPlan(below) != NULL && IsA(outerPlan(below), Append))
		below = outerPlan(below);
	if (IsA(below, Append) && subplan < list_length(((Append *) below)->appendplans))
		below = list_nth(((Append *) below)->appendplans, subplan);
	if (!IsA(below, ForeignScan) || ((ForeignScan *) below)->scan.scanrelid != rti)
		return NULL;
	return (ForeignScan *) below;
}

bool
mf_plan_direct(PlannerInfo *root, ModifyTable *plan, Index rti, int subplan)
{
	Oid			relid = planner_rt_fetch(rti, root)->relid;
	const MfConnector *connector = mf_connector_of_server(GetForeignTable(relid)->serverid);
	MfQualContext context = {.root = root,.relid = relid};
	ForeignScan *scan = scan_below(plan, rti, subplan);
	List	   *shipped;

	if (plan->operation != CMD_DELETE || plan->returningLists != NIL || scan == NULL ||
		!(connector->capabilities & MF_CAN_DELETE) || !(connector->verbs & MF_VERB_BIT(MF_VERB_DELETE)))
		return false;
	context.rel = find_base_rel(root, rti);
	(void) mf_plan_templates(&context, scan->scan.plan.qual, &shipped);
	if (!mf_plan_says_all(&context, scan->scan.plan.qual, shipped))
		return false;
	scan->operation = CMD_DELETE;
	scan->resultRelation = rti;
	scan->scan.plan.async_capable = false;
	scan->fdw_private = lappend(scan->fdw_private, makeInteger(plan->canSetTag));
	return true;
}

/* ----------------------------------------------------------------- running */

void
mf_begin_direct(ForeignScanState *node, int eflags)
{
	mf_begin_scan(node, eflags);
	if (node->fdw_state != NULL)
		((MfScanState *) node->fdw_state)->direct =
			MemoryContextAllocZero(node->ss.ps.state->es_query_cxt, sizeof(MfDirect));
}

/* Do the conditions mean there what they mean here? */
static bool
is_exact(MfScanState *state)
{
	const MfConnector *connector = state->table->remote->connector;
	const MfCollection *collection;

	/* what a table leaves out must not be deleted through it */
	if (state->table->part)
		return false;
	if (state->spec.nfilters == 0)
		return true;
	collection = mf_describe(state->table->remote, state->table->collection, state->table->options,
							 CurrentMemoryContext);
	for (int i = 0; i < state->spec.nfilters; i++)
	{
		if (connector->filter_check(collection, state->spec.filters[i]) != MF_SHIP_EXACT)
			return false;
	}
	return true;
}

/* Those rows of a batch that meet the conditions, checked here. */
static int64
count_batch(ForeignScanState *node, MfScanState *count)
{
	ExprContext *econtext = node->ss.ps.ps_ExprContext;
	TupleTableSlot *slot = node->ss.ss_ScanTupleSlot;
	MemoryContext before = MemoryContextSwitchTo(econtext->ecxt_per_tuple_memory);
	int64		rows = 0;

	while (count->row < count->batch->nrows)
	{
		CHECK_FOR_INTERRUPTS();
		ExecClearTuple(slot);
		memset(slot->tts_isnull, true, sizeof(bool) * slot->tts_tupleDescriptor->natts);
		mf_scan_row(count, slot->tts_values, slot->tts_isnull);
		ExecStoreVirtualTuple(slot);
		econtext->ecxt_scantuple = slot;
		rows += ExecQual(node->ss.ps.qual, econtext);
		ResetExprContext(econtext);
	}
	ExecClearTuple(slot);
	MemoryContextSwitchTo(before);
	return rows;
}

/* How many rows meet the conditions now? */
static int64
count_rows(ForeignScanState *node)
{
	const MfScanState *state = node->fdw_state;
	MfScanState *count = mf_scan_setup(state->table, state->desc, ((ForeignScan *) node->ss.ps.plan)->fdw_private);
	int64		rows = 0;

	count->spec.count_only = true;
	count->spec.nsorts = 0;
	count->spec.nfilters = state->spec.nfilters;
	count->spec.filters = state->spec.filters;
	while (mf_scan_batch(count))
		rows += count->batch->ncolumns == 0 || count->spec.ncolumns == 0 ? count->batch->nrows : count_batch(node, count);
	mf_scan_stop(count);
	return rows;
}

/*
 * One request.  false = the remote will not have it after all, and nothing is
 * deleted.  Not every remote says how many rows there were: those are counted
 * before.
 */
static bool
delete_by_condition(ForeignScanState *node)
{
	MfScanState *state = node->fdw_state;
	MfTable    *table = state->table;
	bool		tells = (table->remote->connector->capabilities & MF_TELLS_DELETED) != 0;
	MfRequest	request = {
		.verb = MF_VERB_DELETE,.collection = table->collection,.options = table->options,
		.nfilters = state->spec.nfilters,.filters = state->spec.filters
	};
	MfLedgerEntry *entry = mf_ledger_open(table->remote->server, table->collection, MF_LEDGER_DELETED);
	int64		counted = tells ? -1 : count_rows(node);
	const MfReply *reply;
	MfError		err;

	entry->unanswered = true;
	reply = mf_try_request(table->remote, &request, CurrentMemoryContext, &err);
	if (reply == NULL)
	{
		entry->unanswered = err.retry != MF_RETRY_NO;
		if (strcmp(err.sqlstate, MF_OBJECT_NOT_IN_STATE) == 0)
		{
			mf_ledger_close(entry);
			return false;
		}
		mf_table_raise(table, &err);
	}
	state->direct->rows = reply->rows >= 0 ? reply->rows : counted;
	entry->unanswered = false;
	entry->acknowledged = state->direct->rows;
	mf_ledger_close(entry);
	return true;
}

/* The keys of the rows that meet the conditions, and then those rows. */
static void
delete_by_key(ForeignScanState *node, MfScanState *state)
{
	ExprContext *econtext = node->ss.ps.ps_ExprContext;
	MfWriterJob job = {.op = MF_WRITE_DELETE,.desc = state->desc};
	MfRowWriter *writer = mf_writer_begin(state->table, &job);
	AttrNumber	key = mf_writer_key(writer);
	TupleTableSlot *slot;
	MemoryContext before;
	bool		read = false;

	for (int i = 0; i < state->spec.ncolumns; i++)
		read |= state->attnums[i] == key;
	if (!read)
		mf_row_identity_missing(state->table, TupleDescAttr(state->desc, key - 1));
	before = MemoryContextSwitchTo(econtext->ecxt_per_tuple_memory);
	while (slot = mf_iterate_scan(node), !TupIsNull(slot))
	{
		CHECK_FOR_INTERRUPTS();
		econtext->ecxt_scantuple = slot;
		if (ExecQual(node->ss.ps.qual, econtext))
		{
			bool		isnull;
			Datum		value = slot_getattr(slot, key, &isnull);

			mf_writer_delete(writer, value, isnull);
			state->direct->rows++;
		}
		ResetExprContext(econtext);
	}
	MemoryContextSwitchTo(before);
	mf_writer_finish(writer);
}

TupleTableSlot *
mf_iterate_direct(ForeignScanState *node)
{
	EState	   *estate = node->ss.ps.state;
	MfScanState *state = node->fdw_state;
	MfDirect   *direct = state->direct;
	bool		counts = intVal(llast(((ForeignScan *) node->ss.ps.plan)->fdw_private)) != 0;
	MemoryContext before;

	if (!direct->done)
	{
		before = MemoryContextSwitchTo(estate->es_query_cxt);
		direct->done = true;
		mf_scan_set_filters(state, node->ss.ps.ps_ExprContext);
		direct->by_condition = is_exact(state) && delete_by_condition(node);
		if (!direct->by_condition)
			delete_by_key(node, state);
		MemoryContextSwitchTo(before);
		if (counts)
			estate->es_processed += direct->rows;
		if (node->ss.ps.instrument != NULL)
			node->ss.ps.instrument->tuplecount += direct->rows;
	}
	return ExecClearTuple(node->ss.ss_ScanTupleSlot);
}

void
mf_end_direct(ForeignScanState *node)
{
	mf_end_scan(node);
}
