/*
 * live_rows.c - How do the ids at hand become rows?
 *
 * GetVectorsByID of so many ids each, some requests side by side.
 */
#include "live_scan.h"

#define IDS_A_REQUEST 1000		/* the server looks into each segment for each id */
#define BYTES_A_REQUEST ((int64_t) 4 << 20)

static const MfMethod get_vectors = M1_METHOD(GetVectorsByID, vectors_data, true);

static int64_t
ids_a_request(const M1LiveScan *scan)
{
	int64_t		n = BYTES_A_REQUEST / (scan->binary ? scan->dim / 8 + 1 : scan->dim * 4);

	if (n > IDS_A_REQUEST)
		n = IDS_A_REQUEST;
	if (scan->spec->fetch_size > 0 && n > scan->spec->fetch_size)
		n = scan->spec->fetch_size;
	return n > 0 ? n : 1;
}

static MfStatus
step_piece(M1LiveScan *scan, M1LivePiece *piece, MfWaitFor *wait, MfError *err)
{
	M1__VectorsIdentity request = M1__VECTORS_IDENTITY__INIT;

	request.collection_name = (char *) scan->name;
	request.id_array = scan->ids + piece->first;
	request.n_id_array = (size_t) piece->count;
	return m1_call(scan->conn, &piece->call, &get_vectors, &request.base, scan->name, wait, err);
}

/* Ask for as many as may be under way; the first one's status. */
static MfStatus
advance(M1LiveScan *scan, MfWaitFor *wait, MfError *err)
{
	MfStatus	first = MF_END;

	while (scan->npieces < M1_DEPTH && scan->asked < scan->nids)
	{
		M1LivePiece *piece = &scan->pieces[(scan->head + scan->npieces++) % M1_DEPTH];

		piece->first = scan->asked;
		piece->count = scan->nids - scan->asked < ids_a_request(scan) ? scan->nids - scan->asked : ids_a_request(scan);
		scan->asked += piece->count;
		scan->stats.requests++;
	}
	for (int i = 0; i < scan->npieces; i++)
	{
		MfStatus	status = step_piece(scan, &scan->pieces[(scan->head + i) % M1_DEPTH], wait, err);

		if (status == MF_ERROR)
			return MF_ERROR;
		if (i == 0)
			first = status;
	}
	return first;
}

static MfStatus
wrong_vector(const M1LiveScan *scan, int64_t id, const M1__RowRecord *row, MfError *err)
{
	mf_error(err, MF_FDW_REPLY_HANDLE, "the answer to Milvus 1.x GetVectorsByID cannot be used");
	mf_error_detail(err, "The vector of id %lld has %zu numbers and %zu bytes; the collection has %lld dimensions.", (long long) id,
					row->n_float_data, row->binary_data.len, (long long) scan->dim);
	return MF_ERROR;
}

static MfStatus
append_row(M1LiveScan *scan, MfBatch *batch, int64_t id, const M1__RowRecord *row, MfError *err)
{
	bool		fits = scan->binary ? row->binary_data.len == (size_t) scan->dim / 8 : row->n_float_data == (size_t) scan->dim;
	bool		ok = true;

	if (row->n_float_data == 0 && row->binary_data.len == 0)
		return MF_OK;			/* deleted meanwhile, or never there */
	if (!fits)
		return wrong_vector(scan, id, row, err);
	for (int c = 0; c < scan->spec->ncolumns && ok; c++)
	{
		MfColumn   *col = &batch->columns[c];
		void	   *to;

		switch (scan->from[c])
		{
			case M1_FROM_ID:
				ok = mf_append_fixed(scan->mem, col, &id);
				break;
			case M1_FROM_VECTOR:
				to = mf_append_vector(scan->mem, col);
				ok = to != NULL;
				if (ok)
					memcpy(to, scan->binary ? (const void *) row->binary_data.data : (const void *) row->float_data, col->width);
				break;
			case M1_FROM_PARTITION:
				ok = mf_append_bytes(scan->mem, col, scan->tag, strlen(scan->tag));
				break;
			case M1_FROM_SEGMENT:
				ok = mf_append_bytes(scan->mem, col, scan->segment_name, strlen(scan->segment_name));
				break;
			default:
				ok = mf_append_fixed(scan->mem, col, &scan->offset);
		}
	}
	batch->nrows++;
	return ok ? MF_OK : mf_error_oom(err, 0);
}

MfStatus
m1_live_rows(M1LiveScan *scan, MfBatch *batch, MfWaitFor *wait, MfError *err)
{
	MfStatus	status = advance(scan, wait, err);
	M1LivePiece *piece = &scan->pieces[scan->head];
	const M1__VectorsData *reply;

	if (status == MF_END)
	{
		scan->phase = scan->segments != NULL ? M1_LIVE_IDS : M1_LIVE_END;
		return MF_OK;
	}
	if (status != MF_OK)
		return status;
	reply = (M1__VectorsData *) piece->call.reply;
	if (reply->n_vectors_data != (size_t) piece->count)
	{
		mf_error(err, MF_FDW_REPLY_HANDLE, "the answer to Milvus 1.x GetVectorsByID cannot be used");
		mf_error_detail(err, "%lld ids were asked for and %zu rows came.", (long long) piece->count, reply->n_vectors_data);
		return MF_ERROR;
	}
	for (int64_t i = 0; i < piece->count && status == MF_OK; i++)
	{
		const M1__RowRecord *row = reply->vectors_data[i];

		scan->stats.bytes += (int64_t) (row->n_float_data * 4 + row->binary_data.len);
		status = append_row(scan, batch, scan->ids[piece->first + i], row, err);
		scan->offset++;
	}
	m1_call_end(scan->conn, &piece->call);
	scan->head = (scan->head + 1) % M1_DEPTH;
	scan->npieces--;
	return status;
}
