/*
 * opening.c - What must be known before the first document is read?
 *
 * The mapping and the point in time, asked for side by side; where rows are
 * only counted, the count, after the mapping if that decides about the
 * conditions.  Rows by _id need no conditions to be weighed: a mapping that was read a
 * moment ago serves them, so that one row is one request.
 */
#include <jansson.h>
#include <string.h>

#include "scan.h"

/* MF_OK: *call holds a good answer.  Its error otherwise, with the call ended unless it repeats itself. */
MfStatus
es_answer(MfScan *scan, MfHttpCall **call, MfWaitFor *wait, MfError *err)
{
	MfStatus	status = mf_http_step(*call, wait, err);
	size_t		len;

	if (status == MF_ERROR)
	{
		strncpy(err->collection, scan->index, sizeof(err->collection) - 1);
		if (err->retry == MF_RETRY_YES)
			scan->stats.retries++;
		else
		{
			mf_http_end(*call);
			*call = NULL;
		}
	}
	if (status != MF_OK)
		return status;
	mf_http_body(*call, &len);
	scan->stats.bytes += (int64_t) len;
	return MF_OK;
}

MfStatus
es_refused(MfScan *scan, MfHttpCall **call, MfError *err)
{
	es_error(*call, scan->index, err);
	if (err->retry == MF_RETRY_YES)
		scan->stats.retries++;
	mf_http_end(*call);
	*call = NULL;
	return MF_ERROR;
}

MfStatus
es_set_id(MfScan *scan, const char *id, size_t len, MfError *err)
{
	if (scan->id.len == len && memcmp(scan->id.data, id, len) == 0)
		return MF_OK;
	scan->id.len = 0;
	mf_json_buf_raw(&scan->id, id, len);
	return scan->id.failed ? mf_error_oom(err, len) : MF_OK;
}

/* Where few rows may be enough: how many to begin with; else 0. */
static int32_t
first_page(const MfScanSpec *spec)
{
	int64_t		few = spec->limit >= 0 ? spec->limit : spec->first_rows;

	return few > 0 && few < ES_FIRST_PAGE ? (int32_t) few + ES_SPARE : 0;
}

MfStatus
es_settle_query(MfScan *scan, MfError *err)
{
	EsQueryHow	how = scan->plain ? ES_QUERY_NONE : scan->ids >= 0 || scan->mapping == NULL ? ES_QUERY_IDS : ES_QUERY_ALL;
	bool		exact;

	mf_free(scan->mem, scan->query);
	if (es_query_new(scan->mem, scan->spec, scan->mapping, how, &scan->query, &exact, err) != MF_OK)
		return MF_ERROR;
	scan->settled = true;

	/* rows that the core drops do not count, nor do those of another order */
	scan->limit = exact ? scan->spec->limit : -1;
	if (es_sort_settle(scan, exact, err) != MF_OK)
		return MF_ERROR;
	if (scan->limit < 0)
		scan->ramp = first_page(scan->spec);
	if (exact || scan->mode != ES_COUNT)
		return MF_OK;
	if (scan->spec->ncolumns > 0)
	{
		/* the core checks and counts */
		scan->mode = ES_PIT;
		scan->nstreams = scan->slices;
		return MF_OK;
	}
	mf_error(err, MF_OBJECT_NOT_IN_STATE, "index \"%s\" can no longer count the rows that are wanted", scan->index);
	mf_error_detail(err, "Its mapping does not let it check the conditions exactly.");
	mf_error_hint(err, "Did the mapping change?  Run the query again.");
	return MF_ERROR;
}

/* What depends on the mapping: the query, and how each column is read. */
static MfStatus
use_mapping(MfScan *scan, MfError *err)
{
	MfStatus	status = es_settle_query(scan, err);

	if (status != MF_OK || scan->mode == ES_COUNT || scan->columns != NULL)
		return status;
	status = es_columns_new(scan->mem, scan->spec, scan->mapping, scan->index, &scan->columns, err);
	if (status != MF_OK)
	{
		strncpy(err->collection, scan->index, sizeof(err->collection) - 1);
		return status;
	}
	scan->max_size = scan->mapping->max_window < ES_MAX_PAGE ? scan->mapping->max_window : ES_MAX_PAGE;
	if (scan->spec->fetch_size > 0 && scan->spec->fetch_size < scan->max_size)
		scan->max_size = scan->spec->fetch_size;
	for (int i = 0; i < ES_RING; i++)
	{
		scan->ring[i] = es_columns_batch(scan->columns);
		if (scan->ring[i] == NULL)
			return mf_error_oom(err, sizeof(MfBatch));
	}
	return MF_OK;
}

/* The mapping came, or the server would not tell it. */
static MfStatus
take_mapping(MfScan *scan, MfError *err)
{
	int			http = mf_http_status(scan->mapping_call);
	MfStatus	status = MF_OK;

	if (http == 403)
	{
		/* reading documents may be allowed all the same: go on without */
		scan->mapping = mf_calloc(scan->mem, sizeof(EsMapping));
		if (scan->mapping == NULL)
			return mf_error_oom(err, sizeof(EsMapping));
		scan->mapping->mem = scan->mem;
		scan->mapping->max_window = ES_MAX_PAGE;
	}
	else if (http != 200)
		return es_refused(scan, &scan->mapping_call, err);
	else
		status = es_mapping_read(scan->mem, scan->mapping_call, scan->index, &scan->mapping, err);
	mf_http_end(scan->mapping_call);
	scan->mapping_call = NULL;
	if (status == MF_OK && scan->mapping->known)
		es_remember(scan->conn, scan->index, scan->mapping);
	return status == MF_OK ? use_mapping(scan, err) : status;
}
static json_t *
tree(const MfHttpCall *call)
{
	size_t		len;
	const char *body = mf_http_body(call, &len);

	return json_loadb(body, len, 0, NULL);
}

/* {"count":100000,"_shards":{"total":1,"failed":0}} */
static MfStatus
take_count(MfScan *scan, MfError *err)
{
	json_t	   *root = tree(scan->open_call);
	const json_t *count = json_object_get(root, "count");
	json_int_t	failed = json_integer_value(json_object_get(json_object_get(root, "_shards"), "failed"));
	MfStatus	status = MF_OK;

	if (!json_is_integer(count) || json_integer_value(count) < 0)
		status = es_unusable(scan->open_call, "it holds no count", err);
	else if (failed > 0)
		status = mf_error(err, MF_FDW_REPLY_HANDLE, "counting in index \"%s\" failed on %lld shards",
						  scan->index, (long long) failed);
	else
	{
		scan->counted = json_integer_value(count);
		scan->has_count = true;
		if (scan->spec->nfilters == 0)
			scan->stats.remote_rows = scan->counted;
	}
	json_decref(root);
	mf_http_end(scan->open_call);
	scan->open_call = NULL;
	if (scan->limit >= 0 && scan->counted > scan->limit)
		scan->counted = scan->limit;
	return status;
}

/* Without points in time there is the scroll, which knows no cheap slices. */
void
es_use_scroll(MfScan *scan)
{
	scan->mode = ES_SCROLL;
	es_sort_give_up(scan);
	scan->nstreams = 1;
	scan->id.len = 0;
}

/* {"id":"..."} */
static MfStatus
take_pit(MfScan *scan, MfError *err)
{
	int			http = mf_http_status(scan->open_call);
	json_t	   *root;
	const char *id;
	MfStatus	status = MF_OK;

	if (http == 405 || ((http == 400 || http == 404) && !es_error_is(scan->open_call, NULL)))
		es_use_scroll(scan);
	else if (http != 200)
		return es_refused(scan, &scan->open_call, err);
	else
	{
		root = tree(scan->open_call);
		id = json_string_value(json_object_get(root, "id"));
		if (id == NULL || id[0] == '\0' || strpbrk(id, "\"\\") != NULL)
			status = es_unusable(scan->open_call, "it holds no id of a point in time", err);
		else
			status = es_set_id(scan, id, strlen(id), err);
		json_decref(root);
	}
	mf_http_end(scan->open_call);
	scan->open_call = NULL;
	return status;
}

/* As a search, a count may be more than the server likes: then the core counts. */
static MfStatus
count_refused(MfScan *scan, MfError *err)
{
	if (mf_http_status(scan->open_call) != 400 || scan->spec->nfilters == 0 || scan->spec->ncolumns == 0)
		return es_refused(scan, &scan->open_call, err);
	mf_http_end(scan->open_call);
	scan->open_call = NULL;
	scan->plain = true;
	return use_mapping(scan, err);
}

/* {"hits":{"total":{"value":0}}}: without doubtful rows the order is certain. */
static MfStatus
take_doubt(MfScan *scan, MfError *err)
{
	json_t	   *root;
	const json_t *total;
	MfStatus	status = MF_OK;

	if (mf_http_status(scan->doubt_call) == 400)
	{
		mf_http_end(scan->doubt_call);
		scan->doubt_call = NULL;
		es_sort_give_up(scan);
		return MF_OK;
	}
	if (mf_http_status(scan->doubt_call) != 200)
		return es_refused(scan, &scan->doubt_call, err);
	root = tree(scan->doubt_call);
	total = json_object_get(json_object_get(json_object_get(root, "hits"), "total"), "value");
	if (!json_is_integer(total))
		status = es_unusable(scan->doubt_call, "it holds no number of hits", err);
	else if (json_integer_value(total) > 0)
		es_sort_give_up(scan);
	scan->doubtful.len = 0;
	json_decref(root);
	mf_http_end(scan->doubt_call);
	scan->doubt_call = NULL;
	return status;
}

/* Once the point in time is there: are there rows without a certain place? */
static MfStatus
settle_doubt(MfScan *scan, MfWaitFor *wait, MfError *err)
{
	MfStatus	status = MF_OK;

	if (scan->doubtful.len == 0 || scan->mode != ES_PIT)
		return MF_OK;
	if (scan->doubt_call == NULL)
		status = es_send_doubt(scan, err);
	if (status == MF_OK)
		status = es_answer(scan, &scan->doubt_call, wait, err);
	return status == MF_OK ? take_doubt(scan, err) : status;
}

/* Ask for what is not there yet, and wait for it in any order. */
MfStatus
es_opening(MfScan *scan, MfWaitFor *wait, MfError *err)
{
	MfStatus	status = MF_OK;
	MfStatus	waiting = MF_OK;

	if (scan->mapping == NULL && scan->mapping_call == NULL && scan->ids >= 0)
	{
		scan->mapping = es_recall(scan->conn, scan->index);
		if (scan->mapping != NULL)
			status = use_mapping(scan, err);
	}
	if (status == MF_OK)
		status = es_send_opening(scan, err);
	if (status != MF_OK)
		return status;
	if (scan->mapping_call != NULL)
	{
		status = es_answer(scan, &scan->mapping_call, wait, err);
		if (status == MF_OK)
			status = take_mapping(scan, err);
		if (status == MF_ERROR)
			return status;
		waiting = status;
	}
	if (scan->open_call != NULL)
	{
		MfWaitFor	other;

		status = es_answer(scan, &scan->open_call, &other, err);
		if (status == MF_OK && scan->mode == ES_COUNT)
			status = mf_http_status(scan->open_call) == 200 ? take_count(scan, err) :
				count_refused(scan, err);
		else if (status == MF_OK)
			status = take_pit(scan, err);
		if (status == MF_ERROR)
			return status;
		if (status == MF_WAIT)
		{
			if (waiting != MF_WAIT || other.timeout_ms < wait->timeout_ms)
				*wait = other;
			waiting = MF_WAIT;
		}
	}
	return waiting == MF_OK ? settle_doubt(scan, wait, err) : waiting;
}
