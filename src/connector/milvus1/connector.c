/*
 * connector.c - What is Milvus 1.x to the core?
 *
 * The table of functions and options.  A server object is a data directory
 * with its metadata (option directory) or a live server (option host).
 */
#include "live.h"
#include "request.h"
#include "scan.h"

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
	{"host", MF_ON_SERVER, MF_OPTION_TEXT, 0, 0, 0, NULL,
	"host name or address of a Milvus 1.x server", NULL},
	{"port", MF_ON_SERVER, MF_OPTION_INT, 0, 1, 65535, NULL,
	"its gRPC port (default 19530)", NULL},
	{"directory", MF_ON_SERVER, MF_OPTION_TEXT, MF_OPTION_FILE | MF_OPTION_LOCAL, 0, 0, NULL,
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
	{"partition", MF_ON_TABLE, MF_OPTION_TEXT, MF_OPTION_NARROWS, 0, 0, NULL,
	"tag of the only partition to read, and of the one to write to (default: all; the default one)", NULL},
	{"create_partitions", ON_BOTH, MF_OPTION_BOOL, 0, 0, 0, NULL,
	"whether partitions that rows name are made if need be (default false)", NULL},
	{"connect_timeout", MF_ON_SERVER, MF_OPTION_INT, 0, 1, 3600, NULL,
	"seconds to wait for a connection (default 10)", NULL},
	{"request_timeout", MF_ON_SERVER, MF_OPTION_INT, 0, 1, 86400, NULL,
	"seconds to wait for the answer to one request (default 120)", NULL},
	{NULL}
};

static void
m1_close(MfConn *conn)
{
	MfMem	   *mem;

	if (conn == NULL)
		return;
	mem = conn->mem;
	if (conn->live != NULL)
	{
		while (conn->live->dirty != NULL)
			m1_dirty_forget(conn, conn->live->dirty->name);
		if (conn->live->grpc != NULL)
			mf_grpc_close(conn->live->grpc);
		mf_free(mem, conn->live);
	}
	for (int i = 0; i < conn->options.n; i++)
	{
		mf_free(mem, (void *) conn->option[i].name);
		mf_free(mem, (void *) conn->option[i].value);
	}
	mf_free(mem, conn->option);
	mf_free(mem, conn->server);
	mf_free(mem, conn);
}

/* A directory with its metadata, or a server; not both. */
static MfStatus
m1_options_check(int place, const MfOptions *options, MfError *err)
{
	const char *directory = mf_option(options, "directory");
	const char *meta = mf_option(options, "meta");
	const char *host = mf_option(options, "host");

	if (place != MF_ON_SERVER || (host != NULL && directory == NULL && meta == NULL) ||
		(host == NULL && directory != NULL && meta != NULL))
		return MF_OK;
	if (host != NULL)
		mf_error(err, MF_FDW_INVALID_ATTRIBUTE_VALUE, "options \"host\" and \"%s\" do not go together",
				 directory != NULL ? "directory" : "meta");
	else
		mf_error(err, MF_FDW_OPTION_NAME_NOT_FOUND, "option \"%s\" is not set", directory != NULL ? "meta" : meta != NULL ? "directory" : "host");
	mf_error_hint(err, "A live server has host and port, a data directory has directory and meta.");
	return MF_ERROR;
}

static void *
alloc_for_protobuf(void *data, size_t size)
{
	return mf_alloc(data, size);
}

static void
free_for_protobuf(void *data, void *p)
{
	mf_free(data, p);
}

/* Milvus 1.x has neither TLS nor users. */
static MfStatus
open_live(MfConn *conn, MfError *err)
{
	const char *host = mf_option(&conn->options, "host");
	MfNetSettings settings;
	MfGrpcAuth	auth = {NULL};

	if (host == NULL)
		return MF_OK;
	conn->live = mf_calloc(conn->mem, sizeof(M1Live));
	if (conn->live == NULL)
		return mf_error_oom(err, sizeof(M1Live));
	conn->live->alloc = (ProtobufCAllocator) {alloc_for_protobuf, free_for_protobuf, conn->mem};
	mf_net_settings(&settings, conn->server, &conn->options, conn->mem);
	settings.sslmode = MF_SSL_DISABLE;
	return mf_grpc_open(host, (int) mf_option_int(&conn->options, "port", 19530), &auth, NULL, &settings,
						&conn->live->grpc, err);
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
	if (!fits || m1_options_check(MF_ON_SERVER, &conn->options, err) != MF_OK || open_live(conn, err) != MF_OK)
	{
		m1_close(conn);
		return fits ? MF_ERROR : mf_error_oom(err, sizeof(MfConn));
	}
	*out = conn;
	return MF_OK;
}

/* ------------------------------------------- to one of the two, by connection */

struct MfTask
{
	M1DirTask  *dir;
	M1LiveTask *live;
	MfMem	   *mem;
};

struct MfScan
{
	M1DirScan  *dir;
	M1LiveScan *live;
	MfMem	   *mem;
};

static void
m1_request_end(MfTask *task)
{
	if (task == NULL)
		return;
	m1_dir_request_end(task->dir);
	m1_live_request_end(task->live);
	mf_free(task->mem, task);
}

static MfStatus
m1_request_begin(MfConn *conn, const MfRequest *req, MfTask **task, MfError *err)
{
	MfStatus	status;

	*task = mf_calloc(conn->mem, sizeof(MfTask));
	if (*task == NULL)
		return mf_error_oom(err, sizeof(MfTask));
	(*task)->mem = conn->mem;
	status = conn->live != NULL ? m1_live_request_begin(conn, req, &(*task)->live, err) :
		m1_dir_request_begin(conn, req, &(*task)->dir, err);
	if (status == MF_OK)
		return MF_OK;
	m1_request_end(*task);
	*task = NULL;
	return status;
}

static MfStatus
m1_request_step(MfTask *task, MfWaitFor *wait, MfError *err)
{
	return task->live != NULL ? m1_live_request_step(task->live, wait, err) : m1_dir_request_step(task->dir, wait, err);
}

static const MfReply *
m1_request_reply(MfTask *task)
{
	return task->live != NULL ? m1_live_request_reply(task->live) : m1_dir_request_reply(task->dir);
}

static void
m1_scan_end(MfScan *scan)
{
	if (scan == NULL)
		return;
	m1_dir_scan_end(scan->dir);
	m1_live_scan_end(scan->live);
	mf_free(scan->mem, scan);
}

static MfStatus
m1_scan_begin(MfConn *conn, const MfScanSpec *spec, MfScan **scan, MfError *err)
{
	MfStatus	status;

	*scan = mf_calloc(spec->mem, sizeof(MfScan));
	if (*scan == NULL)
		return mf_error_oom(err, sizeof(MfScan));
	(*scan)->mem = spec->mem;
	status = conn->live != NULL ? m1_live_scan_begin(conn, spec, &(*scan)->live, err) :
		m1_dir_scan_begin(conn, spec, &(*scan)->dir, err);
	if (status == MF_OK)
		return MF_OK;
	m1_scan_end(*scan);
	*scan = NULL;
	return status;
}

static MfStatus
m1_scan_next(MfScan *scan, MfBatch **batch, MfWaitFor *wait, MfError *err)
{
	return scan->live != NULL ? m1_live_scan_next(scan->live, batch, wait, err) : m1_dir_scan_next(scan->dir, batch, wait, err);
}

static void
m1_scan_stats(MfScan *scan, MfScanStats *stats)
{
	if (scan->live != NULL)
		m1_live_scan_stats(scan->live, stats);
	else
		m1_dir_scan_stats(scan->dir, stats);
}

static bool
m1_scan_warning(MfScan *scan, MfError *warning)
{
	return scan->dir != NULL && m1_dir_scan_warning(scan->dir, warning);
}

static void
m1_scan_explain(const MfOptions *server, const MfScanSpec *spec, char *buf, size_t size)
{
	const char *directory = mf_option(server, "directory");
	const char *collection = mf_option(spec->options, "collection");

	snprintf(buf, size, directory != NULL ? "segments of %s below %s" : "GetVectorIDs and GetVectorsByID of %s",
			 collection != NULL ? collection : "the collection", directory);
}

const MfConnector mf_milvus1_connector = {
	.abi = MF_CONNECTOR_ABI,
	.size = sizeof(MfConnector),
	.name = "milvus1_fdw",
	.remote = "Milvus 1.x",
	.collection_option = "collection",
	.capabilities = MF_CAN_READ | MF_CAN_INSERT | MF_CAN_DELETE | MF_IS_NETWORK,
	.verbs = MF_VERB_BIT(MF_VERB_VERSION) | MF_VERB_BIT(MF_VERB_LIST) | MF_VERB_BIT(MF_VERB_DESCRIBE) |
		MF_VERB_BIT(MF_VERB_METADATA) | MF_VERB_BIT(MF_VERB_CREATE_COLLECTION) | MF_VERB_BIT(MF_VERB_DROP_COLLECTION) |
		MF_VERB_BIT(MF_VERB_CREATE_INDEX) | MF_VERB_BIT(MF_VERB_DROP_INDEX) | MF_VERB_BIT(MF_VERB_LOAD) |
		MF_VERB_BIT(MF_VERB_RELEASE) | MF_VERB_BIT(MF_VERB_FLUSH) | MF_VERB_BIT(MF_VERB_SPLIT) |
		MF_VERB_BIT(MF_VERB_SEARCH),
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
	.write_begin = m1_write_begin,
	.write_submit = m1_write_submit,
	.write_poll = m1_write_poll,
	.write_flush = m1_write_flush,
	.write_counts = m1_write_counts,
	.write_keys = m1_write_keys,
	.write_end = m1_write_end,
	.options_check = m1_options_check,
	.scan_warning = m1_scan_warning,
	.write_stop = m1_write_stop,
};
