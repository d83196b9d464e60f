/*
 * arena.c - Where do many small things live that end together?
 */
#include "mf_arena.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#define BLOCK_BYTES 8192

typedef struct MfArenaBlock
{
	struct MfArenaBlock *next;
	size_t		used;
	size_t		size;
	_Alignas(16) char data[];
} MfArenaBlock;

static MfArenaBlock *
add_block(MfArena *arena, size_t need)
{
	size_t		size = need > BLOCK_BYTES ? need : BLOCK_BYTES;
	MfArenaBlock *block = mf_alloc(arena->mem, sizeof(MfArenaBlock) + size);

	if (block == NULL)
		return NULL;
	block->next = arena->blocks;
	block->used = 0;
	block->size = size;
	arena->blocks = block;
	return block;
}

void *
mf_arena_alloc(MfArena *arena, size_t bytes)
{
	MfArenaBlock *block = arena->blocks;
	size_t		need = (bytes + 15) & ~(size_t) 15;
	void	   *p;

	if (bytes > SIZE_MAX / 2)
		block = NULL;
	else if (block == NULL || block->size - block->used < need)
		block = add_block(arena, need);
	if (block == NULL)
	{
		arena->failed = true;
		return NULL;
	}
	p = block->data + block->used;
	block->used += need;
	return memset(p, 0, need);
}

char *
mf_arena_text(MfArena *arena, const char *fmt,...)
{
	va_list		args;
	int			len;
	char	   *text;

	va_start(args, fmt);
	len = vsnprintf(NULL, 0, fmt, args);
	va_end(args);
	text = len < 0 ? NULL : mf_arena_alloc(arena, (size_t) len + 1);
	if (text == NULL)
		return NULL;
	va_start(args, fmt);
	vsnprintf(text, (size_t) len + 1, fmt, args);
	va_end(args);
	return text;
}

char *
mf_arena_strndup(MfArena *arena, const char *s, size_t len)
{
	char	   *copy = mf_arena_alloc(arena, len + 1);

	return copy != NULL ? memcpy(copy, s, len) : NULL;
}

char *
mf_arena_strdup(MfArena *arena, const char *s)
{
	return mf_arena_strndup(arena, s, strlen(s));
}

void
mf_arena_free(MfArena *arena)
{
	while (arena->blocks != NULL)
	{
		MfArenaBlock *block = arena->blocks;

		arena->blocks = block->next;
		mf_free(arena->mem, block);
	}
}
