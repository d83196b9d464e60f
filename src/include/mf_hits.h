/*
 * mf_hits.h - How do the neighbours that a search found become its answer?
 *
 * Rows of query (from 1), key and distance, as MF_VERB_SEARCH answers.
 */
#ifndef MF_HITS_H
#define MF_HITS_H

#include "connector.h"
#include "mf_arena.h"

/* Room for so many; false = no memory. */
extern bool mf_hits_begin(MfReply *reply, MfArena *arena, size_t most);

/* One more; failures are the arena's to remember. */
extern void mf_hits_add(MfReply *reply, MfArena *arena, int64_t query, const char *key, size_t key_len, float distance);
extern void mf_hits_add_id(MfReply *reply, MfArena *arena, int64_t query, int64_t id, float distance);

#endif							/* MF_HITS_H */
