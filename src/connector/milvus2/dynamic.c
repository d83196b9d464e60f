/*
 * dynamic.c - How do columns become keys of the dynamic field?
 *
 * Each row's object is what the column for the whole field says, if there is
 * one, with the columns that are single keys after it.  NULL is a JSON null, a
 * value that is absent is no key at all.
 */
#include <stdio.h>

#include "internal.h"
#include "json.h"

bool
m2_dynamic_kind_ok(MfKind kind, MfKind elem)
{
	switch (kind)
	{
		case MF_KIND_BOOL:
		case MF_KIND_I8:
		case MF_KIND_I16:
		case MF_KIND_I32:
		case MF_KIND_I64:
		case MF_KIND_U64:
		case MF_KIND_F32:
		case MF_KIND_F64:
		case MF_KIND_DECIMAL:
		case MF_KIND_TEXT:
		case MF_KIND_JSON:
		case MF_KIND_INET:
		case MF_KIND_VEC_F32:
			return true;
		case MF_KIND_LIST:
			return elem != MF_KIND_LIST && m2_dynamic_kind_ok(elem, MF_KIND_NONE);
		default:
			return false;
	}
}

bool
m2_put_value(MfJsonBuf *buf, const MfColumn *col, int32_t row)
{
	const void *at = col->width > 0 ? mf_fixed_at(col, row) : NULL;
	const char *bytes = NULL;
	size_t		len = 0;
	float		f;
	double		d;
	uint64_t	u;
	char		text[24];

	if (mf_column_state(col, row) != MF_VALUE_PRESENT)
	{
		mf_json_buf_add(buf, "null");
		return true;
	}
	if (col->width == 0 && col->kind != MF_KIND_LIST)
		bytes = mf_varying_at(col, row, &len);
	switch (col->kind)
	{
		case MF_KIND_BOOL:
			mf_json_buf_add(buf, *(const uint8_t *) at ? "true" : "false");
			return true;
		case MF_KIND_I8:
			mf_json_buf_int(buf, *(const int8_t *) at);
			return true;
		case MF_KIND_I16:
			mf_json_buf_int(buf, *(const int16_t *) at);
			return true;
		case MF_KIND_I32:
			mf_json_buf_int(buf, *(const int32_t *) at);
			return true;
		case MF_KIND_I64:
			mf_json_buf_int(buf, *(const int64_t *) at);
			return true;
		case MF_KIND_U64:
			memcpy(&u, at, sizeof(u));
			snprintf(text, sizeof(text), "%llu", (unsigned long long) u);
			mf_json_buf_add(buf, text);
			return true;
		case MF_KIND_F32:
			memcpy(&f, at, sizeof(f));
			return m2_put_real(buf, f, true);
		case MF_KIND_F64:
			memcpy(&d, at, sizeof(d));
			return m2_put_real(buf, d, false);
		case MF_KIND_DECIMAL:
			if (len == 0 || (bytes[0] != '-' && (bytes[0] < '0' || bytes[0] > '9')) ||
				(bytes[0] == '-' && len > 1 && (bytes[1] < '0' || bytes[1] > '9')))
				return false;		/* NaN, Infinity */
			mf_json_buf_raw(buf, bytes, len);
			return true;
		case MF_KIND_JSON:
			mf_json_buf_raw(buf, bytes, len);
			return true;
		case MF_KIND_VEC_F32:
			mf_json_buf_add(buf, "[");
			for (int32_t i = 0; i < col->dim; i++)
			{
				memcpy(&f, (const char *) at + sizeof(f) * (size_t) i, sizeof(f));
				if (i > 0)
					mf_json_buf_add(buf, ",");
				if (!m2_put_real(buf, f, true))
					return false;
			}
			mf_json_buf_add(buf, "]");
			return true;
		case MF_KIND_LIST:
			mf_json_buf_add(buf, "[");
			for (int64_t i = col->offsets[row]; i < col->offsets[row + 1]; i++)
			{
				if (i > col->offsets[row])
					mf_json_buf_add(buf, ",");
				if (!m2_put_value(buf, col->child, (int32_t) i))
					return false;
			}
			mf_json_buf_add(buf, "]");
			return true;
		default:
			mf_json_buf_quote_bytes(buf, bytes, len);
			return true;
	}
}

static bool
is_space(char c)
{
	return c == ' ' || c == '\n' || c == '\r' || c == '\t';
}

/* The members of the whole object as the row gives it, without its closing brace. */
static MfStatus
put_whole(MfJsonBuf *buf, const M2WritePlan *plan, const MfBatch *batch, int32_t row, MfError *err)
{
	const MfColumn *col = &batch->columns[plan->whole];
	const char *text;
	size_t		len;

	if (mf_column_state(col, row) != MF_VALUE_PRESENT)
	{
		mf_json_buf_add(buf, "{");
		return MF_OK;
	}
	text = mf_varying_at(col, row, &len);
	while (len > 0 && is_space(*text))
	{
		text++;
		len--;
	}
	while (len > 0 && is_space(text[len - 1]))
		len--;
	if (len < 2 || text[0] != '{' || text[len - 1] != '}')
	{
		mf_error(err, MF_INVALID_JSON, "the dynamic field takes only JSON objects");
		m2_error_row(plan, batch, row, plan->whole, err);
		return MF_ERROR;
	}
	len--;
	while (is_space(text[len - 1]))
		len--;
	mf_json_buf_raw(buf, text, len);
	return MF_OK;
}

static MfStatus
put_object(MfJsonBuf *buf, const M2WritePlan *plan, const MfBatch *batch, int32_t row, MfError *err)
{
	size_t		start = buf->len;
	MfStatus	status = MF_OK;

	if (plan->whole >= 0)
		status = put_whole(buf, plan, batch, row, err);
	else
		mf_json_buf_add(buf, "{");
	for (int k = 0; k < plan->nkeys && status == MF_OK; k++)
	{
		int			column = plan->keys[k].column;

		if (mf_column_state(&batch->columns[column], row) == MF_VALUE_ABSENT)
			continue;
		if (buf->len > start + 1)
			mf_json_buf_add(buf, ",");
		mf_json_buf_quote(buf, plan->keys[k].name);
		mf_json_buf_add(buf, ":");
		if (!m2_put_value(buf, &batch->columns[column], row))
		{
			status = mf_error(err, MF_DATA_EXCEPTION, "JSON has no numbers like NaN and infinity");
			m2_error_row(plan, batch, row, column, err);
		}
	}
	mf_json_buf_add(buf, "}");
	return status;
}

MfStatus
m2_dynamic_objects(const M2WritePlan *plan, const MfBatch *batch, int32_t first, int32_t count,
				   char **bytes, size_t **offsets, MfError *err)
{
	MfJsonBuf	buf = {.mem = plan->mem};
	size_t	   *at = mf_alloc(plan->mem, sizeof(size_t) * ((size_t) count + 1));
	MfStatus	status = MF_OK;

	*bytes = NULL;
	*offsets = NULL;
	if (at == NULL)
		return mf_error_oom(err, sizeof(size_t) * ((size_t) count + 1));
	at[0] = 0;
	for (int32_t i = 0; i < count && status == MF_OK; i++)
	{
		status = put_object(&buf, plan, batch, first + i, err);
		at[i + 1] = buf.len;
		if (status == MF_OK && buf.failed)
			status = mf_error_oom(err, buf.cap);
	}
	if (status != MF_OK)
	{
		mf_free(plan->mem, buf.data);
		mf_free(plan->mem, at);
		return status;
	}
	*bytes = buf.data;
	*offsets = at;
	return MF_OK;
}
