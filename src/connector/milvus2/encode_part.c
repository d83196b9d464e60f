/*
 * encode_part.c - What are the bytes of one field of an Insert?
 *
 * Sizes first, then one pass that writes; a column of vectors is one copy.
 */
#include "encode.h"

/* Are values of this type messages, texts or bytes of their own? */
static bool
is_varying(M2Type type)
{
	return type == M2_VARCHAR || type == M2_STRING || type == M2_TEXT || type == M2_JSON ||
		type == M2_GEOMETRY || type == M2_TIMESTAMPTZ || type == M2_ARRAY || type == M2_SPARSE_VECTOR;
}

static bool
is_dense(M2Type type)
{
	return m2_type_is_vector(type) && type != M2_SPARSE_VECTOR;
}

static inline bool
is_left_out(const M2Part *part, int32_t row)
{
	return part->gaps && !m2_is_there(part->col, row);
}

/* A row's bytes where they are there as such. */
static size_t
bytes_at(const M2Part *part, int32_t first, int32_t row, const char **bytes)
{
	size_t		len;

	if (part->col != NULL)
	{
		*bytes = mf_varying_at(part->col, row, &len);
		return len;
	}
	*bytes = part->bytes + part->offsets[row - first];
	return part->offsets[row - first + 1] - part->offsets[row - first];
}

static size_t
varying_size(const M2Part *part, int32_t first, int32_t row)
{
	const char *bytes;

	if (part->type == M2_ARRAY)
		return m2_list_size(part->col, part->plan->elem, row);
	if (part->type == M2_TIMESTAMPTZ)
		return M2_TIME_TEXT;
	return bytes_at(part, first, row, &bytes);
}

static size_t
payload_size(const M2Part *part, int32_t first, int32_t count)
{
	const MfColumn *col = part->col;
	size_t		size = 0;
	int32_t		there = count;

	if (is_varying(part->type))
	{
		for (int32_t row = first; row < first + count; row++)
		{
			if (!is_left_out(part, row))
				size += m2_field_size(varying_size(part, first, row));
		}
		return size;
	}
	if (part->gaps)
	{
		there = 0;
		for (int32_t row = first; row < first + count; row++)
			there += m2_is_there(col, row);
	}
	if (m2_is_packed(part->type) || is_dense(part->type))
		return (size_t) there * col->width;
	for (int32_t row = first; row < first + count; row++)
	{
		if (!is_left_out(part, row))
			size += m2_varint_size(m2_int_at(col, row));
	}
	return size;
}

/* Indices rise, so the last is the largest. */
static uint32_t
sparse_dim(const M2Part *part, int32_t first, int32_t count)
{
	uint32_t	dim = 0;

	for (int32_t row = first; row < first + count; row++)
	{
		const char *bytes;
		size_t		len = bytes_at(part, first, row, &bytes);
		uint32_t	index;

		if (len < 8 || is_left_out(part, row))
			continue;
		memcpy(&index, bytes + len - 8, sizeof(index));
		if (index >= dim)
			dim = index + 1;
	}
	return dim;
}

void
m2_part_measure(M2Part *part, int32_t first, int32_t count)
{
	size_t		name = strlen(part->name);

	part->valid = part->gaps ? (size_t) count : 0;
	if (part->type == M2_ARRAY_OF_STRUCT)
	{
		part->valid = 0;		/* its members say it */
		part->data = part->built.len;
	}
	else
	{
		part->payload = payload_size(part, first, count);
		part->array = part->payload;
		if (part->type == M2_ARRAY)
			part->array += 1 + m2_varint_size((uint64_t) part->plan->elem);
		else if (part->type == M2_SPARSE_VECTOR)
		{
			part->sparse_dim = sparse_dim(part, first, count);
			part->array += 1 + m2_varint_size(part->sparse_dim);
		}
		else if (!is_varying(part->type) && (!is_dense(part->type) || part->type == M2_FLOAT_VECTOR))
			part->array = m2_field_size(part->payload);
		part->data = m2_field_size(part->array);
		if (is_dense(part->type))
			part->data += 1 + m2_varint_size((uint64_t) part->col->dim);
	}
	part->field = 1 + m2_varint_size((uint64_t) part->type) + m2_field_size(name) + m2_field_size(part->data);
	if (part->col == NULL)
		part->field += 2;		/* is_dynamic */
	if (part->valid > 0)
		part->field += m2_field_size(part->valid);
}

static uint8_t *
put_numbers(uint8_t *p, const M2Part *part, int32_t first, int32_t count)
{
	const MfColumn *col = part->col;

	if (!m2_is_packed(part->type) && !is_dense(part->type))
	{
		for (int32_t row = first; row < first + count; row++)
		{
			if (!is_left_out(part, row))
				p = m2_put_varint(p, m2_int_at(col, row));
		}
	}
	else if (!part->gaps && col->stride == col->width)
	{
		memcpy(p, mf_fixed_at(col, first), (size_t) count * col->width);
		p += (size_t) count * col->width;
	}
	else
	{
		for (int32_t row = first; row < first + count; row++)
		{
			if (is_left_out(part, row))
				continue;
			memcpy(p, mf_fixed_at(col, row), col->width);
			p += col->width;
		}
	}
	return p;
}

static uint8_t *
put_varying(uint8_t *p, const M2Part *part, int32_t first, int32_t count)
{
	for (int32_t row = first; row < first + count; row++)
	{
		char		time[M2_TIME_TEXT + 1];
		const char *bytes = time;
		size_t		len = M2_TIME_TEXT;

		if (is_left_out(part, row))
			continue;
		if (part->type == M2_ARRAY)
		{
			p = m2_put_header(p, 1, m2_list_size(part->col, part->plan->elem, row));
			p = m2_list_put(p, part->col, part->plan->elem, row);
			continue;
		}
		if (part->type == M2_TIMESTAMPTZ)
			m2_time_text(*(const int64_t *) mf_fixed_at(part->col, row), time);
		else
			len = bytes_at(part, first, row, &bytes);
		p = m2_put_bytes(p, 1, bytes, len);
	}
	return p;
}

static uint8_t *
put_data(uint8_t *p, const M2Part *part, int32_t first, int32_t count)
{
	int			member = m2_type_member(part->type);

	if (part->type == M2_ARRAY_OF_STRUCT)
		return m2_put_bytes(p, 8, part->built.data, part->built.len);
	p = m2_put_header(p, m2_type_is_vector(part->type) ? 4 : 3, part->data);
	if (is_dense(part->type))
		p = m2_put_int(p, 1, (uint64_t) part->col->dim);
	p = m2_put_header(p, member, part->array);
	if (is_varying(part->type))
	{
		p = put_varying(p, part, first, count);
		if (part->type == M2_ARRAY)
			p = m2_put_int(p, 2, (uint64_t) part->plan->elem);
		else if (part->type == M2_SPARSE_VECTOR)
			p = m2_put_int(p, 2, part->sparse_dim);
		return p;
	}
	if (!is_dense(part->type) || part->type == M2_FLOAT_VECTOR)
		p = m2_put_header(p, 1, part->payload);
	return put_numbers(p, part, first, count);
}

uint8_t *
m2_part_put(uint8_t *p, const M2Part *part, int32_t first, int32_t count)
{
	p = m2_put_header(p, 5, part->field);	/* InsertRequest.fields_data */
	p = m2_put_int(p, 1, (uint64_t) part->type);
	p = m2_put_bytes(p, 2, part->name, strlen(part->name));
	p = put_data(p, part, first, count);
	if (part->col == NULL)
		p = m2_put_int(p, 6, 1);
	if (part->valid > 0)
	{
		p = m2_put_header(p, 7, part->valid);
		for (int32_t row = first; row < first + count; row++)
			*p++ = m2_is_there(part->col, row);
	}
	return p;
}
