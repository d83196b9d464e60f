/*
 * write.c - How does a Datum become a batch's value?
 *
 * The target field says the kind and the limits.  Everything that could be
 * refused by the remote for the value alone is refused here, at its row, with
 * the field's own words: NULL, range, bytes, dimensions.
 */
#include "pgvector.h"

#include <math.h>

#include "catalog/pg_type.h"
#include "common/int.h"
#include "mb/pg_wchar.h"
#include "miscadmin.h"
#include "utils/array.h"
#include "utils/builtins.h"
#include "utils/float.h"
#include "utils/fmgrprotos.h"
#include "utils/lsyscache.h"
#include "utils/timestamp.h"
#include "utils/uuid.h"
#include "vector.h"

/* The field in a message */
#define FIELD(writer) mf_safe_text((writer)->field->name)
#define NATIVE(writer) mf_safe_text((writer)->field->native)

void
mf_value_no_memory(void)
{
	ereport(ERROR,
			(errcode(ERRCODE_OUT_OF_MEMORY),
			 errmsg("out of memory"),
			 errdetail("The budget of this connection is used up."),
			 errhint("Lower batch_size or batch_bytes, or raise memory_limit.")));
}

static void
put_fixed(MfMem *mem, MfColumn *col, const void *value)
{
	if (!mf_append_fixed(mem, col, value))
		mf_value_no_memory();
}

static void
put_bool(MfWriter *writer, MfMem *mem, MfColumn *col, Datum value)
{
	uint8		byte = DatumGetBool(value) ? 1 : 0;

	put_fixed(mem, col, &byte);
}

static int64
integer_of(MfWriter *writer, Datum value)
{
	switch (writer->type)
	{
		case INT2OID:
			return DatumGetInt16(value);
		case INT4OID:
			return DatumGetInt32(value);
		default:
			return DatumGetInt64(value);
	}
}

static void
put_integer(MfWriter *writer, MfMem *mem, MfColumn *col, Datum value)
{
	int64		v = integer_of(writer, value);
	int			bits = (int) col->width * 8;

	if (bits < 64 && (v < -(INT64CONST(1) << (bits - 1)) || v >= (INT64CONST(1) << (bits - 1))))
		ereport(ERROR,
				(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
				 errmsg("value \"" INT64_FORMAT "\" is out of range for field \"%s\" of type %s",
						v, FIELD(writer), NATIVE(writer))));

	/* little or big endian alike: assign by width */
	switch (col->width)
	{
		case 1:
			{
				int8		x = (int8) v;

				put_fixed(mem, col, &x);
				break;
			}
		case 2:
			{
				int16		x = (int16) v;

				put_fixed(mem, col, &x);
				break;
			}
		case 4:
			{
				int32		x = (int32) v;

				put_fixed(mem, col, &x);
				break;
			}
		default:
			put_fixed(mem, col, &v);
	}
}

static void
put_uuid(MfWriter *writer, MfMem *mem, MfColumn *col, Datum value)
{
	put_fixed(mem, col, DatumGetUUIDP(value)->data);
}

/* Any numeric type to float, rounded once, as PostgreSQL's own cast does. */
float4
mf_float4_of(Oid type, Datum value)
{
	switch (type)
	{
		case FLOAT4OID:
			return DatumGetFloat4(value);
		case FLOAT8OID:
			return DatumGetFloat4(DirectFunctionCall1(dtof, value));
		case INT2OID:
			return (float4) DatumGetInt16(value);
		case INT4OID:
			return (float4) DatumGetInt32(value);
		case INT8OID:
			return (float4) DatumGetInt64(value);
		default:
			return DatumGetFloat4(DirectFunctionCall1(numeric_float4, value));
	}
}

static void
put_float4(MfWriter *writer, MfMem *mem, MfColumn *col, Datum value)
{
	float4		v = mf_float4_of(writer->type, value);

	put_fixed(mem, col, &v);
}

float8
mf_float8_of(Oid type, Datum value)
{
	switch (type)
	{
		case FLOAT4OID:
			return DatumGetFloat4(value);
		case FLOAT8OID:
			return DatumGetFloat8(value);
		case INT2OID:
			return (float8) DatumGetInt16(value);
		case INT4OID:
			return (float8) DatumGetInt32(value);
		case INT8OID:
			return (float8) DatumGetInt64(value);
		default:
			return DatumGetFloat8(DirectFunctionCall1(numeric_float8, value));
	}
}

static void
put_float8(MfWriter *writer, MfMem *mem, MfColumn *col, Datum value)
{
	float8		v = mf_float8_of(writer->type, value);

	put_fixed(mem, col, &v);
}

static void
put_timestamp(MfWriter *writer, MfMem *mem, MfColumn *col, Datum value)
{
	Timestamp	t = DatumGetTimestamp(value);
	int64		us;

	if (TIMESTAMP_NOT_FINITE(t) ||
		pg_add_s64_overflow(t, (int64) (POSTGRES_EPOCH_JDATE - UNIX_EPOCH_JDATE) * USECS_PER_DAY, &us))
		ereport(ERROR,
				(errcode(ERRCODE_DATETIME_VALUE_OUT_OF_RANGE),
				 errmsg("timestamp out of range for field \"%s\"", FIELD(writer))));
	put_fixed(mem, col, &us);
}

/* Bytes of text, in UTF-8, within the field's length. */
static void
put_utf8(MfWriter *writer, MfMem *mem, MfColumn *col, char *text, size_t len)
{
	if (GetDatabaseEncoding() != PG_UTF8)
	{
		char	   *utf8 = pg_server_to_any(text, (int) len, PG_UTF8);

		if (utf8 != text)
		{
			text = utf8;
			len = strlen(utf8);
		}
	}
	if (writer->field->max_bytes > 0 && len > (size_t) writer->field->max_bytes)
		ereport(ERROR,
				(errcode(ERRCODE_STRING_DATA_RIGHT_TRUNCATION),
				 errmsg("value too long for field \"%s\" of type %s", FIELD(writer), NATIVE(writer)),
				 errdetail("The value has %zu bytes in UTF-8, the field holds " INT64_FORMAT ".",
						   len, writer->field->max_bytes),
				 writer->field->kind == MF_KIND_TEXT ?
				 errhint("milvus_fdw.text_truncate_bytes(text, integer) cuts a text at a character.") : 0));
	if (!mf_append_bytes(mem, col, text, len))
		mf_value_no_memory();
}

static void
put_text(MfWriter *writer, MfMem *mem, MfColumn *col, Datum value)
{
	text	   *t = DatumGetTextPP(value);

	put_utf8(writer, mem, col, VARDATA_ANY(t), VARSIZE_ANY_EXHDR(t));
}

static void
put_bytes(MfWriter *writer, MfMem *mem, MfColumn *col, Datum value)
{
	bytea	   *b = DatumGetByteaPP(value);

	if (!mf_append_bytes(mem, col, VARDATA_ANY(b), VARSIZE_ANY_EXHDR(b)))
		mf_value_no_memory();
}

static void
put_through_text(MfWriter *writer, MfMem *mem, MfColumn *col, Datum value)
{
	int			date_style = DateStyle;
	int			interval_style = IntervalStyle;
	int			float_digits = extra_float_digits;
	char	   *text;

	/* the same text whatever the session likes to see */
	PG_TRY();
	{
		DateStyle = USE_ISO_DATES;
		IntervalStyle = INTSTYLE_POSTGRES;
		extra_float_digits = 1;
		text = OutputFunctionCall(&writer->output, value);
	}
	PG_FINALLY();
	{
		DateStyle = date_style;
		IntervalStyle = interval_style;
		extra_float_digits = float_digits;
	}
	PG_END_TRY();
	put_utf8(writer, mem, col, text, strlen(text));
}

/* Do an array's elements lie as the column's values do? */
static bool
is_same_layout(Oid elem, MfKind kind)
{
	switch (elem)
	{
		case INT2OID:
			return kind == MF_KIND_I16;
		case INT4OID:
			return kind == MF_KIND_I32;
		case INT8OID:
			return kind == MF_KIND_I64;
		case FLOAT4OID:
			return kind == MF_KIND_F32;
		case FLOAT8OID:
			return kind == MF_KIND_F64;
		default:
			return false;
	}
}

/* All elements at once; false = it has to be looked at one by one. */
static bool
put_whole_list(MfWriter *writer, MfMem *mem, MfColumn *col, ArrayType *array)
{
	int32		n = ARR_NDIM(array) == 0 ? 0 : ARR_DIMS(array)[0];
	int32		before = col->child->nrows;

	if (ARR_NDIM(array) > 1 || ARR_HASNULL(array) || !is_same_layout(ARR_ELEMTYPE(array), col->elem) ||
		(writer->field->max_items > 0 && n > writer->field->max_items))
		return false;
	if (!mf_append_many(mem, col->child, ARR_DATA_PTR(array), n) || !mf_append_list(mem, col))
	{
		mf_column_truncate(col->child, before);
		mf_value_no_memory();
	}
	return true;
}

static void
put_list(MfWriter *writer, MfMem *mem, MfColumn *col, Datum value)
{
	ArrayType  *array = DatumGetArrayTypeP(value);
	int32		before = col->child->nrows;
	Datum	   *elems;
	bool	   *nulls;			/* none is */
	int			n;

	if (put_whole_list(writer, mem, col, array))
		return;
	if (ARR_NDIM(array) > 1)
		ereport(ERROR,
				(errcode(ERRCODE_ARRAY_SUBSCRIPT_ERROR),
				 errmsg("field \"%s\" holds arrays of one dimension, not %d",
						FIELD(writer), ARR_NDIM(array))));
	deconstruct_array(array, ARR_ELEMTYPE(array), writer->elem_len, writer->elem_byval,
					  writer->elem_align, &elems, &nulls, &n);
	if (writer->field->max_items > 0 && n > writer->field->max_items)
		ereport(ERROR,
				(errcode(ERRCODE_ARRAY_SUBSCRIPT_ERROR),
				 errmsg("array of %d elements is too long for field \"%s\" of type %s",
						n, FIELD(writer), NATIVE(writer)),
				 errdetail("The field holds at most %d elements.", writer->field->max_items)));
	if (array_contains_nulls(array))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("field \"%s\" of type %s cannot hold NULL elements", FIELD(writer), NATIVE(writer))));
	PG_TRY();
	{
		for (int i = 0; i < n; i++)
			mf_write_value(writer->elem, mem, col->child, elems[i], false);
		if (!mf_append_list(mem, col))
			mf_value_no_memory();
	}
	PG_CATCH();
	{
		mf_column_truncate(col->child, before);
		PG_RE_THROW();
	}
	PG_END_TRY();
}

static bool
is_number(Oid type)
{
	return type == INT2OID || type == INT4OID || type == INT8OID ||
		type == FLOAT4OID || type == FLOAT8OID || type == NUMERICOID;
}

static bool
is_integer(Oid type)
{
	return type == INT2OID || type == INT4OID || type == INT8OID;
}

static MfPutValue
choose(MfWriter *writer, Oid elem)
{
	Oid			type = writer->type;
	MfPgVector	pgvector = mf_pgvector_type(type);

	if (pgvector != MF_PGVECTOR_NONE)
		return mf_pgvector_put(pgvector, writer->field);
	switch (writer->field->kind)
	{
		case MF_KIND_BOOL:
			return type == BOOLOID ? put_bool : NULL;
		case MF_KIND_I8:
		case MF_KIND_I16:
		case MF_KIND_I32:
		case MF_KIND_I64:
			return is_integer(type) ? put_integer : NULL;
		case MF_KIND_F32:
			return is_number(type) ? put_float4 : NULL;
		case MF_KIND_F64:
			return is_number(type) ? put_float8 : NULL;
		case MF_KIND_TEXT:
			return type == TEXTOID || type == VARCHAROID ? put_text :
				(type == BYTEAOID || OidIsValid(elem)) ? NULL : put_through_text;
		case MF_KIND_DECIMAL:
			return is_number(type) ? put_through_text : NULL;
		case MF_KIND_BYTES:
			return type == BYTEAOID ? put_bytes : NULL;
		case MF_KIND_JSON:
			return type == JSONOID || type == JSONBOID ? put_through_text : NULL;
		case MF_KIND_TIMESTAMP:
			return type == TIMESTAMPTZOID || type == TIMESTAMPOID ? put_timestamp : NULL;
		case MF_KIND_UUID:
			return type == UUIDOID ? put_uuid : NULL;
		case MF_KIND_INET:
			return type == INETOID || type == CIDROID ? put_through_text : NULL;
		case MF_KIND_VEC_F32:
		case MF_KIND_VEC_F16:
		case MF_KIND_VEC_BF16:
		case MF_KIND_VEC_I8:
		case MF_KIND_VEC_BIT:
			return mf_vector_put(writer, elem);
		case MF_KIND_SPARSE:
			return mf_sparse_put(type);
		case MF_KIND_LIST:
			return OidIsValid(elem) ? put_list : NULL;
		default:
			return NULL;
	}
}

/* Set up for a type; false = its values can never go into the field. */
static bool
set_up(MfWriter *writer, Oid type, const MfField *field, MemoryContext context)
{
	Oid			elem;
	Oid			output;

	memset(writer, 0, sizeof(*writer));
	writer->field = field;
	writer->type = getBaseType(type);
	elem = get_element_type(writer->type);
	writer->put = choose(writer, elem);
	if (writer->put == NULL)
		return false;
	getTypeOutputInfo(writer->type, &output, &writer->varlena_output);
	fmgr_info_cxt(output, &writer->output, context);
	if (OidIsValid(elem))
		get_typlenbyvalalign(elem, &writer->elem_len, &writer->elem_byval, &writer->elem_align);
	if (writer->put != put_list)
		return true;
	writer->elem_field = *field;
	writer->elem_field.kind = field->elem;
	writer->elem = palloc(sizeof(MfWriter));
	return set_up(writer->elem, elem, &writer->elem_field, context);
}

bool
mf_writer_try(MfWriter *writer, Oid type, const MfField *field, MemoryContext context)
{
	MemoryContext before = MemoryContextSwitchTo(context);
	bool		fits = set_up(writer, type, field, context);

	MemoryContextSwitchTo(before);
	return fits;
}

void
mf_writer_init(MfWriter *writer, Oid type, int32 typmod, const MfField *field,
			   const char *column, MemoryContext context)
{
	if (!mf_writer_try(writer, type, field, context))
		ereport(ERROR,
				(errcode(ERRCODE_DATATYPE_MISMATCH),
				 errmsg("column \"%s\" of type %s cannot be written to field \"%s\" of type %s",
						column, format_type_with_typemod(type, typmod), FIELD(writer), NATIVE(writer)),
				 field->skip ? errdetail("%s", field->skip) : 0));
}

void
mf_write_value(MfWriter *writer, MfMem *mem, MfColumn *col, Datum value, bool isnull)
{
	if (!isnull)
	{
		writer->put(writer, mem, col, value);
		return;
	}
	/* an INSERT that names no value of a column gives NULL: then the default is meant */
	if (!writer->field->nullable && !writer->field->has_default)
		ereport(ERROR,
				(errcode(ERRCODE_NOT_NULL_VIOLATION),
				 errmsg("null value in field \"%s\" of type %s, which cannot hold it",
						FIELD(writer), NATIVE(writer))));
	if (!mf_append_state(mem, col, writer->field->nullable ? MF_VALUE_NULL : MF_VALUE_ABSENT))
		mf_value_no_memory();
}
