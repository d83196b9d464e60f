/*
 * connector.c - How is a store a server of PostgreSQL?
 *
 * As any other: its options, its credentials and its cached connection.  It
 * holds files for others and has no foreign tables.
 */
#include "internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DEFAULT_PART_BYTES (8 * 1024 * 1024)
#define SMALLEST_PART (5 * 1024 * 1024) /* S3 takes no smaller one but the last */
#define LARGEST_PART (512 * 1024 * 1024)

static bool
check_url(const char *value, const char **why)
{
	StorePlace	place;

	return store_place(value, &place, why);
}

static bool
check_endpoint(const char *value, const char **why)
{
	MfUrl		url;

	return mf_url_parse(value, &url, why);
}

/* It becomes part of a host name and of a signature. */
static bool
check_region(const char *value, const char **why)
{
	*why = "It must consist of letters, digits and hyphens.";
	return strlen(value) < 64 && value[strspn(value, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-")] == '\0';
}

/* What goes into headers and queries as it is. */
static bool
check_credential(const char *value, const char **why)
{
	*why = "It must consist of printable ASCII characters without blanks, and have at most 2000 of them.";
	if (strlen(value) > 2000)
		return false;
	for (const char *p = value; *p != '\0'; p++)
	{
		if (*p <= 0x20 || *p >= 0x7f || *p == '#')
			return false;
	}
	return true;
}

static const MfOptionDef option_defs[] = {
	{"url", MF_ON_SERVER, MF_OPTION_TEXT, MF_OPTION_REQUIRED | MF_OPTION_LOCAL | MF_OPTION_PLACE, 0, 0, NULL,
	"where files go: s3://bucket/prefix, azure://account/container/prefix or file:///path", check_url},
	{"endpoint", MF_ON_SERVER, MF_OPTION_TEXT, 0, 0, 0, NULL,
	"address of the object store, http or https (default: Amazon's or Microsoft's)", check_endpoint},
	{"region", MF_ON_SERVER, MF_OPTION_TEXT, 0, 0, 0, NULL,
	"region of the bucket (default us-east-1)", check_region},
	{"addressing", MF_ON_SERVER, MF_OPTION_ENUM, 0, 0, 0, "path|virtual",
	"whether the bucket stands in the path or in the host name (default: path with an endpoint, else virtual)", NULL},
	{"part_bytes", MF_ON_SERVER, MF_OPTION_INT, 0, SMALLEST_PART, LARGEST_PART, NULL,
	"bytes of one part of an upload (default 8 MB)", NULL},
	{"checksum", MF_ON_SERVER, MF_OPTION_ENUM, 0, 0, 0, "crc32|sha256",
	"by which staged files are checked (default crc32; sha256 takes longer)", NULL},
	{"sync", MF_ON_SERVER, MF_OPTION_BOOL, 0, 0, 0, NULL,
	"whether the files of a directory are flushed to disk before the manifest says that they are complete (default false)", NULL},
	{"stage_file_bytes", MF_ON_SERVER, MF_OPTION_INT, 0, 1024, INT64_C(5) * 1024 * 1024 * 1024, NULL,
	"bytes of one staged file, about (default 256 MB)", NULL},
	{"access_key", MF_ON_USER, MF_OPTION_TEXT, MF_OPTION_SECRET, 0, 0, NULL,
	"access key of S3, with secret_key", check_credential},
	{"secret_key", MF_ON_USER, MF_OPTION_TEXT, MF_OPTION_SECRET, 0, 0, NULL,
	"secret key of S3", check_credential},
	{"session_token", MF_ON_USER, MF_OPTION_TEXT, MF_OPTION_SECRET, 0, 0, NULL,
	"token that belongs to temporary keys of S3", check_credential},
	{"iam", MF_ON_USER, MF_OPTION_ENUM, MF_OPTION_MACHINE, 0, 0, "instance|container|web_identity",
	"use the role of PostgreSQL's machine for S3: of its EC2 instance, of its ECS or EKS container, or of its web identity", NULL},
	{"iam_endpoint", MF_ON_USER, MF_OPTION_TEXT, MF_OPTION_MACHINE, 0, 0, NULL,
	"address that gives the role's keys (default: Amazon's)", check_endpoint},
	{"account_key", MF_ON_USER, MF_OPTION_TEXT, MF_OPTION_SECRET, 0, 0, NULL,
	"key of an Azure storage account", check_credential},
	{"sas_token", MF_ON_USER, MF_OPTION_TEXT, MF_OPTION_SECRET, 0, 0, NULL,
	"shared access signature of Azure", check_credential},
	MF_NET_OPTION_DEFS,
	{NULL}
};

/* ------------------------------------------------------------------- options */

static MfStatus
needs(MfError *err, const char *option, const char *other)
{
	mf_error(err, MF_FDW_OPTION_NAME_NOT_FOUND, "option \"%s\" needs option \"%s\"", option, other);
	return MF_ERROR;
}

static MfStatus
check_user(const MfOptions *options, MfError *err)
{
	bool		access = mf_option(options, "access_key") != NULL;
	bool		secret = mf_option(options, "secret_key") != NULL;

	if (access != secret)
		return needs(err, access ? "access_key" : "secret_key", access ? "secret_key" : "access_key");
	if (mf_option(options, "session_token") != NULL && !access)
		return needs(err, "session_token", "access_key");
	if (mf_option(options, "iam_endpoint") != NULL && mf_option(options, "iam") == NULL)
		return needs(err, "iam_endpoint", "iam");
	if (mf_option(options, "iam") != NULL && access)
		return mf_error(err, MF_FDW_INVALID_ATTRIBUTE_VALUE, "options \"iam\" and \"access_key\" do not go together");
	if (mf_option(options, "account_key") != NULL && mf_option(options, "sas_token") != NULL)
		return mf_error(err, MF_FDW_INVALID_ATTRIBUTE_VALUE, "options \"account_key\" and \"sas_token\" do not go together");
	return MF_OK;
}

static MfStatus
check_server(const MfOptions *options, MfError *err)
{
	static const char *const of_network[] = {"endpoint", "region", "addressing", "part_bytes", "sslmode", "sslrootcert"};
	const char *url = mf_option(options, "url");

	if (url == NULL || strncmp(url, "file:", 5) != 0)
		return mf_option(options, "sync") == NULL ? MF_OK :
			mf_error(err, MF_FDW_INVALID_ATTRIBUTE_VALUE, "option \"sync\" has a meaning for directories only");
	for (size_t i = 0; i < sizeof(of_network) / sizeof(of_network[0]); i++)
	{
		if (mf_option(options, of_network[i]) != NULL)
			return mf_error(err, MF_FDW_INVALID_ATTRIBUTE_VALUE, "option \"%s\" has no meaning for a directory", of_network[i]);
	}
	return MF_OK;
}

static MfStatus
options_check(int place, const MfOptions *options, MfError *err)
{
	if (place == MF_ON_USER)
		return check_user(options, err);
	if (place == MF_ON_SERVER)
		return check_server(options, err);
	if (place != MF_ON_TABLE)
		return MF_OK;
	mf_error(err, MF_FEATURE_NOT_SUPPORTED, "a store of files has no foreign tables");
	mf_error_hint(err, "milvus_fdw.stage() writes files into it.");
	return MF_ERROR;
}

/* ---------------------------------------------------------------- connections */

static void
store_close(MfConn *store)
{
	if (store == NULL)
		return;
	store_role_close(store->role);
	mf_http_close(store->http);
	for (int i = 0; i < store->options.n; i++)
	{
		char	   *value = (char *) store->option[i].value;

		mf_free(store->mem, (char *) store->option[i].name);
		if (value != NULL)
			OPENSSL_cleanse(value, strlen(value));
		mf_free(store->mem, value);
	}
	mf_free(store->mem, store->option);
	mf_free(store->mem, store->server);
	mf_free(store->mem, store);
}

/* Where requests go: the endpoint's address, with the bucket before it or behind. */
static bool
make_base(MfConn *store, const MfUrl *url, char *base, size_t size)
{
	const char *style = mf_option(&store->options, "addressing");
	const char *name = mf_option(&store->options, "server_name");
	bool		given = mf_option(&store->options, "endpoint") != NULL;
	bool		s3 = store->place.kind == STORE_S3;
	bool		before = s3 && (style != NULL ? strcmp(style, "virtual") == 0 : !given);
	const char *bucket = store->place.bucket;
	bool		v6 = strchr(url->host, ':') != NULL;
	char		host[600];
	char		port[16] = "";
	int			n;

	n = snprintf(host, sizeof(host), v6 ? "%s%s[%s]" : "%s%s%s", before ? bucket : "", before ? "." : "", url->host);
	if (url->port != 0 && url->port != (url->tls ? 443 : 80))
		snprintf(port, sizeof(port), ":%d", url->port);
	if ((size_t) snprintf(store->host, sizeof(store->host), "%s%s", name != NULL ? name : host, port) >= sizeof(store->host) ||
		(size_t) snprintf(store->path, sizeof(store->path), "%s%s%s", url->path, before ? "" : "/", before ? "" : bucket) >= sizeof(store->path))
		return false;
	return (size_t) n < sizeof(host) &&
		(size_t) snprintf(base, size, "%s://%s%s", url->tls ? "https" : "http", host, port) < size;
}

static MfStatus
open_network(MfConn *store, MfError *err)
{
	const char *endpoint = mf_option(&store->options, "endpoint");
	const char *region = mf_option(&store->options, "region");
	const char *iam = mf_option(&store->options, "iam");
	MfNetSettings settings;
	MfHttpAuth	auth = {NULL};
	char		standard[600];
	char		base[1200];
	const char *why;
	MfUrl		url;

	snprintf(store->region, sizeof(store->region), "%s", region != NULL ? region : "us-east-1");
	if (store->place.kind == STORE_S3)
		snprintf(standard, sizeof(standard), "https://s3.%s.amazonaws.com", store->region);
	else
		snprintf(standard, sizeof(standard), "https://%s.blob.core.windows.net", store->place.account);
	if (!mf_url_parse(endpoint != NULL ? endpoint : standard, &url, &why))
		return mf_error(err, MF_INVALID_PARAMETER_VALUE, "invalid endpoint of server \"%s\"", store->server);
	if (!make_base(store, &url, base, sizeof(base)))
		return mf_error(err, MF_INVALID_PARAMETER_VALUE, "the address of server \"%s\" is too long", store->server);
	mf_net_settings(&settings, store->server, &store->options, store->mem);
	settings.max_response = 64 * 1024 * 1024;
	if (iam != NULL && store->place.kind != STORE_S3)
		return mf_error(err, MF_FDW_INVALID_ATTRIBUTE_VALUE, "option \"iam\" has no meaning for Azure");
	if (iam != NULL && store_role_open(store, iam, &store->role, err) != MF_OK)
		return MF_ERROR;
	return mf_http_open(base, &auth, &settings, &store->http, err);
}

static MfStatus
copy_options(MfConn *store, const MfOpenArgs *args, MfError *err)
{
	int			n = args->options != NULL ? args->options->n : 0;

	store->server = mf_strdup(store->mem, args->server != NULL ? args->server : "store");
	store->option = mf_calloc(store->mem, sizeof(MfOption) * (size_t) (n + 1));
	store->options.items = store->option;
	if (store->server == NULL || store->option == NULL)
		return mf_error_oom(err, sizeof(MfOption));
	for (int i = 0; i < n; i++)
	{
		store->options.n = i + 1;
		store->option[i].name = mf_strdup(store->mem, args->options->items[i].name);
		store->option[i].value = mf_strdup(store->mem, args->options->items[i].value);
		if (store->option[i].name == NULL || store->option[i].value == NULL)
			return mf_error_oom(err, sizeof(MfOption));
	}
	return MF_OK;
}

static MfStatus
store_open(const MfOpenArgs *args, MfConn **out, MfError *err)
{
	MfConn	   *store = mf_calloc(args->mem, sizeof(MfConn));
	const char *why = "";
	MfStatus	status;

	*out = NULL;
	if (store == NULL)
		return mf_error_oom(err, sizeof(MfConn));
	store->mem = args->mem;
	status = copy_options(store, args, err);
	if (status == MF_OK && (mf_option(&store->options, "url") == NULL ||
							!store_place(mf_option(&store->options, "url"), &store->place, &why)))
	{
		status = mf_error(err, MF_INVALID_PARAMETER_VALUE, "invalid value for option \"url\"");
		mf_error_detail(err, "%s", why);
	}
	store->sync = mf_option_bool(&store->options, "sync", false);
	store->sha256 = mf_option(&store->options, "checksum") != NULL && strcmp(mf_option(&store->options, "checksum"), "sha256") == 0;
	store->part_bytes = (size_t) mf_option_int(&store->options, "part_bytes", DEFAULT_PART_BYTES);
	if (status == MF_OK && store->place.kind != STORE_DIRECTORY)
		status = open_network(store, err);
	if (status != MF_OK)
	{
		store_close(store);
		return MF_ERROR;
	}
	*out = store;
	return MF_OK;
}

const char *
mf_store_url(const MfConn *store)
{
	return mf_option(&store->options, "url");
}

bool
mf_store_can_patch(const MfConn *store)
{
	return store->place.kind == STORE_DIRECTORY;
}

const MfConnector mf_object_store_connector = {
	.abi = MF_CONNECTOR_ABI,
	.size = sizeof(MfConnector),
	.name = MF_STORE_WRAPPER,
	.remote = "an object store",
	.collection_option = "file",
	.capabilities = MF_IS_NETWORK,
	.options = option_defs,
	.open = store_open,
	.close = store_close,
	.options_check = options_check,
};
