/*
 * es_filter_docs.h - Which documents are full of edges?
 *
 * Part of es_filter.c.
 */
#ifndef ES_FILTER_DOCS_H
#define ES_FILTER_DOCS_H

static const char mapping_text[] =
"{\"" INDEX "\":{\"mappings\":{\"properties\":{"
"\"l\":{\"type\":\"long\"},\"lf\":{\"type\":\"long\"},\"ld\":{\"type\":\"long\"},\"i\":{\"type\":\"integer\"},"
"\"d\":{\"type\":\"double\"},\"d4\":{\"type\":\"double\"},\"dd\":{\"type\":\"double\"},"
"\"f\":{\"type\":\"float\"},\"fd\":{\"type\":\"float\"},\"h\":{\"type\":\"half_float\"},"
"\"k\":{\"type\":\"keyword\"},\"ka\":{\"type\":\"keyword\",\"ignore_above\":5},\"kn\":{\"type\":\"keyword\",\"null_value\":\"a\"},"
"\"kc\":{\"type\":\"keyword\"},\"ks\":{\"type\":\"keyword\",\"copy_to\":\"kc\"},"
"\"t\":{\"type\":\"text\",\"fields\":{\"raw\":{\"type\":\"keyword\",\"ignore_above\":4}}},\"tt\":{\"type\":\"text\"},"
"\"b\":{\"type\":\"boolean\"},\"da\":{\"type\":\"date\"},\"dn\":{\"type\":\"date_nanos\"},"
"\"lm\":{\"type\":\"integer\",\"ignore_malformed\":true},\"kx\":{\"type\":\"keyword\",\"index\":false},"
"\"tags\":{\"type\":\"keyword\"},\"tg\":{\"type\":\"text\",\"fields\":{\"keyword\":{\"type\":\"keyword\",\"ignore_above\":256}}},"
"\"nums\":{\"type\":\"long\"},\"flt\":{\"type\":\"float\"},"
"\"o\":{\"properties\":{\"k\":{\"type\":\"keyword\"},\"n\":{\"type\":\"double\"},\"b\":{\"type\":\"boolean\"},\"t\":{\"type\":\"keyword\"}}},"
"\"al\":{\"type\":\"alias\",\"path\":\"k\"},\"ne\":{\"type\":\"nested\",\"properties\":{\"k\":{\"type\":\"keyword\"}}}}},"
"\"settings\":{\"index.number_of_replicas\":\"0\",\"index.number_of_shards\":\"2\"}}}";

static const struct
{
	const char *field;
	MfKind		kind;
	MfKind		elem;
}			columns[] = {
	{"_id", MF_KIND_TEXT}, {"l", MF_KIND_I64}, {"lf", MF_KIND_F64}, {"ld", MF_KIND_DECIMAL}, {"i", MF_KIND_I32},
	{"d", MF_KIND_F64}, {"d4", MF_KIND_F32}, {"dd", MF_KIND_DECIMAL}, {"f", MF_KIND_F32}, {"fd", MF_KIND_F64},
	{"h", MF_KIND_F32}, {"k", MF_KIND_TEXT}, {"ka", MF_KIND_TEXT}, {"kn", MF_KIND_TEXT}, {"kc", MF_KIND_TEXT},
	{"ks", MF_KIND_TEXT}, {"t", MF_KIND_TEXT}, {"tt", MF_KIND_TEXT}, {"b", MF_KIND_BOOL},
	{"da", MF_KIND_TIMESTAMP}, {"dn", MF_KIND_TIMESTAMP}, {"lm", MF_KIND_DECIMAL}, {"kx", MF_KIND_TEXT},
	{"tags", MF_KIND_LIST, MF_KIND_TEXT}, {"tg", MF_KIND_LIST, MF_KIND_TEXT}, {"nums", MF_KIND_LIST, MF_KIND_I64},
	{"flt", MF_KIND_LIST, MF_KIND_F32}, {"o", MF_KIND_JSON}, {"al", MF_KIND_TEXT},
};

#define NCOLUMNS COUNT_OF(columns)

/* -------------------------------------------------------- constants and values */

static uint64_t seed = 20260711;

static int
rnd(int n)
{
	seed = seed * 6364136223846793005u + 1442695040888963407u;
	return (int) ((seed >> 33) % (uint64_t) n);
}

static const char *const texts[] = {
	"", "a", "b", "ab", "abc", "abcd", "abcde", "abcdef", "A", "a b", "\xc3\xa9", "\xf0\x9f\x98\x80", "a\xf0\x9f\x98\x80" "b",
	"\xef\xbf\xbd", "a*b?c\\d", "a%b_c", "\"q\"\n", "5", "true", "1.5", "-0", "a\tb", "zz", "\xf0\x9f\x98\x80\xf0\x9f\x98\x80\xf0\x9f\x98\x80",
};
static const char *const patterns[] = {
	"%", "", "_", "__", "a%", "%b", "%b%", "a_", "a_b", "_%", "%_", "%a%b%", "a\\%b\\_c", "a*%", "%?%", "%\\\\d", "abc%", "a%_", "\xf0\x9f\x98\x80%", "abcdef",
};
static const char *const numbers[] = {
	"0", "-0.0", "1", "-1", "2", "5", "100", "127", "-128", "32767", "2147483647", "-2147483648", "9007199254740991",
	"9007199254740992", "9007199254740993", "-9007199254740993", "9223372036854775807", "-9223372036854775808", "1152921504606846977",
};
static const char *const wholes[] = {"5.0", "1e2", "\"7\"", "9007199254740993.0", "1.152921504606846977e18", "2.0", "-0"};
static const char *const reals[] = {
	"0.1", "-0.1", "1.5", "-1.5", "2.5", "0.30000001192092896", "0.3", "1.00000005960464477", "1.0000000596046448", "16777217", "33554433",
	"3.4028235e38", "1e-45", "1e-40", "0.99951171875", "65504", "2.7182818284590452", "1e2", "0.49999999999999999",
};
static const char *const dates[] = {
	"\"2024-05-01T10:11:12.123Z\"", "\"2024-05-01T10:11:12.123456Z\"", "\"2024-05-01T10:11:12.9999996Z\"", "\"2024-05-01T10:11:13Z\"",
	"2024", "20240", "1714557072123", "\"1714557072123\"", "\"2024-05-01\"", "\"1970-01-01T00:00:00.0004Z\"", "\"2024-05-01T12:11:12.123+02:00\"",
	"\"2024-05-01T10:11:12.999999499Z\"", "1714558272.5e0",
};
static const char *const old_dates[] = {"\"1969-12-31T23:59:59.9999Z\"", "-1", "-123456", "\"0001-01-01\"", "\"9999-12-31T23:59:59.999Z\"", "\"1900-01-01T00:00:00.0000001Z\""};

typedef struct Value
{
	bool		null;
	MfKind		kind;
	int64_t		i;
	double		d;
	char	   *text;
	size_t		len;
	int			n;				/* list */
	struct Value *list;
} Value;

static Value values[NDOCS][NCOLUMNS];
static int	nread;

/* JSON text of a random value for a field, or NULL: not there. */
static const char *
quoted(const char *text)
{
	static char room[8][400];
	static int	at;
	MfJsonBuf	buf = {.mem = &mem};

	at = (at + 1) % 8;
	mf_json_buf_quote(&buf, text);
	strcpy(room[at], buf.data);
	mf_free(&mem, buf.data);
	return room[at];
}

static const char *
scalar(const char *field)
{
	static char room[64];
	int			r = rnd(10);

	if (strcmp(field, "i") == 0)
		return rnd(4) ? numbers[rnd(12)][0] == '-' && numbers[1] ? numbers[rnd(12) | 2] : numbers[rnd(12)] : wholes[rnd(3)];
	if (strcmp(field, "l") == 0 || strcmp(field, "nums") == 0)
		return r < 7 ? numbers[rnd(COUNT_OF(numbers))] : wholes[rnd(COUNT_OF(wholes))];
	if (field[0] == 'l' && field[1] != 'm')
		return r < 5 ? numbers[rnd(COUNT_OF(numbers))] : reals[rnd(4)];
	if (strcmp(field, "lm") == 0)
		return r < 3 ? "1e12" : r < 5 ? "2147483648" : numbers[rnd(12)];
	if (strcmp(field, "h") == 0)
		return r < 5 ? numbers[rnd(9)] : rnd(2) ? reals[rnd(9)] : "65519.9";
	if (strchr("df", field[0]) != NULL && strcmp(field, "da") != 0 && strcmp(field, "dn") != 0)
		return r < 5 ? numbers[rnd(COUNT_OF(numbers))] : reals[rnd(COUNT_OF(reals))];
	if (strcmp(field, "da") == 0)
		return rnd(4) ? dates[rnd(12)] : old_dates[rnd(COUNT_OF(old_dates))];
	if (strcmp(field, "dn") == 0)
		return dates[rnd(12)];
	if (strcmp(field, "b") == 0)
		return r < 4 ? "true" : r < 7 ? "false" : r < 8 ? "\"true\"" : r < 9 ? "\"false\"" : "\"\"";
	if (r == 0 && strcmp(field, "t") != 0)
	{
		strcpy(room, rnd(2) ? "1.50" : "true");
		return room;
	}
	return quoted(texts[rnd(COUNT_OF(texts))]);
}

static const char *
object(void)
{
	static char room[1000];
	static const char *const ns[] = {"1", "5", "1.5", "\"5\"", "1e2", "-1"};
	char	   *p = room;

	if (rnd(12) == 0)
		return rnd(2) ? "{}" : "[{\"k\":\"a\"},{\"k\":\"b\",\"n\":5}]";
	p += sprintf(p, "{\"x\":1");
	if (rnd(2))
		p += sprintf(p, ",\"k\":%s", rnd(4) ? quoted(texts[rnd(COUNT_OF(texts))]) : "5");
	if (rnd(2))
		p += sprintf(p, ",\"n\":%s", ns[rnd(COUNT_OF(ns))]);
	if (rnd(2))
		p += sprintf(p, ",\"b\":%s", rnd(2) ? "true" : "\"false\"");
	if (rnd(2))
		p += sprintf(p, ",\"t\":[%s,%s,null]", quoted(texts[rnd(6)]), quoted(texts[rnd(6)]));
	sprintf(p, "}");
	return room;
}

static char *
make_docs(void)
{
	MfJsonBuf	b = {.mem = &mem};
	char		line[100];

	for (int d = 0; d < NDOCS; d++)
	{
		sprintf(line, "{\"index\":{\"_id\":\"%s%d\"}}\n{\"at\":%d", d % 3 ? "" : "x \\u00e9", d, d);
		mf_json_buf_add(&b, line);
		for (int i = 1; i < NCOLUMNS - 1; i++)
		{
			int			r = rnd(8);

			if (r == 0)
				continue;
			mf_json_buf_add(&b, ",\"");
			mf_json_buf_add(&b, columns[i].field);
			mf_json_buf_add(&b, "\":");
			if (r == 1)
				mf_json_buf_add(&b, "null");
			else if (columns[i].kind == MF_KIND_JSON)
				mf_json_buf_add(&b, object());
			else if (columns[i].kind != MF_KIND_LIST)
				mf_json_buf_add(&b, scalar(columns[i].field));
			else
			{
				int			n = rnd(4);

				mf_json_buf_add(&b, "[");
				for (int k = 0; k < n; k++)
				{
					mf_json_buf_add(&b, k ? "," : "");
					mf_json_buf_add(&b, rnd(8) ? scalar(columns[i].field) : "null");
				}
				mf_json_buf_add(&b, "]");
			}
		}
		mf_json_buf_add(&b, "}\n");
	}
	return b.data;
}

#endif							/* ES_FILTER_DOCS_H */
