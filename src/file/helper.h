/*
 * helper.h - How does a connector use a library that may crash, hang or thread?
 *
 * In a program of its own, which is given the opened file, has a limit on its
 * memory and can be killed at any moment: so nothing in a file that makes
 * libfaiss or libhdf5 fail reaches a backend, and a cancelled query ends at
 * once whatever they are busy with.
 */
#ifndef MF_HELPER_H
#define MF_HELPER_H

#include <sys/types.h>

#include "connector.h"
#include "frame.h"

#define MF_HELPER_ARGS 4096

typedef struct MfHelperStart
{
	const char *program;		/* beside our module */
	const char *what;			/* "read", "write", for messages */
	const char *path;			/* the file, for messages */
	int			argc;
	const char *const *argv;	/* without the program's name */
	int			file;			/* it gets this as descriptor 3 */
	int			scratch;		/* and this as 4; -1 = none */
	int64_t		memory;			/* bytes of address space; 0 = no limit */
	int			threads;		/* for OpenMP */
} MfHelperStart;

typedef struct MfHelper
{
	MfMem	   *mem;
	const char *what;
	char	   *path;
	pid_t		pid;			/* 0: none */
	int			to;				/* pipes: -1 = closed */
	int			from;

	/* receiving */
	MfFrameHead head;
	size_t		got;			/* bytes of head and payload */
	char	   *payload;
	size_t		payload_room;

	/* sending: what is left of a batch */
	int			npieces;
	int			piece;
	size_t		in_piece;
	void	   *pieces;			/* struct iovec[] */
	char	   *columns;		/* head and MfFrameColumn[] */
} MfHelper;

/* Start it; it must be stopped whatever this answers. */
extern MfStatus mf_helper_start(MfMem *mem, MfHelper *helper, const MfHelperStart *start, MfError *err);

/* Kill it if it still runs; legal at any moment. */
extern void mf_helper_stop(MfHelper *helper);

/*
 * The next frame: MF_OK (helper->head and helper->payload, until the next
 * call), MF_WAIT, MF_END (it is done), or its error.
 */
extern MfStatus mf_helper_receive(MfHelper *helper, MfWaitFor *wait, MfError *err);

/*
 * Send a batch, whose columns have no headroom: begin, then step until MF_OK.
 * The batch stays untouched meanwhile.
 */
extern MfStatus mf_helper_send_begin(MfHelper *helper, const MfBatch *batch, MfError *err);
extern MfStatus mf_helper_send_step(MfHelper *helper, MfWaitFor *wait, MfError *err);

/* No more rows: it answers with MF_FRAME_DONE in the end. */
extern void mf_helper_send_end(MfHelper *helper);

/* The rows of a frame to the end of a batch of just these columns (set up anew). */
extern MfStatus mf_helper_take_rows(const MfHelper *helper, MfBatch *batch,
									const size_t *headrooms, MfError *err);

/* Is the program there? */
extern bool mf_helper_installed(const char *program);

#endif							/* MF_HELPER_H */
