/*
 * put.h - What do the two halves of an upload share?
 */
#ifndef MF_STORE_PUT_H
#define MF_STORE_PUT_H

#include "internal.h"

#define MAX_PARTS_IN_FLIGHT 2

typedef struct Part
{
	StoreCall  *call;			/* NULL = free */
	int			number;
} Part;

struct MfPut
{
	MfConn	   *store;
	DirectoryPut *directory;	/* or all that follows */
	char		key[1200];
	const char *content_type;
	char	   *buffer;			/* part_bytes */
	size_t		filled;
	StoreCall  *start;			/* asks for an upload id, or the last request */
	StoreCall  *look;			/* is it there already? */
	char	   *upload_id;
	int			nparts;			/* begun */
	Part		parts[MAX_PARTS_IN_FLIGHT];
	MfArena		arena;
	char	  **etags;			/* of parts done, by number - 1 */
	int			room;
	StoreDigest digest;
	int64_t		bytes;
	int64_t		done;
	bool		finishing;
};

/* put.c */
extern MfStatus put_send_part(MfPut *put, MfWaitFor *wait, MfError *err);
extern MfStatus put_step_parts(MfPut *put, int want, MfWaitFor *wait, MfError *err);
extern void put_block_id(int number, char id[32]);

/* put_finish.c: MF_OK = the parts are a file. */
extern MfStatus put_complete(MfPut *put, MfWaitFor *wait, MfError *err);

#endif							/* MF_STORE_PUT_H */
