/*
 * text.c - How do strings get out of JSON, and into it?
 */
#include <inttypes.h>
#include <stdio.h>

#include "json_internal.h"

static uint32_t
hex4(const char *p)
{
	uint32_t	v = 0;

	for (int i = 0; i < 4; i++)
	{
		char		c = p[i];

		v = v << 4 | (uint32_t) (c <= '9' ? c - '0' : (c | 0x20) - 'a' + 10);
	}
	return v;
}

/* The escapes were checked when the string was passed over. */
MfJsonDecode
mf_json_decode(const MfJsonText *text, char *out, size_t *len)
{
	const char *p = text->at;
	const char *end = p + text->len;
	char	   *o = out;

	while (p < end)
	{
		const char *plain = memchr(p, '\\', (size_t) (end - p));
		uint32_t	c;

		if (plain == NULL)
			plain = end;
		memcpy(o, p, (size_t) (plain - p));
		o += plain - p;
		p = plain;
		if (p == end)
			break;
		p += 2;
		switch (p[-1])
		{
			case 'b':
				*o++ = '\b';
				continue;
			case 'f':
				*o++ = '\f';
				continue;
			case 'n':
				*o++ = '\n';
				continue;
			case 'r':
				*o++ = '\r';
				continue;
			case 't':
				*o++ = '\t';
				continue;
			case 'u':
				break;
			default:
				*o++ = p[-1];
				continue;
		}
		c = hex4(p);
		p += 4;
		if (c == 0)
			return MF_JSON_TEXT_ZERO;
		if (c >= 0xD800 && c < 0xE000)
		{
			uint32_t	low;

			if (c >= 0xDC00 || end - p < 6 || p[0] != '\\' || p[1] != 'u')
				return MF_JSON_TEXT_SURROGATE;
			low = hex4(p + 2);
			if (low < 0xDC00 || low > 0xDFFF)
				return MF_JSON_TEXT_SURROGATE;
			p += 6;
			c = 0x10000 + ((c - 0xD800) << 10 | (low - 0xDC00));
		}
		if (c < 0x80)
			*o++ = (char) c;
		else if (c < 0x800)
		{
			*o++ = (char) (0xC0 | c >> 6);
			*o++ = (char) (0x80 | (c & 0x3F));
		}
		else if (c < 0x10000)
		{
			*o++ = (char) (0xE0 | c >> 12);
			*o++ = (char) (0x80 | (c >> 6 & 0x3F));
			*o++ = (char) (0x80 | (c & 0x3F));
		}
		else
		{
			*o++ = (char) (0xF0 | c >> 18);
			*o++ = (char) (0x80 | (c >> 12 & 0x3F));
			*o++ = (char) (0x80 | (c >> 6 & 0x3F));
			*o++ = (char) (0x80 | (c & 0x3F));
		}
	}
	*len = (size_t) (o - out);
	return MF_JSON_TEXT_OK;
}

/* For keys of a protocol, which nobody writes with escapes. */
bool
mf_json_text_is(const MfJsonText *text, const char *word)
{
	size_t		len = strlen(word);

	return text->len == len && memcmp(text->at, word, len) == 0;
}

void
mf_json_buf_raw(MfJsonBuf *buf, const char *text, size_t len)
{
	if (buf->failed)
		return;
	if (len >= buf->cap - buf->len || buf->data == NULL)
	{
		size_t		cap = (buf->len + len + 1) * 2 + 64;
		char	   *bigger = mf_realloc(buf->mem, buf->data, cap);

		if (bigger == NULL)
		{
			buf->failed = true;
			return;
		}
		buf->data = bigger;
		buf->cap = cap;
	}
	if (len > 0)
		memcpy(buf->data + buf->len, text, len);
	buf->len += len;
	buf->data[buf->len] = '\0';
}

void
mf_json_buf_add(MfJsonBuf *buf, const char *text)
{
	mf_json_buf_raw(buf, text, strlen(text));
}

void
mf_json_buf_int(MfJsonBuf *buf, int64_t value)
{
	char		digits[24];

	mf_json_buf_raw(buf, digits, (size_t) snprintf(digits, sizeof(digits), "%" PRId64, value));
}

void
mf_json_buf_quote_bytes(MfJsonBuf *buf, const char *text, size_t len)
{
	size_t		start = 0;
	char		escape[8];

	mf_json_buf_raw(buf, "\"", 1);
	for (size_t i = 0; i < len; i++)
	{
		unsigned char c = (unsigned char) text[i];

		if (c >= 0x20 && c != '"' && c != '\\')
			continue;
		mf_json_buf_raw(buf, text + start, i - start);
		if (c < 0x20)
			snprintf(escape, sizeof(escape), "\\u%04x", c);
		else
			snprintf(escape, sizeof(escape), "\\%c", c);
		mf_json_buf_add(buf, escape);
		start = i + 1;
	}
	mf_json_buf_raw(buf, text + start, len - start);
	mf_json_buf_raw(buf, "\"", 1);
}

void
mf_json_buf_quote(MfJsonBuf *buf, const char *text)
{
	mf_json_buf_quote_bytes(buf, text, strlen(text));
}
