/*
 * write.h - What is the state of a writer?
 */
#ifndef MILVUS2_WRITE_H
#define MILVUS2_WRITE_H

#include "internal.h"

/* The core's batch, until all its rows are settled. */
typedef struct M2Submission
{
	struct M2Submission *next;
	MfBatch    *batch;
	M2Route		route;			/* where rows go to several partitions */
	M2Partitions *list;			/* that the names are of */
	int			pieces;			/* not settled */
	MfBatch    *keys;			/* the server made, in its order of rows; or NULL */
	int32_t    *key_rows;		/* the row of each */
} M2Submission;

/* What one request carries. */
typedef struct M2Piece
{
	struct M2Piece *next;		/* in the order of rows */
	M2Submission *of;
	const char *partition;		/* "" = not named */
	int32_t		first;			/* of the rows as they are sent */
	int32_t		count;
	size_t		bytes;			/* as sent last */
	MfGrpcCall *call;			/* NULL = to be sent */
} M2Piece;

/* write_pace.c: how much the server is given at once */
typedef struct M2Pace
{
	int			most_in_flight;
	int			window;			/* requests in flight at most */
	int			credit;			/* successes since it grew */
	size_t		bytes;			/* of a request at most */
	size_t		ceiling;		/* never more than this */
	size_t		spare;			/* bytes a row takes beyond those of its values */
	bool		starting;		/* it doubles until the server first asks for less */
	bool		slowed;			/* since the last success */
} M2Pace;

struct MfWrite
{
	MfConn	   *conn;
	MfMem	   *mem;
	const MfWriteSpec *spec;
	M2WritePlan plan;
	const char *method;			/* of gRPC */
	const char *what;			/* for waits and messages */
	bool		repeatable;		/* what was perhaps done may be done again */
	const char *database;
	const char *collection;
	M2Where		where;

	/* write_prepare.c */
	const char *partition;		/* the table's, or "" */
	M2Partitions *partitions;	/* where they have to be known */
	int			finding;		/* how far we are with one that is not in the list: */
	char		sought[M2_MAX_NAME + 1];
	MfTask	   *listing;
	MfTask	   *creating;
	bool		prepared;

	M2Submission *submissions;
	M2Piece    *pieces;
	int			nsubmissions;
	int			in_flight;		/* pieces with a call */
	M2Pace		pace;
	bool		freed;			/* a batch got free since the last poll */
	bool		failed;
	MfWriteCounts counts;		/* of what is settled */
	int64_t		unknown_first_row;
	int64_t		unknown_last_row;
	bool		makes_keys;		/* the server does */
	MfBatch    *keys;			/* those of the batch settled last, as its one column */
};

/* The rows as they are sent. */
static inline const MfBatch *
m2_piece_batch(const M2Piece *piece)
{
	return piece->of->route.batch != NULL ? piece->of->route.batch : piece->of->batch;
}

/* write_prepare.c */

/* Can this be done to such a collection at all, and by which request? */
extern MfStatus m2_write_check(MfWrite *write, MfError *err);

/* What has to be asked before the first request. */
extern MfStatus m2_write_prepare(MfWrite *write, MfWaitFor *wait, MfError *err);

/* Where do a batch's rows go?  Makes partitions where it may. */
extern MfStatus m2_write_route(MfWrite *write, const MfBatch *batch, M2Route *route,
							   MfWaitFor *wait, MfError *err);

/* write_settle.c */
extern void m2_piece_end_call(MfWrite *write, M2Piece *piece);

/* The fate of its rows is known (or will never be): forget the piece. */
extern void m2_piece_settle(MfWrite *write, M2Piece *piece);
extern void m2_piece_settle_unknown(MfWrite *write, M2Piece *piece);
extern void m2_piece_note_unknown(const MfWrite *write, const M2Piece *piece, MfWriteCounts *counts,
								  int64_t *first_row, int64_t *last_row);

/* Note in *err which of the core's rows one of those sent is. */
extern void m2_piece_error_row(const MfWrite *write, const M2Piece *piece, int32_t row, MfError *err);

/* An error that names a row as sent: as the core knows it. */
extern void m2_piece_fix_row(const M2Piece *piece, MfError *err);

/* Cut a piece in two; the first part keeps `count` rows, at least one and not all. */
extern MfStatus m2_piece_cut(MfWrite *write, M2Piece *piece, int32_t count, MfError *err);

/* write_answer.c */

/* A reply is here. */
extern MfStatus m2_piece_answered(MfWrite *write, M2Piece *piece, MfError *err);

/* gRPC says that there will be none. */
extern MfStatus m2_piece_failed(MfWrite *write, M2Piece *piece, MfError *err);

/* It is too large: halves, or for a single row an error.  bytes: 0 = the server said so. */
extern MfStatus m2_piece_too_large(MfWrite *write, M2Piece *piece, size_t bytes, MfError *err);

/* write_keys.c */
extern MfStatus m2_keys_note(MfWrite *write, const M2Piece *piece, const M2__IDs *ids, MfError *err);
extern void m2_keys_settled(MfWrite *write, M2Submission *sub);
extern void m2_keys_forget(MfWrite *write);

/* write_pace.c */
extern void m2_pace_init(M2Pace *pace, int most_in_flight, size_t ceiling);
extern void m2_pace_success(M2Pace *pace);

/* The server has enough to do; sent: bytes of what it refused. */
extern void m2_pace_slower(M2Pace *pace, size_t sent);

/* It never takes so much at once. */
extern void m2_pace_ceiling(M2Pace *pace, size_t bytes);

/* How many of a piece's rows to send now, by the bytes that rows have? */
extern int32_t m2_pace_rows(const M2Pace *pace, const M2Piece *piece);

#endif							/* MILVUS2_WRITE_H */
