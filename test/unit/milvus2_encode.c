/*
 * milvus2_encode.c - Are the bytes that we write and read by hand what protobuf-c takes them for?
 *
 * And what do broken answers do?  Each is read from a block of exactly its
 * size, so that the address sanitizer sees a step too far.
 */
#include <math.h>

#include "../../src/connector/milvus2/internal.h"
#include "drive.h"

#define ROWS 9
#define DIM 3

static MfMem mem;

static MfField fields[] = {
	{.name = "id",.kind = MF_KIND_I64,.key = true},
	{.name = "b",.kind = MF_KIND_BOOL},
	{.name = "i8",.kind = MF_KIND_I8},
	{.name = "i16",.kind = MF_KIND_I16},
	{.name = "i32",.kind = MF_KIND_I32},
	{.name = "f",.kind = MF_KIND_F32},
	{.name = "d",.kind = MF_KIND_F64},
	{.name = "t",.kind = MF_KIND_TEXT,.max_bytes = 100},
	{.name = "j",.kind = MF_KIND_JSON},
	{.name = "v",.kind = MF_KIND_VEC_F32,.dim = DIM},
	{.name = "n32",.kind = MF_KIND_I32,.nullable = true},
	{.name = "nt",.kind = MF_KIND_TEXT,.max_bytes = 100,.nullable = true},
	{.name = "$meta",.kind = MF_KIND_JSON,.dynamic = true},
};
#define NFIELDS ((int) (sizeof(fields) / sizeof(fields[0])))

static MfField color = {.name = "co\"lor",.kind = MF_KIND_TEXT,.nullable = true};
static MfCollection collection = {.name = "docs",.dynamic = true,.nfields = NFIELDS,.fields = fields};
static MfWriteColumn columns[NFIELDS + 1];
static MfWriteSpec spec = {sizeof(spec), NULL, &collection, NFIELDS + 1, columns, 1, &mem};

static const int64_t ids[ROWS] = {INT64_MIN, -1, 0, 1, 127, 128, 16384, INT64_C(1) << 56, INT64_MAX - 1};

static void
varints(void)
{
	static const uint64_t edges[] = {0, 1, 127, 128, 16383, 16384, 2097151, 2097152, 268435455, 268435456,
		UINT64_C(1) << 35, (UINT64_C(1) << 35) - 1, UINT64_C(1) << 42, UINT64_C(1) << 49, (UINT64_C(1) << 56) - 1,
	UINT64_C(1) << 56, UINT64_C(1) << 63, UINT64_MAX};
	int			good = 0;
	int			refused = 0;
	uint8_t		longest[11];
	M2Reader	r;

	for (size_t i = 0; i < sizeof(edges) / sizeof(edges[0]); i++)
	{
		uint8_t		buf[16];
		uint8_t    *end = m2_put_varint(buf, edges[i]);
		size_t		len = (size_t) (end - buf);

		r = m2_reader((M2Span) {buf, len});
		good += len == m2_varint_size(edges[i]) && m2_read_varint(&r) == edges[i] && !r.bad && r.p == r.end;
		r = m2_reader((M2Span) {buf, len - 1});
		m2_read_varint(&r);
		refused += r.bad;
	}
	is_int(good, sizeof(edges) / sizeof(edges[0]), "varints at their edges come back, of the size foretold");
	is_int(refused, sizeof(edges) / sizeof(edges[0]), "and are bad without their last byte");
	memset(longest, 0x80, sizeof(longest));
	r = m2_reader((M2Span) {longest, sizeof(longest)});
	m2_read_varint(&r);
	ok(r.bad, "a varint without an end is bad");
}

static MfBatch *
new_batch(size_t headroom)
{
	MfBatch    *b = mf_batch_new(&mem, NFIELDS + 1);

	for (int i = 0; i <= NFIELDS; i++)
	{
		const MfField *f = i < NFIELDS ? &fields[i] : &color;

		columns[i] = (MfWriteColumn) {f->name, f};
		mf_column_init(b, i, f->kind, f->elem, f->dim, mf_kind_is_vector(f->kind) ? headroom : 0);
	}
	for (int row = 0; row < ROWS; row++)
	{
		uint8_t		yes = row % 2;
		int8_t		i8 = (int8_t) (row * 31 - 128);
		int16_t		i16 = (int16_t) (row * 8000 - 32768);
		int32_t		i32 = row == 0 ? INT32_MIN : row == 1 ? INT32_MAX : row - 4;
		float		f = (float) row / 3;
		double		d = row == 0 ? 5e-324 : (double) row / 7;
		char		text[40];
		int			len = snprintf(text, sizeof(text), "row %d", row);
		float	   *v;

		mf_append_fixed(&mem, &b->columns[0], &ids[row]);
		mf_append_fixed(&mem, &b->columns[1], &yes);
		mf_append_fixed(&mem, &b->columns[2], &i8);
		mf_append_fixed(&mem, &b->columns[3], &i16);
		mf_append_fixed(&mem, &b->columns[4], &i32);
		mf_append_fixed(&mem, &b->columns[5], &f);
		mf_append_fixed(&mem, &b->columns[6], &d);
		mf_append_bytes(&mem, &b->columns[7], text, row == 0 ? 0 : row == 1 ? 3 : (size_t) len);
		mf_append_bytes(&mem, &b->columns[8], "{\"a\":1}", 7);
		v = mf_append_vector(&mem, &b->columns[9]);
		for (int i = 0; i < DIM; i++)
			v[i] = (float) (row * DIM + i) / 9;
		if (row % 3 == 0)
		{
			mf_append_state(&mem, &b->columns[10], MF_VALUE_NULL);
			mf_append_state(&mem, &b->columns[11], row == 0 ? MF_VALUE_NULL : MF_VALUE_ABSENT);
		}
		else
		{
			mf_append_fixed(&mem, &b->columns[10], &i32);
			mf_append_bytes(&mem, &b->columns[11], text, (size_t) len);
		}
		if (row == 2)
			mf_append_state(&mem, &b->columns[12], MF_VALUE_NULL);
		else
			mf_append_bytes(&mem, &b->columns[12], row == 1 ? " { } " : "{\"x\": 1 }", row == 1 ? 5 : 9);
		if (row < 3)
			mf_append_state(&mem, &b->columns[13], row == 0 ? MF_VALUE_NULL : MF_VALUE_ABSENT);
		else
			mf_append_bytes(&mem, &b->columns[13], "r\"\n", 3);
	}
	b->nrows = ROWS;
	b->first_row = 1;
	return b;
}

static bool
same_bytes(const ProtobufCBinaryData *data, const char *text, size_t len)
{
	return data->len == len && (len == 0 || memcmp(data->data, text, len) == 0);
}

/* Rows first .. first + count - 1 as protobuf-c reads them. */
static int
wrong_values(const M2__InsertRequest *r, const MfBatch *b, int first, int count)
{
	int			wrong = 0;
	int			there = 0;

	for (int i = 0; i < count; i++)
	{
		int			row = first + i;
		size_t		len;
		const char *text = mf_varying_at(&b->columns[7], row, &len);
		int32_t		i32 = *(int32_t *) mf_fixed_at(&b->columns[4], row);
		float		f;
		double		d;

		memcpy(&f, mf_fixed_at(&b->columns[5], row), 4);
		memcpy(&d, mf_fixed_at(&b->columns[6], row), 8);
		wrong += r->fields_data[0]->scalars->long_data->data[i] != ids[row];
		wrong += r->fields_data[1]->scalars->bool_data->data[i] != row % 2;
		wrong += r->fields_data[2]->scalars->int_data->data[i] != row * 31 - 128;
		wrong += r->fields_data[3]->scalars->int_data->data[i] != row * 8000 - 32768;
		wrong += r->fields_data[4]->scalars->int_data->data[i] != i32;
		wrong += r->fields_data[5]->scalars->float_data->data[i] != f;
		wrong += r->fields_data[6]->scalars->double_data->data[i] != d;
		wrong += !same_bytes(&r->fields_data[7]->scalars->string_data->data[i], text, len);
		wrong += !same_bytes(&r->fields_data[8]->scalars->json_data->data[i], "{\"a\":1}", 7);
		wrong += memcmp(&r->fields_data[9]->vectors->float_vector->data[i * DIM],
						mf_fixed_at(&b->columns[9], row), sizeof(float) * DIM) != 0;
		wrong += r->fields_data[10]->valid_data[i] != (row % 3 != 0);
		wrong += r->fields_data[11]->valid_data[i] != (row % 3 != 0);
		if (row % 3 != 0)
		{
			text = mf_varying_at(&b->columns[11], row, &len);
			wrong += r->fields_data[10]->scalars->int_data->data[there] != i32;
			wrong += !same_bytes(&r->fields_data[11]->scalars->string_data->data[there], text, len);
			there++;
		}
	}
	wrong += r->fields_data[10]->scalars->int_data->n_data != (size_t) there;
	wrong += r->fields_data[9]->vectors->dim != DIM;
	wrong += r->fields_data[10]->n_valid_data != (size_t) count;
	wrong += r->fields_data[0]->n_valid_data != 0;
	return wrong;
}

static void
encode(size_t headroom)
{
	M2WritePlan plan;
	MfBatch    *b = new_batch(headroom);
	MfError		err;
	int			wrong = 0;
	int			rounds = 0;

	mf_error_reset(&err);
	if (!ok(m2_plan_init(&plan, &spec, &mem, &err) == MF_OK, "a plan"))
		show_error(&err);
	for (int first = 0; first < ROWS; first++)
	{
		for (int count = 1; first + count <= ROWS; count++, rounds++)
		{
			uint8_t    *body;
			size_t		len;
			M2__InsertRequest *r;

			if (m2_encode_insert("db", "docs", &plan, b, first, count, &body, &len, &err) != MF_OK)
			{
				show_error(&err);
				wrong++;
				continue;
			}
			r = m2__insert_request__unpack(NULL, len, body);
			if (r == NULL || r->n_fields_data != NFIELDS || r->num_rows != (uint32_t) count ||
				strcmp(r->db_name, "db") != 0 || strcmp(r->collection_name, "docs") != 0 || r->base.n_unknown_fields != 0)
				wrong++;
			else
			{
				wrong += wrong_values(r, b, first, count);
				if (first == 0 && count == ROWS)
				{
					const M2__FieldData *meta = r->fields_data[NFIELDS - 1];

					ok(meta->is_dynamic && strcmp(meta->field_name, "$meta") == 0, "the dynamic field is sent as such");
					ok(same_bytes(&meta->scalars->json_data->data[0], "{\"x\": 1,\"co\\\"lor\":null}", 23), "NULL is a JSON null");
					ok(same_bytes(&meta->scalars->json_data->data[1], "{}", 2), "an absent value is no key");
					ok(same_bytes(&meta->scalars->json_data->data[2], "{}", 2), "a NULL object is an empty one");
					ok(same_bytes(&meta->scalars->json_data->data[3], "{\"x\": 1,\"co\\\"lor\":\"r\\\"\\u000a\"}", 30),
					   "keys and texts are escaped");
				}
			}
			if (r != NULL)
				m2__insert_request__free_unpacked(r, NULL);
			free(body);
		}
	}
	ok(wrong == 0, "%d ranges of rows read back as written (headroom %zu), %d wrong", rounds, headroom, wrong);

	((float *) mf_fixed_at(&b->columns[9], 6))[2] = -INFINITY;
	{
		uint8_t    *body;
		size_t		len;

		ok(m2_encode_insert("", "docs", &plan, b, 0, 6, &body, &len, &err) == MF_OK, "infinity outside the range matters not");
		free(body);
		ok(m2_encode_insert("", "docs", &plan, b, 5, 4, &body, &len, &err) == MF_ERROR && err.row == 7 &&
		   strcmp(err.key, "16384") == 0 && strcmp(err.column, "v") == 0, "infinity in it names row, key and column");
		*(int64_t *) mf_fixed_at(&b->columns[0], 4) = INT64_MAX;
		ok(m2_encode_insert("", "docs", &plan, b, 3, 2, &body, &len, &err) == MF_ERROR && err.row == 5 &&
		   strcmp(err.sqlstate, MF_NUMERIC_OUT_OF_RANGE) == 0, "the largest integer, which no query finds again, is refused as a key");
		*(int64_t *) mf_fixed_at(&b->columns[0], 4) = ids[4];
		mf_append_state(&mem, &b->columns[4], MF_VALUE_NULL);
		mf_column_truncate(&b->columns[4], 3);
		while (b->columns[4].nrows < ROWS)
			mf_append_state(&mem, &b->columns[4], MF_VALUE_NULL);
		ok(m2_encode_insert("", "docs", &plan, b, 2, 3, &body, &len, &err) == MF_ERROR && err.row == 4 &&
		   strcmp(err.sqlstate, MF_NOT_NULL_VIOLATION) == 0, "so does a NULL that must not be");
		mf_column_truncate(&b->columns[12], 1);
		mf_append_bytes(&mem, &b->columns[12], "[1]", 3);
		while (b->columns[12].nrows < ROWS)
			mf_append_state(&mem, &b->columns[12], MF_VALUE_NULL);
		ok(m2_encode_insert("", "docs", &plan, b, 1, 1, &body, &len, &err) == MF_ERROR && err.row == 2 &&
		   strcmp(err.sqlstate, MF_INVALID_JSON) == 0, "and a dynamic field that is no object");
	}
	m2_plan_free(&plan);
	mf_batch_free(b);
}

/* --------------------------------------------------------------------- answers */

static const M2ReadColumn read_columns[] = {
	{.field = "id",.type = M2_INT64,.kind = MF_KIND_I64},
	{.field = "b",.type = M2_BOOL,.kind = MF_KIND_TEXT},
	{.field = "i8",.type = M2_INT8,.kind = MF_KIND_I64},
	{.field = "i32",.type = M2_INT32,.kind = MF_KIND_TEXT},
	{.field = "f",.type = M2_FLOAT,.kind = MF_KIND_F64},
	{.field = "d",.type = M2_DOUBLE,.kind = MF_KIND_TEXT},
	{.field = "t",.type = M2_VARCHAR,.kind = MF_KIND_TEXT},
	{.field = "j",.type = M2_JSON,.kind = MF_KIND_JSON},
	{.field = "v",.type = M2_FLOAT_VECTOR,.kind = MF_KIND_VEC_F32,.dim = DIM,.headroom = 24},
	{.field = "v",.type = M2_FLOAT_VECTOR,.kind = MF_KIND_VEC_F32,.dim = DIM},
};
#define NREAD ((int) (sizeof(read_columns) / sizeof(read_columns[0])))

/* Everything a scan does with a reply; the number of columns that were whole. */
static int
read_reply(const uint8_t *bytes, size_t len, MfBatch *b, int32_t *nrows, MfStatus *status)
{
	M2QueryReply reply;
	M2Key		largest = {0};
	MfError		err;
	int			whole = 0;
	bool		grew;
	const M2FieldReply *key;

	*nrows = 0;
	mf_batch_reset(b);
	*status = m2_query_reply(&mem, bytes, len, &reply, &err);
	if (*status != MF_OK)
		return 0;
	key = m2_reply_field(&reply, "id");
	if (key != NULL)
		*status = m2_reply_keys(&mem, key, nrows, &largest, &grew, &err);
	for (int i = 0; i < NREAD && *status == MF_OK; i++)
	{
		const M2FieldReply *field = m2_reply_field(&reply, read_columns[i].field);

		if (field == NULL)
			continue;
		*status = m2_read_field(&mem, field, &read_columns[i], *nrows, *nrows, &b->columns[i], &err);
		whole += *status == MF_OK;
	}
	mf_free(&mem, largest.text);
	mf_free(&mem, reply.fields);
	return whole;
}

static MfBatch *
read_batch(void)
{
	MfBatch    *b = mf_batch_new(&mem, NREAD);

	for (int i = 0; i < NREAD; i++)
		mf_column_init(b, i, read_columns[i].kind, MF_KIND_NONE, read_columns[i].dim, read_columns[i].headroom);
	return b;
}

/* An answer to Query, made of what we would insert. */
static uint8_t *
make_reply(size_t *len)
{
	M2WritePlan plan;
	MfBatch    *b = new_batch(0);
	MfError		err;
	uint8_t    *body;
	size_t		body_len;
	M2__InsertRequest *r;
	M2__QueryResults results = M2__QUERY_RESULTS__INIT;
	M2__Status	status = M2__STATUS__INIT;
	uint8_t    *bytes;

	m2_plan_init(&plan, &spec, &mem, &err);
	m2_encode_insert("", "docs", &plan, b, 0, ROWS, &body, &body_len, &err);
	r = m2__insert_request__unpack(NULL, body_len, body);
	results.status = &status;
	results.fields_data = r->fields_data;
	results.n_fields_data = 10;
	results.session_ts = 12345678901234;
	bytes = mf_message_pack(&results.base, len);
	m2__insert_request__free_unpacked(r, NULL);
	free(body);
	m2_plan_free(&plan);
	mf_batch_free(b);
	return bytes;
}

static void
decode(void)
{
	size_t		len;
	uint8_t    *bytes = make_reply(&len);
	MfBatch    *b = read_batch();
	MfStatus	status;
	int32_t		nrows;
	int			whole = read_reply(bytes, len, b, &nrows, &status);
	int			accepted = 0;
	uint64_t	random = getenv("MILVUS_FDW_SEED") ? strtoull(getenv("MILVUS_FDW_SEED"), NULL, 10) : 42;
	int			changed = getenv("MILVUS_FDW_FUZZ") ? atoi(getenv("MILVUS_FDW_FUZZ")) : 100000;
	int			survived = 0;
	const char *text;
	size_t		text_len;
	double		d;

	is_int(whole, NREAD, "every column of an answer is read");
	is_int(nrows, ROWS, "with all its rows");
	ok(memcmp(mf_fixed_at(&b->columns[0], 8), &ids[8], 8) == 0, "the largest key");
	text = mf_varying_at(&b->columns[1], 1, &text_len);
	ok(text_len == 4 && memcmp(text, "true", 4) == 0, "Bool as text");
	text = mf_varying_at(&b->columns[5], 0, &text_len);
	ok(text_len == 21 && strncmp(text, "4.94065645841247e-324", 21) == 0, "the smallest double as text");
	memcpy(&d, mf_fixed_at(&b->columns[4], 1), 8);
	ok(d == (double) (1.0f / 3), "Float widened");
	ok(memcmp(mf_fixed_at(&b->columns[8], 8), mf_fixed_at(&b->columns[9], 8), 12) == 0, "vectors with and without headroom");

	for (size_t cut = 0; cut < len; cut++)
	{
		uint8_t    *piece = malloc(cut > 0 ? cut : 1);

		memcpy(piece, bytes, cut);
		whole = read_reply(piece, cut, b, &nrows, &status);
		accepted += status == MF_OK && whole == NREAD && cut < len - 8;
		free(piece);
	}
	is_int(accepted, 0, "no answer that was cut short is taken for whole");

	/* bytes changed at random: anything may come out but a step out of bounds */
	for (int i = 0; i < changed; i++)
	{
		uint8_t    *piece = malloc(len);

		memcpy(piece, bytes, len);
		for (int n = 0; n < 1 + i % 4; n++)
		{
			random = random * 6364136223846793005u + 1442695040888963407u;
			piece[(random >> 33) % len] = (uint8_t) (random >> 20);
		}
		read_reply(piece, len, b, &nrows, &status);
		survived++;
		free(piece);
	}
	is_int(survived, changed, "answers changed at random do no harm");
	free(bytes);
	mf_batch_free(b);
}

/* Arrays need not be packed, and may come in pieces. */
static void
unpacked(void)
{
	static const uint8_t array[] = {0x08, 0x05, 0x0A, 0x02, 0x06, 0x07, 0x08, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF,
	0xFF, 0xFF, 0xFF, 0xFF, 0x01, 0x12, 0x01, 0x00};
	M2Values	values = m2_values((M2Span) {array, sizeof(array)});
	uint64_t	v;
	int64_t		sum = 0;
	int			n = 0;

	for (; m2_next_varint(&values, &v); n++)
		sum += (int64_t) v;
	ok(n == 4 && sum == 17 && !m2_values_bad(&values), "packed and single values mixed");
}

static void
expressions(void)
{
	M2Key		key = {0};
	char		text[] = "a\"\\\n\x01z";
	static const struct
	{
		bool		set;
		int64_t		number;
		const char *expr;
	}			numbers[] = {
		{false, 0, "id <= 9223372036854775807"},
		{true, INT64_MIN, "id >= -9223372036854775807"},
		{true, -1, "id > -1"},
		{true, INT64_MAX - 1, "id > 9223372036854775806"},
	};

	for (int i = 0; i < 4; i++)
	{
		char	   *expr;

		key.set = numbers[i].set;
		key.number = numbers[i].number;
		expr = m2_key_expr(&mem, "id", &key);
		is_text(expr, numbers[i].expr, numbers[i].expr);
		mf_free(&mem, expr);
	}
	key.number = INT64_MAX;
	ok(m2_key_is_last(&key), "nothing comes after the largest number");
	key = (M2Key) {.is_text = true};
	{
		char	   *expr = m2_key_expr(&mem, "id", &key);

		is_text(expr, "id >= \"\"", "all texts");
		mf_free(&mem, expr);
		key.set = true;
		key.text = text;
		key.len = strlen(text);
		expr = m2_key_expr(&mem, "id", &key);
		is_text(expr, "id > \"a\\\"\\\\\\u000a\\u0001z\"", "a text escaped");
		mf_free(&mem, expr);
	}
}

static void
names(void)
{
	char		longest[258];
	const char *why;

	memset(longest, 'x', sizeof(longest));
	longest[256] = '\0';
	ok(!m2_name_ok(longest, true, false, &why), "256 characters are too many");
	longest[255] = '\0';
	ok(m2_name_ok(longest, true, false, &why), "255 are not");
	ok(m2_name_ok("_id", true, true, &why) && m2_name_ok("_", false, false, &why), "an underscore may come first");
	ok(!m2_name_ok("1a", true, false, &why) && !m2_name_ok("a-b", true, false, &why) && !m2_name_ok("", true, false, &why) &&
	   !m2_name_ok("\xC3\xA9", false, false, &why) && !m2_name_ok("$meta", true, false, &why), "other characters may not");
	ok(!m2_name_ok("RowID", true, false, &why) && m2_name_ok("RowID", false, false, &why), "names of Milvus's own fields");
	ok(!m2_name_ok("LIKE", true, true, &why) && m2_name_ok("LIKE", true, false, &why), "keywords are no keys");
}

static void
errors(void)
{
	M2Where		where = {"m", "docs"};
	MfError		err;

	ok(m2_status(0, 0, "", &where, &err) == MF_OK, "code 0 is success");
	ok(m2_status(8, 49, "rate limit\nstack trace\n/go/x.go", &where, &err) == MF_ERROR && err.retry == MF_RETRY_YES &&
	   strstr(err.detail, "stack") == NULL, "a rate limit may be tried again; no stack trace");
	m2_status(0, 49, "", &where, &err);
	ok(err.retry == MF_RETRY_YES, "also of 2.2");
	m2_status(101, 1, "collection not loaded", &where, &err);
	is_text(err.hint, "Load it with SELECT milvus_fdw.load('m', 'docs'); or set option \"auto_load\" of the table to 'true'.",
			"not loaded: how to load it");
	m2_status(1100, 1, "the length (70000000) message too large", &where, &err);
	ok(m2_error_too_large(&err), "too large");
}

int
main(void)
{
	mf_mem_init(&mem, (size_t) 64 << 20);
	varints();
	unpacked();
	encode(0);
	encode(24);
	decode();
	expressions();
	names();
	errors();
	is_int((long long) mem.used, 0, "no memory is left behind");
	return tap_done();
}
