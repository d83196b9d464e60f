/*
 * parallel.h - What does planning ask of parallel scans?
 */
#ifndef MF_FDW_PARALLEL_H
#define MF_FDW_PARALLEL_H

#include "milvus_fdw.h"

/* A path by which several backends read the table, if that may be worth it. */
extern void mf_add_partial_path(PlannerInfo *root, RelOptInfo *baserel, Cost startup, Cost run);

#endif							/* MF_FDW_PARALLEL_H */
