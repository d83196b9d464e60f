/*
 * directory.c - What if the store is a directory of this machine?
 *
 * A file is written beside its place, as NAME.part, and renamed when all of it
 * is there.  Pieces of at most 1 MB, so that a cancel need not wait.  Nothing is
 * followed out of the directory: its parts are opened one by one, without links.
 */
#include "internal.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define PIECE_BYTES ((size_t) 1024 * 1024)
#define HEAD_BYTES 1024			/* that are known last, at most */
#define FLUSH_BYTES ((off_t) 8 * 1024 * 1024)
#define LARGEST_READ ((off_t) 64 * 1024 * 1024)

struct DirectoryPut
{
	MfConn	   *store;
	int			dir;			/* that the file is in */
	int			fd;
	char	   *path;			/* for messages */
	char		name[300];		/* in it */
	char		part[310];
	bool		rehash;			/* its head came last, so it is hashed from the file */
	bool		renamed;
	bool		flushing;
	off_t		hashed;
	off_t		written;
	off_t		flushed;		/* with option sync: on the disk, or on its way */
	char	   *piece;
	StoreDigest digest;
};

/*
 * The directory that holds the last part of `name`, which *last then is; made
 * where it is missing if asked for.  -1 = errno.
 */
static int
open_parent(const MfConn *store, const char *name, bool make, const char **last)
{
	int			dir = open(store->place.prefix, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	const char *slash;

	for (*last = name; dir >= 0 && (slash = strchr(*last, '/')) != NULL; *last = slash + 1)
	{
		char		part[300];
		size_t		n = (size_t) (slash - *last);
		int			next;
		int			number;
		bool		made;

		if (n >= sizeof(part) || n == 0)
		{
			close(dir);
			errno = ENAMETOOLONG;
			return -1;
		}
		memcpy(part, *last, n);
		part[n] = '\0';
		made = make && mkdirat(dir, part, 0755) == 0;
		next = openat(dir, part, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		number = errno;
		/* others are to read what is staged, Milvus for one */
		if (made && next >= 0 && fchmod(next, 0755) != 0)
			number = errno;
		close(dir);
		dir = next;
		errno = number;
	}
	return dir;
}

static char *
path_of(const MfConn *store, const char *name)
{
	size_t		size = strlen(store->place.prefix) + strlen(name) + 2;
	char	   *path = mf_alloc(store->mem, size);

	if (path != NULL)
		snprintf(path, size, "%s/%s", store->place.prefix, name);
	return path;
}

MfStatus
directory_put_begin(MfConn *store, const char *name, DirectoryPut **out, MfError *err)
{
	DirectoryPut *put = mf_calloc(store->mem, sizeof(DirectoryPut));
	const char *last;

	*out = put;
	if (put == NULL)
		return mf_error_oom(err, sizeof(DirectoryPut));
	put->store = store;
	put->fd = -1;
	put->dir = -1;
	put->path = path_of(store, name);
	if (put->path == NULL || !store_digest_begin(&put->digest, store->sha256))
		return mf_error_oom(err, strlen(name));
	put->dir = open_parent(store, name, true, &last);
	if (put->dir < 0)
		return store_os_error(err, errno, "open the directory of", put->path);
	if ((size_t) snprintf(put->name, sizeof(put->name), "%s", last) >= sizeof(put->name))
		return store_os_error(err, ENAMETOOLONG, "create file", put->path);
	snprintf(put->part, sizeof(put->part), "%s.part", last);
	(void) unlinkat(put->dir, put->part, 0);
	put->fd = openat(put->dir, put->part, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0644);
	if (put->fd < 0 || fchmod(put->fd, 0644) != 0)
		return store_os_error(err, errno, "create file", put->path);
	return MF_OK;
}

MfStatus
directory_put_data(DirectoryPut *put, const char *data, size_t len, size_t *taken, MfWaitFor *wait, MfError *err)
{
	size_t		n = len - *taken < PIECE_BYTES ? len - *taken : PIECE_BYTES;
	ssize_t		written;

	if (n == 0)
		return MF_OK;
	do
		written = write(put->fd, data + *taken, n);
	while (written < 0 && errno == EINTR);
	if (written <= 0)
		return store_os_error(err, written == 0 ? ENOSPC : errno, "write file", put->path);
	store_digest_add(&put->digest, data + *taken, (size_t) written);
	*taken += (size_t) written;
	put->written += written;
	/* the disk may as well begin, so that little is left to wait for */
	if (put->store->sync && put->written - put->flushed >= FLUSH_BYTES)
	{
		(void) sync_file_range(put->fd, put->flushed, put->written - put->flushed, SYNC_FILE_RANGE_WRITE);
		put->flushed = put->written;
	}
	wait->fd = -1;
	wait->timeout_ms = 0;
	return *taken == len ? MF_OK : MF_WAIT;
}

MfStatus
directory_put_head(DirectoryPut *put, const char *head, size_t len, MfError *err)
{
	char		before[HEAD_BYTES];

	if (len > sizeof(before) || pread(put->fd, before, len, 0) != (ssize_t) len)
		return store_os_error(err, len > sizeof(before) ? EINVAL : errno, "read file", put->path);
	put->rehash = !store_digest_patch(&put->digest, before, head, len);
	if (pwrite(put->fd, head, len, 0) != (ssize_t) len)
		return store_os_error(err, errno, "write file", put->path);
	return MF_OK;
}

/* What was hashed before its head was known is hashed from the file; MF_OK = all of it. */
static MfStatus
hash_file(DirectoryPut *put, MfWaitFor *wait, MfError *err)
{
	ssize_t		n;

	if (put->piece == NULL)
		put->piece = mf_alloc(put->store->mem, PIECE_BYTES);
	if (put->piece == NULL)
		return mf_error_oom(err, PIECE_BYTES);
	n = pread(put->fd, put->piece, PIECE_BYTES, put->hashed);
	if (n < 0)
		return store_os_error(err, errno, "read file", put->path);
	if (n == 0)
		return MF_OK;
	store_digest_add(&put->digest, put->piece, (size_t) n);
	put->hashed += n;
	wait->fd = -1;
	wait->timeout_ms = 0;
	return MF_WAIT;
}

/* In pieces, because a cancel cannot interrupt the one fsync of a large file; MF_OK = all of it. */
static MfStatus
flush_file(DirectoryPut *put, MfWaitFor *wait, MfError *err)
{
	if (!put->flushing)
		put->flushed = 0;
	put->flushing = true;
	if (put->flushed < put->written)
	{
		if (sync_file_range(put->fd, put->flushed, PIECE_BYTES, SYNC_FILE_RANGE_WAIT_BEFORE | SYNC_FILE_RANGE_WRITE | SYNC_FILE_RANGE_WAIT_AFTER) != 0 &&
			errno != EINVAL && errno != ENOSYS && errno != ESPIPE)
			return store_os_error(err, errno, "flush file", put->path);
		put->flushed += (off_t) PIECE_BYTES;
		wait->fd = -1;
		wait->timeout_ms = 0;
		return MF_WAIT;
	}
	if (fsync(put->fd) != 0)
		return store_os_error(err, errno, "flush file", put->path);
	return MF_OK;
}

/* The names of the file and of the directories that were made for it. */
static MfStatus
flush_names(const DirectoryPut *put, MfError *err)
{
	int			dir = fcntl(put->dir, F_DUPFD_CLOEXEC, 0);

	for (const char *p = put->path + strlen(put->store->place.prefix) + 1; dir >= 0; p++)
	{
		int			above;

		if (fsync(dir) != 0)
			break;
		p = strchr(p, '/');
		if (p == NULL)
		{
			close(dir);
			return MF_OK;
		}
		above = openat(dir, "..", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		close(dir);
		dir = above;
	}
	store_os_error(err, errno, "flush the directory of", put->path);
	if (dir >= 0)
		close(dir);
	return MF_ERROR;
}

MfStatus
directory_put_finish(DirectoryPut *put, MfWaitFor *wait, MfError *err)
{
	MfStatus	status = put->rehash ? hash_file(put, wait, err) : MF_OK;
	int			fd = put->fd;

	if (status == MF_OK && put->store->sync)
		status = flush_file(put, wait, err);
	if (status != MF_OK)
		return status;
	(void) store_digest_text(&put->digest);
	put->fd = -1;
	/* a network file system tells only now that there is no room */
	if (close(fd) != 0)
		return store_os_error(err, errno, "write file", put->path);
	if (renameat(put->dir, put->part, put->dir, put->name) != 0)
		return store_os_error(err, errno, "rename file", put->path);
	put->renamed = true;
	return put->store->sync ? flush_names(put, err) : MF_OK;
}

const char *
directory_put_checksum(const DirectoryPut *put)
{
	return put->digest.text;
}

void
directory_put_end(DirectoryPut *put)
{
	if (put == NULL)
		return;
	if (put->fd >= 0)
		close(put->fd);
	if (put->dir >= 0)
	{
		if (!put->renamed && put->part[0] != '\0')
			(void) unlinkat(put->dir, put->part, 0);
		close(put->dir);
	}
	store_digest_end(&put->digest);
	mf_free(put->store->mem, put->piece);
	mf_free(put->store->mem, put->path);
	mf_free(put->store->mem, put);
}

/* ------------------------------------------------------------ single requests */

static MfStatus
read_all(int fd, MfJsonBuf *out, const char *name, MfError *err)
{
	char		piece[16384];
	ssize_t		n;

	while ((n = read(fd, piece, sizeof(piece))) > 0 && out->len <= (size_t) LARGEST_READ)
		mf_json_buf_raw(out, piece, (size_t) n);
	if (n != 0)
		return store_os_error(err, n < 0 ? errno : EFBIG, "read file", name);
	return out->failed ? mf_error_oom(err, out->cap) : MF_OK;
}

MfStatus
directory_open(MfConn *store, const char *name, int *out, MfError *err)
{
	const char *last;
	int			dir = open_parent(store, name, false, &last);
	int			fd = dir >= 0 ? openat(dir, last, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC) : -1;
	int			number = errno;
	struct stat info;

	if (dir >= 0)
		close(dir);
	if (fd < 0)
		return number == ENOENT || number == ENOTDIR ? MF_END : store_os_error(err, number, "open file", name);
	if (fstat(fd, &info) != 0 || !S_ISREG(info.st_mode))
	{
		close(fd);
		return store_os_error(err, EINVAL, "read file", name);
	}
	*out = fd;
	return MF_OK;
}

MfStatus
directory_get(MfConn *store, const char *name, MfJsonBuf *out, MfError *err)
{
	int			fd;
	MfStatus	status = directory_open(store, name, &fd, err);

	if (status != MF_OK)
		return status;
	status = read_all(fd, out, name, err);
	close(fd);
	return status;
}

/* And the directories that are empty then, but not the store's own. */
MfStatus
directory_delete(MfConn *store, const char *name, MfError *err)
{
	char		parent[1100];
	const char *last;
	char	   *slash;
	int			dir = open_parent(store, name, false, &last);

	if (dir < 0)
		return errno == ENOENT ? MF_OK : store_os_error(err, errno, "remove file", name);
	if (unlinkat(dir, last, 0) != 0 && errno != ENOENT && (errno != EISDIR || unlinkat(dir, last, AT_REMOVEDIR) != 0))
	{
		store_os_error(err, errno, "remove file", name);
		close(dir);
		return MF_ERROR;
	}
	close(dir);
	snprintf(parent, sizeof(parent), "%s", name);
	while ((slash = strrchr(parent, '/')) != NULL)
	{
		int			gone;

		*slash = '\0';
		dir = open_parent(store, parent, false, &last);
		if (dir < 0)
			break;
		gone = unlinkat(dir, last, AT_REMOVEDIR);
		close(dir);
		if (gone != 0)
			break;
	}
	return MF_OK;
}

static int64_t
length_of(int dir, const char *name)
{
	struct stat info;

	return fstatat(dir, name, &info, AT_SYMLINK_NOFOLLOW) == 0 && S_ISREG(info.st_mode) ? (int64_t) info.st_size : -1;
}

/*
 * Names in one directory, and where `below` in those in it; too deep is not
 * ours.  A directory that is empty counts as a file: it too has to go.
 */
static MfStatus
list_one(int fd, const char *under, bool below, int depth, MfArena *arena,
		 DirectoryAdd add, void *arg, MfError *err)
{
	DIR		   *dir = fdopendir(fd);
	struct dirent *entry;
	MfStatus	status = MF_OK;
	bool		empty = true;

	if (dir == NULL)
	{
		close(fd);
		return store_os_error(err, errno, "open directory", under);
	}
	while (status == MF_OK && (entry = readdir(dir)) != NULL)
	{
		const char *name = mf_arena_text(arena, "%s%s%s", under, under[0] != '\0' ? "/" : "", entry->d_name);
		int			next = -1;

		if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
			continue;
		empty = false;
		if (name == NULL)
			status = mf_error_oom(err, 256);
		else
			next = openat(dirfd(dir), entry->d_name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		if (status == MF_OK && next >= 0 && below && depth < 4)
		{
			status = list_one(next, name, below, depth + 1, arena, add, arg, err);
			continue;
		}
		if (status == MF_OK && (next >= 0) != below && !add(arg, name, length_of(dirfd(dir), entry->d_name)))
			status = mf_error_oom(err, 256);
		if (next >= 0)
			close(next);
	}
	closedir(dir);
	if (status == MF_OK && empty && depth > 0 && !add(arg, under, -1))
		status = mf_error_oom(err, 256);
	return status;
}

MfStatus
directory_list(MfConn *store, const char *under, bool below, MfArena *arena,
			   DirectoryAdd add, void *arg, MfError *err)
{
	const char *last;
	int			dir = open_parent(store, under, false, &last);
	int			fd = dir;

	if (dir >= 0 && last[0] != '\0')
	{
		int			number;

		fd = openat(dir, last, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		number = errno;
		close(dir);
		errno = number;
	}
	if (fd < 0)
		return below && errno == ENOENT ? MF_OK : store_os_error(err, errno, "open directory", store->place.prefix);
	return list_one(fd, under, below, 0, arena, add, arg, err);
}
