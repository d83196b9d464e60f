/*
 * connector.c - What does Faiss offer as a remote?
 */
#include "faiss.h"

#define ON_TABLE MF_ON_TABLE

static const MfOptionDef options[] = {
	{"filename", ON_TABLE, MF_OPTION_TEXT, MF_OPTION_REQUIRED | MF_OPTION_FILE, 0, 0, NULL,
	"absolute path of an index file, or a pattern (*, ?, []) of several", NULL},
	{"id", ON_TABLE, MF_OPTION_TEXT, 0, 0, 0, NULL,
	"what the field of ids is called (default id)", NULL},
	{"vector", ON_TABLE, MF_OPTION_TEXT, 0, 0, 0, NULL,
	"what the field of vectors is called (default vector)", NULL},
	{"allow_lossy", ON_TABLE, MF_OPTION_BOOL, 0, 0, 0, NULL,
	"whether approximate vectors may be read from an index that keeps no others (default false)", NULL},
	{"index", ON_TABLE, MF_OPTION_TEXT, MF_OPTION_WRITES, 0, 0, NULL,
	"factory string of the file that INSERT writes, such as IDMap2,Flat", NULL},
	{"metric", ON_TABLE, MF_OPTION_ENUM, MF_OPTION_WRITES, 0, 0, "L2|IP",
	"metric of the file that INSERT writes (default L2)", NULL},
	{"threads", ON_TABLE, MF_OPTION_INT, MF_OPTION_WRITES, 1, 256, NULL,
	"threads that train and fill the index that INSERT writes (default 1)", NULL},
	{NULL}
};

const char *
mf_faiss_id_field(const MfOptions *o)
{
	const char *name = mf_option(o, "id");

	return name ? name : "id";
}

const char *
mf_faiss_vector_field(const MfOptions *o)
{
	const char *name = mf_option(o, "vector");

	return name ? name : "vector";
}

static MfStatus
open_connection(const MfOpenArgs *args, MfConn **conn, MfError *err)
{
	*conn = mf_calloc(args->mem, sizeof(MfConn));
	if (*conn == NULL)
		return mf_error_oom(err, sizeof(MfConn));
	(*conn)->mem = args->mem;
	(*conn)->options = args->options;
	return MF_OK;
}

static void
close_connection(MfConn *conn)
{
	mf_free(conn->mem, conn);
}

const MfConnector mf_faiss_connector = {
	.abi = MF_CONNECTOR_ABI,
	.size = sizeof(MfConnector),
	.name = "faiss_fdw",
	.remote = "Faiss",
	.collection_option = "filename",
	.capabilities = MF_CAN_READ | MF_CAN_INSERT | MF_IS_FILES,
	.verbs = MF_VERB_BIT(MF_VERB_LIST) | MF_VERB_BIT(MF_VERB_DESCRIBE) | MF_VERB_BIT(MF_VERB_SPLIT),
	.options = options,
	.open = open_connection,
	.close = close_connection,
	.request_begin = mf_faiss_request_begin,
	.request_step = mf_faiss_request_step,
	.request_reply = mf_faiss_request_reply,
	.request_end = mf_faiss_request_end,
	.scan_begin = mf_faiss_scan_begin,
	.scan_next = mf_faiss_scan_next,
	.scan_stats = mf_faiss_scan_stats,
	.scan_end = mf_faiss_scan_end,
	.scan_explain = mf_faiss_scan_explain,
	.write_begin = mf_faiss_write_begin,
	.write_submit = mf_faiss_write_submit,
	.write_poll = mf_faiss_write_poll,
	.write_flush = mf_faiss_write_flush,
	.write_counts = mf_faiss_write_counts,
	.write_end = mf_faiss_write_end,
	.write_finish = mf_faiss_write_finish,
};
