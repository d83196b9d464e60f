/*
 * json_scan.c - Does the JSON reader accept JSON, all of it and nothing else?
 *
 * Numbers are compared bit for bit with the C library's; every text lies in
 * memory of exactly its size and the slack, so that the address sanitizer sees each
 * byte read too far.
 *
 *   json_scan [NUMBERS]     how many random numbers (default 10 million)
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <locale.h>
#include <math.h>

#include "../../src/connector/elasticsearch/es.h"
#include "../../src/json/json_internal.h"
#include "drive.h"

static MfMem mem;

/* A copy with nothing but the slack behind it. */
static char *
exact(const char *text, size_t len)
{
	char	   *copy = malloc(len + MF_JSON_SLACK);

	memcpy(copy, text, len);
	memset(copy + len, 0, MF_JSON_SLACK);
	return copy;
}

static uint64_t
rnd(void)
{
	static uint64_t s = 88172645463325252;

	s ^= s << 13;
	s ^= s >> 7;
	s ^= s << 17;
	return s * 2685821657736338717;
}

/* ------------------------------------------------------------------- numbers */

static long wrong_f32;
static long wrong_f64;

static void
check_number(const char *text)
{
	size_t		len = strlen(text);
	char		buf[2048] = {0};
	MfJsonNumber n;
	float		f;
	float		want_f;
	double		d;
	double		want_d;

	memcpy(buf, text, len);
	buf[len] = ',';
	if (json_read_number(buf, &n) != buf + len)
	{
		printf("# not read: %s\n", text);
		wrong_f32++;
		return;
	}
	f = mf_json_f32(&n);
	d = mf_json_f64(&n);
	want_f = strtof(text, NULL);
	want_d = strtod(text, NULL);
	if (memcmp(&f, &want_f, 4) != 0 && wrong_f32++ < 5)
		printf("# float %s: %a, not %a\n", text, (double) f, (double) want_f);
	if (memcmp(&d, &want_d, 8) != 0 && wrong_f64++ < 5)
		printf("# double %s: %a, not %a\n", text, d, want_d);
}

/* Up to `max` digits with a point and an exponent somewhere. */
static void
random_text(char *p, int max, int max_exp)
{
	int			n = 1 + (int) (rnd() % (uint64_t) max);
	int			point = rnd() % 4 == 0 ? n : (int) (rnd() % (uint64_t) n) + 1;
	uint64_t	r = rnd();

	if (r & 1)
		*p++ = '-';
	if (r & 2 && point < n)
	{
		*p++ = '0';
		*p++ = '.';
		point = n + 1;
	}
	for (int i = 0; i < n; i++)
	{
		if (i == point)
			*p++ = '.';
		*p++ = (char) (i == 0 && point != n + 1 && n > 1 ? '1' + rnd() % 9 : '0' + rnd() % 10);
	}
	if ((r & 12) == 0)
		p += sprintf(p, "%c%s%d", r & 16 ? 'e' : 'E', r & 32 ? "-" : r & 64 ? "+" : "", (int) (rnd() % (uint64_t) max_exp));
	*p = '\0';
}

static void
numbers(long count)
{
	static const char *const fixed[] = {
		"0", "-0", "0.0", "-0.0", "0e0", "0e999999999", "1", "-1", "1e-45", "7.006492321624085e-46",
		"7.0064923216240853546186479164495807e-46", "7.0064923216240853546186479164495806e-46",
		"1.17549435e-38", "1.1754942e-38", "1.1754943508222875e-38", "3.4028234e38", "3.4028235e38",
		"3.4028235677973366e38", "340282346638528859811704183484516925440", "340282356779733661637539395458142568447",
		"340282356779733661637539395458142568448", "16777217", "16777219", "33554435", "0.1", "0.3333333333333333333333",
		"123456789012345678901234567890", "0.000000000000000000000000000000000000000000001401298464324817",
		"2.2250738585072011e-308", "4.9e-324", "2.4703282292062327e-324", "1.7976931348623157e308", "1e400", "-1e400",
		"9007199254740993", "9007199254740992.5", "9223372036854775807", "18446744073709551615", "9999999999999999999",
		"1.00000005960464477539062500000000000000000000000000000000001", "1.000000059604644775390625",
		"1.0000000596046447753906249999999999999999999999999", "8.589973e9", "1e22", "1e23", "1e-22", "1e-23", "1E+10",
	};
	char		text[2000];
	double		start = drive_now();

	for (size_t i = 0; i < sizeof(fixed) / sizeof(fixed[0]); i++)
		check_number(fixed[i]);
	is_int(wrong_f32, 0, "well-known floats to the last bit");
	is_int(wrong_f64, 0, "well-known doubles to the last bit");

	for (long i = 0; i < count; i++)
	{
		if (i % 2 == 0)
			random_text(text, 12, 46);
		else
			random_text(text, i % 100 == 1 ? 60 : 21, i % 10 == 3 ? 330 : 40);
		check_number(text);
	}
	is_int(wrong_f32, 0, "random decimal texts as floats");
	is_int(wrong_f64, 0, "random decimal texts as doubles");

	/* the middle between two floats, exactly and a hair beside it */
	for (long i = 0; i < count / 20; i++)
	{
		uint32_t	bits = (uint32_t) rnd();
		float		f;
		double		middle;
		uint64_t	m;

		if (i % 4 == 0)
			bits &= 0x807FFFFF; /* among the denormal ones */
		else if (i % 2 == 0)
			bits = (bits & 0x87FFFFFF) | 0x38000000;	/* near one */
		if ((bits & 0x7F800000) == 0x7F800000)
			continue;
		memcpy(&f, &bits, 4);
		middle = ((double) f + (double) nextafterf(f, INFINITY)) / 2;
		if (!isfinite(middle))
			continue;
		snprintf(text, sizeof(text), "%.*e", i % 3 == 0 ? 160 : i % 3 == 1 ? 16 : 18, middle);
		check_number(text);
		memcpy(&m, &middle, 8);
		m += (uint64_t) (int64_t) (rnd() % 9) - 4;
		memcpy(&middle, &m, 8);
		snprintf(text, sizeof(text), "%.*g", i % 2 == 0 ? 17 : 25, middle);
		check_number(text);
		snprintf(text, sizeof(text), "%.9g", (double) f);
		check_number(text);
	}
	is_int(wrong_f32, 0, "floats around the middle between two");
	is_int(wrong_f64, 0, "the same texts as doubles");
	printf("# %ld numbers in %.1f s\n", count, (drive_now() - start) / 1000);

	/* digits with a comma for a point would betray the locale */
	if (setlocale(LC_NUMERIC, "de_DE.UTF-8") != NULL || setlocale(LC_NUMERIC, "fr_FR.UTF-8") != NULL)
	{
		MfJsonNumber n;

		json_read_number("1.000000059604644775390625000000001,", &n);
		ok(mf_json_f32(&n) > 1.0f, "LC_NUMERIC does not matter");
		setlocale(LC_NUMERIC, "C");
	}
}

static void
integers(void)
{
	static const struct
	{
		const char *text;
		MfJsonInt	answer;
		int64_t		value;
	}			cases[] = {
		{"0", MF_JSON_INT_OK, 0}, {"-0", MF_JSON_INT_OK, 0}, {"9223372036854775807", MF_JSON_INT_OK, INT64_MAX},
		{"-9223372036854775808", MF_JSON_INT_OK, INT64_MIN}, {"9223372036854775808", MF_JSON_INT_RANGE, 0},
		{"-9223372036854775809", MF_JSON_INT_RANGE, 0}, {"1.0", MF_JSON_INT_OK, 1}, {"1.7", MF_JSON_INT_FRACTION, 0},
		{"1e3", MF_JSON_INT_OK, 1000}, {"12.50e1", MF_JSON_INT_OK, 125}, {"1e18", MF_JSON_INT_OK, 1000000000000000000},
		{"1e19", MF_JSON_INT_RANGE, 0}, {"1e999999999", MF_JSON_INT_RANGE, 0}, {"5e-1", MF_JSON_INT_FRACTION, 0},
		{"12.000000000000000000000000", MF_JSON_INT_OK, 12}, {"12.000000000000000000000001", MF_JSON_INT_FRACTION, 0},
		{"99999999999999999999999999", MF_JSON_INT_RANGE, 0}, {"0e999999999", MF_JSON_INT_OK, 0},
	};
	long		wrong = 0;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
	{
		MfJsonNumber n;
		int64_t		v = 0;
		char		text[64] = {0};

		strcpy(text, cases[i].text);
		json_read_number(text, &n);
		if (mf_json_i64(&n, &v) != cases[i].answer || (cases[i].answer == MF_JSON_INT_OK && v != cases[i].value))
		{
			wrong++;
			printf("# %s\n", cases[i].text);
		}
	}
	is_int(wrong, 0, "whole numbers, exactly or not at all");
}

/* ------------------------------------------------------------------- grammar */

static bool
accepted(const char *text, size_t len)
{
	char	   *copy = exact(text, len);
	MfJson		j;
	bool		good;

	mf_json_start(&j, copy, len);
	mf_json_ws(&j);
	good = mf_json_skip(&j) && mf_json_finish(&j);
	if (!good && j.fault == NULL)
	{
		printf("# no fault told: %s\n", text);
		tap_failed++;
	}
	free(copy);
	return good;
}

static void
grammar(void)
{
	static const char *const good[] = {
		"0", "-1", "1.5e+3", "\"\"", "\"a\\u00e9\\n\\\"\\\\\\/\"", "[]", "{}", "[[]]", "{\"a\":{}}", " [ 1 , 2 ] ",
		"{\"a\" : [true,false,null], \"b\":\"x\"}", "\t\n\r 1", "[1\n]", "{\"\":0}", "\"\x7f\"", "[0.5,-0.5E-2,10]",
		"\"\\ud800\"",
	};
	static const char *const bad[] = {
		"", " ", "01", "-", "+1", ".5", "1.", "1e", "1e+", "-.5", "0x10", "1_0", "NaN", "Infinity", "tru", "truex", "nul",
		"\"", "\"a", "\"\\x\"", "\"\\u12g4\"", "\"\\u12", "\"\x01\"", "\"a\nb\"", "[", "[1", "[1,", "[1,]", "[,1]", "[1 2]",
		"]", "{", "{\"a\"", "{\"a\":", "{\"a\":1", "{\"a\":1,", "{\"a\":1,}", "{a:1}", "{\"a\" 1}", "{1:2}", "{,}", "1 2", "[1]]",
		"[1}", "{\"a\":1]", "'a'", "[1.e1]", "[-]", "[1e5.2]", "\"\\", "[\"a\" \"b\"]", "{\"a\":1 \"b\":2}", "--1", "1-",
		"[true false]", "nulll", "\"a\"b",
	};
	long		wrong = 0;
	char	   *deep = malloc(100000);

	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
	{
		if (!accepted(good[i], strlen(good[i])))
		{
			wrong++;
			printf("# refused: %s\n", good[i]);
		}
	}
	is_int(wrong, 0, "what is JSON is accepted");
	wrong = 0;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
	{
		if (accepted(bad[i], strlen(bad[i])))
		{
			wrong++;
			printf("# accepted: %s\n", bad[i]);
		}
	}
	if (accepted("[1]\0[2]", 7) || accepted("\"a\0b\"", 5) || accepted("1\0", 2))
		wrong++;
	is_int(wrong, 0, "what is not JSON is refused");
	memset(deep, '[', 50000);
	memset(deep + 50000, ']', 50000);
	ok(!accepted(deep, 100000), "50,000 brackets are too deep");
	ok(accepted(deep + 50000 - MF_JSON_DEPTH, 2 * MF_JSON_DEPTH), "%d are not", MF_JSON_DEPTH);
	free(deep);
}

static void
strings(void)
{
	static const struct
	{
		const char *text;
		const char *value;
		MfJsonDecode answer;
	}			cases[] = {
		{"\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"", "\"\\/\b\f\n\r\t", MF_JSON_TEXT_OK},
		{"\"x\\u0041\\u00e9\\u20ac\\ud83d\\ude00y\"", "xA\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80y", MF_JSON_TEXT_OK},
		{"\"\\uDBFF\\uDFFF\"", "\xf4\x8f\xbf\xbf", MF_JSON_TEXT_OK},
		{"\"\\ud800\"", "", MF_JSON_TEXT_SURROGATE}, {"\"\\udc00\\ud800\"", "", MF_JSON_TEXT_SURROGATE},
		{"\"\\ud800x\"", "", MF_JSON_TEXT_SURROGATE}, {"\"\\ud800\\u0041\"", "", MF_JSON_TEXT_SURROGATE},
		{"\"a\\u0000\"", "", MF_JSON_TEXT_ZERO},
	};
	long		wrong = 0;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
	{
		char	   *copy = exact(cases[i].text, strlen(cases[i].text));
		char	   *out;
		size_t		len = 0;
		MfJson		j;
		MfJsonText	text;

		mf_json_start(&j, copy, strlen(cases[i].text));
		if (!mf_json_string(&j, &text))
			wrong++;
		out = malloc(text.len);
		if (mf_json_decode(&text, out, &len) != cases[i].answer ||
			(cases[i].answer == MF_JSON_TEXT_OK && (len != strlen(cases[i].value) || memcmp(out, cases[i].value, len) != 0)))
		{
			wrong++;
			printf("# %s\n", cases[i].text);
		}
		free(out);
		free(copy);
	}
	is_int(wrong, 0, "escapes become characters");
}

static void
dates(void)
{
	static const struct
	{
		const char *text;
		int			formats;
		bool		good;
		int64_t		us;
	}			cases[] = {
		{"1970-01-01", 3, true, 0}, {"2024", 3, true, 1704067200000000}, {"2024-02-29T12:34:56.789Z", 3, true, 1709210096789000},
		{"2023-02-29", 3, false, 0}, {"1704067200000", 3, true, 1704067200000000}, {"-1", 3, true, -1000},
		{"1704067200.5", 5, true, 1704067200500000}, {"1.5", 3, true, 1500}, {"1969-12-31T23:59:59.999999", 3, true, -1},
		{"2024-01-01T00:00:00+01:00", 3, true, 1704063600000000}, {"2024-01-01T00:00:00-0130", 3, true, 1704072600000000},
		{"2024-01-01 00:00:00", 3, true, 1704067200000000}, {"2024/01/01 00:00:00 Z", 3, true, 1704067200000000},
		{"2024-01-01T00:00:00.1234567891Z", 3, true, 1704067200123457}, {"2024-13-01", 3, false, 0}, {"2024-01-01T24:00", 3, false, 0},
		{"2024-01-01x", 3, false, 0}, {"", 3, false, 0}, {"20", 3, true, 20000}, {"0001-01-01", 1, true, -62135596800000000},
		{"9999-12-31T23:59:59.999999Z", 1, true, 253402300799999999}, {"1e300", 3, false, 0}, {"12345678901234567890123", 3, false, 0},
		{"2024-01-01T", 3, true, 1704067200000000}, {"2024-01", 3, true, 1704067200000000}, {"99999", 1, false, 0},
	};
	long		wrong = 0;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
	{
		int64_t		us = 0;
		char	   *copy = exact(cases[i].text, strlen(cases[i].text));
		bool		good = mf_json_date(copy, strlen(cases[i].text), cases[i].formats, &us);

		if (good != cases[i].good || (good && us != cases[i].us))
		{
			wrong++;
			printf("# %s: %s %lld\n", cases[i].text, good ? "read" : "refused", (long long) us);
		}
		free(copy);
	}
	is_int(wrong, 0, "dates to the microsecond");
}

/* ----------------------------------------------------------------- documents */

typedef struct Table
{
	int			n;
	MfJsonColumn fields[16];
	EsColumn	kinds[16];
	EsColumns	columns;
	MfBatch    *batch;
} Table;

static void
column(Table *t, const char *field, MfKind kind, MfKind elem, int32_t dim)
{
	int			at = t->n++;

	t->fields[at] = (MfJsonColumn) {.column = field,.field = field,.at = at,.date_formats = MF_DATE_ISO | MF_DATE_MILLIS};
	t->kinds[at] = (EsColumn) {ES_SOURCE, kind, elem, dim, mf_kind_is_vector(kind) ? 24 : 0};
}

static void
ready(Table *t)
{
	t->columns = (EsColumns) {.mem = &mem,.ncolumns = t->n,.columns = t->kinds,.fields = t->fields,
		.nfields = t->n,.wants_source = true};
	t->columns.plan = mf_json_plan_new(&mem, t->n, t->fields);
	t->batch = es_columns_batch(&t->columns);
}

static void
done(Table *t)
{
	mf_json_plan_free(t->columns.plan);
	mf_batch_free(t->batch);
}

/* One document into the table's only row; what went wrong into err. */
static bool
document(Table *t, const char *text, MfError *err)
{
	char	   *copy = exact(text, strlen(text));
	MfJson		j;
	bool		good;

	mf_batch_reset(t->batch);
	mf_error_reset(err);
	mf_json_plan_free(t->columns.plan);
	t->columns.plan = mf_json_plan_new(&mem, t->n, t->fields);
	mf_json_start(&j, copy, strlen(text));
	good = mf_json_document(t->columns.plan, &j, t->batch, err) && mf_json_finish(&j);
	if (!good && err->sqlstate[0] == '\0')
		mf_error(err, MF_INVALID_JSON, "%s", j.fault);
	free(copy);
	return good;
}

static const char *
text_of(Table *t, int at)
{
	static char buf[200];
	MfColumn   *col = &t->batch->columns[at];
	size_t		len;
	const char *p;

	if (mf_column_state(col, 0) == MF_VALUE_ABSENT)
		return "absent";
	if (mf_column_state(col, 0) == MF_VALUE_NULL)
		return "null";
	p = mf_varying_at(col, 0, &len);
	snprintf(buf, sizeof(buf), "%.*s", (int) len, p);
	return buf;
}

static void
refuses(MfKind kind, int32_t dim, const char *value, const char *sqlstate, const char *message)
{
	Table		t = {0};
	MfError		err;
	char		text[400];

	column(&t, "f", kind, MF_KIND_I64, dim);
	ready(&t);
	snprintf(text, sizeof(text), "{\"f\":%s}", value);
	if (document(&t, text, &err))
		ok(false, "%s is refused", value);
	else
	{
		is_text(err.sqlstate, sqlstate, value);
		has_text(err.message, message, "... and told");
	}
	done(&t);
}

static void
documents(void)
{
	Table		t = {0};
	MfError		err;
	const int64_t *list;

	column(&t, "a.b", MF_KIND_TEXT, MF_KIND_NONE, 0);
	column(&t, "a", MF_KIND_JSON, MF_KIND_NONE, 0);
	column(&t, "n", MF_KIND_I64, MF_KIND_NONE, 0);
	column(&t, "l", MF_KIND_LIST, MF_KIND_I64, 0);
	column(&t, "v", MF_KIND_VEC_F32, MF_KIND_NONE, 3);
	column(&t, "o.l", MF_KIND_LIST, MF_KIND_I64, 0);
	ready(&t);
	ok(document(&t, "{\"a\":{\"b\":\"x\",\"c\":[1]},\"n\":\"12\",\"l\":[1,[2,null]],\"v\":[1,2.5,-3e0],\"o\":[{\"l\":1},{\"l\":[2,3]}]}", &err),
	   "a nested document");
	is_text(text_of(&t, 0), "x", "a field of an object");
	is_text(text_of(&t, 1), "{\"b\":\"x\",\"c\":[1]}", "and the object itself, as it is written");
	is_int(*(int64_t *) mf_fixed_at(&t.batch->columns[2], 0), 12, "a quoted number");
	is_int(t.batch->columns[3].offsets[1], 3, "a list, nested ones taken apart");
	is_int(mf_column_state(t.batch->columns[3].child, 2), MF_VALUE_NULL, "with a null in it");
	ok(((float *) mf_fixed_at(&t.batch->columns[4], 0))[2] == -3.0f, "a vector");
	list = (const int64_t *) t.batch->columns[5].child->values;
	ok(t.batch->columns[5].offsets[1] == 3 && list[0] == 1 && list[2] == 3, "a list from several objects");

	ok(document(&t, "{\"a.b\":\"y\",\"\\u006e\":7,\"z\":{\"a\":{\"b\":1}}}", &err), "dotted and escaped keys");
	is_text(text_of(&t, 0), "y", "a dotted key");
	is_text(text_of(&t, 1), "{\"b\":\"y\"}", "and the object that it is a part of");
	ok(document(&t, "{\"a.x\":1,\"a\":{\"y\":[2]},\"a.z.q\":{}}", &err), "an object in three parts");
	is_text(text_of(&t, 1), "{\"x\":1,\"y\":[2],\"z.q\":{}}", "is one");
	ok(document(&t, "{\"a\":{ },\"a.x\":1}", &err), "an empty one with a part");
	is_text(text_of(&t, 1), "{\"x\":1}", "is that part");
	ok(!document(&t, "{\"a.x\":1,\"a\":{\"x\":2}}", &err), "one member twice is refused");
	ok(!document(&t, "{\"a.x\":1,\"a\":[]}", &err), "and so is what is no object");
	ok(document(&t, "{\"a.b\":\"y\",\"\\u006e\":7}", &err), "a document");
	is_int(*(int64_t *) mf_fixed_at(&t.batch->columns[2], 0), 7, "an escaped key");
	is_int(mf_column_state(&t.batch->columns[4], 0), MF_VALUE_ABSENT, "a vector that is not there");
	ok(document(&t, "{\"a\":null,\"n\":null,\"l\":null,\"v\":null}", &err), "nulls");
	is_int(mf_column_state(&t.batch->columns[3], 0), MF_VALUE_NULL, "a null for a list");
	is_int(mf_column_state(&t.batch->columns[4], 0), MF_VALUE_NULL, "a null for a vector");
	ok(!document(&t, "{\"a.b\":\"x\",\"a\":{\"b\":\"y\"}}", &err), "two values for one column are refused");
	has_text(err.message, "more than one value", "... and told");
	has_text(err.column, "a", "... with the column");
	done(&t);

	refuses(MF_KIND_VEC_F32, 3, "[1,2]", MF_DATA_EXCEPTION, "expected 3 dimensions, not 2");
	refuses(MF_KIND_VEC_F32, 3, "[1,2,3,4]", MF_DATA_EXCEPTION, "expected 3 dimensions, not 4");
	refuses(MF_KIND_VEC_F32, 3, "[]", MF_DATA_EXCEPTION, "expected 3 dimensions, not 0");
	refuses(MF_KIND_VEC_F32, 2, "[1,1e39]", MF_NUMERIC_OUT_OF_RANGE, "out of range");
	refuses(MF_KIND_VEC_F32, 2, "[1,null]", MF_INVALID_JSON, "not a number");
	refuses(MF_KIND_VEC_F32, 2, "[1,\"2\"]", MF_INVALID_JSON, "not a number");
	refuses(MF_KIND_VEC_F32, 2, "7", MF_DATATYPE_MISMATCH, "holds a number");
	refuses(MF_KIND_VEC_I8, 2, "[1,128]", MF_NUMERIC_OUT_OF_RANGE, "\"128\"");
	refuses(MF_KIND_VEC_BIT, 16, "\"ff\"", MF_DATA_EXCEPTION, "expected 16 dimensions, not 8");
	refuses(MF_KIND_VEC_BIT, 16, "\"fx00\"", MF_DATA_EXCEPTION, "\"fx00\"");
	refuses(MF_KIND_I16, 0, "32768", MF_NUMERIC_OUT_OF_RANGE, "\"32768\"");
	refuses(MF_KIND_I64, 0, "1.7", MF_DATA_EXCEPTION, "not a whole number");
	refuses(MF_KIND_I64, 0, "\"abc\"", MF_DATA_EXCEPTION, "\"abc\"");
	refuses(MF_KIND_I64, 0, "[1]", MF_DATATYPE_MISMATCH, "an array");
	refuses(MF_KIND_I64, 0, "true", MF_DATATYPE_MISMATCH, "a boolean");
	refuses(MF_KIND_U64, 0, "-1", MF_NUMERIC_OUT_OF_RANGE, "\"-1\"");
	refuses(MF_KIND_F32, 0, "1e39", MF_NUMERIC_OUT_OF_RANGE, "\"1e39\"");
	refuses(MF_KIND_F64, 0, "1e309", MF_NUMERIC_OUT_OF_RANGE, "\"1e309\"");
	refuses(MF_KIND_BOOL, 0, "\"yes\"", MF_DATA_EXCEPTION, "\"yes\"");
	refuses(MF_KIND_BOOL, 0, "1", MF_DATATYPE_MISMATCH, "a number");
	refuses(MF_KIND_TEXT, 0, "{\"x\":1}", MF_DATATYPE_MISMATCH, "an object");
	refuses(MF_KIND_TEXT, 0, "\"a\\u0000b\"", MF_CHARACTER_NOT_IN_REPERTOIRE, "U+0000");
	refuses(MF_KIND_TEXT, 0, "\"a\\ud83d\"", MF_CHARACTER_NOT_IN_REPERTOIRE, "surrogate");
	refuses(MF_KIND_TIMESTAMP, 0, "\"yesterday\"", MF_DATA_EXCEPTION, "\"yesterday\"");
	refuses(MF_KIND_BYTES, 0, "\"!\"", MF_DATA_EXCEPTION, "\"!\"");
	refuses(MF_KIND_LIST, 0, "[1,\"x\"]", MF_DATA_EXCEPTION, "\"x\"");
}

/* --------------------------------------------------------------------- pages */

static const char page_text[] =
"{\"pit_id\":\"abc==\",\"took\":1,\"timed_out\":false,\"_shards\":{\"total\":1,\"successful\":1,\"skipped\":0,\"failed\":0},"
"\"hits\":{\"max_score\":null,\"hits\":["
"{\"_index\":\"docs\",\"_id\":\"1\",\"_score\":null,\"_source\":{\"id\":1,\"title\":\"a \\\"quoted\\\" \\u00e9\",\"v\":[0.25,-1.5e-3,3],\"skip\":{\"x\":[1,{\"y\":null}]}},\"sort\":[0]},\n"
"{\"_index\":\"docs\",\"_id\":\"2\",\"_score\":null,\"_source\":{ \"id\" : 2 , \"v\" : [ 1 , 2 , 3 ] },\"sort\":[12345678901234567]}]}}";

static MfStatus
page(Table *t, const char *text, size_t len, EsPage *p, MfError *err)
{
	char	   *copy = exact(text, len);
	MfStatus	status;

	mf_batch_reset(t->batch);
	t->batch->first_row = 1;
	mf_error_reset(err);
	mf_json_plan_free(t->columns.plan);
	t->columns.plan = mf_json_plan_new(&mem, t->n, t->fields);
	es_page_open(p, "docs", copy, len);
	status = es_page_rows(p, &t->columns, t->batch, 1000, 1 << 20, err);
	free(copy);
	return status;
}

static void
pages(void)
{
	Table		t = {0};
	MfError		err;
	EsPage		p;
	size_t		len = sizeof(page_text) - 1;
	MfJsonText	id;
	const char *sort;
	size_t		sort_len;
	long		wrong = 0;
	char		changed[2000];

	column(&t, "id", MF_KIND_I64, MF_KIND_NONE, 0);
	column(&t, "title", MF_KIND_TEXT, MF_KIND_NONE, 0);
	column(&t, "v", MF_KIND_VEC_F32, MF_KIND_NONE, 3);
	ready(&t);
	is_int(page(&t, page_text, len, &p, &err), MF_END, "a page");
	is_int(t.batch->nrows, 2, "of two rows");
	is_text(text_of(&t, 1), "a \"quoted\" \xc3\xa9", "with a title");
	ok(es_page_peek(page_text, len, &id, &sort, &sort_len) && sort_len == 19 && memcmp(sort, "[12345678901234567]", 19) == 0 &&
	   id.len == 5, "its last sort values and its id at a glance");

	for (size_t cut = 0; cut < len; cut++)
	{
		if (page(&t, page_text, cut, &p, &err) != MF_ERROR || err.message[0] == '\0')
		{
			wrong++;
			printf("# cut after %zu bytes\n", cut);
		}
	}
	is_int(wrong, 0, "cut off after any byte it is an error");
	for (size_t at = 0; at < len; at++)
	{
		static const char put[] = "\0\"\\{}[],:x9\x01\xff";

		for (size_t k = 0; k < sizeof(put) - 1; k++)
		{
			memcpy(changed, page_text, len);
			changed[at] = put[k];
			page(&t, changed, len, &p, &err);
			es_page_peek(changed, len, &id, &sort, &sort_len);
		}
	}
	ok(true, "with any byte changed it is survived");

	strcpy(changed, page_text);
	memcpy(strstr(changed, "[ 1 , 2 , 3 ]"), "[ 1 , 2     ]", 13);
	is_int(page(&t, changed, len, &p, &err), MF_ERROR, "a document that does not fit");
	is_text(err.key, "2", "is named by its _id");
	is_int(err.row, 2, "and its number");
	is_text(err.column, "v", "and the column");
	strcpy(changed, page_text);
	memcpy(strstr(changed, "\"timed_out\":false"), "\"timed_out\":true ", 17);
	is_int(page(&t, changed, len, &p, &err), MF_ERROR, "a search that timed out is an error");
	strcpy(changed, page_text);
	strstr(changed, "\"failed\":0")[9] = '1';
	is_int(page(&t, changed, len, &p, &err), MF_ERROR, "failed shards are an error");
	has_text(err.message, "failed on some shards", "... and told");
	strcpy(changed, "{\"took\":1,\"hits\":{\"hits\":[{\"_id\":\"9\",\"sort\":[1]}]}}");
	is_int(page(&t, changed, strlen(changed), &p, &err), MF_ERROR, "a hit without _source is an error");
	has_text(err.message, "does not keep \"_source\"", "... and told");
	strcpy(changed, "{\"took\":1}");
	is_int(page(&t, changed, strlen(changed), &p, &err), MF_ERROR, "no hits are an error");
	strcpy(changed, "<html>502</html>");
	is_int(page(&t, changed, strlen(changed), &p, &err), MF_ERROR, "HTML is an error");
	done(&t);
}

int
main(int argc, char **argv)
{
	mf_mem_init(&mem, (size_t) 1 << 30);
	grammar();
	strings();
	integers();
	dates();
	documents();
	pages();
	numbers(argc > 1 ? atol(argv[1]) : 10000000);
	is_int((long long) mem.used, 0, "no memory is left behind");
	return tap_done();
}
