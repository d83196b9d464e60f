/*
 * delete.c - How are rows deleted by a condition, and all of them?
 *
 * Milvus finds the rows that an expression wants, as of now (Strong, whatever
 * the table reads with), and deletes them by their keys: also those inserted a
 * moment ago, and those in no index yet.  It counts what it found.  But 2.3.5
 * overlooks the last of them where keys are there more than once, so the same
 * is asked again until nothing is found.
 *
 * All rows: by TruncateCollection where there is such a request (2.6.11); before
 * that by an expression that every key meets.
 */
#include "internal.h"
#include "json.h"

static const MfMethod delete_rows = M2_METHOD(Delete, mutation_result, true);
static const MfMethod truncate = M2_METHOD(TruncateCollection, truncate_collection_response, true);

#define SLOT_SCHEMA 0
#define SLOT_VERSION 1
#define SLOT_PARTITIONS 2
#define SLOT_ACT 3

#define GRPC_UNIMPLEMENTED 12
#define MOST_ROUNDS 100			/* others may go on inserting such rows */

/* Which rows? */
typedef struct Wanted
{
	MfJsonBuf	expr;
	bool		none;			/* no row at all */
	bool		pruned;			/* a condition names partitions */
} Wanted;

static MfStatus
not_exact(const MfTask *task, MfError *err)
{
	mf_error(err, MF_OBJECT_NOT_IN_STATE, "collection \"%s\" cannot check the conditions itself", task->collection);
	mf_error_detail(err, "Milvus would find more rows than are to be deleted.");
	return MF_ERROR;
}

/*
 * A list of keys alone is not looked up, only counted: so something that all
 * keys meet comes with it.
 */
static MfStatus
put_expr(MfTask *task, Wanted *wanted, MfError *err)
{
	const MfCollection *c = &task->schema.collection;
	const MfField *key;
	M2Key		none = {0};
	bool		exact;

	if (task->schema.key < 0)
		return m2_error_reply(err, "Milvus DescribeCollection", "no field is the primary key");
	key = &c->fields[task->schema.key];
	none.is_text = key->kind == MF_KIND_TEXT;
	m2_table_filter(&wanted->expr, task->table);
	wanted->none = !m2_filter_put(&wanted->expr, c, task->nfilters, task->filters, NULL, &exact);
	if (!exact && !wanted->none)
		return not_exact(task, err);
	if (wanted->expr.len == 0 || m2_filter_lookup(key, task->nfilters, task->filters) != NULL)
	{
		mf_json_buf_add(&wanted->expr, wanted->expr.len > 0 ? " and " : "");
		m2_expr_after(&wanted->expr, key->name, &none);
	}
	for (int i = 0; i < task->nfilters; i++)
		wanted->pruned |= m2_is_partition_filter(task->filters[i]);
	return wanted->expr.failed ? mf_error_oom(err, wanted->expr.len) : MF_OK;
}

static bool
is_wanted(const MfTask *task, const char *partition)
{
	const char *only = mf_option(task->table, "partition");

	if (only != NULL && strcmp(only, partition) != 0)
		return false;
	for (int i = 0; i < task->nfilters; i++)
	{
		if (m2_is_partition_filter(task->filters[i]) && !m2_partition_passes(task->filters[i], partition))
			return false;
	}
	return true;
}

/* One request, of one partition or ("") of all. */
static MfStatus
delete_from(MfTask *task, const Wanted *wanted, const char *partition, MfWaitFor *wait, MfError *err)
{
	M2__DeleteRequest request = M2__DELETE_REQUEST__INIT;
	MfStatus	status;

	request.db_name = (char *) task->database;
	request.collection_name = (char *) task->collection;
	request.partition_name = (char *) partition;
	request.expr = wanted->expr.data;
	request.consistency_level = M2_STRONG;
	status = m2_task_call(task, SLOT_ACT, &delete_rows, &request, wait, err);
	if (status == MF_WAIT)
		return status;
	m2_mark_put(task->conn, task->database, task->schema.collection.name, 0);
	if (status == MF_OK)
	{
		const M2__MutationResult *result = (M2__MutationResult *) task->calls[SLOT_ACT].reply;

		bool		more = result->delete_cnt > 0 && ++task->rounds < MOST_ROUNDS;

		if (task->reply.rows >= 0)
			task->reply.rows += result->delete_cnt;
		m2_task_forget(task, SLOT_ACT);
		if (more)
			return delete_from(task, wanted, partition, wait, err);
		task->rounds = 0;
		return status;
	}
	m2_table_filter_error(task->table, err);
	if (err->retry == MF_RETRY_YES)
		task->reply.rows = -1;	/* some may be gone, and not be counted again */
	return status;
}

/* task->phase: partitions done. */
static MfStatus
delete_by_partition(MfTask *task, const Wanted *wanted, MfWaitFor *wait, MfError *err)
{
	char	  **names;
	int			n;
	MfStatus	status = m2_show_partitions(task, SLOT_PARTITIONS, &names, &n, wait, err);

	while (status == MF_OK && task->phase < n)
	{
		if (is_wanted(task, names[task->phase]))
			status = delete_from(task, wanted, names[task->phase], wait, err);
		if (status == MF_OK)
			task->phase++;
	}
	return status;
}

static MfStatus
need_to_know(MfTask *task, MfWaitFor *wait, MfError *err)
{
	MfError		other;
	MfStatus	schema = m2_need_schema(task, SLOT_SCHEMA, wait, err);
	MfStatus	version;

	if (schema == MF_ERROR)
		return schema;
	version = m2_need_version(task, SLOT_VERSION, wait, &other);
	if (schema == MF_WAIT)
		return schema;
	if (version == MF_ERROR && strcmp(other.sqlstate, MF_INSUFFICIENT_PRIVILEGE) == 0)
		return MF_OK;			/* the version remains unknown */
	if (version == MF_ERROR)
		*err = other;
	return version;
}

static MfStatus
delete_all_wanted(MfTask *task, MfWaitFor *wait, MfError *err)
{
	const char *only = mf_option(task->table, "partition");
	Wanted		wanted = {.expr = {.mem = task->mem}};
	MfStatus	status = put_expr(task, &wanted, err);

	if (status == MF_OK && (only != NULL || wanted.pruned))
		status = m2_check_partition_key(&task->schema.collection, err);
	if (status == MF_OK && !wanted.none)
		status = wanted.pruned ? delete_by_partition(task, &wanted, wait, err) :
			delete_from(task, &wanted, only != NULL ? only : "", wait, err);
	mf_free(task->mem, wanted.expr.data);
	return status;
}

MfStatus
m2_step_delete(MfTask *task, MfWaitFor *wait, MfError *err)
{
	MfStatus	status = need_to_know(task, wait, err);

	if (status != MF_OK)
		return status;
	if (m2_require(task->conn, M2_CAN_DELETE_WHERE, err) != MF_OK)
	{
		memcpy(err->sqlstate, MF_OBJECT_NOT_IN_STATE, sizeof(err->sqlstate));
		return MF_ERROR;
	}
	return delete_all_wanted(task, wait, err);
}

/* A table that is only a part of the collection loses that part. */
static bool
can_truncate(const MfTask *task)
{
	return m2_version_can(task->conn->version, M2_CAN_TRUNCATE) &&
		mf_option(task->table, "partition") == NULL && mf_option(task->table, "filter") == NULL;
}

MfStatus
m2_step_truncate(MfTask *task, MfWaitFor *wait, MfError *err)
{
	M2__CollectionRequest request = m2_collection_request(task);
	MfStatus	status = need_to_know(task, wait, err);

	if (status == MF_OK)
		status = m2_require(task->conn, M2_CAN_DELETE_WHERE, err);
	if (status != MF_OK || task->no_truncate || !can_truncate(task))
		return status != MF_OK ? status : delete_all_wanted(task, wait, err);
	status = m2_task_call(task, SLOT_ACT, &truncate, &request, wait, err);
	if (status == MF_ERROR && err->remote_code == GRPC_UNIMPLEMENTED)
	{
		task->no_truncate = true;	/* a service that is not all of Milvus */
		return delete_all_wanted(task, wait, err);
	}
	if (status != MF_WAIT)
		m2_mark_put(task->conn, task->database, task->schema.collection.name, 0);
	task->reply.rows = -1;
	return status;
}
