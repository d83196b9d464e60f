/*
 * store_use.c - How does the backend ask a store, and clean up after itself?
 *
 * What an aborted command left is remembered in this session and removed by the
 * next command on that store: an abort itself must not wait for a network.
 */
#include "import.h"

#include "compat.h"
#include "miscadmin.h"
#include "src/sqlfn/remote.h"
#include "utils/acl.h"
#include "utils/memutils.h"

typedef struct Leftover
{
	Oid			serverid;
	char		job[64];
} Leftover;

static List *leftovers = NIL;	/* in TopMemoryContext */

static void
end_task(void *arg)
{
	mf_store_end(arg);
}

static MfStatus
step_task(void *arg, MfWaitFor *wait, MfError *err)
{
	return mf_store_step(arg, wait, err);
}

MfStoreTask *
mf_store_try(MfRemote *remote, MfStoreVerb verb, const char *name, const char *id, MemoryContext owner, MfError *err)
{
	MemoryContextCallback *callback = MemoryContextAllocZero(owner, sizeof(MemoryContextCallback));
	MfStoreTask *task;
	MfStatus	status;

	mf_error_reset(err);
	status = mf_store_begin(remote->conn, verb, name, id, &task, err);
	callback->func = end_task;
	callback->arg = task;
	MemoryContextRegisterResetCallback(owner, callback);
	if (status == MF_OK)
		status = mf_drive(remote, step_task, task, err);
	return status == MF_OK ? task : NULL;
}

MfStoreTask *
mf_store_request(MfRemote *remote, MfStoreVerb verb, const char *name, const char *id, MemoryContext owner)
{
	MfError		err;
	MfStoreTask *task = mf_store_try(remote, verb, name, id, owner, &err);

	if (task == NULL && err.sqlstate[0] != '\0')
		mf_raise(&err, &(MfWhere) {.remote = remote});
	return task;
}

/* Those that say what the others are, and what has become of them. */
static bool
is_word(const char *name, const char *manifest)
{
	return strcmp(name, manifest) == 0 || mf_import_is_record(name);
}

/* manifest: what it and the records say is still needed; or NULL */
static MfStatus
remove_entries(MfRemote *remote, const char *job, MfStoreVerb list, MfStoreVerb remove, const char *manifest,
			   int64 *removed, MemoryContext owner, MfError *err)
{
	MfStoreTask *found = mf_store_try(remote, list, job, NULL, owner, err);
	MemoryContext one = AllocSetContextCreate(owner, "milvus_fdw removal", ALLOCSET_SMALL_SIZES);
	const MfStoreEntry *entries;
	int			n;

	if (found == NULL)
		return MF_ERROR;
	n = mf_store_entries(found, &entries);
	for (int i = 0; i < n; i++)
	{
		*removed += manifest != NULL;
		if (manifest != NULL && is_word(entries[i].name, manifest))
			continue;
		if (mf_store_try(remote, remove, entries[i].name, entries[i].id, one, err) == NULL)
			return MF_ERROR;
		MemoryContextReset(one);
	}
	return MF_OK;
}

MfStatus
mf_store_remove_job(MfRemote *remote, const char *job, int64 *removed, MfError *err)
{
	MemoryContext context = AllocSetContextCreate(CurrentMemoryContext, "milvus_fdw removal", ALLOCSET_SMALL_SIZES);
	char	   *manifest = psprintf("%s/" MF_MANIFEST_FILE, job);
	MfStatus	status;

	status = remove_entries(remote, job, MF_STORE_UPLOADS, MF_STORE_ABORT, NULL, removed, context, err);
	if (status == MF_OK)
		status = remove_entries(remote, job, MF_STORE_LIST, MF_STORE_DELETE, manifest, removed, context, err);
	/* as long as anything is there, so is the word of it; without the record, files might be imported again */
	if (status == MF_OK && mf_store_try(remote, MF_STORE_DELETE, manifest, NULL, context, err) == NULL)
		status = MF_ERROR;
	if (status == MF_OK)
		status = remove_entries(remote, job, MF_STORE_LIST, MF_STORE_DELETE, NULL, removed, context, err);
	MemoryContextDelete(context);
	return status;
}

/* In an abort: may not fail. */
void
mf_store_note_leftover(MfRemote *remote, const char *job)
{
	Leftover   *leftover = MemoryContextAllocExtended(TopMemoryContext, sizeof(Leftover), MCXT_ALLOC_NO_OOM);
	MemoryContext before;

	if (leftover == NULL)
		return;
	leftover->serverid = remote->serverid;
	strlcpy(leftover->job, job, sizeof(leftover->job));
	before = MemoryContextSwitchTo(TopMemoryContext);
	leftovers = lappend(leftovers, leftover);
	MemoryContextSwitchTo(before);
}

static void
remove_leftovers(MfRemote *remote)
{
	ListCell   *lc;

	foreach(lc, leftovers)
	{
		Leftover   *leftover = lfirst(lc);
		int64		removed = 0;
		MfError		err;

		if (leftover->serverid != remote->serverid)
			continue;
		if (mf_store_remove_job(remote, leftover->job, &removed, &err) != MF_OK)
		{
			ereport(WARNING,
					(errmsg("could not remove the files that an aborted command left in the store of server \"%s\"", remote->server),
					 errdetail("%s", mf_message_text(err.message)),
					 errhint("milvus_fdw.unstage('%s', '%s') removes them.", remote->server, leftover->job)));
			continue;
		}
		leftovers = foreach_delete_current(leftovers, lc);
		pfree(leftover);
	}
}

/* It is a store, and clean. */
static MfRemote *
as_store(MfRemote *remote)
{
	if (strcmp(remote->connector->name, MF_STORE_WRAPPER) != 0)
		ereport(ERROR,
				(errcode(ERRCODE_WRONG_OBJECT_TYPE),
				 errmsg("server \"%s\" is not a store of files", remote->server),
				 errhint("Create one with the foreign-data wrapper %s.", MF_STORE_WRAPPER)));
	remove_leftovers(remote);
	return remote;
}

MfRemote *
mf_store_server(Name server)
{
	return as_store(mf_sql_server(server));
}

MfRemote *
mf_store_of_table(const char *server, Oid owner, Oid userid, MemoryContext context)
{
	Oid			serverid = get_foreign_server_oid(server, true);

	if (!OidIsValid(serverid))
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_OBJECT),
				 errmsg("server \"%s\", which option \"stage\" names, does not exist", server)));
	if (mf_server_aclcheck(serverid, owner, ACL_USAGE) != ACLCHECK_OK)
		ereport(ERROR,
				(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
				 errmsg("permission denied for foreign server %s", server),
				 errdetail("The owner of the foreign table, role \"%s\", needs USAGE on it.", GetUserNameFromId(owner, false))));
	return as_store(mf_connect(serverid, userid, context));
}
