/*
 * text.c - How is text made fit for a header, a message, a person?
 */
#include <stdio.h>
#include <stdint.h>
#include <string.h>

#include "net_internal.h"

void
mf_free_secret(MfMem *mem, char *secret)
{
	if (secret == NULL)
		return;
	explicit_bzero(secret, strlen(secret));
	mf_free(mem, secret);
}

bool
mf_is_header_text(const char *s)
{
	if (s == NULL)
		return true;
	for (; *s != '\0'; s++)
	{
		if ((unsigned char) *s < 0x20 || (unsigned char) *s > 0x7e)
			return false;
	}
	return true;
}

const char *
mf_duration(char *buf, size_t size, int64_t ms)
{
	if (ms % 1000 != 0)
		snprintf(buf, size, "%lld ms", (long long) ms);
	else
		snprintf(buf, size, "%lld second%s", (long long) ms / 1000, ms == 1000 ? "" : "s");
	return buf;
}

/* Bytes of the UTF-8 character at s, or 0 if there is none (RFC 3629). */
static size_t
character(const unsigned char *s, size_t left)
{
	size_t		n;
	uint32_t	code;

	if (s[0] < 0x80)
		return 1;
	if (s[0] < 0xC2 || s[0] > 0xF4)
		return 0;
	n = s[0] < 0xE0 ? 2 : s[0] < 0xF0 ? 3 : 4;
	if (n > left)
		return 0;
	code = s[0] & (0x7F >> n);
	for (size_t i = 1; i < n; i++)
	{
		if ((s[i] & 0xC0) != 0x80)
			return 0;
		code = code << 6 | (s[i] & 0x3F);
	}
	if ((n == 3 && code < 0x800) || (n == 4 && code < 0x10000) || code > 0x10FFFF ||
		(code >= 0xD800 && code <= 0xDFFF))
		return 0;
	return n;
}

void
mf_printable(char *buf, size_t size, const char *text, size_t len)
{
	const unsigned char *s = (const unsigned char *) text;
	size_t		out = 0;

	for (size_t i = 0; i < len;)
	{
		size_t		n = character(s + i, len - i);

		if (out + (n > 0 ? n : 1) >= size)
			break;
		if (n == 0 || s[i] == 0x7F || (s[i] < 0x20 && s[i] != '\n' && s[i] != '\r' && s[i] != '\t'))
			buf[out++] = '?';
		else if (s[i] < 0x20)
			buf[out++] = ' ';
		else
		{
			memcpy(buf + out, s + i, n);
			out += n;
		}
		i += n > 0 ? n : 1;
	}
	buf[out] = '\0';
}

char *
mf_base64(MfMem *mem, const char *text, size_t len)
{
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	const unsigned char *s = (const unsigned char *) text;
	char	   *out = len > SIZE_MAX / 2 ? NULL : mf_alloc(mem, (len + 2) / 3 * 4 + 1);
	char	   *p = out;

	if (out == NULL)
		return NULL;
	for (size_t i = 0; i < len; i += 3)
	{
		uint32_t	bits = (uint32_t) s[i] << 16;

		if (i + 1 < len)
			bits |= (uint32_t) s[i + 1] << 8;
		if (i + 2 < len)
			bits |= s[i + 2];
		*p++ = digits[bits >> 18];
		*p++ = digits[bits >> 12 & 63];
		*p++ = i + 1 < len ? digits[bits >> 6 & 63] : '=';
		*p++ = i + 2 < len ? digits[bits & 63] : '=';
	}
	*p = '\0';
	return out;
}
