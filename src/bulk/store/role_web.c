/*
 * role_web.c - How does the identity that somebody vouches for become keys of S3?
 *
 * EKS ("IAM roles for service accounts") and others put a signed token into a
 * file, and its name with the role's into the environment of the container
 * ("Assume role credential provider", AWS SDKs and Tools Reference Guide).  STS
 * gives keys for it: AssumeRoleWithWebIdentity, which needs no signature.
 */
#include "role.h"

#include <stdlib.h>
#include <string.h>

#define TOKEN_FILE "AWS_WEB_IDENTITY_TOKEN_FILE"
#define ROLE_ARN "AWS_ROLE_ARN"
#define SESSION_NAME "AWS_ROLE_SESSION_NAME"

static const char *
setting(const char *name)
{
	const char *value = getenv(name);

	return value != NULL && value[0] != '\0' ? value : NULL;
}

bool
role_web_is_there(void)
{
	return setting(TOKEN_FILE) != NULL && setting(ROLE_ARN) != NULL;
}

/* The form that STS takes; false = too long. */
static bool
make_form(const StoreRole *role, char *form, size_t size)
{
	const char *session = setting(SESSION_NAME);
	const char *const fields[][2] = {
		{"Action=", "AssumeRoleWithWebIdentity"},
		{"&Version=", "2011-06-15"},
		{"&RoleArn=", setting(ROLE_ARN)},
		{"&RoleSessionName=", session != NULL ? session : "milvus_fdw"},
		{"&WebIdentityToken=", role->token},
	};

	form[0] = '\0';
	for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++)
	{
		size_t		len = strlen(form);

		if (len + strlen(fields[i][0]) >= size)
			return false;
		strcpy(form + len, fields[i][0]);
		if (!mf_url_encode(form, size, fields[i][1]))
			return false;
	}
	return true;
}

MfStatus
role_web_begin(StoreRole *role, MfError *err)
{
	size_t		size = 3 * MOST_TOKEN + 8192;
	char	   *form;
	MfStatus	status;

	if (!role_web_is_there() || !role_read_token(role, setting(TOKEN_FILE)))
	{
		mf_error(err, MF_INVALID_AUTHORIZATION, "could not read the web identity of PostgreSQL's machine for server \"%s\"", role->store->server);
		mf_error_hint(err, "%s in PostgreSQL's environment must name a file that PostgreSQL can read, of one line.", TOKEN_FILE);
		return MF_ERROR;
	}
	form = mf_alloc(role->store->mem, size);
	if (form == NULL)
		return mf_error_oom(err, size);
	if (make_form(role, form, size))
		status = mf_http_begin(role->http, "POST", role->path[0] != '\0' ? role->path : "/", "application/x-www-form-urlencoded",
							   form, strlen(form), &role->call, err);
	else
		status = mf_error(err, MF_INVALID_AUTHORIZATION, "%s or %s in PostgreSQL's environment is too long", ROLE_ARN, SESSION_NAME);
	OPENSSL_cleanse(form, size);
	mf_free(role->store->mem, form);
	if (status != MF_OK)
		return MF_ERROR;
	mf_http_idempotent(role->call);
	/* or it answers JSON, of another form */
	return mf_http_accept(role->call, "text/xml") ? MF_OK : mf_error_oom(err, 64);
}

bool
role_web_keys(StoreRole *role, const char *body, size_t len)
{
	MfArena		arena = {.mem = role->store->mem};
	const char *expires = store_xml_text(&arena, body, len, "Expiration");
	int64_t		us = 0;

	role->valid = role_take_text(store_xml_text(&arena, body, len, "AccessKeyId"), role->access_key, sizeof(role->access_key)) &&
		role_take_text(store_xml_text(&arena, body, len, "SecretAccessKey"), role->secret_key, sizeof(role->secret_key)) &&
		role_take_text(store_xml_text(&arena, body, len, "SessionToken"), role->session_token, sizeof(role->session_token)) &&
		expires != NULL && mf_json_date(expires, strlen(expires), MF_DATE_ISO, &us);
	role->expires = us / 1000000;
	mf_arena_free(&arena);
	return role->valid;
}
