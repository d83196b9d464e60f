/*
 * message.h - How is a small message sent over gRPC and its answer unpacked?
 *
 * protobuf-c does both.  What the answer's status means is each remote's own.
 */
#ifndef MF_MESSAGE_H
#define MF_MESSAGE_H

#include "grpc.h"

#include <protobuf-c/protobuf-c.h>

typedef struct MfMethod
{
	const char *path;			/* "/package.Service/Method" */
	const ProtobufCMessageDescriptor *reply;
	const char *what;			/* "Milvus Query", for waits and messages */
	bool		idempotent;
} MfMethod;

/* One call: to be sent, under way, or answered. */
typedef struct MfCall
{
	MfGrpcCall *call;
	ProtobufCMessage *reply;
} MfCall;

/*
 * Send it if it was not, and answer MF_OK once call->reply is there; called
 * again, the same at once.  Waits are merged into *wait.  MF_ERROR with
 * call->call still there is what gRPC said: if it is to be sent anew the next
 * step does that, else mf_call_end it.
 */
extern MfStatus mf_call_step(MfGrpc *grpc, MfCall *call, const MfMethod *method, const ProtobufCMessage *request,
							 ProtobufCAllocator *alloc, MfWaitFor *wait, MfError *err);
extern void mf_call_end(MfCall *call, ProtobufCAllocator *alloc);

/* Pack into malloc'd bytes, as gRPC wants them; NULL = no memory. */
extern uint8_t *mf_message_pack(const ProtobufCMessage *message, size_t *len);

/* Unpack a whole reply; NULL = *err says that it is broken. */
extern ProtobufCMessage *mf_message_unpack(const ProtobufCMessageDescriptor *type, const char *what, MfGrpcCall *call,
										   ProtobufCAllocator *alloc, MfError *err);

/* The part of this type that a reply has, or is itself; NULL = none was sent. */
extern const void *mf_message_part(const ProtobufCMessage *reply, const ProtobufCMessageDescriptor *type);

/* Wait for the earlier of what *wait held and another wait of a gRPC call: all share one descriptor. */
extern void mf_call_wait_merge(MfWaitFor *wait, const MfWaitFor *other);

#endif							/* MF_MESSAGE_H */
