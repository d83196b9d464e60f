/*
 * connector.c - What is a connection to Elasticsearch, and what can it do?
 */
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "elasticsearch.h"
#include "es.h"
#include "es_calls.h"

/* Each of the comma list. */
static bool
check_url(const char *value, const char **why)
{
	char		one[2048];
	MfUrl		url;

	*why = "It is empty.";
	for (const char *p = value;;)
	{
		size_t		len;

		p += strspn(p, ", \t\r\n");
		len = strcspn(p, ", \t\r\n");
		if (len == 0)
			return *why == NULL;
		if (len >= sizeof(one))
		{
			*why = "It is too long.";
			return false;
		}
		memcpy(one, p, len);
		one[len] = '\0';
		if (!mf_url_parse(one, &url, why))
			return false;
		p += len;
	}
}

/* "2m": it becomes part of requests, so nothing else is let through. */
static bool
check_keep_alive(const char *value, const char **why)
{
	size_t		digits = strspn(value, "0123456789");
	const char *unit = value + digits;

	*why = "it must be a number and one of ms, s, m, h and d, as in \"2m\"";
	return digits > 0 && digits <= 9 &&
		(strcmp(unit, "ms") == 0 || strcmp(unit, "s") == 0 || strcmp(unit, "m") == 0 ||
		 strcmp(unit, "h") == 0 || strcmp(unit, "d") == 0);
}

static bool
check_query(const char *value, const char **why)
{
	*why = "it must be a JSON object, as in {\"term\": {\"lang\": \"en\"}}";
	return es_query_valid(value);
}

static const MfOptionDef option_defs[] = {
	{"url", MF_ON_SERVER, MF_OPTION_TEXT, MF_OPTION_REQUIRED, 0, 0, NULL,
	"addresses of the nodes, separated by commas: \"http://localhost:9200\"", check_url},
	{"user", MF_ON_USER, MF_OPTION_TEXT, 0, 0, 0, NULL,
	"user of Elasticsearch", NULL},
	{"password", MF_ON_USER, MF_OPTION_TEXT, MF_OPTION_SECRET, 0, 0, NULL,
	"the user's password", NULL},
	{"api_key", MF_ON_USER, MF_OPTION_TEXT, MF_OPTION_SECRET, 0, 0, NULL,
	"API key, as Elasticsearch encoded it", NULL},
	{"index", MF_ON_TABLE, MF_OPTION_TEXT, 0, 0, 0, NULL,
	"index, alias or data stream; comma lists and wildcards allowed (default: the table's name)", NULL},
	{"query", MF_ON_TABLE, MF_OPTION_TEXT, MF_OPTION_NARROWS, 0, 0, NULL,
	"query in Elasticsearch's own language (JSON): the table holds the documents that it matches", check_query},
	{"keep_alive", MF_ON_SERVER | MF_ON_TABLE, MF_OPTION_TEXT, 0, 0, 0, NULL,
	"how long the server keeps a search open between two pages (default 2m)", check_keep_alive},
	{"slices", MF_ON_SERVER | MF_ON_TABLE, MF_OPTION_INT, 0, 1, ES_MAX_SLICES, NULL,
	"parts of a search that are fetched side by side (default 2)", NULL},
	MF_NET_OPTION_DEFS,
	{NULL}
};

static void
es_close(MfConn *conn)
{
	MfMem	   *mem;

	if (conn == NULL)
		return;
	mem = conn->mem;
	for (int i = 0; i < ES_KNOWN; i++)
	{
		es_mapping_free(conn->known[i].mapping);
		mf_free(mem, conn->known[i].index);
	}
	for (int i = 0; i < ES_LEFTOVERS; i++)
	{
		if (conn->closing[i] != NULL)
			mf_http_end(conn->closing[i]);
		mf_free(mem, conn->unsent[i]);
	}
	if (conn->http != NULL)
		mf_http_close(conn->http);
	mf_free(mem, conn->keep_alive);
	mf_free(mem, conn);
}

static MfStatus
es_open(const MfOpenArgs *args, MfConn **out, MfError *err)
{
	MfNetSettings settings;
	MfHttpAuth	auth;
	MfConn	   *conn = mf_calloc(args->mem, sizeof(MfConn));
	const char *keep_alive = mf_option(args->options, "keep_alive");

	*out = NULL;
	if (conn == NULL)
		return mf_error_oom(err, sizeof(MfConn));
	conn->mem = args->mem;
	conn->keep_alive = mf_strdup(args->mem, keep_alive != NULL ? keep_alive : ES_KEEP_ALIVE);
	if (conn->keep_alive == NULL)
	{
		es_close(conn);
		return mf_error_oom(err, 8);
	}
	conn->slices = (int) mf_option_int(args->options, "slices", 0);
	memset(&auth, 0, sizeof(auth));
	auth.user = mf_option(args->options, "user");
	auth.password = mf_option(args->options, "password");
	auth.api_key = mf_option(args->options, "api_key");
	mf_net_settings(&settings, args->server, args->options, args->mem);
	if (mf_http_open(mf_option(args->options, "url"), &auth, &settings, &conn->http, err) != MF_OK)
	{
		conn->http = NULL;
		es_close(conn);
		return MF_ERROR;
	}
	*out = conn;
	return MF_OK;
}

void
es_housekeeping(MfConn *conn)
{
	MfError		ignored;
	MfWaitFor	wait;

	for (int i = 0; i < ES_LEFTOVERS; i++)
	{
		if (conn->unsent[i] != NULL && conn->closing[i] == NULL)
		{
			mf_http_begin(conn->http, "DELETE", conn->unsent_scroll[i] ? "/_search/scroll" : "/_pit", NULL,
						  conn->unsent[i], strlen(conn->unsent[i]), &conn->closing[i], &ignored);
			mf_free(conn->mem, conn->unsent[i]);
			conn->unsent[i] = NULL;
		}
		/* whatever comes of it: what is not closed expires */
		if (conn->closing[i] != NULL && mf_http_step(conn->closing[i], &wait, &ignored) != MF_WAIT)
		{
			mf_http_end(conn->closing[i]);
			conn->closing[i] = NULL;
		}
	}
}

void
es_forget(MfConn *conn, bool scroll, const char *id, bool now)
{
	MfJsonBuf	body = {.mem = conn->mem};

	for (int i = 0; i < ES_LEFTOVERS; i++)
	{
		if (conn->unsent[i] != NULL || conn->closing[i] != NULL)
			continue;
		mf_json_buf_add(&body, scroll ? "{\"scroll_id\":[\"" : "{\"id\":\"");
		mf_json_buf_add(&body, id);
		mf_json_buf_add(&body, scroll ? "\"]}" : "\"}");
		if (body.failed)
			mf_free(conn->mem, body.data);
		else
		{
			conn->unsent[i] = body.data;
			conn->unsent_scroll[i] = scroll;
		}
		break;
	}
	if (now)
		es_housekeeping(conn);
}

void
es_let_go(MfConn *conn, MfHttpCall *call)
{
	for (int i = 0; i < ES_LEFTOVERS; i++)
	{
		if (conn->closing[i] == NULL && conn->unsent[i] == NULL)
		{
			conn->closing[i] = call;
			return;
		}
	}
	mf_http_end(call);
}

MfStatus
es_begin(MfConn *conn, const char *method, const char *path, const char *body,
		 MfHttpCall **call, MfError *err)
{
	MfStatus	status = mf_http_begin(conn->http, method, path, NULL, body,
									   body != NULL ? strlen(body) : 0, call, err);

	/* reading is all that is done here: a search opened twice expires */
	if (status == MF_OK)
		mf_http_idempotent(*call);
	else
		*call = NULL;
	return status;
}

static int64_t
now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t) t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

EsMapping *
es_recall(MfConn *conn, const char *index)
{
	for (int i = 0; i < ES_KNOWN; i++)
	{
		if (conn->known[i].mapping != NULL && strcmp(conn->known[i].index, index) == 0 &&
			now_ms() < conn->known[i].until_ms)
		{
			conn->known[i].mapping->refs++;
			return conn->known[i].mapping;
		}
	}
	return NULL;
}

void
es_remember(MfConn *conn, const char *index, EsMapping *mapping)
{
	int			at = conn->known_at;
	char	   *name = mf_strdup(conn->mem, index);

	if (name == NULL)
		return;
	for (int i = 0; i < ES_KNOWN; i++)
	{
		if (conn->known[i].mapping != NULL && strcmp(conn->known[i].index, index) == 0)
			at = i;
	}
	if (at == conn->known_at)
		conn->known_at = (conn->known_at + 1) % ES_KNOWN;
	es_mapping_free(conn->known[at].mapping);
	mf_free(conn->mem, conn->known[at].index);
	conn->known[at].index = name;
	conn->known[at].mapping = mapping;
	conn->known[at].until_ms = now_ms() + ES_KNOWN_MS;
	mapping->refs++;
}

char *
es_path(MfMem *mem, const char *index, const char *rest)
{
	size_t		room = strlen(index) * 3 + strlen(rest) + 2;
	char	   *path = mf_alloc(mem, room);
	char	   *p = path;

	if (path == NULL)
		return NULL;
	*p++ = '/';
	for (const char *s = index; *s != '\0'; s++)
	{
		unsigned char c = (unsigned char) *s;

		/* commas and stars mean something to the server and stay */
		if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
			strchr("-_.~,*", c) != NULL)
			*p++ = (char) c;
		else
			p += sprintf(p, "%%%02X", c);
	}
	strcpy(p, rest);
	return path;
}

const MfConnector mf_elasticsearch_connector = {
	.abi = MF_CONNECTOR_ABI,
	.size = sizeof(MfConnector),
	.name = "elasticsearch_fdw",
	.remote = "Elasticsearch",
	.collection_option = "index",
	.capabilities = MF_CAN_READ | MF_IS_NETWORK,
	.verbs = MF_VERB_BIT(MF_VERB_VERSION) | MF_VERB_BIT(MF_VERB_LIST) | MF_VERB_BIT(MF_VERB_DESCRIBE) |
		MF_VERB_BIT(MF_VERB_SPLIT),
	.options = option_defs,
	.open = es_open,
	.close = es_close,
	.request_begin = es_request_begin,
	.request_step = es_request_step,
	.request_reply = es_request_reply,
	.request_end = es_request_end,
	.scan_begin = es_scan_begin,
	.scan_next = es_scan_next,
	.scan_stats = es_scan_stats,
	.scan_end = es_scan_end,
	.scan_explain = es_scan_explain,
	.filter_check = es_filter_check,
	.sort_check = es_sort_check,
};
