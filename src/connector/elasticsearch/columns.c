/*
 * columns.c - How does each wanted column come out of the replies?
 *
 * From the mapping: the path in the documents, the kind that is delivered,
 * and whether the server is asked for whole documents or for a list of fields.
 */
#include <string.h>

#include "es.h"

static MfStatus
no_such_field(const MfScanColumn *wanted, const EsField *multi, const char *index, MfError *err)
{
	mf_error(err, MF_FDW_COLUMN_NAME_NOT_FOUND, "field \"%s\" does not exist in index \"%s\"",
			 wanted->field, index);
	if (multi != NULL)
	{
		mf_error_detail(err, "It is another way in which \"%s\" is indexed and has no values of its own.", multi->parent);
		mf_error_hint(err, "Use the field \"%s\".", multi->parent);
	}
	else
		mf_error_hint(err, "The column option \"field\" names the field of a column.");
	strncpy(err->column, wanted->column, sizeof(err->column) - 1);
	strncpy(err->collection, index, sizeof(err->collection) - 1);
	return MF_ERROR;
}

/* May documents hold this path though the mapping does not know it? */
static bool
may_be_unmapped(const EsMapping *mapping, const char *path)
{
	char		above[1024];
	size_t		len = strlen(path);
	char	   *dot;

	if (mapping->open || len >= sizeof(above))
		return true;
	memcpy(above, path, len + 1);
	while ((dot = strrchr(above, '.')) != NULL)
	{
		const EsField *field;

		*dot = '\0';
		field = es_mapping_find(mapping, above);
		if (field != NULL)
			return field->open;
	}
	return false;
}

static MfStatus
one_column(EsColumns *cs, int at, const MfScanColumn *wanted, const EsMapping *mapping,
		   const char *index, MfError *err)
{
	EsColumn   *c = &cs->columns[at];
	MfJsonColumn *f = &cs->fields[cs->nfields];
	const EsField *field = NULL;

	c->kind = wanted->kind;
	c->elem = wanted->elem;
	c->dim = wanted->dim;
	c->headroom = wanted->headroom;
	c->place = strcmp(wanted->field, "_id") == 0 ? ES_ID :
		strcmp(wanted->field, "_index") == 0 ? ES_INDEX :
		strcmp(wanted->field, "_source") == 0 ? ES_WHOLE : ES_SOURCE;
	if (c->place != ES_SOURCE)
	{
		MfKind		kind = c->place == ES_WHOLE ? MF_KIND_JSON : MF_KIND_TEXT;

		if (wanted->kind == kind || (c->place == ES_WHOLE && wanted->kind == MF_KIND_TEXT))
			return MF_OK;
		mf_error(err, MF_DATATYPE_MISMATCH, "field \"%s\" cannot be read as %s",
				 wanted->field, mf_kind_name(wanted->kind));
		mf_error_hint(err, "Declare the column as %s.", c->place == ES_WHOLE ? "jsonb" : "text");
		strncpy(err->column, wanted->column, sizeof(err->column) - 1);
		return MF_ERROR;
	}
	if (mapping->known)
	{
		field = es_mapping_find(mapping, wanted->field);
		if (field != NULL && field->parent != NULL)
			return no_such_field(wanted, field, index, err);
		if (field == NULL && !may_be_unmapped(mapping, wanted->field))
			return no_such_field(wanted, NULL, index, err);
		if (field != NULL && !es_deliverable(field, wanted, err))
			return MF_ERROR;
	}
	f->column = wanted->column;
	f->field = field != NULL ? field->path : wanted->field;
	f->label = wanted->field;
	f->at = at;
	f->date_format = field != NULL && field->format != NULL && field->format[0] != '\0' ? field->format : NULL;
	f->date_formats = es_date_formats(field != NULL ? field->format : NULL);
	f->constant = field != NULL ? field->constant : NULL;
	cs->nfields++;
	cs->wants_source = true;

	/*
	 * A vector of fixed size is read in one go; a list is what is left where
	 * the size is not known.
	 */
	if (mf_kind_is_vector(c->kind) && c->dim == 0)
		c->dim = field != NULL ? field->dim : 0;
	if (c->kind == MF_KIND_LIST && c->elem == MF_KIND_F32 && c->headroom > 0 &&
		field != NULL && field->dim > 0 && strcmp(field->type, "dense_vector") == 0)
	{
		c->kind = MF_KIND_VEC_F32;
		c->dim = field->dim;
	}
	if (c->kind == MF_KIND_VEC_F32 && c->dim == 0)
	{
		c->kind = MF_KIND_LIST;
		c->elem = MF_KIND_F32;
	}
	if (mf_kind_is_vector(c->kind) && (c->dim == 0 || (c->kind == MF_KIND_VEC_BIT && c->dim % 8 != 0)))
	{
		mf_error(err, MF_FDW_INVALID_ATTRIBUTE_VALUE, "the dimensions of column \"%s\" are not known", wanted->column);
		mf_error_hint(err, "Set the column option \"dim\".");
		strncpy(err->column, wanted->column, sizeof(err->column) - 1);
		return MF_ERROR;
	}
	return MF_OK;
}

/* Is the field, or an object above it, among those read? */
static bool
is_read(const EsColumns *cs, const char *path)
{
	for (int i = 0; i < cs->nfields; i++)
	{
		size_t		len = strlen(cs->fields[i].field);

		if (strncmp(path, cs->fields[i].field, len) == 0 && (path[len] == '\0' || path[len] == '.'))
			return true;
	}
	return false;
}

/*
 * Whole documents pass through the server as they are stored; to leave fields
 * out it parses them and writes them anew, at a third of the speed.  That pays
 * when what is left out is vectors and what is read holds none.
 */
static MfStatus
source_member(EsColumns *cs, const EsMapping *mapping, MfError *err)
{
	MfJsonBuf	buf = {.mem = cs->mem};
	int64_t		dims_read = 0;
	int64_t		dims_left = 0;
	bool		all = false;
	bool		list;

	for (int i = 0; i < mapping->nfields; i++)
	{
		if (strcmp(mapping->fields[i].type, "dense_vector") != 0 &&
			strcmp(mapping->fields[i].type, "knn_vector") != 0 &&
			strcmp(mapping->fields[i].type, "sparse_vector") != 0 &&
			strcmp(mapping->fields[i].type, "rank_vectors") != 0)
			continue;
		if (is_read(cs, mapping->fields[i].path))
			dims_read += mapping->fields[i].dim + 1;
		else
			dims_left += mapping->fields[i].dim + 1;
	}
	for (int i = 0; i < cs->ncolumns; i++)
		all |= cs->columns[i].place == ES_WHOLE;
	list = (mapping->hides_vectors && dims_read > 0) || ES_LIST_PAYS(dims_read, dims_left);
	for (int i = 0; i < cs->nfields; i++)
		list = list && strpbrk(cs->fields[i].field, "*") == NULL;

	if (!cs->wants_source)
		mf_json_buf_add(&buf, "\"_source\":false,");
	else if (all && mapping->hides_vectors)
		mf_json_buf_add(&buf, "\"_source\":[\"*\"],");
	else if (!all && list)
	{
		mf_json_buf_add(&buf, "\"_source\":[");
		for (int i = 0; i < cs->nfields; i++)
		{
			if (i > 0)
				mf_json_buf_add(&buf, ",");
			mf_json_buf_quote(&buf, cs->fields[i].field);
		}
		mf_json_buf_add(&buf, "],");
	}
	else
		mf_json_buf_add(&buf, "");
	cs->source = buf.data;
	cs->row_bytes = !cs->wants_source ? 100 :
		300 + 12 * (dims_read + (all || !list ? dims_left : 0));
	return buf.failed ? mf_error_oom(err, buf.cap) : MF_OK;
}

MfStatus
es_columns_new(MfMem *mem, const MfScanSpec *spec, const EsMapping *mapping,
			   const char *index, EsColumns **out, MfError *err)
{
	EsColumns  *cs = mf_calloc(mem, sizeof(EsColumns));
	size_t		n = spec->ncolumns > 0 ? (size_t) spec->ncolumns : 1;
	MfStatus	status = MF_OK;

	*out = cs;
	if (cs == NULL)
		return mf_error_oom(err, sizeof(EsColumns));
	cs->mem = mem;
	cs->ncolumns = spec->ncolumns;
	cs->columns = mf_calloc(mem, n * sizeof(EsColumn));
	cs->fields = mf_calloc(mem, n * sizeof(MfJsonColumn));
	if (cs->columns == NULL || cs->fields == NULL)
		return mf_error_oom(err, n * sizeof(MfJsonColumn));
	for (int i = 0; i < spec->ncolumns && status == MF_OK; i++)
	{
		status = one_column(cs, i, &spec->columns[i], mapping, index, err);
		cs->wants_source |= cs->columns[i].place == ES_WHOLE;
	}
	if (status != MF_OK)
		return status;
	if (mapping->no_source && cs->wants_source)
	{
		mf_error(err, MF_FEATURE_NOT_SUPPORTED, "index \"%s\" does not keep \"_source\"", index);
		mf_error_hint(err, "Documents of such an index cannot be read back; only \"_id\" can.");
		return MF_ERROR;
	}
	cs->plan = mf_json_plan_new(mem, cs->nfields, cs->fields);
	if (cs->plan == NULL)
		return mf_error_oom(err, sizeof(MfJsonColumn));
	return source_member(cs, mapping, err);
}

void
es_columns_free(EsColumns *cs)
{
	if (cs == NULL)
		return;
	mf_json_plan_free(cs->plan);
	mf_free(cs->mem, cs->columns);
	mf_free(cs->mem, cs->fields);
	mf_free(cs->mem, cs->source);
	mf_free(cs->mem, cs);
}

MfBatch *
es_columns_batch(const EsColumns *cs)
{
	MfBatch    *batch = mf_batch_new(cs->mem, cs->ncolumns);

	for (int i = 0; batch != NULL && i < cs->ncolumns; i++)
	{
		const EsColumn *c = &cs->columns[i];

		if (!mf_column_init(batch, i, c->kind, c->elem, c->dim, c->headroom))
		{
			mf_batch_free(batch);
			return NULL;
		}
	}
	return batch;
}
