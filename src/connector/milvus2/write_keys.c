/*
 * write_keys.c - Which keys did the server make for the rows of a batch?
 *
 * Its answers give them in the order of the rows it was sent, piece by piece.
 */
#include "write.h"

static bool
start(MfWrite *write, M2Submission *sub, MfKind kind)
{
	MfBatch    *batch = mf_batch_new(write->mem, 1);

	if (batch == NULL || !mf_column_init(batch, 0, kind, MF_KIND_NONE, 0, 0))
	{
		mf_batch_free(batch);
		return false;
	}
	sub->keys = batch;
	sub->key_rows = mf_alloc(write->mem, sizeof(int32_t) * (size_t) sub->batch->nrows);
	return sub->key_rows != NULL;
}

MfStatus
m2_keys_note(MfWrite *write, const M2Piece *piece, const M2__IDs *ids, MfError *err)
{
	M2Submission *sub = piece->of;
	bool		number = ids != NULL && ids->id_field_case == M2__IDS__ID_FIELD_INT_ID;
	size_t		n = 0;

	if (!write->makes_keys)
		return MF_OK;
	if (number)
		n = ids->int_id->n_data;
	else if (ids != NULL && ids->id_field_case == M2__IDS__ID_FIELD_STR_ID)
		n = ids->str_id->n_data;
	if (n != (size_t) piece->count)
		return m2_error_reply(err, write->what, "it has %zu keys for %d rows", n, (int) piece->count);
	if (sub->keys == NULL && !start(write, sub, number ? MF_KIND_I64 : MF_KIND_TEXT))
		return mf_error_oom(err, sizeof(MfBatch));
	if (sub->keys->columns[0].kind != (number ? MF_KIND_I64 : MF_KIND_TEXT))
		return m2_error_reply(err, write->what, "keys of two kinds");
	for (int32_t i = 0; i < piece->count; i++)
	{
		MfColumn   *col = &sub->keys->columns[0];
		int32_t		row = piece->first + i;

		sub->key_rows[sub->keys->nrows] = sub->route.rows != NULL ? sub->route.rows[row] : row;
		if (!(number ? mf_append_fixed(write->mem, col, &ids->int_id->data[i]) :
			  mf_append_bytes(write->mem, col, (const char *) ids->str_id->data[i].data, ids->str_id->data[i].len)))
			return mf_error_oom(err, 0);
		sub->keys->nrows++;
	}
	return MF_OK;
}

/* In the order of the core's rows, if all are there. */
void
m2_keys_settled(MfWrite *write, M2Submission *sub)
{
	int32_t		n = sub->keys != NULL ? sub->keys->nrows : 0;
	int32_t    *at = n > 0 && n == sub->batch->nrows ? mf_alloc(write->mem, sizeof(int32_t) * (size_t) n) : NULL;
	MfBatch    *sorted = at != NULL ? mf_batch_new(write->mem, 1) : NULL;

	m2_keys_forget(write);
	if (sorted != NULL && mf_column_init(sorted, 0, sub->keys->columns[0].kind, MF_KIND_NONE, 0, 0))
	{
		for (int32_t i = 0; i < n; i++)
			at[sub->key_rows[i]] = i;
		for (int32_t row = 0; row < n; row++)
		{
			if (mf_append_from(write->mem, &sorted->columns[0], &sub->keys->columns[0], at[row]))
				sorted->nrows++;
		}
	}
	if (sorted != NULL && sorted->nrows == n)
		write->keys = sorted;
	else
		mf_batch_free(sorted);
	mf_free(write->mem, at);
	mf_batch_free(sub->keys);
	mf_free(write->mem, sub->key_rows);
}

void
m2_keys_forget(MfWrite *write)
{
	mf_batch_free(write->keys);
	write->keys = NULL;
}

const MfColumn *
m2_write_keys(MfWrite *write)
{
	return write->keys != NULL ? &write->keys->columns[0] : NULL;
}
