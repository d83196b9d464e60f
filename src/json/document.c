/*
 * document.c - Which column does each member of a document belong to?
 *
 * The wanted paths are a tree by the parts between their dots.  Documents of
 * one index mostly name their members in the same order, so the child after the one
 * found last is tried first; what is not wanted is passed over.
 */
#include <stdlib.h>

#include "json_internal.h"

typedef struct Node Node;
struct Node
{
	const char *key;			/* one part of a path */
	size_t		len;
	int			first_column;	/* index into columns, -1 = none; more by next_column */
	int			first_child;	/* index into nodes, -1 = none */
	int			last_child;
	int			next;			/* sibling, -1 = none */
	int			guess;			/* the child likely to be named next, -1 = none */
};

typedef struct PlanColumn
{
	MfJsonColumn def;
	int			next_column;	/* with the same path, -1 = none */
	int			touched;		/* lists in this document: 0 no, 1 null only, 2 yes */
	bool		gathered;		/* its JSON object is made up of dotted keys */
} PlanColumn;

struct MfJsonPlan
{
	MfMem	   *mem;
	int			ncolumns;
	PlanColumn *columns;
	int			nnodes;
	Node	   *nodes;			/* [0] is the document */
	MfBatch    *batch;			/* being filled */
	int32_t		row;
};

static int
find_child(const MfJsonPlan *plan, int node, const char *key, size_t len)
{
	for (int i = plan->nodes[node].first_child; i >= 0; i = plan->nodes[i].next)
	{
		if (plan->nodes[i].len == len && memcmp(plan->nodes[i].key, key, len) == 0)
			return i;
	}
	return -1;
}

MfJsonPlan *
mf_json_plan_new(MfMem *mem, int ncolumns, const MfJsonColumn *columns)
{
	MfJsonPlan *plan = mf_calloc(mem, sizeof(MfJsonPlan));
	size_t		most = 1;

	if (plan == NULL)
		return NULL;
	plan->mem = mem;
	for (int i = 0; i < ncolumns; i++)
	{
		most++;
		for (const char *p = columns[i].field; *p != '\0'; p++)
			most += *p == '.';
	}
	plan->columns = mf_calloc(mem, sizeof(PlanColumn) * (size_t) (ncolumns > 0 ? ncolumns : 1));
	plan->nodes = mf_calloc(mem, sizeof(Node) * most);
	if (plan->columns == NULL || plan->nodes == NULL)
	{
		mf_json_plan_free(plan);
		return NULL;
	}
	plan->ncolumns = ncolumns;
	plan->nodes[0] = (Node) {"", 0, -1, -1, -1, -1, -1};
	plan->nnodes = 1;
	for (int i = 0; i < ncolumns; i++)
	{
		const char *part = columns[i].field;
		int			node = 0;

		for (;;)
		{
			const char *dot = strchr(part, '.');
			size_t		len = dot == NULL ? strlen(part) : (size_t) (dot - part);
			int			child = find_child(plan, node, part, len);

			if (child < 0)
			{
				child = plan->nnodes++;
				plan->nodes[child] = (Node) {part, len, -1, -1, -1, -1, -1};
				if (plan->nodes[node].first_child < 0)
					plan->nodes[node].first_child = child;
				else
					plan->nodes[plan->nodes[node].last_child].next = child;
				plan->nodes[node].last_child = child;
			}
			node = child;
			if (dot == NULL)
				break;
			part = dot + 1;
		}
		plan->columns[i].def = columns[i];
		plan->columns[i].next_column = plan->nodes[node].first_column;
		plan->nodes[node].first_column = i;
	}
	return plan;
}

void
mf_json_plan_free(MfJsonPlan *plan)
{
	if (plan == NULL)
		return;
	mf_free(plan->mem, plan->columns);
	mf_free(plan->mem, plan->nodes);
	mf_free(plan->mem, plan);
}

/* The node below `node` that a key means, or -1.  Keys may hold several parts. */
static int
resolve(MfJsonPlan *plan, int node, const char *key, size_t len)
{
	Node	   *from = &plan->nodes[node];
	int			guess = from->guess;
	int			found;

	if (guess >= 0 && plan->nodes[guess].len == len && memcmp(plan->nodes[guess].key, key, len) == 0)
		found = guess;
	else
		found = find_child(plan, node, key, len);
	if (found >= 0)
	{
		from->guess = plan->nodes[found].next >= 0 ? plan->nodes[found].next : from->first_child;
		return found;
	}
	while (len > 0)
	{
		const char *dot = memchr(key, '.', len);
		size_t		part = dot == NULL ? len : (size_t) (dot - key);

		node = find_child(plan, node, key, part);
		if (node < 0 || dot == NULL)
			return node;
		key += part + 1;
		len -= part + 1;
	}
	return -1;
}

/* The elements of an array, one by one, to the end of a list.  Arrays within are taken apart, as the stores do. */
static bool
list_elements(MfJsonPlan *plan, PlanColumn *c, MfJson *j, MfColumn *col, int depth, MfError *err)
{
	bool		first = true;
	int			more;

	if (depth == MF_JSON_DEPTH)
		return mf_json_fail(j, "it is nested too deeply");
	j->p++;
	while ((more = mf_json_element(j, &first)) > 0)
	{
		if (*j->p == '[' && col->elem != MF_KIND_JSON)
		{
			if (!list_elements(plan, c, j, col, depth + 1, err))
				return false;
		}
		else if (!mf_json_value(&c->def, j, plan->mem, col->child, err))
			return false;
	}
	return more == 0;
}

static bool
into_list(MfJsonPlan *plan, PlanColumn *c, MfJson *j, MfColumn *col, MfError *err)
{
	if (*j->p == '[')
	{
		c->touched = 2;
		return list_elements(plan, c, j, col, 0, err);
	}
	if (*j->p == 'n' && c->touched != 2)
	{
		c->touched = 1;
		return mf_json_null(j);
	}
	c->touched = 2;
	return mf_json_value(&c->def, j, plan->mem, col->child, err);
}

static bool
second_value(const PlanColumn *c, MfError *err)
{
	mf_error(err, MF_DATA_EXCEPTION, "field \"%s\" has more than one value",
			 c->def.label != NULL ? c->def.label : c->def.field);
	mf_error_hint(err, "Declare the column as an array, or read the object above it as jsonb.");
	return false;
}

static int
by_text(const void *a, const void *b)
{
	const MfJsonText *x = a;
	const MfJsonText *y = b;

	if (x->len != y->len)
		return x->len < y->len ? -1 : 1;
	return memcmp(x->at, y->at, x->len);
}

/*
 * Does an object that was put together name a member twice?  Its text gets
 * the slack that reading takes, and its keys are sorted: there may be many.
 */
static bool
unrepeated(MfJsonPlan *plan, const PlanColumn *c, const char *object, size_t len, MfError *err)
{
	char	   *copy = mf_calloc(plan->mem, len + MF_JSON_SLACK);
	MfJsonText *keys = NULL;
	size_t		n = 0;
	size_t		cap = 0;
	MfJson		j;
	MfJsonText	key;
	bool		first = true;
	bool		good = copy != NULL;

	if (good)
	{
		memcpy(copy, object, len);
		mf_json_start(&j, copy, len);
		j.p++;
	}
	while (good && mf_json_member(&j, &first, &key) > 0 && mf_json_skip(&j))
	{
		if (n == cap)
		{
			MfJsonText *bigger = mf_realloc(plan->mem, keys, sizeof(MfJsonText) * (cap * 2 + 16));

			good = bigger != NULL;
			if (!good)
				break;
			keys = bigger;
			cap = cap * 2 + 16;
		}
		keys[n++] = key;
	}
	if (!good)
		mf_error_oom(err, len);
	if (good && n > 1)
		qsort(keys, n, sizeof(MfJsonText), by_text);
	for (size_t i = 1; good && i < n; i++)
	{
		if (by_text(&keys[i - 1], &keys[i]) == 0)
			good = second_value(c, err);
	}
	mf_free(plan->mem, keys);
	mf_free(plan->mem, copy);
	return good;
}

static bool
is_empty_object(const char *object, size_t len)
{
	for (size_t i = 1; i < len - 1; i++)
	{
		if (strchr(" \t\r\n", object[i]) == NULL)
			return false;
	}
	return true;
}

/*
 * An object of which a part came before: {"o.a":1, "o":{"b":2}} is one object
 * of two members.  `object` is the later part; it goes behind the earlier one, in place.
 */
static bool
merge_object(MfJsonPlan *plan, PlanColumn *c, const char *object, size_t len, MfError *err)
{
	MfColumn   *col = &plan->batch->columns[c->def.at];
	size_t		had = 0;
	char	   *slot;

	if (col->nrows > plan->row && mf_column_state(col, plan->row) == MF_VALUE_PRESENT)
	{
		const char *before = mf_varying_at(col, plan->row, &had);

		if (before[0] != '{' || object[0] != '{')
			return second_value(c, err);
		if (is_empty_object(object, len))
			return true;
		if (is_empty_object(before, had))
			had = 0;
	}
	c->gathered = true;
	mf_column_truncate(col, plan->row);
	slot = mf_varying_slot(plan->mem, col, had + len);
	if (slot == NULL)
	{
		mf_error_oom(err, had + len);
		return false;
	}
	if (had > 0)
	{
		/* a comma for the closing brace, and the later part without its opening one */
		slot[had - 1] = ',';
		object++;
		len--;
	}
	memcpy(slot + had, object, len);
	return mf_column_commit(plan->mem, col, had + len);
}

static bool
into_column(MfJsonPlan *plan, PlanColumn *c, MfJson *j, MfError *err)
{
	MfColumn   *col = &plan->batch->columns[c->def.at];
	bool		done;

	if (col->kind == MF_KIND_LIST)
		done = into_list(plan, c, j, col, err);
	else if (col->nrows > plan->row && c->gathered)
	{
		const char *start = j->p;

		done = mf_json_skip(j);
		if (done && *start != 'n')
			done = merge_object(plan, c, start, (size_t) (j->p - start), err);
	}
	else if (col->nrows > plan->row)
		done = second_value(c, err);
	else
		done = mf_json_value(&c->def, j, plan->mem, col, err);
	if (!done && err->sqlstate[0] != '\0')
		strncpy(err->column, c->def.column, sizeof(err->column) - 1);
	return done;
}

/*
 * A key of several parts that begins with the path of JSON columns: its value
 * belongs to their objects, under the rest of the key.  `key` has no escapes.
 */
static bool
into_objects_above(MfJsonPlan *plan, int node, const char *key, size_t len, MfJson *j, MfError *err)
{
	const char *start = j->p;
	const char *end = key + len;
	const char *dot;

	while ((dot = memchr(key, '.', (size_t) (end - key))) != NULL)
	{
		node = find_child(plan, node, key, (size_t) (dot - key));
		if (node < 0)
			break;
		key = dot + 1;
		for (int i = plan->nodes[node].first_column; i >= 0; i = plan->columns[i].next_column)
		{
			PlanColumn *c = &plan->columns[i];
			MfColumn   *col = &plan->batch->columns[c->def.at];
			bool		listed = col->kind == MF_KIND_LIST && col->elem == MF_KIND_JSON;
			MfJsonBuf	rest = {.mem = plan->mem};
			MfJsonBuf	object = {.mem = plan->mem};
			bool		done;

			if (col->kind != MF_KIND_JSON && !listed)
				continue;
			j->p = start;
			if (!mf_json_skip(j))
				return false;
			mf_json_buf_raw(&rest, key, (size_t) (end - key));
			mf_json_buf_add(&object, "{");
			mf_json_buf_quote(&object, rest.data != NULL ? rest.data : "");
			mf_json_buf_add(&object, ":");
			mf_json_buf_raw(&object, start, (size_t) (j->p - start));
			mf_json_buf_add(&object, "}");
			if (rest.failed || object.failed ||
				(listed && !mf_append_bytes(plan->mem, col->child, object.data, object.len)))
			{
				mf_error_oom(err, object.len);
				done = false;
			}
			else
				done = listed || merge_object(plan, c, object.data, object.len, err);
			if (listed)
				c->touched = 2;
			mf_free(plan->mem, rest.data);
			mf_free(plan->mem, object.data);
			if (!done)
			{
				strncpy(err->column, c->def.column, sizeof(err->column) - 1);
				return false;
			}
		}
	}
	j->p = start;
	return true;
}

static bool members(MfJsonPlan *plan, int node, MfJson *j, int depth, MfError *err);

/* Below a node with children: an object, or objects in an array; all else is passed over. */
static bool
below(MfJsonPlan *plan, int node, MfJson *j, int depth, MfError *err)
{
	bool		first = true;
	int			more;

	if (depth == MF_JSON_DEPTH)
		return mf_json_fail(j, "it is nested too deeply");
	if (*j->p == '{')
		return members(plan, node, j, depth + 1, err);
	if (*j->p != '[')
		return mf_json_skip(j);
	j->p++;
	while ((more = mf_json_element(j, &first)) > 0)
	{
		if (!below(plan, node, j, depth + 1, err))
			return false;
	}
	return more == 0;
}

static bool
members(MfJsonPlan *plan, int node, MfJson *j, int depth, MfError *err)
{
	bool		first = true;
	int			more;
	MfJsonText	key;

	j->p++;
	while ((more = mf_json_member(j, &first, &key)) > 0)
	{
		const char *start = j->p;
		int			found;

		if (!key.escaped)
		{
			found = resolve(plan, node, key.at, key.len);
			if (memchr(key.at, '.', key.len) != NULL && !into_objects_above(plan, node, key.at, key.len, j, err))
				return false;
		}
		else
		{
			char	   *room = mf_alloc(plan->mem, key.len + 1);
			size_t		len;
			bool		done = true;

			if (room == NULL)
			{
				mf_error_oom(err, key.len);
				return false;
			}
			found = -1;
			if (mf_json_decode(&key, room, &len) == MF_JSON_TEXT_OK)
			{
				found = resolve(plan, node, room, len);
				done = into_objects_above(plan, node, room, len, j, err);
			}
			mf_free(plan->mem, room);
			if (!done)
				return false;
		}
		if (found < 0)
		{
			if (!mf_json_skip(j))
				return false;
			continue;
		}
		for (int c = plan->nodes[found].first_column; c >= 0; c = plan->columns[c].next_column)
		{
			j->p = start;
			if (!into_column(plan, &plan->columns[c], j, err))
				return false;
		}
		if (plan->nodes[found].first_child >= 0)
		{
			j->p = start;
			if (!below(plan, found, j, depth, err))
				return false;
		}
	}
	return more == 0;
}

/* The document is through: close lists, note what was not there. */
static bool
complete(MfJsonPlan *plan, MfError *err)
{
	for (int i = 0; i < plan->ncolumns; i++)
	{
		PlanColumn *c = &plan->columns[i];
		MfColumn   *col = &plan->batch->columns[c->def.at];
		bool		done = true;

		if (c->gathered)
		{
			size_t		len;
			const char *object = mf_varying_at(col, plan->row, &len);

			c->gathered = false;
			if (!unrepeated(plan, c, object, len, err))
			{
				strncpy(err->column, c->def.column, sizeof(err->column) - 1);
				return false;
			}
		}
		if (col->kind == MF_KIND_LIST && c->touched != 0)
			done = c->touched == 2 ? mf_append_list(plan->mem, col) :
				mf_append_state(plan->mem, col, MF_VALUE_NULL);
		else if (col->nrows == plan->row && c->def.constant != NULL && col->kind == MF_KIND_TEXT)
			done = mf_append_bytes(plan->mem, col, c->def.constant, strlen(c->def.constant));
		else if (col->nrows == plan->row)
			done = mf_append_state(plan->mem, col, MF_VALUE_ABSENT);
		c->touched = 0;
		if (!done)
		{
			mf_error_oom(err, 0);
			return false;
		}
	}
	return true;
}

bool
mf_json_document(MfJsonPlan *plan, MfJson *j, MfBatch *batch, MfError *err)
{
	err->sqlstate[0] = '\0';
	plan->batch = batch;
	plan->row = batch->nrows;
	if (*j->p != '{')
		return mf_json_fail(j, "a document is not an object");
	if (!members(plan, 0, j, 0, err))
		return false;
	return complete(plan, err);
}
