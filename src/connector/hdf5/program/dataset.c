/*
 * dataset.c - What is a dataset, and may it be read?
 */
#include <stdio.h>
#include <string.h>

#include "hdf5_program.h"

static MfKind
integer_kind(size_t size, bool is_signed)
{
	switch (size)
	{
		case 1:
			return is_signed ? MF_KIND_I8 : MF_KIND_I16;
		case 2:
			return is_signed ? MF_KIND_I16 : MF_KIND_I32;
		case 4:
			return is_signed ? MF_KIND_I32 : MF_KIND_I64;
		default:
			return is_signed ? MF_KIND_I64 : MF_KIND_U64;
	}
}

/* h5py's bool: an enumeration of FALSE and TRUE. */
static bool
is_bool(hid_t type, size_t size)
{
	int8_t		no = -1,
				yes = -1;

	return size == 1 && H5Tget_nmembers(type) == 2 &&
		H5Tenum_valueof(type, "FALSE", &no) >= 0 && H5Tenum_valueof(type, "TRUE", &yes) >= 0 && no == 0 && yes == 1;
}

static void
look_at_type(Dataset *d)
{
	d->class = H5Tget_class(d->type);
	d->size = H5Tget_size(d->type);
	switch (d->class)
	{
		case H5T_FLOAT:
			d->kind = d->size > 4 ? MF_KIND_F64 : MF_KIND_F32;
			snprintf(d->native, sizeof(d->native), "float%zu", d->size * 8);
			if (d->size > 8)
				d->skip = "its numbers are wider than double precision";
			break;
		case H5T_INTEGER:
			d->is_signed = H5Tget_sign(d->type) == H5T_SGN_2;
			d->kind = integer_kind(d->size, d->is_signed);
			snprintf(d->native, sizeof(d->native), "%sint%zu", d->is_signed ? "" : "u", d->size * 8);
			if (d->size != 1 && d->size != 2 && d->size != 4 && d->size != 8)
				d->skip = "its integers have an odd size";
			break;
		case H5T_ENUM:
			d->is_bool = is_bool(d->type, d->size);
			d->kind = d->is_bool ? MF_KIND_BOOL : MF_KIND_NONE;
			snprintf(d->native, sizeof(d->native), d->is_bool ? "bool" : "enumeration");
			if (!d->is_bool)
				d->skip = "enumerations are not read";
			break;
		case H5T_STRING:
			d->varies = H5Tis_variable_str(d->type) > 0;
			d->kind = MF_KIND_TEXT;
			snprintf(d->native, sizeof(d->native), d->varies ? "string" : "string of %zu bytes", d->size);
			break;
		default:
			snprintf(d->native, sizeof(d->native), "type of class %d", (int) d->class);
			d->skip = "compound, array, variable-length and reference types are not read";
	}
	if (d->size < 1 || d->size > 1 << 20)
		d->skip = "its elements are too large";
}

static void
look_at_space(Dataset *d)
{
	hid_t		space = H5Dget_space(d->id);
	hsize_t		dims[H5S_MAX_RANK];

	d->rank = space < 0 ? -1 : H5Sget_simple_extent_ndims(space);
	d->width = 1;
	if (d->rank < 1 || d->rank > 2 || H5Sget_simple_extent_dims(space, dims, NULL) < 0)
		d->skip = "it does not have one or two dimensions";
	else
	{
		d->rows = dims[0];
		if (d->rank == 2)
			d->width = dims[1];
		if (d->width < 1 || d->width > 1 << 20)
			d->skip = "its rows have no elements, or too many";
		if (d->rank == 2 && d->class == H5T_STRING)
			d->skip = "it has rows of strings";
		if (d->rows > INT64_MAX / 2)
			d->skip = "it has too many rows";
	}
	if (space >= 0)
		(void) H5Sclose(space);
}

/* Data in other files, or made up of other datasets, is not what was named. */
static void
look_at_storage(Dataset *d)
{
	hid_t		plist = H5Dget_create_plist(d->id);

	if (plist < 0 || H5Pget_external_count(plist) != 0)
		d->skip = "its data lies in another file";
	else if (H5Pget_layout(plist) == H5D_VIRTUAL)
		d->skip = "it is a view of other datasets";
	if (plist >= 0)
		(void) H5Pclose(plist);
}

void
dataset_look(hid_t id, Dataset *d)
{
	memset(d, 0, sizeof(*d));
	d->id = id;
	d->type = H5Dget_type(id);
	if (d->type < 0)
	{
		d->skip = "its type is not sound";
		snprintf(d->native, sizeof(d->native), "unknown");
		return;
	}
	look_at_type(d);
	look_at_space(d);
	look_at_storage(d);
}

void
dataset_close(Dataset *d)
{
	if (d->type >= 0)
		(void) H5Tclose(d->type);
	(void) H5Dclose(d->id);
}

/* Is every part of the path a hard link? */
static bool
is_hard_path(hid_t file, const char *path)
{
	char		part[4096];
	H5L_info_t	info;

	for (const char *p = path; *p;)
	{
		size_t		len;

		p += strspn(p, "/");
		p += strcspn(p, "/");
		len = (size_t) (p - path);
		if (len >= sizeof(part))
			return false;
		memcpy(part, path, len);
		part[len] = '\0';
		if (part[strspn(part, "/")] == '\0')
			continue;
		if (H5Lexists(file, part, H5P_DEFAULT) <= 0 || H5Lget_info(file, part, &info, H5P_DEFAULT) < 0 ||
			info.type != H5L_TYPE_HARD)
			return false;
	}
	return true;
}

void
dataset_open(hid_t file, const char *path, Dataset *d)
{
	hid_t		access = H5Pcreate(H5P_DATASET_ACCESS);
	hid_t		id;

	if (!is_hard_path(file, path))
		program_fail("HV005", "A link to elsewhere, soft or to another file, is not followed.",
					 "the file has no dataset \"%s\"", path);
	/* room for chunks of any usual size: else each is unpacked again and again */
	(void) H5Pset_chunk_cache(access, 521, 32 * 1024 * 1024, 1.0);
	id = H5Dopen2(file, path, access);
	if (id < 0)
		program_fail("HV005", hdf5_reason(), "\"%s\" is not a dataset", path);
	dataset_look(id, d);
	if (d->skip != NULL)
		program_fail("0A000", NULL, "dataset \"%s\" cannot be read: %s", path, d->skip);
}
