/*
 * version.c - Which versions are at work?
 */
#include "milvus_fdw.h"

#include <jansson.h>
#include <protobuf-c/protobuf-c.h>

#include "grpc.h"
#include "http.h"

PG_FUNCTION_INFO_V1(milvus_fdw_version);

#define MILVUS_FDW_VERSION "0.1.0"

/* In a file of its own: jansson.h and utils/builtins.h both declare json_object. */
static text *
text_of(const char *s)
{
	size_t		len = strlen(s);
	text	   *result = palloc(VARHDRSZ + len);

	SET_VARSIZE(result, VARHDRSZ + len);
	memcpy(VARDATA(result), s, len);
	return result;
}

/* version() returns text: ours, PostgreSQL's and the libraries' */
Datum
milvus_fdw_version(PG_FUNCTION_ARGS)
{
	PG_RETURN_TEXT_P(text_of(psprintf("milvus_fdw %s, PostgreSQL %s, gRPC %s, libcurl %s, jansson %s, protobuf-c %s",
									  MILVUS_FDW_VERSION, PG_VERSION, mf_grpc_library(),
									  mf_http_library(), JANSSON_VERSION, protobuf_c_version())));
}
