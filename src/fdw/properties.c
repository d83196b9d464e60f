/*
 * properties.c - How do a remote's own settings and JSON become each other?
 *
 * A remote takes them as pairs of texts; SQL writes {"collection.ttl.seconds": 60}.
 */
#include "properties.h"

#include "lib/stringinfo.h"
#include "utils/builtins.h"
#include "utils/fmgrprotos.h"
#include "utils/json.h"
#include "utils/numeric.h"

static char *
scalar_text(const JsonbValue *value)
{
	switch (value->type)
	{
		case jbvString:
			return pnstrdup(value->val.string.val, value->val.string.len);
		case jbvNumeric:
			return DatumGetCString(DirectFunctionCall1(numeric_out, NumericGetDatum(value->val.numeric)));
		case jbvBool:
			return pstrdup(value->val.boolean ? "true" : "false");
		default:
			return NULL;
	}
}

static void
refuse(const char *what, const char *why)
{
	ereport(ERROR,
			(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
			 errmsg("invalid value for \"%s\"", what),
			 errdetail("%s", why)));
}

MfOptions *
mf_properties_from_jsonb(Jsonb *object, const char *what, List **nulls)
{
	MfOptions  *options = palloc0(sizeof(MfOptions));
	MfOption   *items;
	JsonbIterator *it;
	JsonbValue	key;
	JsonbValue	value;
	JsonbIteratorToken token;

	if (!JB_ROOT_IS_OBJECT(object))
		refuse(what, "The value must be a JSON object.");
	items = palloc0(sizeof(MfOption) * Max(JB_ROOT_COUNT(object), 1));
	options->items = items;
	it = JsonbIteratorInit(&object->root);
	while ((token = JsonbIteratorNext(&it, &key, true)) != WJB_DONE)
	{
		char	   *name;
		char	   *text;

		if (token != WJB_KEY)
			continue;
		name = mf_to_utf8(scalar_text(&key));
		(void) JsonbIteratorNext(&it, &value, true);
		if (value.type == jbvNull && nulls != NULL)
		{
			*nulls = lappend(*nulls, name);
			continue;
		}
		text = scalar_text(&value);
		if (text == NULL)
			refuse(what, psprintf("The value of \"%s\" must be a text, a number, true or false.", mf_safe_text(name)));
		items[options->n++] = (MfOption) {name, mf_to_utf8(text)};
	}
	return options;
}

const MfOptions *
mf_properties_from_option(const MfOptions *options, const char *name)
{
	const char *text = mf_option(options, name);
	Datum		object;

	if (text == NULL)
		return NULL;
	object = DirectFunctionCall1(jsonb_in, CStringGetDatum(mf_from_utf8(text)));
	return mf_properties_from_jsonb(DatumGetJsonbP(object), name, NULL);
}

char *
mf_properties_to_json(const MfOptions *properties)
{
	StringInfoData buf;

	initStringInfo(&buf);
	appendStringInfoChar(&buf, '{');
	for (int i = 0; i < properties->n; i++)
	{
		if (i > 0)
			appendStringInfoString(&buf, ", ");
		escape_json(&buf, mf_from_utf8(properties->items[i].name));
		appendStringInfoString(&buf, ": ");
		escape_json(&buf, mf_from_utf8(properties->items[i].value));
	}
	appendStringInfoChar(&buf, '}');
	return buf.data;
}

void
mf_check_json_object(const char *option, const char *value)
{
	Datum		object = DirectFunctionCall1(jsonb_in, CStringGetDatum(value));

	if (!JB_ROOT_IS_OBJECT(DatumGetJsonbP(object)))
		refuse(option, "The value must be a JSON object.");
}
