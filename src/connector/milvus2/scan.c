/*
 * scan.c - How is a whole collection read?
 *
 * In pages by primary key: "the next so many rows whose key comes after the
 * largest seen".  A page may be shorter or longer than asked for, so only an
 * empty one is the end.  The next page is asked for as soon as the key is
 * known, before this one is handed out.
 */
#include <stdio.h>
#include <stdlib.h>

#include "internal.h"
#include "json.h"

#define AIM_BYTES (8 * 1024 * 1024)		/* a page, by what rows have been */
#define MOST_BYTES (64 * 1024 * 1024)	/* a page, by what rows may be */
#define GROWTH 4				/* a page is at most so much longer than the last */

static const char *const what = "Milvus Query";

enum
{
	PHASE_PREPARE,
	PHASE_LOAD,
	PHASE_SNAPSHOT,
	PHASE_PAGES,
	PHASE_END
};

struct MfScan
{
	MfConn	   *conn;
	const MfScanSpec *spec;
	MfMem	   *mem;
	M2Arena		arena;
	const char *database;
	const char *collection;
	MfTask	   *prepare;		/* owns the schema */
	MfTask	   *load;
	M2ScanPlan	plan;
	const char *key_field;
	M2Key		after;			/* largest key received */
	MfBatch    *batches[2];
	int			turn;
	int			phase;
	MfGrpcCall *call;
	int32_t		page;			/* rows asked for */
	int32_t		ceiling;		/* pages longer than this were too large */
	double		row_bytes;		/* as they have been; 0 = not known yet */
	int32_t		consistency;
	uint64_t	guarantee;
	char	   *json;			/* one object of the dynamic field, with slack */
	size_t		json_cap;
	MfScanStats stats;
};

static int32_t
consistency_of(const MfOptions *table, const MfOptions *server)
{
	const char *level = m2_setting(table, server, "consistency_level");

	if (level == NULL || strcmp(level, "session") == 0)
		return M2_SESSION;
	return strcmp(level, "strong") == 0 ? M2_STRONG : strcmp(level, "bounded") == 0 ? M2_BOUNDED : M2_EVENTUALLY;
}

MfStatus
m2_scan_begin(MfConn *conn, const MfScanSpec *spec, MfScan **out, MfError *err)
{
	const char *collection = mf_option(spec->options, "collection");
	MfScan	   *scan;

	*out = NULL;
	if (collection == NULL)
		return mf_error(err, MF_INVALID_PARAMETER_VALUE, "no collection is named");
	scan = mf_calloc(spec->mem, sizeof(MfScan));
	if (scan == NULL)
		return mf_error_oom(err, sizeof(MfScan));
	scan->conn = conn;
	scan->spec = spec;
	scan->mem = spec->mem;
	scan->arena.mem = spec->mem;
	scan->database = m2_database(conn, spec->options);
	scan->collection = collection;
	scan->consistency = consistency_of(spec->options, &conn->options);
	scan->ceiling = M2_MAX_PAGE;
	scan->stats.remote_rows = -1;
	scan->prepare = m2_task_new(conn, spec->mem, scan->database, collection, m2_step_prepare);
	if (scan->prepare == NULL)
	{
		m2_scan_end(scan);
		return mf_error_oom(err, sizeof(MfTask));
	}
	*out = scan;
	return MF_OK;
}

void
m2_scan_end(MfScan *scan)
{
	if (scan == NULL)
		return;
	if (scan->call != NULL)
		mf_grpc_end(scan->call);
	m2_task_free(scan->prepare);
	m2_task_free(scan->load);
	mf_json_plan_free(scan->plan.json);
	mf_batch_free(scan->batches[0]);
	mf_batch_free(scan->batches[1]);
	mf_free(scan->mem, scan->after.text);
	mf_free(scan->mem, scan->json);
	m2_arena_free(&scan->arena);
	mf_free(scan->mem, scan);
}

void
m2_scan_stats(MfScan *scan, MfScanStats *stats)
{
	*stats = scan->stats;
}

/* ------------------------------------------------------------------- requests */

static int32_t
choose_page(const MfScan *scan, int64_t handed_out)
{
	double		rows = scan->row_bytes > 0 ? AIM_BYTES / scan->row_bytes :
		(double) AIM_BYTES / (double) scan->plan.row_bytes;
	double		safe = (double) MOST_BYTES / (double) scan->plan.row_bytes_most;
	int64_t		left = scan->spec->limit >= 0 ? scan->spec->limit - handed_out : INT64_MAX;

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
	if (rows > (double) left)
		rows = (double) left;
	return rows < 1 ? 1 : (int32_t) rows;
}

/*
 * Session: what this connection wrote is seen; 1 asks for nothing, 2 for
 * "a few seconds ago".
 */
static uint64_t
first_guarantee(const MfScan *scan)
{
	switch (scan->consistency)
	{
		case M2_STRONG:
			return 0;
		case M2_BOUNDED:
			return 2;
		case M2_SESSION:
			{
				uint64_t	mark = m2_mark_get(scan->conn, scan->database, scan->collection);

				return mark > 0 ? mark : 1;
			}
		default:
			return 1;
	}
}

static MfStatus
send_query(MfScan *scan, int32_t limit, int32_t consistency, uint64_t guarantee, MfError *err)
{
	M2__QueryRequest request = M2__QUERY_REQUEST__INIT;
	M2__Pair	pairs[4] = {M2__PAIR__INIT, M2__PAIR__INIT, M2__PAIR__INIT, M2__PAIR__INIT};
	M2__Pair   *list[4] = {&pairs[0], &pairs[1], &pairs[2], &pairs[3]};
	char		number[16];
	char		id[24];
	MfGrpc	   *grpc = m2_channel(scan->conn, scan->database, err);
	uint8_t    *bytes;
	size_t		len;

	if (grpc == NULL)
		return MF_ERROR;
	snprintf(number, sizeof(number), "%d", (int) limit);
	snprintf(id, sizeof(id), "%lld", (long long) scan->prepare->schema.id);
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
	request.n_query_params = 4;
	request.db_name = (char *) scan->database;
	request.collection_name = (char *) scan->collection;
	request.output_fields = (char **) scan->plan.output;
	request.n_output_fields = (size_t) scan->plan.noutput;
	request.consistency_level = consistency;
	request.guarantee_timestamp = guarantee;
	request.expr = m2_key_expr(scan->mem, scan->key_field, &scan->after);
	if (request.expr == NULL)
		return mf_error_oom(err, scan->after.len);
	bytes = m2_pack(&request.base, &len);
	mf_free(scan->mem, request.expr);
	if (bytes == NULL)
		return mf_error_oom(err, len);
	scan->stats.requests++;
	return mf_grpc_begin(grpc, M2_SERVICE "Query", bytes, len, 0, true, &scan->call, err);
}

static void
end_call(MfScan *scan)
{
	mf_grpc_end(scan->call);
	scan->call = NULL;
}

/*
 * One Query, from whatever point it has reached, to a parsed reply (whose bytes
 * live until the call ends).  MF_END: the answer would be too large.
 */
static MfStatus
finish_query(MfScan *scan, M2QueryReply *reply, MfWaitFor *wait, MfError *err)
{
	M2Where		where = {scan->conn->server, scan->collection};
	char		reason[1024];
	const uint8_t *bytes;
	size_t		len;
	MfStatus	status = mf_grpc_step(scan->call, wait, err);

	if (status == MF_WAIT)
	{
		wait->what = what;
		return status;
	}
	if (status == MF_ERROR)
	{
		MfRetry		retry = err->retry;

		m2_grpc_error(&where, err);
		scan->stats.retries += err->retry == MF_RETRY_YES;
		if (m2_error_too_large(err) || strcmp(err->sqlstate, MF_LIMIT_EXCEEDED) == 0)
		{
			end_call(scan);
			return MF_END;
		}
		if (err->retry != retry)
			end_call(scan);
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

	mf_free(scan->mem, reply->fields);
	reply->fields = NULL;
	end_call(scan);
	if (err->retry == MF_RETRY_UNKNOWN)
		err->retry = MF_RETRY_YES;		/* reading changes nothing */
	scan->stats.retries += err->retry == MF_RETRY_YES;
	return m2_error_too_large(err) ? MF_END : status;
}

/* ---------------------------------------------------------------- preparation */

static MfStatus
prepare(MfScan *scan, MfWaitFor *wait, MfError *err)
{
	MfStatus	status = m2_request_step(scan->prepare, wait, err);
	const M2Schema *schema = &scan->prepare->schema;
	const MfField *key;

	if (status != MF_OK)
		return status;
	if (schema->key < 0)
		return m2_error_reply(err, "Milvus DescribeCollection", "no field is the primary key");
	key = &schema->collection.fields[schema->key];
	scan->key_field = key->name;
	scan->after.is_text = key->kind == MF_KIND_TEXT;
	if (m2_is_keyword(key->name))
	{
		mf_error(err, MF_FEATURE_NOT_SUPPORTED, "collection \"%s\" cannot be read", scan->collection);
		mf_error_detail(err, "Its primary key is named \"%s\", a word of Milvus's expression language.", key->name);
		return MF_ERROR;
	}
	status = m2_scan_plan(&scan->plan, scan->spec, schema, &scan->arena, err);
	if (status != MF_OK)
		return status;
	for (int i = 0; i < 2; i++)
	{
		scan->batches[i] = mf_batch_new(scan->mem, scan->spec->ncolumns);
		if (scan->batches[i] == NULL || !m2_scan_batch(&scan->plan, scan->spec, scan->batches[i]))
			return mf_error_oom(err, 0);
	}
	if (scan->prepare->load_state != M2_STATE_LOADED)
	{
		const char *text = m2_setting(scan->spec->options, &scan->conn->options, "auto_load");
		MfOption	option = {"auto_load", text};
		MfOptions	one = {1, &option};

		if (text == NULL || !mf_option_bool(&one, "auto_load", false))
			return m2_error_not_loaded(&scan->prepare->where, scan->prepare->load_state, err);
		scan->load = m2_task_new(scan->conn, scan->mem, scan->database, scan->collection, m2_step_load);
		if (scan->load == NULL)
			return mf_error_oom(err, sizeof(MfTask));
	}
	scan->phase = scan->load != NULL ? PHASE_LOAD : PHASE_SNAPSHOT;
	return MF_OK;
}

/*
 * From 2.4.21 on the first query of an iterator tells the moment it read, and
 * all pages can be read as of then.  It must not name a moment itself: that
 * would be the one.
 */
static MfStatus
take_snapshot(MfScan *scan, MfWaitFor *wait, MfError *err)
{
	M2QueryReply reply;
	MfStatus	status;

	if (scan->conn->version < M2_VERSION(2, 4, 21))
	{
		scan->guarantee = first_guarantee(scan);
		scan->phase = PHASE_PAGES;
		return MF_OK;
	}
	if (scan->call == NULL)
	{
		bool		wrote = first_guarantee(scan) > 2;

		status = send_query(scan, 1, wrote ? M2_STRONG : scan->consistency, 0, err);
		if (status != MF_OK)
			return status;
	}
	status = finish_query(scan, &reply, wait, err);
	if (status == MF_END)
		err->retry = MF_RETRY_NO;	/* a single row is too large */
	if (status != MF_OK)
		return status == MF_WAIT ? MF_WAIT : MF_ERROR;
	scan->guarantee = reply.session_ts != 0 ? reply.session_ts : first_guarantee(scan);
	mf_free(scan->mem, reply.fields);
	end_call(scan);
	scan->phase = PHASE_PAGES;
	return MF_OK;
}

/* -------------------------------------------------------------------- reading */

/* One object of the dynamic field: its keys into their columns. */
static MfStatus
read_keys(MfScan *scan, M2Span text, MfBatch *batch, MfError *err)
{
	MfJson		j;

	if (text.len == 0)
		text = (M2Span) {(const uint8_t *) "{}", 2};
	if (text.len + MF_JSON_SLACK > scan->json_cap)
	{
		size_t		cap = (text.len + MF_JSON_SLACK) * 2;
		char	   *bigger = mf_realloc(scan->mem, scan->json, cap);

		if (bigger == NULL)
			return mf_error_oom(err, cap);
		scan->json = bigger;
		scan->json_cap = cap;
	}
	memcpy(scan->json, text.at, text.len);
	memset(scan->json + text.len, 0, MF_JSON_SLACK);
	mf_json_start(&j, scan->json, text.len);
	mf_json_ws(&j);
	if (mf_json_document(scan->plan.json, &j, batch, err) && mf_json_finish(&j))
		return MF_OK;
	if (j.fault != NULL)
		m2_error_reply(err, what, "the dynamic field: %s", j.fault);
	err->row = scan->stats.rows + batch->nrows + 1;
	return MF_ERROR;
}

static MfStatus
read_dynamic(MfScan *scan, const M2FieldReply *meta, int32_t take, MfBatch *batch, MfError *err)
{
	M2Values	values = m2_reply_json(meta);
	MfStatus	status = MF_OK;

	for (int32_t i = 0; i < take && status == MF_OK; i++)
	{
		M2Span		text = {(const uint8_t *) "{}", 2};

		if (meta != NULL && !m2_next_span(&values, &text))
			return m2_error_reply(err, what, "the dynamic field has fewer values than rows");
		batch->nrows = i;
		status = read_keys(scan, text, batch, err);
	}
	return status;
}

static const M2FieldReply *
find_meta(const M2QueryReply *reply)
{
	for (int i = 0; i < reply->nfields; i++)
	{
		if (reply->fields[i].dynamic)
			return &reply->fields[i];
	}
	return m2_reply_field(reply, M2_META);
}

static MfStatus
absent(MfMem *mem, MfColumn *col, int32_t take, MfError *err)
{
	for (int32_t i = 0; i < take; i++)
	{
		if (!mf_append_state(mem, col, MF_VALUE_ABSENT))
			return mf_error_oom(err, 0);
	}
	return MF_OK;
}

static MfStatus
fill_batch(MfScan *scan, const M2QueryReply *reply, int32_t nrows, int32_t take,
		   MfBatch *batch, MfError *err)
{
	const M2FieldReply *meta = scan->plan.meta ? find_meta(reply) : NULL;
	MfStatus	status = MF_OK;

	for (int i = 0; i < scan->spec->ncolumns && status == MF_OK; i++)
	{
		const M2ReadColumn *column = &scan->plan.columns[i];
		const M2FieldReply *field;

		if (scan->plan.from[i] == M2_FROM_KEY)
			continue;
		field = scan->plan.from[i] == M2_FROM_META ? meta : m2_reply_field(reply, column->field);
		if (field != NULL)
			status = m2_read_field(scan->mem, field, column, nrows, take, &batch->columns[i], err);
		else if (scan->plan.from[i] == M2_FROM_META)
			status = absent(scan->mem, &batch->columns[i], take, err);
		else
			status = m2_error_reply(err, what, "field \"%s\" is missing", column->field);
	}
	if (status == MF_OK && scan->plan.nkeys > 0)
		status = read_dynamic(scan, meta, take, batch, err);
	batch->nrows = take;
	batch->first_row = scan->stats.rows + 1;
	return status;
}

/*
 * A reply is here: ask for the next page, then turn this one into a batch.
 * MF_END: it was empty.
 */
static MfStatus
take_page(MfScan *scan, const M2QueryReply *reply, MfBatch **out, MfError *err)
{
	const M2FieldReply *key = m2_reply_field(reply, scan->key_field);
	MfGrpcCall *done = scan->call;
	MfBatch    *batch = scan->batches[scan->turn];
	int64_t		left = scan->spec->limit >= 0 ? scan->spec->limit - scan->stats.rows : INT64_MAX;
	bool		grew = false;
	int32_t		nrows = 0;
	int32_t		take;
	size_t		len;
	MfStatus	status = MF_OK;

	mf_grpc_reply(done, &len);
	if (key != NULL)
		status = m2_reply_keys(scan->mem, key, &nrows, &scan->after, &grew, err);
	else if (reply->nfields > 0)
		status = m2_error_reply(err, what, "the primary key \"%s\" is missing", scan->key_field);
	if (status != MF_OK)
		return status;
	if (nrows == 0)
		return MF_END;
	if (!grew)
		return m2_error_reply(err, what, "it repeats rows that were asked for no more");

	take = nrows < left ? nrows : (int32_t) left;
	scan->row_bytes = (double) len / nrows;
	scan->call = NULL;
	if (take < left && !m2_key_is_last(&scan->after))
	{
		scan->page = choose_page(scan, scan->stats.rows + take);
		status = send_query(scan, scan->page, scan->consistency, scan->guarantee, err);
	}
	else
		scan->phase = PHASE_END;
	if (status == MF_OK)
	{
		mf_batch_reset(batch);
		status = fill_batch(scan, reply, nrows, take, batch, err);
	}
	mf_grpc_end(done);
	if (status != MF_OK)
	{
		err->retry = MF_RETRY_NO;
		return status;
	}
	scan->turn = 1 - scan->turn;
	scan->stats.rows += take;
	*out = batch;
	return MF_OK;
}

static MfStatus
next_page(MfScan *scan, MfBatch **out, MfWaitFor *wait, MfError *err)
{
	M2QueryReply reply;
	MfStatus	status;

	for (;;)
	{
		if (scan->call == NULL)
		{
			if (scan->page == 0)
				scan->page = choose_page(scan, 0);
			status = send_query(scan, scan->page, scan->consistency, scan->guarantee, err);
			if (status != MF_OK)
				return status;
		}
		status = finish_query(scan, &reply, wait, err);
		if (status != MF_END)
			break;
		if (scan->page <= 1)
		{
			mf_error_hint(err, "A single row is larger than what the server answers at once.");
			err->retry = MF_RETRY_NO;
			return MF_ERROR;
		}
		scan->page /= 2;
		scan->ceiling = scan->page;
	}
	if (status != MF_OK)
		return status;
	status = take_page(scan, &reply, out, err);
	mf_free(scan->mem, reply.fields);
	if (status == MF_END)
		scan->phase = PHASE_END;
	return status;
}

MfStatus
m2_scan_next(MfScan *scan, MfBatch **batch, MfWaitFor *wait, MfError *err)
{
	*wait = (MfWaitFor) {.fd = -1,.timeout_ms = -1};
	for (;;)
	{
		MfStatus	status;

		switch (scan->phase)
		{
			case PHASE_PREPARE:
				status = scan->spec->limit == 0 ? MF_END : prepare(scan, wait, err);
				break;
			case PHASE_LOAD:
				status = m2_request_step(scan->load, wait, err);
				if (status == MF_OK)
					scan->phase = PHASE_SNAPSHOT;
				break;
			case PHASE_SNAPSHOT:
				status = take_snapshot(scan, wait, err);
				break;
			case PHASE_PAGES:
				return next_page(scan, batch, wait, err);
			default:
				return MF_END;
		}
		if (status != MF_OK)
			return status;
	}
}

/* -------------------------------------------------------------------- explain */

void
m2_scan_explain(const MfOptions *server, const MfScanSpec *spec, char *buf, size_t size)
{
	const char *collection = mf_option(spec->options, "collection");
	size_t		len;

#define ADD(...) \
	do { \
		if (len < size) \
			len += (size_t) snprintf(buf + len, size - len, __VA_ARGS__); \
	} while (0)

	len = 0;
	ADD("Query collection=%s", collection != NULL ? collection : "?");
	if (m2_setting(spec->options, server, "database") != NULL)
		ADD(" database=%s", m2_setting(spec->options, server, "database"));
	ADD(" expr=\"<primary key> > ...\" output_fields=[");
	for (int i = 0; i < spec->ncolumns; i++)
		ADD("%s%s", i > 0 ? ", " : "", spec->columns[i].field);
	ADD("] consistency_level=%s",
		m2_setting(spec->options, server, "consistency_level") != NULL ?
		m2_setting(spec->options, server, "consistency_level") : "session");
	if (spec->fetch_size > 0)
		ADD(" limit=%d", (int) spec->fetch_size);
	else
		ADD(" limit=by size");
#undef ADD
}
