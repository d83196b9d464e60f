/*
 * transform.c - Is a transform of vectors what it says?
 */
#include <string.h>

#include "faiss.h"

#define TRY(call) do { if ((call) != MF_OK) return MF_ERROR; } while (0)

static MfStatus
floats(MfFaissCursor *c, int64_t *count)
{
	TRY(mf_faiss_count(c, 4, count));
	return mf_faiss_skip(c, *count, 4);
}

/* What all that multiply by a matrix end with; *a = its values, *b = the bias's. */
static MfStatus
matrix(MfFaissCursor *c, int64_t *a, int64_t *b)
{
	uint8_t		bias;

	TRY(mf_faiss_get(c, &bias, 1));
	TRY(floats(c, a));
	TRY(floats(c, b));
	if (!bias)
		*b = -1;
	return MF_OK;
}

static MfStatus
pca(MfFaissCursor *c, uint32_t fourcc)
{
	int64_t		count;

	/* eigen_power, epsilon, random_rotation, balanced_bins */
	TRY(mf_faiss_skip(c, memcmp(&fourcc, "Pcam", 4) == 0 ? 2 : 1, 4));
	TRY(mf_faiss_skip(c, 1, 1));
	if (memcmp(&fourcc, "PCAm", 4) != 0)
		TRY(mf_faiss_skip(c, 1, 4));
	for (int i = 0; i < 3; i++)
		TRY(floats(c, &count));
	return MF_OK;
}

/* Which dimension goes where: -1 or one that is there. */
static MfStatus
remap(MfFaissCursor *c, int64_t *count, int32_t *largest)
{
	TRY(mf_faiss_count(c, 4, count));
	*largest = -1;
	for (int64_t i = 0; i < *count; i++)
	{
		int32_t		from;

		TRY(mf_faiss_get(c, &from, 4));
		if (from < -1)
			return mf_faiss_damaged(c, "dimension %d", from);
		if (from > *largest)
			*largest = from;
	}
	return MF_OK;
}

MfStatus
mf_faiss_walk_transform(MfFaissWalk *w, int32_t *dim, bool used, int depth)
{
	MfFaissCursor *c = &w->cursor;
	uint32_t	fourcc;
	int64_t		a = -1,
				b = -1,
				values = -1;
	int32_t		largest = -1,
				in,
				out;
	uint8_t		trained;

	if (depth > MF_FAISS_MAX_DEPTH)
		return mf_faiss_damaged(c, "more than %d transforms within each other", MF_FAISS_MAX_DEPTH);
	TRY(mf_faiss_get(c, &fourcc, 4));
	if (memcmp(&fourcc, "rrot", 4) == 0 || memcmp(&fourcc, "LTra", 4) == 0)
		TRY(matrix(c, &a, &b));
	else if (memcmp(&fourcc, "PCAm", 4) == 0 || memcmp(&fourcc, "PcAm", 4) == 0 || memcmp(&fourcc, "Pcam", 4) == 0)
	{
		TRY(pca(c, fourcc));
		TRY(matrix(c, &a, &b));
	}
	else if (memcmp(&fourcc, "Viqm", 4) == 0)
	{
		TRY(mf_faiss_skip(c, 2, 4));
		TRY(matrix(c, &a, &b));
	}
	else if (memcmp(&fourcc, "RmDT", 4) == 0)
		TRY(remap(c, &values, &largest));
	else if (memcmp(&fourcc, "VNrm", 4) == 0)
		TRY(mf_faiss_skip(c, 1, 4));
	else if (memcmp(&fourcc, "VCnt", 4) == 0)
		TRY(floats(c, &values));
	else if (memcmp(&fourcc, "Viqt", 4) == 0)
	{
		/* codes of signs: nothing leads back to the vectors */
		mf_error(c->err, MF_FEATURE_NOT_SUPPORTED, "file \"%s\" holds an ITQ transform, which cannot be undone", c->path);
		return MF_ERROR;
	}
	else
		return mf_faiss_damaged(c, "no transform begins with 0x%08x", fourcc);
	TRY(mf_faiss_get(c, &in, 4));
	TRY(mf_faiss_get(c, &out, 4));
	TRY(mf_faiss_get(c, &trained, 1));
	if (in != *dim || out < 1 || out > MF_FAISS_MAX_DIM || trained > 1)
		return mf_faiss_damaged(c, "a transform from %d to %d dimensions for vectors of %d", in, out, *dim);
	if (used && a >= 0)
		trained = 1;
	if ((a >= 0 && (trained || a > 0) && a < (int64_t) in * out) || (b >= 0 && (trained || b > 0) && b < out))
		return mf_faiss_damaged(c, "a matrix of %lld values for %d times %d", (long long) a, in, out);
	if ((memcmp(&fourcc, "RmDT", 4) == 0 && (values != out || largest >= in)) ||
		(memcmp(&fourcc, "VCnt", 4) == 0 && values != in) ||
		((memcmp(&fourcc, "VNrm", 4) == 0 || memcmp(&fourcc, "VCnt", 4) == 0) && in != out))
		return mf_faiss_damaged(c, "a transform of %lld values from %d to %d dimensions", (long long) values, in, out);
	*dim = out;
	return MF_OK;
}
