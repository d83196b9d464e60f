/*
 * writer.h - How do rows reach a remote, whoever inserts them?
 *
 * INSERT, COPY FROM and tuple routing all use one writer: rows are appended to
 * a batch, full batches are handed to the connector, several are in flight.
 */
#ifndef MF_FDW_WRITER_H
#define MF_FDW_WRITER_H

#include "src/value/value.h"

#include "executor/tuptable.h"

#include "table.h"

typedef struct MfRowWriter MfRowWriter;

/*
 * Prepare to write rows of this shape.  The collection is described and every
 * column matched to a field, so a wrong column is an error before any row.
 * Everything lives in the current context.  row_by_row: each row is
 * acknowledged before the next is taken.
 */
extern MfRowWriter *mf_writer_begin(MfTable *table, TupleDesc desc, bool row_by_row);

/* Append a row; may wait for room.  Errors state what became of the rows before. */
extern void mf_writer_row(MfRowWriter *writer, TupleTableSlot *slot);

/* Send what is there and wait until all is acknowledged; more may follow. */
extern void mf_writer_flush(MfRowWriter *writer);

/* The same, and nothing follows. */
extern void mf_writer_finish(MfRowWriter *writer);

#endif							/* MF_FDW_WRITER_H */
