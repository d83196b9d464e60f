/*
 * convert_normalize.c - How does a vector get length 1?
 */
#include "convert.h"

#include <math.h>

#include "common/shortest_dec.h"
#include "fmgr.h"

PG_FUNCTION_INFO_V1(milvus_fdw_l2_normalize);

/*
 * l2_normalize(real[]): v / sqrt(sum of v[i]^2), as pgvector's function of
 * that name: sums and quotients in float64, a vector of zeros stays as it is.
 *
 * No scaling is needed: the squares of the smallest and the largest float32,
 * 2e-90 and 1.2e77, and the sum of as many as an array can hold, are normal
 * float64 numbers.
 */
Datum
milvus_fdw_l2_normalize(PG_FUNCTION_ARGS)
{
	int			n;
	const float4 *v = mf_vector_elements(PG_GETARG_ARRAYTYPE_P(0), &n);
	double		sum = 0.0;
	double		norm;
	ArrayType  *result;
	float4	   *out;

	for (int i = 0; i < n; i++)
	{
		if (!isfinite(v[i]))
			ereport(ERROR,
					(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
					 errmsg("cannot normalize a vector whose element %d is \"%s\"",
							i + 1, float_to_shortest_decimal(v[i]))));
		sum += (double) v[i] * (double) v[i];
	}
	norm = sqrt(sum);
	result = mf_vector_new(n, &out);
	for (int i = 0; i < n; i++)
		out[i] = (norm > 0.0) ? (float4) ((double) v[i] / norm) : v[i];
	PG_RETURN_ARRAYTYPE_P(result);
}
