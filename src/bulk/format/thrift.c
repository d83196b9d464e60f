/*
 * thrift.c - How is Parquet's metadata written?
 */
#include "thrift.h"

#include <string.h>

/* types of fields and elements */
#define T_TRUE 1
#define T_FALSE 2
#define T_I8 3
#define T_I32 5
#define T_I64 6
#define T_BINARY 8
#define T_LIST 9
#define T_STRUCT 12

static void
put_byte(MfBytes *out, int byte)
{
	char		c = (char) byte;

	mf_json_buf_raw(out, &c, 1);
}

void
mf_put_varint(MfBytes *out, uint64_t value)
{
	while (value >= 0x80)
	{
		put_byte(out, (int) (value & 0x7F) | 0x80);
		value >>= 7;
	}
	put_byte(out, (int) value);
}

static void
zigzag(MfBytes *out, int64_t value)
{
	mf_put_varint(out, ((uint64_t) value << 1) ^ (uint64_t) (value >> 63));
}

static void
head(MfThrift *t, int field, int type)
{
	int			step = field - t->last[t->depth];

	if (step > 0 && step <= 15)
		put_byte(t->out, step << 4 | type);
	else
	{
		put_byte(t->out, type);
		zigzag(t->out, field);
	}
	t->last[t->depth] = field;
}

void
mf_thrift_i32(MfThrift *t, int field, int32_t value)
{
	head(t, field, T_I32);
	zigzag(t->out, value);
}

void
mf_thrift_i64(MfThrift *t, int field, int64_t value)
{
	head(t, field, T_I64);
	zigzag(t->out, value);
}

void
mf_thrift_i8(MfThrift *t, int field, int8_t value)
{
	head(t, field, T_I8);
	put_byte(t->out, value);
}

void
mf_thrift_bool(MfThrift *t, int field, bool value)
{
	head(t, field, value ? T_TRUE : T_FALSE);
}

static void
put_text(MfThrift *t, const char *text)
{
	mf_put_varint(t->out, strlen(text));
	mf_json_buf_add(t->out, text);
}

void
mf_thrift_text(MfThrift *t, int field, const char *text)
{
	head(t, field, T_BINARY);
	put_text(t, text);
}

void
mf_thrift_bytes(MfThrift *t, int field, const char *bytes, size_t len)
{
	head(t, field, T_BINARY);
	mf_put_varint(t->out, len);
	mf_json_buf_raw(t->out, bytes, len);
}

void
mf_thrift_open(MfThrift *t, int field)
{
	if (field > 0)
		head(t, field, T_STRUCT);
	if (t->depth + 1 < THRIFT_DEPTH)
		t->depth++;
	t->last[t->depth] = 0;
}

void
mf_thrift_close(MfThrift *t)
{
	put_byte(t->out, 0);
	t->depth--;
}

static void
list(MfThrift *t, int field, int n, int type)
{
	head(t, field, T_LIST);
	if (n < 15)
		put_byte(t->out, n << 4 | type);
	else
	{
		put_byte(t->out, 0xF0 | type);
		mf_put_varint(t->out, (uint64_t) n);
	}
}

void
mf_thrift_structs(MfThrift *t, int field, int n)
{
	list(t, field, n, T_STRUCT);
}

void
mf_thrift_i32_list(MfThrift *t, int field, int n, const int32_t *values)
{
	list(t, field, n, T_I32);
	for (int i = 0; i < n; i++)
		zigzag(t->out, values[i]);
}

void
mf_thrift_text_list(MfThrift *t, int field, int n, const char *const *texts)
{
	list(t, field, n, T_BINARY);
	for (int i = 0; i < n; i++)
		put_text(t, texts[i]);
}
