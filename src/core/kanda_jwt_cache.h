/*
 * Tokens that were verified a moment ago: their signature need not be computed
 * again.  Only that is remembered; whether a token still lives is for Redis.
 */

#ifndef KANDA_JWT_CACHE_H
#define KANDA_JWT_CACHE_H

#include "kanda_jwt.h"


typedef struct kanda_jwt_cache_s  kanda_jwt_cache_t;


/* Makes an empty cache for one process; NULL without memory. */
kanda_jwt_cache_t *kanda_jwt_cache_new(void);

/* Wipes and frees it; accepts NULL. */
void kanda_jwt_cache_free(kanda_jwt_cache_t *cache);

/*
 * kanda_jwt_verify() with its arguments and its returns, for one ring.  A token
 * is found again by all its bytes, its signature compared in constant time, and
 * only until it expires or the clock goes back.
 */
int kanda_jwt_cache_verify(kanda_jwt_cache_t *cache,
    const kanda_keyring_t *ring, const char *token, size_t len,
    const char *iss, size_t iss_len, int64_t now, kanda_jwt_claims_t *claims);


#endif /* KANDA_JWT_CACHE_H */
