/*
 * option.c - What is an option set to?
 *
 * Values were validated when they were set, so parsing here cannot fail.
 */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "connector.h"

const char *
mf_option(const MfOptions *o, const char *name)
{
	if (o != NULL)
	{
		for (int i = 0; i < o->n; i++)
		{
			if (strcmp(o->items[i].name, name) == 0)
				return o->items[i].value;
		}
	}
	return NULL;
}

int64_t
mf_option_int(const MfOptions *o, const char *name, int64_t otherwise)
{
	const char *value = mf_option(o, name);

	return value == NULL ? otherwise : (int64_t) strtoll(value, NULL, 10);
}

/* The words PostgreSQL's parse_bool takes, in any unique abbreviation. */
bool
mf_option_bool(const MfOptions *o, const char *name, bool otherwise)
{
	const char *value = mf_option(o, name);

	if (value == NULL)
		return otherwise;
	return strchr("tTyY1", value[0]) != NULL || strcasecmp(value, "on") == 0;
}
