/*
 * pgvector.h - Which type of pgvector is this, and how is it read and written?
 */
#ifndef MF_PGVECTOR_H
#define MF_PGVECTOR_H

#include "value.h"

/*
 * Told by its name and the extension it belongs to, when it is met: nothing of
 * pgvector is needed to build or to run without it.
 */
extern MfPgVector mf_pgvector_type(Oid type);

/* NULL = such a kind cannot become, or be made from, the type. */
extern MfReadValue mf_pgvector_read(MfPgVector type, const MfColumn *col);
extern MfPutValue mf_pgvector_put(MfPgVector type, const MfField *field);

#endif							/* MF_PGVECTOR_H */
