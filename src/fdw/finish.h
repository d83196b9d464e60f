/*
 * finish.h - When must a statement's rows have reached the remote?
 */
#ifndef MF_FDW_FINISH_H
#define MF_FDW_FINISH_H

#include "nodes/execnodes.h"

#include "writer.h"

/* Flush this writer before the statement's AFTER triggers run; for as long as the statement lives. */
extern void mf_finish_watch(EState *estate, MfRowWriter *writer);

#endif							/* MF_FDW_FINISH_H */
