/*
 * page_fuzz.c - Can any reply make the page scanner read or write where it must not?
 *
 *   clang -g -O1 -fsanitize=fuzzer,address,undefined -DMF_FUZZ_LIBFUZZER ... page_fuzz.c
 *   page_fuzz -dict=... CORPUS
 * Without MF_FUZZ_LIBFUZZER it is a program of its own:
 *   page_fuzz [ITERATIONS [SEED]]     mutations of the seeds below (default: MILVUS_FDW_FUZZ, else 200,000; MILVUS_FDW_SEED)
 *   page_fuzz seeds DIRECTORY         write the seeds, as a corpus to start from
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../../src/connector/elasticsearch/es.h"

#define ES_KINDS 20

/* One column of each kind, some of them inside objects, some reading the same field. */
static const struct
{
	const char *field;
	MfKind		kind;
	MfKind		elem;
	int32_t		dim;
}			wanted[ES_KINDS] = {
	{"a", MF_KIND_I64, MF_KIND_NONE, 0}, {"a", MF_KIND_I8, MF_KIND_NONE, 0}, {"u", MF_KIND_U64, MF_KIND_NONE, 0},
	{"f", MF_KIND_F32, MF_KIND_NONE, 0}, {"f", MF_KIND_F64, MF_KIND_NONE, 0}, {"a", MF_KIND_DECIMAL, MF_KIND_NONE, 0},
	{"b", MF_KIND_TEXT, MF_KIND_NONE, 0}, {"o", MF_KIND_JSON, MF_KIND_NONE, 0}, {"j", MF_KIND_JSON, MF_KIND_NONE, 0},
	{"v", MF_KIND_VEC_F32, MF_KIND_NONE, 3}, {"v", MF_KIND_LIST, MF_KIND_F64, 0}, {"w", MF_KIND_VEC_BIT, MF_KIND_NONE, 16},
	{"x", MF_KIND_VEC_I8, MF_KIND_NONE, 2}, {"d", MF_KIND_TIMESTAMP, MF_KIND_NONE, 0}, {"y", MF_KIND_BYTES, MF_KIND_NONE, 0},
	{"o.p.q", MF_KIND_LIST, MF_KIND_I32, 0}, {"o.p.r", MF_KIND_BOOL, MF_KIND_NONE, 0}, {"l", MF_KIND_LIST, MF_KIND_TEXT, 0},
	{"t", MF_KIND_BOOL, MF_KIND_NONE, 0}, {"l", MF_KIND_LIST, MF_KIND_JSON, 0},
};

int			LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

/*
 * The first byte chooses the columns, so that an error in one does not hide
 * the others: one column alone, or all of them.
 */
int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	MfMem		mem;
	MfJsonColumn fields[ES_KINDS];
	EsColumn	kinds[ES_KINDS + 3];
	EsColumns	columns = {0};
	MfBatch    *batch;
	EsPage		page;
	MfError		err;
	MfStatus	status;
	MfJsonText	id;
	const char *sort;
	size_t		sort_len;
	char	   *copy;
	int			chosen = len > 0 ? data[0] % (ES_KINDS + 1) : 0;

	if (len == 0)
		return 0;
	data++;
	len--;
	mf_mem_init(&mem, (size_t) 64 << 20);
	for (int i = 0; i < ES_KINDS; i++)
	{
		int			at = columns.nfields;

		if (chosen < ES_KINDS && chosen != i)
			continue;
		fields[at] = (MfJsonColumn) {wanted[i].field, wanted[i].field, NULL, at, MF_DATE_ISO | MF_DATE_MILLIS, NULL, NULL};
		kinds[at] = (EsColumn) {ES_SOURCE, wanted[i].kind, wanted[i].elem, wanted[i].dim,
			mf_kind_is_vector(wanted[i].kind) ? 24 : 0};
		columns.nfields++;
	}
	columns.mem = &mem;
	columns.ncolumns = columns.nfields + 3;
	kinds[columns.nfields] = (EsColumn) {ES_ID, MF_KIND_TEXT, MF_KIND_NONE, 0, 0};
	kinds[columns.nfields + 1] = (EsColumn) {ES_INDEX, MF_KIND_TEXT, MF_KIND_NONE, 0, 0};
	kinds[columns.nfields + 2] = (EsColumn) {ES_WHOLE, MF_KIND_JSON, MF_KIND_NONE, 0, 0};
	columns.columns = kinds;
	columns.fields = fields;
	columns.wants_source = true;
	columns.plan = mf_json_plan_new(&mem, columns.nfields, fields);
	batch = es_columns_batch(&columns);

	/* in memory of its own, with the slack and nothing more */
	copy = malloc(len + MF_JSON_SLACK);
	memcpy(copy, data, len);
	memset(copy + len, 0, MF_JSON_SLACK);
	es_page_peek(copy, len, &id, &sort, &sort_len);
	es_page_open(&page, "i", copy, len);
	do
	{
		mf_batch_reset(batch);
		batch->first_row = 1;
		status = es_page_rows(&page, &columns, batch, 2, 1000, &err);
		for (int c = 0; status != MF_ERROR && c < batch->ncolumns; c++)
		{
			if (batch->columns[c].nrows != batch->nrows)
				abort();
		}
	}
	while (status == MF_OK);
	if (status == MF_ERROR && (err.message[0] == '\0' || strlen(err.sqlstate) != 5))
		abort();
	free(copy);
	mf_json_plan_free(columns.plan);
	mf_batch_free(batch);
	if (mem.used != 0)
		abort();
	return 0;
}

#ifndef MF_FUZZ_LIBFUZZER

static const char *const seeds[] = {
	("{\"pit_id\":\"p\",\"took\":1,\"timed_out\":false,\"_shards\":{\"total\":1,\"failed\":0},\"hits\":{\"max_score\":null,\"hits\":["
	"{\"_index\":\"i\",\"_id\":\"1\",\"_source\":{\"a\":1,\"b\":\"t\\u00e9\\ud83d\\ude00\",\"v\":[0.1,-2e3,3.40282347e38],\"w\":\"00ff\",\"x\":[1,-128]},\"sort\":[1]},"
	"{\"_index\":\"i\",\"_id\":\"2\",\"_source\":{\"a\":null,\"o\":{\"p\":{\"q\":[1,[2],null]}},\"o.p.r\":true,\"d\":\"2024-05-01T10:11:12.123+02:00\"},\"sort\":[22]}]}}"),
	("{\"_scroll_id\":\"s\",\"hits\":{\"total\":{\"value\":1,\"relation\":\"eq\"},\"hits\":[{\"_id\":\"\\n\",\"_source\":{\"a\":\"12\",\"d\":1714557072123,"
	"\"y\":\"QUJD\",\"u\":18446744073709551615,\"f\":1.17549435e-38,\"v\":[0.000000000000000000001,9007199254740993,1]}}]}}"),
	"{\"hits\":{\"hits\":[]},\"timed_out\":true}",
	"{\"hits\":{\"hits\":[{\"_source\":{\"o\":[{\"p\":{\"q\":5}},{\"p\":[{\"q\":6},{\"q\":[7,8]}]}],\"j\":{\"k\":[[[{}]]]},\"l\":[\"a\",\"\\\"\"],\"t\":false,\"b\":12.50}}]}}",
};

static uint64_t state;

static uint32_t
draw(uint32_t below)
{
	state = state * 6364136223846793005 + 1442695040888963407;
	return (uint32_t) (state >> 33) % below;
}

/* A few changes of the sort that break parsers: cut, double, swap, splice, overwrite. */
static size_t
mutate(char *text, size_t len, size_t cap)
{
	static const char *const pieces[] = {
		"\"", "\\", "\\u", "\\ud800", "\\u0000", "{", "}", "[", "]", ",", ":", "0", "-", ".", "e", "1e999", "1e-999",
		"99999999999999999999", "0.00000000000000000000000000000000000001", "null", "true", "\"_id\":", "\"hits\":{",
		"\"hits\":[", "\"_source\":{", "\"sort\":[", "]}]}}", "\"v\":[", "\"o.p.q\":", "\"a\":", " ", "\xff", "\x01",
		"2147483648", "9223372036854775808", "-9223372036854775809", "128", "\"\"",
	};
	int			changes = 1 + (int) draw(6);

	while (changes-- > 0 && len > 0)
	{
		size_t		at = draw((uint32_t) len);
		const char *piece = pieces[draw(sizeof(pieces) / sizeof(pieces[0]))];
		size_t		n = strlen(piece);
		size_t		from = draw((uint32_t) len);
		size_t		span = draw(40) + 1;

		switch (draw(6))
		{
			case 0:				/* one byte */
				text[at] = (char) draw(256);
				break;
			case 1:				/* cut */
				if (draw(8) == 0)
					len = at;
				break;
			case 2:				/* put in */
				if (len + n <= cap)
				{
					memmove(text + at + n, text + at, len - at);
					memcpy(text + at, piece, n);
					len += n;
				}
				break;
			case 3:				/* put over */
				if (at + n <= len)
					memcpy(text + at, piece, n);
				break;
			case 4:				/* take out */
				if (at + span < len)
				{
					memmove(text + at, text + at + span, len - at - span);
					len -= span;
				}
				break;
			default:			/* copy from elsewhere */
				if (from + span < len && len + span <= cap)
				{
					char		saved[40];

					memcpy(saved, text + from, span);
					memmove(text + at + span, text + at, len - at);
					memcpy(text + at, saved, span);
					len += span;
				}
				break;
		}
	}
	return len;
}

int
main(int argc, char **argv)
{
	size_t		nseeds = sizeof(seeds) / sizeof(seeds[0]);
	long		count = argc > 1 ? atol(argv[1]) : getenv("MILVUS_FDW_FUZZ") ? atol(getenv("MILVUS_FDW_FUZZ")) : 200000;
	const char *seed_text = argc > 2 ? argv[2] : getenv("MILVUS_FDW_SEED");
	static char text[8192];

	if (argc > 2 && strcmp(argv[1], "seeds") == 0)
	{
		for (size_t i = 0; i < nseeds * (ES_KINDS + 1); i++)
		{
			char		path[1000];
			FILE	   *file;

			snprintf(path, sizeof(path), "%s/seed-%02zu", argv[2], i);
			file = fopen(path, "w");
			if (file == NULL || fputc((int) (i / nseeds), file) == EOF || fputs(seeds[i % nseeds], file) == EOF || fclose(file) != 0)
			{
				perror(path);
				return 1;
			}
		}
		return 0;
	}
	state = seed_text != NULL ? strtoull(seed_text, NULL, 10) : 1;
	for (long i = 0; i < count; i++)
	{
		const char *seed = seeds[draw((uint32_t) nseeds)];
		size_t		len = strlen(seed);

		memcpy(text + 1, seed, len);
		text[0] = (char) draw(ES_KINDS + 1);
		len = mutate(text + 1, len, sizeof(text) - 1);
		LLVMFuzzerTestOneInput((const uint8_t *) text, len + 1);
	}
	printf("ok 1 - %ld changed replies were survived\n1..1\n", count);
	return 0;
}
#endif
