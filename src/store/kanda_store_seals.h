/*
 * The seals of all secrets of an account, so that a key can be retired.  All
 * functions that wait say so; see kanda_store.h.
 */

#ifndef KANDA_STORE_SEALS_H
#define KANDA_STORE_SEALS_H

#include "kanda_store_client.h"


typedef struct {
    ngx_str_t              id;          /* of the client, or empty: the
                                           account's own factor */
    kanda_client_secret_t  secret;
} kanda_seal_t;


typedef struct {
    ngx_uint_t     next;                /* where to go on, or 0 */
    ngx_uint_t     n;
    kanda_seal_t  *seals;
} kanda_seals_t;


/* Some seals of the account, from a place that is 0 at first.  Whatever is
 * there from the first to the last of them is in one.  OK, or UNKNOWN for an
 * account that is not of st's realm.  Waits. */
ngx_int_t kanda_seals_list(kanda_store_t *st, ngx_uint_t from,
    kanda_seals_t *page);

/* Seals a secret with the ring's first key: NGX_OK, NGX_DECLINED when that has
 * sealed it, or NGX_ERROR when its record does not open, which is logged. */
ngx_int_t kanda_seal_renew(kanda_store_t *st, kanda_seal_t *seal);

/* Keeps it: OK, or STALE when there is another secret by now.  The first of
 * some is logged.  Waits. */
ngx_int_t kanda_seals_put(kanda_store_t *st, const kanda_seal_t *seal,
    ngx_uint_t first);


#endif /* KANDA_STORE_SEALS_H */
