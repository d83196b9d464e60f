/*
 * request.c - How is one request to a store made?
 *
 * Signed anew each time it is sent, because a signature holds the time.  All of
 * them may be repeated: they put, read or remove what they name.
 */
#include "internal.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#define PATH_BYTES 4096

/* As each of the two wants the time. */
static void
time_text(StoreKind kind, char *buf, size_t size)
{
	static const char *const days[] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
	static const char *const months[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
	time_t		now = time(NULL);
	struct tm	t;

	gmtime_r(&now, &t);
	if (kind == STORE_S3)
		strftime(buf, size, "%Y%m%dT%H%M%SZ", &t);
	else
		snprintf(buf, size, "%s, %02d %s %04d %02d:%02d:%02d GMT", days[t.tm_wday], t.tm_mday, months[t.tm_mon],
				 t.tm_year + 1900, t.tm_hour, t.tm_min, t.tm_sec);
}

/* Append a key, each part of it encoded; false = no room. */
static bool
add_key(char *buf, size_t size, const char *key)
{
	for (const char *p = key; *p != '\0';)
	{
		size_t		n = strcspn(p, "/");
		size_t		len = strlen(buf);
		char		part[1100];

		if (n >= sizeof(part) || len + 2 > size)
			return false;
		memcpy(part, p, n);
		part[n] = '\0';
		strcpy(buf + len, "/");
		if (!mf_url_encode(buf, size, part))
			return false;
		p += n + (p[n] == '/');
	}
	return true;
}

static bool
add_query(char *buf, size_t size, const StoreQuery *query)
{
	char		mark = '?';

	for (; query != NULL && query->name != NULL; query++)
	{
		size_t		len = strlen(buf);

		if (len + 2 > size)
			return false;
		buf[len] = mark;
		buf[len + 1] = '\0';
		if (!mf_url_encode(buf, size, query->name))
			return false;
		len = strlen(buf);
		if (len + 2 > size)
			return false;
		strcpy(buf + len, "=");
		if (!mf_url_encode(buf, size, query->value))
			return false;
		mark = '&';
	}
	return true;
}

static MfStatus
make_path(StoreCall *call, const char *key, const StoreQuery *query, MfError *err)
{
	MfConn	   *store = call->store;
	const char *token = mf_option(&store->options, "sas_token");
	char		path[PATH_BYTES];
	size_t		len;

	snprintf(path, sizeof(path), "%s", store->path);
	if ((key != NULL && !add_key(path, sizeof(path), key)) ||
		(path[0] == '\0' && !strcpy(path, "/")) || !add_query(path, sizeof(path), query))
		return mf_error(err, MF_PROGRAM_LIMIT, "name of a file is too long for a store");
	len = strlen(path);
	if (token != NULL && store->place.kind == STORE_AZURE)
	{
		token += token[0] == '?';
		if (len + strlen(token) + 2 > sizeof(path))
			return mf_error(err, MF_PROGRAM_LIMIT, "name of a file is too long for a store");
		snprintf(path + len, sizeof(path) - len, "%c%s", strchr(path, '?') != NULL ? '&' : '?', token);
	}
	call->path = mf_strdup(store->mem, path);
	return call->path != NULL ? MF_OK : mf_error_oom(err, len);
}

MfStatus
store_call_begin(MfConn *store, const char *method, const char *key, const StoreQuery *query,
				 const char *content_type, const char *body, size_t len, StoreCall **out, MfError *err)
{
	StoreCall  *call = mf_calloc(store->mem, sizeof(StoreCall));

	*out = NULL;
	if (call == NULL)
		return mf_error_oom(err, sizeof(StoreCall));
	call->store = store;
	call->method = method;
	call->content_type = content_type;
	call->length = len;
	call->resend = true;
	call->what = key != NULL ? "file" : "bucket";
	if (store->place.kind == STORE_S3)
		store_sha256(body, len, call->sha256);
	else if (len > 0 && !store->no_crc64)
		store_crc64(body, len, call->crc64);
	if (make_path(call, key, query, err) != MF_OK ||
		mf_http_begin(store->http, method, call->path, content_type, body, len, &call->http, err) != MF_OK)
	{
		store_call_end(call);
		return MF_ERROR;
	}
	mf_http_idempotent(call->http);
	*out = call;
	return MF_OK;
}

static MfStatus
sign(StoreCall *call, MfError *err)
{
	MfArena		arena = {.mem = call->store->mem};
	const char *lines[STORE_HEADERS];
	char		now[40];
	int			n = 0;
	bool		ok;

	time_text(call->store->place.kind, now, sizeof(now));
	ok = call->store->place.kind == STORE_S3 ? store_sign_s3(call, now, &arena, lines, &n) :
		store_sign_azure(call, now, &arena, lines, &n);
	if (call->range[0] != '\0')
		lines[n++] = mf_arena_text(&arena, "Range: %s", call->range);
	ok = ok && !arena.failed;
	ok = ok && mf_http_headers(call->http, lines, n);
	mf_arena_free(&arena);
	if (!ok)
		return mf_error(err, MF_INVALID_AUTHORIZATION, "could not sign the request with the credentials of the user mapping");
	mf_http_again(call->http);
	call->resend = false;
	return MF_OK;
}

MfStatus
store_call_step(StoreCall *call, MfWaitFor *wait, MfError *err)
{
	MfStatus	status;
	int			code;

	if (call->resend && call->store->role != NULL)
	{
		status = store_role_step(call->store->role, wait, err);
		if (status != MF_OK)
			return status;
	}
	if (call->resend && sign(call, err) != MF_OK)
		return MF_ERROR;
	status = mf_http_step(call->http, wait, err);
	if (status == MF_WAIT)
		return MF_WAIT;
	if (status == MF_OK)
	{
		code = mf_http_status(call->http);
		/* behind the end there is nothing: an answer too */
		if ((code >= 200 && code < 300) || (code == 416 && call->range[0] != '\0'))
			return MF_OK;
		status = store_answer_error(call, err);
	}
	call->resend = status == MF_ERROR && err->retry == MF_RETRY_YES;
	return status;
}

void
store_call_end(StoreCall *call)
{
	if (call == NULL)
		return;
	mf_http_end(call->http);
	mf_free(call->store->mem, call->path);
	mf_free(call->store->mem, call);
}
