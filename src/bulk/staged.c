/*
 * staged.c - What lies in a store, and how does it go away?
 */
#include "import.h"

#include "common/int.h"
#include "funcapi.h"
#include "src/sqlfn/remote.h"
#include "utils/builtins.h"
#include "utils/timestamp.h"
#include "utils/tuplestore.h"

PG_FUNCTION_INFO_V1(milvus_fdw_staged);
PG_FUNCTION_INFO_V1(milvus_fdw_unstage);

/* The text of a job's manifest; NULL = there is none. */
static const char *
get_text(MfRemote *store, const char *job, size_t *len)
{
	char	   *name = psprintf("%s/" MF_MANIFEST_FILE, job);
	MfStoreTask *task = mf_store_request(store, MF_STORE_GET, name, NULL, CurrentMemoryContext);

	return task != NULL ? mf_store_data(task, len) : NULL;
}

static bool
has_files(MfRemote *store, const char *job)
{
	MfStoreTask *task = mf_store_request(store, MF_STORE_LIST, job, NULL, CurrentMemoryContext);
	const MfStoreEntry *entries;

	return mf_store_entries(task, &entries) > 0;
}

/* A damaged manifest may have any text. */
static Datum
time_or_null(const char *text, bool *isnull)
{
	TimestampTz time = 0;
	int64		us;

	*isnull = !mf_json_date(text, strlen(text), MF_DATE_ISO, &us) ||
		pg_sub_s64_overflow(us, (int64) (POSTGRES_EPOCH_JDATE - UNIX_EPOCH_JDATE) * USECS_PER_DAY, &time) ||
		!IS_VALID_TIMESTAMP(time);
	return TimestampTzGetDatum(time);
}

/*
 * NULL = there is nothing to be told of this folder.  What looks like a folder of
 * ours is told of whatever has become of its manifest: files are there.
 */
static const char *
state_of(MfRemote *store, const char *job, MfManifest *manifest)
{
	size_t		len;
	const char *text = get_text(store, job, &len);

	if (text != NULL && mf_manifest_read(text, len, job, manifest))
		return manifest->fault == NULL ? manifest->state : "damaged";
	memset(manifest, 0, sizeof(*manifest));
	if (!mf_stage_is_job(job))
		return NULL;
	if (text != NULL)
		return "damaged";
	/* or another session has just removed it */
	return has_files(store, job) ? "missing" : NULL;
}

static void
show(ReturnSetInfo *result, const char *job, const char *state, const MfManifest *manifest)
{
	bool		read = manifest->job != NULL;
	Datum		values[7] = {0};
	bool		nulls[7] = {false, false, !read, !read, !read, !read, !read};

	values[0] = CStringGetTextDatum(mf_safe_text(psprintf("%s/" MF_MANIFEST_FILE, job)));
	values[1] = CStringGetTextDatum(mf_safe_text(state));
	if (read)
	{
		values[2] = CStringGetTextDatum(mf_safe_text(manifest->format));
		values[3] = Int32GetDatum(manifest->nfiles);
		values[4] = Int64GetDatum(manifest->rows);
		values[5] = Int64GetDatum(manifest->bytes);
		values[6] = time_or_null(manifest->created, &nulls[6]);
	}
	tuplestore_putvalues(result->setResult, result->setDesc, values, nulls);
}

/* staged(store name) returns setof (manifest, state, format, files, rows, bytes, created) */
Datum
milvus_fdw_staged(PG_FUNCTION_ARGS)
{
	MfRemote   *remote;
	MfStoreTask *folders;
	const MfStoreEntry *entries;
	int			n;

	InitMaterializedSRF(fcinfo, 0);
	remote = mf_store_server(PG_GETARG_NAME(0));
	folders = mf_store_request(remote, MF_STORE_FOLDERS, "", NULL, CurrentMemoryContext);
	n = mf_store_entries(folders, &entries);
	for (int i = 0; i < n; i++)
	{
		MfManifest	manifest;
		const char *state = state_of(remote, entries[i].name, &manifest);

		if (state != NULL)
			show((ReturnSetInfo *) fcinfo->resultinfo, entries[i].name, state, &manifest);
	}
	return (Datum) 0;
}

/* One part, so that nothing else is meant by it. */
char *
mf_manifest_job(const char *manifest)
{
	char	   *job = pstrdup(manifest);
	char	   *slash = strchr(job, '/');

	if (slash != NULL && strcmp(slash, "/" MF_MANIFEST_FILE) == 0)
		*slash = '\0';
	if (job[0] == '\0' || job[0] == '.' || strchr(job, '/') != NULL || strlen(job) >= 64)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("invalid name of a manifest: \"%s\"", mf_safe_text(manifest)),
				 errhint("milvus_fdw.staged() shows the manifests of a store.")));
	return job;
}

static void
no_manifest(const MfRemote *store, const char *job)
{
	ereport(ERROR,
			(errcode(ERRCODE_UNDEFINED_OBJECT),
			 errmsg("the store of server \"%s\" has no manifest \"%s/%s\"", store->server, mf_safe_text(job), MF_MANIFEST_FILE),
			 errhint("milvus_fdw.staged() shows the manifests of a store.")));
}

static void
damaged(const MfRemote *store, const char *job, const char *fault)
{
	ereport(ERROR,
			(errcode(ERRCODE_DATA_CORRUPTED),
			 errmsg("manifest \"%s/%s\" in the store of server \"%s\" is damaged: %s", mf_safe_text(job), MF_MANIFEST_FILE,
					store->server, fault),
			 errhint("Stage the rows again. milvus_fdw.unstage('%s', '%s') removes these files.", store->server, mf_safe_text(job))));
}

char *
mf_manifest_get(MfRemote *store, const char *job, bool intact, MfManifest *manifest)
{
	size_t		len;
	const char *text = get_text(store, job, &len);
	bool		read = text != NULL && mf_manifest_read(text, len, job, manifest);

	if (text == NULL || (!read && !mf_stage_is_job(job)))
		no_manifest(store, job);
	if (!read || (intact && manifest->fault != NULL))
		damaged(store, job, manifest->fault);
	return pnstrdup(text, len);
}

/* Nothing is removed but what a manifest of ours stands for, or did: then the folder's name tells. */
static bool
may_remove(MfRemote *store, const char *job)
{
	MfManifest	manifest;
	size_t		len;
	const char *text = get_text(store, job, &len);

	if (text != NULL && mf_manifest_read(text, len, job, &manifest))
		return true;
	return mf_stage_is_job(job) && (text != NULL || has_files(store, job));
}

/* unstage(store name, manifest text) returns bigint: files removed */
Datum
milvus_fdw_unstage(PG_FUNCTION_ARGS)
{
	MfRemote   *remote;
	char	   *job;
	int64		removed = 0;
	MfError		err;

	mf_sql_prevent_read_only("unstage()");
	remote = mf_store_server(PG_GETARG_NAME(0));
	job = mf_manifest_job(mf_sql_text_arg(fcinfo, 1));
	if (!may_remove(remote, job))
		no_manifest(remote, job);
	mf_import_lock(remote, job);
	if (mf_store_remove_job(remote, job, &removed, &err) != MF_OK)
		mf_raise(&err, &(MfWhere) {.remote = remote});
	PG_RETURN_INT64(removed);
}
