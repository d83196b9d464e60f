/*
 * directory.c - Is this a data directory of Milvus 1.x, and is it at rest?
 *
 * Rows that a server took but did not write to segments yet are in its
 * write-ahead log, which only that server can apply: reading without them would
 * lose them silently.
 */
#include <errno.h>
#include <fcntl.h>
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

MfStatus
m1_not_at_rest(MfError *err, const char *path, const char *detail)
{
	mf_error(err, MF_OBJECT_IN_USE, "data directory \"%s\" is not at rest", path);
	mf_error_detail(err, "%s", detail);
	mf_error_hint(err, "Flush all collections and stop the server; or set option allow_unflushed 'true' to read what is there.");
	return MF_ERROR;
}

/* Milvus holds a lock on this file as long as it runs (its server/init/InstanceLockCheck.cpp). */
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
 * Lock and log are in the primary path, beside `db`, which may be what was
 * named.  The second of them counts only then; -1 = it is not there.
 */
static int
open_place(const char *path, bool parent)
{
	int			directory = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int			place = -1;

	if (!parent || directory < 0)
		return directory;
	if (faccessat(directory, "tables", F_OK, 0) == 0)
		place = openat(directory, "..", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	close(directory);
	return place;
}

MfStatus
m1_directory_is_quiet(const char *path, const M1Collection *collection, MfError *err)
{
	if (collection->unfinished > 0)
		return m1_not_at_rest(err, path, "The metadata has files that a server had not finished.");
	for (int i = 0; i < 2; i++)
	{
		int			place = open_place(path, i == 1);
		bool		locked = place >= 0 && is_locked(place);

		if (place >= 0)
			close(place);
		if (locked)
			return m1_not_at_rest(err, path, "A Milvus server is running on it.");
	}
	return MF_OK;
}

int
m1_directory_log(const char *path)
{
	int			log = -1;

	for (int i = 0; i < 2 && log < 0; i++)
	{
		int			place = open_place(path, i == 1);

		if (place < 0)
			continue;
		log = openat(place, "wal", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		close(place);
	}
	return log;
}
