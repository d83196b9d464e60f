/*
 * cursor.c - How is a hostile file read forward?
 */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "faiss.h"

MfStatus
mf_faiss_damaged(MfFaissCursor *c, const char *fmt,...)
{
	char		what[256];
	va_list		args;

	va_start(args, fmt);
	vsnprintf(what, sizeof(what), fmt, args);
	va_end(args);
	mf_error(c->err, MF_FDW_REPLY_HANDLE, "file \"%s\" is not a sound Faiss index", c->path);
	mf_error_detail(c->err, "At byte %lld: %s.", (long long) c->at, what);
	return MF_ERROR;
}

static MfStatus
fill(MfFaissCursor *c)
{
	int64_t		left = c->size - c->at;
	size_t		len = left < (int64_t) sizeof(c->window) ? (size_t) left : sizeof(c->window);

	if (mf_file_read(c->fd, c->path, c->window, len, c->at, c->err) != MF_OK)
		return MF_ERROR;
	c->window_at = c->at;
	c->window_len = len;
	return MF_OK;
}

MfStatus
mf_faiss_get(MfFaissCursor *c, void *to, size_t len)
{
	size_t		done = 0;

	if ((int64_t) len > c->size - c->at)
		return mf_faiss_damaged(c, "it ends in the middle of something");
	while (done < len)
	{
		size_t		have;

		if (c->at < c->window_at || c->at >= c->window_at + (int64_t) c->window_len)
		{
			if (fill(c) != MF_OK)
				return MF_ERROR;
		}
		have = (size_t) (c->window_at + (int64_t) c->window_len - c->at);
		if (have > len - done)
			have = len - done;
		memcpy((char *) to + done, c->window + (c->at - c->window_at), have);
		c->at += (int64_t) have;
		done += have;
	}
	return MF_OK;
}

MfStatus
mf_faiss_skip(MfFaissCursor *c, int64_t count, int64_t width)
{
	if (count < 0 || width < 0 || (width > 0 && count > (c->size - c->at) / width))
		return mf_faiss_damaged(c, "%lld elements of %lld bytes do not fit into the file",
								(long long) count, (long long) width);
	c->at += count * width;
	return MF_OK;
}

MfStatus
mf_faiss_count(MfFaissCursor *c, int64_t width, int64_t *count)
{
	uint64_t	n;

	if (mf_faiss_get(c, &n, sizeof(n)) != MF_OK)
		return MF_ERROR;
	if (n > (uint64_t) (c->size - c->at) / (uint64_t) width)
		return mf_faiss_damaged(c, "%llu elements of %lld bytes do not fit into the file",
								(unsigned long long) n, (long long) width);
	*count = (int64_t) n;
	return MF_OK;
}
