/*
 * plan.c - How do the columns of a batch become the fields of a writing request?
 *
 * Decided once, when writing begins: what cannot work is refused then, naming
 * the field, and not by the server at the first batch.
 */
#include <stdio.h>

#include "internal.h"

static MfStatus
refuse_auto_id(const MfWriteSpec *spec, int column, MfError *err)
{
	mf_error(err, MF_INVALID_PARAMETER_VALUE, "field \"%s\" cannot be written", spec->columns[column].field->name);
	mf_error_detail(err, "Milvus makes the primary keys of collection \"%s\" itself (auto_id).", spec->collection->name);
	mf_error_hint(err, "Leave column \"%s\" out of the INSERT's column list.", spec->columns[column].column);
	snprintf(err->column, sizeof(err->column), "%s", spec->columns[column].field->name);
	return MF_ERROR;
}

static MfStatus
add_key(M2WritePlan *plan, int column, MfError *err)
{
	const MfWriteSpec *spec = plan->spec;
	const MfField *field = spec->columns[column].field;

	if (!spec->collection->dynamic)
	{
		const char *near = m2_nearest_field(spec->collection, field->name);

		mf_error(err, MF_FDW_COLUMN_NAME_NOT_FOUND, "collection \"%s\" has no field \"%s\"",
				 spec->collection->name, field->name);
		mf_error_detail(err, "Column \"%s\" is written to it.", spec->columns[column].column);
		if (near != NULL)
			mf_error_hint(err, "Perhaps you meant field \"%s\".", near);
		return MF_ERROR;
	}
	if (!m2_dynamic_kind_ok(field->kind, field->elem))
	{
		mf_error(err, MF_DATATYPE_MISMATCH, "column \"%s\" cannot be written to dynamic key \"%s\"",
				 spec->columns[column].column, field->name);
		mf_error_detail(err, "The dynamic field holds JSON, which has no %s values.", mf_kind_name(field->kind));
		return MF_ERROR;
	}
	plan->keys[plan->nkeys].column = column;
	plan->keys[plan->nkeys++].name = field->name;
	return MF_OK;
}

static MfStatus
add_field(M2WritePlan *plan, int column, const MfField *field, MfError *err)
{
	const MfWriteSpec *spec = plan->spec;
	M2Type		type = m2_type_of(field);

	if (type == M2_NONE)
	{
		mf_error(err, MF_FEATURE_NOT_SUPPORTED, "field \"%s\" cannot be written", field->name);
		mf_error_detail(err, "The field is %s: %s.", field->native, field->skip != NULL ? field->skip : "its type is not known");
		return MF_ERROR;
	}
	for (int i = 0; i < plan->nfields; i++)
	{
		if (plan->fields[i].field == field)
			return mf_error(err, MF_INVALID_PARAMETER_VALUE,
							"columns \"%s\" and \"%s\" are both written to field \"%s\"",
							spec->columns[plan->fields[i].column].column, spec->columns[column].column, field->name);
	}
	if (field->key)
		plan->key = column;
	plan->fields[plan->nfields].column = column;
	plan->fields[plan->nfields].type = type;
	plan->fields[plan->nfields].elem = m2_type_of_elements(field);
	plan->fields[plan->nfields++].field = field;
	return MF_OK;
}

/* An Update by whole rows: what is not written would be gone. */
static MfStatus
would_be_lost(const MfCollection *c, const MfField *field, MfError *err)
{
	if (field->dynamic)
		mf_error(err, MF_FEATURE_NOT_SUPPORTED, "UPDATE would lose the dynamic field of collection \"%s\"", c->name);
	else
		mf_error(err, MF_FEATURE_NOT_SUPPORTED, "UPDATE would lose field \"%s\" of collection \"%s\"", field->name, c->name);
	mf_error_detail(err, "This version of Milvus replaces whole rows, and no column of the foreign table has the field's values.");
	if (field->skip != NULL)
		mf_error_hint(err, "The field cannot be a column: %.400s.", field->skip);
	else
		mf_error_hint(err, "Add a column with option field '%s'.", field->name);
	snprintf(err->column, sizeof(err->column), "%s", field->name);
	return MF_ERROR;
}

static bool
is_column(const M2WritePlan *plan, const MfField *field)
{
	if (field->dynamic)
		return plan->whole >= 0;
	for (int i = 0; i < plan->nfields; i++)
	{
		if (plan->fields[i].field == field)
			return true;
	}
	return false;
}

static MfStatus
check_lost(const M2WritePlan *plan, MfError *err)
{
	const MfCollection *c = plan->spec->collection;

	for (int i = 0; i < c->nfields; i++)
	{
		const MfField *field = &c->fields[i];

		if (field->pseudo || is_column(plan, field) || (field->skip != NULL && strcmp(field->skip, M2_BY_FUNCTION) == 0))
			continue;
		return would_be_lost(c, field, err);
	}
	return MF_OK;
}

/* Milvus wants a value of each field in each row. */
static MfStatus
check_missing(const M2WritePlan *plan, MfError *err)
{
	const MfCollection *c = plan->spec->collection;

	for (int i = 0; i < c->nfields; i++)
	{
		const MfField *field = &c->fields[i];
		bool		written = field->dynamic || field->auto_id || field->nullable || field->has_default ||
			field->pseudo;

		/* what a function makes is not written; what we cannot write is missing */
		written |= field->skip != NULL && strcmp(field->skip, M2_BY_FUNCTION) == 0;
		for (int j = 0; j < plan->nfields && !written; j++)
			written = plan->fields[j].field == field;
		if (written)
			continue;
		mf_error(err, MF_NOT_NULL_VIOLATION, "field \"%s\" of collection \"%s\" is not written", field->name, c->name);
		mf_error_detail(err, "It is %s and holds no NULL, so every row needs a value of it.",
						field->native != NULL ? field->native : mf_kind_name(field->kind));
		if (field->skip != NULL)
			mf_error_hint(err, "It cannot be written either: %s.", field->skip);
		else
			mf_error_hint(err, "Add a column for it to the foreign table and to the INSERT.");
		snprintf(err->column, sizeof(err->column), "%s", field->name);
		return MF_ERROR;
	}
	return MF_OK;
}

static MfStatus
add_partition(M2WritePlan *plan, int column, MfError *err)
{
	const MfWriteColumn *written = &plan->spec->columns[column];

	if (m2_check_partition_key(plan->spec->collection, err) != MF_OK)
		return MF_ERROR;
	if (written->field->kind != MF_KIND_TEXT)
		return mf_error(err, MF_DATATYPE_MISMATCH, "column \"%s\" cannot name a partition, because it is no text", written->column);
	if (plan->spec->op == MF_WRITE_UPDATE && written->changed)
	{
		mf_error(err, MF_FEATURE_NOT_SUPPORTED, "UPDATE cannot move rows to another partition");
		mf_error_detail(err, "Column \"%s\" is the partition, and Milvus replaces a row only within its own.", written->column);
		mf_error_hint(err, "Keep the rows in a temporary table, DELETE them, and INSERT them again.");
		return MF_ERROR;
	}
	plan->partition = column;
	return MF_OK;
}

/*
 * Where the server keeps what it is not sent, only the key and what may have
 * changed is; of the dynamic field all keys that are columns, or none.
 */
static bool
is_sent(const M2WritePlan *plan, int column, const MfField *field)
{
	const MfWriteSpec *spec = plan->spec;

	if (!plan->partial || spec->columns[column].changed)
		return true;
	if (field != NULL)
		return field->key;
	for (int i = 0; i < spec->ncolumns; i++)
	{
		if (spec->columns[i].changed && m2_field_index(spec->collection, spec->columns[i].field->name) < 0)
			return true;
	}
	return false;
}

static MfStatus
init(M2WritePlan *plan, const MfWriteSpec *spec, bool partial, MfMem *mem, MfError *err)
{
	size_t		n = (size_t) (spec->ncolumns > 0 ? spec->ncolumns : 1);
	MfStatus	status = MF_OK;

	memset(plan, 0, sizeof(*plan));
	plan->mem = mem;
	plan->spec = spec;
	plan->whole = -1;
	plan->key = -1;
	plan->partition = -1;
	plan->to = "";
	plan->partial = partial;
	plan->dynamic = spec->collection->dynamic && spec->op != MF_WRITE_DELETE;
	plan->fields = mf_calloc(mem, sizeof(*plan->fields) * n);
	plan->keys = mf_calloc(mem, sizeof(*plan->keys) * n);
	if (plan->fields == NULL || plan->keys == NULL)
		return mf_error_oom(err, sizeof(*plan->fields) * n);
	for (int i = 0; i < spec->ncolumns && status == MF_OK; i++)
	{
		int			found = m2_field_index(spec->collection, spec->columns[i].field->name);
		const MfField *field = found >= 0 ? &spec->collection->fields[found] : NULL;

		if (strcmp(spec->columns[i].field->name, M2_PARTITION) == 0)
			status = add_partition(plan, i, err);
		else if (!is_sent(plan, i, field))
			continue;
		else if (field == NULL)
			status = add_key(plan, i, err);
		else if (field->auto_id && spec->op == MF_WRITE_INSERT)
			status = refuse_auto_id(spec, i, err);
		else if (field->dynamic)
			plan->whole = i;
		else
			status = add_field(plan, i, field, err);
	}
	if (status != MF_OK || spec->op == MF_WRITE_DELETE)
		return status;
	if (plan->partial)
	{
		plan->dynamic = plan->whole >= 0 || plan->nkeys > 0;
		return MF_OK;
	}
	return spec->op == MF_WRITE_UPDATE ? check_lost(plan, err) : check_missing(plan, err);
}

MfStatus
m2_plan_init(M2WritePlan *plan, const MfWriteSpec *spec, MfMem *mem, MfError *err)
{
	return init(plan, spec, false, mem, err);
}

MfStatus
m2_plan_init_partial(M2WritePlan *plan, const MfWriteSpec *spec, MfMem *mem, MfError *err)
{
	return init(plan, spec, true, mem, err);
}

void
m2_plan_free(M2WritePlan *plan)
{
	if (plan->mem == NULL)
		return;
	mf_free(plan->mem, plan->fields);
	mf_free(plan->mem, plan->keys);
}

void
m2_row_key(const M2WritePlan *plan, const MfBatch *batch, int32_t row, char *buf, size_t size)
{
	const MfColumn *col;

	buf[0] = '\0';
	if (plan->key < 0)
		return;
	col = &batch->columns[plan->key];
	if (mf_column_state(col, row) != MF_VALUE_PRESENT)
		return;
	if (col->kind == MF_KIND_I64)
	{
		int64_t		key;

		memcpy(&key, mf_fixed_at(col, row), sizeof(key));
		snprintf(buf, size, "%lld", (long long) key);
	}
	else
	{
		size_t		len;
		const char *text = mf_varying_at(col, row, &len);

		/* cut at a character, should it be longer */
		if (len >= size)
		{
			len = size - 1;
			while (len > 0 && ((unsigned char) text[len] & 0xC0) == 0x80)
				len--;
		}
		memcpy(buf, text, len);
		buf[len] = '\0';
	}
}

void
m2_error_row(const M2WritePlan *plan, const MfBatch *batch, int32_t row, int column, MfError *err)
{
	err->row = batch->first_row + row;
	m2_row_key(plan, batch, row, err->key, sizeof(err->key));
	if (column >= 0)
		snprintf(err->column, sizeof(err->column), "%s", plan->spec->columns[column].field->name);
	snprintf(err->collection, sizeof(err->collection), "%s", plan->spec->collection->name);
}
