/*
 * convert_bytea.c - How does a vector travel as bytes?
 *
 * As IEEE 754 binary32, least significant byte first, one after the other: the
 * form that NumPy's tobytes(), Faiss and Redis use on common machines.  Bits
 * are copied, never computed with, so NaNs keep theirs.
 */
#include "convert.h"

#include "fmgr.h"

PG_FUNCTION_INFO_V1(milvus_fdw_to_vector_bytea);
PG_FUNCTION_INFO_V1(milvus_fdw_vector_to_bytea);

/* to_vector(bytea, dim) */
Datum
milvus_fdw_to_vector_bytea(PG_FUNCTION_ARGS)
{
	bytea	   *bytes = PG_GETARG_BYTEA_PP(0);
	const unsigned char *p = (const unsigned char *) VARDATA_ANY(bytes);
	int			len = (int) VARSIZE_ANY_EXHDR(bytes);
	int			n = len / 4;
	ArrayType  *result;
	float4	   *out;

	if (len % 4 != 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_BINARY_REPRESENTATION),
				 errmsg("expected a multiple of 4 bytes for a vector, not %d", len)));
	mf_vector_check_dim(n, PG_GETARG_INT32(1));
	result = mf_vector_new(n, &out);
	for (int i = 0; i < n; i++, p += 4)
	{
		uint32		bits = (uint32) p[0] | (uint32) p[1] << 8 |
			(uint32) p[2] << 16 | (uint32) p[3] << 24;

		memcpy(&out[i], &bits, 4);
	}
	PG_RETURN_ARRAYTYPE_P(result);
}

/* vector_to_bytea(real[]) */
Datum
milvus_fdw_vector_to_bytea(PG_FUNCTION_ARGS)
{
	int			n;
	const float4 *v = mf_vector_elements(PG_GETARG_ARRAYTYPE_P(0), &n);
	Size		size = VARHDRSZ + (Size) n * 4;
	bytea	   *result = (bytea *) palloc(size);
	unsigned char *p = (unsigned char *) VARDATA(result);

	SET_VARSIZE(result, size);
	for (int i = 0; i < n; i++, p += 4)
	{
		uint32		bits;

		memcpy(&bits, &v[i], 4);
		p[0] = (unsigned char) bits;
		p[1] = (unsigned char) (bits >> 8);
		p[2] = (unsigned char) (bits >> 16);
		p[3] = (unsigned char) (bits >> 24);
	}
	PG_RETURN_BYTEA_P(result);
}
