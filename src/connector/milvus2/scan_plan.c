/*
 * scan_plan.c - Which field does each wanted column come from, and how?
 *
 * An impossible pair is refused here, before the first page.
 */
#include <stdio.h>

#include "internal.h"
#include "json.h"

#define TEXT_GUESS 64			/* bytes of a text whose limit is higher */
#define JSON_GUESS 256			/* and of JSON, lists and sparse vectors */
#define UNKNOWN_MOST 65536		/* the longest of what has no limit */

static MfStatus
no_such_field(const MfScanSpec *spec, const MfScanColumn *want, const M2Schema *schema, MfError *err)
{
	const MfCollection *c = &schema->collection;
	const char *near = m2_nearest_field(c, want->field);
	char		names[400] = "";
	size_t		len = 0;

	mf_error(err, MF_FDW_COLUMN_NAME_NOT_FOUND, "collection \"%s\" has no field \"%s\"", c->name, want->field);
	mf_error_detail(err, "Column \"%s\" is read from it.", want->column);
	for (int i = 0; i < c->nfields && len < sizeof(names); i++)
		len += (size_t) snprintf(names + len, sizeof(names) - len, "%s%s", i > 0 ? ", " : "", c->fields[i].name);
	if (near != NULL)
		mf_error_hint(err, "Perhaps you meant field \"%s\"; its fields are: %s.", near, names);
	else
		mf_error_hint(err, "Its fields are: %s. Option \"field\" of a column names the field it is read from.", names);
	snprintf(err->column, sizeof(err->column), "%s", want->field);
	return MF_ERROR;
}

static MfStatus
mismatch(const MfScanColumn *want, const MfField *field, MfError *err)
{
	mf_error(err, MF_DATATYPE_MISMATCH, "column \"%s\" cannot be read from field \"%s\"", want->column, want->field);
	if (field->kind == MF_KIND_NONE)
		mf_error_detail(err, "The field is %s: %s.", field->native, field->skip);
	else if (mf_kind_is_vector(field->kind) && want->kind == field->kind)
		mf_error_detail(err, "The field is %s, but the column has %d dimensions.", field->native, (int) want->dim);
	else
		mf_error_detail(err, "The field is %s, but the column takes %s values.", field->native,
						mf_kind_name(want->kind));
	snprintf(err->column, sizeof(err->column), "%s", want->field);
	return MF_ERROR;
}

static MfStatus
plan_key(M2ScanPlan *plan, const MfScanColumn *want, M2ReadColumn *column, MfError *err)
{
	if (mf_kind_is_vector(want->kind) && want->dim <= 0)
	{
		mf_error(err, MF_DATATYPE_MISMATCH, "column \"%s\" is read from a dynamic key, which says no dimensions",
				 want->column);
		mf_error_hint(err, "Set option \"dim\" of the column.");
		return MF_ERROR;
	}
	column->kind = want->kind;
	column->dim = want->dim;
	plan->nkeys++;
	plan->meta = true;
	plan->row_bytes += JSON_GUESS / 4;
	plan->row_bytes_most += 65536;
	return MF_OK;
}

/* Longest value of a kind that varies, as far as the schema says it. */
static size_t
most_bytes(const MfField *field)
{
	size_t		width = mf_kind_width(field->elem, 0);

	if (field->kind != MF_KIND_LIST)
		return field->max_bytes > 0 ? (size_t) field->max_bytes : UNKNOWN_MOST;
	if (width == 0)
		width = field->max_bytes > 0 ? (size_t) field->max_bytes : UNKNOWN_MOST;
	/* as a rule lists are far shorter, and a page too large is asked for again in parts */
	width *= field->max_items > 0 ? (size_t) field->max_items : M2_MAX_ITEMS;
	return width < UNKNOWN_MOST ? width : UNKNOWN_MOST;
}

static MfStatus
plan_partition(M2ScanPlan *plan, const MfScanColumn *want, M2ReadColumn *column, MfError *err)
{
	if (want->kind != MF_KIND_TEXT)
		return mf_error(err, MF_DATATYPE_MISMATCH, "column \"%s\" cannot hold the name of a partition, because it is no text",
						want->column);
	column->kind = MF_KIND_TEXT;
	plan->partition = true;
	return MF_OK;
}

static MfStatus
plan_field(M2ScanPlan *plan, const MfScanColumn *want, const MfField *field, int32_t type,
		   M2ReadColumn *column, MfError *err)
{
	size_t		width;

	column->type = (M2Type) type;
	column->elem_type = m2_type_of_elements(field);
	column->kind = field->kind != MF_KIND_NONE ?
		m2_deliver(column->type, column->elem_type, want->kind, want->elem, &column->elem) : MF_KIND_NONE;
	column->dim = field->dim;
	column->described = field;
	if (column->kind == MF_KIND_NONE ||
		(mf_kind_is_vector(column->kind) && want->dim > 0 && want->dim != field->dim))
		return mismatch(want, field, err);
	width = mf_kind_width(field->kind, field->dim);
	if (width > 0)
	{
		plan->row_bytes += width;
		plan->row_bytes_most += width;
	}
	else
	{
		size_t		most = most_bytes(field);
		size_t		guess = field->kind == MF_KIND_TEXT ? TEXT_GUESS : JSON_GUESS;

		plan->row_bytes += guess < most ? guess : most;
		plan->row_bytes_most += most;
	}
	return MF_OK;
}

/* What to ask for: each field once; dynamic keys by name where that works. */
static MfStatus
plan_output(M2ScanPlan *plan, const MfScanSpec *spec, const char *key, MfArena *arena, MfError *err)
{
	bool		whole = false;

	plan->output = mf_arena_alloc(arena, sizeof(char *) * (size_t) (spec->ncolumns + 2));
	if (plan->output == NULL)
		return mf_error_oom(err, sizeof(char *) * (size_t) spec->ncolumns);
	for (int i = 0; i < spec->ncolumns; i++)
		whole |= plan->from[i] == M2_FROM_META ||
			(plan->from[i] == M2_FROM_KEY &&
			 (!m2_is_identifier(spec->columns[i].field) || m2_is_keyword(spec->columns[i].field)));
	plan->output[plan->noutput++] = key;
	if (whole)
		plan->output[plan->noutput++] = M2_META;
	for (int i = 0; i < spec->ncolumns; i++)
	{
		const char *name = spec->columns[i].field;
		bool		there = plan->from[i] == M2_FROM_META || plan->from[i] == M2_FROM_PARTITION || (whole && plan->from[i] == M2_FROM_KEY);

		for (int j = 0; j < plan->noutput && !there; j++)
			there = strcmp(plan->output[j], name) == 0;
		if (!there)
			plan->output[plan->noutput++] = name;
	}
	return MF_OK;
}

static MfStatus
plan_json(M2ScanPlan *plan, const MfScanSpec *spec, MfArena *arena, MfError *err)
{
	MfJsonColumn *keys = mf_arena_alloc(arena, sizeof(MfJsonColumn) * (size_t) plan->nkeys);
	int			n = 0;

	if (keys == NULL)
		return mf_error_oom(err, sizeof(MfJsonColumn));
	for (int i = 0; i < spec->ncolumns; i++)
	{
		if (plan->from[i] == M2_FROM_KEY)
			keys[n++] = (MfJsonColumn)
		{
			.column = spec->columns[i].column,.field = spec->columns[i].field,.at = i,
		};
	}
	plan->json = mf_json_plan_new(spec->mem, n, keys);
	return plan->json != NULL ? MF_OK : mf_error_oom(err, sizeof(MfJsonColumn));
}

MfStatus
m2_scan_plan(M2ScanPlan *plan, const MfScanSpec *spec, const M2Schema *schema,
			 MfArena *arena, MfError *err)
{
	const MfCollection *c = &schema->collection;
	size_t		n = (size_t) (spec->ncolumns > 0 ? spec->ncolumns : 1);
	MfStatus	status = MF_OK;

	plan->from = mf_arena_alloc(arena, sizeof(M2From) * n);
	plan->columns = mf_arena_alloc(arena, sizeof(M2ReadColumn) * n);
	if (plan->from == NULL || plan->columns == NULL)
		return mf_error_oom(err, sizeof(M2ReadColumn) * n);
	plan->row_bytes = 16;
	plan->row_bytes_most = c->fields[schema->key].max_bytes > 0 ? (size_t) c->fields[schema->key].max_bytes : 16;

	for (int i = 0; i < spec->ncolumns && status == MF_OK; i++)
	{
		const MfScanColumn *want = &spec->columns[i];
		M2ReadColumn *column = &plan->columns[i];
		int			field = m2_field_index(c, want->field);

		column->field = want->field;
		column->headroom = want->headroom;
		if (strcmp(want->field, M2_PARTITION) == 0)
		{
			plan->from[i] = M2_FROM_PARTITION;
			status = plan_partition(plan, want, column, err);
			continue;
		}
		if (field < 0 && !c->dynamic)
			return no_such_field(spec, want, schema, err);
		if (field < 0)
		{
			plan->from[i] = M2_FROM_KEY;
			status = plan_key(plan, want, column, err);
			continue;
		}
		if (c->fields[field].dynamic)
		{
			plan->from[i] = M2_FROM_META;
			plan->meta = true;
		}
		status = plan_field(plan, want, &c->fields[field], schema->types[field], column, err);
	}
	if (status == MF_OK)
		status = plan_output(plan, spec, c->fields[schema->key].name, arena, err);
	if (status == MF_OK && plan->nkeys > 0)
		status = plan_json(plan, spec, arena, err);
	return status;
}

bool
m2_scan_batch(const M2ScanPlan *plan, const MfScanSpec *spec, MfBatch *batch)
{
	for (int i = 0; i < spec->ncolumns; i++)
	{
		const M2ReadColumn *column = &plan->columns[i];

		if (!mf_column_init(batch, i, column->kind,
							plan->from[i] == M2_FROM_KEY ? spec->columns[i].elem : column->elem,
							column->dim, column->headroom))
			return false;
	}
	return true;
}
