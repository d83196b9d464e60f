/*
 * upper.c - Which whole queries can the remote answer by itself?
 *
 * SELECT count(*) of one table: every remote counts its rows, so none is
 * fetched, and those that meet conditions where it can check them exactly.
 * Whether it can is known when the scan runs; if not, it counts here.
 */
#include "milvus_fdw.h"

#include "nodes/makefuncs.h"
#include "nodes/nodeFuncs.h"
#include "optimizer/clauses.h"
#include "optimizer/cost.h"
#include "optimizer/optimizer.h"
#include "optimizer/tlist.h"
#include "parser/parsetree.h"
#include "plan.h"
#include "spool.h"
#include "utils/fmgroids.h"

/* The count that is all that is asked, or NULL. */
static Aggref *
only_count(PlannerInfo *root, PathTarget *target)
{
	Query	   *parse = root->parse;
	Aggref	   *agg;

	if (!parse->hasAggs || parse->groupClause || parse->groupingSets || parse->havingQual ||
		list_length(target->exprs) != 1)
		return NULL;
	agg = linitial(target->exprs);
	if (!IsA(agg, Aggref) || (agg->aggfnoid != F_COUNT_ && agg->aggfnoid != F_COUNT_ANY) ||
		agg->aggdistinct != NIL || agg->agglevelsup != 0 || agg->aggsplit != AGGSPLIT_SIMPLE)
		return NULL;
	return agg;
}

/*
 * The conditions that the rows counted meet: the query's, FILTER's, and for
 * count(column) that it is not NULL.  false = another sees to one of them.
 */
static bool
count_clauses(RelOptInfo *rel, const Aggref *agg, List **clauses)
{
	ListCell   *lc;

	*clauses = NIL;
	foreach(lc, rel->baserestrictinfo)
	{
		RestrictInfo *rinfo = lfirst(lc);

		if (rinfo->pseudoconstant)
			return false;
		*clauses = lappend(*clauses, rinfo->clause);
	}
	if (agg->aggfilter != NULL)
		*clauses = list_concat(*clauses, make_ands_implicit(copyObject(agg->aggfilter)));
	if (!agg->aggstar)
	{
		NullTest   *test = makeNode(NullTest);

		test->arg = copyObject(((TargetEntry *) linitial(agg->args))->expr);
		test->nulltesttype = IS_NOT_NULL;
		test->location = -1;
		*clauses = lappend(*clauses, test);
	}
	return true;
}

/* Is there a value that changes from one row of an outer query to the next? */
static bool
has_params(Node *node, void *context)
{
	if (node == NULL)
		return false;
	if (IsA(node, Param) && ((Param *) node)->paramkind == PARAM_EXEC)
		return true;
	return expression_tree_walker(node, has_params, context);
}

/* Could a remote check all of every clause? */
static bool
says_all(PlannerInfo *root, RelOptInfo *rel, Oid relid, List *clauses)
{
	MfQualContext context = {root, rel, relid};
	List	   *shipped;

	(void) mf_plan_templates(&context, clauses, &shipped);
	return mf_plan_says_all(&context, clauses, shipped);
}

void
mf_get_upper_paths(PlannerInfo *root, UpperRelationKind stage, RelOptInfo *input_rel,
				   RelOptInfo *output_rel, void *extra)
{
	MfRelPlan  *plan = input_rel->fdw_private;
	PathTarget *target = root->upper_targets[UPPERREL_GROUP_AGG];
	List	   *clauses;
	Aggref	   *agg;
	Path	   *path;
	Oid			relid;

	if (stage != UPPERREL_GROUP_AGG || plan == NULL || !IS_SIMPLE_REL(input_rel) ||
		input_rel->reloptkind != RELOPT_BASEREL || output_rel->fdw_private != NULL ||
		root->parse->rowMarks || !bms_is_empty(input_rel->lateral_relids))
		return;
	agg = only_count(root, target);
	relid = planner_rt_fetch(input_rel->relid, root)->relid;
	if (agg == NULL || !count_clauses(input_rel, agg, &clauses) || !says_all(root, input_rel, relid, clauses))
		return;
	/* counted again and again, it would see what the statement has written meanwhile */
	if (has_params((Node *) clauses, NULL) && mf_spool_is_written(root, relid))
		return;
	output_rel->fdw_private = plan;
	path = (Path *) mf_create_upper_path(root, output_rel, target, 1, plan->startup_cost,
										 plan->startup_cost + plan->tuple_cost,
										 list_make3(list_make1_oid(relid), makeInteger(input_rel->relid), clauses));
	path->parallel_safe = false;	/* in a worker: see parallel.c */
	add_path(output_rel, path);
}
