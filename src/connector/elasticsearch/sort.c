/*
 * sort.c - Which ORDER BY does an index give as PostgreSQL would?
 *
 * Sorted is by what the index holds, read is what _source holds: only where
 * the two are the same value in the same order is the order asked for.  Dates
 * are not: the index has their milliseconds, a column their microseconds.
 */
#include <string.h>

#include "es_calls.h"
#include "filter_es.h"
#include "scan.h"

static bool
is_whole(MfKind kind)
{
	return kind >= MF_KIND_I8 && kind <= MF_KIND_I64;
}

/* Two zeros, and numbers read as another type, are equal here and not there: nothing may follow. */
static bool
is_last_only(MfKind kind)
{
	return kind == MF_KIND_F32 || kind == MF_KIND_F64;
}

bool
es_sort_check(int nsorts, const MfSort *sorts)
{
	for (int i = 0; i < nsorts; i++)
	{
		const MfSort *sort = &sorts[i];

		if (sort->field[0] == '_' || (is_last_only(sort->kind) && i < nsorts - 1))
			return false;
		if (sort->kind == MF_KIND_TEXT ? !sort->bytewise :
			!is_whole(sort->kind) && !is_last_only(sort->kind) && sort->kind != MF_KIND_BOOL)
			return false;
	}
	return true;
}

static bool
has_type(const EsField *field, MfKind kind)
{
	switch (kind)
	{
		case MF_KIND_BOOL:
			return strcmp(field->type, "boolean") == 0;
		case MF_KIND_F32:
			return strcmp(field->type, "float") == 0;
		case MF_KIND_F64:
			return strcmp(field->type, "double") == 0;
		case MF_KIND_TEXT:
			return strcmp(field->type, "keyword") == 0 && !field->normalized;
		default:
			return field->indexed &&
				(strcmp(field->type, "long") == 0 || strcmp(field->type, "integer") == 0 ||
				 strcmp(field->type, "short") == 0 || strcmp(field->type, "byte") == 0);
	}
}

/*
 * A missing whole number is sorted as the largest or the smallest of its type,
 * among those that have it.
 */
static void
add_doubt(MfJsonBuf *doubtful, const EsField *field)
{
	const char *ends = strcmp(field->type, "long") == 0 ? "[-9223372036854775808,9223372036854775807]" :
		strcmp(field->type, "integer") == 0 ? "[-2147483648,2147483647]" : NULL;

	if (ends == NULL)
		return;
	mf_json_buf_add(doubtful, doubtful->len > 0 ? ",{\"terms\":{" : "{\"terms\":{");
	mf_json_buf_quote(doubtful, field->path);
	mf_json_buf_add(doubtful, ":");
	mf_json_buf_add(doubtful, ends);
	mf_json_buf_add(doubtful, "}}");
}

void
es_sort_write(MfJsonBuf *out, const MfSort *sort, const char *path)
{
	mf_json_buf_add(out, "{");
	mf_json_buf_quote(out, path);
	mf_json_buf_add(out, sort->descending ? ":{\"order\":\"desc\"" : ":{\"order\":\"asc\"");
	mf_json_buf_add(out, sort->nulls_first ? ",\"missing\":\"_first\"}}," : ",\"missing\":\"_last\"}},");
}

static bool
is_never_missing(const MfScanSpec *spec, const char *field)
{
	for (int i = 0; i < spec->nfilters; i++)
	{
		if (spec->filters[i]->op == MF_FILTER_IS_NOT_NULL && spec->filters[i]->npath == 0 &&
			strcmp(spec->filters[i]->field, field) == 0)
			return true;
	}
	return false;
}

static bool
add_sort(MfScan *scan, const MfSort *sort, bool exact)
{
	EsFilterContext c = {.mapping = scan->mapping};
	EsTarget	t;

	if (!es_target(&c, sort->field, sort->kind, &t) || !has_type(t.field, sort->kind) ||
		t.loose || t.extra || t.field->null_value || t.field->no_doc_values)
		return false;
	es_sort_write(&scan->sort, sort, t.field->path);
	if (is_whole(sort->kind) && !(exact && is_never_missing(scan->spec, sort->field)))
		add_doubt(&scan->doubtful, t.field);
	return true;
}

void
es_sort_give_up(MfScan *scan)
{
	scan->sort.len = scan->doubtful.len = 0;
	scan->stats.sorted = false;
	if (scan->spec->nsorts > 0)
		scan->limit = -1;
	if (scan->mode == ES_PIT)
		scan->nstreams = scan->slices;
}

MfStatus
es_sort_settle(MfScan *scan, bool exact, MfError *err)
{
	const MfScanSpec *spec = scan->spec;

	scan->sort.len = scan->doubtful.len = 0;
	scan->stats.sorted = false;
	if (spec->nsorts == 0)
		return MF_OK;

	/* one search by _id, and a scroll, come as they come */
	if (scan->mode != ES_PIT || scan->ids >= 0 || !es_sort_check(spec->nsorts, spec->sorts))
	{
		es_sort_give_up(scan);
		return MF_OK;
	}
	for (int i = 0; i < spec->nsorts; i++)
	{
		if (add_sort(scan, &spec->sorts[i], exact))
			continue;
		es_sort_give_up(scan);
		return MF_OK;
	}
	if (scan->sort.failed || scan->doubtful.failed)
		return mf_error_oom(err, scan->sort.cap);
	scan->nstreams = 1;
	scan->stats.sorted = true;
	return MF_OK;
}
