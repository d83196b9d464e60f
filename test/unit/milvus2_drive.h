/*
 * milvus2_drive.h - How does a test use the Milvus connector without a core?
 *
 * Each verb, scan and writer as one blocking call over drive().
 */
#ifndef MILVUS2_DRIVE_H
#define MILVUS2_DRIVE_H

#include "../../src/connector/milvus2/internal.h"
#include "drive.h"

#define M2C (&mf_milvus2_connector)

static MfMem m2_mem;
static MfConn *m2_conn;

static inline void
die(const char *doing, const MfError *err)
{
	printf("# %s: %s: %s / %s / %s (row %lld, key \"%s\", column \"%s\", retry %d)\n", doing, err->sqlstate,
		   err->message, err->detail, err->hint, (long long) err->row, err->key, err->column, err->retry);
	exit(1);
}

/* Patience as the core has: what may be repeated is, for a while. */
static inline MfStatus
patiently(DriveStep step, void *arg, MfError *err)
{
	for (int tries = 0;; tries++)
	{
		MfStatus	status = drive(step, arg, 120000, err);

		if (status != MF_ERROR || err->retry != MF_RETRY_YES || tries > 100)
			return status;
		pause_ms(50);
	}
}

static inline void
m2_connect(const MfOption *more, int nmore)
{
	MfOption	options[12] = {{"host", getenv("MILVUS_FDW_MILVUS_HOST")}, {"port", getenv("MILVUS_FDW_MILVUS_PORT")}};
	MfOptions	o = {2 + nmore, options};
	MfOpenArgs	args = {sizeof(args), "milvus", &o, &m2_mem};
	MfError		err;

	for (int i = 0; i < nmore; i++)
		options[2 + i] = more[i];
	if (m2_mem.size == 0)
		mf_mem_init(&m2_mem, (size_t) 2048 << 20);
	if (M2C->open(&args, &m2_conn, &err) != MF_OK)
		die("open", &err);
}

static inline MfStatus
request_step(void *task, MfWaitFor *wait, MfError *err)
{
	return M2C->request_step(task, wait, err);
}

/* *task holds the reply until request_end; NULL: end it here. */
static inline MfStatus
m2_do(MfRequest req, MfTask **keep, MfError *err)
{
	MfTask	   *task;
	MfStatus	status;

	req.size = sizeof(req);
	mf_error_reset(err);
	status = M2C->request_begin(m2_conn, &req, &task, err);
	if (status == MF_OK)
	{
		status = patiently(request_step, task, err);
		if (keep != NULL && status == MF_OK)
			*keep = task;
		else
			M2C->request_end(task);
	}
	return status;
}

static inline void
m2_must(MfRequest req)
{
	MfError		err;

	if (m2_do(req, NULL, &err) != MF_OK)
		die(req.collection, &err);
}

typedef struct Next
{
	MfScan	   *scan;
	MfBatch    *batch;
} Next;

static inline MfStatus
next_step(void *arg, MfWaitFor *wait, MfError *err)
{
	Next	   *n = arg;

	return M2C->scan_next(n->scan, &n->batch, wait, err);
}

typedef struct Put
{
	MfWrite    *write;
	MfBatch    *batch;
} Put;

static inline MfStatus
submit_step(void *arg, MfWaitFor *wait, MfError *err)
{
	Put		   *p = arg;

	return M2C->write_submit(p->write, p->batch, wait, err);
}

static inline MfStatus
poll_step(void *arg, MfWaitFor *wait, MfError *err)
{
	return M2C->write_poll(((Put *) arg)->write, wait, err);
}

static inline MfStatus
flush_step(void *arg, MfWaitFor *wait, MfError *err)
{
	return M2C->write_flush(((Put *) arg)->write, wait, err);
}

#endif							/* MILVUS2_DRIVE_H */
