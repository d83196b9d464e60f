/*
 * verify.c - Is what a manifest lists still in the store, every byte of it?
 */
#include "import.h"

#include "funcapi.h"
#include "src/sqlfn/remote.h"
#include "utils/builtins.h"
#include "utils/tuplestore.h"

PG_FUNCTION_INFO_V1(milvus_fdw_verify);

typedef struct Checking
{
	MfRemote   *remote;
	MfCheck    *check;
	int64		bytes;
} Checking;

static void
end_check(void *arg)
{
	mf_check_end(arg);
}

/* The store gave a piece: what fails now is another failure than before. */
static MfStatus
step_check(void *arg, MfWaitFor *wait, MfError *err)
{
	Checking   *c = arg;
	MfStatus	status = mf_check_step(c->check, wait, err);

	if (mf_check_bytes(c->check) != c->bytes)
		c->remote->progress++;
	c->bytes = mf_check_bytes(c->check);
	return status;
}

/* NULL = it is what it was; otherwise what is wrong. */
static char *
fault_of(MfRemote *store, const MfStagedFile *file)
{
	MemoryContextCallback *callback = palloc0(sizeof(MemoryContextCallback));
	Checking	c = {.remote = store};
	bool		sha256;
	MfStatus	status;
	MfError		err;

	if (strncmp(file->checksum, "sha256:", 7) != 0 && strncmp(file->checksum, "crc32:", 6) != 0)
		return psprintf("the manifest has no checksum that is known: \"%s\"", mf_safe_text(file->checksum));
	sha256 = file->checksum[0] == 's';
	mf_error_reset(&err);
	status = mf_check_begin(store->conn, file->name, sha256, &c.check, &err);
	callback->func = end_check;
	callback->arg = c.check;
	MemoryContextRegisterResetCallback(CurrentMemoryContext, callback);
	if (status == MF_OK)
		status = mf_drive(store, step_check, &c, &err);
	if (status == MF_ERROR)
		mf_raise(&err, &(MfWhere) {.remote = store});
	if (status == MF_END)
		return pstrdup("missing");
	if (c.bytes != file->bytes)
		return psprintf("it has " INT64_FORMAT " bytes, not " INT64_FORMAT, c.bytes, file->bytes);
	if (strcmp(mf_check_checksum(c.check), file->checksum) != 0)
		return psprintf("its checksum is %s, not %s", mf_check_checksum(c.check), file->checksum);
	return NULL;
}

static void
show(ReturnSetInfo *result, const char *name, int64 bytes, const char *fault)
{
	Datum		values[4];
	bool		nulls[4] = {false, bytes < 0, false, fault == NULL};

	values[0] = CStringGetTextDatum(mf_safe_text(name));
	values[1] = Int64GetDatum(bytes);
	values[2] = BoolGetDatum(fault == NULL);
	values[3] = fault != NULL ? CStringGetTextDatum(fault) : (Datum) 0;
	tuplestore_putvalues(result->setResult, result->setDesc, values, nulls);
}

static void
show_files(ReturnSetInfo *result, MfRemote *store, List *files)
{
	MemoryContext one = AllocSetContextCreate(CurrentMemoryContext, "milvus_fdw verify", ALLOCSET_DEFAULT_SIZES);
	ListCell   *lc;

	foreach(lc, files)
	{
		MfStagedFile *file = lfirst(lc);
		MemoryContext before = MemoryContextSwitchTo(one);

		show(result, file->name, file->bytes, fault_of(store, file));
		MemoryContextSwitchTo(before);
		MemoryContextReset(one);
	}
}

/* What lies beside them. */
static void
show_others(ReturnSetInfo *result, MfRemote *store, const char *job, const char *manifest, List *files)
{
	MfStoreTask *found = mf_store_request(store, MF_STORE_LIST, job, NULL, CurrentMemoryContext);
	const MfStoreEntry *entries;
	int			n = mf_store_entries(found, &entries);

	for (int i = 0; i < n; i++)
	{
		bool		listed = strcmp(entries[i].name, manifest) == 0 || mf_import_is_record(entries[i].name);
		ListCell   *lc;

		foreach(lc, files)
			listed = listed || strcmp(((MfStagedFile *) lfirst(lc))->name, entries[i].name) == 0;
		if (!listed)
			show(result, entries[i].name, entries[i].bytes, "it is not in the manifest");
	}
}

/* verify(store name, manifest text) returns setof (name, bytes, ok, reason) */
Datum
milvus_fdw_verify(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *result = (ReturnSetInfo *) fcinfo->resultinfo;
	MfRemote   *store;
	MfManifest	manifest;
	char	   *job;
	char	   *name;
	char	   *text;
	List	   *columns;
	List	   *files;

	InitMaterializedSRF(fcinfo, 0);
	store = mf_store_server(PG_GETARG_NAME(0));
	job = mf_manifest_job(mf_sql_text_arg(fcinfo, 1));
	name = psprintf("%s/" MF_MANIFEST_FILE, job);
	text = mf_manifest_get(store, job, false, &manifest);
	mf_manifest_parts(text, strlen(text), &columns, &files);
	if (manifest.fault == NULL && strcmp(manifest.state, "complete") != 0)
		manifest.fault = "its files are not complete";
	show(result, name, (int64) strlen(text), manifest.fault);
	show_files(result, store, files);
	show_others(result, store, job, name, files);
	return (Datum) 0;
}
