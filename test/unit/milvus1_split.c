/*
 * milvus1_split.c - Do the parts of a data directory's scan say together what one scan says?
 *
 * Directories of some segments with ids that repeat, within one and across, and
 * deleted rows are read whole and in parts: for each on_duplicate and several
 * numbers of parts no row is missing or there twice.  And tokens are checked.
 */
#include "drive.h"

#include <stdint.h>
#include <sys/stat.h>

#include "milvus1/milvus1.h"

#define MOST_SEGMENTS 7
#define MOST_ROWS 60000

static char root[] = "/tmp/milvus1_split.XXXXXX";
static uint64_t state = UINT64_C(0x9e3779b97f4a7c15);

static uint64_t
next_random(void)
{
	state ^= state << 13;
	state ^= state >> 7;
	return state ^= state << 17;
}

/* ------------------------------------------------------------------ directories */

static int	nsegments;
static int	nrows[MOST_SEGMENTS];

static void
put_file(const char *name, const void *data, uint64_t len, bool counted)
{
	char		path[300];
	FILE	   *f;

	snprintf(path, sizeof(path), "%s/%s", root, name);
	f = fopen(path, "wb");
	if (f == NULL || (counted && fwrite(&len, 1, 8, f) != 8) || fwrite(data, 1, len, f) != len || fclose(f) != 0)
	{
		perror(path);
		exit(1);
	}
}

static void
put_segment(int segment, int rows, int range)
{
	static int64_t ids[MOST_ROWS];
	static float vectors[MOST_ROWS];
	int32_t		deleted[4];
	char		name[100];

	nrows[segment] = rows;
	for (int i = 0; i < rows; i++)
	{
		ids[i] = range > 0 ? (int64_t) (next_random() % (uint64_t) range) : (int64_t) segment * MOST_ROWS + i;
		vectors[i] = (float) i;
	}
	for (int i = 0; i < 4; i++)
		deleted[i] = (int32_t) (next_random() % 40);
	snprintf(name, sizeof(name), "%s/tables/c/10%d", root, segment);
	mkdir(name, 0700);
	snprintf(name, sizeof(name), "tables/c/10%d/10%d.rv", segment, segment);
	put_file(name, vectors, sizeof(float) * (uint64_t) rows, true);
	snprintf(name, sizeof(name), "tables/c/10%d/10%d.uid", segment, segment);
	put_file(name, ids, sizeof(int64_t) * (uint64_t) rows, true);
	snprintf(name, sizeof(name), "tables/c/10%d/deleted_docs", segment);
	put_file(name, deleted, sizeof(deleted), true);
}

/* range: ids are below it; 0 = none repeats */
static void
put_directory(int segments, int rows, int range)
{
	char		meta[4000];
	int			len;

	nsegments = segments;
	len = snprintf(meta, sizeof(meta), "{\"format\": \"milvus1-metadata\", \"version\": 1, \"global_lsn\": 9, \"collections\": [{\"name\": \"c\","
				   " \"dimension\": 1, \"metric_type\": 1, \"engine_type\": 1, \"index_file_size\": 1024, \"index_params\": \"{}\","
				   " \"flag\": 2, \"flush_lsn\": 1, \"partitions\": [], \"segments\": [");
	for (int i = 0; i < segments; i++)
	{
		put_segment(i, rows < 0 ? (int) (next_random() % 60) : rows, range);
		len += snprintf(meta + len, sizeof(meta) - (size_t) len, "%s{\"table_id\": \"c\", \"segment_id\": \"10%d\", \"engine_type\": 1,"
						" \"file_type\": 1, \"row_count\": %d, \"created_on\": %d}", i > 0 ? ", " : "", i, nrows[i], i);
	}
	len += snprintf(meta + len, sizeof(meta) - (size_t) len, "]}]}");
	put_file("meta.json", meta, (uint64_t) len, false);
}

/* ---------------------------------------------------------------------- reading */

/* How often each row was read; [segment][offset] */
static uint8_t seen[MOST_SEGMENTS][MOST_ROWS];

static MfMem mem;
static MfConn *conn;
static MfOption table[2] = {{"collection", "c"}, {"on_duplicate", "keep"}};
static const MfOptions table_options = {2, table};

static void
connect_to_directory(size_t limit)
{
	static char meta_option[100];
	static MfOption server[2];
	static MfOptions server_options = {2, server};
	MfOpenArgs	args = {.size = sizeof(args),.server = "split",.options = &server_options,.mem = &mem};
	MfError		err;

	snprintf(meta_option, sizeof(meta_option), "json:%s/meta.json", root);
	server[0] = (MfOption) {"directory", root};
	server[1] = (MfOption) {"meta", meta_option};
	mf_mem_init(&mem, limit);
	if (mf_milvus1_connector.open(&args, &conn, &err) != MF_OK)
		exit(1);
}

typedef struct Run
{
	MfScan	   *scan;
	MfBatch    *batch;
	MfTask	   *task;
} Run;

static MfStatus
step_scan(void *arg, MfWaitFor *wait, MfError *err)
{
	Run		   *run = arg;
	MfStatus	status = mf_milvus1_connector.scan_next(run->scan, &run->batch, wait, err);
	MfError		warning;

	/* of deletes beyond a segment's rows */
	while (mf_milvus1_connector.scan_warning(run->scan, &warning))
		;
	return status;
}

static MfStatus
step_task(void *arg, MfWaitFor *wait, MfError *err)
{
	return mf_milvus1_connector.request_step(((Run *) arg)->task, wait, err);
}

/* MF_END: all was read, and noted in `seen`. */
static MfStatus
read_part(const char *split, MfError *err)
{
	static const MfScanColumn columns[] = {{"s", "_segment", MF_KIND_TEXT}, {"o", "_offset", MF_KIND_I64}};
	MfScanSpec	spec = {.size = sizeof(spec),.options = &table_options,.ncolumns = 2,.columns = columns,.limit = -1,.mem = &mem,.split = split};
	Run			run = {NULL};
	MfStatus	status = mf_milvus1_connector.scan_begin(conn, &spec, &run.scan, err);

	while (status == MF_OK && (status = drive(step_scan, &run, 20000, err)) == MF_OK)
	{
		for (int32_t i = 0; i < run.batch->nrows; i++)
		{
			size_t		len;
			const char *segment = mf_varying_at(&run.batch->columns[0], i, &len);
			int64_t		offset;

			memcpy(&offset, mf_fixed_at(&run.batch->columns[1], i), sizeof(offset));
			seen[segment[len - 1] - '0'][offset]++;
		}
	}
	if (run.scan != NULL)
		mf_milvus1_connector.scan_end(run.scan);
	return status;
}

/* The parts; their number, or -1.  The tokens are copied. */
static int
cut(int wanted, char tokens[MOST_SEGMENTS][200], int64_t *rows)
{
	MfScanSpec	spec = {.size = sizeof(spec),.options = &table_options,.limit = -1,.mem = &mem};
	MfRequest	req = {.size = sizeof(req),.verb = MF_VERB_SPLIT,.collection = "c",.scan = &spec,.wanted = wanted};
	Run			run = {NULL};
	MfError		err;
	const MfReply *reply;
	int			n = -1;

	*rows = 0;
	if (mf_milvus1_connector.request_begin(conn, &req, &run.task, &err) == MF_OK && drive(step_task, &run, 5000, &err) == MF_OK)
	{
		reply = mf_milvus1_connector.request_reply(run.task);
		n = reply->nsplits;
		for (int i = 0; i < n; i++)
		{
			snprintf(tokens[i], 200, "%s", reply->splits[i].token);
			*rows += reply->splits[i].rows;
			if (!reply->splits[i].durable)
				n = -1;
		}
	}
	mf_milvus1_connector.request_end(run.task);
	return n;
}

/* true = in `wanted` parts it is what it is in one. */
static bool
agrees(int wanted)
{
	static uint8_t whole[MOST_SEGMENTS][MOST_ROWS];
	char		tokens[MOST_SEGMENTS][200];
	MfError		err;
	MfStatus	one;
	bool		failed = false;
	int64_t		rows;
	int64_t		counted = 0;
	int			n;

	memset(seen, 0, sizeof(seen));
	one = read_part(NULL, &err);
	memcpy(whole, seen, sizeof(seen));
	memset(seen, 0, sizeof(seen));
	n = cut(wanted, tokens, &rows);
	if (n < 1)
		return false;
	for (int i = 0; i < nsegments; i++)
		counted += nrows[i];
	for (int i = 0; i < n; i++)
	{
		mf_error_reset(&err);
		failed |= read_part(tokens[i], &err) != MF_END;
	}
	if (one != MF_END)
		return failed;
	return !failed && rows == counted && memcmp(whole, seen, sizeof(seen)) == 0;
}

static void
test_agreement(void)
{
	static const char *const words[] = {"error", "first", "last", "keep"};
	int			tried = 0;
	int			agreed = 0;
	size_t		left = 0;

	for (int round = 0; round < 40; round++)
	{
		put_directory(1 + (int) (next_random() % (MOST_SEGMENTS - 1)), -1, round % 4 == 0 ? 0 : round % 4 == 1 ? 100000 : 300);
		connect_to_directory((size_t) 64 << 20);
		for (int w = 0; w < 4; w++)
		{
			table[1].value = words[w];
			for (int wanted = 0; wanted < 9; wanted += 1 + wanted / 3)
			{
				tried++;
				agreed += agrees(wanted);
			}
		}
		mf_milvus1_connector.close(conn);
		left += mem.used;
	}
	is_int(agreed, tried, "parts agree with the whole");
	is_int((long long) left, 0, "and leave no memory behind");
}

/* More ids than the table has room for at once. */
static void
test_passes(void)
{
	put_directory(3, MOST_ROWS, 2 * MOST_ROWS);
	connect_to_directory((size_t) 8 << 20);
	table[1].value = "first";
	ok(agrees(3), "first, in several passes");
	table[1].value = "last";
	ok(agrees(2), "last, in several passes");
	mf_milvus1_connector.close(conn);
}

static void
test_tokens(void)
{
	static const struct
	{
		const char *token;
		const char *sqlstate;
	}			bad[] = {
		{"", MF_INVALID_PARAMETER_VALUE}, {"segments", MF_INVALID_PARAMETER_VALUE}, {"segments=", MF_INVALID_PARAMETER_VALUE},
		{"segments=100,", MF_INVALID_PARAMETER_VALUE}, {"segments=,100", MF_INVALID_PARAMETER_VALUE},
		{"segments=100,101,100", MF_INVALID_PARAMETER_VALUE}, {"segments= 100", MF_OBJECT_NOT_IN_STATE},
		{"segments=10", MF_OBJECT_NOT_IN_STATE}, {"segments=1000", MF_OBJECT_NOT_IN_STATE}, {"segments=100,9", MF_OBJECT_NOT_IN_STATE},
		{"segments=*", MF_OBJECT_NOT_IN_STATE}, {"ALL", MF_INVALID_PARAMETER_VALUE}, {"all ", MF_INVALID_PARAMETER_VALUE},
	};
	char		tokens[MOST_SEGMENTS][200];
	MfError		err;
	int64_t		rows;

	table[1].value = "keep";
	put_directory(4, 30, 0);
	connect_to_directory((size_t) 64 << 20);
	is_int(cut(0, tokens, &rows), 4, "as many parts as segments");
	is_text(tokens[2], "segments=102", "each of one");
	is_int(cut(2, tokens, &rows), 2, "two parts");
	is_text(tokens[0], "segments=100,101", "of two segments each");
	is_int(cut(1, tokens, &rows), 1, "one part");
	is_text(tokens[0], "all", "of all there are");
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
	{
		mf_error_reset(&err);
		ok(read_part(bad[i].token, &err) == MF_ERROR && strcmp(err.sqlstate, bad[i].sqlstate) == 0, "\"%s\" is refused", bad[i].token);
	}
	mf_milvus1_connector.close(conn);
}

int
main(void)
{
	char		path[200];

	if (mkdtemp(root) == NULL)
		return 1;
	snprintf(path, sizeof(path), "%s/tables", root);
	mkdir(path, 0700);
	snprintf(path, sizeof(path), "%s/tables/c", root);
	mkdir(path, 0700);
	test_tokens();
	test_agreement();
	test_passes();
	snprintf(path, sizeof(path), "rm -rf '%s'", root);
	return system(path) == 0 ? tap_done() : 1;
}
