/*
 * mf_arena.h - Where do many small things live that end together?
 *
 * In blocks of a budget, freed at once.  A request that fails sets `failed`,
 * so that a long row of them can be checked at its end.
 */
#ifndef MF_ARENA_H
#define MF_ARENA_H

#include "mf_mem.h"

#include <stdbool.h>

typedef struct MfArena
{
	MfMem	   *mem;
	struct MfArenaBlock *blocks;
	bool		failed;
} MfArena;

/* Zeroed, aligned to 16 bytes; NULL = no memory. */
extern void *mf_arena_alloc(MfArena *arena, size_t bytes);

/* Text, as printf would write it; as it stands; or its first `len` bytes. */
extern char *mf_arena_text(MfArena *arena, const char *fmt,...)
			__attribute__((format(printf, 2, 3)));
extern char *mf_arena_strdup(MfArena *arena, const char *s);
extern char *mf_arena_strndup(MfArena *arena, const char *s, size_t len);

extern void mf_arena_free(MfArena *arena);

#endif							/* MF_ARENA_H */
