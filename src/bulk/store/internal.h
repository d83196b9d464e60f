/*
 * internal.h - What do the files of the stores share?
 */
#ifndef MF_STORE_INTERNAL_H
#define MF_STORE_INTERNAL_H

#include "http.h"
#include "json.h"
#include "mf_arena.h"
#include "store.h"

#include <openssl/evp.h>

#define SHA256_HEX 65			/* with NUL */

/* The checksum of a file, as it is written or read. */
typedef struct StoreDigest
{
	EVP_MD_CTX *sha256;			/* or NULL: CRC-32 */
	uint32_t	crc;
	uint64_t	bytes;
	char		text[MF_CHECKSUM_BYTES];
} StoreDigest;

typedef enum StoreKind
{
	STORE_DIRECTORY,
	STORE_S3,
	STORE_AZURE
} StoreKind;

/* What url says. */
typedef struct StorePlace
{
	StoreKind	kind;
	char		account[256];	/* Azure */
	char		bucket[256];	/* or container */
	char		prefix[1024];	/* no slash at either end; of a directory its path */
} StorePlace;

struct MfConn
{
	MfMem	   *mem;
	char	   *server;
	MfOption   *option;			/* copies */
	MfOptions	options;
	StorePlace	place;
	MfHttp	   *http;			/* NULL for a directory */
	struct StoreRole *role;		/* of the machine, where its keys are used */
	char		host[512];		/* as the Host header has it */
	char		path[1024];		/* of the endpoint, and the bucket where it stands in the path */
	char		region[64];
	size_t		part_bytes;
	bool		sha256;			/* files are checked by it */
	bool		sync;			/* a directory's files are on the disk when they are done */
	bool		no_crc64;		/* it refuses that header */
};

/* place.c: false = *why (static text) */
extern bool store_place(const char *url, StorePlace *place, const char **why);

/* Name below the prefix; false = too long. */
extern bool store_key(const MfConn *store, const char *name, char *key, size_t size);

/* ---- role.c */
typedef struct StoreRole StoreRole;
extern MfStatus store_role_open(MfConn *store, const char *kind, StoreRole **role, MfError *err);
/* MF_OK = there are keys that are valid for a while. */
extern MfStatus store_role_step(StoreRole *role, MfWaitFor *wait, MfError *err);
/* "access_key", "secret_key", "session_token" */
extern const char *store_role_key(const StoreRole *role, const char *option);
extern bool store_role_is_in(const StoreRole *role, const char *text);
extern void store_role_close(StoreRole *role);
/* Where to ask: as given, or as AWS's environment variables say; false = nowhere. */
extern bool store_role_address(const char *kind, const char *region, const char *given, const char *full, const char *relative, char *out, size_t size);

/* ---- digest.c */
extern bool store_digest_begin(StoreDigest *digest, bool sha256);
extern void store_digest_add(StoreDigest *digest, const void *data, size_t len);
/* The first bytes are others now; false = they have to be hashed again. */
extern bool store_digest_patch(StoreDigest *digest, const void *before, const void *after, size_t len);
/* "crc32:..." or "sha256:..." */
extern const char *store_digest_text(StoreDigest *digest);
extern void store_digest_end(StoreDigest *digest);

extern void store_hex(const unsigned char *digest, char *hex);
extern void store_sha256(const char *data, size_t len, char *hex);
extern void store_crc64(const char *data, size_t len, char base64[16]);
extern void store_hmac(const void *key, size_t key_len, const char *text, unsigned char out[32]);

/* ---- request.c: one HTTP request, signed each time it is sent */
typedef struct StoreQuery
{
	const char *name;
	const char *value;			/* not encoded */
} StoreQuery;

typedef struct StoreCall
{
	MfConn	   *store;
	const char *method;
	char	   *path;			/* encoded, with the query */
	char		sha256[SHA256_HEX]; /* of the body, S3 */
	char		crc64[16];		/* of the body, Azure: base64, or "" */
	size_t		length;
	const char *content_type;	/* of a file, or NULL */
	const char *blob_type;		/* Azure */
	MfHttpCall *http;
	bool		resend;			/* sign and send again */
	char		range[64];		/* "bytes=0-99", or "" */
	bool		missing_ok;		/* 404 is an answer */
	bool		missing;
	const char *what;			/* for messages: "file", or a name */
} StoreCall;

/* query: sorted by name, ended by a NULL name.  key NULL = the bucket itself. */
extern MfStatus store_call_begin(MfConn *store, const char *method, const char *key, const StoreQuery *query,
								 const char *content_type, const char *body, size_t len,
								 StoreCall **call, MfError *err);
extern MfStatus store_call_step(StoreCall *call, MfWaitFor *wait, MfError *err);
extern void store_call_end(StoreCall *call);

/* ---- sign_s3.c, sign_azure.c: header lines into an arena; false = no memory */
#define STORE_HEADERS 8
extern bool store_sign_s3(const StoreCall *call, const char *now, MfArena *arena, const char **lines, int *n);
extern bool store_sign_azure(const StoreCall *call, const char *now, MfArena *arena, const char **lines, int *n);

/* The signature itself, for the published examples. */
typedef struct S3Signing
{
	const char *access_key;
	const char *secret_key;
	const char *region;
	const char *service;
	const char *method;
	const char *path;			/* encoded */
	const char *query;			/* encoded and sorted; "" = none */
	const char *headers;		/* canonical: "host:...\nx-amz-date:...\n" */
	const char *signed_headers;
	const char *payload_sha256;
	const char *time;			/* 20130524T000000Z */
} S3Signing;
extern bool store_s3_signature(const S3Signing *s, MfArena *arena, char hex[SHA256_HEX]);

/* ---- xml.c: the text of the next <tag> from *at on, unescaped; NULL = no more */
extern char *store_xml_next(MfArena *arena, const char **at, const char *end, const char *tag);

/* The same for one, anywhere. */
extern char *store_xml_text(MfArena *arena, const char *xml, size_t len, const char *tag);

/* ---- error.c */
extern MfStatus store_answer_error(StoreCall *call, MfError *err);
extern MfStatus store_os_error(MfError *err, int number, const char *doing, const char *path);

/* ---- of each store, called by put.c and task.c */
typedef struct DirectoryPut DirectoryPut;
extern MfStatus directory_put_begin(MfConn *store, const char *name, DirectoryPut **put, MfError *err);
extern MfStatus directory_put_data(DirectoryPut *put, const char *data, size_t len, size_t *taken, MfWaitFor *wait, MfError *err);
extern MfStatus directory_put_head(DirectoryPut *put, const char *head, size_t len, MfError *err);
extern MfStatus directory_put_finish(DirectoryPut *put, MfWaitFor *wait, MfError *err);
extern const char *directory_put_checksum(const DirectoryPut *put);
extern void directory_put_end(DirectoryPut *put);

/* to be read; MF_END = there is none */
extern MfStatus directory_open(MfConn *store, const char *name, int *fd, MfError *err);
extern MfStatus directory_get(MfConn *store, const char *name, MfJsonBuf *out, MfError *err);
extern MfStatus directory_delete(MfConn *store, const char *name, MfError *err);
/* add: called for each name; below: all levels, else folders of one; bytes: -1 = it is no file */
typedef bool (*DirectoryAdd) (void *arg, const char *name, int64_t bytes);
extern MfStatus directory_list(MfConn *store, const char *under, bool below, MfArena *arena,
							   DirectoryAdd add, void *arg, MfError *err);

#endif							/* MF_STORE_INTERNAL_H */
