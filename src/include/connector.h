/*
 * connector.h - What must a remote be able to do to be a foreign table?
 *
 * The contract between the core (src/fdw, which knows PostgreSQL and no
 * remote) and a connector (src/connector/NAME, which knows a remote and no
 * PostgreSQL).  Another extension may add a remote through the same door: it
 * includes this header and adds its table through the rendezvous variable named at the end.
 *
 * Rules for a connector:
 *  - No call blocks, none throws.  Each answers MfStatus.  MF_WAIT is followed
 *    by a call of the same function once the core has waited.
 *  - No PostgreSQL function is called.  Memory comes from the MfMem given.
 *  - `end` and `close` functions are legal at any moment (that is how the core
 *    abandons work), never block and never fail.
 *  - Work on CPU or files answers within about 10 ms, with a short batch.
 *  - An MF_ERROR with retry = MF_RETRY_YES leaves the machine ready for the
 *    same call to be made again, which repeats the failed request.
 *  - Remote bytes are hostile: lengths, dims, counts and nesting are checked.
 *  - No secret ever enters an MfError, an explain text or a description.
 */
#ifndef MF_CONNECTOR_H
#define MF_CONNECTOR_H

#include "batch.h"
#include "filter.h"
#include "mf_error.h"
#include "mf_mem.h"

#define MF_CONNECTOR_ABI 1		/* changes only when old modules must not load */

/* ------------------------------------------------------------------ options */

typedef struct MfOption
{
	const char *name;
	const char *value;
} MfOption;

typedef struct MfOptions
{
	int			n;
	const MfOption *items;
} MfOptions;

/* The value of an option, or NULL.  `o` may be NULL. */
extern const char *mf_option(const MfOptions *o, const char *name);

/* As above, parsed; `otherwise` when it is not set (values were validated). */
extern int64_t mf_option_int(const MfOptions *o, const char *name, int64_t otherwise);
extern bool mf_option_bool(const MfOptions *o, const char *name, bool otherwise);

/* Where an option may stand. */
#define MF_ON_SERVER	1
#define MF_ON_USER		2
#define MF_ON_TABLE		4
#define MF_ON_COLUMN	8

typedef enum MfOptionType
{
	MF_OPTION_TEXT,				/* not empty */
	MF_OPTION_BOOL,
	MF_OPTION_INT,				/* min <= value <= max */
	MF_OPTION_REAL,				/* value >= 0 */
	MF_OPTION_ENUM				/* one of `choices`, split by '|' */
} MfOptionType;

#define MF_OPTION_REQUIRED	1	/* where the core needs it (server or table) */
#define MF_OPTION_SECRET	2	/* user mappings only, never shown */
#define MF_OPTION_SUPERUSER	4	/* only a superuser may set it */
#define MF_OPTION_FILE		8	/* absolute path of a server file to be read, after
								 * a word and a colon if need be */
#define MF_OPTION_NARROWS	16	/* the table holds only some of the collection's rows */
#define MF_OPTION_MACHINE	32	/* proves who the server's machine is, not who
								 * its user is: for others than superusers only
								 * where the mapping allows it */
#define MF_OPTION_LOCAL		64	/* where it is set, and no option is a URL, the
								 * server is files of this machine: there is
								 * nobody to show a credential to */
#define MF_OPTION_WRITES	128	/* only who may write files of the server may
								 * set it */
#define MF_OPTION_FIELD		256 /* of a column: names its field, in place of the
								 * core's option "field" */
#define MF_OPTION_PLACE		512 /* file:///path is a directory of this machine
								 * that is written to; any other URL is not */

typedef struct MfOptionDef
{
	const char *name;
	int			where;			/* MF_ON_... */
	MfOptionType type;
	int			flags;			/* MF_OPTION_... */
	int64_t		min;
	int64_t		max;
	const char *choices;
	const char *help;			/* one line, for the README and hints */

	/* Optional: further check; false = *why (static text) says what is wrong. */
	bool		(*check) (const char *value, const char **why);
} MfOptionDef;

/* -------------------------------------------------------------- descriptions */

/* One field (column) of a remote collection. */
typedef struct MfField
{
	const char *name;			/* remote name; dotted path where nested */
	const char *native;			/* remote's type as its users write it:
								 * "VarChar(64)", "dense_vector" */
	MfKind		kind;			/* MF_KIND_NONE: cannot be a column, see skip */
	MfKind		elem;			/* of a LIST */
	int32_t		dim;			/* vectors: elements each; 0 = not fixed */
	int64_t		max_bytes;		/* longest text in bytes; 0 = no limit */
	int32_t		max_items;		/* longest list; 0 = no limit */
	bool		key;			/* primary key */
	bool		auto_id;		/* the remote makes the value: not written */
	bool		nullable;		/* may be NULL or missing */
	bool		has_default;	/* may be absent: the remote fills it */
	bool		partition_key;
	bool		dynamic;		/* the catch-all field ($meta) */
	bool		pseudo;			/* not data: _id, _source */
	const char *metric;			/* vectors: "L2", "IP", "COSINE"; NULL unknown */
	const char *index;			/* index type, or NULL */
	const char *description;	/* or NULL */
	const char *skip;			/* why it cannot be a column, or NULL */
	MfShip		indexed;		/* at best, how a filter on it is checked; for
								 * the connector's own filter_check */
	int32_t		remote_type;	/* the remote's own number of its type, where the
								 * kind does not tell; 0 = the kind tells */
	int32_t		nmembers;		/* JSON that is a list of objects: the fields of */
	struct MfField *members;	/* each; kind and limits are of one value */

	/* What only a new collection needs to know; NULL or false where not known. */
	const char *data_type;		/* the remote's type, where `kind` leaves a
								 * choice: "Int8", "Array of Int8" */
	const char *default_value;	/* as text; what a row without it gets */
	bool		clustering_key;
	const char *index_name;
	const char *index_params;	/* how the index is built: a JSON object */
	const MfOptions *index_settings;	/* more of the index, by the remote's names */
	const MfOptions *properties;	/* more of the field, by the remote's names */
	int			nindexes;		/* how many there are; only one is described */
} MfField;

typedef struct MfCollection
{
	const char *name;
	const char *description;
	int64_t		rows;			/* -1 = not known */
	const char *state;			/* "loaded", "not loaded", "open", ... */
	bool		dynamic;		/* takes fields not in the schema */
	int			nfields;		/* 0 in a listing, if describing costs */
	MfField    *fields;

	/* What only a new collection needs to know; 0 or NULL where not known. */
	int32_t		shards;
	int64_t		num_partitions; /* among which a partition key spreads the rows */
	const char *consistency_level;	/* the collection's own: "session", ... */
	const MfOptions *properties;	/* its settings, by the remote's names */
	int			npartitions;	/* made by hand, but for the first one */
	const char *const *partitions;

	const char *table;			/* what IMPORT should call the foreign table;
								 * NULL = as the collection */
	const char *id;				/* which no other of the remote has or had, the
								 * one of its name before it included; NULL = none */
} MfCollection;

/* ------------------------------------------------------------ single requests */

typedef enum MfVerb
{
	MF_VERB_VERSION,			/* reply.text: "Milvus 2.3.5" */
	MF_VERB_LIST,				/* reply.collections: names (rows if cheap) */
	MF_VERB_DESCRIBE,			/* reply.collections[0], with fields and rows */
	MF_VERB_CREATE_COLLECTION,	/* request.schema */
	MF_VERB_DROP_COLLECTION,
	MF_VERB_CREATE_INDEX,		/* field, args: index_type metric_type params */
	MF_VERB_DROP_INDEX,			/* field */
	MF_VERB_LOAD,				/* waits until loaded; reply.progress 0 - 100.
								 * args has refresh = true: only one that is loaded
								 * looks for imported rows, until they are seen;
								 * patience: the seconds without progress after
								 * which that is an error */
	MF_VERB_RELEASE,
	MF_VERB_FLUSH,				/* waits until flushed */
	MF_VERB_DELETE,				/* filters, all exact: remove the rows; an error
								 * of MF_OBJECT_NOT_IN_STATE, before anything is
								 * removed, where one is not exact after all */
	MF_VERB_TRUNCATE,			/* remove all rows, keep the collection */
	MF_VERB_METADATA,			/* reply.text: what the remote keeps of its
								 * collections beside the rows, as JSON */

	/* name = the partition, database or alias; lists answer rows of cells */
	MF_VERB_CREATE_PARTITION,
	MF_VERB_DROP_PARTITION,
	MF_VERB_LIST_PARTITIONS,	/* name, id, created, rows, state */
	MF_VERB_CREATE_DATABASE,	/* args: its properties */
	MF_VERB_DROP_DATABASE,
	MF_VERB_LIST_DATABASES,		/* name, created */
	MF_VERB_CREATE_ALIAS,
	MF_VERB_ALTER_ALIAS,		/* let an alias stand for another collection */
	MF_VERB_DROP_ALIAS,
	MF_VERB_LIST_ALIASES,		/* alias, collection; of one collection or all */
	MF_VERB_RENAME_COLLECTION,	/* name = the new one */
	MF_VERB_ALTER_COLLECTION,	/* args: properties; names: those to reset */
	MF_VERB_STATISTICS,			/* name, value */
	MF_VERB_SEGMENTS,			/* id, partition, rows, state, level, loaded rows,
								 * memory in bytes, index, nodes */
	MF_VERB_COMPACT,			/* waits until done, unless args has wait = false;
								 * reply.text: its id */
	MF_VERB_COMPACTION_STATE,	/* name = its id; state, running, completed, timed
								 * out, failed */
	MF_VERB_LOAD_STATE,			/* names: of these partitions; state, per cent */

	MF_VERB_SPLIT,				/* scan, wanted: cut it into about so many parts,
								 * or as many as there are for 0; reply.splits.
								 * Those bound to a snapshot die with the task */
	MF_VERB_SEARCH,				/* field, search, options, names: the nearest rows
								 * of each query vector; query (from 1), key,
								 * distance, best first */

	/* The remote reads files that are in its own store, see MF_CAN_IMPORT. */
	MF_VERB_IMPORT,				/* names: the files of one part, as the remote
								 * sees them; name = partition or NULL; args:
								 * the options of the store that holds them, keys
								 * too, where import_wants_keys says so, else NULL;
								 * reply.text: the job's id */
	MF_VERB_LIST_IMPORTS,		/* id, collection, partition, state ("pending",
								 * "running", "persisted", "completed",
								 * "failed"), per cent, rows, files (a JSON
								 * list, NULL = not told), reason, started;
								 * name = one id or NULL; reply.remembers_s */
	MF_VERB_CHECK_WRITE			/* does the remote take rows of the collection
								 * now?  An error says why not (MF_DISK_FULL,
								 * MF_LIMIT_EXCEEDED); what it does not tell is
								 * no error */
} MfVerb;

#define MF_VERB_BIT(verb) ((uint64_t) 1 << (verb))

struct MfScanSpec;

/*
 * A part of a scan: no row is in two, and together they are all of it.  The
 * token is printable and holds no secret; as MfScanSpec.split it means this
 * part to any connection of the same server.
 */
typedef struct MfSplit
{
	const char *token;
	int64_t		rows;			/* about; -1 = not known */
	bool		durable;		/* means the same after a restart; false: it is
								 * part of a snapshot that the task keeps */
} MfSplit;

/* The query vectors of a search. */
typedef struct MfSearch
{
	const MfColumn *queries;	/* a vector column without NULLs */
	int32_t		nqueries;
	int32_t		k;				/* neighbours of each, at most */
	const char *params;			/* of the index, by the remote's names: a JSON
								 * object, or NULL */
	const char *metric;			/* or NULL: the index's own */
	const char *filter;			/* only rows that this finds, in the remote's own
								 * language; NULL = all */
} MfSearch;

typedef struct MfRequest
{
	size_t		size;			/* sizeof(MfRequest) */
	MfVerb		verb;
	const char *schema_name;	/* LIST: remote schema (database); may be NULL */
	const char *collection;		/* remote name */
	const char *field;
	const MfCollection *schema; /* CREATE_COLLECTION */
	const MfOptions *options;	/* table options, for DESCRIBE; may be NULL */
	const MfOptions *args;		/* what the SQL function was given; may be NULL */
	int			nfilters;		/* DELETE */
	const MfFilter *const *filters;
	const char *name;			/* what the verb says */
	int			nnames;			/* LOAD, RELEASE, SEARCH: these partitions only */
	const char *const *names;
	bool		whole;			/* DESCRIBE: also what only a new collection needs
								 * to know, as far as the user may see it */
	const struct MfScanSpec *scan;	/* SPLIT */
	int			wanted;			/* SPLIT */
	const MfSearch *search;		/* SEARCH */
} MfRequest;

typedef struct MfReply
{
	const char *text;
	int			progress;		/* per cent; may be read during MF_WAIT; -1 =
								 * unknown */
	int			ncollections;
	MfCollection *collections;
	int64_t		rows;			/* DELETE: how many there were; -1 = not said */
	int			nrows;			/* of cells, which stand row by row; NULL = none */
	int			ncolumns;
	const char *const *cells;
	const char *note;			/* CREATE_INDEX: what was done otherwise than asked
								 * for, and why; a sentence for a NOTICE */
	int			nsplits;		/* SPLIT; at least one */
	const MfSplit *splits;
	int64_t		remembers_s;	/* LIST_IMPORTS: for how long after its beginning
								 * a job stays in the list; 0 = not known */
} MfReply;

/* -------------------------------------------------------------------- reading */

typedef struct MfScanColumn
{
	const char *column;			/* the SQL column's name, for messages */
	const char *field;			/* remote field or dotted path */
	MfKind		kind;			/* wanted.  The connector delivers this kind,
								 * or, for numbers and vectors, one of the same
								 * family; a LIST of numbers may come as a
								 * vector and the other way round, JSON as a
								 * SPARSE.  Impossible: an error */
	MfKind		elem;			/* of a LIST */
	int32_t		dim;			/* vectors: 0 = take the field's */
	size_t		headroom;		/* bytes to leave before each vector */
} MfScanColumn;

/* One column of an ORDER BY. */
typedef struct MfSort
{
	const char *column;			/* the SQL column's name */
	const char *field;			/* remote field or dotted path */
	MfKind		kind;			/* what the SQL column is read as */
	bool		key;			/* the table says: it is the primary key */
	bool		descending;
	bool		nulls_first;
	bool		bytewise;		/* TEXT: in the order of its UTF-8 bytes; false =
								 * by a collation that no remote has */
} MfSort;

typedef struct MfScanSpec
{
	size_t		size;			/* sizeof(MfScanSpec) */
	const MfOptions *options;	/* the table's */
	int			ncolumns;		/* may be 0: only rows are counted */
	const MfScanColumn *columns;
	int64_t		limit;			/* rows wanted at most; -1 = all */
	int32_t		fetch_size;		/* rows a request at most; 0 = choose */
	MfMem	   *mem;

	/*
	 * Conditions that all wanted rows meet.  The connector ships those that its
	 * remote can check, as a superset at least, and leaves the others: the core
	 * checks every row again.
	 */
	int			nfilters;
	const MfFilter *const *filters;

	/*
	 * The order in which rows are wanted.  A connector that cannot give it, by
	 * the types it finds, gives any and leaves stats.sorted false: then the core
	 * sorts.
	 *
	 * `limit` counts the rows that meet all filters, in this order.  So a
	 * connector may stop there only if it checks every filter exactly and gives
	 * the order; it may always give more.
	 */
	int			nsorts;
	const MfSort *sorts;

	/*
	 * Only the number of rows that meet the filters is wanted.  A connector that
	 * checks them all exactly may answer with batches that have rows and no
	 * columns (batch->ncolumns = 0); else it gives rows with all columns asked
	 * for, and the core checks and counts.
	 */
	bool		count_only;

	/*
	 * So many rows may well be enough, though nobody can promise it: worth a
	 * small first page.  0 = probably all are wanted.
	 */
	int64_t		first_rows;

	/*
	 * Files only: the fields of all columns of the table, asked for or not.  How
	 * many rows there are may depend on them.
	 */
	int			nfields;
	const char *const *fields;

	const char *split;			/* only the rows of this part; NULL = all.  A
								 * token that is not one of this collection's is
								 * an error */
} MfScanSpec;

typedef struct MfScanStats
{
	int64_t		requests;
	int64_t		retries;
	int64_t		bytes;			/* received */
	int64_t		rows;
	int64_t		remote_rows;	/* what the remote said it holds; -1 = unknown */
	bool		sorted;			/* rows come in the order of spec.sorts: known
								 * once `next` has answered OK or END */
	bool		snapshot;		/* all rows are of one moment; known then too */
} MfScanStats;

/* -------------------------------------------------------------------- writing */

/* What is done with the rows of a batch. */
typedef enum MfWriteOp
{
	MF_WRITE_INSERT,			/* one row more, whatever its key */
	MF_WRITE_UPSERT,			/* a row of the same key is replaced */
	MF_WRITE_UPDATE,			/* rows that were read and changed: as UPSERT, but
								 * a field of the collection that no column
								 * writes is an error of write_begin, because it
								 * would be lost */
	MF_WRITE_DELETE				/* the one column is the key: such rows go; a key
								 * that is not there counts as acknowledged */
} MfWriteOp;

typedef struct MfWriteColumn
{
	const char *column;			/* the SQL column's name */
	const MfField *field;		/* as described; valid as long as the writer */
	bool		changed;		/* UPDATE: not as it was read */
} MfWriteColumn;

typedef struct MfWriteSpec
{
	size_t		size;			/* sizeof(MfWriteSpec) */
	const MfOptions *options;	/* the table's */
	const MfCollection *collection; /* as described just before */
	int			ncolumns;		/* batch column i holds columns[i], of kind
								 * columns[i].field->kind; limits (NULL, bytes,
								 * dims, ranges) have been checked */
	const MfWriteColumn *columns;
	int			max_in_flight;	/* batches sent and not yet acknowledged */
	MfMem	   *mem;
	MfWriteOp	op;
} MfWriteSpec;

/* acknowledged + rejected + unknown + unsent = rows of all batches submitted */
typedef struct MfWriteCounts
{
	int64_t		acknowledged;	/* the remote said: stored */
	int64_t		rejected;		/* the remote said: not stored */
	int64_t		unknown;		/* sent, no answer: may be stored or not */
	int64_t		unsent;			/* submitted, provably never left */
	char		unknown_first[128]; /* keys of the unknown, as text; empty if none */
	char		unknown_last[128];
	int64_t		requests;
	int64_t		retries;
	int64_t		bytes;			/* sent */
} MfWriteCounts;

/* ------------------------------------------------------------------ importing */

/* One column of the files to be imported. */
typedef struct MfImportColumn
{
	const char *name;			/* as the files call it */
	MfKind		kind;
	MfKind		elem;			/* of a LIST */
	int32_t		dim;			/* vectors */
} MfImportColumn;

/* How the rows that would be written become files. */
typedef struct MfImportPlan
{
	const char *format;			/* "parquet", "numpy" or "json" */
	char		why[256];		/* that one, as a sentence for EXPLAIN */
	int			ncolumns;
	const MfImportColumn *columns;
	const char *partition;		/* for MF_VERB_IMPORT; NULL = the remote's choice */
	bool		can_probe;		/* the import of a JSON file that holds no rows
								 * fails soon, leaves nothing but a failed job,
								 * and its reason tells whether there is the file */
} MfImportPlan;

/* ------------------------------------------------------------------ the table */

typedef struct MfConn MfConn;	/* each connector defines its own */
typedef struct MfImport MfImport;
typedef struct MfTask MfTask;
typedef struct MfScan MfScan;
typedef struct MfWrite MfWrite;

typedef struct MfOpenArgs
{
	size_t		size;
	const char *server;			/* the foreign server's name, for messages */
	const MfOptions *options;	/* of the server and of the user mapping */
	MfMem	   *mem;
} MfOpenArgs;

#define MF_CAN_READ		1
#define MF_CAN_INSERT	2
#define MF_IS_NETWORK	4		/* takes connect_timeout, sslmode, ... */
#define MF_HAS_DATABASES 8		/* remote schema = table option "database";
								 * without it the only one is "default" */
#define MF_CAN_UPSERT	16		/* write_mode 'upsert', and UPDATE */
#define MF_CAN_DELETE	32		/* by key; by condition: MF_VERB_DELETE */
#define MF_CAN_IMPORT	64		/* write_mode 'bulk': MF_VERB_IMPORT of staged files */
#define MF_TELLS_DELETED 256		/* MF_VERB_DELETE always answers how many */
#define MF_IS_FILES		512		/* collections are files of the server: their
								 * option is a path, describing one is cheap,
								 * the remote schema of IMPORT is a directory;
								 * a collection may be described that is not
								 * there yet (state "new") */

typedef struct MfConnector
{
	uint32_t	abi;			/* MF_CONNECTOR_ABI */
	uint32_t	size;			/* sizeof(MfConnector) */
	const char *name;			/* the wrapper's: "elasticsearch_fdw" */
	const char *remote;			/* the product: "Elasticsearch" */
	const char *collection_option;	/* table option that names the collection:
									 * "index", "collection" */
	uint32_t	capabilities;	/* MF_CAN_... */
	uint64_t	verbs;			/* MF_VERB_BIT of each that is answered */
	const MfOptionDef *options; /* ends with a NULL name */

	/*
	 * Make a connection object.  Does not touch the network: the first request
	 * connects, so errors of connecting come from there.
	 */
	MfStatus	(*open) (const MfOpenArgs *args, MfConn **conn, MfError *err);
	void		(*close) (MfConn *conn);

	/*
	 * One request.  step: MF_OK when reply is complete.  reply is valid until
	 * end; its progress may be read while step answers MF_WAIT.
	 */
	MfStatus	(*request_begin) (MfConn *conn, const MfRequest *req,
								  MfTask **task, MfError *err);
	MfStatus	(*request_step) (MfTask *task, MfWaitFor *wait, MfError *err);
	const MfReply *(*request_reply) (MfTask *task);
	void		(*request_end) (MfTask *task);

	/*
	 * A scan.  Everything the spec points to lives as long as the scan.  next:
	 * MF_OK with a batch of at least one row and one column for each asked, in
	 * their order (a column never seen may be all absent), or MF_END.  A batch
	 * lives until the second `next` after it.
	 */
	MfStatus	(*scan_begin) (MfConn *conn, const MfScanSpec *spec,
							   MfScan **scan, MfError *err);
	MfStatus	(*scan_next) (MfScan *scan, MfBatch **batch,
							  MfWaitFor *wait, MfError *err);
	void		(*scan_stats) (MfScan *scan, MfScanStats *stats);
	void		(*scan_end) (MfScan *scan);

	/*
	 * The remote request as text, for EXPLAIN: no network, no secret.  Writes
	 * at most `size` bytes with NUL.
	 */
	void		(*scan_explain) (const MfOptions *server, const MfScanSpec *spec,
								 char *buf, size_t size);

	/*
	 * Writing.  submit: MF_OK = the batch is taken; it stays busy until its
	 * rows are settled (MF_WAIT = too many in flight, call again).  poll: MF_OK
	 * when at least one batch got free or none is in flight.  flush: MF_OK when
	 * nothing is in flight.  After an MF_ERROR that is not retried no more is
	 * accepted, but flush may be called again to settle what is in flight, so
	 * that counts can be told; then it answers MF_OK.
	 */
	MfStatus	(*write_begin) (MfConn *conn, const MfWriteSpec *spec,
								MfWrite **write, MfError *err);
	MfStatus	(*write_submit) (MfWrite *write, MfBatch *batch,
								 MfWaitFor *wait, MfError *err);
	MfStatus	(*write_poll) (MfWrite *write, MfWaitFor *wait, MfError *err);
	MfStatus	(*write_flush) (MfWrite *write, MfWaitFor *wait, MfError *err);
	void		(*write_counts) (MfWrite *write, MfWriteCounts *counts);
	void		(*write_end) (MfWrite *write);

	/*
	 * Optional.  How well would this filter be checked, as far as is known
	 * without the network?  `collection` is what was last described, or NULL;
	 * without it nothing that depends on the remote's types is exact.  A scan
	 * decides anew, by the types it finds.
	 */
	MfShip		(*filter_check) (const MfCollection *collection, const MfFilter *filter);

	/*
	 * Optional.  Might a scan give this order, if the table's options are right?
	 * Asked when planning, so nothing is known but what the sorts say.
	 */
	bool		(*sort_check) (int nsorts, const MfSort *sorts);

	/*
	 * Optional.  The keys that the remote itself made (auto id) for the rows of
	 * the batch settled last, in their order: after a flush that answered MF_OK,
	 * until the next submit.  NULL = it made none.
	 */
	const MfColumn *(*write_keys) (MfWrite *write);

	/*
	 * Optional.  Do the options of one object (place: MF_ON_...) go together?
	 * Each has been checked on its own.  Asked when they are set.
	 */
	MfStatus	(*options_check) (int place, const MfOptions *options, MfError *err);

	/*
	 * Optional.  What the user should be told without failing, as SQLSTATE,
	 * message, detail and hint; false = nothing (more).  Asked after each
	 * answer of `next`.
	 */
	bool		(*scan_warning) (MfScan *scan, MfError *warning);

	/*
	 * Optional.  The core has given up: nothing more is sent, not even again, and
	 * flush only settles what is in flight.  What waits for its turn, or was
	 * refused for a while, is unsent.
	 */
	void		(*write_stop) (MfWrite *write);

	/*
	 * Optional.  What column option "data_type" of a table says: fill kind, elem
	 * and data_type; false = there is no such type.
	 */
	bool		(*data_type) (const char *name, MfField *field);

	/* How many fields a collection may have; 0 = as many as wanted. */
	int32_t		max_fields;

	/*
	 * Optional.  All rows are submitted and flushed, and none will follow: make
	 * what was written whole (a file gets its name).  Until it answers MF_OK
	 * nothing is acknowledged; a writer that ends without it leaves nothing.
	 */
	MfStatus	(*write_finish) (MfWrite *write, MfWaitFor *wait, MfError *err);

	/*
	 * With MF_CAN_IMPORT.  May rows be imported as the spec says, and how?
	 * format: the one wanted, NULL = the connector chooses.  No network: the
	 * collection was described just before, so its remote is known.  What cannot
	 * be imported is an error here.  The spec lives as long as the import.
	 */
	MfStatus	(*import_begin) (MfConn *conn, const MfWriteSpec *spec, const char *format,
								 MfImport **import, MfError *err);
	const MfImportPlan *(*import_plan) (const MfImport *import);

	/*
	 * The plan's columns of a batch, with what the remote would refuse made an
	 * error that names the row.  `columns` has room for all and is filled with
	 * copies of the batch's own, or of what is valid until the next call.
	 */
	MfStatus	(*import_rows) (MfImport *import, const MfBatch *batch, MfColumn *columns, MfError *err);
	void		(*import_end) (MfImport *import);

	/*
	 * Optional, with MF_CAN_IMPORT.  Does a server with these options have to be
	 * told the keys of the store that holds the files (see MF_VERB_IMPORT)?
	 * MF_ERROR: it does (*wants is set), but they would be sent in the clear.
	 */
	MfStatus	(*import_wants_keys) (const MfOptions *options, bool *wants, MfError *err);
} MfConnector;

/* Is an optional member there?  A table built against an older header is shorter. */
#define MF_HAS(connector, member) \
	((connector)->size >= offsetof(MfConnector, member) + sizeof((connector)->member) && \
	 (connector)->member != NULL)

/*
 * The door for modules built apart.  Name of the rendezvous variable (see
 * find_rendezvous_variable in PostgreSQL's fmgr.h) that points to an
 * MfRegistryDoor once milvus_fdw.so is loaded.
 */
#define MF_REGISTRY_RENDEZVOUS "milvus_fdw.registry.1"

/*
 * A module's own handler and validator, which must be called NAME_handler and
 * NAME_validator after the connector, only pass their call on (FunctionCallInfo
 * in, Datum out).  In its _PG_init the module loads $libdir/milvus_fdw and adds
 * its table.
 */
typedef struct MfRegistryDoor
{
	uint32_t	abi;
	uint32_t	size;

	/* false: another ABI, or the name is taken.  The table must live for ever. */
	bool		(*add) (const MfConnector *connector);
	uintptr_t	(*handler) (void *fcinfo);
	uintptr_t	(*validator) (void *fcinfo);
} MfRegistryDoor;

#endif							/* MF_CONNECTOR_H */
