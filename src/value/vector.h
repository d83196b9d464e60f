/*
 * vector.h - What do the files share that read and write vectors?
 */
#ifndef MF_VECTOR_H
#define MF_VECTOR_H

#include "value.h"

/* vector_read.c */

/* A vector's elements (floats of any width, int8) as float4. */
extern void mf_vector_floats(const MfColumn *col, int32 row, float4 *floats);

/* How does a vector become an array of elements that `reader->elem` reads?  NULL: never. */
extern MfReadValue mf_vector_read(MfReader *reader, const MfColumn *col);
extern Datum mf_read_bits(MfReader *reader, MfColumn *col, int32 row);

/* read.c: elements `first` to `last` of a column as an array. */
extern Datum mf_read_elements(MfReader *reader, MfColumn *elements, int32 first, int32 last);

/* vector_write.c */

/* Room for the next vector; raises OUT_OF_MEMORY. */
extern void *mf_vector_slot(MfMem *mem, MfColumn *col);

/* Floats into a vector of halves or bfloats, each rounded once. */
extern void mf_put_narrow(MfWriter *writer, MfMem *mem, MfColumn *col, const float4 *floats);
pg_noreturn extern void mf_wrong_dim(int expected, int found);

/* How does a value of writer->type go into a vector field?  NULL: never. */
extern MfPutValue mf_vector_put(MfWriter *writer, Oid elem);

/* write.c */
pg_noreturn extern void mf_value_no_memory(void);
extern float4 mf_float4_of(Oid type, Datum value);
extern float8 mf_float8_of(Oid type, Datum value);

/* sparse.c */

/* {"index": weight, ...} of a sparse vector, indices rising. */
extern char *mf_sparse_text(const MfColumn *col, int32 row);

/* How does a value of this type go into a sparse field?  NULL: never. */
extern MfPutValue mf_sparse_put(Oid type);

#endif							/* MF_VECTOR_H */
