/*
 * internal.h - What do the files of the Milvus 1.x connector share?
 *
 * Two remotes behind one wrapper: a data directory with its metadata (read
 * only), and a live server.  Grouped by the file that answers.
 */
#ifndef MILVUS1_INTERNAL_H
#define MILVUS1_INTERNAL_H

#include "milvus1.h"

#include "mf_arena.h"

#include <stdio.h>
#include <string.h>

struct MfConn
{
	MfMem	   *mem;
	char	   *server;
	MfOptions	options;		/* of server and user mapping, copied */
	MfOption   *option;
	struct M1Live *live;		/* a server; NULL = a directory */
};

/* --------------------------------------------------------------------- code.c */

/* Milvus 1.x's numbers (facts of its own sources); text NULL = no such number. */
typedef enum M1Metric
{
	M1_L2 = 1,
	M1_IP,
	M1_HAMMING,
	M1_JACCARD,
	M1_TANIMOTO,
	M1_SUBSTRUCTURE,
	M1_SUPERSTRUCTURE
} M1Metric;

extern const char *m1_metric_name(int metric);
extern bool m1_metric_is_binary(int metric);

/* The index a collection was built with, by the metadata's engine number, as Milvus 2.x would call it. */
extern const char *m1_engine_name(int engine);

/* The other way, for a server: 0 = there is no such thing. */
extern int	m1_metric_of(const char *name);
extern int	m1_index_of(const char *name);
extern const char *m1_index_name(int type, bool binary);

/* Parameters that an index type must be given, where the user gave none; JSON. */
extern const char *m1_index_params(int type);

/* The same of a search for k rows; their length. */
extern int	m1_search_params(int type, int64_t k, char *buf, size_t size);

/* --------------------------------------------------------------------- meta.c */

/* A directory of rows: the newest raw files of one segment. */
typedef struct M1Segment
{
	const char *table_id;		/* of the collection or the partition: its directory */
	const char *segment_id;
	const char *tag;			/* of the partition */
	int64_t		live_rows;		/* as the metadata has it: without the deleted */
	int			engine;
	int			file_type;
} M1Segment;

typedef struct M1Partition
{
	const char *table_id;
	const char *tag;			/* "_default" for the collection's own rows */
	int64_t		flush_lsn;
} M1Partition;

typedef struct M1Collection
{
	const char *name;
	int64_t		dim;			/* bits for binary metrics */
	int			metric;
	int			engine;
	int64_t		index_file_size;
	int			flag;			/* 1 ids by the server, 2 by the user, 0 empty */
	const char *index_params;	/* JSON */
	int			npartitions;
	M1Partition *partitions;	/* the collection's own first */
	int			nsegments;
	M1Segment  *segments;		/* oldest first */
	int			unfinished;		/* files that a server had not finished */
} M1Collection;

typedef struct M1Meta
{
	MfArena		arena;
	int64_t		global_lsn;		/* what was flushed, as far as noted; -1 = unknown */
	int			ncollections;
	M1Collection *collections;	/* by name */
} M1Meta;

/* One row of table Tables, or of TableFiles, whatever it was kept in. */
typedef struct M1TableRow
{
	const char *table_id;
	int64_t		state;
	int64_t		dimension;
	int64_t		flag;
	int64_t		index_file_size;
	int64_t		engine_type;
	const char *index_params;
	int64_t		metric_type;
	const char *owner_table;
	const char *partition_tag;
	int64_t		flush_lsn;
} M1TableRow;

typedef struct M1FileRow
{
	const char *table_id;
	const char *segment_id;
	int64_t		engine_type;
	int64_t		file_type;
	int64_t		row_count;
	int64_t		created_on;
	int64_t		id;
} M1FileRow;

/* The four tables, as read; texts live in the arena. */
typedef struct M1Rows
{
	MfArena    *arena;
	int			ntables;
	int			tables_cap;
	M1TableRow *tables;			/* malloc'd from arena->mem */
	int			nfiles;
	int			files_cap;
	M1FileRow  *files;
	int64_t		global_lsn;
} M1Rows;

/* Room for one more, zeroed, or NULL. */
extern M1TableRow *m1_rows_table(M1Rows *rows);
extern M1FileRow *m1_rows_file(M1Rows *rows);
extern void m1_rows_free(M1Rows *rows);

/* Collections with their partitions and segments out of the rows; frees them not. */
extern MfStatus m1_meta_build(M1Meta *meta, M1Rows *rows, MfError *err);
extern const M1Collection *m1_meta_find(const M1Meta *meta, const char *name);

/* Loading: step until MF_OK; end at any moment. */
typedef struct M1Load M1Load;
extern MfStatus m1_load_begin(MfConn *conn, M1Load **load, MfError *err);
extern MfStatus m1_load_step(M1Load *load, M1Meta *meta, MfWaitFor *wait, MfError *err);
extern void m1_load_end(M1Load *load);

/* ---------------------------------------------- meta_sqlite.c, meta_json.c */

extern MfStatus m1_sqlite_read(const char *path, M1Rows *rows, MfError *err);
extern MfStatus m1_json_read(const char *path, M1Rows *rows, MfError *err);

/* The metadata as JSON of the form that m1_json_read takes; malloc'd from mem. */
extern char *m1_json_write(const M1Meta *meta, MfMem *mem, MfError *err);

/* --------------------------------------------------------------- meta_mysql.c */

typedef struct M1Mysql M1Mysql;
extern MfStatus m1_mysql_begin(MfConn *conn, const char *address, M1Mysql **mysql, MfError *err);
extern MfStatus m1_mysql_step(M1Mysql *mysql, M1Rows *rows, MfWaitFor *wait, MfError *err);
extern void m1_mysql_end(M1Mysql *mysql);

/* --------------------------------------------------------------- directory.c */

/* The directory that holds `tables`, opened; -1 and *err otherwise. */
extern int	m1_directory_open(const char *path, MfError *err);

/* Does a server run on it, or did one leave things half done?  MF_ERROR says what. */
extern MfStatus m1_directory_is_quiet(const char *path, const M1Collection *collection, MfError *err);
extern MfStatus m1_not_at_rest(MfError *err, const char *path, const char *detail);

/* The directory of its write-ahead log, opened; -1 = there is none. */
extern int	m1_directory_log(const char *path);

/* --------------------------------------------------------------------- wal.c */

/* Looks for changes of a collection in the write-ahead log that its segments do not have. */
typedef struct M1Wal M1Wal;

/* Takes the directory over.  step: MF_WAIT now and then, MF_OK when all is known. */
extern MfStatus m1_wal_begin(MfMem *mem, int directory, const M1Meta *meta, const M1Collection *collection,
							 M1Wal **wal, MfError *err);
extern MfStatus m1_wal_step(M1Wal *wal, MfError *err);

/* false: what there is, as a sentence. */
extern bool m1_wal_is_flushed(const M1Wal *wal, char *detail, size_t size);
extern void m1_wal_end(M1Wal *wal);

/* ----------------------------------------------------------------- segment.c */

/* A segment's three files, checked. */
typedef struct M1File
{
	MfMem	   *mem;
	int			rv;				/* vectors; descriptors, or -1 */
	int			uid;			/* ids */
	int64_t		rows;			/* in the files, deleted ones too */
	size_t		row_bytes;
	uint8_t    *deleted;		/* bit set = gone; NULL = none is */
	int64_t		ndeleted;
	int64_t		out_of_range;	/* offsets of deleted rows that are not there */
	char		name[512];		/* for messages: table_id/segment_id */
} M1File;

extern MfStatus m1_file_open(M1File *file, MfMem *mem, int directory, const M1Collection *collection,
							 const M1Segment *segment, MfError *err);
extern void m1_file_close(M1File *file);

/* Rows first .. first + count - 1 of one of the files, into buf. */
extern MfStatus m1_file_vectors(const M1File *file, int64_t first, int64_t count, void *buf, MfError *err);
extern MfStatus m1_file_ids(const M1File *file, int64_t first, int64_t count, int64_t *buf, MfError *err);

static inline bool
m1_bit(const uint8_t *bits, int64_t row)
{
	return bits != NULL && (bits[row >> 3] >> (row & 7)) & 1;
}

/* --------------------------------------------------------------- duplicate.c */

typedef enum M1OnDuplicate
{
	M1_DUPLICATE_ERROR,
	M1_DUPLICATE_FIRST,
	M1_DUPLICATE_LAST,
	M1_DUPLICATE_KEEP
} M1OnDuplicate;

/*
 * Which live rows go because another has their id?  Worked out in pieces of
 * about 10 ms by reading the ids alone; memory is bounded, whatever the number
 * of rows, by going over the ids several times.
 */
typedef struct M1Duplicates M1Duplicates;

/*
 * Of the segments with skip[i] false, in their order; drop[i] gets a bitmap of
 * rows to leave out, from mem, or stays NULL.  Where only segments with mine[i]
 * are read (NULL: all), rows of theirs are judged, beside those of all others:
 * each part of a scan can so find out by itself which rows are its own.
 * step: MF_WAIT now and then, MF_OK when all is known; M1_DUPLICATE_ERROR:
 * MF_ERROR where ids repeat.
 */
extern MfStatus m1_duplicates_begin(MfMem *mem, M1OnDuplicate what, int directory,
									const M1Collection *collection, const bool *skip, const bool *mine,
									uint8_t **drop, M1Duplicates **dup, MfError *err);
extern MfStatus m1_duplicates_step(M1Duplicates *dup, MfWaitFor *wait, MfError *err);
extern int64_t m1_duplicates_dropped(const M1Duplicates *dup);
extern void m1_duplicates_end(M1Duplicates *dup);

/* --------------------------------------------------------------- describe.c */

/* The columns that every collection has. */
#define M1_FIELD_ID			"id"
#define M1_FIELD_VECTOR		"vector"
#define M1_FIELD_PARTITION	"_partition"
#define M1_FIELD_SEGMENT	"_segment"
#define M1_FIELD_OFFSET		"_offset"
#define M1_NFIELDS 5

/* A collection as the core knows it; fields has room for M1_NFIELDS. */
extern void m1_describe(const M1Collection *from, MfField *fields, MfCollection *to);

/* Table option, or else the server's. */
extern const char *m1_setting(const MfConn *conn, const MfOptions *table, const char *name);
extern bool m1_setting_bool(const MfConn *conn, const MfOptions *table, const char *name);

#endif							/* MILVUS1_INTERNAL_H */
