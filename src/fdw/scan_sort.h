/*
 * scan_sort.h - What if the remote does not give the order that was planned?
 */
#ifndef MF_FDW_SCAN_SORT_H
#define MF_FDW_SCAN_SORT_H

#include "scan.h"

#include "executor/tuptable.h"

typedef struct MfSorter MfSorter;

/* The next row in the order of state->sorts into the slot's values, or false at the end. */
extern bool mf_sorted_row(MfScanState *state, TupleTableSlot *slot);

/*
 * Rows that were sorted here: from the start again.  false = there are none,
 * or they are not those of the parameters any more and were thrown away.
 */
extern bool mf_sorter_rewind(MfScanState *state, bool changed);
extern void mf_sorter_end(MfScanState *state);

#endif							/* MF_FDW_SCAN_SORT_H */
