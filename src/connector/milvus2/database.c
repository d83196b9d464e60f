/*
 * database.c - How do databases come and go, and which are there?
 */
#include "internal.h"

static const MfMethod create_database = M2_METHOD(CreateDatabase, status, false);
static const MfMethod drop_database = M2_METHOD(DropDatabase, status, false);
static const MfMethod list_databases = M2_METHOD(ListDatabases, list_databases_response, true);

#define SLOT_VERSION 0
#define SLOT_ACT 1
#define SLOT_LIST 2

/* Is the database there?  Milvus answers "unexpected error" for what it has, or lacks. */
static MfStatus
look(MfTask *task, bool *found, MfWaitFor *wait, MfError *err)
{
	M2__Empty	request = M2__EMPTY__INIT;
	const M2__ListDatabasesResponse *reply;
	MfStatus	status = m2_need_version(task, SLOT_VERSION, wait, err);

	if (status == MF_OK)
		status = m2_require(task->conn, M2_CAN_DATABASES, err);
	if (status == MF_OK)
		status = m2_task_call(task, SLOT_LIST, &list_databases, &request, wait, err);
	if (status != MF_OK)
		return status;
	reply = (M2__ListDatabasesResponse *) task->calls[SLOT_LIST].reply;
	*found = false;
	for (size_t i = 0; i < reply->n_db_names && task->name != NULL; i++)
		*found |= strcmp(reply->db_names[i], task->name) == 0;
	return MF_OK;
}

static MfStatus
set_properties(MfTask *task, M2__CreateDatabaseRequest *request, MfError *err)
{
	MfStatus	status = MF_OK;

	if (task->args == NULL || task->args->n == 0)
		return MF_OK;
	status = m2_require(task->conn, M2_CAN_DATABASE_SETTINGS, err);
	request->properties = m2_pairs(&task->arena, task->args, NULL, &request->n_properties);
	return status;
}

MfStatus
m2_step_create_database(MfTask *task, MfWaitFor *wait, MfError *err)
{
	M2__CreateDatabaseRequest request = M2__CREATE_DATABASE_REQUEST__INIT;
	const char *why = NULL;
	bool		found;
	MfStatus	status;

	if (!m2_name_ok(task->name, false, false, &why))
	{
		mf_error(err, MF_INVALID_PARAMETER_VALUE, "\"%s\" cannot be the name of a database", task->name);
		mf_error_detail(err, "For Milvus %s.", why);
		return MF_ERROR;
	}
	status = look(task, &found, wait, err);
	if (status == MF_OK && found)
		return mf_error(err, MF_DUPLICATE_DATABASE, "database \"%s\" already exists on server \"%s\"",
						task->name, task->conn->server);
	if (status == MF_OK)
		status = set_properties(task, &request, err);
	if (status != MF_OK)
		return status;
	request.db_name = (char *) task->name;
	return m2_task_call(task, SLOT_ACT, &create_database, &request, wait, err);
}

MfStatus
m2_step_drop_database(MfTask *task, MfWaitFor *wait, MfError *err)
{
	M2__DropDatabaseRequest request = M2__DROP_DATABASE_REQUEST__INIT;
	bool		found;
	MfStatus	status = look(task, &found, wait, err);

	if (status != MF_OK)
		return status;
	if (!found)
		return mf_error(err, MF_UNDEFINED_OBJECT, "database \"%s\" does not exist on server \"%s\"",
						task->name, task->conn->server);
	request.db_name = (char *) task->name;
	return m2_task_call(task, SLOT_ACT, &drop_database, &request, wait, err);
}

MfStatus
m2_step_list_databases(MfTask *task, MfWaitFor *wait, MfError *err)
{
	const M2__ListDatabasesResponse *reply;
	bool		found;
	MfStatus	status = look(task, &found, wait, err);

	if (status != MF_OK)
		return status;
	reply = (M2__ListDatabasesResponse *) task->calls[SLOT_LIST].reply;
	for (size_t i = 0; i < reply->n_db_names; i++)
	{
		const char *cells[2] = {reply->db_names[i]};

		if (i < reply->n_created)
			cells[1] = m2_cell_time(task, (int64_t) (reply->created[i] / 1000000));
		m2_cells_add(task, 2, cells);
	}
	return m2_cells_done(task, 2, err);
}
