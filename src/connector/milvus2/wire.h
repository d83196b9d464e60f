/*
 * wire.h - How are protobuf bytes read without trust and written without waste?
 *
 * A reader never passes its end: whatever is cut short, too long or of a wrong
 * wire type sets `bad` and reads as nothing.  A writer fills a buffer whose
 * size was computed beforehand.
 */
#ifndef MILVUS2_WIRE_H
#define MILVUS2_WIRE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define WIRE_VARINT 0
#define WIRE_FIXED64 1
#define WIRE_BYTES 2
#define WIRE_FIXED32 5

typedef struct M2Span
{
	const uint8_t *at;			/* NULL = not there */
	size_t		len;
} M2Span;

typedef struct M2Reader
{
	const uint8_t *p;
	const uint8_t *end;
	bool		bad;
} M2Reader;

static inline M2Reader
m2_reader(M2Span span)
{
	return (M2Reader) {span.at, span.at + span.len, false};
}

static inline uint64_t
m2_read_varint(M2Reader *r)
{
	uint64_t	value = 0;

	for (int shift = 0; shift < 64; shift += 7)
	{
		uint8_t		byte;

		if (r->p >= r->end)
			break;
		byte = *r->p++;
		value |= (uint64_t) (byte & 0x7F) << shift;
		if (byte < 0x80)
			return value;
	}
	r->bad = true;
	r->p = r->end;
	return 0;
}

/* The next field's number and wire type; false at the end and where it is bad. */
static inline bool
m2_read_tag(M2Reader *r, uint32_t *field, int *wire)
{
	uint64_t	tag;

	if (r->p >= r->end)
		return false;
	tag = m2_read_varint(r);
	*field = (uint32_t) (tag >> 3);
	*wire = (int) (tag & 7);
	if (tag > UINT32_MAX || *field == 0)
		r->bad = true;
	return !r->bad;
}

static inline M2Span
m2_read_span(M2Reader *r)
{
	uint64_t	len = m2_read_varint(r);
	M2Span		span = {r->p, (size_t) len};

	if (r->bad || len > (uint64_t) (r->end - r->p))
	{
		r->bad = true;
		r->p = r->end;
		return (M2Span) {r->end, 0};
	}
	r->p += len;
	return span;
}

/* Bytes of a fixed width, or NULL. */
static inline const uint8_t *
m2_read_fixed(M2Reader *r, size_t width)
{
	const uint8_t *at = r->p;

	if ((size_t) (r->end - r->p) < width)
	{
		r->bad = true;
		r->p = r->end;
		return NULL;
	}
	r->p += width;
	return at;
}

static inline void
m2_skip(M2Reader *r, int wire)
{
	switch (wire)
	{
		case WIRE_VARINT:
			m2_read_varint(r);
			break;
		case WIRE_FIXED64:
			m2_read_fixed(r, 8);
			break;
		case WIRE_BYTES:
			m2_read_span(r);
			break;
		case WIRE_FIXED32:
			m2_read_fixed(r, 4);
			break;
		default:
			r->bad = true;
			r->p = r->end;
	}
}

/*
 * The values of an array message, whose field 1 is repeated: packed or not,
 * in one piece or several.
 */
typedef struct M2Values
{
	M2Reader	outer;
	M2Reader	chunk;			/* what is left of a packed piece */
	uint32_t	number;			/* 1, or where else the values are */
} M2Values;

static inline M2Values
m2_values(M2Span array)
{
	M2Values	v = {.outer = m2_reader(array),.number = 1};

	v.chunk = (M2Reader) {array.at, array.at, false};
	return v;
}

static inline bool
m2_values_bad(const M2Values *v)
{
	return v->outer.bad || v->chunk.bad;
}

/* Go to the field; answers its wire type, or -1 at the end. */
static inline int
m2_values_next(M2Values *v)
{
	uint32_t	field;
	int			wire;

	while (m2_read_tag(&v->outer, &field, &wire))
	{
		if (field == v->number)
			return wire;
		m2_skip(&v->outer, wire);
	}
	return -1;
}

static inline bool
m2_next_varint(M2Values *v, uint64_t *out)
{
	while (v->chunk.p >= v->chunk.end)
	{
		int			wire = m2_values_next(v);

		if (wire == WIRE_VARINT)
		{
			*out = m2_read_varint(&v->outer);
			return !v->outer.bad;
		}
		if (wire != WIRE_BYTES)
		{
			v->outer.bad |= wire >= 0;
			return false;
		}
		v->chunk = m2_reader(m2_read_span(&v->outer));
	}
	*out = m2_read_varint(&v->chunk);
	return !v->chunk.bad;
}

/* width 4 or 8 */
static inline const uint8_t *
m2_next_fixed(M2Values *v, size_t width)
{
	while (v->chunk.p >= v->chunk.end)
	{
		int			wire = m2_values_next(v);

		if (wire == (width == 4 ? WIRE_FIXED32 : WIRE_FIXED64))
			return m2_read_fixed(&v->outer, width);
		if (wire != WIRE_BYTES)
		{
			v->outer.bad |= wire >= 0;
			return NULL;
		}
		v->chunk = m2_reader(m2_read_span(&v->outer));
	}
	return m2_read_fixed(&v->chunk, width);
}

static inline bool
m2_next_span(M2Values *v, M2Span *out)
{
	int			wire = m2_values_next(v);

	if (wire != WIRE_BYTES)
	{
		v->outer.bad |= wire >= 0;
		return false;
	}
	*out = m2_read_span(&v->outer);
	return !v->outer.bad;
}

/* ------------------------------------------------------------------- writing */

static inline size_t
m2_varint_size(uint64_t value)
{
	return ((size_t) (63 - __builtin_clzll(value | 1)) / 7) + 1;
}

/* Size of a length-delimited field with a one-byte tag (numbers 1 - 15). */
static inline size_t
m2_field_size(size_t len)
{
	return 1 + m2_varint_size(len) + len;
}

static inline uint8_t *
m2_put_varint(uint8_t *p, uint64_t value)
{
	while (value >= 0x80)
	{
		*p++ = (uint8_t) (value | 0x80);
		value >>= 7;
	}
	*p++ = (uint8_t) value;
	return p;
}

static inline uint8_t *
m2_put_header(uint8_t *p, int field, size_t len)
{
	*p++ = (uint8_t) (field << 3 | WIRE_BYTES);
	return m2_put_varint(p, len);
}

static inline uint8_t *
m2_put_bytes(uint8_t *p, int field, const void *bytes, size_t len)
{
	p = m2_put_header(p, field, len);
	if (len > 0)
		memcpy(p, bytes, len);
	return p + len;
}

static inline uint8_t *
m2_put_int(uint8_t *p, int field, uint64_t value)
{
	*p++ = (uint8_t) (field << 3 | WIRE_VARINT);
	return m2_put_varint(p, value);
}

#endif							/* MILVUS2_WIRE_H */
