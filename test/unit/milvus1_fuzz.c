/*
 * milvus1_fuzz.c - Can any file of a data directory make the reader read or write where it must not?
 *
 *   milvus1_fuzz [N [SEED]]    N mutated directories (default 400, $MILVUS_FDW_FUZZ); seed 1
 *
 * A small directory is written, one of its files or its metadata is mutated
 * (bits, lengths, headers up to 2^63), and everything is read.  Each must end
 * in rows or in an error, with no more memory than a small multiple of what the
 * files hold.
 */
#include "drive.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <sys/stat.h>

#include "milvus1/milvus1.h"

#define DIM 4
#define ROWS 300
#define MOST_MEMORY ((size_t) 16 << 20)

static char root[] = "/tmp/milvus1_fuzz.XXXXXX";
static uint64_t state;

static uint64_t
next_random(void)
{
	state ^= state << 13;
	state ^= state >> 7;
	return state ^= state << 17;
}

static void
put_file(const char *name, const void *data, size_t len)
{
	char		path[200];
	FILE	   *f;

	snprintf(path, sizeof(path), "%s/%s", root, name);
	f = fopen(path, "wb");
	if (f == NULL || fwrite(data, 1, len, f) != len || fclose(f) != 0)
	{
		perror(path);
		exit(1);
	}
}

static void
put_counted(char *buf, const void *data, uint64_t len)
{
	memcpy(buf, &len, sizeof(len));
	memcpy(buf + sizeof(len), data, len);
}

/* What is mutated: three files of a segment, and the metadata. */
static struct
{
	const char *name;
	char		bytes[8 + ROWS * DIM * 4];
	size_t		len;
}			files[4] = {
	{"tables/c/1/1.rv"}, {"tables/c/1/1.uid"}, {"tables/c/1/deleted_docs"}, {"meta.json"},
};

static const char *const meta =
"{\"format\": \"milvus1-metadata\", \"version\": 1, \"global_lsn\": 9, \"collections\": [{\"name\": \"c\", \"dimension\": 4,"
" \"metric_type\": 1, \"engine_type\": 1, \"index_file_size\": 1024, \"index_params\": \"{}\", \"flag\": 2, \"flush_lsn\": 1,"
" \"partitions\": [{\"tag\": \"p\", \"table_id\": \"d\", \"flush_lsn\": 1}], \"segments\": [{\"table_id\": \"c\","
" \"segment_id\": \"1\", \"engine_type\": 1, \"file_type\": 1, \"row_count\": 297, \"created_on\": 1}]}]}";

static void
make_files(void)
{
	static float vectors[ROWS * DIM];
	static int64_t ids[ROWS];
	static int32_t deleted[] = {5, 17, 5, 299, -1, 300};
	char		path[200];

	for (int i = 0; i < ROWS; i++)
	{
		ids[i] = (i * 7) % ROWS;
		for (int d = 0; d < DIM; d++)
			vectors[i * DIM + d] = (float) (i + d);
	}
	put_counted(files[0].bytes, vectors, sizeof(vectors));
	files[0].len = 8 + sizeof(vectors);
	put_counted(files[1].bytes, ids, sizeof(ids));
	files[1].len = 8 + sizeof(ids);
	put_counted(files[2].bytes, deleted, sizeof(deleted));
	files[2].len = 8 + sizeof(deleted);
	files[3].len = strlen(meta);
	memcpy(files[3].bytes, meta, files[3].len);
	for (int i = 0; i < 3; i++)
	{
		static const char *const directories[] = {"tables", "tables/c", "tables/c/1"};

		snprintf(path, sizeof(path), "%s/%s", root, directories[i]);
		mkdir(path, 0700);
	}
	for (int i = 0; i < 4; i++)
		put_file(files[i].name, files[i].bytes, files[i].len);
}

static size_t
mutate(char *bytes, size_t len)
{
	int			n = 1 + (int) (next_random() % 4);

	while (n-- > 0 && len > 0)
	{
		size_t		at = next_random() % len;

		switch (next_random() % 6)
		{
			case 0:
				bytes[at] ^= (char) (1 << (next_random() % 8));
				break;
			case 1:
				bytes[at] = (char) next_random();
				break;
			case 2:
				len = at;
				break;
			case 3:				/* another length in the header */
				if (len >= 8)
				{
					uint64_t	value = next_random() >> (next_random() % 64);

					memcpy(bytes, &value, sizeof(value));
				}
				break;
			case 4:
				if (len >= 8)
				{
					uint64_t	value = (uint64_t) len - 8 - (next_random() % 32);

					memcpy(bytes, &value, sizeof(value));
				}
				break;
			default:
				if (at + 4 <= len)
				{
					static const int32_t extreme[] = {0, -1, INT32_MAX, INT32_MIN, 1 << 24};

					memcpy(bytes + at, &extreme[next_random() % 5], 4);
				}
		}
	}
	return len;
}

/* ------------------------------------------------------------------- reading */

typedef struct Run
{
	MfScan	   *scan;
	MfBatch    *batch;
} Run;

static MfStatus
step_next(void *arg, MfWaitFor *wait, MfError *err)
{
	Run		   *run = arg;

	return mf_milvus1_connector.scan_next(run->scan, &run->batch, wait, err);
}

/* Rows read, or -1 and *err. */
static int64_t
read_all(const MfOption *table, int noptions, size_t *peak, MfError *err)
{
	static const MfScanColumn columns[] = {
		{"id", "id", MF_KIND_I64}, {"v", "vector", MF_KIND_VEC_F32, MF_KIND_F32, 0, 32}, {"p", "_partition", MF_KIND_TEXT},
		{"o", "_offset", MF_KIND_I64},
	};
	char		meta_option[220];
	MfOption	server[] = {{"directory", root}, {"meta", meta_option}, {"allow_unflushed", "true"}};
	MfOptions	server_options = {3, server};
	MfOptions	table_options = {noptions, table};
	MfMem		mem;
	MfOpenArgs	args = {.size = sizeof(args),.server = "fuzz",.options = &server_options,.mem = &mem};
	MfScanSpec	spec = {.size = sizeof(spec),.options = &table_options,.ncolumns = 4,.columns = columns,.limit = -1,.mem = &mem};
	MfConn	   *conn;
	Run			run = {NULL, NULL};
	MfStatus	status;
	MfError		warning;
	int64_t		rows = 0;

	snprintf(meta_option, sizeof(meta_option), "json:%s/meta.json", root);
	mf_mem_init(&mem, MOST_MEMORY);
	mf_error_reset(err);
	status = mf_milvus1_connector.open(&args, &conn, err);
	if (status == MF_OK)
		status = mf_milvus1_connector.scan_begin(conn, &spec, &run.scan, err);
	while (status == MF_OK && (status = drive(step_next, &run, 10000, err)) == MF_OK)
	{
		rows += run.batch->nrows;
		while (mf_milvus1_connector.scan_warning(run.scan, &warning))
			;
	}
	if (run.scan != NULL)
		mf_milvus1_connector.scan_end(run.scan);
	if (conn != NULL)
		mf_milvus1_connector.close(conn);
	*peak = mem.peak;
	return status == MF_END && mem.used == 0 ? rows : -1;
}

static void
remove_all(void)
{
	static const char *const directories[] = {"tables/c/1", "tables/c", "tables", "."};
	char		path[200];

	for (int i = 0; i < 4; i++)
	{
		snprintf(path, sizeof(path), "%s/%s", root, files[i].name);
		unlink(path);
	}
	for (int i = 0; i < 4; i++)
	{
		snprintf(path, sizeof(path), "%s/%s", root, directories[i]);
		rmdir(i < 3 ? path : root);
	}
}

int
main(int argc, char **argv)
{
	const char *words[] = {"error", "first", "last", "keep"};
	const char *text = argc > 1 ? argv[1] : getenv("MILVUS_FDW_FUZZ");
	long		n = text != NULL ? atol(text) : 400;
	MfOption	table[] = {{"collection", "c"}, {"on_duplicate", "keep"}, {"skip_damaged", "false"}};
	MfError		err;
	size_t		peak;
	size_t		highest = 0;
	long		read = 0;
	long		refused = 0;
	long		silent = 0;

	state = argc > 2 ? strtoull(argv[2], NULL, 10) : 1;
	state = state * UINT64_C(0x9e3779b97f4a7c15) + 1;
	if (mkdtemp(root) == NULL)
		return 1;
	make_files();
	is_int(read_all(table, 3, &peak, &err), ROWS - 3, "the directory as it was made");
	for (long i = 0; i < n; i++)
	{
		char		bytes[sizeof(files[0].bytes)];
		int			which = (int) (next_random() % 4);
		int64_t		rows;

		memcpy(bytes, files[which].bytes, files[which].len);
		put_file(files[which].name, bytes, mutate(bytes, files[which].len));
		table[1].value = words[next_random() % 4];
		table[2].value = next_random() % 2 ? "true" : "false";
		rows = read_all(table, 3, &peak, &err);
		highest = peak > highest ? peak : highest;
		read += rows >= 0;
		refused += rows < 0 && err.message[0] != '\0';
		silent += rows < 0 && err.message[0] == '\0';
		put_file(files[which].name, files[which].bytes, files[which].len);
	}
	ok(read > 0 && refused > 0, "%ld mutated directories: %ld read, %ld refused", n, read, refused);
	is_int(silent, 0, "each that was refused says why, and leaves no memory behind");
	ok(highest < MOST_MEMORY, "at most %zu bytes were taken", highest);
	is_int(read_all(table, 2, &peak, &err) >= 0, 1, "the directory is as it was");
	remove_all();
	return tap_done();
}
