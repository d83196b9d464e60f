/*
 * key_set.h - Which keys has a statement written already?
 */
#ifndef MF_FDW_KEY_SET_H
#define MF_FDW_KEY_SET_H

#include "postgres.h"

typedef struct MfKeySet MfKeySet;

/* An empty set of keys of this type, in the current context. */
extern MfKeySet *mf_key_set_new(Oid type);

/*
 * Add a key under a number that never falls.  false: it is there already under
 * a number of at least `since` (which stays); older ones count as gone.
 */
extern bool mf_key_set_add(MfKeySet *set, Datum key, int64 number, int64 since);

/* Give back the room of keys with numbers below `since`, if there are many. */
extern void mf_key_set_trim(MfKeySet *set, int64 since, uint32 expected);

#endif							/* MF_FDW_KEY_SET_H */
