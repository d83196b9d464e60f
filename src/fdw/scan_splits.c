/*
 * scan_splits.c - How are several parts of a scan read side by side?
 *
 * The remote is asked once to cut the scan (MF_VERB_SPLIT).  Each part is a
 * scan of the connector's own; up to N of them are open at a time, and a batch
 * is taken from whichever has one, in turn.  In a parallel plan the leader has
 * asked, and all its backends claim their parts from one list: parallel.c.
 */
#include "scan.h"

#include "spool.h"

/* A LIMIT of so many rows is worth more than one request at a time. */
#define LARGE_LIMIT 100000

typedef struct Lane
{
	MfScanSpec	spec;
	MfScan	   *scan;			/* NULL: the next part is to be opened */
	const char *token;
} Lane;

typedef struct MfParts
{
	MfScanState *state;
	MemoryContext context;		/* of all this, and of the task that keeps a snapshot */
	MemoryContextCallback callback;
	const MfReply *reply;		/* NULL: they are claimed */
	int			next;			/* of the reply's splits */
	bool		one_moment;		/* all are of the same snapshot */
	int			nlanes;
	Lane	   *lanes;
	int			turn;			/* the lane that is looked at first */
	const char *token;
	int			nread;			/* parts opened */
	bool		snapshot;		/* of those that ended */
	MfScanStats ended;
} MfParts;

const MfReply *
mf_split(MfScanState *state, int wanted, MemoryContext owner)
{
	MfRequest	request = {
		.verb = MF_VERB_SPLIT,.collection = state->table->collection,.options = state->table->options,
		.scan = &state->spec,.wanted = wanted
	};
	const MfReply *reply;
	uint64		waited = mf_waited_us();
	MfError		err;

	reply = mf_try_request(state->table->remote, &request, owner, &err);
	if (reply == NULL)
		mf_table_raise(state->table, &err);
	state->waited_us += mf_waited_us() - waited;
	return reply;
}

bool
mf_parts_wanted(const MfScanState *state)
{
	const MfScanSpec *spec = &state->spec;

	return !state->whole && !state->count && spec->split == NULL && spec->nsorts == 0 && spec->ncolumns > 0 &&
		spec->first_rows == 0 && (spec->limit < 0 || spec->limit >= LARGE_LIMIT) &&
		(state->table->remote->connector->verbs & MF_VERB_BIT(MF_VERB_SPLIT)) &&
		mf_table_int(state->table, "splits", 1) > 1;
}

static void
end_lane(MfParts *parts, Lane *lane)
{
	const MfConnector *connector = parts->state->table->remote->connector;
	MfScanStats stats = {.remote_rows = -1};

	if (lane->scan == NULL)
		return;
	connector->scan_stats(lane->scan, &stats);
	mf_stats_add(&parts->ended, &stats);
	parts->snapshot &= stats.snapshot;
	connector->scan_end(lane->scan);
	lane->scan = NULL;
}

/* Before the task that keeps a snapshot. */
static void
end_lanes(void *arg)
{
	MfParts    *parts = arg;

	for (int i = 0; i < parts->nlanes; i++)
		end_lane(parts, &parts->lanes[i]);
	if (parts->state->parts == parts)
		parts->state->parts = NULL;
}

static bool
is_bound(const MfReply *reply)
{
	for (int i = 0; i < reply->nsplits; i++)
	{
		if (reply->splits[i].durable)
			return false;
	}
	return true;
}

void
mf_parts_begin(MfScanState *state)
{
	/* as long as the scan, whose filters live there too */
	MemoryContext context = AllocSetContextCreate(MemoryContextGetParent(state->filter_context),
												  "milvus_fdw splits", ALLOCSET_SMALL_SIZES);
	MfParts    *parts = MemoryContextAllocZero(context, sizeof(MfParts));
	int			lanes = (int) mf_table_int(state->table, "splits", 1);
	int			n = state->nclaims;

	parts->state = state;
	parts->context = context;
	parts->snapshot = true;
	parts->one_moment = state->claims_bound;
	if (!state->parallel)
	{
		parts->reply = mf_split(state, lanes, context);
		parts->one_moment = is_bound(parts->reply);
		n = parts->reply->nsplits;
	}
	lanes = Max(Min(lanes, n), 1);
	parts->one_moment |= n == 1;
	parts->lanes = MemoryContextAllocZero(context, sizeof(Lane) * (Size) lanes);
	parts->nlanes = lanes;
	parts->callback.func = end_lanes;
	parts->callback.arg = parts;
	MemoryContextRegisterResetCallback(context, &parts->callback);
	state->parts = parts;
}

/* The next part that nobody reads, or NULL. */
static const char *
claim(MfParts *parts)
{
	if (parts->reply == NULL)
		return mf_parallel_claim(parts->state);
	return parts->next < parts->reply->nsplits ? parts->reply->splits[parts->next++].token : NULL;
}

static MfStatus
step_lane(MfParts *parts, Lane *lane, MfBatch **batch, MfWaitFor *wait, MfError *err)
{
	MfScanState *state = parts->state;
	const MfConnector *connector = state->table->remote->connector;
	MfStatus	status = MF_OK;

	for (;;)
	{
		if (lane->scan == NULL)
		{
			lane->token = claim(parts);
			if (lane->token == NULL)
				return MF_END;
			lane->spec = state->spec;
			lane->spec.split = lane->token;
			status = connector->scan_begin(state->table->remote->conn, &lane->spec, &lane->scan, err);
			if (status != MF_OK)
				return status;
			parts->nread++;
			state->splits++;
		}
		status = connector->scan_next(lane->scan, batch, wait, err);
		mf_scan_warnings(state, lane->scan);
		if (status != MF_END)
			return status;
		end_lane(parts, lane);
	}
}

/*
 * What may be tried again is an error only while no other part has rows: until
 * then the others go on, and it is tried again with each batch.
 */
MfStatus
mf_parts_step(void *arg, MfWaitFor *wait, MfError *err)
{
	MfScanState *state = arg;
	MfParts    *parts = state->parts;
	MfStatus	all = MF_END;

	for (int i = 0; i < parts->nlanes; i++)
	{
		int			at = (parts->turn + i) % parts->nlanes;
		MfWaitFor	one = {.fd = -1,.timeout_ms = -1};
		MfError		mine;
		MfStatus	status;

		mf_error_reset(&mine);
		status = step_lane(parts, &parts->lanes[at], &state->next, &one, &mine);
		if (status == MF_OK)
		{
			parts->turn = (at + 1) % parts->nlanes;
			parts->token = parts->lanes[at].token;
			return MF_OK;
		}
		if (status == MF_WAIT)
			mf_wait_merge(wait, &one);
		if (status == MF_ERROR)
		{
			*err = mine;
			parts->token = parts->lanes[at].token;
			if (mine.retry != MF_RETRY_YES)
				return MF_ERROR;
		}
		if (status == MF_ERROR || (status == MF_WAIT && all == MF_END))
			all = status;
	}
	return all;
}

void
mf_parts_stats(const MfParts *parts, MfScanStats *stats)
{
	bool		snapshot = parts->snapshot;

	*stats = parts->ended;
	stats->remote_rows = -1;
	for (int i = 0; i < parts->nlanes; i++)
	{
		MfScanStats one = {.remote_rows = -1};

		if (parts->lanes[i].scan == NULL)
			continue;
		parts->state->table->remote->connector->scan_stats(parts->lanes[i].scan, &one);
		mf_stats_add(stats, &one);
		snapshot &= one.snapshot;
	}
	/* each of its own moment is not one */
	stats->snapshot = snapshot && parts->one_moment;
}

const char *
mf_parts_token(const MfParts *parts)
{
	return parts->token;
}

void
mf_parts_end(MfParts *parts)
{
	MemoryContextDelete(parts->context);
}
