/*
 * import.h - What do the files share that have a remote import staged files?
 */
#ifndef MF_BULK_IMPORT_H
#define MF_BULK_IMPORT_H

#include "src/fdw/table.h"
#include "stage.h"

typedef enum MfImportState
{
	MF_IMPORT_WAITING,			/* not asked for */
	MF_IMPORT_LOST,				/* asked for; whether it was heard is not known */
	MF_IMPORT_RUNNING,
	MF_IMPORT_PERSISTED,
	MF_IMPORT_COMPLETED,
	MF_IMPORT_FAILED
} MfImportState;

/* Files that are imported together, by one job of the remote. */
typedef struct MfImportPart
{
	int			nfiles;
	const char **files;			/* as the remote sees them */
	const char *name;			/* the first, as the store knows it, or NULL */
	int64		rows;			/* that are in them; -1 = not known */
	const char *record;			/* the file of the store that keeps what was asked for, or NULL */
	int64		asked_at;		/* ms since 1970, by that record; 0 = never */
	MfImportState state;
	bool		partial;		/* failed, and some of its rows are there */
	bool		mine;			/* asked for by this command */
	bool		told;			/* the remote's last list named its job */
	bool		settled;		/* nothing can change any more */
	int			percent;
	int64		imported;		/* rows, as the remote counts them */
	char	   *id;				/* of the job, or NULL */
	List	   *failed;			/* of char *: those that failed, oldest first */
	char	   *reason;			/* why it failed */
	int64		lost_at;		/* ms, of when it was asked for */
} MfImportPart;

/* What is waited for. */
typedef enum MfImportWait
{
	MF_WAIT_PERSISTED,
	MF_WAIT_VISIBLE,
	MF_WAIT_INDEXED
} MfImportWait;

typedef struct MfImporting
{
	MfTable    *table;
	MfRemote   *store;			/* where the files are; NULL = not known */
	MemoryContext context;		/* of parts */
	MemoryContext temp;			/* of one answer */
	const char *target;			/* the collection, by its id where it has one, and partition */
	const char *probe;			/* a job that is no part's (probe.c), or NULL */
	List	   *parts;
	int			most;			/* running at a time */
	MfImportWait until;
	int64		patience_ms;	/* without progress */
	int64		deadline_ms;	/* since the beginning; 0 = none */
	int64		started;
	int64		moved;			/* when there was progress last, ms */
	int64		told;			/* and when it was told, ms */
	int64		tell_after;
} MfImporting;

/* ------------------------------------------------------- src/bulk/import.c */

/* By the options of table and server; lives in the current context. */
extern MfImporting *mf_importing_new(MfTable *table);

/* Files as the remote sees them; copied. */
extern MfImportPart *mf_importing_add(MfImporting *im, int nfiles, const char *const *files, int64 rows);

/* Have those imported that wait, as many as may run; raises what the remote refuses. */
extern void mf_importing_start(MfImporting *im);

/* What failed may be asked for again, unless some of its rows are there. */
extern void mf_importing_again(MfImporting *im);

/* Milliseconds of a clock that only runs forward; and since 1970, for what other sessions read. */
extern int64 mf_import_now_ms(void);
extern int64 mf_import_wall_ms(void);

extern const char *mf_import_state_name(const MfImportPart *part);

/* The state of such a name; WAITING for any other. */
extern MfImportState mf_import_state_by_name(const char *name);

/* -------------------------------------------------- src/bulk/import_look.c */

/* Ask the remote for its jobs, and find ours among them. */
extern void mf_importing_look(MfImporting *im);

/* A job's JSON list of files, palloc'd; NULL = it is not told. */
extern const char *const *mf_import_names(const char *list, int *n);

/* -------------------------------------------------- src/bulk/import_wait.c */

/*
 * Until all are imported: start, look, tell the progress.  Raises FDW_ERROR for
 * those that failed, QUERY_CANCELED (its deadline, with the state of each).
 */
extern void mf_importing_wait(MfImporting *im);

/* Is it as far as is waited for? */
extern bool mf_importing_done(const MfImporting *im, const MfImportPart *part);

/* Of what this command asked for.  Acknowledged: rows persisted; unknown: not known to be. */
extern void mf_importing_counts(const MfImporting *im, MfWriteCounts *counts);

/* What a reason says of a file that is not found, in words that help; NULL = it says something else. */
extern const char *mf_import_hint(const char *reason);

/* ------------------------------------------------ src/bulk/import_present.c */

/* Raise if a job's file that is yet to be asked for is not in the store, or longer or shorter than it was. */
extern void mf_importing_check_files(const MfImporting *im, const char *job, List *files);

/* -------------------------------------------------------- src/bulk/probe.c */

/* An import that only shows whether the remote finds the files; zeroed at first. */
typedef struct MfProbe
{
	bool		asked;
	char	   *id;				/* of its job, or NULL: it has nothing to tell */
	char	   *file;
} MfProbe;

/*
 * At each staged file: ask for the import of the job's manifest, and see what
 * has become of it.  Raises FDW_ERROR if it was not found; does not wait.
 */
extern void mf_probe(MfProbe *probe, MfImporting *im, MfRemote *store, const char *job, const char *partition);

/* Is this JSON list of files a probe's? */
extern bool mf_import_is_probe(const char *files);

/* -------------------------------------------------- src/bulk/import_parts.c */

/* A staged file as the remote sees it: option stage_path, or the store's own place. */
extern char *mf_import_path(const MfTable *table, MfRemote *store, const char *name);

/* Parts of a job's staged files that follow each other; files: of MfStagedFile. */
extern void mf_importing_add_staged(MfImporting *im, MfRemote *store, const char *job, List *files);

/* Raise if a manifest is not complete, or its columns cannot be imported into the collection. */
extern void mf_import_check(const MfImporting *im, MfRemote *store, const MfManifest *manifest, List *columns);

/* The files have done what they were for: they go, unless option keep_staged says no.  WARNING if they cannot. */
extern void mf_import_remove_staged(const MfTable *table, MfRemote *store, const char *job);

/* "SELECT milvus_fdw.import_files(...)" for a table and a job. */
extern char *mf_import_call(const MfTable *table, const MfRemote *store, const char *job);

/* ------------------------------------------------ src/bulk/import_secrets.c */

/*
 * The store's options for a remote that has to be told its keys; NULL = it has
 * not, or there are none.  Raises INSUFFICIENT_PRIVILEGE where its server is of
 * another owner than the store's, who is no superuser, and what the connector
 * says of keys in the clear.
 */
extern const MfOptions *mf_import_keys(const MfTable *table, const MfRemote *store);

/* Text of the remote without the secrets of table and store (NULL = the one of option "stage"); palloc'd. */
extern char *mf_import_scrub(const MfTable *table, const MfRemote *store, const char *text);

/* Its jobs, until `context` is reset. */
extern const MfReply *mf_import_list(const MfTable *table, const MfRemote *store, MemoryContext context);

/* As mf_table_raise, but the remote may know the store's secrets; extra: one more sentence, or NULL. */
pg_noreturn extern void mf_import_raise(const MfTable *table, const MfRemote *store, char *extra, MfError *err);

/* ------------------------------------------------- src/bulk/import_record.c */

/*
 * The remote forgets its jobs.  So the store keeps beside the files which of
 * them were asked for, when, as which job, and what became of it.
 */

/* One session at a time imports or removes a job: until the transaction ends, or raises LOCK_NOT_AVAILABLE. */
extern void mf_import_lock(const MfRemote *store, const char *job);

/* The same of files that are named, by the collection they go to. */
extern void mf_import_lock_target(const MfImporting *im);

/* Whose record: the collection that the table is of just now. */
extern char *mf_import_target(const MfTable *table);

/* Where it is kept for this target; in the current context. */
extern char *mf_import_record_name(const MfImporting *im, const char *job);

/* Is this file of a store such a record? */
extern bool mf_import_is_record(const char *name);

/* Into the parts, from the store. */
extern void mf_import_recall(MfImporting *im, const char *record);

/* Nothing is recorded any more of the parts so far, as their job is over. */
extern void mf_importing_forget_record(MfImporting *im);

/* Is there one? */
extern bool mf_import_has_record(MfRemote *store, const char *record);

/* From the parts, into the store. */
extern void mf_import_record(MfImporting *im, const char *record);

#endif							/* MF_BULK_IMPORT_H */
