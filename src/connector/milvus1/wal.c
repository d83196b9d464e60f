/*
 * wal.c - Which changes does the write-ahead log hold that no segment has yet?
 *
 * The answer that Milvus 0.7 - 1.1 itself would find when it starts; after its
 * core/src/db/wal (WalManager::Init and GetNextRecovery, WalBuffer,
 * WalMetaHandler) and insert/MemManagerImpl.cpp, MemTable.cpp:
 *
 *  - mxlog.meta is three numbers of 8 bytes: the end of the log before its last
 *    change, and twice the end after it.  Where the two differ the last change
 *    was not written whole, and the first number holds.
 *  - N.wal is records without gaps, from its beginning: a header of 21 bytes
 *    (number 8, type 1, length of the collection's name 2, of the partition's
 *    tag 2, rows 4, bytes of vectors 4), name, tag, 8 bytes for each id, vectors.
 *    A record's number is N * 2^32 + the offset of what follows it.
 *  - What lies beyond the log's end was never acknowledged, and is not applied.
 *  - A record is in the segments if its number is at most global_lsn, which a
 *    flush of all collections sets (to 0 where nothing was left to flush, before
 *    0.10.1), or at most the flush_lsn of its partition.  A delete without a tag
 *    counts as one of the collection's own rows.
 *  - Files whose changes are all in segments are removed, the oldest first; a
 *    server that starts with nothing to recover removes them all.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "internal.h"

#define HEADER 21
#define MOST_NAMES 1024			/* names and tags have 255 bytes at most each */
#define RECORDS_AT_ONCE 1000
#define END_UNKNOWN UINT64_MAX

enum
{
	RECORD_INSERT_BINARY = 0,
	RECORD_INSERT_VECTOR = 1,
	RECORD_DELETE = 2,
	RECORD_ENTITY = 6
};

struct M1Wal
{
	MfMem	   *mem;
	const M1Collection *collection;
	int64_t		global_lsn;		/* -1: the metadata does not tell what was flushed */
	int			directory;
	uint32_t   *files;			/* their numbers, in order */
	int			nfiles;
	int			file;			/* the one that is read */
	int			fd;
	uint64_t	at;				/* number of the next record's beginning */
	uint64_t	end;

	int64_t		inserted;
	int64_t		deleted;
	uint64_t	first;			/* where the first change is that counts */
};

/* ------------------------------------------------------------------- beginning */

static int
compare_numbers(const void *a, const void *b)
{
	uint32_t	x = *(const uint32_t *) a;
	uint32_t	y = *(const uint32_t *) b;

	return x < y ? -1 : x > y;
}

/* "123.wal" */
static bool
is_log(const char *name, uint32_t *number)
{
	char	   *end;
	unsigned long long value;

	if (name[0] < '0' || name[0] > '9')
		return false;
	errno = 0;
	value = strtoull(name, &end, 10);
	*number = (uint32_t) value;
	return errno == 0 && value <= UINT32_MAX && strcmp(end, ".wal") == 0;
}

static MfStatus
list_files(M1Wal *wal, MfError *err)
{
	int			fd = dup(wal->directory);
	DIR		   *dir = fd >= 0 ? fdopendir(fd) : NULL;
	struct dirent *entry;
	int			cap = 0;
	MfStatus	status = MF_OK;

	if (dir == NULL && fd >= 0)
		close(fd);
	while (dir != NULL && status == MF_OK && (entry = readdir(dir)) != NULL)
	{
		uint32_t	number;

		if (!is_log(entry->d_name, &number))
			continue;
		if (wal->nfiles == cap)
		{
			uint32_t   *bigger = mf_realloc(wal->mem, wal->files, sizeof(uint32_t) * (size_t) (cap + 64));

			if (bigger == NULL)
				status = mf_error_oom(err, sizeof(uint32_t) * (size_t) cap);
			else
				wal->files = bigger;
			cap += 64;
		}
		if (status == MF_OK)
			wal->files[wal->nfiles++] = number;
	}
	if (dir != NULL)
		closedir(dir);
	if (wal->nfiles > 0)
		qsort(wal->files, (size_t) wal->nfiles, sizeof(uint32_t), compare_numbers);
	return status;
}

/* Where acknowledged changes end, as mxlog.meta has it. */
static uint64_t
read_end(const M1Wal *wal)
{
	uint64_t	numbers[3];
	int			fd = openat(wal->directory, "mxlog.meta", O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	ssize_t		got = fd >= 0 ? pread(fd, numbers, sizeof(numbers), 0) : -1;

	if (fd >= 0)
		close(fd);
	if (got != (ssize_t) sizeof(numbers))
		return END_UNKNOWN;
	return numbers[1] == numbers[2] ? numbers[2] : numbers[0];
}

/* What is flushed whatever the partition. */
static uint64_t
flushed_at_least(const M1Wal *wal)
{
	const M1Collection *c = wal->collection;
	uint64_t	least = UINT64_MAX;

	for (int i = 0; i < c->npartitions; i++)
	{
		if ((uint64_t) c->partitions[i].flush_lsn < least)
			least = (uint64_t) c->partitions[i].flush_lsn;
	}
	return wal->global_lsn > 0 && (uint64_t) wal->global_lsn > least ? (uint64_t) wal->global_lsn : least;
}

MfStatus
m1_wal_begin(MfMem *mem, int directory, const M1Meta *meta, const M1Collection *collection, M1Wal **out, MfError *err)
{
	M1Wal	   *wal = mf_calloc(mem, sizeof(M1Wal));
	MfStatus	status;

	*out = NULL;
	if (wal == NULL)
	{
		close(directory);
		return mf_error_oom(err, sizeof(M1Wal));
	}
	wal->mem = mem;
	wal->collection = collection;
	wal->global_lsn = meta->global_lsn;
	wal->directory = directory;
	wal->fd = -1;
	status = list_files(wal, err);
	if (status != MF_OK)
	{
		m1_wal_end(wal);
		return status;
	}
	wal->end = read_end(wal);
	wal->at = flushed_at_least(wal);
	while (wal->file < wal->nfiles && wal->files[wal->file] < wal->at >> 32)
		wal->file++;
	if (wal->file < wal->nfiles && wal->files[wal->file] > wal->at >> 32)
		wal->at = (uint64_t) wal->files[wal->file] << 32;
	*out = wal;
	return MF_OK;
}

void
m1_wal_end(M1Wal *wal)
{
	if (wal == NULL)
		return;
	if (wal->fd >= 0)
		close(wal->fd);
	close(wal->directory);
	mf_free(wal->mem, wal->files);
	mf_free(wal->mem, wal);
}

/* --------------------------------------------------------------------- records */

typedef struct Record
{
	uint64_t	lsn;
	uint8_t		type;
	uint16_t	name_len;
	uint16_t	tag_len;
	uint32_t	rows;
	uint32_t	data;
	char		text[MOST_NAMES];	/* name and tag */
} Record;

static MfStatus
unreadable(const M1Wal *wal, uint64_t at, const char *why, MfError *err)
{
	mf_error(err, MF_FDW_ERROR, "the write-ahead log of collection \"%s\" cannot be read", wal->collection->name);
	mf_error_detail(err, "File \"wal/%lu.wal\", offset %lu: %s.", (unsigned long) (at >> 32), (unsigned long) (at & UINT32_MAX), why);
	mf_error_hint(err, "Changes in it may be missing in the segments. Set option allow_unflushed 'true' to read those.");
	return MF_ERROR;
}

/* MF_END: there is no whole record at this place. */
static MfStatus
read_record(M1Wal *wal, Record *record, MfError *err)
{
	char		buf[HEADER + MOST_NAMES];
	ssize_t		got = pread(wal->fd, buf, sizeof(buf), (off_t) (wal->at & UINT32_MAX));
	uint64_t	size;

	if (got < 0)
		return unreadable(wal, wal->at, strerror(errno), err);
	if (got < HEADER)
		return MF_END;
	memcpy(&record->lsn, buf, 8);
	memcpy(&record->type, buf + 8, 1);
	memcpy(&record->name_len, buf + 9, 2);
	memcpy(&record->tag_len, buf + 11, 2);
	memcpy(&record->rows, buf + 13, 4);
	memcpy(&record->data, buf + 17, 4);
	size = HEADER + (uint64_t) record->name_len + record->tag_len + 8 * (uint64_t) record->rows + record->data;
	/* an entity, which no client of 1.x can make, has more after that */
	if (record->type > RECORD_ENTITY || record->name_len + record->tag_len > MOST_NAMES ||
		record->lsn >> 32 != wal->at >> 32 ||
		(record->type == RECORD_ENTITY ? record->lsn < wal->at + size : record->lsn != wal->at + size))
		return MF_END;
	if (got < HEADER + record->name_len + record->tag_len)
		return MF_END;
	memcpy(record->text, buf + HEADER, (size_t) record->name_len + record->tag_len);
	return MF_OK;
}

/* The tag without blanks at its ends, as Milvus compares it. */
static bool
is_tag(const char *tag, const char *text, size_t len)
{
	while (len > 0 && (text[0] == ' ' || text[0] == '\t'))
	{
		text++;
		len--;
	}
	while (len > 0 && (text[len - 1] == ' ' || text[len - 1] == '\t'))
		len--;
	return strlen(tag) == len && memcmp(tag, text, len) == 0;
}

/* Is it a change of our collection that its segments do not have? */
static bool
counts(const M1Wal *wal, const Record *record)
{
	const M1Collection *c = wal->collection;

	if (record->type != RECORD_INSERT_BINARY && record->type != RECORD_INSERT_VECTOR &&
		record->type != RECORD_DELETE && record->type != RECORD_ENTITY)
		return false;
	if (wal->global_lsn < 0)
		return true;			/* nobody knows */
	if (record->lsn <= (uint64_t) wal->global_lsn || strlen(c->name) != record->name_len ||
		memcmp(c->name, record->text, record->name_len) != 0)
		return false;
	for (int i = 0; i < c->npartitions; i++)
	{
		if (is_tag(c->partitions[i].tag, record->text + record->name_len, record->tag_len) ||
			(i == 0 && is_tag("", record->text + record->name_len, record->tag_len)))
			return record->lsn > (uint64_t) c->partitions[i].flush_lsn;
	}
	return false;				/* of a partition that was dropped */
}

static void
count_record(M1Wal *wal, const Record *record)
{
	if (!counts(wal, record))
		return;
	if (wal->inserted + wal->deleted == 0)
		wal->first = wal->at;
	if (record->type == RECORD_DELETE)
		wal->deleted += record->rows;
	else
		wal->inserted += record->rows;
}

/* ----------------------------------------------------------------------- files */

static MfStatus
open_file(M1Wal *wal, MfError *err)
{
	char		name[24];

	snprintf(name, sizeof(name), "%lu.wal", (unsigned long) wal->files[wal->file]);
	wal->fd = openat(wal->directory, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	return wal->fd >= 0 ? MF_OK : unreadable(wal, wal->at, strerror(errno), err);
}

/* The file has no more records: the next one, or the end, which must be the log's. */
static MfStatus
next_file(M1Wal *wal, MfError *err)
{
	struct stat info;
	bool		whole = wal->fd >= 0 && fstat(wal->fd, &info) == 0 && info.st_size <= (off_t) (wal->at & UINT32_MAX);
	bool		last = wal->file + 1 >= wal->nfiles;

	close(wal->fd);
	wal->fd = -1;
	/* without mxlog.meta the last record is the end */
	if (last && whole && wal->end == END_UNKNOWN)
		return MF_OK;
	if (last || !whole)
		return unreadable(wal, wal->at, whole ? "the log goes on beyond it" : "there is no record", err);
	wal->file++;
	if (wal->files[wal->file] != (wal->at >> 32) + 1)
		return unreadable(wal, ((wal->at >> 32) + 1) << 32, "the file is missing", err);
	wal->at = (uint64_t) wal->files[wal->file] << 32;
	return MF_WAIT;
}

/* MF_WAIT: there is more. */
static MfStatus
step(M1Wal *wal, MfError *err)
{
	Record		record;
	MfStatus	status;

	if (wal->file >= wal->nfiles || wal->at >= wal->end)
		return MF_OK;
	if (wal->fd < 0 && open_file(wal, err) != MF_OK)
		return MF_ERROR;
	status = read_record(wal, &record, err);
	if (status == MF_END)
		return next_file(wal, err);
	if (status != MF_OK)
		return status;
	if (record.lsn > wal->end)
		return MF_OK;			/* never acknowledged */
	count_record(wal, &record);
	wal->at = record.lsn;
	return MF_WAIT;
}

MfStatus
m1_wal_step(M1Wal *wal, MfError *err)
{
	MfStatus	status = MF_WAIT;

	for (int i = 0; i < RECORDS_AT_ONCE && status == MF_WAIT; i++)
		status = step(wal, err);
	return status;
}

bool
m1_wal_is_flushed(const M1Wal *wal, char *detail, size_t size)
{
	if (wal->inserted + wal->deleted == 0)
		return true;
	snprintf(detail, size, "Its write-ahead log holds changes that were not flushed: %lld rows inserted and %lld ids deleted, "
			 "from file \"wal/%lu.wal\", offset %lu, on.", (long long) wal->inserted, (long long) wal->deleted,
			 (unsigned long) (wal->first >> 32), (unsigned long) (wal->first & UINT32_MAX));
	return false;
}
