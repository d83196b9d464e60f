/*
 * live.h - What is known of a Milvus 1.x server, and how is it asked?
 */
#ifndef MILVUS1_LIVE_H
#define MILVUS1_LIVE_H

#include "internal.h"
#include "split.h"

#include "message.h"
#include "milvus1.pb-c.h"

/* Rows were written and may not be visible yet: flushed before the next read. */
typedef struct M1Dirty
{
	struct M1Dirty *next;
	char		name[];
} M1Dirty;

typedef struct M1Live
{
	MfGrpc	   *grpc;
	ProtobufCAllocator alloc;
	M1Dirty    *dirty;
} M1Live;

extern void m1_dirty_put(MfConn *conn, const char *collection);
extern bool m1_dirty(const MfConn *conn, const char *collection);
extern void m1_dirty_forget(MfConn *conn, const char *collection);

/* --------------------------------------------------------------------- call.c */

#define M1_METHOD(name, message, idempotent) \
	{"/milvus.grpc.MilvusService/" #name, &m1__##message##__descriptor, "Milvus 1.x " #name, idempotent}

/*
 * Call it until it answers MF_OK: then call->reply is there, its status checked.
 * Waits are merged into *wait.
 */
extern MfStatus m1_call(MfConn *conn, MfCall *call, const MfMethod *method, const ProtobufCMessage *request,
						const char *collection, MfWaitFor *wait, MfError *err);
extern void m1_call_end(MfConn *conn, MfCall *call);

/* Flush a collection if this connection wrote to it. */
extern MfStatus m1_flush_if_dirty(MfConn *conn, MfCall *call, const char *collection, MfWaitFor *wait, MfError *err);

/* --------------------------------------------------------------------- info.c */

/* Segments of a collection as ShowCollectionInfo tells them. */
typedef struct M1LiveSegment
{
	const char *tag;
	const char *name;
	int64_t		rows;			/* -1 = not told */
} M1LiveSegment;

extern MfStatus m1_info_parse(const char *json, MfArena *arena, M1LiveSegment **segments, int *n, MfError *err);

/* ------------------------------------------------------------- live_segment.c */

/* Those that a scan wants (NULL: all), as parts are made of them. */
extern MfStatus m1_live_split_segments(const M1LiveSegment *segments, int n, const MfScanSpec *spec, MfArena *arena,
									   M1SplitSegment **out, int *nout, MfError *err);

/* ---------------------------------------- live_request.c, live_scan.c, live_write.c */

typedef struct M1LiveTask M1LiveTask;
extern MfStatus m1_live_request_begin(MfConn *conn, const MfRequest *req, M1LiveTask **task, MfError *err);
extern MfStatus m1_live_request_step(M1LiveTask *task, MfWaitFor *wait, MfError *err);
extern const MfReply *m1_live_request_reply(M1LiveTask *task);
extern void m1_live_request_end(M1LiveTask *task);

typedef struct M1LiveScan M1LiveScan;
extern MfStatus m1_live_scan_begin(MfConn *conn, const MfScanSpec *spec, M1LiveScan **scan, MfError *err);
extern MfStatus m1_live_scan_next(M1LiveScan *scan, MfBatch **batch, MfWaitFor *wait, MfError *err);
extern void m1_live_scan_stats(M1LiveScan *scan, MfScanStats *stats);
extern void m1_live_scan_end(M1LiveScan *scan);

extern MfStatus m1_write_begin(MfConn *conn, const MfWriteSpec *spec, MfWrite **write, MfError *err);
extern MfStatus m1_write_submit(MfWrite *write, MfBatch *batch, MfWaitFor *wait, MfError *err);
extern MfStatus m1_write_poll(MfWrite *write, MfWaitFor *wait, MfError *err);
extern MfStatus m1_write_flush(MfWrite *write, MfWaitFor *wait, MfError *err);
extern void m1_write_stop(MfWrite *write);
extern void m1_write_counts(MfWrite *write, MfWriteCounts *counts);
extern const MfColumn *m1_write_keys(MfWrite *write);
extern void m1_write_end(MfWrite *write);

#endif							/* MILVUS1_LIVE_H */
