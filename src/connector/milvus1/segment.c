/*
 * segment.c - Which rows does a segment hold, and which of them are deleted?
 *
 * Three files, each a count of bytes (uint64, little endian) and the bytes:
 * vectors (.rv), ids (.uid), and offsets of deleted rows (deleted_docs, int32,
 * in no order, perhaps repeated, perhaps missing).
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sys/stat.h>
#include <unistd.h>

#include "internal.h"

#define HEADER 8
#define OFFSETS_AT_ONCE 8192

static MfStatus
damaged(MfError *err, const M1File *file, const char *suffix, int64_t offset, const char *why)
{
	mf_error(err, MF_FDW_ERROR, "segment \"%s\" is damaged", file->name);
	mf_error_detail(err, "File \"%s%s\", offset %lld: %s.", file->name, suffix, (long long) offset, why);
	mf_error_hint(err, "Set option skip_damaged 'true' to leave such segments out with a warning.");
	return MF_ERROR;
}

static MfStatus
unreadable(MfError *err, const M1File *file, const char *suffix, int number)
{
	mf_error(err, MF_IO_ERROR, "could not read file \"%s%s\"", file->name, suffix);
	mf_error_detail(err, "%s.", strerror(number));
	if (number == ENOENT)
		mf_error_hint(err, "The metadata names it. Set option skip_damaged 'true' to leave such segments out with a warning.");
	return MF_ERROR;
}

static MfStatus
read_exactly(const M1File *file, int fd, const char *suffix, int64_t at, void *buf, size_t len, MfError *err)
{
	char	   *to = buf;

	while (len > 0)
	{
		ssize_t		got = pread(fd, to, len, (off_t) at);

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return unreadable(err, file, suffix, errno);
		if (got == 0)
			return damaged(err, file, suffix, at, "the file ends too early");
		to += got;
		at += got;
		len -= (size_t) got;
	}
	return MF_OK;
}

/* Open a file and check its length against its header; *bytes is what follows that. */
static MfStatus
open_checked(M1File *file, int segment, const char *file_name, const char *suffix, int *fd, int64_t *bytes, MfError *err)
{
	struct stat info;
	uint64_t	count;

	*fd = openat(segment, file_name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	if (*fd < 0)
		return unreadable(err, file, suffix, errno);
	if (fstat(*fd, &info) != 0)
		return unreadable(err, file, suffix, errno);
	if (!S_ISREG(info.st_mode))
		return damaged(err, file, suffix, 0, "it is not a regular file");
	if (info.st_size < HEADER)
		return damaged(err, file, suffix, (int64_t) info.st_size, "the file has no whole header");
	if (read_exactly(file, *fd, suffix, 0, &count, sizeof(count), err) != MF_OK)
		return MF_ERROR;
	if (count > (uint64_t) INT64_MAX || (int64_t) count != (int64_t) info.st_size - HEADER)
		return damaged(err, file, suffix, 0, "the length in its header is not the file's");
	*bytes = (int64_t) count;
	return MF_OK;
}

/* --------------------------------------------------------------- deleted rows */

static MfStatus
mark_deleted(M1File *file, const int32_t *offsets, int64_t n, MfError *err)
{
	if (file->deleted == NULL)
		file->deleted = mf_calloc(file->mem, (size_t) (file->rows / 8 + 1));
	if (file->deleted == NULL)
		return mf_error_oom(err, (size_t) file->rows / 8);
	for (int64_t i = 0; i < n; i++)
	{
		int32_t		row = offsets[i];

		if (row < 0 || row >= file->rows)
			file->out_of_range++;
		else if (!m1_bit(file->deleted, row))
		{
			file->deleted[row >> 3] |= (uint8_t) (1 << (row & 7));
			file->ndeleted++;
		}
	}
	return MF_OK;
}

static MfStatus
read_deleted(M1File *file, int segment, MfError *err)
{
	static const char *const name = "deleted_docs";
	static const char *const suffix = "/deleted_docs";
	int32_t		offsets[OFFSETS_AT_ONCE];
	int64_t		bytes = 0;
	MfStatus	status;
	int			fd;

	if (faccessat(segment, name, F_OK, AT_SYMLINK_NOFOLLOW) != 0 && errno == ENOENT)
		return MF_OK;
	status = open_checked(file, segment, name, suffix, &fd, &bytes, err);
	if (status == MF_OK && bytes % (int64_t) sizeof(int32_t) != 0)
		status = damaged(err, file, suffix, 0, "its length is not a whole number of offsets");
	for (int64_t at = 0; status == MF_OK && at < bytes;)
	{
		int64_t		n = bytes - at < (int64_t) sizeof(offsets) ? bytes - at : (int64_t) sizeof(offsets);

		status = read_exactly(file, fd, suffix, HEADER + at, offsets, (size_t) n, err);
		if (status == MF_OK)
			status = mark_deleted(file, offsets, n / (int64_t) sizeof(int32_t), err);
		at += n;
	}
	if (fd >= 0)
		close(fd);
	return status;
}

/* ------------------------------------------------------------------ interface */

static MfStatus
open_rows(M1File *file, int segment, const M1Segment *which, MfError *err)
{
	char		name[300];
	char		suffix[304];
	int64_t		vectors = 0;
	int64_t		ids = 0;

	snprintf(name, sizeof(name), "%s.rv", which->segment_id);
	snprintf(suffix, sizeof(suffix), "/%s", name);
	if (open_checked(file, segment, name, suffix, &file->rv, &vectors, err) != MF_OK)
		return MF_ERROR;
	if (vectors % (int64_t) file->row_bytes != 0)
		return damaged(err, file, suffix, 0, "its length is not a whole number of vectors of the collection's dimensions");
	file->rows = vectors / (int64_t) file->row_bytes;
	if (file->rows > INT32_MAX)
		return damaged(err, file, suffix, 0, "it has more rows than a segment can have");

	snprintf(name, sizeof(name), "%s.uid", which->segment_id);
	snprintf(suffix, sizeof(suffix), "/%s", name);
	if (open_checked(file, segment, name, suffix, &file->uid, &ids, err) != MF_OK)
		return MF_ERROR;
	if (ids != file->rows * (int64_t) sizeof(int64_t))
		return damaged(err, file, suffix, 0, "it has not one id for each vector");
	return MF_OK;
}

MfStatus
m1_file_open(M1File *file, MfMem *mem, int directory, const M1Collection *collection,
			 const M1Segment *segment, MfError *err)
{
	int			table;
	int			dir = -1;
	MfStatus	status = MF_ERROR;

	memset(file, 0, sizeof(*file));
	file->mem = mem;
	file->rv = file->uid = -1;
	file->row_bytes = m1_metric_is_binary(collection->metric) ? (size_t) collection->dim / 8 :
		(size_t) collection->dim * sizeof(float);
	snprintf(file->name, sizeof(file->name), "%s/%s", segment->table_id, segment->segment_id);
	table = openat(directory, segment->table_id, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	if (table >= 0)
		dir = openat(table, segment->segment_id, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	if (dir < 0)
		unreadable(err, file, "", errno);
	else
	{
		status = open_rows(file, dir, segment, err);
		if (status == MF_OK)
			status = read_deleted(file, dir, err);
		close(dir);
	}
	if (table >= 0)
		close(table);
	if (status != MF_OK)
		m1_file_close(file);
	return status;
}

void
m1_file_close(M1File *file)
{
	if (file->mem == NULL)
		return;
	if (file->rv >= 0)
		close(file->rv);
	if (file->uid >= 0)
		close(file->uid);
	mf_free(file->mem, file->deleted);
	file->rv = file->uid = -1;
	file->deleted = NULL;
	file->mem = NULL;
}

MfStatus
m1_file_vectors(const M1File *file, int64_t first, int64_t count, void *buf, MfError *err)
{
	return read_exactly(file, file->rv, " (vectors)", HEADER + first * (int64_t) file->row_bytes, buf,
						(size_t) count * file->row_bytes, err);
}

MfStatus
m1_file_ids(const M1File *file, int64_t first, int64_t count, int64_t *buf, MfError *err)
{
	return read_exactly(file, file->uid, " (ids)", HEADER + first * (int64_t) sizeof(int64_t), buf,
						(size_t) count * sizeof(int64_t), err);
}
