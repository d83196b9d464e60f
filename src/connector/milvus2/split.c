/*
 * split.c - Into which parts can a scan of a collection be cut?
 *
 * By partitions where there are several, and by ranges of an Int64 key, so that
 * each has about as many of the rows that are wanted.  Several small partitions
 * are one part, a large one is several.  A VarChar key is not cut: of its values
 * nothing can be computed.  What cannot be cut is one part, "all".
 */
#include <stdio.h>
#include <stdlib.h>

#include "split.h"

#define ROWS_A_PART 100000		/* where nobody says how many parts there should be */
#define MOST_BY_ITSELF 64
#define MOST_COUNTED 256		/* partitions whose rows are counted */

enum
{
	KNOW,
	LIST,
	COUNT,
	GROUP,
	SEARCH,
	DONE
};

typedef struct M2Cut
{
	int			phase;
	M2Recent   *recent;
	MfTask	   *listing;
	M2Partitions *list;
	bool		by_key;
	int			wanted;
	M2Probes	probes;

	/* of each partition, or of all rows */
	int			n;
	const char **names;			/* NULL: all rows */
	int64_t    *rows;
	int			counted;

	int			nsearches;
	M2Search   *searches;
	int			at;
} M2Cut;

void
m2_cut_free(MfTask *task)
{
	M2Cut	   *cut = task->cut;

	if (cut == NULL)
		return;
	m2_probes_forget(&cut->probes);
	m2_recent_release(cut->recent);
	m2_task_free(cut->listing);
	m2_partitions_release(cut->list);
	task->cut = NULL;
}

/* -------------------------------------------------------------------- what it is */

/* The rows that are wanted are known by their keys, or are none. */
static bool
is_small(const MfTask *task, const MfField *key)
{
	return m2_filter_lookup(key, task->scan->nfilters, task->scan->filters) != NULL || task->scan->limit == 0 ||
		task->scan->split != NULL;
}

static bool
has_partition_key(const MfCollection *c)
{
	for (int i = 0; i < c->nfields; i++)
	{
		if (c->fields[i].partition_key)
			return true;
	}
	return false;
}

/* Can exactly those rows be counted that meet the conditions? */
static bool
is_exact(MfTask *task, const MfCollection *c)
{
	MfJsonBuf	expr = {.mem = task->mem};
	bool		exact;

	(void) m2_filter_put(&expr, c, task->scan->nfilters, task->scan->filters, NULL, &exact);
	exact &= !expr.failed;
	mf_free(task->mem, expr.data);
	return exact;
}

static MfStatus
know(MfTask *task, M2Cut *cut, MfWaitFor *wait, MfError *err)
{
	const M2Schema *schema;
	const MfField *key;
	int			state;

	if (cut->recent == NULL)
		cut->recent = m2_recent_get(task->conn, task->database, task->collection);
	if (cut->recent == NULL)
		return mf_error_oom(err, sizeof(M2Recent));
	if (!cut->recent->ready)
	{
		MfStatus	status = m2_request_step(cut->recent->task, wait, err);

		if (status != MF_OK)
			return status;
		m2_recent_ready(task->conn, cut->recent);
	}
	schema = &cut->recent->task->schema;
	state = cut->recent->task->load_state;
	key = schema->key >= 0 ? &schema->collection.fields[schema->key] : NULL;

	/* whoever reads it will be told what is wrong; before 2.3.0 nothing can be counted */
	if (key == NULL || is_small(task, key) || task->conn->version < M2_VERSION(2, 3, 0) ||
		(state != M2_STATE_LOADED && state != M2_STATE_HIDDEN &&
		 !mf_option_bool(mf_option(task->table, "auto_load") != NULL ? task->table : &task->conn->options, "auto_load", false)))
	{
		cut->phase = GROUP;
		cut->n = 1;
		cut->wanted = 1;
		return MF_OK;
	}
	cut->by_key = key->kind == MF_KIND_I64 && !m2_is_keyword(key->name);
	cut->probes.conn = task->conn;
	cut->probes.like = task->scan;
	cut->probes.key_field = key->name;
	cut->probes.filtered = is_exact(task, &schema->collection);
	cut->phase = LIST;
	return MF_OK;
}

/* --------------------------------------------------------------------- partitions */

static bool
passes(const MfScanSpec *spec, const char *name)
{
	for (int i = 0; i < spec->nfilters; i++)
	{
		if (m2_is_partition_filter(spec->filters[i]) && !m2_partition_passes(spec->filters[i], name))
			return false;
	}
	return true;
}

/* As they are now: rows of one that was made a moment ago are not to be missed. */
static MfStatus
list(MfTask *task, M2Cut *cut, MfWaitFor *wait, MfError *err)
{
	bool		apart = mf_option(task->table, "partition") == NULL && !has_partition_key(&cut->recent->task->schema.collection);
	MfStatus	status = MF_OK;

	if (apart)
		status = m2_partitions_need(task->conn, task->database, task->collection, false, &cut->listing, &cut->list, wait, err);
	if (status == MF_WAIT || (status == MF_ERROR && err->retry == MF_RETRY_YES))
		return status;

	/* who may not see them may read them all the same */
	cut->names = mf_arena_alloc(&task->arena, sizeof(char *) * (size_t) (cut->list != NULL ? cut->list->n + 1 : 1));
	if (cut->names == NULL)
		return mf_error_oom(err, 0);
	for (int i = 0; cut->list != NULL && cut->list->n > 1 && i < cut->list->n; i++)
	{
		if (passes(task->scan, cut->list->names[i]))
			cut->names[cut->n++] = cut->list->names[i];
	}
	if (cut->n == 0)
	{
		cut->n = 1;
		cut->names[0] = NULL;
	}
	cut->phase = COUNT;
	return MF_OK;
}

static MfStatus
count(MfTask *task, M2Cut *cut, MfWaitFor *wait, MfError *err)
{
	if (cut->rows == NULL)
		cut->rows = mf_arena_alloc(&task->arena, sizeof(int64_t) * (size_t) cut->n);
	if (cut->rows == NULL)
		return mf_error_oom(err, sizeof(int64_t) * (size_t) cut->n);
	for (int i = 0; i < cut->n && cut->n > MOST_COUNTED; i++)
		cut->rows[i] = -1;
	while (cut->n <= MOST_COUNTED && cut->counted < cut->n)
	{
		MfStatus	status;

		for (int i = cut->counted; cut->probes.n < M2_PROBES && i < cut->n && cut->probes.n == i - cut->counted; i++)
		{
			const char *token = m2_split_token(&task->arena, cut->names[i], NULL, NULL, "");

			if (token == NULL)
				return mf_error_oom(err, 0);
			m2_probe_rows(&cut->probes, token);
		}
		status = m2_probes_run(&cut->probes, wait, err);
		if (status != MF_OK)
			return status;
		for (int i = 0; i < cut->probes.n; i++)
			cut->rows[cut->counted++] = cut->probes.probe[i].rows;
		m2_probes_forget(&cut->probes);
	}
	cut->phase = GROUP;
	return MF_OK;
}

/* ------------------------------------------------------------------------- groups */

static M2Cut *sorted;			/* qsort takes no argument */

static int
by_rows(const void *a, const void *b)
{
	int64_t		x = sorted->rows[*(const int *) a];
	int64_t		y = sorted->rows[*(const int *) b];

	return x < y ? 1 : x > y ? -1 : *(const int *) a - *(const int *) b;
}

/* More partitions than parts: the largest first, each to the part that has least. */
static bool
group(MfTask *task, M2Cut *cut, int parts)
{
	int		   *order = mf_arena_alloc(&task->arena, sizeof(int) * (size_t) cut->n);
	int64_t    *weight = mf_arena_alloc(&task->arena, sizeof(int64_t) * (size_t) parts);

	if (order == NULL || weight == NULL)
		return false;
	for (int i = 0; i < cut->n; i++)
		order[i] = i;
	sorted = cut;
	qsort(order, (size_t) cut->n, sizeof(int), by_rows);
	sorted = NULL;
	for (int i = 0; i < cut->n; i++)
	{
		int64_t		rows = cut->rows[order[i]];
		M2Search   *least;
		int			to = 0;

		for (int s = 1; s < parts; s++)
			to = weight[s] < weight[to] ? s : to;
		least = &cut->searches[to];
		least->partitions = least->partitions == NULL ? cut->names[order[i]] :
			mf_arena_text(&task->arena, "%s,%s", least->partitions, cut->names[order[i]]);
		least->rows = rows < 0 ? -1 : least->rows + rows;

		/* an empty one has some weight, so that each part has one at least */
		weight[to] += (rows > 0 ? rows : 0) + 1;
	}
	return true;
}

/* Fewer partitions than parts: the largest is cut once more until there are enough. */
static void
share(M2Cut *cut, int parts)
{
	for (int i = 0; i < cut->n; i++)
	{
		cut->searches[i].partitions = cut->names != NULL ? cut->names[i] : NULL;
		cut->searches[i].rows = cut->rows != NULL ? cut->rows[i] : -1;
		cut->searches[i].pieces = 1;
	}
	for (int n = cut->n; n < parts && cut->by_key; n++)
	{
		M2Search   *most = &cut->searches[0];

		for (int i = 1; i < cut->n; i++)
		{
			if (cut->searches[i].rows / cut->searches[i].pieces > most->rows / most->pieces)
				most = &cut->searches[i];
		}
		if (most->rows <= most->pieces)
			break;
		most->pieces++;
	}
}

/* How many parts there are by themselves. */
static int
own_number(const M2Cut *cut)
{
	int64_t		n = cut->n > 1 ? cut->n : cut->rows[0] / ROWS_A_PART;

	return cut->n > 1 ? cut->n : n < 1 ? 1 : n > MOST_BY_ITSELF ? MOST_BY_ITSELF : (int) n;
}

static MfStatus
make_groups(MfTask *task, M2Cut *cut, MfError *err)
{
	int			parts = cut->wanted > 0 ? cut->wanted : own_number(cut);
	bool		ok = true;

	cut->nsearches = cut->n < parts ? cut->n : parts;
	cut->searches = mf_arena_alloc(&task->arena, sizeof(M2Search) * (size_t) cut->nsearches);
	if (cut->searches == NULL)
		return mf_error_oom(err, sizeof(M2Search) * (size_t) cut->nsearches);
	for (int i = 0; i < cut->nsearches; i++)
		cut->searches[i].pieces = 1;
	if (cut->n > parts)
		ok = group(task, cut, parts);
	else
		share(cut, parts);
	cut->phase = SEARCH;
	return ok ? MF_OK : mf_error_oom(err, 0);
}

static MfStatus
search(MfTask *task, M2Cut *cut, MfWaitFor *wait, MfError *err)
{
	for (; cut->at < cut->nsearches; cut->at++)
	{
		MfStatus	status = MF_OK;

		if (cut->searches[cut->at].pieces > 1)
			status = m2_search_step(&cut->searches[cut->at], &cut->probes, &task->arena, wait, err);
		if (status != MF_OK)
			return status;
	}
	cut->phase = DONE;
	return MF_OK;
}

/* ------------------------------------------------------------------------ answer */

/* What other connections have to see of what this one wrote. */
static const char *
seen(MfTask *task, const M2Cut *cut)
{
	const char *level = m2_setting(task->table, &task->conn->options, "consistency_level");
	bool		later = false;
	uint64_t	mark = 0;

	if (cut->recent != NULL && (level == NULL || strcmp(level, "session") == 0))
		mark = m2_mark_get(task->conn, task->database, cut->recent->task->schema.collection.name, &later);
	if (later)
		return " seen=now";
	return mark > 0 ? mf_arena_text(&task->arena, " seen=%llu", (unsigned long long) mark) : "";
}

static MfStatus
answer(MfTask *task, const M2Cut *cut, MfError *err)
{
	const char *end = seen(task, cut);
	MfSplit    *splits;
	int			n = 0;

	for (int i = 0; i < cut->nsearches; i++)
		n += cut->searches[i].pieces;
	splits = mf_arena_alloc(&task->arena, sizeof(MfSplit) * (size_t) n);
	if (splits == NULL || end == NULL)
		return mf_error_oom(err, sizeof(MfSplit) * (size_t) n);
	n = 0;
	for (int i = 0; i < cut->nsearches; i++)
		n += m2_search_splits(&cut->searches[i], &task->arena, end, splits + n);
	task->reply.nsplits = n;
	task->reply.splits = splits;
	return task->arena.failed ? mf_error_oom(err, 0) : MF_OK;
}

MfStatus
m2_step_split(MfTask *task, MfWaitFor *wait, MfError *err)
{
	M2Cut	   *cut = task->cut;
	MfStatus	status = MF_OK;

	if (cut == NULL)
	{
		cut = task->cut = mf_arena_alloc(&task->arena, sizeof(M2Cut));
		if (cut == NULL)
			return mf_error_oom(err, sizeof(M2Cut));
		cut->wanted = task->wanted;
	}
	while (status == MF_OK && cut->phase != DONE)
	{
		switch (cut->phase)
		{
			case KNOW:
				status = know(task, cut, wait, err);
				break;
			case LIST:
				status = list(task, cut, wait, err);
				break;
			case COUNT:
				status = count(task, cut, wait, err);
				break;
			case GROUP:
				status = make_groups(task, cut, err);
				break;
			default:
				status = search(task, cut, wait, err);
				break;
		}
	}
	return status == MF_OK ? answer(task, cut, err) : status;
}
