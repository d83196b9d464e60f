/*
 * import_secrets.c - Who may see the keys of a store, and who did?
 *
 * A remote that is told them has its address from who owns its server.  The keys
 * are those of the user who imports, and he trusted the store's owner with them,
 * nobody else: only a server of the same owner, or of a superuser, is told them.
 */
#include "import.h"

#include "foreign/foreign.h"
#include "miscadmin.h"

static bool
has_secret(const MfConnector *connector, const MfOptions *options)
{
	for (const MfOptionDef *def = connector->options; def->name != NULL; def++)
	{
		if ((def->flags & MF_OPTION_SECRET) && mf_option(options, def->name) != NULL)
			return true;
	}
	return false;
}

const MfOptions *
mf_import_keys(const MfTable *table, const MfRemote *store)
{
	const MfConnector *connector = table->remote->connector;
	Oid			owner;
	bool		wants = false;
	MfStatus	status = MF_OK;
	MfError		err;

	mf_error_reset(&err);
	if (MF_HAS(connector, import_wants_keys))
		status = connector->import_wants_keys(table->remote->options, &wants, &err);
	if (!wants || store == NULL || !has_secret(store->connector, store->options))
		return NULL;
	owner = GetForeignServer(table->remote->serverid)->owner;
	if (owner != GetForeignServer(store->serverid)->owner && !superuser_arg(owner))
		ereport(ERROR,
				(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
				 errmsg("the keys of server \"%s\" are not shown to server \"%s\"", store->server, table->remote->server),
				 errdetail("It would be told them to read the files, but its owner, role \"%s\", owns neither the store's server nor is a superuser.",
						   GetUserNameFromId(owner, false)),
				 errhint("Use servers of one owner, or a place that the remote reads with keys of its own (option \"volume\").")));
	if (status != MF_OK)
		mf_raise(&err, &(MfWhere) {.remote = table->remote,.table = table->name});
	return store->options;
}

char *
mf_import_scrub(const MfTable *table, const MfRemote *store, const char *text)
{
	const char *name = mf_table_text(table, "stage", NULL);
	Oid			serverid = name != NULL ? get_foreign_server_oid(name, true) : InvalidOid;
	char	   *clean = mf_scrub(table->remote, text);

	if (store != NULL)
		return mf_scrub_options(store->connector, store->options, &table->remote->mem, clean);
	if (!OidIsValid(serverid) || !mf_is_ours(serverid))
		return clean;
	return mf_scrub_options(mf_connector_of_server(serverid), mf_connection_options(serverid, table->userid),
							&table->remote->mem, clean);
}

const MfReply *
mf_import_list(const MfTable *table, const MfRemote *store, MemoryContext context)
{
	MfRequest	request = {.verb = MF_VERB_LIST_IMPORTS,.collection = table->collection,.options = table->options};
	MfError		err;
	const MfReply *reply = mf_try_request(table->remote, &request, context, &err);

	if (reply == NULL)
		mf_import_raise(table, store, NULL, &err);
	return reply;
}

void
mf_import_raise(const MfTable *table, const MfRemote *store, char *extra, MfError *err)
{
	MfWhere		where = mf_table_where(table);

	where.extra = extra;
	strlcpy(err->detail, mf_import_scrub(table, store, err->detail), sizeof(err->detail));
	mf_raise(err, &where);
}
