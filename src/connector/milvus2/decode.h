/*
 * decode.h - What do the files share that turn replies into columns?
 */
#ifndef MILVUS2_DECODE_H
#define MILVUS2_DECODE_H

#include <stdio.h>
#include <stdlib.h>

#include "internal.h"

/* decode_reply.c */
extern MfStatus m2_broken(MfError *err, const char *where);
extern bool m2_field_reply(M2Span span, M2FieldReply *out);

/* The last member of this number of a message; span.at is NULL if there is none. */
extern bool m2_member(M2Span span, uint32_t number, M2Span *out);

/* decode_field.c */

/* Some of a page's rows; all are there where set is NULL. */
typedef struct M2Rows
{
	int32_t		nrows;			/* that the page has */
	int32_t		take;			/* how many of them are wanted */
	const uint8_t *set;			/* of each: is it no NULL? */
	int32_t		nset;
} M2Rows;

/*
 * Which rows are there (Milvus 2.5 and later)?  set is to be freed.
 */
extern bool m2_read_valid(MfMem *mem, const M2FieldReply *field, int32_t nrows, uint8_t **set);

static inline bool
m2_row_is_null(const M2Rows *rows, int32_t row)
{
	return rows->set != NULL && !rows->set[row];
}

/*
 * There are `have` values.  One a row, or (*compact) one a row that is not
 * NULL?  Anything else is an error that names the field.
 */
extern MfStatus m2_check_count(const char *field, int64_t have, const M2Rows *rows, bool *compact,
							   MfError *err);

/* decode_scalar.c */

/* One value of a scalar type to the end of a column (NULL: passed over). */
extern bool m2_take_scalar(MfMem *mem, M2Type type, M2Values *values, MfColumn *col, bool *room);
extern MfStatus m2_read_scalars(MfMem *mem, const M2FieldReply *field, const M2ReadColumn *plan,
								const M2Rows *rows, MfColumn *col, MfError *err);

/* decode_vector.c */
extern MfStatus m2_read_vectors(MfMem *mem, const M2FieldReply *field, const M2ReadColumn *plan,
								const M2Rows *rows, MfColumn *col, MfError *err);
extern MfStatus m2_read_sparse(MfMem *mem, const M2FieldReply *field, const M2ReadColumn *plan,
							   const M2Rows *rows, MfColumn *col, MfError *err);

/* The bytes of all vectors of a VectorField, back to back. */
extern bool m2_vector_bytes(M2Span vectors, M2Type type, M2Span *bytes);

/* decode_list.c */
extern MfStatus m2_read_lists(MfMem *mem, const M2FieldReply *field, const M2ReadColumn *plan,
							  const M2Rows *rows, MfColumn *col, MfError *err);

/* The elements of one row's Array; false = broken, or some are NULL. */
extern bool m2_list_values(M2Span row, M2Type elem, M2Values *values, const char **why);

/* decode_struct.c */
extern MfStatus m2_read_structs(MfMem *mem, const M2FieldReply *field, const M2ReadColumn *plan,
								int32_t nrows, int32_t take, MfColumn *col, MfError *err);

#endif							/* MILVUS2_DECODE_H */
