/*
 * An account in the hands of its realm's administrator, and the invitations
 * that lead to its owner.  All functions wait; see kanda_store.h.
 */

#ifndef KANDA_STORE_ADMIN_H
#define KANDA_STORE_ADMIN_H

#include "kanda_store.h"


/* What is told of an account. */
typedef struct {
    ngx_str_t  id;
    ngx_str_t  email;
    int64_t    created;                 /* Unix ms */
    int64_t    invited;                 /* until then, Unix ms, or 0 */
    unsigned   disabled:1;
    unsigned   two_factor:1;
    unsigned   password:1;              /* has one */
} kanda_account_row_t;


/* Each of these answers OK with the account as it is now, or UNKNOWN for one
 * that is not of st's realm. */

ngx_int_t kanda_admin_show(kanda_store_t *st, kanda_account_row_t *row);

/* Ends whatever was made for the account and lets nothing be made any more. */
ngx_int_t kanda_admin_disable(kanda_store_t *st, kanda_account_row_t *row);

/* Lets it, and its API keys, work again. */
ngx_int_t kanda_admin_enable(kanda_store_t *st, kanda_account_row_t *row);

/* Takes its second factor away and ends sessions and tokens. */
ngx_int_t kanda_admin_reset_factor(kanda_store_t *st,
    kanda_account_row_t *row);

/* Deletes every key of it: OK or UNKNOWN. */
ngx_int_t kanda_admin_delete(kanda_store_t *st);


typedef struct {
    ngx_str_t  digest;                  /* SHA-256 */
    int64_t    ms;                      /* that it is good for */
} kanda_invitation_t;


/* Makes st's account for an email, without a password: OK or EXISTS. */
ngx_int_t kanda_admin_create(kanda_store_t *st, const ngx_str_t *email,
    const kanda_invitation_t *invitation, kanda_account_row_t *row);

/* Makes another invitation, the only one: OK, UNKNOWN, or CLOSED for an account
 * that is disabled. */
ngx_int_t kanda_admin_invite(kanda_store_t *st,
    const kanda_invitation_t *invitation, kanda_account_row_t *row);


/* Charges a try of an invitation, so many of which are free in ms milliseconds:
 * OK with the account's email, UNKNOWN, or LOCKED. */
ngx_int_t kanda_invitation_begin(kanda_store_t *st, const ngx_str_t *digest,
    ngx_uint_t tries, ngx_msec_t ms, ngx_str_t *email);

/* Uses it: the password is the account's, sessions and tokens end.  OK, or
 * UNKNOWN when it is used or over by now. */
ngx_int_t kanda_invitation_end(kanda_store_t *st, const ngx_str_t *digest,
    const char *phc);


#endif /* KANDA_STORE_ADMIN_H */
