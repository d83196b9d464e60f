/*
 * convert.h - What do the conversion functions share?
 *
 * A vector is a real[] of one dimension without NULLs (an empty array is a
 * vector of no dimensions).  Its lower bound is never looked at, and vectors
 * made here start at 1.  Elements are counted from 1 in every message.
 */
#ifndef MF_CONVERT_H
#define MF_CONVERT_H

#include "postgres.h"

#include "utils/array.h"

/*
 * A new vector of n elements, to be filled at *data.  More elements than a
 * PostgreSQL array may have: PROGRAM_LIMIT_EXCEEDED.
 */
extern ArrayType *mf_vector_new(int64 n, float4 **data);

/*
 * The elements of an array (of any type) that must have the shape of a vector;
 * *n is how many.  ARRAY_SUBSCRIPT_ERROR: more than one dimension.
 * NULL_VALUE_NOT_ALLOWED: a NULL, whose position is named.
 */
extern const void *mf_vector_elements(ArrayType *array, int *n);

/*
 * The optional argument "dim" of the to_vector functions: 0 accepts any number
 * of dimensions.  DATA_EXCEPTION: n is another number.
 * INVALID_PARAMETER_VALUE: dim is negative.
 */
extern void mf_vector_check_dim(int n, int dim);

/*
 * Read a decimal number, [+|-] digits [. digits] [e [+|-] digits] where either
 * digits may be missing around the point, from NUL-terminated text.  Answers
 * where it ends, or NULL if none starts at `start`.  *f is the nearest float32,
 * ties to even: infinite if the number is too large, subnormal or zero if it
 * is small.  Going through float64 would round twice and could miss it.
 */
extern const char *mf_decimal_read(const char *start, float4 *f);

/*
 * The same for the output of numeric_out, which may be a word.
 * NUMERIC_VALUE_OUT_OF_RANGE: a finite number that would become infinite.
 */
extern float4 mf_float4_from_numeric(const char *decimal, int element);

/* Raise the error for a finite number that no float32 can hold. */
extern void mf_float4_overflow(const char *number, int element)
			__attribute__((noreturn));

/* At most 64 bytes of a text, for a message; "..." follows where it was cut. */
extern const char *mf_clip(const char *text, size_t len);

#endif							/* MF_CONVERT_H */
