/*
 * recent.c - Need a collection be described again that was described a moment ago?
 *
 * A row by its key is one round trip, so descriptions serve a few seconds'
 * scans.  A scan that fails with one of them asks anew; what this connection
 * itself changes ends them all.
 */
#include "internal.h"

#define RECENT_MS 3000
#define MOST_RECENT 32

static void
unlink_recent(M2Recent **link)
{
	M2Recent   *recent = *link;

	*link = recent->next;
	m2_recent_release(recent);
}

/* Drop what is too old, and with `name` what is about that. */
static void
prune(MfConn *conn, const MfTask *name)
{
	M2Recent  **link = &conn->recent;
	int64_t		now = mf_now_ms();
	int			n = 0;

	while (*link != NULL)
	{
		const MfTask *task = (*link)->task;

		if (now - (*link)->at > RECENT_MS || ++n > MOST_RECENT ||
			(name != NULL && strcmp(task->database, name->database) == 0 &&
			 strcmp(task->collection, name->collection) == 0))
			unlink_recent(link);
		else
			link = &(*link)->next;
	}
}

M2Recent *
m2_recent_get(MfConn *conn, const char *database, const char *collection)
{
	M2Recent   *recent;

	prune(conn, NULL);
	for (recent = conn->recent; recent != NULL; recent = recent->next)
	{
		if (strcmp(recent->task->database, database) == 0 && strcmp(recent->task->collection, collection) == 0)
		{
			recent->refs++;
			return recent;
		}
	}
	recent = mf_calloc(conn->mem, sizeof(M2Recent));
	if (recent == NULL)
		return NULL;
	recent->refs = 1;
	recent->task = m2_task_new(conn, conn->mem, database, collection, m2_step_prepare);
	if (recent->task == NULL)
	{
		mf_free(conn->mem, recent);
		return NULL;
	}
	return recent;
}

void
m2_recent_ready(MfConn *conn, M2Recent *recent)
{
	recent->ready = true;
	if (recent->task->load_state != M2_STATE_LOADED && recent->task->load_state != M2_STATE_HIDDEN)
		return;
	prune(conn, recent->task);
	recent->at = mf_now_ms();
	recent->refs++;
	recent->next = conn->recent;
	conn->recent = recent;
}

void
m2_recent_release(M2Recent *recent)
{
	MfMem	   *mem;

	if (recent == NULL || --recent->refs > 0)
		return;
	mem = recent->task->mem;
	m2_task_free(recent->task);
	mf_free(mem, recent);
}

void
m2_recent_forget(MfConn *conn)
{
	m2_partitions_forget(conn);
	while (conn->recent != NULL)
		unlink_recent(&conn->recent);
}
