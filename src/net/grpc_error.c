/*
 * grpc_error.c - What does a gRPC status mean, and may the call be sent again?
 *
 * Of a call that gRPC has not been handed (GRPC_CONNECTING, GRPC_PROBING) it
 * is known that nothing left.  A call that it has taken may have been applied
 * unless the status is one by which servers refuse.
 */
#include <stdio.h>
#include <string.h>

#include "grpc_internal.h"

static const struct
{
	const char *name;
	const char *sqlstate;
	bool		refused;		/* the server's refusal: it did nothing */
}			statuses[] = {
	[GRPC_STATUS_OK] = {"OK", MF_FDW_ERROR, false},
	[GRPC_STATUS_CANCELLED] = {"CANCELLED", MF_SQL_CONNECTION_FAILURE, false},
	[GRPC_STATUS_UNKNOWN] = {"UNKNOWN", MF_FDW_ERROR, false},
	[GRPC_STATUS_INVALID_ARGUMENT] = {"INVALID_ARGUMENT", MF_INVALID_PARAMETER_VALUE, true},
	[GRPC_STATUS_DEADLINE_EXCEEDED] = {"DEADLINE_EXCEEDED", MF_SQL_CONNECTION_FAILURE, false},
	[GRPC_STATUS_NOT_FOUND] = {"NOT_FOUND", MF_FDW_ERROR, true},
	[GRPC_STATUS_ALREADY_EXISTS] = {"ALREADY_EXISTS", MF_FDW_ERROR, true},
	[GRPC_STATUS_PERMISSION_DENIED] = {"PERMISSION_DENIED", MF_INSUFFICIENT_PRIVILEGE, true},
	[GRPC_STATUS_RESOURCE_EXHAUSTED] = {"RESOURCE_EXHAUSTED", MF_INSUFFICIENT_RESOURCES, true},
	[GRPC_STATUS_FAILED_PRECONDITION] = {"FAILED_PRECONDITION", MF_OBJECT_NOT_IN_STATE, true},
	[GRPC_STATUS_ABORTED] = {"ABORTED", MF_FDW_ERROR, false},
	[GRPC_STATUS_OUT_OF_RANGE] = {"OUT_OF_RANGE", MF_INVALID_PARAMETER_VALUE, true},
	[GRPC_STATUS_UNIMPLEMENTED] = {"UNIMPLEMENTED", MF_FEATURE_NOT_SUPPORTED, true},
	[GRPC_STATUS_INTERNAL] = {"INTERNAL", MF_FDW_ERROR, false},
	[GRPC_STATUS_UNAVAILABLE] = {"UNAVAILABLE", MF_SQL_CONNECTION_FAILURE, false},
	[GRPC_STATUS_DATA_LOSS] = {"DATA_LOSS", MF_FDW_ERROR, false},
	[GRPC_STATUS_UNAUTHENTICATED] = {"UNAUTHENTICATED", MF_INVALID_AUTHORIZATION, true},
};

#define NSTATUSES (sizeof(statuses) / sizeof(statuses[0]))

static void
not_connected(const MfGrpcCall *call, const char *text, MfError *err)
{
	const MfGrpc *grpc = call->grpc;
	bool		certificate = strstr(text, "certificate") != NULL ||
		strstr(text, "CERTIFICATE") != NULL;

	mf_error(err, MF_SQL_CLIENT_UNABLE, "could not connect to server \"%s\"", grpc->settings.server);
	mf_error_detail(err, "%s: %s", grpc->address, text);
	err->retry = MF_RETRY_YES;
	if (grpc->settings.sslmode != MF_SSL_DISABLE && certificate)
	{
		mf_error_hint(err, "The option \"sslrootcert\" of the server names the file with the certificates of the authorities to trust; with sslmode \"verify-full\" the host, or else the option \"server_name\", must be one the certificate was issued for.");
		err->retry = MF_RETRY_NO;
	}
	else if (grpc->settings.sslmode != MF_SSL_DISABLE && strstr(text, "handshake") != NULL)
		mf_error_hint(err, "Does the server expect TLS on this port?");
}

/* No connection in connect_timeout. */
MfStatus
mfg_timeout_error(const MfGrpcCall *call, MfError *err)
{
	const MfGrpc *grpc = call->grpc;
	char		seconds[32];

	mf_error(err, MF_SQL_CLIENT_UNABLE, "could not connect to server \"%s\"", grpc->settings.server);
	mf_error_detail(err, "%s: no connection within %s.", grpc->address,
					mf_duration(seconds, sizeof(seconds), grpc->settings.connect_timeout_ms));
	mf_error_hint(err, "Is the server reachable? The option \"connect_timeout\" of the server says how long to wait.");
	err->remote_code = GRPC_STATUS_UNAVAILABLE;
	err->retry = MF_RETRY_YES;
	return MF_ERROR;
}

/* Our own limit, by the number in the library's text: the server has others. */
static bool
is_our_limit(const MfGrpc *grpc, const char *text)
{
	char		ours[64];

	snprintf(ours, sizeof(ours), "vs. %zu)", grpc->settings.max_response);
	return strstr(text, "eceived message larger than max") != NULL && strstr(text, ours) != NULL;
}

MfStatus
mfg_call_error(MfGrpcCall *call, MfError *err)
{
	MfGrpc	   *grpc = call->grpc;
	const char *server = grpc->settings.server;
	GrpcAttempt *attempt = call->attempt;
	char		text[700];
	char		seconds[32];
	int			status;

	if (attempt->status == GRPC_STATUS_OK)
	{
		mf_error(err, MF_PROTOCOL_VIOLATION, "server \"%s\" answered without a message", server);
		mf_error_detail(err, "The request was: %s to %s.", call->method, grpc->address);
		err->retry = call->idempotent ? MF_RETRY_NO : MF_RETRY_UNKNOWN;
		return MF_ERROR;
	}
	status = (unsigned) attempt->status < NSTATUSES ? (int) attempt->status : GRPC_STATUS_UNKNOWN;
	mf_printable(text, sizeof(text), (const char *) GRPC_SLICE_START_PTR(attempt->message),
				 GRPC_SLICE_LENGTH(attempt->message));
	if (call->phase == GRPC_PROBING)
		not_connected(call, text, err);
	else if (status == GRPC_STATUS_DEADLINE_EXCEEDED)
	{
		mf_error(err, MF_SQL_CONNECTION_FAILURE, "server \"%s\" did not answer within %s", server,
				 mf_duration(seconds, sizeof(seconds), call->timeout_ms));
		mf_error_detail(err, "The request was: %s to %s.", call->method, grpc->address);
		mf_error_hint(err, "The option \"request_timeout\" of the server says how long to wait.");
		err->retry = call->idempotent ? MF_RETRY_NO : MF_RETRY_UNKNOWN;
	}
	else if (status == GRPC_STATUS_RESOURCE_EXHAUSTED && is_our_limit(grpc, text))
	{
		mf_error(err, MF_LIMIT_EXCEEDED, "the answer of server \"%s\" is too large", server);
		mf_error_detail(err, "%s answered %s with more than %zu bytes.", grpc->address, call->method,
						grpc->settings.max_response);
		mf_error_hint(err, "Ask for fewer rows at a time with the option \"fetch_size\".");
		err->retry = call->idempotent ? MF_RETRY_NO : MF_RETRY_UNKNOWN;
	}
	else
	{
		if (status == GRPC_STATUS_UNAVAILABLE)
			mf_error(err, MF_SQL_CONNECTION_FAILURE, "lost the connection to server \"%s\"", server);
		else if (statuses[status].refused)
			mf_error(err, statuses[status].sqlstate, "server \"%s\" refused the request", server);
		else
			mf_error(err, statuses[status].sqlstate, "the request to server \"%s\" failed", server);
		mf_error_detail(err, "%s answered %s with gRPC status %s: %s", grpc->address, call->method,
						statuses[status].name, text);
		if (call->idempotent)
			err->retry = status == GRPC_STATUS_UNAVAILABLE ? MF_RETRY_YES : MF_RETRY_NO;
		else
			err->retry = statuses[status].refused ? MF_RETRY_NO : MF_RETRY_UNKNOWN;
	}
	if (err->remote_code == 0)
		err->remote_code = (int32_t) attempt->status;
	return MF_ERROR;
}
