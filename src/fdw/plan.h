/*
 * plan.h - In which order does a plan keep what the executor needs?
 */
#ifndef MF_FDW_PLAN_H
#define MF_FDW_PLAN_H

#include "src/qual/qual.h"

/* Members of ForeignScan.fdw_private */
enum MfScanPrivate
{
	MF_SCAN_RELID,				/* Oid list of one: the foreign table */
	MF_SCAN_COLUMNS,			/* integer list: attribute numbers to fetch */
	MF_SCAN_TEMPLATES,			/* conditions for the remote, see qual.h; their
								 * expressions are ForeignScan.fdw_exprs */
	MF_SCAN_LIMIT,				/* integer list: numbers of the expressions of
								 * LIMIT and OFFSET (-1 = none); NIL = all rows */
	MF_SCAN_FIRST,				/* Integer: rows that may be enough, 0 = all */
	MF_SCAN_COUNT,				/* Integer: 1 = only count(*) is wanted */
	MF_SCAN_SORTS				/* list of integer lists: see MfSortPrivate */
};

/* Members of a sort column; the collation is an Oid all the same. */
enum MfSortPrivate
{
	MF_SORT_ATTNUM,
	MF_SORT_DESCENDING,
	MF_SORT_NULLS_FIRST,
	MF_SORT_COLLATION
};

/* Members of an upper path's fdw_private */
enum MfUpperPrivate
{
	MF_UPPER_RELID,				/* Oid list of one */
	MF_UPPER_VARNO,				/* Integer: the table in the range table */
	MF_UPPER_CLAUSES			/* what the rows counted meet */
};

/* What planning keeps of a foreign table, from callback to callback. */
typedef struct MfRelPlan
{
	double		startup_cost;
	double		tuple_cost;
	bool		filters;		/* the remote can check conditions at all */
} MfRelPlan;

/* A plan's fdw_private for all rows of a table, some columns. */
extern List *mf_plan_private(Oid relid, List *columns);

/* The same for every column. */
extern List *mf_plan_whole_table(Oid relid, TupleDesc desc);

/* Templates of those clauses that a remote could check; fills context->exprs. */
extern List *mf_plan_templates(MfQualContext *context, List *clauses, List **shipped);

/* Has each clause a template that says all of it?  src/fdw/upper.c, limit.c */
extern bool mf_plan_says_all(const MfQualContext *context, List *clauses, List *shipped);

/* ---------------------------------------------------------- src/fdw/sort.c */

/* The sort columns of an order that the remote might give, or NIL. */
extern List *mf_sort_columns(PlannerInfo *root, RelOptInfo *baserel, List *pathkeys);

/* What a connector is told of them; in the current context. */
extern MfSort *mf_sort_specs(List *sorts, Oid relid, TupleDesc desc);

/* --------------------------------------------------------- src/fdw/limit.c */

/*
 * The query's LIMIT for this path as MF_SCAN_LIMIT, its expressions added to
 * context->exprs; NIL if other rows than the first may be wanted.
 */
extern List *mf_limit(MfQualContext *context, const Path *path);

/* Rows that may be enough, by the planner's own reckoning; 0 = all. */
extern int	mf_limit_guess(PlannerInfo *root, const Path *path);

#endif							/* MF_FDW_PLAN_H */
