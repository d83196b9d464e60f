/*
 * field.h - How does the helper describe a dataset?
 *
 * A frame of fields is a row of these, each followed by three texts with
 * their NULs: path, type, and why it cannot be read (or nothing).
 */
#ifndef MF_HDF5_FIELD_H
#define MF_HDF5_FIELD_H

#include <stdint.h>

typedef struct MfHdf5Field
{
	int64_t		rows;
	int32_t		dim;			/* of a vector or list: elements (bits) */
	uint8_t		kind;			/* MfKind it is best read as */
	uint8_t		elem;
	uint8_t		rank;
	uint8_t		unused;
} MfHdf5Field;

#define MF_HDF5_MAX_FIELDS 10000

#endif							/* MF_HDF5_FIELD_H */
