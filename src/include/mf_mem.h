/*
 * mf_mem.h - Where does a connector get memory?
 *
 * From a budget handed in by the core, never from palloc.  A request beyond
 * the budget answers NULL, so that a hostile length cannot eat the machine.
 * The functions sit in the structure itself: a module built apart uses the
 * core's without linking to it.
 */
#ifndef MF_MEM_H
#define MF_MEM_H

#include <stddef.h>

typedef struct MfMem MfMem;
struct MfMem
{
	size_t		size;			/* sizeof(MfMem) of the one who made it */
	size_t		used;			/* bytes handed out and not freed */
	size_t		peak;			/* the most that was ever in use */
	size_t		limit;			/* never more than this */
	void	   *(*alloc) (MfMem *mem, size_t bytes);
	void	   *(*realloc) (MfMem *mem, void *p, size_t bytes);
	void		(*free) (MfMem *mem, void *p);
};

/* Make *mem a budget of `limit` bytes over malloc. */
extern void mf_mem_init(MfMem *mem, size_t limit);

/* NULL when over budget.  mf_calloc zeroes.  mf_free(NULL) is a no-op. */
static inline void *
mf_alloc(MfMem *mem, size_t bytes)
{
	return mem->alloc(mem, bytes);
}
static inline void *
mf_realloc(MfMem *mem, void *p, size_t bytes)
{
	return mem->realloc(mem, p, bytes);
}
static inline void
mf_free(MfMem *mem, void *p)
{
	if (p != NULL)
		mem->free(mem, p);
}
extern void *mf_calloc(MfMem *mem, size_t bytes);
extern char *mf_strdup(MfMem *mem, const char *s);
extern char *mf_strndup(MfMem *mem, const char *s, size_t len);

#endif							/* MF_MEM_H */
