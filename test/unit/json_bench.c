/*
 * json_bench.c - How fast does a page of vectors become columns?
 *
 * A made-up reply of 5,000 documents of 128 floats, read by our page scanner
 * and by jansson (tree, then extraction), best of several runs each.
 *
 *   json_bench [documents [dimensions [float|double]]]
 */
#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "es.h"

static double
now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double) t.tv_sec + (double) t.tv_nsec * 1e-9;
}

/* The shortest text that reads back as the same float. */
static int
shortest(char *out, float f)
{
	for (int digits = 6;; digits++)
	{
		int			n = sprintf(out, "%.*g", digits, (double) f);

		if (digits == 9 || strtof(out, NULL) == f)
			return n;
	}
}

int
main(int argc, char **argv)
{
	int			ndocs = argc > 1 ? atoi(argv[1]) : 5000;
	int			dim = argc > 2 ? atoi(argv[2]) : 128;
	bool		as_double = argc > 3 && strcmp(argv[3], "double") == 0;
	size_t		cap = (size_t) ndocs * ((size_t) dim * 24 + 256) + 1024;
	char	   *text = calloc(1, cap);
	char	   *p = text;
	float	   *expected = malloc(sizeof(float) * (size_t) ndocs * (size_t) dim);
	size_t		len;
	MfMem		mem;
	EsColumn	kinds[4] = {
		{ES_SOURCE, MF_KIND_I64, MF_KIND_NONE, 0, 0},
		{ES_SOURCE, MF_KIND_TEXT, MF_KIND_NONE, 0, 0},
		{ES_SOURCE, MF_KIND_F64, MF_KIND_NONE, 0, 0},
		{ES_SOURCE, MF_KIND_VEC_F32, MF_KIND_NONE, dim, 24},
	};
	MfJsonColumn fields[4] = {
		{"id", "id", NULL, 0, 0, NULL, NULL},
		{"title", "title", NULL, 1, 0, NULL, NULL},
		{"price", "price", NULL, 2, 0, NULL, NULL},
		{"embedding", "embedding", NULL, 3, 0, NULL, NULL},
	};
	EsColumns	columns = {.ncolumns = 4,.columns = kinds,.fields = fields,.nfields = 4,.wants_source = true};
	MfBatch    *batch;
	double		ours = 1e9;
	double		theirs = 1e9;
	long		wrong = 0;

	srandom(7);
	p += sprintf(p, "{\"pit_id\":\"abc\",\"took\":3,\"timed_out\":false,\"_shards\":{\"total\":1,\"failed\":0},\"hits\":{\"max_score\":null,\"hits\":[");
	for (int i = 0; i < ndocs; i++)
	{
		p += sprintf(p, "%s{\"_index\":\"docs\",\"_id\":\"%d\",\"_score\":null,\"_source\":{\"id\":%d,\"title\":\"document number %d\",\"price\":%.2f,\"embedding\":[",
					 i > 0 ? "," : "", i, i, i, (double) (random() % 100000) / 100);
		for (int k = 0; k < dim; k++)
		{
			double		d = (double) random() / RAND_MAX * 2 - 1;
			float		f = (float) d;

			if (k > 0)
				*p++ = ',';
			p += as_double ? sprintf(p, "%.17g", d) : shortest(p, f);
			expected[(size_t) i * (size_t) dim + (size_t) k] = f;
		}
		p += sprintf(p, "]},\"sort\":[%d]}", i);
	}
	p += sprintf(p, "]}}");
	len = (size_t) (p - text);

	mf_mem_init(&mem, (size_t) 1 << 32);
	columns.mem = &mem;
	columns.plan = mf_json_plan_new(&mem, 4, fields);
	batch = mf_batch_new(&mem, 4);
	for (int i = 0; i < 4; i++)
		mf_column_init(batch, i, kinds[i].kind, kinds[i].elem, kinds[i].dim, kinds[i].headroom);

	for (int round = 0; round < 20; round++)
	{
		EsPage		page;
		MfError		err;
		MfStatus	status;
		double		start = now();
		int64_t		row = 0;

		es_page_open(&page, "docs", text, len);
		do
		{
			mf_batch_reset(batch);
			batch->first_row = row + 1;
			status = es_page_rows(&page, &columns, batch, 10000, 1 << 20, &err);
			if (status == MF_ERROR)
			{
				fprintf(stderr, "%s: %s\n", err.message, err.detail);
				return 1;
			}
			if (round == 0)
			{
				for (int i = 0; i < batch->nrows; i++)
					wrong += memcmp(mf_fixed_at(&batch->columns[3], i),
									expected + (size_t) (row + i) * (size_t) dim, (size_t) dim * 4) != 0;
			}
			row += batch->nrows;
		}
		while (status == MF_OK);
		if (round > 0)
			ours = fmin(ours, now() - start);
		if (row != ndocs)
			return 1;
	}
	for (int round = 0; round < 2; round++)
	{
		double		start = now();
		json_t	   *root = json_loadb(text, len, 0, NULL);
		json_t	   *hits = json_object_get(json_object_get(root, "hits"), "hits");
		float	   *out = malloc(sizeof(float) * (size_t) dim);
		size_t		i;
		json_t	   *one;

		json_array_foreach(hits, i, one)
		{
			json_t	   *vec = json_object_get(json_object_get(one, "_source"), "embedding");

			for (int k = 0; k < dim; k++)
				out[k] = (float) json_number_value(json_array_get(vec, (size_t) k));
		}
		free(out);
		json_decref(root);
		theirs = fmin(theirs, now() - start);
	}
	printf("%d documents x %d %s, %.1f MB: ours %.0f MB/s, %.0f rows/s; jansson %.0f MB/s, %.0f rows/s; ratio %.1f; %ld vectors differ\n",
		   ndocs, dim, as_double ? "doubles" : "floats", (double) len / 1e6,
		   (double) len / 1e6 / ours, ndocs / ours, (double) len / 1e6 / theirs, ndocs / theirs,
		   theirs / ours, wrong);
	return wrong != 0;
}
