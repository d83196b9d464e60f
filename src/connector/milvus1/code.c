/*
 * code.c - What do Milvus 1.x's numbers mean today?
 *
 * Metric and engine numbers of its sources (1.0, 1.1), and what Milvus 2.x
 * offers in their place: the README's table of retired kinds says the same.
 */
#include "internal.h"

const char *
m1_metric_name(int metric)
{
	static const char *const names[] = {
		[M1_L2] = "L2",
		[M1_IP] = "IP",
		[M1_HAMMING] = "HAMMING",
		[M1_JACCARD] = "JACCARD",
		[M1_TANIMOTO] = "JACCARD",	/* -log2(1 - Jaccard): the same order */
		[M1_SUBSTRUCTURE] = "SUBSTRUCTURE",
		[M1_SUPERSTRUCTURE] = "SUPERSTRUCTURE",
	};

	return metric >= M1_L2 && metric <= M1_SUPERSTRUCTURE ? names[metric] : NULL;
}

bool
m1_metric_is_binary(int metric)
{
	return metric >= M1_HAMMING && metric <= M1_SUPERSTRUCTURE;
}

const char *
m1_engine_name(int engine)
{
	static const char *const names[] = {
		[1] = "FLAT",
		[2] = "IVF_FLAT",
		[3] = "IVF_SQ8",
		[4] = "HNSW",			/* NSG, a graph */
		[5] = "IVF_SQ8",		/* IVF_SQ8H: the same on a GPU */
		[6] = "IVF_PQ",
		[7] = "HNSW",			/* SPTAG trees */
		[8] = "HNSW",
		[9] = "BIN_FLAT",
		[10] = "BIN_IVF_FLAT",
		[11] = "HNSW",
		[12] = "HNSW",			/* ANNOY, a forest */
	};

	return engine >= 1 && engine <= 12 ? names[engine] : NULL;
}
