/*
 * net_grpc_double.h - What does a gRPC server say that does as it is told?
 *
 * gRPC's own server in a process of its own; the method says what it does with
 * the request.  Started before the test itself starts gRPC.
 *
 *   /t/Echo    answers the request            /t/Big     answers as many bytes as the request says
 *   /t/Error   "CODE text": answers that      /t/Hang    never answers
 *   /t/Meta    answers authorization|dbname   /t/Die     ends the process with the request taken
 *   /t/Empty   status OK and no message       /t/Count   how many /t/Hang came, as text
 */
#ifndef NET_GRPC_DOUBLE_H
#define NET_GRPC_DOUBLE_H

#include <grpc/byte_buffer.h>
#include <grpc/byte_buffer_reader.h>
#include <grpc/grpc.h>
#include <grpc/grpc_security.h>
#include <grpc/slice.h>
#include <grpc/support/alloc.h>
#include <grpc/support/log.h>
#include <grpc/support/time.h>

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/types.h>
#include <unistd.h>

typedef struct DoubleCall
{
	int			step;			/* 0 asked for, 1 reading, 2 answering */
	grpc_call  *call;
	grpc_call_details details;
	grpc_metadata_array metadata;
	grpc_byte_buffer *request;
	grpc_byte_buffer *reply;
	int			cancelled;
} DoubleCall;

static grpc_server *double_server;
static grpc_completion_queue *double_queue;
static int	double_at;			/* port wanted; 0 = any */

static void
double_ask(void)
{
	DoubleCall *c = calloc(1, sizeof(DoubleCall));

	grpc_call_details_init(&c->details);
	grpc_metadata_array_init(&c->metadata);
	grpc_server_request_call(double_server, &c->call, &c->details, &c->metadata, double_queue, double_queue, c);
}

static void
double_read(DoubleCall *c)
{
	grpc_op		op;

	memset(&op, 0, sizeof(op));
	op.op = GRPC_OP_RECV_MESSAGE;
	op.data.recv_message.recv_message = &c->request;
	c->step = 1;
	grpc_call_start_batch(c->call, &op, 1, c, NULL);
}

static void
double_reply(DoubleCall *c, int status, const char *text, grpc_slice *message)
{
	static grpc_slice status_text;
	grpc_op		ops[4];
	size_t		n = 0;

	memset(ops, 0, sizeof(ops));
	ops[n++].op = GRPC_OP_SEND_INITIAL_METADATA;
	if (message != NULL)
	{
		c->reply = grpc_raw_byte_buffer_create(message, 1);
		grpc_slice_unref(*message);
		ops[n].op = GRPC_OP_SEND_MESSAGE;
		ops[n++].data.send_message.send_message = c->reply;
	}
	status_text = grpc_slice_from_copied_string(text);
	ops[n].op = GRPC_OP_SEND_STATUS_FROM_SERVER;
	ops[n].data.send_status_from_server.status = (grpc_status_code) status;
	ops[n++].data.send_status_from_server.status_details = &status_text;
	ops[n].op = GRPC_OP_RECV_CLOSE_ON_SERVER;
	ops[n++].data.recv_close_on_server.cancelled = &c->cancelled;
	c->step = 2;
	grpc_call_start_batch(c->call, ops, n, c, NULL);
}

static void
double_metadata(const DoubleCall *c, const char *key, char *out, size_t size)
{
	out[0] = '\0';
	for (size_t i = 0; i < c->metadata.count; i++)
	{
		if (grpc_slice_str_cmp(c->metadata.metadata[i].key, key) == 0)
			snprintf(out, size, "%.*s", (int) GRPC_SLICE_LENGTH(c->metadata.metadata[i].value),
					 (const char *) GRPC_SLICE_START_PTR(c->metadata.metadata[i].value));
	}
}

static void
double_answer(DoubleCall *c)
{
	static int	hanging = 0;
	grpc_byte_buffer_reader reader;
	grpc_slice	body = grpc_empty_slice();
	char		text[1024];
	char	   *method = grpc_slice_to_c_string(c->details.method);

	if (c->request != NULL)
	{
		grpc_byte_buffer_reader_init(&reader, c->request);
		body = grpc_byte_buffer_reader_readall(&reader);
		grpc_byte_buffer_reader_destroy(&reader);
	}
	snprintf(text, sizeof(text), "%.*s", GRPC_SLICE_LENGTH(body) < 1000 ? (int) GRPC_SLICE_LENGTH(body) : 1000,
			 (const char *) GRPC_SLICE_START_PTR(body));
	if (strcmp(method, "/t/Echo") == 0)
		double_reply(c, 0, "", &body);
	else if (strcmp(method, "/t/Big") == 0)
	{
		size_t		n = strtoull(text, NULL, 10);
		grpc_slice	big = grpc_slice_malloc(n);

		memset(GRPC_SLICE_START_PTR(big), 'b', n);
		double_reply(c, 0, "", &big);
	}
	else if (strcmp(method, "/t/Error") == 0)
	{
		char	   *rest;
		int			code = (int) strtol(text, &rest, 10);

		double_reply(c, code, rest, NULL);
	}
	else if (strcmp(method, "/t/Meta") == 0)
	{
		char		authorization[300];
		char		dbname[100];
		grpc_slice	message;

		double_metadata(c, "authorization", authorization, sizeof(authorization));
		double_metadata(c, "dbname", dbname, sizeof(dbname));
		snprintf(text, sizeof(text), "%s|%s", authorization, dbname);
		message = grpc_slice_from_copied_string(text);
		double_reply(c, 0, "", &message);
	}
	else if (strcmp(method, "/t/Hang") == 0)
		hanging++;
	else if (strcmp(method, "/t/Count") == 0)
	{
		grpc_slice	message;

		snprintf(text, sizeof(text), "%d", hanging);
		message = grpc_slice_from_copied_string(text);
		double_reply(c, 0, "", &message);
	}
	else if (strcmp(method, "/t/Die") == 0)
		kill(getpid(), SIGKILL);
	else if (strcmp(method, "/t/Empty") == 0)
		double_reply(c, 0, "", NULL);
	else
		double_reply(c, GRPC_STATUS_UNIMPLEMENTED, "unknown method", NULL);
	gpr_free(method);
}

static void
double_log(gpr_log_func_args *args)
{
}

static void
double_serve(int port_pipe, const char *certificate, const char *key)
{
	grpc_arg	arg = {.type = GRPC_ARG_INTEGER,.key = (char *) GRPC_ARG_MAX_RECEIVE_MESSAGE_LENGTH,.value.integer = 20 << 20};
	grpc_channel_args args = {1, &arg};
	grpc_server_credentials *credentials;
	char		address[40];
	int			port;

	gpr_set_log_function(double_log);
	grpc_init();
	double_server = grpc_server_create(&args, NULL);
	double_queue = grpc_completion_queue_create_for_next(NULL);
	grpc_server_register_completion_queue(double_server, double_queue, NULL);
	if (certificate != NULL)
	{
		grpc_ssl_pem_key_cert_pair pair = {key, certificate};

		credentials = grpc_ssl_server_credentials_create_ex(NULL, &pair, 1, GRPC_SSL_DONT_REQUEST_CLIENT_CERTIFICATE, NULL);
	}
	else
		credentials = grpc_insecure_server_credentials_create();
	snprintf(address, sizeof(address), "0.0.0.0:%d", double_at);
	port = grpc_server_add_http2_port(double_server, address, credentials);
	grpc_server_start(double_server);
	for (int i = 0; i < 8; i++)
		double_ask();
	if (write(port_pipe, &port, sizeof(port)) != sizeof(port))
		_exit(1);
	for (;;)
	{
		grpc_event	event = grpc_completion_queue_next(double_queue, gpr_inf_future(GPR_CLOCK_REALTIME), NULL);
		DoubleCall *c = event.tag;

		if (event.type != GRPC_OP_COMPLETE)
			continue;
		if (c->step == 0 && event.success)
		{
			double_ask();
			double_read(c);
		}
		else if (c->step == 1)
			double_answer(c);
		else
		{
			grpc_call_unref(c->call);
			if (c->request != NULL)
				grpc_byte_buffer_destroy(c->request);
			if (c->reply != NULL)
				grpc_byte_buffer_destroy(c->reply);
			grpc_metadata_array_destroy(&c->metadata);
			grpc_call_details_destroy(&c->details);
			free(c);
		}
	}
}

/* Start a double; answers its port.  certificate and key are PEM texts or NULL. */
static int
double_start(const char *certificate, const char *key, pid_t *pid)
{
	int			fds[2];
	int			port = 0;

	if (pipe(fds) < 0)
		abort();
	*pid = fork();
	if (*pid == 0)
	{
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		close(fds[0]);
		double_serve(fds[1], certificate, key);
	}
	close(fds[1]);
	if (read(fds[0], &port, sizeof(port)) != sizeof(port))
		abort();
	close(fds[0]);
	return port;
}

/*
 * A double that starts when it is told to, by double_go(): a process that uses
 * gRPC cannot make another that does.
 */
static int	double_go_pipe[2];
static int	double_ready_pipe[2];

static void
double_prepare(void)
{
	if (pipe(double_go_pipe) < 0 || pipe(double_ready_pipe) < 0)
		abort();
	if (fork() == 0)
	{
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (read(double_go_pipe[0], &double_at, sizeof(double_at)) == sizeof(double_at))
			double_serve(double_ready_pipe[1], NULL, NULL);
		_exit(0);
	}
}

static void
double_go(int port)
{
	int			started = 0;

	if (write(double_go_pipe[1], &port, sizeof(port)) != sizeof(port) ||
		read(double_ready_pipe[0], &started, sizeof(started)) != sizeof(started) || started != port)
		abort();
}

#endif							/* NET_GRPC_DOUBLE_H */
