/*
 * program.h - What does every helper program do alike?
 *
 * Here one may block and end: it is a process of its own, with the pipes as
 * descriptors 0 and 1, the file as 3 and perhaps a scratch file as 4.
 */
#ifndef MF_PROGRAM_H
#define MF_PROGRAM_H

#include "src/file/frame.h"

#ifdef __cplusplus
extern "C"
{
#endif

#define PROGRAM_FILE 3
#define PROGRAM_SCRATCH 4

/* End with the backend, and never grow beyond what it allows. */
extern void program_start(void);

/* Say what is wrong, and end. */
extern void program_fail(const char *sqlstate, const char *detail, const char *fmt,...)
			__attribute__((format(printf, 3, 4), noreturn));

/* A piece of memory, or the end. */
extern void *program_alloc(size_t bytes);

typedef struct ProgramColumn
{
	MfFrameColumn head;			/* bytes is filled in when it is sent */
	const int64_t *offsets;		/* lists and texts; else NULL */
	const void *data;
	size_t		bytes;			/* of data */
} ProgramColumn;

extern void program_send_rows(uint32_t nrows, uint32_t ncolumns, ProgramColumn *columns);
extern void program_send(MfFrameType type, const void *payload, size_t bytes);

/* A frame of rows as it came; data of its columns points into it. */
typedef struct ProgramFrame
{
	MfFrameHead head;
	char	   *payload;
	size_t		room;
	uint32_t	ncolumns;
	ProgramColumn columns[MF_FRAME_MAX_COLUMNS];
} ProgramFrame;

/* false = no more rows. */
extern bool program_receive(ProgramFrame *frame);

#ifdef __cplusplus
}
#endif

#endif							/* MF_PROGRAM_H */
