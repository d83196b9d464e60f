/*
 * describe.c - Which datasets are in a file?
 */
#include <stdlib.h>
#include <string.h>

#include "hdf5_program.h"

#define MAX_DEPTH 8
#define MAX_NAME 1024
#define MAX_LINKS (10 * MF_HDF5_MAX_FIELDS)

typedef struct Walk
{
	char	   *reply;
	size_t		len;
	size_t		room;
	int			nfields;
	int			nlinks;
} Walk;

static void
put(Walk *walk, const void *data, size_t len)
{
	if (walk->len + len > walk->room)
	{
		walk->room = (walk->len + len) * 2;
		walk->reply = realloc(walk->reply, walk->room);
		if (walk->reply == NULL)
			program_fail("53200", NULL, "out of memory");
	}
	memcpy(walk->reply + walk->len, data, len);
	walk->len += len;
}

/* What a column of it should be: MilvusDM keeps bits as bytes or as strings. */
static void
best_kind(const Dataset *d, const char *path, MfHdf5Field *field)
{
	bool		embeddings = strcmp(path, "embeddings") == 0;

	field->kind = d->kind;
	if (d->class == H5T_STRING && embeddings && !d->varies)
	{
		field->kind = MF_KIND_VEC_BIT;
		field->dim = (int32_t) d->size * 8;
	}
	if (d->rank != 2)
		return;
	field->dim = (int32_t) d->width;
	if (d->class == H5T_FLOAT)
		field->kind = MF_KIND_VEC_F32;
	else if (d->is_bool)
		field->kind = MF_KIND_VEC_BIT;
	else if (embeddings && d->size == 1 && !d->is_signed)
	{
		field->kind = MF_KIND_VEC_BIT;
		field->dim = (int32_t) d->width * 8;
	}
	else
	{
		field->kind = MF_KIND_LIST;
		field->elem = d->kind;
	}
}

static void
add_field(Walk *walk, const MfHdf5Field *field, const char *path, const char *native, const char *skip)
{
	put(walk, field, sizeof(*field));
	put(walk, path, strlen(path) + 1);
	put(walk, native, strlen(native) + 1);
	put(walk, skip, strlen(skip) + 1);
	walk->nfields++;
}

static void
add_dataset(Walk *walk, hid_t id, const char *path)
{
	MfHdf5Field field;
	Dataset		d;

	dataset_look(id, &d);
	memset(&field, 0, sizeof(field));
	field.rows = (int64_t) d.rows;
	field.rank = (uint8_t) d.rank;
	if (d.skip == NULL)
		best_kind(&d, path, &field);
	add_field(walk, &field, path, d.native, d.skip ? d.skip : "");
	dataset_close(&d);
}

/* Written by a later HDF5 than ours, or damaged. */
static void
add_unknown(Walk *walk, const char *path)
{
	MfHdf5Field field;

	memset(&field, 0, sizeof(field));
	add_field(walk, &field, path, "unknown", "this version of libhdf5 cannot open it");
}

/* ------------------------------------------------------------------------ groups */

typedef struct Names
{
	Walk	   *walk;
	char	  **names;
	int			n;
	int			room;
} Names;

static void walk_group(Walk *walk, hid_t group, const char *path, int depth);

static void
too_many(void)
{
	program_fail("54000", NULL, "the file has more than %d datasets", MF_HDF5_MAX_FIELDS);
}

/* Hard links only: others lead elsewhere. */
static herr_t
add_name(hid_t group, const char *name, const H5L_info_t *info, void *arg)
{
	Names	   *names = arg;

	if (names->walk->nlinks++ >= MAX_LINKS)
		too_many();
	if (info->type != H5L_TYPE_HARD || strlen(name) >= MAX_NAME)
		return 0;
	if (names->n == names->room)
	{
		names->room = names->room ? names->room * 2 : 64;
		names->names = realloc(names->names, sizeof(char *) * (size_t) names->room);
		if (names->names == NULL)
			program_fail("53200", NULL, "out of memory");
	}
	names->names[names->n] = program_alloc(strlen(name) + 1);
	strcpy(names->names[names->n++], name);
	return 0;
}

static int
by_bytes(const void *a, const void *b)
{
	return strcmp(*(char *const *) a, *(char *const *) b);
}

static void
look_at(Walk *walk, hid_t group, const char *name, const char *path, int depth)
{
	char		whole[4096];
	hid_t		object;

	if (strlen(path) + strlen(name) + 2 > sizeof(whole))
		return;
	strcpy(whole, path);
	if (whole[0] != '\0')
		strcat(whole, "/");
	strcat(whole, name);
	if (walk->nfields >= MF_HDF5_MAX_FIELDS)
		too_many();
	object = H5Oopen(group, name, H5P_DEFAULT);
	hdf5_alive();
	if (object < 0)
	{
		add_unknown(walk, whole);
		return;
	}
	switch (H5Iget_type(object))
	{
		case H5I_DATASET:
			add_dataset(walk, object, whole);
			break;
		case H5I_GROUP:
			if (depth < MAX_DEPTH)
				walk_group(walk, object, whole, depth + 1);
			(void) H5Gclose(object);
			break;
		default:
			(void) H5Oclose(object);
	}
}

/*
 * In the order that the file has them, and sorted here: where their order or
 * their number is asked for, libhdf5 makes a table, and frees what it has not
 * filled in of it if the group is damaged.
 */
static void
walk_group(Walk *walk, hid_t group, const char *path, int depth)
{
	Names		names = {.walk = walk};

	if (H5Literate(group, H5_INDEX_NAME, H5_ITER_NATIVE, NULL, add_name, &names) < 0)
		program_fail("HV00L", hdf5_reason(), "the file is not a sound HDF5 file");
	if (names.n > 0)
		qsort(names.names, (size_t) names.n, sizeof(char *), by_bytes);
	for (int i = 0; i < names.n; i++)
	{
		look_at(walk, group, names.names[i], path, depth);
		free(names.names[i]);
	}
	free(names.names);
}

void
describe_file(hid_t file)
{
	Walk		walk = {.nfields = 0};
	hid_t		root = H5Gopen2(file, "/", H5P_DEFAULT);

	if (root < 0)
		program_fail("HV00L", hdf5_reason(), "the file is not a sound HDF5 file");
	walk_group(&walk, root, "", 0);
	program_send(MF_FRAME_FIELDS, walk.reply, walk.len);
}

/* One field, of which only the rows are said. */
void
count_rows(hid_t file, const char *path)
{
	MfHdf5Field field;
	Dataset		d;

	dataset_open(file, path, &d);
	memset(&field, 0, sizeof(field));
	field.rows = (int64_t) d.rows;
	program_send(MF_FRAME_FIELDS, &field, sizeof(field));
}
