/*
 * filter.h - What do the files that turn conditions into expressions share?
 */
#ifndef MILVUS2_FILTER_H
#define MILVUS2_FILTER_H

#include "internal.h"
#include "json.h"

/*
 * What a condition came to: it holds for all rows, for none, or its expression
 * was put at the end of the text.  Not exact: it holds for more rows than the
 * condition.
 */
typedef struct M2Term
{
	enum
	{
		M2_TERM_TRUE,
		M2_TERM_FALSE,
		M2_TERM_TEXT
	}			is;
	bool		exact;
} M2Term;

#define M2_TRUE ((M2Term) {M2_TERM_TRUE, true})
#define M2_FALSE ((M2Term) {M2_TERM_FALSE, true})
#define M2_EXACT ((M2Term) {M2_TERM_TEXT, true})
#define M2_SUPERSET ((M2Term) {M2_TERM_TEXT, false})
#define M2_NOTHING ((M2Term) {M2_TERM_TRUE, false})	/* cannot be shipped */

static inline void
m2_expr_cut(MfJsonBuf *expr, size_t len)
{
	expr->len = len;
	if (expr->data != NULL)
		expr->data[len] = '\0';
}

/* The same question the other way round; only for EQ ... GE. */
extern MfFilterOp m2_opposite(MfFilterOp op);
extern const char *m2_operator(MfFilterOp op);

/* A number that the server reads as a floating-point one, never as an integer. */
extern void m2_expr_real(MfJsonBuf *expr, double value);

/*
 * The text before the first wildcard, unescaped into *prefix (mf_free it).
 * *rest: what follows, "" where there is no wildcard, "%" where only those do.
 * false = a pattern that SQL refuses, or no memory.
 */
extern bool m2_like_prefix(MfMem *mem, const MfValue *pattern, char **prefix, size_t *len,
						   const char **rest);

/*
 * The smallest text that comes after all those with this prefix, in place;
 * false = there is none.
 */
extern bool m2_after_prefix(char *prefix, size_t *len);

/* filter_field.c, filter_json.c: one condition on a typed field, on JSON. */
extern M2Term m2_filter_field(MfJsonBuf *expr, const MfField *field, const MfFilter *f, bool negate);
extern M2Term m2_filter_json(MfJsonBuf *expr, const MfField *field, const MfFilter *f, bool negate);

#endif							/* MILVUS2_FILTER_H */
