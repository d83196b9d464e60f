/*
 * file.c - How is a file given to the program that has libhdf5?
 */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "hdf5_connector.h"

/* libhdf5 and its chunk caches, and what a chunk may unpack to. */
#define MEMORY (INT64_C(512) * 1024 * 1024)

/* What every HDF5 file begins with, at 0 or at a power of two from 512. */
static const char signature[8] = {'\211', 'H', 'D', 'F', '\r', '\n', '\032', '\n'};

static MfStatus
check_signature(const MfHdf5File *file, const char *path, MfError *err)
{
	char		bytes[8];

	for (int64_t at = 0; at + (int64_t) sizeof(bytes) <= file->size; at = at == 0 ? 512 : at * 2)
	{
		if (mf_file_read(file->fd, path, bytes, sizeof(bytes), at, err) != MF_OK)
			return MF_ERROR;
		if (memcmp(bytes, signature, sizeof(bytes)) == 0)
			return MF_OK;
	}
	return mf_error(err, MF_FDW_REPLY_HANDLE, "file \"%s\" is not an HDF5 file", path);
}

MfStatus
mf_hdf5_open(MfMem *mem, const char *path, int argc, const char *const *argv, MfHdf5File *file, MfError *err)
{
	MfHelperStart start = {
		.program = MF_HDF5_PROGRAM,.what = "read",.path = path,.argc = argc,.argv = argv,
			.scratch = -1,.threads = 1
	};

	memset(file, 0, sizeof(*file));
	file->helper.to = file->helper.from = -1;
	if (mf_file_open(path, &file->fd, &file->size, err) != MF_OK)
		return MF_ERROR;
	start.file = file->fd;
	start.memory = file->size * 2 + MEMORY;
	if (check_signature(file, path, err) == MF_OK && mf_helper_start(mem, &file->helper, &start, err) == MF_OK)
		return MF_OK;
	mf_hdf5_close(file);
	return MF_ERROR;
}

MfStatus
mf_hdf5_counted(MfHdf5File *file, int64_t *rows, MfWaitFor *wait, MfError *err)
{
	MfHdf5Field field;
	MfStatus	status = mf_helper_receive(&file->helper, wait, err);

	if (status == MF_WAIT || status == MF_ERROR)
		return status;
	if (status == MF_END || file->helper.head.type != MF_FRAME_FIELDS || file->helper.head.bytes != sizeof(field))
		return mf_error(err, MF_FDW_REPLY_HANDLE, "the program that should read it answered garbage");
	memcpy(&field, file->helper.payload, sizeof(field));
	*rows = field.rows;
	return field.rows >= 0 ? MF_OK : mf_error(err, "54000", "a dataset has too many rows");
}

MfStatus
mf_hdf5_failed(const char *path, MfError *err)
{
	char		message[sizeof(err->message)];

	if (strstr(err->message, path) != NULL)
		return MF_ERROR;
	snprintf(message, sizeof(message), "%.300s in file \"%.180s\"", err->message, path);
	strcpy(err->message, message);
	return MF_ERROR;
}

void
mf_hdf5_close(MfHdf5File *file)
{
	mf_helper_stop(&file->helper);
	if (file->fd >= 0)
		close(file->fd);
	file->fd = -1;
}
