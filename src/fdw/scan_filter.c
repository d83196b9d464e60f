/*
 * scan_filter.c - Which conditions and which LIMIT does this scan send along?
 *
 * The plan's templates, and its LIMIT, with the values that their expressions
 * have now.
 */
#include "scan.h"

#include "common/int.h"
#include "executor/executor.h"
#include "nodes/nodeFuncs.h"
#include "plan.h"

static MfQualColumn
column_of(void *arg, AttrNumber attnum)
{
	MfScanState *state = arg;
	Form_pg_attribute att = TupleDescAttr(state->desc, attnum - 1);
	MfOptions  *options = mf_column_options(state->table->relid, attnum);
	MfWanted	wanted = mf_natural_kind(att->atttypid, att->atttypmod,
										 (int32) mf_option_int(options, "dim", 0));

	return (MfQualColumn) {
		.column = mf_to_utf8(NameStr(att->attname)),.field = mf_field_name(options, att),
		.kind = wanted.kind,.elem = wanted.elem
	};
}

/* The values of all expressions; false = one is not a constant. */
static bool
constants_only(List *exprs, Datum *values, bool *isnull)
{
	ListCell   *lc;
	int			i = 0;

	foreach(lc, exprs)
	{
		Const	   *c = lfirst(lc);

		if (!IsA(c, Const))
			return false;
		values[i] = c->constvalue;
		isnull[i++] = c->constisnull;
	}
	return true;
}

static void
evaluate(List *states, ExprContext *econtext, Datum *values, bool *isnull)
{
	ListCell   *lc;
	int			i = 0;

	foreach(lc, states)
	{
		values[i] = ExecEvalExpr(lfirst(lc), econtext, &isnull[i]);
		i++;
	}
}

/* LIMIT and OFFSET as one number; what is NULL, or no number of rows, is none. */
static int64
limit_of(const MfScanState *state, const Datum *values, const bool *isnull)
{
	int64		limit;
	int			count;
	int			offset;

	if (state->limit == NIL)
		return -1;
	count = linitial_int(state->limit);
	offset = lsecond_int(state->limit);
	if (isnull[count] || DatumGetInt64(values[count]) < 0)
		return -1;
	limit = DatumGetInt64(values[count]);
	if (offset >= 0 && !isnull[offset] &&
		(DatumGetInt64(values[offset]) < 0 || pg_add_s64_overflow(limit, DatumGetInt64(values[offset]), &limit)))
		return -1;
	return limit;
}

void
mf_scan_set_filters(MfScanState *state, ExprContext *econtext)
{
	MemoryContext before;
	const MfFilter **filters;
	Datum	   *values;
	bool	   *isnull;
	Oid		   *types;
	ListCell   *lc;
	int			n = list_length(state->exprs);
	int			i = 0;

	state->spec.nfilters = 0;
	state->spec.limit = -1;
	if (state->templates == NIL && state->limit == NIL)
		return;
	MemoryContextReset(state->filter_context);
	before = MemoryContextSwitchTo(state->filter_context);
	values = palloc(sizeof(Datum) * Max(n, 1));
	isnull = palloc(sizeof(bool) * Max(n, 1));
	types = palloc(sizeof(Oid) * Max(n, 1));
	foreach(lc, state->exprs)
		types[i++] = exprType(lfirst(lc));
	if (econtext != NULL)
		evaluate(state->expr_states, econtext, values, isnull);
	else if (!constants_only(state->exprs, values, isnull))
	{
		MemoryContextSwitchTo(before);
		return;
	}
	state->spec.limit = limit_of(state, values, isnull);
	filters = palloc(sizeof(MfFilter *) * (list_length(state->templates) + 1));
	foreach(lc, state->templates)
		filters[state->spec.nfilters++] = mf_qual_filter(lfirst(lc), values, isnull, types, column_of, state);
	state->spec.filters = filters;
	MemoryContextSwitchTo(before);
}
