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

#include "internal.h"

#define JOBS "/v2/vectordb/jobs/import/"

#define PAGE_JOBS 100			/* asked for at a time */
#define MOST_PAGES 1000			/* no server remembers so many jobs */
#define MOST_BYTES (64 * 1024 * 1024)	/* of one answer, and of all pages */
#define CLOCKS_MS 10000			/* by which those of server and cloud may differ */
#define ALL_PAGES (-1)			/* in place of a page's number: there is no other */

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

static const char *
cluster(const MfTask *task)
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
	settings.max_response = MOST_BYTES;
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

/* The body has no closing brace yet, and is freed. */
static MfStatus
begin(MfTask *task, const char *action, MfJsonBuf *body, bool idempotent, MfError *err)
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

/* The answer's "data", to be released with its root; the call is over then. */
static MfStatus
finish(MfTask *task, bool idempotent, json_t **root, MfWaitFor *wait, MfError *err)
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
static void
add_text(MfJsonBuf *body, const char *name, const char *value)
{
	mf_json_buf_add(body, body->len > 1 ? ",\"" : "\"");
	mf_json_buf_add(body, name);
	mf_json_buf_add(body, "\":");
	mf_json_buf_quote(body, value);
}

/* What each request says. */
static MfJsonBuf
common(const MfTask *task)
{
	MfJsonBuf	body = {.mem = task->mem};

	mf_json_buf_add(&body, "{");
	if (cluster(task) != NULL)
		add_text(&body, "clusterId", cluster(task));
	if (task->database[0] != '\0' || cluster(task) == NULL)
		add_text(&body, "dbName", task->database[0] != '\0' ? task->database : "default");
	return body;
}

/* ------------------------------------------------------------------- starting */

static void
add_key(MfJsonBuf *body, const MfOptions *store, const char *option, const char *name)
{
	const char *value = mf_option(store, option);

	if (value != NULL)
		add_text(body, name, value);
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
	MfJsonBuf	body = common(task);

	add_text(&body, "collectionName", task->collection);
	if (task->name != NULL)
		add_text(&body, "partitionName", task->name);
	if (cluster(task) == NULL)
		add_group(task, &body, "files");
	else if (volume != NULL)
	{
		add_text(&body, "volumeName", volume);
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

		status = begin(task, "create", &body, false, err);
	}
	if (status == MF_OK)
		status = finish(task, false, &root, wait, err);
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

/* -------------------------------------------------------------------- looking */

static const char *
state_name(const char *state)
{
	if (state == NULL)
		return "running";
	if (strcmp(state, "Completed") == 0)
		return "completed";
	if (strcmp(state, "Failed") == 0)
		return "failed";
	return strcmp(state, "Pending") == 0 ? "pending" : "running";
}

static void
add_file(MfJsonBuf *list, const char *name, size_t len)
{
	mf_json_buf_add(list, list->len > 1 ? "," : "");
	mf_json_buf_quote_bytes(list, name, len);
}

/* Files stand as  id:1 paths:"a.npy" paths:"b.npy"  or by themselves. */
static void
add_files(MfJsonBuf *list, const char *text)
{
	const char *quote = strchr(text, '"');

	if (quote == NULL && text[0] != '\0')
		add_file(list, text, strlen(text));
	while (quote != NULL)
	{
		const char *end = strchr(quote + 1, '"');

		if (end == NULL)
			return;
		add_file(list, quote + 1, (size_t) (end - quote - 1));
		quote = strchr(end + 1, '"');
	}
}

static const char *
file_list(MfTask *task, const json_t *details)
{
	MfJsonBuf	list = {.mem = task->mem};
	const json_t *detail;
	const char *cell = NULL;
	size_t		i;

	mf_json_buf_add(&list, "[");
	json_array_foreach(details, i, detail)
	{
		const char *name = json_string_value(json_object_get(detail, "fileName"));

		if (name != NULL)
			add_files(&list, name);
	}
	mf_json_buf_add(&list, "]");
	if (list.failed)
		task->arena.failed = true;
	else if (list.len > 2)
		cell = mf_arena_text(&task->arena, "%s", list.data);
	mf_free(task->mem, list.data);
	return cell;
}

static const char *
text_of(MfTask *task, const json_t *object, const char *key)
{
	const json_t *value = json_object_get(object, key);

	if (json_is_integer(value))
		return m2_cell_int(task, json_integer_value(value));
	return json_is_string(value) && json_string_length(value) > 0 ? mf_arena_text(&task->arena, "%s", json_string_value(value)) : NULL;
}

/* A point in time, in milliseconds since 1970; 0 = it is not told. */
static int64_t
time_of(const json_t *job, const char *key)
{
	const json_t *value = json_object_get(job, key);
	int64_t		us;

	if (json_is_string(value) &&
		mf_json_date(json_string_value(value), json_string_length(value), MF_DATE_ISO, &us))
		return us / 1000;
	return 0;
}

/*
 * Zilliz Cloud lists jobs by the collection's name.  Those of one that had the
 * name before began before this one was made, and end before it, as theirs is
 * gone.  Clocks differ a little: who doubts counts a job.
 */
static bool
is_of_another(const MfTask *task, const M2SeenJob *job)
{
	int64_t		created = task->schema.created_ms;

	return created > 0 && ((job->began_ms > 0 && job->began_ms + CLOCKS_MS < created) ||
						   (job->ended_ms > 0 && job->ended_ms < created));
}

static void
deliver(MfTask *task, const M2SeenJob *job)
{
	if (!is_of_another(task, job))
		m2_cells_add(task, M2_IMPORT_CELLS, job->cells);
}

static void
add_job(MfTask *task, const json_t *job, const char *id)
{
	M2SeenJob	seen = {NULL};
	const char **cells = seen.cells;

	cells[0] = id;
	cells[1] = text_of(task, job, "collectionName");
	cells[2] = text_of(task, job, "partitionName");
	cells[3] = state_name(json_string_value(json_object_get(job, "state")));
	cells[4] = text_of(task, job, "progress");
	cells[5] = text_of(task, job, "importedRows");
	cells[6] = file_list(task, json_object_get(job, "details"));
	cells[7] = text_of(task, job, "reason");
	seen.began_ms = time_of(job, "createTime");
	seen.ended_ms = time_of(job, "completeTime");
	cells[8] = m2_cell_time(task, seen.began_ms);
	deliver(task, &seen);
	if (!task->arena.failed && (strcmp(cells[3], "completed") == 0 || strcmp(cells[3], "failed") == 0))
		m2_seen_put(task->conn, &seen);
}

static json_t *
jobs_of(const json_t *answer)
{
	return json_object_get(json_object_get(answer, "data"), "records");
}

static bool
is_listed(const json_t *jobs, const json_t *job)
{
	const json_t *id = json_object_get(job, "jobId");
	const json_t *listed;
	size_t		i;

	json_array_foreach(jobs, i, listed)
	{
		if (json_equal(json_object_get(listed, "jobId"), id))
			return true;
	}
	return id == NULL;
}

/*
 * Take one more page, *last: of all.  A server that does not know pages answers
 * with all jobs, or with the same page again, and jobs shift while pages are
 * read: so each counts once, and a page without a new one is the last.
 */
static MfStatus
add_page(MfTask *task, json_t *page, bool *last, MfError *err)
{
	json_int_t	size = json_integer_value(json_object_get(json_object_get(page, "data"), "pageSize"));
	size_t		fresh = 0;
	bool		failed = false;
	json_t	   *job;
	size_t		i;

	*last = json_array_size(jobs_of(page)) != (size_t) (size > 0 ? size : PAGE_JOBS);
	if (task->answer == NULL)
	{
		task->answer = page;
		return MF_OK;
	}
	json_array_foreach(jobs_of(page), i, job)
	{
		if (is_listed(jobs_of(task->answer), job))
			continue;
		fresh++;
		failed |= json_array_append(jobs_of(task->answer), job) != 0;
	}
	json_decref(page);
	*last |= fresh == 0;
	return failed ? mf_error_oom(err, 64) : MF_OK;
}

/* Which jobs are there: all pages of the list, as if they were one. */
static MfStatus
need_list(MfTask *task, MfWaitFor *wait, MfError *err)
{
	while (task->phase != ALL_PAGES)
	{
		MfStatus	status = MF_OK;
		json_t	   *page;
		bool		last;

		if (task->http == NULL)
		{
			MfJsonBuf	body = common(task);

			add_text(&body, "collectionName", task->collection);
			mf_json_buf_add(&body, ",\"pageSize\":");
			mf_json_buf_int(&body, PAGE_JOBS);
			mf_json_buf_add(&body, ",\"currentPage\":");
			mf_json_buf_int(&body, task->phase + 1);
			status = begin(task, "list", &body, true, err);
		}
		if (status == MF_OK)
			status = finish(task, true, &page, wait, err);
		if (status == MF_OK)
			status = add_page(task, page, &last, err);
		if (status != MF_OK)
			return status;
		task->phase = last ? ALL_PAGES : task->phase + 1;
		if (task->phase == MOST_PAGES || task->received > MOST_BYTES)
			return m2_error_reply(err, "the list of imports", "it does not end");
	}
	return MF_OK;
}

/* Rows, reason and files are told of one job at a time. */
static MfStatus
look_at(MfTask *task, const char *id, MfWaitFor *wait, MfError *err)
{
	const M2SeenJob *seen = m2_seen_job(task->conn, id);
	MfStatus	status = MF_OK;
	json_t	   *root;

	if (seen != NULL)
	{
		deliver(task, seen);
		return MF_OK;
	}
	if (task->http == NULL)
	{
		MfJsonBuf	body = common(task);

		add_text(&body, "jobId", id);
		status = begin(task, cluster(task) != NULL ? "getProgress" : "get_progress", &body, true, err);
	}
	if (status == MF_OK)
		status = finish(task, true, &root, wait, err);
	if (status != MF_OK)
		return status;
	add_job(task, json_object_get(root, "data"), id);
	json_decref(root);
	return MF_OK;
}

MfStatus
m2_rest_list_imports(MfTask *task, MfWaitFor *wait, MfError *err)
{
	MfStatus	status = MF_OK;
	const json_t *records;

	/* when was this collection made? */
	if (cluster(task) != NULL)
		status = m2_need_schema(task, 0, wait, err);
	if (status == MF_OK)
		status = need_list(task, wait, err);
	if (status != MF_OK)
		return status;
	records = jobs_of(task->answer);
	for (; task->at < json_array_size(records); task->at++)
	{
		const json_t *record = json_array_get(records, task->at);
		const char *collection = json_string_value(json_object_get(record, "collectionName"));
		const char *id = text_of(task, record, "jobId");

		if (id == NULL || (collection != NULL && strcmp(collection, task->collection) != 0) ||
			(task->name != NULL && strcmp(task->name, id) != 0))
			continue;
		status = look_at(task, id, wait, err);
		if (status != MF_OK)
			return status;
	}
	return m2_cells_done(task, M2_IMPORT_CELLS, err);
}
