/*
 * describe.c - What is in the files of a table, or of a directory?
 *
 * One file after the other is opened by the helper; a table of many files is
 * described by the first, and its rows estimated by their sizes.  For cutting
 * them into parts they are counted.
 */
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "hdf5_connector.h"

#define SUFFIXES "h5|hdf5|hdf|he5"

struct MfTask
{
	MfMem	   *mem;
	MfVerb		verb;
	char	   *directory;
	char	   *name;
	bool		listed;
	MfFileList	files;
	int			next;
	bool		is_open;
	MfHdf5File	file;
	MfHdf5Tables *tables;		/* of each file */
	MfReply		reply;
	MfCollection *collections;
	char	   *counting;		/* split: whose rows are counted, and then */
	int			wanted;
	MfFileWhole *wholes;
	MfFileSplits splits;
};

static MfStatus
begin_split(MfTask *task, const MfRequest *req, MfError *err)
{
	const char *name = mf_option(req->scan->options, "filename");
	const char *counting = mf_hdf5_counting(req->scan, err);

	if (counting == NULL || mf_file_expand(task->mem, name ? name : "", &task->files, err) != MF_OK)
		return MF_ERROR;
	task->wanted = req->wanted;
	task->splits.mem = task->mem;
	task->counting = mf_strdup(task->mem, counting);
	task->wholes = mf_calloc(task->mem, sizeof(MfFileWhole) * (size_t) task->files.n);
	return task->counting && task->wholes ? MF_OK : mf_error_oom(err, sizeof(MfFileWhole) * (size_t) task->files.n);
}

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
		return begin_split(task, req, err);
	task->name = mf_strdup(task->mem, req->collection);
	if (task->name == NULL)
		return mf_error_oom(err, 0);
	return mf_file_expand(task->mem, req->collection, &task->files, err);
}

MfStatus
mf_hdf5_request_begin(MfConn *conn, const MfRequest *req, MfTask **task, MfError *err)
{
	*task = mf_calloc(conn->mem, sizeof(MfTask));
	if (*task == NULL)
		return mf_error_oom(err, sizeof(MfTask));
	(*task)->mem = conn->mem;
	if (begin(*task, req, err) == MF_OK)
		return MF_OK;
	mf_hdf5_request_end(*task);
	*task = NULL;
	return MF_ERROR;
}

/* The next file's datasets, as tables; MF_WAIT as long as the helper looks. */
static MfStatus
look(MfTask *task, bool whole, MfWaitFor *wait, MfError *err)
{
	const char *path = task->files.paths[task->next];
	MfStatus	status;

	if (!task->is_open)
	{
		static const char *const argv[] = {"describe"};

		if (mf_hdf5_open(task->mem, path, 1, argv, &task->file, err) != MF_OK)
			return MF_ERROR;
		task->is_open = true;
	}
	status = mf_helper_receive(&task->file.helper, wait, err);
	if (status == MF_WAIT)
		return status;
	if (status == MF_OK)
		status = mf_hdf5_tables(task->mem, &task->file.helper, path, whole, &task->tables[task->next], err);
	else if (status == MF_END)
		status = mf_error(err, MF_FDW_REPLY_HANDLE, "the program that should read file \"%s\" said nothing", path);
	mf_hdf5_close(&task->file);
	task->is_open = false;
	return status;
}

/* All of a pattern's files, by the first one's rows and their sizes. */
static int64_t
estimated_rows(const MfTask *task, int64_t rows)
{
	struct stat st;
	double		first = 0;
	double		all = 0;

	for (int i = 0; i < task->files.n; i++)
	{
		if (stat(task->files.paths[i], &st) != 0)
			continue;
		if (i == 0)
			first = (double) st.st_size;
		all += (double) st.st_size;
	}
	return first > 0 ? (int64_t) ((double) rows * all / first) : rows;
}

static MfStatus
describe(MfTask *task, MfWaitFor *wait, MfError *err)
{
	MfStatus	status;

	if (task->collections == NULL)
	{
		task->tables = mf_calloc(task->mem, sizeof(MfHdf5Tables));
		task->collections = mf_calloc(task->mem, sizeof(MfCollection));
	}
	if (task->tables == NULL || task->collections == NULL)
		return mf_error_oom(err, sizeof(MfCollection));
	if (!mf_file_is_pattern(task->name) && !mf_file_exists(task->name))
	{
		/* to be written: it takes what columns there are */
		task->collections[0].state = "new";
		task->collections[0].rows = -1;
		task->collections[0].dynamic = true;
		task->collections[0].fields = (MfField *) mf_hdf5_pseudo_fields;
		task->collections[0].nfields = MF_HDF5_PSEUDO_FIELDS;
	}
	else
	{
		status = look(task, true, wait, err);
		if (status != MF_OK)
			return status;
		task->collections[0] = task->tables[0].collections[0];
		task->collections[0].rows = estimated_rows(task, task->collections[0].rows);
	}
	task->collections[0].name = task->name;
	task->reply.collections = task->collections;
	task->reply.ncollections = 1;
	return MF_OK;
}

/* ---------------------------------------------------------------------- listing */

static MfStatus
list_directory(MfTask *task, MfError *err)
{
	if (mf_file_directory(task->mem, task->directory, SUFFIXES, &task->files, err) != MF_OK)
		return MF_ERROR;
	task->tables = mf_calloc(task->mem, sizeof(MfHdf5Tables) * (size_t) (task->files.n + 1));
	if (task->tables == NULL)
		return mf_error_oom(err, sizeof(MfHdf5Tables) * (size_t) task->files.n);
	task->listed = true;
	return MF_OK;
}

/* "file", or "file_dataset" where a file has several tables. */
static char *
table_name(MfTask *task, int file, const char *of)
{
	char	   *stem = mf_file_table_name(task->mem, &task->files, file);
	char	   *name;

	if (stem == NULL || of == NULL)
		return stem;
	name = mf_alloc(task->mem, strlen(stem) + strlen(of) + 2);
	if (name != NULL)
		sprintf(name, "%s_%s", stem, of);
	mf_free(task->mem, stem);
	return name;
}

static MfStatus
collect(MfTask *task, MfError *err)
{
	int			n = 0;

	for (int i = 0; i < task->files.n; i++)
		n += task->tables[i].n > 0 ? task->tables[i].n : 1;
	task->collections = mf_calloc(task->mem, sizeof(MfCollection) * (size_t) (n + 1));
	if (task->collections == NULL)
		return mf_error_oom(err, sizeof(MfCollection) * (size_t) n);
	task->reply.collections = task->collections;
	for (int i = 0; i < task->files.n; i++)
	{
		MfHdf5Tables *tables = &task->tables[i];

		for (int t = 0; t < (tables->n > 0 ? tables->n : 1); t++)
		{
			MfCollection *c = &task->collections[task->reply.ncollections];

			if (tables->n > 0)
				*c = tables->collections[t];
			c->name = task->files.paths[i];
			c->table = table_name(task, i, tables->n > 0 ? tables->names[t] : NULL);
			if (c->table == NULL)
				return mf_error_oom(err, 0);
			task->reply.ncollections++;
		}
	}
	return MF_OK;
}

/*
 * A file that cannot be read is listed without fields: it is an error once it
 * is described, and the others can be imported EXCEPT it.
 */
static MfStatus
list(MfTask *task, MfWaitFor *wait, MfError *err)
{
	if (!task->listed && list_directory(task, err) != MF_OK)
		return MF_ERROR;
	for (; task->next < task->files.n; task->next++)
	{
		MfStatus	status = look(task, false, wait, err);

		if (status == MF_WAIT)
			return status;
		if (status == MF_ERROR && strcmp(err->sqlstate, MF_FDW_REPLY_HANDLE) != 0)
			return status;
		if (status == MF_ERROR)
			mf_hdf5_tables_free(task->mem, &task->tables[task->next]);
	}
	mf_error_reset(err);
	return collect(task, err);
}

/* -------------------------------------------------------------------- splitting */

static MfStatus
split(MfTask *task, MfWaitFor *wait, MfError *err)
{
	for (; task->next < task->files.n; task->next++)
	{
		const char *argv[] = {"count", task->counting};
		const char *path = task->files.paths[task->next];
		MfFileWhole *whole = &task->wholes[task->next];
		MfStatus	status;

		if (!task->is_open && mf_hdf5_open(task->mem, path, 2, argv, &task->file, err) != MF_OK)
			return MF_ERROR;
		task->is_open = true;
		status = mf_hdf5_counted(&task->file, &whole->rows, wait, err);
		if (status == MF_WAIT)
			return status;
		whole->bytes = task->file.size;
		whole->ranges = true;
		mf_hdf5_close(&task->file);
		task->is_open = false;
		if (status != MF_OK)
			return mf_hdf5_failed(path, err);
	}
	if (mf_file_split(&task->splits, &task->files, task->wholes, task->wanted, err) != MF_OK)
		return MF_ERROR;
	task->reply.nsplits = task->splits.n;
	task->reply.splits = task->splits.items;
	return MF_OK;
}

MfStatus
mf_hdf5_request_step(MfTask *task, MfWaitFor *wait, MfError *err)
{
	if (task->verb == MF_VERB_SPLIT)
		return split(task, wait, err);
	return task->verb == MF_VERB_LIST ? list(task, wait, err) : describe(task, wait, err);
}

const MfReply *
mf_hdf5_request_reply(MfTask *task)
{
	return &task->reply;
}

void
mf_hdf5_request_end(MfTask *task)
{
	if (task->is_open)
		mf_hdf5_close(&task->file);
	for (int i = 0; task->verb == MF_VERB_LIST && i < task->reply.ncollections; i++)
		mf_free(task->mem, (char *) task->collections[i].table);
	for (int i = 0; task->tables != NULL && i < (task->verb == MF_VERB_LIST ? task->files.n : 1); i++)
		mf_hdf5_tables_free(task->mem, &task->tables[i]);
	mf_file_splits_free(&task->splits);
	mf_free(task->mem, task->wholes);
	mf_free(task->mem, task->counting);
	mf_free(task->mem, task->tables);
	mf_free(task->mem, task->collections);
	mf_file_list_free(task->mem, &task->files);
	mf_free(task->mem, task->directory);
	mf_free(task->mem, task->name);
	mf_free(task->mem, task);
}
