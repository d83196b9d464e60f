/*
 * parquet.h - What do the files of the Parquet writer share?
 *
 * Numbers are those of parquet.thrift (apache/parquet-format 2.10).
 */
#ifndef MF_PARQUET_H
#define MF_PARQUET_H

#include "format.h"
#include "thrift.h"

#include <zstd.h>

/* Type */
#define PQ_BOOLEAN 0
#define PQ_INT32 1
#define PQ_INT64 2
#define PQ_FLOAT 4
#define PQ_DOUBLE 5
#define PQ_BYTE_ARRAY 6

#define PQ_CODEC_NONE 0
#define PQ_CODEC_SNAPPY 1
#define PQ_CODEC_ZSTD 6

#define PQ_PLAIN 0
#define PQ_RLE 3

#define PQ_STATS_BYTES 64		/* longer texts have no smallest and largest */

/* As what a column is written. */
typedef struct PqColumn
{
	const MfFormatColumn *column;
	MfKind		leaf;			/* the kind of its values, or of its lists' */
	bool		list;
	bool		time_text;		/* TIMESTAMPs whose leaf is TEXT */
} PqColumn;

/* The least and greatest value of a chunk, as PLAIN has them. */
typedef struct PqBound
{
	int			len;			/* -1 = not known */
	char		data[PQ_STATS_BYTES];
} PqBound;

/* One column of one row group, as the footer has to tell. */
typedef struct PqChunk
{
	int64_t		offset;			/* of its first page */
	int64_t		values;			/* with NULLs, and of lists the elements */
	int64_t		nulls;			/* not of lists */
	int64_t		raw_bytes;
	int64_t		bytes;
	bool		bounded;		/* least and greatest are those of all values */
	PqBound		least;
	PqBound		greatest;
} PqChunk;

typedef struct PqEncoder
{
	MfEncoder	base;
	PqColumn   *columns;
	ZSTD_CCtx  *zstd;			/* of MF_CODEC_ZSTD */
	MfBytes		page;			/* being made: levels, and values unless they are */
	const char *values;			/* in the batch as they have to be in the file */
	size_t		values_len;
	const char *tail;			/* of the piece */
	size_t		tail_len;
	MfBytes		levels;			/* a byte a value */
	int64_t		written;		/* bytes of this file so far */
	int			ngroups;
	int			room;			/* groups that the arrays hold */
	PqChunk    *chunks;			/* ncolumns a group */
	int64_t    *group_rows;
} PqEncoder;

/* The physical type of a column's values. */
extern int	pq_type(MfKind kind);

/* parquet_page.c: rows [from, to) as one page, appended to base.out. */
extern MfStatus pq_page(PqEncoder *pq, PqChunk *chunk, const MfBatch *batch, int c, int32_t from, int32_t to, MfError *err);

/* parquet_level.c: n levels as runs and packed bits, behind their length. */
extern void pq_levels(MfBytes *out, const uint8_t *levels, size_t n, int bits);

/* parquet_level.c: the levels of a page of long lists or vectors; answers how many there are. */
extern size_t pq_run_levels(MfBytes *out, const MfColumn *col, int32_t from, int32_t to);

/* Elements of a list or vector; -1 = it is NULL. */
static inline int64_t
pq_list_length(const MfColumn *col, int32_t row)
{
	if (mf_column_state(col, row) != MF_VALUE_PRESENT)
		return -1;
	return col->kind == MF_KIND_LIST ? col->offsets[row + 1] - col->offsets[row] : col->dim;
}

/* parquet_codec.c: base.out and the tail become `page` with its head, which has *head bytes. */
extern MfStatus pq_put_page(PqEncoder *pq, size_t values, size_t *head, MfError *err);

/* parquet_stats.c: take rows [from, to) of a column without lists into account. */
extern void pq_chunk_stats(PqChunk *chunk, const PqColumn *column, const MfColumn *col, int32_t from, int32_t to);

/* parquet_footer.c: the metadata, appended to base.out. */
extern void pq_footer(PqEncoder *pq);

#endif							/* MF_PARQUET_H */
