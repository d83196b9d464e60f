/*
 * split_keys.c - Between which keys do about as many rows lie?
 *
 * Milvus tells how many rows have a smaller key than this one, and nothing of
 * how the keys are spread.  So the smallest key is asked for, then how far it is
 * to the largest, by powers of two, then at places between two known points, by
 * interpolation and at even distances.  Whatever is found, and whatever is
 * written meanwhile, any increasing keys cut the rows into disjoint parts; only
 * how even they are depends on it.
 */
#include "split.h"

enum
{
	ASK_FIRST,
	TAKE_FIRST,
	COARSE,						/* 2^8, 2^16, ... beyond the first */
	FINE,						/* and between two of these */
	ROUNDS,
	FOUND
};

#define MOST_ROUNDS 48
#define UNEVEN 10				/* a part may be off by a 10th of what it should be */

static uint64_t
from_key(int64_t key)
{
	return (uint64_t) key ^ (UINT64_C(1) << 63);
}

static int64_t
to_key(uint64_t at)
{
	return (int64_t) (at ^ (UINT64_C(1) << 63));
}

static void
add_point(M2Search *search, uint64_t at, int64_t before)
{
	int			i = search->npoints;

	if (search->npoints == search->most)
	{
		search->over = true;
		return;
	}
	while (i > 0 && search->points[i - 1].at > at)
		i--;
	if (i > 0 && search->points[i - 1].at == at)
		return;
	memmove(&search->points[i + 1], &search->points[i], sizeof(M2Point) * (size_t) (search->npoints - i));
	search->points[i] = (M2Point) {at, before};
	search->npoints++;
}

static void
ask(M2Search *search, uint64_t at)
{
	if (search->nasked == M2_PROBES)
		return;
	for (int i = 0; i < search->nasked; i++)
	{
		if (search->asked[i] == at)
			return;
	}
	search->asked[search->nasked++] = at;
}

/* At these powers of two beyond the smallest key. */
static void
ask_powers(M2Search *search, int first, int step, int n)
{
	uint64_t	low = search->points[0].at;

	for (int i = 0; i < n; i++)
	{
		uint64_t	beyond = UINT64_C(1) << (first + i * step);

		if (beyond < UINT64_MAX - low)
			ask(search, low + beyond);
	}
}

/* The last power of 256 that some rows lie beyond. */
static int
coarse_power(const M2Search *search)
{
	uint64_t	low = search->points[0].at;
	int			power = 0;

	for (int p = 8; p < 64; p += 8)
	{
		for (int i = 0; i < search->npoints; i++)
		{
			const M2Point *point = &search->points[i];

			if (point->at != UINT64_MAX && point->at - low == UINT64_C(1) << p && point->before < search->rows)
				power = p;
		}
	}
	return power;
}

static int64_t
distance(int64_t a, int64_t b)
{
	return a > b ? a - b : b - a;
}

static int
nearest(const M2Search *search, int64_t target)
{
	int			best = 0;

	for (int i = 1; i < search->npoints; i++)
	{
		if (distance(search->points[i].before, target) < distance(search->points[best].before, target))
			best = i;
	}
	return best;
}

static int64_t
target_of(const M2Search *search, int piece)
{
	return (int64_t) ((double) search->rows * piece / search->pieces);
}

/* A key where about `target` rows have smaller ones; false = there is none between what is known. */
static bool
guess(const M2Search *search, int64_t target, uint64_t *at)
{
	const M2Point *low = &search->points[0];
	const M2Point *high = &search->points[search->npoints - 1];
	double		part = 0.5;
	uint64_t	gap;

	for (int i = 0; i < search->npoints; i++)
	{
		if (search->points[i].before <= target)
			low = &search->points[i];
	}
	for (int i = search->npoints - 1; i >= 0 && search->points[i].at > low->at; i--)
		high = &search->points[i];
	if (high->at <= low->at || high->at - low->at < 2)
		return false;
	gap = high->at - low->at;
	if (high->before > low->before)
		part = (double) (target - low->before) / (double) (high->before - low->before);
	part = part < 0 ? 0 : part > 0.999999 ? 0.999999 : part;
	*at = low->at + (uint64_t) (part * (double) gap);
	if (*at <= low->at)
		*at = low->at + 1;
	if (*at >= high->at)
		*at = high->at - 1;
	return true;
}

/* Places at even distances between two known points, with all questions that are left. */
static void
ask_between(M2Search *search, int64_t target)
{
	int			n = M2_PROBES - search->nasked + 1;
	uint64_t	low = search->points[0].at;
	uint64_t	high = UINT64_MAX;

	for (int i = 0; i < search->npoints; i++)
	{
		if (search->points[i].before <= target)
			low = search->points[i].at;
	}
	for (int i = search->npoints - 1; i >= 0 && search->points[i].at > low; i--)
		high = search->points[i].at;
	for (int i = 1; i < n && (high - low) / (uint64_t) n > 0; i++)
		ask(search, low + (high - low) / (uint64_t) n * (uint64_t) i);
}

/* By interpolation, and in each second round by even distances alone. */
static void
ask_round(M2Search *search)
{
	int64_t		enough = search->rows / search->pieces / UNEVEN;
	int64_t		open = -1;

	for (int piece = 1; piece < search->pieces && !search->over; piece++)
	{
		int64_t		target = target_of(search, piece);
		uint64_t	at;

		if (distance(search->points[nearest(search, target)].before, target) <= enough || !guess(search, target, &at))
			continue;
		if (search->rounds % 2 == 0)
			ask(search, at);
		open = target;
	}
	if (open >= 0)
		ask_between(search, open);
	search->rounds++;
}

/* What is asked next, if anything. */
static void
choose(M2Search *search)
{
	while (search->nasked == 0 && search->stage != FOUND)
	{
		switch (search->stage)
		{
			case COARSE:
				ask_powers(search, 8, 8, 7);
				search->stage = FINE;
				break;
			case FINE:
				ask_powers(search, coarse_power(search) + 1, 1, 7);
				search->stage = ROUNDS;
				break;
			default:
				if (search->rounds < MOST_ROUNDS)
					ask_round(search);
				if (search->nasked == 0)
					search->stage = FOUND;
				break;
		}
	}
}

static MfStatus
begin(M2Search *search, M2Probes *probes, MfArena *arena, MfError *err)
{
	const char *token = m2_split_token(arena, search->partitions, NULL, NULL, "");

	search->most = 32 + M2_PROBES * MOST_ROUNDS;
	search->points = mf_arena_alloc(arena, sizeof(M2Point) * (size_t) search->most);
	if (search->points == NULL || token == NULL)
		return mf_error_oom(err, sizeof(M2Point) * (size_t) search->most);
	m2_probe_key(probes, token);
	search->stage = TAKE_FIRST;
	return MF_OK;
}

static void
take_first(M2Search *search, M2Probes *probes)
{
	const M2Probe *first = &probes->probe[0];

	search->stage = first->rows > 0 ? COARSE : FOUND;
	if (first->rows > 0)
	{
		add_point(search, from_key(first->key), 0);
		add_point(search, UINT64_MAX, search->rows);
	}
	m2_probes_forget(probes);
}

MfStatus
m2_search_step(M2Search *search, M2Probes *probes, MfArena *arena, MfWaitFor *wait, MfError *err)
{
	if (search->stage == ASK_FIRST && begin(search, probes, arena, err) != MF_OK)
		return MF_ERROR;
	for (;;)
	{
		MfStatus	status = m2_probes_run(probes, wait, err);

		if (status != MF_OK)
			return status;
		if (search->stage == TAKE_FIRST)
			take_first(search, probes);
		for (int i = 0; i < search->nasked; i++)
			add_point(search, search->asked[i], probes->probe[i].rows);
		m2_probes_forget(probes);
		search->nasked = 0;
		choose(search);
		if (search->stage == FOUND)
			return MF_OK;
		for (int i = 0; i < search->nasked; i++)
		{
			int64_t		below = to_key(search->asked[i]);
			const char *token = m2_split_token(arena, search->partitions, NULL, &below, "");

			if (token == NULL)
				return mf_error_oom(err, 0);
			m2_probe_rows(probes, token);
		}
	}
}

int
m2_search_splits(const M2Search *search, MfArena *arena, const char *seen, MfSplit *splits)
{
	M2Point		last = {0, 0};
	int64_t		from = 0;
	int			n = 0;

	for (int piece = 1; piece < search->pieces && search->npoints > 0; piece++)
	{
		M2Point		here = search->points[nearest(search, target_of(search, piece))];
		int64_t		below = to_key(here.at);

		if (here.before <= last.before || here.before >= search->rows || here.at <= search->points[0].at ||
			(n > 0 && here.at <= last.at))
			continue;
		splits[n] = (MfSplit) {
			m2_split_token(arena, search->partitions, n > 0 ? &from : NULL, &below, seen), here.before - last.before, true
		};
		n++;
		last = here;
		from = below;
	}
	splits[n] = (MfSplit) {
		m2_split_token(arena, search->partitions, n > 0 ? &from : NULL, NULL, seen),
		search->rows < 0 ? -1 : search->rows - last.before, true
	};
	return n + 1;
}
