/*
 * quota.c - Does Milvus take rows now, or does a quota stand in the way?
 *
 * CheckHealth tells that writing is denied, but not to which collection: one
 * that is full by its own quota shows there, too.  So if it is denied anywhere,
 * an import of no file is asked for, which Milvus refuses in any case: for its
 * quota before it looks at the request.
 */
#include <stdio.h>
#include <string.h>

#include "internal.h"

static const MfMethod check_health = M2_METHOD(CheckHealth, check_health_response, true);
static const MfMethod import = M2_METHOD(Import, import_response, true);

#define SLOT_HEALTH 0
#define SLOT_IMPORT 1

#define DENY_TO_WRITE 5			/* the protocol's number, QuotaState */

/* Milvus's codes for "not so fast", which passes */
#define RATE_LIMIT 8
#define OLD_RATE_LIMIT 49

static bool
is_denied(const M2__CheckHealthResponse *health)
{
	for (size_t i = 0; i < health->n_quota_states; i++)
	{
		if (health->quota_states[i] == DENY_TO_WRITE)
			return true;
	}
	return false;
}

/* What Milvus says to the import is of this collection; its health's reasons may not be. */
static MfStatus
denied(const MfTask *task, MfError *err)
{
	char		answer[sizeof(err->detail)];
	bool		disk = strstr(err->detail, "disk") != NULL || strstr(err->detail, "Disk") != NULL;

	snprintf(answer, sizeof(answer), "%s", err->detail);
	mf_error(err, disk ? MF_DISK_FULL : MF_LIMIT_EXCEEDED, "Milvus denies writing to collection \"%s\"", task->collection);
	mf_error_detail(err, "%s", answer);
	mf_error_hint(err, "Section quotaAndLimits of its configuration sets the limits.");
	return MF_ERROR;
}

MfStatus
m2_step_check_write(MfTask *task, MfWaitFor *wait, MfError *err)
{
	M2__Empty	empty = M2__EMPTY__INIT;
	M2__ImportRequest request = M2__IMPORT_REQUEST__INIT;
	MfStatus	status;

	if (m2_import_by_rest(task->conn))
		return MF_OK;
	status = m2_task_call(task, SLOT_HEALTH, &check_health, &empty, wait, err);
	if (status == MF_WAIT)
		return status;
	/* whoever does not know, or may not ask, tries */
	if (status == MF_ERROR || !is_denied((M2__CheckHealthResponse *) task->calls[SLOT_HEALTH].reply))
		return MF_OK;
	request.db_name = (char *) task->database;
	request.collection_name = (char *) task->collection;
	status = m2_task_call(task, SLOT_IMPORT, &import, &request, wait, err);
	if (status != MF_ERROR)
		return status;
	if (strcmp(err->sqlstate, MF_INSUFFICIENT_RESOURCES) != 0 || err->remote_code == RATE_LIMIT || err->remote_code == OLD_RATE_LIMIT)
		return MF_OK;
	return denied(task, err);
}
