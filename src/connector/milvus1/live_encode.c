/*
 * live_encode.c - How do rows become an Insert, or a DeleteByID, of Milvus 1.x?
 *
 * By hand: each vector is copied once.
 */
#include <stdlib.h>

#include "live_write.h"

#define MOST_BODY ((size_t) 200 * 1000 * 1000)	/* the server's limit is 256 MB */

static uint8_t *
put_varint(uint8_t *to, uint64_t value)
{
	while (value >= 0x80)
	{
		*to++ = (uint8_t) (value | 0x80);
		value >>= 7;
	}
	*to++ = (uint8_t) value;
	return to;
}

static size_t
varint_size(uint64_t value)
{
	size_t		n = 1;

	while (value >= 0x80)
	{
		value >>= 7;
		n++;
	}
	return n;
}

/* M1Tag and length of a field of bytes. */
static uint8_t *
put_field(uint8_t *to, int number, size_t len)
{
	*to++ = (uint8_t) (number << 3 | 2);
	return put_varint(to, len);
}

static size_t
field_size(size_t len)
{
	return 1 + varint_size(len) + len;
}

int64_t
m1_piece_id(const MfWrite *write, const M1Piece *piece, int32_t i)
{
	int64_t		id;

	memcpy(&id, mf_fixed_at(&piece->batch->columns[write->id], piece->rows[i]), sizeof(id));
	return id;
}

bool
m1_piece_has_id(const MfWrite *write, const M1Piece *piece, int32_t i)
{
	return write->id >= 0 && mf_column_state(&piece->batch->columns[write->id], piece->rows[i]) == MF_VALUE_PRESENT;
}

void
m1_piece_note_row(const MfWrite *write, const M1Piece *piece, int32_t i, int column, MfError *err)
{
	err->row = piece->batch->first_row + piece->rows[i];
	if (m1_piece_has_id(write, piece, i))
		snprintf(err->key, sizeof(err->key), "%lld", (long long) m1_piece_id(write, piece, i));
	if (column >= 0)
		snprintf(err->column, sizeof(err->column), "%s", write->spec->columns[column].field->name);
}

/* Ids are given for all rows or for none; *given. */
static MfStatus
check_ids(const MfWrite *write, const M1Piece *piece, bool *given, MfError *err)
{
	*given = m1_piece_has_id(write, piece, 0);
	for (int32_t i = 1; i < piece->nrows; i++)
	{
		if (m1_piece_has_id(write, piece, i) != *given)
		{
			mf_error(err, MF_NOT_NULL_VIOLATION, "some rows have an id and others have none");
			mf_error_hint(err, "Milvus 1.x takes ids for all rows of a collection or makes all of them.");
			m1_piece_note_row(write, piece, i, write->id, err);
			return MF_ERROR;
		}
	}
	for (int32_t i = 0; *given && i < piece->nrows; i++)
	{
		if (m1_piece_id(write, piece, i) < 0)
		{
			mf_error(err, MF_NUMERIC_OUT_OF_RANGE, "ids of Milvus 1.x are not negative");
			m1_piece_note_row(write, piece, i, write->id, err);
			return MF_ERROR;
		}
	}
	return MF_OK;
}

static size_t
ids_size(const MfWrite *write, const M1Piece *piece)
{
	size_t		size = 0;

	for (int32_t i = 0; i < piece->nrows; i++)
		size += varint_size((uint64_t) m1_piece_id(write, piece, i));
	return size;
}

static uint8_t *
put_ids(const MfWrite *write, const M1Piece *piece, int number, size_t size, uint8_t *to)
{
	to = put_field(to, number, size);
	for (int32_t i = 0; i < piece->nrows; i++)
		to = put_varint(to, (uint64_t) m1_piece_id(write, piece, i));
	return to;
}

static uint8_t *
put_text(uint8_t *to, int number, const char *text, size_t len)
{
	if (len == 0)
		return to;
	to = put_field(to, number, len);
	memcpy(to, text, len);
	return to + len;
}

/* InsertParam: a RowRecord for each vector, of floats (field 1) or bytes (2). */
MfStatus
m1_encode_insert(const MfWrite *write, const M1Piece *piece, uint8_t **body, size_t *len, MfError *err)
{
	const MfColumn *vectors = &piece->batch->columns[write->vector];
	int			inner = vectors->kind == MF_KIND_VEC_BIT ? 2 : 1;
	size_t		record = field_size(vectors->width);
	size_t		name_len = strlen(write->collection);
	size_t		ids = 0;
	size_t		size;
	uint8_t    *to;
	bool		given;

	if (check_ids(write, piece, &given, err) != MF_OK)
		return MF_ERROR;
	if (given)
		ids = ids_size(write, piece);
	size = field_size(name_len) + (size_t) piece->nrows * field_size(record) + (given ? field_size(ids) : 0) +
		field_size(piece->tag_len) + 32;
	if (size > MOST_BODY)
	{
		mf_error(err, MF_PROGRAM_LIMIT, "%lld rows are too large for one request to Milvus 1.x", (long long) piece->nrows);
		mf_error_hint(err, "Lower batch_size or batch_bytes.");
		return MF_ERROR;
	}
	*body = to = malloc(size);
	if (to == NULL)
		return mf_error_oom(err, size);
	to = put_text(to, 1, write->collection, name_len);
	for (int32_t i = 0; i < piece->nrows; i++)
	{
		to = put_field(to, 2, record);
		to = put_field(to, inner, vectors->width);
		memcpy(to, mf_fixed_at(vectors, piece->rows[i]), vectors->width);
		to += vectors->width;
	}
	if (given)
		to = put_ids(write, piece, 3, ids, to);
	to = put_text(to, 4, piece->tag, piece->tag_len);
	*len = (size_t) (to - *body);
	return MF_OK;
}

MfStatus
m1_encode_delete(const MfWrite *write, const M1Piece *piece, uint8_t **body, size_t *len, MfError *err)
{
	size_t		name_len = strlen(write->collection);
	size_t		ids = ids_size(write, piece);
	size_t		size = field_size(name_len) + field_size(ids) + 16;
	uint8_t    *to = malloc(size);

	*body = to;
	if (to == NULL)
		return mf_error_oom(err, size);
	to = put_text(to, 1, write->collection, name_len);
	to = put_ids(write, piece, 2, ids, to);
	*len = (size_t) (to - *body);
	return MF_OK;
}
