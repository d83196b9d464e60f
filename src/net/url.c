/*
 * url.c - What does a URL that a user wrote say, and may it say so?
 *
 * An http or https address and nothing else: no password (they belong into user
 * mappings), no query.  What is wrong is said without repeating the URL, which
 * may hold a password.
 */
#include <curl/curl.h>
#include <stdlib.h>
#include <string.h>

#include "net.h"

static const char *const wrong_scheme = "It must begin with \"http://\" or \"https://\".";

bool
mf_host_valid(const char *host, const char **why)
{
	static const char name[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_";
	static const char address[] = "0123456789abcdefABCDEF:.";
	const char *allowed = strchr(host, ':') != NULL ? address : name;

	*why = "It must be a host name, or an address without brackets.";
	return host[0] != '\0' && strlen(host) < MF_HOST_BYTES && host[strspn(host, allowed)] == '\0';
}

/* One part of it, or NULL; to be freed by curl. */
static char *
part_of(CURLU *parsed, CURLUPart part)
{
	char	   *text = NULL;

	return curl_url_get(parsed, part, &text, 0) == CURLUE_OK ? text : NULL;
}

static bool
has_part(CURLU *parsed, CURLUPart part)
{
	char	   *text = part_of(parsed, part);

	curl_free(text);
	return text != NULL;
}

/* Copy a part; false = it is not there or too long. */
static bool
copy_part(CURLU *parsed, CURLUPart part, char *buf, size_t size)
{
	char	   *text = part_of(parsed, part);
	bool		fits = text != NULL && strlen(text) < size;

	if (fits)
		strcpy(buf, text);
	curl_free(text);
	return fits;
}

static const char *
take_apart(CURLU *parsed, MfUrl *url)
{
	char		scheme[8];
	char		port[8];
	const char *why;
	size_t		len;

	if (has_part(parsed, CURLUPART_USER) || has_part(parsed, CURLUPART_PASSWORD))
		return MF_URL_HAS_USER;
	if (has_part(parsed, CURLUPART_QUERY) || has_part(parsed, CURLUPART_FRAGMENT))
		return "It must not contain a query or a fragment.";
	if (!copy_part(parsed, CURLUPART_SCHEME, scheme, sizeof(scheme)))
		return wrong_scheme;
	url->tls = strcmp(scheme, "https") == 0;
	if (!url->tls && strcmp(scheme, "http") != 0)
		return wrong_scheme;
	if (!copy_part(parsed, CURLUPART_URL, url->base, sizeof(url->base)) ||
		!copy_part(parsed, CURLUPART_HOST, url->host, sizeof(url->host)) ||
		!copy_part(parsed, CURLUPART_PATH, url->path, sizeof(url->path)))
		return "It is too long.";
	/* an IPv6 address stands in brackets */
	len = strlen(url->host);
	if (len > 2 && url->host[0] == '[' && url->host[len - 1] == ']')
	{
		url->host[len - 1] = '\0';
		memmove(url->host, url->host + 1, len - 1);
	}
	if (!mf_host_valid(url->host, &why))
		return "Its host is neither a name nor an address.";
	if (copy_part(parsed, CURLUPART_PORT, port, sizeof(port)))
		url->port = atoi(port);
	for (len = strlen(url->base); len > 0 && url->base[len - 1] == '/'; len--)
		url->base[len - 1] = '\0';
	for (len = strlen(url->path); len > 0 && url->path[len - 1] == '/'; len--)
		url->path[len - 1] = '\0';
	return NULL;
}

bool
mf_url_parse(const char *text, MfUrl *url, const char **why)
{
	CURLU	   *parsed;

	memset(url, 0, sizeof(*url));
	*why = NULL;
	if (strstr(text, "://") == NULL)
		*why = wrong_scheme;
	else if (strchr(text, '@') != NULL)
		*why = MF_URL_HAS_USER;
	if (*why != NULL)
		return false;
	parsed = curl_url();
	if (parsed == NULL)
		*why = "There is no memory to read it.";
	else if (curl_url_set(parsed, CURLUPART_URL, text, CURLU_NON_SUPPORT_SCHEME) != CURLUE_OK)
		*why = "It must look like \"http://host:port\".";
	else
		*why = take_apart(parsed, url);
	curl_url_cleanup(parsed);
	return *why == NULL;
}
