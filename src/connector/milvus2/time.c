/*
 * time.c - How does Milvus write a point in time?
 */
#include "encode.h"

#define DAY INT64_C(86400000000)

/* 0001-01-01 and the first moment after 9999-12-31, in microseconds from 1970 */
#define FIRST (INT64_C(-719162) * DAY)
#define BEYOND (INT64_C(2932897) * DAY)

bool
m2_time_ok(int64_t us)
{
	return us >= FIRST && us < BEYOND;
}

/*
 * Days since 0000-03-01 in eras of 400 years: the leap day then ends the year.
 * Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms".
 */
void
m2_time_text(int64_t us, char text[M2_TIME_TEXT + 1])
{
	int64_t		days = us / DAY - (us % DAY < 0);
	int64_t		rest = us - days * DAY;
	int64_t		z = days + 719468;
	int64_t		era = z / 146097;	/* not negative from year 1 on */
	int			day_of_era = (int) (z - era * 146097);
	int			year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
	int			day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
	int			shifted = (5 * day_of_year + 2) / 153;
	int			day = day_of_year - (153 * shifted + 2) / 5 + 1;
	int			month = shifted < 10 ? shifted + 3 : shifted - 9;
	int			year = (int) (era * 400) + year_of_era + (month <= 2);
	char		buf[80];

	snprintf(buf, sizeof(buf), "%04d-%02d-%02dT%02d:%02d:%02d.%06dZ", year, month, day,
			 (int) (rest / INT64_C(3600000000)), (int) (rest / 60000000 % 60), (int) (rest / 1000000 % 60),
			 (int) (rest % 1000000));
	memcpy(text, buf, M2_TIME_TEXT);
	text[M2_TIME_TEXT] = '\0';
}
