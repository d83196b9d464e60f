/*
 * coder.c - Is what a quantizer's tables say consistent?
 *
 * libfaiss believes them: with no sub-quantizers it divides by zero, with a
 * code larger than its buffer it reads past it.  Letters: P product, A additive,
 * R O residual (O: as Faiss 1.7.1 wrote it), Q local search, X Y products of
 * those, Z scalar quantizer; l LSH, o p u x fast scan, r refinement, s spectral hash.
 */
#include <string.h>

#include "faiss.h"

#define TRY(call) do { if ((call) != MF_OK) return MF_ERROR; } while (0)

#define MAX_BITS 24

static MfStatus
product(MfFaissWalk *w, MfFaissNode *node)
{
	MfFaissCursor *c = &w->cursor;
	uint64_t	d,
				m,
				nbits;
	int64_t		count;

	TRY(mf_faiss_get(c, &d, 8));
	TRY(mf_faiss_get(c, &m, 8));
	TRY(mf_faiss_get(c, &nbits, 8));
	if (d != (uint64_t) node->dim || m < 1 || m > d || d % m != 0 || nbits < 1 || nbits > MAX_BITS)
		return mf_faiss_damaged(c, "a product quantizer of %llu dimensions, %llu parts and %llu bits",
								(unsigned long long) d, (unsigned long long) m, (unsigned long long) nbits);
	TRY(mf_faiss_count(c, 4, &count));
	if ((uint64_t) count != d << nbits && (node->trained || count != 0))
		return mf_faiss_damaged(c, "%lld centroid values", (long long) count);
	TRY(mf_faiss_skip(c, count, 4));
	if (node->code < 0)
		node->code = (int64_t) (m * nbits + 7) / 8;
	else if (node->code != (int64_t) (m * nbits + 7) / 8)
		return mf_faiss_damaged(c, "codes of %lld bytes", (long long) node->code);

	/* Multi-index quantizers say how many centroids there are by this */
	if (node->kind->flags & MF_FAISS_QUANTIZER)
		node->ntotal = m * nbits < 63 ? INT64_C(1) << (m * nbits) : 0;
	return MF_OK;
}

/* The number of bits of each codebook; *values = how many vectors they hold. */
static MfStatus
codebook_bits(MfFaissWalk *w, uint64_t m, uint64_t *values, uint64_t *total_bits)
{
	int64_t		count;

	TRY(mf_faiss_count(&w->cursor, 8, &count));
	if (m < 1 || (uint64_t) count != m)
		return mf_faiss_damaged(&w->cursor, "%lld sizes of %llu codebooks", (long long) count, (unsigned long long) m);
	*values = *total_bits = 0;
	for (int64_t i = 0; i < count; i++)
	{
		uint64_t	nbits;

		TRY(mf_faiss_get(&w->cursor, &nbits, 8));
		if (nbits < 1 || nbits > MAX_BITS)
			return mf_faiss_damaged(&w->cursor, "a codebook of %llu bits", (unsigned long long) nbits);
		*values += UINT64_C(1) << nbits;
		*total_bits += nbits;
	}
	return MF_OK;
}

/* Bits that each code has more for its norm, by AdditiveQuantizer::Search_type_t. */
static int
norm_bits(int32_t search_type)
{
	switch (search_type)
	{
		case 3:
			return 32;
		case 4:
		case 6:
		case 8:
		case 9:
			return 8;
		case 5:
		case 7:
			return 4;
		default:
			return 0;
	}
}

static MfStatus
codebooks(MfFaissWalk *w, uint64_t d, uint64_t values, bool trained)
{
	int64_t		count;

	TRY(mf_faiss_count(&w->cursor, 4, &count));
	if ((uint64_t) count != d * values && (trained || count != 0))
		return mf_faiss_damaged(&w->cursor, "%lld codebook values", (long long) count);
	return mf_faiss_skip(&w->cursor, count, 4);
}

/* sets_code: it is the whole quantizer, not one part of a product. */
static MfStatus
additive(MfFaissWalk *w, MfFaissNode *node, int32_t dim, bool sets_code)
{
	MfFaissCursor *c = &w->cursor;
	uint64_t	d,
				m,
				values,
				total_bits;
	uint8_t		trained;
	int32_t		search_type;
	int64_t		count;

	TRY(mf_faiss_get(c, &d, 8));
	TRY(mf_faiss_get(c, &m, 8));
	if (d < 1 || d > (uint64_t) node->dim || (dim > 0 && d != (uint64_t) dim))
		return mf_faiss_damaged(c, "a quantizer of %llu dimensions", (unsigned long long) d);
	TRY(codebook_bits(w, m, &values, &total_bits));
	TRY(mf_faiss_get(c, &trained, 1));
	/* a product keeps each part's codebooks apart, so its own are for d / parts */
	TRY(mf_faiss_count(c, 4, &count));
	if (trained && sets_code && (count == 0 || (uint64_t) count > d * values || (uint64_t) count % values != 0))
		return mf_faiss_damaged(c, "%lld codebook values", (long long) count);
	if (trained && !sets_code && (uint64_t) count != d * values)
		return mf_faiss_damaged(c, "%lld codebook values", (long long) count);
	TRY(mf_faiss_skip(c, count, 4));
	TRY(mf_faiss_get(c, &search_type, 4));
	if (search_type < 0 || search_type > 11)
		return mf_faiss_damaged(c, "search type %d", search_type);
	TRY(mf_faiss_skip(c, 2, 4));
	if (search_type >= 6 && search_type <= 9)
	{
		TRY(mf_faiss_count(c, 4, &count));
		TRY(mf_faiss_skip(c, count, 4));
	}
	if (search_type == 8 || search_type == 9)
	{
		TRY(mf_faiss_count(c, 4, &count));
		TRY(mf_faiss_skip(c, count, 4));
	}
	if (sets_code)
	{
		int64_t		code = (int64_t) ((total_bits + norm_bits(search_type) + 7) / 8);

		if (node->code >= 0 && node->code != code)
			return mf_faiss_damaged(c, "codes of %lld bytes", (long long) node->code);
		node->code = code;
		if (node->kind->flags & MF_FAISS_QUANTIZER)
			node->ntotal = total_bits < 63 ? INT64_C(1) << total_bits : 0;
	}
	return MF_OK;
}

static MfStatus
residual(MfFaissWalk *w, MfFaissNode *node, int32_t dim, bool sets_code)
{
	TRY(additive(w, node, dim, sets_code));
	return mf_faiss_skip(&w->cursor, 2, 4);
}

/* As Faiss 1.7.1 wrote it: the same in another order. */
static MfStatus
residual_old(MfFaissWalk *w, MfFaissNode *node)
{
	uint64_t	d,
				m,
				values,
				total_bits;
	uint8_t		trained;
	int32_t		search_type;

	TRY(mf_faiss_get(&w->cursor, &d, 8));
	TRY(mf_faiss_get(&w->cursor, &m, 8));
	if (d != (uint64_t) node->dim)
		return mf_faiss_damaged(&w->cursor, "a quantizer of %llu dimensions", (unsigned long long) d);
	TRY(codebook_bits(w, m, &values, &total_bits));
	TRY(mf_faiss_get(&w->cursor, &trained, 1));
	TRY(mf_faiss_skip(&w->cursor, 2, 4));
	TRY(codebooks(w, d, values, trained));
	TRY(mf_faiss_get(&w->cursor, &search_type, 4));
	TRY(mf_faiss_skip(&w->cursor, 2, 4));
	node->code = (int64_t) ((total_bits + norm_bits(search_type) + 7) / 8);
	return MF_OK;
}

static MfStatus
local_search(MfFaissWalk *w, MfFaissNode *node, int32_t dim, bool sets_code)
{
	TRY(additive(w, node, dim, sets_code));
	return mf_faiss_skip(&w->cursor, 5 * 8 + 2 * 4 + 8 + 4 + 8 + 1, 1);
}

/* Several quantizers, each for a part of the dimensions. */
static MfStatus
product_additive(MfFaissWalk *w, MfFaissNode *node, bool residuals)
{
	uint64_t	splits;

	TRY(additive(w, node, node->dim, true));
	TRY(mf_faiss_get(&w->cursor, &splits, 8));
	if (splits < 1 || splits > (uint64_t) node->dim || (uint64_t) node->dim % splits != 0)
		return mf_faiss_damaged(&w->cursor, "%llu parts", (unsigned long long) splits);
	for (uint64_t i = 0; i < splits; i++)
	{
		int32_t		dim = (int32_t) ((uint64_t) node->dim / splits);

		TRY(residuals ? residual(w, node, dim, false) : local_search(w, node, dim, false));
	}
	return MF_OK;
}

/* By ScalarQuantizer::QuantizerType of 1.7.3; later ones are not known to it. */
static MfStatus
scalar(MfFaissWalk *w, MfFaissNode *node)
{
	static const struct
	{
		int			bits;
		int			trained;	/* values; -1: two a dimension */
	}			types[] = {{8, -1}, {4, -1}, {8, 2}, {4, 2}, {16, 0}, {8, 0}, {6, -1}, {16, 0}, {8, 0}};
	MfFaissCursor *c = &w->cursor;
	int32_t		type;
	uint64_t	d,
				code;
	int64_t		count,
				wanted;

	TRY(mf_faiss_get(c, &type, 4));
	TRY(mf_faiss_skip(c, 2, 4));
	TRY(mf_faiss_get(c, &d, 8));
	TRY(mf_faiss_get(c, &code, 8));
	if (type < 0 || type >= (int32_t) (sizeof(types) / sizeof(types[0])))
	{
		mf_error(c->err, MF_FEATURE_NOT_SUPPORTED, "file \"%s\" holds a scalar quantizer of type %d, which cannot be read",
				 c->path, type);
		return MF_ERROR;
	}
	/* bf16 and signed bytes came after 1.7.3 */
	node->known &= type <= 6;
	if (d != (uint64_t) node->dim || code != (d * (uint64_t) types[type].bits + 7) / 8)
		return mf_faiss_damaged(c, "a scalar quantizer of %llu dimensions in %llu bytes",
								(unsigned long long) d, (unsigned long long) code);
	TRY(mf_faiss_count(c, 4, &count));
	wanted = types[type].trained < 0 ? 2 * (int64_t) d : types[type].trained;
	if (count != wanted && (node->trained || count != 0))
		return mf_faiss_damaged(c, "%lld trained values", (long long) count);
	node->code = (int64_t) code;
	return mf_faiss_skip(c, count, 4);
}

static MfStatus
lsh(MfFaissWalk *w, MfFaissNode *node)
{
	MfFaissCursor *c = &w->cursor;
	int32_t		nbits,
				code,
				dim = node->dim;
	uint8_t		flags[2];		/* rotate_data, train_thresholds */
	int64_t		count;

	TRY(mf_faiss_get(c, &nbits, 4));
	TRY(mf_faiss_get(c, flags, sizeof(flags)));
	TRY(mf_faiss_count(c, 4, &count));
	TRY(mf_faiss_skip(c, count, 4));
	TRY(mf_faiss_get(c, &code, 4));
	if (memcmp(node->kind->fourcc, "IxHE", 4) == 0 && code > 0 && code < 1 << 20)
		code *= 8;
	if (nbits < 1 || nbits > 1 << 20 || code != (nbits + 7) / 8 || flags[0] > 1 || flags[1] > 1 ||
		(count != nbits && (count != 0 || flags[1])) || (!flags[0] && nbits > node->dim))
		return mf_faiss_damaged(c, "%d bits in %d bytes", nbits, code);
	TRY(mf_faiss_walk_transform(w, &dim, flags[0] && node->ntotal > 0, node->depth + 1));
	if (dim != nbits)
		return mf_faiss_damaged(c, "a rotation to %d dimensions for %d bits", dim, nbits);
	node->code = code;
	TRY(mf_faiss_count(c, 1, &count));
	if (count % code != 0 || count / code != node->ntotal)
		return mf_faiss_damaged(c, "%lld bytes of codes", (long long) count);
	return mf_faiss_skip(c, count, 1);
}

/* Codes in blocks of four bits: rows are rounded up to 32, parts to two. */
static MfStatus
fast_scan_codes(MfFaissWalk *w, MfFaissNode *node, int64_t ntotal2, int64_t m2)
{
	int64_t		count;

	TRY(mf_faiss_count(&w->cursor, 1, &count));
	if (ntotal2 < node->ntotal || ntotal2 % 32 != 0 || m2 < 2 || m2 % 2 != 0 || count % (m2 / 2) != 0 ||
		count / (m2 / 2) != ntotal2)
		return mf_faiss_damaged(&w->cursor, "%lld bytes of codes for %lld rows of %lld parts",
								(long long) count, (long long) ntotal2, (long long) m2);
	return mf_faiss_skip(&w->cursor, count, 1);
}

static MfStatus
fast_scan_product(MfFaissWalk *w, MfFaissNode *node)
{
	MfFaissCursor *c = &w->cursor;
	int32_t		bbs;
	int64_t		ntotal2,
				m2;

	TRY(mf_faiss_skip(c, 1, 4));
	TRY(mf_faiss_get(c, &bbs, 4));
	TRY(mf_faiss_skip(c, 1, 4));
	TRY(mf_faiss_get(c, &ntotal2, 8));
	TRY(mf_faiss_get(c, &m2, 8));
	if (bbs < 32 || bbs > 1 << 20 || bbs % 32 != 0 || m2 / 2 < node->code)
		return mf_faiss_damaged(c, "blocks of %d rows, %lld parts", bbs, (long long) m2);
	return fast_scan_codes(w, node, ntotal2, m2);
}

static MfStatus
fast_scan_additive(MfFaissWalk *w, MfFaissNode *node)
{
	int64_t		code,
				ntotal2,
				m2;

	TRY(mf_faiss_get(&w->cursor, &code, 8));
	TRY(mf_faiss_get(&w->cursor, &ntotal2, 8));
	TRY(mf_faiss_get(&w->cursor, &m2, 8));
	if (code != node->code)
		return mf_faiss_damaged(&w->cursor, "codes of %lld bytes", (long long) code);
	TRY(mf_faiss_skip(&w->cursor, 1 + 4 + 8, 1));
	return fast_scan_codes(w, node, ntotal2, m2);
}

static MfStatus
check_blocks(MfFaissWalk *w, MfFaissNode *node, int32_t bbs)
{
	if (bbs < 32 || bbs > 1 << 20 || bbs % 32 != 0 || node->m2 < 2 || node->m2 > 1 << 20 || node->m2 % 2 != 0)
		return mf_faiss_damaged(&w->cursor, "blocks of %d rows and %lld parts", bbs, (long long) node->m2);
	node->bbs = bbs;
	return MF_OK;
}

/* IVF: what the blocks of the lists are, before the quantizer and after it. */
static MfStatus
blocks_product(MfFaissWalk *w, MfFaissNode *node)
{
	int32_t		bbs;

	TRY(mf_faiss_get(&w->cursor, &bbs, 4));
	TRY(mf_faiss_get(&w->cursor, &node->m2, 8));
	TRY(mf_faiss_skip(&w->cursor, 4 + 8, 1));
	return check_blocks(w, node, bbs);
}

static MfStatus
blocks_additive(MfFaissWalk *w, MfFaissNode *node)
{
	int32_t		bbs;
	int64_t		shape[4];		/* M, nbits, ksub, code_size */

	TRY(mf_faiss_skip(&w->cursor, 1 + 4, 1));
	TRY(mf_faiss_get(&w->cursor, &bbs, 4));
	TRY(mf_faiss_skip(&w->cursor, 1, 4));
	TRY(mf_faiss_get(&w->cursor, shape, sizeof(shape)));
	TRY(mf_faiss_skip(&w->cursor, 1, 8));
	TRY(mf_faiss_get(&w->cursor, &node->m2, 8));
	TRY(mf_faiss_skip(&w->cursor, 1 + 4 + 8, 1));
	if (shape[1] != 4 || shape[0] < 1 || shape[0] > node->m2 || shape[3] != node->code || shape[3] * 2 > node->m2)
		return mf_faiss_damaged(&w->cursor, "codes of %lld parts of %lld bits", (long long) shape[0], (long long) shape[1]);
	return check_blocks(w, node, bbs);
}

/* The second quantizer of IVFPQR, which refines the first. */
static MfStatus
refinement(MfFaissWalk *w, MfFaissNode *node)
{
	int64_t		first = node->code;

	if (!node->trained)
		return MF_OK;
	node->code = -1;
	TRY(product(w, node));
	{
		int64_t		count;

		TRY(mf_faiss_count(&w->cursor, 1, &count));
		if (count % node->code != 0 || count / node->code != node->ntotal)
			return mf_faiss_damaged(&w->cursor, "%lld bytes of refining codes", (long long) count);
		TRY(mf_faiss_skip(&w->cursor, count, 1));
	}
	node->code = first;
	return mf_faiss_skip(&w->cursor, 1, 4);
}

static MfStatus
spectral_hash(MfFaissWalk *w, MfFaissNode *node)
{
	int32_t		dim = node->dim,
				nbit;
	int64_t		count;

	TRY(mf_faiss_walk_transform(w, &dim, false, node->depth + 1));
	TRY(mf_faiss_get(&w->cursor, &nbit, 4));
	TRY(mf_faiss_skip(&w->cursor, 2, 4));
	if (nbit < 1 || nbit > 1 << 20)
		return mf_faiss_damaged(&w->cursor, "%d bits", nbit);
	node->code = (nbit + 7) / 8;
	TRY(mf_faiss_count(&w->cursor, 4, &count));
	TRY(mf_faiss_skip(&w->cursor, count, 4));
	return MF_OK;
}

bool
mf_faiss_walk_coder(MfFaissWalk *w, MfFaissNode *node, char letter, MfStatus *status)
{
	switch (letter)
	{
		case 'P':
			*status = product(w, node);
			return true;
		case 'O':
			*status = residual_old(w, node);
			return true;
		case 'R':
			*status = residual(w, node, node->dim, true);
			return true;
		case 'Q':
			*status = local_search(w, node, node->dim, true);
			return true;
		case 'X':
			*status = product_additive(w, node, true);
			return true;
		case 'Y':
			*status = product_additive(w, node, false);
			return true;
		case 'Z':
			*status = scalar(w, node);
			return true;
		case 'l':
			*status = lsh(w, node);
			return true;
		case 'o':
			*status = fast_scan_additive(w, node);
			return true;
		case 'p':
			*status = fast_scan_product(w, node);
			return true;
		case 'u':
			*status = blocks_product(w, node);
			return true;
		case 'x':
			*status = blocks_additive(w, node);
			return true;
		case 'r':
			*status = refinement(w, node);
			return true;
		case 's':
			*status = spectral_hash(w, node);
			return true;
		default:
			return false;
	}
}
