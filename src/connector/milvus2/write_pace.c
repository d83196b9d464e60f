/*
 * write_pace.c - How much is the server given at once?
 *
 * Requests in flight and bytes a request both grow by addition while answers
 * come, and are halved when the server asks for less: once, until an answer
 * comes again.  Milvus lets a request pass whenever its rate is not overdrawn,
 * however large it is, and then refuses all until the debt is paid.  So small
 * requests cost little time, and large ones cost the whole statement its
 * patience: hence the start with few bytes, which double until the first no.
 */
#include "write.h"

#define FIRST_BYTES ((size_t) 4 << 20)
#define LEAST_BYTES ((size_t) 64 << 10)
#define STEP_BYTES ((size_t) 256 << 10)

void
m2_pace_init(M2Pace *pace, int most_in_flight, size_t ceiling)
{
	pace->most_in_flight = most_in_flight > 0 ? most_in_flight : 1;
	pace->window = pace->most_in_flight;
	pace->ceiling = ceiling;
	pace->bytes = ceiling < FIRST_BYTES ? ceiling : FIRST_BYTES;
	pace->starting = true;
}

static void
limit_bytes(M2Pace *pace)
{
	if (pace->bytes > pace->ceiling)
		pace->bytes = pace->ceiling;
}

void
m2_pace_success(M2Pace *pace)
{
	pace->slowed = false;
	pace->bytes = pace->starting ? pace->bytes * 2 : pace->bytes + STEP_BYTES;
	limit_bytes(pace);
	if (pace->window < pace->most_in_flight && ++pace->credit >= pace->window)
	{
		pace->window++;
		pace->credit = 0;
	}
}

void
m2_pace_slower(M2Pace *pace, size_t sent)
{
	pace->starting = false;
	if (pace->slowed)
		return;
	pace->slowed = true;
	pace->credit = 0;
	pace->window = pace->window > 1 ? pace->window / 2 : 1;
	pace->bytes = (sent > 0 && sent < pace->bytes ? sent : pace->bytes) / 2;
	if (pace->bytes < LEAST_BYTES)
		pace->bytes = LEAST_BYTES;
	limit_bytes(pace);
}

void
m2_pace_ceiling(M2Pace *pace, size_t bytes)
{
	if (bytes < pace->ceiling)
		pace->ceiling = bytes > LEAST_BYTES ? bytes : LEAST_BYTES;
	limit_bytes(pace);
}

/* A little more than allowed is better than a second request for the rest. */
int32_t
m2_pace_rows(const M2Pace *pace, const M2Piece *piece)
{
	const MfBatch *batch = m2_piece_batch(piece);
	size_t		each = mf_batch_bytes(batch) / (size_t) batch->nrows + pace->spare + 1;
	size_t		rows = pace->bytes / each;

	if ((double) rows * 1.25 >= (double) piece->count)
		return piece->count;
	return rows > 0 ? (int32_t) rows : 1;
}
