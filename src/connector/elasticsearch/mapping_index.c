/*
 * mapping_index.c - How does the index of a field differ from its values?
 *
 * A filter is checked on the index, a row is read from _source.  Where a
 * parameter lets the two differ it is noted here, for filter.c to judge.
 */
#include <string.h>

#include "mapping_index.h"

#define MAX_DEPTH 64

static bool
is_word(const json_t *value, const char *word)
{
	const char *text = json_string_value(value);

	return text != NULL && strcmp(text, word) == 0;
}

static bool
is_false(const json_t *value)
{
	return json_is_false(value) || is_word(value, "false");
}

static bool
is_true(const json_t *value)
{
	return json_is_true(value) || is_word(value, "true");
}

/* Index modes other than the standard one cut long keywords by themselves. */
static bool
cuts_by_setting(const json_t *settings)
{
	const char *mode = json_string_value(json_object_get(settings, "index.mode"));

	return json_object_get(settings, "index.mapping.ignore_above") != NULL ||
		(mode != NULL && strcmp(mode, "standard") != 0);
}

void
es_index_attributes(EsField *field, const json_t *def, const json_t *settings)
{
	const json_t *ignores = json_object_get(def, "ignore_malformed");
	const json_t *null_value = json_object_get(def, "null_value");

	if (ignores == NULL)
		ignores = json_object_get(settings, "index.mapping.ignore_malformed");
	field->seen = 1;
	field->indexed = !is_false(json_object_get(def, "index"));
	field->no_doc_values = is_false(json_object_get(def, "doc_values"));
	field->cut = json_object_get(def, "ignore_above") != NULL || cuts_by_setting(settings);
	field->ignore_above = (int32_t) json_integer_value(json_object_get(def, "ignore_above"));
	field->normalized = json_object_get(def, "normalizer") != NULL;
	field->null_value = null_value != NULL && !json_is_null(null_value);
	field->ignores = is_true(ignores);
	field->extra = json_object_get(def, "script") != NULL;
}

void
es_index_merge(EsField *was, const EsField *now)
{
	was->seen += now->seen;
	was->indexed &= now->indexed;
	was->no_doc_values |= now->no_doc_values;
	if (now->cut && (!was->cut || now->ignore_above < was->ignore_above))
		was->ignore_above = now->ignore_above;
	was->cut |= now->cut;
	was->normalized |= now->normalized;
	was->null_value |= now->null_value;
	was->ignores |= now->ignores;
	was->extra |= now->extra;
	was->nested |= now->nested;
	was->formats_differ |= (was->format == NULL) != (now->format == NULL) ||
		(was->format != NULL && strcmp(was->format, now->format) != 0);
}

/* The field and what else is indexed of it. */
static void
mark(EsMapping *m, const char *path)
{
	for (int i = 0; path != NULL && i < m->nfields; i++)
	{
		if (strcmp(m->fields[i].path, path) == 0 ||
			(m->fields[i].parent != NULL && strcmp(m->fields[i].parent, path) == 0))
			m->fields[i].extra = true;
	}
}

static void
copies(EsMapping *m, json_t *properties, int depth)
{
	const char *name;
	json_t	   *def;

	if (depth > MAX_DEPTH)
		return;
	json_object_foreach(properties, name, def)
	{
		const json_t *targets = json_object_get(def, "copy_to");

		mark(m, json_string_value(targets));
		for (size_t i = 0; i < json_array_size(targets); i++)
			mark(m, json_string_value(json_array_get(targets, i)));
		copies(m, json_object_get(def, "properties"), depth + 1);
	}
}

/* copy_to puts other fields' values into a field; a runtime field hides what is indexed. */
void
es_index_extras(EsMapping *m, const json_t *root)
{
	const char *index;
	const char *name;
	json_t	   *def;
	json_t	   *ignored;

	json_object_foreach((json_t *) root, index, def)
	{
		const json_t *mappings = json_object_get(def, "mappings");

		copies(m, json_object_get(mappings, "properties"), 0);
		json_object_foreach(json_object_get(mappings, "runtime"), name, ignored)
		{
			for (int i = 0; i < m->nfields; i++)
			{
				if (strcmp(m->fields[i].path, name) == 0)
					m->fields[i].indexed = !(m->fields[i].no_doc_values = true);
			}
		}
	}
}

bool
es_index_is_open(const json_t *settings)
{
	return is_true(json_object_get(settings, "index.mapping.total_fields.ignore_dynamic_beyond_limit"));
}
