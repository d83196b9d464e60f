/*
 * manifest.c - What does a job say of itself in the store?
 *
 * JSON, for people and for imports: written before the first file, so that
 * nothing lies there unseen, and again when all files are complete.
 */
#include "stage.h"

#include <jansson.h>

#include "format/crc.h"

#define VERSION_KEY "milvus_fdw_manifest"
#define OWN_KEY ",\n \"checksum\": \"crc32:"

static void
put_text(MfBytes *out, const char *key, const char *value)
{
	mf_json_buf_add(out, key);
	if (value != NULL)
		mf_json_buf_quote(out, value);
	else
		mf_json_buf_add(out, "null");
}

static void
put_int(MfBytes *out, const char *key, int64 value)
{
	mf_json_buf_add(out, key);
	mf_json_buf_int(out, value);
}

static void
put_columns(MfStaging *s, MfBytes *out)
{
	mf_json_buf_add(out, ",\n \"columns\": [");
	for (int i = 0; i < s->spec.ncolumns; i++)
	{
		const MfFormatColumn *column = &s->spec.columns[i];

		put_text(out, i > 0 ? ",\n  {\"name\": " : "\n  {\"name\": ", column->name);
		put_text(out, ", \"kind\": ", mf_kind_name(column->kind));
		if (column->kind == MF_KIND_LIST)
			put_text(out, ", \"element\": ", mf_kind_name(column->elem));
		if (column->dim > 0)
			put_int(out, ", \"dim\": ", column->dim);
		put_text(out, ", \"sql_type\": ", s->fields[i].native);
		mf_json_buf_add(out, "}");
	}
	mf_json_buf_add(out, "]");
}

static void
put_files(MfStaging *s, MfBytes *out)
{
	ListCell   *lc;
	const char *comma = "";

	mf_json_buf_add(out, ",\n \"files\": [");
	foreach(lc, s->files)
	{
		MfStagedFile *file = lfirst(lc);

		mf_json_buf_add(out, comma);
		put_text(out, "\n  {\"name\": ", file->name);
		put_int(out, ", \"part\": ", file->part);
		if (file->column != NULL)
			put_text(out, ", \"column\": ", file->column);
		put_int(out, ", \"rows\": ", file->rows);
		put_int(out, ", \"bytes\": ", file->bytes);
		put_text(out, ", \"checksum\": ", file->checksum);
		mf_json_buf_add(out, "}");
		comma = ",";
	}
	mf_json_buf_add(out, "]");
}

/* The last line is the checksum of all before it. */
static void
put_own_checksum(MfBytes *out)
{
	char		sum[sizeof(OWN_KEY) + 16];

	if (out->failed)
		return;
	snprintf(sum, sizeof(sum), OWN_KEY "%08x\"}\n", mf_crc32(0, out->data, out->len));
	mf_json_buf_add(out, sum);
}

static bool
is_intact(const char *text, size_t len)
{
	size_t		tail = strlen(OWN_KEY) + 8 + 3;
	char		sum[sizeof(OWN_KEY) + 16];

	if (len < tail)
		return false;
	snprintf(sum, sizeof(sum), OWN_KEY "%08x\"}\n", mf_crc32(0, text, len - tail));
	return memcmp(text + len - tail, sum, tail) == 0;
}

void
mf_manifest_write(MfStaging *s)
{
	MfBytes		out = {.mem = &s->remote->mem};
	char	   *name;

	put_int(&out, "{\"" VERSION_KEY "\": ", 1);
	put_text(&out, ",\n \"job\": ", s->job);
	put_text(&out, ",\n \"state\": ", s->complete ? "complete" : "staging");
	put_text(&out, ",\n \"format\": ", s->format->name);
	put_text(&out, ",\n \"compression\": ", s->format->compresses ? mf_codec_name(s->spec.codec) : NULL);
	put_text(&out, ",\n \"created\": ", s->created);
	put_text(&out, ",\n \"url\": ", mf_store_url(s->remote->conn));
	put_int(&out, ",\n \"rows\": ", s->rows);
	put_columns(s, &out);
	put_files(s, &out);
	put_own_checksum(&out);
	name = psprintf("%s/" MF_MANIFEST_FILE, s->job);
	mf_store_put_text(s->remote, name, &out, s->context);
}

/* ------------------------------------------------------------------- reading */

static char *
get_text(json_t *root, const char *key)
{
	const char *value = json_string_value(json_object_get(root, key));

	return pstrdup(value != NULL ? value : "");
}

/* Below the job's folder, and nowhere else by way of "..". */
static bool
is_in_folder(const char *name, const char *job)
{
	size_t		n = strlen(job);

	if (name == NULL || strncmp(name, job, n) != 0 || name[n] != '/')
		return false;
	for (const char *part = name + n; *part == '/'; part += n)
	{
		part++;
		n = strcspn(part, "/");
		if (n == 0 || (n == 1 && part[0] == '.') || (n == 2 && part[0] == '.' && part[1] == '.'))
			return false;
	}
	return true;
}

/* NULL = it can be used. */
static const char *
fault_of(json_t *root, const char *job)
{
	json_t	   *files = json_object_get(root, "files");
	const char *own = json_string_value(json_object_get(root, "job"));
	json_t	   *item;
	size_t		i;

	if (json_integer_value(json_object_get(root, VERSION_KEY)) != 1 || !json_is_array(files) || own == NULL)
		return "it cannot be read";
	if (strcmp(own, job) != 0)
		return "it was written for another folder";
	json_array_foreach(files, i, item)
	{
		if (!is_in_folder(json_string_value(json_object_get(item, "name")), job))
			return "it names a file outside of its folder";
	}
	return NULL;
}

bool
mf_manifest_read(const char *text, size_t len, const char *job, MfManifest *manifest)
{
	json_t	   *root = json_loadb(text, len, 0, NULL);
	json_t	   *files = json_object_get(root, "files");
	bool		usable;

	memset(manifest, 0, sizeof(*manifest));
	manifest->fault = fault_of(root, job);
	usable = manifest->fault == NULL;
	if (usable)
	{
		manifest->job = get_text(root, "job");
		manifest->state = get_text(root, "state");
		manifest->format = get_text(root, "format");
		manifest->created = get_text(root, "created");
		manifest->fault = is_intact(text, len) ? NULL : "its checksum does not fit";
		manifest->rows = json_integer_value(json_object_get(root, "rows"));
		manifest->nfiles = (int) json_array_size(files);
		for (int i = 0; i < manifest->nfiles; i++)
			manifest->bytes += json_integer_value(json_object_get(json_array_get(files, (size_t) i), "bytes"));
	}
	json_decref(root);
	return usable;
}

static MfKind
kind_of(json_t *object, const char *key)
{
	const char *name = json_string_value(json_object_get(object, key));

	for (int kind = MF_KIND_BOOL; name != NULL && kind <= MF_KIND_SPARSE; kind++)
	{
		if (strcmp(mf_kind_name((MfKind) kind), name) == 0)
			return (MfKind) kind;
	}
	return MF_KIND_NONE;
}

static MfFormatColumn *
read_column(json_t *object)
{
	MfFormatColumn *column = palloc0(sizeof(MfFormatColumn));

	column->name = get_text(object, "name");
	column->kind = kind_of(object, "kind");
	column->elem = kind_of(object, "element");
	column->dim = (int32_t) json_integer_value(json_object_get(object, "dim"));
	return column;
}

static MfStagedFile *
read_file(json_t *object)
{
	MfStagedFile *file = palloc0(sizeof(MfStagedFile));

	file->name = get_text(object, "name");
	file->part = (int) json_integer_value(json_object_get(object, "part"));
	file->rows = json_integer_value(json_object_get(object, "rows"));
	file->bytes = json_integer_value(json_object_get(object, "bytes"));
	strlcpy(file->checksum, get_text(object, "checksum"), sizeof(file->checksum));
	return file;
}

void
mf_manifest_parts(const char *text, size_t len, List **columns, List **files)
{
	json_t	   *root = json_loadb(text, len, 0, NULL);
	json_t	   *item;
	size_t		i;

	*columns = NIL;
	*files = NIL;
	json_array_foreach(json_object_get(root, "columns"), i, item)
		*columns = lappend(*columns, read_column(item));
	json_array_foreach(json_object_get(root, "files"), i, item)
		*files = lappend(*files, read_file(item));
	json_decref(root);
}
