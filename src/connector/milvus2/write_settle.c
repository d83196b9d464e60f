/*
 * write_settle.c - Which rows' fate is known?
 */
#include <stdio.h>

#include "write.h"

static void
release(MfWrite *write, M2Submission *sub)
{
	M2Submission **at = &write->submissions;

	if (--sub->pieces > 0)
		return;
	while (*at != sub)
		at = &(*at)->next;
	*at = sub->next;
	sub->batch->busy = false;
	write->nsubmissions--;
	write->freed = true;
	m2_keys_settled(write, sub);
	m2_route_free(&sub->route, write->mem);
	m2_partitions_release(sub->list);
	mf_free(write->mem, sub);
}

void
m2_piece_end_call(MfWrite *write, M2Piece *piece)
{
	if (piece->call == NULL)
		return;
	mf_grpc_end(piece->call);
	piece->call = NULL;
	write->in_flight--;
}

void
m2_piece_settle(MfWrite *write, M2Piece *piece)
{
	M2Piece   **at = &write->pieces;

	m2_piece_end_call(write, piece);
	while (*at != piece)
		at = &(*at)->next;
	*at = piece->next;
	release(write, piece->of);
	mf_free(write->mem, piece);
}

/* The core's row, from 0, of one as sent. */
static int32_t
own_row(const M2Piece *piece, int32_t row)
{
	const int32_t *rows = piece->of->route.rows;

	return rows != NULL && row >= 0 && row < piece->of->batch->nrows ? rows[row] : row;
}

void
m2_piece_fix_row(const M2Piece *piece, MfError *err)
{
	int64_t		first = piece->of->batch->first_row;

	if (err->row >= first && err->row < first + piece->of->batch->nrows)
		err->row = first + own_row(piece, (int32_t) (err->row - first));
}

void
m2_piece_error_row(const MfWrite *write, const M2Piece *piece, int32_t row, MfError *err)
{
	m2_error_row(&write->plan, m2_piece_batch(piece), row, -1, err);
	m2_piece_fix_row(piece, err);
}

/* Widen the range of unknown rows by a piece's, in any counts. */
void
m2_piece_note_unknown(const MfWrite *write, const M2Piece *piece, MfWriteCounts *counts,
					  int64_t *first_row, int64_t *last_row)
{
	const MfBatch *batch = m2_piece_batch(piece);
	int32_t		end = piece->first + piece->count - 1;
	int64_t		first = batch->first_row + own_row(piece, piece->first);
	int64_t		last = batch->first_row + own_row(piece, end);

	counts->unknown += piece->count;
	if (*first_row == 0 || first < *first_row)
	{
		*first_row = first;
		m2_row_key(&write->plan, batch, piece->first, counts->unknown_first, sizeof(counts->unknown_first));
	}
	if (last > *last_row)
	{
		*last_row = last;
		m2_row_key(&write->plan, batch, end, counts->unknown_last, sizeof(counts->unknown_last));
	}
}

void
m2_piece_settle_unknown(MfWrite *write, M2Piece *piece)
{
	m2_piece_note_unknown(write, piece, &write->counts, &write->unknown_first_row, &write->unknown_last_row);
	m2_piece_settle(write, piece);
}

MfStatus
m2_piece_cut(MfWrite *write, M2Piece *piece, int32_t count, MfError *err)
{
	M2Piece    *rest = mf_calloc(write->mem, sizeof(M2Piece));

	if (rest == NULL)
		return mf_error_oom(err, sizeof(M2Piece));
	rest->of = piece->of;
	rest->partition = piece->partition;
	rest->first = piece->first + count;
	rest->count = piece->count - count;
	rest->next = piece->next;
	piece->count = count;
	piece->next = rest;
	piece->of->pieces++;
	return MF_OK;
}
