/*
 * plan.c - What does a plan remember for the executor?
 *
 * Which columns the query needs, what the remote is told of conditions, order
 * and LIMIT.  Plans are copied and stored, so everything is a node, read by
 * the names in plan.h.
 */
#include "milvus_fdw.h"

#include "access/sysattr.h"
#include "access/table.h"
#include "nodes/makefuncs.h"
#include "optimizer/optimizer.h"
#include "optimizer/pathnode.h"
#include "optimizer/planmain.h"
#include "optimizer/restrictinfo.h"
#include "parser/parsetree.h"
#include "plan.h"
#include "utils/lsyscache.h"

/* Attribute numbers that the query reads, dropped columns left out. */
static List *
wanted_columns(PlannerInfo *root, RelOptInfo *baserel, List *clauses, List *sorts)
{
	Relation	rel = table_open(planner_rt_fetch(baserel->relid, root)->relid, NoLock);
	TupleDesc	desc = RelationGetDescr(rel);
	Bitmapset  *used = NULL;
	List	   *wanted = NIL;
	bool		whole_row;
	ListCell   *lc;

	pull_varattnos((Node *) baserel->reltarget->exprs, baserel->relid, &used);
	pull_varattnos((Node *) clauses, baserel->relid, &used);
	foreach(lc, sorts)
		used = bms_add_member(used, list_nth_int(lfirst(lc), MF_SORT_ATTNUM) - FirstLowInvalidHeapAttributeNumber);
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

bool
mf_plan_says_all(const MfQualContext *context, List *clauses, List *shipped)
{
	return !context->lossy && list_length(clauses) == list_length(shipped);
}

List *
mf_plan_private(Oid relid, List *columns)
{
	List	   *private = list_make5(list_make1_oid(relid), columns, NIL, NIL, makeInteger(0));

	return lappend(lappend(private, makeInteger(0)), NIL);
}

List *
mf_plan_whole_table(Oid relid, TupleDesc desc)
{
	List	   *columns = NIL;

	for (int i = 0; i < desc->natts; i++)
	{
		if (!TupleDescAttr(desc, i)->attisdropped)
			columns = lappend_int(columns, i + 1);
	}
	return mf_plan_private(relid, columns);
}

/* The columns that clauses name. */
static List *
columns_of(List *clauses, Index varno)
{
	Bitmapset  *used = NULL;
	List	   *columns = NIL;
	int			n = -1;

	pull_varattnos((Node *) clauses, varno, &used);
	while ((n = bms_next_member(used, n)) >= 0)
		columns = lappend_int(columns, n + FirstLowInvalidHeapAttributeNumber);
	return columns;
}

/*
 * A count that was pushed down.  Its rows are one number; where the remote
 * cannot count what is wanted they are counted here, so the columns of the
 * conditions follow the number in the scan's tuple.
 */
static ForeignScan *
count_plan(PlannerInfo *root, ForeignPath *path, List *tlist)
{
	Oid			relid = linitial_oid(list_nth(path->fdw_private, MF_UPPER_RELID));
	Index		varno = intVal(list_nth(path->fdw_private, MF_UPPER_VARNO));
	List	   *clauses = list_nth(path->fdw_private, MF_UPPER_CLAUSES);
	MfQualContext context = {root, find_base_rel(root, varno), relid};
	List	   *columns = columns_of(clauses, varno);
	List	   *scan_tlist = list_make1(makeTargetEntry(((TargetEntry *) linitial(tlist))->expr, 1, NULL, false));
	List	   *private = mf_plan_private(relid, columns);
	List	   *shipped;
	ListCell   *lc;

	foreach(lc, columns)
	{
		Oid			type;
		int32		typmod;
		Oid			collation;

		get_atttypetypmodcoll(relid, (AttrNumber) lfirst_int(lc), &type, &typmod, &collation);
		scan_tlist = lappend(scan_tlist,
							 makeTargetEntry((Expr *) makeVar(varno, (AttrNumber) lfirst_int(lc), type, typmod, collation, 0),
											 list_length(scan_tlist) + 1, NULL, false));
	}
	lfirst(list_nth_cell(private, MF_SCAN_TEMPLATES)) = mf_plan_templates(&context, clauses, &shipped);
	lfirst(list_nth_cell(private, MF_SCAN_COUNT)) = makeInteger(1);
	return make_foreignscan(tlist, NIL, 0, context.exprs, private, scan_tlist, clauses, NULL);
}

ForeignScan *
mf_get_plan(PlannerInfo *root, RelOptInfo *baserel, Oid relid, ForeignPath *best_path,
			List *tlist, List *scan_clauses, Plan *outer_plan)
{
	List	   *clauses = extract_actual_clauses(scan_clauses, false);
	MfQualContext context = {root, baserel, relid};
	List	   *templates;
	List	   *shipped;
	List	   *limit;
	List	   *sorts;
	List	   *private;

	if (IS_UPPER_REL(baserel))
		return count_plan(root, best_path, tlist);
	if (best_path->path.param_info != NULL)
		context.outer = best_path->path.param_info->ppi_req_outer;
	templates = mf_plan_templates(&context, clauses, &shipped);
	limit = mf_plan_says_all(&context, clauses, shipped) ? mf_limit(&context, &best_path->path) : NIL;
	sorts = mf_sort_columns(root, baserel, best_path->path.pathkeys);
	private = list_make5(list_make1_oid(relid), wanted_columns(root, baserel, clauses, sorts), templates, limit,
						 makeInteger(mf_limit_guess(root, &best_path->path)));
	private = lappend(lappend(private, makeInteger(0)), sorts);

	/* everything is checked again here; the shipped ones stand apart for EXPLAIN */
	return make_foreignscan(tlist, clauses, baserel->relid, context.exprs, private, NIL, shipped, outer_plan);
}
