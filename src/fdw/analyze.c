/*
 * analyze.c - What would a sample of a remote collection say?
 *
 * ANALYZE reads the collection once and keeps a random sample of the size that
 * PostgreSQL asks for, by Vitter's reservoir method as PostgreSQL's own
 * sampling.h has it.
 */
#include "milvus_fdw.h"

#include "access/htup_details.h"
#include "commands/vacuum.h"
#include "plan.h"
#include "scan.h"
#include "utils/sampling.h"

static int
sample(Relation rel, int elevel, HeapTuple *rows, int targrows, double *totalrows, double *totaldeadrows)
{
	TupleDesc	desc = RelationGetDescr(rel);
	Datum	   *values = palloc0(sizeof(Datum) * Max(desc->natts, 1));
	bool	   *isnull = palloc(sizeof(bool) * Max(desc->natts, 1));
	MemoryContext context = AllocSetContextCreate(CurrentMemoryContext, "milvus_fdw analyze", ALLOCSET_DEFAULT_SIZES);
	MemoryContext row_context = AllocSetContextCreate(CurrentMemoryContext, "milvus_fdw row", ALLOCSET_DEFAULT_SIZES);
	MemoryContext before = MemoryContextSwitchTo(context);
	MfTable    *table = mf_table_open(RelationGetRelid(rel), GetUserId(), context);
	MfScanState *state = mf_scan_setup(table, desc, mf_plan_whole_table(table->relid, desc));
	ReservoirStateData reservoir;
	double		seen = 0;
	double		skip = -1;
	int			n = 0;

	memset(isnull, true, sizeof(bool) * desc->natts);
	reservoir_init_selection_state(&reservoir, targrows);
	MemoryContextSwitchTo(row_context);
	while (mf_scan_row(state, values, isnull))
	{
		int			at = -1;

		CHECK_FOR_INTERRUPTS();
		if (n < targrows)
			at = n++;
		else
		{
			if (skip < 0)
				skip = reservoir_get_next_S(&reservoir, seen, targrows);
			if (skip <= 0)
			{
				at = (int) (targrows * sampler_random_fract(&reservoir.randstate));
				heap_freetuple(rows[at]);
			}
			skip -= 1;
		}
		if (at >= 0)
		{
			MemoryContextSwitchTo(before);
			rows[at] = heap_form_tuple(desc, values, isnull);
			MemoryContextSwitchTo(row_context);
		}
		seen += 1;
		MemoryContextReset(row_context);
	}
	MemoryContextSwitchTo(before);
	MemoryContextDelete(row_context);
	MemoryContextDelete(context);

	*totalrows = seen;
	*totaldeadrows = 0;
	ereport(elevel,
			(errmsg("\"%s\": the collection holds %.0f rows; %d rows in sample",
					RelationGetRelationName(rel), seen, n)));
	return n;
}

bool
mf_analyze(Relation rel, AcquireSampleRowsFunc *func, BlockNumber *totalpages)
{
	const MfConnector *connector = mf_connector_of_server(GetForeignTable(RelationGetRelid(rel))->serverid);

	/* there are no pages: one says that there is something */
	*totalpages = 1;
	*func = sample;
	return (connector->capabilities & MF_CAN_READ) != 0;
}
