#include <string.h>

#include "kanda_base64url.h"
#include "kanda_refresh.h"


#define KANDA_REFRESH_ID     (KANDA_ACCOUNT_ID_LEN + KANDA_SESSION_LEN)
#define KANDA_REFRESH_MAC    43
#define KANDA_REFRESH_REALM  64


static int kanda_refresh_mac(kanda_hmac_t *digest, const char *realm,
    size_t realm_len, const char *text, size_t len,
    uint8_t mac[KANDA_SHA256_LEN]);
static int64_t kanda_refresh_number(const char *p, size_t len);


int
kanda_session_make(char out[KANDA_SESSION_LEN])
{
    uint8_t  bytes[16];

    if (kanda_random(bytes, sizeof(bytes)) != 0) {
        return -1;
    }

    (void) kanda_base64url_encode(out, bytes, sizeof(bytes));

    return 0;
}


size_t
kanda_refresh_make(kanda_hmac_t *digest, const char *realm, size_t realm_len,
    const char account[KANDA_ACCOUNT_ID_LEN],
    const char session[KANDA_SESSION_LEN], int64_t generation, char *out)
{
    char     number[9];
    size_t   i, n;
    uint8_t  mac[KANDA_SHA256_LEN];

    if (generation < 1 || generation > KANDA_GENERATION_MAX) {
        return 0;
    }

    memcpy(out, account, KANDA_ACCOUNT_ID_LEN);
    memcpy(out + KANDA_ACCOUNT_ID_LEN, session, KANDA_SESSION_LEN);
    n = KANDA_REFRESH_ID;
    out[n++] = '.';

    i = sizeof(number);

    do {
        number[--i] = (char) ('0' + generation % 10);
        generation /= 10;
    } while (generation > 0);

    memcpy(out + n, number + i, sizeof(number) - i);
    n += sizeof(number) - i;

    if (kanda_refresh_mac(digest, realm, realm_len, out, n, mac) != 0) {
        return 0;
    }

    out[n++] = '.';
    n += kanda_base64url_encode(out + n, mac, sizeof(mac));
    kanda_wipe(mac, sizeof(mac));

    return n;
}


int
kanda_refresh_read(kanda_hmac_t *digest, const char *realm, size_t realm_len,
    const char *token, size_t len, kanda_refresh_t *refresh)
{
    int      right;
    size_t   n;
    uint8_t  mac[KANDA_SHA256_LEN], given[KANDA_SHA256_LEN];

    if (len < KANDA_REFRESH_ID + 3 + KANDA_REFRESH_MAC
        || len > KANDA_REFRESH_MAX)
    {
        return -1;
    }

    n = len - KANDA_REFRESH_MAC - 1;

    if (token[n] != '.'
        || kanda_base64url_decode(given, sizeof(given), token + n + 1,
                                  KANDA_REFRESH_MAC)
           != KANDA_SHA256_LEN)
    {
        return -1;
    }

    if (kanda_refresh_mac(digest, realm, realm_len, token, n, mac) != 0) {
        return -2;
    }

    right = kanda_equal(mac, given, sizeof(mac));
    kanda_wipe(mac, sizeof(mac));

    if (!right) {
        return -1;
    }

    refresh->account = token;
    refresh->session = token + KANDA_ACCOUNT_ID_LEN;
    refresh->generation = kanda_refresh_number(token + KANDA_REFRESH_ID + 1,
                                               n - KANDA_REFRESH_ID - 1);

    return refresh->generation > 0 ? 0 : -1;
}


static int
kanda_refresh_mac(kanda_hmac_t *digest, const char *realm, size_t realm_len,
    const char *text, size_t len, uint8_t mac[KANDA_SHA256_LEN])
{
    uint8_t  message[1 + KANDA_REFRESH_REALM + KANDA_REFRESH_MAX];

    if (realm_len > KANDA_REFRESH_REALM) {
        return -1;
    }

    message[0] = (uint8_t) realm_len;
    memcpy(message + 1, realm, realm_len);
    memcpy(message + 1 + realm_len, text, len);

    return kanda_hmac_sign(digest, message, 1 + realm_len + len, mac);
}


/* A number as we write it, or 0. */
static int64_t
kanda_refresh_number(const char *p, size_t len)
{
    size_t   i;
    int64_t  n;

    n = 0;

    for (i = 0; i < len; i++) {

        if (p[i] < '0' || p[i] > '9') {
            return 0;
        }

        n = n * 10 + (p[i] - '0');
    }

    return (len > 0 && p[0] != '0') ? n : 0;
}
