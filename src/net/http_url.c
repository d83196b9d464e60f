/*
 * http_url.c - Which servers does the option `url` name?
 *
 * A comma list of base URLs, each checked against the TLS settings.  What a
 * URL says is not repeated in messages before it is known to hold no password.
 */
#include <string.h>

#include "http_internal.h"

static MfStatus
bad_url(MfError *err, const char *why)
{
	mf_error(err, MF_INVALID_PARAMETER_VALUE, "invalid URL of the server");
	mf_error_detail(err, "%s", why);
	return MF_ERROR;
}

/* Is this part of the URL set (and, for a path, more than "/")? */
static bool
has_part(CURLU *parsed, CURLUPart part)
{
	char	   *text = NULL;
	bool		found = curl_url_get(parsed, part, &text, 0) == CURLUE_OK;

	curl_free(text);
	return found;
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

static MfStatus
parse_one(MfHttp *http, CURLU *parsed, const char *text, MfError *err)
{
	HttpUrl    *url = &http->urls[http->nurls];
	char	   *part = NULL;
	size_t		len;

	if (curl_url_set(parsed, CURLUPART_URL, text, 0) != CURLUE_OK)
		return bad_url(err, "It must look like \"http://host:9200\"; several are separated by commas.");
	if (has_part(parsed, CURLUPART_USER) || has_part(parsed, CURLUPART_PASSWORD))
	{
		bad_url(err, "A URL must not contain a user or a password.");
		mf_error_hint(err, "Put them into the options \"user\" and \"password\" of the user mapping.");
		return MF_ERROR;
	}
	if (has_part(parsed, CURLUPART_QUERY) || has_part(parsed, CURLUPART_FRAGMENT))
		return bad_url(err, "A base URL must not contain a query or a fragment.");
	if (curl_url_get(parsed, CURLUPART_SCHEME, &part, 0) != CURLUE_OK)
		return bad_url(err, "It must begin with \"http://\" or \"https://\".");
	url->tls = strcmp(part, "https") == 0;
	if (!url->tls && strcmp(part, "http") != 0)
	{
		curl_free(part);
		return bad_url(err, "It must begin with \"http://\" or \"https://\".");
	}
	curl_free(part);

	if (curl_url_get(parsed, CURLUPART_URL, &part, 0) != CURLUE_OK)
		return bad_url(err, "It cannot be understood.");
	url->base = mf_strdup(http->mem, part);
	curl_free(part);
	if (url->base == NULL)
		return mf_error_oom(err, strlen(text));
	http->nurls++;
	for (len = strlen(url->base); len > 0 && url->base[len - 1] == '/'; len--)
		url->base[len - 1] = '\0';
	return check_tls(&http->settings, url, err);
}

MfStatus
mfh_parse_urls(MfHttp *http, const char *urls, MfError *err)
{
	MfStatus	status = MF_OK;
	CURLU	   *parsed;
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
		parsed = curl_url();
		if (text == NULL || parsed == NULL)
			status = mf_error_oom(err, len);
		else if (strstr(text, "://") == NULL)
			status = bad_url(err, "It must begin with \"http://\" or \"https://\".");
		else
			status = parse_one(http, parsed, text, err);
		curl_url_cleanup(parsed);
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
		mf_free(http->mem, http->urls[i].base);
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
