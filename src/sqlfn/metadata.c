/*
 * metadata.c - How does what a remote keeps beside its rows get into a file?
 */
#include "remote.h"

#include "utils/builtins.h"

PG_FUNCTION_INFO_V1(milvus_fdw_export_metadata);

/* export_metadata(server name) returns text: JSON; to keep with a copy of a Milvus 1.x data directory */
Datum
milvus_fdw_export_metadata(PG_FUNCTION_ARGS)
{
	MfRemote   *remote = mf_sql_server(PG_GETARG_NAME(0));
	MfRequest	request = {.verb = MF_VERB_METADATA};
	const MfReply *reply = mf_request(remote, &request, CurrentMemoryContext, NULL, NULL);

	PG_RETURN_TEXT_P(cstring_to_text(mf_from_utf8(reply->text)));
}
