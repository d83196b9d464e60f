/*
 * writer_internal.h - What do the files of the writer share?
 */
#ifndef MF_FDW_WRITER_INTERNAL_H
#define MF_FDW_WRITER_INTERNAL_H

#include "key_set.h"
#include "write_calls.h"
#include "writer.h"

typedef struct MfWriterColumn
{
	AttrNumber	attnum;
	int			batch_column;	/* -1: the remote makes the value itself */
	const char *name;
	MfField		field;			/* as described, or made up for a dynamic key */
	MfWriter	writer;
} MfWriterColumn;

struct MfRowWriter
{
	MfTable    *table;
	MfWriteSpec spec;
	MfWrite    *write;
	MfWriteCalls calls;			/* what it is driven by */
	bool		bulk;			/* files that are imported */
	const struct MfBulkStats *bulk_stats;
	MfLedgerEntry *ledger;
	MemoryContextCallback callback;

	TupleDesc	desc;
	int			ncolumns;
	MfWriterColumn *columns;
	MfWriterColumn *key;		/* NULL if there is none */
	Oid			key_type;
	Oid			key_output;		/* for messages */
	MfReader	key_reader;		/* for keys that the remote made */

	int32		batch_rows;
	size_t		batch_bytes;
	bool		row_by_row;

	int			nbatches;
	MfBatch   **batches;
	MfBatch    *current;		/* being filled; NULL between batches */
	int64		rows;			/* appended so far */
	MemoryContext temp;			/* reset for each row */

	/* the row being appended, by attribute */
	const Datum *values;
	const bool *isnull;
	Datum	   *key_values;		/* DELETE: there is nothing but the key */
	bool	   *key_isnull;
	const Datum *old_key;		/* UPDATE: what it must still be */

	/* UPSERT: keys of batches not yet settled, by the batch's first row */
	MfKeySet   *in_flight;
	int64		oldest;			/* first row that may not be settled */
	bool		ascending;		/* so far each key was larger than the last */
	int64		last_key;

	/* for EXPLAIN ANALYZE */
	MfWriteCounts counts;		/* as last noted */
	int64		submitted;		/* batches */
	uint64		waited_us;
};

/* ----------------------------------------------- src/fdw/writer_columns.c */

/* Match columns and fields; fills columns, key and spec.columns. */
extern void mf_writer_bind(MfRowWriter *w, const MfWriterJob *job);

/* -------------------------------------------------- src/fdw/writer_fail.c */

/* Bring the ledger up to date with what the connector knows. */
extern void mf_writer_note(MfRowWriter *w);

/* A step's answer, noted where it is an error: a long flush fails now and then, and moves on. */
extern MfStatus mf_writer_noted(MfRowWriter *w, MfStatus status);

/* Step of mf_drive: flush. */
extern MfStatus mf_writer_step_flush(void *arg, MfWaitFor *wait, MfError *err);

/* A connector's error: settle, count, raise. */
pg_noreturn extern void mf_writer_fail(MfRowWriter *w, const MfError *err);

/* In PG_CATCH at a row: the same with PostgreSQL's own error.  column may be NULL. */
pg_noreturn extern void mf_writer_fail_at_row(MfRowWriter *w, const MfWriterColumn *column,
											  MemoryContext context);

#endif							/* MF_FDW_WRITER_INTERNAL_H */
