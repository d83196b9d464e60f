/*
 * batch.c - How is a batch of columns filled and grown?
 *
 * Buffers double and are kept from batch to batch: fresh memory for every
 * page costs ten times the work done in it.
 */
#include <string.h>

#include "batch.h"

#define MIN_ROWS 64
#define MIN_BYTES 1024

static const struct
{
	const char *name;
	size_t		width;			/* bytes, or 0 if it varies or depends on dim */
}			kinds[] = {
	[MF_KIND_NONE] = {"none", 0},
	[MF_KIND_BOOL] = {"boolean", 1},
	[MF_KIND_I8] = {"int8", 1},
	[MF_KIND_I16] = {"int16", 2},
	[MF_KIND_I32] = {"int32", 4},
	[MF_KIND_I64] = {"int64", 8},
	[MF_KIND_U64] = {"uint64", 8},
	[MF_KIND_F32] = {"float", 4},
	[MF_KIND_F64] = {"double", 8},
	[MF_KIND_DECIMAL] = {"decimal", 0},
	[MF_KIND_TEXT] = {"text", 0},
	[MF_KIND_BYTES] = {"bytes", 0},
	[MF_KIND_JSON] = {"JSON", 0},
	[MF_KIND_TIMESTAMP] = {"timestamp", 8},
	[MF_KIND_UUID] = {"uuid", 16},
	[MF_KIND_INET] = {"inet", 0},
	[MF_KIND_LIST] = {"list", 0},
	[MF_KIND_VEC_F32] = {"float vector", 0},
	[MF_KIND_VEC_F16] = {"float16 vector", 0},
	[MF_KIND_VEC_BF16] = {"bfloat16 vector", 0},
	[MF_KIND_VEC_I8] = {"int8 vector", 0},
	[MF_KIND_VEC_BIT] = {"binary vector", 0},
	[MF_KIND_SPARSE] = {"sparse vector", 0},
};

size_t
mf_kind_width(MfKind kind, int32_t dim)
{
	switch (kind)
	{
		case MF_KIND_VEC_F32:
			return (size_t) dim * 4;
		case MF_KIND_VEC_F16:
		case MF_KIND_VEC_BF16:
			return (size_t) dim * 2;
		case MF_KIND_VEC_I8:
			return (size_t) dim;
		case MF_KIND_VEC_BIT:
			return ((size_t) dim + 7) / 8;
		default:
			return kinds[kind].width;
	}
}

bool
mf_kind_is_vector(MfKind kind)
{
	return kind >= MF_KIND_VEC_F32 && kind <= MF_KIND_VEC_BIT;
}

const char *
mf_kind_name(MfKind kind)
{
	return kinds[kind].name;
}

MfBatch *
mf_batch_new(MfMem *mem, int32_t ncolumns)
{
	MfBatch    *batch = mf_calloc(mem, sizeof(MfBatch));

	if (batch == NULL)
		return NULL;
	batch->columns = mf_calloc(mem, sizeof(MfColumn) * (size_t) (ncolumns > 0 ? ncolumns : 1));
	if (batch->columns == NULL)
	{
		mf_free(mem, batch);
		return NULL;
	}
	batch->mem = mem;
	batch->ncolumns = ncolumns;
	return batch;
}

static void
column_free(MfMem *mem, MfColumn *col)
{
	if (col->child != NULL)
	{
		column_free(mem, col->child);
		mf_free(mem, col->child);
	}
	mf_free(mem, col->valid);
	mf_free(mem, col->absent);
	mf_free(mem, col->values);
	mf_free(mem, col->offsets);
	mf_free(mem, col->bytes);
}

void
mf_batch_free(MfBatch *batch)
{
	if (batch == NULL)
		return;
	for (int32_t i = 0; i < batch->ncolumns; i++)
		column_free(batch->mem, &batch->columns[i]);
	mf_free(batch->mem, batch->columns);
	mf_free(batch->mem, batch);
}

static void
column_reset(MfColumn *col)
{
	col->nrows = 0;
	col->nnull = 0;
	if (col->offsets != NULL)
		col->offsets[0] = 0;
	if (col->child != NULL)
		column_reset(col->child);
}

void
mf_batch_reset(MfBatch *batch)
{
	batch->nrows = 0;
	for (int32_t i = 0; i < batch->ncolumns; i++)
		column_reset(&batch->columns[i]);
}

static size_t
column_bytes(const MfColumn *col)
{
	if (col->child != NULL)
		return column_bytes(col->child) + (size_t) col->nrows * sizeof(int64_t);
	if (col->width > 0)
		return (size_t) col->nrows * col->width;
	return col->nrows > 0 && col->offsets != NULL ? (size_t) col->offsets[col->nrows] : 0;
}

size_t
mf_batch_bytes(const MfBatch *batch)
{
	size_t		sum = 0;

	for (int32_t i = 0; i < batch->ncolumns; i++)
		sum += column_bytes(&batch->columns[i]);
	return sum;
}

static bool
column_setup(MfMem *mem, MfColumn *col, MfKind kind, MfKind elem, int32_t dim, size_t headroom)
{
	size_t		width = mf_kind_width(kind, dim);
	size_t		stride = width;

	if (headroom > 0 && mf_kind_is_vector(kind))
		stride = (headroom + width + 7) & ~(size_t) 7;
	else
		headroom = 0;
	if (stride != col->stride || kind != col->kind)
	{
		mf_free(mem, col->values);
		col->values = NULL;
		col->cap_rows = 0;
	}
	col->kind = kind;
	col->elem = elem;
	col->dim = dim;
	col->width = width;
	col->headroom = headroom;
	col->stride = stride;
	col->nrows = 0;
	col->nnull = 0;
	if (kind == MF_KIND_LIST && col->child == NULL)
	{
		col->child = mf_calloc(mem, sizeof(MfColumn));
		if (col->child == NULL)
			return false;
	}
	if (kind == MF_KIND_LIST && !column_setup(mem, col->child, elem, MF_KIND_NONE, 0, 0))
		return false;
	return mf_column_reserve(mem, col, MIN_ROWS);
}

bool
mf_column_init(MfBatch *batch, int32_t column, MfKind kind, MfKind elem,
			   int32_t dim, size_t headroom)
{
	return column_setup(batch->mem, &batch->columns[column], kind, elem, dim, headroom);
}

/* Grow one buffer to `bytes`; what was there stays. */
static bool
grow(MfMem *mem, void *buffer, size_t bytes)
{
	void	  **p = buffer;
	void	   *bigger = mf_realloc(mem, *p, bytes);

	if (bigger == NULL)
		return false;
	*p = bigger;
	return true;
}

bool
mf_column_reserve(MfMem *mem, MfColumn *col, int32_t rows)
{
	int64_t		want = (int64_t) col->nrows + rows;
	int64_t		cap = col->cap_rows;
	size_t		before = ((size_t) col->cap_rows + 7) / 8;
	size_t		after;

	if (want <= cap)
		return true;
	if (want > INT32_MAX)
		return false;
	cap = cap * 2 > want ? cap * 2 : want;
	if (cap < MIN_ROWS)
		cap = MIN_ROWS;
	if (cap > INT32_MAX)
		cap = INT32_MAX;
	after = ((size_t) cap + 7) / 8;
	if (!grow(mem, &col->valid, after))
		return false;
	memset(col->valid + before, 0, after - before);
	if (col->absent != NULL)
	{
		if (!grow(mem, &col->absent, after))
			return false;
		memset(col->absent + before, 0, after - before);
	}
	if (col->stride > 0)
	{
		if ((size_t) cap > SIZE_MAX / col->stride || !grow(mem, &col->values, (size_t) cap * col->stride))
			return false;
	}
	else if (!mf_kind_is_vector(col->kind))
	{
		bool		fresh = col->offsets == NULL;

		if (!grow(mem, &col->offsets, ((size_t) cap + 1) * sizeof(int64_t)))
			return false;
		if (fresh)
			col->offsets[0] = 0;
	}
	col->cap_rows = (int32_t) cap;
	return true;
}

static inline void
set_bit(uint8_t *bits, int32_t row, bool on)
{
	uint8_t		mask = (uint8_t) (1 << (row & 7));

	if (on)
		bits[row >> 3] |= mask;
	else
		bits[row >> 3] &= (uint8_t) ~mask;
}

/* Note the state of the value just placed and count it in. */
static inline void
finish(MfColumn *col, MfState state)
{
	set_bit(col->valid, col->nrows, state == MF_VALUE_PRESENT);
	if (col->absent != NULL)
		set_bit(col->absent, col->nrows, state == MF_VALUE_ABSENT);
	col->nnull += state != MF_VALUE_PRESENT;
	col->nrows++;
}

bool
mf_append_state(MfMem *mem, MfColumn *col, MfState state)
{
	if (!mf_column_reserve(mem, col, 1))
		return false;
	if (state == MF_VALUE_ABSENT && col->absent == NULL)
	{
		col->absent = mf_calloc(mem, ((size_t) col->cap_rows + 7) / 8);
		if (col->absent == NULL)
			return false;
	}
	if (col->stride > 0)
		memset(col->values + (size_t) col->nrows * col->stride, 0, col->stride);
	else if (col->offsets != NULL)
		col->offsets[col->nrows + 1] = col->kind == MF_KIND_LIST ?
			col->child->nrows : col->offsets[col->nrows];
	finish(col, state);
	return true;
}

bool
mf_append_fixed(MfMem *mem, MfColumn *col, const void *src)
{
	if (!mf_column_reserve(mem, col, 1))
		return false;
	memcpy(mf_fixed_at(col, col->nrows), src, col->width);
	finish(col, MF_VALUE_PRESENT);
	return true;
}

bool
mf_append_many(MfMem *mem, MfColumn *col, const void *src, int32_t n)
{
	int32_t		end = col->nrows + n;

	if (!mf_column_reserve(mem, col, n))
		return false;
	if (n > 0)
		memcpy(mf_fixed_at(col, col->nrows), src, (size_t) n * col->width);
	while (col->nrows < end)
	{
		/* eight at a time, once at the border of a byte */
		if ((col->nrows & 7) == 0 && end - col->nrows >= 8 && col->absent == NULL)
		{
			col->valid[col->nrows >> 3] = 0xFF;
			col->nrows += 8;
		}
		else
			finish(col, MF_VALUE_PRESENT);
	}
	return true;
}

void *
mf_append_vector(MfMem *mem, MfColumn *col)
{
	void	   *slot;

	if (!mf_column_reserve(mem, col, 1))
		return NULL;
	slot = mf_fixed_at(col, col->nrows);
	finish(col, MF_VALUE_PRESENT);
	return slot;
}

char *
mf_varying_slot(MfMem *mem, MfColumn *col, size_t len)
{
	size_t		start;

	if (!mf_column_reserve(mem, col, 1))
		return NULL;
	start = (size_t) col->offsets[col->nrows];
	if (len > SIZE_MAX / 2 - start)
		return NULL;
	if (start + len > col->bytes_cap || col->bytes == NULL)
	{
		size_t		cap = col->bytes_cap * 2 > start + len ? col->bytes_cap * 2 : start + len;

		if (cap < MIN_BYTES)
			cap = MIN_BYTES;
		if (!grow(mem, &col->bytes, cap))
			return NULL;
		col->bytes_cap = cap;
	}
	return col->bytes + start;
}

bool
mf_column_commit(MfMem *mem, MfColumn *col, size_t len)
{
	(void) mem;
	col->offsets[col->nrows + 1] = col->offsets[col->nrows] + (int64_t) len;
	finish(col, MF_VALUE_PRESENT);
	return true;
}

bool
mf_append_bytes(MfMem *mem, MfColumn *col, const char *src, size_t len)
{
	char	   *slot = mf_varying_slot(mem, col, len);

	if (slot == NULL)
		return false;
	if (len > 0)
		memcpy(slot, src, len);
	return mf_column_commit(mem, col, len);
}

bool
mf_append_list(MfMem *mem, MfColumn *col)
{
	if (!mf_column_reserve(mem, col, 1))
		return false;
	col->offsets[col->nrows + 1] = col->child->nrows;
	finish(col, MF_VALUE_PRESENT);
	return true;
}

void
mf_column_truncate(MfColumn *col, int32_t nrows)
{
	while (col->nrows > nrows)
	{
		col->nrows--;
		col->nnull -= mf_column_state(col, col->nrows) != MF_VALUE_PRESENT;
	}
	if (col->child != NULL)
		mf_column_truncate(col->child, col->nrows == 0 ? 0 : (int32_t) col->offsets[col->nrows]);
}
