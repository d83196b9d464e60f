/*
 * compat.h - Where do the PostgreSQL versions differ?
 *
 * Here and nowhere else.  15 and later are supported.
 */
#ifndef MF_COMPAT_H
#define MF_COMPAT_H

#if PG_VERSION_NUM < 150000
#error "milvus_fdw needs PostgreSQL 15 or later"
#endif

#include "executor/executor.h"
#include "miscadmin.h"
#include "optimizer/pathnode.h"

/* 18 says so in front of a declaration */
#ifndef pg_noreturn
#define pg_noreturn __attribute__((noreturn))
#endif

/* 17 added fdw_restrictinfo, 18 added disabled_nodes */
#if PG_VERSION_NUM >= 180000
#define mf_create_foreignscan_path(root, rel, rows, startup, total, pathkeys, outer) \
	create_foreignscan_path(root, rel, NULL, rows, 0, startup, total, pathkeys, outer, NULL, NIL, NIL)
#define mf_create_upper_path(root, rel, target, rows, startup, total, private) \
	create_foreign_upper_path(root, rel, target, rows, 0, startup, total, NIL, NULL, NIL, private)
#elif PG_VERSION_NUM >= 170000
#define mf_create_foreignscan_path(root, rel, rows, startup, total, pathkeys, outer) \
	create_foreignscan_path(root, rel, NULL, rows, startup, total, pathkeys, outer, NULL, NIL, NIL)
#define mf_create_upper_path(root, rel, target, rows, startup, total, private) \
	create_foreign_upper_path(root, rel, target, rows, startup, total, NIL, NULL, NIL, private)
#else
#define mf_create_foreignscan_path(root, rel, rows, startup, total, pathkeys, outer) \
	create_foreignscan_path(root, rel, NULL, rows, startup, total, pathkeys, outer, NULL, NIL)
#define mf_create_upper_path(root, rel, target, rows, startup, total, private) \
	create_foreign_upper_path(root, rel, target, rows, startup, total, NIL, NULL, private)
#endif

/* 16 turned ACL checks of simple objects into one function */
#if PG_VERSION_NUM >= 160000
#include "catalog/pg_class.h"
#include "catalog/pg_foreign_server.h"
#define mf_server_aclcheck(oid, role, mode) \
	object_aclcheck(ForeignServerRelationId, oid, role, mode)
#define mf_table_ownercheck(oid, role) \
	object_ownercheck(RelationRelationId, oid, role)
#else
#define mf_server_aclcheck(oid, role, mode) \
	pg_foreign_server_aclcheck(oid, role, mode)
#define mf_table_ownercheck(oid, role) pg_class_ownercheck(oid, role)
#endif

/*
 * The role whose user mapping a scan or a write uses: a view's owner, else the
 * current one.  16 moved it from the range table to the plan.
 */
#if PG_VERSION_NUM >= 160000
#define mf_scan_user(node) \
	(OidIsValid(((ForeignScan *) (node)->ss.ps.plan)->checkAsUser) ? \
	 ((ForeignScan *) (node)->ss.ps.plan)->checkAsUser : GetUserId())
#define mf_modify_user(rri, estate) ExecGetResultRelCheckAsUser(rri, estate)
#else
static inline Oid
mf_rte_user(Index rti, EState *estate)
{
	Oid			user = rti > 0 ? exec_rt_fetch(rti, estate)->checkAsUser : InvalidOid;

	return OidIsValid(user) ? user : GetUserId();
}
#define mf_scan_user(node) \
	mf_rte_user(mf_scan_rti((ForeignScan *) (node)->ss.ps.plan), (node)->ss.ps.state)

/* an aggregate done remotely scans no relation of its own */
static inline Index
mf_scan_rti(ForeignScan *plan)
{
	return plan->scan.scanrelid > 0 ? plan->scan.scanrelid : (Index) bms_next_member(plan->fs_relids, -1);
}

/* a partition that rows are routed to may have no entry of its own */
#define mf_modify_user(rri, estate) \
	mf_rte_user((rri)->ri_RangeTableIndex > 0 || (rri)->ri_RootResultRelInfo == NULL ? \
				(rri)->ri_RangeTableIndex : (rri)->ri_RootResultRelInfo->ri_RangeTableIndex, estate)
#endif

/* 18 says how a path key is compared without an access method's strategies */
#if PG_VERSION_NUM >= 180000
#define mf_pathkey_is_ascending(key) ((key)->pk_cmptype == COMPARE_LT)
#else
#define mf_pathkey_is_ascending(key) ((key)->pk_strategy == BTLessStrategyNumber)
#endif

/* 18 asks the locale whether a collation goes by bytes */
#include "utils/pg_locale.h"
#if PG_VERSION_NUM >= 180000
#define mf_collation_is_c(collation) (pg_newlocale_from_collation(collation)->collate_is_c)
#else
#define mf_collation_is_c(collation) lc_collate_is_c(collation)
#endif

/* 17 lets extensions name what they wait for */
#if PG_VERSION_NUM >= 170000
#include "utils/wait_event.h"
#define mf_wait_event_new(name) WaitEventExtensionNew(name)
#else
#include "pgstat.h"
#define mf_wait_event_new(name) ((void) (name), PG_WAIT_EXTENSION)
#endif

/* 17 lets a resource owner, not a memory context, keep sets of what is waited for */
#if PG_VERSION_NUM >= 170000
#include "utils/resowner.h"
#define mf_wait_set_new(n) CreateWaitEventSet(CurrentResourceOwner, n)
#else
#define mf_wait_set_new(n) CreateWaitEventSet(CurrentMemoryContext, n)
#endif

/* 16 took the macros for varying lengths out of postgres.h */
#if PG_VERSION_NUM >= 160000
#include "varatt.h"
#endif

/* 18 split explain.h */
#if PG_VERSION_NUM >= 180000
#include "commands/explain_format.h"
#include "commands/explain_state.h"
#endif

#endif							/* MF_COMPAT_H */
