/*
 * parquet_codec.c - How does a page go into the file?
 *
 * A head of Thrift, then levels and values compressed together (data page v1),
 * with the CRC-32 of those bytes, which readers check if asked to.
 */
#include "crc.h"
#include "parquet.h"

#include <snappy-c.h>

static void
put_head(MfBytes *out, size_t raw, size_t len, uint32_t crc, size_t values)
{
	MfThrift	t = {.out = out};

	mf_thrift_open(&t, 0);
	mf_thrift_i32(&t, 1, 0);	/* DATA_PAGE */
	mf_thrift_i32(&t, 2, (int32_t) raw);
	mf_thrift_i32(&t, 3, (int32_t) len);
	mf_thrift_i32(&t, 4, (int32_t) crc);
	mf_thrift_open(&t, 5);
	mf_thrift_i32(&t, 1, (int32_t) values);
	mf_thrift_i32(&t, 2, PQ_PLAIN);
	mf_thrift_i32(&t, 3, PQ_RLE);
	mf_thrift_i32(&t, 4, PQ_RLE);
	mf_thrift_close(&t);
	mf_thrift_close(&t);
}

/* The page's bytes, compressed into `room`. */
static MfStatus
compress_page(PqEncoder *pq, MfBytes *room, MfError *err)
{
	const MfBytes *page = &pq->page;
	bool		zstd = pq->base.spec->codec == MF_CODEC_ZSTD;
	size_t		bound = zstd ? ZSTD_compressBound(page->len) : snappy_max_compressed_length(page->len);
	size_t		size = bound;

	room->len = 0;
	if (room->cap < bound)
	{
		char	   *bigger = mf_realloc(room->mem, room->data, bound);

		if (bigger == NULL)
			return mf_error_oom(err, bound);
		room->data = bigger;
		room->cap = bound;
	}
	if (zstd)
	{
		size = ZSTD_compressCCtx(pq->zstd, room->data, room->cap, page->data, page->len, 1);
		if (ZSTD_isError(size))
			return mf_error(err, MF_INTERNAL, "could not compress: %s", ZSTD_getErrorName(size));
	}
	else if (snappy_compress(page->data, page->len, room->data, &size) != SNAPPY_OK)
		return mf_error(err, MF_INTERNAL, "could not compress a page");
	room->len = size;
	return MF_OK;
}

/* As it is: the values are not copied. */
static void
put_plain(PqEncoder *pq, size_t values, size_t *head)
{
	MfBytes    *out = &pq->base.out;
	MfBytes    *page = &pq->page;
	uint32_t	crc = mf_crc32(mf_crc32(0, page->data, page->len), pq->values, pq->values_len);

	put_head(out, page->len + pq->values_len, page->len + pq->values_len, crc, values);
	*head = out->len;
	if (pq->values_len > 0)
	{
		mf_json_buf_raw(out, page->data, page->len);
		pq->tail = pq->values;
		pq->tail_len = pq->values_len;
		return;
	}
	pq->tail = page->data;
	pq->tail_len = page->len;
}

MfStatus
pq_put_page(PqEncoder *pq, size_t values, size_t *head, MfError *err)
{
	MfBytes    *out = &pq->base.out;
	MfBytes    *page = &pq->page;
	MfBytes    *made = &pq->levels; /* free by now */

	out->len = 0;
	if (pq->base.spec->codec == MF_CODEC_NONE)
	{
		put_plain(pq, values, head);
		return MF_OK;
	}
	mf_json_buf_raw(page, pq->values, pq->values_len);
	if (page->failed)
		return mf_error_oom(err, page->cap * 2);
	if (compress_page(pq, made, err) != MF_OK)
		return MF_ERROR;
	put_head(out, page->len, made->len, mf_crc32(0, made->data, made->len), values);
	*head = out->len;
	pq->tail = made->data;
	pq->tail_len = made->len;
	return MF_OK;
}
