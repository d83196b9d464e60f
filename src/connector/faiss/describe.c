/*
 * describe.c - What fields do the files of a table have, and how many rows?
 *
 * Into which parts the rows can be cut is known by the same headers.
 */
#include <stdio.h>
#include <string.h>

#include "faiss.h"

#define SUFFIXES "faiss|index|ivf"

/* Headers are read for so long before the core is let look around. */
#define PIECE_MS 5

#define NFIELDS 4

struct MfTask
{
	MfMem	   *mem;
	MfVerb		verb;
	MfOptions	none;
	const MfOptions *options;
	char	   *directory;
	char	   *name;
	MfFileList	files;
	int			next;			/* file to be looked at */
	MfReply		reply;
	MfCollection *collections;
	MfField		fields[NFIELDS];
	char		kinds[256];
	char	   *id_name;
	char	   *vector_name;
	int			wanted;			/* parts */
	MfFileWhole *wholes;
	MfFileSplits splits;
};

static MfStatus
begin(MfTask *task, const MfRequest *req, MfError *err)
{
	task->verb = req->verb;
	task->reply.progress = -1;
	task->reply.rows = -1;
	if (req->verb == MF_VERB_LIST)
	{
		task->directory = mf_strdup(task->mem, req->schema_name ? req->schema_name : "");
		return task->directory ? MF_OK : mf_error_oom(err, 0);
	}
	if (req->verb == MF_VERB_SPLIT)
	{
		const char *name = mf_option(req->scan->options, "filename");

		task->wanted = req->wanted;
		task->splits.mem = task->mem;
		return mf_file_expand(task->mem, name ? name : "", &task->files, err);
	}
	task->name = mf_strdup(task->mem, req->collection);
	task->id_name = mf_strdup(task->mem, mf_faiss_id_field(req->options));
	task->vector_name = mf_strdup(task->mem, mf_faiss_vector_field(req->options));
	task->collections = mf_calloc(task->mem, sizeof(MfCollection));
	if (task->name == NULL || task->id_name == NULL || task->vector_name == NULL || task->collections == NULL)
		return mf_error_oom(err, sizeof(MfCollection));
	if (mf_option(req->options, "index") != NULL)
		snprintf(task->kinds, sizeof(task->kinds), "%s", mf_option(req->options, "index"));
	return mf_file_expand(task->mem, req->collection, &task->files, err);
}

MfStatus
mf_faiss_request_begin(MfConn *conn, const MfRequest *req, MfTask **task, MfError *err)
{
	*task = mf_calloc(conn->mem, sizeof(MfTask));
	if (*task == NULL)
		return mf_error_oom(err, sizeof(MfTask));
	(*task)->mem = conn->mem;
	if (begin(*task, req, err) == MF_OK)
		return MF_OK;
	mf_faiss_request_end(*task);
	*task = NULL;
	return MF_ERROR;
}

/* Names only: each is looked at when it is described. */
static MfStatus
list(MfTask *task, MfError *err)
{
	if (mf_file_directory(task->mem, task->directory, SUFFIXES, &task->files, err) != MF_OK)
		return MF_ERROR;
	task->collections = mf_calloc(task->mem, sizeof(MfCollection) * (size_t) (task->files.n + 1));
	if (task->collections == NULL)
		return mf_error_oom(err, sizeof(MfCollection) * (size_t) task->files.n);
	task->reply.collections = task->collections;
	for (int i = 0; i < task->files.n; i++)
	{
		MfCollection *c = &task->collections[i];

		c->name = task->files.paths[i];
		c->rows = -1;
		c->state = "file";
		c->table = mf_file_table_name(task->mem, &task->files, i);
		if (c->table == NULL)
			return mf_error_oom(err, 0);
		task->reply.ncollections++;
	}
	return MF_OK;
}

/* Does this factory string make an index of bits? */
static bool
makes_binary(const char *index)
{
	return index[0] == 'B' || strstr(index, ",B") != NULL;
}

static void
set_fields(MfTask *task, bool binary, int32_t dim, int32_t metric, const char *index)
{
	MfField    *f = task->fields;

	f[0] = (MfField) {.name = task->id_name,.native = "int64",.kind = MF_KIND_I64};
	f[1] = (MfField) {
		.name = task->vector_name,.native = binary ? "binary vector" : "float vector",
			.kind = binary ? MF_KIND_VEC_BIT : MF_KIND_VEC_F32,.dim = dim,
			.metric = binary ? "HAMMING" : metric == 0 ? "IP" : metric == 1 ? "L2" : NULL,.index = index
	};
	f[2] = (MfField) {
		.name = "_file",.native = "path",.kind = MF_KIND_TEXT,.auto_id = true,.pseudo = true
	};
	f[3] = (MfField) {
		.name = "_row",.native = "int64",.kind = MF_KIND_I64,.auto_id = true,.pseudo = true
	};
}

static MfStatus
differ(const MfFaissFile *file, const MfField *vector, MfError *err)
{
	mf_error(err, MF_DATATYPE_MISMATCH, "file \"%s\" holds %s vectors of %d dimensions", file->path,
			 file->binary ? "binary" : "float", file->dim);
	mf_error_detail(err, "Those before it, which match the same pattern, are %ss of %d.", vector->native, vector->dim);
	return MF_ERROR;
}

/* Look at the next file. */
static MfStatus
look(MfTask *task, MfError *err)
{
	MfCollection *c = task->collections;
	const char *path = task->files.paths[task->next];
	MfFaissFile file;

	if (task->files.n == 1 && !mf_file_is_pattern(task->name) && !mf_file_exists(path))
	{
		c->state = "new";
		c->rows = -1;
		set_fields(task, makes_binary(task->kinds), 0, 1, task->kinds);
		return MF_OK;
	}
	if (mf_faiss_open(task->mem, path, &file, err) != MF_OK)
		return MF_ERROR;
	mf_faiss_close(&file);
	if (task->next == 0)
	{
		snprintf(task->kinds, sizeof(task->kinds), "%s", file.kinds);
		set_fields(task, file.binary, file.dim, file.metric, task->kinds);
	}
	else if (file.dim != task->fields[1].dim || file.binary != (task->fields[1].kind == MF_KIND_VEC_BIT))
		return differ(&file, &task->fields[1], err);
	c->state = "file";
	c->rows += file.ntotal;
	return MF_OK;
}

/* How the next file can be cut. */
static MfStatus
measure(MfTask *task, MfError *err)
{
	MfFaissFile file;

	if (task->wholes == NULL)
		task->wholes = mf_calloc(task->mem, sizeof(MfFileWhole) * (size_t) task->files.n);
	if (task->wholes == NULL)
		return mf_error_oom(err, sizeof(MfFileWhole) * (size_t) task->files.n);
	if (mf_faiss_open(task->mem, task->files.paths[task->next], &file, err) != MF_OK)
		return MF_ERROR;
	task->wholes[task->next] = mf_faiss_whole(&file);
	mf_faiss_close(&file);
	return MF_OK;
}

static MfStatus
cut(MfTask *task, MfError *err)
{
	if (mf_file_split(&task->splits, &task->files, task->wholes, task->wanted, err) != MF_OK)
		return MF_ERROR;
	task->reply.nsplits = task->splits.n;
	task->reply.splits = task->splits.items;
	return MF_OK;
}

MfStatus
mf_faiss_request_step(MfTask *task, MfWaitFor *wait, MfError *err)
{
	int64_t		until = mf_file_clock() + PIECE_MS;

	if (task->verb == MF_VERB_LIST)
		return list(task, err);
	for (; task->next < task->files.n; task->next++)
	{
		if (task->next > 0 && mf_file_clock() >= until)
		{
			wait->timeout_ms = 0;
			return MF_WAIT;
		}
		if ((task->verb == MF_VERB_SPLIT ? measure(task, err) : look(task, err)) != MF_OK)
			return MF_ERROR;
	}
	if (task->verb == MF_VERB_SPLIT)
		return cut(task, err);
	task->collections[0].name = task->name;
	task->collections[0].nfields = NFIELDS;
	task->collections[0].fields = task->fields;
	task->reply.collections = task->collections;
	task->reply.ncollections = 1;
	return MF_OK;
}

const MfReply *
mf_faiss_request_reply(MfTask *task)
{
	return &task->reply;
}

void
mf_faiss_request_end(MfTask *task)
{
	if (task->verb == MF_VERB_LIST && task->collections != NULL)
	{
		for (int i = 0; i < task->reply.ncollections; i++)
			mf_free(task->mem, (char *) task->collections[i].table);
	}
	mf_file_splits_free(&task->splits);
	mf_free(task->mem, task->wholes);
	mf_file_list_free(task->mem, &task->files);
	mf_free(task->mem, task->collections);
	mf_free(task->mem, task->directory);
	mf_free(task->mem, task->name);
	mf_free(task->mem, task->id_name);
	mf_free(task->mem, task->vector_name);
	mf_free(task->mem, task);
}
