/*
 * request.c - What is Elasticsearch asked for?
 */
#include <string.h>

#include "scan.h"

static MfStatus
send(MfScan *scan, const char *method, const char *path, MfJsonBuf *body, bool safe,
	 MfHttpCall **call, MfError *err)
{
	MfStatus	status;

	*call = NULL;
	if (path == NULL || body->failed)
		status = mf_error_oom(err, body->cap);
	else if (safe)
		status = es_begin(scan->conn, method, path, body->data, call, err);
	else
		status = mf_http_begin(scan->conn->http, method, path, NULL, body->data, body->len, call, err);
	if (status == MF_OK)
		scan->stats.requests++;
	mf_free(scan->mem, body->data);
	return status;
}

/* A count's filters are weighed by the mapping; without filters it needs none. */
static bool
needs_mapping(const MfScan *scan)
{
	return scan->mode != ES_COUNT || scan->spec->nfilters > 0;
}

static void
add_query(const MfScan *scan, MfJsonBuf *body)
{
	if (scan->query == NULL)
		return;
	mf_json_buf_add(body, "\"query\":");
	mf_json_buf_add(body, scan->query);
}

/* GET /docs, and POST /docs/_pit or /docs/_count: those not done or under way. */
MfStatus
es_send_opening(MfScan *scan, MfError *err)
{
	MfJsonBuf	body = {.mem = scan->mem};
	MfJsonBuf	rest = {.mem = scan->mem};
	char	   *path;
	MfStatus	status = MF_OK;

	if (needs_mapping(scan) && scan->mapping == NULL && scan->mapping_call == NULL)
	{
		path = es_path(scan->mem, scan->index, "?flat_settings=true");
		status = send(scan, "GET", path, &body, true, &scan->mapping_call, err);
		mf_free(scan->mem, path);
	}
	if (status != MF_OK || scan->open_call != NULL)
		return status;
	if (scan->mode == ES_PIT && scan->id.len == 0)
	{
		mf_json_buf_add(&rest, "/_pit?keep_alive=");
		mf_json_buf_add(&rest, scan->keep_alive);
	}
	else if (scan->mode == ES_COUNT && !scan->has_count && (scan->mapping != NULL || !needs_mapping(scan)))
	{
		if (!scan->settled && es_settle_query(scan, err) != MF_OK)
			return MF_ERROR;
		mf_json_buf_add(&rest, "/_count");
		if (scan->query != NULL)
		{
			mf_json_buf_add(&body, "{");
			add_query(scan, &body);
			mf_json_buf_add(&body, "}");
		}
	}
	else
		return MF_OK;
	body.failed |= rest.failed;
	path = rest.failed ? NULL : es_path(scan->mem, scan->index, rest.data);
	status = send(scan, "POST", path, &body, true, &scan->open_call, err);
	mf_free(scan->mem, path);
	mf_free(scan->mem, rest.data);
	return status;
}

/* How many hits the next page shall have. */
int32_t
es_page_size(const MfScan *scan)
{
	int64_t		bytes = scan->doc_bytes > 0 ? scan->doc_bytes : scan->columns->row_bytes;
	int64_t		size = ES_PAGE_BYTES / (bytes > 0 ? bytes : 1);

	/* so many that a reply with as many hits is not expected: see open_page */
	if (scan->ids >= 0)
		return 2 * scan->ids + 8 < scan->max_size ? 2 * scan->ids + 8 : scan->max_size;

	if (scan->doc_bytes == 0 && size > ES_FIRST_PAGE)
		size = ES_FIRST_PAGE;
	if (scan->ramp > 0 && size > scan->ramp)
		size = scan->ramp;
	if (size > scan->max_size)
		size = scan->max_size;
	if (scan->limit >= 0 && size > scan->limit - scan->asked)
		size = scan->limit - scan->asked;
	return size < 1 ? 1 : (int32_t) size;
}

static void
pit_body(MfScan *scan, int at, MfJsonBuf *body)
{
	const EsStream *stream = &scan->streams[at];

	mf_json_buf_add(body, "\"pit\":{\"id\":\"");
	mf_json_buf_raw(body, scan->id.data, scan->id.len);
	mf_json_buf_add(body, "\",\"keep_alive\":\"");
	mf_json_buf_add(body, scan->keep_alive);
	mf_json_buf_add(body, "\"},\"sort\":[");
	if (scan->sort.len > 0)
		mf_json_buf_raw(body, scan->sort.data, scan->sort.len);
	mf_json_buf_add(body, "{\"_shard_doc\":\"asc\"}]");
	if (scan->nstreams > 1 || scan->slice.of > 1)
	{
		mf_json_buf_add(body, ",\"slice\":{\"id\":");
		mf_json_buf_int(body, scan->slice.of > 1 ? scan->slice.at : at);
		mf_json_buf_add(body, ",\"max\":");
		mf_json_buf_int(body, scan->slice.of > 1 ? scan->slice.of : scan->nstreams);
		mf_json_buf_add(body, "}");
	}
	if (stream->after.len > 0)
	{
		mf_json_buf_add(body, ",\"search_after\":");
		mf_json_buf_raw(body, stream->after.data, stream->after.len);
	}
	mf_json_buf_add(body, ",\"track_total_hits\":false}");
}

MfStatus
es_send_search(MfScan *scan, int at, MfError *err)
{
	EsStream   *stream = &scan->streams[at];
	MfJsonBuf	body = {.mem = scan->mem};
	MfJsonBuf	rest = {.mem = scan->mem};
	bool		more = scan->mode == ES_SCROLL && scan->id.len > 0;
	char	   *path = NULL;
	MfStatus	status;

	if (!more)
	{
		stream->size = es_page_size(scan);
		scan->asked += stream->size;
		scan->ramp = scan->ramp < ES_MAX_PAGE ? scan->ramp * ES_GROWTH : 0;
		mf_json_buf_add(&body, "{\"size\":");
		mf_json_buf_int(&body, stream->size);
		mf_json_buf_add(&body, ",");
		add_query(scan, &body);
		mf_json_buf_add(&body, scan->query != NULL ? "," : "");
		mf_json_buf_add(&body, scan->columns->source);
	}
	switch (scan->mode)
	{
		case ES_PIT:
			pit_body(scan, at, &body);
			path = mf_strdup(scan->mem, "/_search?allow_partial_search_results=false");
			break;
		case ES_SCROLL:
			if (more)
			{
				mf_json_buf_add(&body, "{\"scroll\":\"");
				mf_json_buf_add(&body, scan->keep_alive);
				mf_json_buf_add(&body, "\",\"scroll_id\":\"");
				mf_json_buf_raw(&body, scan->id.data, scan->id.len);
				mf_json_buf_add(&body, "\"}");
				path = mf_strdup(scan->mem, "/_search/scroll");
				break;
			}
			mf_json_buf_add(&body, "\"sort\":[\"_doc\"]}");
			mf_json_buf_add(&rest, "/_search?allow_partial_search_results=false&scroll=");
			mf_json_buf_add(&rest, scan->keep_alive);
			break;
		default:
			mf_json_buf_add(&body, "\"sort\":[\"_doc\"],\"track_total_hits\":false}");
			mf_json_buf_add(&rest, "/_search?allow_partial_search_results=false");
			break;
	}
	if (path == NULL && rest.data != NULL && !rest.failed)
		path = es_path(scan->mem, scan->index, rest.data);

	/* a scroll moves on with each request: asked twice, it would skip a page */
	status = send(scan, "POST", path, &body, !more, &stream->call, err);
	if (status != MF_OK && !more)
		scan->asked -= stream->size;
	mf_free(scan->mem, path);
	mf_free(scan->mem, rest.data);
	return status;
}

MfStatus
es_send_doubt(MfScan *scan, MfError *err)
{
	MfJsonBuf	body = {.mem = scan->mem};

	mf_json_buf_add(&body, "{\"size\":0,\"track_total_hits\":1,\"pit\":{\"id\":\"");
	mf_json_buf_raw(&body, scan->id.data, scan->id.len);
	mf_json_buf_add(&body, "\",\"keep_alive\":\"");
	mf_json_buf_add(&body, scan->keep_alive);
	mf_json_buf_add(&body, "\"},\"query\":{\"bool\":{\"should\":[");
	mf_json_buf_raw(&body, scan->doubtful.data, scan->doubtful.len);
	mf_json_buf_add(&body, "],\"minimum_should_match\":1");
	if (scan->query != NULL)
	{
		mf_json_buf_add(&body, ",\"filter\":");
		mf_json_buf_add(&body, scan->query);
	}
	mf_json_buf_add(&body, "}}}");
	return send(scan, "POST", "/_search?allow_partial_search_results=false", &body, true, &scan->doubt_call, err);
}
