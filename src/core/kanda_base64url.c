#include "kanda_base64url.h"


static size_t kanda_base64_write(char *out, const uint8_t *in, size_t len,
    const char *last);
static int kanda_base64_read(uint8_t *out, size_t cap, const char *in,
    size_t len, const char *last);
static uint32_t kanda_base64_value(char c, const char *last);


/* The two alphabets differ in their last two characters. */
static const char  kanda_base64_url[] = "-_";
static const char  kanda_base64_std[] = "+/";


size_t
kanda_base64url_encode(char *out, const uint8_t *in, size_t len)
{
    return kanda_base64_write(out, in, len, kanda_base64_url);
}


size_t
kanda_base64_encode(char *out, const uint8_t *in, size_t len)
{
    return kanda_base64_write(out, in, len, kanda_base64_std);
}


int
kanda_base64url_decode(uint8_t *out, size_t cap, const char *in, size_t len)
{
    return kanda_base64_read(out, cap, in, len, kanda_base64_url);
}


int
kanda_base64_decode(uint8_t *out, size_t cap, const char *in, size_t len)
{
    return kanda_base64_read(out, cap, in, len, kanda_base64_std);
}


static size_t
kanda_base64_write(char *out, const uint8_t *in, size_t len, const char *last)
{
    static const char  alphabet[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

    size_t    i, n;
    uint32_t  v, bits, have;

    n = 0;
    bits = 0;
    have = 0;

    for (i = 0; i < len || have > 0; i++) {

        if (i < len) {
            bits = bits << 8 | in[i];
            have += 8;

        } else {
            bits <<= 6 - have;
            have = 6;
        }

        while (have >= 6) {
            have -= 6;
            v = bits >> have & 63;
            out[n++] = v < 62 ? alphabet[v] : last[v - 62];
        }
    }

    return n;
}


static int
kanda_base64_read(uint8_t *out, size_t cap, const char *in, size_t len,
    const char *last)
{
    size_t    n;
    uint32_t  bits;

    if (len % 4 == 1 || len / 4 * 3 + len % 4 * 3 / 4 > cap) {
        return -1;
    }

    n = 0;

    for ( /* void */ ; len >= 4; len -= 4, in += 4) {

        bits = kanda_base64_value(in[0], last) << 18
               | kanda_base64_value(in[1], last) << 12
               | kanda_base64_value(in[2], last) << 6
               | kanda_base64_value(in[3], last);

        if (bits >> 24 != 0) {
            return -1;
        }

        out[n++] = (uint8_t) (bits >> 16);
        out[n++] = (uint8_t) (bits >> 8);
        out[n++] = (uint8_t) bits;
    }

    if (len == 0) {
        return (int) n;
    }

    bits = kanda_base64_value(in[0], last) << 18
           | kanda_base64_value(in[1], last) << 12
           | (len == 3 ? kanda_base64_value(in[2], last) << 6 : 0);

    /* bits past the last byte must be zero */
    if (bits >> 24 != 0 || (bits & (len == 3 ? 0xff : 0xffff)) != 0) {
        return -1;
    }

    out[n++] = (uint8_t) (bits >> 16);
    if (len == 3) {
        out[n++] = (uint8_t) (bits >> 8);
    }

    return (int) n;
}


/* What is no character of the alphabet sets bits that no place can hide. */
static uint32_t
kanda_base64_value(char c, const char *last)
{
    static const uint8_t  values[128] = {
        99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99,
        99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99,
        99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99,
        52, 53, 54, 55, 56, 57, 58, 59, 60, 61, 99, 99, 99, 99, 99, 99,
        99,  0,  1,  2,  3,  4,  5,  6,  7,  8,  9, 10, 11, 12, 13, 14,
        15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 99, 99, 99, 99, 99,
        99, 26, 27, 28, 29, 30, 31, 32, 33, 34, 35, 36, 37, 38, 39, 40,
        41, 42, 43, 44, 45, 46, 47, 48, 49, 50, 51, 99, 99, 99, 99, 99
    };

    uint32_t  v;

    v = (unsigned char) c < 128 ? values[(unsigned char) c] : 99;

    if (v < 62) {
        return v;
    }

    if (c == last[0]) {
        return 62;
    }

    return c == last[1] ? 63 : 0xffffffc0;
}
