#include "kanda_text.h"
#include "tap.h"


#define ROWS(table)  (sizeof(table) / sizeof((table)[0]))


static void
utf8(void)
{
    static const struct {
        const char  *text;
        int          length;
    } rows[] = {
        { "", 0 },
        { "abc", 3 },
        { "\x7f", 1 },
        { "\xc2\x80", 1 },
        { "\xdf\xbf", 1 },
        { "\xe0\xa0\x80", 1 },
        { "\xed\x9f\xbf", 1 },
        { "\xee\x80\x80", 1 },
        { "\xef\xbf\xbf", 1 },
        { "\xf0\x90\x80\x80", 1 },
        { "\xf4\x8f\xbf\xbf", 1 },
        { "Z\xc3\xbcrich \xe2\x82\xac \xf0\x9f\x98\x80", 10 },
        { "\x80", -1 },                 /* a continuation by itself */
        { "\xbf", -1 },
        { "a\x80", -1 },
        { "\xc0\x80", -1 },             /* overlong */
        { "\xc1\xbf", -1 },
        { "\xe0\x80\x80", -1 },
        { "\xe0\x9f\xbf", -1 },
        { "\xf0\x80\x80\x80", -1 },
        { "\xf0\x8f\xbf\xbf", -1 },
        { "\xed\xa0\x80", -1 },         /* surrogates */
        { "\xed\xaf\xbf", -1 },
        { "\xed\xb0\x80", -1 },
        { "\xed\xbf\xbf", -1 },
        { "\xed\xa0\xbd\xed\xb8\x80", -1 },
        { "\xf4\x90\x80\x80", -1 },     /* past U+10FFFF */
        { "\xf5\x80\x80\x80", -1 },
        { "\xf8\x88\x80\x80\x80", -1 },
        { "\xfc\x84\x80\x80\x80\x80", -1 },
        { "\xfe", -1 },
        { "\xff", -1 },
        { "\xc3", -1 },                 /* cut off */
        { "\xe2\x82", -1 },
        { "\xe2", -1 },
        { "\xf0\x9f\x98", -1 },
        { "\xf0\x9f", -1 },
        { "\xc3\x28", -1 },             /* a wrong continuation */
        { "\xe2\x28\xa1", -1 },
        { "\xe2\x82\x28", -1 },
        { "\xf0\x28\x8c\xbc", -1 },
        { "\xf0\x9f\x28\x80", -1 },
        { "\xf0\x9f\x98\x28", -1 },
        { "\xc3\xc3", -1 }
    };

    size_t  i;

    for (i = 0; i < ROWS(rows); i++) {
        tap_ok(kanda_utf8_length(rows[i].text, strlen(rows[i].text))
               == rows[i].length, "UTF-8 row %d has %d", (int) i,
               rows[i].length);
    }

    tap_ok(kanda_utf8_length("a\0b", 3) == 3, "U+0000 is a character");
}


/* Each of the 1,112,064 scalar values, and no surrogate. */
static void
utf8_all(void)
{
    char           t[4];
    size_t         n;
    int32_t        c;
    const char    *p;
    unsigned long  failed;

    failed = 0;

    for (c = 0; c <= 0x10ffff; c++) {

        if (c < 0x80) {
            n = 1;
            t[0] = (char) c;

        } else if (c < 0x800) {
            n = 2;
            t[0] = (char) (0xc0 | c >> 6);

        } else if (c < 0x10000) {
            n = 3;
            t[0] = (char) (0xe0 | c >> 12);
            t[1] = (char) (0x80 | (c >> 6 & 63));

        } else {
            n = 4;
            t[0] = (char) (0xf0 | c >> 18);
            t[1] = (char) (0x80 | (c >> 12 & 63));
            t[2] = (char) (0x80 | (c >> 6 & 63));
        }

        if (n > 1) {
            t[n - 1] = (char) (0x80 | (c & 63));
        }

        p = t;

        if (c >= 0xd800 && c <= 0xdfff) {
            failed += kanda_utf8_next(&p, t + n) != -1 || p != t;

        } else {
            failed += kanda_utf8_next(&p, t + n) != c || p != t + n;
        }
    }

    tap_sum(0x110000, failed, "every code point");
}


static void
clean(void)
{
    static const struct {
        const char  *text;
        size_t       len;
        int          clean;
    } rows[] = {
        { "", 0, 1 },
        { "user@example.com", 16, 1 },
        { " ~", 2, 1 },
        { "\xc2\xa0", 2, 1 },
        { "\xe2\x80\xa8", 3, 1 },
        { "\x00", 1, 0 },
        { "a\tb", 3, 0 },
        { "a\nb", 3, 0 },
        { "\x1f", 1, 0 },
        { "\x7f", 1, 0 },
        { "\xc2\x80", 2, 0 },
        { "\xc2\x9f", 2, 0 },
        { "a\x80", 2, 0 }
    };

    size_t  i;

    for (i = 0; i < ROWS(rows); i++) {
        tap_ok(kanda_utf8_clean(rows[i].text, rows[i].len) == rows[i].clean,
               "row %d is %sclean", (int) i, rows[i].clean ? "" : "not ");
    }
}


static void
scrub(void)
{
    static const struct {
        const char  *text;
        size_t       len;
        size_t       cap;
        const char  *out;
    } rows[] = {
        { "curl/8.0", 8, 100, "curl/8.0" },
        { "", 0, 100, "" },
        { "a\r\nb\x1b[31m", 9, 100, "a??b?[31m" },
        { "a\0b", 3, 100, "a?b" },
        { "\xc2\x9b" "0m\x7f", 5, 100, "?0m?" },
        { "\xff\xfe\xc3", 3, 100, "???" },
        { "\xe2\x82x", 3, 100, "??x" },
        { "\xe2\x82\xac", 3, 100, "\xe2\x82\xac" },
        { "ab\xe2\x82\xac", 5, 5, "ab\xe2\x82\xac" },
        { "ab\xe2\x82\xac", 5, 4, "ab" },
        { "ab\xe2\x82\xac", 5, 2, "ab" },
        { "ab\xe2\x82\xac" "c", 6, 3, "ab" },
        { "abc", 3, 2, "ab" },
        { "abc", 3, 0, "" },
        { "\xc2\x80\xc2\x80", 4, 1, "?" }
    };

    char    out[100];
    size_t  i;

    for (i = 0; i < ROWS(rows); i++) {
        tap_is(out, kanda_utf8_scrub(out, rows[i].cap, rows[i].text,
                                     rows[i].len), rows[i].out, "scrubbed");
    }
}


static void
scrub_random(void)
{
    char           in[40], out[40];
    size_t         i, len, n, cap;
    unsigned long  failed;

    failed = 0;

    for (i = 0; i < 20000; i++) {
        len = tap_random() % 41;
        cap = tap_random() % 41;
        tap_random_bytes(in, len);

        n = kanda_utf8_scrub(out, cap, in, len);
        failed += n > cap || !kanda_utf8_clean(out, n);
    }

    tap_sum(20000, failed, "what is scrubbed is clean and fits");
}


static void
segments(void)
{
    static const struct {
        const char  *in;
        const char  *out;               /* NULL: a bad escape */
    } rows[] = {
        { "", "" },
        { "user", "user" },
        { "%75ser", "user" },
        { "a%2Fb", "a/b" },
        { "a%2fb", "a/b" },
        { "%252e", "%2e" },
        { "a+b", "a+b" },
        { "%C3%A9", "\xc3\xa9" },
        { "%ff", "\xff" },
        { "%2e%2E", ".." },
        { "%", NULL },
        { "%4", NULL },
        { "abc%", NULL },
        { "abc%4", NULL },
        { "%zz", NULL },
        { "%4g", NULL },
        { "%g4", NULL },
        { "%%41", NULL },
        { "% 41", NULL },
        { "%+1", NULL },
        { "%u0041", NULL },
        { "%0x", NULL },
        { "%P0", NULL },
        { "%\x11\x11", NULL }
    };

    int     n;
    char    out[16];
    size_t  i;

    for (i = 0; i < ROWS(rows); i++) {
        n = kanda_segment_decode(out, rows[i].in, strlen(rows[i].in));

        if (rows[i].out == NULL) {
            tap_ok(n == -1, "%s is a bad escape", rows[i].in);

        } else {
            tap_is(out, (size_t) n, rows[i].out, rows[i].in);
        }
    }

    tap_ok(kanda_segment_decode(out, "a%00b", 5) == 3
           && memcmp(out, "a\0b", 3) == 0 && !kanda_client_id_valid(out, 3),
           "a NUL is decoded, and then refused");
}


static void
client_ids(void)
{
    static const struct {
        const char  *id;
        int          valid;
    } rows[] = {
        { "user-1", 1 }, { "validate", 1 }, { "a/b", 1 }, { "...", 1 },
        { ".a", 1 }, { "a.", 1 }, { "-", 1 }, { " ", 1 }, { "{}*?[a]", 1 },
        { "\xf0\x9f\x98\x80", 1 }, { "..a", 1 },
        { "", 0 }, { ".", 0 }, { "..", 0 }, { "a\nb", 0 }, { "a\r\n", 0 },
        { "\x7f", 0 }, { "\xc2\x85", 0 }, { "\xff", 0 }, { "\xc0\xae", 0 },
        { "\xed\xa0\x80", 0 }
    };

    char    id[129];
    size_t  i;

    for (i = 0; i < ROWS(rows); i++) {
        tap_ok(kanda_client_id_valid(rows[i].id, strlen(rows[i].id))
               == rows[i].valid, "client id %d is %s", (int) i,
               rows[i].valid ? "valid" : "not valid");
    }

    memset(id, 'x', sizeof(id));
    tap_ok(kanda_client_id_valid(id, 128) && !kanda_client_id_valid(id, 129),
           "128 bytes are the most");
}


static void
emails(void)
{
    static const struct {
        const char  *in;
        const char  *out;               /* NULL: refused */
    } rows[] = {
        { "Alice@Example.COM", "alice@example.com" },
        { "a@b", "a@b" },
        { "a+b@example.com", "a+b@example.com" },
        { "\"q\"@example.com", "\"q\"@example.com" },
        { "\xc3\x89@example.com", "\xc3\x89@example.com" },
        { "", NULL },
        { "a", NULL },
        { "@", NULL },
        { "a@", NULL },
        { "@b", NULL },
        { "ab", NULL },
        { "abc", NULL },
        { "a@b@c", NULL },
        { "a@@b", NULL },
        { "a b@c", NULL },
        { " a@b", NULL },
        { "a@b ", NULL },
        { "a@b\n", NULL },
        { "a\r\n@b", NULL },
        { "a\t@b", NULL },
        { "a\xc2\xa0@b", NULL },
        { "a\xe2\x80\x83@b", NULL },
        { "a\xe2\x80\xa8@b", NULL },
        { "a\xe3\x80\x80@b", NULL },
        { "a\x7f@b", NULL },
        { "a\xff@b", NULL }
    };

    int     rc;
    char    in[255], out[255];
    size_t  i;

    for (i = 0; i < ROWS(rows); i++) {
        rc = kanda_email_canonical(out, rows[i].in, strlen(rows[i].in));

        if (rows[i].out == NULL) {
            tap_ok(rc == -1, "email %d is refused", (int) i);

        } else {
            tap_is(out, rc == 0 ? strlen(rows[i].in) : 0, rows[i].out,
                   rows[i].in);
        }
    }

    memset(in, 'x', sizeof(in));
    in[100] = '@';
    tap_ok(kanda_email_canonical(out, in, 254) == 0
           && kanda_email_canonical(out, in, 255) == -1,
           "254 bytes are the most");
    tap_ok(kanda_email_canonical(out, "a\0@b", 4) == -1, "a NUL is refused");
}


int
main(void)
{
    utf8();
    utf8_all();
    clean();
    scrub();
    scrub_random();
    segments();
    client_ids();
    emails();

    return tap_done();
}
