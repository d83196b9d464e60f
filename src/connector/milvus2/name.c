/*
 * name.c - What may things be called?
 *
 * Milvus 2.3.5 takes ASCII letters, digits and _ with no digit first, up to
 * 255; three names of fields are its own.  A primary key named like a word of
 * the expression language can be created but never read page by page, so we
 * refuse it.
 */
#include <strings.h>

#include "internal.h"

static bool
is_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

bool
m2_is_identifier(const char *name)
{
	if (!is_letter(name[0]))
		return false;
	for (const char *p = name; *p != '\0'; p++)
	{
		if (!is_letter(*p) && !(*p >= '0' && *p <= '9'))
			return false;
	}
	return true;
}

bool
m2_is_keyword(const char *name)
{
	static const char *const words[] = {
		"and", "or", "not", "in", "like", "exists", "is", "null", "true", "false",
		"json_contains", "json_contains_all", "json_contains_any",
		"array_contains", "array_contains_all", "array_contains_any", "array_length",
		"text_match", "phrase_match", "random_sample",
	};

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
	{
		if (strcasecmp(name, words[i]) == 0)
			return true;
	}
	return false;
}

bool
m2_name_ok(const char *name, bool is_field, bool is_key, const char **why)
{
	if (!m2_is_identifier(name))
		*why = "it must consist of ASCII letters, digits and underscores and not begin with a digit";
	else if (strlen(name) > M2_MAX_NAME)
		*why = "it must not be longer than 255 characters";
	else if (is_field && (strcmp(name, "RowID") == 0 || strcmp(name, "Timestamp") == 0))
		*why = "Milvus has a field of that name itself";
	else if (is_key && m2_is_keyword(name))
		*why = "it is a word of Milvus's expression language, so rows could not be read by a primary key of that name";
	else
		return true;
	return false;
}
