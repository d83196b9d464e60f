/*
 * environment.c - What in the process's environment must not decide for us?
 *
 * gRPC takes certificate authorities, ciphers, and what it logs (headers with
 * credentials, too) from variables; curl writes the keys of its connections into
 * a file that one names.  Options of the foreign server decide instead.  Proxies
 * are switched off where each library is told what to do.
 */
#include <stdlib.h>
#include <string.h>

#include "net_internal.h"

extern char **environ;

/* The first variable that is to go, its name in buf; false = there is none. */
static bool
find_unwanted(char *buf, size_t size)
{
	for (char **entry = environ; entry != NULL && *entry != NULL; entry++)
	{
		size_t		len = strcspn(*entry, "=");

		if (len >= size ||
			(strncmp(*entry, "GRPC_", 5) != 0 && strncmp(*entry, "SSLKEYLOGFILE=", 14) != 0))
			continue;
		memcpy(buf, *entry, len);
		buf[len] = '\0';
		return true;
	}
	return false;
}

void
mf_environment_forget(void)
{
	char		name[128];

	while (find_unwanted(name, sizeof(name)) && unsetenv(name) == 0)
		;
}
