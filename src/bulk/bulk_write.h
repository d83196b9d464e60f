/*
 * bulk_write.h - How does the writer reach files in place of a connector?
 */
#ifndef MF_BULK_WRITE_H
#define MF_BULK_WRITE_H

#include "src/fdw/table.h"
#include "src/fdw/write_calls.h"

/* For EXPLAIN ANALYZE. */
typedef struct MfBulkStats
{
	const char *format;
	const char *why;
	int64		file_bytes;
	int64		bytes;
	int64		imports;
} MfBulkStats;

/* Does option write_mode of the table say so? */
extern bool mf_bulk_wanted(const MfTable *table);

/*
 * Begin; *out is set at once, so that mf_bulk_calls.end is legal after an error.
 * Everything lives in the current context.  Raises what cannot be imported,
 * 0A000; a store that is missing, 42704.
 */
extern void mf_bulk_begin(MfTable *table, const MfWriteSpec *spec, bool row_by_row, MfLedgerEntry *ledger,
						  MfWrite **out);

/* How large batches should be. */
extern void mf_bulk_batch_size(const MfWrite *write, int32 *rows, size_t *bytes);
extern const MfBulkStats *mf_bulk_stats(const MfWrite *write);

extern const MfWriteCalls mf_bulk_calls;

#endif							/* MF_BULK_WRITE_H */
