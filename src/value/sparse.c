/*
 * sparse.c - How do sparse vectors and JSON become each other?
 *
 * {"7": 0.5, "19": 1.25}: indices from 0, weights in the shortest digits that
 * read back as the same float4.  jsonb keeps keys of digits in their order.
 */
#include "vector.h"

#include <math.h>

#include "catalog/pg_type.h"
#include "common/shortest_dec.h"
#include "lib/stringinfo.h"
#include "utils/builtins.h"
#include "utils/fmgrprotos.h"
#include "utils/jsonb.h"
#include "utils/numeric.h"

typedef struct Pair
{
	uint32		index;
	float4		value;
} Pair;

char *
mf_sparse_text(const MfColumn *col, int32 row)
{
	size_t		len;
	const char *pairs = mf_varying_at(col, row, &len);
	StringInfoData buf;

	initStringInfo(&buf);
	appendStringInfoChar(&buf, '{');
	for (size_t i = 0; i + sizeof(Pair) <= len; i += sizeof(Pair))
	{
		char		digits[FLOAT_SHORTEST_DECIMAL_LEN];
		Pair		pair;

		memcpy(&pair, pairs + i, sizeof(pair));
		if (isnan(pair.value) || isinf(pair.value))
			ereport(ERROR,
					(errcode(ERRCODE_DATA_EXCEPTION),
					 errmsg("a sparse vector has NaN or infinity in it, which JSON cannot hold")));
		float_to_shortest_decimal_buf(pair.value, digits);
		appendStringInfo(&buf, "%s\"%u\": %s", i > 0 ? ", " : "", pair.index, digits);
	}
	appendStringInfoChar(&buf, '}');
	return buf.data;
}

static void
wrong_shape(MfWriter *writer)
{
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("field \"%s\" of type %s takes objects of indices and weights",
					mf_safe_text(writer->field->name), mf_safe_text(writer->field->native)),
			 errhint("Such as '{\"7\": 0.5, \"19\": 1.25}'.")));
}

static uint32
index_of(MfWriter *writer, const JsonbValue *key)
{
	const char *digits = key->val.string.val;
	int			len = key->val.string.len;
	uint64		index = 0;

	if (len == 0 || (len > 1 && digits[0] == '0'))
		len = -1;
	for (int i = 0; i < len; i++)
	{
		if (digits[i] < '0' || digits[i] > '9' || i > 9)
		{
			len = -1;
			break;
		}
		index = index * 10 + (digits[i] - '0');
	}
	if (len < 0 || index >= PG_UINT32_MAX)
		ereport(ERROR,
				(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
				 errmsg("\"%s\" is no index of a sparse vector", pnstrdup(key->val.string.val, key->val.string.len)),
				 errdetail("Field \"%s\" takes whole numbers from 0 to 4294967294.", mf_safe_text(writer->field->name))));
	return (uint32) index;
}

static int
compare_pairs(const void *a, const void *b)
{
	uint32		x = ((const Pair *) a)->index;
	uint32		y = ((const Pair *) b)->index;

	return x < y ? -1 : x > y;
}

static void
put_jsonb(MfWriter *writer, MfMem *mem, MfColumn *col, Datum value)
{
	Jsonb	   *jsonb = DatumGetJsonbP(value);
	JsonbIterator *it = JsonbIteratorInit(&jsonb->root);
	JsonbIteratorToken token;
	JsonbValue	v;
	Pair	   *pairs;
	int			n = 0;

	if (!JB_ROOT_IS_OBJECT(jsonb))
		wrong_shape(writer);
	pairs = palloc(sizeof(Pair) * Max(JB_ROOT_COUNT(jsonb), 1));
	while ((token = JsonbIteratorNext(&it, &v, true)) != WJB_DONE)
	{
		if (token == WJB_KEY)
			pairs[n].index = index_of(writer, &v);
		else if (token == WJB_VALUE)
		{
			if (v.type != jbvNumeric)
				wrong_shape(writer);
			/* from its digits, rounded once */
			pairs[n++].value = DatumGetFloat4(DirectFunctionCall1(numeric_float4, NumericGetDatum(v.val.numeric)));
		}
	}
	qsort(pairs, n, sizeof(Pair), compare_pairs);
	if (!mf_append_bytes(mem, col, (const char *) pairs, sizeof(Pair) * n))
		mf_value_no_memory();
}

static void
put_json(MfWriter *writer, MfMem *mem, MfColumn *col, Datum value)
{
	char	   *json = text_to_cstring(DatumGetTextPP(value));

	put_jsonb(writer, mem, col, DirectFunctionCall1(jsonb_in, CStringGetDatum(json)));
}

MfPutValue
mf_sparse_put(Oid type)
{
	return type == JSONBOID ? put_jsonb : type == JSONOID ? put_json : NULL;
}
