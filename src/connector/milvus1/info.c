/*
 * info.c - Which segments does a server say that a collection has?
 *
 * ShowCollectionInfo answers JSON: {"partitions": [{"tag": ..., "segments":
 * [{"name": ..., ...}]}]}; the newest builds call the name "id".
 */
#include <jansson.h>

#include "live.h"

static size_t
count_segments(const json_t *partitions)
{
	json_t	   *partition;
	size_t		i;
	size_t		n = 0;

	json_array_foreach(partitions, i, partition)
		n += json_array_size(json_object_get(partition, "segments"));
	return n;
}

/* -1 = it does not say. */
static int64_t
rows_of(const json_t *segment)
{
	const json_t *rows = json_object_get(segment, "row_count");

	return json_is_integer(rows) ? json_integer_value(rows) : -1;
}

MfStatus
m1_info_parse(const char *json, MfArena *arena, M1LiveSegment **segments, int *n, MfError *err)
{
	json_error_t fault;
	json_t	   *root = json_loads(json, 0, &fault);
	json_t	   *partitions = json_object_get(root, "partitions");
	json_t	   *partition;
	json_t	   *segment;
	size_t		i;
	size_t		j;

	*n = 0;
	if (!json_is_array(partitions))
	{
		json_decref(root);
		mf_error(err, MF_FDW_REPLY_HANDLE, "the answer to Milvus 1.x ShowCollectionInfo cannot be used");
		mf_error_detail(err, "%s", root == NULL ? fault.text : "It has no partitions.");
		return MF_ERROR;
	}
	*segments = mf_arena_alloc(arena, sizeof(M1LiveSegment) * (count_segments(partitions) + 1));
	json_array_foreach(partitions, i, partition)
	{
		const char *tag = json_string_value(json_object_get(partition, "tag"));

		json_array_foreach(json_object_get(partition, "segments"), j, segment)
		{
			const char *name = json_string_value(json_object_get(segment, "name"));

			if (name == NULL)
				name = json_string_value(json_object_get(segment, "id"));
			if (name == NULL || *segments == NULL)
				continue;
			(*segments)[(*n)++] = (M1LiveSegment) {
				mf_arena_strdup(arena, tag != NULL ? tag : "_default"), mf_arena_strdup(arena, name),
				rows_of(segment)
			};
		}
	}
	json_decref(root);
	return arena->failed ? mf_error_oom(err, 0) : MF_OK;
}
