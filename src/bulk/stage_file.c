/*
 * stage_file.c - How do batches become files of bounded size in a store?
 *
 * A part is one file, or one for each column.  Where a file's beginning is known
 * only at its end, and its store cannot change what was sent, it is collected in
 * a temporary file of PostgreSQL first (which temp_file_limit bounds).
 */
#include "stage.h"

#include "commands/tablespace.h"
#include "miscadmin.h"

#define SPOOL_BYTES (256 * 1024)

static void
fail(MfStaging *s, const MfError *err)
{
	mf_raise(err, &(MfWhere) {.remote = s->remote});
}

/* ------------------------------------------------------------------ the store */

typedef struct Writing
{
	MfRemote   *remote;
	MfPut	   *put;
	const char *data;
	size_t		len;
	size_t		taken;
	int64		parts;
} Writing;

/* The store took a part: what fails now is another failure than before. */
static void
note_progress(Writing *w)
{
	if (mf_put_parts(w->put) != w->parts)
		w->remote->progress++;
	w->parts = mf_put_parts(w->put);
}

static MfStatus
step_data(void *arg, MfWaitFor *wait, MfError *err)
{
	Writing    *w = arg;
	MfStatus	status = mf_put_data(w->put, w->data, w->len, &w->taken, wait, err);

	note_progress(w);
	return status;
}

static MfStatus
step_finish(void *arg, MfWaitFor *wait, MfError *err)
{
	Writing    *w = arg;
	MfStatus	status = mf_put_finish(w->put, wait, err);

	note_progress(w);
	return status;
}

static void
write_put(MfRemote *remote, MfPut *put, const char *data, size_t len)
{
	Writing		w = {.remote = remote,.put = put,.data = data,.len = len,.parts = mf_put_parts(put)};
	MfError		err;

	mf_error_reset(&err);
	if (mf_drive_write(remote, step_data, &w, &err) == MF_ERROR)
		mf_raise(&err, &(MfWhere) {.remote = remote});
}

static void
finish_put(MfRemote *remote, MfPut *put)
{
	Writing		w = {.remote = remote,.put = put,.parts = mf_put_parts(put)};
	MfError		err;

	mf_error_reset(&err);
	if (mf_drive_write(remote, step_finish, &w, &err) == MF_ERROR)
		mf_raise(&err, &(MfWhere) {.remote = remote});
}

static MfPut *
begin_put(MfStaging *s, MfStageStream *stream)
{
	MfError		err;

	mf_error_reset(&err);
	if (mf_put_begin(s->remote->conn, stream->name, s->format->content_type, &stream->put, &err) != MF_OK)
		fail(s, &err);
	return stream->put;
}

static void
end_put(void *arg)
{
	mf_put_end(arg);
}

void
mf_store_put(MfRemote *remote, const char *name, const char *data, size_t len, MemoryContext owner)
{
	MemoryContext context = AllocSetContextCreate(owner, "milvus_fdw file", ALLOCSET_SMALL_SIZES);
	MemoryContextCallback *callback = MemoryContextAllocZero(context, sizeof(MemoryContextCallback));
	MfPut	   *put;
	MfStatus	status;
	MfError		err;

	mf_error_reset(&err);
	status = mf_put_begin(remote->conn, name, "application/json", &put, &err);
	callback->func = end_put;
	callback->arg = put;
	MemoryContextRegisterResetCallback(context, callback);
	if (status != MF_OK)
		mf_raise(&err, &(MfWhere) {.remote = remote});
	write_put(remote, put, data, len);
	finish_put(remote, put);
	MemoryContextDelete(context);
}

void
mf_store_put_text(MfRemote *remote, const char *name, MfBytes *text, MemoryContext owner)
{
	char	   *copy = text->failed ? NULL : MemoryContextAlloc(owner, text->len + 1);
	size_t		len = text->len;

	/* an error of the store must not leave it behind */
	if (copy != NULL)
		memcpy(copy, text->data, len);
	mf_free(text->mem, text->data);
	text->data = NULL;
	if (copy == NULL)
		ereport(ERROR, (errcode(ERRCODE_OUT_OF_MEMORY), errmsg("out of memory")));
	mf_store_put(remote, name, copy, len, owner);
	pfree(copy);
}

/* --------------------------------------------------------------------- a part */

static bool
is_spooled(const MfStaging *s, int stream)
{
	return s->format->file_per_column &&
		(s->format->expands(s->encoder, stream) || !mf_store_can_patch(s->remote->conn));
}

static char *
stream_name(const MfStaging *s, int stream)
{
	if (s->format->file_per_column)
		return psprintf("%s/%06d/%s%s", s->job, s->part, s->spec.columns[stream].name, s->format->suffix);
	return psprintf("%s/%06d%s", s->job, s->part, s->format->suffix);
}

static void
put_some(MfStaging *s, MfStageStream *stream, const char *data, size_t len)
{
	if (stream->spool != NULL)
		BufFileWrite(stream->spool, (void *) data, len);
	else if (len > 0)
		write_put(s->remote, stream->put, data, len);
}

static void
put_bytes(MfStaging *s, MfStageStream *stream, const MfPiece *piece)
{
	put_some(s, stream, piece->data, piece->len);
	put_some(s, stream, piece->tail, piece->tail_len);
}

static void
open_part(MfStaging *s)
{
	MemoryContext before = MemoryContextSwitchTo(s->context);
	MfPiece		piece = {0};
	MfError		err;

	if (!s->started)
	{
		s->started = true;
		mf_manifest_write(s);
	}
	s->part++;
	s->nstreams = s->format->file_per_column ? s->spec.ncolumns : 1;
	if (s->streams == NULL)
		s->streams = palloc0(sizeof(MfStageStream) * s->nstreams);
	s->open = true;
	mf_error_reset(&err);
	if (s->format->file_begin(s->encoder, &piece, &err) != MF_OK)
		fail(s, &err);
	for (int i = 0; i < s->nstreams; i++)
	{
		MfStageStream *stream = &s->streams[i];

		stream->name = stream_name(s, i);
		if (is_spooled(s, i))
		{
			PrepareTempTablespaces();
			stream->spool = BufFileCreateTemp(false);
			continue;
		}
		begin_put(s, stream);
		put_bytes(s, stream, &piece);
	}
	MemoryContextSwitchTo(before);
}

/* From the temporary file into the store, cells as wide as they have to be. */
static void
unspool(MfStaging *s, int n, char *buffer)
{
	MfStageStream *stream = &s->streams[n];
	bool		expands = s->format->expands(s->encoder, n);
	size_t		room = SPOOL_BYTES;
	size_t		have = 0;
	MfPiece		piece = {0};
	MfError		err;

	mf_error_reset(&err);
	if (BufFileSeek(stream->spool, 0, 0, SEEK_SET) != 0)
		ereport(ERROR, (errcode_for_file_access(), errmsg("could not rewind a temporary file")));
	for (;;)
	{
		size_t		got = BufFileRead(stream->spool, buffer + have, room - have);
		size_t		used;

		have += got;
		if (have == 0)
			break;
		if (!expands)
		{
			write_put(s->remote, stream->put, buffer, have);
			have = 0;
			continue;
		}
		if (s->format->expand(s->encoder, n, buffer, have, &used, &piece, &err) != MF_OK)
			fail(s, &err);
		write_put(s->remote, stream->put, piece.data, piece.len);
		memmove(buffer, buffer + used, have - used);
		have -= used;
		if (used == 0 && got == 0)
			elog(ERROR, "a temporary file ends within a value");
		if (used == 0)
		{
			/* one value larger than the buffer */
			room *= 2;
			buffer = repalloc_huge(buffer, room);
		}
	}
	BufFileClose(stream->spool);
	stream->spool = NULL;
	pfree(buffer);
}

static void
close_column(MfStaging *s, int n)
{
	MfStageStream *stream = &s->streams[n];
	MfPiece		piece = {0};
	MfError		err;
	bool		spooled = stream->spool != NULL;

	mf_error_reset(&err);
	if (s->format->head(s->encoder, n, &piece, &err) != MF_OK)
		fail(s, &err);
	if (spooled)
	{
		begin_put(s, stream);
		write_put(s->remote, stream->put, piece.data, piece.len);
		unspool(s, n, MemoryContextAlloc(s->context, SPOOL_BYTES));
	}
	else if (mf_put_head(stream->put, piece.data, piece.len, &err) != MF_OK)
		fail(s, &err);
}

static void
note_file(MfStaging *s, int n)
{
	MfStageStream *stream = &s->streams[n];
	MfStagedFile *file = palloc0(sizeof(MfStagedFile));

	file->name = stream->name;
	file->part = s->part;
	file->column = s->format->file_per_column ? s->spec.columns[n].name : NULL;
	file->rows = s->encoder->rows;
	file->bytes = mf_put_bytes(stream->put);
	strlcpy(file->checksum, mf_put_checksum(stream->put), sizeof(file->checksum));
	s->files = lappend(s->files, file);
	mf_put_end(stream->put);
	stream->put = NULL;
}

static void
close_part(MfStaging *s)
{
	MemoryContext before = MemoryContextSwitchTo(s->context);
	MfPiece		piece = {0};
	MfError		err;

	mf_error_reset(&err);
	if (!s->format->file_per_column)
	{
		if (s->format->file_end(s->encoder, &piece, &err) != MF_OK)
			fail(s, &err);
		put_bytes(s, &s->streams[0], &piece);
	}
	for (int i = 0; i < s->nstreams; i++)
	{
		if (s->format->file_per_column)
			close_column(s, i);
		finish_put(s->remote, s->streams[i].put);
		note_file(s, i);
	}
	s->open = false;
	MemoryContextSwitchTo(before);
}

static int64
part_bytes(const MfStaging *s)
{
	int64		written = 0;

	for (int i = 0; i < s->nstreams; i++)
	{
		if (s->streams[i].put != NULL)
			written += mf_put_bytes(s->streams[i].put);
		else if (s->streams[i].spool != NULL)
			written += BufFileSize(s->streams[i].spool);
	}
	return s->format->size != NULL ? s->format->size(s->encoder, written) : written;
}

void
mf_stage_batch(MfStaging *s, const MfBatch *batch)
{
	MfPiece		piece = {0};
	MfStatus	status;
	MfError		err;

	if (batch->nrows == 0)
		return;
	if (s->open && part_bytes(s) + (int64) mf_batch_bytes(batch) > s->file_bytes)
		close_part(s);
	if (!s->open)
		open_part(s);
	mf_error_reset(&err);
	while ((status = s->format->next(s->encoder, batch, &piece, &err)) == MF_OK)
	{
		put_bytes(s, &s->streams[piece.stream], &piece);
		CHECK_FOR_INTERRUPTS();
	}
	if (status == MF_ERROR)
		fail(s, &err);
}

void
mf_stage_flush(MfStaging *s)
{
	if (s->batch == NULL)
		return;					/* the batches are somebody else's */
	mf_stage_batch(s, s->batch);
	mf_batch_reset(s->batch);
	s->batch->first_row = s->rows + 1;
}

void
mf_stage_finish(MfStaging *s)
{
	mf_stage_flush(s);
	/* no rows: one file that says so, with all columns */
	if (!s->open && s->files == NIL)
		open_part(s);
	if (s->open)
		close_part(s);
	s->complete = true;
	PG_TRY();
	{
		mf_manifest_write(s);
	}
	PG_CATCH();
	{
		s->complete = false;
		PG_RE_THROW();
	}
	PG_END_TRY();
}

void
mf_stage_abandon(MfStaging *s)
{
	for (int i = 0; s->streams != NULL && i < s->nstreams; i++)
	{
		mf_put_end(s->streams[i].put);
		s->streams[i].put = NULL;
	}
	if (s->encoder != NULL)
		s->format->end(s->encoder);
	s->encoder = NULL;
	mf_batch_free(s->batch);
	s->batch = NULL;
	if (s->started && !s->complete && !s->keep)
		mf_store_note_leftover(s->remote, s->job);
}
