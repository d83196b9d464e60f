/*
 * split_token.c - Which rows does a part's token mean?
 *
 *     all
 *     partition=a,b key>=-5 key<100 seen=459000000000000000
 *
 * Each word may be missing, their order is fixed.  A token is data that anybody
 * may have written: names are checked, numbers are read as numbers, and nothing
 * of it gets into an expression as it stands.  `seen` is the moment (or "now")
 * whose writes a Session has to see, for connections that did not write.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "internal.h"

/* Take `word` from the front of the text. */
static bool
take(const char **p, const char *word)
{
	size_t		len = strlen(word);

	if (strncmp(*p, word, len) != 0)
		return false;
	*p += len;
	return true;
}

/* A number as we write it: no sign but minus, no leading zero. */
static bool
take_number(const char **p, int64_t *value)
{
	const char *digits = **p == '-' ? *p + 1 : *p;
	char	   *end;

	if (digits[0] < '0' || digits[0] > '9' || (digits[0] == '0' && (digits[1] >= '0' && digits[1] <= '9')))
		return false;
	errno = 0;
	*value = strtoll(*p, &end, 10);
	*p = end;
	return errno == 0;
}

/* "a,b": names into the arena. */
static bool
take_partitions(const char **p, MfArena *arena, M2Split *split)
{
	size_t		len = strcspn(*p, " ");
	char	   *names = mf_arena_text(arena, "%.*s", (int) len, *p);
	const char *why;
	size_t		n = 1;

	for (size_t i = 0; i < len; i++)
		n += (*p)[i] == ',';
	split->partitions = mf_arena_alloc(arena, n * sizeof(char *));
	if (names == NULL || split->partitions == NULL)
		return false;
	while (names != NULL)
	{
		char	   *comma = strchr(names, ',');

		if (comma != NULL)
			*comma = '\0';
		if (!m2_partition_name_ok(names, &why))
			return false;
		split->partitions[split->npartitions++] = names;
		names = comma != NULL ? comma + 1 : NULL;
	}
	*p += len;
	return true;
}

/* Is the text at its end, or does another word follow? */
static bool
is_word_end(const char **p)
{
	return **p == '\0' || (take(p, " ") && **p != '\0' && **p != ' ');
}

static bool
parse(const char *p, MfArena *arena, M2Split *split)
{
	bool		any = false;
	int64_t		moment;

	if (take(&p, "all"))
	{
		any = true;
		if (!is_word_end(&p))
			return false;
	}
	else
	{
		if (take(&p, "partition="))
		{
			any = true;
			if (!take_partitions(&p, arena, split) || !is_word_end(&p))
				return false;
		}
		if (take(&p, "key>="))
		{
			any = split->has_from = true;
			if (!take_number(&p, &split->from) || !is_word_end(&p))
				return false;
		}
		if (take(&p, "key<"))
		{
			any = split->has_below = true;
			if (!take_number(&p, &split->below) || !is_word_end(&p))
				return false;
		}
	}
	if (take(&p, "seen=now"))
		split->seen_now = true;
	else if (take(&p, "seen="))
	{
		if (!take_number(&p, &moment) || moment <= 0)
			return false;
		split->seen = (uint64_t) moment;
	}

	/* below the smallest number is nothing, and no literal of Milvus's */
	return any && *p == '\0' && !(split->has_below && split->below == INT64_MIN) &&
		!(split->has_from && split->has_below && split->from >= split->below);
}

MfStatus
m2_split_refuse(const char *token, const char *collection, MfError *err)
{
	mf_error(err, MF_INVALID_PARAMETER_VALUE, "\"%.200s\" is no part of collection \"%s\"", token, collection);
	mf_error_hint(err, "milvus_fdw.splits() tells the parts of a foreign table.");
	snprintf(err->collection, sizeof(err->collection), "%s", collection);
	return MF_ERROR;
}

MfStatus
m2_split_parse(const char *token, const char *collection, MfArena *arena, M2Split *split, MfError *err)
{
	memset(split, 0, sizeof(*split));
	if (parse(token, arena, split))
		return MF_OK;
	if (arena->failed)
		return mf_error_oom(err, strlen(token));
	return m2_split_refuse(token, collection, err);
}

const char *
m2_split_token(MfArena *arena, const char *partitions, const int64_t *from, const int64_t *below, const char *seen)
{
	char		range[2][40] = {"", ""};

	if (from != NULL)
		snprintf(range[0], sizeof(range[0]), " key>=%lld", (long long) *from);
	if (below != NULL)
		snprintf(range[1], sizeof(range[1]), " key<%lld", (long long) *below);
	if (partitions != NULL)
		return mf_arena_text(arena, "partition=%s%s%s%s", partitions, range[0], range[1], seen);
	if (from != NULL || below != NULL)
	{
		const char *text = mf_arena_text(arena, "%s%s%s", range[0], range[1], seen);

		return text != NULL ? text + 1 : NULL;
	}
	return mf_arena_text(arena, "all%s", seen);
}

void
m2_split_filter(MfJsonBuf *expr, const char *key, const M2Split *split)
{
	const char *and = expr->len > 0 ? " and " : "";

	if (split->has_from && split->from > INT64_MIN)
	{
		mf_json_buf_add(expr, and);
		mf_json_buf_add(expr, key);
		mf_json_buf_add(expr, " >= ");
		mf_json_buf_int(expr, split->from);
		and = " and ";
	}
	if (split->has_below)
	{
		mf_json_buf_add(expr, and);
		mf_json_buf_add(expr, key);
		mf_json_buf_add(expr, " < ");
		mf_json_buf_int(expr, split->below);
	}
}
