/*
 * sqltype.h - Which SQL column suits a remote field, and the other way round?
 */
#ifndef MF_FDW_SQLTYPE_H
#define MF_FDW_SQLTYPE_H

#include "milvus_fdw.h"

/* The column type of a field as SQL text ("varchar(64)"), or NULL if none suits. */
extern const char *mf_sql_type(const MfField *field);

#endif							/* MF_FDW_SQLTYPE_H */
