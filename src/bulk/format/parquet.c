/*
 * parquet.c - How does a batch become a row group of a Parquet file?
 *
 * By the specification of apache/parquet-format: magic, row groups of column
 * chunks of pages, footer.  A batch is a row group; a call makes a page of
 * about 1 MB, so that neither time nor memory grows with the batch.
 */
#include "parquet.h"

#define PAGE_BYTES (1024 * 1024)

int
pq_type(MfKind kind)
{
	switch (kind)
	{
		case MF_KIND_BOOL:
			return PQ_BOOLEAN;
		case MF_KIND_I8:
		case MF_KIND_I16:
		case MF_KIND_I32:
			return PQ_INT32;
		case MF_KIND_I64:
		case MF_KIND_U64:
		case MF_KIND_TIMESTAMP:
			return PQ_INT64;
		case MF_KIND_F32:
			return PQ_FLOAT;
		case MF_KIND_F64:
			return PQ_DOUBLE;
		default:
			return PQ_BYTE_ARRAY;
	}
}

/* Bits and halves are bytes, as Milvus takes them. */
static void
plan_column(const MfFormatColumn *column, PqColumn *out)
{
	out->column = column;
	out->leaf = column->kind;
	out->list = true;
	if (column->kind == MF_KIND_LIST)
		out->leaf = column->elem;
	else if (column->kind == MF_KIND_VEC_F32)
		out->leaf = MF_KIND_F32;
	else if (column->kind == MF_KIND_VEC_I8)
		out->leaf = MF_KIND_I8;
	else
		out->list = false;
	out->time_text = out->leaf == MF_KIND_TIMESTAMP && column->time_text;
	if (out->time_text)
		out->leaf = MF_KIND_TEXT;
}

static const char *
refuse(const MfFormatColumn *column)
{
	switch (column->kind == MF_KIND_LIST ? column->elem : column->kind)
	{
		case MF_KIND_NONE:
		case MF_KIND_DECIMAL:
		case MF_KIND_UUID:
		case MF_KIND_INET:
			return "It has to be staged as text.";
		default:
			return NULL;
	}
}

static void
pq_end(MfEncoder *encoder)
{
	PqEncoder  *pq = (PqEncoder *) encoder;
	MfMem	   *mem = encoder->spec->mem;

	ZSTD_freeCCtx(pq->zstd);
	mf_free(mem, pq->base.out.data);
	mf_free(mem, pq->page.data);
	mf_free(mem, pq->levels.data);
	mf_free(mem, pq->columns);
	mf_free(mem, pq->chunks);
	mf_free(mem, pq->group_rows);
	mf_free(mem, pq);
}

static MfEncoder *
pq_begin(const MfEncodeSpec *spec)
{
	PqEncoder  *pq = mf_calloc(spec->mem, sizeof(PqEncoder));

	if (pq == NULL)
		return NULL;
	pq->base = (MfEncoder) {.format = &mf_format_parquet,.spec = spec,.out = {.mem = spec->mem}};
	pq->page.mem = spec->mem;
	pq->levels.mem = spec->mem;
	pq->columns = mf_calloc(spec->mem, sizeof(PqColumn) * (size_t) (spec->ncolumns + 1));
	if (spec->codec == MF_CODEC_ZSTD)
		pq->zstd = ZSTD_createCCtx();
	if (pq->columns == NULL || (spec->codec == MF_CODEC_ZSTD && pq->zstd == NULL))
	{
		pq_end(&pq->base);
		return NULL;
	}
	for (int i = 0; i < spec->ncolumns; i++)
		plan_column(&spec->columns[i], &pq->columns[i]);
	return &pq->base;
}

/* Count what goes out, because the footer holds positions. */
static MfStatus
piece_of(PqEncoder *pq, MfPiece *piece, MfError *err)
{
	MfStatus	status = mf_piece_of(&pq->base, piece, err);

	piece->stream = 0;
	piece->tail = pq->tail;
	piece->tail_len = pq->tail_len;
	pq->written += (int64_t) (pq->base.out.len + pq->tail_len);
	pq->tail_len = 0;
	return status;
}

static MfStatus
file_begin(MfEncoder *encoder, MfPiece *piece, MfError *err)
{
	PqEncoder  *pq = (PqEncoder *) encoder;

	encoder->rows = 0;
	encoder->out.len = 0;
	pq->written = 0;
	pq->ngroups = 0;
	mf_json_buf_raw(&encoder->out, "PAR1", 4);
	return piece_of(pq, piece, err);
}

static MfStatus
file_end(MfEncoder *encoder, MfPiece *piece, MfError *err)
{
	encoder->out.len = 0;
	pq_footer((PqEncoder *) encoder);
	return piece_of((PqEncoder *) encoder, piece, err);
}

static bool
open_group(PqEncoder *pq, int32_t rows)
{
	size_t		columns = (size_t) pq->base.spec->ncolumns;
	MfMem	   *mem = pq->base.spec->mem;

	if (pq->ngroups == pq->room)
	{
		int			room = pq->room * 2 + 8;
		PqChunk    *chunks = mf_realloc(mem, pq->chunks, sizeof(PqChunk) * (size_t) room * (columns + 1));
		int64_t    *group_rows;

		if (chunks == NULL)
			return false;
		pq->chunks = chunks;
		group_rows = mf_realloc(mem, pq->group_rows, sizeof(int64_t) * (size_t) room);
		if (group_rows == NULL)
			return false;
		pq->group_rows = group_rows;
		pq->room = room;
	}
	pq->group_rows[pq->ngroups++] = rows;
	return true;
}

/* Bytes of one row of a column, about. */
static size_t
row_bytes(const MfColumn *col, int32_t row)
{
	if (col->kind == MF_KIND_LIST)
	{
		int64_t		from = col->offsets[row];
		int64_t		n = col->offsets[row + 1] - from;

		if (col->child->stride > 0)
			return (size_t) n * (col->child->width < 4 ? 4 : col->child->width) + 1;
		return (size_t) (col->child->offsets[from + n] - col->child->offsets[from]) + (size_t) n * 4 + 1;
	}
	if (col->stride > 0)
		return col->width + 4;
	return (size_t) (col->offsets[row + 1] - col->offsets[row]) + 4;
}

static int32_t
page_end(const MfColumn *col, int32_t from, int32_t rows)
{
	size_t		bytes = 0;

	do
		bytes += row_bytes(col, from++);
	while (from < rows && bytes < PAGE_BYTES);
	return from;
}

static MfStatus
next(MfEncoder *encoder, const MfBatch *batch, MfPiece *piece, MfError *err)
{
	PqEncoder  *pq = (PqEncoder *) encoder;
	const MfEncodeSpec *spec = encoder->spec;
	PqChunk    *chunk;
	int32_t		to;

	if (batch->nrows == 0 || piece->column >= spec->ncolumns)
	{
		encoder->rows += batch->nrows;
		return MF_END;
	}
	if (piece->column == 0 && piece->row == 0 && !open_group(pq, batch->nrows))
		return mf_error_oom(err, sizeof(PqChunk) * (size_t) spec->ncolumns);
	chunk = &pq->chunks[(size_t) (pq->ngroups - 1) * spec->ncolumns + piece->column];
	if (piece->row == 0)
		*chunk = (PqChunk) {.offset = pq->written,.bounded = true,.least.len = -1,.greatest.len = -1};
	encoder->out.len = 0;
	to = page_end(&batch->columns[piece->column], piece->row, batch->nrows);
	if (pq_page(pq, chunk, batch, piece->column, piece->row, to, err) != MF_OK)
		return MF_ERROR;
	piece->row = to;
	if (to == batch->nrows)
	{
		piece->row = 0;
		piece->column++;
	}
	return piece_of(pq, piece, err);
}

/* 16 MB a row group: half of what pymilvus makes, because a backend's memory holds it. */
const MfFormat mf_format_parquet = {
	.name = "parquet",
	.suffix = ".parquet",
	.content_type = "application/vnd.apache.parquet",
	.batch_bytes = 16 * 1024 * 1024,
	.compresses = true,
	.refuse = refuse,
	.begin = pq_begin,
	.end = pq_end,
	.file_begin = file_begin,
	.next = next,
	.file_end = file_end,
};
