/*
 * file_fuzz.c - Can any file make a file connector crash, hang or eat memory?
 *
 *   file_fuzz faiss|hdf5 ITERATIONS SEED FILE...
 * Mutates the files in turn (cut, flipped bits, sizes up to 2^63, pieces
 * doubled or removed), describes and reads each, and says what came of it.
 * Every mutated file must end in rows or in an error with a SQLSTATE; memory
 * must stay within a small multiple of the file.  What can be read is cut into
 * parts, too, which together must be the same rows.  A helper program that was
 * ended by a signal is counted apart: nothing of it reaches us but the error.
 */
#include <fcntl.h>

#include "drive.h"
#include "src/connector/faiss/faiss.h"

extern const MfConnector mf_hdf5_connector;

#define LIMIT_MS 120000
#define MAX_COLUMNS 32

static uint64_t state;

static uint64_t
any(uint64_t below)
{
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return below ? (state * UINT64_C(0x2545F4914F6CDD1D)) % below : 0;
}

/* ------------------------------------------------------------------- mutations */

static char *
load(const char *path, size_t *len)
{
	FILE	   *f = fopen(path, "rb");
	char	   *data;

	if (f == NULL)
	{
		perror(path);
		exit(2);
	}
	fseek(f, 0, SEEK_END);
	*len = (size_t) ftell(f);
	rewind(f);
	data = malloc(*len * 3 + 4096);
	if (fread(data, 1, *len, f) != *len)
		exit(2);
	fclose(f);
	return data;
}

/* A place, more often near the beginning, where the headers are. */
static size_t
place(size_t len)
{
	return len == 0 ? 0 : any(len < 64 || any(3) == 0 ? len : any(2) ? (len < 256 ? len : 256) : len < 4096 ? len : 4096);
}

static void
put_number(char *data, size_t len)
{
	static const uint64_t numbers[] = {0, 1, 2, 3, 7, 255, 65535, 65536, 1u << 31, UINT64_C(1) << 32, UINT64_C(1) << 40,
		UINT64_C(1) << 61, UINT64_C(1) << 62, UINT64_C(1) << 63, INT64_MAX, UINT64_MAX, UINT64_MAX - 7};
	uint64_t	number = any(4) == 0 ? any(1000) : numbers[any(sizeof(numbers) / sizeof(numbers[0]))];
	size_t		width = any(2) ? 8 : 4;
	size_t		at = place(len);

	if (at + width <= len)
		memcpy(data + at, &number, width);
}

static size_t
mutate(char *data, size_t len)
{
	for (uint64_t n = 1 + any(3); n > 0 && len > 0; n--)
	{
		size_t		at = place(len);
		size_t		piece = 1 + any(len - at < 200 ? len - at : 200);

		switch (any(8))
		{
			case 0:
				len = any(2) ? any(len) : at;
				break;
			case 1:
			case 2:
				data[at] ^= (char) (1 << any(8));
				break;
			case 3:
			case 4:
			case 5:
				put_number(data, len);
				break;
			case 6:
				/* doubled: headers within each other */
				memmove(data + at + piece, data + at, len - at);
				len += piece;
				break;
			default:
				memmove(data + at, data + at + piece, len - at - piece);
				len -= piece;
		}
	}
	return len;
}

/* --------------------------------------------------------------------- reading */

typedef struct Outcome
{
	long		rows;
	long		parts;
	long		files;
	long		errors;
	long		killed;			/* errors because a helper was ended by a signal */
	size_t		peak;
} Outcome;

static const MfConnector *connector;
static Outcome total;
static const char *origin;
static const char *current;
static const char *keep;		/* directory for what ends a helper, from the environment */

typedef struct Running
{
	MfTask	   *task;
	MfScan	   *scan;
	MfBatch    *batch;
} Running;

static MfStatus
step_task(void *arg, MfWaitFor *wait, MfError *err)
{
	return connector->request_step(((Running *) arg)->task, wait, err);
}

static MfStatus
step_scan(void *arg, MfWaitFor *wait, MfError *err)
{
	return connector->scan_next(((Running *) arg)->scan, &((Running *) arg)->batch, wait, err);
}

static void
bad(const char *what, const MfError *err)
{
	fprintf(stderr, "%s: %s %s; %s\n", what, err->sqlstate, err->message, err->detail);
	abort();
}

static void
note_error(const MfError *err)
{
	if (strlen(err->sqlstate) != 5 || err->message[0] == '\0' || strcmp(err->sqlstate, "57014") == 0)
		bad("an error that is none", err);
	total.errors++;
	if (strstr(err->detail, "ended by signal") != NULL || strstr(err->detail, "without getting on") != NULL)
	{
		total.killed++;
		printf("# file %ld, mutated from %s: %s\n", total.files, origin, err->detail);
		if (keep != NULL)
		{
			char		command[8192];

			snprintf(command, sizeof(command), "cp '%s' '%s/%ld'", current, keep, total.files);
			(void) !system(command);
		}
	}
}

/* Of rows, in their order. */
typedef struct Digest
{
	int64_t		rows;
	uint64_t	sum;
} Digest;

static void
add_bytes(Digest *digest, const char *p, size_t len)
{
	for (size_t i = 0; i < len; i++)
		digest->sum = (digest->sum ^ (uint8_t) p[i]) * UINT64_C(0x100000001b3);
}

/* Touch everything, so that a sanitizer sees what is not there. */
static void
look_at(const MfBatch *batch, Digest *digest)
{
	for (int32_t r = 0; r < batch->nrows; r++)
	{
		for (int i = 0; i < batch->ncolumns; i++)
		{
			const MfColumn *col = &batch->columns[i];
			size_t		len = col->width;

			if (col->kind == MF_KIND_LIST)
				add_bytes(digest, mf_fixed_at(col->child, (int32_t) col->offsets[r]),
						  (size_t) (col->offsets[r + 1] - col->offsets[r]) * col->child->width);
			else if (len > 0)
				add_bytes(digest, mf_fixed_at(col, r), len);
			else
			{
				const char *p = mf_varying_at(col, r, &len);

				add_bytes(digest, p, len);
			}
		}
	}
	digest->rows += batch->nrows;
	total.rows += batch->nrows;
}

/* All rows of a scan into the digest; false = an error. */
static bool
read_rows(MfConn *conn, const MfScanSpec *spec, Digest *digest, MfError *err)
{
	Running		running = {NULL};
	MfStatus	status = MF_OK;

	mf_error_reset(err);
	if (connector->scan_begin(conn, spec, &running.scan, err) != MF_OK)
		return false;
	while (status == MF_OK)
	{
		status = drive(step_scan, &running, LIMIT_MS, err);
		if (status == MF_OK)
			look_at(running.batch, digest);
	}
	connector->scan_end(running.scan);
	return status == MF_END;
}

/* ---------------------------------------------------------------------- splits */

/* Not a token of this file, however near to one. */
static void
refuse(MfConn *conn, const MfScanSpec *spec, const char *token)
{
	MfScanSpec	part = *spec;
	Digest		digest = {0};
	MfError		err;

	part.split = token;
	if (read_rows(conn, &part, &digest, &err))
	{
		fprintf(stderr, "split \"%s\" was read\n", token);
		abort();
	}
	if (strcmp(err.sqlstate, "22023") != 0 && strcmp(err.sqlstate, "55000") != 0)
		bad(token, &err);
}

static void
refuse_others(MfConn *conn, const MfScanSpec *spec, const char *path, size_t bytes, int64_t rows)
{
	static const char *const formats[] = {
		"rows=0+%3$lld of=%1$lld bytes=%2$zu file=%4$s", "rows=%1$lld+1 of=%1$lld bytes=%2$zu file=%4$s",
		"rows=0+%1$lld of=%3$lld bytes=%2$zu file=%4$s", "rows=0+0 of=%1$lld bytes=1%2$zu file=%4$s",
		"rows=0+0 of=%1$lld bytes=%2$zu file=%4$s.", "rows=0+0 of=%1$lld bytes=%2$zu file=/%4$s",
		" rows=0+0 of=%1$lld bytes=%2$zu file=%4$s", "rows=0+0 of=%1$lld bytes=%2$zu file=%4$s ",
		"rows=-0+0 of=%1$lld bytes=%2$zu file=%4$s", "rows=00+0 of=%1$lld bytes=%2$zu file=%4$s",
		"rows=0+ of=%1$lld bytes=%2$zu file=%4$s", "rows=0+0  of=%1$lld bytes=%2$zu file=%4$s",
		"rows=0+99999999999999999999 of=%1$lld bytes=%2$zu file=%4$s", "rows=0+0 bytes=%2$zu file=%4$s",
		"rows=0+0 of=%1$lld file=%4$s", "rows=0+0 of=%1$lld bytes=%2$zu", "file=%4$s", "%4$s", ""
	};
	char		token[8192];

	for (size_t i = 0; i < sizeof(formats) / sizeof(formats[0]); i++)
	{
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
#pragma GCC diagnostic ignored "-Wformat-extra-args"
		snprintf(token, sizeof(token), formats[i], (long long) rows, bytes, (long long) rows + 1, path);
#pragma GCC diagnostic pop
		refuse(conn, spec, token);
	}
}

static void
read_parts(MfConn *conn, const MfScanSpec *spec, const Digest *whole, bool intact)
{
	/* libhdf5 makes up values where the place of a chunk is damaged, each time anew */
	bool		same = intact || connector == &mf_faiss_connector;

	MfRequest	request = {.size = sizeof(request),.verb = MF_VERB_SPLIT,.scan = spec,.wanted = (int) any(6)};
	Running		running = {NULL};
	Digest		digest = {0};
	const MfReply *reply;
	MfError		err;

	mf_error_reset(&err);
	if (connector->request_begin(conn, &request, &running.task, &err) != MF_OK ||
		drive(step_task, &running, LIMIT_MS, &err) != MF_OK)
		bad("split", &err);
	reply = connector->request_reply(running.task);
	for (int i = 0; i < reply->nsplits; i++)
	{
		MfScanSpec	part = *spec;
		int64_t		before = digest.rows;

		part.split = reply->splits[i].token;
		if (!reply->splits[i].durable || !read_rows(conn, &part, &digest, &err) ||
			(reply->nsplits > 1 && digest.rows - before != reply->splits[i].rows))
			bad(part.split, &err);
	}
	if (reply->nsplits < 1 || digest.rows != whole->rows || (same && digest.sum != whole->sum))
	{
		fprintf(stderr, "%d splits of %lld rows, the whole has %lld, or others\n", reply->nsplits, (long long) digest.rows,
				(long long) whole->rows);
		abort();
	}
	total.parts += reply->nsplits;
	connector->request_end(running.task);
}

/* ------------------------------------------------------------------------ files */

static void
scan(MfConn *conn, MfMem *mem, const MfOptions *options, const MfCollection *c, size_t len, bool intact)
{
	MfScanColumn columns[MAX_COLUMNS];
	MfScanSpec	spec = {.size = sizeof(spec),.options = options,.columns = columns,.limit = -1,.mem = mem};
	Digest		digest = {0};
	MfError		err;

	/* datasets may differ in rows, so mostly one alone */
	int			only = connector == &mf_faiss_connector || any(4) == 0 ? -1 : (int) any((uint64_t) c->nfields);

	for (int i = 0; i < c->nfields && spec.ncolumns < MAX_COLUMNS; i++)
	{
		const MfField *f = &c->fields[i];

		if ((only < 0 || i == only) && f->skip == NULL && f->kind != MF_KIND_NONE)
			columns[spec.ncolumns++] = (MfScanColumn) {
				.column = f->name,.field = f->name,.kind = f->kind,.elem = f->elem,.headroom = 24
			};
	}
	if (!read_rows(conn, &spec, &digest, &err))
		note_error(&err);
	else
	{
		read_parts(conn, &spec, &digest, intact);
		if (intact)
			refuse_others(conn, &spec, options->items[0].value, len, digest.rows);
	}
}

static void
try(const char *path, size_t len, bool intact)
{
	MfMem		mem;
	MfConn	   *conn;
	MfOption	items[] = {{"filename", path}, {"allow_lossy", "true"}};
	MfOptions	options = {2, items};
	MfOpenArgs	args = {.size = sizeof(args),.server = "fuzz",.mem = &mem};
	MfRequest	request = {.size = sizeof(request),.verb = MF_VERB_DESCRIBE,.collection = path,.options = &options};
	Running		running = {NULL};
	MfError		err;

	mf_error_reset(&err);
	mf_mem_init(&mem, SIZE_MAX / 2);
	if (connector->open(&args, &conn, &err) != MF_OK)
		bad("open", &err);
	total.files++;
	if (connector->request_begin(conn, &request, &running.task, &err) != MF_OK)
		note_error(&err);
	else
	{
		if (drive(step_task, &running, LIMIT_MS, &err) == MF_OK)
			scan(conn, &mem, &options, &connector->request_reply(running.task)->collections[0], len, intact);
		else
			note_error(&err);
		connector->request_end(running.task);
	}
	connector->close(conn);
	if (mem.used != 0)
		bad("memory is left", &err);
	/* buffers of a fixed size, and batches of at least 64 rows that are in the file */
	if (mem.peak > 16 * 1024 * 1024 + len * 200)
	{
		fprintf(stderr, "%zu bytes of memory for a file of %zu\n", mem.peak, len);
		abort();
	}
	if (mem.peak > total.peak)
		total.peak = mem.peak;
}

/* A thousand maps of ids within each other, which libfaiss would follow. */
static size_t
nested(char *data)
{
	size_t		n = 0;

	for (int i = 0; i < 1000; i++)
	{
		memset(data + n, 0, 37);
		memcpy(data + n, "IxMp\4\0\0\0", 8);
		n += 37;
	}
	return n;
}

int
main(int argc, char **argv)
{
	char		path[] = "/tmp/file_fuzz.XXXXXX";
	int			fd = mkstemp(path);
	long		iterations = argc > 2 ? atol(argv[2]) : 0;
	double		start = drive_now();

	keep = getenv("FILE_FUZZ_KEEP");
	if (argc < 5 || fd < 0)
	{
		fprintf(stderr, "file_fuzz faiss|hdf5 ITERATIONS SEED FILE...\n");
		return 2;
	}
	connector = strcmp(argv[1], "faiss") == 0 ? &mf_faiss_connector : &mf_hdf5_connector;
	state = strtoull(argv[3], NULL, 10) * UINT64_C(0x9E3779B97F4A7C15) + 1;
	for (long i = 0; i < iterations; i++)
	{
		size_t		len;
		char	   *data = load(argv[4 + i % (argc - 4)], &len);

		if (i == 1 && connector == &mf_faiss_connector)
		{
			data = realloc(data, 64 * 1024);
			len = nested(data);
		}
		else if (i >= argc - 4)	/* each file once as it is */
			len = mutate(data, len);
		if (ftruncate(fd, 0) != 0 || pwrite(fd, data, len, 0) != (ssize_t) len)
			return 2;
		free(data);
		origin = argv[4 + i % (argc - 4)];
		current = path;
		try(path, len, i < argc - 4 && i != 1);
	}
	unlink(path);
	printf("# %s: %ld files from seed %s in %.0f s: %ld errors (%ld of them because a helper was ended by a signal), "
		   "%ld rows read, %ld parts, at most %zu kB of memory\n", argv[1], total.files, argv[3], (drive_now() - start) / 1000,
		   total.errors, total.killed, total.rows, total.parts, total.peak / 1024);
	printf("ok 1 - %ld mutated %s files\n1..1\n", total.files, argv[1]);
	return 0;
}
