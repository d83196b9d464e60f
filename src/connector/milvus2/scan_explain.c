/*
 * scan_explain.c - What does EXPLAIN say of a scan, without asking the server?
 */
#include <stdio.h>

#include "internal.h"

/* Conditions on the partition are decided when the names are known. */
static void
explain_partitions(const MfScanSpec *spec, char *buf, size_t size, size_t *len)
{
	const char *only = mf_option(spec->options, "partition");
	bool		chosen = false;
	bool		each = false;

	for (int i = 0; i < spec->nfilters; i++)
		chosen |= m2_is_partition_filter(spec->filters[i]);
	for (int i = 0; i < spec->ncolumns && !spec->count_only; i++)
		each |= strcmp(spec->columns[i].field, M2_PARTITION) == 0;
	if ((only == NULL && !chosen && !each) || *len >= size)
		return;
	*len += (size_t) snprintf(buf + *len, size - *len, " partition_names=[%s]",
							  only != NULL ? only : chosen ? "by condition" : "each");
}

void
m2_scan_explain(const MfOptions *server, const MfScanSpec *spec, char *buf, size_t size)
{
	const char *collection = mf_option(spec->options, "collection");
	MfMem		mem;
	MfJsonBuf	expr = {.mem = &mem};
	bool		wanted;
	bool		exact;
	size_t		len;
	int			any = 0;

#define ADD(...) \
	do { \
		if (len < size) \
			len += (size_t) snprintf(buf + len, size - len, __VA_ARGS__); \
	} while (0)

	mf_mem_init(&mem, (size_t) 64 << 20);
	len = 0;
	ADD("Query collection=%s", collection != NULL ? collection : "?");
	if (m2_setting(spec->options, server, "database") != NULL)
		ADD(" database=%s", m2_setting(spec->options, server, "database"));
	explain_partitions(spec, buf, size, &len);
	m2_table_filter(&expr, spec->options);
	wanted = m2_filter_put(&expr, NULL, spec->nfilters, spec->filters, NULL, &exact);
	if (!wanted)
		ADD(" nothing: no row can be wanted");
	else if (expr.len > 0 && !expr.failed)
		ADD(" expr=\"%s\"", expr.data);
	else if ((spec->ncolumns > 0 && !spec->count_only) || (spec->nfilters > 0 && !spec->count_only))
		ADD(" expr=\"<primary key> > ...\"");
	ADD(" output_fields=[%s", spec->ncolumns == 0 || spec->count_only ? "count(*)" : "");
	mf_free(&mem, expr.data);
	for (int i = 0; i < spec->ncolumns && !spec->count_only; i++)
	{
		if (strcmp(spec->columns[i].field, M2_PARTITION) != 0)
			ADD("%s%s", any++ > 0 ? ", " : "", spec->columns[i].field);
	}
	ADD("] consistency_level=%s",
		m2_setting(spec->options, server, "consistency_level") != NULL ?
		m2_setting(spec->options, server, "consistency_level") : "session");
	if (spec->limit >= 0)
		ADD(" limit=%lld", (long long) spec->limit);
	else if (spec->fetch_size > 0)
		ADD(" limit=%d", (int) spec->fetch_size);
	else
		ADD(" limit=by size");
#undef ADD
}
