/*
 * real.c - Which digits say a float?
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "internal.h"

int
m2_real_text(char *text, size_t size, double value, bool single)
{
	int			len = 0;

	if (isnan(value))
		return snprintf(text, size, "NaN");
	if (isinf(value))
		return snprintf(text, size, value < 0 ? "-Infinity" : "Infinity");
	for (int digits = single ? 6 : 15; digits <= (single ? 9 : 17); digits++)
	{
		len = snprintf(text, size, "%.*g", digits, value);
		if (single ? strtof(text, NULL) == (float) value : strtod(text, NULL) == value)
			break;
	}
	return len;
}

bool
m2_put_real(MfJsonBuf *buf, double value, bool single)
{
	char		text[40];

	if (!isfinite(value))
		return false;
	m2_real_text(text, sizeof(text), value, single);
	mf_json_buf_add(buf, text);
	return true;
}
