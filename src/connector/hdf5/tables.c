/*
 * tables.c - Which foreign tables are in an HDF5 file?
 *
 * Datasets of a group that have equally many rows are the columns of one:
 * MilvusDM's ids and embeddings, ann-benchmarks' test with its neighbors and
 * distances.
 */
#include <stdio.h>
#include <string.h>

#include "hdf5_connector.h"

#define PSEUDO_FIELDS MF_HDF5_PSEUDO_FIELDS

const MfField mf_hdf5_pseudo_fields[PSEUDO_FIELDS] = {
	{.name = "_file",.native = "path",.kind = MF_KIND_TEXT,.auto_id = true,.pseudo = true},
	{.name = "_row",.native = "int64",.kind = MF_KIND_I64,.auto_id = true,.pseudo = true},
};

typedef struct Told
{
	MfHdf5Field field;
	const char *path;
	const char *native;
	const char *skip;
	int			table;			/* which it is put into; -1 = none yet */
} Told;

static const char *
next_text(const char **p, const char *end)
{
	const char *text = *p;
	const char *nul = memchr(text, '\0', (size_t) (end - text));

	if (nul == NULL)
		return NULL;
	*p = nul + 1;
	return text;
}

/* Take the frame apart; -1 = it is not sound. */
static int
take_apart(const char *texts, size_t len, Told *told, int room)
{
	const char *p = texts;
	const char *end = texts + len;
	int			n = 0;

	while (p < end)
	{
		Told	   *t = &told[n];

		if ((size_t) (end - p) < sizeof(MfHdf5Field) || n >= room)
			return -1;
		memset(t, 0, sizeof(*t));
		memcpy(&t->field, p, sizeof(MfHdf5Field));
		p += sizeof(MfHdf5Field);
		t->table = -1;
		t->path = next_text(&p, end);
		t->native = t->path ? next_text(&p, end) : NULL;
		t->skip = t->native ? next_text(&p, end) : NULL;
		if (t->skip == NULL || t->field.kind > MF_KIND_SPARSE || t->field.elem > MF_KIND_SPARSE || t->field.dim < 0)
			return -1;
		n++;
	}
	return n;
}

static size_t
group_length(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? (size_t) (slash - path) : 0;
}

/* ann-benchmarks: what is searched stands alone, even if the queries are as many. */
static bool
stands_alone(const char *path)
{
	const char *slash = strrchr(path, '/');

	return strcmp(slash ? slash + 1 : path, "train") == 0;
}

static bool
belong_together(const Told *a, const Told *b)
{
	size_t		len = group_length(a->path);

	return a->field.rows == b->field.rows && len == group_length(b->path) &&
		strncmp(a->path, b->path, len) == 0 && !stands_alone(a->path) && !stands_alone(b->path);
}

/* Put each into a table; how many tables there are. */
static int
group(Told *told, int n, bool whole)
{
	int			tables = 0;

	for (int i = 0; i < n; i++)
	{
		for (int j = 0; j < i && told[i].table < 0; j++)
		{
			if (whole || (told[i].skip[0] == '\0' && told[j].skip[0] == '\0' && belong_together(&told[i], &told[j])))
				told[i].table = told[j].table;
		}
		/* what cannot be read does not make a table of its own */
		if (told[i].table < 0 && (whole || told[i].skip[0] == '\0'))
			told[i].table = tables++;
	}
	return whole && tables == 0 ? 1 : tables;
}

static void
set_field(MfField *f, const Told *t)
{
	*f = (MfField) {
		.name = t->path,.native = t->native,.kind = t->field.kind,.elem = t->field.elem,.dim = t->field.dim,
			.skip = t->skip[0] ? t->skip : NULL
	};
	if (f->skip != NULL)
		f->kind = MF_KIND_NONE;
}

/* What most is about: the vectors' rows, else the longest. */
static int64_t
main_rows(const Told *told, int n, int table)
{
	int64_t		rows = 0;

	for (int i = 0; i < n; i++)
	{
		if (told[i].table != table || told[i].skip[0])
			continue;
		if (strcmp(told[i].path, "embeddings") == 0 || strcmp(told[i].path, "train") == 0)
			return told[i].field.rows;
		if (told[i].field.rows > rows)
			rows = told[i].field.rows;
	}
	return rows;
}

/* The table of a group is called by what tells it apart. */
static MfStatus
set_name(MfMem *mem, MfHdf5Tables *tables, int table, const Told *told, int n, MfError *err)
{
	const char *first = NULL;

	for (int i = 0; i < n; i++)
	{
		if (told[i].table != table)
			continue;
		if (first == NULL || mf_kind_is_vector(told[i].field.kind))
			first = told[i].path;
		if (strcmp(told[i].path, "test") == 0)
		{
			first = told[i].path;
			break;
		}
	}
	if (tables->n > 1 && first != NULL)
	{
		tables->names[table] = mf_strdup(mem, first);
		if (tables->names[table] == NULL)
			return mf_error_oom(err, strlen(first));
	}
	return MF_OK;
}

static MfStatus
fill(MfMem *mem, MfHdf5Tables *tables, const Told *told, int n, const char *path, MfError *err)
{
	MfField    *f = tables->fields;

	for (int t = 0; t < tables->n; t++)
	{
		MfCollection *c = &tables->collections[t];

		c->name = path;
		c->state = "file";
		c->rows = main_rows(told, n, t);
		c->fields = f;
		for (int i = 0; i < n; i++)
		{
			if (told[i].table == t)
				set_field(f++, &told[i]);
		}
		memcpy(f, mf_hdf5_pseudo_fields, sizeof(mf_hdf5_pseudo_fields));
		f += PSEUDO_FIELDS;
		c->nfields = (int) (f - c->fields);
		if (set_name(mem, tables, t, told, n, err) != MF_OK)
			return MF_ERROR;
	}
	return MF_OK;
}

static MfStatus
allocate(MfMem *mem, MfHdf5Tables *tables, int nfields, MfError *err)
{
	tables->collections = mf_calloc(mem, sizeof(MfCollection) * (size_t) (tables->n + 1));
	tables->names = mf_calloc(mem, sizeof(char *) * (size_t) (tables->n + 1));
	tables->fields = mf_calloc(mem, sizeof(MfField) * (size_t) (nfields + PSEUDO_FIELDS * tables->n + 1));
	return tables->collections && tables->names && tables->fields ? MF_OK :
		mf_error_oom(err, sizeof(MfField) * (size_t) nfields);
}

MfStatus
mf_hdf5_tables(MfMem *mem, const MfHelper *helper, const char *path, bool whole, MfHdf5Tables *tables, MfError *err)
{
	size_t		len = helper->head.bytes;
	Told	   *told = mf_alloc(mem, sizeof(Told) * (len / sizeof(MfHdf5Field) + 1));
	MfStatus	status;
	int			n;

	memset(tables, 0, sizeof(*tables));
	tables->texts = mf_alloc(mem, len + 1);
	if (told == NULL || tables->texts == NULL)
	{
		mf_free(mem, told);
		return mf_error_oom(err, len);
	}
	if (len > 0)
		memcpy(tables->texts, helper->payload, len);
	n = take_apart(tables->texts, len, told, (int) (len / sizeof(MfHdf5Field) + 1));
	if (n < 0)
		status = mf_error(err, MF_FDW_REPLY_HANDLE, "the program that should read file \"%s\" answered garbage", path);
	else
	{
		tables->n = group(told, n, whole);
		status = allocate(mem, tables, n, err);
		if (status == MF_OK)
			status = fill(mem, tables, told, n, path, err);
	}
	mf_free(mem, told);
	return status;
}

void
mf_hdf5_tables_free(MfMem *mem, MfHdf5Tables *tables)
{
	for (int i = 0; i < tables->n && tables->names != NULL; i++)
		mf_free(mem, tables->names[i]);
	mf_free(mem, tables->collections);
	mf_free(mem, tables->names);
	mf_free(mem, tables->fields);
	mf_free(mem, tables->texts);
	memset(tables, 0, sizeof(*tables));
}
