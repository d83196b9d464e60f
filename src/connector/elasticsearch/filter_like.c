/*
 * filter_like.c - Which query finds what a LIKE pattern matches?
 *
 * Both languages have "any text" (% and *) and "one character", a code point
 * in both (_ and ?).  The server turns the pattern into an automaton and refuses those
 * that grow too large; such a pattern is asked in a wider form.
 */
#include <string.h>

#include "filter_es.h"

typedef struct Pattern
{
	size_t		head;			/* bytes of the pattern before its first % */
	bool		singles;		/* _ within the head */
	bool		late_singles;	/* _ behind a % */
	int			stars;
	size_t		tail;			/* literal bytes behind the first % */
	bool		only_star_at_end;	/* one %, and it ends the pattern */
} Pattern;

/* false = the pattern ends in its escape character, which is an error. */
static bool
look_at(const MfValue *pattern, Pattern *p)
{
	memset(p, 0, sizeof(*p));
	for (size_t i = 0; i < pattern->len; i++)
	{
		char		ch = pattern->bytes[i];

		if (ch == '%')
		{
			p->stars++;
			continue;
		}
		if (ch == '_' && p->stars > 0)
		{
			p->late_singles = true;
			p->stars++;			/* it is asked as one */
			continue;
		}
		if (ch == '\\' && ++i == pattern->len)
			return false;
		if (p->stars > 0)
			p->tail++;
		else
		{
			p->singles |= ch == '_';
			p->head = i + 1;
		}
	}
	p->only_star_at_end = p->stars == 1 && p->tail == 0 && !p->late_singles;
	return true;
}

/* The text without escapes of a part without wildcards. */
static void
write_literal(MfJsonBuf *out, const char *text, size_t len)
{
	MfJsonBuf	plain = {.mem = out->mem};

	mf_json_buf_raw(&plain, "", 0);
	for (size_t i = 0; i < len; i++)
	{
		if (text[i] == '\\')
			i++;
		mf_json_buf_raw(&plain, text + i, 1);
	}
	if (plain.failed)
		out->failed = true;
	else
		es_write_text(out, plain.data, plain.len);
	mf_free(out->mem, plain.data);
}

static void
write_wildcard(MfJsonBuf *out, const char *text, size_t len, bool star_behind)
{
	MfJsonBuf	w = {.mem = out->mem};
	bool		star = false;
	bool		late = false;

	for (size_t i = 0; i < len; i++)
	{
		late |= text[i] == '%';
		if (text[i] == '%' || (text[i] == '_' && late))
		{
			if (!star)
				mf_json_buf_add(&w, "*");
			star = true;
			continue;
		}
		star = false;
		if (text[i] == '_')
			mf_json_buf_add(&w, "?");
		else
		{
			if (text[i] == '\\')
				i++;
			if (strchr("*?\\", text[i]) != NULL)
				mf_json_buf_add(&w, "\\");
			mf_json_buf_raw(&w, text + i, 1);
		}
	}
	if (star_behind)
		mf_json_buf_add(&w, "*");
	if (w.failed)
		out->failed = true;
	else
		es_write_text(out, w.data, w.len);
	mf_free(out->mem, w.data);
}

MfShip
es_write_like(const EsTarget *t, const MfValue *pattern, MfJsonBuf *out)
{
	const char *text = pattern->bytes;
	size_t		len = pattern->len;
	Pattern		p;
	bool		whole;
	const char *word;

	/* an automaton of more than 1,000 characters is refused */
	if (pattern->kind != MF_KIND_TEXT || len > 900 || !look_at(pattern, &p))
		return MF_SHIP_NO;
	if (p.only_star_at_end && p.head == 0)
	{
		if (!es_target_exists(t))
			return MF_SHIP_NO;
		es_write_exists(out, t);
		return MF_SHIP_EXACT;
	}

	/* states of the automaton, and what each is made of */
	whole = (p.tail + (size_t) p.stars) * (p.tail + (size_t) p.stars) * (size_t) p.stars <= 15000;
	if (!whole && p.head == 0)
		return MF_SHIP_NO;
	word = p.singles || (whole && p.stars > 0 && !p.only_star_at_end) ? "wildcard" : p.stars > 0 ? "prefix" : "term";
	mf_json_buf_add(out, "{\"");
	mf_json_buf_add(out, word);
	mf_json_buf_add(out, "\":{");
	mf_json_buf_quote(out, t->field->path);
	mf_json_buf_add(out, ":{\"value\":");
	if (strcmp(word, "wildcard") == 0)
		write_wildcard(out, text, whole ? len : p.head, !whole);
	else
		write_literal(out, text, p.head);
	mf_json_buf_add(out, "}}}");
	return whole && !p.late_singles ? MF_SHIP_EXACT : MF_SHIP_SUPERSET;
}
