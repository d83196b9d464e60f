/*
 * write_flat.c - How is a Flat index written without holding it?
 *
 * Headers first, with nothing in their counts; vectors as they come, ids to a
 * scratch file; at the end the ids follow and the counts are filled in.
 */
#define _GNU_SOURCE 1
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "faiss.h"

#define COPY_BYTES (1024 * 1024)
#define PIECE_MS 5

#define FLOAT_HEADER (4 + 33)
#define BINARY_HEADER (4 + 21)

bool
mf_faiss_flat_factory(const char *index, MfFaissFlat *flat)
{
	flat->map = 0;
	if (strncmp(index, "IDMap,", 6) == 0)
		flat->map = 1;
	else if (strncmp(index, "IDMap2,", 7) == 0)
		flat->map = 2;
	index += flat->map == 0 ? 0 : flat->map == 1 ? 6 : 7;
	flat->binary = strcmp(index, "BFlat") == 0;
	return flat->binary || strcmp(index, "Flat") == 0;
}

static size_t
put(char *to, const void *from, size_t len)
{
	memcpy(to, from, len);
	return len;
}

/* Header of an index: fourcc, dimensions, rows, the rest as Faiss writes it. */
static size_t
put_header(const MfFaissFlat *flat, char *to, const char *fourcc)
{
	int64_t		dummy = 1 << 20;
	int32_t		code_size = flat->dim / 8;
	int32_t		metric = flat->binary ? 1 : flat->metric;
	uint8_t		trained = 1;
	size_t		n = put(to, fourcc, 4);

	n += put(to + n, &flat->dim, 4);
	if (flat->binary)
		n += put(to + n, &code_size, 4);
	n += put(to + n, &flat->rows, 8);
	if (!flat->binary)
	{
		n += put(to + n, &dummy, 8);
		n += put(to + n, &dummy, 8);
	}
	n += put(to + n, &trained, 1);
	n += put(to + n, &metric, 4);
	return n;
}

static size_t
width(const MfFaissFlat *flat)
{
	return flat->binary ? (size_t) flat->dim / 8 : (size_t) flat->dim * 4;
}

/* Everything before the vectors, as it should be now. */
static size_t
put_front(const MfFaissFlat *flat, char *to)
{
	int64_t		values = flat->rows * (flat->binary ? flat->dim / 8 : flat->dim);
	size_t		n = 0;

	if (flat->map > 0)
		n += put_header(flat, to, flat->binary ? (flat->map == 1 ? "IBMp" : "IBM2") : flat->map == 1 ? "IxMp" : "IxM2");
	n += put_header(flat, to + n, flat->binary ? "IBxF" : flat->metric == 0 ? "IxFI" : "IxF2");
	return n + put(to + n, &values, 8);
}

static size_t
front_bytes(const MfFaissFlat *flat)
{
	return (size_t) (flat->binary ? BINARY_HEADER : FLOAT_HEADER) * (flat->map > 0 ? 2 : 1) + 8;
}

MfStatus
mf_faiss_flat_begin(MfFaissFlat *flat, MfError *err)
{
	flat->rows = flat->copied = 0;
	flat->ids = -1;
	if (flat->map > 0)
	{
		flat->ids = mf_new_file_scratch(flat->file);
		if (flat->ids < 0)
			return mf_file_error(err, "create a scratch file beside", flat->file->path, errno);
	}
	return MF_OK;
}

MfStatus
mf_faiss_flat_append(MfFaissFlat *flat, const char *vectors, const int64_t *ids, int32_t n, MfError *err)
{
	if (mf_file_write(flat->file->fd, flat->file->path, vectors, (size_t) n * width(flat),
					  (int64_t) front_bytes(flat) + flat->rows * (int64_t) width(flat), err) != MF_OK)
		return MF_ERROR;
	if (flat->ids >= 0 && ids != NULL &&
		mf_file_write(flat->ids, flat->file->path, ids, sizeof(int64_t) * (size_t) n, -1, err) != MF_OK)
		return MF_ERROR;
	for (int32_t i = 0; flat->ids >= 0 && ids == NULL && i < n; i++)
	{
		int64_t		id = flat->rows + i;

		if (mf_file_write(flat->ids, flat->file->path, &id, sizeof(id), -1, err) != MF_OK)
			return MF_ERROR;
	}
	flat->rows += n;
	return MF_OK;
}

/* The next part of the ids; false = they are all there. */
static MfStatus
copy_ids(MfFaissFlat *flat, MfError *err)
{
	static char buffer[COPY_BYTES];
	int64_t		left = flat->rows * 8 - flat->copied;
	size_t		len = left < COPY_BYTES ? (size_t) left : COPY_BYTES;
	int64_t		to = (int64_t) front_bytes(flat) + flat->rows * (int64_t) width(flat) + 8 + flat->copied;

	if (mf_file_read(flat->ids, flat->file->path, buffer, len, flat->copied, err) != MF_OK ||
		mf_file_write(flat->file->fd, flat->file->path, buffer, len, to, err) != MF_OK)
		return MF_ERROR;
	flat->copied += (int64_t) len;
	return MF_OK;
}

MfStatus
mf_faiss_flat_finish(MfFaissFlat *flat, MfWaitFor *wait, MfError *err)
{
	int64_t		until = mf_file_clock() + PIECE_MS;
	char		front[2 * FLOAT_HEADER + 8];

	while (flat->map > 0 && flat->copied < flat->rows * 8)
	{
		if (mf_file_clock() >= until)
		{
			wait->timeout_ms = 0;
			return MF_WAIT;
		}
		if (copy_ids(flat, err) != MF_OK)
			return MF_ERROR;
	}
	if (flat->map > 0 &&
		mf_file_write(flat->file->fd, flat->file->path, &flat->rows, 8,
					  (int64_t) front_bytes(flat) + flat->rows * (int64_t) width(flat), err) != MF_OK)
		return MF_ERROR;
	return mf_file_write(flat->file->fd, flat->file->path, front, put_front(flat, front), 0, err);
}

void
mf_faiss_flat_end(MfFaissFlat *flat)
{
	if (flat->ids >= 0)
		close(flat->ids);
	flat->ids = -1;
}
