/*
 * check.c - Is a file in a store still what was written?
 *
 * Read from its beginning to its end in pieces, so that memory does not grow
 * with it: by ranges over HTTP, so that what fails is repeated piece by piece.
 */
#include "internal.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define DIRECTORY_PIECE ((size_t) 1024 * 1024)
#define NETWORK_PIECE ((size_t) 8 * 1024 * 1024)

struct MfCheck
{
	MfConn	   *store;
	char	   *name;
	char		key[1200];
	StoreDigest digest;
	int			fd;				/* of a directory's file */
	bool		open;
	char	   *piece;
	StoreCall  *call;
};

MfStatus
mf_check_begin(MfConn *store, const char *name, bool sha256, MfCheck **out, MfError *err)
{
	MfCheck    *check = mf_calloc(store->mem, sizeof(MfCheck));

	*out = check;
	if (check == NULL)
		return mf_error_oom(err, sizeof(MfCheck));
	check->store = store;
	check->fd = -1;
	check->name = mf_strdup(store->mem, name);
	if (check->name == NULL || !store_digest_begin(&check->digest, sha256))
		return mf_error_oom(err, strlen(name));
	if (!store_key(store, name, check->key, sizeof(check->key)))
		return mf_error(err, MF_PROGRAM_LIMIT, "name \"%s\" is too long for a store", name);
	return MF_OK;
}

static MfStatus
step_directory(MfCheck *check, MfWaitFor *wait, MfError *err)
{
	MfStatus	status;
	ssize_t		n;

	if (!check->open)
	{
		status = directory_open(check->store, check->name, &check->fd, err);
		if (status != MF_OK)
			return status;
		check->open = true;
		check->piece = mf_alloc(check->store->mem, DIRECTORY_PIECE);
	}
	if (check->piece == NULL)
		return mf_error_oom(err, DIRECTORY_PIECE);
	n = read(check->fd, check->piece, DIRECTORY_PIECE);
	if (n < 0)
		return store_os_error(err, errno, "read file", check->name);
	if (n == 0)
		return MF_OK;
	store_digest_add(&check->digest, check->piece, (size_t) n);
	wait->fd = -1;
	wait->timeout_ms = 0;
	return MF_WAIT;
}

static MfStatus
begin_range(MfCheck *check, MfError *err)
{
	unsigned long long from = check->digest.bytes;

	if (store_call_begin(check->store, "GET", check->key, NULL, NULL, NULL, 0, &check->call, err) != MF_OK)
		return MF_ERROR;
	check->call->missing_ok = true;
	snprintf(check->call->range, sizeof(check->call->range), "bytes=%llu-%llu", from, from + NETWORK_PIECE - 1);
	return MF_OK;
}

/* MF_OK = that was the last; MF_WAIT = there may be more. */
static MfStatus
take_range(MfCheck *check, MfError *err)
{
	size_t		len = 0;
	const char *body = "";
	int			status = mf_http_status(check->call->http);
	bool		last;

	if (status != 416)
		body = mf_http_body(check->call->http, &len);
	if (status == 200 && check->digest.bytes > 0)
		return mf_error(err, MF_FDW_REPLY_HANDLE, "the store of server \"%s\" does not read parts of files", check->store->server);
	store_digest_add(&check->digest, body, len);
	last = status != 206 || len < NETWORK_PIECE;
	store_call_end(check->call);
	check->call = NULL;
	return last ? MF_OK : MF_WAIT;
}

MfStatus
mf_check_step(MfCheck *check, MfWaitFor *wait, MfError *err)
{
	MfStatus	status;

	if (check->store->place.kind == STORE_DIRECTORY)
		return step_directory(check, wait, err);
	if (check->call == NULL && begin_range(check, err) != MF_OK)
		return MF_ERROR;
	status = store_call_step(check->call, wait, err);
	if (status != MF_OK)
		return status;
	if (check->call->missing)
		return MF_END;
	status = take_range(check, err);
	wait->fd = -1;
	wait->timeout_ms = 0;
	return status;
}

int64_t
mf_check_bytes(const MfCheck *check)
{
	return (int64_t) check->digest.bytes;
}

const char *
mf_check_checksum(MfCheck *check)
{
	return store_digest_text(&check->digest);
}

void
mf_check_end(MfCheck *check)
{
	if (check == NULL)
		return;
	if (check->fd >= 0)
		close(check->fd);
	store_call_end(check->call);
	store_digest_end(&check->digest);
	mf_free(check->store->mem, check->piece);
	mf_free(check->store->mem, check->name);
	mf_free(check->store->mem, check);
}
