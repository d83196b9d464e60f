/*
 * filter.c - Which neutral tree do a template and its values make?
 *
 * A comparison with NULL is never true, and NOT stands only at leaves, so a
 * leaf without a value lets no row through wherever it is.
 */
#include "qual.h"

#include "src/value/value.h"

#include "catalog/pg_type.h"
#include "mb/pg_wchar.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/fmgrprotos.h"
#include "utils/jsonb.h"
#include "utils/lsyscache.h"
#include "utils/timestamp.h"

typedef struct Build
{
	const Datum *values;
	const bool *isnull;
	const Oid  *types;
	MfQualColumn (*column_of) (void *arg, AttrNumber attnum);
	void	   *arg;
} Build;

static const MfFilter *
new_filter(MfFilter filter)
{
	MfFilter   *copy = palloc(sizeof(MfFilter));

	*copy = filter;
	return copy;
}

static void
set_text(MfValue *value, MfKind kind, const char *text)
{
	value->kind = kind;
	value->bytes = mf_to_utf8(text);
	value->len = strlen(value->bytes);
}

/* A Datum as a constant of the tree. */
static MfValue
constant(Oid type, Datum datum)
{
	MfValue		value = {.kind = MF_KIND_I64};
	bool		varlena;
	Oid			output;

	switch (type)
	{
		case BOOLOID:
			value.kind = MF_KIND_BOOL;
			value.boolean = DatumGetBool(datum);
			break;
		case INT2OID:
			value.integer = DatumGetInt16(datum);
			break;
		case INT4OID:
			value.integer = DatumGetInt32(datum);
			break;
		case INT8OID:
			value.integer = DatumGetInt64(datum);
			break;
		case FLOAT4OID:
			value.kind = MF_KIND_F32;
			value.real = DatumGetFloat4(datum);
			break;
		case FLOAT8OID:
			value.kind = MF_KIND_F64;
			value.real = DatumGetFloat8(datum);
			break;
		case TIMESTAMPTZOID:
			value.kind = MF_KIND_TIMESTAMP;
			value.integer = DatumGetTimestampTz(datum) +
				(int64) (POSTGRES_EPOCH_JDATE - UNIX_EPOCH_JDATE) * USECS_PER_DAY;
			break;
		default:
			getTypeOutputInfo(type, &output, &varlena);
			set_text(&value, type == NUMERICOID ? MF_KIND_DECIMAL : type == JSONBOID ? MF_KIND_JSON :
					 type == UUIDOID ? MF_KIND_UUID : MF_KIND_TEXT,
					 OidOutputFunctionCall(output, datum));
	}
	return value;
}

/* Infinite times have no number to compare with, and no remote holds one. */
static bool
is_infinite(Oid type, Datum datum)
{
	return getBaseType(type) == TIMESTAMPTZOID && TIMESTAMP_NOT_FINITE(DatumGetTimestampTz(datum));
}

/* What a comparison with such a time asks of the finite ones. */
static MfFilterOp
asks_of_finite(MfFilterOp op, TimestampTz infinite)
{
	switch (op)
	{
		case MF_FILTER_NE:
			return MF_FILTER_IS_NOT_NULL;
		case MF_FILTER_LT:
		case MF_FILTER_LE:
			return TIMESTAMP_IS_NOEND(infinite) ? MF_FILTER_IS_NOT_NULL : MF_FILTER_FALSE;
		case MF_FILTER_GT:
		case MF_FILTER_GE:
			return TIMESTAMP_IS_NOEND(infinite) ? MF_FILTER_FALSE : MF_FILTER_IS_NOT_NULL;
		default:
			return MF_FILTER_FALSE;
	}
}

/*
 * The elements of an array as constants; *nulls tells of NULLs among them,
 * *infinite of times that nothing is equal to.
 */
static void
constants(Datum datum, MfFilter *filter, bool *nulls, bool *infinite)
{
	ArrayType  *array = DatumGetArrayTypeP(datum);
	Oid			elem = ARR_ELEMTYPE(array);
	MfValue    *values;
	Datum	   *datums;
	bool	   *isnull;
	int16		len;
	bool		byval;
	char		align;
	int			n;

	get_typlenbyvalalign(elem, &len, &byval, &align);
	deconstruct_array(array, elem, len, byval, align, &datums, &isnull, &n);
	values = palloc(sizeof(MfValue) * Max(n, 1));
	for (int i = 0; i < n; i++)
	{
		if (isnull[i])
			*nulls = true;
		else if (is_infinite(elem, datums[i]))
			*infinite = true;
		else
			values[filter->nvalues++] = constant(getBaseType(elem), datums[i]);
	}
	filter->values = values;
}

static void
set_path(MfFilter *filter, List *path)
{
	MfPathStep *steps = palloc0(sizeof(MfPathStep) * Max(list_length(path), 1));
	ListCell   *lc;

	foreach(lc, path)
	{
		Node	   *step = lfirst(lc);

		if (IsA(step, String))
			steps[filter->npath++].key = mf_to_utf8(strVal(step));
		else
			steps[filter->npath++].index = intVal(step);
	}
	filter->path = steps;
}

/*
 * What a list without values asks.  That nothing is in it is true of NULL, too,
 * unless there were values, of which no remote has the like.
 */
static const MfFilter *
empty_list(MfFilter filter, bool infinite, bool negated)
{
	if (filter.op == MF_FILTER_CONTAINS_ALL || (negated && infinite))
		filter.op = MF_FILTER_IS_NOT_NULL;
	else
		filter.op = negated ? MF_FILTER_TRUE : MF_FILTER_FALSE;
	return new_filter(filter);
}

static const MfFilter *
leaf_filter(const Build *build, List *template, bool negated)
{
	AttrNumber	attnum = (AttrNumber) intVal(list_nth(template, MF_QUAL_ATTNUM));
	int			expr = intVal(list_nth(template, MF_QUAL_EXPR));
	MfQualColumn column = build->column_of(build->arg, attnum);
	MfFilter	filter = {.op = (MfFilterOp) intVal(linitial(template))};
	bool		many = filter.op == MF_FILTER_IN || filter.op == MF_FILTER_CONTAINS_ALL ||
		filter.op == MF_FILTER_OVERLAPS;

	filter.column = column.column;
	filter.field = column.field;
	filter.kind = column.kind;
	filter.elem = column.elem;
	filter.as_text = intVal(list_nth(template, MF_QUAL_AS_TEXT)) != 0;
	set_path(&filter, list_nth(template, MF_QUAL_PATH));
	if (expr >= 0)
	{
		bool		nulls = false;
		Datum		datum = build->values[expr];

		if (build->isnull[expr])
			return new_filter((MfFilter) {.op = MF_FILTER_FALSE});
		if (many)
		{
			bool		infinite = false;

			constants(datum, &filter, &nulls, &infinite);
			/* x <> ALL (... NULL ...) and x @> (... NULL ...) are never true */
			if ((nulls && negated) || ((nulls || infinite) && filter.op == MF_FILTER_CONTAINS_ALL))
				return new_filter((MfFilter) {.op = MF_FILTER_FALSE});
			if (filter.nvalues == 0)
				return empty_list(filter, infinite, negated);
		}
		else if (is_infinite(build->types[expr], datum))
			filter.op = asks_of_finite(filter.op, DatumGetTimestampTz(datum));
		else
		{
			MfValue    *value = palloc(sizeof(MfValue));

			*value = constant(getBaseType(build->types[expr]), datum);
			filter.values = value;
			filter.nvalues = 1;
		}
	}
	if (negated)
	{
		const MfFilter **args = palloc(sizeof(MfFilter *));

		args[0] = new_filter(filter);
		return new_filter((MfFilter) {.op = MF_FILTER_NOT,.nargs = 1,.args = args});
	}
	return new_filter(filter);
}

static const MfFilter *
build_filter(const Build *build, List *template)
{
	MfFilterOp	op = (MfFilterOp) intVal(linitial(template));
	const MfFilter **args;
	List	   *templates;
	ListCell   *lc;
	int			n = 0;

	if (op == MF_FILTER_NOT)
		return leaf_filter(build, linitial(list_nth(template, MF_QUAL_ARGS)), true);
	if (op != MF_FILTER_AND && op != MF_FILTER_OR)
		return leaf_filter(build, template, false);
	templates = list_nth(template, MF_QUAL_ARGS);
	args = palloc(sizeof(MfFilter *) * list_length(templates));
	foreach(lc, templates)
		args[n++] = build_filter(build, lfirst(lc));
	return new_filter((MfFilter) {.op = op,.nargs = n,.args = args});
}

const MfFilter *
mf_qual_filter(List *template, const Datum *values, const bool *isnull, const Oid *types,
			   MfQualColumn (*column_of) (void *arg, AttrNumber attnum), void *arg)
{
	Build		build = {values, isnull, types, column_of, arg};

	return build_filter(&build, template);
}
