/*
 * convert_from_array.c - How does an array of numbers become a vector?
 *
 * One function for each element type, because PostgreSQL cannot choose between
 * double precision[] and numeric[] for an array of any other kind of number.
 */
#include "convert.h"

#include <math.h>

#include "catalog/pg_type.h"
#include "fmgr.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/float.h"

PG_FUNCTION_INFO_V1(milvus_fdw_to_vector_int2);
PG_FUNCTION_INFO_V1(milvus_fdw_to_vector_int4);
PG_FUNCTION_INFO_V1(milvus_fdw_to_vector_int8);
PG_FUNCTION_INFO_V1(milvus_fdw_to_vector_float4);
PG_FUNCTION_INFO_V1(milvus_fdw_to_vector_float8);
PG_FUNCTION_INFO_V1(milvus_fdw_to_vector_numeric);

/*
 * Integers: exact up to 2^24, beyond that the nearest float32, ties to even,
 * which is what a C conversion gives.
 */
#define FROM_INTEGERS(function, type) \
Datum \
function(PG_FUNCTION_ARGS) \
{ \
	int			n; \
	const type *in = mf_vector_elements(PG_GETARG_ARRAYTYPE_P(0), &n); \
	ArrayType  *result; \
	float4	   *out; \
\
	mf_vector_check_dim(n, PG_GETARG_INT32(1)); \
	result = mf_vector_new(n, &out); \
	for (int i = 0; i < n; i++) \
		out[i] = (float4) in[i]; \
	PG_RETURN_ARRAYTYPE_P(result); \
}

/* to_vector(smallint[], dim), to_vector(integer[], dim), to_vector(bigint[], dim) */
FROM_INTEGERS(milvus_fdw_to_vector_int2, int16)
FROM_INTEGERS(milvus_fdw_to_vector_int4, int32)
FROM_INTEGERS(milvus_fdw_to_vector_int8, int64)

/* to_vector(real[], dim): only looked at, except that it comes back starting at 1 */
Datum
milvus_fdw_to_vector_float4(PG_FUNCTION_ARGS)
{
	int			n;
	const float4 *in = mf_vector_elements(PG_GETARG_ARRAYTYPE_P(0), &n);
	ArrayType  *result;
	float4	   *out;

	mf_vector_check_dim(n, PG_GETARG_INT32(1));
	result = mf_vector_new(n, &out);
	if (n > 0)
		memcpy(out, in, n * sizeof(float4));
	PG_RETURN_ARRAYTYPE_P(result);
}

/* to_vector(double precision[], dim): nearest float32; NaN and infinity stay */
Datum
milvus_fdw_to_vector_float8(PG_FUNCTION_ARGS)
{
	int			n;
	const float8 *in = mf_vector_elements(PG_GETARG_ARRAYTYPE_P(0), &n);
	ArrayType  *result;
	float4	   *out;

	mf_vector_check_dim(n, PG_GETARG_INT32(1));
	result = mf_vector_new(n, &out);
	for (int i = 0; i < n; i++)
	{
		out[i] = (float4) in[i];
		if (isinf(out[i]) && !isinf(in[i]))
			mf_float4_overflow(float8out_internal(in[i]), i + 1);
	}
	PG_RETURN_ARRAYTYPE_P(result);
}

/* to_vector(numeric[], dim): rounded once, from the decimal digits */
Datum
milvus_fdw_to_vector_numeric(PG_FUNCTION_ARGS)
{
	ArrayType  *array = PG_GETARG_ARRAYTYPE_P(0);
	int			n;
	Datum	   *in;
	ArrayType  *result;
	float4	   *out;

	(void) mf_vector_elements(array, &n);
	mf_vector_check_dim(n, PG_GETARG_INT32(1));
	result = mf_vector_new(n, &out);
	deconstruct_array(array, NUMERICOID, -1, false, TYPALIGN_INT, &in, NULL, &n);
	for (int i = 0; i < n; i++)
	{
		char	   *decimal;

		CHECK_FOR_INTERRUPTS();
		decimal = DatumGetCString(DirectFunctionCall1(numeric_out, in[i]));
		out[i] = mf_float4_from_numeric(decimal, i + 1);
		pfree(decimal);
	}
	PG_RETURN_ARRAYTYPE_P(result);
}
