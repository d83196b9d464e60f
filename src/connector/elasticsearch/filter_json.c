/*
 * filter_json.c - Which query finds what is asked of a JSON document?
 *
 * What lies in an object is indexed under its path, keys joined by dots, each
 * element of an array for itself.  So the index says of a scalar that it is
 * somewhere at a path, never how deep in arrays: a superset at best.
 */
#include <string.h>

#include "filter_es.h"

#define MAX_DEPTH 32
#define MAX_PATH 1024

typedef struct Walk
{
	const EsFilterContext *c;
	char		path[MAX_PATH];
	int			n;				/* conditions written */
} Walk;

static bool
is_leaf_kind(const EsTarget *t, const char *type)
{
	return strcmp(t->field->type, type) == 0;
}

/* The type of a path that is only guessed. */
static MfKind
guessed_kind(const MfValue *v)
{
	return v->kind == MF_KIND_DECIMAL ? MF_KIND_F64 : v->kind;
}

/*
 * A scalar at the path: TEXT for a string, DECIMAL for a number, BOOL.
 * as_text: it was compared with ->>, which makes texts of numbers too.
 */
static MfShip
write_scalar(const EsFilterContext *c, const char *path, const MfValue *v, bool as_text)
{
	MfValue		value = *v;
	EsTarget	t;

	if (!es_target_value(c, path, guessed_kind(v), &t))
		return MF_SHIP_NO;
	t.list = true;
	t.extra = true;
	if (is_leaf_kind(&t, "keyword"))
	{
		/*
		 * A number is indexed as it is written, which may not be how jsonb
		 * prints it; arrays and objects have texts too, but no terms.
		 */
		if (v->kind != MF_KIND_TEXT ||
			(as_text && v->len > 0 && strchr("-0123456789[{", v->bytes[0]) != NULL))
			return MF_SHIP_NO;
		return es_write_condition(c, &t, MF_FILTER_EQ, MF_KIND_TEXT, &value, 1, false);
	}
	if (is_leaf_kind(&t, "boolean"))
	{
		if (v->kind == MF_KIND_TEXT)
		{
			value.kind = MF_KIND_BOOL;
			value.boolean = strcmp(v->bytes, "true") == 0;
			if (!value.boolean && v->len != 0 && strcmp(v->bytes, "false") != 0)
				return MF_SHIP_NO;
		}
		return value.kind != MF_KIND_BOOL ? MF_SHIP_NO :
			es_write_condition(c, &t, MF_FILTER_EQ, MF_KIND_BOOL, &value, 1, false);
	}
	if (!es_is_number(t.field->type) || v->kind == MF_KIND_BOOL)
		return MF_SHIP_NO;

	/* the text of a number, in a document perhaps as a string: the same number */
	value.kind = MF_KIND_DECIMAL;
	return es_write_condition(c, &t, MF_FILTER_EQ, MF_KIND_DECIMAL, &value, 1, false);
}

/* The scalar at the cursor.  false = null, or one that has no constant. */
static bool
scalar(MfJson *j, MfMem *mem, char **room, MfValue *v)
{
	const char *start = j->p;
	MfJsonText	text;
	size_t		len;

	memset(v, 0, sizeof(*v));
	*room = NULL;
	if (*start == '"')
	{
		if (!mf_json_string(j, &text) || (*room = mf_alloc(mem, text.len + 1)) == NULL ||
			mf_json_decode(&text, *room, &len) != MF_JSON_TEXT_OK)
			return false;
		v->kind = MF_KIND_TEXT;
		(*room)[len] = '\0';
	}
	else
	{
		if (!mf_json_skip(j) || *start == 'n')
			return false;
		v->kind = *start == 't' || *start == 'f' ? MF_KIND_BOOL : MF_KIND_DECIMAL;
		v->boolean = *start == 't';
		len = (size_t) (j->p - start);
		*room = mf_strndup(mem, start, len);
	}
	v->bytes = *room;
	v->len = len;
	return *room != NULL;
}

static bool
step_into(char *path, const char *key, size_t len)
{
	size_t		at = strlen(path);

	if (len == 0 || at + len + 2 > MAX_PATH || memchr(key, '\0', len) != NULL)
		return false;
	if (at > 0)
		path[at++] = '.';
	memcpy(path + at, key, len);
	path[at + len] = '\0';
	return true;
}

static void walk(Walk *w, MfJson *j, int depth);

static void
walk_members(Walk *w, MfJson *j, int depth)
{
	size_t		above = strlen(w->path);
	bool		first = true;
	MfJsonText	key;

	j->p++;
	while (j->fault == NULL && mf_json_member(j, &first, &key) > 0)
	{
		/* what is not asked for is not missed */
		if (!key.escaped && step_into(w->path, key.at, key.len))
			walk(w, j, depth + 1);
		else if (!mf_json_skip(j))
			return;
		w->path[above] = '\0';
	}
}

/* Every scalar of a document that is contained in those wanted is a condition. */
static void
walk(Walk *w, MfJson *j, int depth)
{
	MfJsonBuf  *out = w->c->out;
	size_t		mark = out->len;
	bool		first = true;
	char	   *room;
	MfValue		v;

	if (depth > MAX_DEPTH)
		mf_json_fail(j, "it is nested too deeply");
	else if (*j->p == '{')
		walk_members(w, j, depth);
	else if (*j->p == '[')
	{
		j->p++;
		while (j->fault == NULL && mf_json_element(j, &first) > 0)
			walk(w, j, depth + 1);
	}
	else
	{
		if (scalar(j, out->mem, &room, &v))
		{
			if (w->n > 0)
				mf_json_buf_add(out, ",");
			if (write_scalar(w->c, w->path, &v, false) != MF_SHIP_NO)
				w->n++;
			else
				es_undo(out, mark);
		}
		mf_free(out->mem, room);
	}
}

static MfShip
write_contained(const EsFilterContext *c, const char *path, const MfValue *value)
{
	Walk		w = {.c = c};
	MfJson		j;
	char	   *copy = mf_alloc(c->out->mem, value->len + MF_JSON_SLACK);

	if (copy == NULL)
		return MF_SHIP_NO;
	memcpy(copy, value->bytes, value->len);
	memset(copy + value->len, 0, MF_JSON_SLACK);
	mf_json_start(&j, copy, value->len);
	mf_json_ws(&j);
	strcpy(w.path, path);
	mf_json_buf_add(c->out, "{\"bool\":{\"filter\":[");
	walk(&w, &j, 0);
	mf_json_buf_add(c->out, "]}}");
	mf_free(c->out->mem, copy);
	return j.fault != NULL || w.n == 0 ? MF_SHIP_NO : MF_SHIP_SUPERSET;
}

/* A JSON constant that is a scalar. */
static MfShip
write_equal(const EsFilterContext *c, const char *path, const MfValue *value)
{
	const char *p = value->bytes;

	while (*p == ' ' || *p == '\n' || *p == '\r' || *p == '\t')
		p++;
	return *p == '{' || *p == '[' ? MF_SHIP_NO : write_contained(c, path, value);
}

static MfShip
write_texts(const EsFilterContext *c, const char *path, const MfFilter *filter)
{
	if (filter->nvalues > ES_MAX_RANGES)
		return MF_SHIP_NO;
	if (filter->nvalues == 0)
		mf_json_buf_add(c->out, "{\"match_none\":{}}");
	else
		mf_json_buf_add(c->out, "{\"bool\":{\"should\":[");
	for (int i = 0; i < filter->nvalues; i++)
	{
		if (i > 0)
			mf_json_buf_add(c->out, ",");
		if (filter->values[i].kind != MF_KIND_TEXT ||
			write_scalar(c, path, &filter->values[i], true) == MF_SHIP_NO)
			return MF_SHIP_NO;
	}
	if (filter->nvalues > 0)
		mf_json_buf_add(c->out, "],\"minimum_should_match\":1}}");
	return MF_SHIP_SUPERSET;
}

MfShip
es_write_json(const EsFilterContext *c, const MfFilter *filter)
{
	const EsField *field = NULL;
	const char *base = filter->field;
	char		path[MAX_PATH] = "";

	if (strcmp(base, "_source") == 0)
		base = "";
	else if (c->mapping != NULL && c->mapping->known)
	{
		/* an alias is not in the documents */
		field = es_mapping_find(c->mapping, base);
		if (field == NULL || field->parent != NULL)
			return MF_SHIP_NO;
		base = field->path;
	}
	if (base[0] != '\0' && !step_into(path, base, strlen(base)))
		return MF_SHIP_NO;
	for (int i = 0; i < filter->npath; i++)
	{
		/* an index is a step that the index does not know of */
		if (filter->path[i].key != NULL && !step_into(path, filter->path[i].key, strlen(filter->path[i].key)))
			return MF_SHIP_NO;
	}
	if (filter->as_text)
		return filter->op == MF_FILTER_EQ || filter->op == MF_FILTER_IN ? write_texts(c, path, filter) : MF_SHIP_NO;
	if (filter->nvalues != 1 || filter->values[0].kind != MF_KIND_JSON)
		return MF_SHIP_NO;
	if (filter->op == MF_FILTER_EQ)
		return write_equal(c, path, &filter->values[0]);
	return filter->op == MF_FILTER_CONTAINS ? write_contained(c, path, &filter->values[0]) : MF_SHIP_NO;
}
