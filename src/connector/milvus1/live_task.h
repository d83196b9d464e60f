/*
 * live_task.h - What does a single request to a Milvus 1.x server keep?
 */
#ifndef MILVUS1_LIVE_TASK_H
#define MILVUS1_LIVE_TASK_H

#include "live.h"
#include "scan.h"

#define M1_SLOTS 4

struct M1LiveTask
{
	MfConn	   *conn;
	const MfRequest *request;
	const char *collection;
	MfArena		arena;
	MfReply		reply;
	MfCall		calls[M1_SLOTS];
	MfCollection described;
	MfField		fields[M1_NFIELDS];
	M1__SearchParam *search;	/* SEARCH: the request, once it is made */
};

/* m1_call on one of the slots. */
extern MfStatus m1_task_call(M1LiveTask *task, int slot, const MfMethod *method, const ProtobufCMessage *request,
							 MfWaitFor *wait, MfError *err);
extern M1__CollectionName m1_task_name(M1LiveTask *task);

/* live_create.c, live_search.c */
extern MfStatus m1_step_create(M1LiveTask *task, MfWaitFor *wait, MfError *err);
extern MfStatus m1_step_create_index(M1LiveTask *task, MfWaitFor *wait, MfError *err);
extern MfStatus m1_step_search(M1LiveTask *task, MfWaitFor *wait, MfError *err);

#endif							/* MILVUS1_LIVE_TASK_H */
