/*
 * scan_partition.c - Which partitions does a scan read, and in what order?
 *
 * Those that the table is, or that conditions name; side by side in one request,
 * unless a column wants to know them: Milvus tells of no row which partition it
 * is in, so then they are read one after the other.
 */
#include "scan.h"

static bool
passes(const MfScan *scan, const char *name)
{
	const MfScanSpec *spec = scan->spec;
	const char *only = mf_option(spec->options, "partition");
	bool		found = scan->split.npartitions == 0;

	if (only != NULL && strcmp(only, name) != 0)
		return false;
	for (int i = 0; i < scan->split.npartitions && !found; i++)
		found = strcmp(scan->split.partitions[i], name) == 0;
	if (!found)
		return false;
	for (int i = 0; i < spec->nfilters; i++)
	{
		if (m2_is_partition_filter(spec->filters[i]) && !m2_partition_passes(spec->filters[i], name))
			return false;
	}
	return true;
}

static bool
add(MfScan *scan, const char *name)
{
	if (scan->partitions == NULL)
		scan->partitions = mf_arena_alloc(&scan->arena, sizeof(char *) * (size_t) (scan->list != NULL ? scan->list->n + 1 : 1));
	if (scan->partitions == NULL)
		return false;
	scan->partitions[scan->npartitions++] = name;
	return true;
}

static MfStatus
choose(MfScan *scan, MfError *err)
{
	const char *only = mf_option(scan->spec->options, "partition");
	M2Where		where = {scan->conn->server, scan->collection};
	bool		fits = true;

	if (only != NULL && !m2_partitions_have(scan->list, only))
		return m2_error_no_partition(&where, only, false, err);
	for (int i = 0; i < scan->split.npartitions; i++)
	{
		if (!m2_partitions_have(scan->list, scan->split.partitions[i]))
			return m2_error_no_partition(&where, scan->split.partitions[i], false, err);
	}
	for (int i = 0; i < scan->list->n && fits; i++)
		fits = !passes(scan, scan->list->names[i]) || add(scan, scan->list->names[i]);
	return fits ? MF_OK : mf_error_oom(err, 0);
}

MfStatus
m2_scan_partitions(MfScan *scan, MfWaitFor *wait, MfError *err)
{
	const MfScanSpec *spec = scan->spec;
	bool		wanted = scan->plan.partition;
	MfStatus	status = MF_OK;

	scan->restricted = mf_option(spec->options, "partition") != NULL || scan->split.npartitions > 0;
	for (int i = 0; i < spec->nfilters; i++)
		scan->restricted |= m2_is_partition_filter(spec->filters[i]);
	if (!wanted && !scan->restricted)
		return MF_OK;
	status = m2_check_partition_key(&m2_scan_schema(scan)->collection, err);
	if (status != MF_OK)
		return status;

	/* who asks for all that there is does not want an old list */
	status = m2_partitions_need(scan->conn, scan->database, scan->collection, scan->consistency != M2_STRONG,
								&scan->listing, &scan->list, wait, err);
	if (status == MF_OK && scan->npartitions == 0)
		status = choose(scan, err);
	scan->by_partition = wanted;
	return status;
}

bool
m2_scan_next_partition(MfScan *scan)
{
	if (!scan->by_partition || scan->partition + 1 >= scan->npartitions)
		return false;
	scan->partition++;
	scan->after.set = false;
	scan->lookup.at = 0;
	return true;
}

const char *
m2_scan_partition(const MfScan *scan)
{
	return scan->by_partition && scan->partition < scan->npartitions ? scan->partitions[scan->partition] : "";
}
