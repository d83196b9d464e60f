/*
 * decode_struct.c - How do arrays of structs become JSON?
 *
 * Milvus sends them by member: an Array or an ArrayOfVector for each, with as
 * many elements in a row as that row has structs.  A row becomes a list of
 * objects.  A BinaryVector is a text of its bits.
 */
#include "half.h"

#include "decode.h"

typedef struct Member
{
	const MfField *field;
	M2Values	rows;			/* of the page */
	uint8_t    *set;			/* which rows are not NULL, or NULL */
	bool		compact;
	M2Values	values;			/* of this row: scalars */
	M2Span		bytes;			/* of this row: vectors */
	size_t		width;			/* bytes of one */
} Member;

typedef struct Structs
{
	MfMem	   *mem;
	const M2ReadColumn *plan;
	int			n;
	Member	   *members;
	MfColumn   *scratch;		/* one scalar at a time */
	MfBatch    *batch;			/* owns them */
	MfJsonBuf	json;
} Structs;

static MfStatus
fault(const Structs *s, const Member *m, const char *what, MfError *err)
{
	m2_error_reply(err, M2_QUERY, "member \"%s\" of field \"%s\" %s", m->field->name, s->plan->field, what);
	snprintf(err->column, sizeof(err->column), "%s", s->plan->field);
	return MF_ERROR;
}

/* "structs[part]", as some servers say, is part. */
static bool
is_member(M2Span name, const char *member)
{
	size_t		len = strlen(member);

	if (name.len == len && memcmp(name.at, member, len) == 0)
		return true;
	return name.len > len + 2 && name.at[name.len - 1] == ']' && name.at[name.len - len - 2] == '[' &&
		memcmp(name.at + name.len - len - 1, member, len) == 0;
}

static bool
find_member(M2Span structs, const char *name, M2FieldReply *out)
{
	M2Reader	r = m2_reader(structs);
	uint32_t	field;
	int			wire;

	while (m2_read_tag(&r, &field, &wire))
	{
		if (field != 1 || wire != WIRE_BYTES)
			m2_skip(&r, wire);
		else if (!m2_field_reply(m2_read_span(&r), out))
			return false;
		else if (is_member(out->name, name))
			return true;
	}
	return false;
}

static MfStatus
open_member(Structs *s, Member *m, const M2FieldReply *field, int32_t nrows, MfError *err)
{
	M2Rows		rows = {nrows, nrows, NULL, nrows};
	bool		vector = mf_kind_is_vector(m->field->kind);
	M2FieldReply reply;
	M2Span		array;
	M2Span		row;
	M2Values	count;
	int64_t		n = 0;

	if (!find_member(field->structs, m->field->name, &reply))
		return fault(s, m, "is missing", err);
	if (!m2_member(vector ? reply.vectors : reply.scalars, 8, &array))
		return fault(s, m, "is cut short or malformed", err);
	if (array.at == NULL)
		array = (M2Span) {(const uint8_t *) "", 0};
	/* VectorArray keeps its rows in member 2 */
	m->rows = m2_values(array);
	m->rows.number = vector ? 2 : 1;
	if (!m2_read_valid(s->mem, &reply, nrows, &m->set))
		return fault(s, m, "is cut short or malformed", err);
	rows.set = m->set;
	for (int32_t i = 0; m->set != NULL && i < nrows; i++)
		rows.nset -= !m->set[i];
	count = m->rows;
	while (n <= nrows && m2_next_span(&count, &row))
		n++;
	if (m2_values_bad(&count))
		return fault(s, m, "is cut short or malformed", err);
	return m2_check_count(m->field->name, n, &rows, &m->compact, err);
}

/* Go to the next row; *null is set by a member that is. */
static MfStatus
next_row(Structs *s, Member *m, int32_t row, bool *null, MfError *err)
{
	const char *why;
	M2Span		span = {(const uint8_t *) "", 0};
	bool		is_null = m->set != NULL && !m->set[row];

	*null |= is_null;
	if ((!is_null || !m->compact) && !m2_next_span(&m->rows, &span))
		return fault(s, m, "is cut short or malformed", err);
	if (!mf_kind_is_vector(m->field->kind))
		return m2_list_values(span, (M2Type) m->field->remote_type, &m->values, &why) ? MF_OK : fault(s, m, why, err);
	if (!m2_vector_bytes(span, (M2Type) m->field->remote_type, &m->bytes) ||
		m->bytes.len % m->width != 0)
		return fault(s, m, "has vectors of other dimensions than were described", err);
	return MF_OK;
}

/* ----------------------------------------------------------------- as JSON */

static bool
put_vector(MfJsonBuf *json, const Member *m)
{
	const uint8_t *at = m->bytes.at;
	int32_t		dim = m->field->dim;

	if (m->field->kind == MF_KIND_VEC_BIT)
	{
		mf_json_buf_add(json, "\"");
		for (int32_t i = 0; i < dim; i++)
			mf_json_buf_raw(json, at[i / 8] & (0x80 >> (i % 8)) ? "1" : "0", 1);
		mf_json_buf_add(json, "\"");
		return true;
	}
	mf_json_buf_add(json, "[");
	for (int32_t i = 0; i < dim; i++)
	{
		uint16_t	half;
		float		f;

		if (i > 0)
			mf_json_buf_add(json, ",");
		if (m->field->kind == MF_KIND_VEC_I8)
		{
			mf_json_buf_int(json, (int8_t) at[i]);
			continue;
		}
		if (m->field->kind == MF_KIND_VEC_F32)
			memcpy(&f, at + 4 * (size_t) i, sizeof(f));
		else
		{
			memcpy(&half, at + 2 * (size_t) i, sizeof(half));
			f = m->field->kind == MF_KIND_VEC_F16 ? mf_half_value(half) : mf_bfloat_value(half);
		}
		if (!m2_put_real(json, f, true))
			return false;
	}
	mf_json_buf_add(json, "]");
	return true;
}

/* 1 = put, 0 = no more in this row */
static int
put_element(Structs *s, Member *m, MfError *err)
{
	MfColumn   *col = &s->scratch[m - s->members];
	bool		room = true;

	if (mf_kind_is_vector(m->field->kind))
	{
		if (m->bytes.len < m->width)
			return 0;
		if (!put_vector(&s->json, m))
		{
			fault(s, m, "has NaN or infinity, which JSON cannot hold", err);
			return -1;
		}
		m->bytes.at += m->width;
		m->bytes.len -= m->width;
		return 1;
	}
	mf_column_truncate(col, 0);
	if (!m2_take_scalar(s->mem, (M2Type) m->field->remote_type, &m->values, col, &room))
		return 0;
	if (!room)
	{
		mf_error_oom(err, 0);
		return -1;
	}
	if (!m2_put_value(&s->json, col, 0))
	{
		fault(s, m, "has NaN or infinity, which JSON cannot hold", err);
		return -1;
	}
	return 1;
}

static MfStatus
put_row(Structs *s, MfError *err)
{
	s->json.len = 0;
	mf_json_buf_add(&s->json, "[");
	for (int32_t nth = 0;; nth++)
	{
		size_t		before = s->json.len;
		int			ended = 0;

		mf_json_buf_add(&s->json, nth > 0 ? ",{" : "{");
		for (int i = 0; i < s->n; i++)
		{
			int			got;

			if (i > 0)
				mf_json_buf_add(&s->json, ",");
			mf_json_buf_quote(&s->json, s->members[i].field->name);
			mf_json_buf_add(&s->json, ":");
			got = put_element(s, &s->members[i], err);
			if (got < 0)
				return MF_ERROR;
			ended += got == 0;
		}
		if (ended > 0 && ended < s->n)
			return m2_error_reply(err, M2_QUERY, "the members of field \"%s\" are not of one length", s->plan->field);
		if (ended > 0 || s->json.failed)
		{
			s->json.len = before;
			break;
		}
		mf_json_buf_add(&s->json, "}");
	}
	mf_json_buf_add(&s->json, "]");
	for (int i = 0; i < s->n; i++)
	{
		if (!mf_kind_is_vector(s->members[i].field->kind) && m2_values_bad(&s->members[i].values))
			return fault(s, &s->members[i], "is cut short or malformed", err);
	}
	return s->json.failed ? mf_error_oom(err, s->json.cap) : MF_OK;
}

static MfStatus
read_rows(Structs *s, int32_t take, MfColumn *col, MfError *err)
{
	for (int32_t row = 0; row < take; row++)
	{
		bool		null = false;

		for (int i = 0; i < s->n; i++)
		{
			if (next_row(s, &s->members[i], row, &null, err) != MF_OK)
				return MF_ERROR;
		}
		if (!null && put_row(s, err) != MF_OK)
			return MF_ERROR;
		if (!(null ? mf_append_state(s->mem, col, MF_VALUE_NULL) :
			  mf_append_bytes(s->mem, col, s->json.data, s->json.len)))
			return mf_error_oom(err, s->json.len);
	}
	return MF_OK;
}

static MfStatus
open_all(Structs *s, const M2FieldReply *field, int32_t nrows, MfError *err)
{
	MfStatus	status = MF_OK;

	for (int i = 0; i < s->n && status == MF_OK; i++)
	{
		Member	   *m = &s->members[i];
		bool		vector;

		m->field = &s->plan->described->members[i];
		vector = mf_kind_is_vector(m->field->kind);
		m->width = vector ? mf_kind_width(m->field->kind, m->field->dim) : 0;
		if (!mf_column_init(s->batch, i, vector ? MF_KIND_BOOL : m->field->kind, MF_KIND_NONE, 0, 0))
			return mf_error_oom(err, 0);
		status = open_member(s, m, field, nrows, err);
	}
	return status;
}

MfStatus
m2_read_structs(MfMem *mem, const M2FieldReply *field, const M2ReadColumn *plan,
				int32_t nrows, int32_t take, MfColumn *col, MfError *err)
{
	Structs		s = {.mem = mem,.plan = plan,.n = plan->described->nmembers,.json = {.mem = mem}};
	MfStatus	status;

	s.members = mf_calloc(mem, sizeof(Member) * (size_t) (s.n > 0 ? s.n : 1));
	s.batch = mf_batch_new(mem, s.n);
	if (s.members == NULL || s.batch == NULL || s.n == 0)
		status = s.n == 0 ? m2_error_reply(err, M2_QUERY, "field \"%s\" has no members", plan->field) : mf_error_oom(err, 0);
	else
	{
		s.scratch = s.batch->columns;
		status = open_all(&s, field, nrows, err);
		if (status == MF_OK)
			status = read_rows(&s, take, col, err);
	}
	for (int i = 0; s.members != NULL && i < s.n; i++)
		mf_free(mem, s.members[i].set);
	mf_free(mem, s.members);
	mf_free(mem, s.json.data);
	mf_batch_free(s.batch);
	return status;
}
