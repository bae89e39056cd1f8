/*
 * Accounts, logins and tokens.  All functions wait; see kanda_store.h.
 */

#ifndef KANDA_STORE_ACCOUNT_H
#define KANDA_STORE_ACCOUNT_H

#include "kanda_store.h"


typedef struct {
    ngx_str_t  email;
    int64_t    created;                 /* Unix ms */
    unsigned   two_factor:1;
} kanda_account_t;


/*
 * Points st at the account of an email in st's realm, whether or not it exists;
 * the email is canonical.  Does not wait: NGX_OK or NGX_ERROR.
 */
ngx_int_t kanda_account_select(kanda_store_t *st, const ngx_str_t *email);

/* Registers st's account: OK or EXISTS. */
ngx_int_t kanda_account_create(kanda_store_t *st, const ngx_str_t *email,
    const char *phc);

/* Reads the caller's account: OK. */
ngx_int_t kanda_account_get(kanda_store_t *st, kanda_account_t *account);

/*
 * Charges a login attempt, attempts of which are free in ms milliseconds: OK
 * with the PHC string to verify, empty for an unknown account, or LOCKED.
 */
ngx_int_t kanda_account_login_begin(kanda_store_t *st, ngx_uint_t attempts,
    ngx_msec_t ms, ngx_str_t *phc);

/*
 * Records the outcome for the PHC string that was verified: OK, or INVALID when
 * match is 0 or the password was changed meanwhile.  fresh, when not NULL,
 * takes the string's place.
 */
ngx_int_t kanda_account_login_end(kanda_store_t *st, ngx_uint_t match,
    const ngx_str_t *phc, const char *fresh);

/* Exchanges the calling API key: OK with its expiry in Unix ms, 0 for never,
 * or UNAUTHORIZED, which is logged. */
ngx_int_t kanda_account_token_create(kanda_store_t *st, int64_t *expires);

/* Kills the calling token, remembered for ms milliseconds: OK. */
ngx_int_t kanda_account_token_revoke(kanda_store_t *st, int64_t ms);


#endif /* KANDA_STORE_ACCOUNT_H */
