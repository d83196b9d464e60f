/*
 * filter_es.h - What do the files that write filters share?
 */
#ifndef MF_ES_FILTER_H
#define MF_ES_FILTER_H

#include "es.h"

#define ES_MAX_TERMS 65536		/* index.max_terms_count */
#define ES_MAX_RANGES 100		/* of an IN that takes one range for each value */
#define ES_MAX_TERM_BYTES 32766 /* longer ones cannot be in an index */

typedef struct EsFilterContext
{
	const EsMapping *mapping;	/* what counts, or NULL: */
	const MfCollection *collection; /* what was described, or NULL: */
	bool		guess;			/* take the columns' types for the fields' */
	bool	   *guessed;		/* set when that was done */
	MfJsonBuf  *out;
} EsFilterContext;

/* A field as it can be asked for. */
typedef struct EsTarget
{
	const EsField *field;
	EsField		room;			/* a guessed field */
	bool		list;			/* may hold several values */
	bool		loose;			/* values may be missing from the index */
	bool		extra;			/* the index may hold values that are not read */
} EsTarget;

/* ---- filter_field.c: false = the field cannot be asked. */
extern bool es_target(const EsFilterContext *c, const char *path, MfKind kind, EsTarget *target);

/* As above for its values: of a text field, the keyword that is indexed with it. */
extern bool es_target_value(const EsFilterContext *c, const char *path, MfKind kind, EsTarget *target);

/* Does `exists` find all that is indexed of it? */
extern bool es_target_exists(const EsTarget *target);
extern void es_write_exists(MfJsonBuf *out, const EsTarget *target);

/* ---- filter_value.c: one condition on values, without regard to what the index lacks. */
extern MfShip es_write_values(const EsTarget *target, MfFilterOp op, MfKind kind,
							  const MfValue *values, int nvalues, MfJsonBuf *out);

/* ---- filter_number.c: the same for numbers and dates. */
extern bool es_is_number(const char *type);
extern MfShip es_write_numbers(const EsTarget *target, MfFilterOp op, MfKind kind,
							   const MfValue *values, int nvalues, MfJsonBuf *out);

/* ---- filter_like.c */
extern MfShip es_write_like(const EsTarget *target, const MfValue *pattern, MfJsonBuf *out);

/* ---- filter_json.c */
extern MfShip es_write_json(const EsFilterContext *c, const MfFilter *filter);

/* ---- filter.c: a condition that all wanted values meet, whatever the index lacks. */
extern MfShip es_write_condition(const EsFilterContext *c, const EsTarget *target, MfFilterOp op,
								 MfKind kind, const MfValue *values, int nvalues, bool negated);
extern MfShip es_undo(MfJsonBuf *out, size_t mark);
extern void es_write_text(MfJsonBuf *out, const char *text, size_t len);

#endif							/* MF_ES_FILTER_H */
