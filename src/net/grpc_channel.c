/*
 * grpc_channel.c - How is a channel to a server set up and taken down?
 *
 * Opening reads files and copies strings; gRPC itself, with its threads,
 * starts with the first call.
 */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "grpc_internal.h"

static MfGrpc *channels;

MfGrpc *
mfg_all_channels(void)
{
	return channels;
}

static MfStatus
copy_auth(MfGrpc *grpc, const MfGrpcAuth *auth, MfError *err)
{
	const char *token = auth != NULL ? auth->token : NULL;
	size_t		size;
	char	   *pair;

	if (auth == NULL || (token == NULL && auth->user == NULL))
		return MF_OK;
	if (token != NULL)
		grpc->authorization = mf_base64(grpc->mem, token, strlen(token));
	else
	{
		const char *password = auth->password != NULL ? auth->password : "";

		size = strlen(auth->user) + strlen(password) + 2;
		pair = mf_alloc(grpc->mem, size);
		if (pair != NULL)
		{
			snprintf(pair, size, "%s:%s", auth->user, password);
			grpc->authorization = mf_base64(grpc->mem, pair, size - 1);
			mf_free_secret(grpc->mem, pair);
		}
	}
	return grpc->authorization != NULL ? MF_OK : mf_error_oom(err, 256);
}

static MfStatus
set_up(MfGrpc *grpc, const char *host, int port, const MfGrpcAuth *auth,
	   const char *database, const MfNetSettings *settings, MfError *err)
{
	size_t		size;
	MfStatus	status;
	const char *why;

	if (!mf_net_settings_copy(&grpc->settings, settings, grpc->mem))
		return mf_error_oom(err, sizeof(MfNetSettings));
	if (host == NULL || !mf_host_valid(host, &why))
		return mf_error(err, MF_INVALID_PARAMETER_VALUE, "invalid host name of server \"%s\"",
						grpc->settings.server);
	if (port < 1 || port > 65535)
		return mf_error(err, MF_INVALID_PARAMETER_VALUE, "invalid port %d of server \"%s\"", port,
						grpc->settings.server);
	if (!mf_is_header_text(database))
		return mf_error(err, MF_INVALID_PARAMETER_VALUE,
						"the name of the remote database holds a character that cannot be sent");
	size = strlen(host) + 16;
	grpc->host = mf_strdup(grpc->mem, host);
	grpc->address = mf_alloc(grpc->mem, size);
	if (database != NULL)
		grpc->database = mf_strdup(grpc->mem, database);
	if (grpc->host == NULL || grpc->address == NULL || (database != NULL && grpc->database == NULL))
		return mf_error_oom(err, size);
	grpc->port = port;
	snprintf(grpc->address, size, strchr(host, ':') != NULL ? "[%s]:%d" : "%s:%d", host, port);
	status = copy_auth(grpc, auth, err);
	return status == MF_OK ? mf_tls_files_read(&grpc->settings, grpc->mem, &grpc->tls, err) : status;
}

MfStatus
mf_grpc_open(const char *host, int port, const MfGrpcAuth *auth, const char *database,
			 const MfNetSettings *settings, MfGrpc **grpc, MfError *err)
{
	MfGrpc	   *g = mf_calloc(settings->mem, sizeof(MfGrpc));
	MfStatus	status;

	*grpc = NULL;
	if (g == NULL)
		return mf_error_oom(err, sizeof(MfGrpc));
	g->mem = settings->mem;
	g->next = channels;
	if (g->next != NULL)
		g->next->prev = g;
	channels = g;
	status = set_up(g, host, port, auth, database, settings, err);
	if (status != MF_OK)
		mf_grpc_close(g);
	else
		*grpc = g;
	return status;
}

static grpc_arg
integer(const char *key, int value)
{
	grpc_arg	arg;

	memset(&arg, 0, sizeof(arg));
	arg.type = GRPC_ARG_INTEGER;
	arg.key = (char *) key;
	arg.value.integer = value;
	return arg;
}

static grpc_arg
string(const char *key, const char *value)
{
	grpc_arg	arg;

	memset(&arg, 0, sizeof(arg));
	arg.type = GRPC_ARG_STRING;
	arg.key = (char *) key;
	arg.value.string = (char *) value;
	return arg;
}

/* With signals blocked. */
static grpc_channel *
make_channel(const MfGrpc *grpc)
{
	const MfNetSettings *settings = &grpc->settings;
	char		target[300];
	grpc_channel_credentials *credentials = mfg_make_credentials(grpc);
	grpc_channel *channel;
	grpc_arg	args[] = {
		integer(GRPC_ARG_MAX_SEND_MESSAGE_LENGTH, -1),
		integer(GRPC_ARG_MAX_RECEIVE_MESSAGE_LENGTH,
				settings->max_response < INT_MAX ? (int) settings->max_response : INT_MAX),
		/* Sending anew is ours to decide. */
		integer(GRPC_ARG_ENABLE_RETRIES, 0),
		/* Nothing from the environment or from DNS leads elsewhere. */
		integer(GRPC_ARG_ENABLE_HTTP_PROXY, 0),
		integer(GRPC_ARG_SERVICE_CONFIG_DISABLE_RESOLUTION, 1),
		/* No compression asked for or taken: rows are dense, bombs are small. */
		integer(GRPC_COMPRESSION_CHANNEL_ENABLED_ALGORITHMS_BITSET, 1),
		/* A connection and its back-off belong to this channel alone. */
		integer(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1),

		/* Its patience with one address: a little longer than ours with all. */
		integer(GRPC_ARG_MIN_RECONNECT_BACKOFF_MS, settings->connect_timeout_ms + 1000),
		integer(GRPC_ARG_DNS_ARES_QUERY_TIMEOUT_MS, settings->connect_timeout_ms + 1000),
		integer(GRPC_ARG_INITIAL_RECONNECT_BACKOFF_MS, 100),
		integer(GRPC_ARG_MAX_RECONNECT_BACKOFF_MS, 1000),

		/*
		 * A peer that is gone is noticed.  The rarer of the two intervals that
		 * Milvus's own client has used, and gRPC's patience: on a slow line a
		 * ping waits behind megabytes of rows.
		 */
		integer(GRPC_ARG_KEEPALIVE_TIME_MS, 55000),
		integer(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, 20000),
		integer(GRPC_ARG_KEEPALIVE_PERMIT_WITHOUT_CALLS, 1),
		/* Last, for it is left out where no name is given. */
		string(GRPC_SSL_TARGET_NAME_OVERRIDE_ARG, settings->server_name),
	};
	size_t		nargs = sizeof(args) / sizeof(args[0]) - (settings->server_name == NULL);
	grpc_channel_args all = {nargs, args};

	if (credentials == NULL)
		return NULL;
	snprintf(target, sizeof(target), "dns:///%s", grpc->address);
	channel = grpc_channel_create(target, credentials, &all);
	grpc_channel_credentials_release(credentials);
	return channel;
}

/*
 * Have a channel that is worth waiting for.  One that has failed to connect is
 * replaced, because it would rather answer its old failure than try again.
 */
MfStatus
mfg_channel_make(MfGrpc *grpc, MfError *err)
{
	MfStatus	status = mfg_runtime_start(err);
	MfGuard		guard;

	if (status != MF_OK)
		return status;
	if (grpc->wake == NULL)
		grpc->wake = mfg_wake_new();
	if (grpc->wake == NULL)
	{
		int			number = errno;

		mf_error(err, MF_INSUFFICIENT_RESOURCES, "could not create a descriptor to wait for");
		mf_error_detail(err, "%s.", strerror(number));
		return MF_ERROR;
	}
	mf_guard_begin(&guard);
	if (grpc->channel != NULL)
	{
		grpc_connectivity_state state = grpc_channel_check_connectivity_state(grpc->channel, 0);

		if (state == GRPC_CHANNEL_TRANSIENT_FAILURE || state == GRPC_CHANNEL_SHUTDOWN)
		{
			/* Calls that are under way keep it for themselves. */
			grpc_channel_destroy(grpc->channel);
			grpc->channel = NULL;
		}
	}
	if (grpc->channel == NULL)
		grpc->channel = make_channel(grpc);
	mf_guard_end(&guard);
	if (grpc->channel == NULL)
	{
		mf_error(err, MF_SQL_CLIENT_UNABLE, "could not set up a connection to server \"%s\"",
				 grpc->settings.server);
		mf_error_detail(err, "gRPC does not take the certificates or the key.");
		return MF_ERROR;
	}
	return MF_OK;
}

bool
mfg_channel_is_ready(MfGrpc *grpc)
{
	MfGuard		guard;
	bool		ready = false;

	mf_guard_begin(&guard);
	if (grpc->channel != NULL && mfg_runtime() == GRPC_STARTED)
		ready = grpc_channel_check_connectivity_state(grpc->channel, 0) == GRPC_CHANNEL_READY;
	mf_guard_end(&guard);
	return ready;
}

void
mf_grpc_close(MfGrpc *grpc)
{
	MfMem	   *mem;
	MfGuard		guard;

	if (grpc == NULL)
		return;
	mem = grpc->mem;
	while (grpc->calls != NULL)
		mf_grpc_end(grpc->calls);
	if (grpc->channel != NULL && mfg_runtime() == GRPC_STARTED)
	{
		mf_guard_begin(&guard);
		grpc_channel_destroy(grpc->channel);
		mf_guard_end(&guard);
	}
	mfg_wake_unref(grpc->wake);
	if (grpc->prev != NULL)
		grpc->prev->next = grpc->next;
	else
		channels = grpc->next;
	if (grpc->next != NULL)
		grpc->next->prev = grpc->prev;
	while (grpc->nspare > 0)
		mf_free(mem, grpc->spare[--grpc->nspare].data);
	mf_free(mem, grpc->host);
	mf_free(mem, grpc->address);
	mf_free_secret(mem, grpc->authorization);
	mf_free(mem, grpc->database);
	mf_tls_files_free(&grpc->tls, mem);
	mf_net_settings_free(&grpc->settings, mem);
	mf_free(mem, grpc);
}

void
mf_grpc_shutdown(void)
{
	MfGuard		guard;

	if (mfg_runtime() != GRPC_STARTED)
		return;
	mf_guard_begin(&guard);
	for (MfGrpc *grpc = channels; grpc != NULL; grpc = grpc->next)
	{
		for (MfGrpcCall *call = grpc->calls; call != NULL; call = call->next)
		{
			if (call->attempt != NULL)
				grpc_call_cancel(call->attempt->call, NULL);
		}
		if (grpc->channel != NULL)
			grpc_channel_destroy(grpc->channel);
		grpc->channel = NULL;
	}
	mfg_runtime_stop();
	mf_guard_end(&guard);
}
