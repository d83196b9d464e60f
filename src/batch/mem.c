/*
 * mem.c - Where does memory outside PostgreSQL's contexts come from?
 *
 * malloc, with each block's size kept before it so that a budget holds.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "mf_mem.h"

/* Keeps the block that follows aligned as malloc does. */
typedef union BlockHeader
{
	size_t		bytes;
	max_align_t align;
} BlockHeader;

static void *
budget_alloc(MfMem *mem, size_t bytes)
{
	BlockHeader *block;

	if (bytes > mem->limit || mem->used > mem->limit - bytes ||
		bytes > SIZE_MAX - sizeof(BlockHeader))
		return NULL;
	block = malloc(sizeof(BlockHeader) + bytes);
	if (block == NULL)
		return NULL;
	block->bytes = bytes;
	mem->used += bytes;
	if (mem->used > mem->peak)
		mem->peak = mem->used;
	return block + 1;
}

static void *
budget_realloc(MfMem *mem, void *p, size_t bytes)
{
	BlockHeader *block;
	size_t		before;

	if (p == NULL)
		return budget_alloc(mem, bytes);
	block = (BlockHeader *) p - 1;
	before = block->bytes;
	if (bytes > before &&
		(bytes - before > mem->limit || mem->used > mem->limit - (bytes - before) ||
		 bytes > SIZE_MAX - sizeof(BlockHeader)))
		return NULL;
	block = realloc(block, sizeof(BlockHeader) + bytes);
	if (block == NULL)
		return NULL;
	block->bytes = bytes;
	mem->used = mem->used - before + bytes;
	if (mem->used > mem->peak)
		mem->peak = mem->used;
	return block + 1;
}

static void
budget_free(MfMem *mem, void *p)
{
	BlockHeader *block = (BlockHeader *) p - 1;

	mem->used -= block->bytes;
	free(block);
}

void
mf_mem_init(MfMem *mem, size_t limit)
{
	mem->size = sizeof(MfMem);
	mem->used = 0;
	mem->peak = 0;
	mem->limit = limit;
	mem->alloc = budget_alloc;
	mem->realloc = budget_realloc;
	mem->free = budget_free;
}

void *
mf_calloc(MfMem *mem, size_t bytes)
{
	void	   *p = mf_alloc(mem, bytes);

	if (p != NULL)
		memset(p, 0, bytes);
	return p;
}

char *
mf_strndup(MfMem *mem, const char *s, size_t len)
{
	char	   *copy = mf_alloc(mem, len + 1);

	if (copy != NULL)
	{
		memcpy(copy, s, len);
		copy[len] = '\0';
	}
	return copy;
}

char *
mf_strdup(MfMem *mem, const char *s)
{
	return mf_strndup(mem, s, strlen(s));
}
