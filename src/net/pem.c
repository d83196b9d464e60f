/*
 * pem.c - How is a file of certificates or keys read safely?
 *
 * Whole, at once, and only if it is a regular file of modest size: a FIFO
 * would block and a device would never end.  A key that others can read is
 * refused, and one that is encrypted, because nobody is there to type its
 * password.  Nothing of what is in the file gets into a message.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "net_internal.h"

#define MAX_PEM_BYTES (4 * 1024 * 1024)

static MfStatus
cannot_read(const char *option, const char *path, const char *why, MfError *err)
{
	mf_error(err, MF_IO_ERROR, "could not read file \"%s\"", path);
	mf_error_detail(err, "It is what the option \"%s\" names: %s.", option, why);
	return MF_ERROR;
}

/* Fill text[0..size]; answers what went wrong, or NULL. */
static const char *
read_whole(int fd, char *text, size_t size)
{
	size_t		got = 0;

	while (got < size)
	{
		ssize_t		n = read(fd, text + got, size - got);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return strerror(errno);
		if (n == 0)
			break;
		got += (size_t) n;
	}
	text[got] = '\0';
	return NULL;
}

/* libpq's rule for private keys, because the same people make them. */
static const char *
why_exposed(const struct stat *st)
{
	mode_t		others = st->st_uid == 0 ? S_IWGRP | S_IXGRP | S_IRWXO : S_IRWXG | S_IRWXO;

	return st->st_mode & others ?
		"it has group or world access; permissions must be u=rw (0600) or less, or u=rw,g=r (0640) if root owns it" : NULL;
}

static MfStatus
read_pem(const char *option, const char *path, const char *marker, bool private,
		 MfMem *mem, char **text, MfError *err)
{
	struct stat st;
	const char *why = NULL;
	MfStatus	status = MF_OK;
	int			fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY);

	*text = NULL;
	if (fd < 0)
		return cannot_read(option, path, strerror(errno), err);
	if (fstat(fd, &st) < 0)
		why = strerror(errno);
	else if (!S_ISREG(st.st_mode))
		why = "not a regular file";
	else if (st.st_size > MAX_PEM_BYTES)
		why = "larger than 4 MB";
	else if (private && (why = why_exposed(&st)) != NULL)
		 /* said below */ ;
	else if ((*text = mf_calloc(mem, (size_t) st.st_size + 1)) == NULL)
		status = mf_error_oom(err, (size_t) st.st_size + 1);
	else
		why = read_whole(fd, *text, (size_t) st.st_size);
	close(fd);

	if (why == NULL && status == MF_OK && strstr(*text, marker) == NULL)
		why = "not a PEM file with what belongs there";
	if (why == NULL && status == MF_OK && private && strstr(*text, "ENCRYPTED") != NULL)
		why = "the key is encrypted, which is not supported";
	if (why != NULL)
		status = cannot_read(option, path, why, err);
	if (status != MF_OK)
	{
		mf_free_secret(mem, *text);
		*text = NULL;
	}
	return status;
}

MfStatus
mf_tls_files_read(const MfNetSettings *settings, MfMem *mem, MfTlsFiles *files, MfError *err)
{
	MfStatus	status = MF_OK;

	memset(files, 0, sizeof(*files));
	if (settings->sslmode == MF_SSL_DISABLE)
		return MF_OK;
	if ((settings->sslcert == NULL) != (settings->sslkey == NULL))
	{
		mf_error(err, MF_INVALID_PARAMETER_VALUE, "options \"sslcert\" and \"sslkey\" must be set together");
		mf_error_detail(err, "Of server \"%s\" only \"%s\" is set.", settings->server,
						settings->sslcert != NULL ? "sslcert" : "sslkey");
		return MF_ERROR;
	}
	if (settings->sslrootcert != NULL)
		status = read_pem("sslrootcert", settings->sslrootcert, "-----BEGIN CERTIFICATE-----", false,
						  mem, &files->roots, err);
	if (status == MF_OK && settings->sslcert != NULL)
		status = read_pem("sslcert", settings->sslcert, "-----BEGIN CERTIFICATE-----", false,
						  mem, &files->certificate, err);
	if (status == MF_OK && settings->sslkey != NULL)
		status = read_pem("sslkey", settings->sslkey, "PRIVATE KEY-----", true,
						  mem, &files->key, err);
	return status;
}

void
mf_tls_files_free(MfTlsFiles *files, MfMem *mem)
{
	mf_free(mem, files->roots);
	mf_free(mem, files->certificate);
	mf_free_secret(mem, files->key);
	memset(files, 0, sizeof(*files));
}
