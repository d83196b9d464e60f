/*
 * bulk_write.c - How does an INSERT become files that the remote imports?
 *
 * The writer hands its batches to these functions in place of the connector's.
 * Unlike those they may wait and raise, because they are on PostgreSQL's side.
 * A batch goes into the file being staged; a file that is complete is sent for
 * import while the next is written; at the end all are waited for.
 */
#include "bulk_write.h"

#include "import.h"
#include "miscadmin.h"
#include "utils/builtins.h"

#define LOOK_EVERY_MS 1000

struct MfWrite
{
	MfTable    *table;
	MemoryContext context;
	MfRemote   *store;
	MfImport   *import;			/* the connector's: columns and format */
	const MfImportPlan *plan;
	MfImporting *im;
	MfProbe		probe;			/* of this staging */
	MfLedgerEntry *ledger;		/* the writer's */
	MfStaging  *s;				/* NULL before the first row, and once all is imported */
	MfBatch		view;			/* a batch as the files have it */
	bool		early;			/* files are sent as they are complete */
	bool		keep;
	bool		stopped;
	int			sent;			/* files of the staging that are parts of im */
	int64		submitted;		/* rows */
	MfWriteCounts counts;
	MfBulkStats stats;
};

/* ---------------------------------------------------------------------- begin */

static MfRemote *
open_store(MfTable *table)
{
	const char *name = mf_table_text(table, "stage", NULL);

	if (name == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_FDW_DYNAMIC_PARAMETER_VALUE_NEEDED),
				 errmsg("write_mode 'bulk' of foreign table \"%s\" needs option \"stage\"", table->name),
				 errdetail("It names a server of the foreign-data wrapper object_store_fdw, whose place the remote can read.")));
	return mf_store_of_table(name, mf_table_owner(table->relid), table->userid, CurrentMemoryContext);
}

bool
mf_bulk_wanted(const MfTable *table)
{
	return (table->remote->connector->capabilities & MF_CAN_IMPORT) &&
		strcmp(mf_table_text(table, "write_mode", "insert"), "bulk") == 0;
}

/* Made with w before it raises, so that the writer can end it. */
static void
begin_import(MfWrite *w, const MfWriteSpec *spec)
{
	const MfConnector *connector = w->table->remote->connector;
	const char *format = mf_table_text(w->table, "bulk_format", "auto");
	MfError		err;

	mf_error_reset(&err);
	if (connector->import_begin(w->table->remote->conn, spec, strcmp(format, "auto") == 0 ? NULL : format, &w->import, &err) != MF_OK)
		mf_table_raise(w->table, &err);
	w->plan = connector->import_plan(w->import);
}

static bool
has_partition(const MfReply *reply, const char *name)
{
	for (int row = 0; row < reply->nrows; row++)
	{
		if (strcmp(reply->cells[row * reply->ncolumns], name) == 0)
			return true;
	}
	return false;
}

static void
check_partition(MfTable *table, const char *name)
{
	MfRequest	request = {.verb = MF_VERB_LIST_PARTITIONS,.collection = table->collection,.options = table->options};

	if (name == NULL || has_partition(mf_request(table->remote, &request, CurrentMemoryContext, NULL, NULL), name))
		return;
	if (!mf_table_bool(table, "create_partitions", false))
		ereport(ERROR,
				(errcode(ERRCODE_FDW_TABLE_NOT_FOUND),
				 errmsg("there is no partition \"%s\" in collection \"%s\"", mf_safe_text(name), mf_safe_text(table->collection)),
				 errhint("Option \"create_partitions\" of the table, set to 'true', makes those that are missing.")));
	request.verb = MF_VERB_CREATE_PARTITION;
	request.name = name;
	(void) mf_request(table->remote, &request, CurrentMemoryContext, NULL, NULL);
}

/* Before a row is taken: would the remote take files, and rows, and the store? */
static void
check_both_ends(MfWrite *w)
{
	MfRemote   *remote = w->table->remote;
	MfRequest	request = {.verb = MF_VERB_CHECK_WRITE,.collection = w->table->collection,.options = w->table->options};

	(void) mf_import_keys(w->table, w->store);
	check_partition(w->table, w->plan->partition);
	(void) mf_import_list(w->table, w->store, CurrentMemoryContext);
	if (remote->connector->verbs & MF_VERB_BIT(MF_VERB_CHECK_WRITE))
		(void) mf_request(remote, &request, CurrentMemoryContext, NULL, NULL);
	(void) mf_store_request(w->store, MF_STORE_FOLDERS, "", NULL, CurrentMemoryContext);
}

void
mf_bulk_begin(MfTable *table, const MfWriteSpec *spec, bool row_by_row, MfLedgerEntry *ledger, MfWrite **out)
{
	MfWrite    *w = palloc0(sizeof(MfWrite));

	*out = w;
	w->table = table;
	w->ledger = ledger;
	w->context = CurrentMemoryContext;
	if (row_by_row)
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("write_mode 'bulk' of foreign table \"%s\" cannot write row by row", table->name),
				 errdetail("A trigger, or RETURNING of a key that the remote makes, needs each row to be there before the next.")));
	w->store = open_store(table);
	begin_import(w, spec);
	check_both_ends(w);
	w->im = mf_importing_new(table);
	w->early = strcmp(mf_table_text(table, "bulk_start", "end"), "file") == 0;
	w->keep = mf_table_bool(table, "keep_staged", false);
	w->view.columns = palloc0(sizeof(MfColumn) * w->plan->ncolumns);
	w->view.ncolumns = w->plan->ncolumns;
	w->view.mem = &w->store->mem;
	w->stats.format = w->plan->format;
	w->stats.why = pstrdup(w->plan->why);
	w->stats.file_bytes = mf_table_int(table, "stage_file_bytes", mf_stage_file_bytes(w->store));
}

void
mf_bulk_batch_size(const MfWrite *w, int32 *rows, size_t *bytes)
{
	const MfFormat *format = mf_stage_format(w->plan->format);

	*rows = 1000000;
	*bytes = Min(format->batch_bytes, (size_t) w->stats.file_bytes);
}

/* --------------------------------------------------------------------- staging */

/* Of all columns why the format cannot carry them is known already, but not to the format. */
static void
bind_columns(MfWrite *w, MfStaging *s)
{
	MfFormatColumn *columns = MemoryContextAllocZero(s->context, sizeof(MfFormatColumn) * w->plan->ncolumns);

	s->fields = MemoryContextAllocZero(s->context, sizeof(MfField) * w->plan->ncolumns);
	s->spec.columns = columns;
	s->spec.ncolumns = w->plan->ncolumns;
	for (int i = 0; i < w->plan->ncolumns; i++)
	{
		const MfImportColumn *from = &w->plan->columns[i];
		const char *why;

		columns[i] = (MfFormatColumn) {.name = from->name,.kind = from->kind,.elem = from->elem,.dim = from->dim};
		s->fields[i].native = mf_kind_name(from->kind);
		why = s->format->refuse(&columns[i]);
		if (why != NULL)
			ereport(ERROR,
					(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
					 errmsg("format \"%s\" cannot carry field \"%s\"", s->format->name, mf_safe_text(from->name)),
					 errdetail("%s", why)));
	}
	s->encoder = s->format->begin(&s->spec);
	if (s->encoder == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_OUT_OF_MEMORY), errmsg("out of memory"),
				 errdetail("The budget of server \"%s\" is used up.", w->store->server)));
	s->bound = true;
}

/* Compressing vectors gains little, and nothing at all where no network is between. */
static void
begin_staging(MfWrite *w)
{
	const MfFormat *format = mf_stage_format(w->plan->format);
	MemoryContext before = MemoryContextSwitchTo(w->context);

	w->s = mf_stage_new(w->store, format, format->compresses && !mf_store_can_patch(w->store->conn) ? MF_CODEC_ZSTD : MF_CODEC_NONE, w->stats.file_bytes);
	w->s->keep = w->keep;
	mf_import_lock(w->store, w->s->job);
	w->probe = (MfProbe) {0};
	w->sent = 0;
	bind_columns(w, w->s);
	MemoryContextSwitchTo(before);
}

/* Files that became complete become parts. */
static void
take_files(MfWrite *w)
{
	List	   *fresh = list_copy_tail(w->s->files, w->sent);

	mf_importing_add_staged(w->im, w->store, w->s->job, fresh);
	w->sent = list_length(w->s->files);
	list_free(fresh);
}

static void
note_counts(MfWrite *w)
{
	mf_importing_counts(w->im, &w->counts);
	w->counts.unsent = w->submitted - w->counts.acknowledged - w->counts.unknown;
	w->stats.imports = list_length(w->im->parts);
	w->counts.requests = w->stats.imports;
	w->counts.bytes = w->stats.bytes;
	/* an abort may come before anybody asks for the counts */
	w->ledger->acknowledged = w->counts.acknowledged;
	w->ledger->unknown = w->counts.unknown;
}

/*
 * Files to be imported may no longer vanish with the command.  The manifest has
 * to know of them before the remote does.
 */
static void
start_imports(MfWrite *w)
{
	if (!w->s->keep && w->im->parts != NIL)
		w->s->keep = true;
	mf_importing_start(w->im);
	note_counts(w);
}

static void
stage_batch(MfWrite *w, MfBatch *batch)
{
	MfError		err;
	int			before;

	if (w->s == NULL)
		begin_staging(w);
	mf_error_reset(&err);
	if (w->table->remote->connector->import_rows(w->import, batch, w->view.columns, &err) != MF_OK)
		mf_table_raise(w->table, &err);
	w->view.nrows = batch->nrows;
	w->view.first_row = batch->first_row;
	before = list_length(w->s->files);
	mf_stage_batch(w->s, &w->view);
	w->s->rows += batch->nrows;
	w->submitted += batch->nrows;
	w->stats.bytes += (int64) mf_batch_bytes(&w->view);
	if (list_length(w->s->files) == before)
		return;
	if (!w->early)
	{
		if (w->plan->can_probe)
			mf_probe(&w->probe, w->im, w->store, w->s->job, w->plan->partition);
		return;
	}
	mf_manifest_write(w->s);
	take_files(w);
	mf_importing_look(w->im);
	start_imports(w);
}

static void
import_all(MfWrite *w)
{
	mf_stage_finish(w->s);
	take_files(w);
	start_imports(w);
	mf_importing_wait(w->im);
	note_counts(w);
	mf_import_remove_staged(w->table, w->store, w->s->job);
	mf_importing_forget_record(w->im);
	MemoryContextDelete(w->s->context);
	w->s = NULL;
}

/* --------------------------------------------------------------------- failing */

/* What to do now, for whoever reads the error. */
static char *
bulk_advice(MfWrite *w)
{
	const MfStaging *s = w->s;

	if (s == NULL)
		return NULL;
	if (s->complete)
		return psprintf("All rows are staged. This finishes it: %s.", mf_import_call(w->table, w->store, s->job));
	if (w->im->parts != NIL)
		return psprintf("Some files are being imported, so the rows of manifest \"%s/" MF_MANIFEST_FILE "\" are in part in the collection.",
						s->job);
	return NULL;
}

/* In PG_CATCH: the same error, which says how to go on. */
static void
rethrow(MfWrite *w, MemoryContext context)
{
	ErrorData  *edata;
	char	   *more;

	MemoryContextSwitchTo(context);
	if (w->s == NULL)
		PG_RE_THROW();
	note_counts(w);
	edata = CopyErrorData();
	FlushErrorState();
	more = bulk_advice(w);
	if (more != NULL)
		edata->hint = edata->hint != NULL ? psprintf("%s\n%s", edata->hint, more) : more;
	ReThrowError(edata);
}

/* ------------------------------------------------------- in place of a connector's */

static MfStatus
bulk_submit(MfWrite *w, MfBatch *batch, MfWaitFor *wait, MfError *err)
{
	MemoryContext context = CurrentMemoryContext;

	PG_TRY();
	{
		stage_batch(w, batch);
	}
	PG_CATCH();
	{
		rethrow(w, context);
	}
	PG_END_TRY();
	return MF_OK;
}

static MfStatus
bulk_poll(MfWrite *w, MfWaitFor *wait, MfError *err)
{
	return MF_OK;
}

static MfStatus
bulk_flush(MfWrite *w, MfWaitFor *wait, MfError *err)
{
	MemoryContext context = CurrentMemoryContext;

	if (w->s == NULL || w->stopped)
		return MF_OK;
	PG_TRY();
	{
		import_all(w);
	}
	PG_CATCH();
	{
		rethrow(w, context);
	}
	PG_END_TRY();
	return MF_OK;
}

static void
bulk_counts(MfWrite *w, MfWriteCounts *counts)
{
	*counts = w->counts;
	counts->unsent = w->submitted - counts->acknowledged - counts->unknown;
}

/* Memory is freed already, or about to be, and with it what was being staged (stage.c). */
static void
bulk_end(MfWrite *w)
{
	if (w->import != NULL)
		w->table->remote->connector->import_end(w->import);
	w->import = NULL;
}

static void
bulk_stop(MfWrite *w)
{
	w->stopped = true;
}

const MfWriteCalls mf_bulk_calls = {
	.submit = bulk_submit,
	.poll = bulk_poll,
	.flush = bulk_flush,
	.counts = bulk_counts,
	.end = bulk_end,
	.stop = bulk_stop,
	.advice = bulk_advice,
};

const struct MfBulkStats *
mf_bulk_stats(const MfWrite *w)
{
	return &w->stats;
}
