/*
 * http_call.c - Where does one request stand?
 *
 * NEW -> RUNNING -> ANSWERED or FAILED, by way of several URLs if the first
 * does not connect; AGAIN is a failure that the next step repeats.
 */
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "http_internal.h"

/* The time between two looks beyond which nobody was waiting. */
#define UNATTENDED_MS (2 * MF_LOOK_AGAIN_MS)

static MfStatus
fill(MfHttpCall *call, const char *method, const char *path,
	 const char *content_type, const char *body, size_t len, MfError *err)
{
	MfMem	   *mem = call->http->mem;
	const char *base = call->http->urls[call->http->current].base;

	call->method = mf_strdup(mem, method);
	call->path = mf_strdup(mem, path);
	call->content_type = mf_strdup(mem, content_type != NULL ? content_type : "application/json");
	call->describe = mf_alloc(mem, strlen(method) + strlen(base) + strlen(path) + 2);
	if (call->method == NULL || call->path == NULL || call->content_type == NULL ||
		call->describe == NULL)
		return mf_error_oom(err, strlen(path));
	sprintf(call->describe, "%s %s%s", method, base, path);
	if (body != NULL)
	{
		if (!mfh_buffer_room(call->http, &call->body, len > 0 ? len : 1))
			return mf_error_oom(err, len);
		memcpy(call->body.data, body, len);
		call->body.len = len;
		call->has_body = true;
	}
	return MF_OK;
}

MfStatus
mf_http_begin(MfHttp *http, const char *method, const char *path,
			  const char *content_type, const char *body, size_t len,
			  MfHttpCall **call, MfError *err)
{
	MfHttpCall *c;
	MfStatus	status;

	*call = NULL;
	/* A blank or a control character would end the request line early. */
	if (path[0] != '/' || !mf_is_header_text(path) || strpbrk(path, " #") != NULL)
		return mf_error(err, MF_INTERNAL, "invalid path of an HTTP request");
	if (!mf_is_header_text(content_type))
		return mf_error(err, MF_INTERNAL, "invalid content type of an HTTP request");
	c = mf_calloc(http->mem, sizeof(MfHttpCall));
	if (c == NULL)
		return mf_error_oom(err, sizeof(MfHttpCall));
	c->http = http;
	c->next = http->calls;
	if (c->next != NULL)
		c->next->prev = c;
	http->calls = c;
	c->idempotent = strcmp(method, "GET") == 0 || strcmp(method, "HEAD") == 0;
	c->url = http->current;
	c->tried = 1;
	status = fill(c, method, path, content_type, body, len, err);
	if (status != MF_OK)
		mf_http_end(c);
	else
		*call = c;
	return status;
}

void
mf_http_idempotent(MfHttpCall *call)
{
	call->idempotent = true;
}

bool
mf_http_accept(MfHttpCall *call, const char *type)
{
	mf_free(call->http->mem, call->accept);
	call->accept = mf_strdup(call->http->mem, type);
	return call->accept != NULL;
}

static void
free_headers(MfHttpCall *call)
{
	for (int i = 0; i < call->nextra; i++)
		mf_free_secret(call->http->mem, call->extra[i]);
	mf_free(call->http->mem, call->extra);
	call->extra = NULL;
	call->nextra = 0;
}

bool
mf_http_headers(MfHttpCall *call, const char *const *lines, int n)
{
	free_headers(call);
	call->extra = mf_calloc(call->http->mem, sizeof(char *) * (size_t) (n + 1));
	if (call->extra == NULL)
		return false;
	for (int i = 0; i < n; i++)
	{
		/* a line break would make two of it */
		if (!mf_is_header_text(lines[i]))
			return false;
		call->extra[i] = mf_strdup(call->http->mem, lines[i]);
		if (call->extra[i] == NULL)
			return false;
		call->nextra++;
	}
	return true;
}

void
mf_http_again(MfHttpCall *call)
{
	if (call->state == HTTP_ANSWERED || call->state == HTTP_FAILED)
		call->state = HTTP_AGAIN;
}

/* Start at the URL that works, or else at the one that did last. */
static void
start(MfHttpCall *call)
{
	call->url = call->http->current;
	call->tried = 1;
	call->failed[0] = '\0';
	if (!mfh_call_start(call))
		mfh_call_finish(call, CURLE_OUT_OF_MEMORY);
}

/* The transfer ended: an answer, another URL, or a failure. */
void
mfh_call_finish(MfHttpCall *call, CURLcode code)
{
	MfHttp	   *http = call->http;
	long		status = 0;
	long		number = 0;

	call->code = code;
	if (code == CURLE_OK && call->easy != NULL)
	{
		curl_easy_getinfo(call->easy, CURLINFO_RESPONSE_CODE, &status);
		call->status = (int) status;
		if (call->answer.data != NULL)
			memset(call->answer.data + call->answer.len, 0, HTTP_LOOKAHEAD);
		http->current = call->url;
		call->state = HTTP_ANSWERED;
		mfh_call_stop(call);
		return;
	}
	call->never_left = true;
	if (call->easy != NULL)
	{
		long		sent = 0;

		curl_easy_getinfo(call->easy, CURLINFO_OS_ERRNO, &number);
		curl_easy_getinfo(call->easy, CURLINFO_REQUEST_SIZE, &sent);
		call->os_errno = (int) number;
		call->never_left = sent == 0;
	}
	mfh_call_stop(call);
	if (mfh_not_connected(call))
	{
		bool		unattended = code == CURLE_OPERATION_TIMEDOUT &&
			mf_now_ms() - call->seen_at > UNATTENDED_MS;

		/* Nobody looked while the time went by: that was no attempt. */
		if (unattended && mfh_call_start(call))
			return;
		mfh_note_failed_url(call);
		if (call->tried < http->nurls)
		{
			call->tried++;
			call->url = (call->url + 1) % http->nurls;
			if (mfh_call_start(call))
				return;
			call->code = CURLE_OUT_OF_MEMORY;
		}
	}
	call->state = HTTP_FAILED;
}

/* Count the time that somebody waited, and end it when it is too long. */
void
mfh_call_look(MfHttpCall *call, int64_t now)
{
	int64_t		gap = now - call->seen_at;

	if (call->state != HTTP_RUNNING)
		return;
	call->seen_at = now;
	call->waited_ms += gap < UNATTENDED_MS ? gap : UNATTENDED_MS;
	if (call->waited_ms >= call->http->settings.request_timeout_ms)
	{
		call->timed_out = true;
		mfh_call_finish(call, CURLE_OPERATION_TIMEDOUT);
	}
}

MfStatus
mf_http_step(MfHttpCall *call, MfWaitFor *wait, MfError *err)
{
	MfHttp	   *http = call->http;
	MfGuard		guard;
	int64_t		timeout = MF_LOOK_AGAIN_MS;
	int64_t		now;

	mf_guard_begin(&guard);
	if (call->state == HTTP_NEW || call->state == HTTP_AGAIN)
		start(call);
	if (call->state == HTTP_RUNNING)
		mfh_run(http);
	mf_guard_end(&guard);

	if (call->state == HTTP_ANSWERED)
		return MF_OK;
	if (call->state == HTTP_FAILED)
	{
		mfh_call_error(call, err);
		if (err->retry == MF_RETRY_YES)
			call->state = HTTP_AGAIN;
		return MF_ERROR;
	}
	now = mf_now_ms();
	if (http->timer_at >= 0 && http->timer_at - now < timeout)
		timeout = http->timer_at - now;
	if (http->settings.request_timeout_ms - call->waited_ms < timeout)
		timeout = http->settings.request_timeout_ms - call->waited_ms;
	wait->fd = http->epoll_fd;
	wait->events = POLLIN;
	wait->timeout_ms = timeout > 0 ? (int) timeout : 0;
	wait->what = "HTTP answer";
	return MF_WAIT;
}

int
mf_http_status(const MfHttpCall *call)
{
	return call->status;
}

const char *
mf_http_body(const MfHttpCall *call, size_t *len)
{
	static const char nothing[HTTP_LOOKAHEAD] = {0};

	*len = call->answer.len;
	return call->answer.data != NULL ? call->answer.data : nothing;
}

const char *
mf_http_header(const MfHttpCall *call, const char *name)
{
	const char *p = call->head.data;
	const char *end;

	if (p == NULL)
		return NULL;
	end = p + call->head.len;
	while (p < end)
	{
		const char *value = p + strlen(p) + 1;

		if (strcmp(p, name) == 0)
			return value;
		p = value + strlen(value) + 1;
	}
	return NULL;
}

int
mf_http_retry_after(const MfHttpCall *call)
{
	const char *value = mf_http_header(call, "retry-after");
	long		seconds = value == NULL ? 0 : strtol(value, NULL, 10);

	return seconds <= 0 ? 0 : seconds > 3600 ? 3600000 : (int) seconds * 1000;
}

const char *
mf_http_describe(const MfHttpCall *call)
{
	return call->describe;
}

/* With signals blocked. */
void
mfh_call_free(MfHttpCall *call)
{
	MfHttp	   *http = call->http;

	mfh_call_stop(call);
	if (call->prev != NULL)
		call->prev->next = call->next;
	else
		http->calls = call->next;
	if (call->next != NULL)
		call->next->prev = call->prev;
	mfh_buffer_release(http, &call->body);
	mfh_buffer_release(http, &call->head);
	mfh_buffer_release(http, &call->answer);
	mf_free(http->mem, call->method);
	mf_free(http->mem, call->path);
	mf_free(http->mem, call->content_type);
	mf_free(http->mem, call->accept);
	free_headers(call);
	mf_free(http->mem, call->describe);
	mf_free(http->mem, call);
}

void
mf_http_end(MfHttpCall *call)
{
	MfGuard		guard;

	if (call == NULL)
		return;
	mf_guard_begin(&guard);
	mfh_call_free(call);
	mf_guard_end(&guard);
}
