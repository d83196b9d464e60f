/*
 * encoding.c - How do names and messages pass between UTF-8 and the database?
 *
 * Connectors and remotes speak UTF-8, the catalogs the database's encoding.
 * (Values have their own way, in src/value.)
 */
#include "milvus_fdw.h"

#include "access/xact.h"
#include "catalog/namespace.h"
#include "mb/pg_wchar.h"

char *
mf_to_utf8(const char *text)
{
	int			len = (int) strlen(text);
	char	   *utf8 = pg_server_to_any(text, len, PG_UTF8);

	return utf8 == text ? pnstrdup(text, len) : utf8;
}

char *
mf_from_utf8(const char *utf8)
{
	int			len = (int) strlen(utf8);
	char	   *text;

	pg_verify_mbstr(PG_UTF8, utf8, len, false);
	text = pg_any_to_server(utf8, len, PG_UTF8);
	return text == utf8 ? pnstrdup(utf8, len) : text;
}

/* Convert without raising; NULL = not every character has its like. */
static char *
try_conversion(const char *utf8, int encoding)
{
	int			len = (int) strlen(utf8);
	int			room = len * MAX_CONVERSION_GROWTH + 1;
	Oid			function = FindDefaultConversionProc(PG_UTF8, encoding);
	char	   *out;

	if (!OidIsValid(function))
		return NULL;
	out = palloc(room);
	return pg_do_encoding_conversion_buf(function, PG_UTF8, encoding, (unsigned char *) utf8, len,
										 (unsigned char *) out, room, true) == len ? out : NULL;
}

char *
mf_safe_text(const char *s)
{
	char	   *copy = pstrdup(s);
	int			encoding = GetDatabaseEncoding();

	if (pg_verify_mbstr(PG_UTF8, copy, strlen(copy), true))
	{
		char	   *text = encoding == PG_UTF8 ? copy : NULL;

		/* converting looks into catalogs, which a failed transaction may not */
		if (text == NULL && encoding != PG_SQL_ASCII && IsTransactionState())
			text = try_conversion(copy, encoding);
		if (text != NULL)
			return text;
	}
	for (unsigned char *p = (unsigned char *) copy; *p; p++)
	{
		if (*p >= 0x80)
			*p = '?';
	}
	return copy;
}

char *
mf_message_text(const char *s)
{
	char	   *text = mf_safe_text(s);
	int			encoding = GetDatabaseEncoding();

	for (char *p = text; *p; p += pg_encoding_mblen(encoding, p))
	{
		unsigned char c = (unsigned char) *p;

		if (c == '\n' || c == '\r' || c == '\t')
			*p = ' ';
		else if (c < 0x20 || c == 0x7f)
			*p = '?';
	}
	return text;
}
