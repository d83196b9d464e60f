/*
 * properties.h - How do a remote's own settings and JSON become each other?
 */
#ifndef MF_FDW_PROPERTIES_H
#define MF_FDW_PROPERTIES_H

#include "milvus_fdw.h"

#include "utils/jsonb.h"

/*
 * The members of an object as texts in UTF-8, in no order of their own.
 * Members that are null go to *nulls (their names; NULL: they are refused).
 * Raises INVALID_PARAMETER_VALUE if it is no object, or a member is no scalar.
 */
extern MfOptions *mf_properties_from_jsonb(Jsonb *object, const char *what, List **nulls);

/* The same from the text of an option's value, in UTF-8; NULL for NULL. */
extern const MfOptions *mf_properties_from_option(const MfOptions *options, const char *name);

/* An object of texts, in the database's encoding. */
extern char *mf_properties_to_json(const MfOptions *properties);

/* Raise INVALID_PARAMETER_VALUE unless the option's value is a JSON object. */
extern void mf_check_json_object(const char *option, const char *value);

#endif							/* MF_FDW_PROPERTIES_H */
