/*
 * hits.c - How do the neighbours that a search found become its answer?
 */
#include "mf_hits.h"

#include <stdio.h>

#define COLUMNS 3

bool
mf_hits_begin(MfReply *reply, MfArena *arena, size_t most)
{
	reply->cells = mf_arena_alloc(arena, sizeof(char *) * COLUMNS * (most > 0 ? most : 1));
	reply->ncolumns = COLUMNS;
	reply->nrows = 0;
	return reply->cells != NULL;
}

void
mf_hits_add(MfReply *reply, MfArena *arena, int64_t query, const char *key, size_t key_len, float distance)
{
	const char **cells = (const char **) reply->cells + (size_t) reply->nrows * COLUMNS;

	cells[0] = mf_arena_text(arena, "%lld", (long long) query);
	cells[1] = mf_arena_strndup(arena, key, key_len);
	/* nine digits read back as the same number */
	cells[2] = mf_arena_text(arena, "%.9g", (double) distance);
	reply->nrows++;
}

void
mf_hits_add_id(MfReply *reply, MfArena *arena, int64_t query, int64_t id, float distance)
{
	char		text[24];
	int			len = snprintf(text, sizeof(text), "%lld", (long long) id);

	mf_hits_add(reply, arena, query, text, (size_t) len, distance);
}
