/*
 * plain.h - What is an HDF5 file that needs no libhdf5 to be written?
 *
 * One whose columns are all of fixed width, not compressed and in the root
 * group: contiguous datasets, the widest where its rows are written as they
 * come, the others behind it.
 */
#ifndef MF_HDF5_PLAIN_H
#define MF_HDF5_PLAIN_H

#include "src/file/file.h"

/* More columns than that go to the helper: each has a scratch file here. */
#define MF_HDF5_PLAIN_COLUMNS 8

/* And longer names. */
#define MF_HDF5_PLAIN_NAME 500

typedef struct MfHdf5PlainColumn
{
	const char *name;
	MfKind		elem;			/* of a value, or of a vector's or list's elements */
	int64_t		width;			/* elements of a row */
	bool		matrix;			/* two dimensions, even if width is 1 */
	size_t		row_bytes;
	int64_t		at;				/* where its rows begin in the file; known at the end */
} MfHdf5PlainColumn;

/* --------------------------------------------------------------- in layout.c */

/* Room that the front of a file takes: the first rows follow it. */
#define MF_HDF5_FRONT 16384

/* The front of a file whose rows are all where the columns say. */
extern void mf_hdf5_front(const MfHdf5PlainColumn *columns, int n, int64_t rows, int64_t end,
						  char front[MF_HDF5_FRONT]);

/* ---------------------------------------------------------------- in plain.c */

typedef struct MfHdf5Plain
{
	MfNewFile  *file;
	int			n;
	MfHdf5PlainColumn columns[MF_HDF5_PLAIN_COLUMNS];
	int			scratch[MF_HDF5_PLAIN_COLUMNS]; /* -1 = none */
	int			widest;
	int64_t		rows;
	int			copying;		/* which column's rows are moved to the file */
	int64_t		copied;			/* bytes of it that are */
} MfHdf5Plain;

/* Can such rows be written so?  batch: the first. */
extern bool mf_hdf5_plain_fits(const MfWriteSpec *spec, const MfBatch *batch);

extern MfStatus mf_hdf5_plain_begin(MfHdf5Plain *plain, const MfWriteSpec *spec, const MfBatch *batch,
									MfNewFile *file, MfError *err);

/* Rows of a batch from one on: at most about a megabyte; *n = how many. */
extern MfStatus mf_hdf5_plain_append(MfHdf5Plain *plain, const MfBatch *batch, int32_t from, int32_t *n,
									 MfError *err);

/* MF_WAIT: there is more to be done. */
extern MfStatus mf_hdf5_plain_finish(MfHdf5Plain *plain, MfWaitFor *wait, MfError *err);
extern void mf_hdf5_plain_end(MfHdf5Plain *plain);

#endif							/* MF_HDF5_PLAIN_H */
