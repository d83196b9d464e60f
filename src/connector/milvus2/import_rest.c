/*
 * import_rest.c - How are imports asked of Milvus's REST interface?
 *
 * /v2/vectordb/jobs/import of Milvus 2.4 and later, and of Zilliz Cloud, which
 * imports only so: it is told the cluster, and where the files are, as URLs with
 * the keys of their bucket or as paths in a volume.  The answer is HTTP 200 with
 * {"code": 0, "data": ...}, or another code and a message.
 */
#include <stdio.h>
#include <string.h>

#include "import_rest.h"

#define JOBS "/v2/vectordb/jobs/import/"

bool
m2_import_by_rest(const MfConn *conn)
{
	return mf_option(&conn->options, "import_url") != NULL;
}

bool
m2_import_url_check(const char *value, const char **why)
{
	MfUrl		url;

	return mf_url_parse(value, &url, why);
}

/* Zilliz Cloud reads a bucket of ours with its keys. */
MfStatus
m2_import_wants_keys(const MfOptions *options, bool *wants, MfError *err)
{
	const char *text = mf_option(options, "import_url");
	const char *sslmode = mf_option(options, "sslmode");
	const char *why;
	MfUrl		url;

	*wants = text != NULL && mf_option(options, "cluster_id") != NULL && mf_option(options, "volume") == NULL;
	if (!*wants || (strchr(text, ',') == NULL && mf_url_parse(text, &url, &why) && url.tls) || (sslmode != NULL && strcmp(sslmode, "disable") == 0))
		return MF_OK;
	mf_error(err, MF_INVALID_PARAMETER_VALUE, "the keys of the store would be sent without encryption");
	mf_error_detail(err, "Option \"import_url\" is an http URL.");
	mf_error_hint(err, "Use an https URL. With the server's option sslmode 'disable' the keys are sent all the same.");
	return MF_ERROR;
}

const char *
m2_rest_cluster(const MfTask *task)
{
	return mf_option(&task->conn->options, "cluster_id");
}

/* ------------------------------------------------------------------- one call */

static MfStatus
open_rest(MfConn *conn, MfError *err)
{
	MfHttpAuth	auth = {NULL};
	MfNetSettings settings;

	if (conn->rest != NULL)
		return MF_OK;
	mf_net_settings(&settings, conn->server, &conn->options, conn->mem);
	settings.max_response = M2_REST_MOST_BYTES;
	return mf_http_open(mf_option(&conn->options, "import_url"), &auth, &settings, &conn->rest, err);
}

/* A token is shown as it is, a user as "user:password". */
static MfStatus
add_credential(MfTask *task, MfError *err)
{
	const MfOptions *options = &task->conn->options;
	const char *token = mf_option(options, "token");
	const char *user = mf_option(options, "user");
	const char *password = mf_option(options, "password");
	const char *line;

	if (token == NULL && user == NULL)
		return MF_OK;
	line = token != NULL ? mf_arena_text(&task->arena, "Authorization: Bearer %s", token) :
		mf_arena_text(&task->arena, "Authorization: Bearer %s:%s", user, password != NULL ? password : "");
	if (line == NULL || !mf_http_headers(task->http, &line, 1))
		return mf_error_oom(err, 256);
	return MF_OK;
}

MfStatus
m2_rest_begin(MfTask *task, const char *action, MfJsonBuf *body, bool idempotent, MfError *err)
{
	char		path[128];
	MfStatus	status;

	mf_json_buf_add(body, "}");
	snprintf(path, sizeof(path), JOBS "%s", action);
	status = body->failed ? mf_error_oom(err, body->cap) : open_rest(task->conn, err);
	if (status == MF_OK)
		status = mf_http_begin(task->conn->rest, "POST", path, NULL, body->data, body->len, &task->http, err);
	mf_free(task->mem, body->data);
	if (status == MF_OK && idempotent)
		mf_http_idempotent(task->http);
	return status == MF_OK ? add_credential(task, err) : status;
}

static MfStatus
refused(const MfTask *task, int http, const json_t *root, MfError *err)
{
	const char *message = json_string_value(json_object_get(root, "message"));
	int			code = (int) json_integer_value(json_object_get(root, "code"));

	mf_error(err, http == 401 || http == 403 || code == 1800 || code == 80001 ? MF_INVALID_AUTHORIZATION : MF_FDW_ERROR,
			 "server \"%s\" refused the request about imports", task->conn->server);
	if (root == NULL)
		mf_error_detail(err, "It answered HTTP status %d without a JSON object.", http);
	else
		mf_error_detail(err, "It answered code %d: %.800s", code, message != NULL ? message : "no reason was given");
	err->remote_code = code != 0 ? code : http;
	return MF_ERROR;
}

/*
 * Is the server only busy, or away for a while?  Then what just looks is sent
 * again.  Whether an import was heard of nobody knows.
 */
static void
may_retry(const MfTask *task, int http, bool idempotent, MfError *err)
{
	bool		busy = http == 429 || http == 500 || (http >= 502 && http <= 504);
	MfError		meaning;

	mf_error_reset(&meaning);
	if (http == 200 && err->remote_code != 200 &&
		m2_status(err->remote_code, 0, "", &task->where, &meaning) == MF_ERROR)
		busy = meaning.retry != MF_RETRY_NO;
	if (!busy)
		return;
	memcpy(err->sqlstate, http == 429 && idempotent ? MF_INSUFFICIENT_RESOURCES : MF_SQL_CONNECTION_FAILURE, 5);
	snprintf(err->message, sizeof(err->message), "server \"%s\" is too busy or not available", task->conn->server);
	err->retry = idempotent ? MF_RETRY_YES : MF_RETRY_UNKNOWN;
	err->retry_after_ms = mf_http_retry_after(task->http);
}

MfStatus
m2_rest_finish(MfTask *task, bool idempotent, json_t **root, MfWaitFor *wait, MfError *err)
{
	MfStatus	status = mf_http_step(task->http, wait, err);
	const char *text;
	size_t		len;
	int			http;

	*root = NULL;
	if (status != MF_OK)
	{
		/* what was not heard may be sent again from the beginning */
		if (status == MF_ERROR && err->retry != MF_RETRY_YES)
		{
			mf_http_end(task->http);
			task->http = NULL;
		}
		return status;
	}
	http = mf_http_status(task->http);
	text = mf_http_body(task->http, &len);
	task->received += len;
	*root = json_loadb(text, len, 0, NULL);
	if (http != 200 || !json_is_object(*root) || json_integer_value(json_object_get(*root, "code")) != 0 ||
		json_object_get(*root, "data") == NULL)
	{
		status = refused(task, http, *root, err);
		may_retry(task, http, idempotent, err);
		json_decref(*root);
		*root = NULL;
	}
	if (status == MF_ERROR && err->retry == MF_RETRY_YES)
	{
		mf_http_again(task->http);
		return status;
	}
	mf_http_end(task->http);
	task->http = NULL;
	return status;
}

/*
 * Bodies are written by hand: jansson's json_object() has the name of a function
 * of PostgreSQL, which would be called in its place.
 */
void
m2_rest_add_text(MfJsonBuf *body, const char *name, const char *value)
{
	mf_json_buf_add(body, body->len > 1 ? ",\"" : "\"");
	mf_json_buf_add(body, name);
	mf_json_buf_add(body, "\":");
	mf_json_buf_quote(body, value);
}

MfJsonBuf
m2_rest_body(const MfTask *task)
{
	MfJsonBuf	body = {.mem = task->mem};

	mf_json_buf_add(&body, "{");
	if (m2_rest_cluster(task) != NULL)
		m2_rest_add_text(&body, "clusterId", m2_rest_cluster(task));
	if (task->database[0] != '\0' || m2_rest_cluster(task) == NULL)
		m2_rest_add_text(&body, "dbName", task->database[0] != '\0' ? task->database : "default");
	return body;
}

/* ------------------------------------------------------------------- starting */

static void
add_key(MfJsonBuf *body, const MfOptions *store, const char *option, const char *name)
{
	const char *value = mf_option(store, option);

	if (value != NULL)
		m2_rest_add_text(body, name, value);
}

/* One group of files; the list of lists would take more. */
static void
add_group(const MfTask *task, MfJsonBuf *body, const char *name)
{
	mf_json_buf_add(body, ",\"");
	mf_json_buf_add(body, name);
	mf_json_buf_add(body, "\":[[");
	for (int i = 0; i < task->nnames; i++)
	{
		mf_json_buf_add(body, i > 0 ? "," : "");
		mf_json_buf_quote(body, task->names[i]);
	}
	mf_json_buf_add(body, "]]");
}

static MfJsonBuf
import_body(const MfTask *task)
{
	const char *volume = mf_option(&task->conn->options, "volume");
	MfJsonBuf	body = m2_rest_body(task);

	m2_rest_add_text(&body, "collectionName", task->collection);
	if (task->name != NULL)
		m2_rest_add_text(&body, "partitionName", task->name);
	if (m2_rest_cluster(task) == NULL)
		add_group(task, &body, "files");
	else if (volume != NULL)
	{
		m2_rest_add_text(&body, "volumeName", volume);
		add_group(task, &body, "dataPaths");
	}
	else
	{
		add_group(task, &body, "objectUrls");
		add_key(&body, task->args, "access_key", "accessKey");
		add_key(&body, task->args, "secret_key", "secretKey");
		add_key(&body, task->args, "session_token", "token");
	}
	return body;
}

MfStatus
m2_rest_import(MfTask *task, MfWaitFor *wait, MfError *err)
{
	json_t	   *root;
	const json_t *id;
	MfStatus	status = MF_OK;

	if (task->http == NULL)
	{
		MfJsonBuf	body = import_body(task);

		status = m2_rest_begin(task, "create", &body, false, err);
	}
	if (status == MF_OK)
		status = m2_rest_finish(task, false, &root, wait, err);
	if (status != MF_OK)
		return status;
	id = json_object_get(json_object_get(root, "data"), "jobId");
	task->reply.text = json_is_integer(id) ? m2_cell_int(task, json_integer_value(id)) :
		json_is_string(id) ? mf_arena_text(&task->arena, "%s", json_string_value(id)) : NULL;
	json_decref(root);
	if (task->arena.failed)
		return mf_error_oom(err, 64);
	if (task->reply.text == NULL)
		return m2_error_reply(err, "import", "it names no job");
	m2_mark_put(task->conn, task->database, task->collection, 0);
	return MF_OK;
}
