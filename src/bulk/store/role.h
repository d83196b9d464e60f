/*
 * role.h - What do the ways share by which this machine comes to keys of S3?
 */
#ifndef MF_STORE_ROLE_H
#define MF_STORE_ROLE_H

#include "internal.h"

#define MOST_SECRET 4096
#define MOST_TOKEN 20001		/* STS takes 20000 characters; with NUL */

typedef enum RoleKind
{
	ROLE_OF_INSTANCE,
	ROLE_OF_CONTAINER,
	ROLE_OF_WEB_IDENTITY
} RoleKind;

typedef enum RoleStep
{
	ROLE_TOKEN,					/* of the metadata service */
	ROLE_NAME,
	ROLE_KEYS
} RoleStep;

struct StoreRole
{
	MfConn	   *store;
	MfHttp	   *http;
	RoleKind	kind;
	char		path[1024];		/* of the address */
	char		token[MOST_TOKEN];	/* that the service asks for, or "" */
	char		name[256];
	RoleStep	step;
	MfHttpCall *call;
	bool		valid;
	int64_t		expires;		/* seconds since 1970; 0 = never */
	char		access_key[256];
	char		secret_key[256];
	char		session_token[MOST_SECRET];
};

/* ---- role.c */
/* The file's one line as the role's token; false = there is none. */
extern bool role_read_token(StoreRole *role, const char *path);
/* What a header can hold; false = it is not, or too long. */
extern bool role_take_text(const char *text, char *out, size_t size);

/* ---- role_machine.c: the next question, and what is answered */
extern MfStatus role_machine_begin(StoreRole *role, MfError *err);
extern bool role_machine_take(StoreRole *role, const char *body, size_t len);

/* ---- role_web.c: the same, of which there is one */
/* false = PostgreSQL's environment names none */
extern bool role_web_is_there(void);
extern MfStatus role_web_begin(StoreRole *role, MfError *err);
extern bool role_web_keys(StoreRole *role, const char *body, size_t len);

#endif							/* MF_STORE_ROLE_H */
