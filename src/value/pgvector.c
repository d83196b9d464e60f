/*
 * pgvector.c - How do batches and pgvector's types become each other?
 *
 * The layouts are pgvector's, versions 0.5 to 0.8: a header of 8 bytes and the
 * elements (vector, halfvec); a header of 16, all indices from 0, then all
 * values (sparsevec).  Its own checks of what comes in are repeated here.
 */
#include "pgvector.h"

#include <math.h>

#include "catalog/dependency.h"
#include "catalog/pg_type.h"
#include "commands/extension.h"
#include "half.h"
#include "utils/builtins.h"
#include "utils/syscache.h"
#include "vector.h"

#define MOST_DIM 16000			/* of a vector, and values of a sparsevec */
#define MOST_SPARSE_DIM 1000000000

/* vector has float4, halfvec its halves behind this */
typedef struct DenseHeader
{
	int32		vl_len_;
	int16		dim;
	int16		unused;
} DenseHeader;

typedef struct SparseHeader
{
	int32		vl_len_;
	int32		dim;
	int32		nnz;
	int32		unused;
} SparseHeader;

MfPgVector
mf_pgvector_type(Oid type)
{
	static const char *const names[] = {"vector", "halfvec", "sparsevec"};
	MfPgVector	found = MF_PGVECTOR_NONE;
	HeapTuple	tuple;
	Oid			extension;
	char	   *name;

	if (type < FirstNormalObjectId)
		return found;
	tuple = SearchSysCache1(TYPEOID, ObjectIdGetDatum(type));
	if (!HeapTupleIsValid(tuple))
		return found;
	for (int i = 0; i < lengthof(names); i++)
	{
		if (strcmp(NameStr(((Form_pg_type) GETSTRUCT(tuple))->typname), names[i]) == 0)
			found = MF_PGVECTOR_VECTOR + i;
	}
	ReleaseSysCache(tuple);
	if (found == MF_PGVECTOR_NONE)
		return found;
	extension = getExtensionOfObject(TypeRelationId, type);
	name = OidIsValid(extension) ? get_extension_name(extension) : NULL;
	return name != NULL && strcmp(name, "vector") == 0 ? found : MF_PGVECTOR_NONE;
}

/* -------------------------------------------------------------------- reading */

static void
check_dim(MfReader *reader, int32 dim)
{
	if (dim > MOST_DIM)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("%s cannot have more than %d dimensions", format_type_be(reader->type), MOST_DIM)));
	if (reader->typmod >= 0 && reader->typmod != dim)
		ereport(ERROR,
				(errcode(ERRCODE_DATA_EXCEPTION), errmsg("expected %d dimensions, not %d", reader->typmod, dim)));
}

static void
not_finite(MfReader *reader)
{
	ereport(ERROR,
			(errcode(ERRCODE_DATA_EXCEPTION),
			 errmsg("NaN and infinity are not allowed in %s", format_type_be(reader->type))));
}

/* The header before elements that lie ready, or a new value to put them into. */
static DenseHeader *
dense(MfReader *reader, MfColumn *col, int32 row, size_t width, bool in_place)
{
	size_t		size = sizeof(DenseHeader) + width * col->dim;
	DenseHeader *header;

	check_dim(reader, col->dim);
	if (in_place && col->headroom >= sizeof(DenseHeader))
		header = (DenseHeader *) ((char *) mf_fixed_at(col, row) - sizeof(DenseHeader));
	else
	{
		header = palloc(size);
		if (in_place)
			memcpy(header + 1, mf_fixed_at(col, row), width * col->dim);
	}
	SET_VARSIZE(header, size);
	header->dim = (int16) col->dim;
	header->unused = 0;
	return header;
}

static Datum
read_vector(MfReader *reader, MfColumn *col, int32 row)
{
	bool		in_place = col->kind == MF_KIND_VEC_F32;
	DenseHeader *header = dense(reader, col, row, sizeof(float4), in_place);
	float4	   *floats = (float4 *) (header + 1);

	if (!in_place)
		mf_vector_floats(col, row, floats);
	for (int32 i = 0; i < col->dim; i++)
	{
		if (!isfinite(floats[i]))
			not_finite(reader);
	}
	return PointerGetDatum(header);
}

static Datum
read_halfvec(MfReader *reader, MfColumn *col, int32 row)
{
	bool		in_place = col->kind == MF_KIND_VEC_F16;
	DenseHeader *header = dense(reader, col, row, sizeof(uint16), in_place);
	uint16	   *halves = (uint16 *) (header + 1);

	if (!in_place)
	{
		float4	   *floats = palloc(sizeof(float4) * Max(col->dim, 1));

		mf_vector_floats(col, row, floats);
		for (int32 i = 0; i < col->dim; i++)
		{
			if (!mf_half_of(floats[i], &halves[i]))
				ereport(ERROR,
						(errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
						 errmsg("\"%g\" is out of range for type halfvec", floats[i])));
		}
	}
	for (int32 i = 0; i < col->dim; i++)
	{
		if ((halves[i] & 0x7C00) == 0x7C00)
			not_finite(reader);
	}
	return PointerGetDatum(header);
}

/* Values that are 0 are not there in a sparsevec. */
static Datum
read_sparsevec(MfReader *reader, MfColumn *col, int32 row)
{
	size_t		len;
	const char *pairs = mf_varying_at(col, row, &len);
	int32		n = (int32) (len / 8);
	int32		dim = reader->typmod;
	int32		nnz = 0;
	uint32		last = 0;
	SparseHeader *header;
	int32	   *indices;
	float4	   *values;

	for (int32 i = 0; i < n; i++)
	{
		float4		value;

		memcpy(&value, pairs + 8 * i + 4, sizeof(value));
		nnz += value != 0;
	}
	if (n > 0)
		memcpy(&last, pairs + 8 * (n - 1), sizeof(last));
	if (nnz > MOST_DIM)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("sparsevec cannot have more than %d non-zero elements", MOST_DIM)));
	if (dim < 0)
		dim = last < MOST_SPARSE_DIM ? (int32) last + 1 : MOST_SPARSE_DIM;
	if (last >= (uint32) dim)
		ereport(ERROR,
				(errcode(ERRCODE_DATA_EXCEPTION),
				 errmsg("sparse vector index %u does not fit into %d dimensions", last, dim),
				 errdetail("Indices count from 0.")));
	header = palloc0(sizeof(SparseHeader) + sizeof(int32) * nnz + sizeof(float4) * nnz);
	SET_VARSIZE(header, sizeof(SparseHeader) + sizeof(int32) * nnz + sizeof(float4) * nnz);
	header->dim = dim;
	header->nnz = nnz;
	indices = (int32 *) (header + 1);
	values = (float4 *) (indices + nnz);
	for (int32 i = 0, at = 0; i < n; i++)
	{
		float4		value;

		memcpy(&value, pairs + 8 * i + 4, sizeof(value));
		if (value == 0)
			continue;
		if (!isfinite(value))
			not_finite(reader);
		memcpy(&indices[at], pairs + 8 * i, sizeof(int32));
		values[at++] = value;
	}
	return PointerGetDatum(header);
}

MfReadValue
mf_pgvector_read(MfPgVector type, const MfColumn *col)
{
	bool		floats = col->kind == MF_KIND_VEC_F32 || col->kind == MF_KIND_VEC_F16 ||
		col->kind == MF_KIND_VEC_BF16 || col->kind == MF_KIND_VEC_I8;

	switch (type)
	{
		case MF_PGVECTOR_VECTOR:
			return floats ? read_vector : NULL;
		case MF_PGVECTOR_HALFVEC:
			return floats ? read_halfvec : NULL;
		case MF_PGVECTOR_SPARSEVEC:
			return col->kind == MF_KIND_SPARSE ? read_sparsevec : NULL;
		default:
			return NULL;
	}
}

/* -------------------------------------------------------------------- writing */

static const DenseHeader *
dense_value(MfWriter *writer, Datum value)
{
	const DenseHeader *header = (const DenseHeader *) PG_DETOAST_DATUM(value);

	if (header->dim != writer->field->dim)
		mf_wrong_dim(writer->field->dim, header->dim);
	return header;
}

/* Same elements on both sides. */
static void
put_same(MfWriter *writer, MfMem *mem, MfColumn *col, Datum value)
{
	const DenseHeader *header = dense_value(writer, value);

	memcpy(mf_vector_slot(mem, col), header + 1, col->width);
}

static void
put_vector_narrow(MfWriter *writer, MfMem *mem, MfColumn *col, Datum value)
{
	mf_put_narrow(writer, mem, col, (const float4 *) (dense_value(writer, value) + 1));
}

static float4 *
halfvec_floats(MfWriter *writer, Datum value)
{
	const DenseHeader *header = dense_value(writer, value);
	const uint16 *halves = (const uint16 *) (header + 1);
	float4	   *floats = palloc(sizeof(float4) * Max(header->dim, 1));

	for (int i = 0; i < header->dim; i++)
		floats[i] = mf_half_value(halves[i]);
	return floats;
}

static void
put_halfvec_wide(MfWriter *writer, MfMem *mem, MfColumn *col, Datum value)
{
	float4	   *floats = halfvec_floats(writer, value);

	memcpy(mf_vector_slot(mem, col), floats, col->width);
}

static void
put_halfvec_narrow(MfWriter *writer, MfMem *mem, MfColumn *col, Datum value)
{
	mf_put_narrow(writer, mem, col, halfvec_floats(writer, value));
}

static void
put_sparsevec(MfWriter *writer, MfMem *mem, MfColumn *col, Datum value)
{
	const SparseHeader *header = (const SparseHeader *) PG_DETOAST_DATUM(value);
	const int32 *indices = (const int32 *) (header + 1);
	const float4 *values = (const float4 *) (indices + header->nnz);
	size_t		len = 8 * (size_t) header->nnz;
	char	   *slot = mf_varying_slot(mem, col, len);

	if (slot == NULL)
		mf_value_no_memory();
	for (int32 i = 0; i < header->nnz; i++)
	{
		memcpy(slot + 8 * (size_t) i, &indices[i], sizeof(int32));
		memcpy(slot + 8 * (size_t) i + 4, &values[i], sizeof(float4));
	}
	mf_column_commit(mem, col, len);
}

/* A vector whose dimensions no field knows: a key of a dynamic field. */
static void
put_vector_list(MfWriter *writer, MfMem *mem, MfColumn *col, Datum value)
{
	const DenseHeader *header = (const DenseHeader *) PG_DETOAST_DATUM(value);
	const float4 *floats = (const float4 *) (header + 1);

	for (int i = 0; i < header->dim; i++)
	{
		if (!mf_append_fixed(mem, col->child, &floats[i]))
			mf_value_no_memory();
	}
	if (!mf_append_list(mem, col))
		mf_value_no_memory();
}

MfPutValue
mf_pgvector_put(MfPgVector type, const MfField *field)
{
	switch (field->kind)
	{
		case MF_KIND_VEC_F32:
			return type == MF_PGVECTOR_VECTOR ? put_same : type == MF_PGVECTOR_HALFVEC ? put_halfvec_wide : NULL;
		case MF_KIND_VEC_F16:
			return type == MF_PGVECTOR_HALFVEC ? put_same : type == MF_PGVECTOR_VECTOR ? put_vector_narrow : NULL;
		case MF_KIND_VEC_BF16:
			return type == MF_PGVECTOR_VECTOR ? put_vector_narrow : type == MF_PGVECTOR_HALFVEC ? put_halfvec_narrow : NULL;
		case MF_KIND_SPARSE:
			return type == MF_PGVECTOR_SPARSEVEC ? put_sparsevec : NULL;
		case MF_KIND_LIST:
			return type == MF_PGVECTOR_VECTOR && field->elem == MF_KIND_F32 ? put_vector_list : NULL;
		default:
			return NULL;
	}
}
