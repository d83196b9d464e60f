/*
 * read.c - How does a batch's value become a Datum?
 *
 * The common pairs of kind and type have a function of their own; every other
 * pair goes through the value's text and the type's input function, which
 * also applies the type's own checks.
 */
#include "pgvector.h"

#include "catalog/pg_type.h"
#include "common/int.h"
#include "mb/pg_wchar.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/fmgrprotos.h"
#include "utils/lsyscache.h"
#include "utils/numeric.h"
#include "utils/timestamp.h"
#include "utils/typcache.h"
#include "utils/uuid.h"
#include "vector.h"

#define UNIX_TO_PG_EPOCH_US \
	((int64) (POSTGRES_EPOCH_JDATE - UNIX_EPOCH_JDATE) * USECS_PER_DAY)

static int64
integer_at(const MfColumn *col, int32 row)
{
	const void *p = mf_fixed_at(col, row);

	switch (col->kind)
	{
		case MF_KIND_I8:
			return *(const int8 *) p;
		case MF_KIND_I16:
			return *(const int16 *) p;
		case MF_KIND_I32:
			return *(const int32 *) p;
		default:
			return *(const int64 *) p;
	}
}

static bool
is_integer_kind(MfKind kind)
{
	return kind >= MF_KIND_I8 && kind <= MF_KIND_I64;
}

static void
out_of_range(int64 value, const char *type)
{
	ereport(ERROR,
			(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
			 errmsg("value \"" INT64_FORMAT "\" is out of range for type %s", value, type)));
}

static Datum
read_bool(MfReader *reader, MfColumn *col, int32 row)
{
	return BoolGetDatum(*(const uint8 *) mf_fixed_at(col, row) != 0);
}

static Datum
read_int2(MfReader *reader, MfColumn *col, int32 row)
{
	int64		value = integer_at(col, row);

	if (value < PG_INT16_MIN || value > PG_INT16_MAX)
		out_of_range(value, "smallint");
	return Int16GetDatum((int16) value);
}

static Datum
read_int4(MfReader *reader, MfColumn *col, int32 row)
{
	int64		value = integer_at(col, row);

	if (value < PG_INT32_MIN || value > PG_INT32_MAX)
		out_of_range(value, "integer");
	return Int32GetDatum((int32) value);
}

static Datum
read_int8(MfReader *reader, MfColumn *col, int32 row)
{
	return Int64GetDatum(integer_at(col, row));
}

static Datum
read_float4(MfReader *reader, MfColumn *col, int32 row)
{
	return Float4GetDatum(*(const float4 *) mf_fixed_at(col, row));
}

static Datum
read_float8(MfReader *reader, MfColumn *col, int32 row)
{
	const void *p = mf_fixed_at(col, row);

	return Float8GetDatum(col->kind == MF_KIND_F32 ? (float8) *(const float4 *) p : *(const float8 *) p);
}

static Datum
read_float8_of_int(MfReader *reader, MfColumn *col, int32 row)
{
	return Float8GetDatum((float8) integer_at(col, row));
}

static Datum
read_numeric_of_int(MfReader *reader, MfColumn *col, int32 row)
{
	Datum		value = NumericGetDatum(int64_to_numeric(integer_at(col, row)));

	return reader->typmod < 0 ? value :
		DirectFunctionCall2(numeric, value, Int32GetDatum(reader->typmod));
}

static Datum
read_timestamp(MfReader *reader, MfColumn *col, int32 row)
{
	int64		us = *(const int64 *) mf_fixed_at(col, row);
	Timestamp	value;

	if (pg_sub_s64_overflow(us, UNIX_TO_PG_EPOCH_US, &value) || !IS_VALID_TIMESTAMP(value))
		ereport(ERROR,
				(errcode(ERRCODE_DATETIME_VALUE_OUT_OF_RANGE),
				 errmsg("timestamp out of range"),
				 errdetail("The value is " INT64_FORMAT " microseconds from 1970-01-01.", us)));
	return TimestampGetDatum(value);
}

static Datum
read_text(MfReader *reader, MfColumn *col, int32 row)
{
	size_t		len;
	const char *bytes = mf_varying_at(col, row, &len);
	char	   *text = mf_text_from_utf8(bytes, len, &len);

	/*
	 * What is no longer in bytes is no longer in characters.  Blanks are not cut
	 * off as varcharin would: the remote compares with them.
	 */
	if (reader->typmod >= 0 && len > (size_t) (reader->typmod - VARHDRSZ) &&
		pg_mbstrlen_with_len(text, (int) len) > reader->typmod - VARHDRSZ)
		ereport(ERROR,
				(errcode(ERRCODE_STRING_DATA_RIGHT_TRUNCATION),
				 errmsg("value too long for type character varying(%d)", (int) (reader->typmod - VARHDRSZ))));
	return PointerGetDatum(cstring_to_text_with_len(text, len));
}

static Datum
read_bytes(MfReader *reader, MfColumn *col, int32 row)
{
	size_t		len;
	const char *bytes = mf_varying_at(col, row, &len);

	return PointerGetDatum(cstring_to_text_with_len(bytes, len));
}

static Datum
read_uuid(MfReader *reader, MfColumn *col, int32 row)
{
	return UUIDPGetDatum(mf_fixed_at(col, row));
}

Datum
mf_read_elements(MfReader *reader, MfColumn *elements, int32 first, int32 last)
{
	int			n = last - first;
	Datum	   *values = palloc(sizeof(Datum) * Max(n, 1));
	bool	   *nulls = palloc(sizeof(bool) * Max(n, 1));
	int			lower = 1;

	if (n == 0)
		return PointerGetDatum(construct_empty_array(reader->elem->declared));
	for (int i = 0; i < n; i++)
		values[i] = mf_read_value(reader->elem, elements, first + i, &nulls[i]);
	return PointerGetDatum(construct_md_array(values, nulls, 1, &n, &lower, reader->elem->declared,
											  reader->elem_len, reader->elem_byval, reader->elem_align));
}

static Datum
read_list(MfReader *reader, MfColumn *col, int32 row)
{
	return mf_read_elements(reader, col->child, (int32) col->offsets[row], (int32) col->offsets[row + 1]);
}

static Datum
read_through_text(MfReader *reader, MfColumn *col, int32 row)
{
	return InputFunctionCall(&reader->input, mf_value_text(col, row), reader->ioparam, reader->typmod);
}

static void
cannot_read(MfReader *reader, MfColumn *col)
{
	ereport(ERROR,
			(errcode(ERRCODE_DATATYPE_MISMATCH),
			 errmsg("a remote %s cannot become %s", mf_kind_name(col->kind),
					format_type_with_typemod(reader->declared, reader->typmod))));
}

static MfReadValue
choose_array(MfReader *reader, MfColumn *col)
{
	MfReadValue read = col->kind == MF_KIND_LIST ? read_list : mf_vector_read(reader, col);

	if (read == NULL)
		cannot_read(reader, col);
	return read;
}

static MfReadValue
choose_pgvector(MfReader *reader, MfColumn *col)
{
	MfReadValue read = mf_pgvector_read(reader->pgvector, col);

	if (read == NULL)
		cannot_read(reader, col);
	return read;
}

static MfReadValue
choose_scalar(MfReader *reader, MfColumn *col)
{
	MfKind		kind = col->kind;
	bool		integer = is_integer_kind(kind);

	if (kind == MF_KIND_LIST || (mf_kind_is_vector(kind) && kind != MF_KIND_VEC_BIT))
		cannot_read(reader, col);
	switch (reader->type)
	{
		case BOOLOID:
			return kind == MF_KIND_BOOL ? read_bool : read_through_text;
		case INT2OID:
			return integer ? read_int2 : read_through_text;
		case INT4OID:
			return integer ? read_int4 : read_through_text;
		case INT8OID:
			return integer ? read_int8 : read_through_text;
		case FLOAT4OID:
			return kind == MF_KIND_F32 ? read_float4 : read_through_text;
		case FLOAT8OID:
			if (kind == MF_KIND_F32 || kind == MF_KIND_F64)
				return read_float8;
			return integer && kind != MF_KIND_I64 ? read_float8_of_int : read_through_text;
		case NUMERICOID:
			return integer ? read_numeric_of_int : read_through_text;
		case TEXTOID:
		case VARCHAROID:
			return kind == MF_KIND_TEXT || kind == MF_KIND_JSON || kind == MF_KIND_DECIMAL ||
				kind == MF_KIND_INET ? read_text : read_through_text;
		case BYTEAOID:
			return kind == MF_KIND_BYTES ? read_bytes : read_through_text;
		case TIMESTAMPTZOID:
		case TIMESTAMPOID:
			return kind == MF_KIND_TIMESTAMP && reader->typmod < 0 ? read_timestamp : read_through_text;
		case UUIDOID:
			return kind == MF_KIND_UUID ? read_uuid : read_through_text;
		case BITOID:
		case VARBITOID:
			return kind == MF_KIND_VEC_BIT ? mf_read_bits : read_through_text;
		default:
			return read_through_text;
	}
}

void
mf_reader_init(MfReader *reader, Oid type, int32 typmod, MemoryContext context)
{
	MemoryContext before = MemoryContextSwitchTo(context);
	Oid			elem;
	Oid			input;

	memset(reader, 0, sizeof(*reader));
	reader->context = context;
	reader->declared = type;
	reader->typmod = typmod;
	reader->type = getBaseTypeAndTypmod(type, &reader->typmod);
	reader->is_domain = reader->type != type;
	getTypeInputInfo(reader->type, &input, &reader->ioparam);
	fmgr_info_cxt(input, &reader->input, context);

	reader->pgvector = mf_pgvector_type(reader->type);
	elem = get_element_type(reader->type);
	if (OidIsValid(elem))
	{
		reader->elem = palloc(sizeof(MfReader));
		mf_reader_init(reader->elem, elem, reader->typmod, context);
		get_typlenbyvalalign(elem, &reader->elem_len, &reader->elem_byval, &reader->elem_align);
	}
	MemoryContextSwitchTo(before);
}

Datum
mf_read_value(MfReader *reader, MfColumn *col, int32 row, bool *isnull)
{
	Datum		value = (Datum) 0;

	*isnull = mf_column_state(col, row) != MF_VALUE_PRESENT;
	if (!*isnull)
	{
		if (reader->read == NULL || reader->kind != col->kind || reader->elem_kind != col->elem)
		{
			reader->kind = col->kind;
			reader->elem_kind = col->elem;
			reader->read = reader->elem ? choose_array(reader, col) :
				reader->pgvector ? choose_pgvector(reader, col) : choose_scalar(reader, col);
		}
		value = reader->read(reader, col, row);
	}
	if (reader->is_domain)
		domain_check(value, *isnull, reader->declared, &reader->domain_extra, reader->context);
	return value;
}
