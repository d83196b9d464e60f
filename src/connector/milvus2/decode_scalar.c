/*
 * decode_scalar.c - How do values of one each become a column's?
 */
#include "decode.h"

static bool
put_int(MfMem *mem, MfColumn *col, int64_t value)
{
	char		text[32];
	int8_t		i8 = (int8_t) value;
	int16_t		i16 = (int16_t) value;
	int32_t		i32 = (int32_t) value;

	switch (col->kind)
	{
		case MF_KIND_I8:
			return mf_append_fixed(mem, col, &i8);
		case MF_KIND_I16:
			return mf_append_fixed(mem, col, &i16);
		case MF_KIND_I32:
			return mf_append_fixed(mem, col, &i32);
		case MF_KIND_I64:
			return mf_append_fixed(mem, col, &value);
		default:
			return mf_append_bytes(mem, col, text, (size_t) snprintf(text, sizeof(text), "%lld", (long long) value));
	}
}

static bool
put_bool(MfMem *mem, MfColumn *col, uint64_t raw)
{
	uint8_t		value = raw != 0;

	if (col->kind == MF_KIND_BOOL)
		return mf_append_fixed(mem, col, &value);
	return value ? mf_append_bytes(mem, col, "true", 4) : mf_append_bytes(mem, col, "false", 5);
}

static bool
put_real(MfMem *mem, MfColumn *col, const uint8_t *at, bool single)
{
	float		f = 0;
	double		d = 0;
	char		text[40];

	if (single)
		memcpy(&f, at, sizeof(f));
	else
		memcpy(&d, at, sizeof(d));
	if (col->kind == MF_KIND_F32)
		return mf_append_fixed(mem, col, &f);
	if (single)
		d = f;
	if (col->kind == MF_KIND_F64)
		return mf_append_fixed(mem, col, &d);
	return mf_append_bytes(mem, col, text, (size_t) m2_real_text(text, sizeof(text), d, single));
}

bool
m2_take_scalar(MfMem *mem, M2Type type, M2Values *values, MfColumn *col, bool *room)
{
	uint64_t	raw;
	const uint8_t *at;
	M2Span		span;

	switch (type)
	{
		case M2_FLOAT:
		case M2_DOUBLE:
			at = m2_next_fixed(values, type == M2_FLOAT ? 4 : 8);
			if (at == NULL)
				return false;
			if (col != NULL)
				*room = put_real(mem, col, at, type == M2_FLOAT);
			return true;
		case M2_BOOL:
		case M2_INT8:
		case M2_INT16:
		case M2_INT32:
		case M2_INT64:
			if (!m2_next_varint(values, &raw))
				return false;
			if (col != NULL)
				*room = type == M2_BOOL ? put_bool(mem, col, raw) :
					put_int(mem, col, type == M2_INT64 ? (int64_t) raw : (int32_t) raw);
			return true;
		default:
			if (!m2_next_span(values, &span))
				return false;
			if (col != NULL)
				*room = mf_append_bytes(mem, col, (const char *) span.at, span.len);
			return true;
	}
}

/* Texts of a zone, or microseconds: which it is, the message says. */
static MfStatus
read_times(MfMem *mem, M2Span texts, M2Span numbers, const M2ReadColumn *plan, const M2Rows *rows,
		   MfColumn *col, MfError *err)
{
	bool		text = texts.at != NULL;
	M2Values	count = m2_values(text ? texts : numbers);
	M2Values	values = count;
	bool		compact;
	bool		room = true;
	int64_t		n = 0;
	uint64_t	raw = 0;
	M2Span		span = {NULL, 0};

	while (n <= rows->nrows && (text ? m2_next_span(&count, &span) : m2_next_varint(&count, &raw)))
		n++;
	if (m2_values_bad(&count))
		return m2_broken(err, plan->field);
	if (m2_check_count(plan->field, n, rows, &compact, err) != MF_OK)
		return MF_ERROR;
	for (int32_t row = 0; row < rows->take && room; row++)
	{
		bool		null = m2_row_is_null(rows, row);
		int64_t		us;

		if ((!null || !compact) && !(text ? m2_next_span(&values, &span) : m2_next_varint(&values, &raw)))
			return m2_broken(err, plan->field);
		us = (int64_t) raw;
		if (!null && text && !mf_json_date((const char *) span.at, span.len, MF_DATE_ISO, &us))
		{
			m2_error_reply(err, M2_QUERY, "field \"%s\" has \"%.*s\" for a point in time", plan->field,
						   (int) (span.len < 64 ? span.len : 64), (const char *) span.at);
			snprintf(err->column, sizeof(err->column), "%s", plan->field);
			return MF_ERROR;
		}
		room = null ? mf_append_state(mem, col, MF_VALUE_NULL) : mf_append_fixed(mem, col, &us);
	}
	return room ? MF_OK : mf_error_oom(err, 0);
}

/* More values than rows are counted no further than one. */
static int64_t
count_values(M2Type type, M2Span array, int32_t nrows)
{
	M2Values	values = m2_values(array);
	bool		room;
	int64_t		n = 0;

	while (n <= nrows && m2_take_scalar(NULL, type, &values, NULL, &room))
		n++;
	return n;
}

MfStatus
m2_read_scalars(MfMem *mem, const M2FieldReply *field, const M2ReadColumn *plan,
				const M2Rows *rows, MfColumn *col, MfError *err)
{
	M2Span		array;
	M2Span		other = {NULL, 0};
	M2Values	values;
	int64_t		n = 0;
	bool		room = true;
	bool		compact = false;

	if (!m2_member(field->scalars, (uint32_t) m2_type_member(plan->type), &array) ||
		(plan->type == M2_TIMESTAMPTZ && !m2_member(field->scalars, 11, &other)) ||
		(plan->type == M2_GEOMETRY && !m2_member(field->scalars, 10, &other)))
		return m2_broken(err, plan->field);
	if (plan->type == M2_GEOMETRY && array.at == NULL && other.at != NULL)
		return m2_error_reply(err, M2_QUERY, "field \"%s\" has bytes where WKT text was expected", plan->field);
	if (array.at == NULL && other.at == NULL)
		array = (M2Span) {(const uint8_t *) "", 0};
	if (plan->type == M2_TIMESTAMPTZ)
		return read_times(mem, array, other, plan, rows, col, err);

	if (rows->set != NULL)
		compact = rows->nset < rows->nrows && count_values(plan->type, array, rows->nrows) == rows->nset;
	values = m2_values(array);
	for (int32_t row = 0; row < rows->take && room; row++)
	{
		bool		null = m2_row_is_null(rows, row);

		if (null && !mf_append_state(mem, col, MF_VALUE_NULL))
			return mf_error_oom(err, col->width);
		if (null && compact)
			continue;
		if (!m2_take_scalar(mem, plan->type, &values, null ? NULL : col, &room))
			break;
		n++;
	}
	if (!room)
		return mf_error_oom(err, col->width);
	while (n <= rows->nrows && m2_take_scalar(mem, plan->type, &values, NULL, &room))
		n++;
	if (m2_values_bad(&values))
		return m2_broken(err, plan->field);
	return m2_check_count(plan->field, n, rows, &compact, err);
}
