/*
 * collection.c - How does SQL create, rename, change and drop a remote collection?
 */
#include "remote.h"
#include "target.h"

#include "src/fdw/properties.h"

#include "utils/builtins.h"
#include "utils/formatting.h"

PG_FUNCTION_INFO_V1(milvus_fdw_create_collection);
PG_FUNCTION_INFO_V1(milvus_fdw_drop_collection);
PG_FUNCTION_INFO_V1(milvus_fdw_rename_collection);
PG_FUNCTION_INFO_V1(milvus_fdw_alter_collection);

/* What vectors of numbers, and of bits, are compared by if neither the caller nor the source says. */
#define DEFAULT_METRIC "COSINE"
#define DEFAULT_BINARY_METRIC "HAMMING"

/* The arguments of create_collection(), in their order. */
enum
{
	ARG_SERVER, ARG_NAME, ARG_LIKE, ARG_PRIMARY_KEY, ARG_INDEX, ARG_METRIC_TYPE, ARG_LOAD, ARG_SHARDS,
	ARG_CONSISTENCY_LEVEL, ARG_PARTITION_KEY, ARG_NUM_PARTITIONS, ARG_DYNAMIC, ARG_AUTO_ID, ARG_DESCRIPTION,
	ARG_PROPERTIES, ARG_PARTITIONS, ARG_CLUSTERING_KEY, ARG_INDEX_PARAMS, ARG_DATABASE
};

/* A creation on its way: what is wanted, and for messages what stands already. */
typedef struct Creation
{
	MfRemote   *remote;
	MfCollection *target;
	const MfOptions *database;	/* args that name it, or NULL */
	const char *index;			/* NULL: the source's, or else auto */
	const char *index_params;
	const char *doing;
} Creation;

static void
creating_context(void *arg)
{
	Creation   *creation = arg;

	errcontext("%s; collection \"%s\" has been created on server \"%s\"",
			   creation->doing, mf_safe_text(creation->target->name), creation->remote->server);
}

static bool
is_vector(const MfField *field)
{
	return mf_kind_is_vector(field->kind) || field->kind == MF_KIND_SPARSE;
}

/*
 * What is said of all vectors means those of numbers, if there are any: bits
 * and weights have types and metrics of their own.
 */
static bool
is_meant(const MfCollection *target, const MfField *field)
{
	if (!is_vector(field) || (mf_kind_is_vector(field->kind) && field->kind != MF_KIND_VEC_BIT))
		return is_vector(field);
	for (int i = 0; i < target->nfields; i++)
	{
		if (mf_kind_is_vector(target->fields[i].kind) && target->fields[i].kind != MF_KIND_VEC_BIT)
			return false;
	}
	return true;
}

/* Some remotes fix the metric with the collection, others with the index. */
static void
set_metrics(MfCollection *target, const char *metric)
{
	for (int i = 0; i < target->nfields; i++)
	{
		MfField    *field = &target->fields[i];

		if (metric != NULL && is_meant(target, field))
			field->metric = metric;
		else if (field->metric == NULL && mf_kind_is_vector(field->kind))
			field->metric = field->kind == MF_KIND_VEC_BIT ? DEFAULT_BINARY_METRIC : DEFAULT_METRIC;
	}
}

static bool
wants_none(const Creation *creation)
{
	return creation->index != NULL && strcmp(creation->index, "none") == 0;
}

/* Does the field get an index, and is that the source's? */
static bool
wants_index(const Creation *creation, const MfField *field, bool *as_source)
{
	*as_source = field->nindexes > 0 && (creation->index == NULL || !is_vector(field));
	if (wants_none(creation) || (*as_source && field->index != NULL && strcmp(field->index, "none") == 0))
		return false;
	return *as_source || is_vector(field);
}

static void
add_option(MfOptions *options, const char *name, const char *value)
{
	if (value != NULL)
		((MfOption *) options->items)[options->n++] = (MfOption) {name, value};
}

static void
create_index(Creation *creation, const MfField *field, bool as_source)
{
	int			more = as_source && field->index_settings != NULL ? field->index_settings->n : 0;
	MfOptions	args = {.n = 0,.items = palloc(sizeof(MfOption) * (6 + more))};
	MfRequest	request = {.verb = MF_VERB_CREATE_INDEX,.collection = creation->target->name,.field = field->name,.args = &args};
	const MfReply *reply;

	if (as_source)
	{
		add_option(&args, "index_type", field->index ? field->index : "auto");
		add_option(&args, "params", field->index_params);
		add_option(&args, "index_name", field->index_name);
		for (int i = 0; i < more; i++)
			add_option(&args, field->index_settings->items[i].name, field->index_settings->items[i].value);
	}
	else
	{
		add_option(&args, "index_type", creation->index != NULL && is_meant(creation->target, field) ? creation->index : "auto");
		if (is_meant(creation->target, field))
			add_option(&args, "params", creation->index_params);
	}
	add_option(&args, "metric_type", field->metric);
	if (creation->database != NULL)
		add_option(&args, "database", mf_option(creation->database, "database"));
	creation->doing = psprintf("creating the index of field \"%s\"", field->name);
	reply = mf_sql_request(creation->remote, &request, creation->doing);
	if (reply->note != NULL)
		ereport(NOTICE, (errmsg("%s", mf_safe_text(reply->note))));
}

static void
create_partitions(Creation *creation)
{
	for (int i = 0; i < creation->target->npartitions; i++)
	{
		MfRequest	request = {.verb = MF_VERB_CREATE_PARTITION,.collection = creation->target->name,
			.name = creation->target->partitions[i],.args = creation->database
		};

		creation->doing = psprintf("creating partition \"%s\"", mf_safe_text(request.name));
		mf_sql_request(creation->remote, &request, creation->doing);
	}
}

/* true = every vector has one, so that the collection can be loaded */
static bool
create_indexes(Creation *creation)
{
	bool		complete = !wants_none(creation);

	for (int i = 0; i < creation->target->nfields; i++)
	{
		const MfField *field = &creation->target->fields[i];
		bool		as_source;

		if (wants_index(creation, field, &as_source))
			create_index(creation, field, as_source);
		else if (is_vector(field))
			complete = false;
	}
	return complete;
}

static void
load(Creation *creation)
{
	MfRequest	loading = {.verb = MF_VERB_LOAD,.collection = creation->target->name,.args = creation->database};

	creation->doing = psprintf("loading collection \"%s\"", mf_safe_text(creation->target->name));
	mf_sql_request(creation->remote, &loading, creation->doing);
}

static int
bool_arg(FunctionCallInfo fcinfo, int n)
{
	return PG_ARGISNULL(n) ? -1 : PG_GETARG_BOOL(n);
}

static int
positive_arg(FunctionCallInfo fcinfo, int n, const char *name)
{
	if (!PG_ARGISNULL(n) && PG_GETARG_INT32(n) < 1)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("%s must be at least 1", name)));
	return PG_ARGISNULL(n) ? 0 : PG_GETARG_INT32(n);
}

static const char *
level_arg(FunctionCallInfo fcinfo)
{
	char	   *level = mf_sql_text_arg(fcinfo, ARG_CONSISTENCY_LEVEL);

	if (level == NULL)
		return NULL;
	level = asc_tolower(level, strlen(level));
	if (strcmp(level, "strong") != 0 && strcmp(level, "session") != 0 && strcmp(level, "bounded") != 0 &&
		strcmp(level, "eventually") != 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("there is no consistency level \"%s\"", mf_safe_text(level)),
				 errhint("There are strong, session, bounded and eventually.")));
	return level;
}

static MfTargetArgs
target_args(FunctionCallInfo fcinfo, const MfRemote *remote)
{
	MfTargetArgs args = {
		.name = mf_sql_text_arg(fcinfo, ARG_NAME),
		.like = PG_GETARG_OID(ARG_LIKE),
		.connector = remote->connector,
		.primary_key = mf_sql_text_arg(fcinfo, ARG_PRIMARY_KEY),
		.partition_key = mf_sql_text_arg(fcinfo, ARG_PARTITION_KEY),
		.clustering_key = mf_sql_text_arg(fcinfo, ARG_CLUSTERING_KEY),
		.auto_id = bool_arg(fcinfo, ARG_AUTO_ID),
		.dynamic = bool_arg(fcinfo, ARG_DYNAMIC),
		.shards = positive_arg(fcinfo, ARG_SHARDS, "shards"),
		.num_partitions = positive_arg(fcinfo, ARG_NUM_PARTITIONS, "num_partitions"),
		.consistency_level = level_arg(fcinfo),
		.description = mf_sql_text_arg(fcinfo, ARG_DESCRIPTION),
		.npartitions = -1,
	};

	if (!PG_ARGISNULL(ARG_PROPERTIES))
		args.properties = mf_properties_from_jsonb(PG_GETARG_JSONB_P(ARG_PROPERTIES), "properties", NULL);
	if (!PG_ARGISNULL(ARG_PARTITIONS))
		args.partitions = mf_sql_names_arg(fcinfo, ARG_PARTITIONS, &args.npartitions);
	return args;
}

/* create_collection(server name, name text, "like" regclass, ...) returns void */
Datum
milvus_fdw_create_collection(PG_FUNCTION_ARGS)
{
	Creation	creation = {.index = mf_sql_text_arg(fcinfo, ARG_INDEX)};
	ErrorContextCallback context = {NULL, creating_context, &creation};
	MfRequest	request = {.verb = MF_VERB_CREATE_COLLECTION};
	MfTargetArgs args;
	bool		complete;

	if (PG_ARGISNULL(ARG_SERVER) || PG_ARGISNULL(ARG_NAME) || PG_ARGISNULL(ARG_LIKE))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED),
				 errmsg("server, name and like must not be null")));
	mf_sql_prevent_read_only("create_collection()");
	if (bool_arg(fcinfo, ARG_LOAD) == 1 && wants_none(&creation))
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("a collection without index cannot be loaded"),
				 errhint("Leave out index => 'none', or say load => false.")));

	creation.remote = mf_sql_server(PG_GETARG_NAME(ARG_SERVER));
	mf_require_verb(creation.remote, MF_VERB_CREATE_COLLECTION);
	creation.index_params = mf_sql_json_arg(fcinfo, ARG_INDEX_PARAMS);
	creation.database = mf_sql_database_arg(fcinfo, ARG_DATABASE);
	args = target_args(fcinfo, creation.remote);
	creation.target = mf_target_like(&args);
	set_metrics(creation.target, mf_sql_text_arg(fcinfo, ARG_METRIC_TYPE));
	request.collection = args.name;
	request.schema = creation.target;
	request.args = creation.database;
	mf_sql_request(creation.remote, &request, "creating the collection");

	context.previous = error_context_stack;
	error_context_stack = &context;
	create_partitions(&creation);
	complete = create_indexes(&creation);
	if (PG_ARGISNULL(ARG_LOAD) ? complete : PG_GETARG_BOOL(ARG_LOAD))
		load(&creation);
	error_context_stack = context.previous;
	PG_RETURN_VOID();
}

/* drop_collection(server name, name text, database text) returns void */
Datum
milvus_fdw_drop_collection(PG_FUNCTION_ARGS)
{
	MfRequest	request = {.verb = MF_VERB_DROP_COLLECTION};
	MfRemote   *remote;

	if (mf_sql_null_arg(fcinfo, 2))
		PG_RETURN_NULL();
	mf_sql_prevent_read_only("drop_collection()");
	remote = mf_sql_server(PG_GETARG_NAME(0));
	request.collection = mf_sql_text_arg(fcinfo, 1);
	request.args = mf_sql_database_arg(fcinfo, 2);
	mf_sql_request(remote, &request, "dropping the collection");
	if (request.args == NULL)
		mf_estimate_note(remote->serverid, request.collection, 0);
	PG_RETURN_VOID();
}

/* rename_collection(server name, name text, new_name text, database text) returns void */
Datum
milvus_fdw_rename_collection(PG_FUNCTION_ARGS)
{
	MfRequest	request = {.verb = MF_VERB_RENAME_COLLECTION};

	if (mf_sql_null_arg(fcinfo, 3))
		PG_RETURN_NULL();
	mf_sql_prevent_read_only("rename_collection()");
	request.collection = mf_sql_text_arg(fcinfo, 1);
	request.name = mf_sql_text_arg(fcinfo, 2);
	request.args = mf_sql_database_arg(fcinfo, 3);
	mf_sql_request(mf_sql_server(PG_GETARG_NAME(0)), &request, "renaming the collection");
	PG_RETURN_VOID();
}

/* alter_collection("table" regclass, properties jsonb) returns void */
Datum
milvus_fdw_alter_collection(PG_FUNCTION_ARGS)
{
	MfTable    *table = mf_sql_table(PG_GETARG_OID(0), true);
	List	   *nulls = NIL;
	const char **names;
	ListCell   *lc;
	MfRequest	request = {.verb = MF_VERB_ALTER_COLLECTION,.collection = table->collection,.options = table->options};

	mf_sql_prevent_read_only("alter_collection()");
	request.args = mf_properties_from_jsonb(PG_GETARG_JSONB_P(1), "properties", &nulls);
	names = palloc(sizeof(char *) * (list_length(nulls) + 1));
	foreach(lc, nulls)
		names[request.nnames++] = lfirst(lc);
	request.names = names;
	mf_sql_request(table->remote, &request, "changing the collection");
	PG_RETURN_VOID();
}
