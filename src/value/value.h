/*
 * value.h - How do PostgreSQL's values and a batch's become each other?
 *
 * reader: column of a batch -> Datum.  writer: Datum -> column of a batch.
 * Both are set up once a column and then called for every value.
 */
#ifndef MF_VALUE_H
#define MF_VALUE_H

#include "milvus_fdw.h"

#include "utils/array.h"

/* An array header of one dimension fits before each vector that is read. */
#define MF_VECTOR_HEADROOM MAXALIGN(ARR_OVERHEAD_NONULLS(1))

/* What a connector is asked for to fill a column of this type. */
typedef struct MfWanted
{
	MfKind		kind;
	MfKind		elem;
	int32		dim;			/* vectors; 0 = take the remote field's */
	size_t		headroom;
} MfWanted;

/*
 * The natural kind of a type: real[] with a known dim is a vector, other
 * arrays are lists, what has no kind of its own travels as text.
 */
extern MfWanted mf_natural_kind(Oid type, int32 typmod, int32 dim);

/* Types that the extension pgvector brings, where it is there. */
typedef enum MfPgVector
{
	MF_PGVECTOR_NONE,
	MF_PGVECTOR_VECTOR,
	MF_PGVECTOR_HALFVEC,
	MF_PGVECTOR_SPARSEVEC
} MfPgVector;

typedef struct MfReader MfReader;
typedef Datum (*MfReadValue) (MfReader *reader, MfColumn *col, int32 row);

struct MfReader
{
	Oid			type;			/* the column's, domains resolved */
	Oid			declared;		/* the column's */
	int32		typmod;
	MfPgVector	pgvector;
	bool		is_domain;
	void	   *domain_extra;
	MfKind		kind;			/* what `read` was chosen for */
	MfKind		elem_kind;
	MfReadValue read;
	FmgrInfo	input;			/* the type's input function, for text */
	Oid			ioparam;
	MfReader   *elem;			/* arrays: how elements are read */
	int16		elem_len;
	bool		elem_byval;
	char		elem_align;
	MemoryContext context;		/* of the reader itself */
};

extern void mf_reader_init(MfReader *reader, Oid type, int32 typmod, MemoryContext context);

/*
 * One value, in the current memory context; it may point into the batch.
 * Raises DATATYPE_MISMATCH if the kind cannot become the type, and what the
 * value itself asks for (range, encoding, ...).
 */
extern Datum mf_read_value(MfReader *reader, MfColumn *col, int32 row, bool *isnull);

/* Any value as text, in the database's encoding (verified). */
extern char *mf_value_text(MfColumn *col, int32 row);

/* UTF-8 bytes as text of the database's encoding, verified; CHARACTER_NOT_IN_REPERTOIRE. */
extern char *mf_text_from_utf8(const char *bytes, size_t len, size_t *outlen);

typedef struct MfWriter MfWriter;
typedef void (*MfPutValue) (MfWriter *writer, MfMem *mem, MfColumn *col, Datum value);

struct MfWriter
{
	const MfField *field;		/* where to, with its limits */
	Oid			type;			/* domains resolved */
	MfPutValue	put;
	FmgrInfo	output;			/* for what travels as text */
	bool		varlena_output;
	MfWriter   *elem;			/* arrays: how elements are written */
	int16		elem_len;
	bool		elem_byval;
	char		elem_align;
	MfField		elem_field;
};

/*
 * Choose how values of `type` go into `field`.  Raises DATATYPE_MISMATCH
 * naming both if they never can.
 */
extern void mf_writer_init(MfWriter *writer, Oid type, int32 typmod, const MfField *field,
						   const char *column, MemoryContext context);

/* The same; false = they never can. */
extern bool mf_writer_try(MfWriter *writer, Oid type, const MfField *field, MemoryContext context);

/*
 * Append one value to a batch's column.  Raises NOT_NULL_VIOLATION,
 * NUMERIC_VALUE_OUT_OF_RANGE, STRING_DATA_RIGHT_TRUNCATION, DATA_EXCEPTION
 * (dimensions), OUT_OF_MEMORY.  Leaves the column as it was on error.
 */
extern void mf_write_value(MfWriter *writer, MfMem *mem, MfColumn *col, Datum value, bool isnull);

#endif							/* MF_VALUE_H */
