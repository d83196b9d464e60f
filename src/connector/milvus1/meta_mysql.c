/*
 * meta_mysql.c - What does the metadata say that Milvus 1.x kept in MySQL?
 *
 * mysql://host:port/database, user and password from the user mapping.  The
 * client library's non-blocking calls: each answers which events it waits for.
 */
#include <mysql.h>
#include <errno.h>
#include <poll.h>
#include <stdlib.h>

#include "internal.h"

typedef enum Phase
{
	CONNECT,
	QUERY,
	FETCH,
	DONE
} Phase;

struct M1Mysql
{
	MfMem	   *mem;
	MYSQL		mysql;
	char	   *host;
	char	   *database;
	int			port;
	const char *user;
	const char *password;

	Phase		phase;
	int			statement;		/* which of the queries */
	bool		started;		/* a call is under way */
	int			waits;			/* MYSQL_WAIT_... it answered with */
	MYSQL_RES  *result;
};

static const char *const queries[] = {
	"SELECT table_id, state, dimension, flag, index_file_size, engine_type, index_params, metric_type,"
	" owner_table, partition_tag, flush_lsn FROM Tables",
	"SELECT table_id, segment_id, engine_type, file_type, row_count, created_on, id FROM TableFiles",
	"SELECT coalesce(max(global_lsn), -1) FROM Environment",
};

#define NQUERIES ((int) (sizeof(queries) / sizeof(queries[0])))
#define DEFAULT_PORT 3306

/* mysql://host[:port]/database */
static MfStatus
take_address(M1Mysql *my, const char *address, MfError *err)
{
	const char *host = address + strlen("mysql://");
	size_t		len = strcspn(host, ":/");
	const char *rest = host + len;
	char	   *end;

	my->port = DEFAULT_PORT;
	if (*rest == ':')
	{
		my->port = (int) strtol(rest + 1, &end, 10);
		rest = end;
	}
	if (len == 0 || *rest != '/' || rest[1] == '\0' || my->port < 1 || my->port > 65535)
	{
		mf_error(err, MF_INVALID_PARAMETER_VALUE, "invalid value for option \"meta\": \"%s\"", address);
		mf_error_hint(err, "It is mysql://host:port/database.");
		return MF_ERROR;
	}
	my->host = mf_strndup(my->mem, host, len);
	my->database = mf_strdup(my->mem, rest + 1);
	return my->host != NULL && my->database != NULL ? MF_OK : mf_error_oom(err, len);
}

MfStatus
m1_mysql_begin(MfConn *conn, const char *address, M1Mysql **out, MfError *err)
{
	M1Mysql    *my = mf_calloc(conn->mem, sizeof(M1Mysql));
	unsigned	seconds = (unsigned) mf_option_int(&conn->options, "connect_timeout", 10);
	unsigned	no = 0;
	MfStatus	status;

	*out = NULL;
	if (my == NULL)
		return mf_error_oom(err, sizeof(M1Mysql));
	my->mem = conn->mem;
	my->user = mf_option(&conn->options, "user");
	my->password = mf_option(&conn->options, "password");
	mysql_init(&my->mysql);
	status = take_address(my, address, err);
	if (status != MF_OK)
	{
		m1_mysql_end(my);
		return status;
	}
	mysql_options(&my->mysql, MYSQL_OPT_NONBLOCK, 0);
	mysql_options(&my->mysql, MYSQL_OPT_CONNECT_TIMEOUT, &seconds);
	mysql_options(&my->mysql, MYSQL_SET_CHARSET_NAME, "utf8mb4");
	/* or the server could ask for any file of ours */
	mysql_options(&my->mysql, MYSQL_OPT_LOCAL_INFILE, &no);
	*out = my;
	return MF_OK;
}

/* The socket is closed by mysql_close, which would say goodbye and wait: cut it first. */
void
m1_mysql_end(M1Mysql *my)
{
	if (my == NULL)
		return;
	if (my->result != NULL && !my->started)
		mysql_free_result(my->result);
	mysql_close(&my->mysql);
	mf_free(my->mem, my->host);
	mf_free(my->mem, my->database);
	mf_free(my->mem, my);
}

static MfStatus
refused(M1Mysql *my, MfError *err)
{
	unsigned	code = mysql_errno(&my->mysql);

	/* 1044, 1045: access denied; 1142: to a table */
	mf_error(err, code == 1044 || code == 1045 ? MF_INVALID_PASSWORD : code == 1142 ? MF_INSUFFICIENT_PRIVILEGE :
			 my->phase == CONNECT ? MF_SQL_CLIENT_UNABLE : MF_FDW_ERROR,
			 my->phase == CONNECT ? "could not connect to the metadata of Milvus 1.x" : "could not read the metadata of Milvus 1.x");
	mf_error_detail(err, "%s:%d, database \"%s\": %s.", my->host, my->port, my->database, mysql_error(&my->mysql));
	err->remote_code = (int32_t) code;
	return MF_ERROR;
}

static MfStatus
wait_for(M1Mysql *my, MfWaitFor *wait)
{
	*wait = (MfWaitFor) {.fd = (int) mysql_get_socket(&my->mysql),.timeout_ms = -1,.what = "Milvus 1.x metadata"};
	if (my->waits & MYSQL_WAIT_READ)
		wait->events |= POLLIN;
	if (my->waits & MYSQL_WAIT_WRITE)
		wait->events |= POLLOUT;
	if (my->waits & MYSQL_WAIT_TIMEOUT)
		wait->timeout_ms = (int) mysql_get_timeout_value_ms(&my->mysql);
	return MF_WAIT;
}

/* Which of the events waited for have come? */
static int
events_now(M1Mysql *my)
{
	struct pollfd p = {.fd = (int) mysql_get_socket(&my->mysql)};
	int			events = 0;

	p.events = (short) (((my->waits & MYSQL_WAIT_READ) ? POLLIN : 0) | ((my->waits & MYSQL_WAIT_WRITE) ? POLLOUT : 0));
	if (poll(&p, 1, 0) > 0)
	{
		if (p.revents & (POLLIN | POLLERR | POLLHUP))
			events |= MYSQL_WAIT_READ & my->waits;
		if (p.revents & (POLLOUT | POLLERR | POLLHUP))
			events |= MYSQL_WAIT_WRITE & my->waits;
	}
	return events;
}

/* One call, begun or gone on with; its outcome in *failed and *row. */
static int
advance(M1Mysql *my, int events, bool *failed, MYSQL_ROW *row)
{
	MYSQL	   *connected = NULL;
	int			code = 0;
	int			waits;

	switch (my->phase)
	{
		case CONNECT:
			waits = my->started ? mysql_real_connect_cont(&connected, &my->mysql, events) :
				mysql_real_connect_start(&connected, &my->mysql, my->host, my->user, my->password,
										 my->database, (unsigned) my->port, NULL, 0);
			*failed = connected == NULL;
			break;
		case QUERY:
			waits = my->started ? mysql_real_query_cont(&code, &my->mysql, events) :
				mysql_real_query_start(&code, &my->mysql, queries[my->statement],
									   (unsigned long) strlen(queries[my->statement]));
			*failed = code != 0;
			break;
		default:
			waits = my->started ? mysql_fetch_row_cont(row, my->result, events) :
				mysql_fetch_row_start(row, my->result);
			*failed = waits == 0 && *row == NULL && mysql_errno(&my->mysql) != 0;
	}
	my->started = waits != 0;
	return waits;
}

static int64_t
number(MYSQL_ROW row, int i)
{
	return row[i] != NULL ? strtoll(row[i], NULL, 10) : 0;
}

static const char *
text(M1Rows *rows, MYSQL_ROW row, int i)
{
	return mf_arena_strdup(rows->arena, row[i] != NULL ? row[i] : "");
}

static bool
take_row(M1Mysql *my, MYSQL_ROW row, M1Rows *rows)
{
	if (my->statement == 0)
	{
		M1TableRow *t = m1_rows_table(rows);

		if (t == NULL)
			return false;
		*t = (M1TableRow) {
			.table_id = text(rows, row, 0),.state = number(row, 1),.dimension = number(row, 2),.flag = number(row, 3),
			.index_file_size = number(row, 4),.engine_type = number(row, 5),.index_params = text(rows, row, 6),
			.metric_type = number(row, 7),.owner_table = text(rows, row, 8),.partition_tag = text(rows, row, 9),
			.flush_lsn = number(row, 10)
		};
	}
	else if (my->statement == 1)
	{
		M1FileRow  *f = m1_rows_file(rows);

		if (f == NULL)
			return false;
		*f = (M1FileRow) {
			.table_id = text(rows, row, 0),.segment_id = text(rows, row, 1),.engine_type = number(row, 2),
			.file_type = number(row, 3),.row_count = number(row, 4),.created_on = number(row, 5),.id = number(row, 6)
		};
	}
	else
		rows->global_lsn = number(row, 0);
	return !rows->arena->failed;
}

static MfStatus
finished(M1Mysql *my, MYSQL_ROW row, M1Rows *rows, MfError *err)
{
	if (my->phase == CONNECT)
		my->phase = QUERY;
	else if (my->phase == QUERY)
	{
		my->result = mysql_use_result(&my->mysql);
		if (my->result == NULL)
			return refused(my, err);
		my->phase = FETCH;
	}
	else if (row != NULL)
		return take_row(my, row, rows) ? MF_OK : mf_error_oom(err, sizeof(M1FileRow));
	else
	{
		mysql_free_result(my->result);
		my->result = NULL;
		my->phase = ++my->statement < NQUERIES ? QUERY : DONE;
	}
	return MF_OK;
}

MfStatus
m1_mysql_step(M1Mysql *my, M1Rows *rows, MfWaitFor *wait, MfError *err)
{
	int			events = my->started ? events_now(my) : 0;

	if (my->started && events == 0 && (my->waits & MYSQL_WAIT_TIMEOUT) == 0)
		return wait_for(my, wait);
	while (my->phase != DONE)
	{
		MYSQL_ROW	row = NULL;
		bool		failed = false;

		my->waits = advance(my, events, &failed, &row);
		if (my->waits != 0)
			return wait_for(my, wait);
		if (failed && my->phase == QUERY && my->statement == NQUERIES - 1)
		{
			/* older servers have no such table */
			rows->global_lsn = -1;
			my->phase = DONE;
			break;
		}
		if (failed)
			return refused(my, err);
		if (finished(my, row, rows, err) != MF_OK)
			return MF_ERROR;
		events = 0;
	}
	return MF_OK;
}
