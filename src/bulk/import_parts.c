/*
 * import_parts.c - Which staged files go together, under which names, and do they fit?
 */
#include "import.h"

#include "lib/stringinfo.h"
#include "utils/builtins.h"

char *
mf_import_path(const MfTable *table, MfRemote *store, const char *name)
{
	const char *path = mf_table_text(table, "stage_path", NULL);
	char		outside[4096];

	if (path != NULL)
		return psprintf("%s%s%s", path, path[strlen(path) - 1] == '/' ? "" : "/", name);
	if (!mf_store_outside(store->conn, name, false, outside, sizeof(outside)))
		ereport(ERROR,
				(errcode(ERRCODE_NAME_TOO_LONG), errmsg("the name of file \"%s\" is too long", mf_safe_text(name))));
	return pstrdup(outside);
}

void
mf_importing_add_staged(MfImporting *im, MfRemote *store, const char *job, List *files)
{
	int			n = list_length(files);
	const char **names = palloc(sizeof(char *) * Max(n, 1));
	char	   *record = MemoryContextStrdup(im->context, mf_import_record_name(im, job));

	im->store = store;
	for (int i = 0; i < n;)
	{
		const MfStagedFile *first = list_nth(files, i);
		int			count = 0;

		for (; i < n; i++)
		{
			const MfStagedFile *file = list_nth(files, i);

			if (file->part != first->part)
				break;
			names[count++] = mf_import_path(im->table, store, file->name);
		}
		/* of no row nothing has to be imported, and Milvus takes no empty file */
		if (first->rows > 0)
		{
			MfImportPart *part = mf_importing_add(im, count, names, first->rows);

			part->name = MemoryContextStrdup(im->context, first->name);
			part->record = record;
		}
	}
}

/* ------------------------------------------------------------------- fitting */

static bool
is_integer(MfKind kind)
{
	return kind >= MF_KIND_I8 && kind <= MF_KIND_I64;
}

static bool
is_float(MfKind kind)
{
	return kind == MF_KIND_F32 || kind == MF_KIND_F64;
}

/* May a value of one kind be read as another?  As the importers of Milvus 2.3 - 2.6 read them. */
static bool
kind_fits(MfKind from, MfKind to, bool exact)
{
	if (from == to)
		return true;
	if (exact)
		return false;
	if (is_integer(from))
		return (is_integer(to) && from <= to) || is_float(to);
	if (is_float(from))
		return is_float(to);
	return from == MF_KIND_TEXT && (to == MF_KIND_JSON || to == MF_KIND_SPARSE || to == MF_KIND_TIMESTAMP);
}

static bool
column_fits(const MfFormatColumn *column, const MfField *field, bool exact)
{
	if (column->kind == MF_KIND_LIST && field->kind == MF_KIND_VEC_F32)
		return is_float(column->elem);
	if (column->kind == MF_KIND_LIST && field->kind == MF_KIND_VEC_I8)
		return is_integer(column->elem);
	if (column->kind == MF_KIND_LIST && field->kind == MF_KIND_LIST)
		return kind_fits(column->elem, field->elem, exact);
	if (mf_kind_is_vector(column->kind) && column->kind == field->kind)
		return column->dim == field->dim || column->dim == 0 || field->dim == 0;
	if (column->kind == MF_KIND_JSON && field->kind == MF_KIND_SPARSE)
		return !exact;
	return kind_fits(column->kind, field->kind, exact);
}

static const MfFormatColumn *
find_column(List *columns, const char *name)
{
	ListCell   *lc;

	foreach(lc, columns)
	{
		const MfFormatColumn *column = lfirst(lc);

		if (strcmp(column->name, name) == 0)
			return column;
	}
	return NULL;
}

static void
refuse(const MfTable *table, const MfManifest *manifest, const char *detail)
{
	ereport(ERROR,
			(errcode(ERRCODE_DATATYPE_MISMATCH),
			 errmsg("the files of manifest \"%s\" do not fit collection \"%s\"", mf_safe_text(manifest->job), mf_safe_text(table->collection)),
			 errdetail("%s", detail),
			 errhint("Nothing was imported. Stage a query with the collection's fields as its columns.")));
}

static char *
kind_text(MfKind kind, MfKind elem, int32 dim)
{
	if (kind == MF_KIND_LIST)
		return psprintf("list of %s", mf_kind_name(elem));
	return dim > 0 ? psprintf("%s of %d dimensions", mf_kind_name(kind), dim) : pstrdup(mf_kind_name(kind));
}

static void
check_fields(MfTable *table, const MfCollection *collection, const MfManifest *manifest, List *columns)
{
	bool		exact = strcmp(manifest->format, "numpy") == 0;

	for (int i = 0; i < collection->nfields; i++)
	{
		const MfField *field = &collection->fields[i];
		const MfFormatColumn *column = find_column(columns, field->name);

		if (field->pseudo || field->skip != NULL)
			continue;
		if (column == NULL && !field->auto_id && !field->nullable && !field->has_default && !field->dynamic)
			refuse(table, manifest, psprintf("They have no column for field \"%s\".", mf_safe_text(field->name)));
		if (column == NULL)
			continue;
		if (field->auto_id)
			refuse(table, manifest, psprintf("They have a column \"%s\", but the remote makes the values of that field itself (auto id).",
											 mf_safe_text(field->name)));
		if (!column_fits(column, field, exact))
			refuse(table, manifest, psprintf("Column \"%s\" is %s, but the field is %s.", mf_safe_text(column->name),
											 kind_text(column->kind, column->elem, column->dim),
											 kind_text(field->kind, field->elem, field->dim)));
	}
}

static void
check_columns(MfTable *table, const MfCollection *collection, const MfManifest *manifest, List *columns)
{
	bool		dynamic = collection->dynamic && strcmp(manifest->format, "json") == 0;
	ListCell   *lc;

	foreach(lc, columns)
	{
		const MfFormatColumn *column = lfirst(lc);
		bool		found = dynamic;

		for (int i = 0; i < collection->nfields; i++)
			found |= strcmp(collection->fields[i].name, column->name) == 0;
		if (!found)
			refuse(table, manifest, psprintf("Column \"%s\" is no field of the collection%s.", mf_safe_text(column->name),
											 collection->dynamic ? ", and only JSON files may hold dynamic keys by themselves" : ""));
	}
}

/* With bulk_start 'file' what was complete may have been imported. */
static void
raise_incomplete(const MfImporting *im, MfRemote *store, const MfManifest *manifest)
{
	bool		begun = mf_import_has_record(store, mf_import_record_name(im, manifest->job));

	ereport(ERROR,
			(errcode(ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE),
			 errmsg("manifest \"%s\" is not complete", mf_safe_text(manifest->job)),
			 errdetail("The command that staged its files did not end, so rows are missing from them.%s",
					   begun ? " Files that it had ended have been imported, or asked for: some rows may be in the collection." : ""),
			 begun ? errhint("milvus_fdw.imports() shows which. Remove those rows, then run that command again.") :
			 errhint("Run that command again.")));
}

void
mf_import_check(const MfImporting *im, MfRemote *store, const MfManifest *manifest, List *columns)
{
	MfTable    *table = im->table;
	const MfCollection *collection = mf_describe(table->remote, table->collection, table->options, CurrentMemoryContext);

	if (strcmp(manifest->state, "complete") != 0)
		raise_incomplete(im, store, manifest);
	check_fields(table, collection, manifest, columns);
	check_columns(table, collection, manifest, columns);
}

char *
mf_import_call(const MfTable *table, const MfRemote *store, const char *job)
{
	return psprintf("SELECT * FROM milvus_fdw.import_files(%s, %s, %s)", quote_literal_cstr(table->name),
					quote_literal_cstr(store->server), quote_literal_cstr(psprintf("%s/" MF_MANIFEST_FILE, job)));
}

void
mf_import_remove_staged(const MfTable *table, MfRemote *store, const char *job)
{
	int64		removed = 0;
	MfError		err;

	if (mf_table_bool(table, "keep_staged", false))
		return;
	if (mf_store_remove_job(store, job, &removed, &err) != MF_OK)
		ereport(WARNING,
				(errmsg("could not remove the staged files of manifest \"%s\"", mf_safe_text(job)),
				 errdetail("%s", mf_message_text(err.message)),
				 errhint("milvus_fdw.unstage('%s', '%s') removes them.", store->server, job)));
}
