/*
 * write_prepare.c - May these rows be written so, and to which partitions?
 *
 * What the description tells is refused when writing begins; what has to be
 * asked, before the first request that changes anything.
 */
#include <stdio.h>

#include "write.h"

#define INSERT_BYTES ((size_t) 60 * 1000 * 1000)	/* the server's limit is 64 MiB by default */
#define DELETE_BYTES ((size_t) 1024 * 1024)		/* of an expression, for the server's parser */

/*
 * An Update sends only what changed where the server keeps the rest.  It adds
 * to the dynamic field then, so one that is changed as a whole is sent with its row.
 */
static bool
can_be_partial(const MfWrite *write)
{
	const MfWriteSpec *spec = write->spec;

	if (spec->op != MF_WRITE_UPDATE || !m2_version_can(write->conn->version, M2_CAN_PARTIAL))
		return false;
	for (int i = 0; i < spec->ncolumns; i++)
	{
		if (spec->columns[i].field->dynamic && spec->columns[i].changed)
			return false;
	}
	return true;
}

static bool
has_partition_key(const MfCollection *c)
{
	for (int i = 0; i < c->nfields; i++)
	{
		if (c->fields[i].partition_key)
			return true;
	}
	return false;
}

static MfStatus
check_key(const MfWrite *write, MfError *err)
{
	const MfCollection *c = write->spec->collection;
	const MfField *key = NULL;

	for (int i = 0; i < c->nfields && key == NULL; i++)
		key = c->fields[i].key ? &c->fields[i] : NULL;
	if (write->plan.key < 0)
	{
		mf_error(err, MF_FEATURE_NOT_SUPPORTED, "rows of collection \"%s\" are replaced or deleted by their key, which is not written", c->name);
		mf_error_hint(err, "Add a column with option field '%s' to the foreign table.", key != NULL ? key->name : "?");
		return MF_ERROR;
	}
	if (write->spec->op != MF_WRITE_DELETE && key != NULL && key->auto_id)
		return m2_require(write->conn, M2_CAN_UPSERT_AUTO_ID, err);
	if (write->spec->op != MF_WRITE_DELETE && has_partition_key(c))
		return m2_require(write->conn, M2_CAN_UPSERT_BY_KEY, err);
	return MF_OK;
}

MfStatus
m2_write_check(MfWrite *write, MfError *err)
{
	const MfWriteSpec *spec = write->spec;
	MfStatus	status = MF_OK;

	write->method = M2_SERVICE "Upsert";
	write->what = "Milvus Upsert";
	if (spec->op == MF_WRITE_INSERT)
	{
		write->method = M2_SERVICE "Insert";
		write->what = "Milvus Insert";
	}
	else if (spec->op == MF_WRITE_DELETE)
	{
		write->method = M2_SERVICE "Delete";
		write->what = "Milvus Delete";
	}
	else
		status = m2_require(write->conn, M2_CAN_UPSERT, err);
	if (status == MF_OK)
		status = can_be_partial(write) ? m2_plan_init_partial(&write->plan, spec, spec->mem, err) :
			m2_plan_init(&write->plan, spec, spec->mem, err);
	write->plan.version = write->conn->version;
	if (status == MF_OK && spec->op != MF_WRITE_INSERT)
		status = check_key(write, err);
	if (status == MF_OK && write->partition[0] != '\0')
		status = m2_check_partition_key(spec->collection, err);
	if (status != MF_OK)
		return status;

	for (int i = 0; i < spec->collection->nfields && spec->op != MF_WRITE_DELETE; i++)
		write->makes_keys |= spec->collection->fields[i].key && spec->collection->fields[i].auto_id;
	write->repeatable = spec->op != MF_WRITE_INSERT && !write->makes_keys;
	m2_pace_init(&write->pace, spec->max_in_flight, spec->op == MF_WRITE_DELETE ? DELETE_BYTES : INSERT_BYTES);
	if (spec->op == MF_WRITE_DELETE)
		write->pace.spare = 14; /* eight bytes become up to 21 characters */
	return MF_OK;
}

/* ------------------------------------------------------------------ partitions */

enum
{
	KNOWN,						/* the list may be a little old */
	FRESH,						/* it was asked for anew */
	MADE						/* and once more after making the partition */
};

static MfStatus
list(MfWrite *write, bool known, MfWaitFor *wait, MfError *err)
{
	return m2_partitions_need(write->conn, write->database, write->collection, known,
							  &write->listing, &write->partitions, wait, err);
}

/* The list lacks a name: make the partition, or look again whether somebody has. */
static MfStatus
make(MfWrite *write, const char *name, MfWaitFor *wait, MfError *err)
{
	MfStatus	status;

	if (!mf_option_bool(write->spec->options, "create_partitions", false))
		return m2_error_no_partition(&write->where, name, true, err);
	if (write->creating == NULL)
		write->creating = m2_task_new(write->conn, write->mem, write->database, write->collection, NULL);
	if (write->creating == NULL)
		return mf_error_oom(err, sizeof(MfTask));
	status = m2_create_partition(write->creating, 0, name, wait, err);
	if (status == MF_OK)
	{
		m2_task_free(write->creating);
		write->creating = NULL;
	}
	return status;
}

static void
drop_list(MfWrite *write)
{
	m2_partitions_release(write->partitions);
	write->partitions = NULL;
}

/*
 * A list may be older than the partition; one that was just asked for is not.
 * Called again and again until it answers other than MF_WAIT.
 */
static MfStatus
find(MfWrite *write, const char *name, MfWaitFor *wait, MfError *err)
{
	MfStatus	status;

	/* what was asked for the last one is new enough for the next */
	if (strcmp(write->sought, name) != 0 && write->finding == MADE)
		write->finding = FRESH;
	snprintf(write->sought, sizeof(write->sought), "%s", name);
	status = list(write, write->finding == KNOWN, wait, err);
	if (status == MF_OK && !m2_partitions_have(write->partitions, name) && write->finding == KNOWN)
	{
		drop_list(write);
		write->finding = FRESH;
		status = list(write, false, wait, err);
	}
	if (status == MF_OK && !m2_partitions_have(write->partitions, name) && write->finding == FRESH)
	{
		status = make(write, name, wait, err);
		if (status == MF_OK)
		{
			drop_list(write);
			write->finding = MADE;
			status = list(write, false, wait, err);
		}
	}
	if (status == MF_OK && !m2_partitions_have(write->partitions, name))
		return m2_error_no_partition(&write->where, name, true, err);
	if (status == MF_OK)
		write->finding = KNOWN;
	return status;
}

/*
 * An upsert replaces rows of its partition only: without a name that is the
 * default one, and a row that is in another would be there twice.
 */
static MfStatus
check_single(const MfWrite *write, MfError *err)
{
	const MfCollection *c = write->spec->collection;

	if (write->partitions->n <= 1)
		return MF_OK;
	mf_error(err, MF_FEATURE_NOT_SUPPORTED, "rows of collection \"%s\" cannot be replaced without naming their partition", c->name);
	mf_error_detail(err, "It has %d partitions, and Milvus replaces a row only where it is in the partition that is written to.",
					write->partitions->n);
	mf_error_hint(err, "Add a text column with option field '" M2_PARTITION "', or set the table's option \"partition\".");
	return MF_ERROR;
}

MfStatus
m2_write_prepare(MfWrite *write, MfWaitFor *wait, MfError *err)
{
	MfWriteOp	op = write->spec->op;
	MfStatus	status = MF_OK;

	if (write->prepared)
		return MF_OK;
	if (write->partition[0] != '\0')
		status = op == MF_WRITE_DELETE ? MF_OK : find(write, write->partition, wait, err);
	else if ((op == MF_WRITE_UPSERT || op == MF_WRITE_UPDATE) && write->plan.partition < 0 &&
			 !has_partition_key(write->spec->collection))
	{
		status = list(write, false, wait, err);
		if (status == MF_OK)
			status = check_single(write, err);
	}
	write->prepared = status == MF_OK;
	return status;
}

MfStatus
m2_write_route(MfWrite *write, const MfBatch *batch, M2Route *route, MfWaitFor *wait, MfError *err)
{
	MfStatus	status = list(write, true, wait, err);

	while (status == MF_OK)
	{
		char	   *missing;

		status = m2_route(&write->plan, batch, write->partitions, route, &missing, err);
		if (status == MF_OK)
			write->finding = KNOWN;
		if (status != MF_END)
			return status;
		status = find(write, missing, wait, err);
		mf_free(write->mem, missing);
	}
	return status;
}
