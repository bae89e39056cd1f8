#include "kanda_text.h"


#define KANDA_TIME_DAY   86400000
#define KANDA_TIME_LAST  INT64_C(253402300799999)    /* of the year 9999 */
#define KANDA_TIME_BAD   INT64_MIN


static char *kanda_time_put(char *p, int64_t n, int digits);
static int64_t kanda_time_days(int64_t year, int64_t month, int64_t day);
static int64_t kanda_time_get(const char **p, const char *end, int digits,
    char after);
static int64_t kanda_time_fraction(const char **p, const char *end);
static int64_t kanda_time_offset(const char **p, const char *end);


void
kanda_time_format(char out[KANDA_TIME_LEN], int64_t ms)
{
    char     *p;
    int64_t  days, year, month;

    if (ms < 0) {
        ms = 0;
    }

    if (ms > KANDA_TIME_LAST) {
        ms = KANDA_TIME_LAST;
    }

    days = ms / KANDA_TIME_DAY;
    ms %= KANDA_TIME_DAY;

    /* a guess that is never too low, and at most six years too high */
    year = 1970 + days / 365;
    while (kanda_time_days(year, 1, 1) > days) {
        year--;
    }

    month = 12;
    while (kanda_time_days(year, month, 1) > days) {
        month--;
    }

    p = kanda_time_put(out, year, 4);
    *p++ = '-';
    p = kanda_time_put(p, month, 2);
    *p++ = '-';
    p = kanda_time_put(p, days - kanda_time_days(year, month, 1) + 1, 2);
    *p++ = 'T';
    p = kanda_time_put(p, ms / 3600000, 2);
    *p++ = ':';
    p = kanda_time_put(p, ms / 60000 % 60, 2);
    *p++ = ':';
    p = kanda_time_put(p, ms / 1000 % 60, 2);
    *p++ = '.';
    p = kanda_time_put(p, ms % 1000, 3);
    *p = 'Z';
}


int64_t
kanda_time_parse(const char *p, size_t len)
{
    int64_t      year, month, day, hour, minute, second, ms, offset, days;
    const char  *end;

    end = p + len;

    year = kanda_time_get(&p, end, 4, '-');
    month = kanda_time_get(&p, end, 2, '-');
    day = kanda_time_get(&p, end, 2, 'T');
    hour = kanda_time_get(&p, end, 2, ':');
    minute = kanda_time_get(&p, end, 2, ':');
    second = kanda_time_get(&p, end, 2, '\0');
    ms = kanda_time_fraction(&p, end);
    offset = kanda_time_offset(&p, end);

    if (year < 0 || month < 1 || month > 12 || day < 1 || hour < 0 || hour > 23
        || minute < 0 || minute > 59 || second < 0 || second > 60 || ms < 0
        || offset == KANDA_TIME_BAD || p != end)
    {
        return -1;
    }

    days = kanda_time_days(year, month, day);

    if (days >= (month < 12 ? kanda_time_days(year, month + 1, 1)
                            : kanda_time_days(year + 1, 1, 1)))
    {
        return -1;
    }

    minute += hour * 60 - offset;

    /* a leap second is the last one of a UTC day */
    if (second == 60 && (minute + 1440) % 1440 != 1439) {
        return -1;
    }

    ms += days * KANDA_TIME_DAY + minute * 60000 + second * 1000;

    return (ms < 0 || ms > KANDA_TIME_LAST) ? -1 : ms;
}


static char *
kanda_time_put(char *p, int64_t n, int digits)
{
    int  i;

    for (i = digits - 1; i >= 0; i--) {
        p[i] = (char) ('0' + n % 10);
        n /= 10;
    }

    return p + digits;
}


/* Days from 1970-01-01 in the Gregorian calendar, for years from 0 on. */
static int64_t
kanda_time_days(int64_t year, int64_t month, int64_t day)
{
    /* days before a month in a year that begins in March */
    static const int16_t  before[12] = {
        306, 337, 0, 31, 61, 92, 122, 153, 184, 214, 245, 275
    };

    /* January and February end the year before; one cycle keeps it >= 0 */
    year += 400 - (month < 3);

    return year * 365 + year / 4 - year / 100 + year / 400
           + before[month - 1] + day - 1 - 865565;
}


/* A number of so many digits and, unless it is NUL, the character after it;
 * once something was wrong, everything after it is. */
static int64_t
kanda_time_get(const char **p, const char *end, int digits, char after)
{
    int64_t      n;
    const char  *s;

    n = 0;

    for (s = *p; digits > 0; digits--, s++) {
        if (s >= end || *s < '0' || *s > '9') {
            return -1;
        }

        n = n * 10 + (*s - '0');
    }

    if (after != '\0') {
        if (s >= end || (*s != after && (after != 'T' || *s != 't'))) {
            return -1;
        }

        s++;
    }

    *p = s;

    return n;
}


static int64_t
kanda_time_fraction(const char **p, const char *end)
{
    int64_t      ms, unit;
    const char  *s;

    s = *p;

    if (s >= end || *s != '.') {
        return 0;
    }

    ms = 0;
    unit = 100;

    for (s++; s < end && *s >= '0' && *s <= '9'; s++) {
        ms += (*s - '0') * unit;
        unit /= 10;
    }

    if (s[-1] == '.') {
        return -1;
    }

    *p = s;

    return ms;
}


/* Minutes east of UTC. */
static int64_t
kanda_time_offset(const char **p, const char *end)
{
    char     sign;
    int64_t  hour, minute;

    if (*p >= end) {
        return KANDA_TIME_BAD;
    }

    sign = *(*p)++;

    if (sign == 'Z' || sign == 'z') {
        return 0;
    }

    hour = kanda_time_get(p, end, 2, ':');
    minute = kanda_time_get(p, end, 2, '\0');

    if ((sign != '+' && sign != '-') || hour < 0 || hour > 23 || minute < 0
        || minute > 59)
    {
        return KANDA_TIME_BAD;
    }

    return sign == '-' ? - (hour * 60 + minute) : hour * 60 + minute;
}
