/*
 * http_buffer.c - Where do the bytes of an answer go?
 *
 * Into buffers from the budget that are used again and again, because the page
 * faults of fresh ones cost more than the copy.  Nothing is taken beyond
 * max_response, whatever the server announces or sends.
 */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "http_internal.h"

#define MIN_ANSWER 16384

/* A spare buffer that holds cap, or else the largest there is. */
static void
take_spare(MfHttp *http, HttpBuffer *buffer, size_t cap)
{
	int			best = -1;

	for (int i = 0; i < http->nspare; i++)
	{
		size_t		have = http->spare[i].cap;

		if (best < 0 ||
			(have >= cap ? http->spare[best].cap < cap || have < http->spare[best].cap
			 : have > http->spare[best].cap))
			best = i;
	}
	if (best < 0)
		return;
	*buffer = http->spare[best];
	http->spare[best] = http->spare[--http->nspare];
}

/* Make the buffer hold cap bytes; what is in it stays.  false = no memory. */
bool
mfh_buffer_room(MfHttp *http, HttpBuffer *buffer, size_t cap)
{
	char	   *bigger;

	if (buffer->data == NULL)
		take_spare(http, buffer, cap);
	if (cap <= buffer->cap)
		return true;
	bigger = mf_realloc(http->mem, buffer->data, cap);
	if (bigger == NULL && http->nspare > 0)
	{
		mfh_buffers_free(http);
		bigger = mf_realloc(http->mem, buffer->data, cap);
	}
	if (bigger == NULL)
		return false;
	buffer->data = bigger;
	buffer->cap = cap;
	return true;
}

void
mfh_buffer_release(MfHttp *http, HttpBuffer *buffer)
{
	if (buffer->data != NULL && http->nspare < HTTP_SPARE && buffer->cap <= HTTP_SPARE_BYTES)
	{
		buffer->len = 0;
		http->spare[http->nspare++] = *buffer;
	}
	else
		mf_free(http->mem, buffer->data);
	memset(buffer, 0, sizeof(*buffer));
}

/* Give all spare buffers back to the budget. */
void
mfh_buffers_free(MfHttp *http)
{
	while (http->nspare > 0)
		mf_free(http->mem, http->spare[--http->nspare].data);
}

/* curl's write callback: anything but the full length ends the transfer. */
size_t
mfh_on_body(char *data, size_t size, size_t n, void *arg)
{
	MfHttpCall *call = arg;
	HttpBuffer *answer = &call->answer;
	size_t		max = call->http->settings.max_response;
	size_t		want;

	n *= size;
	if (n > max || answer->len > max - n)
	{
		call->too_large = true;
		return 0;
	}
	want = answer->len + n + HTTP_LOOKAHEAD;
	if (want > answer->cap)
	{
		size_t		cap = answer->cap * 2;

		if (cap < MIN_ANSWER)
			cap = MIN_ANSWER;
		if (cap < call->announced + HTTP_LOOKAHEAD)
			cap = call->announced + HTTP_LOOKAHEAD;
		if (cap > max + HTTP_LOOKAHEAD)
			cap = max + HTTP_LOOKAHEAD;
		if (!mfh_buffer_room(call->http, answer, cap > want ? cap : want))
		{
			call->no_memory = true;
			return 0;
		}
	}
	memcpy(answer->data + answer->len, data, n);
	answer->len += n;
	return n;
}

/* Keep "name\0value\0", the name in lower case; too many are not kept. */
static void
keep_header(MfHttpCall *call, const char *line, size_t colon, size_t n)
{
	HttpBuffer *head = &call->head;
	size_t		from = colon + 1;

	while (from < n && (line[from] == ' ' || line[from] == '\t'))
		from++;
	while (n > from && (line[n - 1] == ' ' || line[n - 1] == '\t'))
		n--;
	if (head->len + colon + (n - from) + 2 > HTTP_HEAD_BYTES ||
		memchr(line, '\0', n) != NULL ||
		!mfh_buffer_room(call->http, head, HTTP_HEAD_BYTES))
		return;
	for (size_t i = 0; i < colon; i++)
		head->data[head->len++] = (char) (line[i] >= 'A' && line[i] <= 'Z' ? line[i] | 0x20 : line[i]);
	head->data[head->len++] = '\0';
	memcpy(head->data + head->len, line + from, n - from);
	head->len += n - from;
	head->data[head->len++] = '\0';
}

/* curl's header callback: one line, with its line end. */
size_t
mfh_on_header(char *data, size_t size, size_t n, void *arg)
{
	MfHttpCall *call = arg;
	size_t		len = n * size;
	size_t		all = len;
	char	   *colon;

	while (len > 0 && (data[len - 1] == '\r' || data[len - 1] == '\n'))
		len--;
	if (len >= 5 && memcmp(data, "HTTP/", 5) == 0)
	{
		/* A status line: what came before was an interim answer. */
		call->head.len = 0;
		call->answer.len = 0;
		call->announced = 0;
		return all;
	}
	colon = memchr(data, ':', len);
	if (colon == NULL || colon == data)
		return all;
	if (colon - data == 14 && strncasecmp(data, "content-length", 14) == 0)
	{
		/* The line need not end in NUL: curl hands out length and bytes. */
		char		digits[24];
		size_t		room = len - 15 < sizeof(digits) - 1 ? len - 15 : sizeof(digits) - 1;
		unsigned long long announced;

		memcpy(digits, colon + 1, room);
		digits[room] = '\0';
		announced = strtoull(digits, NULL, 10);
		if (announced > call->http->settings.max_response && strcmp(call->method, "HEAD") != 0)
		{
			call->too_large = true;
			return 0;
		}
		call->announced = (size_t) announced;
	}
	keep_header(call, data, (size_t) (colon - data), len);
	return all;
}
