/*
 * option_create.c - What do a table and its columns say for a collection made like them?
 *
 * IMPORT FOREIGN SCHEMA writes here what the columns' names and types do not
 * say, so that create_collection() can make the same collection again from the
 * foreign table alone.  Nothing else reads these options.
 */
#include "milvus_fdw.h"

#include "option.h"
#include "properties.h"

const MfOptionDef mf_create_options[] = {
	{"description", MF_ON_TABLE | MF_ON_COLUMN, MF_OPTION_TEXT, 0, 0, 0, NULL,
	"create_collection: description of the collection, or of the field", NULL},
	{"shards", MF_ON_TABLE, MF_OPTION_INT, 0, 1, 1024, NULL,
	"create_collection: number of shards (default 1)", NULL},
	{"num_partitions", MF_ON_TABLE, MF_OPTION_INT, 0, 1, 65536, NULL,
	"create_collection: partitions among which the partition key spreads the rows", NULL},
	{"partitions", MF_ON_TABLE, MF_OPTION_TEXT, 0, 0, 0, NULL,
	"create_collection: names of partitions, split by commas", NULL},
	{"default_consistency_level", MF_ON_TABLE, MF_OPTION_ENUM, 0, 0, 0, "strong|session|bounded|eventually",
	"create_collection: the collection's own consistency level (default session)", NULL},
	{"dynamic", MF_ON_TABLE, MF_OPTION_BOOL, 0, 0, 0, NULL,
	"create_collection: whether rows may have fields that are not in the schema (default false)", NULL},
	{"properties", MF_ON_TABLE | MF_ON_COLUMN, MF_OPTION_TEXT, 0, 0, 0, NULL,
	"create_collection: further settings of the collection, or of the field, as a JSON object", NULL},
	{"data_type", MF_ON_COLUMN, MF_OPTION_TEXT, 0, 0, 0, NULL,
	"create_collection: the field's type, where the column's leaves a choice", NULL},
	{"max_length", MF_ON_COLUMN, MF_OPTION_INT, 0, 1, 1000000000, NULL,
	"create_collection: bytes that a text has at most", NULL},
	{"max_capacity", MF_ON_COLUMN, MF_OPTION_INT, 0, 1, 1000000000, NULL,
	"create_collection: elements that an array has at most", NULL},
	{"default_value", MF_ON_COLUMN, MF_OPTION_TEXT, 0, 0, 0, NULL,
	"create_collection: what rows without the field get", NULL},
	{"nullable", MF_ON_COLUMN, MF_OPTION_BOOL, 0, 0, 0, NULL,
	"create_collection: whether the field may be NULL (default: unless the column is NOT NULL)", NULL},
	{"auto_id", MF_ON_COLUMN, MF_OPTION_BOOL, 0, 0, 0, NULL,
	"create_collection: whether the remote makes the values of the primary key (default false)", NULL},
	{"partition_key", MF_ON_COLUMN, MF_OPTION_BOOL, 0, 0, 0, NULL,
	"create_collection: whether the field chooses a row's partition (default false)", NULL},
	{"clustering_key", MF_ON_COLUMN, MF_OPTION_BOOL, 0, 0, 0, NULL,
	"create_collection: whether rows are sorted by the field (default false)", NULL},
	{"index_type", MF_ON_COLUMN, MF_OPTION_TEXT, 0, 0, 0, NULL,
	"create_collection: type of the field's index, auto or none (default: auto for vectors)", NULL},
	{"index_name", MF_ON_COLUMN, MF_OPTION_TEXT, 0, 0, 0, NULL,
	"create_collection: name of the field's index", NULL},
	{"metric_type", MF_ON_COLUMN, MF_OPTION_TEXT, 0, 0, 0, NULL,
	"create_collection: how vectors are compared", NULL},
	{"index_params", MF_ON_COLUMN, MF_OPTION_TEXT, 0, 0, 0, NULL,
	"create_collection: how the field's index is built, as a JSON object", NULL},
	{"index_properties", MF_ON_COLUMN, MF_OPTION_TEXT, 0, 0, 0, NULL,
	"create_collection: further settings of the field's index, as a JSON object", NULL},
};
const int	mf_ncreate_options = lengthof(mf_create_options);

void
mf_check_create_option(const MfConnector *connector, const MfOptionDef *def, const char *value)
{
	if (strcmp(def->name, "properties") == 0 || strcmp(def->name, "index_params") == 0 ||
		strcmp(def->name, "index_properties") == 0)
		mf_check_json_object(def->name, value);
	if (strcmp(def->name, "data_type") == 0 && MF_HAS(connector, data_type))
	{
		MfField		field = {0};

		if (!connector->data_type(mf_to_utf8(value), &field))
			ereport(ERROR,
					(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
					 errmsg("invalid value for option \"%s\": \"%s\"", def->name, value),
					 errdetail("%s has no type of this name that a column can hold.", connector->remote)));
	}
}
