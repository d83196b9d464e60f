/*
 * connector.c - What is Milvus 2.x to the core?
 *
 * The table of functions and options, and the connection object.
 */
#include <stdlib.h>

#include "internal.h"

#define ON_BOTH (MF_ON_SERVER | MF_ON_TABLE)

static const MfOptionDef option_defs[] = {
	{"uri", MF_ON_SERVER, MF_OPTION_TEXT, 0, 0, 0, NULL,
	"address of Milvus as its other clients write it, \"https://host:port\", in place of host and port", m2_uri_check},
	{"host", MF_ON_SERVER, MF_OPTION_TEXT, 0, 0, 0, NULL,
	"host name or address of Milvus", mf_host_valid},
	{"port", MF_ON_SERVER, MF_OPTION_INT, 0, 1, 65535, NULL,
	"its gRPC port (default 19530)", NULL},
	{"database", ON_BOTH, MF_OPTION_TEXT, 0, 0, 0, NULL,
	"Milvus database (default: default)", NULL},
	{"consistency_level", ON_BOTH, MF_OPTION_ENUM, 0, 0, 0, "strong|session|bounded|eventually",
	"how fresh reading must be (default session: own writes are seen)", NULL},
	{"auto_load", ON_BOTH, MF_OPTION_BOOL, 0, 0, 0, NULL,
	"whether reading a collection that is not loaded loads it (default false)", NULL},
	{"user", MF_ON_USER, MF_OPTION_TEXT, 0, 0, 0, NULL,
	"user name", NULL},
	{"password", MF_ON_USER, MF_OPTION_TEXT, MF_OPTION_SECRET, 0, 0, NULL,
	"password", NULL},
	{"token", MF_ON_USER, MF_OPTION_TEXT, MF_OPTION_SECRET, 0, 0, NULL,
	"token or API key, instead of user and password", NULL},
	{"collection", MF_ON_TABLE, MF_OPTION_TEXT, 0, 0, 0, NULL,
	"Milvus collection or alias (default: the table's name)", NULL},
	{"filter", MF_ON_TABLE, MF_OPTION_TEXT, MF_OPTION_NARROWS, 0, 0, NULL,
	"Milvus expression: the table holds only the rows that it finds", m2_table_filter_check},
	{"write_mode", ON_BOTH, MF_OPTION_ENUM, 0, 0, 0, "insert|upsert|bulk",
	"insert adds rows, upsert replaces those of the same key, bulk stages files and has them imported (default insert)", NULL},
	{"partition", MF_ON_TABLE, MF_OPTION_TEXT, MF_OPTION_NARROWS, 0, 0, NULL,
	"the table is this partition of the collection (default: all)", m2_partition_name_ok},
	{"import_url", MF_ON_SERVER, MF_OPTION_TEXT, 0, 0, 0, NULL,
	"address of the REST interface that imports are asked of, in place of gRPC; Zilliz Cloud: https://api.cloud.zilliz.com", m2_import_url_check},
	{"cluster_id", MF_ON_SERVER, MF_OPTION_TEXT, 0, 0, 0, NULL,
	"Zilliz Cloud: cluster that imports are for, with import_url", NULL},
	{"volume", MF_ON_SERVER, MF_OPTION_TEXT, 0, 0, 0, NULL,
	"Zilliz Cloud: volume that holds the files to be imported (default: they are in a bucket)", NULL},
	{"create_partitions", MF_ON_TABLE, MF_OPTION_BOOL, 0, 0, 0, NULL,
	"whether writing makes partitions that are not there (default false)", NULL},
	MF_NET_OPTION_DEFS,
	{NULL}
};

const char *
m2_setting(const MfOptions *table, const MfOptions *server, const char *name)
{
	const char *value = mf_option(table, name);

	return value != NULL ? value : mf_option(server, name);
}

/* "default" is sent as nothing: servers without databases know only that. */
const char *
m2_database(const MfConn *conn, const MfOptions *table)
{
	const char *name = m2_setting(table, &conn->options, "database");

	return name == NULL || strcmp(name, "default") == 0 ? "" : name;
}

MfGrpc *
m2_channel(MfConn *conn, const char *database, MfError *err)
{
	M2Channel  *channel;
	MfNetSettings settings;
	M2Address	address;
	MfGrpcAuth	auth = {
		.user = mf_option(&conn->options, "user"),
		.password = mf_option(&conn->options, "password"),
		.token = mf_option(&conn->options, "token"),
	};

	for (channel = conn->channels; channel != NULL; channel = channel->next)
	{
		if (strcmp(channel->database, database) == 0)
			return channel->grpc;
	}

	channel = mf_calloc(conn->mem, sizeof(M2Channel));
	if (channel == NULL || (channel->database = mf_strdup(conn->mem, database)) == NULL)
	{
		mf_free(conn->mem, channel);
		mf_error_oom(err, sizeof(M2Channel));
		return NULL;
	}
	mf_net_settings(&settings, conn->server, &conn->options, conn->mem);
	if (m2_address(&conn->options, &address, &settings, err) != MF_OK ||
		mf_grpc_open(address.host, address.port, &auth,
					 database[0] != '\0' ? database : NULL, &settings, &channel->grpc, err) != MF_OK)
	{
		mf_free(conn->mem, channel->database);
		mf_free(conn->mem, channel);
		return NULL;
	}
	channel->next = conn->channels;
	conn->channels = channel;
	return channel->grpc;
}

static M2Mark *
find_mark(const MfConn *conn, const char *database, const char *collection)
{
	size_t		len = strlen(database);

	for (M2Mark *mark = conn->marks; mark != NULL; mark = mark->next)
	{
		if (strncmp(mark->name, database, len) == 0 && mark->name[len] == '/' &&
			strcmp(mark->name + len + 1, collection) == 0)
			return mark;
	}
	return NULL;
}

uint64_t
m2_mark_get(const MfConn *conn, const char *database, const char *collection, bool *later)
{
	M2Mark	   *mark = find_mark(conn, database, collection);

	*later = mark != NULL && mark->later;
	return mark != NULL ? mark->timestamp : 0;
}

/*
 * Without memory for it a later scan merely sees what any other session would.
 */
void
m2_mark_put(MfConn *conn, const char *database, const char *collection, uint64_t timestamp)
{
	M2Mark	   *mark = find_mark(conn, database, collection);

	if (mark == NULL)
	{
		size_t		dlen = strlen(database);
		size_t		clen = strlen(collection);

		mark = mf_calloc(conn->mem, sizeof(M2Mark) + dlen + clen + 2);
		if (mark == NULL)
			return;
		memcpy(mark->name, database, dlen);
		mark->name[dlen] = '/';
		memcpy(mark->name + dlen + 1, collection, clen + 1);
		mark->next = conn->marks;
		conn->marks = mark;
	}
	if (timestamp > mark->timestamp)
		mark->timestamp = timestamp;
	if (timestamp == 0)
		mark->later = true;
}

void
m2_mark_moment(MfConn *conn, const char *database, const char *collection, uint64_t timestamp)
{
	M2Mark	   *mark = find_mark(conn, database, collection);

	if (mark == NULL)
		return;
	mark->later = false;
	if (timestamp > mark->timestamp)
		mark->timestamp = timestamp;
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

static void
m2_close(MfConn *conn)
{
	MfMem	   *mem;

	if (conn == NULL)
		return;
	mem = conn->mem;
	m2_recent_forget(conn);
	mf_http_close(conn->rest);
	m2_seen_free(conn);
	while (conn->channels != NULL)
	{
		M2Channel  *channel = conn->channels;

		conn->channels = channel->next;
		mf_grpc_close(channel->grpc);
		mf_free(mem, channel->database);
		mf_free(mem, channel);
	}
	while (conn->marks != NULL)
	{
		M2Mark	   *mark = conn->marks;

		conn->marks = mark->next;
		mf_free(mem, mark);
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

static MfStatus
m2_open(const MfOpenArgs *args, MfConn **out, MfError *err)
{
	MfMem	   *mem = args->mem;
	int			n = args->options != NULL ? args->options->n : 0;
	MfConn	   *conn = mf_calloc(mem, sizeof(MfConn));
	MfNetSettings settings;
	M2Address	address;

	*out = NULL;
	if (conn == NULL)
		return mf_error_oom(err, sizeof(MfConn));
	conn->mem = mem;
	conn->alloc = (ProtobufCAllocator) {alloc_for_protobuf, free_for_protobuf, mem};
	conn->server = mf_strdup(mem, args->server != NULL ? args->server : "milvus");
	conn->option = mf_calloc(mem, sizeof(MfOption) * (size_t) (n > 0 ? n : 1));
	if (conn->server == NULL || conn->option == NULL)
	{
		m2_close(conn);
		return mf_error_oom(err, sizeof(MfOption));
	}
	conn->options.items = conn->option;
	for (int i = 0; i < n; i++)
	{
		conn->option[i].name = mf_strdup(mem, args->options->items[i].name);
		conn->option[i].value = mf_strdup(mem, args->options->items[i].value);
		conn->options.n = i + 1;
		if (conn->option[i].name == NULL || conn->option[i].value == NULL)
		{
			m2_close(conn);
			return mf_error_oom(err, sizeof(MfOption));
		}
	}
	mf_net_settings(&settings, conn->server, &conn->options, mem);
	if (m2_address(&conn->options, &address, &settings, err) != MF_OK)
	{
		m2_close(conn);
		return MF_ERROR;
	}
	*out = conn;
	return MF_OK;
}

const MfConnector mf_milvus2_connector = {
	.abi = MF_CONNECTOR_ABI,
	.size = sizeof(MfConnector),
	.name = "milvus_fdw",
	.remote = "Milvus",
	.collection_option = "collection",
	.capabilities = MF_CAN_READ | MF_CAN_INSERT | MF_CAN_UPSERT | MF_CAN_DELETE |
		MF_IS_NETWORK | MF_HAS_DATABASES | MF_CAN_IMPORT,
	.verbs = MF_VERB_BIT(MF_VERB_VERSION) | MF_VERB_BIT(MF_VERB_LIST) |
		MF_VERB_BIT(MF_VERB_DESCRIBE) | MF_VERB_BIT(MF_VERB_CREATE_COLLECTION) |
		MF_VERB_BIT(MF_VERB_DROP_COLLECTION) | MF_VERB_BIT(MF_VERB_CREATE_INDEX) |
		MF_VERB_BIT(MF_VERB_DROP_INDEX) | MF_VERB_BIT(MF_VERB_LOAD) |
		MF_VERB_BIT(MF_VERB_RELEASE) | MF_VERB_BIT(MF_VERB_FLUSH) |
		MF_VERB_BIT(MF_VERB_DELETE) | MF_VERB_BIT(MF_VERB_TRUNCATE) |
		MF_VERB_BIT(MF_VERB_CREATE_PARTITION) | MF_VERB_BIT(MF_VERB_DROP_PARTITION) |
		MF_VERB_BIT(MF_VERB_LIST_PARTITIONS) | MF_VERB_BIT(MF_VERB_CREATE_DATABASE) |
		MF_VERB_BIT(MF_VERB_DROP_DATABASE) | MF_VERB_BIT(MF_VERB_LIST_DATABASES) |
		MF_VERB_BIT(MF_VERB_CREATE_ALIAS) | MF_VERB_BIT(MF_VERB_ALTER_ALIAS) |
		MF_VERB_BIT(MF_VERB_DROP_ALIAS) | MF_VERB_BIT(MF_VERB_LIST_ALIASES) |
		MF_VERB_BIT(MF_VERB_RENAME_COLLECTION) | MF_VERB_BIT(MF_VERB_ALTER_COLLECTION) |
		MF_VERB_BIT(MF_VERB_STATISTICS) | MF_VERB_BIT(MF_VERB_SEGMENTS) |
		MF_VERB_BIT(MF_VERB_COMPACT) | MF_VERB_BIT(MF_VERB_COMPACTION_STATE) |
		MF_VERB_BIT(MF_VERB_LOAD_STATE) | MF_VERB_BIT(MF_VERB_SEARCH) | MF_VERB_BIT(MF_VERB_SPLIT) |
		MF_VERB_BIT(MF_VERB_IMPORT) | MF_VERB_BIT(MF_VERB_LIST_IMPORTS) | MF_VERB_BIT(MF_VERB_CHECK_WRITE),
	.options = option_defs,
	.open = m2_open,
	.close = m2_close,
	.request_begin = m2_request_begin,
	.request_step = m2_request_step,
	.request_reply = m2_request_reply,
	.request_end = m2_task_free,
	.scan_begin = m2_scan_begin,
	.scan_next = m2_scan_next,
	.scan_stats = m2_scan_stats,
	.scan_end = m2_scan_end,
	.scan_explain = m2_scan_explain,
	.write_begin = m2_write_begin,
	.write_submit = m2_write_submit,
	.write_poll = m2_write_poll,
	.write_flush = m2_write_flush,
	.write_counts = m2_write_counts,
	.write_end = m2_write_end,
	.filter_check = m2_filter_check,
	.sort_check = m2_sort_check,
	.write_keys = m2_write_keys,
	.write_stop = m2_write_stop,
	.options_check = m2_options_check,
	.data_type = m2_data_type,
	.max_fields = M2_MAX_FIELDS,
	.import_begin = m2_import_begin,
	.import_plan = m2_import_plan,
	.import_rows = m2_import_rows,
	.import_end = m2_import_end,
	.import_wants_keys = m2_import_wants_keys,
};
