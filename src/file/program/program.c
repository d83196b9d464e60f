/*
 * program.c - What does every helper program do alike?
 */
#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "program.h"

void
program_start(void)
{
	const char *memory = getenv("MILVUS_FDW_MEMORY");
	struct rlimit none = {0, 0};

	(void) prctl(PR_SET_PDEATHSIG, SIGKILL);
	(void) prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	(void) setrlimit(RLIMIT_CORE, &none);
#ifndef __SANITIZE_ADDRESS__
	if (memory != NULL && strtoll(memory, NULL, 10) > 0)
	{
		rlim_t		bytes = (rlim_t) strtoll(memory, NULL, 10);
		struct rlimit limit = {bytes, bytes};

		(void) setrlimit(RLIMIT_AS, &limit);
	}
#else
	(void) memory;
#endif
	signal(SIGPIPE, SIG_DFL);
}

static void
write_all(const void *data, size_t len)
{
	for (size_t done = 0; done < len;)
	{
		ssize_t		n = write(1, (const char *) data + done, len - done);

		if (n < 0 && errno != EINTR)
			_exit(2);			/* nobody listens */
		done += n > 0 ? (size_t) n : 0;
	}
}

static size_t
read_all(void *data, size_t len)
{
	size_t		done = 0;

	while (done < len)
	{
		ssize_t		n = read(0, (char *) data + done, len - done);

		if (n == 0 || (n < 0 && errno != EINTR))
			break;
		done += n > 0 ? (size_t) n : 0;
	}
	return done;
}

void
program_send(MfFrameType type, const void *payload, size_t bytes)
{
	MfFrameHead head = {.type = type,.bytes = bytes};

	write_all(&head, sizeof(head));
	write_all(payload, bytes);
}

void
program_fail(const char *sqlstate, const char *detail, const char *fmt,...)
{
	char		text[4096];
	va_list		args;
	size_t		n;

	memset(text, 0, sizeof(text));
	memcpy(text, sqlstate, 5);
	va_start(args, fmt);
	vsnprintf(text + 6, 2000, fmt, args);
	va_end(args);
	n = 6 + strlen(text + 6) + 1;
	snprintf(text + n, 2000, "%s", detail ? detail : "");
	n += strlen(text + n) + 2;	/* and an empty hint */
	program_send(MF_FRAME_ERROR, text, n);
	_exit(0);
}

void *
program_alloc(size_t bytes)
{
	void	   *p = malloc(bytes > 0 ? bytes : 1);

	if (p == NULL)
		program_fail("53200", NULL, "out of memory");
	return p;
}

void
program_send_rows(uint32_t nrows, uint32_t ncolumns, ProgramColumn *columns)
{
	MfFrameHead head = {.type = MF_FRAME_ROWS,.nrows = nrows,.ncolumns = ncolumns};
	size_t		offsets = sizeof(int64_t) * ((size_t) nrows + 1);

	head.bytes = sizeof(MfFrameColumn) * ncolumns;
	for (uint32_t i = 0; i < ncolumns; i++)
	{
		columns[i].head.bytes = columns[i].bytes + (columns[i].offsets ? offsets : 0);
		head.bytes += columns[i].head.bytes;
	}
	write_all(&head, sizeof(head));
	for (uint32_t i = 0; i < ncolumns; i++)
		write_all(&columns[i].head, sizeof(MfFrameColumn));
	for (uint32_t i = 0; i < ncolumns; i++)
	{
		if (columns[i].offsets != NULL)
			write_all(columns[i].offsets, offsets);
		write_all(columns[i].data, columns[i].bytes);
	}
}

bool
program_receive(ProgramFrame *frame)
{
	size_t		n = read_all(&frame->head, sizeof(frame->head));
	size_t		at;

	if (n == 0)
		return false;
	if (n < sizeof(frame->head) || frame->head.ncolumns > MF_FRAME_MAX_COLUMNS)
		_exit(2);
	if (frame->head.bytes > frame->room)
	{
		free(frame->payload);
		frame->payload = program_alloc(frame->head.bytes);
		frame->room = frame->head.bytes;
	}
	if (read_all(frame->payload, frame->head.bytes) < frame->head.bytes)
		_exit(2);
	frame->ncolumns = frame->head.ncolumns;
	at = sizeof(MfFrameColumn) * frame->ncolumns;
	for (uint32_t i = 0; i < frame->ncolumns; i++)
	{
		ProgramColumn *column = &frame->columns[i];

		memcpy(&column->head, frame->payload + sizeof(MfFrameColumn) * i, sizeof(MfFrameColumn));
		column->data = frame->payload + at;
		column->bytes = column->head.bytes;
		at += column->head.bytes;
	}
	return true;
}
