/*
 * live_partition.c - Does the partition exist that rows of a Milvus 1.x server go to?
 *
 * Asked once for each; made where the table's option says so.
 */
#include "live_write.h"

static const MfMethod has_partition = M1_METHOD(HasPartition, bool_reply, true);
static const MfMethod create_partition = M1_METHOD(CreatePartition, status, false);

bool
m1_partition_known(const MfWrite *write, const M1Piece *piece)
{
	if (piece->tag_len == 0 || (piece->tag_len == 8 && memcmp(piece->tag, "_default", 8) == 0))
		return true;
	for (const M1Tag *tag = write->known; tag != NULL; tag = tag->next)
	{
		if (strlen(tag->name) == piece->tag_len && memcmp(tag->name, piece->tag, piece->tag_len) == 0)
			return true;
	}
	return false;
}

static MfStatus
know(MfWrite *write, const M1Piece *piece, MfError *err)
{
	M1Tag	   *tag = mf_calloc(write->mem, sizeof(M1Tag) + piece->tag_len + 1);

	if (tag == NULL)
		return mf_error_oom(err, piece->tag_len);
	memcpy(tag->name, piece->tag, piece->tag_len);
	tag->next = write->known;
	write->known = tag;
	return MF_OK;
}

MfStatus
m1_partition_need(MfWrite *write, const M1Piece *piece, MfWaitFor *wait, MfError *err)
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
			m1_piece_note_row(write, piece, 0, write->tag, err);
		}
	}
	mf_free(write->mem, tag);
	return status;
}
