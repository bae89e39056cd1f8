/*
 * Base32, base64url and base64: bytes come back from their text, and a text
 * that is read is the only one for its bytes.
 */

#include "fuzz.h"
#include "kanda_base32.h"
#include "kanda_base64url.h"


static void
from_bytes(const uint8_t *data, size_t size)
{
    char     *text;
    size_t    n;
    uint8_t  *back;

    text = malloc(2 * size + 8);
    back = malloc(size + 1);
    if (text == NULL || back == NULL) {
        exit(1);
    }

    n = kanda_base32_encode(text, data, size);
    must(n == kanda_base32_length(size));
    must(kanda_base32_decode(back, size, text, n) == (int) size);
    must(memcmp(back, data, size) == 0);
    must(size == 0 || kanda_base32_decode(back, size - 1, text, n) == -1);

    n = kanda_base64url_encode(text, data, size);
    must(n == kanda_base64url_length(size));
    must(kanda_base64url_decode(back, size, text, n) == (int) size);
    must(memcmp(back, data, size) == 0);
    must(size == 0 || kanda_base64url_decode(back, size - 1, text, n) == -1);

    n = kanda_base64_encode(text, data, size);
    must(kanda_base64_decode(back, size, text, n) == (int) size);
    must(memcmp(back, data, size) == 0);

    free(text);
    free(back);
}


/* The text as it would be written: upper case, nothing but the alphabet. */
static size_t
plain(char *out, const char *in, size_t len)
{
    size_t  i, n;

    n = 0;

    for (i = 0; i < len; i++) {
        if (in[i] != ' ' && in[i] != '-' && in[i] != '=') {
            out[n++] = (in[i] >= 'a') ? (char) (in[i] - 32) : in[i];
        }
    }

    return n;
}


static void
from_text(const char *text, size_t size)
{
    int       n;
    char     *again, *want;
    size_t    len;
    uint8_t  *out;

    again = malloc(size + 8);
    want = malloc(size + 1);
    out = malloc(size + 1);
    if (again == NULL || want == NULL || out == NULL) {
        exit(1);
    }

    n = kanda_base64url_decode(out, size, text, size);
    if (n >= 0) {
        len = kanda_base64url_encode(again, out, (size_t) n);
        must(len == size && memcmp(again, text, size) == 0);
    }

    n = kanda_base64_decode(out, size, text, size);
    if (n >= 0) {
        len = kanda_base64_encode(again, out, (size_t) n);
        must(len == size && memcmp(again, text, size) == 0);
    }

    n = kanda_base32_decode(out, size, text, size);
    if (n >= 0) {
        len = kanda_base32_encode(again, out, (size_t) n);
        must(len == plain(want, text, size));
        must(memcmp(again, want, len) == 0);
    }

    free(out);
    free(want);
    free(again);
}


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char  *text;

    text = fuzz_exact(data, size);

    from_bytes((const uint8_t *) text, size);
    from_text(text, size);

    free(text);

    return 0;
}
