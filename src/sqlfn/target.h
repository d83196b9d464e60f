/*
 * target.h - Which collection would hold a table's rows?
 */
#ifndef MF_SQLFN_TARGET_H
#define MF_SQLFN_TARGET_H

#include "remote.h"

/*
 * A collection with a field for each column of a relation.  primary_key is a
 * column's name, or NULL for the source's own key.  A vector's metric comes
 * from the source where it has one.  Columns that no field can hold are named
 * in a NOTICE.  Raises UNDEFINED_COLUMN, DUPLICATE_COLUMN, DATATYPE_MISMATCH.
 */
extern MfCollection *mf_target_like(const char *name, Oid relid, const char *primary_key);

#endif							/* MF_SQLFN_TARGET_H */
