#include "kanda_base32.h"


static int kanda_base32_value(char c);


size_t
kanda_base32_encode(char *out, const uint8_t *in, size_t len)
{
    static const char  alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

    size_t    i, n;
    unsigned  bits, have;

    bits = 0;
    have = 0;
    n = 0;

    for (i = 0; i < len; i++) {
        bits = (bits << 8 | in[i]) & 0xffff;
        have += 8;

        while (have >= 5) {
            have -= 5;
            out[n++] = alphabet[bits >> have & 31];
        }
    }

    if (have > 0) {
        out[n++] = alphabet[bits << (5 - have) & 31];
    }

    return n;
}


int
kanda_base32_decode(uint8_t *out, size_t cap, const char *in, size_t len)
{
    int       v, between;
    size_t    i, n, symbols, padding;
    unsigned  bits, have;

    bits = 0;
    have = 0;
    n = 0;
    symbols = 0;
    padding = 0;
    between = 0;

    while (len > 0 && in[len - 1] == '=') {
        padding++;
        len--;
    }

    for (i = 0; i < len; i++) {

        if ((in[i] == ' ' || in[i] == '-') && symbols > 0) {
            between = 1;
            continue;
        }

        v = kanda_base32_value(in[i]);
        if (v < 0) {
            return -1;
        }

        between = 0;
        symbols++;
        bits = (bits << 5 | (unsigned) v) & 0xfff;
        have += 5;

        if (have < 8) {
            continue;
        }

        if (n == cap) {
            return -1;
        }

        have -= 8;
        out[n++] = (uint8_t) (bits >> have);
    }

    /* five bits or more that are left over belong to no byte */
    if (between || have >= 5 || (bits & ((1u << have) - 1)) != 0) {
        return -1;
    }

    if (padding > 0 && (padding >= 8 || (symbols + padding) % 8 != 0)) {
        return -1;
    }

    return (int) n;
}


static int
kanda_base32_value(char c)
{
    if (c >= 'A' && c <= 'Z') {
        return c - 'A';
    }

    if (c >= 'a' && c <= 'z') {
        return c - 'a';
    }

    if (c >= '2' && c <= '7') {
        return c - '2' + 26;
    }

    return -1;
}
