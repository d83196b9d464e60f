/*
 * upper.c - Which whole queries can the remote answer by itself?
 *
 * SELECT count(*) of one table without conditions: every remote counts its
 * rows, so none is fetched.
 */
#include "milvus_fdw.h"

#include "compat.h"
#include "nodes/nodeFuncs.h"
#include "optimizer/cost.h"
#include "optimizer/optimizer.h"
#include "optimizer/tlist.h"
#include "parser/parsetree.h"
#include "plan.h"
#include "utils/fmgroids.h"

/* Is count(*), alone, all that is asked? */
static bool
is_plain_count(PlannerInfo *root, PathTarget *target)
{
	Query	   *parse = root->parse;
	Aggref	   *agg;

	if (!parse->hasAggs || parse->groupClause || parse->groupingSets || parse->havingQual ||
		list_length(target->exprs) != 1)
		return false;
	agg = linitial(target->exprs);
	return IsA(agg, Aggref) && agg->aggfnoid == F_COUNT_ && agg->aggstar && agg->aggfilter == NULL &&
		agg->agglevelsup == 0 && agg->aggsplit == AGGSPLIT_SIMPLE;
}

void
mf_get_upper_paths(PlannerInfo *root, UpperRelationKind stage, RelOptInfo *input_rel,
				   RelOptInfo *output_rel, void *extra)
{
	MfRelPlan  *plan = input_rel->fdw_private;
	PathTarget *target = root->upper_targets[UPPERREL_GROUP_AGG];
	Oid			relid;

	if (stage != UPPERREL_GROUP_AGG || plan == NULL || !IS_SIMPLE_REL(input_rel) ||
		input_rel->reloptkind != RELOPT_BASEREL || output_rel->fdw_private != NULL ||
		!plan->ships_all || root->parse->rowMarks || !is_plain_count(root, target))
		return;
	relid = planner_rt_fetch(input_rel->relid, root)->relid;
	output_rel->fdw_private = plan;
	add_path(output_rel, (Path *)
			 mf_create_upper_path(root, output_rel, target, 1, plan->startup_cost,
								  plan->startup_cost + plan->tuple_cost,
								  list_make1(list_make1_oid(relid))));
}
