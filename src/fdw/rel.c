/*
 * rel.c - How large and how dear is a scan?
 *
 * The planner's size and cost estimates.  The network is asked only with
 * use_remote_estimate; else ANALYZE's count, or what the remote last said.
 */
#include "milvus_fdw.h"

#include "compat.h"
#include "miscadmin.h"
#include "optimizer/cost.h"
#include "optimizer/optimizer.h"
#include "optimizer/planmain.h"
#include "parser/parsetree.h"

#define DEFAULT_ROWS 10000
#define DEFAULT_STARTUP_COST 100.0
#define DEFAULT_TUPLE_COST 0.01

/* What planning keeps of a foreign table, from callback to callback. */
typedef struct RelPlan
{
	double		startup_cost;
	double		tuple_cost;
} RelPlan;

/* The role whose user mapping counts: a view's owner, or the current one. */
static Oid
planning_user(PlannerInfo *root, RelOptInfo *baserel)
{
	return OidIsValid(baserel->userid) ? baserel->userid : GetUserId();
}

/* The remote's own count, asked now. */
static void
ask_remote(PlannerInfo *root, RelOptInfo *baserel, Oid relid, const char *collection,
		   const MfOptions *table)
{
	MemoryContext context = AllocSetContextCreate(CurrentMemoryContext, "milvus_fdw estimate",
												  ALLOCSET_SMALL_SIZES);
	MfRemote   *remote = mf_connect_table(relid, planning_user(root, baserel), context);

	(void) mf_describe(remote, collection, table, context);
	MemoryContextDelete(context);
}

void
mf_get_rel_size(PlannerInfo *root, RelOptInfo *baserel, Oid relid)
{
	ForeignTable *table = GetForeignTable(relid);
	ForeignServer *server = GetForeignServer(table->serverid);
	const MfConnector *connector = mf_connector_of_server(server->serverid);
	MfOptions  *table_options = mf_options_from_list(table->options, NIL);
	MfOptions  *server_options = mf_options_from_list(server->options, NIL);
	const char *collection = mf_collection_name(connector, table_options, relid);
	RelPlan    *plan = palloc0(sizeof(RelPlan));
	double		rows;

	plan->startup_cost = mf_setting_real(NULL, server_options, "fdw_startup_cost", DEFAULT_STARTUP_COST);
	plan->tuple_cost = mf_setting_real(NULL, server_options, "fdw_tuple_cost", DEFAULT_TUPLE_COST);
	baserel->fdw_private = plan;

	if (mf_setting_bool(table_options, server_options, "use_remote_estimate", false) &&
		(connector->verbs & MF_VERB_BIT(MF_VERB_DESCRIBE)))
		ask_remote(root, baserel, relid, collection, table_options);
	rows = mf_estimate_rows(server->serverid, collection);
	if (rows < 0)
		rows = baserel->tuples >= 0 && baserel->pages > 0 ? baserel->tuples : DEFAULT_ROWS;
	baserel->tuples = rows;
	set_baserel_size_estimates(root, baserel);
}

void
mf_get_paths(PlannerInfo *root, RelOptInfo *baserel, Oid relid)
{
	RelPlan    *plan = baserel->fdw_private;
	Cost		startup = plan->startup_cost + baserel->baserestrictcost.startup;
	Cost		total = startup + baserel->tuples *
		(plan->tuple_cost + cpu_tuple_cost + baserel->baserestrictcost.per_tuple);

	add_path(baserel, (Path *) mf_create_foreignscan_path(root, baserel, baserel->rows,
														  startup, total));
}
