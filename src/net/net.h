/*
 * net.h - Which settings do all network remotes share?
 *
 * Server options that both transports read, and the order of TLS checks.
 */
#ifndef MF_NET_H
#define MF_NET_H

#include "connector.h"

/* libpq's words, libpq's meaning. */
typedef enum MfSslMode
{
	MF_SSL_DISABLE,				/* plain text */
	MF_SSL_REQUIRE,				/* encrypted, certificate not checked */
	MF_SSL_VERIFY_CA,			/* chain checked, host name not */
	MF_SSL_VERIFY_FULL			/* chain and host name checked */
} MfSslMode;

typedef struct MfNetSettings
{
	const char *server;			/* the foreign server's name, for messages */
	MfSslMode	sslmode;
	bool		sslmode_given;	/* false: https and TLS default to verify-full */
	const char *sslrootcert;	/* CA file, absolute; NULL = the system's */
	const char *sslcert;		/* client certificate and key, or NULL */
	const char *sslkey;
	const char *server_name;	/* in the certificate, or NULL: the host */
	int			connect_timeout_ms;
	int			request_timeout_ms;
	size_t		max_response;	/* bytes of one reply at most */
	MfMem	   *mem;
} MfNetSettings;

#define MF_DEFAULT_CONNECT_TIMEOUT 10	/* seconds */
#define MF_DEFAULT_REQUEST_TIMEOUT 120	/* seconds without an answer */
#define MF_DEFAULT_MAX_RESPONSE ((int64_t) 256 * 1024 * 1024)

/* Option definitions every network connector puts into its table (see settings.c). */
#define MF_NET_OPTION_DEFS \
	{"connect_timeout", MF_ON_SERVER, MF_OPTION_INT, 0, 1, 3600, NULL, \
		"seconds to wait for a connection (default 10)", NULL}, \
	{"request_timeout", MF_ON_SERVER, MF_OPTION_INT, 0, 1, 86400, NULL, \
		"seconds to wait for the answer to one request (default 120)", NULL}, \
	{"sslmode", MF_ON_SERVER, MF_OPTION_ENUM, 0, 0, 0, \
		"disable|require|verify-ca|verify-full", \
		"TLS: disable, require, verify-ca or verify-full (default: verify-full where TLS is used)", NULL}, \
	{"sslrootcert", MF_ON_SERVER, MF_OPTION_TEXT, MF_OPTION_FILE, 0, 0, NULL, \
		"file with the certificates of the authorities to trust", NULL}, \
	{"sslcert", MF_ON_SERVER | MF_ON_USER, MF_OPTION_TEXT, MF_OPTION_FILE | MF_OPTION_MACHINE, 0, 0, NULL, \
		"file with the client certificate to show, with sslkey", NULL}, \
	{"sslkey", MF_ON_SERVER | MF_ON_USER, MF_OPTION_TEXT, MF_OPTION_FILE | MF_OPTION_MACHINE, 0, 0, NULL, \
		"file with the client certificate's private key", NULL}, \
	{"server_name", MF_ON_SERVER, MF_OPTION_TEXT, 0, 0, 0, NULL, \
		"name that the server's certificate is for (default: the host's)", mf_host_valid}

/* Read them (NULL options allowed).  Strings point into `options`. */
extern void mf_net_settings(MfNetSettings *out, const char *server,
							const MfOptions *options, MfMem *mem);

/* Does an option ask for TLS, though sslmode may not be set? */
extern bool mf_net_asks_for_tls(const MfNetSettings *settings);

#define MF_HOST_BYTES 256

/* What a URL says (url.c). */
typedef struct MfUrl
{
	bool		tls;
	int			port;			/* 0 = not said */
	char		host[MF_HOST_BYTES];	/* an IPv6 address without brackets */
	char		path[1024];		/* no slash at its end */
	char		base[1536];		/* all of it, no slash at its end */
} MfUrl;

#define MF_URL_HAS_USER "It must not contain a user or a password: they belong into the user mapping."

/* An http or https URL without user and query; false = *why (static text) says what is wrong. */
extern bool mf_url_parse(const char *text, MfUrl *url, const char **why);

/* A host name or an address, as options of that kind are checked. */
extern bool mf_host_valid(const char *host, const char **why);

/* base64(text[0..len)) with NUL from mem; NULL = no memory. */
extern char *mf_base64(MfMem *mem, const char *text, size_t len);

/* Monotonic milliseconds. */
extern int64_t mf_now_ms(void);

#endif							/* MF_NET_H */
