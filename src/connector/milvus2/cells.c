/*
 * cells.c - How does a list become the rows of an answer?
 */
#include <stdio.h>
#include <time.h>

#include "internal.h"

struct M2CellRow
{
	struct M2CellRow *before;
	const char *cells[];
};

void
m2_cells_add(MfTask *task, int ncolumns, const char *const *cells)
{
	struct M2CellRow *row = mf_arena_alloc(&task->arena, sizeof(*row) + sizeof(char *) * (size_t) ncolumns);

	if (row == NULL)
		return;					/* the arena remembers */
	for (int i = 0; i < ncolumns; i++)
		row->cells[i] = cells[i] != NULL ? mf_arena_text(&task->arena, "%s", cells[i]) : NULL;
	row->before = task->rows;
	task->rows = row;
	task->reply.nrows++;
}

MfStatus
m2_cells_done(MfTask *task, int ncolumns, MfError *err)
{
	size_t		n = (size_t) task->reply.nrows * (size_t) ncolumns;
	const char **cells = mf_arena_alloc(&task->arena, sizeof(char *) * (n > 0 ? n : 1));

	if (task->arena.failed)
		return mf_error_oom(err, sizeof(char *) * n);
	for (const struct M2CellRow *row = task->rows; row != NULL; row = row->before)
	{
		n -= (size_t) ncolumns;
		memcpy(cells + n, row->cells, sizeof(char *) * (size_t) ncolumns);
	}
	task->reply.ncolumns = ncolumns;
	task->reply.cells = cells;
	return MF_OK;
}

const char *
m2_cell_int(MfTask *task, int64_t value)
{
	return mf_arena_text(&task->arena, "%lld", (long long) value);
}

const char *
m2_cell_time(MfTask *task, int64_t ms)
{
	time_t		seconds = (time_t) (ms / 1000);
	struct tm	tm;
	char		text[40];

	if (ms <= 0 || gmtime_r(&seconds, &tm) == NULL || tm.tm_year > 8000)
		return NULL;
	if (strftime(text, sizeof(text), "%Y-%m-%d %H:%M:%S", &tm) == 0)
		return NULL;
	return mf_arena_text(&task->arena, "%s.%03d+00", text, (int) (ms % 1000));
}
