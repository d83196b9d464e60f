/*
 * convert_time.c - Which millisecond since 1970 is a timestamptz?
 *
 * A timestamptz counts microseconds since 2000-01-01 00:00 UTC.  That is a
 * whole number of milliseconds after the Unix epoch, so only the part since
 * 2000 has to be rounded.  Integers only; no time zone takes part.
 */
#include "convert.h"

#include "common/int.h"
#include "fmgr.h"
#include "utils/timestamp.h"

PG_FUNCTION_INFO_V1(milvus_fdw_timestamptz_to_epoch_ms);
PG_FUNCTION_INFO_V1(milvus_fdw_epoch_ms_to_timestamptz);

/* 1970-01-01 to 2000-01-01: 10957 days, 946684800000 milliseconds */
#define EPOCH_SHIFT_MS \
	((int64) (POSTGRES_EPOCH_JDATE - UNIX_EPOCH_JDATE) * SECS_PER_DAY * 1000)

/* timestamptz_to_epoch_ms(timestamptz): rounded down, also before 1970 */
Datum
milvus_fdw_timestamptz_to_epoch_ms(PG_FUNCTION_ARGS)
{
	TimestampTz t = PG_GETARG_TIMESTAMPTZ(0);
	int64		ms;

	if (TIMESTAMP_NOT_FINITE(t))
		ereport(ERROR,
				(errcode(ERRCODE_DATETIME_VALUE_OUT_OF_RANGE),
				 errmsg("timestamp has no epoch milliseconds: \"%s\"",
						TIMESTAMP_IS_NOBEGIN(t) ? "-infinity" : "infinity")));

	/* C division rounds toward zero; below zero a remainder means one less */
	ms = t / 1000;
	if (t % 1000 < 0)
		ms--;
	PG_RETURN_INT64(ms + EPOCH_SHIFT_MS);
}

/* epoch_ms_to_timestamptz(bigint): exact */
Datum
milvus_fdw_epoch_ms_to_timestamptz(PG_FUNCTION_ARGS)
{
	int64		ms = PG_GETARG_INT64(0);
	int64		t;

	if (pg_sub_s64_overflow(ms, EPOCH_SHIFT_MS, &t) ||
		pg_mul_s64_overflow(t, 1000, &t) ||
		!IS_VALID_TIMESTAMP(t))
		ereport(ERROR,
				(errcode(ERRCODE_DATETIME_VALUE_OUT_OF_RANGE),
				 errmsg("epoch milliseconds out of range for type timestamptz: \"%lld\"",
						(long long) ms)));
	PG_RETURN_TIMESTAMPTZ(t);
}
