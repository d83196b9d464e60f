/*
 * table.h - What does a query or a message need to know of a foreign table?
 */
#ifndef MF_FDW_TABLE_H
#define MF_FDW_TABLE_H

#include "milvus_fdw.h"

typedef struct MfTable
{
	Oid			relid;
	Oid			userid;			/* whose user mapping counts */
	MfRemote   *remote;			/* held until the context is reset */
	MfOptions  *options;		/* the table's own */
	const char *collection;		/* remote name */
	const char *name;			/* schema-qualified, quoted */
	bool		part;			/* an option lets through only some of the rows */
} MfTable;

/* Everything in `context`, which also holds the connection. */
extern MfTable *mf_table_open(Oid relid, Oid userid, MemoryContext context);
extern char *mf_table_display_name(Oid relid);
extern MfWhere mf_table_where(const MfTable *table);

/* The table's setting, or the server's, or else the default. */
extern int64 mf_table_int(const MfTable *table, const char *name, int64 otherwise);

extern bool mf_table_bool(const MfTable *table, const char *name, bool otherwise);
extern const char *mf_table_text(const MfTable *table, const char *name, const char *otherwise);

/* ereport(ERROR) of what went wrong at this table. */
pg_noreturn extern void mf_table_raise(const MfTable *table, MfError *err);

#endif							/* MF_FDW_TABLE_H */
