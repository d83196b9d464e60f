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

int
m1_metric_of(const char *name)
{
	for (int metric = M1_L2; metric <= M1_SUPERSTRUCTURE; metric++)
	{
		if (metric != M1_TANIMOTO && strcmp(m1_metric_name(metric), name) == 0)
			return metric;
	}
	return strcmp(name, "TANIMOTO") == 0 ? M1_TANIMOTO : 0;
}

/* IndexType of the protocol, which is not the metadata's engine number. */
static const struct
{
	int			type;
	const char *name;			/* as Milvus 2.x calls it */
	const char *binary;			/* for binary vectors */
	const char *own;			/* what Milvus 1.x called it, if otherwise */
	const char *params;			/* that it needs */
}			indexes[] = {
	{1, "FLAT", "BIN_FLAT", NULL, "{}"},
	{2, "IVF_FLAT", "BIN_IVF_FLAT", NULL, "{\"nlist\":1024}"},
	{3, "IVF_SQ8", NULL, NULL, "{\"nlist\":1024}"},
	{6, "IVF_PQ", NULL, NULL, "{\"nlist\":1024,\"m\":8}"},
	{11, "HNSW", NULL, NULL, "{\"M\":16,\"efConstruction\":200}"},
	{4, "HNSW", NULL, "RNSG", "{\"search_length\":45,\"out_degree\":50,\"candidate_pool_size\":300,\"knng\":100}"},
	{5, "IVF_SQ8", NULL, "IVF_SQ8H", "{\"nlist\":1024}"},
	{12, "HNSW", NULL, "ANNOY", "{\"n_trees\":8}"},
};

#define NINDEXES ((int) (sizeof(indexes) / sizeof(indexes[0])))

const char *
m1_index_name(int type, bool binary)
{
	for (int i = 0; i < NINDEXES; i++)
	{
		if (indexes[i].type == type)
			return binary && indexes[i].binary != NULL ? indexes[i].binary : indexes[i].name;
	}
	return NULL;
}

int
m1_index_of(const char *name)
{
	for (int i = 0; i < NINDEXES; i++)
	{
		const char *own = indexes[i].own != NULL ? indexes[i].own : indexes[i].name;

		if (strcmp(own, name) == 0 || (indexes[i].binary != NULL && strcmp(indexes[i].binary, name) == 0))
			return indexes[i].type;
	}
	return 0;
}

const char *
m1_index_params(int type)
{
	for (int i = 0; i < NINDEXES; i++)
	{
		if (indexes[i].type == type)
			return indexes[i].params;
	}
	return "{}";
}

/* nprobe, ef and search_length are checked by the server, which has no defaults (its utils/ValidationUtil.cpp). */
int
m1_search_params(int type, int64_t k, char *buf, size_t size)
{
	switch (type)
	{
		case 2:
		case 3:
		case 5:
		case 6:
			return snprintf(buf, size, "{\"nprobe\":16}");
		case 4:
			return snprintf(buf, size, "{\"search_length\":%lld}", (long long) (k > 45 ? k : 45));
		case 11:
			return snprintf(buf, size, "{\"ef\":%lld}", (long long) (k > 64 ? k : 64));
		case 12:
			return snprintf(buf, size, "{\"search_k\":-1}");
		default:
			return snprintf(buf, size, "{}");
	}
}
