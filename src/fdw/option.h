/*
 * option.h - Who may check options?
 */
#ifndef MF_FDW_OPTION_H
#define MF_FDW_OPTION_H

#include "connector.h"
#include "foreign/foreign.h"

/* What tables and columns say for a collection that is made like them. */
extern const MfOptionDef mf_create_options[];
extern const int mf_ncreate_options;

/* Raise INVALID_PARAMETER_VALUE where more than the value's form is wrong. */
extern void mf_check_create_option(const MfConnector *connector, const MfOptionDef *def,
								   const char *value);

/*
 * The validator of all wrappers: `array` holds the options of an object in
 * `catalog`.  Raises FDW_INVALID_OPTION_NAME, INVALID_PARAMETER_VALUE,
 * FDW_DYNAMIC_PARAMETER_VALUE_NEEDED or INSUFFICIENT_PRIVILEGE.
 */
extern void mf_validate_options(const MfConnector *connector, Datum array, Oid catalog);

/* Raise unless the current role may have the server read this file. */
extern void mf_check_server_file(const char *option, const char *path);

/* Raise if value is a directory ("file:///path") that it may not have written. */
extern void mf_check_server_directory(const char *option, const char *value);

/*
 * Raise unless this role may connect with these options (src/fdw/use.c);
 * mapping: NULL if there is none.
 */
extern void mf_check_use(const MfConnector *connector, ForeignServer *server,
						 UserMapping *mapping, Oid userid);

#endif							/* MF_FDW_OPTION_H */
