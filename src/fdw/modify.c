/*
 * modify.c - How do INSERT, COPY FROM and tuple routing reach the writer?
 */
#include "milvus_fdw.h"

#include "access/table.h"
#include "compat.h"
#include "finish.h"
#include "nodes/execnodes.h"
#include "utils/lsyscache.h"
#include "parser/parsetree.h"
#include "writer.h"

/* The table's own, or the server's, without connecting. */
static bool
updatable(Oid relid)
{
	ForeignServer *server = GetForeignServer(GetForeignTable(relid)->serverid);

	return mf_setting_bool(mf_table_options(relid),
						   mf_options_from_list(server->options, NIL), "updatable", true);
}

int
mf_is_updatable(Relation rel)
{
	Oid			relid = RelationGetRelid(rel);
	const MfConnector *connector = mf_connector_of_server(GetForeignTable(relid)->serverid);

	return (connector->capabilities & MF_CAN_INSERT) && updatable(relid) ? 1 << CMD_INSERT : 0;
}

static void
refuse_on_conflict(const ModifyTable *plan, Oid relid)
{
	if (plan->onConflictAction != ONCONFLICT_NONE)
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("ON CONFLICT is not supported for foreign table \"%s\"", get_rel_name(relid)),
				 errdetail("The remote cannot tell which rows are in conflict before it stores them.")));
}

List *
mf_plan_modify(PlannerInfo *root, ModifyTable *plan, Index rti, int subplan)
{
	refuse_on_conflict(plan, planner_rt_fetch(rti, root)->relid);
	return NIL;
}

static bool
has_after_triggers(ResultRelInfo *rri)
{
	return rri != NULL && rri->ri_TrigDesc != NULL &&
		(rri->ri_TrigDesc->trig_insert_after_row || rri->ri_TrigDesc->trig_insert_after_statement);
}

/*
 * AFTER triggers see a row only once the remote has it.  Before those of a
 * statement all rows are flushed (finish.c); but nothing tells us of the end of
 * COPY in time, nor of an INSERT within WITH.
 */
static bool
must_go_row_by_row(ModifyTableState *mtstate, ResultRelInfo *rri)
{
	return (mtstate->ps.plan == NULL || !mtstate->canSetTag) &&
		(has_after_triggers(rri) || has_after_triggers(mtstate->rootResultRelInfo));
}

static void
begin(ModifyTableState *mtstate, ResultRelInfo *rri)
{
	EState	   *estate = mtstate->ps.state;
	Relation	rel = rri->ri_RelationDesc;
	MemoryContext before = MemoryContextSwitchTo(estate->es_query_cxt);
	MfTable    *table;

	table = mf_table_open(RelationGetRelid(rel), mf_modify_user(rri, estate), estate->es_query_cxt);
	rri->ri_FdwState = mf_writer_begin(table, RelationGetDescr(rel), must_go_row_by_row(mtstate, rri));
	mf_finish_watch(estate, rri->ri_FdwState);
	MemoryContextSwitchTo(before);
}

void
mf_begin_modify(ModifyTableState *mtstate, ResultRelInfo *rri, List *fdw_private,
				int subplan, int eflags)
{
	if (!(eflags & EXEC_FLAG_EXPLAIN_ONLY))
		begin(mtstate, rri);
}

void
mf_begin_insert(ModifyTableState *mtstate, ResultRelInfo *rri)
{
	/* the planner knows nothing of partitions that rows are routed to; COPY has no plan */
	if (mtstate->ps.plan != NULL)
		refuse_on_conflict((ModifyTable *) mtstate->ps.plan, RelationGetRelid(rri->ri_RelationDesc));
	begin(mtstate, rri);
}

TupleTableSlot *
mf_exec_insert(EState *estate, ResultRelInfo *rri, TupleTableSlot *slot, TupleTableSlot *plan_slot)
{
	mf_writer_row(rri->ri_FdwState, slot);
	return slot;
}

void
mf_end_modify(EState *estate, ResultRelInfo *rri)
{
	if (rri->ri_FdwState != NULL)
		mf_writer_finish(rri->ri_FdwState);
}

void
mf_end_insert(EState *estate, ResultRelInfo *rri)
{
	mf_end_modify(estate, rri);
}
