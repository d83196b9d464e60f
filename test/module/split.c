/*
 * split.c - How is a scan cut, and how is one of its parts read?
 *
 * "rows 1-100" means the same for ever.  With option "bound" a part is of a
 * snapshot, "part 1-100 of /tmp/...": that file is there as long as the task
 * that made it, so that other processes too notice when it is gone.
 */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "test.h"

#define SNAPSHOT "/tmp/milvus_fdw_test."

struct Splits
{
	MfMem	   *mem;
	char	  **tokens;
	MfSplit    *splits;
	int			n;
	char		snapshot[64];	/* empty = none */
};

void
split_free(Splits *splits)
{
	if (splits == NULL)
		return;
	for (int i = 0; i < splits->n && splits->tokens != NULL; i++)
		mf_free(splits->mem, splits->tokens[i]);
	mf_free(splits->mem, splits->tokens);
	mf_free(splits->mem, splits->splits);
	if (splits->snapshot[0] != '\0')
		unlink(splits->snapshot);
	mf_free(splits->mem, splits);
}

static bool
take_snapshot(Splits *splits)
{
	static int	number = 0;
	FILE	   *file;

	snprintf(splits->snapshot, sizeof(splits->snapshot), SNAPSHOT "%d.%d", (int) getpid(), ++number);
	file = fopen(splits->snapshot, "w");
	return file != NULL && fclose(file) == 0;
}

static bool
make_parts(Splits *splits, int64_t rows, bool half_empty)
{
	int			full = half_empty ? (splits->n + 1) / 2 : splits->n;
	int64_t		from = 0;

	for (int i = 0; i < splits->n; i++)
	{
		bool		empty = half_empty && i % 2 == 1;
		int			nth = half_empty ? i / 2 : i;
		int64_t		to = empty ? from : rows * (nth + 1) / full;
		char		token[128];

		snprintf(token, sizeof(token), splits->snapshot[0] != '\0' ? "part %lld-%lld of %s" : "rows %lld-%lld",
				 (long long) from + 1, (long long) to, splits->snapshot);
		splits->tokens[i] = mf_strdup(splits->mem, token);
		if (splits->tokens[i] == NULL)
			return false;
		splits->splits[i] = (MfSplit) {splits->tokens[i], to - from, splits->snapshot[0] == '\0'};
		from = to;
	}
	return true;
}

Splits *
split_rows(MfConn *conn, const MfRequest *req, int64_t rows, MfReply *reply, MfError *err)
{
	Splits	   *splits;

	if (mf_option_bool(req->options, "split_fails", false))
	{
		mf_error(err, MF_FDW_ERROR, "the remote cannot cut this");
		return NULL;
	}
	splits = mf_calloc(conn->mem, sizeof(Splits));
	if (splits == NULL)
	{
		mf_error_oom(err, sizeof(Splits));
		return NULL;
	}
	splits->mem = conn->mem;
	splits->n = req->wanted > 0 ? req->wanted : 4;
	splits->tokens = mf_calloc(conn->mem, sizeof(char *) * (size_t) splits->n);
	splits->splits = mf_calloc(conn->mem, sizeof(MfSplit) * (size_t) splits->n);
	if (splits->tokens == NULL || splits->splits == NULL ||
		(mf_option_bool(req->options, "bound", false) && !take_snapshot(splits)) ||
		!make_parts(splits, rows, mf_option_bool(req->options, "half_empty", false)))
	{
		split_free(splits);
		mf_error_oom(err, sizeof(MfSplit));
		return NULL;
	}
	reply->nsplits = splits->n;
	reply->splits = splits->splits;
	return splits;
}

/* "1-100": both from 1, the second 0 or more; the rest is what follows. */
static const char *
range(const char *text, int64_t *from, int64_t *to)
{
	char	   *end;

	errno = 0;
	*from = strtoll(text, &end, 10);
	if (end == text || *end != '-' || *from < 1)
		return NULL;
	text = end + 1;
	*to = strtoll(text, &end, 10);
	return end == text || errno != 0 || *to < *from - 1 ? NULL : end;
}

MfStatus
split_scan(MfScan *scan, MfError *err)
{
	const char *token = scan->spec->split;
	const char *rest = NULL;
	int64_t		from;
	int64_t		to;

	if (token == NULL)
		return MF_OK;
	if (strncmp(token, "rows ", 5) == 0 || strncmp(token, "part ", 5) == 0)
		rest = range(token + 5, &from, &to);
	if (rest == NULL || (token[0] == 'r' ? rest[0] != '\0' : strncmp(rest, " of " SNAPSHOT, 4 + strlen(SNAPSHOT)) != 0))
		return mf_error(err, MF_INVALID_PARAMETER_VALUE, "\"%s\" is no part of this collection", token);
	if (token[0] == 'p' && access(rest + 4, F_OK) != 0)
		return mf_error(err, MF_OBJECT_NOT_IN_STATE, "the snapshot is gone");
	scan->stats.snapshot = token[0] == 'p';
	scan->row = from - 1;
	if (to < scan->total)
		scan->total = to;
	scan->last = scan->total;
	return MF_OK;
}

/* On a descriptor of its own, or by the time alone. */
bool
split_is_late(MfScan *scan, int64_t delay, MfWaitFor *wait)
{
	if (scan->until == 0 && delay > 0)
	{
		scan->until = now_ms() + delay;
		if (mf_option_bool(scan->spec->options, "delay_on_descriptor", false))
		{
			struct itimerspec at = {.it_value = {delay / 1000, delay % 1000 * 1000000}};

			if (scan->timer == 0)
				scan->timer = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC);
			if (scan->timer > 0)
				timerfd_settime(scan->timer, 0, &at, NULL);
		}
	}
	if (scan->until <= now_ms())
		return false;
	if (scan->timer > 0)
	{
		wait->fd = scan->timer;
		wait->events = POLLIN;
		wait->timeout_ms = -1;
	}
	else
		wait->timeout_ms = (int) (scan->until - now_ms());
	return true;
}
