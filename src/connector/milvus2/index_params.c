/*
 * index_params.c - Which index suits a field?
 */
#include <strings.h>

#include "internal.h"

/* Building parameters without which the server refuses a type. */
static const char *
default_params(const char *type)
{
	if (strcasecmp(type, "HNSW") == 0)
		return "{\"M\":16,\"efConstruction\":200}";
	if (strncasecmp(type, "IVF", 3) == 0 || strncasecmp(type, "BIN_IVF", 7) == 0 ||
		strcasecmp(type, "SCANN") == 0)
		return "{\"nlist\":1024}";
	return "{}";
}

/*
 * AUTOINDEX is Zilliz Cloud's only type, and from 2.3 on open-source Milvus
 * takes the word for HNSW; but not for vectors of bits or weights.
 */
static const char *
auto_type(const MfConn *conn, const MfField *field)
{
	if (m2_is_cloud(conn))
		return "AUTOINDEX";
	switch (field->kind)
	{
		case MF_KIND_VEC_BIT:
			return "BIN_IVF_FLAT";
		case MF_KIND_SPARSE:
			return "SPARSE_INVERTED_INDEX";
		default:
			return conn->version >= M2_VERSION(2, 3, 0) ? "AUTOINDEX" : "HNSW";
	}
}

static const char *
auto_metric(const MfConn *conn, const MfField *field)
{
	if (field->kind == MF_KIND_VEC_BIT)
		return "HAMMING";
	if (field->kind == MF_KIND_SPARSE)
		return "IP";
	return conn->version >= M2_VERSION(2, 3, 0) ? "COSINE" : "L2";
}

static bool
add(MfArena *arena, M2__CreateIndexRequest *request, const char *key, const char *value)
{
	M2__Pair   *pair = mf_arena_alloc(arena, sizeof(M2__Pair));

	if (pair == NULL)
		return false;
	m2__pair__init(pair);
	pair->key = (char *) key;
	pair->value = (char *) value;
	request->extra_params[request->n_extra_params++] = pair;
	return true;
}

bool
m2_index_params(MfTask *task, const MfField *field, M2__CreateIndexRequest *request)
{
	static const char *const known[] = {"index_type", "metric_type", "params", "index_name", "database", NULL};
	const char *type = mf_option(task->args, "index_type");
	const char *metric = mf_option(task->args, "metric_type");
	const char *params = mf_option(task->args, "params");
	bool		is_vector = mf_kind_is_vector(field->kind) || field->kind == MF_KIND_SPARSE;
	MfArena    *arena = &task->arena;
	size_t		more;
	M2__Pair  **pairs = m2_pairs(arena, task->args, known, &more);

	request->extra_params = mf_arena_alloc(arena, sizeof(void *) * (3 + more));
	if (request->extra_params == NULL)
		return false;
	if (type == NULL || strcasecmp(type, "auto") == 0)
		type = is_vector ? auto_type(task->conn, field) : "";
	else if (is_vector && m2_is_cloud(task->conn) && strcasecmp(type, "AUTOINDEX") != 0)
	{
		task->reply.note = mf_arena_text(arena, "field \"%s\" got an index of type AUTOINDEX instead of %s: "
										 "Zilliz Cloud has no other", task->field, type);
		type = "AUTOINDEX";
		params = NULL;
	}
	if (is_vector && params == NULL)
		params = default_params(type);
	if (is_vector && metric == NULL)
		metric = auto_metric(task->conn, field);

	if (type[0] != '\0' && !add(arena, request, "index_type", type))
		return false;
	if (is_vector && !add(arena, request, "metric_type", metric))
		return false;
	if (params != NULL && !add(arena, request, "params", params))
		return false;
	for (size_t i = 0; i < more; i++)
		request->extra_params[request->n_extra_params++] = pairs[i];
	return !arena->failed;
}
