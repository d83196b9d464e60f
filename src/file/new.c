/*
 * new.c - How does a new file appear complete, or not at all?
 */
#define _GNU_SOURCE 1
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "file.h"
#include "stale.h"

/* what COPY TO gives, whatever the server's umask */
#define MODE 0644

static void
directory_of(const char *path, char *directory)
{
	char	   *slash;

	snprintf(directory, MF_FILE_NAME_MAX, "%s", path);
	slash = strrchr(directory, '/');
	if (slash == directory)
		slash++;
	*slash = '\0';
}

/* A file without a name beside `path`; -1 = errno. */
static int
open_unnamed(const char *path)
{
	char		directory[MF_FILE_NAME_MAX];

	directory_of(path, directory);
	return open(directory, O_TMPFILE | O_RDWR | O_CLOEXEC, MODE);
}

/* A hidden name beside it; the number makes it ours. */
static int
open_hidden(MfNewFile *file)
{
	static unsigned number;
	char		directory[MF_FILE_NAME_MAX];

	directory_of(file->path, directory);
	mf_hidden_sweep(directory);
	for (int attempt = 0; attempt < 100; attempt++)
	{
		int			fd;

		if (snprintf(file->temporary, sizeof(file->temporary), "%s/.%.100s" MF_HIDDEN_MARK "%ld.%u.tmp", directory,
					 mf_file_base(file->path), (long) getpid(), number++) >= (int) sizeof(file->temporary))
			break;
		fd = open(file->temporary, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, MODE);
		if (fd >= 0 && mf_hidden_lock(fd))
			return fd;
		if (fd >= 0)
			close(fd);
		else if (errno != EEXIST)
			return fd;
	}
	errno = ENAMETOOLONG;
	return -1;
}

static MfStatus
taken(MfError *err, const char *path)
{
	mf_error(err, MF_DUPLICATE_TABLE, "file \"%s\" exists already", path);
	mf_error_detail(err, "A file is written once, by one INSERT or COPY; rows are not added to it and it is not replaced.");
	mf_error_hint(err, "Name another file, or remove this one on the server first.");
	return MF_ERROR;
}

MfStatus
mf_new_file_open(MfNewFile *file, const char *path, MfError *err)
{
	file->fd = -1;
	file->temporary[0] = '\0';
	if (path[0] != '/' || mf_file_base(path)[0] == '\0' || strlen(path) >= sizeof(file->path) - 64)
		return mf_error(err, MF_INVALID_PARAMETER_VALUE, "file name \"%s\" is not absolute", path);
	if (mf_file_is_pattern(path))
	{
		mf_error(err, MF_INVALID_PARAMETER_VALUE, "\"%s\" is a pattern, not the name of a new file", path);
		mf_error_hint(err, "Use a foreign table of one file to write it.");
		return MF_ERROR;
	}
	strcpy(file->path, path);
	if (mf_file_exists(path))
		return taken(err, path);
	file->fd = open_unnamed(path);
	if (file->fd < 0 && (errno == EOPNOTSUPP || errno == EISDIR || errno == EINVAL))
		file->fd = open_hidden(file);
	if (file->fd < 0)
	{
		file->temporary[0] = '\0';
		return mf_file_error(err, "create", path, errno);
	}
	(void) fchmod(file->fd, MODE);
	return MF_OK;
}

int
mf_new_file_scratch(const MfNewFile *file)
{
	int			fd = open_unnamed(file->path);
	MfNewFile	hidden;

	if (fd >= 0 || (errno != EOPNOTSUPP && errno != EISDIR && errno != EINVAL))
		return fd;
	strcpy(hidden.path, file->path);
	fd = open_hidden(&hidden);
	if (fd >= 0)
		unlink(hidden.temporary);
	return fd;
}

/* A name for it that is not taken, at once: link() never replaces. */
MfStatus
mf_new_file_commit(MfNewFile *file, MfError *err)
{
	char		unnamed[64];
	int			rc;

	snprintf(unnamed, sizeof(unnamed), "/proc/self/fd/%d", file->fd);
	if (file->temporary[0] != '\0')
		rc = link(file->temporary, file->path);
	else
		rc = linkat(AT_FDCWD, unnamed, AT_FDCWD, file->path, AT_SYMLINK_FOLLOW);
	if (rc != 0)
		return errno == EEXIST ? taken(err, file->path) : mf_file_error(err, "create", file->path, errno);
	mf_new_file_abandon(file);
	return MF_OK;
}

void
mf_new_file_abandon(MfNewFile *file)
{
	if (file->fd >= 0)
		close(file->fd);
	if (file->temporary[0] != '\0')
		unlink(file->temporary);
	file->fd = -1;
	file->temporary[0] = '\0';
}
