/*
 * spool.h - What if a statement reads the collection that it writes to?
 */
#ifndef MF_FDW_SPOOL_H
#define MF_FDW_SPOOL_H

#include "scan.h"

#include "nodes/execnodes.h"

typedef struct MfSpool MfSpool;

/* A place for the scan's rows if the statement writes where it reads, else NULL.  In the current context. */
extern MfSpool *mf_spool_begin(ForeignScanState *node, const MfTable *table);

/*
 * The same when the statement's writers are open, for a table that calls the
 * collection by another name (an alias): asks the remote, if there is a writer.
 */
extern MfSpool *mf_spool_begin_late(ForeignScanState *node, const MfTable *table);

/* Do the conditions of this scan stay the same, however often it starts again? */
extern bool mf_spool_is_fixed(ForeignScanState *node);

/* Planning: does the whole statement write to this table's collection? */
extern bool mf_spool_is_written(PlannerInfo *root, Oid relid);

/* As mf_scan_row, from the spool, which takes in the whole scan first. */
extern bool mf_spool_row(MfSpool *spool, MfScanState *state, Datum *values, bool *isnull);

/* The same rows from the start. */
extern void mf_spool_rewind(MfSpool *spool);
extern void mf_spool_end(MfSpool *spool);

#endif							/* MF_FDW_SPOOL_H */
