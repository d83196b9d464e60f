/*
 * target.h - Which collection would hold a table's rows?
 */
#ifndef MF_SQLFN_TARGET_H
#define MF_SQLFN_TARGET_H

#include "remote.h"

/* What the caller says of the new collection; NULL, 0: the source decides. */
typedef struct MfTargetArgs
{
	const char *name;
	Oid			like;
	const MfConnector *connector;	/* of the new collection */
	const char *primary_key;	/* columns or fields, in UTF-8 */
	const char *partition_key;
	const char *clustering_key;
	int			auto_id;		/* -1: the source decides */
	int			dynamic;		/* the same */
	int32		shards;
	int64		num_partitions;
	const char *consistency_level;
	const char *description;
	const MfOptions *properties;	/* on top of the source's */
	int			npartitions;	/* -1: the source's */
	const char *const *partitions;
} MfTargetArgs;

/*
 * The collection: a copy of the source's own description where the source is a
 * foreign table of the same kind of remote and its collection exists, else a
 * field for each column, with what the options of table and columns say.  A
 * vector's metric comes from the source where it has one.  Columns that no field
 * can hold, or that are too many, are named in a NOTICE.  Raises
 * UNDEFINED_COLUMN, DUPLICATE_COLUMN, DATATYPE_MISMATCH.
 *
 * A field with nindexes = 1 has the index that it says, or none if its type is
 * "none"; for others nothing is said.
 */
extern MfCollection *mf_target_like(const MfTargetArgs *args);

/* -------------------------------------------------------- in target_column.c */

/* Where columns come from. */
typedef struct MfSource
{
	Oid			relid;
	MfTable    *table;			/* NULL: not a foreign table of ours */
	const MfCollection *described;	/* NULL: not, or no longer, there */
	const MfConnector *target;
	bool		same;			/* both are of one kind of remote */
} MfSource;

/* The remote field behind a column of the source, or NULL. */
extern const MfField *mf_source_field(const MfSource *source, Form_pg_attribute att);

/*
 * What the column becomes: name, kind, limits, and what its options say.
 * false = no field can hold its type.  `quiet`: without NOTICEs, and without
 * looking into the table for dimensions.
 */
extern bool mf_source_column(const MfSource *source, Form_pg_attribute att, bool quiet,
							 MfField *field);

/* --------------------------------------------------------- in target_table.c */

/* A field for each column, and what the options of a foreign table say. */
extern void mf_target_from_columns(const MfSource *source, const char *primary_key,
								   MfCollection *target);

#endif							/* MF_SQLFN_TARGET_H */
