/*
 * live_scan.c - How are the rows of a Milvus 1.x server read?
 *
 * The ids of one segment after the other, and for them the vectors.  A
 * condition that names the ids needs no segments; a mere count is the server's.
 * What this session wrote is flushed first.
 */
#include "live_scan.h"

static const MfMethod show_info = M1_METHOD(ShowCollectionInfo, collection_info, true);
static const MfMethod describe_collection = M1_METHOD(DescribeCollection, collection_schema, true);
static const MfMethod count_collection = M1_METHOD(CountCollection, collection_row_count, true);

/* ------------------------------------------------------------------ begin, end */

MfStatus
m1_live_scan_begin(MfConn *conn, const MfScanSpec *spec, M1LiveScan **out, MfError *err)
{
	M1LiveScan *scan = mf_calloc(spec->mem, sizeof(M1LiveScan));
	MfStatus	status = MF_OK;

	*out = NULL;
	if (scan == NULL)
		return mf_error_oom(err, sizeof(M1LiveScan));
	scan->conn = conn;
	scan->spec = spec;
	scan->mem = spec->mem;
	scan->arena.mem = spec->mem;
	scan->name = mf_option(spec->options, "collection");
	scan->partition = mf_option(spec->options, "partition");
	scan->stats.remote_rows = -1;
	scan->on_duplicate = m1_on_duplicate(conn, spec->options);
	if (scan->name == NULL)
		status = mf_error(err, MF_INVALID_PARAMETER_VALUE, "no collection is named");
	else if (scan->on_duplicate == M1_DUPLICATE_LAST)
	{
		status = mf_error(err, MF_FEATURE_NOT_SUPPORTED, "a server of Milvus 1.x does not tell which row of an id is the last");
		mf_error_hint(err, "Set option on_duplicate to error, first or keep; or read its data directory.");
	}
	else if (scan->on_duplicate != M1_DUPLICATE_KEEP && (scan->seen = m1_seen_new(scan->mem)) == NULL)
		status = mf_error_oom(err, sizeof(M1Seen));
	if (status != MF_OK)
	{
		m1_live_scan_end(scan);
		return status;
	}
	*out = scan;
	return MF_OK;
}

void
m1_live_scan_end(M1LiveScan *scan)
{
	if (scan == NULL)
		return;
	m1_call_end(scan->conn, &scan->call);
	for (int i = 0; i < M1_DEPTH; i++)
		m1_call_end(scan->conn, &scan->pieces[i].call);
	m1_seen_free(scan->seen);
	mf_free(scan->mem, scan->ids);
	mf_free(scan->mem, scan->from);
	mf_batch_free(scan->batches[0]);
	mf_batch_free(scan->batches[1]);
	mf_arena_free(&scan->arena);
	mf_free(scan->mem, scan);
}

void
m1_live_scan_stats(M1LiveScan *scan, MfScanStats *stats)
{
	*stats = scan->stats;
}

/* ---------------------------------------------------------------- preparation */

MfStatus
m1_live_ask(M1LiveScan *scan, const MfMethod *method, const ProtobufCMessage *request, MfWaitFor *wait, MfError *err)
{
	bool		fresh = scan->call.call == NULL && scan->call.reply == NULL;

	scan->stats.requests += fresh;
	return m1_call(scan->conn, &scan->call, method, request, scan->name, wait, err);
}

static MfStatus
take_schema(M1LiveScan *scan, MfError *err)
{
	const M1__CollectionSchema *schema = (M1__CollectionSchema *) scan->call.reply;
	M1Collection c = {.name = scan->name,.dim = schema->dimension,.metric = schema->metric_type};
	MfStatus	status;

	if (schema->dimension < 1 || schema->dimension > 1 << 24)
		return mf_error(err, MF_FDW_REPLY_HANDLE, "the answer to Milvus 1.x DescribeCollection cannot be used");
	scan->binary = m1_metric_is_binary(schema->metric_type);
	scan->dim = schema->dimension;
	for (int b = 0; b < 2; b++)
	{
		scan->batches[b] = mf_batch_new(scan->mem, scan->spec->ncolumns);
		if (scan->batches[b] == NULL)
			return mf_error_oom(err, sizeof(MfBatch));
	}
	scan->from = mf_calloc(scan->mem, sizeof(M1From) * (size_t) (scan->spec->ncolumns + 1));
	if (scan->from == NULL)
		return mf_error_oom(err, sizeof(M1From));
	status = m1_bind_columns(scan->spec, &c, scan->from, scan->batches, err);
	m1_call_end(scan->conn, &scan->call);
	return status;
}

/* Where the ids come from. */
static MfStatus
choose_way(M1LiveScan *scan, MfError *err)
{
	int64_t		n;

	if (m1_filter_ids(scan->spec, scan->mem, &scan->ids, &n, err) != MF_OK)
		return MF_ERROR;
	scan->phase = M1_LIVE_INFO;
	if (scan->spec->split != NULL)
		return MF_OK;
	for (int i = 0; i < scan->spec->ncolumns; i++)
	{
		/* the id alone does not tell in which segment it lies */
		if (scan->from[i] != M1_FROM_ID && scan->from[i] != M1_FROM_VECTOR)
			return MF_OK;
	}
	if (scan->ids != NULL && scan->partition == NULL && scan->on_duplicate != M1_DUPLICATE_KEEP)
	{
		scan->nids = n;
		scan->tag = "";
		scan->segment_name = "";
		scan->phase = M1_LIVE_ROWS;
	}
	else if (scan->spec->ncolumns == 0 && scan->spec->nfilters == 0 && scan->partition == NULL &&
			 scan->on_duplicate == M1_DUPLICATE_KEEP)
		scan->phase = M1_LIVE_COUNT;
	return MF_OK;
}

static MfStatus
take_count(M1LiveScan *scan, MfBatch *batch)
{
	int64_t		rows = ((M1__CollectionRowCount *) scan->call.reply)->collection_row_count - scan->stats.rows;

	/* a batch counts in 32 bits */
	batch->nrows = rows > INT32_MAX ? INT32_MAX : (int32_t) rows;
	if (rows <= INT32_MAX)
		scan->phase = M1_LIVE_END;
	return MF_OK;
}

static MfStatus
step(M1LiveScan *scan, MfBatch *batch, MfWaitFor *wait, MfError *err)
{
	M1__CollectionName name = M1__COLLECTION_NAME__INIT;
	MfStatus	status;

	name.collection_name = (char *) scan->name;
	switch (scan->phase)
	{
		case M1_LIVE_FLUSH:
			status = m1_flush_if_dirty(scan->conn, &scan->call, scan->name, wait, err);
			if (status == MF_OK)
				scan->phase = M1_LIVE_DESCRIBE;
			return status;
		case M1_LIVE_DESCRIBE:
			status = m1_live_ask(scan, &describe_collection, &name.base, wait, err);
			if (status == MF_OK)
				status = take_schema(scan, err);
			return status == MF_OK ? choose_way(scan, err) : status;
		case M1_LIVE_COUNT:
			status = m1_live_ask(scan, &count_collection, &name.base, wait, err);
			return status == MF_OK ? take_count(scan, batch) : status;
		case M1_LIVE_INFO:
			status = m1_live_ask(scan, &show_info, &name.base, wait, err);
			return status == MF_OK ? m1_live_take_info(scan, err) : status;
		case M1_LIVE_OWN:
		case M1_LIVE_OTHERS:
		case M1_LIVE_IDS:
			return m1_live_step_ids(scan, wait, err);
		default:
			return m1_live_rows(scan, batch, wait, err);
	}
}

MfStatus
m1_live_scan_next(M1LiveScan *scan, MfBatch **out, MfWaitFor *wait, MfError *err)
{
	MfBatch    *batch = NULL;

	*wait = (MfWaitFor) {.fd = -1,.timeout_ms = -1};
	do
	{
		MfStatus	status;

		if (scan->phase == M1_LIVE_END)
			return MF_END;
		if (batch == NULL && scan->batches[scan->turn] != NULL)
		{
			batch = scan->batches[scan->turn];
			mf_batch_reset(batch);
		}
		status = step(scan, batch, wait, err);
		if (status != MF_OK)
			return status;
	} while (batch == NULL || batch->nrows == 0);
	batch->first_row = scan->stats.rows + 1;
	scan->stats.rows += batch->nrows;
	scan->turn = 1 - scan->turn;
	*out = batch;
	return MF_OK;
}
