/*
 * connector.c - What is Milvus 1.x to the core?
 *
 * The table of functions and options.  A server object is a data directory
 * with its metadata (option directory) or a live server (option host).
 */
#include "scan.h"
#include "request.h"

#define ON_BOTH (MF_ON_SERVER | MF_ON_TABLE)

/* What follows is a path, or an address of MySQL; the core checks the right to read files. */
static bool
check_meta(const char *value, const char **why)
{
	*why = "It must be sqlite:/path/meta.sqlite, json:/path/meta.json or mysql://host:port/database.";
	if (strncmp(value, "mysql://", 8) == 0)
	{
		if (strchr(value, '@') != NULL)
			*why = "User and password belong into the user mapping.";
		return strchr(value, '@') == NULL;
	}
	return strncmp(value, "sqlite:/", 8) == 0 || strncmp(value, "json:/", 6) == 0;
}

static const MfOptionDef option_defs[] = {
	{"directory", MF_ON_SERVER, MF_OPTION_TEXT, MF_OPTION_FILE, 0, 0, NULL,
	"data directory of Milvus 1.x: its primary path, or db in it", NULL},
	{"meta", MF_ON_SERVER, MF_OPTION_TEXT, MF_OPTION_FILE, 0, 0, NULL,
	"its metadata: sqlite:/path, json:/path or mysql://host:port/database", check_meta},
	{"allow_unflushed", ON_BOTH, MF_OPTION_BOOL, 0, 0, 0, NULL,
	"whether to read a directory that a server did not leave at rest (default false)", NULL},
	{"skip_damaged", ON_BOTH, MF_OPTION_BOOL, 0, 0, 0, NULL,
	"whether damaged segments are left out with a warning (default false: an error)", NULL},
	{"on_duplicate", ON_BOTH, MF_OPTION_ENUM, 0, 0, 0, "error|first|last|keep",
	"what becomes of rows that have the same id (default error)", NULL},
	{"user", MF_ON_USER, MF_OPTION_TEXT, 0, 0, 0, NULL,
	"user of the metadata's MySQL", NULL},
	{"password", MF_ON_USER, MF_OPTION_TEXT, MF_OPTION_SECRET, 0, 0, NULL,
	"the user's password", NULL},
	{"collection", MF_ON_TABLE, MF_OPTION_TEXT, 0, 0, 0, NULL,
	"collection (default: the table's name)", NULL},
	{"partition", MF_ON_TABLE, MF_OPTION_TEXT, 0, 0, 0, NULL,
	"tag of the only partition to read (default: all)", NULL},
	{NULL}
};

static void
m1_close(MfConn *conn)
{
	MfMem	   *mem;

	if (conn == NULL)
		return;
	mem = conn->mem;
	for (int i = 0; i < conn->options.n; i++)
	{
		mf_free(mem, (void *) conn->option[i].name);
		mf_free(mem, (void *) conn->option[i].value);
	}
	mf_free(mem, conn->option);
	mf_free(mem, conn->server);
	mf_free(mem, conn);
}

static MfStatus
check_options(const MfConn *conn, MfError *err)
{
	const char *directory = mf_option(&conn->options, "directory");
	const char *meta = mf_option(&conn->options, "meta");

	if (directory != NULL && meta != NULL)
		return MF_OK;
	return mf_error(err, MF_FDW_UNABLE_TO_CONNECT, "option \"%s\" of server \"%s\" is not set",
					directory == NULL ? "directory" : "meta", conn->server);
}

static MfStatus
m1_open(const MfOpenArgs *args, MfConn **out, MfError *err)
{
	MfMem	   *mem = args->mem;
	int			n = args->options != NULL ? args->options->n : 0;
	MfConn	   *conn = mf_calloc(mem, sizeof(MfConn));
	bool		fits = conn != NULL;

	*out = NULL;
	if (fits)
	{
		conn->mem = mem;
		conn->server = mf_strdup(mem, args->server != NULL ? args->server : "milvus1");
		conn->option = mf_calloc(mem, sizeof(MfOption) * (size_t) (n + 1));
		conn->options.items = conn->option;
		fits = conn->server != NULL && conn->option != NULL;
	}
	for (int i = 0; fits && i < n; i++)
	{
		conn->option[i].name = mf_strdup(mem, args->options->items[i].name);
		conn->option[i].value = mf_strdup(mem, args->options->items[i].value);
		conn->options.n = i + 1;
		fits = conn->option[i].name != NULL && conn->option[i].value != NULL;
	}
	if (!fits || check_options(conn, err) != MF_OK)
	{
		m1_close(conn);
		return fits ? MF_ERROR : mf_error_oom(err, sizeof(MfConn));
	}
	*out = conn;
	return MF_OK;
}

static void
m1_scan_explain(const MfOptions *server, const MfScanSpec *spec, char *buf, size_t size)
{
	const char *directory = mf_option(server, "directory");
	const char *collection = mf_option(spec->options, "collection");

	snprintf(buf, size, "segments of %s below %s", collection != NULL ? collection : "the collection",
			 directory != NULL ? directory : "the directory");
}

const MfConnector mf_milvus1_connector = {
	.abi = MF_CONNECTOR_ABI,
	.size = sizeof(MfConnector),
	.name = "milvus1_fdw",
	.remote = "Milvus 1.x",
	.collection_option = "collection",
	.capabilities = MF_CAN_READ,
	.verbs = MF_VERB_BIT(MF_VERB_VERSION) | MF_VERB_BIT(MF_VERB_LIST) | MF_VERB_BIT(MF_VERB_DESCRIBE) |
		MF_VERB_BIT(MF_VERB_METADATA),
	.options = option_defs,
	.open = m1_open,
	.close = m1_close,
	.request_begin = m1_request_begin,
	.request_step = m1_request_step,
	.request_reply = m1_request_reply,
	.request_end = m1_request_end,
	.scan_begin = m1_scan_begin,
	.scan_next = m1_scan_next,
	.scan_stats = m1_scan_stats,
	.scan_end = m1_scan_end,
	.scan_explain = m1_scan_explain,
	.filter_check = m1_filter_check,
	.scan_warning = m1_scan_warning,
};
