/*
 * probe.c - Does the remote read the place where a long INSERT puts its files?
 *
 * If not, that should not show only once the last row is staged.  The manifest
 * lies there from the beginning and is no file of rows: an import of it fails
 * soon, and its reason tells whether it was found.  That is looked at when the
 * next files are complete, and never waited for.
 */
#include "import.h"

#define PATIENCE_MS 2000		/* with one answer: rows are waiting */

static void
start_probe(MfProbe *probe, MfImporting *im, MfRemote *store, const char *job, const char *partition)
{
	MfTable    *table = im->table;
	const char *name = mf_import_path(table, store, psprintf("%s/" MF_MANIFEST_FILE, job));
	MfRequest	request = {
		.verb = MF_VERB_IMPORT,.collection = table->collection,.options = table->options,
		.name = partition,.nnames = 1,.names = &name,.args = store->options
	};
	MfError		err;
	const MfReply *reply = mf_try_request_for(table->remote, &request, im->temp, PATIENCE_MS, &err);

	probe->asked = true;
	probe->id = reply != NULL ? MemoryContextStrdup(im->context, reply->text) : NULL;
	im->probe = probe->id;
	probe->file = MemoryContextStrdup(im->context, name);
}

static void
raise_misplaced(const MfProbe *probe, const MfImporting *im, const char *reason, const char *hint)
{
	ereport(ERROR,
			(errcode(ERRCODE_FDW_ERROR),
			 errmsg("the files staged for collection \"%s\" are not where they are looked for", mf_safe_text(im->table->collection)),
			 errdetail("File \"%s\", which is there: failed, job %s, %s", mf_safe_text(probe->file), mf_safe_text(probe->id),
					   mf_message_text(reason)),
			 errhint("%s", hint)));
}

static void
look_at_probe(MfProbe *probe, MfImporting *im)
{
	MfTable    *table = im->table;
	MfRequest	request = {.verb = MF_VERB_LIST_IMPORTS,.collection = table->collection,.options = table->options,.name = probe->id};
	MfError		err;
	const MfReply *reply = mf_try_request_for(table->remote, &request, im->temp, PATIENCE_MS, &err);
	bool		runs = false;

	for (int row = 0; reply != NULL && row < reply->nrows; row++)
	{
		const char *const *cells = &reply->cells[row * reply->ncolumns];
		const char *hint = cells[7] != NULL ? mf_import_hint(cells[7]) : NULL;

		runs |= strcmp(cells[3], "pending") == 0 || strcmp(cells[3], "running") == 0;
		if (strcmp(cells[3], "failed") == 0 && hint != NULL)
			raise_misplaced(probe, im, cells[7], hint);
	}
	/* it has told what it can */
	if (!runs)
		probe->id = NULL;
}

void
mf_probe(MfProbe *probe, MfImporting *im, MfRemote *store, const char *job, const char *partition)
{
	MemoryContext before = MemoryContextSwitchTo(im->temp);

	if (!probe->asked)
		start_probe(probe, im, store, job, partition);
	else if (probe->id != NULL)
		look_at_probe(probe, im);
	MemoryContextSwitchTo(before);
	MemoryContextReset(im->temp);
}

bool
mf_import_is_probe(const char *files)
{
	static const char end[] = "/" MF_MANIFEST_FILE;
	int			n;
	const char *const *names = mf_import_names(files, &n);
	size_t		len = n == 1 ? strlen(names[0]) : 0;

	return len >= strlen(end) && strcmp(names[0] + len - strlen(end), end) == 0;
}
