/*
 * scan_query.c - How is one Query asked, and when is it answered?
 */
#include <stdio.h>

#include "scan.h"

#define AIM_BYTES (8 * 1024 * 1024)		/* a page, by what rows have been */
#define MOST_BYTES (64 * 1024 * 1024)	/* a page, by what rows may be */
#define GROWTH 4				/* a page is at most so much longer than the last */
#define SPARE 16				/* rows asked for beyond those that may be enough */

int32_t
m2_scan_choose_page(const MfScan *scan, int64_t handed_out)
{
	double		rows = scan->row_bytes > 0 ? AIM_BYTES / scan->row_bytes :
		(double) AIM_BYTES / (double) scan->plan.row_bytes;
	double		safe = (double) MOST_BYTES / (double) scan->plan.row_bytes_most;
	int64_t		left = scan->limit >= 0 ? scan->limit - handed_out : INT64_MAX;
	int64_t		few = scan->limit >= 0 ? 0 : scan->spec->limit >= 0 ? scan->spec->limit : scan->spec->first_rows;

	/* beyond what is safe whatever comes, grow only by what was seen */
	if (rows > safe)
	{
		double		grown = scan->page > 0 ? (double) scan->page * GROWTH : safe;

		rows = rows < grown ? rows : grown > safe ? grown : safe;
	}
	if (rows > scan->ceiling)
		rows = scan->ceiling;
	if (scan->spec->fetch_size > 0 && rows > scan->spec->fetch_size)
		rows = scan->spec->fetch_size;
	/* where few rows may be enough, begin with them */
	if (few > 0 && few < rows)
	{
		double		grown = scan->page > 0 ? (double) scan->page * GROWTH : (double) few + SPARE;

		rows = rows < grown ? rows : grown;
	}
	if (scan->lookup.nkeys > 0)
		left = scan->lookup.nkeys - scan->lookup.at;
	if (rows > (double) left)
		rows = (double) left;
	return rows < 1 ? 1 : (int32_t) rows;
}

/*
 * Which rows?  Those that meet the conditions and have one of the next keys
 * known, or come after the last.  scan->page: how many keys were named.
 */
static bool
put_expr(MfScan *scan, MfJsonBuf *expr)
{
	bool		filtered = scan->filter.len > 0;
	bool		all = scan->phase == PHASE_COUNT || (filtered && !scan->after.set);

	if (filtered)
		mf_json_buf_raw(expr, scan->filter.data, scan->filter.len);
	if (scan->lookup.nkeys > 0)
	{
		mf_json_buf_add(expr, filtered ? " and " : "");
		scan->page = m2_lookup_put(expr, scan->key_field, &scan->lookup, scan->page);
	}
	else if (!all)
	{
		mf_json_buf_add(expr, filtered ? " and " : "");
		m2_expr_after(expr, scan->key_field, &scan->after);
	}
	return !expr->failed;
}

/* limit is for pages: who names keys, or counts, gets all there is. */
MfStatus
m2_scan_send(MfScan *scan, int32_t limit, int32_t consistency, uint64_t guarantee, MfError *err)
{
	M2__QueryRequest request = M2__QUERY_REQUEST__INIT;
	M2__Pair	pairs[4] = {M2__PAIR__INIT, M2__PAIR__INIT, M2__PAIR__INIT, M2__PAIR__INIT};
	M2__Pair   *list[4] = {&pairs[0], &pairs[1], &pairs[2], &pairs[3]};
	MfJsonBuf	expr = {.mem = scan->mem};
	char	   *count[1] = {"count(*)"};
	const char *partition[1] = {m2_scan_partition(scan)};
	bool		paged = scan->phase != PHASE_COUNT && scan->lookup.nkeys == 0;
	char		number[16];
	char		id[24];
	MfGrpc	   *grpc = m2_channel(scan->conn, scan->database, err);
	uint8_t    *bytes;
	size_t		len;

	if (grpc == NULL)
		return MF_ERROR;
	snprintf(number, sizeof(number), "%d", (int) limit);
	snprintf(id, sizeof(id), "%lld", (long long) m2_scan_schema(scan)->id);
	pairs[0].key = "limit";
	pairs[0].value = number;
	/* 2.3 knows the first of these as what keeps pages whole, later ones the second */
	pairs[1].key = "reduce_stop_for_best";
	pairs[1].value = "true";
	pairs[2].key = "iterator";
	pairs[2].value = "true";
	pairs[3].key = "collection_id";
	pairs[3].value = id;
	request.query_params = list;
	request.n_query_params = paged ? 4 : 0;
	request.db_name = (char *) scan->database;
	request.collection_name = (char *) scan->collection;
	request.output_fields = scan->phase == PHASE_COUNT ? count : (char **) scan->plan.output;
	request.n_output_fields = scan->phase == PHASE_COUNT ? 1 : (size_t) scan->plan.noutput;
	if (scan->by_partition && scan->phase != PHASE_COUNT)
	{
		request.partition_names = (char **) partition;
		request.n_partition_names = 1;
	}
	else if (scan->restricted)
	{
		request.partition_names = (char **) scan->partitions;
		request.n_partition_names = (size_t) scan->npartitions;
	}
	request.consistency_level = consistency;
	request.guarantee_timestamp = guarantee;
	if (!put_expr(scan, &expr))
	{
		mf_free(scan->mem, expr.data);
		return mf_error_oom(err, expr.len);
	}
	request.expr = expr.data != NULL ? expr.data : "";
	bytes = mf_message_pack(&request.base, &len);
	mf_free(scan->mem, expr.data);
	if (bytes == NULL)
		return mf_error_oom(err, len);
	scan->stats.requests++;
	return mf_grpc_begin(grpc, M2_SERVICE "Query", bytes, len, 0, true, &scan->call, err);
}

void
m2_scan_end_call(MfScan *scan)
{
	if (scan->call != NULL)
		mf_grpc_end(scan->call);
	scan->call = NULL;
}

MfStatus
m2_scan_finish(MfScan *scan, M2QueryReply *reply, MfWaitFor *wait, MfError *err)
{
	M2Where		where = {scan->conn->server, scan->collection};
	char		reason[1024];
	const uint8_t *bytes;
	size_t		len;
	MfStatus	status = mf_grpc_step(scan->call, wait, err);

	if (status == MF_WAIT)
	{
		wait->what = M2_QUERY;
		return status;
	}
	if (status == MF_ERROR)
	{
		MfRetry		retry = err->retry;

		m2_grpc_error(&where, err);
		scan->stats.retries += err->retry == MF_RETRY_YES;
		if (m2_error_too_large(err) || strcmp(err->sqlstate, MF_LIMIT_EXCEEDED) == 0)
		{
			m2_scan_end_call(scan);
			return MF_END;
		}
		if (err->retry != retry)
			m2_scan_end_call(scan);
		return status;
	}
	bytes = mf_grpc_reply(scan->call, &len);
	scan->stats.bytes += (int64_t) len;
	status = m2_query_reply(scan->mem, bytes, len, reply, err);
	if (status != MF_OK)
		return status;
	snprintf(reason, sizeof(reason), "%.*s", (int) (reply->reason.len < 1000 ? reply->reason.len : 1000),
			 reply->reason.at != NULL ? (const char *) reply->reason.at : "");
	status = m2_status(reply->code, reply->error_code, reason, &where, err);
	if (status == MF_OK)
		return status;

	m2_table_filter_error(scan->spec->options, err);
	mf_free(scan->mem, reply->fields);
	reply->fields = NULL;
	m2_scan_end_call(scan);
	if (err->retry == MF_RETRY_UNKNOWN)
		err->retry = MF_RETRY_YES;		/* reading changes nothing */
	scan->stats.retries += err->retry == MF_RETRY_YES;
	return m2_error_too_large(err) ? MF_END : status;
}
