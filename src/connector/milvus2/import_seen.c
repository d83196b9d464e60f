/*
 * import_seen.c - Need a job be asked about again that has ended?
 *
 * REST tells of one job at a time, and a list holds all of some hours.  How a job
 * ended never changes, so a connection remembers it: up to so many of them, and
 * then it begins anew.
 */
#include "internal.h"

#define BUCKETS 1024
#define MOST_JOBS 4096
#define MOST_BYTES 4096			/* of one job */

struct M2SeenJobs
{
	int			n;
	M2SeenJob  *buckets[BUCKETS];
};

static size_t
bucket_of(const char *id)
{
	size_t		hash = 5381;

	for (const char *p = id; *p != '\0'; p++)
		hash = hash * 33 + (unsigned char) *p;
	return hash % BUCKETS;
}

const M2SeenJob *
m2_seen_job(const MfConn *conn, const char *id)
{
	const M2SeenJob *job = conn->seen != NULL ? conn->seen->buckets[bucket_of(id)] : NULL;

	while (job != NULL && strcmp(job->cells[0], id) != 0)
		job = job->next;
	return job;
}

static void
forget_all(MfConn *conn)
{
	for (int i = 0; i < BUCKETS; i++)
	{
		while (conn->seen->buckets[i] != NULL)
		{
			M2SeenJob  *job = conn->seen->buckets[i];

			conn->seen->buckets[i] = job->next;
			mf_free(conn->mem, job);
		}
	}
	conn->seen->n = 0;
}

void
m2_seen_put(MfConn *conn, const M2SeenJob *job)
{
	size_t		bytes = 0;
	M2SeenJob  *copy;
	M2SeenJob **bucket;
	char	   *text;

	for (int i = 0; i < M2_IMPORT_CELLS; i++)
		bytes += job->cells[i] != NULL ? strlen(job->cells[i]) + 1 : 0;
	if (bytes > MOST_BYTES)
		return;
	if (conn->seen == NULL)
		conn->seen = mf_calloc(conn->mem, sizeof(struct M2SeenJobs));
	if (conn->seen == NULL)
		return;					/* it is asked again, then */
	if (conn->seen->n == MOST_JOBS)
		forget_all(conn);
	copy = mf_alloc(conn->mem, sizeof(M2SeenJob) + bytes);
	if (copy == NULL)
		return;
	*copy = *job;
	text = (char *) (copy + 1);
	for (int i = 0; i < M2_IMPORT_CELLS; i++)
	{
		size_t		len = job->cells[i] != NULL ? strlen(job->cells[i]) + 1 : 0;

		if (len == 0)
			continue;
		copy->cells[i] = memcpy(text, job->cells[i], len);
		text += len;
	}
	bucket = &conn->seen->buckets[bucket_of(copy->cells[0])];
	copy->next = *bucket;
	*bucket = copy;
	conn->seen->n++;
}

void
m2_seen_free(MfConn *conn)
{
	if (conn->seen == NULL)
		return;
	forget_all(conn);
	mf_free(conn->mem, conn->seen);
	conn->seen = NULL;
}
