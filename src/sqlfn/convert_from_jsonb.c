/*
 * convert_from_jsonb.c - How does a JSON array become a vector?
 */
#include "convert.h"

#include "fmgr.h"
#include "miscadmin.h"
#include "utils/builtins.h"
#include "utils/jsonb.h"
#include "utils/numeric.h"

PG_FUNCTION_INFO_V1(milvus_fdw_to_vector_jsonb);

/* A jsonb value as text, cut for a message. */
static const char *
shown(JsonbContainer *container)
{
	char	   *text = JsonbToCString(NULL, container, 0);

	return mf_clip(text, strlen(text));
}

/* Raise the error for an element that is not a number. */
static void
not_a_number(JsonbValue *v, int element)
{
	const char *text = "";

	switch (v->type)
	{
		case jbvNull:
			ereport(ERROR,
					(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
					 errmsg("element %d of the vector is null", element)));
			break;
		case jbvString:
			text = mf_clip(v->val.string.val, v->val.string.len);
			break;
		case jbvBool:
			text = v->val.boolean ? "true" : "false";
			break;
		case jbvBinary:
			text = shown(v->val.binary.data);
			break;
		default:
			break;
	}
	ereport(ERROR,
			(errcode(ERRCODE_NON_NUMERIC_SQL_JSON_ITEM),
			 errmsg("element %d of the vector is not a number: \"%s\"", element, text),
			 errdetail("Its JSON type is %s.", JsonbTypeName(v))));
}

/*
 * to_vector(jsonb, dim).  jsonb keeps numbers as numeric, hence in decimal:
 * each is rounded once, from that.
 */
Datum
milvus_fdw_to_vector_jsonb(PG_FUNCTION_ARGS)
{
	Jsonb	   *jb = PG_GETARG_JSONB_P(0);
	int			dim = PG_GETARG_INT32(1);
	int			n = JB_ROOT_COUNT(jb);
	JsonbIterator *it;
	JsonbValue	v;
	JsonbIteratorToken token;
	ArrayType  *result;
	float4	   *out;
	int			i = 0;

	/* A scalar is stored as an array of one element, marked as such. */
	if (JB_ROOT_IS_SCALAR(jb))
	{
		JsonbValue *scalar = getIthJsonbValueFromContainer(&jb->root, 0);

		if (scalar->type == jbvNull)
			PG_RETURN_NULL();
	}
	if (!JB_ROOT_IS_ARRAY(jb) || JB_ROOT_IS_SCALAR(jb))
		ereport(ERROR,
				(errcode(ERRCODE_SQL_JSON_ARRAY_NOT_FOUND),
				 errmsg("a vector must be a JSON array, not \"%s\"", shown(&jb->root))));

	mf_vector_check_dim(n, dim);
	result = mf_vector_new(n, &out);

	it = JsonbIteratorInit(&jb->root);
	while ((token = JsonbIteratorNext(&it, &v, true)) != WJB_DONE)
	{
		char	   *decimal;

		if (token != WJB_ELEM)
			continue;
		CHECK_FOR_INTERRUPTS();
		if (v.type != jbvNumeric)
			not_a_number(&v, i + 1);
		decimal = DatumGetCString(DirectFunctionCall1(numeric_out,
													  NumericGetDatum(v.val.numeric)));
		out[i] = mf_float4_from_numeric(decimal, i + 1);
		i++;
		pfree(decimal);
	}
	Assert(i == n);
	PG_RETURN_ARRAYTYPE_P(result);
}
