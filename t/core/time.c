#include <time.h>

#include "kanda_text.h"
#include "tap.h"


#define ROWS(table)  (sizeof(table) / sizeof((table)[0]))


static void
formats(void)
{
    static const struct {
        int64_t      ms;
        const char  *text;
    } rows[] = {
        { 0, "1970-01-01T00:00:00.000Z" },
        { 1, "1970-01-01T00:00:00.001Z" },
        { 951782399999, "2000-02-28T23:59:59.999Z" },
        { 951782400000, "2000-02-29T00:00:00.000Z" },
        { 1704067199999, "2023-12-31T23:59:59.999Z" },
        { 1767322985678, "2026-01-02T03:03:05.678Z" },
        { 4107542399000, "2100-02-28T23:59:59.000Z" },
        { 4107542400000, "2100-03-01T00:00:00.000Z" },
        { 253402300799999, "9999-12-31T23:59:59.999Z" },
        { -1, "1970-01-01T00:00:00.000Z" },
        { INT64_MIN, "1970-01-01T00:00:00.000Z" },
        { 253402300800000, "9999-12-31T23:59:59.999Z" },
        { INT64_MAX, "9999-12-31T23:59:59.999Z" }
    };

    char    out[KANDA_TIME_LEN];
    size_t  i;

    for (i = 0; i < ROWS(rows); i++) {
        kanda_time_format(out, rows[i].ms);
        tap_is(out, sizeof(out), rows[i].text, rows[i].text);
    }
}


static void
parses(void)
{
    static const struct {
        const char  *text;
        int64_t      ms;                /* -1: refused */
    } rows[] = {
        { "1970-01-01T00:00:00Z", 0 },
        { "1970-01-01T00:00:00.000Z", 0 },
        { "1970-01-01T00:00:00.001Z", 1 },
        { "1970-01-01T00:00:00.0019Z", 1 },
        { "1970-01-01T00:00:00.1Z", 100 },
        { "1970-01-01T00:00:00.12345678901234567890Z", 123 },
        { "1970-01-01T00:00:00+00:00", 0 },
        { "1970-01-01T00:00:00-00:00", 0 },
        { "1970-01-01T01:00:00+01:00", 0 },
        { "1969-12-31T23:00:00-01:00", 0 },
        { "1970-01-01t00:00:01z", 1000 },
        { "2026-01-02T03:03:05.678Z", 1767322985678 },
        { "2026-01-02T08:33:05.678+05:30", 1767322985678 },
        { "2000-02-29T00:00:00Z", 951782400000 },
        { "1985-04-12T23:20:50.52Z", 482196050520 },
        { "1996-12-19T16:39:57-08:00", 851042397000 },
        { "1990-12-31T23:59:60Z", 662688000000 },
        { "1990-12-31T15:59:60-08:00", 662688000000 },
        { "9999-12-31T23:59:59.999Z", 253402300799999 },
        { "9999-12-31T23:59:59.999-00:01", -1 },
        { "1969-12-31T23:59:59Z", -1 },
        { "1970-01-01T00:00:00+00:01", -1 },
        { "0000-01-01T00:00:00Z", -1 },
        { "1990-12-31T15:59:60Z", -1 },
        { "1990-12-31T23:59:61Z", -1 },
        { "2026-01-02T24:00:00Z", -1 },
        { "2026-01-02T23:60:00Z", -1 },
        { "2026-00-02T00:00:00Z", -1 },
        { "2026-13-02T00:00:00Z", -1 },
        { "2026-01-00T00:00:00Z", -1 },
        { "2026-01-32T00:00:00Z", -1 },
        { "2026-04-31T00:00:00Z", -1 },
        { "2026-02-29T00:00:00Z", -1 },
        { "2100-02-29T00:00:00Z", -1 },
        { "2026-01-02T00:00:00+24:00", -1 },
        { "2026-01-02T00:00:00+00:60", -1 },
        { "2026-01-02T00:00:00", -1 },
        { "2026-01-02T00:00:00.Z", -1 },
        { "2026-01-02T00:00:00,5Z", -1 },
        { "2026-01-02T00:00Z", -1 },
        { "2026-01-02T00:00:0Z", -1 },
        { "2026-01-02", -1 },
        { "2026-01-02 00:00:00Z", -1 },
        { "2026-1-02T00:00:00Z", -1 },
        { "26-01-02T00:00:00Z", -1 },
        { "02026-01-02T00:00:00Z", -1 },
        { "+2026-01-02T00:00:00Z", -1 },
        { "-2026-01-02T00:00:00Z", -1 },
        { "20260102T000000Z", -1 },
        { "2026-01-02T00:00:00+0000", -1 },
        { "2026-01-02T00:00:00+00", -1 },
        { "2026-01-02T00:00:00+0:00", -1 },
        { "2026-01-02T00:00:00UTC", -1 },
        { "2026-01-02T00:00:00Z ", -1 },
        { " 2026-01-02T00:00:00Z", -1 },
        { "2026-01-02T00:00:00ZZ", -1 },
        { "2026-01-02T00:00:00.5", -1 },
        { "2026-W01-1T00:00:00Z", -1 },
        { "2026-01-02T0a:00:00Z", -1 },
        { "1767322985678", -1 },
        { "", -1 },
        { "T", -1 },
        { "Z", -1 }
    };

    size_t  i;

    for (i = 0; i < ROWS(rows); i++) {
        tap_ok(kanda_time_parse(rows[i].text, strlen(rows[i].text))
               == rows[i].ms, "%s is %lld", rows[i].text,
               (long long) rows[i].ms);
    }
}


/* Against the C library, and back. */
static void
agreement(void)
{
    char           ours[KANDA_TIME_LEN], theirs[KANDA_TIME_LEN + 1];
    time_t         t;
    int64_t        ms;
    unsigned       i;
    struct tm      tm;
    unsigned long  failed, checks;

    failed = 0;
    checks = 0;

    for (i = 0; i < 50000; i++) {
        ms = (int64_t) ((uint64_t) tap_random() << 31 | tap_random());
        ms %= (i % 2) ? 253402300800000 : 4102444800000;
        t = (time_t) (ms / 1000);

        kanda_time_format(ours, ms);
        if (gmtime_r(&t, &tm) == NULL) {
            continue;
        }

        strftime(theirs, sizeof(theirs), "%Y-%m-%dT%H:%M:%S", &tm);

        checks += 2;
        failed += memcmp(ours, theirs, 19) != 0;
        failed += kanda_time_parse(ours, sizeof(ours)) != ms;
    }

    tap_sum(checks, failed, "as the C library says, and back");
}


/* A time with any one character gone or wrong is refused, or still a time. */
static void
damage(void)
{
    static const char  good[] = "2026-01-02T03:04:05.678Z";

    char           text[KANDA_TIME_LEN];
    size_t         i, len;
    unsigned       c;
    unsigned long  failed, checks;

    failed = 0;
    checks = 0;
    len = sizeof(good) - 1;

    for (i = 0; i < len; i++) {
        checks++;
        failed += kanda_time_parse(good, i) != -1;

        for (c = 0; c < 256; c++) {
            memcpy(text, good, len);
            text[i] = (char) c;

            if (c == (unsigned char) good[i] || (c >= '0' && c <= '9')
                || (i == 10 && c == 't') || (i == 23 && c == 'z'))
            {
                continue;
            }

            checks++;
            failed += kanda_time_parse(text, len) != -1;
        }
    }

    tap_sum(checks, failed, "damaged times are refused");
}


int
main(void)
{
    formats();
    parses();
    agreement();
    damage();

    return tap_done();
}
