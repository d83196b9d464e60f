/*
 * milvus2_bench.c - How long do writing and reading a collection take?
 *
 * Side by side: plain gRPC with requests built beforehand and answers thrown
 * away, and the connector, whose rows are compared bit for bit.
 *
 *   milvus2_bench [ROWS [DIM [BATCH [IN_FLIGHT [FETCH]]]]]
 */
#include "milvus2_drive.h"

#define COLLECTION "m2_bench"

static int	rows = 100000;
static int	dim = 128;
static int	batch_rows = 5000;
static int	in_flight = 4;
static int	fetch = 0;

static float
element(int64_t id, int i)
{
	uint32_t	x = (uint32_t) id * 2654435761u + (uint32_t) i * 40503u;

	x ^= x >> 15;
	x *= 2246822519u;
	return (float) (int32_t) x / 2147483648.0f;
}

static MfField fields[4];
static MfCollection collection = {.name = COLLECTION,.nfields = 4,.fields = fields};

static void
make_collection(void)
{
	MfError		err;

	fields[0] = (MfField) {.name = "id",.kind = MF_KIND_I64,.key = true};
	fields[1] = (MfField) {.name = "title",.kind = MF_KIND_TEXT,.max_bytes = 200};
	fields[2] = (MfField) {.name = "price",.kind = MF_KIND_F64};
	fields[3] = (MfField) {.name = "embedding",.kind = MF_KIND_VEC_F32,.dim = dim};
	m2_do((MfRequest) {.verb = MF_VERB_DROP_COLLECTION,.collection = COLLECTION}, NULL, &err);
	m2_must((MfRequest) {.verb = MF_VERB_CREATE_COLLECTION,.collection = COLLECTION,.schema = &collection});
}

static void
fill(MfBatch *batch, int first, int count)
{
	mf_batch_reset(batch);
	for (int i = 0; i < count; i++)
	{
		int64_t		id = first + i;
		double		price = (double) id / 7;
		char		title[40];
		int			len = snprintf(title, sizeof(title), "title of row %lld", (long long) id);
		float	   *v;

		mf_append_fixed(&m2_mem, &batch->columns[0], &id);
		mf_append_bytes(&m2_mem, &batch->columns[1], title, (size_t) len);
		mf_append_fixed(&m2_mem, &batch->columns[2], &price);
		v = mf_append_vector(&m2_mem, &batch->columns[3]);
		for (int j = 0; j < dim; j++)
			v[j] = element(id, j);
	}
	batch->nrows = count;
	batch->first_row = first + 1;
}

static MfBatch *
new_batch(void)
{
	MfBatch    *batch = mf_batch_new(&m2_mem, 4);

	mf_column_init(batch, 0, MF_KIND_I64, MF_KIND_NONE, 0, 0);
	mf_column_init(batch, 1, MF_KIND_TEXT, MF_KIND_NONE, 0, 0);
	mf_column_init(batch, 2, MF_KIND_F64, MF_KIND_NONE, 0, 0);
	mf_column_init(batch, 3, MF_KIND_VEC_F32, MF_KIND_NONE, dim, 0);
	return batch;
}

static MfStatus
grpc_step(void *arg, MfWaitFor *wait, MfError *err)
{
	return mf_grpc_step(arg, wait, err);
}

static MfOption table[] = {{"collection", COLLECTION}};
static MfOptions table_options = {1, table};
static MfWriteColumn write_columns[4];
static MfWriteSpec spec;

static double
write_plain(MfBatch **batches, int n)
{
	MfError		err;
	M2WritePlan plan;
	uint8_t   **bodies = calloc((size_t) n, sizeof(*bodies));
	size_t	   *lens = calloc((size_t) n, sizeof(*lens));
	MfGrpcCall *calls[64] = {NULL};
	MfGrpc	   *grpc = m2_channel(m2_conn, "", &err);
	double		start;

	if (m2_plan_init(&plan, &spec, &m2_mem, &err) != MF_OK)
		die("plan", &err);
	for (int i = 0; i < n; i++)
		if (m2_encode_insert("", COLLECTION, &plan, batches[i], 0, batches[i]->nrows, &bodies[i], &lens[i], &err) != MF_OK)
			die("encode", &err);
	start = drive_now();
	for (int i = 0; i < n + in_flight; i++)
	{
		MfGrpcCall **slot = &calls[i % in_flight];

		if (*slot != NULL)
		{
			size_t		len;
			const uint8_t *reply;
			M2__MutationResult *result;

			if (drive(grpc_step, *slot, 60000, &err) != MF_OK)
				die("plain insert", &err);
			reply = mf_grpc_reply(*slot, &len);
			result = m2__mutation_result__unpack(NULL, len, reply);
			if (result == NULL || result->insert_cnt == 0)
				printf("# plain insert: %s\n", result ? result->status->reason : "?");
			m2__mutation_result__free_unpacked(result, NULL);
			mf_grpc_end(*slot);
			*slot = NULL;
		}
		if (i < n && mf_grpc_begin(grpc, M2_SERVICE "Insert", bodies[i], lens[i], 0, false, slot, &err) != MF_OK)
			die("plain insert", &err);
	}
	start = drive_now() - start;
	free(bodies);
	free(lens);
	m2_plan_free(&plan);
	return start;
}

static double
write_ours(MfBatch **batches, int n, MfWriteCounts *counts)
{
	MfError		err;
	Put			put = {0};
	double		start = drive_now();

	if (M2C->write_begin(m2_conn, &spec, &put.write, &err) != MF_OK)
		die("write_begin", &err);
	for (int i = 0; i < n; i++)
	{
		put.batch = batches[i];
		if (patiently(submit_step, &put, &err) != MF_OK)
			die("submit", &err);
	}
	if (patiently(flush_step, &put, &err) != MF_OK)
		die("flush", &err);
	start = drive_now() - start;
	M2C->write_counts(put.write, counts);
	M2C->write_end(put.write);
	return start;
}

/* Pages of 16,384 by key, one at a time; only the largest key is looked at. */
static double
read_plain(int limit, int64_t *seen)
{
	MfError		err;
	MfGrpc	   *grpc = m2_channel(m2_conn, "", &err);
	M2Key		after = {0};
	double		start = drive_now();

	*seen = 0;
	for (;;)
	{
		M2__QueryRequest request = M2__QUERY_REQUEST__INIT;
		M2__Pair	pairs[2] = {M2__PAIR__INIT, M2__PAIR__INIT};
		M2__Pair   *list[2] = {&pairs[0], &pairs[1]};
		char	   *output[4] = {"id", "title", "price", "embedding"};
		char		text[16];
		MfGrpcCall *call;
		M2QueryReply reply;
		const uint8_t *bytes;
		uint8_t    *body;
		size_t		len;
		int32_t		n = 0;
		bool		grew;

		snprintf(text, sizeof(text), "%d", limit);
		pairs[0].key = "limit";
		pairs[0].value = text;
		pairs[1].key = "reduce_stop_for_best";
		pairs[1].value = "true";
		request.query_params = list;
		request.n_query_params = 2;
		request.collection_name = COLLECTION;
		request.expr = m2_key_expr(&m2_mem, "id", &after);
		request.output_fields = output;
		request.n_output_fields = 4;
		request.consistency_level = 3;
		request.guarantee_timestamp = 1;
		body = mf_message_pack(&request.base, &len);
		mf_free(&m2_mem, request.expr);
		if (mf_grpc_begin(grpc, M2_SERVICE "Query", body, len, 0, true, &call, &err) != MF_OK ||
			drive(grpc_step, call, 60000, &err) != MF_OK)
			die("plain query", &err);
		bytes = mf_grpc_reply(call, &len);
		if (m2_query_reply(&m2_mem, bytes, len, &reply, &err) != MF_OK)
			die("plain query", &err);
		if (m2_reply_field(&reply, "id") != NULL)
			m2_reply_keys(&m2_mem, m2_reply_field(&reply, "id"), &n, &after, &grew, &err);
		mf_free(&m2_mem, reply.fields);
		mf_grpc_end(call);
		*seen += n;
		if (n == 0)
			break;
	}
	return drive_now() - start;
}

static double
read_ours(int64_t *seen, int64_t *wrong, MfScanStats *stats)
{
	static uint8_t *met;
	MfScanColumn want[4] = {
		{"id", "id", MF_KIND_I64}, {"title", "title", MF_KIND_TEXT},
		{"price", "price", MF_KIND_F64}, {"embedding", "embedding", MF_KIND_VEC_F32,.headroom = 24},
	};
	MfScanSpec	scan_spec = {sizeof(scan_spec), &table_options, 4, want, -1, fetch, &m2_mem};
	Next		n = {0};
	MfError		err;
	MfStatus	status;
	double		start = drive_now();
	double		comparing = 0;

	met = realloc(met, (size_t) rows);
	memset(met, 0, (size_t) rows);
	*seen = *wrong = 0;
	if (M2C->scan_begin(m2_conn, &scan_spec, &n.scan, &err) != MF_OK)
		die("scan_begin", &err);
	while ((status = patiently(next_step, &n, &err)) == MF_OK)
	{
		double		t = drive_now();

		for (int i = 0; i < n.batch->nrows; i++)
		{
			int64_t		id;
			double		price;
			char		title[40];
			const char *text;
			size_t		len;
			const float *v = mf_fixed_at(&n.batch->columns[3], i);
			int			bad;

			memcpy(&id, mf_fixed_at(&n.batch->columns[0], i), 8);
			memcpy(&price, mf_fixed_at(&n.batch->columns[2], i), 8);
			text = mf_varying_at(&n.batch->columns[1], i, &len);
			bad = id < 0 || id >= rows || met[id]++ || price != (double) id / 7 ||
				(size_t) snprintf(title, sizeof(title), "title of row %lld", (long long) id) != len ||
				memcmp(title, text, len) != 0;
			for (int j = 0; j < dim && !bad; j++)
			{
				float		e = element(id, j);

				bad = memcmp(&e, &v[j], 4) != 0;
			}
			*wrong += bad;
		}
		*seen += n.batch->nrows;
		comparing += drive_now() - t;
	}
	if (status == MF_ERROR)
		die("scan", &err);
	start = drive_now() - start;
	M2C->scan_stats(n.scan, stats);
	M2C->scan_end(n.scan);
	printf("# comparing took %.0f ms of it\n", comparing);
	return start - comparing;
}

int
main(int argc, char **argv)
{
	int			n;
	MfBatch   **batches;
	MfWriteCounts counts;
	MfScanStats stats;
	MfTask	   *described;
	MfError		err;
	MfOption	index[] = {{"index_type", "FLAT"}, {"metric_type", "L2"}};
	MfOptions	index_args = {2, index};
	int64_t		seen;
	int64_t		wrong;

	if (argc > 1)
		rows = atoi(argv[1]);
	if (argc > 2)
		dim = atoi(argv[2]);
	if (argc > 3)
		batch_rows = atoi(argv[3]);
	if (argc > 4)
		in_flight = atoi(argv[4]);
	if (argc > 5)
		fetch = atoi(argv[5]);
	n = (rows + batch_rows - 1) / batch_rows;
	m2_connect(NULL, 0);
	batches = calloc((size_t) n, sizeof(*batches));
	for (int i = 0; i < n; i++)
	{
		batches[i] = new_batch();
		fill(batches[i], i * batch_rows, rows - i * batch_rows < batch_rows ? rows - i * batch_rows : batch_rows);
	}
	for (int round = 0; round < 4; round++)
	{
		double		t;

		make_collection();
		if (m2_do((MfRequest) {.verb = MF_VERB_DESCRIBE,.collection = COLLECTION}, &described, &err) != MF_OK)
			die("describe", &err);
		for (int i = 0; i < 4; i++)
			write_columns[i] = (MfWriteColumn) {fields[i].name, &M2C->request_reply(described)->collections[0].fields[i]};
		spec = (MfWriteSpec) {sizeof(spec), &table_options, &M2C->request_reply(described)->collections[0],
			4, write_columns, in_flight, &m2_mem};
		if (round == 0 || round == 3)	/* in this order neither profits from its place */
			printf("write plain     %d x %d: %.0f ms\n", rows, dim, write_plain(batches, n));
		else
		{
			t = write_ours(batches, n, &counts);
			printf("write connector %d x %d: %.0f ms (acknowledged %lld, %lld requests, %lld retries, %.1f MB)\n",
				   rows, dim, t, (long long) counts.acknowledged, (long long) counts.requests,
				   (long long) counts.retries, (double) counts.bytes / 1e6);
		}
		M2C->request_end(described);
	}
	m2_must((MfRequest) {.verb = MF_VERB_FLUSH,.collection = COLLECTION});
	m2_must((MfRequest) {.verb = MF_VERB_CREATE_INDEX,.collection = COLLECTION,.field = "embedding",.args = &index_args});
	m2_must((MfRequest) {.verb = MF_VERB_LOAD,.collection = COLLECTION});
	for (int round = 0; round < 2; round++)
	{
		double		t = read_plain(16384, &seen);

		printf("read plain      %d x %d: %.0f ms (%lld rows)\n", rows, dim, t, (long long) seen);
		t = read_ours(&seen, &wrong, &stats);
		printf("read connector  %d x %d: %.0f ms (%lld rows, %lld wrong, %lld requests, %.1f MB)\n", rows, dim, t,
			   (long long) seen, (long long) wrong, (long long) stats.requests, (double) stats.bytes / 1e6);
	}
	for (int i = 0; i < n; i++)
		mf_batch_free(batches[i]);
	M2C->close(m2_conn);
	printf("# memory: %zu bytes left, peak %zu\n", m2_mem.used, m2_mem.peak);
	return 0;
}
