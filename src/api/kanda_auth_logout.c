#include "kanda_auth.h"
#include "kanda_cookie.h"
#include "kanda_token.h"


static ngx_uint_t kanda_auth_logout_forged(kanda_request_t *kr);
static ngx_int_t kanda_auth_logout_named(kanda_request_t *kr);
static ngx_int_t kanda_auth_logout_cookies(kanda_request_t *kr,
    kanda_cookie_t cookie,
    ngx_int_t (*end)(kanda_request_t *kr, const ngx_str_t *token));
static ngx_int_t kanda_auth_logout_access(kanda_request_t *kr,
    const ngx_str_t *token);
static ngx_int_t kanda_auth_logout_refresh(kanda_request_t *kr,
    const ngx_str_t *token);
static ngx_int_t kanda_auth_logout_gate(kanda_request_t *kr,
    const ngx_str_t *token);
static ngx_int_t kanda_auth_logout_session(kanda_request_t *kr,
    kanda_digest_t use, const ngx_str_t *token);
static ngx_int_t kanda_auth_logout_add(kanda_request_t *kr,
    const char *account, const char *sid, size_t sid_len);


/* Says yes to everybody, and ends what the tokens name that came along, however
 * old they are: their signatures are right. */

ngx_int_t
kanda_auth_logout(kanda_request_t *kr)
{
    kanda_auth_logout_t  *s;

    s = kr->state;

    kanda_begin(kr);

    if (kanda_auth_logout_forged(kr)) {
        return kanda_auth_error(kr, KANDA_AUTH_FORGED);
    }

    if (kanda_auth_logout_named(kr) != NGX_OK) {
        return NGX_ERROR;
    }

    for (s->i = 0; s->i < s->n; s->i++) {
        kr->store.account = s->accounts[s->i];
        kr->store.name.len = 0;

        kanda_await(kr, kanda_session_end(&kr->store, &s->sids[s->i]));
    }

    if (kanda_cookie_clear(kr) != NGX_OK) {
        return NGX_ERROR;
    }

    return kanda_auth_done(kr);

    kanda_end(kr);
}


/* The answer takes cookies away, so that it is not for any page to ask for it
 * that does not show to be an app's, even if no cookie came along. */

static ngx_uint_t
kanda_auth_logout_forged(kanda_request_t *kr)
{
    ngx_uint_t            i;
    ngx_str_t             token;
    kanda_cookie_place_t  place;

    static kanda_cookie_t  cookies[] = {
        KANDA_COOKIE_ACCESS, KANDA_COOKIE_REFRESH, KANDA_COOKIE_GATE
    };

    for (i = 0; i < sizeof(cookies) / sizeof(cookies[0]); i++) {
        ngx_memzero(&place, sizeof(kanda_cookie_place_t));

        if (kanda_cookie_next(kr, cookies[i], &place, &token) == NGX_OK) {
            return kanda_origin_foreign(kr);
        }
    }

    return kanda_auth_foreign(kr) && kanda_token_bearer(kr, &token) != NGX_OK;
}


static ngx_int_t
kanda_auth_logout_named(kanda_request_t *kr)
{
    ngx_str_t  token;

    if (kanda_token_bearer(kr, &token) == NGX_OK
        && kanda_auth_logout_access(kr, &token) != NGX_OK)
    {
        return NGX_ERROR;
    }

    if (kanda_field_string(kr, "refreshToken", &token) == NGX_OK
        && kanda_auth_logout_refresh(kr, &token) != NGX_OK)
    {
        return NGX_ERROR;
    }

    if (kanda_auth_logout_cookies(kr, KANDA_COOKIE_ACCESS,
                                  kanda_auth_logout_access)
        != NGX_OK
        || kanda_auth_logout_cookies(kr, KANDA_COOKIE_GATE,
                                     kanda_auth_logout_gate)
           != NGX_OK)
    {
        return NGX_ERROR;
    }

    return kanda_auth_logout_cookies(kr, KANDA_COOKIE_REFRESH,
                                     kanda_auth_logout_refresh);
}


/* All that are right: which of them is ours cannot be told. */

static ngx_int_t
kanda_auth_logout_cookies(kanda_request_t *kr, kanda_cookie_t cookie,
    ngx_int_t (*end)(kanda_request_t *kr, const ngx_str_t *token))
{
    ngx_str_t              token;
    ngx_uint_t             bound;
    kanda_auth_logout_t   *s;
    kanda_cookie_place_t   place;

    s = kr->state;
    bound = s->n + KANDA_AUTH_PLANTED;
    ngx_memzero(&place, sizeof(kanda_cookie_place_t));

    while (s->n < bound
           && kanda_cookie_next(kr, cookie, &place, &token) == NGX_OK)
    {
        if (end(kr, &token) != NGX_OK) {
            return NGX_ERROR;
        }
    }

    return NGX_OK;
}


/* Each takes a token that need not be a right one: NGX_OK or NGX_ERROR. */

static ngx_int_t
kanda_auth_logout_access(kanda_request_t *kr, const ngx_str_t *token)
{
    ngx_int_t           rc;
    kanda_jwt_claims_t  claims;

    rc = kanda_token_read(kr, token, 1, &claims);

    if (rc == NGX_OK && claims.use == KANDA_JWT_ACCESS && claims.sid.len) {
        return kanda_auth_logout_add(kr, claims.sub.data, claims.sid.data,
                                     claims.sid.len);
    }

    return rc == NGX_ERROR ? NGX_ERROR : NGX_OK;
}


static ngx_int_t
kanda_auth_logout_refresh(kanda_request_t *kr, const ngx_str_t *token)
{
    return kanda_auth_logout_session(kr, KANDA_DIGEST_REFRESH, token);
}


static ngx_int_t
kanda_auth_logout_gate(kanda_request_t *kr, const ngx_str_t *token)
{
    return kanda_auth_logout_session(kr, KANDA_DIGEST_GATE, token);
}


static ngx_int_t
kanda_auth_logout_session(kanda_request_t *kr, kanda_digest_t use,
    const ngx_str_t *token)
{
    ngx_int_t        rc;
    kanda_refresh_t  refresh;

    rc = kanda_token_session(kr, use, token, &refresh);

    if (rc == NGX_OK) {
        return kanda_auth_logout_add(kr, refresh.account, refresh.session,
                                     KANDA_SESSION_LEN);
    }

    return rc == NGX_ERROR ? NGX_ERROR : NGX_OK;
}


static ngx_int_t
kanda_auth_logout_add(kanda_request_t *kr, const char *account,
    const char *sid, size_t sid_len)
{
    u_char               *p;
    kanda_auth_logout_t  *s;

    s = kr->state;

    p = ngx_pnalloc(kr->request->pool, KANDA_ACCOUNT_ID_LEN + sid_len);
    if (p == NULL) {
        return NGX_ERROR;
    }

    ngx_memcpy(p, account, KANDA_ACCOUNT_ID_LEN);
    ngx_memcpy(p + KANDA_ACCOUNT_ID_LEN, sid, sid_len);

    s->accounts[s->n].data = p;
    s->accounts[s->n].len = KANDA_ACCOUNT_ID_LEN;
    s->sids[s->n].data = p + KANDA_ACCOUNT_ID_LEN;
    s->sids[s->n].len = sid_len;
    s->n++;

    return NGX_OK;
}
