/*
 * grpc_attempt.c - Who owns one sending of a call, and until when?
 *
 * gRPC writes into an attempt until its tag comes out of the queue.  One
 * atomic exchange decides who frees it: the caller takes it if the tag has
 * been seen, else it is left to the pump.  That is why giving up never waits.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "grpc_internal.h"

GrpcWake *
mfg_wake_new(void)
{
	GrpcWake   *wake = malloc(sizeof(GrpcWake));

	if (wake == NULL)
		return NULL;
	wake->fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	if (wake->fd < 0)
	{
		free(wake);
		return NULL;
	}
	atomic_init(&wake->refs, 1);
	atomic_init(&wake->finished, 0);
	return wake;
}

void
mfg_wake_unref(GrpcWake *wake)
{
	if (wake != NULL && atomic_fetch_sub(&wake->refs, 1) == 1)
	{
		close(wake->fd);
		free(wake);
	}
}

void
mfg_attempt_free(GrpcAttempt *attempt)
{
	for (int i = 0; i < attempt->nmetadata; i++)
	{
		grpc_slice_unref(attempt->metadata[i].key);
		grpc_slice_unref(attempt->metadata[i].value);
	}
	grpc_metadata_array_destroy(&attempt->initial);
	grpc_metadata_array_destroy(&attempt->trailing);
	grpc_slice_unref(attempt->message);
	if (attempt->request != NULL)
		grpc_byte_buffer_destroy(attempt->request);
	if (attempt->reply != NULL)
		grpc_byte_buffer_destroy(attempt->reply);
	if (attempt->call != NULL)
		grpc_call_unref(attempt->call);
	free(attempt);
}

/* On the pump: gRPC is through with the attempt. */
void
mfg_attempt_finished(GrpcAttempt *attempt)
{
	/* Once it is DONE the caller may free it: the wake is held by a count. */
	GrpcWake   *wake = attempt->wake;

	if (atomic_exchange(&attempt->state, GRPC_DONE) == GRPC_ABANDONED)
		mfg_attempt_free(attempt);
	else
	{
		uint64_t	one = 1;

		atomic_fetch_add(&wake->finished, 1);
		while (write(wake->fd, &one, sizeof(one)) < 0 && errno == EINTR)
			;
	}
	mfg_wake_unref(wake);
}

bool
mfg_attempt_done(const GrpcAttempt *attempt)
{
	return atomic_load(&attempt->state) == GRPC_DONE;
}

void
mfg_attempt_abandon(GrpcAttempt *attempt)
{
	/* Before the exchange: after it the pump may free the call. */
	grpc_call_cancel(attempt->call, NULL);
	if (atomic_exchange(&attempt->state, GRPC_ABANDONED) == GRPC_DONE)
		mfg_attempt_free(attempt);
}

static void
add_metadata(GrpcAttempt *attempt, const char *key, const char *value)
{
	grpc_metadata *entry = &attempt->metadata[attempt->nmetadata++];

	memset(entry, 0, sizeof(*entry));
	entry->key = grpc_slice_from_static_string(key);
	entry->value = grpc_slice_from_copied_string(value);
}

/* An attempt of `method` with the body, not yet started. */
static GrpcAttempt *
attempt_new(MfGrpc *grpc, const char *method, grpc_slice *body, int timeout_ms)
{
	GrpcAttempt *attempt = calloc(1, sizeof(GrpcAttempt));
	grpc_slice	name;
	gpr_timespec deadline = gpr_time_add(gpr_now(GPR_CLOCK_MONOTONIC),
										 gpr_time_from_millis(timeout_ms, GPR_TIMESPAN));

	if (attempt == NULL)
		return NULL;
	atomic_init(&attempt->state, GRPC_RUNNING);
	attempt->wake = grpc->wake;
	attempt->message = grpc_empty_slice();
	grpc_metadata_array_init(&attempt->initial);
	grpc_metadata_array_init(&attempt->trailing);
	attempt->request = grpc_raw_byte_buffer_create(body, 1);
	name = grpc_slice_from_copied_string(method);
	attempt->call = grpc_channel_create_call(grpc->channel, NULL, GRPC_PROPAGATE_DEFAULTS,
											 mfg_runtime_queue(), name, NULL, deadline, NULL);
	grpc_slice_unref(name);
	return attempt;
}

/* Send it.  NULL = gRPC does not take it. */
static GrpcAttempt *
attempt_send(GrpcAttempt *attempt)
{
	grpc_op		ops[6];

	memset(ops, 0, sizeof(ops));
	ops[0].op = GRPC_OP_SEND_INITIAL_METADATA;
	ops[0].data.send_initial_metadata.count = (size_t) attempt->nmetadata;
	ops[0].data.send_initial_metadata.metadata = attempt->metadata;
	ops[1].op = GRPC_OP_SEND_MESSAGE;
	ops[1].data.send_message.send_message = attempt->request;
	ops[2].op = GRPC_OP_SEND_CLOSE_FROM_CLIENT;
	ops[3].op = GRPC_OP_RECV_INITIAL_METADATA;
	ops[3].data.recv_initial_metadata.recv_initial_metadata = &attempt->initial;
	ops[4].op = GRPC_OP_RECV_MESSAGE;
	ops[4].data.recv_message.recv_message = &attempt->reply;
	ops[5].op = GRPC_OP_RECV_STATUS_ON_CLIENT;
	ops[5].data.recv_status_on_client.trailing_metadata = &attempt->trailing;
	ops[5].data.recv_status_on_client.status = &attempt->status;
	ops[5].data.recv_status_on_client.status_details = &attempt->message;

	atomic_fetch_add(&attempt->wake->refs, 1);
	if (attempt->call == NULL ||
		grpc_call_start_batch(attempt->call, ops, 6, attempt, NULL) != GRPC_CALL_OK)
	{
		mfg_wake_unref(attempt->wake);
		mfg_attempt_free(attempt);
		return NULL;
	}
	return attempt;
}

/* Send the call.  NULL = no memory, or gRPC does not take it. */
GrpcAttempt *
mfg_attempt_start(MfGrpcCall *call)
{
	MfGrpc	   *grpc = call->grpc;
	GrpcAttempt *attempt = attempt_new(grpc, call->method, &call->body, call->timeout_ms);

	if (attempt == NULL)
		return NULL;
	if (grpc->authorization != NULL)
		add_metadata(attempt, "authorization", grpc->authorization);
	if (grpc->database != NULL)
		add_metadata(attempt, "dbname", grpc->database);
	return attempt_send(attempt);
}

/*
 * On a channel that failed to connect any call fails at once and says why;
 * there is no other way to learn it.  So that the real call stays provably
 * unsent, a health check is sent in its place, without body or credentials.
 */
GrpcAttempt *
mfg_attempt_probe(MfGrpcCall *call)
{
	grpc_slice	nothing = grpc_empty_slice();
	GrpcAttempt *attempt = attempt_new(call->grpc, "/grpc.health.v1.Health/Check", &nothing, 1000);

	return attempt != NULL ? attempt_send(attempt) : NULL;
}
