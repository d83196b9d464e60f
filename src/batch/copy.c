/*
 * copy.c - How does a value get from one column into another?
 */
#include <string.h>

#include "batch.h"

static bool
append_present(MfMem *mem, MfColumn *to, const MfColumn *from, int32_t row)
{
	if (from->kind == MF_KIND_LIST)
	{
		for (int64_t i = from->offsets[row]; i < from->offsets[row + 1]; i++)
		{
			if (!mf_append_from(mem, to->child, from->child, (int32_t) i))
				return false;
		}
		return mf_append_list(mem, to);
	}
	if (mf_kind_is_vector(from->kind))
	{
		void	   *at = mf_append_vector(mem, to);

		if (at != NULL)
			memcpy(at, mf_fixed_at(from, row), from->width);
		return at != NULL;
	}
	if (from->width > 0)
		return mf_append_fixed(mem, to, mf_fixed_at(from, row));
	{
		size_t		len;
		const char *bytes = mf_varying_at(from, row, &len);

		return mf_append_bytes(mem, to, bytes, len);
	}
}

bool
mf_append_from(MfMem *mem, MfColumn *to, const MfColumn *from, int32_t row)
{
	MfState		state = mf_column_state(from, row);

	return state == MF_VALUE_PRESENT ? append_present(mem, to, from, row) : mf_append_state(mem, to, state);
}
