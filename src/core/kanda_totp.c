/*
 * Between the secret and the verdict nothing branches on a secret, on a code
 * that would be right, or on which step was right, and nothing of them is an
 * index into memory: masks do it.
 */

#include <string.h>

#include "kanda_totp.h"


static int kanda_totp_value(const kanda_totp_t *t, int64_t step, char *code);
static uint32_t kanda_totp_truncate(const uint8_t *mac, size_t len);
static int64_t kanda_mask_equal(const char *a, const char *b, size_t n);
static int64_t kanda_mask_less(int64_t a, int64_t b);


static const struct {
    char    name[8];
    size_t  secret;
} kanda_totp_hashes[KANDA_HASHES] = {
    { "SHA1", 20 },
    { "SHA256", 32 },
    { "SHA512", 64 }
};


size_t
kanda_totp_secret_length(kanda_hash_t hash)
{
    return kanda_totp_hashes[hash].secret;
}


const char *
kanda_totp_hash_name(kanda_hash_t hash)
{
    return kanda_totp_hashes[hash].name;
}


int
kanda_totp_hash_parse(const char *name, size_t len, kanda_hash_t *hash)
{
    unsigned     i;
    const char  *known;

    for (i = 0; i < KANDA_HASHES; i++) {
        known = kanda_totp_hashes[i].name;

        if (strlen(known) == len && memcmp(known, name, len) == 0) {
            *hash = (kanda_hash_t) i;
            return 0;
        }
    }

    return -1;
}


int64_t
kanda_totp_step(const kanda_totp_t *t, int64_t now)
{
    if (now < 0) {
        return KANDA_TOTP_NO_STEP;
    }

    return now / (int64_t) t->period;
}


int
kanda_totp_code(const kanda_totp_t *t, int64_t step, char *code)
{
    int  rc;

    rc = kanda_hmac_begin(t->hash, t->secret, t->secret_len);
    if (rc == 0) {
        rc = kanda_totp_value(t, step, code);
    }

    kanda_hmac_end(t->hash);

    return rc;
}


int
kanda_totp_match(const kanda_totp_t *t, const char *code, int64_t step,
    unsigned window, int64_t last, int64_t *match)
{
    int       rc;
    char      expected[KANDA_TOTP_DIGITS_MAX];
    int64_t   s, end, equal, fresh, first, any;

    first = KANDA_TOTP_NO_STEP;
    any = KANDA_TOTP_NO_STEP;
    end = step + (int64_t) window;

    rc = kanda_hmac_begin(t->hash, t->secret, t->secret_len);

    for (s = step - (int64_t) window; rc == 0 && s <= end; s++) {

        rc = kanda_totp_value(t, s, expected);

        equal = kanda_mask_equal(expected, code, t->digits)
                & ~kanda_mask_less(s, 0);
        fresh = equal & kanda_mask_less(last, s) & kanda_mask_less(first, 0);

        first = (s & fresh) | (first & ~fresh);
        any = (s & equal) | (any & ~equal);
    }

    kanda_hmac_end(t->hash);
    kanda_wipe(expected, sizeof(expected));

    /* "any" stands in only where nothing fresh was found */
    fresh = ~kanda_mask_less(first, 0);
    *match = (first & fresh) | (any & ~fresh);

    return rc;
}


static int
kanda_totp_value(const kanda_totp_t *t, int64_t step, char *code)
{
    size_t    i, len;
    uint8_t   counter[8], mac[KANDA_HASH_MAX];
    uint32_t  value;

    for (i = 0; i < sizeof(counter); i++) {
        counter[i] = (uint8_t) ((uint64_t) step >> (56 - 8 * i));
    }

    if (kanda_hmac_next(t->hash, counter, sizeof(counter), mac) != 0) {
        return -1;
    }

    len = kanda_hash_length(t->hash);
    value = kanda_totp_truncate(mac, len);

    for (i = t->digits; i > 0; i--) {
        code[i - 1] = (char) ('0' + value % 10);
        value /= 10;
    }

    kanda_wipe(mac, len);

    return 0;
}


/* RFC 4226, section 5.3; every offset is read, and all but one masked out. */
static uint32_t
kanda_totp_truncate(const uint8_t *mac, size_t len)
{
    uint32_t  i, offset, word, value;

    offset = mac[len - 1] & 0xf;
    value = 0;

    for (i = 0; i < 16; i++) {
        word = (uint32_t) mac[i] << 24 | (uint32_t) mac[i + 1] << 16
               | (uint32_t) mac[i + 2] << 8 | mac[i + 3];

        value |= word & (uint32_t) kanda_mask_less((int64_t) (i ^ offset), 1);
    }

    return value & 0x7fffffff;
}


int
kanda_totp_parse(const char *in, size_t len, char *code)
{
    int     n;
    size_t  i;

    n = 0;

    for (i = 0; i < len; i++) {

        if (in[i] >= '0' && in[i] <= '9') {

            if (n == KANDA_TOTP_DIGITS_MAX) {
                return -1;
            }

            code[n++] = in[i];
            continue;
        }

        if ((in[i] != ' ' && in[i] != '-') || i == 0 || i == len - 1) {
            return -1;
        }
    }

    return n >= KANDA_TOTP_DIGITS_MIN ? n : -1;
}


/* All ones when a < b, else zero. */
static int64_t
kanda_mask_less(int64_t a, int64_t b)
{
    uint64_t  x, y;

    /* with the sign bit turned over, the order is that of unsigned numbers */
    x = (uint64_t) a ^ UINT64_C(1) << 63;
    y = (uint64_t) b ^ UINT64_C(1) << 63;

    return (int64_t) (0 - (((~x & y) | ((~x | y) & (x - y))) >> 63));
}


/* All ones when n bytes are equal, else zero. */
static int64_t
kanda_mask_equal(const char *a, const char *b, size_t n)
{
    size_t    i;
    uint32_t  differ;

    differ = 0;

    for (i = 0; i < n; i++) {
        differ |= (uint8_t) a[i] ^ (uint8_t) b[i];
    }

    return kanda_mask_less((int64_t) differ, 1);
}
