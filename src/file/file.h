/*
 * file.h - How do connectors reach files of the server?
 *
 * Safely: absolute paths, regular files only, never through a symbolic link at
 * the end, a new file only under a name that is free and only once it is
 * complete.  What a format's own library must do is done in a program of its
 * own (see helper.h).  No PostgreSQL, nothing raised.
 */
#ifndef MF_FILE_H
#define MF_FILE_H

#include "connector.h"

/* What a file is refused for says its path: cut where the message is. */
#define MF_FILE_NAME_MAX 4096

/*
 * Open a regular file for reading.  A link at the end of the path is refused:
 * who may name a file must name the file itself.  Never waits for a writer, as
 * opening a pipe would.
 */
extern MfStatus mf_file_open(const char *path, int *fd, int64_t *size, MfError *err);

/* All bytes of a range, or MF_ERROR: the file is shorter than it was. */
extern MfStatus mf_file_read(int fd, const char *path, void *buf, size_t len, int64_t at, MfError *err);

/* Does anything lie under this path? */
extern bool mf_file_exists(const char *path);

/* ------------------------------------------------------------------- many */

typedef struct MfFileList
{
	int			n;
	char	  **paths;			/* sorted by bytes */
} MfFileList;

/* Is this more than the name of one file? */
extern bool mf_file_is_pattern(const char *path);

/*
 * The files that a name or a pattern (glob) means.  None is an error, unless
 * the name is that of one file: then it is what is listed, there or not.
 */
extern MfStatus mf_file_expand(MfMem *mem, const char *pattern, MfFileList *list, MfError *err);

/* The regular files of a directory whose names end so ("index|faiss"). */
extern MfStatus mf_file_directory(MfMem *mem, const char *directory, const char *suffixes,
								  MfFileList *list, MfError *err);
extern void mf_file_list_free(MfMem *mem, MfFileList *list);

/* The last part of a path. */
extern const char *mf_file_base(const char *path);

/*
 * A table's name for the nth of some files: its own without what follows the
 * last point, or with it where another file would be called the same.
 */
extern char *mf_file_table_name(MfMem *mem, const MfFileList *list, int n);

/* ------------------------------------------------------------------- parts of them */

/* All that is known of a file that is cut. */
typedef struct MfFileWhole
{
	int64_t		rows;
	int64_t		bytes;
	bool		ranges;			/* it can be read from any row on */
} MfFileWhole;

/* What the token of a part says. */
typedef struct MfFileSplit
{
	int			file;			/* which of the list */
	int64_t		first;
	int64_t		count;
	int64_t		rows;			/* of the whole file, and its bytes */
	int64_t		bytes;
} MfFileSplit;

typedef struct MfFileSplits
{
	MfMem	   *mem;
	int			n;
	MfSplit    *items;
} MfFileSplits;

/* Cut files into about `wanted` parts, or parts of a good size for 0; to be freed whatever this answers. */
extern MfStatus mf_file_split(MfFileSplits *splits, const MfFileList *files, const MfFileWhole *wholes,
							  int wanted, MfError *err);
extern void mf_file_splits_free(MfFileSplits *splits);

/* A token back: as we wrote it and of one of these files, or an error. */
extern MfStatus mf_file_split_parse(const char *token, const MfFileList *files, MfFileSplit *split, MfError *err);

/* Is the file still the one that was cut? */
extern MfStatus mf_file_split_check(const MfFileSplit *split, const MfFileWhole *whole, const char *path, MfError *err);

/* ------------------------------------------------------------------- a new one */

/*
 * A file in the making.  It has no name until it is complete (O_TMPFILE), so
 * that whatever ends us leaves nothing behind; where the file system cannot do
 * that, it has a hidden name beside the final one (see stale.h).
 */
typedef struct MfNewFile
{
	int			fd;				/* -1: none */
	char		path[MF_FILE_NAME_MAX]; /* the final name */
	char		temporary[MF_FILE_NAME_MAX];	/* or empty */
} MfNewFile;

/* DUPLICATE_TABLE if there is something under the name already. */
extern MfStatus mf_new_file_open(MfNewFile *file, const char *path, MfError *err);

/* One more file without a name, beside it, for what does not fit into memory; -1 = errno. */
extern int	mf_new_file_scratch(const MfNewFile *file);

/* Give it its name; the one that lies there by now is not replaced. */
extern MfStatus mf_new_file_commit(MfNewFile *file, MfError *err);

/* Give up what was not committed; legal at any moment. */
extern void mf_new_file_abandon(MfNewFile *file);

/* All bytes to the end of a file (at = -1) or to a place. */
extern MfStatus mf_file_write(int fd, const char *path, const void *buf, size_t len, int64_t at, MfError *err);

/* "cannot open file ...": of errno, with the SQLSTATE that fits. */
extern MfStatus mf_file_error(MfError *err, const char *what, const char *path, int code);

/* Milliseconds of a clock that only goes forward. */
extern int64_t mf_file_clock(void);

#endif							/* MF_FILE_H */
