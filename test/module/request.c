/*
 * request.c - How are single requests answered?
 */
#include <stdio.h>
#include <string.h>

#include "test.h"

struct MfTask
{
	MfConn	   *conn;
	MfRequest	req;
	MfReply		reply;
	MfCollection *list;			/* of LIST */
	MfCollection desc;			/* of DESCRIBE */
	MfField		fields[MAX_FIELDS];
	char		text[200];
	int64_t		until;			/* LOAD: when it is done */
	Splits	   *splits;			/* of SPLIT */
};

static const MfField counter_fields[] = {
	{.name = "name",.native = "text",.kind = MF_KIND_TEXT,.key = true},
	{.name = "value",.native = "i64",.kind = MF_KIND_I64}
};

static const char *
requested(const MfRequest *req, const char *arg)
{
	const char *value = mf_option(req->args, arg);

	return value ? mf_strdup(store_mem(), value) : NULL;
}

/* ---------------------------------------------------------------- descriptions */

static MfStatus
describe(MfTask *task, MfError *err)
{
	const char *name = task->req.collection;
	int64_t		rows = setting_int(task->conn, task->req.options, "rows", -1);
	MfCollection *desc = &task->desc;
	Collection *c;

	task->reply.ncollections = 1;
	task->reply.collections = desc;
	if (strcmp(name, "counters") == 0)
	{
		*desc = (MfCollection) {.name = "counters",.rows = -1,.nfields = 2,.fields = task->fields};
		memcpy(task->fields, counter_fields, sizeof(counter_fields));
		return MF_OK;
	}
	if (rows >= 0 && (strcmp(name, generated_name) == 0 || mf_option(task->req.options, "rows") != NULL))
	{
		generated_describe(desc, task->fields, rows,
						   (int) setting_int(task->conn, task->req.options, "dimensions", 4));
		desc->name = name;
		return MF_OK;
	}
	if (remote_collection(task->conn, task->req.options, name, &c, err) != MF_OK)
		return MF_ERROR;

	/* a copy, because the collection may change while a writer looks at this */
	*desc = c->desc;
	desc->rows = store_nrows(c);
	desc->fields = task->fields;
	memcpy(task->fields, c->desc.fields, sizeof(MfField) * (size_t) c->desc.nfields);
	return MF_OK;
}

static MfStatus
list(MfTask *task, MfError *err)
{
	int			n = 0;

	for (Collection *c = store_first(); c != NULL; c = c->next)
		n++;
	task->list = mf_calloc(task->conn->mem, sizeof(MfCollection) * (size_t) (n + 1));
	if (task->list == NULL)
		return mf_error_oom(err, sizeof(MfCollection) * (size_t) n);
	n = 0;
	for (Collection *c = store_first(); c != NULL; c = c->next)
	{
		task->list[n] = c->desc;
		task->list[n].rows = store_nrows(c);
		task->list[n].nfields = 0;
		task->list[n++].fields = NULL;
	}
	if (mf_option(task->conn->options, "rows") != NULL)
		task->list[n++] = (MfCollection) {.name = generated_name,.rows = -1,.state = "loaded"};
	task->reply.collections = task->list;
	task->reply.ncollections = n;
	return MF_OK;
}

/* --------------------------------------------------------------------- changes */

static MfStatus
create(MfTask *task, MfError *err)
{
	const MfCollection *schema = task->req.schema;
	MfField		fields[MAX_FIELDS];

	if (store_find(task->req.collection) != NULL)
		return mf_error(err, MF_DUPLICATE_TABLE, "collection \"%s\" already exists", task->req.collection);
	if (schema->nfields > MAX_FIELDS)
		return mf_error(err, MF_PROGRAM_LIMIT, "%d fields are too many", schema->nfields);
	for (int i = 0; i < schema->nfields; i++)
	{
		fields[i] = schema->fields[i];
		fields[i].native = NULL;
		fields[i].metric = NULL;	/* an index has it */
	}
	if (store_create(task->req.collection, schema->description, fields, schema->nfields) == NULL)
		return mf_error_oom(err, sizeof(Collection));
	return MF_OK;
}

static MfStatus
change_index(MfTask *task, Collection *c, MfError *err)
{
	int			n = store_field(c, task->req.field);
	MfField    *f;

	if (n < 0)
		return mf_error(err, MF_FDW_COLUMN_NAME_NOT_FOUND, "field \"%s\" does not exist", task->req.field);
	f = &c->desc.fields[n];
	mf_free(store_mem(), (void *) f->index);
	mf_free(store_mem(), (void *) f->metric);
	mf_free(store_mem(), (void *) f->description);
	f->index = requested(&task->req, "index_type");
	f->metric = requested(&task->req, "metric_type");
	f->description = requested(&task->req, "params");
	if (f->index != NULL && strcmp(f->index, "bogus") == 0)
		return mf_error(err, MF_INVALID_PARAMETER_VALUE, "there is no index \"%s\"", f->index);
	return MF_OK;
}

/* Rows that meet the filters go, all where there are none. */
static MfStatus
remove_rows(MfTask *task, Collection *c, MfWaitFor *wait, MfError *err)
{
	const MfOptions *options = task->req.options;

	if (hangs(task->conn, options, "delete", wait))
		return MF_WAIT;
	if (mf_option_bool(options, "delete_refuses", false))
		return mf_error(err, MF_OBJECT_NOT_IN_STATE, "the remote cannot check this exactly");
	if (mf_option_int(options, "fail_at", 0) > 0)
		return mf_error(err, MF_FDW_ERROR, "the remote does not want to");
	task->reply.rows = 0;
	for (int32_t row = 0; row < c->rows->nrows; row++)
	{
		if (store_is_dead(c, row) || !row_meets(c, row, task->req.nfilters, task->req.filters))
			continue;
		if (!store_kill(c, row))
			return mf_error_oom(err, (size_t) c->rows->nrows);
		task->reply.rows++;
	}
	if (!mf_option_bool(options, "tells_deleted", true))
		task->reply.rows = -1;
	if (mf_option_int(options, "unknown_at", 0) > 0)
	{
		mf_error(err, MF_SQL_CONNECTION_FAILURE, "the connection broke");
		err->retry = MF_RETRY_UNKNOWN;
		return MF_ERROR;
	}
	return MF_OK;
}

/* Half done for all the time that it takes. */
static MfStatus
load(MfTask *task, Collection *c, MfWaitFor *wait)
{
	int64_t		left;

	if (task->until == 0)
		task->until = now_ms() + mf_option_int(task->conn->options, "load_ms", 0);
	left = task->until - now_ms();
	if (left > 0)
	{
		task->reply.progress = 50;
		wait->timeout_ms = (int) left;
		return MF_WAIT;
	}
	c->desc.state = "loaded";
	return MF_OK;
}

static MfStatus
split(MfTask *task, MfWaitFor *wait, MfError *err)
{
	int64_t		rows = setting_int(task->conn, task->req.options, "rows", -1);
	Collection *c;

	if (hangs(task->conn, task->req.options, "describe", wait))
		return MF_WAIT;
	if (rows < 0)
	{
		if (remote_collection(task->conn, task->req.options, task->req.collection, &c, err) != MF_OK)
			return MF_ERROR;
		rows = c->rows->nrows;
	}
	if (task->splits == NULL)
		task->splits = split_rows(task->conn, &task->req, rows, &task->reply, err);
	return task->splits != NULL ? MF_OK : MF_ERROR;
}

/* ------------------------------------------------------------------- callbacks */

MfStatus
request_begin(MfConn *conn, const MfRequest *req, MfTask **out, MfError *err)
{
	MfTask	   *task = mf_calloc(conn->mem, sizeof(MfTask));

	if (task == NULL)
		return mf_error_oom(err, sizeof(MfTask));
	task->conn = conn;
	task->req = *req;
	task->reply.progress = -1;
	counters.requests++;
	*out = task;
	return MF_OK;
}

MfStatus
request_step(MfTask *task, MfWaitFor *wait, MfError *err)
{
	const char *user = mf_option(task->conn->options, "user");
	const char *note = mf_option(task->conn->options, "note");
	Collection *c;

	switch (task->req.verb)
	{
		case MF_VERB_VERSION:
			snprintf(task->text, sizeof(task->text), "Test 1.0 by connection %d of %s%s%s",
					 (int) task->conn->number, user ? user : "nobody", note ? ": " : "", note ? note : "");
			task->reply.text = task->text;
			return MF_OK;
		case MF_VERB_LIST:
			return hangs(task->conn, NULL, "list", wait) ? MF_WAIT : list(task, err);
		case MF_VERB_DESCRIBE:
			return hangs(task->conn, task->req.options, "describe", wait) ? MF_WAIT : describe(task, err);
		case MF_VERB_CREATE_COLLECTION:
			return create(task, err);
		case MF_VERB_SPLIT:
			return split(task, wait, err);
		default:
			break;
	}
	if (remote_collection(task->conn, task->req.options, task->req.collection, &c, err) != MF_OK)
		return MF_ERROR;
	switch (task->req.verb)
	{
		case MF_VERB_DROP_COLLECTION:
			store_drop(c);
			return MF_OK;
		case MF_VERB_DELETE:
		case MF_VERB_TRUNCATE:
			return remove_rows(task, c, wait, err);
		case MF_VERB_LOAD:
			return load(task, c, wait);
		case MF_VERB_RELEASE:
			c->desc.state = "not loaded";
			return MF_OK;
		case MF_VERB_FLUSH:
			return hangs(task->conn, task->req.options, "flush", wait) ? MF_WAIT : MF_OK;
		default:
			return change_index(task, c, err);
	}
}

const MfReply *
request_reply(MfTask *task)
{
	return &task->reply;
}

void
request_end(MfTask *task)
{
	counters.requests--;
	split_free(task->splits);
	mf_free(task->conn->mem, task->list);
	mf_free(task->conn->mem, task);
}
