/*
 * http_setup.c - What is curl told about one request?
 *
 * All of it, every time: nothing comes from the environment (proxies, .netrc)
 * and nothing leads elsewhere (redirects, other protocols).
 *
 * curl by itself sends a request again if a kept connection turns out to be
 * closed before a byte of the answer came.  For a request that must not be
 * applied twice that is wrong once all of it is out, so such a body is read
 * through a callback whose rewind refuses, and one without a body gets a
 * connection of its own.
 */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "http_internal.h"

/* A program started by this process must not inherit the connection. */
static int
on_new_socket(void *arg, curl_socket_t fd, curlsocktype purpose)
{
	fcntl(fd, F_SETFD, FD_CLOEXEC);
	return CURL_SOCKOPT_OK;
}

static size_t
on_read(char *buffer, size_t size, size_t n, void *arg)
{
	MfHttpCall *call = arg;
	size_t		left = call->body.len - call->body_read;

	n *= size;
	if (n > left)
		n = left;
	memcpy(buffer, call->body.data + call->body_read, n);
	call->body_read += n;
	return n;
}

/* An incomplete body cannot have been applied; a complete one may. */
static int
on_rewind(void *arg, curl_off_t offset, int origin)
{
	MfHttpCall *call = arg;

	if (offset != 0 || origin != SEEK_SET || call->body_read >= call->body.len)
		return CURL_SEEKFUNC_FAIL;
	call->body_read = 0;
	return CURL_SEEKFUNC_OK;
}

/* A PEM text that outlives the transfer; curl's own reading of files could block. */
static void
set_pem(CURL *easy, CURLoption option, char *text)
{
	struct curl_blob blob = {.data = text,.flags = CURL_BLOB_NOCOPY};

	if (text == NULL)
		return;
	blob.len = strlen(text);
	curl_easy_setopt(easy, option, &blob);
}

static void
set_tls(CURL *easy, const MfHttp *http)
{
	const MfNetSettings *settings = &http->settings;

	curl_easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, (long) (settings->sslmode >= MF_SSL_VERIFY_CA));
	curl_easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, settings->sslmode >= MF_SSL_VERIFY_FULL ? 2L : 0L);
	curl_easy_setopt(easy, CURLOPT_SSLVERSION, (long) CURL_SSLVERSION_TLSv1_2);
	set_pem(easy, CURLOPT_CAINFO_BLOB, http->tls.roots);
	if (http->tls.roots != NULL)
		curl_easy_setopt(easy, CURLOPT_CAPATH, NULL);
	set_pem(easy, CURLOPT_SSLCERT_BLOB, http->tls.certificate);
	set_pem(easy, CURLOPT_SSLKEY_BLOB, http->tls.key);
}

static void
set_method(MfHttpCall *call)
{
	CURL	   *easy = call->easy;
	bool		get = strcmp(call->method, "GET") == 0;
	bool		head = strcmp(call->method, "HEAD") == 0;

	if (call->has_body || strcmp(call->method, "POST") == 0 || strcmp(call->method, "PUT") == 0)
	{
		curl_easy_setopt(easy, CURLOPT_POST, 1L);
		curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t) call->body.len);
		if (call->idempotent || call->body.len == 0)
			curl_easy_setopt(easy, CURLOPT_POSTFIELDS, call->has_body ? call->body.data : "");
		else
		{
			curl_easy_setopt(easy, CURLOPT_READFUNCTION, on_read);
			curl_easy_setopt(easy, CURLOPT_READDATA, call);
			curl_easy_setopt(easy, CURLOPT_SEEKFUNCTION, on_rewind);
			curl_easy_setopt(easy, CURLOPT_SEEKDATA, call);
		}
		curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, call->method);
	}
	else if (head)
		curl_easy_setopt(easy, CURLOPT_NOBODY, 1L);
	else
	{
		curl_easy_setopt(easy, CURLOPT_HTTPGET, 1L);
		if (!get)
			curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, call->method);
	}
	if (!call->idempotent && call->body.len == 0 && !get && !head)
		curl_easy_setopt(easy, CURLOPT_FRESH_CONNECT, 1L);
}

/* Append one header line; false = no memory. */
static bool
add_header(MfHttpCall *call, const char *name, const char *value)
{
	char		line[512];
	struct curl_slist *longer;

	snprintf(line, sizeof(line), "%s%s", name, value);
	longer = curl_slist_append(call->headers, line);
	if (longer == NULL)
		return false;
	call->headers = longer;
	return true;
}

static bool
set_headers(MfHttpCall *call)
{
	bool		ok;

	curl_slist_free_all(call->headers);
	call->headers = NULL;
	ok = add_header(call, "Accept: ", call->accept != NULL ? call->accept : "application/json");
	/* No "Expect: 100-continue": it costs a round trip on every large body. */
	ok = ok && add_header(call, "Expect:", "");
	if (call->has_body)
		ok = ok && add_header(call, "Content-Type: ", call->content_type);
	else
		ok = ok && add_header(call, "Content-Type:", "");
	for (int i = 0; i < call->nextra; i++)
	{
		struct curl_slist *longer = curl_slist_append(call->headers, call->extra[i]);

		ok = ok && longer != NULL;
		if (longer != NULL)
			call->headers = longer;
	}
	if (call->http->authorization != NULL)
	{
		/* As long as a token may be: not through the line buffer. */
		struct curl_slist *longer = curl_slist_append(call->headers, call->http->authorization);

		ok = ok && longer != NULL;
		if (longer != NULL)
			call->headers = longer;
	}
	curl_easy_setopt(call->easy, CURLOPT_HTTPHEADER, call->headers);
	return ok;
}

static bool
set_url(MfHttpCall *call)
{
	MfHttp	   *http = call->http;
	const HttpUrl *server = &http->urls[call->url];
	const char *target = server->target != NULL ? server->target : server->base;
	size_t		size = strlen(target) + strlen(call->path) + 1;
	size_t		room = strlen(call->method) + strlen(server->base) + strlen(call->path) + 2;
	char	   *url = mf_alloc(http->mem, size);
	char	   *describe = mf_alloc(http->mem, room);
	bool		ok = url != NULL && describe != NULL;

	if (ok)
	{
		snprintf(url, size, "%s%s", target, call->path);
		snprintf(describe, room, "%s %s%s", call->method, server->base, call->path);
		ok = curl_easy_setopt(call->easy, CURLOPT_URL, url) == CURLE_OK;
		curl_easy_setopt(call->easy, CURLOPT_CONNECT_TO, server->connect_to);
		mf_free(http->mem, call->describe);
		call->describe = describe;
		describe = NULL;
	}
	mf_free(http->mem, url);
	mf_free(http->mem, describe);
	return ok;
}

/* Let the transfer go to urls[call->url].  false = no memory, nothing runs. */
bool
mfh_call_start(MfHttpCall *call)
{
	MfHttp	   *http = call->http;
	const MfNetSettings *settings = &http->settings;
	CURL	   *easy;

	easy = http->nspare_easy > 0 ? http->spare_easy[--http->nspare_easy] : curl_easy_init();
	if (easy == NULL)
		return false;
	call->easy = easy;
	call->body_read = 0;
	call->head.len = 0;
	call->answer.len = 0;
	call->announced = 0;
	call->status = 0;
	call->code = CURLE_OK;
	call->os_errno = 0;
	call->never_left = true;
	call->curl_error[0] = '\0';
	call->timed_out = call->too_large = call->no_memory = false;
	call->waited_ms = 0;
	call->seen_at = mf_now_ms();

	curl_easy_setopt(easy, CURLOPT_PRIVATE, call);
	curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, call->curl_error);
	curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
	/* Or else giving up during a name lookup waits for the lookup. */
	curl_easy_setopt(easy, CURLOPT_QUICK_EXIT, 1L);
	curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
	curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L);
	curl_easy_setopt(easy, CURLOPT_PROXY, "");
	curl_easy_setopt(easy, CURLOPT_NETRC, (long) CURL_NETRC_IGNORED);
	curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, (long) CURL_HTTP_VERSION_1_1);
	curl_easy_setopt(easy, CURLOPT_HTTPAUTH, (long) CURLAUTH_BASIC);
	curl_easy_setopt(easy, CURLOPT_PATH_AS_IS, 1L);
	curl_easy_setopt(easy, CURLOPT_TCP_KEEPALIVE, 1L);
	curl_easy_setopt(easy, CURLOPT_TCP_KEEPIDLE, 30L);
	curl_easy_setopt(easy, CURLOPT_SOCKOPTFUNCTION, on_new_socket);
	curl_easy_setopt(easy, CURLOPT_USERAGENT, "milvus_fdw");
	curl_easy_setopt(easy, CURLOPT_BUFFERSIZE, 512L * 1024);
	curl_easy_setopt(easy, CURLOPT_UPLOAD_BUFFERSIZE, 512L * 1024);
	curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, mfh_on_body);
	curl_easy_setopt(easy, CURLOPT_WRITEDATA, call);
	curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, mfh_on_header);
	curl_easy_setopt(easy, CURLOPT_HEADERDATA, call);

	/*
	 * Only the connect timeout is curl's.  request_timeout is ours: curl would
	 * take the time its transfer was left alone for the server's.
	 */
	curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, (long) settings->connect_timeout_ms);
	if (http->user != NULL)
	{
		curl_easy_setopt(easy, CURLOPT_USERNAME, http->user);
		curl_easy_setopt(easy, CURLOPT_PASSWORD, http->password);
	}
	set_tls(easy, http);
	set_method(call);
	if (!set_url(call) || !set_headers(call) ||
		curl_multi_add_handle(http->multi, easy) != CURLM_OK)
	{
		mfh_call_stop(call);
		return false;
	}
	call->state = HTTP_RUNNING;
	return true;
}

/* Take the transfer from curl, finished or not; legal if there is none. */
void
mfh_call_stop(MfHttpCall *call)
{
	MfHttp	   *http = call->http;

	if (call->easy != NULL)
	{
		curl_multi_remove_handle(http->multi, call->easy);
		if (http->nspare_easy < HTTP_SPARE)
		{
			curl_easy_reset(call->easy);
			http->spare_easy[http->nspare_easy++] = call->easy;
		}
		else
			curl_easy_cleanup(call->easy);
		call->easy = NULL;
	}
	curl_slist_free_all(call->headers);
	call->headers = NULL;
}
