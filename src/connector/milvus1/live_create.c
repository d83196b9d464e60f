/*
 * live_create.c - How is a collection of a Milvus 1.x server made, and its index?
 */
#include "live_task.h"

static const MfMethod create_collection = M1_METHOD(CreateCollection, status, false);
static const MfMethod create_index = M1_METHOD(CreateIndex, status, true);
static const MfMethod describe_collection = M1_METHOD(DescribeCollection, collection_schema, true);

/* An id, a vector and nothing else: what 1.x holds. */
static MfStatus
take_schema(const MfCollection *schema, const MfField **vector, MfError *err)
{
	*vector = NULL;
	for (int i = 0; i < schema->nfields; i++)
	{
		const MfField *field = &schema->fields[i];

		if (field->kind == MF_KIND_VEC_F32 || field->kind == MF_KIND_VEC_BIT)
		{
			if (*vector != NULL)
				return mf_error(err, MF_FEATURE_NOT_SUPPORTED, "Milvus 1.x holds one vector a row, not both \"%s\" and \"%s\"",
								(*vector)->name, field->name);
			*vector = field;
		}
		else if (!field->key && strcmp(field->name, M1_FIELD_PARTITION) != 0)
		{
			mf_error(err, MF_FEATURE_NOT_SUPPORTED, "Milvus 1.x cannot hold column \"%s\"", field->name);
			mf_error_detail(err, "Its collections have an id (bigint) and one vector.");
			mf_error_hint(err, "Make the collection like a view of those two columns.");
			return MF_ERROR;
		}
		else if (field->key && field->kind != MF_KIND_I64)
			return mf_error(err, MF_FEATURE_NOT_SUPPORTED, "ids of Milvus 1.x are bigint; column \"%s\" is not", field->name);
	}
	return *vector != NULL ? MF_OK : mf_error(err, MF_FEATURE_NOT_SUPPORTED, "a collection of Milvus 1.x needs a vector column");
}

MfStatus
m1_step_create(M1LiveTask *task, MfWaitFor *wait, MfError *err)
{
	M1__CollectionSchema request = M1__COLLECTION_SCHEMA__INIT;
	const MfField *vector;
	const char *metric;

	if (take_schema(task->request->schema, &vector, err) != MF_OK)
		return MF_ERROR;
	metric = vector->metric != NULL ? vector->metric : vector->kind == MF_KIND_VEC_BIT ? "HAMMING" : "L2";
	request.metric_type = m1_metric_of(metric);
	if (request.metric_type == 0 || m1_metric_is_binary(request.metric_type) != (vector->kind == MF_KIND_VEC_BIT))
	{
		mf_error(err, MF_FEATURE_NOT_SUPPORTED, "Milvus 1.x has no metric %s for %s", metric,
				 vector->kind == MF_KIND_VEC_BIT ? "binary vectors" : "float vectors");
		mf_error_hint(err, vector->kind == MF_KIND_VEC_BIT ? "It has HAMMING, JACCARD, SUBSTRUCTURE and SUPERSTRUCTURE." :
					  "It has L2 and IP; IP of vectors normalized by milvus_fdw.l2_normalize() is COSINE.");
		return MF_ERROR;
	}
	request.collection_name = (char *) task->collection;
	request.dimension = vector->dim;
	request.index_file_size = mf_option_int(task->request->args, "index_file_size", 1024);
	return m1_task_call(task, 0, &create_collection, &request.base, wait, err);
}

MfStatus
m1_step_create_index(M1LiveTask *task, MfWaitFor *wait, MfError *err)
{
	const char *type = mf_option(task->request->args, "index_type");
	const char *metric = mf_option(task->request->args, "metric_type");
	const char *params = mf_option(task->request->args, "params");
	M1__IndexParam request = M1__INDEX_PARAM__INIT;
	M1__KeyValuePair param = M1__KEY_VALUE_PAIR__INIT;
	M1__KeyValuePair *list[] = {&param};
	M1__CollectionName name = m1_task_name(task);
	MfStatus	status = m1_task_call(task, 0, &describe_collection, &name.base, wait, err);
	int			has;

	if (status != MF_OK)
		return status;
	has = ((M1__CollectionSchema *) task->calls[0].reply)->metric_type;
	if (metric != NULL && m1_metric_of(metric) != has)
	{
		mf_error(err, MF_INVALID_PARAMETER_VALUE, "collection \"%s\" compares by %s, not by %s", task->collection,
				 m1_metric_name(has) != NULL ? m1_metric_name(has) : "an unknown metric", metric);
		mf_error_hint(err, "Milvus 1.x fixes the metric when a collection is created: leave metric_type out.");
		return MF_ERROR;
	}
	request.index_type = type == NULL || strcmp(type, "auto") == 0 ? 1 : m1_index_of(type);
	if (request.index_type == 0)
		return mf_error(err, MF_INVALID_PARAMETER_VALUE, "Milvus 1.x has no index type %s", type);
	request.collection_name = (char *) task->collection;
	param.key = "params";
	param.value = (char *) (params != NULL ? params : m1_index_params(request.index_type));
	request.n_extra_params = 1;
	request.extra_params = list;
	return m1_task_call(task, 1, &create_index, &request.base, wait, err);
}
