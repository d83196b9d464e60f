/*
 * http_internal.h - What do the files of the HTTP client share?
 *
 * Everything runs on the caller's thread.  curl is only called with all
 * signals blocked, because its resolver is a thread.
 */
#ifndef MF_HTTP_INTERNAL_H
#define MF_HTTP_INTERNAL_H

#include <curl/curl.h>

#include "guard.h"
#include "http.h"
#include "net_internal.h"

#define HTTP_LOOKAHEAD 64		/* zero bytes after an answer */
#define HTTP_SPARE 4			/* buffers and curl handles kept for reuse */
#define HTTP_SPARE_BYTES ((size_t) 32 * 1024 * 1024)	/* larger ones are not kept */
#define HTTP_HEAD_BYTES 32768	/* response headers kept at most */

typedef struct HttpBuffer
{
	char	   *data;
	size_t		len;
	size_t		cap;
} HttpBuffer;

typedef struct HttpUrl
{
	char	   *base;			/* "http://host:9200/prefix", no slash at the end */
	char	   *target;			/* what curl is told instead, or NULL */
	struct curl_slist *connect_to;	/* and where that is, or NULL */
	bool		tls;
} HttpUrl;

struct MfHttp
{
	MfMem	   *mem;
	MfNetSettings settings;
	MfTlsFiles	tls;
	char	   *user;
	char	   *password;
	char	   *authorization;	/* the whole header line, or NULL */
	int			nurls;
	HttpUrl    *urls;
	int			current;		/* the URL that connected last */
	CURLM	   *multi;
	int			epoll_fd;
	int64_t		timer_at;		/* when curl wants to be called; -1 = not */
	MfHttpCall *calls;
	CURL	   *spare_easy[HTTP_SPARE];
	int			nspare_easy;
	HttpBuffer	spare[HTTP_SPARE];
	int			nspare;
};

typedef enum HttpCallState
{
	HTTP_NEW,					/* to be started by the next step or pump */
	HTTP_AGAIN,					/* failed; the next step sends it anew */
	HTTP_RUNNING,
	HTTP_ANSWERED,
	HTTP_FAILED
} HttpCallState;

struct MfHttpCall
{
	MfHttp	   *http;
	MfHttpCall *next;
	MfHttpCall *prev;
	HttpCallState state;
	bool		idempotent;
	char	   *method;
	char	   *path;
	char	   *content_type;
	char	   *accept;			/* or NULL: JSON */
	char	  **extra;			/* header lines, or NULL */
	int			nextra;
	char	   *describe;
	HttpBuffer	body;
	bool		has_body;
	size_t		body_read;		/* bytes handed to curl */

	/* this attempt */
	CURL	   *easy;
	struct curl_slist *headers;
	int			url;			/* index into urls */
	int			tried;			/* URLs tried, this one included */
	int64_t		seen_at;		/* when it was looked at last */
	int64_t		waited_ms;		/* time somebody waited for it */

	/* what came of it */
	CURLcode	code;
	int			os_errno;		/* 0 = none */
	bool		never_left;		/* not a byte of the request was sent */
	char		curl_error[CURL_ERROR_SIZE];
	char		failed[768];	/* what was wrong with each URL tried */
	bool		timed_out;		/* request_timeout is over */
	bool		too_large;
	bool		no_memory;
	int			status;
	HttpBuffer	head;			/* "name\0value\0" ... */
	size_t		announced;		/* Content-Length, 0 = unknown */
	HttpBuffer	answer;
};

/* http_url.c */
extern MfStatus mfh_parse_urls(MfHttp *http, const char *urls, MfError *err);
extern void mfh_free_urls(MfHttp *http);

/* http_buffer.c */
extern bool mfh_buffer_room(MfHttp *http, HttpBuffer *buffer, size_t cap);
extern void mfh_buffer_release(MfHttp *http, HttpBuffer *buffer);
extern void mfh_buffers_free(MfHttp *http);
extern size_t mfh_on_body(char *data, size_t size, size_t n, void *call);
extern size_t mfh_on_header(char *data, size_t size, size_t n, void *call);

/* http_multi.c */
extern void mfh_run(MfHttp *http);		/* with signals blocked */

/* http_setup.c: with signals blocked; false = no memory */
extern bool mfh_call_start(MfHttpCall *call);
extern void mfh_call_stop(MfHttpCall *call);

/* http_call.c: with signals blocked */
extern void mfh_call_finish(MfHttpCall *call, CURLcode code);
extern void mfh_call_look(MfHttpCall *call, int64_t now);
extern void mfh_call_free(MfHttpCall *call);

/* http_error.c */
extern bool mfh_not_connected(const MfHttpCall *call);
extern void mfh_note_failed_url(MfHttpCall *call);
extern MfStatus mfh_call_error(MfHttpCall *call, MfError *err);

#endif							/* MF_HTTP_INTERNAL_H */
