/*
 * store.c - What does the test remote hold?
 *
 * A list of collections, each one batch that grows.  It outlives every
 * connection and ends with the backend.
 */
#include <string.h>

#include "test.h"

Counters	counters;

static Collection *first;

MfMem *
store_mem(void)
{
	static MfMem mem;

	if (mem.limit == 0)
		mf_mem_init(&mem, (size_t) 4 << 30);
	return &mem;
}

Collection *
store_first(void)
{
	return first;
}

Collection *
store_find(const char *name)
{
	for (Collection *c = first; c != NULL; c = c->next)
	{
		if (strcmp(c->desc.name, name) == 0)
			return c;
	}
	return NULL;
}

static const char *
keep(const char *text)
{
	return text ? mf_strdup(store_mem(), text) : NULL;
}

static void
destroy(Collection *c)
{
	for (int i = 0; i < c->desc.nfields; i++)
	{
		const MfField *f = &c->desc.fields[i];
		const char *texts[] = {f->name, f->native, f->metric, f->index, f->description, f->skip};

		for (int j = 0; j < 6; j++)
			mf_free(store_mem(), (void *) texts[j]);
	}
	mf_batch_free(c->rows);
	mf_free(store_mem(), c->dead);
	mf_free(store_mem(), c->desc.fields);
	mf_free(store_mem(), (void *) c->desc.name);
	mf_free(store_mem(), (void *) c->desc.description);
	mf_free(store_mem(), c);
}

/* A field more; rows that are there already do not have it. */
bool
store_add_field(Collection *c, const MfField *field)
{
	int			n = c->desc.nfields;
	MfField    *copy = &c->desc.fields[n];

	if (n >= MAX_FIELDS)
		return false;
	*copy = *field;
	copy->name = keep(field->name);
	copy->native = keep(field->native ? field->native : mf_kind_name(field->kind));
	copy->metric = keep(field->metric);
	copy->index = keep(field->index);
	copy->description = keep(field->description);
	copy->skip = keep(field->skip);
	c->desc.nfields++;
	if (!mf_column_init(c->rows, n, field->kind, field->elem, field->dim, 0))
		return false;
	for (int32_t i = 0; i < c->rows->nrows; i++)
	{
		if (!mf_append_state(store_mem(), &c->rows->columns[n], MF_VALUE_ABSENT))
			return false;
	}
	return true;
}

Collection *
store_create(const char *name, const char *description, const MfField *fields, int nfields)
{
	MfMem	   *mem = store_mem();
	Collection *c = mf_calloc(mem, sizeof(Collection));
	Collection **end = &first;

	if (c == NULL)
		return NULL;
	c->desc.name = keep(name);
	c->desc.description = keep(description);
	c->desc.fields = mf_calloc(mem, sizeof(MfField) * MAX_FIELDS);
	c->desc.state = "not loaded";
	c->rows = mf_batch_new(mem, MAX_FIELDS);
	for (int i = 0; i < nfields; i++)
	{
		if (!store_add_field(c, &fields[i]))
		{
			destroy(c);
			return NULL;
		}
	}
	while (*end != NULL)
		end = &(*end)->next;
	*end = c;
	return c;
}

int
store_field(const Collection *c, const char *name)
{
	for (int i = 0; i < c->desc.nfields; i++)
	{
		if (strcmp(c->desc.fields[i].name, name) == 0)
			return i;
	}
	return -1;
}

void
store_drop(Collection *c)
{
	Collection **link = &first;

	while (*link != c)
		link = &(*link)->next;
	*link = c->next;
	c->dropped = true;
	c->users++;
	store_release(c);
}

void
store_release(Collection *c)
{
	if (--c->users == 0 && c->dropped)
		destroy(c);
}

bool
store_is_dead(const Collection *c, int32_t row)
{
	return row < c->dead_cap && c->dead[row];
}

int32_t
store_nrows(const Collection *c)
{
	return c->rows->nrows - c->ndead;
}

bool
store_kill(Collection *c, int32_t row)
{
	if (row >= c->dead_cap)
	{
		int32_t		cap = c->rows->nrows * 2;
		uint8_t    *dead = mf_calloc(store_mem(), (size_t) cap);

		if (dead == NULL)
			return false;
		if (c->dead != NULL)
			memcpy(dead, c->dead, (size_t) c->dead_cap);
		mf_free(store_mem(), c->dead);
		c->dead = dead;
		c->dead_cap = cap;
	}
	c->ndead += !c->dead[row];
	c->dead[row] = 1;
	return true;
}

bool
copy_value(MfMem *mem, MfColumn *to, const MfColumn *from, int32_t row)
{
	MfState		state = mf_column_state(from, row);
	const char *bytes;
	size_t		len;

	if (state != MF_VALUE_PRESENT)
		return mf_append_state(mem, to, state);
	if (from->kind == MF_KIND_LIST)
	{
		for (int64_t i = from->offsets[row]; i < from->offsets[row + 1]; i++)
		{
			if (!copy_value(mem, to->child, from->child, (int32_t) i))
				return false;
		}
		return mf_append_list(mem, to);
	}
	if (mf_kind_is_vector(from->kind))
	{
		void	   *slot = mf_append_vector(mem, to);

		if (slot != NULL)
			memcpy(slot, mf_fixed_at(from, row), from->width);
		return slot != NULL;
	}
	if (from->width > 0)
		return mf_append_fixed(mem, to, mf_fixed_at(from, row));
	bytes = mf_varying_at(from, row, &len);
	return mf_append_bytes(mem, to, bytes, len);
}
