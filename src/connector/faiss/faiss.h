/*
 * faiss.h - What do the files of the Faiss connector share?
 */
#ifndef MF_FAISS_H
#define MF_FAISS_H

#include "src/file/file.h"
#include "src/file/helper.h"

/* More than any model makes; what a hostile header says must not size our batches. */
#define MF_FAISS_MAX_DIM 65536

/* Indexes inside indexes: libfaiss recurses without a limit. */
#define MF_FAISS_MAX_DEPTH 8

/* The program that does what needs libfaiss. */
#define MF_FAISS_PROGRAM "milvus_fdw_faiss_helper"

/* ------------------------------------------------------------ in cursor.c */

/*
 * A place in a file that is read forward.  No count is believed before the
 * file has been seen to be long enough for it.
 */
typedef struct MfFaissCursor
{
	int			fd;
	const char *path;
	int64_t		size;
	int64_t		at;
	int64_t		window_at;
	size_t		window_len;
	MfError    *err;
	char		window[16384];
} MfFaissCursor;

extern MfStatus mf_faiss_get(MfFaissCursor *c, void *to, size_t len);
extern MfStatus mf_faiss_skip(MfFaissCursor *c, int64_t count, int64_t width);

/* The count before a vector of the file, whose bytes are there. */
extern MfStatus mf_faiss_count(MfFaissCursor *c, int64_t width, int64_t *count);

/* "file ... is damaged": what is wrong, and where. */
extern MfStatus mf_faiss_damaged(MfFaissCursor *c, const char *fmt,...)
			__attribute__((format(printf, 2, 3)));

/* -------------------------------------------------------------- in kind.c */

typedef struct MfFaissKind
{
	char		fourcc[5];
	const char *name;			/* the class, as Faiss's users know it */
	int			flags;
	const char *layout;			/* what follows the fourcc: see walk.c */
} MfFaissKind;

#define MF_FAISS_EXACT		1	/* holds vectors bit by bit */
#define MF_FAISS_LIBRARY	2	/* only libfaiss can take the vectors out */
#define MF_FAISS_NEW		4	/* unknown to libfaiss 1.7.3 */
#define MF_FAISS_QUANTIZER	8	/* holds no rows: only inside of others */
#define MF_FAISS_BINARY		16

extern const MfFaissKind *mf_faiss_kind(uint32_t fourcc);

/* A kind that is known and not read: what it is called, and why. */
extern bool mf_faiss_refused(uint32_t fourcc, const char **name, const char **why);

/* -------------------------------------------------------------- in walk.c */

/* Rows that lie one after the other, with their ids elsewhere or counted. */
typedef struct MfFaissSegment
{
	int64_t		vectors;		/* where in the file */
	int64_t		ids;			/* where; -1 = numbered on from the rows before */
	int64_t		n;
} MfFaissSegment;

typedef struct MfFaissFile
{
	MfMem	   *mem;
	const char *path;
	int			fd;
	int64_t		size;

	char		kinds[256];		/* "IndexIDMap2, IndexFlat" */
	bool		binary;
	int32_t		dim;			/* of binary ones: bits */
	size_t		width;			/* bytes of a vector in the file, if direct */
	int64_t		ntotal;
	int32_t		metric;
	bool		exact;
	bool		direct;			/* rows are where segments say, bit by bit */
	bool		known;			/* libfaiss 1.7.3 can read it */

	int64_t		nsegments;
	MfFaissSegment *segments;
	int64_t		id_map;			/* where: ids of rows by their number; -1 = none */
} MfFaissFile;

/*
 * Open a file and look at all of its structure: every size in it is checked
 * against the file and against the others.
 */
extern MfStatus mf_faiss_open(MfMem *mem, const char *path, MfFaissFile *file, MfError *err);
extern void mf_faiss_close(MfFaissFile *file);

/* What is known of it for cutting it. */
extern MfFileWhole mf_faiss_whole(const MfFaissFile *file);

/* An index within the file, while it is looked at. */
typedef struct MfFaissNode
{
	const MfFaissKind *kind;
	int			depth;
	bool		rows_wanted;	/* false: a quantizer's rows are not ours */
	int32_t		dim;
	int32_t		metric;
	int64_t		ntotal;
	bool		trained;
	int64_t		code;			/* bytes of a code as its quantizer says; -1 = unknown */
	int64_t		nlist;
	int64_t		bbs;			/* fast scan: rows and parts of a block; 0 = none */
	int64_t		m2;
	int64_t		legacy_ids;		/* IvXX: where the lists' ids lie */
	bool		exact;
	bool		library;
	bool		known;
} MfFaissNode;

typedef struct MfFaissWalk
{
	MfFaissCursor cursor;
	MfFaissFile *file;
	int64_t		segment_room;
} MfFaissWalk;

extern MfStatus mf_faiss_walk(MfFaissWalk *w, MfFaissNode *node);
extern MfStatus mf_faiss_add_segment(MfFaissWalk *w, int64_t vectors, int64_t ids, int64_t n);

/* ------------------------------------------------- in coder.c and lists.c */

/* What comes next belongs to a quantizer; false = not one of its letters. */
extern bool mf_faiss_walk_coder(MfFaissWalk *w, MfFaissNode *node, char letter, MfStatus *status);

/* What comes next is a transform of vectors of *dim; used: it will be undone, so it must be whole. */
extern MfStatus mf_faiss_walk_transform(MfFaissWalk *w, int32_t *dim, bool used, int depth);

/* Inverted lists, id maps, graphs; false = not one of its letters. */
extern bool mf_faiss_walk_lists(MfFaissWalk *w, MfFaissNode *node, char letter, MfStatus *status);

/* -------------------------------------------------------- in connector.c */

struct MfConn
{
	MfMem	   *mem;
	const MfOptions *options;
};

/* What the fields are called: options "id" and "vector". */
extern const char *mf_faiss_id_field(const MfOptions *options);
extern const char *mf_faiss_vector_field(const MfOptions *options);

extern const MfConnector mf_faiss_connector;

/* ---------------------------------------------------------- in describe.c */

extern MfStatus mf_faiss_request_begin(MfConn *conn, const MfRequest *req, MfTask **task, MfError *err);
extern MfStatus mf_faiss_request_step(MfTask *task, MfWaitFor *wait, MfError *err);
extern const MfReply *mf_faiss_request_reply(MfTask *task);
extern void mf_faiss_request_end(MfTask *task);

/* --------------------------------------------------------------- in scan.c */

extern MfStatus mf_faiss_scan_begin(MfConn *conn, const MfScanSpec *spec, MfScan **scan, MfError *err);
extern MfStatus mf_faiss_scan_next(MfScan *scan, MfBatch **batch, MfWaitFor *wait, MfError *err);
extern void mf_faiss_scan_stats(MfScan *scan, MfScanStats *stats);
extern void mf_faiss_scan_end(MfScan *scan);
extern void mf_faiss_scan_explain(const MfOptions *server, const MfScanSpec *spec, char *buf, size_t size);

/* --------------------------------------------------------------- in rows.c */

/* Rows of one file read directly: where we are. */
typedef struct MfFaissRows
{
	const MfFaissFile *file;
	int64_t		segment;
	int64_t		in_segment;		/* rows of it that were read */
	int64_t		row;			/* of the file: the next one */
	int64_t		left;			/* rows that are wanted of it */
	char	   *buffer;			/* MF_FAISS_READ bytes */
	int64_t		map_at;			/* of the id map: which part is in memory */
	int64_t		map_len;
	int64_t    *map;
} MfFaissRows;

/* Bytes read at once: within the processor's cache, and well within 10 ms. */
#define MF_FAISS_READ (256 * 1024)

/* Read `count` rows from the row `first` on; the file has them. */
extern MfStatus mf_faiss_rows_begin(MfMem *mem, const MfFaissFile *file, int64_t first, int64_t count,
									MfFaissRows *rows, MfError *err);
extern void mf_faiss_rows_end(MfMem *mem, MfFaissRows *rows);

/* Append at most `most` rows; *n = how many, 0 at the end.  Columns may be NULL. */
extern MfStatus mf_faiss_rows_next(MfMem *mem, MfFaissRows *rows, MfColumn *ids, MfColumn *vectors,
								   int32_t most, int32_t *n, MfError *err);

/* -------------------------------------------------------------- in write.c */

extern MfStatus mf_faiss_write_begin(MfConn *conn, const MfWriteSpec *spec, MfWrite **write, MfError *err);
extern MfStatus mf_faiss_write_submit(MfWrite *write, MfBatch *batch, MfWaitFor *wait, MfError *err);
extern MfStatus mf_faiss_write_poll(MfWrite *write, MfWaitFor *wait, MfError *err);
extern MfStatus mf_faiss_write_flush(MfWrite *write, MfWaitFor *wait, MfError *err);
extern void mf_faiss_write_counts(MfWrite *write, MfWriteCounts *counts);
extern void mf_faiss_write_end(MfWrite *write);
extern MfStatus mf_faiss_write_finish(MfWrite *write, MfWaitFor *wait, MfError *err);

/* --------------------------------------------------------- in write_flat.c */

/*
 * A Flat index written as its rows come: libfaiss would hold it in memory.
 * What wraps it is said by the factory string: [IDMap,|IDMap2,](Flat|BFlat).
 */
typedef struct MfFaissFlat
{
	MfNewFile  *file;
	int			map;			/* 0, or 1 or 2 of IDMap */
	bool		binary;
	int			metric;			/* 0 IP, 1 L2 */
	int32_t		dim;
	int64_t		rows;
	int			ids;			/* scratch file of ids; -1 = none */
	int64_t		copied;			/* bytes of it that are in the file */
} MfFaissFlat;

extern bool mf_faiss_flat_factory(const char *index, MfFaissFlat *flat);
extern MfStatus mf_faiss_flat_begin(MfFaissFlat *flat, MfError *err);

/* Vectors side by side; ids NULL = numbers of the rows. */
extern MfStatus mf_faiss_flat_append(MfFaissFlat *flat, const char *vectors, const int64_t *ids,
									 int32_t n, MfError *err);

/* MF_WAIT: there is more to be done. */
extern MfStatus mf_faiss_flat_finish(MfFaissFlat *flat, MfWaitFor *wait, MfError *err);
extern void mf_faiss_flat_end(MfFaissFlat *flat);

#endif							/* MF_FAISS_H */
