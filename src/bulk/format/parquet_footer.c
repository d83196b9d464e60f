/*
 * parquet_footer.c - What does a Parquet file say about itself?
 *
 * FileMetaData of parquet.thrift.  A list is the three levels of
 * LogicalTypes.md (optional group, repeated group "list", required "element");
 * text and JSON are both strings, because Milvus takes nothing else for either.
 */
#include "parquet.h"

/* ConvertedType, which older readers go by */
#define C_UTF8 0
#define C_LIST 3
#define C_TIMESTAMP_MICROS 10
#define C_UINT_64 14
#define C_INT_8 15
#define C_INT_16 16

#define REQUIRED 0
#define OPTIONAL 1
#define REPEATED 2

/* LogicalType is a union: the field's number says which. */
static void
logical_int(MfThrift *t, int converted, int bits, bool is_signed)
{
	mf_thrift_i32(t, 6, converted);
	mf_thrift_open(t, 10);
	mf_thrift_open(t, 10);
	mf_thrift_i8(t, 1, (int8_t) bits);
	mf_thrift_bool(t, 2, is_signed);
	mf_thrift_close(t);
	mf_thrift_close(t);
}

static void
logical_empty(MfThrift *t, int converted, int which)
{
	mf_thrift_i32(t, 6, converted);
	mf_thrift_open(t, 10);
	mf_thrift_open(t, which);
	mf_thrift_close(t);
	mf_thrift_close(t);
}

static void
logical_time(MfThrift *t, bool local)
{
	if (!local)
		mf_thrift_i32(t, 6, C_TIMESTAMP_MICROS);
	mf_thrift_open(t, 10);
	mf_thrift_open(t, 8);
	mf_thrift_bool(t, 1, !local);
	mf_thrift_open(t, 2);
	mf_thrift_open(t, 2);		/* MICROS */
	mf_thrift_close(t);
	mf_thrift_close(t);
	mf_thrift_close(t);
	mf_thrift_close(t);
}

static void
leaf(MfThrift *t, const char *name, MfKind kind, int repetition, bool local_time)
{
	mf_thrift_open(t, 0);
	mf_thrift_i32(t, 1, pq_type(kind));
	mf_thrift_i32(t, 3, repetition);
	mf_thrift_text(t, 4, name);
	switch (kind)
	{
		case MF_KIND_TEXT:
		case MF_KIND_JSON:
		case MF_KIND_SPARSE:
			logical_empty(t, C_UTF8, 1);
			break;
		case MF_KIND_I8:
			logical_int(t, C_INT_8, 8, true);
			break;
		case MF_KIND_I16:
			logical_int(t, C_INT_16, 16, true);
			break;
		case MF_KIND_U64:
			logical_int(t, C_UINT_64, 64, false);
			break;
		case MF_KIND_TIMESTAMP:
			logical_time(t, local_time);
			break;
		default:
			break;
	}
	mf_thrift_close(t);
}

static void
group(MfThrift *t, const char *name, int repetition, int children, bool list)
{
	mf_thrift_open(t, 0);
	if (repetition >= 0)
		mf_thrift_i32(t, 3, repetition);
	mf_thrift_text(t, 4, name);
	mf_thrift_i32(t, 5, children);
	if (list)
		logical_empty(t, C_LIST, 3);
	mf_thrift_close(t);
}

static void
schema(MfThrift *t, const PqEncoder *pq)
{
	const MfEncodeSpec *spec = pq->base.spec;
	int			n = 1;

	for (int i = 0; i < spec->ncolumns; i++)
		n += pq->columns[i].list ? 3 : 1;
	mf_thrift_structs(t, 2, n);
	group(t, "schema", -1, spec->ncolumns, false);
	for (int i = 0; i < spec->ncolumns; i++)
	{
		const PqColumn *column = &pq->columns[i];
		const MfFormatColumn *from = column->column;

		if (column->list)
		{
			group(t, from->name, OPTIONAL, 1, true);
			group(t, "list", REPEATED, 1, false);
			leaf(t, "element", column->leaf, REQUIRED, from->local_time);
		}
		else
			leaf(t, from->name, column->leaf, OPTIONAL, from->local_time);
	}
}

static int
codec(MfCodec codec)
{
	return codec == MF_CODEC_ZSTD ? PQ_CODEC_ZSTD : codec == MF_CODEC_SNAPPY ? PQ_CODEC_SNAPPY : PQ_CODEC_NONE;
}

/* NULLs, and the least and greatest value in the order of their type. */
static void
statistics(MfThrift *t, const PqChunk *chunk)
{
	mf_thrift_open(t, 12);
	mf_thrift_i64(t, 3, chunk->nulls);
	if (chunk->bounded && chunk->least.len >= 0)
	{
		mf_thrift_bytes(t, 5, chunk->greatest.data, (size_t) chunk->greatest.len);
		mf_thrift_bytes(t, 6, chunk->least.data, (size_t) chunk->least.len);
	}
	mf_thrift_close(t);
}

static void
chunk(MfThrift *t, const PqEncoder *pq, const PqColumn *column, const PqChunk *chunk)
{
	static const int32_t encodings[] = {PQ_PLAIN, PQ_RLE};
	const char *path[] = {column->column->name, "list", "element"};

	mf_thrift_open(t, 0);
	mf_thrift_i64(t, 2, chunk->offset);
	mf_thrift_open(t, 3);
	mf_thrift_i32(t, 1, pq_type(column->leaf));
	mf_thrift_i32_list(t, 2, 2, encodings);
	mf_thrift_text_list(t, 3, column->list ? 3 : 1, path);
	mf_thrift_i32(t, 4, codec(pq->base.spec->codec));
	mf_thrift_i64(t, 5, chunk->values);
	mf_thrift_i64(t, 6, chunk->raw_bytes);
	mf_thrift_i64(t, 7, chunk->bytes);
	mf_thrift_i64(t, 9, chunk->offset);
	if (!column->list)
		statistics(t, chunk);
	mf_thrift_close(t);
	mf_thrift_close(t);
}

static void
row_group(MfThrift *t, const PqEncoder *pq, int g)
{
	const MfEncodeSpec *spec = pq->base.spec;
	const PqChunk *chunks = &pq->chunks[(size_t) g * spec->ncolumns];
	int64_t		raw = 0;
	int64_t		bytes = 0;

	mf_thrift_open(t, 0);
	mf_thrift_structs(t, 1, spec->ncolumns);
	for (int i = 0; i < spec->ncolumns; i++)
	{
		chunk(t, pq, &pq->columns[i], &chunks[i]);
		raw += chunks[i].raw_bytes;
		bytes += chunks[i].bytes;
	}
	mf_thrift_i64(t, 2, raw);
	mf_thrift_i64(t, 3, pq->group_rows[g]);
	if (spec->ncolumns > 0)
		mf_thrift_i64(t, 5, chunks[0].offset);
	mf_thrift_i64(t, 6, bytes);
	mf_thrift_close(t);
}

/* Without it nobody may trust the statistics. */
static void
column_orders(MfThrift *t, int ncolumns)
{
	mf_thrift_structs(t, 7, ncolumns);
	for (int i = 0; i < ncolumns; i++)
	{
		mf_thrift_open(t, 0);
		mf_thrift_open(t, 1);	/* TYPE_ORDER */
		mf_thrift_close(t);
		mf_thrift_close(t);
	}
}

void
pq_footer(PqEncoder *pq)
{
	MfThrift	t = {.out = &pq->base.out};
	size_t		start = pq->base.out.len;
	uint32_t	length;

	mf_thrift_open(&t, 0);
	mf_thrift_i32(&t, 1, 2);
	schema(&t, pq);
	mf_thrift_i64(&t, 3, pq->base.rows);
	mf_thrift_structs(&t, 4, pq->ngroups);
	for (int g = 0; g < pq->ngroups; g++)
		row_group(&t, pq, g);
	mf_thrift_text(&t, 6, "milvus_fdw");
	column_orders(&t, pq->base.spec->ncolumns);
	mf_thrift_close(&t);
	length = (uint32_t) (pq->base.out.len - start);
	mf_json_buf_raw(&pq->base.out, (const char *) &length, sizeof(length));
	mf_json_buf_raw(&pq->base.out, "PAR1", 4);
}
