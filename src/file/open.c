/*
 * open.c - How is a file of the server opened and read safely?
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "file.h"

/*
 * Written at once.  ext4 takes memory for the page cache in blocks as large as
 * the write; those of 1 MB are rarely at hand: 520 MB took 1.2 s in pieces of
 * 1 MB and 0.2 s in these (Linux 6, virtual machine).
 */
#define WRITE_BYTES (32 * 1024)

static const char *
sqlstate_of(int code)
{
	switch (code)
	{
		case ENOENT:
		case ENOTDIR:
			return "58P01";		/* undefined_file */
		case EEXIST:
			return MF_DUPLICATE_TABLE;
		case EACCES:
		case EPERM:
		case EROFS:
			return MF_INSUFFICIENT_PRIVILEGE;
		case ENOSPC:
		case EDQUOT:
			return "53100";		/* disk_full */
		case EMFILE:
		case ENFILE:
		case ENOMEM:
			return MF_INSUFFICIENT_RESOURCES;
		default:
			return MF_IO_ERROR;
	}
}

MfStatus
mf_file_error(MfError *err, const char *what, const char *path, int code)
{
	return mf_error(err, sqlstate_of(code), "could not %s file \"%s\": %s", what, path, strerror(code));
}

static MfStatus
refuse(MfError *err, const char *path, const char *why)
{
	mf_error(err, "42809", "\"%s\" is not a regular file", path);	/* wrong_object_type */
	mf_error_detail(err, "%s", why);
	return MF_ERROR;
}

MfStatus
mf_file_open(const char *path, int *fd, int64_t *size, MfError *err)
{
	struct stat st;

	*fd = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	if (*fd < 0)
		return errno == ELOOP ? refuse(err, path, "It is a symbolic link; name the file itself.") :
			mf_file_error(err, "open", path, errno);
	if (fstat(*fd, &st) != 0 || !S_ISREG(st.st_mode))
	{
		close(*fd);
		*fd = -1;
		return refuse(err, path, "Only regular files are read.");
	}
	*size = (int64_t) st.st_size;
	return MF_OK;
}

MfStatus
mf_file_read(int fd, const char *path, void *buf, size_t len, int64_t at, MfError *err)
{
	size_t		done = 0;

	while (done < len)
	{
		ssize_t		n = pread(fd, (char *) buf + done, len - done, (off_t) (at + (int64_t) done));

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return mf_file_error(err, "read", path, errno);
		if (n == 0)
			return mf_error(err, MF_FDW_REPLY_HANDLE, "file \"%s\" became shorter while it was read", path);
		done += (size_t) n;
	}
	return MF_OK;
}

MfStatus
mf_file_write(int fd, const char *path, const void *buf, size_t len, int64_t at, MfError *err)
{
	size_t		done = 0;

	while (done < len)
	{
		const char *p = (const char *) buf + done;
		size_t		piece = len - done < WRITE_BYTES ? len - done : WRITE_BYTES;
		ssize_t		n = at < 0 ? write(fd, p, piece) : pwrite(fd, p, piece, (off_t) (at + (int64_t) done));

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return mf_file_error(err, "write", path, n < 0 ? errno : ENOSPC);
		done += (size_t) n;
	}
	return MF_OK;
}

bool
mf_file_exists(const char *path)
{
	struct stat st;

	return lstat(path, &st) == 0;
}

int64_t
mf_file_clock(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t) now.tv_sec * 1000 + now.tv_nsec / 1000000;
}
