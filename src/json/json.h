/*
 * json.h - How is JSON text read straight into columns, without a tree?
 *
 * A cursor over a buffer that is followed by MF_JSON_SLACK zero bytes: every
 * loop below ends at a zero byte at the latest, so that the hot ones need no
 * comparison with the end.  Everything passed over is checked against the
 * grammar of JSON; that text is valid UTF-8 is left to the core.
 *
 * Plain C, no PostgreSQL header.
 */
#ifndef MF_JSON_H
#define MF_JSON_H

#include "batch.h"

#define MF_JSON_SLACK 64		/* zero bytes after the text, at least */
#define MF_JSON_DEPTH 256		/* deepest nesting that is read */

typedef struct MfJson
{
	const char *p;				/* next byte */
	const char *end;			/* first byte after the text */
	const char *fault;			/* static text: what is wrong, or NULL */
} MfJson;

/* A string between its quotes, still escaped. */
typedef struct MfJsonText
{
	const char *at;
	size_t		len;
	bool		escaped;		/* holds at least one backslash */
} MfJsonText;

typedef struct MfJsonNumber
{
	const char *at;				/* the text, sign included */
	const char *end;
	uint64_t	mantissa;		/* of all digits, if exact */
	int32_t		exp10;			/* value = mantissa * 10^exp10 */
	bool		negative;
	bool		exact;			/* at most 19 digits and a sane exponent */
} MfJsonNumber;

typedef enum MfJsonInt
{
	MF_JSON_INT_OK,
	MF_JSON_INT_FRACTION,		/* not a whole number */
	MF_JSON_INT_RANGE
} MfJsonInt;

/* ---- scan.c: the grammar.  false = j->fault says why. */
extern void mf_json_start(MfJson *j, const char *text, size_t len);
extern bool mf_json_fail(MfJson *j, const char *fault);
extern bool mf_json_string(MfJson *j, MfJsonText *out);
extern bool mf_json_number(MfJson *j, MfJsonNumber *out);
extern bool mf_json_bool(MfJson *j, bool *out);
extern bool mf_json_null(MfJson *j);
extern bool mf_json_skip(MfJson *j);

/* Is there nothing but white space left? */
extern bool mf_json_finish(MfJson *j);

/*
 * Walk an object or array whose opening bracket was passed; *first starts as
 * true.  1 = at a value (member: its key is in *key), 0 = closed, -1 = fault.
 */
extern int	mf_json_member(MfJson *j, bool *first, MfJsonText *key);
extern int	mf_json_element(MfJson *j, bool *first);

static inline void
mf_json_ws(MfJson *j)
{
	while (*j->p == ' ' || *j->p == '\n' || *j->p == '\r' || *j->p == '\t')
		j->p++;
}

/* ---- number.c: values of numbers, correctly rounded whatever the locale. */
extern float mf_json_f32(const MfJsonNumber *n);	/* may answer infinity */
extern double mf_json_f64(const MfJsonNumber *n);	/* may answer infinity */
extern MfJsonInt mf_json_i64(const MfJsonNumber *n, int64_t *out);
extern MfJsonInt mf_json_u64(const MfJsonNumber *n, uint64_t *out);

/* A number that is the whole of a text, which is followed by a byte that no number holds. */
extern bool mf_json_number_text(const char *text, size_t len, MfJsonNumber *out);

/*
 * An array of numbers whose '[' was passed: at most `room` are stored, all are
 * counted.  false = j->fault (also for elements that are no numbers).
 */
extern bool mf_json_f32_array(MfJson *j, float *out, int32_t room, int64_t *count);

/* ---- text.c: strings. */
typedef enum MfJsonDecode
{
	MF_JSON_TEXT_OK,
	MF_JSON_TEXT_SURROGATE,		/* half of a surrogate pair: no character */
	MF_JSON_TEXT_ZERO			/* U+0000: PostgreSQL's text cannot hold it */
} MfJsonDecode;

/* out has room for text->len bytes; *len is what was written. */
extern MfJsonDecode mf_json_decode(const MfJsonText *text, char *out, size_t *len);
extern bool mf_json_text_is(const MfJsonText *text, const char *word);

/* A growing, NUL-terminated text for requests; after a failure `failed` is set. */
typedef struct MfJsonBuf
{
	MfMem	   *mem;
	char	   *data;
	size_t		len;
	size_t		cap;
	bool		failed;
} MfJsonBuf;

extern void mf_json_buf_raw(MfJsonBuf *buf, const char *text, size_t len);
extern void mf_json_buf_add(MfJsonBuf *buf, const char *text);
extern void mf_json_buf_int(MfJsonBuf *buf, int64_t value);
extern void mf_json_buf_quote(MfJsonBuf *buf, const char *text);	/* with quotes */
extern void mf_json_buf_quote_bytes(MfJsonBuf *buf, const char *text, size_t len);

/* ---- date.c: points in time. */
#define MF_DATE_ISO			1	/* year-month-day, then a time and a zone if any */
#define MF_DATE_MILLIS		2	/* a plain number counts milliseconds */
#define MF_DATE_SECONDS		4	/* a plain number counts seconds */

/* Microseconds since 1970 UTC.  false = not such a date. */
extern bool mf_json_date(const char *text, size_t len, int formats, int64_t *us);

/* ---- document.c, value.c: documents into columns. */
typedef struct MfJsonColumn
{
	const char *column;			/* for messages */
	const char *field;			/* the path in the documents */
	const char *label;			/* the field as the user knows it; NULL = field */
	int32_t		at;				/* column of the batch, already set up */
	int			date_formats;	/* MF_DATE_... */
	const char *date_format;	/* the remote's word for it, for messages */
	const char *constant;		/* value of a document without the field, or NULL */
} MfJsonColumn;

typedef struct MfJsonPlan MfJsonPlan;

/* NULL = no memory.  The columns are copied, their texts are not. */
extern MfJsonPlan *mf_json_plan_new(MfMem *mem, int ncolumns, const MfJsonColumn *columns);
extern void mf_json_plan_free(MfJsonPlan *plan);

/*
 * Read the object at the cursor: one value for each column of the plan.  A
 * field that is not there is ABSENT.  Fields are found as nested objects and
 * as dotted keys alike.
 *
 * A field met twice in one document (dotted and nested, or in each object of an array)
 * adds its values to a list, and is an error for a column of one value.
 */
extern bool mf_json_document(MfJsonPlan *plan, MfJson *j, MfBatch *batch, MfError *err);

/* One value into a column, or into the child of a list.  For document.c. */
extern bool mf_json_value(const MfJsonColumn *c, MfJson *j, MfMem *mem, MfColumn *col,
						  MfError *err);

#endif							/* MF_JSON_H */
