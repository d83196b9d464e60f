/*
 * schema.c - How does a test say what a collection looks like?
 *
 * As text: 'id i64 key, "a b" text null bytes=5, v vec_f32 dim=3 | dynamic'.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "test.h"

#define MAX_WORD 200

static const struct
{
	const char *word;
	MfKind		kind;
}			kinds[] = {
	{"none", MF_KIND_NONE}, {"bool", MF_KIND_BOOL}, {"i8", MF_KIND_I8}, {"i16", MF_KIND_I16},
	{"i32", MF_KIND_I32}, {"i64", MF_KIND_I64}, {"u64", MF_KIND_U64}, {"f32", MF_KIND_F32},
	{"f64", MF_KIND_F64}, {"decimal", MF_KIND_DECIMAL}, {"text", MF_KIND_TEXT},
	{"bytes", MF_KIND_BYTES}, {"json", MF_KIND_JSON}, {"timestamp", MF_KIND_TIMESTAMP},
	{"uuid", MF_KIND_UUID}, {"inet", MF_KIND_INET}, {"list", MF_KIND_LIST},
	{"vec_f32", MF_KIND_VEC_F32}, {"vec_f16", MF_KIND_VEC_F16}, {"vec_i8", MF_KIND_VEC_I8},
	{"vec_bit", MF_KIND_VEC_BIT}, {"sparse", MF_KIND_SPARSE}
};

static bool
kind_of(const char *word, MfKind *kind)
{
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
	{
		if (strcmp(kinds[i].word, word) == 0)
		{
			*kind = kinds[i].kind;
			return true;
		}
	}
	return false;
}

/* The next word, quoted or not; false at a comma, a bar or the end. */
static bool
next_word(const char **p, char *word)
{
	size_t		n = 0;
	char		quote;

	while (**p == ' ' || **p == '\n' || **p == '\t')
		(*p)++;
	quote = **p == '"' ? *(*p)++ : '\0';
	while (**p != '\0' && n < MAX_WORD - 1 &&
		   (quote ? **p != quote : strchr(" \n\t,|", **p) == NULL))
		word[n++] = *(*p)++;
	if (quote && **p == quote)
		(*p)++;
	word[n] = '\0';
	return n > 0 || quote;
}

static bool
apply_flag(MfField *f, const char *word, char *metric)
{
	if (strcmp(word, "key") == 0)
		f->key = true;
	else if (strcmp(word, "auto") == 0)
		f->auto_id = true;
	else if (strcmp(word, "null") == 0)
		f->nullable = true;
	else if (strcmp(word, "default") == 0)
		f->has_default = true;
	else if (strcmp(word, "dynamic") == 0)
		f->dynamic = true;
	else if (strcmp(word, "pseudo") == 0)
		f->pseudo = true;
	else if (strcmp(word, "skip") == 0)
		f->skip = "a type of its own";
	else if (strncmp(word, "dim=", 4) == 0)
		f->dim = atoi(word + 4);
	else if (strncmp(word, "bytes=", 6) == 0)
		f->max_bytes = atoll(word + 6);
	else if (strncmp(word, "items=", 6) == 0)
		f->max_items = atoi(word + 6);
	else if (strncmp(word, "of=", 3) == 0)
		return kind_of(word + 3, &f->elem);
	else if (strncmp(word, "metric=", 7) == 0)
		f->metric = strcpy(metric, word + 7);
	else
		return false;
	return true;
}

static MfStatus
parse_field(const char **p, Collection *c, MfError *err)
{
	MfField		f = {0};
	char		name[MAX_WORD];
	char		native[MAX_WORD];
	char		metric[MAX_WORD];
	char		word[MAX_WORD];

	f.name = name;
	f.native = native;
	if (!next_word(p, name) || !next_word(p, native) || !kind_of(native, &f.kind))
		return mf_error(err, MF_INVALID_PARAMETER_VALUE, "field \"%s\" has no kind", name);
	while (next_word(p, word))
	{
		if (!apply_flag(&f, word, metric))
			return mf_error(err, MF_INVALID_PARAMETER_VALUE, "field \"%s\" is \"%s\"?", name, word);
	}
	if (f.max_bytes > 0 && strlen(native) < 100)
		sprintf(native + strlen(native), "(%lld)", (long long) f.max_bytes);
	if (!store_add_field(c, &f))
		return mf_error_oom(err, sizeof(MfField));
	return MF_OK;
}

MfStatus
schema_create(const char *name, const char *text, Collection **c, MfError *err)
{
	const char *bar = strchr(text, '|');
	const char *p = text;
	char		word[MAX_WORD];
	bool		dynamic;

	while (bar != NULL && (*++bar == ' '))
		;
	dynamic = bar != NULL && strcmp(bar, "dynamic") == 0;
	*c = store_create(name, dynamic ? NULL : bar, NULL, 0);
	if (*c == NULL)
		return mf_error_oom(err, sizeof(Collection));
	(*c)->desc.dynamic = dynamic;
	for (;;)
	{
		if (parse_field(&p, *c, err) != MF_OK)
		{
			store_drop(*c);
			return MF_ERROR;
		}
		(void) next_word(&p, word);
		if (*p != ',')
			return MF_OK;
		p++;
	}
}
