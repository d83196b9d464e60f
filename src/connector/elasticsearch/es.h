/*
 * es.h - What do the files of this connector share?
 */
#ifndef MF_ES_H
#define MF_ES_H

#include "connector.h"
#include "http.h"
#include "json.h"

/* ---- connector.c */

#define ES_MAX_SLICES 64
#define ES_KNOWN 4				/* mappings that are remembered, for a short time */
#define ES_KNOWN_MS 5000
#define ES_LEFTOVERS 16			/* searches to be closed that are remembered */

typedef struct EsMapping EsMapping;

struct MfConn
{
	MfMem	   *mem;
	MfHttp	   *http;
	char	   *keep_alive;
	int			slices;			/* server option; 0 = choose */

	/* mappings read a moment ago, for rows by _id */
	struct
	{
		char	   *index;
		EsMapping  *mapping;
		int64_t		until_ms;
	}			known[ES_KNOWN];
	int			known_at;

	/* what is to be told to the server without anyone waiting for it */
	char	   *unsent[ES_LEFTOVERS];	/* bodies of DELETE requests not begun */
	bool		unsent_scroll[ES_LEFTOVERS];
	MfHttpCall *closing[ES_LEFTOVERS];
};

/* Let requests that nobody waits for go on; begin those that wait for a chance. */
extern void es_housekeeping(MfConn *conn);

/* Close a PIT or a scroll: at once if `now`, else with the next request. */
extern void es_forget(MfConn *conn, bool scroll, const char *id, bool now);

/*
 * Let go of a request.  An answer on its way is awaited in the background, so
 * that the connection it uses stays usable.
 */
extern void es_let_go(MfConn *conn, MfHttpCall *call);

/* A mapping read within the last seconds (the caller holds it), or NULL; remember one. */
extern EsMapping *es_recall(MfConn *conn, const char *index);
extern void es_remember(MfConn *conn, const char *index, EsMapping *mapping);

/* Begin a request; path is complete.  Marked safe to send again. */
extern MfStatus es_begin(MfConn *conn, const char *method, const char *path, const char *body,
						 MfHttpCall **call, MfError *err);

/* "/" and the index's name encoded (commas, wildcards kept), then `rest`.  NULL = no memory. */
extern char *es_path(MfMem *mem, const char *index, const char *rest);

/* ---- error.c */

/* What an answer with a status of 400 or more means.  index may be NULL. */
extern MfStatus es_error(const MfHttpCall *call, const char *index, MfError *err);

/* Does the answer name this type of error anywhere?  NULL: any type at all? */
extern bool es_error_is(const MfHttpCall *call, const char *type);

/* An answer that is not what the protocol says. */
extern MfStatus es_unusable(const MfHttpCall *call, const char *why, MfError *err);

/* ---- mapping.c */

typedef struct EsField
{
	const char *path;
	const char *type;			/* Elasticsearch's word */
	int32_t		dim;			/* dimensions; 0 = not said */
	const char *element;		/* element_type or data_type, or NULL */
	const char *metric;
	const char *format;			/* of a date, or NULL */
	const char *target;			/* of an alias */
	const char *constant;		/* of a constant_keyword */
	const char *parent;			/* a multi-field: the field it is made from */
	const char *conflict;		/* why it has no one type, or NULL */
	bool		inside;			/* below an object */
	bool		nested;			/* below a nested object */
	bool		open;			/* an object that may hold what the mapping does not know */
	bool		indexed;		/* index is not false */
	const char *index_type;

	/* what the index makes of the values: see mapping_index.c */
	int			seen;			/* indices that have the field */
	bool		no_doc_values;
	bool		cut;			/* ignore_above: long values are not indexed */
	int32_t		ignore_above;	/* how long; the least where indices differ */
	bool		normalized;		/* keyword: something else than the value is indexed */
	bool		null_value;		/* null is indexed as a value */
	bool		ignores;		/* ignore_malformed: bad values are not indexed */
	bool		extra;			/* holds values of other fields, or computed ones */
	bool		formats_differ; /* dates */
} EsField;

struct EsMapping
{
	MfMem	   *mem;
	int			refs;			/* holders besides the first */
	struct EsText *texts;		/* owns what the fields point to */
	int			nfields;
	int			cap;
	EsField    *fields;
	bool		known;			/* false: the server would not tell */
	bool		open;			/* documents may hold more than the mapping says */
	bool		no_source;		/* an index keeps no _source */
	bool		hides_vectors;	/* _source comes without vectors unless asked for */
	bool		part_of_source; /* _source leaves fields out */
	int			nindices;
	int			nshards;
	int32_t		max_window;		/* index.max_result_window, the smallest */
};

/* Read the answer to GET /index (mappings and settings). */
extern MfStatus es_mapping_read(MfMem *mem, const MfHttpCall *call, const char *index,
								EsMapping **mapping, MfError *err);
/* The same from its text, where the mapping has `len` bytes. */
extern MfStatus es_mapping_parse(MfMem *mem, const char *text, size_t len, const char *index,
								 EsMapping **mapping, MfError *err);

/* One holder less; the last one frees it. */
extern void es_mapping_free(EsMapping *mapping);

/* The field of this path with aliases followed, or NULL. */
extern const EsField *es_mapping_find(const EsMapping *mapping, const char *path);

/* ---- filter.c */

/*
 * Write the filter in the query language to the end of `out`; NO writes
 * nothing.  Without a mapping only what needs none is written.
 */
extern MfShip es_filter(const EsMapping *mapping, const MfFilter *filter, MfJsonBuf *out);

/*
 * How well is the filter checked, as far as a description tells?  The query
 * goes to `out`, if that is not NULL.  Without a description the types of the
 * columns are taken for those of the fields.
 */
extern MfShip es_filter_guess(const MfCollection *collection, const MfFilter *filter, MfJsonBuf *out);

/* What the index knows of a field's values, for its description. */
extern MfShip es_filter_field(const EsMapping *mapping, const EsField *field);

/* ---- query.c */

/* Can this text stand as a query in a request?  No memory is a no. */
extern bool es_query_valid(const char *text);

/* The rows wanted by _id: how many at most, or -1 if more than a short list. */
extern int	es_query_ids(const MfScanSpec *spec);

/*
 * The "query" member's value for a scan, NULL = all documents.  *exact: all
 * filters are in it, exactly.  How: which of the filters.
 */
typedef enum EsQueryHow
{
	ES_QUERY_ALL,				/* as the mapping allows */
	ES_QUERY_IDS,				/* only those on _id */
	ES_QUERY_NONE,				/* only the table's own query */
	ES_QUERY_GUESS				/* without a mapping, for EXPLAIN */
} EsQueryHow;

extern MfStatus es_query_new(MfMem *mem, const MfScanSpec *spec, const EsMapping *mapping,
							 EsQueryHow how, char **query, bool *exact, MfError *err);

/* A whole request body with the table's own query alone. */
extern MfStatus es_query_body(MfMem *mem, const MfScanSpec *spec, char **body, MfError *err);

/* ---- type.c */

/* What a field is for PostgreSQL.  Answers why it cannot be a column, or NULL. */
extern const char *es_type(const EsField *field, MfKind *kind);

/* MF_DATE_... of a date field's format; 0 = a format that is not understood. */
extern int	es_date_formats(const char *format);

/* Can values of the field be delivered as `wanted`?  false = *err says why not. */
extern bool es_deliverable(const EsField *field, const MfScanColumn *wanted, MfError *err);

/* ---- columns.c */

/*
 * Is it worth the server's while to leave out vectors?  In dimensions.  Where
 * none is read it saves nine tenths of the bytes for a third more of the server's time; a
 * vector that is read is printed anew, at a quarter of the speed.
 */
#define ES_LIST_PAYS(read, left) ((read) == 0 ? (left) >= 64 : (left) >= 16 * (read))

typedef enum EsPlace
{
	ES_SOURCE,					/* a field of the document */
	ES_ID,
	ES_INDEX,
	ES_WHOLE					/* the document */
} EsPlace;

typedef struct EsColumn
{
	EsPlace		place;
	MfKind		kind;			/* what is delivered */
	MfKind		elem;
	int32_t		dim;
	size_t		headroom;
} EsColumn;

typedef struct EsColumns
{
	MfMem	   *mem;
	int			ncolumns;
	EsColumn   *columns;
	MfJsonColumn *fields;
	int			nfields;
	MfJsonPlan *plan;			/* those of place ES_SOURCE */
	bool		wants_source;	/* any column but _id and _index */
	char	   *source;			/* the request's "_source": member, with a comma, or "" */
	int64_t		row_bytes;		/* guess at a document's JSON text */
} EsColumns;

/* Settle how each column is delivered, from the mapping. */
extern MfStatus es_columns_new(MfMem *mem, const MfScanSpec *spec, const EsMapping *mapping,
							   const char *index, EsColumns **columns, MfError *err);
extern void es_columns_free(EsColumns *columns);

/* A batch with these columns; NULL = no memory. */
extern MfBatch *es_columns_batch(const EsColumns *columns);

/* ---- page.c */

typedef struct EsPage
{
	MfJson		json;
	const char *body;
	int			level;			/* 0 reply, 1 hits, 2 hits.hits, 3 all read */
	bool		first[3];
	const char *index;			/* for messages */
	int64_t		nhits;
	MfJsonText	id;				/* pit_id or _scroll_id; len 0 = none */
	const char *sort;			/* of the last hit: JSON text */
	size_t		sort_len;
	bool		timed_out;
	int64_t		failed_shards;
	bool		saw_hits;
} EsPage;

extern void es_page_open(EsPage *page, const char *index, const char *body, size_t len);

/*
 * Read hits into the batch, until it holds max_rows rows, max_bytes bytes of
 * JSON were read, or the page is through.  MF_OK: there may be more; MF_END:
 * the page is complete (rows may have been added).  first_row: of the scan.
 */
extern MfStatus es_page_rows(EsPage *page, const EsColumns *columns, MfBatch *batch,
							 int32_t max_rows, size_t max_bytes, MfError *err);

/*
 * Before the page is read: its point in time's id and its last hit's sort
 * values, if they stand where Elasticsearch puts them.  What is found here is
 * compared with what reading the page finds.
 */
extern bool es_page_peek(const char *body, size_t len, MfJsonText *id,
						 const char **sort, size_t *sort_len);

/* How many hits does a reply hold? */
extern int64_t es_page_hits(const char *body, size_t len);

#endif							/* MF_ES_H */
