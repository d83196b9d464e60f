/*
 * row_identity.c - By which columns will UPDATE and DELETE know a row?
 *
 * By the primary key.  Planning must not ask the remote which column that is,
 * so the table says it, by a column's option "key".  Where no column has it,
 * each column that could be the key goes along; when the statement begins, the
 * collection is described and one of them is taken.
 */
#include "modify.h"
#include "row_identity.h"

#include "access/table.h"
#include "catalog/pg_type.h"
#include "executor/executor.h"
#include "nodes/makefuncs.h"
#include "optimizer/appendinfo.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"

static bool
is_marked(Oid relid, Form_pg_attribute att)
{
	return mf_option_bool(mf_column_options(relid, att->attnum), "key", false);
}

/* Types that remotes have keys of. */
static bool
could_be_key(Form_pg_attribute att)
{
	switch (getBaseType(att->atttypid))
	{
		case INT2OID:
		case INT4OID:
		case INT8OID:
		case TEXTOID:
		case VARCHAROID:
			return true;
		default:
			return false;
	}
}

/*
 * Partitions share a junk column where name and Var are the same, so the name
 * tells what makes a Var of it.
 */
static char *
junk_name(Form_pg_attribute att)
{
	return psprintf("milvus_fdw_key_%d_%u_%d_%u", att->attnum, att->atttypid, att->atttypmod, att->attcollation);
}

static void
add_column(PlannerInfo *root, Index rti, Form_pg_attribute att)
{
	add_row_identity_var(root, makeVar(rti, att->attnum, att->atttypid, att->atttypmod, att->attcollation, 0),
						 rti, junk_name(att));
}

void
mf_add_update_targets(PlannerInfo *root, Index rti, RangeTblEntry *rte, Relation rel)
{
	TupleDesc	desc = RelationGetDescr(rel);
	bool		marked = false;

	mf_refuse_bulk_change(RelationGetRelid(rel));
	for (int i = 0; i < desc->natts; i++)
	{
		Form_pg_attribute att = TupleDescAttr(desc, i);

		if (!att->attisdropped && is_marked(RelationGetRelid(rel), att))
		{
			add_column(root, rti, att);
			marked = true;
		}
	}
	for (int i = 0; !marked && i < desc->natts; i++)
	{
		Form_pg_attribute att = TupleDescAttr(desc, i);

		if (!att->attisdropped && could_be_key(att))
			add_column(root, rti, att);
	}

	/* PostgreSQL asks for whole rows itself wherever else they are needed */
	if (root->parse->commandType == CMD_DELETE && root->parse->returningList != NIL &&
		!(rel->trigdesc && (rel->trigdesc->trig_delete_after_row || rel->trigdesc->trig_delete_before_row)))
		add_row_identity_var(root, makeVar(rti, InvalidAttrNumber, RECORDOID, -1, InvalidOid, 0), rti, "wholerow");
}

void
mf_row_identity_missing(const MfTable *table, Form_pg_attribute att)
{
	ereport(ERROR,
			(errcode(ERRCODE_FDW_INVALID_ATTRIBUTE_VALUE),
			 errmsg("column \"%s\" of foreign table \"%s\" is the key of collection \"%s\", but not marked so",
					NameStr(att->attname), table->name, mf_safe_text(table->collection)),
			 errhint("ALTER FOREIGN TABLE %s ALTER COLUMN %s OPTIONS (ADD key 'true');",
					 table->name, quote_identifier(NameStr(att->attname)))));
}

AttrNumber
mf_row_identity(const MfTable *table, Form_pg_attribute att, Plan *subplan)
{
	AttrNumber	junk = ExecFindJunkAttributeInTlist(subplan->targetlist, junk_name(att));

	if (!AttributeNumberIsValid(junk))
		mf_row_identity_missing(table, att);
	return junk;
}
