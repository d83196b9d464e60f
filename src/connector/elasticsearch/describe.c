/*
 * describe.c - Which version, which indices, which fields?
 *
 * Each verb is a short line of requests; a server that does not know one, or
 * does not allow it, is asked the next.
 */
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "es.h"
#include "es_calls.h"
#include "scan.h"

struct MfTask
{
	MfConn	   *conn;
	MfMem	   *mem;
	MfVerb		verb;
	char	   *index;
	int			step;			/* request of the verb's line */
	MfHttpCall *call;
	MfHttpCall *count_call;		/* DESCRIBE: beside the mapping */
	bool		count_asked;
	char	   *count_body;		/* the table's query, or NULL */
	bool		done;
	EsMapping  *mapping;		/* owns the texts of the fields */
	MfReply		reply;
	char	   *text;
	int			cap;			/* of reply.collections */
	EsCut	   *cut;			/* SPLIT */
};

MfStatus
es_request_begin(MfConn *conn, const MfRequest *req, MfTask **out, MfError *err)
{
	MfTask	   *task = mf_calloc(conn->mem, sizeof(MfTask));
	const char *index = req->collection != NULL ? req->collection : mf_option(req->options, "index");

	*out = NULL;
	if (task == NULL)
		return mf_error_oom(err, sizeof(MfTask));
	task->conn = conn;
	task->mem = conn->mem;
	task->verb = req->verb;
	task->reply.progress = -1;
	if (req->verb == MF_VERB_DESCRIBE && index == NULL)
	{
		es_request_end(task);
		return mf_error(err, MF_FDW_INVALID_ATTRIBUTE_VALUE, "no index is named");
	}
	if (req->verb == MF_VERB_DESCRIBE && mf_option(req->options, "query") != NULL)
	{
		MfScanSpec	spec = {.size = sizeof(spec),.options = req->options};

		if (es_query_body(conn->mem, &spec, &task->count_body, err) != MF_OK)
		{
			es_request_end(task);
			return MF_ERROR;
		}
	}
	if (index != NULL)
	{
		task->index = mf_strdup(conn->mem, index);
		if (task->index == NULL)
		{
			es_request_end(task);
			return mf_error_oom(err, strlen(index));
		}
	}
	if (req->verb == MF_VERB_SPLIT)
	{
		task->cut = es_cut_new(conn, task->index != NULL ? task->index : "", req, err);
		if (task->cut == NULL)
		{
			es_request_end(task);
			return MF_ERROR;
		}
	}
	*out = task;
	return MF_OK;
}

const MfReply *
es_request_reply(MfTask *task)
{
	return &task->reply;
}

void
es_request_end(MfTask *task)
{
	MfMem	   *mem;

	if (task == NULL)
		return;
	mem = task->mem;
	if (task->call != NULL)
		mf_http_end(task->call);
	if (task->count_call != NULL)
		mf_http_end(task->count_call);
	es_cut_end(task->cut);
	for (int i = 0; i < task->reply.ncollections; i++)
	{
		mf_free(mem, (char *) task->reply.collections[i].name);
		mf_free(mem, task->reply.collections[i].fields);
	}
	mf_free(mem, task->reply.collections);
	es_mapping_free(task->mapping);
	mf_free(mem, task->text);
	mf_free(mem, task->count_body);
	mf_free(mem, task->index);
	mf_free(mem, task);
}

static json_t *
tree(const MfHttpCall *call)
{
	size_t		len;
	const char *body = mf_http_body(call, &len);

	return json_loadb(body, len, 0, NULL);
}

/* MF_OK: an answer is in task->call, whatever its status. */
static MfStatus
ask(MfTask *task, const char *path, MfWaitFor *wait, MfError *err)
{
	MfStatus	status;

	if (task->call == NULL && es_begin(task->conn, "GET", path, NULL, &task->call, err) != MF_OK)
		return MF_ERROR;
	status = mf_http_step(task->call, wait, err);
	if (status == MF_ERROR && err->retry != MF_RETRY_YES)
	{
		mf_http_end(task->call);
		task->call = NULL;
	}
	return status;
}

static void
answered(MfTask *task)
{
	if (task->call != NULL)
		mf_http_end(task->call);
	task->call = NULL;
}

static MfStatus
refused(MfTask *task, MfHttpCall **call, MfError *err)
{
	es_error(*call, task->index, err);
	mf_http_end(*call);
	*call = NULL;
	return MF_ERROR;
}

/* ------------------------------------------------------------------- version */

static MfStatus
tell_version(MfTask *task, const char *product, const char *number, MfError *err)
{
	size_t		room = strlen(product) + strlen(number) + 2;

	task->text = mf_alloc(task->mem, room);
	if (task->text == NULL)
		return mf_error_oom(err, room);
	snprintf(task->text, room, "%s %s", product, number);
	task->reply.text = task->text;
	task->done = true;
	answered(task);
	return MF_OK;
}

/* GET / first; a node may not serve it, then the list of nodes; then no number. */
static MfStatus
version(MfTask *task, MfWaitFor *wait, MfError *err)
{
	static const char *const paths[] = {"/", "/_nodes/_local?filter_path=nodes.*.version"};
	MfStatus	status;

	for (; task->step < 2; task->step++)
	{
		json_t	   *root;
		json_t	   *about;
		const char *number;
		const char *key;
		int			http;

		status = ask(task, paths[task->step], wait, err);
		if (status != MF_OK)
			return status;
		http = mf_http_status(task->call);
		if (http == 401 || (http >= 300 && http < 400))
			return refused(task, &task->call, err);
		root = http == 200 ? tree(task->call) : NULL;
		about = json_object_get(root, "version");
		number = json_string_value(json_object_get(about, "number"));
		if (number != NULL)
		{
			const char *name = json_string_value(json_object_get(about, "distribution"));

			status = tell_version(task, name != NULL && strcmp(name, "opensearch") == 0 ?
								  "OpenSearch" : "Elasticsearch", number, err);
			json_decref(root);
			return status;
		}
		json_object_foreach(json_object_get(root, "nodes"), key, about)
		{
			number = json_string_value(json_object_get(about, "version"));
			if (number != NULL)
			{
				status = tell_version(task, "Elasticsearch", number, err);
				json_decref(root);
				return status;
			}
		}
		json_decref(root);
		if (task->step == 1 && http >= 500)
			return refused(task, &task->call, err);
		answered(task);
	}
	return tell_version(task, "Elasticsearch", "of unknown version", err);
}

/* ---------------------------------------------------------------------- list */

static MfStatus
add_collection(MfTask *task, const char *name, MfError *err)
{
	MfReply    *reply = &task->reply;
	MfCollection *c;

	if (name == NULL || name[0] == '.' || name[0] == '\0')
		return MF_OK;
	for (int i = 0; i < reply->ncollections; i++)
	{
		if (strcmp(reply->collections[i].name, name) == 0)
			return MF_OK;
	}
	if (reply->ncollections == task->cap)
	{
		int			cap = task->cap * 2 > 32 ? task->cap * 2 : 32;
		MfCollection *bigger = mf_realloc(task->mem, reply->collections, sizeof(MfCollection) * (size_t) cap);

		if (bigger == NULL)
			return mf_error_oom(err, sizeof(MfCollection) * (size_t) cap);
		reply->collections = bigger;
		task->cap = cap;
	}
	c = &reply->collections[reply->ncollections];
	memset(c, 0, sizeof(*c));
	c->name = mf_strdup(task->mem, name);
	if (c->name == NULL)
		return mf_error_oom(err, strlen(name));
	c->rows = -1;
	c->state = "open";
	c->dynamic = true;
	reply->ncollections++;
	return MF_OK;
}

/* {"indices":[{"name":..}],"aliases":[..],"data_streams":[..]} */
static MfStatus
take_resolved(MfTask *task, json_t *root, MfError *err)
{
	static const char *const lists[] = {"indices", "aliases", "data_streams"};
	MfStatus	status = MF_OK;

	for (int i = 0; i < 3; i++)
	{
		size_t		at;
		json_t	   *one;

		json_array_foreach(json_object_get(root, lists[i]), at, one)
		{
			if (status == MF_OK && json_object_get(one, "data_stream") == NULL)
				status = add_collection(task, json_string_value(json_object_get(one, "name")), err);
		}
	}
	return status;
}

/* {"docs":{"aliases":{"d":{}}}} */
static MfStatus
take_aliases(MfTask *task, json_t *root, MfError *err)
{
	MfStatus	status = MF_OK;
	const char *index;
	const char *alias;
	json_t	   *def;
	json_t	   *value;

	json_object_foreach(root, index, def)
	{
		if (status == MF_OK)
			status = add_collection(task, index, err);
		json_object_foreach(json_object_get(def, "aliases"), alias, value)
		{
			if (status == MF_OK)
				status = add_collection(task, alias, err);
		}
	}
	return status;
}

static int
by_name(const void *a, const void *b)
{
	return strcmp(((const MfCollection *) a)->name, ((const MfCollection *) b)->name);
}

static MfStatus
list(MfTask *task, MfWaitFor *wait, MfError *err)
{
	static const char *const paths[] = {"/_resolve/index/*?expand_wildcards=open", "/_alias"};
	MfStatus	status;
	json_t	   *root;

	for (;; task->step++)
	{
		int			http;

		status = ask(task, paths[task->step], wait, err);
		if (status != MF_OK)
			return status;
		http = mf_http_status(task->call);
		if (http == 200)
			break;
		if (task->step == 1 || (http != 400 && http != 404 && http != 405))
			return refused(task, &task->call, err);
		answered(task);
	}
	root = tree(task->call);
	if (!json_is_object(root))
		status = es_unusable(task->call, "the list of indices is not a JSON object", err);
	else
		status = task->step == 0 ? take_resolved(task, root, err) : take_aliases(task, root, err);
	json_decref(root);
	answered(task);
	if (status == MF_OK && task->reply.ncollections > 0)
		qsort(task->reply.collections, (size_t) task->reply.ncollections, sizeof(MfCollection), by_name);
	task->done = status == MF_OK;
	return status;
}

/* ------------------------------------------------------------------ describe */

/* Does a table of the index have a column for this field of its own accord? */
static bool
is_listed(const EsField *field)
{
	if (field->parent != NULL || field->nested)
		return false;

	/*
	 * What is inside an object is read with it, as jsonb; but nobody wants to
	 * dig a vector out of that.
	 */
	return !field->inside || strcmp(field->type, "dense_vector") == 0 || strcmp(field->type, "knn_vector") == 0;
}

static void
fill_field(const EsMapping *m, const EsField *field, MfField *out)
{
	const EsField *real = es_mapping_find(m, field->path);

	memset(out, 0, sizeof(*out));
	out->name = field->path;
	out->native = field->type;
	out->nullable = true;
	if (real == NULL)
	{
		out->skip = "it is an alias of a field that does not exist";
		return;
	}
	out->native = real->type;
	out->skip = es_type(real, &out->kind);
	out->indexed = es_filter_field(m, real);
	if (mf_kind_is_vector(out->kind))
	{
		out->dim = real->dim;
		out->metric = real->metric;
		out->index = real->index_type;
		if (out->metric == NULL && real->indexed && strcmp(real->type, "dense_vector") == 0)
			out->metric = out->kind == MF_KIND_VEC_BIT ? "L2" : "COSINE";	/* the server's defaults */
		if (!real->indexed)
			out->metric = real->metric;
	}
}

static MfStatus
take_mapping(MfTask *task, MfError *err)
{
	MfStatus	status;
	MfCollection *c;
	MfField    *f;

	status = es_mapping_read(task->mem, task->call, task->index, &task->mapping, err);
	answered(task);
	if (status == MF_OK)
		status = add_collection(task, "x", err);
	if (status != MF_OK)
		return status;
	c = &task->reply.collections[0];
	mf_free(task->mem, (char *) c->name);
	c->name = mf_strdup(task->mem, task->index);
	c->fields = mf_calloc(task->mem, sizeof(MfField) * ((size_t) task->mapping->nfields + 3));
	if (c->name == NULL || c->fields == NULL)
		return mf_error_oom(err, sizeof(MfField) * ((size_t) task->mapping->nfields + 3));
	f = c->fields;
	*f++ = (MfField) {.name = "_id",.native = "_id",.kind = MF_KIND_TEXT,
		.key = true,.pseudo = true};
	for (int i = 0; i < task->mapping->nfields; i++)
	{
		if (!is_listed(&task->mapping->fields[i]))
			continue;
		fill_field(task->mapping, &task->mapping->fields[i], f);
		if (task->mapping->no_source && f->skip == NULL)
		{
			f->kind = MF_KIND_NONE;
			f->skip = "the index does not keep \"_source\"";
		}
		f++;
	}
	*f++ = (MfField) {.name = "_index",.native = "_index",.kind = MF_KIND_TEXT,.pseudo = true};
	if (!task->mapping->no_source)
		*f++ = (MfField) {.name = "_source",.native = "_source",.kind = MF_KIND_JSON,.pseudo = true};
	c->nfields = (int) (f - c->fields);
	return MF_OK;
}

/* The mapping, and beside it the count, which may stay unknown. */
static MfStatus
describe(MfTask *task, MfWaitFor *wait, MfError *err)
{
	MfStatus	status;
	MfWaitFor	other;
	char	   *path;

	if (!task->count_asked)
	{
		path = es_path(task->mem, task->index, "/_count");
		status = path == NULL ? mf_error_oom(err, 0) :
			es_begin(task->conn, "POST", path, task->count_body, &task->count_call, err);
		mf_free(task->mem, path);
		if (status != MF_OK)
			return status;
		task->count_asked = true;
	}
	if (task->mapping == NULL)
	{
		path = es_path(task->mem, task->index, "?flat_settings=true");
		status = path == NULL ? mf_error_oom(err, 0) : ask(task, path, wait, err);
		mf_free(task->mem, path);
		if (status == MF_OK)
			status = mf_http_status(task->call) != 200 ? refused(task, &task->call, err) : take_mapping(task, err);
		if (status != MF_OK)
			return status;
	}
	if (task->count_call != NULL)
	{
		MfError		ignored;
		json_t	   *root;
		const json_t *count;

		status = mf_http_step(task->count_call, &other, &ignored);
		if (status == MF_WAIT)
		{
			*wait = other;
			return status;
		}
		root = status == MF_OK && mf_http_status(task->count_call) == 200 ? tree(task->count_call) : NULL;
		count = json_object_get(root, "count");
		if (json_is_integer(count) && json_integer_value(count) >= 0)
			task->reply.collections[0].rows = json_integer_value(count);
		json_decref(root);
		mf_http_end(task->count_call);
		task->count_call = NULL;
	}
	task->done = true;
	return MF_OK;
}

MfStatus
es_request_step(MfTask *task, MfWaitFor *wait, MfError *err)
{
	es_housekeeping(task->conn);
	if (task->done)
		return MF_OK;
	switch (task->verb)
	{
		case MF_VERB_VERSION:
			return version(task, wait, err);
		case MF_VERB_LIST:
			return list(task, wait, err);
		case MF_VERB_DESCRIBE:
			return describe(task, wait, err);
		case MF_VERB_SPLIT:
			return es_cut_step(task->cut, &task->reply, wait, err);
		default:
			return mf_error(err, MF_FEATURE_NOT_SUPPORTED, "Elasticsearch tables are read only");
	}
}
