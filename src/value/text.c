/*
 * text.c - What is a batch's value as text, and may the database hold it?
 *
 * Remotes speak UTF-8.  Every text that comes in is verified here, converted
 * where the database has another encoding, and refused where it holds U+0000,
 * which no PostgreSQL text can.
 */
#include "vector.h"

#include "common/int.h"
#include "common/shortest_dec.h"
#include "mb/pg_wchar.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/date.h"
#include "utils/datetime.h"
#include "utils/fmgrprotos.h"
#include "utils/timestamp.h"
#include "utils/uuid.h"

char *
mf_text_from_utf8(const char *bytes, size_t len, size_t *outlen)
{
	char	   *copy;

	if (len > MaxAllocSize - 1)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("text of %zu bytes is too long", len)));
	if (memchr(bytes, '\0', len) != NULL)
		ereport(ERROR,
				(errcode(ERRCODE_CHARACTER_NOT_IN_REPERTOIRE),
				 errmsg("the text holds the character U+0000, which PostgreSQL cannot store")));
	pg_verify_mbstr(PG_UTF8, bytes, (int) len, false);
	copy = pnstrdup(bytes, len);
	if (GetDatabaseEncoding() != PG_UTF8)
	{
		copy = pg_any_to_server(copy, (int) len, PG_UTF8);
		len = strlen(copy);
	}
	*outlen = len;
	return copy;
}

static char *
timestamp_text(int64 us)
{
	Timestamp	value;
	struct pg_tm tm;
	fsec_t		fsec;
	char		buf[MAXDATELEN + 1];

	if (pg_sub_s64_overflow(us, (int64) (POSTGRES_EPOCH_JDATE - UNIX_EPOCH_JDATE) * USECS_PER_DAY, &value) ||
		!IS_VALID_TIMESTAMP(value) || timestamp2tm(value, NULL, &tm, &fsec, NULL, NULL) != 0)
		ereport(ERROR,
				(errcode(ERRCODE_DATETIME_VALUE_OUT_OF_RANGE), errmsg("timestamp out of range")));
	tm.tm_isdst = 0;			/* else no zone is written, and the reader would take its own */
	EncodeDateTime(&tm, fsec, true, 0, NULL, USE_ISO_DATES, buf);
	return pstrdup(buf);
}

char *
mf_value_text(MfColumn *col, int32 row)
{
	const char *bytes;
	char	   *text;
	size_t		len;

	if (col->width == 0)
	{
		if (col->kind == MF_KIND_SPARSE)
			return mf_sparse_text(col, row);
		bytes = mf_varying_at(col, row, &len);
		if (col->kind == MF_KIND_BYTES)
			return DatumGetCString(DirectFunctionCall1(byteaout, PointerGetDatum(cstring_to_text_with_len(bytes, len))));
		return mf_text_from_utf8(bytes, len, &len);
	}
	bytes = mf_fixed_at(col, row);
	switch (col->kind)
	{
		case MF_KIND_BOOL:
			return pstrdup(*bytes ? "true" : "false");
		case MF_KIND_I8:
			return psprintf("%d", *(const int8 *) bytes);
		case MF_KIND_I16:
			return psprintf("%d", *(const int16 *) bytes);
		case MF_KIND_I32:
			return psprintf("%d", *(const int32 *) bytes);
		case MF_KIND_I64:
			return psprintf(INT64_FORMAT, *(const int64 *) bytes);
		case MF_KIND_U64:
			return psprintf(UINT64_FORMAT, *(const uint64 *) bytes);
		case MF_KIND_F32:
			/* exact, whatever extra_float_digits says */
			text = palloc(FLOAT_SHORTEST_DECIMAL_LEN);
			float_to_shortest_decimal_buf(*(const float4 *) bytes, text);
			return text;
		case MF_KIND_F64:
			text = palloc(DOUBLE_SHORTEST_DECIMAL_LEN);
			double_to_shortest_decimal_buf(*(const float8 *) bytes, text);
			return text;
		case MF_KIND_TIMESTAMP:
			return timestamp_text(*(const int64 *) bytes);
		case MF_KIND_UUID:
			return DatumGetCString(DirectFunctionCall1(uuid_out, UUIDPGetDatum((const pg_uuid_t *) bytes)));
		default:
			elog(ERROR, "no text form of kind %d", col->kind);
	}
	return NULL;
}
