/*
 * stale.h - What becomes of the hidden file of a writer that was killed?
 */
#ifndef MF_FILE_STALE_H
#define MF_FILE_STALE_H

#include <stdbool.h>

/* What makes a hidden name ours: .NAME.milvus_fdw.PID.N.tmp */
#define MF_HIDDEN_MARK ".milvus_fdw."

/* Keep it from being swept; false = it was before we could. */
extern bool mf_hidden_lock(int fd);

/* Remove hidden files of writers that are gone. */
extern void mf_hidden_sweep(const char *directory);

#endif							/* MF_FILE_STALE_H */
