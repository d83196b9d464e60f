/*
 * milvus_fdw.h - What do the files on PostgreSQL's side share?
 *
 * Grouped by the file that answers.  Everything here may raise errors and must
 * run on the main thread; what may not is in connector.h.
 */
#ifndef MILVUS_FDW_H
#define MILVUS_FDW_H

#include "postgres.h"

#include "fmgr.h"
#include "foreign/fdwapi.h"
#include "foreign/foreign.h"
#include "nodes/pathnodes.h"
#include "utils/memutils.h"
#include "utils/rel.h"

#include "compat.h"
#include "connector.h"

/* --------------------------------------------------------- in milvus_fdw.c */

/* The handler and the validator that every wrapper's own pass on to. */
extern Datum mf_handler(PG_FUNCTION_ARGS);
extern Datum mf_validator(PG_FUNCTION_ARGS);

/* ------------------------------------------- in src/connector/registry.c */

/* The connector of this wrapper name ("elasticsearch_fdw"), or NULL. */
extern const MfConnector *mf_connector_by_name(const char *name);

/* Put our own connectors in and open the door for modules built apart. */
extern void mf_registry_init(void);

/* ------------------------------------------------ in src/fdw/connector_of.c */

/*
 * Which connector serves a server, a table, or the validator being run?  By
 * the name of the wrapper's C function, so that a wrapper of any name made
 * with our handler works.  Raise FDW_ERROR if there is none.
 */
extern const MfConnector *mf_connector_of_server(Oid serverid);
extern const MfConnector *mf_connector_of_validator(Oid function);

/* Is the server served by one of them?  Never raises for a wrapper of others. */
extern bool mf_is_ours(Oid serverid);

/* ------------------------------------------------------ in src/fdw/option.c */

/* The DefElem list as an array that connectors read, in UTF-8, in the current context. */
extern MfOptions *mf_options_from_list(List *first, List *second);

/* A foreign table's or a column's options; never NULL. */
extern MfOptions *mf_table_options(Oid relid);
extern MfOptions *mf_column_options(Oid relid, AttrNumber attnum);

/*
 * An option of the table, or else of its server, or else `otherwise`.
 */
extern int64 mf_setting_int(const MfOptions *table, const MfOptions *server,
							const char *name, int64 otherwise);
extern bool mf_setting_bool(const MfOptions *table, const MfOptions *server,
							const char *name, bool otherwise);
extern double mf_setting_real(const MfOptions *table, const MfOptions *server,
							  const char *name, double otherwise);
extern const char *mf_setting_text(const MfOptions *table, const MfOptions *server,
								   const char *name, const char *otherwise);

/* Does one of a table's options let through only some of the collection's rows? */
extern bool mf_is_part(const MfConnector *connector, const MfOptions *table);

/* The next such option that is set, from *at (0 at first) on, or NULL. */
extern const char *mf_narrowing(const MfConnector *connector, const MfOptions *table, int *at);

/* The remote collection's name, in UTF-8: the connector's option or the table's name. */
extern const char *mf_collection_name(const MfConnector *connector,
									  const MfOptions *table, Oid relid);

/* What the connector calls the column option that names a field. */
extern const char *mf_field_option(const MfConnector *connector);

/* May this role read (write) files of the server?  Raises if not. */
extern void mf_check_files_role(Oid role, bool writing);

/* The remote field of a column, in UTF-8: option "field" or the column's name. */
extern const char *mf_field_name(const MfOptions *column, Form_pg_attribute att);

/* -------------------------------------------------- in src/fdw/connection.c */

/* One cached connection to a server under one user mapping. */
typedef struct MfRemote
{
	Oid			serverid;
	Oid			umid;			/* InvalidOid: no user mapping */
	uint32		server_hash;	/* of their catalog rows, for invalidation */
	uint32		mapping_hash;
	const MfConnector *connector;
	MfConn	   *conn;
	MfMem		mem;			/* budget of all that happens on it */
	MemoryContext context;		/* of this struct, its options and name */
	char	   *server;			/* the server's name */
	MfOptions  *options;		/* of server and user mapping */
	int			holds;			/* scans, writers and requests using it */
	bool		stale;			/* options changed: close when nobody holds it */
	bool		keep;			/* keep_connections */
	bool		reached;		/* a request was answered */
	uint64		progress;		/* moves whenever rows are acknowledged */
} MfRemote;

/*
 * The connection of a user to a server, opened if need be, held until `owner`
 * is reset.  No network is touched.  Raises what opening raises.
 */
extern MfRemote *mf_connect(Oid serverid, Oid userid, MemoryContext owner);

/* What a connection of this user has as its options; in the current context. */
extern MfOptions *mf_connection_options(Oid serverid, Oid userid);

/* Who owns a table. */
extern Oid	mf_table_owner(Oid relid);

/*
 * As above for a foreign table, as the role that the query checks.  Raises too
 * if it is a file that the table's owner may not read.
 */
extern MfRemote *mf_connect_table(Oid relid, Oid userid, MemoryContext owner);


/* One cached connection as the user sees it. */
typedef struct MfConnectionInfo
{
	Oid			serverid;
	char	   *server;
	Oid			umid;
	bool		valid;			/* options have not changed since it was opened */
	bool		in_use;
} MfConnectionInfo;

/* Those of this session, as a list of MfConnectionInfo. */
extern List *mf_connection_list(void);

/* Close those to a server (InvalidOid: all) that nothing uses; how many. */
extern int	mf_connection_close(Oid serverid);

/* -------------------------------------------------------- in src/fdw/wait.c */

typedef MfStatus (*MfStep) (void *arg, MfWaitFor *wait, MfError *err);

/*
 * Call `step` until it answers OK, END or an error that is not to be retried;
 * wait in between, interruptibly; repeat what may be repeated, with capped
 * exponential backoff and jitter, for retry_timeout seconds.  On MF_ERROR the
 * caller raises *err.  Raises only PostgreSQL's own interrupts.
 */
extern MfStatus mf_drive(MfRemote *remote, MfStep step, void *arg, MfError *err);

/* As above, but pg_stat_activity shows reading, or writing, rather than a request. */
extern MfStatus mf_drive_read(MfRemote *remote, MfStep step, void *arg, MfError *err);
extern MfStatus mf_drive_write(MfRemote *remote, MfStep step, void *arg, MfError *err);

/*
 * For a step that waits for several things at once: *wait is to end with
 * whichever comes first of what it waits for already and *other.
 */
extern void mf_wait_merge(MfWaitFor *wait, const MfWaitFor *other);

/* How long this backend has waited for remotes altogether, in microseconds. */
extern uint64 mf_waited_us(void);

/* As mf_drive_write, but give up (MF_WAIT) after timeout_ms. */
extern MfStatus mf_drive_for(MfRemote *remote, MfStep step, void *arg, MfError *err,
							 int timeout_ms);

/* Sleep so long, but answer interrupts at once. */
extern void mf_pause(int ms);

/* ------------------------------------------------------- in src/fdw/raise.c */

/* Where an error happened, for its context line; any part may be NULL. */
typedef struct MfWhere
{
	MfRemote   *remote;
	const char *collection;
	const char *table;			/* qualified name of the foreign table */
	const char *extra;			/* one more detail sentence */
} MfWhere;

/* ereport(ERROR) of what a connector said. */
pg_noreturn extern void mf_raise(const MfError *err, const MfWhere *where);

/* ereport(WARNING) of the same. */
extern void mf_warn(const MfError *warning);

/* ------------------------------------------------------- in src/fdw/scrub.c */

/* Text of a remote without the secrets of the connection (may be NULL); palloc'd. */
extern char *mf_scrub(MfRemote *remote, const char *text);

/* The same without the secrets of these options of a connector; mem: for a moment. */
extern char *mf_scrub_options(const MfConnector *connector, const MfOptions *options, MfMem *mem, const char *text);

/* ---------------------------------------------------- in src/fdw/encoding.c */

/* Text of the database as UTF-8, for connectors.  Palloc'd, like those below. */
extern char *mf_to_utf8(const char *text);

/* UTF-8 as text of the database; raises where that cannot be. */
extern char *mf_from_utf8(const char *utf8);

/* The same for messages: never fails, what cannot be shown becomes '?'. */
extern char *mf_safe_text(const char *s);

/* And what a remote said, in one line: logs and terminals do not obey it. */
extern char *mf_message_text(const char *s);

/* ----------------------------------------------------- in src/fdw/request.c */

/*
 * One request, driven to its end.  The reply lives until `owner` is reset.
 * `progress`, if given, is called now and then with per cent (-1 = unknown).
 */
extern const MfReply *mf_request(MfRemote *remote, MfRequest *request, MemoryContext owner,
								 void (*progress) (void *arg, int percent), void *arg);

/* The same without progress; NULL = *err says why not. */
extern const MfReply *mf_try_request(MfRemote *remote, MfRequest *request, MemoryContext owner,
									 MfError *err);

/* The same for so long at most, repetitions and all; what was sent may have been heard. */
extern const MfReply *mf_try_request_for(MfRemote *remote, MfRequest *request, MemoryContext owner,
										 int timeout_ms, MfError *err);

/* Raise FEATURE_NOT_SUPPORTED if the remote has no such request. */
extern void mf_require_verb(const MfRemote *remote, MfVerb verb);

/* DESCRIBE of a collection; never NULL (a missing one is an error). */
extern const MfCollection *mf_describe(MfRemote *remote, const char *collection,
									   const MfOptions *table, MemoryContext owner);

/*
 * The same with all that a new collection needs to know.  missing_ok: NULL if
 * the collection is not there.
 */
extern const MfCollection *mf_describe_whole(MfRemote *remote, const char *collection,
											 const MfOptions *table, MemoryContext owner,
											 bool missing_ok);

/* ---------------------------------------------------- in src/fdw/estimate.c */

/* What the remote last said a collection holds, or -1; and to note it. */
extern double mf_estimate_rows(Oid serverid, const char *collection);
extern void mf_estimate_note(Oid serverid, const char *collection, double rows);

/* ------------------------------------------------------ in src/fdw/ledger.c */

/*
 * What a remote has in this transaction acknowledged (or may have done) cannot
 * be rolled back: an abort warns of it.  An entry lives as long as the
 * transaction; whoever opened it keeps the counts current.
 */
typedef enum MfLedgerKind
{
	MF_LEDGER_WRITTEN,
	MF_LEDGER_DELETED,
	MF_LEDGER_TRUNCATED			/* acknowledged is 0 or 1 */
} MfLedgerKind;

typedef struct MfLedgerEntry
{
	struct MfLedgerEntry *next;
	MfLedgerKind kind;
	SubTransactionId subid;
	char	   *server;
	char	   *collection;
	int64		acknowledged;
	int64		unknown;		/* sent and not (yet) answered */
	bool		unanswered;		/* a request for nobody knows how many rows was
								 * sent and not (yet) answered */
	bool		closed;			/* the counts stay as they are */
} MfLedgerEntry;

extern MfLedgerEntry *mf_ledger_open(const char *server, const char *collection, MfLedgerKind kind);

/*
 * Nothing more will be counted: the entry is gone, its counts added to those
 * before it.  Legal also after the transaction's end, when there is no entry.
 */
extern void mf_ledger_close(MfLedgerEntry *entry);

/* ------------------------------------------------------ in src/fdw/finish.c */

/* See to it that AFTER triggers find a statement's rows at the remote. */
extern void mf_finish_init(void);

/* -------------------------------------------------------- in src/fdw/name.c */

/*
 * The documented rule that makes any name one that every remote takes: each
 * character but ASCII letters, digits and _ becomes _, a leading digit gets a
 * _ before it.  From UTF-8 to ASCII; palloc'd.
 */
extern char *mf_portable_name(const char *name);

/* --------------------------------------------- callbacks, by their own files */

extern void mf_get_rel_size(PlannerInfo *root, RelOptInfo *baserel, Oid relid);
extern void mf_get_paths(PlannerInfo *root, RelOptInfo *baserel, Oid relid);
extern ForeignScan *mf_get_plan(PlannerInfo *root, RelOptInfo *baserel, Oid relid,
								ForeignPath *best_path, List *tlist,
								List *scan_clauses, Plan *outer_plan);

extern void mf_get_upper_paths(PlannerInfo *root, UpperRelationKind stage, RelOptInfo *input_rel,
							   RelOptInfo *output_rel, void *extra);

extern void mf_begin_scan(ForeignScanState *node, int eflags);
extern TupleTableSlot *mf_iterate_scan(ForeignScanState *node);
extern void mf_rescan(ForeignScanState *node);
extern void mf_end_scan(ForeignScanState *node);

extern bool mf_is_parallel_safe(PlannerInfo *root, RelOptInfo *rel, RangeTblEntry *rte);
extern Size mf_estimate_dsm(ForeignScanState *node, struct ParallelContext *pcxt);
extern void mf_initialize_dsm(ForeignScanState *node, struct ParallelContext *pcxt, void *coordinate);
extern void mf_reinitialize_dsm(ForeignScanState *node, struct ParallelContext *pcxt, void *coordinate);
extern void mf_initialize_worker(ForeignScanState *node, struct shm_toc *toc, void *coordinate);
extern void mf_shutdown_scan(ForeignScanState *node);

extern void mf_add_update_targets(PlannerInfo *root, Index rti, RangeTblEntry *rte, Relation rel);
extern List *mf_plan_modify(PlannerInfo *root, ModifyTable *plan, Index rti, int subplan);
extern void mf_begin_modify(ModifyTableState *mtstate, ResultRelInfo *rri,
							List *fdw_private, int subplan, int eflags);
extern TupleTableSlot *mf_exec_insert(EState *estate, ResultRelInfo *rri,
									  TupleTableSlot *slot, TupleTableSlot *plan_slot);
extern TupleTableSlot *mf_exec_update(EState *estate, ResultRelInfo *rri,
									  TupleTableSlot *slot, TupleTableSlot *plan_slot);
extern TupleTableSlot *mf_exec_delete(EState *estate, ResultRelInfo *rri,
									  TupleTableSlot *slot, TupleTableSlot *plan_slot);
extern void mf_end_modify(EState *estate, ResultRelInfo *rri);
extern void mf_begin_insert(ModifyTableState *mtstate, ResultRelInfo *rri);
extern void mf_end_insert(EState *estate, ResultRelInfo *rri);
extern int	mf_is_updatable(Relation rel);

extern bool mf_plan_direct(PlannerInfo *root, ModifyTable *plan, Index rti, int subplan);
extern void mf_begin_direct(ForeignScanState *node, int eflags);
extern TupleTableSlot *mf_iterate_direct(ForeignScanState *node);
extern void mf_end_direct(ForeignScanState *node);

extern void mf_exec_truncate(List *rels, DropBehavior behavior, bool restart_seqs);

extern void mf_explain_scan(ForeignScanState *node, struct ExplainState *es);
extern void mf_explain_modify(ModifyTableState *mtstate, ResultRelInfo *rri,
							  List *fdw_private, int subplan, struct ExplainState *es);
extern void mf_explain_direct(ForeignScanState *node, struct ExplainState *es);

extern bool mf_analyze(Relation rel, AcquireSampleRowsFunc *func, BlockNumber *totalpages);

extern List *mf_import_schema(ImportForeignSchemaStmt *stmt, Oid serverid);

#endif							/* MILVUS_FDW_H */
