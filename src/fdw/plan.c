/*
 * plan.c - What does a plan remember for the executor?
 *
 * Which columns the query needs; all conditions are checked locally.  Plans
 * are copied and stored, so everything is a node, read by the names in plan.h.
 */
#include "milvus_fdw.h"

#include "access/sysattr.h"
#include "access/table.h"
#include "common/int.h"
#include "nodes/makefuncs.h"
#include "optimizer/optimizer.h"
#include "optimizer/planmain.h"
#include "optimizer/restrictinfo.h"
#include "parser/parsetree.h"
#include "plan.h"

/* Attribute numbers that the query reads, dropped columns left out. */
static List *
wanted_columns(PlannerInfo *root, RelOptInfo *baserel, List *clauses)
{
	Relation	rel = table_open(planner_rt_fetch(baserel->relid, root)->relid, NoLock);
	TupleDesc	desc = RelationGetDescr(rel);
	Bitmapset  *used = NULL;
	List	   *wanted = NIL;
	bool		whole_row;

	pull_varattnos((Node *) baserel->reltarget->exprs, baserel->relid, &used);
	pull_varattnos((Node *) clauses, baserel->relid, &used);
	whole_row = bms_is_member(InvalidAttrNumber - FirstLowInvalidHeapAttributeNumber, used);
	for (int i = 0; i < desc->natts; i++)
	{
		Form_pg_attribute att = TupleDescAttr(desc, i);

		if (att->attisdropped)
			continue;
		if (whole_row || bms_is_member(att->attnum - FirstLowInvalidHeapAttributeNumber, used))
			wanted = lappend_int(wanted, att->attnum);
	}
	table_close(rel, NoLock);
	return wanted;
}

List *
mf_plan_templates(MfQualContext *context, List *clauses, List **shipped)
{
	List	   *templates = NIL;
	ListCell   *lc;

	*shipped = NIL;
	if (!MF_HAS(mf_connector_of_server(GetForeignTable(context->relid)->serverid), filter_check))
		return NIL;
	foreach(lc, clauses)
	{
		List	   *template = mf_qual_template(context, lfirst(lc));

		if (template != NIL)
		{
			templates = lappend(templates, template);
			*shipped = lappend(*shipped, lfirst(lc));
		}
	}
	return templates;
}

/*
 * How many rows will be asked of this scan at most?  Known where the query is
 * this table alone and nothing between it and LIMIT drops or adds rows.
 */
static int64
row_limit(PlannerInfo *root, RelOptInfo *baserel, List *clauses)
{
	Query	   *parse = root->parse;
	int64		limit;
	int64		offset = 0;

	if (baserel->reloptkind != RELOPT_BASEREL || clauses != NIL ||
		bms_membership(root->all_baserels) != BMS_SINGLETON || root->hasHavingQual ||
		parse->commandType != CMD_SELECT || parse->limitOption != LIMIT_OPTION_COUNT ||
		parse->sortClause || parse->groupClause || parse->groupingSets || parse->distinctClause ||
		parse->hasAggs || parse->hasWindowFuncs || parse->hasTargetSRFs || parse->rowMarks ||
		parse->setOperations || parse->limitCount == NULL)
		return -1;
	if (!IsA(parse->limitCount, Const) || ((Const *) parse->limitCount)->constisnull)
		return -1;
	limit = DatumGetInt64(((Const *) parse->limitCount)->constvalue);
	if (parse->limitOffset != NULL)
	{
		if (!IsA(parse->limitOffset, Const))
			return -1;
		if (!((Const *) parse->limitOffset)->constisnull)
			offset = DatumGetInt64(((Const *) parse->limitOffset)->constvalue);
	}
	if (limit < 0 || offset < 0 || pg_add_s64_overflow(limit, offset, &limit))
		return -1;
	return limit;
}

/* A count that was pushed down: no columns, one row. */
static ForeignScan *
count_plan(Oid relid, RelOptInfo *rel, ForeignPath *path, List *tlist)
{
	List	   *private = list_make5(list_make1_oid(linitial_oid(linitial(path->fdw_private))),
									 NIL, NIL, makeString("-1"), makeInteger(1));

	return make_foreignscan(tlist, NIL, 0, NIL, private, tlist, NIL, NULL);
}

ForeignScan *
mf_get_plan(PlannerInfo *root, RelOptInfo *baserel, Oid relid, ForeignPath *best_path,
			List *tlist, List *scan_clauses, Plan *outer_plan)
{
	List	   *clauses = extract_actual_clauses(scan_clauses, false);
	MfQualContext context = {root, baserel, relid};
	List	   *templates;
	List	   *shipped;
	List	   *private;

	if (IS_UPPER_REL(baserel))
		return count_plan(relid, baserel, best_path, tlist);
	if (best_path->path.param_info != NULL)
		context.outer = best_path->path.param_info->ppi_req_outer;
	templates = mf_plan_templates(&context, clauses, &shipped);
	private = list_make5(list_make1_oid(relid), wanted_columns(root, baserel, clauses), templates,
						 makeString(psprintf(INT64_FORMAT, row_limit(root, baserel, clauses))),
						 makeInteger(0));

	/* everything is checked again here; the shipped ones stand apart for EXPLAIN */
	return make_foreignscan(tlist, clauses, baserel->relid, context.exprs, private, NIL, shipped, outer_plan);
}
