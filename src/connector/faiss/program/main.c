/*
 * main.c - What does libfaiss do for faiss_fdw, in a process of its own?
 *
 *   milvus_fdw_faiss_helper read float|binary vectors|ids
 *       sends the rows of the index in descriptor 3
 *   milvus_fdw_faiss_helper write float|binary FACTORY L2|IP DIM iv|vi|v ids|rows
 *       takes rows, builds an index of them and writes it to descriptor 3
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "library.h"
#include "src/file/program/program.h"

/* Vectors are not precomputed with: none is searched for. */
#define SKIP_PRECOMPUTE_TABLE 16

/* Rows given to libfaiss at once: it works on copies of them. */
#define ADD_ROWS 16384

static int	dim;
static bool binary;
static bool wants_vectors;

static void
check(int rc, const char *what)
{
	if (rc == 0)
		return;
	/* what libfaiss says begins with a place in its source */
	program_fail("HV00L", mf_faiss_error(), "libfaiss could not %s", what);
}

/* ------------------------------------------------------------------------ reading */

static void
emit(int64_t n, const int64_t *ids, const void *vectors)
{
	ProgramColumn columns[2];

	memset(columns, 0, sizeof(columns));
	columns[0].head.kind = MF_KIND_I64;
	columns[0].data = ids;
	columns[0].bytes = sizeof(int64_t) * (size_t) n;
	/* without vectors a column stands in their place */
	columns[1].head.kind = vectors == NULL ? MF_KIND_I64 : binary ? MF_KIND_VEC_BIT : MF_KIND_VEC_F32;
	columns[1].head.dim = vectors == NULL ? 0 : dim;
	columns[1].data = vectors == NULL ? (const void *) ids : vectors;
	columns[1].bytes = vectors == NULL ? sizeof(int64_t) * (size_t) n :
		(size_t) n * (binary ? (size_t) dim / 8 : (size_t) dim * 4);
	program_send_rows((uint32_t) n, 2, columns);
}

static void
read_all_rows(void)
{
	FILE	   *f = fdopen(PROGRAM_FILE, "rb");

	if (f == NULL || fseek(f, 0, SEEK_SET) != 0)
		program_fail("58030", NULL, "could not read the file");
	if (binary)
	{
		FaissIndexBinary *index = NULL;

		check(faiss_read_index_binary(f, 0, &index), "read the file");
		dim = faiss_IndexBinary_d(index);
		check(mf_faiss_rows_binary(index, wants_vectors, emit), "decode the index");
	}
	else
	{
		FaissIndex *index = NULL;

		check(faiss_read_index(f, SKIP_PRECOMPUTE_TABLE, &index), "read the file");
		dim = faiss_Index_d(index);
		check(mf_faiss_rows(index, wants_vectors, emit), "decode the index");
	}
	program_send(MF_FRAME_DONE, NULL, 0);
}

/* ------------------------------------------------------------------------ writing */

typedef struct Rows
{
	int64_t		n;
	int64_t		room;
	int64_t    *ids;
	const char *vectors;		/* the scratch file, mapped */
	size_t		width;
} Rows;

static void
append(FILE *scratch, Rows *rows, const ProgramFrame *frame, int id_column, int vector_column)
{
	const ProgramColumn *vectors = &frame->columns[vector_column];

	if (vectors->bytes != rows->width * frame->head.nrows ||
		fwrite(vectors->data, 1, vectors->bytes, scratch) != vectors->bytes)
		program_fail("58030", NULL, "could not write a scratch file");
	if (rows->n + frame->head.nrows > rows->room)
	{
		rows->room = (rows->n + frame->head.nrows) * 2;
		rows->ids = realloc(rows->ids, sizeof(int64_t) * (size_t) rows->room);
		if (rows->ids == NULL)
			program_fail("53200", NULL, "out of memory");
	}
	for (uint32_t i = 0; i < frame->head.nrows; i++)
		rows->ids[rows->n + i] = id_column < 0 ? rows->n + i : ((const int64_t *) frame->columns[id_column].data)[i];
	rows->n += frame->head.nrows;
}

static void
take_rows(Rows *rows, const char *order)
{
	ProgramFrame *frame = program_alloc(sizeof(ProgramFrame));
	FILE	   *scratch = fdopen(PROGRAM_SCRATCH, "w+b");
	int			id_column = strcmp(order, "iv") == 0 ? 0 : strcmp(order, "vi") == 0 ? 1 : -1;
	int			vector_column = strcmp(order, "iv") == 0 ? 1 : 0;

	memset(frame, 0, sizeof(*frame));
	while (scratch != NULL && program_receive(frame))
		append(scratch, rows, frame, id_column, vector_column);
	if (scratch == NULL || fflush(scratch) != 0)
		program_fail("58030", NULL, "could not write a scratch file");
	if (rows->n > 0)
	{
		rows->vectors = mmap(NULL, rows->width * (size_t) rows->n, PROT_READ, MAP_PRIVATE, PROGRAM_SCRATCH, 0);
		if (rows->vectors == MAP_FAILED)
			program_fail("53200", NULL, "out of memory");
	}
}

static void
build_float(Rows *rows, const char *factory, bool inner_product, bool with_ids, FILE *f)
{
	FaissIndex *index = NULL;

	check(faiss_index_factory(&index, dim, factory, inner_product ? METRIC_INNER_PRODUCT : METRIC_L2),
		  "make an index of this factory string");
	if (!faiss_Index_is_trained(index) && rows->n > 0)
		check(faiss_Index_train(index, rows->n, (const float *) rows->vectors), "train the index");
	for (int64_t i = 0; i < rows->n; i += ADD_ROWS)
	{
		int64_t		n = rows->n - i < ADD_ROWS ? rows->n - i : ADD_ROWS;
		const float *x = (const float *) (rows->vectors + rows->width * (size_t) i);

		check(with_ids ? faiss_Index_add_with_ids(index, n, x, rows->ids + i) : faiss_Index_add(index, n, x),
			  "add vectors to the index");
	}
	check(faiss_write_index(index, f), "write the index");
}

static void
build_binary(Rows *rows, const char *factory, bool with_ids, FILE *f)
{
	FaissIndexBinary *index = NULL;

	check(mf_faiss_index_binary_factory(&index, dim, factory), "make an index of this factory string");
	if (!faiss_IndexBinary_is_trained(index) && rows->n > 0)
		check(faiss_IndexBinary_train(index, rows->n, (const uint8_t *) rows->vectors), "train the index");
	for (int64_t i = 0; i < rows->n; i += ADD_ROWS)
	{
		int64_t		n = rows->n - i < ADD_ROWS ? rows->n - i : ADD_ROWS;
		const uint8_t *x = (const uint8_t *) (rows->vectors + rows->width * (size_t) i);

		check(with_ids ? faiss_IndexBinary_add_with_ids(index, n, x, rows->ids + i) : faiss_IndexBinary_add(index, n, x),
			  "add vectors to the index");
	}
	check(faiss_write_index_binary(index, f), "write the index");
}

static void
write_index(char **argv)
{
	Rows		rows = {.n = 0};
	FILE	   *f = fdopen(PROGRAM_FILE, "r+b");

	dim = atoi(argv[5]);
	rows.width = binary ? (size_t) dim / 8 : (size_t) dim * 4;
	take_rows(&rows, argv[6]);
	if (f == NULL || fseek(f, 0, SEEK_SET) != 0)
		program_fail("58030", NULL, "could not write the file");
	if (binary)
		build_binary(&rows, argv[3], strcmp(argv[7], "ids") == 0, f);
	else
		build_float(&rows, argv[3], strcmp(argv[4], "IP") == 0, strcmp(argv[7], "ids") == 0, f);
	if (fflush(f) != 0)
		program_fail("58030", NULL, "could not write the file");
	program_send(MF_FRAME_DONE, NULL, 0);
}

int
main(int argc, char **argv)
{
	program_start();
	binary = argc > 2 && strcmp(argv[2], "binary") == 0;
	if (argc == 4 && strcmp(argv[1], "read") == 0)
	{
		wants_vectors = strcmp(argv[3], "vectors") == 0;
		read_all_rows();
	}
	else if (argc == 8 && strcmp(argv[1], "write") == 0)
		write_index(argv);
	else
	{
		fprintf(stderr, "%s is run by milvus_fdw\n", argv[0]);
		return 2;
	}
	/* nothing is left to be torn down */
	_exit(0);
}
