/*
 * name.c - Which name does every remote take?
 *
 * Milvus takes ASCII letters, digits and underscores, Elasticsearch almost
 * anything.  One rule maps any name to one that both take, so that a field has
 * the same column name on either side.
 */
#include "milvus_fdw.h"

char *
mf_portable_name(const char *name)
{
	char	   *out = palloc(strlen(name) + 2);
	char	   *p = out;

	if (*name >= '0' && *name <= '9')
		*p++ = '_';
	while (*name)
	{
		char		c = *name;
		bool		fits = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
			(c >= '0' && c <= '9') || c == '_';

		*p++ = fits ? c : '_';
		do							/* a remote's name need not be valid UTF-8 */
			name++;
		while ((*name & 0xC0) == 0x80);
	}
	*p = '\0';
	return out;
}
