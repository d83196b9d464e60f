/*
 * file_new.c - Does a new file appear whole or not at all, where files without a name do not exist?
 *
 * open() here is that of a file system without O_TMPFILE, such as NFS.
 */
#include "drive.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "src/file/file.h"

int
open(const char *path, int flags,...)
{
	va_list		args;
	mode_t		mode;

	va_start(args, flags);
	mode = (flags & O_CREAT) ? va_arg(args, mode_t) : 0;
	va_end(args);
	if ((flags & O_TMPFILE) == O_TMPFILE)
	{
		errno = EOPNOTSUPP;
		return -1;
	}
	return (int) syscall(SYS_openat, AT_FDCWD, path, flags, mode);
}

static char directory[] = "/tmp/file_new.XXXXXX";

static const char *
in_directory(const char *name)
{
	static char path[256];

	snprintf(path, sizeof(path), "%s/%s", directory, name);
	return path;
}

/* Names of the directory that have this in them. */
static int
count_names(const char *part)
{
	DIR		   *dir = opendir(directory);
	struct dirent *entry;
	int			n = 0;

	while ((entry = readdir(dir)) != NULL)
		n += strstr(entry->d_name, part) != NULL;
	closedir(dir);
	return n;
}

/* A process that has a file in the making, and stays; answers its number. */
static pid_t
writer(void)
{
	int			ends[2];
	char		byte;
	pid_t		pid;

	if (pipe(ends) != 0)
		exit(2);
	pid = fork();
	if (pid == 0)
	{
		MfNewFile	file;
		MfError		err;

		if (mf_new_file_open(&file, in_directory("other.h5"), &err) != MF_OK)
			_exit(1);
		(void) !write(ends[1], "x", 1);
		for (;;)
			pause();
	}
	(void) !read(ends[0], &byte, 1);
	close(ends[0]);
	close(ends[1]);
	return pid;
}

static void
make(const char *name)
{
	int			fd = open(in_directory(name), O_CREAT | O_WRONLY, 0644);

	close(fd);
}

int
main(void)
{
	MfNewFile	file;
	MfNewFile	again;
	MfError		err;
	pid_t		alive,
				dead;

	if (mkdtemp(directory) == NULL)
		return 2;
	mf_error_reset(&err);

	is_int(mf_new_file_open(&file, in_directory("a.h5"), &err), MF_OK, "a file in the making");
	is_int(count_names(".a.h5.milvus_fdw."), 1, "... has a hidden name");
	ok(!mf_file_exists(in_directory("a.h5")), "... and not its own");
	is_int(mf_new_file_open(&again, in_directory("a.h5"), &err), MF_OK, "another one of the same name");
	is_int(count_names(".a.h5.milvus_fdw."), 2, "... leaves the first alone");
	is_int(mf_new_file_commit(&file, &err), MF_OK, "the first gets its name");
	is_int(mf_new_file_commit(&again, &err), MF_ERROR, "the second does not");
	is_text(err.sqlstate, "42P07", "... because it is taken");
	mf_new_file_abandon(&again);
	is_int(count_names("milvus_fdw"), 0, "nothing hidden is left");

	dead = writer();
	alive = writer();
	is_int(count_names(".other.h5.milvus_fdw."), 2, "two other processes write");
	kill(dead, SIGKILL);
	waitpid(dead, NULL, 0);
	make(".mine.milvus_fdw.1.tmp");
	make(".mine.milvus_fdw.1.2.tmp.bak");
	make("mine.milvus_fdw.1.2.tmp");
	make(".mine.1.2.tmp");
	if (symlink("a.h5", in_directory(".link.milvus_fdw.1.2.tmp")) != 0 ||
		mkdir(in_directory(".dir.milvus_fdw.1.2.tmp"), 0755) != 0)
		return 2;
	is_int(mf_new_file_open(&file, in_directory("b.h5"), &err), MF_OK, "one of them was killed; the next writer");
	is_int(count_names(".other.h5.milvus_fdw."), 1, "... removes what it left, not what the living writes");
	is_int(count_names("mine"), 4, "... nor names that are nearly ours");
	is_int(count_names("link") + count_names("dir"), 2, "... nor what is no file");
	mf_new_file_abandon(&file);
	kill(alive, SIGKILL);
	waitpid(alive, NULL, 0);
	is_int(mf_new_file_open(&file, in_directory("b.h5"), &err), MF_OK, "the other was killed, too");
	is_int(count_names(".other"), 0, "... and is removed");
	mf_new_file_abandon(&file);

	{
		char		command[300];

		snprintf(command, sizeof(command), "rm -r '%s'", directory);
		(void) !system(command);
	}
	return tap_done();
}
