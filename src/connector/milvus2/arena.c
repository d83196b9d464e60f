/*
 * arena.c - Where do the small parts of a reply live?
 *
 * In blocks that are freed together with their task.
 */
#include <stdarg.h>
#include <stdio.h>

#include "internal.h"

#define BLOCK_BYTES 8192

typedef struct M2Block
{
	struct M2Block *next;
	size_t		used;
	size_t		size;
	_Alignas(16) char data[];
} M2Block;

void *
m2_arena_alloc(M2Arena *arena, size_t bytes)
{
	M2Block    *block = arena->blocks;
	size_t		need;
	void	   *p;

	if (bytes > SIZE_MAX / 2)
	{
		arena->failed = true;
		return NULL;
	}
	need = (bytes + 15) & ~(size_t) 15;
	if (block == NULL || block->size - block->used < need)
	{
		size_t		size = need > BLOCK_BYTES ? need : BLOCK_BYTES;

		block = mf_alloc(arena->mem, sizeof(M2Block) + size);
		if (block == NULL)
		{
			arena->failed = true;
			return NULL;
		}
		block->next = arena->blocks;
		block->used = 0;
		block->size = size;
		arena->blocks = block;
	}
	p = block->data + block->used;
	block->used += need;
	memset(p, 0, need);
	return p;
}

char *
m2_arena_text(M2Arena *arena, const char *fmt,...)
{
	va_list		args;
	int			len;
	char	   *text;

	va_start(args, fmt);
	len = vsnprintf(NULL, 0, fmt, args);
	va_end(args);
	text = len < 0 ? NULL : m2_arena_alloc(arena, (size_t) len + 1);
	if (text == NULL)
		return NULL;
	va_start(args, fmt);
	vsnprintf(text, (size_t) len + 1, fmt, args);
	va_end(args);
	return text;
}

void
m2_arena_free(M2Arena *arena)
{
	while (arena->blocks != NULL)
	{
		M2Block    *block = arena->blocks;

		arena->blocks = block->next;
		mf_free(arena->mem, block);
	}
}
