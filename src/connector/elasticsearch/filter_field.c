/*
 * filter_field.c - What does the index know of a field's values?
 *
 * From the mapping; for planning and EXPLAIN from less.
 */
#include <string.h>

#include "filter_es.h"

/* Types whose index was compared with what is read. */
static bool
is_known(const char *type)
{
	static const char *const types[] = {"keyword", "text", "boolean", "date", "date_nanos", "ip", "dense_vector"};

	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
	{
		if (strcmp(type, types[i]) == 0)
			return true;
	}
	return es_is_number(type);
}

static void
set_target(const EsMapping *m, const EsField *field, MfKind kind, EsTarget *t)
{
	bool		cut = field->cut && strcmp(field->type, "keyword") == 0;
	bool		ignores = field->ignores && strcmp(field->type, "keyword") != 0 && strcmp(field->type, "text") != 0;

	t->field = field;
	t->list = kind == MF_KIND_LIST || kind == MF_KIND_JSON || mf_kind_is_vector(kind);

	/*
	 * What the mapping did not know when a document came was not indexed, and
	 * stays so when it learns it later.
	 */
	t->loose = cut || ignores || field->open || m->open || field->seen < m->nindices || field->parent != NULL;
	t->extra = field->extra || m->part_of_source;
}

static const char *
type_of_kind(MfKind kind)
{
	switch (kind)
	{
		case MF_KIND_I8:
		case MF_KIND_I16:
		case MF_KIND_I32:
		case MF_KIND_I64:
			return "long";
		case MF_KIND_F32:
			return "float";
		case MF_KIND_F64:
		case MF_KIND_DECIMAL:
			return "double";
		case MF_KIND_BOOL:
			return "boolean";
		case MF_KIND_TEXT:
			return "keyword";
		case MF_KIND_TIMESTAMP:
			return "date";
		case MF_KIND_INET:
			return "ip";
		case MF_KIND_VEC_F32:
			return "dense_vector";
		default:
			return NULL;
	}
}

/* By the description, or as if the field were of the column's type. */
static bool
guess(const EsFilterContext *c, const char *path, MfKind kind, EsTarget *t)
{
	EsField    *room = &t->room;
	const MfCollection *described = c->collection;

	memset(room, 0, sizeof(*room));
	room->path = path;
	room->indexed = true;
	room->seen = 1;
	room->type = type_of_kind(kind);
	t->field = room;
	t->list = kind == MF_KIND_LIST || kind == MF_KIND_JSON || mf_kind_is_vector(kind);
	t->loose = false;
	t->extra = false;
	for (int i = 0; described != NULL && i < described->nfields; i++)
	{
		const MfField *field = &described->fields[i];

		if (strcmp(field->name, path) != 0)
			continue;
		if (field->indexed == MF_SHIP_NO)
			return false;
		room->type = strcmp(field->native, "text") == 0 ? "keyword" : field->native;
		t->loose = field->indexed != MF_SHIP_EXACT;
		return true;
	}

	/* fields within objects are not described */
	*c->guessed = true;
	return room->type != NULL;
}

bool
es_target(const EsFilterContext *c, const char *path, MfKind kind, EsTarget *t)
{
	const EsField *field;

	/* a star would stand for other fields too */
	if (strchr(path, '*') != NULL)
		return false;
	if (c->mapping == NULL || !c->mapping->known)
		return c->guess && guess(c, path, kind, t);
	field = es_mapping_find(c->mapping, path);
	if (field == NULL || field->conflict != NULL || field->nested || field->parent != NULL ||
		!is_known(field->type))
		return false;
	set_target(c->mapping, field, kind, t);
	return true;
}

/* The best of what is indexed of a text: one that keeps the values as they are. */
static const EsField *
keyword_of(const EsMapping *m, const EsField *text)
{
	const EsField *best = NULL;

	for (int i = 0; i < m->nfields; i++)
	{
		const EsField *field = &m->fields[i];

		if (field->parent == NULL || strcmp(field->parent, text->path) != 0 ||
			strcmp(field->type, "keyword") != 0 || field->conflict != NULL || !field->indexed ||
			field->null_value || strchr(field->path, '*') != NULL)
			continue;
		if (best == NULL || (best->normalized && !field->normalized))
			best = field;
	}
	return best;
}

bool
es_target_value(const EsFilterContext *c, const char *path, MfKind kind, EsTarget *t)
{
	if (!es_target(c, path, kind, t))
		return false;
	if (strcmp(t->field->type, "text") == 0)
	{
		const EsField *keyword = c->mapping != NULL ? keyword_of(c->mapping, t->field) : NULL;

		if (keyword == NULL)
			return false;
		set_target(c->mapping, keyword, kind, t);
	}
	return t->field->indexed;
}

bool
es_target_exists(const EsTarget *t)
{
	/* the texts' index is all there is of them */
	if (strcmp(t->field->type, "text") == 0)
		return t->field->indexed;
	return t->field->indexed || !t->field->no_doc_values;
}

void
es_write_exists(MfJsonBuf *out, const EsTarget *t)
{
	mf_json_buf_add(out, "{\"exists\":{\"field\":");
	mf_json_buf_quote(out, t->field->path);
	mf_json_buf_add(out, "}}");
}

MfShip
es_filter_field(const EsMapping *mapping, const EsField *field)
{
	EsFilterContext c = {.mapping = mapping};
	EsTarget	t;

	if (!es_target_value(&c, field->path, MF_KIND_NONE, &t) ||
		(t.loose && !es_target_exists(&t)))
		return MF_SHIP_NO;
	if (t.loose || t.extra || t.field->normalized || t.field->null_value || t.field->no_doc_values || field->formats_differ ||
		field->format != NULL)
		return MF_SHIP_SUPERSET;
	return MF_SHIP_EXACT;
}
