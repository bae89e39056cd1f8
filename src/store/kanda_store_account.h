/*
 * Accounts, logins and tokens.  All functions wait; see kanda_store.h.
 */

#ifndef KANDA_STORE_ACCOUNT_H
#define KANDA_STORE_ACCOUNT_H

#include "kanda_store.h"


#define KANDA_LIFE_LEN  8               /* characters; see prelude.lua */


typedef struct {
    ngx_str_t  email;
    int64_t    created;                 /* Unix ms */
    unsigned   two_factor:1;
} kanda_account_t;


/* How a password was found, and what its verification led to. */
typedef struct {
    ngx_uint_t   match;                 /* it was right */
    ngx_str_t    phc;                   /* by this string */
    const char  *fresh;                 /* to put in its place, or NULL */
} kanda_password_outcome_t;


/* What a right password is to make, and what it made. */
typedef struct {
    char        life[KANDA_LIFE_LEN];   /* for an account that has none */
    kanda_session_new_t  session;       /* to make */
    ngx_uint_t  required;               /* a second factor is */

    ngx_str_t   lives;                  /* the account's life */
    ngx_uint_t  two_factor;             /* nothing was made yet: ask for it */
    ngx_uint_t  recovery;               /* codes left */
} kanda_login_t;


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

/* Records the outcome: OK with the login filled in, or INVALID for a wrong
 * password or one that was changed meanwhile. */
ngx_int_t kanda_account_login_end(kanda_store_t *st,
    const kanda_password_outcome_t *outcome, kanda_login_t *login);

/* Puts fresh in the password's place and ends other sessions and tokens without
 * one: OK, or INVALID as above. */
ngx_int_t kanda_account_password(kanda_store_t *st,
    const kanda_password_outcome_t *outcome);

/* Deletes every key of the caller's account: OK, or INVALID as above. */
ngx_int_t kanda_account_delete(kanda_store_t *st,
    const kanda_password_outcome_t *outcome);

/* Exchanges the calling API key: OK with its expiry in Unix ms, 0 for never,
 * or UNAUTHORIZED, which is logged. */
ngx_int_t kanda_account_token_create(kanda_store_t *st, int64_t *expires);

/* Kills the calling token, remembered for ms milliseconds: OK. */
ngx_int_t kanda_account_token_revoke(kanda_store_t *st, int64_t ms);


#endif /* KANDA_STORE_ACCOUNT_H */
