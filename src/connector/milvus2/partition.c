/*
 * partition.c - Which partitions does a collection have, and which are meant?
 *
 * Lists serve a few seconds' statements, as descriptions do.  What a condition
 * on the partition lets through is decided here, name by name, because Milvus's
 * expressions do not know of partitions.
 */
#include <stdio.h>

#include "internal.h"

#define RECENT_MS 3000
#define MOST_RECENT 32

static const MfMethod show_partitions = M2_METHOD(ShowPartitions, show_partitions_response, true);
static const MfMethod create_partition = M2_METHOD(CreatePartition, status, true);

#define SLOT_SHOW 0

/* As 2.3.5 and later say it. */
bool
m2_partition_name_ok(const char *name, const char **why)
{
	if (name[0] == '\0')
		*why = "It is empty.";
	else if (strlen(name) > M2_MAX_NAME)
		*why = "It must not be longer than 255 characters.";
	else if (name[strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_")] != '\0')
		*why = "It must consist of ASCII letters, digits and underscores.";
	else
		return true;
	return false;
}

MfStatus
m2_show_partitions(MfTask *task, int slot, char ***names, int *n, MfWaitFor *wait, MfError *err)
{
	M2__CollectionRequest request = m2_collection_request(task);
	MfStatus	status = m2_task_call(task, slot, &show_partitions, &request, wait, err);

	if (status == MF_OK)
	{
		const M2__ShowPartitionsResponse *reply = (M2__ShowPartitionsResponse *) task->calls[slot].reply;

		*names = reply->partition_names;
		*n = (int) reply->n_partition_names;
	}
	return status;
}

MfStatus
m2_create_partition(MfTask *task, int slot, const char *name, MfWaitFor *wait, MfError *err)
{
	M2__PartitionRequest request = M2__PARTITION_REQUEST__INIT;
	MfStatus	status;

	request.db_name = (char *) task->database;
	request.collection_name = (char *) task->collection;
	request.partition_name = (char *) name;
	status = m2_task_call(task, slot, &create_partition, &request, wait, err);
	m2_partitions_forget(task->conn);
	if (status == MF_ERROR && strstr(err->detail, "already exist") != NULL)
		status = MF_OK;			/* somebody was faster */
	return status;
}

/* ----------------------------------------------------------------------- lists */

static MfStatus
step_list(MfTask *task, MfWaitFor *wait, MfError *err)
{
	char	  **names;
	int			n;

	return m2_show_partitions(task, SLOT_SHOW, &names, &n, wait, err);
}

void
m2_partitions_release(M2Partitions *list)
{
	MfMem	   *mem;

	if (list == NULL || --list->refs > 0)
		return;
	mem = list->task->mem;
	m2_task_free(list->task);
	mf_free(mem, list);
}

static void
unlink_list(M2Partitions **link)
{
	M2Partitions *list = *link;

	*link = list->next;
	m2_partitions_release(list);
}

void
m2_partitions_forget(MfConn *conn)
{
	while (conn->partitions != NULL)
		unlink_list(&conn->partitions);
}

/* What is known and young enough, or NULL; the rest is dropped. */
static M2Partitions *
find_list(MfConn *conn, const char *database, const char *collection)
{
	M2Partitions **link = &conn->partitions;
	M2Partitions *found = NULL;
	int64_t		now = mf_now_ms();
	int			n = 0;

	while (*link != NULL)
	{
		const MfTask *task = (*link)->task;

		if (now - (*link)->at > RECENT_MS || ++n >= MOST_RECENT)
		{
			unlink_list(link);
			continue;
		}
		if (strcmp(task->database, database) == 0 && strcmp(task->collection, collection) == 0)
			found = *link;
		link = &(*link)->next;
	}
	return found;
}

MfStatus
m2_partitions_need(MfConn *conn, const char *database, const char *collection, bool known,
				   MfTask **task, M2Partitions **out, MfWaitFor *wait, MfError *err)
{
	M2Partitions *list;
	MfStatus	status;

	if (*out != NULL)
		return MF_OK;
	list = known && *task == NULL ? find_list(conn, database, collection) : NULL;
	if (list != NULL)
	{
		list->refs++;
		*out = list;
		return MF_OK;
	}
	if (*task == NULL)
		*task = m2_task_new(conn, conn->mem, database, collection, step_list);
	if (*task == NULL)
		return mf_error_oom(err, sizeof(MfTask));
	status = m2_request_step(*task, wait, err);
	if (status != MF_OK)
		return status;

	list = mf_calloc(conn->mem, sizeof(M2Partitions));
	if (list == NULL)
		return mf_error_oom(err, sizeof(M2Partitions));
	status = m2_show_partitions(*task, SLOT_SHOW, &list->names, &list->n, wait, err);
	list->task = *task;
	*task = NULL;
	list->at = mf_now_ms();
	list->refs = 2;				/* the connection's and the caller's */
	list->next = conn->partitions;
	conn->partitions = list;
	*out = list;
	return status;
}

bool
m2_partitions_have(const M2Partitions *list, const char *name)
{
	for (int i = 0; i < list->n; i++)
	{
		if (strcmp(list->names[i], name) == 0)
			return true;
	}
	return false;
}

/* ---------------------------------------------------------------------- errors */

MfStatus
m2_error_no_partition(const M2Where *where, const char *name, bool writing, MfError *err)
{
	mf_error(err, MF_FDW_TABLE_NOT_FOUND, "there is no partition \"%.200s\" in collection \"%s\"", name, where->collection);
	if (writing)
		mf_error_hint(err, "Option \"create_partitions\" of the table, set to 'true', makes those that are missing.");
	snprintf(err->collection, sizeof(err->collection), "%s", where->collection);
	return MF_ERROR;
}

MfStatus
m2_check_partition_key(const MfCollection *c, MfError *err)
{
	for (int i = 0; i < c->nfields; i++)
	{
		if (!c->fields[i].partition_key)
			continue;
		mf_error(err, MF_FEATURE_NOT_SUPPORTED, "no partition of collection \"%s\" can be named", c->name);
		mf_error_detail(err, "Its field \"%s\" is a partition key, by which Milvus itself divides the rows.", c->fields[i].name);
		mf_error_hint(err, "Drop the table's option \"partition\", or the column with option field '" M2_PARTITION "'; a condition on \"%s\" does the same.",
					  c->fields[i].name);
		return MF_ERROR;
	}
	return MF_OK;
}

/* ------------------------------------------------------------------ conditions */

bool
m2_is_partition_filter(const MfFilter *f)
{
	switch (f->op)
	{
		case MF_FILTER_AND:
		case MF_FILTER_OR:
		case MF_FILTER_NOT:
			for (int i = 0; i < f->nargs; i++)
			{
				if (!m2_is_partition_filter(f->args[i]))
					return false;
			}
			return true;
		case MF_FILTER_IS_NULL:
		case MF_FILTER_IS_NOT_NULL:
		case MF_FILTER_EQ:
		case MF_FILTER_NE:
		case MF_FILTER_IN:
			break;
		default:
			return false;
	}
	if (strcmp(f->field, M2_PARTITION) != 0 || f->npath > 0)
		return false;
	for (int i = 0; i < f->nvalues; i++)
	{
		if (f->values[i].kind != MF_KIND_TEXT)
			return false;
	}
	return true;
}

static bool
is_one_of(const MfFilter *f, const char *name)
{
	for (int i = 0; i < f->nvalues; i++)
	{
		if (f->values[i].len == strlen(name) && memcmp(f->values[i].bytes, name, f->values[i].len) == 0)
			return true;
	}
	return false;
}

/* A partition always has a name, so there is no third truth value. */
bool
m2_partition_passes(const MfFilter *f, const char *name)
{
	switch (f->op)
	{
		case MF_FILTER_AND:
			for (int i = 0; i < f->nargs; i++)
			{
				if (!m2_partition_passes(f->args[i], name))
					return false;
			}
			return true;
		case MF_FILTER_OR:
			for (int i = 0; i < f->nargs; i++)
			{
				if (m2_partition_passes(f->args[i], name))
					return true;
			}
			return false;
		case MF_FILTER_NOT:
			return !m2_partition_passes(f->args[0], name);
		case MF_FILTER_FALSE:
		case MF_FILTER_IS_NULL:
			return false;
		case MF_FILTER_EQ:
		case MF_FILTER_IN:
			return is_one_of(f, name);
		case MF_FILTER_NE:
			return !is_one_of(f, name);
		default:
			return true;
	}
}
