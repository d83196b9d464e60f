/*
 * modify_plan.c - What may be done to a foreign table, and what does the plan
 * of an INSERT, UPDATE or DELETE say of it?
 */
#include "modify.h"

#include "parser/parsetree.h"
#include "utils/lsyscache.h"

/* The table's own, or the server's, without connecting. */
static bool
updatable(Oid relid)
{
	ForeignServer *server = GetForeignServer(GetForeignTable(relid)->serverid);

	return mf_setting_bool(mf_table_options(relid),
						   mf_options_from_list(server->options, NIL), "updatable", true);
}

bool
mf_is_bulk(Oid relid)
{
	const MfOptions *server = mf_options_from_list(GetForeignServer(GetForeignTable(relid)->serverid)->options, NIL);
	const MfOptions *table = mf_table_options(relid);

	return strcmp(mf_setting_text(table, server, "write_mode", "insert"), "bulk") == 0;
}

/* Files are only ever added to a collection. */
void
mf_refuse_bulk_change(Oid relid)
{
	if (mf_is_bulk(relid))
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("foreign table \"%s\" takes no UPDATE and no DELETE, because its write_mode is 'bulk'", get_rel_name(relid)),
				 errhint("Use another foreign table of the same collection, with write_mode 'insert' or 'upsert'.")));
}

int
mf_is_updatable(Relation rel)
{
	Oid			relid = RelationGetRelid(rel);
	uint32		can = mf_connector_of_server(GetForeignTable(relid)->serverid)->capabilities;
	int			events = 0;

	if (!updatable(relid))
		return 0;
	if (can & MF_CAN_INSERT)
		events |= 1 << CMD_INSERT;
	if ((can & MF_CAN_READ) && (can & MF_CAN_UPSERT))
		events |= 1 << CMD_UPDATE;
	if ((can & MF_CAN_READ) && (can & MF_CAN_DELETE))
		events |= 1 << CMD_DELETE;
	return events;
}

void
mf_refuse_on_conflict(const ModifyTable *plan, Oid relid)
{
	uint32		can = mf_connector_of_server(GetForeignTable(relid)->serverid)->capabilities;

	if (plan->onConflictAction != ONCONFLICT_NONE)
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("ON CONFLICT is not supported for foreign table \"%s\"", get_rel_name(relid)),
				 errdetail("The remote cannot tell which rows are in conflict before it stores them."),
				 (can & MF_CAN_UPSERT) ?
				 errhint("With the table's option write_mode 'upsert' a plain INSERT replaces rows of the same key.") : 0));
}

List *
mf_plan_modify(PlannerInfo *root, ModifyTable *plan, Index rti, int subplan)
{
	bool		joins = bms_membership(root->all_baserels) == BMS_MULTIPLE;

	mf_refuse_on_conflict(plan, planner_rt_fetch(rti, root)->relid);
	return list_make1_int(joins);
}
