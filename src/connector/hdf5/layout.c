/*
 * layout.c - What stands before the rows of a plain HDF5 file?
 *
 * By the HDF5 File Format Specification, version 1.0 to 1.1: superblock 0, a
 * group that is a symbol table, object headers 1, contiguous datasets.  Every
 * release of libhdf5 reads that.  All numbers little-endian.
 */
#include <string.h>

#include "plain.h"

#define NOWHERE UINT64_MAX

/* Names in one node of the group; pointers in a node of its B-tree. */
#define NODE_NAMES (MF_HDF5_PLAIN_COLUMNS)
#define TREE_K 16

#define SUPERBLOCK_BYTES 96
#define GROUP_AT SUPERBLOCK_BYTES
#define GROUP_BYTES 40
#define HEAP_AT (GROUP_AT + GROUP_BYTES)
#define HEAP_BYTES 32
#define TREE_AT (HEAP_AT + HEAP_BYTES)
#define TREE_BYTES (24 + 8 + 2 * TREE_K * 16)
#define NODE_AT (TREE_AT + TREE_BYTES)
#define NODE_BYTES (8 + NODE_NAMES * 40)
#define HEADERS_AT (NODE_AT + NODE_BYTES)
#define HEADER_BYTES 256
#define NAMES_AT (HEADERS_AT + MF_HDF5_PLAIN_COLUMNS * HEADER_BYTES)

/* A place in the front that is written forward. */
typedef struct Put
{
	char	   *front;
	size_t		at;
} Put;

static void
put(Put *p, uint64_t value, int bytes)
{
	for (int i = 0; i < bytes; i++)
		p->front[p->at++] = (char) (value >> 8 * i);
}

static void
put_text(Put *p, const char *text, size_t len)
{
	memcpy(p->front + p->at, text, len);
	p->at += len;
}

/* ------------------------------------------------------------------- a dataset */

static void
put_message(Put *p, int type, size_t bytes)
{
	put(p, (uint64_t) type, 2);
	put(p, bytes, 2);
	put(p, type == 3 || type == 5 ? 1 : 0, 4);	/* constant: a type, a fill value */
}

static void
put_integer(Put *p, size_t bytes, bool is_signed)
{
	put(p, 0x10 | (is_signed ? 0x800 : 0), 4);
	put(p, bytes, 4);
	put(p, 0, 2);
	put(p, bytes * 8, 2);
}

static void
put_float(Put *p, size_t bytes)
{
	bool		wide = bytes == 8;

	put(p, 0x11 | 0x2000 | (wide ? 63 : 31) << 16, 4);
	put(p, bytes, 4);
	put(p, 0, 2);
	put(p, bytes * 8, 2);
	put(p, wide ? 52 : 23, 1);	/* exponent: where, bits */
	put(p, wide ? 11 : 8, 1);
	put(p, 0, 1);				/* mantissa: where, bits */
	put(p, wide ? 52 : 23, 1);
	put(p, wide ? 1023 : 127, 4);
}

/* As h5py writes booleans. */
static void
put_bool(Put *p)
{
	put(p, 0x18 | 2 << 8, 4);
	put(p, 1, 4);
	put_integer(p, 1, true);
	put_text(p, "FALSE\0\0\0TRUE\0\0\0\0\0\1", 18);
}

static void
put_type(Put *p, MfKind elem)
{
	size_t		start = p->at + 8;

	put_message(p, 3, 0);
	if (elem == MF_KIND_BOOL)
		put_bool(p);
	else if (elem == MF_KIND_F32 || elem == MF_KIND_F64)
		put_float(p, mf_kind_width(elem, 0));
	else if (elem == MF_KIND_VEC_BIT)
		put_integer(p, 1, false);
	else
		put_integer(p, mf_kind_width(elem, 0), true);
	p->at = start + (p->at - start + 7) / 8 * 8;
	p->front[start - 6] = (char) (p->at - start);
}

static void
put_dataset(Put *p, const MfHdf5PlainColumn *c, int64_t rows)
{
	size_t		start = p->at;
	int			rank = c->matrix ? 2 : 1;
	size_t		messages;

	put(p, 1, 2);				/* version */
	put(p, 4, 2);				/* messages */
	put(p, 1, 4);				/* references */
	put(p, 0, 8);				/* bytes: below */
	put_message(p, 1, 8 + 8 * (size_t) rank);
	put(p, 1 | rank << 8, 8);
	put(p, (uint64_t) rows, 8);
	if (rank == 2)
		put(p, (uint64_t) c->width, 8);
	put_type(p, c->elem);
	put_message(p, 5, 8);
	put(p, 2 | 2 << 8 | 2 << 16, 8);	/* room late, filled if set, not set */
	put_message(p, 8, 24);
	put(p, 3 | 1 << 8, 2);		/* contiguous */
	put(p, (uint64_t) c->at, 8);
	put(p, (uint64_t) rows * c->row_bytes, 8);
	put(p, 0, 6);
	messages = p->at - start - 16;
	p->at = start + 8;
	put(p, messages, 4);
}

/* ------------------------------------------------------------------- the group */

static void
put_entry(Put *p, uint64_t name, uint64_t header)
{
	put(p, name, 8);
	put(p, header, 8);
	put(p, 0, 8);
	put(p, 0, 8);
	put(p, 0, 8);
}

/* Which column is the nth by name? */
static int
by_name(const MfHdf5PlainColumn *columns, int n, int nth)
{
	for (int i = 0; i < n; i++)
	{
		int			before = 0;

		for (int j = 0; j < n; j++)
			before += strcmp(columns[j].name, columns[i].name) < 0;
		if (before == nth)
			return i;
	}
	return 0;
}

/* Names, in their order, and the one node that has them all. */
static void
put_names(char *front, const MfHdf5PlainColumn *columns, int n)
{
	Put			names = {front, NAMES_AT + 8};	/* the first is empty */
	Put			node = {front, NODE_AT};
	Put			heap = {front, HEAP_AT};
	Put			tree = {front, TREE_AT};
	uint64_t	last = 0;

	put_text(&node, "SNOD\1\0", 6);
	put(&node, (uint64_t) n, 2);
	for (int i = 0; i < n; i++)
	{
		int			c = by_name(columns, n, i);

		last = names.at - NAMES_AT;
		put_entry(&node, last, HEADERS_AT + (uint64_t) c * HEADER_BYTES);
		put_text(&names, columns[c].name, strlen(columns[c].name) + 1);
		names.at = (names.at + 7) / 8 * 8;
	}
	put_text(&heap, "HEAP\0\0\0\0", 8);
	put(&heap, names.at - NAMES_AT, 8);
	put(&heap, 1, 8);			/* no free room */
	put(&heap, NAMES_AT, 8);
	put_text(&tree, "TREE\0\0\1\0", 8);
	put(&tree, NOWHERE, 8);
	put(&tree, NOWHERE, 8);
	put(&tree, 0, 8);
	put(&tree, NODE_AT, 8);
	put(&tree, last, 8);
}

static void
put_superblock(char *front, int64_t end)
{
	Put			p = {front, 0};

	put_text(&p, "\x89HDF\r\n\x1a\n", 8);
	put(&p, 0, 5);
	put(&p, 8, 1);				/* bytes of an offset, of a length */
	put(&p, 8, 1);
	put(&p, 0, 1);
	put(&p, NODE_NAMES / 2, 2);
	put(&p, TREE_K, 2);
	put(&p, 0, 4);
	put(&p, 0, 8);
	put(&p, NOWHERE, 8);
	put(&p, (uint64_t) end, 8);
	put(&p, NOWHERE, 8);
	put(&p, 0, 8);				/* the root group */
	put(&p, GROUP_AT, 8);
	put(&p, 1, 8);
	put(&p, TREE_AT, 8);
	put(&p, HEAP_AT, 8);
	put(&p, 1 | 1 << 16, 4);	/* its header: version, one message */
	put(&p, 1, 4);
	put(&p, 24, 8);
	put_message(&p, 0x11, 16);
	put(&p, TREE_AT, 8);
	put(&p, HEAP_AT, 8);
}

void
mf_hdf5_front(const MfHdf5PlainColumn *columns, int n, int64_t rows, int64_t end, char front[MF_HDF5_FRONT])
{
	memset(front, 0, MF_HDF5_FRONT);
	put_superblock(front, end);
	put_names(front, columns, n);
	for (int i = 0; i < n; i++)
	{
		Put			p = {front, HEADERS_AT + (size_t) i * HEADER_BYTES};

		put_dataset(&p, &columns[i], rows);
	}
}
