/*
 * import_plan.c - As which files does Milvus take the rows of a table?
 *
 * The columns are the fields that an Insert would send, and $meta where there
 * is one.  Formats differ in what they carry, and versions in what they read:
 * Parquet wherever both allow it, because it is small and typed.
 */
#include <stdio.h>

#include "encode.h"

struct MfImport
{
	MfMem	   *mem;
	M2WritePlan plan;
	MfImportPlan out;
	MfImportColumn *columns;
	MfColumn	meta;			/* one object a row, made of several columns */
	bool		has_meta;		/* it is in the files */
	char	   *objects;
	size_t	   *offsets;
	int64_t    *places;			/* as a column has them */
	uint8_t    *valid;
};

/* Why no Parquet file can carry the field, or NULL; the same for NumPy. */
static const char *
not_parquet(const struct M2WriteField *field)
{
	if (field->type == M2_TIMESTAMPTZ)
		return "a Timestamptz, which Milvus reads from text only";
	if (field->type == M2_ARRAY_OF_STRUCT)
		return "a list of structs, which is written as JSON only";
	return NULL;
}

static const char *
not_numpy(const struct M2WriteField *field)
{
	if (field->type == M2_ARRAY || field->type == M2_ARRAY_OF_STRUCT)
		return "an Array";
	if (field->type == M2_SPARSE_VECTOR)
		return "a sparse vector";
	if (field->field->nullable)
		return "nullable";
	return NULL;
}

/* The first field that the format has no form for. */
static const struct M2WriteField *
obstacle(const M2WritePlan *plan, const char *(*check) (const struct M2WriteField *), const char **why)
{
	for (int i = 0; i < plan->nfields; i++)
	{
		*why = check(&plan->fields[i]);
		if (*why != NULL)
			return &plan->fields[i];
	}
	return NULL;
}

static MfStatus
cannot(const MfImport *import, const char *format, const struct M2WriteField *field, const char *why, MfError *err)
{
	mf_error(err, MF_FEATURE_NOT_SUPPORTED, "format \"%s\" cannot carry field \"%s\" of collection \"%s\"", format,
			 field->field->name, import->plan.spec->collection->name);
	mf_error_detail(err, "It is %s.", why);
	mf_error_hint(err, "Leave option \"bulk_format\" on 'auto'.");
	snprintf(err->column, sizeof(err->column), "%s", field->field->name);
	return MF_ERROR;
}

static MfStatus
take_format(const MfConn *conn, MfImport *import, const char *wanted, MfError *err)
{
	const char *why = NULL;
	const struct M2WriteField *field = NULL;

	if (strcmp(wanted, "parquet") == 0)
	{
		if (m2_require(conn, M2_CAN_IMPORT_PARQUET, err) != MF_OK)
			return MF_ERROR;
		field = obstacle(&import->plan, not_parquet, &why);
	}
	else if (strcmp(wanted, "numpy") == 0)
		field = obstacle(&import->plan, not_numpy, &why);
	if (field != NULL)
		return cannot(import, wanted, field, why, err);
	import->out.format = strcmp(wanted, "parquet") == 0 ? "parquet" : strcmp(wanted, "numpy") == 0 ? "numpy" : "json";
	snprintf(import->out.why, sizeof(import->out.why), "option bulk_format says so");
	return MF_OK;
}

static void
choose_format(const MfConn *conn, MfImport *import)
{
	const char *why;
	const struct M2WriteField *field;
	bool		parquet = conn->version == 0 || m2_version_can(conn->version, M2_CAN_IMPORT_PARQUET);

	import->out.format = "json";
	if (parquet)
	{
		field = obstacle(&import->plan, not_parquet, &why);
		if (field != NULL)
		{
			snprintf(import->out.why, sizeof(import->out.why), "field \"%.100s\" is %s", field->field->name, why);
			return;
		}
		import->out.format = "parquet";
		snprintf(import->out.why, sizeof(import->out.why), "Milvus %.40s takes every field from it", conn->version_text);
		return;
	}
	field = obstacle(&import->plan, not_numpy, &why);
	if (field == NULL)
		import->out.format = "numpy";
	snprintf(import->out.why, sizeof(import->out.why), "Milvus %.40s takes no Parquet%s%.100s%s%s", conn->version_text,
			 field != NULL ? ", and field \"" : "", field != NULL ? field->field->name : "",
			 field != NULL ? "\" is " : "", field != NULL ? why : "");
}

static MfStatus
make_columns(MfImport *import, MfError *err)
{
	const M2WritePlan *plan = &import->plan;

	import->has_meta = plan->dynamic && (plan->whole >= 0 || plan->nkeys > 0);
	import->columns = mf_calloc(import->mem, sizeof(MfImportColumn) * (size_t) (plan->nfields + 1));
	if (import->columns == NULL)
		return mf_error_oom(err, sizeof(MfImportColumn));
	for (int i = 0; i < plan->nfields; i++)
	{
		const MfField *field = plan->spec->columns[plan->fields[i].column].field;

		import->columns[i] = (MfImportColumn) {field->name, field->kind, field->elem, field->dim};
	}
	import->out.ncolumns = plan->nfields;
	if (import->has_meta)
		import->columns[import->out.ncolumns++] = (MfImportColumn) {M2_META, MF_KIND_JSON, MF_KIND_NONE, 0};
	import->out.columns = import->columns;
	if (import->out.ncolumns == 0)
		return mf_error(err, MF_FEATURE_NOT_SUPPORTED, "no column of collection \"%s\" would be written", plan->spec->collection->name);
	return MF_OK;
}

static MfStatus
check_spec(const MfConn *conn, const MfImport *import, MfError *err)
{
	if (m2_require(conn, M2_CAN_IMPORT, err) != MF_OK)
		return MF_ERROR;
	if (import->plan.partition >= 0)
	{
		mf_error(err, MF_FEATURE_NOT_SUPPORTED, "rows cannot be imported into the partitions that a column names");
		mf_error_detail(err, "All rows of a file go to one partition.");
		mf_error_hint(err, "Write to a foreign table without that column and with option \"partition\".");
		return MF_ERROR;
	}
	if (import->out.partition != NULL)
		return m2_check_partition_key(import->plan.spec->collection, err);
	return MF_OK;
}

MfStatus
m2_import_begin(MfConn *conn, const MfWriteSpec *spec, const char *format, MfImport **out, MfError *err)
{
	MfImport   *import = mf_calloc(spec->mem, sizeof(MfImport));
	MfStatus	status;

	*out = import;
	if (import == NULL)
		return mf_error_oom(err, sizeof(MfImport));
	import->mem = spec->mem;
	import->out.partition = mf_option(spec->options, "partition");
	import->out.can_probe = !m2_import_by_rest(conn);
	status = m2_plan_init(&import->plan, spec, spec->mem, err);
	import->plan.version = conn->version;
	if (status == MF_OK)
		status = check_spec(conn, import, err);
	if (status == MF_OK && format != NULL)
		status = take_format(conn, import, format, err);
	else if (status == MF_OK)
		choose_format(conn, import);
	return status == MF_OK ? make_columns(import, err) : status;
}

const MfImportPlan *
m2_import_plan(const MfImport *import)
{
	return &import->out;
}

/* ----------------------------------------------------------------------- rows */

static void
forget_objects(MfImport *import)
{
	mf_free(import->mem, import->objects);
	mf_free(import->mem, import->offsets);
	mf_free(import->mem, import->places);
	mf_free(import->mem, import->valid);
	import->objects = NULL;
	import->offsets = NULL;
	import->places = NULL;
	import->valid = NULL;
}

static MfStatus
make_meta(MfImport *import, const MfBatch *batch, MfColumn *column, MfError *err)
{
	size_t		n = (size_t) batch->nrows;

	forget_objects(import);
	if (m2_dynamic_objects(&import->plan, batch, 0, batch->nrows, &import->objects, &import->offsets, err) != MF_OK)
		return MF_ERROR;
	import->places = mf_alloc(import->mem, sizeof(int64_t) * (n + 1));
	import->valid = mf_alloc(import->mem, n / 8 + 1);
	if (import->places == NULL || import->valid == NULL)
		return mf_error_oom(err, sizeof(int64_t) * (n + 1));
	for (size_t i = 0; i <= n; i++)
		import->places[i] = (int64_t) import->offsets[i];
	memset(import->valid, 0xFF, n / 8 + 1);
	*column = (MfColumn) {
		.kind = MF_KIND_JSON,.nrows = batch->nrows,.cap_rows = batch->nrows,.valid = import->valid,
		.offsets = import->places,.bytes = import->objects,.bytes_cap = import->offsets[n]
	};
	return MF_OK;
}

static MfStatus
check_field(const MfImport *import, const struct M2WriteField *field, const MfBatch *batch, MfError *err)
{
	M2Part		part = {
		.plan = field,.col = &batch->columns[field->column],.type = field->type,.name = field->field->name,
		.gaps = field->field->nullable || field->field->has_default
	};

	return m2_part_check(&import->plan, &part, batch, 0, batch->nrows, err);
}

MfStatus
m2_import_rows(MfImport *import, const MfBatch *batch, MfColumn *columns, MfError *err)
{
	const M2WritePlan *plan = &import->plan;

	for (int i = 0; i < plan->nfields; i++)
	{
		if (check_field(import, &plan->fields[i], batch, err) != MF_OK)
			return MF_ERROR;
		columns[i] = batch->columns[plan->fields[i].column];
	}
	return import->has_meta ? make_meta(import, batch, &columns[plan->nfields], err) : MF_OK;
}

void
m2_import_end(MfImport *import)
{
	if (import == NULL)
		return;
	forget_objects(import);
	m2_plan_free(&import->plan);
	mf_free(import->mem, import->columns);
	mf_free(import->mem, import);
}
