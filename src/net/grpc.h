/*
 * grpc.h - How is a unary gRPC call made without blocking?
 *
 * gRPC's C core, one completion queue for the process, and one pump thread
 * (all signals blocked) that takes finished calls from it, marks them done and
 * writes to an eventfd.  So a caller waits for a single fd, transfers go on
 * while the executor computes, and a call that is given up is freed by the
 * pump once gRPC has let go of its buffers.  Plain C, no PostgreSQL header.
 */
#ifndef MF_GRPC_H
#define MF_GRPC_H

#include "net.h"

typedef struct MfGrpc MfGrpc;
typedef struct MfGrpcCall MfGrpcCall;

typedef struct MfGrpcAuth
{
	const char *user;			/* authorization: base64(user:password) */
	const char *password;
	const char *token;			/* authorization: base64(token); wins */
} MfGrpcAuth;

/*
 * A channel to host:port.  Lazy: nothing is sent.  tls as in settings->sslmode
 * (MF_SSL_DISABLE = plaintext).  Everything is copied.  database may be NULL;
 * it travels as metadata "dbname".
 */
extern MfStatus mf_grpc_open(const char *host, int port, const MfGrpcAuth *auth,
							 const char *database, const MfNetSettings *settings,
							 MfGrpc **grpc, MfError *err);

/* Ends the calls that are left; they must not be touched any more. */
extern void mf_grpc_close(MfGrpc *grpc);

/*
 * Start a call of `method` ("/milvus.proto.milvus.MilvusService/Query").
 * The message is body[0..len), allocated with malloc; the call takes it over,
 * also on error.  timeout_ms 0 = settings->request_timeout_ms.  idempotent: a
 * call that may be sent twice (then a lost connection is retry = YES).
 */
extern MfStatus mf_grpc_begin(MfGrpc *grpc, const char *method,
							  void *body, size_t len, int timeout_ms, bool idempotent,
							  MfGrpcCall **call, MfError *err);

/*
 * MF_OK: the reply message is there.  MF_ERROR: the gRPC status as SQLSTATE
 * and text (host:port, status name and the server's message in the detail;
 * remote_code = status).  retry: YES if the call provably never left (there was
 * no connection yet, so gRPC was not given it) or is idempotent and the status is UNAVAILABLE; UNKNOWN if it may
 * have been received; NO otherwise.  A retryable call is sent anew by the next
 * step (the body is kept for that until mf_grpc_end).
 */
extern MfStatus mf_grpc_step(MfGrpcCall *call, MfWaitFor *wait, MfError *err);

/*
 * Done (answer or error) without asking for more?  Cheap, for polling several;
 * step at least one of them before waiting, which moves on all that wait for a
 * connection.
 */
extern bool mf_grpc_done(const MfGrpcCall *call);

/* The reply, in one piece, valid until mf_grpc_end. */
extern const uint8_t *mf_grpc_reply(const MfGrpcCall *call, size_t *len);

/* Legal at any moment; never blocks: cancels, the pump frees. */
extern void mf_grpc_end(MfGrpcCall *call);

/*
 * Process exit: cancel everything, stop the pump, bounded to about 100 ms.
 * The core calls it from before_shmem_exit.  No-op if gRPC never started.
 */
extern void mf_grpc_shutdown(void);

extern const char *mf_grpc_library(void);

#endif							/* MF_GRPC_H */
