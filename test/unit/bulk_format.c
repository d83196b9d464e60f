/*
 * bulk_format.c - Do the formats write what their specifications say, within their memory?
 *
 * Levels are decoded again by the rule of Encodings.md; batches of random kinds,
 * NULLs and lengths go through every format under the sanitizers.  Whether
 * others read the files is test/t/100_stage.pl's question.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include "../../src/bulk/format/crc.h"
#include "../../src/bulk/format/parquet.h"
#include "drive.h"

static MfMem mem;

static uint64_t
rnd(void)
{
	static uint64_t s = 88172645463325252;

	s ^= s << 13;
	s ^= s >> 7;
	s ^= s << 17;
	return s * 2685821657736338717;
}

/* -------------------------------------------------------------------- levels */

static uint64_t
varint(const unsigned char **p)
{
	uint64_t	value = 0;

	for (int shift = 0;; shift += 7)
	{
		unsigned char c = *(*p)++;

		value |= (uint64_t) (c & 0x7F) << shift;
		if (c < 0x80)
			return value;
	}
}

static bool
decodes(const MfBytes *bytes, const uint8_t *levels, size_t n, int bits)
{
	const unsigned char *p = (const unsigned char *) bytes->data + 4;
	const unsigned char *end = (const unsigned char *) bytes->data + bytes->len;
	size_t		at = 0;

	while (at < n && p < end)
	{
		uint64_t	head = varint(&p);

		if (!(head & 1))
		{
			for (uint64_t i = 0; i < head >> 1; i++)
			{
				if (at >= n || levels[at++] != *p)
					return false;
			}
			p++;
			continue;
		}
		for (uint64_t i = 0; i < (head >> 1) * 8; i++)
		{
			size_t		bit = i * (size_t) bits;
			int			level = (p[bit / 8] >> (bit % 8)) & ((1 << bits) - 1);

			if (at < n && levels[at] != level)
				return false;
			at += at < n;
		}
		p += (head >> 1) * (uint64_t) bits;
	}
	return at == n && p == end;
}

static void
levels(void)
{
	int			wrong = 0;

	for (int round = 0; round < 3000; round++)
	{
		size_t		n = rnd() % 400;
		int			bits = 1 + (int) (rnd() % 2);
		uint8_t    *values = malloc(n + 1);
		MfBytes		out = {.mem = &mem};

		for (size_t i = 0; i < n;)
		{
			uint8_t		value = (uint8_t) (rnd() % (bits == 1 ? 2 : 3));

			for (size_t run = 1 + rnd() % (rnd() % 4 == 0 ? 40 : 3); run > 0 && i < n; run--)
				values[i++] = value;
		}
		pq_levels(&out, values, n, bits);
		wrong += !decodes(&out, values, n, bits);
		free(values);
		mf_free(&mem, out.data);
	}
	ok(wrong == 0, "levels come back (%d do not)", wrong);
}

/* --------------------------------------------------------------------- times */

static void
times(void)
{
	static const struct
	{
		int64_t		us;
		bool		local;
		const char *text;
	}			cases[] = {
		{0, false, "1970-01-01T00:00:00Z"},
		{-1, false, "1969-12-31T23:59:59.999999Z"},
		{951782400000000, true, "2000-02-29T00:00:00"},
		{INT64_C(253402300800000000), false, "+010000-01-01T00:00:00Z"},
		{INT64_C(-62167219200000000), false, "0000-01-01T00:00:00Z"},
		{INT64_C(-62167219200000001), false, "-000001-12-31T23:59:59.999999Z"},
		{INT64_C(-210866803200000000), true, "-004713-11-24T00:00:00"},
		{INT64_MAX, true, ""},
		{INT64_MIN, true, ""},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
	{
		char		text[MF_ISO_TIME_BYTES];

		/* the ends of what can be said: only that it fits */
		mf_iso_time(text, cases[i].us, cases[i].local);
		if (i < 7)
			ok(strcmp(text, cases[i].text) == 0, "%s", text);
		else
			ok(strlen(text) < MF_ISO_TIME_BYTES, "%s", text);
	}
}

/* ----------------------------------------------------------------- checksums */

/* By the definition: a bit at a time. */
static uint32_t
slow_crc(const unsigned char *p, size_t len)
{
	uint32_t	crc = ~0U;

	for (size_t i = 0; i < len; i++)
	{
		crc ^= p[i];
		for (int bit = 0; bit < 8; bit++)
			crc = crc >> 1 ^ (crc & 1 ? 0xEDB88320U : 0);
	}
	return ~crc;
}

static uint64_t
slow_crc64(const unsigned char *p, size_t len)
{
	uint64_t	crc = ~UINT64_C(0);

	for (size_t i = 0; i < len; i++)
	{
		crc ^= p[i];
		for (int bit = 0; bit < 8; bit++)
			crc = crc >> 1 ^ (crc & 1 ? UINT64_C(0x9A6C9329AC4BC9B5) : 0);
	}
	return ~crc;
}

static void
checksums(void)
{
	static unsigned char data[3000];
	int			wrong = 0;
	int			unpatched = 0;
	int			wrong_64 = 0;

	ok(mf_crc64("123456789", 9) == UINT64_C(0xAE8B14860A799888), "the check value of CRC-64/NVME");
	ok(mf_crc32(0, "123456789", 9) == 0xCBF43926U, "the check value of CRC-32");
	for (size_t i = 0; i < sizeof(data); i++)
		data[i] = (unsigned char) rnd();
	for (int round = 0; round < 3000; round++)
	{
		size_t		from = rnd() % 64;
		size_t		n = rnd() % (sizeof(data) - from);
		size_t		cut = n > 0 ? rnd() % n : 0;
		size_t		head = rnd() % (n < 128 ? n + 1 : 128);
		unsigned char before[128];
		uint32_t	crc = mf_crc32(mf_crc32(0, data + from, cut), data + from + cut, n - cut);

		wrong += crc != slow_crc(data + from, n);
		wrong_64 += mf_crc64(data + from, n) != slow_crc64(data + from, n);
		memcpy(before, data + from, head);
		for (size_t i = 0; i < head; i++)
			data[from + i] = (unsigned char) rnd();
		unpatched += mf_crc32_patch(crc, n, before, data + from, head) != slow_crc(data + from, n);
	}
	ok(wrong == 0, "CRC-32 of any length, in two pieces (%d are wrong)", wrong);
	ok(wrong_64 == 0, "CRC-64 of any length (%d are wrong)", wrong_64);
	ok(unpatched == 0, "and with another beginning (%d are wrong)", unpatched);
}

/* ------------------------------------------------------------------- batches */

static const struct
{
	MfKind		kind;
	MfKind		elem;
	int32_t		dim;
}			kinds[] = {
	{MF_KIND_BOOL}, {MF_KIND_I8}, {MF_KIND_I16}, {MF_KIND_I32}, {MF_KIND_I64}, {MF_KIND_F32}, {MF_KIND_F64},
	{MF_KIND_TEXT}, {MF_KIND_JSON}, {MF_KIND_BYTES}, {MF_KIND_TIMESTAMP}, {MF_KIND_LIST, MF_KIND_I16}, {MF_KIND_LIST, MF_KIND_TEXT},
	{MF_KIND_LIST, MF_KIND_BOOL}, {MF_KIND_VEC_F32, 0, 5}, {MF_KIND_VEC_F16, 0, 3}, {MF_KIND_VEC_BF16, 0, 3},
	{MF_KIND_VEC_I8, 0, 7}, {MF_KIND_VEC_BIT, 0, 16}, {MF_KIND_SPARSE},
};
#define NKINDS ((int) (sizeof(kinds) / sizeof(kinds[0])))

/* Values of small integers everywhere: finite whatever they are read as. */
static void
put_value(MfColumn *col, bool equal_lengths)
{
	char		raw[64] = {0};
	size_t		n = equal_lengths ? 3 : rnd() % 6;
	float		weight = 0.5f;

	raw[0] = (char) (rnd() & 1);
	switch (col->kind)
	{
		case MF_KIND_TEXT:
			mf_append_bytes(&mem, col, "a\xc3\xbc\xf0\x9f\x98\x80\"\\\n", rnd() % 3 == 0 ? 0 : rnd() % 2 == 0 ? 3 : 10);
			break;
		case MF_KIND_JSON:
			mf_append_bytes(&mem, col, "{\"a\":1}", 7);
			break;
		case MF_KIND_BYTES:
			mf_append_bytes(&mem, col, raw, n);
			break;
		case MF_KIND_SPARSE:
			memcpy(raw + 4, &weight, sizeof(weight));
			mf_append_bytes(&mem, col, raw, 8);
			break;
		case MF_KIND_LIST:
			for (size_t i = 0; i < n; i++)
				put_value(col->child, equal_lengths);
			mf_append_list(&mem, col);
			break;
		default:
			if (mf_kind_is_vector(col->kind))
				memcpy(mf_append_vector(&mem, col), raw, col->width);
			else
				mf_append_fixed(&mem, col, raw);
	}
}

static void
fill(MfBatch *batch, int32_t rows, bool nulls)
{
	mf_batch_reset(batch);
	batch->first_row = 1;
	for (int32_t r = 0; r < rows; r++)
	{
		for (int c = 0; c < batch->ncolumns; c++)
		{
			if (nulls && rnd() % 5 == 0)
				mf_append_state(&mem, &batch->columns[c], MF_VALUE_NULL);
			else
				put_value(&batch->columns[c], !nulls);
		}
		batch->nrows++;
	}
}

static MfStatus
encode(MfEncoder *encoder, const MfBatch *batch, size_t *bytes, MfError *err)
{
	const MfFormat *format = encoder->format;
	MfPiece		piece = {0};
	MfStatus	status = format->file_begin(encoder, &piece, err);

	*bytes = piece.len;
	while (status == MF_OK && (status = format->next(encoder, batch, &piece, err)) == MF_OK)
	{
		/* every byte is ours to read */
		for (size_t i = 0; i < piece.len; i += 64)
			*bytes += piece.data[i] == 'x' ? 0 : 0;
		*bytes += piece.len;
	}
	return status == MF_END ? format->file_end(encoder, &piece, err) : status;
}

static void
batches(const MfFormat *format, bool nulls, MfCodec codec)
{
	MfFormatColumn columns[NKINDS];
	char		names[NKINDS][16];
	int			n = 0;
	int			failed = 0;
	MfError		err;
	MfEncodeSpec spec = {.columns = columns,.codec = codec,.mem = &mem};
	MfBatch    *batch;
	MfEncoder  *encoder;

	for (int k = 0; k < NKINDS; k++)
	{
		MfFormatColumn column = {.kind = kinds[k].kind,.elem = kinds[k].elem,.dim = kinds[k].dim};

		snprintf(names[n], sizeof(names[n]), "c%d", k);
		column.name = names[n];
		if (format->refuse(&column) == NULL)
			columns[n++] = column;
	}
	spec.ncolumns = n;
	encoder = format->begin(&spec);
	batch = mf_batch_new(&mem, n);
	for (int c = 0; c < n; c++)
		mf_column_init(batch, c, columns[c].kind, columns[c].elem, columns[c].dim, 0);
	for (int round = 0; round < 40; round++)
	{
		size_t		bytes;

		fill(batch, (int32_t) (rnd() % 300), nulls);
		mf_error_reset(&err);
		if (encode(encoder, batch, &bytes, &err) != MF_OK && failed++ == 0)
			printf("# %s: %s\n", err.column, err.message);
	}
	ok(failed == 0, "%s: batches of %d columns%s%s", format->name, n, nulls ? ", NULLs" : "", codec != MF_CODEC_NONE ? ", compressed" : "");
	format->end(encoder);
	mf_batch_free(batch);
}

/* What a budget refuses is an error and leaks nothing. */
static void
out_of_memory(void)
{
	MfFormatColumn column = {.name = "t",.kind = MF_KIND_TEXT};
	MfMem		small;
	MfEncodeSpec spec = {.ncolumns = 1,.columns = &column,.mem = &small};
	MfBatch    *batch = mf_batch_new(&mem, 1);
	const MfFormat *const formats[] = {&mf_format_parquet, &mf_format_numpy, &mf_format_json};
	int			refused = 0;

	mf_column_init(batch, 0, MF_KIND_TEXT, MF_KIND_NONE, 0, 0);
	fill(batch, 300, false);
	for (int f = 0; f < 3; f++)
	{
		for (size_t limit = 0; limit < 20000; limit += 97)
		{
			MfEncoder  *encoder;
			MfError		err;
			size_t		bytes;

			mf_mem_init(&small, limit);
			encoder = formats[f]->begin(&spec);
			mf_error_reset(&err);
			if (encoder == NULL || encode(encoder, batch, &bytes, &err) != MF_OK)
				refused++;
			if (encoder != NULL)
				formats[f]->end(encoder);
			if (small.used != 0)
				ok(false, "%s leaks with %zu bytes", formats[f]->name, limit);
		}
	}
	ok(refused > 20, "too small a budget is an error (%d times)", refused);
	mf_batch_free(batch);
}

int
main(void)
{
	mf_mem_init(&mem, (size_t) 512 << 20);
	levels();
	times();
	checksums();
	batches(&mf_format_parquet, true, MF_CODEC_NONE);
	batches(&mf_format_parquet, true, MF_CODEC_ZSTD);
	batches(&mf_format_parquet, true, MF_CODEC_SNAPPY);
	batches(&mf_format_parquet, false, MF_CODEC_NONE);
	batches(&mf_format_json, true, MF_CODEC_NONE);
	batches(&mf_format_numpy, false, MF_CODEC_NONE);
	out_of_memory();
	ok(mem.used == 0, "no memory is left behind");
	return tap_done();
}
