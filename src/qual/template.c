/*
 * template.c - May a remote check this clause?
 *
 * Only operators of PostgreSQL's own whose meaning every remote can be asked
 * for, on a column of the table and a value that does not depend on the row.
 * NOT is pushed down to the leaves, where it is another operator (three-valued
 * logic allows that), so that a NULL value can simply mean "not this row".
 */
#include "qual.h"

#include "catalog/pg_collation.h"
#include "catalog/pg_operator.h"
#include "catalog/pg_type.h"
#include "mb/pg_wchar.h"
#include "nodes/makefuncs.h"
#include "nodes/nodeFuncs.h"
#include "optimizer/clauses.h"
#include "optimizer/optimizer.h"
#include "utils/builtins.h"
#include "utils/fmgroids.h"
#include "utils/lsyscache.h"
#include "utils/timestamp.h"

/* A column, perhaps with steps into its JSON. */
typedef struct Target
{
	AttrNumber	attnum;
	Oid			type;			/* of what is compared */
	int32		typmod;			/* of the column */
	List	   *path;
	bool		as_text;
} Target;

static List *template_of(MfQualContext *context, Node *node, bool negated);

/* ---------------------------------------------------------------- operators */

/* What an operator of the system asks, or -1. */
static int
comparison(Oid opno, bool negated)
{
	static const struct
	{
		const char *name;
		MfFilterOp	op;
		MfFilterOp	opposite;
	}			known[] = {
		{"=", MF_FILTER_EQ, MF_FILTER_NE},
		{"<>", MF_FILTER_NE, MF_FILTER_EQ},
		{"<", MF_FILTER_LT, MF_FILTER_GE},
		{"<=", MF_FILTER_LE, MF_FILTER_GT},
		{">", MF_FILTER_GT, MF_FILTER_LE},
		{">=", MF_FILTER_GE, MF_FILTER_LT},
	};
	char	   *name;

	/* built in, so its name is its meaning */
	if (opno >= FirstGenbkiObjectId)
		return -1;
	name = get_opname(opno);
	for (int i = 0; name != NULL && i < (int) lengthof(known); i++)
	{
		if (strcmp(known[i].name, name) == 0)
			return (int) (negated ? known[i].opposite : known[i].op);
	}
	return -1;
}

/* Types whose values mean the same remotely; text needs more, see below. */
static bool
is_plain(Oid type)
{
	switch (type)
	{
		case BOOLOID:
		case INT2OID:
		case INT4OID:
		case INT8OID:
		case FLOAT4OID:
		case FLOAT8OID:
		case NUMERICOID:
		case TIMESTAMPTZOID:
		case UUIDOID:
			return true;
		default:
			return false;
	}
}

static bool
is_text(Oid type)
{
	return type == TEXTOID || type == VARCHAROID;
}

/* Types that a cross-type operator may mix without a setting's saying. */
static bool
comparable(Oid column, Oid value)
{
	if (is_text(column))
		return is_text(value);
	if (column == TIMESTAMPTZOID || column == UUIDOID || column == BOOLOID || column == JSONBOID)
		return value == column;
	return is_plain(column) && is_plain(value);
}

bool
mf_qual_rounds(Oid type, int32 typmod)
{
	return (type == NUMERICOID && typmod >= 0) ||
		(type == TIMESTAMPTZOID && typmod >= 0 && typmod < MAX_TIMESTAMP_PRECISION);
}

/*
 * Bytes decide equality under a deterministic collation, order only under C,
 * and only as long as they are those that the remote has.
 */
static bool
collation_allows(int op, Oid collation)
{
	if (!OidIsValid(collation))
		return false;
	if (op == MF_FILTER_EQ || op == MF_FILTER_NE || op == MF_FILTER_IN || op == MF_FILTER_LIKE)
		return get_collation_isdeterministic(collation);
	return mf_collation_is_c(collation) && GetDatabaseEncoding() == PG_UTF8;
}

/* May a value of the target, or an element of it, be compared with one of this type? */
static bool
may_compare(const Target *target, Oid type, Oid value, int op, Oid collation)
{
	return comparable(type, getBaseType(value)) && !mf_qual_rounds(type, target->typmod) &&
		(!is_text(type) || collation_allows(op, collation));
}

/* The same for elements of an array column. */
static bool
may_compare_elements(const Target *target, Oid value, Oid collation)
{
	Oid			elem = get_element_type(target->type);
	Target		one = *target;

	if (!OidIsValid(elem) || !OidIsValid(value))
		return false;
	elem = getBaseTypeAndTypmod(elem, &one.typmod);
	return may_compare(&one, elem, value, MF_FILTER_EQ, collation);
}

/* ------------------------------------------------------------------ operands */

static Node *
strip_relabel(Node *node)
{
	while (node != NULL && IsA(node, RelabelType))
		node = (Node *) ((RelabelType *) node)->arg;
	return node;
}

/* A column of our table, or NULL. */
static Var *
own_column(MfQualContext *context, Node *node)
{
	Var		   *var = (Var *) strip_relabel(node);

	if (var == NULL || !IsA(var, Var) || var->varno != context->rel->relid ||
		var->varlevelsup != 0 || var->varattno <= 0)
		return NULL;
	return var;
}

/* A value that is the same for all rows of one scan. */
static bool
is_value(MfQualContext *context, Node *node)
{
	Relids		relids = pull_varnos(context->root, node);

	return bms_is_subset(relids, context->outer) && !bms_is_member(context->rel->relid, relids) &&
		!contain_volatile_functions(node) && !contain_subplans(node);
}

static int
add_expr(MfQualContext *context, Node *node)
{
	int			i = 0;
	ListCell   *lc;

	foreach(lc, context->exprs)
	{
		if (equal(lfirst(lc), node))
			return i;
		i++;
	}
	context->exprs = lappend(context->exprs, copyObject(node));
	return i;
}

static Node *
constant_step(Node *node)
{
	Const	   *c = (Const *) node;

	if (!IsA(c, Const) || c->constisnull)
		return NULL;
	if (c->consttype == TEXTOID)
		return (Node *) makeString(TextDatumGetCString(c->constvalue));
	if (c->consttype == INT4OID && DatumGetInt32(c->constvalue) >= 0)
		return (Node *) makeInteger(DatumGetInt32(c->constvalue));
	return NULL;
}

/* col, or col -> 'key' -> 0 ->> 'key' of a jsonb column. */
static bool
is_target(MfQualContext *context, Node *node, Target *target)
{
	Var		   *var;
	OpExpr	   *op;
	Node	   *step;

	node = strip_relabel(node);
	var = own_column(context, node);
	if (var != NULL)
	{
		memset(target, 0, sizeof(*target));
		target->attnum = var->varattno;
		target->typmod = var->vartypmod;
		target->type = getBaseTypeAndTypmod(var->vartype, &target->typmod);
		return true;
	}
	op = (OpExpr *) node;
	if (op == NULL || !IsA(op, OpExpr) || list_length(op->args) != 2)
		return false;
	switch (op->opfuncid)
	{
		case F_JSONB_OBJECT_FIELD:
		case F_JSONB_ARRAY_ELEMENT:
		case F_JSONB_OBJECT_FIELD_TEXT:
		case F_JSONB_ARRAY_ELEMENT_TEXT:
			break;
		default:
			return false;
	}
	step = constant_step(lsecond(op->args));
	if (step == NULL || !is_target(context, linitial(op->args), target) || target->type != JSONBOID)
		return false;
	target->path = lappend(target->path, step);
	if (op->opfuncid == F_JSONB_OBJECT_FIELD_TEXT || op->opfuncid == F_JSONB_ARRAY_ELEMENT_TEXT)
	{
		target->type = TEXTOID;
		target->as_text = true;
	}
	return true;
}

static List *
leaf(MfFilterOp op, const Target *target, int expr)
{
	return list_make5(makeInteger(op), makeInteger(target->attnum), target->path,
					  makeInteger(target->as_text), makeInteger(expr));
}

static List *
inner(MfFilterOp op, List *args)
{
	return list_make2(makeInteger(op), args);
}

/* -------------------------------------------------------------------- clauses */

static List *
op_template(MfQualContext *context, OpExpr *clause, bool negated)
{
	Node	   *left;
	Node	   *right;
	Oid			opno = clause->opno;
	Target		target;
	int			op;

	if (list_length(clause->args) != 2)
		return NULL;
	left = linitial(clause->args);
	right = lsecond(clause->args);
	if (!is_target(context, left, &target))
	{
		Node	   *swap = left;

		opno = get_commutator(opno);
		left = right;
		right = swap;
		if (!OidIsValid(opno) || !is_target(context, left, &target))
			return NULL;
	}
	if (!is_value(context, right))
		return NULL;

	op = comparison(opno, negated);
	if (op >= 0)
	{
		if (!may_compare(&target, target.type, exprType(right), op, clause->inputcollid))
			return NULL;
		if (target.type == JSONBOID && (target.path == NIL || op != MF_FILTER_EQ))
			return NULL;
		return leaf(op, &target, add_expr(context, right));
	}
	if (opno == OID_TEXT_LIKE_OP || get_opcode(opno) == F_TEXTNLIKE)
	{
		List	   *like;

		if (!is_text(target.type) || target.as_text || !collation_allows(MF_FILTER_LIKE, clause->inputcollid))
			return NULL;
		like = leaf(MF_FILTER_LIKE, &target, add_expr(context, right));
		return negated != (opno != OID_TEXT_LIKE_OP) ? inner(MF_FILTER_NOT, list_make1(like)) : like;
	}
	if (negated)
		return NULL;
	switch (get_opcode(opno))
	{
		case F_ARRAYCONTAINS:
		case F_ARRAYOVERLAP:
			if (!may_compare_elements(&target, get_element_type(getBaseType(exprType(right))), clause->inputcollid))
				return NULL;
			return leaf(get_opcode(opno) == F_ARRAYCONTAINS ? MF_FILTER_CONTAINS_ALL : MF_FILTER_OVERLAPS,
						&target, add_expr(context, right));
		case F_JSONB_CONTAINS:
			return leaf(MF_FILTER_CONTAINS, &target, add_expr(context, right));
		default:
			return NULL;
	}
}

/* col = ANY (array), col <> ALL (array), value = ANY (array column) */
static List *
array_op_template(MfQualContext *context, ScalarArrayOpExpr *clause, bool negated)
{
	Node	   *scalar = linitial(clause->args);
	Node	   *array = lsecond(clause->args);
	bool		any = clause->useOr != negated;
	int			op = comparison(clause->opno, negated);
	Target		target;
	Oid			elem;

	if (op == MF_FILTER_EQ && any && is_value(context, scalar) && is_target(context, array, &target) &&
		target.path == NIL)
	{
		if (!may_compare_elements(&target, exprType(scalar), clause->inputcollid))
			return NULL;
		return leaf(MF_FILTER_CONTAINS, &target, add_expr(context, scalar));
	}
	if (!is_target(context, scalar, &target) || !is_value(context, array) || target.type == JSONBOID)
		return NULL;
	elem = get_element_type(getBaseType(exprType(array)));
	if (!OidIsValid(elem) || !may_compare(&target, target.type, elem, MF_FILTER_IN, clause->inputcollid))
		return NULL;
	if (op == MF_FILTER_EQ && any)
		return leaf(MF_FILTER_IN, &target, add_expr(context, array));
	if (op == MF_FILTER_NE && !any)
		return inner(MF_FILTER_NOT, list_make1(leaf(MF_FILTER_IN, &target, add_expr(context, array))));
	return NULL;
}

static List *
null_test_template(MfQualContext *context, NullTest *test, bool negated)
{
	Target		target;
	bool		null = (test->nulltesttype == IS_NULL) != negated;

	if (test->argisrow || !is_target(context, (Node *) test->arg, &target) || target.path != NIL)
		return NULL;
	return leaf(null ? MF_FILTER_IS_NULL : MF_FILTER_IS_NOT_NULL, &target, -1);
}

/* A boolean column by itself: is it true, or with NOT, false? */
static List *
bool_template(MfQualContext *context, Node *node, bool wanted)
{
	Target		target;

	if (own_column(context, node) == NULL || !is_target(context, node, &target) || target.type != BOOLOID)
		return NULL;
	return leaf(MF_FILTER_EQ, &target, add_expr(context, makeBoolConst(wanted, false)));
}

/*
 * AND keeps what can be shipped and leaves the rest (the result lets through
 * more); OR needs all its parts.
 */
static List *
bool_expr_template(MfQualContext *context, BoolExpr *clause, bool negated)
{
	bool		is_and = (clause->boolop == AND_EXPR) != negated;
	List	   *args = NIL;
	ListCell   *lc;

	if (clause->boolop == NOT_EXPR)
		return template_of(context, linitial(clause->args), !negated);
	foreach(lc, clause->args)
	{
		List	   *arg = template_of(context, lfirst(lc), negated);

		if (arg != NIL)
			args = lappend(args, arg);
		else if (!is_and)
			return NIL;
		else
			context->lossy = true;
	}
	if (args == NIL)
		return NIL;
	return list_length(args) == 1 ? linitial(args) : inner(is_and ? MF_FILTER_AND : MF_FILTER_OR, args);
}

static List *
template_of(MfQualContext *context, Node *node, bool negated)
{
	switch (nodeTag(node))
	{
		case T_BoolExpr:
			return bool_expr_template(context, (BoolExpr *) node, negated);
		case T_OpExpr:
			return op_template(context, (OpExpr *) node, negated);
		case T_ScalarArrayOpExpr:
			return array_op_template(context, (ScalarArrayOpExpr *) node, negated);
		case T_NullTest:
			return null_test_template(context, (NullTest *) node, negated);
		case T_BooleanTest:
			{
				BooleanTest *test = (BooleanTest *) node;

				if (negated || (test->booltesttype != IS_TRUE && test->booltesttype != IS_FALSE))
					return NIL;
				return bool_template(context, (Node *) test->arg, test->booltesttype == IS_TRUE);
			}
		default:
			return bool_template(context, node, !negated);
	}
}

List *
mf_qual_template(MfQualContext *context, Expr *clause)
{
	List	   *before = list_copy(context->exprs);
	List	   *template = template_of(context, (Node *) clause, false);

	/* what a refused clause added is not needed */
	if (template == NIL)
		context->exprs = before;
	return template;
}
