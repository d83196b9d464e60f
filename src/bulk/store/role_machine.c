/*
 * role_machine.c - How do an EC2 instance and a container come to their keys of S3?
 *
 * The instance's metadata service (version 2) wants a token first, which it gives
 * itself; then it tells the role's name, and then its keys.  A container's agent
 * (ECS, EKS Pod Identity; AWS SDKs and Tools Reference Guide, "Container
 * credential provider") tells the keys at once.
 */
#include "role.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ROLES "/latest/meta-data/iam/security-credentials/"

/* What the container's agent asks for. */
static bool
read_token(StoreRole *role)
{
	const char *path = getenv("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE");
	const char *token = getenv("AWS_CONTAINER_AUTHORIZATION_TOKEN");

	if (path != NULL)
		return role_read_token(role, path);
	return (size_t) snprintf(role->token, sizeof(role->token), "%s", token != NULL ? token : "") < sizeof(role->token);
}

MfStatus
role_machine_begin(StoreRole *role, MfError *err)
{
	char		path[1600];
	char		line[MOST_TOKEN + 64];
	const char *lines[] = {line};
	bool		header = true;
	const char *method = "GET";

	snprintf(path, sizeof(path), "%s", role->path[0] != '\0' ? role->path : "/");
	if (role->kind == ROLE_OF_CONTAINER)
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
	return role_take_text(json_string_value(json_object_get(root, key)), out, size);
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

bool
role_machine_take(StoreRole *role, const char *body, size_t len)
{
	if (role->step == ROLE_TOKEN)
		return take_line(role->token, sizeof(role->token), body, len);
	if (role->step == ROLE_NAME)
		return take_line(role->name, sizeof(role->name), body, len) && strchr(role->name, '/') == NULL && strchr(role->name, '?') == NULL;
	return take_keys(role, body, len);
}
