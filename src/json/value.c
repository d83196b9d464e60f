/*
 * value.c - How does one JSON value become one value of a column?
 *
 * As the stores read them: numbers may be quoted, booleans too.  Nothing is
 * rounded or cut on the way except a decimal to the nearest float; what does not fit is an
 * error with a hint, because half a value in a migrated table is worse.
 */
#include <math.h>

#include "json_internal.h"

#define SHOWN 64				/* bytes of an offending value in a message */

static const char *
label(const MfJsonColumn *c)
{
	return c->label != NULL ? c->label : c->field;
}

static bool
fail_oom(MfError *err, size_t wanted)
{
	mf_error_oom(err, wanted);
	return false;
}

/* The offending value's text, cut at a character. */
static int
shown(const char *at, size_t len)
{
	if (len <= SHOWN)
		return (int) len;
	len = SHOWN;
	while (len > 0 && ((unsigned char) at[len] & 0xC0) == 0x80)
		len--;
	return (int) len;
}

/* A value of a shape that this kind of column cannot hold. */
static bool
fail_shape(const MfJsonColumn *c, const char *p, MfKind kind, MfError *err)
{
	const char *shape = *p == '{' ? "an object" : *p == '[' ? "an array" : *p == '"' ? "a text" :
		*p == 'n' ? "null" : *p == 't' || *p == 'f' ? "a boolean" : "a number";

	mf_error(err, MF_DATATYPE_MISMATCH, "field \"%s\" holds %s, which cannot be read as %s",
			 label(c), shape, mf_kind_name(kind));
	if (*p == '[')
		mf_error_hint(err, "Declare the column as an array, or as jsonb.");
	else if (*p == '{')
		mf_error_hint(err, "Declare the column as jsonb, or name one of the object's fields in option \"field\".");
	return false;
}

static bool
fail_value(const MfJsonColumn *c, const char *at, size_t len, MfKind kind, MfError *err)
{
	mf_error(err, MF_DATA_EXCEPTION, "value \"%.*s\" of field \"%s\" cannot be read as %s",
			 shown(at, len), at, label(c), mf_kind_name(kind));
	return false;
}

static bool
fail_range(const MfJsonColumn *c, const char *at, size_t len, MfKind kind, MfError *err)
{
	mf_error(err, MF_NUMERIC_OUT_OF_RANGE, "value \"%.*s\" of field \"%s\" is out of range for %s",
			 shown(at, len), at, label(c), mf_kind_name(kind));
	return false;
}

/* A string's text without escapes: in place where there are none. */
typedef struct Plain
{
	const char *at;
	size_t		len;
	char		room[256];
} Plain;

static bool
plain(MfJson *j, Plain *out)
{
	MfJsonText	text;

	if (!mf_json_string(j, &text))
		return false;
	out->at = text.at;
	out->len = text.len;
	if (text.escaped && text.len < sizeof(out->room) - MF_JSON_SLACK)
	{
		if (mf_json_decode(&text, out->room, &out->len) == MF_JSON_TEXT_OK)
		{
			out->at = out->room;
			memset(out->room + out->len, 0, MF_JSON_SLACK);
		}
		else
			out->len = text.len;	/* no kind takes it; shown as it is written */
	}
	return true;
}

/* A number, bare or quoted.  1 = yes, 0 = something else (err is set), -1 = fault. */
static int
number(const MfJsonColumn *c, MfJson *j, MfKind kind, Plain *text, MfJsonNumber *n, MfError *err)
{
	const char *start = j->p;

	if (*start == '"')
	{
		if (!plain(j, text))
			return -1;
		if (!mf_json_number_text(text->at, text->len, n))
		{
			fail_value(c, text->at, text->len, kind, err);
			return 0;
		}
		return 1;
	}
	if (*start != '-' && !json_is_digit(*start))
	{
		if (*start == '{' || *start == '[' || *start == 't' || *start == 'f')
		{
			fail_shape(c, start, kind, err);
			return 0;
		}
		mf_json_fail(j, "a value is malformed");
		return -1;
	}
	return mf_json_number(j, n) ? 1 : -1;
}

static bool
integer(const MfJsonColumn *c, MfJson *j, MfMem *mem, MfColumn *col, MfError *err)
{
	Plain		text;
	MfJsonNumber n;
	MfJsonInt	answer;
	int64_t		v = 0;
	uint64_t	u = 0;
	union
	{
		int8_t		i8;
		int16_t		i16;
		int32_t		i32;
		int64_t		i64;
		uint64_t	u64;
	}			out;

	if (number(c, j, col->kind, &text, &n, err) <= 0)
		return false;
	if (col->kind == MF_KIND_U64)
		answer = mf_json_u64(&n, &u);
	else
		answer = mf_json_i64(&n, &v);
	switch (col->kind)
	{
		case MF_KIND_I8:
			out.i8 = (int8_t) v;
			if (v != out.i8)
				answer = answer == MF_JSON_INT_OK ? MF_JSON_INT_RANGE : answer;
			break;
		case MF_KIND_I16:
			out.i16 = (int16_t) v;
			if (v != out.i16)
				answer = answer == MF_JSON_INT_OK ? MF_JSON_INT_RANGE : answer;
			break;
		case MF_KIND_I32:
			out.i32 = (int32_t) v;
			if (v != out.i32)
				answer = answer == MF_JSON_INT_OK ? MF_JSON_INT_RANGE : answer;
			break;
		case MF_KIND_U64:
			out.u64 = u;
			break;
		default:
			out.i64 = v;
			break;
	}
	if (answer == MF_JSON_INT_RANGE)
		return fail_range(c, n.at, (size_t) (n.end - n.at), col->kind, err);
	if (answer == MF_JSON_INT_FRACTION)
	{
		mf_error(err, MF_DATA_EXCEPTION, "value \"%.*s\" of field \"%s\" is not a whole number",
				 shown(n.at, (size_t) (n.end - n.at)), n.at, label(c));
		mf_error_hint(err, "Declare the column as double precision or numeric.");
		return false;
	}
	return mf_append_fixed(mem, col, &out) || fail_oom(err, col->width);
}

static bool
real(const MfJsonColumn *c, MfJson *j, MfMem *mem, MfColumn *col, MfError *err)
{
	Plain		text;
	MfJsonNumber n;
	float		f = 0;
	double		d = 0;
	bool		fits;

	if (number(c, j, col->kind, &text, &n, err) <= 0)
		return false;
	if (col->kind == MF_KIND_F32)
	{
		f = json_to_f32(&n);
		fits = isfinite(f);
	}
	else
	{
		d = mf_json_f64(&n);
		fits = isfinite(d);
	}
	if (!fits)
		return fail_range(c, n.at, (size_t) (n.end - n.at), col->kind, err);
	return mf_append_fixed(mem, col, col->kind == MF_KIND_F32 ? (void *) &f : (void *) &d) ||
		fail_oom(err, col->width);
}

/* true, "true"; "" is false, as Elasticsearch has it. */
static bool
boolean(const MfJsonColumn *c, MfJson *j, MfMem *mem, MfColumn *col, MfError *err)
{
	uint8_t		byte;
	bool		v;

	if (*j->p == 't' || *j->p == 'f')
	{
		if (!mf_json_bool(j, &v))
			return false;
	}
	else if (*j->p == '"')
	{
		Plain		text;

		if (!plain(j, &text))
			return false;
		v = text.len == 4 && memcmp(text.at, "true", 4) == 0;
		if (!v && text.len != 0 && (text.len != 5 || memcmp(text.at, "false", 5) != 0))
			return fail_value(c, text.at, text.len, col->kind, err);
	}
	else
		return fail_shape(c, j->p, col->kind, err);
	byte = v;
	return mf_append_fixed(mem, col, &byte) || fail_oom(err, 1);
}

static bool
string(const MfJsonColumn *c, MfJson *j, MfMem *mem, MfColumn *col, MfError *err)
{
	MfJsonText	text;
	char	   *slot;
	size_t		len;

	if (!mf_json_string(j, &text))
		return false;
	if (!text.escaped)
		return mf_append_bytes(mem, col, text.at, text.len) || fail_oom(err, text.len);
	slot = mf_varying_slot(mem, col, text.len);
	if (slot == NULL)
		return fail_oom(err, text.len);
	switch (mf_json_decode(&text, slot, &len))
	{
		case MF_JSON_TEXT_SURROGATE:
			mf_error(err, MF_CHARACTER_NOT_IN_REPERTOIRE,
					 "field \"%s\" holds half of a surrogate pair, which is no character", label(c));
			return false;
		case MF_JSON_TEXT_ZERO:
			mf_error(err, MF_CHARACTER_NOT_IN_REPERTOIRE,
					 "field \"%s\" holds the character U+0000, which text cannot hold", label(c));
			return false;
		case MF_JSON_TEXT_OK:
			break;
	}
	return mf_column_commit(mem, col, len) || fail_oom(err, len);
}

/* Text: strings decoded; numbers and booleans as they are written. */
static bool
text_value(const MfJsonColumn *c, MfJson *j, MfMem *mem, MfColumn *col, MfError *err)
{
	const char *start = j->p;

	if (*start == '"')
		return string(c, j, mem, col, err);
	if (*start == '{' || *start == '[')
		return fail_shape(c, start, col->kind, err);
	if (!mf_json_skip(j))
		return false;
	return mf_append_bytes(mem, col, start, (size_t) (j->p - start)) ||
		fail_oom(err, (size_t) (j->p - start));
}

static bool
decimal(const MfJsonColumn *c, MfJson *j, MfMem *mem, MfColumn *col, MfError *err)
{
	Plain		text;
	MfJsonNumber n;

	if (number(c, j, col->kind, &text, &n, err) <= 0)
		return false;
	return mf_append_bytes(mem, col, n.at, (size_t) (n.end - n.at)) ||
		fail_oom(err, (size_t) (n.end - n.at));
}

static bool
json_value(MfJson *j, MfMem *mem, MfColumn *col, MfError *err)
{
	const char *start = j->p;

	if (!mf_json_skip(j))
		return false;
	return mf_append_bytes(mem, col, start, (size_t) (j->p - start)) ||
		fail_oom(err, (size_t) (j->p - start));
}

static bool
timestamp(const MfJsonColumn *c, MfJson *j, MfMem *mem, MfColumn *col, MfError *err)
{
	Plain		text;
	int64_t		us;

	if (*j->p == '"')
	{
		if (!plain(j, &text))
			return false;
	}
	else if (*j->p == '-' || json_is_digit(*j->p))
	{
		MfJsonNumber n;

		if (!mf_json_number(j, &n))
			return false;
		text.at = n.at;
		text.len = (size_t) (n.end - n.at);
	}
	else
		return fail_shape(c, j->p, col->kind, err);
	if (!mf_json_date(text.at, text.len, c->date_formats, &us))
	{
		mf_error(err, MF_DATA_EXCEPTION, "value \"%.*s\" of field \"%s\" cannot be read as a date",
				 shown(text.at, text.len), text.at, label(c));
		if (c->date_format != NULL)
			mf_error_detail(err, "The field's format is \"%s\".", c->date_format);
		mf_error_hint(err, "Declare the column as text and convert it in SQL.");
		return false;
	}
	return mf_append_fixed(mem, col, &us) || fail_oom(err, 8);
}

static int
base64_digit(char ch)
{
	if (ch >= 'A' && ch <= 'Z')
		return ch - 'A';
	if (ch >= 'a' && ch <= 'z')
		return ch - 'a' + 26;
	if (json_is_digit(ch))
		return ch - '0' + 52;
	return ch == '+' || ch == '-' ? 62 : ch == '/' || ch == '_' ? 63 : -1;
}

/* Base64, the usual and the URL alphabet, padded or not; "\/" and "\n" may be in it. */
static bool
bytes_value(const MfJsonColumn *c, MfJson *j, MfMem *mem, MfColumn *col, MfError *err)
{
	MfJsonText	text;
	char	   *slot;
	uint32_t	bits = 0;
	int			nbits = 0;
	size_t		n = 0;

	if (*j->p != '"')
		return fail_shape(c, j->p, col->kind, err);
	if (!mf_json_string(j, &text))
		return false;
	slot = mf_varying_slot(mem, col, text.len);
	if (slot == NULL)
		return fail_oom(err, text.len);
	for (size_t i = 0; i < text.len; i++)
	{
		int			digit;

		if (text.at[i] == '\\' && strchr("/nr", text.at[i + 1]) != NULL)
		{
			if (text.at[++i] != '/')
				continue;
		}
		if (text.at[i] == '=')
			break;
		digit = base64_digit(text.at[i]);
		if (digit < 0)
			return fail_value(c, text.at, text.len, col->kind, err);
		bits = bits << 6 | (uint32_t) digit;
		nbits += 6;
		if (nbits >= 8)
		{
			nbits -= 8;
			slot[n++] = (char) (bits >> nbits);
		}
	}
	return mf_column_commit(mem, col, n) || fail_oom(err, n);
}

static bool
fail_dim(const MfJsonColumn *c, int64_t expected, int64_t got, MfError *err)
{
	mf_error(err, MF_DATA_EXCEPTION, "field \"%s\": expected %lld dimensions, not %lld",
			 label(c), (long long) expected, (long long) got);
	return false;
}

static bool
float_vector(const MfJsonColumn *c, MfJson *j, MfMem *mem, MfColumn *col, MfError *err)
{
	const char *start = j->p;
	float	   *slot;
	int64_t		count;

	if (*start != '[')
		return fail_shape(c, start, col->kind, err);
	slot = mf_append_vector(mem, col);
	if (slot == NULL)
		return fail_oom(err, col->stride);
	j->p++;
	if (!mf_json_f32_array(j, slot, col->dim, &count))
		return false;
	if (count != col->dim)
		return fail_dim(c, col->dim, count, err);

	/* One pass that the compiler turns into vector code: is each finite? */
	{
		uint32_t	worst = 0;

		for (int32_t i = 0; i < col->dim; i++)
		{
			uint32_t	bits;

			memcpy(&bits, &slot[i], 4);
			bits &= 0x7FFFFFFF;
			worst = bits > worst ? bits : worst;
		}
		if (worst >= 0x7F800000)
		{
			mf_error(err, MF_NUMERIC_OUT_OF_RANGE,
					 "a component of vector field \"%s\" is out of range for float", label(c));
			return false;
		}
	}
	return true;
}

/* Whole numbers of -128 .. 127, or two hexadecimal digits a byte. */
static bool
byte_vector(const MfJsonColumn *c, MfJson *j, MfMem *mem, MfColumn *col, MfError *err)
{
	const char *start = j->p;
	bool		is_bit = col->kind == MF_KIND_VEC_BIT;
	int64_t		per = is_bit ? 8 : 1;	/* dimensions in a byte */
	int64_t		count = 0;
	signed char *slot;

	if (*start != '[' && *start != '"')
		return fail_shape(c, start, col->kind, err);
	slot = mf_append_vector(mem, col);
	if (slot == NULL)
		return fail_oom(err, col->stride);
	if (*start == '"')
	{
		MfJsonText	text;

		if (!mf_json_string(j, &text))
			return false;
		for (size_t i = 0; i < text.len; i++)
		{
			char		ch = text.at[i];
			int			digit = json_is_digit(ch) ? ch - '0' :
				(ch | 0x20) >= 'a' && (ch | 0x20) <= 'f' ? (ch | 0x20) - 'a' + 10 : -1;

			if (digit < 0)
				return fail_value(c, text.at, text.len, col->kind, err);
			if (i / 2 < col->width)
				slot[i / 2] = (signed char) (i % 2 == 0 ? digit << 4 : slot[i / 2] | digit);
		}
		if (text.len % 2 != 0)
			return fail_value(c, text.at, text.len, col->kind, err);
		count = (int64_t) (text.len / 2);
	}
	else
	{
		bool		first = true;
		int			more;

		j->p++;
		while ((more = mf_json_element(j, &first)) > 0)
		{
			MfJsonNumber n;
			int64_t		v;

			if (*j->p != '-' && !json_is_digit(*j->p))
				return mf_json_fail(j, "a vector holds something that is not a number");
			if (!mf_json_number(j, &n))
				return false;
			if (mf_json_i64(&n, &v) != MF_JSON_INT_OK || v < -128 || v > 127)
				return fail_range(c, n.at, (size_t) (n.end - n.at), MF_KIND_I8, err);
			if ((size_t) count < col->width)
				slot[count] = (signed char) v;
			count++;
		}
		if (more < 0)
			return false;
	}
	if (count != (int64_t) col->width)
		return fail_dim(c, col->dim, count * per, err);
	return true;
}

bool
mf_json_value(const MfJsonColumn *c, MfJson *j, MfMem *mem, MfColumn *col, MfError *err)
{
	if (*j->p == 'n')
	{
		if (!mf_json_null(j))
			return false;
		return mf_append_state(mem, col, MF_VALUE_NULL) || fail_oom(err, col->stride);
	}
	switch (col->kind)
	{
		case MF_KIND_BOOL:
			return boolean(c, j, mem, col, err);
		case MF_KIND_I8:
		case MF_KIND_I16:
		case MF_KIND_I32:
		case MF_KIND_I64:
		case MF_KIND_U64:
			return integer(c, j, mem, col, err);
		case MF_KIND_F32:
		case MF_KIND_F64:
			return real(c, j, mem, col, err);
		case MF_KIND_DECIMAL:
			return decimal(c, j, mem, col, err);
		case MF_KIND_TEXT:
			return text_value(c, j, mem, col, err);
		case MF_KIND_INET:
			if (*j->p != '"')
				return fail_shape(c, j->p, col->kind, err);
			return string(c, j, mem, col, err);
		case MF_KIND_BYTES:
			return bytes_value(c, j, mem, col, err);
		case MF_KIND_JSON:
			return json_value(j, mem, col, err);
		case MF_KIND_TIMESTAMP:
			return timestamp(c, j, mem, col, err);
		case MF_KIND_VEC_F32:
			return float_vector(c, j, mem, col, err);
		case MF_KIND_VEC_I8:
		case MF_KIND_VEC_BIT:
			return byte_vector(c, j, mem, col, err);
		default:
			mf_error(err, MF_FDW_INVALID_DATA_TYPE, "field \"%s\" cannot be read as %s",
					 label(c), mf_kind_name(col->kind));
			return false;
	}
}
