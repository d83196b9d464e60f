/*
 * decode_keys.c - How many rows has a page, and which is its largest key?
 */
#include "decode.h"

static bool
keep_largest_text(MfMem *mem, M2Key *largest, M2Span text, bool *grew)
{
	if (largest->set)
	{
		size_t		both = text.len < largest->len ? text.len : largest->len;
		int			order = both > 0 ? memcmp(text.at, largest->text, both) : 0;

		if (order < 0 || (order == 0 && text.len <= largest->len))
		{
			largest->unordered = true;
			return true;
		}
	}
	if (text.len > largest->cap)
	{
		char	   *bigger = mf_realloc(mem, largest->text, text.len);

		if (bigger == NULL)
			return false;
		largest->text = bigger;
		largest->cap = text.len;
	}
	if (text.len > 0)
		memcpy(largest->text, text.at, text.len);
	largest->len = text.len;
	largest->set = true;
	*grew = true;
	return true;
}

MfStatus
m2_reply_keys(MfMem *mem, const M2FieldReply *field, int32_t *count, M2Key *largest,
			  bool *grew, MfError *err)
{
	M2Span		array;
	M2Values	values;
	int64_t		n = 0;

	*count = 0;
	if ((field->type != M2_INT64 && field->type != M2_VARCHAR) ||
		(field->type == M2_VARCHAR) != largest->is_text)
		return m2_error_reply(err, M2_QUERY, "the primary key has type %d", field->type);
	if (!m2_member(field->scalars, (uint32_t) m2_type_member(field->type), &array))
		return m2_broken(err, "the primary key");
	if (array.at == NULL)
		return MF_OK;
	values = m2_values(array);
	if (largest->is_text)
	{
		M2Span		text;

		for (; m2_next_span(&values, &text); n++)
		{
			if (!keep_largest_text(mem, largest, text, grew))
				return mf_error_oom(err, text.len);
		}
	}
	else
	{
		uint64_t	raw;

		for (; m2_next_varint(&values, &raw); n++)
		{
			if (largest->set && (int64_t) raw <= largest->number)
			{
				largest->unordered = true;
				continue;
			}
			largest->number = (int64_t) raw;
			largest->set = true;
			*grew = true;
		}
	}
	if (m2_values_bad(&values))
		return m2_broken(err, "the primary key");
	if (n > INT32_MAX)
		return m2_error_reply(err, M2_QUERY, "a page of %lld rows", (long long) n);
	*count = (int32_t) n;
	return MF_OK;
}
