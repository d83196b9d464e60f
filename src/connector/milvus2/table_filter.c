/*
 * table_filter.c - Which rows of a collection does a table with option "filter" hold?
 *
 * Those that an expression in Milvus's own language finds.  It is passed on as
 * it is, so only what could leave its parentheses is refused here.
 */
#include "internal.h"
#include "json.h"

bool
m2_table_filter_check(const char *value, const char **why)
{
	int			depth = 0;
	char		quote = '\0';

	for (const char *p = value; *p != '\0'; p++)
	{
		if (quote != '\0')
		{
			if (*p == '\\' && p[1] != '\0')
				p++;
			else if (*p == quote)
				quote = '\0';
		}
		else if (*p == '"' || *p == '\'')
			quote = *p;
		else if (*p == '(' || *p == '[')
			depth++;
		else if ((*p == ')' || *p == ']') && --depth < 0)
			break;
	}
	*why = quote != '\0' ? "A string literal is not closed." : "Its parentheses do not match.";
	return depth == 0 && quote == '\0' && value[strspn(value, " \t\r\n")] != '\0';
}

void
m2_table_filter(MfJsonBuf *expr, const MfOptions *table)
{
	const char *filter = mf_option(table, "filter");

	if (filter == NULL)
		return;
	mf_json_buf_add(expr, expr->len > 0 ? " and (" : "(");
	mf_json_buf_add(expr, filter);
	mf_json_buf_add(expr, ")");
}

void
m2_table_filter_error(const MfOptions *table, MfError *err)
{
	const char *filter = mf_option(table, "filter");

	if (filter == NULL || (strstr(err->detail, "expression") == NULL && strstr(err->detail, "query plan") == NULL))
		return;
	mf_error_hint(err, "Is option \"filter\" of the table, %.200s, an expression for this collection?", filter);
}
