/*
 * place.c - Which place does a store's url name?
 *
 * s3://bucket/prefix, azure://account/container/prefix, file:///path.
 */
#include "internal.h"

#include <stdio.h>
#include <string.h>

/* Up to the next slash; false = empty, too long, or of characters that no store allows. */
static bool
take(const char **p, char *out, size_t size)
{
	size_t		len = strcspn(*p, "/");

	if (len == 0 || len >= size ||
		strspn(*p, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_") < len)
		return false;
	memcpy(out, *p, len);
	out[len] = '\0';
	*p += len;
	*p += strspn(*p, "/");
	return true;
}

/* No part of it may lead elsewhere. */
static bool
take_path(const char *p, char *out, size_t size)
{
	size_t		len = strlen(p);

	while (len > 0 && p[len - 1] == '/')
		len--;
	if (len >= size)
		return false;
	memcpy(out, p, len);
	out[len] = '\0';
	for (const char *part = out; *part != '\0';)
	{
		size_t		n = strcspn(part, "/");

		if ((n == 1 && part[0] == '.') || (n == 2 && part[0] == '.' && part[1] == '.'))
			return false;
		for (size_t i = 0; i < n; i++)
		{
			if ((unsigned char) part[i] < 0x20 || part[i] == 0x7f)
				return false;
		}
		part += n + strspn(part + n, "/");
	}
	return true;
}

bool
store_place(const char *url, StorePlace *place, const char **why)
{
	const char *p;
	bool		ok;

	memset(place, 0, sizeof(*place));
	*why = "It must look like \"s3://bucket/prefix\", \"azure://account/container/prefix\" or \"file:///path\".";
	if (strncmp(url, "file:///", 8) == 0)
	{
		place->kind = STORE_DIRECTORY;
		ok = take_path(url + 7, place->prefix, sizeof(place->prefix)) && place->prefix[0] != '\0';
		return ok;
	}
	if (strncmp(url, "s3://", 5) == 0)
	{
		place->kind = STORE_S3;
		p = url + 5;
		ok = take(&p, place->bucket, sizeof(place->bucket));
	}
	else if (strncmp(url, "azure://", 8) == 0)
	{
		place->kind = STORE_AZURE;
		p = url + 8;
		ok = take(&p, place->account, sizeof(place->account)) && take(&p, place->bucket, sizeof(place->bucket));
	}
	else
		return false;
	return ok && take_path(p, place->prefix, sizeof(place->prefix));
}

bool
store_key(const MfConn *store, const char *name, char *key, size_t size)
{
	const char *prefix = store->place.prefix;

	return (size_t) snprintf(key, size, "%s%s%s", prefix,
							 prefix[0] != '\0' && name[0] != '\0' ? "/" : "", name) < size;
}

bool
mf_store_outside(const MfConn *store, const char *name, bool with_bucket, char *out, size_t size)
{
	static const char *const schemes[] = {[STORE_DIRECTORY] = "file://", [STORE_S3] = "s3://", [STORE_AZURE] = "azure://"};
	const StorePlace *place = &store->place;
	int			n = 0;

	if (with_bucket)
		n = snprintf(out, size, "%s%s%s%s%s", schemes[place->kind], place->account, place->account[0] != '\0' ? "/" : "",
					 place->bucket, place->kind == STORE_DIRECTORY ? "" : "/");
	return (size_t) n < size && store_key(store, name, out + n, size - (size_t) n);
}
