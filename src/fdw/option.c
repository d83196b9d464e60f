/*
 * option.c - What may be set, and is it well-formed?
 *
 * The core's own options stand here; a connector's stand in its table.  Values
 * are checked when they are set, so that whoever reads them need not.
 */
#include "milvus_fdw.h"

#include <math.h>

#include "access/reloptions.h"
#include "catalog/pg_authid.h"
#include "catalog/pg_attribute.h"
#include "catalog/pg_foreign_data_wrapper.h"
#include "catalog/pg_foreign_server.h"
#include "catalog/pg_foreign_table.h"
#include "catalog/pg_user_mapping.h"
#include "commands/defrem.h"
#include "lib/stringinfo.h"
#include "miscadmin.h"
#include "option.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/guc.h"
#include "utils/lsyscache.h"
#include "utils/varlena.h"

#define ON_BOTH (MF_ON_SERVER | MF_ON_TABLE)

/* Options that the core itself reads, for every remote. */
static const MfOptionDef core_options[] = {
	{"fetch_size", ON_BOTH, MF_OPTION_INT, 0, 1, 1000000, NULL,
	"rows a reading request at most (default: chosen by size)", NULL},
	{"batch_size", ON_BOTH, MF_OPTION_INT, 0, 1, 1000000, NULL,
	"rows a writing request at most (default 5000)", NULL},
	{"batch_bytes", ON_BOTH, MF_OPTION_INT, 0, 1024, 1024 * 1024 * 1024, NULL,
	"bytes a writing request at most (default 16 MB)", NULL},
	{"max_in_flight", ON_BOTH, MF_OPTION_INT, 0, 1, 64, NULL,
	"writing requests sent and not yet acknowledged at most (default 4)", NULL},
	{"updatable", ON_BOTH, MF_OPTION_BOOL, 0, 0, 0, NULL,
	"whether rows may be written (default true)", NULL},
	{"truncatable", ON_BOTH, MF_OPTION_BOOL, 0, 0, 0, NULL,
	"whether TRUNCATE may remove all rows (default true)", NULL},
	{"use_remote_estimate", ON_BOTH, MF_OPTION_BOOL, 0, 0, 0, NULL,
	"whether planning asks the remote for its row count (default false; true for files)", NULL},
	{"splits", ON_BOTH, MF_OPTION_INT, 0, 1, 64, NULL,
	"parts that a scan is cut into, fetched side by side (default 1)", NULL},
	{"parallel_workers", ON_BOTH, MF_OPTION_INT, 0, 0, 1024, NULL,
	"workers of a parallel scan, 0 = none (default: by size)", NULL},
	{"split", MF_ON_TABLE, MF_OPTION_TEXT, MF_OPTION_NARROWS, 0, 0, NULL,
	"part of the collection that the table is, as milvus_fdw.splits() tells", NULL},
	{"fdw_startup_cost", MF_ON_SERVER, MF_OPTION_REAL, 0, 0, 0, NULL,
	"planner's cost of starting a scan (default 100)", NULL},
	{"fdw_tuple_cost", MF_ON_SERVER, MF_OPTION_REAL, 0, 0, 0, NULL,
	"planner's cost of each row (default 0.01)", NULL},
	{"keep_connections", MF_ON_SERVER, MF_OPTION_BOOL, 0, 0, 0, NULL,
	"whether connections stay open between statements (default true)", NULL},
	{"retry_timeout", MF_ON_SERVER, MF_OPTION_INT, 0, 0, 86400, NULL,
	"seconds to repeat a request that may be repeated (default 60)", NULL},
	{"memory_limit", MF_ON_SERVER, MF_OPTION_INT, 0, 16, 1024 * 1024, NULL,
	"megabytes one connection may use at most (default 2048)", NULL},
	{"stage", ON_BOTH, MF_OPTION_TEXT, 0, 0, 0, NULL,
	"write_mode bulk: server of object_store_fdw whose place the files go to", NULL},
	{"stage_path", ON_BOTH, MF_OPTION_TEXT, 0, 0, 0, NULL,
	"what the remote calls that place (default: the directory's path, or the prefix in the bucket)", NULL},
	{"stage_file_bytes", ON_BOTH, MF_OPTION_INT, 0, 1024, INT64_C(5) * 1024 * 1024 * 1024, NULL,
	"write_mode bulk: bytes of one file, about (default: the store's, or 256 MB)", NULL},
	{"bulk_format", ON_BOTH, MF_OPTION_ENUM, 0, 0, 0, "auto|parquet|numpy|json",
	"write_mode bulk: format of the files (default auto: by the server's version and the collection)", NULL},
	{"bulk_jobs", ON_BOTH, MF_OPTION_INT, 0, 1, 1024, NULL,
	"imports running at a time at most (default 4)", NULL},
	{"bulk_start", ON_BOTH, MF_OPTION_ENUM, 0, 0, 0, "file|end",
	"write_mode bulk: imports start with each file that is complete, or when all are (default end)", NULL},
	{"bulk_wait", ON_BOTH, MF_OPTION_ENUM, 0, 0, 0, "persisted|visible|indexed",
	"what an import is waited for (default visible: a loaded collection finds the rows)", NULL},
	{"bulk_timeout", ON_BOTH, MF_OPTION_INT, 0, 1, 604800, NULL,
	"seconds without progress after which waiting for imports gives up (default 900)", NULL},
	{"keep_staged", ON_BOTH, MF_OPTION_BOOL, 0, 0, 0, NULL,
	"whether staged files stay after their import (default false)", NULL},
	{"password_required", MF_ON_USER, MF_OPTION_BOOL, 0, 0, 0, NULL,
	"whether a role that is no superuser needs a credential in the mapping (default true)", NULL},
	{"field", MF_ON_COLUMN, MF_OPTION_TEXT, 0, 0, 0, NULL,
	"remote field of the column (default: the column's name)", NULL},
	{"key", MF_ON_COLUMN, MF_OPTION_BOOL, 0, 0, 0, NULL,
	"whether the column is the primary key, which UPDATE, DELETE and ORDER BY can use (default false)", NULL},
	{"dim", MF_ON_COLUMN, MF_OPTION_INT, 0, 1, 1000000, NULL,
	"dimensions of a vector column", NULL},
	{NULL}
};

/* Where a catalog's options stand; 0 = none may stand there. */
static int
place_of(Oid catalog)
{
	switch (catalog)
	{
		case ForeignServerRelationId:
			return MF_ON_SERVER;
		case UserMappingRelationId:
			return MF_ON_USER;
		case ForeignTableRelationId:
			return MF_ON_TABLE;
		case AttributeRelationId:
			return MF_ON_COLUMN;
		default:
			return 0;
	}
}

static const char *
place_name(int place)
{
	switch (place)
	{
		case MF_ON_SERVER:
			return "server";
		case MF_ON_USER:
			return "user mapping";
		case MF_ON_TABLE:
			return "foreign table";
		case MF_ON_COLUMN:
			return "column";
		default:
			return "foreign-data wrapper";
	}
}

/* Walk the core's options and then the connector's. */
static const MfOptionDef *
nth_option(const MfConnector *connector, int n)
{
	static const int ncore = lengthof(core_options) - 1;

	if (n < ncore)
		return &core_options[n];
	n -= ncore;
	return n < mf_ncreate_options ? &mf_create_options[n] : &connector->options[n - mf_ncreate_options];
}

#define FOREACH_OPTION(def, connector) \
	for (int n_ = 0; ((def) = nth_option(connector, n_))->name != NULL; n_++)

const char *
mf_field_option(const MfConnector *connector)
{
	for (const MfOptionDef *def = connector->options; def->name != NULL; def++)
	{
		if (def->flags & MF_OPTION_FIELD)
			return def->name;
	}
	for (const MfOptionDef *def = core_options; def->name != NULL; def++)
	{
		if (strcmp(def->name, "field") == 0)
			return def->name;
	}
	return NULL;
}

/* Does the core's definition stand aside for this connector? */
static bool
applies(const MfConnector *connector, const MfOptionDef *def)
{
	if (strcmp(def->name, "retry_timeout") == 0 || strcmp(def->name, "keep_connections") == 0 ||
		strcmp(def->name, "password_required") == 0)
		return (connector->capabilities & MF_IS_NETWORK) != 0;
	if (strcmp(def->name, "field") == 0)
		return mf_field_option(connector) == def->name;
	if (strncmp(def->name, "stage", 5) == 0 || strncmp(def->name, "bulk_", 5) == 0 || strcmp(def->name, "keep_staged") == 0)
		return (connector->capabilities & MF_CAN_IMPORT) != 0;
	if (strcmp(def->name, "splits") == 0 || strcmp(def->name, "split") == 0 ||
		strcmp(def->name, "parallel_workers") == 0)
		return (connector->verbs & MF_VERB_BIT(MF_VERB_SPLIT)) != 0;
	return true;
}

static const MfOptionDef *
find_option(const MfConnector *connector, const char *name)
{
	const MfOptionDef *def;

	FOREACH_OPTION(def, connector)
	{
		if (strcmp(def->name, name) == 0 && applies(connector, def))
			return def;
	}
	return NULL;
}

/* How unlike two names are, for "perhaps you meant"; big = nothing alike. */
static int
distance(const char *a, const char *b)
{
	return varstr_levenshtein_less_equal(a, strlen(a), b, strlen(b), 1, 1, 1, 4, true);
}

/* An option that is unknown here: say where it belongs, or what is meant. */
static void
refuse_unknown(const MfConnector *connector, const char *name, int place)
{
	const MfOptionDef *def = find_option(connector, name);
	const MfOptionDef *near = NULL;
	int			nearest = 4;
	StringInfoData hint;

	initStringInfo(&hint);
	if (def != NULL)
	{
		appendStringInfo(&hint, "\"%s\" is an option of a", name);
		for (int p = MF_ON_SERVER, n = 0; p <= MF_ON_COLUMN; p <<= 1)
		{
			if (def->where & p)
				appendStringInfo(&hint, "%s %s", n++ ? " or a" : "", place_name(p));
		}
		appendStringInfoChar(&hint, '.');
	}
	else
	{
		StringInfoData list;

		initStringInfo(&list);
		FOREACH_OPTION(def, connector)
		{
			int			d;

			if (!(def->where & place) || !applies(connector, def))
				continue;
			appendStringInfo(&list, "%s%s", list.len ? ", " : "", def->name);
			d = distance(name, def->name);
			if (d < nearest && d < (int) strlen(name))
			{
				near = def;
				nearest = d;
			}
		}
		if (near != NULL)
			appendStringInfo(&hint, "Perhaps you meant the option \"%s\".", near->name);
		else if (list.len > 0)
			appendStringInfo(&hint, "Valid options in this context are: %s.", list.data);
		else
			appendStringInfoString(&hint, "There are no valid options in this context.");
	}
	ereport(ERROR,
			(errcode(ERRCODE_FDW_INVALID_OPTION_NAME),
			 errmsg("invalid option \"%s\" for a %s of %s", name, place_name(place), connector->name),
			 errhint("%s", hint.data)));
}

static void
refuse_value(const MfOptionDef *def, const char *value, const char *why)
{
	/* what has an @ may be a URL with a password in it */
	bool		secret = (def->flags & MF_OPTION_SECRET) != 0 || strchr(value, '@') != NULL;

	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 secret ? errmsg("invalid value for option \"%s\"", def->name) :
			 errmsg("invalid value for option \"%s\": \"%s\"", def->name, value),
			 errdetail("%s", why)));
}

/* Is value one of the choices, split by '|'? */
static bool
is_choice(const char *choices, const char *value)
{
	size_t		len = strlen(value);

	for (const char *p = choices; *p;)
	{
		size_t		word = strcspn(p, "|");

		if (word == len && strncmp(p, value, len) == 0)
			return true;
		p += word + (p[word] == '|');
	}
	return false;
}

/* "a|b" as "a, b" */
static char *
choices_text(const char *choices)
{
	StringInfoData buf;

	initStringInfo(&buf);
	for (const char *p = choices; *p; p++)
	{
		if (*p == '|')
			appendStringInfoString(&buf, ", ");
		else
			appendStringInfoChar(&buf, *p);
	}
	return buf.data;
}

static void
check_value(const MfOptionDef *def, const char *value)
{
	const char *why = NULL;

	switch (def->type)
	{
		case MF_OPTION_TEXT:
			if (value[0] == '\0')
				refuse_value(def, value, "The value must not be empty.");
			break;
		case MF_OPTION_BOOL:
			{
				bool		parsed;

				if (!parse_bool(value, &parsed))
					refuse_value(def, value, "The value must be true or false.");
				break;
			}
		case MF_OPTION_INT:
			{
				char	   *end;
				long long	parsed;

				errno = 0;
				parsed = strtoll(value, &end, 10);
				if (errno != 0 || end == value || *end != '\0' ||
					parsed < def->min || parsed > def->max)
					refuse_value(def, value, psprintf("The value must be an integer from " INT64_FORMAT " to " INT64_FORMAT ".",
													  def->min, def->max));
				break;
			}
		case MF_OPTION_REAL:
			{
				double		parsed;

				if (!parse_real(value, &parsed, 0, NULL) || !(parsed >= 0) || isinf(parsed))
					refuse_value(def, value, "The value must be a number of 0 or more.");
				break;
			}
		case MF_OPTION_ENUM:
			if (!is_choice(def->choices, value))
				refuse_value(def, value, psprintf("The value must be one of: %s.", choices_text(def->choices)));
			break;
	}
	if (def->check != NULL && !def->check(value, &why))
		refuse_value(def, value, why);
}

/* "sqlite:/path" names a file as "/path" does, "mysql://host" names none. */
static const char *
named_path(const char *value)
{
	size_t		word = strspn(value, "abcdefghijklmnopqrstuvwxyz");

	if (word == 0 || value[word] != ':')
		return value;
	return strncmp(value + word, "://", 3) == 0 ? NULL : value + word + 1;
}

void
mf_check_server_file(const char *option, const char *value)
{
	const char *path = named_path(value);

	if (path == NULL)
		return;
	if (!is_absolute_path(path))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("invalid value for option \"%s\": \"%s\"", option, path),
				 errdetail("The path must be absolute.")));
	if (!has_privs_of_role(GetUserId(), ROLE_PG_READ_SERVER_FILES))
		ereport(ERROR,
				(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
				 errmsg("permission denied to set option \"%s\"", option),
				 errdetail("Only roles with privileges of the \"%s\" role may name a file of the server.",
						   "pg_read_server_files")));
}

void
mf_check_files_role(Oid role, bool writing)
{
	if (!has_privs_of_role(role, writing ? ROLE_PG_WRITE_SERVER_FILES : ROLE_PG_READ_SERVER_FILES))
		ereport(ERROR,
				(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
				 errmsg("permission denied to %s files of the server", writing ? "write" : "read"),
				 errdetail("Role \"%s\" does not have the privileges of the \"%s\" role.",
						   GetUserNameFromId(role, false),
						   writing ? "pg_write_server_files" : "pg_read_server_files")));
}

void
mf_check_server_directory(const char *option, const char *value)
{
	if (strncmp(value, "file://", 7) != 0)
		return;
	if (!has_privs_of_role(GetUserId(), ROLE_PG_WRITE_SERVER_FILES))
		ereport(ERROR,
				(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
				 errmsg("permission denied to set option \"%s\"", option),
				 errdetail("Only roles with privileges of the \"%s\" role may have files of the server written.",
						   "pg_write_server_files")));
}

/* Why only a superuser may set an option to this value, or NULL: anybody may. */
static const char *
only_superuser(const MfOptionDef *def, const char *value, int place)
{
	bool		required;

	if (def->flags & MF_OPTION_SUPERUSER)
		return "Only a superuser may set it.";
	if ((def->flags & MF_OPTION_MACHINE) && place == MF_ON_USER)
		return "Only a superuser may let a user mapping use a credential of the server's machine.";
	if (strcmp(def->name, "password_required") == 0 && parse_bool(value, &required) && !required)
		return "Only a superuser may let a user go without a credential.";
	if (strcmp(def->name, "sslmode") == 0 &&
		(strcmp(value, "require") == 0 || strcmp(value, "verify-ca") == 0))
		return "Only a superuser may weaken the check of certificates.";
	return NULL;
}

static void
check_privilege(const MfOptionDef *def, const char *value, int place)
{
	const char *why = superuser() ? NULL : only_superuser(def, value, place);

	if (why != NULL)
		ereport(ERROR,
				(errcode(ERRCODE_INSUFFICIENT_PRIVILEGE),
				 def->type == MF_OPTION_TEXT ?
				 errmsg("permission denied to set option \"%s\"", def->name) :
				 errmsg("permission denied to set option \"%s\" to \"%s\"", def->name, value),
				 errdetail("%s", why)));
	if (def->flags & MF_OPTION_FILE)
		mf_check_server_file(def->name, value);
	if (def->flags & MF_OPTION_WRITES)
		mf_check_files_role(GetUserId(), true);
	if (def->flags & MF_OPTION_PLACE)
		mf_check_server_directory(def->name, value);
}

/* What the connector has to say about all of them together. */
static void
check_together(const MfConnector *connector, List *given, int place)
{
	MfError		err;

	if (!MF_HAS(connector, options_check))
		return;
	mf_error_reset(&err);
	if (connector->options_check(place, mf_options_from_list(given, NIL), &err) != MF_OK)
		mf_raise(&err, &(MfWhere) {.remote = NULL});
}

void
mf_validate_options(const MfConnector *connector, Datum array, Oid catalog)
{
	List	   *given = untransformRelOptions(array);
	int			place = place_of(catalog);
	const MfOptionDef *def;
	ListCell   *lc;

	foreach(lc, given)
	{
		DefElem    *elem = lfirst(lc);

		def = find_option(connector, elem->defname);
		if (def == NULL || !(def->where & place))
			refuse_unknown(connector, elem->defname, place);
		check_value(def, defGetString(elem));
		mf_check_create_option(connector, def, defGetString(elem));
		check_privilege(def, defGetString(elem), place);
	}

	FOREACH_OPTION(def, connector)
	{
		bool		found = false;

		if (!(def->flags & MF_OPTION_REQUIRED) || !(def->where & place))
			continue;
		foreach(lc, given)
			found |= strcmp(((DefElem *) lfirst(lc))->defname, def->name) == 0;
		if (!found)
			ereport(ERROR,
					(errcode(ERRCODE_FDW_DYNAMIC_PARAMETER_VALUE_NEEDED),
					 errmsg("option \"%s\" is required for a %s of %s",
							def->name, place_name(place), connector->name),
					 errhint("%s: %s.", def->name, def->help)));
	}
	check_together(connector, given, place);
}

MfOptions *
mf_options_from_list(List *first, List *second)
{
	MfOptions  *options = palloc0(sizeof(MfOptions));
	MfOption   *items = palloc0(sizeof(MfOption) * (list_length(first) + list_length(second) + 1));
	List	   *both[] = {first, second};

	for (int i = 0; i < 2; i++)
	{
		ListCell   *lc;

		foreach(lc, both[i])
		{
			DefElem    *elem = lfirst(lc);

			items[options->n].name = pstrdup(elem->defname);
			items[options->n++].value = mf_to_utf8(defGetString(elem));
		}
	}
	options->items = items;
	return options;
}

MfOptions *
mf_table_options(Oid relid)
{
	return mf_options_from_list(GetForeignTable(relid)->options, NIL);
}

/* Whatever the connector calls the option "field", here it is called so. */
MfOptions *
mf_column_options(Oid relid, AttrNumber attnum)
{
	MfOptions  *options = mf_options_from_list(GetForeignColumnOptions(relid, attnum), NIL);
	const char *name;

	if (options->n == 0)
		return options;
	name = mf_field_option(mf_connector_of_server(GetForeignTable(relid)->serverid));
	for (int i = 0; i < options->n; i++)
	{
		if (strcmp(options->items[i].name, name) == 0)
			((MfOption *) options->items)[i].name = "field";
	}
	return options;
}

/* The options that hold a setting: the table's if it is there, else the server's. */
static const MfOptions *
holder(const MfOptions *table, const MfOptions *server, const char *name)
{
	return mf_option(table, name) != NULL ? table : server;
}

int64
mf_setting_int(const MfOptions *table, const MfOptions *server, const char *name, int64 otherwise)
{
	return mf_option_int(holder(table, server, name), name, otherwise);
}

bool
mf_setting_bool(const MfOptions *table, const MfOptions *server, const char *name, bool otherwise)
{
	return mf_option_bool(holder(table, server, name), name, otherwise);
}

double
mf_setting_real(const MfOptions *table, const MfOptions *server, const char *name, double otherwise)
{
	const char *value = mf_option(holder(table, server, name), name);

	return value ? strtod(value, NULL) : otherwise;
}

const char *
mf_setting_text(const MfOptions *table, const MfOptions *server, const char *name, const char *otherwise)
{
	const char *value = mf_option(holder(table, server, name), name);

	return value != NULL ? value : otherwise;
}

const char *
mf_narrowing(const MfConnector *connector, const MfOptions *table, int *at)
{
	const MfOptionDef *def;

	while ((def = nth_option(connector, *at))->name != NULL)
	{
		(*at)++;
		if ((def->flags & MF_OPTION_NARROWS) && mf_option(table, def->name) != NULL)
			return def->name;
	}
	return NULL;
}

bool
mf_is_part(const MfConnector *connector, const MfOptions *table)
{
	int			at = 0;

	return mf_narrowing(connector, table, &at) != NULL;
}

const char *
mf_collection_name(const MfConnector *connector, const MfOptions *table, Oid relid)
{
	const char *name = mf_option(table, connector->collection_option);

	return name ? name : mf_to_utf8(get_rel_name(relid));
}

const char *
mf_field_name(const MfOptions *column, Form_pg_attribute att)
{
	const char *name = mf_option(column, "field");

	return name ? name : mf_to_utf8(NameStr(att->attname));
}
