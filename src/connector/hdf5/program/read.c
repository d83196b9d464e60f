/*
 * read.c - How do rows of datasets become columns?
 *
 * Some rows at a time, of all datasets alike; libhdf5 brings numbers into the
 * machine's order and width, what loses something is done and checked here.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "hdf5_program.h"

typedef struct Source
{
	const char *path;
	Dataset		d;
	MfKind		kind;			/* what is sent */
	MfKind		elem;
	int32_t		dim;
	hid_t		memory;			/* type that libhdf5 is asked for */
	size_t		element;		/* bytes of it */
	char	   *raw;			/* as read */
	char	   *data;			/* as sent; may be raw */
	size_t		bytes;
	int64_t    *offsets;
	size_t		text_room;
} Source;

/* ------------------------------------------------------------------- what is sent */

static hid_t
native_type(MfKind kind)
{
	switch (kind)
	{
		case MF_KIND_BOOL:
		case MF_KIND_I8:
			return H5T_NATIVE_INT8;
		case MF_KIND_I16:
			return H5T_NATIVE_INT16;
		case MF_KIND_I32:
			return H5T_NATIVE_INT32;
		case MF_KIND_I64:
			return H5T_NATIVE_INT64;
		case MF_KIND_U64:
			return H5T_NATIVE_UINT64;
		case MF_KIND_F32:
			return H5T_NATIVE_FLOAT;
		default:
			return H5T_NATIVE_DOUBLE;
	}
}

static void
read_elements_as(Source *s, hid_t memory)
{
	s->memory = memory;
	s->element = H5Tget_size(memory);
}

static void
choose_bits(Source *s)
{
	s->kind = MF_KIND_VEC_BIT;
	if (s->d.class == H5T_STRING && !s->d.varies)
	{
		s->dim = (int32_t) s->d.size * 8;
		read_elements_as(s, s->d.type);
	}
	else if (s->d.is_bool)
	{
		s->dim = (int32_t) s->d.width;
		read_elements_as(s, s->d.type);
	}
	else if (s->d.class == H5T_INTEGER && s->d.size == 1 && !s->d.is_signed)
	{
		s->dim = (int32_t) s->d.width * 8;
		read_elements_as(s, H5T_NATIVE_UINT8);
	}
	else
		program_fail("42804", "Bits are read from unsigned bytes, booleans and strings of fixed length.",
					 "dataset \"%s\" of %s does not hold bits", s->path, s->d.native);
	if (s->d.rank == 1 && s->d.class != H5T_STRING)
		program_fail("42804", NULL, "dataset \"%s\" does not hold vectors: it has one dimension", s->path);
}

static void
choose_row(Source *s, MfKind wanted, MfKind elem)
{
	bool		as_float = wanted == MF_KIND_VEC_F32 || (wanted == MF_KIND_LIST && elem == MF_KIND_F32);

	s->dim = (int32_t) s->d.width;
	if (as_float && (s->d.class == H5T_FLOAT || s->d.class == H5T_INTEGER))
	{
		/* doubles are narrowed here, where an overflow is seen */
		s->kind = MF_KIND_VEC_F32;
		read_elements_as(s, s->d.kind == MF_KIND_F32 ? H5T_NATIVE_FLOAT : H5T_NATIVE_DOUBLE);
		return;
	}
	s->kind = MF_KIND_LIST;
	s->elem = s->d.kind;
	s->dim = 0;
	read_elements_as(s, s->d.is_bool ? s->d.type : native_type(s->d.kind));
}

static void
choose(Source *s, MfKind wanted, MfKind elem)
{
	if (wanted == MF_KIND_VEC_BIT)
		choose_bits(s);
	else if (s->d.rank == 2)
		choose_row(s, wanted, elem);
	else if (wanted == MF_KIND_LIST || wanted == MF_KIND_VEC_F32 || wanted == MF_KIND_VEC_I8)
		program_fail("42804", NULL, "dataset \"%s\" does not hold vectors: it has one dimension", s->path);
	else
	{
		s->kind = s->d.kind;
		if (s->kind == MF_KIND_TEXT)
		{
			read_elements_as(s, s->d.varies ? H5Tcopy(H5T_C_S1) : s->d.type);
			if (s->d.varies)
			{
				(void) H5Tset_size(s->memory, H5T_VARIABLE);
				(void) H5Tset_cset(s->memory, H5Tget_cset(s->d.type));
				s->element = sizeof(char *);
			}
		}
		else
			read_elements_as(s, s->d.is_bool ? s->d.type : native_type(s->d.kind));
	}
}

/* ----------------------------------------------------------------------- reading */

static void
read_raw(Source *s, hsize_t from, hsize_t n)
{
	hsize_t		start[2] = {from, 0};
	hsize_t		count[2] = {n, s->d.width};
	hid_t		file_space = H5Dget_space(s->d.id);
	hid_t		memory_space = H5Screate_simple(s->d.rank, count, NULL);

	if (file_space < 0 || memory_space < 0 ||
		H5Sselect_hyperslab(file_space, H5S_SELECT_SET, start, NULL, count, NULL) < 0 ||
		H5Dread(s->d.id, s->memory, memory_space, file_space, H5P_DEFAULT, s->raw) < 0)
		program_fail("HV00L", hdf5_reason(), "dataset \"%s\" cannot be read from row %llu", s->path,
					 (unsigned long long) from + 1);
	(void) H5Sclose(file_space);
	(void) H5Sclose(memory_space);
}

static void
narrow(Source *s, hsize_t from, hsize_t n)
{
	const double *in = (const double *) s->raw;
	float	   *out = (float *) s->data;

	for (hsize_t i = 0; i < n * s->d.width; i++)
	{
		out[i] = (float) in[i];
		if (isinf(out[i]) && !isinf(in[i]))
			program_fail("22003", NULL, "value \"%g\" in row %llu of dataset \"%s\" is out of range for type real",
						 in[i], (unsigned long long) (from + i / s->d.width + 1), s->path);
	}
	s->bytes = n * s->d.width * sizeof(float);
}

static void
pack_bits(Source *s, hsize_t n)
{
	size_t		width = ((size_t) s->dim + 7) / 8;

	memset(s->data, 0, n * width);
	for (hsize_t r = 0; r < n; r++)
	{
		for (int32_t i = 0; i < s->dim; i++)
		{
			if (s->raw[r * s->d.width + (hsize_t) i] != 0)
				s->data[r * width + (size_t) i / 8] |= (char) (0x80 >> i % 8);
		}
	}
	s->bytes = n * width;
}

static void
add_text(Source *s, hsize_t row, const char *text, size_t len)
{
	size_t		at = (size_t) s->offsets[row];

	if (at + len > s->text_room)
	{
		s->text_room = (at + len) * 2;
		if (s->text_room > 128 * 1024 * 1024)
			program_fail("54000", NULL, "strings of dataset \"%s\" are too long", s->path);
		s->data = realloc(s->data, s->text_room);
		if (s->data == NULL)
			program_fail("53200", NULL, "out of memory");
	}
	memcpy(s->data + at, text, len);
	s->offsets[row + 1] = (int64_t) (at + len);
	s->bytes = at + len;
}

static void
gather_texts(Source *s, hsize_t n)
{
	s->bytes = 0;
	s->offsets[0] = 0;
	for (hsize_t i = 0; i < n; i++)
	{
		if (s->d.varies)
		{
			const char *text = ((char **) s->raw)[i];

			add_text(s, i, text ? text : "", text ? strlen(text) : 0);
			H5free_memory(((char **) s->raw)[i]);
		}
		else
		{
			const char *text = s->raw + i * s->d.size;
			size_t		len = strnlen(text, s->d.size);

			while (H5Tget_strpad(s->d.type) == H5T_STR_SPACEPAD && len > 0 && text[len - 1] == ' ')
				len--;
			add_text(s, i, text, len);
		}
	}
}

static void
read_rows(Source *s, hsize_t from, hsize_t n)
{
	read_raw(s, from, n);
	if (s->kind == MF_KIND_VEC_F32 && s->element == sizeof(double))
		narrow(s, from, n);
	else if (s->kind == MF_KIND_VEC_BIT && s->d.is_bool)
		pack_bits(s, n);
	else if (s->kind == MF_KIND_TEXT)
		gather_texts(s, n);
	else
	{
		s->data = s->raw;
		s->bytes = n * s->d.width * s->element;
	}
	for (hsize_t i = 0; s->kind == MF_KIND_LIST && i <= n; i++)
		s->offsets[i] = (int64_t) (i * s->d.width);
}

/* ------------------------------------------------------------------------- whole */

static void
set_up(Source *s, hid_t file, char **argv)
{
	s->path = argv[2];
	dataset_open(file, s->path, &s->d);
	choose(s, (MfKind) atoi(argv[0]), (MfKind) atoi(argv[1]));
}

static void
make_room(Source *s, hsize_t n)
{
	s->raw = program_alloc(n * s->d.width * s->element);
	s->offsets = program_alloc(sizeof(int64_t) * (n + 1));
	s->data = s->raw;
	if ((s->kind == MF_KIND_VEC_F32 && s->element == sizeof(double)) || (s->kind == MF_KIND_VEC_BIT && s->d.is_bool))
		s->data = program_alloc(n * s->d.width * sizeof(float));
	if (s->kind == MF_KIND_TEXT)
		s->data = NULL;
}

static void
send(Source *sources, int n, hsize_t rows)
{
	ProgramColumn *columns = program_alloc(sizeof(ProgramColumn) * (size_t) n);

	memset(columns, 0, sizeof(ProgramColumn) * (size_t) n);
	for (int i = 0; i < n; i++)
	{
		columns[i].head.kind = (uint8_t) sources[i].kind;
		columns[i].head.elem = (uint8_t) sources[i].elem;
		columns[i].head.dim = mf_kind_is_vector(sources[i].kind) ? sources[i].dim : 0;
		columns[i].offsets = sources[i].kind == MF_KIND_LIST || sources[i].kind == MF_KIND_TEXT ?
			sources[i].offsets : NULL;
		columns[i].data = sources[i].data;
		columns[i].bytes = sources[i].bytes;
	}
	program_send_rows((uint32_t) rows, (uint32_t) n, columns);
	free(columns);
}

/* Of a part of a file that has changed since it was cut, nothing is sent. */
static void
check_range(const Source *source, long long first, long long count, long long rows)
{
	if (source->d.rows != (hsize_t) rows || first < 0 || count < 0 || first > rows - count)
		program_fail("55000", NULL, "dataset \"%s\" has %llu rows, and had %lld when it was split", source->path,
					 (unsigned long long) source->d.rows, rows);
}

void
read_file(hid_t file, long long first, long long count, long long rows, int n, char **argv)
{
	hsize_t		end;
	Source	   *sources = program_alloc(sizeof(Source) * (size_t) n);
	size_t		row_bytes = 0;
	hsize_t		at_once;

	memset(sources, 0, sizeof(Source) * (size_t) n);
	for (int i = 0; i < n; i++)
	{
		set_up(&sources[i], file, argv + 3 * i);
		row_bytes += sources[i].d.width * sources[i].element;
		if (sources[i].d.rows != sources[0].d.rows)
			program_fail("HV00L", "The columns of a foreign table must have as many rows as each other.",
						 "datasets \"%s\" and \"%s\" have %llu and %llu rows", sources[0].path, sources[i].path,
						 (unsigned long long) sources[0].d.rows, (unsigned long long) sources[i].d.rows);
	}
	at_once = (hsize_t) mf_frame_rows(row_bytes);
	for (int i = 0; i < n; i++)
		make_room(&sources[i], at_once);
	if (count >= 0)
		check_range(&sources[0], first, count, rows);
	end = count >= 0 ? (hsize_t) (first + count) : sources[0].d.rows;
	for (hsize_t from = count >= 0 ? (hsize_t) first : 0; from < end; from += at_once)
	{
		hsize_t		left = end - from;

		for (int i = 0; i < n; i++)
			read_rows(&sources[i], from, left < at_once ? left : at_once);
		send(sources, n, left < at_once ? left : at_once);
		hdf5_alive();
	}
}
