/*
 * encode_list.c - What are the bytes of a list?
 *
 * A ScalarField of one array, which is there even if it is empty.
 */
#include "encode.h"

static size_t
array_size(const MfColumn *elems, M2Type elem, int32_t from, int32_t to)
{
	size_t		size = 0;
	size_t		len;

	if (elem == M2_VARCHAR)
	{
		for (int32_t i = from; i < to; i++)
		{
			mf_varying_at(elems, i, &len);
			size += m2_field_size(len);
		}
		return size;
	}
	if (m2_is_packed(elem))
		size = elems->width * (size_t) (to - from);
	else
	{
		for (int32_t i = from; i < to; i++)
			size += m2_varint_size(m2_int_at(elems, i));
	}
	return to > from ? m2_field_size(size) : 0;
}

size_t
m2_list_size(const MfColumn *col, M2Type elem, int32_t row)
{
	return m2_field_size(array_size(col->child, elem, (int32_t) col->offsets[row], (int32_t) col->offsets[row + 1]));
}

uint8_t *
m2_list_put(uint8_t *p, const MfColumn *col, M2Type elem, int32_t row)
{
	const MfColumn *elems = col->child;
	int32_t		from = (int32_t) col->offsets[row];
	int32_t		to = (int32_t) col->offsets[row + 1];
	size_t		size = array_size(elems, elem, from, to);

	p = m2_put_header(p, m2_type_member(elem), size);
	if (elem == M2_VARCHAR)
	{
		for (int32_t i = from; i < to; i++)
		{
			size_t		len;
			const char *text = mf_varying_at(elems, i, &len);

			p = m2_put_bytes(p, 1, text, len);
		}
		return p;
	}
	if (to == from)
		return p;
	if (m2_is_packed(elem))
		return m2_put_bytes(p, 1, mf_fixed_at(elems, from), elems->width * (size_t) (to - from));
	size = 0;
	for (int32_t i = from; i < to; i++)
		size += m2_varint_size(m2_int_at(elems, i));
	p = m2_put_header(p, 1, size);
	for (int32_t i = from; i < to; i++)
		p = m2_put_varint(p, m2_int_at(elems, i));
	return p;
}
