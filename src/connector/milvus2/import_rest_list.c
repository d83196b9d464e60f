/*
 * import_rest_list.c - Which imports does Milvus's REST interface know of, and how far are they?
 *
 * A list, in pages, names the jobs; each is told of by itself.
 */
#include <string.h>

#include "import_rest.h"

#define PAGE_JOBS 100			/* asked for at a time */
#define MOST_PAGES 1000			/* no server remembers so many jobs */
#define CLOCKS_MS 10000			/* by which those of server and cloud may differ */
#define ALL_PAGES (-1)			/* in place of a page's number: there is no other */

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
			MfJsonBuf	body = m2_rest_body(task);

			m2_rest_add_text(&body, "collectionName", task->collection);
			mf_json_buf_add(&body, ",\"pageSize\":");
			mf_json_buf_int(&body, PAGE_JOBS);
			mf_json_buf_add(&body, ",\"currentPage\":");
			mf_json_buf_int(&body, task->phase + 1);
			status = m2_rest_begin(task, "list", &body, true, err);
		}
		if (status == MF_OK)
			status = m2_rest_finish(task, true, &page, wait, err);
		if (status == MF_OK)
			status = add_page(task, page, &last, err);
		if (status != MF_OK)
			return status;
		task->phase = last ? ALL_PAGES : task->phase + 1;
		if (task->phase == MOST_PAGES || task->received > M2_REST_MOST_BYTES)
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
		MfJsonBuf	body = m2_rest_body(task);

		m2_rest_add_text(&body, "jobId", id);
		status = m2_rest_begin(task, m2_rest_cluster(task) != NULL ? "getProgress" : "get_progress", &body, true, err);
	}
	if (status == MF_OK)
		status = m2_rest_finish(task, true, &root, wait, err);
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
	if (m2_rest_cluster(task) != NULL)
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
