/*
 * encode_check.c - Which values would Milvus refuse?
 *
 * It refuses a whole batch for one value, without saying whose.
 */
#include "encode.h"

static MfStatus
at_row(const M2WritePlan *plan, const M2Part *part, const MfBatch *batch, int32_t row, MfError *err)
{
	m2_error_row(plan, batch, row, part->plan->column, err);
	return MF_ERROR;
}

/* The core has refused these already; a server would say it less well. */
static MfStatus
check_nulls(const M2WritePlan *plan, const M2Part *part, const MfBatch *batch,
			int32_t first, int32_t count, MfError *err)
{
	if (part->col->nnull == 0 || part->gaps)
		return MF_OK;
	for (int32_t row = first; row < first + count; row++)
	{
		if (m2_is_there(part->col, row))
			continue;
		mf_error(err, MF_NOT_NULL_VIOLATION, "field \"%s\" of collection \"%s\" holds no NULL",
				 part->name, plan->spec->collection->name);
		return at_row(plan, part, batch, row, err);
	}
	return MF_OK;
}

/* A loop that the compiler makes wide: it runs over every vector written. */
static bool
finite_floats(const char *at, size_t n)
{
	uint32_t	bad = 0;

	for (size_t i = 0; i < n; i++)
	{
		uint32_t	bits;

		memcpy(&bits, at + sizeof(bits) * i, sizeof(bits));
		bad |= (bits & 0x7F800000) == 0x7F800000;
	}
	return !bad;
}

static bool
finite_weights(const char *pairs, size_t n)
{
	uint32_t	bad = 0;

	for (size_t i = 0; i < n; i++)
	{
		uint32_t	bits;

		memcpy(&bits, pairs + 8 * i + sizeof(uint32_t), sizeof(bits));
		bad |= (bits & 0x7F800000) == 0x7F800000;
	}
	return !bad;
}

static bool
finite_halves(const char *at, size_t n, uint16_t exponent)
{
	bool		bad = false;

	for (size_t i = 0; i < n; i++)
	{
		uint16_t	bits;

		memcpy(&bits, at + sizeof(bits) * i, sizeof(bits));
		bad |= (bits & exponent) == exponent;
	}
	return !bad;
}

static bool
is_finite(const MfColumn *col, int32_t row)
{
	size_t		len;
	const char *bytes;

	switch (col->kind)
	{
		case MF_KIND_VEC_F32:
			return finite_floats(mf_fixed_at(col, row), (size_t) col->dim);
		case MF_KIND_VEC_F16:
			return finite_halves(mf_fixed_at(col, row), (size_t) col->dim, 0x7C00);
		case MF_KIND_VEC_BF16:
			return finite_halves(mf_fixed_at(col, row), (size_t) col->dim, 0x7F80);
		case MF_KIND_SPARSE:
			bytes = mf_varying_at(col, row, &len);
			return finite_weights(bytes, len / 8);
		default:
			return true;
	}
}

static MfStatus
check_finite(const M2WritePlan *plan, const M2Part *part, const MfBatch *batch,
			 int32_t first, int32_t count, MfError *err)
{
	for (int32_t row = first; row < first + count; row++)
	{
		if (!m2_is_there(part->col, row) || is_finite(part->col, row))
			continue;
		mf_error(err, MF_DATA_EXCEPTION, "a vector for field \"%s\" has NaN or infinity in it", part->name);
		mf_error_detail(err, "Milvus takes finite numbers only.");
		return at_row(plan, part, batch, row, err);
	}
	return MF_OK;
}

/* Old servers take neither arrays nor texts, numbers and booleans at the top. */
static MfStatus
check_json(const M2WritePlan *plan, const M2Part *part, const MfBatch *batch,
		   int32_t first, int32_t count, MfError *err)
{
	for (int32_t row = first; row < first + count; row++)
	{
		size_t		len;
		const char *text = mf_varying_at(part->col, row, &len);
		size_t		at = 0;

		if (!m2_is_there(part->col, row))
			continue;
		while (at < len && strchr(" \t\r\n", text[at]) != NULL)
			at++;
		if (at < len && (text[at] == '{' || text[at] == 'n'))
			continue;
		mf_error(err, MF_INVALID_JSON, "field \"%s\" of type JSON takes only objects", part->name);
		mf_error_detail(err, "Milvus refuses arrays, texts, numbers and booleans at the top.");
		mf_error_hint(err, "Put it into one, for example with jsonb_build_object('value', ...).");
		return at_row(plan, part, batch, row, err);
	}
	return MF_OK;
}

/* Milvus 2.3 stores and counts the one key, and no query ever finds it. */
static MfStatus
check_key(const M2WritePlan *plan, const M2Part *part, const MfBatch *batch,
		  int32_t first, int32_t count, MfError *err)
{
	for (int32_t row = first; row < first + count; row++)
	{
		if (m2_int_at(part->col, row) != (uint64_t) INT64_MAX)
			continue;
		mf_error(err, MF_NUMERIC_OUT_OF_RANGE, "the largest integer cannot be a primary key of Milvus");
		mf_error_detail(err, "Milvus would store %lld, but never find it again.", (long long) INT64_MAX);
		return at_row(plan, part, batch, row, err);
	}
	return MF_OK;
}

static MfStatus
check_time(const M2WritePlan *plan, const M2Part *part, const MfBatch *batch,
		   int32_t first, int32_t count, MfError *err)
{
	for (int32_t row = first; row < first + count; row++)
	{
		if (!m2_is_there(part->col, row) || m2_time_ok(*(const int64_t *) mf_fixed_at(part->col, row)))
			continue;
		mf_error(err, MF_DATETIME_OUT_OF_RANGE, "timestamp out of range for field \"%s\"", part->name);
		mf_error_detail(err, "Milvus takes years from 1 to 9999.");
		return at_row(plan, part, batch, row, err);
	}
	return MF_OK;
}

MfStatus
m2_part_check(const M2WritePlan *plan, const M2Part *part, const MfBatch *batch,
			  int32_t first, int32_t count, MfError *err)
{
	if (check_nulls(plan, part, batch, first, count, err) != MF_OK)
		return MF_ERROR;
	if (m2_type_is_vector(part->type))
		return check_finite(plan, part, batch, first, count, err);
	if (part->type == M2_JSON && !m2_version_can(plan->version, M2_CAN_ANY_JSON))
		return check_json(plan, part, batch, first, count, err);
	if (part->type == M2_INT64 && part->plan->field->key)
		return check_key(plan, part, batch, first, count, err);
	if (part->type == M2_TIMESTAMPTZ)
		return check_time(plan, part, batch, first, count, err);
	return MF_OK;
}
