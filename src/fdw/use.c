/*
 * use.c - May this role use this server as these options say?
 *
 * Who may make a server decides where PostgreSQL's machine connects to, and that
 * machine may be let in where the role would not be: by its address, by a file
 * that only it can read.  So, as with postgres_fdw, a role that is no superuser
 * has to show a credential of its own, unless a superuser has answered for it:
 * by owning the server, or with password_required in the user mapping.
 *
 * Asked before each use of a connection, also of one that is open already.
 */
#include "milvus_fdw.h"

#include "commands/defrem.h"
#include "lib/stringinfo.h"
#include "miscadmin.h"
#include "option.h"

static const char *
find(List *options, const char *name)
{
	ListCell   *lc;

	foreach(lc, options)
	{
		DefElem    *elem = lfirst(lc);

		if (strcmp(elem->defname, name) == 0)
			return defGetString(elem);
	}
	return NULL;
}

/* Files that the server's options name: may its owner still have them read? */
static void
check_files(const MfConnector *connector, ForeignServer *server)
{
	Oid			save_user;
	int			save_context;

	GetUserIdAndSecContext(&save_user, &save_context);
	SetUserIdAndSecContext(server->owner, save_context);
	for (const MfOptionDef *def = connector->options; def->name != NULL; def++)
	{
		const char *path = def->flags & MF_OPTION_FILE ? find(server->options, def->name) : NULL;

		if (path != NULL)
			mf_check_server_file(def->name, path);
		path = def->flags & MF_OPTION_PLACE ? find(server->options, def->name) : NULL;
		if (path != NULL)
			mf_check_server_directory(def->name, path);
	}
	SetUserIdAndSecContext(save_user, save_context);
}

/* Is an option with this flag set? */
static bool
is_set(const MfConnector *connector, int flag, List *options)
{
	for (const MfOptionDef *def = connector->options; def->name != NULL; def++)
	{
		if ((def->flags & flag) && find(options, def->name) != NULL)
			return true;
	}
	return false;
}

/* Files of this machine, whose readers check_files() has checked, and no network? */
static bool
is_local(const MfConnector *connector, ForeignServer *server)
{
	ListCell   *lc;

	foreach(lc, server->options)
	{
		const char *value = defGetString(lfirst(lc));

		if (strstr(value, "://") != NULL && strncmp(value, "file://", 7) != 0)
			return false;
	}
	return is_set(connector, MF_OPTION_LOCAL, server->options);
}

/* "password", "token" */
static char *
credentials(const MfConnector *connector)
{
	StringInfoData buf;

	initStringInfo(&buf);
	for (const MfOptionDef *def = connector->options; def->name != NULL; def++)
	{
		if (def->flags & MF_OPTION_SECRET)
			appendStringInfo(&buf, "%s\"%s\"", buf.len > 0 ? " or " : "", def->name);
	}
	return buf.data;
}

void
mf_check_use(const MfConnector *connector, ForeignServer *server, UserMapping *mapping, Oid userid)
{
	List	   *own = mapping != NULL ? mapping->options : NIL;
	const char *required = find(own, "password_required");

	check_files(connector, server);
	if (!(connector->capabilities & MF_IS_NETWORK) || superuser_arg(userid) || is_local(connector, server))
		return;
	if (required != NULL && !mf_option_bool(&(MfOptions) {1, &(MfOption) {"", required}}, "", true))
		return;
	if (is_set(connector, MF_OPTION_MACHINE, own) || is_set(connector, MF_OPTION_MACHINE, server->options))
		ereport(ERROR,
				(errcode(ERRCODE_S_R_E_PROHIBITED_SQL_STATEMENT_ATTEMPTED),
				 errmsg("password or API key is required"),
				 errdetail("Server \"%s\" is reached with a certificate of the server's machine, which proves nothing about a user of PostgreSQL.",
						   server->servername),
				 errhint("A superuser may set password_required 'false' in the user mapping.")));
	if (is_set(connector, MF_OPTION_SECRET, own) || superuser_arg(server->owner))
		return;
	ereport(ERROR,
			(errcode(ERRCODE_S_R_E_PROHIBITED_SQL_STATEMENT_ATTEMPTED),
			 errmsg("password or API key is required"),
			 errdetail("Non-superusers need a credential of their own for server \"%s\", because its owner is no superuser.",
					   server->servername),
			 errhint("Set %s in the user mapping. A superuser may set password_required 'false' there instead.",
					 credentials(connector))));
}
