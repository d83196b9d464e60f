/*
 * connector.c - What do HDF5 files offer as a remote?
 */
#include "hdf5_connector.h"

static const MfOptionDef options[] = {
	{"filename", MF_ON_TABLE, MF_OPTION_TEXT, MF_OPTION_REQUIRED | MF_OPTION_FILE, 0, 0, NULL,
	"absolute path of a file, or a pattern (*, ?, []) of several", NULL},
	{"compression", MF_ON_TABLE, MF_OPTION_INT, MF_OPTION_WRITES, 0, 9, NULL,
	"gzip level of the file that INSERT writes (default 0: none)", NULL},
	{"shuffle", MF_ON_TABLE, MF_OPTION_BOOL, MF_OPTION_WRITES, 0, 0, NULL,
	"whether bytes are shuffled before they are compressed (default true)", NULL},
	{"dataset", MF_ON_COLUMN, MF_OPTION_TEXT, MF_OPTION_FIELD, 0, 0, NULL,
	"path of the column's dataset (default: the column's name)", NULL},
	{NULL}
};

static MfStatus
open_connection(const MfOpenArgs *args, MfConn **conn, MfError *err)
{
	*conn = mf_calloc(args->mem, sizeof(MfConn));
	if (*conn == NULL)
		return mf_error_oom(err, sizeof(MfConn));
	(*conn)->mem = args->mem;
	return MF_OK;
}

static void
close_connection(MfConn *conn)
{
	mf_free(conn->mem, conn);
}

const MfConnector mf_hdf5_connector = {
	.abi = MF_CONNECTOR_ABI,
	.size = sizeof(MfConnector),
	.name = "hdf5_fdw",
	.remote = "HDF5",
	.collection_option = "filename",
	.capabilities = MF_CAN_READ | MF_CAN_INSERT | MF_IS_FILES,
	.verbs = MF_VERB_BIT(MF_VERB_LIST) | MF_VERB_BIT(MF_VERB_DESCRIBE) | MF_VERB_BIT(MF_VERB_SPLIT),
	.options = options,
	.open = open_connection,
	.close = close_connection,
	.request_begin = mf_hdf5_request_begin,
	.request_step = mf_hdf5_request_step,
	.request_reply = mf_hdf5_request_reply,
	.request_end = mf_hdf5_request_end,
	.scan_begin = mf_hdf5_scan_begin,
	.scan_next = mf_hdf5_scan_next,
	.scan_stats = mf_hdf5_scan_stats,
	.scan_end = mf_hdf5_scan_end,
	.scan_explain = mf_hdf5_scan_explain,
	.write_begin = mf_hdf5_write_begin,
	.write_submit = mf_hdf5_write_submit,
	.write_poll = mf_hdf5_write_poll,
	.write_flush = mf_hdf5_write_flush,
	.write_counts = mf_hdf5_write_counts,
	.write_end = mf_hdf5_write_end,
	.write_finish = mf_hdf5_write_finish,
};
