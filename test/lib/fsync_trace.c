/*
 * fsync_trace.c - Which files does a process flush to disk and rename, in which order?
 *
 * For LD_PRELOAD.  Each fsync, fdatasync and renameat that succeeds is a line
 * "fsync PATH" or "rename PATH" (the new name) in the file that FSYNC_TRACE
 * names.  A flush of a path that fits the pattern in the file FSYNC_TRACE.fail
 * fails as that of a broken disk does.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define PATH_BYTES 4096

static void
path_of(int fd, char path[PATH_BYTES])
{
	char		link[64];
	ssize_t		n;

	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	n = readlink(link, path, PATH_BYTES - 1);
	path[n > 0 ? n : 0] = '\0';
}

static void
note(const char *what, const char *path)
{
	const char *name = getenv("FSYNC_TRACE");
	int			fd = name != NULL ? open(name, O_WRONLY | O_APPEND | O_CLOEXEC) : -1;

	if (fd < 0)
		return;
	dprintf(fd, "%s %s\n", what, path);
	close(fd);
}

static int
is_to_fail(const char *path)
{
	const char *name = getenv("FSYNC_TRACE");
	char		file[PATH_BYTES];
	char		pattern[PATH_BYTES] = "";
	FILE	   *in;

	snprintf(file, sizeof(file), "%s.fail", name != NULL ? name : "");
	in = fopen(file, "re");
	if (in == NULL)
		return 0;
	if (fgets(pattern, sizeof(pattern), in) == NULL)
		pattern[0] = '\0';
	fclose(in);
	return pattern[0] != '\0' && fnmatch(pattern, path, 0) == 0;
}

static int
flush(const char *function, int fd)
{
	int			(*real) (int);
	char		path[PATH_BYTES];
	int			result;

	path_of(fd, path);
	if (is_to_fail(path))
	{
		errno = EIO;
		return -1;
	}
	*(void **) &real = dlsym(RTLD_NEXT, function);
	result = real(fd);
	if (result == 0)
		note("fsync", path);
	return result;
}

int
fsync(int fd)
{
	return flush("fsync", fd);
}

int
fdatasync(int fd)
{
	return flush("fdatasync", fd);
}

int
renameat(int from_dir, const char *from, int to_dir, const char *to)
{
	int			(*real) (int, const char *, int, const char *);
	char		path[PATH_BYTES];
	int			result;
	size_t		n;

	*(void **) &real = dlsym(RTLD_NEXT, "renameat");
	result = real(from_dir, from, to_dir, to);
	path_of(to_dir, path);
	n = strlen(path);
	snprintf(path + n, sizeof(path) - n, "/%s", to);
	if (result == 0)
		note("rename", path);
	return result;
}
