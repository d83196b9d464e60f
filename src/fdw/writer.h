/*
 * writer.h - How do rows, and deletions, reach a remote?
 *
 * INSERT, UPDATE, DELETE, COPY FROM and tuple routing all use one writer: rows
 * are appended to a batch, full batches are handed to the connector, several
 * are in flight.
 */
#ifndef MF_FDW_WRITER_H
#define MF_FDW_WRITER_H

#include "src/value/value.h"

#include "executor/tuptable.h"
#include "nodes/bitmapset.h"

#include "table.h"

typedef struct MfRowWriter MfRowWriter;

/* What a writer is for. */
typedef struct MfWriterJob
{
	MfWriteOp	op;
	TupleDesc	desc;			/* of the rows */
	bool		row_by_row;		/* each row is acknowledged before the next is
								 * taken */
	bool		all_changed;	/* UPDATE: any column may differ from what was read */
	Bitmapset  *changed;		/* UPDATE: else these may, offset as in PostgreSQL's
								 * updatedCols */
} MfWriterJob;

/*
 * Prepare to write.  The collection is described and every column matched to a
 * field (DELETE: the key's column only), so a wrong column is an error before
 * any row.  Everything lives in the current context.
 */
extern MfRowWriter *mf_writer_begin(MfTable *table, const MfWriterJob *job);

/* The column of the primary key; 0 = the table has none (INSERT only). */
extern AttrNumber mf_writer_key(const MfRowWriter *writer);

/* Does it write through this connector to the collection of this name, as described?  NULL = any. */
extern bool mf_writer_is_of(const MfRowWriter *writer, const MfConnector *connector, const char *collection);

/* Does the remote make the keys itself? */
extern bool mf_writer_makes_keys(const MfRowWriter *writer);

/* From the first row on, have each acknowledged before the next. */
extern void mf_writer_go_row_by_row(MfRowWriter *writer);

/*
 * Append a row, a changed row (with the key that it was read with), or a key to
 * be deleted; may wait for room.  Errors state what became of the rows before.
 */
extern void mf_writer_row(MfRowWriter *writer, TupleTableSlot *slot);
extern void mf_writer_update(MfRowWriter *writer, TupleTableSlot *slot, Datum key, bool isnull);
extern void mf_writer_delete(MfRowWriter *writer, Datum key, bool isnull);

/* Row by row only: the key that the remote made for the last row; false = it made none. */
extern bool mf_writer_made_key(MfRowWriter *writer, Datum *key);

/* Send what is there and wait until all is acknowledged; more may follow. */
extern void mf_writer_flush(MfRowWriter *writer);

/* The same, and nothing follows; harmless if repeated. */
extern void mf_writer_finish(MfRowWriter *writer);

/* For EXPLAIN ANALYZE, once finished: what the connector counted, batches, and time spent waiting. */
extern void mf_writer_stats(const MfRowWriter *writer, MfWriteCounts *counts, int64 *batches,
							uint64 *waited_us);

/* The same of write_mode 'bulk' (src/bulk/bulk_write.h), or NULL. */
extern const struct MfBulkStats *mf_writer_bulk_stats(const MfRowWriter *writer);

#endif							/* MF_FDW_WRITER_H */
