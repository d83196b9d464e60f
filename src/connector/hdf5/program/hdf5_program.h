/*
 * hdf5_program.h - What do the parts of the HDF5 helper share?
 */
#ifndef MF_HDF5_PROGRAM_H
#define MF_HDF5_PROGRAM_H

#include <hdf5.h>

#include "src/connector/hdf5/field.h"
#include "src/file/program/program.h"

/* The file given to us; a name that leads to no other. */
#define FILE_NAME "/proc/self/fd/3"

/* What a dataset is, as far as we can read it. */
typedef struct Dataset
{
	hid_t		id;
	hid_t		type;
	int			rank;
	hsize_t		rows;
	hsize_t		width;			/* elements of a row: 1 unless rank 2 */
	H5T_class_t class;
	size_t		size;			/* bytes of an element in the file */
	bool		is_signed;
	bool		is_bool;
	bool		varies;			/* strings of any length */
	MfKind		kind;			/* of an element */
	char		native[64];
	const char *skip;			/* why it cannot be read, or NULL */
} Dataset;

/* What libhdf5 says of the last error, or NULL. */
extern const char *hdf5_reason(void);

/* To be called again and again while a file is read, or the program is ended. */
extern void hdf5_alive(void);

/* Look at an opened dataset; never fails, but may say why it is to be skipped. */
extern void dataset_look(hid_t id, Dataset *dataset);
extern void dataset_close(Dataset *dataset);

/* Open by path, through hard links only: no other file can be reached. */
extern void dataset_open(hid_t file, const char *path, Dataset *dataset);

extern void describe_file(hid_t file);
extern void count_rows(hid_t file, const char *path);

/* count < 0 = all rows; else `rows` is how many the datasets must have. */
extern void read_file(hid_t file, long long first, long long count, long long rows, int ncolumns, char **argv);

extern void write_file(int compression, bool shuffle, int ncolumns, char **paths);

#endif							/* MF_HDF5_PROGRAM_H */
