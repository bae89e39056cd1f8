/*
 * A realm: which accounts it has, and what its administrator did.  Both lie in
 * a slot of the realm's own, so that no script touches this and an account.
 */

#ifndef KANDA_STORE_REALM_H
#define KANDA_STORE_REALM_H

#include "kanda_store.h"


#define KANDA_ACCOUNTS_PAGE  100        /* at most */

typedef struct {
    int64_t     mark;                   /* of a page, how many there are; of a
                                           scan, where to go on, or 0 */
    ngx_uint_t  n;
    ngx_str_t  *ids;
} kanda_accounts_t;


/* Points st at its realm in an account's place, for the log that lies there.
 * Does not wait: NGX_OK or NGX_ERROR. */
ngx_int_t kanda_realm_select(kanda_store_t *st);

/* The rest leaves st's account as it is, and asks as nobody.  All wait. */

/* Lists st's account, before it is made: OK. */
ngx_int_t kanda_accounts_add(kanda_store_t *st);

/* Takes st's account, which was seen not to be there, off the list if it is on
 * it for ms milliseconds: OK. */
ngx_int_t kanda_accounts_drop(kanda_store_t *st, int64_t ms);

/* A page of accounts, newest first: OK. */
ngx_int_t kanda_accounts_list(kanda_store_t *st, ngx_uint_t offset,
    ngx_uint_t limit, kanda_accounts_t *page);

/* Some ids of accounts, from a place that is 0 at first.  Whoever is there from
 * the first to the last of them is in one.  OK. */
ngx_int_t kanda_accounts_scan(kanda_store_t *st, ngx_uint_t from,
    kanda_accounts_t *page);

/* Logs that event is about to befall st's account: OK with the entry's
 * number. */
ngx_int_t kanda_admin_log(kanda_store_t *st, const char *event,
    int64_t *entry);

/* Logs how it ended: why it failed, or NULL.  OK. */
ngx_int_t kanda_admin_logged(kanda_store_t *st, const char *event,
    int64_t entry, const char *reason);


#endif /* KANDA_STORE_REALM_H */
