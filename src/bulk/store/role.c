/*
 * role.c - As whom does this machine itself come to S3?
 *
 * Where a user mapping says so, its keys are those of the machine's role: asked
 * of the instance (EC2's metadata service, version 2: a token first), or of the
 * container's agent (ECS, EKS Pod Identity; AWS SDKs and Tools Reference Guide,
 * "Container credential provider").  They are fetched anew before they expire.
 */
#include "internal.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define RENEW_BEFORE_S 300
#define INSTANCE "http://169.254.169.254"
#define CONTAINER "http://169.254.170.2"
#define ROLES "/latest/meta-data/iam/security-credentials/"
#define MOST_SECRET 4096

typedef enum RoleStep
{
	ROLE_TOKEN,					/* of the metadata service */
	ROLE_NAME,
	ROLE_KEYS
} RoleStep;

struct StoreRole
{
	MfConn	   *store;
	MfHttp	   *http;
	bool		container;
	char		path[1024];		/* of the address */
	char		token[MOST_SECRET]; /* that the service asks for, or "" */
	char		name[256];
	RoleStep	step;
	MfHttpCall *call;
	bool		valid;
	int64_t		expires;		/* seconds since 1970; 0 = never */
	char		access_key[256];
	char		secret_key[256];
	char		session_token[MOST_SECRET];
};

bool
store_role_address(const char *kind, const char *given, const char *full, const char *relative, char *out, size_t size)
{
	const char *address = given;

	if (address == NULL && strcmp(kind, "instance") == 0)
		address = INSTANCE;
	if (address == NULL && relative != NULL && relative[0] == '/')
		return (size_t) snprintf(out, size, CONTAINER "%s", relative) < size;
	if (address == NULL)
		address = full;
	return address != NULL && (size_t) snprintf(out, size, "%s", address) < size;
}

/* What the container's agent asks for; a file, because it changes. */
static bool
read_token(StoreRole *role)
{
	const char *path = getenv("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE");
	const char *token = getenv("AWS_CONTAINER_AUTHORIZATION_TOKEN");
	size_t		n;
	FILE	   *file;

	role->token[0] = '\0';
	if (path == NULL)
		return token == NULL || (size_t) snprintf(role->token, sizeof(role->token), "%s", token) < sizeof(role->token);
	file = fopen(path, "re");
	if (file == NULL)
		return false;
	n = fread(role->token, 1, sizeof(role->token) - 1, file);
	fclose(file);
	role->token[n] = '\0';
	role->token[strcspn(role->token, "\r\n")] = '\0';
	return true;
}

MfStatus
store_role_open(MfConn *store, const char *kind, StoreRole **out, MfError *err)
{
	StoreRole  *role = mf_calloc(store->mem, sizeof(StoreRole));
	MfNetSettings settings;
	MfHttpAuth	auth = {NULL};
	char		address[1024];
	char		base[600];
	const char *why = "";
	MfUrl		url;

	*out = role;
	if (role == NULL)
		return mf_error_oom(err, sizeof(StoreRole));
	role->store = store;
	role->container = strcmp(kind, "container") == 0;
	if (!store_role_address(kind, mf_option(&store->options, "iam_endpoint"), getenv("AWS_CONTAINER_CREDENTIALS_FULL_URI"),
							getenv("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"), address, sizeof(address)) ||
		!mf_url_parse(address, &url, &why))
	{
		mf_error(err, MF_INVALID_AUTHORIZATION, "the machine of PostgreSQL has no role of a container for server \"%s\"", store->server);
		mf_error_hint(err, "Set iam_endpoint in the user mapping, or AWS_CONTAINER_CREDENTIALS_RELATIVE_URI in PostgreSQL's environment.");
		return MF_ERROR;
	}
	snprintf(role->path, sizeof(role->path), "%s", url.path);
	snprintf(base, sizeof(base), strchr(url.host, ':') != NULL ? "%s://[%s]:%d" : "%s://%s:%d", url.tls ? "https" : "http", url.host,
			 url.port != 0 ? url.port : url.tls ? 443 : 80);
	mf_net_settings(&settings, store->server, NULL, store->mem);
	settings.max_response = 64 * 1024;
	return mf_http_open(base, &auth, &settings, &role->http, err);
}

void
store_role_close(StoreRole *role)
{
	if (role == NULL)
		return;
	mf_http_end(role->call);
	mf_http_close(role->http);
	OPENSSL_cleanse(role->token, sizeof(role->token));
	OPENSSL_cleanse(role->secret_key, sizeof(role->secret_key));
	OPENSSL_cleanse(role->session_token, sizeof(role->session_token));
	mf_free(role->store->mem, role);
}

/* ----------------------------------------------------------------- asking for them */

static MfStatus
begin_step(StoreRole *role, MfError *err)
{
	char		path[1600];
	char		line[MOST_SECRET + 64];
	const char *lines[] = {line};
	bool		header = true;
	const char *method = "GET";

	snprintf(path, sizeof(path), "%s", role->path[0] != '\0' ? role->path : "/");
	if (role->container)
	{
		if (!read_token(role))
			return mf_error(err, MF_INVALID_AUTHORIZATION, "could not read the token for the credentials of the machine's container");
		snprintf(line, sizeof(line), "Authorization: %s", role->token);
		header = role->token[0] != '\0';
	}
	else if (role->step == ROLE_TOKEN)
	{
		method = "PUT";
		snprintf(path, sizeof(path), "%s/latest/api/token", role->path);
		snprintf(line, sizeof(line), "X-aws-ec2-metadata-token-ttl-seconds: 21600");
	}
	else
	{
		snprintf(path, sizeof(path), "%s" ROLES "%s", role->path, role->step == ROLE_KEYS ? role->name : "");
		snprintf(line, sizeof(line), "X-aws-ec2-metadata-token: %s", role->token);
	}
	if (mf_http_begin(role->http, method, path, "text/plain", NULL, 0, &role->call, err) != MF_OK)
		return MF_ERROR;
	mf_http_idempotent(role->call);
	if (header && !mf_http_headers(role->call, lines, 1))
		return mf_error_oom(err, sizeof(line));
	OPENSSL_cleanse(line, sizeof(line));
	return MF_OK;
}

static bool
copy_text(json_t *root, const char *key, char *out, size_t size)
{
	const char *text = json_string_value(json_object_get(root, key));

	if (text == NULL || text[0] == '\0' || strlen(text) >= size)
		return false;
	for (const char *p = text; *p != '\0'; p++)
	{
		if (*p <= 0x20 || *p >= 0x7f)
			return false;
	}
	strcpy(out, text);
	return true;
}

static bool
take_keys(StoreRole *role, const char *body, size_t len)
{
	json_t	   *root = json_loadb(body, len, 0, NULL);
	const char *expires = json_string_value(json_object_get(root, "Expiration"));
	int64_t		us = 0;

	role->valid = copy_text(root, "AccessKeyId", role->access_key, sizeof(role->access_key)) &&
		copy_text(root, "SecretAccessKey", role->secret_key, sizeof(role->secret_key)) &&
		copy_text(root, "Token", role->session_token, sizeof(role->session_token)) &&
		(expires == NULL || mf_json_date(expires, strlen(expires), MF_DATE_ISO, &us));
	role->expires = us / 1000000;
	json_decref(root);
	return role->valid;
}

/* A line of it, of characters that a header or a path can hold. */
static bool
take_line(char *out, size_t size, const char *body, size_t len)
{
	size_t		n = 0;

	while (n < len && body[n] > 0x20 && body[n] < 0x7f)
		n++;
	if (n == 0 || n >= size || (n < len && body[n] != '\n' && body[n] != '\r'))
		return false;
	memcpy(out, body, n);
	out[n] = '\0';
	return true;
}

static MfStatus
refused(StoreRole *role, MfError *err)
{
	int			status = mf_http_status(role->call);

	mf_error(err, MF_INVALID_AUTHORIZATION, "the machine of PostgreSQL has no credentials for server \"%s\"", role->store->server);
	mf_error_detail(err, "%s: HTTP status %d%s.", mf_http_describe(role->call), status, status == 200 ? ", without keys in it" : "");
	mf_error_hint(err, role->container ? "The container needs a role." : "The instance needs a role.");
	if (status == 429 || status >= 500)
		err->retry = MF_RETRY_YES;
	return MF_ERROR;
}

static MfStatus
take_answer(StoreRole *role, MfError *err)
{
	size_t		len;
	const char *body = mf_http_body(role->call, &len);
	bool		ok = mf_http_status(role->call) == 200;

	if (ok && role->step == ROLE_TOKEN)
		ok = take_line(role->token, sizeof(role->token), body, len);
	else if (ok && role->step == ROLE_NAME)
		ok = take_line(role->name, sizeof(role->name), body, len) && strchr(role->name, '/') == NULL && strchr(role->name, '?') == NULL;
	else if (ok)
		ok = take_keys(role, body, len);
	if (!ok)
		refused(role, err);
	mf_http_end(role->call);
	role->call = NULL;
	return ok ? MF_OK : MF_ERROR;
}

MfStatus
store_role_step(StoreRole *role, MfWaitFor *wait, MfError *err)
{
	MfStatus	status;

	while (!role->valid || (role->expires != 0 && role->expires - RENEW_BEFORE_S < (int64_t) time(NULL)))
	{
		if (role->call == NULL && role->valid)
			role->step = role->container ? ROLE_KEYS : ROLE_TOKEN;
		if (role->call == NULL && role->container)
			role->step = ROLE_KEYS;
		status = role->call == NULL ? begin_step(role, err) : MF_OK;
		if (status == MF_OK)
			status = mf_http_step(role->call, wait, err);
		if (status == MF_OK)
			status = take_answer(role, err);
		if (status == MF_ERROR)
		{
			mf_http_end(role->call);
			role->call = NULL;
			role->valid = false;
			role->step = ROLE_TOKEN;
		}
		if (status != MF_OK)
			return status;
		if (role->step == ROLE_KEYS)
			return MF_OK;
		role->valid = false;
		role->step++;
	}
	return MF_OK;
}

const char *
store_role_key(const StoreRole *role, const char *option)
{
	if (strcmp(option, "access_key") == 0)
		return role->access_key;
	return strcmp(option, "secret_key") == 0 ? role->secret_key : role->session_token;
}

/* Does a text repeat what nobody is to see? */
bool
store_role_is_in(const StoreRole *role, const char *text)
{
	return role->valid && (strstr(text, role->secret_key) != NULL || strstr(text, role->session_token) != NULL);
}
