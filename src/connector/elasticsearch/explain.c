/*
 * explain.c - What would be asked of the server, in words?
 *
 * Without asking it anything: whether whole documents are fetched is settled
 * by the mapping later, so that is not told.
 */
#include <stdio.h>
#include <string.h>

#include "scan.h"

void
es_scan_explain(const MfOptions *server, const MfScanSpec *spec, char *buf, size_t size)
{
	const char *index = mf_option(spec->options, "index");
	const char *keep_alive = mf_option(spec->options, "keep_alive");
	int64_t		slices = mf_option_int(spec->options, "slices", mf_option_int(server, "slices", ES_DEFAULT_SLICES));
	char		slice[64] = "";
	bool		source = false;
	int64_t		first = spec->fetch_size > 0 && spec->fetch_size < ES_FIRST_PAGE ? spec->fetch_size : ES_FIRST_PAGE;

	if (size == 0)
		return;
	if (index == NULL)
		index = "";
	if (keep_alive == NULL)
		keep_alive = mf_option(server, "keep_alive");
	if (keep_alive == NULL)
		keep_alive = ES_KEEP_ALIVE;
	for (int i = 0; i < spec->ncolumns; i++)
		source |= strcmp(spec->columns[i].field, "_id") != 0 && strcmp(spec->columns[i].field, "_index") != 0;
	if (spec->ncolumns == 0)
		snprintf(buf, size, "POST /%s/_count", index);
	else if (spec->limit >= 0 && spec->limit <= ES_ONE_REQUEST)
		snprintf(buf, size, "POST /%s/_search {\"size\":%lld,%s\"sort\":[\"_doc\"]}", index,
				 (long long) spec->limit, source ? "" : "\"_source\":false,");
	else
	{
		if (spec->limit < 0 && slices > 1)
			snprintf(slice, sizeof(slice), ",\"slice\":{\"max\":%lld}", (long long) slices);
		snprintf(buf, size, "POST /%s/_search {\"size\":%lld,%s\"pit\":{\"keep_alive\":\"%s\"},\"sort\":[{\"_shard_doc\":\"asc\"}]%s}",
				 index, (long long) (spec->limit >= 0 && spec->limit < first ? spec->limit : first),
				 source ? "" : "\"_source\":false,", keep_alive, slice);
	}
}
