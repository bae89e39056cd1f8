#include <string.h>

#include "kanda_recovery.h"


static char kanda_recovery_symbol(char c);


/* Crockford's alphabet: no i, l, o or u. */
static const char  kanda_recovery_alphabet[] =
    "0123456789abcdefghjkmnpqrstvwxyz";


int
kanda_recovery_make(char out[KANDA_RECOVERY_LEN])
{
    size_t    i;
    uint8_t   bytes[8];
    uint64_t  bits;

    if (kanda_random(bytes, sizeof(bytes)) != 0) {
        return -1;
    }

    memcpy(&bits, bytes, sizeof(bits));

    for (i = 0; i < KANDA_RECOVERY_LEN; i++) {

        if (i == KANDA_RECOVERY_SYMBOLS / 2) {
            out[i] = '-';
            continue;
        }

        out[i] = kanda_recovery_alphabet[bits & 31];
        bits >>= 5;
    }

    kanda_wipe(bytes, sizeof(bytes));

    return 0;
}


int
kanda_recovery_parse(const char *in, size_t len,
    char symbols[KANDA_RECOVERY_SYMBOLS])
{
    size_t  i, n;

    while (len > 0 && in[0] == ' ') {
        in++;
        len--;
    }

    while (len > 0 && in[len - 1] == ' ') {
        len--;
    }

    n = 0;

    for (i = 0; i < len; i++) {

        if (in[i] == '-' && i == KANDA_RECOVERY_SYMBOLS / 2) {
            continue;
        }

        if (n == KANDA_RECOVERY_SYMBOLS) {
            return -1;
        }

        symbols[n] = kanda_recovery_symbol(in[i]);

        if (symbols[n++] == '\0') {
            return -1;
        }
    }

    return n == KANDA_RECOVERY_SYMBOLS ? 0 : -1;
}


int
kanda_recovery_digest(kanda_hmac_t *digest, const char *account,
    size_t account_len, const char *owner, size_t owner_len,
    const char symbols[KANDA_RECOVERY_SYMBOLS],
    uint8_t out[KANDA_RECOVERY_DIGEST])
{
    int      rc;
    size_t   n;
    uint8_t  text[3 + 255 + 255 + KANDA_RECOVERY_SYMBOLS];
    uint8_t  mac[KANDA_SHA256_LEN];

    if (account_len > 255 || owner_len > 255) {
        return -1;
    }

    n = 0;
    text[n++] = (uint8_t) account_len;
    memcpy(text + n, account, account_len);
    n += account_len;

    text[n++] = (uint8_t) owner_len;
    if (owner_len > 0) {
        memcpy(text + n, owner, owner_len);
        n += owner_len;
    }

    text[n++] = KANDA_RECOVERY_SYMBOLS;
    memcpy(text + n, symbols, KANDA_RECOVERY_SYMBOLS);
    n += KANDA_RECOVERY_SYMBOLS;

    rc = kanda_hmac_sign(digest, text, n, mac);
    if (rc == 0) {
        memcpy(out, mac, KANDA_RECOVERY_DIGEST);
    }

    kanda_wipe(text, n);
    kanda_wipe(mac, sizeof(mac));

    return rc;
}


/* A symbol as we write it, or NUL. */
static char
kanda_recovery_symbol(char c)
{
    if (c >= 'A' && c <= 'Z') {
        c = (char) (c | 0x20);
    }

    if (c == 'o') {
        return '0';
    }

    if (c == 'i' || c == 'l') {
        return '1';
    }

    if (c == '\0' || strchr(kanda_recovery_alphabet, c) == NULL) {
        return '\0';
    }

    return c;
}
