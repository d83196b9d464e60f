/*
 * write_calls.h - To whom does the writer hand its batches?
 *
 * To the connector's functions for writing, or to those of src/bulk, which keep
 * the same contract (connector.h) but may raise and wait by themselves.
 */
#ifndef MF_FDW_WRITE_CALLS_H
#define MF_FDW_WRITE_CALLS_H

#include "connector.h"

typedef struct MfWriteCalls
{
	MfStatus	(*submit) (MfWrite *write, MfBatch *batch, MfWaitFor *wait, MfError *err);
	MfStatus	(*poll) (MfWrite *write, MfWaitFor *wait, MfError *err);
	MfStatus	(*flush) (MfWrite *write, MfWaitFor *wait, MfError *err);
	void		(*counts) (MfWrite *write, MfWriteCounts *counts);
	void		(*end) (MfWrite *write);

	/* optional */
	const MfColumn *(*keys) (MfWrite *write);
	void		(*stop) (MfWrite *write);
	MfStatus	(*finish) (MfWrite *write, MfWaitFor *wait, MfError *err);
	char	   *(*advice) (MfWrite *write); /* after an error: a sentence or NULL */
} MfWriteCalls;

#endif							/* MF_FDW_WRITE_CALLS_H */
