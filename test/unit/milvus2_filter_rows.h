/*
 * milvus2_filter_rows.h - Which rows are conditions tried on, and what would SQL say of them?
 *
 * Rows at the edges of their types, random conditions on them, and their
 * meaning.  For milvus2_filter.c only.
 */
#ifndef MILVUS2_FILTER_ROWS_H
#define MILVUS2_FILTER_ROWS_H

#include <float.h>
#include <math.h>

#include "milvus2_drive.h"

#define NROWS 240
#define I64(v) {.kind = MF_KIND_I64,.integer = v}
#define F64(v) {.kind = MF_KIND_F64,.real = v}
#define TEXT(v) {.kind = MF_KIND_TEXT,.bytes = v,.len = sizeof(v) - 1}
#define JSON(v) {.kind = MF_KIND_JSON,.bytes = v,.len = sizeof(v) - 1}
#define BOOL(v) {.kind = MF_KIND_BOOL,.boolean = v}

/* A JSON value: as written; as text (NULL: SQL NULL); its number in one spelling. */
typedef struct Atom
{
	const char *json;
	const char *text;
	const char *number;
} Atom;

static const Atom atoms[] = {
	{NULL}, {"null"}, {"1", "1", "1"}, {"1.0", "1.0", "1"}, {"1E2", "100", "100"}, {"100", "100", "100"}, {"\"1\"", "1"}, {"true", "true"},
	{"false", "false"}, {"\"true\"", "true"}, {"\"\"", ""}, {"\"a\\\"b\"", "a\"b"}, {"\"\\u0061\"", "a"}, {"\"a%\"", "a%"}, {"\"\xc3\xa4\"", "\xc3\xa4"},
	{"0.1", "0.1", "0.1"}, {"-0.0", "0.0", "0"}, {"9007199254740993", "9007199254740993", "9007199254740993"},
	{"9007199254740992.0", "9007199254740992.0", "9007199254740992"}, {"9223372036854775807", "9223372036854775807", "9223372036854775807"},
	{"-9223372036854775808", "-9223372036854775808", "-9223372036854775808"}, {"18446744073709551616", "18446744073709551616", "18446744073709551616"},
	{"12345678901234567890123", "12345678901234567890123", "12345678901234567890123"}, {"1.00000000000000000001", "1.00000000000000000001", "1.00000000000000000001"},
	{"{}", "{}"}, {"[]", "[]"}, {"[1]", "[1]"}, {"1e300", NULL, "1e300"}, {"\"\xf0\x9f\x98\x80\\n\"", "\xf0\x9f\x98\x80\n"},
};
#define NATOMS (int) (sizeof(atoms) / sizeof(atoms[0]))

static const char *const strings[] = {"", "a", "A", "abc", "abcd", "ab", "a%c", "a_c", "a\"b", "a\\b", "a\nb", "a\tb", "\xc3\xa4",
"\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80", "\xef\xbf\xbd", "\xf0\x9f\x98\x80", "zz'q", " ", "a ", "\x7f", "\xe2\x80\xa8", "~", "%", "_", "\\", "abc%d", "\xf4\x8f\xbf\xbf"};
static const int64_t ints[] = {0, 1, -1, 2, 127, 128, -128, -129, 32767, -32768, 32768, 2147483647, -2147483648LL, 2147483648LL,
9007199254740992, 9007199254740993, INT64_MAX, INT64_MAX - 1, INT64_MIN, INT64_MIN + 1};
static const double reals[] = {0, -0.0, 1, -1.5, 0.1, 0.2, 0.30000000000000004, 16777216, 16777217, 1e-45, 5e-324, 2.2250738585072014e-308, 1.1754943508222875e-38,
FLT_MAX, DBL_MAX, -FLT_MAX, -DBL_MAX, 3.5e38, 9007199254740993.0, NAN, INFINITY, -INFINITY};
#define COUNT(a) (int) (sizeof(a) / sizeof((a)[0]))

typedef struct Row
{
	int64_t		ints[5];		/* id, i8, i16, i32, i64 */
	bool		b;
	double		f;
	double		d;
	const char *t;
	int			a;				/* atoms: j.a, j.l[0], meta.a */
	int			l;
	int			m;
	bool		k_there;
	int64_t		k;				/* a dynamic key */
	const char *s;				/* another one, or NULL */
} Row;

static Row	rows[NROWS];
static uint64_t seed;

static int
pick(int n)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return (int) (seed % (uint64_t) n);
}

static void
make_rows(void)
{
	for (int i = 0; i < NROWS; i++)
	{
		Row		   *r = &rows[i];

		r->ints[0] = i == 0 ? INT64_MIN : i == 1 ? INT64_MIN + 1 : i == 2 ? INT64_MAX - 1 : i - 100;
		r->ints[1] = (int8_t) ints[pick(COUNT(ints))];
		r->ints[2] = (int16_t) ints[pick(COUNT(ints))];
		r->ints[3] = (int32_t) ints[pick(COUNT(ints))];
		r->ints[4] = ints[pick(COUNT(ints))];
		r->b = pick(2);
		r->f = (float) reals[pick(COUNT(reals))];
		r->d = reals[pick(COUNT(reals))];
		r->t = strings[pick(COUNT(strings))];
		r->a = pick(NATOMS);
		r->l = pick(NATOMS);
		r->m = pick(NATOMS);
		r->k_there = pick(3);
		r->k = ints[pick(COUNT(ints))];
		r->s = pick(3) ? strings[pick(COUNT(strings) - 1)] : NULL;
	}
}

/* ------------------------------------------------------------ what SQL says */

/* -1 = NULL */
static int
compared(MfFilterOp op, int order)
{
	switch (op)
	{
		case MF_FILTER_EQ:
		case MF_FILTER_IN:
			return order == 0;
		case MF_FILTER_NE:
			return order != 0;
		case MF_FILTER_LT:
			return order < 0;
		case MF_FILTER_LE:
			return order <= 0;
		case MF_FILTER_GT:
			return order > 0;
		default:
			return order >= 0;
	}
}

static int
order_reals(double a, double b)
{
	if (isnan(a) || isnan(b))
		return isnan(a) - isnan(b);
	return a < b ? -1 : a > b;
}

static bool
like(const char *s, const char *p)
{
	for (; *p != '\0'; p++)
	{
		if (*p == '%')
		{
			for (;; s++)
			{
				if (((unsigned char) *s & 0xC0) != 0x80 && like(s, p + 1))
					return true;
				if (*s == '\0')
					return false;
			}
		}
		if (*s == '\0')
			return false;
		if (*p == '_')
		{
			while (((unsigned char) s[1] & 0xC0) == 0x80)
				s++;
		}
		else if (*s != *(*p == '\\' ? ++p : p))
			return false;
		s++;
	}
	return *s == '\0';
}

static int
text_is_true(const MfFilter *f, const char *text)
{
	if (text == NULL)
		return -1;
	if (f->op == MF_FILTER_LIKE)
		return like(text, f->values[0].bytes);
	for (int i = 0; i < f->nvalues; i++)
	{
		if (compared(f->op, strcmp(text, f->values[i].bytes)))
			return 1;
	}
	return 0;
}

static bool
same_atom(const Atom *a, const Atom *b)
{
	if (a->number != NULL || b->number != NULL)
		return a->number != NULL && b->number != NULL && strcmp(a->number, b->number) == 0;
	if (a->json[0] == '"' && b->json[0] == '"')
		return strcmp(a->text, b->text) == 0;
	return strcmp(a->json, b->json) == 0;
}

/* The value at a path of j or $meta: an atom, or NULL. */
static const Atom *
atom_at(const Row *r, const MfFilter *f)
{
	const Atom *atom = &atoms[f->field[0] == '$' ? r->m : f->path[0].key[0] == 'a' ? r->a : r->l];

	if (atom->json == NULL)
		return NULL;
	if (f->path[0].key[0] == 'a' && f->npath == 2)
	{
		if (strcmp(atom->json, "[1]") == 0)
			return &atoms[2];
		return atom->json[0] == '[' || atom->json[0] == '{' ? NULL : atom;
	}
	return atom;
}

static const Atom *
atom_of(const char *json)
{
	for (int i = 1; i < NATOMS; i++)
	{
		if (strcmp(atoms[i].json, json) == 0)
			return &atoms[i];
	}
	abort();
}

static int
json_counts(const Row *r, const MfFilter *f)
{
	static const Atom five = {"5", "5", "5"};
	const Atom *atom;

	if (f->op == MF_FILTER_CONTAINS)	/* {"a":...} or {"l":[...]} */
	{
		char		json[100];
		bool		list = f->values[0].bytes[2] == 'l';

		snprintf(json, sizeof(json), "%.*s", (int) f->values[0].len - (list ? 8 : 6), f->values[0].bytes + (list ? 6 : 5));
		atom = &atoms[list ? r->l : r->a];
		return atom->json != NULL && (same_atom(atom, atom_of(json)) || (list && same_atom(&five, atom_of(json))));
	}
	atom = atom_at(r, f);
	if (atom == NULL)
		return -1;
	if (!f->as_text)
		return same_atom(atom, atom_of(f->values[0].bytes));
	return text_is_true(f, atom->text == NULL && atom->number != NULL ? "10000000" : atom->text);
}

static int
is_true(const Row *r, const MfFilter *f)
{
	int			result;

	switch (f->op)
	{
		case MF_FILTER_NOT:
			result = is_true(r, f->args[0]);
			return result < 0 ? result : !result;
		case MF_FILTER_AND:
		case MF_FILTER_OR:
			result = f->op == MF_FILTER_AND;
			for (int i = 0; i < f->nargs; i++)
			{
				int			one = is_true(r, f->args[i]);

				if (one == (f->op == MF_FILTER_OR))
					return one;
				result = one < 0 ? one : result;
			}
			return result;
		case MF_FILTER_IS_NULL:
			return strcmp(f->field, "k") == 0 && !r->k_there;
		case MF_FILTER_IS_NOT_NULL:
			return strcmp(f->field, "k") != 0 || r->k_there;
		default:
			break;
	}
	if (f->kind == MF_KIND_JSON)
		return json_counts(r, f);
	if (f->kind == MF_KIND_TEXT)
		return text_is_true(f, f->field[0] == 't' ? r->t : r->s);
	if (f->field[0] == 'k' && !r->k_there)
		return -1;
	for (int i = 0; i < f->nvalues; i++)
	{
		int64_t		x = f->field[0] == 'k' ? r->k : strcmp(f->field, "id") == 0 ? r->ints[0] : strcmp(f->field, "i8") == 0 ? r->ints[1] :
			strcmp(f->field, "i16") == 0 ? r->ints[2] : strcmp(f->field, "i32") == 0 ? r->ints[3] : r->ints[4];
		int			order = f->kind == MF_KIND_BOOL ? r->b - f->values[i].boolean :
			f->kind == MF_KIND_F32 || f->kind == MF_KIND_F64 ? order_reals(f->field[0] == 'f' ? r->f : r->d, f->values[i].real) :
			x < f->values[i].integer ? -1 : x > f->values[i].integer;

		if (compared(f->op, order))
			return 1;
	}
	return 0;
}

/* ------------------------------------------------------------ random filters */

static char pool[1 << 20];		/* of one filter's things */
static size_t pool_used;

static void *
take(size_t bytes)
{
	void	   *p = pool + pool_used;

	pool_used += (bytes + 15) & ~(size_t) 15;
	memset(p, 0, bytes);
	return p;
}

static MfValue
text_value(const char *text)
{
	return (MfValue) {.kind = MF_KIND_TEXT,.bytes = text,.len = strlen(text)};
}

static MfValue
random_value(MfKind kind)
{
	double		x;

	switch (kind)
	{
		case MF_KIND_BOOL:
			return (MfValue) BOOL(pick(2));
		case MF_KIND_F32:
		case MF_KIND_F64:
			x = reals[pick(COUNT(reals))];
			x = pick(3) ? x : pick(2) ? nextafter(x, 1) : (double) nextafterf((float) x, 1);
			return (MfValue) F64(x);
		case MF_KIND_TEXT:
			return text_value(strings[pick(COUNT(strings))]);
		default:
			return (MfValue) I64((int64_t) ((uint64_t) ints[pick(COUNT(ints))] + (uint64_t) (pick(3) ? 0 : pick(3) - 1)));
	}
}

static const MfFilter *
random_json(MfFilter *f)
{
	static const MfPathStep a[] = {{.key = "a"}, {.index = 0}};
	static const MfPathStep l[] = {{.key = "l"}, {.index = 0}};
	MfValue    *values = take(sizeof(MfValue) * 4);
	const Atom *atom = &atoms[1 + pick(NATOMS - 1)];
	bool		list = pick(2);
	char	   *text = take(100);

	f->kind = MF_KIND_JSON;
	f->values = values;
	f->nvalues = 1;
	if (pick(3) == 0 && atom->json[0] != '{' && atom->json[0] != '[')
	{
		f->op = MF_FILTER_CONTAINS;
		f->field = "j";
		snprintf(text, 100, list ? "{\"l\":[%s]}" : "{\"a\":%s}", atom->json);
		values[0] = (MfValue) {.kind = MF_KIND_JSON,.bytes = text,.len = strlen(text)};
		return f;
	}
	f->field = pick(3) ? "j" : "$meta";
	f->path = f->field[0] == '$' || pick(2) ? a : l;
	f->npath = f->path == l ? 2 : f->field[0] == '$' ? 1 : 1 + pick(2);
	f->as_text = pick(2);
	f->op = MF_FILTER_EQ;
	if (!f->as_text)
		values[0] = (MfValue) {.kind = MF_KIND_JSON,.bytes = atom->json,.len = strlen(atom->json)};
	else
	{
		f->op = pick(2) ? MF_FILTER_EQ : pick(2) ? MF_FILTER_NE : MF_FILTER_IN;
		f->nvalues = f->op == MF_FILTER_IN ? pick(4) : 1;
		for (int i = 0; i < f->nvalues; i++)
		{
			atom = &atoms[1 + pick(NATOMS - 1)];
			values[i] = text_value(atom->text != NULL ? atom->text : "x");
		}
	}
	return f;
}

static const MfFilter *
random_leaf(void)
{
	static const char *const names[] = {"id", "i8", "i16", "i32", "i64", "b", "f", "d", "t", "k", "s"};
	static const MfKind kinds[] = {MF_KIND_I64, MF_KIND_I16, MF_KIND_I16, MF_KIND_I32, MF_KIND_I64, MF_KIND_BOOL, MF_KIND_F32,
	MF_KIND_F64, MF_KIND_TEXT, MF_KIND_I64, MF_KIND_TEXT};
	static const char *const ends[] = {"", "%", "%%", "_", "%c", "_%", "\\%%", "\\_%"};
	MfFilter   *f = take(sizeof(MfFilter));
	MfValue    *values = take(sizeof(MfValue) * 20);
	int			column = pick(15);

	if (column >= 11)
		return random_json(f);
	f->field = names[column];
	f->kind = kinds[column];
	f->values = values;
	f->op = pick(4) ? (MfFilterOp) (MF_FILTER_EQ + pick(6)) : MF_FILTER_IN;
	if (f->kind == MF_KIND_BOOL && f->op > MF_FILTER_NE)
		f->op = MF_FILTER_EQ;
	if (pick(20) == 0 && f->field[0] != 's')
		f->op = pick(2) ? MF_FILTER_IS_NULL : MF_FILTER_IS_NOT_NULL;
	f->nvalues = f->op == MF_FILTER_IN ? pick(20) : 1;
	for (int i = 0; i < f->nvalues; i++)
	{
		values[i] = random_value(f->kind);
		if (column == 0 && pick(4))
			values[i].integer = rows[pick(NROWS)].ints[0];
	}
	if (f->kind == MF_KIND_TEXT && pick(3) == 0)
	{
		char	   *pattern = take(100);
		const char *text = values[0].bytes;
		size_t		n = 0;

		f->op = MF_FILTER_LIKE;
		f->nvalues = 1;
		values[0] = random_value(MF_KIND_TEXT);
		text = values[0].bytes;
		for (; *text != '\0'; text++)
		{
			if ((*text == '%' || *text == '_') && pick(2))
				pattern[n++] = '\\';
			if (*text == '\\')
				pattern[n++] = '\\';
			pattern[n++] = *text;
		}
		strcpy(pattern + n, ends[pick(COUNT(ends))]);
		values[0] = text_value(pattern);
	}
	return f;
}

static const MfFilter *
random_filter(int depth)
{
	MfFilter   *f = take(sizeof(MfFilter));
	const MfFilter **args = take(sizeof(MfFilter *) * 3);

	if (depth == 0 || pick(2))
	{
		const MfFilter *leaf = random_leaf();

		if (pick(4))
			return leaf;
		args[0] = leaf;
		*f = (MfFilter) {.op = MF_FILTER_NOT,.nargs = 1,.args = args};
		return f;
	}
	f->op = pick(2) ? MF_FILTER_AND : MF_FILTER_OR;
	f->nargs = 1 + pick(3);
	for (int i = 0; i < f->nargs; i++)
		args[i] = random_filter(depth - 1);
	f->args = args;
	if (pick(4) == 0)
	{
		MfFilter   *not = take(sizeof(MfFilter));
		const MfFilter **one = take(sizeof(MfFilter *));

		one[0] = f;
		*not = (MfFilter) {.op = MF_FILTER_NOT,.nargs = 1,.args = one};
		return not;
	}
	return f;
}

#endif							/* MILVUS2_FILTER_ROWS_H */
