/*
 * encode_delete.c - How do keys become the bytes of a Delete?
 *
 * As "key in [..]".  A server takes that without having the collection loaded,
 * and so does Milvus 2.2, which knows no other condition here.
 */
#include <stdlib.h>

#include "internal.h"

/*
 * The smallest int64 has no literal (see expr.c); as a condition of its own it
 * needs a server that deletes by conditions, and the collection loaded.
 */
static void
put_keys(MfJsonBuf *expr, const char *field, const MfColumn *col, int32_t first, int32_t count)
{
	bool		smallest = false;
	int32_t		n = 0;

	mf_json_buf_add(expr, field);
	mf_json_buf_add(expr, " in [");
	for (int32_t row = first; row < first + count; row++)
	{
		size_t		len;
		const char *text;
		int64_t		key;

		if (col->kind == MF_KIND_I64)
		{
			memcpy(&key, mf_fixed_at(col, row), sizeof(key));
			smallest |= key == INT64_MIN;
			if (key == INT64_MIN)
				continue;
			mf_json_buf_add(expr, n++ > 0 ? "," : "");
			mf_json_buf_int(expr, key);
		}
		else
		{
			text = mf_varying_at(col, row, &len);
			mf_json_buf_add(expr, n++ > 0 ? "," : "");
			m2_expr_text(expr, text, len);
		}
	}
	mf_json_buf_add(expr, "]");
	if (!smallest)
		return;
	if (n == 0)
		expr->len = 0;
	else
		mf_json_buf_add(expr, " or ");
	mf_json_buf_add(expr, field);
	mf_json_buf_add(expr, " < ");
	mf_json_buf_int(expr, INT64_MIN + 1);
}

MfStatus
m2_encode_delete(const char *database, const char *collection, const M2WritePlan *plan,
				 const MfBatch *batch, int32_t first, int32_t count,
				 uint8_t **body, size_t *len, MfError *err)
{
	M2__DeleteRequest request = M2__DELETE_REQUEST__INIT;
	MfJsonBuf	expr = {.mem = plan->mem};

	*body = NULL;
	put_keys(&expr, plan->fields[0].field->name, &batch->columns[plan->key], first, count);
	if (!expr.failed)
	{
		request.db_name = (char *) database;
		request.collection_name = (char *) collection;
		request.partition_name = (char *) plan->to;
		request.expr = expr.data;
		request.consistency_level = M2_STRONG;
		*body = mf_message_pack(&request.base, len);
	}
	mf_free(plan->mem, expr.data);
	return *body != NULL ? MF_OK : mf_error_oom(err, expr.len);
}
