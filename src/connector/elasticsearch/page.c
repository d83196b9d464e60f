/*
 * page.c - How do the hits of one reply become rows of a batch?
 *
 * The reply is walked in the order it came, in pieces, so that a page of many
 * megabytes never keeps the core waiting.  Rows are handed out before the
 * reply's end is seen; a reply that ends badly is an error all the same.
 */
#include <string.h>

#include "es.h"

void
es_page_open(EsPage *page, const char *index, const char *body, size_t len)
{
	memset(page, 0, sizeof(*page));
	page->index = index;
	page->body = body;
	mf_json_start(&page->json, body, len);
	mf_json_ws(&page->json);
	if (*page->json.p == '{')
		page->json.p++;
	else
		mf_json_fail(&page->json, "it is not an object");
	page->first[0] = true;
}

static MfStatus
malformed(const EsPage *page, MfError *err)
{
	mf_error(err, MF_FDW_REPLY_HANDLE, "Elasticsearch sent a reply that is not valid JSON");
	mf_error_detail(err, "At byte %lld of the reply: %s.",
					(long long) (page->json.p - page->body), page->json.fault);
	return MF_ERROR;
}

/* A string member whose value is text, else skipped. */
static bool
text_member(MfJson *j, MfJsonText *out)
{
	if (*j->p == '"')
		return mf_json_string(j, out);
	return mf_json_skip(j);
}

static bool
shards(EsPage *page)
{
	MfJson	   *j = &page->json;
	bool		first = true;
	int			more;
	MfJsonText	key;

	if (*j->p != '{')
		return mf_json_skip(j);
	j->p++;
	while ((more = mf_json_member(j, &first, &key)) > 0)
	{
		MfJsonNumber n;

		if (mf_json_text_is(&key, "failed") && *j->p >= '0' && *j->p <= '9')
		{
			if (!mf_json_number(j, &n) || mf_json_i64(&n, &page->failed_shards) != MF_JSON_INT_OK)
				return false;
		}
		else if (!mf_json_skip(j))
			return false;
	}
	return more == 0;
}

/* Go on in the reply until hits.hits is open or all is read. */
static bool
envelope(EsPage *page)
{
	MfJson	   *j = &page->json;
	MfJsonText	key;

	while (page->level < 2)
	{
		int			more = mf_json_member(j, &page->first[page->level], &key);
		bool		good;

		if (more < 0)
			return false;
		if (more == 0)
		{
			if (page->level-- == 0)
			{
				page->level = 3;
				return mf_json_finish(j);
			}
			continue;
		}
		if (mf_json_text_is(&key, "hits") && *j->p == (page->level == 0 ? '{' : '['))
		{
			if (page->level == 1 && page->saw_hits)
				return mf_json_fail(j, "it holds two lists of hits");
			page->saw_hits |= page->level == 1;
			j->p++;
			page->first[++page->level] = true;
			continue;
		}
		if (page->level == 0 && (mf_json_text_is(&key, "pit_id") || mf_json_text_is(&key, "_scroll_id")))
			good = text_member(j, &page->id);
		else if (page->level == 0 && mf_json_text_is(&key, "timed_out") && *j->p == 't')
			good = mf_json_bool(j, &page->timed_out);
		else if (page->level == 0 && mf_json_text_is(&key, "_shards"))
			good = shards(page);
		else
			good = mf_json_skip(j);
		if (!good)
			return false;
	}
	return true;
}

/* Whose document is it?  Into err->key. */
static void
name_row(const EsPage *page, const MfJsonText *id, const MfBatch *batch, MfError *err)
{
	size_t		len = id->len;

	if (len >= sizeof(err->key))
	{
		len = sizeof(err->key) - 1;
		while (len > 0 && ((unsigned char) id->at[len] & 0xC0) == 0x80)
			len--;
	}
	if (len > 0)
		memcpy(err->key, id->at, len);
	err->key[len] = '\0';
	err->row = batch->first_row + batch->nrows;
	strncpy(err->collection, page->index, sizeof(err->collection) - 1);
}

/* An _id or _index into its columns, which are text. */
static bool
meta(const EsColumns *columns, EsPlace place, const MfJsonText *text, MfBatch *batch, MfError *err)
{
	for (int i = 0; i < columns->ncolumns; i++)
	{
		MfColumn   *col = &batch->columns[i];

		if (columns->columns[i].place != place || col->nrows > batch->nrows)
			continue;
		if (!text->escaped)
		{
			if (!mf_append_bytes(batch->mem, col, text->at, text->len))
				return mf_error_oom(err, text->len) == MF_OK;
		}
		else
		{
			char	   *slot = mf_varying_slot(batch->mem, col, text->len);
			size_t		len;

			if (slot == NULL)
				return mf_error_oom(err, text->len) == MF_OK;
			if (mf_json_decode(text, slot, &len) != MF_JSON_TEXT_OK)
			{
				mf_error(err, MF_CHARACTER_NOT_IN_REPERTOIRE,
						 "\"%s\" holds what is no character", place == ES_ID ? "_id" : "_index");
				return false;
			}
			mf_column_commit(batch->mem, col, len);
		}
	}
	return true;
}

static bool
whole(const EsColumns *columns, const char *at, size_t len, MfBatch *batch, MfError *err)
{
	for (int i = 0; i < columns->ncolumns; i++)
	{
		if (columns->columns[i].place == ES_WHOLE &&
			batch->columns[i].nrows == batch->nrows &&
			!mf_append_bytes(batch->mem, &batch->columns[i], at, len))
			return mf_error_oom(err, len) == MF_OK;
	}
	return true;
}

/* The _id of a hit that could not be read, if it is still to come in it. */
static void
find_id(const char *hit, const char *end, MfJsonText *id)
{
	MfJson		j;
	bool		first = true;
	MfJsonText	key;

	mf_json_start(&j, hit, (size_t) (end - hit));
	j.p++;
	while (mf_json_member(&j, &first, &key) > 0)
	{
		if (mf_json_text_is(&key, "_id"))
		{
			if (!text_member(&j, id))
				id->len = 0;
			return;
		}
		if (!mf_json_skip(&j))
			return;
	}
}

/* One hit into one row. */
static bool
hit(EsPage *page, const EsColumns *columns, MfBatch *batch, MfError *err)
{
	MfJson	   *j = &page->json;
	const char *start = j->p;
	bool		first = true;
	bool		has_source = false;
	int			more;
	MfJsonText	key;
	MfJsonText	id = {NULL, 0, false};
	MfJsonText	index = {NULL, 0, false};

	if (*start != '{')
		return mf_json_fail(j, "a hit is not an object");
	j->p++;
	err->sqlstate[0] = '\0';
	while ((more = mf_json_member(j, &first, &key)) > 0)
	{
		const char *value = j->p;
		bool		good;

		if (mf_json_text_is(&key, "_id"))
			good = text_member(j, &id);
		else if (mf_json_text_is(&key, "_index"))
			good = text_member(j, &index);
		else if (mf_json_text_is(&key, "_source") && columns->wants_source && *value == '{' && !has_source)
		{
			has_source = true;
			if (columns->nfields > 0)
				good = mf_json_document(columns->plan, j, batch, err);
			else
				good = mf_json_skip(j);
			good = good && whole(columns, value, (size_t) (j->p - value), batch, err);
		}
		else
		{
			good = mf_json_skip(j);
			if (mf_json_text_is(&key, "sort"))
			{
				page->sort = value;
				page->sort_len = (size_t) (j->p - value);
			}
		}
		if (!good)
		{
			more = -1;
			break;
		}
	}
	if (more == 0 && columns->wants_source && !has_source)
	{
		mf_error(err, MF_FEATURE_NOT_SUPPORTED, "index \"%s\" does not keep \"_source\"", page->index);
		mf_error_hint(err, "Documents of such an index cannot be read back; only \"_id\" can.");
		more = -1;
	}
	if (more == 0 && id.at != NULL && !meta(columns, ES_ID, &id, batch, err))
		more = -1;
	if (more == 0 && index.at != NULL && !meta(columns, ES_INDEX, &index, batch, err))
		more = -1;
	if (more != 0)
	{
		if (err->sqlstate[0] == '\0')
			malformed(page, err);
		if (id.at == NULL)
			find_id(start, j->end, &id);
		name_row(page, &id, batch, err);
		return false;
	}
	for (int i = 0; i < columns->ncolumns; i++)
	{
		/* a hit without _id or _index */
		if (batch->columns[i].nrows == batch->nrows &&
			!mf_append_state(batch->mem, &batch->columns[i], MF_VALUE_ABSENT))
			return mf_error_oom(err, 0) == MF_OK;
	}
	batch->nrows++;
	page->nhits++;
	return true;
}

/* The reply's own account of itself. */
static MfStatus
verdict(const EsPage *page, MfError *err)
{
	if (page->timed_out || page->failed_shards > 0)
	{
		mf_error(err, MF_FDW_REPLY_HANDLE, page->timed_out ?
				 "search in index \"%s\" timed out on the server" :
				 "search in index \"%s\" failed on some shards", page->index);
		mf_error_detail(err, "The reply is not complete: %lld shards failed.",
						(long long) page->failed_shards);
		return MF_ERROR;
	}
	if (page->level == 3 && !page->saw_hits)
		return mf_error(err, MF_FDW_REPLY_HANDLE, "Elasticsearch sent a reply without hits");
	return MF_OK;
}

MfStatus
es_page_rows(EsPage *page, const EsColumns *columns, MfBatch *batch,
			 int32_t max_rows, size_t max_bytes, MfError *err)
{
	MfJson	   *j = &page->json;
	const char *start = j->p;

	err->sqlstate[0] = '\0';
	if (j->fault != NULL)
		return malformed(page, err);
	for (;;)
	{
		if (page->level < 2)
		{
			if (!envelope(page))
				return malformed(page, err);
			if (verdict(page, err) != MF_OK)
				return MF_ERROR;
		}
		if (page->level == 3)
			return MF_END;
		while (batch->nrows < max_rows && (size_t) (j->p - start) < max_bytes)
		{
			int			more = mf_json_element(j, &page->first[2]);

			if (more < 0)
				return malformed(page, err);
			if (more == 0)
			{
				page->level = 1;
				break;
			}
			if (!hit(page, columns, batch, err))
			{
				if (err->sqlstate[0] == '\0')
					malformed(page, err);
				return MF_ERROR;
			}
		}
		if (page->level == 2)
			return MF_OK;
	}
}

/* Does the text before `end` end in `word`?  White space in front of it is not expected. */
static bool
ends_in(const char *start, const char *end, const char *word)
{
	size_t		len = strlen(word);

	return (size_t) (end - start) >= len && memcmp(end - len, word, len) == 0;
}

bool
es_page_peek(const char *body, size_t len, MfJsonText *id, const char **sort, size_t *sort_len)
{
	static const char head[] = "{\"pit_id\":\"";
	size_t		head_len = strlen(head);
	const char *p;
	MfJson		j;

	if (len < head_len || memcmp(body, head, head_len) != 0)
		return false;
	mf_json_start(&j, body, len);
	j.p += head_len - 1;
	if (!mf_json_string(&j, id) || id->escaped || id->len == 0)
		return false;

	/*
	 * The brackets that close the sort values, the hit, the hits and the
	 * reply: counted from its end they can close nothing else.  The quote before
	 * "sort" opens a string, because a comma stands before it and an escaped
	 * quote would have a backslash.
	 */
	p = body + len;
	if (!ends_in(body, p, "]}]}}"))
		return false;
	p -= 4;
	*sort_len = 1;
	for (const char *q = p - 1; q > body && (size_t) (p - q) < 512; q--)
	{
		if (q[-1] != '[')
		{
			if (strchr("0123456789-,.", q[-1]) == NULL)
				return false;
			continue;
		}
		*sort = q - 1;
		*sort_len = (size_t) (p - (q - 1));
		return ends_in(body, q - 1, ",\"sort\":");
	}
	return false;
}

/* Enter the value of a member, or pass over what is before it. */
static bool
enter(MfJson *j, const char *word, char bracket)
{
	bool		first = true;
	MfJsonText	key;

	while (mf_json_member(j, &first, &key) > 0)
	{
		if (mf_json_text_is(&key, word))
			return *j->p++ == bracket;
		if (!mf_json_skip(j))
			return false;
	}
	return false;
}

int64_t
es_page_hits(const char *body, size_t len)
{
	bool		first = true;
	int64_t		n = 0;
	MfJson		j;

	mf_json_start(&j, body, len);
	mf_json_ws(&j);
	if (*j.p++ != '{' || !enter(&j, "hits", '{') || !enter(&j, "hits", '['))
		return 0;
	while (mf_json_element(&j, &first) > 0 && mf_json_skip(&j))
		n++;
	return n;
}
