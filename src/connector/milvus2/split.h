/*
 * split.h - What do the files share that cut a collection into parts?
 */
#ifndef MILVUS2_SPLIT_H
#define MILVUS2_SPLIT_H

#include "internal.h"

#define M2_PROBES M2_SLOTS		/* side by side */

/* One small scan: how many rows a part has, or the smallest key in it. */
typedef struct M2Probe
{
	MfScanSpec	spec;
	MfScanColumn column;
	MfScan	   *scan;			/* NULL: not begun, or done */
	bool		done;
	int64_t		rows;
	int64_t		key;			/* if rows > 0 and it was asked for */
} M2Probe;

typedef struct M2Probes
{
	MfConn	   *conn;
	const MfScanSpec *like;		/* the scan that is to be cut */
	bool		filtered;		/* its conditions can be counted exactly */
	const char *key_field;
	int			n;
	M2Probe		probe[M2_PROBES];
} M2Probes;

/* Add one; the token lives as long as the probes. */
extern void m2_probe_rows(M2Probes *probes, const char *token);
extern void m2_probe_key(M2Probes *probes, const char *token);

/* MF_OK: all are done, their answers are there until they are forgotten. */
extern MfStatus m2_probes_run(M2Probes *probes, MfWaitFor *wait, MfError *err);
extern void m2_probes_forget(M2Probes *probes);

/* So many rows have keys below this one; keys as unsigned numbers in the same order. */
typedef struct M2Point
{
	uint64_t	at;
	int64_t		before;
} M2Point;

/* Cutting a set of rows by key. */
typedef struct M2Search
{
	const char *partitions;		/* as a token says it, or NULL */
	int64_t		rows;
	int			pieces;
	int			stage;
	int			rounds;
	M2Point    *points;			/* in order */
	int			npoints;
	int			most;
	int			nasked;
	uint64_t	asked[M2_PROBES];
	bool		over;			/* no more memory for points, or enough of them */
} M2Search;

/* Find out where to cut: MF_OK when that is known. */
extern MfStatus m2_search_step(M2Search *search, M2Probes *probes, MfArena *arena,
							   MfWaitFor *wait, MfError *err);

/* The pieces as splits, at most search->pieces of them; how many.  Their tokens end with `seen`. */
extern int	m2_search_splits(const M2Search *search, MfArena *arena, const char *seen, MfSplit *splits);

#endif							/* MILVUS2_SPLIT_H */
