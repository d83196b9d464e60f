/*
 * milvus2_server.c - Does the Milvus connector tell the truth about a real server?
 *
 * Needs MILVUS_FDW_MILVUS_HOST and _PORT; is skipped without.  Uses
 * collections named m2_...
 */
#include "milvus2_drive.h"

static MfOption table[4];
static MfOptions table_options = {1, table};
static MfTask *described;

static void
drop(const char *name)
{
	MfError		err;

	m2_do((MfRequest) {.verb = MF_VERB_DROP_COLLECTION,.collection = name}, NULL, &err);
}

/* Make a collection afresh; later calls read and write it. */
static const MfCollection *
make(const char *name, MfField *fields, int n, bool dynamic)
{
	MfCollection c = {.name = name,.nfields = n,.fields = fields,.dynamic = dynamic};
	MfError		err;

	if (described != NULL)
		M2C->request_end(described);
	drop(name);
	m2_must((MfRequest) {.verb = MF_VERB_CREATE_COLLECTION,.collection = name,.schema = &c});
	if (m2_do((MfRequest) {.verb = MF_VERB_DESCRIBE,.collection = name}, &described, &err) != MF_OK)
		die("describe", &err);
	table[0] = (MfOption) {"collection", name};
	return &M2C->request_reply(described)->collections[0];
}

static void
load(const char *name, const char *field)
{
	MfOption	index[] = {{"index_type", "FLAT"}, {"metric_type", "L2"}};
	MfOptions	args = {2, index};

	m2_must((MfRequest) {.verb = MF_VERB_CREATE_INDEX,.collection = name,.field = field,.args = &args});
	m2_must((MfRequest) {.verb = MF_VERB_LOAD,.collection = name});
}

/* A batch of one column for each described field but auto ids, with the columns to write it. */
static MfWriteColumn columns[32];
static MfBatch *
batch_for(const MfCollection *c, MfWriteSpec *spec)
{
	MfBatch    *batch = mf_batch_new(&m2_mem, c->nfields);
	int			n = 0;

	for (int i = 0; i < c->nfields; i++)
	{
		const MfField *f = &c->fields[i];

		if (f->auto_id)
			continue;
		columns[n] = (MfWriteColumn) {f->name, f};
		mf_column_init(batch, n++, f->kind, f->elem, f->dim, 0);
	}
	batch->ncolumns = n;
	batch->first_row = 1;
	*spec = (MfWriteSpec) {sizeof(*spec), &table_options, c, n, columns, 4, &m2_mem};
	return batch;
}

static MfStatus
put_all(const MfWriteSpec *spec, MfBatch *batch, MfWriteCounts *counts, MfError *err)
{
	Put			put = {.batch = batch};
	MfStatus	status = M2C->write_begin(m2_conn, spec, &put.write, err);

	if (status != MF_OK)
		return status;
	status = patiently(submit_step, &put, err);
	if (status == MF_OK)
		status = patiently(flush_step, &put, err);
	else
	{
		MfError		ignored;

		patiently(flush_step, &put, &ignored);
	}
	M2C->write_counts(put.write, counts);
	M2C->write_end(put.write);
	return status;
}

static void
put_int(MfBatch *b, int c, int64_t v)
{
	int8_t		i8 = (int8_t) v;
	int16_t		i16 = (int16_t) v;
	int32_t		i32 = (int32_t) v;
	uint8_t		yes = v != 0;

	mf_append_fixed(&m2_mem, &b->columns[c], b->columns[c].kind == MF_KIND_BOOL ? (void *) &yes :
					b->columns[c].kind == MF_KIND_I8 ? (void *) &i8 : b->columns[c].kind == MF_KIND_I16 ? (void *) &i16 :
					b->columns[c].kind == MF_KIND_I32 ? (void *) &i32 : (void *) &v);
}

static void
put_real(MfBatch *b, int c, double v)
{
	float		f = (float) v;

	mf_append_fixed(&m2_mem, &b->columns[c], b->columns[c].kind == MF_KIND_F32 ? (void *) &f : (void *) &v);
}

static void
put_bytes(MfBatch *b, int c, const char *text)
{
	mf_append_bytes(&m2_mem, &b->columns[c], text, strlen(text));
}

static void
put_vector(MfBatch *b, int c, float first)
{
	float	   *v = mf_append_vector(&m2_mem, &b->columns[c]);

	for (int i = 0; i < b->columns[c].dim; i++)
		v[i] = first + (float) i / 3;
}

static Next reading;

static MfStatus
read_begin(MfScanSpec *spec, MfError *err)
{
	if (reading.scan != NULL)
		M2C->scan_end(reading.scan);
	reading.scan = NULL;
	spec->size = sizeof(*spec);
	spec->options = &table_options;
	spec->mem = &m2_mem;
	return M2C->scan_begin(m2_conn, spec, &reading.scan, err);
}

static MfStatus
read_next(MfError *err)
{
	mf_error_reset(err);
	return patiently(next_step, &reading, err);
}

static void
read_end(void)
{
	M2C->scan_end(reading.scan);
	reading.scan = NULL;
}

static const char *
text_at(int c, int row)
{
	static char buf[4][300];
	static int	turn;
	size_t		len;
	const char *text;

	turn = (turn + 1) % 4;
	if (mf_column_state(&reading.batch->columns[c], row) != MF_VALUE_PRESENT)
		return mf_column_state(&reading.batch->columns[c], row) == MF_VALUE_NULL ? "(null)" : "(absent)";
	text = mf_varying_at(&reading.batch->columns[c], row, &len);
	snprintf(buf[turn], sizeof(buf[turn]), "%.*s", (int) len, text);
	return buf[turn];
}

static void
types(void)
{
	MfField		fields[] = {
		{.name = "id",.kind = MF_KIND_I64,.key = true}, {.name = "b",.kind = MF_KIND_BOOL},
		{.name = "i8",.kind = MF_KIND_I8}, {.name = "i16",.kind = MF_KIND_I16}, {.name = "i32",.kind = MF_KIND_I32},
		{.name = "f",.kind = MF_KIND_F32}, {.name = "d",.kind = MF_KIND_F64},
		{.name = "t",.kind = MF_KIND_TEXT,.max_bytes = 64,.description = "a text"},
		{.name = "j",.kind = MF_KIND_JSON}, {.name = "v",.kind = MF_KIND_VEC_F32,.dim = 3},
	};
	const MfCollection *c = make("m2_types", fields, 10, true);
	MfWriteSpec spec;
	MfBatch    *b = batch_for(c, &spec);
	MfWriteCounts counts;
	MfError		err;
	MfScanSpec	scan = {.limit = -1};
	int64_t		wide;
	double		real;
	float		single;

	is_int(c->nfields, 11, "ten fields and the dynamic one");
	is_text(c->fields[7].native, "VarChar(64)", "a VarChar says its length");
	is_text(c->fields[7].description, "a text", "a description is kept");
	is_text(c->fields[9].native, "FloatVector(3)", "a vector says its dimensions");
	ok(c->fields[10].dynamic && c->dynamic, "the dynamic field is last");
	for (int row = 0; row < 2; row++)
	{
		put_int(b, 0, row ? INT64_MIN + 1 : 5);
		put_int(b, 1, row);
		put_int(b, 2, row ? -128 : 127);
		put_int(b, 3, row ? -32768 : 32767);
		put_int(b, 4, row ? INT32_MIN : INT32_MAX);
		put_real(b, 5, row ? -0.1 : 3.4e38);
		put_real(b, 6, row ? 5e-324 : 0.1);
		put_bytes(b, 7, row ? "" : "d\"a\\\xE6\x97\xA5\n");
		put_bytes(b, 8, row ? "null" : "{\"k\": [1, \"x\"]}");
		put_vector(b, 9, row ? -1 : 1);
		put_bytes(b, 10, row ? "{}" : "{\"color\": \"red\", \"n\": 12345678901, \"x y\": 1.5, \"in\": true}");
	}
	b->nrows = 2;
	if (!ok(put_all(&spec, b, &counts, &err) == MF_OK, "two rows of every type are written"))
		show_error(&err);
	is_int(counts.acknowledged, 2, "both acknowledged");
	mf_batch_free(b);
	load("m2_types", "v");

	{
		MfScanColumn want[] = {
			{"id", "id", MF_KIND_I64}, {"b", "b", MF_KIND_BOOL}, {"i8", "i8", MF_KIND_I64}, {"i16", "i16", MF_KIND_I16},
			{"i32", "i32", MF_KIND_TEXT}, {"f", "f", MF_KIND_F64}, {"f", "f", MF_KIND_TEXT}, {"d", "d", MF_KIND_F64},
			{"t", "t", MF_KIND_TEXT}, {"j", "j", MF_KIND_JSON}, {"v", "v", MF_KIND_VEC_F32,.headroom = 24},
			{"m", "$meta", MF_KIND_JSON}, {"c", "color", MF_KIND_TEXT}, {"n", "n", MF_KIND_I64},
			{"xy", "x y", MF_KIND_F64}, {"in", "in", MF_KIND_BOOL}, {"none", "none", MF_KIND_TEXT},
		};

		scan.columns = want;
		scan.ncolumns = 17;
		if (read_begin(&scan, &err) != MF_OK || read_next(&err) != MF_OK)
			die("scan", &err);
		is_int(reading.batch->nrows, 2, "two rows are read: an INSERT is seen by the next SELECT");
		memcpy(&wide, mf_fixed_at(&reading.batch->columns[0], 0), 8);
		is_int(wide, INT64_MIN + 1, "the smaller key comes first");
		memcpy(&wide, mf_fixed_at(&reading.batch->columns[2], 0), 8);
		is_int(wide, -128, "Int8 widened to 64 bits");
		is_text(text_at(4, 0), "-2147483648", "Int32 as text");
		memcpy(&real, mf_fixed_at(&reading.batch->columns[5], 0), 8);
		ok(real == (double) -0.1f, "Float widened to double");
		is_text(text_at(6, 0), "-0.1", "Float as text");
		memcpy(&real, mf_fixed_at(&reading.batch->columns[7], 0), 8);
		ok(real == 5e-324, "the smallest double");
		is_text(text_at(8, 0), "", "an empty text");
		is_text(text_at(9, 0), "null", "JSON null");
		memcpy(&single, (char *) mf_fixed_at(&reading.batch->columns[10], 0) + 4, 4);
		ok(single == -1 + 1.0f / 3, "a vector behind headroom");
		is_text(text_at(11, 0), "{}", "no dynamic keys");
		is_text(text_at(12, 0), "(absent)", "an absent key");
		is_text(text_at(8, 1), "d\"a\\\xE6\x97\xA5\n", "text with everything");
		is_text(text_at(9, 1), "{\"k\": [1, \"x\"]}", "JSON as written");
		is_text(text_at(12, 1), "red", "a dynamic key");
		memcpy(&wide, mf_fixed_at(&reading.batch->columns[13], 1), 8);
		is_int(wide, 12345678901, "a number of the dynamic field");
		memcpy(&real, mf_fixed_at(&reading.batch->columns[14], 1), 8);
		ok(real == 1.5, "a key that is no identifier");
		ok(*(uint8_t *) mf_fixed_at(&reading.batch->columns[15], 1) == 1, "a key that is a keyword");
		ok(read_next(&err) == MF_END, "and that is all");
		read_end();
	}
	{
		MfScanColumn want[] = {{"c", "color", MF_KIND_TEXT}, {"n", "n", MF_KIND_I64}};

		scan.columns = want;
		scan.ncolumns = 2;
		if (read_begin(&scan, &err) != MF_OK || read_next(&err) != MF_OK)
			die("scan", &err);
		is_text(text_at(0, 1), "red", "dynamic keys asked for by name");
		read_end();
		ok(true, "a scan ended early");
	}
	{
		static const struct
		{
			MfScanColumn want;
			const char *sqlstate;
			const char *text;
		}			bad[] = {
			{{"v", "v", MF_KIND_TEXT}, MF_DATATYPE_MISMATCH, "column \"v\" cannot be read from field \"v\""},
			{{"v", "v", MF_KIND_VEC_F32,.dim = 4}, MF_DATATYPE_MISMATCH, "column \"v\" cannot"},
			{{"i", "t", MF_KIND_I32}, MF_DATATYPE_MISMATCH, "column \"i\" cannot be read from field \"t\""},
			{{"i", "d", MF_KIND_I64}, MF_DATATYPE_MISMATCH, "column \"i\" cannot"},
		};

		for (int i = 0; i < 4; i++)
		{
			scan.columns = &bad[i].want;
			scan.ncolumns = 1;
			ok(read_begin(&scan, &err) == MF_OK && read_next(&err) == MF_ERROR, "an impossible pair is refused");
			is_text(err.sqlstate, bad[i].sqlstate, "with its SQLSTATE");
			has_text(err.message, bad[i].text, "naming both");
		}
		read_end();
	}
}

/* Rows in several segments and out of order: each key exactly once, whatever the page. */
static void
segments(int rows)
{
	MfField		fields[] = {{.name = "id",.kind = MF_KIND_I64,.key = true}, {.name = "v",.kind = MF_KIND_VEC_F32,.dim = 4}};
	const MfCollection *c = make("m2_segments", fields, 2, false);
	static const int pages[] = {0, 16384, 5000, 997};
	MfWriteSpec spec;
	MfWriteCounts counts;
	MfError		err;
	uint8_t    *met = malloc((size_t) rows);

	for (int part = 0; part < 4; part++)
	{
		MfBatch    *b = batch_for(c, &spec);

		/* part 0: low keys; 1: every third of the rest; 2 and 3: what is left, backwards */
		for (int i = rows - 1; i >= 0; i--)
		{
			int			mine = i < rows / 4 ? 0 : i % 3 == 0 ? 1 : 2 + i % 2;

			if (mine != part)
				continue;
			put_int(b, 0, (int64_t) i * 1000003 - (int64_t) rows * 500000);
			put_vector(b, 1, (float) i);
			b->nrows++;
		}
		if (put_all(&spec, b, &counts, &err) != MF_OK)
			die("insert", &err);
		mf_batch_free(b);
		if (part < 3)
			m2_must((MfRequest) {.verb = MF_VERB_FLUSH,.collection = "m2_segments"});
	}
	load("m2_segments", "v");
	for (int p = 0; p < 4; p++)
	{
		MfScanColumn want[] = {{"id", "id", MF_KIND_I64}, {"v", "v", MF_KIND_VEC_F32}};
		MfScanSpec	scan = {.columns = want,.ncolumns = 2,.limit = -1,.fetch_size = pages[p]};
		MfScanStats stats;
		int			wrong = 0;
		int			seen = 0;
		MfStatus	status;

		memset(met, 0, (size_t) rows);
		if (read_begin(&scan, &err) != MF_OK)
			die("scan", &err);
		while ((status = read_next(&err)) == MF_OK)
		{
			for (int i = 0; i < reading.batch->nrows; i++, seen++)
			{
				int64_t		id;
				int64_t		n;
				float		first;

				memcpy(&id, mf_fixed_at(&reading.batch->columns[0], i), 8);
				memcpy(&first, mf_fixed_at(&reading.batch->columns[1], i), 4);
				n = (id + (int64_t) rows * 500000) / 1000003;
				wrong += n < 0 || n >= rows || first != (float) n || met[n]++;
			}
		}
		if (status == MF_ERROR)
			die("scan", &err);
		M2C->scan_stats(reading.scan, &stats);
		ok(seen == rows && wrong == 0, "pages of %d: %d of %d rows, %d wrong or twice, %lld requests", pages[p],
		   seen, rows, wrong, (long long) stats.requests);
		read_end();
	}
	for (int p = 0; p < 4; p++)
	{
		MfScanColumn want[] = {{"id", "id", MF_KIND_I64}};
		MfSort		sort = {.column = "id",.field = "id",.kind = MF_KIND_I64,.key = true};
		int			limit = p == 3 ? -1 : 4321;
		MfScanSpec	scan = {.columns = want,.ncolumns = 1,.limit = limit,.fetch_size = pages[p],.nsorts = 1,.sorts = &sort};
		int64_t		before = INT64_MIN;
		MfScanStats stats;
		int			wrong = 0;
		int			seen = 0;

		if (read_begin(&scan, &err) != MF_OK)
			die("scan", &err);
		while (read_next(&err) == MF_OK)
		{
			for (int i = 0; i < reading.batch->nrows; i++, seen++)
			{
				int64_t		id;

				memcpy(&id, mf_fixed_at(&reading.batch->columns[0], i), 8);
				wrong += id <= before;
				before = id;
			}
		}
		M2C->scan_stats(reading.scan, &stats);
		ok(stats.sorted && wrong == 0, "pages of %d come in the order of the key, across segments", pages[p]);
		is_int(seen, limit < 0 ? rows : limit, "and end at the limit");
		read_end();
	}
	{
		MfScanSpec	scan = {.ncolumns = 0,.limit = 12345};
		int			seen = 0;

		if (read_begin(&scan, &err) != MF_OK)
			die("scan", &err);
		while (read_next(&err) == MF_OK)
			seen += reading.batch->nrows;
		is_int(seen, 12345, "a limit holds, and no column is needed");
		read_end();
	}
	free(met);
}

static void
int_keys(void)
{
	MfField		fields[] = {{.name = "id",.kind = MF_KIND_I64,.key = true}, {.name = "v",.kind = MF_KIND_VEC_F32,.dim = 2}};
	static const int64_t keys[] = {INT64_MIN, INT64_MIN + 1, -1, 0, 1, INT64_MAX - 1};
	const MfCollection *c = make("m2_ints", fields, 2, false);
	MfWriteSpec spec;
	MfBatch    *b = batch_for(c, &spec);
	MfWriteCounts counts;
	MfError		err;

	for (int i = 0; i < 6; i++)
	{
		put_int(b, 0, keys[i]);
		put_vector(b, 1, 1);
	}
	b->nrows = 6;
	if (put_all(&spec, b, &counts, &err) != MF_OK)
		die("insert", &err);
	mf_batch_free(b);
	load("m2_ints", "v");
	for (int page = 1; page <= 7; page += 2)
	{
		MfScanColumn want[] = {{"id", "id", MF_KIND_I64}};
		MfScanSpec	scan = {.columns = want,.ncolumns = 1,.limit = -1,.fetch_size = page};
		int			seen = 0;
		int			wrong = 0;

		if (read_begin(&scan, &err) != MF_OK)
			die("scan", &err);
		while (read_next(&err) == MF_OK)
		{
			for (int i = 0; i < reading.batch->nrows; i++, seen++)
				wrong += seen >= 6 || memcmp(mf_fixed_at(&reading.batch->columns[0], i), &keys[seen], 8) != 0;
		}
		if (!ok(seen == 6 && wrong == 0 && err.sqlstate[0] == '\0', "extreme keys by pages of %d", page))
			printf("# %d seen, %d wrong, %s %s\n", seen, wrong, err.sqlstate, err.detail);
		read_end();
	}
}

static void
text_keys(void)
{
	MfField		fields[] = {{.name = "id",.kind = MF_KIND_TEXT,.max_bytes = 100,.key = true},
	{.name = "v",.kind = MF_KIND_VEC_F32,.dim = 2}};
	static const char *const keys[] = {"", "\t", "\n", "\r", "%", "'", "A", "\\", "\\n", "\"", "a", "a\x01", "b\"q", "b'", "b\\", "b\\\\",
		"zz", "~", "\x7F", "\xC3\xA9", "\xE6\x97\xA5\xE6\x9C\xAC", "\xF0\x9F\x98\x80"};
	const int	n = sizeof(keys) / sizeof(keys[0]);
	const MfCollection *c = make("m2_texts", fields, 2, false);
	MfWriteSpec spec;
	MfBatch    *b = batch_for(c, &spec);
	MfWriteCounts counts;
	MfError		err;

	for (int i = 0; i < n; i++)
	{
		put_bytes(b, 0, keys[i]);
		put_vector(b, 1, (float) i);
	}
	b->nrows = n;
	if (put_all(&spec, b, &counts, &err) != MF_OK)
		die("insert", &err);
	mf_batch_free(b);
	load("m2_texts", "v");
	for (int page = 1; page <= 9; page += 4)
	{
		MfScanColumn want[] = {{"id", "id", MF_KIND_TEXT}, {"v", "v", MF_KIND_VEC_F32}};
		MfScanSpec	scan = {.columns = want,.ncolumns = 2,.limit = -1,.fetch_size = page};
		uint64_t	met = 0;
		int			seen = 0;

		if (read_begin(&scan, &err) != MF_OK)
			die("scan", &err);
		while (read_next(&err) == MF_OK)
		{
			for (int i = 0; i < reading.batch->nrows; i++, seen++)
			{
				float		which;

				memcpy(&which, mf_fixed_at(&reading.batch->columns[1], i), 4);
				if (strcmp(text_at(0, i), keys[(int) which]) == 0)
					met |= (uint64_t) 1 << (int) which;
			}
		}
		if (!ok(seen == n && met == ((uint64_t) 1 << n) - 1, "odd text keys by pages of %d", page))
			printf("# %d seen of %d, %llx, %s %s\n", seen, n, (unsigned long long) met, err.sqlstate, err.detail);
		read_end();
	}
}

static void
refusals(void)
{
	MfField		fields[] = {{.name = "id",.kind = MF_KIND_I64,.key = true}, {.name = "n",.kind = MF_KIND_I32},
	{.name = "v",.kind = MF_KIND_VEC_F32,.dim = 2}};
	const MfCollection *c = make("m2_refusals", fields, 3, false);
	MfWriteSpec spec;
	MfBatch    *b = batch_for(c, &spec);
	MfWriteCounts counts;
	MfError		err;
	MfScanColumn want[] = {{"idd", "idd", MF_KIND_I64}};
	MfScanSpec	scan = {.columns = want,.ncolumns = 1,.limit = -1};
	float		nan = 0.0f / 0.0f;
	MfCollection create = {.name = "m2-bad",.nfields = 3,.fields = fields};

	read_begin(&scan, &err);
	ok(read_next(&err) == MF_ERROR, "a missing field is an error");
	is_text(err.sqlstate, MF_FDW_COLUMN_NAME_NOT_FOUND, "of its own kind");
	has_text(err.hint, "Perhaps you meant field \"id\"", "with the nearest");
	want[0].field = "id";
	read_begin(&scan, &err);
	ok(read_next(&err) == MF_ERROR, "a collection that is not loaded is an error");
	is_text(err.sqlstate, MF_OBJECT_NOT_IN_STATE, "of its own kind");
	has_text(err.hint, "SELECT milvus_fdw.load('milvus', 'm2_refusals');", "with the call to make");
	ok(m2_do((MfRequest) {.verb = MF_VERB_LOAD,.collection = "m2_refusals"}, NULL, &err) == MF_ERROR, "loading without an index");
	show_error(&err);
	is_text(err.sqlstate, MF_OBJECT_NOT_IN_STATE, "is an error of its own kind");
	table[0].value = "m2_nowhere";
	read_begin(&scan, &err);
	ok(read_next(&err) == MF_ERROR, "a missing collection is an error");
	is_text(err.sqlstate, MF_FDW_TABLE_NOT_FOUND, "of its own kind");
	show_error(&err);
	ok(m2_do((MfRequest) {.verb = MF_VERB_DROP_COLLECTION,.collection = "m2_nowhere"}, NULL, &err) == MF_ERROR &&
	   strcmp(err.sqlstate, MF_FDW_TABLE_NOT_FOUND) == 0, "also to drop it");
	ok(m2_do((MfRequest) {.verb = MF_VERB_RELEASE,.collection = "m2_nowhere"}, NULL, &err) == MF_ERROR &&
	   strcmp(err.sqlstate, MF_FDW_TABLE_NOT_FOUND) == 0, "or release it");
	table[0].value = "m2_refusals";

	spec.ncolumns = 2;			/* no vector */
	ok(put_all(&spec, b, &counts, &err) == MF_ERROR, "a field that is not written");
	is_text(err.sqlstate, MF_NOT_NULL_VIOLATION, "is refused");
	has_text(err.message, "field \"v\"", "by name");
	spec.ncolumns = 3;
	for (int i = 0; i < 10; i++)
	{
		put_int(b, 0, 100 + i);
		put_int(b, 1, i);
		put_vector(b, 2, 1);
	}
	b->nrows = 10;
	b->first_row = 51;
	memcpy((char *) mf_fixed_at(&b->columns[2], 7) + 4, &nan, 4);
	ok(put_all(&spec, b, &counts, &err) == MF_ERROR, "NaN in a vector");
	is_text(err.sqlstate, MF_DATA_EXCEPTION, "is refused");
	ok(err.row == 58 && strcmp(err.key, "107") == 0 && strcmp(err.column, "v") == 0, "with row, key and column");
	is_int(counts.unsent, 10, "and the batch never left");
	b->columns[2].dim = 3;
	mf_batch_free(b);

	ok(m2_do((MfRequest) {.verb = MF_VERB_CREATE_COLLECTION,.collection = "m2-bad",.schema = &create}, NULL, &err) == MF_ERROR,
	   "a name that Milvus does not take");
	show_error(&err);
	ok(m2_do((MfRequest) {.verb = MF_VERB_CREATE_COLLECTION,.collection = "m2_refusals",.schema = &create}, NULL, &err) == MF_ERROR &&
	   strcmp(err.sqlstate, MF_DUPLICATE_TABLE) == 0, "a collection that exists");
	fields[0].name = "In";
	ok(m2_do((MfRequest) {.verb = MF_VERB_CREATE_COLLECTION,.collection = "m2_bad",.schema = &create}, NULL, &err) == MF_ERROR,
	   "a key that is a keyword");
	show_error(&err);
	fields[0].name = "id";
	fields[1] = (MfField) {.name = "w",.kind = MF_KIND_VEC_F32,.dim = 2};
	ok(m2_do((MfRequest) {.verb = MF_VERB_CREATE_COLLECTION,.collection = "m2_bad",.schema = &create}, NULL, &err) == MF_ERROR &&
	   strcmp(err.sqlstate, MF_FEATURE_NOT_SUPPORTED) == 0, "two vectors in one collection of 2.3.5");
	show_error(&err);
	ok(m2_do((MfRequest) {.verb = MF_VERB_LIST,.schema_name = "m2_no_database"}, NULL, &err) == MF_ERROR, "a missing database");
	show_error(&err);
}

static void
auto_load_and_ids(void)
{
	MfField		fields[] = {{.name = "id",.kind = MF_KIND_I64,.key = true,.auto_id = true}, {.name = "n",.kind = MF_KIND_I32},
	{.name = "v",.kind = MF_KIND_VEC_F32,.dim = 2}};
	const MfCollection *c = make("m2_auto", fields, 3, true);
	MfWriteSpec spec;
	MfBatch    *b = batch_for(c, &spec);
	MfWriteCounts counts;
	MfError		err;
	MfOption	index[] = {{"index_type", "auto"}, {"metric_type", "IP"}};
	MfOptions	args = {2, index};
	MfScanColumn want[] = {{"n", "n", MF_KIND_I32}, {"k", "key", MF_KIND_I32}, {"f", "fl", MF_KIND_F32}};
	MfScanSpec	scan = {.columns = want,.ncolumns = 3,.limit = -1};
	MfField		key = {.name = "key",.kind = MF_KIND_I32,.nullable = true};
	MfField		fl = {.name = "fl",.kind = MF_KIND_F32,.nullable = true};
	MfTask	   *task;
	MfWrite    *write;

	/* n, v, then two dynamic keys instead of the whole field */
	columns[2] = (MfWriteColumn) {"k", &key};
	columns[3] = (MfWriteColumn) {"f", &fl};
	spec.ncolumns = 4;
	mf_batch_free(b);
	b = mf_batch_new(&m2_mem, 4);
	mf_column_init(b, 0, MF_KIND_I32, MF_KIND_NONE, 0, 0);
	mf_column_init(b, 1, MF_KIND_VEC_F32, MF_KIND_NONE, 2, 0);
	mf_column_init(b, 2, MF_KIND_I32, MF_KIND_NONE, 0, 0);
	mf_column_init(b, 3, MF_KIND_F32, MF_KIND_NONE, 0, 0);
	for (int i = 0; i < 3; i++)
	{
		put_int(b, 0, i);
		put_vector(b, 1, 1);
		if (i == 0)
			put_int(b, 2, 42);
		else
			mf_append_state(&m2_mem, &b->columns[2], i == 1 ? MF_VALUE_NULL : MF_VALUE_ABSENT);
		put_real(b, 3, 0.1f * (float) i);
	}
	b->nrows = 3;
	b->first_row = 1;
	if (!ok(put_all(&spec, b, &counts, &err) == MF_OK, "rows without their key, with dynamic keys"))
		show_error(&err);
	mf_batch_free(b);

	if (!ok(m2_do((MfRequest) {.verb = MF_VERB_CREATE_INDEX,.collection = "m2_auto",.field = "v",.args = &args}, NULL, &err) == MF_OK,
			"an automatic index"))
		show_error(&err);
	ok(m2_do((MfRequest) {.verb = MF_VERB_CREATE_INDEX,.collection = "m2_auto",.field = "v",.args = &args}, NULL, &err) == MF_ERROR &&
	   strcmp(err.sqlstate, MF_OBJECT_NOT_IN_STATE) == 0, "only once");
	table[1] = (MfOption) {"auto_load", "true"};
	table_options.n = 2;
	read_begin(&scan, &err);
	if (ok(read_next(&err) == MF_OK && reading.batch->nrows == 3, "auto_load loads"))
	{
		int			met = 0;

		for (int i = 0; i < 3; i++)
		{
			int32_t		n;
			float		f;

			memcpy(&n, mf_fixed_at(&reading.batch->columns[0], i), 4);
			memcpy(&f, mf_fixed_at(&reading.batch->columns[2], i), 4);
			met += f == 0.1f * (float) n &&
				mf_column_state(&reading.batch->columns[1], i) == (n == 0 ? MF_VALUE_PRESENT : n == 1 ? MF_VALUE_NULL : MF_VALUE_ABSENT);
		}
		is_int(met, 3, "dynamic keys: present, NULL, absent; floats as they were");
	}
	else
		show_error(&err);
	read_end();
	table_options.n = 1;

	if (m2_do((MfRequest) {.verb = MF_VERB_DESCRIBE,.collection = "m2_auto"}, &task, &err) != MF_OK)
		die("describe", &err);
	c = M2C->request_reply(task)->collections;
	is_text(c->state, "loaded", "the description says that it is loaded");
	ok(c->fields[0].auto_id && c->fields[0].key, "and that the key is made by Milvus");
	printf("# index %s, metric %s, %lld rows\n", c->fields[2].index, c->fields[2].metric, (long long) c->rows);
	is_text(c->fields[2].metric, "IP", "and the metric");
	columns[0] = (MfWriteColumn) {"id", &c->fields[0]};
	spec.collection = c;
	spec.ncolumns = 1;
	ok(M2C->write_begin(m2_conn, &spec, &write, &err) == MF_ERROR, "such a key cannot be written");
	has_text(err.hint, "Leave column \"id\" out", "and the hint says so");
	M2C->request_end(task);
	ok(m2_do((MfRequest) {.verb = MF_VERB_DROP_INDEX,.collection = "m2_auto",.field = "v"}, NULL, &err) == MF_ERROR &&
	   strcmp(err.sqlstate, MF_OBJECT_NOT_IN_STATE) == 0, "a loaded collection keeps its index");
	has_text(err.hint, "milvus_fdw.release(", "and the hint says how to go on");
	m2_must((MfRequest) {.verb = MF_VERB_RELEASE,.collection = "m2_auto"});
	if (!ok(m2_do((MfRequest) {.verb = MF_VERB_DROP_INDEX,.collection = "m2_auto",.field = "v"}, NULL, &err) == MF_OK, "released, it can go"))
		show_error(&err);
}

/* More than a request may hold: halves, until they fit. */
static void
large(void)
{
	MfField		fields[] = {{.name = "id",.kind = MF_KIND_I64,.key = true}, {.name = "v",.kind = MF_KIND_VEC_F32,.dim = 4096}};
	const MfCollection *c = make("m2_large", fields, 2, false);
	MfWriteSpec spec;
	MfBatch    *b = batch_for(c, &spec);
	MfWriteCounts counts;
	MfError		err;
	const int	n = 9000;
	double		start;

	for (int i = 0; i < n; i++)
	{
		put_int(b, 0, i);
		put_vector(b, 1, (float) i);
	}
	b->nrows = n;
	start = drive_now();
	if (!ok(put_all(&spec, b, &counts, &err) == MF_OK, "a batch of %zu MB is written", mf_batch_bytes(b) >> 20))
		show_error(&err);
	printf("# %lld requests, %.0f ms\n", (long long) counts.requests, drive_now() - start);
	is_int(counts.acknowledged, n, "all of it");
	ok(counts.requests > 1, "in pieces");
	mf_batch_free(b);
}

/*
 * A server that takes only so many MB a second (milvus2_server rate): every row
 * arrives once, and the window shrinks.
 */
static void
rate_limit(void)
{
	MfField		fields[] = {{.name = "id",.kind = MF_KIND_I64,.key = true}, {.name = "v",.kind = MF_KIND_VEC_F32,.dim = 128}};
	const MfCollection *c = make("m2_rate", fields, 2, false);
	MfWriteSpec spec;
	MfBatch    *batches[20];
	Put			put = {0};
	MfWriteCounts counts;
	MfError		err;
	MfError		first;
	int			refused = 0;
	int			seen = 0;
	double		start = drive_now();
	MfScanSpec	scan = {.limit = -1};

	mf_error_reset(&first);
	for (int i = 0; i < 20; i++)
	{
		batches[i] = batch_for(c, &spec);
		for (int row = 0; row < 5000; row++)
		{
			put_int(batches[i], 0, i * 5000 + row);
			put_vector(batches[i], 1, (float) row);
		}
		batches[i]->nrows = 5000;
		batches[i]->first_row = i * 5000 + 1;
	}
	if (M2C->write_begin(m2_conn, &spec, &put.write, &err) != MF_OK)
		die("write", &err);
	for (int i = 0; i <= 20; i++)
	{
		put.batch = batches[i < 20 ? i : 19];
		while (drive(i < 20 ? submit_step : flush_step, &put, 60000, &err) == MF_ERROR)
		{
			if (err.retry != MF_RETRY_YES)
				die("write", &err);
			if (refused++ == 0)
				first = err;
			pause_ms(50);
		}
	}
	M2C->write_counts(put.write, &counts);
	printf("# %.0f ms, %d refused, %lld requests, %lld retries\n", drive_now() - start, refused,
		   (long long) counts.requests, (long long) counts.retries);
	is_int(counts.acknowledged, 100000, "all rows are acknowledged");
	is_int(counts.rejected + counts.unknown + counts.unsent, 0, "and none otherwise");
	ok(refused > 0, "although some were refused at first");
	show_error(&first);
	M2C->write_end(put.write);
	for (int i = 0; i < 20; i++)
		mf_batch_free(batches[i]);
	load("m2_rate", "v");
	if (read_begin(&scan, &err) != MF_OK)
		die("scan", &err);
	while (read_next(&err) == MF_OK)
		seen += reading.batch->nrows;
	is_int(seen, 100000, "each is there");
	read_end();
	drop("m2_rate");
}

int
main(int argc, char **argv)
{
	MfOption	user[] = {{"user", "root"}, {"password", "Milvus"}};
	MfTask	   *task;
	MfError		err;
	static const char *const names[] = {"m2_types", "m2_segments", "m2_ints", "m2_texts", "m2_refusals", "m2_auto", "m2_large"};

	setvbuf(stdout, NULL, _IOLBF, 0);
	if (getenv("MILVUS_FDW_MILVUS_PORT") == NULL)
	{
		printf("1..0 # SKIP no Milvus server is named\n");
		return 0;
	}
	m2_connect(user, 2);
	if (argc > 1 && strcmp(argv[1], "rate") == 0)
	{
		rate_limit();
		return tap_done();
	}
	if (m2_do((MfRequest) {.verb = MF_VERB_VERSION}, &task, &err) != MF_OK)
		die("version", &err);
	printf("# %s\n", M2C->request_reply(task)->text);
	M2C->request_end(task);
	types();
	int_keys();
	text_keys();
	refusals();
	auto_load_and_ids();
	large();
	segments(argc > 1 ? atoi(argv[1]) : 120000);
	M2C->request_end(described);
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		drop(names[i]);
	M2C->close(m2_conn);
	is_int((long long) m2_mem.used, 0, "no memory is left behind");
	return tap_done();
}
