/*
 * writer.c - How do rows reach a remote, whoever writes them?
 *
 * A small pool of batches: one is being filled, the others are in flight.  A
 * batch closes by rows or by bytes, and is handed over when the next row comes
 * (so a view's check of the last row still prevents it from being sent).
 *
 * Batches in flight may arrive in any order.  Of two rows of one key that are
 * upserted the last must win, so the second waits until the first is settled.
 */
#include "writer_internal.h"

#include "src/bulk/bulk_write.h"

#include "catalog/pg_type.h"
#include "miscadmin.h"
#include "utils/array.h"
#include "utils/datum.h"
#include "utils/lsyscache.h"
#include "utils/varbit.h"

#define DEFAULT_BATCH_SIZE 5000
#define DEFAULT_BATCH_BYTES (16 * 1024 * 1024)
#define DEFAULT_MAX_IN_FLIGHT 4

static void
end_writer(void *arg)
{
	MfRowWriter *w = arg;

	if (w->write != NULL)
	{
		mf_writer_note(w);
		w->calls.end(w->write);
	}
	w->write = NULL;
	if (w->ledger != NULL)
		mf_ledger_close(w->ledger);
	w->ledger = NULL;
	for (int i = 0; i < w->nbatches; i++)
		mf_batch_free(w->batches[i]);
	w->nbatches = 0;
	w->current = NULL;
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
				 w->bulk ? errhint("Lower stage_file_bytes, or raise memory_limit.") :
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

	return mf_writer_noted(w, w->calls.poll(w->write, wait, err));
}

static MfStatus
step_submit(void *arg, MfWaitFor *wait, MfError *err)
{
	MfRowWriter *w = arg;

	return mf_writer_noted(w, w->calls.submit(w->write, w->current, wait, err));
}

static MfStatus
step_finish(void *arg, MfWaitFor *wait, MfError *err)
{
	MfRowWriter *w = arg;

	return mf_writer_noted(w, w->calls.finish(w->write, wait, err));
}

static void
drive_or_fail(MfRowWriter *w, MfStep step)
{
	uint64		waited = mf_waited_us();
	MfError		err;

	mf_error_reset(&err);
	if (mf_drive_write(w->table->remote, step, w, &err) == MF_ERROR)
		mf_writer_fail(w, &err);
	w->waited_us += mf_waited_us() - waited;
	mf_writer_note(w);
}

/* Rows before this one are settled. */
static int64
oldest_row(MfRowWriter *w)
{
	int64		oldest = w->current != NULL ? w->current->first_row : w->rows + 1;

	for (int i = 0; i < w->nbatches; i++)
	{
		if (w->batches[i]->busy)
			oldest = Min(oldest, w->batches[i]->first_row);
	}
	return oldest;
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
	if (w->in_flight != NULL)
	{
		w->oldest = oldest_row(w);
		mf_key_set_trim(w->in_flight, w->oldest, (uint32) (w->rows + w->batch_rows - w->oldest));
	}
}

static void
submit(MfRowWriter *w)
{
	if (w->current == NULL || w->current->nrows == 0)
		return;
	drive_or_fail(w, step_submit);
	w->current = NULL;
	w->submitted++;
}

/* What has no fixed number of dimensions gets that of the first vector. */
static void
fix_dim(MfRowWriter *w, MfWriterColumn *column, Datum value)
{
	MfColumn   *col = &w->current->columns[column->batch_column];
	int			dim;

	if (column->field.kind == MF_KIND_VEC_BIT)
		dim = VARBITLEN(DatumGetVarBitP(value));
	else if (OidIsValid(get_element_type(column->writer.type)))
	{
		ArrayType  *array = DatumGetArrayTypeP(value);

		dim = ArrayGetNItems(ARR_NDIM(array), ARR_DIMS(array));
	}
	else
		return;
	column->field.dim = dim;
	if (!mf_column_init(w->current, column->batch_column, col->kind, col->elem, dim, 0) ||
		!mf_column_reserve(&w->table->remote->mem, col, reserved_rows(w, &column->field)))
		ereport(ERROR, (errcode(ERRCODE_OUT_OF_MEMORY), errmsg("out of memory")));
}

/* -------------------------------------------------------------------- begin */

static void
begin_connector(MfRowWriter *w)
{
	const MfConnector *connector = w->table->remote->connector;
	MfError		err;

	w->calls = (MfWriteCalls) {
		.submit = connector->write_submit,.poll = connector->write_poll,.flush = connector->write_flush,
		.counts = connector->write_counts,.end = connector->write_end,
		.keys = MF_HAS(connector, write_keys) ? connector->write_keys : NULL,
		.stop = MF_HAS(connector, write_stop) ? connector->write_stop : NULL,
		.finish = MF_HAS(connector, write_finish) ? connector->write_finish : NULL,
	};
	mf_error_reset(&err);
	if (connector->write_begin(w->table->remote->conn, &w->spec, &w->write, &err) != MF_OK)
		mf_table_raise(w->table, &err);
}

/* Bytes of a row, at least: of a text, or a list, where it begins. */
static size_t
row_bytes(const MfRowWriter *w)
{
	size_t		sum = 0;

	for (int i = 0; i < w->spec.ncolumns; i++)
	{
		const MfField *field = w->spec.columns[i].field;

		sum += Max(mf_kind_width(field->kind, field->dim), sizeof(int64));
	}
	return Max(sum, 1);
}

/*
 * A batch is taken at once, so two are never needed.  Its columns together have
 * room for as many bytes as it may hold, however many they are.
 */
static void
begin_bulk(MfRowWriter *w)
{
	w->calls = mf_bulk_calls;
	w->bulk = true;
	w->spec.max_in_flight = 1;
	mf_bulk_begin(w->table, &w->spec, w->row_by_row, w->ledger, &w->write);
	mf_bulk_batch_size(w->write, &w->batch_rows, &w->batch_bytes);
	w->batch_rows = (int32) Min((size_t) w->batch_rows, w->batch_bytes / row_bytes(w) + 1);
	w->bulk_stats = mf_bulk_stats(w->write);
}

MfRowWriter *
mf_writer_begin(MfTable *table, const MfWriterJob *job)
{
	const MfConnector *connector = table->remote->connector;
	MfRowWriter *w = palloc0(sizeof(MfRowWriter));

	w->table = table;
	w->desc = job->desc;
	w->row_by_row = job->row_by_row;
	w->batch_rows = w->row_by_row ? 1 : (int32) mf_table_int(table, "batch_size", DEFAULT_BATCH_SIZE);
	w->batch_bytes = (size_t) mf_table_int(table, "batch_bytes", DEFAULT_BATCH_BYTES);
	w->temp = AllocSetContextCreate(CurrentMemoryContext, "milvus_fdw row", ALLOCSET_DEFAULT_SIZES);
	w->ledger = mf_ledger_open(table->remote->server, table->collection,
							   job->op == MF_WRITE_DELETE ? MF_LEDGER_DELETED : MF_LEDGER_WRITTEN);

	if (connector->capabilities & MF_IS_FILES)
		mf_check_files_role(mf_table_owner(table->relid), true);
	w->spec.size = sizeof(MfWriteSpec);
	w->spec.op = job->op;
	w->spec.options = table->options;
	w->spec.collection = mf_describe(table->remote, table->collection, table->options, CurrentMemoryContext);
	w->spec.mem = &table->remote->mem;
	w->spec.max_in_flight = (int) mf_table_int(table, "max_in_flight", DEFAULT_MAX_IN_FLIGHT);
	mf_writer_bind(w, job);
	w->batches = palloc0(sizeof(MfBatch *) * (w->spec.max_in_flight + 1));
	w->key_values = palloc0(sizeof(Datum) * Max(w->desc->natts, 1));
	w->key_isnull = palloc0(sizeof(bool) * Max(w->desc->natts, 1));
	if (job->op == MF_WRITE_UPSERT && !w->row_by_row)
	{
		Oid			type = getBaseType(w->key_type);

		w->in_flight = mf_key_set_new(type);
		w->ascending = type == INT2OID || type == INT4OID || type == INT8OID;
		w->last_key = PG_INT64_MIN;
	}

	w->callback.func = end_writer;
	w->callback.arg = w;
	MemoryContextRegisterResetCallback(CurrentMemoryContext, &w->callback);
	if (job->op == MF_WRITE_INSERT && mf_bulk_wanted(table))
		begin_bulk(w);
	else
		begin_connector(w);
	return w;
}

AttrNumber
mf_writer_key(const MfRowWriter *w)
{
	return w->key != NULL ? w->key->attnum : InvalidAttrNumber;
}

bool
mf_writer_is_of(const MfRowWriter *w, const MfConnector *connector, const char *collection)
{
	return w->table->remote->connector == connector &&
		(collection == NULL || strcmp(w->spec.collection->name, collection) == 0);
}

bool
mf_writer_makes_keys(const MfRowWriter *w)
{
	return w->key != NULL && w->key->batch_column < 0;
}

void
mf_writer_go_row_by_row(MfRowWriter *w)
{
	if (w->bulk)
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("write_mode 'bulk' of foreign table \"%s\" cannot return keys that the remote makes", w->table->name)));
	w->row_by_row = true;
	w->batch_rows = 1;
	w->in_flight = NULL;
}

/* --------------------------------------------------------------------- rows */

/* A row that was read keeps its key: the remote knows it by nothing else. */
static void
check_old_key(MfRowWriter *w)
{
	int			n = w->key->attnum - 1;
	Form_pg_attribute att = TupleDescAttr(w->desc, n);

	if (!w->isnull[n] && datum_image_eq(*w->old_key, w->values[n], att->attbyval, att->attlen))
		return;
	ereport(ERROR,
			(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
			 errmsg("cannot change the key of a row"),
			 errdetail("Key \"%s\" would become %s%s%s.", OidOutputFunctionCall(w->key_output, *w->old_key),
					   w->isnull[n] ? "" : "\"",
					   w->isnull[n] ? "NULL" : OidOutputFunctionCall(w->key_output, w->values[n]),
					   w->isnull[n] ? "" : "\""),
			 errhint("Delete the row and insert it under its new key.")));
}

static void
put_value(MfRowWriter *w, const MfWriterColumn *column)
{
	int			n = column->attnum - 1;

	if (column->field.dim == 0 && column->batch_column >= 0 && !w->isnull[n] &&
		mf_kind_is_vector(column->field.kind))
		fix_dim(w, (MfWriterColumn *) column, w->values[n]);
	if (column->batch_column >= 0)
		mf_write_value((MfWriter *) &column->writer, &w->table->remote->mem,
					   &w->current->columns[column->batch_column], w->values[n], w->isnull[n]);
	else if (!w->isnull[n])
		ereport(ERROR,
				(errcode(ERRCODE_GENERATED_ALWAYS),
				 errmsg("cannot insert a value into field \"%s\"", mf_safe_text(column->field.name)),
				 errdetail("The remote makes the value itself (auto id)."),
				 errhint("Leave the column out.")));
}

static void
append_row(MfRowWriter *w)
{
	MemoryContext before = MemoryContextSwitchTo(w->temp);
	const MfWriterColumn *volatile column = NULL;

	PG_TRY();
	{
		if (w->old_key != NULL)
		{
			column = w->key;
			check_old_key(w);
		}
		for (int i = 0; i < w->ncolumns; i++)
		{
			column = &w->columns[i];
			put_value(w, column);
		}
	}
	PG_CATCH();
	{
		mf_writer_fail_at_row(w, column, w->temp);
	}
	PG_END_TRY();
	MemoryContextSwitchTo(before);
	MemoryContextReset(w->temp);
	w->current->nrows++;
	w->rows++;
}

/* Everything is settled: no key is in flight. */
static void
settle_keys(MfRowWriter *w)
{
	mf_writer_flush(w);
	take_batch(w);
}

/* Integers that only rise need not be remembered, as long as they do. */
static bool
is_rising(MfRowWriter *w, int64 key)
{
	if (!w->ascending)
		return false;
	if (key > w->last_key)
	{
		w->last_key = key;
		return true;
	}
	w->ascending = false;
	settle_keys(w);
	return false;
}

/* Not before a row of the same key is settled. */
static void
wait_for_key(MfRowWriter *w)
{
	int			n = w->key->attnum - 1;
	int64		row = w->rows + 1;

	if (w->isnull[n] || is_rising(w, (int64) w->values[n]) ||
		mf_key_set_add(w->in_flight, w->values[n], row, w->oldest))
		return;
	w->oldest = oldest_row(w);
	if (mf_key_set_add(w->in_flight, w->values[n], row, w->oldest))
		return;
	settle_keys(w);
	(void) mf_key_set_add(w->in_flight, w->values[n], row, row);
}

static void
write_row(MfRowWriter *w, const Datum *values, const bool *isnull)
{
	CHECK_FOR_INTERRUPTS();
	w->values = values;
	w->isnull = isnull;
	if (w->current != NULL &&
		(w->current->nrows >= w->batch_rows || mf_batch_bytes(w->current) >= w->batch_bytes))
		submit(w);
	if (w->current == NULL)
		take_batch(w);
	if (w->in_flight != NULL)
		wait_for_key(w);
	append_row(w);
	if (w->row_by_row)
		mf_writer_flush(w);
}

void
mf_writer_row(MfRowWriter *w, TupleTableSlot *slot)
{
	slot_getallattrs(slot);
	write_row(w, slot->tts_values, slot->tts_isnull);
}

void
mf_writer_update(MfRowWriter *w, TupleTableSlot *slot, Datum key, bool isnull)
{
	w->old_key = isnull ? NULL : &key;
	mf_writer_row(w, slot);
	w->old_key = NULL;
}

void
mf_writer_delete(MfRowWriter *w, Datum key, bool isnull)
{
	w->key_values[w->key->attnum - 1] = key;
	w->key_isnull[w->key->attnum - 1] = isnull;
	write_row(w, w->key_values, w->key_isnull);
}

bool
mf_writer_made_key(MfRowWriter *w, Datum *key)
{
	const MfColumn *made = NULL;
	bool		isnull = true;

	if (mf_writer_makes_keys(w) && w->calls.keys != NULL)
		made = w->calls.keys(w->write);
	if (made != NULL && made->nrows > 0)
		*key = mf_read_value(&w->key_reader, (MfColumn *) made, made->nrows - 1, &isnull);
	return !isnull;
}

void
mf_writer_flush(MfRowWriter *w)
{
	if (w->write == NULL)
		return;
	submit(w);
	drive_or_fail(w, mf_writer_step_flush);
}

void
mf_writer_finish(MfRowWriter *w)
{
	mf_writer_flush(w);
	if (w->write != NULL && w->calls.finish != NULL)
		drive_or_fail(w, step_finish);
	end_writer(w);
}

void
mf_writer_stats(const MfRowWriter *w, MfWriteCounts *counts, int64 *batches, uint64 *waited_us)
{
	*counts = w->counts;
	*batches = w->submitted;
	*waited_us = w->waited_us;
}

const MfBulkStats *
mf_writer_bulk_stats(const MfRowWriter *w)
{
	return w->bulk ? w->bulk_stats : NULL;
}
