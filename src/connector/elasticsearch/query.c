/*
 * query.c - Which documents are asked for?
 *
 * The table's own query and the filters that can be shipped, side by side in
 * filter context, where nothing is scored.
 */
#include <stdlib.h>
#include <string.h>

#include "es.h"

#define MAX_IDS 1000			/* rows by _id that one plain search fetches */

bool
es_query_valid(const char *text)
{
	size_t		len = strlen(text);
	char	   *copy = calloc(1, len + MF_JSON_SLACK);
	MfJson		j;
	bool		good = false;

	if (copy == NULL)
		return false;
	memcpy(copy, text, len);
	mf_json_start(&j, copy, len);
	mf_json_ws(&j);
	if (*j.p == '{')
		good = mf_json_skip(&j) && mf_json_finish(&j);
	free(copy);
	return good;
}

static int
ids_of(const MfFilter *filter)
{
	int			best = -1;

	if (filter->op == MF_FILTER_AND)
	{
		for (int i = 0; i < filter->nargs; i++)
		{
			int			n = ids_of(filter->args[i]);

			if (n >= 0 && (best < 0 || n < best))
				best = n;
		}
		return best;
	}
	if ((filter->op == MF_FILTER_EQ || filter->op == MF_FILTER_IN) && strcmp(filter->field, "_id") == 0 &&
		filter->kind == MF_KIND_TEXT && filter->nvalues <= MAX_IDS)
		return filter->nvalues;
	return -1;
}

int
es_query_ids(const MfScanSpec *spec)
{
	int			best = -1;

	for (int i = 0; i < spec->nfilters; i++)
	{
		int			n = ids_of(spec->filters[i]);

		if (n >= 0 && (best < 0 || n < best))
			best = n;
	}
	return best;
}

MfStatus
es_query_new(MfMem *mem, const MfScanSpec *spec, const EsMapping *mapping, EsQueryHow how,
			 char **query, bool *exact, MfError *err)
{
	const char *own = mf_option(spec->options, "query");
	MfJsonBuf	buf = {.mem = mem};
	int			n = 0;

	*query = NULL;
	*exact = true;
	if (own != NULL && !es_query_valid(own))
	{
		mf_error(err, MF_FDW_INVALID_ATTRIBUTE_VALUE, "option \"query\" of the table is not a JSON object");
		mf_error_hint(err, "It holds a query as it stands in a search request: {\"term\": {\"lang\": \"en\"}}.");
		return MF_ERROR;
	}
	mf_json_buf_add(&buf, "{\"bool\":{\"filter\":[");
	if (own != NULL)
	{
		mf_json_buf_add(&buf, own);
		n++;
	}
	for (int i = 0; i < spec->nfilters; i++)
	{
		size_t		mark = buf.len;
		MfShip		ship;

		mf_json_buf_add(&buf, n > 0 ? "," : "");
		switch (how)
		{
			case ES_QUERY_ALL:
				ship = es_filter(mapping, spec->filters[i], &buf);
				break;
			case ES_QUERY_IDS:
				ship = es_filter(NULL, spec->filters[i], &buf);
				break;
			case ES_QUERY_GUESS:
				ship = es_filter_guess(NULL, spec->filters[i], &buf);
				break;
			default:
				ship = MF_SHIP_NO;
		}
		*exact = *exact && ship == MF_SHIP_EXACT;
		if (ship != MF_SHIP_NO)
			n++;
		else if (!buf.failed)
		{
			buf.len = mark;
			buf.data[mark] = '\0';
		}
	}
	mf_json_buf_add(&buf, "]}}");
	if (buf.failed)
	{
		mf_free(mem, buf.data);
		return mf_error_oom(err, buf.cap);
	}
	if (n > 0)
		*query = buf.data;
	else
		mf_free(mem, buf.data);
	return MF_OK;
}

MfStatus
es_query_body(MfMem *mem, const MfScanSpec *spec, char **body, MfError *err)
{
	MfJsonBuf	buf = {.mem = mem};
	char	   *query;
	bool		exact;

	*body = NULL;
	if (es_query_new(mem, spec, NULL, ES_QUERY_NONE, &query, &exact, err) != MF_OK)
		return MF_ERROR;
	mf_json_buf_add(&buf, "{\"query\":");
	mf_json_buf_add(&buf, query != NULL ? query : "{\"match_all\":{}}");
	mf_json_buf_add(&buf, "}");
	mf_free(mem, query);
	*body = buf.data;
	return buf.failed ? mf_error_oom(err, buf.cap) : MF_OK;
}
