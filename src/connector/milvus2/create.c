/*
 * create.c - How does a collection come and go?
 *
 * All that can be known to fail is refused before anything is sent: Milvus
 * 2.3.5 accepts types at creation that make it fail, or stop, later on.
 */
#include <stdlib.h>

#include "internal.h"

static const MfMethod create_collection = M2_METHOD(CreateCollection, status, false);
static const MfMethod drop_collection = M2_METHOD(DropCollection, status, false);

#define SLOT_EXISTS 0
#define SLOT_CREATE 1
#define SLOT_VERSION 2

enum
{
	PHASE_VERSION,
	PHASE_EXISTS,
	PHASE_CREATE,
	PHASE_VISIBLE
};

static MfStatus
check_partition_key(const MfField *field, M2Type type, int nth, MfError *err)
{
	if (!field->key && (type == M2_INT64 || type == M2_VARCHAR) && nth == 1)
		return MF_OK;
	mf_error(err, MF_INVALID_PARAMETER_VALUE, "field \"%s\" cannot be the partition key", field->name);
	if (field->key)
		mf_error_detail(err, "It is the primary key.");
	else if (nth > 1)
		mf_error_detail(err, "A collection has one partition key.");
	else
		mf_error_detail(err, "A partition key of Milvus is Int64 or VarChar, not %s.", m2_type_name(type));
	return MF_ERROR;
}

MfStatus
m2_check_create(const MfTask *task, MfError *err)
{
	const MfCollection *schema = task->create;
	const char *why = NULL;
	int			keys = 0;
	int			vectors = 0;
	int			partition_keys = 0;

	if (schema == NULL || schema->nfields == 0)
		return mf_error(err, MF_INVALID_PARAMETER_VALUE, "no fields are given for collection \"%s\"",
						task->collection);
	if (!m2_name_ok(task->collection, false, false, &why))
	{
		mf_error(err, MF_INVALID_PARAMETER_VALUE, "\"%s\" cannot be the name of a collection", task->collection);
		mf_error_detail(err, "For Milvus %s.", why);
		return MF_ERROR;
	}
	for (int i = 0; i < schema->nfields; i++)
	{
		const MfField *field = &schema->fields[i];
		M2FieldType type;

		if (field->dynamic)
			continue;
		if (!m2_name_ok(field->name, true, field->key, &why))
		{
			mf_error(err, MF_INVALID_PARAMETER_VALUE, "\"%s\" cannot be the name of a field", field->name);
			mf_error_detail(err, "For Milvus %s.", why);
			return MF_ERROR;
		}
		for (int j = 0; j < i; j++)
		{
			if (strcmp(field->name, schema->fields[j].name) == 0)
				return mf_error(err, MF_INVALID_PARAMETER_VALUE, "field \"%s\" is given twice", field->name);
		}
		if (!m2_type_for(field, INT32_MAX, &type, &why))
		{
			mf_error(err, MF_FEATURE_NOT_SUPPORTED, "field \"%s\" cannot be created", field->name);
			mf_error_detail(err, "It holds %s values of %s: %s.", mf_kind_name(field->kind),
							field->native != NULL ? field->native : "no type given", why);
			return MF_ERROR;
		}
		vectors += m2_type_is_vector(type.type);
		keys += field->key;
		if (field->key && type.type != M2_INT64 && type.type != M2_VARCHAR)
		{
			mf_error(err, MF_INVALID_PARAMETER_VALUE, "field \"%s\" cannot be the primary key", field->name);
			mf_error_detail(err, "A primary key of Milvus is Int64 or VarChar, not %s.", m2_type_name(type.type));
			return MF_ERROR;
		}
		partition_keys += field->partition_key;
		if (field->partition_key && check_partition_key(field, type.type, partition_keys, err) != MF_OK)
			return MF_ERROR;
	}
	if (keys != 1)
	{
		mf_error(err, MF_INVALID_PARAMETER_VALUE, keys == 0 ? "collection \"%s\" has no primary key" :
				 "collection \"%s\" has more than one primary key", task->collection);
		mf_error_hint(err, "Argument primary_key names the column that identifies a row.");
		return MF_ERROR;
	}
	if (vectors == 0)
	{
		mf_error(err, MF_INVALID_PARAMETER_VALUE, "collection \"%s\" has no vector field", task->collection);
		mf_error_hint(err, "Milvus needs at least one field that holds vectors of a known number of dimensions.");
		return MF_ERROR;
	}
	return MF_OK;
}

/* What this server's version takes. */
static MfStatus
check_version(const MfTask *task, MfError *err)
{
	int			vectors = 0;
	MfStatus	status = MF_OK;

	if (task->create->dynamic)
		status = m2_require(task->conn, M2_CAN_DYNAMIC, err);
	for (int i = 0; i < task->create->nfields && status == MF_OK; i++)
	{
		const MfField *field = &task->create->fields[i];
		M2FieldType type;
		const char *why;

		if (field->dynamic || !m2_type_for(field, task->conn->version, &type, &why))
			continue;
		vectors += m2_type_is_vector(type.type);
		status = m2_require_type(task->conn, type.type, err);
		if (status == MF_OK && field->partition_key)
			status = m2_require(task->conn, M2_CAN_PARTITION_KEY, err);
		if (status == MF_OK && field->clustering_key)
			status = m2_require(task->conn, M2_CAN_CLUSTERING_KEY, err);
		if (status == MF_OK && field->default_value != NULL)
			status = m2_require(task->conn, M2_CAN_DEFAULT, err);
	}
	if (status == MF_OK && vectors > 1)
		status = m2_require(task->conn, M2_CAN_VECTORS, err);
	return status;
}

/* The collection's own level, or else what its server's tables read by. */
static int32_t
consistency(const MfTask *task)
{
	const char *level = task->create->consistency_level;
	int32_t		n;

	if (level == NULL)
		level = mf_option(&task->conn->options, "consistency_level");
	n = level != NULL ? m2_consistency_level(level) : -1;
	return n >= 0 ? n : M2_SESSION;
}

static MfStatus
send_create(MfTask *task, MfWaitFor *wait, MfError *err)
{
	M2__CreateCollectionRequest request = M2__CREATE_COLLECTION_REQUEST__INIT;
	M2__CollectionSchema schema = M2__COLLECTION_SCHEMA__INIT;
	uint8_t    *bytes = NULL;
	size_t		len = 0;
	MfStatus	status;

	if (task->calls[SLOT_CREATE].call == NULL)
	{
		if (!m2_create_schema(task, &schema) ||
			(bytes = mf_message_pack(&schema.base, &len)) == NULL)
			return mf_error_oom(err, len);
	}
	request.db_name = (char *) task->database;
	request.collection_name = (char *) task->collection;
	request.schema.data = bytes;
	request.schema.len = len;
	request.shards_num = task->create->shards > 0 ? task->create->shards : 1;
	request.num_partitions = task->create->num_partitions;
	request.properties = m2_pairs(&task->arena, task->create->properties, NULL, &request.n_properties);
	request.consistency_level = consistency(task);
	status = m2_task_call(task, SLOT_CREATE, &create_collection, &request, wait, err);
	free(bytes);
	return status;
}

static bool
is_not_found(const MfError *err)
{
	return strcmp(err->sqlstate, MF_FDW_TABLE_NOT_FOUND) == 0;
}

/*
 * Milvus takes the same creation twice without a word, so we look first.  It
 * is done when the collection can be described.
 */
MfStatus
m2_step_create(MfTask *task, MfWaitFor *wait, MfError *err)
{
	MfStatus	status;

	if (task->phase == PHASE_VERSION)
	{
		status = m2_need_version(task, SLOT_VERSION, wait, err);
		if (status == MF_OK)
			status = check_version(task, err);
		if (status != MF_OK)
			return status;
		task->phase = PHASE_EXISTS;
	}
	if (task->phase == PHASE_EXISTS)
	{
		status = m2_need_schema(task, SLOT_EXISTS, wait, err);
		if (status == MF_OK)
			return mf_error(err, MF_DUPLICATE_TABLE, "collection \"%s\" already exists on server \"%s\"",
							task->collection, task->conn->server);
		if (status == MF_WAIT || !is_not_found(err) || err->remote_code == 800)
			return status;
		task->phase = PHASE_CREATE;
	}
	if (task->phase == PHASE_CREATE)
	{
		status = send_create(task, wait, err);
		if (status != MF_OK)
			return status;
		task->phase = PHASE_VISIBLE;
	}
	for (;;)
	{
		if (task->poll_at != 0 && !m2_task_pause(task, wait))
			return MF_WAIT;
		status = m2_need_schema(task, SLOT_EXISTS, wait, err);
		if (status != MF_ERROR || !is_not_found(err))
			return status;
		if (!m2_task_pause(task, wait))
			return MF_WAIT;
	}
}

/* Milvus answers success for a collection that is not there. */
MfStatus
m2_step_drop(MfTask *task, MfWaitFor *wait, MfError *err)
{
	M2__CollectionRequest request = m2_collection_request(task);
	MfStatus	status = m2_need_own_name(task, SLOT_EXISTS, wait, err);

	if (status != MF_OK)
		return status;
	return m2_task_call(task, SLOT_CREATE, &drop_collection, &request, wait, err);
}
