/*
 * target.c - Which collection would hold a table's rows?
 *
 * A copy of the source's own, where both are of one kind of remote; else one
 * field for each column.
 */
#include "target.h"

#include "lib/stringinfo.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"

static void
open_source(MfSource *source, const MfTargetArgs *args)
{
	memset(source, 0, sizeof(*source));
	source->relid = args->like;
	source->target = args->connector;
	if (get_rel_relkind(args->like) != RELKIND_FOREIGN_TABLE ||
		!mf_is_ours(GetForeignTable(args->like)->serverid))
		return;
	source->table = mf_sql_table(args->like, false);
	source->same = source->table->remote->connector == args->connector;
	if (source->table->remote->connector->verbs & MF_VERB_BIT(MF_VERB_DESCRIBE))
		source->described = mf_describe_whole(source->table->remote, source->table->collection,
											  source->table->options, CurrentMemoryContext, source->same);
}

/* ------------------------------------------------------------- as it was described */

/* Everything, but for fields that the remote cannot be told to make. */
static void
copy_described(const MfSource *source, MfCollection *target)
{
	const MfCollection *from = source->described;
	StringInfoData skipped;
	StringInfoData several;

	initStringInfo(&skipped);
	initStringInfo(&several);
	*target = *from;
	target->nfields = 0;
	target->fields = palloc0(sizeof(MfField) * Max(from->nfields, 1));
	for (int i = 0; i < from->nfields; i++)
	{
		const MfField *field = &from->fields[i];

		if (field->dynamic || field->pseudo)
			continue;
		if (field->kind == MF_KIND_NONE)
		{
			appendStringInfo(&skipped, "%s\"%s\" (%s)", skipped.len ? ", " : "", field->name, field->native);
			continue;
		}
		if (field->nindexes > 1)
			appendStringInfo(&several, "%s\"%s\"", several.len ? ", " : "", field->name);
		target->fields[target->nfields] = *field;
		if (field->nindexes == 0 && (mf_kind_is_vector(field->kind) || field->kind == MF_KIND_SPARSE))
		{
			target->fields[target->nfields].nindexes = 1;
			target->fields[target->nfields].index = "none";
		}
		target->nfields++;
	}
	if (skipped.len > 0)
		ereport(NOTICE,
				(errmsg("fields left out, because they cannot be written: %s", mf_safe_text(skipped.data))));
	if (several.len > 0)
		ereport(NOTICE,
				(errmsg("only the first index is made of fields with several: %s", mf_safe_text(several.data)),
				 errhint("Make the others with milvus_fdw.create_index(...).")));
}

/* ------------------------------------------------------------------ as the caller says */

/* The field of that name, or the one that a column of that name became. */
static MfField *
named_field(MfCollection *target, const char *name, Oid relid)
{
	for (int pass = 0; pass < 2; pass++)
	{
		const char *wanted = pass == 0 ? name : mf_portable_name(name);

		for (int i = 0; i < target->nfields; i++)
		{
			if (strcmp(target->fields[i].name, wanted) == 0)
				return &target->fields[i];
		}
	}
	ereport(ERROR,
			(errcode(ERRCODE_UNDEFINED_COLUMN),
			 errmsg("column \"%s\" of relation \"%s\" does not exist", mf_safe_text(name), get_rel_name(relid))));
	return NULL;
}

static void
set_keys(const MfTargetArgs *args, MfCollection *target)
{
	MfField    *key = NULL;

	if (args->primary_key != NULL)
		key = named_field(target, args->primary_key, args->like);
	for (int i = 0; i < target->nfields; i++)
	{
		MfField    *field = &target->fields[i];

		if (key == NULL && field->key)
			key = field;
		if (args->primary_key != NULL && field != key)
			field->key = field->auto_id = false;
		if (args->partition_key != NULL)
			field->partition_key = false;
		if (args->clustering_key != NULL)
			field->clustering_key = false;
	}
	if (key == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("a primary key is needed"),
				 errhint("Name one of the columns in primary_key => '...'.")));
	key->key = true;
	if (args->auto_id >= 0)
		key->auto_id = args->auto_id != 0;
	if (args->partition_key != NULL)
		named_field(target, args->partition_key, args->like)->partition_key = true;
	if (args->clustering_key != NULL)
		named_field(target, args->clustering_key, args->like)->clustering_key = true;
}

/* A partition key needs to be told, and there is no hand-made partition beside it. */
static void
check_partitions(MfCollection *target)
{
	bool		by_key = false;

	for (int i = 0; i < target->nfields; i++)
		by_key |= target->fields[i].partition_key;
	if (by_key)
		target->npartitions = 0;
	else if (target->num_partitions > 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("num_partitions needs a partition key"),
				 errhint("Name one of the columns in partition_key => '...'.")));
}

/* One list on top of another: what both name is the second's. */
static const MfOptions *
merge(const MfOptions *first, const MfOptions *second)
{
	MfOptions  *both = palloc0(sizeof(MfOptions));
	MfOption   *items;

	if (first == NULL || second == NULL)
		return first != NULL ? first : second;
	items = palloc(sizeof(MfOption) * (first->n + second->n + 1));
	for (int i = 0; i < first->n; i++)
	{
		if (mf_option(second, first->items[i].name) == NULL)
			items[both->n++] = first->items[i];
	}
	for (int i = 0; i < second->n; i++)
		items[both->n++] = second->items[i];
	both->items = items;
	return both;
}

static void
apply_args(const MfTargetArgs *args, MfCollection *target)
{
	target->name = args->name;
	target->rows = -1;
	target->state = NULL;
	set_keys(args, target);
	if (args->dynamic >= 0)
		target->dynamic = args->dynamic != 0;
	if (args->shards > 0)
		target->shards = args->shards;
	if (args->num_partitions > 0)
		target->num_partitions = args->num_partitions;
	if (args->consistency_level != NULL)
		target->consistency_level = args->consistency_level;
	if (args->description != NULL)
		target->description = args->description;
	target->properties = merge(target->properties, args->properties);
	if (args->npartitions >= 0)
	{
		target->npartitions = args->npartitions;
		target->partitions = args->partitions;
	}
	check_partitions(target);
}

/* ------------------------------------------------------------------------ too many */

static bool
may_be_dynamic(const MfField *field)
{
	return !field->key && !field->partition_key && !field->clustering_key && field->nindexes == 0 &&
		!mf_kind_is_vector(field->kind) && field->kind != MF_KIND_SPARSE;
}

/* The last fields of too many become keys of the dynamic field. */
static void
move_surplus(const MfTargetArgs *args, MfCollection *target)
{
	int			most = args->connector->size >= offsetof(MfConnector, max_fields) + sizeof(int32_t) ?
		args->connector->max_fields : 0;
	StringInfoData moved;

	if (most == 0 || target->nfields <= most)
		return;
	if (args->dynamic == 0)
		ereport(ERROR,
				(errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
				 errmsg("%d fields are too many for a collection of %s", target->nfields, args->connector->remote),
				 errdetail("It has at most %d.", most),
				 errhint("With dynamic => true the others go into the dynamic field.")));
	initStringInfo(&moved);
	for (int i = target->nfields - 1; i >= 0 && target->nfields > most; i--)
	{
		if (!may_be_dynamic(&target->fields[i]))
			continue;
		appendStringInfo(&moved, "%s\"%s\"", moved.len ? ", " : "", target->fields[i].name);
		memmove(&target->fields[i], &target->fields[i + 1], sizeof(MfField) * (target->nfields - i - 1));
		target->nfields--;
	}
	target->dynamic = true;
	ereport(NOTICE,
			(errmsg("columns that go into the dynamic field, because a collection has at most %d fields: %s",
					most, mf_safe_text(moved.data)),
			 errhint("Name them as columns of the foreign table: each is a key of the dynamic field.")));
}

MfCollection *
mf_target_like(const MfTargetArgs *args)
{
	MfCollection *target = palloc0(sizeof(MfCollection));
	MfSource	source;
	bool		copied;

	open_source(&source, args);
	copied = source.same && source.described != NULL;
	if (copied)
		copy_described(&source, target);
	else
		mf_target_from_columns(&source, args->primary_key, target);
	apply_args(args, target);
	if (!copied)
		move_surplus(args, target);
	return target;
}
