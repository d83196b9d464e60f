/*
 * split_probe.c - How many rows has a part, and which key is its first?
 *
 * Each question is a scan of that part as any other, so that consistency, the
 * table's options and conditions mean the same as when its rows are read.
 */
#include "split.h"

static M2Probe *
add(M2Probes *probes, const char *token)
{
	M2Probe    *probe = &probes->probe[probes->n++];

	memset(probe, 0, sizeof(*probe));
	probe->spec.size = sizeof(MfScanSpec);
	probe->spec.options = probes->like->options;
	probe->spec.mem = probes->conn->mem;
	probe->spec.split = token;
	probe->spec.limit = -1;
	if (probes->filtered)
	{
		probe->spec.nfilters = probes->like->nfilters;
		probe->spec.filters = probes->like->filters;
	}
	return probe;
}

void
m2_probe_rows(M2Probes *probes, const char *token)
{
	add(probes, token)->spec.count_only = true;
}

/* Pages come in the order of the keys. */
void
m2_probe_key(M2Probes *probes, const char *token)
{
	M2Probe    *probe = add(probes, token);

	probe->column = (MfScanColumn) {.column = probes->key_field,.field = probes->key_field,.kind = MF_KIND_I64};
	probe->spec.ncolumns = 1;
	probe->spec.columns = &probe->column;
	probe->spec.limit = 1;
	probe->spec.fetch_size = 1;
}

static void
finish(M2Probe *probe)
{
	m2_scan_end(probe->scan);
	probe->scan = NULL;
	probe->done = true;
}

static MfStatus
step(M2Probes *probes, M2Probe *probe, MfWaitFor *wait, MfError *err)
{
	MfBatch    *batch;
	MfStatus	status = MF_OK;

	if (probe->scan == NULL)
		status = m2_scan_begin(probes->conn, &probe->spec, &probe->scan, err);
	while (status == MF_OK && !probe->done)
	{
		status = m2_scan_next(probe->scan, &batch, wait, err);
		if (status == MF_OK)
			probe->rows += batch->nrows;
		if (status == MF_OK && probe->spec.ncolumns > 0)
			memcpy(&probe->key, mf_fixed_at(&batch->columns[0], 0), sizeof(probe->key));
		if (status == MF_END || (status == MF_OK && probe->spec.ncolumns > 0))
		{
			finish(probe);
			status = MF_OK;
		}
	}
	return status;
}

MfStatus
m2_probes_run(M2Probes *probes, MfWaitFor *wait, MfError *err)
{
	bool		waiting = false;

	for (int i = 0; i < probes->n; i++)
	{
		MfWaitFor	one = {.fd = -1,.timeout_ms = -1};
		MfStatus	status = MF_OK;

		if (!probes->probe[i].done)
			status = step(probes, &probes->probe[i], &one, err);
		if (status == MF_ERROR)
			return status;
		if (status == MF_WAIT)
			mf_call_wait_merge(wait, &one);
		waiting |= status == MF_WAIT;
	}
	return waiting ? MF_WAIT : MF_OK;
}

void
m2_probes_forget(M2Probes *probes)
{
	for (int i = 0; i < probes->n; i++)
		m2_scan_end(probes->probe[i].scan);
	probes->n = 0;
}
