/*
 * parallel.c - How do several backends read one foreign table?
 *
 * PostgreSQL gives SELECT and CREATE TABLE AS a parallel plan, never INSERT ...
 * SELECT.  The leader has the remote cut the scan and puts the tokens of the
 * parts where all can see them; each backend, the leader too, reads over a
 * connection of its own whichever part is next.  A snapshot that parts belong
 * to is kept by the leader's task until the scan ends.
 *
 * Only this scan is parallel safe.  A scan of a whole table is not run in a
 * worker: it would not know what the leader's connection wrote a moment ago.
 */
#include "scan.h"

#include <math.h>

#include "access/parallel.h"
#include "optimizer/cost.h"
#include "optimizer/optimizer.h"
#include "optimizer/pathnode.h"
#include "optimizer/paths.h"
#include "parallel.h"
#include "parser/parsetree.h"
#include "plan.h"
#include "port/atomics.h"
#include "storage/spin.h"
#include "utils/dsa.h"

/* For each backend, so that the last one does not have everybody wait for long. */
#define PARTS_A_BACKEND 3
#define MOST_PARTS 1024

typedef struct MfSharedScan
{
	pg_atomic_uint32 next;
	uint32		n;
	bool		bound;
	dsa_pointer tokens;			/* n texts one after the other */

	/* what those that have finished did, until the leader takes it */
	slock_t		lock;
	MfScanStats stats;
	uint64		waited_us;
	int			splits;
} MfSharedScan;

/* ---------------------------------------------------------------- planning */

/* A table's, then its server's. */
static MfOptions *
options_of(const ForeignTable *table)
{
	return mf_options_from_list(table->options, GetForeignServer(table->serverid)->options);
}

bool
mf_is_parallel_safe(PlannerInfo *root, RelOptInfo *rel, RangeTblEntry *rte)
{
	ForeignTable *table = GetForeignTable(rte->relid);
	const MfConnector *connector = mf_connector_of_server(table->serverid);
	MfOptions  *options = options_of(table);

	return (connector->verbs & MF_VERB_BIT(MF_VERB_SPLIT)) != 0 &&
		mf_option_int(options, "parallel_workers", -1) != 0 && mf_option(options, "split") == NULL;
}

/* Workers for so many bytes, as for a table of PostgreSQL's own, or as the option says. */
static int
workers(RelOptInfo *baserel, Oid relid)
{
	double		pages = ceil(baserel->tuples * Max(baserel->reltarget->width, 1) / BLCKSZ);

	baserel->rel_parallel_workers = (int) mf_option_int(options_of(GetForeignTable(relid)), "parallel_workers", -1);
	return compute_parallel_worker(baserel, pages, -1, max_parallel_workers_per_gather);
}

/* As in get_parallel_divisor(): the leader helps, the less the more workers there are. */
static double
divisor(int nworkers)
{
	double		leader = parallel_leader_participation ? 1.0 - 0.3 * nworkers : 0;

	return nworkers + Max(leader, 0);
}

void
mf_add_partial_path(PlannerInfo *root, RelOptInfo *baserel, Cost startup, Cost run)
{
	ForeignPath *path;
	double		share;
	int			n;

	if (!baserel->consider_parallel || !bms_is_empty(baserel->lateral_relids))
		return;
	n = workers(baserel, planner_rt_fetch(baserel->relid, root)->relid);
	if (n <= 0)
		return;
	share = divisor(n);
	path = mf_create_foreignscan_path(root, baserel, clamp_row_est(baserel->rows / share), startup,
									  startup + run / share, NIL, NULL);
	path->path.parallel_aware = true;
	path->path.parallel_safe = true;
	path->path.parallel_workers = n;
	add_partial_path(baserel, (Path *) path);
}

/* ----------------------------------------------------------------- running */

Size
mf_estimate_dsm(ForeignScanState *node, ParallelContext *pcxt)
{
	return sizeof(MfSharedScan);
}

/* Texts one after the other as an array. */
static void
take_tokens(MfScanState *state, const char *texts, int n, MemoryContext context)
{
	MemoryContext before = MemoryContextSwitchTo(context);

	state->claims = palloc(sizeof(char *) * (Size) Max(n, 1));
	for (int i = 0; i < n; i++)
	{
		state->claims[i] = pstrdup(texts);
		texts += strlen(texts) + 1;
	}
	state->nclaims = n;
	MemoryContextSwitchTo(before);
}

/* The tokens of a reply where workers can read them. */
static dsa_pointer
put_tokens(dsa_area *area, const MfReply *reply)
{
	Size		len = 0;
	dsa_pointer at;
	char	   *p;

	for (int i = 0; i < reply->nsplits; i++)
		len += strlen(reply->splits[i].token) + 1;
	at = dsa_allocate(area, len);
	p = dsa_get_address(area, at);
	for (int i = 0; i < reply->nsplits; i++)
		p = stpcpy(p, reply->splits[i].token) + 1;
	return at;
}

/* The leader has the scan cut. */
static void
share(ForeignScanState *node, MfScanState *state, ParallelContext *pcxt, MfSharedScan *shared)
{
	dsa_area   *area = node->ss.ps.state->es_query_dsa;
	int			wanted = (pcxt->nworkers + 1) * PARTS_A_BACKEND * (int) mf_table_int(state->table, "splits", 1);
	const MfReply *reply;

	mf_parallel_end(state);
	state->claim_context = AllocSetContextCreate(MemoryContextGetParent(state->filter_context),
												 "milvus_fdw shared splits", ALLOCSET_SMALL_SIZES);
	mf_scan_set_filters(state, node->ss.ps.ps_ExprContext);
	state->filters_set = true;
	reply = mf_split(state, Min(wanted, MOST_PARTS), state->claim_context);
	shared->n = (uint32) reply->nsplits;
	shared->bound = !reply->splits[0].durable;
	shared->tokens = put_tokens(area, reply);
	pg_atomic_write_u32(&shared->next, 0);
	take_tokens(state, dsa_get_address(area, shared->tokens), reply->nsplits, state->claim_context);
	state->claims_bound = shared->bound;
	state->shared = shared;
	state->parallel = true;
}

void
mf_initialize_dsm(ForeignScanState *node, ParallelContext *pcxt, void *coordinate)
{
	MfScanState *state = node->fdw_state;
	MfSharedScan *shared = coordinate;

	memset(shared, 0, sizeof(*shared));
	pg_atomic_init_u32(&shared->next, 0);
	SpinLockInit(&shared->lock);

	/* without shared memory there are no workers */
	if (node->ss.ps.state->es_query_dsa != NULL)
		share(node, state, pcxt, shared);
}

/* What the others did becomes the leader's; told once. */
static void
collect(MfScanState *state, MfSharedScan *shared)
{
	SpinLockAcquire(&shared->lock);
	mf_stats_add(&state->before, &shared->stats);
	state->waited_us += shared->waited_us;
	state->splits += shared->splits;
	memset(&shared->stats, 0, sizeof(shared->stats));
	shared->waited_us = 0;
	shared->splits = 0;
	SpinLockRelease(&shared->lock);
}

void
mf_reinitialize_dsm(ForeignScanState *node, ParallelContext *pcxt, void *coordinate)
{
	MfScanState *state = node->fdw_state;
	MfSharedScan *shared = coordinate;
	dsa_area   *area = node->ss.ps.state->es_query_dsa;

	if (area == NULL)
		return;
	collect(state, shared);
	mf_scan_stop(state);
	if (DsaPointerIsValid(shared->tokens))
		dsa_free(area, shared->tokens);
	share(node, state, pcxt, shared);
}

void
mf_initialize_worker(ForeignScanState *node, shm_toc *toc, void *coordinate)
{
	MfScanState *state = node->fdw_state;
	MfSharedScan *shared = coordinate;

	take_tokens(state, dsa_get_address(node->ss.ps.state->es_query_dsa, shared->tokens), (int) shared->n,
				node->ss.ps.state->es_query_cxt);
	state->claims_bound = shared->bound;
	state->shared = shared;
	state->parallel = true;
}

const char *
mf_parallel_claim(MfScanState *state)
{
	uint32		at;

	if (state->shared == NULL)
		return NULL;
	at = pg_atomic_fetch_add_u32(&state->shared->next, 1);
	return at < (uint32) state->nclaims ? state->claims[at] : NULL;
}

/* No row will be asked for any more; the shared memory may go. */
void
mf_shutdown_scan(ForeignScanState *node)
{
	MfScanState *state = node->fdw_state;
	MfSharedScan *shared = state != NULL ? state->shared : NULL;
	MfScanStats totals;

	if (shared == NULL)
		return;
	state->shared = NULL;
	if (!IsParallelWorker())
	{
		collect(state, shared);
		return;
	}
	mf_scan_totals(state, &totals);
	SpinLockAcquire(&shared->lock);
	mf_stats_add(&shared->stats, &totals);
	shared->waited_us += state->waited_us;
	shared->splits += state->splits;
	SpinLockRelease(&shared->lock);
}

void
mf_parallel_end(MfScanState *state)
{
	if (state->claim_context != NULL)
		MemoryContextDelete(state->claim_context);
	state->claim_context = NULL;
	state->shared = NULL;
}
