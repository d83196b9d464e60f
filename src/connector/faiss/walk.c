/*
 * walk.c - What does a Faiss file hold, and where?
 *
 * The file is read once from its first byte to its last, by the layouts of
 * kind.c; vectors are skipped.  Letters of a layout:
 *
 *   1 4 8   a value of so many bytes          v4   a vector of such values
 *   h b     header of an index, of a binary index
 *   i y     the same and an IVF's; j an old IVF's with the ids of its lists
 *   N S     an index within: without and with the rows that are ours
 *   F f     vectors: floats, bytes
 *   C       codes, one a row; c d  bytes of a code (which must agree), o p ...
 *   t       transforms and the index behind them
 *   others  coder.c (quantizers), lists.c (lists, maps, graphs)
 */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "faiss.h"

#define TRY(call) do { if ((call) != MF_OK) return MF_ERROR; } while (0)

MfStatus
mf_faiss_add_segment(MfFaissWalk *w, int64_t vectors, int64_t ids, int64_t n)
{
	MfFaissFile *file = w->file;

	if (file->nsegments >= w->segment_room)
	{
		int64_t		room = w->segment_room ? w->segment_room * 2 : 16;
		MfFaissSegment *more = mf_realloc(file->mem, file->segments, sizeof(MfFaissSegment) * (size_t) room);

		if (more == NULL)
			return mf_error_oom(w->cursor.err, sizeof(MfFaissSegment) * (size_t) room);
		file->segments = more;
		w->segment_room = room;
	}
	file->segments[file->nsegments++] = (MfFaissSegment) {vectors, ids, n};
	return MF_OK;
}

/* ------------------------------------------------------------------- headers */

static MfStatus
check_header(MfFaissWalk *w, MfFaissNode *node)
{
	if (node->dim < 1 || node->dim > MF_FAISS_MAX_DIM)
		return mf_faiss_damaged(&w->cursor, "%d dimensions", node->dim);
	if (node->ntotal < 0)
		return mf_faiss_damaged(&w->cursor, "%lld rows", (long long) node->ntotal);
	return MF_OK;
}

static MfStatus
float_header(MfFaissWalk *w, MfFaissNode *node)
{
	uint8_t		trained;
	int32_t		metric;

	TRY(mf_faiss_get(&w->cursor, &node->dim, 4));
	TRY(mf_faiss_get(&w->cursor, &node->ntotal, 8));
	TRY(mf_faiss_skip(&w->cursor, 2, 8));
	TRY(mf_faiss_get(&w->cursor, &trained, 1));
	TRY(mf_faiss_get(&w->cursor, &metric, 4));
	if (trained > 1)
		return mf_faiss_damaged(&w->cursor, "a flag of %d", trained);
	if (metric < 0 || metric > 32)
		return mf_faiss_damaged(&w->cursor, "metric %d", metric);
	if (metric > 1)
		TRY(mf_faiss_skip(&w->cursor, 1, 4));
	node->trained = trained;
	node->metric = metric;
	return check_header(w, node);
}

static MfStatus
binary_header(MfFaissWalk *w, MfFaissNode *node)
{
	uint8_t		trained;
	int32_t		code_size;

	TRY(mf_faiss_get(&w->cursor, &node->dim, 4));
	TRY(mf_faiss_get(&w->cursor, &code_size, 4));
	TRY(mf_faiss_get(&w->cursor, &node->ntotal, 8));
	TRY(mf_faiss_get(&w->cursor, &trained, 1));
	TRY(mf_faiss_skip(&w->cursor, 1, 4));
	if (trained > 1)
		return mf_faiss_damaged(&w->cursor, "a flag of %d", trained);
	/* Faiss 1.7.3 did not set it in maps of ids */
	if (node->dim % 8 != 0 || (code_size != node->dim / 8 && strchr(node->kind->layout, 'M') == NULL))
		return mf_faiss_damaged(&w->cursor, "%d bits in %d bytes", node->dim, code_size);
	node->code = node->dim / 8;
	node->trained = trained;
	return check_header(w, node);
}

/* -------------------------------------------------------------- within another */

/*
 * An index within this one.  rows: its rows are this one's, so it has as many,
 * and what can be done with them is what can be done with it.
 */
static MfStatus
inner(MfFaissWalk *w, MfFaissNode *node, bool rows, bool binary, int32_t dim, MfFaissNode *child)
{
	memset(child, 0, sizeof(*child));
	child->depth = node->depth + 1;
	child->rows_wanted = rows && node->rows_wanted;
	TRY(mf_faiss_walk(w, child));
	if (((child->kind->flags & MF_FAISS_BINARY) != 0) != binary)
		return mf_faiss_damaged(&w->cursor, "a %s within a %s", child->kind->name, node->kind->name);
	if (child->dim != dim)
		return mf_faiss_damaged(&w->cursor, "%d dimensions within an index of %d", child->dim, dim);
	node->known &= child->known;
	if (!rows)
		return MF_OK;
	if (child->kind->flags & MF_FAISS_QUANTIZER)
		return mf_faiss_damaged(&w->cursor, "a %s holds no rows", child->kind->name);
	if (child->ntotal != node->ntotal)
		return mf_faiss_damaged(&w->cursor, "%lld rows within an index of %lld",
								(long long) child->ntotal, (long long) node->ntotal);
	node->exact &= child->exact;
	node->library |= child->library;
	return MF_OK;
}

static MfStatus
transforms(MfFaissWalk *w, MfFaissNode *node)
{
	int32_t		count;
	int32_t		dim = node->dim;
	MfFaissNode child;

	TRY(mf_faiss_get(&w->cursor, &count, 4));
	if (count < 0 || count > 64)
		return mf_faiss_damaged(&w->cursor, "%d transforms", count);
	for (int i = 0; i < count; i++)
		TRY(mf_faiss_walk_transform(w, &dim, node->ntotal > 0, node->depth + 1));
	return inner(w, node, true, false, dim, &child);
}

/* The IVF part of a header.  ids: an old format with the lists' ids here. */
static MfStatus
ivf_header(MfFaissWalk *w, MfFaissNode *node, bool ids)
{
	bool		binary = (node->kind->flags & MF_FAISS_BINARY) != 0;
	MfFaissNode quantizer;
	uint8_t		type;
	int64_t		count;

	TRY(mf_faiss_get(&w->cursor, &node->nlist, 8));
	TRY(mf_faiss_skip(&w->cursor, 1, 8));
	TRY(inner(w, node, false, binary, node->dim, &quantizer));
	if (node->nlist < 1 || node->nlist > INT64_C(1) << 40)
		return mf_faiss_damaged(&w->cursor, "%lld inverted lists", (long long) node->nlist);
	if (node->trained && quantizer.ntotal != node->nlist)
		return mf_faiss_damaged(&w->cursor, "%lld inverted lists of %lld centroids",
								(long long) node->nlist, (long long) quantizer.ntotal);
	if (ids)
	{
		node->legacy_ids = w->cursor.at;
		for (int64_t i = 0; i < node->nlist; i++)
		{
			TRY(mf_faiss_count(&w->cursor, 8, &count));
			TRY(mf_faiss_skip(&w->cursor, count, 8));
		}
	}
	TRY(mf_faiss_get(&w->cursor, &type, 1));
	if (type > 2)
		return mf_faiss_damaged(&w->cursor, "a direct map of kind %d", type);
	TRY(mf_faiss_count(&w->cursor, 8, &count));
	TRY(mf_faiss_skip(&w->cursor, count, 8));
	if (type == 2)
	{
		TRY(mf_faiss_count(&w->cursor, 16, &count));
		TRY(mf_faiss_skip(&w->cursor, count, 16));
	}
	return MF_OK;
}

/* ---------------------------------------------------------------------- rows */

/* All vectors one after the other. */
static MfStatus
flat(MfFaissWalk *w, MfFaissNode *node, bool binary)
{
	int64_t		per_row = binary ? node->dim / 8 : node->dim;
	int64_t		count;

	TRY(mf_faiss_count(&w->cursor, binary ? 1 : 4, &count));
	if (count % per_row != 0 || count / per_row != node->ntotal)
		return mf_faiss_damaged(&w->cursor, "%lld values for %lld rows of %lld",
								(long long) count, (long long) node->ntotal, (long long) per_row);
	if (node->rows_wanted && node->ntotal > 0)
		TRY(mf_faiss_add_segment(w, w->cursor.at, -1, node->ntotal));
	return mf_faiss_skip(&w->cursor, count, binary ? 1 : 4);
}

static MfStatus
codes(MfFaissWalk *w, MfFaissNode *node)
{
	int64_t		count;

	TRY(mf_faiss_count(&w->cursor, 1, &count));
	if (node->code < 1 || count % node->code != 0 || count / node->code != node->ntotal)
		return mf_faiss_damaged(&w->cursor, "%lld bytes for %lld codes of %lld", (long long) count,
								(long long) node->ntotal, (long long) node->code);
	return mf_faiss_skip(&w->cursor, count, 1);
}

/* Bytes of a code: first said, or said again. */
static MfStatus
code_size(MfFaissWalk *w, MfFaissNode *node, bool again)
{
	int64_t		code;

	TRY(mf_faiss_get(&w->cursor, &code, 8));
	if (code < 1 || code > 1 << 24 || (again && node->code >= 0 && code != node->code))
		return mf_faiss_damaged(&w->cursor, "codes of %lld bytes", (long long) code);
	node->code = code;
	return MF_OK;
}

static MfStatus
plain(MfFaissWalk *w, char letter, const char **layout)
{
	int64_t		count;
	int			width = letter - '0';

	if (letter != 'v')
		return mf_faiss_skip(&w->cursor, 1, width);
	width = *++*layout - '0';
	TRY(mf_faiss_count(&w->cursor, width, &count));
	return mf_faiss_skip(&w->cursor, count, width);
}

static MfStatus
part(MfFaissWalk *w, MfFaissNode *node, const char **layout)
{
	bool		binary = (node->kind->flags & MF_FAISS_BINARY) != 0;
	bool		of_floats = memcmp(node->kind->fourcc, "IBFf", 4) == 0;
	MfFaissNode child;
	MfStatus	status;

	switch (**layout)
	{
		case '1':
		case '4':
		case '8':
		case 'v':
			return plain(w, **layout, layout);
		case 'h':
			return float_header(w, node);
		case 'b':
			return binary_header(w, node);
		case 'i':
			TRY(float_header(w, node));
			return ivf_header(w, node, false);
		case 'j':
			TRY(float_header(w, node));
			return ivf_header(w, node, true);
		case 'y':
			TRY(binary_header(w, node));
			return ivf_header(w, node, false);
		case 'N':
			return inner(w, node, false, binary, node->dim, &child);
		case 'S':
			return inner(w, node, true, binary && !of_floats, node->dim, &child);
		case 't':
			return transforms(w, node);
		case 'F':
		case 'f':
			return flat(w, node, binary);
		case 'C':
			return codes(w, node);
		case 'c':
			return code_size(w, node, true);
		case 'd':
			return code_size(w, node, false);
		default:
			if (mf_faiss_walk_coder(w, node, **layout, &status) ||
				mf_faiss_walk_lists(w, node, **layout, &status))
				return status;
			return mf_error(w->cursor.err, MF_INTERNAL, "layout letter \"%c\" is not known", **layout);
	}
}

static MfStatus
not_known(MfFaissWalk *w, uint32_t fourcc)
{
	char		text[5] = {0};
	const char *name,
			   *why;

	if (mf_faiss_refused(fourcc, &name, &why))
	{
		mf_error(w->cursor.err, MF_FEATURE_NOT_SUPPORTED, "file \"%s\" holds an %s, which cannot be read",
				 w->cursor.path, name);
		mf_error_detail(w->cursor.err, "%s", why);
		mf_error_hint(w->cursor.err, "Write its vectors to a Flat or IVFFlat index with the Faiss that made it.");
		return MF_ERROR;
	}
	memcpy(text, &fourcc, 4);
	for (int i = 0; i < 4; i++)
	{
		if (text[i] <= ' ' || text[i] > '~')
			return mf_faiss_damaged(&w->cursor, "no kind of index begins with 0x%08x", fourcc);
	}
	mf_error(w->cursor.err, MF_FEATURE_NOT_SUPPORTED, "file \"%s\" holds an index of kind \"%s\", which cannot be read",
			 w->cursor.path, text);
	mf_error_hint(w->cursor.err, "Write its vectors to a Flat or IVFFlat index with the Faiss that made it.");
	return MF_ERROR;
}

MfStatus
mf_faiss_walk(MfFaissWalk *w, MfFaissNode *node)
{
	MfFaissFile *file = w->file;
	uint32_t	fourcc;

	if (node->depth > MF_FAISS_MAX_DEPTH)
		return mf_faiss_damaged(&w->cursor, "more than %d indexes within each other", MF_FAISS_MAX_DEPTH);
	TRY(mf_faiss_get(&w->cursor, &fourcc, 4));
	node->kind = mf_faiss_kind(fourcc);
	if (node->kind == NULL)
		return not_known(w, fourcc);
	node->code = -1;
	node->exact = (node->kind->flags & MF_FAISS_EXACT) != 0;
	node->library = (node->kind->flags & MF_FAISS_LIBRARY) != 0;
	node->known = !(node->kind->flags & MF_FAISS_NEW);
	if (node->rows_wanted)
		snprintf(file->kinds + strlen(file->kinds), sizeof(file->kinds) - strlen(file->kinds), "%s%s",
				 file->kinds[0] ? ", " : "", node->kind->name);
	for (const char *layout = node->kind->layout; *layout; layout++)
		TRY(part(w, node, &layout));
	return MF_OK;
}

/* ------------------------------------------------------------------ the whole */

static MfStatus
walk_all(MfFaissFile *file, MfFaissWalk *w)
{
	MfFaissNode top = {.rows_wanted = true};
	int64_t		rows = 0;

	TRY(mf_faiss_walk(w, &top));
	if (w->cursor.at != w->cursor.size)
		return mf_faiss_damaged(&w->cursor, "%lld bytes too many", (long long) (w->cursor.size - w->cursor.at));
	if (top.kind->flags & MF_FAISS_QUANTIZER)
		return mf_faiss_damaged(&w->cursor, "a %s holds no rows", top.kind->name);
	file->binary = (top.kind->flags & MF_FAISS_BINARY) != 0;
	file->dim = top.dim;
	file->width = file->binary ? (size_t) top.dim / 8 : (size_t) top.dim * 4;
	file->ntotal = top.ntotal;
	file->metric = top.metric;
	file->exact = top.exact;
	file->direct = top.exact && !top.library;
	file->known = top.known;
	for (int64_t i = 0; i < file->nsegments; i++)
		rows += file->segments[i].n;
	if (file->direct && rows != file->ntotal)
		return mf_faiss_damaged(&w->cursor, "%lld rows are there, the header says %lld",
								(long long) rows, (long long) file->ntotal);
	return MF_OK;
}

MfStatus
mf_faiss_open(MfMem *mem, const char *path, MfFaissFile *file, MfError *err)
{
	MfFaissWalk *w = mf_calloc(mem, sizeof(MfFaissWalk));
	MfStatus	status;

	memset(file, 0, sizeof(*file));
	file->mem = mem;
	file->path = path;
	file->fd = -1;
	file->id_map = -1;
	if (w == NULL)
		return mf_error_oom(err, sizeof(MfFaissWalk));
	status = mf_file_open(path, &file->fd, &file->size, err);
	if (status == MF_OK)
	{
		w->file = file;
		w->cursor.fd = file->fd;
		w->cursor.path = path;
		w->cursor.size = file->size;
		w->cursor.err = err;
		status = walk_all(file, w);
	}
	mf_free(mem, w);
	if (status != MF_OK)
		mf_faiss_close(file);
	return status;
}

void
mf_faiss_close(MfFaissFile *file)
{
	if (file->fd >= 0)
		close(file->fd);
	file->fd = -1;
	mf_free(file->mem, file->segments);
	file->segments = NULL;
	file->nsegments = 0;
}

MfFileWhole
mf_faiss_whole(const MfFaissFile *file)
{
	return (MfFileWhole) {.rows = file->ntotal,.bytes = file->size,.ranges = file->direct};
}
