/*
 * meta_json.c - What does metadata say that was exported as JSON?
 *
 * Two forms: our own, which keeps everything that reading needs, and the
 * meta.json of milvus-migration, which knows no partitions (they stand there as
 * collections with numbers for names).
 */
#include <errno.h>
#include <jansson.h>
#include <stdlib.h>

#include "internal.h"

#define FORMAT "milvus1-metadata"

static const char *
text_of(M1Rows *rows, const json_t *object, const char *key)
{
	const char *text = json_string_value(json_object_get(object, key));

	return mf_arena_strdup(rows->arena, text != NULL ? text : "");
}

static int64_t
number_of(const json_t *object, const char *key, int64_t otherwise)
{
	const json_t *value = json_object_get(object, key);

	return json_is_integer(value) ? json_integer_value(value) : otherwise;
}

/* A number, or the name that Milvus gives it. */
static int64_t
metric_of(const json_t *object, const char *key)
{
	const json_t *value = json_object_get(object, key);

	if (!json_is_string(value))
		return number_of(object, key, 0);
	if (strcmp(json_string_value(value), "TANIMOTO") == 0)
		return M1_TANIMOTO;
	for (int metric = M1_L2; metric <= M1_SUPERSTRUCTURE; metric++)
	{
		if (strcmp(json_string_value(value), m1_metric_name(metric)) == 0)
			return metric;
	}
	return 0;
}

/* ------------------------------------------------------------------- reading */

static bool
take_segments(M1Rows *rows, const json_t *collection, const char *segment_key, const char *rows_key)
{
	json_t	   *segment;
	size_t		i;

	json_array_foreach(json_object_get(collection, "segments"), i, segment)
	{
		M1FileRow  *row = m1_rows_file(rows);

		if (row == NULL)
			return false;
		row->table_id = text_of(rows, segment, json_object_get(segment, "table_id") != NULL ? "table_id" : "collection");
		row->segment_id = text_of(rows, segment, segment_key);
		row->engine_type = number_of(segment, "engine_type", 1);
		row->file_type = number_of(segment, "file_type", 1);
		row->row_count = number_of(segment, rows_key, 0);
		row->created_on = number_of(segment, "created_on", (int64_t) i);
		row->id = (int64_t) i;
	}
	return true;
}

static bool
take_partitions(M1Rows *rows, const json_t *collection, const char *name)
{
	json_t	   *partition;
	size_t		i;

	json_array_foreach(json_object_get(collection, "partitions"), i, partition)
	{
		M1TableRow *row = m1_rows_table(rows);

		if (row == NULL)
			return false;
		row->table_id = text_of(rows, partition, "table_id");
		row->owner_table = name;
		row->partition_tag = text_of(rows, partition, "tag");
		row->index_params = "";
		row->flush_lsn = number_of(partition, "flush_lsn", 0);
	}
	return true;
}

static bool
take_collection(M1Rows *rows, const json_t *collection, bool ours)
{
	M1TableRow *row = m1_rows_table(rows);
	const char *name = text_of(rows, collection, ours ? "name" : "collection");

	if (row == NULL)
		return false;
	row->table_id = name;
	row->owner_table = row->partition_tag = "";
	row->dimension = number_of(collection, ours ? "dimension" : "dim", 0);
	row->metric_type = metric_of(collection, ours ? "metric_type" : "metric");
	row->engine_type = number_of(collection, "engine_type", 1);
	row->index_file_size = number_of(collection, "index_file_size", 0);
	row->index_params = text_of(rows, collection, "index_params");
	row->flag = number_of(collection, "flag", 0);
	row->flush_lsn = number_of(collection, "flush_lsn", 0);
	return take_partitions(rows, collection, name) &&
		take_segments(rows, collection, ours ? "segment_id" : "segment", ours ? "row_count" : "rows");
}

MfStatus
m1_json_read(const char *path, M1Rows *rows, MfError *err)
{
	json_error_t fault;
	json_t	   *root = json_load_file(path, 0, &fault);
	json_t	   *collection;
	const char *format;
	size_t		i;
	bool		fits = true;

	if (root == NULL)
	{
		mf_error(err, errno == ENOENT && fault.line < 0 ? MF_FDW_UNABLE_TO_CONNECT : MF_FDW_ERROR,
				 "metadata file \"%s\" cannot be read", path);
		if (fault.line > 0)
			mf_error_detail(err, "Line %d: %s.", fault.line, fault.text);
		else
			mf_error_detail(err, "%s.", fault.text);
		return MF_ERROR;
	}
	format = json_string_value(json_object_get(root, "format"));
	if (!json_is_array(json_object_get(root, "collections")) || (format != NULL && strcmp(format, FORMAT) != 0))
	{
		json_decref(root);
		mf_error(err, MF_FDW_ERROR, "metadata file \"%s\" is no metadata of Milvus 1.x", path);
		mf_error_hint(err, "It must be what milvus_fdw.export_metadata() or milvus-migration wrote.");
		return MF_ERROR;
	}
	rows->global_lsn = number_of(root, "global_lsn", -1);
	json_array_foreach(json_object_get(root, "collections"), i, collection)
		fits = fits && take_collection(rows, collection, format != NULL);
	json_decref(root);
	return fits && !rows->arena->failed ? MF_OK : mf_error_oom(err, sizeof(M1FileRow));
}

/* ------------------------------------------------------------------- writing */

static json_t *
partitions_json(const M1Collection *c)
{
	json_t	   *list = json_array();

	for (int i = 1; i < c->npartitions; i++)
		json_array_append_new(list, json_pack("{s:s, s:s, s:I}", "tag", c->partitions[i].tag,
											  "table_id", c->partitions[i].table_id,
											  "flush_lsn", (json_int_t) c->partitions[i].flush_lsn));
	return list;
}

static json_t *
segments_json(const M1Collection *c)
{
	json_t	   *list = json_array();

	for (int i = 0; i < c->nsegments; i++)
		json_array_append_new(list, json_pack("{s:s, s:s, s:i, s:i, s:I, s:i}",
											  "table_id", c->segments[i].table_id,
											  "segment_id", c->segments[i].segment_id,
											  "engine_type", c->segments[i].engine,
											  "file_type", c->segments[i].file_type,
											  "row_count", (json_int_t) c->segments[i].live_rows,
											  "created_on", i));
	return list;
}

char *
m1_json_write(const M1Meta *meta, MfMem *mem, MfError *err)
{
	json_t	   *root = json_pack("{s:s, s:i, s:I, s:[]}", "format", FORMAT, "version", 1,
								 "global_lsn", (json_int_t) meta->global_lsn, "collections");
	json_t	   *list = json_object_get(root, "collections");
	char	   *text;
	char	   *copy;

	for (int i = 0; i < meta->ncollections; i++)
	{
		const M1Collection *c = &meta->collections[i];

		json_array_append_new(list, json_pack("{s:s, s:I, s:i, s:i, s:I, s:s, s:i, s:I, s:o, s:o}",
											  "name", c->name, "dimension", (json_int_t) c->dim,
											  "metric_type", c->metric, "engine_type", c->engine,
											  "index_file_size", (json_int_t) c->index_file_size,
											  "index_params", c->index_params, "flag", c->flag,
											  "flush_lsn", (json_int_t) c->partitions[0].flush_lsn,
											  "partitions", partitions_json(c),
											  "segments", segments_json(c)));
	}
	text = root != NULL ? json_dumps(root, JSON_INDENT(1)) : NULL;
	json_decref(root);
	copy = text != NULL ? mf_strdup(mem, text) : NULL;
	free(text);
	if (copy == NULL)
		mf_error_oom(err, 0);
	return copy;
}
