/*
 * sign_s3.c - How does S3 know who asks?
 *
 * AWS Signature Version 4 ("Signature Calculations for the Authorization
 * Header", Amazon S3 API reference).  libcurl 7.88's own has faults with empty
 * and unsorted parameters, so it is done here.  The body's hash is part of it,
 * so what arrives is what was sent.
 */
#include "internal.h"

#include <stdio.h>
#include <string.h>

static void
signing_key(const S3Signing *s, const char *date, unsigned char key[32])
{
	char		first[512];

	snprintf(first, sizeof(first), "AWS4%s", s->secret_key);
	store_hmac(first, strlen(first), date, key);
	store_hmac(key, 32, s->region, key);
	store_hmac(key, 32, s->service, key);
	store_hmac(key, 32, "aws4_request", key);
	OPENSSL_cleanse(first, sizeof(first));
}

bool
store_s3_signature(const S3Signing *s, MfArena *arena, char hex[SHA256_HEX])
{
	char	   *request = mf_arena_text(arena, "%s\n%s\n%s\n%s\n%s\n%s", s->method, s->path, s->query, s->headers,
										s->signed_headers, s->payload_sha256);
	char	   *text;
	char		date[9];
	char		request_hex[SHA256_HEX];
	unsigned char key[32];
	unsigned char signature[32];

	if (request == NULL)
		return false;
	snprintf(date, sizeof(date), "%.8s", s->time);
	store_sha256(request, strlen(request), request_hex);
	text = mf_arena_text(arena, "AWS4-HMAC-SHA256\n%s\n%s/%s/%s/aws4_request\n%s", s->time, date, s->region,
						 s->service, request_hex);
	if (text == NULL)
		return false;
	signing_key(s, date, key);
	store_hmac(key, sizeof(key), text, signature);
	store_hex(signature, hex);
	OPENSSL_cleanse(key, sizeof(key));
	return true;
}

static const char *
key_of(const MfConn *store, const char *option)
{
	return store->role != NULL ? store_role_key(store->role, option) : mf_option(&store->options, option);
}

bool
store_sign_s3(const StoreCall *call, const char *now, MfArena *arena, const char **lines, int *n)
{
	const MfConn *store = call->store;
	const char *token = key_of(store, "session_token");
	const char *question = strchr(call->path, '?');
	char		hex[SHA256_HEX];
	S3Signing	s = {
		.access_key = key_of(store, "access_key"),
		.secret_key = key_of(store, "secret_key"),
		.region = store->region,.service = "s3",.method = call->method,
		.payload_sha256 = call->sha256,.time = now,
	};

	lines[(*n)++] = mf_arena_text(arena, "x-amz-content-sha256: %s", call->sha256);
	if (s.access_key == NULL || s.secret_key == NULL)
		return !arena->failed;	/* a bucket that is everybody's */
	s.path = mf_arena_strndup(arena, call->path, question != NULL ? (size_t) (question - call->path) : strlen(call->path));
	s.query = question != NULL ? question + 1 : "";
	s.headers = mf_arena_text(arena, "host:%s\nx-amz-content-sha256:%s\nx-amz-date:%s\n%s%s%s", store->host, call->sha256,
							  now, token != NULL ? "x-amz-security-token:" : "", token != NULL ? token : "", token != NULL ? "\n" : "");
	s.signed_headers = token != NULL ? "host;x-amz-content-sha256;x-amz-date;x-amz-security-token" :
		"host;x-amz-content-sha256;x-amz-date";
	if (arena->failed || !store_s3_signature(&s, arena, hex))
		return false;
	lines[(*n)++] = mf_arena_text(arena, "x-amz-date: %s", now);
	if (token != NULL)
		lines[(*n)++] = mf_arena_text(arena, "x-amz-security-token: %s", token);
	lines[(*n)++] = mf_arena_text(arena, "Authorization: AWS4-HMAC-SHA256 Credential=%s/%.8s/%s/s3/aws4_request, SignedHeaders=%s, Signature=%s",
								  s.access_key, now, store->region, s.signed_headers, hex);
	return !arena->failed;
}
