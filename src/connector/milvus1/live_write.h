/*
 * live_write.h - What is kept of rows on their way to a Milvus 1.x server?
 */
#ifndef MILVUS1_LIVE_WRITE_H
#define MILVUS1_LIVE_WRITE_H

#include "live.h"

/* The rows of one batch that go to one partition. */
typedef struct M1Piece
{
	struct M1Piece *next;
	MfBatch    *batch;
	int32_t    *rows;			/* which of the batch's */
	int32_t		nrows;
	const char *tag;			/* points into the batch, or an option; "" = the default one */
	size_t		tag_len;
	MfGrpcCall *call;			/* NULL = to be sent */
} M1Piece;

typedef struct M1Tag
{
	struct M1Tag *next;
	char		name[];
} M1Tag;

struct MfWrite
{
	MfConn	   *conn;
	MfMem	   *mem;
	const MfWriteSpec *spec;
	const char *collection;
	const char *partition;		/* option */
	bool		create_partitions;
	int			id;				/* batch columns, or -1 */
	int			vector;
	int			tag;
	M1Tag	   *known;			/* partitions that exist */
	MfCall		ask;			/* about one that is not known */
	bool		creating;
	M1Piece    *pieces;
	int			in_flight;
	bool		freed;
	bool		failed;
	MfWriteCounts counts;
	MfBatch    *ids;			/* one column: the ids of the last Insert */
};

extern void m1_piece_free(MfWrite *write, M1Piece *piece);

/* -------------------------------------------------------------- live_encode.c */

/* The id of a piece's row; is one given? */
extern int64_t m1_piece_id(const MfWrite *write, const M1Piece *piece, int32_t i);
extern bool m1_piece_has_id(const MfWrite *write, const M1Piece *piece, int32_t i);

/* Note in *err which row it is about, and which column (-1: none). */
extern void m1_piece_note_row(const MfWrite *write, const M1Piece *piece, int32_t i, int column, MfError *err);

/* The request's bytes, malloc'd as gRPC wants them. */
extern MfStatus m1_encode_insert(const MfWrite *write, const M1Piece *piece, uint8_t **body, size_t *len, MfError *err);
extern MfStatus m1_encode_delete(const MfWrite *write, const M1Piece *piece, uint8_t **body, size_t *len, MfError *err);

/* -------------------------------------------------------------- live_settle.c */

extern const MfMethod m1_insert;
extern const MfMethod m1_delete_by_id;

/* The call of a piece has ended: count its rows, and let go of it unless it is sent anew. */
extern MfStatus m1_answered(MfWrite *write, M1Piece *piece, MfStatus status, MfError *err);
extern void m1_settle(MfWrite *write, M1Piece *piece);
extern void m1_note_unknown(const MfWrite *write, const M1Piece *piece, MfWriteCounts *counts);

/* ----------------------------------------------------------- live_partition.c */

extern bool m1_partition_known(const MfWrite *write, const M1Piece *piece);

/* MF_OK once the partition exists. */
extern MfStatus m1_partition_need(MfWrite *write, const M1Piece *piece, MfWaitFor *wait, MfError *err);

#endif							/* MILVUS1_LIVE_WRITE_H */
