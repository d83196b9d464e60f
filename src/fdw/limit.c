/*
 * limit.c - How many rows will be asked of a scan at most?
 *
 * Known where the query is this table alone and nothing between the scan and
 * LIMIT drops, adds or sorts rows.  LIMIT and OFFSET are expressions, so that
 * a prepared statement's parameters serve too.
 */
#include "milvus_fdw.h"

#include "nodes/nodeFuncs.h"
#include "optimizer/clauses.h"
#include "optimizer/optimizer.h"
#include "optimizer/paths.h"
#include "plan.h"

/* Is each row of the scan one of the rows that LIMIT counts? */
static bool
is_counted(PlannerInfo *root, const Path *path)
{
	Query	   *parse = root->parse;

	return path->parent->reloptkind == RELOPT_BASEREL && path->param_info == NULL &&
		bms_membership(root->all_baserels) == BMS_SINGLETON && parse->commandType == CMD_SELECT &&
		parse->limitCount != NULL && parse->limitOption != LIMIT_OPTION_WITH_TIES &&
		!parse->groupClause && !parse->groupingSets && !parse->distinctClause && !parse->hasAggs &&
		!parse->hasWindowFuncs && !parse->hasTargetSRFs && !parse->rowMarks && !parse->setOperations &&
		!root->hasHavingQual && pathkeys_contained_in(root->sort_pathkeys, path->pathkeys);
}

/* The number of an expression that has one value while the scan runs; false = it has not. */
static bool
add_number(MfQualContext *context, Node *node, int *number)
{
	*number = -1;
	if (node == NULL)
		return true;
	if (contain_volatile_functions(node) || contain_subplans(node) || exprType(node) != INT8OID ||
		!bms_is_empty(pull_varnos(context->root, node)))
		return false;
	*number = list_length(context->exprs);
	context->exprs = lappend(context->exprs, copyObject(node));
	return true;
}

List *
mf_limit(MfQualContext *context, const Path *path)
{
	Query	   *parse = context->root->parse;
	int			count;
	int			offset;

	if (!is_counted(context->root, path) || context->lossy ||
		!add_number(context, parse->limitCount, &count) ||
		!add_number(context, parse->limitOffset, &offset))
		return NIL;
	return list_make2_int(count, offset);
}

int
mf_limit_guess(PlannerInfo *root, const Path *path)
{
	if (root->limit_tuples <= 0 || root->limit_tuples > 100000 ||
		!pathkeys_contained_in(root->sort_pathkeys, path->pathkeys))
		return 0;
	return (int) root->limit_tuples;
}
