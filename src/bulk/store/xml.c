/*
 * xml.c - What do a store's answers say?
 *
 * They are flat enough to be read by the names of their elements: the text of
 * an element that holds no other.
 */
#include "internal.h"

#include <stdlib.h>
#include <string.h>

/* &amp; and its like; what is not known stays. */
static void
unescape(char *text)
{
	static const struct
	{
		const char *name;
		char		c;
	}			entities[] = {{"&amp;", '&'}, {"&lt;", '<'}, {"&gt;", '>'}, {"&quot;", '"'}, {"&apos;", '\''}};
	char	   *out = text;

	for (const char *p = text; *p != '\0';)
	{
		size_t		skip = 0;

		for (size_t i = 0; *p == '&' && i < sizeof(entities) / sizeof(entities[0]) && skip == 0; i++)
		{
			if (strncmp(p, entities[i].name, strlen(entities[i].name)) == 0)
			{
				*out++ = entities[i].c;
				skip = strlen(entities[i].name);
			}
		}
		if (skip == 0 && strncmp(p, "&#", 2) == 0)
		{
			char	   *end;
			long		code = p[2] == 'x' ? strtol(p + 3, &end, 16) : strtol(p + 2, &end, 10);

			if (*end == ';' && code > 0 && code < 0x80)
			{
				*out++ = (char) code;
				skip = (size_t) (end + 1 - p);
			}
		}
		if (skip == 0)
		{
			*out++ = *p;
			skip = 1;
		}
		p += skip;
	}
	*out = '\0';
}

char *
store_xml_next(MfArena *arena, const char **at, const char *end, const char *tag)
{
	size_t		n = strlen(tag);

	for (const char *p = *at; p + n + 2 <= end; p++)
	{
		const char *text;
		const char *stop;
		char	   *copy;

		if (p[0] != '<' || memcmp(p + 1, tag, n) != 0 || p[1 + n] != '>')
			continue;
		text = p + n + 2;
		stop = memchr(text, '<', (size_t) (end - text));
		if (stop == NULL)
			return NULL;
		*at = stop;
		copy = mf_arena_strndup(arena, text, (size_t) (stop - text));
		if (copy != NULL)
			unescape(copy);
		return copy;
	}
	return NULL;
}

char *
store_xml_text(MfArena *arena, const char *xml, size_t len, const char *tag)
{
	return store_xml_next(arena, &xml, xml + len, tag);
}
