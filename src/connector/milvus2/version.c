/*
 * version.c - What can which version of Milvus do?
 *
 * The one table of first versions.  What a version lacks is refused before
 * anything is sent: 2.3.5 accepts a field of a type it does not know, and
 * fails, or stops for good, when that is loaded.
 */
#include "internal.h"

/* From Milvus's documentation ("compatible with") and release notes. */
static const struct
{
	M2Feature	feature;
	int			since;
	const char *words;			/* "Milvus 2.3.5 cannot ..." */
}			features[] = {
	{M2_CAN_DYNAMIC, M2_VERSION(2, 2, 9), "hold a dynamic field"},
	{M2_CAN_VECTORS, M2_VERSION(2, 4, 0), "hold more than one vector field in a collection"},
	{M2_CAN_NULL, M2_VERSION(2, 5, 0), "hold NULL"},
	{M2_CAN_NULL_VECTOR, M2_VERSION(2, 6, 0), "hold vectors that are NULL"},
	{M2_CAN_DEFAULT, M2_VERSION(2, 5, 0), "hold fields with defaults"},
	{M2_CAN_ANY_JSON, M2_VERSION(2, 5, 0), "hold JSON that is no object"},
	{M2_CAN_UPSERT, M2_VERSION(2, 3, 0), "replace rows (upsert)"},
	{M2_CAN_UPSERT_AUTO_ID, M2_VERSION(2, 5, 0), "replace rows whose keys it makes itself (auto_id)"},
	/* 2.3.5 divides the new rows by another field, so conditions on the key miss them */
	{M2_CAN_UPSERT_BY_KEY, M2_VERSION(2, 3, 11), "replace rows of a collection with a partition key"},
	{M2_CAN_PARTIAL, M2_VERSION(2, 6, 2), "change some fields of a row and keep the others"},
	{M2_CAN_DELETE_WHERE, M2_VERSION(2, 3, 0), "delete rows by a condition"},
	{M2_CAN_TRUNCATE, M2_VERSION(2, 6, 11), "empty a collection at once"},
	{M2_CAN_TELL_MOMENT, M2_VERSION(2, 2, 13), "tell its time"},
	{M2_CAN_PARTITION_KEY, M2_VERSION(2, 2, 9), "spread rows by a partition key"},
	{M2_CAN_CLUSTERING_KEY, M2_VERSION(2, 4, 0), "sort rows by a clustering key"},
	{M2_CAN_DATABASES, M2_VERSION(2, 2, 9), "hold more than one database"},
	{M2_CAN_DATABASE_SETTINGS, M2_VERSION(2, 4, 6), "set properties of a database"},
	{M2_CAN_RESET, M2_VERSION(2, 4, 18), "reset properties of a collection"},
	{M2_CAN_IMPORT, M2_VERSION(2, 2, 0), "import files"},
	{M2_CAN_IMPORT_PARQUET, M2_VERSION(2, 3, 4), "import Parquet files"},
};

/* Types that are not here are as old as 2.2. */
static const struct
{
	M2Type		type;
	int			rows;			/* can be read and written */
	int			create;			/* and indexed, loaded and searched */
	const char *words;
}			types[] = {
	{M2_JSON, M2_VERSION(2, 2, 9), M2_VERSION(2, 2, 9), "hold JSON fields"},
	{M2_ARRAY, M2_VERSION(2, 3, 2), M2_VERSION(2, 3, 2), "hold Array fields"},
	/* 2.3.5 keeps the values, but finds wrong neighbours */
	{M2_FLOAT16_VECTOR, M2_VERSION(2, 3, 0), M2_VERSION(2, 4, 0), "hold Float16Vector fields"},
	{M2_BFLOAT16_VECTOR, M2_VERSION(2, 4, 0), M2_VERSION(2, 4, 0), "hold BFloat16Vector fields"},
	{M2_SPARSE_VECTOR, M2_VERSION(2, 4, 0), M2_VERSION(2, 4, 0), "hold SparseFloatVector fields"},
	{M2_INT8_VECTOR, M2_VERSION(2, 6, 0), M2_VERSION(2, 6, 0), "hold Int8Vector fields"},
	{M2_GEOMETRY, M2_VERSION(2, 6, 4), M2_VERSION(2, 6, 4), "hold Geometry fields"},
	{M2_ARRAY_OF_STRUCT, M2_VERSION(2, 6, 4), M2_VERSION(2, 6, 4), "hold fields of structs"},
	{M2_TIMESTAMPTZ, M2_VERSION(2, 6, 6), M2_VERSION(2, 6, 6), "hold Timestamptz fields"},
	{M2_TEXT, M2_VERSION(3, 0, 0), M2_VERSION(3, 0, 0), "hold Text fields"},
};

#define NFEATURES (sizeof(features) / sizeof(features[0]))
#define NTYPES (sizeof(types) / sizeof(types[0]))

bool
m2_version_can(int version, M2Feature feature)
{
	for (size_t i = 0; i < NFEATURES; i++)
	{
		if (features[i].feature == feature)
			return version >= features[i].since;
	}
	return true;
}

bool
m2_version_has(int version, M2Type type, bool create)
{
	for (size_t i = 0; i < NTYPES; i++)
	{
		if (types[i].type == type)
			return version >= (create ? types[i].create : types[i].rows);
	}
	return true;
}

static int
major(int version)
{
	return version / 1000000;
}

static int
minor(int version)
{
	return version / 1000 % 1000;
}

static MfStatus
refuse(const MfConn *conn, const char *words, int since, MfError *err)
{
	mf_error(err, MF_FEATURE_NOT_SUPPORTED, "Milvus %s cannot %s", conn->version_text, words);
	mf_error_detail(err, "This needs Milvus %d.%d.%d or later.", major(since), minor(since), since % 1000);
	return MF_ERROR;
}

MfStatus
m2_require(const MfConn *conn, M2Feature feature, MfError *err)
{
	for (size_t i = 0; i < NFEATURES; i++)
	{
		/* who may not ask for the version finds out */
		if (features[i].feature == feature && conn->version != 0 && conn->version < features[i].since)
			return refuse(conn, features[i].words, features[i].since, err);
	}
	return MF_OK;
}

MfStatus
m2_require_type(const MfConn *conn, M2Type type, MfError *err)
{
	for (size_t i = 0; i < NTYPES; i++)
	{
		if (types[i].type == type && conn->version < types[i].create)
			return refuse(conn, types[i].words, types[i].create, err);
	}
	return MF_OK;
}

/* Why a field that was described cannot be a column, or NULL. */
static const char *
why_not(MfArena *arena, int32_t type, const MfConn *conn)
{
	for (size_t i = 0; i < NTYPES; i++)
	{
		if ((int32_t) types[i].type == type && conn->version < types[i].rows)
			return mf_arena_text(arena, "Milvus %s cannot %s, which needs %d.%d.%d or later", conn->version_text,
								 types[i].words, major(types[i].rows), minor(types[i].rows), types[i].rows % 1000);
	}
	return NULL;
}

void
m2_schema_limit(MfArena *arena, M2Schema *schema, const MfConn *conn)
{
	for (int i = 0; i < schema->collection.nfields && conn->version != 0; i++)
	{
		MfField    *field = &schema->collection.fields[i];
		const char *why = field->dynamic ? NULL : why_not(arena, schema->types[i], conn);

		if (why == NULL)
			continue;
		field->kind = MF_KIND_NONE;
		field->skip = why;
	}
}
