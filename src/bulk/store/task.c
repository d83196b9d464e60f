/*
 * task.c - What is in a store, and how is it removed?
 *
 * S3: ListObjectsV2, ListMultipartUploads, 1000 names a page; Azure: List Blobs,
 * whose unfinished blocks vanish by themselves after a week and with the blob's
 * next Put, so there is nothing of them to list.
 */
#include "internal.h"

#include <stdlib.h>
#include <string.h>

struct MfStoreTask
{
	MfConn	   *store;
	MfStoreVerb verb;
	char		key[1200];
	const char *name;
	char	   *marker;			/* where the next page begins, or NULL */
	char	   *id_marker;
	StoreCall  *call;
	MfArena		arena;
	MfJsonBuf	data;			/* a directory's file */
	int			n;
	int			room;
	MfStoreEntry *entries;
};

MfStatus
mf_store_begin(MfConn *store, MfStoreVerb verb, const char *name, const char *id, MfStoreTask **out, MfError *err)
{
	MfStoreTask *task = mf_calloc(store->mem, sizeof(MfStoreTask));

	*out = task;
	if (task == NULL)
		return mf_error_oom(err, sizeof(MfStoreTask));
	task->store = store;
	task->verb = verb;
	task->arena.mem = store->mem;
	task->data.mem = store->mem;
	task->name = mf_arena_strdup(&task->arena, name);
	task->id_marker = id != NULL ? mf_arena_strdup(&task->arena, id) : NULL;
	if (task->arena.failed)
		return mf_error_oom(err, strlen(name));
	if (!store_key(store, name, task->key, sizeof(task->key)))
		return mf_error(err, MF_PROGRAM_LIMIT, "name \"%s\" is too long for a store", name);
	return MF_OK;
}

static bool
add_entry(MfStoreTask *task, const char *name, const char *id, int64_t bytes)
{
	if (task->n == task->room)
	{
		int			room = task->room * 2 + 64;
		MfStoreEntry *entries = mf_realloc(task->store->mem, task->entries, sizeof(MfStoreEntry) * (size_t) room);

		if (entries == NULL)
			return false;
		task->entries = entries;
		task->room = room;
	}
	task->entries[task->n++] = (MfStoreEntry) {name, id, bytes};
	return true;
}

static bool
add_name(void *arg, const char *name, int64_t bytes)
{
	return add_entry(arg, name, NULL, bytes);
}

static MfStatus
step_directory(MfStoreTask *task, MfError *err)
{
	switch (task->verb)
	{
		case MF_STORE_GET:
			return directory_get(task->store, task->name, &task->data, err);
		case MF_STORE_DELETE:
			return directory_delete(task->store, task->name, err);
		case MF_STORE_LIST:
		case MF_STORE_FOLDERS:
			return directory_list(task->store, task->name, task->verb == MF_STORE_LIST, &task->arena, add_name, task, err);
		default:
			return MF_OK;
	}
}

/* The request for the next page, or the only one. */
static MfStatus
begin_call(MfStoreTask *task, MfError *err)
{
	MfConn	   *store = task->store;
	const char *prefix = task->key[0] != '\0' ? mf_arena_text(&task->arena, "%s/", task->key) : "";
	StoreQuery	query[8];
	int			n = 0;
	const char *method = "GET";
	const char *key = NULL;

	switch (task->verb)
	{
		case MF_STORE_GET:
		case MF_STORE_DELETE:
			method = task->verb == MF_STORE_GET ? "GET" : "DELETE";
			key = task->key;
			break;
		case MF_STORE_ABORT:
			method = "DELETE";
			key = task->key;
			query[n++] = (StoreQuery) {"uploadId", task->id_marker};
			break;
		case MF_STORE_UPLOADS:
			if (task->marker != NULL)
				query[n++] = (StoreQuery) {"key-marker", task->marker};
			/* MinIO takes a prefix for the name of one object: there all are asked for */
			if (mf_option(&store->options, "endpoint") == NULL)
				query[n++] = (StoreQuery) {"prefix", prefix};
			if (task->marker != NULL && task->id_marker != NULL)
				query[n++] = (StoreQuery) {"upload-id-marker", task->id_marker};
			query[n++] = (StoreQuery) {"uploads", ""};
			break;
		case MF_STORE_LIST:
		case MF_STORE_FOLDERS:
			if (store->place.kind == STORE_AZURE)
				query[n++] = (StoreQuery) {"comp", "list"};
			else if (task->marker != NULL)
				query[n++] = (StoreQuery) {"continuation-token", task->marker};
			if (task->verb == MF_STORE_FOLDERS)
				query[n++] = (StoreQuery) {"delimiter", "/"};
			if (store->place.kind == STORE_S3)
				query[n++] = (StoreQuery) {"list-type", "2"};
			else if (task->marker != NULL)
				query[n++] = (StoreQuery) {"marker", task->marker};
			query[n++] = (StoreQuery) {"prefix", prefix};
			if (store->place.kind == STORE_AZURE)
				query[n++] = (StoreQuery) {"restype", "container"};
			break;
	}
	query[n] = (StoreQuery) {NULL};
	if (task->arena.failed)
		return mf_error_oom(err, strlen(task->key));
	if (store_call_begin(store, method, key, query, NULL, NULL, 0, &task->call, err) != MF_OK)
		return MF_ERROR;
	task->call->missing_ok = key != NULL;
	return MF_OK;
}

/* A name as the caller knows it: without the place's prefix and a folder's slash. */
static char *
relative(MfStoreTask *task, char *name)
{
	size_t		skip = strlen(task->store->place.prefix);
	size_t		len = strlen(name);

	if (len > 0 && name[len - 1] == '/')
		name[len - 1] = '\0';
	if (skip == 0)
		return name;
	return strncmp(name, task->store->place.prefix, skip) == 0 && name[skip] == '/' ? name + skip + 1 : NULL;
}

/* Is it below what was asked for? */
static bool
is_below(const MfStoreTask *task, const char *name)
{
	size_t		n = strlen(task->name);

	return name != NULL && (n == 0 || (strncmp(name, task->name, n) == 0 && name[n] == '/'));
}

/* -1 = it says none */
static int64_t
length_of(const char *text)
{
	size_t		n = text != NULL ? strlen(text) : 0;

	return n > 0 && n < 19 && strspn(text, "0123456789") == n ? strtoll(text, NULL, 10) : -1;
}

static MfStatus
take_names(MfStoreTask *task, const char *body, size_t len, MfError *err)
{
	bool		azure = task->store->place.kind == STORE_AZURE;
	bool		folders = task->verb == MF_STORE_FOLDERS;
	const char *section = folders ? (azure ? "<BlobPrefix>" : "<CommonPrefixes>") :
		task->verb == MF_STORE_UPLOADS ? "<Upload>" : azure ? "<Blob>" : "<Contents>";
	const char *tag = azure ? "Name" : folders ? "Prefix" : "Key";
	const char *end = body + len;
	const char *at = body;

	while ((at = memmem(at, (size_t) (end - at), section, strlen(section))) != NULL)
	{
		const char *next = memmem(at + 1, (size_t) (end - at - 1), section, strlen(section));
		size_t		n = (size_t) ((next != NULL ? next : end) - at);
		char	   *name = store_xml_text(&task->arena, at, n, tag);
		char	   *id = NULL;
		int64_t		bytes = -1;
		char	   *own;

		if (name == NULL)
			break;
		if (task->verb == MF_STORE_UPLOADS)
			id = store_xml_text(&task->arena, at, n, "UploadId");
		if (task->verb == MF_STORE_LIST)
			bytes = length_of(store_xml_text(&task->arena, at, n, azure ? "Content-Length" : "Size"));
		own = relative(task, name);
		if (is_below(task, own) && !add_entry(task, own, id, bytes))
			return mf_error_oom(err, sizeof(MfStoreEntry));
		at += n;
	}
	return task->arena.failed ? mf_error_oom(err, len) : MF_OK;
}

/* Is there another page? */
static bool
next_page(MfStoreTask *task, const char *body, size_t len)
{
	const char *truncated = store_xml_text(&task->arena, body, len, "IsTruncated");

	if (task->store->place.kind == STORE_AZURE)
		task->marker = store_xml_text(&task->arena, body, len, "NextMarker");
	else if (truncated == NULL || strcmp(truncated, "true") != 0)
		task->marker = NULL;
	else if (task->verb == MF_STORE_UPLOADS)
	{
		task->marker = store_xml_text(&task->arena, body, len, "NextKeyMarker");
		task->id_marker = store_xml_text(&task->arena, body, len, "NextUploadIdMarker");
	}
	else
		task->marker = store_xml_text(&task->arena, body, len, "NextContinuationToken");
	return task->marker != NULL && task->marker[0] != '\0';
}

static bool
is_list(MfStoreVerb verb)
{
	return verb == MF_STORE_LIST || verb == MF_STORE_FOLDERS || verb == MF_STORE_UPLOADS;
}

MfStatus
mf_store_step(MfStoreTask *task, MfWaitFor *wait, MfError *err)
{
	MfStatus	status = MF_OK;
	const char *body;
	size_t		len;

	if (task->store->place.kind == STORE_DIRECTORY)
		return step_directory(task, err);
	if (task->store->place.kind == STORE_AZURE && (task->verb == MF_STORE_UPLOADS || task->verb == MF_STORE_ABORT))
		return MF_OK;
	for (;;)
	{
		if (task->call == NULL)
			status = begin_call(task, err);
		if (status == MF_OK)
			status = store_call_step(task->call, wait, err);
		if (status != MF_OK)
			return status;
		if (!is_list(task->verb))
			return task->call->missing && task->verb == MF_STORE_GET ? MF_END : MF_OK;
		body = mf_http_body(task->call->http, &len);
		status = take_names(task, body, len, err);
		if (status != MF_OK || !next_page(task, body, len))
			return status;
		store_call_end(task->call);
		task->call = NULL;
	}
}

const char *
mf_store_data(const MfStoreTask *task, size_t *len)
{
	if (task->call != NULL)
		return mf_http_body(task->call->http, len);
	*len = task->data.len;
	return task->data.data != NULL ? task->data.data : "";
}

int
mf_store_entries(const MfStoreTask *task, const MfStoreEntry **entries)
{
	*entries = task->entries;
	return task->n;
}

void
mf_store_end(MfStoreTask *task)
{
	if (task == NULL)
		return;
	store_call_end(task->call);
	mf_free(task->store->mem, task->data.data);
	mf_free(task->store->mem, task->entries);
	mf_arena_free(&task->arena);
	mf_free(task->store->mem, task);
}
