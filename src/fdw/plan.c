/*
 * plan.c - What does a plan remember for the executor?
 *
 * Which columns the query needs; all conditions are checked locally.  Plans
 * are copied and stored, so everything is a node, read by the names in plan.h.
 */
#include "milvus_fdw.h"

#include "access/sysattr.h"
#include "access/table.h"
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

ForeignScan *
mf_get_plan(PlannerInfo *root, RelOptInfo *baserel, Oid relid, ForeignPath *best_path,
			List *tlist, List *scan_clauses, Plan *outer_plan)
{
	List	   *clauses = extract_actual_clauses(scan_clauses, false);
	List	   *wanted = wanted_columns(root, baserel, clauses);

	return make_foreignscan(tlist, clauses, baserel->relid, NIL,
							list_make1(wanted), NIL, NIL, outer_plan);
}
