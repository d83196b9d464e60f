/*
 * error.c - How is an MfError filled?
 *
 * Texts are cut to their room at the border of a UTF-8 character, because a
 * remote's message may be of any length and PostgreSQL will verify it.
 */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "mf_error.h"

/* Shorten a text that filled its buffer so that no character is cut in two. */
static void
cut_at_character(char *buf, size_t size)
{
	size_t		len = strlen(buf);
	size_t		start;

	if (len + 1 < size || len == 0)
		return;
	start = len - 1;
	while (start > 0 && ((unsigned char) buf[start] & 0xC0) == 0x80)
		start--;
	if ((unsigned char) buf[start] >= 0x80)
		buf[start] = '\0';
}

static void __attribute__((format(printf, 3, 0)))
fill(char *buf, size_t size, const char *fmt, va_list args)
{
	vsnprintf(buf, size, fmt, args);
	cut_at_character(buf, size);
}

void
mf_error_reset(MfError *err)
{
	memset(err, 0, sizeof(*err));
}

MfStatus
mf_error(MfError *err, const char *sqlstate, const char *fmt,...)
{
	va_list		args;

	mf_error_reset(err);
	memcpy(err->sqlstate, sqlstate, 5);
	va_start(args, fmt);
	fill(err->message, sizeof(err->message), fmt, args);
	va_end(args);
	return MF_ERROR;
}

void
mf_error_detail(MfError *err, const char *fmt,...)
{
	va_list		args;

	va_start(args, fmt);
	fill(err->detail, sizeof(err->detail), fmt, args);
	va_end(args);
}

void
mf_error_hint(MfError *err, const char *fmt,...)
{
	va_list		args;

	va_start(args, fmt);
	fill(err->hint, sizeof(err->hint), fmt, args);
	va_end(args);
}

MfStatus
mf_error_oom(MfError *err, size_t wanted)
{
	mf_error(err, MF_FDW_OUT_OF_MEMORY, "out of memory");
	mf_error_detail(err, "A request for %zu bytes is over the budget of this connection.", wanted);
	return MF_ERROR;
}
