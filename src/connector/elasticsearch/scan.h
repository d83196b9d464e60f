/*
 * scan.h - What is known of a running scan?
 */
#ifndef MF_ES_SCAN_H
#define MF_ES_SCAN_H

#include "es.h"
#include "es_calls.h"

/*
 * A page of about this many bytes keeps the server busy for long enough that
 * the request is nothing beside it; larger ones only take memory.
 */
#define ES_PAGE_BYTES ((int64_t) 4 * 1024 * 1024)
#define ES_FIRST_PAGE 1000		/* documents, while their size is a guess */
#define ES_BATCH_BYTES ((size_t) 1024 * 1024)
#define ES_ONE_REQUEST 1000		/* a LIMIT up to this is one plain search */
#define ES_DEFAULT_SLICES 2
#define ES_SPARE 16				/* hits asked for beyond those that may be enough */
#define ES_GROWTH 4				/* and how pages grow when they were not */
#define ES_MAX_PAGE 10000
#define ES_RING 3

/* How the documents are fetched. */
typedef enum EsMode
{
	ES_PIT,						/* a point in time, read by search_after */
	ES_SCROLL,					/* where there is no PIT */
	ES_ONCE,					/* a single search: the LIMIT is small */
	ES_COUNT					/* no column is wanted */
} EsMode;

typedef enum EsState
{
	ES_START,
	ES_OPENING,					/* mapping and PIT are asked for */
	ES_STREAMING,
	ES_COUNTED,					/* rows without columns are handed out */
	ES_DONE
} EsState;

/* One slice: at most one request under way, whose reply may be waiting. */
typedef struct EsStream
{
	MfHttpCall *call;
	int32_t		size;			/* hits asked for by it */
	MfJsonBuf	after;			/* sort values of the last hit asked for; len 0 = from the start */
	bool		finished;		/* nothing more to ask for */
} EsStream;

/* A slice of a point in time that somebody else keeps open. */
typedef struct EsSlice
{
	const char *pit;			/* NULL: no such slice, all rows */
	int			at;
	int			of;
} EsSlice;

struct MfScan
{
	MfConn	   *conn;
	MfMem	   *mem;
	const MfScanSpec *spec;
	const char *index;
	const char *keep_alive;
	EsSlice		slice;
	EsState		state;
	EsMode		mode;

	/* what is asked for */
	int64_t		limit;			/* as wanted, if the query is exact; else -1 */
	int			ids;			/* how many rows by _id, in one search; -1 = otherwise */
	bool		plain;			/* the filters are left out */
	bool		settled;		/* query and limit are final */
	char	   *query;			/* JSON, or NULL: all */
	int			slices;			/* streams there are */
	MfJsonBuf	sort;			/* the order, as a list's elements; len 0 = any */
	MfJsonBuf	doubtful;		/* queries for rows that have no certain place in it */
	int32_t		ramp;			/* hits of the next page, where few may be enough; 0 = no matter */

	/* opening */
	MfHttpCall *mapping_call;
	MfHttpCall *open_call;		/* PIT or count */
	MfHttpCall *doubt_call;		/* are there doubtful rows? */
	EsMapping  *mapping;
	EsColumns  *columns;

	/* streaming */
	MfJsonBuf	id;				/* the newest id of PIT or scroll; len 0 = none */
	int			nstreams;
	EsStream   *streams;
	int			turn;			/* stream to be looked at first */
	int32_t		max_size;		/* hits a page at most */
	int64_t		doc_bytes;		/* measured; 0 = not yet */
	int64_t		asked;			/* rows asked for, for the limit */

	/* the page being read */
	EsPage		page;
	MfHttpCall *page_call;		/* NULL = none */
	int			page_stream;
	int32_t		page_size;		/* hits that were asked for */
	bool		ahead;			/* its successor was asked for after a peek */

	MfBatch    *ring[ES_RING];
	int			ring_at;
	bool		has_count;
	int64_t		counted;		/* rows left of a count */
	MfScanStats stats;
};

/* opening.c: what comes first. */
extern MfStatus es_opening(MfScan *scan, MfWaitFor *wait, MfError *err);
extern MfStatus es_settle_query(MfScan *scan, MfError *err);
extern void es_use_scroll(MfScan *scan);

/* sort.c: the order for spec->sorts as scan->sort and scan->doubtful, if it can be given. */
extern MfStatus es_sort_settle(MfScan *scan, bool exact, MfError *err);
extern void es_sort_give_up(MfScan *scan);

/* One element of the order, with a comma behind it. */
extern void es_sort_write(MfJsonBuf *out, const MfSort *sort, const char *path);

/* MF_OK: *call holds a good answer.  Its error otherwise, with the call ended unless it repeats itself. */
extern MfStatus es_answer(MfScan *scan, MfHttpCall **call, MfWaitFor *wait, MfError *err);
extern MfStatus es_refused(MfScan *scan, MfHttpCall **call, MfError *err);
extern MfStatus es_set_id(MfScan *scan, const char *id, size_t len, MfError *err);

/* split.c: the slice that a token names; NULL = none. */
extern MfStatus es_split_parse(const char *token, const char *index, EsSlice *slice, MfError *err);

/* Cutting an index; what it points to lives as long as it does. */
typedef struct EsCut EsCut;

extern EsCut *es_cut_new(MfConn *conn, const char *index, const MfRequest *req, MfError *err);
extern MfStatus es_cut_step(EsCut *cut, MfReply *reply, MfWaitFor *wait, MfError *err);
extern void es_cut_end(EsCut *cut);

/* request.c: what is sent. */
extern MfStatus es_send_search(MfScan *scan, int stream, MfError *err);
extern MfStatus es_send_opening(MfScan *scan, MfError *err);
extern MfStatus es_send_doubt(MfScan *scan, MfError *err);
extern int32_t es_page_size(const MfScan *scan);

#endif							/* MF_ES_SCAN_H */
