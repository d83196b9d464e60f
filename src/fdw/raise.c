/*
 * raise.c - How does a connector's error become PostgreSQL's?
 *
 * The connector's SQLSTATE, message, detail and hint are kept; where it
 * happened (collection, column, row) goes into the context.  A remote's text
 * may hold anything, so it is made safe for the database's encoding first.
 */
#include "milvus_fdw.h"

#include "lib/stringinfo.h"

static void
append_where(StringInfo buf, const MfError *err, const MfWhere *where)
{
	const char *collection = err->collection[0] ? err->collection : where->collection;

	if (err->column[0])
		appendStringInfo(buf, "column \"%s\"", mf_message_text(err->column));
	if (err->row > 0)
		appendStringInfo(buf, "%srow " INT64_FORMAT, buf->len ? ", " : "", err->row);
	if (err->key[0])
		appendStringInfo(buf, "%skey \"%s\"", buf->len ? ", " : "", mf_message_text(err->key));
	if (collection != NULL)
		appendStringInfo(buf, "%scollection \"%s\"", buf->len ? ", " : "", mf_message_text(collection));
	if (where->remote != NULL)
		appendStringInfo(buf, "%sserver \"%s\"", buf->len ? ", " : "", where->remote->server);
	if (where->table != NULL)
		appendStringInfo(buf, "%sforeign table \"%s\"", buf->len ? ", " : "", where->table);
}

void
mf_raise(const MfError *err, const MfWhere *where)
{
	StringInfoData context;
	StringInfoData detail;
	const char *state = err->sqlstate[0] ? err->sqlstate : MF_INTERNAL;
	char	   *hint = err->hint[0] ? mf_message_text(err->hint) : NULL;

	initStringInfo(&context);
	append_where(&context, err, where);
	initStringInfo(&detail);
	if (err->detail[0])
		appendStringInfoString(&detail, mf_message_text(mf_scrub(where->remote, err->detail)));
	if (where->extra != NULL)
		appendStringInfo(&detail, "%s%s", detail.len ? "\n" : "", where->extra);

	ereport(ERROR,
			(errcode(MAKE_SQLSTATE(state[0], state[1], state[2], state[3], state[4])),
			 errmsg_internal("%s", err->message[0] ? mf_message_text(err->message) : "unknown error"),
			 detail.len ? errdetail_internal("%s", detail.data) : 0,
			 hint ? errhint("%s", hint) : 0,
			 context.len ? errcontext("%s", context.data) : 0));
	pg_unreachable();
}

void
mf_warn(const MfError *warning)
{
	const char *state = warning->sqlstate[0] ? warning->sqlstate : MF_INTERNAL;

	ereport(WARNING,
			(errcode(MAKE_SQLSTATE(state[0], state[1], state[2], state[3], state[4])),
			 errmsg_internal("%s", mf_safe_text(warning->message)),
			 warning->detail[0] ? errdetail_internal("%s", mf_safe_text(warning->detail)) : 0,
			 warning->hint[0] ? errhint("%s", mf_safe_text(warning->hint)) : 0));
}
