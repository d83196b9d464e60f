/*
 * date.c - Which microsecond does a date written by a document store mean?
 *
 * Years have four digits; what is left out is the first of its kind (month
 * and day 1, midnight); no zone means UTC; digits beyond the microsecond are
 * rounded to the nearest, as PostgreSQL does.
 */
#include "json_internal.h"

#define SECONDS_A_DAY 86400

/* Read exactly `n` digits. */
static bool
digits(const char **p, const char *end, int n, int *out)
{
	int			v = 0;

	if (end - *p < n)
		return false;
	for (int i = 0; i < n; i++)
	{
		if (!json_is_digit((*p)[i]))
			return false;
		v = v * 10 + ((*p)[i] - '0');
	}
	*p += n;
	*out = v;
	return true;
}

static int
days_in_month(int year, int month)
{
	static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
	bool		leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;

	return days[month - 1] + (month == 2 && leap);
}

/* Days since 1970-01-01 by the proleptic Gregorian calendar. */
static int64_t
day_number(int year, int month, int day)
{
	/* count years from March, so that the leap day is the last of its year */
	int64_t		y = month > 2 ? year : year - 1;
	int64_t		era = (y >= 0 ? y : y - 399) / 400;
	int64_t		of_era = y - era * 400;
	int64_t		of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;

	return era * 146097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719468;
}

/* Z, +hh, +hhmm or +hh:mm, to the end of the text. */
static bool
zone(const char *p, const char *end, int *seconds)
{
	int			hours;
	int			minutes = 0;
	int			sign;

	*seconds = 0;
	if (p == end)
		return true;
	if (*p == ' ')
		p++;
	if (end - p == 1 && (*p == 'Z' || *p == 'z'))
		return true;
	if (p == end || (*p != '+' && *p != '-'))
		return false;
	sign = *p++ == '-' ? -1 : 1;
	if (!digits(&p, end, 2, &hours))
		return false;
	if (p < end)
	{
		if (*p == ':')
			p++;
		if (!digits(&p, end, 2, &minutes))
			return false;
	}
	if (p != end || hours > 18 || minutes > 59)
		return false;
	*seconds = sign * (hours * 3600 + minutes * 60);
	return true;
}

static bool
iso_date(const char *p, const char *end, int64_t *us)
{
	int			year;
	int			month = 1;
	int			day = 1;
	int			hour = 0;
	int			minute = 0;
	int			second = 0;
	int64_t		micros = 0;
	int			offset = 0;

	if (!digits(&p, end, 4, &year))
		return false;
	if (p < end && (*p == '-' || *p == '/'))
	{
		char		separator = *p++;

		if (!digits(&p, end, 2, &month) || month < 1 || month > 12)
			return false;
		if (p < end && *p == separator)
		{
			p++;
			if (!digits(&p, end, 2, &day) || day < 1 || day > days_in_month(year, month))
				return false;
		}
	}
	if (p < end && (*p == 'T' || (*p == ' ' && end - p > 1 && json_is_digit(p[1]))))
	{
		p++;
		/* "2024-05-01T" is a date for these servers */
		if (p < end && (!digits(&p, end, 2, &hour) || hour > 23))
			return false;
		if (p < end && *p == ':')
		{
			p++;
			if (!digits(&p, end, 2, &minute) || minute > 59)
				return false;
			if (p < end && *p == ':')
			{
				p++;
				if (!digits(&p, end, 2, &second) || second > 59)
					return false;
				if (p < end && (*p == '.' || *p == ','))
				{
					int			n = 0;

					for (p++; p < end && json_is_digit(*p); p++, n++)
					{
						if (n < 6)
							micros = micros * 10 + (*p - '0');
						else if (n == 6)
							micros += *p >= '5';
					}
					if (n == 0)
						return false;
					for (; n < 6; n++)
						micros *= 10;
				}
			}
		}
	}
	if (!zone(p, end, &offset))
		return false;
	*us = (day_number(year, month, day) * SECONDS_A_DAY + hour * 3600 + minute * 60 + second - offset)
		* 1000000 + micros;
	return true;
}

/* value * 10^power, rounded to the nearest whole number. */
static bool
scaled(const MfJsonNumber *n, int power, int64_t *us)
{
	uint64_t	m = n->mantissa;
	int32_t		e = n->exp10 + power;

	if (!n->exact)
		return false;
	for (; e > 0 && m != 0; e--)
	{
		if (__builtin_mul_overflow(m, 10, &m))
			return false;
	}
	if (e < 0)
	{
		uint64_t	last = 0;

		for (; e < 0 && (m != 0 || last != 0); e++)
		{
			last = m % 10;
			m /= 10;
		}
		m += last >= 5;
	}
	if (m > INT64_MAX)
		return false;
	*us = n->negative ? -(int64_t) m : (int64_t) m;
	return true;
}

bool
mf_json_date(const char *text, size_t len, int formats, int64_t *us)
{
	MfJsonNumber number;

	/*
	 * Four digits are a year, also where milliseconds are allowed: the servers
	 * read them so.  With a minus it is a year before those that are read here.
	 */
	if ((formats & MF_DATE_ISO) && iso_date(text, text + len, us))
		return true;
	if ((formats & MF_DATE_ISO) && len == 5 && text[0] == '-')
		return false;
	if ((formats & (MF_DATE_MILLIS | MF_DATE_SECONDS)) && mf_json_number_text(text, len, &number))
		return scaled(&number, formats & MF_DATE_MILLIS ? 3 : 6, us);
	return false;
}
