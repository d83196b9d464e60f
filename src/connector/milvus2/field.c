/*
 * field.c - Which field is meant by a name?
 */
#include "internal.h"

int
m2_field_index(const MfCollection *collection, const char *name)
{
	for (int i = 0; i < collection->nfields; i++)
	{
		if (strcmp(collection->fields[i].name, name) == 0)
			return i;
	}
	return -1;
}

/* Levenshtein's distance, letters compared without case; names are short. */
static int
unlikeness(const char *a, const char *b)
{
	int			row[M2_MAX_NAME + 2];
	int			n = (int) strlen(b);

	if (n > M2_MAX_NAME)
		return INT32_MAX;
	for (int j = 0; j <= n; j++)
		row[j] = j;
	for (int i = 1; a[i - 1] != '\0'; i++)
	{
		int			diagonal = row[0];

		row[0] = i;
		for (int j = 1; j <= n; j++)
		{
			int			cost = diagonal + ((a[i - 1] | 0x20) != (b[j - 1] | 0x20));

			diagonal = row[j];
			if (row[j] + 1 < cost)
				cost = row[j] + 1;
			if (row[j - 1] + 1 < cost)
				cost = row[j - 1] + 1;
			row[j] = cost;
		}
	}
	return row[n];
}

const char *
m2_nearest_field(const MfCollection *collection, const char *name)
{
	const char *best = NULL;
	int			least = 4;

	for (int i = 0; i < collection->nfields; i++)
	{
		int			d = unlikeness(name, collection->fields[i].name);

		if (d < least)
		{
			least = d;
			best = collection->fields[i].name;
		}
	}
	return best;
}
