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
#define PQ_CODEC_ZSTD 6

#define PQ_PLAIN 0
#define PQ_RLE 3

/* One column of one row group, as the footer has to tell. */
typedef struct PqChunk
{
	int64_t		offset;			/* of its first page */
	int64_t		values;			/* with NULLs, and of lists the elements */
	int64_t		raw_bytes;
	int64_t		bytes;
} PqChunk;

typedef struct PqEncoder
{
	MfEncoder	base;
	ZSTD_CCtx  *zstd;			/* NULL = not compressed */
	MfBytes		page;			/* being made */
	MfBytes		levels;			/* a byte a value */
	int64_t		written;		/* bytes of this file so far */
	int			ngroups;
	int			room;			/* groups that the arrays hold */
	PqChunk    *chunks;			/* ncolumns a group */
	int64_t    *group_rows;
} PqEncoder;

/* The physical type of a column's values. */
extern int	pq_type(MfKind kind);

/* Are its rows lists of values (repeated)? */
extern bool pq_is_list(const MfFormatColumn *column);

/* The kind of those values. */
extern MfKind pq_leaf(const MfFormatColumn *column);

/* parquet_page.c: rows [from, to) as one page, appended to base.out. */
extern MfStatus pq_page(PqEncoder *pq, PqChunk *chunk, const MfFormatColumn *column, const MfBatch *batch, int c,
						int32_t from, int32_t to, MfError *err);

/* parquet_level.c: n levels as runs and packed bits, behind their length. */
extern void pq_levels(MfBytes *out, const uint8_t *levels, size_t n, int bits);

/* parquet_footer.c: the metadata, appended to base.out. */
extern void pq_footer(PqEncoder *pq);

#endif							/* MF_PARQUET_H */
