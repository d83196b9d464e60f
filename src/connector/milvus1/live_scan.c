/*
 * live_scan.c - How are the rows of a Milvus 1.x server read?
 *
 * The ids of one segment after the other, and for them the vectors, some
 * requests side by side.  A condition that names the ids needs no segments; a
 * mere count is the server's.  What this session wrote is flushed first.
 */
#include "live.h"
#include "scan.h"

#define IDS_A_REQUEST 1000		/* the server looks into each segment for each id */
#define BYTES_A_REQUEST ((int64_t) 4 << 20)
#define DEPTH 4					/* requests side by side */

static const MfMethod show_info = M1_METHOD(ShowCollectionInfo, collection_info, true);
static const MfMethod describe_collection = M1_METHOD(DescribeCollection, collection_schema, true);
static const MfMethod count_collection = M1_METHOD(CountCollection, collection_row_count, true);
static const MfMethod get_vector_ids = M1_METHOD(GetVectorIDs, vector_ids, true);
static const MfMethod get_vectors = M1_METHOD(GetVectorsByID, vectors_data, true);

typedef enum Phase
{
	PHASE_FLUSH,
	PHASE_DESCRIBE,
	PHASE_COUNT,
	PHASE_INFO,
	PHASE_IDS,					/* of the next segment */
	PHASE_ROWS,
	PHASE_END
} Phase;

typedef struct Piece
{
	MfCall		call;
	int64_t		first;			/* of the ids at hand */
	int64_t		count;
} Piece;

struct M1LiveScan
{
	MfConn	   *conn;
	const MfScanSpec *spec;
	MfMem	   *mem;
	MfArena		arena;
	const char *name;
	const char *partition;		/* option */
	Phase		phase;
	MfCall		call;
	bool		binary;
	int64_t		dim;
	M1From	   *from;			/* one each a column */

	M1LiveSegment *segments;
	int			nsegments;
	int			segment;		/* next to be read */
	const char *tag;			/* of the one being read; "" = any */
	const char *segment_name;

	int64_t    *ids;			/* at hand */
	int64_t		nids;
	int64_t		asked;			/* so many are asked for or done */
	Piece		pieces[DEPTH];	/* in the order of ids, from `head` */
	int			head;
	int			npieces;
	int64_t		offset;			/* of the next row in its segment */

	struct M1Seen *seen;		/* ids met; NULL = repeats are kept */
	M1OnDuplicate on_duplicate;

	MfBatch    *batches[2];
	int			turn;
	MfScanStats stats;
};

/* ----------------------------------------------------------------- ids met */

typedef struct M1Seen
{
	int64_t    *ids;
	bool	   *used;
	size_t		size;			/* a power of two */
	size_t		n;
} M1Seen;

static uint64_t
hash(int64_t id)
{
	uint64_t	x = (uint64_t) id * UINT64_C(0x9e3779b97f4a7c15);

	return x ^ (x >> 32);
}

/* 1 = it is new, 0 = met before, -1 = no memory. */
static int
see(M1LiveScan *scan, int64_t id)
{
	M1Seen	   *seen = scan->seen;
	size_t		at;

	if (seen->n * 10 >= seen->size * 7)
	{
		M1Seen		bigger = {.size = seen->size * 2};

		bigger.ids = mf_alloc(scan->mem, bigger.size * sizeof(int64_t));
		bigger.used = mf_calloc(scan->mem, bigger.size);
		if (bigger.ids == NULL || bigger.used == NULL)
		{
			mf_free(scan->mem, bigger.ids);
			mf_free(scan->mem, bigger.used);
			return -1;
		}
		for (size_t i = 0; i < seen->size; i++)
		{
			if (!seen->used[i])
				continue;
			for (at = hash(seen->ids[i]) & (bigger.size - 1); bigger.used[at]; at = (at + 1) & (bigger.size - 1))
				;
			bigger.used[at] = true;
			bigger.ids[at] = seen->ids[i];
		}
		bigger.n = seen->n;
		mf_free(scan->mem, seen->ids);
		mf_free(scan->mem, seen->used);
		*seen = bigger;
	}
	for (at = hash(id) & (seen->size - 1); seen->used[at]; at = (at + 1) & (seen->size - 1))
	{
		if (seen->ids[at] == id)
			return 0;
	}
	seen->used[at] = true;
	seen->ids[at] = id;
	seen->n++;
	return 1;
}

static MfStatus
start_seeing(M1LiveScan *scan, MfError *err)
{
	scan->seen = mf_calloc(scan->mem, sizeof(M1Seen));
	if (scan->seen == NULL)
		return mf_error_oom(err, sizeof(M1Seen));
	scan->seen->size = 1024;
	scan->seen->ids = mf_alloc(scan->mem, scan->seen->size * sizeof(int64_t));
	scan->seen->used = mf_calloc(scan->mem, scan->seen->size);
	return scan->seen->ids != NULL && scan->seen->used != NULL ? MF_OK : mf_error_oom(err, scan->seen->size);
}

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
	else if (scan->on_duplicate != M1_DUPLICATE_KEEP)
		status = start_seeing(scan, err);
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
	for (int i = 0; i < DEPTH; i++)
		m1_call_end(scan->conn, &scan->pieces[i].call);
	if (scan->seen != NULL)
	{
		mf_free(scan->mem, scan->seen->ids);
		mf_free(scan->mem, scan->seen->used);
		mf_free(scan->mem, scan->seen);
	}
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

static MfStatus
ask(M1LiveScan *scan, const MfMethod *method, const ProtobufCMessage *request, MfWaitFor *wait, MfError *err)
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
	scan->phase = PHASE_INFO;
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
		scan->phase = PHASE_ROWS;
	}
	else if (scan->spec->ncolumns == 0 && scan->spec->nfilters == 0 && scan->partition == NULL &&
			 scan->on_duplicate == M1_DUPLICATE_KEEP)
		scan->phase = PHASE_COUNT;
	return MF_OK;
}

static MfStatus
take_info(M1LiveScan *scan, MfError *err)
{
	const char *json = ((M1__CollectionInfo *) scan->call.reply)->json_info;
	MfStatus	status = m1_info_parse(json, &scan->arena, &scan->segments, &scan->nsegments, err);

	m1_call_end(scan->conn, &scan->call);
	scan->phase = PHASE_IDS;
	return status;
}

/* Is the segment's partition, or the segment itself, left out? */
static bool
is_left_out(const M1LiveScan *scan, const M1LiveSegment *segment)
{
	return (scan->partition != NULL && strcmp(scan->partition, segment->tag) != 0) ||
		!m1_filter_takes(scan->spec, M1_FIELD_PARTITION, segment->tag) ||
		!m1_filter_takes(scan->spec, M1_FIELD_SEGMENT, segment->name);
}

/* ------------------------------------------------------------------------- ids */

static MfStatus
refuse_repeat(const M1LiveScan *scan, int64_t id, MfError *err)
{
	mf_error(err, MF_UNIQUE_VIOLATION, "ids repeat in collection \"%s\"", scan->name);
	mf_error_detail(err, "Id %lld is there more than once, the last time in segment %s.", (long long) id, scan->segment_name);
	mf_error_hint(err, "Set option on_duplicate of the foreign table to first or keep.");
	return MF_ERROR;
}

static MfStatus
take_ids(M1LiveScan *scan, MfError *err)
{
	const M1__VectorIds *reply = (M1__VectorIds *) scan->call.reply;

	mf_free(scan->mem, scan->ids);
	scan->ids = mf_alloc(scan->mem, sizeof(int64_t) * (reply->n_vector_id_array + 1));
	if (scan->ids == NULL)
		return mf_error_oom(err, sizeof(int64_t) * reply->n_vector_id_array);
	scan->nids = scan->asked = 0;
	scan->offset = 0;
	for (size_t i = 0; i < reply->n_vector_id_array; i++)
	{
		int			fresh = scan->seen != NULL ? see(scan, reply->vector_id_array[i]) : 1;

		if (fresh < 0)
			return mf_error_oom(err, scan->seen->size * 2 * sizeof(int64_t));
		if (fresh == 0 && scan->on_duplicate == M1_DUPLICATE_ERROR)
			return refuse_repeat(scan, reply->vector_id_array[i], err);
		if (fresh > 0)
			scan->ids[scan->nids++] = reply->vector_id_array[i];
	}
	m1_call_end(scan->conn, &scan->call);
	scan->phase = PHASE_ROWS;
	return MF_OK;
}

static MfStatus
next_segment(M1LiveScan *scan, MfWaitFor *wait, MfError *err)
{
	M1__GetVectorIDsParam request = M1__GET_VECTOR_IDS_PARAM__INIT;
	MfStatus	status;

	while (scan->call.call == NULL && scan->segment < scan->nsegments &&
		   is_left_out(scan, &scan->segments[scan->segment]))
		scan->segment++;
	if (scan->segment >= scan->nsegments)
	{
		scan->phase = PHASE_END;
		return MF_OK;
	}
	scan->tag = scan->segments[scan->segment].tag;
	scan->segment_name = scan->segments[scan->segment].name;
	request.collection_name = (char *) scan->name;
	request.segment_name = (char *) scan->segment_name;
	status = ask(scan, &get_vector_ids, &request.base, wait, err);
	if (status == MF_OK)
	{
		status = take_ids(scan, err);
		scan->segment++;
	}
	return status;
}

/* ------------------------------------------------------------------------ rows */

static int64_t
ids_a_request(const M1LiveScan *scan)
{
	int64_t		n = BYTES_A_REQUEST / (scan->binary ? scan->dim / 8 + 1 : scan->dim * 4);

	if (n > IDS_A_REQUEST)
		n = IDS_A_REQUEST;
	if (scan->spec->fetch_size > 0 && n > scan->spec->fetch_size)
		n = scan->spec->fetch_size;
	return n > 0 ? n : 1;
}

static MfStatus
step_piece(M1LiveScan *scan, Piece *piece, MfWaitFor *wait, MfError *err)
{
	M1__VectorsIdentity request = M1__VECTORS_IDENTITY__INIT;

	request.collection_name = (char *) scan->name;
	request.id_array = scan->ids + piece->first;
	request.n_id_array = (size_t) piece->count;
	return m1_call(scan->conn, &piece->call, &get_vectors, &request.base, scan->name, wait, err);
}

/* Ask for as many as may be under way; the first one's status. */
static MfStatus
advance(M1LiveScan *scan, MfWaitFor *wait, MfError *err)
{
	MfStatus	first = MF_END;

	while (scan->npieces < DEPTH && scan->asked < scan->nids)
	{
		Piece	   *piece = &scan->pieces[(scan->head + scan->npieces++) % DEPTH];

		piece->first = scan->asked;
		piece->count = scan->nids - scan->asked < ids_a_request(scan) ? scan->nids - scan->asked : ids_a_request(scan);
		scan->asked += piece->count;
		scan->stats.requests++;
	}
	for (int i = 0; i < scan->npieces; i++)
	{
		MfStatus	status = step_piece(scan, &scan->pieces[(scan->head + i) % DEPTH], wait, err);

		if (status == MF_ERROR)
			return MF_ERROR;
		if (i == 0)
			first = status;
	}
	return first;
}

static MfStatus
wrong_vector(const M1LiveScan *scan, int64_t id, const M1__RowRecord *row, MfError *err)
{
	mf_error(err, MF_FDW_REPLY_HANDLE, "the answer to Milvus 1.x GetVectorsByID cannot be used");
	mf_error_detail(err, "The vector of id %lld has %zu numbers and %zu bytes; the collection has %lld dimensions.", (long long) id,
					row->n_float_data, row->binary_data.len, (long long) scan->dim);
	return MF_ERROR;
}

static MfStatus
append_row(M1LiveScan *scan, MfBatch *batch, int64_t id, const M1__RowRecord *row, MfError *err)
{
	bool		fits = scan->binary ? row->binary_data.len == (size_t) scan->dim / 8 : row->n_float_data == (size_t) scan->dim;
	bool		ok = true;

	if (row->n_float_data == 0 && row->binary_data.len == 0)
		return MF_OK;			/* deleted meanwhile, or never there */
	if (!fits)
		return wrong_vector(scan, id, row, err);
	for (int c = 0; c < scan->spec->ncolumns && ok; c++)
	{
		MfColumn   *col = &batch->columns[c];
		void	   *to;

		switch (scan->from[c])
		{
			case M1_FROM_ID:
				ok = mf_append_fixed(scan->mem, col, &id);
				break;
			case M1_FROM_VECTOR:
				to = mf_append_vector(scan->mem, col);
				ok = to != NULL;
				if (ok)
					memcpy(to, scan->binary ? (const void *) row->binary_data.data : (const void *) row->float_data, col->width);
				break;
			case M1_FROM_PARTITION:
				ok = mf_append_bytes(scan->mem, col, scan->tag, strlen(scan->tag));
				break;
			case M1_FROM_SEGMENT:
				ok = mf_append_bytes(scan->mem, col, scan->segment_name, strlen(scan->segment_name));
				break;
			default:
				ok = mf_append_fixed(scan->mem, col, &scan->offset);
		}
	}
	batch->nrows++;
	return ok ? MF_OK : mf_error_oom(err, 0);
}

static MfStatus
next_rows(M1LiveScan *scan, MfBatch *batch, MfWaitFor *wait, MfError *err)
{
	MfStatus	status = advance(scan, wait, err);
	Piece	   *piece = &scan->pieces[scan->head];
	const M1__VectorsData *reply;

	if (status == MF_END)
	{
		scan->phase = scan->segments != NULL ? PHASE_IDS : PHASE_END;
		return MF_OK;
	}
	if (status != MF_OK)
		return status;
	reply = (M1__VectorsData *) piece->call.reply;
	if (reply->n_vectors_data != (size_t) piece->count)
	{
		mf_error(err, MF_FDW_REPLY_HANDLE, "the answer to Milvus 1.x GetVectorsByID cannot be used");
		mf_error_detail(err, "%lld ids were asked for and %zu rows came.", (long long) piece->count, reply->n_vectors_data);
		return MF_ERROR;
	}
	for (int64_t i = 0; i < piece->count && status == MF_OK; i++)
	{
		const M1__RowRecord *row = reply->vectors_data[i];

		scan->stats.bytes += (int64_t) (row->n_float_data * 4 + row->binary_data.len);
		status = append_row(scan, batch, scan->ids[piece->first + i], row, err);
		scan->offset++;
	}
	m1_call_end(scan->conn, &piece->call);
	scan->head = (scan->head + 1) % DEPTH;
	scan->npieces--;
	return status;
}

static MfStatus
take_count(M1LiveScan *scan, MfBatch *batch)
{
	int64_t		rows = ((M1__CollectionRowCount *) scan->call.reply)->collection_row_count - scan->stats.rows;

	/* a batch counts in 32 bits */
	batch->nrows = rows > INT32_MAX ? INT32_MAX : (int32_t) rows;
	if (rows <= INT32_MAX)
		scan->phase = PHASE_END;
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
		case PHASE_FLUSH:
			status = m1_flush_if_dirty(scan->conn, &scan->call, scan->name, wait, err);
			if (status == MF_OK)
				scan->phase = PHASE_DESCRIBE;
			return status;
		case PHASE_DESCRIBE:
			status = ask(scan, &describe_collection, &name.base, wait, err);
			if (status == MF_OK)
				status = take_schema(scan, err);
			return status == MF_OK ? choose_way(scan, err) : status;
		case PHASE_COUNT:
			status = ask(scan, &count_collection, &name.base, wait, err);
			return status == MF_OK ? take_count(scan, batch) : status;
		case PHASE_INFO:
			status = ask(scan, &show_info, &name.base, wait, err);
			return status == MF_OK ? take_info(scan, err) : status;
		case PHASE_IDS:
			return next_segment(scan, wait, err);
		default:
			return next_rows(scan, batch, wait, err);
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

		if (scan->phase == PHASE_END)
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
