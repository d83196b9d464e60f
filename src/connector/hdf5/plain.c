/*
 * plain.c - How is an HDF5 file written without libhdf5?
 *
 * The widest column's rows go where they are to lie, as they come; those of
 * the others to scratch files, and behind them in the end.
 */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "plain.h"

#define PIECE_BYTES (1024 * 1024)
#define PIECE_MS 5

/* What an element is in the file; NONE = not one of fixed width. */
static MfKind
element(const MfColumn *col)
{
	switch (col->kind)
	{
		case MF_KIND_BOOL:
		case MF_KIND_I8:
		case MF_KIND_I16:
		case MF_KIND_I32:
		case MF_KIND_I64:
		case MF_KIND_F32:
		case MF_KIND_F64:
		case MF_KIND_VEC_BIT:
			return col->kind;
		case MF_KIND_VEC_F32:
			return MF_KIND_F32;
		case MF_KIND_VEC_I8:
			return MF_KIND_I8;
		case MF_KIND_LIST:
			return col->elem >= MF_KIND_BOOL && col->elem <= MF_KIND_F64 && col->elem != MF_KIND_U64 ?
				col->elem : MF_KIND_NONE;
		default:
			return MF_KIND_NONE;
	}
}

static int64_t
elements(const MfColumn *col)
{
	return col->kind == MF_KIND_LIST ? col->offsets[1] :
		col->kind == MF_KIND_VEC_BIT ? (col->dim % 8 == 0 ? col->dim / 8 : 0) :
		mf_kind_is_vector(col->kind) ? col->dim : 1;
}

bool
mf_hdf5_plain_fits(const MfWriteSpec *spec, const MfBatch *batch)
{
	const char *compression = mf_option(spec->options, "compression");

	if (batch->nrows < 1 || batch->ncolumns > MF_HDF5_PLAIN_COLUMNS ||
		(compression != NULL && strcmp(compression, "0") != 0))
		return false;
	for (int i = 0; i < batch->ncolumns; i++)
	{
		const char *name = spec->columns[i].field->name;

		if (element(&batch->columns[i]) == MF_KIND_NONE || elements(&batch->columns[i]) < 1 ||
			strchr(name, '/') != NULL || strcmp(name, ".") == 0 || name[0] == '\0' || strlen(name) > MF_HDF5_PLAIN_NAME)
			return false;
		for (int j = 0; j < i; j++)
		{
			if (strcmp(name, spec->columns[j].field->name) == 0)
				return false;
		}
	}
	return true;
}

MfStatus
mf_hdf5_plain_begin(MfHdf5Plain *plain, const MfWriteSpec *spec, const MfBatch *batch, MfNewFile *file, MfError *err)
{
	memset(plain, 0, sizeof(*plain));
	plain->file = file;
	for (int i = 0; i < MF_HDF5_PLAIN_COLUMNS; i++)
		plain->scratch[i] = -1;
	plain->n = batch->ncolumns;
	for (int i = 0; i < plain->n; i++)
	{
		const MfColumn *col = &batch->columns[i];
		MfHdf5PlainColumn *c = &plain->columns[i];

		c->name = spec->columns[i].field->name;
		c->elem = element(col);
		c->width = elements(col);
		c->matrix = mf_kind_is_vector(col->kind) || col->kind == MF_KIND_LIST;
		c->row_bytes = (size_t) c->width * (c->elem == MF_KIND_VEC_BIT ? 1 : mf_kind_width(c->elem, 0));
		if (c->row_bytes > plain->columns[plain->widest].row_bytes)
			plain->widest = i;
	}
	for (int i = 0; i < plain->n; i++)
	{
		if (i == plain->widest)
			continue;
		plain->scratch[i] = mf_new_file_scratch(file);
		if (plain->scratch[i] < 0)
			return mf_file_error(err, "create a scratch file beside", file->path, errno);
	}
	return MF_OK;
}

/* Rows side by side; a list's are if all are equally long. */
static MfStatus
rows_at(const MfHdf5Plain *plain, int i, const MfColumn *col, int32_t from, int32_t n, const char **at, MfError *err)
{
	const MfHdf5PlainColumn *c = &plain->columns[i];

	if (col->kind != MF_KIND_LIST)
	{
		*at = mf_fixed_at(col, from);
		return MF_OK;
	}
	for (int32_t r = from; r < from + n; r++)
	{
		if (col->offsets[r + 1] - col->offsets[r] == c->width)
			continue;
		mf_error(err, MF_DATA_EXCEPTION, "row %lld of dataset \"%s\" has %lld elements, not %lld",
				 (long long) (plain->rows + r - from + 1), c->name,
				 (long long) (col->offsets[r + 1] - col->offsets[r]), (long long) c->width);
		mf_error_detail(err, "All rows of a dataset have the same number of elements.");
		return MF_ERROR;
	}
	*at = mf_fixed_at(col->child, (int32_t) col->offsets[from]);
	return MF_OK;
}

MfStatus
mf_hdf5_plain_append(MfHdf5Plain *plain, const MfBatch *batch, int32_t from, int32_t *n, MfError *err)
{
	size_t		widest = plain->columns[plain->widest].row_bytes;
	int32_t		left = batch->nrows - from;

	*n = widest >= PIECE_BYTES ? 1 : (int32_t) (PIECE_BYTES / widest);
	if (*n > left)
		*n = left;
	for (int i = 0; i < plain->n; i++)
	{
		const MfHdf5PlainColumn *c = &plain->columns[i];
		bool		in_place = i == plain->widest;
		const char *rows;

		if (rows_at(plain, i, &batch->columns[i], from, *n, &rows, err) != MF_OK ||
			mf_file_write(in_place ? plain->file->fd : plain->scratch[i], plain->file->path, rows,
						  c->row_bytes * (size_t) *n,
						  in_place ? MF_HDF5_FRONT + plain->rows * (int64_t) c->row_bytes : -1, err) != MF_OK)
			return MF_ERROR;
	}
	plain->rows += *n;
	return MF_OK;
}

/* Where each column's rows are to lie; answers where the file ends. */
static int64_t
place(MfHdf5Plain *plain)
{
	int64_t		at = MF_HDF5_FRONT;

	for (int pass = 0; pass < 2; pass++)
	{
		for (int i = 0; i < plain->n; i++)
		{
			if ((i == plain->widest) != (pass == 0))
				continue;
			at = (at + 7) / 8 * 8;
			plain->columns[i].at = at;
			at += plain->rows * (int64_t) plain->columns[i].row_bytes;
		}
	}
	return at;
}

/* The next part of a scratch file. */
static MfStatus
copy(MfHdf5Plain *plain, MfError *err)
{
	static char buffer[256 * 1024];
	const MfHdf5PlainColumn *c = &plain->columns[plain->copying];
	int64_t		left = plain->rows * (int64_t) c->row_bytes - plain->copied;
	size_t		len = left < (int64_t) sizeof(buffer) ? (size_t) left : sizeof(buffer);

	if (plain->copying == plain->widest || left == 0)
	{
		plain->copying++;
		plain->copied = 0;
		return MF_OK;
	}
	if (mf_file_read(plain->scratch[plain->copying], plain->file->path, buffer, len, plain->copied, err) != MF_OK ||
		mf_file_write(plain->file->fd, plain->file->path, buffer, len, c->at + plain->copied, err) != MF_OK)
		return MF_ERROR;
	plain->copied += (int64_t) len;
	return MF_OK;
}

MfStatus
mf_hdf5_plain_finish(MfHdf5Plain *plain, MfWaitFor *wait, MfError *err)
{
	int64_t		until = mf_file_clock() + PIECE_MS;
	int64_t		end = place(plain);
	char		front[MF_HDF5_FRONT];

	while (plain->copying < plain->n)
	{
		if (mf_file_clock() >= until)
		{
			wait->timeout_ms = 0;
			return MF_WAIT;
		}
		if (copy(plain, err) != MF_OK)
			return MF_ERROR;
	}
	mf_hdf5_front(plain->columns, plain->n, plain->rows, end, front);
	return mf_file_write(plain->file->fd, plain->file->path, front, sizeof(front), 0, err);
}

void
mf_hdf5_plain_end(MfHdf5Plain *plain)
{
	for (int i = 0; i < plain->n; i++)
	{
		if (plain->scratch[i] >= 0)
			close(plain->scratch[i]);
	}
	plain->n = 0;
}
