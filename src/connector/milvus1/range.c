/*
 * range.c - Do the ids of segments lie apart from each other?
 */
#include <stdlib.h>

#include "sieve.h"

bool
m1_range_add(M1Range *range, int64_t id)
{
	bool		rises = !range->any || id > range->high;

	if (!range->any || id < range->low)
		range->low = id;
	if (rises)
		range->high = id;
	range->any = true;
	return rises;
}

static int
compare_ranges(const void *a, const void *b)
{
	const M1Range *x = a;
	const M1Range *y = b;

	return x->any != y->any ? (x->any ? -1 : 1) : x->low < y->low ? -1 : x->low > y->low;
}

bool
m1_ranges_are_apart(M1Range *ranges, int n)
{
	M1Range		before = {false};	/* all so far */
	M1Range		mine = {false};	/* of those, mine */

	if (n > 0)
		qsort(ranges, (size_t) n, sizeof(M1Range), compare_ranges);
	for (int i = 0; i < n && ranges[i].any; i++)
	{
		const M1Range *range = &ranges[i];
		const M1Range *other = range->mine ? &before : &mine;

		if (other->any && range->low <= other->high)
			return false;
		if (!before.any || range->high > before.high)
			before = *range;
		if (range->mine && (!mine.any || range->high > mine.high))
			mine = *range;
	}
	return true;
}
