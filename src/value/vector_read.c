/*
 * vector_read.c - How does a vector become an array, or a bit string?
 */
#include "vector.h"

#include "catalog/pg_type.h"
#include "half.h"
#include "utils/varbit.h"

void
mf_vector_floats(const MfColumn *col, int32 row, float4 *floats)
{
	const void *at = mf_fixed_at(col, row);

	for (int32 i = 0; i < col->dim; i++)
	{
		switch (col->kind)
		{
			case MF_KIND_VEC_F16:
				floats[i] = mf_half_value(((const uint16 *) at)[i]);
				break;
			case MF_KIND_VEC_BF16:
				floats[i] = mf_bfloat_value(((const uint16 *) at)[i]);
				break;
			case MF_KIND_VEC_I8:
				floats[i] = ((const int8 *) at)[i];
				break;
			default:
				floats[i] = ((const float4 *) at)[i];
		}
	}
}

/* The vector becomes a real[] where it lies: its header goes into the headroom. */
static Datum
read_vector_in_place(MfReader *reader, MfColumn *col, int32 row)
{
	char	   *floats = mf_fixed_at(col, row);
	ArrayType  *array = (ArrayType *) (floats - MF_VECTOR_HEADROOM);

	if (col->dim == 0)
		return PointerGetDatum(construct_empty_array(FLOAT4OID));
	SET_VARSIZE(array, MF_VECTOR_HEADROOM + col->width);
	array->ndim = 1;
	array->dataoffset = 0;
	array->elemtype = FLOAT4OID;
	ARR_DIMS(array)[0] = col->dim;
	ARR_LBOUND(array)[0] = 1;
	return PointerGetDatum(array);
}

/* An array of its own, of floats. */
static Datum
read_floats(MfReader *reader, MfColumn *col, int32 row)
{
	size_t		size = ARR_OVERHEAD_NONULLS(1) + sizeof(float4) * col->dim;
	ArrayType  *array;

	if (col->dim == 0)
		return PointerGetDatum(construct_empty_array(FLOAT4OID));
	array = palloc(size);
	SET_VARSIZE(array, size);
	array->ndim = 1;
	array->dataoffset = 0;
	array->elemtype = FLOAT4OID;
	ARR_DIMS(array)[0] = col->dim;
	ARR_LBOUND(array)[0] = 1;
	mf_vector_floats(col, row, (float4 *) ARR_DATA_PTR(array));
	return PointerGetDatum(array);
}

/* Into an array of some other type: its elements as a column of their own. */
static Datum
read_elements(MfReader *reader, MfColumn *col, int32 row)
{
	MfColumn	elements = {0};
	size_t		bits = ((size_t) col->dim + 7) / 8;

	elements.kind = col->kind == MF_KIND_VEC_I8 ? MF_KIND_I8 : MF_KIND_F32;
	elements.width = elements.stride = mf_kind_width(elements.kind, 0);
	if (col->kind == MF_KIND_VEC_I8 || col->kind == MF_KIND_VEC_F32)
		elements.values = mf_fixed_at(col, row);
	else
	{
		elements.values = palloc(sizeof(float4) * Max(col->dim, 1));
		mf_vector_floats(col, row, (float4 *) elements.values);
	}
	elements.nrows = col->dim;
	elements.valid = palloc(bits);
	memset(elements.valid, 0xFF, bits);
	return mf_read_elements(reader, &elements, 0, col->dim);
}

MfReadValue
mf_vector_read(MfReader *reader, const MfColumn *col)
{
	bool		floats = reader->elem->declared == FLOAT4OID;

	switch (col->kind)
	{
		case MF_KIND_VEC_F32:
			return floats && col->headroom == MF_VECTOR_HEADROOM ? read_vector_in_place : read_elements;
		case MF_KIND_VEC_F16:
		case MF_KIND_VEC_BF16:
			return floats ? read_floats : read_elements;
		case MF_KIND_VEC_I8:
			return read_elements;
		default:
			return NULL;
	}
}

Datum
mf_read_bits(MfReader *reader, MfColumn *col, int32 row)
{
	VarBit	   *bits = palloc0(VARBITTOTALLEN(col->dim));

	if (reader->type == BITOID && reader->typmod >= 0 && reader->typmod != col->dim)
		ereport(ERROR,
				(errcode(ERRCODE_STRING_DATA_LENGTH_MISMATCH),
				 errmsg("bit string length %d does not match type bit(%d)", col->dim, reader->typmod)));
	if (reader->type == VARBITOID && reader->typmod >= 0 && reader->typmod < col->dim)
		ereport(ERROR,
				(errcode(ERRCODE_STRING_DATA_RIGHT_TRUNCATION),
				 errmsg("bit string too long for type bit varying(%d)", reader->typmod)));
	SET_VARSIZE(bits, VARBITTOTALLEN(col->dim));
	VARBITLEN(bits) = col->dim;
	memcpy(VARBITS(bits), mf_fixed_at(col, row), col->width);
	if (VARBITPAD(bits) > 0)	/* unused bits must be zero */
		VARBITS(bits)[col->width - 1] &= (bits8) (BITMASK << VARBITPAD(bits));
	return PointerGetDatum(bits);
}
