/*
 * http.h - How is an HTTP request made without blocking?
 *
 * libcurl's multi interface behind one epoll descriptor per MfHttp, so that a
 * caller waits for a single fd.  http and https only; no redirects, no proxy,
 * no .netrc.  Plain C, no PostgreSQL header.
 */
#ifndef MF_HTTP_H
#define MF_HTTP_H

#include "net.h"

typedef struct MfHttp MfHttp;
typedef struct MfHttpCall MfHttpCall;

typedef struct MfHttpAuth
{
	const char *user;			/* Basic, with password */
	const char *password;
	const char *api_key;		/* "Authorization: ApiKey ..." */
} MfHttpAuth;

/*
 * urls: one base URL or several split by commas ("http://a:9200,http://b:9200").
 * A call that cannot connect to one goes to the next (nothing was sent).
 * Nothing is sent here.  Everything is copied.
 */
extern MfStatus mf_http_open(const char *urls, const MfHttpAuth *auth,
							 const MfNetSettings *settings, MfHttp **http, MfError *err);

/* Ends the calls that are left; they must not be touched any more. */
extern void mf_http_close(MfHttp *http);

/*
 * Start a request.  path begins with '/' and is already percent-encoded.  body
 * is copied (may be NULL).  content_type NULL = application/json.  The request
 * leaves with the first step or pump; GET and HEAD are idempotent by nature.
 */
extern MfStatus mf_http_begin(MfHttp *http, const char *method, const char *path,
							  const char *content_type, const char *body, size_t len,
							  MfHttpCall **call, MfError *err);

/*
 * MF_OK: an answer is there, whatever its status.  MF_ERROR: no answer
 * (connection refused, name not known, certificate wrong, timeout, too large,
 * cut off).  retry is YES only when nothing can have been received by a server
 * or the method is one the caller declared safe with mf_http_idempotent.
 * Calling again after a retryable error sends the request anew.
 */
extern MfStatus mf_http_step(MfHttpCall *call, MfWaitFor *wait, MfError *err);
extern void mf_http_idempotent(MfHttpCall *call);

/* "Accept: type" in place of application/json, before the first step; false = no memory. */
extern bool mf_http_accept(MfHttpCall *call, const char *type);

/*
 * Header lines ("Name: value") besides ours, in place of those given before;
 * before a step that sends.  They may hold secrets.  false = no memory.
 */
extern bool mf_http_headers(MfHttpCall *call, const char *const *lines, int n);

/* After an answer, or an error: the next step sends the same request anew. */
extern void mf_http_again(MfHttpCall *call);

/* Let transfers go on without waiting; call it now and then from busy code. */
extern void mf_http_pump(MfHttp *http);

extern int	mf_http_status(const MfHttpCall *call);

/*
 * The answer's bytes.  After mf_http_step the buffer is followed by 64 bytes
 * of zeros, so that scanners may look ahead.  Valid until mf_http_end.
 */
extern const char *mf_http_body(const MfHttpCall *call, size_t *len);

/* A response header (name in lower case), or NULL. */
extern const char *mf_http_header(const MfHttpCall *call, const char *name);

/* Header Retry-After in milliseconds, an hour at most; 0 = it says none. */
extern int	mf_http_retry_after(const MfHttpCall *call);

/* "GET http://host:9200/path", for messages; no credentials. */
extern const char *mf_http_describe(const MfHttpCall *call);

/* Legal at any moment; abandons the transfer without waiting. */
extern void mf_http_end(MfHttpCall *call);

/* libcurl's version, for version(). */
extern const char *mf_http_library(void);

/* Append s, percent-encoded for use as one path segment, to buf; false = no room. */
extern bool mf_url_encode(char *buf, size_t size, const char *s);

#endif							/* MF_HTTP_H */
