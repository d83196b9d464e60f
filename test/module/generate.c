/*
 * generate.c - Which rows does the test remote make up?
 *
 * Row i (from 1) always has the same values, in any number.  The pseudo fields
 * are texts that not every database can hold.
 */
#include <stdio.h>
#include <string.h>

#include "test.h"

#define START_US INT64_C(1577836800000000)	/* 2020-01-01 00:00:00 UTC */

const char *const generated_name = "generated";

static const MfField generated_fields[] = {
	{.name = "id",.native = "i64",.kind = MF_KIND_I64,.key = true},
	{.name = "n",.native = "i32",.kind = MF_KIND_I32,.nullable = true},
	{.name = "txt",.native = "text",.kind = MF_KIND_TEXT},
	{.name = "v",.native = "vec_f32",.kind = MF_KIND_VEC_F32,.metric = "IP"},
	{.name = "price",.native = "f64",.kind = MF_KIND_F64},
	{.name = "flag",.native = "bool",.kind = MF_KIND_BOOL},
	{.name = "js",.native = "json",.kind = MF_KIND_JSON},
	{.name = "ts",.native = "timestamp",.kind = MF_KIND_TIMESTAMP},
	{.name = "bad",.native = "text",.kind = MF_KIND_TEXT,.pseudo = true},
	{.name = "nul",.native = "text",.kind = MF_KIND_TEXT,.pseudo = true},
	{.name = "accent",.native = "text",.kind = MF_KIND_TEXT,.pseudo = true},
	{.name = "snow",.native = "text",.kind = MF_KIND_TEXT,.pseudo = true},
	{.name = "broken",.native = "json",.kind = MF_KIND_JSON,.pseudo = true},
	{.name = "never",.native = "timestamp",.kind = MF_KIND_TIMESTAMP,.pseudo = true},
};

void
generated_describe(MfCollection *desc, MfField *fields, int64_t rows, int dim)
{
	desc->name = generated_name;
	desc->rows = rows;
	desc->state = "loaded";
	desc->nfields = sizeof(generated_fields) / sizeof(generated_fields[0]);
	desc->fields = fields;
	memcpy(fields, generated_fields, sizeof(generated_fields));
	for (int i = 0; i < desc->nfields; i++)
	{
		if (fields[i].kind == MF_KIND_VEC_F32)
			fields[i].dim = dim;
	}
}

static bool
append_text(MfMem *mem, MfColumn *col, const char *field, int64_t i)
{
	char		text[64];
	int			len;

	if (strcmp(field, "bad") == 0)
		return mf_append_bytes(mem, col, "ab\xC3\x28", 4);
	if (strcmp(field, "nul") == 0)
		return mf_append_bytes(mem, col, "ab\0cd", 5);
	if (strcmp(field, "accent") == 0)
		return mf_append_bytes(mem, col, "caf\xC3\xA9", 5);
	if (strcmp(field, "snow") == 0)
		return mf_append_bytes(mem, col, "\xE2\x98\x83", 3);
	if (strcmp(field, "broken") == 0)
		return mf_append_bytes(mem, col, "{\"i\": ", 6);
	len = snprintf(text, sizeof(text), col->kind == MF_KIND_JSON ? "{\"i\": %lld}" : "text %lld", (long long) i);
	return mf_append_bytes(mem, col, text, (size_t) len);
}

bool
generated_append(MfMem *mem, MfColumn *col, const char *field, int64_t i)
{
	switch (col->kind)
	{
		case MF_KIND_I64:
			return mf_append_fixed(mem, col, &i);
		case MF_KIND_I32:
			return i % 10 == 0 ? mf_append_state(mem, col, MF_VALUE_NULL) :
				mf_append_fixed(mem, col, &(int32_t) {(int32_t) (i * 10)});
		case MF_KIND_F64:
			return mf_append_fixed(mem, col, &(double) {(double) i * 1.5});
		case MF_KIND_BOOL:
			return mf_append_fixed(mem, col, &(uint8_t) {i % 2 == 0});
		case MF_KIND_TIMESTAMP:
			return mf_append_fixed(mem, col, &(int64_t) {
				strcmp(field, "never") == 0 ? INT64_MIN + i : START_US + i * 1000000
			});
		case MF_KIND_VEC_F32:
			{
				float	   *v = mf_append_vector(mem, col);

				for (int32_t j = 0; v != NULL && j < col->dim; j++)
					v[j] = (float) i + (float) j * 0.25f;
				return v != NULL;
			}
		default:
			return append_text(mem, col, field, i);
	}
}
