/*
 * mapping.c - Which fields do the documents of an index have?
 *
 * Reads the answer to GET /index: mappings and settings of every index that
 * the name stands for, merged.  A field of several types keeps the reason why it has no
 * single one.
 */
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "es.h"
#include "mapping_index.h"

#define MAX_FIELDS 100000
#define MAX_DEPTH 64
#define FIRST_HIDING_VERSION 9000000	/* index versions from which vectors may be hidden unasked */

struct EsText
{
	struct EsText *next;
	char		text[];
};

typedef struct Reader
{
	EsMapping  *m;
	const char *index;			/* the concrete index being read */
	const json_t *settings;		/* its own */
	int			expect;			/* the field likely to be met next */
	bool		failed;			/* no memory */
} Reader;

static const char *
keep(Reader *r, const char *text)
{
	struct EsText *kept;

	if (text == NULL)
		return NULL;
	kept = mf_alloc(r->m->mem, sizeof(struct EsText) + strlen(text) + 1);
	if (kept == NULL)
	{
		r->failed = true;
		return NULL;
	}
	strcpy(kept->text, text);
	kept->next = r->m->texts;
	r->m->texts = kept;
	return kept->text;
}

static const char *
member(const json_t *object, const char *key)
{
	return json_string_value(json_object_get(object, key));
}

/* Booleans come as such or as text. */
static bool
is_false(const json_t *value)
{
	const char *text = json_string_value(value);

	return json_is_false(value) || (text != NULL && strcmp(text, "false") == 0);
}

static int32_t
dimensions(const json_t *def)
{
	const json_t *value = json_object_get(def, "dims");
	json_int_t	dim;

	if (value == NULL)
		value = json_object_get(def, "dimension");
	dim = json_integer_value(value);
	return dim > 0 && dim <= 1 << 24 ? (int32_t) dim : 0;
}

/* Both families' words for the same few measures. */
static const char *
metric(const json_t *def)
{
	static const char *const words[][2] = {
		{"cosine", "COSINE"}, {"cosinesimil", "COSINE"},
		{"l2_norm", "L2"}, {"l2", "L2"},
		{"dot_product", "IP"}, {"max_inner_product", "IP"}, {"innerproduct", "IP"},
	};
	const char *word = member(def, "similarity");

	if (word == NULL)
		word = member(def, "space_type");
	if (word == NULL)
		word = member(json_object_get(def, "method"), "space_type");
	for (size_t i = 0; word != NULL && i < sizeof(words) / sizeof(words[0]); i++)
	{
		if (strcmp(word, words[i][0]) == 0)
			return words[i][1];
	}
	return NULL;
}

static int
find(const EsMapping *m, const char *path, int expect)
{
	if (expect < m->nfields && strcmp(m->fields[expect].path, path) == 0)
		return expect;
	for (int i = 0; i < m->nfields; i++)
	{
		if (strcmp(m->fields[i].path, path) == 0)
			return i;
	}
	return -1;
}

/* The same path in another index: one type, or a reason why not. */
static void
merge(Reader *r, EsField *was, const EsField *now)
{
	char		why[400];

	if (strcmp(was->type, now->type) != 0)
	{
		if (was->conflict == NULL)
		{
			snprintf(why, sizeof(why), "it is %s in one index and %s in another (\"%s\")",
					 was->type, now->type, r->index);
			was->conflict = keep(r, why);
		}
	}
	else if (was->dim != now->dim)
	{
		snprintf(why, sizeof(why), "it has %d dimensions in one index and %d in another (\"%s\")",
				 (int) was->dim, (int) now->dim, r->index);
		was->conflict = keep(r, why);
		was->dim = 0;
	}
	if (was->format != NULL && (now->format == NULL || strcmp(was->format, now->format) != 0))
		was->format = keep(r, "");
	if (was->constant != NULL && (now->constant == NULL || strcmp(was->constant, now->constant) != 0))
		was->constant = NULL;
	if (was->metric != NULL && (now->metric == NULL || strcmp(was->metric, now->metric) != 0))
		was->metric = NULL;
	was->open |= now->open;
	es_index_merge(was, now);
}

static void
add(Reader *r, const EsField *field)
{
	EsMapping  *m = r->m;
	int			at = find(m, field->path, r->expect);

	if (at >= 0)
	{
		merge(r, &m->fields[at], field);
		r->expect = at + 1;
		return;
	}
	if (m->nfields == m->cap)
	{
		int			cap = m->cap * 2 > 64 ? m->cap * 2 : 64;
		EsField    *bigger = cap > MAX_FIELDS ? NULL :
			mf_realloc(m->mem, m->fields, sizeof(EsField) * (size_t) cap);

		if (bigger == NULL)
		{
			r->failed = true;
			return;
		}
		m->fields = bigger;
		m->cap = cap;
	}
	m->fields[m->nfields++] = *field;
	r->expect = m->nfields;
}

static void properties(Reader *r, json_t *list, const char *prefix, const EsField *above, int depth);

static void
field(Reader *r, const char *name, json_t *def, const char *prefix, const EsField *above, int depth)
{
	EsField		f = {0};
	const char *type = member(def, "type");
	size_t		room = strlen(prefix) + strlen(name) + 2;
	char	   *path = mf_alloc(r->m->mem, room);
	const char *key;
	json_t	   *value;

	if (path == NULL)
	{
		r->failed = true;
		return;
	}
	snprintf(path, room, "%s%s%s", prefix, prefix[0] != '\0' ? "." : "", name);
	f.path = keep(r, path);
	mf_free(r->m->mem, path);
	f.type = keep(r, type != NULL ? type : "object");
	f.dim = dimensions(def);
	value = json_object_get(def, "element_type");
	f.element = keep(r, json_string_value(value != NULL ? value : json_object_get(def, "data_type")));
	f.metric = metric(def);
	f.format = keep(r, member(def, "format"));
	f.target = keep(r, member(def, "path"));
	f.constant = keep(r, member(def, "value"));
	es_index_attributes(&f, def, r->settings);
	f.index_type = keep(r, member(json_object_get(def, "index_options"), "type"));
	f.inside = above != NULL;
	f.nested = above != NULL && (above->nested || strcmp(above->type, "nested") == 0);
	value = json_object_get(def, "dynamic");
	f.open = is_false(json_object_get(def, "enabled")) || strcmp(f.type != NULL ? f.type : "", "flattened") == 0 ||
		is_false(value) || (json_is_string(value) && strcmp(json_string_value(value), "runtime") == 0) ||
		(value == NULL && (above != NULL ? above->open : r->m->open));
	if (f.path == NULL || f.type == NULL)
		return;
	add(r, &f);
	properties(r, json_object_get(def, "properties"), f.path, &f, depth + 1);
	json_object_foreach(json_object_get(def, "fields"), key, value)
	{
		EsField		multi = {0};
		char	   *both = mf_alloc(r->m->mem, strlen(f.path) + strlen(key) + 2);

		if (both == NULL)
		{
			r->failed = true;
			return;
		}
		sprintf(both, "%s.%s", f.path, key);
		multi.path = keep(r, both);
		mf_free(r->m->mem, both);
		multi.type = keep(r, member(value, "type") != NULL ? member(value, "type") : "");
		multi.parent = f.path;
		multi.inside = f.inside;
		multi.nested = f.nested;
		multi.open = f.open;
		es_index_attributes(&multi, value, r->settings);
		if (multi.path != NULL && multi.type != NULL)
			add(r, &multi);
	}
}

static void
properties(Reader *r, json_t *list, const char *prefix, const EsField *above, int depth)
{
	const char *name;
	json_t	   *def;

	if (depth > MAX_DEPTH)
		return;
	json_object_foreach(list, name, def)
	{
		if (r->failed)
			return;
		if (json_is_object(def))
			field(r, name, def, prefix, above, depth);
	}
}

static void
settings(EsMapping *m, const json_t *list)
{
	const char *hides = member(list, "index.mapping.exclude_source_vectors");
	const char *created = member(list, "index.version.created");
	const char *shards = member(list, "index.number_of_shards");
	const char *window = member(list, "index.max_result_window");
	const char *mode = member(list, "index.mapping.source.mode");

	if (hides != NULL ? strcmp(hides, "true") == 0 :
		created != NULL && strtol(created, NULL, 10) >= FIRST_HIDING_VERSION && strlen(created) <= 7)
		m->hides_vectors = true;
	if (mode != NULL && strcasecmp(mode, "disabled") == 0)
		m->no_source = true;
	m->nshards += shards != NULL ? atoi(shards) : 1;
	if (window != NULL && atoi(window) > 0 && atoi(window) < m->max_window)
		m->max_window = atoi(window);
}

static void
one_index(Reader *r, const char *name, const json_t *def)
{
	json_t	   *mappings = json_object_get(def, "mappings");
	const json_t *source = json_object_get(mappings, "_source");
	const json_t *dynamic = json_object_get(mappings, "dynamic");
	const char *mode = member(source, "mode");
	bool		open = is_false(dynamic) || is_false(json_object_get(mappings, "enabled")) ||
		(json_is_string(dynamic) && strcmp(json_string_value(dynamic), "runtime") == 0);

	r->index = name;
	r->settings = json_object_get(def, "settings");
	r->expect = 0;
	r->m->nindices++;
	r->m->open |= open;
	if (is_false(json_object_get(source, "enabled")) || (mode != NULL && strcmp(mode, "disabled") == 0))
		r->m->no_source = true;
	r->m->part_of_source |= json_array_size(json_object_get(source, "excludes")) > 0 ||
		json_array_size(json_object_get(source, "includes")) > 0;
	r->m->open |= es_index_is_open(r->settings);
	properties(r, json_object_get(mappings, "properties"), "", NULL, 0);
	settings(r->m, json_object_get(def, "settings"));
}

MfStatus
es_mapping_read(MfMem *mem, const MfHttpCall *call, const char *index, EsMapping **out, MfError *err)
{
	size_t		len;
	const char *body = mf_http_body(call, &len);
	MfStatus	status = es_mapping_parse(mem, body, len, index, out, err);

	if (status == MF_END)
		return es_unusable(call, "the mapping is not a JSON object", err);
	return status;
}

/* MF_END: the text is no mapping. */
MfStatus
es_mapping_parse(MfMem *mem, const char *text, size_t len, const char *index,
				 EsMapping **out, MfError *err)
{
	json_t	   *root = json_loadb(text, len, 0, NULL);
	Reader		r = {0};
	const char *name;
	json_t	   *def;

	*out = NULL;
	if (!json_is_object(root))
	{
		json_decref(root);
		return MF_END;
	}
	r.m = mf_calloc(mem, sizeof(EsMapping));
	if (r.m == NULL)
	{
		json_decref(root);
		return mf_error_oom(err, sizeof(EsMapping));
	}
	r.m->mem = mem;
	r.m->known = true;
	r.m->max_window = 10000;
	json_object_foreach(root, name, def)
		one_index(&r, name, def);
	es_index_extras(r.m, root);
	json_decref(root);
	if (r.failed)
	{
		es_mapping_free(r.m);
		return mf_error_oom(err, 0);
	}
	if (r.m->nindices == 0)
	{
		es_mapping_free(r.m);
		return mf_error(err, MF_FDW_TABLE_NOT_FOUND, "index \"%s\" does not exist", index);
	}
	*out = r.m;
	return MF_OK;
}

void
es_mapping_free(EsMapping *m)
{
	if (m == NULL || m->refs-- > 0)
		return;
	while (m->texts != NULL)
	{
		struct EsText *next = m->texts->next;

		mf_free(m->mem, m->texts);
		m->texts = next;
	}
	mf_free(m->mem, m->fields);
	mf_free(m->mem, m);
}

const EsField *
es_mapping_find(const EsMapping *m, const char *path)
{
	/* an alias of an alias cannot be made; a loop would only be a hostile one */
	for (int hop = 0; hop < 4; hop++)
	{
		int			at = find(m, path, 0);

		if (at < 0)
			return NULL;
		if (strcmp(m->fields[at].type, "alias") != 0 || m->fields[at].target == NULL)
			return &m->fields[at];
		path = m->fields[at].target;
	}
	return NULL;
}
