/*
 * import.c - How do files become rows of a remote, each once?
 *
 * The remote's own list of jobs says what it has heard: nothing is asked for
 * that stands there and has not failed.  What it no longer knows the store keeps
 * (import_record.c).  So a lost answer, a killed backend or a command run twice
 * never doubles rows.
 */
#include "import.h"

#include <jansson.h>

#include "lib/stringinfo.h"
#include "miscadmin.h"
#include "portability/instr_time.h"
#include "utils/timestamp.h"

#define DEFAULT_JOBS 4
#define DEFAULT_PATIENCE 900	/* seconds; Milvus 2.3 itself gives up on a job then */
#define LOOK_FIRST_MS 50
#define LOOK_LAST_MS 500
#define TELL_FIRST_MS 1000
#define TELL_LAST_MS 30000

/*
 * A request whose answer was lost shows in the list at once, if it was heard.
 * After so long it was not.
 */
#define LOST_MS 5000

#define CELLS 9

/* The remote's clock may be so far from ours. */
#define CLOCKS_MS (INT64CONST(5) * 60 * 1000)

int64
mf_import_wall_ms(void)
{
	return (GetCurrentTimestamp() + (int64) (POSTGRES_EPOCH_JDATE - UNIX_EPOCH_JDATE) * USECS_PER_DAY) / 1000;
}

static int64
now_ms(void)
{
	instr_time	now;

	INSTR_TIME_SET_CURRENT(now);
	return (int64) INSTR_TIME_GET_MILLISEC(now);
}

MfImporting *
mf_importing_new(MfTable *table)
{
	static const char *const waits[] = {"persisted", "visible", "indexed"};
	MfImporting *im = palloc0(sizeof(MfImporting));
	const char *wait = mf_table_text(table, "bulk_wait", "visible");

	im->table = table;
	im->context = CurrentMemoryContext;
	im->target = mf_import_target(table);
	im->temp = AllocSetContextCreate(CurrentMemoryContext, "milvus_fdw import", ALLOCSET_DEFAULT_SIZES);
	im->most = (int) mf_table_int(table, "bulk_jobs", DEFAULT_JOBS);
	im->patience_ms = mf_table_int(table, "bulk_timeout", DEFAULT_PATIENCE) * 1000;
	for (int i = 0; i < lengthof(waits); i++)
	{
		if (strcmp(wait, waits[i]) == 0)
			im->until = (MfImportWait) i;
	}
	im->started = im->moved = im->told = now_ms();
	im->tell_after = TELL_FIRST_MS;
	return im;
}

MfImportPart *
mf_importing_add(MfImporting *im, int nfiles, const char *const *files, int64 rows, int64 bytes)
{
	MemoryContext before = MemoryContextSwitchTo(im->context);
	MfImportPart *part = palloc0(sizeof(MfImportPart));

	part->nfiles = nfiles;
	part->files = palloc(sizeof(char *) * nfiles);
	for (int i = 0; i < nfiles; i++)
		part->files[i] = pstrdup(files[i]);
	part->rows = rows;
	part->bytes = bytes;
	im->parts = lappend(im->parts, part);
	MemoryContextSwitchTo(before);
	return part;
}

/* -------------------------------------------------------------------- looking */

static const char *const state_names[] = {"waiting", "unknown", "running", "persisted", "completed", "failed"};

const char *
mf_import_state_name(const MfImportPart *part)
{
	return state_names[part->state];
}

MfImportState
mf_import_state_by_name(const char *name)
{
	for (int i = 0; name != NULL && i < lengthof(state_names); i++)
	{
		if (strcmp(name, state_names[i]) == 0)
			return (MfImportState) i;
	}
	return MF_IMPORT_WAITING;
}

/* Of a job: what is none of the ends runs. */
static MfImportState
state_of(const char *name)
{
	MfImportState state = mf_import_state_by_name(name);

	return state >= MF_IMPORT_RUNNING ? state : MF_IMPORT_RUNNING;
}

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

/* Does a job's JSON list of files name the part's? */
static bool
names_files(const char *list, const MfImportPart *part)
{
	int			n;
	const char *const *names = mf_import_names(list, &n);
	bool		same = names != NULL && n == part->nfiles;

	for (int i = 0; i < part->nfiles && same; i++)
	{
		bool		found = false;

		for (int at = 0; at < n && !found; at++)
			found = strcmp(names[at], part->files[i]) == 0;
		same = found;
	}
	return same;
}

/* Is the job that a row tells of one of this part? */
static bool
is_of(const MfImportPart *part, const char *const *cells)
{
	if (part->id != NULL)
		return strcmp(part->id, cells[0]) == 0;
	return names_files(cells[6], part);
}

/*
 * Milvus 2.3 has been seen to complete jobs whose file it could not read.  Of
 * no row: it may be asked for again.  Of some: not by us.
 */
static MfImportState
distrust(MfImporting *im, MfImportPart *part, MfImportState state, int64 imported)
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
	part->partial = imported > 0;
	MemoryContextSwitchTo(before);
	return MF_IMPORT_FAILED;
}

static void
note_job(MfImporting *im, MfImportPart *part, const char *const *cells)
{
	MfImportState state = state_of(cells[3]);
	int			percent = cells[4] != NULL ? atoi(cells[4]) : 0;
	int64		imported = cells[5] != NULL ? atoll(cells[5]) : 0;
	const char *reason = cells[7] != NULL ? cells[7] : "no reason was given";

	if (state == MF_IMPORT_FAILED)
		part->reason = MemoryContextStrdup(im->context, reason);
	if (cells[5] != NULL)
		state = distrust(im, part, state, imported);
	/* a job that failed, and was asked for anew, stays in the list */
	if (part->id == NULL && state == MF_IMPORT_FAILED && part->again)
		return;
	if (state != part->state || percent != part->percent || imported != part->imported)
		im->moved = now_ms();
	part->state = state;
	part->percent = percent;
	part->imported = imported;
	if (state == MF_IMPORT_FAILED)
	{
		part->failed = MemoryContextStrdup(im->context, cells[0]);
		part->id = NULL;
	}
	else if (part->id == NULL)
		part->id = MemoryContextStrdup(im->context, cells[0]);
}

/* Does it tell of the part all that its end needs? */
static bool
note_jobs(MfImporting *im, MfImportPart *part, const MfReply *reply)
{
	bool		told = false;

	for (int row = 0; row < reply->nrows && reply->ncolumns >= CELLS; row++)
	{
		const char *const *cells = &reply->cells[row * reply->ncolumns];

		if (!is_of(part, cells))
			continue;
		note_job(im, part, cells);
		told = part->state != MF_IMPORT_COMPLETED || cells[5] != NULL;
	}
	return told;
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
	if (reply != NULL)
		(void) note_jobs(im, part, reply);
	else if (strcmp(err.sqlstate, MF_SQL_CONNECTION_FAILURE) == 0)
		mf_import_raise(table, im->store, NULL, &err);
}

/* Is there a job that may be the part's, as nobody says which files it is of? */
static bool
may_be_unnamed(const MfImporting *im, const MfReply *reply)
{
	for (int row = 0; row < reply->nrows && reply->ncolumns >= CELLS; row++)
	{
		const char *const *cells = &reply->cells[row * reply->ncolumns];
		bool		claimed = cells[6] != NULL || state_of(cells[3]) == MF_IMPORT_FAILED;
		ListCell   *lc;

		foreach(lc, im->parts)
		{
			const char *id = ((MfImportPart *) lfirst(lc))->id;

			claimed = claimed || (id != NULL && strcmp(id, cells[0]) == 0);
		}
		if (!claimed)
			return true;
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
			 errhint("Count the collection's rows. milvus_fdw.import_files() with the names of the files, in place of the manifest, imports "
					 "them without asking what was imported before.")));
}

/* Of what the list does not tell: was it never heard, or is it forgotten? */
static void
settle_lost(MfImporting *im, MfImportPart *part, const MfReply *reply)
{
	int64		ago = part->asked_at > 0 ? mf_import_wall_ms() - part->asked_at : 0;

	if (part->state != MF_IMPORT_LOST)
		return;
	if (part->id != NULL)
		raise_doubt(im, part, psprintf("It became job %s, of which the remote says nothing any more.", mf_safe_text(part->id)));
	if (reply->remembers_s > 0 && ago > reply->remembers_s * 1000 - CLOCKS_MS)
		raise_doubt(im, part, "That is longer ago than the remote remembers its jobs.");
	if (may_be_unnamed(im, reply))
		raise_doubt(im, part, "The answer was lost, and the remote does not say which files its jobs are of.");
	if (now_ms() - part->lost_at > LOST_MS)
		part->state = MF_IMPORT_WAITING;
}

void
mf_importing_look(MfImporting *im)
{
	const MfReply *reply;
	MemoryContext before;
	ListCell   *lc;

	MemoryContextReset(im->temp);
	before = MemoryContextSwitchTo(im->temp);
	reply = mf_import_list(im->table, im->store, im->temp);
	foreach(lc, im->parts)
	{
		MfImportPart *part = lfirst(lc);

		if (!note_jobs(im, part, reply) && part->id != NULL && !mf_importing_done(im, part))
			ask_for_job(im, part);
		settle_lost(im, part, reply);
	}
	MemoryContextSwitchTo(before);
	MemoryContextReset(im->temp);
}

/* ------------------------------------------------------------------- starting */

/* Until the answer comes, and where it does not, nobody knows; the store knows that much. */
static void
note_asked(MfImporting *im, MfImportPart *part)
{
	part->state = MF_IMPORT_LOST;
	part->mine = true;
	part->again = true;
	part->id = NULL;
	part->asked_at = mf_import_wall_ms();
	if (part->record != NULL)
		mf_import_record(im, part->record);
	part->lost_at = now_ms();
}

static void
raise_refused(MfImporting *im, MfImportPart *part, MfError *err)
{
	part->state = MF_IMPORT_WAITING;
	part->asked_at = 0;
	if (part->record != NULL)
		mf_import_record(im, part->record);
	mf_import_raise(im->table, im->store, psprintf("The file is \"%s\".", mf_safe_text(part->files[0])), err);
}

static void
start_part(MfImporting *im, MfImportPart *part)
{
	MfTable    *table = im->table;
	MfRequest	request = {
		.verb = MF_VERB_IMPORT,.collection = table->collection,.options = table->options,
		.name = mf_option(table->options, "partition"),.nnames = part->nfiles,.names = part->files,
		.args = mf_import_keys(table, im->store)
	};
	MemoryContext before = MemoryContextSwitchTo(im->temp);
	const MfReply *reply;
	MfError		err;

	note_asked(im, part);
	reply = mf_try_request(table->remote, &request, im->temp, &err);
	part->lost_at = now_ms();
	if (reply != NULL)
	{
		part->state = MF_IMPORT_RUNNING;
		part->id = MemoryContextStrdup(im->context, reply->text);
		im->moved = now_ms();
		if (part->record != NULL)
			mf_import_record(im, part->record);
	}
	else if (err.retry != MF_RETRY_UNKNOWN || strcmp(err.sqlstate, MF_SQL_CONNECTION_FAILURE) != 0)
		raise_refused(im, part, &err);
	MemoryContextSwitchTo(before);
	MemoryContextReset(im->temp);
}

void
mf_importing_again(MfImporting *im)
{
	ListCell   *lc;

	foreach(lc, im->parts)
	{
		MfImportPart *part = lfirst(lc);

		if (part->state == MF_IMPORT_FAILED && !part->partial)
		{
			part->state = MF_IMPORT_WAITING;
			part->again = true;
		}
	}
}

void
mf_importing_start(MfImporting *im)
{
	int			running = 0;
	ListCell   *lc;

	foreach(lc, im->parts)
	{
		const MfImportPart *part = lfirst(lc);

		running += part->state == MF_IMPORT_RUNNING || part->state == MF_IMPORT_LOST;
	}
	foreach(lc, im->parts)
	{
		MfImportPart *part = lfirst(lc);

		if (part->state != MF_IMPORT_WAITING)
			continue;
		if (running++ >= im->most)
			break;
		start_part(im, part);
	}
}

/* -------------------------------------------------------------------- waiting */

bool
mf_importing_done(const MfImporting *im, const MfImportPart *part)
{
	return part->state == MF_IMPORT_COMPLETED ||
		(part->state == MF_IMPORT_PERSISTED && im->until == MF_WAIT_PERSISTED);
}

void
mf_importing_counts(const MfImporting *im, MfWriteCounts *counts)
{
	ListCell   *lc;

	counts->acknowledged = 0;
	counts->unknown = 0;
	foreach(lc, im->parts)
	{
		const MfImportPart *part = lfirst(lc);
		int64		rows = Max(part->rows, 0);

		if (part->state == MF_IMPORT_PERSISTED || part->state == MF_IMPORT_COMPLETED)
			counts->acknowledged += rows;
		else if (part->state == MF_IMPORT_RUNNING || part->state == MF_IMPORT_LOST)
			counts->unknown += rows;
	}
}

/* How many are in which state, and the first few of those that are not done. */
static char *
states_text(const MfImporting *im, bool failed_only)
{
	StringInfoData buf;
	int			shown = 0;
	int			done = 0;
	ListCell   *lc;

	initStringInfo(&buf);
	foreach(lc, im->parts)
		done += mf_importing_done(im, lfirst(lc));
	appendStringInfo(&buf, "%d of %d imports are done.", done, list_length(im->parts));
	foreach(lc, im->parts)
	{
		const MfImportPart *part = lfirst(lc);

		if (mf_importing_done(im, part) || (failed_only && part->state != MF_IMPORT_FAILED) || shown++ >= 5)
			continue;
		appendStringInfo(&buf, "\nFile \"%s\"%s: %s", mf_safe_text(part->files[0]), part->nfiles > 1 ? " and its set" : "",
						 mf_import_state_name(part));
		if (part->id != NULL || part->failed != NULL)
			appendStringInfo(&buf, ", job %s", mf_safe_text(part->id != NULL ? part->id : part->failed));
		if (part->state == MF_IMPORT_FAILED)
			appendStringInfo(&buf, ", %s", mf_message_text(mf_import_scrub(im->table, im->store, part->reason)));
		else
			appendStringInfo(&buf, ", %d %%", part->percent);
	}
	return buf.data;
}

static int
count_state(const MfImporting *im, MfImportState state)
{
	int			n = 0;
	ListCell   *lc;

	foreach(lc, im->parts)
		n += ((MfImportPart *) lfirst(lc))->state == state;
	return n;
}

/* What the server says of files that it does not find, in words that help. */
static const char *
failure_hint(const MfImporting *im)
{
	ListCell   *lc;

	foreach(lc, im->parts)
	{
		const MfImportPart *part = lfirst(lc);

		if (part->state != MF_IMPORT_FAILED || part->reason == NULL)
			continue;
		if (strstr(part->reason, "not exist") != NULL || strstr(part->reason, "NoSuchKey") != NULL ||
			strstr(part->reason, "no such file") != NULL || strstr(part->reason, "not found") != NULL ||
			strstr(part->reason, "failed to get file size") != NULL)
			return "Milvus looks for the files in the bucket of its own configuration (minio.bucketName; rootPath is not put before them), "
				"or on its own disk with storageType local. The store must be that place; option \"stage_path\" says what Milvus calls it.";
	}
	return NULL;
}

static void
raise_failed(const MfImporting *im)
{
	const char *hint = failure_hint(im);

	ereport(ERROR,
			(errcode(ERRCODE_FDW_ERROR),
			 errmsg("%d of %d imports into collection \"%s\" failed", count_state(im, MF_IMPORT_FAILED), list_length(im->parts),
					mf_safe_text(im->table->collection)),
			 errdetail("%s", states_text(im, true)),
			 hint != NULL ? errhint("%s", hint) : 0));
}

static void
check_time(const MfImporting *im)
{
	int64		now = now_ms();
	bool		late = im->deadline_ms > 0 && now - im->started >= im->deadline_ms;
	bool		stuck = now - im->moved >= im->patience_ms;

	if (!late && !stuck)
		return;
	ereport(ERROR,
			(errcode(ERRCODE_QUERY_CANCELED),
			 late ?
			 errmsg("imports into collection \"%s\" did not end within %.1f s", mf_safe_text(im->table->collection), im->deadline_ms / 1000.0) :
			 errmsg("imports into collection \"%s\" make no progress", mf_safe_text(im->table->collection)),
			 errdetail("%s", states_text(im, false)),
			 late ? errhint("They go on: milvus_fdw.wait_for_import() waits for them again.") :
			 errhint("They may go on: milvus_fdw.wait_for_import() waits for them again. Option \"bulk_timeout\" says for how long.")));
}

/* More and more seldom, for whoever reads the notices of a long night. */
static void
tell_progress(MfImporting *im)
{
	int64		now = now_ms();
	int64		percent = 0;
	int			done = 0;
	ListCell   *lc;

	if (now - im->told < im->tell_after)
		return;
	foreach(lc, im->parts)
	{
		const MfImportPart *part = lfirst(lc);

		done += mf_importing_done(im, part);
		percent += mf_importing_done(im, part) ? 100 : part->percent;
	}
	ereport(NOTICE,
			(errmsg("importing into collection \"%s\": %d of %d files, " INT64_FORMAT " %%", mf_safe_text(im->table->collection),
					done, list_length(im->parts), percent / list_length(im->parts))));
	im->told = now;
	im->tell_after = Min(im->tell_after * 2, TELL_LAST_MS);
}

static bool
all_done(const MfImporting *im)
{
	ListCell   *lc;

	foreach(lc, im->parts)
	{
		if (!mf_importing_done(im, lfirst(lc)))
			return false;
	}
	return true;
}

/* Failures end the wait once nothing runs that could still succeed. */
static bool
is_over(const MfImporting *im)
{
	return count_state(im, MF_IMPORT_FAILED) > 0 && count_state(im, MF_IMPORT_RUNNING) + count_state(im, MF_IMPORT_LOST) == 0;
}

/*
 * What is imported is looked for now, and not at the remote's own leisure.  The
 * rows are there all the same: if it fails they are seen a little later.
 */
static void
show_rows(MfImporting *im)
{
	MfTable    *table = im->table;
	MfOption	item = {"refresh", "true"};
	MfOptions	args = {1, &item};
	MfRequest	request = {.verb = MF_VERB_LOAD,.collection = table->collection,.options = table->options,.args = &args};
	MemoryContext before = MemoryContextSwitchTo(im->temp);
	MfError		err;

	if ((table->remote->connector->verbs & MF_VERB_BIT(MF_VERB_LOAD)) &&
		mf_try_request(table->remote, &request, im->temp, &err) == NULL)
		ereport(WARNING,
				(errmsg("imported rows of collection \"%s\" are seen a little later", mf_safe_text(table->collection)),
				 errdetail("%s", mf_message_text(err.message))));
	MemoryContextSwitchTo(before);
	MemoryContextReset(im->temp);
}

/* For the day when the remote has forgotten, if the files are kept so long. */
static void
record_ends(MfImporting *im)
{
	const char *last = NULL;
	ListCell   *lc;

	foreach(lc, im->parts)
	{
		const char *record = ((MfImportPart *) lfirst(lc))->record;

		if (record != NULL && (last == NULL || strcmp(last, record) != 0))
			mf_import_record(im, record);
		last = record;
	}
	MemoryContextReset(im->temp);
}

void
mf_importing_wait(MfImporting *im)
{
	int			ms = LOOK_FIRST_MS;

	while (!all_done(im))
	{
		if (count_state(im, MF_IMPORT_FAILED) == 0)
			mf_importing_start(im);
		mf_importing_look(im);
		if (is_over(im))
			raise_failed(im);
		if (all_done(im))
			break;
		check_time(im);
		tell_progress(im);
		mf_pause(ms);
		ms = Min(ms * 2, LOOK_LAST_MS);
	}
	record_ends(im);
	if (im->until == MF_WAIT_VISIBLE && im->parts != NIL)
		show_rows(im);
}
