/*
 * error.c - What does the server's word mean to a user of SQL?
 *
 * Milvus from 2.3 on gives a code that says what; 2.2 only an older one.  The
 * server's own text goes into the detail, without the stack trace that Go adds
 * after its first line.
 */
#include <stdarg.h>
#include <stdio.h>

#include "internal.h"

#define LOAD_HINT "Load it with SELECT milvus_fdw.load('%s', '%s'); or set option \"auto_load\" of the table to 'true'."

typedef struct Meaning
{
	int32_t		code;
	const char *sqlstate;
	MfRetry		retry;
	const char *message;		/* NULL: "Milvus refused the request" */
} Meaning;

/* Status.code, from Milvus 2.3 on */
static const Meaning by_code[] = {
	{1, MF_SQL_CONNECTION_FAILURE, MF_RETRY_YES, "Milvus is not ready"},
	{2, MF_SQL_CONNECTION_FAILURE, MF_RETRY_UNKNOWN, "part of Milvus is not available"},
	{3, MF_INSUFFICIENT_RESOURCES, MF_RETRY_YES, "Milvus is out of memory"},
	{4, MF_INSUFFICIENT_RESOURCES, MF_RETRY_YES, "Milvus has too many requests to do"},
	{7, MF_INSUFFICIENT_RESOURCES, MF_RETRY_NO, "Milvus is out of disk space"},
	{8, MF_INSUFFICIENT_RESOURCES, MF_RETRY_YES, "Milvus's rate limit is reached"},
	{9, MF_INSUFFICIENT_RESOURCES, MF_RETRY_YES, "Milvus's quota is exhausted"},
	{10, MF_FEATURE_NOT_SUPPORTED, MF_RETRY_NO, "this server does not offer the request"},
	{11, MF_INSUFFICIENT_RESOURCES, MF_RETRY_NO, "Milvus lags behind and denies requests"},
	{12, MF_INSUFFICIENT_RESOURCES, MF_RETRY_NO, "Milvus's resources do not suffice"},
	{100, MF_FDW_TABLE_NOT_FOUND, MF_RETRY_NO, "there is no such collection"},
	{101, MF_OBJECT_NOT_IN_STATE, MF_RETRY_NO, "the collection is not loaded"},
	{102, MF_LIMIT_EXCEEDED, MF_RETRY_NO, "Milvus holds too many collections"},
	{103, MF_OBJECT_NOT_IN_STATE, MF_RETRY_NO, "the collection is not fully loaded"},
	{106, MF_OBJECT_NOT_IN_STATE, MF_RETRY_UNKNOWN, "the collection is recovering"},
	{200, MF_FDW_TABLE_NOT_FOUND, MF_RETRY_NO, "there is no such partition"},
	{201, MF_OBJECT_NOT_IN_STATE, MF_RETRY_NO, "the partition is not loaded"},
	{202, MF_OBJECT_NOT_IN_STATE, MF_RETRY_NO, "the partition is not fully loaded"},
	{105, MF_INVALID_PARAMETER_VALUE, MF_RETRY_NO, "Milvus cannot hold such a collection"},
	{503, MF_SQL_CONNECTION_FAILURE, MF_RETRY_UNKNOWN, "part of Milvus is not available"},
	{700, MF_OBJECT_NOT_IN_STATE, MF_RETRY_NO, "there is no such index"},
	{701, MF_FEATURE_NOT_SUPPORTED, MF_RETRY_NO, "Milvus does not have this type of index"},
	{702, MF_OBJECT_NOT_IN_STATE, MF_RETRY_NO, "the field has an index already"},
	{800, MF_FDW_TABLE_NOT_FOUND, MF_RETRY_NO, "there is no such database"},
	{1100, MF_INVALID_PARAMETER_VALUE, MF_RETRY_NO, NULL},
	{1101, MF_INVALID_PARAMETER_VALUE, MF_RETRY_NO, NULL},
	{1102, MF_PROGRAM_LIMIT, MF_RETRY_NO, "a message is too large for Milvus"},
	{1400, MF_INVALID_PASSWORD, MF_RETRY_NO, "Milvus does not accept the credentials"},
	{1401, MF_INSUFFICIENT_PRIVILEGE, MF_RETRY_NO, "Milvus denies permission"},
	{1700, MF_FDW_COLUMN_NAME_NOT_FOUND, MF_RETRY_NO, "there is no such field"},
	{1701, MF_INVALID_PARAMETER_VALUE, MF_RETRY_NO, "Milvus does not accept the name of a field"},
	{10000, MF_FDW_ERROR, MF_RETRY_NO, "Milvus gave up the request"},
	{10001, MF_FDW_ERROR, MF_RETRY_NO, "Milvus took too long"},
};

/* Status.error_code, all that Milvus 2.2 gives */
static const Meaning by_error_code[] = {
	{3, MF_INSUFFICIENT_PRIVILEGE, MF_RETRY_NO, "Milvus denies permission"},
	{4, MF_FDW_TABLE_NOT_FOUND, MF_RETRY_NO, "there is no such collection"},
	{24, MF_INSUFFICIENT_RESOURCES, MF_RETRY_NO, "Milvus is out of memory"},
	{25, MF_OBJECT_NOT_IN_STATE, MF_RETRY_NO, "there is no such index"},
	{28, MF_FDW_TABLE_NOT_FOUND, MF_RETRY_NO, "there is no such collection"},
	{48, MF_INSUFFICIENT_RESOURCES, MF_RETRY_YES, "Milvus's quota is exhausted"},
	{49, MF_INSUFFICIENT_RESOURCES, MF_RETRY_YES, "Milvus's rate limit is reached"},
	{52, MF_INSUFFICIENT_RESOURCES, MF_RETRY_NO, "Milvus lacks memory to load the collection"},
	{53, MF_INSUFFICIENT_RESOURCES, MF_RETRY_YES, "Milvus's quota is exhausted"},
	{54, MF_INSUFFICIENT_RESOURCES, MF_RETRY_YES, "Milvus's quota is exhausted"},
	{55, MF_INSUFFICIENT_RESOURCES, MF_RETRY_NO, "Milvus lags behind and denies requests"},
	{56, MF_SQL_CONNECTION_FAILURE, MF_RETRY_YES, "Milvus is not ready"},
	{57, MF_SQL_CONNECTION_FAILURE, MF_RETRY_YES, "Milvus is not ready"},
};

static const Meaning *
find(const Meaning *table, size_t n, int32_t code)
{
	for (size_t i = 0; i < n; i++)
	{
		if (table[i].code == code)
			return &table[i];
	}
	return NULL;
}

/* Some of 2.3's errors come without a code of their own. */
static int32_t
code_in_text(int32_t code, const char *reason)
{
	if (code != 65535 && code != 0)
		return code;
	if (strstr(reason, "collection not loaded") != NULL || strstr(reason, "has not been loaded") != NULL)
		return 101;
	if (strstr(reason, "index not exist") != NULL || strstr(reason, "index doesn't exist") != NULL ||
		strstr(reason, "index not found") != NULL)
		return 700;
	if (strstr(reason, "partition name ") != NULL && strstr(reason, " not found") != NULL)
		return 200;
	if (strstr(reason, "can't find collection") != NULL || strstr(reason, "collection not found") != NULL)
		return 100;
	if (strstr(reason, "at most one distinct index is allowed") != NULL)
		return 702;
	return code;
}

/* The first line, without the trace of calls that may follow on it. */
static int
first_line(const char *reason)
{
	size_t		len = strcspn(reason, "\r\n");
	const char *trace = strstr(reason, ", stack: ");

	if (trace == NULL)
		trace = strstr(reason, ": stack trace");
	if (trace != NULL && (size_t) (trace - reason) < len)
		len = (size_t) (trace - reason);
	return len > 900 ? 900 : (int) len;
}

/*
 * The call to type, as far as the names need no quoting of ours.
 */
MfStatus
m2_error_not_loaded(const M2Where *where, int load_state, MfError *err)
{
	mf_error(err, MF_OBJECT_NOT_IN_STATE, load_state == M2_STATE_LOADING ?
			 "collection \"%s\" is still being loaded" : "collection \"%s\" is not loaded",
			 where->collection);
	mf_error_detail(err, "Milvus reads only collections that are loaded into its memory.");
	mf_error_hint(err, LOAD_HINT, where->server, where->collection);
	snprintf(err->collection, sizeof(err->collection), "%s", where->collection);
	return MF_ERROR;
}

static void
hint(int32_t code, const M2Where *where, MfError *err)
{
	switch (code)
	{
		case 101:
		case 103:
			if (where->collection != NULL)
				mf_error_hint(err, LOAD_HINT, where->server, where->collection);
			break;
		case 700:
			mf_error_hint(err, "Every vector field needs an index before its collection can be loaded: milvus_fdw.create_index(...).");
			break;
		case 702:
			mf_error_hint(err, "Drop it first with milvus_fdw.drop_index(...).");
			break;
		case 800:
			mf_error_hint(err, "Option \"database\" of the server or table names the database.");
			break;
		case 8:
			mf_error_hint(err, "The limit is set by quotaAndLimits in the server's configuration.");
			break;
		case 3:
		case 9:
			mf_error_hint(err, "Milvus denies writing until there is room again; option \"retry_timeout\" of the server is how long that is waited for.");
			break;
	}
}

MfStatus
m2_status(int32_t code, int32_t error_code, const char *reason, const M2Where *where, MfError *err)
{
	const Meaning *meaning = NULL;
	const char *sqlstate = MF_FDW_ERROR;
	const char *message = NULL;
	int32_t		effective;

	if (code == 0 && error_code == 0)
		return MF_OK;
	effective = code_in_text(code, reason);
	if (effective != 0)
		meaning = find(by_code, sizeof(by_code) / sizeof(by_code[0]), effective);
	if (meaning == NULL && (effective == 0 || effective == 65535))
		meaning = find(by_error_code, sizeof(by_error_code) / sizeof(by_error_code[0]), error_code);
	if (meaning != NULL)
	{
		sqlstate = meaning->sqlstate;
		message = meaning->message;
	}
	if (effective == 100 && where->collection != NULL)
		mf_error(err, sqlstate, "collection \"%s\" does not exist on server \"%s\"",
				 where->collection, where->server);
	else if ((effective == 101 || effective == 103) && where->collection != NULL)
		mf_error(err, sqlstate, "collection \"%s\" is not %sloaded", where->collection,
				 effective == 103 ? "fully " : "");
	else
		mf_error(err, sqlstate, "%s", message != NULL ? message : "Milvus refused the request");
	mf_error_detail(err, "Milvus answered code %d: %.*s",
					code != 0 ? code : error_code, first_line(reason), reason);
	hint(effective, where, err);
	if (where->collection != NULL)
		snprintf(err->collection, sizeof(err->collection), "%s", where->collection);
	err->remote_code = code != 0 ? code : error_code;
	err->retry = meaning != NULL ? meaning->retry : MF_RETRY_NO;
	return MF_ERROR;
}

/*
 * The server's text names the privilege as its own code does,
 * "PrivilegeInsert: permission deny to u1"; grants call it "Insert".
 */
static void
permission_denied(const M2Where *where, MfError *err)
{
	static const char prefix[] = "Privilege";
	const char *name = strstr(err->detail, prefix);
	int			len = 0;

	memcpy(err->sqlstate, MF_INSUFFICIENT_PRIVILEGE, 5);
	if (where->collection != NULL)
		snprintf(err->message, sizeof(err->message), "permission denied for collection \"%s\"", where->collection);
	else
		snprintf(err->message, sizeof(err->message), "permission denied by server \"%s\"", where->server);
	if (name != NULL)
	{
		name += sizeof(prefix) - 1;
		len = (int) strspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz");
	}
	if (len > 0)
		mf_error_hint(err, "A role of the user needs the Milvus privilege \"%.*s\".", len, name);
	else
		mf_error_hint(err, "Milvus grants privileges to roles, and roles to users.");
}

void
m2_grpc_error(const M2Where *where, MfError *err)
{
	switch (err->remote_code)
	{
		case 7:
			permission_denied(where, err);
			break;
		case 8:
			if (!m2_error_too_large(err))
				err->retry = MF_RETRY_YES;
			break;
		case 16:
			memcpy(err->sqlstate, MF_INVALID_PASSWORD, 5);
			snprintf(err->message, sizeof(err->message),
					 "server \"%s\" does not accept the credentials", where->server);
			mf_error_hint(err, "Options \"user\" and \"password\", or \"token\", of the user mapping hold them.");
			break;
	}
	if (where->collection != NULL && err->collection[0] == '\0')
		snprintf(err->collection, sizeof(err->collection), "%s", where->collection);
}

bool
m2_error_too_large(const MfError *err)
{
	if (err->remote_code == 8 && strstr(err->detail, "larger than max") != NULL)
		return true;			/* gRPC, of either side */
	return err->remote_code == 1102 || strstr(err->detail, "maxOutputSize") != NULL ||
		strstr(err->detail, "message too large") != NULL ||
		strstr(err->detail, "exceeds the maximum") != NULL;
}

/* Refused by the proxy before anything was done, or failed somewhere inside? */
bool
m2_error_may_be_applied(const MfError *err)
{
	switch (err->remote_code)
	{
		case 2:
		case 5:
		case 10000:
		case 10001:
			return true;
		default:
			return (err->remote_code >= 500 && err->remote_code < 700) ||
				(err->remote_code >= 900 && err->remote_code < 1003);
	}
}

MfStatus
m2_error_reply(MfError *err, const char *what, const char *fmt,...)
{
	char		text[512];
	va_list		args;

	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	mf_error(err, MF_FDW_REPLY_HANDLE, "the answer to %s is not usable", what);
	mf_error_detail(err, "The answer is broken: %s.", text);
	return MF_ERROR;
}
