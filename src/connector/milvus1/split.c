/*
 * split.c - Into which parts can the rows of a collection be cut?
 *
 * Segments are what is read by itself, so a part is some whole ones, by their
 * names: "segments=1600000000000000001,1600000000000000002".  That means the
 * same at any time; a server that has merged a segment away meanwhile makes it
 * an error, never other rows.
 */
#include <stdlib.h>

#include "split.h"

#define PREFIX "segments="
#define ALL "all"				/* one part, whatever the segments */
#define MOST_NAMES 64			/* in one token: it is shown and stored */
#define MOST_TOKEN 8192

/* Names are numbers of 19 digits; what could not stand in a list is not cut. */
static bool
is_plain(const char *name)
{
	size_t		len = strspn(name, "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_.-");

	return len > 0 && name[len] == '\0' && len < MOST_TOKEN / MOST_NAMES;
}

static int
compare_names(const void *a, const void *b)
{
	return strcmp(*(const char *const *) a, *(const char *const *) b);
}

/* A name that is there twice would be a row in two parts. */
static bool
can_be_cut(const M1SplitSegment *segments, int n, MfArena *arena)
{
	const char **names = mf_arena_alloc(arena, sizeof(char *) * (size_t) (n + 1));

	for (int i = 0; names != NULL && i < n; i++)
	{
		if (!is_plain(segments[i].name))
			return false;
		names[i] = segments[i].name;
	}
	if (names != NULL && n > 0)
		qsort(names, (size_t) n, sizeof(char *), compare_names);
	for (int i = 1; names != NULL && i < n; i++)
	{
		if (strcmp(names[i - 1], names[i]) == 0)
			return false;
	}
	return names != NULL;
}

static int64_t
rows_of(const M1SplitSegment *segment)
{
	return segment->rows > 0 ? segment->rows : 0;
}

static MfStatus
make_one(const char *token, int64_t rows, MfArena *arena, MfReply *reply, MfError *err)
{
	MfSplit    *split = mf_arena_alloc(arena, sizeof(MfSplit));

	if (split == NULL)
		return mf_error_oom(err, sizeof(MfSplit));
	*split = (MfSplit) {token, rows, true};
	reply->splits = split;
	reply->nsplits = 1;
	return MF_OK;
}

/* The segments from..to - 1 as a token. */
static const char *
token_of(const M1SplitSegment *segments, int from, int to, MfArena *arena)
{
	char		text[MOST_TOKEN + sizeof(PREFIX)] = PREFIX;
	size_t		len = strlen(text);

	for (int i = from; i < to; i++)
		len += (size_t) snprintf(text + len, sizeof(text) - len, "%s%s", i > from ? "," : "", segments[i].name);
	return mf_arena_strdup(arena, text);
}

MfStatus
m1_split_make(const M1SplitSegment *segments, int n, int wanted, int most, MfArena *arena, MfReply *reply, MfError *err)
{
	int64_t		total = 0;
	int64_t		before = 0;		/* rows of this part and those before it */
	int64_t		counted = 0;	/* rows of those before it */
	int			parts = wanted > 0 && wanted < n ? wanted : n;
	MfSplit    *splits;

	for (int i = 0; i < n; i++)
		total += rows_of(&segments[i]);
	if (parts > most)
		parts = most;
	if (parts < 2 || !can_be_cut(segments, n, arena))
		return make_one(ALL, total, arena, reply, err);
	splits = mf_arena_alloc(arena, sizeof(MfSplit) * (size_t) n);
	if (splits == NULL)
		return mf_error_oom(err, sizeof(MfSplit) * (size_t) n);
	for (int from = 0, to; from < n; from = to)
	{
		int			left = parts - reply->nsplits - 1;	/* parts after this one */
		int64_t		until = (int64_t) ((double) total * (reply->nsplits + 1) / parts);

		/* as far as its share of all rows goes, and no further than leaves a segment for each part to come */
		before += rows_of(&segments[from]);
		for (to = from + 1; parts < n && to - from < MOST_NAMES && n - to > left &&
			 before + rows_of(&segments[to]) / 2 <= until; to++)
			before += rows_of(&segments[to]);
		splits[reply->nsplits++] = (MfSplit) {token_of(segments, from, to, arena), before - counted, true};
		counted = before;
	}
	reply->splits = splits;
	return arena->failed ? mf_error_oom(err, MOST_TOKEN) : MF_OK;
}

/* ------------------------------------------------------------------ reading it */

bool
m1_split_has(const char *token, const char *name)
{
	size_t		len = strlen(name);

	if (strcmp(token, ALL) == 0)
		return true;
	for (const char *at = token + strlen(PREFIX);; at += strcspn(at, ",") + 1)
	{
		size_t		here = strcspn(at, ",");

		if (here == len && memcmp(at, name, len) == 0)
			return true;
		if (at[here] == '\0')
			return false;
	}
}

static bool
is_known(const M1SplitSegment *segments, int n, const char *name, size_t len)
{
	for (int i = 0; i < n; i++)
	{
		if (strlen(segments[i].name) == len && memcmp(segments[i].name, name, len) == 0)
			return true;
	}
	return false;
}

/* Is a name in the rest of a list? */
static bool
is_again(const char *rest, const char *name, size_t len)
{
	for (; *rest == ','; rest += 1 + strcspn(rest + 1, ","))
	{
		if (strcspn(rest + 1, ",") == len && memcmp(rest + 1, name, len) == 0)
			return true;
	}
	return false;
}

static MfStatus
no_split(const char *token, const char *collection, MfError *err)
{
	mf_error(err, MF_INVALID_PARAMETER_VALUE, "\"%.100s\" is no split of collection \"%s\"", token, collection);
	mf_error_hint(err, "A split of Milvus 1.x is \"%s\", or \"%s\" and names of segments.", ALL, PREFIX);
	return MF_ERROR;
}

MfStatus
m1_split_check(const char *token, const M1SplitSegment *segments, int n, const char *collection, MfError *err)
{
	size_t		len;

	if (strcmp(token, ALL) == 0)
		return MF_OK;
	if (strncmp(token, PREFIX, strlen(PREFIX)) != 0)
		return no_split(token, collection, err);
	for (const char *at = token + strlen(PREFIX);; at += len + 1)
	{
		len = strcspn(at, ",");
		if (len == 0 || is_again(at + len, at, len))
			return no_split(token, collection, err);
		if (!is_known(segments, n, at, len))
		{
			mf_error(err, MF_OBJECT_NOT_IN_STATE, "collection \"%s\" has no segment \"%.*s\"", collection,
					 (int) (len < 100 ? len : 100), at);
			mf_error_detail(err, "The split \"%.200s\" names it.", token);
			mf_error_hint(err, "A server merges segments after rows were written or deleted: cut the collection anew.");
			return MF_ERROR;
		}
		if (at[len] == '\0')
			return MF_OK;
	}
}
