/*
 * vector_write.c - How does an array, or a bit string, become a vector?
 */
#include "vector.h"

#include "catalog/pg_type.h"
#include "half.h"
#include "utils/varbit.h"

void
mf_wrong_dim(int expected, int found)
{
	ereport(ERROR,
			(errcode(ERRCODE_DATA_EXCEPTION), errmsg("expected %d dimensions, not %d", expected, found)));
}

/* An array of one dimension without NULLs, of as many elements as the field has. */
static ArrayType *
vector_array(MfWriter *writer, Datum value)
{
	ArrayType  *array = DatumGetArrayTypeP(value);
	int			n = ArrayGetNItems(ARR_NDIM(array), ARR_DIMS(array));

	if (ARR_NDIM(array) > 1)
		ereport(ERROR,
				(errcode(ERRCODE_ARRAY_SUBSCRIPT_ERROR),
				 errmsg("a vector must be an array of one dimension, not %d", ARR_NDIM(array))));
	if (ARR_HASNULL(array) && array_contains_nulls(array))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("a vector must not have NULL elements")));
	if (n != writer->field->dim)
		mf_wrong_dim(writer->field->dim, n);
	return array;
}

void *
mf_vector_slot(MfMem *mem, MfColumn *col)
{
	void	   *slot = mf_append_vector(mem, col);

	if (slot == NULL)
		mf_value_no_memory();
	return slot;
}

static void
put_vector_real(MfWriter *writer, MfMem *mem, MfColumn *col, Datum value)
{
	ArrayType  *array = vector_array(writer, value);

	memcpy(mf_vector_slot(mem, col), ARR_DATA_PTR(array), col->width);
}

/* An array of another numeric type: element by element, each rounded once. */
static void
put_vector_numeric(MfWriter *writer, MfMem *mem, MfColumn *col, Datum value)
{
	ArrayType  *array = vector_array(writer, value);
	float4	   *floats = palloc(sizeof(float4) * writer->field->dim);
	Datum	   *elems;
	int			n;

	deconstruct_array(array, ARR_ELEMTYPE(array), writer->elem_len, writer->elem_byval,
					  writer->elem_align, &elems, NULL, &n);
	for (int i = 0; i < n; i++)
		floats[i] = mf_float4_of(ARR_ELEMTYPE(array), elems[i]);
	memcpy(mf_vector_slot(mem, col), floats, col->width);
}

static void
out_of_range(MfWriter *writer, char *value)
{
	ereport(ERROR,
			(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
			 errmsg("value \"%s\" is out of range for field \"%s\" of type %s",
					value, mf_safe_text(writer->field->name), mf_safe_text(writer->field->native))));
}

static void
narrow(MfWriter *writer, float8 value, uint16 *half)
{
	if (!(writer->field->kind == MF_KIND_VEC_F16 ? mf_half_of(value, half) : mf_bfloat_of(value, half)))
		out_of_range(writer, psprintf("%g", value));
}

void
mf_put_narrow(MfWriter *writer, MfMem *mem, MfColumn *col, const float4 *floats)
{
	uint16	   *halves = palloc(sizeof(uint16) * Max(writer->field->dim, 1));

	for (int i = 0; i < writer->field->dim; i++)
		narrow(writer, floats[i], &halves[i]);
	memcpy(mf_vector_slot(mem, col), halves, col->width);
}

static void
put_narrow_real(MfWriter *writer, MfMem *mem, MfColumn *col, Datum value)
{
	mf_put_narrow(writer, mem, col, (const float4 *) ARR_DATA_PTR(vector_array(writer, value)));
}

/* From wider numbers: not through float4, which would round twice. */
static void
put_narrow_numeric(MfWriter *writer, MfMem *mem, MfColumn *col, Datum value)
{
	ArrayType  *array = vector_array(writer, value);
	uint16	   *halves = palloc(sizeof(uint16) * Max(writer->field->dim, 1));
	Datum	   *elems;
	int			n;

	deconstruct_array(array, ARR_ELEMTYPE(array), writer->elem_len, writer->elem_byval,
					  writer->elem_align, &elems, NULL, &n);
	for (int i = 0; i < n; i++)
		narrow(writer, mf_float8_of(ARR_ELEMTYPE(array), elems[i]), &halves[i]);
	memcpy(mf_vector_slot(mem, col), halves, col->width);
}

static void
put_int8(MfWriter *writer, MfMem *mem, MfColumn *col, Datum value)
{
	ArrayType  *array = vector_array(writer, value);
	int8	   *bytes = palloc(Max(writer->field->dim, 1));
	Datum	   *elems;
	int			n;

	deconstruct_array(array, ARR_ELEMTYPE(array), writer->elem_len, writer->elem_byval,
					  writer->elem_align, &elems, NULL, &n);
	for (int i = 0; i < n; i++)
	{
		Oid			type = ARR_ELEMTYPE(array);
		int64		v = type == INT2OID ? DatumGetInt16(elems[i]) : type == INT4OID ? DatumGetInt32(elems[i]) :
			DatumGetInt64(elems[i]);

		if (v < PG_INT8_MIN || v > PG_INT8_MAX)
			out_of_range(writer, psprintf(INT64_FORMAT, v));
		bytes[i] = (int8) v;
	}
	memcpy(mf_vector_slot(mem, col), bytes, col->width);
}

static void
put_bits(MfWriter *writer, MfMem *mem, MfColumn *col, Datum value)
{
	VarBit	   *bits = DatumGetVarBitP(value);

	if (VARBITLEN(bits) != writer->field->dim)
		ereport(ERROR,
				(errcode(ERRCODE_DATA_EXCEPTION),
				 errmsg("expected %d bits, not %d", writer->field->dim, VARBITLEN(bits))));
	memcpy(mf_vector_slot(mem, col), VARBITS(bits), col->width);
}

static bool
is_integer(Oid type)
{
	return type == INT2OID || type == INT4OID || type == INT8OID;
}

MfPutValue
mf_vector_put(MfWriter *writer, Oid elem)
{
	bool		number = is_integer(elem) || elem == FLOAT4OID || elem == FLOAT8OID || elem == NUMERICOID;

	switch (writer->field->kind)
	{
		case MF_KIND_VEC_F32:
			return elem == FLOAT4OID ? put_vector_real : number ? put_vector_numeric : NULL;
		case MF_KIND_VEC_F16:
		case MF_KIND_VEC_BF16:
			return elem == FLOAT4OID ? put_narrow_real : number ? put_narrow_numeric : NULL;
		case MF_KIND_VEC_I8:
			return is_integer(elem) ? put_int8 : NULL;
		case MF_KIND_VEC_BIT:
			return writer->type == BITOID || writer->type == VARBITOID ? put_bits : NULL;
		default:
			return NULL;
	}
}
