/*
 * API keys, by their SHA-256.  All functions wait; see kanda_store.h.
 */

#ifndef KANDA_STORE_APIKEY_H
#define KANDA_STORE_APIKEY_H

#include "kanda_store.h"


#define KANDA_APIKEYS_MAX  1000         /* of one account */


/* What a key looks like from outside; digest only when it is made. */
typedef struct {
    ngx_str_t   id;
    ngx_str_t   prefix;
    ngx_str_t   name;                   /* may be empty: none */
    ngx_uint_t  scopes;                 /* bits */
    ngx_str_t   regions;                /* comma-separated, may be empty */
    int64_t     created;                /* Unix ms; 0: never */
    int64_t     used;
    int64_t     expires;
    ngx_str_t   digest;
} kanda_apikey_t;


typedef struct {
    ngx_uint_t       n;
    kanda_apikey_t  *keys;
} kanda_apikey_page_t;


/*
 * Keeps a new key: OK with what it became filled in, EXISTS when the id is
 * taken, SCOPE when it would have a scope or a region that the caller lacks,
 * CLOSED when the account has KANDA_APIKEYS_MAX.  Scopes 0: all that the caller
 * has.  A key lives no longer than the one that made it.
 */
ngx_int_t kanda_apikey_create(kanda_store_t *st, kanda_apikey_t *key);

/* All keys, newest first: OK. */
ngx_int_t kanda_apikey_list(kanda_store_t *st, kanda_apikey_page_t *page);

/* Revokes a key and the tokens made from it: OK or UNKNOWN. */
ngx_int_t kanda_apikey_revoke(kanda_store_t *st, const ngx_str_t *id);


#endif /* KANDA_STORE_APIKEY_H */
