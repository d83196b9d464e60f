/*
 * encode.h - What do the files share that turn columns into an Insert?
 */
#ifndef MILVUS2_ENCODE_H
#define MILVUS2_ENCODE_H

#include <stdio.h>
#include <stdlib.h>

#include "internal.h"

#define M2_TIME_TEXT 27			/* bytes of 2026-11-21T12:34:56.123456Z */

/* One field of the request, and the sizes of its message inside out. */
typedef struct M2Part
{
	const struct M2WriteField *plan;
	const MfColumn *col;		/* NULL: the dynamic field */
	M2Type		type;
	const char *name;
	const char *bytes;			/* of the dynamic field */
	const size_t *offsets;
	MfJsonBuf	built;			/* ArrayOfStruct: the message, made beforehand */
	bool		gaps;			/* values that are not there are left out, and a list says which */
	uint32_t	sparse_dim;		/* SparseFloatVector: largest index and one */
	size_t		payload;		/* packed numbers, or all that varies with its headers */
	size_t		array;			/* the array message */
	size_t		data;			/* ScalarField, VectorField or StructArrayField */
	size_t		valid;			/* packed bools, one a row; 0 = not sent */
	size_t		field;			/* FieldData */
} M2Part;

static inline bool
m2_is_there(const MfColumn *col, int32_t row)
{
	return (col->valid[row >> 3] & (1 << (row & 7))) != 0;
}

static inline uint64_t
m2_int_at(const MfColumn *col, int32_t row)
{
	const void *at = mf_fixed_at(col, row);

	/* int32 of protobuf is sign-extended to 64 bits */
	switch (col->kind)
	{
		case MF_KIND_I8:
			return (uint64_t) (int64_t) *(const int8_t *) at;
		case MF_KIND_I16:
			return (uint64_t) (int64_t) *(const int16_t *) at;
		case MF_KIND_I32:
			return (uint64_t) (int64_t) *(const int32_t *) at;
		default:
			return (uint64_t) *(const int64_t *) at;
	}
}

/* Numbers that protobuf packs by their width, not as varints. */
static inline bool
m2_is_packed(M2Type type)
{
	return type == M2_BOOL || type == M2_FLOAT || type == M2_DOUBLE;
}

/* encode_part.c: the sizes, then the bytes, of a field for a range of rows. */
extern void m2_part_measure(M2Part *part, int32_t first, int32_t count);
extern uint8_t *m2_part_put(uint8_t *p, const M2Part *part, int32_t first, int32_t count);

/* encode_list.c: one row's ScalarField */
extern size_t m2_list_size(const MfColumn *col, M2Type elem, int32_t row);
extern uint8_t *m2_list_put(uint8_t *p, const MfColumn *col, M2Type elem, int32_t row);

/* encode_struct.c: part->built */
extern MfStatus m2_structs_build(const M2WritePlan *plan, M2Part *part, const MfBatch *batch,
								 int32_t first, int32_t count, MfError *err);

/*
 * encode_check.c: what the server would refuse, a whole batch for one value and
 * without saying whose.  The core has checked NULLs and limits already.
 */
extern MfStatus m2_part_check(const M2WritePlan *plan, const M2Part *part, const MfBatch *batch,
							  int32_t first, int32_t count, MfError *err);

/* Years that have four digits. */
extern bool m2_time_ok(int64_t us);
extern void m2_time_text(int64_t us, char text[M2_TIME_TEXT + 1]);

#endif							/* MILVUS2_ENCODE_H */
