/*
 * scan.h - What is the state of a scan?
 */
#ifndef MILVUS2_SCAN_H
#define MILVUS2_SCAN_H

#include "internal.h"

enum
{
	PHASE_PREPARE,
	PHASE_LOAD,
	PHASE_MOMENT,
	PHASE_SNAPSHOT,
	PHASE_ROWS,
	PHASE_COUNT,
	PHASE_COUNTED,
	PHASE_END
};

struct MfScan
{
	MfConn	   *conn;
	const MfScanSpec *spec;
	MfMem	   *mem;
	MfArena		arena;
	const char *database;
	const char *collection;
	M2Recent   *recent;			/* owns the schema */
	bool		reused;			/* which others had asked for */
	MfTask	   *load;
	M2ScanPlan	plan;
	const char *key_field;
	M2Split		split;			/* only these rows; nothing set: all */
	MfArena		split_arena;
	MfJsonBuf	filter;			/* the conditions as an expression, maybe empty */
	M2Lookup	lookup;			/* the keys of all rows wanted, if they are known */
	M2Key		after;			/* largest key received */
	MfBatch    *batches[2];
	int			turn;
	int			phase;
	MfGrpcCall *call;
	int32_t		page;			/* rows, or keys, asked for */
	int32_t		ceiling;		/* pages longer than this were too large */
	double		row_bytes;		/* as they have been; 0 = not known yet */
	int32_t		consistency;
	uint64_t	guarantee;
	bool		later;			/* what must be seen came after that, nobody knows when */
	MfCall		moment;
	int			then;			/* phase after PHASE_MOMENT */
	M2Partitions *list;			/* where partitions have to be known */
	MfTask	   *listing;
	bool		restricted;		/* only some partitions are read: */
	const char **partitions;
	int			npartitions;
	bool		by_partition;	/* one after the other */
	int			partition;		/* which */
	const char *filling;		/* that of the rows just received */
	int64_t		counted;		/* rows yet to be handed out as a number */
	int64_t		limit;			/* rows after which to stop; -1 = at the end */
	bool		ordered;		/* rows in key order are what is wanted */
	MfBatch    *number;			/* without columns */
	char	   *json;			/* one object of the dynamic field, with slack */
	size_t		json_cap;
	MfScanStats stats;
};

static inline const M2Schema *
m2_scan_schema(const MfScan *scan)
{
	return &scan->recent->task->schema;
}

/* scan_query.c */
extern int32_t m2_scan_choose_page(const MfScan *scan, int64_t handed_out);
extern MfStatus m2_scan_send(MfScan *scan, int32_t limit, int32_t consistency,
							 uint64_t guarantee, MfError *err);
extern void m2_scan_end_call(MfScan *scan);

/*
 * One Query, from whatever point it has reached, to a parsed reply (whose bytes
 * live until the call ends).  MF_END: the answer would be too large.
 */
extern MfStatus m2_scan_finish(MfScan *scan, M2QueryReply *reply, MfWaitFor *wait, MfError *err);

/* scan_moment.c */

/* Sets guarantee and later from consistency and what this connection wrote. */
extern void m2_scan_freshness(MfScan *scan);
extern void m2_scan_as_of(MfScan *scan, uint64_t moment);
extern void m2_scan_as_of_now(MfScan *scan);
extern MfStatus m2_scan_learn_moment(MfScan *scan, MfWaitFor *wait, MfError *err);

/* scan_partition.c */
extern MfStatus m2_scan_partitions(MfScan *scan, MfWaitFor *wait, MfError *err);

/* Begin with the next one; false = there is none. */
extern bool m2_scan_next_partition(MfScan *scan);
extern const char *m2_scan_partition(const MfScan *scan);

/* scan_page.c: rows of a reply into a batch */
extern MfStatus m2_scan_fill(MfScan *scan, const M2QueryReply *reply, int32_t nrows, int32_t take,
							 MfBatch *batch, MfError *err);

#endif							/* MILVUS2_SCAN_H */
