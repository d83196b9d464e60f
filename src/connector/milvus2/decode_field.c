/*
 * decode_field.c - How does a field's part of a page become a column?
 *
 * Nothing is believed that was not counted.
 */
#include "decode.h"

/* -------------------------------------------------------------------- NULLs */

/* One bool a row: in one piece or several, packed or not. */
static bool
read_bools(M2Span message, uint32_t number, int32_t nrows, uint8_t *set, int64_t *n)
{
	M2Reader	r = m2_reader(message);
	uint32_t	field;
	int			wire;

	while (m2_read_tag(&r, &field, &wire))
	{
		M2Reader	packed;

		if (field != number || (wire != WIRE_BYTES && wire != WIRE_VARINT))
		{
			m2_skip(&r, wire);
			continue;
		}
		if (wire == WIRE_VARINT)
		{
			uint8_t		one = m2_read_varint(&r) != 0;

			if (*n < nrows)
				set[*n] = one;
			(*n)++;
			continue;
		}
		packed = m2_reader(m2_read_span(&r));
		while (packed.p < packed.end)
		{
			uint8_t		one = m2_read_varint(&packed) != 0;

			if (*n < nrows)
				set[*n] = one;
			(*n)++;
		}
		r.bad |= packed.bad;
	}
	return !r.bad;
}

static bool
has_member(M2Span message, uint32_t number)
{
	M2Reader	r = m2_reader(message);
	uint32_t	field;
	int			wire;

	while (m2_read_tag(&r, &field, &wire))
	{
		if (field == number)
			return true;
		m2_skip(&r, wire);
	}
	return false;
}

bool
m2_read_valid(MfMem *mem, const M2FieldReply *field, int32_t nrows, uint8_t **set)
{
	M2Span		message = field->message;
	uint32_t	number = 7;
	int64_t		n = 0;
	bool		good;

	*set = NULL;
	/* servers later than 3.0 say it a second time, and mean that */
	if (has_member(field->scalars, 17))
	{
		message = field->scalars;
		number = 17;
	}
	else if (has_member(field->vectors, 9))
	{
		message = field->vectors;
		number = 9;
	}
	else if (!field->has_valid)
		return true;
	*set = mf_alloc(mem, (size_t) nrows + 1);
	if (*set == NULL)
		return false;
	good = read_bools(message, number, nrows, *set, &n);
	if (!good || n == 0 || n != nrows)
	{
		mf_free(mem, *set);
		*set = NULL;
	}
	return good && (n == 0 || n == nrows);
}

MfStatus
m2_check_count(const char *field, int64_t have, const M2Rows *rows, bool *compact, MfError *err)
{
	*compact = false;
	if (have == rows->nrows)
		return MF_OK;
	*compact = true;
	if (rows->set != NULL && have == rows->nset)
		return MF_OK;
	m2_error_reply(err, M2_QUERY, "field \"%s\" has %s%lld values in a page of %d rows", field,
				   have > rows->nrows ? "at least " : "", (long long) have, (int) rows->nrows);
	snprintf(err->column, sizeof(err->column), "%s", field);
	return MF_ERROR;
}

/* --------------------------------------------------------------------- types */

/* A server may say of texts what it likes. */
static bool
same_type(int32_t said, M2Type described)
{
	bool		text = said == M2_VARCHAR || said == M2_STRING || said == M2_TEXT;

	return said == (int32_t) described ||
		(text && (described == M2_VARCHAR || described == M2_STRING || described == M2_TEXT));
}

static MfStatus
read_values(MfMem *mem, const M2FieldReply *field, const M2ReadColumn *plan, const M2Rows *rows,
			MfColumn *col, MfError *err)
{
	if (plan->type == M2_ARRAY)
		return m2_read_lists(mem, field, plan, rows, col, err);
	if (plan->type == M2_SPARSE_VECTOR)
		return m2_read_sparse(mem, field, plan, rows, col, err);
	if (m2_type_is_vector(plan->type))
		return m2_read_vectors(mem, field, plan, rows, col, err);
	return m2_read_scalars(mem, field, plan, rows, col, err);
}

MfStatus
m2_read_field(MfMem *mem, const M2FieldReply *field, const M2ReadColumn *plan,
			  int32_t nrows, int32_t take, MfColumn *col, MfError *err)
{
	M2Rows		rows = {nrows, take, NULL, nrows};
	uint8_t    *set = NULL;
	MfStatus	status;

	if (!same_type(field->type, plan->type))
	{
		m2_error_reply(err, M2_QUERY, "field \"%s\" has type %d where %s was described", plan->field,
					   field->type, m2_type_name(plan->type));
		snprintf(err->column, sizeof(err->column), "%s", plan->field);
		return MF_ERROR;
	}
	if (plan->type == M2_ARRAY_OF_STRUCT)
		return m2_read_structs(mem, field, plan, nrows, take, col, err);
	if (!m2_read_valid(mem, field, nrows, &set))
		return m2_broken(err, plan->field);
	rows.set = set;
	if (set != NULL)
	{
		rows.nset = 0;
		for (int32_t i = 0; i < nrows; i++)
			rows.nset += set[i];
	}
	status = mf_column_reserve(mem, col, take) ? read_values(mem, field, plan, &rows, col, err) :
		mf_error_oom(err, col->stride * (size_t) take);
	mf_free(mem, set);
	return status;
}
