/*
 * es_filter.c - Do shipped filters let through what they should?
 *
 * First the queries themselves, without a server.  Then, with
 * MILVUS_FDW_ES_URL, random filters over documents full of edges: what the server
 * finds is compared with an evaluation over the values as a scan reads them.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <jansson.h>
#include <math.h>

#include "../../src/connector/elasticsearch/elasticsearch.h"
#include "../../src/connector/elasticsearch/es.h"
#include "drive.h"

#define INDEX "f_mf_es_filter"
#define NDOCS 420
#define COUNT_OF(a) ((int) (sizeof(a) / sizeof((a)[0])))

static MfMem mem;
static const MfConnector *c = &mf_elasticsearch_connector;
static EsMapping *mapping;

#include "es_filter_docs.h"
#include "es_filter_reference.h"

/* --------------------------------------------------------------------- queries */

static void
is_query(const MfFilter *f, MfShip wanted, const char *query)
{
	MfJsonBuf	buf = {.mem = &mem};
	MfShip		ship;

	mf_json_buf_raw(&buf, "", 0);
	ship = es_filter(mapping, f, &buf);
	is_text(buf.data, query, wanted == MF_SHIP_NO ? "nothing is written" : query);
	if (ship != wanted)
		is_int(ship, wanted, "its class");
	mf_free(&mem, buf.data);
}

static MfFilter
simple(MfFilterOp op, const char *field, MfKind kind, const MfValue *v)
{
	return (MfFilter) {.op = op,.column = field,.field = field,.kind = kind,.nvalues = v != NULL,.values = v};
}

static void
queries(void)
{
	MfValue		a = text_value(MF_KIND_TEXT, "a\"");
	MfValue		five = {.kind = MF_KIND_I64,.integer = 5};
	MfValue		big = {.kind = MF_KIND_I64,.integer = 3000000000};
	MfValue		zero = {.kind = MF_KIND_F64};
	MfValue		time = {.kind = MF_KIND_TIMESTAMP,.integer = 1500};
	MfValue		pattern = text_value(MF_KIND_TEXT, "a\\%*_b%");
	MfValue		doc = text_value(MF_KIND_JSON, "{\"k\": \"a\", \"y\": 1}");
	MfFilter	k = simple(MF_FILTER_EQ, "k", MF_KIND_TEXT, &a);
	MfFilter	tt = simple(MF_FILTER_EQ, "tt", MF_KIND_TEXT, &a);
	const MfFilter *both[] = {&k, &tt};
	const MfFilter *one[] = {&k};
	MfFilter	f;

	is_query(&k, MF_SHIP_EXACT, "{\"term\":{\"k\":\"a\\u0022\"}}");
	is_query(&tt, MF_SHIP_NO, "");
	f = (MfFilter) {.op = MF_FILTER_AND,.nargs = 2,.args = both};
	is_query(&f, MF_SHIP_SUPERSET, "{\"bool\":{\"filter\":[{\"term\":{\"k\":\"a\\u0022\"}}]}}");
	f.op = MF_FILTER_OR;
	is_query(&f, MF_SHIP_NO, "");
	f = (MfFilter) {.op = MF_FILTER_NOT,.nargs = 1,.args = one};
	is_query(&f, MF_SHIP_EXACT, "{\"bool\":{\"filter\":{\"exists\":{\"field\":\"k\"}},\"must_not\":{\"term\":{\"k\":\"a\\u0022\"}}}}");
	f = simple(MF_FILTER_EQ, "_id", MF_KIND_TEXT, &a);
	is_query(&f, MF_SHIP_EXACT, "{\"ids\":{\"values\":[\"a\\u0022\"]}}");
	f = simple(MF_FILTER_EQ, "al", MF_KIND_TEXT, &a);
	is_query(&f, MF_SHIP_EXACT, "{\"term\":{\"k\":\"a\\u0022\"}}");
	f = simple(MF_FILTER_EQ, "t", MF_KIND_TEXT, &a);
	is_query(&f, MF_SHIP_SUPERSET, "{\"bool\":{\"should\":[{\"term\":{\"t.raw\":\"a\\u0022\"}},"
			 "{\"bool\":{\"must_not\":{\"exists\":{\"field\":\"t.raw\"}}}}],\"minimum_should_match\":1}}");
	f = simple(MF_FILTER_EQ, "ne.k", MF_KIND_TEXT, &a);
	is_query(&f, MF_SHIP_NO, "");
	f = simple(MF_FILTER_NE, "kc", MF_KIND_TEXT, &a);
	is_query(&f, MF_SHIP_NO, "");
	f = simple(MF_FILTER_EQ, "i", MF_KIND_I64, &five);
	is_query(&f, MF_SHIP_EXACT, "{\"term\":{\"i\":5}}");
	f = simple(MF_FILTER_LT, "i", MF_KIND_I64, &five);
	is_query(&f, MF_SHIP_EXACT, "{\"range\":{\"i\":{\"lte\":4}}}");
	f = simple(MF_FILTER_EQ, "i", MF_KIND_I64, &big);
	is_query(&f, MF_SHIP_EXACT, "{\"match_none\":{}}");
	f = simple(MF_FILTER_LT, "i", MF_KIND_I64, &big);
	is_query(&f, MF_SHIP_EXACT, "{\"exists\":{\"field\":\"i\"}}");
	f = simple(MF_FILTER_EQ, "d", MF_KIND_F64, &zero);
	is_query(&f, MF_SHIP_EXACT, "{\"range\":{\"d\":{\"gte\":-0.0,\"lte\":0.0}}}");
	f = simple(MF_FILTER_LT, "d", MF_KIND_F64, &zero);
	is_query(&f, MF_SHIP_EXACT, "{\"range\":{\"d\":{\"lt\":-0.0}}}");
	f = simple(MF_FILTER_GE, "da", MF_KIND_TIMESTAMP, &time);
	is_query(&f, MF_SHIP_SUPERSET, "{\"range\":{\"da\":{\"gte\":1,\"format\":\"epoch_millis\"}}}");
	f = simple(MF_FILTER_LIKE, "k", MF_KIND_TEXT, &pattern);
	is_query(&f, MF_SHIP_EXACT, "{\"wildcard\":{\"k\":{\"value\":\"a%\\u005c*?b*\"}}}");
	f = simple(MF_FILTER_CONTAINS, "o", MF_KIND_JSON, &doc);
	is_query(&f, MF_SHIP_SUPERSET, "{\"bool\":{\"filter\":[{\"term\":{\"o.k\":\"a\"}}]}}");
	f = simple(MF_FILTER_IS_NULL, "kn", MF_KIND_TEXT, NULL);
	is_query(&f, MF_SHIP_NO, "");
	f = simple(MF_FILTER_IS_NULL, "kx", MF_KIND_TEXT, NULL);
	is_query(&f, MF_SHIP_EXACT, "{\"bool\":{\"must_not\":{\"exists\":{\"field\":\"kx\"}}}}");
	ok(c->filter_check(NULL, &k) == MF_SHIP_SUPERSET, "without a description nothing is sure");
	f = simple(MF_FILTER_EQ, "_id", MF_KIND_TEXT, &a);
	ok(c->filter_check(NULL, &f) == MF_SHIP_EXACT, "but _id is");
	ok(es_query_valid(" {\"a\":[1]} ") && !es_query_valid("{} {}") && !es_query_valid("[]") && !es_query_valid("{\"a\":}"),
	   "a query is a JSON object");
}

/* ------------------------------------------------------------------ the server */

static MfHttp *http;

static MfStatus
http_step(void *arg, MfWaitFor *wait, MfError *err)
{
	return mf_http_step(arg, wait, err);
}

static json_t *
ask(const char *method, const char *path, const char *type, const char *body, int *status)
{
	MfHttpCall *call;
	MfError		err;
	json_t	   *root = NULL;

	*status = -1;
	if (mf_http_begin(http, method, path, type, body, body != NULL ? strlen(body) : 0, &call, &err) != MF_OK)
		return NULL;
	if (drive(http_step, call, 60000, &err) == MF_OK)
	{
		size_t		len;
		const char *text = mf_http_body(call, &len);

		*status = mf_http_status(call);
		root = json_loadb(text, len, 0, NULL);
	}
	mf_http_end(call);
	return root;
}

static Value
keep(const MfColumn *col, int32_t row)
{
	Value		v = {.kind = col->kind};
	const char *at;

	v.null = mf_column_state(col, row) != MF_VALUE_PRESENT;
	if (v.null)
		return v;
	switch (col->kind)
	{
		case MF_KIND_BOOL:
			v.i = *(uint8_t *) mf_fixed_at(col, row);
			break;
		case MF_KIND_I32:
			v.i = *(int32_t *) mf_fixed_at(col, row);
			break;
		case MF_KIND_I64:
		case MF_KIND_TIMESTAMP:
			v.i = *(int64_t *) mf_fixed_at(col, row);
			break;
		case MF_KIND_F32:
			v.d = *(float *) mf_fixed_at(col, row);
			break;
		case MF_KIND_F64:
			v.d = *(double *) mf_fixed_at(col, row);
			break;
		case MF_KIND_LIST:
			v.n = (int) (col->offsets[row + 1] - col->offsets[row]);
			v.list = calloc((size_t) v.n + 1, sizeof(Value));
			for (int i = 0; i < v.n; i++)
				v.list[i] = keep(col->child, (int32_t) col->offsets[row] + i);
			break;
		default:
			at = mf_varying_at(col, row, &v.len);
			v.text = strndup(at, v.len);
	}
	return v;
}

typedef struct Reading
{
	MfScan	   *scan;
	MfBatch    *batch;
} Reading;

static MfStatus
next(void *arg, MfWaitFor *wait, MfError *err)
{
	Reading    *r = arg;

	return c->scan_next(r->scan, &r->batch, wait, err);
}

/* Rows of a scan; with `all` they are kept.  *matches: those that the filter wants. */
static int64_t
scan(MfConn *conn, const MfFilter *f, bool all, bool count, int *requests)
{
	MfOption	options[] = {{"index", INDEX}, {"slices", "1"}};
	MfOptions	table = {2, options};
	MfScanColumn wanted[NCOLUMNS];
	MfScanSpec	spec = {.size = sizeof(spec),.options = &table,.columns = wanted,.limit = -1,.mem = &mem};
	Reading		r = {0};
	MfStatus	status;
	MfScanStats stats;
	MfError		err;
	int64_t		rows = 0;

	for (int i = 0; i < NCOLUMNS; i++)
		wanted[i] = (MfScanColumn) {columns[i].field, columns[i].field, columns[i].kind, columns[i].elem};
	spec.ncolumns = all ? NCOLUMNS : !count;
	spec.nfilters = f != NULL;
	spec.filters = &f;
	status = c->scan_begin(conn, &spec, &r.scan, &err);
	while (status == MF_OK && (status = drive(next, &r, 20000, &err)) == MF_OK)
	{
		for (int i = 0; all && i < r.batch->nrows && nread < NDOCS; i++, nread++)
			for (int k = 0; k < NCOLUMNS; k++)
				values[nread][k] = keep(&r.batch->columns[k], i);
		rows += r.batch->nrows;
	}
	if (status != MF_END)
	{
		show_error(&err);
		rows = -1;
	}
	c->scan_stats(r.scan, &stats);
	*requests = (int) stats.requests;
	c->scan_end(r.scan);
	return rows;
}

static const char *
query_text(const MfFilter *f, MfShip *ship)
{
	static char text[200000];
	MfJsonBuf	buf = {.mem = &mem};

	mf_json_buf_raw(&buf, "", 0);
	*ship = es_filter(mapping, f, &buf);
	snprintf(text, sizeof(text), "{\"size\":1000,\"_source\":false,\"query\":%s}", buf.data);
	mf_free(&mem, buf.data);
	return text;
}

static void
against_server(const char *url, int filters)
{
	MfOption	server[] = {{"url", url}};
	MfOptions	options = {1, server};
	MfOpenArgs	args = {sizeof(args), "es", &options, &mem};
	MfNetSettings settings;
	MfConn	   *conn;
	MfError		err;
	int			status;
	int			requests;
	int			shipped[3] = {0};
	int			bad = 0;
	json_t	   *root = json_loads(mapping_text, 0, NULL);
	char	   *definition = json_dumps(json_object_get(root, INDEX), 0);
	char	   *docs;

	json_decref(root);
	mf_net_settings(&settings, "es", &options, &mem);
	if (mf_http_open(url, NULL, &settings, &http, &err) != MF_OK || c->open(&args, &conn, &err) != MF_OK)
	{
		show_error(&err);
		exit(1);
	}
	json_decref(ask("DELETE", "/" INDEX "?ignore_unavailable=true", NULL, NULL, &status));
	json_decref(ask("PUT", "/" INDEX, NULL, definition, &status));
	is_int(status, 200, "an index full of edges");
	free(definition);
	docs = make_docs();
	root = ask("POST", "/" INDEX "/_bulk?refresh=true", "application/x-ndjson", docs, &status);
	mf_free(&mem, docs);
	if (!ok(root != NULL && json_is_false(json_object_get(root, "errors")), "its documents"))
	{
		size_t		i;
		json_t	   *item;

		json_array_foreach(json_object_get(root, "items"), i, item)
		{
			char	   *text = json_object_get(json_object_get(item, "index"), "error") != NULL ? json_dumps(item, 0) : NULL;

			if (text != NULL && bad++ < 3)
				printf("# %.400s\n", text);
			free(text);
		}
		bad = 0;
	}
	json_decref(root);
	is_int(scan(conn, NULL, true, false, &requests), NDOCS, "all are read");

	for (int i = 0; i < filters && nread == NDOCS && bad < 5; i++)
	{
		const MfFilter *f;
		const char *text;
		MfShip		ship;
		int			wanted = 0;
		int			found = 0;
		int			missed = 0;
		int			missed_doc = -1;
		json_t	   *hits;

		pool_at = 0;
		f = random_filter(2);
		text = query_text(f, &ship);
		shipped[ship]++;
		if (ship == MF_SHIP_NO)
			continue;
		root = ask("POST", "/" INDEX "/_search", NULL, text, &status);
		hits = json_object_get(json_object_get(root, "hits"), "hits");
		found = (int) json_array_size(hits);
		for (int d = 0; d < nread; d++)
		{
			bool		there = false;

			if (evaluate(values[d], f) != 1)
				continue;
			wanted++;
			for (int h = 0; h < found && !there; h++)
				there = strcmp(json_string_value(json_object_get(json_array_get(hits, (size_t) h), "_id")), values[d][0].text) == 0;
			if (!there)
			{
				missed++;
				missed_doc = d;
			}
		}
		if (status != 200 || missed > 0 || (ship == MF_SHIP_EXACT && found != wanted))
		{
			bad++;
			printf("# filter %d, status %d: found %d, wanted %d, missed %d (_id %s), class %d: %s\n", i, status, found, wanted, missed,
				   missed_doc >= 0 ? values[missed_doc][0].text : "", ship, text);
		}
		json_decref(root);
		if (i % 20 == 0)
		{
			int64_t		rows = scan(conn, f, false, false, &requests);

			if (rows < wanted || (ship == MF_SHIP_EXACT && rows != wanted))
				ok(false, "a scan with filter %d: %d rows for %d: %s", i, (int) rows, wanted, text);
			if (ship == MF_SHIP_EXACT && (rows = scan(conn, f, false, true, &requests)) != wanted)
				ok(false, "a count with filter %d: %d rows for %d: %s", i, (int) rows, wanted, text);
		}
	}
	ok(bad == 0, "%d random filters: %d exact, %d supersets, %d not shipped", filters, shipped[MF_SHIP_EXACT],
	   shipped[MF_SHIP_SUPERSET], shipped[MF_SHIP_NO]);
	{
		MfValue		id = text_value(MF_KIND_TEXT, "7");
		MfFilter	f = simple(MF_FILTER_EQ, "_id", MF_KIND_TEXT, &id);

		is_int(scan(conn, &f, false, false, &requests), 1, "one row by _id");
		is_int(requests, 1, "in one request");
		id = text_value(MF_KIND_TEXT, "no such");
		is_int(scan(conn, &f, false, false, &requests), 0, "none by an _id that is not there");
		json_decref(ask("PUT", "/" INDEX "/_settings", NULL, "{\"index.max_terms_count\":2}", &status));
		is_int(status, 200, "a server that takes two terms");
		{
			MfValue		three[] = {text_value(MF_KIND_TEXT, "a"), text_value(MF_KIND_TEXT, "b"), text_value(MF_KIND_TEXT, "c")};

			f = (MfFilter) {.op = MF_FILTER_IN,.column = "k",.field = "k",.kind = MF_KIND_TEXT,.nvalues = 3,.values = three};
			is_int(scan(conn, &f, false, false, &requests), NDOCS, "a filter that it refuses is left out");
		}
	}
	json_decref(ask("DELETE", "/" INDEX, NULL, NULL, &status));
	for (int d = 0; d < nread; d++)
		for (int i = 0; i < NCOLUMNS; i++)
		{
			free(values[d][i].text);
			for (int k = 0; k < values[d][i].n; k++)
				free(values[d][i].list[k].text);
			free(values[d][i].list);
		}
	c->close(conn);
	mf_http_close(http);
}

int
main(int argc, char **argv)
{
	const char *url = getenv("MILVUS_FDW_ES_URL");
	MfError		err;

	mf_mem_init(&mem, (size_t) 1 << 30);
	if (argc > 2)
		seed = strtoull(argv[2], NULL, 10);
	if (es_mapping_parse(&mem, mapping_text, strlen(mapping_text), INDEX, &mapping, &err) != MF_OK)
		return 1;
	queries();
	if (url == NULL)
		ok(true, "random filters # SKIP MILVUS_FDW_ES_URL is not set");
	else
		against_server(url, argc > 1 ? atoi(argv[1]) : 3000);
	es_mapping_free(mapping);
	is_int((long long) mem.used, 0, "nothing is leaked");
	return tap_done();
}
