/*
 * net_http.c - Does the HTTP client answer, or say why not, whatever the server does?
 *
 * usage: net_http [DIRECTORY OF CERTIFICATES]     (ca, server, foreign-ca, ...: NAME.crt, NAME.key)
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif

#include <dlfcn.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>

#include "http.h"

#include "drive.h"
#include "net_http_double.h"

static MfMem mem;
static int	port;

/* A name server that never answers: libcurl calls this one. */
int
getaddrinfo(const char *node, const char *service, const struct addrinfo *hints, struct addrinfo **res)
{
	int			(*real) (const char *, const char *, const struct addrinfo *, struct addrinfo **);

	if (node != NULL && strcmp(node, "silent.example") == 0)
	{
		sleep(20);
		return EAI_AGAIN;
	}
	if (node != NULL && strcmp(node, "unknown.example") == 0)
		return EAI_NONAME;
	real = (int (*) (const char *, const char *, const struct addrinfo *, struct addrinfo **)) dlsym(RTLD_NEXT, "getaddrinfo");
	return real(node, service, hints, res);
}

static MfNetSettings
settings(void)
{
	MfNetSettings s;

	mf_net_settings(&s, "es", NULL, &mem);
	s.connect_timeout_ms = 500;
	s.request_timeout_ms = 3000;
	s.max_response = 8 << 20;
	return s;
}

static MfHttp *
open_urls(const char *urls, const MfNetSettings *s)
{
	MfHttp	   *http = NULL;
	MfError		err;
	MfNetSettings standard = settings();

	if (mf_http_open(urls, NULL, s != NULL ? s : &standard, &http, &err) != MF_OK)
		show_error(&err);
	return http;
}

static MfHttp *
open_port(int p, const MfNetSettings *s)
{
	char		url[100];

	snprintf(url, sizeof(url), "http://127.0.0.1:%d/", p);
	return open_urls(url, s);
}

static MfStatus
step(void *call, MfWaitFor *wait, MfError *err)
{
	return mf_http_step(call, wait, err);
}

static MfStatus
finish(MfHttpCall *call, MfError *err)
{
	MfStatus	status = drive(step, call, 10000, err);

	if (status == MF_ERROR)
		show_error(err);
	return status;
}

static MfStatus
begin(MfHttp *http, const char *method, const char *path, const char *body, MfHttpCall **call)
{
	MfError		err;
	MfStatus	status = mf_http_begin(http, method, path, NULL, body, body != NULL ? strlen(body) : 0, call, &err);

	if (status != MF_OK)
		show_error(&err);
	return status;
}

/* Is the body what double_pattern sends, with its zeros after it? */
static bool
is_pattern(const MfHttpCall *call, size_t wanted)
{
	size_t		len;
	const char *body = mf_http_body(call, &len);

	for (size_t i = 0; i < len; i++)
	{
		if (body[i] != (char) ('a' + i % (1 << 20) % 23))
			return false;
	}
	for (size_t i = 0; i < 64; i++)
	{
		if (body[len + i] != '\0')
			return false;
	}
	return len == wanted;
}

/* One request for which an answer is expected. */
static void
answers(MfHttp *http, const char *method, const char *path, const char *body,
		int status, size_t pattern)
{
	MfHttpCall *call;
	MfError		err;

	begin(http, method, path, body, &call);
	ok(finish(call, &err) == MF_OK && mf_http_status(call) == status, "%s %s answers %d", method, path, status);
	if (pattern != SIZE_MAX)
		ok(is_pattern(call, pattern), "%s %s: %zu bytes, then zeros", method, path, pattern);
	mf_http_end(call);
}

/* One request that fails. */
static void
fails(MfHttp *http, const char *method, const char *path, const char *body,
	  const char *sqlstate, const char *message, const char *detail, MfRetry retry)
{
	MfHttpCall *call;
	MfError		err;
	char		name[200];

	begin(http, method, path, body, &call);
	snprintf(name, sizeof(name), "%s %s", method, path);
	ok(finish(call, &err) == MF_ERROR, "%s fails", name);
	is_text(err.sqlstate, sqlstate, name);
	has_text(err.message, message, name);
	has_text(err.detail, detail, name);
	is_int(err.retry, retry, name);
	mf_http_end(call);
}

static void
test_answers(void)
{
	MfHttp	   *http = open_port(port, NULL);
	MfHttpCall *call;
	MfError		err;
	size_t		len;

	answers(http, "GET", "/length/0", NULL, 200, 0);
	answers(http, "GET", "/length/5", NULL, 200, 5);
	answers(http, "GET", "/length/3000000", NULL, 200, 3000000);
	answers(http, "GET", "/chunked/20000", NULL, 200, SIZE_MAX);
	answers(http, "GET", "/empty", NULL, 204, 0);
	answers(http, "HEAD", "/length/0", NULL, 200, 0);
	answers(http, "DELETE", "/x", NULL, 200, 5);
	answers(http, "POST", "/x", NULL, 200, 5);
	answers(http, "GET", "/redirect", NULL, 302, 0);
	answers(http, "GET", "/status/429", NULL, 429, SIZE_MAX);

	begin(http, "POST", "/echo", "{\"query\": 1}", &call);
	finish(call, &err);
	is_text(mf_http_body(call, &len), "{\"query\": 1}", "a body arrives and comes back");
	is_int((long long) len, 12, "its length");
	has_text(double_counts->last_head, "Content-Type: application/json", "content type");
	has_text(double_counts->last_head, "POST /echo HTTP/1.1", "request line");
	ok(strcasestr(double_counts->last_head, "expect:") == NULL, "no Expect header");
	mf_http_end(call);

	begin(http, "GET", "/length/5", NULL, &call);
	finish(call, &err);
	is_text(mf_http_header(call, "x-double"), "yes", "a response header");
	ok(mf_http_header(call, "x-none") == NULL, "a header that is not there");
	has_text(mf_http_describe(call), "GET http://127.0.0.1:", "description");
	ok(finish(call, &err) == MF_OK, "step after the answer is the answer");
	mf_http_end(call);
	mf_http_close(http);
}

static void
test_keep_alive(void)
{
	MfHttp	   *http = open_port(port, NULL);
	MfHttpCall *call;
	MfError		err;
	char		first[20];
	size_t		len;

	begin(http, "GET", "/connection", NULL, &call);
	finish(call, &err);
	snprintf(first, sizeof(first), "%s", mf_http_body(call, &len));
	mf_http_end(call);
	begin(http, "POST", "/connection", "{}", &call);
	finish(call, &err);
	is_text(mf_http_body(call, &len), first, "the connection is used again");
	mf_http_end(call);
	begin(http, "POST", "/connection", NULL, &call);
	finish(call, &err);
	ok(strcmp(mf_http_body(call, &len), first) != 0, "not for a request that curl might send twice");
	mf_http_end(call);
	mf_http_close(http);
}

static void
test_failures(void)
{
	MfHttp	   *http = open_port(port, NULL);

	fails(http, "GET", "/cut/1000", NULL, "08006", "lost the connection to server \"es\"", "/cut/1000", MF_RETRY_YES);
	fails(http, "POST", "/cut/1000", "{}", "08006", "lost the connection", "/cut/1000", MF_RETRY_UNKNOWN);
	fails(http, "GET", "/close", NULL, "08006", "lost the connection", "mpty reply", MF_RETRY_YES);
	fails(http, "GET", "/garbage", NULL, "08P01", "does not speak HTTP", "/garbage", MF_RETRY_NO);
	fails(http, "GET", "/length/9000000", NULL, "53400", "too large", "8388608 bytes", MF_RETRY_NO);
	fails(http, "GET", "/announce/99999999999999999999999", NULL, "53400", "too large", "8388608 bytes", MF_RETRY_NO);
	fails(http, "GET", "/endless", NULL, "53400", "too large", "8388608 bytes", MF_RETRY_NO);
	fails(http, "GET", "/hang", NULL, "08006", "did not answer within 3 seconds", "/hang", MF_RETRY_NO);
	fails(http, "POST", "/slow", "{}", "08006", "did not answer within 3 seconds", "/slow", MF_RETRY_UNKNOWN);
	mf_http_close(http);

	http = open_port(refused_port(), NULL);
	fails(http, "POST", "/x", "{}", "08001", "could not connect to server \"es\"", "Connection refused", MF_RETRY_YES);
	mf_http_close(http);
	http = open_port(closed_door_port(), NULL);
	fails(http, "POST", "/x", "{}", "08001", "could not connect", "no connection within 500 ms", MF_RETRY_YES);
	mf_http_close(http);
	http = open_urls("http://unknown.example:9200", NULL);
	fails(http, "POST", "/x", "{}", "08001", "could not connect", "Could not resolve host", MF_RETRY_YES);
	mf_http_close(http);
	http = open_urls("http://silent.example:9200", NULL);
	fails(http, "POST", "/x", "{}", "08001", "could not connect", "no connection within 500 ms", MF_RETRY_YES);
	mf_http_close(http);
}

/* A request that came through whole and got no answer is not sent again. */
static void
test_not_twice(void)
{
	MfHttp	   *http = open_port(port, NULL);
	MfHttpCall *call;
	MfError		err;
	int			before;

	answers(http, "POST", "/drop", "{\"first\": 1}", 200, 3);
	before = atomic_load(&double_counts->drops);
	begin(http, "POST", "/drop", "{\"second\": 2}", &call);
	ok(finish(call, &err) == MF_ERROR && err.retry == MF_RETRY_UNKNOWN, "a write that is dropped is unknown");
	is_text(err.sqlstate, "08006", "a lost connection");
	is_int(atomic_load(&double_counts->drops) - before, 1, "it was sent once");
	mf_http_end(call);

	/* The same, declared harmless: curl sends it again on a new connection. */
	answers(http, "POST", "/drop", "{\"first\": 1}", 200, 3);
	begin(http, "POST", "/drop", "{\"second\": 2}", &call);
	mf_http_idempotent(call);
	ok(finish(call, &err) == MF_OK, "an idempotent request is sent again");
	mf_http_end(call);
	mf_http_close(http);
}

static void
test_failover_and_retry(void)
{
	char		urls[200];
	MfHttp	   *http;
	MfHttpCall *call;
	MfError		err;
	int			late = refused_port();
	double		began;

	snprintf(urls, sizeof(urls), " http://127.0.0.1:%d , http://127.0.0.1:%d/,http://127.0.0.1:%d",
			 refused_port(), closed_door_port(), port);
	http = open_urls(urls, NULL);
	answers(http, "POST", "/length/7", "{}", 200, 7);
	began = drive_now();
	answers(http, "POST", "/length/8", "{}", 200, 8);
	ok(drive_now() - began < 300, "the URL that worked is tried first");
	mf_http_close(http);

	snprintf(urls, sizeof(urls), "http://127.0.0.1:%d,http://127.0.0.1:%d", refused_port(), closed_door_port());
	http = open_urls(urls, NULL);
	fails(http, "GET", "/", NULL, "08001", "could not connect", "refused; http", MF_RETRY_YES);
	mf_http_close(http);

	/* The same call again, once somebody listens. */
	http = open_port(late, NULL);
	begin(http, "POST", "/", "{}", &call);
	finish(call, &err);
	if (fork() == 0)
	{
		struct sockaddr_in at = {.sin_family = AF_INET,.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
		.sin_port = htons((uint16_t) late)};
		int			fd = socket(AF_INET, SOCK_STREAM, 0);
		int			yes = 1;

		setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes));
		if (bind(fd, (struct sockaddr *) &at, sizeof(at)) == 0 && listen(fd, 5) == 0)
			double_connection((void *) (intptr_t) accept(fd, NULL, NULL));
		_exit(0);
	}
	pause_ms(100);
	ok(finish(call, &err) == MF_OK && mf_http_status(call) == 200, "the same call again, after a retryable error");
	mf_http_end(call);
	mf_http_close(http);
}

/* Time in which nobody looks is not the server's. */
static void
test_unattended(void)
{
	MfNetSettings s = settings();
	MfHttp	   *http;
	MfHttpCall *call;
	MfError		err;
	MfWaitFor	wait;

	s.request_timeout_ms = 1500;
	http = open_port(port, &s);
	begin(http, "GET", "/late", NULL, &call);
	/* on a busy machine one step does not send it */
	for (int i = 0; i < 25; i++)
	{
		mf_http_step(call, &wait, &err);
		pause_ms(20);
	}
	pause_ms(2500);
	ok(finish(call, &err) == MF_OK, "an answer that came while nobody looked is taken");
	mf_http_end(call);
	mf_http_close(http);
}

static void
test_open(void)
{
	static const struct
	{
		const char *url;
		int			sslmode;	/* -1 = not given */
		const char *text;
	}			bad[] = {
		{"", -1, "empty"},
		{"host:9200", -1, "begin with"},
		{"ftp://host", -1, "begin with"},
		{"file:///etc/passwd", -1, "begin with"},
		{"http://", -1, "look like"},
		{"http://a:9200,http://b:x", -1, "look like"},
		{"http://u:secret@host:9200", -1, "user or a password"},
		{"http://u@host:9200", -1, "user or a password"},
		{"http://host:9200/?a=b", -1, "query"},
		{"https://host:9200", MF_SSL_DISABLE, "always encrypted"},
		{"http://host:9200", MF_SSL_REQUIRE, "not encrypted"},
	};

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
	{
		MfNetSettings s = settings();
		MfHttp	   *http;
		MfError		err;

		if (bad[i].sslmode >= 0)
		{
			s.sslmode = (MfSslMode) bad[i].sslmode;
			s.sslmode_given = true;
		}
		ok(mf_http_open(bad[i].url, NULL, &s, &http, &err) == MF_ERROR && http == NULL, "\"%s\" is refused", bad[i].url);
		is_text(err.sqlstate, "22023", "its SQLSTATE");
		has_text(err.detail, bad[i].text, "its detail");
		ok(strstr(err.message, "secret") == NULL && strstr(err.detail, "secret") == NULL &&
		   strstr(err.hint, "secret") == NULL, "no password in it");
	}
}

/* What every URL of a user goes through. */
static void
test_url_parse(void)
{
	static const struct
	{
		const char *text;
		bool		tls;
		const char *host;
		int			port;
		const char *path;
		const char *base;
	}			good[] = {
		{"http://localhost:9200", false, "localhost", 9200, "", "http://localhost:9200"},
		{"HTTPS://Host.Example/", true, "Host.Example", 0, "", "https://Host.Example"},
		{"https://[::1]:443/a/b//", true, "::1", 443, "/a/b", "https://[::1]:443/a/b"},
		{"http://127.0.0.1", false, "127.0.0.1", 0, "", "http://127.0.0.1"},
		{"https://in01-abc.api.gcp-us-west1.zillizcloud.com:443", true,
		"in01-abc.api.gcp-us-west1.zillizcloud.com", 443, "", "https://in01-abc.api.gcp-us-west1.zillizcloud.com:443"},
	};
	static const char *const bad[] = {
		"", "/", "localhost:19530", "ftp://a", "file:///etc/passwd", "gopher://a:70/_x", "unix:///tmp/x", "unix:/tmp/x",
		"dict://a", "http:a", "http://", "https://:443", "http://a:0x1", "http://a:99999", "http://a:-1", "http://a b", "http://a\r\nX: y",
		"http://secret@a", "http://u:secret@a", "http://:secret@a", "http://a/secret@b", "http://u%3Asecret%40a", "http://a?secret", "http://a#secret",
		"http://[::1", "http://::1", "http://a,http://b", "http://ex\xc3\xa4mple", "http://ex\xffmple", "javascript://a", "http:\\\\a",
	};
	char		longest[4096] = "http://a/";
	const char *why;
	MfUrl		url;

	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
	{
		ok(mf_url_parse(good[i].text, &url, &why), "\"%s\"", good[i].text);
		ok(url.tls == good[i].tls && url.port == good[i].port, "TLS and port");
		is_text(url.host, good[i].host, "host");
		is_text(url.path, good[i].path, "path");
		is_text(url.base, good[i].base, "base");
	}
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		ok(!mf_url_parse(bad[i], &url, &why) && why != NULL && strstr(why, "secret") == NULL, "\"%s\" is refused: %s", bad[i], why);
	memset(longest + 9, 'x', sizeof(longest) - 10);
	ok(!mf_url_parse(longest, &url, &why), "one of 4095 bytes: %s", why);
	ok(mf_host_valid("a-b_c.example", &why) && mf_host_valid("::1", &why) && mf_host_valid("fe80::1.2.3.4", &why), "hosts");
	ok(!mf_host_valid("", &why) && !mf_host_valid("unix:/a", &why) && !mf_host_valid("unix:a", &why) &&
	   !mf_host_valid("a/b", &why) && !mf_host_valid("a b", &why) && !mf_host_valid("dns:a", &why) && !mf_host_valid("a%00", &why), "none");
}

static void
test_auth(void)
{
	MfNetSettings s = settings();
	MfHttp	   *http;
	MfHttpCall *call;
	MfError		err;
	char		url[100];
	MfHttpAuth	basic = {.user = "elastic",.password = "p:w\"\xc3\xa4"};
	MfHttpAuth	key = {.user = "elastic",.password = "x",.api_key = "a2V5"};
	MfHttpAuth	bad = {.api_key = "a\r\nX-Evil: 1"};

	snprintf(url, sizeof(url), "http://127.0.0.1:%d", port);
	setenv("http_proxy", "http://127.0.0.1:1", 1);
	mf_http_open(url, &basic, &s, &http, &err);
	answers(http, "GET", "/", NULL, 200, 5);
	has_text(double_counts->last_head, "Authorization: Basic ZWxhc3RpYzpwOnciw6Q=", "Basic");
	mf_http_close(http);
	mf_http_open(url, &key, &s, &http, &err);
	begin(http, "GET", "/", NULL, &call);
	ok(mf_http_accept(call, "application/cbor"), "accept");
	finish(call, &err);
	has_text(double_counts->last_head, "Authorization: ApiKey a2V5", "ApiKey");
	has_text(double_counts->last_head, "Accept: application/cbor", "Accept");
	ok(strstr(double_counts->last_head, "Basic") == NULL, "and nothing else");
	mf_http_end(call);
	mf_http_close(http);
	ok(mf_http_open(url, &bad, &s, &http, &err) == MF_ERROR && strstr(err.message, "Evil") == NULL,
	   "a header cannot be smuggled in");
	unsetenv("http_proxy");
	http = open_urls(url, NULL);
	ok(mf_http_begin(http, "GET", "/a b\r\n", NULL, NULL, 0, &call, &err) == MF_ERROR, "nor a request line");
	mf_http_close(http);
}

/* Giving up is immediate, wherever the transfer is. */
static void
test_abandon(void)
{
	static const char *const where[] = {"name lookup", "connecting", "waiting", "reading"};
	double		worst = 0;

	for (int i = 0; i < 4; i++)
	{
		MfHttp	   *http = i == 0 ? open_urls("http://silent.example:9200", NULL) :
			open_port(i == 1 ? closed_door_port() : port, NULL);
		MfHttpCall *call;
		MfError		err;
		double		began;
		double		took;

		begin(http, "POST", i == 3 ? "/slow" : "/hang", "{}", &call);
		drive(step, call, 150, &err);
		began = drive_now();
		mf_http_end(call);
		took = drive_now() - began;
		began = drive_now();
		mf_http_close(http);
		ok(took < 50 && drive_now() - began < 50, "giving up while %s", where[i]);
		printf("# end %.3f ms, close %.3f ms\n", took, drive_now() - began);
		if (took > worst)
			worst = took;
	}
}

static void
test_many(void)
{
	MfHttp	   *http = open_port(port, NULL);
	MfHttpCall *calls[20];
	MfError		err;
	int			good = 0;

	for (int i = 0; i < 20; i++)
	{
		char		path[40];

		snprintf(path, sizeof(path), "/length/%d", 100000 + i);
		begin(http, "GET", path, NULL, &calls[i]);
	}
	mf_http_pump(http);
	for (int i = 19; i >= 0; i--)
	{
		good += finish(calls[i], &err) == MF_OK && is_pattern(calls[i], 100000 + (size_t) i);
		mf_http_end(calls[i]);
	}
	is_int(good, 20, "twenty requests at once");

	/* Left open on purpose: close ends them. */
	for (int i = 0; i < 20; i++)
		begin(http, "GET", "/hang", NULL, &calls[i]);
	mf_http_pump(http);
	mf_http_close(http);
}

static void
test_budget(void)
{
	MfNetSettings s = settings();
	MfMem		small;
	MfHttp	   *http;
	MfHttpCall *call;
	MfError		err;
	char		url[100];

	mf_mem_init(&small, 300000);
	s.mem = &small;
	snprintf(url, sizeof(url), "http://127.0.0.1:%d", port);
	mf_http_open(url, NULL, &s, &http, &err);
	begin(http, "GET", "/length/200000", NULL, &call);
	ok(finish(call, &err) == MF_OK, "an answer within the budget");
	mf_http_end(call);
	begin(http, "GET", "/chunked/100000", NULL, &call);
	ok(finish(call, &err) == MF_ERROR && strcmp(err.sqlstate, "HV001") == 0, "an answer beyond it");
	mf_http_end(call);
	mf_http_close(http);
	is_int((long long) small.used, 0, "all of the budget is given back");
}

static void
test_threads(void)
{
	MfNetSettings s = settings();
	MfHttp	   *http = open_urls("http://silent.example:9200", &s);
	MfHttpCall *call;
	MfError		err;
	int			unblocked;
	int			n;

	begin(http, "GET", "/", NULL, &call);
	drive(step, call, 100, &err);
	n = count_threads(&unblocked);
	ok(n > 0 && unblocked == 0, "signals are blocked in all threads (%d)", n);
	mf_http_end(call);
	mf_http_close(http);
}

/* A process whose name lookup hangs can still exit. */
static void
test_exit(const char *self)
{
	double		began = drive_now();
	pid_t		pid = fork();
	int			status;

	if (pid == 0)
	{
		execl(self, self, "exit", NULL);
		_exit(1);
	}
	waitpid(pid, &status, 0);
	ok(WIFEXITED(status) && WEXITSTATUS(status) == 0 && drive_now() - began < 2000, "exit during a name lookup");
}

/* A TLS server with the certificate `name`, at all addresses; answers its port. */
static int
tls_server(const char *dir, const char *name)
{
	int			p = refused_port();
	char		where[40];
	char		cert[500];
	char		key[500];
	MfNetSettings s = settings();

	snprintf(where, sizeof(where), "0.0.0.0:%d", p);
	snprintf(cert, sizeof(cert), "%s/%s.crt", dir, name);
	snprintf(key, sizeof(key), "%s/%s.key", dir, name);
	if (fork() == 0)
	{
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		freopen("/dev/null", "w", stdout);
		freopen("/dev/null", "w", stderr);
		execlp("openssl", "openssl", "s_server", "-accept", where, "-cert", cert, "-key", key, "-www", "-quiet", NULL);
		_exit(1);
	}
	for (int i = 0; i < 100; i++)
	{
		MfHttp	   *http = open_port(p, &s);
		MfHttpCall *call;
		MfError		err;
		MfStatus	status;

		begin(http, "GET", "/", NULL, &call);
		status = drive(step, call, 1000, &err);
		mf_http_end(call);
		mf_http_close(http);
		if (status == MF_OK || strcmp(err.sqlstate, "08001") != 0)
			break;
		pause_ms(50);
	}
	return p;
}

static void
tls_call(const char *host, int p, MfSslMode mode, const char *root, const char *detail)
{
	MfNetSettings s = settings();
	MfHttp	   *http;
	MfHttpCall *call;
	MfError		err;
	char		url[100];

	s.sslmode = mode;
	s.sslmode_given = true;
	s.sslrootcert = root;
	snprintf(url, sizeof(url), "https://%s:%d", host, p);
	mf_http_open(url, NULL, &s, &http, &err);
	begin(http, "GET", "/", NULL, &call);
	ok((finish(call, &err) == MF_OK) == (detail == NULL), "sslmode %d, host %s, root %s: %s", mode, host,
	   root != NULL ? root : "-", detail == NULL ? "good" : detail);
	if (detail != NULL)
	{
		is_text(err.sqlstate, root != NULL && strstr(root, "none") != NULL ? "58030" : "08001", "its SQLSTATE");
		has_text(err.detail, detail, "its detail");
		is_int(err.retry, MF_RETRY_NO, "its retry");
	}
	mf_http_end(call);
	mf_http_close(http);
}

static void
test_tls(const char *dir)
{
	int			good = tls_server(dir, "server");
	int			foreign = tls_server(dir, "foreign");
	int			expired = tls_server(dir, "expired");
	char		ca[500];
	char		none[500];
	char		url[100];
	MfHttp	   *http;

	snprintf(ca, sizeof(ca), "%s/ca.crt", dir);
	snprintf(none, sizeof(none), "%s/none.crt", dir);
	tls_call("127.0.0.1", good, MF_SSL_VERIFY_FULL, ca, NULL);
	tls_call("localhost", good, MF_SSL_VERIFY_FULL, ca, NULL);
	tls_call("127.0.0.2", good, MF_SSL_VERIFY_FULL, ca, "subject name");
	tls_call("127.0.0.2", good, MF_SSL_VERIFY_CA, ca, NULL);
	tls_call("127.0.0.2", good, MF_SSL_REQUIRE, NULL, NULL);
	tls_call("127.0.0.1", good, MF_SSL_VERIFY_FULL, NULL, "SSL certificate problem");
	tls_call("127.0.0.1", good, MF_SSL_VERIFY_CA, NULL, "SSL certificate problem");
	tls_call("127.0.0.1", good, MF_SSL_VERIFY_FULL, none, "none.crt");
	tls_call("127.0.0.1", foreign, MF_SSL_VERIFY_CA, ca, "SSL certificate problem");
	tls_call("127.0.0.1", foreign, MF_SSL_REQUIRE, ca, NULL);
	tls_call("127.0.0.1", expired, MF_SSL_VERIFY_CA, ca, "expired");

	snprintf(url, sizeof(url), "https://127.0.0.1:%d", silent_port());
	http = open_urls(url, NULL);
	fails(http, "POST", "/", "{}", "08001", "could not connect", "no connection within 500 ms", MF_RETRY_YES);
	mf_http_close(http);
	snprintf(url, sizeof(url), "https://127.0.0.1:%d", port);
	http = open_urls(url, NULL);
	fails(http, "POST", "/", "{}", "08001", "could not connect", "", MF_RETRY_YES);
	mf_http_close(http);
}

static void
measure(void)
{
	MfNetSettings s = settings();
	MfHttp	   *http;
	MfHttpCall *call;
	MfError		err;
	double		began;
	char	   *body = malloc(3 << 20);

	s.max_response = 64 << 20;
	http = open_port(port, &s);
	began = drive_now();
	for (int i = 0; i < 2000; i++)
	{
		begin(http, "GET", "/length/5", NULL, &call);
		drive(step, call, 10000, &err);
		mf_http_end(call);
	}
	printf("# small request: %.3f ms\n", (drive_now() - began) / 2000);
	began = drive_now();
	for (int i = 0; i < 100; i++)
	{
		begin(http, "GET", "/length/10000000", NULL, &call);
		drive(step, call, 10000, &err);
		mf_http_end(call);
	}
	printf("# 10 MB answer: %.2f GB/s, %d steps\n", 100 * 10.0 / (drive_now() - began), drive_steps);
	memset(body, 'x', 3 << 20);
	began = drive_now();
	for (int i = 0; i < 100; i++)
	{
		mf_http_begin(http, "POST", "/length/5", NULL, body, 3 << 20, &call, &err);
		drive(step, call, 10000, &err);
		mf_http_end(call);
	}
	printf("# 3 MB request: %.2f GB/s\n", 100 * 3.1457 / (drive_now() - began));
	mf_http_close(http);
	free(body);
}

int
main(int argc, char **argv)
{
	mf_mem_init(&mem, (size_t) 512 << 20);
	if (argc > 1 && strcmp(argv[1], "exit") == 0)
	{
		MfHttp	   *http = open_urls("http://silent.example:9200", NULL);
		MfHttpCall *call;
		MfError		err;

		begin(http, "GET", "/", NULL, &call);
		drive(step, call, 100, &err);
		exit(0);
	}
	port = double_start();
	storm(1);
	test_open();
	test_url_parse();
	test_answers();
	test_keep_alive();
	test_auth();
	test_failures();
	test_not_twice();
	test_failover_and_retry();
	test_unattended();
	test_many();
	test_budget();
	test_abandon();
	test_threads();
	test_exit(argv[0]);
	if (argc > 1)
		test_tls(argv[1]);
	storm(0);
	ok(storm_signals > 100 && storm_astray == 0, "no signal handler ran on another thread (%d signals)", (int) storm_signals);
	measure();
	is_int((long long) mem.used, 0, "all memory is given back");
	return tap_done();
}
