/*
 * http_error.c - What does it mean that no answer came?
 *
 * Says it in PostgreSQL's words and decides whether the request may be sent
 * again: yes if not a byte of it left, or if its caller declared it harmless.
 */
#include <stdio.h>
#include <string.h>

#include "http_internal.h"

/* Did the attempt end before there was a connection? */
bool
mfh_not_connected(const MfHttpCall *call)
{
	return call->never_left &&
		(call->code == CURLE_COULDNT_RESOLVE_HOST ||
		 call->code == CURLE_COULDNT_CONNECT ||
		 call->code == CURLE_OPERATION_TIMEDOUT);
}

static bool
is_certificate_error(CURLcode code)
{
	return code == CURLE_PEER_FAILED_VERIFICATION || code == CURLE_SSL_ISSUER_ERROR;
}

/* Why, in a few words: the system's if there are any, else curl's. */
static void
reason(const MfHttpCall *call, char *buf, size_t size)
{
	const MfNetSettings *settings = &call->http->settings;
	const char *text;
	char		seconds[32];

	if (call->code == CURLE_OPERATION_TIMEDOUT)
	{
		snprintf(buf, size, "%s within %s", call->never_left ? "no connection" : "no complete answer",
				 mf_duration(seconds, sizeof(seconds),
							 call->timed_out ? settings->request_timeout_ms : settings->connect_timeout_ms));
		return;
	}
	/* Our own refusal to send a body again (http_setup.c) shows as this. */
	if (call->code == CURLE_SEND_FAIL_REWIND)
		text = "the connection was closed before an answer came";
	else if (call->os_errno != 0 &&
		(call->code == CURLE_COULDNT_CONNECT || call->code == CURLE_SEND_ERROR ||
		 call->code == CURLE_RECV_ERROR))
		text = strerror(call->os_errno);
	else if (call->curl_error[0] != '\0')
		text = call->curl_error;
	else
		text = curl_easy_strerror(call->code);
	mf_printable(buf, size, text, strlen(text));
}

/* Add "URL: reason" to what has failed so far. */
void
mfh_note_failed_url(MfHttpCall *call)
{
	size_t		len = strlen(call->failed);
	char		why[300];

	reason(call, why, sizeof(why));
	snprintf(call->failed + len, sizeof(call->failed) - len, "%s%s: %s",
			 len > 0 ? "; " : "", call->http->urls[call->url].base, why);
}

static void
not_connected(MfHttpCall *call, MfError *err)
{
	mf_error(err, MF_SQL_CLIENT_UNABLE, "could not connect to server \"%s\"",
			 call->http->settings.server);
	mf_error_detail(err, "%s.", call->failed);
	if (call->code == CURLE_OPERATION_TIMEDOUT)
		mf_error_hint(err, "Is the server reachable? The option \"%s\" of the server says how long to wait.",
					  call->timed_out ? "request_timeout" : "connect_timeout");
	err->retry = MF_RETRY_YES;
}

static void
tls_failed(MfHttpCall *call, const char *why, MfError *err)
{
	mf_error(err, MF_SQL_CLIENT_UNABLE, "could not connect to server \"%s\"",
			 call->http->settings.server);
	mf_error_detail(err, "%s: %s.", call->http->urls[call->url].base, why);
	if (strstr(why, "subject name") != NULL)
		mf_error_hint(err, "Use a host name that the certificate was issued for, or name it with the option \"server_name\" of the server.");
	else if (is_certificate_error(call->code) && strstr(why, "expired") == NULL)
		mf_error_hint(err, "The option \"sslrootcert\" of the server names the file with the certificates of the authorities to trust.");
	else if (!is_certificate_error(call->code))
		mf_error_hint(err, "Does the server expect TLS on this port?");
	err->retry = is_certificate_error(call->code) ? MF_RETRY_NO : MF_RETRY_YES;
}

static void
too_large(MfHttpCall *call, MfError *err)
{
	mf_error(err, MF_LIMIT_EXCEEDED, "the answer of server \"%s\" is too large",
			 call->http->settings.server);
	mf_error_detail(err, "%s answered with more than %zu bytes.", call->describe,
					call->http->settings.max_response);
	mf_error_hint(err, "Ask for fewer rows at a time with the option \"fetch_size\".");
}

static void
cut_off(MfHttpCall *call, const char *why, MfError *err)
{
	bool		no_answer = call->code == CURLE_GOT_NOTHING;

	mf_error(err, MF_SQL_CONNECTION_FAILURE, "lost the connection to server \"%s\"",
			 call->http->settings.server);
	mf_error_detail(err, "%s: %s.", call->describe, why);
	if (no_answer && !call->http->urls[call->url].tls)
		mf_error_hint(err, "Does the server expect https?");
}

MfStatus
mfh_call_error(MfHttpCall *call, MfError *err)
{
	const char *server = call->http->settings.server;
	char		why[600];
	char		seconds[32];

	reason(call, why, sizeof(why));
	if (call->too_large || call->no_memory || call->code == CURLE_OUT_OF_MEMORY)
	{
		if (call->too_large)
			too_large(call, err);
		else
			mf_error_oom(err, call->answer.len > call->announced ? call->answer.len * 2 : call->announced);
		/* The server has done what was asked; sending again will not help. */
		err->retry = call->never_left || call->idempotent ? MF_RETRY_NO : MF_RETRY_UNKNOWN;
		return MF_ERROR;
	}
	if (mfh_not_connected(call))
	{
		not_connected(call, err);
		return MF_ERROR;
	}

	switch (call->code)
	{
		case CURLE_OPERATION_TIMEDOUT:
			mf_error(err, MF_SQL_CONNECTION_FAILURE, "server \"%s\" did not answer within %s", server,
					 mf_duration(seconds, sizeof(seconds), call->http->settings.request_timeout_ms));
			mf_error_detail(err, "The request was: %s.", call->describe);
			mf_error_hint(err, "The option \"request_timeout\" of the server says how long to wait.");
			err->retry = call->idempotent ? MF_RETRY_NO : MF_RETRY_UNKNOWN;
			return MF_ERROR;
		case CURLE_PEER_FAILED_VERIFICATION:
		case CURLE_SSL_ISSUER_ERROR:
		case CURLE_SSL_CONNECT_ERROR:
			tls_failed(call, why, err);
			return MF_ERROR;
		case CURLE_SSL_CACERT_BADFILE:
		case CURLE_SSL_CERTPROBLEM:
			mf_error(err, MF_IO_ERROR, "could not use the certificates for server \"%s\"", server);
			mf_error_detail(err, "%s.", why);
			return MF_ERROR;
		case CURLE_UNSUPPORTED_PROTOCOL:
		case CURLE_WEIRD_SERVER_REPLY:
		case CURLE_BAD_CONTENT_ENCODING:
			mf_error(err, MF_PROTOCOL_VIOLATION, "server \"%s\" does not speak HTTP as it should", server);
			mf_error_detail(err, "%s: %s.", call->describe, why);
			err->retry = call->idempotent ? MF_RETRY_NO : MF_RETRY_UNKNOWN;
			return MF_ERROR;
		default:
			cut_off(call, why, err);
			break;
	}
	if (call->never_left || call->idempotent)
		err->retry = MF_RETRY_YES;
	else
		err->retry = MF_RETRY_UNKNOWN;
	return MF_ERROR;
}
