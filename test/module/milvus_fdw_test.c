/*
 * milvus_fdw_test.c - How does a module built apart add a remote?
 *
 * Several of them, for the regression tests: test_fdw reads, writes and misbehaves
 * as told; test_filter_fdw and test_pushing_fdw check conditions too,
 * test_split_fdw can also be read in parts; test_archive_fdw only reads, has
 * databases, and needs options.
 */
#include "postgres.h"

#include "fmgr.h"

#include "test.h"

PG_MODULE_MAGIC;

void		_PG_init(void);

static const MfRegistryDoor *door;

#define WRAPPER(name) \
	PG_FUNCTION_INFO_V1(name##_handler); \
	PG_FUNCTION_INFO_V1(name##_validator); \
	Datum name##_handler(PG_FUNCTION_ARGS) { return (Datum) door->handler(fcinfo); } \
	Datum name##_validator(PG_FUNCTION_ARGS) { return (Datum) door->validator(fcinfo); }

WRAPPER(test_fdw)
WRAPPER(test_pushing_fdw)
WRAPPER(test_filter_fdw)
WRAPPER(test_split_fdw)
WRAPPER(test_archive_fdw)

/* -------------------------------------------------------------------- options */

static bool
check_url(const char *value, const char **why)
{
	*why = "A URL starts with test://.";
	return strncmp(value, "test://", 7) == 0;
}

#define ON_BOTH (MF_ON_SERVER | MF_ON_TABLE)
#define HANGS "describe|list|scan|write|flush|delete"

static const MfOptionDef test_options[] = {
	{"url", MF_ON_SERVER, MF_OPTION_TEXT, 0, 0, 0, NULL, "where it is", check_url},
	{"note", MF_ON_SERVER, MF_OPTION_TEXT, 0, 0, 0, NULL, "shown in the version", NULL},
	{"cafile", MF_ON_SERVER, MF_OPTION_TEXT, MF_OPTION_FILE, 0, 0, NULL, "a file of the server", NULL},
	{"keyfile", MF_ON_SERVER | MF_ON_USER, MF_OPTION_TEXT, MF_OPTION_FILE | MF_OPTION_MACHINE, 0, 0, NULL, "a key of the machine", NULL},
	{"danger", MF_ON_SERVER, MF_OPTION_BOOL, MF_OPTION_SUPERUSER, 0, 0, NULL, "for superusers", NULL},
	{"sslmode", MF_ON_SERVER, MF_OPTION_ENUM, 0, 0, 0, "require|verify-ca|verify-full", "checks", NULL},
	{"must_load", MF_ON_SERVER, MF_OPTION_BOOL, 0, 0, 0, NULL, "only what is loaded can be read", NULL},
	{"load_ms", MF_ON_SERVER, MF_OPTION_INT, 0, 0, 60000, NULL, "how long loading takes", NULL},
	{"ratio", MF_ON_SERVER, MF_OPTION_REAL, 0, 0, 0, NULL, "a number", NULL},
	{"user", MF_ON_USER, MF_OPTION_TEXT, 0, 0, 0, NULL, "user name", NULL},
	{"password", MF_ON_USER, MF_OPTION_TEXT, MF_OPTION_SECRET, 0, 0, NULL, "password of the user", NULL},
	{"pin", MF_ON_USER, MF_OPTION_INT, MF_OPTION_SECRET, 0, 9999, NULL, "a secret number", NULL},
	{"collection", MF_ON_TABLE, MF_OPTION_TEXT, 0, 0, 0, NULL, "collection", NULL},
	{"schema", MF_ON_TABLE, MF_OPTION_TEXT, 0, 0, 0, NULL, "fields of the collection if it is not there", NULL},
	{"rows", ON_BOTH, MF_OPTION_INT, 0, 0, INT64_MAX, NULL, "rows to generate", NULL},
	{"dimensions", ON_BOTH, MF_OPTION_INT, 0, 1, 32768, NULL, "of generated vectors", NULL},
	{"batch_rows", MF_ON_TABLE, MF_OPTION_INT, 0, 1, 1000000, NULL, "rows of a batch read", NULL},
	{"short_batches", MF_ON_TABLE, MF_OPTION_BOOL, 0, 0, 0, NULL, "batches of 1, 2 and 3 rows", NULL},
	{"delay_ms", MF_ON_TABLE, MF_OPTION_INT, 0, 0, 60000, NULL, "how long each batch takes", NULL},
	{"fail_at", MF_ON_TABLE, MF_OPTION_INT, 0, 1, INT64_MAX, NULL, "row that fails", NULL},
	{"fail_state", MF_ON_TABLE, MF_OPTION_TEXT, 0, 0, 0, NULL, "SQLSTATE of the failure", NULL},
	{"unknown_at", MF_ON_TABLE, MF_OPTION_INT, 0, 1, INT64_MAX, NULL, "row after which there is no answer", NULL},
	{"retry_at", MF_ON_TABLE, MF_OPTION_INT, 0, 1, INT64_MAX, NULL, "row that fails at first", NULL},
	{"retries", MF_ON_TABLE, MF_OPTION_INT, 0, 1, 1000000, NULL, "how often it does", NULL},
	{"checks", MF_ON_TABLE, MF_OPTION_ENUM, 0, 0, 0, "exactly|loosely", "how test_pushing_fdw checks conditions", NULL},
	{"orders", MF_ON_TABLE, MF_OPTION_ENUM, 0, 0, 0, "rightly|wrongly|not", "how test_pushing_fdw sorts", NULL},
	{"above", MF_ON_TABLE, MF_OPTION_INT, MF_OPTION_NARROWS, 0, INT64_MAX, NULL, "rows with larger bigint keys only", NULL},
	{"delay_on_descriptor", MF_ON_TABLE, MF_OPTION_BOOL, 0, 0, 0, NULL, "a timer's descriptor tells that a batch is there", NULL},
	{"bound", MF_ON_TABLE, MF_OPTION_BOOL, 0, 0, 0, NULL, "parts are bound to a snapshot", NULL},
	{"half_empty", MF_ON_TABLE, MF_OPTION_BOOL, 0, 0, 0, NULL, "every other part is empty", NULL},
	{"split_fails", MF_ON_TABLE, MF_OPTION_BOOL, 0, 0, 0, NULL, "it cannot be cut", NULL},
	{"write_mode", ON_BOTH, MF_OPTION_ENUM, 0, 0, 0, "insert|upsert", "what becomes of a row of the same key", NULL},
	{"check_keys", MF_ON_TABLE, MF_OPTION_BOOL, 0, 0, 0, NULL, "a key twice at a time is an error", NULL},
	{"tells_deleted", MF_ON_TABLE, MF_OPTION_BOOL, 0, 0, 0, NULL, "how many rows a condition deleted", NULL},
	{"delete_refuses", MF_ON_TABLE, MF_OPTION_BOOL, 0, 0, 0, NULL, "no condition is exact after all", NULL},
	{"hang", ON_BOTH, MF_OPTION_ENUM, 0, 0, 0, HANGS, "what is never answered", NULL},
	{"hang_on_descriptor", ON_BOTH, MF_OPTION_BOOL, 0, 0, 0, NULL, "hang on a descriptor, not a time", NULL},
	{NULL}
};

static const MfOptionDef archive_options[] = {
	{"directory", MF_ON_SERVER, MF_OPTION_TEXT, MF_OPTION_REQUIRED, 0, 0, NULL, "where the archive lies", NULL},
	{"password", MF_ON_USER, MF_OPTION_TEXT, MF_OPTION_SECRET | MF_OPTION_REQUIRED, 0, 0, NULL, "what opens the archive", NULL},
	{"file", MF_ON_TABLE, MF_OPTION_TEXT, 0, 0, 0, NULL, "file of the archive", NULL},
	{"database", MF_ON_TABLE, MF_OPTION_TEXT, 0, 0, 0, NULL, "database of the archive", NULL},
	{"rows", MF_ON_SERVER, MF_OPTION_INT, 0, 0, INT64_MAX, NULL, "rows to generate", NULL},
	{NULL}
};

/* ----------------------------------------------------------------- connectors */

#define ALL_VERBS ((MF_VERB_BIT(MF_VERB_TRUNCATE) << 1) - 1)

#define CALLBACKS \
	.open = remote_open, .close = remote_close, \
	.request_begin = request_begin, .request_step = request_step, \
	.request_reply = request_reply, .request_end = request_end, \
	.scan_begin = scan_begin, .scan_next = scan_next, .scan_stats = scan_stats, \
	.scan_end = scan_end, .scan_explain = scan_explain

#define TEST_REMOTE \
	.abi = MF_CONNECTOR_ABI, \
	.size = sizeof(MfConnector), \
	.remote = "Test", \
	.collection_option = "collection", \
	.capabilities = MF_CAN_READ | MF_CAN_INSERT | MF_CAN_UPSERT | MF_CAN_DELETE | MF_IS_NETWORK, \
	.verbs = ALL_VERBS, \
	.options = test_options, \
	.write_begin = write_begin, \
	.write_submit = write_submit, \
	.write_poll = write_poll, \
	.write_flush = write_flush, \
	.write_counts = write_counts, \
	.write_keys = write_keys, \
	.write_end = write_end

static const MfConnector test_connector = {
	.name = "test_fdw",
	TEST_REMOTE,
	CALLBACKS
};

static const MfConnector filter_connector = {
	.name = "test_filter_fdw",
	TEST_REMOTE,
	CALLBACKS,
	.filter_check = exact_check
};

/* The same, and it checks conditions, sorts and counts: as well as the table's options say. */
static const MfConnector pushing_connector = {
	.abi = MF_CONNECTOR_ABI,
	.size = sizeof(MfConnector),
	.name = "test_pushing_fdw",
	.remote = "Test",
	.collection_option = "collection",
	.capabilities = MF_CAN_READ | MF_CAN_INSERT,
	.verbs = ALL_VERBS,
	.options = test_options,
	CALLBACKS,
	.write_begin = write_begin,
	.write_submit = write_submit,
	.write_poll = write_poll,
	.write_flush = write_flush,
	.write_counts = write_counts,
	.write_end = write_end,
	.filter_check = filter_check,
	.sort_check = sort_check
};

/* And it can be cut. */
static const MfConnector split_connector = {
	.abi = MF_CONNECTOR_ABI,
	.size = sizeof(MfConnector),
	.name = "test_split_fdw",
	.remote = "Test",
	.collection_option = "collection",
	.capabilities = MF_CAN_READ | MF_CAN_INSERT | MF_CAN_DELETE | MF_IS_NETWORK,
	.verbs = ALL_VERBS | MF_VERB_BIT(MF_VERB_SPLIT),
	.options = test_options,
	CALLBACKS,
	.write_begin = write_begin,
	.write_submit = write_submit,
	.write_poll = write_poll,
	.write_flush = write_flush,
	.write_counts = write_counts,
	.write_end = write_end,
	.filter_check = filter_check,
	.sort_check = sort_check
};

static const MfConnector archive_connector = {
	.abi = MF_CONNECTOR_ABI,
	.size = sizeof(MfConnector),
	.name = "test_archive_fdw",
	.remote = "Test archive",
	.collection_option = "file",
	.capabilities = MF_CAN_READ | MF_HAS_DATABASES,
	.verbs = MF_VERB_BIT(MF_VERB_LIST) | MF_VERB_BIT(MF_VERB_DESCRIBE),
	.options = archive_options,
	CALLBACKS
};

void
_PG_init(void)
{
	MfConnector other_abi = test_connector;

	(void) load_external_function("$libdir/milvus_fdw", "milvus_fdw_handler", true, NULL);
	door = *find_rendezvous_variable(MF_REGISTRY_RENDEZVOUS);
	if (door == NULL || door->abi != MF_CONNECTOR_ABI)
		elog(ERROR, "milvus_fdw has no door for this module");
	if (!door->add(&test_connector) || !door->add(&pushing_connector) || !door->add(&filter_connector) ||
		!door->add(&split_connector) || !door->add(&archive_connector))
		elog(ERROR, "milvus_fdw refused a connector");

	/* the door refuses a name that is taken, and another ABI */
	if (door->add(&test_connector))
		elog(ERROR, "milvus_fdw took a connector twice");
	other_abi.abi++;
	other_abi.name = "test_other_fdw";
	if (door->add(&other_abi))
		elog(ERROR, "milvus_fdw took a connector of another ABI");
}
