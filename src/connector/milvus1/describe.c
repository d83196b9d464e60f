/*
 * describe.c - What does a collection of Milvus 1.x look like as a table?
 *
 * Every one has an id and a vector; where a row was found can be asked for.
 */
#include "internal.h"

void
m1_describe(const M1Collection *from, MfField *fields, MfCollection *to)
{
	bool		binary = m1_metric_is_binary(from->metric);
	int64_t		rows = 0;

	memset(fields, 0, sizeof(MfField) * M1_NFIELDS);
	fields[0] = (MfField) {.name = M1_FIELD_ID,.native = "id",.kind = MF_KIND_I64,.key = true,
	.auto_id = from->flag == 1};
	fields[1] = (MfField) {
		.name = M1_FIELD_VECTOR,.native = binary ? "binary vector" : "float vector",
		.kind = binary ? MF_KIND_VEC_BIT : MF_KIND_VEC_F32,.dim = (int32_t) from->dim,
		.metric = m1_metric_name(from->metric),.index = m1_engine_name(from->engine)
	};
	fields[2] = (MfField) {.name = M1_FIELD_PARTITION,.native = "partition tag",.kind = MF_KIND_TEXT,
	.pseudo = from->npartitions < 2};
	fields[3] = (MfField) {.name = M1_FIELD_SEGMENT,.native = "segment",.kind = MF_KIND_TEXT,.pseudo = true};
	fields[4] = (MfField) {.name = M1_FIELD_OFFSET,.native = "offset in the segment",.kind = MF_KIND_I64,.pseudo = true};
	for (int i = 0; i < from->nsegments; i++)
		rows += from->segments[i].live_rows;
	memset(to, 0, sizeof(*to));
	to->name = from->name;
	to->rows = rows;
	to->nfields = M1_NFIELDS;
	to->fields = fields;
}

const char *
m1_setting(const MfConn *conn, const MfOptions *table, const char *name)
{
	const char *value = mf_option(table, name);

	return value != NULL ? value : mf_option(&conn->options, name);
}

bool
m1_setting_bool(const MfConn *conn, const MfOptions *table, const char *name)
{
	return mf_option_bool(mf_option(table, name) != NULL ? table : &conn->options, name, false);
}
