/*
 * request.h - What does a single request to a data directory keep?
 */
#ifndef MILVUS1_REQUEST_H
#define MILVUS1_REQUEST_H

#include "internal.h"

struct MfTask
{
	MfConn	   *conn;
	MfVerb		verb;
	const char *collection;
	M1Load	   *load;
	M1Meta		meta;
	MfReply		reply;
	MfCollection *collections;	/* LIST */
	MfCollection described;		/* DESCRIBE */
	MfField		fields[M1_NFIELDS];
	char	   *text;			/* METADATA */
};

extern MfStatus m1_request_begin(MfConn *conn, const MfRequest *req, MfTask **task, MfError *err);
extern MfStatus m1_request_step(MfTask *task, MfWaitFor *wait, MfError *err);
extern const MfReply *m1_request_reply(MfTask *task);
extern void m1_request_end(MfTask *task);

#endif							/* MILVUS1_REQUEST_H */
