/*
 * writer_fail.c - What became of the rows before an error?
 *
 * Nothing is sent after an error, but what is in flight is waited for a while,
 * so that the message can say what the remote has, has not, and may have.
 */
#include "writer_internal.h"

#include "lib/stringinfo.h"
#include "utils/builtins.h"

/* How long an error waits for the answers to what is already in flight. */
#define SETTLE_MS 10000

void
mf_writer_note(MfRowWriter *w)
{
	MfWriteCounts counts;

	if (w->write == NULL)
		return;
	memset(&counts, 0, sizeof(counts));
	w->calls.counts(w->write, &counts);
	if (counts.acknowledged != w->ledger->acknowledged)
		w->table->remote->progress++;
	w->ledger->acknowledged = counts.acknowledged;
	w->ledger->unknown = counts.unknown;
	w->counts = counts;
}

MfStatus
mf_writer_noted(MfRowWriter *w, MfStatus status)
{
	if (status == MF_ERROR)
		mf_writer_note(w);
	return status;
}

MfStatus
mf_writer_step_flush(void *arg, MfWaitFor *wait, MfError *err)
{
	MfRowWriter *w = arg;

	return mf_writer_noted(w, w->calls.flush(w->write, wait, err));
}

/* Learn what became of the batches in flight, as far as a while allows. */
static void
settle(MfRowWriter *w)
{
	MfError		ignored;

	if (w->write != NULL && w->calls.stop != NULL)
		w->calls.stop(w->write);
	for (int i = 0; w->write != NULL && i <= w->spec.max_in_flight; i++)
	{
		mf_error_reset(&ignored);
		if (mf_drive_for(w->table->remote, mf_writer_step_flush, w, &ignored, SETTLE_MS) != MF_ERROR)
			break;
	}
	mf_writer_note(w);
}

/* What became of all rows so far, as a sentence. */
static char *
counts_text(MfRowWriter *w)
{
	bool		deletes = w->spec.op == MF_WRITE_DELETE;
	StringInfoData buf;
	MfWriteCounts counts;
	int64		unsent;

	memset(&counts, 0, sizeof(counts));
	if (w->write != NULL)
		w->calls.counts(w->write, &counts);
	unsent = w->rows - counts.acknowledged - counts.rejected - counts.unknown;
	initStringInfo(&buf);
	appendStringInfo(&buf, "Rows %s: " INT64_FORMAT ", rejected: " INT64_FORMAT
					 ", unknown: " INT64_FORMAT ", not sent: " INT64_FORMAT ".",
					 deletes ? "deleted" : "acknowledged",
					 counts.acknowledged, counts.rejected, counts.unknown, unsent);
	if (counts.unknown > 0 && counts.unknown_first[0])
		appendStringInfo(&buf, " The unknown are among the keys \"%s\" to \"%s\".",
						 mf_safe_text(counts.unknown_first), mf_safe_text(counts.unknown_last));
	return buf.data;
}

void
mf_writer_fail(MfRowWriter *w, const MfError *err)
{
	MfError		kept = *err;
	MfWhere		where = mf_table_where(w->table);

	settle(w);
	where.extra = counts_text(w);
	mf_raise(&kept, &where);
}

/* Which column, row and key it is about. */
static char *
row_text(MfRowWriter *w, const MfWriterColumn *column)
{
	StringInfoData where;

	initStringInfo(&where);
	if (column != NULL)
		appendStringInfo(&where, "column \"%s\", ", column->name);
	appendStringInfo(&where, "row " INT64_FORMAT, w->rows + 1);
	if (w->key != NULL && !w->isnull[w->key->attnum - 1])
		appendStringInfo(&where, ", key \"%s\"",
						 OidOutputFunctionCall(w->key_output, w->values[w->key->attnum - 1]));
	appendStringInfo(&where, ", collection \"%s\", server \"%s\", foreign table \"%s\"",
					 mf_safe_text(w->table->collection), w->table->remote->server, w->table->name);
	return where.data;
}

void
mf_writer_fail_at_row(MfRowWriter *w, const MfWriterColumn *column, MemoryContext context)
{
	ErrorData  *edata;
	char	   *counts;
	char	   *where;

	MemoryContextSwitchTo(context);
	edata = CopyErrorData();
	if (edata->sqlerrcode == ERRCODE_QUERY_CANCELED || edata->sqlerrcode == ERRCODE_ADMIN_SHUTDOWN)
		PG_RE_THROW();
	FlushErrorState();
	settle(w);
	counts = counts_text(w);
	edata->detail = edata->detail ? psprintf("%s\n%s", edata->detail, counts) : counts;
	if (w->write != NULL && w->calls.advice != NULL && w->calls.advice(w->write) != NULL)
		edata->hint = w->calls.advice(w->write);
	where = row_text(w, column);
	edata->context = edata->context ? psprintf("%s\n%s", where, edata->context) : where;
	ReThrowError(edata);
	pg_unreachable();
}
