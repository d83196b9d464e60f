/*
 * scan_count.c - How many rows meet the conditions?
 *
 * Where the remote checks them all exactly it answers with batches that have
 * rows and no columns.  Else the columns come, and the conditions are checked
 * here, on a tuple whose first column is the number itself (see count_plan).
 */
#include "scan.h"

#include "executor/executor.h"
#include "miscadmin.h"

/* Those rows of a batch that meet the conditions. */
static int64
count_batch(ForeignScanState *node, MfScanState *state)
{
	TupleTableSlot *slot = node->ss.ss_ScanTupleSlot;
	ExprContext *econtext = node->ss.ps.ps_ExprContext;
	int64		counted = 0;

	while (state->row < state->batch->nrows)
	{
		CHECK_FOR_INTERRUPTS();
		ExecClearTuple(slot);
		memset(slot->tts_isnull, true, sizeof(bool) * slot->tts_tupleDescriptor->natts);
		mf_scan_row(state, slot->tts_values, slot->tts_isnull);
		ExecStoreVirtualTuple(slot);
		econtext->ecxt_scantuple = slot;
		counted += ExecQual(node->fdw_recheck_quals, econtext);
		ResetExprContext(econtext);
	}
	ExecClearTuple(slot);
	return counted;
}

int64
mf_scan_count(ForeignScanState *node)
{
	MfScanState *state = node->fdw_state;
	int64		counted = 0;

	while (mf_scan_batch(state))
	{
		if (state->batch->ncolumns == 0 || state->spec.ncolumns == 0)
			counted += state->batch->nrows;
		else
		{
			state->counted_here = true;
			counted += count_batch(node, state);
		}
	}
	return counted;
}
