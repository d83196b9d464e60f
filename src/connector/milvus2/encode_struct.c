/*
 * encode_struct.c - How does JSON become an array of structs?
 *
 * Milvus wants them by member: an Array or an ArrayOfVector for each, with as
 * many elements in a row as there are structs.  Each row is a list of objects
 * that have every member once.
 */
#include "half.h"

#include "encode.h"

typedef struct Member
{
	const MfField *field;
	M2Type		type;			/* of one value */
	MfJsonBuf	rows;			/* ArrayArray.data or VectorArray.data */
	MfJsonBuf	row;			/* packed values, or texts with their headers */
	bool		seen;			/* in this struct */
} Member;

typedef struct Structs
{
	MfMem	   *mem;
	M2Part	   *part;
	int			n;
	Member	   *members;
	MfJsonBuf	text;			/* a row's JSON, with slack */
	MfJsonBuf	decoded;		/* one text of it, without escapes */
	MfJson		json;
	char		why[160];		/* what is wrong with a value */
	const char *sqlstate;
} Structs;

/* ------------------------------------------------------------------- buffers */

static void
add_varint(MfJsonBuf *buf, uint64_t value)
{
	uint8_t		bytes[10];

	mf_json_buf_raw(buf, (char *) bytes, (size_t) (m2_put_varint(bytes, value) - bytes));
}

static void
add_header(MfJsonBuf *buf, int field, size_t len)
{
	add_varint(buf, (uint64_t) (field << 3 | WIRE_BYTES));
	add_varint(buf, len);
}

static void
add_bytes(MfJsonBuf *buf, int field, const char *bytes, size_t len)
{
	add_header(buf, field, len);
	if (len > 0)
		mf_json_buf_raw(buf, bytes, len);
}

static void
add_int(MfJsonBuf *buf, int field, uint64_t value)
{
	add_varint(buf, (uint64_t) (field << 3 | WIRE_VARINT));
	add_varint(buf, value);
}

/* -------------------------------------------------------------------- values */

static bool
wrong(Structs *s, const char *sqlstate, const Member *m, const char *what)
{
	if (s->why[0] == '\0')
	{
		s->sqlstate = sqlstate;
		snprintf(s->why, sizeof(s->why), "Member \"%.60s\" %s.", m->field->name, what);
	}
	return false;
}

static bool
read_number(Structs *s, Member *m, MfJsonNumber *number)
{
	if (*s->json.p != '-' && (*s->json.p < '0' || *s->json.p > '9'))
		return wrong(s, MF_INVALID_JSON, m, "takes numbers");
	return mf_json_number(&s->json, number);
}

static bool
read_int(Structs *s, Member *m, MfKind kind, int64_t *value)
{
	int			bits = kind == MF_KIND_I8 ? 8 : kind == MF_KIND_I16 ? 16 : kind == MF_KIND_I32 ? 32 : 64;
	MfJsonNumber number;

	if (!read_number(s, m, &number))
		return false;
	switch (mf_json_i64(&number, value))
	{
		case MF_JSON_INT_FRACTION:
			return wrong(s, MF_DATA_EXCEPTION, m, "takes whole numbers");
		case MF_JSON_INT_RANGE:
			return wrong(s, MF_NUMERIC_OUT_OF_RANGE, m, "has a number out of range");
		default:
			break;
	}
	if (bits < 64 && (*value < -(INT64_C(1) << (bits - 1)) || *value >= INT64_C(1) << (bits - 1)))
		return wrong(s, MF_NUMERIC_OUT_OF_RANGE, m, "has a number out of range");
	return true;
}

static bool
read_float(Structs *s, Member *m, float *value)
{
	MfJsonNumber number;

	if (!read_number(s, m, &number))
		return false;
	*value = mf_json_f32(&number);
	if (*value > 3.4028235e38f || *value < -3.4028235e38f)
		return wrong(s, MF_NUMERIC_OUT_OF_RANGE, m, "has a number out of range");
	return true;
}

static bool
read_text(Structs *s, Member *m)
{
	MfJsonText	text;
	size_t		len;

	if (*s->json.p != '"')
		return wrong(s, MF_INVALID_JSON, m, "takes texts");
	if (!mf_json_string(&s->json, &text))
		return false;
	s->decoded.len = 0;
	mf_json_buf_raw(&s->decoded, text.at, text.len);	/* which makes the room */
	if (s->decoded.failed)
		return false;
	if (mf_json_decode(&text, s->decoded.data, &len) != MF_JSON_TEXT_OK)
		return wrong(s, MF_INVALID_JSON, m, "has U+0000 or half of a character");
	if (m->field->max_bytes > 0 && len > (size_t) m->field->max_bytes)
		return wrong(s, MF_STRING_TOO_LONG, m, "has a text that is too long");
	add_bytes(&m->row, 1, s->decoded.data, len);
	return true;
}

static bool
read_bits(Structs *s, Member *m)
{
	MfJsonText	text;

	if (*s->json.p != '"')
		return wrong(s, MF_INVALID_JSON, m, "takes texts of bits");
	if (!mf_json_string(&s->json, &text))
		return false;
	if (text.len != (size_t) m->field->dim)
		return wrong(s, MF_DATA_EXCEPTION, m, "has a vector of another number of bits");
	for (size_t i = 0; i < text.len; i += 8)
	{
		char		byte = 0;

		for (size_t j = 0; j < 8; j++)
		{
			if (text.at[i + j] != '0' && text.at[i + j] != '1')
				return wrong(s, MF_INVALID_JSON, m, "takes texts of bits");
			byte = (char) (byte << 1 | (text.at[i + j] == '1'));
		}
		mf_json_buf_raw(&m->row, &byte, 1);
	}
	return true;
}

static bool
read_component(Structs *s, Member *m)
{
	MfJsonNumber number;
	int64_t		whole;
	uint16_t	half;
	float		f;
	int8_t		i8;

	switch (m->field->kind)
	{
		case MF_KIND_VEC_F32:
			if (!read_float(s, m, &f))
				return false;
			mf_json_buf_raw(&m->row, (char *) &f, sizeof(f));
			return true;
		case MF_KIND_VEC_I8:
			if (!read_int(s, m, MF_KIND_I8, &whole))
				return false;
			i8 = (int8_t) whole;
			mf_json_buf_raw(&m->row, (char *) &i8, sizeof(i8));
			return true;
		default:
			if (!read_number(s, m, &number))
				return false;
			if (!(m->field->kind == MF_KIND_VEC_F16 ? mf_half_of(mf_json_f64(&number), &half) :
				  mf_bfloat_of(mf_json_f64(&number), &half)))
				return wrong(s, MF_NUMERIC_OUT_OF_RANGE, m, "has a number out of range");
			mf_json_buf_raw(&m->row, (char *) &half, sizeof(half));
			return true;
	}
}

static bool
read_vector(Structs *s, Member *m)
{
	bool		first = true;
	int64_t		n = 0;
	int			more;

	if (m->field->kind == MF_KIND_VEC_BIT)
		return read_bits(s, m);
	if (*s->json.p != '[')
		return wrong(s, MF_INVALID_JSON, m, "takes lists of numbers");
	s->json.p++;
	while ((more = mf_json_element(&s->json, &first)) > 0)
	{
		if (!read_component(s, m))
			return false;
		n++;
	}
	if (more == 0 && n != m->field->dim)
		return wrong(s, MF_DATA_EXCEPTION, m, "has a vector of other dimensions");
	return more == 0;
}

static bool
read_value(Structs *s, Member *m)
{
	MfJsonNumber number;
	int64_t		whole;
	double		d;
	float		f;
	bool		b;

	if (mf_kind_is_vector(m->field->kind))
		return read_vector(s, m);
	switch (m->field->kind)
	{
		case MF_KIND_BOOL:
			if (*s->json.p != 't' && *s->json.p != 'f')
				return wrong(s, MF_INVALID_JSON, m, "takes true and false");
			if (!mf_json_bool(&s->json, &b))
				return false;
			add_varint(&m->row, b);
			return true;
		case MF_KIND_F32:
			if (!read_float(s, m, &f))
				return false;
			mf_json_buf_raw(&m->row, (char *) &f, sizeof(f));
			return true;
		case MF_KIND_F64:
			if (!read_number(s, m, &number))
				return false;
			d = mf_json_f64(&number);
			if (d > 1.7976931348623157e308 || d < -1.7976931348623157e308)
				return wrong(s, MF_NUMERIC_OUT_OF_RANGE, m, "has a number out of range");
			mf_json_buf_raw(&m->row, (char *) &d, sizeof(d));
			return true;
		case MF_KIND_TEXT:
			return read_text(s, m);
		default:
			if (!read_int(s, m, m->field->kind, &whole))
				return false;
			add_varint(&m->row, (uint64_t) whole);
			return true;
	}
}

/* ---------------------------------------------------------------------- rows */

static Member *
find_member(Structs *s, const MfJsonText *key)
{
	for (int i = 0; i < s->n; i++)
	{
		if (mf_json_text_is(key, s->members[i].field->name))
			return &s->members[i];
	}
	return NULL;
}

static bool
read_struct(Structs *s)
{
	MfJsonText	key;
	bool		first = true;
	int			more;

	if (*s->json.p != '{')
		return mf_json_fail(&s->json, "it is no list of objects");
	s->json.p++;
	for (int i = 0; i < s->n; i++)
		s->members[i].seen = false;
	while ((more = mf_json_member(&s->json, &first, &key)) > 0)
	{
		Member	   *m = find_member(s, &key);

		if (m == NULL)
			return mf_json_fail(&s->json, "an object has a key that is no member of the struct");
		if (m->seen)
			return wrong(s, MF_INVALID_JSON, m, "is there twice");
		m->seen = true;
		if (!read_value(s, m))
			return false;
	}
	for (int i = 0; i < s->n && more == 0; i++)
	{
		if (!s->members[i].seen)
			return wrong(s, MF_NOT_NULL_VIOLATION, &s->members[i], "is missing in an object");
	}
	return more == 0;
}

/* The row's values of a member as an entry of its array. */
static void
end_row(Member *m)
{
	bool		vector = mf_kind_is_vector(m->field->kind);
	int			member = m2_type_member(m->type);
	size_t		payload = m->row.len;
	size_t		array = payload;
	size_t		dim = vector ? 1 + m2_varint_size((uint64_t) m->field->dim) : 0;
	bool		packed = m->type != M2_VARCHAR && (!vector || m->type == M2_FLOAT_VECTOR) && payload > 0;

	if (packed)
		array = m2_field_size(payload);
	add_header(&m->rows, vector ? 2 : 1, dim + m2_field_size(array));
	if (vector)
		add_int(&m->rows, 1, (uint64_t) m->field->dim);
	add_header(&m->rows, member, array);
	if (packed)
		add_header(&m->rows, 1, payload);
	if (payload > 0)
		mf_json_buf_raw(&m->rows, m->row.data, payload);
}

static bool
read_row(Structs *s, const char *text, size_t len)
{
	static const char slack[MF_JSON_SLACK];
	bool		first = true;
	int64_t		n = 0;
	int			more = -1;

	s->text.len = 0;
	mf_json_buf_raw(&s->text, text, len);
	mf_json_buf_raw(&s->text, slack, sizeof(slack));
	if (s->text.failed)
		return false;
	mf_json_start(&s->json, s->text.data, len);
	mf_json_ws(&s->json);
	for (int i = 0; i < s->n; i++)
		s->members[i].row.len = 0;
	if (*s->json.p != '[')
		return mf_json_fail(&s->json, "it is no list of objects");
	s->json.p++;
	while ((more = mf_json_element(&s->json, &first)) > 0)
	{
		if (!read_struct(s))
			return false;
		n++;
	}
	if (more < 0 || !mf_json_finish(&s->json))
		return false;
	if (s->part->plan->field->max_items > 0 && n > s->part->plan->field->max_items)
	{
		s->sqlstate = MF_ARRAY_SUBSCRIPT;
		snprintf(s->why, sizeof(s->why), "It has %lld structs, the field holds %d.", (long long) n,
				 (int) s->part->plan->field->max_items);
		return false;
	}
	for (int i = 0; i < s->n; i++)
		end_row(&s->members[i]);
	return true;
}

static MfStatus
bad_row(const Structs *s, const M2WritePlan *plan, const MfBatch *batch, int32_t row, MfError *err)
{
	mf_error(err, s->sqlstate != NULL ? s->sqlstate : MF_INVALID_JSON,
			 "the value cannot be written to field \"%s\" of type %s", s->part->name, s->part->plan->field->native);
	if (s->why[0] != '\0')
		mf_error_detail(err, "%s", s->why);
	else
		mf_error_detail(err, "As JSON, %s.", s->json.fault != NULL ? s->json.fault : "it is wrong");
	m2_error_row(plan, batch, row, s->part->plan->column, err);
	return MF_ERROR;
}

/* --------------------------------------------------------------- the message */

static void
add_member(Structs *s, const Member *m, int32_t first, int32_t count)
{
	bool		vector = mf_kind_is_vector(m->field->kind);
	M2Type		type = vector ? M2_ARRAY_OF_VECTOR : M2_ARRAY;
	size_t		name = strlen(m->field->name);
	size_t		dim = vector ? 1 + m2_varint_size((uint64_t) m->field->dim) : 0;
	size_t		array = dim + m->rows.len + 1 + m2_varint_size((uint64_t) m->type);
	size_t		data = m2_field_size(array);
	size_t		field = 1 + m2_varint_size((uint64_t) type) + m2_field_size(name) + m2_field_size(data);
	MfJsonBuf  *out = &s->part->built;

	if (s->part->gaps)
		field += m2_field_size((size_t) count);
	add_header(out, 1, field);
	add_int(out, 1, (uint64_t) type);
	add_bytes(out, 2, m->field->name, name);
	add_header(out, vector ? 4 : 3, data);
	add_header(out, 8, array);
	if (vector)
		add_int(out, 1, (uint64_t) m->field->dim);
	if (m->rows.len > 0)
		mf_json_buf_raw(out, m->rows.data, m->rows.len);
	add_int(out, vector ? 3 : 2, (uint64_t) m->type);
	if (!s->part->gaps)
		return;
	add_header(out, 7, (size_t) count);
	for (int32_t row = first; row < first + count; row++)
		mf_json_buf_raw(out, m2_is_there(s->part->col, row) ? "\1" : "\0", 1);
}

static MfStatus
build(Structs *s, const M2WritePlan *plan, const MfBatch *batch, int32_t first, int32_t count, MfError *err)
{
	bool		failed;

	for (int32_t row = first; row < first + count; row++)
	{
		size_t		len;
		const char *text = mf_varying_at(s->part->col, row, &len);

		if (!m2_is_there(s->part->col, row))
			continue;
		if (!read_row(s, text, len))
			return s->text.failed || s->decoded.failed ? mf_error_oom(err, len) : bad_row(s, plan, batch, row, err);
	}
	for (int i = 0; i < s->n; i++)
		add_member(s, &s->members[i], first, count);
	failed = s->part->built.failed;
	for (int i = 0; i < s->n; i++)
		failed |= s->members[i].rows.failed || s->members[i].row.failed;
	return failed ? mf_error_oom(err, s->part->built.cap) : MF_OK;
}

MfStatus
m2_structs_build(const M2WritePlan *plan, M2Part *part, const MfBatch *batch,
				 int32_t first, int32_t count, MfError *err)
{
	const MfField *field = part->plan->field;
	Structs		s = {.mem = plan->mem,.part = part,.n = field->nmembers,.text = {.mem = plan->mem},.decoded = {.mem = plan->mem}};
	MfStatus	status;

	s.members = mf_calloc(plan->mem, sizeof(Member) * (size_t) (s.n > 0 ? s.n : 1));
	if (s.members == NULL)
		return mf_error_oom(err, sizeof(Member) * (size_t) s.n);
	for (int i = 0; i < s.n; i++)
	{
		s.members[i].field = &field->members[i];
		s.members[i].type = (M2Type) field->members[i].remote_type;
		s.members[i].rows.mem = s.members[i].row.mem = plan->mem;
	}
	status = build(&s, plan, batch, first, count, err);
	for (int i = 0; i < s.n; i++)
	{
		mf_free(plan->mem, s.members[i].rows.data);
		mf_free(plan->mem, s.members[i].row.data);
	}
	mf_free(plan->mem, s.members);
	mf_free(plan->mem, s.text.data);
	mf_free(plan->mem, s.decoded.data);
	return status;
}
