/*
 * memcheck.h - How does the address sanitizer learn what PostgreSQL tells Valgrind about palloc?
 *
 * PostgreSQL's allocators take large blocks from malloc, so that the sanitizer would see no overrun within one and no
 * use after pfree.  They tell Valgrind of every chunk: this header, found in Valgrind's place by a PostgreSQL built with
 * -DUSE_VALGRIND, passes that on.
 */
#ifndef MILVUS_FDW_TEST_MEMCHECK_H
#define MILVUS_FDW_TEST_MEMCHECK_H

#include <sanitizer/asan_interface.h>

#define VALGRIND_MAKE_MEM_NOACCESS(addr, size)				__asan_poison_memory_region((addr), (size))
#define VALGRIND_MAKE_MEM_UNDEFINED(addr, size)				__asan_unpoison_memory_region((addr), (size))
#define VALGRIND_MAKE_MEM_DEFINED(addr, size)				__asan_unpoison_memory_region((addr), (size))
#define VALGRIND_MEMPOOL_ALLOC(context, addr, size)			__asan_unpoison_memory_region((addr), (size))
#define VALGRIND_MEMPOOL_CHANGE(context, optr, nptr, size)	__asan_unpoison_memory_region((nptr), (size))

/* what follows has no counterpart: a chunk's end is told by MAKE_MEM_NOACCESS as well */
#define VALGRIND_MEMPOOL_FREE(context, addr)				do {} while (0)
#define VALGRIND_CREATE_MEMPOOL(context, redzones, zeroed)	do {} while (0)
#define VALGRIND_DESTROY_MEMPOOL(context)					do {} while (0)
#define VALGRIND_CHECK_MEM_IS_DEFINED(addr, size)			do {} while (0)

#endif							/* MILVUS_FDW_TEST_MEMCHECK_H */
