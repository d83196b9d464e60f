/*
 * select.c - Which rows are handed out by test_pushing_fdw, and in which order?
 *
 * Comparisons of whole numbers and NULL tests with AND, OR and NOT, and orders of
 * whole numbers.  Option "checks" leaves it at a superset, "orders" at no
 * order or at a wrong one that is said to be right.
 */
#include <stdlib.h>
#include <string.h>

#include "test.h"

typedef enum Truth
{
	NO,
	YES,
	UNKNOWN
} Truth;

static bool
is_whole(MfKind kind)
{
	return kind >= MF_KIND_I8 && kind <= MF_KIND_I64;
}

MfShip
filter_check(const MfCollection *collection, const MfFilter *filter)
{
	return MF_SHIP_SUPERSET;
}

bool
sort_check(int nsorts, const MfSort *sorts)
{
	for (int i = 0; i < nsorts; i++)
	{
		if (!is_whole(sorts[i].kind))
			return false;
	}
	return true;
}

/* ----------------------------------------------------------------------- values */

static int
column_of(const MfScan *scan, const char *field)
{
	for (int i = 0; i < scan->spec->ncolumns; i++)
	{
		if (strcmp(scan->spec->columns[i].field, field) == 0)
			return i;
	}
	return -1;
}

/* A whole number of a row; false = it is NULL. */
static bool
number(MfScan *scan, const char *field, int64_t row, int64_t *value)
{
	int			i = column_of(scan, field);
	MfBatch    *batch = scan->batches[0];
	MfColumn   *col = &batch->columns[i];
	bool		present;
	int32_t		small;

	mf_batch_reset(batch);
	present = scan_value(scan, col, i, row) && mf_column_state(col, 0) == MF_VALUE_PRESENT;
	if (!present)
		return false;
	if (col->kind == MF_KIND_I64)
		memcpy(value, mf_fixed_at(col, 0), sizeof(*value));
	else
	{
		memcpy(&small, mf_fixed_at(col, 0), sizeof(small));
		*value = small;
	}
	return true;
}

/* ------------------------------------------------------------------- conditions */

static Truth
compare(MfScan *scan, const MfFilter *f, int64_t row, bool *exact)
{
	int			i = column_of(scan, f->field);
	int64_t		value;
	bool		known;

	if (i < 0 || (scan->batches[0]->columns[i].kind != MF_KIND_I64 && scan->batches[0]->columns[i].kind != MF_KIND_I32) ||
		(f->nvalues > 0 && f->values[0].kind != MF_KIND_I64) || f->op >= MF_FILTER_CONTAINS || f->op == MF_FILTER_LIKE)
	{
		*exact = false;
		return YES;
	}
	known = number(scan, f->field, row, &value);
	if (f->op == MF_FILTER_IS_NULL || f->op == MF_FILTER_IS_NOT_NULL)
		return known == (f->op == MF_FILTER_IS_NOT_NULL) ? YES : NO;
	if (!known)
		return UNKNOWN;
	for (int v = 0; v < f->nvalues && f->op == MF_FILTER_IN; v++)
	{
		if (f->values[v].integer == value)
			return YES;
	}
	switch (f->op)
	{
		case MF_FILTER_EQ:
			return value == f->values[0].integer ? YES : NO;
		case MF_FILTER_NE:
			return value != f->values[0].integer ? YES : NO;
		case MF_FILTER_LT:
			return value < f->values[0].integer ? YES : NO;
		case MF_FILTER_LE:
			return value <= f->values[0].integer ? YES : NO;
		case MF_FILTER_GT:
			return value > f->values[0].integer ? YES : NO;
		case MF_FILTER_GE:
			return value >= f->values[0].integer ? YES : NO;
		default:
			return NO;
	}
}

static Truth
check(MfScan *scan, const MfFilter *f, int64_t row, bool *exact)
{
	Truth		end = f->op == MF_FILTER_AND ? NO : YES;
	Truth		truth = end == NO ? YES : NO;
	bool		known = true;

	switch (f->op)
	{
		case MF_FILTER_TRUE:
			return YES;
		case MF_FILTER_FALSE:
			return NO;
		case MF_FILTER_NOT:
			truth = check(scan, f->args[0], row, &known);
			if (!known)
			{
				*exact = false;
				return YES;
			}
			return truth == UNKNOWN ? UNKNOWN : truth == YES ? NO : YES;
		case MF_FILTER_AND:
		case MF_FILTER_OR:
			for (int i = 0; i < f->nargs && truth != end; i++)
			{
				Truth		one = check(scan, f->args[i], row, exact);

				if (one == end || one == UNKNOWN)
					truth = one;
			}
			return truth;
		default:
			return compare(scan, f, row, exact);
	}
}

/* ----------------------------------------------------------------------- orders */

static MfScan *sorted;			/* qsort takes no argument */

static int
by_sorts(const void *a, const void *b)
{
	int64_t		left = *(const int64_t *) a;
	int64_t		right = *(const int64_t *) b;

	for (int i = 0; i < sorted->spec->nsorts; i++)
	{
		const MfSort *sort = &sorted->spec->sorts[i];
		int64_t		x = 0;
		int64_t		y = 0;
		bool		has_x = number(sorted, sort->field, left, &x);
		bool		has_y = number(sorted, sort->field, right, &y);

		if (has_x != has_y)
			return has_x == sort->nulls_first ? 1 : -1;
		if (has_x && x != y)
			return (x < y) == sort->descending ? 1 : -1;
	}
	return left < right ? -1 : left > right;
}

static void
sort_rows(MfScan *scan, const char *how)
{
	if (scan->spec->nsorts == 0 || (how != NULL && strcmp(how, "not") == 0))
		return;
	scan->stats.sorted = true;
	if (how != NULL && strcmp(how, "wrongly") == 0)
		return;
	sorted = scan;
	qsort(scan->rows, (size_t) scan->total, sizeof(int64_t), by_sorts);
	sorted = NULL;
}

/* ----------------------------------------------------------------------- a scan */

MfStatus
select_rows(MfScan *scan, MfError *err)
{
	const MfScanSpec *spec = scan->spec;
	const char *checks = mf_option(spec->options, "checks");
	bool		exact = checks == NULL || strcmp(checks, "exactly") == 0;
	bool		complete = true;
	int64_t		n = 0;

	/* only one of the wrappers is given any of these */
	if (spec->nfilters == 0 && spec->nsorts == 0)
		return MF_OK;
	scan->rows = mf_alloc(spec->mem, sizeof(int64_t) * (size_t) (scan->total + 1));
	if (scan->rows == NULL)
		return mf_error_oom(err, sizeof(int64_t) * (size_t) scan->total);
	for (int64_t row = scan->row; row < scan->total; row++)
	{
		Truth		truth = YES;

		if (scan->collection != NULL && store_is_dead(scan->collection, (int32_t) row))
			continue;
		for (int i = 0; i < spec->nfilters && truth == YES; i++)
			truth = check(scan, spec->filters[i], row, &complete);
		/* every seventh row is one too many */
		if (truth == YES || (!exact && row % 7 == 0))
			scan->rows[n++] = row;
	}
	exact = exact && complete;
	scan->total = n;
	scan->row = 0;
	sort_rows(scan, mf_option(spec->options, "orders"));
	mf_batch_reset(scan->batches[0]);
	scan->only_number = spec->count_only && exact;
	if (exact && spec->limit >= 0 && spec->limit < scan->total && (spec->nsorts == 0 || scan->stats.sorted))
		scan->total = spec->limit;
	return MF_OK;
}
