/*
 * error.c - What does an error reply of Elasticsearch mean to PostgreSQL?
 *
 * {"error":{"type":..,"reason":..,"root_cause":[{..}]},"status":404}, or
 * {"error":"text"}, or whatever a proxy in between says.
 */
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "es.h"

#define MAX_ERROR_REPLY ((size_t) 1024 * 1024)

/* The reply as a tree, or NULL. */
static json_t *
reply_tree(const MfHttpCall *call)
{
	size_t		len;
	const char *body = mf_http_body(call, &len);

	return len > 0 && len <= MAX_ERROR_REPLY ? json_loadb(body, len, 0, NULL) : NULL;
}

/* The cause that says most: the first root cause, else the error itself. */
static const json_t *
cause(const json_t *root)
{
	const json_t *error = json_object_get(root, "error");
	const json_t *first = json_array_get(json_object_get(error, "root_cause"), 0);

	return json_object_get(first, "type") != NULL ? first : error;
}

static bool
names(const json_t *error, const char *type, int depth)
{
	const json_t *list;
	const json_t *one;
	const char *text = json_string_value(json_object_get(error, "type"));
	size_t		i;

	if (text != NULL && strcmp(text, type) == 0)
		return true;
	if (depth == 0 || !json_is_object(error))
		return false;
	list = json_object_get(error, "root_cause");
	json_array_foreach(list, i, one)
	{
		if (names(one, type, depth - 1))
			return true;
	}
	list = json_object_get(error, "failed_shards");
	json_array_foreach(list, i, one)
	{
		if (names(json_object_get(one, "reason"), type, depth - 1))
			return true;
	}
	return names(json_object_get(error, "caused_by"), type, depth - 1);
}

bool
es_error_is(const MfHttpCall *call, const char *type)
{
	json_t	   *root = reply_tree(call);
	const json_t *error = json_object_get(root, "error");
	bool		found = type == NULL ? json_object_get(error, "type") != NULL : names(error, type, 6);

	json_decref(root);
	return found;
}

static void
detail(const MfHttpCall *call, const json_t *root, MfError *err)
{
	const json_t *error = cause(root);
	const char *type = json_string_value(json_object_get(error, "type"));
	const char *reason = json_string_value(json_object_get(error, "reason"));
	int			status = mf_http_status(call);

	if (type != NULL)
		mf_error_detail(err, "Elasticsearch answered %d, %s: %s.", status, type,
						reason != NULL ? reason : "no reason given");
	else if (json_is_string(error))
		mf_error_detail(err, "Elasticsearch answered %d: %s.", status, json_string_value(error));
	else
		mf_error_detail(err, "%s was answered with HTTP status %d.", mf_http_describe(call), status);
}

MfStatus
es_error(const MfHttpCall *call, const char *index, MfError *err)
{
	int			status = mf_http_status(call);
	json_t	   *root = reply_tree(call);
	const json_t *error = json_object_get(root, "error");
	const char *name = index != NULL ? index : "";

	if (status == 401)
	{
		mf_error(err, MF_INVALID_PASSWORD, "Elasticsearch refused the credentials");
		mf_error_hint(err, "Set \"user\" and \"password\", or \"api_key\", in the user mapping of the server.");
	}
	else if (status == 403)
		mf_error(err, MF_INSUFFICIENT_PRIVILEGE, index != NULL ?
				 "permission denied for index \"%s\"" : "permission denied by Elasticsearch%s", name);
	else if (status >= 300 && status < 400)
	{
		mf_error(err, MF_PROTOCOL_VIOLATION, "Elasticsearch answered with a redirect, which is not followed");
		mf_error_hint(err, "The option \"url\" of the server has to be the address that answers itself.");
	}
	else if (names(error, "index_not_found_exception", 6))
		mf_error(err, MF_FDW_TABLE_NOT_FOUND, "index \"%s\" does not exist", name);
	else if (names(error, "index_closed_exception", 6))
		mf_error(err, MF_OBJECT_NOT_IN_STATE, "index \"%s\" is closed", name);
	else if (names(error, "invalid_index_name_exception", 6))
		mf_error(err, MF_INVALID_PARAMETER_VALUE, "invalid index name \"%s\"", name);
	else if (names(error, "search_context_missing_exception", 6))
	{
		mf_error(err, MF_OBJECT_NOT_IN_STATE, "the search in index \"%s\" is no longer open on the server", name);
		mf_error_hint(err, "Was the server restarted, or did more time pass between two pages than the option \"keep_alive\" allows?");
	}
	else if (status == 429 || status == 502 || status == 503 || status == 504)
	{
		mf_error(err, MF_INSUFFICIENT_RESOURCES, status == 429 ?
				 "Elasticsearch has too much to do" : "Elasticsearch is not available");
		err->retry = MF_RETRY_YES;
		err->retry_after_ms = mf_http_retry_after(call);
	}
	else
		mf_error(err, MF_FDW_ERROR, index != NULL ?
				 "Elasticsearch refused a request for index \"%s\"" : "Elasticsearch refused a request%s", name);
	detail(call, root, err);
	if (index != NULL)
		strncpy(err->collection, index, sizeof(err->collection) - 1);
	err->remote_code = status;
	json_decref(root);
	return MF_ERROR;
}

MfStatus
es_unusable(const MfHttpCall *call, const char *why, MfError *err)
{
	mf_error(err, MF_FDW_REPLY_HANDLE, "Elasticsearch sent an unusable reply");
	mf_error_detail(err, "%s: %s.", mf_http_describe(call), why);
	mf_error_hint(err, "Is there an Elasticsearch at this address?");
	return MF_ERROR;
}
