/*
 * grpc_internal.h - What do the files of the gRPC client share?
 *
 * Two threads of ours: the caller's, and the pump.  They meet in an attempt
 * (one sending of one call), which belongs to the caller until it is abandoned
 * and to the pump from then on, and in a wake (the descriptor the caller waits
 * for), which is counted.  Both are malloc'd, because a budget is not made for
 * two threads; everything else is the caller's alone.
 */
#ifndef MF_GRPC_INTERNAL_H
#define MF_GRPC_INTERNAL_H

#include <grpc/byte_buffer.h>
#include <grpc/byte_buffer_reader.h>
#include <grpc/grpc.h>
#include <grpc/grpc_security.h>
#include <grpc/slice.h>
#include <grpc/support/alloc.h>
#include <grpc/support/log.h>
#include <grpc/support/time.h>

#include <stdatomic.h>

#include "grpc.h"
#include "guard.h"
#include "net_internal.h"

#define GRPC_LOOKAHEAD 8		/* zero bytes after a reply */
#define GRPC_SPARE 4			/* reply buffers kept for reuse */
#define GRPC_SPARE_BYTES ((size_t) 32 * 1024 * 1024)
#define GRPC_MAX_METADATA 2

/* Tells the caller's thread that attempts of a channel are done. */
typedef struct GrpcWake
{
	int			fd;				/* eventfd */
	atomic_uint refs;			/* the channel and each attempt under way */
	atomic_ullong finished;		/* attempts done since the beginning */
} GrpcWake;

typedef enum GrpcAttemptState
{
	GRPC_RUNNING,
	GRPC_DONE,					/* the caller frees it */
	GRPC_ABANDONED				/* the pump frees it */
} GrpcAttemptState;

typedef struct GrpcAttempt
{
	_Atomic(GrpcAttemptState) state;
	GrpcWake   *wake;
	grpc_call  *call;
	grpc_byte_buffer *request;
	grpc_byte_buffer *reply;
	grpc_metadata metadata[GRPC_MAX_METADATA];
	int			nmetadata;
	grpc_metadata_array initial;
	grpc_metadata_array trailing;
	grpc_status_code status;
	grpc_slice	message;
} GrpcAttempt;

typedef struct GrpcBuffer
{
	uint8_t    *data;
	size_t		cap;
} GrpcBuffer;

struct MfGrpc
{
	MfMem	   *mem;
	MfNetSettings settings;
	char	   *host;
	int			port;
	char	   *address;		/* "host:port", for messages */
	char	   *authorization;	/* base64, or NULL */
	char	   *database;		/* or NULL */
	MfTlsFiles	tls;
	grpc_channel *channel;		/* made by the first call */
	GrpcWake   *wake;
	unsigned long long finished_seen;
	MfGrpcCall *calls;
	MfGrpc	   *next;			/* all channels, for mf_grpc_shutdown */
	MfGrpc	   *prev;
	GrpcBuffer	spare[GRPC_SPARE];
	int			nspare;
};

typedef enum GrpcPhase
{
	GRPC_CONNECTING,			/* nothing sent: the channel is not ready */
	GRPC_PROBING,				/* nothing sent: asking why it is not */
	GRPC_SENT,
	GRPC_ANSWERED,
	GRPC_AGAIN,					/* failed; the next step sends it anew */
	GRPC_FAILED
} GrpcPhase;

struct MfGrpcCall
{
	GrpcPhase	phase;
	MfGrpc	   *grpc;
	MfGrpcCall *next;
	MfGrpcCall *prev;
	char	   *method;
	grpc_slice	body;			/* kept until the end, for sending anew */
	int			timeout_ms;
	bool		idempotent;
	int64_t		started_at;		/* connecting since */
	int			looks;			/* at the channel, since then */
	GrpcAttempt *attempt;		/* PROBING: the probe; SENT: the call */
	GrpcBuffer	reply;
	size_t		reply_len;
};

/* grpc_pump.c */
typedef enum GrpcRuntime
{
	GRPC_NEVER_STARTED,
	GRPC_STARTED,
	GRPC_STOPPED,
	GRPC_FOREIGN				/* started by the process this one was forked from */
} GrpcRuntime;

extern GrpcRuntime mfg_runtime(void);
extern MfStatus mfg_runtime_start(MfError *err);
extern grpc_completion_queue *mfg_runtime_queue(void);
extern void mfg_runtime_stop(void);

/* grpc_attempt.c: with signals blocked */
extern GrpcWake *mfg_wake_new(void);
extern void mfg_wake_unref(GrpcWake *wake);
extern GrpcAttempt *mfg_attempt_start(MfGrpcCall *call);
extern GrpcAttempt *mfg_attempt_probe(MfGrpcCall *call);
extern void mfg_attempt_finished(GrpcAttempt *attempt);	/* on the pump */
extern void mfg_attempt_abandon(GrpcAttempt *attempt);
extern bool mfg_attempt_done(const GrpcAttempt *attempt);
extern void mfg_attempt_free(GrpcAttempt *attempt);

/* grpc_tls.c */
extern grpc_channel_credentials *mfg_make_credentials(const MfGrpc *grpc);

/* grpc_channel.c */
extern MfGrpc *mfg_all_channels(void);
extern MfStatus mfg_channel_make(MfGrpc *grpc, MfError *err);
extern bool mfg_channel_is_ready(MfGrpc *grpc);

/* grpc_error.c */
extern MfStatus mfg_call_error(MfGrpcCall *call, MfError *err);
extern MfStatus mfg_timeout_error(const MfGrpcCall *call, MfError *err);

#endif							/* MF_GRPC_INTERNAL_H */
