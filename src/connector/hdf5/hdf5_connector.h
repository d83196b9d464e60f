/*
 * hdf5_connector.h - What do the files of the HDF5 connector share?
 *
 * libhdf5 itself is in the helper program: it has had many holes that a
 * hostile file can reach.
 */
#ifndef MF_HDF5_CONNECTOR_H
#define MF_HDF5_CONNECTOR_H

#include "field.h"
#include "src/file/file.h"
#include "src/file/helper.h"

#define MF_HDF5_PROGRAM "milvus_fdw_hdf5_helper"

/* ------------------------------------------------------------ in connector.c */

struct MfConn
{
	MfMem	   *mem;
};

extern const MfConnector mf_hdf5_connector;

/* -------------------------------------------------------------- in file.c */

/* A file of which the helper tells. */
typedef struct MfHdf5File
{
	int			fd;
	int64_t		size;
	MfHelper	helper;
} MfHdf5File;

/* How many rows the dataset has that the helper was told to count. */
extern MfStatus mf_hdf5_counted(MfHdf5File *file, int64_t *rows, MfWaitFor *wait, MfError *err);

/* Open the file and give it to the helper with these arguments. */
extern MfStatus mf_hdf5_open(MfMem *mem, const char *path, int argc, const char *const *argv,
							 MfHdf5File *file, MfError *err);
extern void mf_hdf5_close(MfHdf5File *file);

/* ---------------------------------------------------------- in describe.c */

extern MfStatus mf_hdf5_request_begin(MfConn *conn, const MfRequest *req, MfTask **task, MfError *err);
extern MfStatus mf_hdf5_request_step(MfTask *task, MfWaitFor *wait, MfError *err);
extern const MfReply *mf_hdf5_request_reply(MfTask *task);
extern void mf_hdf5_request_end(MfTask *task);

/* -------------------------------------------------------------- in tables.c */

/*
 * The datasets of a file, told by the helper, as collections: those that have
 * equally many rows and lie in one group make a table.  Everything is in one
 * block that the caller frees; `more` is put after the fields of each.
 */
typedef struct MfHdf5Tables
{
	int			n;
	MfCollection *collections;
	char	  **names;			/* of tables: NULL = as the file */
	MfField    *fields;
	char	   *texts;
} MfHdf5Tables;

/* What every table has besides: _file and _row. */
#define MF_HDF5_PSEUDO_FIELDS 2
extern const MfField mf_hdf5_pseudo_fields[MF_HDF5_PSEUDO_FIELDS];

/* whole: all datasets as one collection. */
extern MfStatus mf_hdf5_tables(MfMem *mem, const MfHelper *helper, const char *path, bool whole,
							   MfHdf5Tables *tables, MfError *err);
extern void mf_hdf5_tables_free(MfMem *mem, MfHdf5Tables *tables);

/* ------------------------------------------------------ in scan.c and write.c */

/* The dataset that has as many rows as the table; NULL (and an error) = the table has none. */
extern const char *mf_hdf5_counting(const MfScanSpec *spec, MfError *err);

/* Say of which file an error is, if it does not. */
extern MfStatus mf_hdf5_failed(const char *path, MfError *err);

extern MfStatus mf_hdf5_scan_begin(MfConn *conn, const MfScanSpec *spec, MfScan **scan, MfError *err);
extern MfStatus mf_hdf5_scan_next(MfScan *scan, MfBatch **batch, MfWaitFor *wait, MfError *err);
extern void mf_hdf5_scan_stats(MfScan *scan, MfScanStats *stats);
extern void mf_hdf5_scan_end(MfScan *scan);
extern void mf_hdf5_scan_explain(const MfOptions *server, const MfScanSpec *spec, char *buf, size_t size);

extern MfStatus mf_hdf5_write_begin(MfConn *conn, const MfWriteSpec *spec, MfWrite **write, MfError *err);
extern MfStatus mf_hdf5_write_submit(MfWrite *write, MfBatch *batch, MfWaitFor *wait, MfError *err);
extern MfStatus mf_hdf5_write_poll(MfWrite *write, MfWaitFor *wait, MfError *err);
extern MfStatus mf_hdf5_write_flush(MfWrite *write, MfWaitFor *wait, MfError *err);
extern void mf_hdf5_write_counts(MfWrite *write, MfWriteCounts *counts);
extern void mf_hdf5_write_end(MfWrite *write);
extern MfStatus mf_hdf5_write_finish(MfWrite *write, MfWaitFor *wait, MfError *err);

#endif							/* MF_HDF5_CONNECTOR_H */
