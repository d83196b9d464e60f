/*
 * decode_list.c - How do Arrays become lists?
 */
#include "decode.h"

/* Is any element NULL (servers later than 3.0)? */
static bool
has_null(M2Span row)
{
	M2Reader	r = m2_reader(row);
	uint32_t	field;
	int			wire;

	while (m2_read_tag(&r, &field, &wire))
	{
		if (field == 17 && wire == WIRE_BYTES)
		{
			M2Span		bools = m2_read_span(&r);

			for (size_t i = 0; i < bools.len; i++)
			{
				if (bools.at[i] == 0)
					return true;
			}
		}
		else if (field == 17 && wire == WIRE_VARINT)
		{
			if (m2_read_varint(&r) == 0)
				return true;
		}
		else
			m2_skip(&r, wire);
	}
	return false;
}

bool
m2_list_values(M2Span row, M2Type elem, M2Values *values, const char **why)
{
	M2Span		array;

	*why = "is cut short or malformed";
	if (!m2_member(row, (uint32_t) m2_type_member(elem), &array))
		return false;
	if (has_null(row))
	{
		*why = "has elements that are NULL, which lists cannot hold";
		return false;
	}
	if (array.at == NULL)
		array = (M2Span) {(const uint8_t *) "", 0};
	*values = m2_values(array);
	return true;
}

static MfStatus
read_list(MfMem *mem, M2Span row, const M2ReadColumn *plan, MfColumn *col, MfError *err)
{
	M2Values	values;
	const char *why;
	bool		room = true;

	if (!m2_list_values(row, plan->elem_type, &values, &why))
		return m2_error_reply(err, M2_QUERY, "field \"%s\" %s", plan->field, why);
	while (room && m2_take_scalar(mem, plan->elem_type, &values, col->child, &room))
		;
	if (!room || !mf_append_list(mem, col))
		return mf_error_oom(err, row.len);
	if (m2_values_bad(&values))
		return m2_broken(err, plan->field);
	return MF_OK;
}

MfStatus
m2_read_lists(MfMem *mem, const M2FieldReply *field, const M2ReadColumn *plan,
			  const M2Rows *rows, MfColumn *col, MfError *err)
{
	M2Span		array;
	M2Values	values;
	M2Values	count;
	M2Span		row;
	int64_t		n = 0;
	bool		compact;
	MfStatus	status = MF_OK;

	if (!m2_member(field->scalars, (uint32_t) m2_type_member(M2_ARRAY), &array))
		return m2_broken(err, plan->field);
	if (array.at == NULL)
		array = (M2Span) {(const uint8_t *) "", 0};
	values = count = m2_values(array);
	while (n <= rows->nrows && m2_next_span(&count, &row))
		n++;
	if (m2_values_bad(&count))
		return m2_broken(err, plan->field);
	if (m2_check_count(plan->field, n, rows, &compact, err) != MF_OK)
		return MF_ERROR;
	for (int32_t i = 0; i < rows->take && status == MF_OK; i++)
	{
		bool		null = m2_row_is_null(rows, i);

		if ((!null || !compact) && !m2_next_span(&values, &row))
			return m2_broken(err, plan->field);
		if (!null)
			status = read_list(mem, row, plan, col, err);
		else if (!mf_append_state(mem, col, MF_VALUE_NULL))
			status = mf_error_oom(err, 0);
	}
	return status;
}
