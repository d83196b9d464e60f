/*
 * deliver.c - As which kind are a field's values handed out?
 *
 * Wider is done here; narrower, and numeric, by the core, which checks ranges.
 */
#include "internal.h"

static bool
is_int(M2Type type)
{
	return type >= M2_INT8 && type <= M2_INT64;
}

static bool
is_number(MfKind kind)
{
	return (kind >= MF_KIND_I8 && kind <= MF_KIND_F64) || kind == MF_KIND_DECIMAL;
}

/* The core turns vectors into arrays of any number, and into pgvector's types. */
static MfKind
deliver_vector(M2Type type, MfKind wanted, MfKind elem)
{
	MfKind		kind = m2_type_kind(type);
	bool		floats = wanted == MF_KIND_VEC_F32 || wanted == MF_KIND_VEC_F16 || wanted == MF_KIND_VEC_BF16;

	switch (type)
	{
		case M2_FLOAT_VECTOR:
		case M2_FLOAT16_VECTOR:
		case M2_BFLOAT16_VECTOR:
			return floats || (wanted == MF_KIND_LIST && (elem == MF_KIND_F32 || elem == MF_KIND_F64 || elem == MF_KIND_DECIMAL)) ?
				kind : MF_KIND_NONE;
		case M2_INT8_VECTOR:
			return wanted == MF_KIND_VEC_I8 || floats || (wanted == MF_KIND_LIST && is_number(elem)) ? kind : MF_KIND_NONE;
		case M2_SPARSE_VECTOR:
			return wanted == MF_KIND_SPARSE || wanted == MF_KIND_JSON ? kind : MF_KIND_NONE;
		default:
			return wanted == kind ? kind : MF_KIND_NONE;
	}
}

static MfKind
deliver_scalar(M2Type type, MfKind wanted)
{
	MfKind		kind = m2_type_kind(type);

	if (wanted == kind || kind == MF_KIND_NONE)
		return kind;
	if (type == M2_TIMESTAMPTZ)
		return wanted == MF_KIND_TEXT ? kind : MF_KIND_NONE;
	if (wanted == MF_KIND_TEXT)
		return MF_KIND_TEXT;
	if (is_int(type))
	{
		if (wanted >= MF_KIND_I8 && wanted <= MF_KIND_I64)
			return wanted > kind ? wanted : kind;
		return wanted == MF_KIND_U64 || wanted == MF_KIND_F32 || wanted == MF_KIND_F64 ||
			wanted == MF_KIND_DECIMAL ? kind : MF_KIND_NONE;
	}
	if (type == M2_FLOAT)
		return wanted == MF_KIND_F64 ? wanted : wanted == MF_KIND_DECIMAL ? kind : MF_KIND_NONE;
	if (type == M2_DOUBLE)
		return wanted == MF_KIND_F32 || wanted == MF_KIND_DECIMAL ? kind : MF_KIND_NONE;
	if (kind == MF_KIND_TEXT)
		return wanted == MF_KIND_INET ? wanted : MF_KIND_NONE;
	return MF_KIND_NONE;
}

MfKind
m2_deliver(M2Type type, M2Type elem_type, MfKind wanted, MfKind wanted_elem, MfKind *elem)
{
	*elem = MF_KIND_NONE;
	if (type == M2_ARRAY)
	{
		/* real[] with a dim of its own is asked for as a vector */
		if (wanted == MF_KIND_VEC_F32)
			wanted_elem = MF_KIND_F32;
		else if (wanted == MF_KIND_VEC_I8)
			wanted_elem = MF_KIND_I16;
		else if (wanted != MF_KIND_LIST)
			return MF_KIND_NONE;
		*elem = deliver_scalar(elem_type, wanted_elem);
		return *elem != MF_KIND_NONE ? MF_KIND_LIST : MF_KIND_NONE;
	}
	if (m2_type_is_vector(type))
		return deliver_vector(type, wanted, wanted_elem);
	return deliver_scalar(type, wanted);
}
