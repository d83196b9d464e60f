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
	int		   *places;			/* of each column in the row */
	MfReader   *readers;

	/* conditions for the remote; rebuilt whenever a parameter changes */
	List	   *templates;
	List	   *exprs;			/* what the templates refer to, as expressions */
	List	   *expr_states;	/* and prepared for evaluation */
	TupleDesc	desc;
	MemoryContext filter_context;
	List	   *limit;			/* which of exprs are LIMIT and OFFSET, see plan.h */

	bool		count;			/* only the number of rows is wanted */
	bool		counted_here;	/* the remote could not */

	/* ORDER BY, see scan_sort.c */
	List	   *sorts;
	bool		in_order;		/* rows come as wanted */
	struct MfSorter *sorter;	/* NULL: they do, or it is not known yet */

	/* where we are */
	MfScan	   *scan;			/* NULL until the first row is wanted */
	MfBatch    *batch;			/* owned by the connector */
	MfBatch    *next;			/* what it answers with */
	int32		row;			/* next row of the batch */
	int			column;			/* being converted, for messages; -1 = none */
	int64		rows;			/* handed out since the (re)start */
	int64		received;		/* of this scan of the remote */
	int			batches;
	bool		ended;

	struct MfSpool *spool;		/* NULL: rows are handed out as they come */
	struct MfDirect *direct;	/* a DELETE by condition, see direct_modify.h */
	MemoryContextCallback callback;

	/* for EXPLAIN ANALYZE */
	bool		started;
	MfScanStats before;			/* of scans that ended, on account of rescans */
	uint64		waited_us;
} MfScanState;

/*
 * Prepare to read as a plan's fdw_private says; nothing is sent.  In the
 * current context.
 */
extern MfScanState *mf_scan_setup(MfTable *table, TupleDesc desc, List *fdw_private);

/* The row type of a scan's table; rel may be NULL.  In the current context. */
extern TupleDesc mf_scan_desc(Oid relid, Relation rel);

/* Begin if that is not done, and fetch the next batch; false at the end. */
extern bool mf_scan_batch(MfScanState *state);

/* The scan of the remote ends; the next row begins another. */
extern void mf_scan_stop(MfScanState *state);

/* What the remote said so far, over all rescans. */
extern void mf_scan_totals(MfScanState *state, MfScanStats *stats);

/*
 * Set spec.filters and spec.limit: src/fdw/scan_filter.c.  econtext NULL: only
 * where all values are constants (EXPLAIN); else they are evaluated now.
 */
extern void mf_scan_set_filters(MfScanState *state, ExprContext *econtext);

/* The next row into values and isnull (by state->places), or false at the end. */
extern bool mf_scan_row(MfScanState *state, Datum *values, bool *isnull);

/* The number of rows that meet the conditions: src/fdw/scan_count.c. */
extern int64 mf_scan_count(ForeignScanState *node);

#endif							/* MF_FDW_SCAN_H */
