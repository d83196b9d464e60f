/*
 * qual.h - Which conditions may a remote check for us?
 *
 * Planning turns a clause into a template, made of plain nodes so that plans
 * can be copied: its constants are numbers of expressions that the executor
 * evaluates.  Running turns templates and values into the connectors' neutral
 * tree (filter.h).  Every row that comes back is checked locally again.
 */
#ifndef MF_QUAL_H
#define MF_QUAL_H

#include "milvus_fdw.h"

#include "filter.h"

typedef struct MfQualContext
{
	PlannerInfo *root;
	RelOptInfo *rel;
	Oid			relid;
	Relids		outer;			/* relations whose columns are parameters */
	List	   *exprs;			/* grows: what templates refer to by number */
	bool		lossy;			/* set: a template lets through more than its clause */
} MfQualContext;

/* The template of a clause, or NULL if no remote could check it. */
extern List *mf_qual_template(MfQualContext *context, Expr *clause);

/*
 * Does reading a value as this type change it?  Then a remote, which has it
 * unrounded, compares and orders another value.
 */
extern bool mf_qual_rounds(Oid type, int32 typmod);

/* What a template becomes for one column. */
typedef struct MfQualColumn
{
	const char *column;
	const char *field;
	MfKind		kind;
	MfKind		elem;
} MfQualColumn;

/*
 * The tree for a template, in the current context.  `values` and `isnull` are
 * those of the expressions, `types` their types.  column_of says what a column
 * of the table is remotely.
 */
extern const MfFilter *mf_qual_filter(List *template, const Datum *values, const bool *isnull,
									  const Oid *types,
									  MfQualColumn (*column_of) (void *arg, AttrNumber attnum),
									  void *arg);

/* Members of a template.  Inner nodes: op and a list of templates. */
enum MfQualTemplate
{
	MF_QUAL_OP,					/* Integer: MfFilterOp */
	MF_QUAL_ARGS,				/* AND, OR, NOT: list of templates */

	/* leaves */
	MF_QUAL_ATTNUM = MF_QUAL_ARGS,	/* Integer */
	MF_QUAL_PATH,				/* list of String (key) and Integer (index) */
	MF_QUAL_AS_TEXT,			/* Integer 0 or 1: the path ends with ->> */
	MF_QUAL_EXPR				/* Integer: number of the expression, -1 = none */
};

#endif							/* MF_QUAL_H */
