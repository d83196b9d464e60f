/*
 * parquet_level.c - Where are the NULLs, and where does a list end?
 *
 * Levels of one or two bits each, in the hybrid of runs and packed bits of
 * parquet-format's Encodings.md, behind four bytes of length (data page v1).
 */
#include "parquet.h"

#include <string.h>

static size_t
run_at(const uint8_t *levels, size_t n, size_t at)
{
	size_t		end = at + 1;

	while (end < n && levels[end] == levels[at])
		end++;
	return end - at;
}

/* Eight levels a group; the last is filled up with zeros. */
static void
put_packed(MfBytes *out, const uint8_t *levels, size_t n, size_t at, size_t groups, int bits)
{
	mf_put_varint(out, groups << 1 | 1);
	for (size_t g = 0; g < groups; g++)
	{
		uint32_t	packed = 0;

		for (size_t i = 0; i < 8; i++)
		{
			size_t		k = at + g * 8 + i;

			packed |= (k < n ? (uint32_t) levels[k] : 0) << (i * (size_t) bits);
		}
		mf_json_buf_raw(out, (const char *) &packed, (size_t) bits);
	}
}

/* What stands at `start`: how many bytes follow. */
static void
put_length(MfBytes *out, size_t start)
{
	uint32_t	length = (uint32_t) (out->len - start - sizeof(length));

	if (!out->failed)
		memcpy(out->data + start, &length, sizeof(length));
}

void
pq_levels(MfBytes *out, const uint8_t *levels, size_t n, int bits)
{
	size_t		start = out->len;
	uint32_t	length = 0;

	mf_json_buf_raw(out, (const char *) &length, sizeof(length));
	for (size_t i = 0; i < n;)
	{
		size_t		run = run_at(levels, n, i);
		size_t		groups = 0;

		if (run >= 8)
		{
			mf_put_varint(out, run << 1);
			mf_json_buf_raw(out, (const char *) &levels[i], 1);
			i += run;
			continue;
		}
		do
			groups++;
		while (groups < 63 && i + groups * 8 < n && run_at(levels, n, i + groups * 8) < 8);
		put_packed(out, levels, n, i, groups, bits);
		i += groups * 8;
	}
	put_length(out, start);
}

static void
put_run(MfBytes *out, uint64_t n, char level)
{
	if (n == 0)
		return;
	mf_put_varint(out, n << 1);
	mf_json_buf_raw(out, &level, 1);
}

/*
 * In long lists runs are all that is needed: of repetition a 0 and then ones, of
 * definition 2 for each element, 1 for an empty list and 0 for NULL.
 */
size_t
pq_run_levels(MfBytes *out, const MfColumn *col, int32_t from, int32_t to)
{
	size_t		start = out->len;
	uint64_t	values = 0;
	uint64_t	run = 0;
	char		level = 2;
	uint32_t	length = 0;

	mf_json_buf_raw(out, (const char *) &length, sizeof(length));
	for (int32_t row = from; row < to; row++)
	{
		int64_t		n = pq_list_length(col, row);

		put_run(out, 1, 0);
		if (n > 1)
			put_run(out, (uint64_t) n - 1, 1);
	}
	put_length(out, start);
	start = out->len;
	mf_json_buf_raw(out, (const char *) &length, sizeof(length));
	for (int32_t row = from; row < to; row++)
	{
		int64_t		n = pq_list_length(col, row);
		char		next = (char) (n < 0 ? 0 : n == 0 ? 1 : 2);

		if (next != level)
		{
			put_run(out, run, level);
			run = 0;
		}
		level = next;
		run += n > 0 ? (uint64_t) n : 1;
		values += n > 0 ? (uint64_t) n : 1;
	}
	put_run(out, run, level);
	put_length(out, start);
	return (size_t) values;
}
