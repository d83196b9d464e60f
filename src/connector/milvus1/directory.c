/*
 * directory.c - Is this a data directory of Milvus 1.x, and is it at rest?
 *
 * Rows that a server took but did not write to segments yet are in its
 * write-ahead log, which only that server can apply: reading without them would
 * lose them silently.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "internal.h"

/* `path` may be the server's primary path or its directory `db`. */
int
m1_directory_open(const char *path, MfError *err)
{
	int			directory = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int			number = errno;
	int			tables;

	if (directory < 0)
	{
		mf_error(err, MF_FDW_UNABLE_TO_CONNECT, "could not open directory \"%s\"", path);
		mf_error_detail(err, "%s.", strerror(number));
		return -1;
	}
	tables = openat(directory, "tables", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (tables < 0)
		tables = openat(directory, "db/tables", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	close(directory);
	if (tables < 0)
	{
		mf_error(err, MF_FDW_UNABLE_TO_CONNECT, "directory \"%s\" holds no collections of Milvus 1.x", path);
		mf_error_detail(err, "There is neither \"tables\" nor \"db/tables\" in it.");
	}
	return tables;
}

static MfStatus
not_at_rest(MfError *err, const char *path, const char *detail)
{
	mf_error(err, MF_OBJECT_IN_USE, "data directory \"%s\" is not at rest", path);
	mf_error_detail(err, "%s", detail);
	mf_error_hint(err, "Flush all collections and stop the server; or set option allow_unflushed 'true' to read what is there.");
	return MF_ERROR;
}

/* Milvus holds a lock on this file as long as it runs. */
static bool
is_locked(int directory)
{
	struct flock lock = {.l_type = F_WRLCK,.l_whence = SEEK_SET};
	int			fd = openat(directory, "lock", O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOFOLLOW);
	bool		locked;

	if (fd < 0)
		return false;
	locked = fcntl(fd, F_GETLK, &lock) == 0 && lock.l_type != F_UNLCK;
	close(fd);
	return locked;
}

/*
 * Does the write-ahead log reach beyond what was flushed?  A file N.wal begins
 * at number N * 2^32; a log whose end is not known to be flushed counts.
 */
static bool
log_goes_on(int directory, int64_t flushed)
{
	int			fd = openat(directory, "wal", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR		   *dir = fd >= 0 ? fdopendir(fd) : NULL;
	struct dirent *entry;
	bool		goes_on = false;

	if (dir == NULL)
	{
		if (fd >= 0)
			close(fd);
		return false;
	}
	while (!goes_on && (entry = readdir(dir)) != NULL)
	{
		struct stat info;
		char	   *end;
		long long	number = strtoll(entry->d_name, &end, 10);

		if (end == entry->d_name || strcmp(end, ".wal") != 0 ||
			fstatat(fd, entry->d_name, &info, AT_SYMLINK_NOFOLLOW) != 0 || info.st_size == 0)
			continue;
		goes_on = number < 0 || number >= (long long) 1 << 31 ||
			((int64_t) number << 32) + info.st_size > flushed;
	}
	closedir(dir);
	return goes_on;
}

MfStatus
m1_directory_is_quiet(const char *path, const M1Meta *meta, const M1Collection *collection, MfError *err)
{
	static const char *const places[] = {".", ".."};
	MfStatus	status = MF_OK;
	int64_t		flushed = meta->global_lsn;

	for (int i = 0; i < collection->npartitions; i++)
	{
		if (collection->partitions[i].flush_lsn > flushed)
			flushed = collection->partitions[i].flush_lsn;
	}
	if (collection->unfinished > 0)
		return not_at_rest(err, path, "The metadata has files that a server had not finished.");
	/* lock and log are beside `db`, which may be what was named */
	for (int i = 0; i < 2 && status == MF_OK; i++)
	{
		int			directory = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		int			place = directory >= 0 ? openat(directory, places[i], O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
		bool		parent = i == 1;

		if (place >= 0 && parent && faccessat(directory, "tables", F_OK, 0) != 0)
		{
			close(place);
			place = -1;
		}
		if (place >= 0 && is_locked(place))
			status = not_at_rest(err, path, "A Milvus server is running on it.");
		else if (place >= 0 && log_goes_on(place, flushed))
			status = not_at_rest(err, path, "Its write-ahead log holds changes that were not flushed.");
		if (place >= 0)
			close(place);
		if (directory >= 0)
			close(directory);
	}
	return status;
}
