/*
 * scan.c - Which request comes next, and which reply is read now?
 *
 * Several slices of one point in time are fetched side by side.  A slice asks
 * for its next page before the current one is read, which needs the sort
 * values of the last hit: they stand at the reply's very end (es_page_peek).
 * Memory: one reply being read, one under way for each slice, and the batches,
 * whatever the size of the index.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <jansson.h>
#include <string.h>

#include "scan.h"

MfStatus
es_scan_begin(MfConn *conn, const MfScanSpec *spec, MfScan **out, MfError *err)
{
	MfScan	   *scan = mf_calloc(spec->mem, sizeof(MfScan));
	const char *keep_alive = mf_option(spec->options, "keep_alive");
	int64_t		slices = mf_option_int(spec->options, "slices", conn->slices);

	*out = NULL;
	if (scan == NULL)
		return mf_error_oom(err, sizeof(MfScan));
	scan->conn = conn;
	scan->mem = spec->mem;
	scan->spec = spec;
	scan->index = mf_option(spec->options, "index");
	scan->keep_alive = keep_alive != NULL ? keep_alive : conn->keep_alive;
	scan->id.mem = spec->mem;
	scan->stats.remote_rows = -1;
	scan->mode = spec->ncolumns == 0 ? ES_COUNT :
		spec->limit >= 0 && spec->limit <= ES_ONE_REQUEST ? ES_ONCE : ES_PIT;
	scan->nstreams = scan->mode != ES_PIT || spec->limit >= 0 ? 1 :
		slices > 0 && slices <= ES_MAX_SLICES ? (int) slices : ES_DEFAULT_SLICES;
	scan->streams = mf_calloc(spec->mem, sizeof(EsStream) * (size_t) scan->nstreams);
	if (scan->streams == NULL || scan->index == NULL)
	{
		MfStatus	status = scan->index == NULL ?
			mf_error(err, MF_FDW_INVALID_ATTRIBUTE_VALUE, "option \"index\" of the table is not set") :
			mf_error_oom(err, sizeof(EsStream));

		mf_free(spec->mem, scan->streams);
		mf_free(spec->mem, scan);
		return status;
	}
	for (int i = 0; i < scan->nstreams; i++)
		scan->streams[i].after.mem = spec->mem;
	if (spec->limit == 0)
		scan->state = ES_DONE;
	*out = scan;
	return MF_OK;
}

/* MF_OK: *call holds a good answer.  Its error otherwise, with the call ended unless it repeats itself. */
static MfStatus
answer(MfScan *scan, MfHttpCall **call, MfWaitFor *wait, MfError *err)
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

static MfStatus
refused(MfScan *scan, MfHttpCall **call, MfError *err)
{
	es_error(*call, scan->index, err);
	if (err->retry == MF_RETRY_YES)
		scan->stats.retries++;
	mf_http_end(*call);
	*call = NULL;
	return MF_ERROR;
}

static MfStatus
set_id(MfScan *scan, const char *id, size_t len, MfError *err)
{
	if (scan->id.len == len && memcmp(scan->id.data, id, len) == 0)
		return MF_OK;
	scan->id.len = 0;
	mf_json_buf_raw(&scan->id, id, len);
	return scan->id.failed ? mf_error_oom(err, len) : MF_OK;
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
		return refused(scan, &scan->mapping_call, err);
	else
		status = es_mapping_read(scan->mem, scan->mapping_call, scan->index, &scan->mapping, err);
	mf_http_end(scan->mapping_call);
	scan->mapping_call = NULL;
	if (status == MF_OK)
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
		scan->stats.remote_rows = scan->counted = json_integer_value(count);
	json_decref(root);
	mf_http_end(scan->open_call);
	scan->open_call = NULL;
	if (scan->spec->limit >= 0 && scan->counted > scan->spec->limit)
		scan->counted = scan->spec->limit;
	return status;
}

/* Without points in time there is the scroll, which knows no cheap slices. */
static void
use_scroll(MfScan *scan)
{
	scan->mode = ES_SCROLL;
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
		use_scroll(scan);
	else if (http != 200)
		return refused(scan, &scan->open_call, err);
	else
	{
		root = tree(scan->open_call);
		id = json_string_value(json_object_get(root, "id"));
		if (id == NULL || id[0] == '\0' || strpbrk(id, "\"\\") != NULL)
			status = es_unusable(scan->open_call, "it holds no id of a point in time", err);
		else
			status = set_id(scan, id, strlen(id), err);
		json_decref(root);
	}
	mf_http_end(scan->open_call);
	scan->open_call = NULL;
	return status;
}

/* Ask for what is not there yet, and wait for it in any order. */
static MfStatus
opening(MfScan *scan, MfWaitFor *wait, MfError *err)
{
	MfStatus	status = MF_OK;
	MfStatus	waiting = MF_OK;

	status = es_send_opening(scan, err);
	if (status != MF_OK)
		return status;
	if (scan->mapping_call != NULL)
	{
		status = answer(scan, &scan->mapping_call, wait, err);
		if (status == MF_OK)
			status = take_mapping(scan, err);
		if (status == MF_ERROR)
			return status;
		waiting = status;
	}
	if (scan->open_call != NULL)
	{
		MfWaitFor	other;

		status = answer(scan, &scan->open_call, &other, err);
		if (status == MF_OK && scan->mode == ES_COUNT)
			status = mf_http_status(scan->open_call) == 200 ? take_count(scan, err) :
				refused(scan, &scan->open_call, err);
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
	return waiting;
}

/* Does the reply look as if its page was full?  Then there is another one. */
static bool
looks_full(const MfScan *scan, int32_t size, size_t len)
{
	return scan->doc_bytes > 0 && (int64_t) len * 10 >= (int64_t) size * scan->doc_bytes * 8;
}

static bool
limit_asked(const MfScan *scan)
{
	return scan->spec->limit >= 0 && scan->asked >= scan->spec->limit;
}

/* Would the next page begin where this one did?  Then there is no end. */
static bool
same_place(const EsStream *stream, const char *sort, size_t len)
{
	return stream->after.len == len && memcmp(stream->after.data, sort, len) == 0;
}

/* Begin to read a reply; ask for the next page of its slice if that can be done yet. */
static MfStatus
open_page(MfScan *scan, int at, MfError *err)
{
	EsStream   *stream = &scan->streams[at];
	size_t		len;
	const char *body = mf_http_body(stream->call, &len);
	MfJsonText	id;
	const char *sort;
	size_t		sort_len;

	scan->page_call = stream->call;
	scan->page_stream = at;
	scan->page_size = stream->size;
	scan->ahead = false;
	stream->call = NULL;
	es_page_open(&scan->page, scan->index, body, len);
	if (scan->mode != ES_PIT || limit_asked(scan) || !looks_full(scan, stream->size, len) ||
		!es_page_peek(body, len, &id, &sort, &sort_len) || same_place(stream, sort, sort_len))
		return MF_OK;
	stream->after.len = 0;
	mf_json_buf_raw(&stream->after, sort, sort_len);
	if (stream->after.failed)
		return mf_error_oom(err, sort_len);
	if (set_id(scan, id.at, id.len, err) != MF_OK)
		return MF_ERROR;
	scan->ahead = true;
	return es_send_search(scan, at, err);
}

/* A page is through: what does its slice do next? */
static MfStatus
close_page(MfScan *scan, MfError *err)
{
	EsStream   *stream = &scan->streams[scan->page_stream];
	const EsPage *page = &scan->page;
	MfStatus	status = MF_OK;

	if (page->nhits > scan->page_size && scan->mode != ES_SCROLL)
		status = es_unusable(scan->page_call, "it holds more hits than were asked for", err);
	else if (scan->ahead &&
			 !same_place(stream, page->sort, page->sort_len))
		status = es_unusable(scan->page_call, "its sort values are not where they belong", err);
	else if (scan->mode != ES_ONCE && page->id.len > 0 && !page->id.escaped && !scan->ahead)
		status = set_id(scan, page->id.at, page->id.len, err);
	if (status != MF_OK)
		return status;
	if (page->nhits > 0)
		scan->doc_bytes = (int64_t) (page->json.end - page->body) / page->nhits + 1;
	stream->finished = scan->mode == ES_ONCE ||
		(scan->mode == ES_SCROLL ? page->nhits == 0 : page->nhits < scan->page_size) ||
		(scan->mode == ES_PIT && !scan->ahead && limit_asked(scan)) ||
		(scan->mode == ES_SCROLL && scan->spec->limit >= 0 && scan->stats.rows >= scan->spec->limit);
	if (stream->finished && stream->call != NULL)
	{
		es_let_go(scan->conn, stream->call);
		stream->call = NULL;
	}
	else if (!stream->finished && scan->mode == ES_PIT && !scan->ahead)
	{
		if (page->sort == NULL)
			return es_unusable(scan->page_call, "its hits have no sort values", err);
		if (same_place(stream, page->sort, page->sort_len))
			return es_unusable(scan->page_call, "it ends where the page before it did", err);
		stream->after.len = 0;
		mf_json_buf_raw(&stream->after, page->sort, page->sort_len);
		if (stream->after.failed)
			return mf_error_oom(err, page->sort_len);
	}
	if (!stream->finished && scan->mode == ES_SCROLL && scan->id.len == 0)
		return es_unusable(scan->page_call, "it holds no scroll id", err);
	mf_http_end(scan->page_call);
	scan->page_call = NULL;
	if (!stream->finished && stream->call == NULL)
		status = es_send_search(scan, scan->page_stream, err);
	return status;
}

/* A page could not be received: smaller ones may. */
static bool
ask_for_less(MfScan *scan, EsStream *stream, MfError *err)
{
	if ((strcmp(err->sqlstate, MF_LIMIT_EXCEEDED) != 0 && strcmp(err->sqlstate, MF_FDW_OUT_OF_MEMORY) != 0) ||
		stream->size <= 1 || (scan->mode == ES_SCROLL && scan->id.len > 0))
		return false;
	scan->max_size = stream->size / 4 > 0 ? stream->size / 4 : 1;
	scan->asked -= stream->size;

	/* a single search becomes a search in pages */
	if (scan->mode == ES_ONCE)
	{
		scan->mode = ES_PIT;
		scan->state = ES_OPENING;
	}
	return true;
}

/* An answer of a search that is no page. */
static MfStatus
search_failed(MfScan *scan, int at, MfError *err)
{
	EsStream   *stream = &scan->streams[at];
	size_t		len;
	const char *body = mf_http_body(stream->call, &len);

	/* OpenSearch 2 and Elasticsearch before 7.12 do not know this order */
	if (scan->mode == ES_PIT && mf_http_status(stream->call) == 400 && scan->stats.rows == 0 &&
		memmem(body, len, "[_shard_doc]", 12) != NULL)
	{
		for (int i = 0; i < scan->nstreams; i++)
		{
			if (scan->streams[i].call != NULL)
				mf_http_end(scan->streams[i].call);
			scan->streams[i].call = NULL;
		}
		es_forget(scan->conn, false, scan->id.data, true);
		scan->asked = 0;
		use_scroll(scan);
		return MF_OK;
	}
	if (scan->mode != ES_SCROLL || scan->id.len == 0)
		scan->asked -= stream->size;
	refused(scan, &stream->call, err);

	/* only a rejection tells for certain that the scroll did not move */
	if (scan->mode == ES_SCROLL && scan->id.len > 0 && err->remote_code != 429)
		err->retry = MF_RETRY_NO;
	return MF_ERROR;
}

/* Find a reply to read.  MF_OK: a page is open, or look again; MF_END: all slices are through. */
static MfStatus
next_page(MfScan *scan, MfWaitFor *wait, MfError *err)
{
	bool		waiting = false;

	for (int i = 0; i < scan->nstreams; i++)
	{
		int			at = (scan->turn + i) % scan->nstreams;
		EsStream   *stream = &scan->streams[at];
		MfWaitFor	one;
		MfStatus	status;

		if (stream->finished)
			continue;
		if (stream->call == NULL && es_send_search(scan, at, err) != MF_OK)
			return MF_ERROR;
		status = answer(scan, &stream->call, &one, err);
		if (status == MF_ERROR && err->retry != MF_RETRY_YES && ask_for_less(scan, stream, err))
			return MF_OK;
		if (status == MF_ERROR)
			return MF_ERROR;
		if (status == MF_OK)
		{
			scan->turn = (at + 1) % scan->nstreams;
			if (mf_http_status(stream->call) != 200)
				return search_failed(scan, at, err);
			return open_page(scan, at, err);
		}
		if (!waiting || one.timeout_ms < wait->timeout_ms)
			*wait = one;
		waiting = true;
	}
	return waiting ? MF_WAIT : MF_END;
}

/* The end was reached: let the server forget the search, without waiting. */
static void
finish(MfScan *scan, bool now)
{
	if (scan->id.len > 0 && (scan->mode == ES_PIT || scan->mode == ES_SCROLL))
		es_forget(scan->conn, scan->mode == ES_SCROLL, scan->id.data, now);
	scan->id.len = 0;
}

static MfStatus
streaming(MfScan *scan, MfBatch **out, MfWaitFor *wait, MfError *err)
{
	for (;;)
	{
		MfStatus	status;
		MfBatch    *batch;
		int32_t		most = ES_MAX_PAGE;

		if (scan->page_call == NULL)
		{
			status = next_page(scan, wait, err);
			if (status == MF_END)
			{
				finish(scan, true);
				scan->state = ES_DONE;
			}
			if (status != MF_OK || scan->state != ES_STREAMING)
				return status;
			continue;
		}
		batch = scan->ring[scan->ring_at];
		mf_batch_reset(batch);
		batch->first_row = scan->stats.rows + 1;
		if (scan->spec->limit >= 0 && scan->spec->limit - scan->stats.rows < most)
			most = (int32_t) (scan->spec->limit - scan->stats.rows);
		status = es_page_rows(&scan->page, scan->columns, batch, most, ES_BATCH_BYTES, err);
		if (status == MF_ERROR)
			return MF_ERROR;
		scan->stats.rows += batch->nrows;
		if (status == MF_OK && scan->spec->limit >= 0 && scan->stats.rows >= scan->spec->limit)
		{
			/* a scroll's last page holds more than is wanted */
			mf_http_end(scan->page_call);
			scan->page_call = NULL;
			scan->streams[scan->page_stream].finished = true;
		}
		else if (status == MF_END && close_page(scan, err) != MF_OK)
			return MF_ERROR;
		if (batch->nrows > 0)
		{
			scan->ring_at = (scan->ring_at + 1) % ES_RING;
			*out = batch;
			return MF_OK;
		}
	}
}

/* Rows without columns. */
static MfStatus
counted(MfScan *scan, MfBatch **out, MfError *err)
{
	MfBatch    *batch = scan->ring[0];

	if (scan->counted == 0)
	{
		scan->state = ES_DONE;
		return MF_END;
	}
	if (batch == NULL)
		batch = scan->ring[0] = mf_batch_new(scan->mem, 0);
	if (batch == NULL)
		return mf_error_oom(err, sizeof(MfBatch));

	/* two batches handed out may be one: they hold nothing but a number */
	batch->first_row = scan->stats.rows + 1;
	batch->nrows = scan->counted < 1000000 ? (int32_t) scan->counted : 1000000;
	scan->counted -= batch->nrows;
	scan->stats.rows += batch->nrows;
	*out = batch;
	return MF_OK;
}

MfStatus
es_scan_next(MfScan *scan, MfBatch **batch, MfWaitFor *wait, MfError *err)
{
	es_housekeeping(scan->conn);
	for (;;)
	{
		MfStatus	status = MF_OK;

		switch (scan->state)
		{
			case ES_START:
				scan->state = ES_OPENING;
				break;
			case ES_OPENING:
				status = opening(scan, wait, err);
				if (status != MF_OK)
					return status;
				if (scan->mode == ES_COUNT)
					scan->state = ES_COUNTED;
				else if (scan->mode == ES_ONCE && es_page_size(scan) < scan->spec->limit)
					scan->mode = ES_PIT;	/* more than one page after all */
				else
					scan->state = ES_STREAMING;
				break;
			case ES_STREAMING:
				/* replies go on arriving while the last one is read */
				if (scan->page_call != NULL)
					mf_http_pump(scan->conn->http);
				status = streaming(scan, batch, wait, err);
				if (status != MF_OK || scan->state == ES_STREAMING)
					return status;
				break;
			case ES_COUNTED:
				return counted(scan, batch, err);
			case ES_DONE:
				return MF_END;
		}
	}
}

void
es_scan_stats(MfScan *scan, MfScanStats *stats)
{
	*stats = scan->stats;
}

void
es_scan_end(MfScan *scan)
{
	MfMem	   *mem;

	if (scan == NULL)
		return;
	mem = scan->mem;
	finish(scan, false);
	if (scan->mapping_call != NULL)
		mf_http_end(scan->mapping_call);
	if (scan->open_call != NULL)
		mf_http_end(scan->open_call);
	if (scan->page_call != NULL)
		mf_http_end(scan->page_call);
	for (int i = 0; i < scan->nstreams; i++)
	{
		if (scan->streams[i].call != NULL)
			mf_http_end(scan->streams[i].call);
		mf_free(mem, scan->streams[i].after.data);
	}
	for (int i = 0; i < ES_RING; i++)
		mf_batch_free(scan->ring[i]);
	es_columns_free(scan->columns);
	es_mapping_free(scan->mapping);
	mf_free(mem, scan->id.data);
	mf_free(mem, scan->streams);
	mf_free(mem, scan);
}
