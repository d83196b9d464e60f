/*
 * decode.c - How does a page of rows become columns?
 *
 * The reply to Query is read by hand: vectors are copied once, from the reply
 * into the batch, and nothing is believed that was not counted.
 */
#include <stdio.h>
#include <stdlib.h>

#include "internal.h"

#define WHAT "Milvus Query"
#define MAX_REPLY_FIELDS 4096

static MfStatus
broken(MfError *err, const char *where)
{
	return m2_error_reply(err, WHAT, "%s is cut short or malformed", where);
}

/* ------------------------------------------------------------------ the parts */

static bool
read_status(M2Span span, M2QueryReply *reply)
{
	M2Reader	r = m2_reader(span);
	uint32_t	field;
	int			wire;

	while (m2_read_tag(&r, &field, &wire))
	{
		if (field == 1 && wire == WIRE_VARINT)
			reply->error_code = (int32_t) m2_read_varint(&r);
		else if (field == 2 && wire == WIRE_BYTES)
			reply->reason = m2_read_span(&r);
		else if (field == 3 && wire == WIRE_VARINT)
			reply->code = (int32_t) m2_read_varint(&r);
		else
			m2_skip(&r, wire);
	}
	return !r.bad;
}

static bool
read_field(M2Span span, M2FieldReply *out)
{
	M2Reader	r = m2_reader(span);
	uint32_t	field;
	int			wire;

	memset(out, 0, sizeof(*out));
	out->message = span;
	while (m2_read_tag(&r, &field, &wire))
	{
		if (field == 1 && wire == WIRE_VARINT)
			out->type = (int32_t) m2_read_varint(&r);
		else if (field == 2 && wire == WIRE_BYTES)
			out->name = m2_read_span(&r);
		else if (field == 3 && wire == WIRE_BYTES)
			out->scalars = m2_read_span(&r);
		else if (field == 4 && wire == WIRE_BYTES)
			out->vectors = m2_read_span(&r);
		else if (field == 6 && wire == WIRE_VARINT)
			out->dynamic = m2_read_varint(&r) != 0;
		else
		{
			out->has_valid |= field == 7;
			m2_skip(&r, wire);
		}
	}
	return !r.bad;
}

MfStatus
m2_query_reply(MfMem *mem, const uint8_t *bytes, size_t len, M2QueryReply *reply, MfError *err)
{
	M2Reader	r = m2_reader((M2Span) {bytes, len});
	uint32_t	field;
	int			wire;
	int			cap = 0;
	bool		good = true;

	memset(reply, 0, sizeof(*reply));
	while (good && m2_read_tag(&r, &field, &wire))
	{
		if (field == 1 && wire == WIRE_BYTES)
			good = read_status(m2_read_span(&r), reply);
		else if (field == 2 && wire == WIRE_BYTES)
		{
			if (reply->nfields == cap)
			{
				M2FieldReply *bigger = NULL;

				cap = cap == 0 ? 32 : cap * 2;
				if (cap <= MAX_REPLY_FIELDS)
					bigger = mf_realloc(mem, reply->fields, sizeof(M2FieldReply) * (size_t) cap);
				if (bigger == NULL)
				{
					mf_free(mem, reply->fields);
					reply->fields = NULL;
					return cap > MAX_REPLY_FIELDS ?
						m2_error_reply(err, WHAT, "it has more than %d fields", MAX_REPLY_FIELDS) :
						mf_error_oom(err, sizeof(M2FieldReply) * (size_t) cap);
				}
				reply->fields = bigger;
			}
			good = read_field(m2_read_span(&r), &reply->fields[reply->nfields++]);
		}
		else if (field == 5 && wire == WIRE_VARINT)
			reply->session_ts = m2_read_varint(&r);
		else
			m2_skip(&r, wire);
	}
	if (good && !r.bad)
		return MF_OK;
	mf_free(mem, reply->fields);
	reply->fields = NULL;
	reply->nfields = 0;
	return broken(err, "a message");
}

const M2FieldReply *
m2_reply_field(const M2QueryReply *reply, const char *name)
{
	size_t		len = strlen(name);

	for (int i = 0; i < reply->nfields; i++)
	{
		if (reply->fields[i].name.len == len && len > 0 && memcmp(reply->fields[i].name.at, name, len) == 0)
			return &reply->fields[i];
	}
	return NULL;
}

/* ----------------------------------------------------------------- the values */

/* The array message of a ScalarField or VectorField, by its number. */
static bool
member(M2Span span, uint32_t number, M2Span *out)
{
	M2Reader	r = m2_reader(span);
	uint32_t	field;
	int			wire;

	*out = (M2Span) {NULL, 0};
	while (m2_read_tag(&r, &field, &wire))
	{
		if (field == number && wire == WIRE_BYTES)
			*out = m2_read_span(&r);
		else
			m2_skip(&r, wire);
	}
	return !r.bad;
}

/* Which member of ScalarField holds values of a type? */
static uint32_t
scalar_member(int32_t type)
{
	switch (type)
	{
		case M2_BOOL:
			return 1;
		case M2_INT8:
		case M2_INT16:
		case M2_INT32:
			return 2;
		case M2_INT64:
			return 3;
		case M2_FLOAT:
			return 4;
		case M2_DOUBLE:
			return 5;
		case M2_VARCHAR:
			return 6;
		default:
			return 9;			/* JSON */
	}
}

M2Values
m2_reply_json(const M2FieldReply *field)
{
	M2Span		array = {NULL, 0};

	if (field != NULL && !member(field->scalars, scalar_member(M2_JSON), &array))
		array.at = NULL;
	if (array.at == NULL)
		array = (M2Span) {(const uint8_t *) "", 0};
	return m2_values(array);
}

static bool
keep_largest_text(MfMem *mem, M2Key *largest, M2Span text, bool *grew)
{
	if (largest->set)
	{
		size_t		both = text.len < largest->len ? text.len : largest->len;
		int			order = both > 0 ? memcmp(text.at, largest->text, both) : 0;

		if (order < 0 || (order == 0 && text.len <= largest->len))
		{
			largest->unordered = true;
			return true;
		}
	}
	if (text.len > largest->cap)
	{
		char	   *bigger = mf_realloc(mem, largest->text, text.len);

		if (bigger == NULL)
			return false;
		largest->text = bigger;
		largest->cap = text.len;
	}
	if (text.len > 0)
		memcpy(largest->text, text.at, text.len);
	largest->len = text.len;
	largest->set = true;
	*grew = true;
	return true;
}

MfStatus
m2_reply_keys(MfMem *mem, const M2FieldReply *field, int32_t *count, M2Key *largest,
			  bool *grew, MfError *err)
{
	M2Span		array;
	M2Values	values;
	int64_t		n = 0;

	*count = 0;
	if ((field->type != M2_INT64 && field->type != M2_VARCHAR) ||
		(field->type == M2_VARCHAR) != largest->is_text)
		return m2_error_reply(err, WHAT, "the primary key has type %d", field->type);
	if (!member(field->scalars, scalar_member(field->type), &array))
		return broken(err, "the primary key");
	if (array.at == NULL)
		return MF_OK;
	values = m2_values(array);
	if (largest->is_text)
	{
		M2Span		text;

		for (; m2_next_span(&values, &text); n++)
		{
			if (!keep_largest_text(mem, largest, text, grew))
				return mf_error_oom(err, text.len);
		}
	}
	else
	{
		uint64_t	raw;

		for (; m2_next_varint(&values, &raw); n++)
		{
			if (largest->set && (int64_t) raw <= largest->number)
			{
				largest->unordered = true;
				continue;
			}
			largest->number = (int64_t) raw;
			largest->set = true;
			*grew = true;
		}
	}
	if (m2_values_bad(&values))
		return broken(err, "the primary key");
	if (n > INT32_MAX)
		return m2_error_reply(err, WHAT, "a page of %lld rows", (long long) n);
	*count = (int32_t) n;
	return MF_OK;
}

/* ------------------------------------------------------------ into the columns */

static bool
is_int(M2Type type)
{
	return type >= M2_INT8 && type <= M2_INT64;
}

static MfKind
natural(M2Type type)
{
	switch (type)
	{
		case M2_BOOL:
			return MF_KIND_BOOL;
		case M2_INT8:
			return MF_KIND_I8;
		case M2_INT16:
			return MF_KIND_I16;
		case M2_INT32:
			return MF_KIND_I32;
		case M2_INT64:
			return MF_KIND_I64;
		case M2_FLOAT:
			return MF_KIND_F32;
		case M2_DOUBLE:
			return MF_KIND_F64;
		case M2_VARCHAR:
			return MF_KIND_TEXT;
		case M2_JSON:
			return MF_KIND_JSON;
		case M2_FLOAT_VECTOR:
			return MF_KIND_VEC_F32;
		default:
			return MF_KIND_NONE;
	}
}

/* Wider is done here; narrower, and numeric, by the core, which checks ranges. */
MfKind
m2_deliver(M2Type type, MfKind wanted, MfKind elem)
{
	MfKind		kind = natural(type);

	if (kind == MF_KIND_NONE || wanted == kind)
		return kind;
	if (wanted == MF_KIND_TEXT && !mf_kind_is_vector(kind))
		return MF_KIND_TEXT;
	if (is_int(type))
	{
		if (wanted >= MF_KIND_I8 && wanted <= MF_KIND_I64)
			return wanted > kind ? wanted : kind;
		return wanted == MF_KIND_U64 || wanted == MF_KIND_F32 || wanted == MF_KIND_F64 ||
			wanted == MF_KIND_DECIMAL ? kind : MF_KIND_NONE;
	}
	if (type == M2_FLOAT)
		return wanted == MF_KIND_F64 ? wanted : wanted == MF_KIND_DECIMAL ? kind : MF_KIND_NONE;
	if (type == M2_DOUBLE)
		return wanted == MF_KIND_F32 || wanted == MF_KIND_DECIMAL ? kind : MF_KIND_NONE;
	if (type == M2_VARCHAR)
		return wanted == MF_KIND_INET ? wanted : MF_KIND_NONE;
	if (type == M2_FLOAT_VECTOR)
		return wanted == MF_KIND_LIST && elem == MF_KIND_F32 ? kind : MF_KIND_NONE;
	return MF_KIND_NONE;
}

static bool
put_int(MfMem *mem, MfColumn *col, int64_t value)
{
	char		text[32];
	int8_t		i8 = (int8_t) value;
	int16_t		i16 = (int16_t) value;
	int32_t		i32 = (int32_t) value;

	switch (col->kind)
	{
		case MF_KIND_I8:
			return mf_append_fixed(mem, col, &i8);
		case MF_KIND_I16:
			return mf_append_fixed(mem, col, &i16);
		case MF_KIND_I32:
			return mf_append_fixed(mem, col, &i32);
		case MF_KIND_I64:
			return mf_append_fixed(mem, col, &value);
		default:
			return mf_append_bytes(mem, col, text, (size_t) snprintf(text, sizeof(text), "%lld", (long long) value));
	}
}

static bool
put_bool(MfMem *mem, MfColumn *col, uint64_t raw)
{
	uint8_t		value = raw != 0;

	if (col->kind == MF_KIND_BOOL)
		return mf_append_fixed(mem, col, &value);
	return value ? mf_append_bytes(mem, col, "true", 4) : mf_append_bytes(mem, col, "false", 5);
}

/* The shortest text that reads back as the same number. */
static int
number_text(char *text, size_t size, double value, bool single)
{
	int			len = 0;

	for (int digits = single ? 6 : 15; digits <= (single ? 9 : 17); digits++)
	{
		len = snprintf(text, size, "%.*g", digits, value);
		if (single ? strtof(text, NULL) == (float) value : strtod(text, NULL) == value)
			break;
	}
	return len;
}

static bool
put_real(MfMem *mem, MfColumn *col, const uint8_t *at, bool single)
{
	float		f = 0;
	double		d = 0;
	char		text[40];

	if (single)
		memcpy(&f, at, sizeof(f));
	else
		memcpy(&d, at, sizeof(d));
	if (col->kind == MF_KIND_F32)
		return mf_append_fixed(mem, col, &f);
	if (single)
		d = f;
	if (col->kind == MF_KIND_F64)
		return mf_append_fixed(mem, col, &d);
	return mf_append_bytes(mem, col, text, (size_t) number_text(text, sizeof(text), d, single));
}

/*
 * One bool a row (Milvus 2.5 and later): false = NULL, whose slot in the array
 * holds nothing of worth.  NULL answer with *bad = broken or no memory.
 */
static uint8_t *
read_valid(MfMem *mem, const M2FieldReply *field, int32_t nrows, bool *bad)
{
	uint8_t    *valid = mf_alloc(mem, (size_t) nrows + 1);
	M2Reader	r = m2_reader(field->message);
	uint32_t	number;
	int			wire;
	int32_t		n = 0;

	*bad = valid == NULL;
	if (valid == NULL)
		return NULL;
	while (m2_read_tag(&r, &number, &wire))
	{
		if (number == 7 && wire == WIRE_BYTES)
		{
			M2Reader	packed = m2_reader(m2_read_span(&r));

			while (packed.p < packed.end)
			{
				uint8_t		set = m2_read_varint(&packed) != 0;

				if (n < nrows)
					valid[n] = set;
				n += n <= nrows;
			}
			r.bad |= packed.bad;
		}
		else if (number == 7 && wire == WIRE_VARINT)
		{
			uint8_t		set = m2_read_varint(&r) != 0;

			if (n < nrows)
				valid[n] = set;
			n += n <= nrows;
		}
		else
			m2_skip(&r, wire);
	}
	if (r.bad || (n != nrows && n != 0))
		*bad = true;
	if (*bad || n == 0)
	{
		mf_free(mem, valid);
		return NULL;
	}
	return valid;
}

/* More values than rows are counted no further than one. */
static MfStatus
check_count(const M2ReadColumn *plan, int64_t have, int32_t nrows, MfError *err)
{
	if (have == nrows)
		return MF_OK;
	m2_error_reply(err, WHAT, "field \"%s\" has %s%lld values in a page of %d rows", plan->field,
				   have > nrows ? "at least " : "", (long long) have, (int) nrows);
	snprintf(err->column, sizeof(err->column), "%s", plan->field);
	return MF_ERROR;
}

static MfStatus
read_scalars(MfMem *mem, const M2FieldReply *field, const M2ReadColumn *plan, const uint8_t *valid,
			 int32_t nrows, int32_t take, MfColumn *col, MfError *err)
{
	M2Span		array;
	M2Values	values;
	int64_t		n = 0;
	bool		room = true;

	if (!member(field->scalars, scalar_member(plan->type), &array))
		return broken(err, plan->field);
	if (array.at == NULL)
		array = (M2Span) {(const uint8_t *) "", 0};
	if (!mf_column_reserve(mem, col, take))
		return mf_error_oom(err, col->width * (size_t) take);
	values = m2_values(array);
	for (; n <= nrows && room; n++)
	{
		bool		wanted = n < take;
		bool		null = wanted && valid != NULL && !valid[n];
		uint64_t	raw;
		const uint8_t *at;
		M2Span		span;

		if (plan->type == M2_FLOAT || plan->type == M2_DOUBLE)
		{
			at = m2_next_fixed(&values, plan->type == M2_FLOAT ? 4 : 8);
			if (at == NULL)
				break;
			if (wanted && !null)
				room = put_real(mem, col, at, plan->type == M2_FLOAT);
		}
		else if (plan->type == M2_VARCHAR || plan->type == M2_JSON)
		{
			if (!m2_next_span(&values, &span))
				break;
			if (wanted && !null)
				room = mf_append_bytes(mem, col, (const char *) span.at, span.len);
		}
		else
		{
			if (!m2_next_varint(&values, &raw))
				break;
			if (wanted && !null)
				room = plan->type == M2_BOOL ? put_bool(mem, col, raw) :
					put_int(mem, col, plan->type == M2_INT64 ? (int64_t) raw : (int32_t) raw);
		}
		if (null)
			room = mf_append_state(mem, col, MF_VALUE_NULL);
	}
	if (!room)
		return mf_error_oom(err, col->width);
	if (m2_values_bad(&values))
		return broken(err, plan->field);
	return check_count(plan, n, nrows, err);
}

static MfStatus
read_vectors(MfMem *mem, const M2FieldReply *field, const M2ReadColumn *plan, const uint8_t *valid,
			 int32_t nrows, int32_t take, MfColumn *col, MfError *err)
{
	size_t		width = (size_t) plan->dim * sizeof(float);
	M2Span		array;
	M2Reader	r;
	uint32_t	number;
	int			wire;
	const uint8_t *at = NULL;
	size_t		have = 0;
	int32_t		filled = nrows;

	/* of nullable vectors only those that are there are sent */
	if (valid != NULL)
	{
		filled = 0;
		for (int32_t i = 0; i < nrows; i++)
			filled += valid[i];
	}
	if (!member(field->vectors, 2, &array))
		return broken(err, plan->field);
	if (array.at != NULL)
	{
		r = m2_reader(array);
		while (m2_read_tag(&r, &number, &wire))
		{
			if (number == 1 && wire == WIRE_BYTES && at == NULL)
			{
				M2Span		packed = m2_read_span(&r);

				at = packed.at;
				have = packed.len;
			}
			else if (number == 1)
				r.bad = true;	/* in pieces: no server does this */
			else
				m2_skip(&r, wire);
			if (r.bad)
				break;
		}
		if (r.bad)
			return broken(err, plan->field);
	}
	if (have != (size_t) filled * width)
	{
		m2_error_reply(err, WHAT, "field \"%s\" has %zu bytes for %d vectors of %d dimensions",
					   plan->field, have, (int) filled, (int) plan->dim);
		snprintf(err->column, sizeof(err->column), "%s", plan->field);
		return MF_ERROR;
	}
	if (!mf_column_reserve(mem, col, take))
		return mf_error_oom(err, col->stride * (size_t) take);
	if (valid == NULL && col->headroom == 0 && take > 0)
	{
		memcpy(mf_append_vector(mem, col), at, width);
		memcpy((char *) mf_fixed_at(col, col->nrows - 1) + width, at + width, width * (size_t) (take - 1));
		for (int32_t i = 1; i < take; i++)
			mf_append_vector(mem, col);
		return MF_OK;
	}
	for (int32_t i = 0; i < take; i++)
	{
		if (valid != NULL && !valid[i])
			mf_append_state(mem, col, MF_VALUE_NULL);
		else
		{
			memcpy(mf_append_vector(mem, col), at, width);
			at += width;
		}
	}
	return MF_OK;
}

MfStatus
m2_read_field(MfMem *mem, const M2FieldReply *field, const M2ReadColumn *plan,
			  int32_t nrows, int32_t take, MfColumn *col, MfError *err)
{
	uint8_t    *valid = NULL;
	bool		bad = false;
	MfStatus	status;

	if (field->type != (int32_t) plan->type)
	{
		m2_error_reply(err, WHAT, "field \"%s\" has type %d where %s was described", plan->field,
					   field->type, m2_type_name(plan->type));
		snprintf(err->column, sizeof(err->column), "%s", plan->field);
		return MF_ERROR;
	}
	if (field->has_valid)
		valid = read_valid(mem, field, nrows, &bad);
	if (bad)
		return broken(err, plan->field);
	status = plan->type == M2_FLOAT_VECTOR ?
		read_vectors(mem, field, plan, valid, nrows, take, col, err) :
		read_scalars(mem, field, plan, valid, nrows, take, col, err);
	mf_free(mem, valid);
	return status;
}
