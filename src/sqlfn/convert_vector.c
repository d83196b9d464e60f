/*
 * convert_vector.c - When is an array a vector, and which number is an element?
 */
#include "convert.h"

#include <math.h>

#include "catalog/pg_type.h"
#include "mb/pg_wchar.h"
#include "utils/float.h"
#include "utils/memutils.h"

/* Bytes of a value that a message shows. */
#define CLIP_BYTES 64

/* ARR_DATA_PTR, which mixes signed and unsigned in a way that -Wextra reports */
static void *
array_data(ArrayType *array)
{
	Size		offset = ARR_HASNULL(array) ? (Size) array->dataoffset :
		ARR_OVERHEAD_NONULLS(ARR_NDIM(array));

	return (char *) array + offset;
}

ArrayType *
mf_vector_new(int64 n, float4 **data)
{
	ArrayType  *array;
	Size		size;

	if (n > (int64) MaxArraySize)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("vector of %lld dimensions exceeds the maximum array size of %d",
						(long long) n, (int) MaxArraySize)));

	/* PostgreSQL's own functions take only this form for an empty array. */
	if (n == 0)
	{
		*data = NULL;
		return construct_empty_array(FLOAT4OID);
	}

	size = ARR_OVERHEAD_NONULLS(1) + (Size) n * sizeof(float4);
	array = (ArrayType *) palloc(size);
	SET_VARSIZE(array, size);
	array->ndim = 1;
	array->dataoffset = 0;
	array->elemtype = FLOAT4OID;
	ARR_DIMS(array)[0] = (int) n;
	ARR_LBOUND(array)[0] = 1;
	*data = (float4 *) array_data(array);
	return array;
}

const void *
mf_vector_elements(ArrayType *array, int *n)
{
	bits8	   *present = ARR_NULLBITMAP(array);

	if (ARR_NDIM(array) > 1)
		ereport(ERROR,
				(errcode(ERRCODE_ARRAY_SUBSCRIPT_ERROR),
				 errmsg("a vector must be an array of one dimension, not of %d",
						ARR_NDIM(array))));

	*n = ArrayGetNItems(ARR_NDIM(array), ARR_DIMS(array));
	if (present != NULL)
	{
		/* A bitmap alone proves nothing: every bit of it may be set. */
		for (int i = 0; i < *n; i++)
		{
			if ((present[i / 8] & (1 << (i % 8))) == 0)
				ereport(ERROR,
						(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
						 errmsg("element %d of the vector is null", i + 1)));
		}
	}
	return array_data(array);
}

void
mf_vector_check_dim(int n, int dim)
{
	if (dim < 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("number of dimensions must not be negative: \"%d\"", dim)));
	if (dim != 0 && dim != n)
		ereport(ERROR,
				(errcode(ERRCODE_DATA_EXCEPTION),
				 errmsg("expected %d dimensions, not %d", dim, n)));
}

float4
mf_float4_from_numeric(const char *decimal, int element)
{
	float4		f;

	if (mf_decimal_read(decimal, &f) == NULL)
	{
		if (strcmp(decimal, "NaN") == 0)
			return get_float4_nan();
		return (decimal[0] == '-') ? -get_float4_infinity() : get_float4_infinity();
	}
	if (isinf(f))
		mf_float4_overflow(decimal, element);
	return f;
}

void
mf_float4_overflow(const char *number, int element)
{
	ereport(ERROR,
			(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
			 errmsg("element %d of the vector is out of range for type real: \"%s\"",
					element, mf_clip(number, strlen(number)))));
}

const char *
mf_clip(const char *text, size_t len)
{
	int			keep;

	if (len <= CLIP_BYTES)
		return pnstrdup(text, len);
	keep = pg_mbcliplen(text, (int) Min(len, (size_t) MaxAllocSize), CLIP_BYTES);
	return psprintf("%.*s...", keep, text);
}
