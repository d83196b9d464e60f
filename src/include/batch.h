/*
 * batch.h - What do the core and the connectors hand each other?
 *
 * Batches of columns, close to Arrow's layout: a validity bitmap (least
 * significant bit first), fixed-width values side by side, offsets and bytes
 * for what varies in width, one level of list.  All text is UTF-8, all numbers
 * are in the machine's byte order.  Plain C, no PostgreSQL header.
 */
#ifndef MF_BATCH_H
#define MF_BATCH_H

#include "mf_error.h"
#include "mf_mem.h"

typedef enum MfKind
{
	MF_KIND_NONE = 0,
	MF_KIND_BOOL,				/* one byte, 0 or 1 */
	MF_KIND_I8,
	MF_KIND_I16,
	MF_KIND_I32,
	MF_KIND_I64,
	MF_KIND_U64,
	MF_KIND_F32,
	MF_KIND_F64,
	MF_KIND_DECIMAL,			/* varies: decimal text */
	MF_KIND_TEXT,				/* varies: UTF-8 */
	MF_KIND_BYTES,				/* varies */
	MF_KIND_JSON,				/* varies: JSON text, UTF-8 */
	MF_KIND_TIMESTAMP,			/* int64: microseconds since 1970-01-01 UTC */
	MF_KIND_UUID,				/* 16 bytes */
	MF_KIND_INET,				/* varies: text form, "192.0.2.1/24" */
	MF_KIND_LIST,				/* offsets into `child` */
	MF_KIND_VEC_F32,			/* vectors: `dim` elements each */
	MF_KIND_VEC_F16,			/* two bytes an element, IEEE half */
	MF_KIND_VEC_BF16,			/* two bytes an element, bfloat16 */
	MF_KIND_VEC_I8,
	MF_KIND_VEC_BIT,			/* dim / 8 bytes, first dimension = most
								 * significant bit */
	MF_KIND_SPARSE				/* varies: n x (uint32 index, float value) */
} MfKind;

/* Every value is one of these.  ABSENT: not there at all (a default applies). */
typedef enum MfState
{
	MF_VALUE_PRESENT = 0,
	MF_VALUE_NULL,
	MF_VALUE_ABSENT
} MfState;

typedef struct MfColumn MfColumn;
struct MfColumn
{
	MfKind		kind;
	MfKind		elem;			/* kind of a list's elements */
	int32_t		dim;			/* vectors: elements each */
	int32_t		nrows;			/* values appended so far */
	int32_t		cap_rows;		/* room in valid, absent, offsets, values */
	int32_t		nnull;			/* how many are NULL or absent */
	uint8_t    *valid;			/* bit set = present; always allocated */
	uint8_t    *absent;			/* bit set = absent; NULL while there is none */

	/*
	 * Fixed width: row i at values + i * width.  Vectors: row i at values +
	 * headroom + i * stride; the reader of the batch may use the `headroom`
	 * bytes before each vector for a header of its own (stride is a multiple
	 * of 8 whenever headroom is not 0; otherwise vectors are back to back).
	 * A NULL leaves its slot zeroed.
	 */
	char	   *values;
	size_t		width;			/* bytes of one value, headroom not counted; 0
								 * if it varies */
	size_t		headroom;
	size_t		stride;

	/* varying width: value i = bytes[offsets[i] .. offsets[i+1]) */
	int64_t    *offsets;
	char	   *bytes;
	size_t		bytes_cap;

	MfColumn   *child;			/* LIST: elements offsets[i] .. offsets[i+1] */
};

typedef struct MfBatch
{
	int32_t		nrows;			/* complete rows */
	int32_t		ncolumns;
	MfColumn   *columns;
	int64_t		first_row;		/* number of the first row, from 1 */
	bool		busy;			/* writing: the connector still needs it */
	MfMem	   *mem;
} MfBatch;

/* Bytes of one value of a fixed-width kind; 0 if it varies.  dim: vectors only. */
extern size_t mf_kind_width(MfKind kind, int32_t dim);
extern bool mf_kind_is_vector(MfKind kind);
extern const char *mf_kind_name(MfKind kind);

/* New batch of empty columns to be set up with mf_column_init; NULL = no memory. */
extern MfBatch *mf_batch_new(MfMem *mem, int32_t ncolumns);
extern void mf_batch_free(MfBatch *batch);

/* Forget all rows, keep all room. */
extern void mf_batch_reset(MfBatch *batch);

/* Payload bytes held: values and varying bytes, bitmaps not counted. */
extern size_t mf_batch_bytes(const MfBatch *batch);

/*
 * Say what a column holds.  elem only for LIST, dim and headroom only for
 * vectors.  A dim of 0 is set later, before the first value, by calling this
 * again.  false = no memory (LIST allocates its child).
 */
extern bool mf_column_init(MfBatch *batch, int32_t column, MfKind kind,
						   MfKind elem, int32_t dim, size_t headroom);

/* Room for `rows` more values.  false = no memory.  The appenders call it. */
extern bool mf_column_reserve(MfMem *mem, MfColumn *col, int32_t rows);

/*
 * Appenders: one value to the end of the column; false = no memory.
 *  - state:  a NULL or an absent value
 *  - fixed:  `width` bytes copied from src
 *  - many:   `n` values of `width` bytes each, side by side at src
 *  - bytes:  `len` bytes of varying width
 *  - vector: answers where to write the `width` bytes of the vector, or NULL
 *  - varying_slot: room for at most `len` bytes; end with mf_column_commit
 */
extern bool mf_append_state(MfMem *mem, MfColumn *col, MfState state);
extern bool mf_append_fixed(MfMem *mem, MfColumn *col, const void *src);
extern bool mf_append_many(MfMem *mem, MfColumn *col, const void *src, int32_t n);
extern bool mf_append_bytes(MfMem *mem, MfColumn *col, const char *src, size_t len);
extern void *mf_append_vector(MfMem *mem, MfColumn *col);
extern char *mf_varying_slot(MfMem *mem, MfColumn *col, size_t len);
extern bool mf_column_commit(MfMem *mem, MfColumn *col, size_t len);

/* A list value is the elements appended to col->child since the last one. */
extern bool mf_append_list(MfMem *mem, MfColumn *col);

/* A copy of another column's value, whose kind, elem and dim are the same. */
extern bool mf_append_from(MfMem *mem, MfColumn *to, const MfColumn *from, int32_t row);

/* Drop values from the end so that `nrows` stay (undo of a half-read row). */
extern void mf_column_truncate(MfColumn *col, int32_t nrows);

static inline MfState
mf_column_state(const MfColumn *col, int32_t row)
{
	if (col->valid[row >> 3] & (1 << (row & 7)))
		return MF_VALUE_PRESENT;
	if (col->absent != NULL && (col->absent[row >> 3] & (1 << (row & 7))))
		return MF_VALUE_ABSENT;
	return MF_VALUE_NULL;
}
static inline void *
mf_fixed_at(const MfColumn *col, int32_t row)
{
	return col->values + (size_t) row * col->stride + col->headroom;
}
static inline const char *
mf_varying_at(const MfColumn *col, int32_t row, size_t *len)
{
	*len = (size_t) (col->offsets[row + 1] - col->offsets[row]);
	return col->bytes + col->offsets[row];
}

#endif							/* MF_BATCH_H */
