/*
 * es_scan.c - Does the connector read what a real Elasticsearch holds?
 *
 * Through the contract alone, without PostgreSQL.  Needs MILVUS_FDW_ES_URL and
 * is skipped without it; what a real server cannot be made to do is played by
 * test/lib/doubles/http_server.py in front of it.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <math.h>
#include <sys/wait.h>

#include "../../src/connector/elasticsearch/elasticsearch.h"
#include "../../src/connector/elasticsearch/es.h"
#include "drive.h"

#define EDGE "mf_es_scan_edge"
#define MANY "mf_es_scan_many"
#define ROWS 3500

static const char *es_url;
static MfMem mem;
static const MfConnector *c = &mf_elasticsearch_connector;

/* --------------------------------------------------------------- the server */

static MfStatus
http_step(void *arg, MfWaitFor *wait, MfError *err)
{
	return mf_http_step(arg, wait, err);
}

/* One request of the test's own; its status.  The answer into `answer` if there is room. */
static int
ask(const char *method, const char *path, const char *type, const char *body, char *answer, size_t size)
{
	MfOptions	none = {0};
	MfNetSettings settings;
	MfHttp	   *http;
	MfHttpCall *call;
	MfError		err;
	int			status = -1;

	mf_net_settings(&settings, "es", &none, &mem);
	if (mf_http_open(es_url, NULL, &settings, &http, &err) != MF_OK)
		return -1;
	if (mf_http_begin(http, method, path, type, body, body != NULL ? strlen(body) : 0, &call, &err) == MF_OK)
	{
		if (drive(http_step, call, 60000, &err) == MF_OK)
		{
			size_t		len;
			const char *text = mf_http_body(call, &len);

			status = mf_http_status(call);
			if (answer != NULL)
				snprintf(answer, size, "%.*s", (int) len, text);
		}
		mf_http_end(call);
	}
	mf_http_close(http);
	return status;
}

static void
fill_server(void)
{
	static char bulk[ROWS * 400];
	char	   *p = bulk;
	static const char docs[] =
	"{\"index\":{\"_id\":\"full\"}}\n"
	"{\"l\":9007199254740993,\"i\":\"12\",\"s\":-3,\"by\":1.0,\"d\":0.1,\"f\":3.4028235e38,\"bo\":\"\",\"k\":\"\",\"t\":\"a\\u00e9\\n\",\"da\":\"2024-05-01T10:11:12.123+02:00\",\"ip\":\"192.0.2.1\",\"o\":{\"x\":1,\"y\":{\"z\":\"deep\"}},\"n\":[{\"q\":1}],\"fl\":{\"any\":\"1\"},\"v\":[1.5,-0.0,1e-45],\"vb\":[1,-2,127],\"tags\":[\"a\",null,\"b\"]}\n"
	"{\"index\":{\"_id\":\"dotted\"}}\n"
	"{\"l\":-1,\"o.x\":2,\"o.y.z\":\"flat\",\"da\":1714557072123,\"v\":[0,0,1],\"tags\":\"one\"}\n"
	"{\"index\":{\"_id\":\"empty\"}}\n"
	"{\"l\":null}\n";

	ask("DELETE", "/" EDGE "," MANY "?ignore_unavailable=true", NULL, NULL, NULL, 0);
	is_int(ask("PUT", "/" EDGE, NULL,
			   "{\"settings\":{\"number_of_replicas\":0},\"aliases\":{\"mf_es_scan_alias\":{}},\"mappings\":{\"properties\":{"
			   "\"l\":{\"type\":\"long\"},\"i\":{\"type\":\"integer\"},\"s\":{\"type\":\"short\"},\"by\":{\"type\":\"byte\"},"
			   "\"d\":{\"type\":\"double\"},\"f\":{\"type\":\"float\"},\"bo\":{\"type\":\"boolean\"},\"k\":{\"type\":\"keyword\"},"
			   "\"t\":{\"type\":\"text\",\"fields\":{\"raw\":{\"type\":\"keyword\"}}},\"da\":{\"type\":\"date\"},\"ip\":{\"type\":\"ip\"},"
			   "\"o\":{\"properties\":{\"x\":{\"type\":\"long\"},\"y\":{\"properties\":{\"z\":{\"type\":\"keyword\"}}}}},"
			   "\"n\":{\"type\":\"nested\"},\"fl\":{\"type\":\"flattened\"},\"al\":{\"type\":\"alias\",\"path\":\"k\"},\"tags\":{\"type\":\"keyword\"},"
			   "\"v\":{\"type\":\"dense_vector\",\"dims\":3,\"index\":true,\"similarity\":\"l2_norm\"},"
			   "\"vb\":{\"type\":\"dense_vector\",\"dims\":3,\"element_type\":\"byte\",\"index\":false}}}}", NULL, 0), 200, "an index of many types");
	is_int(ask("POST", "/" EDGE "/_bulk?refresh=true", "application/x-ndjson", docs, NULL, 0), 200, "with documents");
	is_int(ask("PUT", "/" MANY, NULL, "{\"settings\":{\"number_of_replicas\":0,\"number_of_shards\":3},\"mappings\":{\"properties\":{"
			   "\"id\":{\"type\":\"long\"},\"v\":{\"type\":\"dense_vector\",\"dims\":4,\"index\":false}}}}", NULL, 0), 200, "an index of three shards");
	for (int i = 0; i < ROWS; i++)
		p += sprintf(p, "{\"index\":{\"_id\":\"%d\"}}\n{\"id\":%d,\"v\":[%d,0.5,0.25,1]}\n", i, i, i);
	is_int(ask("POST", "/" MANY "/_bulk?refresh=true", "application/x-ndjson", bulk, NULL, 0), 200, "with 3,500 documents");
}

/* ------------------------------------------------------------ the connector */

static MfConn *
connect_to(const char *url)
{
	MfOption	server[] = {{"url", url}, {"slices", "2"}};
	MfOptions	options = {2, server};
	MfOpenArgs	args = {sizeof(args), "es", &options, &mem};
	MfConn	   *conn;
	MfError		err;

	if (c->open(&args, &conn, &err) != MF_OK)
	{
		show_error(&err);
		exit(1);
	}
	return conn;
}

typedef struct Scan
{
	MfOption	option[3];
	MfOptions	options;
	MfScanColumn columns[20];
	MfScanSpec	spec;
	MfScan	   *scan;
	MfBatch    *batch;
	int64_t		rows;
	int64_t		sum;			/* of column 0, if it is bigint */
	MfScanStats stats;
	MfError		err;
} Scan;

static MfStatus
next(void *arg, MfWaitFor *wait, MfError *err)
{
	Scan	   *s = arg;

	return c->scan_next(s->scan, &s->batch, wait, err);
}

static void
want(Scan *s, const char *field, MfKind kind, MfKind elem, int32_t dim)
{
	s->columns[s->spec.ncolumns++] = (MfScanColumn) {field, field, kind, elem, dim, mf_kind_is_vector(kind) ? 24 : 0};
}

static MfStatus
begin(Scan *s, MfConn *conn, const char *index)
{
	s->option[0] = (MfOption) {"index", index};
	s->options = (MfOptions) {1, s->option};
	s->spec.size = sizeof(MfScanSpec);
	s->spec.options = &s->options;
	s->spec.columns = s->columns;
	s->spec.mem = &mem;
	return c->scan_begin(conn, &s->spec, &s->scan, &s->err);
}

/* Read all; retries as the core does.  MF_END, or the error. */
static MfStatus
drain(Scan *s, MfConn *conn, const char *index)
{
	MfStatus	status = begin(s, conn, index);

	for (int tries = 0; status == MF_OK;)
	{
		status = drive(next, s, 20000, &s->err);
		if (status == MF_ERROR && s->err.retry == MF_RETRY_YES && tries++ < 5)
		{
			status = MF_OK;
			continue;
		}
		if (status != MF_OK)
			break;
		if (s->batch->first_row != s->rows + 1 || s->batch->nrows < 1 || s->batch->ncolumns != s->spec.ncolumns)
			ok(false, "a batch is well formed");
		if (s->spec.ncolumns > 0 && s->batch->columns[0].kind == MF_KIND_I64)
		{
			for (int i = 0; i < s->batch->nrows; i++)
				s->sum += *(int64_t *) mf_fixed_at(&s->batch->columns[0], i);
		}
		s->rows += s->batch->nrows;
	}
	if (s->scan != NULL)
	{
		c->scan_stats(s->scan, &s->stats);
		c->scan_end(s->scan);
	}
	return status;
}

static MfStatus
task_step(void *arg, MfWaitFor *wait, MfError *err)
{
	return c->request_step(arg, wait, err);
}

static MfTask *
request(MfConn *conn, MfVerb verb, const char *collection, MfError *err)
{
	MfRequest	req = {sizeof(req), verb, NULL, collection, NULL, NULL, NULL, NULL};
	MfTask	   *task;

	if (c->request_begin(conn, &req, &task, err) != MF_OK)
		return NULL;
	if (drive(task_step, task, 20000, err) == MF_OK)
		return task;
	c->request_end(task);
	return NULL;
}

static void
describing(MfConn *conn)
{
	MfError		err;
	MfTask	   *task = request(conn, MF_VERB_VERSION, NULL, &err);
	char		all[4000] = "";
	char	   *p = all;
	const MfReply *reply;
	int			found = 0;

	has_text(task != NULL ? c->request_reply(task)->text : NULL, "Elasticsearch ", "a version");
	c->request_end(task);
	task = request(conn, MF_VERB_LIST, NULL, &err);
	reply = task != NULL ? c->request_reply(task) : NULL;
	for (int i = 0; reply != NULL && i < reply->ncollections; i++)
	{
		found += strcmp(reply->collections[i].name, EDGE) == 0 || strcmp(reply->collections[i].name, "mf_es_scan_alias") == 0;
		found -= reply->collections[i].name[0] == '.';
	}
	is_int(found, 2, "index and alias are listed, the server's own are not");
	c->request_end(task);
	task = request(conn, MF_VERB_DESCRIBE, EDGE, &err);
	reply = task != NULL ? c->request_reply(task) : NULL;
	for (int i = 0; reply != NULL && i < reply->collections[0].nfields; i++)
	{
		const MfField *f = &reply->collections[0].fields[i];

		p += sprintf(p, "%s:%s%s%s ", f->name, mf_kind_name(f->kind), f->metric != NULL ? "/" : "", f->metric != NULL ? f->metric : "");
	}
	is_text(all, "_id:text al:text bo:boolean by:int8 d:double da:timestamp f:float fl:JSON i:int32 ip:inet k:text l:int64 n:JSON o:JSON s:int16 t:text tags:text v:float vector/L2 vb:int8 vector _index:text _source:JSON ",
			"fields");
	if (reply != NULL)
		is_int(reply->collections[0].rows, 3, "rows");
	c->request_end(task);
	task = request(conn, MF_VERB_DESCRIBE, "mf_es_scan_none", &err);
	ok(task == NULL, "no such index");
	is_text(err.sqlstate, MF_FDW_TABLE_NOT_FOUND, "is an undefined table");
	is_text(err.message, "index \"mf_es_scan_none\" does not exist", "by name");
	task = request(conn, MF_VERB_DESCRIBE, EDGE "," MANY, &err);
	reply = task != NULL ? c->request_reply(task) : NULL;
	for (int i = 0; reply != NULL && i < reply->collections[0].nfields; i++)
	{
		if (strcmp(reply->collections[0].fields[i].name, "v") == 0)
			has_text(reply->collections[0].fields[i].skip, "dimensions", "a field that two indices map differently is skipped");
	}
	c->request_end(task);
}

static const char *
value(Scan *s, int col, const char *id)
{
	static char buf[300];

	for (int i = 0; i < s->batch->nrows; i++)
	{
		size_t		len;
		const char *at = mf_varying_at(&s->batch->columns[0], i, &len);
		MfColumn   *column = &s->batch->columns[col];

		if (len != strlen(id) || memcmp(at, id, len) != 0)
			continue;
		if (mf_column_state(column, i) != MF_VALUE_PRESENT)
			return mf_column_state(column, i) == MF_VALUE_NULL ? "null" : "absent";
		if (column->kind == MF_KIND_I64 || column->kind == MF_KIND_TIMESTAMP)
			snprintf(buf, sizeof(buf), "%lld", (long long) *(int64_t *) mf_fixed_at(column, i));
		else if (column->kind == MF_KIND_BOOL)
			snprintf(buf, sizeof(buf), "%d", *(uint8_t *) mf_fixed_at(column, i));
		else if (column->kind == MF_KIND_VEC_F32)
			snprintf(buf, sizeof(buf), "%a %a %a", (double) ((float *) mf_fixed_at(column, i))[0],
					 (double) ((float *) mf_fixed_at(column, i))[1], (double) ((float *) mf_fixed_at(column, i))[2]);
		else if (column->kind == MF_KIND_LIST)
			snprintf(buf, sizeof(buf), "%d", (int) (column->offsets[i + 1] - column->offsets[i]));
		else
		{
			at = mf_varying_at(column, i, &len);
			snprintf(buf, sizeof(buf), "%.*s", (int) len, at);
		}
		return buf;
	}
	return "no such row";
}

static void
values(MfConn *conn)
{
	Scan		s = {.spec.limit = -1};
	const char *all[] = {"full", "dotted", "empty"};
	const char *wanted[][12] = {
		{"9007199254740993", "", "a\xc3\xa9\n", "1714551072123000", "192.0.2.1", "deep", "{\"x\":1,\"y\":{\"z\":\"deep\"}}", "0x1.8p+0 -0x0p+0 0x1p-149", "3", "0", "", EDGE},
		{"-1", "absent", "absent", "1714557072123000", "absent", "flat", "{\"x\":2,\"y.z\":\"flat\"}", "0x0p+0 0x0p+0 0x1p+0", "1", "absent", "absent", EDGE},
		{"null", "absent", "absent", "absent", "absent", "absent", "absent", "absent", "absent", "absent", "absent", EDGE},
	};
	MfKind		kinds[] = {MF_KIND_I64, MF_KIND_TEXT, MF_KIND_TEXT, MF_KIND_TIMESTAMP, MF_KIND_INET, MF_KIND_TEXT, MF_KIND_JSON, MF_KIND_VEC_F32, MF_KIND_LIST, MF_KIND_BOOL, MF_KIND_TEXT, MF_KIND_TEXT};
	const char *fields[] = {"l", "k", "t", "da", "ip", "o.y.z", "o", "v", "tags", "bo", "al", "_index"};
	int			seen = 0;

	want(&s, "_id", MF_KIND_TEXT, MF_KIND_NONE, 0);
	for (int i = 0; i < 12; i++)
		want(&s, fields[i], kinds[i], kinds[i] == MF_KIND_LIST ? MF_KIND_TEXT : MF_KIND_NONE, 0);
	begin(&s, conn, "mf_es_scan_alias");
	while (drive(next, &s, 20000, &s.err) == MF_OK)
	{
		for (int row = 0; row < 3; row++)
		{
			if (strcmp(value(&s, 0, all[row]), "no such row") == 0)
				continue;
			seen++;
			for (int i = 0; i < 12; i++)
				is_text(value(&s, i + 1, all[row]), wanted[row][i], fields[i]);
		}
	}
	is_int(seen, 3, "three documents through an alias");
	c->scan_end(s.scan);
}

/* Downwards by a number, over three shards. */
static void
ordered(MfConn *conn)
{
	static const int32_t sizes[] = {0, 900, 100, 7};
	static const MfSort sort = {.column = "id",.field = "id",.kind = MF_KIND_I64,.descending = true,.nulls_first = true};

	for (int z = 0; z < 4; z++)
	{
		Scan		s = {.spec.limit = z == 1 ? -1 : 1234,.spec.fetch_size = sizes[z],.spec.nsorts = 1,.spec.sorts = &sort};
		int64_t		next_id = ROWS - 1;
		int			wrong = 0;

		want(&s, "id", MF_KIND_I64, MF_KIND_NONE, 0);
		begin(&s, conn, MANY);
		while (drive(next, &s, 20000, &s.err) == MF_OK)
		{
			for (int i = 0; i < s.batch->nrows; i++)
				wrong += *(int64_t *) mf_fixed_at(&s.batch->columns[0], i) != next_id--;
		}
		c->scan_stats(s.scan, &s.stats);
		ok(s.stats.sorted && wrong == 0, "pages of %d come in the order asked for", sizes[z]);
		is_int(ROWS - 1 - next_id, z == 1 ? ROWS : 1234, "and end where the limit is");
		c->scan_end(s.scan);
	}
}

static void
whole_index(MfConn *conn)
{
	static const int64_t limits[] = {-1, 0, 1, 100, 999, 1001, 3499, 3500, 5000};
	static const int32_t sizes[] = {0, 1000, 100, 7};
	char		name[100];

	for (size_t l = 0; l < sizeof(limits) / sizeof(limits[0]); l++)
	{
		for (size_t f = 0; f < sizeof(sizes) / sizeof(sizes[0]); f++)
		{
			Scan		s = {.spec.limit = limits[l],.spec.fetch_size = sizes[f]};
			int64_t		rows = limits[l] < 0 || limits[l] > ROWS ? ROWS : limits[l];

			if (sizes[f] == 7 && limits[l] > 1000)
				continue;
			want(&s, "id", MF_KIND_I64, MF_KIND_NONE, 0);
			want(&s, "v", MF_KIND_VEC_F32, MF_KIND_NONE, 0);
			snprintf(name, sizeof(name), "limit %lld, fetch_size %d", (long long) limits[l], (int) sizes[f]);
			if (drain(&s, conn, MANY) != MF_END)
				show_error(&s.err);
			is_int(s.rows, rows, name);
			if (rows == ROWS)
				is_int(s.sum, (int64_t) ROWS * (ROWS - 1) / 2, "each once");
			if (l == 0 && f == 0)
				printf("# %lld requests, %lld bytes\n", (long long) s.stats.requests, (long long) s.stats.bytes);
		}
	}
	{
		Scan		s = {.spec.limit = -1};
		Scan		id = {.spec.limit = -1};
		Scan		source = {.spec.limit = -1};
		Scan		few = {.spec.limit = 10};

		is_int(drain(&s, conn, MANY), MF_END, "no column");
		is_int(s.rows, ROWS, "rows are counted");
		is_int(s.stats.requests, 1, "in one request");
		drain(&few, conn, MANY);
		is_int(few.rows, 10, "not more than asked for");
		want(&id, "_id", MF_KIND_TEXT, MF_KIND_NONE, 0);
		is_int(drain(&id, conn, MANY), MF_END, "the _id alone");
		is_int(id.rows, ROWS, "of all rows");
		ok(id.stats.bytes < ROWS * 100, "does not fetch the documents");
		want(&source, "_source", MF_KIND_JSON, MF_KIND_NONE, 0);
		is_int(drain(&source, conn, MANY), MF_END, "whole documents");
		is_int(source.rows, ROWS, "of all rows");
	}
}

static void
fails(MfConn *conn, const char *index, const char *field, MfKind kind, int32_t dim, const char *sqlstate, const char *message)
{
	Scan		s = {.spec.limit = -1};

	want(&s, field, kind, MF_KIND_TEXT, dim);
	is_int(drain(&s, conn, index), MF_ERROR, field);
	is_text(s.err.sqlstate, sqlstate, "... its SQLSTATE");
	has_text(s.err.message, message, "... its message");
}

static void
failing(MfConn *conn)
{
	Scan		s = {.spec.limit = -1};

	fails(conn, "mf_es_scan_none", "l", MF_KIND_I64, 0, MF_FDW_TABLE_NOT_FOUND, "index \"mf_es_scan_none\" does not exist");
	fails(conn, EDGE, "nope", MF_KIND_I64, 0, MF_FDW_COLUMN_NAME_NOT_FOUND, "field \"nope\" does not exist");
	fails(conn, EDGE, "t.raw", MF_KIND_TEXT, 0, MF_FDW_COLUMN_NAME_NOT_FOUND, "t.raw");
	fails(conn, EDGE, "v", MF_KIND_TEXT, 0, MF_DATATYPE_MISMATCH, "dense_vector");
	fails(conn, EDGE, "v", MF_KIND_VEC_F32, 4, MF_DATA_EXCEPTION, "expected 4 dimensions, not 3");
	fails(conn, EDGE, "o", MF_KIND_TEXT, 0, MF_DATATYPE_MISMATCH, "object");
	want(&s, "tags", MF_KIND_TEXT, MF_KIND_NONE, 0);
	is_int(drain(&s, conn, EDGE), MF_ERROR, "an array for one value");
	is_text(s.err.key, "full", "... with the document's _id");
	is_text(s.err.column, "tags", "... and the column");
	has_text(s.err.hint, "array", "... and what to do");
	{
		Scan		r = {.spec.limit = -1};

		want(&r, "l", MF_KIND_I32, MF_KIND_NONE, 0);
		is_int(drain(&r, conn, EDGE), MF_ERROR, "a number too large");
		is_text(r.err.sqlstate, MF_NUMERIC_OUT_OF_RANGE, "... its SQLSTATE");
	}
}

/* How many searches does the server keep open? */
static int
open_searches(void)
{
	char		answer[4000];
	const char *at;

	ask("GET", "/_nodes/stats/indices/search?filter_path=nodes.*.indices.search.open_contexts", NULL, NULL, answer, sizeof(answer));
	at = strstr(answer, "open_contexts\":");
	return at == NULL ? -1 : atoi(at + 15);
}

static void
leaving(MfConn *conn)
{
	Scan		s = {.spec.limit = -1,.spec.fetch_size = 100};
	Scan		all = {.spec.limit = -1};
	int			before = open_searches();
	double		start;

	for (int i = 0; i < 5; i++)
	{
		Scan		one = {.spec.limit = -1,.spec.fetch_size = 100};

		want(&one, "id", MF_KIND_I64, MF_KIND_NONE, 0);
		begin(&one, conn, MANY);
		if (i > 0)
			drive(next, &one, 20000, &one.err);
		if (i > 2)
			drive(next, &one, 20000, &one.err);
		start = drive_now();
		c->scan_end(one.scan);
		if (drive_now() - start > 50)
			ok(false, "leaving a scan does not wait");
	}
	want(&s, "id", MF_KIND_I64, MF_KIND_NONE, 0);
	is_int(drain(&s, conn, MANY), MF_END, "a scan after some that were left");
	is_int(s.rows, ROWS, "has all rows");
	want(&all, "id", MF_KIND_I64, MF_KIND_NONE, 0);
	drain(&all, conn, MANY);
	usleep(200000);
	{
		MfError		err;

		c->request_end(request(conn, MF_VERB_VERSION, NULL, &err));
	}
	usleep(200000);
	ok(open_searches() <= before, "none stays open on the server");
}

/* ------------------------------------------------------------------ the double */

static pid_t double_pid;

/* Start the double with this script; its URL. */
static const char *
start_double(const char *script)
{
	static char url[100];
	char		line[100] = "";
	int			fds[2];
	FILE	   *out;

	if (pipe(fds) != 0)
		exit(1);
	double_pid = fork();
	if (double_pid == 0)
	{
		dup2(fds[1], 1);
		execlp("python3", "python3", "test/lib/doubles/http_server.py", "--script", script, "--to", strstr(es_url, "//") + 2, NULL);
		_exit(1);
	}
	close(fds[1]);
	out = fdopen(fds[0], "r");
	if (fgets(line, sizeof(line), out) == NULL || strncmp(line, "ready ", 6) != 0)
		printf("# the double said: %s\n", line);
	fclose(out);
	snprintf(url, sizeof(url), "http://127.0.0.1:%d", atoi(line + 6));
	return url;
}

/* A drain through the double. */
static void
through(const char *name, const char *script, int64_t rows, const char *sqlstate, const char *message)
{
	MfConn	   *conn = connect_to(start_double(script));
	Scan		s = {.spec.limit = -1,.spec.fetch_size = 1000};
	MfStatus	status;

	want(&s, "id", MF_KIND_I64, MF_KIND_NONE, 0);
	want(&s, "v", MF_KIND_VEC_F32, MF_KIND_NONE, 4);
	status = drain(&s, conn, MANY);
	if (sqlstate == NULL)
	{
		is_int(status, MF_END, name);
		if (status != MF_END)
			show_error(&s.err);
		is_int(s.rows, rows, "... all rows");
		is_int(s.sum, (int64_t) ROWS * (ROWS - 1) / 2, "... each once");
	}
	else
	{
		is_int(status, MF_ERROR, name);
		is_text(s.err.sqlstate, sqlstate, "... its SQLSTATE");
		has_text(s.err.message, message, "... its message");
	}
	c->close(conn);
	kill(double_pid, SIGTERM);
	waitpid(double_pid, NULL, 0);
}

static void
doubles(void)
{
	through("a server without points in time is read by scrolling",
			"[{\"path\":\"_pit\",\"answers\":[{\"status\":405,\"body\":{\"error\":\"Incorrect HTTP method\",\"status\":405}}]}]", ROWS, NULL, NULL);
	through("so is one that does not know the order of shards",
			"[{\"path\":\"^/_search.allow\",\"answers\":[{\"status\":400,\"body\":{\"error\":{\"type\":\"search_phase_execution_exception\","
			"\"root_cause\":[{\"type\":\"query_shard_exception\",\"reason\":\"No mapping found for [_shard_doc] in order to sort on\"}]},\"status\":400}}]}]",
			ROWS, NULL, NULL);
	through("a server that is busy for a while is asked again",
			"[{\"path\":\"_search\",\"answers\":[{\"status\":429,\"body\":{\"error\":{\"type\":\"es_rejected_execution_exception\",\"reason\":\"busy\"}}},"
			"{\"forward\":true,\"times\":2},{\"status\":503,\"body\":\"\"},{\"forward\":true}]}]", ROWS, NULL, NULL);
	through("one that forbids the mapping is read all the same",
			"[{\"method\":\"GET\",\"answers\":[{\"status\":403,\"body\":{\"error\":{\"type\":\"security_exception\",\"reason\":\"no\"}}}]}]", ROWS, NULL, NULL);
	through("a lost search is an error",
			"[{\"path\":\"_search\",\"answers\":[{\"forward\":true,\"times\":3},{\"status\":404,\"body\":{\"error\":{\"type\":\"search_phase_execution_exception\","
			"\"root_cause\":[{\"type\":\"search_context_missing_exception\",\"reason\":\"No search context found\"}]}}}]}]", 0,
			MF_OBJECT_NOT_IN_STATE, "no longer open");
	through("a wrong password", "[{\"path\":\"\",\"answers\":[{\"status\":401,\"body\":{\"error\":{\"type\":\"security_exception\",\"reason\":\"no\"}}}]}]", 0,
			MF_INVALID_PASSWORD, "credentials");
	through("half a reply", "[{\"path\":\"_search\",\"answers\":[{\"body\":\"{\\\"pit_id\\\":\\\"x\\\",\\\"hits\\\":{\\\"hits\\\":[{\\\"_id\"}]}]", 0,
			MF_FDW_REPLY_HANDLE, "not valid JSON");
	through("another server", "[{\"path\":\"\",\"answers\":[{\"body\":\"<html>hello</html>\"}]}]", 0, MF_FDW_REPLY_HANDLE, "unusable");
	through("hits without end", "[{\"path\":\"_search\",\"answers\":[{\"forward\":true,\"replace\":[\"\\\"sort\\\":.[0-9]+.\",\"\\\"sort\\\":[1]\"]}]}]", 0,
			MF_FDW_REPLY_HANDLE, "unusable");
}

int
main(void)
{
	MfConn	   *conn;

	es_url = getenv("MILVUS_FDW_ES_URL");
	if (es_url == NULL)
	{
		printf("1..0 # SKIP no Elasticsearch: MILVUS_FDW_ES_URL is not set\n");
		return 0;
	}
	mf_mem_init(&mem, (size_t) 1 << 30);
	fill_server();
	conn = connect_to(es_url);
	describing(conn);
	values(conn);
	ordered(conn);
	whole_index(conn);
	failing(conn);
	leaving(conn);
	c->close(conn);
	doubles();
	ask("DELETE", "/" EDGE "," MANY, NULL, NULL, NULL, 0);
	is_int((long long) mem.used, 0, "no memory is left behind");
	return tap_done();
}
