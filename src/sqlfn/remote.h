/*
 * remote.h - How does an SQL function reach a server or a table's collection?
 */
#ifndef MF_SQLFN_REMOTE_H
#define MF_SQLFN_REMOTE_H

#include "milvus_fdw.h"

#include "src/fdw/table.h"

/*
 * The connection of the current role to a server, held until the current
 * context goes.  Raises UNDEFINED_OBJECT, INSUFFICIENT_PRIVILEGE (no USAGE).
 */
extern MfRemote *mf_sql_server(Name server);

/* A foreign table to act on: USAGE on its server, and its owner if asked for. */
extern MfTable *mf_sql_table(Oid relid, bool must_own);

/* Raise in a read-only transaction or during recovery: remotes do change. */
extern void mf_sql_prevent_read_only(const char *function);

/* A text argument in UTF-8, or NULL. */
extern char *mf_sql_text_arg(FunctionCallInfo fcinfo, int n);

/* The object's text of a jsonb argument, in UTF-8, or NULL. */
extern char *mf_sql_json_arg(FunctionCallInfo fcinfo, int n);

/* The texts of a text[] argument in UTF-8; its elements must not be null. */
extern const char *const *mf_sql_names_arg(FunctionCallInfo fcinfo, int n, int *count);

/* A text argument as the request's arg "database", or NULL. */
extern const MfOptions *mf_sql_database_arg(FunctionCallInfo fcinfo, int n);

/* Is one of the first `count` arguments null?  Functions with DEFAULT NULL cannot be strict. */
extern bool mf_sql_null_arg(FunctionCallInfo fcinfo, int count);

/*
 * The rows of a list's answer as the function's result: texts, as each column's
 * type reads them.  NULL stands for no rows.
 */
extern void mf_sql_return_cells(FunctionCallInfo fcinfo, const MfReply *reply);

/* One request whose wait is shown as NOTICE ("loading collection ...: 40 %"). */
extern const MfReply *mf_sql_request(MfRemote *remote, MfRequest *request, const char *doing);

#endif							/* MF_SQLFN_REMOTE_H */
