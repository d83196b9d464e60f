/*
 * wait.c - How does the backend wait for a remote and stay interruptible?
 *
 * This is the one place that waits.  A connector answers MF_WAIT with a
 * descriptor and a time; we sleep on that and on the latch, so cancel,
 * statement_timeout and terminate are seen at once, with PostgreSQL's own
 * SQLSTATE.  Here also lives the one retry loop.
 */
#include "milvus_fdw.h"

#include <poll.h>

#include "common/pg_prng.h"
#include "miscadmin.h"
#include "portability/instr_time.h"
#include "storage/latch.h"
#include "utils/timestamp.h"

/* A library whose descriptor we misread would still be looked at this often. */
#define LONGEST_SLEEP_MS 1000

#define CROWDED_MS 20
#define BACKOFF_FIRST_MS 20
#define BACKOFF_LAST_MS 3000
#define DEFAULT_RETRY_TIMEOUT 60	/* seconds */

/* What pg_stat_activity shows: from PostgreSQL 17 on by name. */
typedef enum Doing
{
	READING,
	WRITING,
	ASKING,
	BACKING_OFF,
	NDOINGS
} Doing;

static uint64 waited_us = 0;

/* What else the step just made waits for: see mf_wait_merge. */
#define MAX_OTHERS 64
static MfWaitFor others[MAX_OTHERS];
static int	nothers = 0;

static uint32
wait_event(Doing doing)
{
	static const char *const names[NDOINGS] = {
		"MilvusFdwRead", "MilvusFdwWrite", "MilvusFdwRequest", "MilvusFdwBackoff"
	};
	static uint32 events[NDOINGS];

	if (events[doing] == 0)
		events[doing] = mf_wait_event_new(names[doing]);
	return events[doing];
}

uint64
mf_waited_us(void)
{
	return waited_us;
}

static void
sooner(int *ms, int other)
{
	if (other >= 0 && (*ms < 0 || other < *ms))
		*ms = other;
}

void
mf_wait_merge(MfWaitFor *wait, const MfWaitFor *other)
{
	sooner(&wait->timeout_ms, other->timeout_ms);
	if (other->fd < 0 || other->fd == wait->fd)
	{
		wait->events |= other->fd < 0 ? 0 : other->events;
		return;
	}
	if (wait->fd < 0)
	{
		wait->fd = other->fd;
		wait->events = other->events;
		return;
	}
	for (int i = 0; i < nothers; i++)
	{
		if (others[i].fd == other->fd)
		{
			others[i].events |= other->events;
			return;
		}
	}
	/* with more of them than we can watch, look again soon */
	if (nothers < MAX_OTHERS)
		others[nothers++] = *other;
	else
		sooner(&wait->timeout_ms, CROWDED_MS);
}

static int
socket_events(short events)
{
	return (events & POLLIN ? WL_SOCKET_READABLE : 0) | (events & POLLOUT ? WL_SOCKET_WRITEABLE : 0);
}

/* On several descriptors.  What fired. */
static int
wait_on_all(const MfWaitFor *wait, int timeout_ms, uint32 event_info)
{
	WaitEventSet *set = mf_wait_set_new(nothers + 3);
	WaitEvent	event = {.events = 0};

	PG_TRY();
	{
		AddWaitEventToSet(set, WL_LATCH_SET, PGINVALID_SOCKET, MyLatch, NULL);
		AddWaitEventToSet(set, WL_EXIT_ON_PM_DEATH, PGINVALID_SOCKET, NULL, NULL);
		AddWaitEventToSet(set, socket_events(wait->events), wait->fd, NULL, NULL);
		for (int i = 0; i < nothers; i++)
			AddWaitEventToSet(set, socket_events(others[i].events), others[i].fd, NULL, NULL);
		(void) WaitEventSetWait(set, timeout_ms, &event, 1, event_info);
	}
	PG_FINALLY();
	{
		FreeWaitEventSet(set);
	}
	PG_END_TRY();
	return (int) event.events;
}

static void
sleep_on(Doing doing, const MfWaitFor *wait, int timeout_ms)
{
	instr_time	start;
	instr_time	end;
	int			mask = WL_LATCH_SET | WL_EXIT_ON_PM_DEATH | WL_TIMEOUT;
	int			fired;

	CHECK_FOR_INTERRUPTS();
	if (timeout_ms < 0 || timeout_ms > LONGEST_SLEEP_MS)
		timeout_ms = LONGEST_SLEEP_MS;
	INSTR_TIME_SET_CURRENT(start);
	if (wait->fd >= 0 && nothers > 0)
		fired = wait_on_all(wait, timeout_ms, wait_event(doing));
	else
		fired = WaitLatchOrSocket(MyLatch, wait->fd >= 0 ? mask | socket_events(wait->events) : mask,
								  wait->fd >= 0 ? wait->fd : PGINVALID_SOCKET, timeout_ms, wait_event(doing));
	INSTR_TIME_SET_CURRENT(end);
	INSTR_TIME_SUBTRACT(end, start);
	waited_us += INSTR_TIME_GET_MICROSEC(end);
	if (fired & WL_LATCH_SET)
		ResetLatch(MyLatch);
	CHECK_FOR_INTERRUPTS();
}

/* Milliseconds before attempt n+1: doubling, capped, spread over 50 - 100 %. */
static int
backoff_ms(int attempt, const MfError *err)
{
	int			ms = BACKOFF_FIRST_MS << Min(attempt, 10);

	ms = Min(ms, BACKOFF_LAST_MS);
	ms = (int) (ms * (0.5 + pg_prng_double(&pg_global_prng_state) / 2));
	return Max(ms, err->retry_after_ms);
}

static long
ms_since(TimestampTz start)
{
	return TimestampDifferenceMilliseconds(start, GetCurrentTimestamp());
}

/* Sleep for the whole time, but answer interrupts at once. */
static void
pause_for(Doing doing, int ms)
{
	TimestampTz start = GetCurrentTimestamp();
	long		left = ms;

	while (left > 0)
	{
		sleep_on(doing, &(MfWaitFor) {.fd = -1}, (int) left);
		left = ms - ms_since(start);
	}
}

/*
 * How long to go on repeating.  A server that was never reached in this session
 * is more likely misspelt than restarting: waited for only if the user says so.
 */
static int64
patience_ms(const MfRemote *remote)
{
	int64		otherwise = remote->reached ? DEFAULT_RETRY_TIMEOUT : 0;

	return mf_option_int(remote->options, "retry_timeout", otherwise) * 1000;
}

static MfStatus
drive(MfRemote *remote, Doing doing, MfStep step, void *arg, MfError *err, int timeout_ms)
{
	TimestampTz start = GetCurrentTimestamp();
	TimestampTz first_failure = 0;
	uint64		progress = remote->progress;
	int			attempt = 0;

	for (;;)
	{
		MfWaitFor	wait = {.fd = -1,.timeout_ms = -1};
		MfStatus	status;
		int64		left_ms;

		CHECK_FOR_INTERRUPTS();
		nothers = 0;
		status = step(arg, &wait, err);
		if (status == MF_OK || status == MF_END)
		{
			remote->reached = true;
			return status;
		}
		if (timeout_ms >= 0 && ms_since(start) >= timeout_ms)
			return status == MF_WAIT ? MF_WAIT : MF_ERROR;
		if (status == MF_WAIT)
		{
			int			ms = wait.timeout_ms;

			if (timeout_ms >= 0 && (ms < 0 || ms > timeout_ms))
				ms = timeout_ms;
			sleep_on(doing, &wait, ms);
			continue;
		}
		CHECK_FOR_INTERRUPTS();
		if (strcmp(err->sqlstate, MF_SQL_CLIENT_UNABLE) != 0)
			remote->reached = true;	/* a refusal is an answer too */
		if (err->retry != MF_RETRY_YES)
			return MF_ERROR;
		if (attempt == 0 || progress != remote->progress)
		{
			first_failure = GetCurrentTimestamp();
			progress = remote->progress;
			attempt = 0;
		}
		left_ms = patience_ms(remote) - ms_since(first_failure);

		/* nor is a server that wants to be left alone for longer waited for */
		if (left_ms <= 0 || err->retry_after_ms > left_ms)
			return MF_ERROR;
		pause_for(BACKING_OFF, (int) Min(backoff_ms(attempt++, err), left_ms));
	}
}

MfStatus
mf_drive(MfRemote *remote, MfStep step, void *arg, MfError *err)
{
	return drive(remote, ASKING, step, arg, err, -1);
}

MfStatus
mf_drive_read(MfRemote *remote, MfStep step, void *arg, MfError *err)
{
	return drive(remote, READING, step, arg, err, -1);
}

MfStatus
mf_drive_write(MfRemote *remote, MfStep step, void *arg, MfError *err)
{
	return drive(remote, WRITING, step, arg, err, -1);
}

MfStatus
mf_drive_for(MfRemote *remote, MfStep step, void *arg, MfError *err, int timeout_ms)
{
	return drive(remote, WRITING, step, arg, err, timeout_ms);
}

void
mf_pause(int ms)
{
	pause_for(ASKING, ms);
}
