/*
 * es_calls.h - Which functions stand in the connector's table?
 */
#ifndef MF_ES_CALLS_H
#define MF_ES_CALLS_H

#include "connector.h"

#define ES_KEEP_ALIVE "2m"

/* describe.c */
extern MfStatus es_request_begin(MfConn *conn, const MfRequest *req, MfTask **task, MfError *err);
extern MfStatus es_request_step(MfTask *task, MfWaitFor *wait, MfError *err);
extern const MfReply *es_request_reply(MfTask *task);
extern void es_request_end(MfTask *task);

/* scan.c */
extern MfStatus es_scan_begin(MfConn *conn, const MfScanSpec *spec, MfScan **scan, MfError *err);
extern MfStatus es_scan_next(MfScan *scan, MfBatch **batch, MfWaitFor *wait, MfError *err);
extern void es_scan_stats(MfScan *scan, MfScanStats *stats);
extern void es_scan_end(MfScan *scan);

/* filter.c */
extern MfShip es_filter_check(const MfCollection *collection, const MfFilter *filter);

/* sort.c */
extern bool es_sort_check(int nsorts, const MfSort *sorts);

/* explain.c */
extern void es_scan_explain(const MfOptions *server, const MfScanSpec *spec, char *buf, size_t size);

#endif							/* MF_ES_CALLS_H */
