/*
 * row_identity.h - By which columns will UPDATE and DELETE know a row?
 */
#ifndef MF_FDW_ROW_IDENTITY_H
#define MF_FDW_ROW_IDENTITY_H

#include "table.h"

#include "nodes/plannodes.h"

/*
 * Where a column's value, as it was read, stands in the rows of the plan below
 * an UPDATE or DELETE; raises if it does not.
 */
extern AttrNumber mf_row_identity(const MfTable *table, Form_pg_attribute att, Plan *subplan);

/* Raise that this column, though it is the collection's key, was not read along. */
pg_noreturn extern void mf_row_identity_missing(const MfTable *table, Form_pg_attribute att);

#endif							/* MF_FDW_ROW_IDENTITY_H */
