/*
 * alter.c - How does a collection get another name, or other settings?
 */
#include "internal.h"

static const MfMethod describe_collection = M2_METHOD(DescribeCollection, describe_collection_response, true);
static const MfMethod rename_collection = M2_METHOD(RenameCollection, status, false);
static const MfMethod alter_collection = M2_METHOD(AlterCollection, status, true);

#define SLOT_SCHEMA 0
#define SLOT_ACT 1
#define SLOT_VERSION 2
#define SLOT_OTHER 3

M2__Pair **
m2_pairs(MfArena *arena, const MfOptions *options, const char *const *without, size_t *n)
{
	int			most = options != NULL ? options->n : 0;
	M2__Pair  **pairs = most > 0 ? mf_arena_alloc(arena, sizeof(void *) * (size_t) most) : NULL;

	*n = 0;
	for (int i = 0; i < most && pairs != NULL; i++)
	{
		bool		left_out = false;
		M2__Pair   *pair;

		for (const char *const *w = without; w != NULL && *w != NULL; w++)
			left_out |= strcmp(*w, options->items[i].name) == 0;
		if (left_out)
			continue;
		pair = mf_arena_alloc(arena, sizeof(M2__Pair));
		if (pair == NULL)
			return NULL;
		m2__pair__init(pair);
		pair->key = (char *) options->items[i].name;
		pair->value = (char *) options->items[i].value;
		pairs[(*n)++] = pair;
	}
	return pairs;
}

/* Milvus calls it an unexpected error if there is a collection, or an alias, of the new name. */
static MfStatus
check_free(MfTask *task, MfWaitFor *wait, MfError *err)
{
	M2__CollectionRequest request = m2_collection_request(task);
	MfStatus	status;

	if (task->free)
		return MF_OK;
	request.collection_name = (char *) task->name;
	status = m2_task_call(task, SLOT_OTHER, &describe_collection, &request, wait, err);
	if (status == MF_OK)
		return mf_error(err, MF_DUPLICATE_TABLE, "collection \"%s\" already exists on server \"%s\"",
						task->name, task->conn->server);
	if (status == MF_WAIT || strcmp(err->sqlstate, MF_FDW_TABLE_NOT_FOUND) != 0)
		return status;
	task->free = true;
	return MF_OK;
}

MfStatus
m2_step_rename(MfTask *task, MfWaitFor *wait, MfError *err)
{
	M2__RenameCollectionRequest request = M2__RENAME_COLLECTION_REQUEST__INIT;
	const char *why = NULL;
	MfStatus	status;

	if (!m2_name_ok(task->name, false, false, &why))
	{
		mf_error(err, MF_INVALID_PARAMETER_VALUE, "\"%s\" cannot be the name of a collection", task->name);
		mf_error_detail(err, "For Milvus %s.", why);
		return MF_ERROR;
	}
	status = m2_need_own_name(task, SLOT_SCHEMA, wait, err);
	if (status == MF_OK)
		status = check_free(task, wait, err);
	if (status != MF_OK)
		return status;
	request.db_name = (char *) task->database;
	request.old_name = (char *) task->collection;
	request.new_name = (char *) task->name;
	request.new_db_name = (char *) task->database;
	return m2_task_call(task, SLOT_ACT, &rename_collection, &request, wait, err);
}

MfStatus
m2_step_alter(MfTask *task, MfWaitFor *wait, MfError *err)
{
	static const char *const not_settings[] = {"database", NULL};
	M2__AlterCollectionRequest request = M2__ALTER_COLLECTION_REQUEST__INIT;
	MfStatus	status = m2_need_schema(task, SLOT_SCHEMA, wait, err);

	if (status == MF_OK && task->nnames > 0)
		status = m2_need_version(task, SLOT_VERSION, wait, err);
	if (status == MF_OK && task->nnames > 0)
		status = m2_require(task->conn, M2_CAN_RESET, err);
	if (status != MF_OK)
		return status;
	request.db_name = (char *) task->database;
	request.collection_name = (char *) task->schema.collection.name;
	request.properties = m2_pairs(&task->arena, task->args, not_settings, &request.n_properties);
	request.delete_keys = (char **) task->names;
	request.n_delete_keys = (size_t) task->nnames;
	return m2_task_call(task, SLOT_ACT, &alter_collection, &request, wait, err);
}
