/*
 * check_schema.c - What stands in the way of rows going from one table to another?
 *
 * Columns are matched by their names.  Remotes are asked for what SQL types do
 * not say; no row is read.
 */
#include "target.h"

#include "access/table.h"
#include "catalog/pg_attribute.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "parser/parse_coerce.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"
#include "utils/tuplestore.h"

PG_FUNCTION_INFO_V1(milvus_fdw_check_schema);

/* One of the two tables, and where findings go. */
typedef struct Side
{
	MfSource	source;
	Relation	rel;
	TupleDesc	desc;
} Side;

typedef struct Check
{
	Side		from;
	Side		to;
	ReturnSetInfo *result;
} Check;

static void
report(const Check *check, const char *field, const char *severity, const char *problem, const char *hint)
{
	Datum		values[4];
	bool		nulls[4] = {false, false, false, hint == NULL};

	values[0] = CStringGetTextDatum(field);
	values[1] = CStringGetTextDatum(severity);
	values[2] = CStringGetTextDatum(problem);
	values[3] = hint != NULL ? CStringGetTextDatum(hint) : (Datum) 0;
	tuplestore_putvalues(check->result->setResult, check->result->setDesc, values, nulls);
}

static void
open_side(Side *side, Oid relid)
{
	AclResult	allowed;

	memset(side, 0, sizeof(*side));
	side->rel = table_open(relid, AccessShareLock);
	side->desc = RelationGetDescr(side->rel);
	side->source.relid = relid;
	allowed = pg_class_aclcheck(relid, GetUserId(), ACL_SELECT | ACL_INSERT);
	if (allowed != ACLCHECK_OK && pg_attribute_aclcheck_all(relid, GetUserId(), ACL_SELECT, ACLMASK_ANY) != ACLCHECK_OK)
		aclcheck_error(allowed, OBJECT_TABLE, RelationGetRelationName(side->rel));
	if (side->rel->rd_rel->relkind != RELKIND_FOREIGN_TABLE || !mf_is_ours(GetForeignTable(relid)->serverid))
		return;
	side->source.table = mf_sql_table(relid, false);
	side->source.target = side->source.table->remote->connector;
	side->source.same = true;
	side->source.described = mf_describe_whole(side->source.table->remote, side->source.table->collection,
											   side->source.table->options, CurrentMemoryContext, false);
}

static Form_pg_attribute
column_named(const Side *side, const char *name)
{
	for (int i = 0; i < side->desc->natts; i++)
	{
		Form_pg_attribute att = TupleDescAttr(side->desc, i);

		if (!att->attisdropped && strcmp(NameStr(att->attname), name) == 0)
			return att;
	}
	return NULL;
}

/* The column as a field: what the remote says of it, or else what its type says. */
static const MfField *
field_of(const Side *side, Form_pg_attribute att)
{
	const MfField *remote = mf_source_field(&side->source, att);
	MfField    *field;

	if (remote != NULL)
		return remote;
	field = palloc0(sizeof(MfField));
	if (!mf_source_column(&side->source, att, true, field))
		field->kind = MF_KIND_NONE;
	return field;
}

static const char *
type_name(const MfField *field, Form_pg_attribute att)
{
	return field->native != NULL ? mf_safe_text(field->native) : format_type_with_typemod(att->atttypid, att->atttypmod);
}

static bool
is_vector(const MfField *field)
{
	return mf_kind_is_vector(field->kind) || field->kind == MF_KIND_SPARSE;
}

/* ------------------------------------------------------------------- each difference */

static bool
check_types(const Check *check, const char *name, Form_pg_attribute from, Form_pg_attribute to,
			const MfField *a, const MfField *b)
{
	Oid			source_type = from->atttypid;
	Oid			target_type = to->atttypid;

	if (!can_coerce_type(1, &source_type, &target_type, COERCION_ASSIGNMENT))
	{
		report(check, name, "error",
			   psprintf("%s cannot be assigned to %s", format_type_be(source_type), format_type_be(target_type)),
			   is_vector(b) ? "Convert it with milvus_fdw.to_vector(...)." :
			   target_type != source_type ? psprintf("Convert it in the SELECT, for example %s::%s.",
													 quote_identifier(name), format_type_be(target_type)) : NULL);
		return false;
	}
	if (b->kind == MF_KIND_NONE)
	{
		report(check, name, "error", psprintf("%s cannot be written", type_name(b, to)), b->skip ? mf_safe_text(b->skip) : NULL);
		return false;
	}
	if (is_vector(a) != is_vector(b) && a->kind != MF_KIND_LIST && b->kind != MF_KIND_LIST)
		report(check, name, "warning", psprintf("%s becomes %s", type_name(a, from), type_name(b, to)), NULL);
	return true;
}

/* How much of a number a kind keeps; 0 = no number. */
static int
precision(MfKind kind)
{
	switch (kind)
	{
		case MF_KIND_I8:
			return 8;
		case MF_KIND_I16:
			return 16;
		case MF_KIND_I32:
			return 32;
		case MF_KIND_I64:
		case MF_KIND_U64:
			return 64;
		case MF_KIND_F32:
		case MF_KIND_VEC_F32:
			return 24;
		case MF_KIND_F64:
			return 53;
		case MF_KIND_VEC_F16:
			return 11;
		case MF_KIND_VEC_BF16:
		case MF_KIND_VEC_I8:
			return 8;
		case MF_KIND_DECIMAL:
			return 1000;
		default:
			return 0;
	}
}

static void
check_numbers(const Check *check, const char *name, Form_pg_attribute from, Form_pg_attribute to,
			  const MfField *a, const MfField *b)
{
	bool		list = a->kind == MF_KIND_LIST && b->kind == MF_KIND_LIST;
	int			before = precision(list ? a->elem : a->kind);
	int			after = precision(list ? b->elem : b->kind);

	if (before > after && after > 0)
		report(check, name, "warning", psprintf("%s does not hold every %s", type_name(b, to), type_name(a, from)),
			   is_vector(b) ? "Elements are rounded." : "Values out of range are refused, others rounded.");
}

static bool
holds_text(const MfField *field)
{
	return field->kind == MF_KIND_TEXT || field->elem == MF_KIND_TEXT;
}

static void
check_limits(const Check *check, const char *name, const MfField *a, const MfField *b)
{
	if (is_vector(b) && a->dim > 0 && b->dim > 0 && a->dim != b->dim)
		report(check, name, "error", psprintf("%d dimensions become %d", a->dim, b->dim),
			   "Vectors of different dimensions are different data: make the target anew.");
	if (holds_text(a) && holds_text(b) && b->max_bytes > 0 && (a->max_bytes == 0 || a->max_bytes > b->max_bytes))
		report(check, name, "warning",
			   a->max_bytes > 0 ? psprintf("texts of up to " INT64_FORMAT " bytes, where " INT64_FORMAT " are allowed", a->max_bytes, b->max_bytes) :
			   psprintf("texts of any length, where " INT64_FORMAT " bytes are allowed", b->max_bytes),
			   psprintf("milvus_fdw.text_truncate_bytes(%s, " INT64_FORMAT ") cuts them.", quote_identifier(name), b->max_bytes));
	if (b->max_items > 0 && b->kind == MF_KIND_LIST && (a->max_items == 0 || a->max_items > b->max_items))
		report(check, name, "warning",
			   a->max_items > 0 ? psprintf("arrays of up to %d elements, where %d are allowed", a->max_items, b->max_items) :
			   psprintf("arrays of any length, where %d elements are allowed", b->max_items),
			   psprintf("(%s)[1:%d] cuts them.", quote_identifier(name), b->max_items));
}

static void
check_rest(const Check *check, const char *name, const MfField *a, const MfField *b, bool not_null)
{
	if (a->nullable && !b->nullable && !not_null && !b->key && !b->has_default)
		report(check, name, "warning", "NULL may come, which the target cannot hold",
			   psprintf("COALESCE(%s, ...), or WHERE %s IS NOT NULL.", quote_identifier(name), quote_identifier(name)));
	if (a->metric != NULL && b->metric != NULL && strcmp(a->metric, b->metric) != 0)
		report(check, name, "warning", psprintf("compared by %s, where the source is by %s", mf_safe_text(b->metric), mf_safe_text(a->metric)),
			   "Searches find other neighbours: make the index with the source's metric_type.");
	if (a->key && !b->key)
		report(check, name, "notice", "the source's primary key is none in the target", NULL);
	if (b->auto_id)
		report(check, name, "error", "the target makes the values itself", "Leave the column out of the INSERT.");
	if (a->description != NULL && b->description != NULL && strcmp(a->description, b->description) != 0)
		report(check, name, "notice", "the descriptions differ", NULL);
}

static void
check_column(const Check *check, Form_pg_attribute from, Form_pg_attribute to)
{
	const char *name = NameStr(to->attname);
	const MfField *a = field_of(&check->from, from);
	const MfField *b = field_of(&check->to, to);

	if (!check_types(check, name, from, to, a, b))
		return;
	check_numbers(check, name, from, to, a, b);
	check_limits(check, name, a, b);
	check_rest(check, name, a, b, from->attnotnull);
}

/* -------------------------------------------------------------- what has no partner */

static void
check_missing(const Check *check, Form_pg_attribute to)
{
	const MfField *field = field_of(&check->to, to);
	const char *name = NameStr(to->attname);
	bool		optional = field->dynamic || field->auto_id || field->pseudo || field->has_default || to->atthasdef ||
		(mf_source_field(&check->to.source, to) != NULL ? field->nullable : !to->attnotnull);

	if (field->auto_id || field->dynamic || field->pseudo)
		return;
	if (optional)
		report(check, name, "notice", "the source has no such column: it stays empty", NULL);
	else
		report(check, name, "error", "the source has no such column, and the target needs a value",
			   psprintf("Give one in the SELECT: ... AS %s.", quote_identifier(name)));
}

/* A field of the target that no column of its foreign table writes. */
static void
check_hidden(const Check *check, const MfField *field)
{
	const Side *to = &check->to;

	for (int i = 0; i < to->desc->natts; i++)
	{
		if (!TupleDescAttr(to->desc, i)->attisdropped &&
			mf_source_field(&to->source, TupleDescAttr(to->desc, i)) == field)
			return;
	}
	if (!field->nullable && !field->has_default && !field->auto_id && !field->pseudo && !field->dynamic)
		report(check, mf_safe_text(field->name), "error", "the target needs a value, but its foreign table has no column for it",
			   "Add the column, or import the foreign table anew.");
}

static void
check_surplus(const Check *check, Form_pg_attribute from)
{
	const MfField *field = field_of(&check->from, from);
	const MfCollection *target = check->to.source.described;

	if (field->pseudo)
		return;
	if (target != NULL && target->dynamic)
		report(check, NameStr(from->attname), "notice", "the target's table has no such column, but its collection has a dynamic field",
			   psprintf("ALTER FOREIGN TABLE %s ADD COLUMN %s %s makes it a key of that.",
						mf_table_display_name(check->to.source.relid), quote_identifier(NameStr(from->attname)),
						format_type_with_typemod(from->atttypid, from->atttypmod)));
	else
		report(check, NameStr(from->attname), "warning", "the target has no such column: it would be lost", NULL);
}

/* check_schema(source regclass, target regclass) returns setof (field, severity, problem, hint) */
Datum
milvus_fdw_check_schema(PG_FUNCTION_ARGS)
{
	Check		check = {.result = (ReturnSetInfo *) fcinfo->resultinfo};
	const MfCollection *target;

	InitMaterializedSRF(fcinfo, 0);
	open_side(&check.from, PG_GETARG_OID(0));
	open_side(&check.to, PG_GETARG_OID(1));
	for (int i = 0; i < check.to.desc->natts; i++)
	{
		Form_pg_attribute to = TupleDescAttr(check.to.desc, i);
		Form_pg_attribute from = to->attisdropped ? NULL : column_named(&check.from, NameStr(to->attname));

		if (to->attisdropped)
			continue;
		if (from != NULL)
			check_column(&check, from, to);
		else
			check_missing(&check, to);
	}
	target = check.to.source.described;
	for (int i = 0; target != NULL && i < target->nfields; i++)
		check_hidden(&check, &target->fields[i]);
	for (int i = 0; i < check.from.desc->natts; i++)
	{
		Form_pg_attribute from = TupleDescAttr(check.from.desc, i);

		if (!from->attisdropped && column_named(&check.to, NameStr(from->attname)) == NULL)
			check_surplus(&check, from);
	}
	table_close(check.from.rel, NoLock);
	table_close(check.to.rel, NoLock);
	return (Datum) 0;
}
