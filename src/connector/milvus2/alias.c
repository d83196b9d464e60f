/*
 * alias.c - Which other names does a collection have?
 */
#include "internal.h"

static const MfMethod create_alias = M2_METHOD(CreateAlias, status, false);
static const MfMethod alter_alias = M2_METHOD(AlterAlias, status, true);
static const MfMethod drop_alias = M2_METHOD(DropAlias, status, false);
static const MfMethod show_collections = M2_METHOD(ShowCollections, show_collections_response, true);
static const MfMethod describe_collection = M2_METHOD(DescribeCollection, describe_collection_response, true);

#define SLOT_SCHEMA 0
#define SLOT_ACT 1
#define SLOT_LIST 2

MfStatus
m2_need_own_name(MfTask *task, int slot, MfWaitFor *wait, MfError *err)
{
	MfStatus	status = m2_need_schema(task, slot, wait, err);

	if (status != MF_OK || strcmp(task->schema.collection.name, task->collection) == 0)
		return status;
	mf_error(err, MF_FDW_TABLE_NOT_FOUND, "\"%s\" is an alias, not a collection", task->collection);
	mf_error_detail(err, "It stands for collection \"%s\".", task->schema.collection.name);
	return MF_ERROR;
}

/* Also through an alias: then the new one stands for the same collection. */
MfStatus
m2_step_set_alias(MfTask *task, MfWaitFor *wait, MfError *err)
{
	M2__AliasRequest request = M2__ALIAS_REQUEST__INIT;
	const char *why = NULL;
	MfStatus	status;

	if (!m2_name_ok(task->name, false, false, &why))
	{
		mf_error(err, MF_INVALID_PARAMETER_VALUE, "\"%s\" cannot be an alias", task->name);
		mf_error_detail(err, "For Milvus %s.", why);
		return MF_ERROR;
	}
	status = m2_need_schema(task, SLOT_SCHEMA, wait, err);
	if (status != MF_OK)
		return status;
	request.db_name = (char *) task->database;
	request.collection_name = (char *) task->schema.collection.name;
	request.alias = (char *) task->name;
	return m2_task_call(task, SLOT_ACT, task->verb == MF_VERB_CREATE_ALIAS ? &create_alias : &alter_alias,
						&request, wait, err);
}

/* Does the alias belong to the collection?  Milvus would drop anybody's. */
static MfStatus
check_alias(MfTask *task, const M2__DescribeCollectionResponse *reply, MfError *err)
{
	for (size_t i = 0; i < reply->n_aliases; i++)
	{
		if (strcmp(reply->aliases[i], task->name) == 0)
			return MF_OK;
	}
	return mf_error(err, MF_UNDEFINED_OBJECT, "collection \"%s\" has no alias \"%s\"", task->collection, task->name);
}

MfStatus
m2_step_drop_alias(MfTask *task, MfWaitFor *wait, MfError *err)
{
	M2__CollectionRequest collection = m2_collection_request(task);
	M2__DropAliasRequest request = M2__DROP_ALIAS_REQUEST__INIT;
	MfStatus	status = m2_task_call(task, SLOT_SCHEMA, &describe_collection, &collection, wait, err);

	if (status == MF_OK)
		status = check_alias(task, (M2__DescribeCollectionResponse *) task->calls[SLOT_SCHEMA].reply, err);
	if (status != MF_OK)
		return status;
	request.db_name = (char *) task->database;
	request.alias = (char *) task->name;
	return m2_task_call(task, SLOT_ACT, &drop_alias, &request, wait, err);
}

/* The aliases of one collection, asked for by its own name. */
static MfStatus
add_aliases(MfTask *task, const char *collection, MfWaitFor *wait, MfError *err)
{
	M2__CollectionRequest request = M2__COLLECTION_REQUEST__INIT;
	const M2__DescribeCollectionResponse *reply;
	MfStatus	status;

	request.db_name = (char *) task->database;
	request.collection_name = (char *) collection;
	status = m2_task_call(task, SLOT_SCHEMA, &describe_collection, &request, wait, err);
	if (status != MF_OK)
		return status;
	reply = (M2__DescribeCollectionResponse *) task->calls[SLOT_SCHEMA].reply;
	for (size_t i = 0; i < reply->n_aliases; i++)
		m2_cells_add(task, 2, (const char *[]) {reply->aliases[i],
			reply->schema != NULL && reply->schema->name[0] != '\0' ? reply->schema->name : collection});
	m2_task_forget(task, SLOT_SCHEMA);
	return MF_OK;
}

/* One after the other: not every version can be asked for all at once. */
MfStatus
m2_step_list_aliases(MfTask *task, MfWaitFor *wait, MfError *err)
{
	M2__ShowCollectionsRequest request = M2__SHOW_COLLECTIONS_REQUEST__INIT;
	const M2__ShowCollectionsResponse *reply;
	MfStatus	status;

	if (task->collection[0] != '\0')
	{
		status = add_aliases(task, task->collection, wait, err);
		return status == MF_OK ? m2_cells_done(task, 2, err) : status;
	}
	request.db_name = (char *) task->database;
	status = m2_task_call(task, SLOT_LIST, &show_collections, &request, wait, err);
	if (status != MF_OK)
		return status;
	reply = (M2__ShowCollectionsResponse *) task->calls[SLOT_LIST].reply;
	for (; task->at < reply->n_collection_names; task->at++)
	{
		status = add_aliases(task, reply->collection_names[task->at], wait, err);
		/* dropped since it was listed */
		if (status == MF_ERROR && strcmp(err->sqlstate, MF_FDW_TABLE_NOT_FOUND) == 0)
			continue;
		if (status != MF_OK)
			return status;
	}
	return m2_cells_done(task, 2, err);
}
