/*
 * encode.c - How do columns become the bytes of an Insert?
 *
 * Sizes first, then one pass that writes: no message is built in between.
 */
#include "encode.h"

/* Values of fields that may lack them are sent without gaps, beside a list of which are there. */
static MfStatus
prepare_field(const M2WritePlan *plan, const struct M2WriteField *field, M2Part *part,
			  const MfBatch *batch, int32_t first, int32_t count, MfError *err)
{
	part->plan = field;
	part->col = &batch->columns[field->column];
	part->name = field->field->name;
	part->type = field->type;
	part->gaps = field->field->nullable || field->field->has_default;
	part->built.mem = plan->mem;
	if (m2_part_check(plan, part, batch, first, count, err) != MF_OK)
		return MF_ERROR;
	return part->type == M2_ARRAY_OF_STRUCT ? m2_structs_build(plan, part, batch, first, count, err) : MF_OK;
}

MfStatus
m2_encode_insert(const char *database, const char *collection, const M2WritePlan *plan,
				 const MfBatch *batch, int32_t first, int32_t count,
				 uint8_t **body, size_t *len, MfError *err)
{
	int			nparts = plan->nfields + (plan->dynamic ? 1 : 0);
	M2Part	   *parts = mf_calloc(plan->mem, sizeof(M2Part) * (size_t) (nparts > 0 ? nparts : 1));
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
		return mf_error_oom(err, sizeof(M2Part) * (size_t) nparts);
	if (dlen > 0)
		total += m2_field_size(dlen);
	if (plan->dynamic)
		status = m2_dynamic_objects(plan, batch, first, count, &objects, &offsets, err);
	for (int i = 0; i < nparts && status == MF_OK; i++)
	{
		M2Part	   *part = &parts[i];

		if (i < plan->nfields)
			status = prepare_field(plan, &plan->fields[i], part, batch, first, count, err);
		else
		{
			part->name = M2_META;
			part->type = M2_JSON;
			part->bytes = objects;
			part->offsets = offsets;
		}
		if (status == MF_OK)
		{
			m2_part_measure(part, first, count);
			total += m2_field_size(part->field);
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
			p = m2_part_put(p, &parts[i], first, count);
		p = m2_put_int(p, 7, (uint64_t) count);
		if (plan->partial)
			p = m2_put_int(p, 9, 1);
		*len = (size_t) (p - *body);
	}
	for (int i = 0; i < nparts; i++)
		mf_free(plan->mem, parts[i].built.data);
	mf_free(plan->mem, objects);
	mf_free(plan->mem, offsets);
	mf_free(plan->mem, parts);
	return status;
}
