/*
 * filter.h - Which rows does a query want, said so that any remote can read it?
 *
 * The core turns SQL conditions into this neutral tree, each connector turns
 * the tree into its own language (Milvus expressions, Elasticsearch's query
 * DSL).  Three-valued logic as in SQL: a row is wanted only where the whole
 * tree is true.  Plain C, no PostgreSQL header.
 */
#ifndef MF_FILTER_H
#define MF_FILTER_H

#include "batch.h"

typedef enum MfFilterOp
{
	MF_FILTER_AND,				/* args */
	MF_FILTER_OR,				/* args */
	MF_FILTER_NOT,				/* args[0]; NULL stays NULL */
	MF_FILTER_TRUE,				/* every row */
	MF_FILTER_FALSE,			/* no row */

	/* field, and values[0], which is never NULL */
	MF_FILTER_EQ,
	MF_FILTER_NE,
	MF_FILTER_LT,
	MF_FILTER_LE,
	MF_FILTER_GT,
	MF_FILTER_GE,
	MF_FILTER_LIKE,				/* values[0]: SQL pattern, escape character \ */

	MF_FILTER_IN,				/* field is one of values (none of them NULL;
								 * may be empty: never true) */
	MF_FILTER_IS_NULL,			/* field is NULL or missing */
	MF_FILTER_IS_NOT_NULL,

	MF_FILTER_CONTAINS,			/* a list field holds values[0] */
	MF_FILTER_CONTAINS_ALL,		/* a list field holds all values */
	MF_FILTER_OVERLAPS			/* a list field holds one of values */
} MfFilterOp;

/* One step into a JSON field: a key, or an index from 0 where key is NULL. */
typedef struct MfPathStep
{
	const char *key;
	int32_t		index;
} MfPathStep;

/* A constant.  Which member holds it follows from kind (see batch.h). */
typedef struct MfValue
{
	MfKind		kind;			/* BOOL, I64, F64, F32, DECIMAL, TEXT, BYTES,
								 * JSON, TIMESTAMP, UUID, INET */
	bool		boolean;
	int64_t		integer;		/* I64; TIMESTAMP: us since 1970-01-01 UTC */
	double		real;			/* F64, F32 */
	const char *bytes;			/* the rest: UTF-8, with NUL behind */
	size_t		len;
} MfValue;

typedef struct MfFilter MfFilter;
struct MfFilter
{
	MfFilterOp	op;
	int			nargs;
	const MfFilter *const *args;

	const char *column;			/* the SQL column's name, for messages */
	const char *field;			/* remote field or dotted path */
	MfKind		kind;			/* what the SQL column is read as */
	MfKind		elem;			/* of a list */
	int			npath;			/* steps into a JSON field; 0 = the field */
	const MfPathStep *path;
	bool		as_text;		/* the path ends with ->>: compared as text */

	int			nvalues;
	const MfValue *values;
};

/*
 * How well can the remote check a filter?  SUPERSET: it lets through every
 * wanted row and maybe others, which the core drops.  EXACT: it lets through
 * the wanted rows and no other.
 */
typedef enum MfShip
{
	MF_SHIP_NO = 0,
	MF_SHIP_SUPERSET,
	MF_SHIP_EXACT
} MfShip;

#endif							/* MF_FILTER_H */
