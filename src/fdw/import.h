/*
 * import.h - Which foreign table describes a collection?
 */
#ifndef MF_FDW_IMPORT_H
#define MF_FDW_IMPORT_H

#include "milvus_fdw.h"

/* The table's name, in the database's encoding: as short as PostgreSQL would make it. */
extern char *mf_import_name(const MfCollection *collection);

/*
 * CREATE FOREIGN TABLE `table` for a collection described as a whole.  `database`: the
 * table's option of that name, or NULL.  Fields that cannot be columns are
 * named in a NOTICE.
 */
extern char *mf_import_statement(const MfRemote *remote, const char *database,
								 const char *table, const MfCollection *collection);

#endif							/* MF_FDW_IMPORT_H */
