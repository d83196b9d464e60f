/*
 * scan_page.c - How do the rows of a reply become a batch?
 */
#include "scan.h"

/* One object of the dynamic field: its keys into their columns. */
static MfStatus
read_keys(MfScan *scan, M2Span text, MfBatch *batch, MfError *err)
{
	MfJson		j;

	if (text.len == 0)
		text = (M2Span) {(const uint8_t *) "{}", 2};
	if (text.len + MF_JSON_SLACK > scan->json_cap)
	{
		size_t		cap = (text.len + MF_JSON_SLACK) * 2;
		char	   *bigger = mf_realloc(scan->mem, scan->json, cap);

		if (bigger == NULL)
			return mf_error_oom(err, cap);
		scan->json = bigger;
		scan->json_cap = cap;
	}
	memcpy(scan->json, text.at, text.len);
	memset(scan->json + text.len, 0, MF_JSON_SLACK);
	mf_json_start(&j, scan->json, text.len);
	mf_json_ws(&j);
	if (mf_json_document(scan->plan.json, &j, batch, err) && mf_json_finish(&j))
		return MF_OK;
	if (j.fault != NULL)
		m2_error_reply(err, M2_QUERY, "the dynamic field: %s", j.fault);
	err->row = scan->stats.rows + batch->nrows + 1;
	return MF_ERROR;
}

static MfStatus
read_dynamic(MfScan *scan, const M2FieldReply *meta, int32_t take, MfBatch *batch, MfError *err)
{
	M2Values	values = m2_reply_json(meta);
	MfStatus	status = MF_OK;

	for (int32_t i = 0; i < take && status == MF_OK; i++)
	{
		M2Span		text = {(const uint8_t *) "{}", 2};

		if (meta != NULL && !m2_next_span(&values, &text))
			return m2_error_reply(err, M2_QUERY, "the dynamic field has fewer values than rows");
		batch->nrows = i;
		status = read_keys(scan, text, batch, err);
	}
	return status;
}

static const M2FieldReply *
find_meta(const M2QueryReply *reply)
{
	for (int i = 0; i < reply->nfields; i++)
	{
		if (reply->fields[i].dynamic)
			return &reply->fields[i];
	}
	return m2_reply_field(reply, M2_META);
}

static MfStatus
absent(MfMem *mem, MfColumn *col, int32_t take, MfError *err)
{
	for (int32_t i = 0; i < take; i++)
	{
		if (!mf_append_state(mem, col, MF_VALUE_ABSENT))
			return mf_error_oom(err, 0);
	}
	return MF_OK;
}

static MfStatus
fill_partition(MfScan *scan, MfColumn *col, int32_t take, MfError *err)
{
	for (int32_t i = 0; i < take; i++)
	{
		if (!mf_append_bytes(scan->mem, col, scan->filling, strlen(scan->filling)))
			return mf_error_oom(err, 0);
	}
	return MF_OK;
}

MfStatus
m2_scan_fill(MfScan *scan, const M2QueryReply *reply, int32_t nrows, int32_t take,
			 MfBatch *batch, MfError *err)
{
	const M2FieldReply *meta = scan->plan.meta ? find_meta(reply) : NULL;
	MfStatus	status = MF_OK;

	for (int i = 0; i < scan->spec->ncolumns && status == MF_OK; i++)
	{
		const M2ReadColumn *column = &scan->plan.columns[i];
		const M2FieldReply *field;

		if (scan->plan.from[i] == M2_FROM_KEY)
			continue;
		if (scan->plan.from[i] == M2_FROM_PARTITION)
		{
			status = fill_partition(scan, &batch->columns[i], take, err);
			continue;
		}
		field = scan->plan.from[i] == M2_FROM_META ? meta : m2_reply_field(reply, column->field);
		if (field != NULL)
			status = m2_read_field(scan->mem, field, column, nrows, take, &batch->columns[i], err);
		else if (scan->plan.from[i] == M2_FROM_META)
			status = absent(scan->mem, &batch->columns[i], take, err);
		else
			status = m2_error_reply(err, M2_QUERY, "field \"%s\" is missing", column->field);
	}
	if (status == MF_OK && scan->plan.nkeys > 0)
		status = read_dynamic(scan, meta, take, batch, err);
	batch->nrows = take;
	batch->first_row = scan->stats.rows + 1;
	return status;
}
