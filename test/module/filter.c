/*
 * filter.c - Which rows meet a condition of test_filter_fdw?
 *
 * Evaluated row by row, in three-valued logic.  LIKE lets every row through, so
 * that there is something that this remote does not check exactly.
 */
#include <string.h>

#include "test.h"

typedef enum Truth
{
	IS_FALSE,
	IS_TRUE,
	IS_NULL
} Truth;

static int
sign(double a, double b)
{
	return a < b ? -1 : a > b;
}

/* A value of a column beside a constant: -1, 0 or 1. */
static int
compare(const MfColumn *col, int32_t row, const MfValue *value)
{
	double		constant = value->kind == MF_KIND_I64 ? (double) value->integer : value->real;
	const char *bytes;
	size_t		len;
	int			order;

	switch (col->kind)
	{
		case MF_KIND_I64:
			if (value->kind == MF_KIND_I64)
			{
				int64_t		mine = *(int64_t *) mf_fixed_at(col, row);

				return mine < value->integer ? -1 : mine > value->integer;
			}
			return sign((double) *(int64_t *) mf_fixed_at(col, row), constant);
		case MF_KIND_I32:
			return sign(*(int32_t *) mf_fixed_at(col, row), constant);
		case MF_KIND_F64:
			return sign(*(double *) mf_fixed_at(col, row), constant);
		case MF_KIND_BOOL:
			return *(uint8_t *) mf_fixed_at(col, row) - value->boolean;
		default:
			bytes = mf_varying_at(col, row, &len);
			order = memcmp(bytes, value->bytes, len < value->len ? len : value->len);
			return order != 0 ? order : len < value->len ? -1 : len > value->len;
	}
}

static bool
holds(MfFilterOp op, int order)
{
	switch (op)
	{
		case MF_FILTER_EQ:
			return order == 0;
		case MF_FILTER_NE:
			return order != 0;
		case MF_FILTER_LT:
			return order < 0;
		case MF_FILTER_LE:
			return order <= 0;
		case MF_FILTER_GT:
			return order > 0;
		default:
			return order >= 0;
	}
}

static Truth
leaf(const Collection *c, int32_t row, const MfFilter *filter)
{
	int			n = store_field(c, filter->field);
	const MfColumn *col = n < 0 ? NULL : &c->rows->columns[n];
	bool		null = col == NULL || mf_column_state(col, row) != MF_VALUE_PRESENT;

	if (filter->op == MF_FILTER_IS_NULL)
		return null ? IS_TRUE : IS_FALSE;
	if (filter->op == MF_FILTER_IS_NOT_NULL)
		return null ? IS_FALSE : IS_TRUE;
	if (null)
		return IS_NULL;
	if (filter->op != MF_FILTER_IN)
		return holds(filter->op, compare(col, row, &filter->values[0])) ? IS_TRUE : IS_FALSE;
	for (int i = 0; i < filter->nvalues; i++)
	{
		if (compare(col, row, &filter->values[i]) == 0)
			return IS_TRUE;
	}
	return IS_FALSE;
}

static Truth
truth(const Collection *c, int32_t row, const MfFilter *filter)
{
	bool		is_and = filter->op == MF_FILTER_AND;
	Truth		all = is_and ? IS_TRUE : IS_FALSE;
	Truth		first;

	switch (filter->op)
	{
		case MF_FILTER_TRUE:
		case MF_FILTER_LIKE:
			return IS_TRUE;
		case MF_FILTER_FALSE:
			return IS_FALSE;
		case MF_FILTER_NOT:
			first = truth(c, row, filter->args[0]);
			return first == IS_NULL ? IS_NULL : first == IS_TRUE ? IS_FALSE : IS_TRUE;
		case MF_FILTER_AND:
		case MF_FILTER_OR:
			for (int i = 0; i < filter->nargs; i++)
			{
				Truth		one = truth(c, row, filter->args[i]);

				if (one == (is_and ? IS_FALSE : IS_TRUE))
					return one;
				if (one == IS_NULL)
					all = IS_NULL;
			}
			return all;
		default:
			return leaf(c, row, filter);
	}
}

bool
row_meets(const Collection *c, int32_t row, int nfilters, const MfFilter *const *filters)
{
	for (int i = 0; i < nfilters; i++)
	{
		if (truth(c, row, filters[i]) != IS_TRUE)
			return false;
	}
	return true;
}

MfShip
exact_check(const MfCollection *collection, const MfFilter *filter)
{
	MfShip		ship = collection != NULL ? MF_SHIP_EXACT : MF_SHIP_SUPERSET;

	switch (filter->op)
	{
		case MF_FILTER_LIKE:
			return MF_SHIP_SUPERSET;
		case MF_FILTER_NOT:
			return exact_check(collection, filter->args[0]) == MF_SHIP_EXACT ? ship : MF_SHIP_NO;
		case MF_FILTER_AND:
		case MF_FILTER_OR:
			for (int i = 0; i < filter->nargs; i++)
			{
				MfShip		one = exact_check(collection, filter->args[i]);

				ship = one < ship ? one : ship;
			}
			return ship;
		case MF_FILTER_CONTAINS:
		case MF_FILTER_CONTAINS_ALL:
		case MF_FILTER_OVERLAPS:
			return MF_SHIP_NO;
		default:
			break;
	}
	if (filter->op == MF_FILTER_TRUE || filter->op == MF_FILTER_FALSE)
		return MF_SHIP_EXACT;
	return filter->npath == 0 && (filter->kind == MF_KIND_I64 || filter->kind == MF_KIND_I32 || filter->kind == MF_KIND_F64 ||
								  filter->kind == MF_KIND_TEXT || filter->kind == MF_KIND_BOOL) ? ship : MF_SHIP_NO;
}
