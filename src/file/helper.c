/*
 * helper.c - How is a helper program started, heard and ended?
 */
#define _GNU_SOURCE 1
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "file.h"
#include "helper.h"

#define PIPE_BYTES (1024 * 1024)
#define MAX_ARGS 4096

/* Beside the module that this code is linked into. */
static bool
program_path(const char *program, char *path, size_t size)
{
	Dl_info		info;
	char		self[4096];
	char	   *slash;

	if (dladdr((const void *) program_path, &info) == 0 || info.dli_fname == NULL ||
		realpath(info.dli_fname, self) == NULL)
		return false;
	slash = strrchr(self, '/');
	if (slash == NULL)
		return false;
	*slash = '\0';
	return snprintf(path, size, "%s/%s", self, program) < (int) size;
}

bool
mf_helper_installed(const char *program)
{
	char		path[4096];

	return program_path(program, path, sizeof(path)) && access(path, X_OK) == 0;
}

static MfStatus
not_installed(MfError *err, const char *program, const char *path)
{
	mf_error(err, "58P01", "program \"%s\" is not installed", program);
	mf_error_detail(err, "File \"%s\" can only be used with it.", path);
	mf_error_hint(err, "Build milvus_fdw where the library's headers are, or install the package that has the program.");
	return MF_ERROR;
}

/* Both ends, above what the child gets as 0 to 4. */
static bool
make_pipe(int ends[2])
{
	int			low[2];

	if (pipe2(low, O_CLOEXEC) != 0)
		return false;
	for (int i = 0; i < 2; i++)
	{
		ends[i] = fcntl(low[i], F_DUPFD_CLOEXEC, 10);
		close(low[i]);
	}
	if (ends[0] < 0 || ends[1] < 0)
	{
		if (ends[0] >= 0)
			close(ends[0]);
		if (ends[1] >= 0)
			close(ends[1]);
		return false;
	}
	(void) fcntl(ends[0], F_SETPIPE_SZ, PIPE_BYTES);
	return true;
}

static int
spawn(const MfHelperStart *start, const char *path, int in, int out, int file, int scratch, pid_t *pid)
{
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attributes;
	sigset_t	none,
				all;
	char		memory[64];
	char		threads[64];
	char	   *environment[] = {"LC_ALL=C", "HDF5_USE_FILE_LOCKING=FALSE", threads, memory, NULL};
	char	  **argv = calloc((size_t) start->argc + 2, sizeof(char *));
	int			rc;

	if (argv == NULL)
		return ENOMEM;
	argv[0] = (char *) path;
	for (int i = 0; i < start->argc; i++)
		argv[i + 1] = (char *) start->argv[i];
	snprintf(memory, sizeof(memory), "MILVUS_FDW_MEMORY=%lld", (long long) start->memory);
	snprintf(threads, sizeof(threads), "OMP_NUM_THREADS=%d", start->threads > 0 ? start->threads : 1);
	sigemptyset(&none);
	sigfillset(&all);
	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_adddup2(&actions, in, 0);
	posix_spawn_file_actions_adddup2(&actions, out, 1);
	posix_spawn_file_actions_addopen(&actions, 2, "/dev/null", O_WRONLY, 0);
	posix_spawn_file_actions_adddup2(&actions, file, 3);
	if (scratch >= 0)
		posix_spawn_file_actions_adddup2(&actions, scratch, 4);
	posix_spawn_file_actions_addclosefrom_np(&actions, scratch >= 0 ? 5 : 4);
	posix_spawnattr_init(&attributes);
	posix_spawnattr_setsigmask(&attributes, &none);
	posix_spawnattr_setsigdefault(&attributes, &all);
	posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
	rc = posix_spawn(pid, path, &actions, &attributes, argv, environment);
	posix_spawnattr_destroy(&attributes);
	posix_spawn_file_actions_destroy(&actions);
	free(argv);
	return rc;
}

/* One of our descriptors as the child is to have it: out of the way of 0 to 4. */
static int
above(int fd)
{
	return fd >= 0 ? fcntl(fd, F_DUPFD_CLOEXEC, 10) : -1;
}

MfStatus
mf_helper_start(MfMem *mem, MfHelper *helper, const MfHelperStart *start, MfError *err)
{
	char		path[4096];
	int			to[2] = {-1, -1};
	int			from[2] = {-1, -1};
	int			file = above(start->file);
	int			scratch = above(start->scratch);
	int			rc = 0;

	memset(helper, 0, sizeof(*helper));
	helper->mem = mem;
	helper->to = helper->from = -1;
	helper->what = start->what;
	helper->path = mf_strdup(mem, start->path);
	if (helper->path == NULL)
		rc = ENOMEM;
	else if (!program_path(start->program, path, sizeof(path)))
		rc = ENOENT;
	else if (file < 0 || (start->scratch >= 0 && scratch < 0) || !make_pipe(to) || !make_pipe(from))
		rc = errno;
	else
		rc = spawn(start, path, to[0], from[1], file, scratch, &helper->pid);
	if (rc != 0)
		helper->pid = 0;
	for (int i = 0; i < 4; i++)
	{
		int			fd = (int[]) {file, scratch, to[0], from[1]}[i];

		if (fd >= 0)
			close(fd);
	}
	helper->to = to[1];
	helper->from = from[0];
	if (rc == ENOENT || rc == EACCES)
		return not_installed(err, start->program, start->path);
	if (rc != 0)
		return mf_file_error(err, "start a program for", start->path, rc);
	(void) fcntl(helper->to, F_SETFL, O_NONBLOCK);
	(void) fcntl(helper->from, F_SETFL, O_NONBLOCK);
	return MF_OK;
}

void
mf_helper_stop(MfHelper *helper)
{
	if (helper->mem == NULL)
		return;
	if (helper->pid > 0)
	{
		int			status;

		kill(helper->pid, SIGKILL);
		while (waitpid(helper->pid, &status, 0) < 0 && errno == EINTR)
			;
	}
	helper->pid = 0;
	if (helper->to >= 0)
		close(helper->to);
	if (helper->from >= 0)
		close(helper->from);
	helper->to = helper->from = -1;
	mf_free(helper->mem, helper->path);
	mf_free(helper->mem, helper->payload);
	mf_free(helper->mem, helper->pieces);
	mf_free(helper->mem, helper->columns);
	memset(helper, 0, sizeof(*helper));
}

/* It ended without saying why. */
static MfStatus
ended(MfHelper *helper, MfError *err)
{
	int			status = 0;
	pid_t		pid;

	/* its pipe is closed: it is about to end, or did */
	while ((pid = waitpid(helper->pid, &status, 0)) < 0 && errno == EINTR)
		;
	helper->pid = 0;
	mf_error(err, MF_FDW_REPLY_HANDLE, "the program that should %s file \"%s\" failed", helper->what, helper->path);
	if (pid > 0 && WIFSIGNALED(status) && WTERMSIG(status) == SIGPROF)
		mf_error_detail(err, "It worked for too long without getting on.");
	else if (pid > 0 && WIFSIGNALED(status))
		mf_error_detail(err, "It was ended by signal %d (%s).", WTERMSIG(status), strsignal(WTERMSIG(status)));
	else
		mf_error_detail(err, "It ended with status %d.", pid > 0 ? WEXITSTATUS(status) : -1);
	mf_error_hint(err, "The file may be damaged.");
	return MF_ERROR;
}

/* Texts of an error frame: SQLSTATE, message, detail, hint. */
static MfStatus
told(MfHelper *helper, MfError *err)
{
	const char *texts[4] = {"", "", "", ""};
	const char *p = helper->payload;
	const char *end = p + helper->head.bytes;

	for (int i = 0; i < 4 && p < end; i++)
	{
		const char *nul = memchr(p, '\0', (size_t) (end - p));

		if (nul == NULL)
			break;
		texts[i] = p;
		p = nul + 1;
	}
	mf_error(err, strlen(texts[0]) == 5 ? texts[0] : MF_FDW_ERROR, "%s", texts[1]);
	if (texts[2][0])
		mf_error_detail(err, "%s", texts[2]);
	if (texts[3][0])
		mf_error_hint(err, "%s", texts[3]);
	return MF_ERROR;
}

static MfStatus
garbled(MfHelper *helper, MfError *err)
{
	return mf_error(err, MF_FDW_REPLY_HANDLE, "the program that should %s file \"%s\" answered garbage",
					helper->what, helper->path);
}

/* Read towards `wanted` bytes of what `got` counts; MF_OK when they are there. */
static MfStatus
receive_some(MfHelper *helper, char *to, size_t from, size_t wanted, MfWaitFor *wait, MfError *err)
{
	while (helper->got < wanted)
	{
		ssize_t		n = read(helper->from, to + (helper->got - from), wanted - helper->got);

		if (n > 0)
			helper->got += (size_t) n;
		else if (n == 0)
			return ended(helper, err);
		else if (errno == EAGAIN)
		{
			wait->fd = helper->from;
			wait->events = POLLIN;
			wait->timeout_ms = -1;
			wait->what = "helper program";
			return MF_WAIT;
		}
		else if (errno != EINTR)
			return mf_file_error(err, helper->what, helper->path, errno);
	}
	return MF_OK;
}

MfStatus
mf_helper_receive(MfHelper *helper, MfWaitFor *wait, MfError *err)
{
	const size_t head = sizeof(MfFrameHead);
	MfStatus	status;

	if (helper->got >= head && helper->got == head + helper->head.bytes)
		helper->got = 0;		/* the last one was whole */
	if (helper->got < head)
	{
		status = receive_some(helper, (char *) &helper->head, 0, head, wait, err);
		if (status != MF_OK)
			return status;
		if (helper->head.bytes > MF_FRAME_MAX_BYTES || helper->head.ncolumns > MF_FRAME_MAX_COLUMNS ||
			helper->head.nrows > INT32_MAX)
			return garbled(helper, err);
	}
	if (helper->head.bytes > helper->payload_room)
	{
		char	   *more = mf_realloc(helper->mem, helper->payload, helper->head.bytes);

		if (more == NULL)
			return mf_error_oom(err, helper->head.bytes);
		helper->payload = more;
		helper->payload_room = helper->head.bytes;
	}
	status = receive_some(helper, helper->payload, head, head + helper->head.bytes, wait, err);
	if (status != MF_OK)
		return status;
	switch (helper->head.type)
	{
		case MF_FRAME_ROWS:
		case MF_FRAME_FIELDS:
			return MF_OK;
		case MF_FRAME_DONE:
			return MF_END;
		case MF_FRAME_ERROR:
			return told(helper, err);
		default:
			return garbled(helper, err);
	}
}
