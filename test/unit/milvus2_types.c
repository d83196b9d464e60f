/*
 * milvus2_types.c - Is each type, on the wire and in columns, what pymilvus, numpy and ml_dtypes say it is?
 *
 * milvus2_types.py writes what they say.  A reply made of pymilvus's messages is read into columns, the columns are
 * held against numpy's bytes, written as an Insert, and that against what pymilvus sends.  Then the reply is changed
 * at random: whatever comes of it, nothing beyond its last byte is read.
 */
#include <sys/stat.h>

#include "../../src/connector/milvus2/encode.h"
#include "../../src/include/half.h"
#include "drive.h"

#define ROWS 4

static MfMem mem;
static char dir[200];

#define is_count(got, wanted, ...) ok((long long) (got) == (long long) (wanted), __VA_ARGS__)

static uint8_t *
load(const char *name, const char *suffix, size_t *len)
{
	char		path[400];
	FILE	   *file;
	uint8_t    *bytes;

	snprintf(path, sizeof(path), "%s/%s%s", dir, name, suffix);
	file = fopen(path, "rb");
	if (file == NULL || fseek(file, 0, SEEK_END) != 0)
	{
		printf("Bail out! %s is not there\n", path);
		exit(1);
	}
	*len = (size_t) ftell(file);
	rewind(file);
	bytes = malloc(*len > 0 ? *len : 1);
	if (fread(bytes, 1, *len, file) != *len)
		exit(1);
	fclose(file);
	return bytes;
}

static bool
make_fixtures(void)
{
	char		command[800];
	const char *cache = getenv("MILVUS_FDW_CACHE");

	snprintf(dir, sizeof(dir), "/tmp/milvus2_types.%d", (int) getpid());
	if (mkdir(dir, 0700) != 0)
		return false;
	snprintf(command, sizeof(command), "%s/lite/bin/python test/unit/milvus2_types.py %s",
			 cache != NULL ? cache : "/var/cache/milvus_fdw", dir);
	return system(command) == 0;
}

static void
remove_fixtures(void)
{
	char		command[300];

	snprintf(command, sizeof(command), "rm -rf %s", dir);
	if (system(command) != 0)
		printf("# %s is left behind\n", dir);
}

/* ------------------------------------------------------------------- values */

typedef struct Buf
{
	uint8_t		bytes[65536];
	size_t		len;
} Buf;

static void
add(Buf *buf, const void *bytes, size_t len)
{
	if (len > 0)
		memcpy(buf->bytes + buf->len, bytes, len);
	buf->len += len;
}

static void
add_value(Buf *buf, const MfColumn *col, int32_t row)
{
	uint32_t	n;
	size_t		len;

	if (col->kind == MF_KIND_LIST)
	{
		n = (uint32_t) (col->offsets[row + 1] - col->offsets[row]);
		add(buf, &n, sizeof(n));
		for (uint32_t i = 0; i < n; i++)
			add_value(buf, col->child, (int32_t) col->offsets[row] + (int32_t) i);
	}
	else if (col->width > 0)
		add(buf, mf_fixed_at(col, row), col->width);
	else
	{
		const char *bytes = mf_varying_at(col, row, &len);

		n = (uint32_t) len;
		add(buf, &n, sizeof(n));
		add(buf, bytes, len);
	}
}

/* JSON's white space and ways to write a number differ: both without the first, and as PostgreSQL would read them. */
static bool
same_json(const char *a, size_t alen, const char *b, size_t blen)
{
	size_t		i = 0;
	size_t		j = 0;
	bool		in_text = false;

	for (;;)
	{
		while (!in_text && i < alen && a[i] == ' ')
			i++;
		while (!in_text && j < blen && b[j] == ' ')
			j++;
		if (i == alen || j == blen)
			return i == alen && j == blen;
		if (!in_text && ((a[i] >= '0' && a[i] <= '9') || a[i] == '-'))
		{
			char	   *aend;
			char	   *bend;

			if (strtod(a + i, &aend) != strtod(b + j, &bend))
				return false;
			i = (size_t) (aend - a);
			j = (size_t) (bend - b);
			continue;
		}
		if (a[i] != b[j])
			return false;
		if (in_text && a[i] == '\\')
		{
			i++;
			j++;
			if (i == alen || j == blen || a[i] != b[j])
				return false;
		}
		else
			in_text ^= a[i] == '"';
		i++;
		j++;
	}
}

static void
check_values(const MfField *field, const MfColumn *col)
{
	static Buf	got;
	size_t		len;
	uint8_t    *expected = load(field->name, ".values", &len);
	bool		good;

	got.len = 0;
	for (int32_t row = 0; row < col->nrows; row++)
	{
		if (mf_column_state(col, row) == MF_VALUE_PRESENT)
			add_value(&got, col, row);
	}
	good = got.len == len && memcmp(got.bytes, expected, len) == 0;
	if (field->nmembers > 0)
	{
		size_t		at = 0;

		good = true;
		for (int32_t row = 0; row < col->nrows && good; row++)
		{
			uint32_t	n;
			size_t		textlen;
			const char *text = mf_varying_at(col, row, &textlen);

			if (mf_column_state(col, row) != MF_VALUE_PRESENT)
				continue;
			memcpy(&n, expected + at, sizeof(n));
			good = same_json(text, textlen, (char *) expected + at + 4, n);
			if (!good)
				printf("# %.*s\n# %.*s\n", (int) textlen, text, (int) n, (char *) expected + at + 4);
			at += 4 + n;
		}
		good &= at == len;
	}
	ok(good, "%s: values of %s are read", field->name, field->native);
	free(expected);
	if (col->kind != MF_KIND_VEC_F16 && col->kind != MF_KIND_VEC_BF16)
		return;
	expected = load(field->name, ".floats", &len);
	for (int32_t row = 0, at = 0; row < col->nrows; row++)
	{
		for (int32_t i = 0; i < col->dim; i++, at++)
		{
			uint16_t	half;
			float		f;

			memcpy(&half, (char *) mf_fixed_at(col, row) + 2 * (size_t) i, sizeof(half));
			f = col->kind == MF_KIND_VEC_F16 ? mf_half_value(half) : mf_bfloat_value(half);
			good &= memcmp(&f, expected + 4 * (size_t) at, sizeof(f)) == 0;
		}
	}
	ok(good, "%s: as float32 too", field->name);
	free(expected);
}

/* ------------------------------------------------------------ the whole way */

static M2Schema schema;
static MfArena arena;

static void
read_schema(void)
{
	size_t		len;
	uint8_t    *bytes = load("schema", "", &len);
	M2__DescribeCollectionResponse *reply = m2__describe_collection_response__unpack(NULL, len, bytes);

	arena.mem = &mem;
	ok(reply != NULL && m2_schema_build(&arena, reply, &schema), "a schema of every type");
	m2__describe_collection_response__free_unpacked(reply, NULL);
	free(bytes);
	for (int i = 0; i < schema.collection.nfields; i++)
	{
		const MfField *field = &schema.collection.fields[i];

		if (strcmp(field->name, "bm25") == 0)
			ok(field->kind == MF_KIND_NONE && strcmp(field->skip, M2_BY_FUNCTION) == 0, "what a function makes is no column");
		else
			ok(field->kind != MF_KIND_NONE && field->skip == NULL, "%s is %s", field->name, field->native);
	}
}

static M2ReadColumn
column_plan(const MfField *field, size_t headroom)
{
	M2ReadColumn plan = {.field = field->name,.type = m2_type_of(field),.elem_type = m2_type_of_elements(field),
		.dim = field->dim,.described = field,.headroom = mf_kind_is_vector(field->kind) ? headroom : 0};

	plan.kind = m2_deliver(plan.type, plan.elem_type, field->kind, field->elem, &plan.elem);
	return plan;
}

/* Fields of a reply into the columns; how many were whole. */
static int
read_reply(const uint8_t *bytes, size_t len, MfBatch *batch, int32_t take, MfError *err)
{
	M2QueryReply reply;
	int			whole = 0;

	mf_batch_reset(batch);
	if (m2_query_reply(&mem, bytes, len, &reply, err) != MF_OK)
		return -1;
	for (int i = 0; i < schema.collection.nfields; i++)
	{
		const MfField *field = &schema.collection.fields[i];
		M2ReadColumn plan = column_plan(field, batch->columns[i].headroom);
		const M2FieldReply *answer = m2_reply_field(&reply, field->name);

		if (answer == NULL || field->kind == MF_KIND_NONE)
			continue;
		if (m2_read_field(&mem, answer, &plan, ROWS, take, &batch->columns[i], err) == MF_OK)
			whole += batch->columns[i].nrows == take;
	}
	mf_free(&mem, reply.fields);
	return whole;
}

static MfBatch *
new_batch(size_t headroom)
{
	MfBatch    *batch = mf_batch_new(&mem, schema.collection.nfields);

	for (int i = 0; i < schema.collection.nfields; i++)
	{
		const MfField *field = &schema.collection.fields[i];
		M2ReadColumn plan = column_plan(field, headroom);

		mf_column_init(batch, i, field->kind == MF_KIND_NONE ? MF_KIND_BOOL : plan.kind, plan.elem, plan.dim, plan.headroom);
	}
	return batch;
}

/* The FieldData of this name in an InsertRequest. */
static M2Span
sent_field(const uint8_t *body, size_t len, const char *name)
{
	M2Reader	r = m2_reader((M2Span) {body, len});
	uint32_t	field;
	int			wire;

	while (m2_read_tag(&r, &field, &wire))
	{
		M2Span		span;
		M2Reader	inner;
		uint32_t	number;

		if (field != 5)
		{
			m2_skip(&r, wire);
			continue;
		}
		span = m2_read_span(&r);
		inner = m2_reader(span);
		while (m2_read_tag(&inner, &number, &wire))
		{
			M2Span		text;

			if (number != 2)
			{
				m2_skip(&inner, wire);
				continue;
			}
			text = m2_read_span(&inner);
			if (text.len == strlen(name) && memcmp(text.at, name, text.len) == 0)
				return span;
		}
	}
	return (M2Span) {NULL, 0};
}

static void
show(const char *what, const uint8_t *at, size_t len)
{
	printf("# %s", what);
	for (size_t i = 0; i < len && i < 400; i++)
		printf(" %02x", at[i]);
	printf("\n");
}

static void
check_sent(MfBatch *batch)
{
	MfWriteColumn columns[64] = {0};
	MfBatch		all = *batch;	/* what is no column at the end */
	MfBatch    *written = &all;
	MfWriteSpec spec = {.size = sizeof(spec),.collection = &schema.collection,.columns = columns,.mem = &mem};
	M2WritePlan plan;
	MfError		err;
	uint8_t    *body = NULL;
	size_t		len = 0;

	mf_error_reset(&err);
	for (int i = 0, n = 0; i < schema.collection.nfields; i++)
	{
		const MfField *field = &schema.collection.fields[i];

		if (field->kind == MF_KIND_NONE)
			continue;
		if (n < i)
		{
			MfColumn	swap = batch->columns[n];

			batch->columns[n] = batch->columns[i];
			batch->columns[i] = swap;
		}
		columns[n++] = (MfWriteColumn) {field->name, field};
		spec.ncolumns = n;
	}
	written->nrows = ROWS;
	written->first_row = 1;
	if (!ok(m2_plan_init(&plan, &spec, &mem, &err) == MF_OK, "a plan to write all"))
		show_error(&err);
	plan.version = M2_VERSION(2, 6, 18);
	if (!ok(m2_encode_insert("", "all", &plan, written, 0, ROWS, &body, &len, &err) == MF_OK, "all is written"))
		show_error(&err);
	for (int i = 0; i < spec.ncolumns; i++)
	{
		size_t		elen;
		uint8_t    *expected = load(columns[i].column, ".insert", &elen);
		M2Span		span = body != NULL ? sent_field(body, len, columns[i].column) : (M2Span) {NULL, 0};

		if (!ok(span.len == elen && memcmp(span.at, expected, elen) == 0, "%s: the bytes are pymilvus's", columns[i].column))
		{
			show("ours  ", span.at, span.len);
			show("theirs", expected, elen);
		}
		free(expected);
	}
	free(body);
	m2_plan_free(&plan);
}

static void
whole_way(void)
{
	size_t		len;
	uint8_t    *reply = load("reply", "", &len);
	MfError		err;

	for (size_t headroom = 0; headroom <= 24; headroom += 24)
	{
		MfBatch    *batch = new_batch(headroom);
		MfBatch    *part = new_batch(headroom);
		int			whole;

		mf_error_reset(&err);
		whole = read_reply(reply, len, batch, ROWS, &err);
		if (!is_count(whole, schema.collection.nfields - 1, "all fields are read (headroom %zu)", headroom))
			show_error(&err);
		is_count(read_reply(reply, len, part, 2, &err), schema.collection.nfields - 1, "and half of the rows alone");
		for (int i = 0; i < schema.collection.nfields; i++)
		{
			if (schema.collection.fields[i].kind != MF_KIND_NONE)
				check_values(&schema.collection.fields[i], &batch->columns[i]);
		}
		if (headroom == 0)
			check_sent(batch);
		mf_batch_free(batch);
		mf_batch_free(part);
	}
	free(reply);
}

/* ------------------------------------------------------------ refused values */

static void
structs(void)
{
	static const struct
	{
		const char *json;
		const char *sqlstate;
	}			cases[] = {
		{"{}", MF_INVALID_JSON}, {"[1]", MF_INVALID_JSON}, {"[{}]", MF_NOT_NULL_VIOLATION}, {"[{\"x\": 1}]", MF_INVALID_JSON},
		{"[{\"n\": 1.5}]", MF_DATA_EXCEPTION}, {"[{\"n\": 2147483648}]", MF_NUMERIC_OUT_OF_RANGE}, {"[{\"n\": null}]", MF_INVALID_JSON},
		{"[{\"n\": 1, \"n\": 2}]", MF_INVALID_JSON}, {"[{\"v\": [1]}]", MF_DATA_EXCEPTION}, {"[{\"v\": [1, 1e39]}]", MF_NUMERIC_OUT_OF_RANGE},
		{"[{\"h\": [65520, 1]}]", MF_NUMERIC_OUT_OF_RANGE}, {"[{\"i8\": [128, 0]}]", MF_NUMERIC_OUT_OF_RANGE}, {"[{\"bits\": \"1\"}]", MF_DATA_EXCEPTION},
		{"[{\"bits\": \"1234567x\"}]", MF_INVALID_JSON}, {"[{\"t\": \"0123456789012345678901234567890\"}]", MF_STRING_TOO_LONG},
		{"[{\"t\": 1}]", MF_INVALID_JSON}, {"[{\"b\": 1}]", MF_INVALID_JSON}, {"[{\"d\": 1e999}]", MF_NUMERIC_OUT_OF_RANGE}, {"[", MF_INVALID_JSON},
		{"[] x", MF_INVALID_JSON}, {"", MF_INVALID_JSON},
	};
	int			n = m2_field_index(&schema.collection, "st");
	MfCollection one = {.name = "all",.nfields = 1,.fields = &schema.collection.fields[n]};
	MfWriteColumn column = {"st", one.fields};
	MfWriteSpec spec = {.size = sizeof(spec),.collection = &one,.ncolumns = 1,.columns = &column,.mem = &mem};
	M2WritePlan plan;
	MfError		err;
	int			good = 0;

	mf_error_reset(&err);
	m2_plan_init(&plan, &spec, &mem, &err);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
	{
		MfBatch    *batch = mf_batch_new(&mem, 1);
		uint8_t    *body = NULL;
		size_t		len;
		bool		as_expected;

		mf_column_init(batch, 0, MF_KIND_JSON, MF_KIND_NONE, 0, 0);
		mf_append_bytes(&mem, &batch->columns[0], "[]", 2);
		mf_append_bytes(&mem, &batch->columns[0], cases[i].json, strlen(cases[i].json));
		batch->nrows = 2;
		batch->first_row = 1;
		mf_error_reset(&err);
		as_expected = m2_encode_insert("", "all", &plan, batch, 0, 2, &body, &len, &err) == MF_ERROR &&
			strcmp(err.sqlstate, cases[i].sqlstate) == 0 && err.row == 2 && strcmp(err.column, "st") == 0;
		if (!as_expected)
		{
			printf("# %s\n", cases[i].json);
			show_error(&err);
		}
		good += as_expected;
		free(body);
		mf_batch_free(batch);
	}
	is_count(good, sizeof(cases) / sizeof(cases[0]), "structs that are wrong are refused, each at its row");
	m2_plan_free(&plan);
}

static void
times(void)
{
	char		text[28];
	int64_t		us;
	int64_t		wrong = 0;
	uint64_t	state = 42;

	ok(!m2_time_ok(INT64_C(-62135596800000001)) && m2_time_ok(INT64_C(-62135596800000000)) &&
	   m2_time_ok(INT64_C(253402300799999999)) && !m2_time_ok(INT64_C(253402300800000000)), "times from year 1 to 9999");
	for (int i = 0; i < 100000; i++)
	{
		int64_t		t;

		state = state * UINT64_C(6364136223846793005) + 1442695040888963407;
		t = (int64_t) (state >> 1) % INT64_C(315537897600000000) - INT64_C(62135596800000000);
		m2_time_text(t, text);
		wrong += !mf_json_date(text, 27, MF_DATE_ISO, &us) || us != t;
	}
	is_count(wrong, 0, "100000 times are read back as they were written");
}

/* -------------------------------------------------------------- two bytes */

static void
halves(void)
{
	size_t		len;
	uint8_t    *widen = load("widen", "", &len);
	uint8_t    *narrow = load("narrow", "", &len);
	uint32_t	counts[2];
	const uint8_t *at = narrow + 8;
	int64_t		wrong = 0;

	for (uint32_t i = 0; i < 65536; i++)
	{
		float		h = mf_half_value((uint16_t) i);
		float		b = mf_bfloat_value((uint16_t) i);

		wrong += memcmp(&h, widen + 4 * (size_t) i, 4) != 0;
		wrong += memcmp(&b, widen + 4 * (size_t) (65536 + i), 4) != 0;
	}
	is_count(wrong, 0, "every half and every bfloat16 is the float that numpy says");
	memcpy(counts, narrow, sizeof(counts));
	wrong = 0;
	for (uint32_t i = 0; i < counts[0]; i++)
	{
		double		d;
		uint16_t	expected;
		uint16_t	got = 0;
		bool		fits;

		memcpy(&d, at + 8 * (size_t) i, 8);
		memcpy(&expected, at + 8 * (size_t) counts[0] + 2 * (size_t) i, 2);
		fits = mf_half_of(d, &got);
		wrong += fits ? got != expected : (expected & 0x7FFF) != 0x7C00;
		wrong += fits && (expected & 0x7FFF) == 0x7C00 && d - d == 0;
	}
	is_count(wrong, 0, "%u numbers become the halves that numpy says", counts[0]);
	at += 10 * (size_t) counts[0];
	wrong = 0;
	for (uint32_t i = 0; i < counts[1]; i++)
	{
		float		f;
		uint16_t	expected;
		uint16_t	got = 0;
		bool		fits;

		memcpy(&f, at + 4 * (size_t) i, 4);
		memcpy(&expected, at + 4 * (size_t) counts[1] + 2 * (size_t) i, 2);
		fits = mf_bfloat_of(f, &got);
		wrong += fits ? got != expected : (expected & 0x7FFF) != 0x7F80;
		wrong += fits && (expected & 0x7FFF) == 0x7F80 && f - f == 0;
	}
	is_count(wrong, 0, "%u floats become the bfloat16 that ml_dtypes says", counts[1]);
	free(widen);
	free(narrow);
}

/* ----------------------------------------------------------------- changed */

static uint64_t seed = 1;

static uint32_t
draw(uint32_t below)
{
	seed = seed * UINT64_C(6364136223846793005) + 1442695040888963407;
	return (uint32_t) ((seed >> 33) % below);
}

/* Each changed reply is read from a block of exactly its size: the sanitizer sees a step too far. */
static void
fuzz(long count)
{
	size_t		len;
	uint8_t    *reply = load("reply", "", &len);
	MfBatch    *batch = new_batch(24);
	long		survived = 0;

	for (long i = 0; i < count; i++)
	{
		size_t		newlen = draw(10) == 0 ? draw((uint32_t) len) + 1 : len;
		uint8_t    *copy = malloc(newlen);
		MfError		err;

		memcpy(copy, reply, newlen);
		for (uint32_t changes = 1 + draw(4); changes > 0; changes--)
		{
			uint8_t		edge[] = {0, 1, 0x7F, 0x80, 0xFF, 8, 2};

			copy[draw((uint32_t) newlen)] = draw(2) ? edge[draw(sizeof(edge))] : (uint8_t) draw(256);
		}
		mf_error_reset(&err);
		read_reply(copy, newlen, batch, (int32_t) draw(ROWS + 1), &err);
		survived++;
		free(copy);
	}
	is_count(survived, count, "%ld changed replies were survived", count);
	mf_batch_free(batch);
	free(reply);
}

int
main(int argc, char **argv)
{
	mf_mem_init(&mem, (size_t) 256 << 20);
	if (argc > 2)
		seed = strtoull(argv[2], NULL, 10);
	if (!ok(make_fixtures(), "fixtures are made"))
		return tap_done();
	read_schema();
	whole_way();
	structs();
	times();
	halves();
	fuzz(argc > 1 ? atol(argv[1]) : 20000);
	mf_arena_free(&arena);
	remove_fixtures();
	is_count(mem.used, 0, "no memory is left behind");
	return tap_done();
}
