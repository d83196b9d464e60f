/*
 * http_url.c - Which servers does the option `url` name?
 *
 * A comma list of base URLs, each checked against the TLS settings.  What a
 * URL says is not repeated in messages before it is known to hold no password.
 */
#include <stdio.h>
#include <string.h>

#include "http_internal.h"

static MfStatus
bad_url(MfError *err, const char *why)
{
	mf_error(err, MF_INVALID_PARAMETER_VALUE, "invalid URL of the server");
	mf_error_detail(err, "%s", why);
	return MF_ERROR;
}

static MfStatus
check_tls(const MfNetSettings *settings, const HttpUrl *url, MfError *err)
{
	if (!settings->sslmode_given || url->tls == (settings->sslmode != MF_SSL_DISABLE))
		return MF_OK;
	mf_error(err, MF_INVALID_PARAMETER_VALUE, "sslmode does not fit the URL \"%s\"", url->base);
	if (url->tls)
		mf_error_detail(err, "sslmode is \"disable\", but https is always encrypted.");
	else
		mf_error_detail(err, "sslmode asks for TLS, but http is not encrypted.");
	mf_error_hint(err, url->tls ? "Use an http URL, or another sslmode." : "Use an https URL.");
	return MF_ERROR;
}

/*
 * With server_name the request is for that host, by its certificate too, but
 * goes where the URL says.
 */
static MfStatus
rename_host(MfHttp *http, const MfUrl *parsed, HttpUrl *url, MfError *err)
{
	const char *name = http->settings.server_name;
	bool		v6 = strchr(name, ':') != NULL;
	int			port = parsed->port != 0 ? parsed->port : 443;
	char		there[MF_HOST_BYTES + 16];
	size_t		size = strlen(name) + strlen(parsed->path) + 32;

	if (!parsed->tls)
	{
		mf_error(err, MF_INVALID_PARAMETER_VALUE, "option \"server_name\" does not fit the URL \"%s\"", url->base);
		mf_error_detail(err, "It names the server in its certificate, but http is not encrypted.");
		mf_error_hint(err, "Use an https URL.");
		return MF_ERROR;
	}
	url->target = mf_alloc(http->mem, size);
	snprintf(there, sizeof(there), strchr(parsed->host, ':') != NULL ? "::[%s]:%d" : "::%s:%d", parsed->host, port);
	url->connect_to = curl_slist_append(NULL, there);
	if (url->target == NULL || url->connect_to == NULL)
		return mf_error_oom(err, size);
	snprintf(url->target, size, v6 ? "https://[%s]:%d%s" : "https://%s:%d%s", name, port, parsed->path);
	return MF_OK;
}

static MfStatus
parse_one(MfHttp *http, const char *text, MfError *err)
{
	HttpUrl    *url = &http->urls[http->nurls];
	const char *why;
	MfUrl		parsed;
	MfStatus	status;

	if (!mf_url_parse(text, &parsed, &why))
		return bad_url(err, why);
	url->tls = parsed.tls;
	url->base = mf_strdup(http->mem, parsed.base);
	if (url->base == NULL)
		return mf_error_oom(err, strlen(parsed.base));
	http->nurls++;
	status = check_tls(&http->settings, url, err);
	if (status == MF_OK && http->settings.server_name != NULL)
		status = rename_host(http, &parsed, url, err);
	return status;
}

MfStatus
mfh_parse_urls(MfHttp *http, const char *urls, MfError *err)
{
	MfStatus	status = MF_OK;
	size_t		n = 1;

	for (const char *p = urls; *p != '\0'; p++)
		n += *p == ',';
	http->urls = mf_calloc(http->mem, n * sizeof(HttpUrl));
	if (http->urls == NULL)
		return mf_error_oom(err, n * sizeof(HttpUrl));

	for (const char *p = urls; status == MF_OK && *p != '\0';)
	{
		size_t		skip = strspn(p, ", \t\r\n");
		size_t		len = strcspn(p + skip, ", \t\r\n");
		char	   *text;

		p += skip + len;
		if (len == 0)
			continue;
		text = mf_strndup(http->mem, p - len, len);
		status = text == NULL ? mf_error_oom(err, len) : parse_one(http, text, err);
		mf_free_secret(http->mem, text);
	}
	if (status == MF_OK && http->nurls == 0)
		status = bad_url(err, "It is empty.");
	return status;
}

void
mfh_free_urls(MfHttp *http)
{
	for (int i = 0; i < http->nurls; i++)
	{
		mf_free(http->mem, http->urls[i].base);
		mf_free(http->mem, http->urls[i].target);
		curl_slist_free_all(http->urls[i].connect_to);
	}
	mf_free(http->mem, http->urls);
}

bool
mf_url_encode(char *buf, size_t size, const char *s)
{
	static const char hex[] = "0123456789ABCDEF";
	size_t		len = strnlen(buf, size);

	for (; *s != '\0'; s++)
	{
		unsigned char c = (unsigned char) *s;
		bool		plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
			(c >= '0' && c <= '9') || c == '-' || c == '_' || c == '.' || c == '~';

		if (len + (plain ? 1 : 3) >= size)
			return false;
		if (plain)
			buf[len++] = (char) c;
		else
		{
			buf[len++] = '%';
			buf[len++] = hex[c >> 4];
			buf[len++] = hex[c & 15];
		}
		buf[len] = '\0';
	}
	return true;
}
