/*
 * split.c - How are the rows of some files cut into parts that can be read apart?
 *
 * A part is a range of one file's rows, or all of them where its format cannot
 * begin in the middle.  Its token says which file it was, so that another file
 * under the same name, or a longer one, is not taken for it.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "file.h"

/* Where it is left to us, a part is about so large. */
#define PART_BYTES (INT64_C(64) * 1024 * 1024)

/* More parts than that serve nobody. */
#define MAX_WANTED 100000

static MfStatus
bad_token(const char *token, const char *why, MfError *err)
{
	mf_error(err, MF_INVALID_PARAMETER_VALUE, "\"%s\" is not a split of these files", token);
	mf_error_detail(err, "%s", why);
	return MF_ERROR;
}

/* NAME=number, as we print it, and what follows; NULL = it is not there. */
static const char *
number(const char *p, const char *name, char ends, int64_t *value)
{
	size_t		len = strlen(name);
	char		text[24];
	int64_t		n = 0;
	size_t		digits;

	if (p == NULL || strncmp(p, name, len) != 0)
		return NULL;
	p += len;
	digits = strspn(p, "0123456789");
	if (digits < 1 || digits > 18 || p[digits] != ends)
		return NULL;
	for (size_t i = 0; i < digits; i++)
		n = n * 10 + (p[i] - '0');
	snprintf(text, sizeof(text), "%" PRId64, n);
	if (strlen(text) != digits)
		return NULL;
	*value = n;
	return p + digits + 1;
}

MfStatus
mf_file_split_parse(const char *token, const MfFileList *files, MfFileSplit *split, MfError *err)
{
	const char *p = number(token, "rows=", '+', &split->first);

	p = number(p, "", ' ', &split->count);
	p = number(p, "of=", ' ', &split->rows);
	p = number(p, "bytes=", ' ', &split->bytes);
	if (p == NULL || strncmp(p, "file=/", 6) != 0)
		return bad_token(token, "It is written rows=FIRST+COUNT of=ROWS bytes=SIZE file=PATH.", err);
	if (split->count > split->rows || split->first > split->rows - split->count)
		return bad_token(token, "There are not so many rows.", err);
	for (split->file = 0; split->file < files->n; split->file++)
	{
		if (strcmp(files->paths[split->file], p + 5) == 0)
			return MF_OK;
	}
	return bad_token(token, "Its file is not one of the foreign table's.", err);
}

MfStatus
mf_file_split_check(const MfFileSplit *split, const MfFileWhole *whole, const char *path, MfError *err)
{
	if (split->bytes != whole->bytes || split->rows != whole->rows)
	{
		mf_error(err, MF_OBJECT_NOT_IN_STATE, "file \"%s\" is not the one that was split", path);
		mf_error_detail(err, "It has %" PRId64 " rows in %" PRId64 " bytes, and had %" PRId64 " in %" PRId64 ".",
						whole->rows, whole->bytes, split->rows, split->bytes);
		mf_error_hint(err, "Split the foreign table again.");
		return MF_ERROR;
	}
	if (!whole->ranges && (split->first != 0 || split->count != split->rows))
		return mf_error(err, MF_INVALID_PARAMETER_VALUE, "file \"%s\" can only be read as a whole", path);
	return MF_OK;
}

/* ----------------------------------------------------------------------- cutting */

static int64_t
parts_of(const MfFileWhole *whole, int64_t part_rows, int wanted)
{
	int64_t		n;

	if (whole->rows == 0 || !whole->ranges)
		return whole->rows > 0;
	if (wanted > 0)
		n = (whole->rows + part_rows - 1) / part_rows;
	else
		n = (whole->bytes + PART_BYTES - 1) / PART_BYTES;
	return n < 1 ? 1 : n > whole->rows ? whole->rows : n;
}

static MfStatus
add(MfFileSplits *splits, int64_t first, int64_t count, const MfFileWhole *whole, const char *path, MfError *err)
{
	size_t		room = strlen(path) + 128;
	char	   *token = mf_alloc(splits->mem, room);

	if (token == NULL)
		return mf_error_oom(err, room);
	snprintf(token, room, "rows=%" PRId64 "+%" PRId64 " of=%" PRId64 " bytes=%" PRId64 " file=%s",
			 first, count, whole->rows, whole->bytes, path);
	splits->items[splits->n++] = (MfSplit) {.token = token,.rows = count,.durable = true};
	return MF_OK;
}

MfStatus
mf_file_split(MfFileSplits *splits, const MfFileList *files, const MfFileWhole *wholes, int wanted, MfError *err)
{
	int64_t		rows = 0,
				parts = 0,
				part_rows;

	if (wanted > MAX_WANTED)
		wanted = MAX_WANTED;
	for (int i = 0; i < files->n; i++)
	{
		if (__builtin_add_overflow(rows, wholes[i].rows, &rows))
			return mf_error(err, "54000", "file \"%s\" and those before it have too many rows", files->paths[i]);
	}
	part_rows = wanted > 0 && rows > wanted ? (rows + wanted - 1) / wanted : 1;
	for (int i = 0; i < files->n; i++)
		parts += parts_of(&wholes[i], part_rows, wanted);
	splits->items = mf_calloc(splits->mem, sizeof(MfSplit) * (size_t) (parts + 1));
	if (splits->items == NULL)
		return mf_error_oom(err, sizeof(MfSplit) * (size_t) parts);
	for (int i = 0; i < files->n; i++)
	{
		int64_t		n = parts_of(&wholes[i], part_rows, wanted);

		for (int64_t k = 0; k < n; k++)
		{
			int64_t		first = wholes[i].rows / n * k + wholes[i].rows % n * k / n;
			int64_t		next = wholes[i].rows / n * (k + 1) + wholes[i].rows % n * (k + 1) / n;

			if (add(splits, first, next - first, &wholes[i], files->paths[i], err) != MF_OK)
				return MF_ERROR;
		}
	}
	/* no rows at all are one part */
	return splits->n > 0 ? MF_OK : add(splits, 0, 0, &wholes[0], files->paths[0], err);
}

void
mf_file_splits_free(MfFileSplits *splits)
{
	for (int i = 0; i < splits->n; i++)
		mf_free(splits->mem, (char *) splits->items[i].token);
	mf_free(splits->mem, splits->items);
	splits->items = NULL;
	splits->n = 0;
}
