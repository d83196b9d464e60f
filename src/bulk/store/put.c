/*
 * put.c - How does a file of any length go into a store?
 *
 * Over HTTP in parts of one size, some in flight while the next is filled; a
 * file that fits into one part is one request.  The parts become a file at the
 * end (S3: CompleteMultipartUpload, Azure: Put Block List), so that nobody sees
 * half of one.
 */
#include "put.h"

#include <stdio.h>
#include <string.h>

#define MOST_PARTS 10000		/* of S3; Azure takes 50000 blocks */

MfStatus
mf_put_begin(MfConn *store, const char *name, const char *content_type, MfPut **out, MfError *err)
{
	MfPut	   *put = mf_calloc(store->mem, sizeof(MfPut));

	*out = put;
	if (put == NULL)
		return mf_error_oom(err, sizeof(MfPut));
	put->store = store;
	put->content_type = content_type;
	put->arena.mem = store->mem;
	if (store->place.kind == STORE_DIRECTORY)
		return directory_put_begin(store, name, &put->directory, err);
	if (!store_key(store, name, put->key, sizeof(put->key)))
		return mf_error(err, MF_PROGRAM_LIMIT, "name \"%s\" is too long for a store", name);
	put->buffer = mf_alloc(store->mem, store->part_bytes);
	if (put->buffer == NULL || !store_digest_begin(&put->digest, store->sha256))
		return mf_error_oom(err, store->part_bytes);
	return MF_OK;
}

/* ---------------------------------------------------------------------- parts */

static MfStatus
note_etag(MfPut *put, const Part *part, MfError *err)
{
	const char *etag = mf_http_header(part->call->http, "etag");

	if (put->store->place.kind != STORE_S3)
		return MF_OK;
	if (etag == NULL)
		return mf_error(err, MF_FDW_REPLY_HANDLE, "the store of server \"%s\" did not confirm a part of a file", put->store->server);
	if (part->number > put->room)
	{
		int			room = part->number * 2;
		char	  **etags = mf_realloc(put->store->mem, put->etags, sizeof(char *) * (size_t) room);

		if (etags == NULL)
			return mf_error_oom(err, sizeof(char *) * (size_t) room);
		put->etags = etags;
		put->room = room;
	}
	put->etags[part->number - 1] = mf_arena_strdup(&put->arena, etag);
	return put->arena.failed ? mf_error_oom(err, strlen(etag)) : MF_OK;
}

/* Look after the parts in flight; MF_OK = at least `want` places are free. */
MfStatus
put_step_parts(MfPut *put, int want, MfWaitFor *wait, MfError *err)
{
	int			nfree = 0;

	for (int i = 0; i < MAX_PARTS_IN_FLIGHT; i++)
	{
		Part	   *part = &put->parts[i];
		MfStatus	status = part->call != NULL ? store_call_step(part->call, wait, err) : MF_OK;

		if (status == MF_ERROR)
			return MF_ERROR;
		if (status == MF_WAIT)
			continue;
		if (part->call != NULL && note_etag(put, part, err) != MF_OK)
			return MF_ERROR;
		if (part->call != NULL)
			put->done++;
		store_call_end(part->call);
		part->call = NULL;
		nfree++;
	}
	return nfree >= want ? MF_OK : MF_WAIT;
}

/* S3 gives a multipart upload a name of its own. */
static MfStatus
start_upload(MfPut *put, MfWaitFor *wait, MfError *err)
{
	static const StoreQuery query[] = {{"uploads", ""}, {NULL}};
	MfStatus	status = MF_OK;
	const char *body;
	size_t		len;

	if (put->store->place.kind != STORE_S3 || put->upload_id != NULL)
		return MF_OK;
	if (put->start == NULL)
		status = store_call_begin(put->store, "POST", put->key, query, NULL, NULL, 0, &put->start, err);
	if (status == MF_OK)
		status = store_call_step(put->start, wait, err);
	if (status != MF_OK)
		return status;
	body = mf_http_body(put->start->http, &len);
	put->upload_id = store_xml_text(&put->arena, body, len, "UploadId");
	if (put->upload_id == NULL || put->upload_id[0] == '\0')
		return mf_error(err, MF_FDW_REPLY_HANDLE, "the store of server \"%s\" gave no upload id", put->store->server);
	store_call_end(put->start);
	put->start = NULL;
	return MF_OK;
}

/* Blocks of a blob must have ids of one length. */
void
put_block_id(int number, char id[32])
{
	char		text[16];

	snprintf(text, sizeof(text), "%09d", number);
	EVP_EncodeBlock((unsigned char *) id, (const unsigned char *) text, 9);
}

/* Send what the buffer holds as the next part; it is copied. */
MfStatus
put_send_part(MfPut *put, MfWaitFor *wait, MfError *err)
{
	char		number[32];
	char		id[32];
	StoreQuery	s3[] = {{"partNumber", number}, {"uploadId", put->upload_id}, {NULL}};
	StoreQuery	azure[] = {{"blockid", id}, {"comp", "block"}, {NULL}};
	MfStatus	status = start_upload(put, wait, err);
	Part	   *part = put->parts;

	if (status == MF_OK)
		status = put_step_parts(put, 1, wait, err);
	if (status != MF_OK)
		return status;
	while (part->call != NULL)
		part++;
	if (put->nparts >= MOST_PARTS)
		return mf_error(err, MF_PROGRAM_LIMIT, "a file has too many parts; raise the option \"part_bytes\" of the server");
	part->number = put->nparts + 1;
	snprintf(number, sizeof(number), "%d", part->number);
	put_block_id(part->number, id);
	s3[1].value = put->upload_id;
	status = store_call_begin(put->store, "PUT", put->key, put->store->place.kind == STORE_S3 ? s3 : azure,
							  "application/octet-stream", put->buffer, put->filled, &part->call, err);
	if (status != MF_OK)
		return status;
	put->nparts++;
	put->filled = 0;
	/* let it leave; an error it would repeat shows again when a place is needed */
	return store_call_step(part->call, wait, err) == MF_ERROR ? MF_ERROR : MF_OK;
}

MfStatus
mf_put_data(MfPut *put, const char *data, size_t len, size_t *taken, MfWaitFor *wait, MfError *err)
{
	size_t		before = *taken;
	MfStatus	status = MF_OK;

	if (put->directory != NULL)
	{
		status = directory_put_data(put->directory, data, len, taken, wait, err);
		put->bytes += (int64_t) (*taken - before);
		return status;
	}
	while (status == MF_OK && *taken < len)
	{
		size_t		room = put->store->part_bytes - put->filled;
		size_t		n = len - *taken < room ? len - *taken : room;

		if (n == 0)
		{
			status = put_send_part(put, wait, err);
			continue;
		}
		memcpy(put->buffer + put->filled, data + *taken, n);
		store_digest_add(&put->digest, data + *taken, n);
		put->filled += n;
		put->bytes += (int64_t) n;
		*taken += n;
	}
	return status;
}

MfStatus
mf_put_head(MfPut *put, const char *head, size_t len, MfError *err)
{
	if (put->directory == NULL)
		return mf_error(err, MF_INTERNAL, "a file in an object store cannot be changed");
	return directory_put_head(put->directory, head, len, err);
}

/* -------------------------------------------------------------------- the end */

MfStatus
mf_put_finish(MfPut *put, MfWaitFor *wait, MfError *err)
{
	MfStatus	status = MF_OK;

	if (put->directory != NULL)
		return directory_put_finish(put->directory, wait, err);
	if (!put->finishing && put->nparts > 0 && put->filled > 0)
		status = put_send_part(put, wait, err);
	if (status == MF_OK && !put->finishing)
		status = put_step_parts(put, MAX_PARTS_IN_FLIGHT, wait, err);
	if (status == MF_OK)
		status = put_complete(put, wait, err);
	if (status != MF_OK)
		return status;
	put->done++;
	(void) store_digest_text(&put->digest);
	return MF_OK;
}

int64_t
mf_put_bytes(const MfPut *put)
{
	return put->bytes;
}

int64_t
mf_put_parts(const MfPut *put)
{
	return put->done;
}

const char *
mf_put_checksum(const MfPut *put)
{
	return put->directory != NULL ? directory_put_checksum(put->directory) : put->digest.text;
}

void
mf_put_end(MfPut *put)
{
	if (put == NULL)
		return;
	directory_put_end(put->directory);
	for (int i = 0; i < MAX_PARTS_IN_FLIGHT; i++)
		store_call_end(put->parts[i].call);
	store_call_end(put->start);
	store_call_end(put->look);
	mf_arena_free(&put->arena);
	store_digest_end(&put->digest);
	mf_free(put->store->mem, put->etags);
	mf_free(put->store->mem, put->buffer);
	mf_free(put->store->mem, put);
}
