/*
 * list.c - Which files does a name, a pattern or a directory mean?
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "file.h"

bool
mf_file_is_pattern(const char *path)
{
	return strpbrk(path, "*?[") != NULL;
}

void
mf_file_list_free(MfMem *mem, MfFileList *list)
{
	for (int i = 0; i < list->n; i++)
		mf_free(mem, list->paths[i]);
	mf_free(mem, list->paths);
	list->n = 0;
	list->paths = NULL;
}

static bool
add(MfMem *mem, MfFileList *list, const char *directory, const char *name)
{
	size_t		len = strlen(directory);
	char	   *path;

	/* room by powers of two */
	if ((list->n & (list->n - 1)) == 0)
	{
		char	  **paths = mf_realloc(mem, list->paths, sizeof(char *) * (size_t) (list->n ? list->n * 2 : 1));

		if (paths == NULL)
			return false;
		list->paths = paths;
	}
	path = mf_alloc(mem, len + strlen(name) + 2);
	if (path == NULL)
		return false;
	strcpy(path, directory);
	if (len > 0 && directory[len - 1] != '/')
		strcat(path, "/");
	strcat(path, name);
	list->paths[list->n++] = path;
	return true;
}

static int
by_bytes(const void *a, const void *b)
{
	return strcmp(*(char *const *) a, *(char *const *) b);
}

MfStatus
mf_file_expand(MfMem *mem, const char *pattern, MfFileList *list, MfError *err)
{
	glob_t		found;
	MfStatus	status = MF_OK;
	int			rc;

	memset(list, 0, sizeof(*list));
	if (pattern[0] != '/')
		return mf_error(err, MF_INVALID_PARAMETER_VALUE, "file name \"%s\" is not absolute", pattern);
	if (strlen(pattern) >= MF_FILE_NAME_MAX - 64)
		return mf_error(err, MF_INVALID_PARAMETER_VALUE, "file name is too long");
	if (!mf_file_is_pattern(pattern))
		return add(mem, list, "", pattern) ? MF_OK : mf_error_oom(err, strlen(pattern));
	memset(&found, 0, sizeof(found));
	rc = glob(pattern, GLOB_NOSORT, NULL, &found);
	for (size_t i = 0; rc == 0 && i < found.gl_pathc && status == MF_OK; i++)
	{
		if (!add(mem, list, "", found.gl_pathv[i]))
			status = mf_error_oom(err, strlen(found.gl_pathv[i]));
	}
	if (rc == GLOB_NOSPACE)
		status = mf_error_oom(err, 0);
	else if (rc == GLOB_NOMATCH || (rc == 0 && list->n == 0))
	{
		mf_error(err, "58P01", "no file matches \"%s\"", pattern);
		status = MF_ERROR;
	}
	else if (rc != 0)
		status = mf_file_error(err, "list", pattern, errno ? errno : EIO);
	globfree(&found);
	if (status != MF_OK)
		mf_file_list_free(mem, list);
	else
		qsort(list->paths, (size_t) list->n, sizeof(char *), by_bytes);
	return status;
}

/* Does a name end in one of "a|b|c"? */
static bool
has_suffix(const char *name, const char *suffixes)
{
	const char *dot = strrchr(name, '.');

	if (dot == NULL || dot == name)
		return false;
	dot++;
	for (const char *p = suffixes; *p;)
	{
		size_t		word = strcspn(p, "|");

		if (strlen(dot) == word && strncmp(p, dot, word) == 0)
			return true;
		p += word + (p[word] == '|');
	}
	return false;
}

MfStatus
mf_file_directory(MfMem *mem, const char *directory, const char *suffixes, MfFileList *list, MfError *err)
{
	DIR		   *dir;
	struct dirent *entry;
	MfStatus	status = MF_OK;

	memset(list, 0, sizeof(*list));
	if (directory[0] != '/')
	{
		mf_error(err, MF_INVALID_PARAMETER_VALUE, "directory \"%s\" is not absolute", directory);
		mf_error_hint(err, "Use IMPORT FOREIGN SCHEMA \"/a/directory/of/the/server\".");
		return MF_ERROR;
	}
	dir = opendir(directory);
	if (dir == NULL)
		return mf_file_error(err, "list", directory, errno);
	while (status == MF_OK && (entry = readdir(dir)) != NULL)
	{
		struct stat st;

		if (entry->d_name[0] == '.' || !has_suffix(entry->d_name, suffixes) ||
			fstatat(dirfd(dir), entry->d_name, &st, AT_SYMLINK_NOFOLLOW) != 0 || !S_ISREG(st.st_mode))
			continue;
		if (!add(mem, list, directory, entry->d_name))
			status = mf_error_oom(err, 0);
	}
	closedir(dir);
	if (status != MF_OK)
		mf_file_list_free(mem, list);
	else if (list->n > 0)
		qsort(list->paths, (size_t) list->n, sizeof(char *), by_bytes);
	return status;
}

const char *
mf_file_base(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

static size_t
stem(const char *path)
{
	const char *base = mf_file_base(path);
	const char *dot = strrchr(base, '.');

	return dot != NULL && dot != base ? (size_t) (dot - base) : strlen(base);
}

char *
mf_file_table_name(MfMem *mem, const MfFileList *list, int n)
{
	const char *base = mf_file_base(list->paths[n]);
	size_t		len = stem(list->paths[n]);

	for (int i = 0; i < list->n; i++)
	{
		if (i != n && stem(list->paths[i]) == len && strncmp(mf_file_base(list->paths[i]), base, len) == 0)
			return mf_strdup(mem, base);
	}
	return mf_strndup(mem, base, len);
}
