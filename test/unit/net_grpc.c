/*
 * net_grpc.c - Does the gRPC client answer, or say why not, whatever the server does?
 *
 * usage: net_grpc [DIRECTORY OF CERTIFICATES]     (ca, server, foreign-ca, ...: NAME.crt, NAME.key)
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif

#include <sys/wait.h>

#include "grpc.h"

#include "drive.h"
#include "net_grpc_double.h"
#include "net_socket.h"

static MfMem mem;
static int	port;
static pid_t server;

static MfNetSettings
settings(void)
{
	MfNetSettings s;

	mf_net_settings(&s, "mil", NULL, &mem);
	s.sslmode = MF_SSL_DISABLE;
	s.connect_timeout_ms = 700;
	s.request_timeout_ms = 2000;
	s.max_response = 8 << 20;
	return s;
}

static MfGrpc *
open_port(int p, const MfNetSettings *s)
{
	MfNetSettings standard = settings();
	MfGrpc	   *grpc = NULL;
	MfError		err;

	if (mf_grpc_open("127.0.0.1", p, NULL, NULL, s != NULL ? s : &standard, &grpc, &err) != MF_OK)
		show_error(&err);
	return grpc;
}

static MfStatus
step(void *call, MfWaitFor *wait, MfError *err)
{
	return mf_grpc_step(call, wait, err);
}

static MfGrpcCall *
begin(MfGrpc *grpc, const char *method, const char *body, bool idempotent)
{
	MfGrpcCall *call;
	MfError		err;
	size_t		len = body != NULL ? strlen(body) : 0;
	void	   *copy = NULL;

	if (len > 0)
	{
		copy = malloc(len);
		memcpy(copy, body, len);
	}
	if (mf_grpc_begin(grpc, method, copy, len, 0, idempotent, &call, &err) != MF_OK)
		show_error(&err);
	return call;
}

static MfStatus
finish(MfGrpcCall *call, MfError *err)
{
	MfStatus	status = drive(step, call, 10000, err);

	if (status == MF_ERROR)
		show_error(err);
	return status;
}

static void
answers(MfGrpc *grpc, const char *method, const char *body, const char *wanted)
{
	MfGrpcCall *call = begin(grpc, method, body, false);
	MfError		err;
	size_t		len;

	ok(finish(call, &err) == MF_OK && mf_grpc_done(call), "%s answers", method);
	if (call != NULL && mf_grpc_reply(call, &len) != NULL)
	{
		const char *reply = (const char *) mf_grpc_reply(call, &len);
		static const char zeros[8] = {0};

		ok(memcmp(reply + len, zeros, 8) == 0, "zeros follow");
		is_text(reply, wanted, "the reply");
	}
	mf_grpc_end(call);
}

static void
fails(MfGrpc *grpc, const char *method, const char *body, bool idempotent, const char *sqlstate,
	  const char *message, const char *detail, int code, MfRetry retry)
{
	MfGrpcCall *call = begin(grpc, method, body, idempotent);
	MfError		err;

	ok(finish(call, &err) == MF_ERROR, "%s fails", method);
	is_text(err.sqlstate, sqlstate, "its SQLSTATE");
	has_text(err.message, message, "its message");
	has_text(err.detail, detail, "its detail");
	is_int(err.remote_code, code, "its status");
	is_int(err.retry, retry, "its retry");
	mf_grpc_end(call);
}

static void
test_answers(void)
{
	MfGrpc	   *grpc = open_port(port, NULL);
	MfGrpcCall *call;
	MfError		err;
	size_t		len;

	answers(grpc, "/t/Echo", "hello", "hello");
	answers(grpc, "/t/Echo", "", "");
	answers(grpc, "/t/Meta", NULL, "|");
	fails(grpc, "/milvus.proto.milvus.MilvusService/Query", "", true, "0A000", "refused", "UNIMPLEMENTED", 12, MF_RETRY_NO);
	call = begin(grpc, "/t/Big", "5000000", true);
	ok(finish(call, &err) == MF_OK, "a large reply");
	ok(mf_grpc_reply(call, &len)[4999999] == 'b' && len == 5000000, "all of it");
	ok(finish(call, &err) == MF_OK, "step after the answer is the answer");
	mf_grpc_end(call);
	mf_grpc_close(grpc);
}

static void
test_auth(void)
{
	MfNetSettings s = settings();
	MfGrpc	   *grpc;
	MfError		err;
	MfGrpcAuth	password = {.user = "root",.password = "Milvus"};
	MfGrpcAuth	token = {.user = "root",.password = "x",.token = "root:Milvus2"};

	mf_grpc_open("localhost", port, &password, "db1", &s, &grpc, &err);
	answers(grpc, "/t/Meta", NULL, "cm9vdDpNaWx2dXM=|db1");
	mf_grpc_close(grpc);
	mf_grpc_open("127.0.0.1", port, &token, "", &s, &grpc, &err);
	answers(grpc, "/t/Meta", NULL, "cm9vdDpNaWx2dXMy|");
	mf_grpc_close(grpc);
	ok(mf_grpc_open("127.0.0.1", port, NULL, "a\nb", &s, &grpc, &err) == MF_ERROR, "a database that is no header");
	ok(mf_grpc_open("unix:/tmp/x", port, NULL, NULL, &s, &grpc, &err) == MF_ERROR, "a host that is no host");
	is_text(err.sqlstate, "22023", "its SQLSTATE");
	ok(mf_grpc_open("h", 0, NULL, NULL, &s, &grpc, &err) == MF_ERROR && grpc == NULL, "a port that is no port");
	s.sslmode = MF_SSL_VERIFY_FULL;
	s.sslrootcert = "/does/not/exist";
	ok(mf_grpc_open("h", 1, NULL, NULL, &s, &grpc, &err) == MF_ERROR, "a CA file that is not there");
	is_text(err.sqlstate, "58030", "its SQLSTATE");
	s.sslrootcert = "/dev/zero";
	ok(mf_grpc_open("h", 1, NULL, NULL, &s, &grpc, &err) == MF_ERROR, "a CA file that is no file");
	s.sslrootcert = "/etc/passwd";
	ok(mf_grpc_open("h", 1, NULL, NULL, &s, &grpc, &err) == MF_ERROR && strstr(err.detail, "root:") == NULL,
	   "a CA file that is something else");
	s.sslrootcert = NULL;
	s.sslcert = "/etc/passwd";
	ok(mf_grpc_open("h", 1, NULL, NULL, &s, &grpc, &err) == MF_ERROR && strstr(err.message, "together") != NULL,
	   "a certificate without its key");
}

static void
test_failures(void)
{
	MfGrpc	   *grpc = open_port(port, NULL);
	double		began;

	fails(grpc, "/t/Error", "3 bad \"x\"\n\xff", false, "22023", "refused the request", "INVALID_ARGUMENT:  bad \"x\" ?", 3, MF_RETRY_NO);
	fails(grpc, "/t/Error", "14 too busy", false, "08006", "lost the connection", "UNAVAILABLE:  too busy", 14, MF_RETRY_UNKNOWN);
	fails(grpc, "/t/Error", "14 too busy", true, "08006", "lost the connection", "UNAVAILABLE:  too busy", 14, MF_RETRY_YES);
	fails(grpc, "/t/Error", "16 who", false, "28000", "refused", "UNAUTHENTICATED", 16, MF_RETRY_NO);
	fails(grpc, "/t/Error", "13 oops", false, "HV000", "failed", "INTERNAL", 13, MF_RETRY_UNKNOWN);
	fails(grpc, "/t/Error", "99 odd", false, "HV000", "failed", "odd", 99, MF_RETRY_UNKNOWN);
	fails(grpc, "/t/None", "", false, "0A000", "refused", "UNIMPLEMENTED: unknown method", 12, MF_RETRY_NO);
	fails(grpc, "/t/Empty", "", false, "08P01", "without a message", "/t/Empty", 0, MF_RETRY_UNKNOWN);
	fails(grpc, "/t/Big", "9000000", true, "53400", "too large", "8388608 bytes", 8, MF_RETRY_NO);
	fails(grpc, "/t/Hang", "", false, "08006", "did not answer within 2 seconds", "/t/Hang", 4, MF_RETRY_UNKNOWN);
	mf_grpc_close(grpc);

	grpc = open_port(refused_port(), NULL);
	began = drive_now();
	fails(grpc, "/t/Echo", "x", false, "08001", "could not connect to server \"mil\"", "Connection refused", 14, MF_RETRY_YES);
	ok(drive_now() - began < 1000, "a refused port answers soon (%.0f ms)", drive_now() - began);
	mf_grpc_close(grpc);
	for (int i = 0; i < 2; i++)
	{
		grpc = open_port(i == 0 ? closed_door_port() : silent_port(), NULL);
		began = drive_now();
		fails(grpc, "/t/Echo", "x", false, "08001", "could not connect", "no connection within 700 ms", 14, MF_RETRY_YES);
		ok(drive_now() - began < 1000, "a black hole within connect_timeout (%.0f ms)", drive_now() - began);
		mf_grpc_close(grpc);
	}
}

static void
test_no_such_host(void)
{
	MfNetSettings s = settings();
	MfGrpc	   *grpc;
	MfGrpcCall *call;
	MfError		err;

	mf_grpc_open("no-such-host.invalid", port, NULL, NULL, &s, &grpc, &err);
	call = begin(grpc, "/t/Echo", "x", false);
	ok(finish(call, &err) == MF_ERROR && strcmp(err.sqlstate, "08001") == 0 && err.retry == MF_RETRY_YES, "an unknown host");
	mf_grpc_end(call);
	mf_grpc_close(grpc);
}

/* A server that dies with the request in its hands, and one that is back. */
static void
test_server_dies(int p, pid_t pid)
{
	MfGrpc	   *grpc = open_port(p, NULL);
	MfGrpcCall *call;
	MfError		err;

	answers(grpc, "/t/Echo", "x", "x");
	fails(grpc, "/t/Die", "x", false, "08006", "lost the connection", "UNAVAILABLE", 14, MF_RETRY_UNKNOWN);
	waitpid(pid, NULL, 0);
	call = begin(grpc, "/t/Echo", "again", false);
	ok(finish(call, &err) == MF_ERROR && err.retry == MF_RETRY_YES, "what provably never left may be sent again");
	is_text(err.sqlstate, "08001", "its SQLSTATE");
	pause_ms(200);
	ok(finish(call, &err) == MF_ERROR && err.retry == MF_RETRY_YES, "and again");
	double_go(p);
	ok(finish(call, &err) == MF_OK, "until the server is back");
	mf_grpc_end(call);
	mf_grpc_close(grpc);
}

static void
test_abandon(void)
{
	MfGrpcCall *calls[50];
	MfGrpc	   *grpc = open_port(port, NULL);
	MfError		err;
	double		worst = 0;
	double		began;
	int			slow = 0;

	for (int i = 0; i < 50; i++)
	{
		double		took;

		calls[i] = begin(grpc, "/t/Hang", "some body", false);
		if (i % 2 == 0)
			drive(step, calls[i], 5, &err);
		began = drive_now();
		mf_grpc_end(calls[i]);
		took = drive_now() - began;
		slow += took > 10;
		if (took > worst)
			worst = took;
	}
	/* what waits does so each time; a busy machine may be slow at any one moment */
	ok(slow < 5 && worst < 100, "giving up is immediate (worst %.3f ms)", worst);
	answers(grpc, "/t/Echo", "still", "still");

	for (int i = 0; i < 50; i++)
		calls[i] = begin(grpc, "/t/Big", "1000000", false);
	mf_grpc_close(grpc);
	ok(true, "close ends what is under way");

	grpc = open_port(closed_door_port(), NULL);
	calls[0] = begin(grpc, "/t/Echo", "x", false);
	drive(step, calls[0], 100, &err);
	began = drive_now();
	mf_grpc_end(calls[0]);
	mf_grpc_close(grpc);
	ok(drive_now() - began < 50, "while connecting as well (%.3f ms)", drive_now() - began);
}

/* Several calls under way and one descriptor: nobody misses an answer, nobody spins. */
static void
test_many(void)
{
	MfGrpc	   *grpc = open_port(port, NULL);
	MfGrpcCall *calls[30];
	MfGrpcCall *hanging = begin(grpc, "/t/Hang", "", false);
	MfError		err;
	MfWaitFor	wait;
	int			done = 0;
	int			rounds = 0;
	double		began = drive_now();

	for (int i = 0; i < 30; i++)
	{
		char		text[20];

		snprintf(text, sizeof(text), "%d", 1000 * (i + 1));
		calls[i] = begin(grpc, "/t/Big", text, false);
	}
	while (done < 30 && drive_now() - began < 5000)
	{
		struct pollfd fd;

		rounds++;
		for (int i = 0; i < 30; i++)
		{
			if (calls[i] != NULL && mf_grpc_done(calls[i]))
			{
				size_t		len;

				if (mf_grpc_step(calls[i], &wait, &err) == MF_OK &&
					mf_grpc_reply(calls[i], &len) != NULL && len == 1000 * ((size_t) i + 1))
					done++;
				mf_grpc_end(calls[i]);
				calls[i] = NULL;
			}
		}
		if (done < 30 && mf_grpc_step(hanging, &wait, &err) == MF_WAIT)
		{
			fd.fd = wait.fd;
			fd.events = wait.events;
			poll(&fd, 1, wait.timeout_ms);
		}
	}
	is_int(done, 30, "thirty calls at once");
	/* who spins goes round thousands of times a millisecond */
	ok(rounds < 100 + (drive_now() - began), "without spinning (%d rounds)", rounds);

	/* An answer left lying does not keep the others from sleeping.  Signals would. */
	storm(0);
	calls[0] = begin(grpc, "/t/Echo", "left lying", false);
	drive(step, hanging, 500, &err);
	ok(drive_steps < 15, "an answer left lying wakes nobody (%d steps)", drive_steps);
	storm(1);
	mf_grpc_end(calls[0]);
	mf_grpc_end(hanging);
	mf_grpc_close(grpc);
}

static void
test_threads(void)
{
	int			unblocked;
	int			n = count_threads(&unblocked);

	ok(n > 0 && unblocked == 0, "signals are blocked in all %d threads", n);
}

/* In a forked child the library is dead: nothing hangs, nothing crashes. */
static void
test_fork(void)
{
	MfGrpc	   *grpc = open_port(port, NULL);
	MfGrpcCall *call = begin(grpc, "/t/Hang", "", false);
	pid_t		pid;
	int			status;

	pid = fork();
	if (pid == 0)
	{
		MfError		err;
		MfGrpcCall *other;
		MfWaitFor	wait;
		bool		good = mf_grpc_begin(grpc, "/t/Echo", NULL, 0, 0, false, &other, &err) == MF_ERROR;

		good = good && mf_grpc_step(call, &wait, &err) == MF_ERROR;
		mf_grpc_end(call);
		mf_grpc_close(grpc);
		mf_grpc_shutdown();
		_exit(good ? 0 : 1);
	}
	waitpid(pid, &status, 0);
	ok(WIFEXITED(status) && WEXITSTATUS(status) == 0, "a forked child leaves it alone");
	mf_grpc_end(call);
	mf_grpc_close(grpc);
}

/* A double with the certificate NAME of the directory. */
static int
tls_start(const char *dir, const char *name)
{
	static const char *const ends[] = {"crt", "key"};
	char		text[2][20000] = {"", ""};
	pid_t		pid;

	for (int i = 0; i < 2; i++)
	{
		char		path[500];
		FILE	   *file;

		snprintf(path, sizeof(path), "%s/%s.%s", dir, name, ends[i]);
		file = fopen(path, "r");
		if (file == NULL || fread(text[i], 1, sizeof(text[i]) - 1, file) == 0)
			abort();
		fclose(file);
	}
	return double_start(text[0], text[1], &pid);
}

static void
tls_call(const char *host, int p, MfSslMode mode, const char *root, bool good, const char *detail)
{
	MfNetSettings s = settings();
	MfGrpc	   *grpc;
	MfGrpcCall *call;
	MfError		err;

	s.sslmode = mode;
	s.sslrootcert = root;
	mf_grpc_open(host, p, NULL, NULL, &s, &grpc, &err);
	call = begin(grpc, "/t/Echo", "tls", false);
	ok((finish(call, &err) == MF_OK) == good, "sslmode %d host %s root %s: %s", mode, host, root ? root : "-", good ? "yes" : "no");
	if (!good)
	{
		is_text(err.sqlstate, "08001", "its SQLSTATE");
		has_text(err.detail, detail, "its detail");
		has_text(err.hint, "sslrootcert", "its hint");
		is_int(err.retry, MF_RETRY_NO, "its retry");
	}
	mf_grpc_end(call);
	mf_grpc_close(grpc);
}

static void
test_tls(const char *dir, int p, int p_foreign, int p_expired)
{
	char		ca[500];

	snprintf(ca, sizeof(ca), "%s/ca.crt", dir);
	tls_call("127.0.0.1", p, MF_SSL_VERIFY_FULL, ca, true, "");
	tls_call("localhost", p, MF_SSL_VERIFY_FULL, ca, true, "");
	tls_call("127.0.0.2", p, MF_SSL_VERIFY_FULL, ca, false, "127.0.0.2");
	tls_call("127.0.0.2", p, MF_SSL_VERIFY_CA, ca, true, "");
	tls_call("127.0.0.2", p, MF_SSL_REQUIRE, ca, true, "");
	tls_call("127.0.0.1", p, MF_SSL_REQUIRE, NULL, true, "");
	tls_call("127.0.0.1", p, MF_SSL_VERIFY_FULL, NULL, false, "certificate");
	tls_call("127.0.0.1", p, MF_SSL_VERIFY_CA, NULL, false, "certificate");
	tls_call("127.0.0.1", p_foreign, MF_SSL_VERIFY_FULL, ca, false, "certificate");
	tls_call("127.0.0.1", p_foreign, MF_SSL_VERIFY_CA, ca, false, "certificate");
	tls_call("127.0.0.1", p_foreign, MF_SSL_REQUIRE, ca, true, "");
	tls_call("127.0.0.1", p_expired, MF_SSL_VERIFY_CA, ca, false, "certificate");
}

static void
measure(void)
{
	MfNetSettings s = settings();
	MfGrpc	   *grpc;
	MfGrpcCall *call;
	MfError		err;
	double		began;

	s.request_timeout_ms = 60000;
	grpc = open_port(port, &s);
	began = drive_now();
	for (int i = 0; i < 3000; i++)
	{
		call = begin(grpc, "/t/Echo", "x", true);
		drive(step, call, 10000, &err);
		mf_grpc_end(call);
	}
	printf("# small call: %.3f ms, %d steps\n", (drive_now() - began) / 3000, drive_steps);
	began = drive_now();
	for (int i = 0; i < 200; i++)
	{
		call = begin(grpc, "/t/Big", "3000000", true);
		drive(step, call, 10000, &err);
		mf_grpc_end(call);
	}
	printf("# 3 MB reply: %.2f GB/s\n", 200 * 3.0 / (drive_now() - began));
	for (int megabytes = 3; megabytes <= 15; megabytes += 12)
	{
		began = drive_now();
		for (int i = 0; i < 100; i++)
		{
			size_t		len = (size_t) megabytes << 20;
			void	   *body = malloc(len);

			memset(body, 'x', len);
			mf_grpc_begin(grpc, "/t/None", body, len, 0, true, &call, &err);
			drive(step, call, 10000, &err);
			mf_grpc_end(call);
		}
		printf("# %d MB request, made anew each time: %.2f GB/s\n", megabytes, 100 * 1.048576 * megabytes / (drive_now() - began));
	}
	mf_grpc_close(grpc);
}

static void
test_shutdown(void)
{
	MfGrpc	   *grpc = open_port(port, NULL);
	MfGrpcCall *call = begin(grpc, "/t/Hang", "", false);
	MfGrpcCall *other;
	MfError		err;
	MfWaitFor	wait;
	double		began;
	double		took;

	drive(step, call, 50, &err);
	began = drive_now();
	mf_grpc_shutdown();
	took = drive_now() - began;
	ok(took < 150, "shutdown with a call under way (%.2f ms)", took);
	ok(mf_grpc_step(call, &wait, &err) != MF_WAIT, "nothing waits after it");
	ok(mf_grpc_begin(grpc, "/t/Echo", NULL, 0, 0, false, &other, &err) == MF_ERROR, "and nothing starts");
	mf_grpc_shutdown();
	mf_grpc_end(call);
	mf_grpc_close(grpc);
}

int
main(int argc, char **argv)
{
	int			tls = 0;
	int			tls_foreign = 0;
	int			tls_expired = 0;
	int			mortal;
	pid_t		mortal_pid;

	mf_mem_init(&mem, (size_t) 512 << 20);
	double_prepare();
	port = double_start(NULL, NULL, &server);
	mortal = double_start(NULL, NULL, &mortal_pid);
	if (argc > 1)
	{
		tls = tls_start(argv[1], "server");
		tls_foreign = tls_start(argv[1], "foreign");
		tls_expired = tls_start(argv[1], "expired");
	}
	mf_grpc_shutdown();
	ok(true, "shutdown before the start is nothing");
	{
		int			unblocked;
		MfGrpc	   *grpc = open_port(port, NULL);

		is_int(count_threads(&unblocked), 0, "opening starts no thread");
		mf_grpc_close(grpc);
	}
	storm(1);
	test_server_dies(mortal, mortal_pid);
	test_answers();
	test_threads();
	test_auth();
	test_failures();
	test_no_such_host();
	test_abandon();
	test_many();
	test_fork();
	if (argc > 1)
		test_tls(argv[1], tls, tls_foreign, tls_expired);
	test_threads();
	storm(0);
	ok(storm_signals > 100 && storm_astray == 0, "no signal handler ran on another thread (%d signals)", (int) storm_signals);
	measure();
	test_shutdown();
	is_int((long long) mem.used, 0, "all memory is given back");
	kill(server, SIGKILL);
	return tap_done();
}
