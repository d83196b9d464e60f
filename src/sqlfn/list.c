/*
 * list.c - What does a server hold, as rows?
 */
#include "remote.h"

#include "funcapi.h"
#include "src/fdw/sqltype.h"
#include "utils/builtins.h"
#include "utils/tuplestore.h"

PG_FUNCTION_INFO_V1(milvus_fdw_collections);
PG_FUNCTION_INFO_V1(milvus_fdw_fields);
PG_FUNCTION_INFO_V1(milvus_fdw_remote_version);

static Datum
text_or_null(const char *s, bool *isnull)
{
	*isnull = s == NULL;
	return s ? CStringGetTextDatum(mf_safe_text(s)) : (Datum) 0;
}

/* collections(server name) returns setof (name text, rows bigint, state text, description text) */
Datum
milvus_fdw_collections(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *result = (ReturnSetInfo *) fcinfo->resultinfo;
	MfRequest	request = {.verb = MF_VERB_LIST};
	const MfReply *list;
	MfRemote   *remote;

	InitMaterializedSRF(fcinfo, 0);
	remote = mf_sql_server(PG_GETARG_NAME(0));
	list = mf_request(remote, &request, CurrentMemoryContext, NULL, NULL);
	for (int i = 0; i < list->ncollections; i++)
	{
		const MfCollection *c = &list->collections[i];
		Datum		values[4];
		bool		nulls[4] = {false};

		values[0] = text_or_null(c->name, &nulls[0]);
		values[1] = Int64GetDatum(c->rows);
		nulls[1] = c->rows < 0;
		values[2] = text_or_null(c->state, &nulls[2]);
		values[3] = text_or_null(c->description, &nulls[3]);
		tuplestore_putvalues(result->setResult, result->setDesc, values, nulls);
	}
	return (Datum) 0;
}

/*
 * fields(server name, collection text) returns setof (name, type, sql_type,
 * dim, primary_key, auto_id, nullable, index, metric_type, description, note)
 */
Datum
milvus_fdw_fields(PG_FUNCTION_ARGS)
{
	ReturnSetInfo *result = (ReturnSetInfo *) fcinfo->resultinfo;
	const MfCollection *c;
	MfRemote   *remote;

	InitMaterializedSRF(fcinfo, 0);
	remote = mf_sql_server(PG_GETARG_NAME(0));
	c = mf_describe(remote, mf_sql_text_arg(fcinfo, 1), NULL, CurrentMemoryContext);
	for (int i = 0; i < c->nfields; i++)
	{
		const MfField *f = &c->fields[i];
		Datum		values[11];
		bool		nulls[11] = {false};

		values[0] = text_or_null(f->name, &nulls[0]);
		values[1] = text_or_null(f->native, &nulls[1]);
		values[2] = text_or_null(mf_sql_type(f), &nulls[2]);
		values[3] = Int32GetDatum(f->dim);
		nulls[3] = f->dim <= 0;
		values[4] = BoolGetDatum(f->key);
		values[5] = BoolGetDatum(f->auto_id);
		values[6] = BoolGetDatum(f->nullable);
		values[7] = text_or_null(f->index, &nulls[7]);
		values[8] = text_or_null(f->metric, &nulls[8]);
		values[9] = text_or_null(f->description, &nulls[9]);
		values[10] = text_or_null(f->skip, &nulls[10]);
		tuplestore_putvalues(result->setResult, result->setDesc, values, nulls);
	}
	return (Datum) 0;
}

/* version(server name) returns text: the remote's own */
Datum
milvus_fdw_remote_version(PG_FUNCTION_ARGS)
{
	MfRemote   *remote = mf_sql_server(PG_GETARG_NAME(0));
	MfRequest	request = {.verb = MF_VERB_VERSION};
	const MfReply *reply = mf_request(remote, &request, CurrentMemoryContext, NULL, NULL);

	PG_RETURN_TEXT_P(cstring_to_text(mf_safe_text(reply->text ? reply->text : remote->connector->remote)));
}
