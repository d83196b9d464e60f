/*
 * staged.c - What lies in a store, and how does it go away?
 */
#include "import.h"

#include "catalog/pg_type.h"
#include "funcapi.h"
#include "src/sqlfn/remote.h"
#include "utils/builtins.h"
#include "utils/fmgrprotos.h"
#include "utils/timestamp.h"
#include "utils/tuplestore.h"

PG_FUNCTION_INFO_V1(milvus_fdw_staged);
PG_FUNCTION_INFO_V1(milvus_fdw_unstage);

/* false = no manifest of ours under this name */
static bool
read_manifest(MfRemote *remote, const char *job, MfManifest *manifest)
{
	char	   *name = psprintf("%s/" MF_MANIFEST_FILE, job);
	MfStoreTask *task = mf_store_request(remote, MF_STORE_GET, name, NULL, CurrentMemoryContext);
	const char *text;
	size_t		len;

	if (task == NULL)
		return false;
	text = mf_store_data(task, &len);
	return mf_manifest_read(text, len, manifest) && strcmp(manifest->job, job) == 0;
}

static Datum
time_or_null(const char *text, bool *isnull)
{
	*isnull = text[0] == '\0';
	return *isnull ? (Datum) 0 : DirectFunctionCall3(timestamptz_in, CStringGetDatum(text), ObjectIdGetDatum(InvalidOid), Int32GetDatum(-1));
}

/* staged(store name) returns setof (manifest, state, format, files, rows, bytes, created) */
Datum
milvus_fdw_staged(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *result = (ReturnSetInfo *) fcinfo->resultinfo;
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
		Datum		values[7];
		bool		nulls[7] = {false};

		if (!read_manifest(remote, entries[i].name, &manifest))
			continue;
		values[0] = CStringGetTextDatum(mf_safe_text(psprintf("%s/" MF_MANIFEST_FILE, manifest.job)));
		values[1] = CStringGetTextDatum(mf_safe_text(manifest.state));
		values[2] = CStringGetTextDatum(mf_safe_text(manifest.format));
		values[3] = Int32GetDatum(manifest.nfiles);
		values[4] = Int64GetDatum(manifest.rows);
		values[5] = Int64GetDatum(manifest.bytes);
		values[6] = time_or_null(manifest.created, &nulls[6]);
		tuplestore_putvalues(result->setResult, result->setDesc, values, nulls);
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

char *
mf_manifest_get(MfRemote *store, const char *job, MfManifest *manifest)
{
	MfStoreTask *task = mf_store_request(store, MF_STORE_GET, psprintf("%s/" MF_MANIFEST_FILE, job), NULL, CurrentMemoryContext);
	const char *text;
	size_t		len;

	if (task == NULL)
		no_manifest(store, job);
	text = mf_store_data(task, &len);
	if (!mf_manifest_read(text, len, manifest) || strcmp(manifest->job, job) != 0)
		no_manifest(store, job);
	return pnstrdup(text, len);
}

/* unstage(store name, manifest text) returns bigint: files removed */
Datum
milvus_fdw_unstage(PG_FUNCTION_ARGS)
{
	MfRemote   *remote;
	MfManifest	manifest;
	char	   *job;
	int64		removed = 0;
	MfError		err;

	mf_sql_prevent_read_only("unstage()");
	remote = mf_store_server(PG_GETARG_NAME(0));
	job = mf_manifest_job(mf_sql_text_arg(fcinfo, 1));
	/* nothing is removed but what a manifest of ours stands for */
	(void) mf_manifest_get(remote, job, &manifest);
	mf_import_lock(remote, job);
	if (mf_store_remove_job(remote, job, &removed, &err) != MF_OK)
		mf_raise(&err, &(MfWhere) {.remote = remote});
	PG_RETURN_INT64(removed);
}
