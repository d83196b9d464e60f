/*
 * scan.c - How do remote rows become slots?
 *
 * Batches are pulled from the connector and handed out row by row as virtual
 * tuples whose values point into the batch where they can.  A batch outlives
 * the next one, so a row is good until the scan is called again.  Counting and
 * sorting here are in scan_count.c and scan_sort.c.
 */
#include "scan.h"

#include "access/table.h"
#include "executor/executor.h"
#include "plan.h"
#include "scan_sort.h"
#include "spool.h"

bool
mf_scan_now(const MfScanState *state, MfScanStats *stats)
{
	memset(stats, 0, sizeof(*stats));
	stats->remote_rows = -1;
	if (state->scan != NULL)
		state->table->remote->connector->scan_stats(state->scan, stats);
	else if (state->parts != NULL)
		mf_parts_stats(state->parts, stats);
	return state->scan != NULL || state->parts != NULL;
}

void
mf_stats_add(MfScanStats *sum, const MfScanStats *stats)
{
	sum->requests += stats->requests;
	sum->retries += stats->retries;
	sum->bytes += stats->bytes;
	sum->rows += stats->rows;
}

void
mf_scan_totals(MfScanState *state, MfScanStats *stats)
{
	bool		reading = mf_scan_now(state, stats);

	mf_stats_add(stats, &state->before);
	if (!reading)
		stats->snapshot = state->before.snapshot;
}

void
mf_scan_stop(MfScanState *state)
{
	MfScanStats totals;

	mf_scan_totals(state, &totals);
	state->before = totals;
	if (state->scan != NULL)
		state->table->remote->connector->scan_end(state->scan);
	if (state->parts != NULL)
		mf_parts_end(state->parts);
	state->scan = NULL;
	state->batch = NULL;
	state->ended = false;
	state->batches = 0;
}

/* What is cut ends by itself: its memory goes first. */
static void
end_scan(void *arg)
{
	mf_scan_stop(arg);
}

TupleDesc
mf_scan_desc(Oid relid, Relation rel)
{
	TupleDesc	desc;

	if (rel != NULL)
		return RelationGetDescr(rel);
	/* a count has no relation of its own; the query holds the lock */
	rel = table_open(relid, NoLock);
	desc = CreateTupleDescCopy(RelationGetDescr(rel));
	table_close(rel, NoLock);
	return desc;
}

/* What is asked of the connector for one column. */
static void
want_column(MfScanState *state, int i, Form_pg_attribute att)
{
	MfOptions  *options = mf_column_options(state->table->relid, att->attnum);
	int			dim = (int) mf_option_int(options, "dim", 0);
	MfWanted	wanted = mf_natural_kind(att->atttypid, att->atttypmod, dim);
	MfScanColumn *column = (MfScanColumn *) &state->spec.columns[i];

	column->column = mf_to_utf8(NameStr(att->attname));
	column->field = mf_field_name(options, att);
	/* what has halves delivers halves all the same */
	column->kind = wanted.kind == MF_KIND_VEC_F16 ? MF_KIND_VEC_F32 : wanted.kind;
	column->elem = wanted.elem;
	column->dim = wanted.dim;
	column->headroom = wanted.headroom;
	mf_reader_init(&state->readers[i], att->atttypid, att->atttypmod, CurrentMemoryContext);
}

/* A table of a file's parts has as many rows as they, whichever are read. */
static void
name_fields(MfScanState *state)
{
	Relation	rel = table_open(state->table->relid, NoLock);
	TupleDesc	desc = RelationGetDescr(rel);
	const char **fields = palloc0(sizeof(char *) * Max(desc->natts, 1));

	for (int i = 0; i < desc->natts; i++)
	{
		Form_pg_attribute att = TupleDescAttr(desc, i);

		if (!att->attisdropped)
			fields[state->spec.nfields++] = pstrdup(mf_field_name(mf_column_options(state->table->relid, att->attnum), att));
	}
	state->spec.fields = fields;
	table_close(rel, NoLock);
}

MfScanState *
mf_scan_setup(MfTable *table, TupleDesc desc, List *fdw_private)
{
	List	   *attnums = list_nth(fdw_private, MF_SCAN_COLUMNS);
	MfScanState *state = palloc0(sizeof(MfScanState));
	int			n = list_length(attnums);
	ListCell   *lc;
	int			i = 0;

	state->table = table;
	state->desc = desc;
	state->templates = list_nth(fdw_private, MF_SCAN_TEMPLATES);
	state->limit = list_nth(fdw_private, MF_SCAN_LIMIT);
	state->count = intVal(list_nth(fdw_private, MF_SCAN_COUNT)) != 0;
	state->sorts = list_nth(fdw_private, MF_SCAN_SORTS);
	state->filter_context = AllocSetContextCreate(CurrentMemoryContext, "milvus_fdw filters",
												  ALLOCSET_SMALL_SIZES);
	state->attnums = palloc(sizeof(AttrNumber) * Max(n, 1));
	state->places = palloc(sizeof(int) * Max(n, 1));
	state->readers = palloc0(sizeof(MfReader) * Max(n, 1));
	state->spec.size = sizeof(MfScanSpec);
	state->spec.options = table->options;
	state->spec.ncolumns = n;
	state->spec.columns = palloc0(sizeof(MfScanColumn) * Max(n, 1));
	state->spec.limit = -1;
	state->spec.count_only = state->count;
	state->spec.first_rows = intVal(list_nth(fdw_private, MF_SCAN_FIRST));
	state->spec.nsorts = list_length(state->sorts);
	state->spec.sorts = mf_sort_specs(state->sorts, table->relid, desc);
	state->spec.fetch_size = (int32) mf_table_int(table, "fetch_size", 0);
	state->spec.mem = &table->remote->mem;
	state->spec.split = mf_option(table->options, "split");
	foreach(lc, attnums)
	{
		state->attnums[i] = (AttrNumber) lfirst_int(lc);
		/* a count's tuple is the number, then the columns */
		state->places[i] = state->count ? i + 1 : state->attnums[i] - 1;
		want_column(state, i, TupleDescAttr(desc, state->attnums[i] - 1));
		i++;
	}
	if (table->remote->connector->capabilities & MF_IS_FILES)
		name_fields(state);
	state->callback.func = end_scan;
	state->callback.arg = state;
	MemoryContextRegisterResetCallback(CurrentMemoryContext, &state->callback);
	return state;
}

static void
use_spool(ForeignScanState *node, MfScanState *state, MfSpool *spool)
{
	state->spool = spool;
	if (spool != NULL && !mf_spool_is_fixed(node))
		state->templates = state->limit = NIL;	/* read once, whatever the parameters */
}

/* Before the first row: all that the statement writes to is open now. */
static void
look_at_writers(ForeignScanState *node, MfScanState *state)
{
	MemoryContext before = MemoryContextSwitchTo(node->ss.ps.state->es_query_cxt);

	use_spool(node, state, mf_spool_begin_late(node, state->table));
	MemoryContextSwitchTo(before);
}

void
mf_begin_scan(ForeignScanState *node, int eflags)
{
	EState	   *estate = node->ss.ps.state;
	ForeignScan *plan = (ForeignScan *) node->ss.ps.plan;
	Relation	rel = node->ss.ss_currentRelation;
	MfScanState *state;
	MemoryContext before;
	MfTable    *table;

	if (eflags & EXEC_FLAG_EXPLAIN_ONLY)
		return;
	before = MemoryContextSwitchTo(estate->es_query_cxt);
	table = mf_table_open(linitial_oid(list_nth(plan->fdw_private, MF_SCAN_RELID)),
						  mf_scan_user(node), estate->es_query_cxt);
	if (!(table->remote->connector->capabilities & MF_CAN_READ))
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("foreign table \"%s\" cannot be read", table->name)));
	state = mf_scan_setup(table, mf_scan_desc(table->relid, rel), plan->fdw_private);
	state->exprs = plan->fdw_exprs;
	state->expr_states = ExecInitExprList(plan->fdw_exprs, (PlanState *) node);
	if (rel != NULL)
		use_spool(node, state, mf_spool_begin(node, table));
	state->whole = !mf_spool_is_fixed(node);
	node->fdw_state = state;
	MemoryContextSwitchTo(before);
}

void
mf_scan_warnings(MfScanState *state, MfScan *scan)
{
	const MfConnector *connector = state->table->remote->connector;
	MfError		warning;

	if (!MF_HAS(connector, scan_warning))
		return;
	mf_error_reset(&warning);
	while (connector->scan_warning(scan, &warning))
		mf_warn(&warning);
}

static MfStatus
step_scan(void *arg, MfWaitFor *wait, MfError *err)
{
	MfScanState *state = arg;
	MfStatus	status = state->table->remote->connector->scan_next(state->scan, &state->next, wait, err);

	mf_scan_warnings(state, state->scan);
	return status;
}

/* Does this scan tell how many rows the collection holds? */
static void
note_rows(MfScanState *state)
{
	if (state->spec.limit < 0 && state->spec.nfilters == 0 && !state->table->part && !state->parallel)
		mf_estimate_note(state->table->remote->serverid, state->table->collection, (double) state->received);
}

/* Rows are counted from the beginning of their part. */
static void
part_context(void *arg)
{
	MfScanState *state = arg;
	const char *token = state->parts != NULL ? mf_parts_token(state->parts) : NULL;

	if (token != NULL)
		errcontext("split \"%s\"", mf_message_text(token));
}

static void
raise_from(MfScanState *state, MfError *err)
{
	ErrorContextCallback context = {error_context_stack, part_context, state};

	error_context_stack = &context;
	mf_table_raise(state->table, err);
}

bool
mf_scan_batch(MfScanState *state)
{
	const MfConnector *connector = state->table->remote->connector;
	uint64		waited = mf_waited_us();
	MfStatus	status = MF_OK;
	MfError		err;

	if (state->ended)
		return false;
	mf_error_reset(&err);
	if (state->scan == NULL && state->parts == NULL)
	{
		state->received = 0;
		state->started = true;
		if (state->parallel || mf_parts_wanted(state))
			mf_parts_begin(state);
		else
			status = connector->scan_begin(state->table->remote->conn, &state->spec, &state->scan, &err);
	}
	if (status == MF_OK)
		status = mf_drive_read(state->table->remote, state->parts != NULL ? mf_parts_step : step_scan, state, &err);
	state->waited_us += mf_waited_us() - waited;
	if (status == MF_ERROR)
		raise_from(state, &err);
	if (status == MF_OK)
	{
		state->batch = state->next;
		state->row = 0;
		state->batches++;
		state->received += state->batch->nrows;
		return true;
	}
	state->ended = true;
	if (state->parts != NULL)
		state->batch = NULL;	/* it went with its part */
	note_rows(state);
	return false;
}

static void
row_context(void *arg)
{
	MfScanState *state = arg;

	if (state->column >= 0)
		errcontext("column \"%s\", row " INT64_FORMAT " of foreign table \"%s\", collection \"%s\", server \"%s\"",
				   mf_safe_text(state->spec.columns[state->column].column), state->batch->first_row + state->row,
				   state->table->name, mf_safe_text(state->table->collection), state->table->remote->server);
	part_context(state);
}

bool
mf_scan_row(MfScanState *state, Datum *values, bool *isnull)
{
	ErrorContextCallback context = {error_context_stack, row_context, state};

	while (state->batch == NULL || state->row >= state->batch->nrows)
	{
		if (!mf_scan_batch(state))
			return false;
	}
	state->column = -1;
	error_context_stack = &context;
	for (int i = 0; i < state->spec.ncolumns; i++)
	{
		int			n = state->places[i];

		state->column = i;
		values[n] = mf_read_value(&state->readers[i], &state->batch->columns[i], state->row, &isnull[n]);
	}
	error_context_stack = context.previous;
	state->row++;
	state->rows++;
	return true;
}

/* The one row of a count. */
static bool
count_row(ForeignScanState *node, MfScanState *state, TupleTableSlot *slot)
{
	int64		counted;

	if (state->rows > 0)
		return false;
	counted = mf_scan_count(node);
	memset(slot->tts_isnull, true, sizeof(bool) * slot->tts_tupleDescriptor->natts);
	slot->tts_values[0] = Int64GetDatum(counted);
	slot->tts_isnull[0] = false;
	state->rows = 1;
	return true;
}

TupleTableSlot *
mf_iterate_scan(ForeignScanState *node)
{
	MfScanState *state = node->fdw_state;
	TupleTableSlot *slot = node->ss.ss_ScanTupleSlot;
	bool		found;

	if (!state->started && state->spool == NULL)
		look_at_writers(node, state);
	if (state->scan == NULL && state->parts == NULL && !state->ended && !state->filters_set)
		mf_scan_set_filters(state, node->ss.ps.ps_ExprContext);
	ExecClearTuple(slot);
	memset(slot->tts_isnull, true, sizeof(bool) * slot->tts_tupleDescriptor->natts);
	if (state->count)
		found = count_row(node, state, slot);
	else if (state->sorts != NIL)
		found = mf_sorted_row(state, slot);
	else if (state->spool != NULL)
		found = mf_spool_row(state->spool, state, slot->tts_values, slot->tts_isnull);
	else
		found = mf_scan_row(state, slot->tts_values, slot->tts_isnull);
	if (found)
		ExecStoreVirtualTuple(slot);
	return slot;
}

/*
 * Read again from the start: with other parameters the remote is asked anew;
 * else what is one batch, or was kept, is read again where it lies.
 */
void
mf_rescan(ForeignScanState *node)
{
	MfScanState *state = node->fdw_state;
	bool		changed;

	if (state == NULL)
		return;
	if (state->spool != NULL && state->sorts == NIL)
	{
		mf_spool_rewind(state->spool);
		return;
	}
	/* what is spooled was read without regard to parameters */
	changed = node->ss.ps.chgParam != NULL && state->exprs != NIL && state->spool == NULL;
	if (mf_sorter_rewind(state, changed))
		return;
	if (state->batches > 1 || state->count || state->parts != NULL || state->parallel || changed)
		mf_scan_stop(state);
	state->row = 0;
	state->rows = 0;
}

void
mf_end_scan(ForeignScanState *node)
{
	MfScanState *state = node->fdw_state;

	if (state == NULL)
		return;
	mf_sorter_end(state);
	if (state->spool != NULL)
		mf_spool_end(state->spool);
	mf_scan_stop(state);
	mf_parallel_end(state);
}
