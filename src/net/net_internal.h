/*
 * net_internal.h - Which small helpers do both transports share?
 */
#ifndef MF_NET_INTERNAL_H
#define MF_NET_INTERNAL_H

#include "net.h"

/*
 * A wait is never announced longer than this, so that the time in which
 * nobody looks can be told from the time in which somebody waits.
 */
#define MF_LOOK_AGAIN_MS 500

/* Copy settings with their strings into mem; false = no memory. */
extern bool mf_net_settings_copy(MfNetSettings *out, const MfNetSettings *in, MfMem *mem);
extern void mf_net_settings_free(MfNetSettings *settings, MfMem *mem);

/* Free a string that held a secret; NULL is a no-op. */
extern void mf_free_secret(MfMem *mem, char *secret);

/* Is every byte printable ASCII (what a header may carry)?  NULL is. */
extern bool mf_is_header_text(const char *s);

/* "2 seconds", "1 second", "250 ms" into buf; answers buf. */
extern const char *mf_duration(char *buf, size_t size, int64_t ms);

/*
 * Copy text of a remote into buf: at most size - 1 bytes, valid UTF-8, no
 * control characters (each offending byte becomes '?'; line breaks a space).
 */
extern void mf_printable(char *buf, size_t size, const char *text, size_t len);

/* The PEM texts of the files that settings name, or NULL. */
typedef struct MfTlsFiles
{
	char	   *roots;
	char	   *certificate;
	char	   *key;
} MfTlsFiles;

/*
 * Read them: regular files of at most 4 MB that hold what they should, the key
 * unreadable for others and not encrypted.  Whatever comes of it, free is legal.
 */
extern MfStatus mf_tls_files_read(const MfNetSettings *settings, MfMem *mem,
								  MfTlsFiles *files, MfError *err);
extern void mf_tls_files_free(MfTlsFiles *files, MfMem *mem);

/* Take from the environment what libraries must not follow; before their start. */
extern void mf_environment_forget(void);

#endif							/* MF_NET_INTERNAL_H */
