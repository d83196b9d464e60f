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
	struct MfParts *parts;		/* or these, where it is cut: scan_splits.c */
	bool		whole;			/* not to be cut in this backend */
	MfBatch    *batch;			/* owned by the connector */
	MfBatch    *next;			/* what it answers with */
	int32		row;			/* next row of the batch */
	int			column;			/* being converted, for messages; -1 = none */
	int64		rows;			/* handed out since the (re)start */
	int64		received;		/* of this scan of the remote */
	int			batches;
	bool		ended;

	/* a part of a parallel plan, see parallel.c */
	bool		parallel;
	bool		filters_set;	/* for what is read next */
	int			nclaims;		/* what its backends share: */
	char	  **claims;			/* tokens, copied */
	bool		claims_bound;	/* to one snapshot */
	struct MfSharedScan *shared;	/* NULL once it is over */
	MemoryContext claim_context;	/* leader: of the task that keeps them */

	struct MfSpool *spool;		/* NULL: rows are handed out as they come */
	struct MfDirect *direct;	/* a DELETE by condition, see direct_modify.h */
	MemoryContextCallback callback;

	/* for EXPLAIN ANALYZE */
	bool		started;
	MfScanStats before;			/* of scans that ended, on account of rescans */
	uint64		waited_us;
	int			splits;			/* parts that were read */
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

/* What the remote says of the rows read now; false = nothing is being read. */
extern bool mf_scan_now(const MfScanState *state, MfScanStats *stats);

/* What `scan` wants the user to know. */
extern void mf_scan_warnings(MfScanState *state, MfScan *scan);

/*
 * Set spec.filters and spec.limit: src/fdw/scan_filter.c.  econtext NULL: only
 * where all values are constants (EXPLAIN); else they are evaluated now.
 */
extern void mf_scan_set_filters(MfScanState *state, ExprContext *econtext);

/* The next row into values and isnull (by state->places), or false at the end. */
extern bool mf_scan_row(MfScanState *state, Datum *values, bool *isnull);

/* The number of rows that meet the conditions: src/fdw/scan_count.c. */
extern int64 mf_scan_count(ForeignScanState *node);

/* ------------------------------------------------ src/fdw/scan_splits.c */

/* Ask the remote to cut what the scan reads; the answer lives as long as `owner`. */
extern const MfReply *mf_split(MfScanState *state, int wanted, MemoryContext owner);

/* Is a scan of this kind worth being cut: large, in no order, by no parameters that change? */
extern bool mf_parts_wanted(const MfScanState *state);

/* Begin to read several parts side by side: state->parts. */
extern void mf_parts_begin(MfScanState *state);

/* For mf_drive_read: a batch of whichever part has one, in state->next. */
extern MfStatus mf_parts_step(void *arg, MfWaitFor *wait, MfError *err);

extern void mf_parts_stats(const struct MfParts *parts, MfScanStats *stats);

/* The part that the last batch, or error, is of; NULL = none yet. */
extern const char *mf_parts_token(const struct MfParts *parts);
extern void mf_parts_end(struct MfParts *parts);

/* Add what a scan did to the sum of several. */
extern void mf_stats_add(MfScanStats *sum, const MfScanStats *stats);

/* ---------------------------------------------------- src/fdw/parallel.c */

/* The next part that no other backend reads, or NULL. */
extern const char *mf_parallel_claim(MfScanState *state);

/* The scan ends here: what its leader holds for others is given up. */
extern void mf_parallel_end(MfScanState *state);

#endif							/* MF_FDW_SCAN_H */
