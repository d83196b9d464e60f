/*
 * error.c - What does it mean that a store says no?
 *
 * S3 and Azure both answer <Error><Code>...</Code><Message>...</Message>; a HEAD
 * and a proxy in between answer nothing but a status.
 */
#include "internal.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

typedef enum Meaning
{
	M_OTHER,
	M_NO_PLACE,					/* bucket or container */
	M_NO_FILE,
	M_BAD_CREDENTIAL,
	M_DENIED,
	M_CLOCK,
	M_REGION,
	M_AGAIN
} Meaning;

static const struct
{
	const char *code;
	Meaning		meaning;
}			codes[] = {
	{"NoSuchBucket", M_NO_PLACE},
	{"ContainerNotFound", M_NO_PLACE},
	{"ContainerBeingDeleted", M_NO_PLACE},
	{"NoSuchKey", M_NO_FILE},
	{"BlobNotFound", M_NO_FILE},
	{"NoSuchUpload", M_NO_FILE},
	{"InvalidAccessKeyId", M_BAD_CREDENTIAL},
	{"SignatureDoesNotMatch", M_BAD_CREDENTIAL},
	{"InvalidToken", M_BAD_CREDENTIAL},
	{"ExpiredToken", M_BAD_CREDENTIAL},
	{"InvalidTokenId", M_BAD_CREDENTIAL},
	{"AuthenticationFailed", M_BAD_CREDENTIAL},
	{"NoAuthenticationInformation", M_BAD_CREDENTIAL},
	{"AccessDenied", M_DENIED},
	{"AuthorizationFailure", M_DENIED},
	{"AuthorizationPermissionMismatch", M_DENIED},
	{"RequestTimeTooSkewed", M_CLOCK},
	{"AuthorizationHeaderMalformed", M_REGION},
	{"PermanentRedirect", M_REGION},
	{"SlowDown", M_AGAIN},
	{"RequestTimeout", M_AGAIN},
	{"ServerBusy", M_AGAIN},
	{"OperationTimedOut", M_AGAIN},
	{"XAmzContentSHA256Mismatch", M_AGAIN}, /* damaged on the way */
	{"BadDigest", M_AGAIN},
	{"Crc64Mismatch", M_AGAIN},
};

static Meaning
meaning_of(const char *code, int status)
{
	for (size_t i = 0; code != NULL && i < sizeof(codes) / sizeof(codes[0]); i++)
	{
		if (strcmp(codes[i].code, code) == 0)
			return codes[i].meaning;
	}
	switch (status)
	{
		case 301:
		case 307:
			return M_REGION;
		case 401:
			return M_BAD_CREDENTIAL;
		case 403:
			return M_DENIED;
		case 404:
			return M_NO_FILE;
		case 408:
		case 429:
		case 500:
		case 502:
		case 503:
		case 504:
			return M_AGAIN;
		default:
			return M_OTHER;
	}
}

static void
set_message(Meaning meaning, const StoreCall *call, MfError *err)
{
	const MfConn *store = call->store;
	const char *place = store->place.kind == STORE_S3 ? "bucket" : "container";
	const char *region = mf_http_header(call->http, "x-amz-bucket-region");

	switch (meaning)
	{
		case M_NO_PLACE:
			mf_error(err, MF_FDW_TABLE_NOT_FOUND, "%s \"%s\" does not exist on server \"%s\"", place, store->place.bucket, store->server);
			break;
		case M_NO_FILE:
			mf_error(err, MF_FDW_TABLE_NOT_FOUND, "the store of server \"%s\" has no such file", store->server);
			break;
		case M_BAD_CREDENTIAL:
			mf_error(err, MF_INVALID_PASSWORD, "the store of server \"%s\" refuses the credentials", store->server);
			mf_error_hint(err, store->place.kind == STORE_S3 ? "Check access_key, secret_key and session_token of the user mapping." :
						  "Check account_key or sas_token of the user mapping.");
			break;
		case M_DENIED:
			mf_error(err, MF_INSUFFICIENT_PRIVILEGE, "the store of server \"%s\" denies access to %s \"%s\"", store->server, place, store->place.bucket);
			mf_error_hint(err, "The user of the user mapping needs to list, read, write and delete there.");
			break;
		case M_CLOCK:
			mf_error(err, MF_INVALID_AUTHORIZATION, "the clocks of this machine and of server \"%s\" differ too much", store->server);
			break;
		case M_REGION:
			mf_error(err, MF_FDW_INVALID_ATTRIBUTE_VALUE, "%s \"%s\" is not in region \"%s\"", place, store->place.bucket, store->region);
			mf_error_hint(err, region != NULL ? "Set the option \"region\" of the server to '%s'." :
						  "Set the options \"region\" and \"endpoint\" of the server.", region);
			break;
		case M_AGAIN:
			mf_error(err, MF_INSUFFICIENT_RESOURCES, "the store of server \"%s\" is too busy or failed", store->server);
			break;
		case M_OTHER:
			mf_error(err, MF_FDW_ERROR, "the store of server \"%s\" refused a request", store->server);
			break;
	}
}

MfStatus
store_answer_error(StoreCall *call, MfError *err)
{
	MfArena		arena = {.mem = call->store->mem};
	int			status = mf_http_status(call->http);
	size_t		len;
	const char *body = mf_http_body(call->http, &len);
	const char *code = store_xml_text(&arena, body, len, "Code");
	const char *message = store_xml_text(&arena, body, len, "Message");
	Meaning		meaning;

	if (code == NULL)
		code = mf_http_header(call->http, "x-ms-error-code");
	/* the core hides the secrets of options, but does not know these */
	if (message != NULL && call->store->role != NULL && store_role_is_in(call->store->role, message))
		message = NULL;
	meaning = meaning_of(code, status);
	if (meaning == M_NO_FILE && call->missing_ok)
	{
		call->missing = true;
		mf_arena_free(&arena);
		return MF_OK;
	}
	/* older versions of Azurite, the emulator, refuse that header */
	if (call->crc64[0] != '\0' && code != NULL && strcmp(code, "FeatureNotSupported") == 0)
	{
		call->store->no_crc64 = true;
		call->crc64[0] = '\0';
		meaning = M_AGAIN;
	}
	set_message(meaning, call, err);
	mf_error_detail(err, "%s: HTTP status %d%s%s%s%s.", mf_http_describe(call->http), status, code != NULL ? ", " : "",
					code != NULL ? code : "", message != NULL && message[0] != '\0' ? ": " : "", message != NULL ? message : "");
	err->remote_code = status;
	if (meaning == M_AGAIN)
	{
		err->retry = MF_RETRY_YES;
		err->retry_after_ms = mf_http_retry_after(call->http);
	}
	mf_arena_free(&arena);
	return MF_ERROR;
}

/* SQLSTATEs as errcode_for_file_access() has them. */
MfStatus
store_os_error(MfError *err, int number, const char *doing, const char *path)
{
	const char *state = MF_IO_ERROR;

	if (number == ENOENT || number == ENOTDIR)
		state = "58P01";		/* undefined_file */
	else if (number == EACCES || number == EPERM || number == EROFS)
		state = MF_INSUFFICIENT_PRIVILEGE;
	else if (number == ENOSPC || number == EDQUOT || number == EFBIG)
		state = "53100";		/* disk_full */
	else if (number == EEXIST)
		state = "58P02";		/* duplicate_file */
	mf_error(err, state, "could not %s \"%s\"", doing, path);
	mf_error_detail(err, "%s.", strerror(number));
	if (strcmp(state, "53100") == 0)
		mf_error_hint(err, "Check free disk space.");
	return MF_ERROR;
}
