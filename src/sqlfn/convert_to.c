/*
 * convert_to.c - How is a vector written in decimal?
 *
 * With the shortest digits that read back as the same float32 (Ryu, from
 * PostgreSQL's common/shortest_dec.h), whatever extra_float_digits says: a
 * conversion must not depend on a setting.
 */
#include "convert.h"

#include <math.h>

#include "catalog/pg_type.h"
#include "common/shortest_dec.h"
#include "fmgr.h"
#include "lib/stringinfo.h"
#include "miscadmin.h"
#include "utils/builtins.h"

PG_FUNCTION_INFO_V1(milvus_fdw_vector_to_text);
PG_FUNCTION_INFO_V1(milvus_fdw_vector_to_jsonb);
PG_FUNCTION_INFO_V1(milvus_fdw_vector_to_numeric);

/* "[1,2,3]", NUL-terminated */
static char *
vector_text(const float4 *v, int n)
{
	StringInfoData text;

	initStringInfo(&text);
	appendStringInfoChar(&text, '[');
	for (int i = 0; i < n; i++)
	{
		CHECK_FOR_INTERRUPTS();
		if (i > 0)
			appendStringInfoChar(&text, ',');
		enlargeStringInfo(&text, FLOAT_SHORTEST_DECIMAL_LEN);
		text.len += float_to_shortest_decimal_bufn(v[i], text.data + text.len);
		text.data[text.len] = '\0';
	}
	appendStringInfoChar(&text, ']');
	return text.data;
}

/* vector_to_text(real[]) */
Datum
milvus_fdw_vector_to_text(PG_FUNCTION_ARGS)
{
	int			n;
	const float4 *v = mf_vector_elements(PG_GETARG_ARRAYTYPE_P(0), &n);

	PG_RETURN_TEXT_P(cstring_to_text(vector_text(v, n)));
}

/*
 * vector_to_jsonb(real[]).  Made by jsonb's own input function from our text,
 * because the functions that build a jsonb piece by piece change their
 * signatures between versions.
 */
Datum
milvus_fdw_vector_to_jsonb(PG_FUNCTION_ARGS)
{
	int			n;
	const float4 *v = mf_vector_elements(PG_GETARG_ARRAYTYPE_P(0), &n);

	for (int i = 0; i < n; i++)
	{
		if (!isfinite(v[i]))
			ereport(ERROR,
					(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
					 errmsg("element %d of the vector cannot be written in JSON: \"%s\"",
							i + 1, float_to_shortest_decimal(v[i]))));
	}
	PG_RETURN_DATUM(DirectFunctionCall1(jsonb_in, CStringGetDatum(vector_text(v, n))));
}

/* vector_to_numeric(real[]) */
Datum
milvus_fdw_vector_to_numeric(PG_FUNCTION_ARGS)
{
	int			n;
	const float4 *v = mf_vector_elements(PG_GETARG_ARRAYTYPE_P(0), &n);
	Datum	   *out = (Datum *) palloc(Max(n, 1) * sizeof(Datum));

	for (int i = 0; i < n; i++)
	{
		char		decimal[FLOAT_SHORTEST_DECIMAL_LEN];

		CHECK_FOR_INTERRUPTS();
		float_to_shortest_decimal_buf(v[i], decimal);
		out[i] = DirectFunctionCall3(numeric_in, CStringGetDatum(decimal),
									 ObjectIdGetDatum(InvalidOid), Int32GetDatum(-1));
	}
	PG_RETURN_ARRAYTYPE_P(construct_array(out, n, NUMERICOID, -1, false, TYPALIGN_INT));
}
