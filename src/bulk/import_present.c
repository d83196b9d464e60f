/*
 * import_present.c - Are the files there that the remote is to be asked to import?
 *
 * By their names and lengths, which one request tells of all; what they hold is
 * milvus_fdw.verify()'s to read.  Otherwise the files before a bad one would be
 * imported, and Milvus 2.3 has been seen to complete an import that it could not
 * read.
 */
#include "import.h"

static int
compare_names(const void *a, const void *b)
{
	return strcmp(((const MfStoreEntry *) a)->name, ((const MfStoreEntry *) b)->name);
}

/* What lies in the job's folder, by name. */
static MfStoreEntry *
list_folder(const MfImporting *im, const char *job, int *n)
{
	MfStoreTask *task = mf_store_request(im->store, MF_STORE_LIST, job, NULL, CurrentMemoryContext);
	const MfStoreEntry *entries;
	MfStoreEntry *sorted;

	*n = mf_store_entries(task, &entries);
	sorted = palloc(sizeof(MfStoreEntry) * Max(*n, 1));
	if (*n > 0)
		memcpy(sorted, entries, sizeof(MfStoreEntry) * *n);
	qsort(sorted, *n, sizeof(MfStoreEntry), compare_names);
	return sorted;
}

/* Then not all rows may be staged again. */
static bool
is_begun(const MfImporting *im)
{
	ListCell   *lc;

	foreach(lc, im->parts)
	{
		const MfImportPart *part = lfirst(lc);

		if (part->asked_at != 0 || part->state == MF_IMPORT_COMPLETED || part->partial)
			return true;
	}
	return false;
}

static void
check_file(const MfImporting *im, const char *job, const MfStagedFile *file, const MfStoreEntry *entries, int n)
{
	const MfStoreEntry key = {.name = file->name};
	const MfStoreEntry *entry = bsearch(&key, entries, n, sizeof(MfStoreEntry), compare_names);

	if (entry != NULL && (entry->bytes < 0 || entry->bytes == file->bytes))
		return;
	ereport(ERROR,
			(errcode(ERRCODE_DATA_CORRUPTED),
			 entry == NULL ?
			 errmsg("file \"%s\" is not in the store of server \"%s\"", mf_safe_text(file->name), im->store->server) :
			 errmsg("file \"%s\" in the store of server \"%s\" has " INT64_FORMAT " bytes, not " INT64_FORMAT,
					mf_safe_text(file->name), im->store->server, (int64) entry->bytes, file->bytes),
			 is_begun(im) ? errdetail("Other files of the manifest have been imported before, or asked for.") : errdetail("No import was asked for."),
			 is_begun(im) ?
			 errhint("milvus_fdw.imports() shows which. milvus_fdw.verify('%s', '%s') checks all files.", im->store->server, job) :
			 errhint("Stage the rows again. milvus_fdw.verify('%s', '%s') checks all files.", im->store->server, job)));
}

static bool
is_to_be_asked_for(const MfImportPart *part)
{
	return part->state == MF_IMPORT_WAITING || (part->state == MF_IMPORT_FAILED && !part->partial);
}

static bool
has_file(const MfImportPart *part, const char *path)
{
	for (int i = 0; i < part->nfiles; i++)
	{
		if (strcmp(part->files[i], path) == 0)
			return true;
	}
	return false;
}

void
mf_importing_check_files(const MfImporting *im, const char *job, List *files)
{
	MfStoreEntry *entries = NULL;
	int			n = 0;
	int			at = 0;
	ListCell   *lc;

	foreach(lc, files)
	{
		const MfStagedFile *file = lfirst(lc);
		char	   *path = mf_import_path(im->table, im->store, file->name);
		int			next = at;

		/* parts are in the order of files, but there is none of those without rows */
		while (next < list_length(im->parts) && !has_file(list_nth(im->parts, next), path))
			next++;
		pfree(path);
		if (next == list_length(im->parts))
			continue;
		at = next;
		if (!is_to_be_asked_for(list_nth(im->parts, at)))
			continue;
		if (entries == NULL)
			entries = list_folder(im, job, &n);
		check_file(im, job, file, entries, n);
	}
}
