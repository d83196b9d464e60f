/*
 * live_segment.c - Which ids does a scan of a Milvus 1.x server read, segment by segment?
 *
 * Ids can repeat.  A scan of all segments notes those that it met.  One that
 * reads only some (a split) first gets all ids of those and compares them with
 * the ids of all others, so that all splits together say what one scan would:
 * the first row in the order of segments stays, or there is an error.
 */
#include "live_scan.h"

static const MfMethod get_vector_ids = M1_METHOD(GetVectorIDs, vector_ids, true);

/* May rows of the segment be wanted? */
static bool
takes(const MfScanSpec *spec, const M1LiveSegment *segment)
{
	const char *partition = mf_option(spec->options, "partition");

	return (partition == NULL || strcmp(partition, segment->tag) == 0) &&
		m1_filter_takes(spec, M1_FIELD_PARTITION, segment->tag) &&
		m1_filter_takes(spec, M1_FIELD_SEGMENT, segment->name);
}

static bool
is_mine(const M1LiveScan *scan, const M1LiveSegment *segment)
{
	return scan->spec->split == NULL || m1_split_has(scan->spec->split, segment->name);
}

MfStatus
m1_live_split_segments(const M1LiveSegment *segments, int n, const MfScanSpec *spec, MfArena *arena,
					   M1SplitSegment **out, int *nout, MfError *err)
{
	*nout = 0;
	*out = mf_arena_alloc(arena, sizeof(M1SplitSegment) * (size_t) (n + 1));
	if (*out == NULL)
		return mf_error_oom(err, sizeof(M1SplitSegment) * (size_t) n);
	for (int i = 0; i < n; i++)
	{
		if (spec == NULL || takes(spec, &segments[i]))
			(*out)[(*nout)++] = (M1SplitSegment) {segments[i].name, segments[i].rows};
	}
	return MF_OK;
}

MfStatus
m1_live_take_info(M1LiveScan *scan, MfError *err)
{
	const char *json = ((M1__CollectionInfo *) scan->call.reply)->json_info;
	const char *token = scan->spec->split;
	MfStatus	status = m1_info_parse(json, &scan->arena, &scan->segments, &scan->nsegments, err);
	M1SplitSegment *all;
	int			n;

	m1_call_end(scan->conn, &scan->call);
	scan->phase = token != NULL && scan->seen != NULL ? M1_LIVE_OWN : M1_LIVE_IDS;
	if (status != MF_OK || token == NULL)
		return status;
	status = m1_live_split_segments(scan->segments, scan->nsegments, NULL, &scan->arena, &all, &n, err);
	return status == MF_OK ? m1_split_check(token, all, n, scan->name, err) : status;
}

/* ---------------------------------------------------------------------- ids */

static MfStatus
refuse_repeat(const M1LiveScan *scan, int64_t id, MfError *err)
{
	mf_error(err, MF_UNIQUE_VIOLATION, "ids repeat in collection \"%s\"", scan->name);
	mf_error_detail(err, "Id %lld is there more than once, the last time in segment %s.", (long long) id, scan->segment_name);
	mf_error_hint(err, "Set option on_duplicate of the foreign table to first or keep.");
	return MF_ERROR;
}

/* An id of a segment of mine, before its rows are read. */
static MfStatus
note_own(M1LiveScan *scan, int64_t id, MfError *err)
{
	bool		fresh;

	if (m1_seen_put(scan->seen, id, scan->segment, &fresh) == NULL)
		return mf_error_oom(err, scan->seen->size * 2 * sizeof(M1SeenId));
	return !fresh && scan->on_duplicate == M1_DUPLICATE_ERROR ? refuse_repeat(scan, id, err) : MF_OK;
}

/* An id of another segment: the row that comes first is the one that stays. */
static MfStatus
note_other(M1LiveScan *scan, int64_t id, MfError *err)
{
	M1SeenId   *own = m1_seen_find(scan->seen, id);

	if (own == NULL)
		return MF_OK;
	if (scan->on_duplicate == M1_DUPLICATE_ERROR)
		return refuse_repeat(scan, id, err);
	own->elsewhere |= scan->segment < own->segment;
	return MF_OK;
}

/* Is the row of an id to be read? */
static MfStatus
note_read(M1LiveScan *scan, int64_t id, MfError *err)
{
	M1SeenId   *slot;
	bool		fresh;

	if (scan->seen != NULL)
	{
		slot = m1_seen_put(scan->seen, id, scan->segment, &fresh);
		if (slot == NULL)
			return mf_error_oom(err, scan->seen->size * 2 * sizeof(M1SeenId));
		if (slot->delivered && scan->on_duplicate == M1_DUPLICATE_ERROR)
			return refuse_repeat(scan, id, err);
		if (slot->delivered || slot->elsewhere)
			return MF_OK;
		slot->delivered = true;
	}
	scan->ids[scan->nids++] = id;
	return MF_OK;
}

static MfStatus
take_ids(M1LiveScan *scan, MfError *err)
{
	const M1__VectorIds *reply = (M1__VectorIds *) scan->call.reply;
	MfStatus	status = MF_OK;

	if (scan->phase == M1_LIVE_IDS)
	{
		mf_free(scan->mem, scan->ids);
		scan->ids = mf_alloc(scan->mem, sizeof(int64_t) * (reply->n_vector_id_array + 1));
		if (scan->ids == NULL)
			return mf_error_oom(err, sizeof(int64_t) * reply->n_vector_id_array);
		scan->nids = scan->asked = 0;
		scan->offset = 0;
	}
	for (size_t i = 0; i < reply->n_vector_id_array && status == MF_OK; i++)
	{
		int64_t		id = reply->vector_id_array[i];

		status = scan->phase == M1_LIVE_OWN ? note_own(scan, id, err) :
			scan->phase == M1_LIVE_OTHERS ? note_other(scan, id, err) : note_read(scan, id, err);
	}
	if (status != MF_OK)
		return status;
	m1_call_end(scan->conn, &scan->call);
	if (scan->phase == M1_LIVE_IDS)
		scan->phase = M1_LIVE_ROWS;
	return MF_OK;
}

/* Is the segment one of this phase? */
static bool
is_next(const M1LiveScan *scan, const M1LiveSegment *segment)
{
	return takes(scan->spec, segment) && is_mine(scan, segment) == (scan->phase != M1_LIVE_OTHERS);
}

MfStatus
m1_live_step_ids(M1LiveScan *scan, MfWaitFor *wait, MfError *err)
{
	M1__GetVectorIDsParam request = M1__GET_VECTOR_IDS_PARAM__INIT;
	MfStatus	status;

	while (scan->segment < scan->nsegments && !is_next(scan, &scan->segments[scan->segment]))
		scan->segment++;
	if (scan->segment >= scan->nsegments)
	{
		scan->segment = scan->phase == M1_LIVE_IDS ? scan->nsegments : 0;
		scan->phase = scan->phase == M1_LIVE_OWN ? M1_LIVE_OTHERS :
			scan->phase == M1_LIVE_OTHERS ? M1_LIVE_IDS : M1_LIVE_END;
		return MF_OK;
	}
	scan->tag = scan->segments[scan->segment].tag;
	scan->segment_name = scan->segments[scan->segment].name;
	request.collection_name = (char *) scan->name;
	request.segment_name = (char *) scan->segment_name;
	status = m1_live_ask(scan, &get_vector_ids, &request.base, wait, err);
	if (status == MF_OK)
	{
		status = take_ids(scan, err);
		scan->segment++;
	}
	return status;
}
