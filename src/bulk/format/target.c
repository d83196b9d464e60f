/*
 * target.c - What does the Milvus that is to read a file take?
 *
 * By the importers of its versions (internal/util/importutil until 2.3,
 * importutilv2 from 2.4 on) and their release notes.
 */
#include "format.h"

#define V(major, minor, patch) ((major) * 1000000 + (minor) * 1000 + (patch))

static const struct
{
	MfKind		kind;
	int			any;			/* first version that imports it in some format */
	int			numpy;			/* and as NumPy; 0 = never */
}			since[] = {
	{MF_KIND_BOOL, V(2, 2, 0), V(2, 2, 0)},
	{MF_KIND_I8, V(2, 2, 0), V(2, 2, 0)},
	{MF_KIND_I16, V(2, 2, 0), V(2, 2, 0)},
	{MF_KIND_I32, V(2, 2, 0), V(2, 2, 0)},
	{MF_KIND_I64, V(2, 2, 0), V(2, 2, 0)},
	{MF_KIND_F32, V(2, 2, 0), V(2, 2, 0)},
	{MF_KIND_F64, V(2, 2, 0), V(2, 2, 0)},
	{MF_KIND_TEXT, V(2, 2, 0), V(2, 2, 0)},
	{MF_KIND_JSON, V(2, 2, 9), V(2, 2, 9)},
	{MF_KIND_TIMESTAMP, V(2, 6, 0), V(2, 6, 0)},
	{MF_KIND_LIST, V(2, 3, 0), 0},
	{MF_KIND_VEC_F32, V(2, 2, 0), V(2, 2, 0)},
	{MF_KIND_VEC_BIT, V(2, 2, 0), V(2, 2, 0)},
	{MF_KIND_VEC_F16, V(2, 4, 1), V(2, 4, 5)},
	{MF_KIND_VEC_BF16, V(2, 4, 1), V(2, 4, 5)},
	{MF_KIND_VEC_I8, V(2, 5, 0), V(2, 5, 0)},
	{MF_KIND_SPARSE, V(2, 4, 3), 0},
};

/* First version that imports such a column, as NumPy or otherwise; 0 = none. */
static int
first_version(const MfFormatColumn *column, bool numpy)
{
	if (column->structs)
		return numpy ? 0 : V(2, 6, 0);
	for (size_t i = 0; i < sizeof(since) / sizeof(since[0]); i++)
	{
		if (since[i].kind == column->kind)
			return numpy ? since[i].numpy : since[i].any;
	}
	return 0;
}

/* Arrays hold scalars. */
static bool
is_element(MfKind kind)
{
	return (kind >= MF_KIND_BOOL && kind <= MF_KIND_I64) || kind == MF_KIND_F32 || kind == MF_KIND_F64 || kind == MF_KIND_TEXT;
}

static const char *
milvus_refuses(const MfFormat *format, int version, const MfFormatColumn *column)
{
	bool		numpy = format == &mf_format_numpy;
	int			first = first_version(column, numpy);

	if (version < format->milvus)
		return "This version of Milvus does not import the format.";
	if (first_version(column, false) == 0 || (column->kind == MF_KIND_LIST && !is_element(column->elem)))
		return "Milvus has no field for it.";
	if (column->structs && format == &mf_format_parquet)
		return "An array of structs is imported from JSON.";
	if (first == 0)
		return "Milvus does not import such a field from NumPy files.";
	return version < first ? "This version of Milvus does not import such a field." : NULL;
}

const char *
mf_format_refuse(const MfFormat *format, const MfFormatTarget *target, const MfFormatColumn *column)
{
	const char *why = format->refuse(column);

	return why == NULL && target->milvus > 0 ? milvus_refuses(format, target->milvus, column) : why;
}

/*
 * Parquet is small and has every type; NumPy is quick, where there is no
 * Parquet; JSON is large and slow, and always there.
 */
const MfFormat *
mf_format_choose(const MfFormatTarget *target, const MfFormatColumn *columns, int ncolumns, const char **why, int *column)
{
	static const struct
	{
		const MfFormat *format;
		const char *why;
	}			choices[] = {
		{&mf_format_parquet, "the smallest that the server reads and that holds every column"},
		{&mf_format_numpy, "the server reads no Parquet, and the columns need no arrays or NULL"},
		{&mf_format_json, "the only one that the server reads and that holds every column"},
	};

	for (size_t f = 0; f < sizeof(choices) / sizeof(choices[0]); f++)
	{
		const MfFormat *format = choices[f].format;

		*why = NULL;
		for (*column = 0; *column < ncolumns; ++*column)
		{
			*why = mf_format_refuse(format, target, &columns[*column]);
			/* before it is known that no value is one, a NULL is to be expected */
			if (*why == NULL && format == &mf_format_numpy && target->milvus >= V(2, 5, 0) && !columns[*column].not_null)
				*why = "NumPy files cannot hold NULL.";
			if (*why != NULL)
				break;
		}
		if (*why == NULL)
		{
			*why = choices[f].why;
			return format;
		}
	}
	return NULL;
}

bool
mf_format_no_null(const MfEncodeSpec *spec, const MfFormatColumn *column)
{
	return column->not_null || (spec->target.milvus > 0 && spec->target.milvus < V(2, 5, 0) && !column->dynamic);
}

bool
mf_format_time_text(const MfEncodeSpec *spec)
{
	return spec->target.milvus > 0;
}
