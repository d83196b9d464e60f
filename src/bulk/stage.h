/*
 * stage.h - What do the files that stage rows share?
 */
#ifndef MF_BULK_STAGE_H
#define MF_BULK_STAGE_H

#include "milvus_fdw.h"

#include "executor/tuptable.h"
#include "src/value/value.h"
#include "storage/buffile.h"

#include "format/format.h"
#include "store/store.h"

/* One file that is there, as the manifest lists it. */
typedef struct MfStagedFile
{
	char	   *name;			/* relative to the store's place */
	int			part;			/* files of one part belong together */
	const char *column;			/* of a file that is a column, or NULL */
	int64		rows;
	int64		bytes;
	char		checksum[MF_CHECKSUM_BYTES];
} MfStagedFile;

/* One file being made: in the store, or first on this machine's disk. */
typedef struct MfStageStream
{
	char	   *name;
	MfPut	   *put;
	BufFile    *spool;
} MfStageStream;

typedef struct MfStaging
{
	MfRemote   *remote;
	const MfFormat *format;
	char		job[64];
	char		created[MF_ISO_TIME_BYTES];
	int64		file_bytes;
	MemoryContext context;		/* of all of it; its end ends what runs */
	MemoryContext temp;			/* reset for each row */
	MemoryContextCallback callback;
	bool		started;		/* there may be something in the store */
	bool		complete;
	bool		keep;			/* also if it ends without its end */

	/* columns, known with the first row */
	bool		bound;
	MfEncodeSpec spec;
	MfField    *fields;
	MfWriter   *writers;
	AttrNumber *attnums;

	MfBatch    *batch;
	MfEncoder  *encoder;
	int64		rows;			/* taken so far */
	int			at_column;		/* for messages: the column being converted, or -1 */

	/* the part being written */
	int			part;
	bool		open;
	int			nstreams;
	MfStageStream *streams;
	List	   *files;			/* of MfStagedFile, done */
} MfStaging;

/* ----------------------------------------------- src/bulk/stage_columns.c */

/*
 * Choose how each column is carried, by the first row (NULL = there is none).
 * relid: the table that the rows are of, or InvalidOid.  Raises
 * FEATURE_NOT_SUPPORTED, naming the column, if the format cannot.
 */
extern void mf_stage_bind(MfStaging *s, TupleDesc desc, TupleTableSlot *first, Oid relid);

/* ------------------------------------------------------- src/bulk/stage.c */

/* A format by its name; raises. */
extern const MfFormat *mf_stage_format(const char *name);

/* Does a folder have a name as jobs have them? */
extern bool mf_stage_is_job(const char *name);

/* How large files may be, as the store's server says. */
extern int64 mf_stage_file_bytes(const MfRemote *store);

/* A new job in a store, in a context of its own below the current one. */
extern MfStaging *mf_stage_new(MfRemote *store, const MfFormat *format, MfCodec codec, int64 file_bytes);

/* -------------------------------------------------- src/bulk/stage_file.c */

/* Everything below waits for the store where it has to. */
extern void mf_stage_flush(MfStaging *s);

/* The rows of a batch whose columns are those of the spec; rows are counted by the caller. */
extern void mf_stage_batch(MfStaging *s, const MfBatch *batch);

/* The last part, and the manifest that says it is complete. */
extern void mf_stage_finish(MfStaging *s);

/* A whole small file. */
extern void mf_store_put(MfRemote *remote, const char *name, const char *data, size_t len, MemoryContext owner);

/* The same of a text that was composed; it is freed, also if this raises. */
extern void mf_store_put_text(MfRemote *remote, const char *name, MfBytes *text, MemoryContext owner);

/* Abandon what is being written; no I/O, never fails. */
extern void mf_stage_abandon(MfStaging *s);

/* --------------------------------------------------- src/bulk/store_use.c */

/* One request to a store, driven to its end; the task lives as long as `owner`.  NULL = there is no such file. */
extern MfStoreTask *mf_store_request(MfRemote *remote, MfStoreVerb verb, const char *name, const char *id,
									 MemoryContext owner);

/* The same; NULL with *err filled = it failed. */
extern MfStoreTask *mf_store_try(MfRemote *remote, MfStoreVerb verb, const char *name, const char *id,
								 MemoryContext owner, MfError *err);

/* A server that is a store, by its name; what an aborted command left there is removed first. */
extern MfRemote *mf_store_server(Name server);

/* The same for what a table's option says: its owner needs USAGE, the connection is the user's. */
extern MfRemote *mf_store_of_table(const char *server, Oid owner, Oid userid, MemoryContext context);

/* Remove all files of a job, its manifest last; how many.  MF_ERROR: *err says why not all. */
extern MfStatus mf_store_remove_job(MfRemote *remote, const char *job, int64 *removed, MfError *err);

/* A job that ended without its end: to be removed at the next command on this store. */
extern void mf_store_note_leftover(MfRemote *remote, const char *job);

/* ---------------------------------------------------- src/bulk/manifest.c */

#define MF_MANIFEST_FILE "manifest.json"

/* What a manifest says of its job; strings in the current context. */
typedef struct MfManifest
{
	char	   *job;
	char	   *state;			/* "staging" or "complete" */
	char	   *format;
	char	   *created;
	int			nfiles;
	int64		rows;
	int64		bytes;
	const char *fault;			/* why it is not to be trusted, or NULL */
} MfManifest;

extern void mf_manifest_write(MfStaging *s);

/* What lies in the folder of this name.  false = only fault is set; true: it may be set all the same. */
extern bool mf_manifest_read(const char *text, size_t len, const char *job, MfManifest *manifest);

/* Its columns (of MfFormatColumn) and files (of MfStagedFile), of what mf_manifest_read took. */
extern void mf_manifest_parts(const char *text, size_t len, List **columns, List **files);

/* ------------------------------------------------------ src/bulk/staged.c */

/* The job of a manifest's name; raises where it can be none. */
extern char *mf_manifest_job(const char *manifest);

/*
 * The text of a job's manifest, palloc'd; raises if there is none of ours, or if
 * it cannot be used; intact: or if it is not to be trusted.
 */
extern char *mf_manifest_get(MfRemote *store, const char *job, bool intact, MfManifest *manifest);

#endif							/* MF_BULK_STAGE_H */
