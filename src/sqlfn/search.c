/*
 * search.c - How does SQL ask for the rows that are nearest to a vector?
 *
 * Query vectors are whatever could be written to the column: arrays of numbers,
 * bit(n), pgvector's types, jsonb where it is sparse; or several of them as an
 * array, which for arrays of numbers is one of two dimensions.
 */
#include "remote.h"

#include "access/htup_details.h"
#include "catalog/pg_type.h"
#include "funcapi.h"
#include "miscadmin.h"
#include "src/value/value.h"
#include "utils/acl.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"
#include "utils/syscache.h"

PG_FUNCTION_INFO_V1(milvus_fdw_search);

enum
{
	ARG_TABLE,
	ARG_QUERIES,
	ARG_K,
	ARG_PARAMS,
	ARG_COLUMN,
	ARG_PARTITIONS,
	ARG_FILTER,
	ARG_METRIC
};

/* --------------------------------------------------------------- which vectors */

static bool
is_vector(const MfField *field)
{
	return mf_kind_is_vector(field->kind) || field->kind == MF_KIND_SPARSE;
}

static const MfField *
find_field(const MfCollection *c, const char *name)
{
	for (int i = 0; i < c->nfields; i++)
	{
		if (strcmp(c->fields[i].name, name) == 0)
			return &c->fields[i];
	}
	return NULL;
}

/* The field of a column of the table; NULL: it has none. */
static const MfField *
field_of(const MfTable *table, const MfCollection *c, AttrNumber attnum)
{
	HeapTuple	tuple = SearchSysCache2(ATTNUM, ObjectIdGetDatum(table->relid), Int16GetDatum(attnum));
	const MfField *field = NULL;

	if (!HeapTupleIsValid(tuple))
		return NULL;
	if (!((Form_pg_attribute) GETSTRUCT(tuple))->attisdropped)
		field = find_field(c, mf_field_name(mf_column_options(table->relid, attnum), (Form_pg_attribute) GETSTRUCT(tuple)));
	ReleaseSysCache(tuple);
	return field;
}

static const MfField *
named_field(const MfTable *table, const MfCollection *c, const char *column)
{
	AttrNumber	attnum = get_attnum(table->relid, column);
	const MfField *field = attnum > 0 ? field_of(table, c, attnum) : NULL;

	if (attnum <= 0)
		ereport(ERROR,
				(errcode(ERRCODE_UNDEFINED_COLUMN),
				 errmsg("column \"%s\" of foreign table %s does not exist", column, table->name)));
	if (field == NULL || !is_vector(field))
		ereport(ERROR,
				(errcode(ERRCODE_WRONG_OBJECT_TYPE),
				 errmsg("column \"%s\" of foreign table %s holds no vectors", column, table->name)));
	return field;
}

/* The only vector field of the collection, or else of the table's columns; NULL: there is none such. */
static const MfField *
only_field(const MfTable *table, const MfCollection *c)
{
	const MfField *found = NULL;
	int			n = 0;

	for (int i = 0; i < c->nfields; i++)
	{
		if (is_vector(&c->fields[i]) && ++n == 1)
			found = &c->fields[i];
	}
	if (n < 2)
		return found;
	n = 0;
	for (AttrNumber attnum = 1; SearchSysCacheExists2(ATTNUM, ObjectIdGetDatum(table->relid), Int16GetDatum(attnum)); attnum++)
	{
		const MfField *field = field_of(table, c, attnum);

		if (field != NULL && is_vector(field) && ++n == 1)
			found = field;
	}
	return n == 1 ? found : NULL;
}

/* ---------------------------------------------------------------- the queries */

typedef struct Queries
{
	MfBatch    *batch;
	MfWriter	writer;
	MfField		field;
	MfMem	   *mem;
	MemoryContextCallback callback;
} Queries;

static void
free_queries(void *arg)
{
	mf_batch_free(((Queries *) arg)->batch);
}

/* The type that a literal without one is read as. */
static Oid
literal_type(const MfField *field)
{
	switch (field->kind)
	{
		case MF_KIND_VEC_BIT:
			return BITOID;
		case MF_KIND_VEC_I8:
			return INT2ARRAYOID;
		case MF_KIND_SPARSE:
			return JSONBOID;
		default:
			return FLOAT4ARRAYOID;
	}
}

static Datum
read_literal(const char *literal, Oid type)
{
	Oid			input;
	Oid			param;

	getTypeInputInfo(type, &input, &param);
	return OidInputFunctionCall(input, (char *) literal, param, -1);
}

static void
add_query(Queries *queries, Datum value, bool isnull)
{
	if (isnull)
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED), errmsg("query vectors must not be null")));
	mf_write_value(&queries->writer, queries->mem, &queries->batch->columns[0], value, false);
	queries->batch->nrows++;
}

/* Rows of an array of two dimensions. */
static void
add_rows(Queries *queries, ArrayType *array)
{
	int			n = ARR_DIMS(array)[1];
	int			lower = 1;
	Oid			elem = ARR_ELEMTYPE(array);
	int16		len;
	bool		byval;
	char		align;
	Datum	   *values;
	bool	   *nulls;
	int			total;

	get_typlenbyvalalign(elem, &len, &byval, &align);
	deconstruct_array(array, elem, len, byval, align, &values, &nulls, &total);
	for (int at = 0; at + n <= total; at += n)
		add_query(queries, PointerGetDatum(construct_md_array(values + at, nulls + at, 1, &n, &lower, elem, len, byval, align)), false);
}

static void
add_elements(Queries *queries, ArrayType *array)
{
	Oid			elem = ARR_ELEMTYPE(array);
	int16		len;
	bool		byval;
	char		align;
	Datum	   *values;
	bool	   *nulls;
	int			n;

	get_typlenbyvalalign(elem, &len, &byval, &align);
	deconstruct_array(array, elem, len, byval, align, &values, &nulls, &n);
	for (int i = 0; i < n; i++)
		add_query(queries, values[i], nulls[i]);
}

static void
refuse_type(Oid type, const MfField *field)
{
	ereport(ERROR,
			(errcode(ERRCODE_DATATYPE_MISMATCH),
			 errmsg("a query of type %s cannot be compared with field \"%s\" of type %s", format_type_be(type),
					mf_safe_text(field->name), mf_safe_text(field->native))));
}

static Queries *
take_queries(FunctionCallInfo fcinfo, MfMem *mem, const MfField *field)
{
	Queries    *queries = palloc0(sizeof(Queries));
	Oid			given = get_fn_expr_argtype(fcinfo->flinfo, ARG_QUERIES);
	Oid			type = getBaseType(given);
	Datum		value = PG_GETARG_DATUM(ARG_QUERIES);
	Oid			elem;

	if (type == UNKNOWNOID || type == TEXTOID)
	{
		char	   *literal = type == TEXTOID ? TextDatumGetCString(value) : DatumGetCString(value);

		type = literal_type(field);
		value = read_literal(literal, type);
	}
	elem = get_element_type(type);
	queries->mem = mem;
	queries->field = *field;
	queries->field.nullable = queries->field.has_default = false;
	queries->batch = mf_batch_new(mem, 1);
	queries->callback.func = free_queries;
	queries->callback.arg = queries;
	if (queries->batch != NULL)
		MemoryContextRegisterResetCallback(CurrentMemoryContext, &queries->callback);
	if (queries->batch == NULL || !mf_column_init(queries->batch, 0, field->kind, MF_KIND_NONE, field->dim, 0))
		ereport(ERROR, (errcode(ERRCODE_OUT_OF_MEMORY), errmsg("out of memory")));
	if (mf_writer_try(&queries->writer, type, &queries->field, CurrentMemoryContext))
	{
		ArrayType  *array = OidIsValid(elem) ? DatumGetArrayTypeP(value) : NULL;

		if (array != NULL && ARR_NDIM(array) == 2)
			add_rows(queries, array);
		else
			add_query(queries, value, false);
	}
	else if (OidIsValid(elem) && mf_writer_try(&queries->writer, elem, &queries->field, CurrentMemoryContext))
		add_elements(queries, DatumGetArrayTypeP(value));
	else
		refuse_type(given, field);
	return queries;
}

/* ------------------------------------------------------------------- checking */

/* search() answers numbers, search_text() anything. */
static void
check_id_type(FunctionCallInfo fcinfo, const MfTable *table, const MfCollection *c)
{
	TupleDesc	result;

	if (get_call_result_type(fcinfo, NULL, &result) != TYPEFUNC_COMPOSITE || TupleDescAttr(result, 1)->atttypid == TEXTOID)
		return;
	for (int i = 0; i < c->nfields; i++)
	{
		if (c->fields[i].key && c->fields[i].kind == MF_KIND_TEXT)
			ereport(ERROR,
					(errcode(ERRCODE_DATATYPE_MISMATCH),
					 errmsg("keys of foreign table %s are text", table->name),
					 errhint("Call milvus_fdw.search_text() in place of search().")));
	}
}

static int32
take_k(FunctionCallInfo fcinfo)
{
	int32		k = PG_GETARG_INT32(ARG_K);

	if (k < 1)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("k must be at least 1, not %d", k)));
	return k;
}

static MfTable *
open_table(Oid relid)
{
	MfTable    *table = mf_sql_table(relid, false);
	AclResult	result = pg_class_aclcheck(relid, GetUserId(), ACL_SELECT);

	if (result != ACLCHECK_OK)
		aclcheck_error(result, OBJECT_FOREIGN_TABLE, get_rel_name(relid));
	mf_require_verb(table->remote, MF_VERB_SEARCH);
	return table;
}

static const MfField *
choose_field(FunctionCallInfo fcinfo, const MfTable *table, const MfCollection *c)
{
	const MfField *field = PG_ARGISNULL(ARG_COLUMN) ? only_field(table, c) :
		named_field(table, c, NameStr(*PG_GETARG_NAME(ARG_COLUMN)));

	if (field == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE),
				 errmsg("foreign table %s has not exactly one vector column", table->name),
				 errhint("Say which one is meant with column_name => '...'.")));
	return field;
}

/* search("table" regclass, queries "any", k, params, column_name, partitions, filter, metric_type); search_text() too */
Datum
milvus_fdw_search(PG_FUNCTION_ARGS)
{
	MfSearch	search = {NULL};
	MfRequest	request = {.verb = MF_VERB_SEARCH,.search = &search};
	const MfCollection *c;
	const MfField *field;
	const MfReply *reply = NULL;
	MfTable    *table;
	Queries    *queries;

	if (mf_sql_null_arg(fcinfo, ARG_K + 1))
		ereport(ERROR,
				(errcode(ERRCODE_NULL_VALUE_NOT_ALLOWED), errmsg("table, queries and k must not be null")));
	search.k = take_k(fcinfo);
	table = open_table(PG_GETARG_OID(ARG_TABLE));
	c = mf_describe(table->remote, table->collection, table->options, CurrentMemoryContext);
	field = choose_field(fcinfo, table, c);
	check_id_type(fcinfo, table, c);
	queries = take_queries(fcinfo, &table->remote->mem, field);
	search.queries = &queries->batch->columns[0];
	search.nqueries = queries->batch->nrows;
	search.params = mf_sql_json_arg(fcinfo, ARG_PARAMS);
	if (search.params != NULL && strcmp(search.params, "{}") == 0)
		search.params = NULL;
	search.filter = mf_sql_text_arg(fcinfo, ARG_FILTER);
	search.metric = mf_sql_text_arg(fcinfo, ARG_METRIC);
	request.collection = table->collection;
	request.options = table->options;
	request.field = field->name;
	request.names = mf_sql_names_arg(fcinfo, ARG_PARTITIONS, &request.nnames);
	if (search.nqueries > 0)
		reply = mf_request(table->remote, &request, CurrentMemoryContext, NULL, NULL);
	mf_sql_return_cells(fcinfo, reply);
	return (Datum) 0;
}
