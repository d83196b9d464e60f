/*
 * decode_reply.c - What are the parts of a reply to Query?
 *
 * It is read by hand: nothing is copied here, and nothing believed.
 */
#include "decode.h"

#define MAX_REPLY_FIELDS 4096

MfStatus
m2_broken(MfError *err, const char *where)
{
	return m2_error_reply(err, M2_QUERY, "%s is cut short or malformed", where);
}

/* ------------------------------------------------------------------ the parts */

static bool
read_status(M2Span span, M2QueryReply *reply)
{
	M2Reader	r = m2_reader(span);
	uint32_t	field;
	int			wire;

	while (m2_read_tag(&r, &field, &wire))
	{
		if (field == 1 && wire == WIRE_VARINT)
			reply->error_code = (int32_t) m2_read_varint(&r);
		else if (field == 2 && wire == WIRE_BYTES)
			reply->reason = m2_read_span(&r);
		else if (field == 3 && wire == WIRE_VARINT)
			reply->code = (int32_t) m2_read_varint(&r);
		else
			m2_skip(&r, wire);
	}
	return !r.bad;
}

bool
m2_field_reply(M2Span span, M2FieldReply *out)
{
	M2Reader	r = m2_reader(span);
	uint32_t	field;
	int			wire;

	memset(out, 0, sizeof(*out));
	out->message = span;
	while (m2_read_tag(&r, &field, &wire))
	{
		if (field == 1 && wire == WIRE_VARINT)
			out->type = (int32_t) m2_read_varint(&r);
		else if (field == 2 && wire == WIRE_BYTES)
			out->name = m2_read_span(&r);
		else if (field == 3 && wire == WIRE_BYTES)
			out->scalars = m2_read_span(&r);
		else if (field == 4 && wire == WIRE_BYTES)
			out->vectors = m2_read_span(&r);
		else if (field == 8 && wire == WIRE_BYTES)
			out->structs = m2_read_span(&r);
		else if (field == 6 && wire == WIRE_VARINT)
			out->dynamic = m2_read_varint(&r) != 0;
		else
		{
			out->has_valid |= field == 7;
			m2_skip(&r, wire);
		}
	}
	return !r.bad;
}

MfStatus
m2_query_reply(MfMem *mem, const uint8_t *bytes, size_t len, M2QueryReply *reply, MfError *err)
{
	M2Reader	r = m2_reader((M2Span) {bytes, len});
	uint32_t	field;
	int			wire;
	int			cap = 0;
	bool		good = true;

	memset(reply, 0, sizeof(*reply));
	while (good && m2_read_tag(&r, &field, &wire))
	{
		if (field == 1 && wire == WIRE_BYTES)
			good = read_status(m2_read_span(&r), reply);
		else if (field == 2 && wire == WIRE_BYTES)
		{
			if (reply->nfields == cap)
			{
				M2FieldReply *bigger = NULL;

				cap = cap == 0 ? 32 : cap * 2;
				if (cap <= MAX_REPLY_FIELDS)
					bigger = mf_realloc(mem, reply->fields, sizeof(M2FieldReply) * (size_t) cap);
				if (bigger == NULL)
				{
					mf_free(mem, reply->fields);
					reply->fields = NULL;
					return cap > MAX_REPLY_FIELDS ?
						m2_error_reply(err, M2_QUERY, "it has more than %d fields", MAX_REPLY_FIELDS) :
						mf_error_oom(err, sizeof(M2FieldReply) * (size_t) cap);
				}
				reply->fields = bigger;
			}
			good = m2_field_reply(m2_read_span(&r), &reply->fields[reply->nfields++]);
		}
		else if (field == 5 && wire == WIRE_VARINT)
			reply->session_ts = m2_read_varint(&r);
		else
			m2_skip(&r, wire);
	}
	if (good && !r.bad)
		return MF_OK;
	mf_free(mem, reply->fields);
	reply->fields = NULL;
	reply->nfields = 0;
	return m2_broken(err, "a message");
}

const M2FieldReply *
m2_reply_field(const M2QueryReply *reply, const char *name)
{
	size_t		len = strlen(name);

	for (int i = 0; i < reply->nfields; i++)
	{
		if (reply->fields[i].name.len == len && len > 0 && memcmp(reply->fields[i].name.at, name, len) == 0)
			return &reply->fields[i];
	}
	return NULL;
}

/* ----------------------------------------------------------------- the values */

bool
m2_member(M2Span span, uint32_t number, M2Span *out)
{
	M2Reader	r = m2_reader(span);
	uint32_t	field;
	int			wire;

	*out = (M2Span) {NULL, 0};
	while (m2_read_tag(&r, &field, &wire))
	{
		if (field == number && wire == WIRE_BYTES)
			*out = m2_read_span(&r);
		else
			m2_skip(&r, wire);
	}
	return !r.bad;
}

M2Values
m2_reply_json(const M2FieldReply *field)
{
	M2Span		array = {NULL, 0};

	if (field != NULL && !m2_member(field->scalars, (uint32_t) m2_type_member(M2_JSON), &array))
		array.at = NULL;
	if (array.at == NULL)
		array = (M2Span) {(const uint8_t *) "", 0};
	return m2_values(array);
}
