/*
 * role.c - As whom does this machine itself come to S3?
 *
 * Where a user mapping says so, its keys are those of the machine's role: asked
 * of the instance or the container's agent (role_machine.c), or of STS for a web
 * identity (role_web.c).  They are fetched anew before they expire.
 */
#include "role.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define RENEW_BEFORE_S 300
#define INSTANCE "http://169.254.169.254"
#define CONTAINER "http://169.254.170.2"

bool
store_role_address(const char *kind, const char *region, const char *given, const char *full, const char *relative, char *out, size_t size)
{
	const char *address = given;

	if (address == NULL && strcmp(kind, "web_identity") == 0)
		return (size_t) snprintf(out, size, "https://sts.%s.amazonaws.com", region) < size;
	if (address == NULL && strcmp(kind, "instance") == 0)
		address = INSTANCE;
	if (address == NULL && relative != NULL && relative[0] == '/')
		return (size_t) snprintf(out, size, CONTAINER "%s", relative) < size;
	if (address == NULL)
		address = full;
	return address != NULL && (size_t) snprintf(out, size, "%s", address) < size;
}

/* A file, because it changes. */
bool
role_read_token(StoreRole *role, const char *path)
{
	FILE	   *file = fopen(path, "re");
	size_t		n;

	role->token[0] = '\0';
	if (file == NULL)
		return false;
	n = fread(role->token, 1, sizeof(role->token) - 1, file);
	fclose(file);
	role->token[n] = '\0';
	n = strcspn(role->token, "\r\n");
	if (n == sizeof(role->token) - 1)
		n = 0;					/* it is longer */
	role->token[n] = '\0';
	return n > 0;
}

/* Where to ask; false = nobody says. */
static bool
find_address(MfConn *store, const char *kind, MfUrl *url)
{
	char		address[1024];
	const char *why = "";

	return store_role_address(kind, store->region, mf_option(&store->options, "iam_endpoint"), getenv("AWS_CONTAINER_CREDENTIALS_FULL_URI"),
							  getenv("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"), address, sizeof(address)) &&
		mf_url_parse(address, url, &why);
}

static RoleKind
kind_of(const char *name)
{
	if (strcmp(name, "web_identity") == 0)
		return ROLE_OF_WEB_IDENTITY;
	return strcmp(name, "container") == 0 ? ROLE_OF_CONTAINER : ROLE_OF_INSTANCE;
}

static MfStatus
no_role(const StoreRole *role, MfError *err)
{
	if (role->kind == ROLE_OF_WEB_IDENTITY)
	{
		mf_error(err, MF_INVALID_AUTHORIZATION, "the machine of PostgreSQL has no web identity for server \"%s\"", role->store->server);
		mf_error_hint(err, "Set AWS_WEB_IDENTITY_TOKEN_FILE and AWS_ROLE_ARN in PostgreSQL's environment.");
		return MF_ERROR;
	}
	mf_error(err, MF_INVALID_AUTHORIZATION, "the machine of PostgreSQL has no role of a container for server \"%s\"", role->store->server);
	mf_error_hint(err, "Set iam_endpoint in the user mapping, or AWS_CONTAINER_CREDENTIALS_RELATIVE_URI in PostgreSQL's environment.");
	return MF_ERROR;
}

MfStatus
store_role_open(MfConn *store, const char *kind, StoreRole **out, MfError *err)
{
	StoreRole  *role = mf_calloc(store->mem, sizeof(StoreRole));
	MfNetSettings settings;
	MfHttpAuth	auth = {NULL};
	char		base[600];
	MfUrl		url;

	*out = role;
	if (role == NULL)
		return mf_error_oom(err, sizeof(StoreRole));
	role->store = store;
	role->kind = kind_of(kind);
	if ((role->kind == ROLE_OF_WEB_IDENTITY && !role_web_is_there()) || !find_address(store, kind, &url))
		return no_role(role, err);
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

bool
role_take_text(const char *text, char *out, size_t size)
{
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

/* Of STS its code too, but no text that it repeats. */
static MfStatus
refused(StoreRole *role, MfError *err)
{
	static const char *const hints[] = {
		[ROLE_OF_INSTANCE] = "The instance needs a role.",
		[ROLE_OF_CONTAINER] = "The container needs a role.",
		[ROLE_OF_WEB_IDENTITY] = "The role that AWS_ROLE_ARN names has to trust who signed the token, and the token must not have expired.",
	};
	MfArena		arena = {.mem = role->store->mem};
	int			status = mf_http_status(role->call);
	size_t		len;
	const char *body = mf_http_body(role->call, &len);
	const char *code = store_xml_text(&arena, body, len, "Code");

	mf_error(err, MF_INVALID_AUTHORIZATION, "the machine of PostgreSQL has no credentials for server \"%s\"", role->store->server);
	if (code != NULL && store_role_is_in(role, code))
		code = NULL;
	mf_error_detail(err, "%s: HTTP status %d%s%s%s.", mf_http_describe(role->call), status, status == 200 ? ", without keys in it" : "",
					code != NULL ? ", " : "", code != NULL ? code : "");
	mf_error_hint(err, "%s", hints[role->kind]);
	/* STS did not reach who signed the token */
	if (status == 429 || status >= 500 || (code != NULL && strcmp(code, "IDPCommunicationError") == 0))
		err->retry = MF_RETRY_YES;
	mf_arena_free(&arena);
	return MF_ERROR;
}

static MfStatus
take_answer(StoreRole *role, MfError *err)
{
	size_t		len;
	const char *body = mf_http_body(role->call, &len);
	bool		ok = mf_http_status(role->call) == 200;

	if (ok)
		ok = role->kind == ROLE_OF_WEB_IDENTITY ? role_web_keys(role, body, len) : role_machine_take(role, body, len);
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
		if (role->call == NULL && role->kind != ROLE_OF_INSTANCE)
			role->step = ROLE_KEYS;
		else if (role->call == NULL && role->valid)
			role->step = ROLE_TOKEN;
		if (role->call != NULL)
			status = MF_OK;
		else
			status = role->kind == ROLE_OF_WEB_IDENTITY ? role_web_begin(role, err) : role_machine_begin(role, err);
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
	const char *const secrets[] = {role->token, role->secret_key, role->session_token};

	for (size_t i = 0; i < sizeof(secrets) / sizeof(secrets[0]); i++)
	{
		if (secrets[i][0] != '\0' && strstr(text, secrets[i]) != NULL)
			return true;
	}
	return false;
}
