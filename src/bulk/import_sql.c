/*
 * import_sql.c - How does SQL have staged files imported, and see how far it is?
 */
#include "import.h"

#include "catalog/pg_type.h"
#include "compat.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "src/sqlfn/remote.h"
#include "utils/acl.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/fmgrprotos.h"
#include "utils/lsyscache.h"
#include "utils/tuplestore.h"

PG_FUNCTION_INFO_V1(milvus_fdw_import_manifest);
PG_FUNCTION_INFO_V1(milvus_fdw_import_files);
PG_FUNCTION_INFO_V1(milvus_fdw_imports);
PG_FUNCTION_INFO_V1(milvus_fdw_wait_for_import);
PG_FUNCTION_INFO_V1(milvus_fdw_wait_for_manifest);

/* A table to import into: INSERT on it, USAGE on its server. */
static MfTable *
target_table(Oid relid)
{
	MfTable    *table = mf_sql_table(relid, false);

	if (pg_class_aclcheck(relid, GetUserId(), ACL_INSERT) != ACLCHECK_OK)
		aclcheck_error(ACLCHECK_NO_PRIV, OBJECT_FOREIGN_TABLE, get_rel_name(relid));
	mf_require_verb(table->remote, MF_VERB_IMPORT);
	if (!mf_table_bool(table, "updatable", true))
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("foreign table \"%s\" does not allow inserts", table->name),
				 errhint("Its option \"updatable\", or its server's, says so.")));
	return table;
}

static Datum
text_array(int n, const char *const *texts)
{
	Datum	   *datums = palloc(sizeof(Datum) * Max(n, 1));

	for (int i = 0; i < n; i++)
		datums[i] = CStringGetTextDatum(mf_safe_text(texts[i]));
	return PointerGetDatum(construct_array(datums, n, TEXTOID, -1, false, TYPALIGN_INT));
}

/* id, state, percent, rows, files, asked */
static void
return_parts(ReturnSetInfo *result, const MfImporting *im)
{
	ListCell   *lc;

	foreach(lc, im->parts)
	{
		const MfImportPart *part = lfirst(lc);
		Datum		values[6];
		bool		nulls[6] = {part->id == NULL};

		values[0] = part->id != NULL ? CStringGetTextDatum(mf_safe_text(part->id)) : (Datum) 0;
		values[1] = CStringGetTextDatum(mf_import_state_name(part));
		values[2] = Int32GetDatum(part->state == MF_IMPORT_COMPLETED ? 100 : part->percent);
		values[3] = Int64GetDatum(part->imported > 0 ? part->imported : part->rows);
		nulls[3] = part->imported <= 0 && part->rows < 0;
		values[4] = text_array(part->nfiles, part->files);
		values[5] = BoolGetDatum(part->mine);
		tuplestore_putvalues(result->setResult, result->setDesc, values, nulls);
	}
}

/* Rows that a ROLLBACK does not take away. */
static void
note_in_ledger(const MfImporting *im, MfLedgerEntry *ledger)
{
	MfWriteCounts counts = {0};

	mf_importing_counts(im, &counts);
	ledger->acknowledged = counts.acknowledged;
	ledger->unknown = counts.unknown;
}

/* After mf_importing_look: what the remote has heard of already is not asked for again. */
static void
run_imports(MfImporting *im, bool wait)
{
	MfTable    *table = im->table;
	MfLedgerEntry *ledger = mf_ledger_open(table->remote->server, table->collection, MF_LEDGER_WRITTEN);

	PG_TRY();
	{
		if (wait)
			mf_importing_wait(im);
		else
		{
			im->most = PG_INT32_MAX;
			mf_importing_start(im);
		}
	}
	PG_FINALLY();
	{
		note_in_ledger(im, ledger);
		mf_ledger_close(ledger);
	}
	PG_END_TRY();
}

typedef struct Staged
{
	MfTable    *table;
	MfRemote   *store;
	char	   *job;
	List	   *files;			/* of MfStagedFile */
	MfImporting *im;
} Staged;

/* The parts of a manifest, if they fit. */
static Staged
open_manifest(FunctionCallInfo fcinfo)
{
	Staged		staged;
	MfManifest	manifest;
	List	   *columns;
	char	   *text;

	staged.table = target_table(PG_GETARG_OID(0));
	staged.store = mf_store_server(PG_GETARG_NAME(1));
	staged.job = mf_manifest_job(mf_sql_text_arg(fcinfo, 2));
	text = mf_manifest_get(staged.store, staged.job, true, &manifest);
	mf_manifest_parts(text, strlen(text), &columns, &staged.files);
	mf_import_lock(staged.store, staged.job);
	staged.im = mf_importing_new(staged.table);
	mf_import_check(staged.im, staged.store, &manifest, columns);
	mf_importing_add_staged(staged.im, staged.store, staged.job, staged.files);
	mf_import_recall(staged.im, mf_import_record_name(staged.im, staged.job));
	return staged;
}

/* import_files("table" regclass, store name, manifest text, wait boolean) */
Datum
milvus_fdw_import_manifest(PG_FUNCTION_ARGS)
{
	Staged		staged;

	mf_sql_prevent_read_only("import_files()");
	InitMaterializedSRF(fcinfo, 0);
	staged = open_manifest(fcinfo);
	mf_importing_look(staged.im);
	mf_importing_check_files(staged.im, staged.job, staged.files);
	mf_importing_again(staged.im);
	run_imports(staged.im, PG_GETARG_BOOL(3));
	return_parts((ReturnSetInfo *) fcinfo->resultinfo, staged.im);
	if (PG_GETARG_BOOL(3))
		mf_import_remove_staged(staged.table, staged.store, staged.job);
	return (Datum) 0;
}

static bool
is_numpy(const char *name)
{
	size_t		len = strlen(name);

	return len > 4 && strcmp(name + len - 4, ".npy") == 0;
}

/* Those of a set lie in one directory and stand side by side in the list. */
static bool
is_same_set(const char *a, const char *b)
{
	const char *slash_a = strrchr(a, '/');
	const char *slash_b = strrchr(b, '/');
	size_t		n = slash_a != NULL ? (size_t) (slash_a - a) : 0;

	return is_numpy(a) && is_numpy(b) && n == (slash_b != NULL ? (size_t) (slash_b - b) : 0) && strncmp(a, b, n) == 0;
}

static int
compare_names(const void *a, const void *b)
{
	return strcmp(*(const char *const *) a, *(const char *const *) b);
}

/* A file that is named twice would be imported twice. */
static void
refuse_twins(int n, const char *const *names)
{
	const char **sorted = palloc(sizeof(char *) * Max(n, 1));

	for (int i = 0; i < n; i++)
		sorted[i] = names[i];
	qsort(sorted, n, sizeof(char *), compare_names);
	for (int i = 1; i < n; i++)
	{
		if (strcmp(sorted[i - 1], sorted[i]) == 0)
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("file \"%s\" is named twice", mf_safe_text(sorted[i]))));
	}
}

/* import_files("table" regclass, files text[], wait boolean) */
Datum
milvus_fdw_import_files(PG_FUNCTION_ARGS)
{
	int			n;
	const char *const *names = mf_sql_names_arg(fcinfo, 1, &n);
	MfImporting *im;

	mf_sql_prevent_read_only("import_files()");
	InitMaterializedSRF(fcinfo, 0);
	im = mf_importing_new(target_table(PG_GETARG_OID(0)));
	refuse_twins(n, names);
	mf_import_lock_target(im);
	for (int i = 0, count; i < n; i += count)
	{
		for (count = 1; i + count < n && is_same_set(names[i], names[i + count]);)
			count++;
		(void) mf_importing_add(im, count, names + i, -1);
	}
	mf_importing_look(im);
	mf_importing_again(im);
	run_imports(im, PG_GETARG_BOOL(2));
	return_parts((ReturnSetInfo *) fcinfo->resultinfo, im);
	return (Datum) 0;
}

/* --------------------------------------------------------------------- waiting */

static void
set_deadline(FunctionCallInfo fcinfo, int n, MfImporting *im)
{
	double		seconds;

	if (PG_ARGISNULL(n))
		return;
	seconds = PG_GETARG_FLOAT8(n);
	if (!(seconds > 0) || seconds > 1e9)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("timeout must be a number of seconds greater than zero")));
	im->deadline_ms = (int64) (seconds * 1000);
}

static void
require_arguments(FunctionCallInfo fcinfo, int n)
{
	if (mf_sql_null_arg(fcinfo, n))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 n == 1 ? errmsg("table must not be null") : errmsg("table, store and manifest must not be null")));
}

static bool
is_named(int n, const char *const *ids, const char *id)
{
	for (int i = 0; i < n; i++)
	{
		if (strcmp(ids[i], id) == 0)
			return true;
	}
	return false;
}

/* The files are those that the remote tells of, if it does. */
static void
add_job(MfImporting *im, const char *const *cells)
{
	int			n;
	const char *const *names = mf_import_names(cells[6], &n);
	MfImportPart *part = mf_importing_add(im, n > 0 ? n : 1, n > 0 ? names : cells, -1);

	part->id = pstrdup(cells[0]);
	part->state = MF_IMPORT_RUNNING;
}

/* As parts, those jobs that are named, or (NULL) all that run. */
static void
add_jobs(MfImporting *im, int n, const char *const *ids)
{
	MfTable    *table = im->table;
	const MfReply *reply = mf_import_list(table, NULL, CurrentMemoryContext);
	int			named = 0;
	int			found = 0;

	for (int i = 0; i < n; i++)
		named += !is_named(i, ids, ids[i]);
	for (int row = 0; row < reply->nrows; row++)
	{
		const char *const *cells = &reply->cells[row * reply->ncolumns];
		bool		runs = strcmp(cells[3], "pending") == 0 || strcmp(cells[3], "running") == 0 || strcmp(cells[3], "persisted") == 0;

		if (ids == NULL ? !runs || mf_import_is_probe(cells[6]) : !is_named(n, ids, cells[0]))
			continue;
		add_job(im, cells);
		found++;
	}
	if (found < named)
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_OBJECT),
				 errmsg("%d of %d jobs are not known for collection \"%s\"", named - found, named, mf_safe_text(table->collection)),
				 errdetail("Milvus forgets jobs after a day, or three hours from version 2.4 on.")));
}

/* wait_for_import("table" regclass, jobs text[], timeout double precision) */
Datum
milvus_fdw_wait_for_import(PG_FUNCTION_ARGS)
{
	MfImporting *im;
	int			n;
	const char *const *ids;

	InitMaterializedSRF(fcinfo, 0);
	require_arguments(fcinfo, 1);
	ids = mf_sql_names_arg(fcinfo, 1, &n);
	im = mf_importing_new(target_table(PG_GETARG_OID(0)));
	set_deadline(fcinfo, 2, im);
	add_jobs(im, n, ids);
	mf_importing_wait(im);
	return_parts((ReturnSetInfo *) fcinfo->resultinfo, im);
	return (Datum) 0;
}

/* Some were not even asked for: waiting would not end. */
static void
require_started(const Staged *staged)
{
	ListCell   *lc;

	foreach(lc, staged->im->parts)
	{
		const MfImportPart *part = lfirst(lc);

		if (part->state != MF_IMPORT_WAITING)
			continue;
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("file \"%s\" is not being imported", mf_safe_text(part->files[0])),
				 errhint("%s", mf_import_call(staged->table, staged->store, staged->job))));
	}
}

/* wait_for_import("table" regclass, store name, manifest text, timeout double precision) */
Datum
milvus_fdw_wait_for_manifest(PG_FUNCTION_ARGS)
{
	Staged		staged;

	mf_sql_prevent_read_only("wait_for_import()");
	InitMaterializedSRF(fcinfo, 0);
	require_arguments(fcinfo, 3);
	staged = open_manifest(fcinfo);
	set_deadline(fcinfo, 3, staged.im);
	mf_importing_look(staged.im);
	require_started(&staged);
	run_imports(staged.im, true);
	return_parts((ReturnSetInfo *) fcinfo->resultinfo, staged.im);
	mf_import_remove_staged(staged.table, staged.store, staged.job);
	return (Datum) 0;
}

/* ---------------------------------------------------------------------- listing */

/* A JSON list of texts as text[]; NULL = not told. */
static Datum
file_array(const char *list, bool *isnull)
{
	int			n;
	const char *const *names = mf_import_names(list, &n);

	*isnull = names == NULL;
	return text_array(n, names);
}

/* imports("table" regclass) returns setof (id, collection, partition, state, percent, rows, files, reason, started) */
Datum
milvus_fdw_imports(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *result = (ReturnSetInfo *) fcinfo->resultinfo;
	MfTable    *table;
	const MfReply *reply;

	InitMaterializedSRF(fcinfo, 0);
	table = mf_sql_table(PG_GETARG_OID(0), false);
	mf_require_verb(table->remote, MF_VERB_LIST_IMPORTS);
	reply = mf_import_list(table, NULL, CurrentMemoryContext);
	for (int row = 0; row < reply->nrows; row++)
	{
		const char *const *cells = &reply->cells[row * reply->ncolumns];
		Datum		values[9] = {0};
		bool		nulls[9];

		for (int i = 0; i < 9; i++)
			nulls[i] = cells[i] == NULL;
		for (int i = 0; i < 8; i++)
		{
			if (!nulls[i] && i != 4 && i != 5 && i != 6)
				values[i] = CStringGetTextDatum(mf_safe_text(i == 7 ? mf_import_scrub(table, NULL, cells[i]) : cells[i]));
		}
		values[4] = Int32GetDatum(nulls[4] ? 0 : atoi(cells[4]));
		values[5] = Int64GetDatum(nulls[5] ? 0 : atoll(cells[5]));
		values[6] = file_array(cells[6], &nulls[6]);
		if (!nulls[8])
			values[8] = DirectFunctionCall3(timestamptz_in, CStringGetDatum(cells[8]), ObjectIdGetDatum(InvalidOid), Int32GetDatum(-1));
		tuplestore_putvalues(result->setResult, result->setDesc, values, nulls);
	}
	return (Datum) 0;
}
