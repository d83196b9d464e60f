/*
 * scan_moment.c - How fresh are the rows that a scan reads?
 *
 * Session: what this connection wrote is seen.  Where the server told when that
 * was, that moment is guaranteed; of a Delete it does not tell.  Strong: all
 * that anybody wrote before is seen.  A request that asks for "now" waits for
 * the server's clock, up to 200 ms, each time.  So a scan of many pages learns
 * the server's now once and asks all its pages for what was there then.
 */
#include "scan.h"

static const MfMethod alloc_timestamp = M2_METHOD(AllocTimestamp, alloc_timestamp_response, true);

int32_t
m2_consistency_of(const MfOptions *table, const MfOptions *server)
{
	const char *level = m2_setting(table, server, "consistency_level");

	if (level == NULL || strcmp(level, "session") == 0)
		return M2_SESSION;
	return strcmp(level, "strong") == 0 ? M2_STRONG : strcmp(level, "bounded") == 0 ? M2_BOUNDED : M2_EVENTUALLY;
}

uint64_t
m2_guarantee(int32_t consistency, uint64_t mark, bool *later)
{
	switch (consistency)
	{
		case M2_STRONG:
			*later = true;
			return 0;
		case M2_BOUNDED:
			*later = false;
			return 2;
		case M2_SESSION:
			return mark > 0 ? mark : 1;
		default:
			*later = false;
			return 1;
	}
}

void
m2_scan_freshness(MfScan *scan)
{
	uint64_t	mark = m2_mark_get(scan->conn, scan->database, m2_scan_schema(scan)->collection.name, &scan->later);

	/* what another connection wrote, for which this one reads a part */
	if (scan->split.seen > mark)
		mark = scan->split.seen;
	scan->later |= scan->split.seen_now;
	scan->guarantee = m2_guarantee(scan->consistency, mark, &scan->later);
}

/* All that was written before this moment is seen from now on. */
void
m2_scan_as_of(MfScan *scan, uint64_t moment)
{
	m2_mark_moment(scan->conn, scan->database, m2_scan_schema(scan)->collection.name, moment);
	scan->consistency = M2_SESSION;
	scan->guarantee = moment;
	scan->later = false;
}

/* It does not tell: "now" for each request. */
void
m2_scan_as_of_now(MfScan *scan)
{
	scan->consistency = M2_STRONG;
	scan->guarantee = 0;
	scan->later = false;
}

MfStatus
m2_scan_learn_moment(MfScan *scan, MfWaitFor *wait, MfError *err)
{
	M2__Empty	request = M2__EMPTY__INIT;
	M2Where		where = {scan->conn->server, scan->collection};
	MfStatus	status = MF_OK;
	uint64_t	moment = 0;

	if (m2_version_can(scan->conn->version, M2_CAN_TELL_MOMENT))
		status = m2_call(scan->conn, &scan->moment, &alloc_timestamp, scan->database, &request.base, &where, wait, err);
	if (status == MF_WAIT || (status == MF_ERROR && err->retry == MF_RETRY_YES))
		return status;
	if (status == MF_OK && scan->moment.reply != NULL)
		moment = ((M2__AllocTimestampResponse *) scan->moment.reply)->timestamp;
	m2_call_end(scan->conn, &scan->moment);
	if (moment > 0)
		m2_scan_as_of(scan, moment);
	else
		m2_scan_as_of_now(scan);
	return MF_OK;
}
