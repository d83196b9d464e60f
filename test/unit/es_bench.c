/*
 * es_bench.c - How long does a whole index take through the connector?
 *
 * Side by side: a plain client that fetches the same pages one after the other
 * and throws them away, and the connector that makes columns of them.
 *
 *   es_bench INDEX DIM [SLICES [ROUNDS]]      server: MILVUS_FDW_ES_URL
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <math.h>
#include <sys/resource.h>

#include "../../src/connector/elasticsearch/elasticsearch.h"
#include "../../src/connector/elasticsearch/es.h"
#include "drive.h"

typedef struct Next
{
	MfScan	   *scan;
	MfBatch    *batch;
} Next;

static MfStatus
next(void *arg, MfWaitFor *wait, MfError *err)
{
	Next	   *n = arg;

	return mf_elasticsearch_connector.scan_next(n->scan, &n->batch, wait, err);
}

static MfStatus
step(void *arg, MfWaitFor *wait, MfError *err)
{
	return mf_http_step(arg, wait, err);
}

static void
die(const MfError *err)
{
	printf("%s: %s / %s / %s (row %lld, key %s, column %s)\n", err->sqlstate, err->message, err->detail,
		   err->hint, (long long) err->row, err->key, err->column);
	exit(1);
}

/* One connection, pages of 5,000, one request at a time, nothing parsed but what the next request needs. */
static double
plain(const char *url, const char *index, MfMem *mem, double *mb)
{
	MfOptions	none = {0};
	MfNetSettings settings;
	MfHttp	   *http;
	MfError		err;
	char		path[300];
	char		after[100] = "";
	char		id[4096];
	double		start = drive_now();
	size_t		bytes = 0;

	mf_net_settings(&settings, "es", &none, mem);
	if (mf_http_open(url, NULL, &settings, &http, &err) != MF_OK)
		die(&err);
	snprintf(path, sizeof(path), "/%s/_pit?keep_alive=1m", index);
	for (int page = -1;; page++)
	{
		MfHttpCall *call;
		char		body[6000];
		size_t		len;
		const char *text;
		MfJsonText	pit;
		const char *sort;
		size_t		sort_len;

		snprintf(body, sizeof(body), "{\"size\":5000,\"pit\":{\"id\":\"%s\",\"keep_alive\":\"1m\"},\"sort\":[\"_shard_doc\"]%s%s,\"track_total_hits\":false}",
				 page < 0 ? "" : id, after[0] ? ",\"search_after\":" : "", after);
		if (mf_http_begin(http, "POST", page < 0 ? path : "/_search", NULL, page < 0 ? NULL : body,
						  page < 0 ? 0 : strlen(body), &call, &err) != MF_OK ||
			drive(step, call, 60000, &err) != MF_OK)
			die(&err);
		text = mf_http_body(call, &len);
		bytes += len;
		if (page < 0)
			sscanf(text, "{\"id\":\"%4095[^\"]", id);
		else if (!es_page_peek(text, len, &pit, &sort, &sort_len))
		{
			mf_http_end(call);
			break;
		}
		else
			snprintf(after, sizeof(after), "%.*s", (int) sort_len, sort);
		mf_http_end(call);
	}
	mf_http_close(http);
	*mb = (double) bytes / 1e6;
	return (drive_now() - start) / 1000;
}

int
main(int argc, char **argv)
{
	const char *url = getenv("MILVUS_FDW_ES_URL");
	const char *index = argc > 1 ? argv[1] : "docs";
	int			dim = argc > 2 ? atoi(argv[2]) : 128;
	const char *slices = argc > 3 ? argv[3] : "2";
	int			rounds = argc > 4 ? atoi(argv[4]) : 5;
	double		best_plain = 1e9;
	double		best = 1e9;
	double		mb = 0;

	for (int round = 0; round < rounds; round++)
	{
		MfMem		mem;
		MfOption	server[] = {{"url", url}, {"slices", slices}};
		MfOption	table[] = {{"index", index}};
		MfOptions	server_options = {2, server};
		MfOptions	table_options = {1, table};
		MfOpenArgs	args = {sizeof(args), "es", &server_options, &mem};
		MfScanColumn columns[] = {
			{"id", "id", MF_KIND_I64, MF_KIND_NONE, 0, 0},
			{"title", "title", MF_KIND_TEXT, MF_KIND_NONE, 0, 0},
			{"price", "price", MF_KIND_F64, MF_KIND_NONE, 0, 0},
			{"embedding", "embedding", MF_KIND_VEC_F32, MF_KIND_NONE, dim, 24},
		};
		MfScanSpec	spec = {sizeof(spec), &table_options, 4, columns, -1, 0, &mem};
		MfConn	   *conn;
		Next		n;
		MfError		err;
		MfScanStats stats;
		int64_t		sum = 0;
		double		start;
		MfStatus	status;
		int			batches = 0;
		struct rusage before;
		struct rusage after;

		mf_mem_init(&mem, (size_t) 1 << 30);
		best_plain = fmin(best_plain, plain(url, index, &mem, &mb));
		mem.peak = mem.used;
		getrusage(RUSAGE_SELF, &before);
		start = drive_now();
		if (mf_elasticsearch_connector.open(&args, &conn, &err) != MF_OK ||
			mf_elasticsearch_connector.scan_begin(conn, &spec, &n.scan, &err) != MF_OK)
			die(&err);
		while ((status = drive(next, &n, 60000, &err)) == MF_OK)
		{
			batches++;
			for (int i = 0; i < n.batch->nrows; i++)
				sum += *(int64_t *) mf_fixed_at(&n.batch->columns[0], i);
		}
		if (status != MF_END)
			die(&err);
		best = fmin(best, (drive_now() - start) / 1000);
		getrusage(RUSAGE_SELF, &after);
		mf_elasticsearch_connector.scan_stats(n.scan, &stats);
		mf_elasticsearch_connector.scan_end(n.scan);
		mf_elasticsearch_connector.close(conn);
		if (round == rounds - 1)
			printf("%lld rows, %d batches, %lld requests, sum %lld, peak %.1f MB, left %zu, cpu %.2f s; connector %.3f s; plain drain %.3f s (%.0f MB); slices %s\n",
				   (long long) stats.rows, batches, (long long) stats.requests, (long long) sum, (double) mem.peak / 1e6, mem.used,
				   (double) (after.ru_utime.tv_sec - before.ru_utime.tv_sec + after.ru_stime.tv_sec - before.ru_stime.tv_sec) +
				   (double) (after.ru_utime.tv_usec - before.ru_utime.tv_usec + after.ru_stime.tv_usec - before.ru_stime.tv_usec) / 1e6,
				   best, best_plain, mb, slices);
	}
	return 0;
}
