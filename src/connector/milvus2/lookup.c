/*
 * lookup.c - How are rows asked for whose primary keys are known?
 */
#include <stdlib.h>

#include "internal.h"

#define MOST_BYTES (1024 * 1024)	/* of keys in one expression */

static int
by_key(const void *a, const void *b)
{
	const MfValue *x = a;
	const MfValue *y = b;
	int			order;

	if (x->kind == MF_KIND_I64)
		return x->integer < y->integer ? -1 : x->integer > y->integer;
	order = memcmp(x->bytes, y->bytes, x->len < y->len ? x->len : y->len);
	return order != 0 ? order : x->len < y->len ? -1 : x->len > y->len;
}

bool
m2_lookup_init(M2Lookup *lookup, const MfFilter *filter, MfMem *mem)
{
	int			n = 0;

	lookup->keys = mf_alloc(mem, sizeof(MfValue) * (size_t) filter->nvalues);
	if (lookup->keys == NULL)
		return false;
	memcpy(lookup->keys, filter->values, sizeof(MfValue) * (size_t) filter->nvalues);
	qsort(lookup->keys, (size_t) filter->nvalues, sizeof(MfValue), by_key);
	for (int i = 0; i < filter->nvalues; i++)
	{
		if (n == 0 || by_key(&lookup->keys[n - 1], &lookup->keys[i]) != 0)
			lookup->keys[n++] = lookup->keys[i];
	}
	lookup->nkeys = n;
	return true;
}

static void
put_key(MfJsonBuf *expr, const MfValue *key)
{
	if (key->kind == MF_KIND_I64)
		mf_json_buf_int(expr, key->integer);
	else
		m2_expr_text(expr, key->bytes, key->len);
}

/* The smallest int64, first of all if it is there, has no literal. */
int32_t
m2_lookup_put(MfJsonBuf *expr, const char *field, const M2Lookup *lookup, int32_t most)
{
	const MfValue *keys = lookup->keys + lookup->at;
	size_t		start = expr->len;
	int32_t		n = 1;

	mf_json_buf_add(expr, field);
	if (keys[0].kind == MF_KIND_I64 && keys[0].integer == INT64_MIN)
	{
		mf_json_buf_add(expr, " < ");
		mf_json_buf_int(expr, INT64_MIN + 1);
		return 1;
	}
	if (most > lookup->nkeys - lookup->at)
		most = lookup->nkeys - lookup->at;
	mf_json_buf_add(expr, most <= 1 ? " == " : " in [");
	put_key(expr, &keys[0]);
	for (; n < most && expr->len - start < MOST_BYTES; n++)
	{
		mf_json_buf_add(expr, ", ");
		put_key(expr, &keys[n]);
	}
	if (most > 1)
		mf_json_buf_add(expr, "]");
	return n;
}
