/*
 * frame.c - How does a batch become a frame, and a frame a batch?
 */
#define _GNU_SOURCE 1
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#include "file.h"
#include "helper.h"

/* ------------------------------------------------------------------- sending */

/* A pipe is locked while it is written to: the other side reads in between. */
#define SEND_BYTES (128 * 1024)

/* Head and columns, then at most three pieces a column. */
static bool
make_room(MfHelper *helper, int ncolumns)
{
	if (helper->pieces == NULL)
		helper->pieces = mf_alloc(helper->mem, sizeof(struct iovec) * (size_t) (1 + 2 * ncolumns));
	if (helper->columns == NULL)
		helper->columns = mf_alloc(helper->mem, sizeof(MfFrameHead) + sizeof(MfFrameColumn) * (size_t) ncolumns);
	return helper->pieces != NULL && helper->columns != NULL;
}

static size_t
add_piece(MfHelper *helper, const void *data, size_t len)
{
	((struct iovec *) helper->pieces)[helper->npieces++] = (struct iovec) {(void *) data, len};
	return len;
}

/* Bytes of a column as pieces. */
static size_t
add_column(MfHelper *helper, const MfColumn *col, int32_t nrows)
{
	size_t		offsets = sizeof(int64_t) * ((size_t) nrows + 1);

	if (col->kind == MF_KIND_LIST)
		return add_piece(helper, col->offsets, offsets) +
			add_piece(helper, col->child->values, (size_t) col->offsets[nrows] * col->child->width);
	if (col->width == 0)
		return add_piece(helper, col->offsets, offsets) +
			add_piece(helper, col->bytes, (size_t) col->offsets[nrows]);
	return add_piece(helper, col->values, (size_t) nrows * col->width);
}

MfStatus
mf_helper_send_begin(MfHelper *helper, const MfBatch *batch, MfError *err)
{
	MfFrameHead *head;
	MfFrameColumn *columns;

	if (!make_room(helper, batch->ncolumns))
		return mf_error_oom(err, sizeof(MfFrameColumn) * (size_t) batch->ncolumns);
	head = (MfFrameHead *) helper->columns;
	columns = (MfFrameColumn *) (head + 1);
	memset(head, 0, sizeof(*head));
	helper->npieces = helper->piece = 0;
	helper->in_piece = 0;
	head->type = MF_FRAME_ROWS;
	head->ncolumns = (uint32_t) batch->ncolumns;
	head->nrows = (uint32_t) batch->nrows;
	head->bytes = sizeof(MfFrameColumn) * (size_t) batch->ncolumns;
	add_piece(helper, head, sizeof(*head) + head->bytes);
	for (int i = 0; i < batch->ncolumns; i++)
	{
		const MfColumn *col = &batch->columns[i];

		memset(&columns[i], 0, sizeof(columns[i]));
		columns[i].kind = (uint8_t) col->kind;
		columns[i].elem = (uint8_t) col->elem;
		columns[i].dim = col->dim;
		columns[i].bytes = add_column(helper, col, batch->nrows);
		head->bytes += columns[i].bytes;
	}
	return MF_OK;
}

/* writev() to a program that is gone would raise SIGPIPE, which is not ours to handle. */
static ssize_t
write_quietly(int fd, const struct iovec *pieces, int n)
{
	sigset_t	pipe_only,
				before,
				pending;
	bool		was_pending;
	ssize_t		rc;
	int			code;

	sigemptyset(&pipe_only);
	sigaddset(&pipe_only, SIGPIPE);
	sigpending(&pending);
	was_pending = sigismember(&pending, SIGPIPE);
	pthread_sigmask(SIG_BLOCK, &pipe_only, &before);
	rc = writev(fd, pieces, n);
	code = errno;
	if (rc < 0 && code == EPIPE && !was_pending)
		(void) sigtimedwait(&pipe_only, NULL, &(struct timespec) {0, 0});
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	errno = code;
	return rc;
}

MfStatus
mf_helper_send_step(MfHelper *helper, MfWaitFor *wait, MfError *err)
{
	struct iovec *pieces = helper->pieces;

	while (helper->piece < helper->npieces)
	{
		struct iovec now[16];
		int			n = 0;
		ssize_t		written;

		for (int i = helper->piece; i < helper->npieces && n < 16; i++, n++)
		{
			size_t		skip = i == helper->piece ? helper->in_piece : 0;

			now[n] = (struct iovec) {(char *) pieces[i].iov_base + skip, pieces[i].iov_len - skip};
			if (now[n].iov_len > SEND_BYTES)
			{
				now[n++].iov_len = SEND_BYTES;
				break;
			}
		}
		written = write_quietly(helper->to, now, n);
		if (written < 0 && errno == EINTR)
			continue;
		if (written < 0 && errno == EAGAIN)
		{
			wait->fd = helper->to;
			wait->events = POLLOUT;
			wait->timeout_ms = 1000;
			wait->what = "helper program";
			return MF_WAIT;
		}
		if (written < 0)
		{
			MfStatus	status;

			/* why it went is in what it said last, which comes at once */
			do
				status = mf_helper_receive(helper, wait, err);
			while (status == MF_OK);
			return status == MF_WAIT ? MF_WAIT : status == MF_ERROR ? MF_ERROR :
				mf_error(err, MF_FDW_REPLY_HANDLE, "the program that should %s file \"%s\" ended early",
						 helper->what, helper->path);
		}
		for (size_t left = (size_t) written; left > 0 || (helper->piece < helper->npieces &&
														  pieces[helper->piece].iov_len == helper->in_piece);)
		{
			size_t		in_this = pieces[helper->piece].iov_len - helper->in_piece;

			if (left < in_this)
			{
				helper->in_piece += left;
				break;
			}
			left -= in_this;
			helper->piece++;
			helper->in_piece = 0;
		}
	}
	return MF_OK;
}

void
mf_helper_send_end(MfHelper *helper)
{
	if (helper->to >= 0)
		close(helper->to);
	helper->to = -1;
}

/* ------------------------------------------------------------------ receiving */

static MfStatus
garbled(const MfHelper *helper, MfError *err)
{
	return mf_error(err, MF_FDW_REPLY_HANDLE, "the program that should %s file \"%s\" answered garbage",
					helper->what, helper->path);
}

/* Offsets that begin with 0, never go back and end with what there is. */
static bool
sound_offsets(const char *data, uint64_t bytes, uint32_t nrows, size_t width)
{
	size_t		size = sizeof(int64_t) * ((size_t) nrows + 1);
	int64_t		before = 0;

	if (bytes < size)
		return false;
	for (uint32_t i = 0; i <= nrows; i++)
	{
		int64_t		offset;

		memcpy(&offset, data + sizeof(int64_t) * i, sizeof(offset));
		if (offset < before || (i == 0 && offset != 0) || offset > INT32_MAX)
			return false;
		before = offset;
	}
	return (uint64_t) before * width == bytes - size;
}

static bool
take_fixed(MfMem *mem, MfColumn *col, const char *data, uint32_t n)
{
	if (!mf_column_reserve(mem, col, (int32_t) n))
		return false;
	for (uint32_t i = 0; i < n; i++)
	{
		memcpy(col->values + (size_t) col->nrows * col->stride + col->headroom, data + (size_t) i * col->width, col->width);
		col->valid[col->nrows >> 3] |= (uint8_t) (1 << (col->nrows & 7));
		col->nrows++;
	}
	return true;
}

static MfStatus
take_column(const MfHelper *helper, MfMem *mem, MfColumn *col, const MfFrameColumn *fc, const char *data, MfError *err)
{
	uint32_t	n = helper->head.nrows;
	const char *body = data + sizeof(int64_t) * ((size_t) n + 1);
	int64_t		from = 0;

	if (col->width > 0)
	{
		if (fc->bytes != (uint64_t) n * col->width)
			return garbled(helper, err);
		return take_fixed(mem, col, data, n) ? MF_OK : mf_error_oom(err, fc->bytes);
	}
	if (!sound_offsets(data, fc->bytes, n, col->kind == MF_KIND_LIST ? col->child->width : 1))
		return garbled(helper, err);
	for (uint32_t i = 0; i < n; i++)
	{
		int64_t		to;
		bool		fits;

		memcpy(&to, data + sizeof(int64_t) * (i + 1), sizeof(to));
		if (col->kind == MF_KIND_LIST)
			fits = take_fixed(mem, col->child, body + (size_t) from * col->child->width, (uint32_t) (to - from)) &&
				mf_append_list(mem, col);
		else
			fits = mf_append_bytes(mem, col, body + from, (size_t) (to - from));
		if (!fits)
			return mf_error_oom(err, fc->bytes);
		from = to;
	}
	return MF_OK;
}

/* Kinds that files hold. */
static bool
is_sound_column(const MfFrameColumn *fc)
{
	if (mf_kind_is_vector(fc->kind))
		return fc->dim > 0 && fc->dim <= 1 << 24;
	if (fc->kind == MF_KIND_LIST)
		return fc->elem >= MF_KIND_BOOL && fc->elem <= MF_KIND_F64;
	return (fc->kind >= MF_KIND_BOOL && fc->kind <= MF_KIND_F64) || fc->kind == MF_KIND_TEXT ||
		fc->kind == MF_KIND_BYTES || fc->kind == MF_KIND_DECIMAL;
}

MfStatus
mf_helper_take_rows(const MfHelper *helper, MfBatch *batch, const size_t *headrooms, MfError *err)
{
	const MfFrameHead *head = &helper->head;
	uint64_t	at = sizeof(MfFrameColumn) * (uint64_t) head->ncolumns;

	if (head->type != MF_FRAME_ROWS || head->ncolumns != (uint32_t) batch->ncolumns || at > head->bytes)
		return garbled(helper, err);
	for (int i = 0; i < batch->ncolumns; i++)
	{
		MfFrameColumn fc;
		MfColumn   *col = &batch->columns[i];

		memcpy(&fc, helper->payload + sizeof(fc) * (size_t) i, sizeof(fc));
		if (!is_sound_column(&fc) || fc.bytes > head->bytes - at)
			return garbled(helper, err);
		if ((col->kind != fc.kind || col->elem != fc.elem || col->dim != fc.dim || col->valid == NULL) &&
			!mf_column_init(batch, i, fc.kind, fc.elem, fc.dim, headrooms[i]))
			return mf_error_oom(err, fc.bytes);
		if (take_column(helper, batch->mem, col, &fc, helper->payload + at, err) != MF_OK)
			return MF_ERROR;
		at += fc.bytes;
	}
	if (at != head->bytes)
		return garbled(helper, err);
	batch->nrows = (int32_t) head->nrows;
	return MF_OK;
}
