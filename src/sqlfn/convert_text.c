/*
 * convert_text.c - How does text fit a store that counts in bytes of UTF-8 and
 * keys in 64 bits?
 *
 * Both functions give the same answer in every database encoding.  In a
 * SQL_ASCII database text has no known encoding: it must be valid UTF-8.
 */
#include "convert.h"

#include "common/cryptohash.h"
#include "common/sha2.h"
#include "fmgr.h"
#include "mb/pg_wchar.h"
#include "utils/builtins.h"
#include "utils/memutils.h"

PG_FUNCTION_INFO_V1(milvus_fdw_id_from_text);
PG_FUNCTION_INFO_V1(milvus_fdw_text_truncate_bytes);

/* Characters converted at a time in search of the cut. */
#define CUT_STEP 4096

/*
 * Text of the database in UTF-8; *utf8_len bytes.  Either s itself or a copy.
 * CHARACTER_NOT_IN_REPERTOIRE or UNTRANSLATABLE_CHARACTER: there is none.
 */
static const char *
to_utf8(const char *s, int len, int *utf8_len)
{
	char	   *utf8 = pg_server_to_any(s, len, PG_UTF8);

	*utf8_len = (utf8 == s) ? len : (int) strlen(utf8);
	return utf8;
}

/*
 * id_from_text(text).  The first 8 bytes of SHA-256 over the UTF-8 bytes, most
 * significant first, without the sign bit.  This must never change: ids that
 * users have stored depend on it.
 */
Datum
milvus_fdw_id_from_text(PG_FUNCTION_ARGS)
{
	text	   *t = PG_GETARG_TEXT_PP(0);
	int			len;
	const char *utf8 = to_utf8(VARDATA_ANY(t), (int) VARSIZE_ANY_EXHDR(t), &len);
	pg_cryptohash_ctx *ctx = pg_cryptohash_create(PG_SHA256);
	uint8		digest[PG_SHA256_DIGEST_LENGTH];
	uint64		id = 0;

	if (ctx == NULL ||
		pg_cryptohash_init(ctx) < 0 ||
		pg_cryptohash_update(ctx, (const uint8 *) utf8, len) < 0 ||
		pg_cryptohash_final(ctx, digest, sizeof(digest)) < 0)
		ereport(ERROR,
				(errcode(ERRCODE_INTERNAL_ERROR),
				 errmsg("could not compute the SHA-256 hash of an id: %s",
						ctx ? pg_cryptohash_error(ctx) : "out of memory")));
	pg_cryptohash_free(ctx);

	for (int i = 0; i < 8; i++)
		id = id << 8 | digest[i];
	PG_RETURN_INT64((int64) (id & PG_INT64_MAX));
}

/* The longest prefix of valid UTF-8 that has at most `limit` bytes. */
static int
cut_utf8(const char *s, int len, int limit)
{
	int			cut = limit;

	if (len <= limit)
		return len;
	/* back to a byte that starts a character: any but 10xxxxxx */
	while (cut > 0 && ((unsigned char) s[cut] & 0xC0) == 0x80)
		cut--;
	return cut;
}

/* Bytes of the first `count` characters of s in the database's encoding. */
static int
prefix_bytes(const char *s, int len, int count)
{
	int			bytes = 0;

	while (count-- > 0 && bytes < len)
		bytes += Min(pg_encoding_mblen(GetDatabaseEncoding(), s + bytes), len - bytes);
	return bytes;
}

/*
 * The same for text in another encoding, whose UTF-8 has more than `limit`
 * bytes.  Cutting the UTF-8 and converting that back would be wrong where one
 * character becomes two (EUC_JIS_2004) or does not come back as it was.
 * Characters convert one by one, so a prefix may be measured in pieces: large
 * ones while they fit, then ever smaller ones.
 */
static int
cut_other(const char *s, int len, int limit)
{
	int			cut = 0;
	int			step = CUT_STEP;

	while (step > 0 && cut < len)
	{
		int			bytes = prefix_bytes(s + cut, len - cut, step);
		int			utf8_len;
		const char *utf8 = to_utf8(s + cut, bytes, &utf8_len);

		if (utf8 != s + cut)
			pfree(unconstify(char *, utf8));
		if (utf8_len <= limit)
		{
			cut += bytes;
			limit -= utf8_len;
		}
		else
			step /= 2;
	}
	return cut;
}

/* text_truncate_bytes(text, max_bytes) */
Datum
milvus_fdw_text_truncate_bytes(PG_FUNCTION_ARGS)
{
	int			limit = PG_GETARG_INT32(1);
	text	   *t;
	const char *s;
	int			len;
	int			utf8_len;

	if (limit < 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("number of bytes must not be negative: \"%d\"", limit)));
	limit = Min(limit, (int) MaxAllocSize - 1);

	if (GetDatabaseEncoding() == PG_UTF8)
	{
		/* One byte more tells whether there is more; a long value is not read whole. */
		t = PG_GETARG_TEXT_P_SLICE(0, 0, limit + 1);
		s = VARDATA_ANY(t);
		len = (int) VARSIZE_ANY_EXHDR(t);
		PG_RETURN_TEXT_P(len <= limit ? t :
						 cstring_to_text_with_len(s, cut_utf8(s, len, limit)));
	}

	t = PG_GETARG_TEXT_PP(0);
	s = VARDATA_ANY(t);
	len = (int) VARSIZE_ANY_EXHDR(t);
	(void) to_utf8(s, len, &utf8_len);
	if (utf8_len <= limit)
		PG_RETURN_TEXT_P(t);
	if (GetDatabaseEncoding() == PG_SQL_ASCII)
		PG_RETURN_TEXT_P(cstring_to_text_with_len(s, cut_utf8(s, len, limit)));
	PG_RETURN_TEXT_P(cstring_to_text_with_len(s, cut_other(s, len, limit)));
}
