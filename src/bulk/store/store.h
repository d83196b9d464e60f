/*
 * store.h - Where do staged files go, and how do they get there without blocking?
 *
 * A directory of this machine, S3 and all that speaks it, or Azure Blob.  Names
 * are relative to the place that the server's url says, '/' between their
 * parts.  The rules are a connector's (connector.h): MF_WAIT, no throwing, no
 * PostgreSQL; an object of any store is MfConn of object_store_fdw.
 */
#ifndef MF_STORE_H
#define MF_STORE_H

#include "connector.h"

/* The name of its wrapper, by which a server is known to be a store. */
#define MF_STORE_WRAPPER "object_store_fdw"

extern const MfConnector mf_object_store_connector;

/* "s3://bucket/prefix" */
extern const char *mf_store_url(const MfConn *store);

/*
 * What others call a file of the store: its path, or its key in the bucket;
 * with_bucket: s3://bucket/key.  false = too long.
 */
extern bool mf_store_outside(const MfConn *store, const char *name, bool with_bucket, char *out, size_t size);

/* May what a file begins with be written at its end? */
extern bool mf_store_can_patch(const MfConn *store);

/* ------------------------------------------------------------ one file written */

typedef struct MfPut MfPut;

/* Nothing is sent yet.  Until finish has answered OK nobody sees the file. */
extern MfStatus mf_put_begin(MfConn *store, const char *name, const char *content_type, MfPut **put, MfError *err);

/*
 * The next bytes; *taken is what has been accepted of them and is kept between
 * the calls.  MF_OK = all.
 */
extern MfStatus mf_put_data(MfPut *put, const char *data, size_t len, size_t *taken,
							MfWaitFor *wait, MfError *err);

/* Only where mf_store_can_patch: these bytes in place of the file's first. */
extern MfStatus mf_put_head(MfPut *put, const char *head, size_t len, MfError *err);

/* Everything is there when it answers MF_OK. */
extern MfStatus mf_put_finish(MfPut *put, MfWaitFor *wait, MfError *err);

extern int64_t mf_put_bytes(const MfPut *put);

/* Requests acknowledged so far, so that a caller can see it move. */
extern int64_t mf_put_parts(const MfPut *put);

/* Of all of it, once finished: "crc32:" or "sha256:" and hex digits. */
#define MF_CHECKSUM_BYTES 80
extern const char *mf_put_checksum(const MfPut *put);

/* Legal at any moment.  What was sent of an unfinished file stays: see MF_STORE_UPLOADS. */
extern void mf_put_end(MfPut *put);

/* ----------------------------------------------------------- one file read back */

typedef struct MfCheck MfCheck;

/* Its checksum is computed as "sha256:..." or "crc32:...". */
extern MfStatus mf_check_begin(MfConn *store, const char *name, bool sha256, MfCheck **check, MfError *err);

/* MF_OK = all of it is read; MF_END = there is no such file. */
extern MfStatus mf_check_step(MfCheck *check, MfWaitFor *wait, MfError *err);
extern int64_t mf_check_bytes(const MfCheck *check);
extern const char *mf_check_checksum(MfCheck *check);
extern void mf_check_end(MfCheck *check);

/* ------------------------------------------------------------- single requests */

typedef enum MfStoreVerb
{
	MF_STORE_GET,				/* data, len; MF_END = there is none */
	MF_STORE_DELETE,			/* harmless if there is none */
	MF_STORE_LIST,				/* entries: all files below name */
	MF_STORE_FOLDERS,			/* entries: what is directly below name, one level */
	MF_STORE_UPLOADS,			/* entries: unfinished uploads below name, with id */
	MF_STORE_ABORT				/* forget such an upload: name and id */
} MfStoreVerb;

typedef struct MfStoreEntry
{
	const char *name;			/* relative to the store's place */
	const char *id;				/* UPLOADS */
	int64_t		bytes;			/* LIST; -1 = not told */
} MfStoreEntry;

typedef struct MfStoreTask MfStoreTask;

extern MfStatus mf_store_begin(MfConn *store, MfStoreVerb verb, const char *name, const char *id,
							   MfStoreTask **task, MfError *err);
extern MfStatus mf_store_step(MfStoreTask *task, MfWaitFor *wait, MfError *err);
extern const char *mf_store_data(const MfStoreTask *task, size_t *len);
extern int	mf_store_entries(const MfStoreTask *task, const MfStoreEntry **entries);
extern void mf_store_end(MfStoreTask *task);

#endif							/* MF_STORE_H */
