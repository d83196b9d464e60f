/*
 * type.c - What is an Elasticsearch type in PostgreSQL?
 */
#include <string.h>
#include <strings.h>

#include "es.h"

static const struct
{
	const char *type;
	MfKind		kind;
}			types[] = {
	{"long", MF_KIND_I64},
	{"integer", MF_KIND_I32},
	{"short", MF_KIND_I16},
	{"byte", MF_KIND_I8},
	{"unsigned_long", MF_KIND_U64},
	{"double", MF_KIND_F64},
	{"float", MF_KIND_F32},
	{"half_float", MF_KIND_F32},
	{"scaled_float", MF_KIND_F64},
	{"rank_feature", MF_KIND_F32},
	{"token_count", MF_KIND_I32},
	{"boolean", MF_KIND_BOOL},
	{"keyword", MF_KIND_TEXT},
	{"constant_keyword", MF_KIND_TEXT},
	{"wildcard", MF_KIND_TEXT},
	{"text", MF_KIND_TEXT},
	{"match_only_text", MF_KIND_TEXT},
	{"search_as_you_type", MF_KIND_TEXT},
	{"version", MF_KIND_TEXT},
	{"date", MF_KIND_TIMESTAMP},
	{"date_nanos", MF_KIND_TIMESTAMP},
	{"ip", MF_KIND_INET},
	{"binary", MF_KIND_BYTES},
};

static bool
is_vector(const EsField *field)
{
	return strcmp(field->type, "dense_vector") == 0 || strcmp(field->type, "knn_vector") == 0;
}

/* Everything not known to be simple is JSON: true of all types there are and will be. */
static MfKind
kind_of(const EsField *field)
{
	if (is_vector(field))
	{
		if (field->element == NULL)
			return MF_KIND_VEC_F32;
		if (strcasecmp(field->element, "byte") == 0)
			return MF_KIND_VEC_I8;
		if (strcasecmp(field->element, "bit") == 0 || strcasecmp(field->element, "binary") == 0)
			return MF_KIND_VEC_BIT;
		return MF_KIND_VEC_F32;
	}
	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
	{
		if (strcmp(field->type, types[i].type) == 0)
			return types[i].kind;
	}
	return MF_KIND_JSON;
}

const char *
es_type(const EsField *field, MfKind *kind)
{
	*kind = MF_KIND_NONE;
	if (field->conflict != NULL)
		return field->conflict;
	*kind = kind_of(field);
	if (*kind == MF_KIND_VEC_BIT && field->dim % 8 != 0)
	{
		*kind = MF_KIND_NONE;
		return "its dimensions are no whole number of bytes";
	}
	return NULL;
}

/* A format of letters in the order of ISO 8601: "yyyy-MM-dd HH:mm:ss", "uuuu/MM/dd'T'HH:mm:ssXXX". */
static bool
iso_like(const char *p, size_t len)
{
	static const char *const order[] = {"yu", "M", "d", "H", "m", "s", "S"};
	size_t		step = 0;
	const char *end = p + len;
	bool		quoted = false;

	if (len < 4 || (strncmp(p, "yyyy", 4) != 0 && strncmp(p, "uuuu", 4) != 0))
		return false;
	for (; p < end; p++)
	{
		if (*p == '\'')
			quoted = !quoted;
		else if (quoted)
		{
			if (*p != 'T' && *p != 'Z')
				return false;
		}
		else if ((*p >= 'a' && *p <= 'z') || (*p >= 'A' && *p <= 'Z'))
		{
			if (strchr("XxZ", *p) != NULL)
			{
				step = sizeof(order) / sizeof(order[0]);
				continue;
			}
			while (step < sizeof(order) / sizeof(order[0]) && strchr(order[step], *p) == NULL)
				step++;
			if (step == sizeof(order) / sizeof(order[0]))
				return false;
		}
		else if (strchr("-/ :.,[]", *p) == NULL)
			return false;
	}
	return true;
}

int
es_date_formats(const char *format)
{
	static const char *const iso[] = {
		"strict_date_optional_time", "strict_date_optional_time_nanos", "date_optional_time",
		"strict_date_time", "strict_date_time_no_millis", "date_time", "date_time_no_millis",
		"strict_date", "date", "strict_date_hour_minute_second", "date_hour_minute_second",
		"strict_date_hour_minute_second_millis", "strict_date_hour_minute_second_fraction",
		"strict_year_month_day", "year_month_day", "strict_year_month", "strict_year", "iso8601",
	};
	int			formats = 0;

	if (format == NULL)
		return MF_DATE_ISO | MF_DATE_MILLIS;
	for (const char *p = format; *p != '\0';)
	{
		const char *bar = strstr(p, "||");
		size_t		len = bar == NULL ? strlen(p) : (size_t) (bar - p);
		int			one = 0;

		if (len == 12 && memcmp(p, "epoch_millis", 12) == 0)
			one = formats & MF_DATE_SECONDS ? MF_DATE_SECONDS : MF_DATE_MILLIS;
		else if (len == 12 && memcmp(p, "epoch_second", 12) == 0)
			one = formats & MF_DATE_MILLIS ? MF_DATE_MILLIS : MF_DATE_SECONDS;
		else if (iso_like(p, len))
			one = MF_DATE_ISO;
		else
		{
			for (size_t i = 0; i < sizeof(iso) / sizeof(iso[0]) && one == 0; i++)
			{
				if (strlen(iso[i]) == len && memcmp(iso[i], p, len) == 0)
					one = MF_DATE_ISO;
			}
		}

		/* one that is not understood could mean any text differently */
		if (one == 0)
			return 0;
		formats |= one;
		p += len + (bar != NULL ? 2 : 0);
	}
	return formats;
}

static bool
is_number(MfKind kind)
{
	return kind >= MF_KIND_I8 && kind <= MF_KIND_DECIMAL;
}

/* Can a field of this kind hold values that a column of the other kind takes? */
static bool
fits(MfKind has, MfKind wanted)
{
	if (wanted == MF_KIND_JSON)
		return true;
	if (mf_kind_is_vector(has))
	{
		/* narrower elements never; wider ones are exact */
		if (has == MF_KIND_VEC_I8)
			return wanted == MF_KIND_VEC_I8 || wanted == MF_KIND_VEC_F32;
		return wanted == has;
	}
	if (has == MF_KIND_JSON)
		return false;
	if (wanted == MF_KIND_TEXT)
		return has != MF_KIND_NONE;
	if (has == MF_KIND_TEXT)
		return is_number(wanted) || wanted == MF_KIND_BOOL || wanted == MF_KIND_TIMESTAMP ||
			wanted == MF_KIND_INET || wanted == MF_KIND_UUID || wanted == MF_KIND_BYTES;
	if (is_number(has))
		return is_number(wanted) || wanted == MF_KIND_VEC_F32 || wanted == MF_KIND_VEC_I8 ||
			(wanted == MF_KIND_TIMESTAMP && has == MF_KIND_I64);
	if (has == MF_KIND_TIMESTAMP)
		return wanted == MF_KIND_TIMESTAMP || is_number(wanted);
	return wanted == has;
}

bool
es_deliverable(const EsField *field, const MfScanColumn *wanted, MfError *err)
{
	MfKind		has = kind_of(field);
	MfKind		kind = wanted->kind == MF_KIND_LIST ? wanted->elem : wanted->kind;
	bool		possible;

	if (wanted->kind == MF_KIND_LIST && mf_kind_is_vector(has))
		possible = is_number(kind) && has != MF_KIND_VEC_BIT &&
			(has == MF_KIND_VEC_I8 || kind == MF_KIND_F32 || kind == MF_KIND_F64 || kind == MF_KIND_DECIMAL);
	else
		possible = fits(has, kind) && kind != MF_KIND_SPARSE &&
			kind != MF_KIND_VEC_F16 && kind != MF_KIND_VEC_BF16;

	/* a field of several types: each value will tell */
	if (!possible && field->conflict == NULL)
	{
		mf_error(err, MF_DATATYPE_MISMATCH, "field \"%s\" of type %s cannot be read as %s%s",
				 wanted->field, field->type, wanted->kind == MF_KIND_LIST ? "list of " : "",
				 mf_kind_name(kind));
		mf_error_hint(err, has == MF_KIND_JSON ? "Declare the column as jsonb." :
					  has == MF_KIND_VEC_I8 ? "Declare the column as smallint[]." :
					  has == MF_KIND_VEC_BIT ? "Declare the column as bit." :
					  has == MF_KIND_VEC_F32 ? "Declare the column as real[]." :
					  "Declare the column as text or jsonb.");
		strncpy(err->column, wanted->column, sizeof(err->column) - 1);
		return false;
	}
	if (mf_kind_is_vector(wanted->kind) && wanted->dim > 0 && field->dim > 0 && wanted->dim != field->dim)
	{
		mf_error(err, MF_DATA_EXCEPTION, "expected %d dimensions, not %d",
				 (int) wanted->dim, (int) field->dim);
		mf_error_detail(err, "Field \"%s\" is mapped with %d dimensions.", wanted->field, (int) field->dim);
		strncpy(err->column, wanted->column, sizeof(err->column) - 1);
		return false;
	}
	return true;
}
