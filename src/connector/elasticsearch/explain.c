/*
 * explain.c - What would be asked of the server, in words?
 *
 * Without asking it anything: whether whole documents are fetched is settled
 * by the mapping later, so that is not told; the conditions are shown as
 * if each field had its column's type.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "scan.h"

/* Memory for a text that lives as long as this call. */
static void *
text_alloc(MfMem *mem, size_t bytes)
{
	return malloc(bytes);
}

static void *
text_realloc(MfMem *mem, void *p, size_t bytes)
{
	return realloc(p, bytes);
}

static void
text_free(MfMem *mem, void *p)
{
	free(p);
}

void
es_scan_explain(const MfOptions *server, const MfScanSpec *spec, char *buf, size_t size)
{
	const char *index = mf_option(spec->options, "index");
	const char *keep_alive = mf_option(spec->options, "keep_alive");
	int64_t		slices = mf_option_int(spec->options, "slices", mf_option_int(server, "slices", ES_DEFAULT_SLICES));
	char		slice[64] = "";
	bool		source = false;
	int64_t		first = spec->fetch_size > 0 && spec->fetch_size < ES_FIRST_PAGE ? spec->fetch_size : ES_FIRST_PAGE;
	MfMem		mem = {.size = sizeof(MfMem),.alloc = text_alloc,.realloc = text_realloc,.free = text_free};
	bool		counts = spec->ncolumns == 0 || spec->count_only;
	int			ids = counts ? -1 : es_query_ids(spec);
	MfJsonBuf	sort = {.mem = &mem};
	MfError		ignored;
	char	   *text;
	char	   *query;
	bool		exact;

	if (size == 0)
		return;
	if (index == NULL)
		index = "";
	if (keep_alive == NULL)
		keep_alive = mf_option(server, "keep_alive");
	if (keep_alive == NULL)
		keep_alive = ES_KEEP_ALIVE;
	if (es_query_new(&mem, spec, NULL, ids >= 0 ? ES_QUERY_IDS : ES_QUERY_GUESS, &text, &exact, &ignored) != MF_OK)
		text = NULL;
	query = malloc(text != NULL ? strlen(text) + 16 : 16);
	if (query == NULL)
	{
		free(text);
		buf[0] = '\0';
		return;
	}
	query[0] = '\0';
	if (text != NULL)
		sprintf(query, "\"query\":%s,", text);
	for (int i = 0; i < spec->ncolumns; i++)
		source |= strcmp(spec->columns[i].field, "_id") != 0 && strcmp(spec->columns[i].field, "_index") != 0;
	for (int i = 0; i < spec->nsorts; i++)
		es_sort_write(&sort, &spec->sorts[i], spec->sorts[i].field);
	if (counts && text != NULL)
		snprintf(buf, size, "POST /%s/_count {\"query\":%s}", index, text);
	else if (counts)
		snprintf(buf, size, "POST /%s/_count", index);
	else if (ids >= 0 || (spec->limit >= 0 && spec->limit <= ES_ONE_REQUEST && spec->nsorts == 0))
		snprintf(buf, size, "POST /%s/_search {\"size\":%lld,%s%s\"sort\":[\"_doc\"]}", index,
				 (long long) (ids >= 0 ? 2 * ids + 8 : spec->limit), query, source ? "" : "\"_source\":false,");
	else
	{
		if (spec->limit < 0 && slices > 1 && spec->nsorts == 0)
			snprintf(slice, sizeof(slice), ",\"slice\":{\"max\":%lld}", (long long) slices);
		snprintf(buf, size, "POST /%s/_search {\"size\":%lld,%s%s\"pit\":{\"keep_alive\":\"%s\"},\"sort\":[%s{\"_shard_doc\":\"asc\"}]%s}",
				 index, (long long) (spec->limit >= 0 && spec->limit < first ? spec->limit : first), query,
				 source ? "" : "\"_source\":false,", keep_alive, sort.data != NULL ? sort.data : "", slice);
	}
	free(query);
	free(text);
	free(sort.data);
}
