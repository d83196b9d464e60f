/*
 * route.c - Which rows of a batch go to which partition?
 *
 * A request is for one partition.  Rows that come partition by partition are
 * sent as they are; others are copied into that order, each partition's rows
 * in the order they came in.
 */
#include <stdio.h>

#include "internal.h"

/* Ours for each row, and how many rows each of the list's partitions gets. */
typedef struct Places
{
	int32_t    *of;				/* row -> partition's index in the list */
	int32_t    *rows;			/* partition -> how many */
	int			runs;			/* of one partition after the other */
	int			used;			/* partitions that get rows */
} Places;

static int
find(const M2Partitions *list, const char *name, size_t len)
{
	for (int i = 0; i < list->n; i++)
	{
		if (strlen(list->names[i]) == len && memcmp(list->names[i], name, len) == 0)
			return i;
	}
	return -1;
}

static MfStatus
bad_name(const M2WritePlan *plan, const MfBatch *batch, int32_t row, const char *name, const char *why, MfError *err)
{
	mf_error(err, MF_INVALID_PARAMETER_VALUE, "\"%.200s\" cannot be the name of a partition", name);
	mf_error_detail(err, "%s", why);
	m2_error_row(plan, batch, row, plan->partition, err);
	return MF_ERROR;
}

/* No name: the default one. */
static MfStatus
place_row(const M2WritePlan *plan, const MfBatch *batch, int32_t row, const M2Partitions *list,
		  int *place, char **missing, MfError *err)
{
	const MfColumn *col = &batch->columns[plan->partition];
	const char *name = M2_DEFAULT_PARTITION;
	size_t		len = strlen(name);
	const char *why = "It must not hold a zero byte.";
	MfStatus	status = MF_END;
	char	   *copy;

	if (mf_column_state(col, row) == MF_VALUE_PRESENT)
		name = mf_varying_at(col, row, &len);
	/* most often as the row before */
	if (*place < 0 || strlen(list->names[*place]) != len || memcmp(list->names[*place], name, len) != 0)
		*place = find(list, name, len);
	if (*place >= 0)
		return MF_OK;
	copy = mf_strndup(plan->mem, name, len);
	if (copy == NULL)
		return mf_error_oom(err, len);
	if (strlen(copy) != len || !m2_partition_name_ok(copy, &why))
		status = bad_name(plan, batch, row, copy, why, err);
	else
		*missing = copy;
	if (status == MF_ERROR)
		mf_free(plan->mem, copy);
	return status;
}

static MfStatus
find_places(const M2WritePlan *plan, const MfBatch *batch, const M2Partitions *list, Places *places,
			char **missing, MfError *err)
{
	int			place = -1;
	int			last = -1;

	places->of = mf_alloc(plan->mem, sizeof(int32_t) * (size_t) batch->nrows);
	places->rows = mf_calloc(plan->mem, sizeof(int32_t) * (size_t) (list->n > 0 ? list->n : 1));
	if (places->of == NULL || places->rows == NULL)
		return mf_error_oom(err, sizeof(int32_t) * (size_t) batch->nrows);
	for (int32_t row = 0; row < batch->nrows; row++)
	{
		MfStatus	status = place_row(plan, batch, row, list, &place, missing, err);

		if (status != MF_OK)
			return status;
		places->of[row] = place;
		places->used += places->rows[place]++ == 0;
		places->runs += place != last;
		last = place;
	}
	return MF_OK;
}

/* A copy of the batch in another order. */
static MfStatus
reorder(const M2WritePlan *plan, const MfBatch *batch, M2Route *route, MfError *err)
{
	MfBatch    *copy = mf_batch_new(plan->mem, batch->ncolumns);

	route->batch = copy;
	for (int32_t i = 0; copy != NULL && i < batch->ncolumns; i++)
	{
		const MfColumn *from = &batch->columns[i];
		bool		fits = mf_column_init(copy, i, from->kind, from->elem, from->dim, 0) &&
			mf_column_reserve(plan->mem, &copy->columns[i], batch->nrows);

		for (int32_t row = 0; fits && row < batch->nrows; row++)
			fits = mf_append_from(plan->mem, &copy->columns[i], from, route->rows[row]);
		if (!fits)
			return mf_error_oom(err, mf_batch_bytes(batch));
	}
	if (copy == NULL)
		return mf_error_oom(err, sizeof(MfBatch));
	copy->nrows = batch->nrows;
	copy->first_row = batch->first_row;
	return MF_OK;
}

/* In order of partitions: route->rows. */
static MfStatus
sort_rows(const M2WritePlan *plan, const MfBatch *batch, const M2Partitions *list, const Places *places,
		  M2Route *route, MfError *err)
{
	int32_t    *next = mf_calloc(plan->mem, sizeof(int32_t) * (size_t) list->n);
	int32_t		at = 0;

	route->rows = mf_alloc(plan->mem, sizeof(int32_t) * (size_t) batch->nrows);
	if (route->rows == NULL || next == NULL)
	{
		mf_free(plan->mem, next);
		return mf_error_oom(err, sizeof(int32_t) * (size_t) batch->nrows);
	}
	for (int i = 0; i < list->n; i++)
	{
		next[i] = at;
		at += places->rows[i];
	}
	for (int32_t row = 0; row < batch->nrows; row++)
		route->rows[next[places->of[row]]++] = row;
	mf_free(plan->mem, next);
	return reorder(plan, batch, route, err);
}

static MfStatus
make_runs(const M2WritePlan *plan, const MfBatch *batch, const M2Partitions *list, const Places *places,
		  M2Route *route, MfError *err)
{
	MfStatus	status = MF_OK;
	int			last = -1;

	if (places->runs > places->used)
		status = sort_rows(plan, batch, list, places, route, err);
	route->runs = mf_calloc(plan->mem, sizeof(*route->runs) * (size_t) places->used);
	if (status != MF_OK || route->runs == NULL)
		return status != MF_OK ? status : mf_error_oom(err, sizeof(*route->runs));
	for (int32_t row = 0; row < batch->nrows; row++)
	{
		int			place = places->of[route->rows != NULL ? route->rows[row] : row];

		if (place != last)
		{
			route->runs[route->n].partition = list->names[place];
			route->runs[route->n++].first = row;
		}
		route->runs[route->n - 1].count++;
		last = place;
	}
	return MF_OK;
}

MfStatus
m2_route(const M2WritePlan *plan, const MfBatch *batch, const M2Partitions *list,
		 M2Route *route, char **missing, MfError *err)
{
	Places		places = {0};
	MfStatus	status;

	memset(route, 0, sizeof(*route));
	*missing = NULL;
	status = find_places(plan, batch, list, &places, missing, err);
	if (status == MF_OK)
		status = make_runs(plan, batch, list, &places, route, err);
	mf_free(plan->mem, places.of);
	mf_free(plan->mem, places.rows);
	if (status != MF_OK)
		m2_route_free(route, plan->mem);
	return status;
}

void
m2_route_free(M2Route *route, MfMem *mem)
{
	mf_batch_free(route->batch);
	mf_free(mem, route->rows);
	mf_free(mem, route->runs);
	memset(route, 0, sizeof(*route));
}
