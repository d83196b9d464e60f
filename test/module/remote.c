/*
 * remote.c - What does a connection to the test remote keep?
 */
#include <poll.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "test.h"

const char *
setting(MfConn *conn, const MfOptions *table, const char *name)
{
	const char *value = mf_option(table, name);

	return value ? value : mf_option(conn->options, name);
}

int64_t
setting_int(MfConn *conn, const MfOptions *table, const char *name, int64_t otherwise)
{
	return mf_option_int(mf_option(table, name) ? table : conn->options, name, otherwise);
}

bool
hangs(MfConn *conn, const MfOptions *table, const char *what, MfWaitFor *wait)
{
	static int	silent[2] = {-1, -1};
	const char *hang = setting(conn, table, "hang");
	const MfOptions *holder = mf_option(table, "hang") ? table : conn->options;

	if (hang == NULL || strcmp(hang, what) != 0)
		return false;
	wait->timeout_ms = 20;
	if (mf_option_bool(holder, "hang_on_descriptor", false))
	{
		/* a pipe that nobody writes to, one for the life of the process */
		if (silent[0] < 0 && pipe(silent) != 0)
			return true;
		wait->fd = silent[0];
		wait->events = POLLIN;
		wait->timeout_ms = -1;
	}
	return true;
}

int64_t
now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t) t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

MfStatus
remote_open(const MfOpenArgs *args, MfConn **out, MfError *err)
{
	MfConn	   *conn = mf_calloc(args->mem, sizeof(MfConn));

	if (conn == NULL)
		return mf_error_oom(err, sizeof(MfConn));
	conn->options = args->options;
	conn->mem = args->mem;
	conn->mem_at_start = args->mem->used;
	conn->number = ++counters.opened;
	counters.connections++;
	*out = conn;
	return MF_OK;
}

void
remote_close(MfConn *conn)
{
	counters.connections--;
	mf_free(conn->mem, conn);
}

MfStatus
remote_collection(MfConn *conn, const MfOptions *table, const char *name, Collection **c, MfError *err)
{
	const char *schema = mf_option(table, "schema");

	*c = store_find(name);
	if (*c != NULL)
		return MF_OK;
	if (schema != NULL)
		return schema_create(name, schema, c, err);
	mf_error(err, MF_FDW_TABLE_NOT_FOUND, "collection \"%s\" does not exist", name);
	mf_error_hint(err, "Create it with milvus_fdw.create_collection().");
	return MF_ERROR;
}
