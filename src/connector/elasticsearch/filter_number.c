/*
 * filter_number.c - Which query finds numbers and dates?
 *
 * The index holds a number as its field's type: cut to a whole number, rounded
 * to a float, a date to its millisecond.  _source keeps what was written, and
 * a column may read it as another type again.  All of these keep the order
 * of numbers, so a range that is wide enough for the roundings lets
 * through all that is wanted; where nothing was rounded it is exact.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "filter_es.h"

/* Whole numbers from here on may have been written 9.1e15, which the server reads as a double. */
#define ROUNDED_FROM ((int64_t) 1 << 53)

typedef struct Range
{
	bool		none;			/* no value can be in it */
	bool		has_lo;
	bool		has_hi;
	bool		lo_open;
	bool		hi_open;
	char		lo[40];
	char		hi[40];
	bool		exact;
} Range;

static const struct
{
	const char *type;
	int64_t		min;			/* of whole numbers */
	int64_t		max;
}			whole_types[] = {
	{"long", INT64_MIN, INT64_MAX},
	{"integer", INT32_MIN, INT32_MAX},
	{"short", INT16_MIN, INT16_MAX},
	{"byte", INT8_MIN, INT8_MAX},
};

static int
whole_type(const char *type)
{
	for (int i = 0; i < 4; i++)
	{
		if (strcmp(type, whole_types[i].type) == 0)
			return i;
	}
	return -1;
}

bool
es_is_number(const char *type)
{
	return whole_type(type) >= 0 || strcmp(type, "double") == 0 || strcmp(type, "float") == 0 ||
		strcmp(type, "half_float") == 0;
}

static bool
is_integer(MfKind kind)
{
	return kind >= MF_KIND_I8 && kind <= MF_KIND_I64;
}

static bool
has_low(MfFilterOp op)
{
	return op == MF_FILTER_EQ || op == MF_FILTER_GT || op == MF_FILTER_GE;
}

static bool
has_high(MfFilterOp op)
{
	return op == MF_FILTER_EQ || op == MF_FILTER_LT || op == MF_FILTER_LE;
}

static bool
is_big(int64_t v)
{
	return v >= ROUNDED_FROM || v <= -ROUNDED_FROM;
}

/* Bounds that the type can hold; those beyond it say nothing, or everything. */
static void
whole_bounds(Range *r, int64_t min, int64_t max, int64_t lo, int64_t hi)
{
	r->none |= (r->has_lo && lo > max) || (r->has_hi && hi < min);
	r->has_lo = r->has_lo && lo > min;
	r->has_hi = r->has_hi && hi < max;
	snprintf(r->lo, sizeof(r->lo), "%lld", (long long) lo);
	snprintf(r->hi, sizeof(r->hi), "%lld", (long long) hi);
}

/* A whole number against whole numbers. */
static void
whole_range(int type, MfFilterOp op, int64_t v, Range *r)
{
	int64_t		lo = v;
	int64_t		hi = v;

	r->exact = true;
	r->has_lo = has_low(op);
	r->has_hi = has_high(op);
	if (op == MF_FILTER_GT)
		r->none = __builtin_add_overflow(v, 1, &lo);
	else if (op == MF_FILTER_LT)
		r->none = __builtin_sub_overflow(v, 1, &hi);
	if (type == 0 && ((r->has_lo && is_big(lo)) || (r->has_hi && is_big(hi))))
	{
		r->exact = r->none;
		if (is_big(lo) && __builtin_sub_overflow(lo, 1024, &lo))
			lo = INT64_MIN;
		if (is_big(hi) && __builtin_add_overflow(hi, 1024, &hi))
			hi = INT64_MAX;
	}
	whole_bounds(r, whole_types[type].min, whole_types[type].max, lo, hi);
}

/* A whole number that is not beyond 64 bits, or the nearest. */
static int64_t
to_whole(double d)
{
	return d >= 0x1p63 ? INT64_MAX : d <= -0x1p63 ? INT64_MIN : (int64_t) d;
}

/* Numbers with fractions against what their field cut to whole ones. */
static void
cut_range(int type, MfFilterOp op, double v, Range *r)
{
	double		margin = fabs(v) * 0x1p-22 + 2;

	r->has_lo = has_low(op);
	r->has_hi = has_high(op);
	whole_bounds(r, whole_types[type].min, whole_types[type].max,
				 to_whole(floor(v - margin)), to_whole(ceil(v + margin)));
}

static void
write_double(char *to, size_t size, double v, bool low, int digits)
{
	/* the server knows two zeros, PostgreSQL one */
	if (v == 0)
		snprintf(to, size, low ? "-0.0" : "0.0");
	else
		snprintf(to, size, "%.*g", digits, v);
}

/* A bound beyond all numbers is none. */
static void
real_bounds(Range *r, MfFilterOp op, double lo, double hi, int digits)
{
	r->has_lo = has_low(op) && isfinite(lo);
	r->has_hi = has_high(op) && isfinite(hi);

	/* greater than zero is greater than both, less is less than both */
	write_double(r->lo, sizeof(r->lo), lo, !r->lo_open, digits);
	write_double(r->hi, sizeof(r->hi), hi, r->hi_open, digits);
}

static void
double_range(MfKind kind, MfFilterOp op, double v, Range *r)
{
	double		lo = v;
	double		hi = v;

	if (kind == MF_KIND_F64)
	{
		r->exact = true;
		r->lo_open = op == MF_FILTER_GT;
		r->hi_open = op == MF_FILTER_LT;
	}
	else if (kind == MF_KIND_F32)
	{
		/* two floats on: one for the constant, one for the value */
		lo = nextafterf(nextafterf((float) v, -INFINITY), -INFINITY);
		hi = nextafterf(nextafterf((float) v, INFINITY), INFINITY);
	}
	else
	{
		lo = nextafter(v, -INFINITY);
		hi = nextafter(v, INFINITY);
	}
	real_bounds(r, op, lo, hi, 17);
}

/* The server rounds to a double first, then to a float: one more float on. */
static void
float_range(MfFilterOp op, double v, Range *r)
{
	float		lo = (float) v;
	float		hi = (float) v;

	for (int i = 0; i < 3; i++)
	{
		lo = nextafterf(lo, -INFINITY);
		hi = nextafterf(hi, INFINITY);
	}
	/* above the largest float there is none, but what was rounded to it */
	if (has_low(op) && v > 3.4028234663852886e38)
		lo = 3.4e38f;
	if (has_high(op) && v < -3.4028234663852886e38)
		hi = -3.4e38f;
	real_bounds(r, op, lo, hi, 9);
}

static void
half_range(MfFilterOp op, double v, Range *r)
{
	double		margin = fabs(v) * 0x1p-9 + 1e-6;
	double		lo = v - margin;
	double		hi = v + margin;

	lo = lo > 65000 ? 65000 : lo < -65504 ? -INFINITY : lo;
	hi = hi < -65000 ? -65000 : hi > 65504 ? INFINITY : hi;
	real_bounds(r, op, lo, hi, 9);
}

static bool
real_of(const MfValue *value, double *v)
{
	char		text[512] = "";		/* reading numbers takes slack behind them */
	MfJsonNumber n;

	if (value->kind == MF_KIND_F64 || value->kind == MF_KIND_F32)
		*v = value->real;
	else if (value->kind == MF_KIND_I64)
		*v = (double) value->integer;
	else
	{
		if (value->kind != MF_KIND_DECIMAL || value->len >= sizeof(text) - MF_JSON_SLACK)
			return false;
		memcpy(text, value->bytes, value->len);
		if (!mf_json_number_text(text, value->len, &n))
			return false;
		*v = mf_json_f64(&n);
	}
	return isfinite(*v);
}

static int64_t
floor_ms(int64_t us)
{
	return us >= 0 ? us / 1000 : -((-us + 999) / 1000);
}

/*
 * The index has the millisecond that a moment is in; a column has the nearest
 * microsecond, which may be the next millisecond's first.
 */
static bool
date_range(const EsField *field, MfFilterOp op, int64_t us, Range *r)
{
	bool		nanos = strcmp(field->type, "date_nanos") == 0;
	int64_t		lo = floor_ms(us - 1);
	int64_t		hi = floor_ms(us + 1) + nanos;

	/* the server rounds the fraction up that an upper bound does not name, before 1970 downwards */
	lo -= lo < 0 ? 2 : 0;
	hi += hi < 0 ? 2 : 0;
	r->has_lo = has_low(op);
	r->has_hi = has_high(op);
	if (nanos)
		whole_bounds(r, 0, INT64_MAX / 1000000 - 1, lo, hi);
	else
		whole_bounds(r, INT64_MIN, INT64_MAX, lo, hi);
	return true;
}

/*
 * Are this field's dates read as the server reads them?  2024 is a year where
 * the first format says so, and a number where the first is one of numbers.
 */
static bool
dates_are_sure(const EsField *field)
{
	static const char *const both[] = {
		"strict_date_optional_time||epoch_millis", "date_optional_time||epoch_millis",
		"strict_date_optional_time||epoch_second", "strict_date_optional_time_nanos||epoch_millis",
	};
	int			formats = es_date_formats(field->format);

	if (field->formats_differ || formats == 0)
		return false;
	if (field->format == NULL || formats == MF_DATE_ISO || !(formats & MF_DATE_ISO))
		return true;
	for (size_t i = 0; i < sizeof(both) / sizeof(both[0]); i++)
	{
		if (strcmp(field->format, both[i]) == 0)
			return true;
	}
	return false;
}

/* false = cannot be said. */
static bool
range_of(const EsField *field, MfFilterOp op, MfKind kind, const MfValue *value, Range *r)
{
	int			whole = whole_type(field->type);
	double		v;

	memset(r, 0, sizeof(*r));
	if (strncmp(field->type, "date", 4) == 0)
		return kind == MF_KIND_TIMESTAMP && value->kind == MF_KIND_TIMESTAMP &&
			value->integer > INT64_MIN + 2 && value->integer < INT64_MAX - 2 &&
			date_range(field, op, value->integer, r);
	if (!is_integer(kind) && kind != MF_KIND_F32 && kind != MF_KIND_F64 && kind != MF_KIND_DECIMAL)
		return false;
	if (whole >= 0 && is_integer(kind))
	{
		if (value->kind != MF_KIND_I64)
			return false;
		whole_range(whole, op, value->integer, r);
		return true;
	}
	if (!real_of(value, &v))
		return false;
	if (whole >= 0)
		cut_range(whole, op, v, r);
	else if (strcmp(field->type, "double") == 0)
		double_range(value->kind == MF_KIND_F64 || value->kind == MF_KIND_F32 ? kind : MF_KIND_DECIMAL, op, v, r);
	else if (strcmp(field->type, "float") == 0)
		float_range(op, v, r);
	else if (strcmp(field->type, "half_float") == 0)
		half_range(op, v, r);
	else
		return false;
	return true;
}

static bool
write_range(const EsTarget *t, const Range *r, MfJsonBuf *out)
{
	if (r->none)
	{
		mf_json_buf_add(out, "{\"match_none\":{}}");
		return true;
	}
	if (!r->has_lo && !r->has_hi)
	{
		es_write_exists(out, t);
		return es_target_exists(t);
	}
	if (r->exact && r->has_lo && r->has_hi && whole_type(t->field->type) >= 0 && strcmp(r->lo, r->hi) == 0)
	{
		mf_json_buf_add(out, "{\"term\":{");
		mf_json_buf_quote(out, t->field->path);
		mf_json_buf_add(out, ":");
		mf_json_buf_add(out, r->lo);
		mf_json_buf_add(out, "}}");
		return true;
	}
	mf_json_buf_add(out, "{\"range\":{");
	mf_json_buf_quote(out, t->field->path);
	mf_json_buf_add(out, ":{");
	if (r->has_lo)
	{
		mf_json_buf_add(out, r->lo_open ? "\"gt\":" : "\"gte\":");
		mf_json_buf_add(out, r->lo);
	}
	if (r->has_hi)
	{
		mf_json_buf_add(out, r->has_lo ? "," : "");
		mf_json_buf_add(out, r->hi_open ? "\"lt\":" : "\"lte\":");
		mf_json_buf_add(out, r->hi);
	}
	if (strncmp(t->field->type, "date", 4) == 0)
		mf_json_buf_add(out, ",\"format\":\"epoch_millis\"");
	mf_json_buf_add(out, "}}}");
	return true;
}

/* Can all values be asked for as they are? */
static bool
all_terms(const EsTarget *t, MfKind kind, const MfValue *values, int n)
{
	bool		whole = whole_type(t->field->type) >= 0;

	if (!whole && (strcmp(t->field->type, "double") != 0 || kind != MF_KIND_F64))
		return false;
	for (int i = 0; i < n; i++)
	{
		Range		r;

		if (!range_of(t->field, MF_FILTER_EQ, kind, &values[i], &r) || !(r.exact || r.none))
			return false;
	}
	return true;
}

static MfShip
write_terms(const EsTarget *t, MfKind kind, const MfValue *values, int n, MfJsonBuf *out)
{
	int			k = 0;

	if (n > ES_MAX_TERMS - 1)
		return MF_SHIP_NO;
	mf_json_buf_add(out, "{\"terms\":{");
	mf_json_buf_quote(out, t->field->path);
	mf_json_buf_add(out, ":[");
	for (int i = 0; i < n; i++)
	{
		Range		r;

		range_of(t->field, MF_FILTER_EQ, kind, &values[i], &r);
		if (r.none)
			continue;
		mf_json_buf_add(out, k++ > 0 ? "," : "");

		/* an end of the type's own range was dropped as a bound */
		mf_json_buf_add(out, r.lo);
		if (strcmp(r.lo, r.hi) != 0)
		{
			mf_json_buf_add(out, ",");
			mf_json_buf_add(out, r.hi);
		}
	}
	mf_json_buf_add(out, "]}}");
	return MF_SHIP_EXACT;
}

MfShip
es_write_numbers(const EsTarget *t, MfFilterOp op, MfKind kind, const MfValue *values, int nvalues, MfJsonBuf *out)
{
	Range		r;

	if (!es_is_number(t->field->type) && (strncmp(t->field->type, "date", 4) != 0 || !dates_are_sure(t->field)))
		return MF_SHIP_NO;
	if (op != MF_FILTER_IN)
	{
		if ((op != MF_FILTER_EQ && (op < MF_FILTER_LT || op > MF_FILTER_GE)) ||
			(t->list && op != MF_FILTER_EQ) ||
			!range_of(t->field, op, kind, &values[0], &r) || !write_range(t, &r, out))
			return MF_SHIP_NO;
		return r.exact ? MF_SHIP_EXACT : MF_SHIP_SUPERSET;
	}
	if (all_terms(t, kind, values, nvalues))
		return write_terms(t, kind, values, nvalues, out);
	if (nvalues > ES_MAX_RANGES)
		return MF_SHIP_NO;
	mf_json_buf_add(out, "{\"bool\":{\"should\":[");
	for (int i = 0; i < nvalues; i++)
	{
		if (i > 0)
			mf_json_buf_add(out, ",");
		if (!range_of(t->field, MF_FILTER_EQ, kind, &values[i], &r) || !write_range(t, &r, out))
			return MF_SHIP_NO;
	}
	mf_json_buf_add(out, "],\"minimum_should_match\":1}}");
	return MF_SHIP_SUPERSET;
}
