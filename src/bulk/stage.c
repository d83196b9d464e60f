/*
 * stage.c - How does a query become files in a store?
 *
 * It runs with the caller's own rights, one row at a time through a receiver of
 * ours, so memory holds one batch and the parts under way, whatever it returns.
 */
#include "stage.h"

#include "executor/spi.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "src/sqlfn/remote.h"
#include "tcop/dest.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/regproc.h"
#include "utils/timestamp.h"
#include "utils/tuplestore.h"

PG_FUNCTION_INFO_V1(milvus_fdw_stage);
PG_FUNCTION_INFO_V1(milvus_fdw_stage_table);

#define DEFAULT_FILE_BYTES (INT64CONST(256) * 1024 * 1024)
#define MOST_BATCH_ROWS (1024 * 1024)

typedef struct Receiver
{
	DestReceiver base;
	MfStaging  *s;
	Oid			relid;
	TupleDesc	desc;
} Receiver;

/* Which row and column an error belongs to. */
static void
staging_context(void *arg)
{
	MfStaging  *s = arg;

	if (s->at_column >= 0)
		errcontext("column \"%s\", row " INT64_FORMAT " of the staged query",
				   mf_safe_text(s->fields[s->at_column].name), s->rows + 1);
}

/* -------------------------------------------------------------------- the rows */

static void
receive_startup(DestReceiver *self, int operation, TupleDesc desc)
{
	((Receiver *) self)->desc = desc;
}

static void
add_row(MfStaging *s, TupleTableSlot *slot)
{
	MemoryContext before = MemoryContextSwitchTo(s->temp);
	ErrorContextCallback context = {error_context_stack, staging_context, s};
	size_t		limit = Min(s->format->batch_bytes, (size_t) s->file_bytes);

	slot_getallattrs(slot);
	error_context_stack = &context;
	for (int i = 0; i < s->spec.ncolumns; i++)
	{
		int			n = s->attnums[i] - 1;

		s->at_column = i;
		mf_write_value(&s->writers[i], &s->remote->mem, &s->batch->columns[i], slot->tts_values[n], slot->tts_isnull[n]);
	}
	s->at_column = -1;
	error_context_stack = context.previous;
	MemoryContextSwitchTo(before);
	MemoryContextReset(s->temp);
	s->batch->nrows++;
	s->rows++;
	if (s->batch->nrows >= MOST_BATCH_ROWS || mf_batch_bytes(s->batch) >= limit)
		mf_stage_flush(s);
}

static bool
receive_row(TupleTableSlot *slot, DestReceiver *self)
{
	Receiver   *receiver = (Receiver *) self;

	if (!receiver->s->bound)
		mf_stage_bind(receiver->s, receiver->desc, slot, receiver->relid);
	add_row(receiver->s, slot);
	return true;
}

static void
receive_nothing(DestReceiver *self)
{
}

/* ----------------------------------------------------------------- the command */

static void
end_staging(void *arg)
{
	mf_stage_abandon(arg);
}

const MfFormat *
mf_stage_format(const char *name)
{
	const MfFormat *format = mf_format_by_name(name);

	if (format == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("unknown format \"%s\"", mf_safe_text(name)),
				 errhint("Formats are parquet, numpy and json.")));
	return format;
}

static MfCodec
compression_of(const MfFormat *format, const char *name)
{
	MfCodec		codec = format->compresses ? MF_CODEC_ZSTD : MF_CODEC_NONE;

	if (name != NULL && !mf_codec_by_name(format, name, &codec))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("format \"%s\" has no compression \"%s\"", format->name, mf_safe_text(name)),
				 errhint("Parquet has zstd, snappy and none, the other formats none.")));
	return codec;
}

/* Sorted by time, and unlike any other. */
static void
name_job(MfStaging *s)
{
	TimestampTz now = GetCurrentTimestamp();
	pg_time_t	t = timestamptz_to_time_t(now);
	struct pg_tm *tm = pg_gmtime(&t);
	uint32		random;

	if (!pg_strong_random(&random, sizeof(random)))
		ereport(ERROR, (errcode(ERRCODE_INTERNAL_ERROR), errmsg("could not generate a random number")));
	snprintf(s->job, sizeof(s->job), "stage-%04d%02d%02d-%02d%02d%02d-%08x", tm->tm_year + 1900, tm->tm_mon + 1,
			 tm->tm_mday, tm->tm_hour, tm->tm_min, tm->tm_sec, random);
	mf_iso_time(s->created, now + (int64) (POSTGRES_EPOCH_JDATE - UNIX_EPOCH_JDATE) * USECS_PER_DAY, false);
}

bool
mf_stage_is_job(const char *name)
{
	static const char form[] = "stage-00000000-000000-xxxxxxxx";

	if (strlen(name) != sizeof(form) - 1)
		return false;
	for (int i = 0; form[i] != '\0'; i++)
	{
		bool		digit = name[i] >= '0' && name[i] <= '9';

		if (form[i] == '0' ? !digit : form[i] == 'x' ? !digit && (name[i] < 'a' || name[i] > 'f') : name[i] != form[i])
			return false;
	}
	return true;
}

int64
mf_stage_file_bytes(const MfRemote *store)
{
	return mf_option_int(store->options, "stage_file_bytes", DEFAULT_FILE_BYTES);
}

MfStaging *
mf_stage_new(MfRemote *store, const MfFormat *format, MfCodec codec, int64 file_bytes)
{
	MemoryContext context = AllocSetContextCreate(CurrentMemoryContext, "milvus_fdw stage", ALLOCSET_DEFAULT_SIZES);
	MfStaging  *s = MemoryContextAllocZero(context, sizeof(MfStaging));

	s->remote = store;
	s->context = context;
	s->temp = AllocSetContextCreate(context, "milvus_fdw stage row", ALLOCSET_DEFAULT_SIZES);
	s->at_column = -1;
	s->format = format;
	s->spec.codec = codec;
	s->spec.mem = &store->mem;
	s->file_bytes = file_bytes > 0 ? file_bytes : mf_stage_file_bytes(store);
	name_job(s);
	s->callback.func = end_staging;
	s->callback.arg = s;
	MemoryContextRegisterResetCallback(context, &s->callback);
	return s;
}

static MfStaging *
begin_staging(FunctionCallInfo fcinfo)
{
	MfRemote   *store = mf_store_server(PG_GETARG_NAME(1));
	const MfFormat *format = mf_stage_format(PG_ARGISNULL(2) ? "parquet" : mf_sql_text_arg(fcinfo, 2));
	MfCodec		codec = compression_of(format, mf_sql_text_arg(fcinfo, 3));

	if (!PG_ARGISNULL(4) && PG_GETARG_INT64(4) < 1024)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("file_bytes must be at least 1024")));
	return mf_stage_new(store, format, codec, PG_ARGISNULL(4) ? 0 : PG_GETARG_INT64(4));
}

static void
run_query(MfStaging *s, const char *query, Oid relid)
{
	Receiver	receiver = {.base = {receive_row, receive_startup, receive_nothing, receive_nothing, DestTuplestore},.s = s,.relid = relid};
	SPIExecuteOptions options = {.read_only = false,.must_return_tuples = true,.dest = &receiver.base};
	SPIPlanPtr	plan;

	SPI_connect();
	plan = SPI_prepare(query, 0, NULL);
	if (plan == NULL || list_length(SPI_plan_get_plan_sources(plan)) != 1 || !SPI_is_cursor_plan(plan))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("not one query that returns rows"),
				 errhint("Give one SELECT, or a table as 'name'::regclass.")));
	if (SPI_execute_plan_extended(plan, &options) < 0)
		elog(ERROR, "could not run the query: %s", SPI_result_code_string(SPI_result));
	if (!s->bound)
		mf_stage_bind(s, receiver.desc, NULL, relid);
	mf_stage_finish(s);
	SPI_finish();
}

static void
show_files(MfStaging *s, ReturnSetInfo *result)
{
	char	   *manifest = psprintf("%s/" MF_MANIFEST_FILE, s->job);
	ListCell   *lc;

	foreach(lc, s->files)
	{
		MfStagedFile *file = lfirst(lc);
		Datum		values[5];
		bool		nulls[5] = {false};

		values[0] = CStringGetTextDatum(manifest);
		values[1] = CStringGetTextDatum(mf_safe_text(file->name));
		values[2] = Int64GetDatum(file->rows);
		values[3] = Int64GetDatum(file->bytes);
		values[4] = CStringGetTextDatum(file->checksum);
		tuplestore_putvalues(result->setResult, result->setDesc, values, nulls);
	}
}

static Datum
stage(FunctionCallInfo fcinfo, const char *query, Oid relid)
{
	MfStaging  *s;

	InitMaterializedSRF(fcinfo, 0);
	s = begin_staging(fcinfo);
	run_query(s, query, relid);
	show_files(s, (ReturnSetInfo *) fcinfo->resultinfo);
	MemoryContextDelete(s->context);
	return (Datum) 0;
}

static void
require_arguments(FunctionCallInfo fcinfo)
{
	if (PG_ARGISNULL(0) || PG_ARGISNULL(1))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED), errmsg("query and store must not be null")));
	mf_sql_prevent_read_only("stage()");
}

/* stage(query text, store name, format text, compression text, file_bytes bigint) */
Datum
milvus_fdw_stage(PG_FUNCTION_ARGS)
{
	require_arguments(fcinfo);
	return stage(fcinfo, text_to_cstring(PG_GETARG_TEXT_PP(0)), InvalidOid);
}

/* The same of a table. */
Datum
milvus_fdw_stage_table(PG_FUNCTION_ARGS)
{
	Oid			relid;
	char	   *name;

	require_arguments(fcinfo);
	relid = PG_GETARG_OID(0);
	name = get_rel_name(relid);
	if (name == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_TABLE), errmsg("relation with OID %u does not exist", relid)));
	name = quote_qualified_identifier(get_namespace_name(get_rel_namespace(relid)), name);
	return stage(fcinfo, psprintf("SELECT * FROM %s", name), relid);
}
