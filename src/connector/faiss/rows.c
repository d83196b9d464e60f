/*
 * rows.c - How are vectors that lie in the file as they are read?
 *
 * Segment by segment, a quarter of a megabyte at once, whatever the size of
 * the file.  Ids come from beside the vectors, from the map of ids, or are
 * counted.
 */
#include <string.h>

#include "faiss.h"

/* Ids of the map held in memory: many where rows come in order, few where not. */
#define MAP_IN_ORDER 8192
#define MAP_AT_RANDOM 64

MfStatus
mf_faiss_rows_begin(MfMem *mem, const MfFaissFile *file, int64_t first, int64_t count, MfFaissRows *rows,
					MfError *err)
{
	size_t		room = file->width > MF_FAISS_READ ? file->width : MF_FAISS_READ;

	memset(rows, 0, sizeof(*rows));
	rows->file = file;
	rows->buffer = mf_alloc(mem, room);
	rows->map = mf_alloc(mem, sizeof(int64_t) * MAP_IN_ORDER);
	if (rows->buffer == NULL || rows->map == NULL)
	{
		mf_faiss_rows_end(mem, rows);
		return mf_error_oom(err, room);
	}
	rows->row = first;
	rows->left = count;
	while (rows->segment < file->nsegments && first >= file->segments[rows->segment].n)
		first -= file->segments[rows->segment++].n;
	rows->in_segment = first;
	return MF_OK;
}

void
mf_faiss_rows_end(MfMem *mem, MfFaissRows *rows)
{
	mf_free(mem, rows->buffer);
	mf_free(mem, rows->map);
	memset(rows, 0, sizeof(*rows));
}

/* The nth id of the map. */
static MfStatus
mapped(MfFaissRows *rows, int64_t n, int64_t window, int64_t *id, MfError *err)
{
	const MfFaissFile *file = rows->file;

	if (n < 0 || n >= file->ntotal)
	{
		mf_error(err, MF_FDW_REPLY_HANDLE, "file \"%s\" is not a sound Faiss index", file->path);
		mf_error_detail(err, "A list names row %lld of %lld.", (long long) n, (long long) file->ntotal);
		return MF_ERROR;
	}
	if (n < rows->map_at || n >= rows->map_at + rows->map_len)
	{
		rows->map_at = n - n % window;
		rows->map_len = file->ntotal - rows->map_at < window ? file->ntotal - rows->map_at : window;
		if (mf_file_read(file->fd, file->path, rows->map, sizeof(int64_t) * (size_t) rows->map_len,
						 file->id_map + rows->map_at * 8, err) != MF_OK)
		{
			rows->map_len = 0;
			return MF_ERROR;
		}
	}
	*id = rows->map[n - rows->map_at];
	return MF_OK;
}

static MfStatus
read_ids(MfMem *mem, MfFaissRows *rows, const MfFaissSegment *segment, MfColumn *ids, int32_t n, MfError *err)
{
	const MfFaissFile *file = rows->file;
	int64_t    *to;

	if (!mf_column_reserve(mem, ids, n))
		return mf_error_oom(err, sizeof(int64_t) * (size_t) n);
	to = mf_fixed_at(ids, ids->nrows);
	if (segment->ids >= 0 && mf_file_read(file->fd, file->path, to, sizeof(int64_t) * (size_t) n,
										  segment->ids + rows->in_segment * 8, err) != MF_OK)
		return MF_ERROR;
	for (int32_t i = 0; i < n; i++)
	{
		if (segment->ids < 0)
			to[i] = rows->row + i;
		if (file->id_map >= 0 &&
			mapped(rows, to[i], segment->ids < 0 ? MAP_IN_ORDER : MAP_AT_RANDOM, &to[i], err) != MF_OK)
			return MF_ERROR;
		ids->valid[ids->nrows >> 3] |= (uint8_t) (1 << (ids->nrows & 7));
		ids->nrows++;
	}
	return MF_OK;
}

static MfStatus
read_vectors(MfMem *mem, MfFaissRows *rows, const MfFaissSegment *segment, MfColumn *vectors, int32_t n, MfError *err)
{
	const MfFaissFile *file = rows->file;

	if (mf_file_read(file->fd, file->path, rows->buffer, (size_t) n * file->width,
					 segment->vectors + rows->in_segment * (int64_t) file->width, err) != MF_OK)
		return MF_ERROR;
	if (!mf_column_reserve(mem, vectors, n))
		return mf_error_oom(err, (size_t) n * vectors->stride);
	for (int32_t i = 0; i < n; i++)
	{
		memcpy(mf_fixed_at(vectors, vectors->nrows), rows->buffer + (size_t) i * file->width, file->width);
		vectors->valid[vectors->nrows >> 3] |= (uint8_t) (1 << (vectors->nrows & 7));
		vectors->nrows++;
	}
	return MF_OK;
}

MfStatus
mf_faiss_rows_next(MfMem *mem, MfFaissRows *rows, MfColumn *ids, MfColumn *vectors,
				   int32_t most, int32_t *n, MfError *err)
{
	const MfFaissFile *file = rows->file;
	const MfFaissSegment *segment;
	int64_t		at_once = vectors ? MF_FAISS_READ / (int64_t) file->width : most;

	*n = 0;
	while (rows->segment < file->nsegments && rows->in_segment == file->segments[rows->segment].n)
	{
		rows->segment++;
		rows->in_segment = 0;
	}
	if (rows->segment >= file->nsegments || rows->left == 0)
		return MF_OK;
	segment = &file->segments[rows->segment];
	*n = most;
	if (*n > at_once)
		*n = at_once > 0 ? (int32_t) at_once : 1;
	if (*n > segment->n - rows->in_segment)
		*n = (int32_t) (segment->n - rows->in_segment);
	if (*n > rows->left)
		*n = (int32_t) rows->left;
	if (ids != NULL && read_ids(mem, rows, segment, ids, *n, err) != MF_OK)
		return MF_ERROR;
	if (vectors != NULL && read_vectors(mem, rows, segment, vectors, *n, err) != MF_OK)
		return MF_ERROR;
	rows->in_segment += *n;
	rows->row += *n;
	rows->left -= *n;
	return MF_OK;
}
