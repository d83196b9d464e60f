/*
 * modify.h - What do INSERT, UPDATE and DELETE keep while they run?
 */
#ifndef MF_FDW_MODIFY_H
#define MF_FDW_MODIFY_H

#include "milvus_fdw.h"

#include "nodes/execnodes.h"

#include "key_set.h"
#include "writer.h"

/* Members of a plan's fdw_private, an integer list */
enum MfModifyPrivate
{
	MF_MODIFY_JOINS				/* 1 = rows may come more than once */
};

/* ResultRelInfo.ri_FdwState */
typedef struct MfModify
{
	MfTable    *table;
	MfRowWriter *writer;
	MfRowWriter *moved;			/* UPDATE: rows that come here from other partitions */
	bool		returns_key;	/* INSERT: the remote makes it, and it is wanted */

	/* UPDATE and DELETE */
	AttrNumber	key_junk;		/* the key as it was read, in the plan's rows */
	Oid			key_type;
	bool		check_partition;
	MfKeySet   *seen;			/* keys done; NULL = none can come twice */
} MfModify;

/* Raise if the plan asks for what no remote can do. */
extern void mf_refuse_on_conflict(const ModifyTable *plan, Oid relid);

/* Is the table's write_mode 'bulk'?  And raise because UPDATE and DELETE have no such thing. */
extern bool mf_is_bulk(Oid relid);
extern void mf_refuse_bulk_change(Oid relid);

#endif							/* MF_FDW_MODIFY_H */
