/*
 * split.c - Into which parts can an index be cut, and which one is a token?
 *
 *     slice=0/4 pit=46ToAwMDaWR5BXV1...
 *     all
 *
 * The parts are slices of one point in time, which the request that made them
 * keeps open: they end with it.  Where there are no points in time, or little
 * is wanted, there is one part, "all".
 */
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "scan.h"

#define DIGITS "0123456789"

/* As Elasticsearch writes ids: base64, also the kind for URLs. */
#define ID_CHARACTERS DIGITS "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz+/=_-"

struct EsCut
{
	MfConn	   *conn;
	MfMem	   *mem;
	const char *index;
	const char *keep_alive;
	int			n;				/* parts wanted; 1 = "all" */
	MfHttpCall *call;
	char	   *id;
	char	   *tokens;
	MfSplit    *splits;
};

/* 0 .. most, without leading zeros. */
static bool
take_number(const char **p, int most, int *value)
{
	size_t		len = strspn(*p, DIGITS);

	if (len == 0 || len > 4 || (len > 1 && **p == '0'))
		return false;
	*value = atoi(*p);
	*p += len;
	return *value <= most;
}

static bool
take(const char **p, const char *word)
{
	size_t		len = strlen(word);

	if (strncmp(*p, word, len) != 0)
		return false;
	*p += len;
	return true;
}

static bool
parse(const char *p, EsSlice *slice)
{
	if (strcmp(p, "all") == 0)
		return true;
	if (!take(&p, "slice=") || !take_number(&p, ES_MAX_SLICES, &slice->at) || !take(&p, "/") ||
		!take_number(&p, ES_MAX_SLICES, &slice->of) || !take(&p, " pit="))
		return false;
	slice->pit = p;
	return slice->at < slice->of && *p != '\0' && p[strspn(p, ID_CHARACTERS)] == '\0';
}

MfStatus
es_split_parse(const char *token, const char *index, EsSlice *slice, MfError *err)
{
	*slice = (EsSlice) {0};
	if (token == NULL || parse(token, slice))
		return MF_OK;
	mf_error(err, MF_INVALID_PARAMETER_VALUE, "\"%.200s\" is no part of index \"%s\"", token, index);
	mf_error_detail(err, "The parts of an index are slices of a point in time, which last as long as one statement.");
	return MF_ERROR;
}

EsCut *
es_cut_new(MfConn *conn, const char *index, const MfRequest *req, MfError *err)
{
	EsCut	   *cut = mf_calloc(conn->mem, sizeof(EsCut));
	const MfScanSpec *scan = req->scan;
	const char *keep_alive = mf_option(req->options, "keep_alive");
	int64_t		slices = mf_option_int(req->options, "slices", conn->slices > 0 ? conn->slices : ES_DEFAULT_SLICES);

	if (cut == NULL)
	{
		mf_error_oom(err, sizeof(EsCut));
		return NULL;
	}
	cut->conn = conn;
	cut->mem = conn->mem;
	cut->index = index;
	cut->keep_alive = keep_alive != NULL ? keep_alive : conn->keep_alive;
	cut->n = req->wanted > 0 ? req->wanted : (int) slices;
	if (cut->n > ES_MAX_SLICES)
		cut->n = ES_MAX_SLICES;
	if (scan->split != NULL || es_query_ids(scan) >= 0 || (scan->limit >= 0 && scan->limit <= ES_ONE_REQUEST))
		cut->n = 1;
	return cut;
}

/* {"id":"..."}: false = it is none that we would pass on. */
static bool
take_id(EsCut *cut)
{
	size_t		len;
	const char *body = mf_http_body(cut->call, &len);
	json_t	   *root = json_loadb(body, len, 0, NULL);
	const char *id = json_string_value(json_object_get(root, "id"));

	if (id != NULL && id[0] != '\0' && id[strspn(id, ID_CHARACTERS)] == '\0')
		cut->id = mf_strdup(cut->mem, id);
	json_decref(root);
	return cut->id != NULL;
}

static MfStatus
answer(EsCut *cut, MfReply *reply, MfError *err)
{
	size_t		room = (cut->id != NULL ? strlen(cut->id) : 0) + 32;

	cut->tokens = mf_alloc(cut->mem, room * (size_t) cut->n);
	cut->splits = mf_calloc(cut->mem, sizeof(MfSplit) * (size_t) cut->n);
	if (cut->tokens == NULL || cut->splits == NULL)
		return mf_error_oom(err, room * (size_t) cut->n);
	for (int i = 0; i < cut->n; i++)
	{
		char	   *token = cut->tokens + room * (size_t) i;

		if (cut->id != NULL)
			snprintf(token, room, "slice=%d/%d pit=%s", i, cut->n, cut->id);
		else
			strcpy(token, "all");
		cut->splits[i] = (MfSplit) {token, -1, cut->id == NULL};
	}
	reply->nsplits = cut->n;
	reply->splits = cut->splits;
	return MF_OK;
}

static MfStatus
open_pit(EsCut *cut, MfError *err)
{
	MfJsonBuf	rest = {.mem = cut->mem};
	char	   *path;
	MfStatus	status;

	mf_json_buf_add(&rest, "/_pit?keep_alive=");
	mf_json_buf_add(&rest, cut->keep_alive);
	path = rest.failed ? NULL : es_path(cut->mem, cut->index, rest.data);
	status = path != NULL ? es_begin(cut->conn, "POST", path, NULL, &cut->call, err) : mf_error_oom(err, rest.cap);
	mf_free(cut->mem, path);
	mf_free(cut->mem, rest.data);
	return status;
}

MfStatus
es_cut_step(EsCut *cut, MfReply *reply, MfWaitFor *wait, MfError *err)
{
	MfStatus	status = MF_OK;
	int			http;

	if (cut->splits != NULL)
		return MF_OK;
	if (cut->n == 1)
		return answer(cut, reply, err);
	if (cut->call == NULL)
		status = open_pit(cut, err);
	if (status == MF_OK)
		status = mf_http_step(cut->call, wait, err);
	if (status != MF_OK)
		return status;
	http = mf_http_status(cut->call);
	if (http == 405 || ((http == 400 || http == 404) && !es_error_is(cut->call, NULL)))
		cut->n = 1;				/* it has no points in time */
	else if (http != 200)
		status = es_error(cut->call, cut->index, err);
	else if (!take_id(cut))
		status = es_unusable(cut->call, "it holds no id of a point in time", err);
	mf_http_end(cut->call);
	cut->call = NULL;
	return status == MF_OK ? answer(cut, reply, err) : MF_ERROR;
}

void
es_cut_end(EsCut *cut)
{
	MfMem	   *mem;

	if (cut == NULL)
		return;
	mem = cut->mem;
	if (cut->call != NULL)
		mf_http_end(cut->call);
	if (cut->id != NULL)
		es_forget(cut->conn, false, cut->id, true);
	mf_free(mem, cut->id);
	mf_free(mem, cut->tokens);
	mf_free(mem, cut->splits);
	mf_free(mem, cut);
}
