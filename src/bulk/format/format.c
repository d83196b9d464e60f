/*
 * format.c - Which formats are there, and what do they have in common?
 */
#include "format.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define US_A_DAY INT64_C(86400000000)

const MfFormat *
mf_format_by_name(const char *name)
{
	static const MfFormat *const formats[] = {&mf_format_parquet, &mf_format_numpy, &mf_format_json};

	for (size_t i = 0; i < sizeof(formats) / sizeof(formats[0]); i++)
	{
		if (strcmp(formats[i]->name, name) == 0)
			return formats[i];
	}
	return NULL;
}

static const char *const codecs[] = {[MF_CODEC_NONE] = "none",[MF_CODEC_ZSTD] = "zstd",[MF_CODEC_SNAPPY] = "snappy"};

const char *
mf_codec_name(MfCodec codec)
{
	return codecs[codec];
}

bool
mf_codec_by_name(const MfFormat *format, const char *name, MfCodec *codec)
{
	for (size_t i = 0; i < sizeof(codecs) / sizeof(codecs[0]); i++)
	{
		if (strcmp(codecs[i], name) == 0 && (format->compresses || i == MF_CODEC_NONE))
		{
			*codec = (MfCodec) i;
			return true;
		}
	}
	return false;
}

/* The civil date of a day since 1970-01-01, proleptic Gregorian. */
static void
civil(int64_t day, int64_t *year, int *month, int *of_month)
{
	int64_t		d = day + 719468;	/* from 0000-03-01: the leap day ends a year */
	int64_t		era = (d >= 0 ? d : d - 146096) / 146097;
	int64_t		of_era = d - era * 146097;
	int64_t		y = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
	int64_t		of_year = of_era - (365 * y + y / 4 - y / 100);
	int			m = (int) (5 * of_year + 2) / 153;

	*of_month = (int) (of_year - (153 * m + 2) / 5 + 1);
	*month = m < 10 ? m + 3 : m - 9;
	*year = y + era * 400 + (*month <= 2);
}

size_t
mf_iso_time(char *buf, int64_t us, bool local)
{
	int64_t		day = us / US_A_DAY;
	int64_t		rest = us % US_A_DAY;
	int64_t		year;
	int			month;
	int			of_month;
	int			n;

	if (rest < 0)
	{
		rest += US_A_DAY;
		day--;
	}
	civil(day, &year, &month, &of_month);
	/* ISO 8601: years beyond four digits carry a sign and here have six */
	n = snprintf(buf, MF_ISO_TIME_BYTES, year >= 0 && year <= 9999 ? "%04lld" : "%+07lld", (long long) year);
	n += snprintf(buf + n, MF_ISO_TIME_BYTES - n, "-%02d-%02dT%02d:%02d:%02d", month, of_month,
				  (int) (rest / 3600000000), (int) (rest / 60000000 % 60), (int) (rest / 1000000 % 60));
	if (rest % 1000000 != 0)
		n += snprintf(buf + n, MF_ISO_TIME_BYTES - n, ".%06d", (int) (rest % 1000000));
	if (!local)
		n += snprintf(buf + n, MF_ISO_TIME_BYTES - n, "Z");
	return (size_t) n;
}

/* 9 and 17 digits read back as the same float and double (IEEE 754, 5.12.2). */
bool
mf_json_f64_text(MfBytes *out, double value)
{
	char		text[40];

	if (!isfinite(value))
		return false;
	snprintf(text, sizeof(text), "%.15g", value);
	if (strtod(text, NULL) != value)
		snprintf(text, sizeof(text), "%.17g", value);
	mf_json_buf_add(out, text);
	return true;
}

bool
mf_json_f32_text(MfBytes *out, float value)
{
	char		text[40];

	if (!isfinite(value))
		return false;
	snprintf(text, sizeof(text), "%.9g", (double) value);
	mf_json_buf_add(out, text);
	return true;
}

bool
mf_sparse_json(MfBytes *out, const char *pairs, size_t len)
{
	mf_json_buf_raw(out, "{", 1);
	for (size_t i = 0; i + 8 <= len; i += 8)
	{
		uint32_t	index;
		float		value;

		memcpy(&index, pairs + i, 4);
		memcpy(&value, pairs + i + 4, 4);
		mf_json_buf_add(out, i > 0 ? ",\"" : "\"");
		mf_json_buf_int(out, index);
		mf_json_buf_add(out, "\":");
		if (!mf_json_f32_text(out, value))
			return false;
	}
	mf_json_buf_raw(out, "}", 1);
	return true;
}

MfStatus
mf_piece_of(MfEncoder *encoder, MfPiece *piece, MfError *err)
{
	if (encoder->out.failed)
		return mf_error_oom(err, encoder->out.cap * 2);
	piece->data = encoder->out.data;
	piece->len = encoder->out.len;
	piece->tail_len = 0;
	return MF_OK;
}

MfStatus
mf_format_error(MfError *err, const char *sqlstate, const MfFormatColumn *column,
				const MfBatch *batch, int32_t row, const char *message)
{
	mf_error(err, sqlstate, "%s", message);
	snprintf(err->column, sizeof(err->column), "%s", column->name);
	err->row = batch->first_row + row;
	return MF_ERROR;
}

MfStatus
mf_format_null_error(MfError *err, const MfFormatColumn *column, const MfBatch *batch, int32_t row)
{
	mf_format_error(err, MF_NOT_NULL_VIOLATION, column, batch, row, "a value that must not be NULL is NULL");
	mf_error_hint(err, "Use coalesce() in the query.");
	return MF_ERROR;
}
