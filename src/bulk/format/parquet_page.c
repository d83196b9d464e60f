/*
 * parquet_page.c - How do some rows of a column become a page?
 *
 * Data page v1, values PLAIN (Encodings.md): levels, then the values that are
 * there, all of it compressed together.  A column may always hold NULL: what
 * comes from a query promises nothing.
 */
#include "parquet.h"

#include <string.h>

#define LONG_LIST 8				/* elements from which runs are shorter than bits */

/* Levels as dremel has them: of a list 0 is NULL, 1 empty, 2 an element. */
static size_t
list_levels(PqEncoder *pq, const MfColumn *col, int32_t from, int32_t to, bool repetition)
{
	MfBytes    *levels = &pq->levels;
	static const uint8_t ones[256] = {[0 ... 255] = 1};
	static const uint8_t twos[256] = {[0 ... 255] = 2};
	const char *more = (const char *) (repetition ? ones : twos);

	levels->len = 0;
	for (int32_t row = from; row < to; row++)
	{
		int64_t		n = pq_list_length(col, row);
		char		first = (char) (repetition || n < 0 ? 0 : n == 0 ? 1 : 2);

		mf_json_buf_raw(levels, &first, 1);
		for (n--; n > 0; n -= 256)
			mf_json_buf_raw(levels, more, n < 256 ? (size_t) n : 256);
	}
	return levels->len;
}

static size_t
flat_levels(PqEncoder *pq, const MfColumn *col, int32_t from, int32_t to)
{
	MfBytes    *levels = &pq->levels;

	levels->len = 0;
	for (int32_t row = from; row < to; row++)
	{
		char		level = mf_column_state(col, row) == MF_VALUE_PRESENT;

		mf_json_buf_raw(levels, &level, 1);
	}
	return levels->len;
}

static void
put_bytes(MfBytes *out, const char *bytes, size_t len)
{
	uint32_t	length = (uint32_t) len;

	mf_json_buf_raw(out, (const char *) &length, sizeof(length));
	mf_json_buf_raw(out, bytes, len);
}

/* Integers of one or two bytes are INT32 in a file. */
static void
put_widened(MfBytes *out, const char *at, size_t width)
{
	int16_t		i16;
	int32_t		value;

	if (width == 1)
		value = *(const int8_t *) at;
	else
	{
		memcpy(&i16, at, sizeof(i16));
		value = i16;
	}
	mf_json_buf_raw(out, (const char *) &value, sizeof(value));
}

static void
put_sparse(MfBytes *out, const char *pairs, size_t len, bool *finite)
{
	uint32_t	length = 0;
	size_t		start = out->len;

	mf_json_buf_raw(out, (const char *) &length, sizeof(length));
	*finite = mf_sparse_json(out, pairs, len);
	length = (uint32_t) (out->len - start - sizeof(length));
	if (!out->failed)
		memcpy(out->data + start, &length, sizeof(length));
}

static void
put_time(MfBytes *out, const char *at, bool local)
{
	char		text[MF_ISO_TIME_BYTES];
	int64_t		us;

	memcpy(&us, at, sizeof(us));
	put_bytes(out, text, mf_iso_time(text, us, local));
}

/* One value; bits of booleans are gathered by the caller. */
static bool
put_value(MfBytes *out, const PqColumn *column, const MfColumn *col, int32_t row)
{
	bool		finite = true;
	size_t		len;
	const char *at;

	if (col->stride == 0)
	{
		at = mf_varying_at(col, row, &len);
		if (col->kind == MF_KIND_SPARSE)
			put_sparse(out, at, len, &finite);
		else
			put_bytes(out, at, len);
		return finite;
	}
	at = mf_fixed_at(col, row);
	if (column->time_text)
		put_time(out, at, column->column->local_time);
	else if (mf_kind_is_vector(col->kind))
		put_bytes(out, at, col->width);
	else if (col->width < 4)
		put_widened(out, at, col->width);
	else
		mf_json_buf_raw(out, at, col->width);
	return true;
}

static void
put_bools(MfBytes *out, const MfColumn *col, int64_t from, int64_t to)
{
	unsigned char byte = 0;
	int			bit = 0;

	for (int64_t i = from; i < to; i++)
	{
		if (mf_column_state(col, (int32_t) i) != MF_VALUE_PRESENT)
			continue;
		byte |= (unsigned char) (*(const char *) mf_fixed_at(col, (int32_t) i) << bit);
		if (++bit == 8)
		{
			mf_json_buf_raw(out, (const char *) &byte, 1);
			byte = 0;
			bit = 0;
		}
	}
	if (bit > 0)
		mf_json_buf_raw(out, (const char *) &byte, 1);
}

/* Values [from, to) of a column without lists; answers the row that cannot be, or -1. */
static int64_t
put_flat(MfBytes *out, const PqColumn *column, const MfColumn *col, int64_t from, int64_t to)
{
	if (col->kind == MF_KIND_BOOL)
	{
		put_bools(out, col, from, to);
		return -1;
	}
	for (int64_t i = from; i < to; i++)
	{
		if (mf_column_state(col, (int32_t) i) == MF_VALUE_PRESENT && !put_value(out, column, col, (int32_t) i))
			return i;
	}
	return -1;
}

/* A vector's elements are its list's values. */
static void
put_vectors(MfBytes *out, const MfColumn *col, int32_t from, int32_t to)
{
	for (int32_t row = from; row < to; row++)
	{
		const char *at = mf_fixed_at(col, row);

		if (mf_column_state(col, row) != MF_VALUE_PRESENT)
			continue;
		if (col->kind == MF_KIND_VEC_F32)
			mf_json_buf_raw(out, at, col->width);
		else
		{
			for (size_t i = 0; i < col->width; i++)
				put_widened(out, at + i, 1);
		}
	}
}

/* Values [from, to) as they lie in the batch, where they are to be the same in the file. */
static bool
take_values(PqEncoder *pq, const MfColumn *col, int64_t from, int64_t to)
{
	bool		vector = col->kind == MF_KIND_VEC_F32;

	if (col->nnull > 0 || col->width < 4 || col->stride != col->width || (mf_kind_is_vector(col->kind) && !vector))
		return false;
	pq->values = mf_fixed_at(col, (int32_t) from);
	pq->values_len = (size_t) (to - from) * col->width;
	return true;
}

static size_t
put_levels(PqEncoder *pq, const PqColumn *column, const MfColumn *col, int32_t from, int32_t to)
{
	MfBytes    *page = &pq->page;
	const uint8_t *levels;
	size_t		n;
	int64_t		elements;

	if (!column->list)
	{
		n = flat_levels(pq, col, from, to);
		pq_levels(page, (const uint8_t *) pq->levels.data, n, 1);
		return n;
	}
	elements = col->kind == MF_KIND_LIST ? col->offsets[to] - col->offsets[from] : (int64_t) col->dim * (to - from);
	if (elements >= LONG_LIST * (int64_t) (to - from))
		return pq_run_levels(page, col, from, to);
	n = list_levels(pq, col, from, to, true);
	levels = (const uint8_t *) pq->levels.data;
	pq_levels(page, levels, n, 1);
	n = list_levels(pq, col, from, to, false);
	levels = (const uint8_t *) pq->levels.data;
	pq_levels(page, levels, n, 2);
	return n;
}

/* Answers the row that cannot be, or -1. */
static int64_t
put_values(PqEncoder *pq, const PqColumn *column, const MfColumn *col, int32_t from, int32_t to)
{
	const MfColumn *child = col->child;

	if (col->kind == MF_KIND_LIST)
	{
		if (!column->time_text && take_values(pq, child, col->offsets[from], col->offsets[to]))
			return -1;
		return put_flat(&pq->page, column, child, col->offsets[from], col->offsets[to]) >= 0 ? from : -1;
	}
	if (!column->time_text && take_values(pq, col, from, to))
		return -1;
	if (!column->list)
		return put_flat(&pq->page, column, col, from, to);
	put_vectors(&pq->page, col, from, to);
	return -1;
}

/* The first row that is NULL where none may be, or -1. */
static int32_t
null_row(const PqColumn *column, const MfColumn *col, int32_t from, int32_t to)
{
	if (!column->column->not_null || col->nnull == 0)
		return -1;
	for (int32_t row = from; row < to; row++)
	{
		if (mf_column_state(col, row) != MF_VALUE_PRESENT)
			return row;
	}
	return -1;
}

MfStatus
pq_page(PqEncoder *pq, PqChunk *chunk, const MfBatch *batch, int c, int32_t from, int32_t to, MfError *err)
{
	const PqColumn *column = &pq->columns[c];
	const MfColumn *col = &batch->columns[c];
	MfBytes    *page = &pq->page;
	size_t		head = 0;
	size_t		values;
	int32_t		null = null_row(column, col, from, to);
	int64_t		bad;

	if (null >= 0)
		return mf_format_null_error(err, column->column, batch, null);
	page->len = 0;
	pq->values_len = 0;
	values = put_levels(pq, column, col, from, to);
	bad = put_values(pq, column, col, from, to);
	if (bad >= 0)
		return mf_format_error(err, MF_NUMERIC_OUT_OF_RANGE, column->column, batch, (int32_t) bad, "JSON cannot hold NaN or infinity");
	if (page->failed || pq->levels.failed)
		return mf_error_oom(err, page->cap * 2);
	if (page->len + pq->values_len > INT32_MAX / 2)
		return mf_format_error(err, MF_PROGRAM_LIMIT, column->column, batch, from, "value too large for a page of a Parquet file");
	chunk->raw_bytes += (int64_t) (page->len + pq->values_len);
	if (pq_put_page(pq, values, &head, err) != MF_OK)
		return MF_ERROR;
	if (!column->list)
		pq_chunk_stats(chunk, column, col, from, to);
	chunk->values += (int64_t) values;
	chunk->raw_bytes += (int64_t) head;
	chunk->bytes += (int64_t) (pq->base.out.len + pq->tail_len);
	return MF_OK;
}
