/*
 * scan.c - How are the rows of a collection read?
 *
 * In pages by primary key: "the next so many rows whose key comes after the
 * largest seen".  A page may be shorter or longer than asked for, so only an
 * empty one is the end.  The next page is asked for as soon as the key is
 * known, before this one is handed out.  Where the conditions name the keys,
 * those are asked for instead; where rows are only counted, their number.
 */
#include "scan.h"

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
	scan->split_arena.mem = spec->mem;
	scan->filter.mem = spec->mem;
	scan->database = m2_database(conn, spec->options);
	scan->collection = collection;
	scan->consistency = m2_consistency_of(spec->options, &conn->options);
	scan->ceiling = M2_MAX_PAGE;
	scan->stats.remote_rows = -1;
	scan->limit = -1;
	if (spec->split != NULL && m2_split_parse(spec->split, collection, &scan->split_arena, &scan->split, err) != MF_OK)
	{
		m2_scan_end(scan);
		return MF_ERROR;
	}
	*out = scan;
	return MF_OK;
}

/* Everything that follows from the description. */
static void
release(MfScan *scan)
{
	m2_scan_end_call(scan);
	m2_call_end(scan->conn, &scan->moment);
	m2_recent_release(scan->recent);
	m2_task_free(scan->load);
	m2_task_free(scan->listing);
	m2_partitions_release(scan->list);
	mf_json_plan_free(scan->plan.json);
	mf_batch_free(scan->batches[0]);
	mf_batch_free(scan->batches[1]);
	mf_batch_free(scan->number);
	mf_free(scan->mem, scan->after.text);
	mf_free(scan->mem, scan->filter.data);
	mf_free(scan->mem, scan->lookup.keys);
	mf_arena_free(&scan->arena);
	scan->recent = NULL;
	scan->load = NULL;
	scan->listing = NULL;
	scan->list = NULL;
	scan->partitions = NULL;
	scan->npartitions = scan->partition = 0;
	scan->batches[0] = scan->batches[1] = scan->number = NULL;
	scan->filter = (MfJsonBuf) {.mem = scan->mem};
	scan->arena = (MfArena) {.mem = scan->mem};
	memset(&scan->plan, 0, sizeof(scan->plan));
	memset(&scan->lookup, 0, sizeof(scan->lookup));
	memset(&scan->after, 0, sizeof(scan->after));
	scan->page = 0;
	scan->phase = PHASE_PREPARE;
}

/* To the beginning. */
static void
reset(MfScan *scan)
{
	release(scan);
	scan->consistency = m2_consistency_of(scan->spec->options, &scan->conn->options);
}

void
m2_scan_end(MfScan *scan)
{
	if (scan == NULL)
		return;
	release(scan);
	mf_arena_free(&scan->split_arena);
	mf_free(scan->mem, scan->json);
	mf_free(scan->mem, scan);
}

void
m2_scan_stats(MfScan *scan, MfScanStats *stats)
{
	*stats = scan->stats;
}

/* ---------------------------------------------------------------- preparation */

/* Are rows in the order of their keys what is wanted?  So the pages come. */
static bool
is_key_order(const MfScanSpec *spec, const MfField *key)
{
	const MfSort *sort = spec->sorts;

	if (spec->nsorts != 1 || sort->descending || strcmp(sort->field, key->name) != 0)
		return false;
	return key->kind == MF_KIND_TEXT ? sort->kind == MF_KIND_TEXT && sort->bytewise :
		sort->kind >= MF_KIND_I8 && sort->kind <= MF_KIND_I64;
}

/*
 * From 2.4.21 on the first query of an iterator tells the moment it read, and
 * all pages can be read as of then.
 */
static bool
has_snapshots(const MfScan *scan)
{
	return scan->conn->version >= M2_VERSION(2, 4, 21);
}

/* What narrows the table, or this scan of it, before any condition. */
static void
put_part(MfScan *scan, const MfField *key)
{
	scan->filter.len = 0;
	m2_table_filter(&scan->filter, scan->spec->options);
	m2_split_filter(&scan->filter, key->name, &scan->split);
}

/*
 * The conditions, and the phase that they lead to once the collection is
 * loaded: rows, a number, or nothing at all.
 */
static MfStatus
plan_filter(MfScan *scan, const MfField *key, int *phase, MfError *err)
{
	const MfCollection *c = &m2_scan_schema(scan)->collection;
	const MfScanSpec *spec = scan->spec;
	const MfFilter *lookup = m2_filter_lookup(key, spec->nfilters, spec->filters);
	bool		exact;
	bool		wanted;

	put_part(scan, key);
	wanted = m2_filter_put(&scan->filter, c, spec->nfilters, spec->filters, NULL, &exact);
	if (scan->filter.failed)
		return mf_error_oom(err, scan->filter.len);
	if (!wanted || ((scan->restricted || scan->by_partition) && scan->npartitions == 0))
		*phase = PHASE_END;
	else if ((spec->ncolumns == 0 || spec->count_only) && exact && scan->conn->version >= M2_VERSION(2, 3, 0))
		*phase = PHASE_COUNT;
	else if (lookup != NULL)
	{
		put_part(scan, key);
		m2_filter_put(&scan->filter, c, spec->nfilters, spec->filters, lookup, &exact);
		if (scan->filter.failed || !m2_lookup_init(&scan->lookup, lookup, scan->mem))
			return mf_error_oom(err, scan->filter.len);
		*phase = PHASE_ROWS;
	}
	else
		*phase = PHASE_SNAPSHOT;
	m2_scan_freshness(scan);
	if (scan->later && *phase != PHASE_END && !(*phase == PHASE_SNAPSHOT && has_snapshots(scan)) &&
		!(*phase == PHASE_COUNT && scan->consistency == M2_STRONG))
	{
		scan->then = *phase;
		*phase = PHASE_MOMENT;
	}
	scan->ordered = is_key_order(spec, key) && !(scan->by_partition && scan->npartitions > 1);
	scan->limit = exact && (spec->nsorts == 0 || scan->ordered) ? spec->limit : -1;
	return MF_OK;
}

static MfStatus
plan_scan(MfScan *scan, MfError *err)
{
	const M2Schema *schema = m2_scan_schema(scan);
	const MfField *key;
	MfStatus	status;

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
	if (key->kind != MF_KIND_I64 && (scan->split.has_from || scan->split.has_below))
		return m2_split_refuse(scan->spec->split, scan->collection, err);
	status = m2_scan_plan(&scan->plan, scan->spec, schema, &scan->arena, err);
	if (status != MF_OK)
		return status;
	for (int i = 0; i < 2; i++)
	{
		scan->batches[i] = mf_batch_new(scan->mem, scan->spec->ncolumns);
		if (scan->batches[i] == NULL || !m2_scan_batch(&scan->plan, scan->spec, scan->batches[i]))
			return mf_error_oom(err, 0);
	}
	return MF_OK;
}

static MfStatus
start_load(MfScan *scan, MfError *err)
{
	const MfTask *task = scan->recent->task;
	const char *text = m2_setting(scan->spec->options, &scan->conn->options, "auto_load");
	MfOption	option = {"auto_load", text};
	MfOptions	one = {1, &option};

	if (text == NULL || !mf_option_bool(&one, "auto_load", false))
		return m2_error_not_loaded(&task->where, task->load_state, err);
	scan->load = m2_task_new(scan->conn, scan->mem, scan->database, scan->collection, m2_step_load);
	return scan->load != NULL ? MF_OK : mf_error_oom(err, sizeof(MfTask));
}

static MfStatus
prepare(MfScan *scan, MfWaitFor *wait, MfError *err)
{
	MfStatus	status;

	if (scan->recent == NULL)
	{
		scan->recent = m2_recent_get(scan->conn, scan->database, scan->collection);
		if (scan->recent == NULL)
			return mf_error_oom(err, sizeof(M2Recent));
		scan->reused = scan->recent->ready;
	}
	if (!scan->recent->ready)
	{
		status = m2_request_step(scan->recent->task, wait, err);
		if (status != MF_OK)
			return status;
		m2_recent_ready(scan->conn, scan->recent);
	}
	status = plan_scan(scan, err);
	/* where the state is hidden, the query will tell */
	if (status == MF_OK && scan->recent->task->load_state != M2_STATE_LOADED &&
		scan->recent->task->load_state != M2_STATE_HIDDEN)
		status = start_load(scan, err);
	if (status == MF_OK)
		scan->phase = PHASE_LOAD;
	return status;
}

static MfStatus
load(MfScan *scan, MfWaitFor *wait, MfError *err)
{
	const M2Schema *schema = m2_scan_schema(scan);
	MfStatus	status = scan->load != NULL ? m2_request_step(scan->load, wait, err) : MF_OK;

	if (status != MF_OK)
		return status;
	m2_task_free(scan->load);
	scan->load = NULL;
	status = m2_scan_partitions(scan, wait, err);
	return status == MF_OK ?
		plan_filter(scan, &schema->collection.fields[schema->key], &scan->phase, err) : status;
}

/* The first query must not name a moment itself: that would be the one. */
static MfStatus
take_snapshot(MfScan *scan, MfWaitFor *wait, MfError *err)
{
	M2QueryReply reply;
	MfStatus	status;

	if (!has_snapshots(scan))
	{
		scan->phase = PHASE_ROWS;
		return MF_OK;
	}
	if (scan->call == NULL)
	{
		bool		wrote = scan->later || scan->guarantee > 2;

		status = m2_scan_send(scan, 1, wrote ? M2_STRONG : scan->consistency, 0, err);
		if (status != MF_OK)
			return status;
	}
	status = m2_scan_finish(scan, &reply, wait, err);
	if (status == MF_END)
		err->retry = MF_RETRY_NO;	/* a single row is too large */
	if (status != MF_OK)
		return status == MF_WAIT ? MF_WAIT : MF_ERROR;
	if (reply.session_ts != 0 && scan->later)
		m2_scan_as_of(scan, reply.session_ts);
	else if (reply.session_ts != 0)
		scan->guarantee = reply.session_ts;
	else if (scan->later)
		m2_scan_as_of_now(scan);
	scan->stats.snapshot = reply.session_ts != 0;
	mf_free(scan->mem, reply.fields);
	m2_scan_end_call(scan);
	scan->phase = PHASE_ROWS;
	return MF_OK;
}

/* -------------------------------------------------------------------- reading */

/* How many of those asked for are still to come? */
static bool
is_more(MfScan *scan)
{
	if (scan->lookup.nkeys > 0)
		return scan->lookup.at < scan->lookup.nkeys;
	return !m2_key_is_last(&scan->after);
}

static MfStatus
send_next(MfScan *scan, int64_t handed_out, MfError *err)
{
	scan->page = m2_scan_choose_page(scan, handed_out);
	return m2_scan_send(scan, scan->page, scan->consistency, scan->guarantee, err);
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
	int64_t		left;
	bool		grew = false;
	int32_t		nrows = 0;
	int32_t		take;
	size_t		len;
	MfStatus	status = MF_OK;

	mf_grpc_reply(done, &len);
	scan->filling = m2_scan_partition(scan);
	if (key != NULL)
		status = m2_reply_keys(scan->mem, key, &nrows, &scan->after, &grew, err);
	else if (reply->nfields > 0)
		status = m2_error_reply(err, M2_QUERY, "the primary key \"%s\" is missing", scan->key_field);
	if (status != MF_OK)
		return status;
	scan->lookup.at += scan->lookup.nkeys > 0 ? scan->page : 0;
	if (nrows == 0)
		return MF_END;
	if (!grew && scan->lookup.nkeys == 0)
		return m2_error_reply(err, M2_QUERY, "it repeats rows that were asked for no more");

	/* what began in order stays so: the core sees to that */
	if (scan->stats.rows == 0)
	{
		scan->stats.sorted = scan->ordered && !scan->after.unordered;
		if (scan->ordered && !scan->stats.sorted)
			scan->limit = -1;
	}
	left = scan->limit >= 0 ? scan->limit - scan->stats.rows : INT64_MAX;
	take = nrows < left ? nrows : (int32_t) left;
	scan->row_bytes = (double) len / nrows;
	scan->call = NULL;
	if (take < left && (is_more(scan) || m2_scan_next_partition(scan)))
		status = send_next(scan, scan->stats.rows + take, err);
	else
		scan->phase = PHASE_END;
	if (status == MF_OK)
	{
		mf_batch_reset(batch);
		status = m2_scan_fill(scan, reply, nrows, take, batch, err);
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
				scan->page = m2_scan_choose_page(scan, 0);
			status = m2_scan_send(scan, scan->page, scan->consistency, scan->guarantee, err);
			if (status != MF_OK)
				return status;
		}
		status = m2_scan_finish(scan, &reply, wait, err);
		if (status == MF_OK)
		{
			status = take_page(scan, &reply, out, err);
			mf_free(scan->mem, reply.fields);
			if (status != MF_END)
				return status;
			if ((scan->lookup.nkeys == 0 || !is_more(scan)) && !m2_scan_next_partition(scan))
			{
				scan->phase = PHASE_END;
				return MF_END;
			}
			/* none of these keys is there, or no more rows in the partition */
			m2_scan_end_call(scan);
			scan->page = m2_scan_choose_page(scan, scan->stats.rows);
			continue;
		}
		if (status != MF_END)
			return status;
		if (scan->page <= 1)
		{
			mf_error_hint(err, "A single row is larger than what the server answers at once.");
			err->retry = MF_RETRY_NO;
			return MF_ERROR;
		}
		scan->page /= 2;
		scan->ceiling = scan->page;
	}
}

static MfStatus
count(MfScan *scan, MfWaitFor *wait, MfError *err)
{
	const M2FieldReply *field;
	M2QueryReply reply;
	M2Key		number = {0};
	int32_t		n = 0;
	bool		grew;
	MfStatus	status = MF_OK;

	if (scan->call == NULL)
		status = m2_scan_send(scan, 0, scan->consistency, scan->guarantee, err);
	if (status == MF_OK)
		status = m2_scan_finish(scan, &reply, wait, err);
	if (status != MF_OK)
		return status == MF_END ? MF_ERROR : status;
	field = m2_reply_field(&reply, "count(*)");
	if (field != NULL)
		status = m2_reply_keys(scan->mem, field, &n, &number, &grew, err);
	if (status == MF_OK && (n != 1 || number.is_text || number.number < 0))
		status = m2_error_reply(err, M2_QUERY, "it holds no number of rows");
	mf_free(scan->mem, number.text);
	mf_free(scan->mem, reply.fields);
	m2_scan_end_call(scan);
	if (status != MF_OK)
		return status;
	scan->counted = number.number;
	if (scan->limit >= 0 && scan->counted > scan->limit)
		scan->counted = scan->limit;
	scan->stats.snapshot = true;
	scan->phase = PHASE_COUNTED;
	return MF_OK;
}

/* Rows without columns: two batches handed out may be one. */
static MfStatus
hand_out_counted(MfScan *scan, MfBatch **out, MfError *err)
{
	MfBatch    *batch = scan->number;

	if (scan->counted == 0)
	{
		scan->phase = PHASE_END;
		return MF_END;
	}
	if (batch == NULL)
		batch = scan->number = mf_batch_new(scan->mem, 0);
	if (batch == NULL)
		return mf_error_oom(err, sizeof(MfBatch));
	batch->first_row = scan->stats.rows + 1;
	batch->nrows = scan->counted < 1000000 ? (int32_t) scan->counted : 1000000;
	scan->counted -= batch->nrows;
	scan->stats.rows += batch->nrows;
	*out = batch;
	return MF_OK;
}

/*
 * Was the description too old?  A refusal before the first row may come from
 * that, and so may the finding that no row can be wanted.
 */
static bool
start_again(MfScan *scan)
{
	if (!scan->reused || scan->stats.rows > 0)
		return false;
	m2_recent_forget(scan->conn);
	reset(scan);
	return true;
}

bool
m2_sort_check(int nsorts, const MfSort *sorts)
{
	return nsorts == 1 && sorts->key && !sorts->descending &&
		(sorts->kind == MF_KIND_TEXT ? sorts->bytewise : sorts->kind >= MF_KIND_I8 && sorts->kind <= MF_KIND_I64);
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
				status = load(scan, wait, err);
				if (status == MF_OK && scan->phase == PHASE_END && start_again(scan))
					continue;
				break;
			case PHASE_MOMENT:
				status = m2_scan_learn_moment(scan, wait, err);
				if (status == MF_OK)
					scan->phase = scan->then;
				break;
			case PHASE_SNAPSHOT:
				status = take_snapshot(scan, wait, err);
				break;
			case PHASE_ROWS:
				status = next_page(scan, batch, wait, err);
				if (status == MF_OK)
					return status;
				break;
			case PHASE_COUNT:
				status = count(scan, wait, err);
				break;
			case PHASE_COUNTED:
				return hand_out_counted(scan, batch, err);
			default:
				return MF_END;
		}
		if (status == MF_ERROR && err->retry == MF_RETRY_NO && start_again(scan))
		{
			mf_error_reset(err);
			continue;
		}
		if (status != MF_OK)
			return status;
	}
}
