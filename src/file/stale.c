/*
 * stale.c - What becomes of the hidden file of a writer that was killed?
 *
 * A file system that has files without a name (O_TMPFILE) forgets it.  On
 * others the next writer in the same directory removes it.  A writer holds a
 * lock on its file as long as it lives, wherever it runs: a process number
 * would say nothing on a directory that machines or containers share.
 */
#define _GNU_SOURCE 1
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "file.h"
#include "stale.h"

/* .NAME.milvus_fdw.PID.N.tmp */
static bool
is_our_name(const char *name)
{
	const char *mark = NULL;

	for (const char *p = name; (p = strstr(p, MF_HIDDEN_MARK)) != NULL; p++)
		mark = p;
	if (name[0] != '.' || mark == NULL)
		return false;
	mark += strlen(MF_HIDDEN_MARK);
	for (int i = 0; i < 2; i++)
	{
		size_t		digits = strspn(mark, "0123456789");

		if (digits < 1 || digits > 19 || mark[digits] != '.')
			return false;
		mark += digits + 1;
	}
	return strcmp(mark, "tmp") == 0;
}

bool
mf_hidden_lock(int fd)
{
	struct stat st;

	/* without locks nobody will remove it, either */
	return flock(fd, LOCK_EX | LOCK_NB) != 0 || (fstat(fd, &st) == 0 && st.st_nlink > 0);
}

static void
remove_unlocked(int directory, const char *name)
{
	struct stat st;
	struct stat now;
	int			fd = openat(directory, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);

	if (fd < 0)
		return;
	if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_uid == geteuid() && st.st_nlink == 1 &&
		flock(fd, LOCK_EX | LOCK_NB) == 0 &&
		fstatat(directory, name, &now, AT_SYMLINK_NOFOLLOW) == 0 && now.st_dev == st.st_dev && now.st_ino == st.st_ino)
		(void) unlinkat(directory, name, 0);
	close(fd);
}

void
mf_hidden_sweep(const char *directory)
{
	DIR		   *dir = opendir(directory);
	struct dirent *entry;

	while (dir != NULL && (entry = readdir(dir)) != NULL)
	{
		if (is_our_name(entry->d_name))
			remove_unlocked(dirfd(dir), entry->d_name);
	}
	if (dir != NULL)
		closedir(dir);
}
