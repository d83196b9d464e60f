/*
 * kind.c - Which kind of column suits a PostgreSQL type?
 */
#include "pgvector.h"

#include "catalog/pg_type.h"
#include "utils/lsyscache.h"

static MfKind
scalar_kind(Oid type)
{
	switch (type)
	{
		case BOOLOID:
			return MF_KIND_BOOL;
		case INT2OID:
			return MF_KIND_I16;
		case INT4OID:
			return MF_KIND_I32;
		case INT8OID:
			return MF_KIND_I64;
		case FLOAT4OID:
			return MF_KIND_F32;
		case FLOAT8OID:
			return MF_KIND_F64;
		case NUMERICOID:
			return MF_KIND_DECIMAL;
		case BYTEAOID:
			return MF_KIND_BYTES;
		case JSONOID:
		case JSONBOID:
			return MF_KIND_JSON;
		case TIMESTAMPTZOID:
		case TIMESTAMPOID:
			return MF_KIND_TIMESTAMP;
		case UUIDOID:
			return MF_KIND_UUID;
		case INETOID:
		case CIDROID:
			return MF_KIND_INET;
		case BITOID:
		case VARBITOID:
			return MF_KIND_VEC_BIT;
		default:
			return MF_KIND_TEXT;
	}
}

/* A column's own dimensions are its typmod. */
static MfWanted
pgvector_kind(MfPgVector type, int32 typmod, int32 dim)
{
	MfWanted	wanted = {.kind = MF_KIND_SPARSE};

	if (type == MF_PGVECTOR_SPARSEVEC)
		return wanted;
	wanted.kind = type == MF_PGVECTOR_HALFVEC ? MF_KIND_VEC_F16 : MF_KIND_VEC_F32;
	wanted.dim = typmod > 0 ? typmod : dim;
	wanted.headroom = MF_VECTOR_HEADROOM;
	return wanted;
}

MfWanted
mf_natural_kind(Oid type, int32 typmod, int32 dim)
{
	MfWanted	wanted = {.kind = MF_KIND_NONE,.dim = dim};
	Oid			base = getBaseTypeAndTypmod(type, &typmod);
	Oid			elem = get_element_type(base);
	MfPgVector	pgvector = mf_pgvector_type(base);

	if (pgvector != MF_PGVECTOR_NONE)
		wanted = pgvector_kind(pgvector, typmod, dim);
	else if (!OidIsValid(elem))
	{
		wanted.kind = scalar_kind(base);
		if (base == BITOID)
			wanted.dim = typmod;
	}
	else if (dim > 0 && elem == FLOAT4OID)
	{
		wanted.kind = MF_KIND_VEC_F32;
		wanted.headroom = MF_VECTOR_HEADROOM;
	}
	else if (dim > 0 && elem == INT2OID)
		wanted.kind = MF_KIND_VEC_I8;
	else
	{
		wanted.kind = MF_KIND_LIST;
		wanted.elem = scalar_kind(getBaseType(elem));
		if (elem == FLOAT4OID)	/* it may come as a vector all the same */
			wanted.headroom = MF_VECTOR_HEADROOM;
	}
	return wanted;
}
