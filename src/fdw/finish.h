/*
 * finish.h - When must a statement's rows have reached the remote?
 */
#ifndef MF_FDW_FINISH_H
#define MF_FDW_FINISH_H

#include "nodes/execnodes.h"

#include "writer.h"

/* Flush this writer before the statement's AFTER triggers run; for as long as the statement lives. */
extern void mf_finish_watch(EState *estate, MfRowWriter *writer);

/* Does the statement write to this collection (its name as described; NULL = any)? */
extern bool mf_finish_has_writer(const EState *estate, const MfConnector *connector, const char *collection);

#endif							/* MF_FDW_FINISH_H */
