/*
 * put_finish.c - How do the parts of an upload become a file, for certain?
 *
 * The request that completes it may be carried out while its answer is lost; S3
 * then knows no such upload when it is repeated.  So it is looked whether the
 * file is there, as long as it has to be and made of as many parts: its name is
 * ours alone.
 */
#include "put.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void
list_parts(MfPut *put, MfJsonBuf *out)
{
	bool		s3 = put->store->place.kind == STORE_S3;
	char		id[32];

	mf_json_buf_add(out, s3 ? "<CompleteMultipartUpload xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\">" :
					"<?xml version=\"1.0\" encoding=\"utf-8\"?><BlockList>");
	for (int i = 0; i < put->nparts; i++)
	{
		if (s3)
		{
			mf_json_buf_add(out, "<Part><PartNumber>");
			mf_json_buf_int(out, i + 1);
			mf_json_buf_add(out, "</PartNumber><ETag>");
			for (const char *p = put->etags[i]; *p != '\0'; p++)
			{
				if (*p == '"')
					mf_json_buf_add(out, "&quot;");
				else if (*p != '<' && *p != '&')
					mf_json_buf_raw(out, p, 1);
			}
			mf_json_buf_add(out, "</ETag></Part>");
			continue;
		}
		put_block_id(i + 1, id);
		mf_json_buf_add(out, "<Latest>");
		mf_json_buf_add(out, id);
		mf_json_buf_add(out, "</Latest>");
	}
	mf_json_buf_add(out, s3 ? "</CompleteMultipartUpload>" : "</BlockList>");
}

/* Make a file of the parts. */
static MfStatus
begin_completion(MfPut *put, MfError *err)
{
	StoreQuery	s3[] = {{"uploadId", put->upload_id}, {NULL}};
	StoreQuery	azure[] = {{"comp", "blocklist"}, {NULL}};
	bool		is_s3 = put->store->place.kind == STORE_S3;
	MfJsonBuf	body = {.mem = put->store->mem};
	MfStatus	status;

	list_parts(put, &body);
	status = body.failed ? mf_error_oom(err, body.cap) :
		store_call_begin(put->store, is_s3 ? "POST" : "PUT", put->key, is_s3 ? s3 : azure, "application/xml",
						 body.data, body.len, &put->start, err);
	mf_free(put->store->mem, body.data);
	if (status == MF_OK)
		put->start->missing_ok = is_s3;
	return status;
}

static MfStatus
begin_last(MfPut *put, MfError *err)
{
	MfStatus	status;

	if (put->nparts > 0)
		return begin_completion(put, err);
	status = store_call_begin(put->store, "PUT", put->key, NULL, put->content_type, put->buffer, put->filled,
							  &put->start, err);
	if (status == MF_OK && put->store->place.kind == STORE_AZURE)
		put->start->blob_type = "BlockBlob";
	return status;
}

/* A completion may fail although it began with status 200. */
static MfStatus
check_completion(MfPut *put, MfError *err)
{
	size_t		len;
	const char *body = mf_http_body(put->start->http, &len);

	if (put->nparts == 0 || store_xml_text(&put->arena, body, len, "Code") == NULL)
		return MF_OK;
	store_answer_error(put->start, err);
	put->start->resend = err->retry == MF_RETRY_YES;
	return MF_ERROR;
}

/* Its first byte, with which come its length and its ETag. */
static MfStatus
begin_look(MfPut *put, MfError *err)
{
	if (store_call_begin(put->store, "GET", put->key, NULL, NULL, NULL, 0, &put->look, err) != MF_OK)
		return MF_ERROR;
	put->look->missing_ok = true;
	snprintf(put->look->range, sizeof(put->look->range), "bytes=0-0");
	return MF_OK;
}

/* ETags of such files end with the number of their parts. */
static bool
is_ours(const MfPut *put)
{
	const char *range = mf_http_header(put->look->http, "content-range");
	const char *etag = mf_http_header(put->look->http, "etag");
	const char *total = range != NULL ? strchr(range, '/') : NULL;
	const char *parts = etag != NULL ? strrchr(etag, '-') : NULL;

	return total != NULL && strtoll(total + 1, NULL, 10) == put->bytes && parts != NULL && atoi(parts + 1) == put->nparts;
}

static MfStatus
look(MfPut *put, MfWaitFor *wait, MfError *err)
{
	MfStatus	status = put->look == NULL ? begin_look(put, err) : MF_OK;

	if (status == MF_OK)
		status = store_call_step(put->look, wait, err);
	if (status != MF_OK)
		return status;
	if (!put->look->missing && is_ours(put))
		return MF_OK;
	mf_error(err, MF_FDW_REPLY_HANDLE, "the store of server \"%s\" has forgotten an unfinished upload", put->store->server);
	mf_error_hint(err, "It may be that it removes such uploads after a while, or that somebody did.");
	return MF_ERROR;
}

MfStatus
put_complete(MfPut *put, MfWaitFor *wait, MfError *err)
{
	MfStatus	status = put->finishing ? MF_OK : begin_last(put, err);

	if (status != MF_OK)
		return status;
	put->finishing = true;
	if (put->look != NULL)
		return look(put, wait, err);
	status = store_call_step(put->start, wait, err);
	if (status != MF_OK)
		return status;
	return put->start->missing ? look(put, wait, err) : check_completion(put, err);
}
