/*
 * UTF-8, path segments, emails and times: what is accepted means one thing,
 * and read or written again means the same.
 */

#include "fuzz.h"
#include "kanda_text.h"


static void
utf8(const char *text, size_t size)
{
    int          n, count;
    char        *out;
    size_t       cap, len;
    const char  *p;

    count = kanda_utf8_length(text, size);

    if (count >= 0) {
        for (n = 0, p = text; p < text + size; n++) {
            must(kanda_utf8_next(&p, text + size) >= 0);
        }

        must(n == count);
    }

    must(!kanda_utf8_clean(text, size) || count >= 0);

    for (cap = 0; cap <= size; cap += 1 + size / 4) {
        out = malloc(cap + 1);
        if (out == NULL) {
            exit(1);
        }

        len = kanda_utf8_scrub(out, cap, text, size);
        must(len <= cap && kanda_utf8_clean(out, len));
        must(!kanda_utf8_clean(text, size) || memcmp(out, text, len) == 0);
        free(out);
    }
}


/* Decoded once; encoded in full and decoded, it is the same. */
static void
segment(const char *text, size_t size)
{
    int      n;
    char    *out, *full, *again;
    size_t   i;

    out = malloc(size + 1);
    full = malloc(3 * size + 1);
    again = malloc(3 * size + 1);
    if (out == NULL || full == NULL || again == NULL) {
        exit(1);
    }

    n = kanda_segment_decode(out, text, size);

    if (n >= 0) {
        must((size_t) n <= size);

        for (i = 0; i < (size_t) n; i++) {
            sprintf(full + 3 * i, "%%%02x", (unsigned char) out[i]);
        }

        must(kanda_segment_decode(again, full, 3 * (size_t) n) == n);
        must(memcmp(again, out, (size_t) n) == 0);

        if (kanda_client_id_valid(out, (size_t) n)) {
            must(n >= 1 && n <= KANDA_CLIENT_ID_MAX);
            must(kanda_utf8_clean(out, (size_t) n));
            must(memchr(out, '\0', (size_t) n) == NULL);
        }
    }

    must(n >= 0 || memchr(text, '%', size) != NULL);

    free(again);
    free(full);
    free(out);
}


static void
email(const char *text, size_t size)
{
    char    *out, *again;
    size_t   i;

    out = malloc(size + 1);
    again = malloc(size + 1);
    if (out == NULL || again == NULL) {
        exit(1);
    }

    if (kanda_email_canonical(out, text, size) == 0) {
        must(size <= KANDA_EMAIL_MAX && kanda_utf8_clean(out, size));
        must(kanda_email_canonical(again, out, size) == 0);
        must(memcmp(again, out, size) == 0);

        for (i = 0; i < size; i++) {
            must(out[i] == text[i] || out[i] == (text[i] | 0x20));
        }
    }

    free(again);
    free(out);
}


static void
times(const char *text, size_t size)
{
    char     out[KANDA_TIME_LEN];
    int64_t  ms;

    ms = kanda_time_parse(text, size);
    must(ms >= -1 && ms <= INT64_C(253402300799999));

    if (ms >= 0) {
        kanda_time_format(out, ms);
        must(kanda_time_parse(out, sizeof(out)) == ms);
    }

    if (size >= sizeof(ms)) {
        memcpy(&ms, text, sizeof(ms));
        kanda_time_format(out, ms);
        must(kanda_time_parse(out, sizeof(out)) >= 0);
    }
}


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char  *text;

    text = fuzz_exact(data, size);

    utf8(text, size);
    segment(text, size);
    email(text, size);
    times(text, size);

    free(text);

    return 0;
}
