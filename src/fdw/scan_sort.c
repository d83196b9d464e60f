/*
 * scan_sort.c - What if the remote does not give the order that was planned?
 *
 * A plan without a Sort relies on this scan, but whether the remote can order
 * a field as PostgreSQL does is known only when it has said what the field is.
 * If it cannot, all rows are sorted here, within work_mem.  If it says that it
 * can it is not just believed: each row is compared with the one before.
 */
#include "scan_sort.h"

#include "executor/executor.h"
#include "miscadmin.h"
#include "plan.h"
#include "utils/datum.h"
#include "utils/lsyscache.h"
#include "utils/sortsupport.h"
#include "utils/tuplesort.h"
#include "utils/typcache.h"

struct MfSorter
{
	int			n;
	AttrNumber *attnums;
	Oid		   *operators;
	Oid		   *collations;
	bool	   *nulls_first;

	/* sorted here */
	Tuplesortstate *rows;		/* NULL: they come in order */
	TupleTableSlot *slot;
	MemoryContext context;		/* of all this */
	MemoryContext row_context;

	/* come in order: the row before, to compare with */
	SortSupport keys;
	Datum	   *values;
	bool	   *isnull;
	MemoryContext value_context[2]; /* of that row and of the next, in turn */
	int			turn;
	bool		any;
};

static MfSorter *
sorter_begin(MfScanState *state)
{
	MemoryContext context = AllocSetContextCreate(MemoryContextGetParent(state->filter_context),
												  "milvus_fdw sort", ALLOCSET_DEFAULT_SIZES);
	MemoryContext before = MemoryContextSwitchTo(context);
	MfSorter   *sorter = palloc0(sizeof(MfSorter));
	int			n = list_length(state->sorts);
	ListCell   *lc;

	sorter->context = context;
	sorter->attnums = palloc(sizeof(AttrNumber) * n);
	sorter->operators = palloc(sizeof(Oid) * n);
	sorter->collations = palloc(sizeof(Oid) * n);
	sorter->nulls_first = palloc(sizeof(bool) * n);
	sorter->keys = palloc0(sizeof(SortSupportData) * n);
	sorter->values = palloc0(sizeof(Datum) * n);
	sorter->isnull = palloc0(sizeof(bool) * n);
	foreach(lc, state->sorts)
	{
		List	   *sort = lfirst(lc);
		int			i = sorter->n++;
		AttrNumber	attnum = (AttrNumber) list_nth_int(sort, MF_SORT_ATTNUM);
		TypeCacheEntry *type = lookup_type_cache(getBaseType(TupleDescAttr(state->desc, attnum - 1)->atttypid),
												 TYPECACHE_LT_OPR | TYPECACHE_GT_OPR);
		SortSupport key = &sorter->keys[i];

		sorter->attnums[i] = attnum;
		sorter->operators[i] = list_nth_int(sort, MF_SORT_DESCENDING) != 0 ? type->gt_opr : type->lt_opr;
		sorter->collations[i] = (Oid) list_nth_int(sort, MF_SORT_COLLATION);
		sorter->nulls_first[i] = list_nth_int(sort, MF_SORT_NULLS_FIRST) != 0;
		key->ssup_cxt = context;
		key->ssup_collation = sorter->collations[i];
		key->ssup_nulls_first = sorter->nulls_first[i];
		key->ssup_attno = attnum;
		PrepareSortSupportFromOrderingOp(sorter->operators[i], key);
	}
	for (int i = 0; i < 2; i++)
		sorter->value_context[i] = AllocSetContextCreate(context, "milvus_fdw order", ALLOCSET_SMALL_SIZES);
	MemoryContextSwitchTo(before);
	return sorter;
}

/* -------------------------------------------------------------- sorted here */

/* Take in the whole scan. */
static void
sort_here(MfScanState *state, MfSorter *sorter)
{
	MemoryContext before = MemoryContextSwitchTo(sorter->context);
	TupleTableSlot *row = MakeSingleTupleTableSlot(state->desc, &TTSOpsVirtual);

	sorter->rows = tuplesort_begin_heap(state->desc, sorter->n, sorter->attnums, sorter->operators,
										sorter->collations, sorter->nulls_first, work_mem, NULL,
										TUPLESORT_RANDOMACCESS);
	sorter->slot = MakeSingleTupleTableSlot(state->desc, &TTSOpsMinimalTuple);
	sorter->row_context = AllocSetContextCreate(sorter->context, "milvus_fdw row", ALLOCSET_DEFAULT_SIZES);
	memset(row->tts_isnull, true, sizeof(bool) * state->desc->natts);
	MemoryContextSwitchTo(sorter->row_context);
	while (mf_scan_row(state, row->tts_values, row->tts_isnull))
	{
		CHECK_FOR_INTERRUPTS();
		ExecStoreVirtualTuple(row);
		tuplesort_puttupleslot(sorter->rows, row);
		ExecClearTuple(row);	/* which leaves columns that are not read NULL */
		MemoryContextReset(sorter->row_context);
	}
	MemoryContextSwitchTo(sorter->context);
	ExecDropSingleTupleTableSlot(row);
	tuplesort_performsort(sorter->rows);
	MemoryContextSwitchTo(before);
}

static bool
row_sorted_here(MfScanState *state, MfSorter *sorter, TupleTableSlot *slot)
{
	MemoryContext before = MemoryContextSwitchTo(sorter->context);
	bool		found = tuplesort_gettupleslot(sorter->rows, true, false, sorter->slot, NULL);

	MemoryContextSwitchTo(before);
	if (!found)
		return false;
	slot_getallattrs(sorter->slot);
	memcpy(slot->tts_values, sorter->slot->tts_values, sizeof(Datum) * state->desc->natts);
	memcpy(slot->tts_isnull, sorter->slot->tts_isnull, sizeof(bool) * state->desc->natts);
	return true;
}

/* --------------------------------------------------------- sorted remotely */

static void
out_of_order(MfScanState *state)
{
	ereport(ERROR,
			(errcode(ERRCODE_FDW_ERROR),
			 errmsg("rows of foreign table \"%s\" came out of order", state->table->name),
			 errdetail("Server \"%s\" orders values of collection \"%s\" in another way than PostgreSQL does.",
					   state->table->remote->server, mf_safe_text(state->table->collection)),
			 errhint("ORDER BY an expression, such as (%s || '') or (%s + 0), is sorted here.",
					 mf_safe_text(state->spec.sorts[0].column), mf_safe_text(state->spec.sorts[0].column))));
}

/* Does this row belong behind the one before?  Then it is the one before. */
static void
check_order(MfScanState *state, MfSorter *sorter, TupleTableSlot *slot)
{
	MemoryContext before;
	int			order = 0;

	for (int i = 0; i < sorter->n && sorter->any && order == 0; i++)
	{
		int			at = sorter->attnums[i] - 1;

		order = ApplySortComparator(sorter->values[i], sorter->isnull[i],
									slot->tts_values[at], slot->tts_isnull[at], &sorter->keys[i]);
	}
	if (order > 0)
		out_of_order(state);
	sorter->turn = 1 - sorter->turn;
	MemoryContextReset(sorter->value_context[sorter->turn]);
	before = MemoryContextSwitchTo(sorter->value_context[sorter->turn]);
	for (int i = 0; i < sorter->n; i++)
	{
		int			at = sorter->attnums[i] - 1;
		Form_pg_attribute att = TupleDescAttr(state->desc, at);

		sorter->isnull[i] = slot->tts_isnull[at];
		if (!sorter->isnull[i])
			sorter->values[i] = datumCopy(slot->tts_values[at], att->attbyval, att->attlen);
	}
	MemoryContextSwitchTo(before);
	sorter->any = true;
}

/* ---------------------------------------------------------------- decision */

/* Will the remote give the order?  It says so with its first rows. */
static bool
comes_in_order(MfScanState *state)
{
	MfScanStats stats;

	/* what is read before the first row is handed out is sorted on the way */
	if (state->spool != NULL)
		return false;
	if (!mf_scan_batch(state))
		return true;
	return mf_scan_now(state, &stats) && stats.sorted;
}

bool
mf_sorted_row(MfScanState *state, TupleTableSlot *slot)
{
	MfSorter   *sorter = state->sorter;

	if (sorter == NULL)
	{
		state->sorter = sorter = sorter_begin(state);
		state->in_order = comes_in_order(state);
		if (!state->in_order)
			sort_here(state, sorter);
	}
	if (sorter->rows != NULL)
		return row_sorted_here(state, sorter, slot);
	if (!mf_scan_row(state, slot->tts_values, slot->tts_isnull))
		return false;
	check_order(state, sorter, slot);
	return true;
}

bool
mf_sorter_rewind(MfScanState *state, bool changed)
{
	if (state->sorter == NULL)
		return false;
	if (state->sorter->rows != NULL && !changed)
	{
		tuplesort_rescan(state->sorter->rows);
		return true;
	}
	/* asked anew, the remote may decide otherwise */
	mf_sorter_end(state);
	mf_scan_stop(state);
	return false;
}

void
mf_sorter_end(MfScanState *state)
{
	MfSorter   *sorter = state->sorter;

	if (sorter == NULL)
		return;
	if (sorter->rows != NULL)
	{
		ExecDropSingleTupleTableSlot(sorter->slot);
		tuplesort_end(sorter->rows);
	}
	state->sorter = NULL;
	MemoryContextDelete(sorter->context);
}
