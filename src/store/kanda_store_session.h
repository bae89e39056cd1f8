/*
 * Sessions of the login router: what a refresh token keeps alive.  All
 * functions wait; see kanda_store.h.
 */

#ifndef KANDA_STORE_SESSION_H
#define KANDA_STORE_SESSION_H

#include "kanda_store.h"


typedef struct {
    ngx_str_t  sid;
    int64_t    generation;              /* of the refresh token to make */
    ngx_str_t  email;
    unsigned   two_factor:1;
    unsigned   gated:1;                 /* it has just opened a gate */
} kanda_session_t;


typedef struct {
    ngx_str_t  sid;
    int64_t    expires;                 /* Unix ms */
    int64_t    created;
    ngx_str_t  ip;
    ngx_str_t  agent;
} kanda_session_info_t;


typedef struct {
    ngx_uint_t             n;
    kanda_session_info_t  *sessions;
} kanda_session_page_t;


/*
 * Renews session->sid of st's account for ms milliseconds, by a refresh token
 * of that generation: OK with the rest filled in, or UNKNOWN.  The last token's
 * predecessor is good for grace milliseconds more; an older one ends the
 * session.
 */
ngx_int_t kanda_session_refresh(kanda_store_t *st, int64_t generation,
    int64_t ms, int64_t grace, kanda_session_t *session);

/* Ends a session of st's account: OK or UNKNOWN. */
ngx_int_t kanda_session_end(kanda_store_t *st, const ngx_str_t *sid);

/* All sessions of the caller's account, the longest to last first: OK. */
ngx_int_t kanda_session_list(kanda_store_t *st, kanda_session_page_t *page);


#endif /* KANDA_STORE_SESSION_H */
