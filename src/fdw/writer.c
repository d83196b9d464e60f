/*
 * writer.c - How do rows reach a remote, whoever inserts them?
 *
 * A small pool of batches: one is being filled, the others are in flight.  A
 * batch closes by rows or by bytes, and is handed over when the next row comes
 * (so a view's check of the last row still prevents it from being sent).
 */
#include "writer.h"

#include "lib/stringinfo.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/array.h"
#include "utils/lsyscache.h"
#include "utils/varbit.h"

#define DEFAULT_BATCH_SIZE 5000
#define DEFAULT_BATCH_BYTES (16 * 1024 * 1024)
#define DEFAULT_MAX_IN_FLIGHT 4

/* How long an error waits for the answers to what is already in flight. */
#define SETTLE_MS 10000

typedef struct WriteColumn
{
	AttrNumber	attnum;
	int			batch_column;	/* -1: the remote makes the value itself */
	const char *name;
	MfField		field;			/* as described, or made up for a dynamic key */
	MfWriter	writer;
} WriteColumn;

struct MfRowWriter
{
	MfTable    *table;
	MfWriteSpec spec;
	MfWrite    *write;
	MfLedgerEntry *ledger;
	MemoryContextCallback callback;

	int			ncolumns;
	WriteColumn *columns;
	WriteColumn *key;			/* for messages; NULL if there is none */
	Oid			key_output;

	int32		batch_rows;
	size_t		batch_bytes;
	bool		row_by_row;

	int			nbatches;
	MfBatch   **batches;
	MfBatch    *current;		/* being filled; NULL between batches */
	int64		rows;			/* appended so far */
	MemoryContext temp;			/* reset for each row */
};

/* Bring the ledger up to date with what the connector knows. */
static void
note_counts(MfRowWriter *w)
{
	MfWriteCounts counts;

	if (w->write == NULL)
		return;
	memset(&counts, 0, sizeof(counts));
	w->table->remote->connector->write_counts(w->write, &counts);
	if (counts.acknowledged != w->ledger->acknowledged)
		w->table->remote->progress++;
	w->ledger->acknowledged = counts.acknowledged;
	w->ledger->unknown = counts.unknown;
}

/* A long flush under a rate limit fails now and then, and moves on all the same. */
static MfStatus
noted(MfRowWriter *w, MfStatus status)
{
	if (status == MF_ERROR)
		note_counts(w);
	return status;
}

static void
end_writer(void *arg)
{
	MfRowWriter *w = arg;

	if (w->write != NULL)
	{
		note_counts(w);
		w->table->remote->connector->write_end(w->write);
	}
	w->write = NULL;
	for (int i = 0; i < w->nbatches; i++)
		mf_batch_free(w->batches[i]);
	w->nbatches = 0;
	w->current = NULL;
}

/* ------------------------------------------------------------------- columns */

static const MfField *
find_field(const MfCollection *collection, const char *name)
{
	for (int i = 0; i < collection->nfields; i++)
	{
		if (strcmp(collection->fields[i].name, name) == 0)
			return &collection->fields[i];
	}
	return NULL;
}

static void
no_such_field(const MfTable *table, const MfCollection *collection, const char *column, const char *field)
{
	StringInfoData names;

	initStringInfo(&names);
	for (int i = 0; i < collection->nfields; i++)
		appendStringInfo(&names, "%s%s", i ? ", " : "", collection->fields[i].name);
	ereport(ERROR,
			(errcode(ERRCODE_FDW_COLUMN_NAME_NOT_FOUND),
			 errmsg("column \"%s\" of foreign table \"%s\" has no field \"%s\" in collection \"%s\"",
					column, table->name, mf_safe_text(field), mf_safe_text(collection->name)),
			 errhint("The fields are: %s. Set the column's option \"field\" to one of them.", mf_safe_text(names.data))));
}

/* A key of the dynamic field: what its column's type would naturally be. */
static void
dynamic_field(MfField *field, const char *name, Form_pg_attribute att, int dim, bool file)
{
	MfWanted	wanted = mf_natural_kind(att->atttypid, att->atttypmod, dim);
	bool		vector = file && wanted.kind == MF_KIND_LIST && wanted.elem == MF_KIND_F32;

	memset(field, 0, sizeof(*field));
	field->name = name;
	field->native = file ? "new field" : "dynamic field";
	/* all rows of a file are as wide as the first */
	field->kind = vector ? MF_KIND_VEC_F32 : wanted.kind;
	field->elem = vector ? MF_KIND_NONE : wanted.elem;
	field->dim = wanted.dim;
	field->nullable = true;
}

static void
bind_columns(MfRowWriter *w, TupleDesc desc, const MfCollection *collection)
{
	MfWriteColumn *out = palloc0(sizeof(MfWriteColumn) * Max(desc->natts, 1));

	w->columns = palloc0(sizeof(WriteColumn) * Max(desc->natts, 1));
	for (int i = 0; i < desc->natts; i++)
	{
		Form_pg_attribute att = TupleDescAttr(desc, i);
		WriteColumn *column = &w->columns[w->ncolumns];
		const MfField *field;
		MfOptions  *options;
		const char *name;
		int			dim;

		if (att->attisdropped)
			continue;
		options = mf_column_options(w->table->relid, att->attnum);
		name = mf_field_name(options, att);
		dim = (int) mf_option_int(options, "dim", 0);
		field = find_field(collection, name);
		column->attnum = att->attnum;
		column->name = pstrdup(NameStr(att->attname));
		if (field != NULL)
			column->field = *field;
		else if (collection->dynamic)
			dynamic_field(&column->field, name, att, dim,
						  (w->table->remote->connector->capabilities & MF_IS_FILES) != 0);
		else
			no_such_field(w->table, collection, column->name, name);
		if (column->field.dim == 0 && mf_kind_is_vector(column->field.kind))
			column->field.dim = dim;
		w->ncolumns++;
		if (column->field.key)
			w->key = column;
		column->batch_column = -1;
		if (column->field.auto_id)
			continue;
		mf_writer_init(&column->writer, att->atttypid, att->atttypmod, &column->field,
					   column->name, CurrentMemoryContext);
		column->batch_column = w->spec.ncolumns;
		out[w->spec.ncolumns].column = mf_to_utf8(column->name);
		out[w->spec.ncolumns++].field = &column->field;
	}
	w->spec.columns = out;
}

/* -------------------------------------------------------------------- errors */

static MfStatus
step_flush(void *arg, MfWaitFor *wait, MfError *err)
{
	MfRowWriter *w = arg;

	return noted(w, w->table->remote->connector->write_flush(w->write, wait, err));
}

/* Learn what became of the batches in flight, as far as a while allows. */
static void
settle(MfRowWriter *w)
{
	MfError		ignored;

	for (int i = 0; w->write != NULL && i <= w->spec.max_in_flight; i++)
	{
		mf_error_reset(&ignored);
		if (mf_drive_for(w->table->remote, step_flush, w, &ignored, SETTLE_MS) != MF_ERROR)
			break;
	}
	note_counts(w);
}

/* What became of all rows so far, as a sentence. */
static char *
counts_text(MfRowWriter *w)
{
	StringInfoData buf;
	MfWriteCounts counts;
	int64		unsent;

	memset(&counts, 0, sizeof(counts));
	if (w->write != NULL)
		w->table->remote->connector->write_counts(w->write, &counts);
	unsent = w->rows - counts.acknowledged - counts.rejected - counts.unknown;
	initStringInfo(&buf);
	appendStringInfo(&buf, "Rows acknowledged: " INT64_FORMAT ", rejected: " INT64_FORMAT
					 ", unknown: " INT64_FORMAT ", not sent: " INT64_FORMAT ".",
					 counts.acknowledged, counts.rejected, counts.unknown, unsent);
	if (counts.unknown > 0 && counts.unknown_first[0])
		appendStringInfo(&buf, " The unknown are among the keys \"%s\" to \"%s\".",
						 mf_safe_text(counts.unknown_first), mf_safe_text(counts.unknown_last));
	return buf.data;
}

/* A connector's error: settle, count, raise. */
static void
fail(MfRowWriter *w, const MfError *err)
{
	MfError		kept = *err;
	MfWhere		where = mf_table_where(w->table);

	settle(w);
	where.extra = counts_text(w);
	mf_raise(&kept, &where);
}

/* PostgreSQL's own error at a row: the same, keeping the error. */
static void
fail_at_row(MfRowWriter *w, TupleTableSlot *slot, const WriteColumn *column, MemoryContext context)
{
	ErrorData  *edata;
	StringInfoData where;
	char	   *counts;

	MemoryContextSwitchTo(context);
	edata = CopyErrorData();
	if (edata->sqlerrcode == ERRCODE_QUERY_CANCELED || edata->sqlerrcode == ERRCODE_ADMIN_SHUTDOWN)
		PG_RE_THROW();
	FlushErrorState();
	settle(w);
	counts = counts_text(w);
	edata->detail = edata->detail ? psprintf("%s\n%s", edata->detail, counts) : counts;

	initStringInfo(&where);
	if (column != NULL)
		appendStringInfo(&where, "column \"%s\", ", column->name);
	appendStringInfo(&where, "row " INT64_FORMAT, w->rows + 1);
	if (w->key != NULL)
	{
		bool		isnull;
		Datum		key = slot_getattr(slot, w->key->attnum, &isnull);

		if (!isnull)
			appendStringInfo(&where, ", key \"%s\"", OidOutputFunctionCall(w->key_output, key));
	}
	appendStringInfo(&where, ", collection \"%s\", server \"%s\", foreign table \"%s\"",
					 mf_safe_text(w->table->collection), w->table->remote->server, w->table->name);
	edata->context = edata->context ? psprintf("%s\n%s", where.data, edata->context) : where.data;
	ReThrowError(edata);
}

/* ------------------------------------------------------------------- batches */

/* Rows that a batch has room for from the start; memory not used costs nothing. */
static int32
reserved_rows(MfRowWriter *w, const MfField *field)
{
	size_t		width = Max(mf_kind_width(field->kind, field->dim), 1);

	return (int32) Min((size_t) w->batch_rows, w->batch_bytes / width + 1);
}

static MfBatch *
new_batch(MfRowWriter *w)
{
	MfMem	   *mem = &w->table->remote->mem;
	MfBatch    *batch = mf_batch_new(mem, w->spec.ncolumns);
	bool		fits = batch != NULL;

	for (int i = 0; fits && i < w->spec.ncolumns; i++)
	{
		const MfField *field = w->spec.columns[i].field;

		/* whole at once: growing by doubling would leave up to half of it unused */
		fits = mf_column_init(batch, i, field->kind, field->elem, field->dim, 0) &&
			mf_column_reserve(mem, &batch->columns[i], reserved_rows(w, field));
	}
	if (!fits)
	{
		mf_batch_free(batch);
		ereport(ERROR,
				(errcode(ERRCODE_OUT_OF_MEMORY), errmsg("out of memory"),
				 errdetail("The budget of server \"%s\" is used up.", w->table->remote->server),
				 errhint("Lower batch_bytes or max_in_flight, or raise memory_limit.")));
	}
	w->batches[w->nbatches++] = batch;
	return batch;
}

static MfBatch *
free_batch(MfRowWriter *w)
{
	for (int i = 0; i < w->nbatches; i++)
	{
		if (!w->batches[i]->busy)
			return w->batches[i];
	}
	return NULL;
}

static MfStatus
step_poll(void *arg, MfWaitFor *wait, MfError *err)
{
	MfRowWriter *w = arg;

	return noted(w, w->table->remote->connector->write_poll(w->write, wait, err));
}

static MfStatus
step_submit(void *arg, MfWaitFor *wait, MfError *err)
{
	MfRowWriter *w = arg;

	return noted(w, w->table->remote->connector->write_submit(w->write, w->current, wait, err));
}

static MfStatus
step_finish(void *arg, MfWaitFor *wait, MfError *err)
{
	MfRowWriter *w = arg;

	return noted(w, w->table->remote->connector->write_finish(w->write, wait, err));
}

static void
drive_or_fail(MfRowWriter *w, MfStep step)
{
	MfError		err;

	mf_error_reset(&err);
	if (mf_drive(w->table->remote, step, w, &err) == MF_ERROR)
		fail(w, &err);
	note_counts(w);
}

/* A batch to fill: one that is free, a new one, or the first to come back. */
static void
take_batch(MfRowWriter *w)
{
	MfBatch    *batch = free_batch(w);

	if (batch == NULL && w->nbatches <= w->spec.max_in_flight)
		batch = new_batch(w);
	while (batch == NULL)
	{
		drive_or_fail(w, step_poll);
		batch = free_batch(w);
	}
	mf_batch_reset(batch);
	batch->first_row = w->rows + 1;
	w->current = batch;
}

static void
submit(MfRowWriter *w)
{
	if (w->current == NULL || w->current->nrows == 0)
		return;
	drive_or_fail(w, step_submit);
	w->current = NULL;
}

/* What has no fixed number of dimensions gets that of the first vector. */
static void
fix_dim(MfRowWriter *w, WriteColumn *column, Datum value)
{
	MfColumn   *col = &w->current->columns[column->batch_column];
	int			dim;

	if (column->field.kind == MF_KIND_VEC_BIT)
		dim = VARBITLEN(DatumGetVarBitP(value));
	else
	{
		ArrayType  *array = DatumGetArrayTypeP(value);

		dim = ArrayGetNItems(ARR_NDIM(array), ARR_DIMS(array));
	}
	column->field.dim = dim;
	if (!mf_column_init(w->current, column->batch_column, col->kind, col->elem, dim, 0) ||
		!mf_column_reserve(&w->table->remote->mem, col, reserved_rows(w, &column->field)))
		ereport(ERROR, (errcode(ERRCODE_OUT_OF_MEMORY), errmsg("out of memory")));
}

/* ----------------------------------------------------------------- interface */

MfRowWriter *
mf_writer_begin(MfTable *table, TupleDesc desc, bool row_by_row)
{
	const MfConnector *connector = table->remote->connector;
	MfRowWriter *w = palloc0(sizeof(MfRowWriter));
	const MfCollection *collection;
	MfError		err;

	w->table = table;
	w->row_by_row = row_by_row;
	w->batch_rows = row_by_row ? 1 : (int32) mf_table_int(table, "batch_size", DEFAULT_BATCH_SIZE);
	w->batch_bytes = (size_t) mf_table_int(table, "batch_bytes", DEFAULT_BATCH_BYTES);
	w->temp = AllocSetContextCreate(CurrentMemoryContext, "milvus_fdw row", ALLOCSET_DEFAULT_SIZES);
	w->ledger = mf_ledger_open(table->remote->server, table->collection);

	if (connector->capabilities & MF_IS_FILES)
		mf_check_files_role(mf_table_owner(table->relid), true);
	collection = mf_describe(table->remote, table->collection, table->options, CurrentMemoryContext);
	w->spec.size = sizeof(MfWriteSpec);
	w->spec.options = table->options;
	w->spec.collection = collection;
	w->spec.mem = &table->remote->mem;
	w->spec.max_in_flight = (int) mf_table_int(table, "max_in_flight", DEFAULT_MAX_IN_FLIGHT);
	bind_columns(w, desc, collection);
	if (w->key != NULL)
	{
		bool		varlena;

		getTypeOutputInfo(TupleDescAttr(desc, w->key->attnum - 1)->atttypid, &w->key_output, &varlena);
	}
	w->batches = palloc0(sizeof(MfBatch *) * (w->spec.max_in_flight + 1));

	w->callback.func = end_writer;
	w->callback.arg = w;
	MemoryContextRegisterResetCallback(CurrentMemoryContext, &w->callback);
	mf_error_reset(&err);
	if (connector->write_begin(table->remote->conn, &w->spec, &w->write, &err) != MF_OK)
		mf_table_raise(table, &err);
	return w;
}

static void
append_row(MfRowWriter *w, TupleTableSlot *slot)
{
	MfMem	   *mem = &w->table->remote->mem;
	MemoryContext before = MemoryContextSwitchTo(w->temp);
	WriteColumn *volatile column = NULL;

	slot_getallattrs(slot);
	PG_TRY();
	{
		for (int i = 0; i < w->ncolumns; i++)
		{
			int			n = w->columns[i].attnum - 1;

			column = &w->columns[i];
			if (column->field.dim == 0 && column->batch_column >= 0 && !slot->tts_isnull[n] &&
				mf_kind_is_vector(column->field.kind))
				fix_dim(w, column, slot->tts_values[n]);
			if (column->batch_column >= 0)
				mf_write_value(&column->writer, mem, &w->current->columns[column->batch_column],
							   slot->tts_values[n], slot->tts_isnull[n]);
			else if (!slot->tts_isnull[n])
				ereport(ERROR,
						(errcode(ERRCODE_GENERATED_ALWAYS),
						 errmsg("cannot insert a value into field \"%s\"", mf_safe_text(column->field.name)),
						 errdetail("The remote makes the value itself (auto id)."),
						 errhint("Leave the column out.")));
		}
	}
	PG_CATCH();
	{
		fail_at_row(w, slot, column, w->temp);
	}
	PG_END_TRY();
	MemoryContextSwitchTo(before);
	MemoryContextReset(w->temp);
	w->current->nrows++;
	w->rows++;
}

void
mf_writer_row(MfRowWriter *w, TupleTableSlot *slot)
{
	CHECK_FOR_INTERRUPTS();
	if (w->current != NULL &&
		(w->current->nrows >= w->batch_rows || mf_batch_bytes(w->current) >= w->batch_bytes))
		submit(w);
	if (w->current == NULL)
		take_batch(w);
	append_row(w, slot);
	if (w->row_by_row)
	{
		submit(w);
		drive_or_fail(w, step_flush);
	}
}

void
mf_writer_finish(MfRowWriter *w)
{
	if (w->write == NULL)
		return;
	submit(w);
	drive_or_fail(w, step_flush);
	if (MF_HAS(w->table->remote->connector, write_finish))
		drive_or_fail(w, step_finish);
	end_writer(w);
}
