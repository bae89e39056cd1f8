/*
 * A cached token is taken for what it was when it was verified, and nothing
 * else is.  A ring without the token's key tells whether it was found again.
 */

#include "kanda_jwt_cache.h"
#include "keys.h"


#define NOW     INT64_C(1767322985)
#define TOKENS  1000


static kanda_keyring_t     ring, other;
static kanda_jwt_cache_t  *cache;


static size_t
token_of(unsigned n, char *token)
{
    char                text[24];
    kanda_jwt_claims_t  claims;

    memset(&claims, 0, sizeof(claims));
    (void) kanda_jwt_text_set(&claims.iss, "kanda", 5);
    (void) kanda_jwt_text_set(&claims.sub, "abcdefghijklmnopqrstuvwxyz", 26);
    (void) kanda_jwt_text_set(&claims.jti, text,
                              (size_t) sprintf(text, "token-%u", n));
    (void) kanda_jwt_text_set(&claims.realm, "default", 7);
    claims.use = KANDA_JWT_ACCESS;
    claims.iat = NOW;
    claims.exp = NOW + 3600;

    return kanda_jwt_sign(&ring, &claims, token);
}


static int
ask(const kanda_keyring_t *with, const char *token, size_t len, int64_t now,
    kanda_jwt_claims_t *out)
{
    return kanda_jwt_cache_verify(cache, with, token, len, "kanda", 5, now,
                                  out);
}


static void
found_again(void)
{
    char                token[KANDA_JWT_SIGNED_MAX];
    size_t              n;
    kanda_jwt_claims_t  first, again;

    n = token_of(0, token);

    tap_ok(ask(&other, token, n, NOW, &first) == -1,
           "a ring without its key does not know a token");
    tap_ok(ask(&ring, token, n, NOW, &first) == 0
           && ask(&other, token, n, NOW + 3599, &again) == 0,
           "but finds it once it was verified");
    tap_ok(again.jti.len == 7 && memcmp(again.jti.data, "token-0", 7) == 0
           && again.sub.len == 26 && again.exp == NOW + 3600
           && again.use == KANDA_JWT_ACCESS && again.key.len == 0,
           "with its claims");
}


static void
refused(void)
{
    int                 bit;
    char                token[KANDA_JWT_SIGNED_MAX + 1];
    size_t              n, i, taken;
    kanda_jwt_claims_t  out;

    n = token_of(0, token);

    tap_ok(ask(&ring, token, n, NOW + 3600, &out) == -1, "not when it expires");
    tap_ok(ask(&other, token, n, NOW - 1, &out) == -1
           && ask(&ring, token, n, NOW - 61, &out) == -1,
           "nor when the clock has gone back");
    tap_ok(kanda_jwt_cache_verify(cache, &ring, token, n, "kand", 4, NOW, &out)
           == -1
           && kanda_jwt_cache_verify(cache, &ring, token, n, "kandb", 5, NOW,
                                     &out)
              == -1,
           "nor for another issuer");

    taken = 0;

    for (i = 0; i < n; i++) {
        for (bit = 0; bit < 8; bit++) {
            token[i] = (char) (token[i] ^ 1 << bit);
            taken += (ask(&ring, token, n, NOW, &out) == 0);
            token[i] = (char) (token[i] ^ 1 << bit);
        }
    }

    tap_ok(taken == 0, "nor with any bit of it turned over");

    taken = 0;

    for (i = 0; i < n; i++) {
        taken += (ask(&ring, token, i, NOW, &out) == 0);
    }

    token[n] = 'A';
    taken += (ask(&ring, token, n + 1, NOW, &out) == 0);

    tap_ok(taken == 0, "nor cut short, nor with something behind it");
    tap_ok(ask(&ring, token, n, NOW, &out) == 0, "it is still good itself");
}


static void
many(void)
{
    char                token[KANDA_JWT_SIGNED_MAX], jti[24];
    size_t              n, len, right, kept;
    unsigned            i;
    kanda_jwt_claims_t  out;

    right = 0;

    for (i = 0; i < 3 * TOKENS; i++) {
        n = token_of(i % TOKENS, token);
        len = (size_t) sprintf(jti, "token-%u", i % TOKENS);

        right += (ask(&ring, token, n, NOW, &out) == 0 && out.jti.len == len
                  && memcmp(out.jti.data, jti, len) == 0);
    }

    tap_ok(right == 3 * TOKENS, "more tokens than places: each is itself");

    kept = 0;

    for (i = 0; i < TOKENS; i++) {
        n = token_of(i, token);
        kept += (ask(&other, token, n, NOW, &out) == 0);
    }

    tap_ok(kept > 16 && kept <= 64, "and %lu of them are kept",
           (unsigned long) kept);
}


int
main(void)
{
    if (kanda_crypto_init() != 0) {
        return 1;
    }

    ring_of(&ring, SEAL_A JWT_1 DIGEST);
    ring_of(&other, SEAL_A JWT_2 DIGEST);

    cache = kanda_jwt_cache_new();
    if (cache == NULL) {
        return 1;
    }

    found_again();
    refused();
    many();

    kanda_jwt_cache_free(cache);
    kanda_jwt_cache_free(NULL);
    kanda_keyring_wipe(&ring);
    kanda_keyring_wipe(&other);
    kanda_crypto_done();

    return tap_done();
}
