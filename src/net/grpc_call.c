/*
 * grpc_call.c - Where does one unary call stand?
 *
 * CONNECTING -> SENT -> ANSWERED.  A call is handed to gRPC only once the
 * channel is ready, so that what failed before is proven not to have left: of
 * a call that gRPC has taken nothing it says later proves that.  (Its peer is
 * forgotten when the call is cancelled, its texts may be the server's, and the
 * channel may have come and gone between two looks.)  In the usual case the
 * channel is ready and begin sends at once.
 *
 * The caller's thread looks at what the pump has marked and never waits.
 */
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "grpc_internal.h"

static MfStatus
not_taken(const MfGrpcCall *call, MfError *err)
{
	return mf_error(err, MF_INTERNAL, "gRPC did not take a call of \"%s\"", call->method);
}

/* One look at the channel: send, ask what is wrong, or go on waiting. */
static MfStatus
look_at_channel(MfGrpcCall *call, MfError *err)
{
	MfGrpc	   *grpc = call->grpc;
	MfGuard		guard;
	grpc_connectivity_state state;
	bool		taken = true;

	if (mfg_runtime() != GRPC_STARTED)
		return mfg_runtime_start(err);
	call->looks++;
	mf_guard_begin(&guard);
	state = grpc_channel_check_connectivity_state(grpc->channel, 1);
	if (state == GRPC_CHANNEL_READY || state == GRPC_CHANNEL_TRANSIENT_FAILURE)
	{
		bool		ready = state == GRPC_CHANNEL_READY;

		call->attempt = ready ? mfg_attempt_start(call) : mfg_attempt_probe(call);
		taken = call->attempt != NULL;
		if (taken)
			call->phase = ready ? GRPC_SENT : GRPC_PROBING;
	}
	mf_guard_end(&guard);
	if (!taken)
		return not_taken(call, err);
	if (call->phase == GRPC_CONNECTING &&
		mf_now_ms() - call->started_at >= grpc->settings.connect_timeout_ms)
		return mfg_timeout_error(call, err);
	return MF_WAIT;
}

/* Put a call on its way. */
static MfStatus
start(MfGrpcCall *call, MfError *err)
{
	MfStatus	status = mfg_channel_make(call->grpc, err);

	if (status != MF_OK)
		return status;
	call->phase = GRPC_CONNECTING;
	call->started_at = mf_now_ms();
	call->looks = 0;
	return look_at_channel(call, err);
}

MfStatus
mf_grpc_begin(MfGrpc *grpc, const char *method, void *body, size_t len,
			  int timeout_ms, bool idempotent, MfGrpcCall **call, MfError *err)
{
	MfGrpcCall *c = mf_calloc(grpc->mem, sizeof(MfGrpcCall));
	MfStatus	status;

	*call = NULL;
	if (c != NULL)
		c->method = mf_strdup(grpc->mem, method);
	if (c == NULL || c->method == NULL)
	{
		mf_free(grpc->mem, c);
		free(body);
		return mf_error_oom(err, sizeof(MfGrpcCall));
	}
	c->grpc = grpc;
	c->next = grpc->calls;
	if (c->next != NULL)
		c->next->prev = c;
	grpc->calls = c;
	c->timeout_ms = timeout_ms > 0 ? timeout_ms : grpc->settings.request_timeout_ms;
	c->idempotent = idempotent;
	/* Counted: the transport may hold it longer than the call lives. */
	c->body = len > 0 ? grpc_slice_new_with_user_data(body, len, free, body) : grpc_empty_slice();
	if (len == 0)
		free(body);
	status = start(c, err);
	if (status == MF_ERROR)
	{
		mf_grpc_end(c);
		return MF_ERROR;
	}
	*call = c;
	return MF_OK;
}

static bool
reply_room(MfGrpc *grpc, GrpcBuffer *buffer, size_t cap)
{
	uint8_t    *bigger;

	if (buffer->data == NULL && grpc->nspare > 0)
	{
		int			best = 0;

		for (int i = 1; i < grpc->nspare; i++)
		{
			size_t		have = grpc->spare[i].cap;
			size_t		kept = grpc->spare[best].cap;

			if (have >= cap ? kept < cap || have < kept : have > kept)
				best = i;
		}
		*buffer = grpc->spare[best];
		grpc->spare[best] = grpc->spare[--grpc->nspare];
	}
	if (cap <= buffer->cap)
		return true;
	/* The old bytes are of no use: do not let realloc copy them. */
	mf_free(grpc->mem, buffer->data);
	buffer->data = NULL;
	buffer->cap = 0;
	bigger = mf_alloc(grpc->mem, cap);
	while (bigger == NULL && grpc->nspare > 0)
	{
		mf_free(grpc->mem, grpc->spare[--grpc->nspare].data);
		bigger = mf_alloc(grpc->mem, cap);
	}
	buffer->data = bigger;
	buffer->cap = bigger != NULL ? cap : 0;
	return bigger != NULL;
}

/* Copy the reply out of gRPC's slices into one piece. */
static MfStatus
take_reply(MfGrpcCall *call, MfError *err)
{
	GrpcAttempt *attempt = call->attempt;
	size_t		size = grpc_byte_buffer_length(attempt->reply);
	grpc_byte_buffer_reader reader;
	grpc_slice	slice;
	MfGuard		guard;

	call->reply_len = 0;
	if (!reply_room(call->grpc, &call->reply, size + GRPC_LOOKAHEAD))
		return mf_error_oom(err, size + GRPC_LOOKAHEAD);
	mf_guard_begin(&guard);
	if (grpc_byte_buffer_reader_init(&reader, attempt->reply))
	{
		while (grpc_byte_buffer_reader_next(&reader, &slice))
		{
			size_t		n = GRPC_SLICE_LENGTH(slice);

			/* Cannot be: the length is the sum of the slices. */
			if (n > size - call->reply_len)
				n = size - call->reply_len;
			memcpy(call->reply.data + call->reply_len, GRPC_SLICE_START_PTR(slice), n);
			call->reply_len += n;
			grpc_slice_unref(slice);
		}
		grpc_byte_buffer_reader_destroy(&reader);
	}
	mfg_attempt_free(attempt);
	call->attempt = NULL;
	mf_guard_end(&guard);
	memset(call->reply.data + call->reply_len, 0, GRPC_LOOKAHEAD);
	call->phase = GRPC_ANSWERED;
	return MF_OK;
}

/*
 * Several waiters share the descriptor, and emptying it for one may take the
 * news from another that looked just before.  So whoever finds attempts that
 * have finished since the last look rings once more; the second time it is old
 * news.  Everyone looks at all their calls before they wait again, so nobody
 * misses any, and nobody is woken for ever by an answer that is left lying.
 */
static void
answer_the_bell(MfGrpc *grpc)
{
	GrpcWake   *wake = grpc->wake;
	unsigned long long finished;
	uint64_t	count;

	if (read(wake->fd, &count, sizeof(count)) < 0)
	{
		 /* EAGAIN: nobody rang */ ;
	}
	finished = atomic_load(&wake->finished);
	if (finished != grpc->finished_seen)
	{
		ssize_t		done;

		grpc->finished_seen = finished;
		count = 1;
		done = write(wake->fd, &count, sizeof(count));
		(void) done;
	}
}

static void
drop_attempt(MfGrpcCall *call)
{
	MfGuard		guard;

	if (call->attempt == NULL)
		return;
	mf_guard_begin(&guard);
	mfg_attempt_abandon(call->attempt);
	mf_guard_end(&guard);
	call->attempt = NULL;
}

/* The error stands in *err: may the next step try again? */
static MfStatus
fail(MfGrpcCall *call, MfError *err)
{
	drop_attempt(call);
	call->phase = err->retry == MF_RETRY_YES ? GRPC_AGAIN : GRPC_FAILED;
	return MF_ERROR;
}

/* The probe has come back: with the reason, or the channel got ready after all. */
static MfStatus
probed(MfGrpcCall *call, MfError *err)
{
	bool		recovered = call->attempt->status != GRPC_STATUS_UNAVAILABLE;

	if (recovered || mfg_channel_is_ready(call->grpc))
	{
		drop_attempt(call);
		call->phase = GRPC_CONNECTING;
		return look_at_channel(call, err);
	}
	return mfg_call_error(call, err);
}

/* Move one call on as far as it goes. */
static MfStatus
advance(MfGrpcCall *call, MfError *err)
{
	if (call->phase == GRPC_CONNECTING)
		return look_at_channel(call, err);
	if (call->attempt == NULL || !mfg_attempt_done(call->attempt))
		return MF_WAIT;
	if (call->phase == GRPC_PROBING)
		return probed(call, err);
	if (call->attempt->status == GRPC_STATUS_OK && call->attempt->reply != NULL)
		return take_reply(call, err);
	return mfg_call_error(call, err);
}

/* While connecting look often at first: a connection takes a millisecond or a hundred. */
static int
wait_ms(const MfGrpcCall *call)
{
	int64_t		left;
	int			ms;

	if (call->phase == GRPC_SENT)
		return MF_LOOK_AGAIN_MS;
	left = call->grpc->settings.connect_timeout_ms - (mf_now_ms() - call->started_at);
	ms = call->looks < 6 ? 1 : call->looks < 20 ? 5 : 20;
	return left < ms ? (left > 0 ? (int) left : 0) : ms;
}

MfStatus
mf_grpc_step(MfGrpcCall *call, MfWaitFor *wait, MfError *err)
{
	MfGrpc	   *grpc = call->grpc;
	MfStatus	status;

	if (call->phase == GRPC_ANSWERED)
		return MF_OK;
	if (call->phase == GRPC_FAILED)
		return mf_error(err, MF_INTERNAL, "a call of \"%s\" that failed was asked for its answer", call->method);
	if (mfg_runtime() == GRPC_FOREIGN)
		return mfg_runtime_start(err);

	/* The others that wait for the connection have only us to look at it. */
	for (MfGrpcCall *other = grpc->calls; other != NULL; other = other->next)
	{
		MfError		theirs;

		if (other != call && other->phase == GRPC_CONNECTING && mfg_channel_is_ready(grpc))
			look_at_channel(other, &theirs);
	}

	if (call->phase == GRPC_AGAIN)
		status = start(call, err);
	else
	{
		status = advance(call, err);
		if (status == MF_WAIT)
		{
			answer_the_bell(grpc);
			if (call->phase != GRPC_CONNECTING)
				status = advance(call, err);
		}
	}
	if (status == MF_ERROR)
		return fail(call, err);
	if (status == MF_WAIT)
	{
		wait->fd = grpc->wake->fd;
		wait->events = POLLIN;
		wait->timeout_ms = wait_ms(call);
		wait->what = "gRPC answer";
	}
	return status;
}

bool
mf_grpc_done(const MfGrpcCall *call)
{
	if (call->phase == GRPC_SENT)
		return mfg_attempt_done(call->attempt);
	return call->phase >= GRPC_ANSWERED;
}

const uint8_t *
mf_grpc_reply(const MfGrpcCall *call, size_t *len)
{
	*len = call->reply_len;
	return call->reply.data;
}

void
mf_grpc_end(MfGrpcCall *call)
{
	MfGrpc	   *grpc;
	MfGuard		guard;
	bool		ours;

	if (call == NULL)
		return;
	grpc = call->grpc;

	/* After a fork the library is not ours to touch; memory is. */
	ours = mfg_runtime() != GRPC_FOREIGN;
	mf_guard_begin(&guard);
	if (ours && call->attempt != NULL)
		mfg_attempt_abandon(call->attempt);
	call->attempt = NULL;
	if (ours)
		grpc_slice_unref(call->body);
	mf_guard_end(&guard);

	if (call->prev != NULL)
		call->prev->next = call->next;
	else
		grpc->calls = call->next;
	if (call->next != NULL)
		call->next->prev = call->prev;
	if (call->reply.data != NULL && grpc->nspare < GRPC_SPARE && call->reply.cap <= GRPC_SPARE_BYTES)
		grpc->spare[grpc->nspare++] = call->reply;
	else
		mf_free(grpc->mem, call->reply.data);
	mf_free(grpc->mem, call->method);
	mf_free(grpc->mem, call);
}
