/*
 * parquet_stats.c - Between which values are those of a column chunk?
 *
 * So that readers skip what they do not look for.  In the order of the type, by
 * parquet.thrift's rules (ColumnOrder): NaN is in no order, so a chunk that has
 * one says nothing; zeros of floats are taken as -0 at the lower end and +0 at
 * the upper; texts by their bytes.
 */
#include "parquet.h"

#include <math.h>
#include <string.h>

/* Kinds that are worth it: those that somebody looks for. */
static bool
is_ordered(const PqColumn *column)
{
	switch (column->leaf)
	{
		case MF_KIND_BOOL:
		case MF_KIND_I8:
		case MF_KIND_I16:
		case MF_KIND_I32:
		case MF_KIND_I64:
		case MF_KIND_U64:
		case MF_KIND_F32:
		case MF_KIND_F64:
		case MF_KIND_TIMESTAMP:
			return true;
		case MF_KIND_TEXT:
			return !column->time_text;
		default:
			return false;
	}
}

static int
compare_texts(const char *a, size_t a_len, const char *b, size_t b_len)
{
	int			order = memcmp(a, b, a_len < b_len ? a_len : b_len);

	return order != 0 ? order : a_len < b_len ? -1 : a_len > b_len;
}

/* The value as PLAIN has it; false = it has no place in the order, or is too long. */
static bool
plain_value(MfKind leaf, const MfColumn *col, int32_t row, PqBound *out)
{
	const char *at;
	size_t		len;
	int32_t		i32 = 0;
	int16_t		i16;
	float		f;
	double		d;

	if (leaf == MF_KIND_TEXT)
	{
		at = mf_varying_at(col, row, &len);
		if (len > PQ_STATS_BYTES)
			return false;
		memcpy(out->data, at, len);
		out->len = (int) len;
		return true;
	}
	at = mf_fixed_at(col, row);
	out->len = (int) col->width;
	memcpy(out->data, at, col->width);
	switch (leaf)
	{
		case MF_KIND_F32:
			memcpy(&f, at, sizeof(f));
			return !isnan(f);
		case MF_KIND_F64:
			memcpy(&d, at, sizeof(d));
			return !isnan(d);
		case MF_KIND_I8:
			i32 = *(const int8_t *) at;
			break;
		case MF_KIND_I16:
			memcpy(&i16, at, sizeof(i16));
			i32 = i16;
			break;
		default:
			return true;
	}
	memcpy(out->data, &i32, sizeof(i32));
	out->len = sizeof(i32);
	return true;
}

#define COMPARE_AS(type, a, b) \
	do { \
		type		x; \
		type		y; \
		memcpy(&x, a, sizeof(x)); \
		memcpy(&y, b, sizeof(y)); \
		return x < y ? -1 : x > y; \
	} while (0)

static int
compare(MfKind leaf, const PqBound *a, const PqBound *b)
{
	switch (leaf)
	{
		case MF_KIND_TEXT:
			return compare_texts(a->data, (size_t) a->len, b->data, (size_t) b->len);
		case MF_KIND_BOOL:
			COMPARE_AS(uint8_t, a->data, b->data);
		case MF_KIND_U64:
			COMPARE_AS(uint64_t, a->data, b->data);
		case MF_KIND_I64:
		case MF_KIND_TIMESTAMP:
			COMPARE_AS(int64_t, a->data, b->data);
		case MF_KIND_F32:
			COMPARE_AS(float, a->data, b->data);
		case MF_KIND_F64:
			COMPARE_AS(double, a->data, b->data);
		default:
			COMPARE_AS(int32_t, a->data, b->data);
	}
}

/* A zero's sign is not in the order, so the bound is the zero that is further out. */
static void
widen_zero(MfKind leaf, PqBound *bound, bool lower)
{
	size_t		width = leaf == MF_KIND_F32 ? 4 : 8;

	if (leaf != MF_KIND_F32 && leaf != MF_KIND_F64)
		return;
	for (size_t i = 0; i < width; i++)
	{
		if ((bound->data[i] & (i == width - 1 ? 0x7F : 0xFF)) != 0)
			return;
	}
	bound->data[width - 1] = (char) (lower ? 0x80 : 0);
}

void
pq_chunk_stats(PqChunk *chunk, const PqColumn *column, const MfColumn *col, int32_t from, int32_t to)
{
	if (!is_ordered(column))
		chunk->bounded = false;
	for (int32_t row = from; row < to && (chunk->bounded || col->nnull > 0); row++)
	{
		PqBound		value;

		if (mf_column_state(col, row) != MF_VALUE_PRESENT)
		{
			chunk->nulls++;
			continue;
		}
		if (!chunk->bounded)
			continue;
		if (!plain_value(column->leaf, col, row, &value))
		{
			chunk->bounded = false;
			continue;
		}
		if (chunk->least.len < 0 || compare(column->leaf, &value, &chunk->least) < 0)
		{
			chunk->least = value;
			widen_zero(column->leaf, &chunk->least, true);
		}
		if (chunk->greatest.len < 0 || compare(column->leaf, &value, &chunk->greatest) > 0)
		{
			chunk->greatest = value;
			widen_zero(column->leaf, &chunk->greatest, false);
		}
	}
}
