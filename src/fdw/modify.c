/*
 * modify.c - How do INSERT, UPDATE, DELETE, COPY FROM and tuple routing reach
 * the writer?
 *
 * A join may bring one row of the target several times.  As with PostgreSQL's
 * own tables the first time counts; so keys that are done are remembered, where
 * the plan joins, and where rows come in from other partitions.
 */
#include "modify.h"

#include "access/htup_details.h"
#include "access/sysattr.h"
#include "access/table.h"
#include "executor/executor.h"
#include "finish.h"
#include "optimizer/optimizer.h"
#include "row_identity.h"

/* ------------------------------------------------------------------ begin */

static bool
has_after_row(const ResultRelInfo *rri, CmdType operation)
{
	const TriggerDesc *triggers = rri != NULL ? rri->ri_TrigDesc : NULL;

	if (triggers == NULL)
		return false;
	return operation == CMD_INSERT ? triggers->trig_insert_after_row :
		operation == CMD_UPDATE ? triggers->trig_update_after_row : triggers->trig_delete_after_row;
}

static bool
has_after_statement(const ResultRelInfo *rri, CmdType operation)
{
	const TriggerDesc *triggers = rri != NULL ? rri->ri_TrigDesc : NULL;

	if (triggers == NULL)
		return false;
	return operation == CMD_INSERT ? triggers->trig_insert_after_statement :
		operation == CMD_UPDATE ? triggers->trig_update_after_statement : triggers->trig_delete_after_statement;
}

/*
 * AFTER triggers see a row only once the remote has it.  Before those of a
 * statement all rows are flushed (finish.c); but nothing tells us of the end of
 * COPY in time, nor of a statement within WITH.
 */
static bool
must_go_row_by_row(ModifyTableState *mtstate, ResultRelInfo *rri, CmdType operation)
{
	const ResultRelInfo *root = mtstate->rootResultRelInfo;

	return (mtstate->ps.plan == NULL || !mtstate->canSetTag) &&
		(has_after_row(rri, operation) || has_after_statement(rri, operation) ||
		 has_after_row(root, mtstate->operation) || has_after_statement(root, mtstate->operation));
}

/* Is this column wanted back?  A partition that rows are routed to has no list of its own. */
static bool
is_returned(ModifyTableState *mtstate, ResultRelInfo *rri, int subplan, AttrNumber attnum)
{
	ModifyTable *plan = (ModifyTable *) mtstate->ps.plan;
	Bitmapset  *used = NULL;

	if (plan == NULL || plan->returningLists == NIL)
		return false;
	if (subplan < 0)
		return true;
	pull_varattnos(list_nth(plan->returningLists, subplan), rri->ri_RangeTableIndex, &used);
	return bms_is_member(attnum - FirstLowInvalidHeapAttributeNumber, used) ||
		bms_is_member(InvalidAttrNumber - FirstLowInvalidHeapAttributeNumber, used);
}

static MfWriteOp
insert_op(const MfTable *table)
{
	if (strcmp(mf_table_text(table, "write_mode", "insert"), "upsert") != 0)
		return MF_WRITE_INSERT;
	if (!(table->remote->connector->capabilities & MF_CAN_UPSERT))
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("foreign table \"%s\" cannot be upserted into", table->name),
				 errhint("Set its option write_mode to 'insert'.")));
	return MF_WRITE_UPSERT;
}

static MfModify *
open_table(EState *estate, ResultRelInfo *rri)
{
	MfModify   *modify = palloc0(sizeof(MfModify));

	modify->table = mf_table_open(RelationGetRelid(rri->ri_RelationDesc), mf_modify_user(rri, estate),
								  estate->es_query_cxt);
	return modify;
}

/* The writer of new rows; subplan < 0: they are routed here. */
static MfRowWriter *
begin_insert(ModifyTableState *mtstate, ResultRelInfo *rri, int subplan, MfModify *modify)
{
	MfWriterJob job = {
		.op = insert_op(modify->table),.desc = RelationGetDescr(rri->ri_RelationDesc),
		.row_by_row = must_go_row_by_row(mtstate, rri, CMD_INSERT)
	};
	MfRowWriter *writer = mf_writer_begin(modify->table, &job);
	bool		returned;

	mf_finish_watch(mtstate->ps.state, writer);
	if (!mf_writer_makes_keys(writer))
		return writer;
	returned = is_returned(mtstate, rri, subplan, mf_writer_key(writer));
	if (returned && !MF_HAS(modify->table->remote->connector, write_keys))
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("cannot return the key of foreign table \"%s\"", modify->table->name),
				 errdetail("The remote makes the keys itself and does not tell them.")));
	modify->returns_key = returned || has_after_row(rri, CMD_INSERT);
	if (modify->returns_key)
		mf_writer_go_row_by_row(writer);
	return writer;
}

/* The writer of changed rows or of keys to be deleted. */
static void
begin_change(ModifyTableState *mtstate, ResultRelInfo *rri, MfModify *modify, bool joins)
{
	Relation	rel = rri->ri_RelationDesc;
	bool		update = mtstate->operation == CMD_UPDATE;
	MfWriterJob job = {
		.op = update ? MF_WRITE_UPDATE : MF_WRITE_DELETE,.desc = RelationGetDescr(rel),
		.row_by_row = must_go_row_by_row(mtstate, rri, mtstate->operation)
	};
	Form_pg_attribute key;

	if (update)
	{
		job.changed = ExecGetUpdatedCols(rri, mtstate->ps.state);
		job.all_changed = rri->ri_TrigDesc != NULL && rri->ri_TrigDesc->trig_update_before_row;
		modify->check_partition = rel->rd_rel->relispartition;
	}
	modify->writer = mf_writer_begin(modify->table, &job);
	mf_finish_watch(mtstate->ps.state, modify->writer);
	key = TupleDescAttr(job.desc, mf_writer_key(modify->writer) - 1);
	modify->key_junk = mf_row_identity(modify->table, key, outerPlan(mtstate->ps.plan));
	modify->key_type = key->atttypid;
	if (joins)
		modify->seen = mf_key_set_new(modify->key_type);
}

void
mf_begin_modify(ModifyTableState *mtstate, ResultRelInfo *rri, List *fdw_private,
				int subplan, int eflags)
{
	EState	   *estate = mtstate->ps.state;
	MemoryContext before;
	MfModify   *modify;

	if (eflags & EXEC_FLAG_EXPLAIN_ONLY)
		return;
	before = MemoryContextSwitchTo(estate->es_query_cxt);
	modify = open_table(estate, rri);
	if (mtstate->operation == CMD_INSERT)
		modify->writer = begin_insert(mtstate, rri, subplan, modify);
	else
		begin_change(mtstate, rri, modify, list_nth_int(fdw_private, MF_MODIFY_JOINS) != 0);
	rri->ri_FdwState = modify;
	MemoryContextSwitchTo(before);
}

void
mf_begin_insert(ModifyTableState *mtstate, ResultRelInfo *rri)
{
	EState	   *estate = mtstate->ps.state;
	MemoryContext before = MemoryContextSwitchTo(estate->es_query_cxt);
	MfModify   *modify = rri->ri_FdwState;

	/* the planner knows nothing of partitions that rows are routed to; COPY has no plan */
	if (mtstate->ps.plan != NULL)
		mf_refuse_on_conflict((ModifyTable *) mtstate->ps.plan, RelationGetRelid(rri->ri_RelationDesc));
	if (modify == NULL)
	{
		modify = open_table(estate, rri);
		modify->writer = begin_insert(mtstate, rri, -1, modify);
		rri->ri_FdwState = modify;
	}
	else
	{
		/* an UPDATE's own partition: what comes in must not be updated again */
		modify->moved = begin_insert(mtstate, rri, -1, modify);
		if (modify->seen == NULL)
			modify->seen = mf_key_set_new(modify->key_type);
	}
	MemoryContextSwitchTo(before);
}

/* ------------------------------------------------------------------- rows */

/* The row as stored: with the key that the remote made. */
static void
put_made_key(MfRowWriter *writer, TupleTableSlot *slot)
{
	TupleDesc	desc = slot->tts_tupleDescriptor;
	int			n = mf_writer_key(writer) - 1;
	Datum	   *values;
	bool	   *isnull;
	Datum		key;

	if (!mf_writer_made_key(writer, &key))
		return;
	slot_getallattrs(slot);
	values = memcpy(palloc(sizeof(Datum) * desc->natts), slot->tts_values, sizeof(Datum) * desc->natts);
	isnull = memcpy(palloc(sizeof(bool) * desc->natts), slot->tts_isnull, sizeof(bool) * desc->natts);
	values[n] = key;
	isnull[n] = false;
	ExecForceStoreHeapTuple(heap_form_tuple(desc, values, isnull), slot, false);
}

TupleTableSlot *
mf_exec_insert(EState *estate, ResultRelInfo *rri, TupleTableSlot *slot, TupleTableSlot *plan_slot)
{
	MfModify   *modify = rri->ri_FdwState;
	MfRowWriter *writer = modify->moved != NULL ? modify->moved : modify->writer;

	mf_writer_row(writer, slot);
	if (modify->returns_key)
		put_made_key(writer, slot);
	if (modify->moved != NULL)
	{
		bool		isnull;
		Datum		key = slot_getattr(slot, mf_writer_key(writer), &isnull);

		if (!isnull)
			(void) mf_key_set_add(modify->seen, key, 0, 0);
	}
	return slot;
}

/* Was this row changed or deleted already by this statement? */
static bool
is_done(MfModify *modify, Datum key, bool isnull)
{
	return modify->seen != NULL && !isnull && !mf_key_set_add(modify->seen, key, 0, 0);
}

TupleTableSlot *
mf_exec_update(EState *estate, ResultRelInfo *rri, TupleTableSlot *slot, TupleTableSlot *plan_slot)
{
	MfModify   *modify = rri->ri_FdwState;
	bool		isnull;
	Datum		key = ExecGetJunkAttribute(plan_slot, modify->key_junk, &isnull);

	if (is_done(modify, key, isnull))
		return NULL;

	/* PostgreSQL moves no row out of a foreign partition, so it must not belong elsewhere */
	if (modify->check_partition)
		ExecPartitionCheck(rri, slot, estate, true);
	mf_writer_update(modify->writer, slot, key, isnull);
	return slot;
}

/* The row as it was read, for RETURNING. */
static void
store_old_row(ResultRelInfo *rri, TupleTableSlot *plan_slot, TupleTableSlot *slot)
{
	HeapTupleData tuple = {0};
	bool		isnull;
	Datum		row = ExecGetJunkAttribute(plan_slot, rri->ri_RowIdAttNo, &isnull);

	tuple.t_data = DatumGetHeapTupleHeader(row);
	tuple.t_len = HeapTupleHeaderGetDatumLength(tuple.t_data);
	ItemPointerSetInvalid(&tuple.t_self);
	ExecForceStoreHeapTuple(heap_copytuple(&tuple), slot, true);
}

TupleTableSlot *
mf_exec_delete(EState *estate, ResultRelInfo *rri, TupleTableSlot *slot, TupleTableSlot *plan_slot)
{
	MfModify   *modify = rri->ri_FdwState;
	bool		isnull;
	Datum		key = ExecGetJunkAttribute(plan_slot, modify->key_junk, &isnull);

	if (is_done(modify, key, isnull))
		return NULL;
	mf_writer_delete(modify->writer, key, isnull);
	if (AttributeNumberIsValid(rri->ri_RowIdAttNo))
		store_old_row(rri, plan_slot, slot);
	return slot;
}

/* -------------------------------------------------------------------- end */

void
mf_end_modify(EState *estate, ResultRelInfo *rri)
{
	MfModify   *modify = rri->ri_FdwState;

	if (modify == NULL)
		return;
	mf_writer_finish(modify->writer);
	if (modify->moved != NULL)
		mf_writer_finish(modify->moved);
}

void
mf_end_insert(EState *estate, ResultRelInfo *rri)
{
	mf_end_modify(estate, rri);
}
