/*
 * plan.h - In which order does a plan keep what the executor needs?
 */
#ifndef MF_FDW_PLAN_H
#define MF_FDW_PLAN_H

/* Members of ForeignScan.fdw_private */
enum MfScanPrivate
{
	MF_SCAN_COLUMNS				/* integer list: attribute numbers to fetch */
};

#endif							/* MF_FDW_PLAN_H */
