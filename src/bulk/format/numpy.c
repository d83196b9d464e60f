/*
 * numpy.c - How does a batch become a set of NumPy files?
 *
 * Version 1.0 of the NPY format (numpy's own doc/neps/nep-0001-npy-format): a
 * magic, a Python dict of type and shape padded to 128 bytes here, then the
 * values, last index fastest.  The types are those that Milvus imports
 * (importutilv2/numpy): a file for each column, NAME.npy.
 *
 * Text has cells as wide as the longest (<Un, n code points of 4 bytes), so it
 * is written as lengths and bytes first and expanded at the end.
 */
#include "format.h"

#include <stdio.h>
#include <string.h>

#define HEAD_BYTES 128
#define EXPAND_BYTES (256 * 1024)	/* of a piece of cells */

typedef struct Stream
{
	int64_t		per_row;		/* elements of a list; -1 = no row yet */
	int64_t		width;			/* text: code points of the longest */
} Stream;

typedef struct Numpy
{
	MfEncoder	base;
	Stream	   *streams;
} Numpy;

static bool
is_text(const MfFormatColumn *column)
{
	return column->kind == MF_KIND_TEXT || column->kind == MF_KIND_JSON || column->kind == MF_KIND_TIMESTAMP;
}

static const char *
number_type(MfKind kind)
{
	switch (kind)
	{
		case MF_KIND_BOOL:
			return "|b1";
		case MF_KIND_I8:
		case MF_KIND_VEC_I8:
			return "|i1";
		case MF_KIND_I16:
			return "<i2";
		case MF_KIND_I32:
			return "<i4";
		case MF_KIND_I64:
			return "<i8";
		case MF_KIND_U64:
			return "<u8";
		case MF_KIND_F32:
		case MF_KIND_VEC_F32:
			return "<f4";
		case MF_KIND_F64:
			return "<f8";
		case MF_KIND_VEC_F16:
		case MF_KIND_VEC_BF16:
		case MF_KIND_VEC_BIT:
			return "|u1";		/* their bytes, as Milvus takes them */
		default:
			return NULL;
	}
}

/* The name of the file is the column's, which a path must not read otherwise. */
static const char *
refuse(const MfFormatColumn *column)
{
	if (column->name[0] == '\0' || column->name[0] == '.' || strpbrk(column->name, "/\\") != NULL)
		return "Each column is a file of its name, so the name must not begin with a dot or contain a slash.";
	if (strlen(column->name) > 200)
		return "Each column is a file of its name, so the name must not be longer than 200 bytes.";
	if (column->kind == MF_KIND_LIST)
		return number_type(column->elem) == NULL || column->elem >= MF_KIND_LIST ?
			"NumPy has arrays of numbers and booleans only." : NULL;
	if (is_text(column) || number_type(column->kind) != NULL)
		return NULL;
	return column->kind == MF_KIND_SPARSE ? "NumPy has no sparse vectors." : "NumPy has no type for it.";
}

static void
forget(Numpy *numpy)
{
	numpy->base.rows = 0;
	for (int i = 0; i < numpy->base.spec->ncolumns; i++)
		numpy->streams[i] = (Stream) {.per_row = -1};
}

static void
numpy_end(MfEncoder *encoder)
{
	Numpy	   *numpy = (Numpy *) encoder;
	MfMem	   *mem = encoder->spec->mem;

	mf_free(mem, encoder->out.data);
	mf_free(mem, numpy->streams);
	mf_free(mem, numpy);
}

static MfEncoder *
numpy_begin(const MfEncodeSpec *spec)
{
	Numpy	   *numpy = mf_calloc(spec->mem, sizeof(Numpy));

	if (numpy == NULL)
		return NULL;
	numpy->base = (MfEncoder) {.format = &mf_format_numpy,.spec = spec,.out = {.mem = spec->mem}};
	numpy->streams = mf_calloc(spec->mem, sizeof(Stream) * (size_t) (spec->ncolumns + 1));
	if (numpy->streams == NULL)
	{
		numpy_end(&numpy->base);
		return NULL;
	}
	forget(numpy);
	return &numpy->base;
}

/* Room for the head, which is known at the end. */
static MfStatus
file_begin(MfEncoder *encoder, MfPiece *piece, MfError *err)
{
	static const char zeros[HEAD_BYTES];

	forget((Numpy *) encoder);
	encoder->out.len = 0;
	mf_json_buf_raw(&encoder->out, zeros, HEAD_BYTES);
	return mf_piece_of(encoder, piece, err);
}

static MfStatus
file_end(MfEncoder *encoder, MfPiece *piece, MfError *err)
{
	encoder->out.len = 0;
	return mf_piece_of(encoder, piece, err);
}

static int64_t
code_points(const char *text, size_t len)
{
	int64_t		n = 0;

	for (size_t i = 0; i < len; i++)
		n += ((unsigned char) text[i] & 0xC0) != 0x80;
	return n;
}

static void
put_text(Numpy *numpy, Stream *stream, const MfFormatColumn *column, const MfColumn *col, int32_t row)
{
	char		time[MF_ISO_TIME_BYTES];
	const char *text = time;
	size_t		len;
	uint32_t	length;
	int64_t		points;

	if (column->kind == MF_KIND_TIMESTAMP)
	{
		int64_t		us;

		memcpy(&us, mf_fixed_at(col, row), sizeof(us));
		len = mf_iso_time(time, us, column->local_time);
	}
	else
		text = mf_varying_at(col, row, &len);
	length = (uint32_t) len;
	points = code_points(text, len);
	if (points > stream->width)
		stream->width = points;
	mf_json_buf_raw(&numpy->base.out, (const char *) &length, sizeof(length));
	mf_json_buf_raw(&numpy->base.out, text, len);
}

/* All lists of a file are as long as its first. */
static bool
check_lengths(Stream *stream, const MfColumn *col, int32_t *row)
{
	for (*row = 0; *row < col->nrows; ++*row)
	{
		int64_t		n = col->offsets[*row + 1] - col->offsets[*row];

		if (stream->per_row < 0)
			stream->per_row = n;
		if (stream->per_row != n)
			return false;
	}
	return true;
}

static MfStatus
put_list(Numpy *numpy, int c, const MfBatch *batch, MfPiece *piece, MfError *err)
{
	const MfFormatColumn *column = &numpy->base.spec->columns[c];
	const MfColumn *col = &batch->columns[c];
	int32_t		row;

	if (!check_lengths(&numpy->streams[c], col, &row))
	{
		mf_format_error(err, MF_DATA_EXCEPTION, column, batch, row, "array of another length than the first");
		mf_error_detail(err, "It has %lld elements, the first of the file has %lld; a NumPy array has rows of one length.",
						(long long) (col->offsets[row + 1] - col->offsets[row]), (long long) numpy->streams[c].per_row);
		return MF_ERROR;
	}
	piece->data = col->child->values;
	piece->len = (size_t) col->child->nrows * col->child->width;
	return MF_OK;
}

static MfStatus
next(MfEncoder *encoder, const MfBatch *batch, MfPiece *piece, MfError *err)
{
	Numpy	   *numpy = (Numpy *) encoder;
	int			c = piece->column++;
	const MfFormatColumn *column = &encoder->spec->columns[c];
	const MfColumn *col;

	if (c >= encoder->spec->ncolumns)
	{
		encoder->rows += batch->nrows;
		return MF_END;
	}
	col = &batch->columns[c];
	piece->stream = c;
	for (int32_t row = 0; col->nnull > 0 && row < col->nrows; row++)
	{
		if (mf_column_state(col, row) != MF_VALUE_PRESENT)
		{
			mf_format_error(err, MF_NOT_NULL_VIOLATION, column, batch, row, "NumPy files cannot hold NULL");
			mf_error_hint(err, "Use coalesce() in the query, or another format.");
			return MF_ERROR;
		}
	}
	if (column->kind == MF_KIND_LIST)
		return put_list(numpy, c, batch, piece, err);
	if (!is_text(column))
	{
		/* without headroom vectors lie back to back */
		piece->data = col->values;
		piece->len = (size_t) col->nrows * col->width;
		return MF_OK;
	}
	encoder->out.len = 0;
	for (int32_t row = 0; row < col->nrows; row++)
		put_text(numpy, &numpy->streams[c], column, col, row);
	return mf_piece_of(encoder, piece, err);
}

static void
shape_of(const Numpy *numpy, int c, char *descr, size_t size, char *shape, size_t shape_size)
{
	const MfFormatColumn *column = &numpy->base.spec->columns[c];
	const Stream *stream = &numpy->streams[c];
	long long	rows = (long long) numpy->base.rows;

	snprintf(shape, shape_size, "(%lld,)", rows);
	if (is_text(column))
	{
		/* numpy takes <U0 for "unknown" */
		snprintf(descr, size, "<U%lld", (long long) (stream->width > 0 ? stream->width : 1));
		return;
	}
	snprintf(descr, size, "%s", number_type(column->kind == MF_KIND_LIST ? column->elem : column->kind));
	if (column->kind == MF_KIND_LIST)
		snprintf(shape, shape_size, "(%lld, %lld)", rows, (long long) (stream->per_row > 0 ? stream->per_row : 0));
	else if (mf_kind_is_vector(column->kind))
		snprintf(shape, shape_size, "(%lld, %lld)", rows,
				 column->kind == MF_KIND_VEC_F32 ? (long long) column->dim :
				 (long long) mf_kind_width(column->kind, column->dim));
}

static MfStatus
head(MfEncoder *encoder, int stream, MfPiece *piece, MfError *err)
{
	char		descr[32];
	char		shape[64];
	char		text[HEAD_BYTES + 1];
	int			n;

	shape_of((Numpy *) encoder, stream, descr, sizeof(descr), shape, sizeof(shape));
	memcpy(text, "\x93NUMPY\x01\x00", 8);
	text[8] = (char) (HEAD_BYTES - 10);
	text[9] = 0;
	n = 10 + snprintf(text + 10, sizeof(text) - 10, "{'descr': '%s', 'fortran_order': False, 'shape': %s, }", descr, shape);
	memset(text + n, ' ', (size_t) (HEAD_BYTES - n));
	text[HEAD_BYTES - 1] = '\n';
	encoder->out.len = 0;
	mf_json_buf_raw(&encoder->out, text, HEAD_BYTES);
	return mf_piece_of(encoder, piece, err);
}

static bool
expands(const MfEncoder *encoder, int stream)
{
	return is_text(&encoder->spec->columns[stream]);
}

/* One character of valid UTF-8. */
static uint32_t
decode(const unsigned char **p)
{
	const unsigned char *s = *p;
	int			n = s[0] < 0x80 ? 1 : s[0] < 0xE0 ? 2 : s[0] < 0xF0 ? 3 : 4;
	uint32_t	c = n == 1 ? s[0] : s[0] & (0x7F >> n);

	for (int i = 1; i < n; i++)
		c = c << 6 | (s[i] & 0x3F);
	*p += n;
	return c;
}

static void
put_cell(MfBytes *out, const char *text, size_t len, int64_t width)
{
	static const char zeros[1024];
	const unsigned char *p = (const unsigned char *) text;
	const unsigned char *end = p + len;
	size_t		left;

	for (; p < end; width--)
	{
		uint32_t	c = decode(&p);

		mf_json_buf_raw(out, (const char *) &c, sizeof(c));
	}
	for (left = (size_t) width * 4; left > 0;)
	{
		size_t		n = left < sizeof(zeros) ? left : sizeof(zeros);

		mf_json_buf_raw(out, zeros, n);
		left -= n;
	}
}

static MfStatus
expand(MfEncoder *encoder, int stream, const char *data, size_t len, size_t *used, MfPiece *piece, MfError *err)
{
	int64_t		width = ((Numpy *) encoder)->streams[stream].width;

	encoder->out.len = 0;
	*used = 0;
	while (len - *used >= sizeof(uint32_t) && encoder->out.len < EXPAND_BYTES && !encoder->out.failed)
	{
		uint32_t	length;

		memcpy(&length, data + *used, sizeof(length));
		if (len - *used - sizeof(length) < length)
			break;
		put_cell(&encoder->out, data + *used + sizeof(length), length, width > 0 ? width : 1);
		*used += sizeof(length) + length;
	}
	piece->stream = stream;
	return mf_piece_of(encoder, piece, err);
}

/* Text counts as wide as it will be. */
static int64_t
size(const MfEncoder *encoder, int64_t written)
{
	for (int i = 0; i < encoder->spec->ncolumns; i++)
		written += encoder->rows * 4 * ((const Numpy *) encoder)->streams[i].width;
	return written;
}

const MfFormat mf_format_numpy = {
	.name = "numpy",
	.suffix = ".npy",
	.content_type = "application/octet-stream",
	.file_per_column = true,
	.batch_bytes = 512 * 1024,
	.refuse = refuse,
	.begin = numpy_begin,
	.end = numpy_end,
	.file_begin = file_begin,
	.next = next,
	.file_end = file_end,
	.head = head,
	.expands = expands,
	.expand = expand,
	.size = size,
};
