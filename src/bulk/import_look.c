/*
 * import_look.c - What has the remote heard of, and what has become of it?
 *
 * Its list of jobs is read once for all parts.  A part whose job is not known is
 * found by its files, else by the job.
 */
#include "import.h"

#include <jansson.h>

#include "miscadmin.h"

/*
 * A request whose answer was lost shows in the list at once, if it was heard.
 * After so long it was not.
 */
#define LOST_MS 5000

/* The remote's clock may be so far from ours. */
#define CLOCKS_MS (INT64CONST(5) * 60 * 1000)

#define CELLS 9

typedef struct Job
{
	const char *const *cells;
	int			nfiles;
	const char *const *files;	/* NULL = not told */
} Job;

/* A name by which a job is found. */
typedef struct Entry
{
	const char *name;
	int			job;
} Entry;

typedef struct Entries
{
	int			n;
	Entry	   *entries;		/* sorted */
} Entries;

typedef struct JobList
{
	int			n;
	Job		   *jobs;
	Entries		ids;
	Entries		files;
	int64		remembers_s;
} JobList;

/* ------------------------------------------------------------- the list of jobs */

const char *const *
mf_import_names(const char *list, int *n)
{
	json_t	   *root = list != NULL ? json_loads(list, 0, NULL) : NULL;
	const char **names = palloc(sizeof(char *) * (json_array_size(root) + 1));
	json_t	   *name;
	size_t		i;

	*n = 0;
	json_array_foreach(root, i, name)
		names[(*n)++] = json_is_string(name) ? pstrdup(json_string_value(name)) : "";
	json_decref(root);
	return root != NULL ? names : NULL;
}

static int
compare_entries(const void *a, const void *b)
{
	const Entry *x = a;
	const Entry *y = b;
	int			order = strcmp(x->name, y->name);

	return order != 0 ? order : x->job - y->job;
}

/* Where those of a name begin. */
static int
first_of(const Entries *entries, const char *name)
{
	int			low = 0;
	int			high = entries->n;

	while (low < high)
	{
		int			middle = low + (high - low) / 2;

		if (strcmp(entries->entries[middle].name, name) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* In the current context. */
static JobList
read_jobs(const MfReply *reply)
{
	JobList		list = {.n = reply->ncolumns >= CELLS ? reply->nrows : 0,.remembers_s = reply->remembers_s};
	int			nfiles = 0;

	list.jobs = palloc_extended(sizeof(Job) * Max(list.n, 1), MCXT_ALLOC_HUGE);
	list.ids.entries = palloc_extended(sizeof(Entry) * Max(list.n, 1), MCXT_ALLOC_HUGE);
	for (int i = 0; i < list.n; i++)
	{
		Job		   *job = &list.jobs[i];

		job->cells = &reply->cells[i * reply->ncolumns];
		job->files = mf_import_names(job->cells[6], &job->nfiles);
		nfiles += job->nfiles;
		list.ids.entries[list.ids.n++] = (Entry) {job->cells[0], i};
		CHECK_FOR_INTERRUPTS();
	}
	list.files.entries = palloc_extended(sizeof(Entry) * Max(nfiles, 1), MCXT_ALLOC_HUGE);
	for (int i = 0; i < list.n; i++)
	{
		for (int at = 0; list.jobs[i].files != NULL && at < list.jobs[i].nfiles; at++)
			list.files.entries[list.files.n++] = (Entry) {list.jobs[i].files[at], i};
	}
	qsort(list.ids.entries, list.ids.n, sizeof(Entry), compare_entries);
	qsort(list.files.entries, list.files.n, sizeof(Entry), compare_entries);
	return list;
}

/* ---------------------------------------------------------------- jobs and parts */

/* Of a job: what is none of the ends runs. */
static MfImportState
state_of(const char *name)
{
	MfImportState state = mf_import_state_by_name(name);

	return state >= MF_IMPORT_RUNNING ? state : MF_IMPORT_RUNNING;
}

/* Is a job without a part's name the part's, by its files and the partition they go to? */
static bool
has_files(const MfImporting *im, const Job *job, const MfImportPart *part)
{
	const char *partition = mf_option(im->table->options, "partition");
	bool		same = job->nfiles == part->nfiles;

	if (partition != NULL && job->cells[2] != NULL && strcmp(partition, job->cells[2]) != 0)
		return false;
	for (int i = 0; i < part->nfiles && same; i++)
	{
		bool		found = false;

		for (int at = 0; at < job->nfiles && !found; at++)
			found = strcmp(job->files[at], part->files[i]) == 0;
		same = found;
	}
	return same;
}

/*
 * Milvus 2.3 has been seen to complete jobs whose file it could not read.  Of
 * no row: it may be asked for again, if a list says so that counts rows for
 * certain.  Of some: not by us.
 */
static MfImportState
distrust(MfImporting *im, MfImportPart *part, MfImportState state, int64 imported, bool named)
{
	MemoryContext before;

	if (part->rows < 0 || imported == part->rows)
		return state;
	if (state == MF_IMPORT_PERSISTED)
		return MF_IMPORT_RUNNING;
	if (state != MF_IMPORT_COMPLETED)
		return state;
	before = MemoryContextSwitchTo(im->context);
	part->reason = psprintf("the remote calls it completed, with " INT64_FORMAT " of " INT64_FORMAT " rows", imported, part->rows);
	part->partial = imported > 0 || named;
	MemoryContextSwitchTo(before);
	return MF_IMPORT_FAILED;
}

static bool
has_failed_before(const MfImportPart *part, const char *id)
{
	ListCell   *lc;

	foreach(lc, part->failed)
	{
		if (strcmp(lfirst(lc), id) == 0)
			return true;
	}
	return false;
}

static void
note_failure(MfImporting *im, MfImportPart *part, const char *const *cells, const char *reason)
{
	MemoryContext before = MemoryContextSwitchTo(im->context);

	if (reason != NULL)
		part->reason = pstrdup(reason);
	part->failed = lappend(part->failed, pstrdup(cells[0]));
	part->id = NULL;
	MemoryContextSwitchTo(before);
}

/* named: the list was asked for this job alone */
static void
note_job(MfImporting *im, MfImportPart *part, const char *const *cells, bool named)
{
	MfImportState told = state_of(cells[3]);
	MfImportState state = told;
	int			percent = cells[4] != NULL ? atoi(cells[4]) : 0;
	int64		imported = cells[5] != NULL ? atoll(cells[5]) : 0;

	/* a job that failed, and whose files were asked for anew, stays in the list */
	if (has_failed_before(part, cells[0]))
		return;
	if (cells[5] != NULL)
		state = distrust(im, part, state, imported, named);
	if (state != part->state || percent != part->percent || imported != part->imported)
		im->moved = mf_import_now_ms();
	part->state = state;
	part->percent = percent;
	part->imported = imported;
	part->settled = state == MF_IMPORT_COMPLETED && (cells[5] != NULL || named);
	if (state == MF_IMPORT_FAILED)
		note_failure(im, part, cells, told != MF_IMPORT_FAILED ? NULL : cells[7] != NULL ? cells[7] : "no reason was given");
	else if (part->id == NULL)
		part->id = MemoryContextStrdup(im->context, cells[0]);
}

/* What the list tells of the part. */
static void
note_jobs(MfImporting *im, MfImportPart *part, const JobList *list)
{
	const char *name = part->id != NULL ? part->id : part->files[0];
	const Entries *entries = part->id != NULL ? &list->ids : &list->files;

	part->told = false;
	for (int i = first_of(entries, name); i < entries->n && strcmp(entries->entries[i].name, name) == 0; i++)
	{
		const Job  *job = &list->jobs[entries->entries[i].job];

		if (part->id != NULL ? strcmp(part->id, job->cells[0]) != 0 : !has_files(im, job, part))
			continue;
		note_job(im, part, job->cells, false);
		part->told = true;
	}
}

/* Some lists are short of words, but tell of one job that is named. */
static void
ask_for_job(MfImporting *im, MfImportPart *part)
{
	MfTable    *table = im->table;
	MfRequest	request = {.verb = MF_VERB_LIST_IMPORTS,.collection = table->collection,.options = table->options,.name = part->id};
	const MfReply *reply;
	MfError		err;

	reply = mf_try_request(table->remote, &request, im->temp, &err);
	if (reply == NULL && strcmp(err.sqlstate, MF_SQL_CONNECTION_FAILURE) == 0)
		mf_import_raise(table, im->store, NULL, &err);
	for (int row = 0; reply != NULL && reply->ncolumns >= CELLS && row < reply->nrows; row++)
	{
		const char *const *cells = &reply->cells[row * reply->ncolumns];

		if (part->id == NULL || strcmp(part->id, cells[0]) != 0)
			continue;
		note_job(im, part, cells, true);
		part->told = true;
	}
}

/* Is there a job that may be any part's, as nobody says which files it is of? */
static bool
may_be_unnamed(const MfImporting *im, const JobList *list)
{
	for (int i = 0; i < list->n; i++)
	{
		const Job  *job = &list->jobs[i];
		bool		claimed = job->files != NULL || state_of(job->cells[3]) == MF_IMPORT_FAILED ||
			(im->probe != NULL && strcmp(im->probe, job->cells[0]) == 0);
		ListCell   *lc;

		foreach(lc, im->parts)
		{
			const char *id = ((MfImportPart *) lfirst(lc))->id;

			claimed = claimed || (id != NULL && strcmp(id, job->cells[0]) == 0);
		}
		if (!claimed)
			return true;
		CHECK_FOR_INTERRUPTS();
	}
	return false;
}

static void
raise_doubt(const MfImporting *im, const MfImportPart *part, const char *why)
{
	ereport(ERROR,
			(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
			 errmsg("it is not known whether file \"%s\" has been imported into collection \"%s\"", mf_safe_text(part->files[0]),
					mf_safe_text(im->table->collection)),
			 errdetail("Its import was asked for before. %s", why),
			 errhint("Count the collection's rows. If those of the file are missing, milvus_fdw.import_files() with the name of the file, "
					 "in place of the manifest, has it imported.")));
}

/* Of what the list does not tell: was it never heard, or is it forgotten? */
static void
settle_lost(MfImporting *im, MfImportPart *part, const JobList *list)
{
	int64		ago = part->asked_at > 0 ? mf_import_wall_ms() - part->asked_at : 0;

	if (part->state != MF_IMPORT_LOST)
		return;
	if (part->id != NULL)
		raise_doubt(im, part, psprintf("It became job %s, of which the remote says nothing any more.", mf_safe_text(part->id)));
	if (list->remembers_s > 0 && ago > list->remembers_s * 1000 - CLOCKS_MS)
		raise_doubt(im, part, "That is longer ago than the remote remembers its jobs.");
	if (may_be_unnamed(im, list))
		raise_doubt(im, part, "The answer was lost, and the remote does not say which files its jobs are of.");
	if (mf_import_now_ms() - part->lost_at > LOST_MS)
		part->state = MF_IMPORT_WAITING;
}

void
mf_importing_look(MfImporting *im)
{
	MemoryContext before;
	JobList		list;
	ListCell   *lc;

	MemoryContextReset(im->temp);
	before = MemoryContextSwitchTo(im->temp);
	list = read_jobs(mf_import_list(im->table, im->store, im->temp));
	foreach(lc, im->parts)
	{
		MfImportPart *part = lfirst(lc);

		if (part->settled)
			continue;
		note_jobs(im, part, &list);
		if (part->id != NULL && !part->settled && (!part->told || part->state == MF_IMPORT_COMPLETED))
			ask_for_job(im, part);
		settle_lost(im, part, &list);
		CHECK_FOR_INTERRUPTS();
	}
	MemoryContextSwitchTo(before);
	MemoryContextReset(im->temp);
}
