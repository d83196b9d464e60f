/*
 * milvus2_write.c - What becomes of rows that are replaced, deleted and divided?
 *
 * Against a real server.  Needs MILVUS_FDW_MILVUS_HOST and _PORT; is skipped
 * without.  Uses collections named m2w_...
 */
#include "milvus2_drive.h"

static MfOption table[6];
static MfOptions table_options = {1, table};
static MfTask *described;
static const MfCollection *c;
static MfError err;
static MfWriteCounts counts;

static void
drop(const char *name)
{
	MfError		ignored;

	m2_do((MfRequest) {.verb = MF_VERB_DROP_COLLECTION,.collection = name}, NULL, &ignored);
}

static void
describe(const char *name)
{
	if (described != NULL)
		M2C->request_end(described);
	described = NULL;
	table[0] = (MfOption) {"collection", name};
	if (m2_do((MfRequest) {.verb = MF_VERB_DESCRIBE,.collection = name,.options = &table_options}, &described, &err) != MF_OK)
		die("describe", &err);
	c = &M2C->request_reply(described)->collections[0];
}

/* A collection afresh, loaded, with a last field v; later calls write and read it. */
static void
make(const char *name, MfField *fields, int n, bool dynamic)
{
	MfCollection wanted = {.name = name,.nfields = n,.fields = fields,.dynamic = dynamic};
	MfOption	index[] = {{"index_type", "FLAT"}, {"metric_type", "L2"}};
	MfOptions	args = {2, index};

	drop(name);
	m2_must((MfRequest) {.verb = MF_VERB_CREATE_COLLECTION,.collection = name,.schema = &wanted});
	m2_must((MfRequest) {.verb = MF_VERB_CREATE_INDEX,.collection = name,.field = "v",.args = &args});
	m2_must((MfRequest) {.verb = MF_VERB_LOAD,.collection = name});
	table_options.n = 1;
	describe(name);
}

static MfField *
int_fields(void)
{
	static MfField fields[] = {{.name = "id",.kind = MF_KIND_I64,.key = true}, {.name = "n",.kind = MF_KIND_I64},
	{.name = "v",.kind = MF_KIND_VEC_F32,.dim = 2}};

	return fields;
}

/* ------------------------------------------------------------------- batches */

static MfWriteColumn columns[8];
static MfWriteSpec spec;

static const MfField *
field(const char *name)
{
	static MfField partition = {.name = "$partition",.kind = MF_KIND_TEXT,.nullable = true,.pseudo = true};
	int			i = m2_field_index(c, name);

	return i >= 0 ? &c->fields[i] : &partition;
}

/* A batch with these columns, and spec to write it. */
static MfBatch *
batch_of(MfWriteOp op, int n, const char *const *names)
{
	MfBatch    *b = mf_batch_new(&m2_mem, n);

	for (int i = 0; i < n; i++)
	{
		const MfField *f = field(names[i]);

		columns[i] = (MfWriteColumn) {names[i], f};
		mf_column_init(b, i, f->kind, f->elem, f->dim, 0);
	}
	b->first_row = 1;
	spec = (MfWriteSpec) {sizeof(spec), &table_options, c, n, columns, 4, &m2_mem, op};
	return b;
}

static void
add(MfBatch *b, int64_t id, int64_t n, const char *partition)
{
	MfKind		kind = b->columns[0].kind;
	char		text[40];

	snprintf(text, sizeof(text), "k%lld", (long long) id);
	if (kind == MF_KIND_I64)
		mf_append_fixed(&m2_mem, &b->columns[0], &id);
	else
		mf_append_bytes(&m2_mem, &b->columns[0], text, strlen(text));
	if (b->ncolumns > 1)
	{
		float	   *v;

		mf_append_fixed(&m2_mem, &b->columns[1], &n);
		v = mf_append_vector(&m2_mem, &b->columns[2]);
		v[0] = (float) id;
		v[1] = (float) n;
	}
	if (b->ncolumns > 3 && partition != NULL)
		mf_append_bytes(&m2_mem, &b->columns[3], partition, strlen(partition));
	else if (b->ncolumns > 3)
		mf_append_state(&m2_mem, &b->columns[3], MF_VALUE_NULL);
	b->nrows++;
}

static MfStatus
write_batch(MfBatch *b)
{
	Put			put = {.batch = b};
	MfStatus	status;
	MfError		ignored;

	mf_error_reset(&err);
	memset(&counts, 0, sizeof(counts));
	status = M2C->write_begin(m2_conn, &spec, &put.write, &err);
	if (status == MF_OK)
	{
		status = patiently(submit_step, &put, &err);
		if (status == MF_OK)
			status = patiently(flush_step, &put, &err);
		else
			patiently(flush_step, &put, &ignored);
		M2C->write_counts(put.write, &counts);
		M2C->write_end(put.write);
	}
	mf_batch_free(b);
	return status;
}

static const char *const all[] = {"id", "n", "v", "$partition"};

/* Rows from .. to - 1, n = 10 * id + extra. */
static MfBatch *
rows(MfWriteOp op, int64_t from, int64_t to, int extra)
{
	MfBatch    *b = batch_of(op, op == MF_WRITE_DELETE ? 1 : 3, all);

	for (int64_t id = from; id < to; id++)
		add(b, id, 10 * id + extra, NULL);
	return b;
}

/* ------------------------------------------------------------------- reading */

static MfFilter filters[4];
static const MfFilter *filter_list[4];
static int	nfilters;

static MfValue *
filter_on(const char *name, MfFilterOp op, MfKind kind, int nvalues)
{
	static MfValue values[4][8];
	MfFilter   *f = &filters[nfilters];

	memset(f, 0, sizeof(*f));
	memset(values[nfilters], 0, sizeof(values[nfilters]));
	*f = (MfFilter) {.op = op,.column = name,.field = name,.kind = kind,.nvalues = nvalues,.values = values[nfilters]};
	for (int i = 0; i < nvalues; i++)
		values[nfilters][i].kind = kind;
	filter_list[nfilters] = f;
	return values[nfilters++];
}

static void
filter_int(const char *name, MfFilterOp op, int64_t value)
{
	filter_on(name, op, MF_KIND_I64, 1)->integer = value;
}

static void
filter_text(const char *name, MfFilterOp op, int n, const char *const *texts)
{
	MfValue    *values = filter_on(name, op, MF_KIND_TEXT, n);

	for (int i = 0; i < n; i++)
		values[i] = (MfValue) {.kind = MF_KIND_TEXT,.bytes = texts[i],.len = strlen(texts[i])};
}

/* The rows as "id=n ", with partition "id=n@p ", in key order within a partition; the filters are forgotten. */
static const char *
read_rows(bool partition)
{
	static char text[4][4000];
	static int	turn;
	MfScanColumn want[] = {{"id", "id", field("id")->kind}, {"n", "n", MF_KIND_I64}, {"p", "$partition", MF_KIND_TEXT}};
	MfScanSpec	scan = {sizeof(scan), &table_options, partition ? 3 : 2, want, -1, 0, &m2_mem, nfilters, filter_list};
	Next		next = {0};
	char	   *buf = text[turn = (turn + 1) % 4];
	size_t		len = 0;

	buf[0] = '\0';
	nfilters = 0;
	mf_error_reset(&err);
	if (M2C->scan_begin(m2_conn, &scan, &next.scan, &err) != MF_OK)
		die("scan", &err);
	while (patiently(next_step, &next, &err) == MF_OK)
	{
		for (int i = 0; i < next.batch->nrows; i++)
		{
			const MfColumn *key = &next.batch->columns[0];
			int64_t		n;
			size_t		size;

			memcpy(&n, mf_fixed_at(&next.batch->columns[1], i), 8);
			if (key->kind == MF_KIND_I64)
			{
				int64_t		id;

				memcpy(&id, mf_fixed_at(key, i), 8);
				len += (size_t) snprintf(buf + len, sizeof(text[0]) - len, "%lld=%lld", (long long) id, (long long) n);
			}
			else
			{
				const char *id = mf_varying_at(key, i, &size);

				len += (size_t) snprintf(buf + len, sizeof(text[0]) - len, "%.*s=%lld", (int) size, id, (long long) n);
			}
			if (partition)
			{
				const char *p = mf_varying_at(&next.batch->columns[2], i, &size);

				len += (size_t) snprintf(buf + len, sizeof(text[0]) - len, "@%.*s", (int) size, p);
			}
			len += (size_t) snprintf(buf + len, sizeof(text[0]) - len, " ");
		}
	}
	M2C->scan_end(next.scan);
	return err.sqlstate[0] != '\0' ? err.message : buf;
}

static int64_t
count_rows(void)
{
	MfScanSpec	scan = {sizeof(scan), &table_options, 0, NULL, -1, 0, &m2_mem, nfilters, filter_list};
	Next		next = {0};
	int64_t		n = 0;

	nfilters = 0;
	mf_error_reset(&err);
	if (M2C->scan_begin(m2_conn, &scan, &next.scan, &err) != MF_OK)
		die("scan", &err);
	while (patiently(next_step, &next, &err) == MF_OK)
		n += next.batch->nrows;
	M2C->scan_end(next.scan);
	if (err.sqlstate[0] != '\0')
		die("count", &err);
	return n;
}

/* What MF_VERB_DELETE or TRUNCATE says: how many; -1 = not said, -2 = an error. */
static int64_t
delete_where(MfVerb verb)
{
	MfTask	   *task = NULL;
	int64_t		n = -2;
	MfStatus	status = m2_do((MfRequest) {
		.verb = verb,.collection = c->name,.options = &table_options,.nfilters = nfilters,.filters = filter_list
	}, &task, &err);

	nfilters = 0;
	if (status == MF_OK)
	{
		n = M2C->request_reply(task)->rows;
		M2C->request_end(task);
	}
	return n;
}

/* --------------------------------------------------------------------- tests */

static void
replacing(void)
{
	make("m2w_upsert", int_fields(), 3, false);
	ok(write_batch(rows(MF_WRITE_UPSERT, 1, 5, 0)) == MF_OK && counts.acknowledged == 4, "an upsert of new rows");
	is_text(read_rows(false), "1=10 2=20 3=30 4=40 ", "adds them");
	ok(write_batch(rows(MF_WRITE_UPSERT, 3, 7, 1)) == MF_OK && counts.acknowledged == 4, "one of old and new rows");
	is_text(read_rows(false), "1=10 2=20 3=31 4=41 5=51 6=61 ", "replaces and adds");
	is_int(count_rows(), 6, "no key is there twice");
	ok(write_batch(rows(MF_WRITE_UPDATE, 1, 3, 5)) == MF_OK, "an update of all fields");
	is_text(read_rows(false), "1=15 2=25 3=31 4=41 5=51 6=61 ", "replaces");
	ok(write_batch(rows(MF_WRITE_INSERT, 1, 3, 7)) == MF_OK && count_rows() == 8, "a plain insert doubles rows");
	ok(write_batch(batch_of(MF_WRITE_UPDATE, 2, all)) == MF_ERROR, "an update that lacks a field is refused");
	is_text(err.message, "UPDATE would lose field \"v\" of collection \"m2w_upsert\"", "by name");
	has_text(err.hint, "field 'v'", "with a hint");

	make("m2w_dynamic", int_fields(), 3, true);
	ok(write_batch(rows(MF_WRITE_UPSERT, 1, 3, 0)) == MF_OK, "an upsert of a collection with a dynamic field");
	ok(write_batch(rows(MF_WRITE_UPDATE, 1, 3, 0)) == MF_ERROR, "an update that lacks the dynamic field is refused");
	is_text(err.message, "UPDATE would lose the dynamic field of collection \"m2w_dynamic\"", "by name");
}

static void
deleting_by_key(void)
{
	MfField		texts[] = {{.name = "id",.kind = MF_KIND_TEXT,.max_bytes = 100,.key = true}, {.name = "n",.kind = MF_KIND_I64},
	{.name = "v",.kind = MF_KIND_VEC_F32,.dim = 2}};
	static const char *const odd[] = {"", "\n", "'", "\"", "\\", "a\"b\\n", "\xE6\x97\xA5", "%"};
	MfBatch    *b;

	make("m2w_delete", int_fields(), 3, false);
	write_batch(rows(MF_WRITE_INSERT, -5, 20000, 0));
	ok(write_batch(rows(MF_WRITE_DELETE, 3, 19999, 0)) == MF_OK && counts.acknowledged == 19996, "rows deleted by key, just inserted");
	is_text(read_rows(false), "-5=-50 -4=-40 -3=-30 -2=-20 -1=-10 0=0 1=10 2=20 19999=199990 ", "are not seen by the next scan");
	b = batch_of(MF_WRITE_DELETE, 1, all);
	add(b, INT64_MIN, 0, NULL);
	add(b, 1, 0, NULL);
	add(b, 999999, 0, NULL);
	ok(write_batch(b) == MF_OK && counts.acknowledged == 3, "keys that are not there count as acknowledged");
	m2_must((MfRequest) {.verb = MF_VERB_FLUSH,.collection = "m2w_delete"});
	write_batch(rows(MF_WRITE_DELETE, -5, 0, 0));
	is_text(read_rows(false), "0=0 2=20 19999=199990 ", "rows in storage are deleted too");
	b = batch_of(MF_WRITE_INSERT, 3, all);
	add(b, INT64_MIN, 1, NULL);
	add(b, INT64_MIN + 1, 2, NULL);
	write_batch(b);
	b = batch_of(MF_WRITE_DELETE, 1, all);
	add(b, INT64_MIN, 0, NULL);
	ok(write_batch(b) == MF_OK, "the smallest key");
	is_text(read_rows(false), "-9223372036854775807=2 0=0 2=20 19999=199990 ", "alone");

	make("m2w_delete_text", texts, 3, false);
	b = batch_of(MF_WRITE_INSERT, 3, all);
	for (size_t i = 0; i < sizeof(odd) / sizeof(odd[0]); i++)
	{
		int64_t		n = (int64_t) i;

		mf_append_bytes(&m2_mem, &b->columns[0], odd[i], strlen(odd[i]));
		mf_append_fixed(&m2_mem, &b->columns[1], &n);
		memset(mf_append_vector(&m2_mem, &b->columns[2]), 0, 8);
		b->nrows++;
	}
	write_batch(b);
	is_int(count_rows(), 8, "odd keys");
	for (size_t i = 0; i < sizeof(odd) / sizeof(odd[0]); i += 2)
	{
		b = batch_of(MF_WRITE_DELETE, 1, all);
		mf_append_bytes(&m2_mem, &b->columns[0], odd[i], strlen(odd[i]));
		b->nrows++;
		write_batch(b);
	}
	filter_int("n", MF_FILTER_GE, 0);
	is_text(read_rows(false), "\n=1 \"=3 %=7 a\"b\\n=5 ", "each is deleted by itself");
}

static void
deleting_by_condition(void)
{
	int			left = 0;
	int			wrong = 0;

	make("m2w_where", int_fields(), 3, false);
	write_batch(rows(MF_WRITE_INSERT, 0, 30000, 0));
	filter_int("n", MF_FILTER_GE, 100);
	filter_int("n", MF_FILTER_LT, 200000);
	is_int(delete_where(MF_VERB_DELETE), 19990, "rows just inserted are deleted by a condition, and counted");
	is_int(count_rows(), 10010, "the others stay");
	m2_must((MfRequest) {.verb = MF_VERB_FLUSH,.collection = "m2w_where"});
	filter_int("n", MF_FILTER_GE, 50);
	is_int(delete_where(MF_VERB_DELETE), 10005, "and those in storage");
	is_text(read_rows(false), "0=0 1=10 2=20 3=30 4=40 ", "the next scan sees no other");
	filter_on("id", MF_FILTER_IN, MF_KIND_I64, 3);
	((MfValue *) filters[0].values)[0].integer = 2;
	((MfValue *) filters[0].values)[1].integer = 777;
	((MfValue *) filters[0].values)[2].integer = 3;
	is_int(delete_where(MF_VERB_DELETE), 2, "of a list of keys those that are there are counted");
	filter_int("n", MF_FILTER_EQ, 12345);
	is_int(delete_where(MF_VERB_DELETE), 0, "no row");

	/* insert and delete at once, again and again */
	for (int i = 1; i <= 20; i++)
	{
		write_batch(rows(MF_WRITE_INSERT, 1000 * i, 1000 * i + 100, 0));
		filter_int("id", MF_FILTER_GE, 1000 * i + 50);
		wrong += delete_where(MF_VERB_DELETE) != 50;
		left += (int) count_rows() != 3 + 50 * i;
	}
	is_int(wrong, 0, "each time exactly the rows found are counted");
	is_int(left, 0, "and gone");
	filter_text("n", MF_FILTER_LIKE, 1, (const char *const[]) {"%x"});
	is_int(delete_where(MF_VERB_DELETE), -2, "a condition that Milvus cannot check");
	is_text(err.sqlstate, MF_OBJECT_NOT_IN_STATE, "is refused");
	is_int(count_rows(), 1003, "before anything is deleted");
	table[1] = (MfOption) {"filter", "id < 1000"};
	table_options.n = 2;
	is_int(delete_where(MF_VERB_DELETE), 3, "a table with a filter loses its own rows");
	table_options.n = 1;
	is_int(count_rows(), 1000, "and no other");
	is_int(delete_where(MF_VERB_TRUNCATE), 1000, "all rows are removed");
	is_int(count_rows(), 0, "at once");
	m2_must((MfRequest) {.verb = MF_VERB_RELEASE,.collection = "m2w_where"});
	is_int(delete_where(MF_VERB_TRUNCATE), -2, "a collection that is not loaded");
	is_text(err.message, "collection \"m2w_where\" is not loaded", "says so");
}

static void
keys_made(void)
{
	MfField		fields[] = {{.name = "id",.kind = MF_KIND_I64,.key = true,.auto_id = true}, {.name = "n",.kind = MF_KIND_I64},
	{.name = "v",.kind = MF_KIND_VEC_F32,.dim = 2}};
	static const char *const written[] = {"n", "v"};
	MfBatch    *b;
	Put			put = {0};
	const MfColumn *keys = NULL;
	char		expected[200] = "";
	size_t		len = 0;

	make("m2w_auto", fields, 3, false);
	b = put.batch = batch_of(MF_WRITE_INSERT, 2, written);
	for (int64_t i = 0; i < 5; i++)
	{
		mf_append_fixed(&m2_mem, &b->columns[0], &i);
		memset(mf_append_vector(&m2_mem, &b->columns[1]), 0, 8);
		b->nrows++;
	}
	if (M2C->write_begin(m2_conn, &spec, &put.write, &err) == MF_OK && patiently(submit_step, &put, &err) == MF_OK &&
		patiently(flush_step, &put, &err) == MF_OK)
		keys = M2C->write_keys(put.write);
	if (ok(keys != NULL && keys->nrows == 5 && keys->kind == MF_KIND_I64, "keys that the server made are told"))
	{
		for (int64_t i = 0; i < 5; i++)
		{
			int64_t		id;

			memcpy(&id, mf_fixed_at(keys, (int32_t) i), 8);
			len += (size_t) snprintf(expected + len, sizeof(expected) - len, "%lld=%lld ", (long long) id, (long long) i);
		}
		is_text(read_rows(false), expected, "in the order of the rows");
	}
	M2C->write_end(put.write);
	mf_batch_free(b);
	ok(write_batch(rows(MF_WRITE_UPSERT, 1, 2, 0)) == MF_ERROR, "an upsert where the server makes the keys is refused");
	is_text(err.message, "Milvus 2.3.5-lite cannot replace rows whose keys it makes itself (auto_id)", "with its version");
}

static MfBatch *
rows_in(MfWriteOp op, int n, const char *const *partitions)
{
	MfBatch    *b = batch_of(op, 4, all);

	for (int i = 0; i < n; i++)
		add(b, i + 1, i + 1, partitions[i]);
	return b;
}

static void
partitions(void)
{
	static const char *const mixed[] = {"p1", "p2", NULL, "p1", "_default", "p2"};
	static const char *const bad[] = {"p1", "p1", "p-1"};
	static const char *const two[] = {"p2", "nowhere"};
	MfBatch    *b;

	make("m2w_parts", int_fields(), 3, false);
	ok(write_batch(rows_in(MF_WRITE_INSERT, 6, mixed)) == MF_ERROR, "a partition that is not there");
	is_text(err.message, "there is no partition \"p1\" in collection \"m2w_parts\"", "is named");
	has_text(err.hint, "create_partitions", "with a hint");
	ok(write_batch(rows_in(MF_WRITE_INSERT, 3, bad)) == MF_ERROR && strstr(err.message, "\"p1\"") != NULL, "the first of them");
	table[1] = (MfOption) {"create_partitions", "true"};
	table_options.n = 2;
	ok(write_batch(rows_in(MF_WRITE_INSERT, 6, mixed)) == MF_OK && counts.acknowledged == 6, "or made");
	show_error(&err);
	is_int(counts.requests, 3, "one request a partition");
	is_text(read_rows(true), "3=3@_default 5=5@_default 1=1@p1 4=4@p1 2=2@p2 6=6@p2 ", "rows tell their partition");
	is_text(read_rows(false), "1=1 2=2 3=3 4=4 5=5 6=6 ", "without, they come in key order");
	b = rows_in(MF_WRITE_INSERT, 3, bad);
	b->first_row = 101;
	ok(write_batch(b) == MF_ERROR, "no name for a partition");
	is_text(err.message, "\"p-1\" cannot be the name of a partition", "is refused");
	is_int(err.row, 103, "with its row");

	filter_text("$partition", MF_FILTER_EQ, 1, two);
	is_text(read_rows(true), "2=2@p2 6=6@p2 ", "a condition reads one partition");
	filter_text("$partition", MF_FILTER_NE, 1, two);
	is_text(read_rows(false), "1=1 3=3 4=4 5=5 ", "or the others");
	filter_text("$partition", MF_FILTER_IN, 2, two);
	is_int(count_rows(), 2, "or counts");
	filter_text("$partition", MF_FILTER_EQ, 1, two + 1);
	is_text(read_rows(true), "", "a partition that is not there has no rows");
	filter_text("$partition", MF_FILTER_EQ, 1, two);
	filter_int("id", MF_FILTER_EQ, 2);
	is_text(read_rows(true), "2=2@p2 ", "a row by key and partition");
	filter_on("id", MF_FILTER_IN, MF_KIND_I64, 3);
	for (int i = 0; i < 3; i++)
		((MfValue *) filters[0].values)[i].integer = 2 * i + 1;
	is_text(read_rows(true), "3=3@_default 5=5@_default 1=1@p1 ", "rows by key with their partitions");

	ok(write_batch(rows(MF_WRITE_UPSERT, 1, 2, 0)) == MF_ERROR, "replacing without naming the partition is refused");
	has_text(err.detail, "3 partitions", "because there would be doubles");
	ok(write_batch(rows_in(MF_WRITE_UPDATE, 2, mixed)) == MF_OK, "an update keeps rows in their partition");
	filter_int("id", MF_FILTER_LE, 2);
	is_text(read_rows(true), "1=1@p1 2=2@p2 ", "so nothing is there twice");
	b = rows_in(MF_WRITE_UPDATE, 1, two);
	columns[3].changed = true;
	ok(write_batch(b) == MF_ERROR, "an update that moves rows");
	is_text(err.message, "UPDATE cannot move rows to another partition", "is refused");

	table[1] = (MfOption) {"partition", "p1"};
	is_text(read_rows(false), "1=1 4=4 ", "a table that is a partition");
	is_int(count_rows(), 2, "has its rows only");
	ok(write_batch(rows(MF_WRITE_UPSERT, 4, 8, 2)) == MF_OK, "and takes rows");
	is_text(read_rows(true), "1=1@p1 4=42@p1 5=52@p1 6=62@p1 7=72@p1 ", "into it");
	filter_int("n", MF_FILTER_GE, 60);
	is_int(delete_where(MF_VERB_DELETE), 2, "and loses its own by a condition");
	is_int(delete_where(MF_VERB_TRUNCATE), 3, "or all of its own");
	is_int(count_rows(), 0, "which are gone");
	table[1] = (MfOption) {"partition", "p9"};
	is_text(read_rows(false), "there is no partition \"p9\" in collection \"m2w_parts\"", "a table of a partition that is not there");
	ok(write_batch(rows(MF_WRITE_INSERT, 4, 8, 2)) == MF_ERROR && strstr(err.message, "\"p9\"") != NULL, "nor can it be written to");
	table_options.n = 1;
	is_text(read_rows(true), "3=3@_default 5=5@_default 2=2@p2 6=6@p2 ", "other partitions keep theirs");
	filter_text("$partition", MF_FILTER_NE, 1, two);
	is_int(delete_where(MF_VERB_DELETE), 2, "rows are deleted by partition");
	is_text(read_rows(true), "2=2@p2 6=6@p2 ", "and no other");
}

/* Many rows to many partitions in no order: each where it belongs, whatever the pieces. */
static void
many_partitions(void)
{
	enum
	{
		ROWS = 20000, PARTS = 7
	};
	MfBatch    *b;
	MfScanColumn want[] = {{"id", "id", MF_KIND_I64}, {"p", "$partition", MF_KIND_TEXT}, {"v", "v", MF_KIND_VEC_F32,.dim = 2}};
	MfScanSpec	scan = {sizeof(scan), &table_options, 3, want, -1, 1000, &m2_mem};
	Next		next = {0};
	int			seen = 0;
	int			wrong = 0;
	uint8_t    *met = calloc(ROWS, 1);

	make("m2w_many", int_fields(), 3, false);
	table[1] = (MfOption) {"create_partitions", "true"};
	table_options.n = 2;
	b = batch_of(MF_WRITE_INSERT, 4, all);
	for (int i = 0; i < ROWS; i++)
	{
		char		name[16];

		snprintf(name, sizeof(name), "part%d", i * 31 % PARTS);
		add(b, i, i, name);
	}
	ok(write_batch(b) == MF_OK && counts.acknowledged == ROWS, "%d rows to %d partitions", ROWS, PARTS);
	M2C->scan_begin(m2_conn, &scan, &next.scan, &err);
	while (patiently(next_step, &next, &err) == MF_OK)
	{
		for (int i = 0; i < next.batch->nrows; i++, seen++)
		{
			char		name[16];
			int64_t		id;
			float		first;
			size_t		len;
			const char *p = mf_varying_at(&next.batch->columns[1], i, &len);

			memcpy(&id, mf_fixed_at(&next.batch->columns[0], i), 8);
			memcpy(&first, mf_fixed_at(&next.batch->columns[2], i), 4);
			snprintf(name, sizeof(name), "part%d", (int) (id * 31 % PARTS));
			wrong += id < 0 || id >= ROWS || met[id]++ > 0 || first != (float) id ||
				strlen(name) != len || memcmp(name, p, len) != 0;
		}
	}
	M2C->scan_end(next.scan);
	ok(seen == ROWS && wrong == 0, "%d of them read, %d wrong", seen, wrong);
	free(met);
}

static void
partition_key(void)
{
	MfField		fields[] = {{.name = "id",.kind = MF_KIND_I64,.key = true}, {.name = "n",.kind = MF_KIND_I64,.partition_key = true},
	{.name = "v",.kind = MF_KIND_VEC_F32,.dim = 2}};
	static const char *const one[] = {"_default_0"};
	MfError		e;

	make("m2w_key", fields, 3, false);
	ok(write_batch(rows(MF_WRITE_INSERT, 1, 4, 0)) == MF_OK, "rows divided by a partition key");
	ok(write_batch(rows(MF_WRITE_UPDATE, 1, 3, 0)) == MF_ERROR, "are not replaced by 2.3.5");
	has_text(err.message, "cannot replace rows of a collection with a partition key", "which would misplace them");
	is_text(read_rows(false), "1=10 2=20 3=30 ", "but read");
	ok(write_batch(rows_in(MF_WRITE_INSERT, 1, one)) == MF_ERROR, "but take no partition");
	has_text(err.detail, "field \"n\" is a partition key", "because of the key");
	e = err;
	is_text(read_rows(true), e.message, "nor tell it");
	filter_text("$partition", MF_FILTER_EQ, 1, one);
	is_int(delete_where(MF_VERB_DELETE), -2, "nor can it be a condition");
	table[1] = (MfOption) {"partition", "_default_0"};
	table_options.n = 2;
	is_text(read_rows(false), e.message, "a table cannot be one");
	ok(write_batch(rows(MF_WRITE_INSERT, 1, 4, 0)) == MF_ERROR, "to write either");
	table_options.n = 1;
}

int
main(void)
{
	static const char *const collections[] = {"m2w_upsert", "m2w_dynamic", "m2w_delete", "m2w_delete_text", "m2w_where", "m2w_auto",
		"m2w_parts", "m2w_many", "m2w_key"};

	if (getenv("MILVUS_FDW_MILVUS_HOST") == NULL)
	{
		printf("1..0 # SKIP no Milvus\n");
		return 0;
	}
	m2_connect(NULL, 0);
	replacing();
	deleting_by_key();
	deleting_by_condition();
	keys_made();
	partitions();
	many_partitions();
	partition_key();
	for (size_t i = 0; i < sizeof(collections) / sizeof(collections[0]); i++)
		drop(collections[i]);
	M2C->request_end(described);
	M2C->close(m2_conn);
	is_int((long long) m2_mem.used, 0, "all memory is given back");
	return tap_done();
}
