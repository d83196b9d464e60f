/*
 * columns.c - Where does each wanted column come from?
 *
 * The same for a data directory and for a server.
 */
#include "scan.h"

static const struct
{
	const char *field;
	MfKind		kind;			/* NONE: the vector's own */
	M1From		from;
}			sources[] = {
	{M1_FIELD_ID, MF_KIND_I64, M1_FROM_ID},
	{M1_FIELD_VECTOR, MF_KIND_NONE, M1_FROM_VECTOR},
	{M1_FIELD_PARTITION, MF_KIND_TEXT, M1_FROM_PARTITION},
	{M1_FIELD_SEGMENT, MF_KIND_TEXT, M1_FROM_SEGMENT},
	{M1_FIELD_OFFSET, MF_KIND_I64, M1_FROM_OFFSET},
};

#define NSOURCES ((int) (sizeof(sources) / sizeof(sources[0])))

static MfStatus
no_such_field(const M1Collection *collection, const MfScanColumn *column, MfError *err)
{
	mf_error(err, MF_FDW_COLUMN_NAME_NOT_FOUND, "collection \"%s\" has no field \"%s\"", collection->name, column->field);
	mf_error_hint(err, "Milvus 1.x has id and vector; _partition, _segment and _offset tell where a row was found.");
	snprintf(err->column, sizeof(err->column), "%s", column->column);
	return MF_ERROR;
}

MfStatus
m1_bind_columns(const MfScanSpec *spec, const M1Collection *collection, M1From *from, MfBatch *batches[2], MfError *err)
{
	for (int i = 0; i < spec->ncolumns; i++)
	{
		const MfScanColumn *column = &spec->columns[i];
		bool		vector;
		MfKind		kind;
		int32_t		dim;
		int			s;

		for (s = 0; s < NSOURCES && strcmp(sources[s].field, column->field) != 0; s++)
			;
		if (s == NSOURCES)
			return no_such_field(collection, column, err);
		from[i] = sources[s].from;
		vector = from[i] == M1_FROM_VECTOR;
		kind = !vector ? sources[s].kind : m1_metric_is_binary(collection->metric) ? MF_KIND_VEC_BIT : MF_KIND_VEC_F32;
		dim = vector ? (int32_t) collection->dim : 0;
		if (vector && column->dim > 0 && column->dim != dim)
		{
			mf_error(err, MF_DATA_EXCEPTION, "expected %d dimensions, not %d", (int) column->dim, (int) dim);
			snprintf(err->column, sizeof(err->column), "%s", column->column);
			return MF_ERROR;
		}
		for (int b = 0; b < 2; b++)
		{
			if (!mf_column_init(batches[b], i, kind, MF_KIND_NONE, dim, vector ? column->headroom : 0))
				return mf_error_oom(err, column->headroom);
		}
	}
	return MF_OK;
}

M1OnDuplicate
m1_on_duplicate(const MfConn *conn, const MfOptions *table)
{
	const char *word = m1_setting(conn, table, "on_duplicate");

	if (word == NULL || strcmp(word, "error") == 0)
		return M1_DUPLICATE_ERROR;
	return strcmp(word, "first") == 0 ? M1_DUPLICATE_FIRST : strcmp(word, "last") == 0 ? M1_DUPLICATE_LAST : M1_DUPLICATE_KEEP;
}
