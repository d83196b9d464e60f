/*
 * encode.c - How do columns become the bytes of an Insert?
 *
 * Sizes first, then one pass that writes: no message is built in between, and a
 * column of vectors is one copy.
 */
#include <stdlib.h>

#include "internal.h"

/* One field's sizes, inside out. */
typedef struct Sizes
{
	size_t		payload;		/* packed numbers, or all strings with their headers */
	size_t		array;			/* the array message */
	size_t		data;			/* ScalarField or VectorField */
	size_t		valid;			/* packed bools, one a row; 0 = not sent */
	size_t		field;			/* FieldData */
} Sizes;

typedef struct Part
{
	const struct M2WriteField *plan;
	const MfColumn *col;		/* NULL: the dynamic field */
	const char *bytes;			/* of the dynamic field */
	const size_t *offsets;
	const char *name;
	Sizes		size;
} Part;

/* Numbers of ScalarField's members */
static int
scalar_member(M2Type type)
{
	switch (type)
	{
		case M2_BOOL:
			return 1;
		case M2_INT64:
			return 3;
		case M2_FLOAT:
			return 4;
		case M2_DOUBLE:
			return 5;
		case M2_VARCHAR:
			return 6;
		case M2_JSON:
			return 9;
		default:
			return 2;			/* Int8, Int16, Int32 */
	}
}

static M2Type
part_type(const Part *part)
{
	return part->col == NULL ? M2_JSON : part->plan->type;
}

/* Values of fields that may lack them are sent without gaps, beside a list of which are there. */
static bool
sends_valid(const Part *part)
{
	return part->col != NULL && (part->plan->field->nullable || part->plan->field->has_default);
}

static inline bool
is_there(const MfColumn *col, int32_t row)
{
	return (col->valid[row >> 3] & (1 << (row & 7))) != 0;
}

static inline uint64_t
int_at(const MfColumn *col, int32_t row)
{
	const void *at = mf_fixed_at(col, row);

	/* int32 of protobuf is sign-extended to 64 bits */
	switch (col->kind)
	{
		case MF_KIND_I8:
			return (uint64_t) (int64_t) *(const int8_t *) at;
		case MF_KIND_I16:
			return (uint64_t) (int64_t) *(const int16_t *) at;
		case MF_KIND_I32:
			return (uint64_t) (int64_t) *(const int32_t *) at;
		default:
			return (uint64_t) *(const int64_t *) at;
	}
}

static bool
is_varying(M2Type type)
{
	return type == M2_VARCHAR || type == M2_JSON;
}

static size_t
text_at(const Part *part, int32_t first, int32_t row, const char **text)
{
	size_t		len;

	if (part->col != NULL)
	{
		*text = mf_varying_at(part->col, row, &len);
		return len;
	}
	*text = part->bytes + part->offsets[row - first];
	return part->offsets[row - first + 1] - part->offsets[row - first];
}

static size_t
payload_size(const Part *part, int32_t first, int32_t count, bool gaps)
{
	M2Type		type = part_type(part);
	const MfColumn *col = part->col;
	size_t		size = 0;
	int32_t		there = count;

	if (is_varying(type))
	{
		for (int32_t row = first; row < first + count; row++)
		{
			const char *text;

			if (!gaps || is_there(col, row))
				size += m2_field_size(text_at(part, first, row, &text));
		}
		return size;
	}
	if (gaps)
	{
		there = 0;
		for (int32_t row = first; row < first + count; row++)
			there += is_there(col, row);
	}
	if (type == M2_BOOL || type == M2_FLOAT || type == M2_DOUBLE || type == M2_FLOAT_VECTOR)
		return (size_t) there * col->width;
	for (int32_t row = first; row < first + count; row++)
	{
		if (!gaps || is_there(col, row))
			size += m2_varint_size(int_at(col, row));
	}
	return size;
}

static void
measure(Part *part, int32_t first, int32_t count)
{
	Sizes	   *s = &part->size;
	M2Type		type = part_type(part);
	size_t		name = strlen(part->name);

	s->valid = sends_valid(part) ? (size_t) count : 0;
	s->payload = payload_size(part, first, count, s->valid > 0);
	s->array = is_varying(type) ? s->payload : m2_field_size(s->payload);
	s->data = m2_field_size(s->array);
	if (type == M2_FLOAT_VECTOR)
		s->data += 1 + m2_varint_size((uint64_t) part->col->dim);
	s->field = 1 + m2_varint_size((uint64_t) type) + m2_field_size(name) + m2_field_size(s->data);
	if (part->col == NULL)
		s->field += 2;			/* is_dynamic */
	if (s->valid > 0)
		s->field += m2_field_size(s->valid);
}

static uint8_t *
put_numbers(uint8_t *p, const Part *part, int32_t first, int32_t count, bool gaps)
{
	const MfColumn *col = part->col;
	M2Type		type = part->plan->type;

	if (type != M2_BOOL && type != M2_FLOAT && type != M2_DOUBLE && type != M2_FLOAT_VECTOR)
	{
		for (int32_t row = first; row < first + count; row++)
		{
			if (!gaps || is_there(col, row))
				p = m2_put_varint(p, int_at(col, row));
		}
	}
	else if (!gaps && col->stride == col->width)
	{
		memcpy(p, mf_fixed_at(col, first), (size_t) count * col->width);
		p += (size_t) count * col->width;
	}
	else
	{
		for (int32_t row = first; row < first + count; row++)
		{
			if (gaps && !is_there(col, row))
				continue;
			memcpy(p, mf_fixed_at(col, row), col->width);
			p += col->width;
		}
	}
	return p;
}

static uint8_t *
put_part(uint8_t *p, const Part *part, int32_t first, int32_t count)
{
	const Sizes *s = &part->size;
	M2Type		type = part_type(part);

	p = m2_put_header(p, 5, s->field);	/* InsertRequest.fields_data */
	p = m2_put_int(p, 1, (uint64_t) type);
	p = m2_put_bytes(p, 2, part->name, strlen(part->name));
	if (type == M2_FLOAT_VECTOR)
	{
		p = m2_put_header(p, 4, s->data);
		p = m2_put_int(p, 1, (uint64_t) part->col->dim);
		p = m2_put_header(p, 2, s->array);
	}
	else
	{
		p = m2_put_header(p, 3, s->data);
		p = m2_put_header(p, scalar_member(type), s->array);
	}
	if (is_varying(type))
	{
		for (int32_t row = first; row < first + count; row++)
		{
			const char *text;
			size_t		len;

			if (s->valid > 0 && !is_there(part->col, row))
				continue;
			len = text_at(part, first, row, &text);
			p = m2_put_bytes(p, 1, text, len);
		}
	}
	else
	{
		p = m2_put_header(p, 1, s->payload);
		p = put_numbers(p, part, first, count, s->valid > 0);
	}
	if (part->col == NULL)
		p = m2_put_int(p, 6, 1);
	if (s->valid > 0)
	{
		p = m2_put_header(p, 7, s->valid);
		for (int32_t row = first; row < first + count; row++)
			*p++ = is_there(part->col, row);
	}
	return p;
}

/* The core has refused these already; a server would say it less well. */
static MfStatus
check_nulls(const M2WritePlan *plan, const Part *part, const MfBatch *batch,
			int32_t first, int32_t count, MfError *err)
{
	if (part->col->nnull == 0 || sends_valid(part))
		return MF_OK;
	for (int32_t row = first; row < first + count; row++)
	{
		if (is_there(part->col, row))
			continue;
		mf_error(err, MF_NOT_NULL_VIOLATION, "field \"%s\" of collection \"%s\" holds no NULL",
				 part->name, plan->spec->collection->name);
		m2_error_row(plan, batch, row, part->plan->column, err);
		return MF_ERROR;
	}
	return MF_OK;
}

/* Milvus refuses a whole batch for one NaN, without saying whose. */
static MfStatus
check_finite(const M2WritePlan *plan, const Part *part, const MfBatch *batch,
			 int32_t first, int32_t count, MfError *err)
{
	const MfColumn *col = part->col;

	for (int32_t row = first; row < first + count; row++)
	{
		const char *at = mf_fixed_at(col, row);
		uint32_t	bad = 0;

		for (int32_t i = 0; i < col->dim; i++)
		{
			uint32_t	bits;

			memcpy(&bits, at + 4 * (size_t) i, 4);
			bad |= (bits & 0x7F800000) == 0x7F800000;
		}
		if (!bad)
			continue;
		mf_error(err, MF_DATA_EXCEPTION, "a vector for field \"%s\" has NaN or infinity in it", part->name);
		mf_error_detail(err, "Milvus takes finite numbers only.");
		m2_error_row(plan, batch, row, part->plan->column, err);
		return MF_ERROR;
	}
	return MF_OK;
}

/* Milvus refuses a whole batch for one value, without saying which, that is neither an object nor null. */
static MfStatus
check_json(const M2WritePlan *plan, const Part *part, const MfBatch *batch,
		   int32_t first, int32_t count, MfError *err)
{
	for (int32_t row = first; row < first + count; row++)
	{
		size_t		len;
		const char *text = mf_varying_at(part->col, row, &len);
		size_t		at = 0;

		if (!is_there(part->col, row))
			continue;
		while (at < len && strchr(" \t\r\n", text[at]) != NULL)
			at++;
		if (at < len && (text[at] == '{' || text[at] == 'n'))
			continue;
		mf_error(err, MF_INVALID_JSON, "field \"%s\" of type JSON takes only objects", part->name);
		mf_error_detail(err, "Milvus refuses arrays, texts, numbers and booleans at the top.");
		mf_error_hint(err, "Put it into one, for example with jsonb_build_object('value', ...).");
		m2_error_row(plan, batch, row, part->plan->column, err);
		return MF_ERROR;
	}
	return MF_OK;
}

/* Milvus 2.3 stores and counts the one key, and no query ever finds it. */
static MfStatus
check_key(const M2WritePlan *plan, const Part *part, const MfBatch *batch,
		  int32_t first, int32_t count, MfError *err)
{
	for (int32_t row = first; row < first + count; row++)
	{
		if (int_at(part->col, row) != (uint64_t) INT64_MAX)
			continue;
		mf_error(err, MF_NUMERIC_OUT_OF_RANGE, "the largest integer cannot be a primary key of Milvus");
		mf_error_detail(err, "Milvus would store %lld, but never find it again.", (long long) INT64_MAX);
		m2_error_row(plan, batch, row, part->plan->column, err);
		return MF_ERROR;
	}
	return MF_OK;
}

MfStatus
m2_encode_insert(const char *database, const char *collection, const M2WritePlan *plan,
				 const MfBatch *batch, int32_t first, int32_t count,
				 uint8_t **body, size_t *len, MfError *err)
{
	int			nparts = plan->nfields + (plan->dynamic ? 1 : 0);
	Part	   *parts = mf_calloc(plan->mem, sizeof(Part) * (size_t) (nparts > 0 ? nparts : 1));
	size_t		dlen = strlen(database);
	size_t		clen = strlen(collection);
	size_t		plen = strlen(plan->to);
	size_t		total = m2_field_size(clen) + m2_field_size(plen) + 1 + m2_varint_size((uint64_t) count) + 2;
	char	   *objects = NULL;
	size_t	   *offsets = NULL;
	uint8_t    *p;
	MfStatus	status = MF_OK;

	*body = NULL;
	*len = 0;
	if (parts == NULL)
		return mf_error_oom(err, sizeof(Part) * (size_t) nparts);
	if (dlen > 0)
		total += m2_field_size(dlen);
	if (plan->dynamic)
		status = m2_dynamic_objects(plan, batch, first, count, &objects, &offsets, err);
	for (int i = 0; i < nparts && status == MF_OK; i++)
	{
		Part	   *part = &parts[i];

		if (i < plan->nfields)
		{
			part->plan = &plan->fields[i];
			part->col = &batch->columns[part->plan->column];
			part->name = part->plan->field->name;
			status = check_nulls(plan, part, batch, first, count, err);
			if (status == MF_OK && part->plan->type == M2_FLOAT_VECTOR)
				status = check_finite(plan, part, batch, first, count, err);
			if (status == MF_OK && part->plan->type == M2_JSON)
				status = check_json(plan, part, batch, first, count, err);
			if (status == MF_OK && part->plan->type == M2_INT64 && part->plan->field->key)
				status = check_key(plan, part, batch, first, count, err);
		}
		else
		{
			part->name = M2_META;
			part->bytes = objects;
			part->offsets = offsets;
		}
		if (status == MF_OK)
		{
			measure(part, first, count);
			total += m2_field_size(part->size.field);
		}
	}
	if (status == MF_OK)
	{
		*body = malloc(total);
		if (*body == NULL)
			status = mf_error_oom(err, total);
	}
	if (status == MF_OK)
	{
		p = *body;
		if (dlen > 0)
			p = m2_put_bytes(p, 2, database, dlen);
		p = m2_put_bytes(p, 3, collection, clen);
		if (plen > 0)
			p = m2_put_bytes(p, 4, plan->to, plen);
		for (int i = 0; i < nparts; i++)
			p = put_part(p, &parts[i], first, count);
		p = m2_put_int(p, 7, (uint64_t) count);
		if (plan->partial)
			p = m2_put_int(p, 9, 1);
		*len = (size_t) (p - *body);
	}
	mf_free(plan->mem, objects);
	mf_free(plan->mem, offsets);
	mf_free(plan->mem, parts);
	return status;
}
