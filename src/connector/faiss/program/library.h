/*
 * library.h - What do we need of libfaiss that its C API does not have?
 *
 * The C API (faiss/c_api) has no way to the codes of inverted lists, to binary
 * IVFs, or to what lies within an index that transforms.  These functions
 * answer as it does: 0, or a code with the text in mf_faiss_error().
 */
#ifndef MF_FAISS_LIBRARY_H
#define MF_FAISS_LIBRARY_H

#include <stdint.h>

#include <faiss/c_api/Index_c.h>
#include <faiss/c_api/IndexBinary_c.h>
#include <faiss/c_api/error_c.h>
#include <faiss/c_api/index_factory_c.h>
#include <faiss/c_api/index_io_c.h>

#ifdef __cplusplus
extern "C"
{
#endif

/* The text of the last error, of these functions or of the C API's. */
extern const char *mf_faiss_error(void);

/* Some rows: vectors is NULL where only ids are wanted. */
typedef void (*MfFaissEmit) (int64_t n, const int64_t *ids, const void *vectors);

/* All rows of an index, some at a time: floats, or bytes of binary vectors. */
extern int	mf_faiss_rows(FaissIndex *index, int vectors, MfFaissEmit emit);
extern int	mf_faiss_rows_binary(FaissIndexBinary *index, int vectors, MfFaissEmit emit);

extern int	mf_faiss_index_binary_factory(FaissIndexBinary **index, int d, const char *description);

#ifdef __cplusplus
}
#endif

#endif							/* MF_FAISS_LIBRARY_H */
