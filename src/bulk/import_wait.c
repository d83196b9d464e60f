/*
 * import_wait.c - How long are imports waited for, and what is said of them?
 */
#include "import.h"

#include "lib/stringinfo.h"
#include "miscadmin.h"

#define LOOK_FIRST_MS 50
#define LOOK_LAST_MS 500
#define TELL_LAST_MS 30000

/* What is imported may stand still so long on its way into memory. */
#define REFRESH_S 60

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
		int64		rows = part->mine ? Max(part->rows, 0) : 0;

		if (part->state == MF_IMPORT_PERSISTED || part->state == MF_IMPORT_COMPLETED)
			counts->acknowledged += rows;
		else if (part->state == MF_IMPORT_RUNNING || part->state == MF_IMPORT_LOST)
			counts->unknown += rows;
	}
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

/* The same where an error is about to be raised: another, of the store, must not take its place. */
static void
record_before_error(MfImporting *im)
{
	MemoryContext context = CurrentMemoryContext;

	PG_TRY();
	{
		record_ends(im);
	}
	PG_CATCH();
	{
		int			state;

		MemoryContextSwitchTo(context);
		state = geterrcode();
		if (state == ERRCODE_QUERY_CANCELED || state == ERRCODE_ADMIN_SHUTDOWN)
			PG_RE_THROW();
		FlushErrorState();
	}
	PG_END_TRY();
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
		if (part->id != NULL || part->failed != NIL)
			appendStringInfo(&buf, ", job %s", mf_safe_text(part->id != NULL ? part->id : llast(part->failed)));
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

/* What local disks, S3, Azure and Google's store say, in Milvus's own words or theirs. */
const char *
mf_import_hint(const char *reason)
{
	static const char *const missing[] = {"no such file", "NoSuch", "not found", "NotFound", "not exist", "n't exist", "Access Denied"};

	for (int i = 0; i < lengthof(missing); i++)
	{
		if (strstr(reason, missing[i]) != NULL)
			return "Milvus looks for the files in the bucket of its own configuration (minio.bucketName; rootPath is not put before them), "
				"or on its own disk with storageType local. The store must be that place; option \"stage_path\" says what Milvus calls it.";
	}
	return NULL;
}

static const char *
failure_hint(const MfImporting *im)
{
	ListCell   *lc;

	foreach(lc, im->parts)
	{
		const MfImportPart *part = lfirst(lc);
		const char *hint = part->state == MF_IMPORT_FAILED && part->reason != NULL ? mf_import_hint(part->reason) : NULL;

		if (hint != NULL)
			return hint;
	}
	return NULL;
}

static void
raise_failed(MfImporting *im)
{
	const char *hint = failure_hint(im);

	record_before_error(im);
	ereport(ERROR,
			(errcode(ERRCODE_FDW_ERROR),
			 errmsg("%d of %d imports into collection \"%s\" failed", count_state(im, MF_IMPORT_FAILED), list_length(im->parts),
					mf_safe_text(im->table->collection)),
			 errdetail("%s", states_text(im, true)),
			 hint != NULL ? errhint("%s", hint) : 0));
}

static void
check_time(MfImporting *im)
{
	int64		now = mf_import_now_ms();
	bool		late = im->deadline_ms > 0 && now - im->started >= im->deadline_ms;
	bool		stuck = now - im->moved >= im->patience_ms;

	if (!late && !stuck)
		return;
	record_before_error(im);
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
	int64		now = mf_import_now_ms();
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
	MfOption	items[] = {{"refresh", "true"}, {"patience", NULL}};
	MfOptions	args = {lengthof(items), items};
	MfRequest	request = {.verb = MF_VERB_LOAD,.collection = table->collection,.options = table->options,.args = &args};
	MemoryContext before = MemoryContextSwitchTo(im->temp);
	MfError		err;

	items[1].value = psprintf("%d", (int) Min(im->patience_ms / 1000, REFRESH_S));
	if ((table->remote->connector->verbs & MF_VERB_BIT(MF_VERB_LOAD)) &&
		mf_try_request(table->remote, &request, im->temp, &err) == NULL)
		ereport(WARNING,
				(errmsg("imported rows of collection \"%s\" are seen a little later", mf_safe_text(table->collection)),
				 errdetail("%s", mf_message_text(err.message))));
	MemoryContextSwitchTo(before);
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
