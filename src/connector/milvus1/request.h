/*
 * request.h - What does a single request to a data directory keep?
 */
#ifndef MILVUS1_REQUEST_H
#define MILVUS1_REQUEST_H

#include "internal.h"

typedef struct M1DirTask M1DirTask;
struct M1DirTask
{
	MfConn	   *conn;
	MfVerb		verb;
	const MfRequest *request;	/* which lives as long */
	const char *collection;
	M1Load	   *load;
	M1Meta		meta;
	MfReply		reply;
	MfCollection *collections;	/* LIST */
	MfCollection described;		/* DESCRIBE */
	MfField		fields[M1_NFIELDS];
	char	   *text;			/* METADATA */
};

extern MfStatus m1_dir_request_begin(MfConn *conn, const MfRequest *req, M1DirTask **task, MfError *err);
extern MfStatus m1_dir_request_step(M1DirTask *task, MfWaitFor *wait, MfError *err);
extern const MfReply *m1_dir_request_reply(M1DirTask *task);
extern void m1_dir_request_end(M1DirTask *task);

#endif							/* MILVUS1_REQUEST_H */
