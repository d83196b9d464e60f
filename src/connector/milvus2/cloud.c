/*
 * cloud.c - What is different on Zilliz Cloud?
 *
 * It takes only the index type AUTOINDEX, and what concerns the cluster rather
 * than its data is done in its console or through its API, not by gRPC.
 */
#include <strings.h>

#include "internal.h"

static bool
mentions(const char *text)
{
	return text != NULL && (strstr(text, "zilliz") != NULL || strstr(text, "Zilliz") != NULL);
}

bool
m2_is_cloud(const MfConn *conn)
{
	return mentions(mf_option(&conn->options, "host")) || mentions(mf_option(&conn->options, "uri")) ||
		mentions(conn->version_text);
}

static const struct
{
	const char *method;
	const char *instead;
}			managed[] = {
	{"CreateDatabase", "Create the database in Zilliz Cloud's console, or through its API."},
	{"DropDatabase", "Drop the database in Zilliz Cloud's console, or through its API."},
	{"ManualCompaction", "Zilliz Cloud compacts by itself: there is nothing to do."},
	{"GetCompactionState", "Zilliz Cloud compacts by itself: there is nothing to do."},
	{"GetPersistentSegmentInfo", "Zilliz Cloud does not show its segments; milvus_fdw.collection_statistics(...) tells the rows."},
	{"GetQuerySegmentInfo", "Zilliz Cloud does not show its segments; milvus_fdw.collection_statistics(...) tells the rows."},
	{"Flush", "Zilliz Cloud stores rows by itself: there is no need to wait."},
	{"RenameCollection", "Create an alias with milvus_fdw.create_alias(...) instead."},
	{"Import", "Zilliz Cloud imports through its REST interface only: set the server's options \"import_url\" and \"cluster_id\"."},
};

void
m2_instead(const MfConn *conn, const char *method, MfError *err)
{
	const char *name = strrchr(method, '/');

	bool		missing = strcmp(err->sqlstate, MF_FEATURE_NOT_SUPPORTED) == 0;

	if (!missing && strcmp(err->sqlstate, MF_INSUFFICIENT_PRIVILEGE) != 0)
		return;
	name = name != NULL ? name + 1 : method;
	if (!m2_is_cloud(conn))
	{
		if (missing && err->hint[0] == '\0')
			mf_error_hint(err, "This server, %s, is perhaps too old for it, or not a whole Milvus.",
						  conn->version_text[0] != '\0' ? conn->version_text : "whose version is not known");
		return;
	}
	for (size_t i = 0; i < sizeof(managed) / sizeof(managed[0]); i++)
	{
		if (strcmp(managed[i].method, name) == 0)
		{
			mf_error_hint(err, "%s", managed[i].instead);
			return;
		}
	}
}
