/*
 * load.c - Where is the metadata kept, and what does it say?
 */
#include "internal.h"

struct M1Load
{
	MfConn	   *conn;
	MfArena    *arena;
	M1Rows		rows;
	M1Mysql    *mysql;
};

MfStatus
m1_load_begin(MfConn *conn, M1Load **out, MfError *err)
{
	M1Load	   *load = mf_calloc(conn->mem, sizeof(M1Load));

	*out = load;
	if (load == NULL)
		return mf_error_oom(err, sizeof(M1Load));
	load->conn = conn;
	return MF_OK;
}

static MfStatus
read_rows(M1Load *load, MfWaitFor *wait, MfError *err)
{
	const char *meta = mf_option(&load->conn->options, "meta");

	if (strncmp(meta, "sqlite:", 7) == 0)
		return m1_sqlite_read(meta + 7, &load->rows, err);
	if (strncmp(meta, "json:", 5) == 0)
		return m1_json_read(meta + 5, &load->rows, err);
	if (load->mysql == NULL && m1_mysql_begin(load->conn, meta, &load->mysql, err) != MF_OK)
		return MF_ERROR;
	return m1_mysql_step(load->mysql, &load->rows, wait, err);
}

MfStatus
m1_load_step(M1Load *load, M1Meta *meta, MfWaitFor *wait, MfError *err)
{
	MfStatus	status;

	load->rows.arena = &meta->arena;
	status = read_rows(load, wait, err);
	if (status == MF_OK)
		status = m1_meta_build(meta, &load->rows, err);
	return status;
}

void
m1_load_end(M1Load *load)
{
	if (load == NULL)
		return;
	m1_mysql_end(load->mysql);
	if (load->rows.arena != NULL)
		m1_rows_free(&load->rows);
	mf_free(load->conn->mem, load);
}
