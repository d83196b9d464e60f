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
	MF_SCAN_LIMIT,				/* String: rows wanted at most, "-1" = all */
	MF_SCAN_COUNT				/* Integer: 1 = only count(*) is wanted */
};

/* What planning keeps of a foreign table, from callback to callback. */
typedef struct MfRelPlan
{
	double		startup_cost;
	double		tuple_cost;
	bool		filters;		/* the remote can check conditions at all */
	bool		ships_all;		/* no condition, or all are checked exactly */
} MfRelPlan;

/* Templates of those clauses that a remote could check; fills context->exprs. */
extern List *mf_plan_templates(MfQualContext *context, List *clauses, List **shipped);

#endif							/* MF_FDW_PLAN_H */
