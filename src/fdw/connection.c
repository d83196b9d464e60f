/*
 * connection.c - Who are we talking to?
 *
 * One connection for each server and user mapping, kept for the session.  A
 * change of either makes it stale: it is closed when nothing holds it, and the
 * next user gets a new one.  A hold is tied to a memory context, so an error
 * anywhere gives it back.
 */
#include "milvus_fdw.h"

#include "access/htup_details.h"
#include "access/xact.h"
#include "catalog/pg_class.h"
#include "catalog/pg_foreign_server.h"
#include "catalog/pg_user_mapping.h"
#include "foreign/foreign.h"
#include "miscadmin.h"
#include "option.h"
#include "storage/ipc.h"
#include "utils/hsearch.h"
#include "utils/inval.h"
#include "utils/syscache.h"

#include "grpc.h"

#define DEFAULT_MEMORY_LIMIT 2048	/* megabytes */

typedef struct CacheKey
{
	Oid			serverid;
	Oid			umid;
} CacheKey;

typedef struct CacheEntry
{
	CacheKey	key;
	MfRemote   *remote;
} CacheEntry;

typedef struct Hold
{
	MfRemote   *remote;
	MemoryContextCallback callback;
} Hold;

static HTAB *connections = NULL;
static uint64 invalidations = 0;
static MemoryContext connection_context = NULL;

static void
close_remote(MfRemote *remote)
{
	if (remote->conn != NULL)
		remote->connector->close(remote->conn);
	MemoryContextDelete(remote->context);
}

/* Out of the table; a held connection outlives its entry: the last hold closes it. */
static void
forget(MfRemote *remote)
{
	CacheKey	key = {remote->serverid, remote->umid};
	CacheEntry *entry = hash_search(connections, &key, HASH_FIND, NULL);

	if (entry != NULL && entry->remote == remote)
		hash_search(connections, &key, HASH_REMOVE, NULL);
	remote->stale = true;
	if (remote->holds == 0)
		close_remote(remote);
}

static void
give_back(void *arg)
{
	MfRemote   *remote = ((Hold *) arg)->remote;

	/* what an abort frees comes after at_xact_end */
	if (--remote->holds == 0 && (remote->stale || (!remote->keep && !IsTransactionState())))
		forget(remote);
}

/* May run at any moment, outside of a transaction too: only marks, and looks nothing up. */
static void
invalidate(Datum arg, int cacheid, uint32 hashvalue)
{
	HASH_SEQ_STATUS scan;
	CacheEntry *entry;

	invalidations++;
	hash_seq_init(&scan, connections);
	while ((entry = hash_seq_search(&scan)) != NULL)
	{
		MfRemote   *remote = entry->remote;

		/* a server without mapping may gain one: that changes the key anyway */
		if (hashvalue == 0 ||
			(cacheid == FOREIGNSERVEROID ? remote->server_hash == hashvalue :
			 OidIsValid(remote->umid) && remote->mapping_hash == hashvalue))
			remote->stale = true;
	}
}

/*
 * At the end of a transaction connections that are not to be kept are closed.
 * Holds are gone by then (or belong to a WITH HOLD cursor's portal).
 */
static void
at_xact_end(XactEvent event, void *arg)
{
	HASH_SEQ_STATUS scan;
	CacheEntry *entry;

	if (event != XACT_EVENT_COMMIT && event != XACT_EVENT_ABORT)
		return;
	hash_seq_init(&scan, connections);
	while ((entry = hash_seq_search(&scan)) != NULL)
	{
		if (entry->remote->holds == 0 && (entry->remote->stale || !entry->remote->keep))
			forget(entry->remote);
	}
}

/* After the last abort, which may still give up calls. */
static void
at_exit(int code, Datum arg)
{
	mf_grpc_shutdown();
}

static void
start(void)
{
	HASHCTL		ctl = {.keysize = sizeof(CacheKey),.entrysize = sizeof(CacheEntry)};

	connection_context = AllocSetContextCreate(TopMemoryContext, "milvus_fdw connections",
											   ALLOCSET_SMALL_SIZES);
	connections = hash_create("milvus_fdw connections", 8, &ctl, HASH_ELEM | HASH_BLOBS);
	CacheRegisterSyscacheCallback(FOREIGNSERVEROID, invalidate, (Datum) 0);
	CacheRegisterSyscacheCallback(USERMAPPINGOID, invalidate, (Datum) 0);
	RegisterXactCallback(at_xact_end, NULL);
	on_proc_exit(at_exit, (Datum) 0);
}

/* The mapping of a user or of PUBLIC, or NULL: one is needed only for secrets. */
static UserMapping *
user_mapping(Oid userid, Oid serverid)
{
	HeapTuple	tuple;
	bool		found;

	tuple = SearchSysCache2(USERMAPPINGUSERSERVER, ObjectIdGetDatum(userid), ObjectIdGetDatum(serverid));
	if (!HeapTupleIsValid(tuple))
		tuple = SearchSysCache2(USERMAPPINGUSERSERVER, ObjectIdGetDatum(InvalidOid), ObjectIdGetDatum(serverid));
	found = HeapTupleIsValid(tuple);
	if (found)
		ReleaseSysCache(tuple);
	return found ? GetUserMapping(userid, serverid) : NULL;
}

/* The first one counts: what the mapping says, else the server's. */
static MfOptions *
options_of(ForeignServer *server, UserMapping *mapping)
{
	return mf_options_from_list(mapping ? mapping->options : NIL, server->options);
}

MfOptions *
mf_connection_options(Oid serverid, Oid userid)
{
	return options_of(GetForeignServer(serverid), user_mapping(userid, serverid));
}

static MfRemote *
open_remote(ForeignServer *server, UserMapping *mapping)
{
	MemoryContext context;
	MemoryContext before;
	MfRemote   *remote;
	MfOpenArgs	args = {.size = sizeof(MfOpenArgs)};
	MfError		err;

	/* until it is open it belongs to the transaction: an error frees it */
	context = AllocSetContextCreate(CurrentMemoryContext, "milvus_fdw connection",
									ALLOCSET_SMALL_SIZES);
	before = MemoryContextSwitchTo(context);
	remote = palloc0(sizeof(MfRemote));
	remote->context = context;
	remote->serverid = server->serverid;
	remote->umid = mapping ? mapping->umid : InvalidOid;
	remote->server_hash = GetSysCacheHashValue1(FOREIGNSERVEROID, ObjectIdGetDatum(remote->serverid));
	remote->mapping_hash = GetSysCacheHashValue1(USERMAPPINGOID, ObjectIdGetDatum(remote->umid));
	remote->connector = mf_connector_of_server(server->serverid);
	remote->server = pstrdup(server->servername);
	remote->options = options_of(server, mapping);
	remote->keep = mf_option_bool(remote->options, "keep_connections", true);
	MemoryContextSwitchTo(before);

	mf_mem_init(&remote->mem, (size_t) mf_option_int(remote->options, "memory_limit",
													 DEFAULT_MEMORY_LIMIT) * 1024 * 1024);
	args.server = remote->server;
	args.options = remote->options;
	args.mem = &remote->mem;
	mf_error_reset(&err);
	if (remote->connector->open(&args, &remote->conn, &err) != MF_OK)
		mf_raise(&err, &(MfWhere) {.remote = remote});
	MemoryContextSetParent(context, connection_context);
	return remote;
}

MfRemote *
mf_connect(Oid serverid, Oid userid, MemoryContext owner)
{
	uint64		before = invalidations;
	ForeignServer *server = GetForeignServer(serverid);
	UserMapping *mapping = user_mapping(userid, serverid);
	CacheKey	key = {serverid, mapping ? mapping->umid : InvalidOid};
	CacheEntry *entry;
	Hold	   *hold;

	/* each time: who asks may change, and what he may do, while a connection stays */
	mf_check_use(mf_connector_of_server(serverid), server, mapping, userid);
	if (connections == NULL)
		start();
	hold = MemoryContextAllocZero(owner, sizeof(Hold));

	entry = hash_search(connections, &key, HASH_FIND, NULL);
	if (entry != NULL && entry->remote->stale)
	{
		forget(entry->remote);
		entry = NULL;
	}
	if (entry == NULL)
	{
		MfRemote   *remote = open_remote(server, mapping);

		/* what changed since its options were read cannot have marked it */
		remote->stale = before != invalidations;
		entry = hash_search(connections, &key, HASH_ENTER, NULL);
		entry->remote = remote;
	}

	hold->remote = entry->remote;
	hold->remote->holds++;
	hold->callback.func = give_back;
	hold->callback.arg = hold;
	MemoryContextRegisterResetCallback(owner, &hold->callback);
	return hold->remote;
}

Oid
mf_table_owner(Oid relid)
{
	HeapTuple	tuple = SearchSysCache1(RELOID, ObjectIdGetDatum(relid));
	Oid			owner;

	if (!HeapTupleIsValid(tuple))
		elog(ERROR, "cache lookup failed for relation %u", relid);
	owner = ((Form_pg_class) GETSTRUCT(tuple))->relowner;
	ReleaseSysCache(tuple);
	return owner;
}

MfRemote *
mf_connect_table(Oid relid, Oid userid, MemoryContext owner)
{
	MfRemote   *remote = mf_connect(GetForeignTable(relid)->serverid, userid, owner);

	/* as with a view: who owns the table must have the right, now */
	if (remote->connector->capabilities & MF_IS_FILES)
		mf_check_files_role(mf_table_owner(relid), false);
	return remote;
}

List *
mf_connection_list(void)
{
	HASH_SEQ_STATUS scan;
	CacheEntry *entry;
	List	   *list = NIL;

	if (connections == NULL)
		return NIL;
	hash_seq_init(&scan, connections);
	while ((entry = hash_seq_search(&scan)) != NULL)
	{
		MfConnectionInfo *info;

		if (entry->remote == NULL)
			continue;
		info = palloc(sizeof(MfConnectionInfo));
		info->serverid = entry->key.serverid;
		info->server = pstrdup(entry->remote->server);
		info->umid = entry->key.umid;
		info->valid = !entry->remote->stale;
		info->in_use = entry->remote->holds > 0;
		list = lappend(list, info);
	}
	return list;
}

int
mf_connection_close(Oid serverid)
{
	HASH_SEQ_STATUS scan;
	CacheEntry *entry;
	int			closed = 0;

	if (connections == NULL)
		return 0;
	hash_seq_init(&scan, connections);
	while ((entry = hash_seq_search(&scan)) != NULL)
	{
		if (entry->remote == NULL || entry->remote->holds > 0 ||
			(OidIsValid(serverid) && entry->key.serverid != serverid))
			continue;
		forget(entry->remote);
		closed++;
	}
	return closed;
}
