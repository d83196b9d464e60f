/*
 * live_scan.h - What does a running scan of a Milvus 1.x server keep?
 */
#ifndef MILVUS1_LIVE_SCAN_H
#define MILVUS1_LIVE_SCAN_H

#include "live.h"
#include "live_seen.h"
#include "scan.h"

#define M1_DEPTH 4				/* requests side by side */

typedef enum M1LivePhase
{
	M1_LIVE_FLUSH,
	M1_LIVE_DESCRIBE,
	M1_LIVE_COUNT,
	M1_LIVE_INFO,
	M1_LIVE_OWN,				/* ids of this part's segments, to be compared */
	M1_LIVE_OTHERS,				/* with those of all others */
	M1_LIVE_IDS,				/* of the next segment */
	M1_LIVE_ROWS,
	M1_LIVE_END
} M1LivePhase;

typedef struct M1LivePiece
{
	MfCall		call;
	int64_t		first;			/* of the ids at hand */
	int64_t		count;
} M1LivePiece;

struct M1LiveScan
{
	MfConn	   *conn;
	const MfScanSpec *spec;
	MfMem	   *mem;
	MfArena		arena;
	const char *name;
	const char *partition;		/* option */
	M1LivePhase phase;
	MfCall		call;
	bool		binary;
	int64_t		dim;
	M1From	   *from;			/* one each a column */

	M1LiveSegment *segments;
	int			nsegments;
	int			segment;		/* next to be read */
	const char *tag;			/* of the one being read; "" = any */
	const char *segment_name;

	int64_t    *ids;			/* at hand */
	int64_t		nids;
	int64_t		asked;			/* so many are asked for or done */
	M1LivePiece pieces[M1_DEPTH];	/* in the order of ids, from `head` */
	int			head;
	int			npieces;
	int64_t		offset;			/* of the next row in its segment */

	M1Seen	   *seen;			/* ids met; NULL = repeats are kept */
	M1OnDuplicate on_duplicate;

	MfBatch    *batches[2];
	int			turn;
	MfScanStats stats;
};

/* --------------------------------------------------------------- live_rows.c */

/* Rows of the ids at hand to the batch; the phase changes when there are no more. */
extern MfStatus m1_live_rows(M1LiveScan *scan, MfBatch *batch, MfWaitFor *wait, MfError *err);

/* ------------------------------------------------------------- live_segment.c */

/* Take the ShowCollectionInfo that scan->call holds; sets the phase. */
extern MfStatus m1_live_take_info(M1LiveScan *scan, MfError *err);

/* One step on with the ids of segments: OWN, OTHERS, IDS. */
extern MfStatus m1_live_step_ids(M1LiveScan *scan, MfWaitFor *wait, MfError *err);

/* ---------------------------------------------------------------- live_scan.c */

extern MfStatus m1_live_ask(M1LiveScan *scan, const MfMethod *method, const ProtobufCMessage *request,
							MfWaitFor *wait, MfError *err);

#endif							/* MILVUS1_LIVE_SCAN_H */
