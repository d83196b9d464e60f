/*
 * meta_sqlite.c - What does the metadata say that Milvus 1.x kept in SQLite?
 *
 * The files are never touched: what a server has not yet moved from the
 * write-ahead log into the database is read from a private copy of both.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sqlite3.h>
#include <sys/stat.h>
#include <unistd.h>

#include "internal.h"

#define MOST_BYTES ((int64_t) 4 << 30)
#define MOST_PATH 2048

/* ------------------------------------------------------------------- copies */

static MfStatus
io_error(MfError *err, const char *doing, const char *path)
{
	int			number = errno;

	mf_error(err, number == ENOENT ? MF_FDW_UNABLE_TO_CONNECT : MF_IO_ERROR, "could not %s metadata file \"%s\"", doing, path);
	mf_error_detail(err, "%s.", strerror(number));
	return MF_ERROR;
}

static MfStatus
copy_file(const char *from, const char *to, MfError *err)
{
	char		buf[65536];
	struct stat info;
	ssize_t		got;
	int			in = open(from, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	int			out;
	MfStatus	status = MF_OK;

	if (in < 0)
		return io_error(err, "open", from);
	if (fstat(in, &info) != 0 || !S_ISREG(info.st_mode) || info.st_size > MOST_BYTES)
	{
		close(in);
		return mf_error(err, MF_IO_ERROR, "metadata file \"%s\" is not a regular file of a sane size", from);
	}
	out = open(to, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (out < 0)
	{
		close(in);
		return io_error(err, "copy", from);
	}
	while ((got = read(in, buf, sizeof(buf))) > 0 && status == MF_OK)
	{
		if (write(out, buf, (size_t) got) != got)
			status = io_error(err, "copy", from);
	}
	if (got < 0 && status == MF_OK)
		status = io_error(err, "read", from);
	close(in);
	if (close(out) != 0 && status == MF_OK)
		status = io_error(err, "copy", from);
	return status;
}

/* ------------------------------------------------------------------- reading */

static const char *
text_of(M1Rows *rows, sqlite3_stmt *stmt, int column)
{
	const char *text = (const char *) sqlite3_column_text(stmt, column);

	return mf_arena_strdup(rows->arena, text != NULL ? text : "");
}

static bool
take_table(M1Rows *rows, sqlite3_stmt *stmt)
{
	M1TableRow *row = m1_rows_table(rows);

	if (row == NULL)
		return false;
	row->table_id = text_of(rows, stmt, 0);
	row->state = sqlite3_column_int64(stmt, 1);
	row->dimension = sqlite3_column_int64(stmt, 2);
	row->flag = sqlite3_column_int64(stmt, 3);
	row->index_file_size = sqlite3_column_int64(stmt, 4);
	row->engine_type = sqlite3_column_int64(stmt, 5);
	row->index_params = text_of(rows, stmt, 6);
	row->metric_type = sqlite3_column_int64(stmt, 7);
	row->owner_table = text_of(rows, stmt, 8);
	row->partition_tag = text_of(rows, stmt, 9);
	row->flush_lsn = sqlite3_column_int64(stmt, 10);
	return true;
}

static bool
take_file(M1Rows *rows, sqlite3_stmt *stmt)
{
	M1FileRow  *row = m1_rows_file(rows);

	if (row == NULL)
		return false;
	row->table_id = text_of(rows, stmt, 0);
	row->segment_id = text_of(rows, stmt, 1);
	row->engine_type = sqlite3_column_int64(stmt, 2);
	row->file_type = sqlite3_column_int64(stmt, 3);
	row->row_count = sqlite3_column_int64(stmt, 4);
	row->created_on = sqlite3_column_int64(stmt, 5);
	row->id = sqlite3_column_int64(stmt, 6);
	return true;
}

static bool
take_lsn(M1Rows *rows, sqlite3_stmt *stmt)
{
	rows->global_lsn = sqlite3_column_int64(stmt, 0);
	return true;
}

static MfStatus
refused(sqlite3 *db, const char *path, MfError *err)
{
	mf_error(err, MF_FDW_ERROR, "metadata file \"%s\" cannot be read", path);
	mf_error_detail(err, "SQLite says: %s.", sqlite3_errmsg(db));
	return MF_ERROR;
}

static MfStatus
read_rows(sqlite3 *db, const char *path, const char *sql, bool (*take) (M1Rows *, sqlite3_stmt *),
		  M1Rows *rows, MfError *err)
{
	sqlite3_stmt *stmt;
	MfStatus	status = MF_OK;
	int			code;

	if (sqlite3_prepare_v2(db, sql, -1, &stmt, NULL) != SQLITE_OK)
		return refused(db, path, err);
	while (status == MF_OK && (code = sqlite3_step(stmt)) != SQLITE_DONE)
	{
		if (code != SQLITE_ROW)
			status = refused(db, path, err);
		else if (!take(rows, stmt))
			status = mf_error_oom(err, sizeof(M1FileRow));
	}
	sqlite3_finalize(stmt);
	return status;
}

static MfStatus
read_database(sqlite3 *db, const char *path, M1Rows *rows, MfError *err)
{
	MfStatus	status = read_rows(db, path,
								   "SELECT table_id, state, dimension, flag, index_file_size, engine_type,"
								   " index_params, metric_type, owner_table, partition_tag, flush_lsn FROM Tables",
								   take_table, rows, err);

	if (status == MF_OK)
		status = read_rows(db, path,
						   "SELECT table_id, segment_id, engine_type, file_type, row_count, created_on, id"
						   " FROM TableFiles", take_file, rows, err);
	rows->global_lsn = -1;
	/* older servers have no such table */
	if (status == MF_OK &&
		sqlite3_table_column_metadata(db, NULL, "Environment", "global_lsn", NULL, NULL, NULL, NULL, NULL) == SQLITE_OK)
		status = read_rows(db, path, "SELECT max(global_lsn) FROM Environment", take_lsn, rows, err);
	return status == MF_OK && rows->arena->failed ? mf_error_oom(err, 0) : status;
}

/* A file that nobody writes, as SQLite's URI; three bytes for each that means something there. */
static void
immutable_uri(const char *path, char *uri)
{
	uri += sprintf(uri, "file:");
	for (; *path != '\0'; path++)
	{
		if (strchr("%?#", *path) != NULL)
			uri += sprintf(uri, "%%%02X", (unsigned char) *path);
		else
			*uri++ = *path;
	}
	strcpy(uri, "?immutable=1");
}

/* `file`: what is opened; `path`: what the user calls it. */
static MfStatus
open_and_read(const char *file, const char *path, int flags, M1Rows *rows, MfError *err)
{
	sqlite3    *db = NULL;
	MfStatus	status;

	if (sqlite3_open_v2(file, &db, flags, NULL) != SQLITE_OK)
		status = refused(db, path, err);
	else
		status = read_database(db, path, rows, err);
	sqlite3_close(db);
	return status;
}

static MfStatus
read_copy(const char *path, const char *wal, M1Rows *rows, MfError *err)
{
	char		directory[] = "/tmp/milvus_fdw.XXXXXX";
	char		copy[64];
	char		copy_wal[64];
	char		copy_shm[64];
	MfStatus	status;

	if (mkdtemp(directory) == NULL)
		return io_error(err, "make a copy of", path);
	snprintf(copy, sizeof(copy), "%s/meta", directory);
	snprintf(copy_wal, sizeof(copy_wal), "%s/meta-wal", directory);
	snprintf(copy_shm, sizeof(copy_shm), "%s/meta-shm", directory);
	status = copy_file(path, copy, err);
	if (status == MF_OK)
		status = copy_file(wal, copy_wal, err);
	if (status == MF_OK)
		status = open_and_read(copy, path, SQLITE_OPEN_READWRITE, rows, err);
	unlink(copy);
	unlink(copy_wal);
	unlink(copy_shm);
	rmdir(directory);
	return status;
}

MfStatus
m1_sqlite_read(const char *path, M1Rows *rows, MfError *err)
{
	char		wal[MOST_PATH + 8];
	char		uri[3 * MOST_PATH + 32];
	struct stat info;

	if (strlen(path) >= MOST_PATH)
		return mf_error(err, MF_INVALID_PARAMETER_VALUE, "the path of metadata file \"%s\" is too long", path);
	if (stat(path, &info) != 0)
		return io_error(err, "open", path);
	if (!S_ISREG(info.st_mode))
		return mf_error(err, MF_IO_ERROR, "metadata file \"%s\" is not a regular file", path);
	snprintf(wal, sizeof(wal), "%s-wal", path);
	if (stat(wal, &info) == 0 && info.st_size > 0)
		return read_copy(path, wal, rows, err);
	immutable_uri(path, uri);
	return open_and_read(uri, path, SQLITE_OPEN_READONLY | SQLITE_OPEN_URI, rows, err);
}
