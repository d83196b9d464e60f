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
#include <string.h>

#include "scan.h"

/* A part of somebody else's point in time is read page by page, counted too. */
static MfStatus
use_slice(MfScan *scan, MfError *err)
{
	if (es_split_parse(scan->spec->split, scan->index, &scan->slice, err) != MF_OK)
		return MF_ERROR;
	if (scan->slice.pit == NULL)
		return MF_OK;
	scan->ids = -1;
	scan->mode = ES_PIT;
	scan->nstreams = 1;
	return es_set_id(scan, scan->slice.pit, strlen(scan->slice.pit), err);
}

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
	scan->limit = spec->limit;
	scan->sort.mem = scan->doubtful.mem = spec->mem;
	scan->stats.snapshot = true;
	scan->ids = spec->ncolumns == 0 || spec->count_only ? -1 : es_query_ids(spec);
	scan->mode = spec->ncolumns == 0 || spec->count_only ? ES_COUNT :
		scan->ids >= 0 || (spec->limit >= 0 && spec->limit <= ES_ONE_REQUEST && spec->nsorts == 0) ? ES_ONCE : ES_PIT;
	scan->slices = slices > 0 && slices <= ES_MAX_SLICES ? (int) slices : ES_DEFAULT_SLICES;
	scan->nstreams = scan->mode != ES_PIT || spec->limit >= 0 ? 1 : scan->slices;
	scan->streams = mf_calloc(spec->mem, sizeof(EsStream) * (size_t) scan->slices);
	if (scan->streams == NULL || scan->index == NULL)
	{
		MfStatus	status = scan->index == NULL ?
			mf_error(err, MF_FDW_INVALID_ATTRIBUTE_VALUE, "option \"index\" of the table is not set") :
			mf_error_oom(err, sizeof(EsStream));

		mf_free(spec->mem, scan->streams);
		mf_free(spec->mem, scan);
		return status;
	}
	for (int i = 0; i < scan->slices; i++)
		scan->streams[i].after.mem = spec->mem;
	if (use_slice(scan, err) != MF_OK)
	{
		es_scan_end(scan);
		return MF_ERROR;
	}
	if (spec->limit == 0)
		scan->state = ES_DONE;
	*out = scan;
	return MF_OK;
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
	return scan->limit >= 0 && scan->asked >= scan->limit;
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

	/* an _id may exist on several shards, and in each of several indices */
	if (scan->ids >= 0 && es_page_hits(body, len) >= stream->size)
	{
		mf_http_end(stream->call);
		stream->call = NULL;
		scan->ids = -1;
		scan->asked = 0;
		scan->mode = ES_PIT;
		scan->state = ES_OPENING;
		return MF_OK;
	}
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
	if (es_set_id(scan, id.at, id.len, err) != MF_OK)
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
		status = es_set_id(scan, page->id.at, page->id.len, err);
	if (status != MF_OK)
		return status;
	if (page->nhits > 0)
		scan->doc_bytes = (int64_t) (page->json.end - page->body) / page->nhits + 1;
	stream->finished = scan->mode == ES_ONCE ||
		(scan->mode == ES_SCROLL ? page->nhits == 0 : page->nhits < scan->page_size) ||
		(scan->mode == ES_PIT && !scan->ahead && limit_asked(scan)) ||
		(scan->mode == ES_SCROLL && scan->limit >= 0 && scan->stats.rows >= scan->limit);
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
		scan->ids = -1;
		scan->mode = ES_PIT;
		scan->state = ES_OPENING;
	}
	return true;
}

/*
 * A query may be more than the server likes: too many clauses, or kinds of it
 * that its settings forbid.  The core checks every row, so all can be asked for.
 */
static MfStatus
without_filters(MfScan *scan, MfError *err)
{
	for (int i = 0; i < scan->nstreams; i++)
	{
		if (scan->streams[i].call != NULL)
			mf_http_end(scan->streams[i].call);
		scan->streams[i].call = NULL;
		scan->streams[i].after.len = 0;
		scan->streams[i].finished = false;
	}
	scan->asked = 0;
	scan->ids = -1;
	scan->plain = true;
	if (scan->mode == ES_ONCE)
		scan->mode = ES_PIT;
	scan->state = ES_OPENING;
	return es_settle_query(scan, err);
}

/* An answer of a search that is no page. */
static MfStatus
search_failed(MfScan *scan, int at, MfError *err)
{
	EsStream   *stream = &scan->streams[at];
	size_t		len;
	const char *body = mf_http_body(stream->call, &len);

	/* OpenSearch 2 and Elasticsearch before 7.12 do not know this order */
	if (scan->mode == ES_PIT && scan->slice.pit == NULL && mf_http_status(stream->call) == 400 && scan->stats.rows == 0 &&
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
		es_use_scroll(scan);
		return MF_OK;
	}
	if (mf_http_status(stream->call) == 400 && scan->spec->nfilters > 0 && !scan->plain && scan->stats.rows == 0 &&
		(scan->mode != ES_SCROLL || scan->id.len == 0))
		return without_filters(scan, err);
	if (scan->mode != ES_SCROLL || scan->id.len == 0)
		scan->asked -= stream->size;
	es_refused(scan, &stream->call, err);

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
		status = es_answer(scan, &stream->call, &one, err);
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
	if (scan->id.len > 0 && scan->slice.pit == NULL && (scan->mode == ES_PIT || scan->mode == ES_SCROLL))
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
		if (scan->limit >= 0 && scan->limit - scan->stats.rows < most)
			most = (int32_t) (scan->limit - scan->stats.rows);
		status = es_page_rows(&scan->page, scan->columns, batch, most, ES_BATCH_BYTES, err);
		if (status == MF_ERROR)
			return MF_ERROR;
		scan->stats.rows += batch->nrows;
		if (status == MF_OK && scan->limit >= 0 && scan->stats.rows >= scan->limit)
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
				status = es_opening(scan, wait, err);
				if (status != MF_OK)
					return status;
				if (scan->mode == ES_COUNT)
					scan->state = scan->has_count ? ES_COUNTED : ES_OPENING;
				else if (scan->mode == ES_ONCE && scan->ids < 0 &&
						 (scan->limit < 0 || es_page_size(scan) < scan->limit))
					scan->mode = ES_PIT;	/* more than one page after all */
				else if (scan->mode == ES_PIT && scan->id.len == 0)
					scan->state = ES_OPENING;	/* it was to be a count */
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
	if (scan->doubt_call != NULL)
		mf_http_end(scan->doubt_call);
	for (int i = 0; i < scan->slices; i++)
	{
		if (scan->streams[i].call != NULL)
			mf_http_end(scan->streams[i].call);
		mf_free(mem, scan->streams[i].after.data);
	}
	for (int i = 0; i < ES_RING; i++)
		mf_batch_free(scan->ring[i]);
	es_columns_free(scan->columns);
	es_mapping_free(scan->mapping);
	mf_free(mem, scan->query);
	mf_free(mem, scan->sort.data);
	mf_free(mem, scan->doubtful.data);
	mf_free(mem, scan->id.data);
	mf_free(mem, scan->streams);
	mf_free(mem, scan);
}
