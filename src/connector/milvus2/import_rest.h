/*
 * import_rest.h - What do the requests of the REST interface share?
 */
#ifndef MILVUS2_IMPORT_REST_H
#define MILVUS2_IMPORT_REST_H

#include "internal.h"

#define M2_REST_MOST_BYTES (64 * 1024 * 1024)	/* of one answer, and of all pages */

/* Zilliz Cloud's name of the cluster; NULL = this is Milvus itself. */
extern const char *m2_rest_cluster(const MfTask *task);

/* What each request says; without its closing brace. */
extern MfJsonBuf m2_rest_body(const MfTask *task);
extern void m2_rest_add_text(MfJsonBuf *body, const char *name, const char *value);

/* The body has no closing brace yet, and is freed.  idempotent: may be sent again. */
extern MfStatus m2_rest_begin(MfTask *task, const char *action, MfJsonBuf *body, bool idempotent, MfError *err);

/* The answer, whose "data" is there, to be released by the caller; the call is over then. */
extern MfStatus m2_rest_finish(MfTask *task, bool idempotent, json_t **root, MfWaitFor *wait, MfError *err);

#endif							/* MILVUS2_IMPORT_REST_H */
