/*
 * es_filter_reference.h - Is a filter true of a row, and which filters are tried?
 *
 * Part of es_filter.c.
 */
#ifndef ES_FILTER_REFERENCE_H
#define ES_FILTER_REFERENCE_H

/* ------------------------------------------------------------------- reference */

/* -1 false, 0 NULL, 1 true */
static int
truth(bool b)
{
	return b ? 1 : -1;
}

static int
compare(const Value *v, const MfValue *w, MfKind kind)
{
	if (kind == MF_KIND_TEXT)
	{
		int			cmp = memcmp(v->text, w->bytes, v->len < w->len ? v->len : w->len);

		return cmp != 0 ? cmp : (v->len > w->len) - (v->len < w->len);
	}
	if (kind == MF_KIND_DECIMAL)
	{
		long double a = strtold(v->text, NULL);
		long double b = strtold(w->bytes, NULL);

		return (a > b) - (a < b);
	}
	if (kind == MF_KIND_F32 || kind == MF_KIND_F64)
		return (v->d > w->real) - (v->d < w->real);
	if (kind == MF_KIND_BOOL)
		return (int) v->i - (int) w->boolean;
	return (v->i > w->integer) - (v->i < w->integer);
}

static bool
like(const char *s, size_t sl, const char *p, size_t pl)
{
	while (pl > 0)
	{
		if (*p == '%')
		{
			for (size_t i = 0; i <= sl; i++)
				if ((i == sl || ((unsigned char) s[i] & 0xC0) != 0x80) && like(s + i, sl - i, p + 1, pl - 1))
					return true;
			return false;
		}
		if (sl == 0)
			return false;
		if (*p == '_')
		{
			do
				s++, sl--;
			while (sl > 0 && ((unsigned char) *s & 0xC0) == 0x80);
			p++, pl--;
			continue;
		}
		if (*p == '\\')
			p++, pl--;
		if (*s != *p)
			return false;
		s++, sl--, p++, pl--;
	}
	return sl == 0;
}

static bool
json_same(const json_t *a, const json_t *b)
{
	if (json_is_number(a) && json_is_number(b))
		return json_number_value(a) == json_number_value(b);
	return json_equal(a, b);
}

static bool
contained(json_t *a, json_t *b)
{
	const char *key;
	json_t	   *v;
	size_t		i;
	size_t		k;
	json_t	   *w;

	if (json_is_object(a) && json_is_object(b))
	{
		json_object_foreach(b, key, v)
		{
			json_t	   *in = json_object_get(a, key);

			if (in == NULL || !contained(in, v))
				return false;
		}
		return true;
	}
	if (json_is_array(a) && json_is_array(b))
	{
		json_array_foreach(b, i, v)
		{
			bool		found = false;

			json_array_foreach(a, k, w)
			{
				found |= contained(w, v);
			}
			if (!found)
				return false;
		}
		return true;
	}
	return json_same(a, b);
}

static int
json_truth(const Value *v, const MfFilter *f)
{
	json_t	   *root = json_loads(v->text, JSON_DECODE_ANY, NULL);
	json_t	   *at = root;
	int			answer = 0;

	for (int i = 0; i < f->npath && at != NULL; i++)
		at = f->path[i].key != NULL ? json_object_get(at, f->path[i].key) : json_array_get(at, (size_t) f->path[i].index);
	if (at != NULL && f->as_text)
	{
		char		number[64];
		const char *text = json_is_string(at) ? json_string_value(at) : json_is_true(at) ? "true" : json_is_false(at) ? "false" :
			json_is_number(at) ? number : NULL;

		sprintf(number, "%g", json_is_number(at) ? json_number_value(at) : 0);
		answer = json_is_null(at) ? 0 : -1;
		for (int i = 0; i < f->nvalues; i++)
			if (text != NULL && strcmp(text, f->values[i].bytes) == 0)
				answer = 1;
	}
	else if (at != NULL)
	{
		json_t	   *w = json_loads(f->values[0].bytes, JSON_DECODE_ANY, NULL);

		answer = truth(f->op == MF_FILTER_EQ ? json_same(at, w) : contained(at, w));
		json_decref(w);
	}
	json_decref(root);
	return answer;
}

static int
evaluate(const Value *row, const MfFilter *f)
{
	const Value *v = NULL;
	int			column = 0;
	int			answer;

	switch (f->op)
	{
		case MF_FILTER_AND:
		case MF_FILTER_OR:
			answer = f->op == MF_FILTER_AND ? 1 : -1;
			for (int i = 0; i < f->nargs; i++)
			{
				int			one = evaluate(row, f->args[i]);

				answer = f->op == MF_FILTER_AND ? (one < answer ? one : answer) : (one > answer ? one : answer);
			}
			return answer;
		case MF_FILTER_NOT:
			return -evaluate(row, f->args[0]);
		case MF_FILTER_TRUE:
			return 1;
		case MF_FILTER_FALSE:
			return -1;
		default:
			break;
	}
	while (strcmp(columns[column].field, f->field) != 0)
		column++;
	v = &row[column];
	if (f->op == MF_FILTER_IS_NULL || f->op == MF_FILTER_IS_NOT_NULL)
		return truth(v->null == (f->op == MF_FILTER_IS_NULL));
	if (v->null)
		return 0;
	if (f->kind == MF_KIND_JSON)
		return json_truth(v, f);
	if (f->kind == MF_KIND_LIST)
	{
		int			hits = 0;
		bool		nulls = false;

		for (int k = 0; k < f->nvalues; k++)
		{
			bool		hit = false;

			for (int i = 0; i < v->n; i++)
			{
				nulls |= v->list[i].null;
				hit |= !v->list[i].null && compare(&v->list[i], &f->values[k], f->elem) == 0;
			}
			hits += hit;
		}
		if (f->op == MF_FILTER_CONTAINS_ALL)
			return truth(hits == f->nvalues);
		return hits > 0 ? 1 : nulls && f->op == MF_FILTER_CONTAINS ? 0 : -1;
	}
	if (f->op == MF_FILTER_IN)
	{
		for (int k = 0; k < f->nvalues; k++)
			if (compare(v, &f->values[k], f->kind) == 0)
				return 1;
		return -1;
	}
	if (f->op == MF_FILTER_LIKE)
		return truth(like(v->text, v->len, f->values[0].bytes, f->values[0].len));
	answer = compare(v, &f->values[0], f->kind);
	return truth(f->op == MF_FILTER_EQ ? answer == 0 : f->op == MF_FILTER_NE ? answer != 0 : f->op == MF_FILTER_LT ? answer < 0 :
				 f->op == MF_FILTER_LE ? answer <= 0 : f->op == MF_FILTER_GT ? answer > 0 : answer >= 0);
}

/* -------------------------------------------------------------- random filters */

static char pool[1 << 20];
static size_t pool_at;

static void *
take(size_t bytes)
{
	void	   *p = pool + pool_at;

	pool_at += (bytes + 15) & ~(size_t) 15;
	return memset(p, 0, bytes);
}

static MfValue
text_value(MfKind kind, const char *text)
{
	return (MfValue) {.kind = kind,.bytes = text,.len = strlen(text)};
}

/* Half of the constants are values that are there. */
static MfValue
random_value(int column, MfKind kind)
{
	const Value *v = &values[rnd(nread)][column];
	MfValue		w = {.kind = kind};

	if (!v->null && v->kind == MF_KIND_LIST)
		v = v->n > 0 ? &v->list[rnd(v->n)] : v;
	if (!v->null && v->kind == kind && rnd(3))
	{
		w.kind = kind >= MF_KIND_I8 && kind <= MF_KIND_I64 ? MF_KIND_I64 : kind;
		w.integer = v->i + (kind == MF_KIND_TIMESTAMP ? rnd(3) - 1 : 0);
		w.boolean = v->i != 0;
		w.real = v->d;
		w.bytes = v->text;
		w.len = v->len;
		return w;
	}
	switch (kind)
	{
		case MF_KIND_BOOL:
			w.boolean = rnd(2);
			break;
		case MF_KIND_F32:
		case MF_KIND_F64:
			w.real = strtod(rnd(2) ? reals[rnd(COUNT_OF(reals))] : numbers[rnd(COUNT_OF(numbers))], NULL);
			if (kind == MF_KIND_F32 && rnd(2))
				w.real = (float) w.real;
			if (rnd(20) == 0)
				w.real = rnd(2) ? 1e300 : -1e300;
			w.kind = MF_KIND_F64;
			break;
		case MF_KIND_DECIMAL:
			w = text_value(kind, rnd(2) ? reals[rnd(COUNT_OF(reals))] : numbers[rnd(COUNT_OF(numbers))]);
			break;
		case MF_KIND_TEXT:
			w = text_value(kind, texts[rnd(COUNT_OF(texts))]);
			break;
		case MF_KIND_TIMESTAMP:
			w.integer = rnd(3) ? 1714558272123456 + rnd(2000000) : rnd(2) ? -210866803200000000 : 9223371331199999999;
			break;
		default:
			w.kind = MF_KIND_I64;
			w.integer = rnd(8) ? strtoll(numbers[rnd(COUNT_OF(numbers))], NULL, 10) : (int64_t) rnd(3) << 40;
	}
	return w;
}

static const MfFilter *
json_filter(MfFilter *f)
{
	static const char *const keys[] = {"k", "n", "b", "t", "x"};
	static const char *const docs[] = {
		"{\"k\": \"a\"}", "{\"n\": 5}", "{\"n\": 1.50}", "{\"t\": [\"a\"]}", "{\"t\": [\"a\", \"b\"], \"b\": true}", "{\"k\": 5}",
		"{\"n\": \"5\"}", "{\"x\": 1}", "{}", "[{\"k\": \"a\"}]", "{\"k\": \"abc\", \"x\": 1}", "{\"b\": \"false\"}", "{\"n\": 100}",
	};
	static const char *const scalars[] = {"\"a\"", "5", "1.5", "true", "\"5\"", "null", "\"abc\"", "100", "\"false\""};
	MfValue    *w = take(sizeof(MfValue) * 3);

	f->kind = MF_KIND_JSON;
	f->values = w;
	f->nvalues = 1;
	if (rnd(3) == 0)
	{
		f->op = MF_FILTER_CONTAINS;
		w[0] = text_value(MF_KIND_JSON, docs[rnd(COUNT_OF(docs))]);
		return f;
	}
	f->path = take(sizeof(MfPathStep) * 2);
	f->npath = 1;
	((MfPathStep *) f->path)[0].key = keys[rnd(5)];
	if (rnd(4) == 0)
	{
		f->npath = 2;
		((MfPathStep *) f->path)[1].index = rnd(2);
	}
	f->as_text = rnd(2);
	f->op = MF_FILTER_EQ;
	if (!f->as_text)
		w[0] = text_value(MF_KIND_JSON, scalars[rnd(COUNT_OF(scalars))]);
	else
	{
		f->nvalues = 1 + rnd(2);
		f->op = f->nvalues > 1 ? MF_FILTER_IN : MF_FILTER_EQ;
		for (int i = 0; i < f->nvalues; i++)
			w[i] = text_value(MF_KIND_TEXT, texts[rnd(COUNT_OF(texts))]);
	}
	return f;
}

static const MfFilter *
leaf_on(int column)
{
	static const MfFilterOp ops[] = {MF_FILTER_EQ, MF_FILTER_NE, MF_FILTER_LT, MF_FILTER_LE, MF_FILTER_GT, MF_FILTER_GE,
	MF_FILTER_IN, MF_FILTER_IS_NULL, MF_FILTER_IS_NOT_NULL, MF_FILTER_EQ, MF_FILTER_IN, MF_FILTER_LIKE};
	static const MfFilterOp list_ops[] = {MF_FILTER_CONTAINS, MF_FILTER_CONTAINS_ALL, MF_FILTER_OVERLAPS, MF_FILTER_IS_NULL, MF_FILTER_IS_NOT_NULL};
	MfFilter   *f = take(sizeof(MfFilter));
	MfKind		kind = columns[column].kind;
	bool		list = kind == MF_KIND_LIST;
	MfValue    *w;

	f->column = f->field = columns[column].field;
	f->kind = kind;
	f->elem = columns[column].elem;
	if (kind == MF_KIND_JSON && rnd(6))
		return json_filter(f);
	f->op = kind == MF_KIND_JSON ? (rnd(2) ? MF_FILTER_IS_NULL : MF_FILTER_IS_NOT_NULL) :
		list ? list_ops[rnd(5)] : ops[rnd(kind == MF_KIND_TEXT ? 12 : 11)];
	if (f->op == MF_FILTER_IS_NULL || f->op == MF_FILTER_IS_NOT_NULL)
		return f;
	f->nvalues = f->op == MF_FILTER_IN || f->op == MF_FILTER_OVERLAPS || f->op == MF_FILTER_CONTAINS_ALL ? rnd(4) : 1;
	f->values = w = take(sizeof(MfValue) * 4);
	for (int i = 0; i < f->nvalues; i++)
		w[i] = random_value(column, list ? f->elem : kind);
	if (f->op == MF_FILTER_LIKE)
		w[0] = text_value(MF_KIND_TEXT, patterns[rnd(COUNT_OF(patterns))]);
	return f;
}

static const MfFilter *
random_filter(int depth)
{
	MfFilter   *f;
	const MfFilter **args;
	int			r = rnd(10);

	if (depth == 0 || r < 4)
		return leaf_on(rnd(NCOLUMNS));
	f = take(sizeof(MfFilter));
	f->op = r < 5 ? MF_FILTER_NOT : r < 8 ? MF_FILTER_AND : MF_FILTER_OR;
	f->nargs = f->op == MF_FILTER_NOT ? 1 : 1 + rnd(3);
	f->args = args = take(sizeof(MfFilter *) * 4);
	for (int i = 0; i < f->nargs; i++)
		args[i] = random_filter(depth - 1);
	return f;
}

#endif							/* ES_FILTER_REFERENCE_H */
