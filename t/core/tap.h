/*
 * A test's line of TAP for each thing that is so, or not.  Many checks of one
 * promise are counted into one line by tap_sum().
 */

#ifndef TAP_H
#define TAP_H

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>


/* Whether the sanitizer's allocator has taken the place of the usual one. */
#if defined __SANITIZE_ADDRESS__
#define TAP_SANITIZED  1
#else
#define TAP_SANITIZED  0
#endif


static int  tap_count;
static int  tap_failed;


/* One line; returns whether it passed. */
__attribute__ ((format (printf, 2, 3)))
static inline int
tap_ok(int passed, const char *format, ...)
{
    va_list  args;

    tap_count++;
    tap_failed += !passed;

    printf("%sok %d - ", passed ? "" : "not ", tap_count);

    va_start(args, format);
    vprintf(format, args);
    va_end(args);

    putchar('\n');

    return passed;
}


/* One line for so many checks, of which so many failed. */
static inline int
tap_sum(unsigned long checks, unsigned long failed, const char *name)
{
    return tap_ok(failed == 0 && checks > 0, "%s: %lu of %lu", name,
                  checks - failed, checks);
}


/* One line for two pieces of text; tells both when they differ. */
static inline int
tap_is(const char *got, size_t got_len, const char *want, const char *name)
{
    size_t  len;

    len = strlen(want);

    if (tap_ok(got_len == len && memcmp(got, want, len) == 0, "%s", name)) {
        return 1;
    }

    printf("#  got: %.*s\n# want: %s\n", (int) got_len, got, want);

    return 0;
}


/* Whether the long rounds were asked for. */
static inline int
tap_long(void)
{
    const char  *value;

    value = getenv("KANDA_TEST_LONG");

    return value != NULL && strcmp(value, "1") == 0;
}


/* What main() returns when there is nothing to test. */
static inline int
tap_skip(const char *why)
{
    printf("1..0 # SKIP %s\n", why);

    return 0;
}


/* The plan, and what main() returns. */
static inline int
tap_done(void)
{
    printf("1..%d\n", tap_count);

    return tap_failed > 0;
}


/* Numbers that are the same in each run. */
static inline unsigned
tap_random(void)
{
    static unsigned long long  state = 0x9e3779b97f4a7c15;

    state = state * 6364136223846793005ULL + 1442695040888963407ULL;

    return (unsigned) (state >> 33);
}


static inline void
tap_random_bytes(void *out, size_t len)
{
    size_t          i;
    unsigned char  *p;

    p = out;

    for (i = 0; i < len; i++) {
        p[i] = (unsigned char) tap_random();
    }
}


/* A random character of Unicode as UTF-8, no control; returns its bytes. */
static inline size_t
tap_random_char(char *out)
{
    unsigned  c;

    switch (tap_random() % 5) {

    case 0:
    case 1:
        c = 0x20 + tap_random() % 0x5f;
        break;

    case 2:
        c = 0xa0 + tap_random() % 0x760;
        break;

    case 3:
        c = 0x800 + tap_random() % 0xf800;
        if (c >= 0xd800 && c <= 0xdfff) {
            c -= 0x1000;
        }
        break;

    default:
        c = 0x10000 + tap_random() % 0x100000;
    }

    if (c < 0x80) {
        out[0] = (char) c;
        return 1;
    }

    if (c < 0x800) {
        out[0] = (char) (0xc0 | c >> 6);
        out[1] = (char) (0x80 | (c & 63));
        return 2;
    }

    if (c < 0x10000) {
        out[0] = (char) (0xe0 | c >> 12);
        out[1] = (char) (0x80 | (c >> 6 & 63));
        out[2] = (char) (0x80 | (c & 63));
        return 3;
    }

    out[0] = (char) (0xf0 | c >> 18);
    out[1] = (char) (0x80 | (c >> 12 & 63));
    out[2] = (char) (0x80 | (c >> 6 & 63));
    out[3] = (char) (0x80 | (c & 63));

    return 4;
}


/* Random text of Unicode, at most max bytes; returns its length. */
static inline size_t
tap_random_text(char *out, size_t max)
{
    char    one[4];
    size_t  n, size, want;

    want = 1 + tap_random() % max;
    n = 0;

    while ((size = tap_random_char(one)) <= want - n) {
        memcpy(out + n, one, size);
        n += size;
    }

    if (n == 0) {
        out[n++] = 'x';
    }

    return n;
}


#endif /* TAP_H */
