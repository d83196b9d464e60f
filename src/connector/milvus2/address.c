/*
 * address.c - Where is Milvus, and does it speak TLS there?
 *
 * Said by host and port, or by a uri as Milvus's other clients take it.
 */
#include "internal.h"

#define DEFAULT_PORT 19530
#define DEFAULT_TLS_PORT 443	/* Zilliz Cloud's */

bool
m2_uri_check(const char *value, const char **why)
{
	MfUrl		url;

	if (!mf_url_parse(value, &url, why))
		return false;
	*why = "It must end after host and port; option \"database\" names the database.";
	return url.path[0] == '\0';
}

static MfStatus
find_address(const MfOptions *options, M2Address *address, MfError *err)
{
	const char *uri = mf_option(options, "uri");
	const char *host = mf_option(options, "host");
	const char *why;

	memset(address, 0, sizeof(*address));
	if (uri == NULL && host == NULL)
	{
		mf_error(err, MF_FDW_DYNAMIC_PARAMETER_VALUE_NEEDED, "option \"host\" or \"uri\" is required for a server of milvus_fdw");
		mf_error_hint(err, "host: host name or address of Milvus; uri: \"http://host:port\" or \"https://host:port\".");
		return MF_ERROR;
	}
	if (uri == NULL)
	{
		address->host = host;
		address->port = (int) mf_option_int(options, "port", DEFAULT_PORT);
		return MF_OK;
	}
	if (host != NULL || mf_option(options, "port") != NULL)
	{
		mf_error(err, MF_INVALID_PARAMETER_VALUE, "options \"uri\" and \"%s\" exclude each other", host != NULL ? "host" : "port");
		mf_error_detail(err, "The option \"uri\" says host and port.");
		return MF_ERROR;
	}
	if (!mf_url_parse(uri, &address->url, &why) || address->url.path[0] != '\0')
		return mf_error(err, MF_INVALID_PARAMETER_VALUE, "invalid value for option \"uri\"");
	address->host = address->url.host;
	address->has_scheme = true;
	address->tls = address->url.tls;
	address->port = address->url.port != 0 ? address->url.port : address->tls ? DEFAULT_TLS_PORT : DEFAULT_PORT;
	return MF_OK;
}

/*
 * Does Milvus speak TLS there?  A uri says so; where there is only host and
 * port, it does if an option asks for it.
 */
static MfStatus
choose_tls(const M2Address *address, MfNetSettings *settings, MfError *err)
{
	bool		asked = mf_net_asks_for_tls(settings);
	bool		refused = settings->sslmode_given && !asked;

	if (address->has_scheme && (address->tls ? refused : asked))
	{
		mf_error(err, MF_INVALID_PARAMETER_VALUE, address->tls ?
				 "sslmode \"disable\" does not fit a uri that begins with \"https://\"" :
				 "options that ask for TLS do not fit a uri that begins with \"http://\"");
		mf_error_hint(err, "They are sslmode, sslrootcert, sslcert, sslkey and server_name.");
		return MF_ERROR;
	}
	if (!asked && !address->tls)
		settings->sslmode = MF_SSL_DISABLE;
	return MF_OK;
}

MfStatus
m2_address(const MfOptions *options, M2Address *address, MfNetSettings *settings, MfError *err)
{
	MfStatus	status = find_address(options, address, err);

	return status == MF_OK ? choose_tls(address, settings, err) : status;
}

MfStatus
m2_options_check(int place, const MfOptions *options, MfError *err)
{
	M2Address	address;
	MfNetSettings settings;

	if (place != MF_ON_SERVER)
		return MF_OK;
	mf_net_settings(&settings, "", options, NULL);
	return m2_address(options, &address, &settings, err);
}
