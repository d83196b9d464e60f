/*
 * import_record.c - Which staged files were asked for already, whatever the remote still knows?
 *
 * A remote forgets its jobs after some hours, and not every list of them names
 * their files.  So before a file is asked for the store gets a record of it,
 * beside the files: {"version": 1, "target": ..., "files": {NAME: {"asked": ms,
 * "id": job, "state": ...}}}, one file for each collection.
 */
#include "import.h"

#include <jansson.h>

#include "common/hashfn.h"
#include "format/crc.h"
#include "miscadmin.h"
#include "storage/lock.h"

#define RECORD "/imports-"

/* Apart from the 1 and 2 of pg_advisory_lock. */
#define LOCK_CLASS 0x4d46

/* Until the transaction ends; false = another session has it. */
static bool
lock(const char *key)
{
	uint64		hash = hash_bytes_extended((const unsigned char *) key, (int) strlen(key), 0);
	LOCKTAG		tag;

	/* of no database: a store has none either */
	SET_LOCKTAG_ADVISORY(tag, InvalidOid, (uint32) (hash >> 32), (uint32) hash, LOCK_CLASS);
	return LockAcquire(&tag, ExclusiveLock, false, true) != LOCKACQUIRE_NOT_AVAIL;
}

void
mf_import_lock(const MfRemote *store, const char *job)
{
	char		key[4096];

	/* the place, however its url is written */
	if (!mf_store_outside(store->conn, job, true, key, sizeof(key)))
		strlcpy(key, job, sizeof(key));
	if (!lock(key))
		ereport(ERROR,
				(errcode(ERRCODE_LOCK_NOT_AVAILABLE),
				 errmsg("manifest \"%s\" is being imported or removed by another session", mf_safe_text(job))));
}

void
mf_import_lock_target(const MfImporting *im)
{
	if (!lock(im->target))
		ereport(ERROR,
				(errcode(ERRCODE_LOCK_NOT_AVAILABLE),
				 errmsg("another session imports files into collection \"%s\"", mf_safe_text(im->table->collection))));
}

char *
mf_import_target(const MfTable *table)
{
	const MfCollection *collection = mf_describe(table->remote, table->collection, table->options, CurrentMemoryContext);
	const char *database = mf_option(table->options, "database");
	const char *partition = mf_option(table->options, "partition");
	char	   *place = psprintf("%s%s", partition != NULL ? " partition " : "", partition != NULL ? partition : "");

	/* one made anew under the old name has none of its rows */
	if (collection->id != NULL)
		return psprintf("%s collection %s%s", table->remote->connector->remote, collection->id, place);
	return psprintf("%s.%s.%s%s", table->remote->server, database != NULL ? database : "", table->collection, place);
}

char *
mf_import_record_name(const MfImporting *im, const char *job)
{
	return psprintf("%s" RECORD "%08x.json", job, mf_crc32(0, im->target, strlen(im->target)));
}

bool
mf_import_is_record(const char *name)
{
	const char *slash = strchr(name, '/');

	return slash != NULL && strncmp(slash, RECORD, strlen(RECORD)) == 0;
}

/* -------------------------------------------------------------------- reading */

static void
recall_part(MfImporting *im, MfImportPart *part, const json_t *entry)
{
	const char *id = json_string_value(json_object_get(entry, "id"));
	const char *state = json_string_value(json_object_get(entry, "state"));

	part->asked_at = json_integer_value(json_object_get(entry, "asked"));
	if (part->asked_at == 0)
		return;
	part->state = mf_import_state_by_name(state);
	/* what was safe then is so now; what else it may be, the remote says */
	if (part->state == MF_IMPORT_PERSISTED)
		part->state = MF_IMPORT_COMPLETED;
	if (part->state == MF_IMPORT_RUNNING || part->state == MF_IMPORT_WAITING)
		part->state = MF_IMPORT_LOST;
	part->settled = part->state == MF_IMPORT_COMPLETED;
	part->partial = json_is_true(json_object_get(entry, "partial"));
	/* whoever asked has held the lock, so no later than now */
	part->lost_at = im->started;
	if (part->state == MF_IMPORT_FAILED)
		part->reason = MemoryContextStrdup(im->context, "it failed before");
	else if (id != NULL)
		part->id = MemoryContextStrdup(im->context, id);
}

void
mf_import_recall(MfImporting *im, const char *record)
{
	MemoryContext context = AllocSetContextCreate(CurrentMemoryContext, "milvus_fdw record", ALLOCSET_SMALL_SIZES);
	MfStoreTask *task = mf_store_request(im->store, MF_STORE_GET, record, NULL, context);
	json_t	   *root = NULL;
	json_t	   *files;
	size_t		len = 0;
	const char *text = task != NULL ? mf_store_data(task, &len) : NULL;
	ListCell   *lc;

	if (text != NULL)
		root = json_loadb(text, len, 0, NULL);
	files = json_object_get(root, "files");
	if (text != NULL && (!json_is_object(files) || json_integer_value(json_object_get(root, "version")) != 1))
	{
		json_decref(root);
		ereport(ERROR,
				(errcode(ERRCODE_DATA_CORRUPTED),
				 errmsg("the record of imports \"%s\" in the store of server \"%s\" is damaged", mf_safe_text(record), im->store->server),
				 errdetail("It says which files have been asked for; without it they might be imported twice."),
				 errhint("milvus_fdw.imports() shows what the remote knows of. Remove the file if nothing of it was imported.")));
	}
	foreach(lc, im->parts)
	{
		MfImportPart *part = lfirst(lc);
		const json_t *entry = part->name != NULL ? json_object_get(files, part->name) : NULL;

		if (entry != NULL && part->record != NULL && strcmp(part->record, record) == 0)
			recall_part(im, part, entry);
	}
	json_decref(root);
	MemoryContextDelete(context);
}

bool
mf_import_has_record(MfRemote *store, const char *record)
{
	return mf_store_request(store, MF_STORE_GET, record, NULL, CurrentMemoryContext) != NULL;
}

/* -------------------------------------------------------------------- writing */

void
mf_importing_forget_record(MfImporting *im)
{
	ListCell   *lc;

	foreach(lc, im->parts)
		((MfImportPart *) lfirst(lc))->record = NULL;
}

static void
put_part(MfBytes *out, const MfImportPart *part)
{
	mf_json_buf_quote(out, part->name);
	mf_json_buf_add(out, ": {\"asked\": ");
	mf_json_buf_int(out, part->asked_at);
	if (part->id != NULL)
	{
		mf_json_buf_add(out, ", \"id\": ");
		mf_json_buf_quote(out, part->id);
	}
	mf_json_buf_add(out, ", \"state\": ");
	mf_json_buf_quote(out, mf_import_state_name(part));
	mf_json_buf_add(out, part->partial ? ", \"partial\": true}" : "}");
}

void
mf_import_record(MfImporting *im, const char *record)
{
	MfBytes		out = {.mem = &im->store->mem};
	const char *comma = "\n ";
	ListCell   *lc;

	mf_json_buf_add(&out, "{\"version\": 1, \"target\": ");
	mf_json_buf_quote(&out, im->target);
	mf_json_buf_add(&out, ", \"files\": {");
	foreach(lc, im->parts)
	{
		const MfImportPart *part = lfirst(lc);

		if (part->asked_at == 0 || part->record == NULL || strcmp(part->record, record) != 0)
			continue;
		mf_json_buf_add(&out, comma);
		put_part(&out, part);
		comma = ",\n ";
	}
	mf_json_buf_add(&out, "}}\n");
	mf_store_put_text(im->store, record, &out, im->temp);
}
