/*
 * internal.h - What do the files of the Milvus 2.x connector share?
 *
 * Grouped by the file that answers.  Nothing here is seen outside the folder.
 */
#ifndef MILVUS2_INTERNAL_H
#define MILVUS2_INTERNAL_H

#include <jansson.h>

#include "connector.h"
#include "http.h"
#include "json.h"
#include "message.h"
#include "mf_arena.h"
#include "milvus.pb-c.h"
#include "milvus2.h"
#include "wire.h"

/* Numbers of the protocol */
typedef enum M2Type
{
	M2_NONE = 0,
	M2_BOOL = 1,
	M2_INT8 = 2,
	M2_INT16 = 3,
	M2_INT32 = 4,
	M2_INT64 = 5,
	M2_FLOAT = 10,
	M2_DOUBLE = 11,
	M2_STRING = 20,
	M2_VARCHAR = 21,
	M2_ARRAY = 22,
	M2_JSON = 23,
	M2_GEOMETRY = 24,
	M2_TEXT = 25,
	M2_TIMESTAMPTZ = 26,
	M2_BINARY_VECTOR = 100,
	M2_FLOAT_VECTOR = 101,
	M2_FLOAT16_VECTOR = 102,
	M2_BFLOAT16_VECTOR = 103,
	M2_SPARSE_VECTOR = 104,
	M2_INT8_VECTOR = 105,
	M2_ARRAY_OF_VECTOR = 106,
	M2_ARRAY_OF_STRUCT = 200
} M2Type;

#define M2_STRONG 0
#define M2_SESSION 1
#define M2_BOUNDED 2
#define M2_EVENTUALLY 3

#define M2_STATE_NOT_LOADED 1
#define M2_STATE_LOADING 2
#define M2_STATE_LOADED 3
#define M2_STATE_HIDDEN (-1)	/* the user may not ask */

#define M2_META "$meta"			/* the field that holds what is not in the schema */
#define M2_DYNAMIC_TYPE "dynamic field"	/* what stands for its type */
#define M2_MAX_NAME 255
#define M2_FIRST_PARTITION "_default"	/* which every collection has by itself */
#define M2_MAX_FIELDS 64		/* of a collection, unless its server is told otherwise */
#define M2_MAX_TEXT 65535
#define M2_MAX_JSON 65536		/* bytes of a JSON value */
#define M2_MAX_ITEMS 4096		/* elements of an Array */
#define M2_MAX_PAGE 16384		/* rows of one Query */

#define M2_VERSION(a, b, c) ((a) * 1000000 + (b) * 1000 + (c))

/* --------------------------------------------------------------- connector.c */

/* A channel of its own for each database: metadata and requests then agree. */
typedef struct M2Channel
{
	struct M2Channel *next;
	char	   *database;		/* "" = the default one */
	MfGrpc	   *grpc;
} M2Channel;

/* When we last wrote to a collection, for Session consistency. */
typedef struct M2Mark
{
	struct M2Mark *next;
	uint64_t	timestamp;
	bool		later;			/* and once more, at a moment that was not told */
	char		name[];			/* database, '/', collection */
} M2Mark;

struct M2Recent;
struct M2Partitions;

struct MfConn
{
	MfMem	   *mem;
	ProtobufCAllocator alloc;	/* protobuf-c over the same budget */
	char	   *server;
	MfOption   *option;			/* copies of the server's and the user's */
	MfOptions	options;
	M2Channel  *channels;
	MfHttp	   *rest;			/* for imports; NULL = not opened */
	struct M2SeenJobs *seen;	/* imports that have ended */
	M2Mark	   *marks;
	struct M2Recent *recent;	/* collections described a moment ago */
	struct M2Partitions *partitions;	/* and their partitions */
	char		version_text[64];
	int			version;		/* M2_VERSION(...); 0 = not asked yet */
};

/* The table's setting, or else the server's, or else NULL. */
extern const char *m2_setting(const MfOptions *table, const MfOptions *server, const char *name);

/* The database meant by a table's options: "" = the default one. */
extern const char *m2_database(const MfConn *conn, const MfOptions *table);

/* Where Milvus is, by uri or by host and port (address.c). */
typedef struct M2Address
{
	const char *host;			/* in `url` or in the options */
	int			port;
	bool		has_scheme;		/* uri says whether TLS is spoken */
	bool		tls;
	MfUrl		url;
} M2Address;

/* Also settles settings->sslmode.  Options may have been set in any order, so they are checked again. */
extern MfStatus m2_address(const MfOptions *options, M2Address *address,
						   MfNetSettings *settings, MfError *err);
extern bool m2_uri_check(const char *value, const char **why);
extern MfStatus m2_options_check(int place, const MfOptions *options, MfError *err);

/* NULL = *err says why. */
extern MfGrpc *m2_channel(MfConn *conn, const char *database, MfError *err);

/*
 * When this connection last wrote to a collection (its own name, not an alias),
 * 0 = never.  *later: and once more since, at a moment that the server did not
 * tell.
 */
extern uint64_t m2_mark_get(const MfConn *conn, const char *database, const char *collection, bool *later);

/* It wrote; timestamp 0: the server did not tell when. */
extern void m2_mark_put(MfConn *conn, const char *database, const char *collection,
						uint64_t timestamp);

/* A moment that comes after all that it wrote. */
extern void m2_mark_moment(MfConn *conn, const char *database, const char *collection,
						   uint64_t timestamp);

/* --------------------------------------------------------------------- call.c */

/* What an error message says about where a call was going. */
typedef struct M2Where
{
	const char *server;			/* the foreign server's name */
	const char *collection;		/* or NULL */
} M2Where;

#define M2_SERVICE "/milvus.proto.milvus.MilvusService/"
#define M2_METHOD(name, reply, idempotent) \
	{M2_SERVICE #name, &m2__##reply##__descriptor, "Milvus " #name, idempotent}

/*
 * A call whose request and reply are small messages.  m2_call starts it if it
 * was not, and answers MF_OK with the unpacked reply, whose Status was good;
 * called again, it answers the same at once.  After a retryable error the next
 * m2_call sends it anew.
 */
extern MfStatus m2_call(MfConn *conn, MfCall *call, const MfMethod *method,
						const char *database, const ProtobufCMessage *request,
						const M2Where *where, MfWaitFor *wait, MfError *err);
extern void m2_call_end(MfConn *conn, MfCall *call);

/* -------------------------------------------------------------------- error.c */

/*
 * The server's Status as an error; MF_OK if it is none.  Keeps the collection's
 * and the server's names for the hints.
 */
extern MfStatus m2_status(int32_t code, int32_t error_code, const char *reason,
						  const M2Where *where, MfError *err);

/* "is not loaded", with the call that loads it. */
extern MfStatus m2_error_not_loaded(const M2Where *where, int load_state, MfError *err);

/* Did the server say that the message, or its own answer, is too large? */
extern bool m2_error_too_large(const MfError *err);

/* Did it come from Status: may the request have been carried out in part? */
extern bool m2_error_may_be_applied(const MfError *err);

/* What gRPC itself said, where Milvus's users know it by another meaning. */
extern void m2_grpc_error(const M2Where *where, MfError *err);

extern MfStatus m2_error_reply(MfError *err, const char *what, const char *fmt,...)
			__attribute__((format(printf, 3, 4)));

/* --------------------------------------------------------------------- type.c */

/* A collection as described, with what only this connector needs of it. */
typedef struct M2Schema
{
	MfCollection collection;
	int32_t    *types;			/* M2Type of each field */
	int			key;			/* which field is the primary key, or -1 */
	int64_t		id;
	int64_t		created_ms;		/* since 1970, by the server's clock; 0 = not told */
} M2Schema;

/* What a field is to be for Milvus: its type and the parameters of that. */
typedef struct M2FieldType
{
	M2Type		type;
	M2Type		elem;			/* Array: of its elements; else M2_NONE */
	int64_t		max_length;		/* VarChar, or elements that are; else 0 */
	int64_t		max_capacity;	/* Array and ArrayOfStruct; else 0 */
	int64_t		dim;			/* dense vectors; else 0 */
} M2FieldType;

/*
 * Which type of a server of this version holds values of this description?
 * false = none does, *why is static text.  A field that was described by Milvus
 * keeps its type.  Whether the version has the type is m2_require_type's to say.
 */
extern bool m2_type_for(const MfField *field, int version, M2FieldType *out, const char **why);

/* The type of a field as described; M2_NONE = its values cannot be read or written. */
extern M2Type m2_type_of(const MfField *field);
extern M2Type m2_type_of_elements(const MfField *field);

/* The kind that holds a type's values; MF_KIND_NONE = none. */
extern MfKind m2_type_kind(int32_t type);

/* Where its values are: a member of ScalarField, or of VectorField; 0 = in neither. */
extern int	m2_type_member(int32_t type);
extern bool m2_type_is_vector(int32_t type);

/* What a field that a function fills says in `skip`. */
#define M2_BY_FUNCTION "Milvus makes its values by a function"

extern const char *m2_type_name(int32_t type);

/* ------------------------------------------------------- field.c, schema.c */

/* Field schemas and everything they point to as ours; false = no memory. */
extern bool m2_schema_build(MfArena *arena, const M2__DescribeCollectionResponse *reply,
							M2Schema *schema);

/* The field of this name, or -1. */
extern int	m2_field_index(const MfCollection *collection, const char *name);

/* The field whose name is most like this one, or NULL. */
extern const char *m2_nearest_field(const MfCollection *collection, const char *name);

/* ------------------------------------------------------------------ version.c */

/* What not every version can do; types are asked for by themselves. */
typedef enum M2Feature
{
	M2_CAN_DYNAMIC,
	M2_CAN_VECTORS,				/* more than one vector field */
	M2_CAN_NULL,
	M2_CAN_NULL_VECTOR,
	M2_CAN_DEFAULT,
	M2_CAN_ANY_JSON,			/* values of JSON fields that are no objects */
	M2_CAN_UPSERT,
	M2_CAN_UPSERT_AUTO_ID,
	M2_CAN_UPSERT_BY_KEY,		/* with a partition key */
	M2_CAN_PARTIAL,				/* an upsert that keeps what is not sent */
	M2_CAN_DELETE_WHERE,		/* before: only the keys by name */
	M2_CAN_TRUNCATE,
	M2_CAN_TELL_MOMENT,
	M2_CAN_PARTITION_KEY,
	M2_CAN_CLUSTERING_KEY,
	M2_CAN_DATABASES,
	M2_CAN_DATABASE_SETTINGS,
	M2_CAN_RESET,				/* settings of a collection */
	M2_CAN_IMPORT,
	M2_CAN_IMPORT_PARQUET
} M2Feature;

extern bool m2_version_can(int version, M2Feature feature);

/* Is it so that rows can hold this type, and (create) all else works with it? */
extern bool m2_version_has(int version, M2Type type, bool create);

/* MF_ERROR: this server cannot, says *err with both versions. */
extern MfStatus m2_require(const MfConn *conn, M2Feature feature, MfError *err);
extern MfStatus m2_require_type(const MfConn *conn, M2Type type, MfError *err);

/* Fields of types whose rows this version cannot read or write become no columns. */
extern void m2_schema_limit(MfArena *arena, M2Schema *schema, const MfConn *conn);

/* --------------------------------------------------------------------- name.c */

/* May a collection, or a field, be called this?  false: *why is static text. */
extern bool m2_name_ok(const char *name, bool is_field, bool is_key, const char **why);
extern bool m2_is_identifier(const char *name);

/* Is this a word of the expression language, which cannot name a field there? */
extern bool m2_is_keyword(const char *name);

/* --------------------------------------------------------------------- expr.c */

/* Where a page starts: after this key, or at the beginning. */
typedef struct M2Key
{
	bool		set;
	bool		is_text;
	int64_t		number;
	char	   *text;			/* not NUL-terminated */
	size_t		len;
	size_t		cap;
	bool		unordered;		/* one key did not come after all others before it */
} M2Key;

/* A string literal. */
extern void m2_expr_text(MfJsonBuf *expr, const char *text, size_t len);

/* "all rows whose key comes after" */
extern void m2_expr_after(MfJsonBuf *expr, const char *field, const M2Key *after);

/* That by itself, to be freed with mf_free; NULL = no memory. */
extern char *m2_key_expr(MfMem *mem, const char *field, const M2Key *after);

/* Is there no key after this one? */
extern bool m2_key_is_last(const M2Key *key);

/* ------------------------------------------------------------------- filter.c */

/*
 * Put all conditions that can be checked, but `skip`, at the end of the text,
 * with "and" between them (nothing at all where every row may be wanted).
 * *exact: no row gets through that is not wanted.  false = no row is wanted.
 * Without a collection kinds are taken for types, and *exact says nothing.
 */
extern bool m2_filter_put(MfJsonBuf *expr, const MfCollection *c, int n,
						  const MfFilter *const *filters, const MfFilter *skip, bool *exact);
extern MfShip m2_filter_check(const MfCollection *collection, const MfFilter *filter);

/* ------------------------------------------------------------- table_filter.c */

/*
 * Put the table's option "filter" at the end of the text, in parentheses and
 * with "and" before it where something stands there; nothing where it is not
 * set.  Every request that means the table's rows needs it, DELETE too.
 */
extern void m2_table_filter(MfJsonBuf *expr, const MfOptions *table);

/* For the option's definition: can this be a whole expression? */
extern bool m2_table_filter_check(const char *value, const char **why);

/* Say that it may be the option that the server did not understand. */
extern void m2_table_filter_error(const MfOptions *table, MfError *err);

/* For the connector's table, see connector.h. */
extern bool m2_sort_check(int nsorts, const MfSort *sorts);

/* The condition that names the keys of all rows wanted (EQ or IN), or NULL. */
extern const MfFilter *m2_filter_lookup(const MfField *key, int n, const MfFilter *const *filters);

/* ------------------------------------------------------------------- encode.c */

typedef struct M2WritePlan M2WritePlan;

/*
 * The bytes of an InsertRequest (or UpsertRequest) for rows first .. first + count - 1, malloc'd
 * as gRPC wants them.  Something is wrong with a value: its row, key and column are in *err.
 */
extern MfStatus m2_encode_insert(const char *database, const char *collection,
								 const M2WritePlan *plan, const MfBatch *batch,
								 int32_t first, int32_t count,
								 uint8_t **body, size_t *len, MfError *err);

/* ----------------------------------------------------------- encode_delete.c */

/* The same for a Delete by key: the batch's one column holds the keys. */
extern MfStatus m2_encode_delete(const char *database, const char *collection,
								 const M2WritePlan *plan, const MfBatch *batch,
								 int32_t first, int32_t count,
								 uint8_t **body, size_t *len, MfError *err);

/* --------------------------------------------------------------------- plan.c */

/* How the columns of a batch become the fields of an Insert. */
struct M2WritePlan
{
	MfMem	   *mem;
	const MfWriteSpec *spec;
	int			nfields;		/* those that are in the schema and written */
	struct M2WriteField
	{
		int			column;		/* of the batch */
		M2Type		type;
		M2Type		elem;		/* Array: of its elements */
		const MfField *field;
	}		   *fields;
	bool		dynamic;		/* a $meta column is sent */
	int			whole;			/* column that is $meta itself, or -1 */
	int			nkeys;			/* columns that are single dynamic keys */
	struct M2DynamicKey
	{
		int			column;
		const char *name;
	}		   *keys;
	int			key;			/* batch column of the primary key, or -1 */
	int			version;		/* the server's, M2_VERSION(...); 0 = not known */
	int			partition;		/* batch column that names the row's partition, or -1 */
	const char *to;				/* partition of the request being encoded; "" = not named */
	bool		partial;		/* an upsert that keeps what it does not write */
};

extern MfStatus m2_plan_init(M2WritePlan *plan, const MfWriteSpec *spec, MfMem *mem, MfError *err);

/* For an Update where the server keeps what it is not sent. */
extern MfStatus m2_plan_init_partial(M2WritePlan *plan, const MfWriteSpec *spec, MfMem *mem, MfError *err);
extern void m2_plan_free(M2WritePlan *plan);

/* The key of a row as text, or "" where it is not known. */
extern void m2_row_key(const M2WritePlan *plan, const MfBatch *batch, int32_t row,
					   char *buf, size_t size);

/* Note in *err which row, key and column it is about. */
extern void m2_error_row(const M2WritePlan *plan, const MfBatch *batch, int32_t row,
						 int column, MfError *err);

/* ---------------------------------------------------------------- dynamic.c */

/*
 * The objects of the dynamic field for a range of rows, one after the other;
 * offsets has count + 1 entries.  Freed with mf_free(mem, ...).
 */
extern MfStatus m2_dynamic_objects(const M2WritePlan *plan, const MfBatch *batch,
								   int32_t first, int32_t count,
								   char **bytes, size_t **offsets, MfError *err);

/* One value as JSON; false = JSON has none for it (NaN, infinity). */
extern bool m2_put_value(MfJsonBuf *buf, const MfColumn *col, int32_t row);

/* Can values of this kind be a member of a JSON object? */
extern bool m2_dynamic_kind_ok(MfKind kind, MfKind elem);

/* ------------------------------------------------------------------ decode_*.c */

#define M2_QUERY "Milvus Query"

typedef struct M2FieldReply
{
	int32_t		type;
	M2Span		name;
	M2Span		scalars;
	M2Span		vectors;
	M2Span		structs;
	M2Span		message;		/* the whole, for what is rarely looked at */
	bool		has_valid;
	bool		dynamic;
} M2FieldReply;

typedef struct M2QueryReply
{
	int32_t		code;
	int32_t		error_code;
	M2Span		reason;
	uint64_t	session_ts;
	int			nfields;
	M2FieldReply *fields;		/* mf_free them */
} M2QueryReply;

/* Find the parts of a QueryResults message; nothing is copied. */
extern MfStatus m2_query_reply(MfMem *mem, const uint8_t *bytes, size_t len,
							   M2QueryReply *reply, MfError *err);

/* The field of this name, or NULL. */
extern const M2FieldReply *m2_reply_field(const M2QueryReply *reply, const char *name);

/*
 * Count the keys and see whether the largest known has grown.  largest->text is
 * (re)allocated from mem.
 */
extern MfStatus m2_reply_keys(MfMem *mem, const M2FieldReply *field, int32_t *count,
							  M2Key *largest, bool *grew, MfError *err);

/* How a field's values become a column's. */
typedef struct M2ReadColumn
{
	const char *field;
	M2Type		type;
	M2Type		elem_type;		/* Array: of its elements */
	MfKind		kind;			/* what is delivered */
	MfKind		elem;			/* of a LIST */
	int32_t		dim;
	size_t		headroom;
	const MfField *described;	/* ArrayOfStruct: its members are there */
} M2ReadColumn;

/*
 * Append the first `take` of the field's `nrows` values to a column.  Anything
 * but exactly nrows values is an error.
 */
extern MfStatus m2_read_field(MfMem *mem, const M2FieldReply *field, const M2ReadColumn *plan,
							  int32_t nrows, int32_t take, MfColumn *col, MfError *err);

/* The JSON texts of a field (NULL: none), for m2_next_span. */
extern M2Values m2_reply_json(const M2FieldReply *field);

/* ------------------------------------------------------------------ deliver.c */

/* What is delivered for a wanted kind?  MF_KIND_NONE = impossible. */
extern MfKind m2_deliver(M2Type type, M2Type elem_type, MfKind wanted, MfKind wanted_elem, MfKind *elem);

/* --------------------------------------------------------------------- real.c */

/* The shortest digits that read back as the same number, or NaN, Infinity. */
extern int	m2_real_text(char *text, size_t size, double value, bool single);

/* The same as JSON; false = it has none. */
extern bool m2_put_real(MfJsonBuf *buf, double value, bool single);

/* --------------------------------------------------------------- request.c */

typedef MfStatus (*M2Step) (MfTask *task, MfWaitFor *wait, MfError *err);

#define M2_SLOTS 8				/* calls a task may have side by side */

struct MfTask
{
	MfConn	   *conn;
	MfMem	   *mem;
	MfArena		arena;
	M2Step		step;
	MfVerb		verb;
	const char *database;
	const char *collection;
	const char *field;
	const MfOptions *args;
	M2Where		where;
	MfReply		reply;
	M2Schema	schema;			/* DESCRIBE, and verbs that need to know */
	MfCall		calls[M2_SLOTS];
	int			phase;			/* the verb's own */
	int			load_state;
	int64_t		poll_at;		/* not before this moment, mf_now_ms() */
	int			poll_ms;		/* how long the last pause was */
	int64_t		moved_at;		/* LOAD that refreshes: when there was progress last */

	const char *name;			/* partition, alias, database, ...: the verb's */
	int			nnames;
	const char *const *names;
	bool		whole;			/* DESCRIBE: all that a new collection needs */
	size_t		at;				/* lists: the one that is looked at */
	struct M2CellRow *rows;		/* and what is known so far, last first */
	bool		free;			/* RENAME_COLLECTION: nothing has the new name */

	MfHttpCall *http;			/* IMPORT and LIST_IMPORTS by REST */
	json_t	   *answer;			/* of the list, whose jobs are looked at one by one */
	size_t		received;		/* bytes of answers */

	/* CREATE_COLLECTION */
	const MfCollection *create;
	/* DESCRIBE, DELETE: the request's, which live as long as the task */
	const MfOptions *table;
	int			nfilters;
	const MfFilter *const *filters;
	int			rounds;
	bool		no_truncate;
	/* SEARCH */
	const MfSearch *search;
	struct MfTask *load;
	uint8_t    *placeholders;	/* the query vectors as a message, from malloc */
	size_t		placeholders_len;
	/* CREATE_INDEX, DROP_INDEX */
	char	   *index_name;
	bool		index_known;
	/* SPLIT */
	const MfScanSpec *scan;
	int			wanted;
	struct M2Cut *cut;
};

/* A task for our own use, without a request. */
extern MfTask *m2_task_new(MfConn *conn, MfMem *mem, const char *database,
						   const char *collection, M2Step step);
extern void m2_task_free(MfTask *task);

/* m2_call on one of the task's slots. */
extern MfStatus m2_task_call(MfTask *task, int slot, const MfMethod *method,
							 const void *request, MfWaitFor *wait, MfError *err);
extern void m2_task_forget(MfTask *task, int slot);

/*
 * Answer MF_WAIT for a while, 20 ms at first and up to 200.  True once the
 * time has come.
 */
extern bool m2_task_pause(MfTask *task, MfWaitFor *wait);

/* The requests that several verbs share, filled with the task's names. */
extern M2__CollectionRequest m2_collection_request(const MfTask *task);

/* Sub-steps shared by several verbs; each may use the slots named. */
extern MfStatus m2_need_schema(MfTask *task, int slot, MfWaitFor *wait, MfError *err);
extern MfStatus m2_need_version(MfTask *task, int slot, MfWaitFor *wait, MfError *err);
extern MfStatus m2_need_load_state(MfTask *task, int slot, MfWaitFor *wait, MfError *err);

/* As above, but a user who may not ask goes on: who may read need not know. */
extern MfStatus m2_ask_load_state(MfTask *task, int slot, MfWaitFor *wait, MfError *err);

/* Did a sub-step fail because the user may not ask that? */
extern bool m2_is_denied(MfStatus status, const MfError *err);

/* The index of task->field, which lives in the slot; NULL: it has none. */
extern MfStatus m2_describe_index(MfTask *task, int slot, MfWaitFor *wait, MfError *err,
								  const M2__IndexDescription **index);

/* The collection named is a collection itself, not an alias; else *err. */
extern MfStatus m2_need_own_name(MfTask *task, int slot, MfWaitFor *wait, MfError *err);

/* The message for a new collection, whose parts live in the task's arena; false = no memory. */
extern bool m2_create_schema(MfTask *task, M2__CollectionSchema *schema);

/*
 * Type, metric and parameters of a new index: as the task's args say, and for
 * "auto" what suits field and server.  A note in the reply says what was
 * changed.  false = no memory.
 */
extern bool m2_index_params(MfTask *task, const MfField *field, M2__CreateIndexRequest *request);

/* "loaded" and the like */
extern const char *m2_load_state_name(int state);

/* Settings as pairs, but for those named `without` (NULL at the end). */
extern M2__Pair **m2_pairs(MfArena *arena, const MfOptions *options, const char *const *without,
						   size_t *n);

/* -------------------------------------------------------------------- cells.c */

/* Add a row to the reply of a list: NULL stands for NULL, texts are copied. */
extern void m2_cells_add(MfTask *task, int ncolumns, const char *const *cells);

/* The rows added, in their order, are the reply. */
extern MfStatus m2_cells_done(MfTask *task, int ncolumns, MfError *err);

/* A number, or a moment in milliseconds since 1970 (NULL: not a sane one), for a cell. */
extern const char *m2_cell_int(MfTask *task, int64_t value);
extern const char *m2_cell_time(MfTask *task, int64_t ms);

/* ------------------------------------------------------------------- detail.c */

/* What only a new collection needs to know; false = no memory. */
extern bool m2_schema_details(MfArena *arena, const M2__DescribeCollectionResponse *reply,
							  M2Schema *schema);

/* What column option "data_type" says. */
extern bool m2_data_type(const char *name, MfField *field);

/* "session" and the like; and the other way round, -1 = there is no such level. */
extern const char *m2_consistency_name(int32_t level);
extern int32_t m2_consistency_level(const char *name);

/* -------------------------------------------------------------------- cloud.c */

/* Is this Zilliz Cloud, as far as its address and version say? */
extern bool m2_is_cloud(const MfConn *conn);

/* A request was not offered, or not allowed: what to do instead. */
extern void m2_instead(const MfConn *conn, const char *method, MfError *err);

/* -------------------------------------------------------- verbs by their files */

extern MfStatus m2_step_describe_whole(MfTask *task, MfWaitFor *wait, MfError *err);
extern MfStatus m2_step_create_partition(MfTask *task, MfWaitFor *wait, MfError *err);
extern MfStatus m2_step_drop_partition(MfTask *task, MfWaitFor *wait, MfError *err);
extern MfStatus m2_step_list_partitions(MfTask *task, MfWaitFor *wait, MfError *err);
extern MfStatus m2_step_create_database(MfTask *task, MfWaitFor *wait, MfError *err);
extern MfStatus m2_step_drop_database(MfTask *task, MfWaitFor *wait, MfError *err);
extern MfStatus m2_step_list_databases(MfTask *task, MfWaitFor *wait, MfError *err);
extern MfStatus m2_step_set_alias(MfTask *task, MfWaitFor *wait, MfError *err);
extern MfStatus m2_step_drop_alias(MfTask *task, MfWaitFor *wait, MfError *err);
extern MfStatus m2_step_list_aliases(MfTask *task, MfWaitFor *wait, MfError *err);
extern MfStatus m2_step_rename(MfTask *task, MfWaitFor *wait, MfError *err);
extern MfStatus m2_step_alter(MfTask *task, MfWaitFor *wait, MfError *err);
extern MfStatus m2_step_statistics(MfTask *task, MfWaitFor *wait, MfError *err);
extern MfStatus m2_step_segments(MfTask *task, MfWaitFor *wait, MfError *err);
extern MfStatus m2_step_compact(MfTask *task, MfWaitFor *wait, MfError *err);
extern MfStatus m2_step_compaction_state(MfTask *task, MfWaitFor *wait, MfError *err);
extern MfStatus m2_step_load_state(MfTask *task, MfWaitFor *wait, MfError *err);

extern MfStatus m2_step_import(MfTask *task, MfWaitFor *wait, MfError *err);
extern MfStatus m2_step_list_imports(MfTask *task, MfWaitFor *wait, MfError *err);
extern MfStatus m2_step_check_write(MfTask *task, MfWaitFor *wait, MfError *err);

/* More verbs: describe.c, create.c, index.c, load.c, flush.c */
extern MfStatus m2_step_version(MfTask *task, MfWaitFor *wait, MfError *err);
extern MfStatus m2_step_list(MfTask *task, MfWaitFor *wait, MfError *err);
extern MfStatus m2_step_describe(MfTask *task, MfWaitFor *wait, MfError *err);
extern MfStatus m2_step_create(MfTask *task, MfWaitFor *wait, MfError *err);
extern MfStatus m2_check_create(const MfTask *task, MfError *err);
extern MfStatus m2_step_drop(MfTask *task, MfWaitFor *wait, MfError *err);
extern MfStatus m2_step_create_index(MfTask *task, MfWaitFor *wait, MfError *err);
extern MfStatus m2_step_drop_index(MfTask *task, MfWaitFor *wait, MfError *err);
extern MfStatus m2_step_load(MfTask *task, MfWaitFor *wait, MfError *err);
extern MfStatus m2_step_release(MfTask *task, MfWaitFor *wait, MfError *err);
extern MfStatus m2_step_flush(MfTask *task, MfWaitFor *wait, MfError *err);
extern MfStatus m2_step_delete(MfTask *task, MfWaitFor *wait, MfError *err);
extern MfStatus m2_step_search(MfTask *task, MfWaitFor *wait, MfError *err);
extern MfStatus m2_step_truncate(MfTask *task, MfWaitFor *wait, MfError *err);

extern MfStatus m2_request_begin(MfConn *conn, const MfRequest *req, MfTask **task, MfError *err);
extern MfStatus m2_request_step(MfTask *task, MfWaitFor *wait, MfError *err);
extern const MfReply *m2_request_reply(MfTask *task);

/* -------------------------------------------------------------- scan_moment.c */

/* The level that table and server ask for. */
extern int32_t m2_consistency_of(const MfOptions *table, const MfOptions *server);

/*
 * The moment to ask for, where this connection wrote at `mark`; *later (set
 * where it wrote once more): only "now" will do.  1 asks for nothing, 2 for "a
 * few seconds ago", 0 with Strong for "now".
 */
extern uint64_t m2_guarantee(int32_t consistency, uint64_t mark, bool *later);

/* ------------------------------------------------------------------- recent.c */

/* A collection as described for a scan; later ones may use it for a while. */
typedef struct M2Recent
{
	struct M2Recent *next;		/* of the connection's list */
	MfTask	   *task;			/* m2_step_prepare */
	int			refs;
	bool		ready;			/* the task is done, the collection loaded */
	int64_t		at;				/* when it was, mf_now_ms() */
} M2Recent;

/* What is known of it (ready), or a task to find out; NULL = no memory. */
extern M2Recent *m2_recent_get(MfConn *conn, const char *database, const char *collection);
extern void m2_recent_ready(MfConn *conn, M2Recent *recent);
extern void m2_recent_release(M2Recent *recent);

/* Somebody changes collections, or was surprised by one. */
extern void m2_recent_forget(MfConn *conn);

/* ---------------------------------------------------------------- partition.c */

#define M2_PARTITION "$partition"	/* the column that names a row's partition */
#define M2_DEFAULT_PARTITION "_default"

/* The partitions of a collection as they were a moment ago. */
typedef struct M2Partitions
{
	struct M2Partitions *next;	/* of the connection's list */
	int			refs;
	int64_t		at;				/* mf_now_ms() */
	MfTask	   *task;			/* owns the names */
	int			n;
	char	  **names;
} M2Partitions;

/* May a partition be called this?  false: *why is static text. */
extern bool m2_partition_name_ok(const char *name, const char **why);

/* ShowPartitions: names live in the slot until it is forgotten. */
extern MfStatus m2_show_partitions(MfTask *task, int slot, char ***names, int *n,
								   MfWaitFor *wait, MfError *err);

/* CreatePartition; one that is there already is no error. */
extern MfStatus m2_create_partition(MfTask *task, int slot, const char *name,
									MfWaitFor *wait, MfError *err);

/*
 * The list for *out, if it is NULL: what is known (`known`: even if it is a
 * little old), or asked for.  *task is used meanwhile and NULL at the end.
 */
extern MfStatus m2_partitions_need(MfConn *conn, const char *database, const char *collection, bool known,
								   MfTask **task, M2Partitions **out, MfWaitFor *wait, MfError *err);
extern void m2_partitions_release(M2Partitions *list);
extern bool m2_partitions_have(const M2Partitions *list, const char *name);

/* Somebody changes them, or was surprised. */
extern void m2_partitions_forget(MfConn *conn);

/* "there is no partition ... in collection ..." */
extern MfStatus m2_error_no_partition(const M2Where *where, const char *name, bool writing, MfError *err);

/* MF_ERROR where Milvus alone chooses the partitions, because there is a partition key. */
extern MfStatus m2_check_partition_key(const MfCollection *c, MfError *err);

/* Does a condition speak of partitions only, in words that we can decide? */
extern bool m2_is_partition_filter(const MfFilter *filter);

/* Does such a one let rows of this partition through? */
extern bool m2_partition_passes(const MfFilter *filter, const char *name);

/* --------------------------------------------------------------- route.c */

/* Rows of a batch, partition by partition. */
typedef struct M2Route
{
	MfBatch    *batch;			/* of its own, or NULL: the rows are in order as they are */
	int32_t    *rows;			/* then: where each came from */
	int			n;				/* runs of one partition each */
	struct M2Run
	{
		const char *partition;	/* lives as long as the list */
		int32_t		first;
		int32_t		count;
	}		   *runs;
} M2Route;

/*
 * Put each row to its partition.  MF_END: *missing (freed with mf_free) is not
 * in the list.  A name that Milvus does not take is an error with its row.
 */
extern MfStatus m2_route(const M2WritePlan *plan, const MfBatch *batch, const M2Partitions *list,
						 M2Route *route, char **missing, MfError *err);
extern void m2_route_free(M2Route *route, MfMem *mem);

/* -------------------------------------------------------------- split_token.c */

/* The rows that a token means. */
typedef struct M2Split
{
	int			npartitions;	/* 0 = in any */
	const char **partitions;
	bool		has_from;
	bool		has_below;
	int64_t		from;			/* keys */
	int64_t		below;
	uint64_t	seen;			/* what was written until then is to be seen; 0 = none */
	bool		seen_now;
} M2Split;

/* MF_ERROR where it is none; names live in the arena. */
extern MfStatus m2_split_parse(const char *token, const char *collection, MfArena *arena,
							   M2Split *split, MfError *err);

/* "... is no part of collection ..." */
extern MfStatus m2_split_refuse(const char *token, const char *collection, MfError *err);

/* A token of these, each of which may be NULL; `seen` is "" or " seen=...". */
extern const char *m2_split_token(MfArena *arena, const char *partitions, const int64_t *from,
								  const int64_t *below, const char *seen);

/* Put the range of keys at the end of the text, with "and" before it where something stands there. */
extern void m2_split_filter(MfJsonBuf *expr, const char *key, const M2Split *split);

/* -------------------------------------------------------------------- split.c */

extern MfStatus m2_step_split(MfTask *task, MfWaitFor *wait, MfError *err);
extern void m2_cut_free(MfTask *task);

/* ------------------------------------------------------------------- lookup.c */

/* Primary keys in their order, each once. */
typedef struct M2Lookup
{
	MfValue    *keys;
	int			nkeys;			/* 0 = the rows are found otherwise */
	int			at;				/* the first not answered yet */
} M2Lookup;

/* false = no memory. */
extern bool m2_lookup_init(M2Lookup *lookup, const MfFilter *filter, MfMem *mem);

/* "the key is one of the next `most`" (or fewer: how many is answered). */
extern int32_t m2_lookup_put(MfJsonBuf *expr, const char *field, const M2Lookup *lookup, int32_t most);

/* -------------------------------------------------------------- scan_plan.c */

/* Where a wanted column comes from. */
typedef enum M2From
{
	M2_FROM_FIELD,
	M2_FROM_META,				/* the dynamic field as a whole */
	M2_FROM_KEY,				/* one key of the dynamic field */
	M2_FROM_PARTITION			/* the name of the row's partition */
} M2From;

typedef struct M2ScanPlan
{
	M2From	   *from;			/* one for each column of the spec */
	M2ReadColumn *columns;
	int			nkeys;			/* columns that are dynamic keys */
	struct MfJsonPlan *json;	/* how they are read, if there are any */
	bool		meta;			/* the reply's $meta is looked at */
	bool		partition;		/* a column tells the partition */
	int			noutput;
	const char **output;		/* what is asked for */
	size_t		row_bytes;		/* of a row, guessed */
	size_t		row_bytes_most; /* and at most */
} M2ScanPlan;

/* Everything lives in the arena, but the JSON plan. */
extern MfStatus m2_scan_plan(M2ScanPlan *plan, const MfScanSpec *spec, const M2Schema *schema,
							 MfArena *arena, MfError *err);

/* Set up a batch to take what the plan delivers; false = no memory. */
extern bool m2_scan_batch(const M2ScanPlan *plan, const MfScanSpec *spec, MfBatch *batch);

/* --------------------------------------------------------- scan.c, write.c */

/* What reading needs to know first: schema, version, load state, side by side. */
extern MfStatus m2_step_prepare(MfTask *task, MfWaitFor *wait, MfError *err);

extern MfStatus m2_scan_begin(MfConn *conn, const MfScanSpec *spec, MfScan **scan, MfError *err);
extern MfStatus m2_scan_next(MfScan *scan, MfBatch **batch, MfWaitFor *wait, MfError *err);
extern void m2_scan_stats(MfScan *scan, MfScanStats *stats);
extern void m2_scan_end(MfScan *scan);
extern void m2_scan_explain(const MfOptions *server, const MfScanSpec *spec, char *buf, size_t size);

extern MfStatus m2_write_begin(MfConn *conn, const MfWriteSpec *spec, MfWrite **write, MfError *err);
extern MfStatus m2_write_submit(MfWrite *write, MfBatch *batch, MfWaitFor *wait, MfError *err);
extern MfStatus m2_write_poll(MfWrite *write, MfWaitFor *wait, MfError *err);
extern MfStatus m2_write_flush(MfWrite *write, MfWaitFor *wait, MfError *err);
extern void m2_write_counts(MfWrite *write, MfWriteCounts *counts);
extern void m2_write_end(MfWrite *write);
extern const MfColumn *m2_write_keys(MfWrite *write);
extern void m2_write_stop(MfWrite *write);

/* --------------------------------------------------------------- import_rest.c */

/* Do imports of this server go by REST? */
extern bool m2_import_by_rest(const MfConn *conn);
extern bool m2_import_url_check(const char *value, const char **why);
extern MfStatus m2_import_wants_keys(const MfOptions *options, bool *wants, MfError *err);
extern MfStatus m2_rest_import(MfTask *task, MfWaitFor *wait, MfError *err);
extern MfStatus m2_rest_list_imports(MfTask *task, MfWaitFor *wait, MfError *err);

#define M2_IMPORT_CELLS 9		/* of MF_VERB_LIST_IMPORTS */

/* --------------------------------------------------------------- import_seen.c */

/* A job as REST told of it. */
typedef struct M2SeenJob
{
	struct M2SeenJob *next;		/* of those with such ids */
	const char *cells[M2_IMPORT_CELLS];
	int64_t		began_ms;		/* since 1970; 0 = not told */
	int64_t		ended_ms;
} M2SeenJob;

/* How this job ended, or NULL; valid until the next is put. */
extern const M2SeenJob *m2_seen_job(const MfConn *conn, const char *id);

/* One that has ended; copied, if there is room. */
extern void m2_seen_put(MfConn *conn, const M2SeenJob *job);
extern void m2_seen_free(MfConn *conn);

/* --------------------------------------------------------------- import_plan.c */

extern MfStatus m2_import_begin(MfConn *conn, const MfWriteSpec *spec, const char *format,
								MfImport **import, MfError *err);
extern const MfImportPlan *m2_import_plan(const MfImport *import);
extern MfStatus m2_import_rows(MfImport *import, const MfBatch *batch, MfColumn *columns, MfError *err);
extern void m2_import_end(MfImport *import);

#endif							/* MILVUS2_INTERNAL_H */
