/*
 * scrub.c - Did the remote send our secret back?
 *
 * A server, or whatever answers in its place, may repeat the request it did not
 * understand, headers and all.  Such text ends in the detail of an error, and
 * with it in logs; so a secret is taken out there, as it is and as headers carry
 * it (base64, with the user before it).
 */
#include "milvus_fdw.h"

#include "lib/stringinfo.h"
#include "net.h"

/* Shorter ones would be found in any text. */
#define SHORTEST 4
#define STARS "***"

/* How much of `secret` stands at p: all of it, or what was cut off at the end. */
static size_t
length_at(const char *p, const char *secret)
{
	size_t		n = 0;

	while (secret[n] != '\0' && p[n] == secret[n])
		n++;
	return secret[n] == '\0' || (p[n] == '\0' && n >= SHORTEST) ? n : 0;
}

static char *
hide(char *text, const char *secret)
{
	StringInfoData out;

	if (strlen(secret) < SHORTEST)
		return text;
	initStringInfo(&out);
	for (const char *p = text; *p != '\0';)
	{
		size_t		n = length_at(p, secret);

		if (n > 0)
			appendStringInfoString(&out, STARS);
		else
			appendStringInfoChar(&out, *p);
		p += n > 0 ? n : 1;
	}
	return out.data;
}

static char *
hide_base64(char *text, MfMem *mem, const char *secret)
{
	char	   *encoded = mf_base64(mem, secret, strlen(secret));

	if (encoded == NULL)
		return pstrdup("");		/* no memory to look closer */
	/* padding may have been left out */
	for (size_t n = strlen(encoded); n > 0 && encoded[n - 1] == '='; n--)
		encoded[n - 1] = '\0';
	text = hide(text, encoded);
	mf_free(mem, encoded);
	return text;
}

char *
mf_scrub_options(const MfConnector *connector, const MfOptions *options, MfMem *mem, const char *text)
{
	char	   *clean = pstrdup(text);
	const char *user = mf_option(options, "user");

	for (const MfOptionDef *def = connector->options; def->name != NULL; def++)
	{
		const char *secret = def->flags & MF_OPTION_SECRET ? mf_option(options, def->name) : NULL;

		if (secret == NULL)
			continue;
		clean = hide(clean, secret);
		clean = hide_base64(clean, mem, secret);
		if (user != NULL)
			clean = hide_base64(clean, mem, psprintf("%s:%s", user, secret));
	}
	return clean;
}

char *
mf_scrub(MfRemote *remote, const char *text)
{
	return remote == NULL ? pstrdup(text) : mf_scrub_options(remote->connector, remote->options, &remote->mem, text);
}
