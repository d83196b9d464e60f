/*
 * rel.c - How large and how dear is a scan?
 *
 * The planner's size and cost estimates.  The network is asked only with
 * use_remote_estimate; else ANALYZE's count, or what the remote last said.
 */
#include "milvus_fdw.h"

#include "access/table.h"
#include "miscadmin.h"
#include "optimizer/cost.h"
#include "optimizer/optimizer.h"
#include "optimizer/planmain.h"
#include "optimizer/paths.h"
#include "optimizer/restrictinfo.h"
#include "parser/parsetree.h"
#include "parallel.h"
#include "plan.h"
#include "src/value/value.h"

#define DEFAULT_ROWS 10000
#define DEFAULT_STARTUP_COST 100.0
#define DEFAULT_TUPLE_COST 0.01

/* The role whose user mapping counts: a view's owner, or the current one. */
static Oid
planning_user(PlannerInfo *root, RelOptInfo *baserel)
{
	return OidIsValid(baserel->userid) ? baserel->userid : GetUserId();
}

/* Vectors are wide, and nothing in the catalogs says how wide. */
static void
note_widths(PlannerInfo *root, RelOptInfo *baserel, Oid relid, const MfCollection *collection)
{
	Relation	rel = table_open(relid, NoLock);
	TupleDesc	desc = RelationGetDescr(rel);

	for (int i = 0; i < desc->natts; i++)
	{
		Form_pg_attribute att = TupleDescAttr(desc, i);
		const char *name = att->attisdropped ? NULL : mf_field_name(mf_column_options(relid, att->attnum), att);

		for (int f = 0; name != NULL && f < collection->nfields; f++)
		{
			const MfField *field = &collection->fields[f];

			if (strcmp(field->name, name) == 0 && mf_kind_is_vector(field->kind) && field->dim > 0)
				baserel->attr_widths[att->attnum - baserel->min_attr] =
					(int32) (mf_kind_width(field->kind, field->dim) + MF_VECTOR_HEADROOM);
		}
	}
	table_close(rel, NoLock);
}

/* The remote's own count, asked now. */
static void
ask_remote(PlannerInfo *root, RelOptInfo *baserel, Oid relid, const char *collection,
		   const MfOptions *table)
{
	MemoryContext context = AllocSetContextCreate(CurrentMemoryContext, "milvus_fdw estimate",
												  ALLOCSET_SMALL_SIZES);
	MfRemote   *remote = mf_connect_table(relid, planning_user(root, baserel), context);

	note_widths(root, baserel, relid, mf_describe(remote, collection, table, context));
	MemoryContextDelete(context);
}

void
mf_get_rel_size(PlannerInfo *root, RelOptInfo *baserel, Oid relid)
{
	ForeignTable *table = GetForeignTable(relid);
	ForeignServer *server = GetForeignServer(table->serverid);
	const MfConnector *connector = mf_connector_of_server(server->serverid);
	MfOptions  *table_options = mf_options_from_list(table->options, NIL);
	MfOptions  *server_options = mf_options_from_list(server->options, NIL);
	const char *collection = mf_collection_name(connector, table_options, relid);
	MfRelPlan  *plan = palloc0(sizeof(MfRelPlan));
	double		rows;

	plan->startup_cost = mf_setting_real(NULL, server_options, "fdw_startup_cost", DEFAULT_STARTUP_COST);
	plan->tuple_cost = mf_setting_real(NULL, server_options, "fdw_tuple_cost", DEFAULT_TUPLE_COST);
	baserel->fdw_private = plan;

	if (mf_setting_bool(table_options, server_options, "use_remote_estimate",
						(connector->capabilities & MF_IS_FILES) != 0) &&
		(connector->verbs & MF_VERB_BIT(MF_VERB_DESCRIBE)))
		ask_remote(root, baserel, relid, collection, table_options);
	rows = mf_estimate_rows(server->serverid, collection);
	if (rows < 0)
		rows = baserel->tuples >= 0 && baserel->pages > 0 ? baserel->tuples : DEFAULT_ROWS;
	baserel->tuples = rows;
	plan->filters = MF_HAS(connector, filter_check);
	set_baserel_size_estimates(root, baserel);
}

/* Could a remote check this clause, with the other relations' columns known? */
static bool
is_shippable(PlannerInfo *root, RelOptInfo *baserel, RestrictInfo *rinfo)
{
	MfQualContext context = {root, baserel};

	if (!((MfRelPlan *) baserel->fdw_private)->filters)
		return false;
	context.outer = bms_difference(rinfo->clause_relids, baserel->relids);
	return mf_qual_template(&context, rinfo->clause) != NIL;
}

/* Of the rows that the remote holds, what part comes over the wire? */
static double
shipped_selectivity(PlannerInfo *root, RelOptInfo *baserel, List *clauses)
{
	List	   *shipped = NIL;
	ListCell   *lc;

	foreach(lc, clauses)
	{
		if (is_shippable(root, baserel, lfirst(lc)))
			shipped = lappend(shipped, lfirst(lc));
	}
	return clauselist_selectivity(root, shipped, baserel->relid, JOIN_INNER, NULL);
}

/* What a remote's sorting adds to a scan, as in postgres_fdw. */
#define SORT_MULTIPLIER 1.2

static void
add_scan_path(PlannerInfo *root, RelOptInfo *baserel, double rows, List *clauses, List *pathkeys,
			  Relids outer)
{
	MfRelPlan  *plan = baserel->fdw_private;
	ForeignPath *path;
	double		fetched = clamp_row_est(baserel->tuples * shipped_selectivity(root, baserel, clauses));
	Cost		startup = plan->startup_cost + baserel->baserestrictcost.startup;
	Cost		run = fetched * (plan->tuple_cost + cpu_tuple_cost + baserel->baserestrictcost.per_tuple);

	if (pathkeys != NIL)
		run *= SORT_MULTIPLIER;
	path = mf_create_foreignscan_path(root, baserel, rows, startup, startup + run, pathkeys, outer);
	path->path.parallel_safe = false;	/* in a worker: see parallel.c */
	add_path(baserel, (Path *) path);
	if (pathkeys == NIL && bms_is_empty(outer))
		mf_add_partial_path(root, baserel, startup, run);
}

/* A join by an equality of ours: any column may be the other side. */
static bool
any_member(PlannerInfo *root, RelOptInfo *rel, EquivalenceClass *ec, EquivalenceMember *em, void *arg)
{
	return bms_equal(em->em_relids, rel->relids);
}

/* Parameterized paths: nested loops that look up by key. */
static void
add_parameterized_paths(PlannerInfo *root, RelOptInfo *baserel)
{
	List	   *clauses = NIL;
	List	   *infos = NIL;
	ListCell   *lc;

	foreach(lc, baserel->joininfo)
	{
		RestrictInfo *rinfo = lfirst(lc);

		if (join_clause_is_movable_to(rinfo, baserel))
			clauses = lappend(clauses, rinfo);
	}
	if (baserel->has_eclass_joins)
		clauses = list_concat(clauses,
							  generate_implied_equalities_for_column(root, baserel, any_member, NULL,
																	 baserel->lateral_referencers));
	foreach(lc, clauses)
	{
		RestrictInfo *rinfo = lfirst(lc);
		Relids		outer = bms_difference(bms_union(rinfo->clause_relids, baserel->lateral_relids),
										   baserel->relids);

		if (!bms_is_empty(outer) && is_shippable(root, baserel, rinfo))
			infos = list_append_unique_ptr(infos, get_baserel_parampathinfo(root, baserel, outer));
	}
	foreach(lc, infos)
	{
		ParamPathInfo *info = lfirst(lc);

		add_scan_path(root, baserel, info->ppi_rows,
					  list_concat_copy(info->ppi_clauses, baserel->baserestrictinfo), NIL, info->ppi_req_outer);
	}
}

void
mf_get_paths(PlannerInfo *root, RelOptInfo *baserel, Oid relid)
{
	add_scan_path(root, baserel, baserel->rows, baserel->baserestrictinfo, NIL, baserel->lateral_relids);
	if (mf_sort_columns(root, baserel, root->query_pathkeys) != NIL)
		add_scan_path(root, baserel, baserel->rows, baserel->baserestrictinfo, root->query_pathkeys,
					  baserel->lateral_relids);
	add_parameterized_paths(root, baserel);
}
