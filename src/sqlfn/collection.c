/*
 * collection.c - How does SQL create and drop a remote collection?
 */
#include "remote.h"
#include "target.h"
#include "utils/builtins.h"

PG_FUNCTION_INFO_V1(milvus_fdw_create_collection);
PG_FUNCTION_INFO_V1(milvus_fdw_drop_collection);

/* What vectors are compared by if neither the caller nor the source says. */
#define DEFAULT_METRIC "COSINE"
#define DEFAULT_BINARY_METRIC "HAMMING"

/* Which step a later error belongs to, and what stands already. */
typedef struct Progress
{
	const char *collection;
	const char *server;
	const char *doing;
} Progress;

static void
creating_context(void *arg)
{
	Progress   *progress = arg;

	errcontext("%s; collection \"%s\" has been created on server \"%s\"",
			   progress->doing, mf_safe_text(progress->collection), progress->server);
}

/* Some remotes fix the metric with the collection, others with the index. */
static void
set_metrics(MfCollection *target, const char *metric)
{
	for (int i = 0; i < target->nfields; i++)
	{
		MfField    *field = &target->fields[i];

		if (metric != NULL)
			field->metric = metric;
		else if (field->metric == NULL)
			field->metric = field->kind == MF_KIND_VEC_BIT ? DEFAULT_BINARY_METRIC : DEFAULT_METRIC;
	}
}

static void
create_indexes(MfRemote *remote, const MfCollection *target, const char *index,
			   Progress *progress)
{
	for (int i = 0; i < target->nfields; i++)
	{
		const MfField *field = &target->fields[i];
		MfOption	items[2];
		MfOptions	args = {.n = 2,.items = items};
		MfRequest	request = {.verb = MF_VERB_CREATE_INDEX,.collection = target->name,.args = &args};

		if (!mf_kind_is_vector(field->kind) && field->kind != MF_KIND_SPARSE)
			continue;
		request.field = field->name;
		items[0] = (MfOption) {"index_type", index};
		items[1] = (MfOption) {"metric_type", field->metric};
		progress->doing = psprintf("creating the index of field \"%s\"", field->name);
		mf_sql_request(remote, &request, progress->doing);
	}
}

/*
 * create_collection(server name, name text, "like" regclass, primary_key text,
 * index text, metric_type text, load boolean) returns void
 */
Datum
milvus_fdw_create_collection(PG_FUNCTION_ARGS)
{
	MfRemote   *remote;
	MfCollection *target;
	char	   *name = mf_sql_text_arg(fcinfo, 1);
	char	   *index = mf_sql_text_arg(fcinfo, 4);
	bool		indexed;
	bool		load;
	Progress	progress;
	ErrorContextCallback context = {NULL, creating_context, &progress};
	MfRequest	request = {.verb = MF_VERB_CREATE_COLLECTION};

	if (PG_ARGISNULL(0) || name == NULL || PG_ARGISNULL(2))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("server, name and like must not be null")));
	mf_sql_prevent_read_only("create_collection()");
	indexed = index == NULL || strcmp(index, "none") != 0;
	load = PG_ARGISNULL(6) ? indexed : PG_GETARG_BOOL(6);
	if (load && !indexed)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("a collection without index cannot be loaded"),
				 errhint("Leave out index => 'none', or say load => false.")));

	remote = mf_sql_server(PG_GETARG_NAME(0));
	target = mf_target_like(name, PG_GETARG_OID(2), mf_sql_text_arg(fcinfo, 3));
	set_metrics(target, mf_sql_text_arg(fcinfo, 5));
	request.collection = name;
	request.schema = target;
	mf_sql_request(remote, &request, "creating the collection");

	progress.collection = name;
	progress.server = remote->server;
	progress.doing = "";
	context.previous = error_context_stack;
	error_context_stack = &context;
	if (indexed)
		create_indexes(remote, target, index ? index : "auto", &progress);
	if (load)
	{
		MfRequest	loading = {.verb = MF_VERB_LOAD,.collection = name};

		progress.doing = psprintf("loading collection \"%s\"", mf_safe_text(name));
		mf_sql_request(remote, &loading, progress.doing);
	}
	error_context_stack = context.previous;
	PG_RETURN_VOID();
}

/* drop_collection(server name, name text) returns void */
Datum
milvus_fdw_drop_collection(PG_FUNCTION_ARGS)
{
	MfRemote   *remote = mf_sql_server(PG_GETARG_NAME(0));
	MfRequest	request = {.verb = MF_VERB_DROP_COLLECTION};

	mf_sql_prevent_read_only("drop_collection()");
	request.collection = mf_sql_text_arg(fcinfo, 1);
	mf_sql_request(remote, &request, "dropping the collection");
	mf_estimate_note(remote->serverid, request.collection, 0);
	PG_RETURN_VOID();
}
