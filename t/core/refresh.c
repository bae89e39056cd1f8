#include "kanda_base64url.h"
#include "kanda_refresh.h"
#include "keys.h"


#define ACCOUNT  "abcdefghijklmnopqrstuvwxyz"
#define SESSION  "0123456789abcdefABCD-_"


static kanda_keyring_t  ring;


static int
read_in(const char *realm, const char *token, size_t len, kanda_refresh_t *r)
{
    return kanda_refresh_read(ring.hmac[KANDA_DIGEST_REFRESH], realm,
                              strlen(realm), token, len, r);
}


/* A token that says what it is given, under the right key. */
static size_t
forge(char *token, const char *text)
{
    size_t   n, realm;
    uint8_t  mac[32], message[256];

    realm = strlen("default");
    n = strlen(text);
    message[0] = (uint8_t) realm;
    memcpy(message + 1, "default", realm);
    memcpy(message + 1 + realm, text, n);

    if (kanda_hmac_sign(ring.hmac[KANDA_DIGEST_REFRESH], message,
                        1 + realm + n, mac)
        != 0)
    {
        exit(1);
    }

    memcpy(token, text, n);
    token[n++] = '.';

    return n + kanda_base64url_encode(token + n, mac, sizeof(mac));
}


static void
round_trips(void)
{
    static const int64_t  generations[] = {
        1, 2, 9, 10, 99, 1000, 123456789, KANDA_GENERATION_MAX
    };

    char             token[KANDA_REFRESH_MAX];
    size_t           i, n;
    kanda_hmac_t    *digest;
    kanda_refresh_t  r;

    digest = ring.hmac[KANDA_DIGEST_REFRESH];

    for (i = 0; i < sizeof(generations) / sizeof(generations[0]); i++) {
        n = kanda_refresh_make(digest, "default", 7, ACCOUNT, SESSION,
                               generations[i], token);

        tap_ok(n > 0 && n <= KANDA_REFRESH_MAX
               && read_in("default", token, n, &r) == 0
               && memcmp(r.account, ACCOUNT, KANDA_ACCOUNT_ID_LEN) == 0
               && memcmp(r.session, SESSION, KANDA_SESSION_LEN) == 0
               && r.generation == generations[i],
               "generation %ld", (long) generations[i]);
        tap_ok(read_in("other", token, n, &r) == -1
               && read_in("", token, n, &r) == -1
               && read_in("defaul", token, n, &r) == -1,
               "of one realm");
    }

    tap_ok(kanda_refresh_make(digest, "default", 7, ACCOUNT, SESSION, 0,
                              token) == 0
           && kanda_refresh_make(digest, "default", 7, ACCOUNT, SESSION,
                                 KANDA_GENERATION_MAX + 1, token) == 0,
           "there are no others");
}


static void
forged(void)
{
    static const char *const  rows[] = {
        ACCOUNT SESSION ".0", ACCOUNT SESSION ".01", ACCOUNT SESSION ".-1",
        ACCOUNT SESSION ".+1", ACCOUNT SESSION ". 1", ACCOUNT SESSION ".1 ",
        ACCOUNT SESSION ".x", ACCOUNT SESSION ".1.2", ACCOUNT SESSION ".",
        ACCOUNT SESSION ".1000000000", ACCOUNT SESSION "1.1", ACCOUNT ".1", ""
    };

    char             token[512], good[KANDA_REFRESH_MAX + 1];
    size_t           i, n, len;
    unsigned         k;
    unsigned long    failed;
    kanda_refresh_t  r;

    for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        n = forge(token, rows[i]);
        tap_ok(read_in("default", token, n, &r) == -1, "not \"%s\"", rows[i]);
    }

    len = forge(good, ACCOUNT SESSION ".12");
    failed = 0;

    for (i = 0; i < len; i++) {
        for (k = 0; k < 256; k++) {
            memcpy(token, good, len);
            token[i] = (char) k;
            failed += read_in("default", token, len, &r)
                      != (token[i] == good[i] ? 0 : -1);
        }

        failed += read_in("default", good, i, &r) != -1;
    }

    tap_sum(len * 257, failed, "no other byte anywhere, and no piece of it");

    good[len] = 'A';
    tap_ok(read_in("default", good, len + 1, &r) == -1, "nor a byte more");
}


static void
sessions(void)
{
    char           ids[64][KANDA_SESSION_LEN];
    size_t         i, j;
    unsigned long  failed;

    failed = 0;

    for (i = 0; i < 64; i++) {
        failed += kanda_session_make(ids[i]) != 0;

        for (j = 0; j < i; j++) {
            failed += memcmp(ids[i], ids[j], KANDA_SESSION_LEN) == 0;
        }
    }

    tap_sum(64, failed, "sessions have names of their own");
}


int
main(void)
{
    if (kanda_crypto_init() != 0) {
        return 1;
    }

    ring_of(&ring, SEAL_A JWT_1 DIGEST);

    round_trips();
    forged();
    sessions();

    kanda_keyring_wipe(&ring);
    kanda_crypto_done();

    return tap_done();
}
