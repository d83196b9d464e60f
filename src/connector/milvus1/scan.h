/*
 * scan.h - What does a running scan of a data directory keep?
 */
#ifndef MILVUS1_SCAN_H
#define MILVUS1_SCAN_H

#include "internal.h"
#include "split.h"

/* Where a wanted column comes from. */
typedef enum M1From
{
	M1_FROM_NOTHING,
	M1_FROM_ID,
	M1_FROM_VECTOR,
	M1_FROM_PARTITION,
	M1_FROM_SEGMENT,
	M1_FROM_OFFSET
} M1From;

typedef enum M1Phase
{
	M1_PHASE_LOAD,
	M1_PHASE_LOG,
	M1_PHASE_CHECK,
	M1_PHASE_DUPLICATES,
	M1_PHASE_ROWS
} M1Phase;

typedef struct M1DirScan M1DirScan;
struct M1DirScan
{
	MfConn	   *conn;
	const MfScanSpec *spec;
	MfMem	   *mem;
	const char *name;			/* of the collection */
	bool		skip_damaged;
	int			phase;			/* M1Phase */

	M1Load	   *load;
	M1Meta		meta;
	const M1Collection *collection;
	int			directory;
	M1Wal	   *wal;
	bool	   *skip;			/* one each a segment */
	bool	   *mine;			/* the part that is read; NULL = all */
	uint8_t   **drop;
	M1Duplicates *duplicates;

	M1From	   *from;			/* one each a column */
	bool		want_ids;
	bool		want_vectors;
	int64_t    *wanted;			/* the only ids wanted, sorted; NULL = all */
	int64_t		nwanted;
	size_t		piece_rows;
	int64_t    *ids;			/* of a piece */
	char	   *vectors;

	int			segment;
	bool		open;
	M1File		file;
	int64_t		row;			/* next of the segment */
	int			turn;
	MfBatch    *batches[2];
	MfScanStats stats;

	bool		warned;			/* not told yet: */
	MfError		warning;
};

extern MfStatus m1_dir_scan_begin(MfConn *conn, const MfScanSpec *spec, M1DirScan **out, MfError *err);
extern MfStatus m1_dir_scan_next(M1DirScan *scan, MfBatch **out, MfWaitFor *wait, MfError *err);
extern void m1_dir_scan_stats(M1DirScan *scan, MfScanStats *stats);
extern bool m1_dir_scan_warning(M1DirScan *scan, MfError *warning);
extern void m1_dir_scan_end(M1DirScan *scan);

/* ----------------------------------------------------------------- dir_plan.c */

/* One step towards the first row; MF_WAIT or MF_ERROR. */
extern MfStatus m1_dir_prepare(M1DirScan *scan, MfWaitFor *wait, MfError *err);

/* Segments that option `partition` or a condition leaves out. */
extern MfStatus m1_choose_segments(const MfScanSpec *spec, const M1Collection *c, bool *skip, MfError *err);

/* The others; NULL = no memory. */
extern M1SplitSegment *m1_split_segments(const M1Collection *c, const bool *skip, int *n, MfArena *arena);

/* ------------------------------------------------------------------ columns.c */

/* from has spec->ncolumns members; the batches' columns are set up. */
extern MfStatus m1_bind_columns(const MfScanSpec *spec, const M1Collection *collection, M1From *from,
								MfBatch *batches[2], MfError *err);
extern M1OnDuplicate m1_on_duplicate(const MfConn *conn, const MfOptions *table);

/* ------------------------------------------------------------------- filter.c */

extern MfShip m1_filter_check(const MfCollection *collection, const MfFilter *filter);

/* May a row whose field holds this text be wanted? */
extern bool m1_filter_takes(const MfScanSpec *spec, const char *field, const char *text);

/* The only ids that can be wanted, sorted, from mem; NULL = any. */
extern MfStatus m1_filter_ids(const MfScanSpec *spec, MfMem *mem, int64_t **ids, int64_t *n, MfError *err);
extern bool m1_filter_wants(const int64_t *ids, int64_t n, int64_t id);

#endif							/* MILVUS1_SCAN_H */
