/*
 * mf_error.h - How does code that may not throw say what went wrong?
 *
 * Everything outside src/fdw, src/value and src/sqlfn runs without PostgreSQL:
 * it answers an MfStatus and fills an MfError, which only the core turns into
 * an ereport().  Plain C, no PostgreSQL header.
 */
#ifndef MF_ERROR_H
#define MF_ERROR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What every step of every state machine answers. */
typedef enum MfStatus
{
	MF_OK = 0,					/* done; a result is there */
	MF_END,						/* done; nothing more will come */
	MF_WAIT,					/* not yet: see MfWaitFor, then call again */
	MF_ERROR					/* failed: see MfError */
} MfStatus;

/* What MF_WAIT waits for.  Only the core waits. */
typedef struct MfWaitFor
{
	int			fd;				/* descriptor to watch, or -1 for none */
	short		events;			/* POLLIN and/or POLLOUT */
	int			timeout_ms;		/* look again after this at the latest; -1 =
								 * only when fd is ready */
	const char *what;			/* static text: "Milvus Query"; may be NULL */
} MfWaitFor;

/*
 * May the step that failed be called again?  YES means: calling the very same
 * function again resends the failed request and cannot apply anything twice.
 */
typedef enum MfRetry
{
	MF_RETRY_NO = 0,
	MF_RETRY_YES,
	MF_RETRY_UNKNOWN			/* it may have been applied: not retried */
} MfRetry;

typedef struct MfError
{
	char		sqlstate[6];	/* five characters and NUL */
	char		message[512];	/* primary message: lower case, no full stop */
	char		detail[1024];	/* a sentence, or empty */
	char		hint[512];		/* a sentence, or empty */
	char		collection[256];	/* remote collection, or empty */
	char		column[256];	/* remote field, or empty */
	char		key[128];		/* key of the row, or empty */
	int64_t		row;			/* number of the row, from 1; 0 = none */
	int32_t		remote_code;	/* HTTP status, gRPC status, server's code */
	MfRetry		retry;
	int			retry_after_ms; /* the server's wish; 0 = none */
} MfError;

/* SQLSTATEs by the names of PostgreSQL's errcodes.txt */
#define MF_FDW_ERROR					"HV000"
#define MF_FDW_DYNAMIC_PARAMETER_VALUE_NEEDED "HV002"
#define MF_FDW_OPTION_NAME_NOT_FOUND	"HV00J"
#define MF_FDW_OUT_OF_MEMORY			"HV001"
#define MF_FDW_INVALID_DATA_TYPE		"HV004"
#define MF_FDW_COLUMN_NAME_NOT_FOUND	"HV005"
#define MF_FDW_TABLE_NOT_FOUND			"HV00R"
#define MF_FDW_UNABLE_TO_CONNECT		"HV00N"
#define MF_FDW_INVALID_ATTRIBUTE_VALUE	"HV024"
#define MF_FDW_REPLY_HANDLE				"HV00L"	/* unable to create reply: the
												 * remote's answer is unusable */
#define MF_SQL_CONNECTION_FAILURE		"08006"
#define MF_SQL_CLIENT_UNABLE			"08001"	/* sqlclient unable to
												 * establish sqlconnection */
#define MF_PROTOCOL_VIOLATION			"08P01"
#define MF_INVALID_AUTHORIZATION		"28000"
#define MF_INVALID_PASSWORD				"28P01"
#define MF_INSUFFICIENT_PRIVILEGE		"42501"
#define MF_FEATURE_NOT_SUPPORTED		"0A000"
#define MF_INVALID_PARAMETER_VALUE		"22023"
#define MF_DATA_EXCEPTION				"22000"
#define MF_NUMERIC_OUT_OF_RANGE			"22003"
#define MF_STRING_TOO_LONG				"22001"
#define MF_INVALID_JSON					"22032"
#define MF_DATETIME_OUT_OF_RANGE		"22008"
#define MF_CHARACTER_NOT_IN_REPERTOIRE	"22021"
#define MF_ARRAY_SUBSCRIPT				"2202E"
#define MF_DATATYPE_MISMATCH			"42804"
#define MF_NOT_NULL_VIOLATION			"23502"
#define MF_UNIQUE_VIOLATION				"23505"
#define MF_DUPLICATE_TABLE				"42P07"
#define MF_DUPLICATE_DATABASE			"42P04"
#define MF_DUPLICATE_OBJECT				"42710"
#define MF_UNDEFINED_OBJECT				"42704"
#define MF_OBJECT_NOT_IN_STATE			"55000"
#define MF_OBJECT_IN_USE				"55006"
#define MF_INSUFFICIENT_RESOURCES		"53000"
#define MF_DISK_FULL					"53100"
#define MF_LIMIT_EXCEEDED				"53400"	/* configuration limit */
#define MF_PROGRAM_LIMIT				"54000"
#define MF_QUERY_CANCELED				"57014"
#define MF_OPERATOR_INTERVENTION		"57000"
#define MF_IO_ERROR						"58030"
#define MF_INTERNAL						"XX000"

/* Forget everything in *err. */
extern void mf_error_reset(MfError *err);

/*
 * Fill *err with a SQLSTATE and a message and answer MF_ERROR, so that callers
 * write "return mf_error(err, ...)".  Keeps nothing of what *err held before.
 */
extern MfStatus mf_error(MfError *err, const char *sqlstate, const char *fmt,...)
			__attribute__((format(printf, 3, 4)));

/* Add (replace) the detail, or the hint; texts too long are cut at a UTF-8 character. */
extern void mf_error_detail(MfError *err, const char *fmt,...)
			__attribute__((format(printf, 2, 3)));
extern void mf_error_hint(MfError *err, const char *fmt,...)
			__attribute__((format(printf, 2, 3)));

/* "out of memory" under the budget of an MfMem (FDW_OUT_OF_MEMORY). */
extern MfStatus mf_error_oom(MfError *err, size_t wanted);

#endif							/* MF_ERROR_H */
