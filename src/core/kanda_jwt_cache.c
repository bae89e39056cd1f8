#include <stdlib.h>
#include <string.h>

#include "kanda_crypto.h"
#include "kanda_jwt_cache.h"
#include "kanda_jwt_json.h"


#define KANDA_JWT_CACHE_SIZE  64        /* a power of two */


/* A token has one place: whichever came last has it. */
typedef struct {
    size_t              len;            /* 0: free */
    int64_t             verified;       /* Unix seconds */
    kanda_jwt_claims_t  claims;
    char                token[KANDA_JWT_SIGNED_MAX];
} kanda_jwt_cached_t;


struct kanda_jwt_cache_s {
    kanda_jwt_cached_t  places[KANDA_JWT_CACHE_SIZE];
};


static kanda_jwt_cached_t *kanda_jwt_cache_place(kanda_jwt_cache_t *cache,
    const char *token, size_t len);


kanda_jwt_cache_t *
kanda_jwt_cache_new(void)
{
    return calloc(1, sizeof(kanda_jwt_cache_t));
}


void
kanda_jwt_cache_free(kanda_jwt_cache_t *cache)
{
    if (cache != NULL) {
        kanda_wipe(cache, sizeof(kanda_jwt_cache_t));
        free(cache);
    }
}


int
kanda_jwt_cache_verify(kanda_jwt_cache_t *cache, const kanda_keyring_t *ring,
    const char *token, size_t len, const char *iss, size_t iss_len,
    int64_t now, kanda_jwt_claims_t *claims)
{
    int                  rc;
    kanda_jwt_cached_t  *place;

    place = kanda_jwt_cache_place(cache, token, len);

    if (place != NULL && place->len == len
        && memcmp(place->token, token, len - KANDA_JWT_SIGNATURE) == 0
        && kanda_equal(place->token + len - KANDA_JWT_SIGNATURE,
                       token + len - KANDA_JWT_SIGNATURE, KANDA_JWT_SIGNATURE)
        && now >= place->verified && now < place->claims.exp
        && place->claims.iss.len == iss_len
        && memcmp(place->claims.iss.data, iss, iss_len) == 0)
    {
        *claims = place->claims;
        return 0;
    }

    rc = kanda_jwt_verify(ring, token, len, iss, iss_len, now, claims);

    if (rc == 0 && place != NULL) {
        place->len = len;
        place->verified = now;
        place->claims = *claims;
        memcpy(place->token, token, len);
    }

    return rc;
}


/* Chosen by the signature, which looks random to everybody without the key;
 * NULL for what is no token of ours by its length. */

static kanda_jwt_cached_t *
kanda_jwt_cache_place(kanda_jwt_cache_t *cache, const char *token, size_t len)
{
    size_t  i, n;

    if (len < KANDA_JWT_SIGNATURE || len > KANDA_JWT_SIGNED_MAX) {
        return NULL;
    }

    n = 0;

    for (i = len - KANDA_JWT_SIGNATURE; i < len; i++) {
        n = n * 31 + (unsigned char) token[i];
    }

    return &cache->places[n & (KANDA_JWT_CACHE_SIZE - 1)];
}
