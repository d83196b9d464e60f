/*
 * test.h - What do the files of the test connector share?
 *
 * A remote inside the process: collections live as long as the backend, rows
 * can be generated, and options make it hang, fail and answer late.  It knows
 * milvus_fdw by its public headers only, as any module built apart would.
 */
#ifndef TEST_H
#define TEST_H

#include "connector.h"

#define MAX_FIELDS 64

/* -------------------------------------------------------------- in store.c */

/* One collection; field i is column i of `rows`. */
typedef struct Collection
{
	struct Collection *next;
	MfCollection desc;			/* desc.fields has room for MAX_FIELDS */
	MfBatch    *rows;
	uint8_t    *dead;			/* of each row: removed, but still in its place */
	int32_t		dead_cap;
	int32_t		ndead;
	int			users;			/* scans and writers: freed when none is left */
	bool		dropped;
} Collection;

/* What is open, to be looked at as collection "counters". */
typedef struct Counters
{
	int64_t		connections;
	int64_t		requests;
	int64_t		scans;
	int64_t		writers;
	int64_t		opened;			/* connections ever */
} Counters;

extern Counters counters;
extern MfMem *store_mem(void);
extern Collection *store_first(void);
extern Collection *store_find(const char *name);

/* New and empty, with copies of these fields; NULL = no memory or too many fields. */
extern Collection *store_create(const char *name, const char *description,
								const MfField *fields, int nfields);
extern bool store_add_field(Collection *c, const MfField *field);
extern int	store_field(const Collection *c, const char *name);
extern void store_drop(Collection *c);

/* Remove a row; is it removed; how many are left. */
extern bool store_kill(Collection *c, int32_t row);
extern bool store_is_dead(const Collection *c, int32_t row);
extern int32_t store_nrows(const Collection *c);
extern void store_release(Collection *c);

/* A deep copy of one value to the end of another column. */
extern bool copy_value(MfMem *mem, MfColumn *to, const MfColumn *from, int32_t row);

typedef struct Counter
{
	const char *name;
	int64_t		value;
} Counter;

#define NCOUNTERS 6

/* ------------------------------------------------------------- in schema.c */

/*
 * Create a collection as told by text: fields split by commas, each "name kind"
 * and then any of: key auto null default dynamic pseudo, dim=N bytes=N items=N
 * of=KIND metric=M, skip.  A name may be quoted.  After a | come "dynamic" for
 * a collection that takes other fields, or a description.
 */
extern MfStatus schema_create(const char *name, const char *text, Collection **c, MfError *err);

/* ----------------------------------------------------------- in generate.c */

extern const char *const generated_name;
extern void generated_describe(MfCollection *desc, MfField *fields, int64_t rows, int dim);
extern bool generated_append(MfMem *mem, MfColumn *col, const char *field, int64_t row);

/* -------------------------------------------------------------- in remote.c */

struct MfConn
{
	const MfOptions *options;
	MfMem	   *mem;
	size_t		mem_at_start;
	int64_t		number;
};

/* An option of the table, or else of the server. */
extern const char *setting(MfConn *conn, const MfOptions *table, const char *name);
extern int64_t setting_int(MfConn *conn, const MfOptions *table, const char *name, int64_t otherwise);

/* Is it this that is to hang?  Then *wait says for what, for ever. */
extern bool hangs(MfConn *conn, const MfOptions *table, const char *what, MfWaitFor *wait);

extern int64_t now_ms(void);
extern MfStatus remote_open(const MfOpenArgs *args, MfConn **conn, MfError *err);
extern void remote_close(MfConn *conn);

/* The collection of this name, made now if the table has a schema; else an error. */
extern MfStatus remote_collection(MfConn *conn, const MfOptions *table, const char *name,
								  Collection **c, MfError *err);

/* -------------------------------------------------------------- in filter.c */

extern MfShip exact_check(const MfCollection *collection, const MfFilter *filter);
extern bool row_meets(const Collection *c, int32_t row, int nfilters, const MfFilter *const *filters);

/* -------------------------------------------- callbacks, by their own files */


extern MfStatus request_begin(MfConn *conn, const MfRequest *req, MfTask **task, MfError *err);
extern MfStatus request_step(MfTask *task, MfWaitFor *wait, MfError *err);
extern const MfReply *request_reply(MfTask *task);
extern void request_end(MfTask *task);

/* What select.c needs to know of a scan. */
struct MfScan
{
	MfConn	   *conn;
	const MfScanSpec *spec;
	Collection *collection;		/* NULL: generated, or counters */
	bool		counting;
	Counter		counter[NCOUNTERS];
	int		   *fields;			/* of each column: which field */

	int64_t		total;
	int64_t		row;			/* handed out so far */
	int64_t		last;			/* of this part */
	int64_t    *rows;			/* those that are handed out, or NULL: all */
	bool		only_number;	/* rows without columns */
	int			turn;
	MfBatch    *batches[2];
	MfScanStats stats;

	int64_t		until;			/* when the next batch is there */
	int			timer;			/* that says so, or 0 */
	int64_t		retries;		/* still to fail */
};

/* The value of a column in a row of the source, to the end of `col`. */
extern bool scan_value(MfScan *scan, MfColumn *col, int i, int64_t row);

extern MfStatus scan_begin(MfConn *conn, const MfScanSpec *spec, MfScan **scan, MfError *err);
extern MfStatus scan_next(MfScan *scan, MfBatch **batch, MfWaitFor *wait, MfError *err);
extern void scan_stats(MfScan *scan, MfScanStats *stats);
extern void scan_end(MfScan *scan);
extern void scan_explain(const MfOptions *server, const MfScanSpec *spec, char *buf, size_t size);

/* select.c */
extern MfShip filter_check(const MfCollection *collection, const MfFilter *filter);
extern bool sort_check(int nsorts, const MfSort *sorts);
extern MfStatus select_rows(MfScan *scan, MfError *err);

/* split.c */
extern MfStatus split_scan(MfScan *scan, MfError *err);
extern bool split_is_late(MfScan *scan, int64_t delay, MfWaitFor *wait);

/* The parts of a scan, to be freed with split_free; NULL = *err. */
typedef struct Splits Splits;
extern Splits *split_rows(MfConn *conn, const MfRequest *req, int64_t rows, MfReply *reply, MfError *err);
extern void split_free(Splits *splits);

extern MfStatus write_begin(MfConn *conn, const MfWriteSpec *spec, MfWrite **write, MfError *err);
extern MfStatus write_submit(MfWrite *write, MfBatch *batch, MfWaitFor *wait, MfError *err);
extern MfStatus write_poll(MfWrite *write, MfWaitFor *wait, MfError *err);
extern MfStatus write_flush(MfWrite *write, MfWaitFor *wait, MfError *err);
extern void write_counts(MfWrite *write, MfWriteCounts *counts);
extern const MfColumn *write_keys(MfWrite *write);
extern void write_end(MfWrite *write);

#endif							/* TEST_H */
