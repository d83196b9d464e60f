/*
 * filter.c - Which rows need not be looked at?
 *
 * There is no server to ask, but conditions on the partition and the segment
 * leave out whole segments, and those on the id spare the vectors of all other
 * rows.  Everything else is the core's to check.
 */
#include <stdlib.h>

#include "scan.h"

static bool
is_on(const MfFilter *f, const char *field)
{
	return (f->op == MF_FILTER_EQ || f->op == MF_FILTER_IN) && f->npath == 0 && !f->as_text &&
		strcmp(f->field, field) == 0;
}

static bool
all_of_kind(const MfFilter *f, MfKind kind)
{
	for (int i = 0; i < f->nvalues; i++)
	{
		if (f->values[i].kind != kind)
			return false;
	}
	return true;
}

MfShip
m1_filter_check(const MfCollection *collection, const MfFilter *filter)
{
	bool		text = is_on(filter, M1_FIELD_PARTITION) || is_on(filter, M1_FIELD_SEGMENT);

	return (text && all_of_kind(filter, MF_KIND_TEXT)) ||
		(is_on(filter, M1_FIELD_ID) && all_of_kind(filter, MF_KIND_I64)) ? MF_SHIP_SUPERSET : MF_SHIP_NO;
}

bool
m1_filter_takes(const MfScanSpec *spec, const char *field, const char *text)
{
	size_t		len = strlen(text);

	for (int i = 0; i < spec->nfilters; i++)
	{
		const MfFilter *f = spec->filters[i];
		bool		found = false;

		if (!is_on(f, field) || !all_of_kind(f, MF_KIND_TEXT))
			continue;
		for (int v = 0; v < f->nvalues && !found; v++)
			found = f->values[v].len == len && memcmp(f->values[v].bytes, text, len) == 0;
		if (!found)
			return false;
	}
	return true;
}

static int
compare_ids(const void *a, const void *b)
{
	int64_t		x = *(const int64_t *) a;
	int64_t		y = *(const int64_t *) b;

	return x < y ? -1 : x > y;
}

MfStatus
m1_filter_ids(const MfScanSpec *spec, MfMem *mem, int64_t **ids, int64_t *n, MfError *err)
{
	const MfFilter *best = NULL;

	*ids = NULL;
	*n = 0;
	for (int i = 0; i < spec->nfilters; i++)
	{
		const MfFilter *f = spec->filters[i];

		if (is_on(f, M1_FIELD_ID) && all_of_kind(f, MF_KIND_I64) && (best == NULL || f->nvalues < best->nvalues))
			best = f;
	}
	if (best == NULL)
		return MF_OK;
	*ids = mf_alloc(mem, sizeof(int64_t) * (size_t) (best->nvalues + 1));
	if (*ids == NULL)
		return mf_error_oom(err, sizeof(int64_t) * (size_t) best->nvalues);
	for (int i = 0; i < best->nvalues; i++)
		(*ids)[(*n)++] = best->values[i].integer;
	qsort(*ids, (size_t) *n, sizeof(int64_t), compare_ids);
	return MF_OK;
}

bool
m1_filter_wants(const int64_t *ids, int64_t n, int64_t id)
{
	return bsearch(&id, ids, (size_t) n, sizeof(int64_t), compare_ids) != NULL;
}
