/*
 * settings.c - What do the network options of a server say?
 *
 * Their defaults, and a copy that outlives the options they were read from.
 */
#include <limits.h>
#include <string.h>
#include <time.h>

#include "net_internal.h"

static MfSslMode
sslmode_of(const char *value)
{
	if (strcmp(value, "disable") == 0)
		return MF_SSL_DISABLE;
	if (strcmp(value, "require") == 0)
		return MF_SSL_REQUIRE;
	if (strcmp(value, "verify-ca") == 0)
		return MF_SSL_VERIFY_CA;
	return MF_SSL_VERIFY_FULL;
}

/* An option in seconds, as milliseconds within an int. */
static int
seconds_option(const MfOptions *options, const char *name, int otherwise)
{
	int64_t		seconds = mf_option_int(options, name, otherwise);

	if (seconds < 1)
		seconds = 1;
	if (seconds > INT_MAX / 1000)
		seconds = INT_MAX / 1000;
	return (int) (seconds * 1000);
}

void
mf_net_settings(MfNetSettings *out, const char *server, const MfOptions *options, MfMem *mem)
{
	const char *sslmode = mf_option(options, "sslmode");

	out->server = server;
	out->sslmode_given = sslmode != NULL;
	out->sslmode = sslmode != NULL ? sslmode_of(sslmode) : MF_SSL_VERIFY_FULL;
	out->sslrootcert = mf_option(options, "sslrootcert");
	out->sslcert = mf_option(options, "sslcert");
	out->sslkey = mf_option(options, "sslkey");
	out->server_name = mf_option(options, "server_name");
	out->connect_timeout_ms = seconds_option(options, "connect_timeout", MF_DEFAULT_CONNECT_TIMEOUT);
	out->request_timeout_ms = seconds_option(options, "request_timeout", MF_DEFAULT_REQUEST_TIMEOUT);
	out->max_response = (size_t) MF_DEFAULT_MAX_RESPONSE;
	out->mem = mem;
}

bool
mf_net_asks_for_tls(const MfNetSettings *settings)
{
	if (settings->sslmode_given)
		return settings->sslmode != MF_SSL_DISABLE;
	return settings->sslrootcert != NULL || settings->sslcert != NULL || settings->sslkey != NULL ||
		settings->server_name != NULL;
}

static bool
copy_text(const char **text, MfMem *mem)
{
	if (*text == NULL)
		return true;
	*text = mf_strdup(mem, *text);
	return *text != NULL;
}

bool
mf_net_settings_copy(MfNetSettings *out, const MfNetSettings *in, MfMem *mem)
{
	bool		ok;

	*out = *in;
	out->mem = mem;
	if (out->server == NULL)
		out->server = "";
	ok = copy_text(&out->server, mem);
	ok &= copy_text(&out->sslrootcert, mem);
	ok &= copy_text(&out->sslcert, mem);
	ok &= copy_text(&out->sslkey, mem);
	ok &= copy_text(&out->server_name, mem);
	return ok;
}

void
mf_net_settings_free(MfNetSettings *settings, MfMem *mem)
{
	mf_free(mem, (void *) settings->server);
	mf_free(mem, (void *) settings->sslrootcert);
	mf_free(mem, (void *) settings->sslcert);
	mf_free(mem, (void *) settings->sslkey);
	mf_free(mem, (void *) settings->server_name);
	memset(settings, 0, sizeof(*settings));
}

int64_t
mf_now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t) now.tv_sec * 1000 + now.tv_nsec / 1000000;
}
