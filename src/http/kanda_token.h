/*
 * The tokens that the server makes: what they say, and whom they speak for.
 */

#ifndef KANDA_TOKEN_H
#define KANDA_TOKEN_H

#include "ngx_http_kanda.h"
#include "kanda_refresh.h"
#include "kanda_store_account.h"


#define KANDA_TEMP_TTL   300            /* s of a token for the second factor */
#define KANDA_DEAD_MORE  60             /* s that it is remembered longer */


/* What a token is to say beside whose it is; all but use may be nothing. */
typedef struct {
    kanda_jwt_use_t             use;
    time_t                      ttl;        /* s */
    int64_t                     expires;    /* Unix ms that bound its life */
    ngx_str_t                   life;       /* of the account: see prelude */
    ngx_str_t                   key;
    ngx_str_t                   sid;
    const kanda_jwt_profile_t  *profile;
} kanda_token_t;


/* Signs a token for kr's account: NGX_OK or NGX_ERROR. */
ngx_int_t kanda_token_make(kanda_request_t *kr, const kanda_token_t *what,
    ngx_str_t *token);

/*
 * Verifies a token of this realm, whatever its use; with late set, its time may
 * be over.  NGX_OK with its claims, NGX_HTTP_UNAUTHORIZED, or NGX_ERROR when it
 * cannot be told.
 */
ngx_int_t kanda_token_read(kanda_request_t *kr, const ngx_str_t *text,
    ngx_uint_t late, kanda_jwt_claims_t *claims);

/* Reads what names a session of this realm, a refresh token or a gate's cookie,
 * as use says.  NGX_OK, NGX_DECLINED for a bad one, or NGX_ERROR. */
ngx_int_t kanda_token_session(kanda_request_t *kr, kanda_digest_t use,
    const ngx_str_t *token, kanda_refresh_t *session);

/* Finds the bearer's token of a request that need not have one: NGX_OK or
 * NGX_DECLINED. */
ngx_int_t kanda_token_bearer(kanda_request_t *kr, ngx_str_t *token);

/* Makes the token the caller of kr's scripts: NGX_OK or NGX_ERROR. */
ngx_int_t kanda_token_caller(kanda_request_t *kr,
    const kanda_jwt_claims_t *claims);

/* For how long a calling token is to be remembered as dead, in ms: its whole
 * life, for another host's clock may be behind this one's. */
int64_t kanda_token_dead(kanda_request_t *kr);

/* Says what a session to come shall be: NGX_OK or NGX_ERROR. */
ngx_int_t kanda_session_prepare(kanda_request_t *kr,
    kanda_session_new_t *session);

/* Whether the caller keeps its tokens itself and wants no cookies. */
ngx_uint_t kanda_token_bearer_mode(kanda_request_t *kr);

/* Names the life of an account that has none yet; NGX_OK or NGX_ERROR. */
ngx_int_t kanda_token_life(char life[KANDA_LIFE_LEN]);


#endif /* KANDA_TOKEN_H */
