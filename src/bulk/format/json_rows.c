/*
 * json_rows.c - How does a batch become rows of JSON?
 *
 * {"rows":[{...},...]}, a row a line: the form that every Milvus from 2.2 to 2.6
 * imports (importutil's and importutilv2's JSON readers), values as these read
 * them: exact numbers, vectors as arrays, bits and halves likewise, JSON that is
 * no object as its text.
 */
#include "format.h"

#include <string.h>

#include "half.h"

#define PIECE_BYTES (256 * 1024)

static const char *
refuse_kind(MfKind kind)
{
	switch (kind)
	{
		case MF_KIND_BYTES:
			return "JSON has no type for bytes; encode() makes text of them.";
		case MF_KIND_NONE:
		case MF_KIND_DECIMAL:
		case MF_KIND_UUID:
		case MF_KIND_INET:
			return "It has to be staged as text.";
		default:
			return NULL;
	}
}

static const char *
refuse(const MfFormatColumn *column)
{
	return refuse_kind(column->kind == MF_KIND_LIST ? column->elem : column->kind);
}

static void
json_end(MfEncoder *encoder)
{
	mf_free(encoder->spec->mem, encoder->out.data);
	mf_free(encoder->spec->mem, encoder);
}

static MfEncoder *
json_begin(const MfEncodeSpec *spec)
{
	MfEncoder  *encoder = mf_calloc(spec->mem, sizeof(MfEncoder));

	if (encoder != NULL)
		*encoder = (MfEncoder) {.format = &mf_format_json,.spec = spec,.out = {.mem = spec->mem}};
	return encoder;
}

static MfStatus
file_begin(MfEncoder *encoder, MfPiece *piece, MfError *err)
{
	encoder->rows = 0;
	encoder->out.len = 0;
	mf_json_buf_add(&encoder->out, "{\"rows\":[");
	return mf_piece_of(encoder, piece, err);
}

static MfStatus
file_end(MfEncoder *encoder, MfPiece *piece, MfError *err)
{
	encoder->out.len = 0;
	mf_json_buf_add(&encoder->out, "\n]}\n");
	return mf_piece_of(encoder, piece, err);
}

/* An object stands as it is; for Milvus anything else is the text of a value. */
static void
put_json(MfBytes *out, const char *text, size_t len)
{
	size_t		i = 0;

	while (i < len && strchr(" \t\r\n", text[i]) != NULL && text[i] != '\0')
		i++;
	if (i < len && text[i] == '{')
		mf_json_buf_raw(out, text, len);
	else
		mf_json_buf_quote_bytes(out, text, len);
}

static void
put_raw(MfBytes *out, const MfColumn *col, int32_t row)
{
	size_t		len;
	const char *text = mf_varying_at(col, row, &len);

	mf_json_buf_raw(out, text, len);
}

static void
put_int(MfBytes *out, const char *at, size_t width)
{
	int8_t		i8;
	int16_t		i16;
	int32_t		i32;
	int64_t		i64 = 0;

	if (width == 1)
	{
		memcpy(&i8, at, 1);
		i64 = i8;
	}
	else if (width == 2)
	{
		memcpy(&i16, at, 2);
		i64 = i16;
	}
	else if (width == 4)
	{
		memcpy(&i32, at, 4);
		i64 = i32;
	}
	else
		memcpy(&i64, at, 8);
	mf_json_buf_int(out, i64);
}

static bool
put_float(MfBytes *out, const char *at)
{
	float		value;

	memcpy(&value, at, sizeof(value));
	return mf_json_f32_text(out, value);
}

static bool
put_element(MfBytes *out, MfKind kind, const char *at)
{
	uint16_t	half;

	switch (kind)
	{
		case MF_KIND_VEC_F32:
			return put_float(out, at);
		case MF_KIND_VEC_F16:
		case MF_KIND_VEC_BF16:
			memcpy(&half, at, sizeof(half));
			return mf_json_f32_text(out, kind == MF_KIND_VEC_F16 ? mf_half_value(half) : mf_bfloat_value(half));
		case MF_KIND_VEC_I8:
			put_int(out, at, 1);
			return true;
		default:
			mf_json_buf_int(out, *(const unsigned char *) at);
			return true;
	}
}

static bool
put_vector(MfBytes *out, const MfColumn *col, int32_t row)
{
	const char *at = mf_fixed_at(col, row);
	size_t		width = col->kind == MF_KIND_VEC_F32 ? 4 : col->kind == MF_KIND_VEC_F16 || col->kind == MF_KIND_VEC_BF16 ? 2 : 1;

	mf_json_buf_raw(out, "[", 1);
	for (size_t i = 0; i < col->width; i += width)
	{
		if (i > 0)
			mf_json_buf_raw(out, ",", 1);
		if (!put_element(out, col->kind, at + i))
			return false;
	}
	mf_json_buf_raw(out, "]", 1);
	return true;
}

static void
put_time(MfBytes *out, const char *at, bool local)
{
	char		time[MF_ISO_TIME_BYTES];
	int64_t		us;

	memcpy(&us, at, sizeof(us));
	mf_json_buf_quote_bytes(out, time, mf_iso_time(time, us, local));
}

/* false = NaN or infinite */
static bool
put_value(MfBytes *out, const MfColumn *col, int32_t row, bool local_time)
{
	size_t		len = 0;
	const char *at = col->stride > 0 ? mf_fixed_at(col, row) :
		col->kind != MF_KIND_LIST ? mf_varying_at(col, row, &len) : NULL;
	double		value;

	switch (col->kind)
	{
		case MF_KIND_BOOL:
			mf_json_buf_add(out, *at ? "true" : "false");
			return true;
		case MF_KIND_F32:
			return put_float(out, at);
		case MF_KIND_F64:
			memcpy(&value, at, sizeof(value));
			return mf_json_f64_text(out, value);
		case MF_KIND_TEXT:
			mf_json_buf_quote_bytes(out, at, len);
			return true;
		case MF_KIND_JSON:
			put_json(out, at, len);
			return true;
		case MF_KIND_SPARSE:
			return mf_sparse_json(out, at, len);
		case MF_KIND_TIMESTAMP:
			put_time(out, at, local_time);
			return true;
		case MF_KIND_LIST:
			mf_json_buf_raw(out, "[", 1);
			for (int64_t i = col->offsets[row]; i < col->offsets[row + 1]; i++)
			{
				if (i > col->offsets[row])
					mf_json_buf_raw(out, ",", 1);
				if (!put_value(out, col->child, (int32_t) i, local_time))
					return false;
			}
			mf_json_buf_raw(out, "]", 1);
			return true;
		default:
			if (mf_kind_is_vector(col->kind))
				return put_vector(out, col, row);
			put_int(out, at, col->width);
			return true;
	}
}

static MfStatus
put_row(MfEncoder *encoder, const MfBatch *batch, int32_t row, MfError *err)
{
	MfBytes    *out = &encoder->out;

	mf_json_buf_add(out, encoder->rows > 0 ? ",\n{" : "\n{");
	for (int c = 0; c < encoder->spec->ncolumns; c++)
	{
		const MfFormatColumn *column = &encoder->spec->columns[c];

		if (c > 0)
			mf_json_buf_raw(out, ",", 1);
		mf_json_buf_quote(out, column->name);
		mf_json_buf_raw(out, ":", 1);
		if (mf_column_state(&batch->columns[c], row) != MF_VALUE_PRESENT)
		{
			if (column->not_null)
				return mf_format_null_error(err, column, batch, row);
			mf_json_buf_add(out, "null");
		}
		else if (column->raw_json)
			put_raw(out, &batch->columns[c], row);
		else if (!put_value(out, &batch->columns[c], row, column->local_time))
			return mf_format_error(err, MF_NUMERIC_OUT_OF_RANGE, column, batch, row, "JSON cannot hold NaN or infinity");
	}
	mf_json_buf_raw(out, "}", 1);
	encoder->rows++;
	return MF_OK;
}

static MfStatus
next(MfEncoder *encoder, const MfBatch *batch, MfPiece *piece, MfError *err)
{
	if (piece->row >= batch->nrows)
		return MF_END;
	encoder->out.len = 0;
	piece->stream = 0;
	while (piece->row < batch->nrows && encoder->out.len < PIECE_BYTES)
	{
		if (put_row(encoder, batch, piece->row, err) != MF_OK)
			return MF_ERROR;
		piece->row++;
	}
	return mf_piece_of(encoder, piece, err);
}

const MfFormat mf_format_json = {
	.name = "json",
	.suffix = ".json",
	.content_type = "application/json",
	.batch_bytes = 1024 * 1024,
	.refuse = refuse,
	.begin = json_begin,
	.end = json_end,
	.file_begin = file_begin,
	.next = next,
	.file_end = file_end,
};
