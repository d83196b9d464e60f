/*
 * spool.c - What if a statement reads the collection that it writes to?
 *
 * A remote without snapshots would show a later page of the scan the rows that
 * were just written, which a statement must not see of itself: INSERT INTO t
 * SELECT id + 1000000 FROM t would never end.  So such a scan is read to its
 * end before its first row is handed out; what work_mem cannot hold goes to
 * disk.
 */
#include "spool.h"

#include "catalog/pg_class.h"
#include "catalog/pg_inherits.h"
#include "executor/executor.h"
#include "executor/tuptable.h"
#include "finish.h"
#include "miscadmin.h"
#include "nodes/nodeFuncs.h"
#include "parser/parsetree.h"
#include "utils/lsyscache.h"
#include "utils/memutils.h"
#include "utils/tuplestore.h"

struct MfSpool
{
	Tuplestorestate *rows;
	TupleTableSlot *slot;
	TupleDesc	desc;
	MemoryContext context;		/* as long as the scan: the slot frees its rows itself */
	MemoryContext row_context;
	bool		filled;
};

/*
 * By name alone: two servers may lead to the same place, and a spool that was
 * not needed costs little.
 */
static bool
is_same_collection(Oid relid, const MfConnector *connector, const char *collection)
{
	Oid			serverid;

	if (get_rel_relkind(relid) != RELKIND_FOREIGN_TABLE)
		return false;
	serverid = GetForeignTable(relid)->serverid;
	return mf_is_ours(serverid) && mf_connector_of_server(serverid) == connector &&
		strcmp(mf_collection_name(connector, mf_table_options(relid), relid), collection) == 0;
}

/* Is the collection this target of a statement, or a partition of it? */
static bool
is_target(Oid target, const MfConnector *connector, const char *collection)
{
	ListCell   *lc;

	if (get_rel_relkind(target) != RELKIND_PARTITIONED_TABLE)
		return is_same_collection(target, connector, collection);
	foreach(lc, find_all_inheritors(target, AccessShareLock, NULL))
	{
		if (is_same_collection(lfirst_oid(lc), connector, collection))
			return true;
	}
	return false;
}

static bool
is_any_target(EState *estate, const MfTable *table)
{
	ListCell   *lc;

	foreach(lc, estate->es_plannedstmt->resultRelations)
	{
		if (is_target(exec_rt_fetch(lfirst_int(lc), estate)->relid, table->remote->connector, table->collection))
			return true;
	}
	return false;
}

bool
mf_spool_is_written(PlannerInfo *root, Oid relid)
{
	const MfConnector *connector = mf_connector_of_server(GetForeignTable(relid)->serverid);
	const Query *query;

	while (root->parent_root != NULL)
		root = root->parent_root;
	query = root->parse;
	return query->resultRelation > 0 &&
		is_target(rt_fetch(query->resultRelation, query->rtable)->relid, connector,
				  mf_collection_name(connector, mf_table_options(relid), relid));
}

/* Values that an initplan of the whole statement makes: once, and for all. */
static Bitmapset *
fixed_params(EState *estate)
{
	Bitmapset  *fixed = NULL;
	ListCell   *lc;
	ListCell   *param;

	foreach(lc, estate->es_plannedstmt->planTree->initPlan)
	{
		foreach(param, ((SubPlan *) lfirst(lc))->setParam)
			fixed = bms_add_member(fixed, lfirst_int(param));
	}
	return fixed;
}

/* Is there a parameter of the plan that is not among those? */
static bool
varies(Node *node, void *fixed)
{
	if (node == NULL)
		return false;
	if (IsA(node, Param) && ((Param *) node)->paramkind == PARAM_EXEC)
		return !bms_is_member(((Param *) node)->paramid, fixed);
	return expression_tree_walker(node, varies, fixed);
}

bool
mf_spool_is_fixed(ForeignScanState *node)
{
	return !varies((Node *) ((ForeignScan *) node->ss.ps.plan)->fdw_exprs, fixed_params(node->ss.ps.state));
}

/*
 * Rows of the target that a join looks up: those that were changed are known by
 * their keys and passed over (modify.c), so to see them again does no harm, and
 * to read the whole collection instead would.
 */
static bool
is_lookup_of_target(ForeignScanState *node)
{
	return list_member_int(node->ss.ps.state->es_plannedstmt->resultRelations,
						   ((Scan *) node->ss.ps.plan)->scanrelid) && !mf_spool_is_fixed(node);
}

static MfSpool *
spool_new(ForeignScanState *node)
{
	TupleDesc	desc = RelationGetDescr(node->ss.ss_currentRelation);
	MfSpool    *spool = palloc0(sizeof(MfSpool));

	spool->rows = tuplestore_begin_heap(true, false, work_mem);
	spool->slot = MakeSingleTupleTableSlot(desc, &TTSOpsMinimalTuple);
	spool->desc = desc;
	spool->context = CurrentMemoryContext;
	spool->row_context = AllocSetContextCreate(CurrentMemoryContext, "milvus_fdw spool", ALLOCSET_DEFAULT_SIZES);
	return spool;
}

MfSpool *
mf_spool_begin(ForeignScanState *node, const MfTable *table)
{
	if (!(table->remote->connector->capabilities & MF_CAN_INSERT) ||
		!is_any_target(node->ss.ps.state, table) || is_lookup_of_target(node))
		return NULL;
	return spool_new(node);
}

MfSpool *
mf_spool_begin_late(ForeignScanState *node, const MfTable *table)
{
	EState	   *estate = node->ss.ps.state;
	const MfConnector *connector = table->remote->connector;
	const MfCollection *described;

	if (node->ss.ss_currentRelation == NULL || is_any_target(estate, table) ||
		!mf_finish_has_writer(estate, connector, NULL))
		return NULL;
	described = mf_describe(table->remote, table->collection, table->options, CurrentMemoryContext);
	return mf_finish_has_writer(estate, connector, described->name) ? spool_new(node) : NULL;
}

static void
fill(MfSpool *spool, MfScanState *state)
{
	Datum	   *values = palloc0(sizeof(Datum) * Max(spool->desc->natts, 1));
	bool	   *isnull = palloc(sizeof(bool) * Max(spool->desc->natts, 1));
	MemoryContext before = MemoryContextSwitchTo(spool->row_context);

	memset(isnull, true, sizeof(bool) * spool->desc->natts);
	while (mf_scan_row(state, values, isnull))
	{
		CHECK_FOR_INTERRUPTS();
		tuplestore_putvalues(spool->rows, spool->desc, values, isnull);
		MemoryContextReset(spool->row_context);
	}
	MemoryContextSwitchTo(before);
	spool->filled = true;
}

bool
mf_spool_row(MfSpool *spool, MfScanState *state, Datum *values, bool *isnull)
{
	MemoryContext before;
	bool		found;

	if (!spool->filled)
		fill(spool, state);
	before = MemoryContextSwitchTo(spool->context);
	found = tuplestore_gettupleslot(spool->rows, true, false, spool->slot);
	MemoryContextSwitchTo(before);
	if (!found)
		return false;
	slot_getallattrs(spool->slot);
	memcpy(values, spool->slot->tts_values, sizeof(Datum) * spool->desc->natts);
	memcpy(isnull, spool->slot->tts_isnull, sizeof(bool) * spool->desc->natts);
	return true;
}

void
mf_spool_rewind(MfSpool *spool)
{
	tuplestore_rescan(spool->rows);
}

void
mf_spool_end(MfSpool *spool)
{
	ExecDropSingleTupleTableSlot(spool->slot);
	tuplestore_end(spool->rows);
}
