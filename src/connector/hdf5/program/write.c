/*
 * write.c - How do columns become datasets of a new file?
 *
 * Chunk by chunk: without filters a chunk is given to the file as it is, which
 * costs a copy and a write.  The format is the oldest that can hold it, so that
 * every HDF5 of today reads it.
 */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "hdf5_program.h"

/* A chunk is one write: see WRITE_BYTES in src/file/open.c. */
#define CHUNK_BYTES (32 * 1024)

typedef struct Target
{
	const char *path;
	bool		made;
	MfKind		kind;
	MfKind		elem;
	int32_t		dim;
	hid_t		id;
	hid_t		memory;			/* type of what is written */
	size_t		row_bytes;
	int			rank;
	hsize_t		width;
	hsize_t		chunk_rows;
	hsize_t		written;
	char	   *chunk;
	hsize_t		in_chunk;
	bool		direct;
} Target;

static hid_t
bool_type(void)
{
	hid_t		type = H5Tenum_create(H5T_NATIVE_INT8);
	int8_t		value = 0;

	(void) H5Tenum_insert(type, "FALSE", &value);
	value = 1;
	(void) H5Tenum_insert(type, "TRUE", &value);
	return type;
}

static hid_t
text_type(void)
{
	hid_t		type = H5Tcopy(H5T_C_S1);

	(void) H5Tset_size(type, H5T_VARIABLE);
	(void) H5Tset_cset(type, H5T_CSET_UTF8);
	return type;
}

/* The type of an element, or -1. */
static hid_t
element_type(MfKind kind)
{
	switch (kind)
	{
		case MF_KIND_BOOL:
			return bool_type();
		case MF_KIND_I8:
		case MF_KIND_VEC_I8:
			return H5T_NATIVE_INT8;
		case MF_KIND_I16:
			return H5T_NATIVE_INT16;
		case MF_KIND_I32:
			return H5T_NATIVE_INT32;
		case MF_KIND_I64:
			return H5T_NATIVE_INT64;
		case MF_KIND_F32:
		case MF_KIND_VEC_F32:
			return H5T_NATIVE_FLOAT;
		case MF_KIND_F64:
			return H5T_NATIVE_DOUBLE;
		case MF_KIND_VEC_BIT:
			return H5T_NATIVE_UINT8;
		case MF_KIND_TEXT:
			return text_type();
		default:
			return -1;
	}
}

static void
make_dataset(Target *t, hid_t file, int compression, bool shuffle)
{
	hsize_t		dims[2] = {0, t->width};
	hsize_t		limits[2] = {H5S_UNLIMITED, t->width};
	hsize_t		chunk[2] = {t->chunk_rows, t->width};
	hid_t		space = H5Screate_simple(t->rank, dims, limits);
	hid_t		create = H5Pcreate(H5P_DATASET_CREATE);
	hid_t		links = H5Pcreate(H5P_LINK_CREATE);

	(void) H5Pset_create_intermediate_group(links, 1);
	(void) H5Pset_chunk(create, t->rank, chunk);
	(void) H5Pset_fill_time(create, H5D_FILL_TIME_NEVER);
	if (compression > 0 && t->kind != MF_KIND_TEXT)
	{
		if (shuffle)
			(void) H5Pset_shuffle(create);
		(void) H5Pset_deflate(create, (unsigned) compression);
	}
	if (t->kind == MF_KIND_TEXT)
		(void) H5Pset_fill_time(create, H5D_FILL_TIME_IFSET);
	t->direct = compression == 0 && t->kind != MF_KIND_TEXT;
	t->id = H5Dcreate2(file, t->path, t->memory, space, links, create, H5P_DEFAULT);
	if (t->id < 0)
		program_fail("HV00L", hdf5_reason(), "dataset \"%s\" cannot be made", t->path);
	(void) H5Sclose(space);
	(void) H5Pclose(create);
	(void) H5Pclose(links);
}

/* The first rows say what the dataset is to be. */
static void
make(Target *t, hid_t file, const ProgramFrame *frame, const ProgramColumn *column, int compression, bool shuffle)
{
	t->kind = (MfKind) column->head.kind;
	t->elem = (MfKind) column->head.elem;
	t->dim = column->head.dim;
	t->rank = mf_kind_is_vector(t->kind) || t->kind == MF_KIND_LIST ? 2 : 1;
	t->memory = element_type(t->kind == MF_KIND_LIST ? t->elem : t->kind);
	if (t->memory < 0)
		program_fail("0A000", NULL, "dataset \"%s\" cannot hold values of kind %s", t->path,
					 mf_kind_name(t->kind == MF_KIND_LIST ? t->elem : t->kind));
	t->width = 1;
	if (t->kind == MF_KIND_LIST)
		t->width = (hsize_t) (((const int64_t *) column->data)[1]);
	else if (t->rank == 2)
		t->width = t->kind == MF_KIND_VEC_BIT ? (hsize_t) t->dim / 8 : (hsize_t) t->dim;
	if (t->width < 1 || (t->kind == MF_KIND_VEC_BIT && t->dim % 8 != 0))
		program_fail("22000", NULL, "dataset \"%s\" cannot hold vectors of %d elements", t->path, (int) t->dim);
	t->row_bytes = t->width * (t->kind == MF_KIND_TEXT ? sizeof(char *) : H5Tget_size(t->memory));
	t->chunk_rows = t->row_bytes < CHUNK_BYTES ? CHUNK_BYTES / t->row_bytes : 1;
	if (t->kind == MF_KIND_TEXT)
		t->chunk_rows = 4096;
	t->chunk = program_alloc(t->chunk_rows * t->row_bytes);
	memset(t->chunk, 0, t->chunk_rows * t->row_bytes);
	make_dataset(t, file, compression, shuffle);
	t->made = true;
}

static void
not_written(const Target *t)
{
	program_fail("58030", hdf5_reason(), "dataset \"%s\" cannot be written", t->path);
}

/* What is in the chunk goes into the file. */
static void
flush(Target *t)
{
	hsize_t		size[2] = {t->written + t->in_chunk, t->width};
	hsize_t		start[2] = {t->written, 0};
	hsize_t		count[2] = {t->in_chunk, t->width};

	if (t->in_chunk == 0)
		return;
	if (H5Dset_extent(t->id, size) < 0)
		not_written(t);
	if (t->direct)
	{
		if (H5Dwrite_chunk(t->id, H5P_DEFAULT, 0, start, t->chunk_rows * t->row_bytes, t->chunk) < 0)
			not_written(t);
	}
	else
	{
		hid_t		file_space = H5Dget_space(t->id);
		hid_t		memory_space = H5Screate_simple(t->rank, count, NULL);

		if (H5Sselect_hyperslab(file_space, H5S_SELECT_SET, start, NULL, count, NULL) < 0 ||
			H5Dwrite(t->id, t->memory, memory_space, file_space, H5P_DEFAULT, t->chunk) < 0)
			not_written(t);
		(void) H5Sclose(file_space);
		(void) H5Sclose(memory_space);
	}
	for (hsize_t i = 0; t->kind == MF_KIND_TEXT && i < t->in_chunk; i++)
		free(((char **) t->chunk)[i]);
	t->written += t->in_chunk;
	t->in_chunk = 0;
}

static void
append_fixed(Target *t, const char *data, hsize_t n)
{
	while (n > 0)
	{
		hsize_t		fits = t->chunk_rows - t->in_chunk;

		if (fits > n)
			fits = n;
		memcpy(t->chunk + t->in_chunk * t->row_bytes, data, fits * t->row_bytes);
		t->in_chunk += fits;
		data += fits * t->row_bytes;
		n -= fits;
		if (t->in_chunk == t->chunk_rows)
			flush(t);
	}
}

static void
append_texts(Target *t, const int64_t *offsets, const char *data, hsize_t n)
{
	for (hsize_t i = 0; i < n; i++)
	{
		size_t		len = (size_t) (offsets[i + 1] - offsets[i]);
		char	   *text = program_alloc(len + 1);

		memcpy(text, data + offsets[i], len);
		text[len] = '\0';
		((char **) t->chunk)[t->in_chunk++] = text;
		if (t->in_chunk == t->chunk_rows)
			flush(t);
	}
}

static void
append(Target *t, const ProgramColumn *column, hsize_t n)
{
	const int64_t *offsets = column->data;
	const char *body = (const char *) column->data + sizeof(int64_t) * (n + 1);

	if (t->kind == MF_KIND_TEXT)
		append_texts(t, offsets, body, n);
	else if (t->kind != MF_KIND_LIST)
		append_fixed(t, column->data, n);
	else
	{
		for (hsize_t i = 0; i < n; i++)
		{
			if ((hsize_t) (offsets[i + 1] - offsets[i]) != t->width)
				program_fail("22000", "All rows of a dataset have the same number of elements.",
							 "row %llu of dataset \"%s\" has %lld elements, not %llu",
							 (unsigned long long) (t->written + t->in_chunk + i + 1), t->path,
							 (long long) (offsets[i + 1] - offsets[i]), (unsigned long long) t->width);
		}
		append_fixed(t, body, n);
	}
}

static hid_t
make_file(void)
{
	hid_t		access = H5Pcreate(H5P_FILE_ACCESS);
	hid_t		file;
	int			fd;

	(void) H5Pset_libver_bounds(access, H5F_LIBVER_EARLIEST, H5F_LIBVER_V18);
	/* the other drivers ask what the file is called: it has no name yet */
	(void) H5Pset_fapl_stdio(access);
	file = H5Fcreate(FILE_NAME, H5F_ACC_TRUNC, H5P_DEFAULT, access);
	if (file < 0)
		program_fail("58030", hdf5_reason(), "the file cannot be written");

	/* ext4 writes a file that was truncated to disk when it is next closed: now, while there is nothing */
	fd = open(FILE_NAME, O_RDWR);
	if (fd >= 0)
		(void) close(fd);
	return file;
}

void
write_file(int compression, bool shuffle, int n, char **paths)
{
	hid_t		file = make_file();
	Target	   *targets = program_alloc(sizeof(Target) * (size_t) n);
	ProgramFrame *frame = program_alloc(sizeof(ProgramFrame));

	memset(targets, 0, sizeof(Target) * (size_t) n);
	memset(frame, 0, sizeof(*frame));
	while (program_receive(frame))
	{
		for (int i = 0; i < n && frame->head.nrows > 0; i++)
		{
			targets[i].path = paths[i];
			if (!targets[i].made)
				make(&targets[i], file, frame, &frame->columns[i], compression, shuffle);
			append(&targets[i], &frame->columns[i], frame->head.nrows);
		}
	}
	for (int i = 0; i < n; i++)
	{
		if (targets[i].made)
			flush(&targets[i]);
		if (targets[i].made && H5Dclose(targets[i].id) < 0)
			not_written(&targets[i]);
	}
	if (H5Fclose(file) < 0)
		program_fail("58030", hdf5_reason(), "the file cannot be written");
}
