/*
 * decode_vector.c - How do vectors become a column's?
 *
 * Each is copied once, from the reply into the batch.
 */
#include "decode.h"

bool
m2_vector_bytes(M2Span vectors, M2Type type, M2Span *bytes)
{
	M2Span		array;
	M2Reader	r;
	uint32_t	number;
	int			wire;

	if (!m2_member(vectors, (uint32_t) m2_type_member(type), bytes))
		return false;
	if (type != M2_FLOAT_VECTOR || bytes->at == NULL)
		return true;
	array = *bytes;
	*bytes = (M2Span) {NULL, 0};
	r = m2_reader(array);
	while (m2_read_tag(&r, &number, &wire))
	{
		if (number == 1 && wire == WIRE_BYTES && bytes->at == NULL)
			*bytes = m2_read_span(&r);
		else if (number == 1)
			return false;		/* in pieces: no server does this */
		else
			m2_skip(&r, wire);
	}
	return !r.bad;
}

MfStatus
m2_read_vectors(MfMem *mem, const M2FieldReply *field, const M2ReadColumn *plan,
				const M2Rows *rows, MfColumn *col, MfError *err)
{
	size_t		width = mf_kind_width(col->kind, plan->dim);
	M2Span		bytes;
	const uint8_t *at;
	bool		compact;

	if (!m2_vector_bytes(field->vectors, plan->type, &bytes))
		return m2_broken(err, plan->field);
	at = bytes.at;
	/* of nullable vectors only those that are there are sent */
	compact = rows->set != NULL && bytes.len == (size_t) rows->nset * width;
	if (!compact && bytes.len != (size_t) rows->nrows * width)
	{
		m2_error_reply(err, M2_QUERY, "field \"%s\" has %zu bytes for %d vectors of %d dimensions",
					   plan->field, bytes.len, (int) rows->nset, (int) plan->dim);
		snprintf(err->column, sizeof(err->column), "%s", plan->field);
		return MF_ERROR;
	}
	if (rows->set == NULL && col->headroom == 0 && rows->take > 0)
	{
		char	   *to = mf_append_vector(mem, col);

		memcpy(to, at, width * (size_t) rows->take);
		for (int32_t i = 1; i < rows->take; i++)
			mf_append_vector(mem, col);
		return MF_OK;
	}
	for (int32_t row = 0; row < rows->take; row++)
	{
		bool		null = m2_row_is_null(rows, row);

		if (null)
			mf_append_state(mem, col, MF_VALUE_NULL);
		else
			memcpy(mf_append_vector(mem, col), at, width);
		if (!null || !compact)
			at += width;
	}
	return MF_OK;
}

/* Pairs of index and weight, the indices rising. */
static bool
sparse_ok(M2Span row)
{
	uint32_t	last = 0;

	if (row.len % 8 != 0)
		return false;
	for (size_t at = 0; at < row.len; at += 8)
	{
		uint32_t	index;

		memcpy(&index, row.at + at, sizeof(index));
		if (index == UINT32_MAX || (at > 0 && index <= last))
			return false;
		last = index;
	}
	return true;
}

MfStatus
m2_read_sparse(MfMem *mem, const M2FieldReply *field, const M2ReadColumn *plan,
			   const M2Rows *rows, MfColumn *col, MfError *err)
{
	M2Span		array;
	M2Values	values;
	M2Values	count;
	M2Span		row = {NULL, 0};
	int64_t		n = 0;
	bool		compact;

	if (!m2_member(field->vectors, (uint32_t) m2_type_member(M2_SPARSE_VECTOR), &array))
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
	for (int32_t i = 0; i < rows->take; i++)
	{
		bool		null = m2_row_is_null(rows, i);

		if ((!null || !compact) && !m2_next_span(&values, &row))
			return m2_broken(err, plan->field);
		if (!null && !sparse_ok(row))
		{
			m2_error_reply(err, M2_QUERY, "field \"%s\" has a sparse vector whose indices do not rise", plan->field);
			snprintf(err->column, sizeof(err->column), "%s", plan->field);
			return MF_ERROR;
		}
		if (!(null ? mf_append_state(mem, col, MF_VALUE_NULL) :
			  mf_append_bytes(mem, col, (const char *) row.at, row.len)))
			return mf_error_oom(err, row.len);
	}
	return MF_OK;
}
