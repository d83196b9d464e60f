/*
 * scan.h - What does a running scan keep?
 */
#ifndef MF_FDW_SCAN_H
#define MF_FDW_SCAN_H

#include "src/value/value.h"
#include "table.h"

typedef struct MfScanState
{
	MfTable    *table;

	/* what is asked, and how answers become values; one each a column */
	MfScanSpec	spec;
	AttrNumber *attnums;
	MfReader   *readers;

	/* conditions for the remote; rebuilt whenever a parameter changes */
	List	   *templates;
	List	   *exprs;			/* what the templates refer to, as expressions */
	List	   *expr_states;	/* and prepared for evaluation */
	TupleDesc	desc;
	MemoryContext filter_context;

	bool		count;			/* only the number of rows is wanted */
	int64		counted;

	/* where we are */
	MfScan	   *scan;			/* NULL until the first row is wanted */
	MfBatch    *batch;			/* owned by the connector */
	MfBatch    *next;			/* what it answers with */
	int32		row;			/* next row of the batch */
	int			column;			/* being converted, for messages; -1 = none */
	int64		rows;			/* handed out since the (re)start */
	int			batches;
	bool		ended;

	struct MfSpool *spool;		/* NULL: rows are handed out as they come */
	MemoryContextCallback callback;
} MfScanState;

/*
 * Prepare to read as a plan's fdw_private says; nothing is sent.  In the
 * current context.
 */
extern MfScanState *mf_scan_setup(MfTable *table, TupleDesc desc, List *fdw_private);

/*
 * Set spec.filters: src/fdw/scan_filter.c.  econtext NULL: only where all
 * values are constants (EXPLAIN); else they are evaluated now.
 */
extern void mf_scan_set_filters(MfScanState *state, ExprContext *econtext);

/* The next row into values and isnull (by attribute), or false at the end. */
extern bool mf_scan_row(MfScanState *state, Datum *values, bool *isnull);

#endif							/* MF_FDW_SCAN_H */
