/*
 * sort.c - Which ORDER BY might the remote give, and what is it told of it?
 *
 * Only plain columns by the default order of their types, and only types whose
 * order is also that of the values as a remote has them.  Whether it is given
 * is known when the scan runs: see scan_sort.c.
 */
#include "milvus_fdw.h"

#include "access/stratnum.h"
#include "catalog/pg_am.h"
#include "catalog/pg_type.h"
#include "commands/defrem.h"
#include "mb/pg_wchar.h"
#include "nodes/nodeFuncs.h"
#include "optimizer/paths.h"
#include "parser/parsetree.h"
#include "plan.h"
#include "src/value/value.h"
#include "utils/lsyscache.h"

static bool
has_plain_order(Oid type)
{
	switch (type)
	{
		case BOOLOID:
		case INT2OID:
		case INT4OID:
		case INT8OID:
		case FLOAT4OID:
		case FLOAT8OID:
		case NUMERICOID:
		case TEXTOID:
		case VARCHAROID:
		case TIMESTAMPTZOID:
			return true;
		default:
			return false;
	}
}

/* The column of ours that an ordering is by, or NULL. */
static Var *
ordering_column(const RelOptInfo *baserel, const PathKey *key)
{
	ListCell   *lc;

	if (key->pk_eclass->ec_has_volatile)
		return NULL;
	foreach(lc, key->pk_eclass->ec_members)
	{
		EquivalenceMember *em = lfirst(lc);
		Expr	   *expr = em->em_expr;

		if (em->em_is_child || !bms_equal(em->em_relids, baserel->relids))
			continue;
		while (IsA(expr, RelabelType))
			expr = ((RelabelType *) expr)->arg;
		if (IsA(expr, Var) && ((Var *) expr)->varattno > 0 && ((Var *) expr)->varlevelsup == 0)
			return (Var *) expr;
	}
	return NULL;
}

static List *
sort_column(const RelOptInfo *baserel, const PathKey *key)
{
	Var		   *var = ordering_column(baserel, key);
	Oid			type;
	Oid			opclass;
	int32		typmod;

	if (var == NULL)
		return NIL;
	typmod = var->vartypmod;
	type = getBaseTypeAndTypmod(var->vartype, &typmod);
	opclass = has_plain_order(type) && !mf_qual_rounds(type, typmod) ? GetDefaultOpClass(type, BTREE_AM_OID) : InvalidOid;
	if (!OidIsValid(opclass) || get_opclass_family(opclass) != key->pk_opfamily)
		return NIL;
	return list_make4_int(var->varattno, !mf_pathkey_is_ascending(key), key->pk_nulls_first,
						  (int) key->pk_eclass->ec_collation);
}

List *
mf_sort_columns(PlannerInfo *root, RelOptInfo *baserel, List *pathkeys)
{
	Oid			relid = planner_rt_fetch(baserel->relid, root)->relid;
	const MfConnector *connector = mf_connector_of_server(baserel->serverid);
	List	   *sorts = NIL;
	MfSort	   *specs;
	Relation	rel;
	ListCell   *lc;

	if (pathkeys == NIL || !MF_HAS(connector, sort_check))
		return NIL;
	foreach(lc, pathkeys)
	{
		List	   *sort = sort_column(baserel, lfirst(lc));

		if (sort == NIL)
			return NIL;
		sorts = lappend(sorts, sort);
	}
	rel = RelationIdGetRelation(relid);
	specs = mf_sort_specs(sorts, relid, RelationGetDescr(rel));
	RelationClose(rel);
	return connector->sort_check(list_length(sorts), specs) ? sorts : NIL;
}

MfSort *
mf_sort_specs(List *sorts, Oid relid, TupleDesc desc)
{
	MfSort	   *specs = palloc0(sizeof(MfSort) * Max(list_length(sorts), 1));
	ListCell   *lc;
	int			n = 0;

	foreach(lc, sorts)
	{
		List	   *sort = lfirst(lc);
		AttrNumber	attnum = (AttrNumber) list_nth_int(sort, MF_SORT_ATTNUM);
		Oid			collation = (Oid) list_nth_int(sort, MF_SORT_COLLATION);
		Form_pg_attribute att = TupleDescAttr(desc, attnum - 1);
		MfOptions  *options = mf_column_options(relid, attnum);
		MfSort	   *spec = &specs[n++];

		spec->column = mf_to_utf8(NameStr(att->attname));
		spec->field = mf_field_name(options, att);
		spec->kind = mf_natural_kind(att->atttypid, att->atttypmod, 0).kind;
		spec->key = mf_option_bool(options, "key", false);
		spec->descending = list_nth_int(sort, MF_SORT_DESCENDING) != 0;
		spec->nulls_first = list_nth_int(sort, MF_SORT_NULLS_FIRST) != 0;
		spec->bytewise = OidIsValid(collation) && mf_collation_is_c(collation) &&
			GetDatabaseEncoding() == PG_UTF8;
	}
	return specs;
}
