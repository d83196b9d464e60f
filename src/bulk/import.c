/*
 * import.c - How is a remote asked to import files, each once?
 *
 * The remote's own list of jobs says what it has heard: nothing is asked for
 * that stands there and has not failed.  What it no longer knows the store keeps
 * (import_record.c).  So a lost answer, a killed backend or a command run twice
 * never doubles rows.
 */
#include "import.h"

#include "portability/instr_time.h"
#include "utils/timestamp.h"

#define DEFAULT_JOBS 4
#define DEFAULT_PATIENCE 900	/* seconds; Milvus 2.3 itself gives up on a job then */
#define TELL_FIRST_MS 1000

int64
mf_import_wall_ms(void)
{
	return (GetCurrentTimestamp() + (int64) (POSTGRES_EPOCH_JDATE - UNIX_EPOCH_JDATE) * USECS_PER_DAY) / 1000;
}

int64
mf_import_now_ms(void)
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
	im->started = im->moved = im->told = mf_import_now_ms();
	im->tell_after = TELL_FIRST_MS;
	return im;
}

MfImportPart *
mf_importing_add(MfImporting *im, int nfiles, const char *const *files, int64 rows)
{
	MemoryContext before = MemoryContextSwitchTo(im->context);
	MfImportPart *part = palloc0(sizeof(MfImportPart));

	part->nfiles = nfiles;
	part->files = palloc(sizeof(char *) * nfiles);
	for (int i = 0; i < nfiles; i++)
		part->files[i] = pstrdup(files[i]);
	part->rows = rows;
	im->parts = lappend(im->parts, part);
	MemoryContextSwitchTo(before);
	return part;
}

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

/* ------------------------------------------------------------------- starting */

/* Until the answer comes, and where it does not, nobody knows; the store knows that much. */
static void
note_asked(MfImporting *im, MfImportPart *part)
{
	part->state = MF_IMPORT_LOST;
	part->mine = true;
	part->id = NULL;
	part->asked_at = mf_import_wall_ms();
	if (part->record != NULL)
		mf_import_record(im, part->record);
	part->lost_at = im->moved = mf_import_now_ms();
}

/* Only what was refused for certain is forgotten. */
static void
raise_refused(MfImporting *im, MfImportPart *part, MfError *err)
{
	if (err->retry != MF_RETRY_UNKNOWN)
	{
		part->state = MF_IMPORT_WAITING;
		part->asked_at = 0;
		if (part->record != NULL)
			mf_import_record(im, part->record);
	}
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
	part->lost_at = mf_import_now_ms();
	if (reply != NULL)
	{
		part->state = MF_IMPORT_RUNNING;
		part->id = MemoryContextStrdup(im->context, reply->text);
		im->moved = mf_import_now_ms();
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
			part->state = MF_IMPORT_WAITING;
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
