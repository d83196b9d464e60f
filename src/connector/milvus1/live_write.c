/*
 * live_write.c - How do rows reach a Milvus 1.x server, and how do they go?
 *
 * A batch becomes one Insert for each partition that its rows name, or one
 * DeleteByID.  Several requests are under way.  An Insert is sent again only if
 * it provably never left, because the server stores an id as often as it comes.
 */
#include <stdlib.h>

#include "live.h"

#define MOST_BODY ((size_t) 200 * 1000 * 1000)	/* the server's limit is 256 MB */

static const MfMethod insert = M1_METHOD(Insert, vector_ids, false);
static const MfMethod delete_by_id = M1_METHOD(DeleteByID, status, true);
static const MfMethod has_partition = M1_METHOD(HasPartition, bool_reply, true);
static const MfMethod create_partition = M1_METHOD(CreatePartition, status, false);

/* The rows of one batch that go to one partition. */
typedef struct Piece
{
	struct Piece *next;
	MfBatch    *batch;
	int32_t    *rows;			/* which of the batch's */
	int32_t		nrows;
	const char *tag;			/* points into the batch, or an option; "" = the default one */
	size_t		tag_len;
	MfGrpcCall *call;			/* NULL = to be sent */
} Piece;

typedef struct Tag
{
	struct Tag *next;
	char		name[];
} Tag;

struct MfWrite
{
	MfConn	   *conn;
	MfMem	   *mem;
	const MfWriteSpec *spec;
	const char *collection;
	const char *partition;		/* option */
	bool		create_partitions;
	int			id;				/* batch columns, or -1 */
	int			vector;
	int			tag;
	Tag		   *known;			/* partitions that exist */
	MfCall		ask;			/* about one that is not known */
	bool		creating;
	Piece	   *pieces;
	int			in_flight;
	bool		freed;
	bool		failed;
	MfWriteCounts counts;
	MfBatch    *ids;			/* one column: the ids of the last Insert */
};

/* ------------------------------------------------------------------ begin, end */

static MfStatus
bind(MfWrite *write, MfError *err)
{
	const MfWriteSpec *spec = write->spec;

	write->id = write->vector = write->tag = -1;
	for (int i = 0; i < spec->ncolumns; i++)
	{
		const char *name = spec->columns[i].field->name;

		if (strcmp(name, M1_FIELD_ID) == 0)
			write->id = i;
		else if (strcmp(name, M1_FIELD_VECTOR) == 0)
			write->vector = i;
		else if (strcmp(name, M1_FIELD_PARTITION) == 0)
			write->tag = i;
		else
		{
			mf_error(err, MF_FEATURE_NOT_SUPPORTED, "column \"%s\" cannot be written", spec->columns[i].column);
			mf_error_detail(err, "Where a row is stored is for the server to say.");
			mf_error_hint(err, "Write to a foreign table without it.");
			return MF_ERROR;
		}
	}
	if (spec->op == MF_WRITE_DELETE ? write->id < 0 : write->vector < 0)
		return mf_error(err, MF_NOT_NULL_VIOLATION, "field \"%s\" of collection \"%s\" is not written",
						spec->op == MF_WRITE_DELETE ? M1_FIELD_ID : M1_FIELD_VECTOR, write->collection);
	if (write->tag >= 0 && write->partition != NULL)
		return mf_error(err, MF_INVALID_PARAMETER_VALUE, "the partition is named by option \"partition\" and by column \"%s\"",
						spec->columns[write->tag].column);
	return MF_OK;
}

MfStatus
m1_write_begin(MfConn *conn, const MfWriteSpec *spec, MfWrite **out, MfError *err)
{
	MfWrite    *write;
	MfStatus	status;

	*out = NULL;
	if (conn->live == NULL)
		return mf_error(err, MF_FEATURE_NOT_SUPPORTED, "a data directory of Milvus 1.x cannot be written");
	if (spec->op != MF_WRITE_INSERT && spec->op != MF_WRITE_DELETE)
		return mf_error(err, MF_FEATURE_NOT_SUPPORTED, "rows of Milvus 1.x cannot be replaced");
	write = mf_calloc(spec->mem, sizeof(MfWrite));
	if (write == NULL)
		return mf_error_oom(err, sizeof(MfWrite));
	write->conn = conn;
	write->mem = spec->mem;
	write->spec = spec;
	write->collection = spec->collection->name;
	write->partition = mf_option(spec->options, "partition");
	write->create_partitions = m1_setting_bool(conn, spec->options, "create_partitions");
	status = bind(write, err);
	if (status == MF_OK)
	{
		write->ids = mf_batch_new(spec->mem, 1);
		if (write->ids == NULL || !mf_column_init(write->ids, 0, MF_KIND_I64, MF_KIND_NONE, 0, 0))
			status = mf_error_oom(err, sizeof(MfBatch));
	}
	if (status != MF_OK)
		m1_write_end(write);
	else
		*out = write;
	return status;
}

static void
free_piece(MfWrite *write, Piece *piece)
{
	if (piece->call != NULL)
		mf_grpc_end(piece->call);
	mf_free(write->mem, piece->rows);
	mf_free(write->mem, piece);
}

void
m1_write_end(MfWrite *write)
{
	if (write == NULL)
		return;
	m1_call_end(write->conn, &write->ask);
	while (write->pieces != NULL)
	{
		Piece	   *piece = write->pieces;

		write->pieces = piece->next;
		piece->batch->busy = false;
		free_piece(write, piece);
	}
	while (write->known != NULL)
	{
		Tag		   *tag = write->known;

		write->known = tag->next;
		mf_free(write->mem, tag);
	}
	mf_batch_free(write->ids);
	mf_free(write->mem, write);
}

/* ------------------------------------------------------------------- encoding */

static uint8_t *
put_varint(uint8_t *to, uint64_t value)
{
	while (value >= 0x80)
	{
		*to++ = (uint8_t) (value | 0x80);
		value >>= 7;
	}
	*to++ = (uint8_t) value;
	return to;
}

static size_t
varint_size(uint64_t value)
{
	size_t		n = 1;

	while (value >= 0x80)
	{
		value >>= 7;
		n++;
	}
	return n;
}

/* Tag and length of a field of bytes. */
static uint8_t *
put_field(uint8_t *to, int number, size_t len)
{
	*to++ = (uint8_t) (number << 3 | 2);
	return put_varint(to, len);
}

static size_t
field_size(size_t len)
{
	return 1 + varint_size(len) + len;
}

static int64_t
id_at(const MfWrite *write, const Piece *piece, int32_t i)
{
	int64_t		id;

	memcpy(&id, mf_fixed_at(&piece->batch->columns[write->id], piece->rows[i]), sizeof(id));
	return id;
}

static bool
has_id(const MfWrite *write, const Piece *piece, int32_t i)
{
	return write->id >= 0 && mf_column_state(&piece->batch->columns[write->id], piece->rows[i]) == MF_VALUE_PRESENT;
}

static void
note_row(const MfWrite *write, const Piece *piece, int32_t i, int column, MfError *err)
{
	err->row = piece->batch->first_row + piece->rows[i];
	if (has_id(write, piece, i))
		snprintf(err->key, sizeof(err->key), "%lld", (long long) id_at(write, piece, i));
	if (column >= 0)
		snprintf(err->column, sizeof(err->column), "%s", write->spec->columns[column].field->name);
}

/* Ids are given for all rows or for none; *given. */
static MfStatus
check_ids(const MfWrite *write, const Piece *piece, bool *given, MfError *err)
{
	*given = has_id(write, piece, 0);
	for (int32_t i = 1; i < piece->nrows; i++)
	{
		if (has_id(write, piece, i) != *given)
		{
			mf_error(err, MF_NOT_NULL_VIOLATION, "some rows have an id and others have none");
			mf_error_hint(err, "Milvus 1.x takes ids for all rows of a collection or makes all of them.");
			note_row(write, piece, i, write->id, err);
			return MF_ERROR;
		}
	}
	for (int32_t i = 0; *given && i < piece->nrows; i++)
	{
		if (id_at(write, piece, i) < 0)
		{
			mf_error(err, MF_NUMERIC_OUT_OF_RANGE, "ids of Milvus 1.x are not negative");
			note_row(write, piece, i, write->id, err);
			return MF_ERROR;
		}
	}
	return MF_OK;
}

static size_t
ids_size(const MfWrite *write, const Piece *piece)
{
	size_t		size = 0;

	for (int32_t i = 0; i < piece->nrows; i++)
		size += varint_size((uint64_t) id_at(write, piece, i));
	return size;
}

static uint8_t *
put_ids(const MfWrite *write, const Piece *piece, int number, size_t size, uint8_t *to)
{
	to = put_field(to, number, size);
	for (int32_t i = 0; i < piece->nrows; i++)
		to = put_varint(to, (uint64_t) id_at(write, piece, i));
	return to;
}

static uint8_t *
put_text(uint8_t *to, int number, const char *text, size_t len)
{
	if (len == 0)
		return to;
	to = put_field(to, number, len);
	memcpy(to, text, len);
	return to + len;
}

/* InsertParam: a RowRecord for each vector, of floats (field 1) or bytes (2). */
static MfStatus
encode_insert(const MfWrite *write, const Piece *piece, uint8_t **body, size_t *len, MfError *err)
{
	const MfColumn *vectors = &piece->batch->columns[write->vector];
	int			inner = vectors->kind == MF_KIND_VEC_BIT ? 2 : 1;
	size_t		record = field_size(vectors->width);
	size_t		name_len = strlen(write->collection);
	size_t		ids = 0;
	size_t		size;
	uint8_t    *to;
	bool		given;

	if (check_ids(write, piece, &given, err) != MF_OK)
		return MF_ERROR;
	if (given)
		ids = ids_size(write, piece);
	size = field_size(name_len) + (size_t) piece->nrows * field_size(record) + (given ? field_size(ids) : 0) +
		field_size(piece->tag_len) + 32;
	if (size > MOST_BODY)
	{
		mf_error(err, MF_PROGRAM_LIMIT, "%lld rows are too large for one request to Milvus 1.x", (long long) piece->nrows);
		mf_error_hint(err, "Lower batch_size or batch_bytes.");
		return MF_ERROR;
	}
	*body = to = malloc(size);
	if (to == NULL)
		return mf_error_oom(err, size);
	to = put_text(to, 1, write->collection, name_len);
	for (int32_t i = 0; i < piece->nrows; i++)
	{
		to = put_field(to, 2, record);
		to = put_field(to, inner, vectors->width);
		memcpy(to, mf_fixed_at(vectors, piece->rows[i]), vectors->width);
		to += vectors->width;
	}
	if (given)
		to = put_ids(write, piece, 3, ids, to);
	to = put_text(to, 4, piece->tag, piece->tag_len);
	*len = (size_t) (to - *body);
	return MF_OK;
}

static MfStatus
encode_delete(const MfWrite *write, const Piece *piece, uint8_t **body, size_t *len, MfError *err)
{
	size_t		name_len = strlen(write->collection);
	size_t		ids = ids_size(write, piece);
	size_t		size = field_size(name_len) + field_size(ids) + 16;
	uint8_t    *to = malloc(size);

	*body = to;
	if (to == NULL)
		return mf_error_oom(err, size);
	to = put_text(to, 1, write->collection, name_len);
	to = put_ids(write, piece, 2, ids, to);
	*len = (size_t) (to - *body);
	return MF_OK;
}

/* -------------------------------------------------------------------- settling */

static bool
batch_is_done(const MfWrite *write, const MfBatch *batch)
{
	for (const Piece *p = write->pieces; p != NULL; p = p->next)
	{
		if (p->batch == batch)
			return false;
	}
	return true;
}

static void
settle(MfWrite *write, Piece *piece)
{
	Piece	  **at = &write->pieces;
	MfBatch    *batch = piece->batch;

	while (*at != piece)
		at = &(*at)->next;
	*at = piece->next;
	write->in_flight -= piece->call != NULL;
	free_piece(write, piece);
	if (batch_is_done(write, batch))
	{
		batch->busy = false;
		write->freed = true;
	}
}

static void
note_unknown(const MfWrite *write, const Piece *piece, MfWriteCounts *counts)
{
	if (has_id(write, piece, 0))
	{
		if (counts->unknown == 0)
			snprintf(counts->unknown_first, sizeof(counts->unknown_first), "%lld", (long long) id_at(write, piece, 0));
		snprintf(counts->unknown_last, sizeof(counts->unknown_last), "%lld", (long long) id_at(write, piece, piece->nrows - 1));
	}
	counts->unknown += piece->nrows;
}

/* The answer's status; ids that the server made are kept for RETURNING. */
static MfStatus
take_answer(MfWrite *write, Piece *piece, MfError *err)
{
	size_t		len;
	const uint8_t *bytes = mf_grpc_reply(piece->call, &len);
	bool		inserted = write->spec->op == MF_WRITE_INSERT;
	ProtobufCMessage *reply = protobuf_c_message_unpack(inserted ? insert.reply : delete_by_id.reply,
														&write->conn->live->alloc, len, bytes);
	const M1__VectorIds *ids = (M1__VectorIds *) reply;
	const M1__Status *status;
	MfStatus	result = MF_OK;

	if (reply == NULL)
	{
		mf_error(err, MF_FDW_REPLY_HANDLE, "the answer to %s cannot be used", insert.what);
		err->retry = MF_RETRY_UNKNOWN;
		return MF_ERROR;
	}
	status = inserted ? ids->status : (M1__Status *) reply;
	if (status != NULL && status->error_code != 0)
	{
		result = mf_error(err, MF_FDW_ERROR, "%s was refused", inserted ? insert.what : delete_by_id.what);
		mf_error_detail(err, "%s (code %d).", status->reason, status->error_code);
		err->remote_code = status->error_code;
	}
	mf_batch_reset(write->ids);
	for (size_t i = 0; result == MF_OK && inserted && !has_id(write, piece, 0) && i < ids->n_vector_id_array; i++)
	{
		if (!mf_append_fixed(write->mem, &write->ids->columns[0], &ids->vector_id_array[i]))
			result = mf_error_oom(err, sizeof(int64_t));
		write->ids->nrows++;
	}
	protobuf_c_message_free_unpacked(reply, &write->conn->live->alloc);
	return result;
}

static MfStatus
answered(MfWrite *write, Piece *piece, MfStatus status, MfError *err)
{
	if (status == MF_OK)
		status = take_answer(write, piece, err);
	if (status == MF_OK)
	{
		write->counts.acknowledged += piece->nrows;
		m1_dirty_put(write->conn, write->collection);
		settle(write, piece);
		return MF_OK;
	}
	if (err->retry == MF_RETRY_YES)
	{
		write->counts.retries++;
		return MF_ERROR;
	}
	write->failed = true;
	if (err->retry == MF_RETRY_UNKNOWN)
		note_unknown(write, piece, &write->counts);
	else
		write->counts.rejected += piece->nrows;
	settle(write, piece);
	return MF_ERROR;
}

/* ------------------------------------------------------------------ partitions */

static bool
is_known(const MfWrite *write, const Piece *piece)
{
	if (piece->tag_len == 0 || (piece->tag_len == 8 && memcmp(piece->tag, "_default", 8) == 0))
		return true;
	for (const Tag *tag = write->known; tag != NULL; tag = tag->next)
	{
		if (strlen(tag->name) == piece->tag_len && memcmp(tag->name, piece->tag, piece->tag_len) == 0)
			return true;
	}
	return false;
}

static MfStatus
know(MfWrite *write, const Piece *piece, MfError *err)
{
	Tag		   *tag = mf_calloc(write->mem, sizeof(Tag) + piece->tag_len + 1);

	if (tag == NULL)
		return mf_error_oom(err, piece->tag_len);
	memcpy(tag->name, piece->tag, piece->tag_len);
	tag->next = write->known;
	write->known = tag;
	return MF_OK;
}

/* MF_OK once the partition exists. */
static MfStatus
need_partition(MfWrite *write, const Piece *piece, MfWaitFor *wait, MfError *err)
{
	M1__PartitionParam request = M1__PARTITION_PARAM__INIT;
	char	   *tag = mf_strndup(write->mem, piece->tag, piece->tag_len);
	MfStatus	status;

	if (tag == NULL)
		return mf_error_oom(err, piece->tag_len);
	request.collection_name = (char *) write->collection;
	request.tag = tag;
	status = m1_call(write->conn, &write->ask, write->creating ? &create_partition : &has_partition, &request.base,
					 write->collection, wait, err);
	if (status == MF_OK)
	{
		bool		there = write->creating || ((M1__BoolReply *) write->ask.reply)->bool_reply;

		m1_call_end(write->conn, &write->ask);
		write->creating = false;
		if (there)
			status = know(write, piece, err);
		else if (write->create_partitions)
		{
			write->creating = true;
			status = MF_WAIT;
			wait->timeout_ms = 0;
		}
		else
		{
			write->failed = true;
			status = mf_error(err, MF_FDW_TABLE_NOT_FOUND, "collection \"%s\" has no partition \"%s\"", write->collection, tag);
			mf_error_hint(err, "Set option create_partitions 'true' of the foreign table to have it made.");
			note_row(write, piece, 0, write->tag, err);
		}
	}
	mf_free(write->mem, tag);
	return status;
}

/* ---------------------------------------------------------------------- sending */

static MfStatus
send_piece(MfWrite *write, Piece *piece, MfWaitFor *wait, MfError *err)
{
	bool		inserting = write->spec->op == MF_WRITE_INSERT;
	const MfMethod *method = inserting ? &insert : &delete_by_id;
	uint8_t    *body = NULL;
	size_t		len = 0;
	MfStatus	status = MF_OK;

	if (!is_known(write, piece))
		status = need_partition(write, piece, wait, err);
	if (status != MF_OK)
		return status;
	status = inserting ? encode_insert(write, piece, &body, &len, err) : encode_delete(write, piece, &body, &len, err);
	if (status == MF_OK)
		status = mf_grpc_begin(write->conn->live->grpc, method->path, body, len, 0, method->idempotent, &piece->call, err);
	if (status != MF_OK)
	{
		write->failed = write->failed || err->retry != MF_RETRY_YES;
		return status;
	}
	write->in_flight++;
	write->counts.requests++;
	write->counts.bytes += (int64_t) len;
	return MF_OK;
}

static MfStatus
advance(MfWrite *write, MfWaitFor *wait, MfError *err)
{
	Piece	   *next;

	*wait = (MfWaitFor) {.fd = -1,.timeout_ms = -1,.what = "Milvus 1.x Insert"};
	for (Piece *piece = write->pieces; piece != NULL && !write->failed; piece = piece->next)
	{
		MfStatus	status;

		if (piece->call != NULL || write->in_flight >= write->spec->max_in_flight)
			continue;
		status = send_piece(write, piece, wait, err);
		if (status == MF_WAIT)
			break;
		if (status != MF_OK)
			return status;
	}
	for (Piece *piece = write->pieces; piece != NULL; piece = next)
	{
		MfWaitFor	mine = {.fd = -1,.timeout_ms = -1};
		MfStatus	status;

		next = piece->next;
		if (piece->call == NULL)
			continue;
		status = mf_grpc_step(piece->call, &mine, err);
		if (status == MF_WAIT)
			mf_wait_merge(wait, &mine);
		else if (answered(write, piece, status, err) != MF_OK)
			return MF_ERROR;
		else
			wait->timeout_ms = 0;
	}
	return MF_OK;
}

/* The piece for the partition of a row, made if need be; NULL = no memory. */
static Piece *
piece_for(MfWrite *write, MfBatch *batch, int32_t row, Piece **first)
{
	const MfColumn *column = write->tag >= 0 ? &batch->columns[write->tag] : NULL;
	const char *tag = write->partition != NULL ? write->partition : "";
	size_t		len = strlen(tag);
	Piece	  **at;

	if (column != NULL && mf_column_state(column, row) == MF_VALUE_PRESENT)
		tag = mf_varying_at(column, row, &len);
	for (at = first; *at != NULL; at = &(*at)->next)
	{
		if ((*at)->tag_len == len && memcmp((*at)->tag, tag, len) == 0)
			return *at;
	}
	*at = mf_calloc(write->mem, sizeof(Piece));
	if (*at == NULL)
		return NULL;
	(*at)->rows = mf_alloc(write->mem, sizeof(int32_t) * (size_t) batch->nrows);
	(*at)->batch = batch;
	(*at)->tag = tag;
	(*at)->tag_len = len;
	return (*at)->rows != NULL ? *at : NULL;
}

static MfStatus
take_batch(MfWrite *write, MfBatch *batch, MfError *err)
{
	Piece	   *first = NULL;
	Piece	  **end;

	for (int32_t row = 0; row < batch->nrows; row++)
	{
		Piece	   *piece = piece_for(write, batch, row, &first);

		if (piece == NULL)
		{
			while (first != NULL)
			{
				Piece	   *next = first->next;

				free_piece(write, first);
				first = next;
			}
			return mf_error_oom(err, sizeof(Piece));
		}
		piece->rows[piece->nrows++] = row;
	}
	for (end = &write->pieces; *end != NULL; end = &(*end)->next)
		;
	*end = first;
	batch->busy = true;
	return MF_OK;
}

static int
batches_held(const MfWrite *write)
{
	const MfBatch *last = NULL;
	int			n = 0;

	for (const Piece *p = write->pieces; p != NULL; p = p->next)
	{
		n += p->batch != last;
		last = p->batch;
	}
	return n;
}

MfStatus
m1_write_submit(MfWrite *write, MfBatch *batch, MfWaitFor *wait, MfError *err)
{
	MfStatus	status;

	if (write->failed)
		return mf_error(err, MF_OBJECT_NOT_IN_STATE, "writing has failed before");
	status = advance(write, wait, err);
	/* busy: taken before an error that was to be retried */
	if (status != MF_OK || batch->nrows == 0 || batch->busy)
		return status;
	if (batches_held(write) >= write->spec->max_in_flight)
		return MF_WAIT;
	status = take_batch(write, batch, err);
	return status == MF_OK ? advance(write, wait, err) : status;
}

MfStatus
m1_write_poll(MfWrite *write, MfWaitFor *wait, MfError *err)
{
	MfStatus	status = advance(write, wait, err);

	if (status != MF_OK)
		return status;
	if (!write->freed && write->pieces != NULL)
		return MF_WAIT;
	write->freed = false;
	return MF_OK;
}

/* Nothing more is sent after a failure. */
static void
drop_unsent(MfWrite *write)
{
	Piece	   *next;

	for (Piece *piece = write->pieces; piece != NULL; piece = next)
	{
		next = piece->next;
		if (piece->call == NULL)
		{
			write->counts.unsent += piece->nrows;
			settle(write, piece);
		}
	}
}

MfStatus
m1_write_flush(MfWrite *write, MfWaitFor *wait, MfError *err)
{
	MfStatus	status;

	if (write->failed)
		drop_unsent(write);
	status = advance(write, wait, err);
	if (status == MF_OK && write->pieces != NULL)
		return MF_WAIT;
	return status;
}

void
m1_write_stop(MfWrite *write)
{
	write->failed = true;
}

void
m1_write_counts(MfWrite *write, MfWriteCounts *counts)
{
	*counts = write->counts;
	for (const Piece *piece = write->pieces; piece != NULL; piece = piece->next)
	{
		if (piece->call != NULL)
			note_unknown(write, piece, counts);
		else
			counts->unsent += piece->nrows;
	}
}

const MfColumn *
m1_write_keys(MfWrite *write)
{
	return write->ids->nrows > 0 ? &write->ids->columns[0] : NULL;
}
