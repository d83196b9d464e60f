/*
 * mapping_index.h - How does the index of a field differ from its values?
 */
#ifndef MF_ES_MAPPING_INDEX_H
#define MF_ES_MAPPING_INDEX_H

#include <jansson.h>

#include "es.h"

/* Read them from a field's definition and its index's settings. */
extern void es_index_attributes(EsField *field, const json_t *def, const json_t *settings);

/* The same field in another index: the union of all that is in the way. */
extern void es_index_merge(EsField *was, const EsField *now);

/* Fields that are filled from elsewhere; root is the whole answer. */
extern void es_index_extras(EsMapping *mapping, const json_t *root);

/* Does a setting allow fields that the mapping does not know? */
extern bool es_index_is_open(const json_t *settings);

#endif							/* MF_ES_MAPPING_INDEX_H */
