/*
 * ledger.c - What has this transaction sent that a ROLLBACK cannot unsend?
 *
 * Remotes have no transactions.  Each writer opens an entry and keeps its counts
 * up to date as it goes, because an abort may run our callbacks before or after
 * it frees the writer.  An abort, of the transaction or of a savepoint, warns:
 * once for each collection, so what is closed is added up.
 */
#include "milvus_fdw.h"

#include "access/xact.h"

/* In TopTransactionContext: gone with the transaction. */
static MfLedgerEntry *ledger = NULL;
static bool registered = false;

static void
warn_truncated(const MfLedgerEntry *entry)
{
	ereport(WARNING,
			(errcode(ERRCODE_WARNING),
			 entry->unanswered ?
			 errmsg("collection \"%s\" on server \"%s\" may have been truncated", entry->collection, entry->server) :
			 errmsg("collection \"%s\" on server \"%s\" stays truncated", entry->collection, entry->server),
			 entry->unanswered ?
			 errdetail("The remote was asked to and did not answer; it has no transactions to roll back.") :
			 errdetail("The remote has no transactions to roll back.")));
}

static void
warn(const MfLedgerEntry *entry)
{
	bool		deletes = entry->kind == MF_LEDGER_DELETED;

	if (entry->acknowledged == 0 && entry->unknown == 0 && !entry->unanswered)
		return;
	if (entry->kind == MF_LEDGER_TRUNCATED)
	{
		warn_truncated(entry);
		return;
	}
	ereport(WARNING,
			(errcode(ERRCODE_WARNING),
			 entry->unanswered ?
			 errmsg("rows of collection \"%s\" on server \"%s\" may have been deleted", entry->collection, entry->server) :
			 deletes ?
			 errmsg("rows deleted from collection \"%s\" on server \"%s\" stay deleted", entry->collection, entry->server) :
			 errmsg("rows written to collection \"%s\" on server \"%s\" stay there", entry->collection, entry->server),
			 entry->unanswered ?
			 errdetail("The remote was asked to delete rows by a condition and did not answer; it has no transactions to roll back.") :
			 entry->unknown > 0 ?
			 errdetail(deletes ? "The remote deleted " INT64_FORMAT " rows and may have deleted " INT64_FORMAT
					   " more; it has no transactions to roll back." :
					   "The remote acknowledged " INT64_FORMAT " rows and may hold " INT64_FORMAT
					   " more; it has no transactions to roll back.",
					   entry->acknowledged, entry->unknown) :
			 errdetail(deletes ? "The remote deleted " INT64_FORMAT " rows; it has no transactions to roll back." :
					   "The remote acknowledged " INT64_FORMAT
					   " rows; it has no transactions to roll back.", entry->acknowledged)));
}

static void
at_xact_end(XactEvent event, void *arg)
{
	MfLedgerEntry *entry = ledger;

	if (event == XACT_EVENT_PRE_PREPARE && ledger != NULL)
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("cannot PREPARE a transaction that has written to collection \"%s\" on server \"%s\"",
						mf_safe_text(ledger->collection), ledger->server),
				 errdetail("The remote has no transactions: what was asked of it is done already.")));
	if (event != XACT_EVENT_ABORT && event != XACT_EVENT_COMMIT && event != XACT_EVENT_PREPARE)
		return;
	ledger = NULL;
	if (event == XACT_EVENT_ABORT)
	{
		for (; entry != NULL; entry = entry->next)
			warn(entry);
	}
}

static bool
is_same(const MfLedgerEntry *a, const MfLedgerEntry *b)
{
	return a != b && a->closed && b->closed && a->kind == b->kind && a->subid == b->subid &&
		a->unanswered == b->unanswered && strcmp(a->collection, b->collection) == 0 && strcmp(a->server, b->server) == 0;
}

/* Add an entry to another of its like, if there is one; true = it is gone. */
static bool
fold(MfLedgerEntry **link)
{
	MfLedgerEntry *entry = *link;

	for (MfLedgerEntry *other = ledger; other != NULL; other = other->next)
	{
		if (!is_same(entry, other))
			continue;
		other->acknowledged += entry->acknowledged;
		other->unknown += entry->unknown;
		*link = entry->next;
		pfree(entry->server);
		pfree(entry->collection);
		pfree(entry);
		return true;
	}
	return false;
}

void
mf_ledger_close(MfLedgerEntry *entry)
{
	for (MfLedgerEntry **link = &ledger; *link != NULL; link = &(*link)->next)
	{
		if (*link != entry)
			continue;
		entry->closed = true;
		(void) fold(link);
		return;
	}
}

static void
at_subxact_end(SubXactEvent event, SubTransactionId mine, SubTransactionId parent, void *arg)
{
	for (MfLedgerEntry **link = &ledger; *link != NULL;)
	{
		MfLedgerEntry *entry = *link;

		if (entry->subid == mine && event == SUBXACT_EVENT_COMMIT_SUB)
		{
			entry->subid = parent;
			if (fold(link))
				continue;
		}
		if (entry->subid == mine && event == SUBXACT_EVENT_ABORT_SUB)
		{
			*link = entry->next;
			warn(entry);
			continue;
		}
		link = &entry->next;
	}
}

MfLedgerEntry *
mf_ledger_open(const char *server, const char *collection, MfLedgerKind kind)
{
	MfLedgerEntry *entry;

	if (!registered)
	{
		RegisterXactCallback(at_xact_end, NULL);
		RegisterSubXactCallback(at_subxact_end, NULL);
		registered = true;
	}
	entry = MemoryContextAllocZero(TopTransactionContext, sizeof(MfLedgerEntry));
	entry->kind = kind;
	entry->subid = GetCurrentSubTransactionId();
	entry->server = MemoryContextStrdup(TopTransactionContext, server);
	entry->collection = MemoryContextStrdup(TopTransactionContext, mf_safe_text(collection));
	entry->next = ledger;
	ledger = entry;
	return entry;
}
