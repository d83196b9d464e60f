/*
 * frame.h - How do a connector and its helper program speak?
 *
 * By frames over two pipes, in the machine's byte order, because both are of
 * one build.  Rows are columns as in a batch, less what is the reader's own
 * (headroom); NULLs do not occur in files.
 */
#ifndef MF_FRAME_H
#define MF_FRAME_H

#include "batch.h"

typedef enum MfFrameType
{
	MF_FRAME_ROWS = 0x4d465201,
	MF_FRAME_FIELDS,			/* descriptions, in the connector's own form */
	MF_FRAME_ERROR,				/* texts, each with its NUL: SQLSTATE, message,
								 * detail, hint */
	MF_FRAME_DONE				/* nothing more will come; all is written */
} MfFrameType;

typedef struct MfFrameHead
{
	uint32_t	type;
	uint32_t	ncolumns;		/* ROWS: so many MfFrameColumn begin the payload */
	uint32_t	nrows;
	uint32_t	unused;
	uint64_t	bytes;			/* of payload */
} MfFrameHead;

/*
 * Then the columns' values, one column after the other: fixed width side by
 * side; for lists and texts nrows + 1 offsets (int64) and then elements or
 * bytes.
 */
typedef struct MfFrameColumn
{
	uint8_t		kind;
	uint8_t		elem;
	uint16_t	unused;
	int32_t		dim;
	uint64_t	bytes;
} MfFrameColumn;

/* What a frame may hold at most. */
#define MF_FRAME_MAX_BYTES (UINT64_C(256) * 1024 * 1024)
#define MF_FRAME_MAX_COLUMNS 1600

/* Rows that make frames of a good size: about 256 kB. */
static inline int32_t
mf_frame_rows(size_t row_bytes)
{
	size_t		rows = row_bytes > 0 ? 256 * 1024 / row_bytes : 16384;

	return rows < 1 ? 1 : rows > 16384 ? 16384 : (int32_t) rows;
}

#endif							/* MF_FRAME_H */
