/*
 * connector_of.c - Which connector serves this server?
 *
 * All wrappers share one handler; the name of the C function it was declared
 * with tells them apart: "elasticsearch_fdw_handler" is the connector
 * "elasticsearch_fdw", whatever the wrapper itself is called.
 */
#include "milvus_fdw.h"

#include "access/htup_details.h"
#include "catalog/pg_proc.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/syscache.h"

/* The C symbol of a function less a suffix, or NULL if it does not end so. */
static char *
symbol_without(Oid function, const char *suffix)
{
	HeapTuple	tuple = SearchSysCache1(PROCOID, ObjectIdGetDatum(function));
	bool		isnull;
	Datum		prosrc;
	char	   *symbol;
	size_t		len;

	if (!HeapTupleIsValid(tuple))
		elog(ERROR, "cache lookup failed for function %u", function);
	prosrc = SysCacheGetAttr(PROCOID, tuple, Anum_pg_proc_prosrc, &isnull);
	symbol = isnull ? pstrdup("") : TextDatumGetCString(prosrc);
	ReleaseSysCache(tuple);

	len = strlen(symbol);
	if (len <= strlen(suffix) || strcmp(symbol + len - strlen(suffix), suffix) != 0)
		return NULL;
	symbol[len - strlen(suffix)] = '\0';
	return symbol;
}

static const MfConnector *
connector_of_function(Oid function, const char *suffix, const char *what, const char *name)
{
	char	   *symbol = OidIsValid(function) ? symbol_without(function, suffix) : NULL;
	const MfConnector *connector = symbol ? mf_connector_by_name(symbol) : NULL;

	if (connector == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_FDW_ERROR),
				 errmsg("%s \"%s\" is not one of milvus_fdw's", what, name),
				 errhint("Use a server of a wrapper such as milvus_fdw or elasticsearch_fdw.")));
	return connector;
}

bool
mf_is_ours(Oid serverid)
{
	ForeignDataWrapper *wrapper = GetForeignDataWrapper(GetForeignServer(serverid)->fdwid);
	char	   *symbol = OidIsValid(wrapper->fdwhandler) ? symbol_without(wrapper->fdwhandler, "_handler") : NULL;

	if (symbol == NULL)
		return false;

	/* a module built apart joins the registry when its handler is first called */
	if (mf_connector_by_name(symbol) == NULL)
		(void) GetFdwRoutine(wrapper->fdwhandler);
	return mf_connector_by_name(symbol) != NULL;
}

const MfConnector *
mf_connector_of_server(Oid serverid)
{
	ForeignServer *server = GetForeignServer(serverid);
	ForeignDataWrapper *wrapper = GetForeignDataWrapper(server->fdwid);

	(void) mf_is_ours(serverid);
	return connector_of_function(wrapper->fdwhandler, "_handler", "server", server->servername);
}

const MfConnector *
mf_connector_of_validator(Oid function)
{
	char	   *name = get_func_name(function);

	return connector_of_function(function, "_validator", "validator", name ? name : "?");
}
