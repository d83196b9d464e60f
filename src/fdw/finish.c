/*
 * finish.c - When must a statement's rows have reached the remote?
 *
 * Before its AFTER triggers run, so that they see what PostgreSQL's own tables
 * would show them.  Those fire in ExecutorFinish, which tells a foreign-data
 * wrapper nothing: EndForeignModify comes later.  Hence the hook.
 */
#include "writer.h"

#include "executor/executor.h"
#include "finish.h"
#include "lib/ilist.h"

typedef struct Watched
{
	dlist_node	node;
	EState	   *estate;
	MfRowWriter *writer;
	MemoryContextCallback callback;
} Watched;

static dlist_head watched = DLIST_STATIC_INIT(watched);
static ExecutorFinish_hook_type next_hook = NULL;

static void
forget(void *arg)
{
	dlist_delete(&((Watched *) arg)->node);
}

void
mf_finish_watch(EState *estate, MfRowWriter *writer)
{
	Watched    *w = MemoryContextAllocZero(estate->es_query_cxt, sizeof(Watched));

	w->estate = estate;
	w->writer = writer;
	w->callback.func = forget;
	w->callback.arg = w;
	dlist_push_tail(&watched, &w->node);
	MemoryContextRegisterResetCallback(estate->es_query_cxt, &w->callback);
}

bool
mf_finish_has_writer(const EState *estate, const MfConnector *connector, const char *collection)
{
	dlist_iter	iter;

	dlist_foreach(iter, &watched)
	{
		Watched    *w = dlist_container(Watched, node, iter.cur);

		if (w->estate == estate && mf_writer_is_of(w->writer, connector, collection))
			return true;
	}
	return false;
}

static void
flush_writers(QueryDesc *query)
{
	dlist_iter	iter;

	dlist_foreach(iter, &watched)
	{
		Watched    *w = dlist_container(Watched, node, iter.cur);

		if (w->estate == query->estate)
			mf_writer_flush(w->writer);
	}
	if (next_hook != NULL)
		next_hook(query);
	else
		standard_ExecutorFinish(query);
}

void
mf_finish_init(void)
{
	next_hook = ExecutorFinish_hook;
	ExecutorFinish_hook = flush_writers;
}
