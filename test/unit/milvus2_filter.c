/*
 * milvus2_filter.c - Do Milvus's expressions let through the rows that SQL wants?
 *
 * First their text, without a server.  Then, where MILVUS_FDW_MILVUS_HOST and
 * _PORT are set, random conditions over rows at the edges of their types, each
 * compared with what SQL would say (seed and count: MILVUS_FDW_SEED, _COUNT).
 * Uses a collection named f_filter.
 */
#include "milvus2_filter_rows.h"

static MfField fields[] = {
	{.name = "id",.kind = MF_KIND_I64,.key = true}, {.name = "b",.kind = MF_KIND_BOOL},
	{.name = "i8",.kind = MF_KIND_I8}, {.name = "i16",.kind = MF_KIND_I16}, {.name = "i32",.kind = MF_KIND_I32},
	{.name = "i64",.kind = MF_KIND_I64}, {.name = "f",.kind = MF_KIND_F32}, {.name = "d",.kind = MF_KIND_F64},
	{.name = "t",.kind = MF_KIND_TEXT,.max_bytes = 400}, {.name = "j",.kind = MF_KIND_JSON},
	{.name = "v",.kind = MF_KIND_VEC_F32,.dim = 2}, {.name = "$meta",.kind = MF_KIND_JSON,.dynamic = true,.nullable = true},
};
static const MfCollection collection = {.name = "f_filter",.nfields = 12,.fields = fields,.dynamic = true};

/* --------------------------------------------------------------------- texts */

static const MfPathStep path_a[] = {{.key = "a"}, {.index = 0}, {.index = 3}};
static const MfPathStep path_quote[] = {{.key = "a\"b"}};

typedef struct Case
{
	const char *wanted;			/* "" = not shipped, or every row */
	MfShip		ship;
	MfFilterOp	op;
	const char *field;
	MfKind		kind;
	int			nvalues;
	MfValue		values[3];
	int			npath;
	const MfPathStep *path;
	bool		as_text;
	bool		negate;
} Case;

#define E MF_SHIP_EXACT
#define S MF_SHIP_SUPERSET
#define N MF_SHIP_NO
#define OP(x) MF_FILTER_##x
#define K(x) MF_KIND_##x

static const Case cases[] = {
	{"b == true", E, OP(EQ), "b", K(BOOL), 1, {BOOL(true)}},
	{"b == false", E, OP(NE), "b", K(BOOL), 1, {BOOL(true)}},
	{"", E, OP(IN), "b", K(BOOL), 2, {BOOL(true), BOOL(false)}},
	{"i8 == 127", E, OP(EQ), "i8", K(I16), 1, {I64(127)}},
	{"nothing", E, OP(EQ), "i8", K(I16), 1, {I64(128)}},
	{"", E, OP(LT), "i8", K(I16), 1, {I64(128)}},
	{"", E, OP(NE), "i8", K(I16), 1, {I64(-129)}},
	{"(i8 in [1, 2])", E, OP(IN), "i8", K(I16), 3, {I64(1), I64(2), I64(300)}},
	{"i64 < -9223372036854775807", E, OP(EQ), "i64", K(I64), 1, {I64(INT64_MIN)}},
	{"i64 >= -9223372036854775807", E, OP(GT), "i64", K(I64), 1, {I64(INT64_MIN)}},
	{"", E, OP(GE), "i64", K(I64), 1, {I64(INT64_MIN)}},
	{"nothing", E, OP(IN), "i64", K(I64), 0},
	{"", E, OP(IN), "i64", K(I64), 0,.negate = true},
	{"i64 <= 1", E, OP(LT), "i64", K(F64), 1, {F64(1.5)}},
	{"", N, OP(LT), "i64", K(F64), 1, {F64(1e17)}},
	{"nothing", E, OP(IS_NULL), "i64", K(I64)},
	{"f == 0.5", E, OP(EQ), "f", K(F32), 1, {F64(0.5)}},
	{"nothing", E, OP(EQ), "f", K(F32), 1, {F64(0.1)}},
	{"not (f <= 0.09999999403953552)", E, OP(GT), "f", K(F32), 1, {F64(0.1)}},
	{"f <= 3.4028234663852886e+38", E, OP(LT), "f", K(F32), 1, {F64(1e39)}},
	{"not (f < -3.4028234663852886e+38)", E, OP(GT), "f", K(F32), 1, {F64(-1e39)}},
	{"", N, OP(LT), "f", K(F32), 1, {F64(NAN)}},
	{"d == 0.0", E, OP(EQ), "d", K(F64), 1, {F64(-0.0)}},
	{"not (d < 0.1)", E, OP(GE), "d", K(F64), 1, {F64(0.1)}},
	{"d not in [1.0, 1e+300]", E, OP(IN), "d", K(F64), 2, {F64(1), F64(1e300)},.negate = true},
	{"", N, OP(EQ), "d", K(F32), 1, {F64(0.5)}},
	{"t == \"a\\\"b\\\\c\\u000a\"", E, OP(EQ), "t", K(TEXT), 1, {TEXT("a\"b\\c\n")}},
	{"t in [\"\", \"x\"]", E, OP(IN), "t", K(TEXT), 2, {TEXT(""), TEXT("x")}},
	{"t >= \"x\"", E, OP(LT), "t", K(TEXT), 1, {TEXT("x")},.negate = true},
	{"t like \"abc%\"", E, OP(LIKE), "t", K(TEXT), 1, {TEXT("abc%")}},
	{"not (t like \"abc%\")", E, OP(LIKE), "t", K(TEXT), 1, {TEXT("abc%%")},.negate = true},
	{"t like \"abc%\"", S, OP(LIKE), "t", K(TEXT), 1, {TEXT("abc%d")}},
	{"", N, OP(LIKE), "t", K(TEXT), 1, {TEXT("abc%d")},.negate = true},
	{"", N, OP(LIKE), "t", K(TEXT), 1, {TEXT("%d")}},
	{"", E, OP(LIKE), "t", K(TEXT), 1, {TEXT("%")}},
	{"t == \"\"", E, OP(LIKE), "t", K(TEXT), 1, {TEXT("")}},
	{"t == \"a%\"", E, OP(LIKE), "t", K(TEXT), 1, {TEXT("a\\%")}},
	{"(t >= \"a_\" and t < \"a`\")", E, OP(LIKE), "t", K(TEXT), 1, {TEXT("a\\_%")}},
	{"(t < \"\xf4\x8f\xbf\xbf%\" or t >= \"\xf4\x8f\xbf\xbf&\")", E, OP(LIKE), "t", K(TEXT), 1, {TEXT("\xf4\x8f\xbf\xbf\\%%")},.negate = true},
	{"", N, OP(LIKE), "t", K(TEXT), 1, {TEXT("a\\")}},
	{"(j[\"a\"] == 1.0)", S, OP(EQ), "j", K(JSON), 1, {JSON("1")}, 1, path_a},
	{"(j[\"a\"] == \"x\")", S, OP(EQ), "j", K(JSON), 1, {JSON("\"x\"")}, 1, path_a},
	{"(j[\"a\"][0] == true or j[\"a\"] == true)", S, OP(EQ), "j", K(JSON), 1, {JSON("true")}, 2, path_a},
	{"(j[\"a\"][0][3] == 2.5)", S, OP(EQ), "j", K(JSON), 1, {JSON("2.5")}, 3, path_a},
	{"", N, OP(EQ), "j", K(JSON), 1, {JSON("null")}, 1, path_a},
	{"", N, OP(EQ), "j", K(JSON), 1, {JSON("[1]")}, 1, path_a},
	{"", N, OP(EQ), "j", K(JSON), 1, {JSON("1e400")}, 1, path_a},
	{"", N, OP(EQ), "j", K(JSON), 1, {JSON("1")}, 1, path_quote},
	{"(j[\"a\"] == \"1\" or j[\"a\"] == 1.0)", S, OP(EQ), "j", K(JSON), 1, {TEXT("1")}, 1, path_a, true},
	{"j[\"a\"] not in [\"1\", \"x\"]", S, OP(IN), "j", K(JSON), 2, {TEXT("1"), TEXT("x")}, 1, path_a, true, true},
	{"", N, OP(LT), "j", K(JSON), 1, {TEXT("1")}, 1, path_a, true},
	{"((j[\"k\"] == 1.0) and json_contains(j[\"l\"], \"x\"))", S, OP(CONTAINS), "j", K(JSON), 1, {JSON("{\"k\": 1, \"l\": [\"x\", null]}")}},
	{"", N, OP(CONTAINS), "j", K(JSON), 1, {JSON("[1]")}},
	{"(json_contains($meta[\"a\"], 1.0))", S, OP(CONTAINS), "$meta", K(JSON), 1, {JSON("[1]")}, 1, path_a},
	{"($meta[\"k\"] == 5.0 or $meta[\"k\"] >= \"\")", S, OP(EQ), "k", K(I64), 1, {I64(5)}},
	{"($meta[\"k\"] >= 5.0 or $meta[\"k\"] >= \"\")", S, OP(GT), "k", K(I64), 1, {I64(5)}},
	{"($meta[\"k\"] == \"abc\")", S, OP(EQ), "k", K(TEXT), 1, {TEXT("abc")}},
	{"$meta[\"k\"] != \"abc\"", S, OP(NE), "k", K(TEXT), 1, {TEXT("abc")}},
	{"", N, OP(IS_NOT_NULL), "k", K(TEXT)},
	{"", N, OP(IS_NULL), "k", K(TEXT)},
	{"", N, OP(EQ), "k\"", K(TEXT), 1, {TEXT("abc")}},
};

static void
texts(void)
{
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
	{
		const Case *c = &cases[i];
		MfFilter	leaf = {.op = c->op,.field = c->field,.kind = c->kind,.nvalues = c->nvalues,
		.values = c->values,.npath = c->npath,.path = c->path,.as_text = c->as_text};
		const MfFilter *args[1] = {&leaf};
		MfFilter	not = {.op = MF_FILTER_NOT,.nargs = 1,.args = args};
		const MfFilter *filter = c->negate ? &not : &leaf;
		MfJsonBuf	expr = {.mem = &m2_mem};
		bool		exact;
		const char *got = "nothing";

		if (m2_filter_put(&expr, &collection, 1, &filter, NULL, &exact))
			got = expr.data != NULL ? expr.data : "";
		is_text(got, c->wanted, c->wanted);
		is_int(m2_filter_check(&collection, filter), c->ship, "  and how well");
		mf_free(&m2_mem, expr.data);
	}
}

static void
trees(void)
{
	MfValue		one = I64(1);
	MfValue		text = TEXT("%x");
	MfFilter	a = {.op = OP(EQ),.field = "i64",.kind = K(I64),.nvalues = 1,.values = &one};
	MfFilter	no = {.op = OP(LIKE),.field = "t",.kind = K(TEXT),.nvalues = 1,.values = &text};
	MfFilter	never = {.op = OP(FALSE)};
	const MfFilter *both[] = {&a, &no};
	const MfFilter *some[] = {&a, &never, &a};
	MfFilter	and = {.op = OP(AND),.nargs = 2,.args = both};
	MfFilter	or = {.op = OP(OR),.nargs = 2,.args = both};
	MfFilter	ors = {.op = OP(OR),.nargs = 3,.args = some};
	const MfFilter *inner[] = {&or};
	MfFilter	not = {.op = OP(NOT),.nargs = 1,.args = inner};
	const MfFilter *all[] = {&and, &or, &ors, &not};
	static const char *const wanted[] = {"i64 == 1", "", "(i64 == 1 or i64 == 1)", "i64 != 1"};

	for (int i = 0; i < 4; i++)
	{
		MfJsonBuf	expr = {.mem = &m2_mem};
		bool		exact;

		m2_filter_put(&expr, &collection, 1, &all[i], NULL, &exact);
		is_text(expr.data != NULL ? expr.data : "", wanted[i], wanted[i]);
		ok(exact == (i == 2), "  and whether it is exact");
		mf_free(&m2_mem, expr.data);
	}
	is_int(m2_filter_check(NULL, &a), MF_SHIP_SUPERSET, "nothing is exact without a description");
	is_int(m2_filter_check(NULL, &or), MF_SHIP_NO, "OR with a part that cannot be shipped");
}

/* ---------------------------------------------------------------- the server */

static void
add_member(MfJsonBuf *buf, const char *key, const char *before, const char *json, const char *after)
{
	if (json == NULL)
		return;
	mf_json_buf_add(buf, buf->len > 1 ? "," : "");
	mf_json_buf_quote(buf, key);
	mf_json_buf_add(buf, before);
	mf_json_buf_add(buf, json);
	mf_json_buf_add(buf, after);
}

static MfOption table_option = {"collection", "f_filter"};
static MfOptions table_options = {1, &table_option};

static void
write_rows(const MfCollection *c)
{
	MfBatch    *b = mf_batch_new(&m2_mem, c->nfields);
	MfWriteColumn columns[16];
	MfWriteSpec spec = {sizeof(spec), &table_options, c, c->nfields, columns, 4, &m2_mem};
	Put			put = {.batch = b};
	MfWriteCounts counts;
	MfError		err;

	for (int i = 0; i < c->nfields; i++)
	{
		columns[i] = (MfWriteColumn) {c->fields[i].name, &c->fields[i]};
		mf_column_init(b, i, c->fields[i].kind, c->fields[i].elem, c->fields[i].dim, 0);
	}
	b->first_row = 1;
	for (int i = 0; i < NROWS; i++)
	{
		Row		   *r = &rows[i];
		MfJsonBuf	j = {.mem = &m2_mem};
		MfJsonBuf	m = {.mem = &m2_mem};
		uint8_t		yes = r->b;
		int8_t		i8 = (int8_t) r->ints[1];
		int16_t		i16 = (int16_t) r->ints[2];
		int32_t		i32 = (int32_t) r->ints[3];
		float		f = (float) r->f;
		char		number[32];

		snprintf(number, sizeof(number), i % 5 == 0 ? "\"%lld\"" : "%lld", (long long) r->k);
		mf_json_buf_add(&j, "{");
		add_member(&j, "a", ":", atoms[r->a].json, "");
		add_member(&j, "l", ":[", atoms[r->l].json, ",5]");
		mf_json_buf_add(&j, "}");
		mf_json_buf_add(&m, "{");
		add_member(&m, "a", ":", atoms[r->m].json, "");
		add_member(&m, "k", ":", r->k_there ? number : NULL, "");
		if (r->s != NULL)
		{
			MfJsonBuf	s = {.mem = &m2_mem};

			mf_json_buf_quote(&s, r->s);
			add_member(&m, "s", ":", s.data, "");
			mf_free(&m2_mem, s.data);
		}
		mf_json_buf_add(&m, "}");
		mf_append_fixed(&m2_mem, &b->columns[0], &r->ints[0]);
		mf_append_fixed(&m2_mem, &b->columns[1], &yes);
		mf_append_fixed(&m2_mem, &b->columns[2], &i8);
		mf_append_fixed(&m2_mem, &b->columns[3], &i16);
		mf_append_fixed(&m2_mem, &b->columns[4], &i32);
		mf_append_fixed(&m2_mem, &b->columns[5], &r->ints[4]);
		mf_append_fixed(&m2_mem, &b->columns[6], &f);
		mf_append_fixed(&m2_mem, &b->columns[7], &r->d);
		mf_append_bytes(&m2_mem, &b->columns[8], r->t, strlen(r->t));
		mf_append_bytes(&m2_mem, &b->columns[9], j.data, j.len);
		memset(mf_append_vector(&m2_mem, &b->columns[10]), 0, 8);
		mf_append_bytes(&m2_mem, &b->columns[11], m.data, m.len);
		mf_free(&m2_mem, j.data);
		mf_free(&m2_mem, m.data);
	}
	b->nrows = NROWS;
	if (M2C->write_begin(m2_conn, &spec, &put.write, &err) != MF_OK || patiently(submit_step, &put, &err) != MF_OK ||
		patiently(flush_step, &put, &err) != MF_OK)
		die("writing", &err);
	M2C->write_counts(put.write, &counts);
	M2C->write_end(put.write);
	mf_batch_free(b);
	is_int(counts.acknowledged, NROWS, "all rows are written");
}

static int	shipped[3];

/* Which rows come?  false = an error. */
static bool
read_rows(int n, const MfFilter *const *filters, bool *came, int64_t *count, MfError *err)
{
	MfScanColumn id = {.column = "id",.field = "id",.kind = MF_KIND_I64};
	MfScanSpec	spec = {sizeof(spec), &table_options, came != NULL, &id, -1, 0, &m2_mem, n, filters};
	Next		next = {0};
	MfStatus	status;

	*count = 0;
	mf_error_reset(err);
	status = M2C->scan_begin(m2_conn, &spec, &next.scan, err);
	while (status == MF_OK && (status = patiently(next_step, &next, err)) == MF_OK)
	{
		*count += next.batch->nrows;
		for (int i = 0; came != NULL && i < next.batch->nrows; i++)
		{
			int64_t		key;
			int			row = 0;

			memcpy(&key, mf_fixed_at(&next.batch->columns[0], i), sizeof(key));
			while (rows[row].ints[0] != key)
				row++;
			if (came[row])
				status = mf_error(err, "XX000", "row %lld came twice", (long long) key);
			came[row] = true;
		}
	}
	M2C->scan_end(next.scan);
	return status == MF_END;
}

static bool
check_one(const MfCollection *c)
{
	int			n = 1 + pick(2);
	const MfFilter *filters[2];
	bool		came[NROWS] = {false};
	MfShip		ship = MF_SHIP_EXACT;
	int64_t		count;
	int64_t		wanted = 0;
	int			bad = -1;
	MfError		err;
	MfScanSpec	spec = {.options = &table_options,.nfilters = n,.filters = filters};
	char		text[4000];

	pool_used = 0;
	for (int i = 0; i < n; i++)
	{
		MfShip		one;

		filters[i] = random_filter(pick(3));
		one = M2C->filter_check(c, filters[i]);
		shipped[one]++;
		if (one < ship)
			ship = one;
	}
	if (!read_rows(n, filters, came, &count, &err))
	{
		show_error(&err);
		bad = 0;
	}
	for (int i = 0; i < NROWS && bad < 0; i++)
	{
		bool		want = is_true(&rows[i], filters[0]) == 1 && (n == 1 || is_true(&rows[i], filters[1]) == 1);

		wanted += want;
		if ((want && !came[i]) || (!want && came[i] && ship == MF_SHIP_EXACT))
			bad = i;
	}
	if (bad < 0 && ship == MF_SHIP_EXACT && (!read_rows(n, filters, NULL, &count, &err) || count != wanted))
	{
		printf("# counted %lld instead of %lld\n", (long long) count, (long long) wanted);
		bad = 0;
	}
	if (bad >= 0)
	{
		M2C->scan_explain(NULL, &spec, text, sizeof(text));
		printf("# row %d (id %lld) %s, ship %d: %s\n", bad, (long long) rows[bad].ints[0], came[bad] ? "came" : "is missing", ship, text);
	}
	return bad < 0;
}

static void
check_many(const MfCollection *c, const char *what)
{
	int			count = getenv("MILVUS_FDW_COUNT") != NULL ? atoi(getenv("MILVUS_FDW_COUNT")) : 1000;
	int			good = 0;

	for (int i = 0; i < count && i - good < 10; i++)
		good += check_one(c);
	is_int(good, count, what);
	printf("# not shipped %d, superset %d, exact %d\n", shipped[0], shipped[1], shipped[2]);
}

static void
set_index(const char *field, const char *type)
{
	MfOption	index[] = {{"index_type", type}, {"metric_type", "L2"}};
	MfOptions	args = {field[0] == 'v' ? 2 : 1, index};

	m2_must((MfRequest) {.verb = MF_VERB_CREATE_INDEX,.collection = "f_filter",.field = field,.args = &args});
}

/* Another connection changes what this one has described a moment ago. */
static void
behind_our_back(void)
{
	MfConn	   *ours = m2_conn;
	MfCollection other = {.name = "f_filter",.nfields = 2};
	MfField		two[] = {{.name = "id",.kind = MF_KIND_TEXT,.max_bytes = 10,.key = true}, fields[10]};
	MfScanColumn id = {.column = "id",.field = "id",.kind = MF_KIND_TEXT};
	MfScanSpec	spec = {sizeof(spec), &table_options, 1, &id, -1, 0, &m2_mem};
	Next		next = {0};
	int64_t		count;
	MfError		err;

	ok(read_rows(0, NULL, NULL, &count, &err) && count == NROWS, "rows are counted");
	m2_connect(NULL, 0);
	m2_must((MfRequest) {.verb = MF_VERB_RELEASE,.collection = "f_filter"});
	M2C->close(m2_conn);
	m2_conn = ours;
	ok(!read_rows(0, NULL, NULL, &count, &err), "no longer once another connection has released the collection");
	has_text(err.hint, "milvus_fdw.load", "and the hint says how to load it");
	m2_must((MfRequest) {.verb = MF_VERB_LOAD,.collection = "f_filter"});
	ok(read_rows(0, NULL, NULL, &count, &err) && count == NROWS, "rows are counted again");
	m2_connect(NULL, 0);
	other.fields = two;
	m2_must((MfRequest) {.verb = MF_VERB_DROP_COLLECTION,.collection = "f_filter"});
	m2_must((MfRequest) {.verb = MF_VERB_CREATE_COLLECTION,.collection = "f_filter",.schema = &other});
	set_index("v", "FLAT");
	m2_must((MfRequest) {.verb = MF_VERB_LOAD,.collection = "f_filter"});
	M2C->close(m2_conn);
	m2_conn = ours;
	ok(M2C->scan_begin(m2_conn, &spec, &next.scan, &err) == MF_OK && patiently(next_step, &next, &err) == MF_END,
	   "another collection of that name is read as what it is");
	M2C->scan_end(next.scan);
}

static void
server(void)
{
	MfCollection create = {.name = "f_filter",.nfields = 11,.fields = fields,.dynamic = true};
	static const char *const indexed[] = {"i8", "i32", "i64", "f", "d", "t"};
	const MfCollection *c;
	MfTask	   *described;
	MfError		err;

	m2_connect(NULL, 0);
	m2_do((MfRequest) {.verb = MF_VERB_DROP_COLLECTION,.collection = "f_filter"}, NULL, &err);
	m2_must((MfRequest) {.verb = MF_VERB_CREATE_COLLECTION,.collection = "f_filter",.schema = &create});
	if (m2_do((MfRequest) {.verb = MF_VERB_DESCRIBE,.collection = "f_filter"}, &described, &err) != MF_OK)
		die("describe", &err);
	c = &M2C->request_reply(described)->collections[0];
	set_index("v", "FLAT");
	m2_must((MfRequest) {.verb = MF_VERB_LOAD,.collection = "f_filter"});
	make_rows();
	write_rows(c);
	check_many(c, "random conditions, on growing segments");
	m2_must((MfRequest) {.verb = MF_VERB_FLUSH,.collection = "f_filter"});
	m2_must((MfRequest) {.verb = MF_VERB_RELEASE,.collection = "f_filter"});
	m2_must((MfRequest) {.verb = MF_VERB_LOAD,.collection = "f_filter"});
	check_many(c, "random conditions, on sealed segments");
	m2_must((MfRequest) {.verb = MF_VERB_RELEASE,.collection = "f_filter"});
	for (int i = 0; i < COUNT(indexed); i++)
		set_index(indexed[i], i < 5 ? "STL_SORT" : "Trie");
	m2_must((MfRequest) {.verb = MF_VERB_LOAD,.collection = "f_filter"});
	check_many(c, "random conditions, with scalar indexes");
	behind_our_back();
	m2_do((MfRequest) {.verb = MF_VERB_DROP_COLLECTION,.collection = "f_filter"}, NULL, &err);
	M2C->request_end(described);
	M2C->close(m2_conn);
}

int
main(void)
{
	seed = getenv("MILVUS_FDW_SEED") != NULL ? (uint64_t) atoll(getenv("MILVUS_FDW_SEED")) : 20240229;
	printf("# seed %llu\n", (unsigned long long) seed);
	mf_mem_init(&m2_mem, (size_t) 2048 << 20);
	texts();
	trees();
	if (getenv("MILVUS_FDW_MILVUS_PORT") == NULL)
		printf("# no server: set MILVUS_FDW_MILVUS_HOST and _PORT for the rest\n");
	else
		server();
	return tap_done();
}
