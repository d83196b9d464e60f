/*
 * stage_columns.c - As what is each column of a query staged?
 *
 * As its natural kind (src/value/kind.c), which INSERT's own writers fill; what
 * no format has a type for (numeric, uuid, inet) travels as text.
 */
#include "stage.h"

#include "catalog/pg_type.h"
#include "utils/builtins.h"
#include "utils/lsyscache.h"

#include "src/value/pgvector.h"

/* What files have no kind of their own for. */
static MfKind
portable(MfKind kind)
{
	return kind == MF_KIND_DECIMAL || kind == MF_KIND_UUID || kind == MF_KIND_INET ? MF_KIND_TEXT : kind;
}

/* Dimensions that the table's owner declared. */
static int32
declared_dim(Oid relid, const char *name)
{
	AttrNumber	attnum = OidIsValid(relid) ? get_attnum(relid, name) : InvalidAttrNumber;

	if (attnum <= 0 || get_rel_relkind(relid) != RELKIND_FOREIGN_TABLE)
		return 0;
	return (int32) mf_option_int(mf_column_options(relid, attnum), "dim", 0);
}

/* pgvector's vector and halfvec: behind the length stand two bytes of dimensions. */
static int32
measured_dim(TupleTableSlot *first, Form_pg_attribute att)
{
	bool		isnull = true;
	Datum		value = first != NULL ? slot_getattr(first, att->attnum, &isnull) : (Datum) 0;

	if (first == NULL)
		return 1;				/* no row will contradict */
	if (isnull)
		ereport(ERROR,
				(errcode(ERRCODE_DATATYPE_MISMATCH),
				 errmsg("the dimensions of column \"%s\" are not known", NameStr(att->attname)),
				 errdetail("Its type %s does not say them, and its first value is NULL.", format_type_be(att->atttypid)),
				 errhint("Say them in the query: %s::%s(n).", NameStr(att->attname), format_type_be(att->atttypid))));
	return *(int16 *) VARDATA(PG_DETOAST_DATUM(value));
}

static void
choose_kind(MfField *field, Form_pg_attribute att, TupleTableSlot *first, Oid relid)
{
	MfWanted	wanted = mf_natural_kind(att->atttypid, att->atttypmod, declared_dim(relid, NameStr(att->attname)));

	field->kind = portable(wanted.kind);
	field->elem = portable(wanted.elem);
	field->dim = wanted.dim;
	if (field->elem == MF_KIND_VEC_BIT)
		field->elem = MF_KIND_TEXT;
	if (field->kind == MF_KIND_VEC_BIT && field->dim <= 0)
		field->kind = MF_KIND_TEXT; /* bits of any number */
	if (mf_kind_is_vector(field->kind) && field->dim <= 0)
		field->dim = measured_dim(first, att);
	if (!mf_kind_is_vector(field->kind))
		field->dim = 0;
}

static bool
is_local_time(Oid type)
{
	Oid			base = getBaseType(type);
	Oid			elem = get_element_type(base);

	return (OidIsValid(elem) ? getBaseType(elem) : base) == TIMESTAMPOID;
}

static void
check_name(const MfStaging *s, int n, const char *name)
{
	for (int i = 0; i < n; i++)
	{
		if (strcmp(s->fields[i].name, name) == 0)
			ereport(ERROR,
					(errcode(ERRCODE_DUPLICATE_COLUMN),
					 errmsg("column \"%s\" appears more than once", mf_safe_text(name)),
					 errhint("Give each column of the query a name of its own.")));
	}
}

static void
bind_column(MfStaging *s, int n, Form_pg_attribute att, TupleTableSlot *first, Oid relid)
{
	MfField    *field = &s->fields[n];
	MfFormatColumn *column = (MfFormatColumn *) &s->spec.columns[n];
	char	   *name = mf_to_utf8(NameStr(att->attname));
	const char *why;

	check_name(s, n, name);
	field->name = name;
	field->native = mf_to_utf8(format_type_with_typemod(att->atttypid, att->atttypmod));
	field->nullable = true;
	choose_kind(field, att, first, relid);
	*column = (MfFormatColumn) {
		.name = name,.kind = field->kind,.elem = field->elem,.dim = field->dim,
		.local_time = is_local_time(att->atttypid),
	};
	why = s->format->refuse(column);
	if (why != NULL)
		ereport(ERROR,
				(errcode(ERRCODE_FEATURE_NOT_SUPPORTED),
				 errmsg("format \"%s\" cannot carry column \"%s\" of type %s", s->format->name, NameStr(att->attname),
						format_type_with_typemod(att->atttypid, att->atttypmod)),
				 errdetail("%s", why),
				 errhint("Convert it in the query, or use another format.")));
	s->attnums[n] = att->attnum;
	mf_writer_init(&s->writers[n], att->atttypid, att->atttypmod, field, NameStr(att->attname), s->context);
}

static void
make_batch(MfStaging *s)
{
	MfMem	   *mem = &s->remote->mem;
	bool		fits;

	s->batch = mf_batch_new(mem, s->spec.ncolumns);
	fits = s->batch != NULL;
	for (int i = 0; fits && i < s->spec.ncolumns; i++)
		fits = mf_column_init(s->batch, i, s->fields[i].kind, s->fields[i].elem, s->fields[i].dim, 0);
	s->encoder = fits ? s->format->begin(&s->spec) : NULL;
	if (s->encoder == NULL)
		ereport(ERROR,
				(errcode(ERRCODE_OUT_OF_MEMORY), errmsg("out of memory"),
				 errdetail("The budget of server \"%s\" is used up.", s->remote->server)));
	s->batch->first_row = 1;
}

void
mf_stage_bind(MfStaging *s, TupleDesc desc, TupleTableSlot *first, Oid relid)
{
	MemoryContext before = MemoryContextSwitchTo(s->context);
	int			n = 0;

	s->fields = palloc0(sizeof(MfField) * Max(desc->natts, 1));
	s->writers = palloc0(sizeof(MfWriter) * Max(desc->natts, 1));
	s->attnums = palloc0(sizeof(AttrNumber) * Max(desc->natts, 1));
	s->spec.columns = palloc0(sizeof(MfFormatColumn) * Max(desc->natts, 1));
	s->spec.mem = &s->remote->mem;
	for (int i = 0; i < desc->natts; i++)
	{
		if (!TupleDescAttr(desc, i)->attisdropped)
			bind_column(s, n++, TupleDescAttr(desc, i), first, relid);
	}
	if (n == 0)
		ereport(ERROR,
				(errcode(ERRCODE_INVALID_PARAMETER_VALUE), errmsg("the query has no columns")));
	s->spec.ncolumns = n;
	make_batch(s);
	s->bound = true;
	MemoryContextSwitchTo(before);
}
