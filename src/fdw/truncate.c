/*
 * truncate.c - What does TRUNCATE ask of the remote?
 *
 * To empty each collection.  Owned sequences are PostgreSQL's own affair; a
 * remote's automatic keys have no beginning to restart from, and nothing there
 * refers to another collection, so CASCADE and RESTART IDENTITY ask no more.
 */
#include "table.h"

#include "miscadmin.h"

/* All tables are looked at before the first is emptied. */
static void
check_table(const MfTable *table, Relation rel)
{
	const MfConnector *connector = table->remote->connector;

	if (!mf_table_bool(table, "truncatable", true))
		ereport(ERROR,
				(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
				 errmsg("foreign table \"%s\" does not allow truncates", RelationGetRelationName(rel))));
	if (!(connector->verbs & MF_VERB_BIT(MF_VERB_TRUNCATE)))
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("cannot truncate foreign table \"%s\"", RelationGetRelationName(rel)),
				 errdetail("%s has no such request.", connector->name)));
	if (table->part)
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("cannot truncate foreign table \"%s\"", RelationGetRelationName(rel)),
				 errdetail("It holds only some rows of collection \"%s\".", mf_safe_text(table->collection)),
				 errhint("Use DELETE.")));
}

static void
empty(MfTable *table)
{
	MfRequest	request = {
		.verb = MF_VERB_TRUNCATE,.collection = table->collection,.options = table->options
	};
	MfLedgerEntry *entry = mf_ledger_open(table->remote->server, table->collection, MF_LEDGER_TRUNCATED);
	MfError		err;

	entry->unanswered = true;
	if (mf_try_request(table->remote, &request, CurrentMemoryContext, &err) == NULL)
	{
		/* what was refused was not done */
		entry->unanswered = err.retry != MF_RETRY_NO;
		mf_table_raise(table, &err);
	}
	entry->unanswered = false;
	entry->acknowledged = 1;
	mf_ledger_close(entry);
	mf_estimate_note(table->remote->serverid, table->collection, 0);
}

void
mf_exec_truncate(List *rels, DropBehavior behavior, bool restart_seqs)
{
	MemoryContext context = AllocSetContextCreate(CurrentMemoryContext, "milvus_fdw truncate", ALLOCSET_DEFAULT_SIZES);
	MemoryContext before = MemoryContextSwitchTo(context);
	List	   *tables = NIL;
	ListCell   *lc;

	foreach(lc, rels)
	{
		MfTable    *table = mf_table_open(RelationGetRelid((Relation) lfirst(lc)), GetUserId(), context);

		check_table(table, lfirst(lc));
		tables = lappend(tables, table);
	}
	foreach(lc, tables)
		empty(lfirst(lc));
	MemoryContextSwitchTo(before);
	MemoryContextDelete(context);
}
